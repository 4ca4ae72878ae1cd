"""How long each session watched, and which sessions overlap at one point."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from gazestudy.errors import TableError
from gazestudy.model.fieldwork import RELIABILITY_PAIRS, field_table


def session_seconds(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return start and length of each session from its explicit start and stop.

    Parameters
    ----------
    sessions : DataFrame
        Keeps the contract `SESSIONS`.

    Returns
    -------
    DataFrame
        Indexed by session_id: `start_unix_s`, `length_s` (start to stop), `watched_s` (without pauses).

    Raises
    ------
    TableError
        With every session that has no usable start or stop, stops before it starts, pauses longer than it
        lasts, or has the id of another.

    Notes
    -----
    The time of the last event is never taken as the end: an hour in which little happened is an hour.
    """
    problems: list[str] = []
    seen: set[str] = set()
    rows: list[tuple[str, float, float, float]] = []
    columns = ("session_id", "started_at", "stopped_at", "paused_s")
    for session_id, started, stopped, paused in sessions[list(columns)].itertuples(index=False):
        start, stop = _unix_s(started), _unix_s(stopped)
        if start is None or stop is None:
            problems.append(
                f"session {session_id!r}: start {started!r}, stop {stopped!r}; expected ISO 8601 with offset"
            )
        elif session_id in seen:
            problems.append(f"session {session_id!r}: the id is used twice")
        elif stop <= start or paused < 0 or paused >= stop - start:
            problems.append(
                f"session {session_id!r}: lasts {stop - start:g} s with {paused:g} s of pauses; "
                "expected time that was watched"
            )
        else:
            seen.add(session_id)
            rows.append((session_id, start, stop - start, stop - start - paused))
    if problems:
        raise TableError("sessions", problems)
    found = pd.DataFrame(rows, columns=["session_id", "start_unix_s", "length_s", "watched_s"])
    return found.set_index("session_id")


def daypart_order(sessions: pd.DataFrame) -> list[str]:
    """Return the dayparts of sessions as they follow each other in the day, by mean local start.

    Parameters
    ----------
    sessions : DataFrame
        Keeps the contract `SESSIONS`, with starts that `session_seconds` can read.
    """
    starts = [datetime.fromisoformat(text) for text in sessions["started_at"]]
    hours = pd.Series([start.hour + start.minute / 60 for start in starts], dtype="float64")
    mean = hours.groupby(sessions["daypart"].to_numpy()).mean()
    return [str(name) for name in mean.sort_values(kind="stable").index]


def find_pairs(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of sessions in which two observers watched one point at the same time.

    Parameters
    ----------
    sessions : DataFrame
        Keeps the contract `SESSIONS`.

    Returns
    -------
    DataFrame
        Keeps the contract `RELIABILITY_PAIRS`: each session of role second with the primary session of the
        same station and point that it overlaps longest.
    """
    if sessions.empty:
        return RELIABILITY_PAIRS.empty()
    times = session_seconds(sessions)
    first, second = sessions[sessions["role"] == "primary"], sessions[sessions["role"] == "second"]
    pairs = []
    for row in second.itertuples(index=False):
        same = first[(first["station_id"] == row.station_id) & (first["point_id"] == row.point_id)]
        same = same[same["observer"] != row.observer]
        overlaps = [overlap_s(times, name, str(row.session_id)) for name in same["session_id"]]
        if overlaps and max(overlaps) > 0:
            best = same["session_id"].iloc[int(np.argmax(overlaps))]
            pairs.append({"session_a": best, "session_b": row.session_id, "kind": "simultaneous"})
    return field_table("reliability_pairs", pairs) if pairs else RELIABILITY_PAIRS.empty()


def overlap_s(times: pd.DataFrame, session_a: str, session_b: str) -> float:
    """Return for how long two sessions ran at the same time, s.

    Parameters
    ----------
    times : DataFrame
        From `session_seconds`.
    session_a, session_b : str
        Two sessions.
    """
    starts = times.loc[[session_a, session_b], "start_unix_s"].to_numpy()
    ends = starts + times.loc[[session_a, session_b], "length_s"].to_numpy()
    return max(0.0, float(ends.min() - starts.max()))


def _unix_s(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.timestamp() if moment.tzinfo is not None else None
