"""Numbers of the report from the tables of the study: each with numerator, denominator, interval and rung."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.tables import VIEWED_MS
from gazestudy.report.evidence import Evidence
from gazestudy.report.structure import Number, Rung
from gazestudy.statistics.bootstrap import cluster_bootstrap
from gazestudy.statistics.intervals import Estimate, clustered_share, share_interval

IN_VIEW = "participants in whose view it came"
_DRAWS = 2000

MEMORIES = {
    "recalled_unaided": "recalled unaided",
    "recalled_aided": "recalled with a cue",
    "recognised": "recognised",
}
"""Kinds of memory by their column, in words; never merged."""

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
    if evidence.cases is None:
        return {}
    seen = evidence.cases[evidence.cases["placement_id"] == placement_id]
    n, people, noticed = len(seen), evidence.walkers, int(seen["fixated"].sum())
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
            rule=f"at least one fixation of {VIEWED_MS:g} ms or longer on it during an exposure",
        ),
        "dwell": spread(
            "Looking time", seen["dwell_s"].to_numpy(float), np.mean, "s", "attention", IN_VIEW,
            seed=evidence.seed,
            rule="mean of summed fixations on it; 0 for those who had it in view and did not look",
        ),
    }  # fmt: skip


def remembered_share(evidence: Evidence, placement_id: str, column: str) -> Number:
    """Return the share of those asked who remembered a placement that had come into their view."""
    name, of = MEMORIES[column].capitalize(), "participants asked in whose view it came"
    if evidence.cases is None or column not in evidence.cases:
        return share(name, 0, 0, of, "memory")
    said = evidence.cases.loc[evidence.cases["placement_id"] == placement_id, column].dropna()
    return share(name, int(said.sum()), len(said), of, "memory")


def overall_notice(evidence: Evidence) -> Number | None:
    """Return the share of cases (participant and placement in view) with a look; None without recordings."""
    if evidence.cases is None:
        return None
    by_person = evidence.cases.groupby("participant_id")["fixated"].agg(["sum", "size"])
    found = clustered_share(by_person["sum"].to_numpy(float), by_person["size"].to_numpy(float))
    return Number(
        "Looked at, all placements", found.value, "share", "attention", found.clusters,
        "times that a placement came into a participant's view", found.low, found.high, found.level,
        found.numerator, found.denominator,
        f"participant and placement in whose view it came; a fixation of {VIEWED_MS:g} ms or longer",
        found.method,
    )  # fmt: skip


def share(
    name: str, count: int, n: int, of: str, rung: Rung, *, rule: str = "", level: float = 0.95
) -> Number:
    """Return a share of independent people with its Wilson interval."""
    low, high = share_interval(count, n, level=level)
    value = count / n if n else math.nan
    method = "Wilson, one each" if n else "no observations"
    return Number(name, value, "share", rung, n, of, low, high, level, count, n, rule, method)


def number_of(name: str, estimate: Estimate, rung: Rung, of: str, *, rule: str = "") -> Number:
    """Return a share that was estimated over clusters as a number."""
    return Number(
        name, estimate.value, "share", rung, estimate.clusters, of, estimate.low, estimate.high,
        estimate.level, estimate.numerator, estimate.denominator, rule, estimate.method,
    )  # fmt: skip


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
