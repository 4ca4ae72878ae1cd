"""Recording folder of Tobii Pro Glasses 2, as it lies on the SD card; one segment.

Each sample is eight packets that share time and number; what was not seen has a status and zeros. Sensors
follow the gaze of their time piece by piece, so that lines are not in the order of time, as on the device.
The gyroscope is written in the axes in which the recording has it.
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
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

VIDEO_NAME = "segments/1/fullstream.mp4"
START_US = 84_415_010
"""Device time of the first picture; the device counts from when it was switched on."""

_SYNC_US = 600_000  # how often it says where the video is
_NO_PUPIL, _NOT_SEEN = 1, 16
_SPACE = "[%.4f,%.4f,%.4f]"
_MM = "[%.2f,%.2f,%.2f]"

_TSLV, _STREAM, _FREQUENCY, _VIDEO, _END, _TIME, _CAMERA = 21332, 2, 3, 4, 5, 50, 300


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
    camera, gaze = need_camera(recording), tobii_gaze(recording)
    segment = folder / "segments" / "1"
    segment.mkdir(parents=True)
    with (
        (segment / "livedata.json.gz").open("wb") as target,
        gzip.GzipFile(fileobj=target, mode="wb", compresslevel=5, mtime=0) as out,
    ):
        for lines in _pieces(recording, gaze):
            out.write("".join(lines).encode("utf-8"))
    (segment / "et.tslv.gz").write_bytes(gzip.compress(_tslv(camera), 5, mtime=0))
    _write_descriptions(recording, gaze, folder, segment)
    return VIDEO_NAME


def _pieces(recording: Recording, gaze: TobiiGaze) -> Iterator[list[str]]:
    others = _other_lines(recording, zero_ns(recording))
    written = 0
    for piece in gaze.pieces():
        yield _gaze_lines(gaze, piece)
        until = int(np.searchsorted(others.index.to_numpy(), gaze.t_us[piece][-1]))
        yield others.iloc[written:until].tolist()
        written = max(written, until)
    yield others.iloc[written:].tolist()


def _gaze_lines(gaze: TobiiGaze, piece: slice) -> list[str]:
    seen = gaze.seen[piece]
    numbers = np.arange(len(gaze.t_us))[piece]
    times = gaze.t_us[piece] + START_US
    status = np.where(seen, 0, _NO_PUPIL)
    template, columns = "", []
    for side, eye in (("left", gaze.left), ("right", gaze.right)):
        text, values = _eye_packets(side, eye, piece, seen)
        template += text
        columns += [column for value in values for column in (times, value[0], numbers, *value[1:])]
    template += '{"ts":%d,"s":%d,"gidx":%d,"l":50000,"gp":[%.4f,%.4f]}\n'
    columns += [times, status, numbers, *_zero_unless(seen, gaze.point[piece])]
    template += '{"ts":%d,"s":%d,"gidx":%d,"gp3":' + _MM + "}\n"
    columns += [times, status, numbers, *_zero_unless(seen, gaze.target[piece])]
    return filled(template, columns)


def _eye_packets(
    side: str, eye: Eye, piece: slice, seen: NDArray[np.bool_]
) -> tuple[str, list[list[NDArray[Any]]]]:
    """Return the text of three packets and, for each of them, its status and its values."""
    start, end = '{"ts":%d,"s":%d,"gidx":%d,', f',"eye":"{side}"}}\n'
    text = f'{start}"pc":{_MM}{end}{start}"pd":%.2f{end}{start}"gd":{_SPACE}{end}'
    status = np.where(seen, 0, _NOT_SEEN)
    pupil = eye.pupil[piece]
    wide = seen & np.isfinite(pupil)
    return text, [
        [status, *_zero_unless(seen, eye.origin[piece])],
        [np.where(wide, 0, np.where(seen, _NO_PUPIL, _NOT_SEEN)), np.where(wide, pupil, 0.0)],
        [status, *_zero_unless(seen, eye.direction[piece])],
    ]


def _zero_unless(seen: NDArray[np.bool_], values: NDArray[np.float64]) -> list[NDArray[Any]]:
    return list(np.where(seen[:, None], values, 0.0).T)


def _other_lines(recording: Recording, zero: int) -> pd.Series:
    """Return the lines of the other sensors, by time since the first picture."""
    imu, markers, frames = recording.imu, recording.events, recording.frames
    names = [f"gyro_{axis}_deg_s" for axis in "xyz"]
    times_us = since_zero_us(imu["t_ns"], zero)
    gyro = filled(
        '{"ts":%d,"s":0,"gy":[%.3f,%.3f,%.3f]}\n',
        [times_us + START_US, *(imu[name].to_numpy() for name in names)],
    )
    last_us = int(since_zero_us(frames["t_ns"].iloc[-1:], zero).max(initial=0))
    video_us = np.arange(0, last_us + 1, _SYNC_US)
    video = filled('{"ts":%d,"s":0,"vts":%d}\n', [video_us + START_US, video_us])
    marked_us = since_zero_us(markers["t_ns"], zero)
    marked = [
        json.dumps({"ts": time, "s": 0, "ets": time // 1000, "type": name, "tag": ""}, ensure_ascii=False)
        + "\n"
        for time, name in zip((marked_us + START_US).tolist(), markers["name"], strict=True)
    ]
    index = np.concatenate([times_us, video_us, marked_us])
    return pd.Series([*gyro, *video, *marked], index=index, dtype=object).sort_index(kind="stable")


def _tslv(camera: Camera) -> bytes:
    """Return the packages at the start of et.tslv, with the calibration of the camera."""
    k1, k2, p1, p2, k3 = opencv5(camera).tolist()
    size = (camera.width_px, camera.height_px)
    calibration = struct.pack("<bb2x3f", 4, 0, 0.0, 0.0, 0.0)
    calibration += struct.pack("<9f", -1, 0, 0, 0, -1, 0, 0, 0, 1)
    calibration += struct.pack("<5f", camera.fx_px, camera.fy_px, 0.0, camera.cx_px, camera.cy_px)
    calibration += struct.pack("<6f2h", k1, k2, k3, p1, p2, 0.0, *size)
    packages = [
        (_TSLV, b"TSLV1"),
        (_TIME, struct.pack("<q", START_US)),
        (_STREAM, b"ET"),
        (_FREQUENCY, struct.pack("<i", 50)),
        (_VIDEO, struct.pack("<4h", 0, *size, 25) + b"fullstream.mp4"),
        (_CAMERA, calibration),
        (_END, b""),
    ]
    return b"".join(
        struct.pack("<hhi", kind, 0, len(body)) + body + bytes(-len(body) % 4) for kind, body in packages
    )


def _write_descriptions(recording: Recording, gaze: TobiiGaze, folder: Path, segment: Path) -> None:
    start_ns = recording.meta.start_unix_ns or 0
    created = datetime.fromtimestamp(start_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    zero = zero_ns(recording)
    last_us = int(max([0, *gaze.t_us[-1:], *since_zero_us(recording.frames["t_ns"].iloc[-1:], zero)]))
    name = recording.meta.name
    participant, calibration = _id("participant", name), _id("calibration", name)
    write_json(
        folder / "recording.json",
        {
            "rec_id": _id("recording", name),
            "rec_info": {"Name": name, "Notes": ""},
            "rec_participant": participant,
            "rec_state": "done",
            "rec_segments": 1,
            "rec_length": last_us // 10**6,
            "rec_calibration": calibration,
            "rec_created": created,
            "rec_et_samples": len(gaze.t_us),
            "rec_et_valid_samples": int(gaze.seen.sum()),
        },
    )
    label = recording.meta.participant_label or name
    write_json(
        folder / "participant.json",
        {"pa_id": participant, "pa_info": {"Name": label, "Notes": ""}, "pa_created": created},
    )
    write_json(
        folder / "sysinfo.json",
        {
            "servicemanager_version": "1.25.6-simulated",
            "board_type": "none",
            "hu_serial": "SIM-H-1",
            "ru_serial": "SIM-R-1",
        },
    )
    write_json(
        segment / "segment.json",
        {"seg_id": 1, "seg_length": last_us // 10**6, "seg_length_us": last_us, "seg_t_start": created},
    )
    write_json(segment / "calibration.json", {"ca_id": calibration, "ca_state": "calibrated"})


def _id(kind: str, name: str) -> str:
    """Return seven letters and digits, as the device names things."""
    return f"{zlib.crc32(f'{kind} {name}'.encode()):08x}"[:7]
