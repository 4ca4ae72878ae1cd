"""Alignment as a person says it: an offset read off somewhere, with how well it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gazestudy.errors import ParameterError
from gazestudy.model.alignment import CONFIDENCE, ClockAlignment, DriftBound


def align_by_hand(
    *,
    offset_ns: int,
    uncertainty_ms: float,
    reference_ns: int = 0,
    drift_ppm: float = 0.0,
    drift_bound_ppm: float = 0.0,
    confidence: float = CONFIDENCE,
    evidence: Mapping[str, Any] | None = None,
) -> ClockAlignment:
    """Return the alignment that somebody states.

    Parameters
    ----------
    offset_ns : int
        Target minus source time at the reference.
    uncertainty_ms : float
        How far the offset may be off; it has no default, since nobody else can know it.
    reference_ns : int, default 0
        Where on the source clock the offset holds.
    drift_ppm : float, default 0
        How much faster the target clock runs.
    drift_bound_ppm : float, default 0
        By how much the drift may be off.
    confidence : float, default 0.95
        What the stated limits are taken to cover.
    evidence : mapping, optional
        More facts to keep.

    Returns
    -------
    ClockAlignment
        Its uncertainty is the sum of both limits.

    Raises
    ------
    ParameterError
        If a limit is negative.

    Examples
    --------
    >>> import numpy as np
    >>> said = align_by_hand(offset_ns=3_250_000_000, uncertainty_ms=200.0, drift_bound_ppm=10.0)
    >>> t_ns, within_ms = said.to_target(np.array([0, 1000 * 10**9]))
    >>> (t_ns / 1e9).tolist(), within_ms.tolist()
    ([3.25, 1003.25], [200.0, 210.0])
    """
    if not drift_bound_ppm >= 0:
        raise ParameterError("drift_bound_ppm", drift_bound_ppm, "0 or more")
    return ClockAlignment(
        "by-hand",
        reference_ns,
        offset_ns,
        drift_ppm,
        uncertainty_ms,
        (DriftBound(reference_ns, drift_bound_ppm),) if drift_bound_ppm else (),
        statistical=False,
        confidence=confidence,
        first_ns=reference_ns,
        last_ns=reference_ns,
        evidence={"said": True, **(evidence or {})},
    )
