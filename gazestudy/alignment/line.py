"""The line between two clocks: offset and drift from pairs of times, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gazestudy.model.alignment import AlignmentMethod, ClockAlignment, DriftBound

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """A fitted line, target minus source time over source time.

    Attributes
    ----------
    reference_ns : int
        Source time at which offset and drift are independent.
    offset_ns : int
        Target minus source time there.
    drift_ppm : float
        Slope.
    offset_half_ms, drift_half_ppm : float
        Half widths of the intervals.
    residuals_ms : ndarray of float, shape (n,)
        Target minus fitted time of each pair.
    """

    reference_ns: int
    offset_ns: int
    drift_ppm: float
    offset_half_ms: float
    drift_half_ppm: float
    residuals_ms: NDArray[np.float64]


def fit_line(
    source_ns: Times,
    target_ns: Times,
    *,
    reading_ms: float,
    drift_bound_ppm: float,
    confidence: float,
) -> Line:
    """Fit offset and drift of paired times.

    Parameters
    ----------
    source_ns, target_ns : ndarray of int64, shape (n,)
        The same moments on both clocks, n >= 1.
    reading_ms : float
        Half width, at `confidence`, of the error of one pair as it is known beforehand.
    drift_bound_ppm : float
        Half width, at `confidence`, of the difference of the rates as it is known beforehand.
    confidence : float
        Of the intervals.

    Returns
    -------
    Line
        The line with its uncertainty.

    Notes
    -----
    Least squares with the bound as a normal prior of the drift: few pairs close together do not tell the
    drift, and then the bound speaks. The reference is where errors of offset and drift do not correlate, so
    that both add as squares. The spread is the larger one of the known and of the found one; where the found
    one is used, quantiles are those of Student's t with n - 2 degrees of freedom.
    """
    n = len(source_ns)
    normal = float(stats.norm.ppf((1 + confidence) / 2))
    origin, difference = int(source_ns[0]), target_ns - source_ns
    base = int(difference[0])
    x_s = (source_ns - origin) * 1e-9
    y_ms = (difference - base) * 1e-6
    known_ms, prior = reading_ms / normal, drift_bound_ppm * 1e-3 / normal  # ppm are µs per s
    mean_s, mean_ms = float(x_s.mean()), float(y_ms.mean())
    sxx = float(((x_s - mean_s) ** 2).sum())
    sxy = float(((x_s - mean_s) * (y_ms - mean_ms)).sum())

    def solve(spread_ms: float) -> tuple[float, NDArray[np.float64]]:
        weight = (spread_ms / prior) ** 2 if prior > 0 else np.inf
        slope = sxy / (sxx + weight) if sxx + weight > 0 and np.isfinite(weight) else 0.0
        return slope, y_ms - mean_ms - slope * (x_s - mean_s)

    slope, rest = solve(known_ms)
    spread, quantile = known_ms, normal
    if n > 2:
        found_ms = float(np.sqrt((rest**2).sum() / (n - 2)))
        if found_ms > known_ms:
            slope, rest = solve(found_ms)
            spread, quantile = found_ms, float(stats.t.ppf((1 + confidence) / 2, n - 2))
    weight = (spread / prior) ** 2 if prior > 0 else np.inf
    drift_half = quantile * spread / np.sqrt(sxx + weight) if sxx + weight > 0 else 0.0
    return Line(
        reference_ns=origin + round(mean_s * 1e9),
        offset_ns=base + round(mean_ms * 1e6),
        drift_ppm=slope * 1e3,
        offset_half_ms=quantile * spread / np.sqrt(n),
        drift_half_ppm=float(drift_half) * 1e3,
        residuals_ms=rest,
    )


def alignment_of(
    line: Line,
    method: AlignmentMethod,
    source_ns: Times,
    *,
    bias_ms: float,
    confidence: float,
    evidence: dict[str, object],
) -> ClockAlignment:
    """Return a line as an alignment."""
    return ClockAlignment(
        method,
        reference_ns=line.reference_ns,
        offset_ns=line.offset_ns,
        drift_ppm=line.drift_ppm,
        uncertainty_ms=line.offset_half_ms,
        drift_bounds=(DriftBound(line.reference_ns, line.drift_half_ppm),),
        bias_ms=bias_ms,
        confidence=confidence,
        residuals_ms=tuple(round(float(one), 6) for one in line.residuals_ms),
        first_ns=int(source_ns.min()),
        last_ns=int(source_ns.max()),
        evidence=evidence,
    )
