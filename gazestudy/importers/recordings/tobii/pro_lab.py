"""Tobii Pro Lab: data export as tab-separated text.

One file holds one recording or all of a project. Rows of the eye tracker, the motion sensors and events are
interleaved; columns of eye movements are repeated on all of them, so only the eye tracker's are counted.
Older exports name columns without units (times in µs), newer ones with ("Gaze point X [MCS px]").

A real excerpt confirmed rows, times, events, mapping and AOI columns of the older header. Gaze, pupil, motion
columns and the newer header follow documentation and other programs. Whether gaze was filtered is not known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.recordings.separate_files import frames_by_video_time, given_camera
from gazestudy.importers.recordings.table_keys import parse_selection, selection_of
from gazestudy.importers.recordings.tobii import pro_lab_tables as tables
from gazestudy.importers.recordings.tobii.pro_lab_columns import (
    TIME,
    Columns,
    export_header,
    parse_header,
    recordings_in,
)
from gazestudy.importers.recordings.tobii.pro_lab_rows import MOTION, Rows, read_rows
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_CAMERA, usable_videos
from gazestudy.importers.sources import TABLE_SUFFIXES, Source
from gazestudy.importers.streams import gap_findings, gaze_stream, in_time_order
from gazestudy.importers.text_tables import TextTable
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream

NS_PER_UNIT = {"us": 10**3, "ms": 10**6, "s": 10**9, "ns": 1, "": 10**3}
PX_UNITS = ("mcs px", "dacs px", "px", "")

_MEDIAN_STEP_OF_US = 250
_G = 9.80665
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}:\d{2}([.,]\d+)?")
_INVALID = ("invalid", "2", "3", "4")


@recording_importer(
    name="tobii-pro-lab", version=1, device="Tobii Pro Lab export (Glasses 2, 3, screen-based)"
)
class TobiiProLab:
    """Finds and reads data exports; gaze, pupil and motion columns follow documentation only."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look at the headers of all tables, and which recordings each holds."""
        names = [name for name in source.names() if name.lower().endswith(TABLE_SUFFIXES)]
        if source.path.is_file() and len(source.names()) == 1:
            names = source.names()
        found = []
        for name in names:
            header = export_header(source, name)
            if header is None:
                continue
            for number, (_, recording) in enumerate(recordings_in(source, name, *header), 1):
                reason = f"{name} with 'Recording timestamp' of Tobii Pro Lab"
                key = selection_of(name, str(number), recording)  # shown to people: no participant's name
                found.append(Match(recording or Path(name).stem, _device(header[0]), reason, key, covers=()))
        return found or Refusal("no table has the columns of Tobii Pro Lab ('Recording timestamp', 'Sensor')")

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        key = parse_selection(options.selection, 3)
        header = export_header(source, key[0]) if key is not None and source.has(key[0]) else None
        if key is not None and header is not None:
            held = enumerate(recordings_in(source, key[0], *header), 1)
            for participant, recording in (pair for number, pair in held if str(number) == key[1]):
                return _Export(source, key[0], participant, recording, options).recording(info)
        raise InputError(
            source.path, f"there is no recording {options.selection!r}", advice="Choose it by name"
        )


def _device(names: list[str]) -> str:
    plain = parse_header(names)
    text = " ".join(names).lower()
    if plain.snapshots or "gyro" in text or "hucs" in text or "gaze point 3d x" in plain.plain:
        return "Tobii Pro Glasses"
    return "Tobii (Pro Lab)"


