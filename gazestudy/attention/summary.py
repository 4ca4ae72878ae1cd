"""Metrics over participants, with every numerator and denominator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance

_Z = 1.959963984540054  # 97.5 % point of the normal distribution: 95 % intervals

RULES = {
    "case": "one participant and one placement (or AOI), all recordings of the participant together",
    "n_participants": "participants in the group, exposed or not",
    "n_exposed": "cases with at least one exposure: the denominator",
    "n_noticed": "exposed cases with at least one fixation: the numerator",
    "notice_rate": "n_noticed / n_exposed, with its 95 % Wilson score interval "
    "(doi 10.1080/01621459.1927.10502953)",
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
        `notice_rate_low`, `notice_rate_high`, `median_exposure_ms`, `median_dwell_ms`,
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
    cases = _cases(rows, list(by))
    groups = cases.groupby(list(by), sort=False, dropna=False)
    exposed = cases["exposure_count"] > 0
    noticed = exposed & cases["noticed"]
    result = groups["participant_id"].nunique().rename("n_participants").to_frame()
    result["n_exposed"] = exposed.groupby([cases[name] for name in by], sort=False, dropna=False).sum()
    result["n_noticed"] = noticed.groupby([cases[name] for name in by], sort=False, dropna=False).sum()
    low, high = wilson_interval(result["n_noticed"].to_numpy(), result["n_exposed"].to_numpy())
    result["notice_rate"] = result["n_noticed"] / result["n_exposed"].where(result["n_exposed"] > 0)
    result["notice_rate_low"], result["notice_rate_high"] = low, high
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
    return Provenance("attention.summary", 1, {"by": list(by)}, {"rules": RULES}).attach(result.reset_index())


def _cases(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Put all recordings of a participant together, per placement and AOI (and group)."""
    keys = list(dict.fromkeys([*by, "participant_id", "placement_id", "aoi_id"]))
    return (
        rows.groupby(keys, sort=False, dropna=False)
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


def wilson_interval(numerator: np.ndarray, denominator: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % Wilson score interval of a share.

    Parameters
    ----------
    numerator, denominator : ndarray of int, shape (n,)
        Counts.

    Returns
    -------
    low, high : ndarray of float64, shape (n,)
        Limits from 0 to 1; NaN where the denominator is 0.

    Notes
    -----
    With p = k / n and z = 1.96: (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)
    (Wilson 1927, doi 10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> [round(float(limit[0]), 4) for limit in wilson_interval(np.array([8]), np.array([10]))]
    [0.4902, 0.9433]
    """
    n = np.where(denominator > 0, denominator, np.nan).astype(np.float64)
    share = numerator / n
    centre = share + _Z**2 / (2 * n)
    half = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return np.clip((centre - half) / (1 + _Z**2 / n), 0, 1), np.clip((centre + half) / (1 + _Z**2 / n), 0, 1)
