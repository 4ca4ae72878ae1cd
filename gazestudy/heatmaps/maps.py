"""A heatmap with everything that has to be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.heatmaps.density import density_map
from gazestudy.heatmaps.kernel import Kernel
from gazestudy.heatmaps.weights import QUANTITY, WEIGHTING_WORDS, fixation_weights
from gazestudy.model.study import Placement

_DM2 = 10_000.0  # mm^2
_PX_BLOCK = 10_000.0  # px^2: a square of 100 px


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapData:
    """Density of attention on one placement.

    Attributes
    ----------
    density : ndarray of float32, shape (height, width)
        Density in `unit`.
    unit : str
        Unit in words, such as "s of fixation per dm²".
    kernel : Kernel
        Width of the Gaussian.
    weighting : str
        What a fixation weighs.
    n_participants : int
        Participants with at least one fixation in the map.
    n_fixations : int
        Fixations in the map.
    placement_id, placement_name : str
        Which placement.
    group : str
        Which participants or times, in words; empty for all.
    per_px2 : float
        Multiply `density` by it to get weight per px^2.
    n_outside : int
        Fixations left out since they lie outside the picture.
    """

    density: NDArray[np.float32]
    unit: str
    kernel: Kernel
    weighting: str
    n_participants: int
    n_fixations: int
    placement_id: str
    placement_name: str
    group: str
    per_px2: float
    n_outside: int = 0

    @property
    def peak(self) -> float:
        """Largest density, in `unit`."""
        return float(self.density.max(initial=0.0))

    def facts(self) -> dict[str, Any]:
        """Return what stands beside the density, JSON-ready."""
        return {
            "placement_id": self.placement_id,
            "placement_name": self.placement_name,
            "group": self.group,
            "unit": self.unit,
            "weighting": self.weighting,
            "weighting_in_words": WEIGHTING_WORDS[self.weighting],
            "kernel": self.kernel.describe(),
            "kernel_fwhm": self.kernel.fwhm,
            "kernel_unit": self.kernel.unit,
            "kernel_sigma_px": self.kernel.sigma_px,
            "n_participants": self.n_participants,
            "n_fixations": self.n_fixations,
            "n_fixations_outside": self.n_outside,
            "peak": self.peak,
            "per_px2": self.per_px2,
            "width_px": self.density.shape[1],
            "height_px": self.density.shape[0],
        }


def make_heatmap(
    fixations: pd.DataFrame,
    placement: Placement,
    *,
    kernel: Kernel,
    weighting: str = "dwell",
    group: str = "",
) -> HeatmapData:
    """Return the heatmap of fixations on one placement.

    Parameters
    ----------
    fixations : DataFrame
        Mapped fixations of any number of recordings: `placement_id`, `participant_id`, `duration_ms`,
        `x_ref_px`, `y_ref_px`. Rows of other placements are ignored.
    placement : Placement
        Which placement; its size in mm, where known, gives the unit.
    kernel : Kernel
        Width of the Gaussian.
    weighting : {"dwell", "count", "participant"}
        What a fixation weighs; see `fixation_weights`.
    group : str
        Which participants or times these are, in words.

    Returns
    -------
    HeatmapData
        Density per dm² of the placement, or per 100 px x 100 px of the picture where the size is not known.

    Raises
    ------
    ParameterError
        If the weighting is unknown or a column is missing.
    """
    for name in ("placement_id", "participant_id", "duration_ms", "x_ref_px", "y_ref_px"):
        if name not in fixations.columns:
            raise ParameterError("fixations", list(fixations.columns), f"a column {name!r}")
    width_px, height_px = placement.size_px
    rows = fixations[fixations["placement_id"] == placement.id]
    points = rows[["x_ref_px", "y_ref_px"]].to_numpy(np.float64)
    inside = (points >= -0.5).all(axis=1) & (points < (width_px - 0.5, height_px - 0.5)).all(axis=1)
    used: pd.DataFrame = rows.iloc[np.flatnonzero(inside)]
    weights = fixation_weights(used, weighting)
    density = density_map(points[inside], (width_px, height_px), sigma_px=kernel.sigma_px, weights=weights)
    area_px2, area_word = unit_area(placement)
    density *= np.float32(area_px2)
    return HeatmapData(
        density=density,
        unit=f"{QUANTITY[weighting]} per {area_word}",
        kernel=kernel,
        weighting=weighting,
        n_participants=int(used["participant_id"].nunique()),
        n_fixations=len(used),
        placement_id=placement.id,
        placement_name=placement.name,
        group=group,
        per_px2=1.0 / area_px2,
        n_outside=int(np.count_nonzero(~inside)),
    )


def unit_area(placement: Placement) -> tuple[float, str]:
    """Return the area that a density refers to: its size in px^2 and its name.

    Parameters
    ----------
    placement : Placement
        With or without a size in mm.

    Returns
    -------
    area_px2 : float
        Area in reference px^2.
    name : str
        "dm²", or "100 px × 100 px" where neither side is known in mm.
    """
    width_px, height_px = placement.size_px
    across = width_px / placement.width_mm if placement.width_mm is not None else None
    down = height_px / placement.height_mm if placement.height_mm is not None else None
    if across is None and down is None:
        return _PX_BLOCK, "100 px × 100 px"
    px_per_mm = (across or down or 0.0, down or across or 0.0)
    return _DM2 * px_per_mm[0] * px_per_mm[1], "dm²"


def opacity_map(data: HeatmapData, *, clear_at: float = 0.5) -> NDArray[np.float32]:
    """Return how strongly a fog covers each pixel: 1 where nobody looked, 0 where attention was.

    Parameters
    ----------
    data : HeatmapData
        The heatmap.
    clear_at : float
        Share of the peak at which the picture is fully clear.

    Returns
    -------
    ndarray of float32, shape (height, width)
        Opacity, 0 to 1.
    """
    if not 0 < clear_at <= 1:
        raise ParameterError("clear_at", clear_at, "a share above 0 and up to 1")
    if data.peak <= 0:
        return np.ones_like(data.density)
    fog: NDArray[np.float32] = 1.0 - np.clip(data.density / np.float32(clear_at * data.peak), 0.0, 1.0)
    return fog
