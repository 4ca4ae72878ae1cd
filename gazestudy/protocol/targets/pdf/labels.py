"""What is written about an item: its name, its small print, the rules of its block."""

from __future__ import annotations

from gazestudy.protocol.blocks import FormBlock, ItemBlock
from gazestudy.protocol.items import Choice, Item
from gazestudy.protocol.targets.pdf.answers import options_of
from gazestudy.protocol.targets.pdf.page import MARGIN, MM, Sheet

LABEL = 9.0
"""Size of names of items."""


def label_of(sheet: Sheet, item: Item) -> str:
    """Return the name of an item with its unit; a star where an answer is required."""
    unit = getattr(item, "unit", "")
    return sheet.say(item.label) + (f" ({unit})" if unit else "") + (" *" if item.required else "")


def small_print(sheet: Sheet, block: ItemBlock, item: Item, placement: Choice | None = None) -> str:
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


def rules_height(sheet: Sheet, block: ItemBlock) -> float:
    """Return the height that `draw_rules` needs."""
    words = rule_words(sheet, block)
    return sheet.height(words, sheet.width, 8) + 2 * MM if words else 0.0


def rule_words(sheet: Sheet, block: ItemBlock) -> str:
    """Return the rules of a block in the words of its labels."""
    if not block.rules:
        return ""
    labels = {item.id: sheet.say(item.label) for item in block.items}
    signs = {"<=": "≤", ">=": "≥"}
    told = [line.rule().write(lambda name: f"“{labels[name]}”", signs) for line in block.rules]
    return f"{sheet.word('rules')}:  " + "   ·   ".join(told)


def draw_rules(sheet: Sheet, block: ItemBlock) -> None:
    """Write the rules below a block."""
    words = rule_words(sheet, block)
    if not words:
        return
    sheet.need(rules_height(sheet, block))
    sheet.y -= 1.5 * MM
    sheet.y -= sheet.lines(MARGIN, sheet.y, words, sheet.width, 8)
