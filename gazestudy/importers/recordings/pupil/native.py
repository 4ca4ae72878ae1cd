"""Pupil Neon and Invisible: the recording folder as the phone writes it.

Gaze is in pixels of the distorted scene image, origin top-left, with the wearer's offset applied by the app.
Times are those of the phone (Unix UTC, ns). A recording has several parts when the app or the cable was
interrupted: `part` counts them from 0. Neon was verified on recordings of formats 2.3 and 2.5; no native
recording of an Invisible was at hand, its layout follows documentation.

While the glasses are not worn and during blinks the app goes on writing plausible points: such samples are
kept with `valid` false. Tables beside gaze, frames, imu and events: `fixations`, `saccades`, `blinks`
and `eye_states` of the app, `gaze_left` and `gaze_right` (one eye, not smoothed), `manifest` (are the files
as the phone wrote them) and `answers` (the form that was filled in on the phone).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.geometry.cameras import direction_to_px
from gazestudy.importers.camera_files import PUPIL_SIZES_PX, camera_from_json
from gazestudy.importers.recordings.pupil import checks as pupil_checks
from gazestudy.importers.recordings.pupil import native_checks as pupil_native_checks
from gazestudy.importers.recordings.pupil import native_tables as tables
from gazestudy.importers.recordings.pupil.native_files import (
    INVISIBLE,
    NEON,
    PAIR,
    SCENE_CAMERAS,
    Parts,
    doubles,
    plausible,
    read_calibration,
)
from gazestudy.importers.recordings.pupil.native_gaze import WHOLE, GazeSamples, read_samples
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_VIDEO, paired_frames
from gazestudy.importers.sources import Source, source_at
from gazestudy.importers.streams import gaze_stream, in_time_order
from gazestudy.importers.video import picture_size
from gazestudy.model import Camera, Clock, Finding, Recording, RecordingMeta, Stream, categorical
from gazestudy.model.tables import FRAME_KINDS

FACTS = ("info.json", "wearer.json", "template.json", "manifest.json", "calibration.bin")
GAZE_SOURCES = ("", "200hz", "realtime")
OFFSET_SINCE_APP = (2, 9, 31)  # from here on the app adds the wearer's offset to fixation centres itself

_PLAYER = ("info.player.json", "info.invisible.json", "info.neon.json")
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")
_LATE_S = 0.5
_AT_ONCE = 50_000


@recording_importer(name="pupil-native", version=1, device="Pupil Neon, Invisible (folder of the phone)")
class PupilNative:
    """Finds and reads folders of the Companion app."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Refusal:
        """Look for gaze files of a part, beside the facts that the phone writes."""
        opened = next((name for name in _PLAYER if source.has(name)), None)
        if opened is not None:
            return _opened_in_player(source, opened)
        parts = Parts(source)
        whole = source.has("gaze_200hz.raw") and source.has("gaze_200hz.time")
        info = _info_or_empty(source)
        if not parts.has("gaze") and not whole:
            if parts.scene is None:
                return Refusal("there is no 'gaze ps1.raw'")
            return Refusal(
                f"a recording of {_device(info, parts) or 'Pupil'} without gaze ('gaze ps1.raw' is missing):"
                " it was not computed on the phone; let Pupil Cloud do it and export from there"
            )
        if source.has("gaze.csv"):
            return Refusal("there is a gaze.csv beside the native files, which is read instead")
        device = _device(info, parts)
        if not device and not source.has("info.json"):
            return Refusal("'gaze ps1.raw' without info.json and scene camera: the device cannot be told")
        what = f"format {info['data_format_version']}" if "data_format_version" in info else "no info.json"
        count = f"{len(parts.numbers)} parts" if len(parts.numbers) != 1 else "1 part"
        return Match(
            _name_of(source, info), device or "unknown", f"'gaze ps*.raw' of the phone, {what}, {count}"
        )

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        if options.gaze_source not in GAZE_SOURCES:
            raise ParameterError("gaze_source", options.gaze_source, "'200hz', 'realtime' or nothing")
        return _Folder(source, options).recording(info)


