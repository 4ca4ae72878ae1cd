"""SMI BeGaze (Eye Tracking Glasses and remote trackers): text exports.

Raw samples of one subject (`Time`, `Type`, `Trial`, ... in µs of an arbitrary clock), events of one subject
(a block [BeGaze], then a line for each event), and the tables of raw samples or events of many subjects.

A real event export confirmed its layout. Raw samples, both tables, the coding of missing gaze and the camera
file follow documentation and other programs. The scene video that BeGaze exports cannot be aligned reliably
with gaze: some of its frames have one sample and others five.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.recordings.alignment import align_video
from gazestudy.importers.recordings.separate_files import given_camera
from gazestudy.importers.recordings.smi import begaze_files as files
from gazestudy.importers.recordings.smi.begaze_files import BegazeFile
from gazestudy.importers.recordings.table_keys import distinct_keys, parse_selection, selection_of
from gazestudy.importers.recordings.text_pieces import TextPiece
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_CAMERA, paired_frames, usable_videos
from gazestudy.importers.sources import TABLE_SUFFIXES, Source
from gazestudy.importers.streams import frame_table, gaze_stream, in_time_order
from gazestudy.importers.text_tables import TextTable, read_table, sniff_header
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Camera, Clock, Finding, Recording, RecordingMeta, Stream
from gazestudy.model.tables import GAZE

_NS_PER_MS = 1_000_000
_KEY_COLUMNS = {"metrics": ("Participant",), "event_table": ("Participant", "Trial", "Stimulus")}
_CATEGORIES = {
    "fixation": "fixations",
    "visual intake": "fixations",
    "saccade": "saccades",
    "blink": "blinks",
}
_TABLE_NAMES = {
    "Event Start Trial Time [ms]": "start_ns",
    "Event End Trial Time [ms]": "end_ns",
    "Event Duration [ms]": "duration_ms",
    "Fixation Position X [px]": "x_px",
    "Fixation Position Y [px]": "y_px",
    "Visual Intake Position X [px]": "x_px",
    "Visual Intake Position Y [px]": "y_px",
    "AOI Name": "aoi",
}
_SUFFIX = re.compile(r"[-_ ]?(recording|samples|raw|events)$", re.IGNORECASE)


@recording_importer(name="smi-begaze", version=1, device="SMI Eye Tracking Glasses, RED (BeGaze text export)")
class SmiBegaze:
    """Finds and reads BeGaze exports; raw samples and tables of many subjects follow documentation only."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look at the start of every table."""
        found = _files(source)
        if not found:
            return Refusal("no table is an export of BeGaze (samples, events or event statistics)")
        matches = []
        for one in found:
            if one.kind in _KEY_COLUMNS:
                matches.extend(_matches_of_table(source, one))
            elif one.kind == "samples" or not _partner(found, one):
                name = (one.header.get("subject") and one.header.get("description")) or Path(one.name).stem
                reason = f"{one.name} is the {one.kind} export of BeGaze"
                matches.append(Match(name, _device(source, one), reason, selection_of(one.name), covers=()))
        return matches

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        chosen = next(
            (key for count in (1, 2, 4) if (key := parse_selection(options.selection, count))), None
        )
        known = {one.name: one for one in _files(source)}
        if chosen is None or chosen[0] not in known:
            raise InputError(
                source.path, f"there is no recording {options.selection!r}", advice="Choose it by name"
            )
        file = known[chosen[0]]
        if file.kind == "event_table":
            return _EventTable(source, file, chosen[1:], options).recording(info)
        if file.kind == "metrics":
            return _Metrics(source, file, chosen[1:], options).recording(info)
        partner = _partner(list(known.values()), file) if file.kind == "samples" else None
        return _Subject(source, file, (), options, partner).recording(info)


def _files(source: Source) -> list[BegazeFile]:
    names = source.names()
    if not (len(names) == 1 and source.path.is_file()):
        names = [name for name in names if name.lower().endswith(TABLE_SUFFIXES)]
    return [found for name in names if (found := files.look_at(source, name)) is not None]


def _partner(found: Sequence[BegazeFile], one: BegazeFile) -> BegazeFile | None:
    """Return the events of a file of samples, or the samples of a file of events."""
    other = {"samples": "events", "events": "samples"}[one.kind]
    return next((it for it in found if it.kind == other and it.run == one.run), None)


