"""Screens with several pictures, and what they show when: a loop, or the log of their player; with undo."""

from __future__ import annotations

import numpy as np
import pytest
from gazestudy_gui.views.placement_schedule import ScheduleDialog, summary
from PyQt6.QtCore import QDateTime
from PyQt6.QtWidgets import QApplication

from gazestudy._cv2 import cv2
from tests.gui.conftest import SESSIONS


@pytest.fixture
def window(desk, imported, qtbot, monkeypatch):
    pictures = sorted(SESSIONS.glob("placements/corridor-screen*.jpg"))
    assert len(pictures) > 1
    opened = desk.open(imported)
    qtbot.waitExposed(opened)
    opened.show_view("placements")
    monkeypatch.setattr(
        "gazestudy_gui.views.placements.QFileDialog.getOpenFileNames",
        lambda *_: ([str(path) for path in pictures], ""),
    )
    opened.book.actions["placement.screen"].trigger()
    return opened


@pytest.fixture
def view(window):
    return window.view("placements")


def ask(window, view):
    window.book.actions["placement.schedule"].trigger()
    dialogs = [one for one in QApplication.topLevelWidgets() if isinstance(one, ScheduleDialog)]
    return next(one for one in dialogs if one.isVisible())  # one that was closed may still be there


def press(dialog, which):
    dialog.buttons.button(which).click()


def test_several_pictures_make_one_screen(window, view):
    place = window.document.study.placement(view.placement_id)
    assert place.kind == "digital"
    assert len(place.creatives) > 1
    assert view.creative.count() == len(place.creatives)
    assert view.schedule.isVisible()
    window.document.undo_stack.undo()
    assert place.id not in [one.id for one in window.document.study.placements()]


def test_pictures_of_a_screen_come_are_replaced_and_go_with_undo(window, view, monkeypatch, tmp_path):
    study, name = window.document.study, view.placement_id
    first = [one.id for one in study.placement(name).creatives]
    fresh = tmp_path / "ฤดูร้อน.png"
    noise = np.random.default_rng(5).integers(0, 255, (30, 20, 3), dtype=np.uint8)
    fresh.write_bytes(cv2.imencode(".png", cv2.resize(noise, (400, 600)))[1].tobytes())
    files = "gazestudy_gui.views.placement_pictures.QFileDialog."
    monkeypatch.setattr(files + "getOpenFileNames", lambda *_: ([str(fresh)], ""))
    monkeypatch.setattr(files + "getOpenFileName", lambda *_: (str(fresh), ""))
    window.book.actions["picture.add"].trigger()
    assert [one.name for one in study.placement(name).creatives][-1] == "ฤดูร้อน"
    assert view.creative.count() == len(first) + 1
    assert window.book.actions["edit.undo"].text().startswith("&Undo add picture ฤดูร้อน")
    window.document.undo_stack.undo()
    assert [one.id for one in study.placement(name).creatives] == first
    view.creative.setCurrentIndex(1)
    view.creative.activated.emit(1)
    before = study.placement(name).creatives[1].sha256
    window.book.actions["picture.replace"].trigger()
    assert study.placement(name).creatives[1].sha256 != before
    assert view.canvas.image.width() == 400
    window.document.undo_stack.undo()
    assert study.placement(name).creatives[1].sha256 == before
    assert view.canvas.image.width() != 400
    window.book.actions["picture.remove"].trigger()
    assert [one.id for one in study.placement(name).creatives] == [first[0], *first[2:]]
    window.document.undo_stack.undo()
    assert [one.id for one in study.placement(name).creatives] == first
    view.creative.setCurrentIndex(0)
    view.creative.activated.emit(0)
    window.book.actions["picture.remove"].trigger()  # AOIs are drawn in the pixels of the first
    box = next(one for one in QApplication.topLevelWidgets() if one.objectName() == "trouble")
    assert "replace" in box.informativeText()
    box.close()


def test_a_loop_is_kept_undone_and_shown_again(window, view):
    name = view.placement_id
    dialog = ask(window, view)
    while dialog.table.rowCount():
        dialog._remove_spot()
    first, second = (one.id for one in window.document.study.placement(name).creatives[:2])
    dialog.add_spot(first, 10.0)
    dialog.add_spot("-", 40.0)
    dialog.add_spot(second, 10.0)
    dialog.start.setDateTime(QDateTime.fromString("2026-05-01T08:00:00", "yyyy-MM-ddTHH:mm:ss"))
    dialog.end.setDateTime(QDateTime.fromString("2026-05-01T09:00:00", "yyyy-MM-ddTHH:mm:ss"))
    dialog.offset.setCurrentText("+07:00")
    press(dialog, dialog.buttons.StandardButton.Ok)
    kept = window.document.study.schedule(name)
    assert len(kept.showings) == 180
    start_ns = int(np.datetime64("2026-05-01T01:00:00", "ns").astype(np.int64))
    t_ns = start_ns + np.array([5, 20, 55, 65]) * 10**9
    assert kept.on_show(t_ns).tolist() == [first, "", second, first]
    assert "180" in summary(kept, window.document.study.placement(name))
    window.document.undo_stack.undo()
    assert window.document.study.schedule(name) is None
    window.document.undo_stack.redo()
    assert len(window.document.study.schedule(name).showings) == 180
    dialog = ask(window, view)
    dialog.remove_button.click()
    assert window.document.study.schedule(name) is None
    window.document.undo_stack.undo()
    assert window.document.study.schedule(name) is not None


def test_the_log_of_a_player_is_read_and_a_wrong_one_refused_in_words(window, view, tmp_path):
    name = view.placement_id
    place = window.document.study.placement(name)
    log = tmp_path / "player.csv"
    log.write_text(
        "start,duration_s,content\n"
        f"2026-05-01 08:00:00,10,{place.creatives[0].name}\n"
        "2026-05-01 08:00:10,20,Somebody else\n",
        encoding="utf-8",
    )
    dialog = ask(window, view)
    dialog.tabs.setCurrentIndex(1)
    dialog.log.setText(str(log))
    press(dialog, dialog.buttons.StandardButton.Ok)  # times have no zone
    box = next(one for one in QApplication.topLevelWidgets() if one.objectName() == "trouble")
    assert "zone" in box.informativeText()
    box.close()
    assert window.document.study.schedule(name) is None
    dialog.zone.setText("Asia/Bangkok")
    press(dialog, dialog.buttons.StandardButton.Ok)
    kept = window.document.study.schedule(name)
    assert kept.showings["creative_id"].tolist() == [place.creatives[0].id, ""]


def test_a_poster_has_no_schedule(window, view):
    poster = next(one.id for one in window.document.study.placements() if one.kind == "static")
    view.choose(poster)
    assert not view.schedule.isVisible()
    window.book.actions["placement.schedule"].trigger()
    box = next(one for one in QApplication.topLevelWidgets() if one.objectName() == "trouble")
    assert "screen" in box.informativeText()
    box.close()
