"""Blocks of a report as what flows down the pages."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, PageBreak, Spacer, Table

from gazestudy.report import structure as parts
from gazestudy.report.html import heads, short_base
from gazestudy.report.pdf.flow import (
    ACCENT,
    CLEAR,
    INK,
    LINE,
    OPEN,
    RAISED,
    SOFT,
    WARM,
    Bar,
    ContentsLine,
    Heading,
    Rule,
    Writer,
    image,
)
from gazestudy.report.structure import Number, Report, Section
from gazestudy.report.words import base_text, interval_text, value_text

_WIDTH = 595.27 - 2 * 52.0
_CHAPTER_ROOM, _PLACEMENT_ROOM = 360, 460
"""Points that must be free below for a chapter, and for the heading, picture and figures of a placement."""

_SHORT_TABLE = 6
"""Tables of so many rows are not broken."""
_RUNG_COLOURS = {"attention": ACCENT, "memory": WARM}
_STRENGTH = {
    "clear": ("● clear", CLEAR),
    "indicated": ("◐ indicated", ACCENT),
    "open": ("○ not concluded", OPEN),
}
_NO_PADDING = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 8),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]


def cover_flowables(report: Report, writer: Writer, pages: dict[str, int]) -> list[Flowable]:
    """Return title, facts and contents."""
    found: list[Flowable] = [
        Spacer(1, 30),
        writer.words("Attention in the station", 9.5, colour=SOFT),
        Spacer(1, 4),
        writer.words(report.title, 24, bold=True),
        Spacer(1, 4),
        writer.words(report.subtitle, 11, colour=SOFT),
        Rule(above=14, below=8),
        _pairs(writer, report.facts),
        Spacer(1, 20),
        writer.words("Contents", 12, bold=True),
        Spacer(1, 4),
    ]
    for chapter in report.sections:
        page = pages.get(chapter.id, 0)
        found.append(ContentsLine(writer, chapter.title, chapter.id, page, level=0))
        if chapter.id == "placements":
            for one in chapter.sections:
                found.append(ContentsLine(writer, one.title, one.id, pages.get(one.id, 0), level=1))
    made = f"Made {report.made_at} by gazestudy {report.version}. People are pseudonyms."
    return [*found, Spacer(1, 16), writer.words(made, 8, colour=SOFT)]


def chapter_flowables(chapter: Section, writer: Writer, *, first: bool = False) -> list[Flowable]:
    """Return a chapter; it begins on a new page if it is the first, or if half of the page is not free."""
    heading = Heading(writer, chapter.title, 18, anchor=chapter.id, level=0, above=30)
    found: list[Flowable] = [PageBreak() if first else CondPageBreak(_CHAPTER_ROOM), heading, Spacer(1, 6)]
    for block in chapter.blocks:
        found += block_flowables(block, writer)
    for number, section in enumerate(chapter.sections):
        if section.kind == "placement" and number:
            found.append(CondPageBreak(_PLACEMENT_ROOM))
        found += _section(section, writer, level=1)
    return found


def _section(section: Section, writer: Writer, *, level: int) -> list[Flowable]:
    size = 15.0 if section.kind == "placement" else 11.5 if level == 1 else 10.5
    above = 24 if section.kind == "placement" else 0
    heading = Heading(writer, section.title, size, anchor=section.id, level=min(level, 2), above=above)
    found: list[Flowable] = [CondPageBreak(90), Spacer(1, 8), heading]
    found.append(Spacer(1, 3))
    for block in section.blocks:
        found += block_flowables(block, writer)
    for inner in section.sections:
        found += _section(inner, writer, level=level + 1)
    return found


def block_flowables(block: parts.Block, writer: Writer) -> list[Flowable]:
    """Return one block."""
    name = type(block).__name__
    made = {
        "Paragraph": _paragraph, "Missing": _missing, "Findings": _findings, "Tiles": _tiles, "Table": _table,
        "Pictures": _pictures, "Quotes": _quotes, "Facts": _facts,
    }[name](block, writer)  # fmt: skip
    return [*made, Spacer(1, 7)]


def _paragraph(block: Any, writer: Writer) -> list[Flowable]:
    if block.quiet:
        return [writer.words(block.text, 8.5, colour=SOFT)]
    return [writer.words(block.text)]


def _missing(block: Any, writer: Writer) -> list[Flowable]:
    cell: list[Flowable] = [
        writer.words(block.what, 9.5, bold=True),
        writer.words(f"{block.consequence} {block.advice}".strip(), 9.5),
    ]
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), RAISED),
        ("LINEBEFORE", (0, 0), (0, -1), 2.2, OPEN),
        ("LEFTPADDING", (0, 0), (-1, -1), 10),
        ("RIGHTPADDING", (0, 0), (-1, -1), 10),
        ("TOPPADDING", (0, 0), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
    ]
    return [Table([[cell]], colWidths=[_WIDTH], style=style)]


def _findings(block: Any, writer: Writer) -> list[Flowable]:
    found: list[Flowable] = []
    for one in block.findings:
        words, colour = _STRENGTH[one.strength]
        lines: list[Flowable] = [
            writer.words(one.headline, 11.5, bold=True),
            Spacer(1, 1),
            writer.words(words, 8.5, bold=True, colour=colour),
            writer.words(one.detail, 9, colour=SOFT),
        ]
        for number in one.numbers:
            interval = f" ({interval_text(number)})" if number.has_interval else ""
            text = f"{number.name} {value_text(number)}{interval} · {base_text(number)} · {number.rung}"
            lines.append(Spacer(1, 2))
            lines.append(_beside(number, writer.words(text, 8.2, colour=SOFT)))
        found += [KeepTogether(lines), Spacer(1, 8)]
    return found


def _beside(number: Number, words: Flowable) -> Flowable:
    """Return a bar with words to its right, or the words alone."""
    if number.unit != "share" or not number.known:
        return words
    style = [*_NO_PADDING, ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("TOPPADDING", (0, 0), (-1, -1), 0)]
    style.append(("BOTTOMPADDING", (0, 0), (-1, -1), 0))
    return Table([[_bar(number, 90), words]], colWidths=[100, _WIDTH - 100], style=style)


def _bar(number: Number, most: float) -> Bar:
    low, high = (number.low, number.high) if number.has_interval else (number.value, number.value)
    return Bar(number.value, low, high, most=most)


def _tiles(block: Any, writer: Writer) -> list[Flowable]:
    count = len(block.numbers)
    columns = min(count, 4)
    width = _WIDTH / columns
    found: list[Flowable] = []
    for start in range(0, count, columns):
        row = [_tile(number, writer) for number in block.numbers[start : start + columns]]
        row += [[] for _ in range(columns - len(row))]
        found.append(Table([row], colWidths=[width] * columns, style=_NO_PADDING))
    return found


def _tile(number: Number, writer: Writer) -> list[Flowable]:
    interval = interval_text(number, percent=True) or ("no interval" if number.known else "")
    found: list[Flowable] = [
        Rule(colour=INK, width=1.2, above=0, below=3),
        writer.words(number.name, 8.8, bold=True),
        writer.words(number.rung, 7.8, colour=_RUNG_COLOURS.get(number.rung, SOFT)),
        writer.words(value_text(number), 16 if number.known else 11, bold=number.known, colour=INK),
    ]
    if number.unit == "share" and number.known:
        found.append(_bar(number, 100))
    return [
        *found,
        writer.words(base_text(number), 7.8, colour=SOFT),
        writer.words(interval, 7.8, colour=SOFT),
    ]


def _table(block: Any, writer: Writer) -> list[Flowable]:
    tops = heads(block)
    count = len(block.columns)
    size = 6.6 if count > 10 else 7.4 if count > 6 else 8.6
    head = []
    for top in tops:
        cell: list[Flowable] = [writer.words(top.text, size - 0.4, bold=True, colour=SOFT)]
        if top.rung:
            cell.append(writer.words(top.rung, 7, colour=_RUNG_COLOURS.get(top.rung, SOFT)))
        if top.of:
            cell.append(writer.words(top.base, 7, colour=SOFT))
        head.append(cell)
    rows = [head]
    for row in block.rows:
        rows.append([_cell(cell, top, block, writer, size) for cell, top in zip(row, tops, strict=True)])
    style = [
        *_NO_PADDING,
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
    ]
    table = Table(rows, colWidths=_widths(block), style=style, repeatRows=1, hAlign="LEFT")
    caption = writer.words(block.caption, 9.8, bold=True)
    caption.keepWithNext = True
    found: list[Flowable] = [caption, Spacer(1, 2), table]
    if block.note:
        found += [Spacer(1, 3), writer.words(block.note, 8, colour=SOFT)]
    if len(block.rows) <= _SHORT_TABLE:
        return [KeepTogether(found)]
    return [CondPageBreak(130), *found]


def _widths(block: Any) -> list[float]:
    """Share the width of the page: columns of text by their longest word, numbers alike."""
    count = len(block.columns)
    if count == 2:
        return [_WIDTH * 0.42, _WIDTH * 0.58]
    weights = []
    for place, title in enumerate(block.columns):
        cells = [row[place] for row in block.rows]
        longest = max((len(word) for word in title.split()), default=4)
        if any(isinstance(cell, Number) for cell in cells):
            weights.append(max(longest, 14) + 2.0)
        else:
            written = max((len(cell) for cell in cells if isinstance(cell, str)), default=4)
            weights.append(max(longest, min(written, 20)) + 2.0)
    return [_WIDTH * weight / sum(weights) for weight in weights]


def _cell(cell: parts.Cell, top: Any, block: Any, writer: Writer, size: float) -> list[Flowable]:
    if isinstance(cell, str):
        return [writer.words(cell, size)]
    if not cell.known:
        return [writer.words("–", size), writer.words(short_base(cell, top), size - 1, colour=SOFT)]
    found: list[Flowable] = [writer.words(value_text(cell), size, bold=True)]
    if block.bars and cell.unit == "share":
        found.append(_bar(cell, 78))
    interval = interval_text(cell) or "no interval"
    rung = "" if top.rung else f" · {cell.rung}"
    return [*found, writer.words(f"{short_base(cell, top)} · {interval}{rung}", size - 1, colour=SOFT)]


def _pictures(block: Any, writer: Writer) -> list[Flowable]:
    half = _WIDTH / 2
    if block.layout == "tall":  # the leading picture on the left, the others below each other on its right
        first, *others = block.pictures
        right: list[Flowable] = []
        for one in others:
            right += [*_picture(one, writer, half - 8, 118 if not one.svg else 220), Spacer(1, 6)]
        row = [_picture(first, writer, half - 8, 330), right]
        return [Table([row], colWidths=[half, half], style=_NO_PADDING)]
    found: list[Flowable] = []
    waiting = list(block.pictures)
    if block.layout == "broad":
        found += [*_picture(waiting.pop(0), writer, _WIDTH, 190), Spacer(1, 6)]
    if len(waiting) == 1:
        return [*found, *_picture(waiting[0], writer, _WIDTH * (1.0 if waiting[0].wide else 0.72), 300)]
    while waiting:
        some = [waiting.pop(0) for _ in range(min(2, len(waiting)))]
        cells = [_picture(one, writer, half - 8, 240) for one in some]
        found.append(Table([cells + [[]] * (2 - len(cells))], colWidths=[half, half], style=_NO_PADDING))
    return found


def _picture(one: parts.Picture, writer: Writer, width: float, height: float) -> list[Flowable]:
    return [image(one, width, height), Spacer(1, 3), writer.words(one.caption, 8, colour=SOFT)]


def _quotes(block: Any, writer: Writer) -> list[Flowable]:
    found: list[Flowable] = []
    for one in block.quotes:
        said = " · ".join(text for text in (one.speaker, one.about, one.moment) if text)
        found.append(writer.words(one.text, 9.5, indent=10))
        found.append(writer.words(said, 8, colour=SOFT, indent=10))
        found.append(Spacer(1, 5))
    return found


def _facts(block: Any, writer: Writer) -> list[Flowable]:
    title = writer.words(block.title, 9.8, bold=True)
    title.keepWithNext = True
    return [CondPageBreak(50), title, Spacer(1, 2), _pairs(writer, block.pairs)]


def _pairs(writer: Writer, pairs: tuple[tuple[str, str], ...]) -> Flowable:
    rows = [[writer.words(name, 8.5, colour=SOFT), writer.words(value, 8.5)] for name, value in pairs]
    style = [*_NO_PADDING, ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]
    if not rows:
        return Spacer(1, 1)
    return Table(rows, colWidths=[_WIDTH * 0.3, _WIDTH * 0.7], style=style, hAlign="LEFT")
