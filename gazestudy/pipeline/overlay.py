"""The scene video of a recording with gaze, placements and events drawn onto it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.exporters.video import VideoSettings, write_video
from gazestudy.importers.video import SceneVideo
from gazestudy.pipeline.correcting import study_gaze
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study

if TYPE_CHECKING:
    from gazestudy.plots.overlay import Outline

Picture = NDArray[np.uint8]

_TRAIL_NS = 150_000_000


@dataclass(frozen=True, slots=True)
class Overlay:
    """One video that was written.

    Attributes
    ----------
    recording_id : str
        Of which recording.
    file : Path
        The video.
    frames : int
        Pictures in it.
    face_frames : int
        Pictures in which a face was covered; -1 if faces were not searched.
    notes : tuple of str
        What is not drawn, and why.
    """

    recording_id: str
    file: Path
    frames: int
    face_frames: int
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "recording": self.recording_id,
            "file": str(self.file),
            "frames": self.frames,
            "face_frames": self.face_frames,
            "notes": list(self.notes),
        }


def export_overlay(
    study: Study,
    recording_id: str,
    out: Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    blur_faces: bool = True,
    face_interval: int = 5,
    height_px: int | None = None,
    progress: Progress = SILENT,
) -> Overlay:
    """Write the scene video of a recording with gaze, placements in view and gaze events drawn onto it.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    out : Path
        The MP4 file; it appears when it is complete.
    start_s, end_s : float, optional
        From where to where, s from the first picture; None: to the end.
    blur_faces : bool, default True
        Make faces of bystanders unrecognisable; see `gazestudy.faces`.
    face_interval : int, default 5
        Pictures from one search for faces to the next.
    height_px : int, optional
        Height of the pictures; None: as recorded.
    progress : Progress, optional
        Who is told, and who may ask to stop; nothing is left behind then.

    Returns
    -------
    Overlay
        What was written.

    Raises
    ------
    StudyError
        If there is no such recording.
    ParameterError
        If the times hold no picture.
    InputError
        If the recording has no scene video, or the file is there already.

    Notes
    -----
    Sound is never copied: people can be known by their voices. Memory does not grow with the length.
    """
    if out.exists():
        raise InputError(out, "something is there already", advice="Choose another name (--out)")
    scene = _Scene.of(study, recording_id)
    rows = scene.between(start_s, end_s)
    covered = [0]
    progress.start(f"drawing {recording_id}", len(rows))
    size = scene.size(height_px)
    with scene.video:
        pictures = scene.pictures(rows)
        if blur_faces:
            pictures = _without_faces(pictures, face_interval, covered)
        frames = _drawn(scene, zip(rows.tolist(), pictures, strict=True), size, progress)
        write_video(out, frames, scene.t_ns[rows], settings=VideoSettings(preset="faster"))
    return Overlay(recording_id, out, len(rows), covered[0] if blur_faces else -1, tuple(scene.notes))


def _without_faces(pictures: Iterator[Picture], every: int, covered: list[int]) -> Iterator[Picture]:
    from gazestudy.faces import FaceFinder, FaceParameters, cover_faces

    for picture, boxes in cover_faces(pictures, finder=FaceFinder(FaceParameters(every=every))):
        covered[0] += bool(len(boxes))
        yield picture


def _drawn(
    scene: _Scene, pictures: Iterator[tuple[int, Picture]], size: tuple[int, int], progress: Progress
) -> Iterator[Picture]:
    from gazestudy._cv2 import cv2
    from gazestudy.plots.overlay import draw_overlay

    for row, picture in pictures:
        raise_if_cancelled(progress)
        draw_overlay(
            picture,
            outlines=scene.outlines(row),
            trail_px=scene.trail(row),
            gaze_px=scene.gaze(row),
            fixation=scene.event(row).startswith("fixation"),
            caption=scene.caption(row),
        )
        progress.advance()
        whole = picture.shape[1::-1] == size
        fitting = picture if whole else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        yield np.ascontiguousarray(fitting[..., ::-1], dtype=np.uint8)


class _Scene:
    """What is to be drawn of one recording, looked up by the row of its frames table."""

    def __init__(self, study: Study, recording_id: str, video: SceneVideo) -> None:
        self.notes: list[str] = []
        self.video = video
        self.frames = study.stream(recording_id, "frames")
        self.t_ns = self.frames["t_ns"].to_numpy(np.int64)
        self.camera = study.camera(recording_id)
        self._placements = {one.id: one for one in study.placements()}
        gaze = study_gaze(study, recording_id)
        self._gaze_t_ns = gaze["t_ns"].to_numpy(np.int64)
        self._gaze_px = np.where(
            gaze[["valid"]].to_numpy(), gaze[["x_px", "y_px"]].to_numpy(np.float64), np.nan
        )
        self._reason = gaze["reason"].astype(str).to_numpy()
        self._last = np.searchsorted(self._gaze_t_ns, np.append(self.t_ns[1:], self.t_ns[-1:] + 1)) - 1
        self._events = self._table(study, recording_id, "events", "events")
        self._looked_at = self._on_placement(self._table(study, recording_id, "attention", "mapped_gaze"))
        mapping = self._table(study, recording_id, "mapping", "mapping")
        if mapping is not None:
            mapping = mapping[mapping["state"] == "mapped"]
        self._mapping = {} if mapping is None else dict(iter(mapping.groupby("frame")))

    @classmethod
    def of(cls, study: Study, recording_id: str) -> _Scene:
        videos = study.media(recording_id)
        if not videos:
            raise InputError(
                study.path,
                f"recording {recording_id!r} has no scene video",
                advice="Import it together with its video",
            )
        return cls(study, recording_id, SceneVideo(videos))

    def _table(self, study: Study, recording_id: str, step: str, name: str) -> pd.DataFrame | None:
        derived = study.current(recording_id, step)
        if derived is None:
            self.notes.append(f"no {step} yet: gazestudy run")
            return None
        return derived.table(name)

    def _on_placement(self, mapped: pd.DataFrame | None) -> dict[int, str]:
        return {} if mapped is None else dict(zip(mapped["sample"], mapped["placement_id"], strict=True))

    def between(self, start_s: float, end_s: float | None) -> NDArray[np.int64]:
        """Return the rows of pictures in a stretch of time."""
        seconds = (self.t_ns - self.t_ns[:1]) / 1e9
        wanted = (seconds >= start_s) & (seconds < (np.inf if end_s is None else end_s))
        numbers = self.video.numbers(self.frames)
        rows = np.flatnonzero(wanted & (numbers >= 0))
        if not len(rows):
            whole = f"within 0 to {seconds[-1] if len(seconds) else 0:.3f} s"
            raise ParameterError("start_s, end_s", (start_s, end_s), whole)
        return rows

    def pictures(self, rows: NDArray[np.int64]) -> Iterator[Picture]:
        """Yield colour pictures of some rows; one that cannot be decoded is black, so that times hold."""
        numbers = self.video.numbers(self.frames)
        for number in numbers[rows].tolist():
            try:
                yield np.array(self.video.frame_at(number))
            except InputError:
                yield np.zeros((self.video.height_px, self.video.width_px, 3), np.uint8)

    def size(self, height_px: int | None) -> tuple[int, int]:
        """Return width and height of the pictures to write; H.264 wants them even."""
        width, height = self.video.width_px, self.video.height_px
        if height_px is not None:
            if not 64 <= height_px <= height:
                raise ParameterError("height_px", height_px, f"64 to {height} px")
            width, height = round(width * height_px / height), height_px
        return width // 2 * 2, height // 2 * 2

    def gaze(self, row: int) -> NDArray[np.float64] | None:
        """Return gaze while a picture was on show: its last valid sample then."""
        first = np.searchsorted(self._gaze_t_ns, self.t_ns[row])
        seen = self._gaze_px[first : self._last[row] + 1]
        seen = seen[np.isfinite(seen).all(axis=1)]
        return seen[-1] if len(seen) else None

    def trail(self, row: int) -> NDArray[np.float64]:
        """Return gaze up to the end of a picture."""
        first = np.searchsorted(self._gaze_t_ns, self.t_ns[row] - _TRAIL_NS)
        return self._gaze_px[first : self._last[row] + 1]

    def event(self, row: int) -> str:
        """Return the gaze event at the end of a picture, in words."""
        last = self._last[row]
        if self._events is None or last < 0:
            return ""
        t_ns = self._gaze_t_ns[last]
        at = int(np.searchsorted(self._events["onset_ns"].to_numpy(), t_ns, side="right")) - 1
        if at < 0 or self._events["offset_ns"].iloc[at] < t_ns:
            return ""
        event = self._events.iloc[at]
        return f"{event['kind']} {event['duration_ms']:.0f} ms"

    def looked_at(self, row: int) -> str:
        """Return the placement that gaze is on at the end of a picture, or nothing."""
        return self._looked_at.get(int(self._last[row]), "")

    def caption(self, row: int) -> str:
        """Return time, event, and what gaze is on or why there is none."""
        seconds = (self.t_ns[row] - self.t_ns[0]) / 1e9
        words = [f"{int(seconds // 60):02d}:{seconds % 60:06.3f}"]
        if self.gaze(row) is None:
            reason = str(self._reason[self._last[row]]) if self._last[row] >= 0 else "no_data"
            words.append("no gaze: " + reason.replace("_", " "))
        if event := self.event(row):
            words.append(event)
        if place := self.looked_at(row):
            words.append(f"on {self._name(place)}")
        if self.frames["kind"].iloc[row] != "real":
            words.append("no scene picture")
        return "   ".join(words)

    def outlines(self, row: int) -> Sequence[Outline]:
        """Return the placements in view."""
        from gazestudy.mapping import visible_outline
        from gazestudy.plots.overlay import Outline

        rows = self._mapping.get(row)
        if rows is None:
            return ()
        size = (self.video.width_px, self.video.height_px)
        looked_at = self.looked_at(row)
        found = []
        for one in rows.to_dict("records"):
            place = self._placements.get(str(one["placement_id"]))
            if place is None:
                continue
            h = np.array([[one[f"h{r}{c}"] for c in range(3)] for r in range(3)])
            polygon = visible_outline(h, place.size_px, size, self.camera)
            found.append(Outline(polygon, self._name(place.id), place.id == looked_at))
        return found

    def _name(self, placement_id: str) -> str:
        place = self._placements.get(placement_id)
        return placement_id if place is None else place.name or placement_id
