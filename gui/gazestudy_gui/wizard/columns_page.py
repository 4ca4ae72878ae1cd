"""How plain tables are to be understood: proposed, changed by the person, tried at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
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
from gazestudy_gui.ticks import TickBox
from gazestudy_gui.views.table_model import cell
from gazestudy_gui.wizard.pages import Page, fit, table_of
from gazestudy_gui.wizard.plan import propose_people
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy_gui.wizard.window import ImportWizard


_COLUMNS = ("time", "x", "y", "confidence", "frame")
"""Fields that name a column."""


@dataclass(slots=True)
class Table:
    """A table that no importer knows, and what was said about it.

    Attributes
    ----------
    path : str
        Where it is.
    answers : dict
        What the person said.
    names : list of str
        Its columns.
    proposal : Proposal or None
        How it will be read.
    length_s : float
        From the first sample to the last, -1 if not known.
    is_decided, is_left_out : bool
        Whether the person went on from it, and whether it is not to be imported.
    """

    path: str
    answers: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    proposal: Any = None
    length_s: float = -1.0
    is_decided: bool = False
    is_left_out: bool = False

    @property
    def is_answered(self) -> bool:
        """True if no question is open."""
        known = self.proposal
        return known is not None and known.mapping is not None and not known.questions


class ColumnsPage(Page):
    """A column mapping for tables that no importer knows, with a preview of what comes out.

    One table after the other; what was said of one is taken for others with the same columns.
    """

    def __init__(self, wizard: ImportWizard) -> None:
        super().__init__(
            wizard,
            tr("How are these tables to be read?"),
            tr("What could be found out is filled in; please answer what is marked with “?”."),
        )
        self._worker = Background("columns", self)
        self._boxes: dict[str, QComboBox] = {}
        self.tables: list[Table] = []
        self._asked_others = -1
        self.which = QComboBox(self)
        self.which.setAccessibleName(tr("Table"))
        self.skip = TickBox(tr("Leave this table &out"), self)
        self.same = TickBox(tr("The same for all &tables with these columns"), self)
        self.same.setChecked(True)
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
        for widget in (self.which, self.load, self.save):
            line.addWidget(widget)
        line.addStretch(1)
        below = QHBoxLayout()
        for box in (self.skip, self.same):
            below.addWidget(box)
        below.addStretch(1)
        whole = QVBoxLayout(self)
        whole.addLayout(line)
        whole.addWidget(split, 1)
        whole.addLayout(below)
        self.which.activated.connect(lambda _row: self._begin())
        self.skip.clicked.connect(self._on_skip)
        self.save.clicked.connect(self._ask_save)
        self.load.clicked.connect(self._ask_load)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)

    def initializePage(self) -> None:
        """List the tables that nobody knows."""
        known = {table.path: table for table in self.tables}
        paths = [
            str(Path(line.found.path) / line.found.inner)
            for line in self.plan.lines
            if line.found.is_table and not line.found.importers
        ]
        self.tables = [known.get(path, Table(path)) for path in paths]
        self.which.clear()
        for table in self.tables:
            self.which.addItem("", table.path)
        self.same.setVisible(len(self.tables) > 1)
        self._begin()

    @property
    def _table(self) -> Table | None:
        """The table on show."""
        row = self.which.currentIndex()
        return self.tables[row] if 0 <= row < len(self.tables) else None

    @property
    def proposal(self) -> Any:
        """How the table on show will be read, None while that is not known."""
        return None if self._table is None else self._table.proposal

    def isComplete(self) -> bool:
        """Return True if the table on show is left out, or no question about it is open."""
        table = self._table
        if table is None:
            return bool(self.plan.chosen)
        if table.is_left_out:
            others = any(one is not table and not one.is_left_out for one in self.tables)
            return bool(self.plan.chosen) or others
        return table.is_answered

    def validatePage(self) -> bool:
        """Go on to the next table; after the last one keep the mappings for the import."""
        table = self._table
        if table is None:
            return bool(self.plan.chosen)
        table.is_decided = True
        rest = [one for one in self.tables if not one.is_decided]
        if rest and self.same.isChecked() and table.names:
            self._ask_others(table, rest)
            return False
        return self._go_on()

    def _go_on(self) -> bool:
        """Show the next table that is open; True if there is none and something is to be imported."""
        self._name_tables()
        row = next((row for row, one in enumerate(self.tables) if not one.is_decided), -1)
        if row >= 0:
            self.which.setCurrentIndex(row)
            self._begin()
            return False
        for number, table in enumerate(self.tables):
            if not table.is_left_out:
                self._use(table, number)
        people = {one.id: one.segment for one in self.document.study.participants()}
        propose_people(self.plan.lines, people)
        return bool(self.plan.chosen)

    def _use(self, table: Table, number: int) -> None:
        """Have a table imported with its mapping."""
        from gazestudy.pipeline.columns import as_preset

        kept = self._keep(as_preset(table.proposal), number)
        for line in self.plan.lines:
            if str(Path(line.found.path) / line.found.inner) == table.path:
                line.found = replace(
                    line.found,
                    importers=("table",),
                    name=line.found.name or Path(table.path).stem,
                    device=table.proposal.mapping.device,
                    reason=tr("by the column mapping"),
                    duration_s=table.length_s,
                    clock="unknown",
                    error="",
                )
                line.wanted, line.importer, line.columns = True, "table", str(kept)

    def _ask_others(self, table: Table, rest: list[Table]) -> None:
        """Read other tables that have the same columns in the same way."""
        paths, answers, names = [one.path for one in rest], dict(table.answers), table.names
        is_left_out = table.is_left_out
        self.note.setText(tr("Reading the table …"))

        def read() -> list[tuple[str, list[str], Any, float]]:
            return [(path, *_read_alike(Path(path), names, answers, is_left_out)) for path in paths]

        self._asked_others = self._worker.ask(read)

    def _on_others(self, found: list[tuple[str, list[str], Any, float]]) -> None:
        here = self._table
        for path, names, proposal, length_s in found:
            table = next((one for one in self.tables if one.path == path), None)
            if table is None or here is None:
                continue
            table.names, table.proposal, table.length_s = names, proposal, length_s
            if names == here.names:
                table.answers = dict(here.answers)
                table.is_left_out = here.is_left_out
                table.is_decided = table.is_left_out or table.is_answered
        if self._go_on():
            wizard = self.wizard()
            if wizard is not None:
                wizard.next()

    def _on_skip(self, is_left_out: bool) -> None:
        if self._table is not None:
            self._table.is_left_out = is_left_out
            self._name_tables()
            self.completeChanged.emit()

    def _name_tables(self) -> None:
        """Say in the list how far each table is."""
        for row, table in enumerate(self.tables):
            mark = "✗" if table.is_left_out else "✓" if table.is_decided else "?"
            path = Path(table.path)
            self.which.setItemText(row, f"{mark} {path.parent.name}/{path.name}")

    def answer(self, field: str, value: Any) -> None:
        """Say how one field is to be understood; the preview follows."""
        if self._table is not None:
            self._table.answers[field] = value
            self._propose()

    def stop(self) -> None:
        """End the thread and forget what was kept for this import."""
        self._worker.close()

    def _begin(self) -> None:
        table = self._table
        self.skip.setChecked(table is not None and table.is_left_out)
        if table is not None:
            table.is_decided = False
        self._name_tables()
        self._propose()

    def _propose(self) -> None:
        table = self._table
        if table is None:
            return
        path, answers = table.path, dict(table.answers)
        self.note.setText(tr("Reading the table …"))

        def read() -> tuple[Any, Any, str, list[str]]:
            from gazestudy.errors import GazestudyError
            from gazestudy.pipeline.columns import preview, propose

            proposal = propose(Path(path), answers or None)
            names = _names(proposal, Path(path))
            if proposal.mapping is None:
                return proposal, None, "", names
            try:
                return proposal, preview(proposal.mapping, Path(path)), "", names
            except GazestudyError as error:
                return proposal, None, error_text(error), names

        self._worker.ask(read)

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            if self._table is not None:
                self._table.proposal = None
            self.note.setText(error_text(error))
            self.completeChanged.emit()

    def _on_done(self, number: int, result: Any) -> None:
        table = self._table
        if number != self._worker.newest or table is None:
            return
        if number == self._asked_others:
            self._on_others(result)
            return
        table.proposal, preview, error, table.names = result
        self._show_form(table)
        self._show_preview(table, preview, error)
        self.completeChanged.emit()

    def _show_form(self, table: Table) -> None:
        page = QWidget(self)
        form = QFormLayout(page)
        self._boxes = {}
        for choice in table.proposal.choices:
            box = QComboBox(page)
            box.setAccessibleName(column_title(choice.field))
            others = [*choice.alternatives, *(table.names if choice.field in _COLUMNS else ())]
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

    def _show_preview(self, table: Table, preview: Any, error: str) -> None:
        self.preview.setRowCount(0)
        if preview is None:
            open_ones = ", ".join(column_title(choice.field) for choice in table.proposal.questions)
            self.note.setText(error or tr("Please answer: {fields}", fields=open_ones))
            return
        table.length_s = preview.duration_s
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

    def _keep(self, preset: Any, number: int) -> Path:
        """Write a mapping to a temporary place that the job can read; it goes with the wizard."""
        from gazestudy.pipeline.columns import save_preset
        from gazestudy_gui.wizard.window import temporary_folder

        kept = temporary_folder(self.wizard()) / f"{number}.json"
        save_preset(preset, kept)
        return kept

    def _ask_save(self) -> None:
        table = self._table
        if table is None or table.proposal is None or table.proposal.mapping is None:
            return
        name, _ = QFileDialog.getSaveFileName(self, tr("Save this mapping"), "columns.json", "JSON (*.json)")
        if name:
            from gazestudy.pipeline.columns import as_preset, save_preset

            save_preset(as_preset(table.proposal), Path(name))

    def _ask_load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Use a saved mapping"), "", "JSON (*.json)")
        if not name or self._table is None:
            return
        try:
            answers = json.loads(Path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            answers = str(error)
        if not isinstance(answers, dict):
            self.note.setText(tr("{name} is no saved mapping.", name=Path(name).name))
            return
        self._table.answers = answers
        self._propose()


def _names(proposal: Any, path: Path) -> list[str]:
    from gazestudy.pipeline.columns import column_names

    table = next((str(one.value) for one in proposal.choices if one.field == "table"), "")
    return column_names(path, table)


def _read_alike(
    path: Path, names: list[str], answers: dict[str, Any], is_left_out: bool
) -> tuple[list[str], Any, float]:
    """Return the columns of a table, and where they are the same, how it is read so and how long it is."""
    from gazestudy.errors import GazestudyError
    from gazestudy.pipeline.columns import preview, propose

    try:
        own = _names(propose(path), path)
        if own != names or is_left_out:
            return own, None, -1.0
        proposal = propose(path, answers or None)
        length_s = -1.0 if proposal.mapping is None else preview(proposal.mapping, path).duration_s
    except GazestudyError:  # it is told when this table is on show
        return [], None, -1.0
    return own, proposal, length_s


def _words(value: Any) -> str:
    if hasattr(value, "model_dump"):
        return ", ".join(f"{name} {part}" for name, part in value.model_dump(exclude_none=True).items())
    return value_name(str(value))
