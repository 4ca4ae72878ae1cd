from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gazestudy.errors import ParameterError, StudyDamagedError, StudyError
from gazestudy.model import Recording
from gazestudy.model.manual import KeyFrame, ManualAnswer, Marker, MarkerLayout
from gazestudy.store import Study, check_study, is_sound, open_study

T_NS = 1_700_000_000_123_456_789
SQUARE = ((10.5, 20.0), (110.0, 22.0), (111.0, 180.0), (9.0, 170.25))


@pytest.fixture
def ready(
    study: Study, recording: Callable[..., Recording], picture: Callable[..., Path]
) -> tuple[Study, str]:
    study.add_placement("gate", [picture(1)], name="ประตู")
    study.add_placement("hall", [picture(2)], name="Hall", copies=2)
    return study, study.add_recording(recording(1), participant_id="P01").id


def test_key_frames_come_back_exactly_in_order_of_time(ready: tuple[Study, str]) -> None:
    study, one = ready
    late = study.add_key_frame(KeyFrame(one, T_NS + 7, "gate", SQUARE), made_by="Anna", note="ดี")
    early = study.add_key_frame(KeyFrame(one, T_NS, "hall", SQUARE, copy=1))
    with open_study(study.path, read_only=True) as again:
        assert again.key_frames(one) == (early, late)
        assert again.key_frames("other") == ()
    assert late.fact.corners_px == SQUARE
    inner = ((0.1, 0.2), (0.9, 0.2), (0.9, 0.75), (0.1, 0.8))
    other = study.add_key_frame(KeyFrame(one, T_NS + 8, "gate", SQUARE, at_shares=inner))
    assert study.key_frames(one)[-1].fact.at_shares == inner
    study.remove_key_frame(other.id)
    assert (late.made_by, late.note) == ("Anna", "ดี")
    assert late.made_utc.endswith("+00:00")
    assert early.made_by
    study.remove_key_frame(early.id)
    assert study.key_frames() == (late,)
    with pytest.raises(StudyError, match="no key frame 99"):
        study.remove_key_frame(99)


def test_more_points_than_four_come_back_and_such_as_say_nothing_are_not_kept(
    ready: tuple[Study, str],
) -> None:
    study, one = ready
    shares = ((0.2, 0.2), (0.5, 0.5), (0.9, 0.3), (0.4, 0.9), (0.8, 0.8))
    points = tuple((400.5 * x + 60.0, 300.0 * y + 4 * x) for x, y in shares)
    kept = study.add_key_frame(KeyFrame(one, T_NS, "gate", points, at_shares=shares))
    assert study.key_frames() == (kept,)
    assert (kept.fact.corners_px, kept.fact.at_shares) == (points, shares)
    thin = tuple((0.02 * x, y) for x, y in SQUARE)
    with pytest.raises(ParameterError, match="nearly on a line in the frame"):
        study.add_key_frame(KeyFrame(one, T_NS + 1, "gate", thin))
    assert study.key_frames() == (kept,)


def test_a_frame_has_one_set_of_corners(ready: tuple[Study, str]) -> None:
    study, one = ready
    first = study.add_key_frame(KeyFrame(one, T_NS, "gate", SQUARE), made_by="Anna")
    with pytest.raises(StudyError, match=f"number {first.id} by Anna"):
        study.add_key_frame(KeyFrame(one, T_NS, "gate", SQUARE))
    moved = study.add_key_frame(KeyFrame(one, T_NS, "gate", (*SQUARE[:3], (8.0, 170.0))), replace=True)
    assert study.key_frames() == (moved,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recording_id": "x"}, "no recording 'x'"),
        ({"placement_id": "x"}, "no placement 'x'"),
        ({"creative_id": "x"}, "no picture 'x'; it has gate-1"),
        ({"copy": 1}, "no copy 1"),
    ],
)
def test_facts_about_unknown_things_are_refused(
    ready: tuple[Study, str], changes: dict[str, object], message: str
) -> None:
    study, one = ready
    given = {"recording_id": one, "placement_id": "gate", **changes}
    with pytest.raises(StudyError, match=message):
        study.add_key_frame(KeyFrame(t_ns=T_NS, corners_px=SQUARE, **given))  # type: ignore[arg-type]
    with pytest.raises(StudyError, match=message):
        study.add_answer(ManualAnswer(start_ns=0, end_ns=9, verdict="on", x_share=0.5, y_share=0.5, **given))  # type: ignore[arg-type]
    assert study.key_frames() == ()
    assert study.answers() == ()


