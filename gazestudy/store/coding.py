"""What coders make of interviews: the code book, codes on texts and times, and codes of answers.

Each edit is one transaction and says who made it and when. Coders work apart: a coder's codes are rows of
their own and never change another's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gazestudy.errors import ParameterError, StudyError, TableError
from gazestudy.model.interview import (
    ATTRIBUTION_CODES,
    COMPREHENSION_CODES,
    RECALL_CODES,
    STARTER_CODES,
    interview_table,
)
from gazestudy.store.base import StudyBase, signed, slug
from gazestudy.store.schema import PlacementRow, RecordingRow
from gazestudy.store.schema_interviews import (
    AnswerCodeRow,
    CodeRow,
    CodingRow,
    DocumentRow,
    InterviewAnswerRow,
    InterviewRow,
)

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_USUAL_COLOR = "#808080"
_SHOWN = 20
_LONGEST_NAME = 200

CODES_OF_ITEMS: dict[str, tuple[str, ...]] = {
    "ur_any": tuple(RECALL_CODES),
    "ar_cat": tuple(dict.fromkeys((*RECALL_CODES, *ATTRIBUTION_CODES))),
    "attr": tuple(ATTRIBUTION_CODES),
    "comp": tuple(COMPREHENSION_CODES),
}
"""Which codes an answer of an item may have; answers of other items take any."""


@dataclass(frozen=True, slots=True)
class CodedAnswers:
    """What became of a table of codes: how many answers have new, other, and the same codes of a coder."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class CodingShelf(StudyBase):
    """The code book of a study, its codings, and the codes of answers."""

    def code_book(self) -> pd.DataFrame:
        """Return the code book in its order; keeps `CODE_BOOK`."""
        with self._database.reading() as session:
            return code_book_of(session)

    def add_code(
        self,
        name: str,
        *,
        code_id: str = "",
        parent_id: str = "",
        color: str = _USUAL_COLOR,
        description: str = "",
        made_by: str | None = None,
        note: str = "",
    ) -> str:
        """Add a code to the code book.

        Parameters
        ----------
        name : str
            Its name, in any script.
        code_id : str, optional
            Its id; made from the name if empty.
        parent_id : str, optional
            The code above it.
        color : str, optional
            #RRGGBB.
        description : str, optional
            When it is given.
        made_by : str, optional
            Who adds it; None: the user of this computer.
        note : str, optional
            For people.

        Returns
        -------
        str
            Its id.

        Raises
        ------
        ParameterError
            If name or colour make no sense.
        StudyError
            If there is a code of that id or name, or no such parent.
        """
        self._require_writing()
        with self._database.writing() as session:
            values = {"code_id": code_id, "name": name, "parent_id": parent_id, "color": color}
            row = new_code(session, {**values, "description": description}, signed(made_by, note))
            return row.id

    def add_starter_codes(self, *, made_by: str | None = None) -> int:
        """Add the codes that a new code book begins with, as far as they are not there; returns how many."""
        self._require_writing()
        with self._database.writing() as session:
            ids, names = set(session.scalars(select(CodeRow.id))), set(session.scalars(select(CodeRow.name)))
            wanted = [one for one in STARTER_CODES if one.code_id not in ids and one.name not in names]
            for one in wanted:
                values = {"code_id": one.code_id, "name": one.name, "color": one.color}
                new_code(session, {**values, "description": one.description}, signed(made_by, ""))
            return len(wanted)

    def change_code(
        self,
        code_id: str,
        *,
        name: str | None = None,
        parent_id: str | None = None,
        color: str | None = None,
        description: str | None = None,
        made_by: str | None = None,
    ) -> None:
        """Change a code; what is None stays as it is.

        Raises
        ------
        StudyError
            If there is no such code, another has the name, or the parent is the code itself or below it.
        """
        self._require_writing()
        with self._database.writing() as session:
            row = self._row(session, CodeRow, code_id, "code")
            if name is not None and name != row.name:
                row.name = _free_name(session, name)
            if parent_id is not None:
                row.parent_id = self._parent(session, row, parent_id)
            if color is not None:
                row.color = _color(color)
            row.description = row.description if description is None else description
            row.made_by, row.made_utc = _who_when(made_by)

    def remove_code(self, code_id: str) -> None:
        """Forget a code that is not in use.

        Raises
        ------
        StudyError
            If there is no such code, codings have it, or codes are below it.
        """
        self._require_writing()
        with self._database.writing() as session:
            row = self._row(session, CodeRow, code_id, "code")
            used = session.scalar(select(func.count()).where(CodingRow.code_id == code_id)) or 0
            below = session.scalar(select(func.count()).where(CodeRow.parent_id == code_id)) or 0
            if used or below:
                raise StudyError(
                    f"{self._path}: code {row.name!r} has {used} codings and {below} codes below it;"
                    " remove or move those first"
                )
            session.delete(row)

    def codings(self) -> pd.DataFrame:
        """Return all codings; keeps `CODINGS`, and says who made them when (made_by, made_utc)."""
        with self._database.reading() as session:
            return codings_of(session)

    def add_coding(
        self,
        code_id: str,
        coder: str,
        *,
        document_id: str = "",
        start_char: int = -1,
        end_char: int = -1,
        recording_id: str = "",
        start_ns: int = -1,
        end_ns: int = -1,
        interview_id: str = "",
        placement_id: str = "",
        memo: str = "",
        coding_id: str = "",
        made_by: str | None = None,
    ) -> str:
        """Put a code on a span of text, on a stretch of time, or on both.

        Parameters
        ----------
        code_id, coder : str
            Which code, and who gives it.
        document_id, start_char, end_char
            A text and the span in it, code points, end exclusive.
        recording_id, start_ns, end_ns
            A recording and the stretch in it, on its clock, ns.
        interview_id : str, optional
            Which interview; that of the document where there is one.
        placement_id : str, optional
            What it is about.
        memo : str, optional
            Remark.
        coding_id : str, optional
            Its id; a new one if empty.
        made_by : str, optional
            Who adds it; None: the user of this computer.

        Returns
        -------
        str
            Its id.

        Raises
        ------
        StudyError
            If a code, text, recording, interview or placement is not there, the span is none of the text, or
            there is neither text nor time.
        """
        values = {
            "coding_id": coding_id, "code_id": code_id, "coder": coder, "document_id": document_id,
            "start_char": start_char, "end_char": end_char, "recording_id": recording_id,
            "start_ns": start_ns, "end_ns": end_ns, "interview_id": interview_id,
            "placement_id": placement_id, "memo": memo,
        }  # fmt: skip
        self._require_writing()
        with self._database.writing() as session:
            if recording_id:
                self._row(session, RecordingRow, recording_id, "recording")
            if placement_id:
                self._row(session, PlacementRow, placement_id, "placement")
            try:
                return new_coding(session, values, made_by).id
            except ValueError as error:
                raise StudyError(f"{self._path}: {error}") from error

    def remove_coding(self, coding_id: str) -> None:
        """Forget a coding.

        Raises
        ------
        StudyError
            If there is none of that id.
        """
        self._require_writing()
        with self._database.writing() as session:
            session.delete(self._row(session, CodingRow, coding_id, "coding"))

    def answer_codes(self, coder: str | None = None) -> pd.DataFrame:
        """Return codes of answers, of all coders or one; keeps `ANSWER_CODES`, with made_by and made_utc."""
        with self._database.reading() as session:
            return answer_codes_of(session, coder)

    def coders(self) -> tuple[str, ...]:
        """Return the codes of those who coded answers, texts or times."""
        with self._database.reading() as session:
            names = {*session.scalars(select(AnswerCodeRow.coder)), *session.scalars(select(CodingRow.coder))}
        return tuple(sorted(names))

    def code_answers(self, codes: Any, *, made_by: str | None = None, note: str = "") -> CodedAnswers:
        """Keep what coders make of answers; a coder's earlier codes of an answer are replaced.

        Parameters
        ----------
        codes : DataFrame, or what DataFrame() takes
            Rows of `ANSWER_CODES`, several for an answer that names several things. A row with an empty code
            and no other takes the coder's codes of that answer away.
        made_by : str, optional
            Who adds them; None: the user of this computer.
        note : str, optional
            For people.

        Returns
        -------
        CodedAnswers
            What became of them.

        Raises
        ------
        TableError
            With every row that is about no answer, has no coder, an unknown code or an unknown placement;
            then nothing was changed.
        """
        table = interview_table("answer_codes", codes)
        self._require_writing()
        with self._database.writing() as session:
            return put_answer_codes(session, table, signed(made_by, note))

    def _parent(self, session: Session, row: CodeRow, parent_id: str) -> str | None:
        if not parent_id:
            return None
        above: str | None = self._row(session, CodeRow, parent_id, "code").id
        while above is not None:
            if above == row.id:
                raise StudyError(f"{self._path}: {parent_id!r} is {row.id!r} itself, or below it")
            above = self._row(session, CodeRow, above, "code").parent_id
        return parent_id


