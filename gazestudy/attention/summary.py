"""Metrics over participants, with every numerator and denominator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazestudy.attention.cases import CASE_RULE, participant_cases
from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance
from gazestudy.statistics.groups import share_by_group

RULES = {
    "case": CASE_RULE,
    "n_participants": "participants in the group, exposed or not",
    "n_exposed": "cases with at least one exposure: the denominator",
    "n_noticed": "exposed cases with at least one fixation that is long enough to count: the numerator",
    "notice_rate": "n_noticed / n_exposed, with its 95 % interval over participants: Wilson score (doi "
    "10.1080/01621459.1927.10502953) where each has one case, else for the effective number of cases with t; "
    "notice_rate_method says which",
    "median_dwell_ms": "over exposed cases, 0 where not noticed",
    "median_dwell_noticed_ms": "over noticed cases",
    "median_gaze_ms": "over exposed cases, 0 where never looked at",
    "median_exposure_ms": "over exposed cases",
    "median_time_to_first_fixation_ms": "over noticed cases only: those who never looked are left out, so "
    "it is no estimate for all who were exposed",
    "mean_fixation_count, mean_visit_count": "over exposed cases",
}
"""How every summary is made, in words."""


def summarise(metrics: pd.DataFrame, by: Sequence[str] = ("placement_id", "aoi_id")) -> pd.DataFrame:
    """Return shares and medians over participants.

    Parameters
    ----------
    metrics : DataFrame
        Metrics of any number of recordings, one below the other (contract `METRICS`). Columns such as
        `segment` may have been joined to it.
    by : sequence of str
        Columns to group by. Without "aoi_id" only whole placements count.

    Returns
    -------
    DataFrame
        One row per group: the columns of `by`, `n_participants`, `n_exposed`, `n_noticed`, `notice_rate`,
        `notice_rate_low`, `notice_rate_high`, `notice_rate_method`, `median_exposure_ms`, `median_dwell_ms`,
        `median_dwell_noticed_ms`, `median_gaze_ms`, `median_time_to_first_fixation_ms`,
        `mean_fixation_count`, `mean_visit_count`. Rates and medians are NaN where nobody was exposed or
        noticed. The rules are in the provenance.

    Raises
    ------
    ParameterError
        If a column to group by is not there.
    """
    for name in by:
        if name not in metrics.columns:
            raise ParameterError("by", name, "a column of the metrics: " + ", ".join(metrics.columns))
    rows = metrics if "aoi_id" in by else metrics[metrics["aoi_id"] == ""]
    cases = participant_cases(rows, by)
    groups = cases.groupby(list(by), sort=False, dropna=False)
    exposed = cases["exposure_count"] > 0
    noticed = exposed & cases["noticed"]
    result = groups["participant_id"].nunique().rename("n_participants").to_frame()
    result["n_exposed"] = exposed.groupby([cases[name] for name in by], sort=False, dropna=False).sum()
    result["n_noticed"] = noticed.groupby([cases[name] for name in by], sort=False, dropna=False).sum()
    shares = share_by_group(cases.assign(noticed=noticed.astype(float).where(exposed)), "noticed", by=by)
    for name, source in (
        ("notice_rate", "value"),
        ("notice_rate_low", "low"),
        ("notice_rate_high", "high"),
        ("notice_rate_method", "method"),
    ):
        result[name] = shares[source].to_numpy()  # groups of both tables are in order of appearance
    for name, source, which, how in (
        ("median_exposure_ms", "exposure_ms", exposed, "median"),
        ("median_dwell_ms", "dwell_ms", exposed, "median"),
        ("median_dwell_noticed_ms", "dwell_ms", noticed, "median"),
        ("median_gaze_ms", "gaze_ms", exposed, "median"),
        ("median_time_to_first_fixation_ms", "time_to_first_fixation_ms", noticed, "median"),
        ("mean_fixation_count", "fixation_count", exposed, "mean"),
        ("mean_visit_count", "visit_count", exposed, "mean"),
    ):
        counted = cases[which].groupby(list(by), sort=False, dropna=False)[source].agg(how)
        result[name] = counted.reindex(result.index).astype(np.float64)
    return Provenance("attention.summary", 2, {"by": list(by)}, {"rules": RULES}).attach(result.reset_index())
