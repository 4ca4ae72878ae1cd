"""Blocks on paper: boxed headers, tally grids, tables of events, questions."""

from __future__ import annotations

from typing import Any

from gazestudy.protocol.blocks import (
    Block,
    FocalBlock,
    FormBlock,
    IntervalBlock,
    ItemBlock,
    LogBlock,
    PerAdBlock,
    ScanBlock,
)
from gazestudy.protocol.canonical import is_per_placement
from gazestudy.protocol.items import Choice, Item
from gazestudy.protocol.targets.pdf.answers import SMALL, answer_height, draw_answer, mark, options_of
from gazestudy.protocol.targets.pdf.page import MARGIN, MM, Sheet

PER_PAGE = 12
"""Intervals or scans side by side."""

_LABEL = 9.0
_NARROW = 7.2
"""Size of definitions beside a grid."""
_CELL = 12 * MM
"""Least height and width of a tally cell."""


def draw_block(sheet: Sheet, block: Block) -> None:
    """Put a block on the sheet."""
    if isinstance(block, FormBlock):
        draw_form(sheet, block, 1 if block.answers else 2)
    elif isinstance(block, (IntervalBlock, ScanBlock)):
        draw_slices(sheet, block)
    elif isinstance(block, PerAdBlock):
        draw_placements(sheet, block)
    elif isinstance(block, LogBlock):
        draw_log(sheet, block)
    else:
        draw_focal(sheet, block)


def draw_instructions(sheet: Sheet) -> None:
    """Write the purpose and the numbered instructions of the document."""
    sheet.need(20 * MM)
    sheet.y -= sheet.lines(MARGIN, sheet.y, sheet.say(sheet.protocol.purpose), sheet.width, 9, bold=True)
    sheet.y -= 1 * MM
    for number, text in enumerate(sheet.protocol.instructions, start=1):
        words = f"{number}. {sheet.say(text)}"
        sheet.need(sheet.height(words, sheet.width, 8.5))
        sheet.y -= sheet.lines(MARGIN, sheet.y, words, sheet.width, 8.5)


# ---- forms ----


def draw_form(sheet: Sheet, block: FormBlock, columns: int) -> None:
    """Draw items as boxes, in one or two columns."""
    gap = 3 * MM
    width = (sheet.width - gap * (columns - 1)) / columns
    items = list(block.items)
    first = max(_field_height(sheet, block, item, width) for item in items[:columns])
    sheet.heading(sheet.say(block.title), sheet.say(block.instructions), keep=first)
    if block.answers:
        _respondent(sheet)
    for start in range(0, len(items), columns):
        row = items[start : start + columns]
        height = max(_field_height(sheet, block, item, width) for item in row)
        sheet.need(height)
        for number, item in enumerate(row):
            _draw_field(sheet, block, item, MARGIN + number * (width + gap), width, height)
        sheet.y -= height
    _rules(sheet, block)


def _respondent(sheet: Sheet) -> None:
    words = sheet.word("respondent")
    sheet.lines(MARGIN, sheet.y - 1.5 * MM, words, 50 * MM, _LABEL, bold=True)
    sheet.box(MARGIN + 52 * MM, sheet.y, 30 * MM, 7 * MM)
    sheet.y -= 9 * MM


def _label(sheet: Sheet, item: Item) -> str:
    unit = getattr(item, "unit", "")
    return sheet.say(item.label) + (f" ({unit})" if unit else "") + (" *" if item.required else "")


def _below(sheet: Sheet, block: ItemBlock, item: Item, placement: Choice | None = None) -> str:
    """Return the small print of an item: its definition (once, not for each placement), when it is asked."""
    if placement is not None and placement != sheet.options.placements[0]:
        return ""
    parts = [sheet.say(item.definition)]
    if item.type == "scale" and not isinstance(block, FormBlock):
        parts.append(f"1 = {sheet.say(item.low)}, {item.points} = {sheet.say(item.high)}.")
    if item.type in ("photo", "audio") and not isinstance(block, FormBlock):
        parts.append(f"({sheet.word('photo_note')})")
    if item.when is not None:
        other = next(one for one in block.items if one.id == item.when.item)
        labels = dict(options_of(sheet, other))
        wanted = ", ".join(labels.get(code, code) for code in item.when.any_of)
        parts.append(f"[{sheet.word('only_if')} {sheet.say(other.label)}: {wanted}]")
    return " ".join(part for part in parts if part)


