"""Column mappings: how a plain table of gaze samples is to be understood."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gazestudy.errors import InputError
from gazestudy.importers.sources import TABLE_SUFFIXES, FolderSource, Source
from gazestudy.importers.text_tables import TextTable, read_table, sniff_header

FILE_NAME = "columns.json"
NS_PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}

# Usual steps of eye trackers (2 to 2000 Hz) in each unit; the ranges do not overlap.
_STEP_RANGES = {"s": (0.0005, 0.2), "ms": (0.5, 200.0), "us": (500.0, 2e5), "ns": (5e5, 2e8)}
_TIME_NAMES = ("timestamp", "time", "t", "time stamp", "gaze timestamp", "sample time", "recording timestamp")
_PX_PAIRS = (
    ("x_px", "y_px"),
    ("gaze x", "gaze y"),
    ("gaze x px", "gaze y px"),
    ("gaze_pos_vid_x", "gaze_pos_vid_y"),
    ("x", "y"),
)
_NORM_PAIRS = (("norm_pos_x", "norm_pos_y"), ("x_norm", "y_norm"), ("gaze x norm", "gaze y norm"))
_FRAME_NAMES = ("frame_idx", "frame", "frame index", "frame number", "world_index")
_UNITS = {"s": "s", "sec": "s", "seconds": "s", "ms": "ms", "us": "us", "ns": "ns"}
_MOBILE_GAZE_MAPPING = ["timestamp", "frame_idx", "confidence", "norm_pos_x", "norm_pos_y"]
_CONFIDENT = 0.6


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Validity(_Strict):
    """Which samples are valid.

    Attributes
    ----------
    column : str
        Column that says so.
    min : float or None
        Valid where the column is at least this; others are "low_confidence".
    equals : str, float, bool or None
        Valid where the column equals this; others are "device_error".
    """

    column: str
    min: float | None = None
    equals: bool | float | str | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.min is None) == (self.equals is None):
            raise ValueError("give either 'min' or 'equals'")
        return self


class ColumnMapping(_Strict):
    """How a plain table of gaze samples is to be understood; saved as `columns.json` beside the table.

    Attributes
    ----------
    table : str or None
        File name of the table; None: the only table in the folder.
    encoding, delimiter, decimal : str
        How the text is written; "auto": found out.
    skip_rows : int
        Lines before the header.
    time, x, y : str
        Column names.
    time_unit : {"s", "ms", "us", "ns"}
        Unit of the time column.
    xy_unit : {"px", "normalised"}
        Pixels of the scene image, or shares of its width and height.
    origin : {"top-left", "bottom-left"}
        Where x and y are zero.
    validity : Validity or None
        Which samples are valid; None: all that have coordinates.
    confidence : str or None
        Column with a confidence from 0 to 1.
    frame : str or None
        Column with the number of the scene frame; aligns the video with the table.
    frame_base : {0, 1}
        Number of the first frame.
    video : str or None
        File name of the scene video; None: there is none.
    video_start : float or None
        Time of the table, in its unit, at which the video starts; None: from the frame column, else guessed.
    device : str
        Name of the eye tracker.
    width_px, height_px : int or None
        Size of the scene image, where there is no video.
    camera : str or None
        JSON file with the calibration of the scene camera.

    Examples
    --------
    >>> ColumnMapping(time="t", time_unit="ms", x="gx", y="gy", xy_unit="px").origin
    'top-left'
    """

    table: str | None = None
    encoding: str = "auto"
    delimiter: str = "auto"
    decimal: Literal["auto", ".", ","] = "auto"
    skip_rows: int = Field(default=0, ge=0)
    time: str
    time_unit: Literal["s", "ms", "us", "ns"]
    x: str
    y: str
    xy_unit: Literal["px", "normalised"]
    origin: Literal["top-left", "bottom-left"] = "top-left"
    validity: Validity | None = None
    confidence: str | None = None
    frame: str | None = None
    frame_base: Literal[0, 1] = 0
    video: str | None = None
    video_start: float | None = None
    device: str = "unknown"
    width_px: int | None = Field(default=None, gt=0)
    height_px: int | None = Field(default=None, gt=0)
    camera: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A column mapping made from the header and the numbers of a table.

    Attributes
    ----------
    mapping : ColumnMapping
        The mapping.
    reasons : tuple of str
        What each choice rests on.
    """

    mapping: ColumnMapping
    reasons: tuple[str, ...]


class NoProposal(Exception):
    """The table cannot be understood without being told; the text says why."""


def load_columns(path: Path) -> ColumnMapping:
    """Return the column mapping in a JSON file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    ColumnMapping
        The mapping.

    Raises
    ------
    InputError
        If it cannot be read; names every wrong field.
    """
    try:
        return parse_columns(path.read_bytes(), path)
    except OSError as error:
        raise InputError(path, "this column mapping cannot be opened", found=str(error.strerror)) from error


def parse_columns(data: bytes, path: Path) -> ColumnMapping:
    """Return the column mapping in the content of a JSON file; `path` is for messages."""
    try:
        return ColumnMapping.model_validate(json.loads(data.decode("utf-8-sig")))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']) or 'file'}: {one['msg']}" for one in error.errors()
        )
        raise InputError(path, "this column mapping is not usable", found=wrong) from error
    except (ValueError, RecursionError) as error:
        raise InputError(path, "this column mapping is no JSON", found=str(error)) from error


