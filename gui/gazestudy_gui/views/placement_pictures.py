"""Changing the pictures of a placement: one more, another file, one less; each can be undone."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from gazestudy.errors import GazestudyError
from gazestudy.model import Placement
from gazestudy_gui.actions import ActionBook, ActionSpec
from gazestudy_gui.commands import AddCreative, RemoveCreative, ReplaceCreative
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.trouble import tell
from gazestudy_gui.words import tr

PICTURES = "*.png *.jpg *.jpeg *.tif *.tiff *.bmp *.webp"


class PictureButton(QToolButton):
    """A button whose menu changes the pictures of the placement on show.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget
        Owner.
    """

    def __init__(self, document: StudyDocument, parent: QWidget) -> None:
        super().__init__(parent)
        self._document = document
        self._place: Placement | None = None
        self._shown = ""
        self.setText(tr("Pict&ures"))
        self.setAccessibleName(tr("Change the pictures"))
        self.setToolTip(tr("Add a picture to the screen, replace the one on show, or remove it"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(QMenu(self))

    def show_picture(self, place: Placement | None, creative_id: str) -> None:
        """Say which placement and which of its pictures is on show."""
        self._place, self._shown = place, creative_id
        self.setEnabled(place is not None and not self._document.read_only)

    def add(self) -> None:
        """Ask for pictures that the screen shows too."""
        if self._place is None or self._place.kind != "digital":
            tell(self, GazestudyError(tr("Only screens show several pictures: choose one first.")))
            return
        names, _ = QFileDialog.getOpenFileNames(
            self, tr("More pictures of the screen"), "", f"{tr('Pictures')} ({PICTURES})"
        )
        for name in names:
            self._do(AddCreative(self._place.id, self._place.name, Path(name)))

    def replace(self) -> None:
        """Ask for the file that takes the place of the picture on show."""
        if self._place is None:
            return
        name, _ = QFileDialog.getOpenFileName(
            self, tr("The picture in its place"), "", f"{tr('Pictures')} ({PICTURES})"
        )
        if name:
            self._do(ReplaceCreative(self._shown, self._name(), Path(name)))

    def remove(self) -> None:
        """Remove the picture on show from the screen."""
        if self._place is not None:
            self._do(RemoveCreative(self._shown, self._name()))

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands into the menu of the window and into that of the button."""
        menu = self.menu()
        assert menu is not None
        for name, text, keys, does in (
            ("add", "Add pictures to the screen …", "Ctrl+Shift+U", self.add),
            ("replace", "Replace the picture on show …", "Ctrl+Alt+R", self.replace),
            ("remove", "Remove the picture on show", "Ctrl+Shift+Backspace", self.remove),
        ):
            spec = ActionSpec(
                f"picture.{name}", "&Placements", text, keys, writes=True, separated=name == "add"
            )
            menu.addAction(book.add(spec, does))

    def _name(self) -> str:
        assert self._place is not None
        return next((one.name for one in self._place.creatives if one.id == self._shown), self._shown)

    def _do(self, command: AddCreative | ReplaceCreative | RemoveCreative) -> None:
        try:
            self._document.edit(command)
        except GazestudyError as error:
            tell(self, error, doing=tr("This was not changed"))
