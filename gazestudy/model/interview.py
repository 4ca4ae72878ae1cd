"""Canonical tables of interviews: what people said, who coded it as what, and where it was written or said.

One row of `INTERVIEWS` is one talk with one participant. Everything else refers to it by `interview_id`.
Answers are kept as they were said; what a coder makes of them is a row of its own with the coder's name, so
that two coders can be compared. Positions in texts are Unicode code points from 0, end exclusive; times are
nanoseconds on the clock of the recording. People are pseudonyms, interviewers and coders are codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pandas as pd

from gazestudy.model.recording import Finding
from gazestudy.model.table_sets import TableSet, stacked
from gazestudy.model.tables import Column, TableContract, fill_table

STAGES = (
    "attention",
    "unaided",
    "aided",
    "recognition",
    "location",
    "attribution",
    "comprehension",
    "evaluation",
    "intent",
    "background",
    "replay",
    "other",
)
"""Parts of an interview, in the order that does not spoil memory: nothing is shown before it is asked."""

SHOWN = ("target", "foil", "none")
"""A picture that hung in the station, one that never did, and no picture at all."""

DOCUMENT_KINDS = ("notes", "transcript", "field_note")
"""Notes of the interviewer, a transcript with time marks, a note of a field observer."""

RECALL_CODES: dict[str, str] = {
    "correct_ad": "names a placement that was shown, so that it cannot be another",
    "correct_brand_wrong_ad": "the brand was shown, the description fits another ad",
    "wrong_station": "a real ad, but of another place",
    "invented": "nothing like it is known",
    "only_category": "a kind of product only, neither brand nor picture",
    "none": "says that nothing is remembered",
}
"""Codes of an answer of free recall, by meaning."""

ATTRIBUTION_CODES: dict[str, str] = {
    "correct": "the brand of the ad",
    "wrong": "another brand",
    "none": "no brand is named",
}
"""Codes of a named brand while the brand of the picture is covered."""

COMPREHENSION_CODES: dict[str, str] = {
    "0": "not the message of the brief",
    "1": "part of the message",
    "2": "the message",
}
"""Codes of what an ad is taken to say."""

_INTERVIEW = Column("interview_id", "str", "which interview")
_PARTICIPANT = Column("participant_id", "str", "pseudonym of the person asked")
_RECORDING = Column("recording_id", "str", "recording of the walk, empty for none")
_STIMULUS = Column("stimulus", "str", "picture, brand or category asked about, empty for none")
_ITEM = Column("item", "str", "question, by its id in the question bank or the protocol")
_ANSWER_NO = Column(
    "answer_no", "int", "0, 1, ... in interview, item and stimulus; free recall keeps its order"
)
_CODER = Column("coder", "str", "code of who coded it")

INTERVIEWS = TableContract(
    "interviews",
    (
        Column("interview_id", "str", "unique in the study"),
        _PARTICIPANT,
        _RECORDING,
        Column("interviewer", "str", "code of the interviewer"),
        Column("started_at", "str", "ISO 8601 with offset, may be empty"),
        Column("walk_ended_at", "str", "ISO 8601 with offset, may be empty"),
        Column("language", "str", "language of the talk, may be empty"),
        Column("protocol_id", "str", "protocol document, may be empty"),
        Column("protocol_version", "str", "its version, may be empty"),
        Column("source", "str", "what it was read from"),
    ),
)
"""One row per talk with a participant."""

INTERVIEW_ANSWERS = TableContract(
    "interview answers",
    (
        _INTERVIEW,
        _PARTICIPANT,
        Column("stage", "category", "part of the interview", STAGES),
        _ITEM,
        _ANSWER_NO,
        _STIMULUS,
        Column("shown", "category", "whether the stimulus was in the station", SHOWN),
        Column("placement_id", "str", "empty if not about a placement, or not yet coded"),
        Column("value", "str", "as said or written; several codes are separated by a blank"),
    ),
)
"""One row per answer; a question with an empty answer is no row."""

ANSWER_CODES = TableContract(
    "answer codes",
    (
        _INTERVIEW,
        _ITEM,
        _ANSWER_NO,
        _STIMULUS,
        _CODER,
        Column("placement_id", "str", "placement that is meant, empty for none"),
        Column("code", "str", "what the coder makes of the answer"),
    ),
)
"""One row per answer and coder."""

CODE_BOOK = TableContract(
    "code book",
    (
        Column("code_id", "str", "unique in the study"),
        Column("name", "str", "name of the code"),
        Column("parent_id", "str", "code above it, empty for none"),
        Column("color", "str", "#RRGGBB"),
        Column("description", "str", "when it is given, may be empty"),
    ),
)
"""Codes for texts and for times in a recording."""

CODINGS = TableContract(
    "codings",
    (
        Column("coding_id", "str", "unique in the study"),
        Column("code_id", "str", "which code"),
        _CODER,
        Column("interview_id", "str", "which interview, empty for none"),
        Column("document_id", "str", "which document, empty for times in a recording"),
        Column("start_char", "int", "first code point, -1 for none"),
        Column("end_char", "int", "code point after the last, -1 for none"),
        _RECORDING,
        Column("start_ns", "int", "start on the clock of the recording, -1 for none"),
        Column("end_ns", "int", "end on the clock of the recording, -1 for none"),
        Column("placement_id", "str", "what it is about, empty for none"),
        Column("memo", "str", "remark of the coder, may be empty"),
    ),
)
"""One row per code on a span of text or a stretch of time. It has a text, a time, or both."""

DOCUMENTS = TableContract(
    "documents",
    (
        Column("document_id", "str", "unique in the study"),
        Column("interview_id", "str", "which interview, empty for none"),
        Column("name", "str", "name of the file it came from"),
        Column("kind", "category", "notes, transcript or field note", DOCUMENT_KINDS),
        Column("text", "str", "the whole text; lines end in a line feed"),
    ),
)
"""One row per text."""

TRANSCRIPT_MARKS = TableContract(
    "transcript marks",
    (
        Column("document_id", "str", "which document"),
        Column("position", "int", "code point at which the time holds"),
        Column("t_ns", "int", "time in the media file that was transcribed"),
    ),
)
"""Where in a text which time is."""

STIMULI = TableContract(
    "stimuli",
    (
        Column("stimulus", "str", "id, as in the answers; unique in the study"),
        Column("name", "str", "what interviewers call it"),
        Column("shown", "category", "target or foil", SHOWN),
        Column("placement_id", "str", "where it hung, empty for foils"),
        Column("brand", "str", "brand, may be empty"),
        Column("category", "str", "category of product, may be empty"),
        Column("image", "str", "picture in the folder of the study with /, may be empty"),
    ),
)
"""Pictures that are shown in recognition: targets and foils."""

INTERVIEW_CONTRACTS: dict[str, TableContract] = {
    "interviews": INTERVIEWS,
    "interview_answers": INTERVIEW_ANSWERS,
    "answer_codes": ANSWER_CODES,
    "code_book": CODE_BOOK,
    "codings": CODINGS,
    "documents": DOCUMENTS,
    "transcript_marks": TRANSCRIPT_MARKS,
    "stimuli": STIMULI,
}
"""Tables of interviews by the name of their attribute, which is also the name of their CSV file."""

AnswerKind = Literal["text", "list", "yes_no", "choice", "multi", "scale", "number", "place", "code"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the question bank.

    Attributes
    ----------
    item : str
        Its id.
    stage : str
        One of `STAGES`.
    kind : str
        text: as said. list: several things in the order in which they are named. yes_no. choice: one of
        `choices`. multi: several of them. scale: 1 to `points`. number. place: where something was. code:
        what a coder makes of another answer.
    about : {"walk", "picture", "brand", "category"}
        What the question is asked about; all but the first need a stimulus.
    meaning : str
        What is asked.
    points : int
        Points of a scale, 0 for others.
    choices : tuple of str
        Codes of the answers, for choices and codes.
    """

    item: str
    stage: str
    kind: AnswerKind
    about: Literal["walk", "picture", "brand", "category"]
    meaning: str
    points: int = 0
    choices: tuple[str, ...] = ()


