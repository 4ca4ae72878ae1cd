"""Motion blur: what a turning head does to the picture, and how the artwork is drawn to match it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_SHARES = (0.3, 0.15, 0.5, 0.0, 0.7)
_SHARP_PX = 6.0  # slower pictures are fitted as they are
_LEARNING = 20
_LIKELY = 2  # so many shares are tried once it is learnt
_FEW_POINTS = 16  # with fewer, all shares are tried: else the picture may be lost
_LEAST_SMEAR_PX = 2.0
_STEPS_PER_PX = 4

T = TypeVar("T")


def smeared(image: Bytes, path_px: Floats) -> Bytes:
    """Return a picture as a shutter sees it while it moves evenly along a straight path.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width)
        Sharp picture.
    path_px : ndarray of float, shape (2,)
        How far it moves while the shutter is open; the middle of the path is where the picture lies.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        The mean over the path.
    """
    if float(np.hypot(*path_px)) < _LEAST_SMEAR_PX:
        return image
    return np.asarray(cv2.filter2D(image, -1, _kernel(path_px)), dtype=np.uint8)


def _kernel(path_px: Floats) -> NDArray[np.float32]:
    reach = np.ceil(np.abs(path_px) / 2).astype(int) + 1
    kernel = np.zeros((2 * reach[1] + 1, 2 * reach[0] + 1), dtype=np.float32)
    steps = int(np.ceil(np.hypot(*path_px) * _STEPS_PER_PX)) + 1
    points = reach + np.linspace(-0.5, 0.5, steps)[:, None] * path_px
    low = np.floor(points).astype(int)
    x, y = (points - low).T
    for right, down, weight in (
        (0, 0, (1 - x) * (1 - y)),
        (1, 0, x * (1 - y)),
        (0, 1, (1 - x) * y),
        (1, 1, x * y),
    ):
        np.add.at(kernel, (low[:, 1] + down, low[:, 0] + right), weight.astype(np.float32))
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


class Shutter:
    """Learns for which share of the time between two frames the shutter is open, from what fits best."""

    def __init__(self) -> None:
        self._points, self._tries = np.zeros(len(_SHARES)), np.zeros(len(_SHARES))

    def best(self, shift_px: Floats, fit: Callable[[Floats], tuple[T | None, int]], enough: int) -> T | None:
        """Return the best fit over the shares.

        Parameters
        ----------
        shift_px : ndarray of float, shape (2,)
            How far the placement moves from frame to frame.
        fit : callable
            Path while the shutter is open to a result (None if it failed) and the number of its points.
        enough : int
            A result with so many points is taken at once, after a time of learning.
        """
        if float(np.hypot(*shift_px)) < _SHARP_PX:
            return fit(np.zeros(2))[0]
        learning = self._tries.max() < _LEARNING
        best: tuple[int, T | None] = (0, None)
        order = np.argsort(-self._points / np.maximum(self._tries, 1), kind="stable")
        for tried, number in enumerate(order):
            if tried >= _LIKELY and best[0] >= _FEW_POINTS and not learning:
                break
            found, points = fit(_SHARES[number] * shift_px)
            self._tries[number] += 1
            self._points[number] += points
            if found is not None and points > best[0]:
                best = points, found
            if points >= enough and not learning:
                break
        return best[1]
