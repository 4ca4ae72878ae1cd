"""The readers of field logs that exist, and how the right one is found for a path."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

from gazestudy.errors import AmbiguousFormatError, InputError, ParameterError, UnknownFormatError
from gazestudy.importers.fieldlogs.plan import FieldPlan
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import FolderSource, Source, ZipSource, sources
from gazestudy.model.fieldwork import FieldLog

if TYPE_CHECKING:
    from gazestudy.importers.fieldlogs.columns import FieldColumns

_BOOKS = (".xlsx", ".xlsm", ".ods")


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """What a user may say about how a field log is to be read.

    Attributes
    ----------
    plan : FieldPlan
        What the protocol says about its items.
    columns : FieldColumns, Path or None
        Column mapping (or its JSON file) of a plain table.
    tz : str
        IANA time zone of times that do not say.
    prefix : str
        Put before every session id, where two files use the same ids for different sessions.
    """

    plan: FieldPlan = field(default_factory=FieldPlan)
    columns: FieldColumns | Path | None = None
    tz: str = ""
    prefix: str = ""

    @property
    def mapping(self) -> FieldColumns | None:
        """The column mapping, read from its file if need be."""
        if isinstance(self.columns, Path):
            from gazestudy.importers.fieldlogs.columns import load_field_columns

            return load_field_columns(self.columns)
        return self.columns


@dataclass(frozen=True, slots=True)
class FieldLogInfo:
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


class FieldLogReader(Protocol):
    """What a class under `fieldlog_importer` offers."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Say quickly by what this place is recognised, or why it is not."""

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Return the log. What is wrong with single entries is among its findings."""


@dataclass(frozen=True, slots=True)
class FieldLogCandidate:
    """A field log that was found and can be read.

    Attributes
    ----------
    info : FieldLogInfo
        Who knows it.
    source : Source
        Where it lies.
    reason : str
        By what it was recognised.
    """

    info: FieldLogInfo
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

    def read(self, options: FieldOptions | None = None) -> FieldLog:
        """Return the log; raises InputError if it cannot be read at all."""
        _, reader = _READERS[self.info.name]
        place = self.place
        log = reader.read(self.source, options or FieldOptions())
        return log.check(str(place))


class UnknownFieldLogError(UnknownFormatError):
    """No reader knows the field log; says why each said no."""

    def __init__(self, path: Path | str, refusals: Mapping[str, str]) -> None:
        self.refusals = dict(refusals)
        tried = "; ".join(f"{name}: {reason}" for name, reason in self.refusals.items())
        advice = "For a plain table, give a column mapping (--columns FILE)"
        InputError.__init__(self, path, "no reader knows this field log", found=f"[{tried}]", advice=advice)


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


_READERS: dict[str, tuple[FieldLogInfo, FieldLogReader]] = {}

_T = TypeVar("_T", bound=type)


def fieldlog_importer(*, name: str, version: int, title: str) -> Callable[[_T], _T]:
    """Register a class as a reader of field logs.

    Parameters
    ----------
    name, version, title
        As in `FieldLogInfo`.
    """

    def register(reader: _T) -> _T:
        _READERS[name] = (FieldLogInfo(name, version, title), reader())
        return reader

    return register


def list_fieldlog_importers() -> list[FieldLogInfo]:
    """Return the readers by name.

    Examples
    --------
    >>> "boris" in [info.name for info in list_fieldlog_importers()]
    True
    """
    return sorted((info for info, _ in _READERS.values()), key=lambda info: info.name)


def readers_of_forms(names: Sequence[str]) -> list[tuple[str, FieldLogReader]]:
    """Return readers by name, for answers that lie in the same files as field logs."""
    return [(name, _READERS[name][1]) for name in names]


def find_field_logs(
    path: Path | str, *, importer: str | None = None, options: FieldOptions | None = None
) -> list[FieldLogCandidate]:
    """Return the field logs at a path: a file, a zip, or a folder that is one log or holds several.

    Parameters
    ----------
    path : Path or str
        Where to look.
    importer : str, optional
        Ask only this reader.
    options : FieldOptions, optional
        How to read; with a column mapping only the reader of plain tables is asked.

    Returns
    -------
    list of FieldLogCandidate
        At least one.

    Raises
    ------
    AmbiguousFormatError
        If several readers know one place.
    UnknownFieldLogError
        If there is none, with the reason of every reader.
    InputError
        If there is nothing to read, or a zip is unsafe.
    ParameterError
        If there is no such reader.
    """
    path, options = Path(path), options or FieldOptions()
    options = replace(options, columns=options.mapping)
    if options.columns is not None and importer is None:
        importer = "table"
    if importer is not None and importer not in _READERS:
        raise ParameterError("importer", importer, "one of " + ", ".join(sorted(_READERS)))
    asked = [entry for name, entry in _READERS.items() if importer in (None, name)]
    refused: dict[str, str] = {}
    found: list[FieldLogCandidate] = []
    done: list[str] = []
    for source in places(path):
        if any(source.inner == one or source.inner.startswith(f"{one}/") or not one for one in done):
            continue
        whole = _ask(source, asked, options, refused)
        if whole is not None:
            found.append(whole)
            done.append(source.inner)
            continue
        if isinstance(source, FolderSource) and source.only is not None:
            continue
        for name in source.names():
            one = _ask(OneFile(source, name), asked, options, refused)
            if one is not None:
                found.append(one)
    if not found:
        raise UnknownFieldLogError(path, refused)
    return found


def read_field_log(
    path: Path | str, *, importer: str | None = None, options: FieldOptions | None = None
) -> FieldLog:
    """Return the one field log at a path.

    Parameters
    ----------
    path, importer, options
        As in `find_field_logs`.

    Returns
    -------
    FieldLog
        Its tables; what is wrong with single entries is among its findings.

    Raises
    ------
    AmbiguousFormatError
        If there are several.
    InputError
        If it cannot be read.
    """
    candidates = find_field_logs(path, importer=importer, options=options)
    if len(candidates) > 1:
        names = [str(one.place) for one in candidates]
        raise AmbiguousFormatError(path, names, "Choose one of them")
    return candidates[0].read(options)


def places(path: Path, books: tuple[str, ...] = _BOOKS) -> Iterator[Source]:
    """Yield where logs may lie; a workbook is a file although it is a zip inside.

    Parameters
    ----------
    path : Path
        A file, zip or folder.
    books : tuple of str, optional
        Suffixes of files that are zips inside.

    Raises
    ------
    InputError
        If there is nothing, it is empty, or a zip is unsafe or a workbook with another name.
    """
    if path.suffix.lower() in books and path.is_file():
        if path.stat().st_size == 0:
            raise InputError(path, "the file is empty", advice="Copy or export it again")
        yield FolderSource(path, "", only=path.name)
        return
    if path.is_file() and zipfile.is_zipfile(path) and _is_book(path):
        raise InputError(path, "this looks like a workbook with another name", advice=f"Call it {books[0]}")
    yield from sources(path)


def _is_book(path: Path) -> bool:
    return ZipSource(path).has("[Content_Types].xml")


def _ask(
    source: Source,
    asked: list[tuple[FieldLogInfo, FieldLogReader]],
    options: FieldOptions,
    refused: dict[str, str],
) -> FieldLogCandidate | None:
    found: list[FieldLogCandidate] = []
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
            found.append(FieldLogCandidate(info, source, answer))
    if len(found) > 1:
        names = [one.info.name for one in found]
        raise AmbiguousFormatError(found[0].place, names, "Choose a reader (--importer NAME)")
    if not found and damage is not None:
        raise damage
    return found[0] if found else None
