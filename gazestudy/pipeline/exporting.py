"""Recordings of a study for other programs, by pseudonym."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gazestudy.errors import InputError
from gazestudy.exporters.targets import TARGETS, export_to
from gazestudy.model import Recording, RecordingMeta, Stream, StudyRecording
from gazestudy.pipeline.correcting import study_gaze
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study
from gazestudy.store.imported import PREFIX
from gazestudy.store.intake import without_name

__all__ = ["TARGETS", "Exported", "export_study", "recording_of"]


@dataclass(frozen=True, slots=True)
class Exported:
    """One recording that was written.

    Attributes
    ----------
    recording_id : str
        Which.
    folder : Path
        Where it is.
    samples : int
        Gaze samples of the recording.
    lost : tuple of str
        What the format cannot hold, in words.
    """

    recording_id: str
    folder: Path
    samples: int
    lost: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "recording": self.recording_id,
            "folder": str(self.folder),
            "samples": self.samples,
            "lost": list(self.lost),
        }


def export_study(
    study: Study,
    target: str,
    out: Path,
    *,
    recordings: Sequence[str] | None = None,
    names: bool = False,
    copy_videos: bool = True,
    corrected: bool = False,
    progress: Progress = SILENT,
) -> list[Exported]:
    """Write recordings of a study in the format of another program, one folder each.

    Parameters
    ----------
    study : Study
        The study.
    target : str
        "glassestools" or "pupil-cloud".
    out : Path
        Where the folders are made, named by the recordings' ids.
    recordings : sequence of str, optional
        Which recordings; None: all.
    names : bool, default False
        Write the names of participants where the format has a place for them; otherwise pseudonyms.
    copy_videos : bool, default True
        Copy the scene videos along.
    corrected : bool, default False
        Write gaze with the study's correction of offset and drift, where there is one; otherwise as recorded.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    list of Exported
        One for each recording, with what could not be held.

    Raises
    ------
    ParameterError
        If there is no such target.
    StudyError
        If there is no such recording.
    InputError
        If something is in one of the folders already; nothing is written then.
    """
    chosen = study.recordings() if recordings is None else [study.recording(name) for name in recordings]
    for recording in chosen:
        folder = out / recording.id
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(folder, "something is there already", advice="Choose another folder (--out)")
    progress.start(f"exporting to {target}", len(chosen))
    done = []
    for recording in chosen:
        raise_if_cancelled(progress)
        events = study.current(recording.id, "events")
        whole = recording_of(study, recording, names=names, corrected=corrected)
        lost = export_to(
            whole,
            out / recording.id,
            target,
            events=None if events is None else events.table("events"),
            copy_videos=copy_videos,
        )
        if (correction := study.correction(recording.id)) is not None:
            text = f"gaze is as recorded, without correction {correction.id}; its gaze events are with it"
            lost = [
                *lost,
                f"correction {correction.id} is applied to gaze, which is not said" if corrected else text,
            ]
        done.append(Exported(recording.id, out / recording.id, len(whole.gaze), tuple(lost)))
        progress.advance()
    return done


def recording_of(
    study: Study, recording: StudyRecording, *, names: bool = False, corrected: bool = False
) -> Recording:
    """Return a recording of a study as importers give it.

    Parameters
    ----------
    study : Study
        The study.
    recording : StudyRecording
        Which recording.
    names : bool, default False
        Label it with the participant's name, if one is known; otherwise with the pseudonym, which also takes
        the place of the name in the events that were written into the recording.
    corrected : bool, default False
        With the study's correction of gaze, where there is one.

    Returns
    -------
    Recording
        Streams are read when they are asked for.
    """
    facts, real_name = study.meta(recording.id), study.personal_data(recording.participant_id).name.strip()
    pseudonym = recording.participant_id

    def load(stream: str) -> Stream:
        if stream == "gaze" and corrected:
            return Stream(study_gaze(study, recording.id))
        table = study.stream(recording.id, stream)
        if stream == "events" and not names and real_name:
            table = table.assign(
                name=[without_name(text, real_name, pseudonym) for text in table["name"]]
            ).astype({"name": "str"})
        return Stream(table)

    kept = [name for name in study.streams(recording.id) if not name.startswith(PREFIX)]
    return Recording(
        RecordingMeta(
            name=recording.name,
            device=recording.device,
            importer=recording.importer,
            importer_version=1,
            source=study.path,
            start_unix_ns=facts.get("start_unix_ns"),
            participant_label=(real_name if names else "") or pseudonym,
            extra=facts.get("extra", {}),
        ),
        clock=study.clock(recording.id),
        camera=study.camera(recording.id),
        videos=study.media(recording.id),
        loaders={name: partial(load, name) for name in kept},
    )
