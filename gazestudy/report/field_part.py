"""What observers counted: of the whole study, and of each placement."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.compare import compare_groups
from gazestudy.fieldwork.observers import observer_agreement
from gazestudy.fieldwork.rates import field_figures
from gazestudy.fieldwork.summary import summarise_field_log
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.study import Placement
from gazestudy.model.wording import counted
from gazestudy.report.evidence import Evidence, FieldEvidence
from gazestudy.report.figures import drawing
from gazestudy.report.numbers import field_numbers
from gazestudy.report.structure import (
    Block,
    Cell,
    Missing,
    Number,
    Paragraph,
    Pictures,
    Quote,
    Quotes,
    Section,
    Table,
)
from gazestudy.report.words import digits

_CONSEQUENCE = (
    "How many people pass, how full it is, and how much of a placement people hide cannot be concluded."
)


_COMPARED = ("flow_per_min", "notice_rate", "blocked_share", "density_m2", "phone_share")


def field_evidence(log: FieldLog, *, seed: int) -> FieldEvidence:
    """Return what the report needs of a field log.

    Parameters
    ----------
    log : FieldLog
        Sessions whose length is known.
    seed : int
        Of bootstrap draws.

    Returns
    -------
    FieldEvidence
        Figures by placement and daypart, comparisons of dayparts, and how observers agree where two counted
        the same.
    """
    whole = summarise_field_log(log, rng=np.random.default_rng(seed))
    counted_figures = set(whole.figures.table["figure"])
    comparisons = {figure: compare_groups(log, figure) for figure in _COMPARED if figure in counted_figures}
    try:
        agreement = observer_agreement(log, rng=np.random.default_rng(seed))
    except ParameterError:  # no two sessions overlap
        agreement = None
    return FieldEvidence(
        whole,
        field_figures(log, by=("placement_id",)).table,
        field_figures(log, by=("daypart",)).table,
        field_figures(log, by=("placement_id", "daypart")).table,
        comparisons,
        log.sessions,
        log.notes,
        agreement,
    )


def field_section(evidence: Evidence) -> Section:
    """Return the chapter on what observers counted."""
    field = evidence.field
    if field is None:
        why = evidence.missing.get("fieldwork", "There are no field logs in this study.")
        missing = Missing(why, _CONSEQUENCE, "gazestudy fieldlog import STUDY FILES")
        return Section("fieldwork", "Observation", (missing,), kind="chapter")
    blocks: list[Block] = [
        Paragraph(
            f"{counted(int((field.sessions['role'] == 'primary').sum()), 'session')} by primary observers "
            "count; intervals are over sessions, not over the people counted.",
        ),
        _whole(field),
        *_by_daypart(field),
        *_levels(field),
        *_agreement(field),
    ]
    for name, why in field.whole.missing.items():
        what = {"occlusion": "How blocking follows crowding", "blind_spots": "Whether regulars overlook more"}
        blocks.append(Missing(f"{what.get(name, name)} was not tested: {why}.", "It cannot be concluded."))
    findings = [one.message for one in field.whole.findings if one.severity != "info"]
    blocks += [Paragraph(text, quiet=True) for text in dict.fromkeys(findings)]
    if len(field.notes):
        notes = tuple(
            Quote(str(row["text"]), str(row["session_id"]), "note of the observer", _at(row["at_s"]))
            for row in _records(field.notes)[:40]
        )
        blocks.append(Quotes(notes))
    return Section("fieldwork", "Observation", tuple(blocks), kind="chapter")


def placement_field_blocks(evidence: Evidence, placement: Placement) -> tuple[Block, ...]:
    """Return what observers counted at one placement."""
    field = evidence.field
    if field is None:
        why = evidence.missing.get("fieldwork", "There are no field logs in this study.")
        return (Missing(why, _CONSEQUENCE),)
    rows = field.by_placement[field.by_placement["placement_id"].astype(str) == placement.id]
    if rows.empty:
        return (Missing("No observer watched this placement.", _CONSEQUENCE),)
    numbers = field_numbers(field.by_placement, placement_id=placement.id)
    table: list[tuple[Cell, ...]] = [(one.name, one) for one in numbers.values()]
    blocks: list[Block] = [
        *_occlusion(field, placement),
        Table(
            "What observers counted here", ("Figure", "Value"), tuple(table), bars=True, note=_rules(numbers)
        ),
    ]
    return tuple(blocks)


def _occlusion(field: FieldEvidence, placement: Placement) -> list[Block]:
    """Return how blocking follows crowding at a placement, where heights and distance are known."""
    from gazestudy.plots.fieldwork import draw_occlusion_panel

    fit = field.whole.occlusion
    if fit is None or placement.id not in fit.placements:
        return []
    view = fit.placements[placement.id]
    scans = int((fit.observed["placement_id"] == placement.id).sum())
    doubts = [doubt for doubt in fit.doubts if f"at {placement.id}:" in doubt]
    caption = (
        f"Part of it that people hide, by how full it is: {counted(scans, 'scan')} (grey), means with "
        f"intervals (dots), and what "
        f"bodies of {fit.radius_m:.2f} m radius between eye and face would hide (line)."
    )
    if doubts:
        caption += " The line misses most of what was seen here: height or distance may be wrong."

    def draw(axes: Any) -> None:
        draw_occlusion_panel(axes, fit, placement.id, view)
        axes.set_title("", loc="left")
        for text in list(axes.texts):
            text.remove()
        axes.set_ylabel("part hidden, %")

    alt = f"Part of {placement.name or placement.id} hidden by people against people per square metre"
    name = f"{placement.id}-occlusion"
    return [Pictures((drawing(name, draw, alt=alt, caption=caption, size_in=(4.6, 2.9)),))]


def _agreement(field: FieldEvidence) -> list[Block]:
    """Return how well two observers agree who counted the same."""
    found = field.agreement
    if found is None:
        missing = "No two observers watched the same point at the same time."
        return [Missing(missing, "How reliable the counts are cannot be told.")]
    rows: list[tuple[Cell, ...]] = []
    for row in _records(found.counts):
        icc = f"{row['icc']:.2f} ({row['icc_low']:.2f} to {row['icc_high']:.2f})"
        icc = icc if math.isfinite(float(row["icc"])) else "not defined"
        within = f"{digits(float(row['within_share']), 'share')} of {int(row['n'])}"
        about = "intervals" if row["about"] == "interval" else "scans"
        rows.append((str(row["item"]).replace("_", " "), about, icc, f"{row['bias']:+.1f}", within))
    table = Table(
        "Agreement of observers",
        ("Counted", "In", "ICC(A,1)", "First minus second", "Within ±10 %"),
        tuple(rows),
        note=f"{counted(len(found.pairs), 'pair')} of sessions. Absolute agreement of one observer; "
        "1 is perfect.",
    )
    return [table] if rows else []


def _whole(field: FieldEvidence) -> Table:
    numbers = field_numbers(field.whole.figures.table)
    rows: list[tuple[Cell, ...]] = [(one.name, one) for one in numbers.values()]
    return Table("All sessions together", ("Figure", "Value"), tuple(rows), bars=True, note=_rules(numbers))


def _rules(numbers: dict[str, Number]) -> str:
    rules = dict.fromkeys(one.rule for one in numbers.values() if one.rule)
    return "Counted as: " + "; ".join(rules) + "." if rules else ""


def _by_daypart(field: FieldEvidence) -> list[Block]:
    parts = list(dict.fromkeys(str(part) for part in field.by_daypart["daypart"] if str(part)))
    if len(parts) < 2:
        return []
    groups = {part: field_numbers(field.by_daypart, daypart=part) for part in parts}
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        first = next(group[name] for group in groups.values() if name in group)
        rows.append((first.name, *(group.get(name, "–") for group in groups.values())))
    heads = tuple(part.replace("_", " ") for part in parts)
    return [Table("By time of day", ("Figure", *heads), tuple(rows))]


def _levels(field: FieldEvidence) -> list[Block]:
    levels = field.whole.levels
    if levels.empty:
        return []
    blocks: list[Block] = []
    for space, rows in levels.groupby("space", sort=False):
        cells: list[tuple[Cell, ...]] = []
        for row in _records(rows):
            number = Number(
                f"Level {row['level']}", float(row["value"]), "share", "circumstance", int(row["sessions"]),
                "scans", float(row["low"]), float(row["high"]), 0.95, float(row["numerator"]),
                float(row["denominator"]),
                str(row["rule"]), str(row["method"]),
            )  # fmt: skip
            cells.append((str(row["level"]), number))
        version = str(rows["table_version"].iloc[0])
        blocks.append(
            Table(
                f"How full it was: level of service, {space}", ("Level", "Share of scans"), tuple(cells),
                bars=True, note=f"A is free, F is jammed; levels of {version}, derived from people per m².",
            )
        )  # fmt: skip
    return blocks


def _at(seconds: Any) -> str:
    return f"{float(seconds) / 60:.0f} min after the start" if math.isfinite(float(seconds)) else ""


def _records(table: Any) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", table.to_dict(orient="records"))
