"""The report as one page that needs nothing else: no network, no script, no font file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib.resources import files

from gazestudy.report.structure import RUNGS, STRENGTHS, Number, Picture, Report, Table
from gazestudy.report.words import anchor, base_text, interval_text, value_text


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a column: its rung and denominator, where all numbers below share them."""

    text: str
    rung: str
    of: str
    shares: bool = False

    @property
    def base(self) -> str:
        """What the numbers below were divided by, or who is behind them."""
        return f"of {self.of}" if self.shares else f"n: {self.of}"


def write_html(report: Report) -> str:
    """Return a report as an HTML page.

    Parameters
    ----------
    report : Report
        What to show.

    Returns
    -------
    str
        One page with pictures, drawings and style in it. Every text is escaped; there is no script, and a
        policy in the page forbids any.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("gazestudy.report") / "templates"
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_together
    )
    environment.globals.update(
        anchor=anchor,
        base_text=base_text,
        value_text=value_text,
        interval_text=interval_text,
        heads=heads,
        short_base=short_base,
        kind=lambda block: type(block).__name__,
        is_number=lambda cell: isinstance(cell, Number),
        data_uri=data_uri,
        svg=lambda picture: Markup(picture.page_svg),  # written by us, texts in it escaped
        bar=bar,
        strengths=STRENGTHS,
        rungs=RUNGS,
    )
    template = environment.from_string((folder / "report.html.jinja").read_text(encoding="utf-8"))
    style = (folder / "style.css").read_text(encoding="utf-8")
    return template.render(report=report, style=Markup(style))


def _together(value: object) -> object:
    """Keep a number and its percent sign on one line; markup of our own stays as it is."""
    return value.replace(" %", "\u00a0%") if type(value) is str else value


def heads(table: Table) -> list[Head]:
    """Return the heads of a table, with what all numbers of a column have in common."""
    found = []
    for place, text in enumerate(table.columns):
        numbers = [row[place] for row in table.rows if isinstance(row[place], Number)]
        rungs = {one.rung for one in numbers if isinstance(one, Number)}
        bases = {one.of for one in numbers if isinstance(one, Number)}
        same = len(numbers) > 1
        found.append(
            Head(
                text,
                rungs.pop() if same and len(rungs) == 1 else "",
                bases.pop() if same and len(bases) == 1 else "",
                any(isinstance(one, Number) and one.unit == "share" for one in numbers),
            )
        )
    return found


def short_base(number: Number, head: Head) -> str:
    """Return the denominator of a number, without the words that stand in the head of its column."""
    text = base_text(number)
    if head.of and text.endswith(head.of):
        return text.removesuffix(head.of).rstrip()
    return f"n = {number.n:,}" if head.of else text


def bar(number: Number) -> dict[str, str] | None:
    """Return where value and interval of a share lie on a line of 100, None for other numbers."""
    if number.unit != "share" or not number.known:
        return None
    low, high = (number.low, number.high) if number.has_interval else (number.value, number.value)
    return {
        "low": f"{100 * low:.1f}",
        "width": f"{max(100 * (high - low), 0.0):.1f}",
        "value": f"{100 * number.value:.1f}",
    }


def data_uri(picture: Picture) -> str:
    """Return an image as an address that holds it."""
    return f"data:{picture.mime};base64,{base64.b64encode(picture.image).decode('ascii')}"
