"""AdHawk MindLink: the recording folder (written from documentation only).

`meta_data.json` lists the tables and the video, each with its start. Gaze is a share of the scene picture
from its top left corner; gaze points are in m and pupil positions in mm, in axes of the glasses (x right, y
up, z backward). Here y and z are turned round: right, down, forward. Times stay those of the column
Timestamp; the video is put on them by the starts in `meta_data.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.recordings.separate_files import frames_by_video_time
from gazestudy.importers.recordings.table_pieces import (
    DOCUMENTED_ONLY,
    other_columns,
    scene_beside,
    unix_ns,
)
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.sources import Source
from gazestudy.importers.streams import gaze_stream
from gazestudy.importers.text_tables import TextTable, read_table
from gazestudy.model import Camera, Clock, Finding, Recording, RecordingMeta, Stream

INFO = "meta_data.json"
TIME, WALL, X, Y, FRAME = "Timestamp", "UTC_Time", "Image_X", "Image_Y", "Frame_Index"
CAMERA = Camera(
    1280,
    720,
    861.756110236,
    864.113144848,
    642.203171566,
    346.110594181,
    "opencv8",
    (
        0.647047363,
        69.842325205,
        -0.003844637,
        -0.006568577,
        33.239962207,
        0.508243548,
        69.018441629,
        31.191976852,
    ),
    "default",
)
"""What the vendor states for all glasses."""

_NS_PER_S, _NS_PER_MS = 1_000_000_000, 1_000_000
_LONGEST_MS = 2**61 // _NS_PER_MS
_DURATION_TOLERANCE = 0.05


@recording_importer(name="adhawk", version=1, device="AdHawk MindLink", documented_only=True)
class AdHawk:
    """Finds and reads MindLink recordings; follows documentation only, no real recording was at hand."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Refusal:
        """Look for a gaze table in the manifest."""
        if not source.has(INFO):
            return Refusal(f"there is no {INFO}")
        entries = _entries(source.json(INFO))
        if "gaze" not in entries:
            return Refusal(f"{INFO} has no manifest with a gaze table")
        return Match(source.label, "AdHawk MindLink", f"{INFO} with a manifest", covers=())

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        return _Folder(source, options).recording(info)


