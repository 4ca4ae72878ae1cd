"""Grids on paper: items down, intervals, scans or placements across."""

from __future__ import annotations

from typing import Any

from gazestudy.protocol.blocks import IntervalBlock, ItemBlock, PerAdBlock, ScanBlock
from gazestudy.protocol.canonical import is_per_placement
from gazestudy.protocol.items import Choice, Item
from gazestudy.protocol.targets.pdf.answers import SMALL, mark, options_of
from gazestudy.protocol.targets.pdf.labels import LABEL, draw_rules, label_of, rules_height, small_print
from gazestudy.protocol.targets.pdf.page import MARGIN, MM, Sheet

PER_PAGE = 12
"""Intervals or scans side by side."""

_NARROW = 7.2
"""Size of definitions beside a grid."""
_CELL = 12 * MM
"""Least height and width of a tally cell."""


def draw_slices(sheet: Sheet, block: IntervalBlock | ScanBlock) -> None:
    """Draw one column for each interval or scan, twelve on a page."""
    count = sheet.options.slices(block.every_s)
    rows = _grid_rows(block, sheet.options.placements)
    for start in range(0, count, PER_PAGE):
        heads = []
        for number in range(start, min(start + PER_PAGE, count)):
            begin = number * block.every_s
            end = min(begin + block.every_s, sheet.options.length_s)
            minutes = (
                f"{_minutes(begin)}–{_minutes(end)}" if isinstance(block, IntervalBlock) else _minutes(begin)
            )
            heads.append((str(number), minutes))
        _grid(sheet, block, rows, heads, sheet.say(block.title), PER_PAGE)
    draw_rules(sheet, block)


def _minutes(seconds: float) -> str:
    whole, rest = divmod(int(seconds), 60)
    return f"{whole}" if not rest else f"{whole}:{rest:02d}"


def _grid_rows(block: ItemBlock, placements: tuple[Choice, ...]) -> list[tuple[Item | None, Choice | None]]:
    """Return items of the whole point, then for each placement a heading (no item) and its items."""
    own = [item for item in block.items if is_per_placement(item)] if placements else []
    rows: list[tuple[Item | None, Choice | None]] = [(item, None) for item in block.items if item not in own]
    for placement in placements if own else ():
        rows.append((None, placement))
        rows += [(item, placement) for item in own]
    return rows


def draw_placements(sheet: Sheet, block: PerAdBlock) -> None:
    """Draw one column for each placement."""
    placements = [(one.code, sheet.say(one.label)) for one in sheet.options.placements]
    blank = not placements
    per_page = 4 if sheet.size[0] > sheet.size[1] else 3
    heads = placements or [("", "")] * per_page
    rows: list[tuple[Item | None, Choice | None]] = [(item, None) for item in block.items]
    for start in range(0, len(heads), per_page):
        shown = heads[start : start + per_page]
        names = [(code, label if label != code else "") for code, label in shown]
        _grid(sheet, block, rows, names, sheet.say(block.title), per_page, blank_heads=blank)
    draw_rules(sheet, block)


def _grid(
    sheet: Sheet,
    block: ItemBlock,
    rows: list[tuple[Item | None, Choice | None]],
    heads: list[tuple[str, str]],
    title: str,
    columns: int,
    *,
    blank_heads: bool = False,
) -> None:
    """Draw items down and heads across; the heads come again on every page."""
    left = min(84 * MM, sheet.width - columns * _CELL)
    each = (sheet.width - left) / columns
    open_placement = any(item is not None and is_per_placement(item) for item, _ in rows)
    write_in = open_placement and not sheet.options.placements
    heights = [_row_height(sheet, block, row, left, each) for row in rows]
    head = 11 * MM if blank_heads else 9 * MM
    whole = head + sum(heights) + (6 * MM if write_in else 0.0)
    rules = rules_height(sheet, block)
    below = sheet.say(block.instructions)
    fits = sheet.heading_height(below) + whole + rules <= sheet.page_room
    sheet.heading(title, below, keep=whole + rules if fits else head + sum(heights[:2]))
    heights = _stretched(sheet, rows, heights, whole + rules)
    if write_in:
        words = f"{sheet.word('placement')}: ____________________"
        sheet.y -= sheet.lines(MARGIN, sheet.y, words, sheet.width, LABEL, bold=True) + 1 * MM
    _grid_head(sheet, block, heads, left, each, head)
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        first = heights[number + 1] if row[0] is None else 0.0  # a heading stays with its first row
        if sheet.need(height + first):
            _grid_head(sheet, block, heads, left, each, head)
        _grid_row(sheet, block, row, heads, left, each, height)
        sheet.y -= height


def _stretched(
    sheet: Sheet, rows: list[tuple[Item | None, Choice | None]], heights: list[float], whole: float
) -> list[float]:
    """Give room that is left on the page to the tallies."""
    tallies = [item is not None and item.type == "count" for item, _ in rows]
    if not any(tallies) or whole > sheet.room:
        return heights
    more = min((sheet.room - whole) / sum(tallies), 8 * MM)
    return [height + more * tally for height, tally in zip(heights, tallies, strict=True)]


