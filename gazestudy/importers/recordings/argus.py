"""Argus Science ETVision: a table of gaze with its scene video (written from documentation only).

`<name>.csv` begins with a line of facts (`ETVision: <version>`, `Start_Recording: <time>`), then a header;
`<name>_Scene.wmv` is the video. Time 0 of the table is taken for the first picture of the video.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

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
from gazestudy.importers.text_tables import read_table
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream

MARK = "ETVision:"
TIME, X, Y = "start_of_record", "horz_gaze_coord", "vert_gaze_coord"
PUPILS = ("left_pupil_diam", "right_pupil_diam")

_HEAD_BYTES = 4096
_NS_PER_S = 1_000_000_000


@recording_importer(name="argus", version=1, device="Argus Science ETVision", documented_only=True)
class Argus:
    """Finds and reads tables of ETVision; follows documentation only, no real recording was at hand."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look at the first line of each csv file."""
        found = [name for name in source.names() if name.lower().endswith(".csv") and _facts(source, name)]
        if not found:
            return Refusal(f"no csv file has {MARK!r} in its first line")
        stems = [PurePosixPath(name).stem for name in found]
        return [
            Match(stem, "Argus ETVision", f"{name} with {MARK!r}", name, covers=())
            for stem, name in zip(stems, found, strict=True)
        ]

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        found = [name for name in source.names() if name.lower().endswith(".csv") and _facts(source, name)]
        return _Table(source, options.selection or found[0], options).recording(info)


def _facts(source: Source, name: str) -> dict[str, str]:
    """Return the facts in the first line, nothing if it is no table of ETVision."""
    first = source.head(name, _HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").splitlines()[:1]
    text = first[0].decode("utf-8", "replace") if first else ""
    if MARK not in text:
        return {}
    pairs = (cell.strip().strip('"').partition(":") for cell in text.split(","))
    return {key.strip(): value.strip() for key, mark, value in pairs if mark}


@dataclass
class _Table:
    source: Source
    name: str
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = [DOCUMENTED_ONLY]
        self.facts = _facts(self.source, self.name)
        stem = PurePosixPath(self.name).stem.lower()
        videos = [one for one in self.source.videos() if PurePosixPath(one).stem.lower() == f"{stem}_scene"]
        self.video_names = videos
        self.scene = scene_beside(self.source, videos, self.options, self._notes)

    def recording(self, importer: ImporterInfo) -> Recording:
        stated = self.facts.get("Start_Recording", "")
        start = unix_ns(stated)
        if stated and start is None:
            text = f"the start {stated!r} names no time zone; it is kept as text and not used as wall clock"
            self._notes.append(Finding("info", "recording", "start_without_zone", text))
        meta = RecordingMeta(
            name=PurePosixPath(self.name).stem,
            device="Argus ETVision",
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=start,
            extra=dict(self.facts),
        )
        used = [self.name, *(self.video_names if self.options.video is None else [])]
        return Recording(
            meta,
            clock=Clock("recording_start", start, "Start_Recording" if start is not None else "", 0),
            camera=self.scene.camera,
            videos=self.scene.videos,
            loaders={"gaze": self.gaze, "frames": self.frames},
            files=lambda: self.source.hashes(used),
            findings=tuple(self._notes),
        )

    def gaze(self) -> Stream:
        table = read_table(self.source, self.name, "gaze", skip_rows=1)
        t_ns = table.times_ns(table.need(TIME), _NS_PER_S)
        x_px, y_px = table.floats(table.need(X)), table.floats(table.need(Y))
        extra = pupils(table, *PUPILS) | other_columns(table, (TIME, X, Y, *PUPILS))
        # How a lost sample is written is not documented; exactly the corner is no place to look at.
        lost = (x_px == 0) & (y_px == 0)
        if lost.any():
            text = f"{lost.sum()} samples at exactly (0, 0) are taken as lost"
            table.findings.append(Finding("warning", "gaze", "zeros", text, int(lost.sum())))
        x_px, y_px = np.where(lost, np.nan, x_px), np.where(lost, np.nan, y_px)
        return gaze_stream(
            t_ns, x_px, y_px, reasons={}, size_px=self.scene.size_px, extra=extra, findings=table.findings
        )

    def frames(self) -> Stream:
        return frames_by_video_time(self.scene.videos, why="its first picture taken for time 0 of the table")
