"""Dwell in two parts: whether somebody looked, and then for how long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance
from gazestudy.statistics.groups import each_group, require_columns

DWELL_COLUMNS = (
    "n_cases",
    "n_participants",
    "n_noticed",
    "notice_rate",
    "notice_rate_low",
    "notice_rate_high",
    "median_dwell_noticed_s",
    "median_dwell_noticed_low_s",
    "median_dwell_noticed_high_s",
    "geometric_mean_dwell_noticed_s",
    "mean_dwell_s",
    "mean_dwell_low_s",
    "mean_dwell_high_s",
    "total_dwell_s",
)
"""Columns of a table of dwell, after those of its groups."""

RULES = {
    "n_cases": "cases in view: the denominator of the share and of the mean",
    "notice_rate": "n_noticed / n_cases, with the interval of a notice rate",
    "median_dwell_noticed_s": "over cases with a fixation; limits by bootstrap over participants",
    "geometric_mean_dwell_noticed_s": "exp of the mean of log dwell, over cases with a fixation",
    "mean_dwell_s": "total_dwell_s / n_cases, 0 where nobody looked; limits by bootstrap over participants",
}
"""How every figure is made, in words."""


def dwell_by_group(
    cases: pd.DataFrame,
    by: Sequence[str] = (),
    *,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the share that looked, the dwell of those who did, and the mean over all who were exposed.

    Parameters
    ----------
    cases : DataFrame
        One row per participant and placement in view: participant_id, fixated, dwell_s (0 where not
        fixated), and the columns of `by`. From `exposed_cases`, or contract `MEMORY_CASES`.
    by : sequence of str
        Columns to group by; none: everything is one group.
    draws : int
        Bootstrap draws of participants.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    DataFrame
        The columns of `by` and `DWELL_COLUMNS`, with the rules in its provenance. What nobody looked at has
        no dwell of lookers.

    Raises
    ------
    ParameterError
        If a column is missing, or a dwell is negative or unknown.

    Examples
    --------
    >>> met = pd.DataFrame({"participant_id": list("abcd"), "fixated": [True, True, False, False],
    ...                     "dwell_s": [0.4, 1.2, 0.0, 0.0]})
    >>> row = dwell_by_group(met, rng=np.random.default_rng(0)).iloc[0]
    >>> float(row["notice_rate"]), float(row["median_dwell_noticed_s"]), float(row["mean_dwell_s"])
    (0.5, 0.8, 0.4)
    """
    from gazestudy.statistics.durations import clustered_mean, clustered_median
    from gazestudy.statistics.intervals import clustered_share

    require_columns(cases, ["participant_id", "fixated", "dwell_s", *by])
    dwell = cases["dwell_s"].to_numpy(dtype=float)
    if not (np.isfinite(dwell).all() and np.all(dwell >= 0)):
        raise ParameterError("dwell_s", float(dwell.min()), "0 s or more, known for every case in view")
    rows = []
    for key, part in each_group(cases, by):
        people, looked = part["participant_id"], part["fixated"].to_numpy(dtype=bool)
        counts = part.assign(looked=looked.astype(float)).groupby("participant_id", sort=False)["looked"]
        share = clustered_share(counts.sum(), counts.size(), level=level)
        seconds = part.loc[looked, "dwell_s"]
        median = clustered_median(seconds, people[looked], draws=draws, level=level, rng=rng)
        mean = clustered_mean(part["dwell_s"], people, draws=draws, level=level, rng=rng)
        positive = seconds[seconds > 0]
        rows.append(
            (
                *key,
                len(part),
                share.clusters,
                int(looked.sum()),
                *(share.value, share.low, share.high),
                *(median.value, median.low, median.high),
                float(np.exp(np.log(positive).mean())) if len(positive) else float("nan"),
                *(mean.value, mean.low, mean.high),
                float(part["dwell_s"].sum()),
            )
        )
    table = pd.DataFrame(rows, columns=[*by, *DWELL_COLUMNS])
    parameters = {"by": list(by), "draws": draws, "level": level}
    return Provenance("attention.dwelling", 1, parameters, {"rules": RULES}).attach(table)
