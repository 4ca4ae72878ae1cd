"""Mapped gaze to AOI hits, exposures, visits and attention metrics."""

from gazestudy.attention.creatives import creative_metrics
from gazestudy.attention.exposures import find_exposures, viewing_geometry
from gazestudy.attention.hits import aoi_hits
from gazestudy.attention.imported import (
    corner_residuals,
    match_times,
    placement_shares,
)
from gazestudy.attention.metrics import AttentionTables, MetricParameters, attention_tables
from gazestudy.attention.summary import summarise
from gazestudy.attention.viewing import add_viewing
from gazestudy.attention.visits import find_visits

__all__ = [
    "AttentionTables",
    "MetricParameters",
    "add_viewing",
    "aoi_hits",
    "attention_tables",
    "corner_residuals",
    "creative_metrics",
    "find_exposures",
    "find_visits",
    "match_times",
    "placement_shares",
    "summarise",
    "viewing_geometry",
]