@pytest.mark.parametrize(
    "corners",
    [
        SQUARE[::-1],
        (SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]),
        (*SQUARE[:3], (math.nan, 0.0)),
        SQUARE[:3],
    ],
)
def test_corners_out_of_order_are_refused(corners: object) -> None:
    with pytest.raises(ParameterError, match="corner"):
        KeyFrame("r", 0, "gate", corners)  # type: ignore[arg-type]


def test_an_answer_takes_the_place_of_those_about_the_same_stretch(ready: tuple[Study, str]) -> None:
    study, recording = ready
    place = study.placements()[0].id
    on = ManualAnswer(recording, 10, 20, "on", place, 0.5, 0.5)
    other = ManualAnswer(recording, 10, 21, "nowhere")
    for answer in (on, other):
        study.add_answer(answer)
    moved = ManualAnswer(recording, 10, 20, "on", place, 0.25, 0.5)
    study.add_answer(moved, replace=True)
    assert [one.fact for one in study.answers()] == [other, moved]
    off = ManualAnswer(recording, 10, 20, "off", place)
    study.add_answer(off, replace=True)
    assert [one.fact for one in study.answers()] == [other, off]
    numbers = [one.id for one in study.answers()]
    with pytest.raises(StudyError, match="no answer 99"):
        study.remove_answers([numbers[0], 99])
    assert len(study.answers()) == 2  # all or none
    study.remove_answers(numbers)
    assert study.answers() == ()


def test_answers_stay_in_the_order_they_were_given(ready: tuple[Study, str]) -> None:
    study, one = ready
    on = study.add_answer(ManualAnswer(one, T_NS, T_NS + 200, "on", "gate", 1 / 3, 0.25), made_by="Bo")
    off = study.add_answer(ManualAnswer(one, T_NS, T_NS + 200, "off", "hall"))
    nowhere = study.add_answer(ManualAnswer(one, T_NS - 50, T_NS, "nowhere"), note="a phone")
    with open_study(study.path, read_only=True) as again:
        found = again.answers(one)
    assert [answer.id for answer in found] == [on.id, off.id, nowhere.id]
    assert found[0] == on
    assert math.isnan(found[2].fact.x_share)
    assert (found[2].fact.verdict, found[2].fact.placement_id, found[2].note) == ("nowhere", "", "a phone")
    study.remove_answer(off.id)
    assert [answer.id for answer in study.answers()] == [on.id, nowhere.id]
    with pytest.raises(StudyError, match="no answer 99"):
        study.remove_answer(99)


@pytest.mark.parametrize(
    "given",
    [
        ("perhaps", "gate", 0.5, 0.5),
        ("on", "gate", 1.5, 0.5),
        ("on", "gate"),
        ("on", ""),
        ("off", ""),
        ("nowhere", "gate"),
    ],
)
def test_answers_that_make_no_sense_are_refused(given: tuple[object, ...]) -> None:
    with pytest.raises(ParameterError):
        ManualAnswer("r", 0, 10, *given)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="later than the start"):
        ManualAnswer("r", 10, 10, "nowhere")