@dataclass
class _Export:
    source: Source
    name: str
    participant: str
    label: str
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = []
        self._told: set[int] = set()
        header = export_header(self.source, self.name)
        if header is None:
            raise InputError(
                self.source.place(self.name), "this is no export of Tobii Pro Lab", place="header"
            )
        self.device = _device(header[0])
        self.video_names = [] if self.options.video else self._video_beside()
        videos = [self.options.video] if self.options.video else map(self.source.local, self.video_names)
        self.videos, self.size_px = usable_videos(list(videos), self._notes)
        self.camera = given_camera(self.options.camera, self.size_px)
        if self.camera is None:
            self._notes.append(NO_CAMERA)
        elif self.size_px is None:
            self.size_px = (self.camera.width_px, self.camera.height_px)

    def _video_beside(self) -> list[str]:
        """Return the video that carries the name of the recording or of the table."""
        wanted = {Path(self.name).stem.lower(), self.label.lower()} - {""}
        fitting = [name for name in self.source.videos() if Path(name).stem.lower() in wanted]
        return fitting if len(fitting) == 1 else []

    def recording(self, importer: ImporterInfo) -> Recording:
        rows = self.rows
        start = _start_ns(rows.facts)
        loaders = {"gaze": self.gaze, "frames": self.frames, "events": self.events}
        columns = self.header
        if "gyroscope" in rows.motion and columns.find("gyro x") is not None:
            loaders["imu"] = self.imu
        for sensor, stream in (("accelerometer", "accelerations"), ("magnetometer", "magnetic_fields")):
            if sensor in rows.motion and columns.find(f"{sensor} x") is not None:
                loaders[stream] = lambda sensor=sensor, stream=stream: self.motion(sensor, stream)  # type: ignore[misc]
        if columns.find("eye movement type") is not None:
            loaders["eye_movements"] = self.eye_movements
        if columns.snapshots:
            loaders["mapped_movements"] = self.mapped_movements
            loaders["mapped_gaze"] = self.mapped_gaze
        if columns.aois:
            loaders["aoi_hits"] = self.aoi_hits
        meta = RecordingMeta(
            name=self.label or Path(self.name).stem,
            device=self.device,
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=start,
            participant_label=self.participant,
            extra=rows.facts,
        )
        told = (
            "Recording start time UTC" if start is not None else "ms or µs since the start of the recording"
        )
        return Recording(
            meta,
            clock=Clock("recording_start", start, told, 0 if self.videos else None),
            camera=self.camera,
            videos=self.videos,
            loaders=loaders,
            files=lambda: self.source.hashes([self.name, *self.video_names]),
            findings=tuple(self._notes),
        )

    @property
    def header(self) -> Columns:
        return self.rows.columns

    @cached_property
    def rows(self) -> Rows:
        rows = read_rows(self.source, self.name, self.participant, self.label)
        if self.size_px is None:
            self.size_px = _media_size(rows.facts)
        if rows.others:
            text = f"the table holds {rows.others} other recordings, which are recordings of their own"
            rows.findings.append(Finding("info", "gaze", "other_recordings", text, rows.others))
        rows.findings.extend(self._remarks(rows.columns, rows.motion, rows.facts))
        return rows

    def _remarks(
        self, columns: Columns, motion: dict[str, TextTable], facts: dict[str, str]
    ) -> list[Finding]:
        found = []
        usable = (*PX_UNITS, "mcs norm") if self.size_px is not None else PX_UNITS
        if columns.find("gaze point x", units=usable) is None:
            text = (
                "the export has no columns 'Gaze point X' and 'Gaze point Y' in pixels: its samples have no"
                " place, only fixations may have. Export again with the gaze columns ticked"
            )
            found.append(Finding("problem", "gaze", "no_gaze_columns", text))
        for sensor, its in motion.items():
            if columns.find(f"{MOTION[sensor]} x") is None:
                text = f"{len(its)} rows of the {sensor} have no columns with values in this export"
                found.append(Finding("info", "imu", "no_values", text, len(its)))
        start = facts.get("recording start time", "")
        if start and not _TIME_OF_DAY.fullmatch(start):
            text = f"the start time {start!r} is no time of day, as after a spreadsheet saved the table"
            found.append(Finding("warning", "recording", "start_time_damaged", text))
        filtered = facts.get("recording fixation filter name")
        text = f"fixation filter {filtered!r}" if filtered else "whether gaze was filtered is not known"
        found.append(Finding("info", "gaze", "filter", text))
        return found

    @cached_property
    def ns_per_unit(self) -> int:
        """Nanoseconds per unit of the time column; names without a unit mean µs, unless the steps say ms."""
        unit = self.header.unit(TIME)
        if unit in NS_PER_UNIT and unit:
            return NS_PER_UNIT[unit]
        times = self.rows.eye.floats(self.header.find(TIME) or "")
        steps = np.diff(times[np.isfinite(times)])
        steps = steps[steps > 0]
        if len(steps) and float(np.median(steps)) < _MEDIAN_STEP_OF_US:
            text = f"times have no unit; a median step of {np.median(steps):g} means ms"
            self.rows.findings.append(Finding("warning", "gaze", "unit_inferred", text))
            return NS_PER_UNIT["ms"]
        return NS_PER_UNIT["us"]

    def _times(self, table: TextTable) -> NDArray[np.int64]:
        return table.times_ns(table.need(self.header.find(TIME) or TIME), self.ns_per_unit)

    @cached_property
    def eye_times(self) -> NDArray[np.int64]:
        return self._times(self.rows.eye)

    @cached_property
    def _gaze(self) -> Stream:
        t_ns, table = self.eye_times, self.rows.eye
        x_px, y_px = self._places(table, "x"), self._places(table, "y")
        extra = self._pupils(table) | self._directions(table) | self._movement_labels(table)
        findings = [*self.rows.findings, *table.findings]
        return gaze_stream(
            t_ns,
            x_px,
            y_px,
            reasons={"device_error": self._both_invalid(table)},
            size_px=self.size_px,
            extra=extra,
            findings=[*findings, *self._duration_check(t_ns)],
        )

    def gaze(self) -> Stream:
        return self._gaze

    def _places(self, table: TextTable, axis: str) -> NDArray[np.float64]:
        """Return gaze along an axis, px: as exported, or as share of the image where its size is known."""
        if (name := self.header.find(f"gaze point {axis}", units=PX_UNITS)) is not None:
            return table.floats(name)
        share = self.header.find(f"gaze point {axis}", units=("mcs norm",))
        if share is not None and self.size_px is not None:
            return table.floats(share) * self.size_px["xy".index(axis)]
        return np.full(len(table), np.nan)

    def _both_invalid(self, table: TextTable) -> NDArray[np.bool_]:
        """Return samples of which neither eye is valid; codes 0 and 1 of older exports are valid."""
        usable = np.zeros(len(table), np.bool_)
        said = False
        for eye in ("left", "right"):
            name = self.header.find(f"validity {eye}")
            if name is not None:
                usable |= ~table.text(name).str.lower().isin(_INVALID).to_numpy(dtype=bool)
                said = True
        return ~usable if said else usable

    def _pupils(self, table: TextTable) -> dict[str, NDArray[Any]]:
        found = {}
        for eye in ("left", "right", "filtered"):
            name = self.header.find(f"pupil diameter {eye}")
            if name is not None:
                found[f"pupil_{eye}_mm"] = table.floats(name)
        return found

    def _directions(self, table: TextTable) -> dict[str, NDArray[Any]]:
        """Return 3-D columns of glasses in the frame of the camera: Tobii's x points left and its y up."""
        if self.device != "Tobii Pro Glasses":
            return {}
        wanted = {"gaze3d_{}_mm": "gaze point 3d {}"}
        for eye in ("left", "right"):
            wanted[f"gaze_{eye}_{{}}"] = f"gaze direction {eye} {{}}"
            wanted[f"eye_{eye}_{{}}_mm"] = f"pupil position {eye} {{}}"
        found = {}
        for ours, theirs in wanted.items():
            for axis, sign in (("x", -1.0), ("y", -1.0), ("z", 1.0)):
                name = self.header.find(theirs.format(axis), units=("hucs mm", "hucs norm", "mm", "norm", ""))
                if name is not None:
                    found[ours.format(axis)] = sign * table.floats(name)
        return found

    def _movement_labels(self, table: TextTable) -> dict[str, NDArray[Any]]:
        name = self.header.find("eye movement type")
        return {"eye_movement_type": table.text(name).to_numpy(dtype=object)} if name else {}

    def _duration_check(self, t_ns: NDArray[np.int64]) -> list[Finding]:
        try:
            said_s = float(self.rows.facts.get("recording duration", "").replace(",", ".")) / 1e3
        except ValueError:
            return []
        if not len(t_ns) or not np.isfinite(said_s):
            return []
        last_s = float(t_ns.max()) / 1e9
        text = f"the last sample is at {last_s:.2f} s of {said_s:.2f} s that the recording lasts"
        held = last_s <= said_s + 1
        return [Finding("info" if held else "warning", "gaze", "check_duration", text)]

    def frames(self) -> Stream:
        _ = self.rows
        return frames_by_video_time(self.videos, why="which is taken to start with the recording")

    def events(self) -> Stream:
        table = self.rows.events
        t_ns = self._times(table)
        name, value = self.header.find("event"), self.header.find("event value")
        names = table.text(name) if name else pd.Series([""] * len(t_ns), dtype="str")
        system = names.str.contains(r"(?:Interval|Recording|Stimulus|Calibration|Sync)\w*", regex=True)
        values = pd.DataFrame({"t_ns": t_ns, "name": names.astype("str")})
        values["source"] = pd.Series(np.where(system, "device", "user"), dtype="str")
        if value is not None:
            values["value"] = table.text(value)
        frame, order = in_time_order(values, "events")
        return Stream(frame, (*table.findings, *order))

    def imu(self) -> Stream:
        """Return rotation, with the acceleration of the same time where there is one."""
        table = self.rows.motion["gyroscope"]
        t_ns = self._times(table)
        values: dict[str, NDArray[Any]] = {"t_ns": t_ns}
        for axis in "xyz":
            name = self.header.find(f"gyro {axis}")
            values[f"gyro_{axis}_deg_s"] = table.floats(name) if name else np.full(len(t_ns), np.nan)
        frame, order = in_time_order(pd.DataFrame(values), "imu")
        if "accelerometer" in self.rows.motion and self.header.find("accelerometer x") is not None:
            other = self.motion("accelerometer", "accelerations").table.drop_duplicates("t_ns")
            for axis in "xyz":
                other[f"acceleration_{axis}_g"] = other.pop(f"acceleration_{axis}_m_s2") / _G
            frame = frame.merge(other, "left", on="t_ns")
        return Stream(frame, (*table.findings, *order, *gap_findings(frame["t_ns"].to_numpy(), "imu")))

    def motion(self, sensor: str, stream: str) -> Stream:
        table = self.rows.motion[sensor]
        ours = {"accelerometer": "acceleration_{}_m_s2", "magnetometer": "magnetic_field_{}_ut"}[sensor]
        values: dict[str, NDArray[Any]] = {"t_ns": self._times(table)}
        for axis in "xyz":
            name = self.header.find(f"{sensor} {axis}")
            values[ours.format(axis)] = table.floats(name) if name else np.full(len(values["t_ns"]), np.nan)
        frame, order = in_time_order(pd.DataFrame(values), stream)
        return Stream(frame, tuple(order))

    def eye_movements(self) -> Stream:
        found = tables.movements(self.rows.eye, self.eye_times, self.header)
        return self._vendor(found, tables.fixation_centres(found, self._gaze.table))

    def mapped_movements(self) -> Stream:
        return self._vendor(tables.mapped_movements(self.rows.eye, self.eye_times, self.header))

    def mapped_gaze(self) -> Stream:
        return self._vendor(tables.mapped_gaze(self.rows.eye, self.eye_times, self.header))

    def aoi_hits(self) -> Stream:
        return self._vendor(*tables.aoi_hits(self.rows.eye, self.eye_times, self.header))

    def _vendor(self, table: pd.DataFrame, findings: Sequence[Finding] = ()) -> Stream:
        """Return a stream with what was found while the rows of the eye tracker were converted for it."""
        known = {id(one) for one in self._gaze.findings}
        more = [one for one in self.rows.eye.findings if id(one) not in known and id(one) not in self._told]
        self._told.update(id(one) for one in more)
        return Stream(table, (*more, *findings))


def _media_size(facts: dict[str, str]) -> tuple[int, int] | None:
    """Return the size of the scene image, or of the screen, as the export says it."""
    for what in ("recording media", "recording resolution"):
        texts = [facts.get(f"{what} {side}", "") for side in ("width", "height")]
        sides = [int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0 for text in texts]
        if all(sides):
            return sides[0], sides[1]
    return None


def _start_ns(facts: dict[str, str]) -> int | None:
    """Return the wall-clock start, where the export gives it in UTC and no spreadsheet has spoilt it."""
    date, time = facts.get("recording date utc", ""), facts.get("recording start time utc", "")
    if not _TIME_OF_DAY.fullmatch(time):
        return None
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d"):
        try:
            day = datetime.strptime(date, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        clock, _, fraction = time.replace(",", ".").partition(".")
        hours, minutes, seconds = (int(part) for part in clock.split(":"))
        since = (hours * 3600 + minutes * 60 + seconds) * 10**9 + int((fraction + "0" * 9)[:9])
        return int(day.timestamp()) * 10**9 + since
    return None
