"""Strategy: the document with its assumptions, what placements can deliver, and what else might be."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.helper import Helper, Question
from gazestudy_gui.phrases import error_text, told, value_name
from gazestudy_gui.seen import WhenSeen, can_be_seen
from gazestudy_gui.ticks import TickBox
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.document_editor import DocumentEditor
from gazestudy_gui.views.table_model import cell
from gazestudy_gui.views.table_view import TableWidget, heading
from gazestudy_gui.words import tr

_PAUSE_MS = 150
_STEPS = 200
_DRAWS, _POTENTIAL_DRAWS = 60, 1000
_SHARE = 100.0
_BEHIND = re.compile(r"(\d+ (?:people|sessions)) \((\w+)\)")
"""How many are behind a number, with the name of its weakest term."""

Reading = Callable[[Any], tuple[Any, list[str]]]


class Amount(QWidget):
    """A number by slider and by keys.

    Parameters
    ----------
    name : str
        What it is.
    low, high, step, value : float
        Range, step and first value.
    unit : str
        After the number.
    parent : QWidget, optional
        Owner.
    """

    def __init__(
        self, name: str, low: float, high: float, step: float, value: float, unit: str,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, _STEPS)
        self.slider.setAccessibleName(name)
        self.slider.setMinimumWidth(8 * self.fontMetrics().height())
        self.spin = QDoubleSpinBox(self)
        self.spin.setAccessibleName(name)
        self.spin.setDecimals(0 if step >= 1 else 1 if step >= 0.1 else 2)
        self.spin.setSuffix(f" {unit}" if unit else "")
        self.spin.setGroupSeparatorShown(True)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.slider, 1)
        line.addWidget(self.spin)
        self.set_range(low, high, step)
        self.spin.setValue(value)
        self._follow(value)
        self.slider.valueChanged.connect(self._on_slider)
        self.spin.valueChanged.connect(self._follow)

    def set_range(self, low: float, high: float, step: float) -> None:
        """Set what can be chosen."""
        self.spin.setRange(low, high)
        self.spin.setSingleStep(step)

    def value(self) -> float:
        """Return the number."""
        return self.spin.value()

    def _on_slider(self, place: int) -> None:
        low, high, step = self.spin.minimum(), self.spin.maximum(), self.spin.singleStep()
        self.spin.setValue(round((low + (high - low) * place / _STEPS) / step) * step)

    def _follow(self, value: float) -> None:
        low, high = self.spin.minimum(), self.spin.maximum()
        self.slider.blockSignals(True)
        self.slider.setValue(round(_STEPS * (value - low) / max(high - low, 1e-9)))
        self.slider.blockSignals(False)


class Answer(QWidget):
    """A table with the words that belong to it; computed by the helper, the newest wish wins.

    Parameters
    ----------
    name : str
        What it is.
    helper : Helper
        Who computes.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, name: str, helper: Helper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._read: Reading = _as_told
        self._worker = Background(f"strategy {name}", self, helper=helper)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self.table = TableWidget(name, self)
        self.words = QPlainTextEdit(self)
        self.words.setReadOnly(True)
        self.words.setAccessibleName(tr("What can be concluded, and what not"))
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self.table)
        split.addWidget(self.words)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(split)
        self.is_busy = False

    def ask(self, question: Question, read: Reading | None = None) -> None:
        """Compute; `read` turns what comes back into a table and lines of words."""
        self.is_busy = True
        self._read = read or _as_told
        self._worker.ask(question)

    def shut_down(self) -> None:
        """End the thread."""
        self._worker.close()

    def _on_done(self, number: int, result: Any) -> None:
        if number != self._worker.newest:
            return
        self.is_busy = False
        frame, lines = self._read(result)
        self.table.set_frame(frame, _headings(frame))
        self.table.show()
        text = "\n".join(f"• {told(line)}" for line in dict.fromkeys(lines))
        text = _BEHIND.sub(lambda found: f"{told(found[1])} ({value_name(found[2])})", text)
        for name in sorted(set(frame["measure"]), key=len, reverse=True) if "measure" in frame else ():
            text = text.replace(str(name), value_name(str(name)))
        self.words.setPlainText(text)

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            self.is_busy = False
            self.table.hide()
            self.words.setPlainText(error_text(error))


