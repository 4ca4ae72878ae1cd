"""Tables on paper: rows to write into, and the list of behaviours of a focal follow."""

from __future__ import annotations

from gazestudy.protocol.blocks import FocalBlock, LogBlock
from gazestudy.protocol.targets.pdf.answers import SMALL, options_of
from gazestudy.protocol.targets.pdf.page import MARGIN, MM, Sheet


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
