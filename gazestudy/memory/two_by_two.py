"""Looked at and remembered as a table of four cells, and what it says, with intervals over people.

|              | remembered                | not remembered            |
|--------------|---------------------------|---------------------------|
| fixated      | a: seen and kept          | b: looked at, not kept    |
| not fixated  | c: kept without looking   | d: neither                |

Cell c is expected: peripheral sight, earlier exposure, a known brand, a guess. It is never deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance
from gazestudy.statistics.bootstrap import cluster_draws, expanded_limits
from gazestudy.statistics.comparisons import benjamini_hochberg, mcnemar_exact
from gazestudy.statistics.differences import Difference, clustered_share_difference
from gazestudy.statistics.groups import cluster_sums, each_group, require_columns
from gazestudy.statistics.intervals import Estimate, clustered_share

Floats = NDArray[np.float64]

REMEMBERED = ("recalled_unaided", "recalled_aided", "recognised", "attributed")
"""Columns of the memory cases that say remembered or not."""

CELLS = {
    "a": "fixated and remembered: seen and kept",
    "b": "fixated, not remembered: looked at, not kept",
    "c": "remembered without a fixation: peripheral sight, earlier exposure, a known brand, or a guess",
    "d": "neither fixated nor remembered",
}
"""The four cells in words."""


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """Odds of being remembered, fixated over not fixated.

    Attributes
    ----------
    value, low, high : float
        ad / bc and its interval; ½ is added to every cell where one is empty.
    yule_q, yule_low, yule_high : float
        (OR − 1) / (OR + 1), −1 to 1, with the interval of the odds ratio.
    method : str
        Which interval, or why there is none.
    """

    value: float
    low: float
    high: float
    yule_q: float
    yule_low: float
    yule_high: float
    method: str


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """The table of one kind of memory, and what it says.

    Attributes
    ----------
    memory : str
        Column of the memory cases that was taken as remembered.
    a, b, c, d : int
        Cases in each cell, see `CELLS`.
    not_asked : int
        Cases of people who were not asked; in no cell.
    participants, placements : int
        People and placements in the cells.
    remembered_if_fixated, remembered_if_not : Estimate
        a / (a + b) and c / (c + d).
    risk_difference : Difference
        The first minus the second.
    odds_ratio : OddsRatio
        Odds ratio and Yule's Q.
    fixated_share, remembered_share : Estimate
        (a + b) / n and (a + c) / n.
    share_difference, share_difference_low, share_difference_high : float
        The first minus the second, (b − c) / n, with its interval.
    share_p_value : float
        Two-sided and exact, that as many are looked at as are remembered.
    share_method : str
        Which test and interval.
    """

    memory: str
    a: int
    b: int
    c: int
    d: int
    not_asked: int
    participants: int
    placements: int
    remembered_if_fixated: Estimate
    remembered_if_not: Estimate
    risk_difference: Difference
    odds_ratio: OddsRatio
    fixated_share: Estimate
    remembered_share: Estimate
    share_difference: float
    share_difference_low: float
    share_difference_high: float
    share_p_value: float
    share_method: str

    @property
    def n(self) -> int:
        """Cases in the four cells."""
        return self.a + self.b + self.c + self.d

    @property
    def kept_without_looking(self) -> str:
        """Cell c in a sentence, also where it is empty."""
        remembered = self.a + self.c
        return (
            f"{self.c} of {remembered} remembered cases ({self.memory}) were never fixated"
            if remembered
            else f"nothing was remembered ({self.memory})"
        )


def two_by_two(
    cases: pd.DataFrame,
    memory: str = "recalled_unaided",
    *,
    level: float = 0.95,
    draws: int = 2000,
    rng: np.random.Generator,
) -> TwoByTwo:
    """Return the table of fixated against remembered.

    Parameters
    ----------
    cases : DataFrame
        Contract `MEMORY_CASES`: `participant_id`, `placement_id`, `fixated` and the column `memory`.
    memory : str
        Column of 1, 0 and NaN (not asked); one of `REMEMBERED`.
    level : float
        Confidence.
    draws : int
        Bootstrap draws over people.
    rng : Generator
        Source of randomness of the bootstrap.

    Returns
    -------
    TwoByTwo

    Raises
    ------
    ParameterError
        If a column is missing or holds anything but 1, 0 and NaN.

    Notes
    -----
    Shares: Wilson for the effective number of cases. Risk difference: score limits of both shares, with the
    correlation of both within people. Odds ratio: t on its logarithm with residuals summed over people; where
    a cell is empty, Woolf's with ½ added to every cell and the design effect of the remembered share.
    Looked at against remembered: bootstrap over people, and the exact test in which the sign of bᵢ − cᵢ of
    each person may be either; with one placement it is McNemar's exact test.

    References
    ----------
    Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; Haldane (1956),
    doi:10.1111/j.1469-1809.1955.tb01285.x; McNemar (1947), doi:10.1007/BF02295996.

    Examples
    --------
    >>> cases = pd.DataFrame({"participant_id": [f"P{k}" for k in range(20)], "placement_id": "hall",
    ...                       "fixated": [True] * 10 + [False] * 10,
    ...                       "recalled_unaided": [1.0] * 6 + [0.0] * 4 + [1.0] * 2 + [0.0] * 8})
    >>> found = two_by_two(cases, rng=np.random.default_rng(1))
    >>> (found.a, found.b, found.c, found.d), round(found.risk_difference.difference, 2)
    ((6, 4, 2, 8), 0.4)
    """
    require_columns(cases, ["participant_id", "placement_id", "fixated", memory])
    known = cases[cases[memory].notna()]
    remembered = known[memory].to_numpy(dtype=float)
    if not np.isin(remembered, [0.0, 1.0]).all():
        raise ParameterError(memory, sorted(set(remembered))[:5], "1, 0 or not asked")
    fixated = known["fixated"].to_numpy(dtype=bool)
    person = pd.factorize(known["participant_id"])[0]
    cells = _cells_by_person(fixated, remembered > 0, person)
    a, b, c, d = (int(count) for count in cells.sum(axis=0))
    yes, no = cells[:, :2], cells[:, 2:]
    people = known["participant_id"].to_numpy()
    low, high, p_value, method = _marginal(cells, level, draws, rng)
    return TwoByTwo(
        memory,
        a,
        b,
        c,
        d,
        len(cases) - len(known),
        len(cells),
        int(known["placement_id"].nunique()),
        clustered_share(yes[:, 0], yes.sum(axis=1), level=level),
        clustered_share(no[:, 0], no.sum(axis=1), level=level),
        clustered_share_difference(
            remembered[fixated], people[fixated], remembered[~fixated], people[~fixated], level=level
        ),
        _odds_ratio(cells, level),
        clustered_share(*cluster_sums(pd.Series(fixated), known["participant_id"]), level=level),
        clustered_share(*cluster_sums(pd.Series(remembered), known["participant_id"]), level=level),
        (b - c) / len(known) if len(known) else float("nan"),
        low,
        high,
        p_value,
        method,
    )


def two_by_two_table(
    cases: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    memory: Sequence[str] = ("recalled_unaided",),
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return one row per group and kind of memory with the four cells and what they say.

    Parameters
    ----------
    cases : DataFrame
        Contract `MEMORY_CASES`.
    by : sequence of str
        Columns to group by, such as placement_id, segment or daypart.
    memory : sequence of str
        Columns that say remembered or not.
    level, draws
        As for `two_by_two`.
    seed : int
        Seed of the bootstrap, the same for every row.

    Returns
    -------
    DataFrame
        The columns of `by`, `memory`, `a`, `b`, `c`, `d`, `n`, `not_asked`, `participants`, `placements`,
        then value, low and high of every share, difference and ratio, with the names of the methods. With
        `by` also `risk_p_adjusted`, Benjamini-Hochberg over the rows of one kind of memory: exploratory.
    """
    require_columns(cases, [*by, *memory])
    rows = []
    for name in memory:
        for key, part in each_group(cases, by):
            found = two_by_two(part, name, level=level, draws=draws, rng=np.random.default_rng(seed))
            rows.append({**dict(zip(by, key, strict=True)), **_row(found)})
    table = pd.DataFrame(rows)
    if by and len(table):  # many rows are looked at: exploratory
        adjusted = table.groupby("memory", sort=False)["risk_p_value"].transform(benjamini_hochberg)
        table.insert(list(table.columns).index("risk_p_value") + 1, "risk_p_adjusted", adjusted)
    parameters = {"by": list(by), "memory": list(memory), "level": level, "draws": draws, "seed": seed}
    return Provenance("memory.two_by_two", 1, parameters, {"cells": CELLS}).attach(table)


