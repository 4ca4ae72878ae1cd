"""Agreement of observers on categories: percent, Cohen, Fleiss, Krippendorff, Gwet, Brennan-Prediger.

Every coefficient is a function of sums over units, so one matrix product gives all of them for all bootstrap
draws of sessions. That is why they are computed here and not one by one in libraries, which agree with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.bootstrap import cluster_draws, percentile_limits

Floats = NDArray[np.float64]
Measurement = Literal["nominal", "ordinal", "interval", "ratio"]

STATISTICS = (
    "percent_agreement",
    "cohen_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "gwet_ac",
    "brennan_prediger",
)
"""Rows of the table of coefficients. gwet_ac is AC1 for nominal categories and AC2 for weighted ones."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well observers agree on categories.

    Attributes
    ----------
    table : DataFrame
        One row per coefficient, indexed by `STATISTICS`: value, low, high. NaN where it is not defined, such
        as kappa where only one category was used, or Cohen's kappa of more than two observers.
    confusion : DataFrame
        Counts of the first observer's category (rows) against the second's (columns); for more than two
        observers the coincidences of all pairs.
    prevalence : DataFrame
        Share of each category by observer: read kappa beside it.
    units, paired_units, clusters : int
        Rated units, those rated twice or more, and groups that were drawn in the bootstrap.
    draws : int
        Bootstrap draws, 0 where there are no limits.
    """

    table: pd.DataFrame
    confusion: pd.DataFrame
    prevalence: pd.DataFrame
    units: int
    paired_units: int
    clusters: int
    draws: int


def agreement(
    ratings: ArrayLike,
    *,
    categories: Sequence[Any] | None = None,
    measurement: Measurement = "nominal",
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> Agreement:
    """Return coefficients of agreement of two or more observers, with limits by bootstrap over clusters.

    Parameters
    ----------
    ratings : (n_units, n_observers) array
        Categories; None or NaN where an observer did not rate the unit.
    categories : sequence, optional
        All possible categories in order; those that occur, sorted, if left out. It matters for AC and
        Brennan-Prediger, and for the order of ordinal ones.
    measurement : {"nominal", "ordinal", "interval", "ratio"}
        How wrong a near miss is. Categories must be numbers for interval and ratio.
    clusters : (n_units,) array, optional
        Session of each unit; every unit by itself if left out.
    draws : int
        Bootstrap draws.
    level : float
        Confidence.
    rng : Generator, optional
        Without one there are no limits.

    Returns
    -------
    Agreement

    Raises
    ------
    ParameterError
        If there are fewer than two observers, or a rating is not among the categories.

    Notes
    -----
    With p_o the mean share of agreeing pairs per unit and π_c the mean share of ratings in c, w = 1 where
    categories agree: Fleiss p_e = Σ w π_c π_l; AC p_e = Σ w / (q (q − 1)) · Σ π_c (1 − π_c); Brennan-Prediger
    p_e = Σ w / q²; each (p_o − p_e) / (1 − p_e). Cohen: p_e = Σ w p_c· p_·l. Alpha: 1 − D_o / D_e on the
    coincidence matrix. Kappa falls to 0 where one category is rare whatever the agreement; AC does not.

    References
    ----------
    Cohen (1960), doi:10.1177/001316446002000104; Fleiss (1971), doi:10.1037/h0031619; Krippendorff (2011),
    https://repository.upenn.edu/asc_papers/43; Gwet (2008), doi:10.1348/000711006X126600.

    Examples
    --------
    >>> pairs = [("look", "look")] * 20 + [("look", "no")] * 5 + [("no", "look")] * 10 + [("no", "no")] * 15
    >>> round(float(agreement(pairs).table.loc["cohen_kappa", "value"]), 6)
    0.4
    """
    codes, labels = _codes(ratings, categories)
    sums = _sums(codes, labels, measurement, clusters)
    value = _coefficients(sums.total[None], sums)[0]
    low = high = np.full(len(value), np.nan)
    n_clusters = int(np.count_nonzero(sums.parts[:, 2]))
    drawn = draws if rng is not None and n_clusters >= 2 else 0
    if rng is not None and drawn:
        weights = cluster_draws(len(sums.parts), draws=draws, rng=rng)
        low, high = percentile_limits(_coefficients(weights @ sums.parts, sums), level=level)
    table = pd.DataFrame({"value": value, "low": low, "high": high}, index=list(STATISTICS))
    rated = (codes >= 0).sum(axis=1)
    return Agreement(
        table,
        _confusion(sums, labels),
        _prevalence(codes, labels),
        units=int(np.count_nonzero(rated)),
        paired_units=int(np.count_nonzero(rated >= 2)),
        clusters=n_clusters,
        draws=drawn,
    )


def cohen_kappa_interval(table: ArrayLike, *, level: float = 0.95) -> tuple[float, float, float]:
    """Return Cohen's kappa of a table of counts with its large-sample interval for independent units.

    Parameters
    ----------
    table : (q, q) array
        Counts, first observer in rows.
    level : float
        Confidence.

    Returns
    -------
    tuple of float
        Kappa, lower limit, upper limit.

    References
    ----------
    Fleiss, Cohen and Everitt (1969), doi:10.1037/h0028106.

    Examples
    --------
    >>> [round(number, 4) for number in cohen_kappa_interval([[20, 5], [10, 15]])]
    [0.4, 0.1511, 0.6489]
    """
    from scipy.stats import norm
    from statsmodels.stats.inter_rater import cohens_kappa

    found = cohens_kappa(np.asarray(table, dtype=float))
    half = float(norm.ppf((1 + level) / 2)) * float(found.std_kappa)
    return float(found.kappa), float(found.kappa) - half, float(found.kappa) + half


def agreement_weights(values: Floats, measurement: Measurement) -> Floats:
    """Return how much each pair of categories agrees, from 0 to 1.

    Parameters
    ----------
    values : (q,) float array
        Values of the categories; only their order counts for ordinal ones.
    measurement : {"nominal", "ordinal", "interval", "ratio"}
        nominal: 1 for the same category; ordinal: 1 − C(d + 1, 2) / C(q, 2) for categories d ranks apart;
        interval: 1 − (c − l)² / range²; ratio: 1 − ((c − l) / (c + l))² over the same of the extremes.

    Returns
    -------
    (q, q) float array
    """
    q = len(values)
    if measurement == "nominal" or q == 1:
        return np.eye(q)
    if measurement == "ordinal":
        apart = np.abs(np.subtract.outer(np.arange(q), np.arange(q)))
        return np.asarray(1 - apart * (apart + 1) / (q * (q - 1)), dtype=float)
    far = _squared_distance(values, measurement)
    return np.asarray(1 - far / far.max(), dtype=float)


def _squared_distance(values: Floats, measurement: Measurement) -> Floats:
    difference = np.subtract.outer(values, values)
    if measurement == "interval":
        return np.asarray(difference**2)
    total = np.add.outer(values, values)
    return np.asarray(np.divide(difference, total, out=np.zeros_like(difference), where=total != 0) ** 2)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums per cluster, in columns: same, near, paired, shares, rated, coincidence, confusion."""

    parts: Floats
    values: Floats
    weights: Floats
    measurement: Measurement

    @property
    def total(self) -> Floats:
        return np.asarray(self.parts.sum(axis=0))


