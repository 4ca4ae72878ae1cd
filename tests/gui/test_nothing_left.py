"""No test leaves a window, timer, thread or process behind: those who look for them find each kind.

And the program, with everything in it opened and a job under way, leaves nothing when it is closed.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time

import pytest
from gazestudy_gui.background import Background
from gazestudy_gui.jobs import Order
from gazestudy_gui.views.registry import VIEWS
from PyQt6.QtCore import QRunnable, QThread, QThreadPool, QTimer
from PyQt6.QtWidgets import QApplication, QLabel, QMessageBox

from gazestudy.store import check_study, is_sound
from tests.gui.leftovers import children, left_behind


class Sleeper(QThread):
    """Runs until it is told to stop."""

    def __init__(self):
        super().__init__()
        self.stop = threading.Event()

    def run(self):
        self.stop.wait(60)


class Pooled(QRunnable):
    """The same in the pool."""

    def __init__(self):
        super().__init__()
        self.stop = threading.Event()

    def run(self):
        self.stop.wait(60)


def a_window():
    label = QLabel("forgotten")
    label.show()
    return label.close


def a_timer():
    timer = QTimer()
    timer.start(1000)
    return timer.stop


def a_thread():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, args=(60,), name="forgotten", daemon=True)
    thread.start()
    return lambda: (stop.set(), thread.join())


def a_thread_of_a_view():
    worker = Background("something new")
    worker.ask(lambda: 1)
    return worker.close


def a_qt_thread():
    thread = Sleeper()
    thread.start()
    return lambda: (thread.stop.set(), thread.wait())


def a_pooled_one():
    one = Pooled()
    one.setAutoDelete(False)
    QThreadPool.globalInstance().start(one)
    return lambda: (one.stop.set(), QThreadPool.globalInstance().waitForDone())


def a_child():
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,), daemon=True)
    child.start()
    return lambda: (child.kill(), child.join(), child.close())


def another_program():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    return lambda: (child.kill(), child.wait())


LEAKS = {
    a_window: "windows",
    a_timer: "timers",
    a_thread: "threads",
    a_thread_of_a_view: "threads",
    a_qt_thread: "Qt threads",
    a_pooled_one: "Qt threads",
    a_child: "processes",
    another_program: "processes",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_what_is_left_behind_is_found(qapp, leak, monkeypatch):
    monkeypatch.setattr("tests.gui.leftovers.GRACE_S", 0.1)
    if leak is another_program and not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells of the children of a process")
    before = set(threading.enumerate()), children()
    undo = leak()
    try:
        found = left_behind(*before)
    finally:
        undo()
    assert list(found) == [LEAKS[leak]]
    assert left_behind(*before) == {}


def test_every_test_of_the_desktop_is_watched(request):
    here = request.path.parent
    tests = [one for one in request.session.items if one.path.parent == here]
    assert [one.nodeid for one in tests if "nothing_left" not in one.fixturenames] == []


def test_everything_opened_and_closed(desk, sample, qtbot):
    before = set(threading.enumerate()), children()
    window = desk.open(sample)
    qtbot.waitExposed(window)
    for spec in VIEWS:
        window.show_view(spec.id)
        QApplication.processEvents()
    window.view("tree").select("recording", "p01-1")
    for name in ("help.commands", "help.shortcuts", "file.import"):
        window.book.actions[name].trigger()
        QApplication.processEvents()
    # in the middle of what the views read
    window.close()
    qtbot.waitUntil(lambda: desk.window is None, timeout=10_000)
    assert left_behind(*before) == {}


def test_closed_while_a_job_runs(desk, imported, qtbot, monkeypatch):
    before = set(threading.enumerate()), children()
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.run_everything()
    window.document.submit(Order("waits", "tests.gui.test_jobs:endless"))
    job = window.document.jobs.jobs[0]
    qtbot.waitUntil(lambda: job.label != "", timeout=60_000)
    answers = iter([QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes])
    monkeypatch.setattr(QMessageBox, "question", lambda *_: next(answers))
    window.close()
    assert window.isVisible()  # asked, and the answer was no
    window.close()
    qtbot.waitUntil(lambda: desk.window is None, timeout=30_000)
    assert left_behind(*before) == {}
    assert is_sound(check_study(imported, full=True))