def save_columns(mapping: ColumnMapping, path: Path) -> None:
    """Write a column mapping as JSON, leaving out what is at its default."""
    text = mapping.model_dump_json(indent=2, exclude_defaults=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def propose_columns(path: Path | str) -> Proposal:
    """Return a column mapping for a folder with one table and one video, or for a table in such a folder.

    Parameters
    ----------
    path : Path or str
        The folder or the table.

    Returns
    -------
    Proposal
        The mapping and the reason of each choice.

    Raises
    ------
    InputError
        If the table cannot be understood without being told.
    """
    path = Path(path)
    source = FolderSource(path) if path.is_dir() else FolderSource(path, only=path.name)
    try:
        return propose(source)
    except NoProposal as error:
        raise InputError(path, str(error), advice=f"Write a {FILE_NAME} beside the table") from error


def propose(source: Source) -> Proposal:
    """Return the proposal for a source; raises `NoProposal` with the reason."""
    name, header = _only_table(source)
    neighbours = (
        FolderSource(source.path.parent)
        if source.path.is_file() and isinstance(source, FolderSource)
        else source
    )
    videos = neighbours.videos()
    if len(videos) != 1:
        raise NoProposal(f"one scene video is needed beside {name}, found {len(videos)}")
    table = TextTable.of_names(header)
    time = table.find(*_TIME_NAMES, *(f"{one} {unit}" for one in _TIME_NAMES for unit in _UNITS))
    if time is None:
        raise NoProposal(f"no column of {name} is named like a time ({', '.join(header[:8])})")
    x, y, xy_unit, reason = _position(name, header, table)
    full = read_table(source, name, "gaze", head_only=True)
    time_unit, unit_reason = _time_unit(full, time)
    reasons = [f"table {name}, video {videos[0]}", unit_reason, reason]
    frame = table.find(*_FRAME_NAMES)
    base: Literal[0, 1] = 0
    if frame is not None:
        base = 1 if int(full.ints(frame, missing=2**62).min()) == 1 else 0
        reasons.append(f"frame numbers in {frame!r} count from {base}")
    confidence = table.find("confidence")
    validity = None
    if confidence is not None:
        validity = Validity(column=confidence, min=_CONFIDENT)
        reasons.append(f"samples with {confidence!r} below {_CONFIDENT} are not valid")
    elif (valid := table.find("valid")) is not None:
        validity = Validity(column=valid, equals=True)
        reasons.append(f"{valid!r} says which samples are valid")
    mapping = ColumnMapping(
        table=name,
        time=time,
        time_unit=time_unit,
        x=x,
        y=y,
        xy_unit=xy_unit,
        validity=validity,
        confidence=confidence,
        frame=frame,
        frame_base=base,
        video=videos[0],
    )
    return Proposal(mapping, tuple(reasons))


def tables_of(source: Source) -> list[str]:
    """Return the files of a source that may be tables of gaze samples; notes and licences are not."""
    names = [name for name in source.names() if name.lower().endswith(TABLE_SUFFIXES)]
    found = []
    for name in names:
        sniffed = sniff_header(source, name)
        if sniffed is not None and len(sniffed[0]) >= 3:
            found.append(name)
    return found


def _only_table(source: Source) -> tuple[str, list[str]]:
    names = [name for name in tables_of(source) if not name.lower().endswith(".txt")] or tables_of(source)
    if len(names) != 1:
        raise NoProposal(f"one table of gaze samples is needed, found {len(names)}")
    sniffed = sniff_header(source, names[0])
    return names[0], sniffed[0] if sniffed else []


def _position(
    name: str, header: list[str], table: TextTable
) -> tuple[str, str, Literal["px", "normalised"], str]:
    for x_name, y_name in _NORM_PAIRS:
        x, y = table.find(x_name), table.find(y_name)
        if x is not None and y is not None:
            if header != _MOBILE_GAZE_MAPPING:
                raise NoProposal(f"{x!r} and {y!r} of {name} may count from the top or from the bottom")
            return x, y, "normalised", "this header is that of mobileGazeMapping, whose origin is top-left"
    for x_name, y_name in _PX_PAIRS:
        x, y = table.find(x_name), table.find(y_name)
        if x is not None and y is not None:
            return x, y, "px", f"{x!r} and {y!r} are taken as px from the top left"
    raise NoProposal(f"no columns of {name} are named like a gaze position ({', '.join(header[:8])})")


def _time_unit(table: TextTable, time: str) -> tuple[Literal["s", "ms", "us", "ns"], str]:
    last = time.lower().rstrip(" ])").replace("[", " ").replace("(", " ").replace("_", " ").split()[-1]
    times = table.floats(time)
    steps = np.diff(times[np.isfinite(times)])
    steps = steps[steps > 0]
    if len(steps) == 0:
        raise NoProposal(f"the times in {time!r} never increase")
    step = float(np.median(steps))
    units: tuple[Literal["s", "ms", "us", "ns"], ...] = ("s", "ms", "us", "ns")
    for unit in units:
        if _UNITS.get(last) == unit and len(time.split()) + time.count("_") + time.count("[") > 1:
            return unit, f"the name of {time!r} says {unit}"
    for unit in units:
        low, high = _STEP_RANGES[unit]
        if low <= step <= high and not any(
            other != unit and _STEP_RANGES[other][0] <= step <= _STEP_RANGES[other][1] for other in units
        ):
            rate = NS_PER_UNIT["s"] / NS_PER_UNIT[unit] / step
            return unit, f"the median step of {time!r} is {step:g}: {rate:.0f} Hz if it is {unit}"
    raise NoProposal(f"the unit of {time!r} cannot be told from its median step of {step:g}")
