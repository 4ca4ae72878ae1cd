"""Tables as CSV files in a folder, with a data dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gazestudy.exporters.folders import new_folder
from gazestudy.exporters.tidy import TidyTable, contents_of, dictionary_of, safe_cells

README = """\
Tables as CSV: UTF-8 without a byte order mark, fields separated by commas, lines ended by CR LF (RFC 4180).
contents.csv tells what each table holds and how it was made, dictionary.csv what each column means: unit,
type, categories, whether it may be empty, and the rule of computed columns.

A number that is not known is an empty cell. Truth values are true and false. Times in ns are whole numbers
of up to 19 digits: read them as 64-bit integers, spreadsheets round them.

Text that begins with = + - @ (or their full-width forms), a tab or a line break would be run as a formula by
spreadsheet programs. Such text has one apostrophe in front; so has text that begins with apostrophes before
one of these. To get the text back, take one apostrophe away where apostrophes are followed by one of these.
Numbers, also negative ones, are never changed.
"""


def write_csv_tables(tables: Sequence[TidyTable], folder: Path, *, notes: Sequence[str] = ()) -> None:
    """Write tables, their list and their dictionary into a new folder, whole or not at all.

    Parameters
    ----------
    tables : sequence of TidyTable
        What to write; each becomes `<name>.csv`.
    folder : Path
        The folder to make; it must not exist or be empty.
    notes : sequence of str, optional
        What else a reader has to know; goes into README.txt.

    Raises
    ------
    InputError
        If something is there already.
    """
    with new_folder(folder) as partial:
        for one in (*tables, contents_of(tables), dictionary_of(tables)):
            path = partial / f"{one.name}.csv"
            path.write_text(csv_text(one.table), encoding="utf-8", newline="")
        more = "".join(f"\n{note}\n" for note in notes)
        (partial / "README.txt").write_text(README + more, encoding="utf-8", newline="\n")


def csv_text(table: pd.DataFrame) -> str:
    r"""Return a table as CSV with safe cells; lines end in CR LF, so that texts with either are in quotes.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"note": ["=1+1", "a,b"], "x_mm": [-1.5, None], "ok": [True, False]}))
    'note,x_mm,ok\r\n\'=1+1,-1.5,true\r\n"a,b",,false\r\n'
    """
    return safe_cells(table).to_csv(index=False, lineterminator="\r\n")
