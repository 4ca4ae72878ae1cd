"""Blocks on paper, each in its own way."""

from __future__ import annotations

from gazestudy.protocol.blocks import Block, FormBlock, IntervalBlock, LogBlock, PerAdBlock, ScanBlock
from gazestudy.protocol.targets.pdf.forms import draw_form
from gazestudy.protocol.targets.pdf.grids import draw_placements, draw_slices
from gazestudy.protocol.targets.pdf.page import MARGIN, MM, Sheet
from gazestudy.protocol.targets.pdf.tables import draw_focal, draw_log


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
