"""What the glasses' gyroscope records of the head's turning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.tables import IMU
from gazestudy.simulate.motion import STEP_S, HeadMotion, angular_velocity_deg_s
from gazestudy.simulate.surfaces import Floats

ImuAxes = Literal["camera", "neon"]


@dataclass(frozen=True, slots=True)
class Gyroscope:
    """How well the glasses measure the head's turning.

    Attributes
    ----------
    rate_hz : float
        Readings per second.
    noise_deg_s : float
        Standard deviation of each reading, per axis.
    bias_deg_s : (float, float, float)
        Constant error about the gyroscope's own axes.
    delay_ms : float
        Its times are so much late.
    scale : float
        What it says of one deg/s.
    off_deg : (float, float, float)
        Rotation vector, about the camera's axes, of how far it is mounted away from its nominal axes; Neon's
        real one is (12, 0, 0).
    """

    rate_hz: float = 110.0
    noise_deg_s: float = 0.3
    bias_deg_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    delay_ms: float = 0.0
    scale: float = 1.0
    off_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)


GYROSCOPE = Gyroscope()
"""A good one."""
ROUGH_GYROSCOPE = Gyroscope(noise_deg_s=1.0, delay_ms=20.0, bias_deg_s=(0.6, -0.4, 0.3))
"""As gyroscopes of glasses may be: noisy, a little biased, 20 ms late."""


def record_imu(
    head: HeadMotion,
    t_s: Floats,
    t_ns: NDArray[np.int64],
    *,
    rng: np.random.Generator,
    start_ns: int,
    axes: ImuAxes,
    gyroscope: Gyroscope,
) -> pd.DataFrame:
    """Record the gyroscope, with its errors.

    Parameters
    ----------
    head : HeadMotion
        The head.
    t_s : ndarray of float, shape (n,)
        Times of the readings, as the glasses say.
    t_ns : ndarray of int64, shape (n,)
        The same, ns.
    rng : Generator
        Decides the noise.
    start_ns : int
        Clock time of station time 0.
    axes : {"neon", "camera"}
        Nominal axes: x right, y ahead, z up (Neon), or x right, y down, z ahead (Invisible).
    gyroscope : Gyroscope
        Its errors.

    Returns
    -------
    DataFrame
        Contract `IMU`.
    """
    _, rotations = head.pose_at(head.path.t_s)
    velocity = angular_velocity_deg_s(rotations, STEP_S)
    late_s = gyroscope.delay_ms / 1000.0
    seen = np.column_stack([np.interp(t_s - late_s, head.path.t_s, velocity[:, axis]) for axis in range(3)])
    x, y, z = (seen @ _mounted(np.radians(gyroscope.off_deg))).T
    seen = np.column_stack([x, z, -y] if axes == "neon" else [x, y, z])
    seen = gyroscope.scale * seen + np.array(gyroscope.bias_deg_s)
    seen += rng.normal(0, gyroscope.noise_deg_s, seen.shape)
    table = {"t_ns": t_ns + start_ns} | {
        f"gyro_{name}_deg_s": seen[:, number] for number, name in enumerate("xyz")
    }
    return IMU.check(pd.DataFrame(table))


def _mounted(turn_rad: Floats) -> Floats:
    """Return the rotation matrix of a rotation vector: columns are the mounted axes in the nominal frame."""
    angle = float(np.linalg.norm(turn_rad))
    x, y, z = turn_rad / angle if angle > 0 else (0.0, 0.0, 0.0)
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    matrix: Floats = np.eye(3) + np.sin(angle) * across + (1.0 - np.cos(angle)) * across @ across
    return matrix
