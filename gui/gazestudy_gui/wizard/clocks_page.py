"""The page of the import wizard on which clocks are aligned, with a preview for each recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QDateTime, Qt, QTime
from PyQt6.QtWidgets import QAbstractItemView, QLabel, QTableWidgetItem, QVBoxLayout

from gazestudy_gui.background import Background
from gazestudy_gui.phrases import error_text
from gazestudy_gui.wizard.clock_form import ClockForm, alignment_text, residual_text
from gazestudy_gui.wizard.pages import Page, clock_words, fit, table_of
from gazestudy_gui.wizard.plan import start_text
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy_gui.wizard.window import ImportWizard

_OFFSET, _FOUND = 4, 5
_PAIRS = 30


class ClocksPage(Page):
    """How the clocks relate."""

    def __init__(self, wizard: ImportWizard) -> None:
        super().__init__(
            wizard,
            tr("How do the clocks relate?"),
            tr(
                "Times are never changed; an alignment is kept beside them, with its uncertainty."
                " You can also do this later."
            ),
        )
        self._worker = Background("alignment", self)
        self._found: list[tuple[dict[str, Any] | None, str]] = []
        self.table = table_of(
            self,
            tr("Clocks of the recordings"),
            [
                tr("Recording"),
                tr("Times count from"),
                tr("Start"),
                tr("Events"),
                tr("Offset, s"),
                tr("Alignment"),
            ],
        )
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.pairs = QLabel(self)
        self.pairs.setWordWrap(True)
        self.pairs.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.form = ClockForm(self, tr("Not now: clocks stay apart"))
        column = QVBoxLayout(self)
        column.addWidget(self.table, 1)
        column.addWidget(self.pairs)
        column.addWidget(self.form)
        self.form.changed.connect(self._preview)
        self.table.itemChanged.connect(self._on_item)
        self.table.currentCellChanged.connect(lambda *_cells: self._show_pairs())
        self._worker.done.connect(self._on_done)

    def initializePage(self) -> None:
        """List what is to be imported, and align it."""
        chosen = self.plan.chosen
        self.table.blockSignals(True)
        self.table.setRowCount(len(chosen))
        for row, line in enumerate(chosen):
            one = line.found
            offset = "" if line.offset_s is None else f"{line.offset_s:g}"
            for column, text in enumerate(
                (one.name, clock_words(one.clock), start_text(one), ", ".join(one.events), offset, "")
            ):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if column != _OFFSET:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.table.setItem(row, column, item)
        self.table.blockSignals(False)
        fit(self.table)
        starts = [line.found.start_unix_ns for line in chosen if line.found.start_unix_ns is not None]
        if starts and self.form.method.currentData() == "":  # set that morning, until somebody says otherwise
            morning = QDateTime.fromSecsSinceEpoch(min(starts) // 10**9)
            morning.setTime(QTime(0, 0))
            self.form.set_at.setDateTime(morning)
        self._preview()

    def set_marks(self, path: str) -> None:
        """Choose a table of times; empty: none."""
        self.form.set_marks(path)

    def stop(self) -> None:
        """End the thread."""
        self._worker.close()

    def _on_item(self, item: QTableWidgetItem) -> None:
        """Take the offset of one recording, which may differ from that of the others."""
        if item.column() != _OFFSET:
            return
        text = item.text().strip().replace(",", ".")
        try:
            self.plan.chosen[item.row()].offset_s = float(text) if text else None
        except ValueError:
            self.plan.chosen[item.row()].offset_s = None
            item.setText("")
        self._preview()

    def _preview(self) -> None:
        self.plan.clocks = self.form.plan()
        self.table.setColumnHidden(_OFFSET, self.plan.clocks.method != "by-hand")
        wishes = [self.plan.wish(line) for line in self.plan.chosen]

        def find() -> list[tuple[dict[str, Any] | None, str]]:
            from gazestudy.errors import GazestudyError
            from gazestudy.pipeline.surveying import preview_alignment

            found: list[tuple[dict[str, Any] | None, str]] = []
            for wish in wishes:
                if not wish.method:
                    found.append((None, ""))
                    continue
                try:
                    found.append((preview_alignment(wish), ""))
                except GazestudyError as error:
                    found.append((None, error_text(error)))
            return found

        self._worker.ask(find)

    def _on_done(self, number: int, rows: list[tuple[dict[str, Any] | None, str]]) -> None:
        if number != self._worker.newest:
            return
        self._found = rows
        self.table.blockSignals(True)
        for row, (found, error) in enumerate(rows):
            item = self.table.item(row, _FOUND)
            if item is not None:
                item.setText(error if found is None else alignment_text(found))
                item.setToolTip(error if found is None else residual_text(found) or item.text())
        self.table.blockSignals(False)
        fit(self.table)
        self._show_pairs()

    def _show_pairs(self) -> None:
        """Say of the recording that is chosen how far each pair is off, or why there is no alignment."""
        row = max(0, self.table.currentRow())
        if row >= len(self._found):
            self.pairs.clear()
            return
        found, error = self._found[row]
        residuals = [] if found is None else found["residuals_ms"]
        text = error
        if residuals:
            shown = ", ".join(f"{value:+.0f}" for value in residuals[:_PAIRS])
            text = tr("How far each pair is off, ms: {values}", values=shown)
            text += " …" if len(residuals) > _PAIRS else ""
        name = self.plan.chosen[row].found.name if row < len(self.plan.chosen) else ""
        self.pairs.setText(f"{name}: {text}" if text else "")
