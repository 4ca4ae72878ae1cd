"""Accuracy: how far gaze lies from a target that somebody was asked to look at, in degrees on the sphere.

References
----------
Holmqvist K., Nystroem M., Mulvey F. (2012). Eye tracker data quality: what it is and how to measure it.
ETRA 2012. doi:10.1145/2168556.2168563
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import direction_to_deg
from gazestudy.quality.sphere import Floats, mean_direction, median_direction, seen_from

Centre = Literal["mean", "median"]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Where gaze lay, seen from a target.

    Attributes
    ----------
    offset_deg : float
        Angle between the centre of gaze and the target: the accuracy (smaller is better).
    azimuth_deg, elevation_deg : float
        Its parts: gaze lies so far to the right of the target, and so far above it.
    std_deg : float
        Standard deviation of gaze around its centre, as seen from the target.
    samples : int
        Samples it rests on.
    """

    offset_deg: float
    azimuth_deg: float
    elevation_deg: float
    std_deg: float
    samples: int

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TargetLook:
    """Gaze while somebody looked at a target.

    Attributes
    ----------
    name : str
        Of the target.
    t_ns : ndarray of int64, shape (n,)
        Times of the samples.
    gaze, target : ndarray of float64, shape (n, 3)
        Directions of gaze and of the target at each sample, unit vectors in the camera's frame. A head that
        moves makes both move.
    """

    name: str
    t_ns: NDArray[np.int64]
    gaze: Floats
    target: Floats

    @property
    def middle_ns(self) -> int:
        """Median time of the samples."""
        return int(np.median(self.t_ns))


def accuracy(gaze: Floats, target: Floats, *, centre: Centre = "mean") -> Accuracy:
    """Return the offset of gaze from a target.

    Parameters
    ----------
    gaze : ndarray of float, shape (n, 3)
        Directions of gaze, unit vectors; NaN is left out.
    target : ndarray of float, shape (3,) or (n, 3)
        Direction of the target: at rest in the camera's frame, or at each sample.
    centre : {"mean", "median"}
        What is taken of the samples: their mean vector, or the direction with the least sum of angles to
        them, which glances elsewhere hardly move.

    Returns
    -------
    Accuracy
        Of these samples; NaN for none.

    Notes
    -----
    Each sample is turned into a frame whose z axis is the target; the angle between the centre of the turned
    samples and that axis is the offset. With a target at rest this is the angle between the centre of gaze
    and the target.

    Examples
    --------
    >>> found = accuracy(np.array([[0.0, 0.0, 1.0]]), np.array([np.sin(0.1), 0.0, np.cos(0.1)]))
    >>> round(found.offset_deg, 6), round(found.azimuth_deg, 6)
    (5.729578, -5.729578)
    """
    if centre not in ("mean", "median"):
        raise ParameterError("centre", centre, "mean or median")
    local = seen_from(gaze, target)
    local = local[np.isfinite(local).all(axis=1)]
    if len(local) == 0:
        return Accuracy(*(float("nan"),) * 4, 0)
    middle = mean_direction(local) if centre == "mean" else median_direction(local)
    offset = float(np.degrees(np.arctan2(np.hypot(middle[0], middle[1]), middle[2])))
    azimuth, elevation = direction_to_deg(middle[None])[0].tolist()
    # local frame once more, so that the scatter does not depend on how far off the gaze is
    around = direction_to_deg(seen_from(local, middle))
    return Accuracy(offset, azimuth, elevation, float(np.sqrt(around.var(axis=0).sum())), len(local))
