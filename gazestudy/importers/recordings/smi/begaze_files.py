"""Files of SMI BeGaze: what kind they are, their headers, the tracker's events, the scene camera."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gazestudy.errors import ParameterError
from gazestudy.importers.recordings.text_pieces import TextPiece
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import TextTable, read_table, sniff_header
from gazestudy.model import Camera, Finding

Kind = Literal["samples", "events", "metrics", "event_table"]

HEAD_BYTES = 65536
CAMERA_FILE = "codec1.bin"
EYES = {"L": "left", "R": "right", "B": "both"}
RAW_TIME = "RecordingTime [ms]"
EVENT_TIMES = ("Event Start Trial Time [ms]", "Event End Trial Time [ms]")

_HEADER_LINE = re.compile(r"^(?:## ?)?([^:\t]+?) ?:\t? ?(.*)$")
_SAMPLES = re.compile(r"^Time\tType\tTrial\t", re.MULTILINE)
_EVENTS = re.compile(r"^Table Header for (Fixations|Saccades|Blinks|User Events):", re.MULTILINE)
_MESSAGE = b"\tMSG\t"
_TIME_CODE = r"^(?P<hours>\d{1,3}):(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2}):(?P<frames>\d{1,3})$"
_EVENT_LINE = re.compile(r"(Fixation|Saccade|Blink|UserEvent)(?: ([LRB]))?[,\t]")
_PIXELS = ("Point of Regard Binocular X [px]", "Point of Regard Right X [px]", "Point of Regard Left X [px]")
_TABLES = {"Fixation": "fixations", "Saccade": "saccades", "Blink": "blinks"}
_SECTIONS = {"Fixations": "Fixation", "Saccades": "Saccade", "Blinks": "Blink"}
_RENAMED = {
    "trial": "trial",
    "number": "number",
    "start": "start_ns",
    "end": "end_ns",
    "duration": "duration_ms",
    "location x": "x_px",
    "location y": "y_px",
    "dispersion x": "dispersion_x_px",
    "dispersion y": "dispersion_y_px",
    "start loc.x": "start_x_px",
    "start loc.y": "start_y_px",
    "end loc.x": "end_x_px",
    "end loc.y": "end_y_px",
    "amplitude": "amplitude_deg",
    "peak speed": "peak_velocity_deg_s",
    "peak speed at": "peak_velocity_at",
    "average speed": "mean_velocity_deg_s",
    "peak accel.": "peak_acceleration_deg_s2",
    "peak decel.": "peak_deceleration_deg_s2",
    "average accel.": "mean_acceleration_deg_s2",
    "aoi hit": "aoi",
    "avg. pupil size x": "pupil_size_x",
    "avg. pupil size y": "pupil_size_y",
}
_DEFAULT_COLUMNS = {
    "Fixation": "Event Type,Trial,Number,Start,End,Duration,Location X,Location Y",
    "Saccade": "Event Type,Trial,Number,Start,End,Duration",
    "Blink": "Event Type,Trial,Number,Start,End,Duration",
}


@dataclass(frozen=True, slots=True)
class BegazeFile:
    """One file of an export.

    Attributes
    ----------
    name : str
        The file.
    kind : {"samples", "events", "metrics", "event_table"}
        Raw samples of one subject; events of one subject; raw samples of many as one table; events of many as
        one table.
    header : dict of str to str
        What the lines before the table say, keys in lower case.
    """

    name: str
    kind: Kind
    header: dict[str, str]

    @property
    def run(self) -> tuple[str, ...]:
        """What the recording was converted from; samples and events of one recording share it."""
        said = tuple(self.header.get(key, "") for key in ("subject", "description", "converted from"))
        return said if any(said) else (self.name,)


def look_at(source: Source, name: str) -> BegazeFile | None:
    """Return what kind of BeGaze file this is, or None."""
    sniffed = sniff_header(source, name)
    if sniffed is None:
        return None
    names, form = sniffed
    if EVENT_TIMES[0] in names and EVENT_TIMES[1] in names:
        return BegazeFile(name, "event_table", {})
    if RAW_TIME in names and any(one in names for one in _PIXELS):
        return BegazeFile(name, "metrics", {})
    text = source.head(name, HEAD_BYTES).decode(form.encoding, "replace").replace("\r\n", "\n")
    match = _SAMPLES.search(text)
    if match and (" POR X [px]" in text or "Raw X [px]" in text):
        return BegazeFile(name, "samples", _header(text[: match.start()]))
    match = _EVENTS.search(text)
    if match:
        return BegazeFile(name, "events", _header(text[: match.start()]))
    return None


def _header(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _HEADER_LINE.match(line.strip())
        if match:
            found.setdefault(match.group(1).strip().lower(), match.group(2).strip())
    return found


def decoded(source: Source, name: str, encoding: str) -> bytes:
    """Return a file as UTF-8, whatever it was written in."""
    data = source.read(name)
    if encoding.startswith("utf-16"):
        return data.decode(encoding, "replace").removeprefix("\ufeff").encode()
    return data.removeprefix(b"\xef\xbb\xbf")


def text_line(line: bytes) -> str:
    """Return a line as text."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