def _field_height(sheet: Sheet, block: ItemBlock, item: Item, width: float) -> float:
    inner = width - 3 * MM
    return (
        sheet.height(_label(sheet, item), inner, _LABEL, bold=True)
        + sheet.height(_below(sheet, block, item), inner, SMALL)
        + answer_height(sheet, item, inner)
        + 3.5 * MM
    )


def _draw_field(sheet: Sheet, block: ItemBlock, item: Item, x: float, width: float, height: float) -> None:
    top = sheet.y
    sheet.box(x, top, width, height - 1 * MM, line=0.4)
    inner, left = width - 3 * MM, x + 1.5 * MM
    y = top - 0.8 * MM
    y -= sheet.lines(left, y, _label(sheet, item), inner, _LABEL, bold=True)
    below = _below(sheet, block, item)
    if below:
        y -= sheet.lines(left, y, below, inner, SMALL)
    draw_answer(sheet, item, left, y - 0.8 * MM, inner)


# ---- grids ----


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
    _rules(sheet, block)


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
    _rules(sheet, block)


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
    rules = _rules_height(sheet, block)
    below = sheet.say(block.instructions)
    fits = sheet.heading_height(below) + whole + rules <= sheet.page_room
    sheet.heading(title, below, keep=whole + rules if fits else head + sum(heights[:2]))
    heights = _stretched(sheet, rows, heights, whole + rules)
    if write_in:
        words = f"{sheet.word('placement')}: ____________________"
        sheet.y -= sheet.lines(MARGIN, sheet.y, words, sheet.width, _LABEL, bold=True) + 1 * MM
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
    sheet.lines(MARGIN + 1.5 * MM, top - 1 * MM, sheet.word(name), left - 3 * MM, _LABEL, bold=True)
    if name != "placement":
        words = sheet.word("minutes")
        sheet.lines(MARGIN + 1.5 * MM, top - 5 * MM, words, left - 3 * MM, SMALL)
    for number, (first, second) in enumerate(heads):
        x = MARGIN + left + number * each
        sheet.box(x, top, each, height, line=0.8)

        def draw(canvas: Any, x: float = x, first: str = first, second: str = second) -> None:
            sheet.type.draw(canvas, x + each / 2, top - 4 * MM, first, _LABEL, bold=True, align="centre")
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
    text = sheet.height(_label(sheet, item), inner, _LABEL, bold=True)
    text += sheet.height(_below(sheet, block, item, placement), inner, _NARROW) + 1.6 * MM
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
        sheet.lines(MARGIN + 1.5 * MM, top - 1 * MM, words, left + each * len(heads), _LABEL, bold=True)
        return
    sheet.box(MARGIN, top, left, height)
    y = top - 0.8 * MM
    y -= sheet.lines(MARGIN + 1.5 * MM, y, _label(sheet, item), left - 3 * MM, _LABEL, bold=True)
    below = _below(sheet, block, item, placement)
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


def _rules_height(sheet: Sheet, block: ItemBlock) -> float:
    words = _rule_words(sheet, block)
    return sheet.height(words, sheet.width, 8) + 2 * MM if words else 0.0


def _rule_words(sheet: Sheet, block: ItemBlock) -> str:
    if not block.rules:
        return ""
    labels = {item.id: sheet.say(item.label) for item in block.items}
    signs = {"<=": "≤", ">=": "≥"}
    told = [line.rule().write(lambda name: f"“{labels[name]}”", signs) for line in block.rules]
    return f"{sheet.word('rules')}:  " + "   ·   ".join(told)


def _rules(sheet: Sheet, block: ItemBlock) -> None:
    words = _rule_words(sheet, block)
    if not words:
        return
    sheet.need(_rules_height(sheet, block))
    sheet.y -= 1.5 * MM
    sheet.y -= sheet.lines(MARGIN, sheet.y, words, sheet.width, 8)


# ---- tables to write into ----


def draw_log(sheet: Sheet, block: LogBlock) -> None:
    """Draw rows with a time and a column for each item."""
    heads: list[tuple[str, str, float]] = [(sheet.word("time"), "hh:mm", 18 * MM)]
    rest = sheet.width - 18 * MM
    weights = [3.0 if item.type == "text" else 1.0 for item in block.items]
    for item, weight in zip(block.items, weights, strict=True):
        codes = ", ".join(
            label if label == code else f"{label} [{code}]" for code, label in options_of(sheet, item)
        )
        below = " ".join(part for part in (sheet.say(item.definition), codes) if part)
        heads.append((sheet.say(item.label), below, rest * weight / sum(weights)))
    _table(sheet, sheet.say(block.title), sheet.say(block.instructions), heads, rows=8)


