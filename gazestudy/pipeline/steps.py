"""The steps of a run and what each is made from.

A recording goes through three steps::

    gaze, camera, gyroscope, video ─> events ──┐
    gaze, camera, pictures, video ──> mapping ─┴─> attention (mapped gaze and fixations, exposures, ...)

The key of a result is the hash of the step's version, its parameters and the keys of what it was made from. A
result whose key is unchanged is not made again. AOIs and sizes enter attention only, names and segments enter
nothing, so editing them never repeats the mapping. What people, markers and vendors' programs say of mapping
enters attention, where `gazestudy.mapping.precedence` brings it together with our own; all are kept. A
correction of gaze enters events, and through them attention; mapping sees gaze as it was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gazestudy.model import StudyRecording, provenance_of
from gazestudy.pipeline.analysis import Settings, detect, locate, measure, references_of, size_mm
from gazestudy.pipeline.correcting import correction_key, note_correction, study_gaze
from gazestudy.pipeline.head import head_of, scene_of, turns_known
from gazestudy.pipeline.mapping_sources import other_mappings, others_key
from gazestudy.pipeline.picture_features import CACHE, PictureFeatures
from gazestudy.progress import SILENT, Progress
from gazestudy.store import Study, cache_key
from gazestudy.store.intake import joined_hash

STEPS = ("events", "mapping", "attention")

ROTATION = "rotation"
"""The rotation of the scene camera is a result of its own, but made as a part of the step "events"."""

_ATTENTION_VERSION = 8


def step_keys(study: Study, recording_id: str, settings: Settings) -> dict[str, str]:
    """Return the key that the result of each step has if it is up to date.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    settings : Settings
        Methods and parameters.

    Returns
    -------
    dict of str to str
        Step name to key.
    """
    from gazestudy.events.registry import get_detector
    from gazestudy.mapping import get_mapper

    camera = study.camera(recording_id)
    lens = camera.to_dict() if camera else None
    placements = study.placements()
    detector, mapper = get_detector(settings.detector), get_mapper(settings.mapper)
    events = cache_key(
        f"events.{detector.name}",
        detector.version,
        settings.detecting(),
        {
            "camera": lens,
            "gaze": study.stream_key(recording_id, ["gaze"]),
            **correction_key(study, recording_id),
            **(_head_key(study, recording_id) if detector.uses_head else {}),
        },
    )
    mapping = cache_key(
        f"mapping.{mapper.name}",
        mapper.version,
        settings.mapper_parameters,
        {
            "camera": lens,
            "streams": study.stream_key(recording_id, ["frames", "gaze"]),
            "video": study.media_key(recording_id),
            "pictures": [
                [
                    placement.id,
                    placement.copies,
                    [creative.sha256 for creative in placement.creatives],
                    *map(str, placement.facets),
                ]
                for placement in placements
            ],
        },
    )
    attention = cache_key(
        "attention",
        _ATTENTION_VERSION,
        settings.attention_parameters,
        {
            "events": events,
            "mapping": mapping,
            "sizes": [[placement.id, size_mm(placement)] for placement in placements],
            "aois": [[aoi.id, aoi.placement_id, aoi.points_px] for aoi in study.aois()],
            **others_key(study, recording_id, use_imported=settings.prefer_imported),
        },
    )
    return {"events": events, "mapping": mapping, "attention": attention}


def _scene_key(study: Study, recording_id: str) -> str:
    """Return the key of the rotation of the scene camera, empty where there is no video or no calibration."""
    from gazestudy.events.head_motion import SCENE_VERSION

    camera = study.camera(recording_id)
    if camera is None or study.media_key(recording_id) == joined_hash([]):
        return ""
    made_from = {
        "camera": camera.to_dict(),
        "streams": study.stream_key(recording_id, ["frames", "imu"]),  # with a gyroscope, excerpts do
        "video": study.media_key(recording_id),
    }
    return cache_key(ROTATION, SCENE_VERSION, {}, made_from)


def _head_key(study: Study, recording_id: str) -> dict[str, Any]:
    """Return what the head's motion adds to a key: what it is computed from, and how."""
    from gazestudy.events.head_motion import VERSION

    return {
        "head": VERSION,
        "imu": study.stream_key(recording_id, ["imu"]),
        "device": study.recording(recording_id).device,
        "scene": _scene_key(study, recording_id),
    }