def _codes(ratings: ArrayLike, categories: Sequence[Any] | None) -> tuple[NDArray[np.int64], list[Any]]:
    raw = np.asarray(ratings, dtype=object)
    if raw.ndim != 2 or raw.shape[1] < 2 or not raw.size:
        raise ParameterError("ratings", raw.shape, "one row per unit and at least two observers")
    known = ~np.asarray(pd.isna(raw))
    found = set(raw[known])
    labels = sorted(found) if categories is None else list(categories)
    strangers = sorted(map(str, found - set(labels)))
    if strangers or not labels:
        raise ParameterError("ratings", strangers, f"only the categories {labels}")
    place = {label: number for number, label in enumerate(labels)}
    codes = np.full(raw.shape, -1, dtype=np.int64)
    codes[known] = [place[label] for label in raw[known]]
    return codes, labels


def _sums(
    codes: NDArray[np.int64], labels: list[Any], measurement: Measurement, clusters: ArrayLike | None
) -> _Sums:
    q, units = len(labels), len(codes)
    numeric = measurement in ("interval", "ratio")
    values = np.array(labels, dtype=float) if numeric else np.arange(q, dtype=float)
    weights = agreement_weights(values, measurement)
    counts = np.stack([(codes == category).sum(axis=1) for category in range(q)], axis=1).astype(float)
    rated = counts.sum(axis=1)
    paired = rated >= 2
    pairs = np.where(paired, rated * (rated - 1), 1.0)
    same = (counts * (counts - 1)).sum(axis=1) / pairs * paired
    near = (counts * (counts @ weights - 1)).sum(axis=1) / pairs * paired
    shares = counts / np.maximum(rated, 1)[:, None]
    self_pairs = counts[:, :, None] * np.eye(q)
    coincidence = (counts[:, :, None] * counts[:, None, :] - self_pairs) / np.maximum(rated - 1, 1)[
        :, None, None
    ]
    coincidence[~paired] = 0
    table = np.zeros((units, q, q))
    if codes.shape[1] == 2:
        both = np.flatnonzero(paired)
        table[both, codes[both, 0], codes[both, 1]] = 1
    flat = [same, near, paired, *shares.T, rated > 0, *coincidence.reshape(units, -1).T]
    per_unit = np.column_stack([*flat, table.reshape(units, -1)]).astype(float)
    group = np.arange(units) if clusters is None else pd.factorize(np.asarray(clusters))[0]
    if len(group) != units:
        raise ParameterError("clusters", len(group), f"one per unit ({units})")
    parts = np.zeros((int(group.max()) + 1, per_unit.shape[1]))
    np.add.at(parts, group, per_unit)
    return _Sums(parts, values, weights, measurement)


