"""What placements deliver, what that costs, what to buy, and how creatives work in a glance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from gazestudy.model.study import Placement
from gazestudy.model.wording import counted
from gazestudy.report.evidence import CreativeEvidence, Evidence, StrategyEvidence
from gazestudy.report.structure import Block, Cell, Facts, Missing, Number, Paragraph, Rung, Section, Table
from gazestudy.report.words import digits, listed
from gazestudy.strategy.potential import WHOLE_DAY

WHAT_IS_MISSING = (
    "What placements deliver in a day, what that costs and what to buy cannot be concluded: prices, opening "
    "hours and the worth of segments are nobody's measurement."
)

_MEASURES: dict[str, tuple[str, Rung]] = {
    "passages_per_day": ("Passages a day", "circulation"),
    "exposed_passages_per_day": ("In view a day", "opportunity"),
    "looked_at_passages_per_day": ("Looked at a day", "likelihood"),
    "attentive_s_per_1000_passages": ("Attentive seconds per 1,000 passages", "attention"),
    "attentive_s_per_day": ("Attentive seconds a day", "attention"),
    "recalled_viewers_per_day": ("Recalled viewers a day", "memory"),
}
_COSTS = {
    "cost_per_1000_exposed_passages": "Per 1,000 passages in view",
    "cost_per_looked_at_passage": "Per looked-at passage",
    "cost_per_1000_attentive_s": "Per 1,000 attentive seconds",
    "cost_per_recalled_viewer": "Per recalled viewer",
}
_SHOWN = (
    "exposed_passages_per_day",
    "attentive_s_per_1000_passages",
    "attentive_s_per_day",
    "recalled_viewers_per_day",
)
_MADE_UP = Missing(
    "The strategy document still holds lines of its template (marked REPLACE).",
    "Hours, prices and shares that nobody has given are made up; so is every figure that rests on them.",
    "strategy.yaml",
)


def strategy_section(evidence: Evidence) -> Section:
    """Return the chapter on potential, cost and budget."""
    title = "Potential, cost and budget"
    found = evidence.strategy
    if found is None:
        why = evidence.missing.get("strategy", "There is no strategy document in this study.")
        blocks: tuple[Block, ...] = (Missing(why, WHAT_IS_MISSING, "gazestudy strategy template STUDY"),)
        return Section("strategy", title, blocks, kind="chapter")
    made: list[Block] = [_MADE_UP] if found.made_up else []
    made.append(Facts("What the budget is for", found.goal))
    made += _overview(evidence, found)
    made += _budget(evidence, found)
    if found.trial:
        pairs = tuple((str(number), _sentence(text)) for number, text in enumerate(found.trial, start=1))
        made.append(Facts("A test with control stations", pairs))
    limits = tuple((str(number), _sentence(text)) for number, text in enumerate(found.conclusions, start=1))
    made.append(Facts("What limits these figures", limits, folded=True))
    return Section("strategy", title, tuple(made), kind="chapter")


def placement_strategy_blocks(evidence: Evidence, placement: Placement) -> tuple[Block, ...]:
    """Return potential, cost and creative diagnosis of one placement."""
    blocks: list[Block] = []
    if evidence.creative is not None:
        blocks += _creative(evidence.creative, placement)
    if evidence.strategy is not None:
        blocks += _potential(evidence.strategy, placement)
    return tuple(blocks)


def day_number(found: StrategyEvidence, placement_id: str, measure: str) -> Number | None:
    """Return what a placement delivers over the whole day, None where it is not in the document."""
    rows = found.potential[
        (found.potential["placement_id"] == placement_id)
        & (found.potential["daypart"] == WHOLE_DAY)
        & (found.potential["measure"] == measure)
    ]
    return _potential_number(_records(rows)[0]) if len(rows) else None


def cost_number(found: StrategyEvidence, placement_id: str, figure: str) -> Number | None:
    """Return a cost figure of a placement, None where it has no price."""
    rows = found.costs[(found.costs["placement_id"] == placement_id) & (found.costs["figure"] == figure)]
    if rows.empty:
        return None
    row = _records(rows)[0]
    return _number(row, _COSTS[figure], "cost", found.currency)


def _potential_number(row: Mapping[str, Any]) -> Number:
    name, rung = _MEASURES[str(row["measure"])]
    unit = str(row["unit"]).split("/", maxsplit=1)[0]
    return _number(row, name, rung, "s" if unit == "s" else "")


def _number(row: Mapping[str, Any], name: str, rung: Rung, unit: str) -> Number:
    n = int(row["n"])
    value = float(row["value"]) if n > 0 else math.nan
    of = str(row["n_of"] or "people or sessions").replace("_", " ") + ", behind the weakest term"
    return Number(
        name, value, unit, rung, n, of, float(row["low"]), float(row["high"]), 0.95, float(row["numerator"]),
        float(row["denominator"]), f"per {row['per']}", str(row["method"]) or str(row["note"]),
    )  # fmt: skip


def _overview(evidence: Evidence, found: StrategyEvidence) -> list[Block]:
    keys = list(dict.fromkeys(str(key) for key in found.potential["placement_id"]))
    delivers = {key: [day_number(found, key, measure) for measure in _SHOWN] for key in keys}
    costs = {key: [cost_number(found, key, figure) for figure in _COSTS] for key in keys}
    blocks: list[Block] = []
    rows = _known_rows(evidence, delivers)
    if rows:
        blocks.append(
            Table(
                "What placements deliver, over the hours of the strategy document",
                ("Placement", *(_MEASURES[measure][0] for measure in _SHOWN)),
                rows,
                note="Passages × in view × clear × looked at × seconds: each term counted, measured or "
                "assumed, each drawn anew from its interval. A dash: a term is not known.",
            )
        )
    unknown = [evidence.label(key) for key in keys if not any(one and one.known for one in delivers[key])]
    if unknown:
        missing = f"Not all terms are known of {listed(unknown)}."
        blocks.append(
            Missing(missing, "What they deliver cannot be concluded; their pages say what is missing.")
        )
    prices = _known_rows(evidence, costs)
    if not prices:
        return [
            *blocks,
            Missing("No price meets a known delivery.", "What attention costs cannot be concluded."),
        ]
    note = (
        "Money a day over what is delivered a day. No upper limit: the data do not exclude that nobody looks."
    )
    return [
        *blocks,
        Table(f"What that costs, {found.currency}", ("Placement", *_COSTS.values()), prices, note),
    ]


def _known_rows(
    evidence: Evidence, numbers: Mapping[str, list[Number | None]]
) -> tuple[tuple[Cell, ...], ...]:
    """Return a row for each placement of which any number is known."""
    return tuple(
        (evidence.label(key), *(one or "–" for one in row))
        for key, row in numbers.items()
        if any(one is not None and one.known for one in row)
    )


def _budget(evidence: Evidence, found: StrategyEvidence) -> list[Block]:
    if found.plan is None:
        why = found.plan_words[0] if found.plan_words else "No plan could be made."
        return [Missing(_sentence(why), "What to buy cannot be concluded.")]
    rows: list[tuple[Cell, ...]] = []
    for row in _records(found.plan.sort_values("bought_in", ascending=False)):
        rows.append(
            (
                evidence.label(str(row["placement_id"])),
                f"{100 * float(row['share']):.0f} %",
                digits(float(row["cost"])),
                f"{100 * float(row['bought_in']):.0f} %",
            )
        )
    table = Table(
        "The best plan for the budget, and how firm it is",
        ("Placement", "Part that is bought", f"Price, {found.currency}", "Bought in so many of the draws"),
        tuple(rows),
        note="Bought in: of the best plans, each found anew for one draw of all uncertain terms.",
    )
    return [table, *(Paragraph(_sentence(text), quiet=True) for text in found.plan_words)]


def _potential(found: StrategyEvidence, placement: Placement) -> list[Block]:
    rows: list[tuple[Cell, ...]] = []
    for measure in _MEASURES:
        if measure == "passages_per_day":
            continue
        number = day_number(found, placement.id, measure)
        if number is not None:
            rows.append((number.name, number if number.known else f"not known: {number.method}"))
    for figure, name in _COSTS.items():
        number = cost_number(found, placement.id, figure)
        if number is not None and number.known:
            rows.append((name, number))
    if not rows:
        return []
    blocks: list[Block] = [Table("What it delivers and costs", ("Figure", "Value"), tuple(rows))]
    terms = found.terms[found.terms["placement_id"] == placement.id]
    pairs = tuple(
        (f"{row['term']}, {row['daypart']}", _term(row))
        for row in _records(terms)
        if math.isfinite(row["value"])
    )
    if pairs:
        blocks.append(Facts("What that is made of: every term with its source", pairs, folded=True))
    if placement.id in found.what_if:
        blocks.append(_what_if(found.what_if[placement.id]))
    return blocks


def _term(row: Mapping[str, Any]) -> str:
    words = digits(float(row["value"]), "share" if row["unit"] == "share" else "")
    words += "" if row["unit"] == "share" else f" {row['unit']}"
    if math.isfinite(float(row["low"])) and row["low"] != row["high"]:
        words += f" ({digits(float(row['low']), row['unit'])} to {digits(float(row['high']), row['unit'])})"
    behind = f", {int(row['n'])} {row['n_of']}" if int(row["n"]) else ""
    return f"{words}; {row['source']}{behind}: {row['rule']}"


def _what_if(table: Any) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for row in _records(table):
        clear = f"{digits(float(row['clear']), 'share')} ({digits(float(row['clear_low']), 'share')} to "
        clear += f"{digits(float(row['clear_high']), 'share')})"
        now, low, high = (float(row[name]) for name in ("ratio_to_now", "ratio_low", "ratio_high"))
        ratio = f"× {now:.2f} ({low:.2f} to {high:.2f})"
        rows.append((str(row["scenario"]), str(row["daypart"]), clear, ratio))
    return Table(
        "What another mounting would change",
        ("Scenario", "Daypart", "Not hidden by people", "Attention against now"),
        tuple(rows),
        note="By a model of bodies between eye and face (likelihood, not measured); limits from the "
        "uncertainty of the body radius alone.",
    )


def _creative(found: CreativeEvidence, placement: Placement) -> list[Block]:
    blocks: list[Block] = []
    rows: list[tuple[Cell, ...]] = []
    for row in _records(found.aois[found.aois["placement_id"] == placement.id]):
        name = found.names.get(str(row["aoi_id"]), str(row["aoi_id"]))
        if not int(row["glances"]):
            continue
        caught = _glances(row, "Caught the eye", "caught", "numerator")
        first = _glances(row, "Caught it first", "first", "")
        rows.append((name, caught, first, f"{digits(float(row['median_after_s']))} s"))
    if rows:
        columns = ("Part", "Looked at in a glance", "Looked at first", "After (median)")
        note = "A glance is one visit of the gaze to the placement; of all glances at it."
        blocks.append(
            Table("Which part of the picture catches the eye", columns, tuple(rows), note, bars=True)
        )
    for table in (found.brands, found.words):
        for row in _records(table[table["placement_id"] == placement.id]):
            blocks.append(Paragraph(_verdict(row)))
    if not blocks:
        blocks.append(
            Paragraph(
                "No parts are drawn on the picture and no words counted: how it works is open.",
                quiet=True,
            )
        )
    return blocks


def _glances(row: Mapping[str, Any], name: str, column: str, top: str) -> Number:
    share = "first_share" if column == "first" else column
    value, n = float(row[share]), int(row["n_participants"])
    glances = float(row["glances"])
    numerator = float(row[top]) if top else value * glances
    return Number(
        name, value, "share", "attention", n, "glances", float(row[f"{column}_low"]),
        float(row[f"{column}_high"]), 0.95, numerator, glances,
        "glances at the placement in which it was fixated", str(row["method"]),
    )  # fmt: skip


def _verdict(row: Mapping[str, Any]) -> str:
    """Return the verdict on brand or words of a placement, with its numbers."""
    about_brand = "brand_seen" in row
    what = "Brand" if about_brand else f"{int(row['words'])} words"
    name, stem = ("brand_seen", "brand") if about_brand else ("read_all", "read_all")
    share, low, high = (float(row[one]) for one in (name, f"{stem}_low", f"{stem}_high"))
    words = f"{what}: {row['verdict']}"
    if not math.isfinite(share):
        return f"{words}."
    limits = f"{digits(low, 'share')} to {digits(high, 'share')}" if math.isfinite(low) else "no interval"
    people = counted(int(row["n_participants"]), "participant")
    glances = f"{digits(float(row['numerator']))} of {counted(int(row['glances']), 'glance')} of {people}"
    return f"{words} ({glances}: {digits(share, 'share')}, {limits})."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _records(table: Any) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", table.to_dict("records"))