def draw_focal(sheet: Sheet, block: FocalBlock) -> None:
    """Draw the list of behaviours with definitions, then a table of events."""
    sheet.heading(sheet.say(block.title), sheet.say(block.instructions), keep=20 * MM)
    width = sheet.width
    code_width, kind_width = 34 * MM, 20 * MM
    categories = {one.code: sheet.say(one.label) for one in block.categories}
    known = None
    for one in block.behaviours:
        if one.category and one.category != known:
            known = one.category
            sheet.need(6 * MM)
            sheet.y -= sheet.lines(MARGIN, sheet.y - 1 * MM, categories[known], width, SMALL, bold=True)
            sheet.y -= 1.5 * MM
        words = f"{sheet.say(one.label)}: {sheet.say(one.definition)}".strip(": ")
        room = width - code_width - kind_width - 4 * MM
        height = max(sheet.height(words, room, 8), 4.4 * MM) + 1.4 * MM
        sheet.need(height)
        top = sheet.y
        sheet.rule(MARGIN, top, MARGIN + width, top, line=0.3, grey=0.4)
        sheet.lines(MARGIN, top - 0.5 * MM, f"{one.key}  {one.code}", code_width, 8, bold=True)
        sheet.lines(MARGIN + code_width, top - 0.5 * MM, sheet.word(one.type), kind_width, SMALL)
        sheet.lines(MARGIN + code_width + kind_width, top - 0.5 * MM, words, room, 8)
        sheet.y -= height
    for group in block.exclusive:
        words = sheet.word("one_at_a_time", codes=", ".join(group))
        sheet.need(sheet.height(words, width, 8))
        sheet.y -= sheet.lines(MARGIN, sheet.y, words, width, 8)
    heads: list[tuple[str, str, float]] = []
    if block.subject == "person":
        heads.append((sheet.word("subject"), "", 18 * MM))
    heads += [
        (sheet.word("behaviour"), "", 30 * MM),
        (sheet.word("from"), "", 22 * MM),
        (sheet.word("to"), "", 18 * MM),
    ]
    for modifier in block.modifiers:
        entries = sheet.protocol.choices[modifier.choices] if modifier.choices else ()
        codes = ", ".join(f"{sheet.say(choice.label)} [{choice.code}]" for choice in entries)
        heads.append((sheet.say(modifier.label), codes, 34 * MM if codes else 22 * MM))
    used = sum(head[2] for head in heads)
    heads.append((sheet.word("comment"), "", max(width - used, 20 * MM)))
    scale = width / sum(head[2] for head in heads)
    heads = [(label, below, each * scale) for label, below, each in heads]
    _table(sheet, sheet.say(block.title), "", heads, rows=15 if block.subject == "place" else 30)


def _table(sheet: Sheet, title: str, below: str, heads: list[tuple[str, str, float]], *, rows: int) -> None:
    """Draw an empty table of `rows` or more, to the end of a page; its head comes again on every page."""
    step = 8 * MM
    height = max(
        sheet.height(label, width - 2 * MM, SMALL, bold=True) + sheet.height(codes, width - 2 * MM, 6.5)
        for label, codes, width in heads
    )
    height += 2 * MM
    sheet.heading(title, below, keep=height + 4 * step)
    _table_head(sheet, heads, height)
    drawn = 0
    while drawn < rows or sheet.room >= step:
        if sheet.need(step):
            _table_head(sheet, heads, height)
        drawn += 1
        x = MARGIN
        for _, _, width in heads:
            sheet.box(x, sheet.y, width, step, line=0.3)
            x += width
        sheet.y -= step


def _table_head(sheet: Sheet, heads: list[tuple[str, str, float]], height: float) -> None:
    x = MARGIN
    for label, codes, width in heads:
        sheet.box(x, sheet.y, width, height, line=0.8)
        y = sheet.y - 0.6 * MM
        y -= sheet.lines(x + 1 * MM, y, label, width - 2 * MM, SMALL, bold=True)
        if codes:
            sheet.lines(x + 1 * MM, y, codes, width - 2 * MM, 6.5)
        x += width
    sheet.y -= height
