"""Interviews: what participants said, and the texts in which it stands.

An import is one transaction. An interview that comes again unchanged is not stored twice; one that comes with
other answers is refused unless it is to be replaced, since coders may have worked on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gazestudy.errors import StudyDamagedError, StudyError, TableError
from gazestudy.model.interview import DOCUMENT_KINDS, Interviews, interview_table
from gazestudy.model.recording import Finding, SourceFile
from gazestudy.model.wording import in_short
from gazestudy.store.base import signed
from gazestudy.store.coding import (
    CodedAnswers,
    CodingShelf,
    answer_codes_of,
    code_book_of,
    codings_of,
    new_code,
    new_coding,
    put_answer_codes,
)
from gazestudy.store.fieldlogs import codes_for_names
from gazestudy.store.keys import jsonable
from gazestudy.store.participants import ParticipantShelf
from gazestudy.store.schema import ObserverPrivateRow, ObserverRow
from gazestudy.store.schema_interviews import (
    CodeRow,
    CodingRow,
    DocumentRow,
    InterviewAnswerRow,
    InterviewPrivateRow,
    InterviewRow,
    TranscriptMarkRow,
)
from gazestudy.store.stimuli import StimulusShelf, put_stimuli, stimuli_of

_HEAD = (
    "participant_id",
    "recording_id",
    "interviewer",
    "started_at",
    "walk_ended_at",
    "language",
    "protocol_id",
    "protocol_version",
    "source",
)
_ANSWER = ("stage", "item", "answer_no", "stimulus", "shown", "placement_id", "value")


@dataclass(frozen=True, slots=True)
class PersonalAnswer:
    """An answer that may tell who somebody is; it is in no usual export.

    Attributes
    ----------
    interview_id, item, value : str
        Of which interview, to what, and what.
    """

    interview_id: str
    item: str
    value: str


@dataclass(frozen=True, slots=True)
class InterviewIntake:
    """What became of an import.

    Attributes
    ----------
    added, changed, unchanged : tuple of str
        Interviews that are new, that were replaced, and that were known already.
    documents : tuple of str
        Texts that are new or were replaced.
    codes : CodedAnswers
        What became of codes of answers.
    codes_lost : int
        Codes of answers that are not there any more, or say something else now.
    codings : int
        Codes on texts and times that are new.
    stimuli : int
        Targets and foils that are new.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    codes: CodedAnswers = field(default_factory=CodedAnswers)
    codes_lost: int = 0
    codings: int = 0
    stimuli: int = 0

    @property
    def is_new(self) -> bool:
        """True if anything was added or changed."""
        counts = (self.codes.added, self.codes.changed, self.codings, self.stimuli)
        return bool(self.added or self.changed or self.documents or any(counts))


class _DryRun(Exception):
    """Leaves a transaction without keeping it."""


