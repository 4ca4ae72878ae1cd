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


def _expected(study: Study) -> Mapping[tuple[str | None, str], str]:
    """Return the keys that results would have, with the settings they were made with, if made now."""
    expected: dict[tuple[str | None, str], str] = {}
    for recording in study.recordings():
        for step in STEPS:
            current = study.current(recording.id, step)
            if current is not None:
                settings = Settings(**current.provenance["settings"])
                expected[recording.id, step] = step_keys(study, recording.id, settings)[step]
    return expected
