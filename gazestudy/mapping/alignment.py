"""Moving a homography to the next frame, and fitting it to the picture itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log2, sqrt

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, outline_px, scaling, side_lengths
from gazestudy.mapping.blur import smeared
from gazestudy.mapping.lighting import Line, robust_line
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.view import Patch, bounds

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

ENOUGH_POINTS = 96
"""So many points of a picture are fitted to at most; more cost time and hardly make it more accurate."""

_FLOW_WINDOW_PX, _FLOW_LEVELS = 21, 3
_FLOW_REACH_PX = 90  # around the points; farther they are not followed from one frame to the next
_BACK_LEVELS = 1  # where it should come out is known
_FLOW_RETURN_PX = 1.0
_FIT_RETURN_PX = 0.6
_FIT_THRESHOLD_PX = 1.5
_ROI_MARGIN_PX = 12
_SMOOTH_PX = 9
_SMALLEST_LEVEL_PX = (
    48  # a placement of 50 px was lost in one of six searches of two levels, never in one of none
)
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A homography fitted to the picture.

    Attributes
    ----------
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.
    points, targets : ndarray of float64, shape (n, 2)
        Art points that agree with it, and where they were found, working px.
    residual_px : float
        Root mean square distance of one coordinate, working px.
    light : tuple of float or None
        Gain and offset from the brightness of the artwork to that in the frame; None where it is not known.
    """

    homography: Floats
    points: Floats
    targets: Floats
    residual_px: float
    light: Line | None = None


def inside(points: Floats, mask: Bytes) -> NDArray[np.bool_]:
    """Say which points lie where the view shows the scene, shape (n,)."""
    height, width = mask.shape
    x, y = points[:, 0], points[:, 1]
    within: NDArray[np.bool_] = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    if not within.all():  # NaN is outside
        points = np.where(within[:, None], points, 0.0)
    cells = np.rint(points).astype(np.int64)
    good: NDArray[np.bool_] = within & (mask[cells[:, 1], cells[:, 0]] > 0)
    return good


