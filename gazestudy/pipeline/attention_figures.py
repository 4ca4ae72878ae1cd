"""Dwell, first looks, transitions, funnels, models and comparisons of a whole study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gazestudy.attention.cases import exposed_cases
from gazestudy.attention.comparing import MEASURES, Comparison, compare_declared, explore
from gazestudy.attention.dwelling import dwell_by_group
from gazestudy.attention.first_looks import (
    FirstLooks,
    first_look_table,
    first_looks,
    looks_of_exposures,
    looks_of_recordings,
)
from gazestudy.attention.funnel import Funnel, attention_funnels, funnel_table
from gazestudy.attention.models import LookingModels, looking_models
from gazestudy.attention.transitions import find_transitions
from gazestudy.errors import ParameterError
from gazestudy.memory.two_by_two import REMEMBERED
from gazestudy.pipeline.field_results import SEED
from gazestudy.pipeline.memory import study_memory
from gazestudy.pipeline.metrics import study_metrics
from gazestudy.pipeline.results import attention_table
from gazestudy.store import Study

GROUPS = ("placement", "segment", "daypart")
"""What dwell, first looks and funnels can be grouped by; "all" is no group at all."""

COMPARED_BY = ("segment", "daypart")
"""What can be compared."""


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What was compared in a study.

    Attributes
    ----------
    declared : DataFrame
        Comparisons written down before the data were seen, with Holm's correction; empty where there were
        none.
    exploratory : DataFrame
        All others, with Benjamini and Hochberg's.
    seed : int
        Of the bootstrap.
    """

    declared: pd.DataFrame
    exploratory: pd.DataFrame
    seed: int


def study_dwell(study: Study, group_by: Sequence[str] = ("placement",), *, seed: int = SEED) -> pd.DataFrame:
    """Return dwell in two parts: who looked, and for how long.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    group_by : sequence of str
        Any of `GROUPS`.
    seed : int
        Of the bootstrap over participants.

    Returns
    -------
    DataFrame
        As `dwell_by_group`.

    Raises
    ------
    ParameterError
        For a word that is no group.
    StudyError
        If no recording has results.
    """
    columns = _columns(group_by)
    cases = exposed_cases(study_metrics(study), [name for name in columns if name != "placement_id"])
    return dwell_by_group(cases, columns, rng=np.random.default_rng(seed))


def study_first_looks(
    study: Study,
    group_by: Sequence[str] = ("placement",),
    *,
    per_exposure: bool = False,
    until_s: float | None = None,
    seed: int = SEED,
) -> dict[str, FirstLooks]:
    """Return the time to the first fixation of each group as survival.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    group_by : sequence of str
        Any of `GROUPS`.
    per_exposure : bool
        One row per exposure instead of one per recording and placement.
    until_s : float, optional
        Window of the restricted means, s; None: `usual_window` of the groups.
    seed : int
        Of the bootstrap over participants.

    Returns
    -------
    dict of str to FirstLooks
        By label; `first_look_table` makes a table of it, `draw_survival` a figure.

    Raises
    ------
    ParameterError
        For a word that is no group.
    StudyError
        If no recording has results.
    """
    columns = _columns(group_by)
    if per_exposure:
        looks = looks_of_exposures(
            attention_table(study, "exposures"), attention_table(study, "mapped_fixations")
        )
    else:
        looks = looks_of_recordings(study_metrics(study))
    return first_looks(looks, by=columns, until_s=until_s, rng=np.random.default_rng(seed))


def study_first_look_table(
    study: Study, group_by: Sequence[str] = ("placement",), *, per_exposure: bool = False, seed: int = SEED
) -> pd.DataFrame:
    """Return the figures of `study_first_looks` as a table; parameters as there."""
    return first_look_table(study_first_looks(study, group_by, per_exposure=per_exposure, seed=seed))


def study_transitions(
    study: Study, *, between: Literal["placements", "aois"] = "placements", max_between_s: float | None = None
) -> pd.DataFrame:
    """Return from where to where the gaze went.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    between : {"placements", "aois"}
        Between whole placements, or between the AOIs of each.
    max_between_s : float, optional
        A longer pause ends the chain, s.

    Returns
    -------
    DataFrame
        As `find_transitions`.

    Raises
    ------
    StudyError
        If no recording has results.
    """
    return find_transitions(attention_table(study, "visits"), between=between, max_between_s=max_between_s)


