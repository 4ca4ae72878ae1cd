"""Figures of results, drawn without a window."""

from gazestudy.plots.captions import CaptionedFigure
from gazestudy.plots.difference import draw_difference
from gazestudy.plots.fonts import families_for, missing_scripts
from gazestudy.plots.funnel import draw_funnel
from gazestudy.plots.heatmap import draw_heatmap, figure_bytes, figure_pixels
from gazestudy.plots.survival import draw_survival

__all__ = [
    "CaptionedFigure",
    "draw_difference",
    "draw_funnel",
    "draw_heatmap",
    "draw_survival",
    "families_for",
    "figure_bytes",
    "figure_pixels",
    "missing_scripts",
]
