"""What happens when something goes wrong: a log file, and a dialog that says what and what to do.

Without a hook of our own an exception in a slot would end the program.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget

from gazestudy.errors import Cancelled, GazestudyError
from gazestudy_gui.words import tr

_LOG_BYTES = 1_000_000

log = logging.getLogger("gazestudy_gui")
_shown: set[QMessageBox] = set()


def log_path() -> Path:
    """Return the log file of this person."""
    from platformdirs import user_log_path

    return user_log_path("gazestudy", appauthor=False) / "gazestudy-gui.log"


def start_log(path: Path | None = None) -> logging.Handler | None:
    """Write a log file from now on; where that is not possible, go on without one."""
    wanted = path or log_path()
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            wanted, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8", delay=True
        )
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return handler


class Trouble(QObject):
    """Catches every exception that nobody else did, in whatever thread, and shows it once.

    Parameters
    ----------
    application : QApplication
        Whose thread shows the dialog.
    """

    happened = pyqtSignal(object)

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._showing = False
        self._before = (sys.excepthook, threading.excepthook)
        self.happened.connect(self._show, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]

    def install(self) -> None:
        """Take over both hooks."""
        sys.excepthook = self._caught
        threading.excepthook = lambda info: (
            self._caught(info.exc_type, info.exc_value, info.exc_traceback) if info.exc_value else None
        )

    def remove(self) -> None:
        """Give both hooks back."""
        sys.excepthook, threading.excepthook = self._before

    def _caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            QApplication.quit()
            return
        log.error("not caught", exc_info=(kind, error, trace))
        try:
            self.happened.emit(error)
        except RuntimeError:  # the application is gone already
            sys.__excepthook__(kind, error, trace)

    def _show(self, error: BaseException) -> None:
        if self._showing:  # one dialog is enough; the log has them all
            return
        self._showing = True
        try:
            tell(None, error)
        finally:
            self._showing = False


def tell(parent: QWidget | None, error: BaseException, *, doing: str = "") -> None:
    """Show what went wrong; returns at once, so that nothing waits for it.

    Parameters
    ----------
    parent : QWidget or None
        Above which window.
    error : BaseException
        An error of the library is for the user to solve and is shown as it is; anything else is a mistake of
        the program and comes with its details.
    doing : str, optional
        What was being done.
    """
    if isinstance(error, Cancelled):
        return
    box = message_for(parent, error, doing)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    _shown.add(box)  # without a parent nothing else would keep it
    box.finished.connect(lambda _code: _shown.discard(box))
    box.open()


def message_for(parent: QWidget | None, error: BaseException, doing: str = "") -> QMessageBox:
    """Return the dialog that `tell` shows."""
    box = QMessageBox(parent or QApplication.activeWindow())
    box.setObjectName("trouble")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    if isinstance(error, GazestudyError):
        box.setWindowTitle(doing or tr("This did not work"))
        box.setText(doing or tr("This did not work"))
        box.setInformativeText(str(error))
    else:
        box.setWindowTitle(tr("A mistake of the program"))
        box.setText(tr("Something went wrong that the program did not expect."))
        box.setInformativeText(
            tr(
                "Your study is as it was after the last edit; everything before is on the disk. You can go on"
                " working. Details are below and in {file}.",
                file=log_path(),
            )
        )
        box.setDetailedText("".join(traceback.format_exception(error)))
    box.setStandardButtons(QMessageBox.StandardButton.Close)
    return box


def is_dialog_open() -> bool:
    """Return True while a dialog waits for an answer."""
    return any(
        isinstance(window, QDialog) and window.isVisible() for window in QApplication.topLevelWidgets()
    )
