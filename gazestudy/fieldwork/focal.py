"""Focal follows: how long states lasted and how often points came, over the time that was watched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.rates import GROUPS
from gazestudy.fieldwork.sampling import RULE_WORDS
from gazestudy.fieldwork.sessions import session_seconds
from gazestudy.model.fieldwork import FieldLog
from gazestudy.statistics.intervals import clustered_ratio, clustered_share

FOCAL_COLUMNS = (
    "code",
    "form",
    "value",
    "low",
    "high",
    "unit",
    "numerator",
    "denominator",
    "median_s",
    "sessions",
    "rule",
    "method",
)
"""Columns of a table of focal follows, after those of its groups.

States: share of time, numerator and denominator in s, `median_s` the median bout. Points: how often a minute,
numerator in times, denominator in minutes.
"""


def watching_sessions(log: FieldLog) -> set[str]:
    """Return the sessions that watched for events: with some, or by a protocol with which others have some.

    Parameters
    ----------
    log : FieldLog
        Observation tables.

    Returns
    -------
    set of str
        A session that counted passers-by without following anybody is not in it; one that followed people
        who did nothing is.
    """
    busy = set(log.events["session_id"])
    protocol = log.sessions.set_index("session_id")["protocol_id"]
    protocols = set(protocol[protocol.index.isin(list(busy))]) - {""}
    return {str(name) for name in busy | set(protocol.index[protocol.isin(list(protocols))])}


def focal_table(log: FieldLog, *, by: Sequence[str] = (), level: float = 0.95) -> pd.DataFrame:
    """Return shares of time and rates per minute of focal follows, with intervals clustered by session.

    Parameters
    ----------
    log : FieldLog
        Observation tables; only sessions of role primary count.
    by : sequence of str
        Session columns, some of `GROUPS` without placement_id.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        The group columns, then `FOCAL_COLUMNS`; one row per group and code.

    Raises
    ------
    ParameterError
        If a group is not known.

    Notes
    -----
    The denominator is the time from start to stop without pauses, never the time of the last event, and
    sessions in which a code did not happen count with 0. Bouts of one code that overlap, of several followed
    people, count once: the share is that of time in which at least one of them did it.
    """
    unknown = [name for name in by if name not in GROUPS or name == "placement_id"]
    if unknown:
        raise ParameterError("by", unknown, "session columns such as point_id and daypart")
    sessions = log.sessions[log.sessions["role"] == "primary"]
    sessions = sessions[sessions["session_id"].isin(list(watching_sessions(log)))]
    watched = session_seconds(sessions)["watched_s"]
    events = log.events[log.events["session_id"].isin(watched.index)]
    groups = [((), sessions)] if not by else sessions.groupby(list(by), observed=True, sort=True)
    rows: list[dict[str, object]] = []
    for key, group in groups:
        time = watched.loc[group["session_id"]]
        inside = events[events["session_id"].isin(group["session_id"])]
        for (code, form), part in inside.groupby(["code", "form"], observed=True):
            figure = _state(part, time, level) if form == "state" else _point(part, time, level)
            known = dict(zip(by, key, strict=True))
            rows.append({**known, "code": code, "form": form, **figure, "rule": RULE_WORDS["focal"]})
    return pd.DataFrame(rows, columns=[*by, *FOCAL_COLUMNS])


def _state(part: pd.DataFrame, time: pd.Series, level: float) -> dict[str, object]:
    seconds = {name: _union_s(bouts) for name, bouts in part.groupby("session_id")}
    on = np.minimum([seconds.get(name, 0.0) for name in time.index], time.to_numpy())
    found = clustered_share(on, time, level=level)
    lasted = (part["t_end_s"] - part["t_s"]).median()
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "unit": "share of time",
        "numerator": found.numerator,
        "denominator": found.denominator,
        "median_s": float(lasted),
        "sessions": found.clusters,
        "method": found.method.replace("one cluster", "one session"),
    }


def _point(part: pd.DataFrame, time: pd.Series, level: float) -> dict[str, object]:
    counted = part.groupby("session_id").size().reindex(time.index, fill_value=0)
    found = clustered_ratio(counted, time / 60, level=level)
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "unit": "per minute",
        "numerator": found.numerator,
        "denominator": found.denominator,
        "median_s": float("nan"),
        "sessions": found.clusters,
        "method": found.method.replace("one cluster", "one session"),
    }


def _union_s(bouts: pd.DataFrame) -> float:
    ordered = bouts.dropna(subset=["t_end_s"]).sort_values("t_s")
    start, end = ordered["t_s"].to_numpy(), ordered["t_end_s"].to_numpy()
    reached = np.concatenate([[-np.inf], np.maximum.accumulate(end)[:-1]])
    return float(np.clip(end - np.maximum(start, reached), 0, None).sum())
