"""Where two groups looked differently: a map of the difference with the significant regions outlined."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.model.wording import counted
from gazestudy.plots.captions import CaptionedFigure, wrapped
from gazestudy.plots.fonts import families_for
from gazestudy.plots.style import DPI, INK, SOFT_INK, TEXT_PT, TITLE_PT, style_for

if TYPE_CHECKING:
    from gazestudy.heatmaps.comparison import MapComparison

_MAP = "PuOr"
"""Diverging, pale in the middle, apart also for the colour-blind: a is purple, b is orange."""

_LONG_SIDE_PX = 1200
_STRONGEST = 0.9
_EM_PER_INCH, _LINE_IN = 9.6, 0.16  # of the caption


def draw_difference(
    data: MapComparison,
    image: NDArray[np.uint8] | None = None,
    ax: Axes | None = None,
    *,
    title: str = "",
    unit: str = "",
    area_px2: float = 10_000.0,
    scale_max: float | None = None,
) -> Axes:
    """Draw the difference of two groups of maps over the artwork, significant regions outlined.

    Parameters
    ----------
    data : MapComparison
        From `compare_maps`.
    image : ndarray of uint8, shape (height, width, 3) or (height, width), optional
        The artwork, RGB or grey, of the size of the reference image; None: white.
    ax : Axes, optional
        Where to draw; None: a new figure.
    title : str
        Such as the name of the placement.
    unit : str
        Name of the area that the density refers to; empty: 100 px × 100 px.
    area_px2 : float
        That area, reference px².
    scale_max : float, optional
        Difference at the ends of the scale, percentage points per area, to draw several alike; None: the
        largest.

    Returns
    -------
    Axes
        `figure_bytes(ax.figure)` makes PNG, SVG or PDF of it.

    Raises
    ------
    ParameterError
        If the artwork has another size than the reference image.
    """
    width_px, height_px = data.size_px
    if image is not None and image.shape[:2] != (height_px, width_px):
        raise ParameterError("image", image.shape[:2][::-1], f"a picture of {width_px} x {height_px} px")
    factor = min(1.0, _LONG_SIDE_PX / max(width_px, height_px))
    size = (max(round(width_px * factor), 1), max(round(height_px * factor), 1))
    points = cv2.resize(data.difference, size, interpolation=cv2.INTER_LINEAR) * np.float32(100 * area_px2)
    top = float(np.abs(points).max()) if scale_max is None else scale_max
    top = top if top > 0 else 1.0
    art_in = _art_size(size) if ax is None else _room(ax)
    sentences = tuple(_caption(data))
    lines = _lines(sentences, art_in[0])
    with style_for("".join([title, data.a, data.b, *lines])):
        axes = _captioned((art_in[0] + 1.2, art_in[1] + 0.5), len(lines)) if ax is None else ax
        share = np.clip(points / top, -1, 1)
        picture = _over(_artwork(image, size), colormaps[_MAP]((1 + share) / 2)[..., :3], np.abs(share))
        axes.imshow(picture, extent=(-0.5, width_px - 0.5, height_px - 0.5, -0.5), interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(visible=True, linewidth=0.6, edgecolor=SOFT_INK)
        for number, region in enumerate(data.regions, start=1):
            _outline(axes, region.polygons)
            _number(axes, number, region.peak_px)
        axes.set_title(title or f"{data.a} and {data.b}", loc="left", color=INK, fontsize=TITLE_PT)
        _bar(axes, data, top, unit or "100 px × 100 px")
        axes.set_xlabel(
            "\n".join(lines), loc="left", color=SOFT_INK, fontsize=TEXT_PT - 0.5, linespacing=1.35
        )
        figure = axes.get_figure(root=True)
        if isinstance(figure, CaptionedFigure):
            figure.sentences = sentences
            figure.write = partial(_write_again, figure, axes, art_in[0])
    return axes


def _captioned(size_in: tuple[float, float], lines: int) -> Axes:
    size = size_in[0], size_in[1] + _LINE_IN * lines
    return CaptionedFigure(figsize=size, dpi=DPI, facecolor="white", layout="constrained").add_subplot()


def _lines(sentences: Sequence[str], room_in: float) -> list[str]:
    return [line for words in sentences for line in wrapped(words, room_em=room_in * _EM_PER_INCH)]


def _write_again(figure: CaptionedFigure, axes: Axes, room_in: float, sentences: Sequence[str]) -> None:
    before, lines = axes.get_xlabel().split("\n"), _lines(sentences, room_in)
    wide, high = figure.get_size_inches()
    figure.set_size_inches(wide, high + _LINE_IN * (len(lines) - len(before)))
    axes.xaxis.label.set(text="\n".join(lines), fontfamily=families_for("".join(lines)))


def _art_size(size: tuple[int, int]) -> tuple[float, float]:
    """Return the size of the artwork in a new figure, inch."""
    wide, high = size
    factor = min(6.6 / wide, 6.0 / high)
    return max(wide * factor, 3.2), high * factor


def _room(ax: Axes) -> tuple[float, float]:
    """Return the size of given axes, inch."""
    figure = ax.get_figure(root=True)
    wide, high = figure.get_size_inches() if figure is not None else (6.6, 4.0)
    box = ax.get_position()
    return max(float(wide * box.width), 2.0), float(high * box.height)


def _artwork(image: NDArray[np.uint8] | None, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the artwork pale and grey: colour can then only mean difference."""
    if image is None:
        return np.ones((size[1], size[0], 3))
    small = cv2.resize(image[..., :3] if image.ndim == 3 else image, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) if small.ndim == 3 else small
    pale = 0.45 + 0.55 * np.asarray(grey, dtype=float) / 255.0
    return np.repeat(pale[..., None], 3, axis=2)