def _grid_head(
    sheet: Sheet, block: ItemBlock, heads: list[tuple[str, str]], left: float, each: float, height: float
) -> None:
    top = sheet.y
    name = {"interval": "interval", "scan": "scan"}.get(getattr(block, "kind", ""), "placement")
    sheet.box(MARGIN, top, left, height, line=0.8)
    sheet.lines(MARGIN + 1.5 * MM, top - 1 * MM, sheet.word(name), left - 3 * MM, LABEL, bold=True)
    if name != "placement":
        words = sheet.word("minutes")
        sheet.lines(MARGIN + 1.5 * MM, top - 5 * MM, words, left - 3 * MM, SMALL)
    for number, (first, second) in enumerate(heads):
        x = MARGIN + left + number * each
        sheet.box(x, top, each, height, line=0.8)

        def draw(canvas: Any, x: float = x, first: str = first, second: str = second) -> None:
            sheet.type.draw(canvas, x + each / 2, top - 4 * MM, first, LABEL, bold=True, align="centre")
            for line in sheet.type.wrap(second, each - 1 * MM, 7)[:1]:
                sheet.type.draw(canvas, x + each / 2, top - 7.6 * MM, line, 7, align="centre")

        sheet.add(draw)
    sheet.y -= height


def _row_height(
    sheet: Sheet, block: ItemBlock, row: tuple[Item | None, Choice | None], left: float, each: float
) -> float:
    item, placement = row
    if item is None:
        return 6 * MM
    inner = left - 3 * MM
    text = sheet.height(label_of(sheet, item), inner, LABEL, bold=True)
    text += sheet.height(small_print(sheet, block, item, placement), inner, _NARROW) + 1.6 * MM
    options = options_of(sheet, item)
    if options:
        return max(text, _stack_height(sheet, item, each) + 1.6 * MM)
    if item.type == "text":
        return max(text, 7 * MM * (1 + item.lines))
    return max(text, _CELL)


def _stack(sheet: Sheet, item: Item, each: float) -> list[tuple[list[str], float]]:
    """Return the options of a cell, one below the other: their lines and height."""
    stacked = []
    for code, label in options_of(sheet, item):
        words = label if label.replace(" %", "") == code else f"{label} [{code}]"
        if each < 24 * MM:
            words = label
        lines = sheet.type.wrap(words, each - 6 * MM, 6.5)
        stacked.append((lines, max(3.9 * MM, sheet.line_height(6.5) * len(lines) + 0.5 * MM)))
    return stacked


def _stack_height(sheet: Sheet, item: Item, each: float) -> float:
    return sum(height for _, height in _stack(sheet, item, each))


def _grid_row(
    sheet: Sheet,
    block: ItemBlock,
    row: tuple[Item | None, Choice | None],
    heads: list[tuple[str, str]],
    left: float,
    each: float,
    height: float,
) -> None:
    item, placement = row
    top = sheet.y
    if item is None:
        label = sheet.say(placement.label) if placement else ""
        code = placement.code if placement else ""
        words = f"{sheet.word('placement')}: {code}" + (f" · {label}" if label != code else "")
        sheet.box(MARGIN, top, left + each * len(heads), height, line=0.8)
        sheet.lines(MARGIN + 1.5 * MM, top - 1 * MM, words, left + each * len(heads), LABEL, bold=True)
        return
    sheet.box(MARGIN, top, left, height)
    y = top - 0.8 * MM
    y -= sheet.lines(MARGIN + 1.5 * MM, y, label_of(sheet, item), left - 3 * MM, LABEL, bold=True)
    below = small_print(sheet, block, item, placement)
    if below:
        sheet.lines(MARGIN + 1.5 * MM, y, below, left - 3 * MM, _NARROW)
    for number in range(len(heads)):
        x = MARGIN + left + number * each
        sheet.box(x, top, each, height)
        if options_of(sheet, item):
            _cell_options(sheet, item, x, top, each)
        elif item.type == "count":
            _cell_tally(sheet, x, top, each, height)
        elif item.type == "scale":
            _cell_scale(sheet, item.points, x, top, each, height)
        elif item.type == "text":
            for line in range(item.lines):
                y = top - 7 * MM * (line + 1)
                sheet.rule(x + 1 * MM, y, x + each - 1 * MM, y, grey=0.5)


def _cell_tally(sheet: Sheet, x: float, top: float, each: float, height: float) -> None:
    """Draw room for strokes in groups of five, and a box for their sum at the bottom right."""
    bottom = top - height
    box = min(each * 0.55, 9 * MM)
    sheet.box(x + each - box, bottom + 5 * MM, box, 5 * MM, line=0.4)

    def draw(canvas: Any) -> None:
        sheet.type.draw(canvas, x + each - box + 0.7 * MM, bottom + 0.9 * MM, "=", 6)

    sheet.add(draw)


def _cell_scale(sheet: Sheet, points: int, x: float, top: float, each: float, height: float) -> None:
    """Draw the numbers of a scale, one of which is circled."""
    step = (each - 2 * MM) / points

    def draw(canvas: Any) -> None:
        for number in range(points):
            centre = x + 1 * MM + step * (number + 0.5)
            sheet.type.draw(canvas, centre, top - height / 2 - 3, str(number + 1), 9, align="centre")

    sheet.add(draw)


def _cell_options(sheet: Sheet, item: Item, x: float, top: float, each: float) -> None:
    y = top - 0.8 * MM
    for lines, height in _stack(sheet, item, each):
        mark(sheet, x + 0.8 * MM, y, square=item.type == "multi")
        for number, line in enumerate(lines):

            def draw(canvas: Any, line: str = line, y: float = y, number: int = number) -> None:
                baseline = y - 2.5 * MM - sheet.line_height(6.5) * number
                sheet.type.draw(canvas, x + 4.8 * MM, baseline, line, 6.5)

            sheet.add(draw)
        y -= height