class _Folder:
    """One recording folder; every stream is read by its own method, when asked."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.source, self.options = source, options
        self._notes: list[Finding] = []
        self.parts = Parts(source)
        self.info = self._facts("info.json")
        self.device = _device(self.info, self.parts)
        self.offset_px = self._offset()
        self.videos, self.video_parts, self.size_px = self._usable_videos()
        self.camera = self._read_camera()

    def recording(self, importer: ImporterInfo) -> Recording:
        loaders: dict[str, Callable[[], Stream]] = {"gaze": lambda: self._gaze, "frames": self.frames}
        if self.parts.has("imu") or self.parts.has("extimu"):
            loaders["imu"] = lambda: tables.read_imu(self.parts, self.device)
        if self.source.has("event.txt") and self.source.has("event.time"):
            loaders["events"] = lambda: tables.read_events(self.parts)
        if self.parts.has("fixations"):
            loaders["fixations"] = lambda: self._gaze_events[0]
            loaders["saccades"] = lambda: self._gaze_events[1]
        if self.parts.has("blinks"):
            loaders["blinks"] = lambda: self._blinks
        if self.parts.has("eye_state"):
            loaders["eye_states"] = lambda: self._eye_states
        for name in ("gaze_left", "gaze_right"):
            if self.parts.has(name):
                loaders[name] = lambda name=name: self.monocular(name)  # type: ignore[misc]
        if self.source.has("manifest.json"):
            loaders["manifest"] = self.manifest
        answers = tables.answers(self._facts("template.json"), self.info)
        if answers is not None:
            loaders["answers"] = lambda: answers
        start = self.info.get("start_time")
        leave = ("wearer_name", "template_data")
        meta = RecordingMeta(
            name=_name_of(self.source, self.info),
            device=self.device or "unknown",
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=start if isinstance(start, int) else None,
            participant_label=str(self._facts("wearer.json").get("name", "")).strip(),
            extra={key: value for key, value in self.info.items() if key not in leave},
        )
        clock = Clock(
            "unix_utc", 0, "clock of the phone (Unix UTC); drifts up to 1 s a day", self._first_frame_ns()
        )
        return Recording(
            meta,
            clock=clock,
            camera=self.camera,
            videos=self.videos,
            loaders=loaders,
            files=lambda: self.source.hashes(self.used_files),
            findings=tuple(self._notes),
        )

    @property
    def used_files(self) -> list[str]:
        sensors = ["fixations", "blinks", "eye_state", "gaze", "gaze_left", "gaze_right", "worn", "imu"]
        sensors += ["extimu", self.parts.scene or ""]
        known = {*FACTS, "event.txt", "event.time", "worn_200hz.raw", *WHOLE}
        known |= {f"{sensor}.dtype" for sensor in sensors}
        for sensor in sensors:
            for files in self.parts.files.get(sensor, {}).values():
                known.update(files.values())
        return [name for name in self.source.names() if name in known]

    def _facts(self, name: str) -> dict[str, Any]:
        try:
            return self.source.json(name)
        except InputError as error:
            self._notes.append(Finding("problem", "recording", "info_damaged", str(error), 1))
            return {}

    def _offset(self) -> NDArray[np.float64]:
        given = self.info.get("gaze_offset", [0.0, 0.0])
        try:
            offset = np.array(given, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            offset = np.zeros(0)
        if offset.shape == (2,) and bool((np.abs(offset) < 10_000).all()):
            return offset
        text = f"gaze_offset in info.json is not two numbers ({str(given)[:40]}); taken as none"
        self._notes.append(Finding("warning", "gaze", "offset_unusable", text, 1))
        return np.zeros(2)

    def _usable_videos(self) -> tuple[tuple[Path, ...], tuple[int, ...], tuple[int, int] | None]:
        """Return the videos that can be opened, the part number of each, and the size of the pictures."""
        usual = PUPIL_SIZES_PX.get(self.device)
        if self.options.video is not None:
            return (self.options.video,), (), picture_size(self.options.video)
        names = {
            number: files["mp4"]
            for number, files in sorted(self.parts.files.get(self.parts.scene or "", {}).items())
            if "mp4" in files
        }
        if not names:
            self._notes.append(NO_VIDEO)
        usable: dict[int, Path] = {}
        sizes = []
        for number, name in names.items():
            try:
                sizes.append(picture_size(self.source.local(name)))
                usable[number] = self.source.local(name)
            except InputError as error:
                self._notes.append(Finding("problem", "frames", "video_unusable", str(error), 1))
        return tuple(usable.values()), tuple(usable), sizes[0] if sizes else usual

    def _read_camera(self) -> Camera | None:
        if self.options.camera is not None:
            values = source_at(self.options.camera, "").json(self.options.camera.name)
            return camera_from_json(values, self.size_px, "user")
        return read_calibration(self.source, self.device, self.size_px, self._notes)

    def _scene_times(self, findings: list[Finding]) -> dict[int, NDArray[np.int64]]:
        """Return the frame times as the files have them, by part number."""
        scene = self.parts.scene or ""
        found = {}
        for number in sorted(self.parts.files.get(scene, {})):
            times = self.parts.times(scene, number, findings, "frames")
            if times is not None:
                found[number] = times
        return found

    def _first_frame_ns(self) -> int | None:
        for _, files in sorted(self.parts.files.get(self.parts.scene or "", {}).items()):
            head = self.source.head(files["time"], 8) if "time" in files else b""
            if len(head) == 8:
                t_ns = np.frombuffer(head, "<i8").astype(np.int64)
                return int(t_ns[0]) if plausible(t_ns, "", [], "").all() else None
        return None

    @cached_property
    def _samples(self) -> GazeSamples:
        return read_samples(self.source, self.parts, self.options.gaze_source)

    @cached_property
    def _gaze(self) -> Stream:
        samples = self._samples
        findings = list(samples.findings)
        extra: dict[str, NDArray[Any]] = {}
        if samples.worn_raw is not None:
            extra["worn_raw"] = samples.worn_raw
        blinks, fixations = self._optional("blinks", findings), self._optional("fixations", findings)
        in_blink = np.zeros(len(samples.t_ns), dtype=np.bool_)
        if blinks is not None:
            extra["blink_id"] = tables.event_at(samples.t_ns, blinks, "blink_id")
            in_blink = extra["blink_id"] >= 0
        else:
            text = "there is no table of blinks: samples during blinks cannot be told"
            findings.append(Finding("warning", "gaze", "no_blinks", text))
        if fixations is not None:
            extra["fixation_id"] = tables.event_at(samples.t_ns, fixations, "fixation_id")
        eyes = self._optional("eye_state", findings)
        if eyes is not None:
            extra |= tables.eye_columns(samples.t_ns, eyes)
        stream = gaze_stream(
            samples.t_ns,
            samples.x_px,
            samples.y_px,
            reasons={"not_worn": ~samples.worn, "blink": in_blink},
            size_px=self.size_px,
            part=samples.part,
            extra=extra,
            findings=findings,
        )
        start, length = self.info.get("start_time"), self.info.get("duration")
        checks = [*pupil_checks.duration(samples.t_ns, start, length), *self._late(samples)]
        return Stream(stream.table, (*stream.findings, *checks))

    def _late(self, samples: GazeSamples) -> list[Finding]:
        """Say how much later than the scene camera gaze begins in each part."""
        texts = []
        for number, times in self._scene_times([]).items():
            inside = samples.t_ns[samples.part == self.parts.numbers.index(number)]
            known = times[plausible(times, "", [], "")]
            if len(known) and len(inside) and (late_s := (int(inside.min()) - int(known[0])) / 1e9) > _LATE_S:
                texts.append(f"{late_s:.2f} s in part {self.parts.numbers.index(number)}")
        if not texts:
            return []
        text = f"gaze begins later than the scene camera: {', '.join(texts)}"
        return [Finding("info", "gaze", "late_start", text, len(texts))]

    def _optional(self, sensor: str, findings: list[Finding]) -> pd.DataFrame | None:
        """Return a table that adds to gaze; where it cannot be read gaze does without it."""
        if not self.parts.has(sensor):
            return None
        try:
            if sensor == "fixations":
                return self._gaze_events[0].table
            return (self._blinks if sensor == "blinks" else self._eye_states).table
        except InputError as error:
            findings.append(Finding("problem", "gaze", f"{sensor}_unusable", str(error), 1))
            return None

    def frames(self) -> Stream:
        findings: list[Finding] = []
        by_part = self._scene_times(findings)
        if not by_part:
            severity = "problem" if self.videos else "warning"
            text = (
                "frame times ('... ps1.time' of the scene camera) are missing: no frame can be placed in time"
            )
            findings.append(Finding(severity, "frames", "no_frame_times", text))  # type: ignore[arg-type]
            return paired_frames((), [], findings=findings)
        for number, times in by_part.items():
            by_part[number] = _possible_times(times, self.parts.numbers.index(number), findings)
        if not self.video_parts or set(self.video_parts) == set(by_part):
            stream = paired_frames(self.videos, list(by_part.values()), findings=findings)
            return Stream(self._renumbered(stream.table, list(by_part)), stream.findings)
        return self._frames_of_some(by_part, findings)

    def _frames_of_some(self, by_part: dict[int, NDArray[np.int64]], findings: list[Finding]) -> Stream:
        """Return the frames where only some parts have a usable video."""
        shown = [number for number in by_part if number in self.video_parts]
        videos = [self.videos[self.video_parts.index(number)] for number in shown]
        dark = [number for number in by_part if number not in shown]
        with_video = paired_frames(videos, [by_part[number] for number in shown], findings=findings)
        without = paired_frames((), [by_part[number] for number in dark])
        first = self._renumbered(with_video.table, shown)
        own = np.array([self.videos.index(path) for path in videos] or [-1], np.int64)
        first["video"] = np.where(first["video"] >= 0, own[first["video"].to_numpy()], -1)
        second = self._renumbered(without.table, dark)
        table = pd.concat([first, second.assign(kind="gap")], ignore_index=True)
        table["kind"] = categorical(table["kind"].astype(str), FRAME_KINDS)
        table = table.sort_values("t_ns", kind="stable", ignore_index=True)
        names = ", ".join(str(self.parts.numbers.index(number)) for number in dark)
        text = f"no usable scene video for part {names}: {len(second)} frames without a picture"
        missing = Finding("warning", "frames", "video_missing", text, len(second))
        return Stream(table, (*with_video.findings, missing, *without.findings))

    def _renumbered(self, frames: pd.DataFrame, numbers: list[int]) -> pd.DataFrame:
        """Put the parts of the recording for the places in a list of part numbers."""
        places = np.array([self.parts.numbers.index(number) for number in numbers] or [0], np.int64)
        return frames.assign(part=places[frames["part"].to_numpy()])

    @cached_property
    def _gaze_events(self) -> tuple[Stream, Stream]:
        added = self._left_out_offset()
        fixations, saccades = tables.read_gaze_events(self.parts, self.offset_px if added else np.zeros(2))
        try:
            gaze = self._samples
        except InputError:
            return fixations, saccades  # there is nothing to check them against
        order = np.argsort(gaze.t_ns, kind="stable")
        points = np.column_stack([gaze.x_px, gaze.y_px])[order]
        check = pupil_native_checks.fixation_centres(gaze.t_ns[order], points, fixations.table, shifted=added)
        return Stream(fixations.table, (*fixations.findings, *([check] if check else []))), saccades

    def _left_out_offset(self) -> bool:
        """Whether this version of the app left the wearer's offset out of fixation centres."""
        match = _VERSION.search(str(self.info.get("app_version", "")))
        known = match is not None and bool(self.offset_px.any())
        return known and tuple(int(one) for one in match.groups()) < OFFSET_SINCE_APP  # type: ignore[union-attr]

    @cached_property
    def _blinks(self) -> Stream:
        return tables.read_blinks(self.parts)

    @cached_property
    def _eye_states(self) -> Stream:
        return tables.read_eye_states(self.parts)

    def monocular(self, name: str) -> Stream:
        findings: list[Finding] = []
        rows = self.parts.rows(name, PAIR, findings, name, clock="gaze")
        plane = doubles(np.column_stack([rows.values["x"], rows.values["y"]]))
        table = pd.DataFrame(
            {"t_ns": rows.t_ns, "part": rows.part, "x_plane": plane[:, 0], "y_plane": plane[:, 1]}
        )
        if len(plane) and not plane.any():
            text = f"{name}: all {len(plane)} samples are zero, the app did not compute gaze of one eye"
            findings.append(Finding("info", name, "monocular_empty", text, len(plane)))
        elif self.camera is not None:
            far = ~np.all(np.abs(plane) < 100, axis=1)
            rays = np.column_stack([np.where(np.asarray(far)[:, None], np.nan, plane), np.ones(len(plane))])
            # Projecting all at once would take a kilobyte for each sample.
            pieces = np.array_split(rays, len(rays) // _AT_ONCE + 1)
            points = np.concatenate([direction_to_px(piece, self.camera) for piece in pieces])
            table[["x_px", "y_px"]] = points + self.offset_px
            findings.extend(self._monocular_check(name, plane))
        table, order = in_time_order(table, name)
        return Stream(table, (*findings, *order))

    def _monocular_check(self, name: str, plane: NDArray[np.float64]) -> list[Finding]:
        """Compare with the gaze that was computed at the same moment, row by row."""
        try:
            gaze = self.parts.rows("gaze", PAIR, [], "gaze")
        except InputError:
            return []
        if len(gaze.t_ns) != len(plane) or self.camera is None:
            text = f"{len(plane)} samples of one eye for {len(gaze.t_ns)} of both: not compared"
            return [Finding("warning", name, "check_monocular", text, abs(len(plane) - len(gaze.t_ns)))]
        points = doubles(np.column_stack([gaze.values["x"], gaze.values["y"]]))
        check = pupil_native_checks.monocular(
            points, plane, gaze.part, offset_px=self.offset_px, camera=self.camera, name=name
        )
        return [] if check is None else [check]

    def manifest(self) -> Stream:
        try:
            listed = json.loads(self.source.read("manifest.json").decode("utf-8-sig"))
        except (ValueError, RecursionError, InputError) as error:
            listed, damaged = [], f"manifest.json is damaged: {error}"
        else:
            damaged = "" if isinstance(listed, list) else "manifest.json holds no list"
        if damaged:
            text = f"{damaged}; whether files are missing or changed cannot be told"
            table = pupil_native_checks.manifest(self.source, [])[0]
            return Stream(table, (Finding("warning", "manifest", "manifest_damaged", text, 1),))
        table, findings = pupil_native_checks.manifest(self.source, listed)
        return Stream(table, tuple(findings))


def _possible_times(times: NDArray[np.int64], part: int, findings: list[Finding]) -> NDArray[np.int64]:
    """Return frame times; an impossible one becomes that of the frame before: pictures keep their places."""
    good = plausible(times, f"scene camera, part {part}", findings, "frames")
    if good.all() or not good.any():
        return times[good]
    last = np.maximum.accumulate(np.where(good, np.arange(len(times)), -1))
    return np.asarray(times[np.where(last < 0, int(np.argmax(good)), last)])


def _opened_in_player(source: Source, name: str) -> Refusal:
    """Say what a folder is that Pupil Player rewrote, if it is one of a phone."""
    try:
        software = str(source.json(name).get("recording_software_name", ""))
    except InputError:
        software = ""
    which = {"info.invisible.json": INVISIBLE, "info.neon.json": NEON}
    device = next((one for file, one in which.items() if source.has(file)), "")
    device = device or next((one for one in (INVISIBLE, NEON) if one in software), "")
    if not device:
        return Refusal(f"{name} shows a recording of Pupil Capture or Player, not one of a phone")
    return Refusal(
        f"a recording of {device} that Pupil Player has opened and rewritten ({name}): files renamed, times"
        " rounded. Import the folder as the phone wrote it (copy it from the phone again or download 'Native"
        " Recording Data' from Pupil Cloud), or a time-series export"
    )


def _info_or_empty(source: Source) -> dict[str, Any]:
    try:
        return source.json("info.json")
    except InputError:
        return {}  # reading it again will say so


def _device(info: dict[str, Any], parts: Parts) -> str:
    if "module_serial_number" in info or "frame_name" in info:
        return NEON
    if "glasses_serial_number" in info or "scene_camera_serial_number" in info:
        return INVISIBLE
    major = str(info.get("data_format_version", "")).partition(".")[0]
    by_name = next((one for name, one in SCENE_CAMERAS.items() if (parts.scene or "").startswith(name)), "")
    return {"1": INVISIBLE, "2": NEON}.get(major, by_name)


def _name_of(source: Source, info: dict[str, Any]) -> str:
    template = info.get("template_data")
    name = template.get("recording_name") if isinstance(template, dict) else None
    return str(name or info.get("recording_name") or source.label)
