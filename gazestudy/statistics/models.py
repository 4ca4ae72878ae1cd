"""Models where one person meets many placements: yes or no, durations, and times to an event."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.groups import require_columns

MODEL_COLUMNS = ("term", "effect", "low", "high", "p_value", "coefficient", "standard_error")
"""Columns of a table of a model; `effect` is a ratio of odds, durations or hazards per unit of the term."""

_FEW_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model with what it rests on.

    Attributes
    ----------
    table : DataFrame
        One row per term, columns `MODEL_COLUMNS`, the intercept first.
    outcome : str
        What was explained.
    effect : {"odds ratio", "ratio of durations", "hazard ratio"}
        What `effect` means in the table.
    method : str
        Model and its standard errors, in words.
    n_cases, n_participants, n_left_out : int
        Rows and people in it, and rows left out since a value is not known.
    correlation : float
        Of two rows of one person: the working correlation, or the share of variance between people; NaN
        where the model has none.
    doubts : tuple of str
        What makes it less than it looks.
    """

    table: pd.DataFrame
    outcome: str
    effect: Literal["odds ratio", "ratio of durations", "hazard ratio"]
    method: str
    n_cases: int
    n_participants: int
    n_left_out: int
    correlation: float
    doubts: tuple[str, ...]


def share_model(
    cases: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    cluster: str = "participant_id",
    level: float = 0.95,
) -> FittedModel:
    """Fit a marginal logistic model (GEE) with exchangeable observations of each person.

    Parameters
    ----------
    cases : DataFrame
        One row per person and placement. Rows with an unknown value in a column that is used are left out.
    outcome : str
        Column of 0 and 1, or true and false.
    terms : sequence of str
        Columns that explain it: numbers as they are, words as categories against the first in order.
    cluster : str
        Whose rows belong together.
    level : float
        Confidence.

    Returns
    -------
    FittedModel
        Odds ratios for the average over people, not for one person. Placements are not a second random
        effect: put `placement_id` among the terms to hold them fixed.

    Raises
    ------
    ParameterError
        If a column is missing or constant, the outcome is not 0 and 1, or there are no more people than
        coefficients.

    Notes
    -----
    Standard errors are Mancl and DeRouen's for few clusters, limits by t with people minus terms degrees of
    freedom.

    References
    ----------
    Liang and Zeger (1986), doi:10.1093/biomet/73.1.13; Mancl and DeRouen (2001),
    doi:10.1111/j.0006-341X.2001.00126.x.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> people = np.repeat(np.arange(40), 6).astype(str)
    >>> table = pd.DataFrame({"participant_id": people, "hurry": rng.integers(0, 2, 240)})
    >>> table["noticed"] = rng.random(240) < np.where(table["hurry"] == 1, 0.2, 0.6)
    >>> fitted = share_model(table, "noticed", ["hurry"])
    >>> fitted.table["term"].tolist(), bool(fitted.table["high"][1] < 1)
    (['intercept', 'hurry'], True)
    """
    from statsmodels.genmod import families
    from statsmodels.genmod.cov_struct import Exchangeable, Independence
    from statsmodels.genmod.generalized_estimating_equations import GEE

    used, y, design, names = _design(cases, outcome, terms, cluster)
    if not np.isin(y, [0.0, 1.0]).all() or len(np.unique(y)) < 2:
        raise ParameterError(outcome, sorted(set(y.tolist()))[:5], "both 0 and 1 among the rows")
    people = pd.factorize(used[cluster])[0]
    repeated = bool(np.bincount(people).max() > 1)
    structure = Exchangeable() if repeated else Independence()
    doubts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = GEE(y, design, groups=people, family=families.Binomial(), cov_struct=structure)
        fitted = model.fit(cov_type="bias_reduced", maxiter=200)
    doubts += _numerical(caught)
    coefficient, variance = np.asarray(fitted.params), np.diag(np.asarray(fitted.cov_params()))
    errors = np.sqrt(np.where(variance > 0, variance, np.nan))
    if np.any(np.abs(coefficient[1:]) * design[:, 1:].std(axis=0) > 10):
        doubts.append("a term tells yes from no completely: its odds ratio is not to be had from these data")
    n = int(people.max()) + 1
    doubts += _few(n, len(names))
    method = "marginal logistic model (GEE), exchangeable within people, bias-reduced standard errors, t"
    return FittedModel(
        _table(names, coefficient, errors, n - len(names), level),
        outcome,
        "odds ratio",
        method,
        len(used),
        n,
        len(cases) - len(used),
        float(structure.dep_params) if repeated else float("nan"),
        tuple(doubts),
    )


