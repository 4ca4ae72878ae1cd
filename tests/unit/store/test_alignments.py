from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from gazestudy.errors import StudyDamagedError, StudyError
from gazestudy.model import Recording
from gazestudy.model.alignment import ClockAlignment, DriftBound
from gazestudy.store import Study, check_study, is_sound, open_study

MADE = ClockAlignment(
    "pulses",
    reference_ns=1_700_000_000_123_456_789,
    offset_ns=-(2**62) + 1,
    drift_ppm=-11.25,
    uncertainty_ms=0.75,
    drift_bounds=(DriftBound(1_700_000_000_123_456_789, 0.125),),
    residuals_ms=(0.5, -0.25),
    first_ns=1,
    last_ns=2**62,
    evidence={"matched": np.int64(2), "file": "observer ชานชาลา.csv"},
)


def test_what_is_kept_comes_back_exactly(study: Study, recording: Callable[..., Recording]) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    kept = study.add_alignment(one, "observer ๒", MADE, made_by="Anna", note="two claps")
    with open_study(study.path, read_only=True) as again:
        assert again.alignments() == (kept,)
        found = again.alignment(one, "observer ๒")
    assert found.alignment.to_dict() == MADE.to_dict()
    assert (found.made_by, found.note, found.target) == ("Anna", "two claps", "observer ๒")
    assert found.made_utc.endswith("+00:00")
    assert study.add_alignment(one, "b", MADE).made_by


def test_nothing_is_chosen_silently(study: Study, recording: Callable[..., Recording]) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    first, second = (study.add_alignment(one, "log", MADE) for _ in range(2))
    with pytest.raises(StudyError, match=f"numbers {first.id}, {second.id}"):
        study.alignment(one, "log")
    study.remove_alignment(first.id)
    assert study.alignment(one, "log").id == second.id
    with pytest.raises(StudyError, match="aligned with it: log"):
        study.alignment(one, "interview")
    with pytest.raises(StudyError, match="no alignment 99"):
        study.remove_alignment(99)
    with pytest.raises(StudyError, match="no recording 'x'"):
        study.add_alignment("x", "log", MADE)


def test_it_goes_with_its_recording_and_changes_no_data(
    study: Study, recording: Callable[..., Recording]
) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    before = study.stream(one, "gaze")
    study.add_alignment(one, "log", MADE)
    assert study.stream(one, "gaze").equals(before)
    study.remove_recording(one)
    assert study.alignments() == ()
    assert is_sound(check_study(study.path))


def test_damaged_facts_are_named(study: Study, recording: Callable[..., Recording]) -> None:
    one = study.add_recording(recording(1), participant_id="P01").id
    study.add_alignment(one, "log", MADE)
    with closing(sqlite3.connect(study.path / "study.sqlite")) as connection:
        connection.execute("UPDATE clock_alignment SET facts = '{}'")
        connection.commit()
    with pytest.raises(StudyDamagedError, match="alignment 1 of"):
        study.alignments()


def test_study_of_the_first_format_is_brought_up_to_date(study_of_format: Callable[[str], Path]) -> None:
    folder = study_of_format("0001")
    with open_study(folder) as study:
        assert study.alignments() == ()
        assert [person.id for person in study.participants()] == ["P01"]
    assert len(list((folder / "backups").glob("*-format-1.sqlite"))) == 1
