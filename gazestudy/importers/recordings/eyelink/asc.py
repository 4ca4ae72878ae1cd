"""SR Research EyeLink: text files of edf2asc (`*.asc`).

A remote or chin-rest tracker: gaze is in pixels of a screen, not of a scene camera. A file holds blocks from
START to END; each is a part of the recording and may track other eyes and write other columns, which the
line SAMPLES says. Times are ms on the clock of the tracker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.recordings.eyelink.lines import EVENT_TABLES, Block, Lines, Samples, read_lines
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_CAMERA, NO_VIDEO
from gazestudy.importers.sources import Source
from gazestudy.importers.streams import frame_table, gaze_stream, in_time_order
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream

HREF_UNITS = 15_000.0
"""Distance of the plane on which HREF coordinates lie, in their own unit."""

_HEAD_BYTES = 65536
_SURE = re.compile(
    rb"^\*\* (CONVERTED FROM|TYPE: EDF_FILE)|^START\s+\d+(\.\d+)?\s.*(SAMPLES|EVENTS)", re.MULTILINE
)
_MESSAGE = re.compile(
    rb"^(MSG|INPUT|SFIX|EFIX|SSACC|ESACC|SBLINK|EBLINK)\s+([LR]\s+)?\d+(\.\d+)?\s", re.MULTILINE
)
_DEVICE = re.compile(r"EYELINK.*\(([^()]*EyeLink[^()]*)\)", re.IGNORECASE)
_COORDS = re.compile(
    r"(GAZE_COORDS|DISPLAY_COORDS)[ =:]+(-?[\d.]+)[, ]+(-?[\d.]+)[, ]+(-?[\d.]+)[, ]+(-?[\d.]+)"
)
_VALIDATION = re.compile(
    r"!CAL VALIDATION (\S+) +(\S+) +(LEFT|RIGHT) +(\S+) +ERROR +([\d.]+) avg\. +([\d.]+) max"
    r"(?: +OFFSET +([\d.]+) deg\.)?"
)
_LARGEST_SCREEN_PX = 100_000


@recording_importer(name="eyelink-asc", version=1, device="EyeLink (edf2asc)")
class EyeLinkAsc:
    """Finds and reads files of edf2asc; every file is a recording."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look at the start of every file named *.asc."""
        names = _names(source)
        found = [name for name in names if _is_asc(source.head(name, _HEAD_BYTES))]
        if not found:
            return Refusal("no *.asc file starts like one of edf2asc" if names else "there is no *.asc file")
        return [
            Match(
                PurePosixPath(name).stem, _device(source.head(name, 4096)), f"{name} is text of edf2asc", name
            )
            for name in found
        ]

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        name = options.selection or next(iter(_names(source)), "")
        if not source.has(name):
            raise InputError(
                source.path, f"there is no file {name!r}", advice="Choose one of its *.asc files"
            )
        return _Asc(source, name, options.gaze_source).recording(info)


def _names(source: Source) -> list[str]:
    names = source.names()
    if len(names) == 1 and source.path.is_file():
        return names
    return [name for name in names if name.lower().endswith(".asc")]


def _is_asc(head: bytes) -> bool:
    return _SURE.search(head) is not None or len(_MESSAGE.findall(head)) >= 3


def _device(head: bytes) -> str:
    match = _DEVICE.search(head.decode("utf-8", "replace"))
    return match.group(1) if match else "EyeLink"


