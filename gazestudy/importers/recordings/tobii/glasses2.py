"""Tobii Pro Glasses 2: folders as they lie on the SD card, of one recording or of a project.

Times are those of the device (µs since it was switched on); the wall clock comes from the binary file of the
same segment. Gaze is written as a share of the scene image, [0, 0] where there is none, and laid on its
pixels here. Eye positions, gaze directions and 3-D gaze are turned from the axes of the glasses into those
of the scene camera. Every segment is a part of the recording. What status codes other than 0 mean is not
documented; they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.recordings.tobii.camera import SIZE_PX, TobiiCamera, eye_used, reprojection
from gazestudy.importers.recordings.tobii.glasses2_packets import (
    EYES,
    LiveData,
    Samples,
    assemble,
    read_live_data,
)
from gazestudy.importers.recordings.tobii.glasses2_tslv import TslvHead, read_head
from gazestudy.importers.recordings.tobii.json_lines import LineFile
from gazestudy.importers.recordings.tobii.scene import TobiiScene, open_scene
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_VIDEO
from gazestudy.importers.sources import Source
from gazestudy.importers.streams import gap_findings, gaze_stream, in_time_order
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream

DEVICE = "Tobii Pro Glasses 2"
LIVE, VIDEO, TSLV = "livedata.json.gz", "fullstream.mp4", "et.tslv.gz"

_Number = TypeVar("_Number", bound=np.generic)

_NS_PER_US = 1000
_SIGNS = ("recording.json", "participant.json", "sysinfo.json", "project.json", LIVE)
_SEGMENT = re.compile(r"segments/(\d{1,9})/" + re.escape(LIVE))
_VTS_ZERO = re.compile(rb'"ts":(\d{1,15}),[^\n]{0,80}"vts":0\}')  # bounded: damage may be one endless line
_PROJECT_FOLDERS = ("recordings", "participants", "calibrations")


@recording_importer(name="tobii-glasses2", version=1, device=DEVICE)
class TobiiGlasses2:
    """Finds and reads folders from the SD card."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look for packets of gaze in the segments of a recording, or of the recordings of a project."""
        if not any(source.has(name) for name in _SIGNS):
            return Refusal(f"there is neither recording.json nor project.json nor {LIVE}")
        if source.has("project.json") and "recordings" in source.folders():
            return self._of_project(source)
        live = _live_files(source)
        if not live:
            return Refusal(f"there is no {LIVE} in folders below 'segments'")
        if not _holds_packets(source, live):
            return Refusal(f"{live[0]} does not begin with packets of a {DEVICE}")
        return Match(_name_of(source), DEVICE, f"{len(live)} x {LIVE} with packets of a {DEVICE}")

    def _of_project(self, source: Source) -> Sequence[Match] | Refusal:
        found = []
        for folder in source.below("recordings").folders():
            inside = source.below(f"recordings/{folder}")
            live = _live_files(inside)
            if live and _holds_packets(inside, live):
                reason = f"project.json, and {LIVE} in recordings/{folder}"
                found.append(
                    Match(_name_of(inside), DEVICE, reason, f"recordings/{folder}", _PROJECT_FOLDERS)
                )
        return found or Refusal(f"the project holds no recording with a {LIVE} in its segments")

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        inside = source.below(options.selection) if options.selection else source
        return _Card(inside, options).recording(info)


@dataclass(frozen=True, slots=True)
class _Segment:
    """One segment: its number, its files' prefix, what its binary file says."""

    number: int
    prefix: str
    head: TslvHead
    facts: dict[str, Any]


