"""Puts interviews together: answers and texts in, canonical tables and findings out."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import pandas as pd

from gazestudy.importers.fieldlogs.mistakes import Cell, Mistakes
from gazestudy.importers.fieldlogs.moments import Clock, iso
from gazestudy.importers.fieldlogs.plan import FieldPlan
from gazestudy.importers.interviews.answers import (
    PERSONAL,
    about_and_value,
    checked_value,
    lines_of,
    plain,
)
from gazestudy.model.interview import (
    INTERVIEW_CONTRACTS,
    QUESTION_BANK,
    SHOWN,
    STAGES,
    STIMULI,
    Interviews,
    interview_table,
    stage_of,
)
from gazestudy.model.recording import Finding

MAX_TEXT = 20_000_000
"""Longest text, code points."""

_HEAD_TEXTS = ("recording_id", "interviewer", "language", "protocol_id", "protocol_version")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class InterviewOptions:
    """What is known beforehand about a file of interviews.

    Attributes
    ----------
    plan : FieldPlan
        What the protocol says about its items.
    stimuli : DataFrame
        Targets and foils of the study; keeps `STIMULI`.
    placements : frozenset of str
        Ids of the placements of the study.
    participants : frozenset of str
        Pseudonyms that the study has.
    participant, interview : str
        Whose answers or text this is, where the file does not say; the interview a text belongs to.
    columns : dict of str to str
        Column of a table to what it means: a key, or an item, with "__stimulus" where it is about one.
    pictures : dict of (str, str) to (str, str)
        What a picture was for one person, by pseudonym and stimulus: target or foil, and its placement. It
        counts more than what it is in the study, for stations that take turns.
    tz : str
        IANA time zone of times that do not say.
    prefix : str
        Put before every interview id.
    encoding : str
        Of text files that are not Unicode, such as cp874 for Thai; empty: Unicode only.
    coder : str
        Who gave the codes in a table of codes that does not say.
    """

    plan: FieldPlan = field(default_factory=FieldPlan)
    stimuli: pd.DataFrame = field(default_factory=STIMULI.empty)
    placements: frozenset[str] = frozenset()
    participants: frozenset[str] = frozenset()
    participant: str = ""
    interview: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    pictures: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    tz: str = ""
    prefix: str = ""
    encoding: str = ""
    coder: str = ""


@dataclass(frozen=True, slots=True)
class ReadInterviews:
    """What a file of interviews held.

    Attributes
    ----------
    talks : Interviews
        Canonical tables with findings.
    private : tuple of (str, str, str)
        Interview, item and value of answers that may tell who somebody is.
    """

    talks: Interviews
    private: tuple[tuple[str, str, str], ...] = ()


class InterviewBuilder:
    """Collects the interviews of one file.

    Parameters
    ----------
    stream : str
        The file, for findings.
    options : InterviewOptions
        What is known beforehand.
    source : str
        What it was written with.
    """

    def __init__(self, stream: str, options: InterviewOptions, source: str) -> None:
        self.options, self.source = options, source
        self.mistakes = Mistakes(stream)
        self.clock = Clock(options.tz, self.mistakes)
        self.rows: dict[str, list[Row]] = {name: [] for name in INTERVIEW_CONTRACTS}
        self._people: dict[str, str] = {}
        self._seen: set[tuple[str, str, str, int]] = set()
        self._numbers: Counter[tuple[str, str, str]] = Counter()
        self._private: list[tuple[str, str, str]] = []
        self._unknown: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._extra: list[Finding] = []
        self._pictures = _Pictures(options)

    def add_findings(self, findings: tuple[Finding, ...]) -> None:
        """Keep findings of the reader of the file."""
        self._extra += findings

    def talk(self, interview_id: str, participant_id: str, where: Cell, values: dict[str, str]) -> str:
        """Add an interview, or find the one that was added; returns its id, "" if it cannot be used.

        Parameters
        ----------
        interview_id : str
            Its id in the file; made from the participant if empty.
        participant_id : str
            Whose interview.
        where : Cell
            Its place.
        values : dict of str to str
            `started_at`, `walk_ended_at` and the other columns of `INTERVIEWS`, as far as they are known.
        """
        person = _tidy(participant_id or self.options.participant)
        if not person:
            text = "the participant is missing; name the column participant_id, or give --participant"
            self.mistakes.problem("no_participant", where.at("participant_id"), text)
            return ""
        if len(person) > 120 or set(person) & set('/\\:*?"<>|') or not person.isprintable():
            text = f"{person[:40]!r} is no pseudonym; use letters, digits, '-' and '_'"
            self.mistakes.problem("no_participant", where.at("participant_id"), text)
            return ""
        name = self.options.prefix + (_tidy(interview_id) or f"interview-{person}")
        if name in self._people:
            if self._people[name] != person:
                text = f"interview {name!r} is of {self._people[name]!r} above and of {person!r} here"
                self.mistakes.problem("two_people", where, text)
                return ""
            return name
        self._people[name] = person
        started = self.clock.read(values.get("started_at", ""), where.at("started_at"), values.get("tz", ""))
        row = {key: _tidy(values.get(key, "")) for key in _HEAD_TEXTS}
        row["protocol_id"] = row["protocol_id"] or self.options.plan.protocol_id
        row["protocol_version"] = row["protocol_version"] or self.options.plan.protocol_version
        self.rows["interviews"].append(
            row
            | {
                "interview_id": name,
                "participant_id": person,
                "started_at": "" if started is None else iso(started),
                "walk_ended_at": self._walk_end(values.get("walk_ended_at", ""), started, where),
                "source": values.get("source", "") or self.source,
            }
        )
        return name

    def _walk_end(self, text: str, started: datetime | None, where: Cell) -> str:
        """Return when the walk ended; a time of day is that before the interview."""
        where = where.at("walk_ended_at")
        try:
            clock = time.fromisoformat(text.strip()) if text.strip() else None
        except ValueError:
            clock = None
        if clock is None or started is None:
            moment = self.clock.read(text, where) if clock is None else None
            return "" if moment is None else iso(moment)
        ended = datetime.combine(started.date(), clock.replace(tzinfo=None), started.tzinfo)
        if ended > started:
            ended -= timedelta(days=1)
        if started - ended > timedelta(hours=6):
            text = f"the walk ended {(started - ended) / timedelta(hours=1):.0f} h before the interview"
            self.mistakes.warn("long_pause", where, text)
        return iso(ended)

    def answer(
        self,
        interview_id: str,
        where: Cell,
        item: str,
        text: str,
        *,
        stimulus: str = "",
        shown: str = "",
        placement_id: str = "",
        answer_no: int | None = None,
        stage: str = "",
    ) -> None:
        """Add an answer; lists become one row for each entry.

        Parameters
        ----------
        interview_id : str
            As `talk` returned it; "" is passed over.
        where : Cell
            Its place.
        item, text : str
            The question and the answer as written.
        stimulus : str, optional
            What it is about: a picture, brand or category; also a placement of the study.
        shown, placement_id : str, optional
            As written; what the study knows of the stimulus counts where they are empty.
        answer_no : int, optional
            Its number among the answers to this question; None: the next.
        stage : str, optional
            Part of the interview; that of the question bank if empty.
        """
        item = _tidy(item)
        if not interview_id or not text.strip() or not item:
            return
        if item.casefold() in PERSONAL or (
            item in self.options.plan.items and self.options.plan.items[item].personal
        ):
            self._private.append((interview_id, item, text.strip()))
            return
        question = QUESTION_BANK.get(item)
        if question is None and item not in self.options.plan.items:
            self._unknown[item] += 1
        if (
            question is not None
            and answer_no is None
            and not stimulus
            and question.about in ("category", "brand")
        ):
            for line in lines_of(text):
                about, value = about_and_value(line)
                self._one(interview_id, where, item, value, about, shown, placement_id, None, stage)
        elif question is not None and question.kind == "list" and answer_no is None:
            for line in lines_of(text):
                self._one(interview_id, where, item, line, stimulus, shown, placement_id, None, stage)
        else:
            self._one(interview_id, where, item, text, stimulus, shown, placement_id, answer_no, stage)

    def _one(
        self,
        interview_id: str,
        where: Cell,
        item: str,
        text: str,
        stimulus: str,
        shown: str,
        placement_id: str,
        answer_no: int | None,
        stage: str,
    ) -> None:
        planned = self.options.plan.items.get(item)
        value, wrong = checked_value(item, text, planned.choices if planned else ())
        if wrong:
            self.mistakes.problem("no_answer", where.at(where.column or item), wrong)
            return
        if stage and stage not in STAGES:
            self.mistakes.problem(
                "stage", where.at("stage"), f"{stage[:40]!r} is none of {', '.join(STAGES)}"
            )
            return
        name, kind, placement = self._pictures.told(item, _tidy(stimulus))
        if shown and shown not in SHOWN:
            self.mistakes.problem("shown", where.at("shown"), f"{shown[:40]!r} is none of {', '.join(SHOWN)}")
            return
        own = self.options.pictures.get((self._people[interview_id], name))
        kind, placement = own or (kind, placement)
        if shown not in ("", "none") and kind not in ("none", shown):
            text = f"{stimulus!r} is a {kind} in the study and a {shown} here"
            if shown == "target" or own:
                self.mistakes.problem("other_kind", where.at("shown"), text)
                return
            self.mistakes.warn(
                "other_kind", where.at("shown"), f"{text}; it counts as a foil for this person"
            )
            kind, placement = "foil", ""
        kind = kind if kind != "none" else shown or "none"
        placement = placement or placement_id.strip()
        self._note_placement(placement)
        key = (interview_id, item, name)
        number = self._numbers[key] if answer_no is None else answer_no
        if (*key, number) in self._seen:
            about = f" about {name!r}" if name else ""
            self.mistakes.problem("twice", where, f"{item}{about} is answered twice in {interview_id!r}")
            return
        self._seen.add((*key, number))
        self._numbers[key] = max(self._numbers[key], number + 1)
        self.rows["interview_answers"].append(
            {
                "interview_id": interview_id, "participant_id": self._people[interview_id],
                "stage": stage or stage_of(item), "item": item, "answer_no": number, "stimulus": name,
                "shown": kind, "placement_id": placement, "value": value,
            }
        )  # fmt: skip

    def code(
        self,
        interview_id: str,
        where: Cell,
        item: str,
        text: str,
        *,
        coder: str,
        stimulus: str = "",
        answer_no: int = 0,
        placement_id: str = "",
    ) -> None:
        """Add what a coder makes of an answer."""
        if not interview_id or not text.strip():
            return
        if not coder.strip():
            self.mistakes.problem("no_coder", where.at("coder"), "the coder is missing; give --coder")
            return
        name, _, placement = self._pictures.told(item, _tidy(stimulus))
        placement = placement_id.strip() or placement
        self._note_placement(placement)
        self.rows["answer_codes"].append(
            {
                "interview_id": interview_id, "item": item, "answer_no": answer_no, "stimulus": name,
                "coder": coder.strip(), "placement_id": placement,
                "code": text.strip(),
            }
        )  # fmt: skip

    def _note_placement(self, placement: str) -> None:
        if placement and placement not in self.options.placements and self.options.placements:
            self._lost[placement] += 1

    def document(
        self,
        document_id: str,
        where: Cell,
        *,
        interview_id: str,
        name: str,
        kind: str,
        text: str,
        marks: list[tuple[int, int]] | None = None,
    ) -> None:
        """Add a text with the times of places in it (code point, ns)."""
        if len(text) > MAX_TEXT:
            self.mistakes.problem("too_long", where, f"{len(text):,} characters; at most {MAX_TEXT:,}")
            return
        row = {"document_id": document_id, "interview_id": interview_id, "name": name, "kind": kind}
        self.rows["documents"].append(row | {"text": text})
        last = -1
        for position, t_ns in marks or []:
            if t_ns < last:
                told = f"the time goes back to {t_ns / 1e9:.1f} s at character {position}"
                self.mistakes.warn("time_backwards", where, told)
            last = t_ns
            self.rows["transcript_marks"].append(
                {"document_id": document_id, "position": position, "t_ns": t_ns}
            )

    def build(self) -> ReadInterviews:
        """Return the interviews with everything that was found; empty ones are left out, with a warning."""
        used = {row["interview_id"] for name in ("interview_answers", "documents") for row in self.rows[name]}
        for row in self.rows["interviews"]:
            if row["interview_id"] not in used:
                self.mistakes.warn("empty", None, f"interview {row['interview_id']!r} holds no answer")
        for item, count in self._unknown.items():
            text = (
                f"{item!r} is neither in the question bank nor in the protocol ({count} answers); it is kept"
            )
            self.mistakes.warn("unknown_item", None, text)
        if self._lost:
            names = ", ".join(sorted(self._lost)[:8])
            text = f"placements that the study does not have: {names}; add them, or correct their ids"
            self.mistakes.warn("unknown_placement", None, text)
        new = sorted(set(self._people.values()) - self.options.participants)
        if new and self.options.participants:
            text = (
                f"participants that the study does not have yet: {', '.join(new[:8])}; is this a mistyped id?"
            )
            self.mistakes.warn("new_participant", None, text)
        if self._private:
            text = f"{len(self._private)} answers may tell who somebody is; they are kept apart"
            self.mistakes.tell("personal", text, len(self._private))
        tables = {
            name: interview_table(name, rows) if rows else INTERVIEW_CONTRACTS[name].empty()
            for name, rows in self.rows.items()
        }
        findings = (*self._extra, *self.mistakes.findings())
        return ReadInterviews(Interviews(**tables, findings=findings), tuple(self._private))


class _Pictures:
    """Tells what a stimulus is: by its id, its name, its placement, or its brand."""

    def __init__(self, options: InterviewOptions) -> None:
        self._known: dict[str, tuple[str, str, str]] = {}
        self._brands: dict[str, list[tuple[str, str]]] = {}
        self._placements = options.placements
        for row in options.stimuli.to_dict("records"):
            told = (row["stimulus"], row["shown"], row["placement_id"])
            for word in (row["name"], row["placement_id"], row["stimulus"]):
                if word:
                    self._known[plain(word)] = told
            if row["brand"]:
                self._brands.setdefault(plain(row["brand"]), []).append((row["shown"], row["placement_id"]))

    def told(self, item: str, word: str) -> tuple[str, str, str]:
        """Return the stimulus as it is kept, whether it was shown, and its placement."""
        question = QUESTION_BANK.get(item)
        about = question.about if question else "picture"
        if not word:
            return "", "none", ""
        if about == "brand":
            found = sorted(set(self._brands.get(plain(word), [])), reverse=True)  # targets first
            targets = [placement for shown, placement in found if shown == "target"]
            if not found:
                return word, "none", ""
            return word, found[0][0], targets[0] if len(targets) == 1 else ""
        if about == "category":
            return word, "none", ""
        if plain(word) in self._known:
            return self._known[plain(word)]
        return (word, "target", word) if word in self._placements else (word, "none", "")


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))