def middle(points: Floats) -> Floats:
    """Return the median of each column, shape (2,), as `numpy.median` in a fifth of the time."""
    ascending = np.sort(points, axis=0)
    count = len(ascending)
    result: Floats = (ascending[(count - 1) // 2] + ascending[count // 2]) / 2
    return result


def flow(before: Bytes, after: Bytes, points: Floats, shifts: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Follow points from one view to the next and back (Lucas-Kanade pyramid).

    Parameters
    ----------
    before, after : ndarray of uint8, shape (height, width)
        Working views of neighbouring frames.
    points : ndarray of float, shape (n, 2)
        Points in `before`.
    shifts : ndarray of float, shape (n, 2)
        About how far each moves.

    Returns
    -------
    moved : ndarray of float64, shape (n, 2)
        The points in `after`.
    good : ndarray of bool, shape (n,)
        Followed back they return within a pixel.
    """
    if len(points) == 0:
        return np.zeros((0, 2)), np.zeros(0, dtype=bool)
    low, high = bounds(np.vstack([points, points + shifts]), _FLOW_REACH_PX, before.shape[::-1])
    before, after = (
        np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]]) for image in (before, after)
    )
    start = (points - low).reshape(-1, 1, 2).astype(np.float32)
    window = (_FLOW_WINDOW_PX, _FLOW_WINDOW_PX)
    expected = shifts.reshape(-1, 1, 2).astype(np.float32)
    moved, ahead = _followed(before, after, start, start + expected, window, _FLOW_LEVELS)
    back, behind = _followed(after, before, moved, start, window, _BACK_LEVELS)
    miss = np.abs(back - start).reshape(-1, 2).max(axis=1)
    good = ahead & behind & (miss < _FLOW_RETURN_PX)
    return moved.reshape(-1, 2).astype(np.float64) + low, good


def _followed(
    before: Bytes,
    after: Bytes,
    points: NDArray[np.float32],
    guess: NDArray[np.float32],
    window: tuple[int, int],
    levels: int,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Lucas-Kanade from a first guess; points have the shape (n, 1, 2)."""
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points,
        guess.copy(),
        winSize=window,
        maxLevel=levels,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(moved, dtype=np.float32), np.asarray(status).ravel() > 0


def carried(homography: Floats, before: Floats, after: Floats) -> Floats:
    """Return a homography moved along with points that were followed: by affinity, shift, or not at all."""
    if len(before) >= 6:
        affine, _ = cv2.estimateAffine2D(before, after, method=cv2.RANSAC, ransacReprojThreshold=2.0)
        if affine is not None:
            moved: Floats = np.vstack([affine, [0.0, 0.0, 1.0]]) @ homography
            scaled: Floats = moved / moved[2, 2]
            return scaled
    if len(before) >= 2:
        shift = np.eye(3)
        shift[:2, 2] = middle(after - before)
        return np.asarray(shift @ homography / homography[2, 2])
    return homography


def align(
    part: Patch,
    artwork: Artwork,
    homography: Floats,
    *,
    levels: int = 1,
    path_px: Floats | None = None,
    light: Line | None = None,
) -> Alignment | None:
    """Fit a homography to the picture: draw the artwork as it should look, find how it really lies, refit.

    Parameters
    ----------
    part : Patch
        Part of the working view of a frame around the placement.
    artwork : Artwork
        What should be there.
    homography : ndarray of float, shape (3, 3)
        First guess, art px to working px, good to about a tenth of the placement's size or 5 px.
    levels : int
        Pyramid levels of the search beyond full size; more for a worse guess. Fewer are used where the
        placement is seen so small that nothing would be left of it.
    path_px : ndarray of float, shape (2,), optional
        How far the placement moves while the shutter is open, working px: the artwork is drawn with that
        blur.
    light : tuple of float, optional
        Gain and offset from the brightness of the artwork to that in a neighbouring frame.

    Returns
    -------
    Alignment or None
        In working px; None where fewer than eight points agree.
    """
    homography = part.to_part @ homography
    quad = outline_px(homography, *artwork.size_px)
    if not np.isfinite(quad).all():
        return None  # the guess puts a corner behind the camera
    wanted = apply_homography(homography, artwork.points)
    usable = inside(wanted, part.mask)
    if np.count_nonzero(usable) < 8:
        return None
    chosen = np.flatnonzero(usable)[:ENOUGH_POINTS]  # the best come first
    wanted, source = wanted[chosen], artwork.points[chosen].astype(np.float64)
    sides = side_lengths(quad)
    real, low, high = part.cut(wanted, _ROI_MARGIN_PX)
    drawn = _drawn(artwork, homography, sides, low, (int(high[0] - low[0]), int(high[1] - low[1])))
    if path_px is not None:
        drawn = smeared(drawn, path_px * part.to_part[[0, 1], [0, 1]])
    here, there = _brightness(drawn, real, wanted - low)
    gain, offset = robust_line(here, there, light)
    drawn = np.asarray(cv2.addWeighted(drawn, gain, drawn, 0.0, offset), dtype=np.uint8)
    start = (wanted - low).reshape(-1, 1, 2).astype(np.float32)
    seen_px = sqrt(max(sides[0] + sides[2], 1.0) * max(sides[1] + sides[3], 1.0)) / 2
    side = int(min(max(seen_px / 5, 9), 21)) | 1
    levels = min(levels, int(log2(max(seen_px / _SMALLEST_LEVEL_PX, 1.0))))
    found, ahead = _followed(drawn, real, start, start, (side, side), levels)
    back, behind = _followed(real, drawn, found, start, (side, side), 0)
    miss = np.abs(back - start).reshape(-1, 2).max(axis=1)
    good = ahead & behind & (miss < _FIT_RETURN_PX)
    threshold_px = _FIT_THRESHOLD_PX * float(part.to_part[0, 0])
    fit = fitted(source[good], found.reshape(-1, 2)[good].astype(np.float64) + low, threshold_px)
    if fit is None:
        return None
    return replace(_in_view(fit, part.to_part), light=robust_line(here[good], there[good]))


def _in_view(fit: Alignment, to_part: Floats) -> Alignment:
    """Return a fit to a part in px of the view."""
    if to_part[0, 0] == to_part[1, 1] == 1.0:
        return fit
    scale, shift = to_part[[0, 1], [0, 1]], to_part[:2, 2]
    homography = np.linalg.inv(to_part) @ fit.homography
    targets = (fit.targets - shift) / scale
    residual_px = fit.residual_px / float(scale.mean())
    return Alignment(homography / homography[2, 2], fit.points, targets, residual_px)


def fitted(source: Floats, target: Floats, threshold_px: float, *, min_points: int = 8) -> Alignment | None:
    """Fit a homography robustly (MAGSAC++) to point pairs; None where too few agree."""
    if len(source) < min_points:
        return None
    found, chosen = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, threshold_px, maxIters=2000, confidence=0.999
    )
    if found is None or found[2, 2] == 0:
        return None
    found = found / found[2, 2]
    distance = np.linalg.norm(apply_homography(found, source) - target, axis=1)
    agree = (chosen.ravel() > 0) & (distance < 2 * threshold_px)
    if np.count_nonzero(agree) < min_points:
        return None
    residual = float(np.sqrt(np.mean(distance[agree] ** 2) / 2))
    return Alignment(np.asarray(found, dtype=np.float64), source[agree], target[agree], residual)


def _drawn(
    artwork: Artwork, homography: Floats, sides: Floats, origin: NDArray[np.int64], size: tuple[int, int]
) -> Bytes:
    """Draw the artwork as the working view would show it, from a version reduced to about the seen size."""
    seen = max(sides[0], sides[2]), max(sides[1], sides[3])
    reduced = tuple(
        _power_of_two_share(full, length) for full, length in zip(artwork.size_px, seen, strict=True)
    )
    to_view = homography @ scaling((reduced[0], reduced[1]), artwork.size_px)
    to_view[:2] -= origin[:, None] * to_view[2]
    image = artwork.reduced((reduced[0], reduced[1]))
    return np.asarray(
        cv2.warpPerspective(image, to_view, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )


def _power_of_two_share(full_px: int, seen_px: float) -> int:
    """Return `full_px` halved while it stays above 1.4 times the seen length: few sizes to remember."""
    halvings = min(int(log2(max(full_px / max(1.2 * seen_px, 1.0), 1.0))), 6)
    return max(8, full_px >> halvings)


def _brightness(drawn: Bytes, real: Bytes, points: Floats) -> tuple[Floats, Floats]:
    """Return the brightness around the points, drawn and real."""
    columns, rows = np.round(points).astype(np.int64).T
    shape = real.shape
    columns, rows = columns.clip(0, shape[1] - 1), rows.clip(0, shape[0] - 1)
    # smoothed, so that a guess a few pixels off still compares like with like
    here, there = (
        cv2.blur(image, (_SMOOTH_PX, _SMOOTH_PX))[rows, columns].astype(np.float64) for image in (drawn, real)
    )
    return here, there
