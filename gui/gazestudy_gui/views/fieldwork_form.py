"""The form at the head of a session, and which protocol it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QLocale, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.ticks import TickDelegate
from gazestudy_gui.views.exchange import exchange
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.protocol import Protocol
    from gazestudy.store import Study

FOLDER = "protocols"
"""Folder of a study for its own protocol documents."""

USUAL = "station_point_observation"
"""The protocol to begin with."""

_ID = Qt.ItemDataRole.UserRole


def language_of(protocol: Protocol) -> str:
    """Return the language of the interface where the document has it, else its default language."""
    own = QLocale().name().split("_")[0]
    return own if own in protocol.languages else protocol.default_language


@lru_cache(maxsize=64)
def _read(path: Path, _modified_ns: int) -> Protocol:
    from gazestudy.protocol import load_protocol

    try:
        return parsed(path.read_text(encoding="utf-8-sig"))
    except (GazestudyError, OSError, UnicodeDecodeError):
        return load_protocol(path)  # which says of which file


@lru_cache(maxsize=64)
def parsed(text: str) -> Protocol:
    """Return the protocol of a text; the same words are read once, which takes a tenth of a second.

    Raises
    ------
    GazestudyError
        If it has mistakes.
    """
    from gazestudy.protocol import parse_protocol

    return parse_protocol(text)


def read_protocol(path: Path) -> Protocol:
    """Return a protocol; one that did not change is read once.

    Raises
    ------
    GazestudyError
        If it has mistakes.
    """
    return _read(path, path.stat().st_mtime_ns)


def read_shipped() -> list[tuple[Path, Protocol]]:
    """Return the protocols that are shipped, with their files."""
    from gazestudy import resources

    return [(path, read_protocol(path)) for path in sorted(resources.find("protocols").glob("*.yaml"))]


class ProtocolBox(QComboBox):
    """The protocols of the study, then those that are shipped.

    Parameters
    ----------
    study : Path
        The study folder.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, study: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._study = study
        self.setAccessibleName(tr("Protocol"))
        self.fill()

    def fill(self) -> None:
        """Read again which there are."""
        current = self.currentData()
        self.blockSignals(True)
        self.clear()
        for path in sorted((self._study / FOLDER).glob("*.yaml")):
            self.addItem(tr("{name} (of this study)", name=path.stem), str(path))
        for path, protocol in read_shipped():
            self.addItem(protocol.text(protocol.title, language_of(protocol)), str(path))
        self.setCurrentIndex(max(0, self.findData(current)))
        self.blockSignals(False)

    def key(self) -> str:
        """Return whose protocol is chosen, and its file name: the same wherever the study lies."""
        path = self.path()
        return f"{'study' if path.is_relative_to(self._study) else 'shipped'}/{path.name}"

    def choose_key(self, key: str) -> None:
        """Choose the protocol of a key; where there is none the choice stays."""
        own, name = key.startswith("study/"), key.rpartition("/")[2]
        for row in range(self.count()):
            path = Path(str(self.itemData(row)))
            if path.name == name and path.is_relative_to(self._study) == own:
                self.setCurrentIndex(row)

    def path(self) -> Path:
        """Return the file that is chosen."""
        return Path(str(self.currentData()))

    def protocol(self) -> Protocol:
        """Return the protocol that is chosen.

        Raises
        ------
        GazestudyError
            If it has mistakes.
        """
        return read_protocol(self.path())

    def choose_with(self, wanted: Any) -> None:
        """Choose the first protocol for which this is true."""
        for row in range(self.count()):
            try:
                if wanted(read_protocol(Path(str(self.itemData(row))))):
                    self.setCurrentIndex(row)
                    return
            except GazestudyError:
                continue
        self.setCurrentIndex(0)


