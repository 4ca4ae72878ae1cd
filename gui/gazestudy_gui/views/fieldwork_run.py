"""Counting live: keys and buttons, an interval clock; every tap is on the disk at once."""

from __future__ import annotations

from datetime import datetime
from functools import partial
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
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.fieldwork_form import language_of
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
