"""Readers of one kind of file, such as field logs: who exists, and how the right one is found for a path."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from gazestudy.errors import AmbiguousFormatError, InputError, ParameterError, UnknownFormatError
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import FolderSource, Source, ZipSource, sources

OptionsT = TypeVar("OptionsT")
OptionsT_contra = TypeVar("OptionsT_contra", contravariant=True)
ReadT_co = TypeVar("ReadT_co", covariant=True)
_ClassT = TypeVar("_ClassT", bound=type)


@dataclass(frozen=True, slots=True)
class ReaderInfo:
    """One reader.

    Attributes
    ----------
    name : str
        Short name for options and provenance.
    version : int
        Raised when the same files are read differently.
    title : str
        What it reads.
    """

    name: str
    version: int
    title: str


class Reader(Protocol[OptionsT_contra, ReadT_co]):
    """What a registered class offers."""

    def identify(self, source: Source, options: OptionsT_contra) -> str | Refusal:
        """Say quickly by what this place is recognised, or why it is not."""

    def read(self, source: Source, options: OptionsT_contra) -> ReadT_co:
        """Return what lies there. What is wrong with single entries is among its findings."""


class OneFile(Source):
    """One file of a folder or zip, seen alone.

    Parameters
    ----------
    whole : Source
        What it lies in.
    name : str
        The file.
    """

    def __init__(self, whole: Source, name: str) -> None:
        super().__init__(whole.path, whole.inner)
        self._whole, self._name = whole, name

    def names(self) -> list[str]:
        """Return the one name."""
        return [self._name]

    all_names = names

    def below(self, folder: str) -> Source:
        """Return a folder below."""
        return self._whole.below(folder)

    def size_bytes(self, name: str) -> int:
        """Return the size of the file."""
        return self._whole.size_bytes(name)

    def open(self, name: str) -> BinaryIO:
        """Open the file."""
        return self._whole.open(name)

    def local(self, name: str) -> Path:
        """Return a path on disk."""
        return self._whole.local(name)

    def place(self, name: str) -> Path:
        """Return how to call it."""
        return self._whole.place(name)


@dataclass(frozen=True, slots=True)
class ReaderCandidate:
    """A file or folder that a reader knows.

    Attributes
    ----------
    info : ReaderInfo
        Who knows it.
    source : Source
        Where it lies.
    reason : str
        By what it was recognised.
    reader : Reader
        What reads it.
    """

    info: ReaderInfo
    source: Source
    reason: str
    reader: Reader[Any, Any] = field(repr=False, compare=False)

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


CandidateT = TypeVar("CandidateT", bound=ReaderCandidate)


class Readers(Generic[OptionsT, CandidateT]):
    """The readers of one kind of file, in the order in which they are asked.

    Parameters
    ----------
    candidate : subclass of ReaderCandidate
        What a find becomes.
    unknown : subclass of UnknownFormatError
        Raised where nobody knows anything at a path.
    books : tuple of str
        Suffixes of files that are zips inside, and files all the same.
    prepare : callable, optional
        Changes a source before it is asked about, such as to another encoding.
    """

    def __init__(
        self,
        candidate: type[CandidateT],
        unknown: type[UnknownFormatError],
        *,
        books: tuple[str, ...],
        prepare: Callable[[Source, OptionsT], Source] = lambda source, options: source,
    ) -> None:
        self._candidate, self._unknown, self._books, self._prepare = candidate, unknown, books, prepare
        self._readers: dict[str, tuple[ReaderInfo, Reader[OptionsT, Any]]] = {}

    def register(self, *, name: str, version: int, title: str) -> Callable[[_ClassT], _ClassT]:
        """Return the decorator that makes a class known; arguments as in `ReaderInfo`."""

        def register(reader: _ClassT) -> _ClassT:
            self._readers[name] = (ReaderInfo(name, version, title), reader())
            return reader

        return register

    def infos(self) -> list[ReaderInfo]:
        """Return the readers by name."""
        return sorted((info for info, _ in self._readers.values()), key=lambda info: info.name)

    def reader(self, name: str) -> Reader[OptionsT, Any]:
        """Return the reader of a name."""
        return self._readers[name][1]

    def find(self, path: Path, options: OptionsT, importer: str | None = None) -> list[CandidateT]:
        """Return what is known at a path: a file, a zip, or a folder that is one export or holds several.

        Parameters
        ----------
        path : Path
            Where to look.
        options : object
            How to read.
        importer : str, optional
            Ask only this reader.

        Returns
        -------
        list of ReaderCandidate
            At least one.

        Raises
        ------
        AmbiguousFormatError
            If several readers know one place.
        UnknownFormatError
            If there is none, with the reason of every reader.
        InputError
            If there is nothing to read, or a zip is unsafe.
        ParameterError
            If there is no such reader.
        """
        if importer is not None and importer not in self._readers:
            raise ParameterError("importer", importer, "one of " + ", ".join(sorted(self._readers)))
        asked = [entry for name, entry in self._readers.items() if importer in (None, name)]
        refused: dict[str, str] = {}
        found: list[CandidateT] = []
        done: list[str] = []
        for source in _places(path, self._books):
            if any(source.inner == one or source.inner.startswith(f"{one}/") or not one for one in done):
                continue
            whole = self._ask(source, asked, options, refused)
            if whole is not None:
                found.append(whole)
                done.append(source.inner)
            elif not (isinstance(source, FolderSource) and source.only is not None):
                files = [self._ask(OneFile(source, one), asked, options, refused) for one in source.names()]
                found += [one for one in files if one is not None]
        if not found:
            raise self._unknown(path, refused)
        return found

    def _ask(
        self,
        source: Source,
        asked: list[tuple[ReaderInfo, Reader[OptionsT, Any]]],
        options: OptionsT,
        refused: dict[str, str],
    ) -> CandidateT | None:
        source = self._prepare(source, options)
        found: list[CandidateT] = []
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
                found.append(self._candidate(info, source, answer, reader))
        if len(found) > 1:
            names = [one.info.name for one in found]
            raise AmbiguousFormatError(found[0].place, names, "Choose a reader (--importer NAME)")
        if not found and damage is not None:
            raise damage
        return found[0] if found else None


def only_one(path: Path | str, candidates: list[CandidateT]) -> CandidateT:
    """Return the one candidate of a path.

    Raises
    ------
    AmbiguousFormatError
        If there are several.
    """
    if len(candidates) > 1:
        raise AmbiguousFormatError(path, [str(one.place) for one in candidates], "Choose one of them")
    return candidates[0]


def _places(path: Path, books: tuple[str, ...]) -> Iterator[Source]:
    """Yield where files may lie; a workbook is a file although it is a zip inside."""
    if path.suffix.lower() in books and path.is_file():
        if path.stat().st_size == 0:
            raise InputError(path, "the file is empty", advice="Copy or export it again")
        yield FolderSource(path, "", only=path.name)
        return
    if path.is_file() and zipfile.is_zipfile(path) and ZipSource(path).has("[Content_Types].xml"):
        raise InputError(path, "this looks like a workbook with another name", advice=f"Call it {books[0]}")
    yield from sources(path)
