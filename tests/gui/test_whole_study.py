"""A whole study by mouse and keyboard: from an empty desk to report and heatmaps, closed, opened again.

The same test runs offscreen and, from `test_window_manager.py`, on a display with a window manager.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from gazestudy_gui.start_window import NewStudyDialog
from gazestudy_gui.wizard.report import ImportReport
from gazestudy_gui.wizard.window import ImportWizard
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QFileDialog, QInputDialog

from gazestudy.store import check_study, is_sound, open_study
from tests.gui.conftest import SESSIONS
from tests.gui.hands import (
    LEFT,
    bring_forward,
    choose,
    click,
    drag,
    drop,
    finished,
    press,
    shown,
    type_into_cell,
    type_text,
    when_asked,
)

NAME = "สยาม 2026"
PLACES = ("corridor-six-sheet", "corridor-landscape")
WALKS = ("p01-1", "p02-1", "p03-1", "p04-1")
SAID = "the red poster by the gates – ป้ายสีแดง"


@pytest.fixture
def stick(tmp_path) -> Path:
    """The sample sessions, as somebody brings them home from the station."""
    return Path(shutil.copytree(SESSIONS / "recordings", tmp_path / "stick"))


@pytest.fixture
def files(monkeypatch):
    """What a person chooses in the file dialogs of the system."""
    chosen = {"open": [str(SESSIONS / "placements" / f"{name}.jpg") for name in PLACES]}
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: (chosen["open"], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: chosen["folder"])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (chosen["save"], ""))
    return chosen


def test_a_whole_study(desk, qtbot, qtlog, tmp_path, stick, files):
    wanted = os.environ["QT_QPA_PLATFORM"].split(":")[0]
    assert QApplication.platformName() == wanted  # not quietly another one than was asked for
    window = begin(desk, qtbot, tmp_path)
    press(window, "placement.add", qtbot)
    assert [one.name for one in window.document.study.placements()] == list(PLACES)
    bring_in(window, qtbot, stick)
    choose(window, "analyse.run", qtbot)
    finished(window, qtbot)
    model = window.view("tree").model
    for name in WALKS:
        cell = model.find("recording", name).siblingAtColumn(4)
        qtbot.waitUntil(lambda cell=cell: any(sign in str(cell.data()) for sign in "%✓"), timeout=600_000)

    watch(window, qtbot)
    said = review_two(window, qtbot)
    aoi = draw_aoi(window, qtbot)
    interview = answer_question(window, qtbot)
    choose(window, "analyse.run", qtbot)
    finished(window, qtbot)
    written = export_heatmaps(window, qtbot, files, tmp_path / "heatmaps")
    written += export_report(window, qtbot, files, tmp_path / "report.html")

    path = window.document.path
    press(window, "file.close", qtbot)
    qtbot.waitUntil(lambda: desk.window is None, timeout=600_000)
    assert is_sound(check_study(path, full=True))

    window = open_again(desk, qtbot)
    study = window.document.study
    assert (study.path, study.name) == (path, NAME)
    assert [one.id for one in study.recordings()] == list(WALKS)
    assert {one.id: one.segment for one in study.participants()}["P01"] == "commuter"
    assert [stored.fact for stored in study.answers()] == said
    assert study.aois() == (aoi,)
    everything_is_on_show(window, qtbot, interview)
    assert all(one.stat().st_size > 1000 for one in written)
    # what was said is in the results, and nothing is left to do
    with open_study(path, read_only=True) as other:
        kept = other.current("p01-1", "attention").table("mapped_fixations")
        assert (kept["source"] == "manual").sum() == sum(fact.verdict == "on" for fact in said)
        assert other.interviews().interview_answers["value"].tolist() == [SAID]
    assert not [one.message for one in qtlog.records if "QAbstractItemView" in one.message]


def begin(desk, qtbot, folder):
    """Make a new study in the start window."""
    start = desk.show_start()
    qtbot.waitExposed(start)
    click(start.new)
    dialog = shown(NewStudyDialog)
    ok = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    assert not ok.isEnabled()  # it has no name yet
    type_text(dialog.name, NAME)
    dialog.place.selectAll()
    type_text(dialog.place, str(folder))
    click(ok)
    qtbot.waitUntil(lambda: desk.window is not None, timeout=600_000)
    qtbot.waitExposed(desk.window)
    desk.window.resize(1500, 980)
    return desk.window


def bring_in(window, qtbot, folder):
    """Drop a folder with recordings, say whose they are, and import them."""
    drop(window, [folder])
    wizard = shown(ImportWizard)
    qtbot.waitUntil(wizard.found.isComplete, timeout=600_000)
    forward = wizard.button(wizard.WizardButton.NextButton)
    click(forward)
    assert wizard.currentPage() is wizard.people
    type_into_cell(wizard.people.table, 0, 4, "commuter")
    click(forward)
    click(forward)
    assert window.document.study.recordings() == ()  # nothing is written before Import
    click(wizard.button(wizard.WizardButton.FinishButton))
    finished(window, qtbot)
    qtbot.waitUntil(
        lambda: any(isinstance(one, ImportReport) for one in QApplication.topLevelWidgets()), timeout=600_000
    )
    report = shown(ImportReport)
    assert "4 of 4" in report.heading.text(), report.heading.text()
    report.close()


def watch(window, qtbot):
    """Look at the video picture by picture."""
    window.view("tree").select("recording", "p01-1")
    press(window, "view.player", qtbot)
    player = window.view("player")
    qtbot.waitUntil(lambda: not player.video.image.isNull(), timeout=600_000)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)  # five seconds on: somebody walks there
    qtbot.waitUntil(lambda: player.row > 100, timeout=600_000)
    row, before = player.row, player.video.image.copy()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: player.row == row + 1 and player.video.image != before, timeout=600_000)


def review_two(window, qtbot):
    """Accept one fixation and move another one, by keys and mouse; take one back, and say it again."""
    window.view("tree").select("recording", "p01-1")
    press(window, "view.review", qtbot)
    view = window.view("review")
    qtbot.waitUntil(
        lambda: view.is_ready and view.recording_id == "p01-1" and not view.scene.image.isNull(),
        timeout=600_000,
    )
    box = view.show_box  # those on one placement, chosen as with the keyboard
    box.setFocus()
    while box.currentData() != PLACES[0]:
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() > before
        box.activated.emit(box.currentIndex())
    count = view.model.rowCount()
    assert count >= 2
    view.setFocus()
    QTest.keyClick(view.scene, Qt.Key.Key_D)
    assert view.row == 1
    QTest.mouseClick(view.reference, LEFT, pos=view.reference.at((0.25, 0.75)).toPoint())
    assert view.counter.text() == f"2 of {count} reviewed"
    press(window, "edit.undo", qtbot)
    assert view.counter.text() == f"1 of {count} reviewed"
    press(window, "edit.redo", qtbot)
    assert view.counter.text() == f"2 of {count} reviewed"
    said = [stored.fact for stored in window.document.study.answers()]
    assert sorted(fact.verdict for fact in said) == ["on", "on"]
    return said


def draw_aoi(window, qtbot):
    """Draw an AOI with the mouse, take it back, bring it again, and name it."""
    window.view("tree").select("placement", PLACES[0])
    press(window, "view.placements", qtbot)
    view = window.view("placements")
    qtbot.waitUntil(view.canvas.isVisible, timeout=600_000)
    QApplication.processEvents()
    click(view.tools["rectangle"])
    canvas, study = view.canvas, window.document.study
    drag(canvas, canvas.to_widget(30, 30), canvas.to_widget(200, 150))
    (aoi,) = study.aois()
    left, top = aoi.points_px[0]
    assert max(abs(left - 30), abs(top - 30)) <= 1 / canvas.scale()  # the mouse goes by whole pixels
    press(window, "edit.undo", qtbot)
    assert study.aois() == ()
    assert view.list.count() == 0
    press(window, "edit.redo", qtbot)
    assert study.aois() == (aoi,)
    view.list.setCurrentRow(0)
    view.list.setFocus()
    QTest.keyClick(view.list, Qt.Key.Key_F2)
    editor = QApplication.focusWidget()
    editor.selectAll()
    type_text(editor, "logo")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [one.name for one in study.aois()] == ["logo"], timeout=600_000)
    return study.aois()[0]


def answer_question(window, qtbot):
    """Begin an interview and type an answer; it is kept when the field is left."""
    press(window, "view.interviews", qtbot)
    view = window.view("interviews")
    qtbot.waitUntil(lambda: view.talks is not None and view.isVisible(), timeout=600_000)

    def answer(dialog):
        dialog.setTextValue("P01")
        QTest.keyClick(dialog, Qt.Key.Key_Return)

    when_asked(QInputDialog, answer, window)
    press(window, "interview.new", qtbot)
    qtbot.waitUntil(lambda: view.interview_id == "interview-P01" and view.answers.form is not None)
    field = view.answers.form.fields["walk"].main
    view.answers.area.ensureWidgetVisible(field)
    bring_forward(window, qtbot)  # the dialog had the keys
    click(field.viewport())
    qtbot.waitUntil(field.hasFocus, timeout=600_000)
    type_text(field, SAID)
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert window.document.study.interviews().interview_answers["value"].tolist() == [SAID]
    return view.interview_id


def export_heatmaps(window, qtbot, files, folder):
    """Export the heatmaps of all placements."""
    files["folder"] = str(folder)
    press(window, "view.heatmaps", qtbot)
    view = window.view("heatmaps")
    qtbot.waitUntil(lambda: not view.picture.image.isNull(), timeout=600_000)
    choose(window, "heatmap.export_all", qtbot)
    finished(window, qtbot)
    pictures = sorted(folder.rglob("*.png"))
    assert len(pictures) == 2
    return pictures


def export_report(window, qtbot, files, page):
    """Look at the results and write the report."""
    press(window, "view.results", qtbot)
    table = window.view("results").tables.table
    qtbot.waitUntil(
        lambda: table.model.frame is not None and "placement_id" in table.model.frame, timeout=600_000
    )
    assert set(table.model.frame["placement_id"]) == set(PLACES)
    files["save"] = str(page)
    choose(window, "report.write", qtbot)
    finished(window, qtbot)
    text = page.read_text(encoding="utf-8")
    assert all(word in text for word in (NAME, *PLACES))
    return [page, page.with_suffix(".pdf")]


def open_again(desk, qtbot):
    """Open the study from the list of recent ones."""
    start = desk.show_start()
    qtbot.waitExposed(start)
    bring_forward(start, qtbot)
    item = start.recent.item(0)
    assert item.text().startswith(NAME)
    place = start.recent.visualItemRect(item).center()
    QTest.mouseClick(start.recent.viewport(), LEFT, pos=place)
    QTest.keyClick(start.recent, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.window is not None, timeout=600_000)
    qtbot.waitExposed(desk.window)
    return desk.window


def everything_is_on_show(window, qtbot, interview):
    """Look at what was made before through the views."""
    tree = window.view("tree")
    index = tree.model.find("recording", "p01-1")
    qtbot.waitUntil(lambda: "%" in str(index.siblingAtColumn(4).data()), timeout=600_000)
    assert index.siblingAtColumn(5).data() == "2"
    tree.select("recording", "p01-1")
    review = window.show_view("review")
    qtbot.waitUntil(lambda: review.is_ready, timeout=600_000)
    assert review.model.done == 2
    tree.select("placement", PLACES[0])
    placements = window.show_view("placements")
    assert [placements.list.item(row).text() for row in range(placements.list.count())] == ["logo"]
    results = window.show_view("results").tables.table
    qtbot.waitUntil(lambda: results.model.frame is not None, timeout=600_000)
    assert len(results.model.frame) >= 2
    talks = window.show_view("interviews")
    qtbot.waitUntil(lambda: talks.talks is not None and talks.interview_id == interview, timeout=600_000)
    assert talks.answers.form.fields["walk"].values() == [SAID]