CONFIDENCE = ("guess", "fairly", "sure")
"""How sure of a recognition, from 1 to 3."""

_YES_NO = ("yes", "no")

QUESTION_BANK: dict[str, Question] = {
    question.item: question
    for question in (
        Question("walk", "attention", "text", "walk", "the way through the station, told freely"),
        Question("looked_for", "attention", "text", "walk", "what was looked for along the way"),
        Question("ur_any", "unaided", "list", "walk", "which ads are remembered, in the order of naming"),
        Question("ur_msg", "unaided", "list", "walk", "what each of them said or showed"),
        Question("ar_cat", "aided", "text", "category", "an ad for this category: for which brand"),
        Question("ar_brand", "aided", "yes_no", "brand", "an ad for this brand here today", choices=_YES_NO),
        Question("rec", "recognition", "yes_no", "picture", "seen today in this station", choices=_YES_NO),
        Question("rec_sure", "recognition", "choice", "picture", "how sure of that", choices=CONFIDENCE),
        Question("loc", "location", "place", "picture", "where it was"),
        Question("attr", "attribution", "text", "picture", "which brand, while the brand is covered"),
        Question("comp", "comprehension", "text", "picture", "the main thing that the ad wants to say"),
        Question(
            "comp_code",
            "comprehension",
            "code",
            "picture",
            "that, coded against the brief",
            choices=tuple(COMPREHENSION_CODES),
        ),
        Question("clear", "evaluation", "scale", "picture", "confusing to easy", 5),
        Question("int", "evaluation", "scale", "picture", "how interesting", 5),
        Question("like", "evaluation", "scale", "picture", "how much it is liked", 5),
        Question("rel", "evaluation", "scale", "picture", "how much it concerns this person", 5),
        Question("cred", "evaluation", "scale", "picture", "how believable", 5),
        Question("intent", "intent", "scale", "picture", "how likely to look up, visit or buy", 5),
        Question(
            "prior",
            "background",
            "multi",
            "picture",
            "where it had been seen before today",
            choices=("here", "street", "screen", "never"),
        ),
        Question("fam", "background", "scale", "picture", "how well the brand is known", 5),
        Question(
            "use", "background", "yes_no", "picture", "brand used in the last 3 months", choices=_YES_NO
        ),
        Question(
            "passages_per_month", "background", "number", "walk", "passages through this station a month"
        ),
        Question("reg", "background", "number", "walk", "days a week in this station"),
        Question("years_here", "background", "number", "walk", "for how many years"),
        Question("hurry", "background", "scale", "walk", "how rushed", 7),
        Question("phone", "background", "scale", "walk", "how much the phone was used on the way", 5),
        Question("mood", "background", "scale", "walk", "mood on the way", 5),
        Question(
            "company", "background", "choice", "walk", "alone or with others", choices=("alone", "others")
        ),
        Question("usual", "background", "scale", "walk", "walked and looked as usual with the glasses on", 5),
        Question("annoy", "background", "scale", "walk", "how much ads here annoy", 5),
        Question("open_to", "background", "scale", "walk", "how welcome ads here are", 5),
        Question("rta", "replay", "text", "walk", "what was done or thought here, over the own recording"),
    )
}
"""The question bank by id, in the order in which it is asked."""


