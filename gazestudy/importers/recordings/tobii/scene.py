"""Scene videos of Tobii glasses: which can be used, and the frames they give."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.camera_files import camera_from_json
from gazestudy.importers.recordings.tobii.camera import scaled_to
from gazestudy.importers.scene_frames import frame_stream
from gazestudy.importers.streams import frame_table
from gazestudy.importers.video import picture_size
from gazestudy.model import Camera, Finding, Stream

FramePart = tuple[NDArray[np.int64], int, int, NDArray[np.int64]]
"""Frames of one part: times (ns), number of the part, number of the video, pictures in it."""


@dataclass(frozen=True, slots=True)
class TobiiScene:
    """What the recording shows of the scene.

    Attributes
    ----------
    by_part : dict of int to Path
        Video of each part that has one.
    size_px : tuple of int
        Size of the pictures that gaze is laid on.
    camera : Camera or None
        Calibration for pictures of that size.
    device_camera : Camera or None
        The same, only where the device gave it.
    """

    by_part: dict[int, Path]
    size_px: tuple[int, int]
    camera: Camera | None
    device_camera: Camera | None

    @property
    def videos(self) -> tuple[Path, ...]:
        """Videos in order."""
        return tuple(self.by_part.values())

    def frames(self, parts: list[FramePart], findings: list[Finding]) -> Stream:
        """Return the frames stream of these parts."""
        empty = np.zeros(0, np.int64)
        table = frame_table(
            np.concatenate([empty, *(part[0] for part in parts)]),
            part=np.concatenate([empty, *(np.full(len(part[0]), part[1], np.int64) for part in parts)]),
            video=np.concatenate([empty, *(np.full(len(part[0]), part[2], np.int64) for part in parts)]),
            index=np.concatenate([empty, *(part[3] for part in parts)]),
        )
        return frame_stream(table, findings)


def open_scene(
    videos: dict[int, Path],
    camera: Camera | None,
    camera_file: Path | None,
    usual_size_px: tuple[int, int],
    notes: list[Finding],
) -> TobiiScene:
    """Return the scene of a recording; broken videos and calibrations are findings, not errors.

    Parameters
    ----------
    videos : dict of int to Path
        Video of each part that has one.
    camera : Camera or None
        Calibration by the device.
    camera_file : Path or None
        Calibration from elsewhere, used where the device gave none.
    usual_size_px : tuple of int
        Size of the pictures where neither a video nor a calibration says.
    notes : list of Finding
        Where findings are added.
    """
    usable: dict[int, Path] = {}
    sizes: list[tuple[int, int]] = []
    for part, path in sorted(videos.items()):
        try:
            sizes.append(picture_size(path))
            usable[part] = path
        except InputError as error:
            notes.append(Finding("problem", "frames", "video_unusable", str(error), 1))
    if sizes:
        size = sizes[0]
    elif camera is not None:
        size = (camera.width_px, camera.height_px)
    else:
        size = usual_size_px
        text = (
            f"neither video nor calibration says how large the scene image is; {size[0]} x {size[1]} px taken"
        )
        notes.append(Finding("info", "gaze", "image_size_usual", text))
    device = camera
    if camera is not None and size != (camera.width_px, camera.height_px):
        text = (
            f"the video is {size[0]} x {size[1]} px, the calibration was made at {camera.width_px} x"
            f" {camera.height_px} px; gaze and calibration are scaled to the video"
        )
        notes.append(Finding("warning", "camera", "image_size_differs", text))
        device = camera = scaled_to(camera, size)
    if camera is None and camera_file is not None:
        try:
            values = json.loads(camera_file.read_text(encoding="utf-8-sig"))
            camera = camera_from_json(values, size, "user")
        except (OSError, ValueError, RecursionError, TypeError, AttributeError) as error:
            raise InputError(camera_file, "this calibration cannot be read", found=str(error)) from error
        except ParameterError as error:
            raise InputError(camera_file, "this is no calibration of a camera", found=str(error)) from error
    return TobiiScene(usable, size, camera, device)
