"""Starting the application: one `Desk` opens and closes windows."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QApplication, QMessageBox

from gazestudy.errors import (
    GazestudyError,
    StudyDamagedError,
    StudyError,
    StudyLockedError,
    StudyNotFoundError,
    StudyVersionError,
)
from gazestudy_gui import preferences, theme
from gazestudy_gui.phrases import error_text
from gazestudy_gui.start_window import StartWindow
from gazestudy_gui.thrift import bring_back, set_aside
from gazestudy_gui.trouble import Trouble, start_log, tell
from gazestudy_gui.words import set_language, tr, usual_language

if TYPE_CHECKING:
    from gazestudy_gui.study_window import StudyWindow


class Desk(QObject):
    """Opens studies and windows. One study is open at a time.

    Parameters
    ----------
    application : QApplication
        The running application.
    """

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self.start_window: StartWindow | None = None
        self.window: StudyWindow | None = None

    def show_start(self) -> StartWindow:
        """Show the start window."""
        if self.start_window is None:
            self.start_window = StartWindow()
            self.start_window.wants_study.connect(self.open)
            self.start_window.wants_new.connect(self.make)
            self.start_window.wants_sample.connect(self.make_sample)
            self.start_window.wants_language.connect(self.speak)
        self.start_window.refresh()
        self.start_window.show()
        self.start_window.raise_()
        return self.start_window

    def open(self, path: Path, *, read_only: bool = False) -> StudyWindow | None:
        """Open a study; if somebody else has it, offer to look at it only.

        Returns
        -------
        StudyWindow or None
            None if it could not be opened, which the person has been told.
        """
        from gazestudy_gui.document import StudyDocument

        if self.window is not None and not self.window.close():
            return None
        try:
            document = StudyDocument.open(path, read_only=read_only)
        except (StudyNotFoundError, StudyDamagedError, StudyVersionError) as error:
            tell(self.start_window, error, doing=tr("The study cannot be opened"))
            return None
        except StudyError as error:  # somebody has it, or the folder cannot be written
            if read_only:
                tell(self.start_window, error, doing=tr("The study cannot be opened"))
            elif self._wants_to_look(error):
                return self.open(path, read_only=True)
            return None
        except GazestudyError as error:
            tell(self.start_window, error, doing=tr("The study cannot be opened"))
            return None
        return self._show(document)

    def make(self, folder: Path, name: str) -> StudyWindow | None:
        """Make a new study and open it."""
        from gazestudy.store import create_study

        try:
            create_study(folder, name=name).close()
        except GazestudyError as error:
            tell(self.start_window, error, doing=tr("The study cannot be made"))
            return None
        return self.open(folder)

    def make_sample(self, folder: Path) -> StudyWindow | None:
        """Make the sample study, or open it where it was made before."""
        from gazestudy_gui.jobs import Order

        if (folder / "study.sqlite").is_file():
            return self.open(folder)
        window = self.make(folder, tr("Sample study"))
        if window is not None:
            order = Order(tr("Sample study"), "gazestudy_gui.tasks:load_sample", window.document.writing())
            window.document.submit(
                order, changes=("placements", "participants", "recordings", "fieldwork", "interviews")
            )
        return window

    def return_to(self, backup: Path) -> StudyWindow | None:
        """Put a backup in the place of the study that is open, open it again, and check its files."""
        from gazestudy.store.returning import return_to_backup
        from gazestudy_gui.jobs import Order

        if self.window is None:
            return None
        path = self.window.document.path
        if not self.window.close():
            return None
        trouble: GazestudyError | None = None
        try:
            return_to_backup(path, backup)
        except GazestudyError as error:
            trouble = error
        window = self.open(path)
        if trouble is not None:
            tell(window, trouble, doing=tr("The backup cannot be used"))
        elif window is not None:
            order = Order(tr("Check all files"), "gazestudy_gui.tasks:check", {"study": str(path)})
            window.document.submit(order)
        return window

    def speak(self, language: str) -> None:
        """Switch the language; open windows are made anew."""
        preferences.set_language(language)
        set_language(language)
        self._renew()

    def colour(self, scheme: theme.Scheme) -> None:
        """Switch to light, dark, or what the system has."""
        preferences.settings().setValue("interface/scheme", scheme)
        theme.set_scheme(scheme)

    def close(self) -> None:
        """Close every window."""
        if self.window is not None:
            self.window.close()
        if self.start_window is not None:
            self.start_window.close()
            self.start_window.deleteLater()
            self.start_window = None

    def _show(self, document: object) -> StudyWindow:
        from gazestudy_gui.document import StudyDocument
        from gazestudy_gui.study_window import StudyWindow

        assert isinstance(document, StudyDocument)
        preferences.remember_study(document.path)
        window = StudyWindow(document)
        window.closed.connect(self._on_closed)
        window.wants_start.connect(self.show_start)
        window.wants_language.connect(self.speak, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]
        window.wants_scheme.connect(self.colour)
        window.wants_backup.connect(self.return_to, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]
        self.window = window
        window.show()
        set_aside()
        if self.start_window is not None:
            self.start_window.hide()
        return window

    def _on_closed(self) -> None:
        self.window = None
        bring_back()

    def _renew(self) -> None:
        start, window = self.start_window, self.window
        was_shown = start is not None and start.isVisible()
        if start is not None:
            self.start_window = None
            start.close()
            start.deleteLater()
        if window is not None:
            path, read_only = window.document.path, window.document.read_only
            if window.close():
                self.open(path, read_only=read_only)
        if was_shown:
            self.show_start()

    def _wants_to_look(self, error: StudyError) -> bool:
        is_locked = isinstance(error, StudyLockedError)
        box = QMessageBox(self.start_window)
        box.setObjectName("locked")
        box.setIcon(QMessageBox.Icon.Information)
        box.setWindowTitle(
            tr("Somebody else has this study open") if is_locked else tr("This study cannot be edited here")
        )
        box.setText(
            tr("Somebody else has this study open for editing.")
            if is_locked
            else tr("This study cannot be edited where it is; it can be looked at.")
        )
        box.setInformativeText(error_text(error))
        look = box.addButton(tr("Open &read-only"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is look


def prepare(application: QApplication, *, language: str = "") -> Trouble:
    """Set names, colours, language and the hooks for errors.

    Parameters
    ----------
    application : QApplication
        The application.
    language : str, optional
        One of `LANGUAGES`; empty: as chosen before, or as the system has it.
    """
    application.setApplicationName("gazestudy")
    application.setOrganizationName("gazestudy")
    application.setApplicationDisplayName("gazestudy")
    scheme = str(preferences.settings().value("interface/scheme", "", str))
    if scheme in ("light", "dark"):
        theme.set_scheme("dark" if scheme == "dark" else "light")
    set_language(language or preferences.language() or usual_language())
    start_log()
    trouble = Trouble(application)
    trouble.install()
    return trouble


def run_application(study: Path | None = None, *, read_only: bool = False, language: str = "") -> int:
    """Run the application until its last window is closed.

    Parameters
    ----------
    study : Path, optional
        Study to open; None: the start window.
    read_only : bool, optional
        Only look.
    language : str, optional
        One of `LANGUAGES`.

    Returns
    -------
    int
        Exit code.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    trouble = prepare(application, language=language)
    desk = Desk(application)
    if study is None or desk.open(study, read_only=read_only) is None:
        desk.show_start()
    try:
        return application.exec()
    finally:
        desk.close()
        trouble.remove()


def main(words: Sequence[str] | None = None) -> None:
    """Entry point of `gazestudy-gui`."""
    multiprocessing.freeze_support()
    parser = argparse.ArgumentParser(
        prog="gazestudy-gui", description="The desktop application of gazestudy."
    )
    parser.add_argument("study", nargs="?", type=Path, help="study folder to open")
    parser.add_argument("--read-only", action="store_true", help="only look")
    parser.add_argument("--language", default="", choices=["", "en", "th"], help="language of the interface")
    given = parser.parse_args(words)
    sys.exit(run_application(given.study, read_only=given.read_only, language=given.language))
