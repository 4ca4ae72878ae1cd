"""Pupil Player exports: `exports/NNN/gaze_positions.csv` with its tables, or a lone gaze_positions.csv.

Coordinates are shares of width and height from the bottom left corner. A table does not say how large the
image is: without a video, `world.intrinsics` or a calibration its samples have no pixels (only `norm_x`,
`norm_y` and, where the gaze is 3-D, angles), and a finding says so. Tables of the surface tracker lie in
`surfaces/`; their gaze is already mapped and never taken for gaze in the scene.

The exported world.mp4 has the gaze drawn in, so that the recorded one is preferred where it is at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from gazestudy.errors import InputError
from gazestudy.importers.recordings.alignment import align_video
from gazestudy.importers.recordings.pupil.core_gaze import core_gaze, to_px
from gazestudy.importers.recordings.pupil.core_info import key_values, recording_info, start_of
from gazestudy.importers.recordings.pupil.core_pldata import GazeRows, Ints, gaze_extra
from gazestudy.importers.recordings.pupil.core_world import World
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_VIDEO, paired_frames, usable_videos
from gazestudy.importers.sources import TABLE_SUFFIXES, FolderSource, Source, ZipSource
from gazestudy.importers.streams import in_time_order
from gazestudy.importers.text_tables import TextTable, read_table, sniff_header
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Finding, Recording, RecordingMeta, Stream

GAZE = "gaze_positions.csv"
INFO = "export_info.csv"
FRAMES = "world_timestamps.csv"
EXPORTS = "exports"

_NS_PER_S = 1_000_000_000
_FULL_SHARE = 0.99  # an export that covers this share of the longest one counts as full
_NAN = float("nan")

_TIMES = {
    "gaze_timestamp": "t_ns",
    "pupil_timestamp": "t_ns",
    "timestamp": "t_ns",
    "start_timestamp": "onset_ns",
    "end_timestamp": "offset_ns",
}
_UNITS = {
    "norm_pos_x": "norm_x",
    "norm_pos_y": "norm_y",
    "dispersion": "dispersion_deg",
    "diameter": "diameter_px",
    "diameter_3d": "diameter_mm",
    "theta": "theta_rad",
    "phi": "phi_rad",
    **{f"gaze_point_3d_{axis}": f"gaze3d_{axis}_mm" for axis in "xyz"},
    **{f"ellipse_{what}": f"ellipse_{what}_px" for what in ("center_x", "center_y", "axis_a", "axis_b")},
    "ellipse_angle": "ellipse_angle_deg",
    **{f"sphere_center_{axis}": f"sphere_center_{axis}_mm" for axis in "xyz"},
    **{f"circle_3d_center_{axis}": f"circle_3d_center_{axis}_mm" for axis in "xyz"},
    "sphere_radius": "sphere_radius_mm",
    "circle_3d_radius": "circle_3d_radius_mm",
}
_LEFT_OUT = ("base_data", "filter_response")  # lists in a cell, which gaze and pupil tables say as well
TABLES = {
    "fixations": ("fixations.csv", {"id": "fixation_id", "duration": "duration_ms"}),
    "blinks": ("blinks.csv", {"id": "blink_id", "duration": "duration_s", "index": "frame_index"}),
    "pupil_positions": ("pupil_positions.csv", {"id": "eye_id", "index": "world_index"}),
}
"""Vendor table to its file and the columns whose unit or meaning depends on the table."""


@dataclass
class Export:
    """One folder that Pupil Player exported to.

    Attributes
    ----------
    source : Source
        Where it lies.
    base : str
        Folder of the export below the source, "" for the source itself.
    gaze_name : str
        Name of the gaze table.
    """

    source: Source
    base: str = ""
    gaze_name: str = GAZE

    @property
    def label(self) -> str:
        """What it is called where one of several is to be chosen."""
        return self.base or self.gaze_name

    def file(self, name: str) -> str:
        """Return the name of one of its files in the source."""
        return f"{self.base}/{name}" if self.base else name

    def has(self, name: str) -> bool:
        """Return whether it has such a file."""
        return self.source.has(self.file(name))

    @cached_property
    def info(self) -> dict[str, str]:
        """What export_info.csv says, {} without it."""
        return key_values(self.source, self.file(INFO))

    @property
    def frame_range(self) -> tuple[int, int] | None:
        """First and last frame that were exported, where it is said."""
        numbers = re.findall(r"\d+", self.info.get("Frame Index Range", ""))
        return (int(numbers[0][:12]), int(numbers[1][:12])) if len(numbers) == 2 else None

    @property
    def range_text(self) -> str:
        """The range in words."""
        frames = self.info.get("Frame Index Range", "")
        absolute = self.info.get("Absolute Time Range", "")
        texts = [f"frames {frames}"] if frames else []
        texts += [f"{absolute} s"] if absolute else []
        return ", ".join(texts) or "range not said"

    @property
    def used_files(self) -> list[str]:
        """Its files that are read."""
        names = [self.gaze_name, INFO, FRAMES, "annotations.csv", *(name for name, _ in TABLES.values())]
        return [self.file(name) for name in names if self.has(name)]

    def header(self) -> TextTable:
        """Return the gaze table without its rows, or raise InputError if it is none."""
        table = read_table(self.source, self.file(self.gaze_name), "gaze", head_only=True)
        for spellings in (("gaze_timestamp", "timestamp"), ("norm_pos_x",), ("norm_pos_y",), ("confidence",)):
            table.need(*spellings)
        return table

    def gaze_rows(self) -> tuple[GazeRows, list[Finding]]:
        """Return the gaze data as columns, and what was found."""
        table = read_table(self.source, self.file(self.gaze_name), "gaze")
        t_ns = table.times_ns(table.need("gaze_timestamp", "timestamp"), _NS_PER_S)
        columns = np.full((17, len(t_ns)), _NAN)
        names = [f"gaze_point_3d_{axis}" for axis in "xyz"]
        for eye in "01":
            names += [f"eye_center{eye}_3d_{axis}" for axis in "xyz"]
            names += [f"gaze_normal{eye}_{axis}" for axis in "xyz"]
        for number, spelling in enumerate(names):
            if (name := table.find(spelling)) is not None:
                columns[number] = table.floats(name)
        extra = gaze_extra(columns, _eyes(table))
        if (name := table.find("world_index", "index")) is not None:
            extra["world_index"] = table.ints(name)
        x, y, confidence = (
            table.floats(table.need(name)) for name in ("norm_pos_x", "norm_pos_y", "confidence")
        )
        return GazeRows(t_ns, x, y, confidence, extra), table.findings

    def blinks(self) -> tuple[Ints, Ints, Ints] | None:
        """Return start, end and id of the blinks in order, None without a table of them."""
        if not self.has("blinks.csv"):
            return None
        table = self.vendor("blinks", None).table
        if (
            not {"onset_ns", "offset_ns", "blink_id"} <= set(table.columns)
            or table["blink_id"].dtype.kind != "i"
        ):
            return None
        table = table.sort_values("onset_ns")
        return tuple(table[name].to_numpy(np.int64) for name in ("onset_ns", "offset_ns", "blink_id"))  # type: ignore[return-value]

    def loaders(self, size_px: tuple[int, int] | None) -> dict[str, Callable[[], Stream]]:
        """Return how to read each of its other tables."""
        found: dict[str, Callable[[], Stream]] = {
            name: lambda name=name: self.vendor(name, size_px)  # type: ignore[misc]
            for name, (file, _) in TABLES.items()
            if self.has(file)
        }
        if self.has("annotations.csv"):
            found["events"] = self.events
        return found

    def vendor(self, name: str, size_px: tuple[int, int] | None) -> Stream:
        """Return one of `TABLES`, with units in the column names and gaze in px where the size is known."""
        file, own = TABLES[name]
        table = read_table(self.source, self.file(file), name)
        times = _time_columns(table)
        frame = table.frame(leave_out=[*_LEFT_OUT, *(one for one in table.names if one in _TIMES)])
        frame = frame.rename(columns=_UNITS | own)
        for place, (column, values) in enumerate(times.items()):
            frame.insert(place, column, values)
        numbers = {column for column in frame.columns if frame[column].dtype.kind in "if"}
        if size_px is not None and name == "fixations" and {"norm_x", "norm_y"} <= numbers:
            x_px, y_px = to_px(frame["norm_x"].to_numpy(), frame["norm_y"].to_numpy(), size_px)
            frame["x_px"], frame["y_px"] = x_px, y_px
        return Stream(frame, tuple(table.findings))

    def events(self) -> Stream:
        """Return the annotations."""
        table = read_table(self.source, self.file("annotations.csv"), "events")
        t_ns = table.times_ns(table.need("timestamp"), _NS_PER_S)
        values = {
            "t_ns": t_ns,
            "name": table.text(table.need("label")),
            "source": pd.Series(["user"] * len(t_ns), dtype="str"),
        }
        if (duration := table.find("duration")) is not None:
            values["duration_s"] = table.floats(duration)
        frame, order = in_time_order(pd.DataFrame(values), "events")
        return Stream(frame, (*table.findings, *order))


def exports_in(source: Source, folder: str = EXPORTS) -> list[Export]:
    """Return the exports in a folder of a source ("" for the source itself), in order of their numbers."""
    prefix = f"{folder}/" if folder else ""
    depth = prefix.count("/") + 1
    bases = {
        name.rpartition("/")[0]
        for name in source.all_names()
        if name.startswith(prefix) and name.endswith(f"/{GAZE}") and name.count("/") == depth
    }
    found = [Export(source, base) for base in bases]
    return sorted((one for one in found if _is_export(one)), key=lambda one: (len(one.base), one.base))


def choose_export(exports: Sequence[Export]) -> Export:
    """Return the newest of those that cover the full range."""
    lengths = [one.frame_range[1] - one.frame_range[0] if one.frame_range else None for one in exports]
    longest = max((length for length in lengths if length is not None), default=0)
    full = [
        one
        for one, length in zip(exports, lengths, strict=True)
        if length is not None and length >= _FULL_SHARE * longest
    ]
    return (full or list(exports))[-1]


def exports_finding(exports: Sequence[Export], used: Export | None) -> Finding:
    """Return the list of exports with their ranges, and which one is used."""
    listed = "; ".join(f"{one.label} ({one.range_text})" for one in exports)
    what = "none is used" if used is None else f"{used.label} is used"
    text = f"{len(exports)} exports of Pupil Player: {listed}; {what}; another one is chosen as gaze source"
    return Finding("info", "recording", "exports", text, len(exports))


def _eyes(table: TextTable) -> Ints:
    """Return which eyes a sample was made from: base_data is "time-eye time-eye"."""
    name = table.find("base_data")
    if name is None:
        return np.zeros(len(table), dtype=np.int64)
    cells = table.cells.column(table.names.index(name))
    right, left = (
        pc.match_substring_regex(cells, rf"-{eye}( |$)").to_numpy(zero_copy_only=False) for eye in (0, 1)
    )
    return np.asarray(right.astype(np.int64) + 2 * left.astype(np.int64))


def _time_columns(table: TextTable) -> dict[str, Ints]:
    """Return the time columns as ns; rows without a time are gone from all of them."""
    names = [name for name in table.names if name in _TIMES]
    for name in names:
        table.times_ns(name, _NS_PER_S)
    return {_TIMES[name]: table.times_ns(name, _NS_PER_S) for name in names}


def _is_export(one: Export) -> bool:
    header = sniff_header(one.source, one.file(one.gaze_name))
    names = header[0] if header is not None else []
    return {"norm_pos_x", "norm_pos_y", "confidence"} <= set(names) and bool(
        {"gaze_timestamp", "timestamp"} & set(names)
    )


@recording_importer(name="pupil-player", version=1, device="Pupil Core (Pupil Player export)")
class PupilPlayer:
    """Finds and reads exports of Pupil Player that lie alone."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Refusal:
        """Look at the header of gaze_positions.csv."""
        found = _exports_at(source)
        if not found:
            return Refusal(_why_not(source))
        if _beside_recording(source):
            return Refusal(f"{GAZE} lies in a recording of Pupil Capture, which is read instead")
        one = found[0]
        if one.base:
            listed = ", ".join(export.base for export in found)
            return Match(_name_of(source), "Pupil Core", f"folder of exports of Pupil Player: {listed}")
        reason = f"{one.gaze_name} with 'norm_pos_x' and 'confidence'"
        covers = None if one.has(INFO) else ("surfaces",)
        return Match(_name_of(source), "Pupil Core", reason, covers=covers)

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        found = _exports_at(source)
        wanted = options.gaze_source or options.selection
        if not found:
            raise InputError(
                source.path / source.inner, "there is no export of Pupil Player", found=_why_not(source)
            )
        return _Alone(
            chosen(found, wanted, source) if wanted else choose_export(found), found, options
        ).recording(info)


