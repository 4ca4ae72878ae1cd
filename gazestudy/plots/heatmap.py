"""Heatmaps as pictures: what was looked at, with everything that has to be said written beside it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.heatmaps.maps import HeatmapData, opacity_map
from gazestudy.heatmaps.weights import WEIGHTING_WORDS
from gazestudy.model.recording import Finding
from gazestudy.plots.captions import CaptionedFigure, wrapped
from gazestudy.plots.fonts import families_for, missing_scripts

Style = Literal["overlay", "fog", "contour"]
Picture = NDArray[np.uint8]

_DPI = 200
_LONG_SIDE_PX = 1500  # of the artwork in the finished picture
_NARROWEST_PX = 760  # of the column that holds artwork and caption
_MARGIN_PX = 36
_BAR_PX = 30  # width of the colour bar, and its distance from the artwork
_SHORTEST_BAR_PX, _LONGEST_BAR_PX = 260, 700
_BAR_ROOM_PX = 220  # bar with its numbers and label
_LINE_PX, _TITLE_LINE_PX, _TITLE_GAP_PX = 44, 56, 10
_TITLE_PT, _TEXT_PT = 13.0, 9.5
_INK, _SOFT_INK, _FOG = "#1a1a1a", "#5a5a5a", (16, 16, 20)
_STRONGEST = 0.85  # opacity of the colour at the top of the scale: the artwork never vanishes
_MUTED = 0.55  # share of its colour that the artwork loses under colours of a scale
_LEVELS = (0.25, 0.5, 0.75)
_UNIFORM = ("viridis", "magma", "inferno", "plasma", "cividis")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Everything in pixels of the finished picture, from the top left."""

    width: int
    height: int
    art: tuple[int, int, int, int]
    bar: tuple[int, int, int, int]
    text_top: int

    def fractions(self, box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
        left, top, wide, high = box
        return (
            left / self.width,
            1.0 - (top + high) / self.height,
            wide / self.width,
            high / self.height,
        )


def draw_heatmap(
    data: HeatmapData,
    image: NDArray[np.uint8],
    *,
    style: Style = "overlay",
    colormap: str = "viridis",
    scale_max: float | None = None,
    contours: bool = False,
    opacity: float = _STRONGEST,
    findings: list[Finding] | None = None,
) -> Figure:
    """Draw a heatmap over its artwork, with colour bar and caption.

    Parameters
    ----------
    data : HeatmapData
        The heatmap.
    image : ndarray of uint8, shape (height, width, 3) or (height, width)
        The artwork, RGB or grey, as large as the density.
    style : {"overlay", "fog", "contour"}
        "overlay": colour over the artwork, more opaque where denser. "fog": dark where nobody looked.
        "contour": lines at 25, 50 and 75 % of the scale.
    colormap : str
        A perceptually uniform matplotlib colour map.
    scale_max : float, optional
        Density at the top of the scale, in the unit of `data`, the same for heatmaps that are compared; None:
        the peak of this one.
    contours : bool
        Draw the contour lines over an overlay too.
    opacity : float
        Of the colour at the top of the scale, or of the thickest fog, 0 to 1.
    findings : list of Finding, optional
        Gets an entry where the name cannot be written with the installed fonts; without a list, a Python
        warning says so.

    Returns
    -------
    Figure
        Not connected to any window; `figure_bytes` makes PNG or SVG of it.

    Raises
    ------
    ParameterError
        If the artwork has another size than the density, or style or colour map are not known.

    Notes
    -----
    Rainbow maps are refused, since their steps in lightness show edges that are not in the data (Borland &
    Taylor 2007, doi 10.1109/MCG.2007.323435).
    """
    colors = _check(data, image, style, colormap, scale_max)
    top = data.peak if scale_max is None else scale_max
    with_bar = style != "fog" and top > 0
    layout = _plan(data, with_bar=with_bar)
    lines = style == "contour" or (style == "overlay" and contours)
    scale = _scale_words(data, style, top, shared=scale_max is not None, lines=lines)
    text = _caption(data, scale, layout.width - 2 * _MARGIN_PX, findings)
    layout = replace(layout, height=layout.height + text.height)
    wide, high = layout.art[2], layout.art[3]
    art = cv2.resize(_rgb(image), (wide, high), interpolation=_sampling(image, wide))
    share = np.zeros((high, wide), dtype=np.float32)
    if top > 0:
        share = cv2.resize(data.density, (wide, high), interpolation=_sampling(image, wide)) / np.float32(top)
    if style == "fog":
        fog = cv2.resize(opacity_map(data), (wide, high), interpolation=_sampling(image, wide))
        art = _blend(art, np.array(_FOG), fog * np.float32(opacity))
    elif style == "overlay":
        art = _blend(_mute(art), colors(np.clip(share, 0, 1))[..., :3] * 255.0, _opacity(share, opacity))

    with rc_context({"font.family": text.families, "axes.unicode_minus": False}):
        size_in = layout.width / _DPI, layout.height / _DPI
        figure = CaptionedFigure(figsize=size_in, dpi=_DPI, facecolor="white")
        axes = figure.add_axes(layout.fractions(layout.art))
        axes.imshow(art, interpolation="nearest", aspect="auto", extent=(-0.5, wide - 0.5, high - 0.5, -0.5))
        axes.set_axis_off()
        if lines and top > 0:
            _lines(axes, share, colors, style)
        if style != "fog" and top > 0:
            _bar(figure, layout, colors, top, data.unit, opacity if style == "overlay" else None)
        _write(figure, layout, text)
    figure.sentences = text.facts
    return figure


def heatmap_pixels(
    data: HeatmapData, image: NDArray[np.uint8], *, long_side_px: int = 900, colormap: str = "viridis"
) -> NDArray[np.uint8]:
    """Return the artwork under the colours of a heatmap, without scale and caption.

    Parameters
    ----------
    data : HeatmapData
        The heatmap.
    image : ndarray of uint8, shape (height, width, 3) or (height, width)
        The artwork, RGB or grey, as large as the density.
    long_side_px : int
        Longer side of the result; it is not made larger than the artwork.
    colormap : str
        A perceptually uniform matplotlib colour map; the top of the scale is the peak.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    ParameterError
        If the artwork has another size than the density, or the colour map is not known.
    """
    colors = _check(data, image, "overlay", colormap, None)
    height, width = data.density.shape
    factor = min(long_side_px / max(width, height), 1.0)
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    art = cv2.resize(_rgb(image), size, interpolation=_sampling(image, size[0]))
    if not data.peak > 0:
        return np.asarray(art, dtype=np.uint8)
    share = cv2.resize(data.density, size, interpolation=_sampling(image, size[0])) / np.float32(data.peak)
    return _blend(_mute(art), colors(np.clip(share, 0, 1))[..., :3] * 255.0, _opacity(share))


def figure_bytes(figure: Figure, file_format: Literal["png", "svg", "pdf"] = "png") -> bytes:
    """Return a figure as the contents of a file; equal figures give equal bytes.

    Parameters
    ----------
    figure : Figure
        From `draw_heatmap`.
    file_format : {"png", "svg", "pdf"}
        Kind of file. SVG and PDF hold the artwork as a bitmap, and text as outlines, so that no font is
        needed to read them.

    Returns
    -------
    bytes
        The file.
    """
    if file_format not in ("png", "svg", "pdf"):
        raise ParameterError("file_format", file_format, "png, svg or pdf")
    undated: dict[str, dict[str, Any]] = {
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "gazestudy", "svg.fonttype": "path", "pdf.fonttype": 3}):
        figure.savefig(buffer, format=file_format, dpi=_DPI, metadata=undated[file_format])
    return buffer.getvalue()


