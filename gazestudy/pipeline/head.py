"""How the head of a recording turned: from its gyroscope, its scene video, or neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model import Camera, Recording
from gazestudy.pipeline.analysis import Pictures, has_angles
from gazestudy.progress import SILENT, Progress, raise_if_cancelled

_EXCERPTS, _EXCERPT_FRAMES = 4, 150
"""Pictures that a gyroscope is fitted to: so many stretches of so many frames, spread over the recording."""


def head_of(
    gaze: pd.DataFrame,
    camera: Camera | None,
    imu: pd.DataFrame | None,
    device: str,
    scene: pd.DataFrame | None = None,
) -> pd.DataFrame | None:
    """Return how the head turned, by the best that a recording has.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`.
    camera : Camera or None
        Scene camera.
    imu : DataFrame or None
        Contract `IMU`.
    device : str
        Name of the device, which tells how its gyroscope is mounted.
    scene : DataFrame, optional
        Rotation seen in the scene image, from `scene_of`: of all pictures, or of excerpts if there is a
        gyroscope.

    Returns
    -------
    DataFrame or None
        Contract `HEAD_MOTION`; None where gaze has no angles and it would be of no use.
    """
    from gazestudy.events.head_motion import head_motion
    from gazestudy.events.samples import prepare

    if not has_angles(gaze, camera):
        return None
    samples = prepare(gaze, camera, pixels_will_do=False)
    directions = np.where(samples.measured, samples.position[:3], np.nan)
    return head_motion(
        t_ns=samples.t_ns,
        directions=directions,
        imu=imu,
        device=device,
        scene=scene,
        scene_whole=not turns_known(imu),
    )


def turns_known(imu: pd.DataFrame | None) -> bool:
    """Return True if there is a gyroscope, so that excerpts of the scene video are enough to fit it to."""
    from gazestudy.events.head_motion import has_gyroscope

    return imu is not None and has_gyroscope(imu)


def scene_of(
    videos: Sequence[Path],
    frames: pd.DataFrame,
    camera: Camera,
    *,
    whole: bool,
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Return how the scene camera turned, by its pictures.

    Parameters
    ----------
    videos : sequence of Path
        Scene video files.
    frames : DataFrame
        Contract `FRAMES`.
    camera : Camera
        Scene camera.
    whole : bool
        All pictures, or excerpts of 5 s at 30 Hz.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    DataFrame
        From `gazestudy.events.head_motion.scene_rotation`.
    """
    from gazestudy.events.head_motion import scene_rotation

    real = np.flatnonzero((frames["kind"] == "real").to_numpy())
    if whole or len(real) <= _EXCERPTS * _EXCERPT_FRAMES:
        pieces = [frames]
    else:
        starts = np.linspace(0, len(real) - _EXCERPT_FRAMES, _EXCERPTS + 2)[1:-1].astype(int)
        pieces = [frames.iloc[real[start : start + _EXCERPT_FRAMES]] for start in starts]
    stretches = [Pictures(videos, piece.reset_index(drop=True)) for piece in pieces]
    progress.start("motion of the head", sum(len(stretch) for stretch in stretches))
    tables = [scene_rotation(_watched(stretch, progress), camera) for stretch in stretches]
    table = pd.concat(tables, ignore_index=True)
    table.attrs.update(tables[0].attrs)
    return table


def _watched(pictures: Pictures, progress: Progress) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
    for picture in pictures:
        raise_if_cancelled(progress)
        yield picture
        progress.advance()


def head_of_recording(
    recording: Recording, camera: Camera | None = None, *, progress: Progress = SILENT
) -> pd.DataFrame | None:
    """Return how the head of a recording in memory turned.

    Parameters
    ----------
    recording : Recording
        The recording.
    camera : Camera, optional
        Another calibration than its own.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    DataFrame or None
        As `head_of`; the scene video is only read where there is no gyroscope.
    """
    gaze, camera, imu = recording.gaze, camera or recording.camera, recording.imu
    scene = None
    if recording.videos and camera is not None and not turns_known(imu):
        scene = scene_of(recording.videos, recording.frames, camera, whole=True, progress=progress)
    return head_of(gaze, camera, imu, recording.meta.device, scene)
