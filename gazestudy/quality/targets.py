"""Targets that somebody was asked to look at: where they lie in the camera's frame, and gaze on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.homographies import apply_homography
from gazestudy.model.camera import Camera
from gazestudy.model.timing import frame_on_show
from gazestudy.quality.accuracy import TargetLook
from gazestudy.quality.sphere import Floats

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MIN_LOOK_SAMPLES = 5
"""Fewer samples on a target tell nothing."""

_LONGEST_STEP = 1.5  # usual frame intervals over which a target moves evenly
_H = [f"h{row}{column}" for row in range(3) for column in range(3)]


def placement_directions(
    mapping: pd.DataFrame,
    frames: pd.DataFrame,
    placement_id: str,
    point_ref_px: tuple[float, float],
    camera: Camera,
    t_ns: Ints,
) -> Floats:
    """Return where a point of a placement lies at each time.

    Parameters
    ----------
    mapping : DataFrame
        Contract `MAPPING`.
    frames : DataFrame
        Contract `FRAMES`.
    placement_id : str
        Which placement.
    point_ref_px : (float, float)
        The point, reference px.
    camera : Camera
        The scene camera that the mapping was made with.
    t_ns : ndarray of int64, shape (n,)
        Times.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Unit vectors in the camera's frame; NaN where the placement was not located in the frame on show, or
        was located at several places (copies), one of which the look was on.

    Notes
    -----
    Between two frames in which it was located the point moves evenly, as gaze does when it is mapped.
    """
    frame_ns = frames["t_ns"].to_numpy(np.int64)
    at_frame = np.full((len(frames) + 1, 3), np.nan)  # the last row stands for no frame
    rows = mapping[(mapping["placement_id"] == placement_id) & (mapping["state"] == "mapped")]
    rows = rows[~rows["frame"].duplicated(keep=False)]
    if len(rows):
        homography = rows[_H].to_numpy(np.float64).reshape(-1, 3, 3)
        flat = apply_homography(homography, np.tile(np.asarray(point_ref_px, np.float64), (len(rows), 1)))
        rays = np.column_stack(
            [
                (flat[:, 0] - camera.cx_px) / camera.fx_px,
                (flat[:, 1] - camera.cy_px) / camera.fy_px,
                np.ones(len(flat)),
            ]
        )
        at_frame[rows["frame"].to_numpy(np.int64)] = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    on_show = frame_on_show(frame_ns, t_ns)
    here = at_frame[on_show]
    following = np.minimum(on_show + 1, len(frames) - 1)
    step_ns = np.where(on_show >= 0, frame_ns[following] - frame_ns[on_show], 0) if len(frames) else on_show
    usual_ns = float(np.median(np.diff(frame_ns))) if len(frame_ns) > 1 else 0.0
    ahead = at_frame[following]
    moving = (step_ns > 0) & (step_ns <= _LONGEST_STEP * usual_ns) & np.isfinite(ahead).all(axis=1)
    since = (t_ns - frame_ns[on_show]) if len(frames) else np.zeros(len(t_ns), dtype=np.int64)
    share = np.where(moving, since / np.where(moving, step_ns, 1), 0.0)[:, None]
    there = here + share * np.where(moving[:, None], ahead - here, 0.0)
    return np.asarray(there / np.linalg.norm(there, axis=1, keepdims=True), np.float64)


def samples_of_look(
    t_ns: Ints, measured: Bools, events: pd.DataFrame | None, *, start_ns: int, end_ns: int
) -> Ints:
    """Return the samples that belong to a look: measured, within its time, and within fixations.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times of the gaze samples.
    measured : ndarray of bool, shape (n,)
        Valid ones with a direction.
    events : DataFrame or None
        Gaze events; None: every measured sample counts.
    start_ns, end_ns : int
        When the target was to be looked at, both included.

    Returns
    -------
    ndarray of int64
        Rows of the gaze table.
    """
    inside = measured & (t_ns >= start_ns) & (t_ns <= end_ns)
    if events is not None:
        resting = np.zeros(len(t_ns) + 1, dtype=np.int64)
        slow = events[events["kind"].isin(["fixation", "pursuit"])]
        np.add.at(resting, slow["first_sample"].to_numpy(np.int64), 1)
        np.add.at(resting, slow["last_sample"].to_numpy(np.int64) + 1, -1)
        inside &= np.cumsum(resting)[:-1] > 0
    return np.flatnonzero(inside).astype(np.int64)


def look_at(name: str, t_ns: Ints, gaze: Floats, target: Floats) -> TargetLook | None:
    """Return the look with the samples where both gaze and target are known; None if they are too few.

    Parameters
    ----------
    name : str
        Of the target.
    t_ns : ndarray of int64, shape (n,)
        Times.
    gaze, target : ndarray of float64, shape (n, 3)
        Directions, NaN where not known.

    Returns
    -------
    TargetLook or None
        With at least `MIN_LOOK_SAMPLES` samples.
    """
    known = np.isfinite(gaze).all(axis=1) & np.isfinite(target).all(axis=1)
    if np.count_nonzero(known) < MIN_LOOK_SAMPLES:
        return None
    return TargetLook(name, t_ns[known], gaze[known], target[known])
