"""Numbers of the report from the tables of the study: each with numerator, denominator, interval and rung."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.report.evidence import Evidence
from gazestudy.report.structure import Number, Rung
from gazestudy.statistics.bootstrap import cluster_bootstrap
from gazestudy.statistics.intervals import clustered_share, share_interval

IN_VIEW = "participants in whose view it came"
_DRAWS = 2000

RUNG_OF_FIELD: Mapping[str, Rung] = {
    "circulation": "circulation",
    "opportunity": "opportunity",
    "observed noticing": "attention",
    "observed reaction": "response",
    "state": "circumstance",
}
"""Rungs of field figures on the ladder of the report."""

FIELD_NAMES = {
    "flow_per_min": "People passing",
    "flow_per_min_m": "People passing per metre",
    "facing_share": "Walking towards it",
    "notice_rate": "Glanced, as observers saw",
    "look_2s_rate": "Looked for 2 s or more, as observers saw",
    "stop_rate": "Stopped, as observers saw",
    "photo_rate": "Pointed or photographed",
    "hurry_share": "Hurrying",
    "present": "People present",
    "density_m2": "Density",
    "waiting_share": "Waiting",
    "phone_share": "Eyes on a phone",
    "train_looking_share": "Looking for the train",
    "earphones_share": "With earphones",
    "talking_share": "Talking",
    "seated_share": "Sitting",
    "standing_share": "Standing still",
    "facing_face_share": "Turned to the placement",
    "blocked_share": "Hidden by people",
}

_OF = {
    "passed": "people who passed",
    "present": "people present in scans",
    "scans": "scans",
    "min": "minutes watched",
    "min m": "minutes times metres watched",
    "m2 (all scans)": "square metres watched in scans",
}


def cases_of(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return one row per participant and placement, all recordings of the participant together.

    Parameters
    ----------
    metrics : DataFrame
        Rows per recording and placement with participant_id, segment and daypart.

    Returns
    -------
    DataFrame
        participant_id, placement_id, exposure_count, exposed_s, noticed, dwell_s, in_view_s (time in view
        until the first fixation, or all of it where there was none).
    """
    rows = metrics[metrics["aoi_id"] == ""]
    if "creative_id" in rows:
        rows = rows[rows["creative_id"] == ""]
    first = rows["exposure_to_first_fixation_ms"].fillna(rows["censored_at_ms"]).fillna(0.0)
    table = rows.assign(in_view_ms=first).groupby(["participant_id", "placement_id"], sort=False)
    found = table.agg(
        exposure_count=("exposure_count", "sum"),
        exposed_s=("exposure_ms", "sum"),
        noticed=("noticed", "any"),
        dwell_s=("dwell_ms", "sum"),
    ).reset_index()
    found["in_view_s"] = _until_first(rows.assign(in_view_ms=first), found)
    found[["exposed_s", "dwell_s"]] /= 1000.0
    return found


def _until_first(rows: pd.DataFrame, cases: pd.DataFrame) -> NDArray[np.float64]:
    """Return the time in view before the first fixation, over recordings in their order, s."""
    times: dict[tuple[str, str], float] = {}
    done: set[tuple[str, str]] = set()
    for row in rows.itertuples(index=False):
        key = (str(row.participant_id), str(row.placement_id))
        if key in done:
            continue
        times[key] = times.get(key, 0.0) + float(cast("float", row.in_view_ms)) / 1000.0
        if row.noticed:
            done.add(key)
    keys = zip(cases["participant_id"], cases["placement_id"], strict=True)
    return np.array([times[str(person), str(placement)] for person, placement in keys])


