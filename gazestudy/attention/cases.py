"""All recordings of a participant together: one row per participant and placement."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gazestudy.statistics.groups import require_columns

CASE_RULE = "one participant and one placement (or AOI), all recordings of the participant together"
"""What a case is."""


def participant_cases(metrics: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Put all recordings of a participant together, per placement and AOI, exposed or not.

    Parameters
    ----------
    metrics : DataFrame
        Contract `METRICS`, to which columns such as `segment` may have been joined.
    by : sequence of str
        Columns that keep recordings apart, such as daypart.

    Returns
    -------
    DataFrame
        The columns of `by`, participant_id, placement_id, aoi_id, and sums over recordings in ms; `noticed`
        is true where it was in any of them.
    """
    keys = list(dict.fromkeys([*by, "participant_id", "placement_id", "aoi_id"]))
    return (
        metrics.groupby(keys, sort=False, dropna=False)
        .agg(
            exposure_count=("exposure_count", "sum"),
            exposure_ms=("exposure_ms", "sum"),
            noticed=("noticed", "any"),
            dwell_ms=("dwell_ms", "sum"),
            gaze_ms=("gaze_ms", "sum"),
            time_to_first_fixation_ms=("time_to_first_fixation_ms", "min"),
            fixation_count=("fixation_count", "sum"),
            visit_count=("visit_count", "sum"),
        )
        .reset_index()
    )


def exposed_cases(metrics: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the cases in which the placement was in view, whole placements only.

    Parameters
    ----------
    metrics : DataFrame
        As for `participant_cases`.
    by : sequence of str
        Columns that keep recordings apart.

    Returns
    -------
    DataFrame
        The columns of `by`, participant_id, placement_id, exposure_count, exposed_s, fixated, fixation_count,
        visit_count, dwell_s (0 where never fixated) and gaze_s, named as in `MEMORY_CASES`.
    """
    require_columns(metrics, ["participant_id", "placement_id", "aoi_id", "exposure_count", *by])
    cases = participant_cases(metrics[metrics["aoi_id"] == ""], by)
    cases = cases[cases["exposure_count"] > 0].drop(columns=["aoi_id", "time_to_first_fixation_ms"])
    for name, source in (("exposed_s", "exposure_ms"), ("dwell_s", "dwell_ms"), ("gaze_s", "gaze_ms")):
        cases[name] = cases.pop(source) / 1000.0
    return cases.rename(columns={"noticed": "fixated"}).reset_index(drop=True)
