"""The binary files of Pupil's phone recordings: parts, records with their layouts, times, calibration."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.camera_files import PUPIL_SIZES_PX, camera_from_json
from gazestudy.importers.sources import Source
from gazestudy.model import Camera, Finding
from gazestudy.model.camera import CameraSource

Times = NDArray[np.int64]
Records = NDArray[np.void]

NEON, INVISIBLE = "Neon", "Pupil Invisible"
SCENE_CAMERAS = {"Neon Scene Camera": NEON, "PI world": INVISIBLE}

PAIR = np.dtype([("x", "<f4"), ("y", "<f4")])
BLINKS = np.dtype([("event_type", "<i4"), ("start_timestamp_ns", "<i8"), ("end_timestamp_ns", "<i8")])
FIXATIONS = np.dtype(
    [
        *((name, BLINKS[name].str) for name in BLINKS.names or ()),
        *((f"{point}_gaze_{axis}", "<f4") for point in ("start", "end", "mean") for axis in "xy"),
        *((name, "<f4") for name in ("amplitude_pixels", "amplitude_angle_deg")),
        *((name, "<f4") for name in ("mean_velocity", "max_velocity")),
    ]
)
_EYES = [
    (name, "<f4")
    for eye in ("left", "right")
    for name in (
        f"pupil_diameter_{eye}_mm",
        *(f"eyeball_center_{eye}_{axis}" for axis in "xyz"),
        *(f"optical_axis_{eye}_{axis}" for axis in "xyz"),
    )
]
_LIDS = [
    (name, "<f4")
    for eye in ("left", "right")
    for name in (f"eyelid_angle_top_{eye}", f"eyelid_angle_bottom_{eye}", f"eyelid_aperture_{eye}_mm")
]
EYE_STATE, EYE_STATE_LIDS = np.dtype(_EYES), np.dtype(_EYES + _LIDS)
IMU = np.dtype(
    [
        ("timestamp_ns", "<i8"),
        *((f"{sensor}_{axis}", "<f4") for sensor in ("gyro", "accel") for axis in "xyz"),
        *((f"quaternion_{axis}", "<f4") for axis in "wxyz"),
    ]
)
INVISIBLE_IMU = np.dtype([(f"{sensor}_{axis}", "<f4") for sensor in ("gyro", "accel") for axis in "xyz"])

_NAME = re.compile(r"(?P<sensor>[\w ]+?) ps(?P<number>\d{1,6})\.(?P<suffix>raw|time|mp4)")
_FIELD = re.compile(r"""\(\s*["'](\w+)["']\s*,\s*["'](u?int(?:8|16|32|64)|float(?:32|64))["']\s*\)""")
_PLAUSIBLE_NS = (10**18, 4 * 10**18)  # 2001 to 2096
_EYE_VIDEOS = ("Neon Sensor Module", "PI left", "PI right")

_NEON_CALIBRATION = np.dtype(
    [("version", "u1"), ("serial", "S6"), ("matrix", "<f8", (3, 3)), ("coefficients", "<f8", (8,))]
)
_NEON_BYTES = 803
_INVISIBLE_CALIBRATION = np.dtype(
    [("serial", "S5"), ("matrix", "<f8", (3, 3)), ("coefficients", "<f8", (8,)), ("rotation", "<f8", (3, 3))]
)
# Rounded means of three modules (Neon) and of one pair of glasses (Invisible). Those differ by up to 8 px in
# where the optical axis lies and by 0.2 % in focal length, about 0.5 deg.
_DEFAULTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    NEON: ((889.5, 889.3, 813.0, 613.3), (-0.131, 0.109, 0.0, 0.0, 0.0, 0.170, 0.051, 0.025)),
    INVISIBLE: ((758.4, 757.8, 527.9, 533.5), (-0.125, 0.099, 0.0, 0.001, 0.017, 0.201, 0.010, 0.062)),
}


@dataclass
class Rows:
    """What one sensor delivered over all parts.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times in the order of the files, ns.
    part : ndarray of int64, shape (n,)
        Part of each row, counted from 0.
    values : ndarray of records, shape (n,)
        The content of the raw files.
    """

    t_ns: Times
    part: Times
    values: Records


