"""Alignment by common events: moments that were written down on both clocks, such as a clap or a train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.alignment.line import alignment_of, fit_line
from gazestudy.alignment.matching import best_matchings
from gazestudy.alignment.pulses import DRIFT_BOUND_PPM, check_settings, refuse_ambiguous
from gazestudy.errors import ParameterError
from gazestudy.model.alignment import CONFIDENCE, ClockAlignment

Times = NDArray[np.int64]

_LISTED = 50
_UNITS_NS = (3_600_000_000_000, 60_000_000_000, 1_000_000_000, 100_000_000, 10_000_000, 1_000_000)


def align_by_events(
    source_ns: Times,
    source_names: Sequence[str],
    target_ns: Times,
    target_names: Sequence[str],
    *,
    reading_ms: float = 300.0,
    bias_ms: float = 0.0,
    drift_bound_ppm: float = DRIFT_BOUND_PPM,
    near_ns: tuple[int, int] | None = None,
    target_unit_ms: float | None = None,
    confidence: float = CONFIDENCE,
    evidence: Mapping[str, Any] | None = None,
) -> ClockAlignment:
    """Align two clocks by events of the same name.

    Parameters
    ----------
    source_ns, target_ns : ndarray of int64, shape (n,) and (m,)
        Times of the events on both clocks, ns.
    source_names, target_names : sequence of str
        Their names; capitals and blanks around them do not matter. A name may occur several times.
    reading_ms : float, default 300
        Half width, at `confidence`, of the error of one pair. The default is about the spread of people
        who press a key for what they see.
    bias_ms : float, default 0
        Error that all events may share, such as a reaction that is always late.
    drift_bound_ppm : float, default 50
        Largest difference of the rates.
    near_ns : (int, int), optional
        Expected target minus source time and how far it may be off, ns.
    target_unit_ms : float, optional
        Unit in which the target times were written; None: found out from the times.
    confidence : float, default 0.95
        Of the uncertainty.
    evidence : mapping, optional
        More facts to keep.

    Returns
    -------
    ClockAlignment
        With every pair that was used and every event that was not.

    Raises
    ------
    ParameterError
        If no name is common, or the events contradict each other.

    Notes
    -----
    Times written to whole seconds (or minutes) are taken as cut or rounded, it is not known which: half the
    unit is added to the shared error, and the error of one pair is at least half the unit.
    """
    check_settings(drift_bound_ppm, reading_ms=reading_ms, confidence=confidence)
    first, second = np.argsort(source_ns, kind="stable"), np.argsort(target_ns, kind="stable")
    source, target = source_ns[first], target_ns[second]
    names = [source_names[k] for k in first.tolist()]
    others = [target_names[k] for k in second.tolist()]
    same = _same(names, others)
    if not same.any():
        raise ParameterError(
            "events", _names(names), f"a name that the other clock has, too: {_names(others)}"
        )
    unit_ms = max(unit_of(source), unit_of(target) if target_unit_ms is None else target_unit_ms)
    reading_ms, bias_ms = max(reading_ms, unit_ms / 2), bias_ms + unit_ms / 2
    ways = best_matchings(
        source,
        target,
        tolerance_ms=2 * reading_ms,
        drift_bound_ppm=drift_bound_ppm,
        same=same,
        near_ns=near_ns,
    )
    if not ways:
        raise ParameterError("near", near_ns, "an offset at which events of the same name meet")
    refuse_ambiguous(ways, "events", "the common events contradict each other: correct the wrong ones")
    best = ways[0]
    paired = source[best.source], target[best.target]
    line = fit_line(*paired, reading_ms=reading_ms, drift_bound_ppm=drift_bound_ppm, confidence=confidence)
    facts = {
        **(evidence or {}),
        "pairs": [
            {"name": names[a], "source_ns": int(source[a]), "target_ns": int(target[b])}
            for a, b in zip(best.source.tolist(), best.target.tolist(), strict=True)
        ],
        "source_unmatched": _left(names, source, best.source, np.asarray(same.any(axis=1))),
        "target_unmatched": _left(others, target, best.target, np.asarray(same.any(axis=0))),
        "unit_ms": unit_ms,
        "parameters": {
            "reading_ms": reading_ms,
            "drift_bound_ppm": drift_bound_ppm,
            "near_ns": None if near_ns is None else list(near_ns),
        },
    }
    return alignment_of(line, "events", paired[0], bias_ms=bias_ms, confidence=confidence, evidence=facts)


def unit_of(t_ns: Times) -> float:
    """Return the unit that times were written in, ms; 0 where it is below a millisecond.

    Examples
    --------
    >>> unit_of(np.array([3_000_000_000, 8_000_000_000])), unit_of(np.array([1, 2]))
    (1000.0, 0.0)
    """
    # Few times may lie whole minutes apart by chance.
    units = _UNITS_NS if len(t_ns) > 3 else [unit for unit in _UNITS_NS if unit <= 1_000_000_000]
    # Against the first time: clocks that were shifted as a whole keep their unit.
    steps = t_ns - t_ns[0] if len(t_ns) > 1 else t_ns
    if len(t_ns) and not (len(t_ns) > 1 and not steps.any()):
        for unit in units:
            if not (steps % unit).any():
                return unit / 1e6
    return 0.0


def _same(names: Sequence[str], others: Sequence[str]) -> NDArray[np.bool_]:
    ours = np.array([name.strip().casefold() for name in names], dtype=np.str_)
    theirs = np.array([name.strip().casefold() for name in others], dtype=np.str_)
    return np.asarray(ours[:, None] == theirs[None, :], np.bool_).reshape(len(ours), len(theirs))


def _names(names: Sequence[str]) -> str:
    known = sorted({name.strip() for name in names})
    return ", ".join(known[:12]) + (" ..." if len(known) > 12 else "") if known else "no events"


def _left(names: Sequence[str], t_ns: Times, used: Times, common: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return events whose name is common but that were not used."""
    left = sorted(set(np.flatnonzero(common).tolist()) - set(used.tolist()))
    return [{"name": names[k], "t_ns": int(t_ns[k])} for k in left[:_LISTED]]
