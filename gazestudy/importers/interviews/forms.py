"""Interviews held on our forms: submissions of ODK and Kobo, the phone page, entry sheets.

They are field logs whose answers are those of a participant, read by the readers of field logs. The same
turns answers that a study has in its field logs already into interviews, so that nothing is asked for twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from gazestudy.importers.fieldlogs import FieldOptions
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.fieldlogs.registry import readers_of_forms
from gazestudy.importers.interviews.answers import plain
from gazestudy.importers.interviews.builder import InterviewBuilder, InterviewOptions, ReadInterviews
from gazestudy.importers.interviews.registry import interview_importer
from gazestudy.importers.interviews.texts import person_in_name
from gazestudy.importers.interviews.transcripts import marks_in
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.interview import QUESTION_BANK

FORMS = ("odk", "kobo", "forms-json", "phone-page", "entry-sheets")
_HEAD = {"recording_id": "recording_id", "walk_ended": "walk_ended_at", "language": "language"}
_ROW_OF_FORM = re.compile(r"[\w/]+(?:\[\d+\][\w/]*)+")
_VIDEO_TIME = re.compile(
    r"^(?:(?P<h>\d{1,2})[:.])?(?P<m>\d{1,3})[:.](?P<s>[0-5]\d)(?:[.,]\d+)?\s*[:–—-]\s*(?P<said>.+)$", re.S
)


@interview_importer(name="form", version=1, title="our interview form: ODK, Kobo, phone page, entry sheets")
class InterviewForm:
    """What the readers of field logs read, if it holds answers of participants."""

    def identify(self, source: Source, options: InterviewOptions) -> str | Refusal:
        """Ask the readers of forms."""
        reasons = []
        for name, reader in readers_of_forms(FORMS):
            answer = reader.identify(source, FieldOptions(plan=options.plan, tz=options.tz))
            if not isinstance(answer, Refusal):
                return f"{name}: {answer}"
            reasons.append(f"{name}: {answer.reason}")
        return Refusal("; ".join(reasons))

    def read(self, source: Source, options: InterviewOptions) -> ReadInterviews:
        """Read the log and turn its answers into interviews."""
        chosen = FieldOptions(plan=options.plan, tz=options.tz)
        for name, reader in readers_of_forms(FORMS):
            if not isinstance(reader.identify(source, chosen), Refusal):
                return interviews_of_log(reader.read(source, chosen), options, source.label, name)
        raise AssertionError("asked before")


def interviews_of_log(
    log: FieldLog, options: InterviewOptions, stream: str, source: str, *, only_known: bool = False
) -> ReadInterviews:
    """Turn the answers of a field log into interviews.

    Parameters
    ----------
    log : FieldLog
        Its `answers` have the pseudonym as `respondent_id` and the picture as `placement_id`.
    options : InterviewOptions
        What is known beforehand.
    stream : str
        The file, for findings.
    source : str
        What it was written with.
    only_known : bool, default False
        Leave out answers of people who are no participants of the study: they were asked at the point.

    Returns
    -------
    ReadInterviews
        One interview for each session and participant; notes of the replay become a transcript.
    """
    builder = InterviewBuilder(stream, options, source)
    builder.add_findings(log.findings)
    sessions = {row["session_id"]: row for row in log.sessions.to_dict("records")}
    answers = _with_people(log, options)
    if only_known:
        answers = answers[answers["person"].isin(list(options.participants))]
    grouped: dict[str, dict[str, list[dict[str, str]]]] = {}
    for row in answers.to_dict("records"):
        values = {str(name): str(value) for name, value in row.items()}
        grouped.setdefault(values["session_id"], {}).setdefault(values["person"], []).append(values)
    for session_id, people in grouped.items():
        for person, rows in people.items():
            talk = _talk(builder, sessions[session_id], person, len(people) > 1)
            if talk:
                _add_answers(builder, talk, rows)
            if talk and len(people) == 1:
                _add_replay(builder, talk, log, session_id)
    return builder.build()


def _add_answers(builder: InterviewBuilder, talk: str, rows: list[dict[str, str]]) -> None:
    shown = {row["placement_id"]: plain(row["value"]) for row in rows if row["item"] == "shown"}
    for row in rows:
        if row["item"] == "shown":
            continue
        where = Cell(f"answers of session {row['session_id']}", 0, row["item"])
        question = QUESTION_BANK.get(row["item"])
        about = "" if question is not None and question.about != "picture" else row["placement_id"]
        told = shown.get(about, "") if about else ""
        builder.answer(
            talk,
            where,
            row["item"],
            row["value"],
            stimulus=about,
            shown=told if told in ("target", "foil") else "",
        )


def _with_people(log: FieldLog, options: InterviewOptions) -> pd.DataFrame:
    """Return the answers with their person: pages about pictures do not ask for the pseudonym once more."""
    answers = log.answers.assign(person=log.answers["respondent_id"])
    rows = [not one or _ROW_OF_FORM.fullmatch(one) is not None for one in answers["person"]]
    unnamed = pd.Series(rows, index=answers.index, dtype=bool)
    named = answers[~unnamed].groupby("session_id")["person"].agg(["nunique", "first"])
    only = named.loc[named["nunique"] == 1, "first"].to_dict()
    for session in set(answers["session_id"]) - set(named.index):
        only[session] = options.participant or person_in_name(session, options)
    people = [
        only.get(session, person) if is_row else person
        for session, person, is_row in zip(answers["session_id"], answers["person"], unnamed, strict=True)
    ]
    return answers.assign(person=pd.Series(people, index=answers.index, dtype="str"))


def _talk(builder: InterviewBuilder, session: Mapping[Any, Any], person: str, several: bool) -> str:
    conditions = json.loads(session["conditions_json"])
    values = {ours: str(conditions[theirs]) for theirs, ours in _HEAD.items() if conditions.get(theirs)}
    values |= {
        "interviewer": session["observer"],
        "started_at": session["started_at"],
        "protocol_id": session["protocol_id"],
        "protocol_version": session["protocol_version"],
    }
    name = f"{session['session_id']}/{person}" if several else session["session_id"]
    return builder.talk(name, person, Cell(f"session {session['session_id']}"), values)


def _add_replay(builder: InterviewBuilder, talk: str, log: FieldLog, session_id: str) -> None:
    """Add the notes of the replay as a transcript: "min:s: what was said", one line each."""
    notes = log.notes[log.notes["session_id"] == session_id]
    lines: list[str] = []
    for row in notes.to_dict("records"):
        text = " ".join(str(row["text"]).split())
        timed = _VIDEO_TIME.match(text)
        if timed:
            mark = f"{int(timed['h'] or 0):02}:{int(timed['m']):02}:{timed['s']}"
            lines.append(f"[{mark}] {timed['said'].strip()}")
        elif text:
            lines.append(text)
    if lines:
        text = "\n".join(lines)
        marks = marks_in(text)
        builder.document(
            f"{talk}/replay", Cell(f"notes of session {session_id}"), interview_id=talk, name="replay",
            kind="transcript" if marks else "notes", text=text, marks=marks,
        )  # fmt: skip
