"""Tables for other programs: what each column means, and text that no spreadsheet takes for a formula."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from gazestudy.model.tables import Column, TableContract

DICTIONARY = TableContract(
    "dictionary",
    (
        Column("table", "str", "which table"),
        Column("column", "str", "which column of it"),
        Column("meaning", "str", "what it holds"),
        Column("unit", "str", "unit of its numbers, empty for none"),
        Column("type", "str", "int, float, bool, text or category"),
        Column("categories", "str", "values that a category may have, separated by ' | '"),
        Column("may_be_empty", "bool", "whether a cell may be empty"),
        Column("empty_cells", "int", "how many cells are empty"),
        Column("rule", "str", "how it was made, where it was computed"),
    ),
)
"""One row per column of every table."""

CONTENTS = TableContract(
    "contents",
    (
        Column("table", "str", "which table"),
        Column("meaning", "str", "what a row of it is"),
        Column("rows", "int", "how many rows"),
        Column("made_by", "str", "what made it and with which parameters, JSON; empty where it was entered"),
    ),
)
"""One row per table."""

_UNITS = (
    ("_deg_s", "deg/s"),
    ("_ns", "ns"),
    ("_ms", "ms"),
    ("_s", "s"),
    ("_px", "px"),
    ("_mm", "mm"),
    ("_m2", "m2"),
    ("_m", "m"),
    ("_hz", "Hz"),
    ("_deg", "deg"),
    ("_percent", "percent"),
)
_SHARES = re.compile(r"(^|_)share(_|$)|_rate$")
_COUNTS = re.compile(r"(_count|^n_.+|^samples|^fixations|^blinks)$")
_RISKY = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z")
_ESCAPED = re.compile(r"'+(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True, eq=False)
class TidyTable:
    """A table with what its columns mean.

    Attributes
    ----------
    name : str
        Short name, also of its file or sheet.
    meaning : str
        What a row is.
    table : DataFrame
        The rows.
    columns : tuple of Column
        What is known of its columns; others are told as not described.
    rules : mapping of str to str
        Column name to how it was made.
    made_by : str
        What made the table, JSON; empty where people entered it.
    """

    name: str
    meaning: str
    table: pd.DataFrame
    columns: tuple[Column, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    made_by: str = ""


def dictionary_of(tables: Sequence[TidyTable]) -> TidyTable:
    """Return the data dictionary of tables.

    Parameters
    ----------
    tables : sequence of TidyTable
        The tables.

    Returns
    -------
    TidyTable
        Contract `DICTIONARY`.

    Examples
    --------
    >>> people = TidyTable("people", "a person", pd.DataFrame({"age": [31.0, None]}),
    ...                    (Column("age", "float", "years since birth"),))
    >>> dictionary_of([people]).table.loc[0, ["column", "meaning", "type"]].tolist()
    ['age', 'years since birth', 'float']
    """
    rows = [row for one in tables for row in _described(one)]
    table = pd.DataFrame(rows, columns=DICTIONARY.names) if rows else DICTIONARY.empty()
    texts = [column.name for column in DICTIONARY.columns if column.dtype == "str"]
    table = DICTIONARY.check(table.astype(dict.fromkeys(texts, "str")))
    return TidyTable("dictionary", "a column of one of the tables", table, DICTIONARY.columns)


def contents_of(tables: Sequence[TidyTable]) -> TidyTable:
    """Return which tables there are, with their rows and what made them (contract `CONTENTS`)."""
    rows = [(one.name, one.meaning, len(one.table), one.made_by) for one in tables]
    table = pd.DataFrame(rows, columns=CONTENTS.names) if rows else CONTENTS.empty()
    table = CONTENTS.check(table.astype(dict.fromkeys(("table", "meaning", "made_by"), "str")))
    return TidyTable("contents", "a table", table, CONTENTS.columns)


def unit_of(column: str) -> str:
    """Return the unit that the name of a column ends in.

    Examples
    --------
    >>> unit_of("dwell_ms"), unit_of("notice_rate"), unit_of("participant_id")
    ('ms', 'share, 0 to 1', '')
    """
    for suffix, unit in _UNITS:
        if column.endswith((suffix, f"{suffix}_min", f"{suffix}_max")):
            return unit
    if _SHARES.search(column):
        return "share, 0 to 1"
    return "count" if _COUNTS.search(column) else ""


def safe_text(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula.

    Text that begins with one of ``= + - @`` (also full-width, also after blanks), a tab or a line break gets
    an apostrophe in front, and so does text that begins with apostrophes before one of these, so that
    `plain_text` gives back exactly what was there. Plain numbers stay as they are. NUL and halves of
    surrogate pairs, which CSV readers refuse, become U+FFFD.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        What to write.

    References
    ----------
    OWASP, "CSV Injection": which first characters programs evaluate.

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("-5"), safe_text("a=b")
    ("'=1+1", '-5', 'a=b')
    >>> plain_text(safe_text("'=1+1")) == "'=1+1"
    True
    """
    text = _NOT_TEXT.sub("\ufffd", text)
    return f"'{text}" if _RISKY.match(text) and not _NUMBER.match(text) else text


def is_risky(text: str) -> bool:
    """Return whether `safe_text` would put an apostrophe in front."""
    return _RISKY.match(text) is not None and not _NUMBER.match(text)


def plain_text(cell: str) -> str:
    """Return the text that `safe_text` was given."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def safe_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts and column names are safe; truth values are true and false.

    Parameters
    ----------
    table : DataFrame
        Any table.

    Returns
    -------
    DataFrame
        Numbers are untouched.
    """
    cells = {safe_text(str(name)): _safe_column(values) for name, values in table.items()}
    return pd.DataFrame(cells, index=table.index)


def _safe_column(values: pd.Series) -> pd.Series:
    if values.dtype.kind == "b":
        return values.map({True: "true", False: "false"})
    if values.dtype.kind in "iuf":
        return values
    cells = [_safe_cell(value) for value in values.astype(object)]
    return pd.Series(cells, index=values.index, dtype=object)


def _safe_cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    return "" if value is None or value is pd.NA else safe_text(str(value))


def _described(one: TidyTable) -> Iterator[tuple[object, ...]]:
    known = {column.name: column for column in one.columns}
    for name, values in one.table.items():
        column = known.get(str(name))
        found = _type_of(values) if column is None else column.dtype
        kind = "text" if found == "str" else found
        categories: tuple[str, ...] = () if column is None else column.categories
        text = kind in ("text", "category")
        empty = values.isna() | (values.astype(object) == "") if text else values.isna()
        meaning = "not described: brought by the source, may be empty" if column is None else column.meaning
        meaning = meaning.replace("NaN", "empty")
        may_be_empty = kind == "float" or (kind == "text" and ("empty" in meaning or bool(empty.any())))
        facts = (meaning, unit_of(str(name)), kind, " | ".join(categories), may_be_empty, int(empty.sum()))
        yield (one.name, str(name), *facts, one.rules.get(str(name), ""))


def _type_of(values: pd.Series) -> str:
    return {"i": "int", "u": "int", "f": "float", "b": "bool"}.get(values.dtype.kind, "str")
