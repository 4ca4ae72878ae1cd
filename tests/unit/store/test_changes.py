"""Edits are taken back and done again, with everything that went along."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from gazestudy.errors import ParameterError, StudyError, StudyLockedError
from gazestudy.store import check_study, is_sound, open_delegated, open_study


def dump(study) -> list[str]:
    """Everything the database holds, in words of SQLite itself, without the order of rows."""
    connection = sqlite3.connect(study.path / "study.sqlite")
    lines = sorted(connection.iterdump())
    connection.close()
    return lines


@pytest.fixture
def filled(study, picture, recording):
    study.add_placement("wall", [picture(1)], name="กำแพง", width_mm=1200.0, height_mm=900.0, station="สยาม")
    study.add_placement("screen", [picture(3), picture(4)], kind="digital")
    study.add_aoi("wall", "logo's", [(0, 0), (10.1, 0), (0, 1 / 3)])
    study.add_recording(recording(1), participant_id="P01", segment="regular", report={"n": [1, None]})
    study.add_recording(recording(2), participant_id="P02")
    return study


EDITS = {
    "add picture": lambda study, picture: study.add_creative("screen", picture(8)),
    "replace picture": lambda study, picture: study.replace_creative("wall-1", picture(9, size=(80, 60))),
    "remove picture": lambda study, picture: study.remove_creative("screen-2"),
    "add placement": lambda study, picture: study.add_placement("door", [picture(7)]),
    "remove placement": lambda study, picture: study.remove_placement("wall"),
    "change placement": lambda study, picture: study.change_placement("wall", name="x", width_mm=None),
    "other station": lambda study, picture: study.change_placement("wall", station="Asok", copies=3),
    "add aoi": lambda study, picture: study.add_aoi("wall", "price", [(0, 0), (1, 0), (0, 1)]),
    "change aoi": lambda study, picture: study.change_aoi("wall_logo-s", points_px=[(0, 0), (5, 5), (0, 9)]),
    "label aoi": lambda study, picture: study.change_aoi("wall_logo-s", label="โลโก้"),
    "remove aoi": lambda study, picture: study.remove_aoi("wall_logo-s"),
    "segment": lambda study, picture: study.set_segment("P01", "visitor"),
    "daypart": lambda study, picture: study.set_daypart("p01-1", "morning peak"),
    "remove recording": lambda study, picture: study.remove_recording("p01-1"),
    "rename": lambda study, picture: study.rename("Été"),
    "participant": lambda study, picture: study.add_participant("P09", notes={"glasses": "no"}),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_taken_back_and_done_again(filled, picture, name):
    before = dump(filled)
    with filled.recorded() as change:
        EDITS[name](filled, picture)
    after = dump(filled)
    assert after != before
    again = filled.revert(change)
    assert dump(filled) == before
    assert is_sound(check_study(filled.path, full=True))
    back = filled.revert(again)
    assert dump(filled) == after
    filled.revert(back)
    assert dump(filled) == before
    assert is_sound(check_study(filled.path, full=True))


def test_pictures_come_back(filled):
    image = filled.placement_image(filled.placement("wall").creatives[0])
    with filled.recorded() as change:
        filled.remove_placement("wall")
    assert not (filled.path / "placements" / "wall").exists()
    filled.revert(change)
    np.testing.assert_array_equal(filled.placement_image(filled.placement("wall").creatives[0]), image)


def test_samples_and_results_come_back(filled, recording):
    import pandas as pd

    filled.write_derived("p01-1", "events", "abc", {"t": pd.DataFrame({"x": [1, 2]})}, provenance={})
    gaze = filled.stream("p01-1", "gaze")
    with filled.recorded() as change:
        filled.remove_recording("p01-1")
    filled.revert(change)
    pd.testing.assert_frame_equal(filled.stream("p01-1", "gaze"), gaze)
    assert filled.derived("p01-1", "events", "abc") is not None


@pytest.mark.parametrize("name", ["add placement", "add recording"])
def test_a_crash_while_an_addition_is_taken_back_leaves_a_sound_study(
    filled, picture, recording, name, monkeypatch
):
    class Crash(BaseException):
        pass

    def crash(_folder):
        raise Crash

    with filled.recorded() as change:
        if name == "add placement":
            filled.add_placement("door", [picture(7)])
        else:
            filled.add_recording(recording(3), participant_id="P02")
    monkeypatch.setattr(filled, "_discard", crash)
    with pytest.raises(Crash):
        filled.revert(change)
    # the database forgot the folder, which is still there
    assert is_sound(check_study(filled.path, full=True))
    filled.close()
    with open_study(filled.path):
        pass
    assert check_study(filled.path, full=True) == []


def test_what_was_changed_meanwhile_is_refused_whole(filled):
    with filled.recorded() as change:
        filled.set_segment("P02", "visitor")
        filled.add_aoi("wall", "price", [(0, 0), (1, 0), (0, 1)])
    filled.remove_aoi("wall_price")
    state = dump(filled)
    with pytest.raises(StudyError, match="changed again"):
        filled.revert(change)
    assert dump(filled) == state


def test_a_failed_edit_leaves_nothing_to_take_back(filled):
    with pytest.raises(ParameterError), filled.recorded() as change:
        filled.change_placement("wall", width_mm=-1.0)
    assert not change


def test_forgotten_changes_cannot_come_back(filled):
    with filled.recorded() as change:
        filled.remove_placement("wall")
    filled.forget_changes()
    with pytest.raises(StudyError, match="is gone"):
        filled.revert(change)


def test_nothing_else_is_recorded(filled):
    with filled.recorded() as change:
        pass
    filled.set_segment("P02", "visitor")
    assert not change


def test_a_child_writes_with_the_token_only(filled):
    with open_delegated(filled.path, filled.lock_token) as child:
        child.set_segment("P02", "visitor")
    assert {person.id: person.segment for person in filled.participants()}["P02"] == "visitor"
    with pytest.raises(StudyLockedError):
        open_delegated(filled.path, "somebody")
    with pytest.raises(StudyLockedError):
        open_study(filled.path)  # the lock is still held
