"""The questions of an interview as a form; every answer is kept as soon as its field is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.ticks import ChoiceButton, TickBox
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.model.interview import Question

_LINES_OF_A_LIST, _LINES_OF_A_TEXT = 5, 3
_SHORT_EM = 7
"""Answers up to here stand beside their codes, longer ones above."""


class Lines(QPlainTextEdit):
    """A text that says when somebody has finished with it."""

    finished = pyqtSignal()

    def __init__(self, lines: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setFixedHeight(round((lines + 0.8) * self.fontMetrics().lineSpacing()))

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Keep what was typed."""
        super().focusOutEvent(event)
        if event is None or event.reason() != Qt.FocusReason.PopupFocusReason:
            self.finished.emit()


class Field(QWidget):
    """One question with its answer.

    Parameters
    ----------
    question : Question
        Of the question bank.
    parent : QWidget, optional
        Owner.
    """

    given = pyqtSignal(str, list)
    """Somebody answered: item, and the answers in order."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question = question
        self._read: Callable[[], list[str]] = list
        self._write: Callable[[list[str]], None] = lambda _values: None
        self._known: list[str] = []
        self.main: QWidget = self
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        makers = {
            "list": self._make_lines, "text": self._make_lines, "yes_no": self._make_points,
            "scale": self._make_points, "choice": self._make_points, "code": self._make_points,
            "multi": self._make_ticks,
        }  # fmt: skip
        makers.get(question.kind, self._make_line)()

    def values(self) -> list[str]:
        """Return the answers on show."""
        return self._read()

    def show_values(self, values: Sequence[str]) -> None:
        """Show what is kept; what somebody is typing just now is not touched unless it was changed."""
        new = list(values)
        if new == self._known and self._read() != new:
            return
        self._known = new
        if self._read() != new:
            self._write(new)

    def keep(self) -> None:
        """Tell what was answered, if it is another answer than before."""
        now = self._read()
        if now != self._known:
            self._known = now
            self.given.emit(self.question.item, now)

    def _named(self, widget: QWidget, text: str = "") -> QWidget:
        widget.setAccessibleName(text or tr(self.question.meaning))
        return widget

    def _make_lines(self) -> None:
        is_list = self.question.kind == "list"
        box = Lines(_LINES_OF_A_LIST if is_list else _LINES_OF_A_TEXT, self)
        self._named(box)
        if is_list:
            box.setPlaceholderText(tr("one on each line, in the order of naming"))
        box.finished.connect(self.keep)

        def read() -> list[str]:
            text = box.toPlainText()
            parts = text.split("\n") if is_list else [text]
            return [part.strip() for part in parts if part.strip()]

        def write(values: list[str]) -> None:
            with QSignalBlocker(box):
                box.setPlainText("\n".join(values))

        self._read, self._write, self.main = read, write, box
        self._line.addWidget(box)

    def _make_line(self) -> None:
        box = QLineEdit(self)
        self._named(box)
        box.editingFinished.connect(self.keep)
        if self.question.kind == "number":
            box.setMaximumWidth(8 * self.fontMetrics().height())
        self._read = lambda: [box.text().strip()] if box.text().strip() else []
        self._write = lambda values: box.setText("; ".join(values))
        self.main = box
        self._line.addWidget(box)
        if self.question.kind == "number":
            self._line.addStretch(1)

    def _make_points(self) -> None:
        choices = self.question.choices or tuple(str(n) for n in range(1, self.question.points + 1))
        group = QButtonGroup(self)
        group.setExclusive(False)  # a second click on an answer takes it away
        buttons = {choice: ChoiceButton(tr(choice), self) for choice in choices}
        for button in buttons.values():
            button.setAutoExclusive(False)
            group.addButton(button)
            self._named(button, f"{tr(self.question.meaning)}: {button.text()}")
            self._line.addWidget(button)
        other = QLabel("", self)
        self._line.addWidget(other)
        self._line.addStretch(1)
        kept: list[str] = []

        def clicked(button: Any) -> None:
            for one in buttons.values():
                one.setChecked(one is button and button.isChecked())
            kept.clear()
            other.clear()
            self.keep()

        def read() -> list[str]:
            return kept or [choice for choice, one in buttons.items() if one.isChecked()]

        def write(values: list[str]) -> None:
            strange = [value for value in values if value not in buttons]
            kept[:] = values if strange else []
            other.setText(", ".join(strange))
            for choice, one in buttons.items():
                one.setChecked(choice in values)

        group.buttonClicked.connect(clicked)
        self._read, self._write = read, write
        self.main = next(iter(buttons.values()), self)

    def _make_ticks(self) -> None:
        boxes = {choice: TickBox(tr(choice), self) for choice in self.question.choices}
        for box in boxes.values():
            self._named(box, f"{tr(self.question.meaning)}: {box.text()}")
            box.clicked.connect(self.keep)
            self._line.addWidget(box)
        self._line.addStretch(1)

        def read() -> list[str]:
            ticked = " ".join(choice for choice, box in boxes.items() if box.isChecked())
            return [ticked] if ticked else []

        def write(values: list[str]) -> None:
            words = " ".join(values).split()
            for choice, box in boxes.items():
                box.setChecked(choice in words)

        self._read, self._write = read, write
        self.main = next(iter(boxes.values()), self)


class ElidedLabel(QWidget):
    """A text in one line: what has no room ends in an ellipsis, the whole is in the tool tip.

    Parameters
    ----------
    text : str
        What it says.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text.replace("\n", " ")
        self.setToolTip(text)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(text)

    def sizeHint(self) -> QSize:
        """Return the room for all of it."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text), round(1.2 * metrics.height()))

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Write as much as there is room for."""
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


