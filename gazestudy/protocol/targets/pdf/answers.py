"""Places to answer: circles for choices, boxes for numbers, lines for words."""

from __future__ import annotations

from typing import Any

from gazestudy.protocol.items import Item
from gazestudy.protocol.targets.pdf.page import MM, Sheet

_CIRCLE = 1.6 * MM
SMALL = 8.0


def options_of(sheet: Sheet, item: Item) -> list[tuple[str, str]]:
    """Return code and label of the answers that an item has, empty for free answers."""
    if item.type in ("choice", "multi"):
        return [(one.code, sheet.say(one.label)) for one in sheet.protocol.choices[item.choices]]
    if item.type == "bool":
        return [("yes", sheet.word("yes")), ("no", sheet.word("no"))]
    return []


def answer_height(sheet: Sheet, item: Item, width: float) -> float:
    """Return the height that the place for an answer needs."""
    if item.type in ("choice", "multi", "bool"):
        return _flow(sheet, item, width)[1]
    if item.type == "scale":
        return 11 * MM
    if item.type == "text":
        return 7 * MM * item.lines
    return 7 * MM


def draw_answer(sheet: Sheet, item: Item, x: float, top: float, width: float) -> None:
    """Draw the place for an answer."""
    if item.type in ("choice", "multi", "bool"):
        _draw_options(sheet, item, x, top, width)
    elif item.type == "scale":
        _draw_scale(sheet, item, x, top, width)
    elif item.type == "text":
        for number in range(item.lines):
            y = top - 7 * MM * (number + 1) + 1 * MM
            sheet.rule(x, y, x + width, y)
    else:
        _draw_box(sheet, item, x, top, width)
    filled = sheet.options.prefill.get(item.id)
    if filled and item.type not in ("choice", "multi", "bool", "scale"):
        sheet.lines(x + 1.5 * MM, top - 1 * MM, filled, width, 9, bold=True)


def _draw_box(sheet: Sheet, item: Item, x: float, top: float, width: float) -> None:
    box = min(width, 34 * MM)
    sheet.box(x, top - 0.5 * MM, box, 6 * MM)
    after = {
        "photo": sheet.word("photo_note"),
        "audio": sheet.word("photo_note"),
        "time": "hh:mm",
        "date": "yyyy-mm-dd",
    }.get(item.type, getattr(item, "unit", ""))
    if after:
        sheet.lines(x + box + 1.5 * MM, top - 2 * MM, after, max(width - box - 2 * MM, 12 * MM), SMALL)


def _flow(sheet: Sheet, item: Item, width: float) -> tuple[list[tuple[float, float, str]], float]:
    """Return positions (from the top left) and words of the options, and their height."""
    placed: list[tuple[float, float, str]] = []
    x = y = 0.0
    step = max(sheet.line_height(SMALL), 4.4 * MM)
    for code, label in options_of(sheet, item):
        words = label if label == code else f"{label} [{code}]"
        needed = 2 * _CIRCLE + 1.2 * MM + sheet.type.width(words, SMALL) + 3 * MM
        if x and x + needed > width:
            x, y = 0.0, y + step
        room = width - 2 * _CIRCLE - 1.2 * MM
        lines = sheet.type.wrap(words, room, SMALL)
        placed.append((x, y, words))
        if len(lines) > 1:
            x, y = 0.0, y + step * len(lines)
        else:
            x += needed
    return placed, y + (step if x else 0.0)


def _draw_options(sheet: Sheet, item: Item, x: float, top: float, width: float) -> None:
    several = item.type == "multi"
    filled = sheet.options.prefill.get(item.id, "").split()
    codes = [code for code, _ in options_of(sheet, item)]
    room = width - 2 * _CIRCLE - 1.2 * MM
    for (dx, dy, words), code in zip(_flow(sheet, item, width)[0], codes, strict=True):
        mark(sheet, x + dx, top - dy, square=several, filled=code in filled)
        sheet.lines(x + dx + 2 * _CIRCLE + 1.2 * MM, top - dy - 0.2 * MM, words, room, SMALL)


def mark(sheet: Sheet, x: float, top: float, *, square: bool = False, filled: bool = False) -> None:
    """Draw a circle to fill in, or a square where several answers are possible."""

    def draw(canvas: Any) -> None:
        canvas.setStrokeGray(0)
        canvas.setFillGray(0)
        canvas.setLineWidth(0.7)
        if square:
            canvas.rect(x, top - 2 * _CIRCLE, 2 * _CIRCLE, 2 * _CIRCLE, fill=int(filled))
        else:
            canvas.circle(x + _CIRCLE, top - _CIRCLE, _CIRCLE, fill=int(filled))

    sheet.add(draw)


def _draw_scale(sheet: Sheet, item: Any, x: float, top: float, width: float) -> None:
    low, high = sheet.say(item.low), sheet.say(item.high)
    step = min(9 * MM, (width - 4 * MM) / item.points)
    for number in range(item.points):
        centre = x + step * (number + 0.5)
        mark(sheet, centre - _CIRCLE, top - 1 * MM)

        def draw(canvas: Any, centre: float = centre, number: int = number) -> None:
            sheet.type.draw(canvas, centre, top - 7 * MM, str(number + 1), SMALL, align="centre")

        sheet.add(draw)
    words = f"1 = {low}   {item.points} = {high}"
    left = x + step * item.points + 2 * MM
    if sheet.type.width(words, SMALL) <= width - (left - x):
        sheet.lines(left, top - 1.2 * MM, words, width - (left - x), SMALL)
    else:
        sheet.lines(x, top - 8 * MM, words, width, 7)