class HeadForm(QWidget):
    """Questions that are answered once for a session.

    Parameters
    ----------
    protocol : Protocol
        The document.
    at : {"start", "end"}
        Which of its forms.
    known : dict of str to list of str
        Answers that are likely, by item, such as stations of the study.
    parent : QWidget, optional
        Owner.
    """

    changed = pyqtSignal()

    def __init__(
        self, protocol: Protocol, at: str, known: dict[str, list[str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        from gazestudy.protocol import FormBlock

        self.fields: dict[str, QComboBox | QLineEdit] = {}
        self.required: dict[str, str] = {}
        form = QFormLayout(self)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        language = language_of(protocol)
        for block in protocol.item_blocks():
            if not isinstance(block, FormBlock) or block.answers or block.at != at:
                continue
            for item in block.items:
                if item.type in ("photo", "audio"):
                    continue
                label = protocol.text(item.label, language)
                field = self._field(protocol, item, language, known.get(item.id, []))
                field.setAccessibleName(label)
                if item.definition:
                    field.setToolTip(protocol.text(item.definition, language))
                words = QLabel(f"{label} *" if item.required else label, self)
                words.setBuddy(field)
                words.setWordWrap(True)
                form.addRow(words, field)
                self.fields[item.id] = field
                if item.required:
                    self.required[item.id] = label

    def answers(self) -> dict[str, str]:
        """Return what was answered, by item."""
        found = {}
        for item, field in self.fields.items():
            if isinstance(field, QLineEdit):
                found[item] = field.text().strip()
            elif field.isEditable():
                found[item] = field.currentText().strip()
            else:
                found[item] = str(field.currentData() or "")
        return {item: value for item, value in found.items() if value}

    def show_answers(self, answers: dict[str, str]) -> None:
        """Show answers."""
        for item, value in answers.items():
            field = self.fields.get(item)
            if isinstance(field, QLineEdit):
                field.setText(value)
            elif field is not None and field.isEditable():
                field.setCurrentText(value)
            elif field is not None:
                field.setCurrentIndex(max(0, field.findData(value)))

    def missing(self) -> list[str]:
        """Return the labels of what has to be answered and was not."""
        given = self.answers()
        return [label for item, label in self.required.items() if item not in given]

    def _field(self, protocol: Protocol, item: Any, language: str, known: list[str]) -> QComboBox | QLineEdit:
        codes = getattr(item, "choices", "")
        if codes or item.type == "bool":
            box = QComboBox(self)
            box.addItem("", "")
            pairs = [("yes", tr("yes")), ("no", tr("no"))]
            if codes:
                pairs = [(one.code, protocol.text(one.label, language)) for one in protocol.choices[codes]]
            for code, text in pairs:
                box.addItem(text, code)
            box.currentIndexChanged.connect(lambda _index: self.changed.emit())
            return box
        if known:
            box = QComboBox(self)
            box.setEditable(True)
            box.addItems(["", *known])
            box.currentTextChanged.connect(lambda _text: self.changed.emit())
            return box
        line = QLineEdit(self)
        unit = getattr(item, "unit", "")
        hint = {"time": "08:30", "date": "2026-01-31"}.get(item.type, unit)
        line.setPlaceholderText(hint)
        line.textChanged.connect(lambda _text: self.changed.emit())
        return line


def show_head(area: QScrollArea, head: HeadForm, before: HeadForm | None) -> None:
    """Show a form in the place of another one; who types into a field goes on in the same field."""
    fields = {} if before is None else before.fields
    at_hand = [item for item, field in fields.items() if field.hasFocus()]
    exchange(area, head)
    for item in at_hand:
        if item in head.fields:
            head.fields[item].setFocus()


def ticks(name: str, entries: list[tuple[str, str]], parent: QWidget, changed: Any = None) -> QListWidget:
    """Return a list of names with boxes to tick; ids are kept beside the names."""
    made = QListWidget(parent)
    made.setAccessibleName(name)
    made.setItemDelegate(TickDelegate(made))
    fill_ticks(made, entries)
    made.setMaximumHeight(6 * parent.fontMetrics().height())
    if changed is not None:
        made.itemChanged.connect(partial(_tell, changed))
    return made


def fill_ticks(
    box: QListWidget, entries: Sequence[tuple[str, str]], ticked: Sequence[str] | None = None
) -> None:
    """Offer other names; what was ticked stays, where it is not said what shall be."""
    wanted = ticked_ids(box) if ticked is None else ticked
    box.blockSignals(True)
    box.clear()
    for text, value in entries:
        item = QListWidgetItem(text)
        item.setData(_ID, value)
        item.setCheckState(Qt.CheckState.Checked if value in wanted else Qt.CheckState.Unchecked)
        box.addItem(item)
    box.blockSignals(False)


def known_answers(study: Study) -> dict[str, list[str]]:
    """Return answers to the head of a sheet that are likely, by item."""
    points = study.points()
    return {
        "station_id": list(
            dict.fromkeys([*points, *(one.station for one in study.placements() if one.station)])
        ),
        "point_id": list(dict.fromkeys(point for some in points.values() for point in some)),
        "observer": list(study.observers()),
    }


def ticked_ids(box: QListWidget) -> list[str]:
    """Return the ids of what is ticked."""
    items = [box.item(row) for row in range(box.count())]
    return [
        str(item.data(_ID))
        for item in items
        if item is not None and item.checkState() == Qt.CheckState.Checked
    ]


def _tell(changed: Any, _item: Any) -> None:
    changed()
