"""Column mappings of plain tables."""

from pathlib import Path


class ColumnMapping:
    """How a table is read."""


def load_columns(path: Path) -> ColumnMapping:
    """Read a column mapping."""
    raise NotImplementedError