def test_a_marker_belongs_to_one_placement(ready: tuple[Study, str]) -> None:
    study, _ = ready
    markers = tuple(Marker.upright(n, x=-120.0, y=150.0 * n, side=80.0) for n in (0, 1))
    kept = study.set_markers(MarkerLayout("gate", "apriltag_36h11", markers), made_by="Anna")
    with open_study(study.path, read_only=True) as again:
        assert again.marker_layouts() == (kept,)
    assert kept.fact.markers[1].corners == ((-120, 150), (-40, 150), (-40, 230), (-120, 230))
    with pytest.raises(StudyError, match="marker 1 of apriltag_36h11 belongs to 'gate'"):
        study.set_markers(MarkerLayout("hall", "apriltag_36h11", markers[1:]))
    with pytest.raises(StudyError, match="has markers already"):
        study.set_markers(MarkerLayout("gate", "apriltag_36h11", markers[:1]))
    study.set_markers(MarkerLayout("gate", "apriltag_36h11", markers[:1]), replace=True)
    study.set_markers(MarkerLayout("hall", "apriltag_36h11", markers[1:]))
    assert [layout.fact.placement_id for layout in study.marker_layouts()] == ["gate", "hall"]
    study.remove_markers("gate")
    with pytest.raises(StudyError, match="'gate' has no markers"):
        study.remove_markers("gate")
    with pytest.raises(ParameterError, match="each number once"):
        MarkerLayout("gate", "aruco_4x4_50", (markers[0], markers[0]))


def test_vendors_rank_by_study_and_placement(ready: tuple[Study, str]) -> None:
    study, _ = ready
    assert study.vendor_ranks() == {"": "instead"}
    study.set_vendor_rank("after")
    study.set_vendor_rank("never", placement_id="gate")
    study.set_vendor_rank("instead", placement_id="gate")
    assert study.vendor_ranks() == {"": "after", "gate": "instead"}
    with pytest.raises(ParameterError, match="one of instead, after, never"):
        study.set_vendor_rank("always")  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="no placement 'x'"):
        study.set_vendor_rank("never", placement_id="x")


def test_facts_go_with_their_recording_or_placement(ready: tuple[Study, str]) -> None:
    study, one = ready
    for placement in ("gate", "hall"):
        study.add_key_frame(KeyFrame(one, T_NS, placement, SQUARE))
        study.add_answer(ManualAnswer(one, T_NS, T_NS + 1, "off", placement))
    study.add_answer(ManualAnswer(one, T_NS, T_NS + 1, "nowhere"))
    study.remove_placement("gate")
    assert [frame.fact.placement_id for frame in study.key_frames()] == ["hall"]
    assert [answer.fact.placement_id for answer in study.answers()] == ["hall", ""]
    study.remove_recording(one)
    assert study.key_frames() == study.answers() == ()
    assert is_sound(check_study(study.path))


def test_damaged_facts_are_named(ready: tuple[Study, str]) -> None:
    study, one = ready
    study.add_key_frame(KeyFrame(one, T_NS, "gate", SQUARE))
    study.add_answer(ManualAnswer(one, T_NS, T_NS + 1, "nowhere"))
    study.set_markers(MarkerLayout("gate", "x", (Marker.upright(1, x=0, y=0, side=10),)))
    with closing(sqlite3.connect(study.path / "study.sqlite")) as connection:
        connection.execute("UPDATE key_frame SET corners_px = '[1, 2]'")
        connection.execute("UPDATE manual_answer SET verdict = 'on'")
        connection.execute("UPDATE marker_layout SET facts = '{}'")
        connection.execute("INSERT INTO vendor_rank VALUES (1, NULL, 'x', '', '', '')")
        connection.commit()
    for read, name in (
        (study.key_frames, "key frame 1"),
        (study.answers, "answer 1"),
        (study.marker_layouts, "marker layout 1"),
        (study.vendor_ranks, "rank"),
    ):
        with pytest.raises(StudyDamagedError, match=name):
            read()


def test_study_of_the_third_format_is_brought_up_to_date(study_of_format: Callable[[str], Path]) -> None:
    folder = study_of_format("0003")
    with open_study(folder) as study:
        assert study.answers() == ()
        assert [person.id for person in study.participants()] == ["P01"]
    assert len(list((folder / "backups").glob("*-format-3.sqlite"))) == 1
