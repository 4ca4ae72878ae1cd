"""The scene video of a recording with gaze, placements and events drawn onto it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.exporters.video import VideoSettings, write_video
from gazestudy.pipeline.scene import RecordingScene
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study

Picture = NDArray[np.uint8]


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
    from gazestudy.plots.overlay import Outline, draw_overlay

    for row, picture in pictures:
        raise_if_cancelled(progress)
        draw_overlay(
            picture,
            outlines=[Outline(one.polygon_px, one.label, one.looked_at) for one in scene.outlines(row)],
            trail_px=scene.trail(row),
            gaze_px=scene.gaze(row),
            fixation=scene.event(row).startswith("fixation"),
            caption=scene.caption(row),
        )
        progress.advance()
        whole = picture.shape[1::-1] == size
        fitting = picture if whole else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        yield np.ascontiguousarray(fitting[..., ::-1], dtype=np.uint8)


class _Scene(RecordingScene):
    """The stretches and captions of a video to write."""

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

    def caption(self, row: int) -> str:
        """Return time, event, and what gaze is on or why there is none."""
        seconds = (self.t_ns[row] - self.t_ns[0]) / 1e9
        words = [f"{int(seconds // 60):02d}:{seconds % 60:06.3f}"]
        if self.gaze(row) is None:
            words.append("no gaze: " + self.reason(row).replace("_", " "))
        if event := self.event(row):
            words.append(event)
        if place := self.looked_at(row):
            words.append(f"on {self.name_of(place)}")
        if self.frames["kind"].iloc[row] != "real":
            words.append("no scene picture")
        return "   ".join(words)
