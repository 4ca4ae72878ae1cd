"""What people edited is copied by date, and one can return to such a copy and come back."""

from __future__ import annotations

import pytest
from gazestudy_gui.commands import RemoveRecording, SetSegment
from gazestudy_gui.views.backups_dialog import BackupsDialog, reason_text
from PyQt6.QtWidgets import QMessageBox

from gazestudy.errors import StudyDamagedError, StudyLockedError
from gazestudy.store import open_study
from gazestudy.store.returning import backups_of, return_to_backup
from tests.gui.hands import click, finished, shown


def segment(study) -> str:
    return study.participants()[0].segment


def go_back(desk, window, row, qtbot):
    """Choose a backup and return to it."""
    window.book.actions["file.backups"].trigger()
    dialog = shown(BackupsDialog)
    dialog.table.selectRow(row)
    click(dialog.buttons.button(dialog.buttons.StandardButton.Ok))
    qtbot.waitUntil(lambda: desk.window is not None and desk.window is not window, timeout=20_000)
    return desk.window


def test_one_returns_to_a_backup_and_comes_back(desk, imported, qtbot):
    window = desk.open(imported)  # the first opening of the day: a backup
    qtbot.waitExposed(window)
    window.document.edit(SetSegment("P01", "ประจำ"))
    again = go_back(desk, window, 0, qtbot)
    assert segment(again.document.study) == "visitor"
    finished(again, qtbot)  # all files were checked
    assert backups_of(imported)[0].reason == "before-return"
    third = go_back(desk, again, 0, qtbot)
    assert segment(third.document.study) == "ประจำ"
    finished(third, qtbot)


def test_what_cannot_be_read_is_told_and_changes_nothing(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    newest = backups_of(imported)[0].path
    newest.write_bytes(b"SQLite format 3\0 and nothing else")
    again = go_back(desk, window, 0, qtbot)
    box = next(one for one in again.findChildren(QMessageBox) if one.isVisible())
    assert newest.name in box.informativeText()
    box.close()
    assert segment(again.document.study) == "visitor"


def test_a_study_somebody_has_open_is_left_alone(imported):
    with open_study(imported) as study:
        kept = study.backup()
        study.set_segment("P01", "regular")
        with pytest.raises(StudyLockedError):
            return_to_backup(imported, kept)
        assert segment(study) == "regular"


def test_a_recording_that_was_removed_since_is_listed_and_named_by_the_check(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.document.edit(RemoveRecording("p01-1"))
    again = go_back(desk, window, 0, qtbot)
    assert [one.id for one in again.document.study.recordings()] == ["p01-1"]
    job = finished(again, qtbot)
    assert any("p01-1" in text and "missing" in text for text in job.result)


def test_a_file_that_is_no_study_is_refused(imported, tmp_path):
    (tmp_path / "other.sqlite").write_bytes(b"")
    with pytest.raises(StudyDamagedError):
        return_to_backup(imported, tmp_path / "other.sqlite")


def test_reasons_are_words(qapp):
    assert reason_text("daily") == "first opening of a day"
    assert "format" in reason_text("format-3")