class CodeLine(QWidget):
    """An answer and what the coder makes of it: a code, and the placement that is meant.

    Parameters
    ----------
    answer : dict
        Row of the answers.
    codes : sequence of str
        Codes it may have.
    placements : dict of str to str
        Names by id; empty where the code names none.
    parent : QWidget, optional
        Owner.
    """

    coded = pyqtSignal(dict, str, str)
    """Answer, code, placement."""

    def __init__(
        self, answer: dict[str, Any], codes: Sequence[str], placements: dict[str, str], parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)  # never squeezed
        self.answer = answer
        text = str(answer["value"])
        is_long = self.fontMetrics().horizontalAdvance(text) > _SHORT_EM * self._em()
        said = ElidedLabel(text, self)
        self.code = self._box(tr("Code of “{text}”", text=text))
        self.code.addItem(tr("not coded"), "")
        for code in codes:
            self.code.addItem(tr(code.replace("_", " ")), code)
        self.placement = self._box(tr("Placement meant by “{text}”", text=text))
        self.placement.addItem(tr("no placement"), "")
        for name, title in placements.items():
            self.placement.addItem(title, name)
        self.placement.setVisible(bool(placements))
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        if is_long:
            column.addWidget(said)
        else:
            row.addWidget(said, 3)
        row.addWidget(self.code, 3)
        row.addWidget(self.placement, 4)
        column.addLayout(row)

    def show_code(self, code: str, placement_id: str) -> None:
        """Show what is kept."""
        for box, value in ((self.code, code), (self.placement, placement_id)):
            with QSignalBlocker(box):
                if value and box.findData(value) < 0:
                    box.addItem(value, value)
                box.setCurrentIndex(max(0, box.findData(value)))

    def _em(self) -> int:
        return self.fontMetrics().height()

    def _box(self, name: str) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(name)
        box.setMinimumContentsLength(7)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.activated.connect(lambda _index: self._tell())
        return box

    def _tell(self) -> None:
        self.coded.emit(self.answer, str(self.code.currentData()), str(self.placement.currentData()))


class Form(QWidget):
    """Questions in the order in which they are asked.

    Parameters
    ----------
    questions : sequence of Question
        What is asked.
    parent : QWidget, optional
        Owner.
    """

    given = pyqtSignal(str, list)

    def __init__(self, questions: Sequence[Question], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields: dict[str, Field] = {}
        self.codes: dict[str, QVBoxLayout] = {}
        column = QVBoxLayout(self)
        column.setSpacing(self.fontMetrics().height() // 4)
        stage = ""
        for question in questions:
            if question.stage != stage:
                stage = question.stage
                heading = QLabel(tr(stage), self)
                font = heading.font()
                font.setBold(True)
                heading.setFont(font)
                column.addSpacing(self.fontMetrics().height() // 2)
                column.addWidget(heading)
            field = Field(question, self)
            field.given.connect(self.given)
            label = QLabel(tr(question.meaning), self)
            label.setWordWrap(True)
            label.setToolTip(question.item)
            label.setBuddy(field.main)
            column.addWidget(label)
            column.addWidget(field)
            below = QVBoxLayout()
            below.setContentsMargins(0, 0, 0, 0)
            column.addLayout(below)
            self.fields[question.item], self.codes[question.item] = field, below
        column.addStretch(1)

    def keep(self) -> None:
        """Keep what is being typed."""
        for field in self.fields.values():
            field.keep()
