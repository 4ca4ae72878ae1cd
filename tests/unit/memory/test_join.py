from typing import Any

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.memory.in_view import cases_in_view
from gazestudy.memory.join import join_memory
from gazestudy.model.interview import Interviews, interview_table
from gazestudy.model.memory import ANSWER_COLUMNS, MEMORY_CASES, RECOGNITION_TRIALS
from gazestudy.model.tables import METRICS
from gazestudy.simulate.attending import attend
from gazestudy.simulate.remembering import Remembering, remember

KEYS = ["participant_id", "placement_id"]


def _metrics(*rows: dict[str, Any]) -> pd.DataFrame:
    usual = {
        "aoi_id": "",
        "exposure_count": 1,
        "exposure_ms": 4000.0,
        "visible_share_mean": 0.75,
        "width_deg_max": 10.0,
        "noticed": False,
        "fixation_count": 0,
        "dwell_ms": 0.0,
        "visit_count": 0,
        "segment": "regular",
        "daypart": "midday",
    }
    table = pd.DataFrame([{**usual, **row} for row in rows])
    for column in METRICS.columns:
        if column.name not in table:
            table[column.name] = np.nan
    return table


def _talks(answers: list[dict[str, Any]], codes: list[dict[str, Any]], **tables: Any) -> Interviews:
    people = dict.fromkeys(row["interview_id"] for row in answers)
    heads = tables.pop("interviews", None)
    if heads is None:
        heads = [{"interview_id": key, "participant_id": key.removeprefix("i-")} for key in people]
    return Interviews(
        interviews=interview_table("interviews", heads),
        interview_answers=interview_table("interview_answers", answers),
        answer_codes=interview_table("answer_codes", codes),
        **{name: interview_table(name, rows) for name, rows in tables.items()},
    ).check()


def _code(item: str, code: str, placement: str = "", **more: Any) -> dict[str, Any]:
    return {
        "interview_id": "i-P1",
        "item": item,
        "coder": "A",
        "placement_id": placement,
        "code": code,
        **more,
    }


def _answer(item: str, value: str, **more: Any) -> dict[str, Any]:
    return {"interview_id": "i-P1", "participant_id": "P1", "item": item, "value": value, **more}


def test_recordings_of_one_person_become_one_case() -> None:
    table = cases_in_view(
        _metrics(
            {"recording_id": "r1", "participant_id": "P1", "placement_id": "hall"},
            {
                "recording_id": "r2",
                "participant_id": "P1",
                "placement_id": "hall",
                "daypart": "evening",
                "exposure_ms": 6000.0,
                "visible_share_mean": 0.5,
                "width_deg_max": 14.0,
                "noticed": True,
                "fixation_count": 3,
                "dwell_ms": 900.0,
                "visit_count": 2,
                "exposure_to_first_fixation_ms": 1500.0,
            },
        )
    )
    (row,) = table.to_dict("records")
    assert (row["exposure_count"], row["exposed_s"], row["max_angle_deg"]) == (2, 10.0, 14.0)
    assert row["visible_share"] == pytest.approx((4 * 0.75 + 6 * 0.5) / 10)
    assert row["blocked_s"] == pytest.approx(4 * 0.25 + 6 * 0.5)
    assert (row["fixated"], row["fixation_count"], row["visit_count"]) == (True, 3, 2)
    assert row["dwell_s"] == pytest.approx(0.9)
    assert row["ttff_s"] == pytest.approx(4 + 1.5)  # all of the first walk passed without a look
    assert np.isnan(row["censored_at_s"])
    assert row["daypart"] == "midday+evening"


def test_never_in_view_is_no_case_and_not_fixated_is_censored() -> None:
    table = cases_in_view(
        _metrics(
            {"recording_id": "r1", "participant_id": "P1", "placement_id": "hall"},
            {"recording_id": "r1", "participant_id": "P1", "placement_id": "stairs", "exposure_count": 0,
             "exposure_ms": 0.0},
            {"recording_id": "r1", "participant_id": "P1", "placement_id": "hall", "aoi_id": "logo"},
        )
    )  # fmt: skip
    assert table["placement_id"].tolist() == ["hall"]
    assert table.loc[0, ["censored_at_s", "dwell_s"]].tolist() == [4.0, 0.0]
    assert np.isnan(table.loc[0, "ttff_s"])


def _spans(rows: list[tuple[str, str, float, float, float, float]]) -> pd.DataFrame:
    names = ["recording_id", "placement_id", "on", "off", "visible_share_mean", "width_deg_max"]
    table = pd.DataFrame(rows, columns=names)
    table["onset_ns"] = (table.pop("on") * 1e9).astype("int64")
    table["offset_ns"] = (table.pop("off") * 1e9).astype("int64")
    return table.assign(duration_ms=(table["offset_ns"] - table["onset_ns"]) / 1e6)


