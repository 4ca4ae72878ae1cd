"""Reference pictures from the field: a frame turned to the front, and whether it can be mapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError, ParameterError
from gazestudy.geometry.rectification import rectify
from gazestudy.importers import SceneVideo, read_recording
from gazestudy.mapping import Reference
from gazestudy.mapping.suitability import suitability
from gazestudy.model import Camera
from gazestudy.pipeline.analysis import references_of
from gazestudy.store import Study, open_study
from gazestudy.store.pictures import decode, load_picture

Picture = NDArray[np.uint8]

_VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".mjpeg")
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")


@dataclass(frozen=True, slots=True)
class Grabbed:
    """A picture that was taken from a scene.

    Attributes
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB.
    t_s : float
        When it was on show, s from the first frame; NaN for a still picture.
    camera : Camera or None
        The calibration used.
    """

    picture: Picture
    t_s: float
    camera: Camera | None


def grab(
    source: Path,
    *,
    recording: str = "",
    name: str | None = None,
    at_s: float = 0.0,
    quad_px: ArrayLike | None = None,
    aspect: float | None = None,
) -> Grabbed:
    """Take a picture of a placement from a scene.

    Parameters
    ----------
    source : Path
        A study (then with `recording`), a recording as it was recorded or exported, a video, or a photograph.
    recording : str, optional
        Which recording of a study.
    name : str, optional
        Which recording of a folder or file that holds several.
    at_s : float, default 0
        When, s from the first frame.
    quad_px : array_like of float, shape (4, 2), optional
        Corners of the placement, clockwise from its top left; None: the whole frame as it is, to read the
        corners from.
    aspect : float, optional
        Width over height of the placement; None: by the camera where it is calibrated.

    Returns
    -------
    Grabbed
        The picture, seen from the front if corners are given.

    Raises
    ------
    InputError
        If the source has no scene video.
    ParameterError
        For a time without a picture, or corners that make no sense.
    StudyError
        If there is no such recording.
    """
    scene, t_s, camera = _scene(Path(source), recording, name, at_s)
    if quad_px is not None:
        scene = rectify(scene, quad_px, camera=camera, aspect=aspect)
    return Grabbed(scene, t_s, camera)


def write_picture(path: Path, picture: Picture) -> None:
    """Write an RGB picture as PNG; a file that is there is not overwritten.

    Raises
    ------
    InputError
        If something is there already, or it cannot be written.
    """
    if path.exists():
        raise InputError(path, "something is there already", advice="Choose another name (--out)")
    done, content = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    if not done:
        raise InputError(path, "this picture cannot be written")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.tobytes())
    except OSError as error:
        raise InputError(path, "this picture cannot be written", found=str(error.strerror)) from error


def check_pictures(pictures: Sequence[Path], study: Study | None = None) -> pd.DataFrame:
    """Say how well pictures can be mapped, and what they can be taken for.

    Parameters
    ----------
    pictures : sequence of Path
        Picture files.
    study : Study, optional
        Its placements are looked at together with them.

    Returns
    -------
    DataFrame
        See `gazestudy.mapping.suitability.suitability`.

    Raises
    ------
    InputError
        For a file that is no usable picture.
    """
    references = []
    for placement in study.placements() if study is not None else ():
        assert study is not None
        references += references_of(placement, [study.placement_image(c) for c in placement.creatives])
    for path in pictures:
        image = decode(load_picture(path).content)
        assert image is not None  # it was just checked
        references.append(Reference(path.stem, path.stem, image))
    return suitability(references)


def _scene(
    source: Path, recording: str, name: str | None, at_s: float
) -> tuple[Picture, float, Camera | None]:
    if source.suffix.lower() in _PICTURES:
        image = decode(load_picture(source).content)
        assert image is not None
        return np.ascontiguousarray(image[..., ::-1]), float("nan"), None
    camera: Camera | None = None
    frames: pd.DataFrame | None = None
    if source.suffix.lower() in _VIDEOS:
        videos: tuple[Path, ...] = (source,)
    elif recording:
        with open_study(source, read_only=True) as study:
            kept = study.recording(recording)
            videos, camera, frames = (
                study.media(kept.id),
                study.camera(kept.id),
                study.stream(kept.id, "frames"),
            )
    else:
        read = read_recording(source, name=name)
        videos, camera, frames = read.videos, read.camera, read.frames
    if not videos:
        raise InputError(source, "there is no scene video", advice="Give a recording with its video")
    with SceneVideo(videos) as video:
        times = video.times_ns if frames is None else frames["t_ns"].to_numpy(np.int64)
        if not len(times):
            raise ParameterError("at", at_s, "a time with a picture; this video has none")
        wanted = int(times[0] + round(at_s * 1e9))
        picture = video.frame_at_time(wanted, frames)
    shown = times[max(0, int(np.searchsorted(times, wanted, side="right")) - 1)]
    return picture, float(shown - times[0]) / 1e9, camera
