"""Any table of gaze samples with a scene video, by a column mapping.

Normalised coordinates are multiplied by width and height, as the programs do that write them. Times of scene
frames come from the video. Where the table names the frame of each sample, the video is laid against the
table by those numbers; its own times are checked against them and replaced where they do not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.camera_files import camera_from_json
from gazestudy.importers.recordings.alignment import align_video
from gazestudy.importers.recordings.tables.mapping import (
    ANY_VIDEO,
    FILE_NAME,
    NS_PER_UNIT,
    ColumnMapping,
    NoProposal,
    parse_columns,
    tables_of,
)
from gazestudy.importers.recordings.tables.proposals import settled
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_CAMERA, NO_VIDEO, frame_stream
from gazestudy.importers.sources import FolderSource, Source
from gazestudy.importers.streams import frame_table, gaze_stream
from gazestudy.importers.text_tables import TextFormat, TextTable, read_table, sniff_header
from gazestudy.importers.video import SceneVideo, picture_size
from gazestudy.model import Camera, Clock, Finding, Recording, RecordingMeta, Stream


@recording_importer(name="table", version=1, device="any, by a column mapping", fallback=True)
class GenericTable:
    """Reads tables by a mapping that was given, lies beside them, or can be made up without doubt."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Refusal:
        """Look for a mapping and whether its files are there."""
        try:
            mapping, origin = _mapping_for(source, options.mapping)
        except NoProposal as error:
            return Refusal(f"{error}; a {FILE_NAME} would tell")
        except InputError as error:
            return Refusal(str(error))
        return Match(source.label, mapping.device, origin[0])

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        try:
            mapping, origin = _mapping_for(source, options.mapping)
        except NoProposal as error:
            raise InputError(
                source.path, str(error), advice=f"Write a {FILE_NAME} beside the table"
            ) from error
        return _Table(_neighbours(source), mapping, origin).recording(source, info)


def _mapping_for(source: Source, columns: ColumnMapping | None) -> tuple[ColumnMapping, tuple[str, ...]]:
    if columns is not None:
        given, said = _for_this_table(columns, source), ("by the column mapping that was given",)
    elif source.has(FILE_NAME):
        given = parse_columns(source.read(FILE_NAME), source.place(FILE_NAME))
        said = (f"by {FILE_NAME}",)
    else:
        mapping, reasons = settled(source)
        return mapping, ("by a mapping made from the header", *reasons)
    return _with_files(given, source), said


def _for_this_table(mapping: ColumnMapping, source: Source) -> ColumnMapping:
    """Return a mapping that was saved for one table as it is for another."""
    single = isinstance(source, FolderSource) and source.only is not None
    if single or (mapping.table is not None and not source.has(mapping.table)):
        names = tables_of(source)
        if len(names) == 1:
            return mapping.model_copy(update={"table": names[0]})
    return mapping


def _with_files(mapping: ColumnMapping, source: Source) -> ColumnMapping:
    """Fill in the table and check that the files of a mapping are there."""
    neighbours = _neighbours(source)
    if mapping.table is None:
        names = tables_of(source)
        if len(names) != 1:
            raise NoProposal(f"the mapping names no table and there are {len(names)}")
        mapping = mapping.model_copy(update={"table": names[0]})
    if mapping.video == ANY_VIDEO:
        mapping = mapping.model_copy(update={"video": _any_video(neighbours, mapping.table or "")})
    for name, what in ((mapping.table, "table"), (mapping.video, "video"), (mapping.camera, "camera")):
        if name is not None and not neighbours.has(name):
            raise NoProposal(f"the {what} {name!r} that the column mapping names is not there")
    sniffed = sniff_header(neighbours, mapping.table or "")
    if sniffed is None:
        raise NoProposal(f"{mapping.table} is empty or no text")
    return mapping


def _any_video(source: Source, table: str) -> str | None:
    """Return the only video, or the one that is named like the table."""
    videos = source.videos()
    if len(videos) > 1:
        videos = [name for name in videos if PurePosixPath(name).stem == PurePosixPath(table).stem]
        if len(videos) != 1:
            raise NoProposal(
                f"there are several videos and none is named like {table}; name one in the mapping"
            )
    return videos[0] if videos else None


def _neighbours(source: Source) -> Source:
    """Return the folder of a single table, so that its video is found."""
    single = isinstance(source, FolderSource) and source.only is not None
    return FolderSource(source.path.parent) if single else source


