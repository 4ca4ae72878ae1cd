"""The readers of interviews that exist, and how the right one is found for a path."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, TypeVar

from gazestudy.errors import AmbiguousFormatError, InputError, ParameterError, UnknownFormatError
from gazestudy.importers.fieldlogs.registry import OneFile, places
from gazestudy.importers.interviews.builder import InterviewOptions, ReadInterviews
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import FolderSource, Source

BOOKS = (".xlsx", ".xlsm", ".ods", ".docx")
_TEXTS = (".csv", ".tsv", ".txt", ".md", ".srt", ".vtt", ".json")
_OF_TEXTS = ("text", "docx", "subtitles")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class InterviewReaderInfo:
    """One reader: its short name, its version, and what it reads."""

    name: str
    version: int
    title: str


class InterviewReader(Protocol):
    """What a class under `interview_importer` offers."""

    def identify(self, source: Source, options: InterviewOptions) -> str | Refusal:
        """Say quickly by what this place is recognised, or why it is not."""

    def read(self, source: Source, options: InterviewOptions) -> ReadInterviews:
        """Return the interviews. What is wrong with single answers is among the findings."""


@dataclass(frozen=True, slots=True)
class InterviewCandidate:
    """Interviews that were found and can be read.

    Attributes
    ----------
    info : InterviewReaderInfo
        Who knows them.
    source : Source
        Where they lie.
    reason : str
        By what they were recognised.
    """

    info: InterviewReaderInfo
    source: Source
    reason: str

    @property
    def name(self) -> str:
        """Name of the file or folder."""
        names = self.source.names()
        if isinstance(self.source, (OneFile, FolderSource)) and len(names) == 1:
            return PurePosixPath(names[0]).name
        return self.source.label if self.source.inner else self.source.path.name

    @property
    def place(self) -> Path:
        """The file or folder, for messages."""
        if isinstance(self.source, OneFile):
            return self.source.place(self.source.names()[0])
        return self.source.path / self.source.inner if self.source.inner else self.source.path

    def read(self, options: InterviewOptions | None = None) -> ReadInterviews:
        """Return the interviews; raises InputError if they cannot be read at all."""
        chosen = options or InterviewOptions()
        found = _READERS[self.info.name][1].read(_in_unicode(self.source, chosen), chosen)
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

    def __init__(self, path: Path | str, refusals: Mapping[str, str]) -> None:
        self.refusals = dict(refusals)
        tried = "; ".join(f"{name}: {reason}" for name, reason in self.refusals.items())
        advice = "For a table with other column names, say what they mean (--column 'THEIRS=item')"
        InputError.__init__(self, path, "no reader knows these interviews", found=f"[{tried}]", advice=advice)


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


_READERS: dict[str, tuple[InterviewReaderInfo, InterviewReader]] = {}

_T = TypeVar("_T", bound=type)


def interview_importer(*, name: str, version: int, title: str) -> Callable[[_T], _T]:
    """Register a class as a reader of interviews.

    Parameters
    ----------
    name, version, title
        As in `InterviewReaderInfo`.
    """

    def register(reader: _T) -> _T:
        _READERS[name] = (InterviewReaderInfo(name, version, title), reader())
        return reader

    return register


def list_interview_importers() -> list[InterviewReaderInfo]:
    """Return the readers by name.

    Examples
    --------
    >>> "subtitles" in [info.name for info in list_interview_importers()]
    True
    """
    return sorted((info for info, _ in _READERS.values()), key=lambda info: info.name)


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
    path, options = Path(path), options or InterviewOptions()
    if importer is not None and importer not in _READERS:
        raise ParameterError("importer", importer, "one of " + ", ".join(sorted(_READERS)))
    asked = [entry for name, entry in _READERS.items() if importer in (None, name)]
    refused: dict[str, str] = {}
    found: list[InterviewCandidate] = []
    done: list[str] = []
    for source in places(path, BOOKS):
        if any(source.inner == one or source.inner.startswith(f"{one}/") or not one for one in done):
            continue
        whole = _ask(_in_unicode(source, options), asked, options, refused)
        if whole is not None:
            found.append(whole)
            done.append(source.inner)
        elif not (isinstance(source, FolderSource) and source.only is not None):
            for name in source.names():
                one = _ask(_in_unicode(OneFile(source, name), options), asked, options, refused)
                found += [one] if one is not None else []
    if not found:
        raise UnknownInterviewError(path, refused)
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
    candidates = find_interviews(path, importer=importer, options=options)
    if len(candidates) > 1:
        raise AmbiguousFormatError(path, [str(one.place) for one in candidates], "Choose one of them")
    return candidates[0].read(options)


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


def _ask(
    source: Source,
    asked: list[tuple[InterviewReaderInfo, InterviewReader]],
    options: InterviewOptions,
    refused: dict[str, str],
) -> InterviewCandidate | None:
    found: list[InterviewCandidate] = []
    damage: InputError | None = None
    for info, reader in asked:
        try:
            answer = reader.identify(source, options)
        except InputError as error:
            damage = damage or error
            refused[info.name] = str(error)
            continue
        if isinstance(answer, Refusal):
            refused.setdefault(info.name, answer.reason)
        else:
            found.append(InterviewCandidate(info, source, answer))
    if len(found) > 1:
        names = [one.info.name for one in found]
        raise AmbiguousFormatError(found[0].place, names, "Choose a reader (--importer NAME)")
    if not found and damage is not None:
        raise damage
    return found[0] if found else None
