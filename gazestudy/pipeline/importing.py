"""Brings recordings from outside into a study, each with its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gazestudy.errors import InputError
from gazestudy.importers import Candidate, ReadOptions, build_report, find_recordings, read_candidate
from gazestudy.model import Recording, StudyRecording
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study

_CUT_OFF = ("truncated_line", "zero_bytes")
"""Findings of files that end too early."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One recording that came in.

    Attributes
    ----------
    recording : StudyRecording
        As the study keeps it.
    report : dict
        What was counted, checked, skipped and found wrong.
    text : str
        The same for people.
    """

    recording: StudyRecording
    report: dict[str, Any]
    text: str


def import_path(
    study: Study,
    path: Path,
    *,
    participant_id: str = "",
    segment: str = "",
    daypart: str = "",
    importer: str | None = None,
    options: ReadOptions | None = None,
    copy_video: bool = True,
    salvage: bool = False,
    progress: Progress = SILENT,
) -> list[Imported]:
    """Import every recording that lies at `path`.

    Parameters
    ----------
    study : Study
        Open for writing.
    path : Path
        A recording folder, a folder or zip with several recordings, or a table.
    participant_id : str, optional
        Pseudonym of the person; empty: the next free one ("P01", "P02", ...) for each recording.
    segment, daypart : str, optional
        Group of the participant; when in the day.
    importer : str, optional
        Use this importer instead of asking all of them.
    options : ReadOptions, optional
        How to read: column mapping, gaze source, least confidence, video or calibration from elsewhere.
    copy_video : bool, optional
        Copy the scene video into the study, or refer to where it lies.
    salvage : bool, optional
        Import what can be read of damaged recordings too; otherwise they are refused.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    list of Imported
        One for each recording, in the order of their names.

    Raises
    ------
    InputError
        If a recording cannot be used or is damaged; recordings imported before it stay.
    """
    candidates = find_recordings(path, importer=importer, options=options)
    progress.start(f"importing {path.name}", len(candidates))
    done = []
    for candidate in candidates:
        raise_if_cancelled(progress)
        done.append(
            import_candidate(
                study,
                candidate,
                participant_id=participant_id,
                segment=segment,
                daypart=daypart,
                options=options,
                copy_video=copy_video,
                salvage=salvage,
                progress=progress,
            )
        )
        progress.advance()
    return done


def import_candidate(
    study: Study,
    candidate: Candidate,
    *,
    participant_id: str = "",
    segment: str = "",
    daypart: str = "",
    options: ReadOptions | None = None,
    copy_video: bool = True,
    salvage: bool = False,
    progress: Progress = SILENT,
) -> Imported:
    """Import one recording that was found.

    Parameters
    ----------
    study : Study
        Open for writing.
    candidate : Candidate
        From `gazestudy.importers.find_recordings` or `survey_places`.
    participant_id, segment, daypart, options, copy_video, salvage, progress
        As in `import_path`.

    Returns
    -------
    Imported
        The recording and its report.

    Raises
    ------
    InputError
        If it cannot be used or is damaged.
    StudyError
        If the study has it already.
    """
    recording = read_candidate(candidate, options=options)
    report = build_report(recording)
    if not salvage:
        _refuse_damage(recording)
    stored = study.add_recording(
        recording,
        participant_id=participant_id or next_pseudonym(study),
        segment=segment,
        daypart=daypart,
        report=report.to_dict(),
        copy_video=copy_video,
        progress=progress,
    )
    return Imported(stored, report.to_dict(), str(report))


def _refuse_damage(recording: Recording) -> None:
    """Stop before anything is written if files of the recording are broken."""
    damage = [
        finding.message
        for finding in recording.findings()
        if finding.severity == "problem" or finding.code in _CUT_OFF
    ]
    if damage:
        raise InputError(
            recording.meta.source,
            "the recording is damaged: " + "; ".join(damage),
            advice="Copy or export it again, or import what can be read of it with --salvage",
        )


def next_pseudonym(study: Study) -> str:
    """Return the first of P01, P02, ... that nobody in the study has."""
    taken = {participant.id for participant in study.participants()}
    number = 1
    while f"P{number:02d}" in taken:
        number += 1
    return f"P{number:02d}"
