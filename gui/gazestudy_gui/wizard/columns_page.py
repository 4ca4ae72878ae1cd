"""How plain tables are to be understood: proposed, changed by the person, tried at once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.background import Background
from gazestudy_gui.phrases import column_title, error_text, told, value_name
from gazestudy_gui.views.table_model import cell
from gazestudy_gui.wizard.pages import Page, fit, table_of
from gazestudy_gui.wizard.plan import propose_people
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy_gui.wizard.window import ImportWizard


_COLUMNS = ("time", "x", "y", "confidence", "frame")
"""Fields that name a column."""


class ColumnsPage(Page):
    """A column mapping for tables that no importer knows, with a preview of what comes out."""

    def __init__(self, wizard: ImportWizard) -> None:
        super().__init__(
            wizard,
            tr("How are these tables to be read?"),
            tr("What could be found out is filled in; please answer what is marked with “?”."),
        )
        self._worker = Background("columns", self)
        self._answers: dict[str, Any] = {}
        self._proposal: Any = None
        self._boxes: dict[str, QComboBox] = {}
        self._kept: Path | None = None
        self._length_s = -1.0
        self._names: list[str] = []
        self.which = QComboBox(self)
        self.which.setAccessibleName(tr("Table"))
        self.skip = QCheckBox(tr("Leave these tables &out"), self)
        self.form_area = QScrollArea(self)
        self.form_area.setWidgetResizable(True)
        self.preview = table_of(
            self, tr("Preview"), [tr("Time, s"), "x, px", "y, px", tr("valid"), tr("reason")]
        )
        self.note = QLabel("", self)
        self.note.setWordWrap(True)
        self.save = QPushButton(tr("&Save this mapping …"), self)
        self.load = QPushButton(tr("&Use a saved mapping …"), self)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.note)
        column.addWidget(self.preview, 1)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self.form_area)
        split.addWidget(right)
        line = QHBoxLayout()
        for widget in (self.which, self.load, self.save, self.skip):
            line.addWidget(widget)
        line.addStretch(1)
        whole = QVBoxLayout(self)
        whole.addLayout(line)
        whole.addWidget(split, 1)
        self.which.activated.connect(lambda _row: self._begin())
        self.skip.toggled.connect(lambda _on: self.completeChanged.emit())
        self.save.clicked.connect(self._ask_save)
        self.load.clicked.connect(self._ask_load)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)

    def initializePage(self) -> None:
        """List the tables that nobody knows."""
        self.which.clear()
        for line in self.plan.lines:
            if line.found.is_table and not line.found.importers:
                where = Path(line.found.path) / line.found.inner
                self.which.addItem(where.name, str(where))
        self._begin()

    def isComplete(self) -> bool:
        """Return True if the tables are left out, or no question is open."""
        if self.skip.isChecked():
            return bool(self.plan.chosen)
        return (
            self._proposal is not None and self._proposal.mapping is not None and not self._proposal.questions
        )

    def validatePage(self) -> bool:
        """Keep the mapping for the import."""
        if self.skip.isChecked():
            return True
        from gazestudy.pipeline.columns import as_preset

        self._keep(as_preset(self._proposal))
        for line in self.plan.lines:
            if str(Path(line.found.path) / line.found.inner) == self.which.currentData():
                line.found = replace(
                    line.found,
                    importers=("table",),
                    name=line.found.name or Path(self.which.currentData()).stem,
                    device=self._proposal.mapping.device,
                    reason=tr("by the column mapping"),
                    duration_s=self._length_s,
                    clock="unknown",
                    error="",
                )
                line.wanted, line.importer, line.columns = True, "table", str(self._kept)
        people = {one.id: one.segment for one in self.document.study.participants()}
        propose_people(self.plan.lines, people)
        return bool(self.plan.chosen)

    def answer(self, field: str, value: Any) -> None:
        """Say how one field is to be understood; the preview follows."""
        self._answers[field] = value
        self._propose()

    def stop(self) -> None:
        """End the thread and forget what was kept for this import."""
        self._worker.close()

    def _begin(self) -> None:
        self._answers = {}
        self._propose()

    def _propose(self) -> None:
        path = self.which.currentData()
        if path is None:
            return
        answers = dict(self._answers)
        self.note.setText(tr("Reading the table …"))

        def read() -> tuple[Any, Any, str, list[str]]:
            from gazestudy.errors import GazestudyError
            from gazestudy.pipeline.columns import column_names, preview, propose

            proposal = propose(Path(path), answers or None)
            table = next((str(one.value) for one in proposal.choices if one.field == "table"), "")
            names = column_names(Path(path), table)
            if proposal.mapping is None:
                return proposal, None, "", names
            try:
                return proposal, preview(proposal.mapping, Path(path)), "", names
            except GazestudyError as error:
                return proposal, None, error_text(error), names

        self._worker.ask(read)

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            self._proposal = None
            self.note.setText(error_text(error))
            self.completeChanged.emit()

    def _on_done(self, number: int, result: tuple[Any, Any, str, list[str]]) -> None:
        if number != self._worker.newest:
            return
        self._proposal, preview, error, self._names = result
        self._show_form()
        self._show_preview(preview, error)
        self.completeChanged.emit()

    def _show_form(self) -> None:
        page = QWidget(self)
        form = QFormLayout(page)
        self._boxes = {}
        for choice in self._proposal.choices:
            box = QComboBox(page)
            box.setAccessibleName(column_title(choice.field))
            others = [*choice.alternatives, *(self._names if choice.field in _COLUMNS else ())]
            values = [choice.value, *dict.fromkeys(other for other in others if other != choice.value)]
            for value in values:
                box.addItem("—" if value is None else _words(value), value)
            box.setEnabled(len(values) > 1 or choice.confidence == "low")
            box.setToolTip(told(choice.reason))
            box.activated.connect(
                lambda _row, box=box, field=choice.field: self.answer(field, box.currentData())
            )
            self._boxes[choice.field] = box
            mark = "? " if choice.confidence == "low" else ""
            form.addRow(f"{mark}{column_title(choice.field)}:", box)
        self.form_area.setWidget(page)

    def _show_preview(self, preview: Any, error: str) -> None:
        self.preview.setRowCount(0)
        if preview is None:
            open_ones = ", ".join(column_title(choice.field) for choice in self._proposal.questions)
            self.note.setText(error or tr("Please answer: {fields}", fields=open_ones))
            return
        self._length_s = preview.duration_s
        lines = [
            tr(
                "{samples} samples, {rate} Hz, {length} s, {frames} frames",
                samples=preview.samples,
                rate=f"{preview.rate_hz:.1f}",
                length=f"{preview.duration_s:.1f}",
                frames=preview.frames,
            )
        ]
        lines += [
            f"{tr(one.severity)}: {told(one.message)}" for one in preview.findings if one.severity != "info"
        ]
        self.note.setText("\n".join(lines))
        self.preview.setRowCount(len(preview.rows))
        for row, values in enumerate(preview.rows.to_dict("records")):
            for column, name in enumerate(("t_s", "x_px", "y_px", "valid", "reason")):
                value = values[name]
                text = f"{value:.3f}" if isinstance(value, float) else value_name(cell(value))
                self.preview.setItem(row, column, QTableWidgetItem(text))
        fit(self.preview)

    def _keep(self, preset: Any) -> None:
        """Write the mapping to a temporary place that the job can read; it goes with the wizard."""
        from gazestudy.pipeline.columns import save_preset
        from gazestudy_gui.wizard.window import temporary_folder

        self._kept = temporary_folder(self.wizard()) / f"{self.which.currentIndex()}.json"
        save_preset(preset, self._kept)

    def _ask_save(self) -> None:
        if self._proposal is None or self._proposal.mapping is None:
            return
        name, _ = QFileDialog.getSaveFileName(self, tr("Save this mapping"), "columns.json", "JSON (*.json)")
        if name:
            from gazestudy.pipeline.columns import as_preset, save_preset

            save_preset(as_preset(self._proposal), Path(name))

    def _ask_load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Use a saved mapping"), "", "JSON (*.json)")
        if name:
            self._answers = json.loads(Path(name).read_text(encoding="utf-8"))
            self._propose()


def _words(value: Any) -> str:
    if hasattr(value, "model_dump"):
        return ", ".join(f"{name} {part}" for name, part in value.model_dump(exclude_none=True).items())
    return value_name(str(value))
