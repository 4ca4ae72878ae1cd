"""Where a recording lies: a folder, one table in a folder, or a folder inside a zip.

Importers see all three alike and never write into them. A zip is checked as a whole before anything is read
from it; tables are read into memory, videos are unpacked because decoders need a file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import re
import shutil
import stat
import struct
import tempfile
import weakref
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from gazestudy.errors import InputError
from gazestudy.model import SourceFile

VIDEO_SUFFIXES = (".mp4", ".mkv", ".avi", ".mov", ".wmv", ".m4v", ".webm")
TABLE_SUFFIXES = (".csv", ".tsv", ".txt")

MAX_DEPTH = 6  # a card may hold projects/<id>/recordings/<id>/segments/<n>
MAX_FOLDERS = 20_000
MAX_MEMBERS = 200_000
MAX_RATIO = 300
RATIO_COUNTS_FROM_BYTES = 100 * 2**20
MAX_UNPACKED_BYTES = 2**40
MAX_TABLE_BYTES = 8 * 2**30
MAX_LEVELS = 8

_DRIVE = re.compile(r"[A-Za-z]:")
_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')  # on Windows
_CHUNK = 2**20
_ZIP_TROUBLE = (
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError),
    *(ValueError, LookupError, struct.error, lzma.LZMAError),  # flipped bytes in names and sizes
)
"""What damaged zips make the library raise."""

_IGNORED_FOLDERS = ("__MACOSX",)


class _Readable(Protocol):
    def read(self, count: int, /) -> bytes: ...


class Source(ABC):
    """The files of one recording, by name; a file in a folder below is named "folder/file".

    Attributes
    ----------
    path : Path
        What the user pointed at.
    inner : str
        The folder below it ("" for itself), with forward slashes.
    """

    def __init__(self, path: Path, inner: str) -> None:
        self.path, self.inner = path, inner

    @property
    def label(self) -> str:
        """Last part of the folder name: what the recording is called when it does not say."""
        return PurePosixPath(self.inner).name if self.inner else self.path.stem

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the files in this folder, sorted."""

    @abstractmethod
    def all_names(self) -> list[str]:
        """Return the names of the files in this folder and all below it ("folder/file"), sorted."""

    @abstractmethod
    def below(self, folder: str) -> Source:
        """Return a folder below this one as a source of its own."""

    @abstractmethod
    def size_bytes(self, name: str) -> int:
        """Return the size of a file."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Open a file for reading."""

    @abstractmethod
    def local(self, name: str) -> Path:
        """Return a path on disk that holds the file."""

    @abstractmethod
    def place(self, name: str) -> Path:
        """Return how to call the file in messages."""

    def has(self, name: str) -> bool:
        """Return whether there is such a file."""
        return name in (self.all_names() if "/" in name else self.names())

    def folders(self) -> list[str]:
        """Return the names of the folders in this folder that hold files, sorted."""
        return sorted({name.split("/", 1)[0] for name in self.all_names() if "/" in name})

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        InputError
            If it cannot be read or is too large for a table.
        """
        if self.size_bytes(name) > MAX_TABLE_BYTES:
            raise InputError(self.place(name), "this table is too large", expected="at most 8 GB")
        with self.open(name) as stream:
            return self._guarded(name, stream, -1)

    def head(self, name: str, count: int = 65536) -> bytes:
        """Return the first bytes of a file."""
        with self.open(name) as stream:
            return self._guarded(name, stream, count)

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file piece by piece, for files that need not fit in memory."""
        with self.open(name) as stream:
            while piece := self._guarded(name, stream, _CHUNK):
                yield piece

    def unzipped(self, name: str) -> bytes:
        """Return what a gzip file holds.

        Raises
        ------
        InputError
            If it is damaged, or unpacks to more than a table may have or than honest data would.
        """
        limit = max(MAX_RATIO * self.size_bytes(name), RATIO_COUNTS_FROM_BYTES)
        pieces, size = [], 0
        with self.open(name) as packed, gzip.GzipFile(fileobj=packed) as stream:
            while piece := self._guarded(name, stream, _CHUNK):
                size += len(piece)
                if size > min(limit, MAX_TABLE_BYTES):
                    found = f"{self.size_bytes(name):,} bytes grow to more than {size:,}"
                    raise InputError(self.place(name), "this gzip file is not plausible", found=found)
                pieces.append(piece)
        return b"".join(pieces)

    def json(self, name: str) -> dict[str, Any]:
        """Return the object in a JSON file, {} if there is no such file.

        Raises
        ------
        InputError
            If it is damaged or holds something else.
        """
        if not self.has(name):
            return {}
        place = self.place(name)
        try:
            values = json.loads(self.read(name).decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise InputError(
                place, f"{name} is damaged", found=str(error), advice="Export the recording again"
            ) from error
        if not isinstance(values, dict):
            found = type(values).__name__
            raise InputError(place, f"{name} is not what it should be", expected="a JSON object", found=found)
        return values

    def videos(self) -> list[str]:
        """Return the names of the video files."""
        return [name for name in self.names() if name.lower().endswith(VIDEO_SUFFIXES)]

    def hashes(self, names: Sequence[str]) -> tuple[SourceFile, ...]:
        """Return size and SHA-256 of files, read piece by piece."""
        return tuple(map(self._hash, names))

    def _hash(self, name: str) -> SourceFile:
        digest, size = hashlib.sha256(), 0
        for piece in self.pieces(name):
            digest.update(piece)
            size += len(piece)
        return SourceFile(name, size, digest.hexdigest())

    def _guarded(self, name: str, stream: _Readable, count: int) -> bytes:
        try:
            return stream.read(count)
        except (*_ZIP_TROUBLE, zlib.error) as error:
            raise InputError(
                self.place(name),
                "this file cannot be read",
                found=str(error),
                advice="Copy or export it again",
            ) from error


class FolderSource(Source):
    """A folder on disk, or one file of it.

    Parameters
    ----------
    path : Path
        What the user pointed at.
    inner : str, optional
        Folder below it.
    only : str, optional
        The one file to see.
    """

    def __init__(self, path: Path, inner: str = "", only: str | None = None) -> None:
        super().__init__(path, inner)
        base = path.parent if only is not None else path
        self.folder, self.only = base / inner, only
        self._names: list[str] | None = None
        self._all: list[str] | None = None

    def names(self) -> list[str]:
        """Return the names of the files in this folder, sorted."""
        if self._names is None:
            if self.only is not None:
                self._names = [self.only]
            else:
                self._names = [entry.name for entry in _entries(self.folder) if entry.is_file()]
        return self._names

    def all_names(self) -> list[str]:
        """Return the names of the files in this folder and all below it ("folder/file"), sorted."""
        if self._all is None:
            self._all = self.names() if self.only is not None else _files_below(self.folder)
        return self._all

    def below(self, folder: str) -> FolderSource:
        """Return a folder below this one as a source of its own."""
        return FolderSource(self.path, f"{self.inner}/{folder}" if self.inner else folder)

    def size_bytes(self, name: str) -> int:
        """Return the size of a file."""
        try:
            return (self.folder / name).stat().st_size
        except OSError as error:
            raise _cannot_open(self.place(name), error) from error

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading."""
        try:
            return (self.folder / name).open("rb")
        except OSError as error:
            raise _cannot_open(self.place(name), error) from error

    def local(self, name: str) -> Path:
        """Return a path on disk that holds the file."""
        return self.folder / name

    def place(self, name: str) -> Path:
        """Return how to call the file in messages."""
        return self.folder / name


class ZipSource(Source):
    """A folder inside a zip.

    Parameters
    ----------
    path : Path
        The zip.
    inner : str, optional
        Folder inside it.
    extract_to : Path, optional
        Where videos are unpacked to; None: a temporary folder that lives as long as this object.
    """

    def __init__(self, path: Path, inner: str = "", extract_to: Path | None = None) -> None:
        super().__init__(path, inner)
        self._archive = _open_zip(path)
        weakref.finalize(self, self._archive.close)
        self._extract_to = extract_to
        prefix = f"{inner}/" if inner else ""
        self._members = {
            member.removeprefix(prefix): member
            for member in _members(self._archive)
            if member.startswith(prefix)
        }

    def names(self) -> list[str]:
        """Return the names of the files in this folder, sorted."""
        return [name for name in self.all_names() if "/" not in name]

    def all_names(self) -> list[str]:
        """Return the names of the files in this folder and all below it ("folder/file"), sorted."""
        return sorted(self._members)

    def below(self, folder: str) -> ZipSource:
        """Return a folder below this one as a source of its own."""
        return ZipSource(self.path, f"{self.inner}/{folder}" if self.inner else folder, self._extract_to)

    def size_bytes(self, name: str) -> int:
        """Return the size of a file."""
        return self._archive.getinfo(self._member(name)).file_size

    def _member(self, name: str) -> str:
        if name not in self._members:
            raise _not_there(self.place(name))
        return self._members[name]

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading."""
        try:
            return self._archive.open(self._member(name))  # type: ignore[return-value]  # IO[bytes] is one
        except _ZIP_TROUBLE as error:
            raise InputError(self.place(name), "this file cannot be unpacked", found=str(error)) from error

    def local(self, name: str) -> Path:
        """Return a path on disk that holds the file, unpacking it the first time."""
        if self._extract_to is None:
            self._extract_to = Path(tempfile.mkdtemp(prefix="gazestudy-"))
            weakref.finalize(self, shutil.rmtree, self._extract_to, True)
        target = self._extract_to / _NOT_IN_NAMES.sub("_", name)  # no member climbs out: `_check_zip`
        size = self.size_bytes(name)
        if target.is_file() and target.stat().st_size == size:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._extract_to).free < size:
            raise InputError(
                self.place(name),
                f"no room to unpack {size / 1e9:.1f} GB",
                place=str(self._extract_to),
                advice="Unpack it yourself",
            )
        partial = target.with_name(target.name + ".part")
        with self.open(name) as packed, partial.open("wb") as unpacked:
            while piece := self._guarded(name, packed, _CHUNK):
                unpacked.write(piece)
        partial.replace(target)
        return target

    def place(self, name: str) -> Path:
        """Return how to call the file in messages."""
        return self.path / self.inner / name