@dataclass(frozen=True, slots=True)
class StarterCode:
    """A code that a new code book begins with: its id, name, colour (#RRGGBB) and when it is given."""

    code_id: str
    name: str
    color: str
    description: str


STARTER_CODES: tuple[StarterCode, ...] = (
    StarterCode("goal_search", "goal-directed search", "#1F77B4", "looks for a way, exit, shop or sign"),
    StarterCode("time_pressure", "time pressure", "#D62728", "is in a hurry or afraid of being late"),
    StarterCode("train_board", "train-board looking", "#17BECF", "looks at the train board or for the train"),
    StarterCode("phone", "phone", "#7F7F7F", "eyes on the phone"),
    StarterCode("crowd_blocks", "crowd blocks view", "#8C564B", "people stood or walked in front of it"),
    StarterCode("not_in_path", "ad not in path", "#BCBD22", "it hung where this person did not walk or face"),
    StarterCode("too_small_far", "too small, too far", "#9467BD", "could not be read from there"),
    StarterCode("too_many_words", "too many words", "#E377C2", "more text than there was time"),
    StarterCode("brand_unclear", "brand not clear", "#FF7F0E", "did not find or understand the brand"),
    StarterCode("liked", "liked", "#2CA02C", "says that it pleases"),
    StarterCode("irrelevant", "irrelevant", "#AEC7E8", "says that it does not concern them"),
    StarterCode("already_known", "already known", "#98DF8A", "had seen it before today"),
    StarterCode("blind_spot", "blind spot", "#393B79", "says that they never look there"),
    StarterCode("waiting_bored", "waiting, bored", "#C49C94", "looked because there was nothing else to do"),
    StarterCode("pleasant", "pleasant", "#31A354", "the place with its ads is pleasant"),
    StarterCode("intrusive", "intrusive", "#843C39", "feels pushed or disturbed by it"),
    StarterCode("misread", "misread", "#E7969C", "took it for something else, or read it wrongly"),
    StarterCode("misattributed", "misattributed", "#7B4173", "gave it to another brand"),
)
"""Codes for interviews and field notes that a new code book begins with."""


