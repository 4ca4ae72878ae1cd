"""What goes with a behaviour, asked right after its key: one set after the other, each answered by keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.protocol import Protocol
    from gazestudy.protocol.blocks import ModifierSet

_KEYS = "1234567890abcdefghijklmnopqrstuvwxyz"
_ACROSS = 4


class ModifierBar(QFrame):
    """Asks for the values of some modifier sets; hidden while there is nothing to ask.

    Parameters
    ----------
    protocol : Protocol
        Where the choices are.
    language : str
        In which language they are shown.
    placements : mapping of str to str
        Names of the placements in view.
    parent : QWidget
        Owner.
    """

    answered = pyqtSignal(dict, str)
    """Values by set, and the placement that was chosen; empty where it was not asked."""
    given_up = pyqtSignal()
    """The behaviour was a mistake."""

    def __init__(
        self, protocol: Protocol, language: str, placements: Mapping[str, str], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._protocol, self._language, self._placements = protocol, language, dict(placements)
        self._sets: list[ModifierSet] = []
        self._values: dict[str, Any] = {}
        self._place = ""
        self._ticked: list[str] = []
        self._typed = self._behaviour = self._asked = ""
        self._by_key: dict[str, str] = {}
        self.buttons: dict[str, QPushButton] = {}
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("What goes with it"))
        self.question = QLabel("", self)
        font = self.question.font()
        font.setBold(True)
        self.question.setFont(font)
        self._grid_place = QVBoxLayout(self)
        self._grid_place.addWidget(self.question)
        self._body = QWidget(self)
        self._grid_place.addWidget(self._body)
        self.hide()

    @property
    def is_asking(self) -> bool:
        """True while keys answer it."""
        return bool(self._sets)

    def ask(self, behaviour: str, sets: Sequence[ModifierSet]) -> None:
        """Ask for values; where there is nothing to choose from a set is left out."""
        self._behaviour = behaviour
        self._sets = [one for one in sets if one.type == "number" or self._choices(one)]
        self._values, self._place = {}, ""
        if not self._sets:
            return
        self.show()
        self.setFocus()
        self._show_set()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Choose by key; Enter goes on, Backspace takes the behaviour back."""
        if event is None or not self._sets:
            super().keyPressEvent(event)
            return
        one, text = self._sets[0], event.text().lower()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._accept()
        elif event.key() == Qt.Key.Key_Escape or (event.key() == Qt.Key.Key_Backspace and not self._typed):
            self._end()
            self.given_up.emit()
        elif one.type == "number":
            self._type(text, back=event.key() == Qt.Key.Key_Backspace)
        elif text and text in self._by_key:
            self.choose(self._by_key[text])
        else:
            super().keyPressEvent(event)

    def choose(self, code: str) -> None:
        """Choose a value of the set that is asked for; of several that fit each comes and goes."""
        if self._sets[0].type != "multi":
            self._ticked = [code]
            self._accept()
        elif code in self._ticked:
            self._ticked.remove(code)
        else:
            self._ticked.append(code)
        for name, button in self.buttons.items():
            button.setChecked(name in self._ticked)

    # ------------------------------------------------------------------ inside

    def _choices(self, one: ModifierSet) -> dict[str, str]:
        if one.type == "placement":
            return self._placements
        if one.choices is None:
            return {}
        found = self._protocol.choices[one.choices]
        return {choice.code: self._protocol.text(choice.label, self._language) for choice in found}

    def _show_set(self) -> None:
        one = self._sets[0]
        self._ticked, self._typed, self.buttons, self._by_key = [], "", {}, {}
        name = self._protocol.text(one.label, self._language)
        self._asked = f"{self._behaviour} › {name}"
        hint = {
            "multi": tr("several keys, then Enter"),
            "number": tr("type a number, then Enter"),
        }.get(one.type, tr("Enter: not known"))
        self.question.setText(f"{self._asked}:  ({hint}; {tr('Backspace: it was a mistake')})")
        body = QWidget(self)
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 0, 0)
        for number, (code, text) in enumerate(self._choices(one).items()):
            key = _KEYS[number] if number < len(_KEYS) else ""
            button = QPushButton(f"{text}  [{key.upper()}]" if key else text, body)
            button.setCheckable(one.type == "multi")
            button.setAccessibleName(f"{name}: {text}")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the bar
            button.clicked.connect(lambda _on=False, code=code: self.choose(code))
            grid.addWidget(button, number // _ACROSS, number % _ACROSS)
            self.buttons[code] = button
            if key:
                self._by_key[key] = code
        self._grid_place.replaceWidget(self._body, body)
        self._body.hide()
        self._body.deleteLater()
        self._body = body
        body.show()

    def _type(self, text: str, *, back: bool) -> None:
        if back:
            self._typed = self._typed[:-1]
        elif text and text in "0123456789.,-":
            self._typed += text.replace(",", ".")
        self.question.setText(f"{self._asked}:  {self._typed or '…'}")

    def _accept(self) -> None:
        one = self._sets.pop(0)
        if one.type == "number":
            try:
                value = float(self._typed)
                self._values[one.id] = int(value) if value.is_integer() else value
            except ValueError:
                pass  # nothing, or no number: it stays unknown
        elif one.type == "placement":
            self._place = self._ticked[0] if self._ticked else ""
        elif self._ticked:
            self._values[one.id] = list(self._ticked) if one.type == "multi" else self._ticked[0]
        if self._sets:
            self._show_set()
            return
        values, place = self._values, self._place
        self._end()
        self.answered.emit(values, place)

    def _end(self) -> None:
        self._sets = []
        self.hide()