def _row(found: TwoByTwo) -> dict[str, object]:
    cells: dict[str, object] = {
        "memory": found.memory,
        "a": found.a,
        "b": found.b,
        "c": found.c,
        "d": found.d,
        "n": found.n,
        "not_asked": found.not_asked,
        "participants": found.participants,
        "placements": found.placements,
    }
    for name in ("remembered_if_fixated", "remembered_if_not", "fixated_share", "remembered_share"):
        share: Estimate = getattr(found, name)
        cells |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
        cells[f"{name}_method"] = share.method
    risk, odds = found.risk_difference, found.odds_ratio
    cells |= {
        "risk_difference": risk.difference,
        "risk_difference_low": risk.low,
        "risk_difference_high": risk.high,
        "risk_p_value": risk.p_value,
        "risk_method": risk.method,
        "odds_ratio": odds.value,
        "odds_ratio_low": odds.low,
        "odds_ratio_high": odds.high,
        "yule_q": odds.yule_q,
        "yule_q_low": odds.yule_low,
        "yule_q_high": odds.yule_high,
        "odds_method": odds.method,
    }
    for name in ("share_difference", "share_difference_low", "share_difference_high"):
        cells[name] = getattr(found, name)
    return cells | {"share_p_value": found.share_p_value, "share_method": found.share_method}


