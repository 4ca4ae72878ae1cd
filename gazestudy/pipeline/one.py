"""One recording and a few pictures, without a study: the short way from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError, ParameterError
from gazestudy.events.registry import get_detector
from gazestudy.model import Aoi, Creative, Placement, Recording
from gazestudy.model.study import PlacementKind
from gazestudy.pipeline.analysis import DETECTOR, Settings, detect, locate, measure, references_of
from gazestudy.pipeline.head import head_of_recording
from gazestudy.progress import SILENT, Progress

Picture = Path | str | NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class MappedRecording:
    """A recording whose gaze lies on placements.

    Attributes
    ----------
    name : str
        Name of the recording.
    placements : tuple of Placement
        Where gaze was mapped to.
    aois : tuple of Aoi
        AOIs on them.
    events : DataFrame
        Gaze events (contract `GAZE_EVENTS`).
    mapping : DataFrame
        Located placements per frame (contract `MAPPING`).
    gaze : DataFrame
        Samples on placements (contract `MAPPED_GAZE`).
    fixations : DataFrame
        Fixations on placements (contract `MAPPED_FIXATIONS`).
    exposures : DataFrame
        Times in view (contract `EXPOSURES`).
    metrics : DataFrame
        Attention metrics (contract `METRICS`).
    """

    name: str
    placements: tuple[Placement, ...]
    aois: tuple[Aoi, ...]
    events: pd.DataFrame
    mapping: pd.DataFrame
    gaze: pd.DataFrame
    fixations: pd.DataFrame
    exposures: pd.DataFrame
    metrics: pd.DataFrame

    def size_px(self, placement_id: str) -> tuple[int, int]:
        """Return width and height of the reference image of a placement, px."""
        for placement in self.placements:
            if placement.id == placement_id:
                return placement.size_px
        raise ParameterError("placement", placement_id, "one of " + ", ".join(p.id for p in self.placements))


def map_recording(
    recording: Recording,
    placements: Mapping[str, Picture | Sequence[Picture]],
    *,
    sizes_mm: Mapping[str, tuple[float, float]] | None = None,
    aois: Sequence[Aoi] = (),
    detector: str = DETECTOR,
    detector_parameters: Mapping[str, Any] | None = None,
    method: str = "planar",
    progress: Progress = SILENT,
    **parameters: Any,
) -> MappedRecording:
    """Locate placements in a recording, put its gaze and fixations onto them, and measure attention.

    Parameters
    ----------
    recording : Recording
        With a scene video.
    placements : mapping of str to picture
        Placement id to its flat picture: a file, or 8-bit luma or BGR; several for a digital placement.
    sizes_mm : mapping of str to (float, float), optional
        Physical width and height of placements, mm; needed for positions in mm and distances.
    aois : sequence of Aoi, optional
        Polygons on the placements, in reference px.
    detector : str, optional
        Gaze event detector.
    detector_parameters : mapping, optional
        What differs from the defaults of a study (`gazestudy.pipeline.analysis.Settings.detecting`).
    method : str, optional
        Mapping method.
    progress : Progress, optional
        Who is told, and who may ask to stop.
    **parameters
        What differs from the defaults of the mapping method.

    Returns
    -------
    MappedRecording
        All tables.

    Raises
    ------
    InputError
        If the recording has no scene video, or a picture is not readable.
    ParameterError
        For an unknown method or parameter.
    """
    if not recording.videos:
        raise InputError(
            recording.meta.source,
            "there is no scene video to map in",
            advice="Export it with the scene video",
        )
    made, references = [], []
    for placement_id, given in placements.items():
        several = [given] if isinstance(given, (str, Path, np.ndarray)) else list(given)
        images = [_read(picture) for picture in several]
        placement = _placement(placement_id, images, (sizes_mm or {}).get(placement_id))
        made.append(placement)
        references += references_of(placement, images)
    gaze, frames, camera = recording.gaze, recording.frames, recording.camera
    settings = Settings(detector, detector_parameters or {}, method, parameters)
    head = head_of_recording(recording, progress=progress) if get_detector(detector).uses_head else None
    events = detect(gaze, camera, detector, settings.detecting(), head)
    mapping = locate(recording.videos, frames, gaze, references, camera, settings, progress)
    tables = measure(
        recording.meta.name,
        "",
        placements=made,
        aois=aois,
        gaze=gaze,
        frames=frames,
        camera=camera,
        events=events,
        mapping=mapping,
        parameters={},
    )
    return MappedRecording(
        recording.meta.name,
        tuple(made),
        tuple(aois),
        events,
        mapping,
        tables["mapped_gaze"],
        tables["mapped_fixations"],
        tables["exposures"],
        tables["metrics"],
    )


def attention_metrics(mapped: MappedRecording | Sequence[MappedRecording]) -> pd.DataFrame:
    """Return the attention metrics of one or several mapped recordings.

    Parameters
    ----------
    mapped : MappedRecording or sequence of MappedRecording
        From `map_recording`.

    Returns
    -------
    DataFrame
        One row per recording and placement, and per AOI (contract `METRICS`).
    """
    several = [mapped] if isinstance(mapped, MappedRecording) else list(mapped)
    table = pd.concat([one.metrics for one in several], ignore_index=True)
    table.attrs.update(several[0].metrics.attrs)
    return table


def _read(picture: Picture) -> NDArray[np.uint8]:
    if isinstance(picture, np.ndarray):
        return picture
    path = Path(picture)
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise InputError(path, "is not a picture", expected="PNG, JPEG, WebP, BMP or TIFF")
    return np.asarray(image, dtype=np.uint8)


def _placement(
    placement_id: str, images: Sequence[NDArray[np.uint8]], size_mm: tuple[float, float] | None
) -> Placement:
    creatives = tuple(
        Creative(f"{placement_id}-{number}", placement_id, "", "", "", image.shape[1], image.shape[0])
        for number, image in enumerate(images, start=1)
    )
    width_mm, height_mm = size_mm or (None, None)
    kind: PlacementKind = "digital" if len(images) > 1 else "static"
    return Placement(placement_id, placement_id, creatives, kind, width_mm, height_mm)
