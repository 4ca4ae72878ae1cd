"""Texts of an interview and the codes on them: select words or mark a time, then press the key of a code."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QTextCharFormat,
    QTextCursor,
)
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui import theme
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.interview_codes import KEYS, CodeTree
from gazestudy_gui.views.interview_data import Talks
from gazestudy_gui.views.interview_edits import AddCoding, KeepText, RemoveCodings
from gazestudy_gui.views.table_view import TableWidget
from gazestudy_gui.words import tr

_HIGHLIGHT_ALPHA = 80


def to_units(text: str, position: int) -> int:
    """Return where a code point of a text is in the text of Qt, which counts UTF-16 units."""
    return position + sum(1 for letter in text[:position] if ord(letter) > 0xFFFF)


def to_points(text: str, units: int) -> int:
    """Return which code point is at a place in the text of Qt."""
    return len(text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))


def clock(seconds: float) -> str:
    """Return a time of a video as minutes and seconds."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f"{int(minutes)}:{rest:04.1f}"


class CodedText(QPlainTextEdit):
    """A text that is read and coded, not written.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    key = pyqtSignal(str)
    """A key was pressed that may be that of a code."""
    clicked = pyqtSignal(int)
    """A place was clicked without selecting anything: position in the text of Qt."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setAccessibleName(tr("Text of the interview"))
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Take the keys of codes."""
        if event is None:
            return
        text = event.text().lower()
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if is_plain and text and (text in KEYS or text in "[]"):
            self.key.emit(text)
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Tell what was clicked."""
        super().mouseReleaseEvent(event)
        if event is not None and not self.textCursor().hasSelection():
            self.clicked.emit(self.cursorForPosition(event.pos()).position())

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Offer copying only."""
        if event is None:
            return
        menu = self.createStandardContextMenu()
        if menu is not None:
            menu.exec(event.globalPos())
            menu.deleteLater()


class TextsTab(QWidget):
    """Code book on the left; text and codings on the right.

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
        self._talks: Talks | None = None
        self._interview_id, self._coder, self._text = "", "", ""
        self._rows: list[dict[str, Any]] = []
        self._playhead: tuple[str, int] | None = None
        self._from: tuple[str, int] | None = None
        self._build()
        document.playhead.connect(self._on_playhead)

    def show_talk(self, talks: Talks, interview_id: str, coder: str) -> None:
        """Show the texts of an interview as a coder sees them."""
        self._talks, self._interview_id, self._coder = talks, interview_id, coder
        current = self.which.currentData()
        documents = talks.interviews.documents
        own = documents[documents["interview_id"] == interview_id]
        with QSignalBlocker(self.which):
            self.which.clear()
            for row in own.to_dict("records"):
                self.which.addItem(str(row["name"]), str(row["document_id"]))
            self.which.setCurrentIndex(max(0, self.which.findData(current)) if len(own) else -1)
        self.codes.show_book(talks.interviews.code_book, self._mine())
        self._show_text()

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self._paint()

    # ------------------------------------------------------------------ coding

    def code_selection(self, code_id: str) -> None:
        """Put a code on the selected words; with nothing selected, on the marked time."""
        cursor = self.text.textCursor()
        if not self._may_code():
            return
        where: dict[str, Any]
        if cursor.hasSelection():
            start, end = (
                to_points(self._text, units) for units in (cursor.selectionStart(), cursor.selectionEnd())
            )
            where = {"document_id": str(self.which.currentData()), "start_char": start, "end_char": end}
        elif self._from is not None and self._playhead is not None:
            recording_id, start_ns = self._from
            end_ns = self._playhead[1] if self._playhead[0] == recording_id else start_ns
            where = {
                "recording_id": recording_id, "start_ns": min(start_ns, end_ns),
                "end_ns": max(start_ns, end_ns),
                "interview_id": self._interview_id,
            }  # fmt: skip
        else:
            self._say(tr("Select words first, or mark where a time begins."))
            return
        self._edit(AddCoding(code_id, self.codes.name_of(code_id), self._coder, **where))
        self._from = None
        self._show_time()

    def mark_start(self) -> None:
        """Let a stretch of time begin where the video stands."""
        if self._playhead is None:
            self._say(tr("Open the recording in the player first."))
            return
        self._from = self._playhead
        self._show_time()

    def remove_chosen(self) -> None:
        """Take the chosen coding away."""
        row = self.list.current_row()
        if 0 <= row < len(self._rows):
            one = self._rows[row]
            self._edit(RemoveCodings([one["coding_id"]], self.codes.name_of(one["code_id"])))

    def go_to(self, row: int) -> None:
        """Show the moment of a coding in the video, and its words in the text."""
        if not 0 <= row < len(self._rows):
            return
        one = self._rows[row]
        if one["document_id"]:
            index = self.which.findData(one["document_id"])
            if index >= 0 and index != self.which.currentIndex():
                self.which.setCurrentIndex(index)
            cursor = self.text.textCursor()
            cursor.setPosition(to_units(self._text, one["start_char"]))
            cursor.setPosition(to_units(self._text, one["end_char"]), QTextCursor.MoveMode.KeepAnchor)
            self.text.setTextCursor(cursor)
            self.text.ensureCursorVisible()
        if one["moment"] is not None:
            self._document.moment.emit(*one["moment"])

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.codes = CodeTree(self._document, self)
        self.codes.wanted.connect(self.code_selection)
        self.which = QComboBox(self)
        self.which.setAccessibleName(tr("Text"))
        self.which.setMinimumContentsLength(10)
        self.which.currentIndexChanged.connect(lambda _index: self._show_text())
        self.write = QPushButton(tr("&Write notes …"), self)
        self.write.setToolTip(tr("Write or change notes; a text that has codes on it stays as it is"))
        self.write.clicked.connect(self._ask_notes)
        top = QHBoxLayout()
        top.addWidget(self.which, 1)
        top.addWidget(self.write)
        self.text = CodedText(self)
        self.text.key.connect(self._on_key)
        self.text.clicked.connect(self._on_clicked)
        self.start = QPushButton(tr("Time from here  ["), self)
        self.start.setToolTip(tr("A stretch of the video begins where the player stands; then press a code"))
        self.start.clicked.connect(self.mark_start)
        self.remove = QPushButton(tr("&Remove code"), self)
        self.remove.clicked.connect(self.remove_chosen)
        self.time = QLabel("", self)
        self.time.setWordWrap(True)
        under = QHBoxLayout()
        under.addWidget(self.start)
        under.addWidget(self.time, 1)
        under.addWidget(self.remove)
        self.list = TableWidget(tr("Codings"), self, tools=False)
        self.list.activated.connect(self.go_to)
        self.list.view.clicked.connect(lambda index: self.go_to(self.list.model.source_row(index.row())))
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        parts = QSplitter(Qt.Orientation.Vertical, right)
        parts.addWidget(self.text)
        lower = QWidget(parts)
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.addLayout(under)
        below.addWidget(self.list, 1)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        column.addWidget(parts, 1)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self.codes)
        split.addWidget(right)
        split.setStretchFactor(1, 2)
        whole = QHBoxLayout(self)
        whole.addWidget(split)

    def _mine(self) -> Any:
        """Return the codings of this coder in this interview; nobody sees those of another."""
        assert self._talks is not None
        table = self._talks.interviews.codings
        return table[(table["coder"] == self._coder) & (table["interview_id"] == self._interview_id)]

    def _show_text(self) -> None:
        if self._talks is None:
            return
        documents = self._talks.interviews.documents
        rows = documents[documents["document_id"] == self.which.currentData()]
        text = str(rows["text"].iloc[0]) if len(rows) else ""
        if text != self._text or not text:
            self._text = text
            self.text.setPlainText(text)
        self.text.setPlaceholderText(
            tr("No text yet. Import transcripts or notes with File › Import, or write notes here.")
        )
        can = not self._document.read_only
        self.write.setEnabled(can and bool(self._interview_id))
        self.remove.setEnabled(can)
        self._fill_list()
        self._paint()
        self._show_time()

    def _fill_list(self) -> None:
        import pandas as pd

        assert self._talks is not None
        moments, texts = self._talks.moments, self._talks.interviews.documents
        of_text = dict(zip(texts["document_id"], texts["text"], strict=True))
        rows = []
        for one in self._mine().to_dict("records"):
            moment: tuple[str, int] | None = None
            quote = tr("a time in the video")
            if one["document_id"]:
                quote = str(of_text.get(one["document_id"], ""))[one["start_char"] : one["end_char"]]
                moment = moments.of_text(str(one["document_id"]), int(one["start_char"]))
            if one["recording_id"]:
                moment = (str(one["recording_id"]), int(one["start_ns"]))
            rows.append({**one, "quote": " ".join(quote.split()), "moment": moment})
        self._rows = [{str(key): value for key, value in row.items()} for row in rows]
        placements = self._talks.placements
        table = pd.DataFrame(
            {
                "code": [self.codes.title_of(row["code_id"]) for row in self._rows],
                "quote": [row["quote"] for row in self._rows],
                "moment": [self._clock(row["moment"]) for row in self._rows],
                "placement": [placements.get(row["placement_id"], "") for row in self._rows],
            }
        )
        titles = {"code": tr("Code"), "quote": tr("Words"), "moment": tr("In the video"),
                  "placement": tr("Placement")}  # fmt: skip
        self.list.set_frame(table, titles, mark=self._colour)

    def _colour(self, row: int) -> QColor:
        return QColor(self.codes.colour_of(self._rows[row]["code_id"]))

    def _clock(self, moment: tuple[str, int] | None) -> str:
        assert self._talks is not None
        if moment is None:
            return ""
        zero = self._talks.moments.video_ns.get(moment[0], (moment[1], 0))[0]
        return clock((moment[1] - zero) / 1e9)

    def _paint(self) -> None:
        """Show the codes of this coder as coloured and underlined words."""
        marks = []
        for one in self._rows:
            if one["document_id"] != self.which.currentData():
                continue
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.text.document())
            cursor.setPosition(to_units(self._text, one["start_char"]))
            cursor.setPosition(to_units(self._text, one["end_char"]), QTextCursor.MoveMode.KeepAnchor)
            colour = QColor(self.codes.colour_of(one["code_id"]))
            look = QTextCharFormat()
            look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
            look.setUnderlineColor(theme.foreground())
            colour.setAlpha(_HIGHLIGHT_ALPHA)
            look.setBackground(colour)
            mark.cursor, mark.format = cursor, look
            marks.append(mark)
        self.text.setExtraSelections(marks)

    def _may_code(self) -> bool:
        if not self._coder:
            self._say(tr("Say above who codes, then texts can be coded."))
            return False
        return not self._document.read_only

    def _on_key(self, key: str) -> None:
        if key == "[":
            self.mark_start()
            return
        code_id = self.codes.code_of_key(key)
        if code_id:
            self.code_selection(code_id)

    def _on_clicked(self, units: int) -> None:
        """Choose the coding that was clicked, and go to its moment."""
        place = to_points(self._text, units)
        for row, one in enumerate(self._rows):
            if (
                one["document_id"] == self.which.currentData()
                and one["start_char"] <= place < one["end_char"]
            ):
                self.list.choose(row)
                if one["moment"] is not None:
                    self._document.moment.emit(*one["moment"])
                return
        if self._talks is not None and self._text:
            moment = self._talks.moments.of_text(str(self.which.currentData()), place)
            if moment is not None:
                self._document.moment.emit(*moment)

    def _on_playhead(self, recording_id: str, t_ns: int) -> None:
        self._playhead = (recording_id, t_ns)

    def _show_time(self) -> None:
        if self._from is None:
            self.time.setText("")
            return
        text = tr("from {time}: go on in the video, then press a code", time=self._clock(self._from))
        self.time.setText(text)

    def _say(self, text: str) -> None:
        self.time.setText(text)

    def _ask_notes(self) -> None:
        name = self.which.currentText() or tr("Notes")
        is_note = bool(self.which.currentData()) and self._kind() == "notes"
        text, accepted = QInputDialog.getMultiLineText(
            self, tr("Notes"), tr("Notes of the interview:"), self._text if is_note else ""
        )
        if accepted and text.strip():
            self.keep_notes(text, name if is_note else tr("Notes"))

    def keep_notes(self, text: str, name: str) -> None:
        """Keep notes of this interview under a name."""
        current = str(self.which.currentData() or "")
        document_id = current if current and self._kind() == "notes" else f"{self._interview_id}/{name}"
        if self._edit(KeepText(document_id, self._interview_id, name, text.replace("\r\n", "\n"))):
            self._wanted_text = document_id

    def _kind(self) -> str:
        assert self._talks is not None
        documents = self._talks.interviews.documents
        rows = documents[documents["document_id"] == self.which.currentData()]
        return str(rows["kind"].iloc[0]) if len(rows) else ""

    def _edit(self, command: Any) -> bool:
        try:
            self._document.edit(command)
        except GazestudyError as error:
            tell(self, error)
            return False
        return True