def detect_recording(
    study: Study, recording_id: str, settings: Settings, *, progress: Progress = SILENT
) -> pd.DataFrame:
    """Find the gaze events of one recording of a study.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    settings : Settings
        Method and parameters.

    Returns
    -------
    DataFrame
        Contract `GAZE_EVENTS`.
    """
    from gazestudy.events.registry import get_detector

    gaze, camera = study_gaze(study, recording_id), study.camera(recording_id)
    head = None
    if get_detector(settings.detector).uses_head:
        imu, device = study.stream(recording_id, "imu"), study.recording(recording_id).device
        head = head_of(gaze, camera, imu, device, _scene(study, recording_id, imu, progress))
    events = detect(gaze, camera, settings.detector, settings.detecting(), head)
    return note_correction(study, recording_id, events)


def _scene(study: Study, recording_id: str, imu: pd.DataFrame, progress: Progress) -> pd.DataFrame | None:
    """Return the rotation of the scene camera, kept as a result of its own: it takes longest."""
    key, camera = _scene_key(study, recording_id), study.camera(recording_id)
    if not key or camera is None:
        return None
    if study.derived(recording_id, ROTATION, key) is not None:
        return study.derived_table(recording_id, ROTATION, key, "rotation")
    frames, videos = study.stream(recording_id, "frames"), study.media(recording_id)
    table = scene_of(videos, frames, camera, whole=not turns_known(imu), progress=progress)
    study.write_derived(
        recording_id, ROTATION, key, {"rotation": table}, provenance=provenance_of(table) or {}
    )
    return table


def map_recording_of(
    study: Study, recording_id: str, settings: Settings, *, progress: Progress = SILENT
) -> pd.DataFrame:
    """Locate the placements in the scene video of one recording of a study.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    settings : Settings
        Method and parameters.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    DataFrame
        Contract `MAPPING`.

    Raises
    ------
    StudyDamagedError
        If a scene video is not there.
    """
    references = [
        reference
        for placement in study.placements()
        for reference in references_of(placement, [study.placement_image(c) for c in placement.creatives])
    ]
    return locate(
        study.media(recording_id),
        study.stream(recording_id, "frames"),
        study.stream(recording_id, "gaze"),
        references,
        study.camera(recording_id),
        settings,
        progress,
        known=PictureFeatures(study.path / CACHE),
    )


def measure_recording(
    study: Study,
    recording: StudyRecording,
    keys: Mapping[str, str],
    settings: Settings,
    *,
    progress: Progress = SILENT,
) -> dict[str, pd.DataFrame]:
    """Make the attention tables of one recording of a study from its events and mapping.

    Parameters
    ----------
    study : Study
        The study.
    recording : StudyRecording
        Which recording.
    keys : mapping
        Keys of its results.
    settings : Settings
        Parameters.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    dict of str to DataFrame
        "metrics", "creatives", "mapped_gaze", "mapped_fixations", "exposures", "visits".
    """
    return measure(
        recording.id,
        recording.participant_id,
        placements=study.placements(),
        aois=study.aois(),
        gaze=study_gaze(study, recording.id),
        frames=study.stream(recording.id, "frames"),
        camera=study.camera(recording.id),
        events=study.derived_table(recording.id, "events", keys["events"], "events"),
        mapping=study.derived_table(recording.id, "mapping", keys["mapping"], "mapping"),
        parameters=settings.attention_parameters,
        others=other_mappings(study, recording.id, use_imported=settings.prefer_imported, progress=progress),
    )
