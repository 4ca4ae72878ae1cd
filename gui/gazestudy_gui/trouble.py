"""What happens when something goes wrong: a log file, and a dialog that says what and what to do.

Without a hook of our own an exception in a slot would end the program.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PyQt6 import sip
from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget

from gazestudy.errors import Cancelled, GazestudyError
from gazestudy_gui.phrases import error_text, told
from gazestudy_gui.words import tr

_LOG_BYTES = 1_000_000
_QUIET_S = 2.0
"""A mistake that comes again this soon after its dialog was closed, as in drawing, is in the log only."""

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
        self._quiet_until_s: dict[str, float] = {}
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
        place = _place(error)
        if time.monotonic() < self._quiet_until_s.get(place, 0.0) or is_told():
            return  # one dialog is enough; the log has them all
        box = tell(None, error)
        if box is not None:
            box.finished.connect(lambda _code: self._closed(place))

    def _closed(self, place: str) -> None:
        self._quiet_until_s[place] = time.monotonic() + _QUIET_S


def tell(parent: QWidget | None, error: BaseException, *, doing: str = "") -> QMessageBox | None:
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

    Returns
    -------
    QMessageBox or None
        The dialog; None for a wish to stop, which is no error.
    """
    if isinstance(error, Cancelled):
        return None
    return _show(message_for(parent, error, doing))


def tell_failure(parent: QWidget | None, doing: str, text: str, details: str) -> None:
    """Show what went wrong in a job; returns at once.

    Parameters
    ----------
    parent : QWidget or None
        Above which window.
    doing : str
        What was being done.
    text : str
        What went wrong.
    details : str
        Where in the program; empty for what is for the user to solve.
    """
    box = _empty_box(parent)
    box.setWindowTitle(tr("A mistake of the program") if details else tr("This did not work"))
    box.setText(f"{doing}: {tr('failed')}")
    text = told(text)
    box.setInformativeText(text)
    if details:
        log.error("in a job, %s\n%s", doing, details)
        box.setInformativeText(f"{_calming()}\n\n{text}")
        box.setDetailedText(details)
    _show(box)


def message_for(parent: QWidget | None, error: BaseException, doing: str = "") -> QMessageBox:
    """Return the dialog that `tell` shows."""
    box = _empty_box(parent)
    if isinstance(error, GazestudyError):
        box.setWindowTitle(doing or tr("This did not work"))
        box.setText(doing or tr("This did not work"))
        box.setInformativeText(error_text(error))
    else:
        box.setWindowTitle(tr("A mistake of the program"))
        box.setText(tr("Something went wrong that the program did not expect."))
        box.setInformativeText(_calming())
        box.setDetailedText("".join(traceback.format_exception(error)))
    return box


def _empty_box(parent: QWidget | None) -> QMessageBox:
    box = QMessageBox(parent or QApplication.activeWindow())
    box.setObjectName("trouble")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    box.setStandardButtons(QMessageBox.StandardButton.Close)
    return box


def _calming() -> str:
    return tr(
        "Your study is as it was after the last edit; everything before is on the disk. You can go on"
        " working. Details are below and in {file}.",
        file=log_path(),
    )


def _place(error: BaseException) -> str:
    """Return what tells one mistake of the program from another."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__} {where}"


def _show(box: QMessageBox) -> QMessageBox:
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    _shown.add(box)  # without a parent nothing else would keep it
    box.finished.connect(lambda _code: _shown.discard(box))
    box.open()
    return box


def is_told() -> bool:
    """Return True while something that went wrong is on show."""
    _shown.difference_update([box for box in _shown if sip.isdeleted(box)])  # gone with its window
    return any(box.isVisible() for box in _shown)


def is_dialog_open() -> bool:
    """Return True while a dialog waits for an answer."""
    return any(
        isinstance(window, QDialog) and window.isVisible() for window in QApplication.topLevelWidgets()
    )
