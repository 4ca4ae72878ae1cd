"""Pictures with little print are looked for along the wall of a neighbour.

Where a neighbour is seen, its wall is known in mm: what hangs on it has a known size and no slant left, so
only its place is open, and one correlation of its print with the wall laid flat answers that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px, jacobian
from gazestudy.mapping.appearance import Appearance, appearance
from gazestudy.mapping.references import Artwork, resized
from gazestudy.mapping.view import View, bounds

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
_Patch = tuple[Bytes, Floats, Floats]

_PRINT_PX = 28  # shorter side of the print on the wall laid flat: less does not tell it from anything else
_FINE_TEXTURE_PX = 450  # with so much texture it does
_RESOLVED, _ROUNDS = 0.6, 2  # px of the view for one of the print
_MOST_PX = 1_000_000
_SHADES_PX = 3.0
_TEXTURE_SD, _TEXTURE_SHARE = 4.0, 0.15
_TRIMMED = 1.0, 99.0  # percentiles of where the print is
_MARGIN = 0.35  # of the shorter side: the plain ground around is telling, too
_AWAY_MM, _STEP_MM, _ABOVE_MM = 8000.0, 250.0, 1500.0
_SETTLED_PX = 0.3
_ROUGHLY_ALIKE, _ALIKE, _RIVAL, _APART = 0.6, 0.7, 0.9, 0.3
_PART_MARGIN_PX = 4
_LEAST_CLEAR = 0.5


class Along:
    """Looks for pictures along walls.

    Parameters
    ----------
    artworks : sequence of Artwork
        The artworks; those looked for have a size in mm.
    min_side_px : float
        Shortest side at which they are looked for, working px.
    """

    def __init__(self, artworks: Sequence[Artwork], min_side_px: float) -> None:
        self._artworks, self._min_side_px = artworks, min_side_px
        self._print_of = cache(lambda number: _print(artworks[number]))
        self._fine_print_of = cache(lambda number: _print(artworks[number], _FINE_TEXTURE_PX))

    def find(
        self, view: View, to_view: Floats, centre_mm: Floats, number: int
    ) -> tuple[Floats, Appearance] | None:
        """Look for an artwork along a wall.

        Parameters
        ----------
        view : View
            Working view of a frame.
        to_view : ndarray of float64, shape (3, 3)
            Mm on the wall to working px.
        centre_mm : ndarray of float64, shape (2,)
            Where on the wall the neighbour hangs.
        number : int
            Which artwork.

        Returns
        -------
        (ndarray of float64, Appearance) or None
            Its top left corner, mm on the wall, and how it looks there; None where it is not seen, or at two
            places alike.

        Notes
        -----
        The score is the normalised cross-correlation of the printed part with the wall. On simulated walks
        print reached 0.6 to 0.99 where it hung, and 0.6 elsewhere.
        """
        patch = self._print_of(number)
        artwork = self._artworks[number]
        if patch is None or artwork.reference.size_mm is None:
            return None
        size_mm = np.array(artwork.reference.size_mm)
        sought, low_mm, px_per_mm = patch
        reach = self._reach(view, to_view, centre_mm, size_mm)
        if reach is None:
            return None
        above = size_mm[1] / 2 + _ABOVE_MM
        start = np.array([reach[0], centre_mm[1] - above])
        end = np.array([reach[1], centre_mm[1] + above])
        to_small = view.to_small @ to_view
        rough = _best(_Half(view), to_small, start, end, px_per_mm / 2, _halved(sought))
        if rough is None or rough[1] < _ROUGHLY_ALIKE:
            return None
        around = 4 / px_per_mm
        size = np.array(sought.shape[::-1]) / px_per_mm
        found = _best(view, to_view, rough[0] - around, rough[0] + size + around, px_per_mm, sought)
        if found is None or found[1] < _ALIKE:
            return None
        corner = found[0] - low_mm
        look = self._look(view, to_view, corner, artwork)
        return (corner, look) if look is not None and is_right(look) else None

    def settled(
        self, view: View, to_view: Floats, corner_mm: Floats, reach_mm: float, number: int
    ) -> tuple[Floats, float, float] | None:
        """Look where exactly an artwork hangs whose place is about known.

        Parameters
        ----------
        view : View
            Working view of a frame.
        to_view : ndarray of float64, shape (3, 3)
            Mm on the wall to working px.
        corner_mm : ndarray of float64, shape (2,)
            Where its top left corner should be, mm on the wall.
        reach_mm : float
            How far it may be off.
        number : int
            Which artwork.

        Returns
        -------
        (ndarray of float64, float, float) or None
            Its top left corner and the expected error, mm, and how well its print correlates, 0 where it is
            seen too small to tell it from other prints; None where its print is not seen there.

        Notes
        -----
        Reduced to 28 px, a line of words and a logo below are like others: on simulated walks these
        correlated by up to 0.92. With 450 px of texture other prints reached 0.89, the print itself 0.93 to 1
        in the best frames.
        """
        settled = self._fitted(view, to_view, corner_mm, reach_mm, self._print_of(number))
        if settled is None or settled[2] < _ALIKE:
            return None
        corner, error_mm, _ = settled
        score = 0.0
        for _ in range(_ROUNDS):  # a px of the print that lies between two of the wall correlates less
            fine = self._fitted(view, to_view, corner, error_mm, self._fine_print_of(number), _RESOLVED)
            if fine is None or fine[2] < _ALIKE:
                break
            corner, error_mm, score = fine
        return corner, error_mm, score

    @staticmethod
    def _fitted(
        view: View,
        to_view: Floats,
        corner_mm: Floats,
        reach_mm: float,
        patch: _Patch | None,
        resolved: float = 0.0,
    ) -> tuple[Floats, float, float] | None:
        """Return where a print fits best near a place, the expected error, mm, and how well it fits.

        None where it does not, or where the view does not have so many px for one of the print.
        """
        if patch is None:
            return None
        sought, low_mm, px_per_mm = patch
        reach = (np.ceil(reach_mm * px_per_mm) + 2) / px_per_mm
        size = np.array(sought.shape[::-1]) / px_per_mm
        start = corner_mm + low_mm
        seen_px = np.linalg.svd(jacobian(to_view, (start + size / 2)[None])[0])[1].min()
        if not seen_px >= resolved * px_per_mm.max():
            return None
        found = _best(view, to_view, start - reach, start + size + reach, px_per_mm, sought)
        return None if found is None else (found[0] - low_mm, float(_SETTLED_PX / px_per_mm.min()), found[1])

    def _reach(self, view: View, to_view: Floats, centre_mm: Floats, size_mm: Floats) -> Floats | None:
        """Return from where to where along the wall the artwork would be large enough in the view, mm."""
        along = centre_mm[0] + np.arange(-_AWAY_MM, _AWAY_MM + 1, _STEP_MM)
        line = np.column_stack([along, np.full(len(along), centre_mm[1])])
        depth = line @ to_view[2, :2] + to_view[2, 2]
        here = float(centre_mm @ to_view[2, :2] + to_view[2, 2])
        before = depth * here > 0
        if not before.any():
            return None
        line, along = line[before], along[before]
        seen = apply_homography(to_view, line)
        narrow = np.abs(np.gradient(seen[:, 0])) * size_mm[0] / _STEP_MM if len(seen) > 1 else np.zeros(1)
        inside = (seen > 0).all(axis=1) & (seen < view.size_px).all(axis=1)
        good = inside & (narrow >= self._min_side_px)
        return (
            np.array([along[good].min() - size_mm[0], along[good].max() + size_mm[0]]) if good.any() else None
        )

    def _look(self, view: View, to_view: Floats, corner_mm: Floats, artwork: Artwork) -> Appearance | None:
        assert artwork.reference.size_mm is not None
        width = artwork.reference.size_mm[0]
        to_wall = (
            np.array([[width, 0, corner_mm[0]], [0, width, corner_mm[1]], [0, 0, 1.0]]) @ artwork.to_plane
        )
        homography = to_view @ to_wall
        corners = corners_px(*artwork.size_px)
        depth = corners @ homography[2, :2] + homography[2, 2]
        if not (depth * depth[0] > 0).all():
            return None
        quad = apply_homography(homography, corners)
        return appearance(view.around(quad, _PART_MARGIN_PX), artwork, homography / homography[2, 2])


class _Half:
    """A view at half size, which is at hand."""

    def __init__(self, view: View) -> None:
        self._image = view.small
        self.size_px = (view.small.shape[1], view.small.shape[0])

    def cut(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> Bytes:
        """Return the pixels from column and row `low` to before `high`."""
        return np.ascontiguousarray(self._image[low[1] : high[1], low[0] : high[0]])


def _best(
    view: View | _Half, to_view: Floats, start: Floats, end: Floats, px_per_mm: Floats, sought: Bytes
) -> tuple[Floats, float] | None:
    """Return where on a part of the wall something fits best, mm, and how well; None where it fits twice."""
    columns, rows = np.ceil((end - start) * px_per_mm).astype(int).tolist()
    if columns * rows > _MOST_PX or columns < sought.shape[1] or rows < sought.shape[0]:
        return None
    first = start + 0.5 / px_per_mm  # the middle of a px
    flat_to_wall = np.array([[1 / px_per_mm[0], 0, first[0]], [0, 1 / px_per_mm[1], first[1]], [0, 0, 1.0]])
    to_view = to_view @ flat_to_wall
    low, high = np.zeros(2, dtype=np.int64), np.array(view.size_px)
    corners = corners_px(columns, rows)
    depth = corners @ to_view[2, :2] + to_view[2, 2]
    if (depth * depth[0] > 0).all():
        low, high = bounds(apply_homography(to_view, corners), _PART_MARGIN_PX, view.size_px)
    to_view = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ to_view
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    wall = cv2.warpPerspective(view.cut(low, high), to_view, (columns, rows), flags=flags)
    scores = cv2.matchTemplate(wall, sought, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    at = np.array([_peak(scores[y].tolist(), x), _peak(scores[:, x].tolist(), y)])
    near = max(2, round(_APART * min(sought.shape)))
    scores[max(0, y - near) : y + near + 1, max(0, x - near) : x + near + 1] = -1
    if float(scores.max()) > _RIVAL * best:
        return None
    return start + at / px_per_mm, float(best)


def _peak(scores: list[float], at: int) -> float:
    """Return where a parabola through the highest value and its neighbours has its top."""
    if not 0 < at < len(scores) - 1:
        return float(at)
    before, here, after = scores[at - 1 : at + 2]
    bend = before - 2 * here + after
    return at + 0.5 * (before - after) / bend if bend < 0 else float(at)


def _halved(image: Bytes) -> Bytes:
    return resized(image, (max(4, round(image.shape[1] / 2)), max(4, round(image.shape[0] / 2))))


def is_plain(look: Appearance) -> bool:
    """Say whether the parts without print are as bright as they should be; most of a poor picture is."""
    plain = look.in_image & ~look.judged
    return not plain.any() or float(look.clear[plain].mean()) >= _LEAST_CLEAR


def is_right(look: Appearance) -> bool:
    """Say whether a picture with little print looks right: the print, and the ground around it."""
    return look.cells > 0 and look.confidence > 0.5 and is_plain(look)


def _print(artwork: Artwork, texture_px: int = 0) -> _Patch | None:
    """Return the printed part of a picture, where it begins in mm from the corner, and its px for a mm.

    Its shorter side has 28 px, or as many more as it takes to have so many px of texture.
    """
    assert artwork.reference.size_mm is not None
    luma = artwork.luma.astype(np.float32)
    spread = cv2.GaussianBlur(luma**2, (0, 0), _SHADES_PX) - cv2.GaussianBlur(luma, (0, 0), _SHADES_PX) ** 2
    contrast = np.sqrt(np.maximum(spread, 0.0))
    rows, columns = np.nonzero(contrast > max(_TEXTURE_SD, _TEXTURE_SHARE * float(contrast.max())))
    if len(rows) == 0:
        return None
    box = np.array([np.percentile(columns, _TRIMMED), np.percentile(rows, _TRIMMED)]).T  # low, high
    margin = _MARGIN * float((box[1] - box[0]).min())
    size = np.array(artwork.size_px)
    low, high = np.maximum(box[0] - margin, 0), np.minimum(box[1] + margin, size - 1)
    mm_per_px = np.array(artwork.reference.size_mm) / size
    share = mm_per_px * _PRINT_PX / float(((high - low + 1) * mm_per_px).min())
    share = share * max(1.0, float(np.sqrt(texture_px / (len(rows) * share.prod()))))
    reduced = np.maximum(np.round(size * share).astype(int), 1)
    drawn = resized(artwork.luma, (int(reduced[0]), int(reduced[1])))
    share = reduced / size
    px_per_mm = share / mm_per_px
    first, last = np.floor(low * share).astype(int), np.ceil((high + 1) * share).astype(int)
    return drawn[first[1] : last[1], first[0] : last[0]], first / px_per_mm, px_per_mm
