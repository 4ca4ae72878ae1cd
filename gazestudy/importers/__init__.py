"""Files from outside, read into the model."""

from gazestudy.importers.recordings import (
    generic_table,
    glassestools,
    pupil_cloud,
)  # they register themselves
from gazestudy.importers.recordings.columns import (
    ColumnMapping,
    Proposal,
    Validity,
    load_columns,
    propose_columns,
    save_columns,
)
from gazestudy.importers.registry import (
    Candidate,
    ImporterInfo,
    find_recordings,
    list_importers,
    read_candidate,
    read_recording,
)
from gazestudy.importers.report import ImportReport, StreamReport, build_report
from gazestudy.importers.video import SceneVideo

__all__ = [
    "Candidate",
    "ColumnMapping",
    "ImportReport",
    "ImporterInfo",
    "Proposal",
    "SceneVideo",
    "StreamReport",
    "Validity",
    "build_report",
    "find_recordings",
    "list_importers",
    "load_columns",
    "propose_columns",
    "read_candidate",
    "read_recording",
    "save_columns",
]

del generic_table, glassestools, pupil_cloud