def _over(
    art: NDArray[np.float64], colour: NDArray[np.float64], strength: NDArray[np.float32]
) -> NDArray[np.float64]:
    opacity = (_STRONGEST * np.clip(strength * 2.0, 0, 1) ** 0.9)[..., None]
    return np.asarray(np.clip(art * (1 - opacity) + colour * opacity, 0, 1))


def _outline(axes: Axes, polygons: tuple[NDArray[np.float64], ...]) -> None:
    shape = Outline.make_compound_path(
        *(Outline(np.vstack([ring, ring[:1]]), closed=True) for ring in polygons)
    )
    axes.add_patch(PathPatch(shape, fill=False, edgecolor="white", linewidth=2.8, joinstyle="miter"))
    axes.add_patch(PathPatch(shape, fill=False, edgecolor=INK, linewidth=1.3, joinstyle="miter"))


def _number(axes: Axes, number: int, at: tuple[float, float]) -> None:
    box = {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": INK, "linewidth": 0.8}
    axes.text(*at, f"{number}", ha="center", va="center", fontsize=TEXT_PT, color=INK, bbox=box)


def _bar(axes: Axes, data: MapComparison, top: float, unit: str) -> None:
    shown = ScalarMappable(Normalize(-top, top), colormaps[_MAP])
    figure = axes.get_figure()
    if figure is None:
        return
    bar = figure.colorbar(shown, ax=axes, shrink=0.8, pad=0.02, fraction=0.05)
    bar.set_label(f"% of a person's attention per {unit}", fontsize=TEXT_PT, color=INK)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
    bar.ax.tick_params(labelsize=TEXT_PT, colors=SOFT_INK, width=0.5, length=2)
    bar.outline.set_linewidth(0.5)
    bar.ax.set_title(_short(data.a), fontsize=TEXT_PT, color=INK)
    bar.ax.set_xlabel(_short(data.b), fontsize=TEXT_PT, color=INK)


def _short(name: str) -> str:
    return textwrap.shorten(name, 18, placeholder="…") or "…"


def _caption(data: MapComparison) -> list[str]:
    """Say who was compared, how, and what it comes to."""
    if data.design == "within":
        people = f"{counted(data.n_a, 'person', 'people')}, each in both"
    else:
        sizes = [counted(n, "person", "people") for n in (data.n_a, data.n_b)]
        people = f"{data.a}: {sizes[0]}, {data.b}: {sizes[1]}"
    lines = [f"{people}; {counted(data.n_fixations, 'fixation')}; every person counts the same"]
    if np.isfinite(data.p_value):
        what = "signs turned within people" if data.design == "within" else "people permuted"
        every = "all" if data.exact else f"{data.permutations:,} random"
        name = f"clusters beyond |t| = {data.threshold_t:g}" if data.method == "cluster" else "largest |t|"
        lines.append(f"{what}, {every} arrangements, {name}: p = {data.p_value:.2g} anywhere on the picture")
        lines += [
            f"{number}: more in {data.a if region.more_in == 'a' else data.b}, "
            f"{region.share_a:.0%} against {region.share_b:.0%} of attention, p = {region.p_value:.2g}"
            for number, region in enumerate(data.regions, start=1)
        ]
        if not data.regions:
            lines.append(f"No region differs at the {1 - data.level:.0%} level; that is no proof of sameness")
    return [*lines, *(doubt[:1].upper() + doubt[1:] for doubt in data.doubts)]
