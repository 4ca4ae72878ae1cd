"""What a heatmap is to show: whose looks, of when, and how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gazestudy.model import Placement
from gazestudy_gui.ticks import TickDelegate
from gazestudy_gui.words import tr

_ROWS = 5
_KERNEL_UNITS = (("degrees", "deg"), ("mm", "mm"), ("px", "px"))
_LISTS = ("segment", "daypart", "participant_id")


class HeatmapFilters(QWidget):
    """The fields beside a heatmap.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    changed = pyqtSignal()
    """Something else is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._placements: dict[str, Placement] = {}
        self._form: QFormLayout | None = None
        self._build()
        self._lay_out()
        self._on_compare()

    # ------------------------------------------------------------------ what is wanted

    def choice(self) -> Any:
        """Return what is wanted now as a `HeatmapChoice`, None if there is no placement."""
        from gazestudy.pipeline.heatmap_choice import HeatmapChoice

        if self.which.currentData() is None:
            return None
        size = self.kernel.value()
        return HeatmapChoice(
            str(self.which.currentData()),
            creative_id=str(self.creative.currentData() or ""),
            segments=ticked(self.lists["segment"]),
            dayparts=ticked(self.lists["daypart"]),
            participants=ticked(self.lists["participant_id"]),
            first_exposure=self.first.value(),
            last_exposure=self.last.value(),
            since_s=self.since.value(),
            until_s=self.until.value(),
            weight=str(self.weight.currentData()),
            kernel=f"{size:g}{self.unit.currentData()}" if size > 0 else "",
            style=self.style_box.currentData(),
            opacity=self.opacity.value() / 100,
            colormap=str(self.colours.currentData()),
            scale_max=self.top.value(),
            compare=str(self.compare.currentData() or ""),
        )

    def fill_placements(self, placements: Sequence[Placement]) -> None:
        """Offer other placements; the chosen one stays where it can."""
        self._placements = {one.id: one for one in placements}
        current = self.which.currentData()
        self.which.blockSignals(True)
        self.which.clear()
        for one in placements:
            self.which.addItem(f"{one.name}  ({one.station})" if one.station else one.name, one.id)
        self.which.setCurrentIndex(max(0, self.which.findData(current)) if placements else -1)
        self.which.blockSignals(False)
        self._fill_creatives()

    def fill_values(self, values: Mapping[str, Sequence[str]]) -> None:
        """Offer other segments, dayparts and participants; ticks stay where they can."""
        for column, box in self.lists.items():
            before = set(ticked(box))
            box.blockSignals(True)
            box.clear()
            for value in values[column]:
                item = QListWidgetItem(value)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked if value in before else Qt.CheckState.Unchecked)
                box.addItem(item)
            box.blockSignals(False)
            rows = max(1, min(_ROWS, box.count()))
            height = box.sizeHintForRow(0) if box.count() else self.fontMetrics().height() + 4
            box.setFixedHeight(rows * height + 2 * box.frameWidth() + 2)
        current = self.compare.currentData()
        self.compare.blockSignals(True)
        self.compare.clear()
        self.compare.addItem(tr("no difference"), "")
        for column in ("segment", "daypart"):
            names = values[column]
            for first, a in enumerate(names):
                for b in names[first + 1 :]:
                    self.compare.addItem(f"{a} – {b}", f"{column}={a},{b}")
        self.compare.setCurrentIndex(max(0, self.compare.findData(current)))
        self.compare.blockSignals(False)

    def clear_filters(self) -> None:
        """Show everybody and all times again."""
        for box in self.lists.values():
            box.blockSignals(True)
            for row in range(box.count()):
                item = box.item(row)
                assert item is not None
                item.setCheckState(Qt.CheckState.Unchecked)
            box.blockSignals(False)
        for spin in (self.first, self.last, self.since, self.until):
            spin.blockSignals(True)
            spin.setValue(0)
            spin.blockSignals(False)
        self.changed.emit()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.which, self.creative = self._combo(tr("Placement"), []), self._combo(tr("Picture"), [])
        self.which.currentIndexChanged.connect(lambda _row: self._fill_creatives())
        names = tr("Segments"), tr("Dayparts"), tr("Participants")
        self.lists = {column: self._ticks(name) for column, name in zip(_LISTS, names, strict=True)}
        self.first, self.last = self._count(tr("First exposure")), self._count(tr("Last exposure"))
        self.since = self._seconds(tr("Seconds in view, from"), tr("start"))
        self.until = self._seconds(tr("Seconds in view, until"), tr("end"))
        self.weight = self._combo(
            tr("Weight"),
            [
                (tr("dwell time"), "dwell"),
                (tr("number of fixations"), "count"),
                (tr("each person the same"), "participant"),
            ],
        )
        self.kernel = self._number(tr("Kernel"), tr("as usual"), 1000, 1)
        self.kernel.setToolTip(tr("Full width at half maximum; as usual: 2 degrees where the angle is known"))
        self.unit = self._combo(tr("Unit of the kernel"), [(tr(text), unit) for text, unit in _KERNEL_UNITS])
        self.style_box = self._combo(
            tr("Style"), [(tr("colours"), "overlay"), (tr("fog"), "fog"), (tr("contours"), "contour")]
        )
        self.colours = self._combo(
            tr("Colours"), [(name, name) for name in ("viridis", "magma", "inferno", "plasma", "cividis")]
        )
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(10, 100)
        self.opacity.setValue(85)
        self.opacity.setAccessibleName(tr("Opacity"))
        self.opacity.valueChanged.connect(lambda _value: self._on_opacity())
        self.opacity_text = QLabel("85 %", self)
        self.top = self._number(tr("Top of the scale"), tr("peak of this picture"), 100_000, 3)
        self.top.setToolTip(tr("The same number for pictures that are put side by side"))
        self.compare = self._combo(tr("Difference of"), [(tr("no difference"), "")])
        self.compare.currentIndexChanged.connect(lambda _index: self._on_compare())
        self.all_button = QPushButton(tr("Everybody, all times"), self)
        self.all_button.clicked.connect(lambda _checked=False: self.clear_filters())

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form = form
        form.addRow(tr("&Placement:"), self.which)
        form.addRow(tr("P&icture:"), self.creative)
        form.addRow(tr("&Segments:"), self.lists["segment"])
        form.addRow(tr("&Dayparts:"), self.lists["daypart"])
        form.addRow(tr("P&articipants:"), self.lists["participant_id"])
        form.addRow(tr("&Exposures:"), side_by_side(self.first, self.last))
        form.addRow(tr("&Time in view:"), side_by_side(self.since, self.until))
        form.addRow(self.all_button)
        form.addRow(tr("&Weight:"), self.weight)
        form.addRow(tr("&Kernel:"), side_by_side(self.kernel, self.unit))
        form.addRow(tr("St&yle:"), side_by_side(self.style_box, self.colours))
        form.addRow(tr("&Opacity:"), side_by_side(self.opacity, self.opacity_text))
        form.addRow(tr("S&cale up to:"), self.top)
        form.addRow(tr("Di&fference of:"), self.compare)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addStretch(1)

    def _combo(self, name: str, items: list[tuple[str, str]]) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(name)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for text, value in items:
            box.addItem(text, value)
        box.currentIndexChanged.connect(lambda _index: self.changed.emit())
        return box

    def _ticks(self, name: str) -> QListWidget:
        made = QListWidget(self)
        made.setAccessibleName(name)
        made.setItemDelegate(TickDelegate(made))
        made.setToolTip(tr("Nothing ticked: all of them"))
        made.itemChanged.connect(lambda _item: self.changed.emit())
        return made

    def _count(self, name: str) -> QSpinBox:
        spin = QSpinBox(self)
        spin.setRange(0, 99)
        spin.setSpecialValueText(tr("first") if name == tr("First exposure") else tr("last"))
        spin.setAccessibleName(name)
        spin.valueChanged.connect(lambda _value: self.changed.emit())
        return spin

    def _seconds(self, name: str, none: str) -> QDoubleSpinBox:
        spin = self._number(name, none, 3600, 1)
        spin.setSuffix(" s")
        spin.setSingleStep(0.5)
        return spin

    def _number(self, name: str, none: str, most: float, decimals: int) -> QDoubleSpinBox:
        spin = QDoubleSpinBox(self)
        spin.setRange(0, most)
        spin.setDecimals(decimals)
        spin.setSpecialValueText(none)
        spin.setAccessibleName(name)
        spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        spin.valueChanged.connect(lambda _value: self.changed.emit())
        return spin

    def _fill_creatives(self) -> None:
        place = self._placements.get(str(self.which.currentData() or ""))
        several = place is not None and len(place.creatives) > 1
        current = self.creative.currentData()
        self.creative.blockSignals(True)
        self.creative.clear()
        if place is not None and several:
            self.creative.addItem(tr("all of them, on the first"), "")
            for one in place.creatives:
                self.creative.addItem(one.name, one.id)
        self.creative.setCurrentIndex(max(0, self.creative.findData(current)) if several else -1)
        self.creative.blockSignals(False)
        self._form_row(self.creative, several)

    def _form_row(self, field: QWidget, visible: bool) -> None:
        if self._form is not None:
            self._form.setRowVisible(field, visible)

    def _on_opacity(self) -> None:
        self.opacity_text.setText(f"{self.opacity.value()} %")
        self.changed.emit()

    def _on_compare(self) -> None:
        alone = not self.compare.currentData()
        for field in (self.style_box, self.colours, self.opacity, self.top):
            field.setEnabled(alone)


def ticked(box: QListWidget) -> tuple[str, ...]:
    """Return what is ticked in a list; nothing ticked means everything."""
    items = [box.item(row) for row in range(box.count())]
    return tuple(
        item.text() for item in items if item is not None and item.checkState() == Qt.CheckState.Checked
    )


def side_by_side(left: QWidget, right: QWidget) -> QWidget:
    """Return two widgets in one row that is no higher than they are."""
    holder = QWidget()
    holder.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    line = QHBoxLayout(holder)
    line.setContentsMargins(0, 0, 0, 0)
    line.addWidget(left, 1)
    line.addWidget(right, 0 if isinstance(right, QLabel) else 1)
    holder.setFocusProxy(left)
    return holder
