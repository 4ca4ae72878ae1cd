"""Heatmaps with live filters; what is on screen is what is exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui import theme
from gazestudy_gui.actions import ActionBook, ActionSpec
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.jobs import Order
from gazestudy_gui.trouble import tell
from gazestudy_gui.words import tr

_PAUSE_MS = 120
_KERNEL_UNITS = ("deg", "mm", "px")


class Picture(QWidget):
    """An image as large as fits, or words.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image, self.message = QImage(), ""
        self.setAccessibleName(tr("Heatmap"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        em = self.fontMetrics().height()
        self.setMinimumSize(12 * em, 8 * em)

    def show_image(self, content: bytes) -> None:
        """Show a picture file."""
        self.image, self.message = QImage.fromData(content), ""
        self.update()

    def show_message(self, text: str) -> None:
        """Show words."""
        self.image, self.message = QImage(), text
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint it."""
        painter = QPainter(self)
        if self.image.isNull():
            painter.setPen(theme.foreground())
            area = self.rect().adjusted(20, 20, -20, -20)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        ratio = self.devicePixelRatioF()
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        if size.width() * ratio > self.image.width():
            size = self.image.size() / ratio
        left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        painter.drawImage(self.rect().adjusted(left, top, -left, -top), self.image)


class HeatmapsView(QWidget):
    """Filters on the left, the heatmap on the right.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._looks: Any = None
        self._worker = Background("heatmap", self)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PAUSE_MS)
        self._soon.timeout.connect(self._draw)
        self._build()
        self._worker.done.connect(self._on_drawn)
        self._worker.failed.connect(self._on_failed)
        document.changed.connect(self._on_changed)
        document.selected.connect(self._on_selected)
        self.refresh()

    def refresh(self) -> None:
        """Read placements again; fixations are read when the next heatmap is drawn."""
        current = self.which.currentData()
        self.which.blockSignals(True)
        self.which.clear()
        for one in self._document.study.placements():
            self.which.addItem(one.name, one.id)
        self.which.setCurrentIndex(max(0, self.which.findData(current)))
        self.which.blockSignals(False)
        self._looks = None
        self._soon.start()

    def choice(self) -> Any:
        """Return what is wanted now, None if there is no placement."""
        from gazestudy.pipeline.heatmap_views import HeatmapChoice

        if self.which.currentData() is None:
            return None
        size = self.kernel.value()
        return HeatmapChoice(
            str(self.which.currentData()),
            segments=ticked(self.segments),
            dayparts=ticked(self.dayparts),
            participants=ticked(self.people),
            first_exposure=self.first.value(),
            last_exposure=self.last.value(),
            since_s=self.since.value(),
            until_s=self.until.value(),
            weight=str(self.weight.currentData()),
            kernel=f"{size:g}{self.unit.currentText()}" if size > 0 else "",
            style=self.style_box.currentData(),
            opacity=self.opacity.value() / 100,
            compare=str(self.compare.currentData() or ""),
        )

    def export(self, path: Path) -> None:
        """Write the heatmap on show to a file."""
        choice, study = self.choice(), self._document.study
        if choice is None:
            return
        from gazestudy.pipeline.heatmap_views import export_choice

        try:
            export_choice(study, choice, path)
        except GazestudyError as error:
            tell(self, error)

    def export_all(self, folder: Path) -> None:
        """Write the heatmaps of all placements; a job does it."""
        arguments = {
            "study": str(self._document.path),
            "out": str(folder),
            "group_by": ["placement"],
            "formats": ["png", "npz"],
            "weight": str(self.weight.currentData()),
            "kernel": self.choice().kernel if self.choice() is not None else "",
            "fog": self.style_box.currentData() == "fog",
        }
        self._document.submit(
            Order(tr("Export all heatmaps"), "gazestudy_gui.tasks:export_all_heatmaps", arguments)
        )

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands into the menus."""
        add, spec = book.add, ActionSpec
        add(
            spec("heatmap.export", "&Analyse", "Export this &heatmap …", "Ctrl+E", separated=True),
            self._ask_one,
        )
        add(spec("heatmap.export_all", "&Analyse", "Export &all heatmaps …", "Ctrl+Shift+E"), self._ask_all)

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.picture.update()

    def shut_down(self) -> None:
        """End the thread and the timer."""
        self._soon.stop()
        self._worker.close()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.picture = Picture(self)
        self.note = QLabel("", self)
        self.note.setWordWrap(True)
        panel = QWidget(self)
        form = QFormLayout(panel)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.which = self._combo(tr("Placement"), [])
        self.segments, self.dayparts, self.people = (
            self._ticks(name) for name in (tr("Segments"), tr("Dayparts"), tr("Participants"))
        )
        self.first, self.last = self._count(tr("First exposure")), self._count(tr("Last exposure"))
        self.since, self.until = self._seconds(tr("From")), self._seconds(tr("Until"))
        self.weight = self._combo(
            tr("Weight"),
            [
                (tr("dwell time"), "dwell"),
                (tr("number of fixations"), "count"),
                (tr("each person the same"), "participant"),
            ],
        )
        self.kernel = QDoubleSpinBox(self)
        self.kernel.setRange(0, 1000)
        self.kernel.setDecimals(1)
        self.kernel.setSpecialValueText(tr("as usual"))
        self.kernel.setAccessibleName(tr("Kernel"))
        self.unit = self._combo(tr("Unit of the kernel"), [(unit, unit) for unit in _KERNEL_UNITS])
        self.style_box = self._combo(
            tr("Style"),
            [(tr("colours"), "overlay"), (tr("fog"), "fog"), (tr("contours"), "contour")],
        )
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(10, 100)
        self.opacity.setValue(85)
        self.opacity.setAccessibleName(tr("Opacity"))
        self.compare = self._combo(tr("Difference of"), [(tr("no difference"), "")])
        self._lay_out(panel, form)

    def _lay_out(self, panel: QWidget, form: QFormLayout) -> None:
        form.addRow(tr("&Placement:"), self.which)
        form.addRow(tr("&Segments:"), self.segments)
        form.addRow(tr("&Dayparts:"), self.dayparts)
        form.addRow(tr("P&articipants:"), self.people)
        form.addRow(tr("&Exposures from, to:"), pair(self.first, self.last))
        form.addRow(tr("&Time in view from, to:"), pair(self.since, self.until))
        form.addRow(tr("&Weight:"), self.weight)
        form.addRow(tr("&Kernel:"), pair(self.kernel, self.unit))
        form.addRow(tr("St&yle:"), self.style_box)
        form.addRow(tr("&Opacity:"), self.opacity)
        form.addRow(tr("D&ifference of:"), self.compare)
        export = QPushButton(tr("Export …"), self)
        export.clicked.connect(self._ask_one)
        form.addRow(export)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setWidget(panel)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture, 1)
        column.addWidget(self.note)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(area)
        split.addWidget(right)
        split.setStretchFactor(1, 3)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(2, 2, 2, 2)
        whole.addWidget(split)
        for spin in (self.first, self.last, self.since, self.until, self.kernel):
            spin.valueChanged.connect(lambda _value: self._soon.start())
        self.opacity.valueChanged.connect(lambda _value: self._soon.start())

    def _combo(self, name: str, items: list[tuple[str, str]]) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(name)
        for text, value in items:
            box.addItem(text, value)
        box.currentIndexChanged.connect(lambda _index: self._soon.start())
        return box

    def _ticks(self, name: str) -> QListWidget:
        made = QListWidget(self)
        made.setAccessibleName(name)
        made.setMaximumHeight(4 * self.fontMetrics().height())
        made.itemChanged.connect(lambda _item: self._soon.start())
        return made

    def _count(self, name: str) -> QSpinBox:
        spin = QSpinBox(self)
        spin.setRange(0, 99)
        spin.setSpecialValueText(tr("all"))
        spin.setAccessibleName(name)
        return spin

    def _seconds(self, name: str) -> QDoubleSpinBox:
        spin = QDoubleSpinBox(self)
        spin.setRange(0, 3600)
        spin.setSuffix(" s")
        spin.setSpecialValueText(tr("all"))
        spin.setAccessibleName(name)
        return spin

    def _draw(self) -> None:
        choice, study, looks = self.choice(), self._document.study, self._looks
        if choice is None:
            self.picture.show_message(tr("No placement yet: Placements › Add placements from pictures."))
            return
        if not self.isVisible():
            return

        def work() -> Any:
            from gazestudy.pipeline.heatmap_views import Looks, draw_choice

            known = looks or Looks.of(study)
            content, notes = draw_choice(study, known, choice)
            return known, content, notes

        self._worker.ask(work)

    def showEvent(self, event: Any) -> None:
        """Draw when it is looked at."""
        super().showEvent(event)
        self._soon.start()

    def _on_drawn(self, number: int, result: Any) -> None:
        if number != self._worker.newest:
            return
        looks, content, notes = result
        if self._looks is None:
            self._looks = looks
            self._fill_filters()
        self.picture.show_image(content)
        self.note.setText("\n".join(notes))

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            text = str(error)
            if self._looks is None and isinstance(error, GazestudyError):
                text = tr("No results yet: Analyse › Run everything.") + f"\n\n{text}"
            self.picture.show_message(text)

    def _fill_filters(self) -> None:
        for box, column in (
            (self.segments, "segment"), (self.dayparts, "daypart"), (self.people, "participant_id"),
        ):  # fmt: skip
            before = set(ticked(box))
            box.blockSignals(True)
            box.clear()
            for value in self._looks.values(column):
                item = QListWidgetItem(value)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked if value in before else Qt.CheckState.Unchecked)
                box.addItem(item)
            box.blockSignals(False)
        current = self.compare.currentData()
        self.compare.blockSignals(True)
        self.compare.clear()
        self.compare.addItem(tr("no difference"), "")
        for column in ("segment", "daypart"):
            names = self._looks.values(column)
            for first, a in enumerate(names):
                for b in names[first + 1 :]:
                    self.compare.addItem(f"{a} – {b}", f"{column}={a},{b}")
        self.compare.setCurrentIndex(max(0, self.compare.findData(current)))
        self.compare.blockSignals(False)

    def _on_changed(self, kind: str) -> None:
        if kind in ("placements", "results", "recordings", "participants"):
            self.refresh()

    def _on_selected(self, kind: str, item_id: str) -> None:
        index = self.which.findData(item_id) if kind == "placement" else -1
        if index >= 0:
            self.which.setCurrentIndex(index)

    def _ask_one(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Export this heatmap"), f"{self.which.currentData()}.png", "PNG (*.png);;SVG (*.svg)"
        )
        if name:
            self.export(Path(name))

    def _ask_all(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder for the heatmaps"))
        if folder:
            self.export_all(Path(folder))


def ticked(box: QListWidget) -> tuple[str, ...]:
    """Return what is ticked in a list; nothing ticked means everything."""
    items = [box.item(row) for row in range(box.count())]
    return tuple(
        item.text() for item in items if item is not None and item.checkState() == Qt.CheckState.Checked
    )


def pair(left: QWidget, right: QWidget) -> QWidget:
    """Return two widgets side by side."""
    holder = QWidget()
    line = QHBoxLayout(holder)
    line.setContentsMargins(0, 0, 0, 0)
    line.addWidget(left, 1)
    line.addWidget(right, 1)
    return holder
