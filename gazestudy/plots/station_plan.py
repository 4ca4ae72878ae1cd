"""The station plan with what was observed: one disc per point or placement, sized and coloured by figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.figures import FIGURES
from gazestudy.fieldwork.rates import FieldFigures
from gazestudy.plots.fonts import families_for

_DPI = 200
_INK, _SOFT_INK = "#1a1a1a", "#5a5a5a"
_TEXT_PT, _TITLE_PT = 7.5, 11.0
_LARGEST, _SMALLEST = 0.042, 0.012  # radius as a share of the diagonal of the plan
_WIDTH_IN = 8.0
_DISTANCES = (1.0, 2.2, 3.6, 5.2)  # of labels from their disc, in its radii
Box = tuple[float, float, float, float]


def draw_station_plan(
    image: NDArray[np.uint8],
    places: pd.DataFrame,
    figures: FieldFigures,
    *,
    colour: str = "notice_rate",
    size: str | None = "flow_per_min",
    place: str = "point_id",
    title: str = "",
) -> Figure:
    """Draw figures of field observation on a floor plan.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3) or (height, width)
        The plan, RGB or grey.
    places : DataFrame
        One row per place: `place` (its id), x_px, y_px on the image, and name (for people, any script) where
        it differs from the id.
    figures : FieldFigures
        Made with `by` of exactly the column `place`.
    colour : str
        Figure that colours the discs.
    size : str, optional
        Figure to which their area is proportional; all the same where None.
    place : str
        Column of the id: point_id or placement_id.
    title : str
        Above the plan.

    Returns
    -------
    Figure
        Beside each disc its name, value with interval, denominator and sessions. Places without
        observations are empty rings, called so.

    Raises
    ------
    ParameterError
        If a column is missing, a figure is not known, or the figures are told apart by other columns too.
    """
    _check(image, places, figures, colour, size, place)
    table = figures.table.set_index([place, "figure"])
    label = title or f"{_words(colour)}: {FIGURES[colour].meaning}"
    text = label + "".join(map(str, places.get("name", places[place])))
    values = table["value"].unstack("figure").reindex(places[place].astype(str))
    known = values[colour] if colour in values else pd.Series(np.nan, index=values.index)
    scale = 100.0 if FIGURES[colour].unit == "share" else 1.0
    norm = Normalize(0, scale * float(np.nanmax(known, initial=0)) or 1.0)
    colours = colormaps["viridis"]
    style: dict[Any, Any] = {
        "font.family": families_for(text),
        "axes.unicode_minus": False,
        "text.parse_math": False,
    }
    with rc_context(style):
        high, wide = image.shape[:2]
        plan_in = _WIDTH_IN * 0.86
        tall = plan_in * high / wide
        figure = Figure(figsize=(_WIDTH_IN, tall + 1.35), dpi=_DPI, facecolor="white")
        frame = (0.01, 0.85 / (tall + 1.35), plan_in / _WIDTH_IN, tall / (tall + 1.35))
        axes = figure.add_axes(frame)
        axes.imshow(_pale(image), interpolation="bilinear", aspect="auto")
        axes.set(xlim=(-0.5, wide - 0.5), ylim=(high - 0.5, -0.5))
        axes.set_axis_off()
        radii = _radii(values, size, float(np.hypot(wide, high)))
        _draw_places(axes, places, table, known * scale, radii, (norm, colours), colour, place)
        _bar(figure, frame, ScalarMappable(norm, colours), colour)
        figure.text(0.01, 1 - 0.3 / (tall + 1.35), label, fontsize=_TITLE_PT, color=_INK)
        _foot(figure, figures, colour, size, values)
    return figure


def _check(
    image: NDArray[np.uint8],
    places: pd.DataFrame,
    figures: FieldFigures,
    colour: str,
    size: str | None,
    place: str,
) -> None:
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ParameterError("image", f"{image.shape}, {image.dtype}", "an 8-bit picture")
    missing = [name for name in (place, "x_px", "y_px") if name not in places]
    if missing or places.empty:
        raise ParameterError("places", missing or "no rows", f"rows with {place}, x_px and y_px")
    for name in filter(None, (colour, size)):
        if name not in FIGURES:
            raise ParameterError("figure", name, ", ".join(FIGURES))
    if place not in figures.table or figures.table.duplicated([place, "figure"]).any():
        raise ParameterError("figures", list(figures.table.columns), f"figures by {place} and nothing else")


def _words(figure: str) -> str:
    """Return the name of a figure for people; units that are part of it go."""
    return figure.removesuffix("_m2").replace("_per_min_m", "").replace("_per_min", "").replace("_", " ")


def _pale(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the plan as a light grey picture, so that only the discs have colour."""
    grey = image if image.ndim == 2 else image[..., :3].mean(axis=2)
    light = 255 - 0.55 * (255 - grey.astype(float))
    return np.repeat(light.round().astype(np.uint8)[..., None], 3, axis=2)


