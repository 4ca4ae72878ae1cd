"""Subtitles as transcripts: SRT and WebVTT, one line of text for each cue, with a time at its start."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

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
_VOICE = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]+)>")
_TAG = re.compile(r"</?[A-Za-z][^>]*>|<\d\d:[^>]*>|\{\\[^}]*\}")
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
    found: list[Cue] = []
    block: list[tuple[int, str]] = []
    skipping = False
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            skipping = skipping or (
                not block and line.split(maxsplit=1)[0] in ("NOTE", "STYLE", "REGION", "WEBVTT")
            )
            if not skipping:
                block.append((number, line))
            continue
        if block:
            _add_block(block, found, builder, name)
        block, skipping = [], False
    return found


def _add_block(block: list[tuple[int, str]], found: list[Cue], builder: InterviewBuilder, name: str) -> None:
    at = next((index for index, (_, line) in enumerate(block) if _ARROW.search(line)), None)
    if at is None:
        text = _spoken(line for _, line in block)
        if found and text:  # an empty line inside a cue
            last = found[-1]
            found[-1] = Cue(last.line, last.start_ns, last.end_ns, f"{last.text} {text}".strip())
        elif not all(_NUMBER.fullmatch(line) for _, line in block):
            builder.mistakes.warn("no_cue", Cell(name, block[0][0]), f"no time before {block[0][1][:40]!r}")
        return
    number, line = block[at]
    times = _CUE.match(line)
    if times is None:
        expected = "such as 00:01:02,500 --> 00:01:04,000"
        builder.mistakes.problem(
            "no_time", Cell(name, number), f"{line[:60]!r} is no time; expected {expected}"
        )
        return
    start, end = _ns(times.groups()[:4]), _ns(times.groups()[4:])
    if end < start:
        builder.mistakes.warn("ends_first", Cell(name, number), "the cue ends before it starts")
    text = _spoken(line for _, line in block[at + 1 :])
    if text:
        found.append(Cue(number, start, max(end, start), text))


def _ns(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, fraction = parts
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    return whole * 10**9 + int((fraction or "").ljust(9, "0"))


def _spoken(lines: object) -> str:
    words = []
    for line in lines:  # type: ignore[attr-defined]
        plain = _VOICE.sub(lambda match: f"{match[1].strip()}: ", line)
        words.append(html.unescape(_TAG.sub("", plain)).strip())
    return " ".join(filter(None, words))


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
