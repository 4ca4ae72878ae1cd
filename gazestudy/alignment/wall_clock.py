"""Alignment by wall clock: both clocks were set to the time of day, and have drifted since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gazestudy.errors import ParameterError
from gazestudy.model.alignment import CONFIDENCE, ClockAlignment, DriftBound

SECOND_PER_DAY_PPM = 1e6 / 86_400
"""One second per day, which a phone may drift by, in ppm."""


def align_by_wall_clock(
    *,
    source_to_unix_ns: int,
    synchronised_unix_ns: int,
    drift_bound_ppm: float,
    synchronisation_ms: float = 100.0,
    known_drift_ppm: float = 0.0,
    target_to_unix_ns: int = 0,
    target_synchronised_unix_ns: int | None = None,
    target_drift_bound_ppm: float = 0.0,
    target_synchronisation_ms: float = 0.0,
    target_unit_ms: float = 0.0,
    confidence: float = CONFIDENCE,
    evidence: Mapping[str, Any] | None = None,
) -> ClockAlignment:
    """Align two clocks that both tell the time of day.

    Parameters
    ----------
    source_to_unix_ns : int
        Source time plus this is Unix time as the source clock has it.
    synchronised_unix_ns : int
        When the source clock was last set, Unix time.
    drift_bound_ppm : float
        How fast the source clock may drift from the time of day.
    synchronisation_ms : float, default 100
        How far off it may have been right after it was set.
    known_drift_ppm : float, default 0
        How much faster the target clock runs, as far as that was measured; the bound is what remains.
    target_to_unix_ns : int, default 0
        The same for the target clock; 0: its times are Unix times.
    target_synchronised_unix_ns : int, optional
        When the target clock was last set; None: it does not drift.
    target_drift_bound_ppm, target_synchronisation_ms : float, default 0
        The same for the target clock.
    target_unit_ms : float, default 0
        Unit in which the target times are written.
    confidence : float, default 0.95
        What the stated limits are taken to cover.
    evidence : mapping, optional
        More facts to keep.

    Returns
    -------
    ClockAlignment
        Its uncertainty is the sum of all limits, and grows with the time since each clock was set.

    Raises
    ------
    ParameterError
        If a limit is negative, or a drift of the target is stated without when it was set.
    """
    limits = {
        "drift_bound_ppm": drift_bound_ppm,
        "synchronisation_ms": synchronisation_ms,
        "target_drift_bound_ppm": target_drift_bound_ppm,
        "target_synchronisation_ms": target_synchronisation_ms,
        "target_unit_ms": target_unit_ms,
    }
    for name, value in limits.items():
        if not (np.isfinite(value) and value >= 0):
            raise ParameterError(name, value, "0 or more")
    if target_drift_bound_ppm and target_synchronised_unix_ns is None:
        raise ParameterError(
            "target_synchronised_unix_ns", None, "when the other clock was set, if it drifts"
        )
    set_ns = synchronised_unix_ns - source_to_unix_ns
    bounds = [DriftBound(set_ns, drift_bound_ppm)]
    if target_synchronised_unix_ns is not None:
        bounds.append(DriftBound(target_synchronised_unix_ns - source_to_unix_ns, target_drift_bound_ppm))
    return ClockAlignment(
        "wall-clock",
        reference_ns=set_ns,
        offset_ns=source_to_unix_ns - target_to_unix_ns,
        drift_ppm=known_drift_ppm,
        uncertainty_ms=synchronisation_ms + target_synchronisation_ms,
        drift_bounds=tuple(bounds),
        statistical=False,
        bias_ms=target_unit_ms / 2,
        confidence=confidence,
        first_ns=set_ns,
        last_ns=set_ns,
        evidence={
            **(evidence or {}),
            "synchronised_unix_ns": synchronised_unix_ns,
            "target_synchronised_unix_ns": target_synchronised_unix_ns,
            "parameters": {**limits, "known_drift_ppm": known_drift_ppm},
        },
    )
