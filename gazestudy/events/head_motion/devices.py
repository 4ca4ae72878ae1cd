"""How gyroscopes sit in wearable eye trackers, relative to their scene cameras."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TILT = np.radians(102.0)
_NEON = np.array([[1, 0, 0], [0, np.cos(_TILT), -np.sin(_TILT)], [0, np.sin(_TILT), np.cos(_TILT)]])
_KNOWN = (
    ("neon", _NEON, "Pupil Labs Neon: x right, y ahead, z up, 102 deg about x from the camera"),
    ("invisible", np.eye(3), "Pupil Invisible: like the camera"),
    ("glasses 2", np.diag([-1.0, -1.0, 1.0]), "Tobii Pro Glasses 2: x left, y up, z ahead"),
    ("glasses 3", np.diag([-1.0, -1.0, 1.0]), "Tobii Pro Glasses 3: x left, y up, z ahead"),
)


def device_axes(device: str) -> tuple[Floats, str, bool]:
    """Return the rotation from the axes of a device's gyroscope to those of its scene camera.

    Parameters
    ----------
    device : str
        Name of the device, as in `RecordingMeta.device`.

    Returns
    -------
    axes : ndarray of float64, shape (3, 3)
        Takes what the gyroscope says about its axes to x (right), y (down), z (ahead) of the camera.
    source : str
        In words.
    known : bool
        False: the device is not known, and the axes of the camera are assumed.

    Notes
    -----
    Neon: documentation of Pupil Labs, "movement (IMU) data". The other ones were told from recordings: at
    rest the accelerometer says where up is, and in turns of the head the gaze says which axis turns.

    Examples
    --------
    >>> device_axes("Tobii Pro Glasses 3")[0].tolist()
    [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    name = device.lower()
    for part, axes, source in _KNOWN:
        if part in name:
            return axes.copy(), source, True
    return np.eye(3), "not documented: assumed to be those of the camera", False


def all_axes() -> list[Floats]:
    """Return the 24 ways to mount a gyroscope squarely, shape (3, 3) each."""
    from itertools import permutations, product

    ways = []
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            axes = np.zeros((3, 3))
            axes[np.arange(3), order] = signs
            if np.linalg.det(axes) > 0:
                ways.append(axes)
    return ways
