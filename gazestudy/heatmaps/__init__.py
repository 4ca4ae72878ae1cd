"""Mapped fixations to density maps: kernels, weights, densities, and what differs between groups."""

from gazestudy.heatmaps.comparison import MapComparison, Region, compare_maps
from gazestudy.heatmaps.density import density_map
from gazestudy.heatmaps.kernel import Kernel
from gazestudy.heatmaps.maps import HeatmapData, make_heatmap, opacity_map
from gazestudy.heatmaps.person_maps import PersonMaps, person_maps
from gazestudy.heatmaps.weights import WEIGHTINGS, fixation_weights

__all__ = [
    "WEIGHTINGS",
    "HeatmapData",
    "Kernel",
    "MapComparison",
    "PersonMaps",
    "Region",
    "compare_maps",
    "density_map",
    "fixation_weights",
    "make_heatmap",
    "opacity_map",
    "person_maps",
]
