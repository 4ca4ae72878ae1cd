"""Texts of interviews: how they are read, whose they are, and what their first lines say."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.interviews.answers import item_of_column, plain
from gazestudy.importers.interviews.builder import InterviewBuilder, InterviewOptions
from gazestudy.importers.interviews.registry import guessed_letters
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import decode_text
from gazestudy.model.interview import QUESTION_BANK

MAX_BYTES = 64 * 2**20
_HEAD_LINES = 30
_KEYS = {
    "participant": "participant_id", "participant_id": "participant_id", "participant id": "participant_id",
    "respondent": "participant_id", "ผู้เข้าร่วม": "participant_id", "người tham gia": "participant_id",
    "参与者": "participant_id",
    "interview": "interview_id", "interview_id": "interview_id",
    "interviewer": "interviewer", "observer": "interviewer", "ผู้สัมภาษณ์": "interviewer",
    "recording": "recording_id", "recording_id": "recording_id",
    "started": "started_at", "started_at": "started_at", "date": "started_at",
    "walk_ended": "walk_ended_at", "walk_ended_at": "walk_ended_at",
    "language": "language", "ภาษา": "language",
}  # fmt: skip
_LINE = re.compile(r"^\s*[\[*_]*(?P<key>[\w ]{2,30}?)[\]*_]*\s*[:：=]\s*(?P<value>.*)$")
_ANSWER = re.compile(r"^\s*(?P<key>[a-z]\w*(?:[(\[.][^()\[\]:：]{1,80}[)\]]?)?)\s*[:：]\s*(?P<value>.*)$")
_PSEUDONYM = re.compile(r"(?=.*\d)[\w.-]{1,40}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def text_of(source: Source, name: str, builder: InterviewBuilder) -> str:
    """Return a text file, in one spelling of its lines.

    Raises
    ------
    InputError
        If it is empty, too large, no text, or in an encoding that has to be said.
    """
    place = source.place(name)
    if source.size_bytes(name) > MAX_BYTES:
        raise InputError(place, "this text is too large for an interview", expected="at most 64 MB")
    text, findings = decode_text(source.read(name), place, name)
    if any(one.code == "encoding" and one.severity == "warning" for one in findings):
        raise guessed_letters(place)
    builder.add_findings(findings)
    return tidy_text(text)


def tidy_text(text: str) -> str:
    r"""Return text with line feeds only, without control marks, in one spelling (NFC).

    Examples
    --------
    >>> tidy_text("a\r\nb\x00\rc")
    'a\nb\nc'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").lstrip("\ufeff")
    return unicodedata.normalize("NFC", _CONTROLS.sub("", lines)).strip()


def head_of(text: str) -> dict[str, str]:
    r"""Return what the first lines of a text say about the interview, such as "participant: P01".

    Examples
    --------
    >>> head_of("Participant: P01\nInterviewer: K\n\nShe began: well.")
    {'participant_id': 'P01', 'interviewer': 'K'}
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:_HEAD_LINES]):
        match = _LINE.match(line)
        key = _KEYS.get(plain(match["key"])) if match else None
        value = match["value"].strip() if match else ""
        if not key or (key == "participant_id" and not _PSEUDONYM.fullmatch(value)):
            if line.strip() and number > 0 and found:
                break  # the head is over; a speaker may be called "Participant" too
            continue
        if value:
            found.setdefault(key, value)
    return found


def answers_in(text: str) -> list[tuple[int, str, str, str]]:
    r"""Return answers written as "item: answer" with an item of the question bank.

    Parameters
    ----------
    text : str
        Notes; an answer goes on until the next item or an empty line.

    Returns
    -------
    list of (int, str, str, str)
        Line from 1, item, what it is about ("" for none), and the answer.

    Examples
    --------
    >>> answers_in("ur_any: a cat\na bank\n\nrec(ad-1): yes")
    [(1, 'ur_any', '', 'a cat\na bank'), (4, 'rec', 'ad-1', 'yes')]
    """
    found: list[tuple[int, str, str, list[str]]] = []
    going_on = False
    for number, line in enumerate(text.split("\n"), start=1):
        match = _ANSWER.match(line)
        item, about = item_of_column(match["key"]) if match else ("", "")
        if match and item in QUESTION_BANK:
            found.append((number, item, about, [match["value"].strip()]))
            going_on = True
        elif not line.strip():
            going_on = False
        elif going_on:
            found[-1][3].append(line.strip())
    return [(number, item, about, "\n".join(words).strip()) for number, item, about, words in found]


def add_text(
    builder: InterviewBuilder,
    name: str,
    text: str,
    *,
    kind: str,
    marks: list[tuple[int, int]] | None = None,
    with_answers: bool = False,
) -> None:
    """Add a text, the interview it belongs to, and the answers that are written in it."""
    options, where = builder.options, Cell(name)
    head = head_of(text)
    person = options.participant or head.get("participant_id", "") or person_in_name(name, options)
    head["participant_id"] = person
    if not person and not options.interview:
        told = (
            "whose text this is cannot be told: begin it with 'participant: P01', put the pseudonym into the"
            " name of the file, or give --participant"
        )
        builder.mistakes.problem("no_participant", where, told)
        return
    interview_id = options.interview or head.get("interview_id", "")
    told_id = builder.talk(interview_id, person, where, head) if person else interview_id
    if not told_id:
        return
    document_id = f"{told_id}/{_stem(name)}"
    builder.document(
        document_id, where, interview_id=told_id, name=name, kind=kind, text=text, marks=marks or []
    )
    if with_answers and person:
        for line, item, about, value in answers_in(text):
            builder.answer(told_id, Cell(name, line, item), item, value, stimulus=about)


def person_in_name(name: str, options: InterviewOptions) -> str:
    """Return the one participant of the study whose pseudonym is a word of a file name, else "".

    Examples
    --------
    >>> person_in_name("p01_replay.srt", InterviewOptions(participants=frozenset({"P01", "P02"})))
    'P01'
    """
    stem = plain(_stem(name))
    found = [
        person
        for person in options.participants
        if re.search(rf"(?<![^\W_]){re.escape(plain(person))}(?![^\W_])", stem)
    ]
    return found[0] if len(found) == 1 else ""


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
