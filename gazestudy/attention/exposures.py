"""When a placement was in view, how large and how far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.camera import Camera
from gazestudy.model.facet_rows import facet_boxes, facet_numbers
from gazestudy.model.facets import WHOLE
from gazestudy.model.study import Placement
from gazestudy.model.tables import EXPOSURES
from gazestudy.model.timing import sample_durations_ns

Floats = NDArray[np.float64]

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]


def viewing_geometry(mapping: pd.DataFrame, placement: Placement, camera: Camera | None) -> pd.DataFrame:
    """Return visual angle and distance of one placement in each mapped row.

    Parameters
    ----------
    mapping : DataFrame
        Mapped rows of this placement (contract `MAPPING`).
    placement : Placement
        Its picture size, and physical size where known.
    camera : Camera or None
        Scene camera; None gives NaN.

    Returns
    -------
    DataFrame
        `width_deg` and `distance_mm`, with the index of `mapping`.

    Notes
    -----
    The width is the angle between the directions to the middles of the left and right edges. With K the
    camera matrix and H the homography, K^-1 H = s [r1 r2 t] for a plane in reference units; the columns of
    the rotation have length one, which gives s (here from the geometric mean of both columns) and the
    position of the centre of the placement (Zhang 2000, doi 10.1109/34.888718). The distance is from the
    scene camera, some centimetres from the eyes.
    """
    result = pd.DataFrame({"width_deg": np.nan, "distance_mm": np.nan}, index=mapping.index)
    if camera is None or len(mapping) == 0:
        return result
    low, high = facet_boxes(mapping, [placement])
    plane = np.linalg.inv(camera.matrix) @ mapping[_H].to_numpy(np.float64).reshape(-1, 3, 3)
    middle = (low + high) / 2.0
    left, right = (_seen_from(plane, x, middle[:, 1]) for x in (low[:, 0], high[:, 0]))
    result["width_deg"] = _angle_deg(left, right)
    scale_mm = _mm_per_px(placement)
    if scale_mm is not None:
        across, down = plane[:, :, 0] / scale_mm[0], plane[:, :, 1] / scale_mm[1]
        scale = np.sqrt(np.linalg.norm(across, axis=1) * np.linalg.norm(down, axis=1))
        centre = _seen_from(plane, middle[:, 0], middle[:, 1])
        result["distance_mm"] = np.linalg.norm(centre, axis=1) / scale
    return result


def _seen_from(plane: Floats, x_px: Floats, y_px: Floats) -> Floats:
    """Return one point of the plane of each row in axes of the camera, shape (n, 3)."""
    points: Floats = np.einsum("nij,nj->ni", plane, np.column_stack([x_px, y_px, np.ones(len(x_px))]))
    return points


def views_by_frame(mapping: pd.DataFrame, placement: Placement, camera: Camera | None) -> pd.DataFrame:
    """Return how much of one placement was seen in each frame, how large and how far.

    Parameters
    ----------
    mapping : DataFrame
        Mapped rows of this placement (contract `MAPPING`).
    placement : Placement
        The placement.
    camera : Camera or None
        Scene camera; None gives NaN.

    Returns
    -------
    DataFrame
        `visible_share`, `width_deg` and `distance_mm`, by frame.

    Notes
    -----
    Of copies in one frame the best counts. Facets of a placement that is not flat are parts of it: their
    visible shares add up by their area, their angles by the share of the height they take, and the nearest
    gives the distance. No part counts twice, and what lies on facets that were not located is not visible.
    """
    seen = viewing_geometry(mapping, placement, camera).assign(
        frame=mapping["frame"], visible_share=mapping["visible_share"]
    )
    best = {"visible_share": ("visible_share", "max"), "width_deg": ("width_deg", "max")}
    nearest = {"distance_mm": ("distance_mm", "min")}
    facet = facet_numbers(mapping)
    if not (facet != WHOLE).any():
        return seen.groupby("frame").agg(**best, **nearest)
    low, high = facet_boxes(mapping, [placement])
    share = (high - low) / np.array(placement.size_px)
    parts = seen.assign(
        facet=facet,
        visible_share=seen["visible_share"] * share.prod(axis=1),
        width_deg=seen["width_deg"] * share[:, 1],
    )
    parts = parts.groupby(["frame", "facet"]).agg(**best, **nearest).reset_index()
    flat = parts["facet"] == WHOLE
    total = {name: (name, lambda values: values.sum(min_count=1)) for name in best}
    joined = parts[~flat].groupby("frame").agg(**total, **nearest)
    both = pd.concat([parts[flat].set_index("frame")[joined.columns], joined])
    return both.groupby(level="frame").agg(**best, **nearest)


def find_exposures(
    mapping: pd.DataFrame,
    frames: pd.DataFrame,
    placements: Sequence[Placement],
    *,
    camera: Camera | None = None,
    max_hole_ms: float = 200.0,
    min_duration_ms: float = 0.0,
    min_visible_share: float = 0.0,
) -> pd.DataFrame:
    """Return the times in which each placement was in view.

    Parameters
    ----------
    mapping : DataFrame
        What was located in which frame (contract `MAPPING`).
    frames : DataFrame
        Scene frames (contract `FRAMES`).
    placements : sequence of Placement
        Placements of the study; copies of one are one.
    camera : Camera, optional
        Scene camera, for visual angle and distance.
    max_hole_ms : float
        Times in view that are at most this far apart are one exposure: a blurred frame or a passer-by.
    min_duration_ms : float
        Shorter exposures are dropped.
    min_visible_share : float
        Frames that show a smaller share of the placement do not count as in view, 0 to 1.

    Returns
    -------
    DataFrame
        Table that keeps the contract `EXPOSURES`, ordered by onset.

    Notes
    -----
    A frame is on show until the next one, at most 1.5 usual intervals. No exposure crosses a part. The mean
    visible share is over the frames in view, weighted with their time, without the holes.
    """
    found = mapping[(mapping["state"] == "mapped")]
    part = frames["part"].to_numpy(np.int64)
    lasts_ns = sample_durations_ns(frames["t_ns"].to_numpy(np.int64), part)
    starts_ns = frames["t_ns"].to_numpy(np.int64)
    tables = []
    for placement in placements:
        rows = found[found["placement_id"] == placement.id]
        if len(rows) == 0:
            continue
        best = views_by_frame(rows, placement, camera)
        share = best["visible_share"]
        best = best[(share >= min_visible_share) | (share.isna() & (min_visible_share <= 0))]
        if len(best) == 0:
            continue
        frame = best.index.to_numpy(np.int64)
        spans = _spans(frame, starts_ns, lasts_ns, part, round(max_hole_ms * 1e6))
        table = _exposure_rows(best, spans, starts_ns[frame], lasts_ns[frame])
        table = table[table["duration_ms"] >= min_duration_ms].reset_index(drop=True)
        table.insert(0, "placement_id", pd.Series([placement.id] * len(table), dtype="str"))
        table.insert(1, "exposure", np.arange(len(table), dtype=np.int64))
        tables.append(table)
    tables = [table for table in tables if len(table)]
    if not tables:
        return EXPOSURES.empty()
    result = pd.concat(tables, ignore_index=True).sort_values("onset_ns", kind="stable", ignore_index=True)
    return EXPOSURES.check(result)


def _spans(
    frame: NDArray[np.int64],
    starts_ns: NDArray[np.int64],
    lasts_ns: NDArray[np.int64],
    part: NDArray[np.int64],
    max_hole_ns: int,
) -> NDArray[np.int64]:
    """Return the first row of each exposure among the frames in view."""
    hole_ns = starts_ns[frame[1:]] - (starts_ns[frame[:-1]] + lasts_ns[frame[:-1]])
    broken = (hole_ns > max_hole_ns) | (part[frame[1:]] != part[frame[:-1]])
    return np.concatenate(([0], np.flatnonzero(broken) + 1)).astype(np.int64)


def _exposure_rows(
    best: pd.DataFrame,
    first: NDArray[np.int64],
    starts_ns: NDArray[np.int64],
    lasts_ns: NDArray[np.int64],
) -> pd.DataFrame:
    last = np.append(first[1:], len(best)) - 1
    onset_ns, offset_ns = starts_ns[first], starts_ns[last] + lasts_ns[last]
    weight = np.maximum(lasts_ns.astype(np.float64), 1.0)
    share = np.add.reduceat(best["visible_share"].to_numpy(np.float64) * weight, first)
    return pd.DataFrame(
        {
            "onset_ns": onset_ns,
            "offset_ns": offset_ns,
            "duration_ms": (offset_ns - onset_ns) / 1e6,
            "visible_share_mean": share / np.add.reduceat(weight, first),
            "width_deg_max": np.fmax.reduceat(best["width_deg"].to_numpy(np.float64), first),
            "distance_mm_min": np.fmin.reduceat(best["distance_mm"].to_numpy(np.float64), first),
        }
    )


def _angle_deg(one: Floats, other: Floats) -> Floats:
    across = np.linalg.norm(np.cross(one, other), axis=1)
    angle: Floats = np.degrees(np.arctan2(across, np.sum(one * other, axis=1)))
    return angle


def _mm_per_px(placement: Placement) -> tuple[float, float] | None:
    """Return the size of a reference pixel; a side that is not known follows the other."""
    width_px, height_px = placement.size_px
    across = placement.width_mm / width_px if placement.width_mm is not None else None
    down = placement.height_mm / height_px if placement.height_mm is not None else None
    if across is None and down is None:
        return None
    return (across or down or 0.0, down or across or 0.0)