class InterviewShelf(CodingShelf, StimulusShelf, ParticipantShelf):
    """The interviews of a study with their texts."""

    def interviews(self) -> Interviews:
        """Return everything about interviews.

        Returns
        -------
        Interviews
            Tables that keep their contracts; answer codes and codings say who made them when as well.

        Raises
        ------
        StudyDamagedError
            If a stored value does not fit its table.
        """
        with self._database.reading() as session:
            try:
                return Interviews(
                    interviews=_heads_of(session),
                    interview_answers=_answers_of(session),
                    answer_codes=answer_codes_of(session),
                    code_book=code_book_of(session),
                    codings=codings_of(session),
                    documents=_documents_of(session),
                    transcript_marks=_marks_of(session),
                    stimuli=stimuli_of(session),
                    findings=_findings_of(session),
                ).check(str(self._path))
            except TableError as error:
                raise StudyDamagedError(f"{self._path}: {error}; run `gazestudy check`") from error

    def add_interviews(
        self,
        talks: Interviews,
        *,
        sources: Sequence[SourceFile] = (),
        private: Sequence[PersonalAnswer] = (),
        replace: bool = False,
        dry_run: bool = False,
        made_by: str | None = None,
        note: str = "",
    ) -> InterviewIntake:
        """Keep interviews, answers, texts, codes and pictures of a file, all or nothing.

        Parameters
        ----------
        talks : Interviews
            What was read. Participants are added where they are not there; documents may belong to interviews
            that the study has already.
        sources : sequence of SourceFile, optional
            The files it was read from, with their hashes.
        private : sequence of PersonalAnswer, optional
            Answers that go into a table of their own.
        replace : bool, default False
            Take the place of interviews and texts of the same id that say something else. Codes stay on
            answers that did not change.
        dry_run : bool, default False
            Say what would happen and change nothing; the study must be open for writing all the same.
        made_by : str, optional
            Who imports; None: the user of this computer.
        note : str, optional
            For people.

        Returns
        -------
        InterviewIntake
            What became of it.

        Raises
        ------
        StudyError
            If an interview or text of the same id says something else and `replace` is False, or a text to be
            replaced has codings.
        TableError
            If codes are about answers that are not there.
        """
        self._require_writing()
        done = InterviewIntake()
        try:
            with self._database.writing() as session:
                done = self._add_all(session, talks, sources, private, replace, signed(made_by, note))
                if dry_run:
                    raise _DryRun
        except _DryRun:
            pass
        return done

    def remove_interview(self, interview_id: str) -> None:
        """Forget an interview with its answers, codes and texts.

        Raises
        ------
        StudyError
            If there is none of that id.
        """
        self._require_writing()
        with self._database.writing() as session:
            session.delete(self._interview(session, interview_id))

    def set_recording_of(self, interview_id: str, recording_id: str) -> None:
        """Say which recording the walk of an interview is; empty for none.

        Raises
        ------
        StudyError
            If there is no such interview.
        """
        self._require_writing()
        with self._database.writing() as session:
            self._interview(session, interview_id).recording_id = recording_id

    def remove_document(self, document_id: str) -> None:
        """Forget a text with its marks and codings.

        Raises
        ------
        StudyError
            If there is none of that id.
        """
        self._require_writing()
        with self._database.writing() as session:
            session.delete(self._row(session, DocumentRow, document_id, "document"))

    def personal_answers(self) -> tuple[PersonalAnswer, ...]:
        """Return answers that may tell who somebody is; for no usual export."""
        with self._database.reading() as session:
            rows = session.scalars(select(InterviewPrivateRow).order_by(InterviewPrivateRow.id))
            return tuple(PersonalAnswer(row.interview_id, row.item, row.value) for row in rows)

    def interview_sources(self) -> dict[str, tuple[SourceFile, ...]]:
        """Return the files that each interview was read from."""
        with self._database.reading() as session:
            rows = session.scalars(select(InterviewRow).order_by(InterviewRow.position))
            return {row.id: tuple(SourceFile(**one) for one in row.sources) for row in rows}

    def _interview(self, session: Session, interview_id: str) -> InterviewRow:
        return self._row(session, InterviewRow, interview_id, "interview")

    def _add_all(
        self,
        session: Session,
        talks: Interviews,
        sources: Sequence[SourceFile],
        private: Sequence[PersonalAnswer],
        replace: bool,
        signature: Mapping[str, str],
    ) -> InterviewIntake:
        files = [asdict(one) for one in sources]
        talks = _with_codes(session, talks)
        stimuli = put_stimuli(session, talks.stimuli, signature)
        added, changed, unchanged, lost, clashes = [], [], [], 0, []
        answers = dict(list(talks.interview_answers.groupby("interview_id", sort=False)))
        for values in talks.interviews.to_dict("records"):
            name = values["interview_id"]
            said = _said(answers.get(name))
            told = [(one.item, one.value) for one in private if one.interview_id == name]
            there = session.get(InterviewRow, name)
            if there is None:
                self._add_talk(session, values, said, told, files, talks.findings, signature)
                added.append(name)
            elif _same(there, values, said, told):
                unchanged.append(name)
            elif not replace:
                clashes.append(f"{name!r} ({there.participant_id}, {len(there.answers)} answers there, now"
                               f" {values['participant_id']}, {len(said)} answers)")  # fmt: skip
            else:
                lost += self._replace_talk(session, there, values, said, told, files, signature)
                changed.append(name)
        if clashes:
            raise StudyError(
                f"{self._path}: interviews of these ids are there and say something else:"
                f" {in_short(clashes, between='; ')}. If they are others, give them a prefix (--prefix);"
                " if this corrects them, say --replace"
            )
        documents = self._add_documents(session, talks, replace, files, signature)
        _add_codes(session, talks.code_book, signature)
        codings = self._add_codings(session, talks.codings, signature)
        codes = put_answer_codes(session, talks.answer_codes, signature, any_placement=True)
        return InterviewIntake(
            tuple(added), tuple(changed), tuple(unchanged), documents, codes, lost, codings, stimuli
        )

    def _add_talk(
        self,
        session: Session,
        values: Mapping[Any, Any],
        said: list[dict[str, Any]],
        told: list[tuple[str, str]],
        files: list[dict[str, Any]],
        findings: Sequence[Finding],
        signature: Mapping[str, str],
    ) -> None:
        person = self._participant(session, values["participant_id"], "")
        session.flush()
        position = (session.scalar(select(func.max(InterviewRow.position))) or 0) + 1
        head = {name: values[name] for name in _HEAD} | {"participant_id": person.id}
        session.add(
            InterviewRow(
                id=values["interview_id"],
                position=position,
                **head,
                sources=jsonable(files),
                findings=[finding.to_dict() for finding in findings],
                answers=[InterviewAnswerRow(**one) for one in said],
                private=[InterviewPrivateRow(item=item, value=value) for item, value in told],
                **signature,
            )
        )
        session.flush()

    def _replace_talk(
        self,
        session: Session,
        row: InterviewRow,
        values: Mapping[Any, Any],
        said: list[dict[str, Any]],
        told: list[tuple[str, str]],
        files: list[dict[str, Any]],
        signature: Mapping[str, str],
    ) -> int:
        """Bring an interview to what a file says now; returns how many codes of answers went."""
        person = self._participant(session, values["participant_id"], "")
        session.flush()
        for name in _HEAD:
            setattr(row, name, person.id if name == "participant_id" else values[name])
        row.sources, row.private = (
            jsonable(files),
            [InterviewPrivateRow(item=item, value=value) for item, value in told],
        )
        for name, value in signature.items():
            setattr(row, name, value)
        old = {_place(one.item, one.stimulus, one.answer_no): one for one in row.answers}
        wanted = {_place(one["item"], one["stimulus"], one["answer_no"]): one for one in said}
        lost = 0
        for place, answer in old.items():
            now = wanted.get(place)
            if now is None or now["value"] != answer.value:
                lost += len(answer.codes)
                row.answers.remove(answer)
            else:
                for name in _ANSWER:
                    setattr(answer, name, now[name])
        session.flush()
        kept = {_place(one.item, one.stimulus, one.answer_no) for one in row.answers}
        row.answers += [InterviewAnswerRow(**one) for place, one in wanted.items() if place not in kept]
        session.flush()
        return lost

    def _add_documents(
        self,
        session: Session,
        talks: Interviews,
        replace: bool,
        files: list[dict[str, Any]],
        signature: Mapping[str, str],
    ) -> tuple[str, ...]:
        marks = {
            name: list(zip(rows["position"], rows["t_ns"], strict=True))
            for name, rows in talks.transcript_marks.groupby("document_id", sort=False)
        }
        done = []
        for values in talks.documents.to_dict("records"):
            name = values["document_id"]
            if values["interview_id"]:
                self._interview(session, values["interview_id"])
            times = [(int(position), int(t_ns)) for position, t_ns in marks.get(name, [])]
            there = session.get(DocumentRow, name)
            if there is not None:
                if (there.text, [(one.position, one.t_ns) for one in there.marks]) == (values["text"], times):
                    continue
                self._refuse_document(session, there, replace)
                session.delete(there)
                session.flush()
            row = DocumentRow(
                id=name,
                position=(session.scalar(select(func.max(DocumentRow.position))) or 0) + 1,
                interview_id=values["interview_id"] or None,
                name=values["name"],
                kind=values["kind"] if values["kind"] in DOCUMENT_KINDS else "notes",
                text=values["text"],
                sources=jsonable(files),
                marks=[TranscriptMarkRow(position=position, t_ns=t_ns) for position, t_ns in times],
                **signature,
            )
            session.add(row)
            session.flush()
            done.append(name)
        return tuple(done)

    def _refuse_document(self, session: Session, row: DocumentRow, replace: bool) -> None:
        codings = session.scalar(select(func.count()).where(CodingRow.document_id == row.id)) or 0
        if codings:
            raise StudyError(
                f"{self._path}: the text {row.id!r} has {codings} codings, which say where in it they are;"
                " import the new text under another name, or remove the codings first"
            )
        if not replace:
            raise StudyError(
                f"{self._path}: there is a text {row.id!r} that says something else; if this corrects it, say"
                " --replace"
            )

    def _add_codings(self, session: Session, table: pd.DataFrame, signature: Mapping[str, str]) -> int:
        known = set(session.scalars(select(CodingRow.id)))
        breaches, count = [], 0
        for number, values in enumerate(table.to_dict("records"), start=1):
            if values["coding_id"] and values["coding_id"] in known:
                continue
            try:
                new_coding(session, values, signature["made_by"])
                count += 1
            except ValueError as error:
                breaches.append(f"row {number}: {error}")
        if breaches:
            raise TableError("codings", breaches[:20])
        return count


