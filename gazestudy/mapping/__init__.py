"""Scene gaze onto placements: one file per method."""

from gazestudy.mapping.gaze import SAMPLE_STATES, gaze_by_frame, map_fixations, map_gaze, unmapped_samples
from gazestudy.mapping.outline import visible_outline
from gazestudy.mapping.planar import PlanarParameters, map_frames
from gazestudy.mapping.references import Reference, texture_report
from gazestudy.mapping.registry import Mapper, get_mapper, list_mappers

__all__ = [
    "SAMPLE_STATES",
    "Mapper",
    "PlanarParameters",
    "Reference",
    "gaze_by_frame",
    "get_mapper",
    "list_mappers",
    "map_fixations",
    "map_frames",
    "map_gaze",
    "texture_report",
    "unmapped_samples",
    "visible_outline",
]
