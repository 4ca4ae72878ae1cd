"""Two observers brought together: when both watched, and what each wrote down then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.fieldwork.focal import watching_sessions
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.recording import Finding

NONE = "none"
"""Category of time in which an observer has no state."""

BLOCK_S = 300.0
"""Length of the blocks that a bootstrap draws where there are too few pairs of sessions."""

_SLOT_TOLERANCE_S = 15


@dataclass(frozen=True, slots=True)
class Window:
    """Time in which two sessions ran.

    Attributes
    ----------
    session_a, session_b : str
        The sessions.
    length_s : float
        For how long both ran, s.
    from_a_s, from_b_s : float
        When that began, since the start of each session, s.
    """

    session_a: str
    session_b: str
    length_s: float
    from_a_s: float
    from_b_s: float

    @property
    def name(self) -> str:
        """Both sessions in one text."""
        return f"{self.session_a} | {self.session_b}"


def shared_windows(pairs: pd.DataFrame, times: pd.DataFrame, findings: list[Finding]) -> Iterator[Window]:
    """Yield the shared time of each pair of sessions.

    Parameters
    ----------
    pairs : DataFrame
        Keeps the contract `RELIABILITY_PAIRS`.
    times : DataFrame
        From `session_seconds`.
    findings : list of Finding
        Gets an entry for each pair that cannot be compared.

    Yields
    ------
    Window
    """
    for a, b in pairs[["session_a", "session_b"]].itertuples(index=False):
        unknown = [name for name in (a, b) if name not in times.index]
        if unknown:
            text = f"pair {a!r} and {b!r}: no session {unknown} in the log"
            findings.append(Finding("warning", "field log", "pair_unknown", text, 1))
            continue
        start = times.loc[[a, b], "start_unix_s"].to_numpy()
        end = start + times.loc[[a, b], "length_s"].to_numpy()
        first, last = float(start.max()), float(end.min())
        if last <= first:
            text = f"pair {a!r} and {b!r}: the sessions did not run at the same time"
            findings.append(Finding("warning", "field log", "pair_apart", text, 1))
            continue
        yield Window(str(a), str(b), last - first, first - float(start[0]), first - float(start[1]))


def event_windows(log: FieldLog, windows: list[Window]) -> list[Window]:
    """Return the pairs in which both watched for events.

    Parameters
    ----------
    log : FieldLog
        Observation tables.
    windows : list of Window
        Times in which both watched.

    Returns
    -------
    list of Window
        A pair that counted passers-by without following anybody did not agree that nothing happened.
    """
    watching = watching_sessions(log)
    return [pair for pair in windows if {pair.session_a, pair.session_b} <= watching]


def item_pairs(log: FieldLog, windows: list[Window]) -> pd.DataFrame:
    """Return the values of both observers for the same interval or scan, item and placement.

    Parameters
    ----------
    log : FieldLog
        Observation tables.
    windows : list of Window
        Times in which both watched.

    Returns
    -------
    DataFrame
        about (interval, scan, or scan code), item, session_a, session_b, placement_id, slot, at_s (on the
        clock of the first session), first, second, first_text, second_text. Intervals and scans belong
        together where their starts, and the lengths of intervals, differ by at most 15 s.
    """
    counts = log.interval_counts.rename(columns={"interval_no": "slot", "start_s": "at_s"})
    counts = counts.assign(about="interval", text="", length_s=counts["end_s"] - counts["at_s"])
    scans = log.scans.rename(columns={"scan_no": "slot"})
    coded = scans["value"].isna() & (scans["text"] != "")
    scans = scans.assign(about=np.where(coded, "scan code", "scan"), length_s=0.0)
    columns = ["session_id", "slot", "at_s", "length_s", "placement_id", "item", "value", "text", "about"]
    both = pd.concat([counts[columns], scans[columns]], ignore_index=True)
    found = [_joined(both, window) for window in windows]
    return pd.concat(found, ignore_index=True)[_PAIR_COLUMNS]


def pair_blocks(part: pd.DataFrame) -> pd.DataFrame:
    """Return the pair of sessions and the block of time of each row of `item_pairs`."""
    pair = part["session_a"] + " | " + part["session_b"]
    return pd.DataFrame({"pair": pair.to_numpy(), "block": (part["at_s"] // BLOCK_S).astype(int).to_numpy()})


_PAIR_COLUMNS = [
    "about",
    "item",
    "session_a",
    "session_b",
    "placement_id",
    "slot",
    "at_s",
    "first",
    "second",
    "first_text",
    "second_text",
]


def _joined(both: pd.DataFrame, window: Window) -> pd.DataFrame:
    a = both[both["session_id"] == window.session_a].sort_values("at_s", kind="stable")
    b = both[both["session_id"] == window.session_b]
    b = b.assign(at_s=b["at_s"] - (window.from_b_s - window.from_a_s), b_row=np.arange(len(b)))
    joined = pd.merge_asof(
        a,
        b.sort_values("at_s", kind="stable").assign(b_at_s=lambda table: table["at_s"]),
        on="at_s",
        by=["about", "item", "placement_id"],
        direction="nearest",
        tolerance=_SLOT_TOLERANCE_S,
        suffixes=("", "_b"),
    )
    joined = joined[joined["b_row"].notna()]
    joined = joined[(joined["length_s"] - joined["length_s_b"]).abs() <= _SLOT_TOLERANCE_S]
    order = (joined["at_s"] - joined["b_at_s"]).abs().sort_values(kind="stable").index
    joined = joined.loc[order].drop_duplicates("b_row").sort_index()
    names = {"value": "first", "value_b": "second", "text": "first_text", "text_b": "second_text"}
    return joined.rename(columns=names).assign(session_a=window.session_a, session_b=window.session_b)


def state_grid(events: pd.DataFrame, codes: Sequence[str], *, moments_s: NDArray[np.float64]) -> list[str]:
    """Return which state of an exclusive group holds at given moments.

    Parameters
    ----------
    events : DataFrame
        Keeps the contract `EVENTS`, of one session.
    codes : sequence of str
        The group.
    moments_s : (n,) float array
        Since the start of the session, s.

    Returns
    -------
    list of str
        A code or `NONE`; the state that began last where two hold at once.
    """
    states = events[(events["form"] == "state") & events["code"].isin(list(codes))].sort_values("t_s")
    grid = np.full(len(moments_s), NONE, dtype=object)
    for code, start, end in states[["code", "t_s", "t_end_s"]].itertuples(index=False):
        grid[(moments_s >= start) & (moments_s < end)] = code
    return [str(name) for name in grid]


def state_grids(
    log: FieldLog, windows: list[Window], groups: Mapping[str, Sequence[str]] | None, step_s: float
) -> Iterator[tuple[str, NDArray[np.object_], pd.DataFrame]]:
    """Yield the states of both observers on a common grid, group by group.

    Parameters
    ----------
    log : FieldLog
        Observation tables.
    windows : list of Window
        Times in which both watched.
    groups : mapping of str to sequence of str or None
        Exclusive groups of codes.
    step_s : float
        Step of the grid, s.

    Yields
    ------
    tuple
        Name of the group, (n, 2) array of categories, and a table of n rows with pair and block.
    """
    windows = event_windows(log, windows)
    used = {name for window in windows for name in (window.session_a, window.session_b)}
    events = log.events[log.events["session_id"].isin(list(used))]
    states = events[events["form"] == "state"]
    if states.empty:
        return
    for name, codes in (groups or _default_groups(states)).items():
        ratings, blocks = [], []
        for window in windows:
            moments = np.arange(step_s / 2, window.length_s, step_s)
            both = [
                state_grid(events[events["session_id"] == session], codes, moments_s=moments + shift)
                for session, shift in (
                    (window.session_a, window.from_a_s),
                    (window.session_b, window.from_b_s),
                )
            ]
            ratings.append(np.array(both, dtype=object).T)
            blocks.append(pd.DataFrame({"pair": window.name, "block": (moments // BLOCK_S).astype(int)}))
        yield name, np.concatenate(ratings), pd.concat(blocks, ignore_index=True)


def _default_groups(states: pd.DataFrame) -> dict[str, list[str]]:
    codes = sorted(set(states["code"]))
    for _, record in states.sort_values("t_s").groupby("session_id"):
        ends = record["t_end_s"].cummax().to_numpy()[:-1]
        if np.any(record["t_s"].to_numpy()[1:] < ends - 1e-9):
            return {code: [code] for code in codes}
    return {"all states": codes}