@dataclass
class _Card:
    """One recording; every stream is made by its own method, when asked."""

    source: Source
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = []
        self.info, self.system = self._facts("recording.json"), self._facts("sysinfo.json")
        self.participant = self._facts("participant.json")
        self.segments = [self._segment(number, prefix) for number, prefix in _segments(self.source)]
        if not self.segments:
            raise InputError(
                self.source.place(LIVE), "the recording has no segment", advice="Copy it from the card again"
            )
        device = next((one.head.camera for one in self.segments if one.head.camera), None)
        self.axes = device or TobiiCamera.unknown()
        self._notes.extend(finding for one in self.segments for finding in one.head.findings)
        self._notes.extend(self.axes.findings(TSLV))
        videos = {
            number: self.source.local(one.prefix + VIDEO)
            for number, one in enumerate(self.segments)
            if self.source.has(one.prefix + VIDEO)
        }
        if self.options.video is not None and len(self.segments) == 1:
            videos = {0: self.options.video}
        self.scene: TobiiScene = open_scene(
            videos, self.axes.camera, self.options.camera, SIZE_PX, self._notes
        )
        if not videos:
            self._notes.append(NO_VIDEO)

    def _facts(self, name: str) -> dict[str, Any]:
        if not self.source.has(name):
            text = f"{name} is missing: what it says of the recording is not known"
            self._notes.append(Finding("info", "recording", "file_missing", text))
            return {}
        try:
            return self.source.json(name)
        except InputError as error:
            self._notes.append(Finding("problem", "recording", "info_damaged", str(error), 1))
            return {}

    def _segment(self, number: int, prefix: str) -> _Segment:
        name = f"{prefix}segment.json"
        facts = self._facts(name) if self.source.has(name) else {}
        return _Segment(number, prefix, read_head(self.source, prefix + TSLV), facts)

    def recording(self, importer: ImporterInfo) -> Recording:
        clock, start = self._clock()
        who = self.participant.get("pa_info")
        loaders: dict[str, Callable[[], Stream]] = {"gaze": self.gaze, "frames": self.frames, "imu": self.imu}
        loaders |= {"events": self.events, "accelerometer": self.accelerometer, "sync_port": self.sync_port}
        meta = RecordingMeta(
            name=_name_of(self.source),
            device=DEVICE,
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=start,
            participant_label=str(_either(who, "Name", "name") or ""),
            extra=self._extra(),
        )
        return Recording(
            meta,
            clock=clock,
            camera=self.scene.camera,
            videos=self.scene.videos,
            loaders=loaders,
            files=lambda: self.source.hashes(self._used_files()),
            findings=tuple(self._notes),
        )

    def _used_files(self) -> list[str]:
        own = {"recording.json", "participant.json", "sysinfo.json"}
        names = (LIVE, TSLV, "segment.json", VIDEO)
        own |= {f"{one.prefix}{name}" for one in self.segments for name in names}
        return [name for name in self.source.all_names() if name in own]

    def _extra(self) -> dict[str, Any]:
        extra: dict[str, Any] = {
            key: value
            for values in (self.info, self.system)
            for key, value in values.items()
            if isinstance(value, (str, int, float)) and key not in ("rec_participant", "rec_calibration")
        }
        extra["camera_rotation"] = self.axes.rotation.tolist()
        extra["camera_position_mm"] = self.axes.position.tolist()
        samples, seconds = self.info.get("rec_et_samples"), self.info.get("rec_length")
        if isinstance(samples, int) and isinstance(seconds, (int, float)) and 0 < seconds < 2**31:
            extra["sampling_rate_hz"] = 50 if samples < 75 * seconds else 100
        return extra

    def _clock(self) -> tuple[Clock, int | None]:
        first = self.segments[0]
        zero = self._first_video_us()
        started = _unix_ns(first.facts.get("seg_t_start"))
        created = _unix_ns(self.info.get("rec_created"))
        zero_ns = None if zero is None else zero * _NS_PER_US
        if first.head.unix_minus_ts_us is not None:
            offset: int | None = first.head.unix_minus_ts_us * _NS_PER_US
            text = f"wall clock of the recording unit in {TSLV}"
        elif zero_ns is not None and started is not None:
            offset, text = started - zero_ns, "start of the segment in segment.json, whole seconds only"
        else:
            offset, text = None, ""
        if offset is not None and zero_ns is not None:
            start: int | None = offset + zero_ns
        else:
            start = started if started is not None else created
        return Clock("device_monotonic", offset, text, zero_ns), start

    def _first_video_us(self) -> int | None:
        """Return when the scene video begins, from the first lines."""
        head = LineFile(self.source, self.segments[0].prefix + LIVE, "gaze").head()
        match = _VTS_ZERO.search(head)
        return int(match.group(1)) if match else None

    @cached_property
    def _read(self) -> tuple[list[LiveData], list[Samples]]:
        """The packets of all segments, and the gaze samples put together from them."""
        live, samples = [], []
        for one in self.segments:
            data = read_live_data(self.source, one.prefix + LIVE)
            samples.append(assemble(data))
            live.append(data)
        return live, samples

    @property
    def _live(self) -> list[LiveData]:
        return self._read[0]

    @property
    def _samples(self) -> list[Samples]:
        return self._read[1]

    @cached_property
    def _shifts_us(self) -> tuple[list[int], list[Finding]]:
        """What to add to the times of each segment: not 0 only where the clock began anew between two."""
        shifts, found, last = [], [], None
        first = self.segments[0].head.unix_minus_ts_us
        for segment, data, samples in zip(self.segments, *self._read, strict=True):
            own = segment.head.unix_minus_ts_us
            start, end = _span_us(data, samples)
            shift = 0
            if last is not None and start is not None and start <= last:
                by_wall = own - first if own is not None and first is not None else 0
                known = start + by_wall > last
                shift = by_wall if known else last + 1_000_000 - start
                how = (
                    "placed by the wall clock"
                    if known
                    else "placed 1 s after it; the true distance is not known"
                )
                text = f"the clock began anew before segment {segment.number}, which was {how}"
                severity = "warning" if known else "problem"
                found.append(Finding(severity, "gaze", "clock_restarted", text, 1))  # type: ignore[arg-type]
            shifts.append(shift)
            last = end + shift if end is not None else last
        return shifts, found

    def _stacked(self, times: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return times (ns) and parts of all segments, from times (µs) of each."""
        shifts, _ = self._shifts_us
        t_us = np.concatenate([one + shift for one, shift in zip(times, shifts, strict=True)])
        part = np.repeat(np.arange(len(times), dtype=np.int64), [len(one) for one in times])
        return t_us * _NS_PER_US, part

    @cached_property
    def _gaze(self) -> Stream:
        samples = self._samples
        t_ns, part = self._stacked([one.ts_us for one in samples])

        def values(kind: str, eye: str = "") -> NDArray[np.float64]:
            return _stack([one.values.pop((kind, eye)) for one in samples])

        def status(kind: str, eye: str = "") -> NDArray[np.int64]:
            return _stack([one.status[kind, eye] for one in samples])

        width, height = self.scene.size_px
        with np.errstate(over="ignore"):  # numbers this large are damage, and out of the image anyway
            gaze = values("gp") * (float(width), float(height))
        gaze3d = self.axes.points(values("gp3"))
        checks = reprojection(gaze3d, gaze[:, 0], gaze[:, 1], self.scene.device_camera)
        extra: dict[str, NDArray[Any]] = {f"gaze3d_{axis}_mm": gaze3d[:, i] for i, axis in enumerate("xyz")}
        for eye in EYES:
            origin, direction = self.axes.points(values("pc", eye)), self.axes.directions(values("gd", eye))
            extra |= {f"eye_{eye}_{axis}_mm": origin[:, i] for i, axis in enumerate("xyz")}
            extra |= {f"gaze_{eye}_{axis}": direction[:, i] for i, axis in enumerate("xyz")}
            extra[f"pupil_{eye}_mm"] = values("pd", eye)[:, 0]
            extra[f"status_{eye}"] = np.maximum(status("pc", eye), status("gd", eye))
        extra["eye_used"] = eye_used(*(np.isfinite(extra[f"gaze_{eye}_x"]) for eye in EYES))
        extra["status"] = status("gp")
        extra["latency_us"] = np.concatenate([one.latency_us for one in samples])
        extra["gidx"] = np.concatenate([one.gidx for one in samples])
        findings = [finding for one in self._live for finding in one.findings]
        findings += [finding for one in samples for finding in one.findings]
        findings += [*self._shifts_us[1], *_status_findings(extra["status"])]
        stream = gaze_stream(
            t_ns,
            gaze[:, 0],
            gaze[:, 1],
            reasons={"device_error": np.concatenate([one.ambiguous for one in samples])},
            size_px=self.scene.size_px,
            part=part,
            extra=extra,
            findings=findings,
        )
        return Stream(stream.table, (*stream.findings, *checks, *self._counts()))

    def gaze(self) -> Stream:
        return self._gaze

    def _counts(self) -> list[Finding]:
        """Hold the number of samples against what the device counted."""
        found = []
        made = sum(len(one.ts_us) for one in self._samples)
        good = sum(int(np.count_nonzero(one.status["gp", ""] == 0)) for one in self._samples)
        for key, count, what in (("rec_et_samples", made, ""), ("rec_et_valid_samples", good, " valid")):
            said = self.info.get(key)
            if isinstance(said, int):
                text = f"{count}{what} gaze samples, recording.json says {said}"
                severity = "info" if said == count else "warning"
                found.append(Finding(severity, "gaze", "sample_count", text, abs(said - count)))  # type: ignore[arg-type]
        said = self.info.get("rec_segments")
        if isinstance(said, int) and said != len(self.segments):
            text = f"{len(self.segments)} segments with gaze, recording.json says {said}"
            found.append(Finding("warning", "gaze", "segment_count", text, abs(said - len(self.segments))))
        return found

    def frames(self) -> Stream:
        found, parts = [], []
        shifts, _ = self._shifts_us
        for number, (segment, data) in enumerate(zip(self.segments, self._live, strict=True)):
            path = self.scene.by_part.get(number)
            if path is None:
                continue
            zero, more = _video_zero_us(data, segment.number)
            found.extend(more)
            if zero is None:
                continue
            with SceneVideo([path]) as video:
                try:
                    pictures = video.table()
                except InputError as error:
                    found.append(Finding("problem", "frames", "video_unusable", str(error), 1))
                    continue
                found.extend(video.findings())
            t_ns = pictures["t_ns"].to_numpy() + (zero + shifts[number]) * _NS_PER_US
            parts.append((t_ns, number, self.scene.videos.index(path), pictures["index"].to_numpy()))
        return self.scene.frames(parts, found)

    def imu(self) -> Stream:
        return self._sensor("gy", "gyro_{}_deg_s", "imu")

    def accelerometer(self) -> Stream:
        return self._sensor("ac", "acceleration_{}_m_s2", "accelerometer")

    def _sensor(self, kind: str, column: str, stream: str) -> Stream:
        packets = [data.packets[kind, ""] for data in self._live]
        t_ns, part = self._stacked([one.ts_us for one in packets])
        values = np.concatenate([one.values for one in packets])
        status = np.concatenate([one.status for one in packets])
        bad = status != 0
        found = []
        if bad.any():
            text = f"{bad.sum()} packets have a status other than 0; their values are NaN"
            found.append(Finding("info", stream, "status", text, int(bad.sum())))
            values[bad] = np.nan
        table = pd.DataFrame(
            {"t_ns": t_ns, **{column.format(axis): values[:, i] for i, axis in enumerate("xyz")}}
        )
        table["part"] = part
        table, order = in_time_order(table, stream)
        gaps = gap_findings(table["t_ns"].to_numpy(), stream, table["part"].to_numpy())
        return Stream(table, (*found, *order, *gaps))

    def sync_port(self) -> Stream:
        t_ns, part = self._stacked([data.sync.ts_us for data in self._live])
        direction = [word for data in self._live for word in data.sync.direction]
        value = np.concatenate([data.sync.value for data in self._live])
        table = pd.DataFrame({"t_ns": t_ns, "direction": pd.Series(direction, dtype="str"), "value": value})
        table["part"] = part
        return Stream(*_as_stream(in_time_order(table, "sync_port")))

    def events(self) -> Stream:
        t_ns, part = self._stacked([data.api.ts_us for data in self._live])
        kinds = [word for data in self._live for word in data.api.kind]
        tags = [word for data in self._live for word in data.api.tag]
        names = [tag or kind for kind, tag in zip(kinds, tags, strict=True)]
        table = pd.DataFrame({"t_ns": t_ns, "name": pd.Series(names, dtype="str")})
        table["source"] = pd.Series(["user"] * len(table), dtype="str")
        table["type"], table["part"] = pd.Series(kinds, dtype="str"), part
        return Stream(*_as_stream(in_time_order(table, "events")))


def _stack(pieces: list[NDArray[_Number]]) -> NDArray[_Number]:
    """Join the arrays of the segments; that of a single one is taken as it is."""
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _as_stream(ordered: tuple[pd.DataFrame, list[Finding]]) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    return ordered[0], tuple(ordered[1])


def _segments(source: Source) -> list[tuple[int, str]]:
    """Return number and prefix of each segment, in the order of their numbers."""
    found = [
        (int(match.group(1)), name) for name in source.all_names() if (match := _SEGMENT.fullmatch(name))
    ]
    found = sorted(found)
    if not found and source.has(LIVE):
        return [(1, "")]
    return [(number, name.removesuffix(LIVE)) for number, name in found]


def _live_files(source: Source) -> list[str]:
    return [prefix + LIVE for _, prefix in _segments(source)]


def _holds_packets(source: Source, live: list[str]) -> bool:
    """Return whether the first file that holds text begins with packets."""
    heads = (LineFile(source, name, "gaze").head(4096) for name in live)
    return b'{"ts":' in next((head for head in heads if head.strip()), b"")


def _name_of(source: Source) -> str:
    try:
        info = source.json("recording.json")
    except InputError:
        info = {}  # reading it again will say so
    return str(_either(info.get("rec_info"), "Name", "name") or source.label)


def _either(values: object, *keys: str) -> object:
    return next((values[key] for key in keys if key in values), None) if isinstance(values, dict) else None


def _unix_ns(text: object) -> int | None:
    """Return a time such as 2019-03-20T13:25:47+0000 as Unix nanoseconds."""
    try:
        return int(datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S%z").timestamp()) * 10**9
    except (ValueError, OverflowError):
        return None


def _span_us(data: LiveData, samples: Samples) -> tuple[int | None, int | None]:
    every = [samples.ts_us, *(packets.ts_us for packets in data.packets.values())]
    times = [one for one in every if len(one)]
    if not times:
        return None, None
    return min(int(one.min()) for one in times), max(int(one.max()) for one in times)


def _video_zero_us(data: LiveData, number: int) -> tuple[int | None, list[Finding]]:
    """Return the device time at which the video of a segment begins."""
    if len(data.video_us) == 0:
        text = f"segment {number} does not say when its video began; its frames cannot be used"
        return None, [Finding("problem", "frames", "no_scene_time", text, 1)]
    zeros = data.video_us[:, 0] - data.video_us[:, 1]
    apart = int(zeros.max() - zeros.min())
    text = (
        f"segment {number}: {len(zeros)} statements of the time of its video"
        f" {'agree' if not apart else f'differ by up to {apart} us; the first is taken'}"
    )
    severity = "warning" if apart > _NS_PER_US else "info"
    first = data.video_us[:, 1].argmin()
    return int(zeros[first]), [Finding(severity, "frames", "scene_clock", text, len(zeros))]  # type: ignore[arg-type]


def _status_findings(status: NDArray[np.int64]) -> list[Finding]:
    codes, counts = np.unique(status[status != 0], return_counts=True)
    if len(codes) == 0:
        return []
    listed = ", ".join(
        f"{count} x {code}" for code, count in zip(codes.tolist()[:10], counts.tolist(), strict=False)
    )
    text = f"{counts.sum()} samples without gaze, by status of the device: {listed} (-1: no packet)"
    return [Finding("info", "gaze", "status", text, int(counts.sum()))]