@dataclass
class Parts:
    """The files of a recording by sensor and part.

    Parameters
    ----------
    source : Source
        The recording folder.

    Attributes
    ----------
    files : dict
        Sensor ("gaze", "Neon Scene Camera v1") to part number to suffix to file name.
    numbers : list of int
        The part numbers that occur, ascending: the first is part 0 of the recording.
    """

    source: Source
    files: dict[str, dict[int, dict[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.source.names():
            match = _NAME.fullmatch(name)
            if match:
                parts = self.files.setdefault(match["sensor"], {})
                parts.setdefault(int(match["number"]), {})[match["suffix"]] = name
        # Files of the eye cameras may be numbered on their own, one lower where they began a part later.
        found = {
            number
            for sensor, parts in self.files.items()
            if not sensor.startswith(_EYE_VIDEOS)
            for number in parts
        }
        self.numbers = sorted(found)

    @property
    def scene(self) -> str | None:
        """Name of the scene camera among the sensors."""
        return next((name for name in sorted(self.files) if name.startswith(tuple(SCENE_CAMERAS))), None)

    def has(self, sensor: str) -> bool:
        """Return whether there is at least one raw file of a sensor."""
        return any("raw" in files for files in self.files.get(sensor, {}).values())

    def times(self, sensor: str, number: int, findings: list[Finding], stream: str) -> Times | None:
        """Return the times of a sensor in one part as the file has them, None without the file."""
        name = self.files.get(sensor, {}).get(number, {}).get("time")
        return None if name is None else read_times(self.source, name, findings, stream)

    def rows(
        self, sensor: str, layout: np.dtype[Any], findings: list[Finding], stream: str, clock: str = ""
    ) -> Rows:
        """Read a sensor over all parts.

        Parameters
        ----------
        sensor : str
            Name of the sensor.
        layout : dtype
            Layout of a record.
        findings : list of Finding
            Where rows without a partner, cut-off records and impossible times are noted.
        stream : str
            Stream the findings belong to.
        clock : str, optional
            Sensor whose times count where this one has none of its own.

        Returns
        -------
        Rows
            Rows of all parts in the order of the parts, with plausible times.

        Raises
        ------
        InputError
            If there are raw files but for none of them times.
        """
        pieces: list[tuple[Times, int, Records]] = []
        untimed = []
        for number, files in sorted(self.files.get(sensor, {}).items()):
            if "raw" not in files:
                continue
            values = read_records(self.source, files["raw"], layout, findings, stream)
            times = self.times(sensor, number, findings, stream)
            if times is None and clock:
                times = self.times(clock, number, findings, stream)
            if times is None:
                untimed.append(files["raw"])
                continue
            count = paired_count(files["raw"], len(values), len(times), findings, stream)
            pieces.append((times[:count], self.numbers.index(number), values[:count]))
        if untimed:
            self._note_untimed(untimed, bool(pieces), findings, stream)
        t_ns = np.concatenate([np.zeros(0, np.int64), *(times for times, _, _ in pieces)])
        part = np.repeat(
            np.array([number for _, number, _ in pieces], np.int64), [len(times) for times, _, _ in pieces]
        )
        values = np.concatenate([np.zeros(0, layout), *(values for _, _, values in pieces)])
        keep = plausible(t_ns, sensor, findings, stream)
        return Rows(t_ns[keep], part[keep], values[keep])

    def _note_untimed(self, names: list[str], others: bool, findings: list[Finding], stream: str) -> None:
        wanted = names[0].replace(".raw", ".time")
        if not others:
            raise InputError(
                self.source.place(names[0]),
                "these samples have no times",
                expected=wanted,
                found="no such file",
                advice="Copy the whole folder from the phone again",
            )
        text = f"{', '.join(names)} left out: the files of their times are missing"
        findings.append(Finding("problem", stream, "times_missing", text, len(names)))


def read_times(source: Source, name: str, findings: list[Finding], stream: str) -> Times:
    """Return the content of a file of int64 ns."""
    data = source.read(name)
    _note_rest(name, len(data), 8, findings, stream)
    return np.frombuffer(data[: len(data) // 8 * 8], "<i8").astype(np.int64)


def read_records(
    source: Source, name: str, layout: np.dtype[Any], findings: list[Finding], stream: str
) -> Records:
    """Return the content of a raw file; a cut-off last record is left out and noted."""
    data = source.read(name)
    size = layout.itemsize
    _note_rest(name, len(data), size, findings, stream)
    return np.frombuffer(data[: len(data) // size * size], layout)


def doubles(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values of a raw file as float64; damaged files may hold any pattern of bits."""
    with np.errstate(invalid="ignore"):  # from signalling NaN
        return values.astype(np.float64)


def paired_count(name: str, values: int, times: int, findings: list[Finding], stream: str) -> int:
    """Return how many rows have both a value and a time, and note how many have not."""
    count = min(values, times)
    lost = max(values, times) - count
    if lost:
        text = f"{name}: {values} records for {times} times; the first {count} are used"
        severity = "info" if lost == 1 else "problem"
        findings.append(Finding(severity, stream, "length_mismatch", text, lost))  # type: ignore[arg-type]
    return count


def plausible(t_ns: Times, sensor: str, findings: list[Finding], stream: str) -> NDArray[np.bool_]:
    """Return which times lie between the years 2001 and 2096, and note how many do not."""
    low, high = _PLAUSIBLE_NS
    keep = np.asarray((t_ns > low) & (t_ns < high))
    lost = int(np.count_nonzero(~keep))
    if lost:
        text = f"{sensor}: {lost} rows have times that cannot be; they were left out"
        findings.append(Finding("problem", stream, "times_implausible", text, lost))
    return keep


def layout_of(
    source: Source, sensor: str, fallback: np.dtype[Any], findings: list[Finding], stream: str
) -> np.dtype[Any]:
    """Return the record layout that a .dtype file states.

    Parameters
    ----------
    source : Source
        The recording folder.
    sensor : str
        Name of the sensor.
    fallback : dtype
        Layout where there is no such file; its fields are needed.
    findings : list of Finding
        Where an unusable file is noted.
    stream : str
        Stream the finding belongs to.

    Returns
    -------
    dtype
        Little-endian, without padding.
    """
    name = f"{sensor}.dtype"
    if not source.has(name):
        return fallback
    text = source.head(name).decode("utf-8", "replace")
    fields = _FIELD.findall(text)
    names = [one for one, _ in fields]
    rest = set(_FIELD.sub("", text)) - set("[], \r\n\t")
    if rest or len(set(names)) != len(names) or not set(fallback.names or ()) <= set(names):
        message = f"{name} cannot be understood; the usual layout of {fallback.itemsize} bytes is taken"
        findings.append(Finding("problem", stream, "layout_unusable", message, 1))
        return fallback
    return np.dtype([(one, np.dtype(kind).newbyteorder("<")) for one, kind in fields])


def read_calibration(
    source: Source, device: str, size_px: tuple[int, int] | None, notes: list[Finding]
) -> Camera | None:
    """Return the calibration of the scene camera, or a default of the device.

    Parameters
    ----------
    source : Source
        The recording folder.
    device : str
        "Neon" or "Pupil Invisible".
    size_px : tuple of int or None
        Width and height of the scene image.
    notes : list of Finding
        Where a missing or unusable calibration is noted.

    Returns
    -------
    Camera or None
        None for an unknown device without a calibration. Nothing is ever fetched from elsewhere.
    """
    why = "calibration.bin is missing"
    if source.has("calibration.bin"):
        try:
            values, device = _parse_calibration(source.read("calibration.bin"))
            return camera_from_json(values, size_px or PUPIL_SIZES_PX[device])
        except (InputError, ParameterError) as error:
            why = f"calibration.bin cannot be used ({error})"
            notes.append(Finding("problem", "camera", "camera_unusable", why, 1))
    if device not in _DEFAULTS:
        notes.append(Finding("warning", "camera", "no_camera", f"{why}: there are no visual angles"))
        return None
    text = f"{why}; the usual values of {device} are taken, which are up to about 0.5 deg off"
    notes.append(Finding("warning", "camera", "camera_default", text))
    (fx, fy, cx, cy), coefficients = _DEFAULTS[device]
    matrix = [[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]]
    source_of: CameraSource = "default"
    usual = {"camera_matrix": matrix, "dist_coefs": coefficients}
    return camera_from_json(usual, size_px or PUPIL_SIZES_PX[device], source_of)


def _parse_calibration(data: bytes) -> tuple[dict[str, Any], str]:
    if len(data) == _NEON_BYTES:
        if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
            raise ParameterError("calibration", "a wrong check sum", "the check sum of its content")
        record, device = np.frombuffer(data, _NEON_CALIBRATION, count=1)[0], NEON
    elif len(data) == _INVISIBLE_CALIBRATION.itemsize:
        record, device = np.frombuffer(data, _INVISIBLE_CALIBRATION, count=1)[0], INVISIBLE
    else:
        raise ParameterError("calibration", f"{len(data)} bytes", f"{_NEON_BYTES} (Neon) or 213 (Invisible)")
    return {"camera_matrix": record["matrix"], "dist_coefs": record["coefficients"]}, device


def _note_rest(name: str, size: int, record: int, findings: list[Finding], stream: str) -> None:
    rest = size % record
    if rest:
        text = (
            f"{name} ends in the middle of a record: {rest} bytes left out ({size // record} whole records)"
        )
        findings.append(Finding("problem", stream, "truncated_record", text, 1))