def placement_numbers(evidence: Evidence, placement_id: str) -> dict[str, Number]:
    """Return what gaze says about one placement.

    Parameters
    ----------
    evidence : Evidence
        Results of the study.
    placement_id : str
        Which placement.

    Returns
    -------
    dict of str to Number
        "in_view", "time_in_view", "notice_rate", "dwell"; none without recordings.
    """
    if evidence.metrics is None:
        return {}
    cases = cases_of(evidence.metrics)
    mine = cases[cases["placement_id"] == placement_id]
    people = len(evidence.metrics["participant_id"].unique())
    seen = mine[mine["exposure_count"] > 0]
    n, noticed = len(seen), int(seen["noticed"].sum())
    return {
        "in_view": share(
            "Came into view", n, people, "participants", "opportunity",
            rule="at least one exposure in any recording of the participant",
        ),
        "time_in_view": spread(
            "Time in view", seen["exposed_s"].to_numpy(float), np.median, "s", "opportunity", IN_VIEW,
            seed=evidence.seed, rule="median over participants in whose view it came",
        ),
        "notice_rate": share(
            "Looked at", noticed, n, IN_VIEW, "attention",
            rule="at least one fixation on it during an exposure",
        ),
        "dwell": spread(
            "Looking time", seen["dwell_s"].to_numpy(float), np.mean, "s", "attention", IN_VIEW,
            seed=evidence.seed,
            rule="mean of summed fixations on it; 0 for those who had it in view and did not look",
        ),
    }  # fmt: skip


def overall_notice(evidence: Evidence) -> Number | None:
    """Return the share of meetings of a participant with a placement that led to a look."""
    if evidence.metrics is None:
        return None
    cases = cases_of(evidence.metrics)
    seen = cases[cases["exposure_count"] > 0]
    by_person = seen.groupby("participant_id")["noticed"].agg(["sum", "size"])
    found = clustered_share(by_person["sum"].to_numpy(float), by_person["size"].to_numpy(float))
    return Number(
        "Looked at, all placements", found.value, "share", "attention", found.clusters,
        "times that a placement came into a participant's view", found.low, found.high, found.level,
        found.numerator, found.denominator,
        "participant and placement in whose view it came; at least one fixation", found.method,
    )  # fmt: skip


def share(
    name: str, count: int, n: int, of: str, rung: Rung, *, rule: str = "", level: float = 0.95
) -> Number:
    """Return a share of independent people with its Wilson interval."""
    low, high = share_interval(count, n, level=level)
    value = count / n if n else math.nan
    method = "Wilson, one each" if n else "no observations"
    return Number(name, value, "share", rung, n, of, low, high, level, count, n, rule, method)


def spread(
    name: str,
    values: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], Any],
    unit: str,
    rung: Rung,
    of: str,
    *,
    seed: int,
    rule: str = "",
    level: float = 0.95,
) -> Number:
    """Return a mean or median over people with percentile limits of a bootstrap over people."""
    n = len(values)
    if n == 0:
        return Number(name, math.nan, unit, rung, 0, of, level=level, rule=rule, method="no observations")
    low, high = cluster_bootstrap(
        lambda drawn: float(statistic(values[drawn])), n, draws=_DRAWS, level=level,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    method = f"bootstrap over people, {_DRAWS} draws" if n > 1 else "one person: no interval"
    return Number(
        name, float(statistic(values)), unit, rung, n, of, low, high, level, rule=rule, method=method
    )


def field_number(row: Mapping[str, Any], *, level: float = 0.95) -> Number:
    """Return a row of a table of field figures as a number."""
    name, unit = str(row["figure"]), str(row["unit"]).replace("m2", "m²")
    bottom = str(row["denominator_item"])
    of = _OF.get(bottom, bottom)
    if unit != "share":
        of = f"sessions, {float(row['denominator']):,.0f} {of}" if bottom in _OF else "sessions"
    return Number(
        FIELD_NAMES.get(name, name.replace("_", " ")), float(row["value"]), unit,
        RUNG_OF_FIELD[str(row["rung"])], int(row["sessions"]), of, float(row["low"]), float(row["high"]),
        level, float(row["numerator"]), float(row["denominator"]), str(row["rule"]), str(row["method"]),
    )  # fmt: skip


def field_numbers(table: pd.DataFrame, **where: str) -> dict[str, Number]:
    """Return the figures of one group, by name.

    Parameters
    ----------
    table : DataFrame
        Figures, with the columns of `where`.
    **where : str
        Column to value.

    Returns
    -------
    dict of str to Number
        Figures without a value are left out.
    """
    rows = table
    for column, value in where.items():
        rows = rows[rows[column].astype(str) == value]
    records = cast("list[dict[str, Any]]", rows.to_dict(orient="records"))
    return {str(row["figure"]): field_number(row) for row in records if math.isfinite(float(row["value"]))}
