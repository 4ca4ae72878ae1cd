"""Every window, dock and dialog of the program is on a picture of the tour, and nothing on them is cut."""

import importlib
import pkgutil
import sys
from pathlib import Path

import gazestudy_gui
import pytest
from gazestudy_gui.views.registry import VIEWS
from PyQt6.QtWidgets import QDialog, QDockWidget, QLabel, QMainWindow, QPushButton

GUI = Path(__file__).resolve().parents[2] / "gui"


@pytest.fixture
def tour(monkeypatch):
    monkeypatch.syspath_prepend(str(GUI))
    yield importlib.import_module("screenshot_tour")
    for name in ("screenshot_tour", "screenshot_camera", "screenshot_stuff", "screenshot_words"):
        sys.modules.pop(name, None)


def windows_of_the_program() -> set[str]:
    found = set()
    for one in pkgutil.walk_packages(gazestudy_gui.__path__, "gazestudy_gui."):
        if one.name.endswith("__main__"):
            continue
        module = importlib.import_module(one.name)
        for kind in vars(module).values():
            is_window = isinstance(kind, type) and issubclass(kind, QDialog | QMainWindow | QDockWidget)
            if is_window and kind.__module__ == one.name:
                found.add(kind.__name__)
    return found


def test_every_window_and_dialog_is_on_a_picture(qapp, tour):
    assert windows_of_the_program() == set(tour.WINDOWS.values())


def test_every_dock_is_on_a_picture_empty_and_filled(desk, tour, tmp_path, qtbot):
    """Docks are taken from the registry; here without the waiting, which is for what is in them."""
    taken = []
    pictures = tour.Tour(None, tmp_path, "en-light-100.png")
    pictures._keep = lambda name, _widget: taken.append(name)
    pictures._wait = lambda _seconds: None
    pictures._idle = lambda _view: None
    pictures._empty(desk, tmp_path)
    assert {f"empty-{spec.id}" for spec in VIEWS} <= set(taken)


def test_a_picture_of_another_window_than_said_is_refused(qapp, qtbot, tour, tmp_path):
    label = QLabel("hello")
    qtbot.addWidget(label)
    with pytest.raises(RuntimeError, match="start shows a QLabel, not a StartWindow"):
        tour.Tour(qapp, tmp_path, "x.png")._keep("start", label)


def test_words_with_too_little_room_are_told(qapp, qtbot, tour):
    cut_words = importlib.import_module("screenshot_words").cut_words
    label, button = QLabel("a sentence that needs more room"), QPushButton("a button with many words")
    for widget in (label, button):
        qtbot.addWidget(widget)
        widget.show()
        widget.resize(widget.sizeHint())
    assert cut_words(label) == []
    assert cut_words(button) == []
    label.resize(20, label.height())
    button.resize(20, button.height())
    assert "has 20 px" in cut_words(label)[0]
    assert cut_words(button)[0].startswith("QPushButton: 'a button with many words'")
