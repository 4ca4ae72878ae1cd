"""What in a field log cannot be true, or is doubtful: everything at once, each with its first place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from gazestudy.fieldwork.sampling import refusal
from gazestudy.fieldwork.sessions import session_seconds
from gazestudy.model.fieldwork import ITEM_RULES, FieldLog
from gazestudy.model.recording import Finding, Severity

_LATE_S = 1.0


def check_field_log(log: FieldLog) -> tuple[Finding, ...]:
    """Return what is wrong or doubtful in a field log.

    Parameters
    ----------
    log : FieldLog
        Observation tables that keep their contracts.

    Returns
    -------
    tuple of Finding
        Empty where nothing was found. Problems are rows that no figure should use; warnings may be right.

    Raises
    ------
    TableError
        If a session has no usable start and stop: nothing else could be said then.

    Notes
    -----
    Rules of parts and wholes are those of `ITEM_RULES`; a protocol may have more, which are checked where it
    is known.
    """
    times = session_seconds(log.sessions)
    steps: tuple[Callable[[FieldLog, pd.DataFrame], Iterator[Finding]], ...] = (
        _strangers,
        _doubles,
        _values,
        _parts_and_wholes,
        _late_rows,
        _states,
        _sampling,
        _silence,
    )
    return tuple(finding for step in steps for finding in step(log, times))


def _finding(severity: Severity, table: str, code: str, bad: pd.DataFrame, words: str) -> Iterator[Finding]:
    if len(bad):
        first = bad.iloc[0]
        number = next(
            (f", number {first[c]}" for c in ("interval_no", "scan_no", "event_id") if c in bad), ""
        )
        item = next((f", {first[c]!r}" for c in ("item", "code") if c in bad), "")
        place = f"first in session {first['session_id']!r}{number}{item}"
        yield Finding(severity, table, code, f"{words}: {len(bad)} rows, {place}", len(bad))


def _strangers(log: FieldLog, times: pd.DataFrame) -> Iterator[Finding]:
    for name, table in log.tables().items():
        if name not in ("sessions", "reliability_pairs"):
            bad = table[~table["session_id"].isin(times.index)]
            yield from _finding("problem", name, "unknown_session", bad, "no such session")


def _doubles(log: FieldLog, times: pd.DataFrame) -> Iterator[Finding]:
    keys = {
        "interval_counts": ["session_id", "interval_no", "placement_id", "item"],
        "scans": ["session_id", "scan_no", "placement_id", "item"],
        "events": ["session_id", "event_id"],
    }
    for name, key in keys.items():
        table = log.tables()[name]
        bad = table[table.duplicated(key)]
        yield from _finding("problem", name, "doubled", bad, "the same value is given twice")


def _values(log: FieldLog, times: pd.DataFrame) -> Iterator[Finding]:
    counts, scans = log.interval_counts, log.scans
    wrong = counts[(counts["value"] < 0) | (counts["value"] % 1 != 0)]
    yield from _finding(
        "problem", "interval_counts", "not_a_count", wrong, "no count: negative, broken or empty"
    )
    percent = scans["item"].str.endswith("_percent")
    value = scans["value"]
    wrong = scans[(value < 0) | (percent & (value > 100)) | (~percent & value.notna() & (value % 1 != 0))]
    yield from _finding("problem", "scans", "not_a_count", wrong, "no count, and no percent from 0 to 100")


def _parts_and_wholes(log: FieldLog, times: pd.DataFrame) -> Iterator[Finding]:
    for name, slot in (("interval_counts", "interval_no"), ("scans", "scan_no")):
        table = log.tables()[name]
        for part, whole in ITEM_RULES:
            parts, wholes = table[table["item"] == part], table[table["item"] == whole]
            if parts.empty or wholes.empty:
                continue
            keys = ["session_id", slot, "placement_id"]
            own = wholes.groupby(keys)["value"].sum()
            point = own[own.index.get_level_values("placement_id") == ""].droplevel("placement_id")
            exact = own.reindex(pd.MultiIndex.from_frame(parts[keys])).to_numpy()
            general = point.reindex(pd.MultiIndex.from_frame(parts[keys[:2]])).to_numpy()
            most = np.where(np.isnan(exact), general, exact)
            bad = parts[parts["value"].to_numpy() > most]
            yield from _finding("problem", name, "part_exceeds_whole", bad, f"{part} is more than {whole}")


def _late_rows(log: FieldLog, times: pd.DataFrame) -> Iterator[Finding]:
    for name, column in (("interval_counts", "start_s"), ("scans", "at_s"), ("events", "t_s")):
        table = log.tables()[name]
        length = table["session_id"].map(times["length_s"]).astype("float64")
        bad = table[(table[column] < -_LATE_S) | (table[column] > length + _LATE_S)]
        yield from _finding("problem", name, "outside_session", bad, "before the start or after the stop")
    counts = log.interval_counts
    empty = counts[counts["end_s"] <= counts["start_s"]]
    yield from _finding(
        "problem", "interval_counts", "no_length", empty, "interval that ends before it starts"
    )
    length = counts["session_id"].map(times["length_s"]).astype("float64")
    late = counts[counts["end_s"] > length + _LATE_S]
    words = "interval that ends after the session; it is taken to end with it"
    yield from _finding("warning", "interval_counts", "cut_interval", late, words)


def _states(log: FieldLog, times: pd.DataFrame) -> Iterator[Finding]:
    events = log.events
    state = events["form"] == "state"
    bad = events[state & ~(events["t_end_s"] >= events["t_s"])]
    yield from _finding(
        "problem", "events", "no_end", bad, "state without an end, or that ends before it starts"
    )
    closed = events[state & (events["closed_by"] == "session_end")]
    yield from _finding(
        "warning", "events", "closed_by_session", closed, "state left open, ended with the session"
    )


def _sampling(log: FieldLog, times: pd.DataFrame) -> Iterator[Finding]:
    counts = log.interval_counts
    for (item, rule), rows in counts.groupby(["item", "rule"], observed=True):
        length = float((rows["end_s"] - rows["start_s"]).median())
        reason = refusal(str(item), str(rule), interval_s=length if length > 0 else None)
        if reason:
            yield from _finding("problem", "interval_counts", "sampling_rule", rows, reason)


def _silence(log: FieldLog, times: pd.DataFrame) -> Iterator[Finding]:
    tables = [table for name, table in log.tables().items() if name not in ("sessions", "reliability_pairs")]
    written = set().union(*(set(table["session_id"]) for table in tables))
    silent = log.sessions[~log.sessions["session_id"].isin(list(written))]
    words = "session without a single row: nothing happened, or nothing was written down"
    yield from _finding("warning", "sessions", "silent", silent, words)
