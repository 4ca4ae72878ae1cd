"""Which placements to buy: the most value for a budget, with diminishing returns and constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.strategy.response import LINEAR, response, saturation

Floats = NDArray[np.float64]

PIECES = 40
_BOUGHT = 0.005  # a share below this counts as not bought


@dataclass(frozen=True, slots=True)
class Offer:
    """A placement that can be bought.

    Attributes
    ----------
    placement_id : str
        Which.
    cost : float
        Price of all of it for the period.
    value : float
        What all of it brings in the period, such as attentive seconds weighted by segment.
    whole : bool
        All of it or nothing; else any part of the period (or of the loop) can be bought.
    min_share, max_share : float
        If it is bought at all, at least and at most this part of it.
    required : bool
        It must be bought.
    group : str
        Group it belongs to, "" for none.
    half_brings : float
        See `gazestudy.strategy.response.response`.
    """

    placement_id: str
    cost: float
    value: float
    whole: bool = False
    min_share: float = 0.0
    max_share: float = 1.0
    required: bool = False
    group: str = ""
    half_brings: float = LINEAR

    def __post_init__(self) -> None:
        for name in ("cost", "value"):
            amount = getattr(self, name)
            if not (np.isfinite(amount) and amount >= 0):
                raise ParameterError(f"{name} of {self.placement_id}", amount, "a number of 0 or more")
        if not 0 <= self.min_share <= self.max_share <= 1:
            shares = (self.min_share, self.max_share)
            raise ParameterError(f"shares of {self.placement_id}", shares, "0 ≤ min ≤ max ≤ 1")


@dataclass(frozen=True, slots=True)
class Group:
    """Placements that share people or a contract.

    Attributes
    ----------
    id : str
        Its name.
    min_cost, max_cost : float
        At least and at most this much money goes to it.
    half_brings : float
        What half of the attention of the group brings of its value: above 0.5 where its placements meet the
        same people.
    """

    id: str
    min_cost: float = 0.0
    max_cost: float = float("inf")
    half_brings: float = LINEAR


@dataclass(frozen=True, slots=True)
class Plan:
    """An allocation.

    Attributes
    ----------
    table : DataFrame
        One row per offer: placement_id, group, share (bought), cost, value (what that brings, before the
        overlap of groups), value_if_whole, whole.
    value, cost : float
        Of the plan; the value counts the overlap of groups.
    best_possible : float
        No plan brings more than this, by the bound of the solver and the error of the pieces.
    """

    table: pd.DataFrame
    value: float
    cost: float
    best_possible: float

    @property
    def shares(self) -> Floats:
        """Bought part of each offer, in their order."""
        return self.table["share"].to_numpy(dtype=float)


@dataclass(frozen=True, slots=True)
class Robustness:
    """How a choice stands when the terms behind it are drawn anew.

    Attributes
    ----------
    table : DataFrame
        One row per offer: placement_id, share (in the plan), bought_in (part of draws in which the best plan
        buys it), mean_share (over draws).
    same_choice : float
        Part of draws whose best plan buys exactly the same placements.
    regret, regret_high : float
        Part of the best value that the plan misses: mean over draws, and the limit that 95 % of draws stay
        below.
    draws : int
        Draws behind these figures.
    """

    table: pd.DataFrame
    same_choice: float
    regret: float
    regret_high: float
    draws: int


def plan_value(
    offers: Sequence[Offer], shares: Floats, *, groups: Mapping[str, Group] | None = None
) -> float:
    """Return what shares of offers bring together, with the overlap of groups.

    Parameters
    ----------
    offers : sequence of Offer
        J offers.
    shares : (J,) or (..., J) float array
        Bought parts. Only the first form is returned as one number.
    groups : mapping of str to Group, optional
        By id; groups without one do not overlap.
    """
    return float(_values(offers, np.asarray(shares, dtype=float), groups or {}))


def _values(offers: Sequence[Offer], shares: Floats, groups: Mapping[str, Group]) -> Floats:
    each = np.stack(
        [
            offer.value * response(shares[..., number], half_brings=offer.half_brings)
            for number, offer in enumerate(offers)
        ],
        axis=-1,
    )
    total = np.zeros(shares.shape[:-1])
    for name in dict.fromkeys(offer.group for offer in offers):
        inside = [number for number, offer in enumerate(offers) if offer.group == name]
        got, most = each[..., inside].sum(axis=-1), sum(offers[number].value for number in inside)
        overlaps = name in groups and groups[name].half_brings > LINEAR and most > 0
        total = total + (
            most * response(got / most, half_brings=groups[name].half_brings) if overlaps else got
        )
    return np.asarray(total, dtype=float)


def allocate(
    offers: Sequence[Offer], *, budget: float, groups: Sequence[Group] = (), pieces: int = PIECES
) -> Plan:
    """Return the plan that brings the most value for a budget.

    Parameters
    ----------
    offers : sequence of Offer
        What can be bought.
    budget : float
        Money for the period.
    groups : sequence of Group
        Limits and overlap of groups.
    pieces : int
        Straight pieces by which each curve is replaced.

    Returns
    -------
    Plan

    Raises
    ------
    ParameterError
        If no plan keeps all constraints, with what makes it impossible where that is plain.

    Notes
    -----
    Curves with diminishing returns are replaced by chords, which lie below them by at most
    k² / (8 n² (1 − e^(−k))) of the whole, and by tangents for groups; the mixed-integer linear programme is
    solved to optimality by HiGHS (`scipy.optimize.milp`). The value of the plan is taken from the curves
    themselves.

    Examples
    --------
    >>> plan = allocate([Offer("a", 10, 100, whole=True), Offer("b", 10, 60), Offer("c", 5, 40)], budget=20)
    >>> plan.table["share"].round(3).tolist(), round(plan.value, 6), round(plan.cost, 6)
    ([1.0, 0.5, 1.0], 170.0, 20.0)
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    if not (np.isfinite(budget) and budget >= 0):
        raise ParameterError("budget", budget, "an amount of money, 0 or more")
    known = {group.id: group for group in groups}
    _check(offers, budget, known)
    program = _Program(offers, pieces, money=budget or max(offer.cost for offer in offers) or 1.0)
    program.limit(program.of_shares(program.costs), -np.inf, budget / program.money)
    for group in known.values():
        inside = np.where([offer.group == group.id for offer in offers], program.costs, 0.0)
        limits = group.min_cost / program.money, group.max_cost / program.money
        program.limit(program.of_shares(inside), *limits)
        program.overlap(group)
    found = milp(
        -program.gain,
        integrality=program.integral,
        bounds=Bounds(program.lower, program.upper),
        constraints=[LinearConstraint(np.array(program.rows), program.low, program.high)],
        options={"mip_rel_gap": 1e-6},
    )
    if found.x is None:
        raise ParameterError("constraints", str(found.message), "constraints that can all be kept")
    shares = program.shares(np.asarray(found.x, dtype=float))
    top = found.fun if found.mip_dual_bound is None else found.mip_dual_bound  # None without whole faces
    bound = -float(top) * program.worth
    return _plan(offers, shares, known, budget=budget, bound=bound, pieces=pieces)