def _fixations(rows: list[tuple[str, str, int, float, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["recording_id", "placement_id", "event_id", "on", "off", "on_share"])
    table["onset_ns"] = (table.pop("on") * 1e9).astype("int64")
    table["offset_ns"] = (table.pop("off") * 1e9).astype("int64")
    return table.assign(duration_ms=(table["offset_ns"] - table["onset_ns"]) / 1e6)


def test_exposures_and_fixations_below_the_limits_do_not_count() -> None:
    metrics = _metrics(
        {"recording_id": "r1", "participant_id": "P1", "placement_id": "hall", "visit_count": 2},
        {"recording_id": "r1", "participant_id": "P1", "placement_id": "lift"},
    )
    exposures = _spans(
        [
            ("r1", "hall", 0, 2, 0.9, 12.0),
            ("r1", "hall", 5, 8, 0.2, 30.0),  # too little of it
            ("r1", "hall", 10, 14, 0.8, 8.0),
            ("r1", "lift", 0, 3, 0.9, 2.0),  # too small
        ]
    )
    fixations = _fixations(
        [
            ("r1", "hall", 0, 1.0, 1.08, 1.0),  # too short
            ("r1", "hall", 1, 6.0, 6.5, 1.0),  # while too little was visible
            ("r1", "hall", 2, 11.0, 11.25, 0.6),
            ("r1", "hall", 2, 11.0, 11.25, 0.9),  # on a copy as well: counted once
            ("r1", "hall", 3, 12.0, 12.5, 1.0),
        ]
    )
    found = cases_in_view(
        metrics, exposures=exposures, fixations=fixations, min_visible_share=0.5, min_angle_deg=5.0
    )
    (row,) = found.to_dict("records")
    assert (row["placement_id"], row["exposure_count"], row["exposed_s"]) == ("hall", 2, 6.0)
    assert (row["fixation_count"], row["visit_count"]) == (2, 2)
    assert row["dwell_s"] == pytest.approx(0.75)
    assert row["ttff_s"] == pytest.approx(2 + 1)
    assert row["max_angle_deg"] == 12.0
    facts = found.attrs["provenance"]["facts"]
    assert facts["cases_in_view_that_fell_under_the_limits"] == 1
    short = cases_in_view(metrics, exposures=exposures, fixations=fixations, min_fixation_ms=600)
    assert not short["fixated"].any()
    assert cases_in_view(metrics, exposures=exposures, fixations=fixations, min_exposed_s=5)[
        "exposed_s"
    ].tolist() == [9]


def test_limits_that_do_not_fit_are_refused() -> None:
    metrics = _metrics({"recording_id": "r1", "participant_id": "P1", "placement_id": "hall"})
    with pytest.raises(ParameterError, match="min_visible_share"):
        cases_in_view(metrics, min_visible_share=40)
    with pytest.raises(ParameterError, match="both tables"):
        cases_in_view(metrics, exposures=_spans([]))


def test_answers_become_numbers_and_not_asked_is_not_no() -> None:
    metrics = _metrics(
        *({"recording_id": "r1", "participant_id": "P1", "placement_id": p} for p in ("hall", "stairs")),
        {"recording_id": "r2", "participant_id": "P2", "placement_id": "hall"},
    )
    about = {"stimulus": "pic-hall", "shown": "target"}
    talks = _talks(
        [
            _answer("ur_any", "the yellow cup, Lumora"),
            _answer("ar_brand", "no", stimulus="Kora", shown="target"),
            _answer("rec", "yes", **about),
            _answer("rec_sure", "fairly", **about),
            _answer("attr", "Lumora", **about),
            _answer("comp", "cheap coffee", **about),
            _answer("int", "4", **about),
            _answer("fam", "2", **about),
            _answer("prior", "here screen", **about),
            _answer("passages_per_month", "22"),
        ],
        [
            _code("ur_any", "correct_ad", "hall"),
            _code("ur_any", "invented", coder="B"),
            _code("attr", "correct", "hall", stimulus="pic-hall"),
            _code("comp", "2", "hall", stimulus="pic-hall"),
        ],
        stimuli=[
            {"stimulus": "pic-hall", "shown": "target", "placement_id": "hall", "brand": "Lumora"},
            {"stimulus": "pic-stairs", "shown": "target", "placement_id": "stairs", "brand": "Kora"},
        ],
    )
    found = join_memory(metrics, talks, primary_coder="A")
    MEMORY_CASES.check(found.cases)
    hall, stairs, other = (found.cases.iloc[k][list(ANSWER_COLUMNS)].to_dict() for k in range(3))
    assert hall == pytest.approx(
        {
            "recalled_unaided": 1, "recalled_aided": np.nan, "recognised": 1, "confidence": 2, "attributed": 1,
            "comprehension": 2, "clarity": np.nan, "interest": 4, "liking": np.nan, "intent": np.nan,
            "familiarity": 2, "prior_exposure": 1, "passages_per_month": 22,
        },
        nan_ok=True,
    )  # fmt: skip
    assert (stairs["recalled_unaided"], stairs["recalled_aided"]) == (0, 0)
    assert np.isnan(stairs["recognised"])
    assert all(np.isnan(value) for value in other.values())
    assert found.unjoined["reason"].tolist() == ["participant_without_interview"]
    differ = next(finding for finding in found.findings if finding.code == "coders_differ")
    assert differ.count == 1
    assert join_memory(metrics, talks, primary_coder="B").cases["recalled_unaided"].tolist()[:2] == [0, 0]


def test_free_recall_that_is_not_coded_throughout_leaves_no_zero() -> None:
    metrics = _metrics(
        *({"recording_id": "r1", "participant_id": "P1", "placement_id": p} for p in ("hall", "stairs"))
    )
    talks = _talks(
        [_answer("ur_any", "a cup"), _answer("ur_any", "something", answer_no=1)],
        [_code("ur_any", "correct_ad", "hall")],
    )
    found = join_memory(metrics, talks)
    recalled = found.cases["recalled_unaided"].tolist()
    assert recalled[0] == 1 and np.isnan(recalled[1])
    assert found.unjoined[["reason", "value"]].to_numpy().tolist() == [["not_coded", "something"]]


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        (_answer("ur_any", "a cup"), _code("ur_any", "correct_ad"), "placement_not_coded"),
        (_answer("ur_any", "a cup"), _code("ur_any", "correct_ad", "moon"), "placement_unknown"),
        (_answer("ur_any", "a cup"), _code("ur_any", "correct_ad", "lift"), "not_in_view"),
        (_answer("rec", "maybe", placement_id="hall", stimulus="p", shown="target"), None, "unreadable"),
        (_answer("int", "9", placement_id="hall", stimulus="p", shown="target"), None, "unreadable"),
        (_answer("rec", "yes", stimulus="p", shown="target"), None, "stimulus_without_placement"),
        (_answer("rec", "maybe", stimulus="f", shown="foil"), None, "unreadable"),
        (_answer("rec", "yes", placement_id="hall", stimulus="p", shown="target"), None, "recall_not_asked"),
        ({**_answer("ur_any", "x"), "participant_id": "P9"}, _code("ur_any", "none"), "participant_without_recording"),
    ],
)  # fmt: skip
def test_what_cannot_be_joined_is_listed(
    answer: dict[str, Any], code: dict[str, Any] | None, reason: str
) -> None:
    metrics = _metrics(
        {"recording_id": "r1", "participant_id": "P1", "placement_id": "hall"},
        {
            "recording_id": "r1",
            "participant_id": "P1",
            "placement_id": "lift",
            "exposure_count": 0,
            "exposure_ms": 0.0,
        },
    )
    found = join_memory(metrics, _talks([answer], [code] if code else []))
    assert reason in set(found.unjoined["reason"])
    assert (found.unjoined["why"] != "").all()
    assert reason in {finding.code for finding in found.findings}


