"""Forms on paper: boxes in one or two columns."""

from __future__ import annotations

from gazestudy.protocol.blocks import FormBlock, ItemBlock
from gazestudy.protocol.items import Item
from gazestudy.protocol.targets.pdf.answers import SMALL, answer_height, draw_answer
from gazestudy.protocol.targets.pdf.labels import LABEL, draw_rules, label_of, small_print
from gazestudy.protocol.targets.pdf.page import MARGIN, MM, Sheet


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
    draw_rules(sheet, block)


def _respondent(sheet: Sheet) -> None:
    words = sheet.word("respondent")
    sheet.lines(MARGIN, sheet.y - 1.5 * MM, words, 50 * MM, LABEL, bold=True)
    sheet.box(MARGIN + 52 * MM, sheet.y, 30 * MM, 7 * MM)
    sheet.y -= 9 * MM


def _field_height(sheet: Sheet, block: ItemBlock, item: Item, width: float) -> float:
    inner = width - 3 * MM
    return (
        sheet.height(label_of(sheet, item), inner, LABEL, bold=True)
        + sheet.height(small_print(sheet, block, item), inner, SMALL)
        + answer_height(sheet, item, inner)
        + 3.5 * MM
    )


def _draw_field(sheet: Sheet, block: ItemBlock, item: Item, x: float, width: float, height: float) -> None:
    top = sheet.y
    sheet.box(x, top, width, height - 1 * MM, line=0.4)
    inner, left = width - 3 * MM, x + 1.5 * MM
    y = top - 0.8 * MM
    y -= sheet.lines(left, y, label_of(sheet, item), inner, LABEL, bold=True)
    below = small_print(sheet, block, item)
    if below:
        y -= sheet.lines(left, y, below, inner, SMALL)
    draw_answer(sheet, item, left, y - 0.8 * MM, inner)
