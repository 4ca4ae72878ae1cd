"""Figures of field observation: occlusion against what observers saw, and how observers agree."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.observers import ObserverAgreement
from gazestudy.fieldwork.occlusion import FaceView, OcclusionFit
from gazestudy.fieldwork.sampling import RULE_WORDS
from gazestudy.plots.fonts import families_for

_INK, _SOFT_INK, _ACCENT, _WARM = "#1a1a1a", "#5a5a5a", "#2a6f97", "#c05a2b"
_PALE = "#2a6f9733"
_DPI = 200
_TEXT_PT, _TITLE_PT = 8.0, 10.5
_COLUMNS = 3

STATISTIC_NAMES = {
    "percent_agreement": "Percent agreement",
    "cohen_kappa": "Cohen's kappa",
    "fleiss_kappa": "Fleiss's kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
    "gwet_ac": "Gwet's AC",
    "brennan_prediger": "Brennan-Prediger",
}


def draw_occlusion(fit: OcclusionFit) -> Figure:
    """Draw the fitted occlusion curve of each placement against what observers saw.

    Parameters
    ----------
    fit : OcclusionFit
        From `fit_occlusion`.

    Returns
    -------
    Figure
        One panel per placement: scans as dots, bins of density with their intervals, the curve at the fitted
        radius with the band of its interval.
    """
    names = list(fit.placements)
    columns = min(len(names), _COLUMNS)
    rows = math.ceil(len(names) / columns)
    with rc_context(_style("".join(names))):
        figure = Figure(figsize=(max(4.2 * columns, 6.0), 3.9 * rows + 0.9), dpi=_DPI, facecolor="white")
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True, gridspec_kw={"hspace": 0.5})
        for number, axes in enumerate(grid.flat):
            if number >= len(names):
                axes.set_axis_off()
                continue
            draw_occlusion_panel(axes, fit, names[number], fit.placements[names[number]])
        for row in grid:
            row[0].set_ylabel("part of the face hidden, %")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="lower right",
            ncols=2,
            frameon=False,
            fontsize=_TEXT_PT - 1,
            handlelength=1.6,
        )
        low, high = fit.low_m, fit.high_m
        known = f" ({low:.2f} to {high:.2f})" if np.isfinite(low) else " (no interval)"
        words = f"Body radius {fit.radius_m:.2f} m{known} from {fit.scans} scans in {fit.sessions} sessions; "
        _foot(figure, [words + RULE_WORDS["instantaneous"], *fit.doubts])
    return figure


def draw_bland_altman(
    found: ObserverAgreement,
    item: str,
    *,
    about: str = "interval",
    size_in: tuple[float, float] = (6.4, 4.6),
) -> Figure:
    """Draw the differences of two observers' counts against their means, with limits of agreement.

    Parameters
    ----------
    found : ObserverAgreement
        From `observer_agreement`.
    item : str
        Item of intervals or scans.
    about : {"interval", "scan"}
        Which of them.
    size_in : tuple of float
        Width and height in inches; at least 3.2 high, else the words below have no room.

    Returns
    -------
    Figure

    Raises
    ------
    ParameterError
        If the item was not counted by both observers.
    """
    rows = found.counts[(found.counts["about"] == about) & (found.counts["item"] == item)]
    if rows.empty:
        raise ParameterError("item", item, "an item of " + ", ".join(sorted(set(found.counts["item"]))))
    row = rows.iloc[0]
    part = found.count_pairs[(found.count_pairs["about"] == about) & (found.count_pairs["item"] == item)]
    part = part.dropna(subset=["first", "second"])
    mean, difference = (part["first"] + part["second"]) / 2, part["first"] - part["second"]
    with rc_context(_style(item)):
        figure = Figure(figsize=size_in, dpi=_DPI, facecolor="white")
        above, below = 0.5 / size_in[1], 1.24 / size_in[1]  # room of the title, of labels and words
        axes = figure.add_axes((0.11, below, 0.68, 1 - above - below))
        _dots_by_count(axes, mean.to_numpy(), difference.to_numpy())
        for name, label, colour in (
            ("bias", "bias", _ACCENT),
            ("limit_high", "upper limit", _WARM),
            ("limit_low", "lower limit", _WARM),
        ):
            axes.axhline(row[name], color=colour, lw=1.4, ls="-" if name == "bias" else "--")
            at = (1.015, row[name])
            axes.annotate(
                f"{label} {row[name]:+.1f}",
                at,
                xycoords=("axes fraction", "data"),
                va="center",
                color=colour,
                fontsize=_TEXT_PT,
                annotation_clip=False,
            )
        axes.axhspan(row["bias_low"], row["bias_high"], color=_PALE, lw=0)
        axes.axhline(0, color=_SOFT_INK, lw=0.6)
        axes.set_xlabel(f"mean of both observers: {item}")
        axes.set_ylabel("first minus second")
        axes.set_title(f"Agreement on {item}", loc="left", fontsize=_TITLE_PT)
        unit = "intervals" if about == "interval" else "scans"
        _foot(
            figure,
            [
                f"{row['n']:.0f} {unit} of {_pairs(int(row['pairs']))}; bias {row['bias']:+.2f} "
                f"({row['bias_low']:+.2f} to {row['bias_high']:+.2f})",
                f"ICC(2,1) {row['icc']:.3f} ({row['icc_low']:.3f} to {row['icc_high']:.3f}); "
                f"{row['within_share']:.0%} within ±{row['within']:.0%}",
                "Larger dots: several pairs of counts at one place",
            ],
        )
    return figure


def draw_agreement(found: ObserverAgreement, name: str, *, about: str = "time grid") -> Figure:
    """Draw the coefficients of agreement on categories, beside the confusion table and the prevalence.

    Parameters
    ----------
    found : ObserverAgreement
        From `observer_agreement`.
    name : str
        Group of codes, or item of scans.
    about : {"time grid", "scan"}
        Which of them.

    Returns
    -------
    Figure

    Raises
    ------
    ParameterError
        If there is nothing of that name.
    """
    rows = found.coefficients
    rows = rows[(rows["about"] == about) & (rows["name"] == name)]
    if rows.empty:
        raise ParameterError("name", name, "one of " + ", ".join(sorted(set(found.coefficients["name"]))))
    table = found.confusion[name]
    text = name + "".join(map(str, table.index))
    with rc_context(_style(text)):
        width = 8.4 + 0.35 * max(len(table) - 4, 0)
        figure = Figure(figsize=(width, 4.6), dpi=_DPI, facecolor="white")
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.0, 1.05], "wspace": 0.75})
        _coefficients(left, rows)
        prevalence = found.prevalence
        prevalence = prevalence[(prevalence["about"] == about) & (prevalence["name"] == name)]
        labels = [f"{name:g}" if isinstance(name, float) else str(name) for name in table.index]
        _confusion(right, table.to_numpy(), labels, prevalence["mean"].to_numpy())
        figure.suptitle(f"Agreement of observers: {name}", x=0.02, ha="left", fontsize=_TITLE_PT)
        first, grid = rows.iloc[0], about == "time grid"
        _foot(
            figure,
            [
                f"{first['units']:,} paired {'moments' if grid else 'scans'} of "
                f"{_pairs(int(first['pairs']))}{', empty time included' if grid else ''}",
                f"Limits by bootstrap of {first['drawn']}. Kappa falls where one category is rare, whatever "
                "the agreement: read it beside the prevalence",
            ],
        )
        figure.subplots_adjust(left=0.2, right=0.9, top=0.86, bottom=0.3)
    return figure


def _style(text: str) -> dict[Any, Any]:
    return {
        "font.family": families_for(text),
        "font.size": _TEXT_PT,
        "axes.unicode_minus": False,
        "axes.edgecolor": _SOFT_INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.labelcolor": _INK,
        "xtick.color": _SOFT_INK,
        "ytick.color": _SOFT_INK,
        "text.parse_math": False,
    }


def draw_occlusion_panel(axes: Axes, fit: OcclusionFit, name: str, view: FaceView) -> None:
    """Draw the occlusion curve of one placement against what observers saw.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    fit : OcclusionFit
        From `fit_occlusion`.
    name : str
        Placement.
    view : FaceView
        How it is seen.
    """
    scans = fit.observed[fit.observed["placement_id"] == name]
    bins = fit.bins[fit.bins["placement_id"] == name]
    most = float(scans["density_m2"].max()) * 1.05
    density = np.linspace(0, most, 200)
    if np.isfinite(fit.low_m):
        low, high = (100 * view.blocked_share(density, radius_m=r) for r in (fit.low_m, fit.high_m))
        axes.fill_between(density, low, high, color=_PALE, lw=0, label="interval of the curve")
    curve = 100 * view.blocked_share(density, radius_m=fit.radius_m)
    spread = 1.6 * np.sin(np.arange(len(scans)) * 2.4)  # dots of one answer do not hide each other
    shown = np.clip(100 * scans["blocked_share"].to_numpy() + spread, 0, 100)
    axes.plot(scans["density_m2"], shown, ".", color=_SOFT_INK, alpha=0.3, ms=3, mew=0, label="scans")
    axes.plot(density, curve, color=_ACCENT, lw=1.8, label="model")
    observed = 100 * bins["observed"]
    reach = np.nan_to_num(
        np.abs(np.vstack([observed - 100 * bins["low"], 100 * bins["high"] - observed]).astype(float))
    )
    axes.errorbar(
        bins["density_m2"],
        observed,
        yerr=reach,
        fmt="o",
        color=_WARM,
        ms=4.5,
        lw=1.1,
        label="observed, binned",
    )
    axes.set(xlim=(0, most), ylim=(-3, 103), xlabel="people per m²")
    axes.set_title(f"{name}", loc="left", fontsize=_TITLE_PT)
    geometry = (
        f"face {view.bottom_m:g} to {view.bottom_m + view.height_m:g} m, seen from {view.distance_m:g} m"
    )
    axes.text(
        0, 1.005, geometry, transform=axes.transAxes, color=_SOFT_INK, fontsize=_TEXT_PT - 1, va="bottom"
    )
    axes.set_title(f"{name}", loc="left", fontsize=_TITLE_PT, pad=14)


def _dots_by_count(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    points, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    axes.scatter(points[:, 0], points[:, 1], s=12 * counts, color=_INK, alpha=0.45, lw=0)


def _coefficients(axes: Axes, rows: pd.DataFrame) -> None:
    table = rows.iloc[::-1]
    for place, (_, row) in enumerate(table.iterrows()):
        if not np.isfinite(row["value"]):
            axes.text(0.5, place, "not defined", va="center", ha="center", color=_SOFT_INK)
            continue
        if np.isfinite(row["low"]):
            axes.plot([row["low"], row["high"]], [place, place], color=_ACCENT, lw=2, alpha=0.5)
        axes.plot(row["value"], place, "o", color=_ACCENT, ms=5)
        axes.text(
            1.03, place, f"{row['value']:.2f}", va="center", transform=axes.get_yaxis_transform(), color=_INK
        )
    axes.set_yticks(range(len(table)), [STATISTIC_NAMES[name] for name in table["statistic"]])
    axes.tick_params(axis="y", length=0, labelcolor=_INK)
    lowest = min(0.0, float(np.nanmin(table[["value", "low"]].to_numpy(dtype=float))))
    axes.set(xlim=(lowest - 0.02, 1.02), ylim=(-0.6, len(table) - 0.4), xlabel="coefficient")
    axes.axvline(0, color=_SOFT_INK, lw=0.6)


def _confusion(
    axes: Axes, counts: NDArray[np.float64], labels: list[str], prevalence: NDArray[np.float64]
) -> None:
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for row, column in np.ndindex(*counts.shape):
        dark = share[row, column] > 0.55
        axes.text(
            column,
            row,
            f"{counts[row, column]:,.0f}",
            ha="center",
            va="center",
            color="white" if dark else _INK,
        )
    axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(length=0, labelcolor=_INK)
    axes.set(xlabel="second observer", ylabel="first observer")
    for place, value in enumerate(prevalence):
        axes.text(len(labels) - 0.4, place, f"{value:.0%}", va="center", color=_SOFT_INK)
    axes.text(len(labels) - 0.4, -0.75, "prevalence", color=_SOFT_INK, ha="left", va="center", clip_on=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _pairs(count: int) -> str:
    return f"{count:,} pair{'' if count == 1 else 's'} of sessions"


def _foot(figure: Figure, lines: list[str]) -> None:
    """Write what belongs under a figure, from the bottom up, and make room for it."""
    high = figure.get_size_inches()[1]
    step = 0.17 / high
    for number, line in enumerate(reversed(lines)):
        figure.text(0.02, (0.09 / high) + number * step, line, color=_SOFT_INK, fontsize=_TEXT_PT - 0.5)
    if figure.axes and len(figure.axes) > 0:
        figure.subplots_adjust(bottom=min(0.5, (0.75 + 0.17 * len(lines)) / high), top=1 - 0.45 / high)
