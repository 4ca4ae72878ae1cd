"""Tables as Parquet files: exact integers, all categories, and `DataFrame.attrs` come back as they were."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gazestudy.errors import StudyDamagedError, StudyError
from gazestudy.store.atomic import write_bytes
from gazestudy.store.keys import jsonable

_METADATA = b"gazestudy"


@dataclass(frozen=True, slots=True)
class TableFile:
    """What is recorded of a stored table.

    Attributes
    ----------
    path : str
        Relative, with "/".
    sha256 : str
        Hash of the file.
    size_bytes : int
        Its size.
    rows : int
        Rows of the table.
    """

    path: str
    sha256: str
    size_bytes: int
    rows: int


def write_table(table: pd.DataFrame, folder: Path, path: str) -> TableFile:
    """Write a table as Parquet (zstd).

    Parameters
    ----------
    table : DataFrame
        The table; its attrs must be JSON-ready.
    folder : Path
        What `path` is relative to.
    path : str
        File to write, with "/".

    Returns
    -------
    TableFile
        What to record about it.

    Raises
    ------
    StudyError
        If a column cannot be stored, or the disk refuses.
    """
    content = _encode(table, path)
    target = folder / path
    write_bytes(target, content)
    return TableFile(path, hashlib.sha256(content).hexdigest(), len(content), len(table))


def _encode(table: pd.DataFrame, path: str) -> bytes:
    bare = table.copy(deep=False)
    bare.attrs = {}
    categories = {
        str(name): jsonable(column.dtype.categories.tolist())
        for name, column in table.items()
        if isinstance(column.dtype, pd.CategoricalDtype)
    }
    try:
        own = json.dumps({"attrs": jsonable(table.attrs), "categories": categories})
        arrow = pa.Table.from_pandas(bare)
        metadata = {**(arrow.schema.metadata or {}), _METADATA: own.encode()}
        buffer = pa.BufferOutputStream()
        pq.write_table(arrow.replace_schema_metadata(metadata), buffer, compression="zstd")
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise StudyError(f"{path}: the table cannot be stored: {error}") from error
    return bytes(buffer.getvalue())


def read_table(path: Path, sha256: str, advice: str, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table back.

    Parameters
    ----------
    path : Path
        A file written by `write_table`.
    sha256 : str
        What was recorded of it.
    advice : str
        What the user can do if the file is damaged.
    columns : sequence of str, optional
        Only these; those of a large table take time and memory.

    Returns
    -------
    DataFrame
        The table with its attrs and categories.

    Raises
    ------
    StudyDamagedError
        If the file is missing or not what was written: never a wrong value.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StudyDamagedError(f"{path}: the file is missing. {advice}") from error
    except OSError as error:
        raise StudyDamagedError(f"{path}: the file cannot be read ({error.strerror}). {advice}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise StudyDamagedError(f"{path}: the file is damaged or was changed. {advice}")
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        arrow = file.read(columns=None if columns is None else list(columns))
    table: pd.DataFrame = arrow.to_pandas()
    own: dict[str, Any] = json.loads((arrow.schema.metadata or {}).get(_METADATA, b"{}"))
    for name, categories in own.get("categories", {}).items():
        if name not in table:
            continue
        ordered = bool(table[name].dtype.ordered)
        table[name] = pd.Categorical(table[name], categories=categories, ordered=ordered)
    table.attrs = own.get("attrs", {})
    return table
