"""Mapped gaze of a vendor's program, put onto our samples and frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import apply_homography, corners_px, invert_homography
from gazestudy.model.camera import Camera
from gazestudy.model.imported import ImportedMapping
from gazestudy.model.study import Placement
from gazestudy.model.tables import MAPPED_GAZE, MAPPING, MAPPING_STATES, categorical
from gazestudy.model.timing import frame_on_show

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]
_CORNERS = [f"{corner}_{axis}_px" for corner in ("tl", "tr", "br", "bl") for axis in "xy"]
_CHECKED = 5000  # samples that are compared with the corners
_GRID = 12  # points across a placement that are looked for in the scene image
_CHUNK = 2000
_SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def match_times(ours_ns: Ints, theirs_ns: Ints) -> Ints:
    """Return the row of `theirs_ns` that belongs to each of our samples, -1 for none.

    Parameters
    ----------
    ours_ns, theirs_ns : ndarray of int64
        Ascending times on one clock, ns.

    Returns
    -------
    ndarray of int64, shape of `ours_ns`
        The nearest row, at most half a usual (median) step of theirs away.

    Examples
    --------
    >>> match_times(np.array([0, 9, 21, 26]), np.array([0, 10, 20])).tolist()
    [0, 1, 2, -1]
    """
    if len(theirs_ns) == 0:
        return np.full(len(ours_ns), -1, dtype=np.int64)
    steps = np.diff(theirs_ns)
    limit_ns = int(np.median(steps)) // 2 if len(steps) else 0
    after = np.clip(np.searchsorted(theirs_ns, ours_ns), 0, len(theirs_ns) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(theirs_ns[before] - ours_ns) < np.abs(theirs_ns[after] - ours_ns)
    row = np.where(nearer, before, after)
    return np.where(np.abs(theirs_ns[row] - ours_ns) <= limit_ns, row, -1).astype(np.int64)


def imported_gaze(
    imported: ImportedMapping, gaze: pd.DataFrame, frames: pd.DataFrame, placement: Placement
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the samples that an imported mapping puts onto its placement.

    Parameters
    ----------
    imported : ImportedMapping
        The mapping.
    gaze, frames : DataFrame
        Tables of the recording (contracts `GAZE`, `FRAMES`).
    placement : Placement
        Its placement.

    Returns
    -------
    table : DataFrame
        Contract `MAPPED_GAZE`.
    counts : dict
        Samples matched at the same time exactly, matched to the nearest, and on the placement.

    Notes
    -----
    A sample is on the placement if it is valid, the vendor says that it lies inside of its picture, and its
    position lies inside of the placement's corners in that picture.
    """
    t_ns, theirs_ns = gaze["t_ns"].to_numpy(np.int64), imported.gaze["t_ns"].to_numpy(np.int64)
    row = match_times(t_ns, theirs_ns)
    found = np.flatnonzero(row >= 0)
    exact = int(np.count_nonzero(theirs_ns[row[found]] == t_ns[found]))
    share = placement_shares(imported)[row[found]]
    on = gaze["valid"].to_numpy(bool)[found] & imported.gaze["detected"].to_numpy(bool)[row[found]]
    on &= np.all((share >= 0) & (share < 1), axis=1)
    samples, share = found[on], share[on]
    width_px, height_px = placement.size_px
    creative = placement.only_creative_id
    table = pd.DataFrame(
        {
            "sample": samples.astype(np.int64),
            "t_ns": t_ns[samples],
            "placement_id": pd.Series([placement.id] * len(samples), dtype="str"),
            "creative_id": pd.Series([creative] * len(samples), dtype="str"),
            "copy": np.zeros(len(samples), dtype=np.int64),
            "frame": frame_on_show(frames["t_ns"].to_numpy(), t_ns[samples]),
            "x_ref_px": share[:, 0] * width_px - 0.5,
            "y_ref_px": share[:, 1] * height_px - 0.5,
            "x_mm": share[:, 0] * (np.nan if placement.width_mm is None else placement.width_mm),
            "y_mm": share[:, 1] * (np.nan if placement.height_mm is None else placement.height_mm),
        }
    )
    counts = {"samples_exact": exact, "samples_nearest": len(found) - exact, "samples_on": len(samples)}
    return MAPPED_GAZE.check(table), counts


def placement_shares(imported: ImportedMapping) -> Floats:
    """Return the vendor's positions as shares of the placement, shape (n, 2); NaN where not located."""
    shares = imported.gaze[["x_share", "y_share"]].to_numpy(np.float64)
    to_square = _homographies(np.array(imported.corners), _SQUARE[None])
    return apply_homography(to_square[0], shares)


