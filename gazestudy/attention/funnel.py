"""The funnel from exposure to intention: each step with its own numerator, denominator and interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.tables import VIEWED_MS
from gazestudy.statistics.differences import clustered_share_difference
from gazestudy.statistics.groups import each_group, require_columns, share_by_group

STEPS = (
    "exposed",
    "noticed",
    "looked",
    "recognised",
    "recalled",
    "attributed",
    "understood",
    "interested",
    "intends",
)
"""Steps of the funnel in order. They are not nested: some recall what they never fixated."""

RUNGS = {
    "exposed": "opportunity",
    "noticed": "attention",
    "looked": "attention",
    "recognised": "memory",
    "recalled": "memory",
    "attributed": "memory",
    "understood": "memory",
    "interested": "stated",
    "intends": "stated",
}
"""Rung of the ladder on which each step stands; "stated" is what people say of themselves."""

FUNNEL_COLUMNS = (
    "step",
    "rung",
    "rule",
    "numerator",
    "denominator",
    "not_asked",
    "n_participants",
    "value",
    "low",
    "high",
    "method",
    "previous_numerator",
    "previous_denominator",
    "previous_value",
    "previous_low",
    "previous_high",
)
"""Columns of a funnel.

`value` is of all exposed cases that were asked; `previous_...` of those of them that had reached the step
before.
"""

Recall = Literal["unaided", "aided", "either"]
_THIN = 10


@dataclass(frozen=True, slots=True)
class Funnel:
    """Shares of exposed cases that reached each step.

    Attributes
    ----------
    label : str
        Which people and placements.
    table : DataFrame
        One row per step, columns `FUNNEL_COLUMNS`.
    n_cases, n_participants : int
        Participants times placements in view, and participants.
    false_alarm_rate : float
        Share of "yes" to foils that was taken off the recognised share; NaN where there were no foils.
    doubts : tuple of str
        What keeps the figures from saying more.
    """

    label: str
    table: pd.DataFrame
    n_cases: int
    n_participants: int
    false_alarm_rate: float
    doubts: tuple[str, ...]


def attention_funnel(
    cases: pd.DataFrame,
    trials: pd.DataFrame | None = None,
    *,
    label: str = "all",
    look_s: float = 2.0,
    recall: Recall = "unaided",
    understood_from: float = 2.0,
    interested_from: float = 4.0,
    intends_from: float = 4.0,
    level: float = 0.95,
) -> Funnel:
    """Return the share of exposed cases that reached each step.

    Parameters
    ----------
    cases : DataFrame
        Contract `MEMORY_CASES`: one row per participant and placement that entered view. NaN is not asked.
    trials : DataFrame, optional
        Contract `RECOGNITION_TRIALS`; with its foils the recognised share is corrected for saying yes anyway.
    label : str
        Which people and placements these are.
    look_s : float
        Dwell from which a case counts as looked at, s.
    recall : {"unaided", "aided", "either"}
        Which recall is meant.
    understood_from, interested_from, intends_from : float
        Codes and scale points from which a step counts as reached.
    level : float
        Confidence.

    Returns
    -------
    Funnel
        Intervals over participants. A step about which nobody was asked has denominator 0 and no value.

    Raises
    ------
    ParameterError
        If there are no cases, or a column is missing.

    Notes
    -----
    recognised = yes to targets / targets shown − yes to foils / foils shown, both of the people in `cases`.
    It can fall below 0, and is left there.
    """
    require_columns(cases, ["participant_id", "placement_id", "fixated", "dwell_s"])
    if cases.empty:
        raise ParameterError("cases", 0, "at least one placement that entered somebody's view")
    if not look_s > 0:
        raise ParameterError("look_s", look_s, "a positive number of seconds")
    thresholds = {
        "comprehension": understood_from,
        "interest": interested_from,
        "intent": intends_from,
    }
    reached = _reached(cases, look_s, recall, thresholds)
    people = cases["participant_id"]
    rules = _rules(look_s, recall, thresholds)
    rows = []
    for number, step in enumerate(STEPS):
        row: dict[str, Any] = {"step": step, "rung": RUNGS[step], "rule": rules[step]}
        row |= _share(reached[step], people, level)
        before = reached[STEPS[number - 1]] if number else None
        row |= _of_previous(reached[step], before, people, level)
        rows.append(row)
    table = pd.DataFrame(rows)
    false_alarm_rate = float("nan")
    doubts = []
    if table["denominator"].iloc[STEPS.index("recognised")]:
        false_alarm_rate, doubt = _correct(table, reached["recognised"], people, trials, level)
        doubts += [doubt] if doubt else []
    table.loc[0, ["low", "high"]] = np.nan
    table.loc[0, "method"] = "the base of the funnel"
    doubts += _doubts(table)
    n_people = int(people.nunique())
    return Funnel(label, table[list(FUNNEL_COLUMNS)], len(cases), n_people, false_alarm_rate, tuple(doubts))


def attention_funnels(
    cases: pd.DataFrame, by: Sequence[str], trials: pd.DataFrame | None = None, **options: Any
) -> dict[str, Funnel]:
    """Return the funnel of each group.

    Parameters
    ----------
    cases, trials : DataFrame
        As for `attention_funnel`.
    by : sequence of str
        Columns of `cases`, such as placement_id, segment, daypart.
    **options
        Further parameters of `attention_funnel`.

    Returns
    -------
    dict of str to Funnel
        By label, in order of appearance.
    """
    require_columns(cases, by)
    found = {}
    for key, part in each_group(cases, by):
        label = ", ".join(map(str, key)) or "all"
        found[label] = attention_funnel(part, trials, label=label, **options)
    return found


def funnel_table(found: Mapping[str, Funnel]) -> pd.DataFrame:
    """Return funnels as one table.

    Parameters
    ----------
    found : mapping of str to Funnel
        From `attention_funnels`.

    Returns
    -------
    DataFrame
        group and `FUNNEL_COLUMNS`.
    """
    tables = [funnel.table.assign(group=label) for label, funnel in found.items()]
    return pd.concat(tables, ignore_index=True)[["group", *FUNNEL_COLUMNS]]


def _reached(
    cases: pd.DataFrame, look_s: float, recall: Recall, thresholds: dict[str, float]
) -> dict[str, pd.Series]:
    """Return 1, 0 or NaN (not asked) per case and step."""

    def answer(name: str) -> pd.Series:
        unknown = pd.Series(np.nan, index=cases.index)
        return cases[name].astype(float) if name in cases else unknown

    def at_least(name: str) -> pd.Series:
        value = answer(name)
        return (value >= thresholds[name]).astype(float).where(value.notna())

    unaided, aided = answer("recalled_unaided"), answer("recalled_aided")
    recalled = {"unaided": unaided, "aided": aided, "either": np.fmax(unaided, aided)}
    if recall not in recalled:
        raise ParameterError("recall", recall, "one of " + ", ".join(recalled))
    return {
        "exposed": pd.Series(1.0, index=cases.index),
        "noticed": cases["fixated"].astype(float),
        "looked": (cases["dwell_s"] >= look_s).astype(float),
        "recognised": answer("recognised"),
        "recalled": pd.Series(recalled[recall], index=cases.index),
        "attributed": answer("attributed"),
        "understood": at_least("comprehension"),
        "interested": at_least("interest"),
        "intends": at_least("intent"),
    }


def _rules(look_s: float, recall: Recall, thresholds: dict[str, float]) -> dict[str, str]:
    how = {
        "unaided": "without a cue",
        "aided": "after its category or brand was named",
        "either": "with or without a cue",
    }
    return {
        "exposed": "the placement entered the participant's view",
        "noticed": f"at least one fixation on it, {VIEWED_MS:g} ms or longer unless set otherwise",
        "looked": f"dwell of at least {look_s:g} s",
        "recognised": "said yes to its picture, less the share of yes to foils",
        "recalled": f"named it {how[recall]}",
        "attributed": "named the brand of the masked picture",
        "understood": f"main message, coded {thresholds['comprehension']:g} or more",
        "interested": f"interest of {thresholds['interest']:g} or more",
        "intends": f"intent of {thresholds['intent']:g} or more",
    }


def _share(reached: pd.Series, people: pd.Series, level: float) -> dict[str, Any]:
    table = pd.DataFrame({"participant_id": people, "reached": reached})
    found = share_by_group(table, "reached", level=level).drop(columns="n_effective").iloc[0]
    return {str(name): value for name, value in found.items()}


def _of_previous(
    reached: pd.Series, before: pd.Series | None, people: pd.Series, level: float
) -> dict[str, Any]:
    names = ("numerator", "denominator", "value", "low", "high")
    if before is None or not (before == 1).any():
        nothing = (0, 0, np.nan, np.nan, np.nan)
        return {f"previous_{name}": cell for name, cell in zip(names, nothing, strict=True)}
    found = _share(reached[before == 1], people[before == 1], level)
    return {f"previous_{name}": found[name] for name in names}


def _correct(
    table: pd.DataFrame, said_yes: pd.Series, people: pd.Series, trials: pd.DataFrame | None, level: float
) -> tuple[float, str]:
    """Take the false alarms off the recognised share; return their rate and what to doubt."""
    row = STEPS.index("recognised")
    foils = pd.DataFrame(columns=["participant_id", "said_yes"]) if trials is None else _foils(trials, people)
    if foils.empty:
        table.loc[row, "rule"] = "said yes to its picture"
        return float(
            "nan"
        ), "recognition is not corrected: no foils were shown, so guesses count as recognised"
    asked = said_yes.notna()
    found = clustered_share_difference(
        said_yes[asked], people[asked], foils["said_yes"], foils["participant_id"], level=level
    )
    table.loc[row, ["value", "low", "high"]] = [found.difference, found.low, found.high]
    table.loc[row, "method"] = f"hits minus false alarms of {found.n_b} foils; {found.method.split(';')[0]}"
    doubt = "" if found.n_b >= _THIN else f"false alarms rest on {found.n_b} foils only"
    return found.value_b, doubt


def _foils(trials: pd.DataFrame, people: pd.Series) -> pd.DataFrame:
    require_columns(trials, ["participant_id", "shown", "said_yes"])
    mine = (trials["shown"].astype(str) == "foil") & trials["participant_id"].isin(set(people))
    return trials[mine].dropna(subset=["said_yes"])


def _doubts(table: pd.DataFrame) -> list[str]:
    doubts = []
    asked = table[["step", "denominator", "not_asked"]].to_numpy().tolist()
    for step, denominator, not_asked in asked:
        if denominator == 0:
            doubts.append(f"{step}: nobody was asked")
        elif denominator < _THIN:
            doubts.append(f"{step}: only {denominator} cases")
        elif not_asked > denominator:
            doubts.append(f"{step}: asked about fewer than half of the exposed cases")
    return doubts
