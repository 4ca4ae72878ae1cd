"""Sheets of small pictures to check in seconds: the artwork beside what was seen, gaze on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.plots.fonts import families_for

_DPI = 100
_PICTURE_PX, _GAP_PX, _MARGIN_PX, _TITLE_PX, _LINE_PX = 230, 8, 18, 40, 15
_TEXT_LINES = 4
_INK, _SOFT_INK, _GAZE = "#1b1b1b", "#4a4a4a", "#ff2a6d"
_LETTERS = 72  # a line of a tile, in letters of average width


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One fixation on a contact sheet.

    Attributes
    ----------
    title : str
        Which fixation.
    lines : tuple of str
        What is known about it; long ones are wrapped.
    doubt : float
        0 to 1; drawn as a bar.
    reference : ndarray of uint8, shape (height, width, 3)
        The artwork, RGB; the whole scene where the fixation is on no placement.
    seen : ndarray of uint8, shape (height, width, 3)
        The placement as the scene shows it, from the front; or the scene around gaze.
    on_reference, on_seen : ndarray of float64, shape (n, 2)
        Gaze as shares of width and height from the top left corner.
    """

    title: str
    lines: tuple[str, ...]
    doubt: float
    reference: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    on_reference: NDArray[np.float64]
    on_seen: NDArray[np.float64]


def draw_contact_sheet(tiles: Sequence[Tile], *, title: str = "", columns: int = 3, first: int = 1) -> Figure:
    """Draw fixations side by side, the reference picture left and what was seen right.

    Parameters
    ----------
    tiles : sequence of Tile
        In the order in which they are to be looked at.
    title : str, optional
        Above all.
    columns : int, optional
        Fixations in a row.
    first : int, optional
        Number of the first one.

    Returns
    -------
    Figure
        For `figure_bytes`, or to show.

    Raises
    ------
    ParameterError
        If there is no tile, or no column.
    """
    if not tiles or columns < 1:
        raise ParameterError("tiles, columns", (len(tiles), columns), "one or more")
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    tile_wide = 2 * _PICTURE_PX + _GAP_PX
    tile_high = _PICTURE_PX + (_TEXT_LINES + 1) * _LINE_PX + _GAP_PX
    width = columns * tile_wide + (columns + 1) * _MARGIN_PX
    height = _TITLE_PX + rows * (tile_high + _MARGIN_PX) + _MARGIN_PX
    words = title + "".join(tile.title + "".join(tile.lines) for tile in tiles)
    families = families_for(words)
    with rc_context({"font.family": families, "axes.unicode_minus": False}):
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
        sheet = _Sheet(figure, width, height, families)
        sheet.write(title, _MARGIN_PX, 26, size_pt=11, color=_INK)
        for number, tile in enumerate(tiles):
            left = _MARGIN_PX + (number % columns) * (tile_wide + _MARGIN_PX)
            top = _TITLE_PX + _MARGIN_PX + (number // columns) * (tile_high + _MARGIN_PX)
            sheet.tile(tile, first + number, left, top)
    return figure


class _Sheet:
    """Places things by pixels from the top left corner."""

    def __init__(self, figure: Figure, width: int, height: int, families: list[str]) -> None:
        self._figure, self._width, self._height, self._families = figure, width, height, families

    def write(self, text: str, left: float, baseline: float, *, size_pt: float, color: str) -> None:
        """Write one line."""
        written = self._figure.text(
            left / self._width, 1 - baseline / self._height, text, va="baseline", ha="left", color=color
        )
        written.set(fontsize=size_pt, fontfamily=self._families, parse_math=False)

    def tile(self, tile: Tile, number: int, left: int, top: int) -> None:
        """Draw one fixation."""
        self._bar(tile.doubt, left, top - 7)
        places = [
            (tile.reference, tile.on_reference, left),
            (tile.seen, tile.on_seen, left + _PICTURE_PX + _GAP_PX),
        ]
        for image, points, x in places:
            _show(self._picture(image, x, top), image, points)
        lines = [f"{number}   {tile.title}", *(row for line in tile.lines for row in _wrapped(line))]
        for k, line in enumerate(lines[: _TEXT_LINES + 1]):
            color = _INK if k == 0 else _SOFT_INK
            self.write(line, left, top + _PICTURE_PX + (k + 1) * _LINE_PX, size_pt=7.5, color=color)

    def _picture(self, image: NDArray[np.uint8], left: int, top: int) -> Axes:
        high, wide = image.shape[:2]
        factor = _PICTURE_PX / max(high, wide)
        wide, high = round(wide * factor), round(high * factor)
        x, y = left + (_PICTURE_PX - wide) / 2, top + (_PICTURE_PX - high) / 2
        box = (
            x / self._width,
            1 - (y + high) / self._height,
            wide / self._width,
            high / self._height,
        )
        return self._figure.add_axes(box)

    def _bar(self, doubt: float, left: int, top: int) -> None:
        box = (
            left / self._width,
            1 - (top + 4) / self._height,
            (2 * _PICTURE_PX + _GAP_PX) / self._width,
            4 / self._height,
        )
        axes = self._figure.add_axes(box)
        axes.barh([0], [1], color="#e8e8e8", height=1)
        axes.barh([0], [doubt], color="#8a1538", height=1)
        axes.set(xlim=(0, 1), ylim=(-0.5, 0.5))
        axes.set_axis_off()


def _show(axes: Axes, image: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
    axes.imshow(image, interpolation="bilinear", aspect="auto", extent=(0, 1, 1, 0))
    axes.set(xlim=(0, 1), ylim=(1, 0))
    axes.set_axis_off()
    if len(points) == 0:
        return
    # a dark halo, so that the marks are seen on any picture
    axes.plot(points[:, 0], points[:, 1], ".", color="black", markersize=5, alpha=0.6, clip_on=True)
    axes.plot(points[:, 0], points[:, 1], ".", color=_GAZE, markersize=3, clip_on=True)
    x, y = np.median(points, axis=0).tolist()
    axes.plot([x], [y], "o", markerfacecolor="none", markeredgecolor="black", markersize=17, mew=3.4)
    axes.plot([x], [y], "o", markerfacecolor="none", markeredgecolor="white", markersize=17, mew=1.6)


def _wrapped(line: str) -> list[str]:
    rows, row = [], ""
    for word in line.split(" "):
        if row and len(row) + 1 + len(word) > _LETTERS:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}" if row else word
    return [*rows, row]
