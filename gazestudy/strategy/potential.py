"""Platform potential: passages x exposed x clear view x noticed x dwell, and how sure that product is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model.wording import counted
from gazestudy.strategy.terms import Term, draw_terms, term_row, term_table

Floats = NDArray[np.float64]

DRAWS = 4000
WHOLE_DAY = "all"
"""Name of the row that adds up the dayparts."""

_BASE = ("passages_per_min", "minutes_per_day")
_IN_VIEW = ("exposed", "clear")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a product of terms says.

    Attributes
    ----------
    name, unit, rung : str
        Its name, its unit, and its rung of the ladder: opportunity, attention, memory.
    factors : tuple of str
        Terms that are multiplied.
    optional : tuple of str
        Terms that are multiplied where a placement has them (screens).
    denominator : str
        What one of it is divided by, in words.
    per_passages : bool
        A rate per 1,000 passages instead of an amount per day.
    """

    name: str
    unit: str
    rung: str
    factors: tuple[str, ...]
    optional: tuple[str, ...]
    denominator: str
    per_passages: bool = False


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("passages_per_day", "passages/day", "circulation", _BASE, (), "day"),
        Measure(
            "exposed_passages_per_day",
            "passages/day",
            "opportunity",
            _BASE + _IN_VIEW,
            ("spot_in_view",),
            "day",
        ),
        Measure(
            "looked_at_passages_per_day",
            "passages/day",
            "attention",
            (*_BASE, *_IN_VIEW, "noticed"),
            ("spot_met",),
            "day",
        ),
        Measure(
            "attentive_s_per_1000_passages",
            "s/1000 passages",
            "attention",
            (*_IN_VIEW, "noticed", "dwell_s"),
            ("voice",),
            "1,000 passages",
            per_passages=True,
        ),
        Measure(
            "attentive_s_per_day",
            "s/day",
            "attention",
            (*_BASE, *_IN_VIEW, "noticed", "dwell_s"),
            ("voice",),
            "day",
        ),
        Measure(
            "recalled_viewers_per_day", "passages/day", "memory", (*_BASE, *_IN_VIEW, "recalled"), (), "day"
        ),
    )
}
"""All measures by name, from opportunity to memory. Attention is never called an outcome."""

LIMITS = (
    "passages are not people: who passes twice counts twice",
    "people in glasses, on a walk they were asked for, may look more than others",
    "attention is not an outcome: it says what was looked at, not what was bought",
)
"""What no interval of a potential covers."""

Key = tuple[str, str]
"""Placement and daypart."""

POTENTIAL_COLUMNS = (
    "placement_id",
    "daypart",
    "measure",
    "value",
    "low",
    "high",
    "unit",
    "rung",
    "numerator",
    "denominator",
    "per",
    "n",
    "n_of",
    "sources",
    "weakest_term",
    "weakest_share",
    "method",
    "note",
)
"""Columns of the table of potentials.

`n` is the smallest number of people or sessions behind any term, `weakest_term` the one whose uncertainty
makes most of that of the product (`weakest_share` of its variance on the log scale): what to measure next.
"""


@dataclass(frozen=True, slots=True)
class Potential:
    """Platform potential of placements and dayparts.

    Attributes
    ----------
    table : DataFrame
        `POTENTIAL_COLUMNS`; one row per placement, daypart (and "all", their sum) and measure.
    terms : DataFrame
        Every term with its source and interval.
    draws : dict of (placement, daypart, measure) to (draws,) float array
        Simulated values; the same number of a draw belongs together over all of them.
    level : float
        Confidence of the intervals.
    """

    table: pd.DataFrame
    terms: pd.DataFrame
    draws: dict[tuple[str, str, str], Floats]
    level: float


