"""Subtitles as transcripts: SRT and WebVTT, one line of text for each cue, with a time at its start."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.interviews.builder import InterviewBuilder, InterviewOptions, ReadInterviews
from gazestudy.importers.interviews.registry import interview_importer
from gazestudy.importers.interviews.texts import add_text, text_of
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source

_TIME = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]\d)(?:[.,](\d{1,9}))?"
_CUE = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
_ARROW = re.compile(r"-->")
_VOICE = re.compile(r"<v(?:\.[^ <>]{0,80})?\s([^<>]{1,120})>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<\d\d:[^<>]{0,20}>|\{\\[^{}]{0,200}\}")
_NO_CUES = ("NOTE", "STYLE", "REGION", "WEBVTT")
_NUMBER = re.compile(r"\s*\d+\s*")


@dataclass(frozen=True, slots=True)
class Cue:
    """One piece of speech: its line in the file, start and end (ns), and text on one line."""

    line: int
    start_ns: int
    end_ns: int
    text: str


def cues_of(text: str, builder: InterviewBuilder, name: str) -> list[Cue]:
    """Return the cues of an SRT or WebVTT text; what is no cue is told.

    Parameters
    ----------
    text : str
        The file, lines parted by line feeds.
    builder : InterviewBuilder
        Hears of unreadable times.
    name : str
        The file, for messages.
    """
    reader = _Reader(builder, name)
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        reader.take(number, line)
    return [
        Cue(one.line, one.start_ns, one.end_ns, spoken)
        for one in reader.cues
        if one.usable and (spoken := " ".join(one.words))
    ]


@dataclass(slots=True)
class _Open:
    """A cue while its text is read."""

    line: int
    start_ns: int
    end_ns: int
    usable: bool
    words: list[str] = field(default_factory=list)


class _Reader:
    """Takes lines one by one; cues may come without an empty line between them, or hold one."""

    def __init__(self, builder: InterviewBuilder, name: str) -> None:
        self.cues: list[_Open] = []
        self._builder, self._name = builder, name
        self._waiting: list[tuple[int, str]] = []
        self._in_cue = self._skipping = False

    def take(self, number: int, line: str) -> None:
        """Take the next line."""
        if not line.strip():
            self._end_block()
        elif not self._skipping and _ARROW.search(line):
            self._begin(number, line)
        elif not self._waiting and not self._in_cue and line.split(maxsplit=1)[0] in _NO_CUES:
            self._skipping = True
        elif not self._skipping:
            self._waiting.append((number, line))

    def _begin(self, number: int, line: str) -> None:
        # what stands right before a time is the name of its cue: a number, or in its own block anything
        named = bool(self._waiting) and (
            not self._in_cue or _NUMBER.fullmatch(self._waiting[-1][1]) is not None
        )
        self._say(self._waiting[:-1] if named else self._waiting)
        times = _CUE.match(line)
        if times is None:
            expected = "such as 00:01:02,500 --> 00:01:04,000"
            told = f"{line[:60]!r} is no time; expected {expected}"
            self._builder.mistakes.problem("no_time", Cell(self._name, number), told)
            start = end = 0
        else:
            start, end = _ns(times.groups()[:4]), _ns(times.groups()[4:])
            if end < start:
                where = Cell(self._name, number)
                self._builder.mistakes.warn("ends_first", where, "the cue ends before it starts")
        self.cues.append(_Open(number, start, max(end, start), times is not None))
        self._waiting, self._in_cue = [], True

    def _end_block(self) -> None:
        if self._in_cue or not all(_NUMBER.fullmatch(line) for _, line in self._waiting):
            self._say(self._waiting)
        self._waiting, self._in_cue, self._skipping = [], False, False

    def _say(self, lines: list[tuple[int, str]]) -> None:
        if lines and not self.cues:
            told = f"no time before {lines[0][1][:40]!r}"
            self._builder.mistakes.warn("no_cue", Cell(self._name, lines[0][0]), told)
        elif lines:
            self.cues[-1].words += filter(None, (_spoken(line) for _, line in lines))


def _ns(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, fraction = parts
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    return whole * 10**9 + int((fraction or "").ljust(9, "0"))


def _spoken(line: str) -> str:
    plain = _VOICE.sub(lambda match: f"{match[1].strip()}: ", line)
    return html.unescape(_TAG.sub("", plain)).strip()


@interview_importer(name="subtitles", version=1, title="subtitles as transcript (SRT, VTT)")
class Subtitles:
    """One SRT or WebVTT file."""

    def identify(self, source: Source, options: InterviewOptions) -> str | Refusal:
        """Look at the name and for a time with an arrow."""
        names = source.names()
        if len(names) == 1 and names[0].lower().endswith((".srt", ".vtt")):
            return "subtitles"
        return Refusal("not one .srt or .vtt file")

    def read(self, source: Source, options: InterviewOptions) -> ReadInterviews:
        """Read all cues; each becomes a line with the time of its start, the last one also with its end."""
        name = source.names()[0]
        builder = InterviewBuilder(name, options, "transcript")
        cues = cues_of(text_of(source, name, builder), builder, name)
        if not cues and not any(one.severity == "problem" for one in builder.mistakes.findings()):
            raise InputError(
                source.place(name),
                "there is no cue in this file",
                expected="lines such as 00:01:02,500 --> 00:01:04,000",
                advice="Export the subtitles again",
            )
        marks, position = [], 0
        for cue in cues:
            marks.append((position, cue.start_ns))
            position += len(cue.text) + 1
        text = "\n".join(cue.text for cue in cues)
        if cues:
            marks.append((len(text), max(cue.end_ns for cue in cues)))
            add_text(builder, name, text, kind="transcript", marks=marks)
        return builder.build()