def duration_model(
    cases: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    cluster: str = "participant_id",
    level: float = 0.95,
) -> FittedModel:
    """Fit a linear model of the logarithm of a duration with a random level of each person.

    Parameters
    ----------
    cases : DataFrame
        One row per person and placement; rows whose duration is 0 or not known are left out: the model is
        about those who looked.
    outcome : str
        Column of durations, such as "dwell_s".
    terms : sequence of str
        As for `share_model`.
    cluster : str
        Whose rows belong together.
    level : float
        Confidence.

    Returns
    -------
    FittedModel
        Ratios of durations. One random effect, for people; placements are held fixed if among the terms.

    Raises
    ------
    ParameterError
        If a column is missing or constant, or there are fewer rows or people than the model needs.

    Notes
    -----
    log y = X β + u_person + e, by restricted maximum likelihood; limits by t with people minus terms
    degrees of freedom.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM

    require_columns(cases, [outcome])
    positive = cases[cases[outcome].astype(float) > 0]
    used, y, design, names = _design(positive, outcome, terms, cluster)
    people = pd.factorize(used[cluster])[0]
    n = int(people.max(initial=-1)) + 1
    if n < 2 or len(used) <= n:
        raise ParameterError(outcome, f"{len(used)} rows of {n} people", "people with several looks each")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = MixedLM(np.log(y), design, groups=people).fit(reml=True)
    doubts = [*_numerical(caught), *_few(n, len(names))]
    between, within = float(np.asarray(fitted.cov_re).ravel()[0]), float(fitted.scale)
    k = len(names)
    method = "linear mixed model of the logarithm, random level of each person, REML, t"
    return FittedModel(
        _table(names, np.asarray(fitted.params)[:k], np.asarray(fitted.bse)[:k], n - k, level),
        outcome,
        "ratio of durations",
        method,
        len(used),
        n,
        len(cases) - len(used),
        between / (between + within),
        tuple(doubts),
    )


def hazard_model(
    cases: pd.DataFrame,
    time: str,
    event: str,
    terms: Sequence[str],
    *,
    cluster: str = "participant_id",
    level: float = 0.95,
) -> FittedModel:
    """Fit a Cox model of the time to an event, with standard errors that know who belongs together.

    Parameters
    ----------
    cases : DataFrame
        One row per person and placement, or per exposure.
    time : str
        Column of times to the event, or to where it is not known any more.
    event : str
        Column of 1 (it happened then) and 0 (censored).
    terms : sequence of str
        As for `share_model`.
    cluster : str
        Whose rows belong together.
    level : float
        Confidence.

    Returns
    -------
    FittedModel
        Hazard ratios; above 1 is earlier.

    Raises
    ------
    ParameterError
        If a column is missing or constant, nothing happened, or there are no more people than coefficients.

    Notes
    -----
    Breslow's handling of ties; sandwich variance over people, times n / (n − 1); limits by t with people
    minus terms degrees of freedom.

    References
    ----------
    Lin and Wei (1989), doi:10.1080/01621459.1989.10478874.
    """
    from statsmodels.duration.hazard_regression import PHReg

    require_columns(cases, [time])
    if not terms:
        raise ParameterError("terms", "none", "at least one that differs between cases")
    used, happened, design, names = _design(cases.dropna(subset=[time]), event, terms, cluster)
    if not np.isin(happened, [0.0, 1.0]).all() or not happened.any():
        raise ParameterError(event, sorted(set(happened.tolist()))[:5], "0 and 1, and 1 in some rows")
    people = pd.factorize(used[cluster])[0]
    n, k = int(people.max()) + 1, len(names) - 1
    lasted = used[time].to_numpy(dtype=float)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = PHReg(lasted, design[:, 1:], status=happened, ties="breslow").fit(groups=people)
        errors = np.asarray(fitted.bse) * np.sqrt(n / (n - 1))
    return FittedModel(
        _table(names[1:], np.asarray(fitted.params), errors, n - k, level),
        event,
        "hazard ratio",
        "Cox model, Breslow's ties, sandwich variance over people, t",
        len(used),
        n,
        len(cases) - len(used),
        float("nan"),
        tuple([*_numerical(caught), *_few(n, k)]),
    )


def _design(
    cases: pd.DataFrame, outcome: str, terms: Sequence[str], cluster: str
) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Return the rows that are used, sorted by person, their outcome, the matrix of terms and its names."""
    require_columns(cases, [outcome, cluster, *terms])
    used = cases.dropna(subset=[outcome, cluster, *terms]).sort_values(cluster, kind="stable")
    columns, names = [np.ones(len(used))], ["intercept"]
    for term in terms:
        values = used[term]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            levels = [(term, values.to_numpy(dtype=float))]
        else:
            words = values.astype(str)
            known = sorted(set(words))
            levels = [
                (f"{term}: {word}, not {known[0]}", (words == word).to_numpy(float)) for word in known[1:]
            ]
        if not levels or any(np.ptp(column) == 0 for _, column in levels if len(column)):
            raise ParameterError("term", term, "values that differ between rows")
        names += [name for name, _ in levels]
        columns += [column for _, column in levels]
    _enough(used[cluster].nunique(), names)
    design = np.column_stack(columns)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ParameterError("terms", list(terms), "terms of which none follows from the others")
    return used, used[outcome].to_numpy(dtype=float), design, names


def _table(
    names: list[str], coefficient: NDArray[Any], errors: NDArray[Any], freedom: int, level: float
) -> pd.DataFrame:
    from scipy import stats

    freedom = max(freedom, 1)
    wide = float(stats.t.ppf((1 + level) / 2, freedom)) * errors
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        effect, low, high = np.exp(coefficient), np.exp(coefficient - wide), np.exp(coefficient + wide)
        p_value = 2 * stats.t.sf(np.abs(coefficient / errors), freedom)
    cells = (names, effect, low, high, p_value, coefficient, errors)
    return pd.DataFrame(dict(zip(MODEL_COLUMNS, cells, strict=True)))


def _numerical(caught: list[warnings.WarningMessage]) -> list[str]:
    """Say once what the fitting complained about."""
    return list(dict.fromkeys(f"fitting: {str(item.message).strip().rstrip('.')}" for item in caught))


def _enough(people: int, names: list[str]) -> None:
    if people <= len(names):
        raise ParameterError("terms", f"{len(names)} coefficients", f"fewer than there are people ({people})")


def _few(people: int, terms: int) -> list[str]:
    needed = max(_FEW_PEOPLE, 5 * terms)
    if people >= needed:
        return []
    return [f"{people} people for {terms} terms: limits may be too narrow below about {needed}"]
