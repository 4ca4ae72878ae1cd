"""Which placements to buy: the most value for a budget, with diminishing returns and constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.strategy.offers import Group, Offer, values_of
from gazestudy.strategy.programme import Programme
from gazestudy.strategy.response import response, saturation

Floats = NDArray[np.float64]

PIECES = 40
"""Straight pieces by which a curve is replaced."""


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
    program = Programme(offers, pieces, money=budget or max(offer.cost for offer in offers) or 1.0)
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
    value = float(values_of(offers, shares, groups))
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
    return float(values_of(offers, shares[allowed], known).max()) if allowed.any() else float("nan")
