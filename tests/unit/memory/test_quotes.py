from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.memory.quotes import QUOTE_COLUMNS, Attention, mark_times, quotes
from gazestudy.model.interview import Interviews, interview_table

TEXT = "[00:05] Tôi nhìn tàu. [00:12] มีแก้วสีเหลือง 🟡 big. [01:00] Nothing."
START_NS = 3_000_000_000


def _attention() -> Attention:
    def seconds(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
        table = pd.DataFrame(rows, columns=["recording_id", "placement_id", "on", "off"])
        return pd.DataFrame(
            {
                "recording_id": table["recording_id"],
                "placement_id": table["placement_id"],
                "aoi_id": "",
                "onset_ns": (table["on"] * 1e9).astype("int64"),
                "offset_ns": (table["off"] * 1e9).astype("int64"),
                "duration_ms": (table["off"] - table["on"]) * 1000,
                "fixation_count": 1,
            }
        )

    visits = seconds([("r1", "hall", 14.0, 16.0), ("r1", "hall", 40.0, 45.0), ("r1", "lift", 7.5, 7.9)])
    fixations = seconds([("r1", "hall", 14.2, 14.5), ("r1", "hall", 41.0, 41.5)])
    exposures = seconds([("r1", "gate", 20.0, 30.0), ("r1", "hall", 12.0, 46.0)])
    return Attention(visits, fixations, exposures, {"r1": (START_NS, START_NS + 70 * 10**9)})


def _coding(word: str, **more: Any) -> dict[str, Any]:
    start = TEXT.index(word) if word else -1
    return {
        "coding_id": word or "time",
        "code_id": "c",
        "coder": "A",
        "interview_id": "i1" if word else "",
        "document_id": "d1" if word else "",
        "start_char": start,
        "end_char": start + len(word) if word else -1,
        **more,
    }


def _talks(codings: list[dict[str, Any]], **tables: list[dict[str, Any]]) -> Interviews:
    marks = [(TEXT.index("[00:05"), 5), (TEXT.index("[00:12"), 12), (TEXT.index("[01:00"), 60)]
    return Interviews(
        interviews=interview_table(
            "interviews", [{"interview_id": "i1", "participant_id": "P1", "recording_id": "r1"}]
        ),
        documents=interview_table(
            "documents", [{"document_id": "d1", "interview_id": "i1", "kind": "transcript", "text": TEXT}]
        ),
        transcript_marks=interview_table(
            "transcript_marks", [{"document_id": "d1", "position": p, "t_ns": s * 10**9} for p, s in marks]
        ),
        code_book=interview_table("code_book", [{"code_id": "c", "name": "liked"}]),
        codings=interview_table("codings", codings),
        interview_answers=interview_table("interview_answers", tables.get("answers", [])),
        answer_codes=interview_table("answer_codes", tables.get("codes", [])),
    ).check()


def test_a_passage_has_the_time_of_its_mark_and_the_nearest_fixation() -> None:
    (row,) = quotes(_talks([_coding("แก้วสีเหลือง 🟡 big", placement_id="hall")]), _attention()).to_dict(
        "records"
    )
    assert list(row) == QUOTE_COLUMNS
    assert row["quote"] == "แก้วสีเหลือง 🟡 big"
    assert row["t_ns"] == START_NS + 12_000_000_000  # 15 s on the clock of the recording
    assert (row["t_from"], row["placement_from"], row["theme"]) == ("time mark", "coder", "liked")
    assert row["near"] == "fixation"
    assert row["near_offset_ns"] == 14_500_000_000
    assert row["gap_s"] == pytest.approx(-0.5)  # half a second before
    assert (row["participant_id"], row["recording_id"]) == ("P1", "r1")


def test_the_placement_of_a_passage_about_none_is_that_of_the_nearest_look() -> None:
    table = quotes(_talks([_coding("Tôi nhìn tàu"), _coding("Nothing")]), _attention(), max_gap_s=8)
    assert table["placement_id"].tolist() == ["hall", ""]  # 8 s; the fixation at 14.2 s is 6.2 s away
    assert table["placement_from"].tolist() == ["nearest visit", ""]
    assert quotes(_talks([_coding("Tôi nhìn tàu")]), _attention()).loc[0, "placement_id"] == ""


def test_placements_with_visits_but_no_fixation_table_use_the_visit() -> None:
    row = quotes(_talks([_coding("Tôi nhìn tàu", placement_id="lift")]), _attention()).iloc[0]
    assert (row["near"], row["near_onset_ns"]) == ("visit", 7_500_000_000)
    assert row["gap_s"] == pytest.approx(-0.1)


def test_a_coding_keeps_its_own_time() -> None:
    coding = _coding(
        "", recording_id="r1", start_ns=41_200_000_000, end_ns=42_000_000_000, placement_id="hall"
    )
    row = quotes(_talks([coding]), _attention()).iloc[0]
    assert (row["t_ns"], row["t_from"], row["gap_s"]) == (41_200_000_000, "coding", 0.0)
    assert row["quote"] == ""


def test_answers_belong_to_the_longest_visit() -> None:
    talks = _talks(
        [],
        answers=[
            {"interview_id": "i1", "participant_id": "P1", "item": "ur_any", "value": "yellow cup"},
            {
                "interview_id": "i1",
                "participant_id": "P1",
                "item": "rec",
                "value": "yes",
                "placement_id": "hall",
            },
            {
                "interview_id": "i1",
                "participant_id": "P1",
                "item": "comp",
                "value": "?",
                "placement_id": "moon",
            },
        ],
        codes=[
            {
                "interview_id": "i1",
                "item": "ur_any",
                "coder": "A",
                "placement_id": "hall",
                "code": "correct_ad",
            }
        ],
    )
    table = quotes(talks, _attention())
    assert table["quote"].tolist() == ["yellow cup", "?"]
    assert table["t_ns"].tolist() == [40_000_000_000, -1]
    assert table["t_from"].tolist() == ["longest visit", ""]
    assert table.loc[0, ["placement_id", "coder"]].tolist() == ["hall", "A"]
    assert table.attrs["provenance"]["facts"] == {
        "quotes": 2,
        "without_a_moment": 1,
        "marks_after_the_recording": 0,
    }


def test_answers_about_what_was_never_looked_at_belong_to_the_exposure() -> None:
    answer = {
        "interview_id": "i1",
        "participant_id": "P1",
        "item": "comp",
        "value": "?",
        "placement_id": "gate",
    }
    row = quotes(_talks([], answers=[answer]), _attention()).iloc[0]
    assert (row["t_ns"], row["t_from"], row["near"]) == (20_000_000_000, "longest exposure", "exposure")


def test_the_same_code_of_two_coders_is_one_quote() -> None:
    codings = [
        _coding("Nothing"),
        _coding("Nothing", coder="B", coding_id="2"),
        _coding("big", coding_id="3"),
    ]
    table = quotes(_talks(codings), _attention())
    assert table[["coder", "quote"]].to_numpy().tolist() == [["A+B", "Nothing"], ["A", "big"]]


def test_passages_cut_differently_are_one_quote_unless_they_are_about_other_placements() -> None:
    wide, narrow = _coding("มีแก้วสีเหลือง 🟡 big"), _coding("🟡 big. [01:00] Nothing", coder="B")
    apart, other = _coding("nhìn tàu", coder="B"), _coding("big", coder="C", code_id="other")
    table = quotes(_talks([narrow, other, wide, apart]), _attention())
    assert table[["coder", "quote"]].to_numpy().tolist() == [
        ["A+B", "มีแก้วสีเหลือง 🟡 big. [01:00] Nothing"],
        ["C", "big"],
        ["B", "nhìn tàu"],
    ]
    assert table.loc[0, "t_ns"] == START_NS + 12 * 10**9  # where the passage begins
    hall, lift = wide | {"placement_id": "hall"}, narrow | {"placement_id": "lift"}
    split = quotes(_talks([hall, lift, _coding("big", coder="C")]), _attention())
    assert split[["coder", "placement_id"]].to_numpy().tolist() == [["A+C", "hall"], ["B", "lift"]]


def test_stretches_of_time_that_overlap_are_one_quote() -> None:
    first, later = (
        _coding("", recording_id="r1", coder=coder, start_ns=start * 10**9, end_ns=end * 10**9)
        for coder, start, end in (("A", 14, 17), ("B", 16, 20))
    )
    beyond = first | {"start_ns": 20 * 10**9, "end_ns": 21 * 10**9}
    table = quotes(_talks([first, later, beyond]), _attention())
    assert table[["coder", "t_ns"]].to_numpy().tolist() == [["A+B", 14 * 10**9], ["A", 20 * 10**9]]


def test_without_recording_or_mark_there_is_no_moment() -> None:
    talks = _talks([_coding("big", placement_id="hall")])
    silent = replace(_attention(), video_ns={})
    row = quotes(talks, silent).iloc[0]
    assert row["t_ns"] == -1 and row["near"] == "" and np.isnan(row["gap_s"])
    assert mark_times(np.array([10]), np.array([5]), 9) == -1
    lost = Interviews(**{**talks.tables(), "interviews": talks.interviews.assign(recording_id="")})
    assert quotes(lost, _attention()).loc[0, "t_ns"] == -1
    assert quotes(lost, _attention(), recordings={"P1": "r1"}).loc[0, "t_ns"] > 0


def test_marks_of_another_media_file_are_told_by_their_times_or_moved() -> None:
    talks = _talks([_coding("Nothing", placement_id="hall")])
    short = replace(_attention(), video_ns={"r1": (START_NS, START_NS + 50 * 10**9)})
    table = quotes(talks, short)
    assert table.loc[0, ["t_ns", "t_from"]].tolist() == [-1, "after the recording"]
    assert table.attrs["provenance"]["facts"]["marks_after_the_recording"] == 1
    moved = quotes(talks, short, media_start_ns={"d1": START_NS - 20 * 10**9})
    assert moved.loc[0, "t_ns"] == START_NS + 40 * 10**9


def test_nothing_said_is_an_empty_table_and_a_bad_gap_is_refused() -> None:
    assert list(quotes(Interviews(), _attention()).columns) == QUOTE_COLUMNS
    with pytest.raises(ParameterError, match="max_gap_s"):
        quotes(Interviews(), _attention(), max_gap_s=-1)
