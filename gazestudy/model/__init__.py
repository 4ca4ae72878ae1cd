"""What a study is made of: frozen data classes and table contracts (numpy and pandas only)."""

from gazestudy.model.camera import Camera
from gazestudy.model.clock import Clock
from gazestudy.model.facets import Facet
from gazestudy.model.provenance import Provenance, provenance_of
from gazestudy.model.recording import CONTRACTS, Finding, Recording, RecordingMeta, SourceFile, Stream
from gazestudy.model.study import Aoi, Creative, Participant, Placement, StudyRecording
from gazestudy.model.tables import Column, TableContract, categorical
from gazestudy.model.timing import frame_on_show, sample_durations_ns

__all__ = [
    "CONTRACTS",
    "Aoi",
    "Camera",
    "Clock",
    "Column",
    "Creative",
    "Facet",
    "Finding",
    "Participant",
    "Placement",
    "Provenance",
    "Recording",
    "RecordingMeta",
    "SourceFile",
    "Stream",
    "StudyRecording",
    "TableContract",
    "categorical",
    "frame_on_show",
    "provenance_of",
    "sample_durations_ns",
]
