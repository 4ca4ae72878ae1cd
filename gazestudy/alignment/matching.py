"""Which times of two clocks are the same moments: the offset that most pairs agree on, and the runner-up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError

Times = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_PAIRS = 4_000_000
_MAX_DRIFTS = 2_000
_CANDIDATES = 24


@dataclass(frozen=True, slots=True)
class Matching:
    """One way to pair two trains of times.

    Attributes
    ----------
    source, target : ndarray of int64, shape (n,)
        Places of the paired times, ascending; none is used twice.
    offset_ns : int
        Target minus source time in the middle of the source times.
    """

    source: Times
    target: Times
    offset_ns: int

    def __len__(self) -> int:
        return len(self.source)


def best_matchings(
    source_ns: Times,
    target_ns: Times,
    *,
    tolerance_ms: float,
    drift_bound_ppm: float,
    same: NDArray[np.bool_] | None = None,
    near_ns: tuple[int, int] | None = None,
) -> list[Matching]:
    """Return ways to pair two trains of times, the one with most pairs first.

    Parameters
    ----------
    source_ns, target_ns : ndarray of int64, shape (n,) and (m,)
        Ascending times of both clocks; some are missing on either side, some belong to nothing.
    tolerance_ms : float
        How far a pair may lie from the common line.
    drift_bound_ppm : float
        Largest difference of the rates.
    same : ndarray of bool, shape (n, m), optional
        Which pairs are possible at all.
    near_ns : (int, int), optional
        Expected target minus source time, and how far it may be off.

    Returns
    -------
    list of Matching
        Differing by more than the tolerance in their offset; empty if no pair is possible.

    Notes
    -----
    For each drift on a grid, fine enough that a step moves no pair by more than half the tolerance, the
    differences of all possible pairs are sorted, and the offset is sought in whose surrounding most source
    times have a partner. The best ones are refined by pairing nearest times and fitting again.
    """
    pairs = _possible(source_ns, target_ns, same, near_ns)
    if pairs is None:
        return []
    row, column = pairs
    middle = int(source_ns[0]) + (int(source_ns[-1]) - int(source_ns[0])) // 2
    x_s: Floats = (source_ns - middle).astype(np.float64) * 1e-9
    base = int(target_ns[0]) - middle
    y_ms: Floats = (target_ns - int(target_ns[0])).astype(np.float64) * 1e-6
    difference = y_ms[column] - x_s[row] * 1e3
    found: list[tuple[int, float, float]] = []
    for drift in _drifts(x_s, tolerance_ms, drift_bound_ppm):
        found += [
            (count, offset, drift)
            for count, offset in _peaks(difference - drift * 1e-3 * x_s[row], row, column, tolerance_ms)
        ]
    found.sort(key=lambda one: -one[0])
    kept: list[Matching] = []
    tried: list[float] = []
    for _, offset, drift in found:
        if any(abs(offset - other) <= 2 * tolerance_ms for other in tried):
            continue
        tried.append(offset)
        kept.append(
            _refined(x_s, (row, column, difference), offset, drift, (tolerance_ms, drift_bound_ppm), base)
        )
        if len(tried) == _CANDIDATES:
            break
    distinct: list[Matching] = []
    for one in sorted((one for one in kept if len(one)), key=len, reverse=True):
        if not any(_alike(one, other) for other in distinct):
            distinct.append(one)
    return distinct


def _possible(
    source_ns: Times, target_ns: Times, same: NDArray[np.bool_] | None, near_ns: tuple[int, int] | None
) -> tuple[Times, Times] | None:
    if not len(source_ns) or not len(target_ns):
        return None
    if near_ns is None:
        if len(source_ns) * len(target_ns) > MAX_PAIRS:
            expected = f"at most {MAX_PAIRS} pairs, or an expected offset"
            raise ParameterError("times", f"{len(source_ns)} and {len(target_ns)}", expected)
        possible = np.ones((len(source_ns), len(target_ns)), bool) if same is None else same
        row, column = np.nonzero(possible)
    else:
        expected_ns, off_ns = near_ns
        low = np.searchsorted(target_ns, source_ns + (expected_ns - off_ns), side="left")
        high = np.searchsorted(target_ns, source_ns + (expected_ns + off_ns), side="right")
        if int((high - low).sum()) > MAX_PAIRS:
            raise ParameterError("near", off_ns, "a narrower expectation, for so many times")
        row = np.repeat(np.arange(len(source_ns)), high - low)
        ranges = [np.arange(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        column = np.concatenate([np.zeros(0, np.int64), *ranges])
        if same is not None:
            keep = same[row, column]
            row, column = row[keep], column[keep]
    return (row.astype(np.int64), column.astype(np.int64)) if len(row) else None


def _drifts(x_s: Floats, tolerance_ms: float, drift_bound_ppm: float) -> Iterator[float]:
    """Yield drifts, ppm, from 0 outwards."""
    reach_s = float(np.abs(x_s).max())
    widest_ms = drift_bound_ppm * 1e-3 * reach_s
    steps = int(np.ceil(widest_ms / (tolerance_ms / 2))) if widest_ms else 0
    if steps > _MAX_DRIFTS:
        expected = "a wider tolerance or a closer bound of the drift, for so long a recording"
        raise ParameterError("tolerance_ms", tolerance_ms, expected)
    yield 0.0
    for step in range(1, steps + 1):
        yield drift_bound_ppm * step / steps
        yield -drift_bound_ppm * step / steps


def _peaks(difference: Floats, row: Times, column: Times, tolerance_ms: float) -> list[tuple[int, float]]:
    """Return the offsets around which most differences lie, with how many times they pair."""
    order = np.argsort(difference, kind="stable")
    ordered = difference[order]
    until = np.searchsorted(ordered, ordered + 2 * tolerance_ms, side="right")
    crowd = until - np.arange(len(ordered))
    peaks: list[tuple[int, float]] = []
    for start in np.argsort(-crowd, kind="stable")[: 50 * _CANDIDATES].tolist():
        middle = float(ordered[start : until[start]].mean())
        if any(abs(middle - other) <= 2 * tolerance_ms for _, other in peaks):
            continue
        inside = order[start : until[start]]
        count = min(len(np.unique(row[inside])), len(np.unique(column[inside])))
        peaks.append((count, middle))
        if len(peaks) == _CANDIDATES:
            break
    return peaks


def _refined(
    x_s: Floats,
    pairs: tuple[Times, Times, Floats],
    offset_ms: float,
    drift_ppm: float,
    limits: tuple[float, float],
    base_ns: int,
) -> Matching:
    """Pair nearest times one to one and fit, until the pairs stay the same."""
    (row, column, difference), (tolerance_ms, bound) = pairs, limits
    chosen = np.zeros(0, np.int64)
    for _ in range(10):
        rest = np.abs(difference - offset_ms - drift_ppm * 1e-3 * x_s[row])
        again = _one_to_one(row, column, rest, tolerance_ms)
        if np.array_equal(again, chosen):
            break
        chosen = again
        if not len(chosen):
            break
        x, y = x_s[row[chosen]], difference[chosen]
        spread = float(((x - x.mean()) ** 2).sum())
        slope = float(((x - x.mean()) * (y - y.mean())).sum() / spread) if len(x) > 2 and spread else 0.0
        drift_ppm = float(np.clip(slope * 1e3, -bound, bound))
        offset_ms = float(np.median(y - drift_ppm * 1e-3 * x))
    chosen = chosen[np.argsort(row[chosen], kind="stable")]
    return Matching(row[chosen], column[chosen], base_ns + round(offset_ms * 1e6))


def _one_to_one(row: Times, column: Times, rest_ms: Floats, tolerance_ms: float) -> Times:
    """Return pairs within the tolerance, nearest first, none of whose times is in another one."""
    near = np.flatnonzero(rest_ms <= tolerance_ms)
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    chosen = []
    for one in near[np.argsort(rest_ms[near], kind="stable")].tolist():
        a, b = int(row[one]), int(column[one])
        if a not in used_rows and b not in used_columns:
            used_rows.add(a)
            used_columns.add(b)
            chosen.append(one)
    return np.array(sorted(chosen), np.int64)


def _alike(one: Matching, other: Matching) -> bool:
    """Return True if most pairs are the same."""
    pairs = set(zip(one.source.tolist(), one.target.tolist(), strict=True))
    shared = pairs & set(zip(other.source.tolist(), other.target.tolist(), strict=True))
    return 2 * len(shared) > min(len(one), len(other))
