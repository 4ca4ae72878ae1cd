"""The mixed-integer linear programme behind an allocation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gazestudy.strategy.offers import Group, Offer
from gazestudy.strategy.response import LINEAR, response, saturation

Floats = NDArray[np.float64]


class Programme:
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
        """Return where the pieces of an offer are among the variables."""
        return slice(number * self.pieces, (number + 1) * self.pieces)

    def bought(self, number: int) -> int:
        """Return which variable says whether an offer is bought."""
        return len(self.offers) * self.pieces + number

    def limit(self, row: Floats, low: float, high: float) -> None:
        """Add a constraint: low ≤ row · variables ≤ high."""
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
