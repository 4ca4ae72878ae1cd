"""Rows that locate a facet of a placement: what part of the artwork they speak for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.facets import FACET, WHOLE, Facet
from gazestudy.model.study import Placement

Floats = NDArray[np.float64]

_SEAM_SHARE = 0.04
_MEET_PX = 1.0


def facet_numbers(mapping: pd.DataFrame) -> NDArray[np.int64]:
    """Return the facet of each row of a mapping, `WHOLE` where the placement is flat.

    Parameters
    ----------
    mapping : DataFrame
        Contract `MAPPING`, with or without the column `facet`.

    Returns
    -------
    ndarray of int64, shape (n,)
        Numbers from 0, or -1.
    """
    if FACET not in mapping.columns:
        return np.full(len(mapping), WHOLE, dtype=np.int64)
    return mapping[FACET].fillna(WHOLE).to_numpy(dtype=np.int64)


def facet_boxes(
    mapping: pd.DataFrame, placements: Iterable[Placement], *, seams: bool = False
) -> tuple[Floats, Floats]:
    """Return the part of the reference image that each row of a mapping speaks for.

    Parameters
    ----------
    mapping : DataFrame
        Contract `MAPPING`.
    placements : iterable of Placement
        Placements in it.
    seams : bool
        A little beyond the sides at which a facet meets another: each is located by itself, so that a crack
        between them, or a fold, may open where gaze would fall through.

    Returns
    -------
    low, high : ndarray of float64, shape (n, 2)
        Top left and bottom right corner, reference px.
    """
    known = {placement.id: placement for placement in placements}
    rows = pd.MultiIndex.from_arrays([mapping["placement_id"].astype(str), facet_numbers(mapping)])
    which, keys = rows.factorize()
    boxes = np.array([_box(known[name], number, seams) for name, number in keys], dtype=np.float64)
    boxes = boxes.reshape(-1, 2, 2)[which]
    return boxes[:, 0], boxes[:, 1]


def _box(placement: Placement, number: int, seams: bool) -> Floats:
    one = placement.facet(number)
    box: Floats = one.corners_px[[0, 2]]
    if seams and number != WHOLE:
        others = [other for k, other in enumerate(placement.facets) if k != number]
        across, down = (_SEAM_SHARE * side for side in one.size_px)
        meets = np.array(
            [
                [_meets(one.left_px, "right_px", others), _meets(one.top_px, "bottom_px", others)],
                [_meets(one.right_px, "left_px", others), _meets(one.bottom_px, "top_px", others)],
            ]
        )
        box = box + meets * np.array([[-across, -down], [across, down]])
    return box


def _meets(at_px: float, side: str, others: Iterable[Facet]) -> bool:
    return any(abs(getattr(other, side) - at_px) <= _MEET_PX for other in others)
