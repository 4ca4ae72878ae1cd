"""Everything a person edits can be taken back and done again, is on the disk at once, and says its name."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from gazestudy_gui import commands
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.views import (
    document_editor,
    fieldwork_edits,
    file_edits,
    interview_edits,
    placement_edits,
    relink_dialog,
)

from gazestudy._cv2 import cv2
from gazestudy.errors import GazestudyError, StudyError
from gazestudy.model import Facet
from gazestudy.model.alignment import ClockAlignment
from gazestudy.model.manual import KeyFrame, ManualAnswer
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


def aoi(document) -> str:
    document.study.add_aoi(first_placement(document), "logo", [(0, 0), (9, 0), (0, 9)], aoi_id="logo")
    return "logo"


def screen(document, tmp_path) -> str:
    """Add a screen with two pictures, and return it."""
    document.study.add_placement("screen", [noise(tmp_path, 1), noise(tmp_path, 2)], kind="digital")
    return "screen"


def noise(folder, seed):
    """A picture like no other."""
    path = folder / f"noise-{seed}.png"
    blocks = np.random.default_rng(seed).integers(0, 255, (20, 15, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", cv2.resize(blocks, (150, 200)))[1].tobytes())
    return path


def answer(document) -> ManualAnswer:
    return ManualAnswer("p01-1", 0, 10**9, "on", first_placement(document), 0.5, 0.5)


def key_frame(document) -> KeyFrame:
    return KeyFrame("p01-1", 5, first_placement(document), ((0, 0), (9, 0), (9, 9), (0, 9)))


def kept(document, tmp_path, what) -> object:
    """Put something there that the edit is about; what it is called comes back."""
    study = document.study
    if what == "alignment":
        return study.add_alignment("p01-1", "camera", ClockAlignment("by-hand", 0, 10**9, 0.0, 200.0)).id
    if what == "answer":
        return study.add_answer(answer(document)).id
    if what == "key frame":
        return study.add_key_frame(key_frame(document)).id
    if what == "loop":
        document.edit(loop(document, tmp_path))
        return "screen"
    document.edit(interview_edits.StartInterview("talk", "P01"))
    if what == "interview":
        return "talk"
    if what == "answer to a question":
        document.edit(interview_edits.PutAnswers("talk", "walk", ["the red one"]))
        return study.interviews().interview_answers.iloc[0].to_dict()
    if what == "code":
        return add_code(document)
    document.edit(interview_edits.KeepText("notes", "talk", "Notes", "the red one by the gate"))
    code = add_code(document)
    where = {"document_id": "notes", "start_char": 4, "end_char": 7}
    if what == "place for a code":
        return code, where
    coding = interview_edits.AddCoding(code, "Red", "A", **where)
    document.edit(coding)
    return coding.result


def add_code(document) -> str:
    edit = interview_edits.AddCode("Red")
    document.edit(edit)
    return edit.result


def loop(document, tmp_path):
    place = screen(document, tmp_path)
    day = "2026-05-01T0{}:00:00+07:00".format
    return commands.SetLoop(place, place, [("screen-1", 10.0)], start=day(8), end=day(9), uncertainty_s=2.0)


def play_log(document, tmp_path):
    screen(document, tmp_path)
    path = tmp_path / "play.csv"
    path.write_text("start,duration_s,content\n2026-05-01 08:00:00,10,noise-1\n", encoding="utf-8")
    return commands.SetScheduleFromLog("screen", "screen", path, zone="Asia/Bangkok", uncertainty_s=2.0)


MORE = {
    "RenameAoi": lambda d, t: commands.RenameAoi(aoi(d), "ราคา"),
    "ReshapeAoi": lambda d, t: commands.ReshapeAoi(aoi(d), "logo", [(1, 1), (9, 0), (0, 9)]),
    "LabelAoi": lambda d, t: commands.LabelAoi(aoi(d), "logo", "ตรา"),
    "RemoveAoi": lambda d, t: commands.RemoveAoi(aoi(d)),
    "CopyAois": lambda d, t: commands.CopyAois(
        first_placement(d) if aoi(d) else "", d.study.placements()[1].id
    ),
    "CopyPlacement": lambda d, t: commands.CopyPlacement(
        d.study.placement(first_placement(d)) if aoi(d) else None, "other", noise(t, 3), "อโศก"
    ),
    "AddCreative": lambda d, t: commands.AddCreative(screen(d, t), "screen", noise(t, 3)),
    "ReplaceCreative": lambda d, t: commands.ReplaceCreative(f"{screen(d, t)}-1", "x", noise(t, 3)),
    "RemoveCreative": lambda d, t: commands.RemoveCreative(f"{screen(d, t)}-2", "x"),
    "SetFacets": lambda d, t: placement_edits.SetFacets(
        first_placement(d), "x", [Facet(0, 0, 40, 50), Facet(40, 0, 80, 50)]
    ),
    "AddWrap": lambda d, t: placement_edits.AddWrap("pillar", [noise(t, 3), noise(t, 4)], name="เสา"),
    "SetLoop": loop,
    "SetScheduleFromLog": play_log,
    "RemoveSchedule": lambda d, t: commands.RemoveSchedule(kept(d, t, "loop"), "screen"),
    "AddAlignment": lambda d, t: commands.AddAlignment(
        "p01-1", "camera", ClockAlignment("by-hand", 0, 5, 0.0, 200.0)
    ),
    "RemoveAlignment": lambda d, t: commands.RemoveAlignment(kept(d, t, "alignment"), "p01-1", "camera"),
    "GiveAnswer": lambda d, t: commands.GiveAnswer(answer(d), "on it"),
    "TakeBackAnswers": lambda d, t: commands.TakeBackAnswers([kept(d, t, "answer")]),
    "AddKeyFrame": lambda d, t: commands.AddKeyFrame(key_frame(d), "x"),
    "RemoveKeyFrame": lambda d, t: commands.RemoveKeyFrame(kept(d, t, "key frame"), "x"),
    "StartInterview": lambda d, t: interview_edits.StartInterview("talk", "P01"),
    "PutAnswers": lambda d, t: interview_edits.PutAnswers(kept(d, t, "interview"), "walk", ["สีแดง"]),
    "CodeAnswer": lambda d, t: interview_edits.CodeAnswer(kept(d, t, "answer to a question"), "A", "yes"),
    "KeepText": lambda d, t: interview_edits.KeepText("notes", kept(d, t, "interview"), "Notes", "abc"),
    "AddCode": lambda d, t: interview_edits.AddCode("Red"),
    "AddStarterCodes": lambda d, t: interview_edits.AddStarterCodes(),
    "ChangeCode": lambda d, t: interview_edits.ChangeCode(kept(d, t, "code"), "Red", name="Rouge"),
    "RemoveCode": lambda d, t: interview_edits.RemoveCode(kept(d, t, "code"), "Red"),
    "AddCoding": lambda d, t: add_coding(*kept(d, t, "place for a code")),
    "RemoveCodings": lambda d, t: interview_edits.RemoveCodings([kept(d, t, "coding")], "Red"),
}
ELSEWHERE = {
    one.__name__
    for one in (
        file_edits.PutFile, document_editor.WriteText, fieldwork_edits.KeepLog, fieldwork_edits.KeepSheet,
        fieldwork_edits.TypeSheet, relink_dialog.RelinkMedia,
    )
}  # fmt: skip
"""A file, a field log, and moved videos: in the tests of strategy, fieldwork and moved videos."""


def add_coding(code, where):
    return interview_edits.AddCoding(code, "Red", "A", **where)


def everything(document) -> list[str]:
    """All that the database holds, without the order of rows."""
    connection = sqlite3.connect(document.path / "study.sqlite")
    lines = sorted(connection.iterdump())
    connection.close()
    return lines


@pytest.mark.parametrize("name", MORE)
def test_every_kind_of_edit_goes_back_and_forth(document, tmp_path, name):
    edit = MORE[name](document, tmp_path)
    assert type(edit).__name__ == name
    before = everything(document)
    document.edit(edit)
    after = everything(document)
    assert after != before
    assert document.undo_stack.undoText()
    for _ in range(2):
        document.undo_stack.undo()
        assert everything(document) == before
        document.undo_stack.redo()
        assert everything(document) == after


def test_no_kind_of_edit_is_forgotten():
    words = {"rename": "RenameStudy", "segment": "SetSegment", "daypart": "SetDaypart"}
    above = {words.get(name, name.title().replace(" ", "")) for name in EDITS}
    kinds = {one.__name__ for one in commands.Edit.__subclasses__()}
    assert kinds - above - set(MORE) - ELSEWHERE == set()


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
