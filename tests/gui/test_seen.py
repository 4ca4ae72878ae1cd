"""A view computes nothing while nobody can see it: not behind a tab, not closed; and once, when it is seen."""

from __future__ import annotations

import pytest
from gazestudy_gui.background import Background
from gazestudy_gui.seen import WhenSeen, can_be_seen
from gazestudy_gui.views.registry import VIEWS
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QApplication, QDockWidget, QMainWindow, QTabWidget, QVBoxLayout, QWidget

LEFT = Qt.DockWidgetArea.LeftDockWidgetArea


@pytest.fixture
def window(qtbot):
    made = QMainWindow()
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.setCentralWidget(QWidget())
    return made


def docked(window, name):
    """Return a page in a dock of its own."""
    dock = QDockWidget(name, window)
    page = QWidget(dock)
    dock.setWidget(page)
    window.addDockWidget(LEFT, dock)
    return dock, page


@pytest.fixture
def behind(window, qtbot):
    """A page in front, and one behind its tab."""
    (front, first), (back, second) = docked(window, "front"), docked(window, "back")
    window.tabifyDockWidget(front, back)
    front.raise_()
    window.show()
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: can_be_seen(first) and not can_be_seen(second))
    return front, first, back, second


def test_what_is_behind_a_tab_counts_as_visible_but_is_not_seen(behind):
    _front, first, _back, second = behind
    assert second.isVisible()  # as Qt calls it
    assert can_be_seen(first) and not can_be_seen(second)


def test_it_is_done_at_once_in_front_and_once_when_it_comes_to_the_front(behind, qtbot):
    _front, first, back, second = behind
    done = []
    here, there = WhenSeen(first, lambda: done.append("here")), WhenSeen(second, lambda: done.append("there"))
    for _ in range(3):
        there.ask()
    here.ask()
    assert done == ["here"]
    back.raise_()
    qtbot.waitUntil(lambda: not there.is_owed)
    assert done == ["here", "there"]


def test_a_closed_dock_owes_until_it_is_opened(behind, qtbot):
    front, first, _back, _second = behind
    done = []
    seen = WhenSeen(first, lambda: done.append(1))
    front.hide()
    seen.ask()
    QApplication.processEvents()
    assert done == [] and seen.is_owed
    front.show()
    front.raise_()
    qtbot.waitUntil(lambda: done == [1])


def test_a_page_that_its_children_cover_is_heard_too(behind, qtbot):
    _front, _first, back, second = behind
    column = QVBoxLayout(second)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(cover := QWidget(second))
    cover.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
    done = []
    seen = WhenSeen(second, lambda: done.append(1))
    second.hide()
    second.show()  # which is when it learns of its dock
    seen.ask()
    back.raise_()
    qtbot.waitUntil(lambda: done == [1])


def test_pages_of_a_tab_widget_are_seen_one_at_a_time(window, qtbot):
    pages = QTabWidget(window)
    first, second = QWidget(), QWidget()
    pages.addTab(first, "a")
    pages.addTab(second, "b")
    window.setCentralWidget(pages)
    done = []
    seen = WhenSeen(second, lambda: done.append(1))
    window.show()
    qtbot.waitExposed(window)
    seen.ask()
    QApplication.processEvents()
    assert done == []
    pages.setCurrentIndex(1)
    qtbot.waitUntil(lambda: done == [1])


def test_what_is_forgotten_is_not_done(behind, qtbot):
    _front, _first, back, second = behind
    done = []
    seen, other = WhenSeen(second, lambda: done.append(1)), WhenSeen(second, lambda: done.append(2))
    seen.ask()
    other.ask()
    seen.forget()
    back.raise_()
    qtbot.waitUntil(lambda: done == [2])


def wishes(view):
    """Return how often each thread of a view was asked for something."""
    return [one.newest for one in view.findChildren(Background)]


def quiet(view):
    """Return whether nothing is computed, and nothing waits for a pause to be over."""
    timers = [one for one in view.findChildren(QTimer) if one.isSingleShot() and one.isActive()]
    return not timers and not any(one.is_busy for one in view.findChildren(Background))


def test_no_view_asks_for_anything_while_it_is_behind_another(desk, sample, qtbot):
    window = desk.open(sample)
    qtbot.waitExposed(window)
    window.view("tree").select("recording", "p01-1")
    for spec in VIEWS:
        window.show_view(spec.id)
    for name in ("interviews", "timeline", "details", "problems"):
        window.docks[name].hide()
    window.show_view("placements")
    behind = ("heatmaps", "review", "fieldwork", "results", "interviews", "timeline")
    qtbot.waitUntil(lambda: not any(can_be_seen(window.view(name)) for name in behind))
    qtbot.waitUntil(lambda: quiet(window))
    before = {name: wishes(window.view(name)) for name in behind}
    assert all(before.values())
    for kind in ("results", "placements", "recordings", "participants", "interviews", "fieldwork", "mapping"):
        window.document.announce((kind,))
    window.document.selected.emit("recording", "p02-1")
    window.show_view("placements")  # the choice of a recording may have brought the player to the front
    qtbot.waitUntil(lambda: quiet(window))
    assert {name: wishes(window.view(name)) for name in behind} == before
    for name in ("timeline", "interviews", "review"):  # and when somebody looks, it is done
        asked = wishes(window.view(name))
        window.show_view(name)
        qtbot.waitUntil(lambda name=name, asked=asked: wishes(window.view(name)) > asked)
    qtbot.waitUntil(lambda: quiet(window))
