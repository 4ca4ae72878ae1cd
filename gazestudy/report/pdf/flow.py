"""What flows down the pages: text in any script, bars, pictures, boxes, headings with their anchors."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from reportlab.platypus import Flowable

from gazestudy.protocol.targets.pdf.text import Typesetter
from gazestudy.report.pdf.text import printable
from gazestudy.report.structure import Picture, Report

MARGIN = 52.0
INK, SOFT, LINE = "#1a1a1a", "#55524d", "#cfcac0"
ACCENT, WARM, PALE, RAISED = "#1d5f86", "#a94a17", "#c3dae8", "#f4f2ec"
CLEAR, OPEN = "#2e6b3a", "#8a5a00"
_LEADING = 1.42
_TOGETHER = 2


@dataclass(slots=True)
class Writer:
    """Makes flowables in one set of fonts.

    Attributes
    ----------
    type : Typesetter
        Measures and draws text.
    lost : frozenset of str
        Letters that no font has.
    found : dict of str to int
        Anchor to the page on which it was set.
    """

    type: Typesetter
    lost: frozenset[str]
    found: dict[str, int] = field(default_factory=dict)

    def line(
        self,
        canvas: Any,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        align: str = "left",
    ) -> None:
        """Draw one line; where shaping places marks, the text behind the glyphs is kept beside them."""
        shaped = any(unicodedata.category(letter) in ("Mn", "Mc") for letter in text)
        if shaped:
            canvas._code.append(f"/Span<</ActualText<FEFF{text.encode('utf-16-be').hex().upper()}>>>BDC")
        self.type.draw(canvas, x, y, text, size, bold=bold, align=align)
        if shaped:
            canvas._code.append("EMC")

    def words(
        self, text: str, size: float = 9.5, *, bold: bool = False, colour: str = INK, indent: float = 0.0
    ) -> Words:
        """Return running text."""
        return Words(self, printable(text, self.lost), size, bold=bold, colour=colour, indent=indent)


class Words(Flowable):  # type: ignore[misc]
    r"""Text that breaks into lines, and between pages.

    Parameters
    ----------
    writer : Writer
        Fonts.
    text : str
        Printable text; "\n" begins a line.
    size : float
        Points.
    bold, colour, indent
        As it looks; indent in points.
    """

    def __init__(
        self, writer: Writer, text: str, size: float, *, bold: bool, colour: str, indent: float = 0.0
    ) -> None:
        super().__init__()
        self.writer, self.text, self.size = writer, text, size
        self.bold, self.colour, self.indent = bold, colour, indent
        self.lines: list[str] | None = None
        self._room = 0.0

    @property
    def leading(self) -> float:
        """Distance of lines in points."""
        return self.size * _LEADING

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Break lines for a width in points."""
        if self.lines is None or self._room != width:
            room = max(width - self.indent, self.size)
            self.lines = self.writer.type.wrap(self.text, room, self.size, bold=self.bold)
            self._room = width
        self.width, self.height = width, len(self.lines) * self.leading
        return width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """Return what fits on this page, and the rest: no line of a paragraph stands alone."""
        self.wrap(width, height)
        lines = self.lines or []
        fit = min(int(height // self.leading), len(lines) - _TOGETHER)
        if fit < _TOGETHER:
            return []
        parts = []
        for some in (lines[:fit], lines[fit:]):
            part = Words(
                self.writer,
                "\n".join(some),
                self.size,
                bold=self.bold,
                colour=self.colour,
                indent=self.indent,
            )
            part.lines, part._room = some, width
            parts.append(part)
        return parts

    def draw(self) -> None:
        """Draw the lines from the top."""
        self.canv.setFillColor(self.colour)
        y = self.height - self.size * 1.05
        for line in self.lines or []:
            self.writer.line(self.canv, self.indent, y, line, self.size, bold=self.bold)
            y -= self.leading


class Heading(Words):
    """A heading that the contents and the outline of the document lead to."""

    def __init__(
        self, writer: Writer, text: str, size: float, *, anchor: str, level: int, above: float = 0.0
    ) -> None:
        super().__init__(writer, printable(text, writer.lost), size, bold=True, colour=INK)
        self.anchor, self.level, self.spaceBefore = anchor, level, above  # no space at the top of a page
        self.keepWithNext = True

    def split(self, width: float, height: float) -> list[Flowable]:
        """Stay whole."""
        return []

    def draw(self) -> None:
        """Draw it and note its page."""
        self.writer.found[self.anchor] = self.canv.getPageNumber()
        self.canv.bookmarkHorizontal(self.anchor, 0, self.height + 6)
        self.canv.addOutlineEntry(self.text, self.anchor, self.level, closed=self.level > 0)
        super().draw()


class ContentsLine(Flowable):  # type: ignore[misc]
    """A line of the contents, with its page."""

    def __init__(self, writer: Writer, text: str, anchor: str, page: int, *, level: int) -> None:
        super().__init__()
        self.writer, self.anchor, self.level = writer, anchor, level
        self.text, self.page = printable(text, writer.lost), page

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Take one line."""
        self.width, self.height = width, 17.0 if self.level == 0 else 14.5
        return self.width, self.height

    def draw(self) -> None:
        """Draw title and page, and make the line a link."""
        size = 10.0 if self.level == 0 else 9.0
        kind, left = self.writer.type, 14.0 * self.level
        room = self.width - left - 40
        title = kind.wrap(self.text, room, size, bold=self.level == 0)[0]
        self.canv.setFillColor(INK if self.level == 0 else SOFT)
        self.writer.line(self.canv, left, 4, title, size, bold=self.level == 0)
        if self.page:
            kind.draw(self.canv, self.width, 4, str(self.page), size, align="right")
        self.canv.linkRect("", self.anchor, (0, 0, self.width, self.height), relative=1, thickness=0)


class Bar(Flowable):  # type: ignore[misc]
    """A share with its interval on a line from 0 to 100 %."""

    def __init__(self, value: float, low: float, high: float, *, most: float = 110.0) -> None:
        super().__init__()
        self.value, self.low, self.high, self.most = value, low, high, most

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Take a line."""
        self.width, self.height = min(width, self.most), 7.0
        return self.width, self.height

    def draw(self) -> None:
        """Draw track, band and value."""
        at = self.width
        self.canv.setStrokeColor(LINE)
        self.canv.setLineWidth(0.6)
        self.canv.line(0, 3.5, at, 3.5)
        self.canv.setFillColor(PALE)
        self.canv.rect(self.low * at, 1.5, (self.high - self.low) * at, 4, stroke=0, fill=1)
        self.canv.setFillColor(ACCENT)
        self.canv.rect(min(max(self.value * at - 0.9, 0), at - 1.8), 0, 1.8, 7, stroke=0, fill=1)


class Rule(Flowable):  # type: ignore[misc]
    """A line across the page."""

    def __init__(
        self, *, colour: str = LINE, width: float = 0.6, above: float = 6.0, below: float = 4.0
    ) -> None:
        super().__init__()
        self.colour, self.line, self.above, self.below = colour, width, above, below

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Take its room."""
        self.width, self.height = width, self.above + self.below
        return self.width, self.height

    def draw(self) -> None:
        """Draw the line."""
        self.canv.setStrokeColor(self.colour)
        self.canv.setLineWidth(self.line)
        self.canv.line(0, self.below, self.width, self.below)


def image(picture: Picture, width: float, height: float) -> Any:
    """Return the image of a picture, as large as fits into a width and height in points."""
    from reportlab.platypus import Image

    factor = min(width / max(picture.width_px, 1), height / max(picture.height_px, 1))
    return Image(
        io.BytesIO(picture.image), picture.width_px * factor, picture.height_px * factor, hAlign="LEFT"
    )


def footer(canvas: Any, writer: Writer, report: Report, page: int, total: int) -> None:
    """Write study and page at the bottom of a page."""
    width = canvas._pagesize[0]
    canvas.setFillColor(SOFT)
    title = writer.type.wrap(printable(report.title, writer.lost), width - 2 * MARGIN - 90, 8)[0]
    writer.line(canvas, MARGIN, MARGIN - 16, title, 8)
    number = f"{page} / {total}" if total else str(page)
    writer.type.draw(canvas, width - MARGIN, MARGIN - 16, number, 8, align="right")
