"""Gaze to fixations, saccades, blinks and losses; one algorithm per file."""

from gazestudy.events import ivt as _ivt  # noqa: F401  (importing it registers it)
from gazestudy.events import world_ivt as _world_ivt  # noqa: F401
from gazestudy.events.detect import detect_events
from gazestudy.events.registry import Detector, detector, list_detectors

__all__ = ["Detector", "detect_events", "detector", "list_detectors"]