def code_book_of(session: Session) -> pd.DataFrame:
    """Return the code book as a table."""
    rows = session.scalars(select(CodeRow).order_by(CodeRow.position, CodeRow.id))
    return interview_table(
        "code_book",
        [
            {
                "code_id": row.id, "name": row.name, "parent_id": row.parent_id or "", "color": row.color,
                "description": row.description,
            }
            for row in rows
        ],
    )  # fmt: skip


def codings_of(session: Session) -> pd.DataFrame:
    """Return all codings as a table, in the order of texts and times."""
    order = (CodingRow.interview_id, CodingRow.document_id, CodingRow.start_char, CodingRow.start_ns)
    found = [
        {
            "coding_id": row.id, "code_id": row.code_id, "coder": row.coder,
            "interview_id": row.interview_id or "", "document_id": row.document_id or "",
            "start_char": row.start_char, "end_char": row.end_char, "recording_id": row.recording_id,
            "start_ns": row.start_ns, "end_ns": row.end_ns, "placement_id": row.placement_id,
            "memo": row.note, "made_by": row.made_by, "made_utc": row.made_utc,
        }
        for row in session.scalars(select(CodingRow).order_by(*order, CodingRow.id))
    ]  # fmt: skip
    return interview_table("codings", found)


def answer_codes_of(session: Session, coder: str | None = None) -> pd.DataFrame:
    """Return the codes of answers as a table, in the order of the answers."""
    query = select(InterviewAnswerRow, AnswerCodeRow).join(InterviewAnswerRow.codes)
    if coder is not None:
        query = query.where(AnswerCodeRow.coder == coder)
    query = query.order_by(InterviewAnswerRow.id, AnswerCodeRow.coder)
    found = [
        {
            "interview_id": answer.interview_id, "item": answer.item, "answer_no": answer.answer_no,
            "stimulus": answer.stimulus, "coder": row.coder, "placement_id": row.placement_id,
            "code": row.code, "made_by": row.made_by, "made_utc": row.made_utc,
        }
        for answer, row in session.execute(query)
    ]  # fmt: skip
    return interview_table("answer_codes", found)