def chosen(exports: Sequence[Export], wanted: str, source: Source) -> Export:
    """Return the export of that name, folder or number, or raise InputError."""
    for one in exports:
        if wanted in (one.label, one.base, one.base.rpartition("/")[2], one.gaze_name):
            return one
    listed = ", ".join(repr(one.label) for one in exports)
    raise InputError(
        source.path / source.inner,
        f"there is no gaze source {wanted!r}",
        found=listed,
        advice="Choose one of these",
    )


@dataclass
class _Alone:
    """An export without its recording around it (or with the recording above it)."""

    export: Export
    exports: list[Export]
    options: ReadOptions
    notes: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.export.header()
        self.above = _recording_above(self.export.source, self.export.base)
        quiet = self.options.video is None and self.above is None
        self.world = World(
            self.above, video=self.options.video, calibration=self.options.camera, notes=self.notes
        )
        self.exported: tuple[Path, ...] = ()
        if not self.world.videos and self.export.has("world.mp4"):
            self._take_exported_video(quiet)

    def _take_exported_video(self, quiet: bool) -> None:
        """Use the exported video, where there is no other."""
        self.notes[:] = [one for one in self.notes if one is not NO_VIDEO]
        path = self.export.source.local(self.export.file("world.mp4"))
        self.exported, size = usable_videos([path], self.notes)
        if size is not None:
            self.world = replace(self.world, size_px=size, notes=[])
        if self.exported and quiet:
            text = "world.mp4 of the export may have the gaze drawn in: give the recorded one (--video)"
            self.notes.append(Finding("warning", "frames", "gaze_drawn_in", text))

    def recording(self, importer: ImporterInfo) -> Recording:
        source, export = self.export.source, self.export
        if len(self.exports) > 1 or self.export.info:
            self.notes.append(exports_finding(self.exports, export))
        used = export.used_files
        used += [export.file("world.mp4")] if self.exported else []
        first = self.world.times[0]
        start = start_of(recording_info(self.above) if self.above is not None else {})
        meta = RecordingMeta(
            name=_name_of(source),
            device="Pupil Core",
            importer=importer.name,
            importer_version=importer.version,
            source=source.path,
            start_unix_ns=start.unix_ns,
            extra=export.info,
        )
        return Recording(
            meta,
            clock=start.clock(int(first[0][0]) if first and len(first[0]) else None),
            camera=self.world.camera,
            videos=self.world.videos or self.exported,
            loaders={"gaze": self.gaze, "frames": self.frames, **export.loaders(self.world.size_px)},
            files=lambda: source.hashes(used),
            findings=tuple(self.notes),
        )

    @cached_property
    def _gaze(self) -> Stream:
        rows, findings = self.export.gaze_rows()
        return core_gaze(
            rows,
            findings,
            world=self.world,
            min_confidence=self.options.min_confidence,
            blinks=self.export.blinks(),
        )

    def gaze(self) -> Stream:
        return self._gaze

    def frames(self) -> Stream:
        if self.world.times[0] or (self.world.source is not None and self.world.videos):
            return self.world.frames()
        videos = self.world.videos or self.exported
        if self.export.has(FRAMES):
            table = read_table(self.export.source, self.export.file(FRAMES), "frames")
            t_ns = table.times_ns(table.need("# timestamps [seconds]", "timestamps [seconds]"), _NS_PER_S)
            return paired_frames(videos, [t_ns], findings=table.findings)
        if not videos:
            return paired_frames((), [])
        gaze = self._gaze.table
        label = gaze["world_index"].to_numpy(np.int64) if "world_index" in gaze.columns else None
        with SceneVideo(videos) as video:
            t_ns, found = align_video(video.times_ns, gaze["t_ns"].to_numpy(), label, None)
        return paired_frames(videos, [t_ns], findings=found)


