"""The steps of a run and what each is made from.

A recording goes through three steps::

    gaze, camera ──────> events ──┐
    video, pictures ─> mapping ───┴─> attention (mapped gaze and fixations, exposures, visits, metrics)

The key of a result is the hash of the step's version, its parameters and the keys of what it was made from. A
result whose key is unchanged is not made again. AOIs and sizes enter attention only, names and segments enter
nothing, so editing them never repeats the mapping.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gazestudy.model import StudyRecording
from gazestudy.pipeline.analysis import Settings, detect, locate, measure, references_of, size_mm
from gazestudy.progress import SILENT, Progress
from gazestudy.store import Study, cache_key

STEPS = ("events", "mapping", "attention")

_ATTENTION_VERSION = 4


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
        {"camera": lens, "gaze": study.stream_key(recording_id, ["gaze"])},
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
                [placement.id, placement.copies, [creative.sha256 for creative in placement.creatives]]
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
        },
    )
    return {"events": events, "mapping": mapping, "attention": attention}


def detect_recording(study: Study, recording_id: str, settings: Settings) -> pd.DataFrame:
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
    gaze, camera = study.stream(recording_id, "gaze"), study.camera(recording_id)
    return detect(gaze, camera, settings.detector, settings.detecting())


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
    )


def measure_recording(
    study: Study, recording: StudyRecording, keys: Mapping[str, str], settings: Settings
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

    Returns
    -------
    dict of str to DataFrame
        "metrics", "mapped_gaze", "mapped_fixations", "exposures", "visits".
    """
    return measure(
        recording.id,
        recording.participant_id,
        placements=study.placements(),
        aois=study.aois(),
        gaze=study.stream(recording.id, "gaze"),
        frames=study.stream(recording.id, "frames"),
        camera=study.camera(recording.id),
        events=study.derived_table(recording.id, "events", keys["events"], "events"),
        mapping=study.derived_table(recording.id, "mapping", keys["mapping"], "mapping"),
        parameters=settings.attention_parameters,
    )