@dataclass
class _Asc:
    """One file; it is read once, when the first stream is asked for."""

    source: Source
    name: str
    eye: str

    def __post_init__(self) -> None:
        if self.eye not in ("", "left", "right"):
            raise InputError(
                self.source.place(self.name),
                f"there is no gaze source {self.eye!r}",
                expected="'left' or 'right', or none for the mean of both eyes",
            )

    def recording(self, importer: ImporterInfo) -> Recording:
        head = self.source.head(self.name, _HEAD_BYTES)
        lines = head.decode("utf-8", "replace").splitlines()
        header = dict(
            line.removeprefix("** ").split(": ", 1)
            for line in lines
            if line.startswith("** ") and ": " in line
        )
        meta = RecordingMeta(
            name=PurePosixPath(self.name).stem,
            device=_device(head[:4096]),
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            extra={key.strip().lower(): value.strip() for key, value in header.items()},
        )
        loaders = {
            "gaze": self.gaze,
            "frames": self.frames,
            "events": self.events,
            "validations": self.validations,
        }
        for kind in EVENT_TABLES:
            loaders[kind] = lambda kind=kind: self.vendor(kind)  # type: ignore[misc]
        note = Finding(
            "info", "gaze", "screen_coordinates", "gaze is in pixels of a screen, not of a scene camera"
        )
        return Recording(
            meta,
            clock=Clock("device_monotonic", None, "clock of the tracker, ms"),
            camera=None,
            videos=(),
            loaders=loaders,
            files=lambda: self.source.hashes([self.name]),
            findings=(NO_VIDEO, NO_CAMERA, note),
        )

    @cached_property
    def lines(self) -> Lines:
        return read_lines(self.source, self.name)

    @cached_property
    def screen_px(self) -> tuple[float, float, int, int] | None:
        """Left, top, width and height of the screen; the last message before the first sample counts."""
        found = None
        start = self.lines.blocks[0].t_ns if self.lines.blocks else None
        for t_ns, text in zip(self.lines.message_times, self.lines.messages, strict=True):
            match = _COORDS.search(text)
            if match and (found is None or start is None or t_ns <= start):
                found = _screen(match.groups()[1:]) or found
        return found

    def gaze(self) -> Stream:
        return self._gaze

    @cached_property
    def _gaze(self) -> Stream:
        findings = [*self.lines.findings, *self._notes()]
        pieces = []
        for number, block in enumerate(self.lines.blocks):
            pieces.append(self._part(block, number))
            block.samples = Samples(block.samples.t_ns[:0], {})  # an hour takes half a gigabyte
        if not pieces:
            pieces = [_no_samples()]
        columns = dict.fromkeys(name for piece in pieces for name in piece)
        joined = {name: _join(pieces, name) for name in columns}
        pieces.clear()
        fixed = {name: joined.pop(name) for name in ("t_ns", "x_px", "y_px", "part", "blink")}
        lost = ~(np.isfinite(fixed["x_px"]) & np.isfinite(fixed["y_px"]))
        screen = self.screen_px
        return gaze_stream(
            fixed["t_ns"],
            fixed["x_px"],
            fixed["y_px"],
            # Samples in a blink have no coordinates; that they are blinks is what is worth knowing.
            reasons={"no_data": lost & ~fixed["blink"], "blink": fixed["blink"]},
            size_px=(screen[2], screen[3]) if screen else None,
            part=fixed["part"],
            extra=joined,
            findings=findings,
        )

    def _part(self, block: Block, number: int) -> dict[str, NDArray[Any]]:
        """Return the columns of one block: both eyes, and x and y of those that are used."""
        samples: Samples = block.samples
        count = len(samples.t_ns)
        columns: dict[str, NDArray[Any]] = {
            "t_ns": samples.t_ns,
            "part": np.full(count, number, np.int64),
        }
        left, top = self.screen_px[:2] if self.screen_px else (0.0, 0.0)
        unit = {"GAZE": "px", "HREF": "href"}.get(block.kind, "raw")
        used: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        in_blink = np.zeros(count, np.bool_)
        for eye in block.eyes:
            x, y = samples.columns[f"x_{eye}"], samples.columns[f"y_{eye}"]
            if unit == "px" and (left, top) != (0.0, 0.0):
                x, y = x - left, y - top
            columns[f"x_{eye}_{unit}"], columns[f"y_{eye}_{unit}"] = x, y
            columns[f"pupil_{eye}"] = samples.columns[f"pupil_{eye}"]
            if self.eye in ("", eye):
                blink = self._during_blinks(samples.t_ns, eye)
                in_blink |= blink
                used.append((np.where(blink, np.nan, x), np.where(blink, np.nan, y)))
        x, y = _mean([one[0] for one in used], count), _mean([one[1] for one in used], count)
        if unit == "href":
            columns["azimuth_deg"] = np.degrees(np.arctan2(x, HREF_UNITS))
            columns["elevation_deg"] = -np.degrees(np.arctan2(y, HREF_UNITS))
        nowhere = np.full(count, np.nan)
        columns["x_px"], columns["y_px"] = (x, y) if unit == "px" else (nowhere, nowhere)
        columns["blink"] = in_blink & ~(np.isfinite(x) & np.isfinite(y))
        done = {f"{kind}_{eye}" for kind in ("x", "y", "pupil") for eye in block.eyes}
        columns.update({name: values for name, values in samples.columns.items() if name not in done})
        return columns

    def _during_blinks(self, t_ns: NDArray[np.int64], eye: str) -> NDArray[np.bool_]:
        blinks = self.lines.events["blinks"]
        blinks = blinks[blinks["eye"] == eye]
        if blinks.empty:
            return np.zeros(len(t_ns), np.bool_)
        start, end = np.sort(blinks["start_ns"].to_numpy()), np.sort(blinks["end_ns"].to_numpy())
        begun, ended = np.searchsorted(start, t_ns, side="right"), np.searchsorted(end, t_ns, side="left")
        return np.asarray(begun > ended)

    def _notes(self) -> list[Finding]:
        blocks = self.lines.blocks
        found = []
        eyes = list(dict.fromkeys(" and ".join(block.eyes) for block in blocks))
        if len(eyes) > 1:
            text = f"the tracked eye changes between blocks: {', then '.join(eyes)}"
            found.append(Finding("warning", "gaze", "eyes_switch", text, len(eyes)))
        if not self.eye and any(len(block.eyes) > 1 for block in blocks):
            text = (
                "gaze is the mean of both eyes, or the one that was seen; gaze source left or right takes one"
            )
            found.append(Finding("info", "gaze", "mean_of_eyes", text))
        if self.eye and not all(self.eye in block.eyes for block in blocks):
            text = f"the {self.eye} eye was not tracked in every block"
            found.append(Finding("warning", "gaze", "eye_missing", text))
        other = [block.kind for block in blocks if block.kind != "GAZE"]
        if other:
            text = (
                f"{len(other)} blocks hold {other[0]} coordinates, not gaze on a screen: they have no pixels"
            )
            found.append(Finding("problem", "gaze", "no_pixels", text, len(other)))
        if self.screen_px and self.screen_px[:2] != (0.0, 0.0):
            text = (
                f"the screen starts at {self.screen_px[:2]}; coordinates were moved so that it starts at 0, 0"
            )
            found.append(Finding("info", "gaze", "screen_moved", text))
        return [*found, *_rate_checks(blocks)]

    def frames(self) -> Stream:
        return Stream(frame_table(np.zeros(0, np.int64), has_video=False))

    def events(self) -> Stream:
        table = pd.DataFrame(
            {
                "t_ns": np.array(self.lines.message_times, np.int64),
                "name": pd.Series(self.lines.messages, dtype="str"),
                "source": pd.Series(["user"] * len(self.lines.messages), dtype="str"),
            }
        )
        system = table["name"].str.startswith(
            ("!CAL", "!MODE", "VALIDATE", "DRIFTCORRECT", "RECCFG", "ELCL", "THRESH")
        )
        table["source"] = table["source"].mask(system, "device")
        table, order = in_time_order(table, "events")
        return Stream(table, tuple(order))

    def vendor(self, kind: str) -> Stream:
        return Stream(self.lines.events[kind], tuple(self.lines.event_findings[kind]))

    def validations(self) -> Stream:
        """Return how exact the calibration was, by the tracker's own validation."""
        rows = []
        for t_ns, text in zip(self.lines.message_times, self.lines.messages, strict=True):
            match = _VALIDATION.search(text)
            if match:
                model, _, eye, result, mean, most, offset = match.groups()
                rows.append((t_ns, eye.lower(), model, result, _number(mean), _number(most), _number(offset)))
        names = ["t_ns", "eye", "model", "result", "error_mean_deg", "error_max_deg", "offset_deg"]
        table = pd.DataFrame(rows, columns=names)
        return Stream(table.astype({"t_ns": "int64"}) if rows else table)


