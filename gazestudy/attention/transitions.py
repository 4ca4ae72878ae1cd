"""From where to where the gaze goes: transitions between placements, and between AOIs of a placement."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance
from gazestudy.statistics.groups import require_columns

TRANSITION_COLUMNS = (
    "placement_id",
    "from_id",
    "to_id",
    "transitions",
    "from_transitions",
    "n_participants",
    "from_participants",
    "probability",
    "low",
    "high",
    "median_between_s",
    "method",
)
"""Columns of a table of transitions; placement_id is empty for those between placements."""

RULES = {
    "transition": "two visits of one recording that follow each other, each of min_fixations or more",
    "probability": "transitions / from_transitions: of those that left `from`, with the interval of a share "
    "over participants",
    "n_participants": "participants who made the transition at least once, of the from_participants who left",
    "median_between_s": "end of one visit to the onset of the next, not below 0; AOIs may overlap",
}
"""How every figure is made, in words."""


def find_transitions(
    visits: pd.DataFrame,
    *,
    between: Literal["placements", "aois"] = "placements",
    min_fixations: int = 1,
    max_between_s: float | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how often and with what probability a visit to one thing follows a visit to another.

    Parameters
    ----------
    visits : DataFrame
        Contract `VISITS` of any number of recordings, with `recording_id` and `participant_id`.
    between : {"placements", "aois"}
        Between whole placements, or between the AOIs of each placement.
    min_fixations : int
        Visits with fewer fixations do not count.
    max_between_s : float, optional
        A longer pause between two visits ends the chain, s; None: none does.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        One row per pair that occurred, columns `TRANSITION_COLUMNS`, most frequent first. `from_id` =
        `to_id` is a return to the same after a pause.

    Raises
    ------
    ParameterError
        If a column is missing or `between` is unknown.

    Examples
    --------
    >>> visits = pd.DataFrame({"recording_id": "r", "participant_id": "p", "aoi_id": "", "fixation_count": 1,
    ...     "placement_id": ["a", "b", "a"], "onset_ns": [0, 10, 20], "offset_ns": [5, 15, 25]})
    >>> find_transitions(visits)[["from_id", "to_id", "transitions", "probability"]].to_numpy().tolist()
    [['a', 'b', 1, 1.0], ['b', 'a', 1, 1.0]]
    """
    names = [
        "recording_id",
        "participant_id",
        "placement_id",
        "aoi_id",
        "onset_ns",
        "offset_ns",
        "fixation_count",
    ]
    require_columns(visits, names)
    if between not in ("placements", "aois"):
        raise ParameterError("between", between, "placements or aois")
    whole = visits["aoi_id"] == ""
    rows = visits[
        (visits["fixation_count"] >= min_fixations) & (whole if between == "placements" else ~whole)
    ]
    rows = rows.sort_values(["recording_id", "onset_ns", "offset_ns"], kind="stable")
    chain = ["recording_id"] if between == "placements" else ["recording_id", "placement_id"]
    target = "placement_id" if between == "placements" else "aoi_id"
    steps = _steps(rows, chain, target, max_between_s)
    if between == "placements":
        steps["placement_id"] = ""
    table = _table(steps, level)
    parameters = {
        "between": between,
        "min_fixations": min_fixations,
        "max_between_s": max_between_s,
        "level": level,
    }
    return Provenance("attention.transitions", 1, parameters, {"rules": RULES}).attach(table)


def _steps(rows: pd.DataFrame, chain: list[str], target: str, max_between_s: float | None) -> pd.DataFrame:
    """Return one row per pair of visits that follow each other in a chain."""
    groups = rows.groupby(chain, sort=False)
    steps = pd.DataFrame(
        {
            "participant_id": rows["participant_id"],
            "placement_id": rows["placement_id"],
            "from_id": rows[target],
            "to_id": groups[target].shift(-1),
            "between_s": ((groups["onset_ns"].shift(-1) - rows["offset_ns"]) / 1e9).clip(lower=0),
        }
    ).dropna(subset=["to_id"])
    return steps if max_between_s is None else steps[steps["between_s"] <= max_between_s].copy()


def _table(steps: pd.DataFrame, level: float) -> pd.DataFrame:
    from gazestudy.statistics.intervals import clustered_share

    rows = []
    for (placement, start), leaving in steps.groupby(["placement_id", "from_id"], sort=False):
        people = leaving.groupby("participant_id", sort=False).size()
        for end, going in leaving.groupby("to_id", sort=False):
            mine = going.groupby("participant_id").size().reindex(people.index, fill_value=0)
            share = clustered_share(mine, people, level=level)
            rows.append(
                (
                    placement,
                    start,
                    end,
                    len(going),
                    len(leaving),
                    going["participant_id"].nunique(),
                    len(people),
                    share.value,
                    share.low,
                    share.high,
                    float(going["between_s"].median()),
                    share.method,
                )
            )
    table = pd.DataFrame(rows, columns=list(TRANSITION_COLUMNS))
    return table.sort_values(
        ["placement_id", "transitions"], ascending=[True, False], kind="stable", ignore_index=True
    )
