"""A document that people write as text, with its mistakes, each with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QFontDatabase, QTextCursor, QUndoCommand
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.file_edits import PutFile
from gazestudy_gui.words import tr

_PAUSE_MS = 500
_WRITING = 4  # what tells these edits from others that may become one

Parse = Callable[[str, Path], None]
"""Raises a ProtocolError with all mistakes of a text."""


class WriteText(PutFile):
    """Other words in a document; what is typed into it one after the other is one edit."""

    def id(self) -> int:
        """Return what tells edits that may become one."""
        return _WRITING

    def mergeWith(self, other: QUndoCommand | None) -> bool:
        """Become one with what was typed next."""
        if not isinstance(other, WriteText) or self._path != other._path:
            return False
        self._after = other._after
        return True


class DocumentEditor(QWidget):
    """Text on top, mistakes below it.

    Parameters
    ----------
    document : StudyDocument
        The study.
    name : str
        What it is.
    keep : str
        What the button says that keeps it.
    parse : callable
        Finds the mistakes.
    keeps_itself : bool, default False
        What is typed is on the disk a moment later, with its mistakes; the button is for the impatient.
    parent : QWidget, optional
        Owner.
    """

    kept = pyqtSignal()
    """Another text without mistakes is on the disk."""
    right = pyqtSignal()
    """What is on show has no mistakes."""

    def __init__(
        self,
        document: StudyDocument,
        name: str,
        keep: str,
        parse: Parse,
        parent: QWidget | None = None,
        *,
        keeps_itself: bool = False,
    ) -> None:
        super().__init__(parent)
        self._keeps_itself = keeps_itself
        self._document, self._parse, self._name = document, parse, name
        self.path: Path | None = None
        self.text = QPlainTextEdit(self)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(name)
        self.mistakes = QListWidget(self)
        self.mistakes.setWordWrap(True)
        self.mistakes.setAccessibleName(tr("Mistakes in the document"))
        self.mistakes.itemActivated.connect(
            lambda item: self._go_to(int(item.data(Qt.ItemDataRole.UserRole) or 0))
        )
        self.keep = QPushButton(keep, self)
        self.keep.clicked.connect(self.save)
        self.keep.setEnabled(False)
        self.state = QLabel("", self)
        self.line = QHBoxLayout()
        self.line.addWidget(self.state, 1)
        self.line.addWidget(self.keep)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self.text)
        split.addWidget(self.mistakes)
        split.setStretchFactor(0, 4)
        column = QVBoxLayout(self)
        column.addWidget(split, 1)
        column.addLayout(self.line)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PAUSE_MS)
        self._soon.timeout.connect(self._on_pause)
        self.text.textChanged.connect(self._on_typed)

    def load(self, path: Path, *, writable: bool = True) -> None:
        """Show a file, unless other words for it are being typed."""
        if path == self.path and self.keep.isEnabled():
            return
        self._keep_typed()
        self.path = path
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text != self.text.toPlainText():
            self.text.setPlainText(text)
        self._soon.stop()
        self.keep.setEnabled(False)
        self.text.setReadOnly(self._document.read_only or not writable)
        self.check()

    def check(self) -> bool:
        """Show the mistakes; returns True if there are none."""
        from gazestudy.protocol import ProtocolError

        self.mistakes.clear()
        assert self.path is not None
        try:
            self._parse(self.text.toPlainText(), self.path)
        except ProtocolError as error:
            for one in error.mistakes:
                self.mistakes.addItem(str(one))
                item = self.mistakes.item(self.mistakes.count() - 1)
                assert item is not None
                item.setData(Qt.ItemDataRole.UserRole, one.line)
        except GazestudyError as error:
            self.mistakes.addItem(error_text(error))
        count = self.mistakes.count()
        self.mistakes.setVisible(count > 0)
        self.state.setText(tr("{n} mistakes", n=count) if count else tr("no mistakes"))
        if not count:
            self.right.emit()
        return count == 0

    def save(self) -> None:
        """Keep the document, whole or not at all."""
        assert self.path is not None
        content = self.text.toPlainText().encode("utf-8")
        try:
            self.keep.setEnabled(False)
            self._document.edit(
                WriteText(self.path, content, tr("change {name}", name=self.path.name), ("study",))
            )
        except (GazestudyError, OSError) as error:
            self.keep.setEnabled(True)
            tell(self, error)
            return
        if self.check():
            self.kept.emit()

    def shut_down(self) -> None:
        """Stop the timer."""
        self._soon.stop()
        self._keep_typed()

    def _on_pause(self) -> None:
        self.check()
        self._keep_typed()

    def _keep_typed(self) -> None:
        """Keep what was typed, where nobody has to ask for it."""
        if self._keeps_itself and self.keep.isEnabled():
            self.save()

    def _on_typed(self) -> None:
        self.keep.setEnabled(not self.text.isReadOnly())
        self._soon.start()

    def _go_to(self, line: int) -> None:
        document = self.text.document()
        if line > 0 and document is not None:
            self.text.setTextCursor(QTextCursor(document.findBlockByNumber(line - 1)))
            self.text.setFocus()
