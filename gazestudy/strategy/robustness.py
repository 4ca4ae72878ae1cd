"""How a choice of placements stands when what is known of them is drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.strategy.allocation import Plan, allocate
from gazestudy.strategy.offers import Group, Offer, plan_value

Floats = NDArray[np.float64]

_BOUGHT = 0.005  # a share below this counts as not bought


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
