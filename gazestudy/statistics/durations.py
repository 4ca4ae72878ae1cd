"""Means and medians of durations with limits by drawing people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.bootstrap import FEWEST_CLUSTERS, cluster_draws, expanded_limits

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean or median with its limits.

    Attributes
    ----------
    value, low, high : float
        In the unit of the durations; limits are NaN with fewer than five clusters.
    n, clusters : int
        Observations and whose they are.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int


class ClusteredValues:
    """Durations, and draws of the people who brought them.

    Parameters
    ----------
    values : (n,) array
        Finite.
    clusters : (n,) array
        Whose they are.
    everybody : (N,) array, optional
        People who are drawn, also those without a value; None: those who have one.

    Raises
    ------
    ParameterError
        If arrays differ in length, a value is not finite, or somebody is not in `everybody`.

    Examples
    --------
    >>> looks = ClusteredValues([0.5, 0.75, 1.25, 5.5], list("aabc"))
    >>> looks.median, looks.mean
    (1.0, 2.0)
    """

    def __init__(self, values: ArrayLike, clusters: ArrayLike, everybody: ArrayLike | None = None) -> None:
        y, who = np.asarray(values, dtype=float).ravel(), np.asarray(clusters, dtype=object).ravel()
        if len(y) != len(who) or not np.isfinite(y).all():
            raise ParameterError("values", values, "finite numbers, as many as clusters")
        people = pd.Index(
            pd.unique(who) if everybody is None else np.asarray(everybody, dtype=object).ravel()
        )
        codes = people.get_indexer(pd.Index(who))
        if np.any(codes < 0):
            raise ParameterError("everybody", list(people)[:5], "everybody who has a value")
        order = np.argsort(y, kind="stable")
        self.values, self.codes, self.people = y[order], codes[order], len(people)

    @property
    def median(self) -> float:
        """Median; NaN without values."""
        return float(np.median(self.values)) if len(self.values) else float("nan")

    @property
    def mean(self) -> float:
        """Mean; NaN without values."""
        return float(np.mean(self.values)) if len(self.values) else float("nan")

    def drawn_means(self, weights: Floats) -> Floats:
        """Return the mean in each draw of people, (draws,); NaN where nobody with a value was drawn."""
        sums = np.bincount(self.codes, self.values, minlength=self.people)
        sizes = np.bincount(self.codes, minlength=self.people)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((weights @ sums) / (weights @ sizes))

    def drawn_medians(self, weights: Floats) -> Floats:
        """Return the median in each draw of people, (draws,); NaN where nobody with a value was drawn."""
        if not len(self.values):
            return np.full(len(weights), np.nan)
        passed = np.cumsum(weights[:, self.codes], axis=1)
        half = passed[:, -1:] / 2
        last = len(self.values) - 1
        lower = np.minimum((passed < half).sum(axis=1), last)
        upper = np.minimum((passed <= half).sum(axis=1), last)
        return np.where(half[:, 0] > 0, (self.values[lower] + self.values[upper]) / 2, np.nan)


def clustered_mean(
    values: ArrayLike,
    clusters: ArrayLike,
    *,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Spread:
    """Return the mean with limits by drawing people.

    Parameters
    ----------
    values : (n,) array
        Finite.
    clusters : (n,) array
        Whose they are.
    draws : int
        Bootstrap draws.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Examples
    --------
    >>> found = clustered_mean([0, 0, 1.2, 0.8], list("abcc"), rng=np.random.default_rng(0))
    >>> found.value, found.n, found.clusters
    (0.5, 4, 3)
    """
    found = ClusteredValues(values, clusters)
    return _spread(found, found.mean, ClusteredValues.drawn_means, draws, level, rng)


def clustered_median(
    values: ArrayLike,
    clusters: ArrayLike,
    *,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Spread:
    """Return the median with limits by drawing people.

    Parameters
    ----------
    values, clusters, draws, level, rng
        As for `clustered_mean`.
    """
    found = ClusteredValues(values, clusters)
    return _spread(found, found.median, ClusteredValues.drawn_medians, draws, level, rng)


def median_difference(
    a: tuple[ArrayLike, ArrayLike],
    b: tuple[ArrayLike, ArrayLike],
    *,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[float, float, float, float]:
    """Return the difference of medians, a minus b, its limits and p by drawing people.

    Parameters
    ----------
    a, b : tuple of two arrays
        Values and whose they are; the same label in both is the same person, who is drawn into both.
    draws, level, rng
        As for `clustered_mean`.

    Returns
    -------
    tuple of float
        Difference, lower limit, upper limit, and two-sided p: twice the smaller share of draws beyond 0.
        NaN with fewer than two people in a group.
    """
    people = [pd.unique(np.asarray(group[1], dtype=object).ravel()) for group in (a, b)]
    everybody = pd.unique(np.concatenate(people))
    shared = len(everybody) < len(people[0]) + len(people[1])
    groups = [ClusteredValues(*group, everybody if shared else None) for group in (a, b)]
    value = groups[0].median - groups[1].median
    fewest = min(len(names) for names in people)
    if fewest < FEWEST_CLUSTERS:
        nan = float("nan")
        return value, nan, nan, nan
    weights = [cluster_draws(group.people, draws=draws, rng=rng) for group in groups]
    if shared:
        weights[1] = weights[0]
    medians = [group.drawn_medians(weight) for group, weight in zip(groups, weights, strict=True)]
    differences = medians[0] - medians[1]
    low, high = expanded_limits(differences, fewest, level=level)
    known = differences[np.isfinite(differences)]
    beyond = min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0))
    return value, float(low), float(high), float(min(1.0, 2 * (1 + beyond) / (1 + len(known))))


def _spread(
    found: ClusteredValues,
    value: float,
    how: Callable[[ClusteredValues, Floats], Floats],
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> Spread:
    if found.people < 2:
        return Spread(value, float("nan"), float("nan"), len(found.values), found.people)
    drawn = how(found, cluster_draws(found.people, draws=draws, rng=rng))
    low, high = expanded_limits(drawn, found.people, level=level)
    return Spread(value, float(low), float(high), len(found.values), found.people)
