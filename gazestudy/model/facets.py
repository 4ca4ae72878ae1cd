"""Flat parts of an artwork that goes round a pillar or a corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError

WHOLE = -1
"""Facet of a placement that is flat as a whole."""

FACET = "facet"
"""Extra column of mappings: which facet of the placement a row locates; absent where all are flat."""

SMALLEST_PX = 16.0
"""Shortest side of a facet, reference px."""

_SHARED_PX = 0.01


@dataclass(frozen=True, slots=True)
class Facet:
    """A rectangle of the artwork that is flat, or nearly so, where it hangs.

    Attributes
    ----------
    left_px, top_px, right_px, bottom_px : float
        Its sides in reference px from the left and top edge of the artwork: 0 to the width and height.
    """

    left_px: float
    top_px: float
    right_px: float
    bottom_px: float

    def __post_init__(self) -> None:
        if not (self.right_px - self.left_px >= SMALLEST_PX and self.bottom_px - self.top_px >= SMALLEST_PX):
            raise ParameterError(
                "facet", str(self), f"left, top, right, bottom, {SMALLEST_PX:g} px or more a side"
            )

    def __str__(self) -> str:
        return f"{self.left_px:g},{self.top_px:g},{self.right_px:g},{self.bottom_px:g}"

    @property
    def size_px(self) -> tuple[float, float]:
        """Width and height."""
        return self.right_px - self.left_px, self.bottom_px - self.top_px

    @property
    def corners_px(self) -> NDArray[np.float64]:
        """Corners, clockwise from the top left; (0, 0) is the centre of the first pixel."""
        left, top, right, bottom = (
            v - 0.5 for v in (self.left_px, self.top_px, self.right_px, self.bottom_px)
        )
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])

    def at_scale(self, across: float, down: float) -> Facet:
        """Return the same part of the artwork where its px are so much smaller."""
        return Facet(self.left_px * across, self.top_px * down, self.right_px * across, self.bottom_px * down)


def whole(size_px: tuple[int, int]) -> Facet:
    """Return the facet that is all of an artwork."""
    return Facet(0.0, 0.0, float(size_px[0]), float(size_px[1]))


def strips(size_px: tuple[int, int], count: int) -> tuple[Facet, ...]:
    """Cut an artwork into upright strips of equal width, as for a pillar.

    Parameters
    ----------
    size_px : (int, int)
        Width and height of the artwork.
    count : int
        How many strips, 2 or more.

    Returns
    -------
    tuple of Facet
        From left to right.

    Raises
    ------
    ParameterError
        If the strips would be too narrow.

    Examples
    --------
    >>> [str(one) for one in strips((300, 100), 3)]
    ['0,0,100,100', '100,0,200,100', '200,0,300,100']
    """
    if not 2 <= count <= size_px[0] / SMALLEST_PX:
        raise ParameterError("facets", count, f"2 to {int(size_px[0] / SMALLEST_PX)} for {size_px[0]} px")
    edges = np.linspace(0.0, size_px[0], count + 1).tolist()
    return tuple(Facet(left, 0.0, right, float(size_px[1])) for left, right in pairwise(edges))


def check_facets(facets: Sequence[Facet], size_px: tuple[int, int]) -> None:
    """Refuse facets that reach beyond the artwork or share a part of it.

    Raises
    ------
    ParameterError
        Names the facets.
    """
    for one in facets:
        beyond = max(-one.left_px, -one.top_px, one.right_px - size_px[0], one.bottom_px - size_px[1])
        if beyond > _SHARED_PX:
            raise ParameterError(
                "facet", str(one), f"a part of the picture of {size_px[0]} x {size_px[1]} px"
            )
    for one, other in combinations(facets, 2):
        across = min(one.right_px, other.right_px) - max(one.left_px, other.left_px)
        down = min(one.bottom_px, other.bottom_px) - max(one.top_px, other.top_px)
        if min(across, down) > _SHARED_PX:
            raise ParameterError("facets", f"{one} and {other}", "facets that do not overlap")
