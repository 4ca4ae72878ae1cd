"""Pupil Labs Invisible and Neon: time-series export of Pupil Cloud, Neon Player and pl-rec-export.

Gaze is in pixels of the distorted scene image, origin top-left. During blinks and while the glasses are not
worn Pupil still writes coordinates that look plausible: they are kept, but `valid` is false and `reason` says
why. Cloud puts grey pictures into the scene video wherever the camera delivered none; they are frames of kind
"filler".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.camera_files import PUPIL_SIZES_PX, camera_from_json, camera_matrix, pupil_device_at
from gazestudy.importers.recordings.pupil import checks as pupil_checks
from gazestudy.importers.recordings.pupil import filler as pupil_filler
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_VIDEO, paired_frames
from gazestudy.importers.sources import TABLE_SUFFIXES, Source
from gazestudy.importers.streams import gap_findings, gaze_stream, in_time_order
from gazestudy.importers.text_tables import Kind, TextTable, column_key, read_table, sniff_header
from gazestudy.importers.video import SceneVideo, picture_size
from gazestudy.model import Camera, Clock, Finding, Recording, RecordingMeta, Stream

VENDOR_TABLES = {
    "fixations": "fixations.csv",
    "saccades": "saccades.csv",
    "blinks": "blinks.csv",
    "eye_states": "3d_eye_states.csv",
    "labels": "labels.csv",
}
COLUMNS = ("timestamp [ns]", "gaze x [px]", "gaze y [px]")
FRAME_TABLES = ("world_timestamps.csv", "scene_timestamps.csv", "world.csv")

_VIDEO_NAME = re.compile(r"[0-9a-f]{8}_(\d+(?:\.\d+)?)-\d+(?:\.\d+)?\.mp4", re.IGNORECASE)
_ENRICHMENT = re.compile(r"gaze (detected|position) (on|in) (surface|reference image)")
_FRAME_KINDS: dict[str, Kind] = {"recording id": "words", "section id": "words", "timestamp [ns]": "int"}
_GAZE_KINDS: dict[str, Kind] = (
    _FRAME_KINDS
    | dict.fromkeys(("fixation id", "blink id"), "int")
    | dict.fromkeys((*COLUMNS[1:], "azimuth [deg]", "elevation [deg]"), "float")
    | {"worn": "words"}
)
_IMU_KINDS: dict[str, Kind] = _FRAME_KINDS | dict.fromkeys(
    (
        *(
            f"{sensor} {axis} [{unit}]"
            for sensor, unit in (("gyro", "deg/s"), ("acceleration", "g"))
            for axis in "xyz"
        ),
        *(f"{angle} [deg]" for angle in ("roll", "pitch", "yaw")),
        *(f"quaternion {axis}" for axis in "wxyz"),
    ),
    "float",
)
_WORN_WORDS = {"true": True, "false": False, "yes": True, "no": False}


@recording_importer(name="pupil-cloud", version=1, device="Pupil Invisible, Neon (Pupil Cloud, Neon Player)")
class PupilCloud:
    """Finds and reads time-series exports."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Refusal:
        """Look at the header of gaze.csv."""
        name = _gaze_name(source)
        if name is None:
            return Refusal("there is no gaze.csv")
        header = sniff_header(source, name)
        names = [column_key(column) for column in header[0]] if header is not None else []
        if any(_ENRICHMENT.search(column) for column in names):
            return Refusal(
                f"{name} is the result of an enrichment (gaze already mapped onto a surface or picture), not"
                " a recording; download 'Timeseries Data + Scene Video' for that, and bring this one onto a"
                " placement with gazestudy import-mapping"
            )
        missing = [column for column in COLUMNS if column_key(column) not in names]
        info = _info_or_empty(source)
        if missing and not _device(info):
            what = f"{name} has no column {missing[0]!r}" if names else f"{name} is empty or no text"
            return Refusal(what)
        # Beside an info.json of Pupil a broken gaze.csv is a broken recording; reading it says what is wrong.
        reason = (
            f"info.json of {_device(info)}" if missing else f"{name} with {COLUMNS[0]!r} and {COLUMNS[1]!r}"
        )
        return Match(_name_of(source, info), _device(info) or "unknown", reason)

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        return _Export(source).recording(info)


