"""A field log in one go: figures, crowding, occlusion and blind spots, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.blind_spots import BlindSpotTest, blind_spot_test, notices_from_answers
from gazestudy.fieldwork.checks import check_field_log
from gazestudy.fieldwork.crowding import Space
from gazestudy.fieldwork.focal import focal_table
from gazestudy.fieldwork.levels import level_shares
from gazestudy.fieldwork.occlusion import (
    FaceView,
    OcclusionFit,
    blocking_observations,
    face_views,
    fit_occlusion,
)
from gazestudy.fieldwork.rates import FieldFigures, field_figures
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.recording import Finding


@dataclass(frozen=True, slots=True)
class FieldSummary:
    """What a field log says.

    Attributes
    ----------
    figures : FieldFigures
        Of the whole log, or by the groups asked for.
    focal : DataFrame
        Shares of time and rates per minute of focal follows, by the same groups without placement.
    levels : DataFrame
        Share of scans at each level of service, by the same groups without placement.
    occlusion : OcclusionFit or None
        Blocking against density.
    blind_spots : BlindSpotTest or None
        Remembered noticing against passages per month.
    missing : dict of str to str
        Which of occlusion and blind_spots could not be had, and why.
    findings : tuple of Finding
        What is wrong or doubtful in the log, and what was left out.
    """

    figures: FieldFigures
    focal: pd.DataFrame
    levels: pd.DataFrame
    occlusion: OcclusionFit | None
    blind_spots: BlindSpotTest | None
    missing: dict[str, str]
    findings: tuple[Finding, ...]


def summarise_field_log(
    log: FieldLog,
    *,
    by: Sequence[str] = (),
    views: Mapping[str, FaceView] | None = None,
    spaces: Mapping[str, Space] | None = None,
    level: float = 0.95,
    rng: np.random.Generator,
) -> FieldSummary:
    """Return everything that a field log allows to say.

    Parameters
    ----------
    log : FieldLog
        Observation tables.
    by : sequence of str
        Groups of the figures, some of `GROUPS`.
    views : mapping of str to FaceView, optional
        How placements are seen; from the audits of the log where left out.
    spaces : mapping of str to {"walkway", "waiting", "stairs"}, optional
        Kind of space of each zone.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    FieldSummary
    """
    figures = field_figures(log, by=by, level=level)
    groups = [name for name in by if name != "placement_id"]
    missing: dict[str, str] = {}
    occlusion, blind_spots = None, None
    known = face_views(log.audits) if views is None else views
    try:
        occlusion = fit_occlusion(blocking_observations(log), known, level=level, rng=rng)
    except ParameterError as error:
        missing["occlusion"] = _wants(error)
    try:
        blind_spots = blind_spot_test(notices_from_answers(log.answers), rung="remembered", level=level)
    except ParameterError as error:
        missing["blind_spots"] = _wants(error)
    return FieldSummary(
        figures,
        focal_table(log, by=groups, level=level),
        level_shares(log, by=groups, spaces=spaces, confidence=level),
        occlusion,
        blind_spots,
        missing,
        (*log.findings, *check_field_log(log), *figures.findings),
    )


def _wants(error: ParameterError) -> str:
    return f"it needs {error.expected}; {error.name}: {error.value}"
