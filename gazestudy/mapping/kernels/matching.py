"""Choosing among the nearest features."""

from __future__ import annotations

from typing import Any

import numpy as np

from gazestudy._kernels import kernel


@kernel
def distinct(alike: Any, places: Any, least: float, few: int, spot: float, ratio: float) -> Any:
    """Return which rows of `alike` have a best column that no column elsewhere on the picture comes near.

    Parameters
    ----------
    alike : ndarray of float32, shape (n, m)
        Scalar products of descriptors of length 1.
    places : ndarray of float64, shape (m, 2)
        Where on the picture each column lies.
    least : float
        Smaller products are no matches.
    few : int
        So many of the best are looked at; if all lie on one spot, the last stands for the rival, a cautious
        bound.
    spot : float
        Distance up to which two places are one.
    ratio : float
        Largest distance of the best relative to that of the rival.

    Returns
    -------
    rows, columns : ndarray of int64, shape (k,)
        The matches.
    """
    count, width = alike.shape
    few = min(few, width)
    rows, columns = np.empty(count, np.int64), np.empty(count, np.int64)
    values, numbers = np.empty(few, np.float32), np.empty(few, np.int64)
    found = 0
    for row in range(count):
        line = alike[row]
        highest = np.float32(-2.0)
        for column in range(width):
            highest = max(highest, line[column])
        if not highest > least:
            continue
        kept, lowest = 0, np.float32(-2.0)
        for column in range(width):
            value = line[column]
            if kept == few and value <= lowest:
                continue
            at = kept if kept < few else few - 1
            while at > 0 and values[at - 1] < value:
                values[at], numbers[at] = values[at - 1], numbers[at - 1]
                at -= 1
            values[at], numbers[at] = value, column
            kept = min(kept + 1, few)
            lowest = values[kept - 1]
        best = numbers[0]
        rival = values[few - 1]
        for number in range(1, few - 1):
            other = numbers[number]
            x, y = places[other, 0] - places[best, 0], places[other, 1] - places[best, 1]
            if np.sqrt(x * x + y * y) > spot:
                rival = values[number]
                break
        nearest = np.sqrt(max(2.0 - 2.0 * values[0], 0.0))
        if nearest < ratio * np.sqrt(max(2.0 - 2.0 * rival, 0.0)):
            rows[found], columns[found] = row, best
            found += 1
    return rows[:found], columns[:found]


@kernel
def rooted(descriptors: Any) -> Any:
    """Return the square roots of SIFT descriptors as shares of their sum: RootSIFT, rows of length 1."""
    result = np.empty(descriptors.shape, np.float32)
    for row in range(len(descriptors)):
        total = 0
        for column in range(descriptors.shape[1]):
            total += descriptors[row, column]
        scale = np.float32(1.0) / np.float32(max(total, 1))
        for column in range(descriptors.shape[1]):
            result[row, column] = np.sqrt(np.float32(descriptors[row, column]) * scale)
    return result
