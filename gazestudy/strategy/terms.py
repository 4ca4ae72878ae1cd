"""Terms of a product: a number with its source, what it was made of, its interval, and draws from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtr, ndtri, stdtrit

from gazestudy.errors import ParameterError
from gazestudy.statistics.intervals import Estimate, clustered_ratio, clustered_share

Floats = NDArray[np.float64]
Source = Literal["counted", "gaze", "remembered", "assumed", "modelled"]
Shape = Literal["share", "positive", "assumed_share", "assumed_positive", "fixed"]

SOURCES: dict[str, str] = {
    "counted": "counted by observers in the station",
    "gaze": "measured with eye trackers",
    "remembered": "said in interviews",
    "assumed": "written into the strategy document",
    "modelled": "computed from geometry by the occlusion model or from the loop of a screen",
}
"""Where a term can come from."""

_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Term:
    """One factor of a product.

    Attributes
    ----------
    name : str
        Such as noticed.
    value, low, high : float
        The number and its interval; NaN where the data cannot give it.
    unit : str
        Such as share, s, people/min.
    source : {"counted", "gaze", "remembered", "assumed", "modelled"}
        See `SOURCES`.
    shape : {"share", "positive", "assumed_share", "assumed_positive", "fixed"}
        How its uncertainty is drawn.
    numerator, denominator : float
        What was divided by what; NaN for an assumption.
    n : int
        Independent people or sessions behind it, 0 for an assumption.
    n_of : str
        What they are: people, sessions.
    n_effective : float
        Independent observations that a share is worth.
    rule : str
        How it was taken, in words; for an assumption, who says so.
    method : str
        Name of the interval, or why there is none.
    level : float
        Confidence of the interval.
    residuals : mapping of str to float
        By how much each person or session lies above or below it; says how terms vary together.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    source: Source
    shape: Shape
    numerator: float = float("nan")
    denominator: float = float("nan")
    n: int = 0
    n_of: str = ""
    n_effective: float = float("nan")
    rule: str = ""
    method: str = ""
    level: float = 0.95
    residuals: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_known(self) -> bool:
        """Whether there is a value and an interval."""
        return bool(np.isfinite([self.value, self.low, self.high]).all())

    def at(self, z: ArrayLike) -> Floats:
        """Return the term at standard normal deviates: at 0 its value, at ±1.96 the limits of 95 %.

        Parameters
        ----------
        z : array
            Standard normal.

        Returns
        -------
        float array
            Of the shape of `z`; NaN where the term has no interval.

        Notes
        -----
        The draws reproduce the interval at every level (a confidence distribution): for a share, the Wilson
        limit with the effective number of observations at the t quantile of the same probability; for a
        ratio of sums, R exp(t s). An assumption is a normal in two halves on the logit or log scale through
        its value and limits.
        """
        deviates = np.asarray(z, dtype=float)
        if self.shape == "fixed":
            return np.full(deviates.shape, self.value)
        if not self.is_known:
            return np.full(deviates.shape, np.nan)
        if self.shape in ("assumed_share", "assumed_positive"):
            return self._in_two_halves(deviates)
        freedom = max(self.n - 1, 1)
        alone = self.n_effective == self.denominator == self.n  # one observation each: normal, not t
        t = deviates if alone and self.shape == "share" else stdtrit(freedom, ndtr(deviates))
        if self.shape == "share":
            return _wilson_limit(self.value, self.n_effective, t)
        if self.value == 0:  # nothing counted: the exact limit of a Poisson count at every level
            return np.asarray(-np.log1p(-ndtr(deviates)) / self.denominator, dtype=float)
        spread = np.log(self.high / self.low) / 2 / float(stdtrit(freedom, (1 + self.level) / 2))
        return np.asarray(self.value * np.exp(t * spread), dtype=float)

    def _in_two_halves(self, z: Floats) -> Floats:
        share = self.shape == "assumed_share"
        edges = np.array([self.value, self.low, self.high])
        middle, low, high = logit(np.clip(edges, _EDGE, 1 - _EDGE)) if share else np.log(edges + 1e-300)
        unit = float(ndtri((1 + self.level) / 2))
        drawn = middle + z * np.where(z < 0, middle - low, high - middle) / unit
        return np.asarray(expit(drawn) if share else np.exp(drawn), dtype=float)


def _wilson_limit(share: float, n: float, z: Floats) -> Floats:
    spread = np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    limit = (share + z**2 / (2 * n) + z * spread) / (1 + z**2 / n)
    return np.asarray(np.clip(limit, 0.0, 1.0), dtype=float)


def share_term(
    name: str,
    counts: ArrayLike,
    trials: ArrayLike,
    *,
    clusters: Sequence[str],
    source: Source,
    rule: str,
    n_of: str,
    level: float = 0.95,
) -> Term:
    """Return a share of observations that come in clusters, as a term.

    Parameters
    ----------
    name : str
        Its name.
    counts, trials : (N,) arrays
        Numerator and denominator per cluster.
    clusters : sequence of str
        Names of the clusters (people or sessions); terms that share some vary together.
    source : str
        Where it comes from.
    rule : str
        How it was taken.
    n_of : str
        What the clusters are.
    level : float
        Confidence.

    Examples
    --------
    >>> term = share_term("noticed", [1, 0, 1, 0], [1, 1, 1, 1], clusters=list("abcd"), source="gaze",
    ...                   rule="one fixation or more", n_of="people")
    >>> term.value, term.at([-1.959964, 0.0, 1.959964]).round(2).tolist()
    (0.5, [0.15, 0.5, 0.85])
    """
    found = clustered_share(counts, trials, level=level)
    return _term(name, found, counts, trials, clusters, "share", "share", source, rule, n_of)