class StrategyPage(QWidget):
    """Potential, budget, what-ifs, and the document they rest on.

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
        self._is_old = True
        self._state = self._edition = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PAUSE_MS)
        self._soon.timeout.connect(self._compute_shown)
        self._fresh: set[QWidget] = set()
        self._build()
        self._seen = WhenSeen(self, self._show)
        self._seen.ask()

    def begin(self) -> None:
        """Write a document to fill in."""
        from gazestudy.pipeline.strategy.document import write_template

        try:
            write_template(self._document.study)
        except GazestudyError as error:
            tell(self, error)
            return
        self.forget_document()
        self.pages.setCurrentWidget(self.editor)

    def forget(self) -> None:
        """Read and compute again when it is looked at: the study changed."""
        self._state += 1
        self.forget_document()

    def forget_document(self) -> None:
        """Compute again when it is looked at: the document changed."""
        self._edition += 1
        self._is_old = True
        self._fresh.clear()
        self._seen.ask()

    def recolour(self) -> None:
        """Follow another colour scheme: nothing here has colours of its own."""

    def shut_down(self) -> None:
        """End the threads."""
        self._soon.stop()
        self.editor.shut_down()
        for answer in (self.potential, self.budget, self.what_if):
            answer.shut_down()

    def showEvent(self, event: Any) -> None:
        """Look whether there is a document now."""
        super().showEvent(event)
        self._seen.ask()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.empty = QWidget(self)
        words = QLabel(
            tr("A strategy needs a document: goal, budget, prices, dayparts, segments, and every assumption"
               " with who makes it. Begin with a template that holds what the study knows already; what is"
               " marked REPLACE is made up."), self.empty,
        )  # fmt: skip
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        begin = QPushButton(tr("&Begin with a template"), self.empty)
        begin.setEnabled(not self._document.read_only)
        begin.clicked.connect(self.begin)
        column = QVBoxLayout(self.empty)
        column.setContentsMargins(*[2 * self.fontMetrics().height()] * 4)
        column.addStretch(1)
        column.addWidget(words)
        column.addWidget(begin, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.editor = DocumentEditor(
            self._document, tr("Strategy document"), tr("&Keep and compute"), _parse, self
        )
        self.editor.kept.connect(self.forget_document)
        helper = self._document.helper
        self.potential, self.budget, self.what_if = (
            Answer(name, helper, self) for name in (tr("Potential"), tr("Budget"), tr("What if"))
        )
        self.pages = QTabWidget(self)
        self.pages.addTab(self.potential, tr("Potential"))
        self.pages.addTab(self._budget_page(), tr("Budget"))
        self.pages.addTab(self._what_if_page(), tr("What if"))
        self.pages.addTab(self.editor, tr("Document"))
        self.pages.currentChanged.connect(lambda _index: self._compute_shown())
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.pages)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.stack)

    def _budget_page(self) -> QWidget:
        page = QWidget(self)
        self.money = Amount(tr("Budget"), 0, 1e6, 1000, 0, "", page)
        self.money.spin.valueChanged.connect(lambda _value: self._again(self.budget))
        label = QLabel(tr("&Budget for the period:"), page)
        label.setBuddy(self.money.spin)
        self.currency = QLabel("", page)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.money, 1)
        line.addWidget(self.currency)
        column = QVBoxLayout(page)
        column.addLayout(line)
        column.addWidget(self.budget, 1)
        return page

    def _what_if_page(self) -> QWidget:
        page = QWidget(self)
        self.placement = QComboBox(page)
        self.placement.setAccessibleName(tr("Placement"))
        self.placement.currentIndexChanged.connect(lambda _index: self._again(self.what_if))
        grid = QGridLayout()
        label = QLabel(tr("&Placement:"), page)
        label.setBuddy(self.placement)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.placement, 0, 1)
        self.tries: dict[str, tuple[QCheckBox, Amount]] = {}
        rows = (
            ("bottoms_m", tr("&Lower edge above the floor"), 0.0, 6.0, 0.1, 2.2, "m"),
            ("densities_m2", tr("&Crowd"), 0.05, 4.0, 0.05, 1.0, tr("people per m²")),
            ("distances_m", tr("&Distance of those who pass"), 0.5, 30.0, 0.5, 5.0, "m"),
        )
        for number, (key, text, low, high, step, value, unit) in enumerate(rows, start=1):
            tick = TickBox(text, page)
            tick.setChecked(key != "distances_m")
            amount = Amount(text.replace("&", ""), low, high, step, value, unit, page)
            amount.setEnabled(tick.isChecked())
            tick.toggled.connect(amount.setEnabled)
            tick.toggled.connect(lambda _on: self._again(self.what_if))
            amount.spin.valueChanged.connect(lambda _value: self._again(self.what_if))
            grid.addWidget(tick, number, 0)
            grid.addWidget(amount, number, 1)
            self.tries[key] = (tick, amount)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(page)
        column.addLayout(grid)
        column.addWidget(self.what_if, 1)
        return page

    def _show(self) -> None:
        has_document = strategy_path(self._document).exists()
        self.stack.setCurrentWidget(self.pages if has_document else self.empty)
        if not has_document or not self._is_old:
            return
        self._is_old = False
        self.editor.load(strategy_path(self._document))
        self._fill_choices()
        self._compute_shown()

    def _fill_choices(self) -> None:
        from gazestudy.pipeline.strategy.document import load_strategy

        try:
            strategy = load_strategy(self._document.study)
        except GazestudyError:
            self.pages.setCurrentWidget(self.editor)
            return
        names = {one.id: one.name for one in self._document.study.placements()}
        current = self.placement.currentData()
        self.placement.blockSignals(True)
        self.placement.clear()
        for one in strategy.placements:
            self.placement.addItem(names.get(one.id, one.id), one.id)
        self.placement.setCurrentIndex(max(0, self.placement.findData(current)))
        self.placement.blockSignals(False)
        goal = float(strategy.goal.budget)
        whole = sum(float(one.cost or 0) for one in strategy.placements)
        first = self.money.value() == 0
        self.money.spin.blockSignals(True)
        self.money.set_range(0, max(whole, 2 * goal), max(1.0, round(goal / 100)))
        self.money.spin.blockSignals(False)
        if first:
            self.money.spin.setValue(goal)
        self.currency.setText(strategy.currency)

    def _again(self, answer: Answer) -> None:
        self._fresh.discard(answer)
        self._soon.start()

    def _compute_shown(self) -> None:
        """Compute what is on show, if it is not up to date."""
        page = self.pages.currentWidget()
        if not can_be_seen(self) or page is None or self.stack.currentWidget() is not self.pages:
            return
        asks: tuple[tuple[Answer, Callable[[], None]], ...] = (
            (self.potential, self._ask_potential), (self.budget, self._ask_budget),
            (self.what_if, self._ask_what_if),
        )  # fmt: skip
        for answer, ask in asks:
            on_show = answer is page or page.isAncestorOf(answer)
            if on_show and answer not in self._fresh:
                self._fresh.add(answer)
                ask()

    def _question(self, what: str, **arguments: Any) -> Question:
        known = {"study": str(self._document.path), "state": self._state, "edition": self._edition}
        return Question(f"gazestudy_gui.views.results_answers:{what}", known | arguments)

    def _ask_potential(self) -> None:
        self.potential.ask(self._question("potential", draws=_POTENTIAL_DRAWS))

    def _ask_budget(self) -> None:
        self.budget.ask(self._question("budget", money=self.money.value(), draws=_DRAWS))

    def _ask_what_if(self) -> None:
        tried = {key: (amount.value(),) for key, (tick, amount) in self.tries.items() if tick.isChecked()}
        placement = str(self.placement.currentData() or "")
        self.what_if.ask(self._question("what_if", placement=placement, tried=tried), _with_radius)


def _as_told(result: Any) -> tuple[Any, list[str]]:
    frame, lines = result
    return frame, lines


def _with_radius(result: Any) -> tuple[Any, list[str]]:
    frame, (radius_m, source), lines = result
    return frame, [tr("Body radius {value} m: {source}", value=cell(radius_m), source=source), *lines]


def strategy_path(document: StudyDocument) -> Path:
    """Return where the strategy document of a study lies."""
    from gazestudy.pipeline.strategy.document import STRATEGY_NAME

    return document.path / STRATEGY_NAME


def _parse(text: str, path: Path) -> None:
    from gazestudy.pipeline.strategy.document import parse_strategy

    parse_strategy(text, path)


def _headings(table: Any) -> dict[str, str]:
    return {str(name): heading(str(name)) for name in table.columns}
