from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gazestudy.errors import StudyDamagedError, StudyError
from gazestudy.model import Recording
from gazestudy.model.correction import GazeCorrection
from gazestudy.store import Study, check_study, is_sound, open_study

MADE = GazeCorrection(
    "drift",
    (1_700_000_000_123_456_789, 1_700_000_060_123_456_789),
    (0.1, 1.0 / 3.0),
    (-2.5, 0.0),
    {"targets": [{"target": "ป้าย 1", "offset_deg": 2.5}], "centre": "median"},
)


def test_what_is_kept_comes_back_exactly(study: Study, recording: Callable[..., Recording]) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    assert study.correction(one) is None
    kept = study.add_correction(one, MADE, made_by="Anna", note="poster at the gate")
    with open_study(study.path, read_only=True) as again:
        assert again.corrections() == (kept,)
        found = again.correction(one)
    assert found is not None
    assert found.correction == MADE
    assert (found.recording_id, found.made_by, found.note) == (one, "Anna", "poster at the gate")
    assert found.made_utc.endswith("+00:00")


def test_a_second_one_is_refused_unless_it_replaces(
    study: Study, recording: Callable[..., Recording]
) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    first = study.add_correction(one, MADE, made_by="Anna")
    other = GazeCorrection("offset", (0,), (1.0,), (2.0,))
    with pytest.raises(StudyError, match=f"number {first.id} by Anna"):
        study.add_correction(one, other)
    assert study.correction(one) == first
    second = study.add_correction(one, other, replace=True)
    assert second.made_by
    assert study.corrections() == (second,)
    with pytest.raises(StudyError, match="no correction 99"):
        study.remove_correction(99)
    with pytest.raises(StudyError, match="no recording 'x'"):
        study.add_correction("x", MADE)


def test_it_changes_no_data_can_be_undone_and_goes_with_its_recording(
    study: Study, recording: Callable[..., Recording]
) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    before, key = study.stream(one, "gaze"), study.stream_key(one, ["gaze"])
    kept = study.add_correction(one, MADE)
    assert study.stream(one, "gaze").equals(before)
    assert study.stream_key(one, ["gaze"]) == key
    study.remove_correction(kept.id)
    assert study.correction(one) is None
    study.add_correction(one, MADE)
    study.remove_recording(one)
    assert study.corrections() == ()
    assert is_sound(check_study(study.path))


def test_damaged_facts_are_named(study: Study, recording: Callable[..., Recording]) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    study.add_correction(one, MADE)
    with closing(sqlite3.connect(study.path / "study.sqlite")) as connection:
        connection.execute("UPDATE gaze_correction SET facts = '{}'")
        connection.commit()
    with pytest.raises(StudyDamagedError, match="correction 1 of"):
        study.correction(one)


def test_study_of_the_second_format_is_brought_up_to_date(study_of_format: Callable[[str], Path]) -> None:
    folder = study_of_format("0002")
    with open_study(folder) as study:
        assert study.corrections() == ()
        assert [person.id for person in study.participants()] == ["P01"]
    assert len(list((folder / "backups").glob("*-format-2.sqlite"))) == 1
