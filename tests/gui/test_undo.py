"""Everything a person edits can be taken back and done again, is on the disk at once, and says its name."""

from __future__ import annotations

import pytest
from gazestudy_gui import commands
from gazestudy_gui.document import StudyDocument

from gazestudy.errors import GazestudyError, StudyError
from gazestudy.store import open_study
from tests.gui.conftest import SESSIONS


def state(document) -> dict:
    """What people see of a study, read from the disk by somebody else."""
    with open_study(document.path, read_only=True) as study:
        return {
            "name": study.name,
            "placements": study.placements(),
            "aois": study.aois(),
            "people": study.participants(),
            "recordings": study.recordings(),
        }


def first_placement(document) -> str:
    return document.study.placements()[0].id


def a_picture(document):
    used = {creative.name for place in document.study.placements() for creative in place.creatives}
    return next(path for path in sorted((SESSIONS / "placements").glob("*.jpg")) if path.stem not in used)


EDITS = {
    "rename": (lambda d: commands.RenameStudy("Ｎew ชื่อ"), "study"),
    "add placement": (lambda d: commands.AddPlacement("door", [a_picture(d)], name="ประตู"), "placements"),
    "remove placement": (lambda d: commands.RemovePlacement(first_placement(d)), "placements"),
    "change placement": (
        lambda d: commands.ChangePlacement(first_placement(d), width_mm=300.0),
        "placements",
    ),
    "add aoi": (lambda d: commands.AddAoi(first_placement(d), "logo", [(0, 0), (9, 0), (0, 9)]), "aois"),
    "add participant": (lambda d: commands.AddParticipant("P09"), "participants"),
    "segment": (lambda d: commands.SetSegment("P01", "regular"), "participants"),
    "daypart": (lambda d: commands.SetDaypart("p01-1", "evening"), "recordings"),
    "remove recording": (lambda d: commands.RemoveRecording("p01-1"), "recordings"),
}


@pytest.mark.parametrize("name", EDITS)
def test_each_edit_goes_back_and_forth(document, qtbot, name):
    make, kind = EDITS[name]
    before = state(document)
    with qtbot.waitSignal(document.changed, check_params_cb=lambda told: told == kind):
        document.edit(make(document))
    after = state(document)
    assert after != before
    assert document.undo_stack.undoText()
    for _ in range(2):
        with qtbot.waitSignal(document.changed):
            document.undo_stack.undo()
        assert state(document) == before
        with qtbot.waitSignal(document.changed):
            document.undo_stack.redo()
        assert state(document) == after


def test_aois_are_drawn_moved_renamed_removed_and_all_of_it_undone(document):
    place = first_placement(document)
    states = [state(document)]
    add = commands.AddAoi(place, "logo", [(0, 0), (9, 0), (0, 9)])
    document.edit(add)
    states.append(state(document))
    document.edit(commands.ReshapeAoi(add.result.id, "logo", [(5, 5), (9, 0), (0, 9)]))
    states.append(state(document))
    document.edit(commands.RenameAoi(add.result.id, "ราคา"))
    states.append(state(document))
    document.edit(commands.RemoveAoi(add.result.id))
    for wanted in reversed(states):
        document.undo_stack.undo()
        assert state(document) == wanted
    assert not document.undo_stack.canUndo()


def test_steps_of_one_gesture_are_one_edit(document):
    add = commands.AddAoi(first_placement(document), "logo", [(0, 0), (9, 0), (0, 9)])
    document.edit(add)
    before = state(document)
    for step in range(1, 6):
        points = [(step, 0), (9 + step, 0), (step, 9)]
        document.edit(commands.ReshapeAoi(add.result.id, "logo", points, gesture=7))
    assert document.undo_stack.count() == 2
    after = state(document)
    document.undo_stack.undo()
    assert state(document) == before
    document.undo_stack.redo()
    assert state(document) == after


def test_an_edit_that_fails_changes_nothing(document):
    before = state(document)
    with pytest.raises(GazestudyError):
        document.edit(commands.ChangePlacement(first_placement(document), width_mm=-4.0))
    with pytest.raises(GazestudyError):
        document.edit(commands.RemovePlacement("nowhere"))
    assert state(document) == before
    assert document.undo_stack.count() == 0


def test_an_edit_that_was_overtaken_is_told_and_taken_off(document, qtbot):
    document.edit(commands.AddAoi(first_placement(document), "logo", [(0, 0), (9, 0), (0, 9)]))
    document.study.remove_aoi(document.study.aois()[0].id)  # from elsewhere
    before = state(document)
    with qtbot.waitSignal(document.trouble) as told:
        document.undo_stack.undo()
    assert "changed again" in str(told.args[0])
    assert state(document) == before
    assert not document.undo_stack.canRedo()


def test_read_only_refuses_and_says_what_to_do(imported, qapp):
    document = StudyDocument.open(imported, read_only=True)
    with pytest.raises(StudyError, match="read-only"):
        document.edit(commands.RenameStudy("x"))
    with pytest.raises(StudyError, match="read-only"):
        document.writing()
    document.close()


def test_a_dated_backup_is_made_on_the_first_opening_of_a_day(imported, qapp):
    for _ in range(2):
        StudyDocument.open(imported).close()
    assert len(list((imported / "backups").glob("study-*-daily.sqlite"))) == 1


def test_undo_after_opening_again_starts_afresh(document):
    document.edit(commands.RemovePlacement(first_placement(document)))
    path = document.path
    document.close()
    assert not (path / "backups" / "removed").exists()
    again = StudyDocument.open(path)
    assert not again.undo_stack.canUndo()
    again.close()