def test_memory_of_what_was_never_in_view_is_kept_apart() -> None:
    metrics = _metrics(
        {"recording_id": "r1", "participant_id": "P1", "placement_id": "hall"},
        {
            "recording_id": "r1",
            "participant_id": "P1",
            "placement_id": "lift",
            "exposure_count": 0,
            "exposure_ms": 0.0,
        },
    )
    found = join_memory(metrics, _talks([_answer("ur_any", "x")], [_code("ur_any", "correct_ad", "lift")]))
    assert found.cases["recalled_unaided"].tolist() == [0]
    assert found.never_in_view[[*KEYS, "recalled_unaided"]].to_numpy().tolist() == [["P1", "lift", 1.0]]


def test_answers_without_interview_or_participant_and_second_interviews_are_listed() -> None:
    metrics = _metrics({"recording_id": "r1", "participant_id": "P1", "placement_id": "hall"})
    talks = _talks(
        [
            {**_answer("passages_per_month", "5"), "interview_id": "late"},
            {**_answer("passages_per_month", "9"), "interview_id": "early"},
            {**_answer("passages_per_month", "1"), "interview_id": "lost"},
            {**_answer("passages_per_month", "2"), "interview_id": "nobody", "participant_id": ""},
        ],
        [],
        interviews=[
            {"interview_id": "late", "participant_id": "P1", "started_at": "2026-03-02T10:00:00+07:00"},
            {"interview_id": "early", "participant_id": "P1", "started_at": "2026-03-02T02:30:00+00:00"},
            {"interview_id": "nobody"},
        ],
    )
    found = join_memory(metrics, talks)
    assert found.cases["passages_per_month"].tolist() == [9.0]
    assert {"second_interview", "answer_without_interview", "answer_without_participant"} <= set(
        found.unjoined["reason"]
    )


