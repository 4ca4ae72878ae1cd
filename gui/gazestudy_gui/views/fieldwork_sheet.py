"""Paper sheets typed in: the head, and a grid as it is printed; every entry is on the disk at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QDateTime, Qt, QTime
from PyQt6.QtWidgets import (
    QDateTimeEdit,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.fieldwork_draft import Draft, Place, difference, draft_file
from gazestudy_gui.views.fieldwork_edits import KeepSheet, TypeSheet
from gazestudy_gui.views.fieldwork_form import (
    USUAL,
    HeadForm,
    ProtocolBox,
    fill_ticks,
    known_answers,
    language_of,
    show_head,
    ticked_ids,
    ticks,
)
from gazestudy_gui.views.fieldwork_grid import Grid
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.protocol import Protocol

_DATE = "yyyy-MM-dd HH:mm"
_ISO = "yyyy-MM-ddTHH:mm"


class SheetPage(QWidget):
    """One paper sheet.

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
        self.protocol: Protocol | None = None
        self.head: HeadForm | None = None
        self.grids: dict[str, Grid] = {}
        self._cells: dict[str, dict[Place, str]] = {}  # also what is not on show, such as after another stop
        self._built: tuple[Protocol, dict[str, str]] | None = None
        self._head_for: tuple[Protocol, dict[str, list[str]]] | None = None
        self._said: dict[str, str] = {}  # also answers that this protocol does not ask for
        self._is_showing = True
        self._build()
        self._first = self._kept = self._draft()
        self._is_showing = False
        self.read_again()
        if self._kept != self._first:
            self.message.setText(tr("This sheet was typed before and is not kept yet."))

    def prepare(self) -> None:
        """Show a sheet of the chosen protocol, with the entries that fit it."""
        try:
            self.protocol = self.which.protocol()
        except (GazestudyError, OSError) as error:
            self.message.setText(error_text(error))
            return
        self._build_head(self.protocol)
        names = {one.id: one.name for one in self._document.study.placements()}
        in_view = {place: names[place] for place in ticked_ids(self.faces)}
        if self._built != (self.protocol, in_view):
            self._built = (self.protocol, in_view)
            self._build_grids(self.protocol, in_view)
        self._set_times()

    def read_again(self) -> None:
        """Show the sheet as it is on the disk, such as after an edit was taken back."""
        path = draft_file(self._document.path)
        found = Draft.read(path.read_bytes()) if path.exists() else None
        self._show(found or self._first)

    def refresh(self) -> None:
        """Offer the protocols and the placements that there are now; what was typed stays."""
        self._is_showing = True
        self.which.fill()
        fill_ticks(self.faces, [(one.name, one.id) for one in self._document.study.placements()])
        self._is_showing = False
        self.prepare()

    @property
    def hidden(self) -> dict[str, list[Place]]:
        """Entries of this protocol that are not on show: of other placements, or after the stop."""
        found = {
            name: [place for place in self._cells.get(name, {}) if not grid.has_place(place)]
            for name, grid in self.grids.items()
        }
        return {name: places for name, places in found.items() if places}

    def drop_hidden(self) -> None:
        """Forget the entries that are not on show."""
        for name, places in self.hidden.items():
            for place in places:
                del self._cells[name][place]
        self._store()
        self._show_hidden()

    def log(self) -> Any:
        """Return the sheet as canonical tables.

        Raises
        ------
        InputError
            With everything that cannot be right.
        """
        from gazestudy.errors import InputError
        from gazestudy.pipeline.typed_logs import grid_log
        from gazestudy.protocol import is_mistyped

        assert self.protocol is not None and self.head is not None
        name = self.name.text().strip()
        missing = self.head.missing()
        if not name or is_mistyped(name) or missing:
            found = (
                tr("the session id is missing, or mistyped")
                if not name or is_mistyped(name)
                else ", ".join(missing)
            )
            raise InputError(name or "-", tr("the head of the sheet is not complete"), found=found)
        if self.hidden:
            raise InputError(name, tr("some entries are not on show"), found=self.hidden_note.text())
        notes = [
            (float("nan"), line.strip()) for line in self.notes.toPlainText().split("\n") if line.strip()
        ]
        return grid_log(
            self.protocol, name, self.head.answers(),
            started=_time(self.started), stopped=_time(self.stopped),
            cells={block: grid.cells() for block, grid in self.grids.items()}, source="paper", notes=notes,
        )  # fmt: skip

    def keep(self) -> None:
        """Keep the sheet in the study and begin an empty one."""
        assert self.protocol is not None
        try:
            log = self.log()
            present = self._draft()
            rest = replace(present, name="", notes="", cells={
                name: cells for name, cells in self._cells.items() if name not in self.grids
            })  # fmt: skip
            path = draft_file(self._document.path)
            self._document.edit(
                KeepSheet(self.protocol, log, draft=path, rest=rest.content(), turned=self.read_again)
            )
        except (GazestudyError, OSError) as error:
            self.message.setText(error_text(error))
            tell(self, error)
            return
        name = self.name.text().strip()
        self._show(rest)
        self.message.setText(
            tr("Sheet {name} is kept: {n} counts, {scans} entries of scans.", name=name,
               n=len(log.interval_counts), scans=len(log.scans))
        )  # fmt: skip

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.which = ProtocolBox(self._document.path, self)
        self.which.choose_with(lambda protocol: protocol.id == USUAL)
        self.which.currentIndexChanged.connect(lambda _index: self._on_other())
        self.name = QLineEdit(self)
        self.name.textChanged.connect(lambda _text: self._store())
        self.name.setPlaceholderText("K7QF-3M9T-X")
        self.name.setAccessibleName(tr("Session id as on the sheet"))
        hour = QTime(8, 0)
        self.started, self.stopped = QDateTimeEdit(self), QDateTimeEdit(self)
        today = QDateTime.currentDateTime()
        for field, shift, name in ((self.started, 0, tr("Start")), (self.stopped, 3600, tr("Stop"))):
            field.setCalendarPopup(True)
            field.setDisplayFormat(_DATE)
            field.setDateTime(QDateTime(today.date(), hour).addSecs(shift))
            field.setAccessibleName(name)
            field.dateTimeChanged.connect(lambda _at: self._on_times())
        names = [(one.name, one.id) for one in self._document.study.placements()]
        self.faces = ticks(tr("Placements in view"), names, self, self._on_other)
        top = QFormLayout()
        top.addRow(tr("&Protocol:"), self.which)
        top.addRow(tr("Session &id:"), self.name)
        top.addRow(tr("&Start:"), self.started)
        top.addRow(tr("S&top:"), self.stopped)
        top.addRow(tr("Placements &in view:"), self.faces)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self._lay_out(top)
        self.prepare()

    def _build_head(self, protocol: Protocol) -> None:
        known = known_answers(self._document.study)
        if self._head_for == (protocol, known):
            return
        self._head_for = (protocol, known)
        before, self.head = self.head, HeadForm(protocol, "start", known, self)
        self.head.show_answers(self._said)
        self.head.setEnabled(not self._document.read_only)
        self.head.changed.connect(self._on_said)
        show_head(self.area, self.head, before)

    def _build_grids(self, protocol: Protocol, in_view: dict[str, str]) -> None:
        from gazestudy.protocol import IntervalBlock, ScanBlock

        while self.tabs.count() > 1:
            gone = self.tabs.widget(0)
            self.tabs.removeTab(0)
            if gone is not None:
                gone.deleteLater()
        self.grids = {}
        for number, block in enumerate(
            one for one in protocol.item_blocks() if isinstance(one, (IntervalBlock, ScanBlock))
        ):
            grid = self.grids[block.id] = Grid(protocol, block, in_view, self)
            grid.typed.connect(lambda entries, name=block.id: self._on_typed(name, entries))
            if self._document.read_only:
                grid.setEditTriggers(grid.EditTrigger.NoEditTriggers)
            self.tabs.insertTab(number, grid, protocol.text(block.title, language_of(protocol)))
        self.tabs.setCurrentIndex(0)

    def _lay_out(self, top: QFormLayout) -> None:
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.area, 1)
        self.notes = QPlainTextEdit(self)
        self.notes.setTabChangesFocus(True)
        self.notes.setPlaceholderText(tr("one note on each line"))
        self.notes.setAccessibleName(tr("Notes"))
        self.notes.textChanged.connect(self._store)
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self.notes, tr("Notes"))
        hint = QLabel(tr("0 is watched and did not happen; an empty cell was not watched for."), self)
        hint.setWordWrap(True)
        self.message = QLabel("", self)
        self.message.setWordWrap(True)
        keep = QPushButton(tr("&Keep this sheet"), self)
        keep.setEnabled(not self._document.read_only)
        keep.clicked.connect(self.keep)
        self.hidden_note, self.drop = QLabel("", self), QPushButton(tr("&Forget them"), self)
        self.hidden_note.setWordWrap(True)
        self.drop.clicked.connect(lambda _checked=False: self.drop_hidden())
        aside = QHBoxLayout()
        aside.addWidget(self.hidden_note, 1)
        aside.addWidget(self.drop)
        for widget in (self.which, self.name, self.started, self.stopped, self.faces, self.notes):
            widget.setEnabled(not self._document.read_only)
        foot = QHBoxLayout()
        foot.addWidget(self.message, 1)
        foot.addWidget(keep)
        right = QWidget(self)
        beside = QVBoxLayout(right)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(hint)
        beside.addWidget(self.tabs, 1)
        beside.addLayout(aside)
        beside.addLayout(foot)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 3)
        whole = QVBoxLayout(self)
        whole.addWidget(split)

    def _set_times(self) -> None:
        started = _time(self.started)
        length_s = (_time(self.stopped) - started).total_seconds()
        for name, grid in self.grids.items():
            grid.set_times(started, max(0.0, length_s))
            grid.show_cells(self._cells.get(name, {}))
        self._show_hidden()

    def _show_hidden(self) -> None:
        count = sum(map(len, self.hidden.values()))
        self.hidden_note.setText(
            tr("{count} entries are of placements that are not ticked, or after the stop.", count=count)
        )
        self.hidden_note.setVisible(count > 0)
        self.drop.setVisible(count > 0)

    def _on_other(self) -> None:
        if not self._is_showing:
            self.prepare()
            self._store()

    def _on_times(self) -> None:
        if not self._is_showing:
            self._set_times()
            self._store()

    def _on_said(self) -> None:
        assert self.head is not None
        if not self._is_showing:
            others = {item: value for item, value in self._said.items() if item not in self.head.fields}
            self._said = others | self.head.answers()
            self._store()

    def _on_typed(self, block: str, entries: dict[Place, str]) -> None:
        mine = self._cells.setdefault(block, {})
        for place, text in entries.items():
            if text:
                mine[place] = text
            else:
                mine.pop(place, None)
        self._store()

    def _draft(self) -> Draft:
        """Return the sheet as it is on show."""
        return Draft(
            self.which.key(),
            self.name.text().strip(),
            self.started.dateTime().toString(_ISO),
            self.stopped.dateTime().toString(_ISO),
            tuple(ticked_ids(self.faces)),
            dict(self._said),
            {name: dict(cells) for name, cells in self._cells.items() if cells},
            self.notes.toPlainText(),
        )

    def _store(self) -> None:
        """Put what is on show onto the disk, as an edit that can be taken back."""
        if self._is_showing or self._document.read_only:
            return
        present = self._draft()
        what = difference(self._kept, present)
        if not what:
            return
        text = tr("type into the sheet") if what == "cells" else tr("change the head of the sheet")
        path, field = draft_file(self._document.path), "" if what in ("cells", "placements") else what
        try:
            self._document.edit(TypeSheet(path, present.content(), field, text, self.read_again))
        except (GazestudyError, OSError) as error:
            tell(self, error)
            return
        self._kept = present

    def _show(self, draft: Draft) -> None:
        """Show a sheet."""
        self._is_showing = True
        self.which.choose_key(draft.protocol)
        self.name.setText(draft.name)
        for field, value in ((self.started, draft.started), (self.stopped, draft.stopped)):
            field.setDateTime(QDateTime.fromString(value, _ISO))
        fill_ticks(
            self.faces, [(one.name, one.id) for one in self._document.study.placements()], draft.placements
        )
        if self.notes.toPlainText() != draft.notes:
            self.notes.setPlainText(draft.notes)
        self._cells = {name: dict(cells) for name, cells in draft.cells.items()}
        self._said = dict(draft.answers)
        self.prepare()
        if self.head is not None:
            self.head.show_answers({**dict.fromkeys(self.head.fields, ""), **draft.answers})
        self._is_showing = False
        self._kept = self._draft()


def _time(field: QDateTimeEdit) -> datetime:
    moment: datetime = field.dateTime().toPyDateTime()
    return moment.astimezone()