def _radii(values: pd.DataFrame, size: str | None, diagonal: float) -> NDArray[np.float64]:
    if size is None or size not in values or not np.nanmax(values[size], initial=0) > 0:
        return np.full(len(values), 0.6 * _LARGEST * diagonal)
    area = np.nan_to_num(values[size].to_numpy(dtype=float) / np.nanmax(values[size]))
    return np.asarray(np.maximum(_LARGEST * np.sqrt(area), _SMALLEST) * diagonal)


def _draw_places(
    axes: Axes,
    places: pd.DataFrame,
    table: pd.DataFrame,
    values: pd.Series,
    radii: NDArray[np.float64],
    look: tuple[Normalize, Colormap],
    colour: str,
    place: str,
) -> None:
    norm, colours = look
    wide, high = axes.get_xlim()[1], axes.get_ylim()[0]
    per_pt = wide / (_WIDTH_IN * 0.86 * 72)
    discs = [
        (float(x) - r, float(y) - r, float(x) + r, float(y) + r)
        for x, y, r in zip(places["x_px"], places["y_px"], radii, strict=True)
    ]
    taken: list[Box] = []
    for number, row in enumerate(places.to_dict("records")):
        name, value, radius = str(row[place]), float(values.iloc[number]), float(radii[number])
        centre = (float(row["x_px"]), float(row["y_px"]))
        seen = np.isfinite(value)
        face = colours(norm(value)) if seen else "none"
        edge = {
            "edgecolor": "white" if seen else _SOFT_INK,
            "linewidth": 1.2,
            "linestyle": "-" if seen else ":",
        }
        axes.add_patch(Circle(centre, radius, facecolor=face, alpha=0.92 if seen else 1.0, **edge, zorder=3))
        shown = str(row.get("name", name))
        lines = [shown, *_value_lines(table, name, colour)] if seen else [shown, "not observed"]
        box = _free_box(
            lines, centre, radius, per_pt, (wide, high), [*taken, *discs[:number], *discs[number + 1 :]]
        )
        taken.append(box)
        _leader(axes, centre, radius, box)
        for step, line in enumerate(lines):
            axes.text(
                box[0],
                box[1] + (step + 0.5) * (_TEXT_PT * 1.35 * per_pt),
                line,
                fontsize=_TEXT_PT,
                color=_INK if step < 2 else _SOFT_INK,
                va="center",
                zorder=5,
                bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
            )


def _value_lines(table: pd.DataFrame, name: str, colour: str) -> list[str]:
    row: Any = table.loc[(name, colour)]
    factor, sign = (100.0, " %") if FIGURES[colour].unit == "share" else (1.0, "")
    value = f"{factor * row['value']:.3g}{sign}"
    if np.isfinite(row["low"]):
        value += f" ({factor * row['low']:.3g} to {factor * row['high']:.3g})"
    sessions = f"{row['sessions']:.0f} session" + ("s" if row["sessions"] != 1 else "")
    return [value, f"of {row['denominator']:,.4g} {row['denominator_item']}, {sessions}"]


