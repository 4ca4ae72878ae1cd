"""Column mappings of plain tables: which column means what, written once in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gazestudy.errors import InputError
from gazestudy.model.fieldwork import FIELD_CONTRACTS

KEYS = frozenset(
    {name for table in ("interval_counts", "scans", "events") for name in FIELD_CONTRACTS[table].names}
    | set(FIELD_CONTRACTS["sessions"].names)
    | {"at", "ended_at", "date", "time", "comment"}
)
"""What a column may mean besides an item: columns of the canonical tables, and moments as times of day."""


class ItemColumn(BaseModel):
    """A column of numbers or codes.

    Attributes
    ----------
    item : str
        Name of the item, such as "passed".
    point_id, placement_id : str
        What the column is about, where each point or placement has one of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: Annotated[str, Field(min_length=1)]
    point_id: str = ""
    placement_id: str = ""


class FieldColumns(BaseModel):
    """How a plain table of observations is to be understood.

    Attributes
    ----------
    table : {"interval_counts", "scans", "events"}
        What its rows are.
    columns : dict of str to str
        What is needed, by name, and the column that holds it, such as {"started_at": "hour_beginning"}.
        `started_at` and `ended_at` (or `interval_s`) are the interval of a row of counts, `at` is the moment
        of a scan or event; `start_s`, `end_s`, `at_s`, `t_s` are seconds since the start of the session.
    items : dict of str to ItemColumn
        Columns of numbers or codes; a plain name is enough where nothing else is to be said.
    values : dict of str to str
        What is the same in all rows, such as {"station_id": "siam"}.
    session : {"column", "day", "row"}
        One session for each value of `session_id`, for each point and day, or for each row.
    interval_s : float or None
        Length of the interval of each row, s.
    time_format : str
        `strptime` format of moments; empty: ISO 8601.
    tz : str
        Time zone of moments without offset.
    sheet : str
        Which sheet of a workbook; empty: the first.
    skip_rows : int
        Rows above the header.
    blank : {"not_watched", "zero"}
        What an empty cell of an item means.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: Literal["interval_counts", "scans", "events"] = "interval_counts"
    columns: dict[str, str]
    items: dict[str, ItemColumn] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)
    session: Literal["column", "day", "row"] = "day"
    interval_s: float | None = Field(default=None, gt=0, le=86400)
    time_format: str = ""
    tz: str = ""
    sheet: str = ""
    skip_rows: int = Field(default=0, ge=0)
    blank: Literal["not_watched", "zero"] = "not_watched"

    @model_validator(mode="before")
    @classmethod
    def _short(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(values.get("items"), dict):
            items = {
                name: {"item": one} if isinstance(one, str) else one for name, one in values["items"].items()
            }
            return {**values, "items": items}
        return values

    @model_validator(mode="after")
    def _whole(self) -> FieldColumns:
        unknown = sorted((set(self.columns) | set(self.values)) - KEYS)
        if unknown:
            raise ValueError(f"unknown names {unknown}; known are {', '.join(sorted(KEYS))}")
        if self.session == "column" and "session_id" not in self.columns:
            raise ValueError("session = 'column' needs columns.session_id")
        moment = {
            "interval_counts": ("started_at", "start_s"),
            "scans": ("at", "at_s"),
            "events": ("at", "t_s"),
        }
        if not any(name in self.columns for name in moment[self.table]):
            raise ValueError(f"columns must name {' or '.join(moment[self.table])}")
        if self.table == "events" and "code" not in {*self.columns, *self.values}:
            raise ValueError("events need a column (or value) code")
        if self.table != "events" and not self.items and not {"item", "value"} <= set(self.columns):
            raise ValueError("give items, or columns.item and columns.value")
        return self


def load_field_columns(path: Path | str) -> FieldColumns:
    """Read a column mapping.

    Parameters
    ----------
    path : Path or str
        A JSON file.

    Returns
    -------
    FieldColumns
        The mapping.

    Raises
    ------
    InputError
        If it cannot be read, or with all mistakes at once.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        return FieldColumns.model_validate(data)
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}", advice="Check the path") from error
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, one['loc'])) or 'mapping'}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        ]
        raise InputError(path, "this column mapping is not right", found="; ".join(lines)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(path, "this is no JSON", found=str(error)[:200]) from error
