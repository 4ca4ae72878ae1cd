"""Which placements differ from all others together, with people who meet many of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazestudy.report.words import FEW, digits, signed
from gazestudy.statistics.comparisons import holm
from gazestudy.statistics.differences import clustered_share_difference

SURE = 0.05
"""Adjusted p-value below which a placement is said to stand out."""


@dataclass(frozen=True, slots=True)
class StandingOut:
    """A placement against all others.

    Attributes
    ----------
    placement_id : str
        Which.
    difference, low, high : float
        Its share minus that of all others together, with the interval.
    rest : float
        Share of all others together.
    p_adjusted : float
        By Holm over all placements that were compared.
    compared : int
        How many these are.
    """

    placement_id: str
    difference: float
    low: float
    high: float
    rest: float
    p_adjusted: float
    compared: int

    @property
    def words(self) -> str:
        """What stands beside the sentence."""
        return (
            f"All others together: {digits(self.rest, 'share')}. The difference is "
            f"{signed(self.difference)} points ({signed(self.low)} to {signed(self.high)}); "
            f"p = {self.p_adjusted:.2g} after Holm over "
            f"{self.compared} placements."
        )


def standing_out(cases: pd.DataFrame, column: str) -> list[StandingOut]:
    """Return placements against all others, largest difference first.

    Parameters
    ----------
    cases : DataFrame
        Contract `MEMORY_CASES`; rows in which `column` is missing do not count.
    column : str
        Column of yes and no.

    Returns
    -------
    list of StandingOut
        Of placements about which at least five people are known, where there are two or more of them.
    """
    known = cases[cases[column].notna()]
    value, people = known[column].astype(float), known["participant_id"]
    sizes = known.groupby("placement_id", sort=False)["participant_id"].nunique()
    keys = [str(key) for key in sizes.index[sizes >= FEW]]
    if len(keys) < 2:
        return []
    mine = {key: (known["placement_id"] == key).to_numpy() for key in keys}
    tests = [
        clustered_share_difference(value[own], people[own], value[~own], people[~own])
        for own in mine.values()
    ]
    adjusted = holm(np.array([one.p_value for one in tests]))
    found = [
        StandingOut(key, one.difference, one.low, one.high, one.value_b, float(p), len(keys))
        for key, one, p in zip(keys, tests, adjusted, strict=True)
    ]
    return sorted(found, key=lambda one: -abs(one.difference))
