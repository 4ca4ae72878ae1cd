"""Beside the picture of a placement: its AOIs in groups, the label of one, and the size of the face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy.model import Aoi, Placement
from gazestudy_gui.trouble import tell
from gazestudy_gui.words import number_or_none, tr

_ID = Qt.ItemDataRole.UserRole


class PlacementSide(QWidget):
    """Lists the AOIs of a placement by label, and says what a person wants to be different.

    Parameters
    ----------
    parent : QWidget
        Owner.
    """

    chosen = pyqtSignal(str)
    """Another AOI was chosen in the list."""
    renamed = pyqtSignal(str, str)
    """Id of an AOI and its new name, which may be empty."""
    labelled = pyqtSignal(str, str)
    """Id of an AOI and its new label, empty for none."""
    sized = pyqtSignal(str, object)
    """width_mm or height_mm, and the number; None: not known."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._aois: dict[str, Aoi] = {}
        self._can_edit = True
        self._there: tuple[bool, list[str]] = (True, [])
        self.list = QListWidget(self)
        self.list.setAccessibleName(tr("AOIs"))
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.label = QComboBox(self)
        self.label.setEditable(True)
        self.label.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.label.setAccessibleName(tr("Label of the AOI"))
        self.label.setToolTip(
            tr("AOIs of one label are a group, also on other placements: results can be summed up by it.")
        )
        self.sides = {"width_mm": QLineEdit(self), "height_mm": QLineEdit(self)}
        self.sides["width_mm"].setAccessibleName(tr("Width, mm"))
        self.sides["height_mm"].setAccessibleName(tr("Height, mm"))
        self.place, self.size_text, self.fitness = QLabel("", self), QLabel("", self), QLabel("", self)
        self.overlaps = QLabel("", self)
        self.overlaps.hide()
        for text in (self.overlaps, self.place, self.size_text, self.fitness):
            text.setWordWrap(True)
        self._build()

    def show_aois(self, aois: Sequence[Aoi], known_labels: Iterable[str], selected: str) -> None:
        """Show the AOIs of a placement, those without a label first."""
        self._aois = {one.id: one for one in aois}
        lines: list[tuple[str, str]] = []  # text and id, which a label has not
        for label in sorted({one.label for one in aois}, key=lambda text: (bool(text), text.casefold())):
            lines += [(label, "")] if label else []
            lines += [(one.name, one.id) for one in aois if one.label == label]
        self.list.blockSignals(True)
        there = (self._can_edit, [name or text for text, name in lines])
        if there == self._there:  # in one of the lines somebody may be typing
            for row, (text, _) in enumerate(lines):
                item = self.list.item(row)
                if item is not None and item.text() != text:
                    item.setText(text)
        else:
            self._there = there
            self.list.clear()
            for text, name in lines:
                self.list.addItem(self._line(text, name) if name else _head(text))
        self.list.setCurrentItem(self._item(selected))
        self.list.blockSignals(False)
        self.label.blockSignals(True)
        self.label.clear()
        self.label.addItem("")
        labels = sorted({one for one in known_labels if one}, key=str.casefold)
        self.label.addItems(labels)
        self.label.blockSignals(False)
        self.show_selected(selected)

    def show_overlaps(self, labels: Sequence[str]) -> None:
        """Say of which labels AOIs lie over each other."""
        self.overlaps.setText(
            tr("! AOIs of “{labels}” lie over each other: gaze on both counts twice in sums of the label.",
               labels=", ".join(labels)) if labels else ""
        )  # fmt: skip
        self.overlaps.setVisible(bool(labels))

    def show_placement(self, place: Placement, *, can_edit: bool) -> None:
        """Show the size of a placement; a side that is not known is guessed from the picture, in grey."""
        self._can_edit = can_edit
        width_px, height_px = place.size_px
        known = {"width_mm": place.width_mm, "height_mm": place.height_mm}
        ratio = height_px / width_px
        guesses = {
            "width_mm": None if place.height_mm is None else place.height_mm / ratio,
            "height_mm": None if place.width_mm is None else place.width_mm * ratio,
        }
        for name, field in self.sides.items():
            if field.hasFocus() and field.isModified():
                continue
            value, guess = known[name], guesses[name]
            field.setText("" if value is None else f"{value:g}")
            field.setPlaceholderText("" if guess is None else f"≈ {guess:.0f}")
            field.setReadOnly(not can_edit)
            field.setModified(False)
        parts = tr("{count} flat parts", count=len(place.facets)) if place.facets else ""
        self.size_text.setText("  ·  ".join(filter(None, (f"{width_px} × {height_px} px", parts))))

    def show_selected(self, aoi_id: str) -> None:
        """Show the label of an AOI, and which line it is."""
        aoi = self._aois.get(aoi_id)
        self.label.setEnabled(aoi is not None and self._can_edit)
        self.label.setCurrentText("" if aoi is None else aoi.label)
        item = self._item(aoi_id)
        if item is not None and item is not self.list.currentItem():
            self.list.setCurrentItem(item)

    def begin_rename(self) -> None:
        """Type another name for the AOI in the list."""
        item = self.list.currentItem()
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEditable:
            self.list.editItem(item)

    def begin_label(self) -> None:
        """Type a label for the selected AOI."""
        if self.label.isEnabled():
            self.label.setFocus(Qt.FocusReason.ShortcutFocusReason)
            line = self.label.lineEdit()
            assert line is not None
            line.selectAll()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        heading = QLabel(tr("A&OIs"), self)
        heading.setBuddy(self.list)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&Label:"), self.label)
        size = QFormLayout()
        size.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        size.addRow(tr("&Width, mm:"), self.sides["width_mm"])
        size.addRow(tr("Hei&ght, mm:"), self.sides["height_mm"])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(heading)
        column.addWidget(self.list, 1)
        column.addLayout(form)
        column.addWidget(self.overlaps)
        column.addWidget(self.place)
        column.addLayout(size)
        column.addWidget(self.size_text)
        column.addWidget(self.fitness)
        self.list.itemChanged.connect(lambda item: self.renamed.emit(_id_of(item), item.text().strip()))
        self.list.currentItemChanged.connect(self._on_current)
        self.label.activated.connect(lambda _row: self._take_label())
        line = self.label.lineEdit()
        assert line is not None
        line.editingFinished.connect(self._take_label)
        for name, field in self.sides.items():
            field.editingFinished.connect(lambda name=name: self._take_side(name))

    def _line(self, name: str, aoi_id: str) -> QListWidgetItem:
        item = QListWidgetItem(name)
        item.setData(_ID, aoi_id)
        if self._can_edit:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        return item

    def _item(self, aoi_id: str) -> QListWidgetItem | None:
        items = (self.list.item(row) for row in range(self.list.count()))
        return next((one for one in items if one is not None and aoi_id and one.data(_ID) == aoi_id), None)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        if item is not None and _id_of(item):
            self.chosen.emit(_id_of(item))

    def _take_label(self) -> None:
        aoi = self._aois.get(_id_of(self.list.currentItem()))
        if aoi is not None and self.label.currentText().strip() != aoi.label:
            self.labelled.emit(aoi.id, self.label.currentText().strip())

    def _take_side(self, name: str) -> None:
        field = self.sides[name]
        if not field.isModified() or field.isReadOnly():
            return
        field.setModified(False)
        try:
            self.sized.emit(name, number_or_none(field.text()))
        except ValueError:
            tell(self, GazestudyError(tr("Please type a number. ({text})", text=field.text().strip())))


def _head(label: str) -> QListWidgetItem:
    """Return the line above the AOIs of a label."""
    head = QListWidgetItem(label)
    font = head.font()
    font.setBold(True)
    head.setFont(font)
    head.setFlags(Qt.ItemFlag.ItemIsEnabled)
    head.setData(Qt.ItemDataRole.AccessibleTextRole, tr("Label {name}", name=label))
    return head


def _id_of(item: QListWidgetItem | None) -> str:
    return str(item.data(_ID) or "") if item is not None else ""
