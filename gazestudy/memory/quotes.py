"""What people said, and the moment in their own recording that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.memory.agreed_codes import ANSWER_KEYS, agreed_codes
from gazestudy.model.interview import Interviews
from gazestudy.model.provenance import Provenance

Ints = NDArray[np.int64]

QUOTE_COLUMNS = [
    "participant_id",
    "interview_id",
    "recording_id",
    "placement_id",
    "placement_from",
    "theme",
    "coder",
    "quote",
    "document_id",
    "start_char",
    "end_char",
    "t_ns",
    "t_from",
    "near",
    "near_onset_ns",
    "near_offset_ns",
    "gap_s",
]
"""Columns of a table of quotes.

placement_from: coder, nearest visit, answer, or "" for none. theme: name of the code, or item of the answer.
t_ns: time in the recording, -1 for none. t_from: coding (its own time), time mark, longest visit, longest
exposure (never looked at), after the recording (no moment), or "" for none. near: fixation, visit, exposure,
or "" where there is none. gap_s: seconds from the moment to it, negative where it was before, 0
inside it, NaN for none.
"""

_ANSWERS_QUOTED = ("ur_any", "ur_msg", "attr", "comp", "loc")
_NONE = -1
_BEYOND = "after the recording"


@dataclass(frozen=True, slots=True)
class Attention:
    """Visits, fixations and exposures of all recordings, and where the clock of each scene video begins.

    Attributes
    ----------
    visits : DataFrame
        Contract `VISITS` with `recording_id`.
    fixations : DataFrame
        Contract `MAPPED_FIXATIONS` with `recording_id`.
    exposures : DataFrame
        Contract `EXPOSURES` with `recording_id`.
    video_ns : mapping of str to (int, int)
        Recording to the times of its first and last scene frame: a player shows 0:00 at the first.
    """

    visits: pd.DataFrame
    fixations: pd.DataFrame
    exposures: pd.DataFrame
    video_ns: Mapping[str, tuple[int, int]]


def quotes(
    interviews: Interviews,
    attention: Attention,
    *,
    recordings: Mapping[str, str] | None = None,
    media_start_ns: Mapping[str, int] | None = None,
    primary_coder: str = "",
    max_gap_s: float = 5.0,
) -> pd.DataFrame:
    """Return coded passages and answers with the moment in the recording.

    Parameters
    ----------
    interviews : Interviews
        Documents, marks, codings, answers and their codes.
    attention : Attention
        What the same people looked at.
    recordings : mapping of str to str, optional
        Recording of each participant, for interviews that name none.
    media_start_ns : mapping of str to int, optional
        Time in the recording at which the media file of a document begins, ns, where what was transcribed is
        not the scene video from its first frame.
    primary_coder : str
        Whose code of an answer counts where two differ.
    max_gap_s : float
        A passage about no placement is given that of the nearest visit within this time, s, and
        `placement_from` says so.

    Returns
    -------
    DataFrame
        Columns `QUOTE_COLUMNS`: passages in the order of the codings, then answers about a placement.

    Notes
    -----
    A time mark holds from its place in the text to the next mark; marks are times of the scene video, from
    0:00 at its first frame. Marks after the last frame are of something else and give no moment; they are
    counted in the provenance. A coding with a time of its own keeps it. An answer has no time: it belongs to
    the longest visit of the person to the placement, or to the longest exposure where there was no visit.
    Passages with the same code that overlap, in the text or in time, are one quote from the first to the last
    character, and name all their coders joined by +: two coders seldom cut a passage alike. They stay apart
    where the coders name different placements.
    """
    if not max_gap_s >= 0:
        raise ParameterError("max_gap_s", max_gap_s, "0 or more")
    heads = interviews.interviews.drop_duplicates("interview_id").set_index("interview_id")
    walks = {
        key: str(row["recording_id"]) or (recordings or {}).get(row["participant_id"], "")
        for key, row in heads.iterrows()
    }
    people = heads["participant_id"].to_dict()
    looks = _Looks(attention)
    passages = _passages(interviews, walks, people, looks, max_gap_s, media_start_ns or {})
    rows = [
        *passages,
        *_said(interviews, walks, people, looks, primary_coder),
    ]
    table = pd.DataFrame(rows, columns=QUOTE_COLUMNS)
    whole = ["start_char", "end_char", "t_ns", "near_onset_ns", "near_offset_ns"]
    words = [name for name in QUOTE_COLUMNS if name not in (*whole, "gap_s")]
    table = table.astype({**dict.fromkeys(whole, "int64"), **dict.fromkeys(words, "str"), "gap_s": "float64"})
    parameters = {"max_gap_s": max_gap_s, "primary_coder": primary_coder}
    facts = {
        "quotes": len(table),
        "without_a_moment": int((table["t_ns"] == _NONE).sum()),
        "marks_after_the_recording": sum(row["t_from"] == _BEYOND for row in passages),
    }
    return Provenance("memory.quotes", 2, parameters, facts).attach(table)


def mark_times(positions: Ints, times_ns: Ints, start: int) -> int:
    """Return the time of the last mark at or before a place in a text, -1 where there is none.

    Parameters
    ----------
    positions, times_ns : (n,) int arrays
        Code points of the marks and their media times, ns.
    start : int
        Code point.

    Examples
    --------
    >>> mark_times(np.array([0, 40]), np.array([0, 5_000_000_000]), 39)
    0
    """
    order = np.argsort(positions, kind="stable")
    place = int(np.searchsorted(positions[order], start, side="right")) - 1
    return int(times_ns[order][place]) if place >= 0 else _NONE


class _Looks:
    """Visits and fixations by recording and placement, for looking up what is nearest."""

    def __init__(self, attention: Attention) -> None:
        visits = attention.visits
        whole = visits[(visits["aoi_id"] == "") & (visits["fixation_count"] > 0)]
        self.video_ns = attention.video_ns
        self._stretches = {
            "fixation": _stretches(attention.fixations),
            "visit": _stretches(whole),
            "exposure": _stretches(attention.exposures),
        }

    def nearest(self, recording: str, t_ns: int, placement: str) -> dict[str, Any]:
        """Return the fixation on the placement nearest to a moment, else the visit, else the exposure."""
        for word, stretches in self._stretches.items():
            found = stretches.get((recording, placement))
            if found is not None and t_ns != _NONE:
                onset, offset, places = found
                gap_ns = np.where(t_ns < onset, onset - t_ns, np.where(t_ns > offset, offset - t_ns, 0))
                best = int(np.argmin(np.abs(gap_ns)))
                return {
                    "near": word,
                    "near_onset_ns": int(onset[best]),
                    "near_offset_ns": int(offset[best]),
                    "gap_s": float(gap_ns[best]) / 1e9,
                    "placement": str(places[best]),
                }
        return {"near": "", "near_onset_ns": _NONE, "near_offset_ns": _NONE, "gap_s": np.nan, "placement": ""}

    def longest(self, recording: str, placement: str) -> tuple[int, str]:
        """Return the onset of the longest visit, or exposure where there is none, and which it is."""
        for word in ("visit", "exposure"):
            found = self._stretches[word].get((recording, placement))
            if found is not None:
                return int(found[0][int(np.argmax(found[1] - found[0]))]), f"longest {word}"
        return _NONE, ""


def _stretches(table: pd.DataFrame) -> dict[tuple[str, str], tuple[Ints, Ints, NDArray[np.object_]]]:
    """Return onset, offset and placement by recording and placement; placement "" has all of a recording."""
    places, walks = (table[name].to_numpy(dtype=object) for name in ("placement_id", "recording_id"))
    onset, offset = table["onset_ns"].to_numpy(np.int64), table["offset_ns"].to_numpy(np.int64)
    rows: dict[tuple[str, str], list[int]] = {}
    for row, (walk, place) in enumerate(zip(walks, places, strict=True)):
        rows.setdefault((walk, place), []).append(row)
        rows.setdefault((walk, ""), []).append(row)
    return {key: (onset[own], offset[own], places[own]) for key, own in rows.items()}


def _passages(
    talks: Interviews,
    walks: Mapping[Any, str],
    people: Mapping[Any, str],
    looks: _Looks,
    max_gap_s: float,
    media_start_ns: Mapping[str, int],
) -> list[dict[str, Any]]:
    documents = talks.documents.drop_duplicates("document_id").set_index("document_id")
    marks = {key: rows for key, rows in talks.transcript_marks.groupby("document_id")}
    names = dict(zip(talks.code_book["code_id"], talks.code_book["name"], strict=True))
    rows = []
    for row in _overlapping_as_one(talks.codings):
        document = documents.loc[row["document_id"]] if row["document_id"] in documents.index else None
        talk = row["interview_id"] or (str(document["interview_id"]) if document is not None else "")
        walk = row["recording_id"] or walks.get(talk, "")
        t_ns, source = _moment(
            row,
            marks.get(row["document_id"]),
            looks.video_ns.get(walk),
            media_start_ns.get(row["document_id"]),
        )
        placement, given = row["placement_id"], "coder" if row["placement_id"] else ""
        near = looks.nearest(walk, t_ns, placement)
        if not placement and near["near"] in ("fixation", "visit") and abs(near["gap_s"]) <= max_gap_s:
            placement, given = near["placement"], "nearest visit"
        text = ""
        if document is not None and row["start_char"] >= 0:
            text = str(document["text"])[row["start_char"] : row["end_char"]]
        rows.append(
            {
                **{key: value for key, value in near.items() if key != "placement"},
                "participant_id": people.get(talk, ""),
                "interview_id": talk,
                "recording_id": walk,
                "placement_id": placement,
                "placement_from": given,
                "theme": names.get(row["code_id"], row["code_id"]),
                "coder": row["coder"],
                "quote": text.strip(),
                "document_id": row["document_id"],
                "start_char": row["start_char"],
                "end_char": row["end_char"],
                "t_ns": t_ns,
                "t_from": source,
            }
        )
    return rows


def _overlapping_as_one(codings: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return codings with those of one code that overlap put together, each at the place of its first."""
    merged: list[dict[Any, Any]] = []
    by_code: dict[tuple[str, str], list[dict[Any, Any]]] = {}
    in_text_order = codings.reset_index(drop=True).sort_values(["start_char", "start_ns"], kind="stable")
    for place, row in zip(in_text_order.index, in_text_order.to_dict("records"), strict=True):
        row["place"], row["coders"] = place, {row["coder"]}
        same = by_code.setdefault((row["code_id"], row["document_id"] or row["recording_id"]), [])
        one = next((one for one in same if _overlap(one, row)), None)
        if one is None:
            same.append(row)
            merged.append(row)
            continue
        one["coders"] |= row["coders"]
        one["coder"] = "+".join(sorted(one["coders"]))
        one["place"] = min(one["place"], place)
        one["placement_id"] = one["placement_id"] or row["placement_id"]
        if not one["recording_id"]:
            one.update({name: row[name] for name in ("recording_id", "start_ns", "end_ns")})
        one["end_char"], one["end_ns"] = (max(one[name], row[name]) for name in ("end_char", "end_ns"))
    return sorted(merged, key=lambda row: int(row["place"]))


