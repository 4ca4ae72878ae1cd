"""The pages of the import wizard, but for that about columns."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QModelIndex, Qt
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QCompleter,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
    QWizardPage,
)

from gazestudy_gui.jobs import Job, Order
from gazestudy_gui.phrases import told
from gazestudy_gui.ticks import TickBox, TickDelegate
from gazestudy_gui.wizard.plan import Line, Plan, length_text, start_text
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy_gui.wizard.window import ImportWizard

_TYPED_EM = 9


class Page(QWizardPage):
    """A page that knows the plan.

    Parameters
    ----------
    wizard : ImportWizard
        Whose page.
    title, subtitle : str
        Translated.
    """

    def __init__(self, wizard: ImportWizard, title: str, subtitle: str) -> None:
        super().__init__(wizard)
        self.plan: Plan = wizard.plan
        self.document = wizard.document
        self.setTitle(title)
        self.setSubTitle(subtitle)


class ChoosePage(Page):
    """Folders, zips and tables to look at."""

    def __init__(self, wizard: ImportWizard) -> None:
        super().__init__(
            wizard,
            tr("What shall be imported?"),
            tr("Folders of recordings, zip files or tables. They are only read, never changed."),
        )
        self.setAcceptDrops(True)
        self.list = QListWidget(self)
        self.list.setAccessibleName(tr("To import"))
        self.hint = QLabel(tr("Drop folders, zip files or tables here, or choose them below."), self)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.add_folder = QPushButton(tr("Add &folder …"), self)
        self.add_files = QPushButton(tr("Add f&iles …"), self)
        self.remove = QPushButton(tr("&Remove"), self)
        line = QHBoxLayout()
        for button in (self.add_folder, self.add_files, self.remove):
            line.addWidget(button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(self.list, 1)
        column.addWidget(self.hint)
        column.addLayout(line)
        self.add_folder.clicked.connect(self._ask_folder)
        self.add_files.clicked.connect(self._ask_files)
        self.remove.clicked.connect(self._remove)
        self._show()

    def add(self, paths: list[Path]) -> None:
        """Add what is not there yet."""
        self.plan.paths += [path for path in paths if path not in self.plan.paths]
        self._show()

    def isComplete(self) -> bool:
        """Return True if there is something to look at."""
        return bool(self.plan.paths)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Take files and folders."""
        data = event.mimeData() if event is not None else None
        if event is not None and data is not None and data.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Add what is dropped."""
        data = event.mimeData() if event is not None else None
        if event is not None and data is not None:
            self.add([Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()])
            event.acceptProposedAction()

    def _show(self) -> None:
        self.list.clear()
        self.list.addItems([str(path) for path in self.plan.paths])
        self.completeChanged.emit()

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder with recordings"))
        if folder:
            self.add([Path(folder)])

    def _ask_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, tr("Zip files or tables"))
        self.add([Path(name) for name in names])

    def _remove(self) -> None:
        row = self.list.currentRow()
        if row >= 0:
            del self.plan.paths[row]
            self._show()


class FoundPage(Page):
    """What lies there, who reads it, and why not."""

    def __init__(self, wizard: ImportWizard) -> None:
        super().__init__(
            wizard,
            tr("What was found"),
            tr("Tick what shall be imported. What was not recognised says why."),
        )
        self._job: Job | None = None
        self._looked: tuple[object, ...] = ()
        self.table = table_of(
            self,
            tr("Recordings found"),
            [
                tr("Recording"),
                tr("Device"),
                tr("Person"),
                tr("Start"),
                tr("Length"),
                tr("Read by"),
                tr("Why"),
            ],
        )
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(tr("Looking"))
        self.note = QLabel("", self)
        column = QVBoxLayout(self)
        column.addWidget(self.table, 1)
        column.addWidget(self.bar)
        column.addWidget(self.note)
        self.table.itemChanged.connect(self._on_item)

    def initializePage(self) -> None:
        """Look, unless the same was looked at already."""
        wanted = (tuple(self.plan.paths), self.plan.columns)
        if wanted == self._looked:
            return
        self._looked = wanted
        self.stop()
        self.plan.lines = []
        self.table.setRowCount(0)
        self.bar.show()
        self.note.setText(tr("Looking …"))
        columns = None if self.plan.columns is None else str(self.plan.columns)
        order = Order(
            tr("Looking"),
            "gazestudy_gui.tasks:look",
            {
                "paths": [str(path) for path in self.plan.paths],
                "columns": columns,
                "study": str(self.document.path),
            },
        )
        self._job = Job(order, self)
        self._job.over.connect(self._on_over)
        self._job.changed.connect(self._on_progress)
        self._job.start()

    def stop(self) -> None:
        """Stop looking."""
        if self._job is not None:
            self._job.close()
            self._job = None

    def isComplete(self) -> bool:
        """Return True if something is to be imported, or a column mapping may help."""
        is_ready = self._job is None or self._job.is_over
        return is_ready and (bool(self.plan.chosen) or any(line.found.is_table for line in self.plan.lines))

    def _on_progress(self) -> None:
        if self._job is not None and self._job.label:
            self.note.setText(self._job.label)

    def _on_over(self) -> None:
        job = self._job
        if job is None:
            return
        self.bar.hide()
        if job.state != "done":
            self.note.setText(job.error or tr("Stopped."))
            self._looked = ()
        else:
            from gazestudy.pipeline.meanwhile import Watch
            from gazestudy.pipeline.surveying import Found

            people = {one.id: one.segment for one in self.document.study.participants()}
            rows = [Found(**{**row, "importers": tuple(row["importers"])}) for row in job.result["found"]]
            self.plan.take(rows, people, [Watch(**row) for row in job.result["watches"]])
            self._fill()
        self.completeChanged.emit()

    def _fill(self) -> None:
        self.table.blockSignals(True)
        self.table.setRowCount(len(self.plan.lines))
        for row, line in enumerate(self.plan.lines):
            one = line.found
            why = told(one.error or one.reason)
            short = why
            reasons = "\n".join(why.split("; "))
            if not one.importers and reasons != why:  # each importer has a reason of its own
                short = tr("not recognised")
                if one.is_table:
                    short = tr("not recognised; the next page asks what its columns are")
            texts = (
                one.name or one.place,
                one.device,
                one.label,
                start_text(one),
                length_text(one),
                "",
                short,
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(reasons if column == 6 else text if column else one.place)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                if column == 0:
                    if line.can_be_read:
                        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                        state = Qt.CheckState.Checked if line.wanted else Qt.CheckState.Unchecked
                        item.setCheckState(state)
                    else:
                        item.setText(f"✗ {item.text()}")
                        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
                self.table.setItem(row, column, item)
            self._fill_importer(row, line)
        self.table.blockSignals(False)
        fit(self.table)
        self._count()

    def _fill_importer(self, row: int, line: Line) -> None:
        names = line.found.importers
        if len(names) < 2:
            item = self.table.item(row, 5)
            if item is not None:
                item.setText(names[0] if names else "")
            return
        box = QComboBox(self.table)
        box.setAccessibleName(tr("Read by"))
        box.addItem(tr("choose …"), "")
        for name in names:
            box.addItem(name, name)
        box.activated.connect(lambda _index: self._choose_importer(row, str(box.currentData())))
        self.table.setCellWidget(row, 5, box)

    def _choose_importer(self, row: int, name: str) -> None:
        self.plan.lines[row].importer = name
        self.plan.lines[row].wanted = bool(name)
        item = self.table.item(row, 0)
        if item is not None:
            item.setCheckState(Qt.CheckState.Checked if name else Qt.CheckState.Unchecked)
        self._count()

    def _on_item(self, item: QTableWidgetItem) -> None:
        if item.column() == 0:
            self.plan.lines[item.row()].wanted = item.checkState() == Qt.CheckState.Checked
            self._count()

    def _count(self) -> None:
        known = sum(bool(line.found.importers) for line in self.plan.lines)
        self.note.setText(
            tr(
                "Recordings found: {known}. To import: {chosen}. Not recognised: {unknown}.",
                known=known,
                chosen=len(self.plan.chosen),
                unknown=len(self.plan.lines) - known,
            )
        )
        self.completeChanged.emit()


class PeoplePage(Page):
    """Whose each recording is."""

    _FIELDS = (None, None, None, "participant_id", "segment", "daypart", None)

    def __init__(self, wizard: ImportWizard) -> None:
        super().__init__(
            wizard,
            tr("Whose recordings are these?"),
            tr("Pseudonyms only. The name on the device goes to the personal data, which no export has."),
        )
        self.table = table_of(
            self,
            tr("Participants of the recordings"),
            [
                tr("Recording"),
                tr("Person on the device"),
                tr("Start"),
                tr("Participant"),
                tr("Segment"),
                tr("Daypart"),
                tr("Observed meanwhile"),
            ],
        )
        for number in (3, 4, 5):
            self.table.setItemDelegateForColumn(number, _Known(self, number))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.note = QLabel("", self)
        self.note.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(self.table, 1)
        column.addWidget(self.note)
        self.table.itemChanged.connect(self._on_item)

    def initializePage(self) -> None:
        """List what is to be imported."""
        self.table.blockSignals(True)
        chosen = self.plan.chosen
        self.table.setRowCount(len(chosen))
        for row, line in enumerate(chosen):
            one = line.found
            seen = ", ".join(f"{watch.session_id} ({watch.point})" for watch in line.observed)
            for column, text in enumerate(
                (one.name, one.label, start_text(one), line.participant_id, line.segment, line.daypart, seen)
            ):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if self._FIELDS[column] is None:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.table.setItem(row, column, item)
        self.table.blockSignals(False)
        fit(self.table)
        least = _TYPED_EM * self.fontMetrics().height()
        for column, name in enumerate(self._FIELDS):
            if name is not None:  # room to type, and for what is offered
                self.table.setColumnWidth(column, max(least, self.table.columnWidth(column)))
        self._check()

    def known(self, column: int) -> list[str]:
        """Return what the study and this import have in a column already, to choose from."""
        study = self.document.study
        words: dict[int, list[str]] = {
            3: [one.id for one in study.participants()] + [line.participant_id for line in self.plan.chosen],
            4: [one.segment for one in study.participants()] + [line.segment for line in self.plan.chosen],
            5: [one.daypart for one in study.recordings()]
            + [watch.daypart for line in self.plan.chosen for watch in line.observed]
            + [line.daypart for line in self.plan.chosen],
        }
        return sorted({word for word in words[column] if word})

    def isComplete(self) -> bool:
        """Return True if everybody has a pseudonym and nobody is in two segments."""
        return not self._trouble()

    def _on_item(self, item: QTableWidgetItem) -> None:
        name = self._FIELDS[item.column()]
        if name is not None:
            setattr(self.plan.chosen[item.row()], name, item.text().strip())
            self._check()

    def _trouble(self) -> str:
        segments = {one.id: one.segment for one in self.document.study.participants()}
        for line in self.plan.chosen:
            if not line.participant_id:
                return tr("{name} has no participant.", name=line.found.name)
            known = segments.get(line.participant_id, "")
            if line.segment and known and known != line.segment:
                return tr(
                    "{person} is in segment “{known}”, not in “{given}”.",
                    person=line.participant_id,
                    known=known,
                    given=line.segment,
                )
            if line.segment:
                segments[line.participant_id] = line.segment
        return ""

    def _check(self) -> None:
        new = {line.participant_id for line in self.plan.chosen} - {
            one.id for one in self.document.study.participants()
        }
        names = ", ".join(sorted(new)) or tr("nobody")
        self.note.setText(self._trouble() or tr("New in the study: {names}.", names=names))
        self.completeChanged.emit()


class _Known(QStyledItemDelegate):
    """A cell to type in that offers what is known already."""

    def __init__(self, page: PeoplePage, column: int) -> None:
        super().__init__(page)
        self._page, self._column = page, column

    def createEditor(
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget | None:
        """Offer it below the line."""
        editor = super().createEditor(parent, option, index)
        if isinstance(editor, QLineEdit):
            completer = QCompleter(self._page.known(self._column), editor)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            editor.setCompleter(completer)
            editor.setPlaceholderText(", ".join(self._page.known(self._column)[:3]))
        return editor


class SummaryPage(Page):
    """What will happen at Import."""

    def __init__(self, wizard: ImportWizard) -> None:
        super().__init__(wizard, tr("Ready to import"), tr("Nothing has been written yet."))
        self.text = QLabel("", self)
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = TickBox(tr("&Copy the scene videos into the study"), self)
        self.copy.setChecked(True)
        self.copy.setToolTip(tr("Without a copy the study refers to where they lie now."))
        self.salvage = TickBox(tr("Import what can be read of &damaged recordings too"), self)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addStretch(1)
        column.addWidget(self.copy)
        column.addWidget(self.salvage)
        self.setCommitPage(False)
        self.copy.toggled.connect(lambda on: setattr(self.plan, "copy_video", on))
        self.salvage.toggled.connect(lambda on: setattr(self.plan, "salvage", on))

    def initializePage(self) -> None:
        """Say what will happen."""
        wizard = self.wizard()
        if wizard is not None:
            wizard.setButtonText(wizard.WizardButton.FinishButton, tr("&Import"))
        lines = [
            tr(
                "{count} recordings into “{study}”:",
                count=len(self.plan.chosen),
                study=self.document.study.name,
            )
        ]
        lines += [
            "• "
            + "  ".join(
                part
                for part in (
                    line.found.name,
                    "→",
                    line.participant_id,
                    f"({line.segment})" if line.segment else "",
                    line.daypart,
                )
                if part
            )
            for line in self.plan.chosen[:20]
        ]
        if len(self.plan.chosen) > 20:
            lines.append(tr("… and {count} more", count=len(self.plan.chosen) - 20))
        if self.plan.clocks.is_whole:
            lines.append(tr("Clocks are aligned with {name}.", name=self.plan.clocks.name))
        self.text.setText("\n".join(lines))

    def isComplete(self) -> bool:
        """Return True if something is to be imported."""
        return bool(self.plan.chosen)


def clock_words(base: str) -> str:
    """Return what times count from, for people."""
    return {
        "unix_utc": tr("time of day (UTC)"),
        "device_monotonic": tr("start of the device"),
        "pupil_time": tr("Pupil time"),
        "recording_start": tr("start of the recording"),
        "unknown": tr("not known"),
        "": tr("not known"),
    }.get(base, base)


def table_of(parent: QWidget, name: str, header: list[str]) -> QTableWidget:
    """Return an empty table whose last column takes the room that is left."""
    table = QTableWidget(0, len(header), parent)
    table.setAccessibleName(name)
    table.setHorizontalHeaderLabels(header)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setAlternatingRowColors(True)
    table.setWordWrap(False)
    table.setItemDelegate(TickDelegate(table))
    table.setTabKeyNavigation(False)  # Tab leaves it; arrow keys go from cell to cell
    rows, columns = table.verticalHeader(), table.horizontalHeader()
    assert rows is not None and columns is not None
    rows.hide()
    columns.setStretchLastSection(True)
    columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    return table


def fit(table: QTableWidget) -> None:
    """Give each column the room its words need, within reason."""
    widest = 18 * table.fontMetrics().height()
    for column in range(table.columnCount() - 1):  # the last one takes what is left
        table.resizeColumnToContents(column)
        table.setColumnWidth(column, min(table.columnWidth(column), widest))


def as_plain(wish: Any) -> dict[str, Any]:
    """Return a wish as plain values for a process."""
    return dataclasses.asdict(wish)
