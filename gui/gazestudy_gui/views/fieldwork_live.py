"""The live logger: keys and buttons, an interval clock, undo; every tap is on the disk at once."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.fieldwork_edits import KeepLog
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
from gazestudy_gui.views.fieldwork_modifiers import ModifierBar
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.pipeline.live_log import LiveSession
    from gazestudy.protocol import ScanBlock

_TICK_MS = 500
_SOON_S = 10
_ACROSS = 4


def now() -> datetime:
    """Return the time with its zone."""
    return datetime.now().astimezone()


class RunPanel(QWidget):
    """What is counted, while it is counted.

    Parameters
    ----------
    session : LiveSession
        Begun.
    placements : dict of str to str
        Names of the placements in view.
    parent : QWidget, optional
        Owner.
    """

    def __init__(
        self, session: LiveSession, placements: dict[str, str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.session, self.placements = session, placements
        self.protocol = session.protocol
        self._language = language_of(self.protocol)
        self._keys: dict[str, Any] = {}
        self.counters: dict[tuple[str, str], QPushButton] = {}
        self.states: dict[str, QPushButton] = {}
        self.scans: dict[str, dict[tuple[str, str], QLineEdit | QComboBox]] = {}
        self._asked_for = -1
        self.modifiers = ModifierBar(self.protocol, self._language, placements, self)
        self.modifiers.answered.connect(self._on_modifiers)
        self.modifiers.given_up.connect(self._on_mistake)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.refresh)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._build()
        self._timer.start()
        self.refresh()

    def shut_down(self) -> None:
        """Stop the clock on the screen; the session goes on."""
        self._timer.stop()

    def go_on(self) -> None:
        """Show the clock running again."""
        self._timer.start()
        self.refresh()

    def tap(self, item: str, placement_id: str = "") -> None:
        """Count one."""
        self._do(lambda: self.session.tap(now(), item, placement_id))

    def behave(self, code: str) -> None:
        """Note a behaviour."""
        if self.modifiers.is_asking:
            return
        subject, place = self.subject.text().strip(), str(self.face.currentData() or "")
        was_on = (subject, code) in self.session.open_states()
        before = len(self.session.entries)
        self._do(lambda: self.session.behave(now(), code, subject=subject, placement_id=place))
        if len(self.session.entries) > before and not was_on:  # the end of a state asks for nothing
            self._asked_for = self.session.entries[-1].n
            name = self.protocol.text(self.session.behaviours()[code].label, self._language)
            self.modifiers.ask(name, self.session.modifier_sets(code))

    def _on_modifiers(self, values: dict[str, Any], placement_id: str) -> None:
        """Keep what goes with the behaviour that was noted last."""
        if values or placement_id:
            self._do(lambda: self.session.modify(now(), self._asked_for, values, placement_id))
        self.setFocus()

    def _on_mistake(self) -> None:
        self.take_back()
        self.setFocus()

    def take_back(self) -> None:
        """Take back the latest entry."""
        self._do(lambda: self.session.take_back(now()))

    def write_note(self) -> None:
        """Keep the note that was typed."""
        text = self.note.text().strip()
        if text:
            self._do(lambda: self.session.note(now(), text))
            self.note.clear()
            self.setFocus()

    def keep_scan(self, block: ScanBlock) -> None:
        """Keep a scan as it is filled in now."""
        from gazestudy.pipeline.typed_logs import find_breaches

        values = {}
        for key, field in self.scans[block.id].items():
            text = field.text() if isinstance(field, QLineEdit) else str(field.currentData() or "")
            if text.strip():
                values[key] = text.strip()
        problems = find_breaches(self.protocol, block, {(0, *key): value for key, value in values.items()})
        if problems:
            self.said.setText("\n".join(problems))
            return
        if values:
            self._do(lambda: self.session.scan(now(), block.id, values))
        for field in self.scans[block.id].values():
            if isinstance(field, QLineEdit):
                field.clear()
            else:
                field.setCurrentIndex(0)
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Count by key; only while this panel has the focus."""
        if event is None:
            return
        if self.modifiers.is_asking:
            self.modifiers.keyPressEvent(event)
            return
        does = self._keys.get(event.text().lower()) if not event.isAutoRepeat() else None
        if event.key() == Qt.Key.Key_Backspace:
            self.take_back()
        elif does is not None and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            does()
        else:
            super().keyPressEvent(event)

    def refresh(self) -> None:
        """Show the clock and what was counted."""
        at = now()
        whole = int(self.session.elapsed_s(at))
        self.clock.setText(f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}")
        blocks = {block.id: block for block, _ in self.session.counted()}
        for block in blocks.values():
            number = self.session.interval_no(block, at)
            left = block.every_s - self.session.elapsed_s(at) % block.every_s
            self.interval.setRange(0, block.every_s)
            self.interval.setValue(round(block.every_s - left))
            self.interval.setFormat(
                tr("interval {n}, {left} s left", n=number + 1, left=int(left))
                + (tr(" — next one soon") if left <= _SOON_S else "")
            )
            found = self.session.counts(block, number)
            for (item, place), button in self.counters.items():
                button.setText(f"{button.property('words')}\n{found[item, place]}")
        self.interval.setVisible(bool(blocks))
        held = {code for _, code in self.session.open_states()}
        for code, button in self.states.items():
            button.setChecked(code in held)
            button.setText(f"{button.property('words')}" + (tr("\n(on)") if code in held else ""))
        standing = [one for one in self.session.standing() if one.kind not in ("start", "stop")]
        self.back.setEnabled(bool(standing))

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.clock = QLabel("0:00:00", self)
        font = self.clock.font()
        font.setPointSizeF(2 * font.pointSizeF())
        self.clock.setFont(font)
        self.clock.setAccessibleName(tr("Time since the start"))
        self.interval = QProgressBar(self)
        self.interval.setAccessibleName(tr("Interval"))
        self.back = QPushButton(tr("&Take back the last  (Backspace)"), self)
        self.back.clicked.connect(self.take_back)
        top = QHBoxLayout()
        top.addWidget(self.clock)
        top.addWidget(self.interval, 1)
        top.addStretch()  # takes the room of the interval where a protocol has none
        top.addWidget(self.back)
        self.said = QLabel("", self)
        self.said.setWordWrap(True)
        inner = QWidget(self)
        column = QVBoxLayout(inner)
        self._add_counters(column)
        self._add_behaviours(column)
        self._add_scans(column)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        self.note = QLineEdit(self)
        self.note.setPlaceholderText(tr("Note … (Enter keeps it with its time)"))
        self.note.setAccessibleName(tr("Note"))
        self.note.returnPressed.connect(self.write_note)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(top)
        whole.addWidget(self.said)
        whole.addWidget(self.modifiers)
        whole.addWidget(area, 1)
        whole.addWidget(self.note)

    def _add_counters(self, column: QVBoxLayout) -> None:
        from gazestudy.protocol import is_per_placement

        watched = set(self.session.entries[0].data["items"])
        items = [item for _, item in self.session.counted() if item.id in watched]
        if not items:
            return
        box = QGroupBox(tr("Counts of this interval"), self)
        grid = QGridLayout(box)
        places = list(self.placements) or [""]
        for row, place in enumerate(places if any(map(is_per_placement, items)) else [""]):
            for across, item in enumerate(items):
                if not is_per_placement(item) and row > 0:
                    continue
                own = place if is_per_placement(item) else ""
                label = self.protocol.text(item.label, self._language)
                does = partial(self.tap, item.id, own)
                about = self.placements[own] if own else ""
                button = self._button(label, item.key if row == 0 else None, does, item, about=about)
                self.counters[item.id, own] = button
                lines = -(-len(items) // _ACROSS)
                grid.addWidget(button, row * lines + across // _ACROSS, across % _ACROSS)
        column.addWidget(box)

    def _add_behaviours(self, column: QVBoxLayout) -> None:
        self.subject, self.face = QLineEdit(self), QComboBox(self)
        self.face.addItem(tr("no placement"), "")
        for place, name in self.placements.items():
            self.face.addItem(name, place)
        self.subject.setAccessibleName(tr("Followed person, by number"))
        self.face.setAccessibleName(tr("Placement"))
        blocks = self.protocol.focal_blocks()
        line = QHBoxLayout()
        for text, field in ((tr("Person:"), self.subject), (tr("About:"), self.face)):
            label = QLabel(text, self)
            label.setBuddy(field)
            line.addWidget(label)
            line.addWidget(field, 1)
            label.setVisible(bool(blocks))
            field.setVisible(bool(blocks))
        column.addLayout(line)
        for block in blocks:
            box = QGroupBox(self.protocol.text(block.title, self._language), self)
            inside = QVBoxLayout(box)
            grid = QGridLayout()
            for number, one in enumerate(block.behaviours):
                name = self.protocol.text(one.label, self._language)
                button = self._button(name, one.key, partial(self.behave, one.code), one)
                if one.type == "state":
                    button.setCheckable(True)
                    self.states[one.code] = button
                grid.addWidget(button, number // 4, number % 4)
            inside.addLayout(grid)
            column.addWidget(box)

    def _add_scans(self, column: QVBoxLayout) -> None:
        from gazestudy.protocol import ScanBlock, is_per_placement

        for block in self.protocol.item_blocks():
            if not isinstance(block, ScanBlock):
                continue
            title = self.protocol.text(block.title, self._language)
            box = QGroupBox(title, self)
            form = QFormLayout(box)
            fields: dict[tuple[str, str], QLineEdit | QComboBox] = {}
            for item in block.items:
                for place in (list(self.placements) or [""]) if is_per_placement(item) else [""]:
                    field = self._scan_field(item)
                    label = self.protocol.text(item.label, self._language)
                    name = f"{label} · {self.placements[place]}" if place else label
                    field.setAccessibleName(name)
                    form.addRow(name, field)
                    fields[item.id, place] = field
            keep = QPushButton(tr("&Keep this scan"), box)
            keep.clicked.connect(partial(self.keep_scan, block))
            form.addRow(keep)
            self.scans[block.id] = fields
            column.addWidget(box)

    def _scan_field(self, item: Any) -> QLineEdit | QComboBox:
        codes = getattr(item, "choices", "")
        if not codes:
            return QLineEdit(self)
        box = QComboBox(self)
        box.addItem("", "")
        for one in self.protocol.choices[codes]:
            box.addItem(self.protocol.text(one.label, self._language), one.code)
        return box

    def _button(self, name: str, key: str | None, does: Any, item: Any, *, about: str = "") -> QPushButton:
        button = QPushButton("", self)
        words = f"{name}  [{key.upper()}]" if key else name
        em = self.fontMetrics().height()
        if about:
            words += "\n" + self.fontMetrics().elidedText(about, Qt.TextElideMode.ElideRight, 9 * em)
        button.setProperty("words", words)
        button.setText(words)
        button.setAccessibleName(f"{name} · {about}" if about else name)
        if item.definition:
            button.setToolTip(self.protocol.text(item.definition, self._language))
        button.setMinimumHeight(round((4.2 if about else 3.2) * em))
        button.clicked.connect(lambda _on=False: does())
        if key:
            self._keys[key.lower()] = does
        return button

    def _do(self, does: Any) -> None:
        try:
            does()
            self.said.clear()
        except GazestudyError as error:
            tell(self, error)
        self.refresh()


class LivePage(QWidget):
    """Before, during and after a session.

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
        self.session: LiveSession | None = None
        self.panel: RunPanel | None = None
        self.head: HeadForm | None = None
        self._stopped: datetime | None = None
        self._build()

    def shut_down(self) -> None:
        """Stop the clock on the screen; the journal stays and the session can go on later."""
        if self.panel is not None:
            self.panel.shut_down()

    def prepare(self) -> None:
        """Show the form of the chosen protocol."""
        try:
            protocol = self.which.protocol()
        except (GazestudyError, OSError) as error:
            self.message.setText(error_text(error))
            return
        known = known_answers(self._document.study)
        before, self.head = self.head, HeadForm(protocol, "start", known, self)
        self.head.show_answers({} if before is None else before.answers())
        show_head(self.area, self.head, before)
        self.message.clear()
        self._offer_unfinished()

    def refresh(self) -> None:
        """Offer the protocols and the placements that there are now; answers stay."""
        self.which.fill()
        fill_ticks(self.faces, [(one.name, one.id) for one in self._document.study.placements()])
        if self.session is None:
            self.prepare()

    def start(self) -> None:
        """Begin to count."""
        from gazestudy.pipeline.live_log import JOURNALS, LiveSession
        from gazestudy.protocol import new_session_id

        if self.head is None:
            return
        missing = self.head.missing()
        if missing:
            self.message.setText(tr("Still to be answered: {what}", what=", ".join(missing)))
            return
        name = new_session_id()
        try:
            session = LiveSession(self.which.protocol(), self._document.path / JOURNALS / f"{name}.jsonl")
            session.start(
                now(), session_id=name, answers=self.head.answers(), placements=ticked_ids(self.faces)
            )
        except GazestudyError as error:
            tell(self, error)
            return
        self._run(session)

    def go_on(self, journal: Path) -> None:
        """Go on with a session that was interrupted."""
        from gazestudy.pipeline.live_log import LiveSession, unfinished

        wanted = {path: protocol for path, _, protocol in unfinished(self._document.path)}.get(journal, "")
        self.which.choose_with(lambda protocol: protocol.id == wanted)
        try:
            session = LiveSession(self.which.protocol(), journal)
        except GazestudyError as error:
            tell(self, error)
            return
        if session.is_over:
            self._keep(session)
        else:
            self._run(session)

    def stop(self) -> None:
        """End the session: open states end now. What is asked at the end comes next, then it is kept."""
        if self.session is None or self.panel is None or not self.session.is_running:
            return
        if self._stopped is None:
            self._stopped = now()
            self.panel.shut_down()
            self.panel.setEnabled(False)
            if self.end is not None:  # asked after the counting
                self.end.setVisible(bool(self.end.fields))
            self.finish.setText(tr("&Keep the session"))
            self.resume.show()
            self.held.setText(self._held_words(self.session))
            return
        try:
            self.session.stop(self._stopped, self.end.answers() if self.end is not None else {})
        except GazestudyError as error:
            tell(self, error)
            return
        self._keep(self.session)

    def count_on(self) -> None:
        """Go on counting: the stop was a slip."""
        if self.session is None or self.panel is None or self._stopped is None:
            return
        self._begin_counting()
        self.panel.setEnabled(True)
        self.panel.go_on()
        self.panel.setFocus()

    # ------------------------------------------------------------------ inside

    def _begin_counting(self) -> None:
        self._stopped = None
        if self.end is not None:
            self.end.hide()
        self.resume.hide()
        self.held.clear()
        self.finish.setText(tr("S&top"))

    def _held_words(self, session: LiveSession) -> str:
        """Say which states end with the session."""
        known, language = session.behaviours(), language_of(session.protocol)
        names = [
            f"{who} {session.protocol.text(known[code].label, language)}".strip()
            for who, code in session.open_states()
        ]
        return tr("End with the session: {names}", names=", ".join(names)) if names else ""

    def _build(self) -> None:
        self.which = ProtocolBox(self._document.path, self)
        self.which.choose_with(lambda protocol: protocol.id == USUAL)
        self.which.currentIndexChanged.connect(lambda _index: self.prepare())
        label = QLabel(tr("&Protocol:"), self)
        label.setBuddy(self.which)
        top = QHBoxLayout()
        top.addWidget(label)
        top.addWidget(self.which, 1)
        names = [(one.name, one.id) for one in self._document.study.placements()]
        self.faces = ticks(tr("Placements in view"), names, self)
        self.begin = QPushButton(tr("&Start"), self)
        self.begin.setEnabled(not self._document.read_only)
        self.begin.clicked.connect(self.start)
        self.message = QLabel("", self)
        self.message.setWordWrap(True)
        self.again = QVBoxLayout()
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        before = QWidget(self)
        column = QVBoxLayout(before)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self.again)
        column.addLayout(top)
        column.addWidget(self.area, 1)
        faces = QLabel(tr("Placements &in view:"), self)
        faces.setBuddy(self.faces)
        column.addWidget(faces)
        column.addWidget(self.faces)
        column.addWidget(self.message)
        column.addWidget(self.begin, 0, Qt.AlignmentFlag.AlignLeft)
        self.during = QWidget(self)
        self._place = QVBoxLayout(self.during)
        self._place.setContentsMargins(0, 0, 0, 0)
        self.end: HeadForm | None = None
        self.finish = QPushButton(tr("S&top"), self)
        self.finish.clicked.connect(self.stop)
        self.resume, self.held = QPushButton(tr("&Go on counting"), self), QLabel("", self)
        self.resume.clicked.connect(lambda _checked=False: self.count_on())
        self.resume.hide()
        foot = QHBoxLayout()
        foot.addWidget(self.finish)
        foot.addWidget(self.resume)
        foot.addWidget(self.held, 1)
        self._place.addLayout(foot)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(before)
        self.stack.addWidget(self.during)
        whole = QVBoxLayout(self)
        whole.addWidget(self.stack)
        self.prepare()

    def _run(self, session: LiveSession) -> None:
        self.session = session
        names = {one.id: one.name for one in self._document.study.placements()}
        in_view = {place: names.get(place, place) for place in session.entries[0].data["placements"]}
        self.panel = RunPanel(session, in_view, self)
        self.end = HeadForm(session.protocol, "end", {}, self)
        self._place.insertWidget(0, self.panel, 1)
        self._place.insertWidget(1, self.end)
        self._begin_counting()
        self.stack.setCurrentWidget(self.during)
        self.panel.setFocus()

    def _keep(self, session: LiveSession) -> None:
        try:
            log = session.log()
            self._document.edit(KeepLog(session.protocol, log, source="live", sources=[session.source()]))
        except GazestudyError as error:
            tell(self, error)
            return
        for widget in (self.panel, self.end):
            if widget is not None:
                self._place.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        if self.panel is not None:
            self.panel.shut_down()
        self.session, self.panel, self.end = None, None, None
        self.stack.setCurrentIndex(0)
        self.prepare()
        counted = int(log.interval_counts["value"].sum()) if len(log.interval_counts) else 0
        self.message.setText(
            tr("Session {name} is kept: {n} counted, {events} events, {scans} entries of scans.",
               name=session.session_id, n=counted, events=len(log.events), scans=len(log.scans))
        )  # fmt: skip

    def _offer_unfinished(self) -> None:
        """Offer sessions whose journal is there and that the study does not have."""
        from gazestudy.pipeline.live_log import unfinished

        while self.again.count():
            item = self.again.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        if self._document.read_only:
            return
        kept = {name for log in self._document.study.field_logs() for name in log.sessions}
        for path, name, protocol in unfinished(self._document.path):
            if name not in kept:
                text = tr("Go on with session {name} ({protocol}), which was not finished", name=name,
                          protocol=protocol)  # fmt: skip
                button = QPushButton(text, self)
                button.clicked.connect(partial(self.go_on, path))
                self.again.addWidget(button)
