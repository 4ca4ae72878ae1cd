"""Alignment by sync pulses: two trains of pulses, each with missing and additional ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.alignment.line import alignment_of, fit_line
from gazestudy.alignment.matching import Matching, best_matchings
from gazestudy.errors import ParameterError
from gazestudy.model.alignment import CONFIDENCE, ClockAlignment

Times = NDArray[np.int64]

DRIFT_BOUND_PPM = 50.0
"""Difference of the rates of two quartz clocks, each within 25 ppm over age and temperature."""

MAX_DRIFT_PPM = 10_000.0
MIN_PULSES = 3
MIN_SHARE = 1 / 3
RUNNER_UP_SHARE = 0.7


def align_by_pulses(
    source_ns: Times,
    target_ns: Times,
    *,
    tolerance_ms: float = 20.0,
    drift_bound_ppm: float = DRIFT_BOUND_PPM,
    near_ns: tuple[int, int] | None = None,
    reading_ms: float = 0.5,
    bias_ms: float = 0.0,
    confidence: float = CONFIDENCE,
    evidence: Mapping[str, Any] | None = None,
) -> ClockAlignment:
    """Align two clocks by the pulses that both recorded.

    Parameters
    ----------
    source_ns, target_ns : ndarray of int64, shape (n,) and (m,)
        Times of the pulses on both clocks, ns.
    tolerance_ms : float, default 20
        How far a pulse may lie from the common line; at least four times the jitter.
    drift_bound_ppm : float, default 50
        Largest difference of the rates.
    near_ns : (int, int), optional
        Expected target minus source time and how far it may be off, ns. Pulses at even intervals need it:
        they look the same after a shift by one.
    reading_ms : float, default 0.5
        Least half width of the error of one pair.
    bias_ms : float, default 0
        Delay that all pulses may share, such as that of a cable adapter.
    confidence : float, default 0.95
        Of the uncertainty.
    evidence : mapping, optional
        More facts to keep, such as the names of the files.

    Returns
    -------
    ClockAlignment
        With the number of pulses that were matched, and that were not.

    Raises
    ------
    ParameterError
        If the pulses do not tell the offset, or tell several.
    """
    check_settings(drift_bound_ppm, tolerance_ms=tolerance_ms, reading_ms=reading_ms, confidence=confidence)
    source, target = np.sort(source_ns), np.sort(target_ns)
    ways = best_matchings(
        source, target, tolerance_ms=tolerance_ms, drift_bound_ppm=drift_bound_ppm, near_ns=near_ns
    )
    least = max(MIN_PULSES, MIN_SHARE * min(len(source), len(target)))
    if not ways or len(ways[0]) < least:
        found = len(ways[0]) if ways else 0
        raise ParameterError(
            "pulses",
            f"{len(source)} and {len(target)} pulses, at most {found} of them together",
            f"at least {int(np.ceil(least))} pulses within {tolerance_ms:g} ms of a common line;"
            " is it the right channel of the right recording?",
        )
    best = ways[0]
    refuse_ambiguous(ways, "pulses", "give the offset that is expected (near)")
    paired = source[best.source], target[best.target]
    line = fit_line(*paired, reading_ms=reading_ms, drift_bound_ppm=drift_bound_ppm, confidence=confidence)
    spread_ms = float(np.sqrt((line.residuals_ms**2).mean()))
    warnings = []
    if spread_ms > tolerance_ms / 4:
        warnings.append(
            f"the jitter ({spread_ms:.2f} ms) is not small against the tolerance ({tolerance_ms:g} ms):"
            " the uncertainty may be stated too small; widen the tolerance"
        )
    facts = {
        **(evidence or {}),
        "matched": len(best),
        "source_unmatched": len(source) - len(best),
        "target_unmatched": len(target) - len(best),
        "runner_up_matched": len(ways[1]) if len(ways) > 1 else 0,
        "jitter_ms": spread_ms,
        "parameters": {
            "tolerance_ms": tolerance_ms,
            "drift_bound_ppm": drift_bound_ppm,
            "near_ns": None if near_ns is None else list(near_ns),
            "reading_ms": reading_ms,
        },
        "warnings": warnings,
    }
    return alignment_of(line, "pulses", paired[0], bias_ms=bias_ms, confidence=confidence, evidence=facts)


def refuse_ambiguous(ways: list[Matching], what: str, advice: str) -> None:
    """Refuse evidence that fits another offset nearly as well.

    Raises
    ------
    ParameterError
        If the runner-up has more than 70 % as many pairs; names both offsets.
    """
    if len(ways) > 1 and len(ways[1]) > RUNNER_UP_SHARE * len(ways[0]):
        offsets = " and ".join(f"{way.offset_ns / 1e9:.3f} s ({len(way)} pairs)" for way in ways[:2])
        raise ParameterError(what, offsets, f"one offset that fits far better than others; {advice}")


def check_settings(drift_bound_ppm: float, **settings: float) -> None:
    """Raise ParameterError for a setting that is no positive number, or a confidence that is no share."""
    if not 0 <= drift_bound_ppm <= MAX_DRIFT_PPM:
        raise ParameterError("drift_bound_ppm", drift_bound_ppm, f"0 to {MAX_DRIFT_PPM:g} ppm")
    for name, value in settings.items():
        if name == "confidence" and not 0.5 <= value < 1:
            raise ParameterError(name, value, "a share from 0.5 to below 1")
        if not (np.isfinite(value) and value > 0):
            raise ParameterError(name, value, "a positive number")
