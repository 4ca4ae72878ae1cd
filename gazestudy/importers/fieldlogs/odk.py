"""ODK Central: the CSV zip (or its folder), and submissions as OData JSON.

`<form>.csv` has one row for each submission with `KEY`; each repeat is `<form>-<repeat>.csv` with
`PARENT_KEY` and `KEY` (`uuid/rounds[1]`). Groups are joined by "-"; audit logs and pictures lie beside.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from gazestudy.importers.fieldlogs.builder import LogBuilder
from gazestudy.importers.fieldlogs.grids import Record, read_grids, records
from gazestudy.importers.fieldlogs.registry import FieldOptions, fieldlog_importer
from gazestudy.importers.fieldlogs.submissions import Submission, add_submission, dashed_path
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import FieldLog

_AUDIT = re.compile(r".* - audit\.csv|audit\.csv")


@fieldlog_importer(name="odk", version=1, title="ODK Central: CSV zip or folder")
class OdkCentral:
    """The CSV files of one form."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Look for a table with KEY and SubmissionDate."""
        names = [
            name for name in source.names() if name.lower().endswith(".csv") and not _AUDIT.fullmatch(name)
        ]
        if options.columns is not None or not names:
            return Refusal("no CSV files")
        roots = _roots(source, names)
        if not roots:
            return Refusal("no CSV file with the columns KEY and SubmissionDate")
        return f"{roots[0]} with KEY and SubmissionDate"

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read the submissions of all forms there, with their repeats."""
        names = [
            name for name in source.names() if name.lower().endswith(".csv") and not _AUDIT.fullmatch(name)
        ]
        label = source.label if len(source.names()) > 1 else names[0]
        builder = LogBuilder(label, options.plan, "odk", tz=options.tz, prefix=options.prefix)
        for root in _roots(source, names):
            form = PurePosixPath(root).stem
            known: dict[str, Submission] = {}
            tops: list[Submission] = []
            repeats = [name for name in names if name.startswith(f"{form}-")]
            # parents before children: a child's key begins with that of its parent
            for name in [root, *repeats]:
                for submission in _table(source, name, builder):
                    known[_key(submission)] = submission
                    if name == root:
                        tops.append(submission)
            for name, row in ((one.name, one) for key, one in known.items() if one not in tops):
                parent = known.get(row.fields.get("PARENT_KEY", ""))
                if parent is None:
                    text = f"its parent {row.fields.get('PARENT_KEY', '')[:60]!r} is not there"
                    builder.mistakes.problem("no_parent", row.where.at("PARENT_KEY"), text)
                else:
                    parent.repeats.setdefault(name.partition("[")[0], []).append(row)
            for submission in tops:
                add_submission(builder, submission)
        return builder.build()


def _roots(source: Source, names: list[str]) -> list[str]:
    found = []
    for name in names:
        if source.size_bytes(name) == 0:
            continue
        grid = read_grids(source, name, rows=2)[0]
        header = grid.rows[0][1] if grid.rows else []
        if {"KEY", "SubmissionDate"} <= set(header):
            found.append(name)
    return found


def _table(source: Source, name: str, builder: LogBuilder) -> list[Submission]:
    if source.size_bytes(name) == 0:
        return []
    grid = read_grids(source, name)[0]
    builder.add_findings(grid.findings)
    _, rows = records(grid, builder.mistakes)
    return [_submission(row) for row in rows]


def _submission(row: Record) -> Submission:
    key = row.get("KEY")
    fields: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for header, text in row.cells.items():
        path, slash, code = header.partition("/")
        if slash:  # one column for each answer of a question that takes several
            if text in ("1", "1.0", "yes", "True"):
                several.setdefault(dashed_path(path), []).append(code)
        else:
            fields[dashed_path(header) if header not in ("KEY", "PARENT_KEY") else header] = text
    for path, codes in several.items():
        if not fields.get(path):
            fields[path] = " ".join(codes)
    return Submission(row.where, key.rpartition("/")[2] or key, fields)


def _key(submission: Submission) -> str:
    return submission.fields.get("KEY", "")