def _device(source: Source, file: BegazeFile) -> str:
    head = source.head(file.name, files.HEAD_BYTES)
    glasses = source.has(files.CAMERA_FILE) or any(
        mark in head for mark in (b"B POR X", b"GVEC", b"Gaze Vector", b"Visual Intake", b"Video Time")
    )
    return "SMI Eye Tracking Glasses" if glasses else "SMI (BeGaze)"


def _matches_of_table(source: Source, file: BegazeFile) -> list[Match]:
    sniffed = sniff_header(source, file.name)
    if sniffed is None:
        return []
    names, form = sniffed
    columns = [column if column in names else None for column in _KEY_COLUMNS[file.kind]]
    found = []
    for key in distinct_keys(source, file.name, names, form, columns):
        name = " ".join(part for part in key[1:] if part) or Path(file.name).stem
        reason = f"{file.name} is a table of BeGaze with {len(names)} columns"
        found.append(Match(name, _device(source, file), reason, selection_of(file.name, *key), covers=()))
    return found


@dataclass
class _Base:
    """What all kinds of export share."""

    source: Source
    file: BegazeFile
    key: tuple[str, ...]
    options: ReadOptions
    partner: BegazeFile | None = None

    def __post_init__(self) -> None:
        self._notes: list[Finding] = []
        self.video_names = [] if self.options.video else self._video_beside()
        paths = [self.options.video] if self.options.video else map(self.source.local, self.video_names)
        self.videos, self.size_px = usable_videos(list(paths), self._notes)
        self.camera = given_camera(self.options.camera, self.size_px) or self._own_camera()
        if self.camera is None:
            self._notes.append(NO_CAMERA)
        elif self.size_px is None:
            self.size_px = (self.camera.width_px, self.camera.height_px)
        if self.options.gaze_source not in ("", "left", "right"):
            raise InputError(
                self.source.place(self.file.name),
                f"there is no gaze source {self.options.gaze_source!r}",
                expected="'left' or 'right', or none for both eyes",
            )

    def _video_beside(self) -> list[str]:
        """Return the video that BeGaze exported under the name of the table."""
        stem = _SUFFIX.sub("", Path(self.file.name).stem).lower()
        wanted = {f"{stem}-export", stem}
        fitting = [name for name in self.source.videos() if Path(name).stem.lower() in wanted]
        return fitting[:1]

    def _own_camera(self) -> Camera | None:
        if not self.source.has(files.CAMERA_FILE):
            return None
        try:
            camera = files.smi_camera(self.source)
        except ParameterError as error:
            text = f"{files.CAMERA_FILE} cannot be used ({error})"
            self._notes.append(Finding("problem", "camera", "camera_unusable", text))
            return None
        if self.size_px is not None and self.size_px != (camera.width_px, camera.height_px):
            text = (
                f"{files.CAMERA_FILE} is for {camera.width_px} x {camera.height_px} px, the video has"
                f" {self.size_px[0]} x {self.size_px[1]}; the calibration is not used"
            )
            self._notes.append(Finding("warning", "camera", "camera_unusable", text))
            return None
        return camera

    def _recording(
        self,
        importer: ImporterInfo,
        loaders: dict[str, Callable[[], Stream]],
        name: str,
        person: str,
        clock: Clock,
    ) -> Recording:
        own = [self.file.name, *([self.partner.name] if self.partner else []), *self.video_names]
        if self.source.has(files.CAMERA_FILE):
            own.append(files.CAMERA_FILE)
        extra = {
            key: value
            for key, value in self.file.header.items()
            # where the file lay and whom it shows is nobody's business in a report
            if key not in ("subject", "converted from") and "calibration point" not in key and value
        }
        meta = RecordingMeta(
            name=name,
            device=_device(self.source, self.file),
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            participant_label=person,
            extra=extra,
        )
        return Recording(
            meta,
            clock=clock,
            camera=self.camera,
            videos=self.videos,
            loaders=loaders,
            files=lambda: self.source.hashes(own),
            findings=tuple(self._notes),
        )

    def _no_samples(self) -> Stream:
        text = "this export holds events only; export the raw data too, for gaze"
        return Stream(GAZE.empty(), (Finding("problem", "gaze", "no_samples", text),))

    def _no_frames(self) -> Stream:
        return Stream(frame_table(np.zeros(0, np.int64), has_video=False))


