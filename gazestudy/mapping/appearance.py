"""Whether the frame looks like the artwork where a homography says it is.

The number of matched features does not tell a picture from a look-alike of the same campaign; comparing the
pictures cell by cell does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import jacobian, outline_px, scaling, side_lengths
from gazestudy.mapping.blur import smeared
from gazestudy.mapping.lighting import Line, compare_cells, robust_line
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.view import Patch

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

CELL_PX = 12
_MIN_CELLS, _MAX_CELLS = 3, 20
_TEXTURE_SD = 4.0  # grey levels; below it print is as flat as noise
_ALIKE = 0.5
_CLEAR = 0.6
_LIT_CELLS = 100  # enough to know the light by
_AS_BRIGHT, _UNEVEN = 15.0, 6.0  # grey levels
_FINE = 64
_OFF = 18.0  # grey levels
_AROUND = np.ones((3, 3), dtype=np.uint8)
_STROKE_PX = 2.0  # standard deviation: strokes of lettering are finer, shades of a photograph are not
_STROKE_KERNEL = cv2.getGaussianKernel(6 * round(_STROKE_PX) + 1, _STROKE_PX)
_STROKE_CONTRAST = 4.0  # grey levels; fainter strokes drown in noise
_RESOLVED = 0.75  # px of the frame for one px compared; with fewer, strokes are smeared by enlarging
_SMEARED = 0.5  # of the usual contrast of strokes in the frame; weaker ones tell nothing
_SHARP, _SHARP_QUANTILE = 0.6, 0.6  # correlation that most of a frame must reach to show strokes


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """How a placement looks in a frame.

    Attributes
    ----------
    confidence : float
        Share of the textured cells in the image whose correlation with the artwork exceeds 0.5.
    cells : int
        Number of textured cells in the image.
    in_image : ndarray of bool, shape (rows, columns)
        Which cells lie in the image.
    judged : ndarray of bool, shape (rows, columns)
        Which cells are textured and in the image.
    scores : ndarray of float64, shape (rows, columns)
        Correlation of each cell with the artwork.
    weight : ndarray of float64, shape (rows, columns)
        Contrast of the artwork in each cell, grey levels: how telling it is.
    clear : ndarray of bool, shape (rows, columns)
        Which cells look as if nothing stood in front of them: textured ones correlate by more than 0.6, flat
        ones are flat and as bright as they should be.
    fine_judged : ndarray of bool, shape (rows, columns), or None
        Which cells have strokes that this frame is able to show, and shows some; None where it is too blurred
        for any.
    fine_scores : ndarray of float64, shape (rows, columns), or None
        Correlation of the strokes of each cell with those of the artwork, without the shades.
    covered : ndarray of uint8, shape (64, 64), or None
        Share of px, 255 for all, that are darker or brighter than all that the artwork has near them under
        the light of the frame; None where nothing was compared.
    """

    confidence: float
    cells: int
    in_image: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    scores: Floats
    weight: Floats
    clear: NDArray[np.bool_]
    fine_judged: NDArray[np.bool_] | None = None
    fine_scores: Floats | None = None
    covered: Bytes | None = None

    @property
    def alike(self) -> NDArray[np.bool_]:
        """Which textured cells look like the artwork, shape (rows, columns)."""
        return self.judged & (self.scores > _ALIKE)

    @property
    def in_image_share(self) -> float:
        """Share of all cells that lie in the image."""
        return float(self.in_image.mean())

    @property
    def visible_share(self) -> float:
        """Share in the image and not hidden (see `hidden_parts`).

        An estimate: blur and glare make parts look wrong as well as people in front do.
        """
        return self.visible_share_but(hidden_parts(self))

    def visible_share_but(self, hidden: NDArray[np.bool_]) -> float:
        """Share in the image and not hidden, where it is known which parts are."""
        shown = self.in_image[_lying_in(self.in_image.shape, len(hidden))]
        return self.in_image_share * (1.0 - float(hidden[shown].mean())) if shown.any() else 0.0


def appearance(
    part: Patch,
    artwork: Artwork,
    homography: Floats,
    path_px: Floats | None = None,
    about: Line | None = None,
) -> Appearance:
    """Compare the frame with the artwork under a homography.

    Parameters
    ----------
    part : Patch
        Part of the working view of a frame around the placement.
    artwork : Artwork
        What should be there.
    homography : ndarray of float, shape (3, 3)
        Art px to working px.
    path_px : ndarray of float, shape (2,), optional
        How far the placement moves while the shutter is open, working px.
    about : tuple of float, optional
        About the gain and offset from the brightness of the artwork to that in the frame.

    Returns
    -------
    Appearance
        The comparison, at about the size at which the placement is seen, in cells of 12 px. An artwork
        without a creative stands for any picture: only which cells lie in the image is found out.

    Notes
    -----
    The cell score is the normalised cross-correlation, so exposure and contrast do not matter.
    """
    width, height = artwork.size_px
    homography = part.to_part @ homography
    quad = outline_px(homography, width, height)
    sides = side_lengths(quad) / part.to_part[0, 0]
    columns = _cell_count(float(sides[0] + sides[2]) / 2)
    rows = _cell_count(float(sides[1] + sides[3]) / 2)
    size = columns * CELL_PX, rows * CELL_PX
    image, low, high = part.cut(quad, 1)
    to_image = homography @ scaling(size, (width, height))
    to_image[:2] -= low[:, None] * to_image[2]
    mask = part.mask[low[1] : high[1], low[0] : high[0]]
    if (high - low >= np.ptp(quad, axis=0)).all() and mask.min() > 0:
        in_image = np.ones((rows, columns), dtype=bool)
    else:
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        shown = cv2.warpPerspective(np.ascontiguousarray(mask), to_image, size, flags=flags)
        in_image = cells_of(shown, columns, rows).min(axis=2) > 0
    if artwork.reference.creative_id == "":  # any picture may be there: nothing to compare with
        nothing = np.zeros((rows, columns))
        return Appearance(0.0, 0, in_image, nothing > 0, nothing, nothing, in_image)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = np.asarray(cv2.warpPerspective(image, to_image, size, flags=flags), dtype=np.uint8)
    drawn = artwork.reduced(size)
    if path_px is not None:
        middle = [[(size[0] - 1) / 2, (size[1] - 1) / 2]]
        path_px = path_px * part.to_part[[0, 1], [0, 1]]
        drawn = smeared(drawn, np.linalg.solve(jacobian(to_image, middle)[0], path_px))
    drawn, seen = _smooth(drawn), _smooth(seen)
    cells = compare_cells(drawn, seen, rows, columns, CELL_PX)
    scores, deviations = cells[0], cells[1]
    textured = in_image & (deviations > _TEXTURE_SD)
    count = int(np.count_nonzero(textured))
    share = int(np.count_nonzero(textured & (scores > _ALIKE))) / count if count else 0.0
    light = _light(cells, in_image, about)
    clear = np.where(textured, scores > _CLEAR, _as_bright(cells, in_image, light))
    covered = _covered(drawn, seen, light)
    look = Appearance(share, count, in_image, textured, scores, deviations, clear, covered=covered)
    if count == 0 or quantile(scores[textured], _SHARP_QUANTILE) < _SHARP:
        return look
    fine = compare_cells(_strokes(drawn), _strokes(seen), rows, columns, CELL_PX)
    fine_judged = in_image & (fine[1] >= _STROKE_CONTRAST) & _resolved(to_image, columns, rows)
    if fine_judged.any():  # where the frame shows no strokes at all, they are smeared or somebody is in front
        strength = fine[4] / np.maximum(fine[1], 1e-6)
        fine_judged &= strength >= _SMEARED * quantile(strength[fine_judged], 0.5)
    return replace(look, fine_judged=fine_judged, fine_scores=fine[0])


def _strokes(image: Bytes) -> Bytes:
    """Return a picture without its shades, around middle grey."""
    shades = cv2.sepFilter2D(image, -1, _STROKE_KERNEL, _STROKE_KERNEL)  # GaussianBlur takes thrice the time
    return np.asarray(cv2.addWeighted(image, 1.0, shades, -1.0, 128.0), dtype=np.uint8)


def _resolved(to_image: Floats, columns: int, rows: int) -> NDArray[np.bool_]:
    """Say which cells the frame shows large enough for strokes; to the left and right the world blurs in."""
    x, y = (np.arange(count) * CELL_PX + (CELL_PX - 1) / 2 for count in (columns, rows))
    (a, b, c), (d, e, f), (g, h, i) = to_image.tolist()
    y = y[:, None]
    depth = g * x + h * y + i
    u, v = (a * x + b * y + c) / depth, (d * x + e * y + f) / depth
    across = np.hypot(a - g * u, d - g * v)  # of the frame for one px to the right, times the depth
    down = np.hypot(b - h * u, e - h * v)
    large: NDArray[np.bool_] = np.minimum(across, down) >= _RESOLVED * np.abs(depth)
    large[:, [0, -1]] = False
    return large


def _light(cells: Floats, in_image: NDArray[np.bool_], about: Line | None) -> Line:
    """Return gain and offset from the brightness of the artwork to that in the frame."""
    count = np.count_nonzero(in_image)
    if count < 2:
        return about or (1.0, 0.0)
    some = slice(None, None, max(1, count // _LIT_CELLS))
    return robust_line(cells[2][in_image][some], cells[3][in_image][some], about)


def _as_bright(cells: Floats, in_image: NDArray[np.bool_], light: tuple[float, float]) -> NDArray[np.bool_]:
    """Say which cells are as bright, and at most as uneven, as the artwork under the light of the frame."""
    _, deviations, wanted, seen, unevenness = cells
    if np.count_nonzero(in_image) < 2:
        return in_image
    gain, offset = light
    even = unevenness < gain * deviations + _UNEVEN
    bright: NDArray[np.bool_] = in_image & even & (np.abs(gain * wanted + offset - seen) < _AS_BRIGHT)
    return bright


def _covered(drawn: Bytes, seen: Bytes, light: tuple[float, float]) -> Bytes:
    """Return how many px are beyond what the artwork has within a px of them, shape (_FINE, _FINE)."""
    lit = np.clip(light[0] * np.arange(256) + light[1], 0, 255).astype(np.uint8)
    expected = cv2.LUT(drawn, lit)
    high, low = cv2.dilate(expected, _AROUND), cv2.erode(expected, _AROUND)
    off = cv2.max(cv2.subtract(seen, high), cv2.subtract(low, seen))
    _, wrong = cv2.threshold(off, _OFF, 255, cv2.THRESH_BINARY)
    return np.asarray(cv2.resize(wrong, (_FINE, _FINE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _cell_count(length_px: float) -> int:
    return min(max(round(length_px / CELL_PX), _MIN_CELLS), _MAX_CELLS)


def _smooth(image: Bytes) -> Bytes:
    """Less sensitive to noise and to half a pixel."""
    return np.asarray(cv2.GaussianBlur(image, (5, 5), 1.0), dtype=np.uint8)


def cells_of(image: NDArray[np.generic], columns: int, rows: int) -> NDArray[np.generic]:
    """Return the pixels of each cell, shape (rows, columns, pixels)."""
    side_y, side_x = image.shape[0] // rows, image.shape[1] // columns
    blocks = image.reshape(rows, side_y, columns, side_x).transpose(0, 2, 1, 3)
    return blocks.reshape(rows, columns, side_y * side_x)


def quantile(values: Floats, share: float) -> float:
    """Return the quantile of some numbers between the two nearest, as `numpy.quantile`, ten times as fast."""
    ascending = np.sort(values, axis=None)
    at = share * (len(ascending) - 1)
    low = int(at)
    high = min(low + 1, len(ascending) - 1)
    return float(ascending[low] + (at - low) * (ascending[high] - ascending[low]))


GRID = 16
"""Rows and columns of the grid on which evidence is kept."""

HIDDEN_GRID = 32
"""Rows and columns of the grid on which the table says which parts are hidden."""

_HIDDEN = 0.5
_FLAT_WEIGHT = 4.0  # grey levels of contrast that the brightness of a flat cell is worth
_EXPLAINED = 0.35  # of a cell covered: that is why it looks wrong
_WHOLLY = 0.65  # of a textured cell that looks wrong covered: the rest is a person as bright as the picture
_MOSTLY = 0.62 * 255  # of a part
_LARGEST_HOLE = 0.006  # of the picture: people have no holes where a part of it looks right by chance


def hidden_parts(look: Appearance, parts: int = GRID) -> NDArray[np.bool_]:
    """Say which parts of the picture somebody or something stands in front of.

    Parameters
    ----------
    look : Appearance
        A comparison.
    parts : int
        Rows and columns to divide the picture into, at most 64.

    Returns
    -------
    ndarray of bool, shape (parts, parts)
        True where somebody stands in front. A part outside the image is not hidden: there is nothing to judge
        by.

    Notes
    -----
    Px that are much darker or brighter than the artwork there draw the outline of a person finer than cells
    do: eyes follow people, and land beside them. A cell that looks wrong though few of its px do is hidden as
    a whole if less than half of the cells around are clear, weighted by contrast: people may be as bright as
    the picture. By cells alone 4.4 % of the samples beside people in simulated crowds were taken for hidden.
    """
    rows, columns = look.judged.shape
    covered = np.zeros((_FINE, _FINE), dtype=np.uint8) if look.covered is None else look.covered
    weight = np.where(look.judged, look.weight, np.where(look.in_image, _FLAT_WEIGHT, 0.0))
    around, right = (
        cv2.GaussianBlur(grid, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
        for grid in (weight, np.where(look.clear, weight, 0.0))
    )
    share = cv2.resize(covered, (columns, rows), interpolation=cv2.INTER_AREA) / 255
    riddle = (share < _EXPLAINED) & (right < _HIDDEN * around)
    whole = look.in_image & ~look.clear & (riddle | (look.judged & (share >= _WHOLLY)))
    fine = np.where(whole[_lying_in(whole.shape, _FINE)], np.uint8(255), covered)
    fine = cv2.GaussianBlur(fine, (0, 0), 1.0)
    found = (cv2.resize(fine, (parts, parts), interpolation=cv2.INTER_AREA) > _MOSTLY).astype(np.uint8)
    hidden: NDArray[np.bool_] = found > 0
    if hidden.any():
        _, patch, facts, _ = cv2.connectedComponentsWithStats(1 - found, connectivity=4)
        hidden |= (facts[:, cv2.CC_STAT_AREA] <= _LARGEST_HOLE * hidden.size)[patch]
    hidden &= look.in_image[_lying_in(whole.shape, parts)]
    return hidden


def _lying_in(shape: tuple[int, ...], parts: int) -> tuple[NDArray[np.int64], ...]:
    """Return which of some rows and columns of cells each part lies in, to index with."""
    middles = np.arange(parts) + 0.5
    return np.ix_(*((middles * count / parts).astype(np.int64) for count in shape))


def pack(hidden: NDArray[np.bool_]) -> str:
    """Return a square grid as text: hexadecimal digits, four parts each."""
    return np.packbits(hidden).tobytes().hex()


def unpack(text: str) -> NDArray[np.bool_]:
    """Return the square grid that `pack` wrote."""
    side = isqrt(4 * len(text))
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8)).reshape(side, side) > 0


def hidden_in_both(one: str, other: str) -> str:
    """Return the parts that are hidden in both of two packed grids, on the finer one."""
    grids = [unpack(one), unpack(other)]
    side = max(len(grid) for grid in grids)
    first, second = (np.kron(grid, np.ones((side // len(grid),) * 2, dtype=bool)) for grid in grids)
    return pack(first & second)


def is_hidden(packed: NDArray[np.object_], x_share: Floats, y_share: Floats) -> NDArray[np.bool_]:
    """Look up points in packed grids.

    Parameters
    ----------
    packed : ndarray of str, shape (n,)
        A grid from `pack` for each point, of any size.
    x_share, y_share : ndarray of float64, shape (n,)
        Where on the picture, 0 to 1 from left and top.

    Returns
    -------
    ndarray of bool, shape (n,)
        True where that part is hidden.
    """
    if len(packed) == 0:
        return np.zeros(0, dtype=bool)
    unique, which = np.unique(packed.astype(str), return_inverse=True)
    hidden = np.zeros(len(packed), dtype=bool)
    lengths = np.array([len(text) for text in unique])
    for length in np.unique(lengths).tolist():
        texts = np.flatnonzero(lengths == length)
        bits = np.unpackbits(np.frombuffer(bytes.fromhex("".join(unique[texts])), dtype=np.uint8))
        side = isqrt(4 * length)
        own = np.flatnonzero(lengths[which] == length)
        row, column = (
            np.clip((share[own] * side).astype(np.int64), 0, side - 1) for share in (y_share, x_share)
        )
        hidden[own] = bits.reshape(-1, side, side)[np.searchsorted(texts, which[own]), row, column] > 0
    return hidden


def nearest_cells(count: int) -> NDArray[np.int64]:
    """Return which of `count` cells in a row each part of the grid lies in, shape (GRID,)."""
    return ((np.arange(GRID) + 0.5) * count / GRID).astype(np.int64)
