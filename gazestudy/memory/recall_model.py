"""What goes with being remembered, attention and background held beside each other.

Brand familiarity and earlier exposure drive recall at least as much as looking does. A model without them
would credit attention with what people knew before, so they are always in it, or their lack is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.groups import require_columns
from gazestudy.statistics.models import FittedModel, share_model

Floats = NDArray[np.float64]

BACKGROUND = ("familiarity", "prior_exposure")
"""Terms that are always in the model."""

TERMS: dict[str, str] = {
    "log1p_dwell": "per unit of ln(1 + dwell in s), such as from 0 to 1.7 s",
    "fixated": "fixated at least once, against never",
    "exposed_10s": "per 10 s in view",
    "angle_10deg": "per 10 deg of the largest visual angle of its width",
    "blocked_10pct": "per 10 percentage points of the placement that were hidden or outside the picture",
    "familiarity": "per point of brand familiarity",
    "prior_exposure": "seen before that day, against not",
    "daypart": "daypart",
}
"""Terms of the model by name, and what their odds ratio is about."""

_BOUNDLESS = "so its odds ratio has no bound"
_VIF = 5.0
_EVENTS_PER_TERM = 10
_MOST_MISSING = 0.2
_NOT_ASKED = "not asked of anybody"


@dataclass(frozen=True, slots=True)
class RecallModel:
    """Odds of being remembered.

    Attributes
    ----------
    fitted : FittedModel
        The model; its table with a column `meaning`.
    memory : str
        Column of the memory cases that is explained.
    left_out : dict of str to str
        Terms that are not in the model, and why.
    adjusted : bool
        Whether familiarity and prior exposure are in it, or were the same for everybody.
    inflation : dict of str to float
        Variance inflation factor of each term; above 5 its coefficient cannot be told from those of others.
    remembered, cases : int
        Cases that were remembered, and all in the model.
    doubts : tuple of str
        Everything that makes it less than it looks, in words.
    """

    fitted: FittedModel
    memory: str
    left_out: dict[str, str]
    adjusted: bool
    inflation: dict[str, float]
    remembered: int
    cases: int
    doubts: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per term: `term`, `effect` (odds ratio), `low`, `high`, `p_value`, `meaning`, ..."""
        return self.fitted.table


def recall_model(
    cases: pd.DataFrame,
    memory: str = "recalled_unaided",
    *,
    terms: Sequence[str] = tuple(TERMS),
    without_background: bool = False,
    level: float = 0.95,
) -> RecallModel:
    """Fit the odds of being remembered on attention, view, background and daypart.

    Parameters
    ----------
    cases : DataFrame
        Contract `MEMORY_CASES`.
    memory : str
        Column of 1, 0 and NaN that is explained.
    terms : sequence of str
        Names of `TERMS`; those of `BACKGROUND` are added where they are missing.
    without_background : bool
        Fit also where familiarity or prior exposure was not asked of anybody; the doubts say so.
    level : float
        Confidence.

    Returns
    -------
    RecallModel

    Raises
    ------
    ParameterError
        If familiarity or prior exposure was not asked and `without_background` is False, if a term is not
        known, or if nothing or everything was remembered.

    Notes
    -----
    logit P = β₀ + β₁ ln(1 + dwell) + β₂ fixated + β₃ exposed + β₄ angle + β₅ blocked share + β₆ familiarity
    + β₇ prior + daypart, a marginal model (GEE) with exchangeable answers of each person, bias-reduced
    standard errors. Terms that do not vary or are known of nobody are left out; so are terms by which
    remembered and forgotten are told apart without error, found by linear programming, since their odds ratio
    has no bound.

    References
    ----------
    Liang and Zeger (1986), doi:10.1093/biomet/73.1.13; Albert and Anderson (1984), doi:10.1093/biomet/71.1.1;
    Chandon, Hutchinson and Young (2002), INSEAD working paper 2002/85/MKT.
    """
    unknown = [term for term in terms if term not in TERMS]
    if unknown:
        raise ParameterError("terms", unknown[0], "one of " + ", ".join(TERMS))
    require_columns(cases, [memory, "participant_id"])
    asked = cases[cases[memory].notna()]
    remembered = asked[memory].to_numpy(dtype=float)
    if not np.isin(remembered, [0.0, 1.0]).all():
        raise ParameterError(memory, sorted(set(remembered))[:5], "1, 0 or not asked")
    if len(set(remembered)) < 2:
        raise ParameterError(
            memory, f"{int(remembered.sum())} of {len(remembered)}", "some remembered and some not"
        )
    chosen = [*terms, *(name for name in BACKGROUND if name not in terms)]
    design = _columns(asked)
    design[memory] = remembered
    left_out = _unknown_terms(design, chosen)
    absent = [name for name in BACKGROUND if left_out.get(name) == _NOT_ASKED]
    if absent and not without_background:
        raise ParameterError(
            "memory cases",
            f"{' and '.join(absent)}: {_NOT_ASKED}",
            "brand familiarity and prior exposure from the interview (items fam and prior); a model without "
            "them credits attention with what people knew before (without_background=True fits it anyway)",
        )
    kept = [term for term in chosen if term not in left_out]
    kept = _without_separating(design, memory, kept, left_out)
    if not kept:
        raise ParameterError("terms", list(chosen), "at least one term that can be estimated")
    fitted = share_model(design, memory, kept, level=level)
    used = design.dropna(subset=kept)
    inflation = _inflation(used, kept)
    doubts = (
        *_about_background(absent),
        *_about_left_out(left_out, absent),
        *_about_inflation(inflation),
        *_about_size(used[memory], kept, len(asked)),
        *fitted.doubts,
    )
    fitted.table["meaning"] = [_meaning(term) for term in fitted.table["term"]]
    return RecallModel(
        fitted,
        memory,
        left_out,
        all(name in kept or "the same" in left_out.get(name, "") for name in BACKGROUND),
        inflation,
        int(used[memory].sum()),
        len(used),
        doubts,
    )