def test_interviews_that_do_not_fit_the_walk_are_listed_and_delays_are_kept() -> None:
    metrics = _metrics(
        *({"recording_id": f"r{k}", "participant_id": f"P{k}", "placement_id": "hall"} for k in range(4))
    )
    ended = "2026-03-02T10:00:00+07:00"
    talks = _talks(
        [{"interview_id": f"i{k}", "participant_id": f"P{k}", "item": "hurry", "value": "2"} for k in range(4)],
        [],
        interviews=[
            {"interview_id": "i0", "participant_id": "P0", "recording_id": "r0", "walk_ended_at": ended,
             "started_at": "2026-03-02T03:07:30Z"},
            {"interview_id": "i1", "participant_id": "P1", "recording_id": "r2", "walk_ended_at": ended},
            {"interview_id": "i2", "participant_id": "P2", "recording_id": "", "walk_ended_at": ended,
             "started_at": "2026-03-02T09:00:00+07:00"},
            {"interview_id": "i3", "participant_id": "P3", "recording_id": "elsewhere"},
        ],
    )  # fmt: skip
    found = join_memory(metrics, talks)
    assert found.cases["delay_min"].tolist() == pytest.approx([7.5, np.nan, np.nan, np.nan], nan_ok=True)
    told = found.unjoined[found.unjoined["reason"] != "recall_not_asked"]
    assert told[["reason", "participant_id"]].to_numpy().tolist() == [
        ["before_the_end", "P2"],
        ["recording_of_another", "P1"],
    ]
    assert found.cases["interviewed"].all()


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("here", 1),
        ("street screen", 1),
        ("never", 0),
        ("Never", 0),
        ("no", 0),
        ("yes", 1),
        ("perhaps", None),
        ("", None),
    ],
)
def test_prior_exposure_is_read_by_its_codes(said: str, number: float | None) -> None:
    metrics = _metrics({"recording_id": "r1", "participant_id": "P1", "placement_id": "hall"})
    talks = _talks([_answer("prior", said, placement_id="hall", stimulus="p", shown="target")], [])
    found = join_memory(metrics, talks)
    value = found.cases["prior_exposure"].iloc[0]
    assert np.isnan(value) if number is None else value == number
    assert ("unreadable" in set(found.unjoined["reason"])) == (number is None)


def test_trials_know_what_was_in_view() -> None:
    metrics = _metrics(
        {"recording_id": "r1", "participant_id": "P1", "placement_id": "hall"},
        {
            "recording_id": "r1",
            "participant_id": "P1",
            "placement_id": "lift",
            "exposure_count": 0,
            "exposure_ms": 0.0,
        },
    )
    talks = _talks(
        [
            _answer("rec", "yes", stimulus="a", shown="target", placement_id="hall"),
            _answer("rec", "no", stimulus="b", shown="target", placement_id="lift"),
            _answer("rec", "yes", stimulus="c", shown="foil"),
            _answer("rec_sure", "sure", stimulus="c", shown="foil"),
        ],
        [],
    )
    trials = RECOGNITION_TRIALS.check(join_memory(metrics, talks).trials)
    assert trials["in_view"].tolist() == [True, False, False]
    assert trials["said_yes"].tolist() == [1, 0, 1]
    assert trials["shown"].astype(str).tolist() == ["target", "target", "foil"]
    assert trials["confidence"].iloc[2] == 3


def test_simulated_interviews_give_back_their_truth() -> None:
    rng = np.random.default_rng(11)
    metrics = attend([f"P{k}" for k in range(12)], [f"pl{k}" for k in range(6)], walks=2, rng=rng)
    made = remember(cases_in_view(metrics), settings=Remembering(unanswered_share=0.2), rng=rng)
    found = join_memory(metrics, made.interviews)
    truth = made.cases.set_index(KEYS).reindex(pd.MultiIndex.from_frame(found.cases[KEYS]))
    for name in ANSWER_COLUMNS:
        known = found.cases[name].notna().to_numpy()
        assert known.mean() > 0.7
        assert np.array_equal(found.cases[name].to_numpy()[known], truth[name].to_numpy()[known])
