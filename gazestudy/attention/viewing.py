"""How large a placement was in the eye during each fixation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazestudy.attention.exposures import viewing_geometry, views_by_frame
from gazestudy.model.camera import Camera
from gazestudy.model.study import Placement


def add_viewing(
    fixations: pd.DataFrame, mapping: pd.DataFrame, placements: Sequence[Placement], camera: Camera | None
) -> pd.DataFrame:
    """Return mapped fixations with the visual angle and distance of their placement.

    Parameters
    ----------
    fixations : DataFrame
        Contract `MAPPED_FIXATIONS`.
    mapping : DataFrame
        Contract `MAPPING`, of the same recording.
    placements : sequence of Placement
        Placements they lie on.
    camera : Camera or None
        Scene camera; None gives NaN.

    Returns
    -------
    DataFrame
        The fixations with `width_deg` (visual angle of the placement's width) and `distance_mm` (NaN where
        the size is not known), both of the mapped frame nearest to the middle of the fixation.
    """
    result = fixations.assign(width_deg=np.nan, distance_mm=np.nan)
    middle = ((fixations["onset_ns"] + fixations["offset_ns"]) // 2).to_numpy()
    mapped = mapping[mapping["state"] == "mapped"]
    for placement in placements:
        for copy in fixations.loc[fixations["placement_id"] == placement.id, "copy"].unique():
            seen = mapped[(mapped["placement_id"] == placement.id) & (mapped["copy"] == copy)]
            rows = np.flatnonzero((fixations["placement_id"] == placement.id) & (fixations["copy"] == copy))
            if len(seen) == 0:
                continue
            view, t_ns = viewing_geometry(seen, placement, camera), seen["t_ns"].to_numpy()
            if placement.facets:
                view = views_by_frame(seen, placement, camera)
                t_ns = np.unique(t_ns)
            after = np.clip(np.searchsorted(t_ns, middle[rows]), 0, len(t_ns) - 1)
            before = np.maximum(after - 1, 0)
            nearer = np.abs(t_ns[before] - middle[rows]) < np.abs(t_ns[after] - middle[rows])
            nearest = np.where(nearer, before, after)
            for column in ("width_deg", "distance_mm"):
                values = result[column].to_numpy(copy=True)
                values[rows] = view[column].to_numpy()[nearest]
                result[column] = values
    return result