@dataclass
class _Export:
    """One export folder; every stream is read by its own method, when asked."""

    source: Source

    def recording(self, importer: ImporterInfo) -> Recording:
        info, findings = self.info, list(self._missing())
        start = info.get("start_time")
        present = {name: file for name, file in VENDOR_TABLES.items() if self.source.has(file)}
        loaders: dict[str, Callable[[], Stream]] = {"gaze": self.gaze, "frames": self.frames}
        if self.source.has("imu.csv"):
            loaders["imu"] = self.imu
        if self.source.has("events.csv"):
            loaders["events"] = self.events
        for name, file in present.items():
            loaders[name] = lambda name=name, file=file: self.vendor(name, file)  # type: ignore[misc]
        meta = RecordingMeta(
            name=_name_of(self.source, info),
            device=self.device,
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=start if isinstance(start, int) else None,
            participant_label=str(info.get("wearer_name", "")),
            extra={key: value for key, value in info.items() if key not in ("wearer_name", "template_data")},
        )
        return Recording(
            meta,
            clock=Clock(
                "unix_utc", 0, "clock of the phone (Unix UTC); drifts up to 1 s a day", self.first_frame_ns
            ),
            camera=self.camera,
            videos=self.videos,
            loaders=loaders,
            files=lambda: self.source.hashes(self.used_files),
            findings=(*findings, *self._notes),
        )

    def __post_init__(self) -> None:
        self._notes: list[Finding] = []
        header = read_table(self.source, _gaze_name(self.source) or "gaze.csv", "gaze", head_only=True)
        for column in COLUMNS:
            header.need(column)
        try:
            self.info = self.source.json("info.json")
        except InputError as error:
            self.info = {}
            self._notes.append(Finding("problem", "recording", "info_damaged", str(error), 1))
        self.videos = tuple(self.source.local(name) for name in self._choose_videos())
        self.device = self._known_device()
        self.size_px = self._image_size()
        self.camera = self._read_camera()

    @property
    def used_files(self) -> list[str]:
        known = {
            "info.json",
            "scene_camera.json",
            "calibration.json",
            "imu.csv",
            "events.csv",
            "template.csv",
        }
        known.update(
            FRAME_TABLES, VENDOR_TABLES.values(), self._choose_videos(), [_gaze_name(self.source) or ""]
        )
        return [name for name in self.source.names() if name in known]

    @property
    def _frame_file(self) -> str | None:
        return next((name for name in FRAME_TABLES if self.source.has(name)), None)

    @property
    def first_frame_ns(self) -> int | None:
        if self._frame_file is None:
            return None
        match = re.search(
            r"(?<!\d)\d{18,19}(?!\d)", self.source.head(self._frame_file, 4096).decode("utf-8", "replace")
        )
        return int(match.group()) if match else None

    def _choose_videos(self) -> list[str]:
        names = [name for name in self.source.videos() if "sensor module" not in name.lower()]
        if len(names) <= 1:
            return names
        numbered = {name: match for name in names if (match := _VIDEO_NAME.fullmatch(name))}
        if not numbered:
            text = f"several videos and none is named like one of the Cloud: {', '.join(names)}; none is used"
            self._notes.append(Finding("warning", "frames", "video_ambiguous", text, len(names)))
        return sorted(numbered, key=lambda name: float(numbered[name].group(1)))

    def _known_device(self) -> str:
        device = _device(self.info)
        if device:
            return device
        # The principal point lies near the middle of the image, so it tells the size of the image.
        matrix = camera_matrix(self._calibration[0])
        if matrix is not None:
            centre = float(matrix[0, 2])
        else:
            table = self._text_gaze()
            azimuth = table.find("azimuth [deg]")
            if azimuth is None:
                return "unknown"
            near = np.abs(table.floats(azimuth)) < 2
            x_px = table.floats(table.need("gaze x [px]"))[near]
            centre = float(np.nanmedian(x_px)) if np.isfinite(x_px).any() else np.nan
        guess = pupil_device_at(centre)
        if guess is None:
            return "unknown"
        text = (
            f"info.json does not say; device {guess!r} inferred from where the optical axis meets the image"
        )
        self._notes.append(Finding("warning", "gaze", "device_inferred", text))
        return guess

    def _image_size(self) -> tuple[int, int] | None:
        if self.videos:
            try:
                return picture_size(self.videos[0])
            except InputError as error:
                self._notes.append(Finding("problem", "frames", "video_unusable", str(error), 1))
                self.videos = ()
        return PUPIL_SIZES_PX.get(self.device)

    @cached_property
    def _calibration(self) -> tuple[dict[str, Any], str]:
        """What the calibration file says, and its name ("" if there is none that can be read)."""
        for name in ("scene_camera.json", "calibration.json"):
            if not self.source.has(name):
                continue
            try:
                values = self.source.json(name)
            except InputError as error:
                self._notes.append(Finding("problem", "camera", "camera_unusable", str(error)))
                continue
            scene = (one for key, one in values.items() if "scene" in key.lower() and isinstance(one, dict))
            return (values if "camera_matrix" in values else next(scene, values)), name
        return {}, ""

    def _read_camera(self) -> Camera | None:
        values, name = self._calibration
        if not name:
            text = "scene_camera.json is missing: without a calibration there are no visual angles"
            self._notes.append(Finding("warning", "camera", "no_camera", text))
            return None
        try:
            return camera_from_json(values, self.size_px)
        except ParameterError as error:
            text = f"{name} cannot be used ({error}); the recording is read without a calibration"
            self._notes.append(Finding("problem", "camera", "camera_unusable", text))
            return None

    def _missing(self) -> list[Finding]:
        found = []
        if not self.source.has("info.json"):
            text = "info.json is missing: no device, serial numbers, start time; this is a partial export"
            found.append(Finding("warning", "recording", "no_info", text))
        if not self.videos:
            found.append(NO_VIDEO)
        for name in ("imu.csv", "events.csv", "blinks.csv", "fixations.csv"):
            if not self.source.has(name):
                found.append(Finding("info", "recording", "file_missing", f"{name} is not in the export"))
        return found

    def _text_gaze(self) -> TextTable:
        return read_table(self.source, _gaze_name(self.source) or "gaze.csv", "gaze", kinds=_GAZE_KINDS)

    @cached_property
    def _gaze(self) -> Stream:
        table = self._text_gaze()
        t_ns = table.times_ns(table.need("timestamp [ns]"))
        x_px, y_px = table.floats(table.need("gaze x [px]")), table.floats(table.need("gaze y [px]"))
        extra: dict[str, NDArray[Any]] = {}
        for spelling, column in (("azimuth [deg]", "azimuth_deg"), ("elevation [deg]", "elevation_deg")):
            if (name := table.find(spelling)) is not None:
                extra[column] = table.floats(name)
        for spelling in ("fixation id", "blink id"):
            if (name := table.find(spelling)) is not None:
                extra[spelling.replace(" ", "_")] = table.ints(name)
        reasons = {"not_worn": ~self._worn(table), "blink": self._in_blink(t_ns, extra, table)}
        self._note_several(table)
        stream = gaze_stream(
            t_ns, x_px, y_px, reasons=reasons, size_px=self.size_px, extra=extra, findings=table.findings
        )
        checks = [
            *pupil_checks.angles(stream.table, self.camera),
            *pupil_checks.duration(t_ns, self.info.get("start_time"), self.info.get("duration")),
        ]
        return Stream(stream.table, (*stream.findings, *checks))

    def gaze(self) -> Stream:
        return self._gaze

    def _worn(self, table: TextTable) -> NDArray[np.bool_]:
        name = table.find("worn")
        if name is None:
            table.findings.append(
                Finding(
                    "info",
                    "gaze",
                    "no_worn",
                    "there is no column 'worn'; the glasses are taken as worn throughout",
                )
            )
            return np.ones(len(table), dtype=np.bool_)
        words, codes = table.words(name)
        states = [worn_state(word) for word in words]
        unknown = np.array([state is None for state in states], dtype=np.bool_)[codes]
        if unknown.any():
            text = f"{unknown.sum()} samples do not say whether the glasses were worn; taken as worn"
            table.findings.append(Finding("warning", "gaze", "worn_unknown", text, int(unknown.sum())))
        return np.asarray(np.array([state is not False for state in states], dtype=np.bool_)[codes])

    def _in_blink(
        self, t_ns: NDArray[np.int64], extra: dict[str, NDArray[Any]], table: TextTable
    ) -> NDArray[np.bool_]:
        if "blink_id" in extra:
            return np.asarray(extra["blink_id"] >= 0)
        if not self.source.has("blinks.csv"):
            text = "neither a column 'blink id' nor blinks.csv: samples during blinks cannot be told"
            table.findings.append(Finding("warning", "gaze", "no_blinks", text))
            return np.zeros(len(t_ns), dtype=np.bool_)
        blinks = read_table(self.source, "blinks.csv", "blinks")
        start = np.sort(blinks.times_ns(blinks.need("start timestamp [ns]")))
        end = np.sort(blinks.times_ns(blinks.need("end timestamp [ns]")))
        # Blinks do not overlap: as many began before a sample as ended, or one more. The end is the first
        # sample after the blink: so it is where both a column 'blink id' and blinks.csv are there.
        return np.asarray(
            np.searchsorted(start, t_ns, side="right") > np.searchsorted(end, t_ns, side="right")
        )

    def _note_several(self, table: TextTable) -> None:
        name = table.find("recording id")
        if name is not None and len(ids := set(table.words(name)[0])) > 1:
            raise InputError(
                table.place,
                "the table mixes several recordings",
                place=f"column {name!r}",
                found=f"{len(ids)} ids",
                advice="Download the time series of each recording",
            )

    def frames(self) -> Stream:
        findings: list[Finding] = []
        with SceneVideo(self.videos) as video:
            t_ns = self._frame_times(video, findings)
            count = min(len(t_ns), len(video))
            if self.videos:
                findings.extend(pupil_checks.video_times(t_ns[:count], video.times_ns[:count]))
            filler, more = pupil_filler.find(t_ns, video if self.videos else None, count)
        return paired_frames(self.videos, [t_ns], filler=filler, findings=[*findings, *more])

    def _frame_times(self, video: SceneVideo, findings: list[Finding]) -> NDArray[np.int64]:
        if self._frame_file is not None:
            table = read_table(self.source, self._frame_file, "frames", kinds=_FRAME_KINDS)
            times = table.times_ns(table.need("timestamp [ns]"))
            findings.extend(table.findings)
            return times
        start = self.info.get("start_time")
        if not self.videos or not isinstance(start, int):
            text = "world_timestamps.csv is missing: no frame can be placed in time"
            findings.append(
                Finding("problem" if self.videos else "warning", "frames", "no_frame_times", text)
            )
            return np.zeros(0, dtype=np.int64)
        text = "world_timestamps.csv is missing: frame times are start_time plus the time in the video"
        findings.append(Finding("warning", "frames", "frame_times_from_video", text))
        return np.asarray(video.times_ns + start)

    def imu(self) -> Stream:
        table = read_table(self.source, "imu.csv", "imu", kinds=_IMU_KINDS)
        values: dict[str, NDArray[Any]] = {"t_ns": table.times_ns(table.need("timestamp [ns]"))}
        for axis in "xyz":
            values[f"gyro_{axis}_deg_s"] = table.floats(table.need(f"gyro {axis} [deg/s]"))
        optional: dict[str, tuple[str, ...]] = {
            f"acceleration_{axis}_g": (f"acceleration {axis} [g]",) for axis in "xyz"
        }
        optional |= {f"{angle}_deg": (f"{angle} [deg]", angle) for angle in ("roll", "pitch", "yaw")}
        optional |= {
            f"quaternion_{axis}": (f"quaternion {axis}", f"rotation vector {axis}") for axis in "wxyz"
        }
        for column, spellings in optional.items():
            if (name := table.find(*spellings)) is not None:
                values[column] = table.floats(name)
        frame, order = in_time_order(pd.DataFrame(values), "imu")
        return Stream(frame, (*table.findings, *order, *gap_findings(frame["t_ns"].to_numpy(), "imu")))

    def events(self) -> Stream:
        table = read_table(self.source, "events.csv", "events")
        t_ns = table.times_ns(table.need("timestamp [ns]"))
        kind = table.find("type")
        source = (
            table.text(kind).replace({"recording": "device"})
            if kind
            else pd.Series(["device"] * len(t_ns), dtype="str")
        )
        values = pd.DataFrame(
            {"t_ns": t_ns, "name": table.text(table.need("name")), "source": source.astype("str")}
        )
        frame, order = in_time_order(values, "events")
        return Stream(frame, (*table.findings, *order))

    def vendor(self, name: str, file: str) -> Stream:
        table = read_table(self.source, file, name)
        ids = [
            one for spelling in ("section id", "recording id") if (one := table.find(spelling)) is not None
        ]
        frame = table.frame(leave_out=ids)
        findings = list(table.findings)
        if name == "fixations":
            with suppress(
                InputError
            ):  # where gaze cannot be read there is nothing to check, but still fixations
                findings.extend(pupil_checks.fixation_centres(table, self.gaze().table))
        return Stream(frame, tuple(findings))


