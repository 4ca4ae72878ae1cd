"""The real program driven as a person drives it, from an empty desk to exported heatmaps and back again."""

from __future__ import annotations

import shutil

import pytest
from gazestudy_gui.start_window import NewStudyDialog
from gazestudy_gui.wizard.report import ImportReport
from gazestudy_gui.wizard.window import ImportWizard
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QFileDialog

from gazestudy.store import check_study, is_sound
from tests.gui.conftest import SESSIONS

LEFT = Qt.MouseButton.LeftButton
PLACEMENTS = ("corridor-six-sheet.jpg", "corridor-landscape.jpg")


def shown(kind):
    found = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]
    assert found, f"no {kind.__name__} on show"
    return found[-1]


def drop(window, paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    none, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(QPointF(9, 9).toPoint(), copy, data, LEFT, none))
    QApplication.sendEvent(window, QDropEvent(QPointF(9, 9), copy, data, LEFT, none))


def finished(window, qtbot, timeout=180_000):
    job = window.document.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.is_over, timeout=timeout)
    assert job.state == "done", job.error + job.details
    return job


def keys(window, name):
    """Press the shortcut of an action, as a person would."""
    QApplication.setActiveWindow(window)
    QTest.keySequence(window, window.book.actions[name].shortcut())


@pytest.fixture
def session(tmp_path):
    """One walk, cut to a folder of its own."""
    return shutil.copytree(SESSIONS / "recordings" / "p01-pupil-cloud-neon", tmp_path / "stick" / "walk")


def test_a_study_from_nothing_to_heatmaps_and_again(desk, tmp_path, qtbot, session, monkeypatch):
    start = desk.show_start()
    qtbot.waitExposed(start)
    QTest.mouseClick(start.new, LEFT)
    dialog = shown(NewStudyDialog)
    QTest.keyClicks(dialog.name, "Riverside 2026")
    dialog.place.setText(str(tmp_path))
    QTest.mouseClick(dialog.buttons.button(dialog.buttons.StandardButton.Ok), LEFT)
    qtbot.waitUntil(lambda: desk.window is not None, timeout=10_000)
    window = desk.window
    qtbot.waitExposed(window)
    window.resize(1400, 950)

    pictures = [str(SESSIONS / "placements" / name) for name in PLACEMENTS]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (pictures, ""))
    keys(window, "placement.add")
    assert len(window.document.study.placements()) == 2

    drop(window, [session.parent])
    wizard = shown(ImportWizard)
    qtbot.waitUntil(wizard.found.isComplete, timeout=30_000)
    buttons = wizard.WizardButton
    for _ in range(3):
        QTest.mouseClick(wizard.button(buttons.NextButton), LEFT)
    QTest.mouseClick(wizard.button(buttons.FinishButton), LEFT)
    finished(window, qtbot)
    qtbot.waitUntil(
        lambda: any(isinstance(one, ImportReport) for one in QApplication.topLevelWidgets()), timeout=10_000
    )
    shown(ImportReport).close()

    keys(window, "analyse.run")
    finished(window, qtbot)
    tree = window.view("tree")
    qtbot.waitUntil(
        lambda: "%" in tree.model.data(tree.model.find("recording", "p01-1").siblingAtColumn(4)),
        timeout=20_000,
    )
    tree.select("recording", "p01-1")
    player = window.view("player")
    qtbot.waitUntil(lambda: not player.video.image.isNull(), timeout=20_000)
    row = player.row
    window.show_view("player")
    player.setFocus()
    QTest.keyClick(player.video, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: player.row == row + 1, timeout=10_000)

    review = window.show_view("review")
    qtbot.waitUntil(lambda: review.is_ready and not review.scene.image.isNull(), timeout=30_000)
    review.setFocus()
    QTest.keyClick(review.scene, Qt.Key.Key_D)
    QTest.mouseClick(review.reference, LEFT, pos=review.reference.at((0.3, 0.4)).toPoint())
    said = window.document.study.answers()
    assert len(said) == 2

    tree.select("placement", "corridor-six-sheet")
    view = window.show_view("placements")
    QApplication.processEvents()
    QTest.mouseClick(view.tools["rectangle"], LEFT)
    canvas = view.canvas
    QTest.mousePress(canvas, LEFT, pos=canvas.to_widget(30, 30).toPoint())
    QTest.mouseMove(canvas, canvas.to_widget(120, 90).toPoint())
    QTest.mouseRelease(canvas, LEFT, pos=canvas.to_widget(200, 150).toPoint())
    (aoi,) = window.document.study.aois()
    keys(window, "edit.undo")
    assert window.document.study.aois() == ()
    keys(window, "edit.redo")
    assert window.document.study.aois() == (aoi,)

    window.view("heatmaps")
    out = tmp_path / "heatmaps"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(out))
    window.book.actions["heatmap.export_all"].trigger()
    finished(window, qtbot)
    assert len(list(out.rglob("*.png"))) >= 2

    path = window.document.path
    keys(window, "file.close")
    qtbot.waitUntil(lambda: desk.window is None, timeout=10_000)
    start = desk.show_start()
    assert "Riverside 2026" in start.recent.item(0).text()
    start.recent.itemActivated.emit(start.recent.item(0))
    qtbot.waitUntil(lambda: desk.window is not None, timeout=10_000)
    study = desk.window.document.study
    assert study.path == path
    assert study.aois() == (aoi,)
    assert study.answers() == said
    assert [one.id for one in study.recordings()] == ["p01-1"]
    assert study.current("p01-1", "attention") is not None
    assert is_sound(check_study(path, full=True))
