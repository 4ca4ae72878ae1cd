"""The protocol editor: the document as text, and beside it the paper sheet and the phone form."""

from __future__ import annotations

import html
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt, QUrl
from PyQt6.QtGui import QDesktopServices, QImage, QPixmap
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.helper import Question
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.document_editor import DocumentEditor
from gazestudy_gui.views.fieldwork_form import FOLDER, USUAL, ProtocolBox, language_of, parsed
from gazestudy_gui.views.file_edits import PutFile
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.protocol import Protocol

_PAGES = 4
_PHONE_EM = 24


class PaperView(QScrollArea):
    """Pages of a PDF as they will be printed.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setAccessibleName(tr("Paper sheet"))
        self.pages: list[QImage] = []
        self._inner = QWidget(self)
        self._column = QVBoxLayout(self._inner)
        self.setWidget(self._inner)

    def show_pdf(self, content: bytes) -> None:
        """Show the first pages of a document."""
        from PyQt6.QtPdf import QPdfDocument

        data = QByteArray(content)
        buffer = QBuffer(data, self)
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        paper = QPdfDocument(self)
        paper.load(buffer)
        width = max(300, self.viewport_width() - 40)
        ratio = self.devicePixelRatioF()
        self.pages = []
        for number in range(min(_PAGES, paper.pageCount())):
            size = paper.pagePointSize(number)
            wanted = QSize(round(width * ratio), round(width * ratio * size.height() / size.width()))
            page = paper.render(number, wanted)
            sheet = QImage(page.size(), QImage.Format.Format_RGB32)
            sheet.fill(Qt.GlobalColor.white)
            _paint(sheet, page)
            sheet.setDevicePixelRatio(ratio)
            self.pages.append(sheet)
        more = paper.pageCount() - len(self.pages)
        paper.close()
        buffer.close()
        paper.deleteLater()
        self._fill(more)

    def viewport_width(self) -> int:
        """Return how wide a page may be."""
        port = self.viewport()
        return port.width() if port is not None else self.width()

    def show_message(self, text: str) -> None:
        """Show words."""
        self.pages = []
        self._fill(0, text)

    def _fill(self, more: int, text: str = "") -> None:
        while self._column.count():
            item = self._column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        for page in self.pages:
            label = QLabel(self._inner)
            label.setPixmap(QPixmap.fromImage(page))
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self._column.addWidget(label)
        if more:
            text = tr("and {n} more pages", n=more)
        words = QLabel(text, self._inner)
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._column.addWidget(words)
        self._column.addStretch(1)


class ProtocolPage(QWidget):
    """Editor on the left, previews on the right.

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
        self._folder = Path(tempfile.mkdtemp(prefix="gazestudy-preview-"))
        self._worker = Background("protocol preview", self, helper=document.helper)
        self._worker.done.connect(self._on_drawn)
        self._worker.failed.connect(self._on_failed)
        self._build()

    def open(self) -> None:
        """Show the protocol that is chosen."""
        path = self.which.path()
        own = path.is_relative_to(self._document.path)
        self.editor.load(path, writable=own)
        self.copy.setVisible(not own)
        self.editor.keep.setVisible(own)

    def refresh(self) -> None:
        """Show which protocols there are now, and the chosen one as it is on the disk."""
        before = self.which.currentData()
        self.which.fill()
        if self._opened and (before != self.which.currentData() or not self.editor.keep.isEnabled()):
            self.open()

    def copy_into_study(self, name: str) -> None:
        """Copy the chosen document into the study, to change it there."""
        target = self._document.path / FOLDER / f"{name}.yaml"
        if target.exists():
            self.editor.state.setText(tr("There is a protocol of that name already."))
            return
        try:
            content = self.which.path().read_bytes()
            self._document.edit(PutFile(target, content, tr("copy protocol {name}", name=name), ("study",)))
        except (GazestudyError, OSError) as error:
            tell(self, error)
            return
        self.which.fill()
        self.which.setCurrentIndex(self.which.findData(str(target)))
        self.open()

    def export(self, target: str, out: Path) -> tuple[str, ...]:
        """Write the document on show for paper, phone, BORIS or tables; returns what that cannot hold."""
        from gazestudy.protocol.targets import export_protocol

        protocol = parsed(self.editor.text.toPlainText())
        done = export_protocol(
            protocol, target, out, language=str(self.language.currentData()), overwrite=True
        )
        self.editor.state.setText("\n".join([tr("written: {name}", name=out.name), *done.dropped]))
        return done.dropped

    def shut_down(self) -> None:
        """End the thread and remove the previews."""
        self.editor.shut_down()
        self._worker.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.which = ProtocolBox(self._document.path, self)
        self._opened = False
        self.which.currentIndexChanged.connect(lambda _index: self.open())
        label = QLabel(tr("&Protocol:"), self)
        label.setBuddy(self.which)
        self.copy = QPushButton(tr("Change a &copy …"), self)
        self.copy.setToolTip(tr("Copy this protocol into the study; shipped ones stay as they are"))
        self.copy.setEnabled(not self._document.read_only)
        self.copy.clicked.connect(self._ask_copy)
        self.language = QComboBox(self)
        self.language.setAccessibleName(tr("Language of the sheet"))
        self.language.currentIndexChanged.connect(lambda _index: self._preview())
        save = QPushButton(tr("E&xport …"), self)
        save.clicked.connect(self._ask_export)
        top = QHBoxLayout()
        top.addWidget(label)
        top.addWidget(self.which, 1)
        for widget in (self.copy, self.language, save):
            top.addWidget(widget)
        self.editor = DocumentEditor(self._document, tr("Protocol document"), tr("&Keep"), _parse, self,
                                     keeps_itself=True)  # fmt: skip
        self.editor.right.connect(self._preview)
        self.paper = PaperView(self)
        self.phone = QTextBrowser(self)
        self.phone.setAccessibleName(tr("Phone form"))
        self.phone.setMaximumWidth(_PHONE_EM * self.fontMetrics().height())
        real = QPushButton(tr("&Open the real page in the browser"), self)
        real.clicked.connect(self._open_phone)
        holder = QWidget(self)
        inside = QVBoxLayout(holder)
        inside.addWidget(self.phone, 1, Qt.AlignmentFlag.AlignHCenter)
        inside.addWidget(real, 0, Qt.AlignmentFlag.AlignHCenter)
        self.views = QTabWidget(self)
        self.views.addTab(self.paper, tr("Paper sheet"))
        self.views.addTab(holder, tr("Phone form"))
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self.editor)
        split.addWidget(self.views)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 1)
        whole = QVBoxLayout(self)
        whole.addLayout(top)
        whole.addWidget(split, 1)

    def showEvent(self, event: Any) -> None:
        """Open the first document when it is looked at."""
        super().showEvent(event)
        if not self._opened:
            self._opened = True
            self.which.choose_with(lambda protocol: protocol.id == USUAL)
            self.open()

    def _preview(self) -> None:
        """Draw sheet and form of the text on show, if it has no mistakes."""
        try:
            protocol = parsed(self.editor.text.toPlainText())
        except GazestudyError:
            return
        self._fill_languages(protocol)
        language = str(self.language.currentData())
        self.phone.setHtml(_phone_words(protocol, language))

        arguments = {"protocol": protocol, "out": self._folder / "sheet.pdf", "language": language}
        self._worker.ask(Question("gazestudy_gui.views.fieldwork_answers:sheet", arguments))

    def _fill_languages(self, protocol: Protocol) -> None:
        from gazestudy.protocol import LANGUAGE_NAMES

        known = [str(self.language.itemData(row)) for row in range(self.language.count())]
        if known == list(protocol.languages):
            return
        self.language.blockSignals(True)
        self.language.clear()
        for code in protocol.languages:
            self.language.addItem(LANGUAGE_NAMES.get(code, code), code)
        self.language.setCurrentIndex(max(0, self.language.findData(language_of(protocol))))
        self.language.blockSignals(False)

    def _on_drawn(self, number: int, content: bytes) -> None:
        if number == self._worker.newest:
            self.paper.show_pdf(content)

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            self.paper.show_message(error_text(error))

    def _open_phone(self) -> None:
        out = self._folder / "form.html"
        try:
            self.export("html", out)
        except GazestudyError as error:
            tell(self, error)
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(out)))

    def _ask_copy(self) -> None:
        name, accepted = QInputDialog.getText(
            self, tr("Change a copy"), tr("Name of the file:"), text=self.which.path().stem
        )
        if accepted and name.strip():
            self.copy_into_study(name.strip())

    def _ask_export(self) -> None:
        from gazestudy.protocol.targets import TARGETS

        kinds = {f"{one.title} (*{one.suffix})": one for one in TARGETS.values() if one.suffix}
        name, kind = QFileDialog.getSaveFileName(
            self, tr("Export the protocol"), self.which.path().stem, ";;".join(kinds)
        )
        if not name:
            return
        target = kinds[kind]
        out = Path(name) if name.endswith(target.suffix) else Path(name + target.suffix)
        try:
            self.export(target.name, out)
        except GazestudyError as error:
            tell(self, error)