def potential(
    chains: Mapping[Key, Sequence[Term]],
    *,
    draws: int = DRAWS,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Potential:
    """Return what placements deliver, from opportunity to memory.

    Parameters
    ----------
    chains : mapping of (placement, daypart) to sequence of Term
        Terms by the names in `MEASURES`; each name once. Measures whose terms are not all there are given
        without a value, and say which are missing.
    draws : int
        Simulated values of every term.
    level : float
        Confidence.
    rng : Generator
        Source of randomness; store its seed beside the result.

    Returns
    -------
    Potential

    Raises
    ------
    ParameterError
        If a term comes twice, or the name of a daypart is the one kept for the sum.

    Notes
    -----
    The value is the product of the values; its limits are quantiles of products of joint draws
    (`gazestudy.strategy.terms.draw_terms`). Attentive seconds per 1,000 passages are 1000 x exposed x clear x
    noticed x dwell; for the whole day the seconds are added up and divided by the passages. A whole day is
    only as whole as its dayparts.

    Examples
    --------
    >>> from gazestudy.strategy.terms import fixed_term
    >>> chain = [fixed_term(name, value, unit="", rule="")
    ...          for name, value in [("exposed", 0.5), ("clear", 0.8), ("noticed", 0.5), ("dwell_s", 2.0)]]
    >>> found = potential({("wall", "peak"): chain}, draws=10, rng=np.random.default_rng(0))
    >>> found.table.set_index("measure").loc["attentive_s_per_1000_passages", "value"].tolist()
    [400.0, nan]
    """
    columns, flat = _columns(chains)
    drawn = draw_terms(flat, draws=draws, rng=rng)
    rows: list[dict[str, object]] = []
    kept: dict[tuple[str, str, str], Floats] = {}
    for key, terms in chains.items():
        own = {term.name: term for term in terms}
        for measure in MEASURES.values():
            rows.append(_one(key, measure, own, drawn, columns, kept, level))
    for placement in dict.fromkeys(key[0] for key in chains):
        parts = [key for key in chains if key[0] == placement]
        rows += [_day(placement, parts, measure, rows, kept, level) for measure in MEASURES.values()]
    terms_rows = [term_row(*key, term) for key, terms in chains.items() for term in terms]
    table = pd.DataFrame(rows, columns=list(POTENTIAL_COLUMNS))
    return Potential(table, term_table(terms_rows), kept, level)


def _columns(chains: Mapping[Key, Sequence[Term]]) -> tuple[dict[tuple[str, str, str], int], list[Term]]:
    columns: dict[tuple[str, str, str], int] = {}
    flat: list[Term] = []
    for (placement, daypart), terms in chains.items():
        if daypart == WHOLE_DAY:
            raise ParameterError("daypart", daypart, "another name: this one is kept for the sum of dayparts")
        for term in terms:
            label = (placement, daypart, term.name)
            if label in columns:
                raise ParameterError("terms", label, "each term once per placement and daypart")
            columns[label] = len(flat)
            flat.append(term)
    return columns, flat


def _one(
    key: Key,
    measure: Measure,
    own: Mapping[str, Term],
    drawn: Floats,
    columns: Mapping[tuple[str, str, str], int],
    kept: dict[tuple[str, str, str], Floats],
    level: float,
) -> dict[str, object]:
    """Return the row of one measure, and keep its draws."""
    missing = [name for name in measure.factors if name not in own]
    row = _start(key, measure)
    if missing:
        return row | {"note": "no value: nothing is known of " + ", ".join(missing)}
    used = [own[name] for name in (*measure.factors, *measure.optional) if name in own]
    scale = 1000.0 if measure.per_passages else 1.0
    value = scale * float(np.prod([term.value for term in used]))
    parts = drawn[:, [columns[(*key, term.name)] for term in used]]
    products = scale * parts.prod(axis=1)
    kept[(*key, measure.name)] = products
    unsure = [term for term in used if term.shape != "fixed"]
    behind = [term for term in unsure if term.n]
    least = min(behind, key=lambda term: term.n) if behind else None
    weakest, share = _weakest(used, parts)
    return row | {
        "value": value,
        **_limits(products, level),
        "numerator": value,
        "n": least.n if least else 0,
        "n_of": f"{least.n_of} ({least.name})" if least else "assumptions only",
        "sources": "; ".join(f"{term.name} {term.source}" for term in used),
        "weakest_term": weakest,
        "weakest_share": share,
        "note": _doubts(used),
    }


def _start(key: Key, measure: Measure) -> dict[str, object]:
    nan = float("nan")
    return {
        "placement_id": key[0],
        "daypart": key[1],
        "measure": measure.name,
        "value": nan,
        "low": nan,
        "high": nan,
        "unit": measure.unit,
        "rung": measure.rung,
        "numerator": nan,
        "denominator": 1000.0 if measure.per_passages else 1.0,
        "per": "passages" if measure.per_passages else measure.denominator,
        "n": 0,
        "n_of": "",
        "sources": "",
        "weakest_term": "",
        "weakest_share": nan,
        "method": "",
        "note": "",
    }


def _limits(values: Floats, level: float) -> dict[str, object]:
    if not np.isfinite(values).all():
        return {"low": float("nan"), "high": float("nan"), "method": "no interval: a term has none"}
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return {"low": float(low), "high": float(high), "method": f"simulation of {len(values)} draws"}


def _weakest(used: Sequence[Term], parts: Floats) -> tuple[str, float]:
    """Return the term with most of the variance on the log scale, and how much."""
    logs = np.log(np.maximum(parts, 1e-12))
    spread = np.where(np.isfinite(parts).all(axis=0), logs.std(axis=0), np.inf)
    if not spread.any():
        return "", float("nan")
    first = int(np.argmax(spread))
    total = float((spread**2).sum())
    return used[first].name, float(spread[first] ** 2 / total) if np.isfinite(total) else float("nan")


def _doubts(used: Sequence[Term]) -> str:
    """Say which terms keep the product from being known."""
    words = [f"{term.name}: {term.method}" for term in used if term.shape != "fixed" and not term.is_known]
    words += [f"{term.name}: {term.rule.partition('; ')[2]}" for term in used if "; fewer than" in term.rule]
    words += [
        f"{term.name} rests on {counted(term.n, _ONE_OF.get(term.n_of, term.n_of), term.n_of)}"
        for term in used
        if 0 < term.n < FEW
    ]
    return "; ".join(words)


_ONE_OF = {"people": "person", "sessions": "session"}
FEW = 8
"""Terms that rest on fewer people or sessions are named in the notes."""


def _day(
    placement: str,
    parts: Sequence[Key],
    measure: Measure,
    rows: Sequence[Mapping[str, object]],
    kept: dict[tuple[str, str, str], Floats],
    level: float,
) -> dict[str, object]:
    """Return the sum over dayparts; a rate is weighted with passages."""
    row = _start((placement, WHOLE_DAY), measure)
    amount = "attentive_s_per_day" if measure.per_passages else measure.name
    wanted = [amount, "passages_per_day"] if measure.per_passages else [amount]
    found = {
        (str(one["daypart"]), str(one["measure"])): one for one in rows if one["placement_id"] == placement
    }
    lacking = [key for key in parts if any((*key, name) not in kept for name in wanted)]
    if lacking:
        reasons: dict[str, list[str]] = {}
        for key in lacking:
            why = next(str(found[key[1], name]["note"]) for name in wanted if (*key, name) not in kept)
            reasons.setdefault(why.removeprefix("no value: "), []).append(key[1])
        told = "; ".join(f"{why} in {', '.join(names)}" for why, names in reasons.items())
        return row | {"note": f"no value: {told}"}
    total = np.sum([kept[(*key, amount)] for key in parts], axis=0)
    value = float(np.sum([float(str(found[key[1], amount]["value"])) for key in parts]))
    if measure.per_passages:
        passages = np.sum([kept[(*key, "passages_per_day")] for key in parts], axis=0)
        counted = float(np.sum([float(str(found[key[1], "passages_per_day"]["value"])) for key in parts]))
        with np.errstate(invalid="ignore", divide="ignore"):
            total, value = 1000 * total / passages, 1000 * value / counted if counted else float("nan")
    kept[(placement, WHOLE_DAY, measure.name)] = total
    own = [found[key[1], measure.name] for key in parts]
    smallest = min(own, key=lambda one: int(str(one["n"])))
    notes = dict.fromkeys(f"{one['daypart']}: {one['note']}" for one in own if one["note"])
    return row | {
        "value": value,
        **_limits(total, level),
        "numerator": value,
        "n": smallest["n"],
        "n_of": smallest["n_of"],
        "sources": " | ".join(dict.fromkeys(str(one["sources"]) for one in own)),
        "note": "; ".join(["sum of " + ", ".join(key[1] for key in parts), *notes]),
    }
