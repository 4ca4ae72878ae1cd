"""Time to the first fixation as survival: who never looked is censored when the placement leaves view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.tables import VIEWED_MS
from gazestudy.statistics.clustered_survival import (
    ClusteredSurvival,
    clustered_log_rank,
    clustered_survival,
    restricted_mean_difference,
    usual_window,
)
from gazestudy.statistics.groups import each_group, require_columns

LOOK_RULES = {
    "recording": "one row per recording and placement in view: time in view before the first fixation; "
    "censored at all of the time in view where there was none",
    "exposure": "one row per exposure: from its onset to the first fixation that overlaps it, not below 0; "
    "censored at its end where there was none",
    "case": "one row per participant and placement: time in view before the first fixation; censored at all "
    "of the time in view where there was none",
}
"""What a row of a table of looks is."""

_KEPT = ("segment", "daypart", "aoi_id", "creative_id")


@dataclass(frozen=True, slots=True)
class FirstLooks:
    """Time to the first fixation of one group.

    Attributes
    ----------
    label : str
        Which people, placements or times.
    survival : ClusteredSurvival
        Curve of the share that has not looked yet, restricted mean and median in s, with limits over people.
    rule : str
        What was timed, in words.
    """

    label: str
    survival: ClusteredSurvival
    rule: str


@dataclass(frozen=True, slots=True)
class FirstLookDifference:
    """Time to the first fixation in two groups.

    Attributes
    ----------
    difference_s, low_s, high_s : float
        Restricted mean of a minus that of b, with its interval over people.
    until_s : float
        Common window of the restricted means.
    z, p_value : float
        Log-rank test with clusters; z above 0 where a looks earlier.
    participants_a, participants_b, participants_both : int
        People.
    """

    difference_s: float
    low_s: float
    high_s: float
    until_s: float
    z: float
    p_value: float
    participants_a: int
    participants_b: int
    participants_both: int


def looks_of_recordings(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return one row per recording and placement that was in view.

    Parameters
    ----------
    metrics : DataFrame
        Contract `METRICS`; columns such as `segment` and `daypart` may have been joined. Where there are
        AOIs only whole placements are taken.

    Returns
    -------
    DataFrame
        participant_id, placement_id, time_s, looked, rule, and segment, daypart where known.
    """
    require_columns(metrics, ["exposure_to_first_fixation_ms", "censored_at_ms", "exposure_count"])
    rows = metrics[metrics["exposure_count"] > 0]
    if "aoi_id" in rows:
        rows = rows[rows["aoi_id"] == ""]
    return _looks(
        rows, rows["exposure_to_first_fixation_ms"] / 1000, rows["censored_at_ms"] / 1000, "recording"
    )


def looks_of_cases(cases: pd.DataFrame) -> pd.DataFrame:
    """Return one row per participant and placement.

    Parameters
    ----------
    cases : DataFrame
        Contract `MEMORY_CASES`, or its columns participant_id, placement_id, ttff_s and censored_at_s.

    Returns
    -------
    DataFrame
        As `looks_of_recordings`.
    """
    require_columns(cases, ["ttff_s", "censored_at_s"])
    return _looks(cases, cases["ttff_s"], cases["censored_at_s"], "case")


def looks_of_exposures(
    exposures: pd.DataFrame, fixations: pd.DataFrame, *, min_fixation_ms: float = VIEWED_MS
) -> pd.DataFrame:
    """Return one row per exposure, also of those after a first look.

    Parameters
    ----------
    exposures : DataFrame
        Contract `EXPOSURES` with `recording_id` and `participant_id`.
    fixations : DataFrame
        Contract `MAPPED_FIXATIONS` with `recording_id`.
    min_fixation_ms : float
        Shorter fixations are no looks.

    Returns
    -------
    DataFrame
        As `looks_of_recordings`.
    """
    keys = ["recording_id", "placement_id"]
    require_columns(exposures, [*keys, "participant_id", "onset_ns", "offset_ns"])
    require_columns(fixations, [*keys, "onset_ns", "offset_ns", "duration_ms"])
    fixations = fixations[fixations["duration_ms"] >= min_fixation_ms]
    wait_ns = np.full(len(exposures), np.nan)
    by_target = {key: rows for key, rows in fixations.groupby(keys, sort=False)}
    begin, end = exposures["onset_ns"].to_numpy(np.int64), exposures["offset_ns"].to_numpy(np.int64)
    places = exposures.reset_index(drop=True).groupby(keys, sort=False).indices
    for key, where in places.items():
        if key not in by_target:
            continue
        onset = by_target[key]["onset_ns"].to_numpy(np.int64)
        offset = by_target[key]["offset_ns"].to_numpy(np.int64)
        for row in where:
            inside = onset[(onset < end[row]) & (offset > begin[row])]
            if len(inside):
                wait_ns[row] = max(int(inside.min()) - int(begin[row]), 0)
    looked = np.isfinite(wait_ns)
    whole = (end - begin) / 1e9
    first = pd.Series(wait_ns / 1e9, index=exposures.index)
    return _looks(
        exposures, first, pd.Series(np.where(looked, np.nan, whole), index=exposures.index), "exposure"
    )


