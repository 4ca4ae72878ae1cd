"""Column mappings: how a plain table of gaze samples is to be understood, and how that was found out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gazestudy.errors import InputError
from gazestudy.importers.recordings.tables.choices import Choice
from gazestudy.importers.recordings.tables.layout import look_at
from gazestudy.importers.sources import TABLE_SUFFIXES, Source
from gazestudy.importers.text_tables import sniff_header

FILE_NAME = "columns.json"
NS_PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
ANY_VIDEO = "*"

_AS_WRITTEN = ("encoding", "delimiter", "decimal", "skip_rows")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
        File name of the table; None: the table that was given, or the only one in the folder.
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
        File name of the scene video; "*": the only one beside the table, or the one that is named like it,
        if there is any; None: there is none.
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
    mapping : ColumnMapping or None
        The mapping with every choice as proposed; None where something indispensable was not found.
    choices : tuple of Choice
        How each field was found out.
    """

    mapping: ColumnMapping | None
    choices: tuple[Choice, ...]

    @property
    def questions(self) -> tuple[Choice, ...]:
        """Choices that a person has to make."""
        return tuple(choice for choice in self.choices if choice.confidence == "low")

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the choices rest on that are not merely read from the text."""
        return tuple(
            choice.reason
            for choice in self.choices
            if choice.field not in _AS_WRITTEN or choice.confidence != "high"
        )


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


def tables_of(source: Source) -> list[str]:
    """Return the files of a source that may be tables of gaze samples; notes and licences are not.

    Files named .txt count only where there are no others.
    """
    names = [name for name in source.names() if name.lower().endswith(TABLE_SUFFIXES)]
    found = []
    for name in names:
        sniffed = sniff_header(source, name)
        if sniffed is not None and (len(sniffed[0]) >= 3 or _begins_later(source, name)):
            found.append(name)
    return [name for name in found if not name.lower().endswith(".txt")] or found


def _begins_later(source: Source, name: str) -> bool:
    """Return whether a table follows after some lines of text."""
    layout = look_at(source, name)
    doubts = layout is None or any(choice.confidence == "low" for choice in layout.choices)
    return not doubts and layout is not None and len(layout.header) >= 3 and bool(layout.value("skip_rows"))
