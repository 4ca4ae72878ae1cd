"""What attention costs: money over what placements deliver, named in full."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.strategy.potential import WHOLE_DAY, Potential

COSTS: dict[str, tuple[str, float, str]] = {
    "cost_per_1000_exposed_passages": ("exposed_passages_per_day", 1000.0, "1,000 exposed passages"),
    "cost_per_looked_at_passage": ("looked_at_passages_per_day", 1.0, "looked-at passage"),
    "cost_per_1000_attentive_s": ("attentive_s_per_day", 1000.0, "1,000 attentive seconds"),
    "cost_per_recalled_viewer": ("recalled_viewers_per_day", 1.0, "recalled viewer"),
}
"""Cost figures: which measure they divide by, per how many of it, and in words.

"Attentive CPM" is not used: some write it for the cost of 1,000 attentive seconds, others of one.
"""

COST_COLUMNS = (
    "placement_id",
    "figure",
    "value",
    "low",
    "high",
    "unit",
    "rung",
    "numerator",
    "denominator",
    "per",
    "n",
    "n_of",
    "method",
    "note",
)
"""Columns of a table of costs; the numerator is money per day, the denominator what is delivered per day."""


def cost_table(found: Potential, cost_per_day: Mapping[str, float], *, currency: str = "") -> pd.DataFrame:
    """Return the cost figures of placements.

    Parameters
    ----------
    found : Potential
        What they deliver.
    cost_per_day : mapping of str to float
        Price of each placement (or of one spot on it) per day, in one currency; a placement without is
        left out.
    currency : str
        Its name, for the units.

    Returns
    -------
    DataFrame
        `COST_COLUMNS`, over the whole day; the upper limit is infinite where the data do not exclude that
        nobody looks.

    Raises
    ------
    ParameterError
        If a price is not a positive number.
    """
    rows = []
    days = {
        (row["placement_id"], row["measure"]): row
        for row in found.table[found.table["daypart"] == WHOLE_DAY].to_dict("records")
    }
    for placement, price in cost_per_day.items():
        if not (np.isfinite(price) and price > 0):
            raise ParameterError(f"cost of {placement}", price, "a positive amount of money per day")
        for figure, (measure, scale, words) in COSTS.items():
            if (placement, measure) not in days:
                continue
            behind = days[placement, measure]
            draws = found.draws.get((placement, WHOLE_DAY, measure))
            low, high = _limits(draws, price * scale, found.level)
            delivered = float(behind["value"])
            value = (
                float("nan") if np.isnan(delivered) else price * scale / delivered if delivered else np.inf
            )
            rows.append(
                {
                    "placement_id": placement,
                    "figure": figure,
                    "value": value,
                    "low": low,
                    "high": high,
                    "unit": f"{currency or 'money'} per {words}",
                    "rung": behind["rung"],
                    "numerator": price,
                    "denominator": delivered,
                    "per": f"{behind['unit']}",
                    "n": behind["n"],
                    "n_of": behind["n_of"],
                    "method": behind["method"],
                    "note": behind["note"],
                }
            )
    return pd.DataFrame(rows, columns=list(COST_COLUMNS))


def _limits(draws: object, money: float, level: float) -> tuple[float, float]:
    """Return limits of money over draws; infinite where they are 0."""
    values = np.asarray(draws if draws is not None else [], dtype=float)
    if not len(values) or not np.isfinite(values).all():
        return float("nan"), float("nan")
    with np.errstate(divide="ignore"):
        costs = money / values
    low, high = np.quantile(costs, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return float(low), float(high)