@dataclass
class Events:
    """The tracker's events: vendor tables by name, and what the experimenter wrote in."""

    tables: dict[str, pd.DataFrame]
    user: pd.DataFrame
    findings: dict[str, list[Finding]]


def read_events(source: Source, name: str) -> Events:
    """Read an event export of one subject.

    Parameters
    ----------
    source : Source
        Where it lies.
    name : str
        The file.

    Returns
    -------
    Events
        Times in ns, durations in ms, columns by our names with their units.
    """
    sniffed = sniff_header(source, name)
    lines = decoded(source, name, sniffed[1].encoding if sniffed else "utf-8").splitlines()
    headers, user, strange = dict(_DEFAULT_COLUMNS), list[str](), 0
    rows: dict[str, list[str]] = {kind: [] for kind in _TABLES}
    section = ""
    for raw in lines:
        line = text_line(raw)
        match = _EVENT_LINE.match(line)
        if match and match.group(1) == "UserEvent":
            user.append(line)
        elif match:
            rows[match.group(1)].append(line)
        elif line.startswith("Table Header for "):
            section = line.removeprefix("Table Header for ").rstrip(": \t")
        elif line.startswith("Event Type") and section in _SECTIONS:
            headers[_SECTIONS[section]], section = line, ""
        elif line.strip() and (rows["Fixation"] or rows["Saccade"] or user):
            strange += 1
    found: dict[str, list[Finding]] = {}
    tables = {}
    for kind, stream in _TABLES.items():
        tables[stream], found[stream] = _event_table(source, name, stream, headers[kind], rows[kind])
    events, lost = _user_events(user)
    found["events"] = []
    if lost + strange:
        text = f"{name}: {lost + strange} lines are no events and were left out"
        found["events"].append(Finding("warning", "events", "rows_skipped", text, lost + strange))
    return Events(tables, events, found)


def _event_table(
    source: Source, name: str, stream: str, header: str, rows: list[str]
) -> tuple[pd.DataFrame, list[Finding]]:
    if not rows:
        return pd.DataFrame(columns=["eye", "trial", "number", "start_ns", "end_ns", "duration_ms"]), []
    text = "\n".join([header, *rows]).encode() + b"\n"
    table = read_table(TextPiece(source.place(name), text), name, stream)
    start = table.times_ns(table.need("Start"), 1000)
    end = table.times_ns(table.need("End"), 1000)
    start = start if len(start) == len(end) else table.times_ns(table.need("Start"), 1000)
    kinds = table.text(table.names[0])
    found = pd.DataFrame({"eye": kinds.str[-1:].map(EYES).fillna("").astype("str")})
    for written in table.names[1:]:
        ours = _RENAMED.get(written.lower(), written.lower().replace(" ", "_").replace(".", ""))
        if ours in ("start_ns", "end_ns"):
            found[ours] = start if ours == "start_ns" else end
        elif ours == "duration_ms":
            found[ours] = table.floats(written) / 1e3
        elif ours in ("aoi", "image"):
            found[ours] = table.text(written).replace("-", "").astype("str")
        elif ours in ("trial", "number", "plane"):
            found[ours] = table.ints(written)
        else:
            found[ours] = table.floats(written)
    return found, [*table.findings, *_duration_check(found, stream)]


def _duration_check(table: pd.DataFrame, stream: str) -> list[Finding]:
    if "duration_ms" not in table or table.empty:
        return []
    apart_us = np.abs((table["end_ns"] - table["start_ns"]) / 1e3 - table["duration_ms"] * 1e3)
    wrong = int(np.count_nonzero(~(apart_us <= 1.5)))
    text = f"{len(table) - wrong} of {len(table)} {stream} last from their start to their end"
    return [Finding("warning" if wrong else "info", stream, "check_durations", text, wrong)]


def _user_events(lines: list[str]) -> tuple[pd.DataFrame, int]:
    times, names, lost = [], [], 0
    for line in lines:
        cells = re.split(r"[,\t]", line, maxsplit=4)
        stamp = time_ns(cells[3]) if len(cells) == 5 else None
        if stamp is None:
            lost += 1
            continue
        times.append(stamp)
        names.append(cells[4].strip().removeprefix("# Message:").strip())
    return events_table(times, names), lost


