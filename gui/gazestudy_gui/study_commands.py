"""Commands about the study as a whole: moved videos, recordings that go, participants that come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QRunnable, Qt, QThreadPool, pyqtBoundSignal, pyqtSignal
from PyQt6.QtWidgets import QAbstractItemView, QInputDialog

from gazestudy.errors import GazestudyError
from gazestudy_gui.actions import ActionSpec
from gazestudy_gui.commands import AddParticipant, Edit, RemoveRecording
from gazestudy_gui.trouble import tell
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.store import Study
    from gazestudy_gui.study_window import StudyWindow

_NOTE_MS = 15_000


class StudyCommands(QObject):
    """Puts its commands into the menus of a study window, and looks for videos that are gone.

    Parameters
    ----------
    window : StudyWindow
        Whose menus.
    """

    _looked = pyqtSignal(int)

    def __init__(self, window: StudyWindow) -> None:
        super().__init__(window)
        self._window, self._document = window, window.document
        add = window.book.add
        add(ActionSpec("file.relink", "&File", "Find &moved videos …", "Ctrl+Alt+M",
                       "Say where scene videos are that are not where they were"), self.relink)  # fmt: skip
        add(ActionSpec("file.backups", "&File", "Return to a bac&kup …", "Ctrl+Shift+B",
                       "What people edited as it was on an earlier day", writes=True),
            self.backups)  # fmt: skip
        add(ActionSpec("edit.remove_recording", "&Edit", "Remove the r&ecording", "Ctrl+Alt+Backspace",
                       "Take the recording that is selected out of the study", writes=True, separated=True),
            self.remove_recording)  # fmt: skip
        add(ActionSpec("edit.add_participant", "&Edit", "Add a &participant …", "Ctrl+Alt+N",
                       "A person who was interviewed but not recorded", writes=True),
            self.add_participant)  # fmt: skip
        self._looked.connect(self._on_looked)

    def look_for_videos(self, pool: QThreadPool) -> None:
        """Look in another thread whether videos are gone; if so, say it in the status bar."""
        pool.start(_Look(self._document.study, self._looked))

    def give_menu(self, tree: QAbstractItemView) -> None:
        """Offer what can be done with a line of the study tree."""
        tree.addActions([self._window.book.actions[name] for name in
                         ("edit.remove_recording", "edit.add_participant", "file.import")])  # fmt: skip
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def relink(self) -> None:
        """Ask where moved videos are."""
        from gazestudy_gui.views.relink_dialog import RelinkDialog

        RelinkDialog(self._document, self._window).open()

    def backups(self) -> None:
        """Show the backups, to return to one."""
        from gazestudy_gui.views.backups_dialog import BackupsDialog

        dialog = BackupsDialog(self._document.path, self._window)
        dialog.chosen.connect(self._window.wants_backup)
        dialog.open()

    def remove_recording(self) -> None:
        """Take the selected recording out; undo brings it back."""
        kind, name = self._document.selection
        if kind != "recording":
            tell(self._window, GazestudyError(tr("Choose a recording in the study tree first.")))
            return
        if self._do(RemoveRecording(name)):
            self._note(tr("{name} was removed; Edit › Undo brings it back.", name=name))

    def add_participant(self) -> None:
        """Ask for a pseudonym."""
        dialog = QInputDialog(self._window)
        dialog.setObjectName("add participant")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Add a participant"))
        dialog.setLabelText(tr("Pseudonym, such as P07; no names:"))
        dialog.textValueSelected.connect(lambda text: self._do(AddParticipant(text.strip())))
        dialog.open()

    def _do(self, edit: Edit) -> bool:
        try:
            self._document.edit(edit)
        except GazestudyError as error:
            tell(self._window, error)
            return False
        return True

    def _on_looked(self, count: int) -> None:
        if count:
            self._note(
                tr("{count} scene videos are not where they were: File › Find moved videos.", count=count)
            )

    def _note(self, text: str) -> None:
        bar = self._window.statusBar()
        if bar is not None:
            bar.showMessage(text, _NOTE_MS)


class _Look(QRunnable):
    """Looks for videos."""

    def __init__(self, study: Study, told: pyqtBoundSignal) -> None:
        super().__init__()
        self._study, self._told = study, told

    def run(self) -> None:
        """Do it."""
        try:
            count = len(self._study.missing_media())
        except GazestudyError:  # whoever opens the recording is told
            return
        self._told.emit(count)