def worn_state(word: str) -> bool | None:
    """Return what one cell of the column `worn` says; every writer has its own way.

    Examples
    --------
    >>> [worn_state(word) for word in ("1", "1.0", "true", "255", "0.0", "false", "10", "")]
    [True, True, True, True, False, False, False, None]
    """
    if word in _WORN_WORDS:
        return _WORN_WORDS[word]
    try:
        value = float(word)
    except ValueError:
        return None
    # 255 is the byte of the device, -1 the same byte read with a sign; other small values are not worn.
    return None if np.isnan(value) else value in (1.0, -1.0) or value >= 128


def _gaze_name(source: Source) -> str | None:
    if source.has("gaze.csv"):
        return "gaze.csv"
    names = source.names()
    single = len(names) == 1 and source.path.is_file() and names[0].lower().endswith(TABLE_SUFFIXES)
    return names[0] if single else None


def _info_or_empty(source: Source) -> dict[str, Any]:
    try:
        return source.json("info.json")
    except InputError:
        return {}  # reading it again will say so


def _device(info: dict[str, Any]) -> str:
    if "module_serial_number" in info or "frame_name" in info:
        return "Neon"
    if "glasses_serial_number" in info:
        return "Pupil Invisible"
    major = str(info.get("data_format_version", "")).partition(".")[0]
    return {"1": "Pupil Invisible", "2": "Neon"}.get(major, "")


def _name_of(source: Source, info: dict[str, Any]) -> str:
    template = info.get("template_data")
    name = template.get("recording_name") if isinstance(template, dict) else None
    return str(name or info.get("recording_name") or Path(source.label).name)