def imported_rows(
    imported: ImportedMapping, frames: pd.DataFrame, placement: Placement, camera: Camera | None
) -> pd.DataFrame:
    """Return in which frames an imported mapping has its placement in view.

    Parameters
    ----------
    imported : ImportedMapping
        The mapping.
    frames : DataFrame
        Contract `FRAMES`.
    placement : Placement
        Its placement.
    camera : Camera or None
        Scene camera; None takes the scene image as free of distortion.

    Returns
    -------
    DataFrame
        Contract `MAPPING`.
    """
    frame_ns = frames["t_ns"].to_numpy(np.int64)
    if len(imported.positions):
        numbers, quads = _quads(imported.positions, frame_ns)
    else:
        located = np.isfinite(imported.gaze["x_share"].to_numpy(np.float64))
        on_show = frame_on_show(frame_ns, imported.gaze["t_ns"].to_numpy(np.int64)[located])
        numbers, quads = np.unique(on_show[on_show >= 0]), None
    size_px = placement.size_px
    homographies = np.full((len(numbers), 3, 3), np.nan)
    width_px, visible = np.full(len(numbers), np.nan), np.full(len(numbers), np.nan)
    if quads is not None:
        points = quads.reshape(-1, 2)
        flat = (points if camera is None else undistort_px(points, camera)).reshape(-1, 4, 2)
        inner = _mapped(_homographies(_SQUARE, flat), np.array(imported.corners))
        homographies = _homographies(corners_px(*size_px), inner)
        width_px = (_length(inner, 0, 1) + _length(inner, 3, 2)) / 2
        visible = _visible_shares(homographies, size_px, camera)
    return _rows(imported.placement_id, placement, numbers, frame_ns, homographies, visible, width_px)


