"""Which AOIs a mapped sample or fixation lies on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazestudy.geometry.polygons import points_in_polygons
from gazestudy.model.study import Aoi


def aoi_hits(mapped: pd.DataFrame, aois: Sequence[Aoi]) -> pd.DataFrame:
    """Return a row for every AOI that every mapped sample or fixation lies on.

    Parameters
    ----------
    mapped : DataFrame
        Mapped gaze or fixations: `placement_id`, `x_ref_px`, `y_ref_px`.
    aois : sequence of Aoi
        AOIs of any placements; they may overlap.

    Returns
    -------
    DataFrame
        `row` (int64, position in `mapped`) and `aoi_id`, ordered by row, then as in `aois`. A point on
        several AOIs has several rows, a point on none has none.

    Notes
    -----
    A point on the edge of an AOI is treated as by `points_in_polygons`.

    Examples
    --------
    >>> mapped = pd.DataFrame({"placement_id": ["A", "A", "B"], "x_ref_px": [5.0, 50, 5], "y_ref_px": 5.0})
    >>> logo = Aoi("logo", "A", "Logo", ((0, 0), (10, 0), (10, 10), (0, 10)))
    >>> aoi_hits(mapped, [logo]).to_numpy().tolist()
    [[0, 'logo']]
    """
    placement = mapped["placement_id"].to_numpy(dtype=object)
    points = mapped[["x_ref_px", "y_ref_px"]].to_numpy(np.float64)
    rows: list[np.ndarray] = [np.zeros(0, dtype=np.int64)]
    which: list[np.ndarray] = [np.zeros(0, dtype=np.int64)]
    by_placement: dict[str, list[int]] = {}
    for position, aoi in enumerate(aois):
        by_placement.setdefault(aoi.placement_id, []).append(position)
    for placement_id, numbers in by_placement.items():
        here = np.flatnonzero(placement == placement_id)
        point, polygon = np.nonzero(points_in_polygons(points[here], [aois[k].points_px for k in numbers]))
        rows.append(here[point])
        which.append(np.array(numbers, dtype=np.int64)[polygon])
    row, number = np.concatenate(rows), np.concatenate(which)
    order = np.lexsort((number, row))
    names = np.array([aoi.id for aoi in aois], dtype=object)
    return pd.DataFrame({"row": row[order], "aoi_id": pd.Series(names[number[order]], dtype="str")})
