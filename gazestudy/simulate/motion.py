"""How a person walks through the station and how the head moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy.simulate.surfaces import Floats

STEP_S = 0.002
EYE_HEIGHT_M = 1.62
STEP_HZ = 1.9
_LANE_M = 0.7
_ROUTE_M = (0.5, 50.5)
HEAD_RAD_S = 8.0
"""Quickness of the head, a critically damped follower: a turn of 60 deg peaks at 60 * 8 / e = 177 deg/s."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where the walker is, before the head moves.

    Attributes
    ----------
    t_s : ndarray of float, shape (n,)
        Times in steps of 2 ms, from before the start to after the end.
    eyes_m : ndarray of float, shape (n, 3)
        Position of the eyes (and the camera), bobbing with each step.
    heading_rad : ndarray of float, shape (n,)
        Direction of the body, 0 along z, positive to the right; unwrapped.
    gait : ndarray of float, shape (n,)
        Share of the full walking movement, 0 while standing.
    """

    t_s: Floats
    eyes_m: Floats
    heading_rad: Floats
    gait: Floats

    def eyes_at(self, t_s: Floats) -> Floats:
        """Return the position of the eyes, shape (n, 3)."""
        return np.column_stack([np.interp(t_s, self.t_s, self.eyes_m[:, axis]) for axis in range(3)])

    def heading_at(self, t_s: float) -> float:
        """Return the direction of the body, rad."""
        return float(np.interp(t_s, self.t_s, self.heading_rad))


@dataclass(frozen=True, slots=True, eq=False)
class HeadMotion:
    """Where the head points at each time of a path: yaw (right positive), pitch (up positive), roll, rad."""

    path: Path
    yaw_rad: Floats
    pitch_rad: Floats
    roll_rad: Floats

    def pose_at(self, t_s: Floats) -> tuple[Floats, Floats]:
        """Return camera positions, shape (n, 3), and rotations world to camera, shape (n, 3, 3)."""
        angles = [
            np.interp(t_s, self.path.t_s, angle) for angle in (self.yaw_rad, self.pitch_rad, self.roll_rad)
        ]
        return self.path.eyes_at(t_s), camera_axes(*angles)


def camera_axes(yaw_rad: Floats, pitch_rad: Floats, roll_rad: Floats) -> Floats:
    """Return rotations from world to camera: the rows are the camera's x, y and z axes in the world.

    Parameters
    ----------
    yaw_rad, pitch_rad, roll_rad : ndarray of float, shape (n,)
        Right, up and clockwise as the wearer sees it are positive.

    Returns
    -------
    ndarray of float, shape (n, 3, 3)
        Rotation matrices.
    """
    zero = np.zeros_like(yaw_rad)
    ahead = np.column_stack(
        [np.sin(yaw_rad) * np.cos(pitch_rad), -np.sin(pitch_rad), np.cos(yaw_rad) * np.cos(pitch_rad)]
    )
    level = np.column_stack([np.cos(yaw_rad), zero, -np.sin(yaw_rad)])
    below = np.cross(ahead, level)
    cos, sin = np.cos(roll_rad)[:, None], np.sin(roll_rad)[:, None]
    return np.stack([cos * level + sin * below, cos * below - sin * level, ahead], axis=1)


def angular_velocity_deg_s(rotations: Floats, step_s: float) -> Floats:
    """Return the angular velocity of the camera about its own axes, deg/s, shape (n, 3).

    Parameters
    ----------
    rotations : ndarray of float, shape (n, 3, 3)
        World to camera, at equal steps.
    step_s : float
        Step between them, s.

    Returns
    -------
    ndarray of float, shape (n, 3)
        About x (right: nose up positive), y (down: to the right positive) and z (ahead: clockwise positive).
    """
    turn = np.einsum("nij,nkj->nik", rotations[2:], rotations[:-2])  # R(t+h) R(t-h)^T = exp(-[w] 2h)
    antisymmetric = 0.5 * np.stack(
        [turn[:, 1, 2] - turn[:, 2, 1], turn[:, 2, 0] - turn[:, 0, 2], turn[:, 0, 1] - turn[:, 1, 0]],
        axis=1,
    )
    sine = np.linalg.norm(antisymmetric, axis=1, keepdims=True)
    scale = np.where(sine > 1e-12, np.arcsin(np.clip(sine, 0, 1)) / np.maximum(sine, 1e-12), 1.0)
    velocity = np.degrees(antisymmetric * scale) / (2 * step_s)
    return np.vstack([velocity[:1], velocity, velocity[-1:]])


def plan_path(rng: np.random.Generator, *, duration_s: float, start_m: float, speed_m_s: float) -> Path:
    """Walk up the station and back, with stops of some seconds.

    Parameters
    ----------
    rng : Generator
        Decides stops and how the speed wavers.
    duration_s : float
        Length of the walk, s.
    start_m : float
        Where on the round of about 104 m the walk begins.
    speed_m_s : float
        Walking speed.

    Returns
    -------
    Path
        From 1 s before to 1 s after the walk.
    """
    times = np.arange(-1.0, duration_s + 1.0, STEP_S)
    wanted = speed_m_s * (1 + 0.08 * np.sin(2 * np.pi * (0.11 * times + rng.random())))
    stop = rng.uniform(3.0, 6.0)
    while stop < duration_s:
        length = rng.uniform(1.5, 3.5)
        wanted[(times >= stop) & (times < stop + length)] = 0.0
        stop += length + rng.uniform(7.0, 12.0)
    speed = _smooth(wanted, 0.5)
    position, heading = _route(start_m + np.cumsum(speed) * STEP_S)
    heading = _smooth(heading, 0.5)
    gait = speed / speed_m_s
    side = 0.018 * gait * np.sin(np.pi * STEP_HZ * times)
    eyes = np.column_stack(
        [
            position[:, 0] + side * np.cos(heading),
            -EYE_HEIGHT_M - 0.02 * gait * np.cos(2 * np.pi * STEP_HZ * times),
            position[:, 1] - side * np.sin(heading),
        ]
    )
    return Path(times, eyes, heading, gait)


def follow(
    path: Path, aims_rad: Floats, rng: np.random.Generator, *, quickness_rad_s: float = HEAD_RAD_S
) -> HeadMotion:
    """Let the head follow where the eyes want to look, and move with each step.

    Parameters
    ----------
    path : Path
        The walk.
    aims_rad : ndarray of float, shape (n, 2)
        Wanted yaw relative to the body and pitch at each time of the path, rad.
    rng : Generator
        Decides the phases of the head's movements.
    quickness_rad_s : float, optional
        Natural frequency of the follower.

    Returns
    -------
    HeadMotion
        Yaw, pitch and roll of the head.
    """
    yaw = path.heading_rad + _critically_damped(aims_rad[:, 0], quickness_rad_s)
    pitch = _critically_damped(aims_rad[:, 1], quickness_rad_s)
    turns = 2 * np.pi * path.t_s
    phase = rng.uniform(0, 2 * np.pi, 4)
    sway = path.gait * np.radians(1.0) * np.sin(0.5 * STEP_HZ * turns + phase[0])
    bob = path.gait * np.radians(0.8) * np.sin(STEP_HZ * turns + phase[1])
    tilt = path.gait * np.radians(0.8) * np.sin(0.5 * STEP_HZ * turns + phase[2])
    drift = np.radians(0.4) * np.sin(0.31 * turns + phase[3])
    return HeadMotion(path, yaw + sway + drift, pitch + bob + 0.5 * drift, tilt)


def _route(distance_m: Floats) -> tuple[Floats, Floats]:
    """Return x, z and heading on the closed round: up on the right, half circle, back, half circle."""
    near, far = _ROUTE_M
    straight, bend = far - near, np.pi * _LANE_M
    rounds, along = np.divmod(distance_m, 2 * (straight + bend))
    back = along >= straight + bend
    along = np.where(back, along - straight - bend, along)
    angle = np.clip((along - straight) / _LANE_M, 0.0, np.pi)
    ahead = np.minimum(along, straight)
    x = _LANE_M * np.cos(angle)
    z = ahead + _LANE_M * np.sin(angle)
    position = np.where(back[:, None], np.column_stack([-x, far - z]), np.column_stack([x, near + z]))
    return position, -angle - np.pi * back - 2 * np.pi * rounds


def _smooth(values: Floats, window_s: float) -> Floats:
    """Average over a window, twice; ends are held."""
    half = round(window_s / STEP_S / 2)
    kernel = np.ones(2 * half + 1) / (2 * half + 1)
    for _ in range(2):
        values = np.convolve(np.pad(values, half, mode="edge"), kernel, mode="valid")
    return values


def _critically_damped(wanted: Floats, quickness_rad_s: float) -> Floats:
    """Follow a step function like a critically damped spring."""
    from scipy.signal import lfilter, lfilter_zi

    # two equal first-order lags (exact for held input) are one critically damped second-order system
    decay = float(np.exp(-quickness_rad_s * STEP_S))
    b, a = [1 - decay], [1.0, -decay]
    for _ in range(2):
        wanted, _state = lfilter(b, a, wanted, zi=lfilter_zi(b, a) * wanted[0])
    return np.asarray(wanted)