def study_funnels(
    study: Study, group_by: Sequence[str] = (), *, look_s: float = 2.0, level: float = 0.95
) -> dict[str, Funnel]:
    """Return the funnel from exposure to intention of each group.

    Parameters
    ----------
    study : Study
        A study whose recordings were run. Without interviews the funnel ends at looking.
    group_by : sequence of str
        Any of `GROUPS`; none: everything together.
    look_s : float
        Dwell from which a case counts as looked at, s.
    level : float
        Confidence.

    Returns
    -------
    dict of str to Funnel
        By label; `funnel_table` makes a table of it, `draw_funnel` a figure of each.

    Raises
    ------
    ParameterError
        For a word that is no group.
    StudyError
        If no recording has results.
    """
    joined = study_memory(study).joined
    return attention_funnels(joined.cases, _columns(group_by), joined.trials, look_s=look_s, level=level)


def study_funnel_table(study: Study, group_by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the figures of `study_funnels` as a table; parameters as there."""
    return funnel_table(study_funnels(study, group_by))


def study_looking_models(study: Study, *, level: float = 0.95) -> LookingModels:
    """Return what goes with noticing and with dwelling in a study.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    level : float
        Confidence.

    Returns
    -------
    LookingModels

    Raises
    ------
    ParameterError
        If the cases differ in nothing, or everybody or nobody noticed.
    StudyError
        If no recording has results.
    """
    return looking_models(study_memory(study).joined.cases, level=level)


def study_comparisons(
    study: Study,
    by: str,
    *,
    measures: Sequence[str] = ("notice_rate", "mean_dwell_s", "first_look_s"),
    declared: Sequence[str] = (),
    seed: int = SEED,
) -> Comparisons:
    """Compare segments or dayparts.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    by : {"segment", "daypart"}
        What tells the groups apart.
    measures : sequence of str
        Any of `MEASURES`, and between segments of `REMEMBERED`, for the exploratory comparisons: all
        placements together and each by itself.
    declared : sequence of str
        Comparisons that were declared before the data were seen, as measure:a,b or measure:a,b:placement.
    seed : int
        Of the bootstrap over participants.

    Returns
    -------
    Comparisons

    Raises
    ------
    ParameterError
        For a measure, group or placement that does not exist, or where there is only one group.
    StudyError
        If no recording has results.
    """
    _check("by", [by], COMPARED_BY)
    # nobody is interviewed twice, so answers are not compared between dayparts
    known = (*MEASURES, *REMEMBERED) if by == "segment" else tuple(MEASURES)
    _check("measure", measures, known)
    metrics = study_metrics(study)
    groups = sorted({str(value) for value in metrics[by] if str(value)})
    if len(groups) < 2:
        raise ParameterError("by", by, f"two {by}s or more in the study; it has {groups or 'none'}")
    metrics = metrics[metrics[by].astype(str) != ""]
    cases, looks = exposed_cases(metrics, [by]), looks_of_recordings(metrics)
    wanted = [_declared(text, by, groups, set(metrics["placement_id"]), known) for text in declared]
    if set(REMEMBERED) & {*measures, *(one.measure for one in wanted)}:
        answers = study_memory(study).joined.cases[["participant_id", "placement_id", *REMEMBERED]]
        cases = cases.merge(answers, on=["participant_id", "placement_id"], how="left")
    rng = np.random.default_rng(seed)
    first = compare_declared(cases, wanted, looks=looks, rng=rng)
    rest = explore(cases, by, measures=measures, looks=looks, rng=rng)
    return Comparisons(first, rest, seed)


def _declared(
    text: str, by: str, groups: Sequence[str], placements: set[str], known: Sequence[str]
) -> Comparison:
    measure, _, rest = text.partition(":")
    names, _, placement = rest.partition(":")
    pair = [name.strip() for name in names.split(",")]
    if len(pair) != 2:
        raise ParameterError("declared", text, "measure:a,b or measure:a,b:placement")
    _check("declared measure", [measure], known)
    _check(f"declared {by}", pair, groups)
    if placement:
        _check("declared placement", [placement], sorted(placements))
    return Comparison(measure, by, pair[0], pair[1], placement)


def _columns(group_by: Sequence[str]) -> list[str]:
    _check("group-by", group_by, (*GROUPS, "all"))
    return ["placement_id" if word == "placement" else word for word in group_by if word != "all"]


def _check(name: str, words: Sequence[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise ParameterError(name, word, "any of " + ", ".join(known))
