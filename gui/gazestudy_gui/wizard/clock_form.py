"""Asks how the clock of a recording relates to another clock: by what, and with which limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PyQt6.QtCore import QDateTime, QTime, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDateTimeEdit,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from gazestudy_gui.wizard.plan import ClockPlan
from gazestudy_gui.words import tr

_PPM_OF_S_PER_DAY = 1e6 / 86_400
_FIELDS = {
    "": (),
    "events": ("table", "pattern", "near", "drift"),
    "pulses": ("table", "near", "drift"),
    "wall-clock": ("target", "set_at", "set_within", "drift"),
    "by-hand": ("target", "offset", "within", "drift"),
}
"""Which fields each method needs."""


class ClockForm(QWidget):
    """The fields of one method at a time.

    Parameters
    ----------
    parent : QWidget
        Owner.
    none : str
        What it is called to leave the clocks apart.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget, none: str) -> None:
        super().__init__(parent)
        self.method = QComboBox(self)
        for name, text in (
            ("", none),
            ("events", tr("By events that both clocks noted")),
            ("pulses", tr("By pulses: the rhythm alone")),
            ("wall-clock", tr("By the time of day, since the clock was set")),
            ("by-hand", tr("By hand: an offset that I know")),
        ):
            self.method.addItem(text, name)
        self.marks, self.target = QLineEdit(self), QLineEdit(self)
        self.marks.setReadOnly(True)
        self.marks.setPlaceholderText(tr("a CSV file with a column of times"))
        self.target.setPlaceholderText(tr("such as the camera of the station, or station time"))
        self.browse = QPushButton(tr("&Browse …"), self)
        self.pattern = QLineEdit("*", self)
        self.pattern.setToolTip(tr("* stands for any text: train* takes all events that begin with train."))
        self.near = _seconds(self, -1e7, 1e7, 0.0)
        self.near_within = _seconds(self, 0.0, 1e6, 0.0)
        self.near_within.setSpecialValueText(tr("not known"))
        self.offset = _seconds(self, -1e10, 1e10, 0.0)
        self.within = _seconds(self, 0.001, 1e6, 0.5)
        now = QDateTime.currentDateTime()
        now.setTime(QTime(8, 0))
        self.set_at = QDateTimeEdit(now, self)
        self.set_at.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        self.set_within = _seconds(self, 0.0, 3600.0, 0.1)
        self.drift = QDoubleSpinBox(self)
        self.drift.setRange(0.0, 100.0)
        self.drift.setDecimals(2)
        self.drift.setSingleStep(0.1)
        self.drift.setSuffix(" " + tr("s a day"))
        self.drift.setToolTip(
            tr("How fast the two clocks may drift apart: 1 s a day for phones. 0: as the method takes it.")
        )
        self._lay_out()
        self.choose("")

    def plan(self) -> ClockPlan:
        """Return what was said."""
        method = str(self.method.currentData())
        options: dict[str, Any] = {}
        bound_ppm = self.drift.value() * _PPM_OF_S_PER_DAY
        if self.drift.value() > 0 or method == "wall-clock":
            options["drift_bound_ppm"] = bound_ppm
        if method == "events" and self.pattern.text().strip() not in ("", "*"):
            options |= dict.fromkeys(("source_pattern", "target_pattern"), self.pattern.text().strip())
        if method in ("events", "pulses") and self.near_within.value() > 0:
            options |= {"near_s": self.near.value(), "near_within_s": self.near_within.value()}
        if method == "wall-clock":
            at = datetime.fromtimestamp(self.set_at.dateTime().toSecsSinceEpoch(), UTC)
            options["synchronised_unix_ns"] = int(at.timestamp()) * 10**9
            options["synchronisation_ms"] = self.set_within.value() * 1e3
        if method == "by-hand":
            options |= {"offset_s": self.offset.value(), "uncertainty_ms": self.within.value() * 1e3}
        return ClockPlan(method, self.marks.text(), self.target.text().strip(), options)

    def choose(self, method: str) -> None:
        """Choose a method and show its fields."""
        self.method.setCurrentIndex(self.method.findData(method))
        shown = _FIELDS[method]
        for name, (label, body) in self._rows.items():
            label.setVisible(name in shown)
            body.setVisible(name in shown)
        self.changed.emit()

    def set_marks(self, path: str) -> None:
        """Choose the table of times; it is by events then, if nothing else was chosen."""
        self.marks.setText(path)
        self.choose(str(self.method.currentData()) or ("events" if path else ""))

    # ------------------------------------------------------------------ inside

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(tr("&Alignment:"), self.method)
        self._rows: dict[str, tuple[QLabel, QWidget]] = {}
        for name, text, widgets in (
            ("table", tr("&Table of times of another clock:"), (self.marks, self.browse)),
            ("target", tr("&Name of the other clock:"), (self.target,)),
            ("pattern", tr("Which &events:"), (self.pattern,)),
            ("near", tr("E&xpected offset, and how far off:"), (self.near, self.near_within)),
            ("offset", tr("&Offset at the start:"), (self.offset,)),
            ("within", tr("How far it may be o&ff:"), (self.within,)),
            ("set_at", tr("Clock of the glasses was &set at:"), (self.set_at,)),
            ("set_within", tr("How e&xactly:"), (self.set_within,)),
            ("drift", tr("Largest &drift:"), (self.drift,)),
        ):
            body = QWidget(self)
            line = QHBoxLayout(body)
            line.setContentsMargins(0, 0, 0, 0)
            for widget in widgets:
                line.addWidget(widget, 1 if isinstance(widget, QLineEdit) else 0)
                if not isinstance(widget, QPushButton):
                    widget.setAccessibleName(text.replace("&", "").rstrip(":"))
            if not isinstance(widgets[0], QLineEdit):
                line.addStretch(1)
            label = QLabel(text, self)
            label.setBuddy(widgets[0])
            form.addRow(label, body)
            self._rows[name] = label, body
        self.method.setAccessibleName(tr("Alignment"))
        self.near_within.setAccessibleName(tr("How far the expected offset may be off"))
        self.browse.clicked.connect(lambda _checked=False: self._ask())
        self.method.activated.connect(lambda _row: self.choose(str(self.method.currentData())))
        for field_ in (self.target, self.pattern):
            field_.editingFinished.connect(self.changed.emit)
        for box in (self.near, self.near_within, self.offset, self.within, self.set_within, self.drift):
            box.valueChanged.connect(lambda _value: self.changed.emit())
        self.set_at.dateTimeChanged.connect(lambda _at: self.changed.emit())

    def _ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Table of times"))
        if name:
            self.set_marks(name)