def _parse(text: str, _path: Path) -> None:
    parsed(text)


def _paint(sheet: QImage, page: QImage) -> None:
    from PyQt6.QtGui import QPainter

    painter = QPainter(sheet)
    painter.drawImage(0, 0, page)
    painter.end()


def _phone_words(protocol: Protocol, language: str) -> str:
    """Return the form in the order in which the phone asks, as a page for reading."""
    lines = [f"<h3>{html.escape(protocol.text(protocol.title, language))}</h3>"]
    for block in protocol.blocks:
        every = getattr(block, "every_s", None)
        rhythm = " · " + tr("every {n} min", n=round(every / 60, 1)) if every else ""
        lines.append(
            f"<h4>{html.escape(protocol.text(block.title, language))}{rhythm}</h4><table width='100%'>"
        )
        entries: Any = getattr(block, "items", ()) or getattr(block, "behaviours", ())
        for one in entries:
            label = html.escape(protocol.text(one.label, language))
            lines.append(f"<tr><td>{label}</td><td align='right'>{_sign(protocol, one, language)}</td></tr>")
        lines.append("</table>")
    return "".join(lines)


def _sign(protocol: Protocol, item: Any, language: str) -> str:
    codes = getattr(item, "choices", "")
    if codes:
        return " ".join(
            f"○&nbsp;{html.escape(protocol.text(one.label, language))}" for one in protocol.choices[codes]
        )
    kind = {
        "count": "<b>[&nbsp;−&nbsp;]&nbsp;0&nbsp;[&nbsp;+&nbsp;]</b>",
        "bool": f"○&nbsp;{tr('yes')} ○&nbsp;{tr('no')}",
        "point": "<b>[&nbsp;•&nbsp;]</b>",
        "state": "<b>[&nbsp;▶&nbsp;]</b>",
    }
    key = f"&nbsp;({item.key.upper()})" if getattr(item, "key", None) else ""
    return kind.get(item.type, "________") + key
