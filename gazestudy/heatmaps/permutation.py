"""Maps of t under permuted people, and the clusters in them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

_EMPTY = 0.02  # cells whose spread over people is below this share of the largest: nobody looked there
_BLOCK = 4_000_000  # cells times permutations worked on at once


@dataclass(frozen=True, slots=True, eq=False)
class TMaps:
    """Everything from which the map of t of any arrangement of people follows by matrix products.

    An arrangement is a row with one number per person: 1 (group a) or 0 between groups, 1 or -1 (signs
    turned) within people. Cells in which nobody looked have t 0 in all of them.

    Attributes
    ----------
    values, squares : ndarray of float32, shape (people, used cells)
        Centred maps of all people or differences within people, scaled per cell; and their squares.
    observed : ndarray of float32, shape (people,)
        The arrangement that was observed.
    used : ndarray of bool, shape (cells,)
        Cells that somebody looked at.
    within : bool
        Whether signs are turned.
    """

    values: Singles
    squares: Singles
    observed: Singles
    used: NDArray[np.bool_]
    within: bool

    @classmethod
    def between(cls, first: Singles, second: Singles) -> Self:
        """Prepare two groups of other people, each (people, cells): Welch's t."""
        values = np.concatenate([first, second]).astype(np.float64)
        observed = np.concatenate([np.ones(len(first)), np.zeros(len(second))])
        return cls._of(values - values.mean(axis=0), observed, within=False)

    @classmethod
    def paired(cls, first: Singles, second: Singles) -> Self:
        """Prepare two maps of each of the same people, each (people, cells): the paired t."""
        return cls._of(first.astype(np.float64) - second, np.ones(len(first)), within=True)

    @classmethod
    def _of(cls, values: Floats, observed: Floats, *, within: bool) -> Self:
        size = np.sqrt((values**2).mean(axis=0))
        used = size > _EMPTY * size.max(initial=0.0)
        scaled = (values[:, used] / size[used]).astype(np.float32)
        return cls(scaled, scaled**2, observed.astype(np.float32), used, within)

    def t(self, arrangements: Singles) -> Singles:
        """Return the maps of t, (arrangements, cells)."""
        found = np.zeros((len(arrangements), len(self.used)), dtype=np.float32)
        n = np.float32(len(self.values))
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.within:
                mean = arrangements @ self.values / n
                spread = np.maximum(self.squares.sum(axis=0) - n * mean**2, 0) / (n - 1)
                t = mean / np.sqrt(spread / n)
            else:
                n_a = np.float32(self.observed.sum())
                n_b = n - n_a
                sum_a, square_a = arrangements @ self.values, arrangements @ self.squares
                sum_b, square_b = self.values.sum(axis=0) - sum_a, self.squares.sum(axis=0) - square_a
                var_a = np.maximum(square_a - sum_a**2 / n_a, 0) / (n_a - 1) / n_a
                var_b = np.maximum(square_b - sum_b**2 / n_b, 0) / (n_b - 1) / n_b
                t = (sum_a / n_a - sum_b / n_b) / np.sqrt(var_a + var_b)
        found[:, self.used] = np.nan_to_num(t, nan=0.0, posinf=1e6, neginf=-1e6)
        return found

    def every(self) -> Iterator[Singles]:
        """Yield all arrangements but the observed one, in blocks."""
        n = len(self.observed)
        if self.within:
            rows = np.array(list(itertools.product((1, -1), repeat=n)), dtype=np.float32)
        else:
            places = np.array(list(itertools.combinations(range(n), int(self.observed.sum()))))
            rows = np.zeros((len(places), n), dtype=np.float32)
            np.put_along_axis(rows, places, 1, axis=1)
        others = rows[~(rows == self.observed).all(axis=1)]
        for start in range(0, len(others), self._block):
            yield others[start : start + self._block]

    def random(self, count: int, rng: np.random.Generator) -> Iterator[Singles]:
        """Yield random arrangements in blocks."""
        for start in range(0, count, self._block):
            size = min(self._block, count - start)
            if self.within:
                yield rng.choice(np.array([-1, 1], dtype=np.float32), size=(size, len(self.observed)))
            else:
                yield rng.permuted(np.tile(self.observed, (size, 1)), axis=1)

    @property
    def _block(self) -> int:
        return max(1, _BLOCK // max(int(np.count_nonzero(self.used)), 1))


def arrangements_of(n_a: int, n_b: int, *, within: bool) -> tuple[float, float]:
    """Return how many arrangements there are, and the smallest two-sided p they can give.

    Parameters
    ----------
    n_a, n_b : int
        People in each group; the same number of the same people within.
    within : bool
        Whether signs are turned within people.

    Notes
    -----
    An arrangement and its mirror image have the same |t|, so the observed one never comes alone.

    Examples
    --------
    >>> arrangements_of(4, 4, within=False), arrangements_of(6, 6, within=True)
    ((70.0, 0.02857142857142857), (64.0, 0.03125))
    """
    if within:
        return 2.0**n_a, min(2 / 2.0**n_a, 1.0)
    total = float(math.comb(n_a + n_b, n_a))
    if min(n_a, n_b) < 2:
        return total, 1.0
    return total, (2 if n_a == n_b else 1) / total


def clusters(t: Singles, threshold: float) -> tuple[NDArray[np.int32], Floats]:
    """Return 4-connected cells beyond a threshold, each sign by itself.

    Parameters
    ----------
    t : ndarray, shape (rows, columns)
        Map of t.
    threshold : float
        |t| that a cell has to exceed.

    Returns
    -------
    labels : ndarray of int32, shape (rows, columns)
        0: no cluster; 1, 2, ...: its number.
    mass : ndarray, shape (number of clusters,)
        Sum of |t| of each.

    Examples
    --------
    >>> labels, mass = clusters(np.array([[3.0, 3.0, 0.0], [0.0, 0.0, -2.5]], dtype=np.float32), 2.0)
    >>> labels.tolist(), mass.tolist()
    ([[1, 1, 0], [0, 0, 2]], [6.0, 2.5])
    """
    from scipy import ndimage

    labels: NDArray[np.int32] = np.zeros(t.shape, dtype=np.int32)
    for side in (t > threshold, t < -threshold):
        found, _ = ndimage.label(side)
        labels[side] = found[side] + labels.max(initial=0)
    mass = np.bincount(labels.ravel(), np.abs(t).ravel(), minlength=1)
    return labels, mass[1:].astype(np.float64)


def largest_masses(maps: Singles, threshold: float) -> Floats:
    """Return the largest cluster mass of each map.

    Parameters
    ----------
    maps : ndarray, shape (n, rows, columns)
        Maps of t; cells of different maps never connect.
    threshold : float
        |t| that a cell has to exceed.

    Returns
    -------
    ndarray, shape (n,)
        0 where a map has no cluster.
    """
    from scipy import ndimage

    flat = np.zeros((3, 3, 3), dtype=bool)
    flat[1] = ndimage.generate_binary_structure(2, 1)
    largest = np.zeros(len(maps))
    cells = maps.shape[1] * maps.shape[2]
    for side in (maps > threshold, maps < -threshold):
        labels, count = ndimage.label(side, structure=flat)
        if not count:
            continue
        where = np.flatnonzero(side)
        numbers = labels.ravel()[where]
        mass = np.bincount(numbers, np.abs(maps).ravel()[where], minlength=count + 1)
        home = np.zeros(count + 1, dtype=np.int64)
        home[numbers] = where // cells
        np.maximum.at(largest, home[1:], mass[1:])
    return largest