def figure_pixels(figure: Figure) -> Picture:
    """Return a figure as the pixels that its PNG file has.

    Parameters
    ----------
    figure : Figure
        From `draw_heatmap` or `draw_difference`.

    Returns
    -------
    ndarray of uint8, shape (height, width, 4)
        RGBA.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    figure.set_dpi(_DPI)
    canvas.draw()
    return np.array(canvas.buffer_rgba(), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class _Text:
    title: tuple[str, ...]
    facts: tuple[str, ...]
    lines: tuple[str, ...]
    families: list[str]

    @property
    def height(self) -> int:
        return len(self.title) * _TITLE_LINE_PX + _TITLE_GAP_PX + len(self.lines) * _LINE_PX


def _check(
    data: HeatmapData, image: NDArray[np.uint8], style: str, colormap: str, scale_max: float | None
) -> Colormap:
    if image.dtype != np.uint8 or image.shape[:2] != data.density.shape or image.ndim not in (2, 3):
        expected = f"an 8-bit picture of {data.density.shape[1]} x {data.density.shape[0]} px, as the density"
        raise ParameterError("image", f"{image.shape}, {image.dtype}", expected)
    if style not in ("overlay", "fog", "contour"):
        raise ParameterError("style", style, "overlay, fog or contour")
    if colormap not in _UNIFORM:
        raise ParameterError("colormap", colormap, "a uniform colour map: " + ", ".join(_UNIFORM))
    if scale_max is not None and not scale_max > 0:
        raise ParameterError("scale_max", scale_max, "a positive density")
    return colormaps[colormap]


def _rgb(image: NDArray[np.uint8]) -> Picture:
    picture = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., :3]
    return np.ascontiguousarray(picture)


def _sampling(image: NDArray[np.uint8], wide: int) -> int:
    return int(cv2.INTER_AREA if wide < image.shape[1] else cv2.INTER_LINEAR)


def _mute(art: NDArray[Any]) -> Picture:
    """Take some colour out of the artwork, so that the colours on top can only mean attention."""
    grey = np.repeat(cv2.cvtColor(art, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    return _blend(art, grey, np.full(art.shape[:2], _MUTED, dtype=np.float32))


def _opacity(share: NDArray[np.float32], strongest: float = _STRONGEST) -> NDArray[np.float32]:
    """Rise from nothing to the strongest, soon enough that a tenth of the scale can be seen."""
    opacity: NDArray[np.float32] = np.float32(strongest) * np.clip(share * 2.5, 0.0, 1.0) ** 0.8
    return opacity


def _blend(art: NDArray[Any], color: NDArray[Any], opacity: NDArray[np.float32]) -> Picture:
    amount = opacity[..., None]
    mixed: Picture = (art * (1.0 - amount) + color * amount + 0.5).astype(np.uint8)
    return mixed


def _plan(data: HeatmapData, *, with_bar: bool) -> _Layout:
    """Place artwork and colour bar; the height still lacks the caption."""
    high, wide = data.density.shape
    factor = _LONG_SIDE_PX / max(wide, high)
    art_wide, art_high = max(round(wide * factor), 1), max(round(high * factor), 1)
    room = _BAR_ROOM_PX if with_bar else 0
    column = max(art_wide, _NARROWEST_PX - room)
    body = max(art_high, _SHORTEST_BAR_PX) if with_bar else art_high
    left = _MARGIN_PX + (column - art_wide) // 2
    text_top = _MARGIN_PX + body + 24
    return _Layout(
        width=2 * _MARGIN_PX + column + room,
        height=text_top + _MARGIN_PX,
        art=(left, _MARGIN_PX, art_wide, art_high),
        bar=(left + art_wide + _BAR_PX, _MARGIN_PX, _BAR_PX, min(body, _LONGEST_BAR_PX)),
        text_top=text_top,
    )


def _caption(data: HeatmapData, scale: str, room_px: int, findings: list[Finding] | None) -> _Text:
    title = _legible(data.placement_name, data.placement_id, "name of the placement", findings)
    group = _legible(data.group, ascii(data.group), "name of the group", findings) if data.group else "all"
    people = f"{data.n_participants} participant{'s' if data.n_participants != 1 else ''}"
    looks = f"{data.n_fixations} fixation{'s' if data.n_fixations != 1 else ''}"
    facts = [f"Group: {group}  ·  {people}  ·  {looks}"]
    if data.n_fixations:
        facts.append(f"Weight: {WEIGHTING_WORDS[data.weighting]}")
        facts.append(f"Kernel: Gaussian, full width at half maximum {data.kernel.describe()}")
        facts.append(scale)
    else:
        facts.append("No fixation on this placement.")
    return _text(_wrap(title, room_px, _TITLE_PT), facts, room_px)


def _text(title: Sequence[str], facts: Sequence[str], room_px: int) -> _Text:
    lines = [line for fact in facts for line in _wrap(fact, room_px, _TEXT_PT)]
    return _Text(tuple(title), tuple(facts), tuple(lines), families_for("".join([*title, *lines])))


def _wrap(text: str, room_px: int, size_pt: float) -> list[str]:
    return wrapped(text, room_em=room_px / (size_pt / 72.0 * _DPI))


def _scale_words(data: HeatmapData, style: str, top: float, *, shared: bool, lines: bool) -> str:
    if style == "fog":
        return f"Clear from half of the peak ({data.peak / 2:.3g} {data.unit}), dark where nobody looked"
    scale = f"Scale: 0 to {top:.3g} {data.unit}"
    words = scale + (" (shared)" if shared else " (peak of this picture)")
    return words + ("; lines at 25, 50, 75 %" if lines else "")


def _legible(text: str, plain: str, what: str, findings: list[Finding] | None) -> str:
    """Return the text, or its plain form and a finding where no font can write it."""
    scripts = missing_scripts(text)
    if not scripts:
        return text
    message = (
        f"the {what}, {plain!r}, is shown without its own script: no installed font can write "
        f"{', '.join(scripts)}. Install one that can, such as a Noto font"
    )
    if findings is None:
        warnings.warn(message, UserWarning, stacklevel=4)
    else:
        findings.append(Finding("warning", "heatmap", "font_missing", message, 1))
    return plain


def _lines(axes: Axes, share: NDArray[np.float32], colors: Colormap, style: str) -> None:
    """Draw contours with a halo: in the colours of the scale alone, in white over its colours."""
    levels = [level for level in _LEVELS if share.min() < level < share.max()]
    if not levels:
        return
    own = [colors(level) for level in levels] if style == "contour" else ["white"] * len(levels)
    halo = "#ffffffc0" if style == "contour" else "#00000070"
    axes.contour(share, levels=levels, colors=halo, linewidths=3.2 if style == "contour" else 1.8)
    axes.contour(share, levels=levels, colors=own, linewidths=1.5 if style == "contour" else 0.8)


def _bar(
    figure: Figure, layout: _Layout, colors: Colormap, top: float, unit: str, opacity: float | None
) -> None:
    """Draw the scale as it looks over a white artwork; None: without artwork."""
    axes = figure.add_axes(layout.fractions(layout.bar))
    share = np.linspace(1, 0, layout.bar[3], dtype=np.float32)[:, None]
    white = np.full((layout.bar[3], 1, 3), 255, dtype=np.uint8)
    strength = np.ones_like(share) if opacity is None else _opacity(share, opacity)
    strip = _blend(white, colors(share)[..., :3] * 255.0, strength)
    axes.imshow(strip, aspect="auto", extent=(0, 1, 0, top), interpolation="nearest")
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set_ylabel(unit, fontsize=_TEXT_PT, color=_INK)
    axes.tick_params(axis="y", labelsize=_TEXT_PT, colors=_INK, length=2, width=0.6)
    axes.locator_params(axis="y", nbins=6)
    for spine in axes.spines.values():
        spine.set(linewidth=0.5, color=_SOFT_INK)


def _write(figure: CaptionedFigure, layout: _Layout, text: _Text) -> None:
    top, left = layout.text_top, _MARGIN_PX / layout.width
    styles = [(line, _TITLE_PT, _INK, _TITLE_LINE_PX) for line in text.title]
    styles += [(line, _TEXT_PT, _SOFT_INK, _LINE_PX) for line in text.lines]
    made = []
    for number, (line, size_pt, color, step_px) in enumerate(styles):
        top += _TITLE_GAP_PX if number == len(text.title) else 0
        baseline = 1 - (top + 0.75 * step_px) / layout.height
        written = figure.text(left, baseline, line, va="baseline", ha="left", color=color)
        written.set(fontsize=size_pt, fontfamily=text.families, parse_math=False)
        made.append(written)
        top += step_px

    def write_again(facts: Sequence[str]) -> None:
        other = _text(text.title, facts, layout.width - 2 * _MARGIN_PX)
        for one in made:
            one.remove()
        taller = replace(layout, height=layout.height + other.height - text.height)
        figure.set_size_inches(taller.width / _DPI, taller.height / _DPI)
        for axes, box in zip(figure.axes, (taller.art, taller.bar), strict=False):
            axes.set_position(taller.fractions(box))
        _write(figure, taller, other)

    figure.write = write_again