def corner_residuals(
    imported: ImportedMapping, gaze: pd.DataFrame, frames: pd.DataFrame, camera: Camera | None
) -> Floats:
    """Return how far the vendor's positions are from those by the corners it gives, a check of their origin.

    Parameters
    ----------
    imported : ImportedMapping
        With `positions`; without them there is nothing to compare.
    gaze, frames : DataFrame
        Tables of the recording (contracts `GAZE`, `FRAMES`).
    camera : Camera or None
        Scene camera.

    Returns
    -------
    ndarray of float64, shape (n, 4)
        x and y by the vendor, then x and y of the scene gaze through the corners of the frame on show, all
        as shares of the vendor's surface; only samples inside of it, 5,000 at most, evenly over time.
    """
    frame_ns, t_ns = frames["t_ns"].to_numpy(np.int64), gaze["t_ns"].to_numpy(np.int64)
    numbers, quads = _quads(imported.positions, frame_ns)
    row, on_show = match_times(t_ns, imported.gaze["t_ns"].to_numpy(np.int64)), frame_on_show(frame_ns, t_ns)
    place = np.searchsorted(numbers, on_show)
    place[place == len(numbers)] = 0
    usable = (row >= 0) & (on_show >= 0) & gaze["valid"].to_numpy(bool) & (len(numbers) > 0)
    usable[usable] = numbers[place[usable]] == on_show[usable]
    which = np.flatnonzero(usable)
    which = which[:: max(1, len(which) // _CHECKED)]
    scene = gaze[["x_px", "y_px"]].to_numpy(np.float64)[which]
    corners = quads[place[which]].reshape(-1, 2)
    if camera is not None:
        scene, corners = undistort_px(scene, camera), undistort_px(corners, camera)
    to_scene = _homographies(_SQUARE, corners.reshape(-1, 4, 2))
    known = np.flatnonzero(np.isfinite(to_scene).all(axis=(1, 2)))
    good = known[np.abs(np.linalg.det(to_scene[known])) > 0]
    by_corners = apply_homography(invert_homography(to_scene[good]), scene[good])
    vendor = imported.gaze[["x_share", "y_share"]].to_numpy(np.float64)[row[which[good]]]
    both: Floats = np.column_stack([vendor, by_corners])
    inside = np.all((vendor >= 0) & (vendor <= 1), axis=1) & np.isfinite(both).all(axis=1)
    return both[np.flatnonzero(inside)]


def _quads(positions: pd.DataFrame, frame_ns: Ints) -> tuple[Ints, Floats]:
    """Return frame numbers and the corners in them, shape (n, 4, 2), where the surface was located."""
    corners = positions[_CORNERS].to_numpy(np.float64)
    located = np.isfinite(corners).all(axis=1)
    frame = match_times(positions["t_ns"].to_numpy(np.int64)[located], frame_ns)
    numbers, first = np.unique(frame, return_index=True)
    known = numbers >= 0
    return numbers[known], corners[located][first[known]].reshape(-1, 4, 2)


def _homographies(source: Floats, targets: Floats) -> Floats:
    """Return the homographies from four points to each of n times four, shape (n, 3, 3), h22 = 1.

    NaN where the four points do not give one.
    """
    n = len(targets)
    x, y = source[:, 0], source[:, 1]
    u, v = targets[:, :, 0], targets[:, :, 1]
    system, right = np.zeros((n, 8, 8)), np.zeros((n, 8))
    system[:, 0::2, 0], system[:, 0::2, 1], system[:, 0::2, 2] = x, y, 1.0
    system[:, 1::2, 3], system[:, 1::2, 4], system[:, 1::2, 5] = x, y, 1.0
    system[:, 0::2, 6], system[:, 0::2, 7] = -u * x, -u * y
    system[:, 1::2, 6], system[:, 1::2, 7] = -v * x, -v * y
    right[:, 0::2], right[:, 1::2] = u, v
    known = np.flatnonzero(np.isfinite(targets).all(axis=(1, 2)))
    good = known[np.abs(np.linalg.det(system[known])) > 0]
    result = np.full((n, 9), np.nan)
    result[good, :8] = np.linalg.solve(system[good], right[good, :, None])[:, :, 0]
    result[good, 8] = 1.0
    return result.reshape(n, 3, 3)


def _mapped(homographies: Floats, points: Floats) -> Floats:
    """Map k points by each of n homographies, shape (n, k, 2)."""
    k = len(points)
    each = np.repeat(homographies, k, axis=0)
    mapped: Floats = apply_homography(each, np.tile(points, (len(homographies), 1))).reshape(-1, k, 2)
    return mapped


def _length(quads: Floats, one: int, other: int) -> Floats:
    return np.asarray(np.linalg.norm(quads[:, other] - quads[:, one], axis=1))


def _visible_shares(homographies: Floats, size_px: tuple[int, int], camera: Camera | None) -> Floats:
    """Return the share of the placement inside the scene image; NaN where its size is not known."""
    result = np.full(len(homographies), np.nan)
    if camera is None:
        return result
    middles = (np.arange(_GRID) + 0.5) / _GRID
    x, y = np.meshgrid(middles * size_px[0] - 0.5, middles * size_px[1] - 0.5)
    grid = np.column_stack([x.ravel(), y.ravel()])
    limits = np.array([camera.width_px, camera.height_px]) - 0.5

    def inside(which: Ints, points: Floats) -> Floats:
        scene = distort_px(_mapped(homographies[which], points).reshape(-1, 2), camera)
        within = np.all((scene >= -0.5) & (scene <= limits), axis=1).reshape(len(which), len(points))
        return np.asarray(within.mean(axis=1), dtype=np.float64)

    known = np.flatnonzero(np.isfinite(homographies).all(axis=(1, 2)))
    result[known] = inside(known, corners_px(*size_px))  # 1 where all corners are in the image
    cut = known[result[known] < 1]
    for start in range(0, len(cut), _CHUNK):
        which = cut[start : start + _CHUNK]
        result[which] = inside(which, grid)
    return result


def _rows(
    placement_id: str,
    placement: Placement,
    numbers: Ints,
    frame_ns: Ints,
    homographies: Floats,
    visible: Floats,
    width_px: Floats,
) -> pd.DataFrame:
    n = len(numbers)
    columns: Mapping[str, Any] = {
        "frame": numbers.astype(np.int64),
        "t_ns": frame_ns[numbers],
        "placement_id": pd.Series([placement_id] * n, dtype="str"),
        "creative_id": pd.Series([placement.only_creative_id] * n, dtype="str"),
        "copy": np.zeros(n, dtype=np.int64),
        "state": categorical(["mapped"] * n, MAPPING_STATES),
        **{name: homographies.reshape(n, 9)[:, k] for k, name in enumerate(_H)},
        "inliers": np.zeros(n, dtype=np.int64),
        "confidence": np.full(n, np.nan),
        "visible_share": visible,
        "width_px": width_px,
        "error_px": np.full(n, np.nan),
    }
    return MAPPING.check(pd.DataFrame(columns))