def _entries(info: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the first entry of the manifest for each type."""
    manifest = info.get("manifest")
    listed = manifest.get("entries") if isinstance(manifest, dict) else None
    found: dict[str, dict[str, Any]] = {}
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("file_name"), str):
            found.setdefault(str(entry.get("type")).lower(), entry)
    return found


def _start_ns(entry: dict[str, Any]) -> int | None:
    attribute = entry.get("attribute")
    start = attribute.get("start_time_ms") if isinstance(attribute, dict) else None
    if isinstance(start, bool) or not isinstance(start, (int, float)) or not abs(start) < _LONGEST_MS:
        return None
    return round(start * _NS_PER_MS)


@dataclass
class _Folder:
    source: Source
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = [DOCUMENTED_ONLY]
        self.info = self.source.json(INFO)
        self.entries = _entries(self.info)
        self.names = {kind: entry["file_name"].replace("\\", "/") for kind, entry in self.entries.items()}
        if "gaze" not in self.names or not self.source.has(self.names["gaze"]):
            raise InputError(
                self.source.place(INFO),
                "the gaze table that the manifest names is not there",
                place="manifest",
                expected="a file with gaze",
                found=repr(self.names.get("gaze", "no entry of type gaze")),
                advice="Copy the whole recording",
            )
        video = self.names.get("video", "")
        self.video_names = [video] if video and self.source.has(video) else []
        if video and not self.video_names:
            text = f"the video {video!r} that {INFO} names is not there"
            self._notes.append(Finding("warning", "frames", "video_missing", text, 1))
        self.scene = scene_beside(self.source, self.video_names, self.options, self._notes, CAMERA)

    def recording(self, importer: ImporterInfo) -> Recording:
        offset_ns, said = self._wall_clock()
        profile = self.info.get("user_profile")
        name = profile.get("name") if isinstance(profile, dict) else None
        loaders: dict[str, Callable[[], Stream]] = {"gaze": self.gaze, "frames": self.frames}
        meta = RecordingMeta(
            name=self.source.label,
            device="AdHawk MindLink",
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=None if offset_ns is None else offset_ns + self._first_ns,
            participant_label=name if isinstance(name, str) else "",
        )
        tables = [self.names[kind] for kind in ("gaze", "pupil_position") if kind in self.names]
        video = self.video_names if self.options.video is None else []
        used = [INFO, *(name for name in (*tables, *video) if self.source.has(name))]
        return Recording(
            meta,
            clock=Clock("device_monotonic", offset_ns, said, self._video_start_ns),
            camera=self.scene.camera,
            videos=self.scene.videos,
            loaders=loaders,
            files=lambda: self.source.hashes(used),
            findings=tuple(self._notes),
        )

    @cached_property
    def _head(self) -> TextTable:
        return read_table(self.source, self.names["gaze"], "gaze", head_only=True)

    @cached_property
    def _first_ns(self) -> int:
        """Time of the first gaze sample."""
        times = self._head.times_ns(self._head.need(TIME), _NS_PER_S)
        return int(times[0]) if len(times) and abs(int(times[0])) < 2**61 else 0

    @property
    def _video_start_ns(self) -> int | None:
        """Time at which the video starts, on the clock of gaze; None where the starts are not known."""
        video = _start_ns(self.entries.get("video", {}))
        gaze = _start_ns(self.entries["gaze"])
        return None if video is None or gaze is None else self._first_ns - gaze + video

    def _wall_clock(self) -> tuple[int | None, str]:
        first_ns = self._first_ns  # also drops rows without a time
        name = self._head.find(WALL)
        words = self._head.text(name).tolist() if name is not None else []
        moment = unix_ns(words[0]) if words else None
        return (None, "") if moment is None else (moment - first_ns, f"{WALL} of the first gaze sample")

    def gaze(self) -> Stream:
        table = read_table(self.source, self.names["gaze"], "gaze")
        t_ns = table.times_ns(table.need(TIME), _NS_PER_S)
        width, height = self.scene.size_px or (CAMERA.width_px, CAMERA.height_px)
        with np.errstate(over="ignore"):  # numbers this large are damage, and out of the image anyway
            x_px, y_px = table.floats(table.need(X)) * width, table.floats(table.need(Y)) * height
        extra: dict[str, Any] = {}
        if (frame := table.find(FRAME)) is not None:
            extra["frame_label"] = table.ints(frame)
        known = [TIME, WALL, X, Y, FRAME]
        vectors = {"glasses_gaze3d_{}_mm": ("Gaze_{}", 1000.0)}
        vectors |= {
            f"glasses_gaze_{side.lower()}_{{}}": (f"Gaze_{{}}_{side}", 1.0) for side in ("Left", "Right")
        }
        for column, (spelling, scale) in vectors.items():
            extra |= _turned(table, column, spelling, scale)
            known += [spelling.format(axis) for axis in "XYZ"]
        extra |= other_columns(table, known)
        findings = [*table.findings, *self._duration(t_ns)]
        extra |= self._eyes(t_ns, findings)
        return gaze_stream(
            t_ns, x_px, y_px, reasons={}, size_px=(width, height), extra=extra, findings=findings
        )

    def _duration(self, t_ns: NDArray[np.int64]) -> list[Finding]:
        """Check that gaze is as long as the manifest says."""
        manifest = self.info.get("manifest")
        stated = manifest.get("recording_length_ms") if isinstance(manifest, dict) else None
        if (
            isinstance(stated, bool)
            or not isinstance(stated, (int, float))
            or not 0 < stated < _LONGEST_MS
            or not len(t_ns)
        ):
            return []
        found = (float(t_ns.max()) - float(t_ns.min())) / 1e9
        text = f"gaze is {found:.2f} s long, {INFO} says {stated / 1000:.2f} s"
        fits = abs(found - stated / 1000) <= max(1.0, _DURATION_TOLERANCE * stated / 1000)
        return [Finding("info" if fits else "warning", "gaze", "duration", text)]

    def _eyes(self, t_ns: NDArray[np.int64], findings: list[Finding]) -> dict[str, NDArray[np.float64]]:
        """Return pupil positions at the times of gaze: each from the nearest row within half an interval."""
        name = self.names.get("pupil_position", "")
        if not name or not self.source.has(name) or not len(t_ns):
            return {}
        try:
            table = read_table(self.source, name, "gaze")
            times = table.times_ns(table.need(TIME), _NS_PER_S)
            columns: dict[str, NDArray[np.float64]] = {}
            for side in ("Left", "Right"):
                columns |= _turned(
                    table, f"glasses_eye_{side.lower()}_{{}}_mm", f"Pupil_Pos_{{}}_{side}", 1.0
                )
        except InputError as error:
            findings.append(Finding("problem", "gaze", "pupil_position_unusable", str(error), 1))
            return {}
        findings.extend(table.findings)
        if not len(times):
            return {}
        order = np.argsort(times, kind="stable")
        nearest, apart = _nearest(times[order], t_ns)
        steps = np.abs(np.diff(t_ns))
        usual = float(np.median(steps)) if len(steps) else 0.0
        near = apart <= usual / 2
        exact = int(np.count_nonzero(apart == 0))
        text = (
            f"pupil positions: {exact} of {len(t_ns)} at the very time of the gaze sample,"
            f" {int(near.sum()) - exact} from within {usual / 2e6:.1f} ms, {int((~near).sum())} without"
        )
        lost = int((~near).sum())
        findings.append(Finding("warning" if lost else "info", "gaze", "pupil_position", text, lost))
        rows = order[nearest]
        return {column: np.where(near, values[rows], np.nan) for column, values in columns.items()}

    def frames(self) -> Stream:
        start_ns = self._video_start_ns
        if start_ns is not None or not self.scene.videos:
            why = f"put on the clock of gaze by the starts in {INFO}"
            return frames_by_video_time(self.scene.videos, start_ns or 0, why=why)
        why = f"{INFO} does not say when it starts: its first picture is taken for the first gaze sample"
        return frames_by_video_time(self.scene.videos, self._first_ns, why=why)


def _turned(table: TextTable, column: str, spelling: str, scale: float) -> dict[str, NDArray[np.float64]]:
    """Return a vector with y and z turned round, or nothing where it is not whole."""
    names = [table.find(spelling.format(axis)) for axis in "XYZ"]
    if any(name is None for name in names):
        return {}
    with np.errstate(over="ignore"):  # numbers this large are damage
        return {
            column.format(axis): table.floats(name or "") * (scale if axis == "x" else -scale)
            for axis, name in zip("xyz", names, strict=True)
        }


def _nearest(
    times: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the row nearest to each time, and how far it is, ns."""
    after = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    after = np.minimum(after, len(times) - 1)
    before = np.maximum(after - 1, 0)
    gaps = [np.abs(times[rows].astype(np.float64) - wanted.astype(np.float64)) for rows in (before, after)]
    return np.where(gaps[0] <= gaps[1], before, after), np.minimum(*gaps)
