"""What the binary files of the Tobii Pro Glasses 2 (`*.tslv.gz`) say at their beginning.

A TSLV file is a row of packages: type, status (int16), length of the payload (int32), payload, padded to four
bytes. The camera calibration and the wall clock come first, before any sample.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.recordings.tobii.camera import TobiiCamera
from gazestudy.importers.recordings.tobii.json_lines import LineFile
from gazestudy.importers.sources import Source
from gazestudy.model import Finding

TIMESTAMP, WALL_CLOCK, CAMERA = 50, 51, 300

_HEAD_BYTES = 2**20
_MAGIC = b"TSLV1"
_MICROSECONDS_IN_2010, _MICROSECONDS_IN_2100 = 1_262_304_000 * 10**6, 4_102_444_800 * 10**6


@dataclass(frozen=True, slots=True)
class TslvHead:
    """Beginning of a TSLV file.

    Attributes
    ----------
    camera : TobiiCamera or None
        Calibration of the scene camera.
    unix_minus_ts_us : int or None
        Add it to a time of the device (µs) to get Unix UTC (µs).
    findings : list of Finding
        What is wrong with it.
    """

    camera: TobiiCamera | None = None
    unix_minus_ts_us: int | None = None
    findings: list[Finding] = field(default_factory=list)


def read_head(source: Source, name: str) -> TslvHead:
    """Return what the first packages say; a damaged or missing file says nothing.

    Parameters
    ----------
    source : Source
        Where it lies.
    name : str
        Its name.
    """
    findings: list[Finding] = []
    if not source.has(name):
        return TslvHead()
    try:
        data = LineFile(source, name, "camera").head(_HEAD_BYTES)
    except InputError as error:
        return TslvHead(findings=[Finding("problem", "camera", "camera_unusable", str(error))])
    camera, clock = None, None
    timestamp: int | None = None
    if data[8:13] != _MAGIC:
        text = f"{name} does not begin like a TSLV file; no calibration was read from it"
        return TslvHead(findings=[Finding("problem", "camera", "camera_unusable", text)])
    place = 0
    while place + 8 <= len(data) and (camera is None or clock is None):
        kind, status, length = struct.unpack_from("<hhi", data, place)
        payload = data[place + 8 : place + 8 + max(length, 0)]
        if length < 0 or len(payload) < length:
            break
        if kind == TIMESTAMP and length >= 8:
            timestamp = struct.unpack_from("<q", payload)[0]
        elif kind == WALL_CLOCK and length >= 8 and timestamp is not None and clock is None:
            clock = _plausible(struct.unpack_from("<q", payload)[0], timestamp)
        elif kind == CAMERA and status == 0 and camera is None:
            try:
                camera = camera_of(payload)
            except ParameterError as error:
                text = f"the calibration in {name} cannot be used ({error})"
                findings.append(Finding("problem", "camera", "camera_unusable", text))
                break
        place += 8 + length + (-length) % 4
    return TslvHead(camera, clock, findings)


def camera_of(payload: bytes) -> TobiiCamera:
    """Return the calibration in the payload of a package of type 300.

    Raises
    ------
    ParameterError
        If it is too short or its numbers are no calibration.
    """
    if len(payload) < 100:
        raise ParameterError("camera package", f"{len(payload)} bytes", "100 bytes")
    numbers = np.frombuffer(payload, "<f4", 23, 4).astype(np.float64)
    width, height = struct.unpack_from("<hh", payload, 96)
    return TobiiCamera.from_numbers(
        position=numbers[:3],
        rotation=numbers[3:12].reshape(3, 3),
        focal=numbers[12:14],
        skew=float(numbers[14]),
        principal=numbers[15:17],
        radial=numbers[17:20],
        tangential=numbers[20:22],  # the third is always zero
        resolution=(width, height),
    )


def _plausible(unix_us: int, ts_us: int) -> int | None:
    """Return the offset of the wall clock, None where it was never set."""
    return unix_us - ts_us if _MICROSECONDS_IN_2010 < unix_us < _MICROSECONDS_IN_2100 else None
