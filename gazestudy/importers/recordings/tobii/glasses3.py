"""Tobii Pro Glasses 3: recording folders (`recording.g3`), and their tables alone (`gazedata.gz`).

Times are seconds since the start of the recording, the zero of the scene video as well. Gaze is written as a
share of the scene image and laid on its pixels here; a sample without gaze holds no data at all. Eye
positions, gaze directions and 3-D gaze are turned from the axes of the glasses into those of the scene
camera.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.recordings.tobii.camera import SIZE_PX, TobiiCamera, eye_used, reprojection
from gazestudy.importers.recordings.tobii.json_lines import (
    NUMBERS,
    Columns,
    LineFile,
    Quick,
    Scratch,
    dense,
    flat,
    floats,
    texts,
)
from gazestudy.importers.recordings.tobii.scene import open_scene
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_VIDEO
from gazestudy.importers.sources import Source
from gazestudy.importers.streams import gap_findings, gaze_stream, in_time_order
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream

DEVICE = "Tobii Pro Glasses 3"
FACTS, GAZE, IMU, EVENTS, VIDEO = (
    "recording.g3",
    "gazedata.gz",
    "imudata.gz",
    "eventdata.gz",
    "scenevideo.mp4",
)
EYES = ("left", "right")

_LONGEST_S = 2e6  # up to here a double keeps every nanosecond of a time in seconds
_EYE = pa.struct([("gazeorigin", NUMBERS), ("gazedirection", NUMBERS), ("pupildiameter", pa.float64())])
_GAZE_SCHEMA = pa.schema(
    [
        ("type", pa.string()),
        ("timestamp", pa.float64()),
        (
            "data",
            pa.struct([("gaze2d", NUMBERS), ("gaze3d", NUMBERS), ("eyeleft", _EYE), ("eyeright", _EYE)]),
        ),
    ]
)
_SENSORS = {
    "accelerometer": "acceleration_{}_m_s2",
    "gyroscope": "gyro_{}_deg_s",
    "magnetometer": "field_{}_ut",
}
_SENSORS_OF = {"imu": ("gyroscope", "accelerometer"), "magnetometer": ("magnetometer",)}
_IMU_SCHEMA = pa.schema(
    [
        ("type", pa.string()),
        ("timestamp", pa.float64()),
        ("data", pa.struct([(sensor, NUMBERS) for sensor in _SENSORS])),
    ]
)
_EVENT_SCHEMA = pa.schema(
    [
        ("type", pa.string()),
        ("timestamp", pa.float64()),
        (
            "data",
            pa.struct([("direction", pa.string()), ("value", pa.float64()), ("tag", pa.string())]),
        ),
    ]
)


@recording_importer(name="tobii-glasses3", version=1, device=DEVICE)
class TobiiGlasses3:
    """Finds and reads recording folders, or bare tables."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Refusal:
        """Look for recording.g3, or for gaze in the first line of gazedata.gz."""
        if source.has(FACTS):
            facts = _json_or_none(source, FACTS)
            if facts is not None and not {"gaze", "scenecamera", "uuid"} & set(facts):
                return Refusal(f"{FACTS} names neither gaze nor scene camera")
            # Damaged facts beside tables of gaze are a damaged recording; reading it says what is wrong.
            return Match(_name_of(source, facts or {}), DEVICE, FACTS)
        name = _gaze_name(source)
        if name is None:
            return Refusal(f"there is neither {FACTS} nor {GAZE}")
        first = LineFile(source, name, "gaze").head(4096).lstrip().split(b"\n", 1)[0]
        if b'"type"' not in first or b'"timestamp"' not in first or b'"gaze"' not in first:
            return Refusal(f"the first line of {name} is no gaze of a {DEVICE}")
        return Match(source.label, DEVICE, f"{name} with gaze of a {DEVICE}; without {FACTS}")

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        return _Folder(source, options).recording(info)