def _overlap(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    """Say whether two codings of a code are of one placement and share characters, without a text time."""
    if one["placement_id"] and other["placement_id"] and one["placement_id"] != other["placement_id"]:
        return False
    start, end = ("start_char", "end_char") if one["document_id"] else ("start_ns", "end_ns")
    alike = (one[start], one[end]) == (other[start], other[end])
    return bool(alike or max(one[start], other[start]) < min(one[end], other[end]))


def _moment(
    coding: Mapping[Any, Any],
    marks: pd.DataFrame | None,
    video_ns: tuple[int, int] | None,
    media_start_ns: int | None,
) -> tuple[int, str]:
    """Return the time of a coding in the recording, and where it is from."""
    if coding["recording_id"] and coding["start_ns"] != coding["end_ns"]:
        return int(coding["start_ns"]), "coding"
    if marks is None or video_ns is None or coding["start_char"] < 0:
        return _NONE, ""
    positions, times = marks["position"].to_numpy(np.int64), marks["t_ns"].to_numpy(np.int64)
    media_ns = mark_times(positions, times, int(coding["start_char"]))
    if media_ns == _NONE:
        return _NONE, ""
    t_ns = media_ns + (video_ns[0] if media_start_ns is None else media_start_ns)
    return (t_ns, "time mark") if t_ns <= video_ns[1] else (_NONE, _BEYOND)


def _said(
    talks: Interviews, walks: Mapping[Any, str], people: Mapping[Any, str], looks: _Looks, primary: str
) -> list[dict[str, Any]]:
    """Return answers about a placement with the longest visit to it."""
    answers = talks.interview_answers
    answers = answers[answers["item"].isin(_ANSWERS_QUOTED)]
    codes = agreed_codes(talks.answer_codes, primary=primary)
    table = answers.merge(codes, on=ANSWER_KEYS, how="left", suffixes=("", "_coded"))
    rows = []
    for row in table.to_dict("records"):
        coded = row["placement_id_coded"]
        placement = coded if isinstance(coded, str) and coded else row["placement_id"]
        if not placement:
            continue
        talk = row["interview_id"]
        walk = walks.get(talk, "")
        t_ns, source = looks.longest(walk, placement)
        near = looks.nearest(walk, t_ns, placement)
        rows.append(
            {
                **{key: value for key, value in near.items() if key != "placement"},
                "participant_id": people.get(talk, row["participant_id"]),
                "interview_id": talk,
                "recording_id": walk,
                "placement_id": placement,
                "placement_from": "answer",
                "theme": row["item"],
                "coder": row["coder"] if isinstance(row["coder"], str) else "",
                "quote": row["value"],
                "document_id": "",
                "start_char": _NONE,
                "end_char": _NONE,
                "t_ns": t_ns,
                "t_from": source,
            }
        )
    return rows