def _coefficients(sums: Floats, like: _Sums) -> Floats:
    """Return (draws, len(STATISTICS)) from summed parts, (draws, parts)."""
    q, w = len(like.values), like.weights
    draws = len(sums)
    same, near, paired, shares, rated = sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3 : 3 + q], sums[:, 3 + q]
    coincidence = sums[:, 4 + q : 4 + q + q * q].reshape(draws, q, q)
    table = sums[:, 4 + q + q * q :].reshape(draws, q, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = near / paired
        pi = shares / rated[:, None]
        fleiss = np.einsum("dc,cl,dl->d", pi, w, pi)
        gwet = w.sum() / (q * (q - 1)) * (pi * (1 - pi)).sum(axis=1) if q > 1 else np.ones(draws)
        n = table.sum(axis=(1, 2))
        cohen_observed = (table * w).sum(axis=(1, 2)) / n
        cohen = np.einsum("dc,cl,dl->d", table.sum(axis=2), w, table.sum(axis=1)) / n**2
        uniform = np.full(draws, w.sum() / q**2)
        found = [same / paired, _beyond_chance(cohen_observed, cohen), _beyond_chance(observed, fleiss)]
        found += [
            _alpha(coincidence, like),
            _beyond_chance(observed, gwet),
            _beyond_chance(observed, uniform),
        ]
    return np.column_stack(found)


def _beyond_chance(observed: Floats, expected: Floats) -> Floats:
    return np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan)


def _alpha(coincidence: Floats, like: _Sums) -> Floats:
    marginal = coincidence.sum(axis=2)
    total = marginal.sum(axis=1)
    if like.measurement == "ordinal":
        middle = np.cumsum(marginal, axis=1) - marginal / 2
        far = (middle[:, :, None] - middle[:, None, :]) ** 2
    elif like.measurement == "nominal":
        far = np.broadcast_to(1 - np.eye(len(like.values)), coincidence.shape)
    else:
        far = np.broadcast_to(_squared_distance(like.values, like.measurement), coincidence.shape)
    observed = (coincidence * far).sum(axis=(1, 2))
    expected = np.einsum("dc,dcl,dl->d", marginal, far, marginal)
    return np.where(expected > 0, 1 - (total - 1) * observed / expected, np.nan)


def _confusion(sums: _Sums, labels: list[Any]) -> pd.DataFrame:
    q = len(labels)
    table = sums.total[4 + q + q * q :].reshape(q, q)
    if not table.any():
        table = sums.total[4 + q : 4 + q + q * q].reshape(q, q)
    return pd.DataFrame(table, index=labels, columns=labels)


def _prevalence(codes: NDArray[np.int64], labels: list[Any]) -> pd.DataFrame:
    rated = (codes >= 0).sum(axis=0)
    shares = np.array([(codes == category).sum(axis=0) for category in range(len(labels))]) / np.maximum(
        rated, 1
    )
    names = [f"observer_{number}" for number in range(1, codes.shape[1] + 1)]
    table = pd.DataFrame(shares, index=labels, columns=names)
    return table.assign(mean=shares.mean(axis=1))
