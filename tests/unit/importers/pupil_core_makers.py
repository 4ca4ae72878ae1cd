"""Recordings of Pupil Capture, written by the documented layout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from gazestudy._cv2 import cv2

START_S = 100.0
SYSTEM_S = 1_600_000_000.5
MATRIX = [[800.0, 0.0, 79.0], [0.0, 790.0, 49.0], [0.0, 0.0, 1.0]]
RADIAL = [[-0.2, 0.05, 0.001, -0.002, 0.01]]
FISHEYE = [[-0.1], [0.04], [-0.03], [0.01]]


def write_pldata(path: Path, topic: str, data: Iterable[dict[Any, Any]], *, times: bool = True) -> None:
    """Write what Capture writes: [topic, packed datum] one after the other, and their times."""
    data = list(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    pack = msgpack.Packer(use_bin_type=True).pack
    path.write_bytes(b"".join(pack([topic, pack(datum)]) for datum in data))
    if times:
        np.save(path.with_name(path.stem + "_timestamps.npy"), np.array([one["timestamp"] for one in data]))


def pupil(time: float, eye: int, diameter_mm: float = 3.0) -> msgpack.ExtType:
    datum = {"topic": f"pupil.{eye}", "id": eye, "timestamp": time, "diameter_3d": diameter_mm}
    return msgpack.ExtType(13, msgpack.packb(datum))


def seen(point: list[float]) -> list[float]:
    """Project a point through the radial camera, as a share of 160 x 96 from the bottom left."""
    image, _ = cv2.projectPoints(
        np.array([point]), np.zeros(3), np.zeros(3), np.array(MATRIX), np.array(RADIAL)
    )
    return [float(image[0, 0, 0] / 160), float(1 - image[0, 0, 1] / 96)]


def both(
    time: float, point: list[float], *, keys: tuple[Any, Any] = (0, 1), confidence: float = 0.9
) -> dict[str, Any]:
    return {
        "topic": "gaze.3d.01.",
        "norm_pos": seen(point),
        "confidence": confidence,
        "timestamp": time,
        "base_data": [pupil(time - 0.002, 0, 3.5), pupil(time - 0.001, 1, 4.5)],
        "gaze_point_3d": point,
        "eye_centers_3d": {keys[0]: [20.0, 15.0, -20.0], keys[1]: [-40.0, 16.0, -21.0]},
        "gaze_normals_3d": {keys[0]: [-0.1, 0.0, 0.99], keys[1]: [0.1, 0.0, 0.98]},
    }


def one_eyed(time: float, eye: int, point: list[float]) -> dict[str, Any]:
    return {
        "topic": f"gaze.3d.{eye}.",
        "norm_pos": seen(point),
        "confidence": 0.8,
        "timestamp": time,
        "base_data": [pupil(time, eye)],
        "gaze_point_3d": point,
        "eye_center_3d": [float(eye), 1.0, 2.0],
        "gaze_normal_3d": [0.0, 0.0, 1.0],
    }


POINTS = [[float(x), float(x) / 2 - 8, 600.0] for x in range(-30, 30, 3)]


def write_capture(
    folder: Path,
    write_video: Callable[..., Path],
    *,
    info: bool = True,
    video: bool = True,
    gaze: bool = True,
) -> Path:
    """Write a small recording of Capture: 20 two-eyed samples, 5 frames, radial intrinsics."""
    folder.mkdir(parents=True, exist_ok=True)
    if info:
        facts = {
            "duration_s": 0.2,
            "meta_version": "2.2",
            "recording_name": "2020_06_11",
            "recording_software_name": "Pupil Capture",
            "recording_software_version": "2.0.182",
            "recording_uuid": "u",
            "start_time_synced_s": START_S,
            "start_time_system_s": SYSTEM_S,
            "system_info": "User: erika, Platform: Linux",
        }
        (folder / "info.player.json").write_text(json.dumps(facts), encoding="utf-8")
        (folder / "user_info.csv").write_text("key,value\nname,Erika\n", encoding="utf-8")
    if gaze:
        data = [both(START_S + 0.01 * n, point) for n, point in enumerate(POINTS)]
        write_pldata(folder / "gaze.pldata", "gaze.3d.01.", data)
    np.save(folder / "world_timestamps.npy", START_S + 0.033 * np.arange(5))
    if video:
        write_video(folder / "world.mp4", [0, 30, 60, 90, 120])
    intrinsics = {
        "version": 1,
        "(160, 96)": {
            "camera_matrix": MATRIX, "dist_coefs": RADIAL, "resolution": [160, 96], "cam_type": "radial",
        },
    }  # fmt: skip
    (folder / "world.intrinsics").write_bytes(msgpack.packb(intrinsics))
    return folder


def codes(recording: Any) -> dict[str, Any]:
    return {one.code: one for one in recording.findings()}
