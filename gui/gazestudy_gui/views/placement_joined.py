"""A placement of which each flat part was photographed by itself: the pictures in order, joined to one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QImage, QPixmap
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.background import Background
from gazestudy_gui.ok_cancel import OkCancel
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.words import number_or_none, tr

_PATH = Qt.ItemDataRole.UserRole


class JoinDialog(QDialog):
    """Asks in which order the parts hang, and for name and size of the whole.

    Parameters
    ----------
    pictures : sequence of Path
        One for each part.
    parent : QWidget
        Above which window.
    """

    joined = pyqtSignal(list, str, object, object)
    """Pictures from left to right, name, width and height of the whole in mm or None."""

    def __init__(self, pictures: Sequence[Path], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("A wrap from several pictures"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._worker = Background("joining", self)
        self._worker.done.connect(self._on_joined)
        self._worker.failed.connect(self._on_failed)
        hint = QLabel(
            tr("One picture for each flat part, from left to right. Each should show its part from the front;"
               " Placements › Placement from a photograph straightens one."), self,
        )  # fmt: skip
        hint.setWordWrap(True)
        self.list = QListWidget(self)
        self.list.setAccessibleName(tr("Pictures from left to right"))
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        for path in pictures:
            item = QListWidgetItem(path.name)
            item.setData(_PATH, str(path))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setMaximumHeight(9 * self.fontMetrics().height())
        self.name, self.width_mm, self.height_mm = QLineEdit(self), QLineEdit(self), QLineEdit(self)
        self.name.setText(pictures[0].stem if pictures else "")
        for field in (self.width_mm, self.height_mm):
            field.setPlaceholderText(tr("of the whole, if known"))
        self.preview, self.state = QLabel(self), QLabel("", self)
        self.preview.setAccessibleName(tr("As it will be"))
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.state.setWordWrap(True)
        self.buttons = OkCancel(self, self._take)
        self._lay_out(hint)
        model = self.list.model()
        assert model is not None
        model.rowsMoved.connect(lambda *_: self._look())
        self.name.textChanged.connect(lambda _text: self._allow())
        self._is_good = False
        self._look()

    def pictures(self) -> list[Path]:
        """Return the pictures from left to right."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return [Path(str(one.data(_PATH))) for one in items if one is not None]

    def shift(self, by: int) -> None:
        """Move the chosen picture to the left (-1) or to the right (1)."""
        row = self.list.currentRow()
        if 0 <= row < self.list.count() and 0 <= row + by < self.list.count():
            item = self.list.takeItem(row)
            self.list.insertItem(row + by, item)
            self.list.setCurrentRow(row + by)
            self._look()

    def done(self, code: int) -> None:
        """End the thread with the dialog."""
        self._worker.close()
        super().done(code)

    # ------------------------------------------------------------------ inside

    def _lay_out(self, hint: QLabel) -> None:
        buttons = QVBoxLayout()
        for text, by in ((tr("To the &left"), -1), (tr("To the &right"), 1)):
            button = QPushButton(text, self)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, by=by: self.shift(by))
            buttons.addWidget(button)
        buttons.addStretch(1)
        line = QHBoxLayout()
        line.addWidget(self.list, 1)
        line.addLayout(buttons)
        form = QFormLayout()
        form.addRow(tr("&Name:"), self.name)
        form.addRow(tr("&Width, mm:"), self.width_mm)
        form.addRow(tr("&Height, mm:"), self.height_mm)
        column = QVBoxLayout(self)
        column.addWidget(hint)
        column.addLayout(line)
        column.addWidget(self.preview, 1)
        column.addWidget(self.state)
        column.addLayout(form)
        column.addWidget(self.buttons)
        em = self.fontMetrics().height()
        self.preview.setMinimumSize(24 * em, 12 * em)
        self.resize(40 * em, 36 * em)

    def _look(self) -> None:
        """Show what comes of it."""
        pictures, size = self.pictures(), self.preview.size()
        self._is_good = False
        self._allow()
        self.state.setText(tr("Looking at it …"))

        def work() -> Any:
            from gazestudy.pipeline.wraps import joined_picture

            whole, facets = joined_picture(pictures)
            height, width = whole.shape[:2]
            image = QImage(whole.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            small = image.scaled(
                size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            return small, len(facets), (width, height)

        self._worker.ask(work)

    def _on_joined(self, number: int, result: Any) -> None:
        if number != self._worker.newest:
            return
        image, count, (width, height) = result
        self.preview.setPixmap(QPixmap.fromImage(image))
        self.state.setText(tr("{count} flat parts", count=count) + f"  ·  {width} × {height} px")
        self._is_good = True
        self._allow()

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            self.preview.clear()
            self.state.setText(f"✗ {error_text(error)}")

    def _allow(self) -> None:
        ok = self.buttons.ok
        ok.setEnabled(self._is_good and bool(self.name.text().strip()))

    def _take(self) -> None:
        try:
            width, height = number_or_none(self.width_mm.text()), number_or_none(self.height_mm.text())
        except ValueError as error:
            tell(self, GazestudyError(tr("Please type a number. ({text})", text=str(error))))
            return
        self.joined.emit(self.pictures(), self.name.text().strip(), width, height)
        self.accept()
