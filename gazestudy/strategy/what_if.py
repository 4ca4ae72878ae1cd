"""What if a placement hung higher, or the crowd were denser: clear view by the occlusion model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.geometry.crowd_sight import (
    BODY_HEIGHT_M,
    BODY_HEIGHT_SD_M,
    BODY_RADIUS_M,
    EYE_HEIGHT_M,
    visible_share,
)
from gazestudy.strategy.terms import Term, assumed_term

Floats = NDArray[np.float64]

_GRID = 25


@dataclass(frozen=True, slots=True)
class Face:
    """How people who pass see a placement.

    Attributes
    ----------
    bottom_m, height_m : float
        Lower edge above the floor and height of the face, m.
    distance_m : float
        From the eyes to the face in plan, m.
    eye_m, body_height_m, body_height_sd_m : float
        Eyes of those who look; heights of those in between, m.
    """

    bottom_m: float
    height_m: float
    distance_m: float
    eye_m: float = EYE_HEIGHT_M
    body_height_m: float = BODY_HEIGHT_M
    body_height_sd_m: float = BODY_HEIGHT_SD_M

    def clear(self, density_m2: float, *, radius_m: float) -> float:
        """Return the part of the face that is expected not to be hidden by people."""
        found = visible_share(
            density_m2,
            bottom_m=self.bottom_m,
            height_m=self.height_m,
            distance_m=self.distance_m,
            radius_m=radius_m,
            eye_m=self.eye_m,
            body_height_m=self.body_height_m,
            body_height_sd_m=self.body_height_sd_m,
            free_m=2 * radius_m,
        )
        return float(found)


LIMITS = (
    "clear view only: how often people look up, the angle and the size of what they see stay as now",
    "people stand at random; lanes and queues hide more or less than the model says",
)
"""What a what-if leaves out."""

WHAT_IF_COLUMNS = (
    "scenario",
    "bottom_m",
    "distance_m",
    "density_m2",
    "clear",
    "clear_low",
    "clear_high",
    "ratio_to_now",
    "ratio_low",
    "ratio_high",
)
"""Columns of a table of scenarios; limits come from the uncertainty of the body radius alone."""


def default_radius() -> Term:
    """Return the body radius where no fit to observed blocking is there: an assumption with a wide range."""
    return assumed_term(
        "radius_m",
        BODY_RADIUS_M,
        low=0.15,
        high=0.35,
        unit="m",
        rule="half the shoulder width of an adult, not fitted to this station",
    )


def clear_view_scenarios(
    face: Face,
    density_m2: float,
    *,
    bottoms_m: Sequence[float] = (),
    densities_m2: Sequence[float] = (),
    distances_m: Sequence[float] = (),
    radius: Term,
    draws: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return clear view now, and if mounting height, crowd or distance were others, one at a time.

    Parameters
    ----------
    face : Face
        The placement as it is.
    density_m2 : float
        People per m² now.
    bottoms_m, densities_m2, distances_m : sequences of float
        Lower edges, densities and distances to try.
    radius : Term
        Radius of a body, m: fitted to observed blocking, or `default_radius`.
    draws : int
        Draws of the radius.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    DataFrame
        `WHAT_IF_COLUMNS`; the first row is now. Multiply a potential by `ratio_to_now`.

    Examples
    --------
    >>> table = clear_view_scenarios(Face(1.0, 1.2, 5.0), 1.0, bottoms_m=[2.2], radius=default_radius(),
    ...                              rng=np.random.default_rng(0))
    >>> bool(table["ratio_to_now"].iloc[1] > 2)
    True
    """
    if density_m2 < 0 or face.height_m <= 0 or face.distance_m <= 0:
        raise ParameterError(
            "face, density_m2", (face, density_m2), "a height and distance above 0, a density of 0 or more"
        )
    radii = radius.at(rng.standard_normal(draws))
    cases: list[tuple[str, Face, float]] = [("now", face, density_m2)]
    cases += [
        (f"lower edge at {value:g} m", replace(face, bottom_m=value), density_m2) for value in bottoms_m
    ]
    cases += [(f"{value:g} people/m2", face, value) for value in densities_m2]
    cases += [(f"{value:g} m away", replace(face, distance_m=value), density_m2) for value in distances_m]
    now = face.clear(density_m2, radius_m=radius.value)
    now_drawn = _drawn(face, density_m2, radii)
    rows = []
    for name, other, density in cases:
        clear = other.clear(density, radius_m=radius.value)
        drawn = _drawn(other, density, radii)
        low, high = _limits(drawn, level)
        ratio_low, ratio_high = _limits(drawn / now_drawn, level)
        rows.append(
            {
                "scenario": name,
                "bottom_m": other.bottom_m,
                "distance_m": other.distance_m,
                "density_m2": density,
                "clear": clear,
                "clear_low": low,
                "clear_high": high,
                "ratio_to_now": clear / now,
                "ratio_low": ratio_low,
                "ratio_high": ratio_high,
            }
        )
    return pd.DataFrame(rows, columns=list(WHAT_IF_COLUMNS))


def moved_term(term: Term, ratio: float, *, low: float, high: float, why: str) -> Term:
    """Return a term that holds the clear view as it would be in another scenario.

    Parameters
    ----------
    term : Term
        Clear view as counted or assumed, or exposure from glasses, in which clear view is contained; a share.
    ratio, low, high : float
        Change by the model, from `clear_view_scenarios`.
    why : str
        The scenario.

    Returns
    -------
    Term
        Source "modelled": the share times the ratio, not above 1; both ranges are multiplied, which is at
        least as wide as the range of the product. Without an interval where the term has none.
    """
    value = min(term.value * ratio, 1.0)
    rule = f"{why}: {term.rule}, times {ratio:.3g} by the occlusion model"
    if not (np.isfinite(term.low) and np.isfinite(term.high)):
        return replace(term, value=value, source="modelled", rule=rule)
    lower, upper = min(term.low * low, value), max(min(term.high * high, 1.0), value)
    return assumed_term(
        term.name,
        value,
        low=lower,
        high=upper,
        unit="share",
        source="modelled",
        rule=rule,
    )


def _drawn(face: Face, density_m2: float, radii_m: Floats) -> Floats:
    """Return the clear share at each radius; it is smooth in the radius, so a grid is enough."""
    grid = np.linspace(radii_m.min(), radii_m.max(), _GRID)
    clear = [face.clear(density_m2, radius_m=float(radius)) for radius in grid]
    return np.interp(radii_m, grid, clear)


def _limits(values: Floats, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
