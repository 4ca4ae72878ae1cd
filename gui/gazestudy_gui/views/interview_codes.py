"""The code book as a tree with colours and keys."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction, QColor, QIcon, QPixmap
from PyQt6.QtWidgets import (
    QColorDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui import theme
from gazestudy_gui.commands import Edit
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import told
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.interview_edits import AddCode, AddStarterCodes, ChangeCode, RemoveCode
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    import pandas as pd

KEYS = "1234567890qwertyuiopasdfghjklzxcvbnm"
"""Keys of codes, in the order of the code book."""

_ID = Qt.ItemDataRole.UserRole


class CodeTree(QWidget):
    """The codes of the study; a double click or a key puts one on what is selected.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    wanted = pyqtSignal(str)
    """Somebody wants to give this code."""

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._names: dict[str, str] = {}
        self._colours: dict[str, str] = {}
        self._key_of: dict[str, str] = {}
        self._shown: list[tuple[str, ...]] = []
        self.tree = QTreeWidget(self)
        self.tree.setAccessibleName(tr("Code book"))
        self.tree.setHeaderLabels([tr("Code"), tr("Key"), tr("Used")])
        self.tree.setToolTip(tr("Double click, Enter or the key gives the code to what is selected"))
        self.tree.itemActivated.connect(lambda item, _column: self.wanted.emit(item.data(0, _ID)))
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.empty = QLabel(tr("The code book is empty. Add the usual codes, or one of your own."), self)
        self.empty.setWordWrap(True)
        self.starter = QPushButton(tr("Add the &usual codes"), self)
        self.starter.clicked.connect(lambda: self._edit(AddStarterCodes()))
        self.name = QLineEdit(self)
        self.name.setPlaceholderText(tr("New code …"))
        self.name.setAccessibleName(tr("Name of a new code"))
        self.name.returnPressed.connect(self.add)
        plus = QPushButton(tr("Add"), self)
        plus.setToolTip(tr("Add a code below the chosen one, or at the end if none is chosen"))
        plus.clicked.connect(self.add)
        line = QHBoxLayout()
        line.addWidget(self.name, 1)
        line.addWidget(plus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty)
        column.addWidget(self.starter)
        column.addWidget(self.tree, 1)
        column.addLayout(line)
        can = not document.read_only
        for widget in (self.starter, self.name, plus):
            widget.setEnabled(can)
        for text, does in (
            (tr("Rename …"), self._ask_name),
            (tr("Colour …"), self._ask_colour),
            (tr("Put below another code …"), self._ask_parent),
            (tr("Remove from the code book"), self._remove),
        ):
            action = QAction(text, self.tree)
            action.triggered.connect(does)
            action.setEnabled(can)
            self.tree.addAction(action)

    def show_book(self, book: pd.DataFrame, codings: pd.DataFrame) -> None:
        """Show the code book, with how often each code is used in these codings."""
        used = codings["code_id"].value_counts()
        rows: list[tuple[str, ...]] = [
            (str(row["code_id"]), str(row["name"]), str(row["parent_id"]), str(row["color"]),
             str(row["description"]), str(int(used.get(row["code_id"], 0))))
            for row in book.to_dict("records")
        ]  # fmt: skip
        self.empty.setVisible(not rows)
        self.starter.setVisible(not rows)
        if rows == self._shown:
            return
        self._shown = rows
        self._names = {row[0]: row[1] for row in rows}
        self._colours = {row[0]: row[3] for row in rows}
        ordered = _tree_order(rows)
        self._key_of = dict(zip(ordered, KEYS, strict=False))
        self._fill(rows)

    def name_of(self, code_id: str) -> str:
        """Return the name of a code."""
        return self._names.get(code_id, code_id)

    def title_of(self, code_id: str) -> str:
        """Return the name of a code for the screen: that of a usual code in the language that is set."""
        name = self.name_of(code_id)
        return told(name) if name in _usual() else name

    def colour_of(self, code_id: str) -> str:
        """Return the colour of a code, #RRGGBB."""
        return self._colours.get(code_id, theme.SERIES[-1])

    def code_of_key(self, key: str) -> str:
        """Return the code that a key gives, empty for none."""
        return next((code for code, own in self._key_of.items() if own == key), "")

    def add(self) -> None:
        """Add the code whose name was typed."""
        name = self.name.text().strip()
        if not name:
            return
        colour = theme.SERIES[len(self._names) % len(theme.SERIES)]
        if self._edit(AddCode(name, parent_id=self._chosen(), color=colour)):
            self.name.clear()

    def _fill(self, rows: list[tuple[str, ...]]) -> None:
        chosen = self._chosen()
        self.tree.clear()
        items: dict[str, QTreeWidgetItem] = {}
        size = self.fontMetrics().height()
        for code_id in _tree_order(rows):
            row = next(one for one in rows if one[0] == code_id)
            item = QTreeWidgetItem(
                [
                    self.title_of(code_id),
                    self._key_of.get(code_id, "").upper(),
                    row[5] if row[5] != "0" else "",
                ]
            )
            item.setData(0, _ID, code_id)
            item.setToolTip(0, told(row[4]) if row[1] in _usual() else row[4] or row[1])
            picture = QPixmap(size, size)
            picture.fill(QColor(row[3]))
            item.setIcon(0, QIcon(picture))
            items[code_id] = item
            above = items.get(row[2])
            if above is None:
                self.tree.addTopLevelItem(item)
            else:
                above.addChild(item)
        self.tree.setRootIsDecorated(any(row[2] for row in rows))
        self.tree.expandAll()
        for column in (1, 2):
            self.tree.resizeColumnToContents(column)
        header = self.tree.header()
        if header is not None:
            header.setStretchLastSection(False)
            header.setMinimumSectionSize(2 * size)
            header.setSectionResizeMode(0, header.ResizeMode.Stretch)
        if chosen in items:
            self.tree.setCurrentItem(items[chosen])

    def _chosen(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, _ID)) if item is not None and item.isSelected() else ""

    def _ask_name(self) -> None:
        code_id = self._chosen()
        if not code_id:
            return
        name, accepted = QInputDialog.getText(self, tr("Rename"), tr("Name of the code:"),
                                              text=self.name_of(code_id))  # fmt: skip
        if accepted and name.strip():
            self._edit(ChangeCode(code_id, name, name=name))

    def _ask_colour(self) -> None:
        code_id = self._chosen()
        if not code_id:
            return
        colour = QColorDialog.getColor(QColor(self.colour_of(code_id)), self, tr("Colour of the code"))
        if colour.isValid():
            self._edit(ChangeCode(code_id, self.name_of(code_id), color=colour.name().upper()))

    def _ask_parent(self) -> None:
        code_id = self._chosen()
        if not code_id:
            return
        names = [tr("no other code"), *(name for one, name in self._names.items() if one != code_id)]
        ids = ["", *(one for one in self._names if one != code_id)]
        name, accepted = QInputDialog.getItem(self, tr("Put below"), tr("Code above it:"), names, 0, False)
        if accepted:
            self._edit(ChangeCode(code_id, self.name_of(code_id), parent_id=ids[names.index(name)]))

    def _remove(self) -> None:
        code_id = self._chosen()
        if code_id:
            self._edit(RemoveCode(code_id, self.name_of(code_id)))

    def _edit(self, command: Edit) -> bool:
        try:
            self._document.edit(command)
        except GazestudyError as error:
            tell(self, error)
            return False
        return True


@lru_cache(maxsize=1)
def _usual() -> frozenset[str]:
    """Return the names of the codes that a code book begins with."""
    from gazestudy.model.interview import STARTER_CODES

    return frozenset(one.name for one in STARTER_CODES)


def _tree_order(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the codes so that each comes after the one above it, those below it right after it."""
    below: dict[str, list[str]] = {}
    for row in rows:
        below.setdefault(row[2], []).append(row[0])
    ordered: list[str] = []

    def take(parent: str) -> None:
        for code_id in below.get(parent, ()):
            ordered.append(code_id)
            take(code_id)

    take("")
    return ordered
