"""Gaze as Tobii's glasses write it: a point in the frame of the glasses, seen by two eyes.

The frame of the glasses has its origin at the scene camera, x to the wearer's left, y up, z forward, in mm.
What a recording does not know of the eyes is filled in: they sit where those of most people do, and look at a
point two metres away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.geometry.cameras import px_to_direction
from gazestudy.model import Camera, Recording

Floats = NDArray[np.float64]

TO_GLASSES = np.array([-1.0, -1.0, 1.0])
"""Camera frame (x right, y down, z forward) to the frame of the glasses; the same the other way."""

_DISTANCE_MM = 2000.0
_EYES_MM = {"left": (31.5, -23.0, -28.0), "right": (-31.5, -23.0, -28.0)}
_SEEN = ("ok", "out_of_image")
_ROOM_FOR = {"none": 0, "opencv4": 4, "opencv5": 5}
_ROWS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye: where it is (mm), where it looks (unit vector), how wide its pupil is (mm, NaN: unknown)."""

    origin: Floats
    direction: Floats
    pupil: Floats


@dataclass(frozen=True, slots=True)
class TobiiGaze:
    """Gaze samples in the frame of the glasses.

    Attributes
    ----------
    t_us : ndarray of int64, shape (n,)
        Time since the first scene frame.
    seen : ndarray of bool, shape (n,)
        The device wrote a gaze point.
    point : ndarray, shape (n, 2)
        In the scene image, as shares of its width and height from the top left.
    target : ndarray, shape (n, 3)
        The point that was looked at, mm.
    left, right : Eye
        The eyes.
    """

    t_us: NDArray[np.int64]
    seen: NDArray[np.bool_]
    point: Floats
    target: Floats
    left: Eye
    right: Eye

    def pieces(self) -> Iterator[slice]:
        """Yield slices of the samples, so that an hour need not be in memory as text."""
        for start in range(0, len(self.t_us), _ROWS_AT_ONCE):
            yield slice(start, start + _ROWS_AT_ONCE)


def need_camera(recording: Recording) -> Camera:
    """Return the camera of a recording if the glasses could have it.

    Raises
    ------
    InputError
        If it is not known, or its lens needs more than five coefficients.
    """
    camera = recording.camera
    if camera is None:
        raise InputError(
            recording.meta.name, "these glasses write gaze in space", expected="a calibrated camera"
        )
    if camera.model not in _ROOM_FOR:
        raise InputError(
            recording.meta.name,
            "this layout has no room for the lens",
            expected="at most five coefficients",
            found=camera.model,
        )
    return camera


def opencv5(camera: Camera) -> Floats:
    """Return the lens as k1, k2, p1, p2, k3."""
    padded = np.zeros(5)
    padded[: len(camera.coefficients)] = camera.coefficients
    return padded


def zero_ns(recording: Recording) -> int:
    """Return the time of the first picture, from which these glasses count."""
    frames = recording.frames
    shown = frames.loc[frames["index"] >= 0, "t_ns"]
    first = shown if len(shown) else recording.gaze["t_ns"]
    return int(first.iloc[0]) if len(first) else 0


def since_zero_us(t_ns: Any, zero: int) -> NDArray[np.int64]:
    """Return times in whole us since `zero`."""
    return np.asarray(np.rint((np.asarray(t_ns, dtype=np.int64) - zero) / 1e3), dtype=np.int64)


def tobii_gaze(recording: Recording) -> TobiiGaze:
    """Return the gaze of a recording as these glasses would have measured it.

    Parameters
    ----------
    recording : Recording
        With a camera that `need_camera` accepts.

    Returns
    -------
    TobiiGaze
        One row for each sample.
    """
    camera, gaze = need_camera(recording), recording.gaze
    pixels = gaze[["x_px", "y_px"]].to_numpy(dtype=np.float64)
    seen = np.isfinite(pixels).all(axis=1) & gaze["reason"].isin(_SEEN).to_numpy()
    known = _vectors(gaze, "gaze3d_{}_mm") * TO_GLASSES
    rays = np.full((len(gaze), 3), np.nan)
    rays[seen] = px_to_direction(pixels[seen], camera)
    target = np.where(np.isfinite(known), known, rays / rays[:, 2:] * _DISTANCE_MM * TO_GLASSES)
    return TobiiGaze(
        since_zero_us(gaze["t_ns"], zero_ns(recording)),
        seen & np.isfinite(target).all(axis=1),
        pixels / (camera.width_px, camera.height_px),
        target,
        _eye(gaze, "left", target),
        _eye(gaze, "right", target),
    )


def filled(template: str, columns: Sequence[NDArray[Any]]) -> list[str]:
    """Return the template filled with each row of the columns."""
    return [template % row for row in zip(*(column.tolist() for column in columns), strict=True)]


def _eye(gaze: pd.DataFrame, side: str, target: Floats) -> Eye:
    known = _vectors(gaze, f"eye_{side}_{{}}_mm") * TO_GLASSES
    origin = np.where(np.isfinite(known), known, _EYES_MM[side])
    direction = target - origin
    direction = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    measured = _vectors(gaze, f"gaze_{side}_{{}}") * TO_GLASSES
    column = f"pupil_{side}_mm"
    pupil = gaze[column].to_numpy(dtype=np.float64) if column in gaze else np.full(len(gaze), np.nan)
    return Eye(origin, np.where(np.isfinite(measured), measured, direction), pupil)


def _vectors(gaze: pd.DataFrame, name: str) -> Floats:
    names = [name.format(axis) for axis in "xyz"]
    if not set(names) <= set(gaze.columns):
        return np.full((len(gaze), 3), np.nan)
    return gaze[names].to_numpy(dtype=np.float64)
