"""Texts with or without times: plain-text and DOCX notes, transcripts with time marks.

Time marks: [mm:ss], [hh:mm:ss], [mm.ss], [hh.mm.ss], #hh:mm:ss.sss#, also with a fraction of a second.
A text with at least one of them is a transcript. The marks stay in the text, so that positions fit it.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from gazestudy.errors import InputError
from gazestudy.importers.interviews.builder import InterviewBuilder, InterviewOptions, ReadInterviews
from gazestudy.importers.interviews.registry import interview_importer
from gazestudy.importers.interviews.texts import MAX_BYTES, add_text, text_of, tidy_text
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source, ZipSource

_MARK = re.compile(
    r"\[(?P<a>\d{1,3})(?P<by>[:.])(?P<b>[0-5]\d)(?:(?P=by)(?P<c>[0-5]\d))?(?:[.,](?P<f>\d{1,9}))?\]"
    r"|#(?P<h>\d{1,3}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)(?:[.,-](?P<g>\d{1,9}))?#"
)
_LOOKS_LIKE_MARK = re.compile(r"\[\d{1,3}[:.]\d{1,3}(?:[:.]\d{1,3})?\]|#\d{1,3}:\d{1,3}:\d{1,3}[^#\n]{0,10}#")
_MOST_PARAGRAPHS = 500_000


def marks_in(text: str) -> list[tuple[int, int]]:
    """Return the time marks of a text.

    Parameters
    ----------
    text : str
        A transcript.

    Returns
    -------
    list of (int, int)
        Code point where the mark begins, and its time, ns.

    Examples
    --------
    >>> marks_in("[00:05] I saw [1:00:02.5] it #00:00:07.250#")
    [(0, 5000000000), (14, 3602500000000), (29, 7250000000)]
    """
    return [(match.start(), _ns(match)) for match in _MARK.finditer(text)]


def _ns(match: re.Match[str]) -> int:
    if match["h"] is not None:
        hours, minutes, seconds, fraction = match["h"], match["m"], match["s"], match["g"]
    elif match["c"] is not None:
        hours, minutes, seconds, fraction = match["a"], match["b"], match["c"], match["f"]
    else:
        hours, minutes, seconds, fraction = "0", match["a"], match["b"], match["f"]
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 10**9 + int((fraction or "").ljust(9, "0"))


def _add(builder: InterviewBuilder, name: str, text: str) -> None:
    marks = marks_in(text)
    known = {position for position, _ in marks}
    for match in _LOOKS_LIKE_MARK.finditer(text):
        if marks and match.start() not in known:
            from gazestudy.importers.fieldlogs.mistakes import Cell

            line = text.count("\n", 0, match.start()) + 1
            builder.mistakes.warn("no_mark", Cell(name, line), f"{match[0]} is no time and was passed over")
    add_text(
        builder, name, text, kind="transcript" if marks else "notes", marks=marks, with_answers=not marks
    )


@interview_importer(
    name="text", version=1, title="plain-text notes, and transcripts with time marks (TXT, MD)"
)
class PlainText:
    """One text file."""

    def identify(self, source: Source, options: InterviewOptions) -> str | Refusal:
        """Take any text file."""
        names = source.names()
        if len(names) == 1 and names[0].lower().startswith("readme"):
            return Refusal("a README, which is about the files beside it")
        if len(names) == 1 and names[0].lower().endswith((".txt", ".md")):
            return "text"
        return Refusal("not one text file (.txt, .md)")

    def read(self, source: Source, options: InterviewOptions) -> ReadInterviews:
        """Read the text with its marks, or with the answers that are written in it."""
        name = source.names()[0]
        builder = InterviewBuilder(name, options, "notes")
        _add(builder, name, text_of(source, name, builder))
        return builder.build()


@interview_importer(name="docx", version=1, title="notes and transcripts of a word processor (DOCX)")
class WordNotes:
    """One DOCX file; tables are read row by row."""

    def identify(self, source: Source, options: InterviewOptions) -> str | Refusal:
        """Look at the name; what is inside is checked when it is read."""
        names = source.names()
        if len(names) == 1 and names[0].lower().endswith(".docx"):
            return "DOCX"
        if len(names) == 1 and names[0].lower().endswith((".doc", ".odt", ".rtf", ".pdf")):
            return Refusal(
                "an older or other word processor's file; save it as DOCX or as plain text (UTF-8)"
            )
        return Refusal("not one DOCX file")

    def read(self, source: Source, options: InterviewOptions) -> ReadInterviews:
        """Read the text of all paragraphs and tables in their order."""
        name = source.names()[0]
        builder = InterviewBuilder(name, options, "notes")
        text = tidy_text(docx_text(source, name))
        if not text.strip():
            raise InputError(
                source.place(name), "there is no text in this document", advice="Pictures are not read"
            )
        _add(builder, name, text)
        return builder.build()


def docx_text(source: Source, name: str) -> str:
    """Return the text of a DOCX, one line for each paragraph and each row of a table.

    Raises
    ------
    InputError
        If it is empty, no DOCX, encrypted, damaged, unsafe, or unpacks to more than 64 MB.
    """
    import docx

    place = source.place(name)
    if source.size_bytes(name) > MAX_BYTES:
        raise InputError(place, "this document is too large", expected="at most 64 MB")
    data = source.read(name)
    if not data:
        raise InputError(place, "the file is empty", advice="Copy or export it again")
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise InputError(
            place, "this is no DOCX, or it is cut off or encrypted", advice="Save it again as DOCX"
        )
    ZipSource(source.local(name))  # refuses climbing names, links and encryption
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [one for one in archive.infolist() if one.filename.lower().endswith((".xml", ".rels"))]
        if sum(one.file_size for one in parts) > MAX_BYTES:
            raise InputError(place, "this document unpacks to more than 64 MB of text")
    try:
        document = docx.Document(io.BytesIO(data))
        return "\n".join(_lines(document))
    except InputError:
        raise
    except Exception as error:  # a damaged document raises whatever its reader stumbles over
        found = f"{type(error).__name__}: {error}"[:200]
        raise InputError(
            place, "this document is damaged", found=found, advice="Save it again as DOCX"
        ) from error


def _lines(document: Any) -> list[str]:
    lines: list[str] = []
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            for row in block.rows:
                cells = list(dict.fromkeys(cell._tc for cell in row.cells))
                lines.append("\t".join(_cell_text(cell) for cell in cells))
        else:
            lines.append(block.text)
        if len(lines) > _MOST_PARAGRAPHS:
            raise ValueError(f"more than {_MOST_PARAGRAPHS:,} paragraphs")
    return lines


def _cell_text(cell: Any) -> str:
    texts = (paragraph.text for paragraph in cell.iterchildren("{*}p"))
    return " ".join(text.strip() for text in texts if text and text.strip())
