"""Pupil Core: the folder that Pupil Capture records (and Pupil Mobile, as Pupil Player completes it).

Gaze is a share of width and height of the distorted scene image from the bottom left corner, written in the
order in which it was computed: two-eyed gaze goes back in time by some samples and is sorted. There may be
several sources of gaze: the recorded one, those mapped later in Pupil Player, and its exports. The recorded
one is read unless another is chosen.

Pupil time counts seconds from an arbitrary start. `start_time_system_s` and `start_time_synced_s` are the
same moment on the clock of the computer and in Pupil time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import msgpack
import numpy as np

from gazestudy.errors import InputError
from gazestudy.importers.recordings.pupil.core_export import (
    GAZE,
    Export,
    choose_export,
    chosen,
    exports_finding,
    exports_in,
)
from gazestudy.importers.recordings.pupil.core_gaze import core_gaze
from gazestudy.importers.recordings.pupil.core_info import (
    INFO,
    OLD_INFO,
    key_values,
    recording_info,
    start_of,
)
from gazestudy.importers.recordings.pupil.core_pldata import (
    BROKEN,
    PICKLED,
    PICKLED_ADVICE,
    Floats,
    Pldata,
    is_pickle,
    read_gaze,
    read_npy,
)
from gazestudy.importers.recordings.pupil.core_tables import TABLES, annotation_events, read_topic
from gazestudy.importers.recordings.pupil.core_world import World
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.sources import FolderSource, Source
from gazestudy.model import Finding, Recording, RecordingMeta, Stream

OLD_DATA = "pupil_data"
RECORDED = "recorded"
MAPPINGS = "offline_data/gaze-mappings/"

_PHONES = ("Pupil Invisible", "Neon")
_PERSONAL = ("system_info", "System Info", "User", "recording_name", "Recording Name")
_UUID = re.compile(r"-[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$", re.IGNORECASE)
_LONE_COVERS = ("offline_data", "exports", "surfaces")


@recording_importer(name="pupil-core", version=1, device="Pupil Core (Pupil Capture), Pupil Mobile")
class PupilCore:
    """Finds and reads recordings of Pupil Capture."""

    def identify(self, source: Source, options: ReadOptions) -> Match | list[Match] | Refusal:
        """Look at info.player.json or info.csv, else at the start of pldata files."""
        info = recording_info(source)
        gaze = _gaze_files(source)
        if info:
            device = _device(info)
            if device in _PHONES and "gaze.pldata" not in gaze:
                return Refusal(f"{INFO} of {device}: its gaze is not in the files of Pupil Core")
            where = INFO if source.has(INFO) else OLD_INFO
            about = "" if gaze else ", without gaze"
            return Match(_name_of(source, info), device, f"{where} of {_software(info)}{about}")
        if not gaze:
            if source.has(OLD_DATA) and is_pickle(source.head(OLD_DATA, 16)):
                return Refusal(f"{OLD_DATA}: {PICKLED}. {PICKLED_ADVICE}")
            return Refusal(f"there is no {INFO}, {OLD_INFO} of Pupil Capture or gaze in a pldata file")
        if "gaze.pldata" in gaze or OLD_DATA in gaze:
            gaze = gaze[:1]
        covers = None if any(name.startswith("world") for name in source.names()) else _LONE_COVERS
        return [
            Match(
                source.label if len(gaze) == 1 else PurePath(name).stem,
                "Pupil Core",
                f"gaze in {name}, without {INFO}",
                selection=name if len(gaze) > 1 else "",
                covers=covers,
            )
            for name in gaze
        ]

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        return _Folder(source, options).recording(info)


@dataclass
class _Folder:
    """One recording folder; every stream is read by its own method, when asked."""

    source: Source
    options: ReadOptions
    notes: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.info = self._read_info()
        if not self.info:
            text = f"neither {INFO} nor {OLD_INFO}: no device, no start on the clock of the wall"
            self.notes.append(Finding("warning", "recording", "no_info", text))
        self.start = start_of(self.info)
        size = re.fullmatch(r"(\d{2,5})\s*x\s*(\d{2,5})", str(self.info.get("World Camera Resolution")))
        self.world = World(
            self.source,
            video=self.options.video,
            calibration=self.options.camera,
            start_ns=self.start.pupil_ns,
            size_px=(int(size.group(1)), int(size.group(2))) if size else None,
            notes=self.notes,
        )
        self.mappings = {
            name.removeprefix(MAPPINGS).removesuffix(".pldata"): name
            for name in self.source.all_names()
            if name.startswith(MAPPINGS) and name.endswith(".pldata")
        }
        self.exports = exports_in(self.source)
        if self.source.has(GAZE) and not self._single:
            self.exports += [one for one in [Export(self.source)] if _readable(one)]
        self.recorded = next(iter(_gaze_files(self.source, self.options.selection)), None)
        self.gaze_file: str | None = None
        self.export: Export | None = None
        self._choose_gaze()

    @property
    def _single(self) -> bool:
        return isinstance(self.source, FolderSource) and self.source.only is not None

    def _read_info(self) -> dict[str, Any]:
        try:
            return recording_info(self.source, strict=True)
        except InputError as error:
            self.notes.append(Finding("problem", "recording", "info_damaged", str(error), 1))
            return {}

    def _choose_gaze(self) -> None:
        """Find the gaze to be read: the chosen one, or the recorded, a later mapping, an export."""
        wanted = self.options.gaze_source
        by_name = {_UUID.sub("", name): name for name in self.mappings}
        pickled = self._pickled()
        if wanted == RECORDED or (not wanted and self.recorded):
            self.gaze_file = self.recorded
        elif wanted in self.mappings or wanted in by_name:
            self.gaze_file = self.mappings[by_name.get(wanted, wanted)]
        elif wanted:
            self._chosen_export(wanted)
        elif self.mappings:
            self.gaze_file = self.mappings[sorted(self.mappings)[0]]
        elif self.exports:
            self.export = choose_export(self.exports)
        if self.gaze_file is None and self.export is None and pickled is not None:
            raise InputError(self.source.place(pickled), PICKLED, advice=PICKLED_ADVICE)
        self._note_sources()

    def _chosen_export(self, wanted: str) -> None:
        try:
            self.export = chosen(self.exports, wanted, self.source)
        except InputError as error:
            listed = [repr(RECORDED)] if self.recorded else []
            listed += [repr(name) for name in [*self.mappings, *(one.label for one in self.exports)]]
            raise InputError(
                error.path, error.problem, found=", ".join(listed) or "no gaze at all", advice=error.advice
            ) from error

    def _pickled(self) -> str | None:
        """Return the name of the file that would be the gaze if it were not pickled."""
        if self.recorded is None and self.source.has(OLD_DATA) and is_pickle(self.source.head(OLD_DATA, 16)):
            return OLD_DATA
        return None

    def _note_sources(self) -> None:
        used = self.export.label if self.export else self.gaze_file
        if used is None:
            text = "there is no gaze in this recording: neither recorded, nor mapped later, nor exported"
            self.notes.append(Finding("warning", "gaze", "no_gaze", text))
        elif used != self.recorded:
            severity = "info" if self.options.gaze_source else "warning"
            text = f"gaze is that of {used}, not the one that was recorded"
            self.notes.append(Finding(severity, "gaze", "gaze_source", text))  # type: ignore[arg-type]
        if self.mappings:
            text = (
                f"{len(self.mappings)} mappings made later: {', '.join(sorted(self.mappings))}; used: {used}"
            )
            self.notes.append(Finding("info", "gaze", "gaze_sources", text, len(self.mappings)))
        if self.exports:
            self.notes.append(exports_finding(self.exports, self.export))

    def recording(self, importer: ImporterInfo) -> Recording:
        times = [part for part in self.world.times[0] if len(part)]
        loaders = self._loaders()
        meta = RecordingMeta(
            name=_name_of(self.source, self.info),
            device=_device(self.info),
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=self.start.unix_ns,
            participant_label=key_values(self.source, "user_info.csv").get("name", ""),
            extra={key: value for key, value in self.info.items() if key not in _PERSONAL},
        )
        return Recording(
            meta,
            clock=self.start.clock(int(times[0][0]) if times else None),
            camera=self.world.camera,
            videos=self.world.videos,
            loaders=loaders,
            files=lambda: self.source.hashes(self.used_files),
            findings=tuple(self.notes),
        )

    def _loaders(self) -> dict[str, Callable[[], Stream]]:
        loaders: dict[str, Callable[[], Stream]] = {}
        if self.gaze_file is not None or self.export is not None:
            loaders["gaze"] = self.gaze
        loaders["frames"] = self.world.frames
        if self.annotations is not None:
            loaders["events"] = self.events
        for name, (file, _) in TABLES.items():
            if self.source.has(file):
                loaders[name] = lambda name=name: self.table(name)  # type: ignore[misc]
        if self.export is not None:
            loaders |= self.export.loaders(self.world.size_px)
        return loaders

    @property
    def annotations(self) -> str | None:
        """The file of annotations: that of Player holds those of Capture, too."""
        names = ("annotation_player.pldata", "annotation.pldata")
        return next((name for name in names if self.source.has(name)), None)

    @property
    def used_files(self) -> list[str]:
        names = [INFO, OLD_INFO, "user_info.csv", *(file for file, _ in TABLES.values())]
        names += [name for name in (self.gaze_file, self.annotations) if name is not None]
        names += [_stamps_of(name) for name in names]
        known = [name for name in dict.fromkeys(names) if self.source.has(name)] + self.world.used_files
        return known + (self.export.used_files if self.export else [])

    def gaze(self) -> Stream:
        if self.export is not None:
            rows, found = self.export.gaze_rows()
            blinks = self.export.blinks()
        else:
            name = self.gaze_file or ""
            key = "gaze_positions" if name == OLD_DATA else ""
            file, blinks = Pldata(self.source, name, "gaze", key), None
            rows = read_gaze(file, self._stamps(file))
            found = file.close()
        return core_gaze(
            rows, found, world=self.world, min_confidence=self.options.min_confidence, blinks=blinks
        )

    def events(self) -> Stream:
        file = Pldata(self.source, self.annotations or "", "events")
        return annotation_events(file, self._stamps(file))

    def table(self, name: str) -> Stream:
        """Return one of `TABLES`."""
        path, topic = TABLES[name]
        file = Pldata(self.source, path, name)
        return read_topic(file, topic, self._stamps(file))

    def _stamps(self, file: Pldata) -> Floats | None:
        """Return the times beside a pldata file, None where there are none that can be used."""
        name = _stamps_of(file.name)
        if not self.source.has(name):
            if not file.key:
                text = f"{name} is missing: times are those in the objects"
                file.findings.append(Finding("info", file.stream, "no_times_file", text))
            return None
        try:
            stamps, missing = read_npy(self.source, name)
            seconds = stamps.astype(np.float64)
        except (InputError, *BROKEN) as error:
            text = f"{name} cannot be used, times are those in the objects: {error}"
            file.findings.append(Finding("warning", file.stream, "times_unusable", text, 1))
            return None
        if missing:
            text = f"{name} is cut off: {missing} times are missing"
            file.findings.append(Finding("warning", file.stream, "truncated", text, missing))
        return seconds


def _software(info: dict[str, Any]) -> str:
    return str(info.get("recording_software_name") or info.get("Capture Software") or "Pupil Capture")


def _device(info: dict[str, Any]) -> str:
    software = _software(info)
    return next((name for name in ("Pupil Mobile", *_PHONES) if name in software), "Pupil Core")


def _name_of(source: Source, info: dict[str, Any]) -> str:
    given = info.get("recording_name") or info.get("Recording Name") or ""
    return PurePath(str(given).replace("\\", "/")).name or source.label


def _stamps_of(name: str) -> str:
    return name.removesuffix(".pldata") + "_timestamps.npy"


def _gaze_files(source: Source, selection: str = "") -> list[str]:
    """Return the files of this folder that hold recorded gaze, that of Capture first."""
    names = [name for name in source.names() if name.lower().endswith(".pldata")]
    names = sorted(names, key=lambda name: (name != "gaze.pldata", name))
    if selection:
        return [name for name in names if name == selection]
    if "gaze.pldata" in names:
        return ["gaze.pldata"]
    if source.has(OLD_DATA):
        return [OLD_DATA] if _is_old_data(source.head(OLD_DATA, 64)) else []
    return [name for name in names if _holds_gaze(source.head(name, 64))]


def _holds_gaze(head: bytes) -> bool:
    """Return whether a pldata file starts with an object about gaze: [topic, payload]."""
    unpacker = msgpack.Unpacker(max_array_len=16, max_buffer_size=1024)
    unpacker.feed(head)
    try:
        return unpacker.read_array_header() == 2 and str(unpacker.unpack()).startswith("gaze")
    except BROKEN:
        return False


def _is_old_data(head: bytes) -> bool:
    """Return whether `pupil_data` is msgpack: a map with lists of data."""
    unpacker = msgpack.Unpacker(max_array_len=16, max_buffer_size=1024)
    unpacker.feed(head)
    try:
        return unpacker.read_map_header() > 0 and isinstance(unpacker.unpack(), str)
    except BROKEN:
        return False


def _readable(export: Export) -> bool:
    try:
        export.header()
    except InputError:
        return False
    return True