def events_table(times: list[int], names: list[str]) -> pd.DataFrame:
    """Return messages by the contract `MARKERS`, still in the order of the file."""
    return pd.DataFrame(
        {
            "t_ns": np.array(times, np.int64),
            "name": pd.Series(names, dtype="str"),
            "source": pd.Series(["user"] * len(names), dtype="str"),
        }
    )


def time_ns(text: str) -> int | None:
    """Return a time written in µs as ns, None if it is no number."""
    text = text.strip()
    return int(text) * 1000 if text.isascii() and text.isdigit() and len(text) <= 15 else None


def cut_samples(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return the sample rows with their header, and the rows of messages, which have fewer cells."""
    text = data.decode("utf-8", "replace") if not data[:HEAD_BYTES].isascii() else data[:HEAD_BYTES].decode()
    match = _SAMPLES.search(text.replace("\r\n", "\n"))
    start = data.find(b"Time\tType\tTrial\t") if match else 0
    body = data[max(start, 0) :]
    messages, kept, position, found = [], [], 0, body.find(_MESSAGE)
    while found >= 0:
        begin = body.rfind(b"\n", 0, found) + 1
        end = body.find(b"\n", found) + 1 or len(body)
        if body[begin:found].strip().isdigit():
            kept.append(body[position:begin])
            messages.append(body[begin:end])
            position = end
        found = body.find(_MESSAGE, end)
    kept.append(body[position:])
    return b"".join(kept), messages


def frame_labels(cells: pd.Series) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    """Return frame numbers from 0 for time codes HH:MM:SS:FF (-1 for none), and frames per second."""
    parts = pc.extract_regex(pa.array(cells, pa.string()), _TIME_CODE)
    known = np.asarray(parts.is_valid().to_numpy(zero_copy_only=False))
    label = np.full(len(cells), -1, np.int64)
    if not known.any():
        return label, 0
    hours, minutes, seconds, frames = (
        parts.field(one).filter(parts.is_valid()).cast(pa.int64()).to_numpy() for one in range(4)
    )
    rate = int(frames.max()) + 1
    numbers = ((hours * 60 + minutes) * 60 + seconds) * rate + frames
    label[known] = numbers - numbers.min()
    return label, rate


def smi_camera(source: Source) -> Camera:
    """Return the scene camera as the calibration file of the glasses describes it.

    Raises
    ------
    ParameterError
        If something is missing.

    Notes
    -----
    The file gives the horizontal angle of view; both focal lengths are taken from it. Offsets of the sensor
    count from the middle of the image.
    """
    values = dict(_settings(source))

    def numbers(key: str, count: int) -> list[float]:
        found = []
        for word in re.split(r"[\s,;]+", values.get(key.lower(), "").strip()):
            try:
                found.append(float(word))
            except ValueError:
                break
        if len(found) < count or not all(math.isfinite(one) for one in found):
            raise ParameterError(key, values.get(key.lower()), f"{count} numbers")
        return found

    width, height = (int(numbers(f"SceneCam{side}", 1)[0]) for side in ("Width", "Height"))
    angle = numbers("SceneCamFOV", 1)[0]
    if not (0 < angle < 180 and 0 < width < 10_000 and 0 < height < 10_000):
        raise ParameterError("SceneCamFOV", angle, "an angle of view, and an image size")
    focal = width / (2 * math.tan(math.radians(angle) / 2))
    radial = [*numbers("SceneCamRadialDistortion", 2), 0.0][:3]
    tangential = numbers("SceneCamTangentialDistortion", 2)
    return Camera(
        width,
        height,
        focal,
        focal,
        width / 2 + numbers("SceneCamSensorOffsetX", 1)[0],
        height / 2 + numbers("SceneCamSensorOffsetY", 1)[0],
        "opencv5",
        (radial[0], radial[1], tangential[0], tangential[1], radial[2]),
    )


def _settings(source: Source) -> Iterator[tuple[str, str]]:
    section = ""
    for written in source.head(CAMERA_FILE, HEAD_BYTES).decode("utf-8", "replace").splitlines():
        line = written.removeprefix("##").strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif section == "MiiSimulation" and re.search(r"[=:\t]", line):
            key, value = re.split(r"[=:\t]", line, maxsplit=1)
            yield key.strip().lower(), value.strip(" \t=:")


def whole_table(source: Source, name: str, stream: str) -> TextTable:
    """Read an export that is one table, with the decimal mark that its cells show."""
    table = read_table(source, name, stream)
    if table.format.delimiter != "," and table.format.decimal == ".":
        head = source.head(name, 16 * HEAD_BYTES).decode(table.format.encoding, "replace")
        if re.search(r"[\t;]-?\d+,\d+(?:[\t;]|\r?$)", head, re.MULTILINE):
            table.format = type(table.format)(table.format.encoding, table.format.delimiter, ",")
    return table