def _looks(rows: pd.DataFrame, first_s: pd.Series, censored_s: pd.Series, rule: str) -> pd.DataFrame:
    require_columns(rows, ["participant_id", "placement_id"])
    kept = ["participant_id", "placement_id", *(name for name in _KEPT if name in rows)]
    table = rows[kept].assign(
        time_s=first_s.fillna(censored_s).astype(float), looked=first_s.notna(), rule=rule
    )
    if table["time_s"].isna().any():
        raise ParameterError("looks", int(table["time_s"].isna().sum()), "a time for every row in view")
    return table.reset_index(drop=True)


def first_looks(
    looks: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    until_s: float | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> dict[str, FirstLooks]:
    """Return the survival of "has not looked yet" of each group.

    Parameters
    ----------
    looks : DataFrame
        From `looks_of_recordings`, `looks_of_exposures` or `looks_of_cases`.
    by : sequence of str
        Columns to group by; none: one group with the label "all".
    until_s : float, optional
        Window of the restricted means, s; None: the same for all groups, `usual_window`.
    draws : int
        Bootstrap draws of people.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    dict of str to FirstLooks
        By label, in order of appearance.

    Raises
    ------
    ParameterError
        If a column is missing or there are no rows.

    Examples
    --------
    >>> table = pd.DataFrame({"participant_id": list("aabb"), "placement_id": "x", "rule": "exposure",
    ...                       "time_s": [1.0, 4.0, 2.0, 4.0], "looked": [True, False, True, False]})
    >>> found = first_looks(table, until_s=4, rng=np.random.default_rng(0))["all"].survival
    >>> found.restricted_mean, found.median, found.clusters
    (2.75, 2.0, 2)
    """
    require_columns(looks, ["participant_id", "time_s", "looked", *by])
    if looks.empty:
        raise ParameterError("looks", 0, "at least one exposure")
    groups = {", ".join(map(str, key)) or "all": part for key, part in each_group(looks, by)}
    window = usual_window(*(part["time_s"] for part in groups.values())) if until_s is None else until_s
    rule = ", ".join(sorted(set(looks["rule"]))) if "rule" in looks else ""
    return {
        label: FirstLooks(
            label,
            clustered_survival(
                part["time_s"],
                part["looked"],
                part["participant_id"],
                until=window,
                draws=draws,
                level=level,
                rng=rng,
            ),
            LOOK_RULES.get(rule, rule),
        )
        for label, part in groups.items()
    }


def first_look_table(found: dict[str, FirstLooks]) -> pd.DataFrame:
    """Return the figures of `first_looks` as a table, one row per group.

    Parameters
    ----------
    found : dict of str to FirstLooks
        From `first_looks`.

    Returns
    -------
    DataFrame
        group, n_rows (denominator), n_looked (numerator), n_censored, n_participants, restricted_mean_s
        with low and high, until_s, median_s with low and high (NaN: not reached), rule.
    """
    rows = []
    for label, item in found.items():
        got = item.survival
        rows.append(
            {
                "group": label,
                "n_rows": got.observations,
                "n_looked": got.events,
                "n_censored": got.observations - got.events,
                "n_participants": got.clusters,
                "restricted_mean_s": got.restricted_mean,
                "restricted_mean_low_s": got.restricted_mean_low,
                "restricted_mean_high_s": got.restricted_mean_high,
                "until_s": got.until,
                "median_s": got.median,
                "median_low_s": got.median_low,
                "median_high_s": got.median_high,
                "rule": item.rule,
            }
        )
    return pd.DataFrame(rows)


def compare_first_looks(
    a: pd.DataFrame,
    b: pd.DataFrame,
    *,
    until_s: float | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> FirstLookDifference:
    """Compare the time to the first fixation of two groups; the same people may be in both.

    Parameters
    ----------
    a, b : DataFrame
        Looks of each group.
    until_s : float, optional
        Common window, s; None: `usual_window`.
    draws : int
        Bootstrap draws of people.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    FirstLookDifference

    Raises
    ------
    ParameterError
        If a group is empty.
    """
    for group in (a, b):
        require_columns(group, ["participant_id", "time_s", "looked"])
        if group.empty:
            raise ParameterError("looks", 0, "at least one exposure in each group")
    parts = [(group["time_s"], group["looked"], group["participant_id"]) for group in (a, b)]
    difference, low, high, window = restricted_mean_difference(
        *parts, until=until_s, draws=draws, level=level, rng=rng
    )
    both = pd.concat([a, b], ignore_index=True)
    in_a = np.arange(len(both)) < len(a)
    z, p_value = clustered_log_rank(both["time_s"], both["looked"], in_a, both["participant_id"])
    people = [set(group["participant_id"]) for group in (a, b)]
    counts = (len(people[0]), len(people[1]), len(people[0] & people[1]))
    return FirstLookDifference(difference, low, high, window, z, p_value, *counts)