def _not_there(place: Path) -> InputError:
    return InputError(
        place, "there is no such file", advice="The recording is not complete; copy or export it again"
    )


def _cannot_open(place: Path, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return _not_there(place)
    return InputError(
        place, "this file cannot be opened", found=str(error.strerror), advice="Check its permissions"
    )


def sources(path: Path, extract_to: Path | None = None) -> Iterator[Source]:
    """Yield the places below `path` where a recording may lie, outer folders first.

    Parameters
    ----------
    path : Path
        A folder, a zip or one table.
    extract_to : Path, optional
        Where videos of a zip are unpacked to.

    Yields
    ------
    Source
        `path` itself, then folders below it, at most six levels deep.

    Raises
    ------
    InputError
        If there is nothing, or it may not be read, or there are too many folders, or the zip is unsafe.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise InputError(path, "there is no such file or folder", advice="Check the path") from error
    except OSError as error:
        raise InputError(path, "this cannot be opened", found=str(error.strerror)) from error
    if not stat.S_ISDIR(mode):
        yield from _in_file(path, extract_to)
        return
    pending, count = deque([""]), 0
    if not _entries(path):
        raise InputError(path, "the folder is empty", advice="Choose the folder that holds the recording")
    while pending:
        if count == MAX_FOLDERS:
            found = f"more than {MAX_FOLDERS}"
            advice = "Choose the folder that holds the recordings, not the whole disk"
            raise InputError(path, "there are too many folders to look into", found=found, advice=advice)
        inner = pending.popleft()
        count += 1
        yield FolderSource(path, inner)
        depth = len(PurePosixPath(inner).parts)
        if depth < MAX_DEPTH:
            folders = [entry.name for entry in _entries(path / inner) if entry.is_dir(follow_symlinks=False)]
            pending.extend(f"{inner}/{name}" if inner else name for name in folders)


def source_at(path: Path, inner: str, extract_to: Path | None = None) -> Source:
    """Return the source that `sources` named by `inner`."""
    if path.is_dir():
        return FolderSource(path, inner)
    if zipfile.is_zipfile(path):
        return ZipSource(path, inner, extract_to)
    return FolderSource(path, "", only=path.name)


def _in_file(path: Path, extract_to: Path | None) -> Iterator[Source]:
    if path.stat().st_size == 0:
        raise InputError(path, "the file is empty", advice="Copy or export it again")
    if not zipfile.is_zipfile(path):
        if path.suffix.lower() == ".zip":
            raise InputError(path, "this zip is damaged", advice="Download or copy it again")
        yield FolderSource(path, "", only=path.name)
        return
    with _open_zip(path) as archive:
        folders = sorted(
            {_folder(member) for member in _members(archive)}, key=lambda name: (name.count("/"), name)
        )
    if not folders:
        raise InputError(path, "the zip is empty", advice="Download or copy it again")
    for inner in folders:
        yield ZipSource(path, inner, extract_to)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            entries = [entry for entry in listing if not entry.name.startswith(".")]
    except OSError as error:
        raise InputError(
            folder, "this folder cannot be read", found=str(error.strerror), advice="Check its permissions"
        ) from error
    return sorted(
        (entry for entry in entries if entry.name not in _IGNORED_FOLDERS), key=lambda entry: entry.name
    )


def _files_below(folder: Path, levels: int = MAX_LEVELS) -> list[str]:
    names: list[str] = []
    for entry in _entries(folder):
        if entry.is_file():
            names.append(entry.name)
        elif levels > 0 and entry.is_dir(follow_symlinks=False):
            inside = _files_below(folder / entry.name, levels - 1)
            names.extend(f"{entry.name}/{name}" for name in inside)
    return sorted(names)


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_TROUBLE as error:
        raise InputError(
            path, "this zip is damaged", found=str(error), advice="Download or copy it again"
        ) from error
    try:
        _check_zip(path, archive)
    except InputError:
        archive.close()
        raise
    return archive


def _check_zip(path: Path, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise InputError(path, "this zip holds too many files", found=str(len(members)))
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise InputError(path, "this zip would unpack to more than 1 TB", advice="Unpack it yourself")
    for member in members:
        problem = _problem_of(member)
        if problem:
            raise InputError(
                path,
                problem,
                place=repr(member.filename),
                advice="The zip is refused as a whole; do not trust it",
            )


def _problem_of(member: zipfile.ZipInfo) -> str:
    # `orig_filename` is what the archive says; `filename` has been tidied by Python.
    for name in {member.filename, member.orig_filename}:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if ".." in parts or name.startswith(("/", "\\")) or _DRIVE.match(name):
            return "a file in this zip would be written outside of its folder"
        if "\0" in name:
            return "a file in this zip has a broken name"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "this zip holds a symbolic link"
    if member.flag_bits & 1:
        return "this zip is encrypted"
    large = member.file_size > RATIO_COUNTS_FROM_BYTES
    if large and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return f"a file in this zip grows from {member.compress_size:,} to {member.file_size:,} bytes"
    return ""


def _members(archive: zipfile.ZipFile) -> list[str]:
    return [
        member.filename
        for member in archive.infolist()
        if not member.is_dir()
        and not any(
            part in _IGNORED_FOLDERS or part.startswith(".") for part in PurePosixPath(member.filename).parts
        )
    ]


def _folder(member: str) -> str:
    parent = str(PurePosixPath(member).parent)
    return "" if parent == "." else parent