class _Subject(_Base):
    """Raw samples, events, or both, of one subject."""

    def recording(self, importer: ImporterInfo) -> Recording:
        raw = self.file if self.file.kind == "samples" else None
        self.event_file = self.file if self.file.kind == "events" else self.partner
        loaders: dict[str, Callable[[], Stream]] = {
            "gaze": self.gaze if raw else self._no_samples,
            "frames": self.frames if raw else self._no_frames,
            "events": self.events,
        }
        for name in ("fixations", "saccades", "blinks") if self.event_file else ():
            loaders[name] = lambda name=name: self.vendor(name)  # type: ignore[misc]
        label = self.file.header.get("description", "")
        name = label if label and self.file.header.get("subject") else Path(self.file.name).stem
        clock = Clock("device_monotonic", None, "µs of the tracker, from an arbitrary start")
        return self._recording(importer, loaders, name, self.file.header.get("subject", ""), clock)

    @cached_property
    def _tracker_events(self) -> files.Events:
        assert self.event_file is not None
        return files.read_events(self.source, self.event_file.name)

    @cached_property
    def _rows(self) -> tuple[TextTable, list[bytes]]:
        name = self.file.name
        sniffed = sniff_header(self.source, name)
        data = files.decoded(self.source, name, sniffed[1].encoding if sniffed else "utf-8")
        body, messages = files.cut_samples(data)
        table = read_table(TextPiece(self.source.place(name), body), name, "gaze")
        kind = table.find("Type")
        if kind is not None:
            other = pc.not_equal(pc.utf8_trim_whitespace(table.cells.column(table.names.index(kind))), "SMP")
            count = int(pc.sum(other).as_py() or 0)
            if count:
                table.cells = table.cells.filter(pc.invert(other))
                text = f"{count} rows are neither samples (SMP) nor messages (MSG)"
                table.findings.append(Finding("warning", "gaze", "rows_skipped", text, count))
        return table, messages

    def events(self) -> Stream:
        pieces, findings = [], []
        if self.event_file is not None:
            pieces.append(self._tracker_events.user)
            findings.extend(self._tracker_events.findings["events"])
        if self.file.kind == "samples" and not (pieces and len(pieces[0])):
            times, names, lost = [], [], 0
            for line in self._rows[1]:
                cells = files.text_line(line).rstrip("\r\n").split("\t", 3)
                stamp = files.time_ns(cells[0])
                if stamp is None or len(cells) < 4:
                    lost += 1
                    continue
                times.append(stamp)
                names.append(cells[3].strip().removeprefix("# Message:").strip())
            if lost:
                text = f"{lost} messages cannot be read"
                findings.append(Finding("warning", "events", "rows_skipped", text, lost))
            pieces.append(files.events_table(times, names))
        frame, order = in_time_order(pd.concat(pieces, ignore_index=True), "events")
        return Stream(frame, (*findings, *order))

    def vendor(self, name: str) -> Stream:
        return Stream(self._tracker_events.tables[name], tuple(self._tracker_events.findings[name]))

    @cached_property
    def _gaze(self) -> Stream:
        table = self._rows[0]
        t_ns = table.times_ns(table.need("Time"), 1000)
        spellings = {"both": "B POR {} [px]", "left": "L POR {} [px]", "right": "R POR {} [px]"}
        pupils = {
            eye: values
            for eye, letter in (("left", "L"), ("right", "R"))
            if (values := _optional(table, f"{letter} Pupil Diameter [mm]", f"{letter} Mapped Diameter [mm]"))
            is not None
        }
        if self.size_px is None:
            self.size_px = _area(self.file.header.get("calibration area", ""), table.findings)
        extra: dict[str, NDArray[Any]] = {f"pupil_{eye}_mm": values for eye, values in pupils.items()}
        for eye, letter in (("left", "L"), ("right", "R")):
            for ours, theirs in (("smi_eye_{}_{}", "{} EPOS {}"), ("smi_gaze_{}_{}", "{} GVEC {}")):
                for axis in "XYZ":
                    if (values := _optional(table, theirs.format(letter, axis))) is not None:
                        extra[ours.format(eye, axis.lower())] = values
        frame = table.find("Frame")
        if frame is not None:
            extra["frame_label"], self.frame_rate = files.frame_labels(table.text(frame))
        trial = table.find("Trial")
        part = _parts(table.text(trial).to_numpy(dtype=object)) if trial else None
        info = table.find("B Event Info", "Info", "L Event Info", "R Event Info")
        return _gaze(self, table, t_ns, spellings, pupils, info, part, extra)

    def gaze(self) -> Stream:
        return self._gaze

    def frames(self) -> Stream:
        if not self.videos:
            return self._no_frames()
        gaze = self._gaze.table
        label = gaze["frame_label"].to_numpy() if "frame_label" in gaze.columns else None
        with SceneVideo(self.videos) as video:
            t_ns, findings = align_video(video.times_ns, gaze["t_ns"].to_numpy(), label, None)
        text = (
            "frames of a video exported by BeGaze and gaze cannot be aligned reliably: some frames have one"
            " sample, others several more; check by a shared event or by head movements"
        )
        return paired_frames(
            self.videos, [t_ns], findings=[*findings, Finding("warning", "frames", "alignment_unsure", text)]
        )


