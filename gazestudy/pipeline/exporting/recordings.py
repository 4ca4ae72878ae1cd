"""Recordings of a study for other programs, by pseudonym."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from gazestudy.errors import InputError
from gazestudy.exporters.targets import export_to
from gazestudy.model import Recording, RecordingMeta, Stream, StudyRecording
from gazestudy.pipeline.correcting import study_gaze
from gazestudy.pipeline.exporting.options import ExportOptions, Part
from gazestudy.pipeline.exporting.pseudonyms import Pseudonyms, names_of
from gazestudy.progress import Progress, raise_if_cancelled
from gazestudy.store import Study
from gazestudy.store.imported import PREFIX


def write_glassestools(
    study: Study, out: Path, options: ExportOptions, progress: Progress
) -> tuple[list[Part], list[str]]:
    """Write recordings for glassesTools, one folder each."""
    return _write_each(study, "glassestools", out, options, progress)


def write_pupil_cloud(
    study: Study, out: Path, options: ExportOptions, progress: Progress
) -> tuple[list[Part], list[str]]:
    """Write recordings for readers of Pupil Cloud's tables, one folder each."""
    return _write_each(study, "pupil-cloud", out, options, progress)


def _write_each(
    study: Study, target: str, out: Path, options: ExportOptions, progress: Progress
) -> tuple[list[Part], list[str]]:
    chosen = options.chosen(study)
    for recording in chosen:
        folder = out / recording.id
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(folder, "something is there already", advice="Choose another folder (--out)")
    progress.start(f"exporting to {target}", len(chosen))
    names = Pseudonyms({} if options.personal else names_of(study))
    done = []
    for recording in chosen:
        raise_if_cancelled(progress)
        events = study.current(recording.id, "events")
        whole = recording_of(study, recording, names, named=options.personal, corrected=options.corrected)
        lost = export_to(
            whole,
            out / recording.id,
            target,
            events=None if events is None else events.table("events"),
            copy_videos=options.video is not False,
        )
        if (correction := study.correction(recording.id)) is not None:
            text = f"gaze is as recorded, without correction {correction.id}; its gaze events are with it"
            said = f"correction {correction.id} is applied to gaze, which is not said"
            lost = [*lost, said if options.corrected else text]
        done.append(Part(recording.id, out / recording.id, len(whole.gaze), tuple(lost)))
        progress.advance()
    return done, names.told(personal=options.personal)


def recording_of(
    study: Study,
    recording: StudyRecording,
    names: Pseudonyms,
    *,
    named: bool = False,
    corrected: bool = False,
) -> Recording:
    """Return a recording of a study as importers give it.

    Parameters
    ----------
    study : Study
        The study.
    recording : StudyRecording
        Which recording.
    names : Pseudonyms
        Takes names out of its name, its facts, and the events that were written into it.
    named : bool, default False
        Label it with the participant's name, if one is known; otherwise with the pseudonym.
    corrected : bool, default False
        With the study's correction of gaze, where there is one.

    Returns
    -------
    Recording
        Streams are read when they are asked for.
    """
    facts, real_name = study.meta(recording.id), study.personal_data(recording.participant_id).name.strip()

    def load(stream: str) -> Stream:
        if stream == "gaze" and corrected:
            return Stream(study_gaze(study, recording.id))
        table = study.stream(recording.id, stream)
        return Stream(names.table(table) if stream == "events" else table)

    kept = [name for name in study.streams(recording.id) if not name.startswith(PREFIX)]
    return Recording(
        RecordingMeta(
            name=names.text(recording.name),
            device=recording.device,
            importer=recording.importer,
            importer_version=1,
            source=study.path,
            start_unix_ns=facts.get("start_unix_ns"),
            participant_label=(real_name if named else "") or recording.participant_id,
            extra=names.value(facts.get("extra", {})),
        ),
        clock=study.clock(recording.id),
        camera=study.camera(recording.id),
        videos=study.media(recording.id),
        loaders={name: partial(load, name) for name in kept},
    )
