"""What people remembered, beside what they looked at: of the whole study, and of each placement."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pandas as pd

from gazestudy.attention.funnel import Funnel, attention_funnel
from gazestudy.errors import ParameterError
from gazestudy.memory.two_by_two import TwoByTwo, two_by_two
from gazestudy.model.study import Placement
from gazestudy.model.wording import counted
from gazestudy.report.evidence import Evidence, MemoryEvidence
from gazestudy.report.figures import picture_of
from gazestudy.report.numbers import IN_VIEW, MEMORIES, number_of
from gazestudy.report.quotes import quotes_of
from gazestudy.report.structure import (
    Block,
    Cell,
    Missing,
    Number,
    Paragraph,
    Picture,
    Quotes,
    Rung,
    Section,
    Table,
)
from gazestudy.report.words import FEW, digits, listed, signed

CONSEQUENCE = (
    "What is remembered cannot be concluded: attention is not memory, and neither stands for the other."
)

_CASES = "times that a placement came into a participant's view"
_STEPS: dict[str, tuple[str, Rung]] = {
    "exposed": ("Came into view", "opportunity"),
    "noticed": ("Looked at", "attention"),
    "looked": ("Looked at for long", "attention"),
    "recognised": ("Recognised", "memory"),
    "recalled": ("Recalled unaided", "memory"),
    "attributed": ("Named the brand", "memory"),
    "understood": ("Understood", "memory"),
    "interested": ("Interested", "response"),
    "intends": ("Intends to act", "response"),
}
_THIN = 10


def memory_section(evidence: Evidence) -> Section:
    """Return the chapter on gaze and memory of the whole study."""
    title = "From view to memory"
    if evidence.cases is None or evidence.cases.empty:
        why = evidence.missing.get("attention", "Nothing came into view of anybody.")
        return Section("memory", title, (Missing(why, CONSEQUENCE),), kind="chapter")
    blocks: list[Block] = [*_funnel_blocks(evidence, evidence.cases, "all placements", _CASES)]
    if evidence.memory is None:
        why = evidence.missing.get("memory", "There are no interviews in this study.")
        blocks.append(Missing(why, CONSEQUENCE, "gazestudy interview import STUDY FILES"))
        return Section("memory", title, tuple(blocks), kind="chapter")
    blocks += _tables(evidence, evidence.cases, "all placements")
    blocks += _recognition(evidence, evidence.memory)
    blocks += _model(evidence)
    blocks += _coders(evidence, evidence.memory)
    blocks += [Paragraph(one.message, quiet=True) for one in evidence.memory.findings]
    return Section("memory", title, tuple(blocks), kind="chapter")


def funnel_pictures(evidence: Evidence) -> tuple[Picture, ...]:
    """Return the funnel of the study and of every placement as drawings."""
    from gazestudy.plots.funnel import draw_funnel

    if evidence.cases is None or evidence.cases.empty:
        return ()
    trials = None if evidence.memory is None else evidence.memory.trials
    groups = {"all": evidence.cases} | {
        str(key): rows for key, rows in evidence.cases.groupby("placement_id", sort=False)
    }
    found = []
    for key, cases in groups.items():
        label = "all placements" if key == "all" else evidence.label(key)
        figure = draw_funnel(attention_funnel(cases, trials, label=label)).figure
        alt = f"From view to intention: {label}"
        found.append(picture_of(f"{key}-funnel", figure, alt=alt, caption=alt))
    return tuple(found)


def placement_memory_blocks(evidence: Evidence, placement: Placement) -> tuple[Block, ...]:
    """Return funnel, recall and quotes of one placement."""
    if evidence.cases is None:
        return ()
    cases = evidence.cases[evidence.cases["placement_id"] == placement.id]
    blocks: list[Block] = []
    if len(cases):
        blocks += _funnel_blocks(evidence, cases, placement.name or placement.id, IN_VIEW)
    if evidence.memory is None:
        why = evidence.missing.get("memory", "There are no interviews in this study.")
        return (*blocks, Missing(why, "What is remembered of it cannot be concluded."))
    if len(cases):
        blocks.append(_kept(evidence, cases))
    blocks += _without_view(evidence.memory, placement)
    quotes = quotes_of(evidence.memory.quotes, placement.id)
    if quotes:
        blocks.append(Quotes(quotes))
    else:
        blocks.append(Paragraph("Nobody said anything that was coded to this placement.", quiet=True))
    return tuple(blocks)


def funnel_numbers(funnel: Funnel, of: str) -> dict[str, Number]:
    """Return the steps of a funnel as numbers, those that nobody was asked about left out."""
    found = {}
    for row in cast("list[dict[str, Any]]", funnel.table.to_dict("records")):
        if row["denominator"] == 0:
            continue
        name, rung = _STEPS[str(row["step"])]
        if row["step"] == "recognised" and int(row["n_participants"]) < FEW:
            row |= {"low": math.nan, "high": math.nan, "method": "too few people to take false alarms off"}
        found[str(row["step"])] = Number(
            name, float(row["value"]), "share", rung, int(row["n_participants"]), of, float(row["low"]),
            float(row["high"]), 0.95, float(row["numerator"]), float(row["denominator"]), str(row["rule"]),
            str(row["method"]),
        )  # fmt: skip
    return found


def _funnel_blocks(evidence: Evidence, cases: pd.DataFrame, label: str, of: str) -> list[Block]:
    trials = None if evidence.memory is None else evidence.memory.trials
    funnel = attention_funnel(cases, trials, label=label)
    numbers = funnel_numbers(funnel, of)
    rows: list[tuple[Cell, ...]] = [(one.name, one, one.rule) for one in numbers.values()]
    note = "Steps are not nested: some recall what they never looked at."
    if math.isfinite(funnel.false_alarm_rate):
        note += (
            f" Recognised is the share of yes minus false alarms to pictures that never hung here "
            f"({digits(funnel.false_alarm_rate, 'share')} of them got a yes), so it is less than "
            "numerator by denominator."
        )
    known = {_STEPS[step][0].lower(): step for step in numbers}
    thin = [name for name, step in known.items() if numbers[step].denominator < _THIN]
    if len(thin) == len(numbers):
        note += f" Every step rests on fewer than {_THIN} cases."
    elif thin:
        note += f" Fewer than {_THIN} cases: {listed(thin)}."
    note += "".join(f" {doubt.capitalize()}." for doubt in funnel.doubts if "foil" in doubt)
    return [Table("From view to intention", ("Step", "Share", "Counted as"), tuple(rows), note, bars=True)]


def _kept(evidence: Evidence, cases: pd.DataFrame) -> Block:
    """Return all kinds of memory, by whether it was looked at: the cells of the 2 x 2 as counts."""
    heads, shares, notes = [], [], []
    for column, words in MEMORIES.items():
        if column not in cases or not cases[column].notna().any():
            continue
        found = two_by_two(cases, column, rng=np.random.default_rng(evidence.seed))
        heads.append(words.capitalize())
        shares.append((found.remembered_if_fixated, found.remembered_if_not, found.remembered_share))
        if found.c:
            notes.append(f"{found.c} of {found.a + found.c} {words} without a look")
    if not heads:
        return Missing("Nobody was asked about it.", "What is remembered of it cannot be concluded.")
    rows: list[tuple[Cell, ...]] = []
    for place, name in enumerate(("Looked at", "Not looked at", "Together")):
        cells = [
            number_of(f"{head}, {name.lower()}", three[place], "memory", "participants asked")
            for head, three in zip(heads, shares, strict=True)
        ]
        rows.append((name, *cells))
    note = "Of participants in whose view it came. " + ("; ".join(notes) + ". " if notes else "")
    note += "Familiar brands are looked at and remembered more: the difference is no effect of looking alone."
    return Table("Looked at, and remembered", ("", *heads), tuple(rows), note, bars=True)


def _tables(evidence: Evidence, cases: pd.DataFrame, label: str) -> list[Block]:
    blocks: list[Block] = []
    for column, words in MEMORIES.items():
        if column not in cases or not cases[column].notna().any():
            continue
        found = two_by_two(cases, column, rng=np.random.default_rng(evidence.seed))
        blocks.append(_two_by_two(found, words, label))
    if not blocks:
        blocks.append(Missing(f"Nobody was asked about {label}.", CONSEQUENCE))
    return blocks


def _two_by_two(found: TwoByTwo, words: str, label: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, yes, no, share in (
        ("Looked at", found.a, found.b, found.remembered_if_fixated),
        ("Not looked at", found.c, found.d, found.remembered_if_not),
    ):
        number = number_of(f"{words.capitalize()}, {name.lower()}", share, "memory", "cases asked about")
        rows.append((name, str(yes), str(no), number))
    difference = found.risk_difference
    note = f"{found.kept_without_looking.replace(found.memory, words)}. "
    if math.isfinite(difference.low):
        note += (
            f"Looking goes with {signed(difference.difference)} points of being {words} "
            f"({signed(difference.low)} to {signed(difference.high)}; {counted(found.n, 'case')} of "
            f"{counted(found.participants, 'participant')}). "
        )
    if math.isfinite(found.odds_ratio.low):
        ratio = found.odds_ratio
        note += f"Odds ratio {ratio.value:.1f} ({ratio.low:.1f} to {ratio.high:.1f}). "
    note += "It is no effect of looking alone: familiar brands are looked at and remembered more."
    if found.participants < FEW:
        note += f" From {counted(found.participants, 'participant')} nothing can be concluded."
    if found.not_asked:
        note += f" Not asked: {counted(found.not_asked, 'case')}."
    columns = ("", words.capitalize(), "Not", f"Share {words}")
    return Table(f"Looked at and {words}: {label}", columns, tuple(rows), note, bars=True)


def _recognition(evidence: Evidence, memory: MemoryEvidence) -> list[Block]:
    from gazestudy.memory.recognition import recognition_of_people

    try:
        found = recognition_of_people(memory.trials, rng=np.random.default_rng(evidence.seed))
    except ParameterError:
        return [
            Missing(
                "No pictures were shown that never hung here.",
                "How much of recognition is guessing cannot be told.",
            )
        ]
    names = {
        "hit_rate": ("Yes to pictures that hung here", "share"),
        "false_alarm_rate": ("Yes to pictures that never did", "share"),
        "d_prime": ("How well the two are told apart, d′ (0 is guessing)", ""),
        "criterion": ("Readiness to say yes, c (below 0: says yes easily)", ""),
    }
    rows: list[tuple[Cell, ...]] = []
    for row in cast("list[dict[str, Any]]", found.table.to_dict("records")):
        if row["measure"] not in names:
            continue
        name, unit = names[str(row["measure"])]
        counts = {
            "hit_rate": (found.hits, found.targets),
            "false_alarm_rate": (found.false_alarms, found.foils),
        }
        top, bottom = counts.get(str(row["measure"]), (math.nan, math.nan))
        of = "pictures shown" if unit == "share" else "participants"
        number = Number(
            name, float(row["pooled"]), unit, "memory", found.participants, of, float(row["low"]),
            float(row["high"]), 0.95, float(top), float(bottom), "log-linear correction of ½ and 1",
        )  # fmt: skip
        rows.append((name, number))
    note = f"{counted(found.participants, 'participant')}. " + "; ".join(found.notes)
    return [Table("Recognition, with pictures that never hung here", ("Measure", "Value"), tuple(rows), note)]


def _model(evidence: Evidence) -> list[Block]:
    """Return what goes with being recalled, background held beside attention."""
    from gazestudy.memory.recall_model import recall_model

    assert evidence.cases is not None
    try:
        found = recall_model(evidence.cases)
    except ParameterError as error:
        why = f"What goes with being recalled was not modelled: it needs {error.expected}."
        return [Missing(why, "Attention and what people knew before cannot be told apart.")]
    rows: list[tuple[Cell, ...]] = []
    for row in cast("list[dict[str, Any]]", found.table.to_dict("records")):
        if not math.isfinite(float(row["effect"])) or "intercept" in str(row["term"]).lower():
            continue
        number = Number(
            f"Odds ratio, {row['term']}", float(row["effect"]), "", "memory", found.fitted.n_participants,
            "participants", float(row["low"]), float(row["high"]), rule=str(row["meaning"]),
            method=found.fitted.method,
        )  # fmt: skip
        rows.append((str(row["term"]).replace("_", " "), number, f"{float(row['p_value']):.2g}", number.rule))
    note = f"{found.fitted.method}. {counted(found.cases, 'case')}, {found.remembered} recalled. "
    note += " ".join(f"{doubt[:1].upper()}{doubt[1:]}." for doubt in found.doubts)
    columns = ("Term", "Odds ratio of recall", "p", "About")
    return [Table("What goes with being recalled unaided", columns, tuple(rows), note)]


def _coders(evidence: Evidence, memory: MemoryEvidence) -> list[Block]:
    """Return how well the two coders who coded most agree, item by item."""
    from gazestudy.memory.coding_agreement import answer_agreement

    codes = memory.interviews.answer_codes
    coders = [str(name) for name in codes["coder"].value_counts().index[:2]]
    if len(coders) < 2:
        missing = "Answers were coded by one person only." if coders else "No answer has been coded."
        return [Missing(missing, "How reliable the coding is cannot be told.")]
    table = answer_agreement(codes, *coders, rng=np.random.default_rng(evidence.seed))
    rows: list[tuple[Cell, ...]] = []
    for row in cast("list[dict[str, Any]]", table.to_dict("records")):
        if not row["answers"]:
            continue
        agreed = f"{digits(float(row['agreed']))} of {counted(int(row['answers']), 'answer')}"
        kappa = f"{float(row['kappa']):.2f}" if math.isfinite(float(row["kappa"])) else "not defined"
        if math.isfinite(float(row["kappa_low"])):
            kappa += f" ({float(row['kappa_low']):.2f} to {float(row['kappa_high']):.2f})"
        kappa += f", {counted(int(row['interviews']), 'interview')}"
        gwet = f"{float(row['gwet_ac']):.2f}"
        rows.append((str(row["item"]), f"{agreed} ({digits(float(row['percent']), 'share')})", kappa, gwet))
    columns = ("Question", "Same code", "Cohen's kappa", "Gwet's AC")
    return [Table(f"Agreement of coders {listed(coders)}", columns, tuple(rows))]


def _without_view(memory: MemoryEvidence, placement: Placement) -> list[Block]:
    rows = memory.never_in_view
    if rows.empty:
        return []
    mine = rows[rows["placement_id"] == placement.id]
    remembered = [
        f"{words} by {counted(count, 'participant')}"
        for column, words in MEMORIES.items()
        if column in mine and (count := int((mine[column] == 1).sum()))
    ]
    if not remembered:
        return []
    text = (
        f"In whose view it never came: {', '.join(remembered)}. Known from elsewhere, guessed, or not mapped."
    )
    return [Paragraph(text, quiet=True)]
