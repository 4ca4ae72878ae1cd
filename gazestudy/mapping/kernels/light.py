"""Brightness: fitting lines to it, comparing cells of two pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from gazestudy._kernels import kernel

_LEAST_RUN = 4.0  # grey levels
_LOWEST_GAIN, _HIGHEST_GAIN = 0.25, 2.5
_FAR = 20.0  # misses by more count as this


@kernel
def best_line(x: Any, y: Any) -> Any:
    """Return gain and offset of the line that most points lie near, of those through two points far apart."""
    count = len(x)
    order = np.argsort(x, kind="mergesort")
    half = count // 2
    best, best_gain, best_offset = np.inf, 1.0, 0.0
    for number in range(half + 1):
        if number < half:
            low, high = order[number], order[count - half + number]
            run = x[high] - x[low]
            gain = (y[high] - y[low]) / run if run > _LEAST_RUN else 0.0
            gain = min(max(gain, _LOWEST_GAIN), _HIGHEST_GAIN)
            offset = y[low] - gain * x[low]
        else:
            gain = 1.0
            offset = np.median(y) - np.median(x)
        missed = 0.0
        for at in range(count):
            missed += min(abs(gain * x[at] + offset - y[at]), _FAR)
        if missed < best:
            best, best_gain, best_offset = missed, gain, offset
    return best_gain, best_offset


@kernel
def compare_cells(expected: Any, found: Any, rows: int, columns: int, side: int) -> Any:
    """Compare two pictures cell by cell.

    Returns one row of numbers for each cell: correlation, standard deviation of the expected picture, mean of
    the expected, mean of the found, standard deviation of the found.
    """
    result = np.empty((5, rows, columns))
    pixels = side * side
    for row in range(rows):
        for column in range(columns):
            a, b, aa, bb, ab = 0, 0, 0, 0, 0
            for y in range(row * side, (row + 1) * side):
                for x in range(column * side, (column + 1) * side):
                    p, q = int(found[y, x]), int(expected[y, x])
                    a += p
                    b += q
                    aa += p * p
                    bb += q * q
                    ab += p * q
            mean_a, mean_b = a / pixels, b / pixels
            power_a, power_b = aa / pixels - mean_a * mean_a, bb / pixels - mean_b * mean_b
            shared = ab / pixels - mean_a * mean_b
            result[0, row, column] = shared / np.sqrt(max(power_a * power_b, 1e-6))
            result[1, row, column] = np.sqrt(max(power_b, 0.0))
            result[2, row, column] = mean_b
            result[3, row, column] = mean_a
            result[4, row, column] = np.sqrt(max(power_a, 0.0))
    return result


@kernel
def _mean_around(image: Any, x: int, y: int, reach: int) -> Any:
    """Return the mean of a square as a whole grey level; beyond the border the picture is mirrored."""
    height, width = image.shape
    total = 0
    for row in range(y - reach, y + reach + 1):
        inner = abs(row) % (2 * height - 2) if height > 1 else 0
        if inner >= height:
            inner = 2 * height - 2 - inner
        for column in range(x - reach, x + reach + 1):
            at = abs(column) % (2 * width - 2) if width > 1 else 0
            if at >= width:
                at = 2 * width - 2 - at
            total += image[inner, at]
    return np.rint(total / (2 * reach + 1) ** 2)


@kernel
def light_between(drawn: Any, real: Any, points: Any, reach: int) -> Any:
    """Return gain and offset from the brightness of a drawn picture to that of a real one around points.

    Smoothed, so that a guess a few pixels off still compares like with like.
    """
    height, width = real.shape
    here, there = np.empty(len(points)), np.empty(len(points))
    for point in range(len(points)):
        x = min(max(int(np.rint(points[point, 0])), 0), width - 1)
        y = min(max(int(np.rint(points[point, 1])), 0), height - 1)
        here[point] = _mean_around(drawn, x, y, reach)
        there[point] = _mean_around(real, x, y, reach)
    return best_line(here, there)