def _exports_at(source: Source) -> list[Export]:
    """Return the exports that a place is: itself, or those in a folder named "exports"."""
    names = source.names()
    if GAZE in names:
        one = Export(source)
        return [one] if _is_export(one) else []
    if isinstance(source, FolderSource) and source.only is not None:
        one = Export(source, gaze_name=source.only)
        return [one] if source.only.lower().endswith(TABLE_SUFFIXES) and _is_export(one) else []
    if source.label == EXPORTS:
        return exports_in(source, "")
    return []


def _why_not(source: Source) -> str:
    surface = [
        name for name in source.names() if name.startswith(("gaze_positions_on_surface", "surf_positions"))
    ]
    if surface:
        return (
            f"{surface[0]} is gaze already mapped onto a surface, not gaze in the scene; choose the folder"
            f" above it, with {GAZE}"
        )
    if source.has(GAZE):
        return f"{GAZE} has no columns 'norm_pos_x', 'norm_pos_y' and 'confidence'"
    return f"there is no {GAZE}"


def _beside_recording(source: Source) -> bool:
    single = isinstance(source, FolderSource) and source.only is not None
    return not single and any(source.has(name) for name in ("info.player.json", "gaze.pldata", "pupil_data"))


def _recording_above(source: Source, base: str) -> Source | None:
    """Return the recording that an export lies in, if it is there."""
    up = 2 - (1 if base else 0)  # from exports/NNN or from exports
    inner = [part for part in source.inner.split("/") if part]
    above: Source
    if len(inner) >= up:
        if inner[len(inner) - up] != EXPORTS:
            return None
        rest = "/".join(inner[:-up])
        if isinstance(source, ZipSource):
            above = ZipSource(source.path, rest, source._extract_to)
        else:
            above = FolderSource(source.path, rest)
    elif isinstance(source, FolderSource) and source.only is None and not inner:
        path = source.path.absolute()
        folders = [path.name, *(one.name for one in path.parents)]
        if len(folders) <= up or folders[up - 1] != EXPORTS:
            return None
        above = FolderSource(path.parents[up - 1])
    else:
        return None
    return above if any(above.has(name) for name in ("info.player.json", "info.csv", "gaze.pldata")) else None


def _name_of(source: Source) -> str:
    """Return a name: exports, 000 and gaze_positions say nothing, the folder above them does."""
    path = source.path.absolute()
    parts = [*path.parts[-3:-1], path.stem, *[part for part in source.inner.split("/") if part]]
    while len(parts) > 1 and (EXPORTS in parts[-2:] or parts[-1] == Path(GAZE).stem):
        parts.pop()
    return parts[-1] or source.label