@dataclass(frozen=True, slots=True)
class Interviews(TableSet):
    """Interviews with their answers, codes and texts, and what was found wrong on the way.

    Attributes
    ----------
    interviews, interview_answers, answer_codes, code_book, codings, documents, transcript_marks, stimuli : \
DataFrame
        Tables that keep the contracts of the same name in `INTERVIEW_CONTRACTS`; empty by default.
    findings : tuple of Finding
        What was checked, skipped or doubtful.

    Examples
    --------
    >>> talks = Interviews()
    >>> talks.check() is talks, len(talks.interviews)
    (True, 0)
    """

    contracts: ClassVar[Mapping[str, TableContract]] = INTERVIEW_CONTRACTS

    interviews: pd.DataFrame = field(default_factory=INTERVIEWS.empty)
    interview_answers: pd.DataFrame = field(default_factory=INTERVIEW_ANSWERS.empty)
    answer_codes: pd.DataFrame = field(default_factory=ANSWER_CODES.empty)
    code_book: pd.DataFrame = field(default_factory=CODE_BOOK.empty)
    codings: pd.DataFrame = field(default_factory=CODINGS.empty)
    documents: pd.DataFrame = field(default_factory=DOCUMENTS.empty)
    transcript_marks: pd.DataFrame = field(default_factory=TRANSCRIPT_MARKS.empty)
    stimuli: pd.DataFrame = field(default_factory=STIMULI.empty)
    findings: tuple[Finding, ...] = ()

    def with_tables(self, **tables: pd.DataFrame) -> Interviews:
        """Return the interviews with some tables replaced."""
        return Interviews(**{**self.tables(), **tables}, findings=self.findings)


_DEFAULTS = {"stage": "other", "shown": "none", "kind": "notes", "color": "#808080"}
_NONE = {"start_char": -1, "end_char": -1, "start_ns": -1, "end_ns": -1, "answer_no": 0}


def interview_table(name: str, rows: Any) -> pd.DataFrame:
    """Return rows as a table that keeps its contract, with empty values where a column is not given.

    Parameters
    ----------
    name : str
        A key of `INTERVIEW_CONTRACTS`.
    rows : DataFrame, or what DataFrame() takes
        Some or all columns; extra columns stay behind those of the contract.

    Returns
    -------
    DataFrame
        Text is "" where missing, positions and times are -1, `answer_no` 0, stage other, shown none. The
        stage of an item of the question bank follows from the item where no stage is given.

    Raises
    ------
    TableError
        If a value does not fit its column, such as an unknown category.

    Examples
    --------
    >>> table = interview_table("interview_answers", [{"interview_id": "i1", "item": "rec", "value": "yes"}])
    >>> table.loc[0, ["stage", "shown", "value"]].tolist()
    ['recognition', 'none', 'yes']
    """
    given = pd.DataFrame(rows).reset_index(drop=True)
    if name == "interview_answers" and "stage" not in given and "item" in given:
        given = given.assign(stage=[stage_of(str(item)) for item in given["item"]])
    return fill_table(INTERVIEW_CONTRACTS[name], given, {**_DEFAULTS, **_NONE})


def join_interviews(several: Sequence[Interviews]) -> Interviews:
    """Return several sets of interviews as one; of heads of one interview the first value told counts.

    Parameters
    ----------
    several : sequence of Interviews
        Rows stay in their order.

    Examples
    --------
    >>> one = Interviews(interview_table("interviews", [{"interview_id": "i1", "language": "th"}]))
    >>> two = Interviews(interview_table("interviews", [{"interview_id": "i1", "interviewer": "K"}]))
    >>> join_interviews([one, two]).interviews[["language", "interviewer"]].to_numpy().tolist()
    [['th', 'K']]
    """
    tables = {name: interview_table(name, stacked(several, name)) for name in INTERVIEW_CONTRACTS}
    heads: dict[str, dict[str, str]] = {}
    for row in tables["interviews"].to_dict("records"):
        told = heads.setdefault(row["interview_id"], {})
        told.update({str(name): value for name, value in row.items() if not told.get(str(name))})
    tables["interviews"] = interview_table("interviews", list(heads.values()))
    findings = tuple(finding for one in several for finding in one.findings)
    return Interviews(**tables, findings=findings)


def stage_of(item: str) -> str:
    """Return the stage of an item, "other" for items that the question bank does not have.

    Examples
    --------
    >>> stage_of("ur_any"), stage_of("favourite_colour")
    ('unaided', 'other')
    """
    question = QUESTION_BANK.get(item)
    return question.stage if question else "other"


def starter_code_book() -> pd.DataFrame:
    """Return `STARTER_CODES` as a code book.

    Examples
    --------
    >>> len(starter_code_book())
    18
    """
    rows = [
        {"code_id": code.code_id, "name": code.name, "color": code.color, "description": code.description}
        for code in STARTER_CODES
    ]
    return interview_table("code_book", rows)
