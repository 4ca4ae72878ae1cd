"""An exception anywhere shows a dialog with details, goes to the log, and leaves program and study sound."""

from __future__ import annotations

import threading

import pytest
from gazestudy_gui import trouble
from gazestudy_gui.background import Background
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication, QMessageBox

from gazestudy.errors import Cancelled, InputError
from gazestudy.store import check_study, is_sound


@pytest.fixture
def hooked(qapp, no_hook, tmp_path):
    made = trouble.Trouble(qapp)
    made.install()
    handler = trouble.start_log(tmp_path / "log" / "gui.log")
    yield tmp_path / "log" / "gui.log"
    made.remove()
    made.deleteLater()
    trouble.log.removeHandler(handler)
    handler.close()


def dialog(qtbot) -> QMessageBox:
    def shown():
        return [
            one for one in QApplication.topLevelWidgets() if one.objectName() == "trouble" and one.isVisible()
        ]

    qtbot.waitUntil(lambda: bool(shown()), timeout=20_000)
    return shown()[0]


def test_a_mistake_in_a_slot_is_shown_with_its_details(hooked, qtbot):
    with qtbot.captureExceptions():
        pass  # pytest-qt steps aside: the hook of the program is the one that counts here
    trouble_hook = trouble.Trouble(QApplication.instance())
    trouble_hook.install()

    def slip():
        raise ZeroDivisionError("หารด้วยศูนย์")

    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(slip)
    timer.start(0)
    box = dialog(qtbot)
    assert "did not expect" in box.text()
    assert "หารด้วยศูนย์" in box.detailedText()
    assert "slip" in box.detailedText()
    box.close()
    assert "หารด้วยศูนย์" in hooked.read_text(encoding="utf-8")
    trouble_hook.remove()


def test_a_mistake_in_another_thread_is_shown(hooked, qtbot):
    def slip():
        raise KeyError("thread")

    worker = threading.Thread(target=slip)
    worker.start()
    worker.join()
    box = dialog(qtbot)
    assert "KeyError" in box.detailedText()
    box.close()


def test_an_error_for_people_is_shown_in_its_own_words(qtbot, qapp):
    box = trouble.message_for(None, InputError("gaze.csv", "a column is missing", advice="Export it again"))
    assert box.informativeText() == "gaze.csv: a column is missing. Export it again"
    assert box.detailedText() == ""
    box.deleteLater()


def test_stopping_on_request_is_no_error(qapp):
    trouble.tell(None, Cancelled())
    assert not any(one.objectName() == "trouble" for one in QApplication.topLevelWidgets() if one.isVisible())


def test_a_log_that_cannot_be_written_does_not_matter(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert trouble.start_log(tmp_path / "file" / "gui.log") is None


def test_a_mistake_in_a_view_leaves_the_study_sound(hooked, desk, imported, qtbot, monkeypatch):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    trouble_hook = trouble.Trouble(QApplication.instance())
    trouble_hook.install()
    monkeypatch.setattr(window.document.study, "listing", lambda: 1 / 0)
    QTimer.singleShot(0, lambda: window.document.announce(["recordings"]))
    dialog(qtbot).close()
    monkeypatch.undo()
    trouble_hook.remove()
    assert is_sound(check_study(imported, full=True))


def test_of_several_wishes_the_newest_wins_and_errors_come_back(qtbot):
    worker = Background("columns")
    gate = threading.Event()
    got, failed = [], []
    worker.done.connect(lambda number, value: got.append((number, value)))
    worker.failed.connect(lambda number, error: failed.append((number, str(error))))
    begun = threading.Event()
    worker.ask(lambda: (begun.set(), gate.wait())[1])
    begun.wait(5)
    for number in range(5):
        worker.ask(lambda number=number: number)
    gate.set()
    qtbot.waitUntil(lambda: (6, 4) in got, timeout=5_000)
    assert [value for _, value in got] == [True, 4]

    def slip():
        raise ValueError("no")

    worker.ask(slip)
    qtbot.waitUntil(lambda: failed == [(7, "no")], timeout=5_000)
    worker.close()