def new_code(session: Session, values: Mapping[str, str], signature: Mapping[str, str]) -> CodeRow:
    """Add a row of the code book; see `CodingShelf.add_code`."""
    name = _free_name(session, values["name"])
    code_id = values.get("code_id", "") or slug(name, "code").replace("-", "_")
    if not values.get("code_id"):
        code_id = _free_id(session, code_id)
    if session.get(CodeRow, code_id) is not None:
        raise StudyError(f"there is a code {code_id!r} already; change it, or choose another id")
    parent_id = values.get("parent_id", "")
    if parent_id and session.get(CodeRow, parent_id) is None:
        raise StudyError(f"there is no code {parent_id!r} to put {name!r} under")
    row = CodeRow(
        id=code_id,
        position=(session.scalar(select(func.max(CodeRow.position))) or 0) + 1,
        name=name,
        parent_id=parent_id or None,
        color=_color(values.get("color") or _USUAL_COLOR),
        description=values.get("description", ""),
        **signature,
    )
    session.add(row)
    session.flush()
    return row


def _free_name(session: Session, name: str) -> str:
    tidy = unicodedata.normalize("NFC", " ".join(name.split()))
    if not tidy or len(tidy) > _LONGEST_NAME or not tidy.isprintable():
        raise ParameterError(
            "name of a code", name, f"some printable text of at most {_LONGEST_NAME} characters"
        )
    other = session.scalar(select(CodeRow).where(func.lower(CodeRow.name) == tidy.lower()))
    if other is not None:
        raise StudyError(f"there is a code named {other.name!r} already ({other.id}); give it, or rename it")
    return tidy


def _free_id(session: Session, wanted: str) -> str:
    code_id, number = wanted, 1
    while session.get(CodeRow, code_id) is not None:
        number += 1
        code_id = f"{wanted}_{number}"
    return code_id


def _color(text: str) -> str:
    if _COLOR.fullmatch(text) is None:
        raise ParameterError("color", text, "#RRGGBB, such as #1F77B4")
    return text.upper()


def _who_when(made_by: str | None) -> tuple[str, str]:
    signature = signed(made_by, "")
    return signature["made_by"], signature["made_utc"]


