"""Directions and angles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel

_SERIES_DEG = 60.0
"""Up to here the series below are exact to 1e-14; without branches they run several samples at a time."""


@kernel
def _sine(x: float) -> float:
    q = x * x
    high = -1 / 39916800 + q * (1 / 6227020800 - q * (1 / 1307674368000))
    return x * (1 + q * (-1 / 6 + q * (1 / 120 + q * (-1 / 5040 + q * (1 / 362880 + q * high)))))


@kernel
def _cosine(x: float) -> float:
    q = x * x
    high = -1 / 3628800 + q * (1 / 479001600 + q * (-1 / 87178291200 + q * (1 / 20922789888000)))
    return 1 + q * (-1 / 2 + q * (1 / 24 + q * (-1 / 720 + q * (1 / 40320 + q * high))))


@kernel
def unit_rows(azimuth_deg: Any, elevation_deg: Any) -> Any:
    """Return unit vectors of azimuth (right positive) and elevation (up positive), shape (3, n).

    NaN where an angle is not finite.
    """
    n, largest = len(azimuth_deg), 0.0
    for i in range(n):
        largest = max(largest, abs(azimuth_deg[i]), abs(elevation_deg[i]))
    rows = np.empty((3, n))
    if largest <= _SERIES_DEG:
        for i in range(n):
            azimuth, elevation = math.radians(azimuth_deg[i]), math.radians(elevation_deg[i])
            level = _cosine(elevation)
            rows[0, i] = _sine(azimuth) * level
            rows[1, i] = -_sine(elevation)
            rows[2, i] = _cosine(azimuth) * level
        return rows
    for i in range(n):
        azimuth, elevation = math.radians(azimuth_deg[i]), math.radians(elevation_deg[i])
        level = math.cos(elevation)
        rows[0, i] = math.sin(azimuth) * level
        rows[1, i] = -math.sin(elevation)
        rows[2, i] = math.cos(azimuth) * level
    return rows


LARGEST_SERIES = 0.04
"""Squares of chords up to which `chord_excess` is exact to 1e-13."""


@kernel
def chord_excess(square: float) -> float:
    """Return how much an angle in rad is longer than its chord, as share of it, from the square of the chord.

    The series of 2 asin(chord / 2) / chord - 1, for squares up to `LARGEST_SERIES`.
    """
    q = 0.25 * square
    return q * (1 / 6 + q * (3 / 40 + q * (15 / 336 + q * (105 / 3456 + q * (945 / 42240)))))


@kernel
def angle_of_chord(chord: float) -> float:
    """Return the angle in rad between two unit vectors whose ends are `chord` apart."""
    square = chord * chord
    if square < LARGEST_SERIES:  # much faster than the function
        return chord * (1.0 + chord_excess(square))
    return 2.0 * math.asin(min(0.5 * chord, 1.0))


@kernel
def separation(position: Any, i: int, j: int, angular: bool) -> float:
    """Return the angle in deg (or the distance in px) between two samples of `position`, shape (k, n)."""
    total = 0.0
    for row in range(3 if angular else 2):
        difference = position[row, j] - position[row, i]
        total += difference * difference
    length = math.sqrt(total)
    return math.degrees(angle_of_chord(length)) if angular else length
