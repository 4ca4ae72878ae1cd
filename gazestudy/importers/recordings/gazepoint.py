"""Gazepoint Analysis: `<user>_all_gaze.csv` and `<user>_fixations.csv`.

A remote tracker: gaze is a share of the screen. The time column restarts whenever the picture on show
changes, so times are taken from the ticks of the computer, which do not. Every picture on show is a part.

Written from documentation and other programs' headers; no real export was at hand.
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
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.recordings.table_keys import parse_selection, selection_of
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_CAMERA, NO_VIDEO
from gazestudy.importers.sources import TABLE_SUFFIXES, Source
from gazestudy.importers.streams import frame_table, gaze_stream, in_time_order
from gazestudy.importers.text_tables import TextTable, read_table, sniff_header
from gazestudy.importers.video import picture_size
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream
from gazestudy.model.tables import GAZE

USUAL_SCREEN_PX = (1920, 1080)

_TIME = re.compile(r"^TIME(?:\((.*)\))?$", re.IGNORECASE)
_TICKS = re.compile(r"^TIMETICK\(f=(\d{1,10})\)$", re.IGNORECASE)
_KIND = re.compile(r"[ _-]*(all[ _]gaze|fixations)$", re.IGNORECASE)
_NAMELESS = re.compile(r"user[ _-]*\d*", re.IGNORECASE)
_LARGEST_FREQUENCY = 5 * 10**9
_NS = 10**9
_METRES_BELOW = 0.02


@recording_importer(name="gazepoint", version=1, device="Gazepoint (Analysis CSV)", documented_only=True)
class Gazepoint:
    """Finds and reads exports of Gazepoint Analysis; follows documentation only."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look at the headers of all tables; gaze and fixations of one user are one recording."""
        matches = []
        for user, files in _users(source).items():
            first = next(iter(files.values()))
            reason = f"{', '.join(files.values())} with columns of Gazepoint Analysis"
            name = _name(user, _start(_header(source, first)))
            matches.append(Match(name, "Gazepoint", reason, selection_of(first), covers=()))
        return matches or Refusal("no table has the columns of Gazepoint (TIME, FPOGX or BPOGX)")

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        chosen = parse_selection(options.selection, 1)
        for user, files in _users(source).items():
            if chosen is not None and chosen[0] in files.values():
                return _Export(source, user, files, options).recording(info)
        raise InputError(
            source.path, f"there is no recording {options.selection!r}", advice="Choose it by name"
        )


def _header(source: Source, name: str) -> list[str]:
    sniffed = sniff_header(source, name)
    return sniffed[0] if sniffed is not None else []


def _users(source: Source) -> dict[str, dict[str, str]]:
    """Return the files of each user by what they hold."""
    names = source.names()
    if not (len(names) == 1 and source.path.is_file()):
        names = [name for name in names if name.lower().endswith(TABLE_SUFFIXES)]
    found: dict[str, dict[str, str]] = {}
    for name in names:
        header = _header(source, name)
        upper = {one.upper() for one in header}
        place = {"FPOGX", "FPOGY"} <= upper or {"BPOGX", "BPOGY"} <= upper
        if not place or not any(_TIME.match(one) for one in header):
            continue
        stem = Path(name).stem
        match = _KIND.search(stem)
        kind = "fixations" if match and match.group(1).lower() == "fixations" else "gaze"
        user = _KIND.sub("", stem)
        if kind in found.get(user, {}):
            user = name  # two tables of one kind for one user, such as a copy, are two recordings
        found.setdefault(user, {})[kind] = name
    return found


def _start(header: list[str]) -> str:
    match = next((match for one in header if (match := _TIME.match(one))), None)
    return (match.group(1) or "").strip() if match else ""


def _name(user: str, start: str) -> str:
    """Return a name for the recording; a file that is called like a person does not give it."""
    if _NAMELESS.fullmatch(user):
        return user
    return f"Gazepoint {start}".strip()


