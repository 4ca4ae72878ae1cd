"""Whether a study is sound, results included."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gazestudy.pipeline.analysis import Settings
from gazestudy.pipeline.steps import STEPS, step_keys
from gazestudy.progress import SILENT, Progress
from gazestudy.store import Problem, Study
from gazestudy.store import check_study as check_store


def check_study(path: Path, *, full: bool = False, progress: Progress = SILENT) -> list[Problem]:
    """Verify files, links and results of a study.

    Parameters
    ----------
    path : Path
        Study folder.
    full : bool, optional
        Also read scene videos to verify their hashes.
    progress : Progress, optional
        Who is told.

    Returns
    -------
    list of Problem
        Empty for a study in which all is as it should be.
    """
    return list(check_store(path, full=full, expected_keys=_expected, progress=progress))


def is_out_of_date(study: Study, recording_id: str) -> bool:
    """Return whether inputs changed since the results of a recording were made.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    bool
        True where running the study again, with the same settings, would make another result.
    """
    for (_, step), key in _expected_of(study, recording_id).items():
        found = study.current(recording_id, step)
        if found is not None and found.key != key:
            return True
    return False


def _expected(study: Study) -> Mapping[tuple[str | None, str], str]:
    """Return the keys that results would have, with the settings they were made with, if made now."""
    expected: dict[tuple[str | None, str], str] = {}
    for recording in study.recordings():
        expected |= _expected_of(study, recording.id)
    return expected


def _expected_of(study: Study, recording_id: str) -> dict[tuple[str | None, str], str]:
    expected: dict[tuple[str | None, str], str] = {}
    for step in STEPS:
        current = study.current(recording_id, step)
        if current is not None:
            settings = Settings(**current.provenance["settings"])
            expected[recording_id, step] = step_keys(study, recording_id, settings)[step]
    return expected
