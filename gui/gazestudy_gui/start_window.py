"""The first window: recent studies, a new one, an existing one, or the sample study."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui import preferences, theme
from gazestudy_gui.ok_cancel import OkCancel
from gazestudy_gui.words import LANGUAGES, language, tr

_PATH = Qt.ItemDataRole.UserRole
_IS_THERE = Qt.ItemDataRole.UserRole + 1
_LONGEST_NAME, _NOT_IN_NAMES = 120, set('/\\:*?"<>|')


class StartWindow(QMainWindow):
    """What is there before a study is open."""

    wants_study = pyqtSignal(object)
    """Open the study in this folder."""
    wants_new = pyqtSignal(object, str)
    """Make a study in this folder, of this name."""
    wants_sample = pyqtSignal(object)
    """Make the sample study in this folder."""
    wants_language = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("start window")
        self.setWindowTitle(tr("gazestudy"))
        em = self.fontMetrics().height()
        self.resize(46 * em, 28 * em)
        title = QLabel(tr("gazestudy"), self)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 2)
        title.setFont(font)
        subtitle = QLabel(tr("Attention to advertising in stations, from eye tracking to decisions"), self)
        subtitle.setWordWrap(True)
        self.new = QPushButton(tr("&New study …"), self)
        self.open = QPushButton(tr("&Open study …"), self)
        self.sample = QPushButton(tr("&Sample study …"), self)
        self.sample.setToolTip(tr("Four walks through a small station, to try everything out"))
        self.language = QComboBox(self)
        self.language.setAccessibleName(tr("Language"))
        for code, name in LANGUAGES.items():
            self.language.addItem(name, code)
        self.language.setCurrentIndex(max(0, self.language.findData(language())))
        self.recent = QListWidget(self)
        self.recent.setAccessibleName(tr("Recent studies"))
        self.recent.setAlternatingRowColors(True)
        self.empty = QLabel(
            tr("No recent study. Start with a new one, or look around in the sample study."), self
        )
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out(title, subtitle)
        self.new.clicked.connect(self._ask_new)
        self.open.clicked.connect(self._ask_open)
        self.sample.clicked.connect(self._ask_sample)
        self.recent.itemActivated.connect(self._open_item)
        self.language.activated.connect(
            lambda _row: self.wants_language.emit(str(self.language.currentData()))
        )
        forget = QAction(tr("Take off the list"), self.recent)
        forget.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        forget.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        forget.triggered.connect(self._forget)
        self.recent.addAction(forget)
        self.recent.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.refresh()

    def refresh(self) -> None:
        """List the recent studies; those that are gone are greyed and say so."""
        self.recent.clear()
        for path in preferences.recent_studies():
            is_there = (path / "study.sqlite").is_file()
            text = f"{path.name}\n{path}" if is_there else f"{path.name} — {tr('not there any more')}\n{path}"
            item = QListWidgetItem(text)
            item.setData(_PATH, str(path))
            item.setData(_IS_THERE, is_there)
            if not is_there:  # still to be chosen, so that it can be taken off
                item.setForeground(theme.muted())
                item.setToolTip(tr("Put the folder back, open it where it is now, or press Delete."))
            self.recent.addItem(item)
        self.empty.setVisible(self.recent.count() == 0)
        self.recent.setVisible(self.recent.count() > 0)

    def _lay_out(self, title: QLabel, subtitle: QLabel) -> None:
        em = self.fontMetrics().height()
        left = QVBoxLayout()
        for widget in (title, subtitle):
            left.addWidget(widget)
        left.addSpacing(em)
        for button in (self.new, self.open, self.sample):
            button.setMinimumHeight(2 * em)
            left.addWidget(button)
        left.addStretch(1)
        line = QHBoxLayout()
        label = QLabel(tr("&Language:"), self)
        label.setBuddy(self.language)
        line.addWidget(label)
        line.addWidget(self.language, 1)
        left.addLayout(line)
        right = QVBoxLayout()
        heading = QLabel(tr("&Recent studies"), self)
        heading.setBuddy(self.recent)
        right.addWidget(heading)
        right.addWidget(self.recent, 1)
        right.addWidget(self.empty, 1)
        whole = QHBoxLayout()
        whole.setContentsMargins(em, em, em, em)
        whole.setSpacing(em)
        whole.addLayout(left, 2)
        whole.addLayout(right, 3)
        page = QWidget(self)
        page.setLayout(whole)
        self.setCentralWidget(page)

    def _open_item(self, item: QListWidgetItem) -> None:
        if not item.data(_IS_THERE):
            self._ask_open()  # it may have been moved
            return
        self.wants_study.emit(Path(item.data(_PATH)))

    def _forget(self) -> None:
        item = self.recent.currentItem()
        if item is not None:
            preferences.forget_study(Path(item.data(_PATH)))
            self.refresh()

    def _ask_new(self) -> None:
        dialog = NewStudyDialog(self)
        dialog.accepted.connect(lambda: self.wants_new.emit(dialog.folder(), dialog.name.text().strip()))
        dialog.open()

    def _ask_open(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Open study"))
        if folder:
            self.wants_study.emit(Path(folder))

    def _ask_sample(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Where shall the sample study go?"))
        if folder:
            self.wants_sample.emit(Path(folder) / "gazestudy-sample")


class NewStudyDialog(QDialog):
    """Name and place of a new study.

    Parameters
    ----------
    parent : QWidget
        Above which window.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("New study"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.name = QLineEdit(self)
        self.name.setPlaceholderText(tr("for example: Siam, autumn 2026"))
        self.place = QLineEdit(str(Path.home()), self)
        self.browse = QPushButton(tr("&Browse …"), self)
        line = QHBoxLayout()
        line.addWidget(self.place, 1)
        line.addWidget(self.browse)
        self.result_path = QLabel(self)
        self.result_path.setWordWrap(True)
        form = QFormLayout(self)
        form.addRow(tr("&Name:"), self.name)
        label = QLabel(tr("&In folder:"), self)
        label.setBuddy(self.place)
        form.addRow(label, line)
        form.addRow(tr("Will be made:"), self.result_path)
        self.buttons = OkCancel(self, self.accept)
        form.addRow(self.buttons)
        self.resize(32 * self.fontMetrics().height(), self.sizeHint().height())
        self.browse.clicked.connect(self._browse)
        self.name.textChanged.connect(self._check)
        self.place.textChanged.connect(self._check)
        self._check()

    def folder(self) -> Path:
        """Return the folder that will be made."""
        return Path(self.place.text()) / (self.name.text().strip() or "study")

    def _check(self) -> None:
        name = self.name.text().strip()
        trouble = ""
        if not is_name(name):
            trouble = tr('A name is at most 120 characters, without / \\ : * ? " < > |')
        elif self.folder().exists() and not (self.folder().is_dir() and not any(self.folder().iterdir())):
            trouble = tr("There is something in this folder already.")
        self.result_path.setText(f"{self.folder()}\n{trouble}" if trouble and name else str(self.folder()))
        ok = self.buttons.ok
        ok.setEnabled(not trouble)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("In which folder?"), self.place.text())
        if folder:
            self.place.setText(folder)


def is_name(name: str) -> bool:
    """Return True if a study can be called that."""
    # the rule of the store, which is too slow to import before a study is open
    return bool(name) and len(name) <= _LONGEST_NAME and name.isprintable() and not set(name) & _NOT_IN_NAMES
