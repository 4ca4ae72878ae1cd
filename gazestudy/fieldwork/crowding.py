"""Crowding: density, and level of service as a label derived from it with the version of its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError

Space = Literal["walkway", "waiting", "stairs"]

LEVELS = ("A", "B", "C", "D", "E", "F")


@dataclass(frozen=True, slots=True)
class LevelTable:
    """Limits of the levels of service of one kind of space.

    Attributes
    ----------
    version : str
        Name of the table; belongs beside every label.
    least_m2 : tuple of float
        Least area per person of levels A to E, m²; below the last it is F.
    verified : bool
        Whether the numbers were checked against a printed table.
    """

    version: str
    least_m2: tuple[float, float, float, float, float]
    verified: bool


FRUIN: dict[Space, LevelTable] = {
    "walkway": LevelTable("Fruin 1971, walkway", (3.25, 2.32, 1.39, 0.93, 0.46), verified=True),
    "waiting": LevelTable("Fruin 1971, queue (unverified)", (1.21, 0.93, 0.65, 0.28, 0.19), verified=False),
    "stairs": LevelTable("Fruin 1971, stairs (unverified)", (1.86, 1.39, 0.93, 0.65, 0.37), verified=False),
}
"""Levels of service by area per person, after Fruin, Pedestrian Planning and Design (1971)."""


def density_m2(people: ArrayLike, area_m2: ArrayLike) -> NDArray[np.float64]:
    """Return people per square metre of usable area (obstacles and a margin along walls taken off).

    Examples
    --------
    >>> density_m2([10, 40], 40).tolist()
    [0.25, 1.0]
    """
    area = np.asarray(area_m2, dtype=float)
    if np.any(area <= 0):
        raise ParameterError("area_m2", area_m2, "above 0")
    return np.asarray(np.asarray(people, dtype=float) / area, dtype=float)


def level_of_service(people_per_m2: ArrayLike, *, space: Space) -> list[str]:
    """Return the level of service, A to F, of densities; "" where the density is not known.

    Parameters
    ----------
    people_per_m2 : array
        Density; 0 is A.
    space : {"walkway", "waiting", "stairs"}
        Kind of space: the same density is comfortable on a platform and not on stairs.

    Examples
    --------
    >>> level_of_service([0.0, 0.5, 1.0, 3.0], space="walkway")
    ['A', 'C', 'D', 'F']
    """
    if space not in FRUIN:
        raise ParameterError("space", space, ", ".join(FRUIN))
    density = np.atleast_1d(np.asarray(people_per_m2, dtype=float))
    most = 1 / np.array(FRUIN[space].least_m2)
    rank = np.searchsorted(most * (1 + 1e-9), density)
    return ["" if np.isnan(d) else LEVELS[int(r)] for d, r in zip(density, rank, strict=True)]


def space_of(zone: str) -> Space:
    """Return the kind of space that the name of a zone suggests: platforms are for waiting.

    Examples
    --------
    >>> space_of("platform 2"), space_of("Stairs B"), space_of("concourse")
    ('waiting', 'stairs', 'walkway')
    """
    name = zone.lower()
    if any(word in name for word in ("platform", "queue", "waiting")):
        return "waiting"
    return "stairs" if any(word in name for word in ("stair", "escalator")) else "walkway"
