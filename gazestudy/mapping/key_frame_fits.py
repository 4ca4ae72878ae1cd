"""What fitting a placement to a frame consists of, where only a part of it may be in view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gazestudy.geometry.homographies import apply_homography, corners_px, jacobian, side_lengths
from gazestudy.mapping.alignment import Alignment, align, flow, inside
from gazestudy.mapping.appearance import GRID, Appearance, hidden_parts, quantile
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.view import Patch, View

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

MOST_OFF_SHARE = 0.08
"""So far apart, as a share of the size, may be what is taken for the same."""

_PART_MARGIN_PX, _FAR_PX = 40.0, 20_000.0
_GRID = 24
_ENOUGH_FOLLOWED = 8
_CLEAR, _GOOD_QUANTILE = 0.6, 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted homography with its quality.

    Attributes
    ----------
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.
    inliers : int
        Points that agree.
    error_px, corner_error_share : float
        Expected error at the centre, art px, and of the worst corner as a share of the width.
    look : Appearance
        What was fitted, compared with the frame.
    refined : bool
        That is the picture itself.
    piece : (ndarray of float64, (int, int)) or None
        Px of what was compared to art px, and its size; None where it is the artwork.
    """

    homography: Floats
    inliers: int
    error_px: float
    corner_error_share: float
    look: Appearance
    refined: bool
    piece: tuple[Floats, tuple[int, int]] | None = None

    def hidden(self, size_px: tuple[int, int], *, lenient: bool = False) -> NDArray[np.bool_]:
        """Return which parts of an artwork of this size are hidden; only the picture tells that.

        Parameters
        ----------
        size_px : (int, int)
            Size of the artwork.
        lenient : bool
            Small and blurred pictures look less right as a whole: that is not taken for somebody in front.

        Returns
        -------
        ndarray of bool, shape (GRID, GRID)
            Nothing is, where it was not fitted to the picture.
        """
        if not self.refined:  # the patch may have been cut out while somebody stood in front
            return np.zeros((GRID, GRID), dtype=bool)
        found = hidden_parts(_as_clear_as_it_gets(self.look) if lenient else self.look)
        if self.piece is None:
            return found
        to_art, own_px = self.piece
        at = [(np.arange(GRID) + 0.5) * size_px[k] / GRID - 0.5 - to_art[k, 2] for k in (0, 1)]
        column, row = (np.floor((at[k] + 0.5) * GRID / own_px[k]).astype(int) for k in (0, 1))
        known = np.ix_((row >= 0) & (row < GRID), (column >= 0) & (column < GRID))
        whole = np.zeros((GRID, GRID), dtype=bool)
        whole[known] = found[np.ix_(row[known[0].ravel()], column[known[1].ravel()])]
        return whole

    def visible_share(self, size_px: tuple[int, int]) -> float:
        """Return the share of an artwork of this size that is in the image and looks right."""
        if self.piece is None:
            return self.look.visible_share
        return self.look.visible_share * float(np.prod(np.array(self.piece[1]) / size_px))


def _as_clear_as_it_gets(look: Appearance) -> Appearance:
    """Take cells for clear that look half as right as the good ones do."""
    if look.cells == 0:
        return look
    enough = min(_CLEAR, 0.5 * quantile(look.scores[look.judged], _GOOD_QUANTILE))
    return replace(look, clear=np.where(look.judged, look.scores > enough, look.clear))


def part_around(view: View, artwork: Artwork, homography: Floats) -> Patch:
    """Return the part of a view around an artwork; a corner that is out of sight does not widen it.

    Parameters
    ----------
    view : View
        The frame.
    artwork : Artwork
        The artwork.
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.

    Returns
    -------
    Patch
        The part.
    """
    quad = apply_homography(homography, corners_px(*artwork.size_px))
    return view.around(np.clip(quad, -_FAR_PX, _FAR_PX), _PART_MARGIN_PX)


def scaled(homography: Floats) -> Floats:
    """Return the same homography with its last number 1, or -1 where the first px lies behind the camera.

    Parameters
    ----------
    homography : ndarray of float64, shape (3, 3)
        Points before the camera have a positive depth.

    Returns
    -------
    ndarray of float64, shape (3, 3)
        These have it still.
    """
    return np.asarray(homography / max(abs(float(homography[2, 2])), 1e-12), dtype=np.float64)


def cut_out(art: Artwork, low: NDArray[np.int64], high: NDArray[np.int64]) -> tuple[Artwork, Floats]:
    """Return a part of an artwork as one of its own, and its px to art px.

    Parameters
    ----------
    art : Artwork
        The artwork.
    low, high : ndarray of int64, shape (2,)
        First px of the part, and first px beyond it.

    Returns
    -------
    piece : Artwork
        The part, with the points on it.
    to_art : ndarray of float64, shape (3, 3)
        Px of the part to art px.
    """
    to_art = np.eye(3)
    to_art[:2, 2] = low
    share = (high - low) / art.size_px
    plane = art.reference.size_mm or art.shown_px
    luma = np.ascontiguousarray(art.luma[low[1] : high[1], low[0] : high[0]])
    size_mm = float(plane[0] * share[0]), float(plane[1] * share[1])
    reference = replace(art.reference, image=luma, size_mm=size_mm, cut=None)
    points = art.points[np.all((art.points >= low) & (art.points <= high - 1), axis=1)] - low
    points = points.astype(np.float32)
    return Artwork(reference, luma, art.to_reference @ to_art, art.whole_px, points), to_art


