"""What can be bought, in which groups, and what a plan brings with diminishing returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.strategy.response import LINEAR, response

Floats = NDArray[np.float64]


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
    return float(values_of(offers, np.asarray(shares, dtype=float), groups or {}))


def values_of(offers: Sequence[Offer], shares: Floats, groups: Mapping[str, Group]) -> Floats:
    """Return the value of each of many plans, (..., J) shares to (...) values."""
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
