"""Mapped fixations to density maps: kernels, weights, densities."""

from gazestudy.heatmaps.density import density_map
from gazestudy.heatmaps.kernel import Kernel
from gazestudy.heatmaps.maps import HeatmapData, make_heatmap, opacity_map
from gazestudy.heatmaps.weights import WEIGHTINGS, fixation_weights

__all__ = [
    "WEIGHTINGS",
    "HeatmapData",
    "Kernel",
    "density_map",
    "fixation_weights",
    "make_heatmap",
    "opacity_map",
]
