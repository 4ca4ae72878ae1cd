"""gazestudy: wearable eye tracking and field observation for out-of-home advertising.

>>> import gazestudy as gs
>>> gs.detect_events.__name__
'detect_events'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gazestudy.events import detect_events, detect_events_many
    from gazestudy.heatmaps import density_map
    from gazestudy.importers import read_recording
    from gazestudy.pipeline.one import MappedRecording, attention_metrics, map_recording
    from gazestudy.store import Study, create_study, open_study

__version__ = "0.1.0"

__all__ = [
    "MappedRecording",
    "Study",
    "__version__",
    "attention_metrics",
    "create_study",
    "density_map",
    "detect_events",
    "detect_events_many",
    "map_recording",
    "open_study",
    "read_recording",
]

_HOMES = {
    "MappedRecording": "gazestudy.pipeline.one",
    "Study": "gazestudy.store",
    "attention_metrics": "gazestudy.pipeline.one",
    "create_study": "gazestudy.store",
    "density_map": "gazestudy.heatmaps",
    "detect_events": "gazestudy.events",
    "detect_events_many": "gazestudy.events",
    "map_recording": "gazestudy.pipeline.one",
    "open_study": "gazestudy.store",
    "read_recording": "gazestudy.importers",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import gazestudy` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gazestudy' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
