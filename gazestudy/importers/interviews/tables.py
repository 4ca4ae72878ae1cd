"""Tables of answers: long (one row per answer), wide (one row per person), and our own tables.

Our own tables are sheets of a workbook, or CSV files of a folder, named as in `INTERVIEW_CONTRACTS`. Any
table needs a column for the participant and either `item` and `value`, or one column for each question. A
question about a picture is `rec__ID`, or a row has the picture in a column `stimulus`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.entry_sheets import table_named
from gazestudy.importers.fieldlogs.grids import (
    BOOK_SUFFIXES,
    Grid,
    Record,
    read_grids,
    records,
)
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.fieldlogs.moments import number_of
from gazestudy.importers.interviews.answers import PERSONAL, item_of_column, plain
from gazestudy.importers.interviews.builder import InterviewBuilder, InterviewOptions, ReadInterviews
from gazestudy.importers.interviews.registry import interview_importer
from gazestudy.importers.interviews.texts import tidy_text
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.interview import INTERVIEW_CONTRACTS, QUESTION_BANK

_TEXTS = (".csv", ".tsv")
_NAMES = {
    "participant_id": ("participant_id", "participant", "participant id", "respondent_id", "respondent",
                       "pid", "subject", "case", "ผู้เข้าร่วม", "người tham gia", "参与者"),
    "interview_id": ("interview_id", "interview", "session_id"),
    "item": ("item", "question", "question_id"),
    "value": ("value", "answer", "response"),
    "stimulus": ("stimulus", "picture", "ad", "creative"),
    "coder": ("coder",),
    "code": ("code",),
}  # fmt: skip
_KEYS = frozenset(
    {name for table in ("interviews", "interview_answers", "answer_codes")
     for name in INTERVIEW_CONTRACTS[table].names} | {"tz", "coder", "code"}
)  # fmt: skip
_HEAD = frozenset(INTERVIEW_CONTRACTS["interviews"].names) | {"tz"}
_ESCAPED = re.compile(r"'+(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")
_WHOLE = re.compile(r"-?\d{1,18}(?:\.0+)?")


@interview_importer(name="tables", version=1, title="our own interview tables (CSV folder, XLSX)")
class OwnTables:
    """What `gazestudy interview export` writes, whole or changed in a spreadsheet."""

    def identify(self, source: Source, options: InterviewOptions) -> str | Refusal:
        """Look for a table named interviews or interview_answers, with its columns."""
        for grid in _own(source, rows=3):
            if _is_own(grid):
                return f"table {grid.name}"
        return Refusal("no table named interviews or interview_answers")

    def read(self, source: Source, options: InterviewOptions) -> ReadInterviews:
        """Read all tables, interviews first."""
        grids = list(_own(source))
        builder = InterviewBuilder(source.label, options, "table")
        tables = {grid.name: _without_marks(grid) for grid in grids}
        for name in ("interviews", "interview_answers", "answer_codes", "documents", "transcript_marks"):
            if name in tables:
                builder.add_findings(tables[name].findings)
                _OWN[name](builder, records(tables[name], builder.mistakes)[1])
        for name in ("code_book", "stimuli", "codings"):
            if name in tables:
                builder.add_findings(tables[name].findings)
                _plain_rows(builder, name, records(tables[name], builder.mistakes)[1])
        return builder.build()


@interview_importer(name="answers", version=1, title="plain tables of answers, long or wide (CSV, XLSX)")
class AnswerTable:
    """Any table with a participant column and questions of the question bank or the protocol."""

    def identify(self, source: Source, options: InterviewOptions) -> str | Refusal:
        """Look for a participant, and for item and value, or for known questions as columns."""
        names = source.names()
        if len(names) != 1 or not names[0].lower().endswith((*_TEXTS, *BOOK_SUFFIXES)):
            return Refusal("not one CSV or XLSX file")
        if any(_is_own(grid) for grid in _own(source, rows=3)):
            return Refusal("our own tables")
        reasons = []
        for grid in read_grids(source, names[0], rows=40):
            if table_named(grid.name) == "sessions":
                return Refusal("entry sheets of a form")
            header = _header_of(grid, options)
            if header is None:
                continue
            meant = _meanings(grid.rows[header][1], options)
            if {"_uuid", "_id"} & set(meant.values()) or {"KEY", "SubmissionDate"} <= set(meant.values()):
                return Refusal("submissions of a form")
            reasons.append(", ".join(_known(meant.values(), options)[:4]))
        if reasons:
            return f"columns {reasons[0]}"
        return Refusal("no column participant_id with item and value, or with known questions")

    def read(self, source: Source, options: InterviewOptions) -> ReadInterviews:
        """Read every sheet that has a participant and questions."""
        name = source.names()[0]
        builder = InterviewBuilder(name, options, "table")
        read = 0
        for grid in read_grids(source, name):
            header = _header_of(grid, options)
            if header is None:
                continue
            read += 1
            builder.add_findings(grid.findings)
            columns, rows = records(grid, builder.mistakes, header=header)
            _read_table(builder, _meanings(columns, options), rows)
        if not read:
            raise InputError(
                source.place(name), "there is no table of answers", expected="a column participant_id"
            )
        if not builder.rows["interviews"] and not any(
            one.severity == "problem" for one in builder.mistakes.findings()
        ):
            raise InputError(
                source.place(name), "there is no answer in this table", advice="Is it filled in?"
            )
        return builder.build()


def _without_marks(grid: Grid) -> Grid:
    """Take away the apostrophe that keeps spreadsheets from running a text as a formula."""
    rows = [
        (number, [cell[1:] if _ESCAPED.match(cell) else cell for cell in cells])
        for number, cells in grid.rows
    ]
    return Grid(grid.name, rows, grid.findings, grid.cut)


def _is_own(grid: Grid) -> bool:
    names = set(grid.rows[0][1]) if grid.rows else set()
    return grid.name in ("interviews", "interview_answers") and {"interview_id", "participant_id"} <= names


def _own(source: Source, rows: int | None = None) -> Iterable[Grid]:
    """Yield the tables that are named like ours."""
    names = source.names()
    if len(names) == 1 and names[0].lower().endswith(BOOK_SUFFIXES):
        wanted = [names[0]]
    else:
        wanted = [
            name
            for name in names
            if name.lower().endswith(_TEXTS) and PurePosixPath(name).stem.lower() in INTERVIEW_CONTRACTS
        ]
    for name in wanted:
        if source.size_bytes(name) == 0:
            continue
        for grid in read_grids(source, name) if rows is None else read_grids(source, name, rows=rows):
            title = grid.name.strip().lower()
            if title in INTERVIEW_CONTRACTS:
                yield Grid(title, grid.rows, grid.findings, grid.cut)


def _header_of(grid: Grid, options: InterviewOptions) -> int | None:
    """Return which of the first rows names the participant and a question, None if none does."""
    for number, (_, cells) in enumerate(grid.rows[:40]):
        meant = set(_meanings(cells, options).values())
        person = "participant_id" in meant or bool(options.participant)
        if person and ({"item", "value"} <= meant or {"item", "code"} <= meant or _known(meant, options)):
            return number
    return None


def _known(names: Iterable[str], options: InterviewOptions) -> list[str]:
    """Return the names that are known questions."""
    known = {*QUESTION_BANK, *options.plan.items}
    known |= {item_of_column(meaning)[0] for meaning in options.columns.values()}
    return [name for name in names if item_of_column(name)[0] in known and name not in _KEYS]


def _meanings(columns: list[str], options: InterviewOptions) -> dict[str, str]:
    """Return what each column means: a key of ours, or a question."""
    spelled = {key: key for key in _KEYS} | {
        plain(word): key for key, words in _NAMES.items() for word in words
    }
    given = {plain(name): meaning for name, meaning in options.columns.items()}
    found: dict[str, str] = {}
    for column in columns:
        meaning = given.get(plain(column)) or spelled.get(plain(column)) or column.strip()
        if meaning in found.values() and meaning in _KEYS:
            meaning = column.strip()
        found[column] = meaning
    return found


def _read_table(builder: InterviewBuilder, meant: dict[str, str], rows: list[Record]) -> None:
    at = {meaning: column for column, meaning in meant.items() if meaning in _KEYS}
    questions = [
        (column, *item_of_column(meaning)) for column, meaning in meant.items() if meaning not in _KEYS
    ]
    long = "item" in at and ("value" in at or "code" in at)
    for row in rows:
        cells = {name: row.get(column) for name, column in at.items()}
        if not any(row.get(column) for column in row.cells):
            continue
        talk = builder.talk(
            cells.get("interview_id", ""), cells.get("participant_id", ""), row.where,
            {name: text for name, text in cells.items() if name in _HEAD},
        )  # fmt: skip
        if not talk:
            continue
        about = {name: cells.get(name, "") for name in ("stimulus", "shown", "placement_id", "stage")}
        if long:
            _long_row(builder, talk, row, cells, about, row.where.at(at.get("value", at.get("code", ""))))
        for column, item, stimulus in questions:
            text = row.get(column)
            if not text or (long and item not in QUESTION_BANK and plain(item) not in PERSONAL):
                continue
            own = {**about, "stimulus": stimulus or about["stimulus"], "stage": ""}
            question = QUESTION_BANK.get(item)
            if question is not None and question.about == "walk":
                own = {"stimulus": ""}
            builder.answer(talk, row.at(column), item, text, answer_no=None, **own)


def _long_row(
    builder: InterviewBuilder,
    talk: str,
    row: Record,
    cells: dict[str, str],
    about: dict[str, str],
    where: Cell,
) -> None:
    number = _number(builder, row, cells.get("answer_no", ""))
    if cells.get("value"):
        builder.answer(talk, where, cells["item"], cells["value"], answer_no=number, **about)
    if cells.get("code"):
        builder.code(
            talk, row.at("code"), cells["item"], cells["code"], stimulus=about["stimulus"],
            answer_no=number or 0, placement_id=about["placement_id"] if "value" not in cells else "",
            coder=cells.get("coder", "") or builder.options.coder,
        )  # fmt: skip


def _number(builder: InterviewBuilder, row: Record, text: str) -> int | None:
    if not text:
        return None
    value = number_of(text)
    if value is None or value != int(value) or not 0 <= value < 10_000:
        builder.mistakes.problem("no_number", row.at("answer_no"), f"{text[:40]!r} is no number of an answer")
        return None
    return int(value)


def _own_interviews(builder: InterviewBuilder, rows: list[Record]) -> None:
    for row in rows:
        builder.talk(row.get("interview_id"), row.get("participant_id"), row.where, row.cells)


def _own_answers(builder: InterviewBuilder, rows: list[Record]) -> None:
    for row in rows:
        talk = builder.talk(row.get("interview_id"), row.get("participant_id"), row.where, {})
        builder.answer(
            talk, row.at("value"), row.get("item"), row.get("value"), stimulus=row.get("stimulus"),
            shown=row.get("shown"), placement_id=row.get("placement_id"), stage=row.get("stage"),
            answer_no=_number(builder, row, row.get("answer_no") or "0"),
        )  # fmt: skip


def _own_codes(builder: InterviewBuilder, rows: list[Record]) -> None:
    for row in rows:
        builder.code(
            builder.options.prefix + row.get("interview_id"), row.where, row.get("item"), row.get("code"),
            coder=row.get("coder"), stimulus=row.get("stimulus"), placement_id=row.get("placement_id"),
            answer_no=_number(builder, row, row.get("answer_no")) or 0,
        )  # fmt: skip


def _own_documents(builder: InterviewBuilder, rows: list[Record]) -> None:
    kinds = next(
        column.categories for column in INTERVIEW_CONTRACTS["documents"].columns if column.name == "kind"
    )
    for row in rows:
        kind = row.get("kind") or "notes"
        if kind not in kinds or not row.get("document_id"):
            text = f"a document needs a document_id and a kind of {', '.join(kinds)}"
            builder.mistakes.problem("no_document", row.where, text)
            continue
        talk, prefix = row.get("interview_id"), builder.options.prefix
        builder.document(
            prefix + row.get("document_id"),
            row.where,
            interview_id=prefix + talk if talk else "",
            name=row.get("name"),
            kind=kind,
            text=tidy_text(row.get("text")),
        )


def _own_marks(builder: InterviewBuilder, rows: list[Record]) -> None:
    lengths = {one["document_id"]: len(one["text"]) for one in builder.rows["documents"]}
    for row in rows:
        document = builder.options.prefix + row.get("document_id")
        position, t_ns = row.get("position"), row.get("t_ns")
        if document not in lengths or not _WHOLE.fullmatch(position) or not _WHOLE.fullmatch(t_ns):
            builder.mistakes.problem(
                "no_mark", row.where, "a mark needs a document, a position and a time (ns)"
            )
        elif not 0 <= _whole(position) <= lengths[document]:
            builder.mistakes.problem("no_mark", row.at("position"), "the position is outside of the text")
        else:
            builder.rows["transcript_marks"].append(
                {"document_id": document, "position": _whole(position), "t_ns": _whole(t_ns)}
            )


_INTEGERS = ("start_char", "end_char", "start_ns", "end_ns")


def _plain_rows(builder: InterviewBuilder, table: str, rows: list[Record]) -> None:
    """Add rows of a table as they are; the store checks what they refer to."""
    names = INTERVIEW_CONTRACTS[table].names
    for row in rows:
        values: dict[str, object] = {name: row.get(name) for name in names}
        wrong = [
            name
            for name in _INTEGERS
            if name in values and row.get(name) and not _WHOLE.fullmatch(row.get(name))
        ]
        if wrong or not row.get(names[0]):
            text = f"{', '.join(wrong) or names[0]} is missing or no whole number"
            builder.mistakes.problem("no_row", row.where, text)
            continue
        for name in _INTEGERS:
            if name in values:
                values[name] = _whole(row.get(name) or "-1")
        if table == "stimuli" and row.get("shown") not in ("target", "foil"):
            builder.mistakes.problem("shown", row.at("shown"), "a picture is a target or a foil")
            continue
        builder.rows[table].append(values)


def _whole(text: str) -> int:
    return int(text.partition(".")[0])


_OWN = {
    "interviews": _own_interviews,
    "interview_answers": _own_answers,
    "answer_codes": _own_codes,
    "documents": _own_documents,
    "transcript_marks": _own_marks,
}
