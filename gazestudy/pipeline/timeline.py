"""What happened when in one recording, as arrays for a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.pipeline.correcting import study_gaze
from gazestudy.store import Study

Times = NDArray[np.int64]

_MARK_NS = 200_000_000
"""How long something without a length is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """One row of a timeline: stretches of time with labels.

    Attributes
    ----------
    id : str
        "reasons", "events", "mapping", "visits", "aois", "observation" or "interview".
    start_ns, end_ns : ndarray of int64, shape (n,)
        Sorted by start.
    label : ndarray of int16, shape (n,)
        Index into `labels`.
    labels : tuple of str
        Words or names.
    """

    id: str
    start_ns: Times
    end_ns: Times
    label: NDArray[np.int16]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Everything a timeline shows.

    Attributes
    ----------
    recording_id : str
        Of which recording.
    start_ns, end_ns : int
        First and last moment of gaze and frames.
    gaze_t_ns : ndarray of int64, shape (n,)
        Times of the samples.
    x_px, y_px : ndarray of float32, shape (n,)
        Gaze, NaN where not valid.
    rows : tuple of Intervals
        Always the same seven, in order; empty where nothing is known.
    """

    recording_id: str
    start_ns: int
    end_ns: int
    gaze_t_ns: Times
    x_px: NDArray[np.float32]
    y_px: NDArray[np.float32]
    rows: tuple[Intervals, ...]

    def row(self, name: str) -> Intervals:
        """Return one row by its id."""
        return next(row for row in self.rows if row.id == name)


def timeline_of(study: Study, recording_id: str) -> Timeline:
    """Gather the timeline of a recording.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    Timeline
        Ready to be drawn.

    Raises
    ------
    StudyError
        If there is no such recording, or it is damaged.
    """
    gaze = study_gaze(study, recording_id)
    frames = study.stream(recording_id, "frames")
    t_ns, frame_ns = gaze["t_ns"].to_numpy(np.int64), frames["t_ns"].to_numpy(np.int64)
    ends = np.concatenate([t_ns[:1], t_ns[-1:], frame_ns[:1], frame_ns[-1:]])
    valid = gaze["valid"].to_numpy(bool)
    signals = [
        np.where(valid, gaze[name].to_numpy(np.float32), np.float32(np.nan)) for name in ("x_px", "y_px")
    ]
    names = {place.id: place.name for place in study.placements()}
    return Timeline(
        recording_id,
        int(ends.min()) if len(ends) else 0,
        int(ends.max()) if len(ends) else 0,
        t_ns,
        signals[0],
        signals[1],
        (
            _reasons(gaze, t_ns),
            _events(study, recording_id),
            _mapping(study, recording_id, frame_ns, names),
            *_visits(study, recording_id, names),
            _within(_observed(study, recording_id), ends),
            _interview(study, recording_id),
        ),
    )


def runs(codes: NDArray[np.int16], t_ns: Times) -> tuple[Times, Times, NDArray[np.int16]]:
    """Return the stretches in which a code stays the same.

    Parameters
    ----------
    codes : ndarray of int16, shape (n,)
        One for each time; negative codes are left out.
    t_ns : ndarray of int64, shape (n,)
        Ascending.

    Returns
    -------
    start_ns, end_ns : ndarray of int64, shape (m,)
        A stretch lasts until the next one starts; the last one ends at the last time.
    code : ndarray of int16, shape (m,)
        Its code.

    Examples
    --------
    >>> start, end, code = runs(np.array([0, 0, -1, 1], np.int16), np.array([0, 10, 20, 30]))
    >>> start.tolist(), end.tolist(), code.tolist()
    ([0, 30], [20, 30], [0, 1])
    """
    if not len(codes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int16)
    first = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    start = t_ns[first]
    end = np.append(start[1:], t_ns[-1])
    keep = codes[first] >= 0
    return start[keep], end[keep], codes[first][keep]


def _reasons(gaze: pd.DataFrame, t_ns: Times) -> Intervals:
    reason = gaze["reason"].astype("category").cat
    words = tuple(str(word) for word in reason.categories)
    codes = np.array(reason.codes, np.int16)
    if "ok" in words:
        codes[codes == words.index("ok")] = -1
    return Intervals("reasons", *runs(codes, t_ns), labels=words)


def _events(study: Study, recording_id: str) -> Intervals:
    derived = study.current(recording_id, "events")
    if derived is None:
        return _nothing("events")
    table = derived.table("events", columns=["onset_ns", "offset_ns", "kind"])
    return _of_table("events", table, table["kind"])


def _mapping(study: Study, recording_id: str, frame_ns: Times, names: dict[str, str]) -> Intervals:
    """One code per frame: the placements located in it, or why those that were suspected were not."""
    derived = study.current(recording_id, "mapping")
    if derived is None or not len(frame_ns):
        return _nothing("mapping")
    table = derived.table("mapping", columns=["frame", "placement_id", "state"])
    is_mapped = (table["state"] == "mapped").to_numpy(bool)
    located = table[is_mapped].groupby("frame", sort=True)["placement_id"].first()
    missed = table[~is_mapped].groupby("frame", sort=True)["state"].first().astype(str)
    missed = missed[~missed.index.isin(located.index)]
    ids = pd.Index(sorted(set(located)))
    words = pd.Index(sorted(set(missed)))
    codes = np.full(len(frame_ns), -1, np.int16)
    codes[located.index.to_numpy(np.int64)] = ids.get_indexer(pd.Index(located))
    codes[missed.index.to_numpy(np.int64)] = words.get_indexer(pd.Index(missed)) + len(ids)
    labels = (*(names.get(one, one) for one in ids), *(f"– {word.replace('_', ' ')}" for word in words))
    return Intervals("mapping", *runs(codes, frame_ns), labels=labels)


def _visits(study: Study, recording_id: str, names: dict[str, str]) -> tuple[Intervals, Intervals]:
    """Return visits of placements, and of their AOIs."""
    derived = study.current(recording_id, "attention")
    if derived is None:
        return _nothing("visits"), _nothing("aois")
    table = derived.table("visits").sort_values("onset_ns")
    whole = (table["aoi_id"] == "").to_numpy(bool)
    aois = {aoi.id: aoi.name for aoi in study.aois()}
    places, parts = table[whole], table[~whole]
    return (
        _of_table("visits", places, places["placement_id"].map(lambda one: names.get(one, one))),
        _of_table("aois", parts, parts["aoi_id"].map(lambda one: aois.get(one, one))),
    )


def _observed(study: Study, recording_id: str) -> Intervals:
    """Return what observers wrote down, by the time of day."""
    ahead_ns = study.clock(recording_id).offset_to_unix_ns
    if ahead_ns is None or not study.field_logs():
        return _nothing("observation")
    log = study.field_log()
    starts = {
        str(row["session_id"]): datetime.fromisoformat(str(row["started_at"])).timestamp()
        for row in log.sessions.to_dict("records")
        if row["started_at"]
    }
    events = log.events[log.events["session_id"].isin(list(starts))]
    if events.empty:
        return _nothing("observation")
    begin_s = events["session_id"].map(starts).to_numpy(np.float64)
    start = ((begin_s + events["t_s"].to_numpy(np.float64)) * 1e9).astype(np.int64) - ahead_ns
    end_s = begin_s + events["t_end_s"].to_numpy(np.float64)
    end = np.where(np.isfinite(end_s), np.nan_to_num(end_s) * 1e9 - ahead_ns, start + _MARK_NS)
    return _made("observation", start, end.astype(np.int64), events["code"].astype(str).tolist())


def _within(row: Intervals, ends: Times) -> Intervals:
    """Leave out what was at another time than the recording."""
    if not len(row) or not len(ends):
        return row
    keep = (row.end_ns >= ends.min()) & (row.start_ns <= ends.max())
    return Intervals(row.id, row.start_ns[keep], row.end_ns[keep], row.label[keep], row.labels)


def _interview(study: Study, recording_id: str) -> Intervals:
    table = study.codings()
    table = table[(table["recording_id"] == recording_id) & (table["start_ns"] >= 0)]
    if table.empty:
        return _nothing("interview")
    book = study.code_book()
    names = dict(zip(book["code_id"], book["name"], strict=True))
    start = table["start_ns"].to_numpy(np.int64)
    end = np.maximum(table["end_ns"].to_numpy(np.int64), start + _MARK_NS)
    return _made("interview", start, end, [str(names.get(one, one)) for one in table["code_id"]])


def _of_table(name: str, table: pd.DataFrame, labels: pd.Series) -> Intervals:
    start, end = table["onset_ns"].to_numpy(np.int64), table["offset_ns"].to_numpy(np.int64)
    return _made(name, start, end, labels.astype(str).tolist())


def _made(name: str, start: Times, end: Times, labels: Sequence[str]) -> Intervals:
    words = tuple(sorted(set(labels)))
    place = {word: number for number, word in enumerate(words)}
    order = np.argsort(start, kind="stable")
    codes = np.array([place[label] for label in labels], np.int16)
    return Intervals(name, start[order], end[order], codes[order], words)


def _nothing(name: str) -> Intervals:
    return Intervals(name, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int16), ())
