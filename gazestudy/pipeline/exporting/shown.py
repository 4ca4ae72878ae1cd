"""One table as somebody looks at it: as a file, or as text for a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gazestudy.exporters.csv_tables import csv_text
from gazestudy.exporters.tidy import safe_cells
from gazestudy.store.atomic import write_bytes


def write_shown(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV or as a workbook, whole or not at all; no text in it runs as a formula.

    Parameters
    ----------
    table : DataFrame
        The rows in the order in which they are to stand.
    path : Path
        The file; its end says which: .xlsx, else CSV in UTF-8.
    """
    from gazestudy.exporters.xlsx_tables import write_xlsx_table

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".xlsx":
        write_xlsx_table(table, path)
    else:
        write_bytes(path, csv_text(table).encode("utf-8"))


def text_with_tabs(table: pd.DataFrame) -> str:
    """Return a table as text for a spreadsheet; numbers with a point, no text runs as a formula."""
    return str(safe_cells(table).to_csv(sep="\t", index=False, lineterminator="\n"))
