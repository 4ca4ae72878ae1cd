"""Gaze events, mapping and attention of one recording, from tables and videos, in a study or without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model import Aoi, Camera, Placement
from gazestudy.model.parameters import make_parameters
from gazestudy.progress import SILENT, Progress

if TYPE_CHECKING:
    from gazestudy.mapping import Reference
    from gazestudy.pipeline.mapping_sources import OtherMappings
    from gazestudy.pipeline.picture_features import PictureFeatures

WALKING_IVT: Mapping[str, Any] = {
    "threshold_deg_s": 100.0,
    "max_gap_ms": 0.0,
    "noise_reduction": "median",
    "noise_window_samples": 3,
}
"""What a study sets I-VT to: Tobii's "I-VT (Attention)" for glasses. People walk and turn their heads, and
gaze that rests on a poster then moves through the scene image at head speed; the 30 deg/s of a seated viewer
would break such looks into pieces too short to count. The usual detector of a study, `DETECTOR`, takes the
head's turning out instead."""

DETECTOR = "world_ivt"
"""What a study finds gaze events with; without a calibration of the scene camera it is I-VT in pixels."""

_ASSUMED_FIELD_DEG = 80.0
"""Horizontal field of view taken where there is no calibration: wearables lie between 63 and 103 deg."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Methods and parameters of a run.

    Parameters that are not given keep the documented defaults of their method; I-VT is set to `WALKING_IVT`.

    Attributes
    ----------
    detector, mapper : str
        Names of the methods.
    detector_parameters, mapper_parameters, attention_parameters : dict
        What differs from the defaults.
    prefer_imported : bool
        A mapping that a person imported for a recording and placement takes the place of our own.
    """

    detector: str = DETECTOR
    detector_parameters: Mapping[str, Any] = field(default_factory=dict)
    mapper: str = "planar"
    mapper_parameters: Mapping[str, Any] = field(default_factory=dict)
    attention_parameters: Mapping[str, Any] = field(default_factory=dict)
    prefer_imported: bool = True

    def detecting(self) -> dict[str, Any]:
        """Return the parameters of the detector that differ from its own defaults."""
        usual = WALKING_IVT if self.detector == "ivt" else {}
        return {**usual, **self.detector_parameters}

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