def new_coding(session: Session, values: Mapping[Any, Any], made_by: str | None) -> CodingRow:
    """Add a coding; see `CodingShelf.add_coding`. Recordings and placements are not asked for.

    Raises
    ------
    ValueError
        With what is wrong about it.
    """
    if session.get(CodeRow, values["code_id"]) is None:
        raise ValueError(f"there is no code {values['code_id']!r} in the code book")
    if not str(values["coder"]).strip():
        raise ValueError("a coding needs a coder")
    interview_id = values["interview_id"]
    if values["document_id"]:
        document = session.get(DocumentRow, values["document_id"])
        if document is None:
            raise ValueError(f"there is no document {values['document_id']!r}")
        start, end = int(values["start_char"]), int(values["end_char"])
        if not 0 <= start < end <= len(document.text):
            raise ValueError(
                f"characters {start} to {end} are no span of {document.name!r}, which has"
                f" {len(document.text)}"
            )
        interview_id = document.interview_id or interview_id
    elif not values["recording_id"]:
        raise ValueError("a coding needs a document or a recording")
    if values["recording_id"] and int(values["end_ns"]) < int(values["start_ns"]):
        raise ValueError("the time ends before it starts")
    if interview_id and session.get(InterviewRow, interview_id) is None:
        raise ValueError(f"there is no interview {interview_id!r}")
    coding_id = values["coding_id"] or str(uuid4())
    if session.get(CodingRow, coding_id) is not None:
        raise ValueError(f"there is a coding {coding_id!r} already")
    has_text, has_time = bool(values["document_id"]), bool(values["recording_id"])
    row = CodingRow(
        id=coding_id,
        code_id=values["code_id"],
        coder=str(values["coder"]).strip(),
        interview_id=interview_id or None,
        document_id=values["document_id"] or None,
        start_char=int(values["start_char"]) if has_text else -1,
        end_char=int(values["end_char"]) if has_text else -1,
        recording_id=values["recording_id"],
        start_ns=int(values["start_ns"]) if has_time else -1,
        end_ns=int(values["end_ns"]) if has_time else -1,
        placement_id=values["placement_id"],
        **signed(made_by, values["memo"]),
    )
    session.add(row)
    session.flush()
    return row


def put_answer_codes(
    session: Session, table: pd.DataFrame, signature: Mapping[str, str], *, any_placement: bool = False
) -> CodedAnswers:
    """Keep codes of answers; see `CodingShelf.code_answers`. Imports may come before the placements."""
    answers = {
        (row.interview_id, row.item, row.answer_no, row.stimulus): row
        for row in session.scalars(select(InterviewAnswerRow))
    }
    placements = set(session.scalars(select(PlacementRow.id)))
    placements |= set(table["placement_id"]) if any_placement else set()
    breaches: list[str] = []
    wanted: dict[tuple[int, str], set[tuple[str, str]]] = {}
    for number, values in enumerate(table.to_dict("records"), start=1):
        key = (values["interview_id"], values["item"], int(values["answer_no"]), values["stimulus"])
        answer = answers.get(key)
        problem = _code_problem(values, answer, placements)
        if problem or answer is None:
            breaches.append(f"row {number} ({', '.join(map(str, key))}): {problem}")
            continue
        codes = wanted.setdefault((answer.id, values["coder"].strip()), set())
        codes |= {(values["code"], values["placement_id"])} if values["code"] else set()
    if breaches:
        rest = [f"and {len(breaches) - _SHOWN} more"] if len(breaches) > _SHOWN else []
        raise TableError("answer codes", [*breaches[:_SHOWN], *rest])
    done = [_put_codes(session, *whose, codes, signature) for whose, codes in wanted.items()]
    return CodedAnswers(done.count("added"), done.count("changed"), done.count("unchanged"))


def _code_problem(values: Mapping[Any, Any], answer: InterviewAnswerRow | None, placements: set[str]) -> str:
    if answer is None:
        return "there is no such answer"
    if not values["coder"].strip():
        return "the coder is missing"
    if values["placement_id"] and values["placement_id"] not in placements:
        return f"there is no placement {values['placement_id']!r}"
    allowed = CODES_OF_ITEMS.get(values["item"])
    if values["code"] and allowed and values["code"] not in allowed:
        return f"code {values['code']!r} is none of {', '.join(allowed)}"
    return ""


def _put_codes(
    session: Session, answer_id: int, coder: str, codes: set[tuple[str, str]], signature: Mapping[str, str]
) -> str:
    """Bring the codes of an answer by a coder to those that are wanted."""
    query = select(AnswerCodeRow).where(AnswerCodeRow.answer_id == answer_id, AnswerCodeRow.coder == coder)
    there = {(row.code, row.placement_id): row for row in session.scalars(query)}
    for what, row in there.items():
        if what not in codes:
            session.delete(row)
    session.flush()
    for code, placement_id in sorted(codes - set(there)):
        session.add(
            AnswerCodeRow(answer_id=answer_id, coder=coder, placement_id=placement_id, code=code, **signature)
        )
    session.flush()
    if codes == set(there):
        return "unchanged"
    return "changed" if there else "added"