@dataclass
class _Folder:
    """One recording; every stream is made by its own method, when asked."""

    source: Source
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = []
        self.facts = self._read_facts()
        self.gaze_name = _file_of(self.source, self.facts, "gaze") or _gaze_name(self.source) or GAZE
        self.imu_name = _file_of(self.source, self.facts, "imu") or IMU
        self.event_name = _file_of(self.source, self.facts, "events") or EVENTS
        self.video_name = _file_of(self.source, self.facts, "scenecamera") or VIDEO
        self.axes = self._read_camera()
        self._notes.extend(self.axes.findings(FACTS))
        videos: dict[int, Path] = {}
        if self.options.video is not None:
            videos = {0: self.options.video}
        elif self.source.has(self.video_name):
            videos = {0: self.source.local(self.video_name)}
        else:
            self._notes.append(NO_VIDEO)
        self.scene = open_scene(videos, self.axes.camera, self.options.camera, SIZE_PX, self._notes)
        if _scene(self.facts).get("gaze-overlay") is True:
            text = "gaze was drawn into the scene video: pictures of placements may be covered by the mark"
            self._notes.append(Finding("warning", "frames", "gaze_overlay", text))

    def _read_facts(self) -> dict[str, Any]:
        if not self.source.has(FACTS):
            text = (
                f"{FACTS} is missing: the tables are read without start time, serial numbers and calibration"
            )
            self._notes.append(Finding("warning", "recording", "no_info", text))
            return {}
        try:
            return self.source.json(FACTS)
        except InputError as error:
            self._notes.append(Finding("problem", "recording", "info_damaged", str(error), 1))
            return {}

    def _read_camera(self) -> TobiiCamera:
        values = _scene(self.facts).get("camera-calibration")
        if not isinstance(values, dict):
            return TobiiCamera.unknown()
        try:
            return _camera_of(values)
        except ParameterError as error:
            text = f"the calibration in {FACTS} cannot be used ({error})"
            self._notes.append(Finding("problem", "camera", "camera_unusable", text))
            return TobiiCamera.unknown()

    def recording(self, importer: ImporterInfo) -> Recording:
        start = _unix_ns(self.facts.get("created"))
        loaders: dict[str, Callable[[], Stream]] = {"gaze": self.gaze, "frames": self.frames}
        if self.source.has(self.imu_name):
            loaders |= {"imu": self.imu, "magnetometer": self.magnetometer}
        else:
            text = f"{IMU} is not there: no movement of the head"
            self._notes.append(Finding("info", "recording", "file_missing", text))
        if self.source.has(self.event_name):
            loaders |= {"events": self.events, "sync_port": self.sync_port}
        extra = {
            key: value
            for key, value in self.facts.items()
            if isinstance(value, (str, int, float)) and key != "name"
        }
        extra |= {key: text for key in ("RuVersion", "HuSerial", "RuSerial") if (text := self._meta(key))}
        extra["camera_rotation"] = self.axes.rotation.tolist()
        extra["camera_position_mm"] = self.axes.position.tolist()
        meta = RecordingMeta(
            name=_name_of(self.source, self.facts),
            device=DEVICE,
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=start,
            participant_label=_participant(self._meta("participant")),
            extra=extra,
        )
        told = f"'created' of {FACTS}" if start is not None else ""
        return Recording(
            meta,
            clock=Clock("recording_start", start, told, 0),
            camera=self.scene.camera,
            videos=self.scene.videos,
            loaders=loaders,
            files=lambda: self.source.hashes(self._used_files()),
            findings=tuple(self._notes),
        )

    def _used_files(self) -> list[str]:
        known = {FACTS, self.gaze_name, self.imu_name, self.event_name, self.video_name}
        known |= {
            f"{self._meta_folder}/{name}" for name in ("participant", "RuVersion", "HuSerial", "RuSerial")
        }
        return [name for name in self.source.all_names() if name in known]

    @property
    def _meta_folder(self) -> str:
        return str(self.facts.get("meta-folder") or "meta").strip("/")

    def _meta(self, name: str) -> str:
        """Return the text of a file of the folder of facts, "" if there is none."""
        path = f"{self._meta_folder}/{name}"
        if path not in self.source.all_names():
            return ""
        return self.source.head(path, 65536).decode("utf-8", "replace").strip().strip("\0")

    def gaze(self) -> Stream:
        lines = LineFile(self.source, self.gaze_name, "gaze")
        columns = Columns()
        odd = 0
        for table in lines.tables(_GAZE_SCHEMA, _quick_gaze(columns) if lines.is_large else None):
            odd += _take_gaze(table, columns)
        t_s = columns.floats("t_s")
        findings = [*lines.findings, *_odd_lines(odd, self.gaze_name, "gaze")]
        width, height = self.scene.size_px
        with np.errstate(over="ignore"):  # numbers this large are damage, and out of the image anyway
            gaze = columns.floats("gaze2d", 2) * (float(width), float(height))
        gaze3d = self.axes.points(columns.floats("gaze3d", 3))
        extra: dict[str, NDArray[Any]] = {f"gaze3d_{axis}_mm": gaze3d[:, i] for i, axis in enumerate("xyz")}
        for eye in EYES:
            origin = self.axes.points(columns.floats(f"gazeorigin{eye}", 3))
            direction = self.axes.directions(columns.floats(f"gazedirection{eye}", 3))
            extra |= {f"eye_{eye}_{axis}_mm": origin[:, i] for i, axis in enumerate("xyz")}
            extra |= {f"gaze_{eye}_{axis}": direction[:, i] for i, axis in enumerate("xyz")}
            extra[f"pupil_{eye}_mm"] = columns.floats(f"pupildiameter{eye}")
        extra["eye_used"] = eye_used(*(np.isfinite(extra[f"gaze_{eye}_x"]) for eye in EYES))
        stream = gaze_stream(
            _ns(t_s),
            gaze[:, 0],
            gaze[:, 1],
            reasons={},
            size_px=self.scene.size_px,
            extra=extra,
            findings=findings,
        )
        checks = [
            *reprojection(gaze3d, gaze[:, 0], gaze[:, 1], self.scene.device_camera),
            *self._counts(len(t_s), int(np.isfinite(gaze[:, 0]).sum())),
        ]
        return Stream(stream.table, (*stream.findings, *checks))

    def _counts(self, made: int, good: int) -> list[Finding]:
        """Hold the number of samples against what the device counted."""
        facts = self.facts.get("gaze")
        found = []
        for key, count, what in (("samples", made, ""), ("valid-samples", good, " valid")):
            said = facts.get(key) if isinstance(facts, dict) else None
            if isinstance(said, int):
                text = f"{count}{what} gaze samples, {FACTS} says {said}"
                severity = "info" if said == count else "warning"
                found.append(Finding(severity, "gaze", "sample_count", text, abs(said - count)))  # type: ignore[arg-type]
        return found

    def frames(self) -> Stream:
        if not self.scene.videos:
            return self.scene.frames([], [])
        with SceneVideo(self.scene.videos) as video:
            pictures = video.table()
            found = list(video.findings())
        part = (pictures["t_ns"].to_numpy(), 0, 0, pictures["index"].to_numpy())
        return self.scene.frames([part], found)

    def imu(self) -> Stream:
        return self._sensors["imu"]

    def magnetometer(self) -> Stream:
        return self._sensors["magnetometer"]

    @cached_property
    def _sensors(self) -> dict[str, Stream]:
        """The streams of the inertial unit; the magnetometer has lines of its own."""
        lines = LineFile(self.source, self.imu_name, "imu")
        columns, odd = Columns(), 0
        for table in lines.tables(_IMU_SCHEMA, _quick_sensors(columns) if lines.is_large else None):
            t_s, wanted, wrong = _times(table, b"imu")
            odd += wrong
            for stream, sensors in _SENSORS_OF.items():
                values = np.empty((len(t_s), 0))
                for sensor in sensors:
                    more, wrong = dense(pc.struct_field(flat(table["data"]), sensor), 3)
                    odd += wrong
                    values = np.column_stack([values, more])
                has = wanted & np.isfinite(values).any(axis=1)
                columns.add(f"{stream}.t_s", t_s[has])
                columns.add(stream, values[has])
        found = [*lines.findings, *_odd_lines(odd, self.imu_name, "imu")]
        streams = {}
        for stream, sensors in _SENSORS_OF.items():
            names = [_SENSORS[sensor].format(axis) for sensor in sensors for axis in "xyz"]
            t_ns = _ns(columns.floats(f"{stream}.t_s"))
            values = columns.floats(stream, len(names))
            frame = pd.DataFrame({"t_ns": t_ns, **{name: values[:, i] for i, name in enumerate(names)}})
            frame, order = in_time_order(frame, stream)
            gaps = gap_findings(frame["t_ns"].to_numpy(), stream)
            streams[stream] = Stream(frame, (*(found if stream == "imu" else ()), *order, *gaps))
        return streams

    def _event_lines(self, stream: str, kind: bytes) -> tuple[pd.DataFrame, list[Finding]]:
        lines = LineFile(self.source, self.event_name, stream)
        tables, odd = [], 0
        for table in lines.tables(_EVENT_SCHEMA):
            t_s, wanted, wrong = _times(table, kind)
            odd += wrong
            data = flat(table["data"])
            one = pd.DataFrame({"t_ns": _ns(t_s)})
            one["direction"] = pd.Series(texts(pc.struct_field(data, "direction")), dtype="str")
            one["value"] = floats(pc.struct_field(data, "value"))
            one["tag"] = pd.Series(texts(pc.struct_field(data, "tag")), dtype="str")
            tables.append(one[wanted])
        empty = {"t_ns": np.zeros(0, np.int64), "direction": pd.Series([], dtype="str")}
        start = pd.DataFrame({**empty, "value": np.zeros(0), "tag": pd.Series([], dtype="str")})
        joined = pd.concat(tables, ignore_index=True) if tables else start
        frame, order = in_time_order(joined, stream)
        return frame, [*lines.findings, *_odd_lines(odd, self.event_name, stream), *order]

    def events(self) -> Stream:
        frame, found = self._event_lines("events", b"event")
        table = pd.DataFrame({"t_ns": frame["t_ns"], "name": frame["tag"]})
        table["source"] = pd.Series(["user"] * len(table), dtype="str")
        return Stream(table, tuple(found))

    def sync_port(self) -> Stream:
        frame, found = self._event_lines("sync_port", b"syncport")
        level = np.clip(np.nan_to_num(frame["value"].to_numpy(), nan=-1.0), -(2**31), 2**31)
        table = pd.DataFrame({"t_ns": frame["t_ns"], "direction": frame["direction"]})
        table["value"] = level.astype(np.int64)
        return Stream(table, tuple(found))


