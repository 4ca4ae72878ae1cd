"""Viewpointsystem VPS 19 and VPS Lite: gaze with its scene video (written from documentation only).

`<name>.tsv` begins with lines of comments; one names the start, one the system as JSON. `<name>.mkv` or
`.mp4` is the scene video. Gaze has a clock of its own (s): FrontTimeStamp is that clock and MediaTimeStamp
the video's for the same picture. The axes of pupil centres and gaze vectors are not documented, so they stay
as they are under the vendor's names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from gazestudy.importers.recordings.separate_files import frames_by_video_time
from gazestudy.importers.recordings.table_pieces import (
    DOCUMENTED_ONLY,
    other_columns,
    pupils,
    scene_beside,
    unix_ns,
)
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.sources import Source
from gazestudy.importers.streams import gaze_stream
from gazestudy.importers.text_tables import TextTable, read_table
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream

TIME, X, Y, FRAME = "GazeTimeStamp", "Gaze2dX", "Gaze2dY", "MediaFrameIndex"
FRONT, MEDIA = "FrontTimeStamp", "MediaTimeStamp"
PUPILS = ("PupilDiaLeft", "PupilDiaRight")
UNITS = {"Smart Unit": "Viewpointsystem VPS 19", "Lite Unit": "Viewpointsystem VPS Lite"}

_HEAD_BYTES = 16_384
_NS_PER_S = 1_000_000_000
_DRIFT_NS = 10_000_000
_LONGEST_NS = 2**61


@recording_importer(
    name="viewpointsystem", version=1, device="Viewpointsystem VPS 19, VPS Lite", documented_only=True
)
class Viewpointsystem:
    """Finds and reads tables of VPS glasses; follows documentation only, no real recording was at hand."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look at the comments at the start of each tsv file."""
        found = _tables(source)
        if not found:
            return Refusal(f"no tsv file has comments that name a {' or '.join(UNITS)}")
        return [
            Match(
                PurePosixPath(name).stem, head.device, f"{name}: comments of a {head.device}", name, covers=()
            )
            for name, head in found.items()
        ]

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        found = _tables(source)
        name = options.selection or next(iter(found))
        return _Table(source, name, found[name], options).recording(info)


@dataclass(frozen=True, slots=True)
class _Head:
    """The comments before a table."""

    device: str = ""
    start: str = ""
    system: dict[str, Any] = field(default_factory=dict)
    lines: int = 0


def _tables(source: Source) -> dict[str, _Head]:
    heads = {name: _head(source, name) for name in source.names() if name.lower().endswith(".tsv")}
    return {name: head for name, head in heads.items() if head.device}


def _head(source: Source, name: str) -> _Head:
    lines = (
        source.head(name, _HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").splitlines()
    )
    start, system, count = "", {}, 0
    for line in lines:
        if not line.startswith("#"):
            break
        count += 1
        key, _, value = line.lstrip("# ").partition(":")
        if key.strip().lower() == "recording start":
            start = value.strip()
        elif line.lstrip("# ").lower().startswith("system"):
            system = _object(line)
    device = next((device for unit, device in UNITS.items() if unit in system), "")
    return _Head(device, start, system, count)


def _object(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line[line.index("{") : line.rindex("}") + 1])
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


@dataclass
class _Table:
    source: Source
    name: str
    head: _Head
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = [DOCUMENTED_ONLY]
        stem = PurePosixPath(self.name).stem
        self.video_names = [one for one in self.source.videos() if PurePosixPath(one).stem == stem]
        self.scene = scene_beside(self.source, self.video_names, self.options, self._notes)

    def recording(self, importer: ImporterInfo) -> Recording:
        start = unix_ns(self.head.start)
        if self.head.start and start is None:
            text = f"the start {self.head.start!r} names no time zone; it is kept as text only"
            self._notes.append(Finding("info", "recording", "start_without_zone", text))
        meta = RecordingMeta(
            name=PurePosixPath(self.name).stem,
            device=self.head.device,
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=start,
            extra={
                key: value for key, value in self.head.system.items() if isinstance(value, (str, int, float))
            }
            | ({"recording_start": self.head.start} if self.head.start else {}),
        )
        used = [self.name, *(self.video_names[:1] if self.options.video is None else [])]
        return Recording(
            meta,
            clock=Clock("device_monotonic", None, f"column {TIME}"),
            camera=self.scene.camera,
            videos=self.scene.videos,
            loaders={"gaze": self.gaze, "frames": self.frames},
            files=lambda: self.source.hashes(used),
            findings=tuple(self._notes),
        )

    def _read(self, stream: str) -> TextTable:
        return read_table(self.source, self.name, stream, skip_rows=self.head.lines)

    @cached_property
    def _video_start(self) -> tuple[int, tuple[Finding, ...]]:
        """Time of the gaze clock at which the video starts, and how steady that is."""
        table = self._read("frames")
        front = table.find(FRONT)
        media = table.find(MEDIA)
        if front is None or media is None:
            text = f"{FRONT!r} and {MEDIA!r} are not both there: the video is taken to start with the gaze"
            t_ns = table.times_ns(table.need(TIME), _NS_PER_S)
            return int(t_ns[0]) if len(t_ns) else 0, (Finding("warning", "frames", "no_sync", text),)
        front_ns = table.times_ns(front, _NS_PER_S)
        media_ns = table.times_ns(media, _NS_PER_S)  # may leave out further rows
        if len(front_ns) != len(media_ns):
            front_ns = table.times_ns(front, _NS_PER_S)
        if not len(front_ns):
            return 0, (Finding("problem", "frames", "no_sync", f"{FRONT!r} and {MEDIA!r} hold no times"),)
        # As Python numbers: broken times may be too large for a difference in 64 bits.
        first = int(front_ns[0]) - int(media_ns[0])
        if abs(first) > _LONGEST_NS:
            return 0, (Finding("problem", "frames", "no_sync", f"{FRONT!r} is broken: {first / 1e9:g} s"),)
        drift = np.abs((front_ns.astype(float) - front_ns[0]) - (media_ns.astype(float) - media_ns[0]))
        apart = int(np.count_nonzero(drift > _DRIFT_NS))
        text = f"video and gaze clock keep their distance within {drift.max() / 1e6:.1f} ms"
        if apart:
            text += f"; {apart} rows are more than {_DRIFT_NS / 1e6:g} ms off"
        return first, (Finding("warning" if apart else "info", "frames", "video_drift", text, apart),)

    def gaze(self) -> Stream:
        table = self._read("gaze")
        t_ns = table.times_ns(table.need(TIME), _NS_PER_S)
        x_px, y_px = table.floats(table.need(X)), table.floats(table.need(Y))
        extra: dict[str, Any] = dict(pupils(table, *PUPILS))
        if (frame := table.find(FRAME)) is not None:
            extra["frame_label"] = table.ints(frame)
        extra |= other_columns(table, (TIME, X, Y, FRAME, *PUPILS))
        return gaze_stream(
            t_ns, x_px, y_px, reasons={}, size_px=self.scene.size_px, extra=extra, findings=table.findings
        )

    def frames(self) -> Stream:
        if not self.scene.videos:
            return frames_by_video_time((), why="")
        start_ns, findings = self._video_start
        frames = frames_by_video_time(
            self.scene.videos, start_ns, why=f"put on the gaze clock by the first {FRONT} and {MEDIA}"
        )
        return Stream(frames.table, (*frames.findings, *findings))