class _Program:
    """The linear programme, with money in budgets and value in all that is offered, so that sizes are alike.

    Variables: pieces of each offer that can be bought in parts (0 to 1 each), whether an offer is bought, and
    the value of each overlapping group.
    """

    def __init__(self, offers: Sequence[Offer], pieces: int, *, money: float) -> None:
        self.offers, self.pieces, self.money = offers, pieces, money
        self.worth = sum(offer.value for offer in offers) or 1.0
        self.costs = np.array([offer.cost for offer in offers]) / money
        self.size = len(offers) * (pieces + 1)
        self.gain, self.lower, self.upper = np.zeros(self.size), np.zeros(self.size), np.ones(self.size)
        self.integral = np.zeros(self.size, dtype=np.int64)
        self.rows: list[Floats] = []
        self.low: list[float] = []
        self.high: list[float] = []
        edges = np.linspace(0, 1, pieces + 1)
        for number, offer in enumerate(offers):
            bought, value = self.bought(number), offer.value / self.worth
            self.lower[bought] = float(offer.required)
            if offer.whole:
                self.gain[bought], self.integral[bought] = value, 1
                self.upper[self.at(number)] = 0.0
                continue
            self.gain[self.at(number)] = value * np.diff(response(edges, half_brings=offer.half_brings))
            self._tie(number, -offer.max_share, -np.inf, 0.0)
            if offer.min_share > 0:
                self.integral[bought] = 1
                self._tie(number, -offer.min_share, 0.0, np.inf)

    def at(self, number: int) -> slice:
        return slice(number * self.pieces, (number + 1) * self.pieces)

    def bought(self, number: int) -> int:
        return len(self.offers) * self.pieces + number

    def limit(self, row: Floats, low: float, high: float) -> None:
        self.rows.append(row)
        self.low.append(low)
        self.high.append(high)

    def _tie(self, number: int, factor: float, low: float, high: float) -> None:
        row = np.zeros(self.size)
        row[self.at(number)], row[self.bought(number)] = 1 / self.pieces, factor
        self.limit(row, low, high)

    def of_shares(self, factors: Floats) -> Floats:
        """Return a row that adds up shares times factors."""
        row = np.zeros(self.size)
        for number, factor in enumerate(factors):
            if self.offers[number].whole:
                row[self.bought(number)] = factor
            else:
                row[self.at(number)] = factor / self.pieces
        return row

    def overlap(self, group: Group) -> None:
        """Replace the gain of a group's offers by a value below every tangent of its curve."""
        inside = [number for number, offer in enumerate(self.offers) if offer.group == group.id]
        most = sum(self.offers[number].value for number in inside) / self.worth
        if group.half_brings <= LINEAR or most <= 0:
            return
        own = np.zeros(self.size + 1)
        for number in inside:
            own[self.at(number)] = self.gain[self.at(number)]
            if self.offers[number].whole:
                own[self.bought(number)] = self.gain[self.bought(number)]
        self._one_more(most)
        self.gain[own != 0] = 0.0
        self.gain[-1] = 1.0
        points = np.linspace(0, 1, self.pieces + 1)
        k = saturation(group.half_brings)
        slopes = k * np.exp(-k * points) / -np.expm1(-k)
        values = most * response(points, half_brings=group.half_brings)
        for point, value, slope in zip(points * most, values, slopes, strict=True):
            row = -slope * own
            row[-1] = 1.0
            self.limit(row, -np.inf, float(value - slope * point))

    def _one_more(self, upper: float) -> None:
        self.size += 1
        self.gain, self.integral = np.append(self.gain, 0.0), np.append(self.integral, 0)
        self.lower, self.upper = np.append(self.lower, 0.0), np.append(self.upper, upper)
        self.rows = [np.append(row, 0.0) for row in self.rows]

    def shares(self, found: Floats) -> Floats:
        """Return the bought part of each offer, without what rounding of the solver adds."""
        shares = np.zeros(len(self.offers))
        for number, offer in enumerate(self.offers):
            bought = found[self.bought(number)] > 0.5
            part = min(float(found[self.at(number)].sum()) / self.pieces, offer.max_share)
            if not offer.whole and part > 1e-6:
                shares[number] = max(part, offer.min_share)
            elif offer.whole:
                shares[number] = float(bought)
        return shares


