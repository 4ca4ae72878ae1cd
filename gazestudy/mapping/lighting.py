"""Brightness: how that on the artwork becomes that in the image, and comparing it cell by cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Line = tuple[float, float]
"""Gain and offset from grey levels of the artwork to those in the image."""

_LEAST_RUN = 4.0  # grey levels
_LEAST_GAIN, _MOST_GAIN = 0.25, 2.5
_STEADY = 30.0  # grey levels; so much changes from one frame to the next
_FAR = 20.0  # misses by more count as this


def robust_line(x: Floats, y: Floats, about: Line | None = None) -> Line:
    """Fit y = gain x + offset to the largest group of points; people in front belong to no such group.

    Every line through two points half the range apart is tried: deterministic, cheap for a hundred points.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Grey levels of the artwork and of the image.
    about : tuple of float, optional
        The line in a neighbouring frame. What is far from it is not tried: somebody in front of most of the
        picture makes the largest group.

    Returns
    -------
    gain, offset : float
        The line.
    """
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    half = len(x) // 2
    run = x[-half:] - x[:half]
    run[run <= _LEAST_RUN] = np.inf
    gains, offsets = np.empty(half + 1), np.empty(half + 1)
    np.clip((y[-half:] - y[:half]) / run, _LEAST_GAIN, _MOST_GAIN, out=gains[:half])
    gains[half] = 1.0
    np.subtract(y[:half], gains[:half] * x[:half], out=offsets[:half])
    offsets[half] = _middle(np.sort(y)) - _middle(x)
    if about is not None:
        ends = x[[0, -1]]
        change = np.multiply.outer(gains, ends) + offsets[:, None] - (about[0] * ends + about[1])
        near = np.abs(change).max(axis=1) <= _STEADY
        gains, offsets = np.append(gains[near], about[0]), np.append(offsets[near], about[1])
    misses = np.multiply.outer(gains, x)
    misses += offsets[:, None]
    misses -= y
    np.abs(misses, out=misses)
    np.minimum(misses, _FAR, out=misses)
    best = int(misses.sum(axis=1).argmin())
    return float(gains[best]), float(offsets[best])


def _middle(ascending: Floats) -> float:
    """Return the median of sorted numbers."""
    count = len(ascending)
    return float(ascending[(count - 1) // 2] + ascending[count // 2]) / 2


def compare_cells(expected: Bytes, found: Bytes, rows: int, columns: int, side_px: int) -> Floats:
    """Compare two pictures cell by cell.

    Parameters
    ----------
    expected, found : ndarray of uint8, shape (rows * side_px, columns * side_px)
        The pictures.
    rows, columns : int
        How many cells.
    side_px : int
        Side of a cell, at most 16: sums of products are then exact.

    Returns
    -------
    ndarray of float64, shape (5, rows, columns)
        Normalised correlation, standard deviation of the expected picture, means of the expected and of the
        found, standard deviation of the found.
    """
    height, width = expected.shape
    planes = np.empty((5, height, width), dtype=np.float32)
    a, b, aa, bb, ab = planes
    np.copyto(a, found)
    np.copyto(b, expected)
    np.multiply(a, a, out=aa)
    np.multiply(b, b, out=bb)
    np.multiply(a, b, out=ab)
    pixels = side_px * side_px
    size = columns, 5 * rows
    shrunk = cv2.resize(planes.reshape(5 * height, width), size, interpolation=cv2.INTER_AREA)
    sums = np.rint(np.multiply(shrunk, pixels, dtype=np.float64))  # whole numbers, so this is exact
    mean_a, mean_b, mean_aa, mean_bb, mean_ab = (sums / pixels).reshape(5, rows, columns)
    power_a = np.maximum(mean_aa - mean_a * mean_a, 0.0)
    power_b = np.maximum(mean_bb - mean_b * mean_b, 0.0)
    result = np.empty((5, rows, columns))
    result[0] = (mean_ab - mean_a * mean_b) / np.sqrt(np.maximum(power_a * power_b, 1e-6))
    np.sqrt(power_b, out=result[1])
    result[2], result[3] = mean_b, mean_a
    np.sqrt(power_a, out=result[4])
    return result
