"""The readers of interviews that exist, and how the right one is found for a path."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gazestudy.errors import InputError, ParameterError, UnknownFormatError
from gazestudy.importers.interviews.builder import InterviewOptions, ReadInterviews
from gazestudy.importers.readers import OneFile, ReaderCandidate, ReaderInfo, Readers, only_one
from gazestudy.importers.sources import Source

_TEXTS = (".csv", ".tsv", ".txt", ".md", ".srt", ".vtt", ".json")
_OF_TEXTS = ("text", "docx", "subtitles")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class InterviewCandidate(ReaderCandidate):
    """Interviews that were found and can be read; attributes as in `ReaderCandidate`."""

    def read(self, options: InterviewOptions | None = None) -> ReadInterviews:
        """Return the interviews; raises InputError if they cannot be read at all."""
        chosen = options or InterviewOptions()
        found: ReadInterviews = self.reader.read(_in_unicode(self.source, chosen), chosen)
        found.talks.check(str(self.place))
        if any(one.code == "encoding" and one.severity == "warning" for one in found.talks.findings):
            raise guessed_letters(self.place)
        return found


def guessed_letters(place: Path) -> InputError:
    """Return the error of a text that is not Unicode: in other encodings any letters could be meant."""
    return InputError(
        place,
        "this text is not Unicode, and its letters would be guessed",
        advice="Save it as UTF-8, or say what it is (--encoding cp874 for Thai, cp1258 for Vietnamese,"
        " gb18030 for Chinese, cp1252 for Western Europe), file by file",
    )


class UnknownInterviewError(UnknownFormatError):
    """No reader knows the interviews; says why each said no."""

    problem_text = "no reader knows these interviews"
    advice_text = "For a table with other column names, say what they mean (--column 'THEIRS=item')"


class _Recoded(OneFile):
    """A text file in an encoding that is not Unicode, seen as UTF-8."""

    def __init__(self, whole: Source, name: str, encoding: str) -> None:
        super().__init__(whole, name)
        self._encoding = encoding

    def _data(self) -> bytes:
        name = self.names()[0]
        with super().open(name) as stream:
            data = stream.read()
        if data.startswith((b"\xef\xbb\xbf", *_UTF16)):
            return data
        try:
            return data.decode(self._encoding).encode("utf-8")
        except LookupError as error:
            raise ParameterError(
                "encoding", self._encoding, "such as cp874, cp1258, gb18030, cp1252"
            ) from error
        except UnicodeDecodeError as error:
            raise InputError(
                self.place(name), f"this text is not {self._encoding}", found=str(error)[:120],
                advice="Save it as UTF-8",
            ) from error  # fmt: skip

    def size_bytes(self, name: str) -> int:
        """Return the size of the text as UTF-8."""
        return len(self._data())

    def open(self, name: str) -> BinaryIO:
        """Open the text as UTF-8."""
        return io.BytesIO(self._data())


def _in_unicode(source: Source, options: InterviewOptions) -> Source:
    """Return the source with its text as UTF-8 where an encoding was given."""
    names = source.names()
    if (
        isinstance(source, _Recoded)
        or not options.encoding
        or len(names) != 1
        or not names[0].lower().endswith(_TEXTS)
    ):
        return source
    return _Recoded(source, names[0], options.encoding)


_READERS: Readers[InterviewOptions, InterviewCandidate] = Readers(
    InterviewCandidate,
    UnknownInterviewError,
    books=(".xlsx", ".xlsm", ".ods", ".docx"),
    prepare=_in_unicode,
)

interview_importer = _READERS.register
"""Register a class as a reader of interviews: name, version and title as in `ReaderInfo`."""


def list_interview_importers() -> list[ReaderInfo]:
    """Return the readers by name.

    Examples
    --------
    >>> "subtitles" in [info.name for info in list_interview_importers()]
    True
    """
    return _READERS.infos()


def find_interviews(
    path: Path | str, *, importer: str | None = None, options: InterviewOptions | None = None
) -> list[InterviewCandidate]:
    """Return the interviews at a path: a file, a zip, or a folder that is one export or holds several files.

    Parameters
    ----------
    path : Path or str
        Where to look.
    importer : str, optional
        Ask only this reader.
    options : InterviewOptions, optional
        How to read.

    Returns
    -------
    list of InterviewCandidate
        At least one; tables of answers come before texts, so that texts find their interview.

    Raises
    ------
    AmbiguousFormatError
        If several readers know one place.
    UnknownInterviewError
        If there is none, with the reason of every reader.
    InputError
        If there is nothing to read, or a zip is unsafe.
    ParameterError
        If there is no such reader.
    """
    found = _READERS.find(Path(path), options or InterviewOptions(), importer)
    return sorted(found, key=lambda one: one.info.name in _OF_TEXTS)


def read_interviews(
    path: Path | str, *, importer: str | None = None, options: InterviewOptions | None = None
) -> ReadInterviews:
    """Return the interviews of the one file or export at a path.

    Parameters
    ----------
    path, importer, options
        As in `find_interviews`.

    Returns
    -------
    ReadInterviews
        What is wrong with single answers is among the findings.

    Raises
    ------
    AmbiguousFormatError
        If there are several.
    InputError
        If it cannot be read.
    """
    return only_one(path, find_interviews(path, importer=importer, options=options)).read(options)
