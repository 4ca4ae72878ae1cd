"""Recording folder of Tobii Pro Glasses 3.

Samples that were not seen are written as the device does, without data. The gyroscope is written in the axes
in which the recording has it.
"""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.exporters.folders import write_json
from gazestudy.exporters.tobii_gaze import (
    Eye,
    TobiiGaze,
    filled,
    need_camera,
    opencv5,
    since_zero_us,
    tobii_gaze,
    zero_ns,
)
from gazestudy.model import Camera, Recording

VIDEO_NAME = "scenevideo.mp4"
_NAMESPACE = uuid.UUID("4c1f0e1b-7a53-4f55-a1c6-08c7c9d6f0f3")
_NUMBER = "%.17g"
_SPACE = f"[{_NUMBER},{_NUMBER},{_NUMBER}]"


def write(recording: Recording, events: pd.DataFrame, folder: Path) -> str:
    """Write the tables of a recording; return the name for the scene video.

    Parameters
    ----------
    recording : Recording
        The recording; its camera must be known.
    events : DataFrame
        Gaze events; the device writes none.
    folder : Path
        An empty folder.

    Returns
    -------
    str
        File name of the scene video.

    Raises
    ------
    InputError
        If the camera is not known or its lens needs more than five coefficients.
    """
    camera, zero, gaze = need_camera(recording), zero_ns(recording), tobii_gaze(recording)
    _write_lines(folder / "gazedata.gz", _gaze_lines(gaze))
    _write_lines(folder / "imudata.gz", [_imu_lines(recording, zero)])
    _write_lines(folder / "eventdata.gz", [_event_lines(recording, zero)])
    (folder / "meta").mkdir()
    label = recording.meta.participant_label or recording.meta.name
    (folder / "meta" / "participant").write_text(json.dumps({"name": label}), encoding="utf-8")
    for name, text in (("RuVersion", "1.29.1+simulated"), ("HuSerial", "SIM-H-1"), ("RuSerial", "SIM-R-1")):
        (folder / "meta" / name).write_text(text, encoding="utf-8")
    write_json(folder / "recording.g3", _description(recording, camera, gaze, zero))
    return VIDEO_NAME


def _write_lines(path: Path, pieces: Iterator[list[str]] | list[list[str]]) -> None:
    with path.open("wb") as target, gzip.GzipFile(fileobj=target, mode="wb", compresslevel=5, mtime=0) as out:
        for lines in pieces:
            out.write("".join(lines).encode("utf-8"))


def _gaze_lines(gaze: TobiiGaze) -> Iterator[list[str]]:
    for piece in gaze.pieces():
        lines = np.array(
            filled('{"type":"gaze","timestamp":%.6f,"data":{}}\n', [gaze.t_us[piece] / 1e6]), dtype=object
        )
        seen = np.flatnonzero(gaze.seen[piece]) + piece.start
        columns = [gaze.t_us[seen] / 1e6, *_rounded(gaze.point[seen], 4), *_rounded(gaze.target[seen], 2)]
        text = (
            '{"type":"gaze","timestamp":%.6f,"data":{"gaze2d":[' + f'{_NUMBER},{_NUMBER}],"gaze3d":{_SPACE}'
        )
        for side, eye in (("left", gaze.left), ("right", gaze.right)):
            text += f',"eye{side}":{{"gazeorigin":{_SPACE},"gazedirection":{_SPACE}%s}}'
            columns += _eye_columns(eye, seen)
        lines[seen - piece.start] = filled(text + "}}\n", columns)
        yield lines.tolist()


def _eye_columns(eye: Eye, rows: NDArray[np.int64]) -> list[NDArray[Any]]:
    widths = np.round(eye.pupil[rows], 3)
    pupils = ["" if np.isnan(width) else f',"pupildiameter":{width:.17g}' for width in widths]
    return [
        *_rounded(eye.origin[rows], 2),
        *_rounded(eye.direction[rows], 4),
        np.array(pupils, dtype=object),
    ]


def _rounded(values: NDArray[np.float64], digits: int) -> list[NDArray[Any]]:
    return list(np.round(values, digits).T)


def _imu_lines(recording: Recording, zero: int) -> list[str]:
    imu = recording.imu
    names = [f"gyro_{axis}_deg_s" for axis in "xyz"]
    columns = [since_zero_us(imu["t_ns"], zero) / 1e6, *(imu[name].to_numpy() for name in names)]
    return filled(f'{{"type":"imu","timestamp":%.6f,"data":{{"gyroscope":{_SPACE}}}}}\n', columns)


def _event_lines(recording: Recording, zero: int) -> list[str]:
    markers = recording.events
    times = since_zero_us(markers["t_ns"], zero) / 1e6
    return [
        f'{{"type":"event","timestamp":{time:.6f},"data":{json.dumps({"tag": name, "object": None})}}}\n'
        for time, name in zip(times, markers["name"], strict=True)
    ]


def _description(recording: Recording, camera: Camera, gaze: TobiiGaze, zero: int) -> dict[str, Any]:
    last_us = max([0, *gaze.t_us[-1:], *since_zero_us(recording.frames["t_ns"].iloc[-1:], zero)])
    start_ns = recording.meta.start_unix_ns or 0
    k1, k2, p1, p2, k3 = opencv5(camera).tolist()
    return {
        "uuid": str(uuid.uuid5(_NAMESPACE, recording.meta.name)),
        "name": recording.meta.name,
        "version": 2,
        "duration": int(last_us) / 1e6,
        "created": datetime.fromtimestamp(start_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{start_ns % 10**9 // 1000:06d}Z",
        "timezone": "UTC",
        "meta-folder": "meta",
        "scenecamera": {
            "file": VIDEO_NAME,
            "snapshots": [],
            "camera-calibration": {
                "position": [0.0, 0.0, 0.0],
                "rotation": [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]],
                "focal-length": [camera.fx_px, camera.fy_px],
                "skew": 0.0,
                "principal-point": [camera.cx_px, camera.cy_px],
                "radial-distortion": [k1, k2, k3],
                "tangential-distortion": [p1, p2],
                "resolution": [camera.width_px, camera.height_px],
            },
            "gaze-overlay": False,
        },
        "eyecameras": None,
        "gaze": {
            "file": "gazedata.gz",
            "samples": len(gaze.t_us),
            "valid-samples": int(gaze.seen.sum()),
        },
        "events": {"file": "eventdata.gz"},
        "imu": {"file": "imudata.gz"},
    }
