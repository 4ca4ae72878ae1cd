"""Scene video and camera calibration that a vendor exports apart from the table, named by the user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.camera_files import camera_from_json
from gazestudy.importers.scene_frames import paired_frames
from gazestudy.importers.sources import FolderSource
from gazestudy.importers.streams import frame_table
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Camera, Finding, Stream


def given_camera(path: Path | None, size_px: tuple[int, int] | None) -> Camera | None:
    """Return the camera in a calibration file that the user gave, or None.

    Parameters
    ----------
    path : Path or None
        JSON file.
    size_px : tuple of int or None
        Width and height of the scene image, where known.

    Returns
    -------
    Camera or None
        The camera.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    if path is None:
        return None
    if not path.is_file():
        raise InputError(path, "there is no such calibration file", advice="Check the path")
    try:
        return camera_from_json(FolderSource(path, only=path.name).json(path.name), size_px, "user")
    except ParameterError as error:
        raise InputError(path, "this calibration cannot be used", found=str(error)) from error


def frames_by_video_time(videos: Sequence[Path], start_ns: int = 0, *, why: str) -> Stream:
    """Return frames whose only times are those in the video file.

    Parameters
    ----------
    videos : sequence of Path
        The scene video, or nothing.
    start_ns : int, default 0
        Time of the recording at which the video starts, ns.
    why : str
        What that start rests on; told in a finding.

    Returns
    -------
    Stream
        Table by the contract `FRAMES`.
    """
    if not videos:
        return Stream(frame_table(np.zeros(0, np.int64), has_video=False))
    with SceneVideo(videos) as video:
        t_ns = video.times_ns + start_ns
    note = Finding(
        "warning", "frames", "frame_times_from_video", f"frame times are those of the video, {why}"
    )
    return paired_frames(videos, [t_ns], findings=[note])
