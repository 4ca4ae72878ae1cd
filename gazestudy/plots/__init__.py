"""Figures of results, drawn without a window."""

from gazestudy.plots.fonts import families_for, missing_scripts
from gazestudy.plots.heatmap import draw_heatmap, figure_bytes

__all__ = ["draw_heatmap", "families_for", "figure_bytes", "missing_scripts"]
