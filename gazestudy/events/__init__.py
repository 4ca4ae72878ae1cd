"""Gaze to fixations, saccades, blinks and losses; one algorithm per file."""

from gazestudy.events import adaptive as _adaptive  # noqa: F401  (importing it registers it)
from gazestudy.events import engbert_kliegl as _engbert_kliegl  # noqa: F401
from gazestudy.events import i2mc as _i2mc  # noqa: F401
from gazestudy.events import idt as _idt  # noqa: F401
from gazestudy.events import ivt as _ivt  # noqa: F401
from gazestudy.events import pupil_core as _pupil_core  # noqa: F401
from gazestudy.events import slow_phase as _slow_phase  # noqa: F401
from gazestudy.events import vendor as _vendor  # noqa: F401
from gazestudy.events import world_ivt as _world_ivt  # noqa: F401

from gazestudy.events import presets as _presets  # noqa: F401  isort: skip
from gazestudy.events.detect import detect_events
from gazestudy.events.many import detect_events_many
from gazestudy.events.registry import Detector, detector, list_detectors

__all__ = ["Detector", "detect_events", "detect_events_many", "detector", "list_detectors"]
