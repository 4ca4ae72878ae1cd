"""Test-and-control trials of stations: how many are needed, and what cannot be shown at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gazestudy.errors import ParameterError
from gazestudy.statistics.sample_size import design_effect, size_for_two_shares, smallest_p

_MOST_STATIONS = 2000


@dataclass(frozen=True, slots=True)
class TrialDesign:
    """What a trial depends on.

    Attributes
    ----------
    share_control, share_test : float
        Share of people who show it (notice, recall) without and with the change.
    people_per_station : int
        Asked or measured in each station and period.
    between_sd : float
        Standard deviation of the true share between stations.
    pre_post_correlation : float
        Correlation of a station's share before and after, of what is measured; 0 without a pre-period.
    power, level : float
        Chance to find the change; 1 minus the chance of a false alarm, two-sided.
    """

    share_control: float
    share_test: float
    people_per_station: int
    between_sd: float
    pre_post_correlation: float = 0.0
    power: float = 0.8
    level: float = 0.95

    def __post_init__(self) -> None:
        if (
            not (0 < self.share_control < 1 and 0 < self.share_test < 1)
            or self.share_control == self.share_test
        ):
            raise ParameterError(
                "shares", (self.share_control, self.share_test), "two different shares between 0 and 1"
            )
        if self.people_per_station < 1 or self.between_sd < 0:
            raise ParameterError(
                "people_per_station, between_sd",
                (self.people_per_station, self.between_sd),
                "1 or more, 0 or more",
            )
        if not (-1 < self.pre_post_correlation < 1 and 0 < self.power < 1 and 0 < self.level < 1):
            raise ParameterError(
                "pre_post_correlation, power, level",
                (self.pre_post_correlation, self.power, self.level),
                "inside -1 to 1, and 0 to 1",
            )

    @property
    def difference(self) -> float:
        """Change to be found."""
        return self.share_test - self.share_control

    @property
    def icc(self) -> float:
        """Correlation of two people of one station: σ_b² / (σ_b² + p (1 − p)) at the mean share."""
        mean = (self.share_control + self.share_test) / 2
        return self.between_sd**2 / (self.between_sd**2 + mean * (1 - mean))

    def station_variance(self, analysis: str = "post") -> float:
        """Return the variance of one station's figure under an analysis.

        Parameters
        ----------
        analysis : {"post", "ancova", "difference"}
            After only; after, adjusted for before (1 − r²); after minus before, 2 (1 − r).

        Notes
        -----
        σ_b² + p (1 − p) / m, times the factor of the analysis. Adjusting never does worse than the other two.
        """
        mean = (self.share_control + self.share_test) / 2
        factors = {
            "post": 1.0,
            "ancova": 1 - self.pre_post_correlation**2,
            "difference": 2 * (1 - self.pre_post_correlation),
        }
        if analysis not in factors:
            raise ParameterError("analysis", analysis, ", ".join(factors))
        return (self.between_sd**2 + mean * (1 - mean) / self.people_per_station) * factors[analysis]


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """What a trial needs and can show.

    Attributes
    ----------
    design : TrialDesign
        What was asked.
    stations_per_arm : dict of str to int
        By analysis: post, ancova, difference.
    people_per_arm : dict of str to int
        The same in people, in each period.
    people_per_arm_without_stations : int
        What two groups of single, independent people would need: the naive number.
    design_effect : float
        By how much stations inflate it: 1 + (m − 1) ρ.
    available : tuple of int or None
        Stations there are for test and control.
    p_floor : float
        Smallest p-value, one-sided, that re-assigning the available stations can give; NaN where not given.
    detectable : dict of str to float
        Smallest change found with the wanted power, by analysis, with the available stations; NaN where none.
    statements : tuple of str
        What is possible and what is not, in plain words.
    """

    design: TrialDesign
    stations_per_arm: dict[str, int]
    people_per_arm: dict[str, int]
    people_per_arm_without_stations: int
    design_effect: float
    available: tuple[int, int] | None
    p_floor: float
    detectable: dict[str, float]
    statements: tuple[str, ...]


ANALYSES = {
    "post": "after only",
    "ancova": "after, adjusted for before (ANCOVA)",
    "difference": "difference in differences",
}
"""Analyses of a trial, in words."""


def plan_trial(design: TrialDesign, *, available: tuple[int, int] | None = None) -> TrialPlan:
    """Return how many stations a trial needs, and what the available ones can show.

    Parameters
    ----------
    design : TrialDesign
        What is to be shown.
    available : (int, int), optional
        Stations for test and for control.

    Returns
    -------
    TrialPlan

    Notes
    -----
    Stations are the units: k per arm ≥ 2 (t₁₋α/₂ + t_power)² V / δ² with t of 2 (k − 1) degrees of freedom
    and V from `TrialDesign.station_variance`, and never fewer than a randomisation test can reject with.

    References
    ----------
    Donner and Klar (2000), Design and Analysis of Cluster Randomization Trials in Health Research;
    Borm, Fransen and Lemmens (2007), doi:10.1016/j.jclinepi.2007.02.006 (the factor 1 − r²).

    Examples
    --------
    >>> plan = plan_trial(TrialDesign(0.20, 0.30, 60, between_sd=0.03), available=(2, 2))
    >>> plan.stations_per_arm["post"], round(plan.p_floor, 4)
    (8, 0.1667)
    >>> print(plan.statements[0])
    no valid test exists with 2 test and 2 control stations: re-assigning them cannot give p below 1/6
    """
    stations = {name: _stations(design, design.station_variance(name)) for name in ANALYSES}
    m = design.people_per_station
    naive = size_for_two_shares(
        design.share_control, design.share_test, power=design.power, level=design.level
    )
    floor = smallest_p(*available) if available else float("nan")
    detectable = {}
    if available:
        for name in ANALYSES:
            detectable[name] = _detectable(design, design.station_variance(name), available)
    return TrialPlan(
        design,
        stations,
        {name: count * m for name, count in stations.items()},
        math.ceil(naive),
        design_effect(m, icc=design.icc),
        available,
        floor,
        detectable,
        tuple(_statements(design, stations, available, floor, detectable)),
    )


def _stations(design: TrialDesign, variance: float) -> int:
    from scipy.stats import t

    for count in range(2, _MOST_STATIONS + 1):
        freedom = 2 * (count - 1)
        reach = t.ppf((1 + design.level) / 2, freedom) + t.ppf(design.power, freedom)
        if (
            count >= 2 * reach**2 * variance / design.difference**2
            and 2 * smallest_p(count, count) <= 1 - design.level
        ):
            return count
    raise ParameterError(
        "difference", design.difference, f"a change that {_MOST_STATIONS} stations per arm can show"
    )


def _detectable(design: TrialDesign, variance: float, available: tuple[int, int]) -> float:
    from scipy.stats import t

    test, control = available
    freedom = test + control - 2
    if min(test, control) < 2 or smallest_p(test, control) > 1 - design.level:
        return float("nan")
    reach = t.ppf((1 + design.level) / 2, freedom) + t.ppf(design.power, freedom)
    return float(reach * math.sqrt(variance * (1 / test + 1 / control)))


def _statements(
    design: TrialDesign,
    stations: dict[str, int],
    available: tuple[int, int] | None,
    floor: float,
    detectable: dict[str, float],
) -> list[str]:
    words = []
    if available:
        test, control = available
        ways = math.comb(test + control, test)
        if floor > 1 - design.level:
            words.append(
                f"no valid test exists with {test} test and {control} control stations:"
                f" re-assigning them cannot give p below 1/{ways}"
            )
            words.append("report the effect of each station with its own interval, and call it a case study")
        elif 2 * floor > 1 - design.level:
            words.append(
                f"with {test} and {control} stations p cannot go below 1/{ways} one-sided: only a one-sided"
                " test, its direction written down before, can reject"
            )
        for name, change in detectable.items():
            if np.isfinite(change):
                words.append(
                    f"with {test} and {control} stations, {ANALYSES[name]}: changes of {100 * change:.1f}"
                    f" percentage points or more are found with {100 * design.power:.0f} % power"
                )
    best = min(stations, key=lambda name: stations[name])
    words.append(
        f"{stations[best]} stations in each arm are needed to find {100 * design.difference:+.1f} percentage"
        f" points ({ANALYSES[best]}; {stations['post']} after only)"
    )
    limit = 2 * design.between_sd**2 * _reach(design) ** 2 / design.difference**2
    words.append(
        f"more people in the same stations help only so far: below {math.ceil(limit)} stations in each arm no"
        " number of people is enough without a pre-period"
        if limit > 2
        else "more people in the same stations help as long as stations differ this little"
    )
    if design.pre_post_correlation < 0.5:
        words.append(
            "at this correlation difference in differences needs more stations than after only;"
            " adjust for before instead"
        )
    return words


def _reach(design: TrialDesign) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + design.level) / 2) + norm.ppf(design.power))