@dataclass
class _Export:
    source: Source
    user: str
    files: dict[str, str]
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = [NO_VIDEO, NO_CAMERA]
        self.first = next(iter(self.files.values()))
        self.start = _start(_header(self.source, self.first))
        self.size_px = self._screen_size()

    def _screen_size(self) -> tuple[int, int]:
        paths = [self.options.video] if self.options.video else []
        beside = [name for name in self.source.videos() if self.user.lower() in name.lower()]
        paths += [self.source.local(name) for name in beside[:1]]
        for path in paths:
            try:
                return picture_size(path)
            except InputError as error:
                self._notes.append(Finding("problem", "gaze", "video_unusable", str(error), 1))
        width, height = USUAL_SCREEN_PX
        text = (
            f"the export does not say how large the screen was; {width} x {height} px is assumed. Give the"
            " recording of the screen as video for the right size"
        )
        self._notes.append(Finding("warning", "gaze", "screen_size_assumed", text))
        return USUAL_SCREEN_PX

    def recording(self, importer: ImporterInfo) -> Recording:
        gaze = "gaze" in self.files
        loaders: dict[str, Callable[[], Stream]] = {
            "gaze": self.gaze if gaze else self._no_samples,
            "frames": self.frames,
        }
        if gaze:
            loaders |= {"events": self.events, "blinks": self.blinks}
        if "fixations" in self.files:
            loaders["fixations"] = self.fixations
        meta = RecordingMeta(
            name=_name(self.user, self.start),
            device="Gazepoint",
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            participant_label=self.user,
            extra={"start (local time)": self.start, "screen_px": list(self.size_px)},
        )
        ticks = any(_TICKS.match(one) for one in _header(self.source, self.first))
        clock = (
            Clock("device_monotonic", None, "ticks of the computer (TIMETICK)")
            if ticks
            else Clock("recording_start", None, "TIME, in s")
        )
        names = list(self.files.values())
        return Recording(
            meta,
            clock=clock,
            camera=None,
            videos=(),
            loaders=loaders,
            files=lambda: self.source.hashes(names),
            findings=tuple(self._notes),
        )

    def _no_samples(self) -> Stream:
        text = "there are only fixations; export all gaze data too"
        return Stream(GAZE.empty(), (Finding("problem", "gaze", "no_samples", text),))

    def frames(self) -> Stream:
        return Stream(frame_table(np.zeros(0, np.int64), has_video=False))

    @cached_property
    def _samples(self) -> tuple[TextTable, NDArray[np.int64], NDArray[np.int64]]:
        """Rows of all gaze, their times, and the number of the picture on show."""
        table = read_table(self.source, self.files["gaze"], "gaze")
        t_ns = _times(table)
        return table, t_ns, _parts(table)

    @cached_property
    def _gaze(self) -> Stream:
        table, t_ns, part = self._samples
        prefix = "BPOG" if table.find("BPOGX") is not None else "FPOG"
        x, y = table.floats(table.need(f"{prefix}X")), table.floats(table.need(f"{prefix}Y"))
        blink = _numbers(table, "BKID", 0.0) > 0
        seen = (_numbers(table, "LPV", 1.0) == 1) | (_numbers(table, "RPV", 1.0) == 1)
        valid = _numbers(table, f"{prefix}V", 1.0) == 1
        lost = ~(np.isfinite(x) & np.isfinite(y)) | (~valid & ~seen)
        extra: dict[str, NDArray[Any]] = {"x_share": x, "y_share": y}
        extra |= _pupils(table)
        if table.find("VID_FRAME") is not None:
            extra["frame_label"] = table.ints(table.need("VID_FRAME"))
        if table.find("FPOGID") is not None:
            extra["fixation_id"] = table.ints(table.need("FPOGID"))
        for ours, theirs in (("media", "MEDIA_NAME"), ("aoi", "AOI")):
            if (name := table.find(theirs)) is not None:
                extra[ours] = table.text(name).to_numpy(dtype=object)
        if prefix == "FPOG":
            text = "there is no momentary gaze (BPOGX); the filtered point (FPOGX) is used"
            table.findings.append(Finding("warning", "gaze", "filtered_gaze", text))
        return gaze_stream(
            t_ns,
            *self._pixels(x, y),
            reasons={"no_data": lost & ~blink, "blink": blink, "device_error": ~valid},
            size_px=self.size_px,
            part=part,
            extra=extra,
            findings=[*table.findings, *_clock_check(table, t_ns, part)],
        )

    def _pixels(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        with np.errstate(over="ignore"):  # numbers this large are damage, and out of the image anyway
            return x * self.size_px[0], y * self.size_px[1]

    def gaze(self) -> Stream:
        return self._gaze

    def events(self) -> Stream:
        """Return when another picture came on show, and what the experimenter marked."""
        table, t_ns, part = self._samples
        rows: list[tuple[int, str, str]] = []
        media, user = table.find("MEDIA_NAME"), table.find("USER")
        starts = np.flatnonzero(np.diff(part, prepend=-1) != 0)
        if media is not None:
            names = table.text(media)
            rows += [(int(t_ns[row]), f"media: {names.iloc[row]}", "device") for row in starts.tolist()]
        if user is not None:
            marks = table.text(user)
            new = np.flatnonzero(((marks != marks.shift()) & (marks != "") & (marks != "0")).to_numpy())
            rows += [(int(t_ns[row]), str(marks.iloc[row]), "user") for row in new.tolist()]
        frame = pd.DataFrame(rows, columns=["t_ns", "name", "source"])
        frame = frame.astype({"t_ns": "int64", "name": "str", "source": "str"})
        frame, order = in_time_order(frame, "events")
        return Stream(frame, tuple(order))

    def blinks(self) -> Stream:
        """Return blinks; the row after a blink says how long it was."""
        table, t_ns, part = self._samples
        duration = _numbers(table, "BKDUR", 0.0)
        ends = np.flatnonzero((duration > 0) & (duration < 1e6))
        length_ns = np.round(duration[ends] * _NS).astype(np.int64)
        found = {
            "start_ns": t_ns[ends] - length_ns,
            "end_ns": t_ns[ends],
            "duration_ms": duration[ends] * 1e3,
            "part": part[ends],
        }
        return Stream(pd.DataFrame(found))

    def fixations(self) -> Stream:
        table = read_table(self.source, self.files["fixations"], "fixations")
        t_ns = _times(table)
        since_s = _numbers(table, _time_name(table), np.nan) - _numbers(table, "FPOGS", np.nan)
        usable = np.isfinite(since_s) & (np.abs(since_s) < 1e6)
        start = t_ns - np.round(np.where(usable, since_s, 0.0) * _NS).astype(np.int64)
        duration = _numbers(table, "FPOGD", np.nan)
        x, y = _numbers(table, "FPOGX", np.nan), _numbers(table, "FPOGY", np.nan)
        known = np.isfinite(duration) & (np.abs(duration) < 1e6)
        x_px, y_px = self._pixels(x, y)
        found: dict[str, Any] = {
            "number": table.ints(table.need("FPOGID")) if table.find("FPOGID") else np.arange(len(t_ns)),
            "start_ns": start,
            "end_ns": start + np.round(np.where(known, duration, 0.0) * _NS).astype(np.int64),
            "duration_ms": np.where(known, duration, np.nan) * 1e3,
            "x_px": x_px,
            "y_px": y_px,
            "valid": _numbers(table, "FPOGV", 1.0) == 1,
            "part": _parts(table),
            "saccade_px": _numbers(table, "SACCADE_MAG", np.nan),
            "saccade_direction_deg": _numbers(table, "SACCADE_DIR", np.nan),
        }
        for ours, theirs in (("media", "MEDIA_NAME"), ("aoi", "AOI")):
            if (name := table.find(theirs)) is not None:
                found[ours] = table.text(name)
        return Stream(pd.DataFrame(found), tuple(table.findings))


def _time_name(table: TextTable) -> str:
    name = next((one for one in table.names if _TIME.match(one)), None)
    return name if name is not None else table.need("TIME")


def _times(table: TextTable) -> NDArray[np.int64]:
    """Return the times of the rows, ns; rows without one are left out."""
    for name in table.names:
        match = _TICKS.match(name)
        frequency = int(match.group(1)) if match else 0
        if 0 < frequency <= _LARGEST_FREQUENCY:
            ticks = table.times_ns(name)
            if len(ticks) == 0 or np.abs(ticks // frequency).max() < 2**63 // _NS - 1:
                return ticks // frequency * _NS + ticks % frequency * _NS // frequency
            text = f"the ticks in {name!r} are too large to be times; TIME is used instead"
            table.findings.append(Finding("warning", table.stream, "ticks_unusable", text))
    t_ns = table.times_ns(_time_name(table), _NS)
    steps = np.diff(t_ns)
    back = np.flatnonzero(steps < 0)
    if len(back):
        usual = int(np.median(steps[steps > 0])) if (steps > 0).any() else 1
        shift = np.zeros(len(t_ns), np.int64)
        shift[back + 1] = usual - steps[back]
        t_ns = t_ns + np.cumsum(shift)
        text = f"time restarts {len(back)} times and there are no ticks; the pieces are put one after another"
        table.findings.append(Finding("warning", table.stream, "time_restarts", text, len(back)))
    return t_ns


def _parts(table: TextTable) -> NDArray[np.int64]:
    """Return 0, 1, ... for the runs of rows with the same picture on show."""
    name = table.find("MEDIA_ID") or table.find("MEDIA_NAME")
    if name is None or len(table) == 0:
        return np.zeros(len(table), np.int64)
    codes, _ = pd.factorize(table.text(name))
    return np.concatenate([[0], np.cumsum(np.diff(codes) != 0)]).astype(np.int64)


def _numbers(table: TextTable, name: str, otherwise: float) -> NDArray[np.float64]:
    """Return a column as numbers, the same number throughout where there is no such column."""
    found = name if name in table.names else table.find(name)
    return np.full(len(table), otherwise) if found is None else table.floats(found)


def _pupils(table: TextTable) -> dict[str, NDArray[Any]]:
    """Return pupil diameters where the tracker calls them valid."""
    found: dict[str, NDArray[Any]] = {}
    for eye, letter in (("left", "L"), ("right", "R")):
        if table.find(f"{letter}PMM") is None:
            continue
        values = _numbers(table, f"{letter}PMM", np.nan)
        values = np.where(_numbers(table, f"{letter}PMMV", 1.0) == 1, values, np.nan)
        positive = values[values > 0]
        if len(positive) and np.median(positive) < _METRES_BELOW:
            values = values * 1e3
            text = f"{letter}PMM is in m, not mm; it was multiplied by 1000"
            table.findings.append(Finding("warning", "gaze", "pupil_unit", text))
        found[f"pupil_{eye}_mm"] = values
    return found


def _clock_check(table: TextTable, t_ns: NDArray[np.int64], part: NDArray[np.int64]) -> list[Finding]:
    """Compare the steps of both clocks within each part."""
    if not any(_TICKS.match(name) for name in table.names) or len(t_ns) < 2:
        return []
    steps_s = np.diff(_numbers(table, _time_name(table), np.nan))
    apart = np.abs(np.diff(t_ns) / _NS - steps_s)[np.diff(part) == 0]
    apart = apart[np.isfinite(apart)]
    if not len(apart):
        return []
    usual = float(np.percentile(apart, 95)) * 1e3
    text = f"steps of TIME and TIMETICK differ by {usual:.2f} ms (95th percentile)"
    return [Finding("info" if usual < 5 else "warning", "gaze", "check_clock", text)]
