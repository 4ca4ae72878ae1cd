"""Which recordings a table holds that puts several into one file, and keys to choose them by."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np

from gazestudy.errors import InputError
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import TextFormat

_WHOLE_BYTES = 4 * 2**20
_PROBES = 800
_PROBE_BYTES = 8192


def distinct_keys(
    source: Source, name: str, names: list[str], form: TextFormat, columns: Sequence[str | None]
) -> list[tuple[str, ...]]:
    """Return the different values of some columns together, in the order of the file.

    Parameters
    ----------
    source : Source
        Where the file lies.
    name : str
        The table; its first line is the header.
    names : list of str
        Header names.
    form : TextFormat
        How it is written.
    columns : sequence of str or None
        Names of the columns; None gives "".

    Returns
    -------
    list of tuple of str
        At least one; all "" if no row says anything.

    Notes
    -----
    Recordings follow each other in such files. Small files are read whole; large ones are looked at in 800
    places, so that a recording of four seconds in an hour can be missed.
    """
    indices = [names.index(column) if column is not None else -1 for column in columns]
    size = source.size_bytes(name)
    if form.encoding.startswith("utf-16") or size <= _WHOLE_BYTES:
        text = source.read(name) if size <= _WHOLE_BYTES else source.head(name, _WHOLE_BYTES)
        lines = text.decode(form.encoding, "replace").splitlines()[1:]
    else:
        lines = _probe(source, name, size, form.encoding)
    found: dict[tuple[str, ...], None] = {}
    for line in lines:
        cells = line.split(form.delimiter)
        if len(cells) >= len(names):
            found[tuple(cells[one].strip().strip('"') if one >= 0 else "" for one in indices)] = None
    nothing = ("",) * len(columns)
    if len(found) > 1:
        found.pop(nothing, None)
    return list(found) or [nothing]


def _probe(source: Source, name: str, size: int, encoding: str) -> list[str]:
    lines: list[str] = []
    places = np.linspace(0, max(size - _PROBE_BYTES, 0), _PROBES).astype(np.int64).tolist()
    try:
        with source.open(name) as stream:
            for position in places:
                stream.seek(position)
                text = stream.read(_PROBE_BYTES).decode(encoding.removesuffix("-sig"), "replace")
                inside = text.split("\n")[1:-1]
                lines.extend(inside[:1] + inside[-1:])
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        advice = "Copy or export it again"
        raise InputError(
            source.place(name), "this file cannot be read", found=str(error), advice=advice
        ) from error
    return lines


def selection_of(*parts: str) -> str:
    """Return a key as one line of a table.

    Examples
    --------
    >>> parse_selection(selection_of("a.tsv", "P, 1", "Recording 2"), 3)
    ('a.tsv', 'P, 1', 'Recording 2')
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(parts)
    return line.getvalue()


def parse_selection(selection: str, count: int) -> tuple[str, ...] | None:
    """Return the parts of a key, None if there are not `count`."""
    try:
        parts = next(csv.reader([selection]), [])
    except csv.Error:
        return None
    return tuple(parts) if len(parts) == count else None
