"""How the clock of a recording of the study relates to other clocks: what is kept, and one more."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.background import Background
from gazestudy_gui.commands import AddAlignment, Edit, RemoveAlignment
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.wizard.clock_form import ClockForm, alignment_text, residual_text
from gazestudy_gui.wizard.plan import ClockPlan
from gazestudy_gui.words import tr

_NUMBER = Qt.ItemDataRole.UserRole


class AlignDialog(QDialog):
    """Shows the alignments of a recording, previews another one, and keeps or removes; each can be undone.

    Parameters
    ----------
    document : StudyDocument
        The study.
    recording_id : str
        Whose clock.
    parent : QWidget
        Above which window.
    """

    def __init__(self, document: StudyDocument, recording_id: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._document, self._recording_id = document, recording_id
        self._found: Any = None
        self.setWindowTitle(tr("Clock of {name}", name=recording_id))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._worker = Background("alignment", self)
        self.table = QTableWidget(0, 4, self)
        self.table.setAccessibleName(tr("Alignments that are kept"))
        self.table.setHorizontalHeaderLabels([tr("Other clock"), tr("Alignment"), tr("By"), tr("When (UTC)")])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        rows, columns = self.table.verticalHeader(), self.table.horizontalHeader()
        assert rows is not None and columns is not None
        rows.hide()
        columns.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.remove_button = QPushButton(tr("&Remove"), self)
        self.form = ClockForm(self, tr("Nothing more"))
        self.preview = QLabel("", self)
        self.preview.setWordWrap(True)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Save | standard.Close, self)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(self.remove_button)
        column = QVBoxLayout(self)
        column.addWidget(self.table, 1)
        column.addLayout(line)
        column.addWidget(self.form)
        column.addWidget(self.preview)
        column.addWidget(self.buttons)
        em = self.fontMetrics().height()
        self.resize(44 * em, 28 * em)
        self.remove_button.clicked.connect(lambda _checked=False: self._remove())
        self.form.changed.connect(self._try)
        self.buttons.accepted.connect(self._keep)
        self.buttons.rejected.connect(self.reject)
        self._worker.done.connect(self._on_done)
        self.finished.connect(lambda _code: self._worker.close())
        document.changed.connect(self._on_changed)
        self._show()
        self._try()

    def _show(self) -> None:
        stored = self._document.study.alignments(self._recording_id)
        self.table.setRowCount(len(stored))
        for row, one in enumerate(stored):
            facts = _facts(one.alignment)
            for column, text in enumerate((one.target, alignment_text(facts), one.made_by, one.made_utc)):
                item = QTableWidgetItem(text)
                item.setToolTip(residual_text(facts) or text)
                item.setData(_NUMBER, one.id)
                self.table.setItem(row, column, item)
        self.remove_button.setEnabled(bool(stored))

    def _try(self) -> None:
        plan, path, name = self.form.plan(), self._document.path, self._recording_id
        self._found = None
        self._enable()
        if not plan.is_whole:
            self.preview.setText("")
            return

        def find() -> tuple[ClockPlan, Any, str]:
            from gazestudy.pipeline.aligning import AlignOptions, align_recording, marks_of_file
            from gazestudy.store import open_study

            wish = plan.wish()
            options = AlignOptions(**wish["aligning"])
            try:
                marks = marks_of_file(wish["marks"])
                with open_study(path, read_only=True) as study:
                    found = align_recording(
                        study, name, target=plan.name, method=wish["method"], marks=marks, options=options
                    )
            except GazestudyError as error:
                return plan, None, error_text(error)
            return plan, found, ""

        self._worker.ask(find)

    def _on_done(self, number: int, result: tuple[ClockPlan, Any, str]) -> None:
        if number != self._worker.newest:
            return
        plan, found, error = result
        self._found = None if found is None else (plan.name, found)
        self.preview.setText(error if found is None else f"{plan.name}: {alignment_text(_facts(found))}")
        self.preview.setToolTip("" if found is None else residual_text(_facts(found)))
        self._enable()

    def _enable(self) -> None:
        save = self.buttons.button(QDialogButtonBox.StandardButton.Save)
        assert save is not None
        save.setEnabled(self._found is not None and not self._document.read_only)

    def _keep(self) -> None:
        if self._found is not None:
            target, found = self._found
            if self._do(AddAlignment(self._recording_id, target, found)):
                self.form.choose("")

    def _remove(self) -> None:
        item = self.table.item(max(0, self.table.currentRow()), 0)
        if item is not None:
            self._do(RemoveAlignment(int(item.data(_NUMBER)), self._recording_id, item.text()))

    def _do(self, command: Edit) -> bool:
        try:
            self._document.edit(command)
        except GazestudyError as error:
            tell(self, error, doing=tr("This was not changed"))
            return False
        return True

    def _on_changed(self, kind: str) -> None:
        if kind == "alignments":
            self._show()


def _facts(alignment: Any) -> dict[str, Any]:
    """Return what is said of an alignment, as a preview before an import has it."""
    import numpy as np

    first, last = alignment.uncertainty_at(
        np.array([alignment.reference_ns, alignment.last_ns or alignment.reference_ns])
    ).tolist()
    return {
        "offset_s": alignment.offset_ns / 1e9,
        "uncertainty_ms": first,
        "uncertainty_end_ms": last,
        "drift_ppm": alignment.drift_ppm,
        "pairs": len(alignment.residuals_ms),
        "residuals_ms": list(alignment.residuals_ms),
    }