def _screen(corners: Sequence[str]) -> tuple[float, float, int, int] | None:
    """Return left, top, width and height; the corner is the last pixel or the one after it."""
    left, top, right, bottom = (_number(corner) for corner in corners)
    # Screens have even sizes: 1279 is the last of 1280 pixels, 1920 the number of pixels itself.
    sides = [
        int(side) + int(side) % 2 if 0 < side < _LARGEST_SCREEN_PX else 0
        for side in (right - left, bottom - top)
    ]
    return (left, top, sides[0], sides[1]) if all(sides) else None


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _mean(values: list[NDArray[np.float64]], count: int) -> NDArray[np.float64]:
    """Return the mean over the eyes that were seen, NaN where none was."""
    if not values:
        return np.full(count, np.nan)
    if len(values) == 1:
        return values[0]
    first, second = values
    both = first / 2 + second / 2
    return np.asarray(np.where(np.isnan(first), second, np.where(np.isnan(second), first, both)))


def _join(pieces: list[dict[str, NDArray[Any]]], name: str) -> NDArray[Any]:
    """Return one column of all parts, filled with NaN (or "") where a part does not have it."""
    kind = next(piece[name].dtype for piece in pieces if name in piece)
    fill: Any = "" if kind.kind == "O" else np.nan
    if len(pieces) == 1:
        return pieces[0][name]
    return np.concatenate(
        [piece[name] if name in piece else np.full(len(piece["t_ns"]), fill, kind) for piece in pieces]
    )


def _no_samples() -> dict[str, NDArray[Any]]:
    none = np.zeros(0)
    return {
        "t_ns": np.zeros(0, np.int64),
        "part": np.zeros(0, np.int64),
        "x_px": none,
        "y_px": none,
        "blink": np.zeros(0, np.bool_),
    }


def _rate_checks(blocks: list[Block]) -> list[Finding]:
    """Compare the rate each block announces with the steps between its samples."""
    wrong = checked = 0
    for block in blocks:
        steps = np.diff(block.samples.t_ns)
        if block.rate_hz and len(steps):
            checked += 1
            wrong += abs(float(np.median(steps)) * block.rate_hz / 1e9 - 1) > 0.01
    if not checked:
        return []
    text = f"{checked - wrong} of {checked} blocks have the sampling rate they announce"
    return [Finding("warning" if wrong else "info", "gaze", "check_rate", text, wrong)]
