"""Gaze, placements and events drawn onto a scene picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.plots.fonts import families_for

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]

# Okabe and Ito's colours for all kinds of colour vision, RGB; shapes differ as well.
_GAZE = (230, 159, 0)
_LOOKED_AT = (0, 158, 115)
_IN_VIEW = (86, 180, 233)
_EDGE = (0, 0, 0)
_WHITE = (255, 255, 255)
_SHIFT = 4  # cv2 draws with this many binary digits after the point


@dataclass(frozen=True, slots=True)
class Outline:
    """A placement in the picture.

    Attributes
    ----------
    polygon_px : ndarray of float64, shape (n, 2)
        Its outline in the scene image.
    label : str
        Its name, in any script; empty for none.
    looked_at : bool
        Gaze is on it: it is drawn thicker, and its label says so by a mark.
    """

    polygon_px: Floats
    label: str
    looked_at: bool = False


def draw_overlay(
    picture: Picture,
    *,
    outlines: Sequence[Outline] = (),
    trail_px: Floats | None = None,
    gaze_px: Floats | None = None,
    fixation: bool = False,
    caption: str = "",
) -> None:
    """Draw onto a picture, in place.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; it is changed.
    outlines : sequence of Outline
        Placements in view.
    trail_px : ndarray of float64, shape (n, 2), optional
        Where gaze was just before, oldest first; NaN breaks the line.
    gaze_px : ndarray of float64, shape (2,), optional
        Gaze now; None draws none.
    fixation : bool, default False
        Gaze is drawn as a filled ring during a fixation, as a cross otherwise.
    caption : str
        A line at the lower edge, in any script.
    """
    unit = max(1.0, picture.shape[0] / 720)
    for outline in outlines:
        _draw_outline(picture, outline, unit)
    if trail_px is not None:
        _draw_trail(picture, trail_px, unit)
    if gaze_px is not None and np.isfinite(gaze_px).all():
        _draw_gaze(picture, gaze_px, fixation, unit)
    if caption:
        label = text_picture(caption, round(17 * unit))
        height_px = label.shape[0] + round(8 * unit)
        picture[-height_px:] = picture[-height_px:] // 3
        _paste(picture, label, round(10 * unit), picture.shape[0] - height_px + round(4 * unit))


def _draw_outline(picture: Picture, outline: Outline, unit: float) -> None:
    if len(outline.polygon_px) < 3:
        return
    points = [_fixed(outline.polygon_px)]
    colour = _LOOKED_AT if outline.looked_at else _IN_VIEW
    width = round((4 if outline.looked_at else 2) * unit)
    cv2.polylines(picture, points, True, _EDGE, width + round(2 * unit), cv2.LINE_AA, _SHIFT)
    cv2.polylines(picture, points, True, colour, width, cv2.LINE_AA, _SHIFT)
    if not outline.label:
        return
    text = ("\N{BLACK RIGHT-POINTING TRIANGLE} " if outline.looked_at else "") + outline.label
    label = text_picture(text, round(15 * unit))
    left, top = outline.polygon_px.min(axis=0)
    x, y = round(float(left)), round(float(top)) - label.shape[0] - round(6 * unit)
    x, y = max(2, min(x, picture.shape[1] - label.shape[1] - 2)), max(2, y)
    back = picture[y : y + label.shape[0], x : x + label.shape[1]]
    back //= 3
    _paste(picture, label, x, y)


def _draw_trail(picture: Picture, trail_px: Floats, unit: float) -> None:
    whole = np.asarray(np.isfinite(trail_px).all(axis=1))
    for piece in np.split(np.arange(len(trail_px)), np.flatnonzero(~whole)):
        rows = piece[whole[piece]]
        if len(rows) > 1:
            points = [_fixed(trail_px[rows])]
            cv2.polylines(picture, points, False, _EDGE, round(4 * unit), cv2.LINE_AA, _SHIFT)
            cv2.polylines(picture, points, False, _GAZE, round(2 * unit), cv2.LINE_AA, _SHIFT)


def _draw_gaze(picture: Picture, gaze_px: Floats, fixation: bool, unit: float) -> None:
    x, y = (int(value) for value in _fixed(gaze_px[None])[0])
    if fixation:
        radius = round(13 * unit)
        for width, colour in ((round(6 * unit), _EDGE), (round(3 * unit), _GAZE)):
            cv2.circle(picture, (x, y), radius << _SHIFT, colour, width, cv2.LINE_AA, _SHIFT)
        cv2.circle(picture, (x, y), round(4 * unit) << _SHIFT, _GAZE, -1, cv2.LINE_AA, _SHIFT)
        return
    arm = round(10 * unit) << _SHIFT
    for width, colour in ((round(5 * unit), _EDGE), (round(2 * unit), _GAZE)):
        for along in ((arm, 0), (0, arm)):
            start, end = (x - along[0], y - along[1]), (x + along[0], y + along[1])
            cv2.line(picture, start, end, colour, width, cv2.LINE_AA, _SHIFT)


def _fixed(points_px: Floats) -> NDArray[np.int32]:
    return np.asarray(np.round(np.clip(points_px, -1e5, 1e5) * (1 << _SHIFT)), np.int32)


@lru_cache(maxsize=512)
def text_picture(text: str, size_px: int) -> NDArray[np.uint8]:
    """Return a line of white text in any script as coverage.

    Parameters
    ----------
    text : str
        The line.
    size_px : int
        Height of its letters with their ascenders and descenders, px.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        0 where there is none, 255 where a letter covers the pixel.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1), dpi=72)
    canvas = FigureCanvasAgg(figure)
    drawn = figure.text(0, 0, text, size=size_px * 0.75, family=families_for(text), parse_math=False)
    extent = drawn.get_window_extent(canvas.get_renderer())  # type: ignore[no-untyped-call]
    # Marks above and below letters reach further than the extent of a line.
    below, height = -extent.y0 + 0.15 * size_px, extent.height + 0.4 * size_px
    figure.set_size_inches((extent.width + 4) / 72, height / 72)
    drawn.set_position((2 / (extent.width + 4), below / height))
    canvas = FigureCanvasAgg(figure)
    figure.patch.set_alpha(0)
    canvas.draw()  # type: ignore[no-untyped-call]
    rgba: NDArray[Any] = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return np.array(rgba[..., 3], dtype=np.uint8)


def _paste(picture: Picture, coverage: NDArray[np.uint8], x: int, y: int) -> None:
    x, y = max(0, x), max(0, y)
    part = picture[y : y + coverage.shape[0], x : x + coverage.shape[1]]
    share = coverage[: part.shape[0], : part.shape[1], None].astype(np.float32) / 255
    part[:] = np.round(part * (1 - share) + np.array(_WHITE, np.float32) * share).astype(np.uint8)