def _check(offers: Sequence[Offer], budget: float, groups: Mapping[str, Group]) -> None:
    if not offers:
        raise ParameterError("offers", offers, "at least one placement with a price and a known potential")
    twice = sorted(
        {o.placement_id for o in offers if [p.placement_id for p in offers].count(o.placement_id) > 1}
    )
    if twice:
        raise ParameterError("offers", twice, "each placement once")
    needed = sum(o.cost * (1.0 if o.whole else o.min_share) for o in offers if o.required)
    if needed > budget * (1 + 1e-9):
        raise ParameterError("budget", budget, f"at least {needed:g}, which the required placements cost")
    for group in groups.values():
        most = sum(
            offer.cost * (1.0 if offer.whole else offer.max_share)
            for offer in offers
            if offer.group == group.id
        )
        if group.min_cost > most * (1 + 1e-9):
            raise ParameterError(
                f"min_cost of group {group.id}", group.min_cost, f"at most {most:g}, all its placements"
            )
        if group.min_cost > group.max_cost:
            raise ParameterError(
                f"min_cost of group {group.id}", group.min_cost, f"at most its max_cost, {group.max_cost:g}"
            )
    least = sum(group.min_cost for group in groups.values())
    if least > budget * (1 + 1e-9):
        raise ParameterError("budget", budget, f"at least {least:g}, the sum of min_cost of the groups")