def _cells_by_person(
    fixated: NDArray[np.bool_], remembered: NDArray[np.bool_], person: NDArray[np.int64]
) -> Floats:
    """Return the four cells of each person, (N, 4)."""
    number = 2 * (~fixated).astype(np.int64) + (~remembered).astype(np.int64)
    size = int(person.max(initial=-1)) + 1
    return np.bincount(person * 4 + number, minlength=4 * size).reshape(size, 4).astype(float)


def _odds_ratio(cells: Floats, level: float) -> OddsRatio:
    from scipy import stats

    a, b, c, d = total = cells.sum(axis=0)
    nan = float("nan")
    if a + b == 0 or c + d == 0 or a + c == 0 or b + d == 0:
        return OddsRatio(
            nan, nan, nan, nan, nan, nan, "everybody or nobody in a row or column: no odds ratio"
        )
    n = len(cells)
    single = bool(np.all(cells.sum(axis=1) == 1))
    if min(total) == 0:
        half = total + 0.5
        log_ratio, variance = float(np.log(half[0] * half[3] / half[1] / half[2])), float((1 / half).sum())
        share = clustered_share(cells[:, 0] + cells[:, 2], cells.sum(axis=1))
        variance *= max(1.0, total.sum() / share.n_effective) if np.isfinite(share.n_effective) else 1.0
        method = "an empty cell: ½ added to every cell, Woolf, design effect"
    else:
        log_ratio = float(np.log(a * d / (b * c)))
        scores = (cells[:, 0] - a / (a + b) * (cells[:, 0] + cells[:, 1])) / (a * b / (a + b))
        scores -= (cells[:, 2] - c / (c + d) * (cells[:, 2] + cells[:, 3])) / (c * d / (c + d))
        variance = float((scores**2).sum()) * (n / (n - 1) if n > 1 else nan)
        method = "t on the logarithm, residuals by person"
        if single:
            variance, method = float((1 / total).sum()), "Woolf"
    wide = float(stats.norm.ppf((1 + level) / 2) if single else stats.t.ppf((1 + level) / 2, max(n - 1, 1)))
    spread = wide * float(np.sqrt(variance))
    logs = np.array([log_ratio, log_ratio - spread, log_ratio + spread])
    value, low, high = (float(x) for x in np.exp(logs))
    yule = [float(x) for x in np.tanh(logs / 2)]  # (OR − 1) / (OR + 1) is tanh of half the logarithm
    return OddsRatio(value, low, high, yule[0], yule[1], yule[2], method)


def _marginal(
    cells: Floats, level: float, draws: int, rng: np.random.Generator
) -> tuple[float, float, float, str]:
    """Return interval and p-value of (b − c) / n."""
    if len(cells) == 0:
        return float("nan"), float("nan"), float("nan"), "no cases"
    more = (cells[:, 1] - cells[:, 2]).astype(np.int64)
    if np.all(cells.sum(axis=1) == 1):
        p_value = mcnemar_exact(int(cells[:, 1].sum()), int(cells[:, 2].sum()))
        test = "McNemar's exact test"
    else:
        p_value, test = sign_flip_p(more), "exact test by people's signs"
    if len(cells) < 2:
        return float("nan"), float("nan"), p_value, f"{test}; one person: no interval"
    weights = cluster_draws(len(cells), draws=draws, rng=rng)
    differences = (weights @ more) / (weights @ cells.sum(axis=1))
    low, high = expanded_limits(differences, len(cells), level=level)
    return float(low), float(high), p_value, f"{test}; bootstrap over people"


def sign_flip_p(differences: Sequence[int] | NDArray[np.int64]) -> float:
    """Return the exact two-sided p-value that each of several whole numbers could as well be its negative.

    Parameters
    ----------
    differences : (N,) int array
        One per person.

    Returns
    -------
    float
        Share of the 2^N sign patterns whose sum is at least as far from 0; 1 where all are 0.

    Notes
    -----
    The distribution of the sum is built person by person, so no pattern is drawn by chance. Where every
    number is −1, 0 or 1 it is McNemar's exact test.

    Examples
    --------
    >>> sign_flip_p([1, 1, 1, 1, -1])
    0.375
    """
    sizes = np.abs(np.asarray(differences, dtype=np.int64))
    reach = int(sizes.sum())
    chance = np.zeros(2 * reach + 1)
    chance[reach] = 1.0
    for size in sizes[sizes > 0]:
        chance = (np.roll(chance, size) + np.roll(chance, -size)) / 2
    far = np.abs(np.arange(-reach, reach + 1)) >= abs(int(np.sum(differences)))
    return float(min(chance[far].sum(), 1.0))
