"""Files from outside, read into the model."""

import gazestudy.importers.recordings  # noqa: F401 - all formats register themselves
from gazestudy.importers.recordings.tables.choices import Choice
from gazestudy.importers.recordings.tables.mapping import (
    ColumnMapping,
    Proposal,
    Validity,
    load_columns,
    save_columns,
)
from gazestudy.importers.recordings.tables.proposals import propose_columns
from gazestudy.importers.registry import (
    Candidate,
    ImporterInfo,
    Place,
    ReadOptions,
    find_recordings,
    list_importers,
    read_candidate,
    read_recording,
    survey_places,
)
from gazestudy.importers.report import ImportReport, StreamReport, build_report
from gazestudy.importers.video import SceneVideo

__all__ = [
    "Candidate",
    "Choice",
    "ColumnMapping",
    "ImportReport",
    "ImporterInfo",
    "Place",
    "Proposal",
    "ReadOptions",
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
    "survey_places",
]
