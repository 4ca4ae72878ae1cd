"""Mapped gaze that came from a vendor's program instead of from our own mapping."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Corners = tuple[tuple[float, float], ...]

WHOLE: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
"""The vendor's picture shows the placement and nothing else."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportedMapping:
    """Where a vendor's program says that one person looked on one placement.

    Attributes
    ----------
    placement_id : str
        Which placement.
    gaze : DataFrame
        `t_ns` (int64, ascending, on the clock of the recording), `x_share`, `y_share` (shares of width and
        height of the vendor's picture from its top left corner, NaN where it was not located), `detected`.
    positions : DataFrame
        `t_ns` and the corners `tl_x_px` ... `bl_y_px` of the vendor's surface in the distorted scene image;
        without rows where the vendor does not give them.
    corners : tuple of (float, float)
        Corners of the placement in the vendor's picture, as shares, clockwise from the top left.
    provenance : dict
        Where it came from.
    """

    placement_id: str
    gaze: pd.DataFrame
    positions: pd.DataFrame
    corners: Corners = WHOLE
    provenance: dict[str, Any] = field(default_factory=dict)
