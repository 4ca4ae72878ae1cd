"""Videos that were moved are noticed, found together, and put right with undo."""

from __future__ import annotations

import shutil

import pytest
from gazestudy_gui.views.relink_dialog import RelinkDialog
from PyQt6.QtWidgets import QFileDialog

from gazestudy.pipeline.importing import import_path
from gazestudy.store import create_study, open_study
from tests.gui.conftest import SESSIONS
from tests.gui.hands import click, shown

NAMES = ("p01-pupil-cloud-neon", "p02-pupil-cloud-invisible")


@pytest.fixture
def moved(tmp_path):
    """A study that refers to two videos, and where they are now."""
    for name in NAMES:
        shutil.copytree(SESSIONS / "recordings" / name, tmp_path / "before" / name)
    with create_study(tmp_path / "study", name="Siam") as study:
        for number, name in enumerate(NAMES, 1):
            import_path(study, tmp_path / "before" / name, participant_id=f"P0{number}", copy_video=False)
    shutil.move(tmp_path / "before", tmp_path / "ข้อมูล")
    return tmp_path / "study", tmp_path / "ข้อมูล"


def test_one_folder_puts_all_right_and_undo_takes_it_back(desk, moved, qtbot, monkeypatch):
    study, now = moved
    window = desk.open(study)
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: "Find moved videos" in window.statusBar().currentMessage(), timeout=20_000)
    window.view("tree").select("recording", "p01-1")
    player = window.view("player")
    qtbot.waitUntil(player.find_button.isVisible, timeout=20_000)
    assert "p01-1" in player.video.message
    click(player.find_button)
    dialog = shown(RelinkDialog)
    assert [dialog.table.item(row, 0).text() for row in range(2)] == ["p01-1", "p02-1"]
    ok = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    assert not ok.isEnabled()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(now))
    click(dialog.folder)
    qtbot.waitUntil(ok.isEnabled, timeout=120_000)
    assert [dialog.table.item(row, 2).text()[0] for row in range(2)] == ["✓", "✓"]
    assert window.document.study.missing_media()  # nothing is kept before it is said so
    click(ok)
    assert window.document.study.missing_media() == ()
    qtbot.waitUntil(lambda: not player.video.image.isNull(), timeout=30_000)
    assert not player.find_button.isVisible()
    assert "2" in window.document.undo_stack.undoText()
    window.document.undo_stack.undo()
    assert len(window.document.study.missing_media()) == 2


def test_who_only_looks_is_told_so(desk, moved, qtbot):
    study, now = moved
    with open_study(study):
        window = desk.open(study, read_only=True)
        qtbot.waitExposed(window)
        window.book.actions["file.relink"].trigger()
        dialog = shown(RelinkDialog)
        assert "read-only" in dialog.note.text()
        dialog.look(now / NAMES[0])
        qtbot.waitUntil(lambda: len(dialog.places) == 1, timeout=120_000)
        assert not dialog.buttons.button(dialog.buttons.StandardButton.Ok).isEnabled()
        dialog.reject()
        window.close()


def test_looking_is_stopped_by_closing(desk, moved, qtbot):
    window = desk.open(moved[0])
    qtbot.waitExposed(window)
    window.book.actions["file.relink"].trigger()
    dialog = shown(RelinkDialog)
    dialog.look(moved[1])
    dialog.reject()  # nothing is left behind: no process, no timer
    assert len(window.document.study.missing_media()) == 2


def test_a_study_with_all_its_videos_says_so(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.book.actions["file.relink"].trigger()
    dialog = shown(RelinkDialog)
    assert "where they should be" in dialog.note.text()
    assert not dialog.folder.isEnabled()
    dialog.reject()
