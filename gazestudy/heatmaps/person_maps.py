"""Where each person looked on one placement: a smoothed map per person, every person counting the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.heatmaps.density import density_map
from gazestudy.heatmaps.weights import fixation_weights

Singles = NDArray[np.float32]

_CELLS_PER_SIGMA = 2.0
_MOST_CELLS = 400_000  # 2,000 permutations of 40 people then take about 20 s


@dataclass(frozen=True, slots=True, eq=False)
class PersonMaps:
    """Where each person of a group looked on one placement, every person counting the same.

    Attributes
    ----------
    people : tuple of str
        Participants with at least one fixation on the picture.
    maps : ndarray of float32, shape (n, rows, columns)
        Share of each person's attention per cell; each map sums to 1.
    size_px : (int, int)
        Width and height of the reference image.
    sigma_px : float
        Standard deviation of the Gaussian, reference px.
    n_fixations : int
        Fixations behind all maps.
    weighting : str
        What a fixation weighs: "dwell" or "count".
    label : str
        Which group.
    """

    people: tuple[str, ...]
    maps: Singles
    size_px: tuple[int, int]
    sigma_px: float
    n_fixations: int
    weighting: str
    label: str

    @property
    def cell_px(self) -> tuple[float, float]:
        """Width and height of a cell, reference px."""
        _, rows, columns = self.maps.shape
        return self.size_px[0] / columns, self.size_px[1] / rows


def person_maps(
    fixations: pd.DataFrame,
    size_px: tuple[int, int],
    *,
    sigma_px: float,
    cell_px: float | None = None,
    weighting: Literal["dwell", "count"] = "dwell",
    label: str = "",
) -> PersonMaps:
    """Return one smoothed map per person, each with sum 1.

    Parameters
    ----------
    fixations : DataFrame
        Mapped fixations on one placement: participant_id, duration_ms, x_ref_px, y_ref_px.
    size_px : (int, int)
        Width and height of the reference image.
    sigma_px : float
        Standard deviation of the Gaussian, reference px.
    cell_px : float, optional
        Side of a cell of the grid, reference px, at most half of `sigma_px`; None: half of it.
    weighting : {"dwell", "count"}
        What a fixation weighs within its person.
    label : str
        Which group.

    Returns
    -------
    PersonMaps
        People without a fixation on the picture are not in it.

    Raises
    ------
    ParameterError
        If the cell is too large for the Gaussian, or the Gaussian too narrow for the picture.
    """
    width_px, height_px = size_px
    cell = sigma_px / _CELLS_PER_SIGMA if cell_px is None else float(cell_px)
    if not 0 < cell <= sigma_px / _CELLS_PER_SIGMA * (1 + 1e-9):
        raise ParameterError(
            "cell_px", cell_px, f"a side up to half of the Gaussian's sigma, {sigma_px / 2:.3g} px"
        )
    columns, rows = max(math.ceil(width_px / cell), 1), max(math.ceil(height_px / cell), 1)
    if columns * rows > _MOST_CELLS:
        wider = sigma_px * math.sqrt(columns * rows / _MOST_CELLS)
        raise ParameterError("sigma_px", sigma_px, f"a Gaussian of {wider:.3g} px or wider on this picture")
    points = fixations[["x_ref_px", "y_ref_px"]].to_numpy(np.float64)
    inside = (points >= -0.5).all(axis=1) & (points < (width_px - 0.5, height_px - 0.5)).all(axis=1)
    used = fixations.iloc[np.flatnonzero(inside)]
    weights = fixation_weights(used, weighting)
    scale = np.array([columns / width_px, rows / height_px])
    where = (points[inside] + 0.5) * scale - 0.5
    who = used["participant_id"].to_numpy(dtype=object)
    people, maps = [], []
    for person in sorted(set(who), key=str):
        mine = who == person
        density = density_map(
            where[mine], (columns, rows), sigma_px=sigma_px * float(scale.max()), weights=weights[mine]
        )
        total = float(density.sum())
        if total > 0:
            people.append(str(person))
            maps.append(density / np.float32(total))
    stack = np.stack(maps) if maps else np.zeros((0, rows, columns), dtype=np.float32)
    return PersonMaps(tuple(people), stack, (width_px, height_px), sigma_px, len(used), weighting, label)
