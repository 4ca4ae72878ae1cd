"""What goes with noticing, dwelling and looking early: models in which one person meets many placements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.statistics.groups import require_columns
from gazestudy.statistics.models import FittedModel, duration_model, hazard_model, share_model

TERMS = {
    "time_in_view": "per doubling of the time in view",
    "angle": "per doubling of the largest visual angle of its width",
    "blocked_10pct": "per 10 percentage points that were hidden or outside the picture",
    "passages": "per doubling of 1 + passages per month: regulars against occasional passengers",
    "segment": "segment",
    "daypart": "daypart",
    "placement_id": "placement, held fixed",
}
"""Terms by name, and what their effect is about."""

USUAL = ("time_in_view", "angle", "blocked_10pct", "passages", "segment", "daypart")

_WORDS = ("segment", "daypart", "placement_id")
_MOST_MISSING = 0.2


@dataclass(frozen=True, slots=True)
class LookingModels:
    """What goes with noticing, among those who noticed with the dwell, and with looking early.

    Attributes
    ----------
    noticing : FittedModel
        Odds ratios of at least one fixation, over all cases in view.
    dwelling : FittedModel or None
        Ratios of dwell, over cases with a fixation; None where there are too few.
    first_look : FittedModel or None
        Hazard ratios of the first fixation per time in view, over all cases; above 1 is earlier. None where
        the times are not known or there are too few.
    left_out : dict of str to str
        Terms that are not in the models, and why.
    doubts : tuple of str
        What makes them less than they look.
    """

    noticing: FittedModel
    dwelling: FittedModel | None
    first_look: FittedModel | None
    left_out: dict[str, str]
    doubts: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """The models below each other, with the columns model and meaning."""
        named = {"noticed": self.noticing, "dwell": self.dwelling, "first look": self.first_look}
        parts = [
            one.table.assign(model=f"{name} ({one.effect})", n_cases=one.n_cases)
            for name, one in named.items()
            if one is not None
        ]
        table = pd.concat(parts, ignore_index=True)
        table["meaning"] = [_meaning(term) for term in table["term"]]
        return table[["model", "term", "effect", "low", "high", "p_value", "n_cases", "meaning"]]


def looking_models(
    cases: pd.DataFrame, *, terms: Sequence[str] = USUAL, level: float = 0.95
) -> LookingModels:
    """Fit what goes with noticing, with dwelling and with looking early.

    Parameters
    ----------
    cases : DataFrame
        Contract `MEMORY_CASES`: one row per participant and placement that entered view.
    terms : sequence of str
        Names of `TERMS`. Those that are the same in all cases, or unknown in more than a fifth, are left out.
    level : float
        Confidence.

    Returns
    -------
    LookingModels

    Raises
    ------
    ParameterError
        If a term is not known, none is left, or everybody or nobody noticed.

    Notes
    -----
    Noticing: marginal logistic model (GEE), exchangeable within people. Dwelling: linear mixed model of log
    dwell with a level of each person. Looking early: Cox model of the time in view before the first fixation,
    censored where there was none, with a sandwich variance over people; the time in view is its scale and no
    term of it. Placements are no second random effect: crossed random effects of
    people and placements for yes and no need Bayesian software. With `placement_id` among the terms they
    are held fixed. What goes with looking need not cause it: time in view also grows because somebody
    looks.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> met = pd.DataFrame({"participant_id": np.repeat(np.arange(40), 6).astype(str), "segment": "all"})
    >>> met["max_angle_deg"], met["exposed_s"] = rng.uniform(2, 30, 240), rng.uniform(1, 9, 240)
    >>> met["fixated"] = rng.random(240) < met["max_angle_deg"] / 40
    >>> met["dwell_s"] = np.where(met["fixated"], rng.lognormal(0, 0.5, 240), 0.0)
    >>> found = looking_models(met)
    >>> found.noticing.table["term"].tolist(), sorted(found.left_out)
    (['intercept', 'time_in_view', 'angle'], ['blocked_10pct', 'daypart', 'passages', 'segment'])
    """
    for term in terms:
        if term not in TERMS:
            raise ParameterError("terms", term, "any of " + ", ".join(TERMS))
    require_columns(cases, ["participant_id", "fixated", "dwell_s"])
    design = _design(cases)
    left_out = {term: why for term in terms if (why := _useless(design[term]))}
    kept = [term for term in terms if term not in left_out]
    if not kept:
        raise ParameterError("terms", list(terms), "at least one that differs between cases")
    noticing = share_model(design, "fixated", kept, level=level)
    doubts = [f"noticing: {doubt}" for doubt in noticing.doubts]
    dwelling = None
    lookers = design[design["dwell_s"] > 0]
    their = [term for term in kept if not _useless(lookers[term])]
    try:
        dwelling = duration_model(lookers, "dwell_s", their, level=level)
        doubts += [f"dwell: {doubt}" for doubt in dwelling.doubts]
    except ParameterError as error:
        doubts.append(f"dwell: no model, {error}")
    first_look = None
    if {"ttff_s", "censored_at_s"} <= set(cases):
        waited = design.assign(waited_s=cases["ttff_s"].fillna(cases["censored_at_s"]).astype(float))
        early = [term for term in kept if term != "time_in_view"]
        try:
            first_look = hazard_model(waited, "waited_s", "fixated", early, level=level)
            doubts += [f"first look: {doubt}" for doubt in first_look.doubts]
        except ParameterError as error:
            doubts.append(f"first look: no model, {error}")
    return LookingModels(noticing, dwelling, first_look, left_out, tuple(doubts))


def _design(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the terms as columns; NaN where they are not known."""

    def number(name: str) -> pd.Series:
        unknown = pd.Series(np.nan, index=cases.index)
        return cases[name].astype(float) if name in cases else unknown

    def doublings(values: pd.Series) -> pd.Series:
        return pd.Series(np.log2(values.where(values > 0).to_numpy()), index=values.index)

    words = {
        name: cases[name].astype(object).where(cases[name].astype(str) != "", None)
        if name in cases
        else pd.Series(None, index=cases.index, dtype=object)
        for name in _WORDS
    }
    return pd.DataFrame(
        {
            "participant_id": cases["participant_id"],
            "fixated": cases["fixated"].astype(float),
            "dwell_s": cases["dwell_s"].astype(float),
            "time_in_view": doublings(number("exposed_s")),
            "angle": doublings(number("max_angle_deg")),
            "blocked_10pct": 10 * (1 - number("visible_share")),
            "passages": doublings(1 + number("passages_per_month")),
            **words,
        }
    )


def _useless(values: pd.Series) -> str:
    """Say why a term cannot be in a model, or nothing."""
    unknown = float(values.isna().mean()) if len(values) else 1.0
    if unknown == 1.0:
        return "not known of any case"
    if unknown > _MOST_MISSING:
        return f"not known of {unknown:.0%} of the cases"
    return "the same in every case" if values.dropna().nunique() == 1 else ""


def _meaning(term: str) -> str:
    name, _, level = term.partition(": ")
    return TERMS.get(name, "") + (f": {level}" if level else "")