def ratio_term(
    name: str,
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    clusters: Sequence[str],
    unit: str,
    source: Source,
    rule: str,
    n_of: str,
    level: float = 0.95,
) -> Term:
    """Return a ratio of sums over clusters, such as people per minute or seconds per look, as a term.

    Parameters
    ----------
    name : str
        Its name.
    numerators, denominators : (N,) arrays
        Per cluster; clusters with a denominator of 0 are left out.
    clusters, source, rule, n_of, level
        As for `share_term`.
    unit : str
        Of the ratio.
    """
    found = clustered_ratio(numerators, denominators, level=level)
    return _term(name, found, numerators, denominators, clusters, unit, "positive", source, rule, n_of)


def _term(
    name: str,
    found: Estimate,
    parts: ArrayLike,
    wholes: ArrayLike,
    clusters: Sequence[str],
    unit: str,
    shape: Shape,
    source: Source,
    rule: str,
    n_of: str,
) -> Term:
    top, bottom = np.asarray(parts, dtype=float).ravel(), np.asarray(wholes, dtype=float).ravel()
    if len(clusters) != len(top):
        raise ParameterError("clusters", len(clusters), f"one name per cluster ({len(top)})")
    residuals = top - found.value * bottom if np.isfinite(found.value) else np.zeros_like(top)
    by_name = {
        str(key): float(left) for key, left, size in zip(clusters, residuals, bottom, strict=True) if size > 0
    }
    return Term(
        name,
        found.value,
        found.low,
        found.high,
        unit,
        source,
        shape,
        found.numerator,
        found.denominator,
        found.clusters,
        n_of,
        found.n_effective,
        rule,
        found.method,
        found.level,
        by_name,
    )


def fixed_term(name: str, value: float, *, unit: str, rule: str, source: Source = "assumed") -> Term:
    """Return a number without uncertainty, such as opening hours or a price."""
    return Term(name, value, value, value, unit, source, "fixed", rule=rule, method="no uncertainty")


def assumed_term(
    name: str,
    value: float,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str,
    rule: str,
    source: Source = "assumed",
    level: float = 0.95,
) -> Term:
    """Return a number that somebody assumes, with the range in which they expect it.

    Parameters
    ----------
    name : str
        Its name.
    value : float
        Best guess; 0 to 1 where the unit is "share".
    low, high : float, optional
        Range at `level`; without it the number counts as certain.
    unit, rule : str
        Its unit, and who says so.
    source : str, optional
        Other than "assumed".
    level : float
        How sure they are that it lies in the range.

    Raises
    ------
    ParameterError
        If the range does not hold the value, or a share is not between 0 and 1.
    """
    if low is None and high is None:
        return fixed_term(name, value, unit=unit, rule=rule, source=source)
    lower, upper = value if low is None else low, value if high is None else high
    if not 0 <= lower <= value <= upper:
        raise ParameterError(name, (lower, value, upper), "low ≤ value ≤ high, none below 0")
    if unit == "share" and upper > 1:
        raise ParameterError(name, upper, "a share from 0 to 1")
    shape: Shape = "assumed_share" if unit == "share" else "assumed_positive"
    return Term(name, value, lower, upper, unit, source, shape, rule=rule, method="range given", level=level)


def draw_terms(terms: Sequence[Term], *, draws: int, rng: np.random.Generator) -> Floats:
    """Return joint draws of terms, so that those that rest on the same people or sessions vary together.

    Parameters
    ----------
    terms : sequence of Term
        k terms.
    draws : int
        How many.
    rng : Generator
        Source of randomness.

    Returns
    -------
    (draws, k) float array
        Columns of terms without an interval are NaN.

    Notes
    -----
    One standard normal per person or session, the same for all terms; the deviate of a term is their sum
    weighted with its residuals, scaled to variance 1 (a multiplier bootstrap, of which only the correlation
    is used). `Term.at` turns deviates into values, so each term keeps its own interval.

    Examples
    --------
    >>> one = share_term("a", [1, 0, 1], [1] * 3, clusters=list("abc"), source="gaze", rule="", n_of="people")
    >>> drawn = draw_terms([one, one], draws=5, rng=np.random.default_rng(1))
    >>> bool(np.allclose(drawn[:, 0], drawn[:, 1]))
    True
    """
    if draws < 1:
        raise ParameterError("draws", draws, "1 or more")
    names = sorted({key for term in terms for key in term.residuals})
    place = {key: number for number, key in enumerate(names)}
    shared = rng.standard_normal((draws, len(names)))
    drawn = np.empty((draws, len(terms)))
    for column, term in enumerate(terms):
        weights = np.zeros(len(names))
        for key, residual in term.residuals.items():
            weights[place[key]] = residual
        length = float(np.linalg.norm(weights))
        z = shared @ (weights / length) if length > 0 else rng.standard_normal(draws)
        drawn[:, column] = term.at(z)
    return drawn


TERM_COLUMNS = (
    "placement_id",
    "daypart",
    "term",
    "value",
    "low",
    "high",
    "unit",
    "source",
    "numerator",
    "denominator",
    "n",
    "n_of",
    "n_effective",
    "rule",
    "method",
)
"""Columns of a table of terms."""


def term_row(placement_id: str, daypart: str, term: Term) -> dict[str, object]:
    """Return a term as a row with `TERM_COLUMNS`."""
    own = {name: getattr(term, name) for name in TERM_COLUMNS[3:]}
    return {"placement_id": placement_id, "daypart": daypart, "term": term.name, **own}


def term_table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return rows from `term_row` as a table."""
    return pd.DataFrame(rows, columns=list(TERM_COLUMNS))
