"""Segments and dayparts against each other, in gaze: exploratory, and adjusted together."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pandas as pd

from gazestudy.attention.comparing import explore
from gazestudy.errors import ParameterError
from gazestudy.fieldwork.blind_spots import BlindSpotTest, blind_spot_test
from gazestudy.model.wording import counted
from gazestudy.report.evidence import Evidence
from gazestudy.report.field_rules import daypart_words
from gazestudy.report.structure import Block, Cell, Finding, Missing, Number, Section, Table
from gazestudy.report.words import digits

_BY = {"segment": "Segments", "daypart": "Times of day"}
_MEASURES = {"notice_rate": "Looked at", "mean_dwell_s": "Looking time"}
_SURE = 0.05
_FEW = 5


def compared(evidence: Evidence, by: str) -> pd.DataFrame | None:
    """Return every comparison of the groups of a column; None where there are no two groups.

    Parameters
    ----------
    evidence : Evidence
        Results of the study.
    by : str
        segment or daypart.
    """
    cases = evidence.group_cases
    if cases is None or cases.empty:
        return None
    known = cases[cases[by].astype(str) != ""]
    if known[by].nunique() < 2:
        return None
    return explore(known, by, measures=tuple(_MEASURES), draws=500, rng=np.random.default_rng(evidence.seed))


def groups_section(evidence: Evidence) -> Section:
    """Return the chapter on groups and times of day."""
    blocks: list[Block] = []
    for by, title in _BY.items():
        table = compared(evidence, by)
        if table is None:
            what = "segment" if by == "segment" else "time of day"
            missing = f"Recordings of fewer than two {what}s have been analysed."
            blocks.append(Missing(missing, f"How {title.lower()} differ cannot be concluded."))
            continue
        made = int(table["p_value"].notna().sum())
        rows = [_row(evidence, row) for row in _records(table) if _worth_showing(row)]
        blocks.append(
            Table(
                f"{title} compared",
                ("Groups", "Where", "Figure", "First", "Second", "First minus second", "p, adjusted"),
                tuple(rows),
                note="All placements together, and every placement that differs. Exploratory: p by Benjamini "
                f"and Hochberg, over {made} comparisons; intervals by themselves.",
            )
        )
    blocks += _regulars(evidence)
    return Section("groups", "Segments and times of day", tuple(blocks), kind="chapter")


def regulars_test(evidence: Evidence) -> BlindSpotTest | str:
    """Return whether people who pass often look less, or why that was not tested.

    Parameters
    ----------
    evidence : Evidence
        Results of the study; how often people pass comes from the interviews.
    """
    cases = evidence.cases
    if cases is None or not cases["passages_per_month"].notna().any():
        return "Nobody was asked how often they pass."
    asked = cases[cases["passages_per_month"].notna()]
    notices = pd.DataFrame(
        {
            "participant_id": asked["participant_id"],
            "noticed": asked["fixated"].astype(bool),
            "passages_per_month": asked["passages_per_month"].astype(float),
        }
    )
    try:
        return blind_spot_test(notices, rung="gaze")
    except ParameterError as error:
        return f"It needs {error.expected}; there are {error.value}."


def regulars_number(found: BlindSpotTest) -> Number:
    """Return the ratio of notice rates of those who pass often and seldom."""
    return Number(
        f"Looked at, {found.often:g} against {found.seldom:g} passages a month", found.ratio, "times",
        "attention", found.people, "participants", found.low, found.high,
        rule="model of the notice rate on ln(1 + passages a month)", method="over people",
    )  # fmt: skip


def _regulars(evidence: Evidence) -> list[Block]:
    found = regulars_test(evidence)
    if isinstance(found, str):
        return [Missing(found, "Whether people who pass often look less cannot be concluded.")]
    rows: list[tuple[Cell, ...]] = []
    for row in _records(found.groups):
        number = Number(
            "Looked at", float(row["value"]), "share", "attention", int(row["people"]),
            "times that a placement came into view", float(row["low"]), float(row["high"]), 0.95,
            float(row["noticed"]), float(row["of"]), "at least one fixation", str(row["method"]),
        )  # fmt: skip
        rows.append((f"{row['passages_from']:g} to {row['passages_to']:g} passages a month", number))
    return [
        Table("Those who pass often and seldom", ("Passages", "Looked at"), tuple(rows), found.verdict, True)
    ]


def group_findings(evidence: Evidence) -> list[Finding]:
    """Return how segments and dayparts differ in noticing, all placements together."""
    found = []
    for by, topic in (("segment", "seen"), ("daypart", "crowd")):
        table = compared(evidence, by)
        if table is None:
            continue
        rows = table[(table["measure"] == "notice_rate") & (table["placement_id"] == "")]
        people = rows[["participants_a", "participants_b"]].min(axis=1)
        for row in _records(rows[people >= _FEW]):
            found.append(_finding(by, topic, row))
    return [*found, *_regulars_finding(evidence)]


def _regulars_finding(evidence: Evidence) -> list[Finding]:
    test = regulars_test(evidence)
    if isinstance(test, str):
        return []
    number = regulars_number(test)
    if math.isfinite(test.high) and test.high < 1:
        headline = f"People who pass often look less: {digits(test.ratio)} times as often as rare visitors."
        return [Finding(headline, f"{test.people} participants.", "clear", "seen", (number,))]
    if math.isfinite(test.low) and test.low > 1:
        headline = f"People who pass often look more: {digits(test.ratio)} times as often as rare visitors."
        return [Finding(headline, f"{test.people} participants.", "clear", "seen", (number,))]
    headline = "Whether people who pass often look less is not settled."
    detail = f"{test.people} participants; the ratio to rare visitors may be 1."
    return [Finding(headline, detail, "open", "seen", (number,))]


def _finding(by: str, topic: str, row: dict[str, Any]) -> Finding:
    first, second = (_name(by, str(row[side])) for side in ("a", "b"))
    number = _difference(row)
    if row["p_adjusted"] < _SURE:
        if row["difference"] < 0:
            first, second = second, first
        rates = sorted((float(row["value_a"]), float(row["value_b"])), reverse=True)
        values = f"{digits(rates[0], 'share')} against {digits(rates[1], 'share')}"
        headline = f"More is looked at by {first} than by {second}: {values}."
        if by == "daypart":
            headline = f"More is looked at in {first} than in {second}: {values}."
        detail = "Of what came into view. Found by looking at many comparisons: to be confirmed."
        return Finding(headline, detail, "indicated", topic, (number,))
    pair = f"{first} and {second}"
    headline = f"Whether {pair} differ in how much is looked at is not settled."
    return Finding(headline, "The interval of the difference holds 0.", "open", topic, (number,))


def _name(by: str, value: str) -> str:
    return daypart_words(value) if by == "daypart" else f"“{value}”"


def _worth_showing(row: dict[str, Any]) -> bool:
    return row["placement_id"] == "" or (math.isfinite(row["p_adjusted"]) and row["p_adjusted"] < _SURE)


def _row(evidence: Evidence, row: dict[str, Any]) -> tuple[Cell, ...]:
    unit = "share" if row["measure"] == "notice_rate" else "s"
    values = [
        f"{digits(float(row[f'value_{side}']), unit)}{'' if unit == 'share' else ' s'} of "
        f"{counted(int(row[f'n_{side}']), 'case')}, {int(row[f'participants_{side}'])} people"
        for side in ("a", "b")
    ]
    p_value = float(row["p_adjusted"])
    return (
        f"{row['a']} – {row['b']}",
        evidence.label(str(row["placement_id"])) if row["placement_id"] else "all placements",
        _MEASURES[str(row["measure"])],
        *values,
        _difference(row),
        f"{p_value:.2g}" if math.isfinite(p_value) else str(row["method"]),
    )


def _difference(row: dict[str, Any]) -> Number:
    scale, unit = (100.0, "points") if row["measure"] == "notice_rate" else (1.0, "s")
    people = int(row["participants_a"] + row["participants_b"] - row["participants_both"])
    return Number(
        f"{_MEASURES[str(row['measure'])]}, {row['a']} minus {row['b']}", scale * float(row["difference"]),
        unit, "attention", people, "participants", scale * float(row["low"]), scale * float(row["high"]),
        method=str(row["method"]),
    )  # fmt: skip


def _records(table: Any) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", table.to_dict("records"))
