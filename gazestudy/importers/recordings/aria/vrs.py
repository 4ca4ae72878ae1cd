"""What a Project Aria recording (VRS file) says of its scene camera: calibration, and times of pictures.

Only the description, the index and one configuration record are read, not the pictures. All numbers are
little-endian. File header: magic, sizes of headers, places of index and description. Description: name and
value pairs of each stream, then of the file. Index: one entry of 19 bytes for each record.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.sources import Source

SCENE_CAMERA = (214, 1)
"""Stream of the colour camera: type and instance."""

_FILE_HEADER = struct.Struct("<8sQIIqqq24s8s")
_RECORD_HEADER = struct.Struct("<IIiIdHBBI")
_STREAM = struct.Struct("<iH")
_COUNT = struct.Struct("<I")
_ENTRY = np.dtype([("t_s", "<f8"), ("size", "<u4"), ("kind", "u1"), ("type", "<i4"), ("instance", "<u2")])
_CONFIGURATION, _DATA = 2, 3
_INDEX_VERSION, _DESCRIPTION_VERSION = 2, 2
_COMPRESSIONS = {1: "lz4", 2: "zstd"}
_MAX_DESCRIPTION_BYTES = 64 * 2**20
_MAX_CONFIGURATION_BYTES = 2**20
_MAX_RATIO = 300
_LAYOUT = "DL:Configuration"
_NOT_READABLE = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Vrs:
    """What was read of a VRS file.

    Attributes
    ----------
    tags : dict of str to str
        Facts about the file: serial number, firmware, calibration as JSON, ...
    frames_ns : ndarray of int64, shape (n,)
        When each scene picture was taken (middle of the exposure), device clock.
    size_px : tuple of int or None
        Width and height of the scene pictures, as stored (turned by 90 degrees on the first generation).
    problems : tuple of str
        What could not be read.
    """

    tags: dict[str, str]
    frames_ns: NDArray[np.int64]
    size_px: tuple[int, int] | None
    problems: tuple[str, ...] = ()


def is_vrs(source: Source, name: str) -> bool:
    """Return whether a file starts as a VRS file does."""
    head = source.head(name, _FILE_HEADER.size)
    return len(head) == _FILE_HEADER.size and head.startswith(b"VisionRe") and head[72:76] == b"cord"


def read_vrs(source: Source, name: str) -> Vrs:
    """Read tags, times of scene pictures and their size.

    Parameters
    ----------
    source : Source
        Where the file lies.
    name : str
        The file.

    Returns
    -------
    Vrs
        With `problems` where the index or the configuration is damaged.

    Raises
    ------
    InputError
        If it is no VRS file or its description is damaged.
    """
    file = _File(source, name)
    streams, tags = file.description()
    try:
        index, places = file.index()
    except InputError as error:
        return Vrs(tags, np.zeros(0, np.int64), None, (str(error),))
    own = (index["type"] == SCENE_CAMERA[0]) & (index["instance"] == SCENE_CAMERA[1])
    taken = index["t_s"][own & (index["kind"] == _DATA)]
    known = taken[np.isfinite(taken) & (np.abs(taken) < 2**33)]
    frames_ns = np.round(known * 1e9).astype(np.int64)
    problems = [f"{len(taken) - len(known)} pictures have no usable time"] if len(taken) > len(known) else []
    size_px = None
    configurations = places[own & (index["kind"] == _CONFIGURATION)]
    if len(configurations):
        try:
            size_px = file.picture_size(int(configurations[0]), streams.get(SCENE_CAMERA, {}))
        except InputError as error:
            problems.append(str(error))
    return Vrs(tags, frames_ns, size_px, tuple(problems))


@dataclass
class _File:
    source: Source
    name: str
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = self.source.size_bytes(self.name)
        head = self._at(0, _FILE_HEADER.size, "header")
        magic, _, _, self.header, self.index_at, self.description_at, self.first_at, _, end = (
            _FILE_HEADER.unpack(head)
        )
        if magic != b"VisionRe" or end[:4] != b"cord" or self.header < _RECORD_HEADER.size:
            raise self._damage("header", "the mark of a VRS file", repr(magic))

    def _damage(self, place: str, expected: str, found: str) -> InputError:
        return InputError(
            self.source.place(self.name),
            "this recording is damaged",
            place=place,
            expected=expected,
            found=found,
            advice="Copy it from the glasses again",
        )

    def _at(self, start: int, count: int, place: str) -> bytes:
        if not 0 <= start <= self.size - count:
            raise self._damage(
                place, f"{count:,} bytes from byte {start:,}", f"a file of {self.size:,} bytes"
            )
        try:
            with self.source.open(self.name) as stream:
                stream.seek(start)
                data = stream.read(count)
        except _NOT_READABLE as error:
            raise self._damage(place, "readable data", str(error)) from error
        if len(data) != count:
            raise self._damage(place, f"{count:,} bytes", f"{len(data):,}")
        return data

    def _record(self, start: int, place: str, most_bytes: int | None = None) -> tuple[tuple[Any, ...], bytes]:
        """Return header and content of a record."""
        header = _RECORD_HEADER.unpack(self._at(start, self.header, place)[: _RECORD_HEADER.size])
        count = header[0] - self.header
        if count < 0 or count > (most_bytes or self.size):
            raise self._damage(place, "a sensible size", f"{header[0]:,} bytes")
        return header, self._at(start + self.header, count, place)

    def description(self) -> tuple[dict[tuple[int, int], dict[str, str]], dict[str, str]]:
        """Return the vendor's tags of each stream, and the tags of the file."""
        header, data = self._record(self.description_at, "description", _MAX_DESCRIPTION_BYTES)
        if header[3] != _DESCRIPTION_VERSION:
            raise self._damage("description", f"version {_DESCRIPTION_VERSION}", str(header[3]))
        reader, streams = _Pairs(data), {}
        try:
            for _ in range(reader.count()):
                stream = reader.stream()
                reader.pairs()
                streams[stream] = reader.pairs()
            return streams, reader.pairs()
        except struct.error as error:
            raise self._damage("description", "names and values", str(error)) from error

    def index(self) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the entry of each record and where it lies."""
        if self.index_at <= 0:
            raise self._damage("index", "an index", "none: the recording was interrupted")
        header, data = self._record(self.index_at, "index")
        if header[3] != _INDEX_VERSION:
            raise self._damage("index", f"version {_INDEX_VERSION}", str(header[3]))
        try:
            start = _COUNT.size + _STREAM.size * _COUNT.unpack_from(data)[0]
            count = _COUNT.unpack_from(data, start)[0]
        except struct.error as error:
            raise self._damage("index", "a count of records", str(error)) from error
        if count * _RECORD_HEADER.size > self.size:
            raise self._damage("index", f"records in {self.size:,} bytes", f"{count:,}")
        entries = data[start + _COUNT.size :]
        if header[8]:
            entries = self._unpacked(entries, header[7], count * _ENTRY.itemsize, "index")
        count = min(count, len(entries) // _ENTRY.itemsize)
        index = np.frombuffer(entries, _ENTRY, count)
        places = self.first_at + np.concatenate([[0], np.cumsum(index["size"], dtype=np.int64)])[:-1]
        inside = places + index["size"] <= self.size
        return index[inside], places[inside]

    def picture_size(self, start: int, tags: dict[str, str]) -> tuple[int, int]:
        """Return width and height that a configuration record states."""
        text = next((value for key, value in sorted(tags.items()) if key.startswith(_LAYOUT)), "")
        try:
            fields = {one["name"]: one for one in json.loads(text)["data_layout"]}
            width_at, height_at = (int(fields[name]["offset"]) for name in ("image_width", "image_height"))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._damage("description of the scene camera", "a data layout", repr(error)) from error
        header, data = self._record(start, "configuration of the scene camera", _MAX_CONFIGURATION_BYTES)
        if header[8]:
            most = min(header[8], _MAX_CONFIGURATION_BYTES)
            data = self._unpacked(data, header[7], most, "configuration of the scene camera")
        last = max(width_at, height_at) + _COUNT.size
        if min(width_at, height_at) < 0 or last > len(data):
            raise self._damage("configuration of the scene camera", f"{last} bytes", f"{len(data)}")
        return _COUNT.unpack_from(data, width_at)[0], _COUNT.unpack_from(data, height_at)[0]

    def _unpacked(self, data: bytes, kind: int, count: int, place: str) -> bytes:
        if kind not in _COMPRESSIONS or count > _MAX_RATIO * max(len(data), 64):
            raise self._damage(place, "compressed data", f"{len(data):,} bytes for {count:,}, kind {kind}")
        try:
            with pa.CompressedInputStream(pa.BufferReader(data), _COMPRESSIONS[kind]) as stream:
                return bytes(stream.read(count))
        except (OSError, pa.ArrowException) as error:
            raise self._damage(place, "compressed data", str(error)) from error


class _Pairs:
    """Reads counted texts from bytes; raises struct.error where they end too early."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def count(self) -> int:
        value: int = _COUNT.unpack_from(self.data, self.at)[0]
        self.at += _COUNT.size
        return value

    def stream(self) -> tuple[int, int]:
        kind, instance = _STREAM.unpack_from(self.data, self.at)
        self.at += _STREAM.size
        return kind, instance

    def text(self) -> str:
        count = self.count()
        if count > len(self.data) - self.at:
            raise struct.error(f"a text of {count:,} bytes at byte {self.at:,} of {len(self.data):,}")
        self.at += count
        return self.data[self.at - count : self.at].decode("utf-8", "replace")

    def pairs(self) -> dict[str, str]:
        return {self.text(): self.text() for _ in range(self.count())}