def _times(table: pa.Table, kind: bytes) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Return the times of lines, which are of a kind and have a usable time, and how many have none."""
    t_s = floats(flat(table["timestamp"]))
    of_kind = pc.equal(flat(table["type"]).cast(pa.binary()), kind).fill_null(False)
    mine = np.asarray(of_kind.to_numpy(zero_copy_only=False), np.bool_)
    timed = np.abs(t_s) < _LONGEST_S
    return np.where(timed, t_s, 0.0), mine & timed, int(np.count_nonzero(mine & ~timed))


def _take_gaze(table: pa.Table, columns: Columns) -> int:
    """Add the gaze of some lines to the columns; return how many lists have a wrong length."""
    t_s, wanted, odd = _times(table, b"gaze")
    data = flat(table["data"])
    every = bool(wanted.all())

    def keep(key: str, values: NDArray[np.float64]) -> None:
        columns.add(key, values if every else values[wanted])

    keep("t_s", t_s)
    paths = {"gaze2d": (["gaze2d"], 2), "gaze3d": (["gaze3d"], 3)}
    for eye in EYES:
        for name in ("gazeorigin", "gazedirection"):
            paths[f"{name}{eye}"] = ([f"eye{eye}", name], 3)
        keep(f"pupildiameter{eye}", floats(pc.struct_field(data, [f"eye{eye}", "pupildiameter"])))
    for key, (path, width) in paths.items():
        values, wrong = dense(pc.struct_field(data, path), width)
        odd += wrong
        keep(key, values)
    return odd


def _quick_gaze(columns: Columns) -> Quick:
    """Return what reads gaze in the usual form, much faster than JSON is parsed."""
    from gazestudy.importers.recordings.tobii import kernels  # the compiler is slow to load

    scratch = Scratch()

    def take(text: NDArray[np.uint8], lines: int) -> NDArray[np.int64] | None:
        times, values = scratch.take("t", (lines,)), scratch.take("values", (lines, kernels.GAZE_WIDTH))
        left = scratch.take("left", (lines, 3), np.int64)
        _, others = kernels.gaze_lines(text, times, values, left)
        if others or not (times < _LONGEST_S).all():
            return None  # whole blocks, as the order of lines is that of samples
        columns.add("t_s", times)
        for key, first, width in (("gaze2d", 0, 2), ("gaze3d", 2, 3)):
            columns.add(key, values[:, first : first + width])
        for eye, first in zip(EYES, (5, 12), strict=True):
            columns.add(f"gazeorigin{eye}", values[:, first : first + 3])
            columns.add(f"gazedirection{eye}", values[:, first + 3 : first + 6])
            columns.add(f"pupildiameter{eye}", values[:, first + 6])
        return left[:0]

    return take


def _quick_sensors(columns: Columns) -> Quick:
    """Return what reads the inertial unit in the usual form."""
    from gazestudy.importers.recordings.tobii import kernels

    firsts = {"gyroscope": 0, "accelerometer": 3, "magnetometer": 6}

    def take(text: NDArray[np.uint8], lines: int) -> NDArray[np.int64] | None:
        times, values, left = np.empty(lines), np.empty((lines, 9)), np.empty((lines, 3), np.int64)
        _, others = kernels.sensor_lines(text, times, values, left)
        if others or not (times < _LONGEST_S).all():
            return None
        for stream, sensors in _SENSORS_OF.items():
            own = np.column_stack([values[:, firsts[one] : firsts[one] + 3] for one in sensors])
            has = np.isfinite(own).any(axis=1)
            columns.add(f"{stream}.t_s", times[has])
            columns.add(stream, own[has])
        return left[:0]

    return take


def _ns(t_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return seconds as nanoseconds, exact for times below `_LONGEST_S` with up to nine decimals."""
    whole = np.floor(t_s)
    ns: NDArray[np.int64] = whole.astype(np.int64) * 10**9 + np.rint((t_s - whole) * 1e9).astype(np.int64)
    return ns