def _free_box(
    lines: list[str],
    centre: tuple[float, float],
    radius: float,
    per_pt: float,
    limits: tuple[float, float],
    taken: list[Box],
) -> Box:
    """Return where a label fits best beside its disc: inside the plan, over nothing else."""
    width = max(len(line) for line in lines) * _TEXT_PT * 0.64 * per_pt
    height = len(lines) * _TEXT_PT * 1.35 * per_pt
    best: tuple[float, Box] | None = None
    spots = [
        (left, top, 0.06 * height * (factor - 1) * width)
        for factor in _DISTANCES
        for left, top in _spots(centre, factor * (radius + 3 * per_pt), width, height)
    ]
    for left, top, far in spots:
        box = (left, top, left + width, top + height)
        outside = max(-box[0], 0) + max(-box[1], 0) + max(box[2] - limits[0], 0) + max(box[3] - limits[1], 0)
        cost = far + 50 * outside * height + sum(_overlap(box, other) for other in taken)
        if best is None or cost < best[0] - 1e-9:
            best = (cost, box)
    assert best is not None
    return best[1]


def _leader(axes: Axes, centre: tuple[float, float], radius: float, box: Box) -> None:
    """Draw a line from a disc to a label that is not beside it."""
    x, y = centre
    nearest = (min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3]))
    away = float(np.hypot(nearest[0] - x, nearest[1] - y))
    if away > 1.6 * radius:
        edge = (x + (nearest[0] - x) * radius / away, y + (nearest[1] - y) * radius / away)
        axes.plot([edge[0], nearest[0]], [edge[1], nearest[1]], color=_SOFT_INK, lw=0.6, zorder=4)


def _spots(
    centre: tuple[float, float], away: float, width: float, height: float
) -> Iterator[tuple[float, float]]:
    x, y = centre
    yield x + away, y - height / 2
    yield x - away - width, y - height / 2
    yield x - width / 2, y + away
    yield x - width / 2, y - away - height
    for right in (True, False):
        for down in (True, False):
            left = x + 0.7 * away if right else x - 0.7 * away - width
            yield left, (y + 0.7 * away if down else y - 0.7 * away - height)


def _overlap(a: Box, b: Box) -> float:
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    return across * down if across > 0 and down > 0 else 0.0


def _bar(figure: Figure, frame: Box, colours: ScalarMappable, colour: str) -> None:
    left, bottom, width, height = frame
    axes = figure.add_axes((left + width + 0.02, bottom + 0.15 * height, 0.018, 0.7 * height))
    bar = figure.colorbar(colours, cax=axes)
    unit = "%" if FIGURES[colour].unit == "share" else FIGURES[colour].unit
    bar.set_label(f"{_words(colour)}, {unit}", fontsize=_TEXT_PT, color=_INK)
    bar.ax.tick_params(labelsize=_TEXT_PT, colors=_SOFT_INK, length=2)
    bar.outline.set_linewidth(0.4)


def _foot(figure: Figure, figures: FieldFigures, colour: str, size: str | None, values: pd.DataFrame) -> None:
    rows = figures.table[figures.table["figure"] == colour]
    rules = "; ".join(sorted(set(rows["rule"])))
    lines = [f"Colour: {FIGURES[colour].meaning} ({rules}), with {figures.level:.0%} interval over sessions"]
    if size is not None and size in values:
        most = float(np.nanmax(values[size]))
        unit = FIGURES[size].unit
        lines.append(f"Area: {FIGURES[size].meaning}; the largest disc is {most:.3g} {unit}")
    high = figure.get_size_inches()[1]
    for number, line in enumerate(lines):
        figure.text(0.01, (0.5 - 0.2 * number) / high, line, fontsize=_TEXT_PT, color=_SOFT_INK)