def detect(
    gaze: pd.DataFrame,
    camera: Camera | None,
    method: str,
    parameters: Mapping[str, Any],
    head: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find gaze events; without a calibration in pixels, which the provenance flags.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`.
    camera : Camera or None
        Scene camera.
    method : str
        Detector.
    parameters : mapping
        What differs from its defaults.
    head : DataFrame, optional
        How the head turns, from `gazestudy.pipeline.head.head_of`.

    Returns
    -------
    DataFrame
        Contract `GAZE_EVENTS`.

    Notes
    -----
    Without a calibration the head's turning cannot be taken out: `DETECTOR` becomes I-VT with `WALKING_IVT`,
    and the angular threshold one in pixels, on a lens that shows 80 deg from the left edge to the rightmost
    gaze sample.
    """
    from gazestudy.events import detect_events

    given = dict(parameters)
    if not has_angles(gaze, camera):
        if method == DETECTOR:
            method, given = "ivt", {**WALKING_IVT, **given}
        if method == "ivt" and "threshold_px_s" not in given:
            width_px = float(np.nanmax(gaze["x_px"].to_numpy(), initial=1.0))
            threshold_deg_s = float(given.get("threshold_deg_s", 30.0))
            given["threshold_px_s"] = round(threshold_deg_s * width_px / _ASSUMED_FIELD_DEG, 1)
    return detect_events(gaze, method, camera=camera, head=head, **given)


def has_angles(gaze: pd.DataFrame, camera: Camera | None) -> bool:
    """Return True if directions of gaze are known: by columns, or by a calibration of the scene camera."""
    columns = set(gaze.columns)
    return camera is not None or {"x_deg", "y_deg"} <= columns or {"azimuth_deg", "elevation_deg"} <= columns


def locate(
    videos: Sequence[Path],
    frames: pd.DataFrame,
    gaze: pd.DataFrame,
    references: Sequence[Reference],
    camera: Camera | None,
    settings: Settings,
    progress: Progress = SILENT,
    *,
    known: PictureFeatures | None = None,
) -> pd.DataFrame:
    """Locate placements in a scene video by a named method.

    Parameters
    ----------
    videos : sequence of Path
        Scene video files.
    frames, gaze : DataFrame
        Contracts `FRAMES` and `GAZE`; what people look at is searched for most carefully.
    references : sequence of Reference
        Pictures of the placements.
    camera : Camera or None
        Scene camera.
    settings : Settings
        Method and parameters.
    progress : Progress, optional
        Who is told, and who may ask to stop.
    known : PictureFeatures, optional
        Features of pictures that were found for other recordings.

    Returns
    -------
    DataFrame
        Contract `MAPPING`.

    Raises
    ------
    ParameterError
        For a method or parameter that does not exist.
    """
    from gazestudy.mapping import gaze_by_frame, get_mapper

    mapper = get_mapper(settings.mapper)
    parameters = make_parameters(mapper.parameters, settings.mapper_parameters, method=mapper.name)
    return mapper.run(
        Pictures(videos, frames),
        references,
        camera,
        parameters=parameters,
        gaze_px=gaze_by_frame(gaze, frames),
        known=known,
        progress=progress,
    )


def measure(
    recording_id: str,
    participant_id: str,
    *,
    placements: Sequence[Placement],
    aois: Sequence[Aoi],
    gaze: pd.DataFrame,
    frames: pd.DataFrame,
    camera: Camera | None,
    events: pd.DataFrame,
    mapping: pd.DataFrame,
    parameters: Mapping[str, Any],
    others: OtherMappings | None = None,
) -> dict[str, pd.DataFrame]:
    """Put gaze and fixations onto placements and measure attention.

    Parameters
    ----------
    recording_id, participant_id : str
        Which recording of whom.
    placements : sequence of Placement
        All placements of the study.
    aois : sequence of Aoi
        AOIs on them.
    gaze, frames, events, mapping : DataFrame
        Tables of the recording (contracts `GAZE`, `FRAMES`, `GAZE_EVENTS`, `MAPPING`).
    camera : Camera or None
        Scene camera.
    parameters : mapping
        What differs from the defaults of `MetricParameters`.
    others : OtherMappings, optional
        What people, markers and vendors' programs say; `gazestudy.mapping.precedence` has the order.

    Returns
    -------
    dict of str to DataFrame
        "metrics", "creatives", "mapped_gaze", "mapped_fixations", "exposures", "visits".
    """
    from gazestudy.attention import MetricParameters, add_viewing, attention_tables, creative_metrics
    from gazestudy.mapping import map_fixations
    from gazestudy.mapping.precedence import fixation_sources
    from gazestudy.pipeline.mapping_sources import NOTHING_ELSE, map_by_all

    located = map_by_all(gaze, frames, mapping, placements, camera, others or NOTHING_ELSE)
    mapping, mapped_gaze, states = located.mapping, located.mapped_gaze, located.states
    mapped_fixations = map_fixations(_looks(events), gaze, mapped_gaze, placements, states=states)
    mapped_fixations = fixation_sources(mapped_fixations, mapped_gaze)
    given: dict[str, Any] = {
        "placements": placements,
        "frames": frames,
        "mapping": mapping,
        "gaze": gaze,
        "mapped_gaze": mapped_gaze,
        "mapped_fixations": mapped_fixations,
        "camera": camera,
        "parameters": make_parameters(MetricParameters, parameters, method="attention"),
    }
    tables = attention_tables(recording_id, participant_id, aois=aois, **given)
    return {
        "metrics": tables.metrics,
        "creatives": creative_metrics(recording_id, participant_id, **given),
        "mapped_gaze": mapped_gaze,
        "mapped_fixations": add_viewing(mapped_fixations, mapping, placements, camera),
        "exposures": tables.exposures,
        "visits": tables.visits,
    }


def _looks(events: pd.DataFrame) -> pd.DataFrame:
    """Return gaze events with pursuits as fixations: both are looks, and both are dwell."""
    if not (events["kind"] == "pursuit").any():
        return events
    kind = events["kind"].where(events["kind"] != "pursuit", "fixation")
    return events.assign(kind=kind)


class Pictures:
    """The real frames of a recording, decoded to luma in order as they are asked for.

    Parameters
    ----------
    videos : sequence of Path
        Scene video files.
    frames : DataFrame
        Contract `FRAMES`; fillers and gaps are left out.
    """

    def __init__(self, videos: Sequence[Path], frames: pd.DataFrame) -> None:
        self._videos, self._frames = videos, frames
        self._real = (frames["kind"] == "real").to_numpy()

    def __len__(self) -> int:
        return int(self._real.sum())

    def __iter__(self) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
        """Yield frame number, time in ns, and picture (height, width)."""
        from gazestudy.importers import SceneVideo

        t_ns, video_of = self._frames["t_ns"].to_numpy(), self._frames["video"].to_numpy()
        index_of = self._frames["index"].to_numpy()
        for number, path in enumerate(self._videos):
            rows = np.flatnonzero(self._real & (video_of == number))
            if len(rows) == 0:
                continue
            first, last = int(index_of[rows].min()), int(index_of[rows].max())
            row_of = np.full(last - first + 1, -1, dtype=np.int64)
            row_of[index_of[rows] - first] = rows
            with SceneVideo([path]) as video:
                for index, luma in video.frames(start=first, stop=last + 1):
                    row = int(row_of[index - first])
                    if row >= 0:
                        yield row, int(t_ns[row]), luma


def references_of(placement: Placement, images: Sequence[NDArray[np.uint8]]) -> list[Reference]:
    """Return the pictures of a placement, ready for mapping.

    Parameters
    ----------
    placement : Placement
        The placement.
    images : sequence of ndarray of uint8
        One for each creative, luma or BGR.

    Returns
    -------
    list of Reference
        One for each creative, or for each of its facets.
    """
    from gazestudy.mapping import Reference
    from gazestudy.mapping.references import cut_apart

    whole = [
        Reference(
            placement.id,
            creative.id,
            image,
            copies=placement.copies,
            size_mm=size_mm(placement),
            changes=placement.kind == "digital",
        )
        for creative, image in zip(placement.creatives, images, strict=True)
    ]
    return cut_apart(whole, placement.facets) if placement.facets else whole


def size_mm(placement: Placement) -> tuple[float, float] | None:
    """Return width and height of a placement, or None where one of them is not known."""
    if placement.width_mm is None or placement.height_mm is None:
        return None
    return placement.width_mm, placement.height_mm