def alignment_text(found: dict[str, Any]) -> str:
    """Return what was found, in words: offset, how well it is known, drift, and from how much."""
    parts = [
        tr(
            "{offset} s ± {uncertainty} ms",
            offset=f"{found['offset_s']:.3f}",
            uncertainty=f"{found['uncertainty_ms']:.0f}",
        )
    ]
    if round(found["uncertainty_end_ms"]) != round(found["uncertainty_ms"]):
        parts.append(tr("± {end} ms at the end", end=f"{found['uncertainty_end_ms']:.0f}"))
    if found["drift_ppm"]:
        parts.append(tr("drift {drift} ppm", drift=f"{found['drift_ppm']:.1f}"))
    if found["pairs"]:
        parts.append(tr("from {pairs} pairs", pairs=found["pairs"]))
    return ", ".join(parts)


def residual_text(found: dict[str, Any]) -> str:
    """Return how far each pair lies from the line; empty where there are no pairs."""
    if not found["residuals_ms"]:
        return ""
    lines = [f"{number}.  {value:+.0f} ms" for number, value in enumerate(found["residuals_ms"][:30], 1)]
    return tr("How far each pair is off:") + "\n" + "\n".join(lines)


def _seconds(parent: QWidget, least: float, most: float, value: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox(parent)
    box.setRange(least, most)
    box.setDecimals(3)
    box.setSuffix(" s")
    box.setValue(value)
    return box
