"""Files from outside, read into the model."""

from gazestudy.importers.recordings import pupil_cloud as _pupil_cloud  # registers itself
from gazestudy.importers.registry import (
    Candidate,
    ImporterInfo,
    find_recordings,
    list_importers,
    read_candidate,
    read_recording,
)
from gazestudy.importers.video import SceneVideo

__all__ = [
    "Candidate",
    "ImporterInfo",
    "SceneVideo",
    "find_recordings",
    "list_importers",
    "read_candidate",
    "read_recording",
]

del _pupil_cloud