class _Metrics(_Base):
    """Raw samples of one participant out of a table of many."""

    def recording(self, importer: ImporterInfo) -> Recording:
        loaders: dict[str, Callable[[], Stream]] = {"gaze": self.gaze, "frames": self.frames}
        clock = Clock("recording_start", None, f"{files.RAW_TIME!r}")
        return self._recording(importer, loaders, Path(self.file.name).stem, self.key[0], clock)

    @cached_property
    def _gaze(self) -> Stream:
        table = _own_rows(
            files.whole_table(self.source, self.file.name, "gaze"), _KEY_COLUMNS["metrics"], self.key
        )
        t_ns = table.times_ns(table.need(files.RAW_TIME), _NS_PER_MS)
        spellings = {
            "both": "Point of Regard Binocular {} [px]",
            "left": "Point of Regard Left {} [px]",
            "right": "Point of Regard Right {} [px]",
        }
        pupils = {
            eye: values
            for eye in ("left", "right")
            if (values := _optional(table, f"Pupil Diameter {eye} [mm]")) is not None
        }
        extra: dict[str, NDArray[Any]] = {f"pupil_{eye}_mm": values for eye, values in pupils.items()}
        trial = table.find("Trial")
        part = _parts(table.text(trial).to_numpy(dtype=object)) if trial else None
        info = table.find("Category Binocular", "Category Left", "Category Right")
        for ours, theirs in (("aoi", "AOI Name Binocular"), ("stimulus", "Stimulus")):
            if (name := table.find(theirs)) is not None:
                extra[ours] = table.text(name).to_numpy(dtype=object)
        return _gaze(self, table, t_ns, spellings, pupils, info, part, extra)

    def gaze(self) -> Stream:
        return self._gaze

    def frames(self) -> Stream:
        if not self.videos:
            return self._no_frames()
        with SceneVideo(self.videos) as video:
            t_ns, findings = align_video(video.times_ns, self._gaze.table["t_ns"].to_numpy(), None, None)
        return paired_frames(self.videos, [t_ns], findings=findings)


class _EventTable(_Base):
    """Events of one participant and trial out of a table of many."""

    def recording(self, importer: ImporterInfo) -> Recording:
        loaders: dict[str, Callable[[], Stream]] = {"gaze": self._no_samples, "frames": self._no_frames}
        for name in ("fixations", "saccades", "blinks", "other_events"):
            loaders[name] = lambda name=name: self.vendor(name)  # type: ignore[misc]
        name = " ".join(part for part in self.key[1:] if part) or Path(self.file.name).stem
        clock = Clock("recording_start", None, "start of the trial")
        return self._recording(importer, loaders, name, self.key[0], clock)

    @cached_property
    def _events(self) -> tuple[pd.DataFrame, list[Finding]]:
        table = files.whole_table(self.source, self.file.name, "events")
        table = _own_rows(table, _KEY_COLUMNS["event_table"], self.key)
        times = {}
        for name in files.EVENT_TIMES:
            table.times_ns(table.need(name), _NS_PER_MS)  # leaves out rows without one of the times
        for name in files.EVENT_TIMES:
            times[_TABLE_NAMES[name]] = table.times_ns(table.need(name), _NS_PER_MS)
        rest = table.frame(leave_out=[*files.EVENT_TIMES, "Participant"])
        found = pd.DataFrame(times).join(
            rest.rename(columns={k: v for k, v in _TABLE_NAMES.items() if k in rest})
        )
        return found, table.findings

    def vendor(self, name: str) -> Stream:
        table, findings = self._events
        if "Category" in table:
            kinds = (
                table["Category"].astype(str).str.strip().str.lower().map(_CATEGORIES).fillna("other_events")
            )
        else:
            kinds = pd.Series(["other_events"] * len(table), dtype="str")
        return Stream(
            table[kinds == name].reset_index(drop=True), tuple(findings) if name == "fixations" else ()
        )