def _plan(
    offers: Sequence[Offer],
    shares: Floats,
    groups: Mapping[str, Group],
    *,
    budget: float,
    bound: float,
    pieces: int,
) -> Plan:
    worst = max(offer.half_brings for offer in offers)
    k = saturation(worst)
    error = k**2 / -np.expm1(-k) / (8 * pieces**2) if k > 0 else 0.0
    costs = np.array([offer.cost for offer in offers]) * shares
    alone = [
        o.value * float(response(s, half_brings=o.half_brings)) for o, s in zip(offers, shares, strict=True)
    ]
    table = pd.DataFrame(
        {
            "placement_id": [offer.placement_id for offer in offers],
            "group": [offer.group for offer in offers],
            "share": shares,
            "cost": costs,
            "value": alone,
            "value_if_whole": [offer.value for offer in offers],
            "whole": [offer.whole for offer in offers],
        }
    )
    value = float(_values(offers, shares, groups))
    if costs.sum() > budget * (1 + 1e-6) + 1e-9:  # solvers have returned such plans as optimal
        raise ParameterError("budget", budget, "a plan within it; the solver found none")
    most = bound + error * sum(offer.value for offer in offers)
    return Plan(table, value, float(costs.sum()), max(value, most))


def brute_force(
    offers: Sequence[Offer], *, budget: float, groups: Sequence[Group] = (), steps: int = 50
) -> float:
    """Return the value of the best of all plans on a grid of shares, to hold `allocate` against.

    Parameters
    ----------
    offers : sequence of Offer
        A few: (steps + 2) to the power of those that can be bought in parts are tried.
    budget, groups
        As for `allocate`.
    steps : int
        Steps of a share from its least to its most.

    Returns
    -------
    float
        0 where nothing can be bought, NaN where no plan of the grid keeps all constraints.
    """
    axes = []
    for offer in offers:
        parts = np.array([1.0]) if offer.whole else np.linspace(offer.min_share, offer.max_share, steps + 1)
        axes.append(parts if offer.required else np.unique(np.append(parts, 0.0)))
    shares = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(offers))
    costs = np.array([offer.cost for offer in offers])
    allowed = shares @ costs <= budget * (1 + 1e-9)
    for group in groups:
        spent = shares @ np.where([offer.group == group.id for offer in offers], costs, 0.0)
        allowed &= (spent >= group.min_cost * (1 - 1e-9)) & (spent <= group.max_cost * (1 + 1e-9))
    known = {group.id: group for group in groups}
    return float(_values(offers, shares[allowed], known).max()) if allowed.any() else float("nan")


def robustness(
    offers: Sequence[Offer],
    plan: Plan,
    values: Floats,
    *,
    budget: float,
    groups: Sequence[Group] = (),
    pieces: int = 15,
) -> Robustness:
    """Return how often the choice stays the same when the values are drawn from their uncertainty.

    Parameters
    ----------
    offers : sequence of Offer
        J offers, as they were planned with.
    plan : Plan
        The plan.
    values : (draws, J) float array
        Joint draws of what each offer brings, such as sums of `Potential.draws`.
    budget, groups
        As for `allocate`.
    pieces : int
        Pieces of each curve; fewer than for the plan, since many programmes are solved.

    Raises
    ------
    ParameterError
        If the draws do not fit the offers.
    """
    drawn = np.asarray(values, dtype=float)
    if drawn.ndim != 2 or drawn.shape[1] != len(offers) or not len(drawn) or not np.isfinite(drawn).all():
        raise ParameterError("values", drawn.shape, f"finite draws of {len(offers)} offers")
    known = {group.id: group for group in groups}
    kept, bought, shares = [], np.zeros((len(drawn), len(offers)), dtype=bool), np.zeros_like(drawn)
    for number, row in enumerate(np.maximum(drawn, 0.0)):
        changed = [replace(offer, value=float(value)) for offer, value in zip(offers, row, strict=True)]
        best = allocate(changed, budget=budget, groups=groups, pieces=pieces)
        own = plan_value(changed, plan.shares, groups=known)
        top = max(best.value, own)
        kept.append(1 - own / top if top > 0 else 0.0)
        shares[number], bought[number] = best.shares, best.shares > _BOUGHT
    chosen = plan.shares > _BOUGHT
    table = pd.DataFrame(
        {
            "placement_id": [offer.placement_id for offer in offers],
            "share": plan.shares,
            "bought_in": bought.mean(axis=0),
            "mean_share": shares.mean(axis=0),
        }
    )
    same = float((bought == chosen).all(axis=1).mean())
    return Robustness(table, same, float(np.mean(kept)), float(np.quantile(kept, 0.95)), len(drawn))