def aligned(
    view: View, artwork: Artwork, homography: Floats, *, levels: int = 1, path_px: Floats | None = None
) -> Alignment | None:
    """Fit an artwork to a frame as `align` does.

    Parameters
    ----------
    view : View
        The frame.
    artwork : Artwork
        What should be there.
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.
    levels, path_px
        As for `align`.

    Returns
    -------
    Alignment or None
        None where too few points agree, or a corner would lie behind the camera.
    """
    if not np.isfinite(apply_homography(homography, corners_px(*artwork.size_px))).all():
        return None
    part = part_around(view, artwork, homography)
    return align(part, artwork, homography, levels=levels, path_px=path_px)


def followed(points: Floats, shift_px: Floats, before: View, after: View) -> tuple[Floats, NDArray[np.bool_]]:
    """Follow points of the working view from frame to frame, at half size.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 2)
        Points in `before`, working px.
    shift_px : ndarray of float64, shape (2,)
        About how far they move.
    before, after : View
        The frames.

    Returns
    -------
    moved : ndarray of float64, shape (n, 2)
        The points in `after`.
    good : ndarray of bool, shape (n,)
        Which were found.
    """
    scale = before.to_small
    start = points * scale[[0, 1], [0, 1]] + scale[:2, 2]
    expected = np.broadcast_to(shift_px * scale[[0, 1], [0, 1]], start.shape)
    moved, good = flow(before.small, after.small, start, expected)
    if np.count_nonzero(good) < _ENOUGH_FOLLOWED:  # a turn of the head that sets in is not expected
        again, also = flow(before.small, after.small, start, np.zeros_like(start))
        moved, good = (again, also) if np.count_nonzero(also) > np.count_nonzero(good) else (moved, good)
    return (moved - scale[:2, 2]) / scale[[0, 1], [0, 1]], good


def points_of_interest(art: Artwork) -> Floats:
    """Return the corners and the centre of an artwork.

    Parameters
    ----------
    art : Artwork
        The artwork.

    Returns
    -------
    ndarray of float64, shape (5, 2)
        Art px.
    """
    width, height = art.size_px
    return np.vstack([corners_px(width, height), [[(width - 1) / 2, (height - 1) / 2]]])


def seen_box(
    homography: Floats, size_px: tuple[int, int], margin: float, mask: Bytes
) -> tuple[Floats, Floats, Floats] | None:
    """Return the part of a placement with a margin that is in view.

    Parameters
    ----------
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.
    size_px : (int, int)
        Size of the artwork.
    margin : float
        How much of what surrounds it belongs to it, art px.
    mask : ndarray of uint8, shape (height, width)
        Where the view shows the scene.

    Returns
    -------
    (low, high, scale) or None
        Corners of the part, art px, and working px per art px to the right and downwards; None where nothing
        is in view.
    """
    ends = np.array(size_px, dtype=np.float64) + 2 * margin
    step = ends / _GRID
    ticks = np.arange(_GRID) + 0.5
    grid = np.stack(np.meshgrid(ticks * step[0], ticks * step[1]), axis=-1).reshape(-1, 2) - margin - 0.5
    grid = grid[inside(apply_homography(homography, grid), mask)]
    if len(grid) == 0:
        return None
    low, high = grid.min(axis=0) - step / 2, grid.max(axis=0) + step / 2
    corners = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
    if not np.isfinite(apply_homography(homography, corners)).all():
        low, high = grid.min(axis=0), grid.max(axis=0)  # a corner of the box lies behind the camera
        if not ((high - low) > step).all():
            return None
    scale = np.median(np.linalg.norm(jacobian(homography, grid), axis=1), axis=0)
    return low, high, scale


def agree(art: Artwork, one: Fit, other: Fit) -> bool:
    """Say whether two fits put the corners to about the same place, for how sure the less sure one is.

    Parameters
    ----------
    art : Artwork
        The artwork.
    one, other : Fit
        The fits; `other` is the less sure one.

    Returns
    -------
    bool
        False too where a corner is out of sight.
    """
    here, there = (apply_homography(fit.homography, corners_px(*art.size_px)) for fit in (one, other))
    width_px = float(side_lengths(there)[[0, 2]].mean())
    allowed = max(3.0, width_px * (MOST_OFF_SHARE + 2 * other.corner_error_share))
    return bool(np.linalg.norm(here - there, axis=1).max() <= allowed)  # False where a corner is out of sight


def share_in_view(art: Artwork, homography: Floats, mask: Bytes) -> float:
    """Return which share of an artwork is in view.

    Parameters
    ----------
    art : Artwork
        The artwork.
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.
    mask : ndarray of uint8, shape (height, width)
        Where the view shows the scene.

    Returns
    -------
    float
        0 to 1, hidden or not.
    """
    width, height = art.size_px
    ticks = (np.arange(10) + 0.5) / 10
    grid = np.stack(np.meshgrid(ticks * width - 0.5, ticks * height - 0.5), axis=-1).reshape(-1, 2)
    return float(inside(apply_homography(homography, grid), mask).mean())