def _columns(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the terms of the model as columns; NaN or "" where they are not known."""
    nan = pd.Series(np.nan, index=cases.index)
    given = {name: cases.get(name, nan) for name in _SOURCES}
    return pd.DataFrame(
        {
            "participant_id": cases["participant_id"],
            "log1p_dwell": np.log1p(given["dwell_s"].astype(float)),
            "fixated": given["fixated"].astype(float),
            "exposed_10s": given["exposed_s"].astype(float) / 10,
            "angle_10deg": given["max_angle_deg"].astype(float) / 10,
            "blocked_10pct": 10 * (1 - given["visible_share"].astype(float)),
            "familiarity": given["familiarity"].astype(float),
            "prior_exposure": given["prior_exposure"].astype(float),
            "daypart": given["daypart"].astype("object").where(given["daypart"].notna(), "").astype(str),
        }
    )


_SOURCES = (
    "dwell_s",
    "fixated",
    "exposed_s",
    "max_angle_deg",
    "visible_share",
    "familiarity",
    "prior_exposure",
    "daypart",
)


def _unknown_terms(design: pd.DataFrame, terms: Sequence[str]) -> dict[str, str]:
    """Return terms that cannot be in a model, and why."""
    left_out = {}
    for term in terms:
        values = design[term].replace("", np.nan).dropna() if term == "daypart" else design[term].dropna()
        if values.empty:
            left_out[term] = _NOT_ASKED if term in BACKGROUND else "not known of any case"
        elif values.nunique() == 1:
            left_out[term] = f"the same in every case ({values.iloc[0]})"
    return left_out


def _matrix(design: pd.DataFrame, terms: Sequence[str]) -> tuple[Floats, list[str]]:
    """Return the columns of the terms, standardised, and the term of each column."""
    columns, owners = [], []
    for term in terms:
        values = design[term]
        levels = [values] if term != "daypart" else [values == name for name in sorted(set(values))[1:]]
        for level in levels:
            column = level.to_numpy(dtype=float)
            spread = column.std()
            if spread > 0:
                columns.append((column - column.mean()) / spread)
                owners.append(term)
    return np.column_stack(columns) if columns else np.zeros((len(design), 0)), owners


def _without_separating(
    design: pd.DataFrame, memory: str, terms: list[str], left_out: dict[str, str]
) -> list[str]:
    """Return the terms without those that tell remembered from forgotten without error, one by one."""
    kept = list(terms)
    while kept:
        used = design.dropna(subset=kept)
        owners = separating_terms(used, used[memory].to_numpy(dtype=float), kept)
        if not owners:
            return kept
        worst = owners[0]
        left_out[worst] = _how_separated(used, memory, worst)
        kept.remove(worst)
    return kept


def separating_terms(design: pd.DataFrame, remembered: Floats, terms: Sequence[str]) -> list[str]:
    """Return terms with which remembered and forgotten are told apart without error, the strongest first.

    Parameters
    ----------
    design : DataFrame
        The terms as columns, without NaN.
    remembered : (n,) array of 0 and 1
        What is told apart.
    terms : sequence of str
        Columns.

    Returns
    -------
    list of str
        Empty where every coefficient has a finite estimate.

    Notes
    -----
    A direction β with (2y − 1) xβ ≥ 0 in every row and > 0 in some exists where the linear programme that
    maximises Σ (2y − 1) xβ under these and −1 ≤ β ≤ 1 has a value above 0.

    References
    ----------
    Albert and Anderson (1984), doi:10.1093/biomet/71.1.1; Konis (2007), DPhil thesis, Oxford.
    """
    from scipy.optimize import linprog

    matrix, owners = _matrix(design, terms)
    if not owners:
        return []
    signed = (2 * remembered - 1)[:, None] * np.column_stack([np.ones(len(matrix)), matrix])
    found = linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=[(-1, 1)] * signed.shape[1]
    )
    if not found.success or found.fun is None or found.x is None or found.fun > -1e-6:
        return []
    pull = {term: 0.0 for term in terms}
    for owner, weight in zip(owners, np.abs(found.x[1:]), strict=True):
        pull[owner] = max(pull[owner], float(weight))
    return [term for term in sorted(pull, key=lambda term: -pull[term]) if pull[term] > 1e-6]


def _how_separated(used: pd.DataFrame, memory: str, term: str) -> str:
    yes = used[memory] == 1
    if set(used[term].unique()) <= {0.0, 1.0}:
        for value, words in ((0.0, "without it"), (1.0, "with it")):
            rows = used[term] == value
            extent = "everything" if yes[rows].all() else "nothing" if not yes[rows].any() else ""
            if extent:
                return f"{extent} {words} was remembered ({int(rows.sum())} cases), {_BOUNDLESS}"
    return f"by it remembered and forgotten are told apart without error, {_BOUNDLESS}"


def _inflation(used: pd.DataFrame, terms: Sequence[str]) -> dict[str, float]:
    """Return the largest variance inflation factor of the columns of each term."""
    matrix, owners = _matrix(used, terms)
    if matrix.shape[1] < 2:
        return dict.fromkeys(owners, 1.0)
    correlation = np.corrcoef(matrix, rowvar=False)
    factors = np.diag(np.linalg.pinv(correlation))
    result: dict[str, float] = {}
    for owner, factor in zip(owners, factors, strict=True):
        result[owner] = max(result.get(owner, 1.0), float(factor))
    return result


def _about_background(absent: Sequence[str]) -> list[str]:
    if not absent:
        return []
    names = " and ".join(name.replace("_", " ") for name in absent)
    return [
        f"not adjusted for {names}, which was not asked: what people knew before may look like an effect of "
        "attention"
    ]


def _about_left_out(left_out: dict[str, str], absent: Sequence[str]) -> list[str]:
    return [f"{term} is not in the model: {why}" for term, why in left_out.items() if term not in absent]


def _about_inflation(inflation: dict[str, float]) -> list[str]:
    high = [term for term, factor in inflation.items() if factor > _VIF]
    if not high:
        return []
    largest = max(inflation[term] for term in high)
    return [
        f"{' and '.join(high)} go together (variance inflation up to {largest:.0f}): what they say together "
        "holds, their single odds ratios do not"
    ]


def _about_size(remembered: pd.Series, terms: Sequence[str], asked: int) -> list[str]:
    doubts = []
    fewer = int(min(remembered.sum(), len(remembered) - remembered.sum()))
    if fewer < _EVENTS_PER_TERM * len(terms):
        word = "remembered" if remembered.sum() == fewer else "forgotten"
        doubts.append(f"{fewer} {word} cases for {len(terms)} terms: fewer than {_EVENTS_PER_TERM} per term")
    lost = asked - len(remembered)
    if lost > _MOST_MISSING * asked:
        doubts.append(f"{lost} of {asked} cases are left out since a term is not known: check who they are")
    return doubts


def _meaning(term: str) -> str:
    if term == "intercept":
        return "odds where every term is 0"
    return TERMS.get(term, term)