@dataclass
class _Table:
    source: Source
    mapping: ColumnMapping
    origin: tuple[str, ...]

    def __post_init__(self) -> None:
        self._notes: list[Finding] = []
        mapping = self.mapping
        self.videos: tuple[Path, ...] = ()
        self.size_px: tuple[int, int] | None = None
        if mapping.width_px is not None and mapping.height_px is not None:
            self.size_px = (mapping.width_px, mapping.height_px)
        unusable: InputError | None = None
        if mapping.video is not None:
            path = self.source.local(mapping.video)
            try:
                self.size_px = picture_size(path)
                self.videos = (path,)
            except InputError as error:
                unusable = error
                self._notes.append(Finding("problem", "frames", "video_unusable", str(error), 1))
        if self.size_px is None and mapping.xy_unit == "normalised":
            raise unusable or InputError(
                self.source.place(mapping.table or ""),
                "normalised coordinates need the size of the scene image",
                advice="Add the scene video, or width_px and height_px to the column mapping",
            )
        self.camera = self._read_camera()
        self._aligned: tuple[NDArray[np.int64], tuple[Finding, ...]] | None = None

    def recording(self, source: Source, importer: ImporterInfo) -> Recording:
        mapping = self.mapping
        if len(self.origin) > 1:
            text = "the meaning of the columns was inferred: " + "; ".join(self.origin[1:])
            self._notes.append(Finding("warning", "gaze", "columns_inferred", text))
        if not self.videos:
            self._notes.append(NO_VIDEO)
        if self.camera is None:
            self._notes.append(NO_CAMERA)
        known = (mapping.table, mapping.video, mapping.camera, FILE_NAME)
        used = [name for name in self.source.names() if name in known]
        meta = RecordingMeta(
            name=source.label,
            device=mapping.device,
            importer=importer.name,
            importer_version=importer.version,
            source=source.path,
            extra={"columns": mapping.model_dump(exclude_defaults=True)},
        )
        return Recording(
            meta,
            clock=Clock("unknown", None, f"column {mapping.time!r} of {mapping.table}"),
            camera=self.camera,
            videos=self.videos,
            loaders={"gaze": self.gaze, "frames": self.frames},
            files=lambda: self.source.hashes(used),
            findings=tuple(self._notes),
        )

    def _read_camera(self) -> Camera | None:
        if self.mapping.camera is None:
            return None
        try:
            return camera_from_json(self.source.json(self.mapping.camera), self.size_px, "user")
        except ParameterError as error:
            raise InputError(
                self.source.place(self.mapping.camera), "this calibration cannot be used", found=str(error)
            ) from error

    def _read(self) -> TextTable:
        mapping = self.mapping
        name = mapping.table or ""
        form = None
        if (mapping.encoding, mapping.delimiter, mapping.decimal) != ("auto", "auto", "auto"):
            sniffed = sniff_header(self.source, name)
            found = sniffed[1] if sniffed else TextFormat("utf-8", ",", ".")
            form = TextFormat(
                mapping.encoding,
                found.delimiter if mapping.delimiter == "auto" else mapping.delimiter,
                found.decimal if mapping.decimal == "auto" else mapping.decimal,
            )
        return read_table(self.source, name, "gaze", form=form, skip_rows=mapping.skip_rows)

    def gaze(self) -> Stream:
        mapping, table = self.mapping, self._read()
        t_ns = table.times_ns(table.need(mapping.time), NS_PER_UNIT[mapping.time_unit])
        x_px, y_px = table.floats(table.need(mapping.x)), table.floats(table.need(mapping.y))
        width, height = self.size_px or (0, 0)
        if mapping.xy_unit == "normalised":
            with np.errstate(over="ignore"):  # numbers this large are damage, and out of the image anyway
                x_px, y_px = x_px * width, y_px * height
        if mapping.origin == "bottom-left":
            if self.size_px is None:
                raise InputError(
                    table.place, "coordinates from the bottom need the height of the scene image"
                )
            y_px = height - y_px
        confidence = table.floats(table.need(mapping.confidence)) if mapping.confidence else None
        extra: dict[str, NDArray[Any]] = {}
        if mapping.frame is not None:
            extra["frame_label"] = table.ints(table.need(mapping.frame), missing=mapping.frame_base - 1)
            extra["frame_label"] -= mapping.frame_base
        return gaze_stream(
            t_ns,
            x_px,
            y_px,
            reasons=self._invalid(table),
            size_px=self.size_px,
            confidence=confidence,
            extra=extra,
            findings=table.findings,
        )

    def _invalid(self, table: TextTable) -> dict[str, NDArray[np.bool_]]:
        rule = self.mapping.validity
        if rule is None:
            return {}
        name = table.need(rule.column)
        if rule.min is not None:
            values = table.floats(name)
            return {"low_confidence": ~(values >= rule.min)}
        if isinstance(rule.equals, str):
            return {"device_error": (table.text(name) != rule.equals).to_numpy()}
        if isinstance(rule.equals, bool):
            words = table.text(name).str.lower()
            return {
                "device_error": (
                    ~words.isin(["true", "1", "1.0"] if rule.equals else ["false", "0", "0.0"])
                ).to_numpy()
            }
        return {"device_error": table.floats(name) != float(rule.equals or 0.0)}

    def frames(self) -> Stream:
        if not self.videos:
            return Stream(frame_table(np.zeros(0, np.int64), has_video=False))
        gaze = self.gaze().table
        with SceneVideo(self.videos) as video:
            times_ns, found = video.times_ns, list(video.findings())
            count = len(video)
        label = gaze["frame_label"].to_numpy() if "frame_label" in gaze.columns else None
        start = self.mapping.video_start
        start_ns = None if start is None else round(start * NS_PER_UNIT[self.mapping.time_unit])
        if start_ns is not None and abs(start_ns) >= 2**63:
            name = self.mapping.table or ""
            raise InputError(self.source.place(name), "video_start is no time", found=f"{start:g}")
        t_ns, more = align_video(times_ns, gaze["t_ns"].to_numpy(), label, start_ns)
        table = frame_table(t_ns, video=np.zeros(count, np.int64), index=np.arange(count, dtype=np.int64))
        return frame_stream(table, (*found, *more))
