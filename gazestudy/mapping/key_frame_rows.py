"""From what key frames saw to the mapping table: frames reached from two key frames are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px, side_lengths
from gazestudy.mapping.key_frame_fits import scaled
from gazestudy.mapping.key_frame_tracks import Print, Seen
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.rows import BESIDE, CORNER_ERROR, HIDDEN
from gazestudy.model.facets import FACET
from gazestudy.model.tables import MAPPING, MAPPING_STATES, categorical

Floats = NDArray[np.float64]

SOURCE = "source"
"""Extra column: by which way a row came to be (see `precedence.SOURCES`)."""

KEY_FRAME_NS = "key_frame_ns"
"""Extra column: the time of the key frame it comes from, the nearer one of two."""

FITTED = "fitted"
"""Extra column: 1 where it was fitted to the picture itself, else 0."""

_COAST_FRAMES = 3  # in which a picture that was recognised need not be


@dataclass(frozen=True, slots=True, eq=False)
class _Joined:
    seen: Seen
    state: str


def key_frame_table(
    seen: Sequence[Seen],
    artworks: Sequence[Artwork],
    to_undistorted: Floats,
    *,
    max_disagreement_share: float,
    unchecked_ns: int = 0,
) -> pd.DataFrame:
    """Join what the key frames saw, and return it as a mapping table.

    Parameters
    ----------
    seen : sequence of Seen
        Frame by frame, by one or two key frames each.
    artworks : sequence of Artwork
        The artworks.
    to_undistorted : ndarray of float64, shape (3, 3)
        Working px to full-size undistorted px.
    max_disagreement_share : float
        Where two equally near key frames disagree by more of the width, the frame is ambiguous; the nearer
        one counts where the other is farther off and so likelier to have drifted.
    unchecked_ns : int
        So far before the first and after the last key frame of a stretch rows are kept that were not
        compared with the picture: nothing would tell if they drifted away.

    Returns
    -------
    DataFrame
        Contract `MAPPING` with `corner_error_share`, `evidence`, `hidden`, `beside`, `source`,
        `key_frame_ns` and `fitted`.
    """
    places: dict[tuple[int, Print], list[Seen]] = {}
    for one in seen:
        places.setdefault((one.frame, one.anchor.track), []).append(one)
    times: dict[Print, NDArray[np.int64]] = {
        track: np.unique([one.anchor.key_frame.t_ns for one in seen if one.anchor.track == track])
        for track in {one.anchor.track for one in seen}
    }
    rows = []
    for key in sorted(places):
        joined = _joined(places[key], artworks, max_disagreement_share)
        outside_ns = _outside(joined.seen, times[key[1]])
        if not joined.seen.refined and outside_ns > unchecked_ns:
            continue
        if outside_ns and joined.seen.unlike > _COAST_FRAMES:
            continue  # the picture was recognised before: somebody walks by, or it drifts away
        rows.append(_row(joined, artworks, to_undistorted))
    extra = [CORNER_ERROR, "evidence", HIDDEN, BESIDE, SOURCE, KEY_FRAME_NS, FACET, FITTED]
    table = pd.DataFrame(rows, columns=[*MAPPING.names, *extra]) if rows else _empty(extra)
    table["state"] = categorical(table["state"], MAPPING_STATES)
    for name in ("frame", "t_ns", "copy", "inliers", KEY_FRAME_NS, FACET):
        table[name] = table[name].astype(np.int64)
    return MAPPING.check(table)


def _empty(extra: list[str]) -> pd.DataFrame:
    text = (HIDDEN, BESIDE, SOURCE)
    return MAPPING.empty().assign(
        **{name: pd.Series([], dtype="str" if name in text else "float64") for name in extra}
    )


def _outside(seen: Seen, times_ns: NDArray[np.int64]) -> int:
    """Return how far a frame lies beyond all key frames of its print; 0 between two of them."""
    if times_ns[0] <= seen.t_ns <= times_ns[-1]:
        return 0
    return int(np.abs(times_ns - seen.t_ns).min())


def _joined(both: list[Seen], artworks: Sequence[Artwork], limit: float) -> _Joined:
    located = [one for one in both if one.located]
    if not located:
        return _Joined(both[0], "lost")
    # a frame that was clicked is as it was clicked
    clicked = [one for one in located if one.t_ns == one.anchor.key_frame.t_ns]
    if clicked or len(located) == 1:
        return _Joined((clicked or located)[0], "mapped")
    located.sort(key=lambda one: abs(one.t_ns - one.anchor.key_frame.t_ns))
    return _of_two(located[0], located[1], artworks[located[0].anchor.artwork], limit)


def _of_two(near: Seen, far: Seen, art: Artwork, limit: float) -> _Joined:
    """Choose between the two key frames that a frame was reached from, or blend them."""
    best = near if near.refined or not far.refined else far
    if near.anchor.artwork != far.anchor.artwork:  # the screen changed its picture between them
        return _Joined(best, "mapped")
    corners = corners_px(*art.size_px)
    here, there = apply_homography(near.homography, corners), apply_homography(far.homography, corners)
    off = float(np.linalg.norm(here - there, axis=1).max() / max(side_lengths(here)[[0, 2]].mean(), 1.0))
    if near.refined and far.refined and far.corner_error_share < near.corner_error_share:
        best = far
    if best.refined or np.isnan(off):  # without its corners in sight there is nothing to blend
        return _Joined(best, "mapped")
    # what was followed farther drifted more: the nearer key frame is off by its part of the difference
    own, other = (abs(one.t_ns - one.anchor.key_frame.t_ns) for one in (near, far))
    part = off * own / max(own + other, 1)
    if part > limit / 2:
        return _Joined(near, "ambiguous")
    if off > limit:
        return _Joined(replace(near, corner_error_share=max(near.corner_error_share, part)), "mapped")
    return _Joined(_between(near, far, here, there, corners, off), "mapped")


def _between(near: Seen, far: Seen, here: Floats, there: Floats, corners: Floats, off: float) -> Seen:
    """Blend the corners by time: each key frame is surest close to itself."""
    own, other = (abs(one.t_ns - one.anchor.key_frame.t_ns) for one in (near, far))
    weight = own / max(own + other, 1)
    quad = (1 - weight) * here + weight * there
    homography = np.asarray(
        cv2.getPerspectiveTransform(corners.astype(np.float32), quad.astype(np.float32)), dtype=np.float64
    )
    width_art = float(corners[1, 0] - corners[0, 0])
    middle = apply_homography(near.homography, [corners.mean(axis=0)]) - apply_homography(
        far.homography, [corners.mean(axis=0)]
    )
    seen_width = max(float(side_lengths(here)[[0, 2]].mean()), 1.0)
    apart_px = float(np.linalg.norm(middle)) / seen_width * width_art
    share = float(np.hypot((1 - weight) * near.corner_error_share, weight * far.corner_error_share))
    error_px = float(np.hypot((1 - weight) * near.error_px, weight * far.error_px))
    return replace(
        near,
        homography=homography,
        corner_error_share=max(share, off / 2),
        error_px=max(error_px, apart_px / 2),
    )


def _row(joined: _Joined, artworks: Sequence[Artwork], to_undistorted: Floats) -> tuple[Any, ...]:
    seen, state = joined.seen, joined.state
    art = artworks[seen.anchor.artwork]
    homography = scaled(to_undistorted @ seen.homography @ np.linalg.inv(art.to_reference))
    sides = side_lengths(apply_homography(homography, art.outline_px))
    scale = float(np.sqrt(abs(np.linalg.det(art.to_reference[:2, :2]))))
    mapped = state == "mapped"
    return (
        seen.frame,
        seen.t_ns,
        art.reference.placement_id,
        art.reference.creative_id,
        seen.anchor.key_frame.copy,
        state,
        *(homography.ravel().tolist() if mapped else [np.nan] * 9),
        seen.inliers,
        seen.confidence if mapped else np.nan,
        seen.visible_share if mapped else np.nan,
        float(sides[0] + sides[2]) / 2,
        seen.error_px * scale,
        seen.corner_error_share * art.width_share,
        np.nan,
        seen.hidden,
        "",
        "key_frames",
        seen.anchor.key_frame.t_ns,
        art.reference.facet,
        float(seen.refined),
    )
