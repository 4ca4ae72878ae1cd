"""KoboToolbox: XLSX exports (one sheet for each repeat) and JSON; OData JSON of ODK Central is read alike.

In XLSX a row of a repeat belongs to the row of `_parent_table_name` whose `_index` is its `_parent_index`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.builder import LogBuilder
from gazestudy.importers.fieldlogs.grids import BOOK_SUFFIXES, Record, read_grids, read_json, records
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.fieldlogs.registry import FieldOptions, fieldlog_importer
from gazestudy.importers.fieldlogs.submissions import Submission, add_submission, leaf_of, nested
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import FieldLog

_SIGNS = ("_id", "_uuid", "_submission_time", "_index")
_LISTS = ("results", "submissions", "value")
_HEAD = 65536


@fieldlog_importer(name="kobo", version=1, title="KoboToolbox: XLSX")
class KoboBook:
    """A workbook of submissions."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Look for the columns that Kobo adds."""
        names = source.names()
        if options.columns is not None or len(names) != 1 or not names[0].lower().endswith(BOOK_SUFFIXES):
            return Refusal("no single XLSX workbook")
        grids = read_grids(source, names[0], rows=2)
        header = grids[0].rows[0][1] if grids and grids[0].rows else []
        found = [name for name in _SIGNS if name in header]
        if len(found) < 2:
            return Refusal(f"no columns {', '.join(_SIGNS)} in the first sheet")
        return f"columns {', '.join(found)}"

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read the main sheet and put the rows of repeats where they belong."""
        name = source.names()[0]
        builder = LogBuilder(name, options.plan, "kobo", tz=options.tz, prefix=options.prefix)
        tables: dict[str, dict[str, Submission]] = {}
        for sheet, grid in enumerate(read_grids(source, name)):
            builder.add_findings(grid.findings)
            names, rows = records(grid, builder.mistakes)
            chosen = _option_columns(names, builder)
            table = tables[grid.name] = {}
            for number, row in enumerate(rows, start=1):
                index = row.get("_index") or str(number)
                uuid = row.get("_uuid") or row.get("_id") or f"row {row.where.row}"
                called = uuid if sheet == 0 else f"{grid.name}[{index}]"
                submission = Submission(row.where, called, _answers(row, chosen))
                table[index] = submission
                if sheet:
                    parent = tables.get(row.get("_parent_table_name"), {}).get(row.get("_parent_index"))
                    if parent is None:
                        named = f"{row.get('_parent_index')!r} of {row.get('_parent_table_name')!r}"
                        text = f"its parent, row {named}, is not there"
                        builder.mistakes.problem("no_parent", row.where, text)
                    else:
                        parent.repeats.setdefault(grid.name, []).append(submission)
        for submission in next(iter(tables.values()), {}).values():
            add_submission(builder, submission)
        return builder.build()


def _option_columns(names: list[str], builder: LogBuilder) -> dict[str, str]:
    """Return the columns that say of one answer of a question whether it was chosen, with the question."""
    found = {}
    for name in names:
        question, slash, _ = name.rpartition("/")
        known = builder.plan.items.get(leaf_of(question))
        several = known is not None and known.type == "multi"
        if slash and (question in names or several or question.endswith("_not_watched")):
            found[name] = question
    return found


def _answers(row: Record, options: dict[str, str]) -> dict[str, str]:
    """Return the answers of a row; those of a question that takes several are one, separated by blanks."""
    fields = {name: text for name, text in row.cells.items() if text and name not in options}
    chosen: dict[str, list[str]] = {}
    for name, question in options.items():
        if row.get(name).lower() in ("1", "yes", "true"):
            chosen.setdefault(question, []).append(leaf_of(name))
    return {**{question: " ".join(codes) for question, codes in chosen.items()}, **fields}


@fieldlog_importer(name="forms-json", version=1, title="KoboToolbox JSON, ODK OData JSON")
class FormsJson:
    """Submissions as JSON."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Look for a list of submissions."""
        names = source.names()
        if options.columns is not None or len(names) != 1 or not names[0].lower().endswith(".json"):
            return Refusal("no single JSON file")
        head = source.head(names[0], _HEAD).lstrip(b"\xef\xbb\xbf \r\n\t")
        if head[:1] not in (b"[", b"{"):
            return Refusal("no JSON")
        if head[:1] == b"{" and not any(f'"{one}"'.encode() in head for one in (*_LISTS, "_uuid", "__id")):
            return Refusal("no list of submissions (results, submissions or value)")
        found = _submissions(read_json(source, names[0]))
        return f"{len(found)} submissions" if found else Refusal("no submissions")

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read the submissions."""
        name = source.names()[0]
        found = _submissions(read_json(source, name))
        if not found:
            raise InputError(source.place(name), "there are no submissions in this file")
        odata = "__id" in found[0]
        builder = LogBuilder(
            name, options.plan, "odk" if odata else "kobo", tz=options.tz, prefix=options.prefix
        )
        for number, answers in enumerate(found, start=1):
            key = next(
                (answers[one] for one in ("__id", "_uuid", "meta/instanceID", "_id") if answers.get(one)),
                number,
            )
            add_submission(builder, nested(Cell(f"submission {number}"), str(key), answers))
        return builder.build()


def _submissions(data: Any) -> list[Mapping[str, Any]]:
    """Return the submissions of an export, whatever it is wrapped in."""
    wrapped = isinstance(data, Mapping) and {"submissions", "content"} <= set(data)
    if isinstance(data, Mapping):
        lists = [data[name] for name in _LISTS if isinstance(data.get(name), list)]
        data = lists[0] if lists else ([data] if {"_uuid", "__id"} & set(data) else [])
    if not isinstance(data, list):
        return []
    rows = [one for one in data if isinstance(one, Mapping)]
    return rows if wrapped or any(_looks_like_answers(one) for one in rows) else []


def _looks_like_answers(row: Mapping[str, Any]) -> bool:
    signs = ("_uuid", "_id", "__id", "_attachments", "meta/instanceID", "_submission_time", "__version__")
    return any(one in row for one in signs)
