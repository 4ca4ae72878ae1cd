"""Frames between two sightings of one placement in which it was not seen well enough: people, or blur.

Where it was before and where it is afterwards is known, and how it moves in between shows in what surrounds
it. If that leads from the one sighting to the other, it is known in between as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px, quad_problem, side_lengths
from gazestudy.mapping.alignment import flow, inside
from gazestudy.mapping.appearance import appearance
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.sightings import SAME_PLACE, Sighting, Slot, TrackingLimits, overlap
from gazestudy.mapping.view import View

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

LONGEST = 15
"""Most frames without a sighting: half a second."""

_MOST_OFF = 0.03  # widths: so close must the way end to where the placement was found again
_LEFT_OVER = 0.5  # of that is the error in between: it is spread evenly over the way
_POINTS, _FEW_POINTS, _FAR_PX = 60, 12, 10_000.0
_AGREE_PX = 0.8  # whoever stands in front moves otherwise, if not by much
_SPACING_PX = 6
_AROUND = 0.5  # of the size: the wall beside it moves with it
_SHUTTER = 0.3  # of the time between two frames
_PART_MARGIN_PX = 4


def bridge(
    slots: Sequence[Slot],
    start: Sighting,
    end: Sighting,
    artwork: Artwork,
    mask: Bytes,
    limits: TrackingLimits,
) -> list[Sighting] | None:
    """Return where a placement was between two sightings of it.

    Parameters
    ----------
    slots : sequence of Slot
        Frames from the one sighting to the other, both included.
    start, end : Sighting
        The sightings in the first and in the last of them.
    artwork : Artwork
        What was seen.
    mask : ndarray of uint8
        Where the working view shows the scene.
    limits : TrackingLimits
        What a sighting must reach.

    Returns
    -------
    list of Sighting or None
        One for each frame in between, of the track of the first sighting, without a pose of its own; None
        where the way from the first sighting does not end at the last one.

    Notes
    -----
    Corners of what is seen around the placement are followed from frame to frame; what misses the last
    sighting is spread evenly over the way.
    """
    corners = corners_px(*artwork.size_px)
    way = [start.homography]
    shifts = [start.shift_px]
    for here, there in pairwise(slots):
        stepped = _carried(way[-1], shifts[-1], corners, here.view, there.view, mask)
        if stepped is None:
            return None
        way.append(stepped[0])
        shifts.append(stepped[1])
    last = apply_homography(way[-1], corners)
    width_px = min(float(side_lengths(quad)[[0, 2]].mean()) for quad in (last, end.quad))
    off = float(np.linalg.norm(last - end.quad, axis=1).max()) / max(width_px, 1e-9)
    share = max(start.corner_error_share, end.corner_error_share) + _LEFT_OVER * off
    if not (off <= _MOST_OFF and share <= limits.max_corner_error_share):
        return None
    error_px = max(start.error_px, end.error_px) + _LEFT_OVER * off * artwork.size_px[0]
    found = []
    for number, slot in enumerate(slots[1:-1], start=1):
        drift = (end.quad - last) * number / (len(slots) - 1)
        quad = apply_homography(way[number], corners) + drift
        if not np.isfinite(quad).all() or quad_problem(quad, min_side_px=limits.min_side_px) is not None:
            return None
        homography = np.asarray(
            cv2.getPerspectiveTransform(corners.astype(np.float32), quad.astype(np.float32)), dtype=np.float64
        )
        part = slot.view.around(quad, _PART_MARGIN_PX)
        look = appearance(part, artwork, homography, _SHUTTER * shifts[number])
        found.append(
            Sighting(
                start.track,
                homography,
                quad,
                look,
                min(start.inliers, end.inliers),
                error_px,
                share,
                shift_px=shifts[number],
                unlooked=start.unlooked,
            )
        )
    return found


def bridge_back(
    slots: Sequence[Slot],
    sighting: Sighting,
    artworks: Sequence[Artwork],
    mask: Bytes,
    limits: TrackingLimits,
) -> None:
    """Fill the frames before a newly followed placement, back to where it had been lost shortly before.

    What was lost there and what is followed now are one print, so their tracks join.

    Parameters
    ----------
    slots : sequence of Slot
        Frames in memory; sightings are added to them.
    sighting : Sighting
        Where the placement was found.
    artworks : sequence of Artwork
        The artworks.
    mask, limits
        As for `bridge`.
    """
    track = sighting.track
    artwork = artworks[track.artwork]
    if artwork.reference.copies > 1:
        return  # it may be another print
    first = next(n for n, slot in enumerate(slots) if _own(slot, sighting) is not None)
    for number in range(first - 1, max(-1, first - LONGEST - 2), -1):
        before = [s for s in slots[number].sightings if s.track.artwork == track.artwork]
        if not before:
            continue
        end = _own(slots[first], sighting)
        assert end is not None
        between = slots[number : first + 1]
        found = bridge(between, before[0], end, artwork, mask, limits)
        if found is not None:
            track.join(before[0].track)
            for slot, one in zip(between[1:-1], found, strict=True):
                if all(overlap(s.quad, one.quad) <= SAME_PLACE for s in slot.sightings):
                    slot.sightings.append(one)
        return


def _own(slot: Slot, sighting: Sighting) -> Sighting | None:
    return next((s for s in slot.sightings if s.track is sighting.track), None)


def _carried(
    homography: Floats, shift_px: Floats, corners: Floats, here: View, there: View, mask: Bytes
) -> tuple[Floats, Floats] | None:
    """Carry a homography into the next frame by what is seen at and around its placement."""
    quad = apply_homography(homography, corners)
    if not np.isfinite(quad).all():
        return None
    scale = here.to_small
    low, high = (end * scale[[0, 1], [0, 1]] + scale[:2, 2] for end in (quad.min(axis=0), quad.max(axis=0)))
    reach = _AROUND * np.minimum(high - low, np.array(here.small.shape[::-1]))
    size = np.array(here.small.shape[::-1])
    low = np.clip(np.floor(low - reach), 0, size - 1).astype(np.int64)
    high = np.clip(np.ceil(high + reach), 1, size).astype(np.int64)
    part = np.ascontiguousarray(here.small[low[1] : high[1], low[0] : high[0]])
    if min(part.shape) < 2 * _SPACING_PX:
        return None
    points = _corners(part, quad * scale[[0, 1], [0, 1]] + scale[:2, 2] - low) + low
    working = (points - scale[:2, 2]) / scale[[0, 1], [0, 1]]
    points = points[inside(working, mask)]
    expected = np.broadcast_to(shift_px * scale[[0, 1], [0, 1]], points.shape)
    moved, good = flow(here.small, there.small, points, expected)
    if np.count_nonzero(good) < _FEW_POINTS:
        return None
    before, after = ((p[good] - scale[:2, 2]) / scale[[0, 1], [0, 1]] for p in (points, moved))
    shift_px = np.asarray(np.median(after - before, axis=0), dtype=np.float64)
    affine, agree = cv2.estimateAffine2D(before, after, method=cv2.RANSAC, ransacReprojThreshold=_AGREE_PX)
    if affine is None or np.count_nonzero(agree) < _FEW_POINTS:
        return None
    moved_on: Floats = np.vstack([affine, [0.0, 0.0, 1.0]]) @ homography
    return moved_on / moved_on[2, 2], shift_px


def _corners(part: Bytes, quad: Floats) -> Floats:
    """Find what can be followed on a placement and, as much again, beside it: one may be hidden next."""
    on = np.zeros(part.shape, dtype=np.uint8)
    shape = np.round(np.clip(quad, -_FAR_PX, _FAR_PX)).astype(np.int32)
    cv2.fillConvexPoly(on, shape, 255)
    found = [
        cv2.goodFeaturesToTrack(part, _POINTS, 0.01, _SPACING_PX, mask=where, blockSize=7)
        for where in (on, np.asarray(255 - on, dtype=np.uint8))
    ]
    return np.concatenate(
        [np.zeros((0, 2)), *(np.asarray(f, dtype=np.float64).reshape(-1, 2) for f in found if f is not None)]
    )
