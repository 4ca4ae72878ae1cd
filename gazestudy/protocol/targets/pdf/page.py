"""Pages of a printed sheet: a header and a footer on each, and room in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gazestudy.protocol.document import Protocol
from gazestudy.protocol.targets.pdf.text import Typesetter
from gazestudy.protocol.targets.registry import ExportOptions
from gazestudy.protocol.targets.words import word

MM = 72 / 25.4
MARGIN = 10 * MM
HEADER = 24 * MM
FOOTER = 7 * MM
_QR = 20 * MM

Draw = Callable[[Any], object]


@dataclass(slots=True)
class Sheet:
    """A growing set of pages for one session.

    Attributes
    ----------
    protocol, options
        What is printed.
    type : Typesetter
        Writes text.
    session : str
        Id of the session, on every page in words and as a QR code.
    size : (float, float)
        Width and height of the page in points.
    pages : list of list of callable
        What is drawn on each page.
    y : float
        Where the next thing goes, from the bottom in points.
    """

    protocol: Protocol
    options: ExportOptions
    type: Typesetter
    session: str
    size: tuple[float, float]
    pages: list[list[Draw]] = field(default_factory=list)
    y: float = 0.0

    @property
    def width(self) -> float:
        """Width between the margins."""
        return self.size[0] - 2 * MARGIN

    @property
    def room(self) -> float:
        """Height that is left on this page."""
        return self.y - MARGIN - FOOTER

    @property
    def page_room(self) -> float:
        """Height between header and footer of an empty page."""
        return self.size[1] - 2 * MARGIN - HEADER - FOOTER

    def say(self, text: dict[str, str] | None) -> str:
        """Return a text of the document in the language of the sheet."""
        return self.protocol.text(text, self.options.language)

    def word(self, name: str, **values: object) -> str:
        """Return a word of the sheet itself."""
        return word(name, self.options.language, **values)

    def new_page(self) -> None:
        """Begin a page."""
        self.pages.append([])
        self.y = self.size[1] - MARGIN - HEADER

    def need(self, height: float) -> bool:
        """Begin a page if `height` is not left; returns whether one was begun."""
        if self.pages and self.room >= height:
            return False
        self.new_page()
        return True

    def add(self, draw: Draw) -> None:
        """Draw something on this page."""
        self.pages[-1].append(draw)

    def line_height(self, size: float) -> float:
        """Return the distance of baselines: Thai needs room for two marks above and one below."""
        return size * (1.42 if self.options.language == "th" else 1.24)

    def lines(
        self, x: float, top: float, text: str, width: float, size: float, *, bold: bool = False
    ) -> float:
        """Draw wrapped text below `top`; returns its height."""
        lines = self.type.wrap(text, width, size, bold=bold)
        step = self.line_height(size)

        def draw(canvas: Any) -> None:
            for number, line in enumerate(lines):
                self.type.draw(canvas, x, top - step * number - size, line, size, bold=bold)

        self.add(draw)
        return step * len(lines)

    def height(self, text: str, width: float, size: float, *, bold: bool = False) -> float:
        """Return the height that `lines` would need."""
        if not text:
            return 0.0
        return self.line_height(size) * len(self.type.wrap(text, width, size, bold=bold))

    def box(self, x: float, top: float, width: float, height: float, *, line: float = 0.6) -> None:
        """Draw a frame."""

        def draw(canvas: Any) -> None:
            canvas.setStrokeGray(0)
            canvas.setLineWidth(line)
            canvas.rect(x, top - height, width, height)

        self.add(draw)

    def rule(
        self, x0: float, y0: float, x1: float, y1: float, *, line: float = 0.4, grey: float = 0.0
    ) -> None:
        """Draw a line."""

        def draw(canvas: Any) -> None:
            canvas.setStrokeGray(grey)
            canvas.setLineWidth(line)
            canvas.line(x0, y0, x1, y1)

        self.add(draw)

    def heading_height(self, below: str) -> float:
        """Return the height of a heading of one line with its instructions."""
        return self.line_height(11) + 4.5 * MM + self.height(below, self.width, 8)

    def heading(self, title: str, below: str = "", *, keep: float = 0.0) -> None:
        """Write the title of a block with its instructions, with `keep` points of what follows."""
        self.need(self.heading_height(below) + keep)
        self.y -= 2.5 * MM
        self.y -= self.lines(MARGIN, self.y, title, self.width, 11, bold=True) + 0.5 * MM
        if below:
            self.y -= self.lines(MARGIN, self.y, below, self.width, 8)
        self.y -= 1.5 * MM


def draw_pages(canvas: Any, sheets: list[Sheet]) -> None:
    """Draw all sheets; pages are numbered within each."""
    for sheet in sheets:
        count = len(sheet.pages)
        for number, page in enumerate(sheet.pages, start=1):
            canvas.setPageSize(sheet.size)
            _header(canvas, sheet, number, count)
            for draw in page:
                draw(canvas)
            _footer(canvas, sheet, number, count)
            canvas.showPage()


def _header(canvas: Any, sheet: Sheet, number: int, count: int) -> None:
    width, height = sheet.size
    top = height - MARGIN
    draw_qr_code(canvas, sheet.session, width - MARGIN - _QR, top)
    x, room = MARGIN, sheet.width - _QR - 2 * MM
    title = sheet.say(sheet.protocol.title)
    sheet.type.draw(canvas, x, top - 12, title, 13, bold=True)
    page = sheet.word("page", n=number, N=count)
    about = f"{sheet.protocol.id} {sheet.protocol.version} · {page}"
    sheet.type.draw(canvas, x + room, top - 9, about, 7.5, align="right")
    session = f"{sheet.word('session')}: {sheet.session}"
    sheet.type.draw(canvas, x + room, top - 20, session, 9, bold=True, align="right")
    _identity(canvas, sheet, x, top - 11 * MM, room)
    canvas.setStrokeGray(0)
    canvas.setLineWidth(1)
    canvas.line(MARGIN, top - HEADER + 2 * MM, width - MARGIN - _QR - 2 * MM, top - HEADER + 2 * MM)


def draw_qr_code(canvas: Any, text: str, x: float, top: float) -> None:
    """Draw a QR code with its quiet zone of four modules."""
    from reportlab.graphics.barcode.qr import QrCodeWidget

    code = QrCodeWidget(text, barLevel="M").qr
    code.make()
    count = code.getModuleCount()
    step = _QR / (count + 8)
    canvas.setFillGray(0)
    for row in range(count):
        for column in range(count):
            if code.isDark(row, column):
                # a hair wider than the grid, so that printers leave no white lines
                canvas.rect(
                    x + (column + 4) * step,
                    top - (row + 5) * step,
                    step * 1.02,
                    step * 1.02,
                    stroke=0,
                    fill=1,
                )


def _identity(canvas: Any, sheet: Sheet, x: float, y: float, width: float) -> None:
    """Draw what a loose page needs to find its session: whose it is, when it began and ended."""
    labels = {
        item.id: sheet.say(item.label) for block in sheet.protocol.item_blocks() for item in block.items
    }
    fields = [(labels[name], sheet.options.prefill.get(name, "")) for name in _IDENTITY if name in labels]
    fields += [(sheet.word(name), "") for name in ("date", "started", "stopped")]
    each = width / len(fields)
    for number, (label, value) in enumerate(fields):
        left = x + number * each
        canvas.setStrokeGray(0)
        canvas.setLineWidth(0.6)
        canvas.rect(left, y - 9 * MM, each - 1 * MM, 9 * MM)
        for line, words in enumerate(sheet.type.wrap(label, each - 3 * MM, 6.5)[:2]):
            sheet.type.draw(canvas, left + 1 * MM, y - 7.5 - line * sheet.line_height(6.5), words, 6.5)
        if value:
            sheet.type.draw(canvas, left + 1 * MM, y - 8.2 * MM, value, 9, bold=True)


_IDENTITY = ("station_id", "point_id", "observer")


def _footer(canvas: Any, sheet: Sheet, number: int, count: int) -> None:
    y = MARGIN
    canvas.setStrokeGray(0)
    canvas.setLineWidth(0.4)
    canvas.line(MARGIN, y + 4.5 * MM, MARGIN + sheet.width, y + 4.5 * MM)
    sheet.type.draw(canvas, MARGIN, y, sheet.word("tally_help"), 7.5)
    signed = sheet.word("signed") + ": ______________"
    sheet.type.draw(canvas, MARGIN + sheet.width * 0.62, y, signed, 7.5, align="centre")
    page = sheet.word("page", n=number, N=count)
    sheet.type.draw(canvas, MARGIN + sheet.width, y, f"{sheet.session} · {page}", 7.5, align="right")