def _gaze(
    export: _Base,
    table: TextTable,
    t_ns: NDArray[np.int64],
    spellings: dict[str, str],
    pupils: dict[str, NDArray[np.float64]],
    info: str | None,
    part: NDArray[np.int64] | None,
    extra: dict[str, NDArray[Any]],
) -> Stream:
    """Return the gaze stream: the binocular point, or the mean of the eyes that were seen."""
    no_pupil = np.ones(len(t_ns), np.bool_)
    for values in pupils.values():
        no_pupil &= ~(values > 0)
    points: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    zeros = 0
    for eye, spelling in spellings.items():
        x_px, y_px = _optional(table, spelling.format("X")), _optional(table, spelling.format("Y"))
        if x_px is None or y_px is None:
            continue
        nothing = (x_px == 0) & (y_px == 0) & no_pupil
        zeros = max(zeros, int(nothing.sum()))
        x_px, y_px = np.where(nothing, np.nan, x_px), np.where(nothing, np.nan, y_px)
        points[eye] = (x_px, y_px)
        if eye != "both":
            extra[f"x_{eye}_px"], extra[f"y_{eye}_px"] = x_px, y_px
    wanted = export.options.gaze_source
    if wanted and wanted not in points:
        table.findings.append(
            Finding("warning", "gaze", "eye_missing", f"there is no gaze of the {wanted} eye")
        )
    if not points:
        table.findings.append(
            Finding("problem", "gaze", "no_gaze_columns", "the export has no points of regard in pixels")
        )
    x_px, y_px = points.get(wanted or "both") or _mean_of(points, len(t_ns))
    if not wanted and "both" not in points and len(points) > 1:
        text = "there is no binocular gaze; it is the mean of both eyes, or the one that was seen"
        table.findings.append(Finding("info", "gaze", "mean_of_eyes", text))
    if zeros:
        text = f"{zeros} samples at 0, 0 without a pupil are taken as missing"
        table.findings.append(Finding("info", "gaze", "zeros_missing", text, zeros))
    blink = np.zeros(len(t_ns), np.bool_)
    if info is not None:
        blink = (table.text(info).str.lower() == "blink").to_numpy(dtype=bool)
    lost = ~(np.isfinite(x_px) & np.isfinite(y_px))
    return gaze_stream(
        t_ns,
        x_px,
        y_px,
        # A blink has no coordinates either; that it is one is what is worth knowing.
        reasons={"no_data": lost & ~blink, "blink": blink},
        size_px=export.size_px,
        part=part,
        extra=extra,
        findings=table.findings,
    )


def _mean_of(
    points: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nowhere = (np.full(count, np.nan), np.full(count, np.nan))
    left, right = points.get("left", nowhere), points.get("right", nowhere)
    means = []
    for first, second in zip(left, right, strict=True):
        both = first / 2 + second / 2
        means.append(np.where(np.isnan(first), second, np.where(np.isnan(second), first, both)))
    return means[0], means[1]


def _optional(table: TextTable, *spellings: str) -> NDArray[np.float64] | None:
    name = table.find(*spellings)
    return None if name is None else table.floats(name)


def _parts(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return 0, 1, ... for the trials in the order in which they come."""
    codes, _ = pd.factorize(values)
    return np.asarray(codes, np.int64)


def _own_rows(table: TextTable, columns: Sequence[str], key: Sequence[str]) -> TextTable:
    for column, wanted in zip(columns, key, strict=True):
        if column in table.names:
            cells = pc.utf8_trim_whitespace(table.cells.column(table.names.index(column)))
            table.cells = table.cells.filter(pc.equal(pc.replace_substring(cells, '"', ""), wanted))
    return table


def _area(text: str, findings: list[Finding]) -> tuple[int, int] | None:
    """Return the size of the stimulus from the calibration area in the header."""
    sides = [int(word) for word in text.split() if word.isascii() and word.isdigit() and len(word) < 6]
    if len(sides) != 2 or not all(sides):
        return None
    note = f"the size of the image is taken from the calibration area, {sides[0]} x {sides[1]} px"
    findings.append(Finding("info", "gaze", "size_inferred", note))
    return sides[0], sides[1]