def _with_codes(session: Session, talks: Interviews) -> Interviews:
    """Return the interviews with codes for interviewers who wrote something that may be a name."""
    heads = talks.interviews
    codes = codes_for_names(session, list(dict.fromkeys(heads["interviewer"])))
    for name, code in codes.items():
        session.merge(ObserverRow(id=code))
        session.flush()
        session.merge(ObserverPrivateRow(observer_id=code, name=name))
    session.flush()
    if not codes:
        return talks
    return talks.with_tables(
        interviews=heads.assign(interviewer=heads["interviewer"].replace(codes).astype("str"))
    )


def _said(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    if table is None:
        return []
    rows = table[list(_ANSWER)].to_dict("records")
    return [
        {str(key): value for key, value in row.items()} | {"answer_no": int(row["answer_no"])} for row in rows
    ]


def _place(item: str, stimulus: str, answer_no: int) -> tuple[str, str, int]:
    return item, stimulus, answer_no


def _same(
    row: InterviewRow, values: Mapping[Any, Any], said: list[dict[str, Any]], told: list[tuple[str, str]]
) -> bool:
    there = sorted(tuple(getattr(one, name) for name in _ANSWER) for one in row.answers)
    now = sorted(tuple(one[name] for name in _ANSWER) for one in said)
    kept = sorted((one.item, one.value) for one in row.private)
    return all(getattr(row, name) == values[name] for name in _HEAD) and there == now and kept == sorted(told)


def _add_codes(session: Session, table: pd.DataFrame, signature: Mapping[str, str]) -> None:
    """Add codes of a code book that are not there, those above before those below."""
    known = set(session.scalars(select(CodeRow.id)))
    waiting = [row for row in table.to_dict("records") if row["code_id"] not in known]
    while waiting:
        ready = [row for row in waiting if not row["parent_id"] or row["parent_id"] in known]
        if not ready:
            names = ", ".join(row["code_id"] for row in waiting[:5])
            raise StudyError(f"codes whose code above is not there, or is below them: {names}")
        for row in ready:
            new_code(session, {str(key): str(value) for key, value in row.items()}, signature)
            known.add(row["code_id"])
        waiting = [row for row in waiting if row["code_id"] not in known]


def _heads_of(session: Session) -> pd.DataFrame:
    rows = session.scalars(select(InterviewRow).order_by(InterviewRow.position))
    found = [{"interview_id": row.id} | {name: getattr(row, name) for name in _HEAD} for row in rows]
    return interview_table("interviews", found)


def _answers_of(session: Session) -> pd.DataFrame:
    query = (
        select(InterviewAnswerRow, InterviewRow.participant_id)
        .join(InterviewRow)
        .order_by(InterviewRow.position, InterviewAnswerRow.id)
    )
    found = [
        {"interview_id": row.interview_id, "participant_id": person}
        | {name: getattr(row, name) for name in _ANSWER}
        for row, person in session.execute(query)
    ]
    return interview_table("interview_answers", found)


def _documents_of(session: Session) -> pd.DataFrame:
    rows = session.scalars(select(DocumentRow).order_by(DocumentRow.position))
    found = [
        {
            "document_id": row.id, "interview_id": row.interview_id or "", "name": row.name,
            "kind": row.kind, "text": row.text,
        }
        for row in rows
    ]  # fmt: skip
    return interview_table("documents", found)


def _marks_of(session: Session) -> pd.DataFrame:
    order = (DocumentRow.position, TranscriptMarkRow.position, TranscriptMarkRow.id)
    rows = session.scalars(select(TranscriptMarkRow).join(DocumentRow).order_by(*order))
    found = [{"document_id": row.document_id, "position": row.position, "t_ns": row.t_ns} for row in rows]
    return interview_table("transcript_marks", found)


def _findings_of(session: Session) -> tuple[Finding, ...]:
    """Return what was doubtful at the imports, each once."""
    rows = session.scalars(select(InterviewRow).order_by(InterviewRow.position))
    found = [Finding(**finding) for row in rows for finding in row.findings]
    return tuple(dict.fromkeys(found))
