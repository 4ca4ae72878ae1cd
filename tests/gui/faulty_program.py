"""Runs the real program on a study while one thing after the other goes wrong, and says what was shown.

python faulty_program.py STUDY

Each mistake is made from the loop of the program; its dialog is waited for, written down and closed. In the
end the study is edited, the windows are closed, and what was shown is printed as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "gui")]

from gazestudy_gui import app, trouble  # noqa: E402
from gazestudy_gui.commands import RenameStudy  # noqa: E402
from gazestudy_gui.jobs import Order  # noqa: E402
from gazestudy_gui.study_window import StudyWindow  # noqa: E402
from PyQt6.QtCore import QAbstractTableModel, QRunnable, QSettings, QThread, QThreadPool, QTimer  # noqa: E402
from PyQt6.QtWidgets import QApplication, QMessageBox, QTableView, QWidget  # noqa: E402

from gazestudy.errors import StudyError  # noqa: E402

PATIENCE_S = 20.0


def slip(where: str) -> Any:
    """Make a mistake."""
    raise ZeroDivisionError(f"ผิด in {where}")


class Thread(QThread):
    """Makes a mistake."""

    def run(self) -> None:
        """Make it."""
        slip("a QThread")


class Pooled(QRunnable):
    """Makes a mistake."""

    def run(self) -> None:
        """Make it."""
        slip("a QRunnable")


class Canvas(QWidget):
    """Makes a mistake whenever it is drawn."""

    def paintEvent(self, _event: Any) -> None:
        """Make it."""
        slip("drawing")


class Model(QAbstractTableModel):
    """Makes a mistake whenever it is asked."""

    def rowCount(self, *_: Any) -> int:
        """Return one."""
        return 1

    def columnCount(self, *_: Any) -> int:
        """Return one."""
        return 1

    def data(self, *_: Any) -> Any:
        """Make it."""
        return slip("a model")


class Faults:
    """All the mistakes, one after the other.

    Parameters
    ----------
    window : StudyWindow
        In whose program.
    """

    def __init__(self, window: StudyWindow) -> None:
        self.window = window
        self.kept: list[Any] = []

    def in_a_slot(self) -> None:
        """Of a timer, again and again."""
        timer = QTimer(self.window)
        timer.timeout.connect(lambda: slip("a slot"))
        timer.start(10)
        QTimer.singleShot(500, timer.stop)

    def in_an_action(self) -> None:
        """Of the menu."""
        self.window.book.actions["file.import"].triggered.connect(lambda: slip("an action"))
        self.window.import_paths = lambda _paths: None  # type: ignore[method-assign]
        self.window.book.actions["file.import"].trigger()

    def an_error_for_people(self) -> None:
        """That nobody caught."""
        QTimer.singleShot(0, self._refuse)

    def in_a_qthread(self) -> None:
        """Of Qt."""
        self.kept.append(Thread())
        self.kept[-1].start()

    def in_the_pool(self) -> None:
        """Of Qt."""
        QThreadPool.globalInstance().start(Pooled())  # type: ignore[union-attr]

    def in_a_thread(self) -> None:
        """Of Python."""
        threading.Thread(target=slip, args=("a thread",)).start()

    def in_drawing(self) -> None:
        """A widget, which is drawn again when the dialog over it goes."""
        self._show(Canvas())

    def in_a_model(self) -> None:
        """For a table."""
        view = QTableView()
        self.kept.append(Model())
        view.setModel(self.kept[-1])
        self._show(view)

    def in_a_view(self) -> None:
        """When it hears of a change."""
        self.window.document.changed.connect(self._hear)
        QTimer.singleShot(0, lambda: self.window.document.announce(["placements"]))

    def in_a_job(self) -> None:
        """Which is another process."""
        self.window.document.submit(Order("a job", "tests.gui.test_jobs:broken"))

    def a_job_killed(self) -> None:
        """By somebody else."""
        job = self.window.document.submit(Order("a killed job", "tests.gui.test_jobs:stubborn"))
        job.changed.connect(lambda: job.label and job._process and job._process.kill())

    def _show(self, widget: QWidget) -> None:
        self.kept.append(widget)
        widget.resize(200, 100)
        widget.show()
        QTimer.singleShot(1500, widget.close)

    def _refuse(self) -> None:
        raise StudyError("study.sqlite: the disk is full. Make room")

    def _hear(self, _kind: str) -> None:
        self.window.document.changed.disconnect(self._hear)
        slip("a view")


FAULTS: tuple[Callable[[Faults], None], ...] = (
    Faults.in_a_slot, Faults.in_an_action, Faults.an_error_for_people, Faults.in_a_qthread, Faults.in_the_pool,
    Faults.in_a_thread, Faults.in_drawing, Faults.in_a_model, Faults.in_a_view, Faults.in_a_job,
    Faults.a_job_killed,
)  # fmt: skip


def main() -> None:
    """Run the program with everything going wrong."""
    study = Path(sys.argv[1])
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(study.parent / "settings"))
    trouble.log_path = lambda: study.parent / "gui.log"  # type: ignore[assignment]
    application = QApplication(sys.argv[:1])
    shown: dict[str, list[str]] = {}
    driver = QTimer()
    steps: list[Iterator[None]] = []

    def step() -> None:
        if not steps:
            steps.append(drive(shown))
        try:
            next(steps[0])
        except StopIteration:
            driver.stop()
            window().close()
        except Exception:  # a mistake of this script
            driver.stop()
            shown["the script"] = [repr(sys.exc_info()[1])]
            application.exit(3)

    driver.timeout.connect(step)
    driver.start(20)
    code = app.run_application(study)
    print(json.dumps({"code": code, "shown": shown}), flush=True)
    sys.exit(code)


def window() -> StudyWindow:
    """Return the window of the study."""
    return next(one for one in QApplication.topLevelWidgets() if isinstance(one, StudyWindow))


def drive(shown: dict[str, list[str]]) -> Iterator[None]:
    """Let each thing go wrong, and close its dialog."""
    while not any(isinstance(one, StudyWindow) and one.isVisible() for one in QApplication.topLevelWidgets()):
        yield
    faults = Faults(window())
    for fault in FAULTS:
        texts = shown.setdefault(fault.__name__, [])
        fault(faults)
        end = time.monotonic() + PATIENCE_S
        while not texts and time.monotonic() < end:
            yield
            texts += close_dialogs()
        quiet = time.monotonic() + 2.2  # and no second one; then the same mistake would be told again
        while time.monotonic() < quiet:
            yield
            texts += close_dialogs()
    for one in faults.kept:
        if isinstance(one, QWidget):
            one.close()
        elif isinstance(one, QThread):
            one.wait()
    faults.window.document.edit(RenameStudy("lives on"))


def close_dialogs() -> list[str]:
    """Close the dialogs on show and return what they say."""
    texts = []
    for box in QApplication.topLevelWidgets():
        if isinstance(box, QMessageBox) and box.objectName() == "trouble" and box.isVisible():
            texts.append("\n".join((box.text(), box.informativeText(), box.detailedText())))
            box.close()
    return texts


if __name__ == "__main__":
    main()