def _odd_lines(odd: int, name: str, stream: str) -> list[Finding]:
    if not odd:
        return []
    text = f"{name}: {odd} lines have no usable time or lists of a wrong length; these values were left out"
    return [Finding("problem", stream, "values_skipped", text, odd)]


def _camera_of(values: dict[str, Any]) -> TobiiCamera:
    def numbers(key: str) -> NDArray[np.float64]:
        try:
            return np.asarray(values.get(key), dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise ParameterError(key, values.get(key), "numbers") from error

    resolution, skew = numbers("resolution"), numbers("skew")
    if resolution.shape != (2,) or not np.isfinite(resolution).all() or (np.abs(resolution) > 2**20).any():
        raise ParameterError("resolution", values.get("resolution"), "width and height")
    return TobiiCamera.from_numbers(
        position=numbers("position"),
        rotation=numbers("rotation"),
        focal=numbers("focal-length"),
        skew=float(skew) if skew.shape == () else 0.0,
        principal=numbers("principal-point"),
        radial=numbers("radial-distortion"),
        tangential=numbers("tangential-distortion").reshape(-1)[:2],
        resolution=(int(resolution[0]), int(resolution[1])),
    )


def _scene(facts: dict[str, Any]) -> dict[str, Any]:
    scene = facts.get("scenecamera")
    return scene if isinstance(scene, dict) else {}


def _file_of(source: Source, facts: dict[str, Any], part: str) -> str | None:
    """Return the file that the facts name for a part, if it is there."""
    values = facts.get(part)
    name = values.get("file") if isinstance(values, dict) else None
    return name if isinstance(name, str) and name in source.names() else None


def _gaze_name(source: Source) -> str | None:
    if source.has(GAZE):
        return GAZE
    names = source.names()
    single = len(names) == 1 and source.path.is_file() and names[0].lower().endswith(".gz")
    return names[0] if single else None


def _json_or_none(source: Source, name: str) -> dict[str, Any] | None:
    try:
        return source.json(name)
    except InputError:
        return None  # reading it again will say so


def _name_of(source: Source, facts: dict[str, Any]) -> str:
    return str(facts.get("name") or source.label)


def _participant(text: str) -> str:
    """Return the name in the file of the participant: a JSON object, on old firmware plain text."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return text.splitlines()[0][:200] if text else ""
    return str(values.get("name") or "") if isinstance(values, dict) else ""


def _unix_ns(text: object) -> int | None:
    """Return a time such as 2023-05-26T08:32:28.123456Z as Unix nanoseconds."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if time.tzinfo is None:
        return None
    return int(time.timestamp() * 1_000_000) * 1000 if time.microsecond else int(time.timestamp()) * 10**9
