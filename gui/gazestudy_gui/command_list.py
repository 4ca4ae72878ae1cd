"""The searchable list of all commands, and the table of all shortcuts."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QModelIndex, QObject, Qt
from PyQt6.QtGui import QAction, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.actions import ActionBook, plain
from gazestudy_gui.words import tr

_ROLE = Qt.ItemDataRole.UserRole


def fits(wanted: str, text: str) -> bool:
    """Return True if every word of what was typed occurs in a text.

    Examples
    --------
    >>> fits("imp rec", "Import recordings"), fits("zz", "Import recordings")
    (True, False)
    """
    return all(word in text.casefold() for word in wanted.casefold().split())


class CommandList(QDialog):
    """Type a few letters, press Enter: the command runs.

    Parameters
    ----------
    book : ActionBook
        The commands.
    parent : QWidget
        The window.
    """

    def __init__(self, book: ActionBook, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Commands"))
        self._book = book
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(tr("Type a part of a command"))
        self.search.setAccessibleName(tr("Search commands"))
        self.search.setClearButtonEnabled(True)
        self.list = QTreeWidget(self)
        self.list.setAccessibleName(tr("Commands"))
        self.list.setUniformRowHeights(True)
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels([tr("Action"), tr("Shortcut")])
        header = self.list.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        em = self.fontMetrics().height()
        self.resize(32 * em, 24 * em)
        self.search.textChanged.connect(self._fill)
        self.search.returnPressed.connect(self._run)
        self.list.itemActivated.connect(self._run)
        self.search.installEventFilter(self)
        self._fill("")

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Let the arrow keys move in the list while the search has the focus."""
        if (
            watched is self.search
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        ):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            row = self.list.indexOfTopLevelItem(self.list.currentItem()) + step
            self.choose(max(0, min(self.list.topLevelItemCount() - 1, row)))
            return True
        return super().eventFilter(watched, event)

    def _fill(self, wanted: str) -> None:
        self.list.clear()
        for name, action in self._book.actions.items():
            text = f"{plain(tr(self._book.specs[name].menu))} › {plain(action.text())}"
            english = self._book.specs[name].text
            if not action.isEnabled() or not (fits(wanted, text) or fits(wanted, english)):
                continue
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QTreeWidgetItem([text, keys])
            item.setData(0, _ROLE, name)
            self.list.addTopLevelItem(item)
        self.choose(0)

    def choose(self, row: int) -> None:
        """Select a command of those on show."""
        item = self.list.topLevelItem(row)
        if item is not None:
            self.list.setCurrentItem(item)

    def _run(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        action = self._book.actions[item.data(0, _ROLE)]
        self.accept()
        action.trigger()


class ShortcutTable(QDialog):
    """All shortcuts; a double click or Enter on one changes it.

    Parameters
    ----------
    book : ActionBook
        The actions.
    parent : QWidget
        The window.
    """

    def __init__(self, book: ActionBook, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Shortcuts"))
        self._book = book
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search shortcuts"))
        self.table = QTableWidget(0, 3, self)
        self.table.setTabKeyNavigation(False)  # Tab goes on; arrow keys go from line to line
        self.table.setAccessibleName(tr("Shortcuts"))
        self.table.setHorizontalHeaderLabels([tr("Menu"), tr("Action"), tr("Shortcut")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(True)
        header, rows = self.table.horizontalHeader(), self.table.verticalHeader()
        assert header is not None and rows is not None
        rows.hide()
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.keys = QKeySequenceEdit(self)
        self.keys.setMaximumSequenceLength(1)
        self.keys.setAccessibleName(tr("New shortcut"))
        label = QLabel(tr("&New shortcut:"), self)
        label.setBuddy(self.keys)
        self.assign, self.usual = QPushButton(tr("Assign"), self), QPushButton(tr("As usual"), self)
        self.note = QLabel("", self)
        self.note.setWordWrap(True)
        edit = QHBoxLayout()
        for widget in (label, self.keys, self.assign, self.usual):
            edit.addWidget(widget)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.table)
        layout.addLayout(edit)
        layout.addWidget(self.note)
        layout.addWidget(buttons)
        em = self.fontMetrics().height()
        self.resize(36 * em, 32 * em)
        self.search.textChanged.connect(self._filter)
        self.assign.clicked.connect(self._assign)
        self.usual.clicked.connect(self._reset)
        self.table.itemSelectionChanged.connect(self._show_current)
        self.table.activated.connect(self._begin)
        self._fill()

    def _fill(self) -> None:
        self.table.setRowCount(len(self._book.actions))
        for row, (name, action) in enumerate(self._book.actions.items()):
            texts = (
                plain(tr(self._book.specs[name].menu)),
                plain(action.text()),
                QKeySequence.listToString(action.shortcuts(), QKeySequence.SequenceFormat.NativeText),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setData(_ROLE, name)
                self.table.setItem(row, column, item)
        for column in (0, 2):
            self.table.resizeColumnToContents(column)
        self._filter(self.search.text())

    def _filter(self, wanted: str) -> None:
        for row in range(self.table.rowCount()):
            cells = [self.table.item(row, column) for column in range(3)]
            self.table.setRowHidden(row, not fits(wanted, " ".join(cell.text() for cell in cells if cell)))

    def _current(self) -> tuple[str, QAction] | None:
        item = self.table.item(self.table.currentRow(), 0)
        if item is None:
            return None
        name = str(item.data(_ROLE))
        return name, self._book.actions[name]

    def _begin(self, _index: QModelIndex) -> None:
        self.keys.setFocus()

    def _show_current(self) -> None:
        current = self._current()
        self.note.clear()
        if current is not None:
            self.keys.setKeySequence(current[1].shortcut())

    def _assign(self) -> None:
        current = self._current()
        if current is None:
            return
        keys = self.keys.keySequence()
        other = self._book.user_of(keys, but=current[0])
        if other:
            self.note.setText(
                tr("“{keys}” is the shortcut of “{name}” already; change that one first.",
                   keys=keys.toString(QKeySequence.SequenceFormat.NativeText),
                   name=plain(self._book.actions[other].text()))
            )  # fmt: skip
            return
        if not self._book.may_have(current[0], keys):
            text = tr(
                "A single key would count wherever somebody types; take one with Ctrl or Alt, or F1 to F12."
            )
            self.note.setText(text)
            return
        self._book.set_keys(current[0], keys.toString())
        self._fill()

    def _reset(self) -> None:
        current = self._current()
        if current is not None:
            self._book.set_keys(current[0], None)
            self._fill()
