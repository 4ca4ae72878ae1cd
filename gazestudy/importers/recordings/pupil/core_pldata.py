"""The files that Pupil Capture writes: `*.pldata` (msgpack) and `*.npy`, read piece by piece.

A pldata file is a sequence of msgpack arrays `[topic, payload]`; the payload is msgpack again, and the data
that it was made from may be packed a third time as extension type 13. Nothing is ever unpickled: an array of
Python objects or a pickled file is refused. All numbers of a datum go into one flat buffer, so that an hour
of binocular gaze (a file of 1 GB) needs 150 MB; it takes 7 s, of which msgpack needs 5.

Eye 0 is the right eye, eye 1 the left one.
"""

from __future__ import annotations

import ast
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.sources import Source
from gazestudy.model import Finding

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PACKED_DICT = 13
PICKLED = (
    "this file is pickled, as Pupil wrote it before version 1.0; loading a pickle may run any program that"
    " somebody put into it, so it is never done here"
)
PICKLED_ADVICE = (
    "Open a copy of the recording once in Pupil Player (1.16 to 3.5), which rewrites it, and import that"
    " copy; or export it there and import the export"
)
BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    struct.error,
    msgpack.exceptions.UnpackException,
)
"""What a damaged object may raise, from unpacking or from being looked into."""

EYE_USED = ("unknown", "right", "left", "both")

_UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)

_NS_PER_S = 1_000_000_000
_LARGEST_S = 9.2e9  # more does not fit into int64 ns
_CHUNK = 2**20
_LARGEST_OBJECT = 64 * 2**20
_LARGEST_ARRAY = 2**16  # msgpack allocates by the length that is written down, so it is not believed
_NAN = float("nan")
_NONE3 = (_NAN, _NAN, _NAN)
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\(dp|\(lp|ccopy_reg|c__builtin__")
_DTYPE = re.compile(r"[<>|=]?[fiu][1248]")
_GAZE_ROW = struct.Struct("<23d")


def is_pickle(head: bytes) -> bool:
    """Return whether a file starts like a pickle.

    Examples
    --------
    >>> is_pickle(b"(dp0"), is_pickle(bytes([0x80, 3])), is_pickle(bytes([0x83, 0xAF]))
    (True, True, False)
    """
    return _PICKLE.match(head) is not None


def seconds_to_ns(seconds: Floats) -> Ints:
    """Return times in s as the nearest ns; the caller has made sure that they are finite and below 9.2e9.

    Whole seconds and the rest are converted apart: times the clock of Unix as a double has 0.2 us of room
    only, of which a product with 1e9 would lose half.

    Examples
    --------
    >>> seconds_to_ns(np.array([1216.218711, -0.25])).tolist()
    [1216218711000, -250000000]
    """
    whole = np.floor(seconds)
    return np.asarray(
        whole.astype(np.int64) * _NS_PER_S + np.rint((seconds - whole) * _NS_PER_S).astype(np.int64)
    )


def usable_seconds(seconds: Floats) -> NDArray[np.bool_]:
    """Return which times can be used."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(seconds) & (np.abs(seconds) < _LARGEST_S))


def read_npy(source: Source, name: str) -> tuple[NDArray[Any], int]:
    """Return the array in an npy file and how many of its items are missing because it was cut off.

    Raises
    ------
    InputError
        If it is damaged or holds Python objects.
    """
    data, place = source.read(name), source.place(name)
    if is_pickle(data):
        raise InputError(place, PICKLED, advice=PICKLED_ADVICE)
    wide = 4 if data[6:7] > b"\x01" else 2
    start = 8 + wide
    length = int.from_bytes(data[8:start], "little")
    try:
        if data[:6] != b"\x93NUMPY" or start + length > len(data):
            raise ValueError("no header of numpy")
        header = re.sub(r"(\d)L\b", r"\1", data[start : start + length].decode("latin-1"))
        facts = ast.literal_eval(header.strip()) if length < _CHUNK else {}
        dtype = _dtype(facts["descr"])
        shape = tuple(int(side) for side in facts["shape"])
        if len(shape) != 1 or shape[0] < 0:
            raise ValueError(f"shape {shape}")
    except (*BROKEN, SyntaxError, MemoryError) as error:
        if b"'descr': '|O'" in data[:256]:
            raise InputError(place, PICKLED, advice=PICKLED_ADVICE) from error
        found = str(error)[:200] or type(error).__name__
        raise InputError(
            place, "this array cannot be read", expected="a list of numbers", found=found
        ) from error
    count = min(shape[0], (len(data) - start - length) // dtype.itemsize)
    return np.frombuffer(data, dtype, count, start + length), shape[0] - count


def _dtype(described: Any) -> np.dtype[Any]:
    """Return a dtype of plain numbers, and nothing else."""
    if isinstance(described, str) and _DTYPE.fullmatch(described):
        return np.dtype(described)
    if isinstance(described, list) and described:
        fields = [(str(one[0]), str(one[1])) for one in described]
        if all(_DTYPE.fullmatch(kind) for _, kind in fields):
            return np.dtype(fields)
    raise ValueError(f"items of type {described!r}")


def unpacked(packed: bytes) -> Any:
    """Return one msgpack object; see `BROKEN` for what it raises."""
    return msgpack.unpackb(packed, strict_map_key=False, ext_hook=_as_bytes)


def _as_bytes(code: int, packed: bytes) -> bytes:
    # Objects in objects are opened one level deep by whoever wants them: a file must not choose the depth.
    return packed


@lru_cache(maxsize=8)
def _pupil(code: int, packed: bytes) -> tuple[Any, Any]:
    """Return eye and pupil diameter of a packed pupil datum; each is part of several gaze data."""
    return _eye_and_diameter(unpacked(packed)) if code == PACKED_DICT else (None, None)


def _eye_and_diameter(pupil: Any) -> tuple[Any, Any]:
    if isinstance(pupil, dict):
        return pupil.get("id"), pupil.get("diameter_3d")
    return pupil if isinstance(pupil, tuple) else (None, None)


@dataclass
class Pldata:
    """One pldata file, or one list of an older `pupil_data` file, as a stream of objects.

    Attributes
    ----------
    source : Source
        The recording.
    name : str
        The file.
    stream : str
        What it becomes, for findings.
    key : str
        The list in `pupil_data`; "" for a pldata file.
    count : int
        Objects met so far, those that could not be used included.
    unusable : int
        Of these, how many could not be used.
    findings : list of Finding
        What was found by `close`.
    """

    source: Source
    name: str
    stream: str
    key: str = ""
    count: int = 0
    unusable: int = 0
    findings: list[Finding] = field(default_factory=list)
    _first: str = ""

    def rows(self, pack: Callable[[dict[Any, Any], int], bytes], *, open_packed: bool = False) -> bytearray:
        """Return what `pack` makes of every object and its number, one after the other.

        Parameters
        ----------
        pack : callable
            Gets the object; whatever of `BROKEN` it raises leaves the object out.
        open_packed : bool, default False
            Replace packed pupil data by eye and diameter.
        """
        buffer, hook = bytearray(), _pupil if open_packed else _as_bytes
        unpackb = msgpack.unpackb
        with self.source.open(self.name) as stream:
            for packed in self._packed(stream):
                number = self.count
                self.count += 1
                try:
                    datum = (
                        unpackb(packed, strict_map_key=False, ext_hook=hook)
                        if isinstance(packed, bytes)
                        else packed
                    )
                    buffer += pack(datum, number)
                except BROKEN as error:
                    self.unusable += 1
                    self._first = self._first or f"object {number}: {error!r}"[:120]
        return buffer

    def _packed(self, stream: Any) -> Iterator[Any]:
        unpacker = msgpack.Unpacker(
            stream,
            read_size=_CHUNK,
            max_buffer_size=_LARGEST_OBJECT,
            max_array_len=_LARGEST_ARRAY,
            strict_map_key=False,
            unicode_errors="replace",
            ext_hook=_as_bytes,
        )
        try:
            if self.key:
                yield from self._in_map(unpacker)
            else:
                for one in unpacker:
                    yield one[1]
                if unpacker.tell() < self.source.size_bytes(self.name):
                    raise msgpack.exceptions.OutOfData
        except msgpack.exceptions.OutOfData:
            self._damage("truncated", f"is cut off in the middle of object {self.count}")
        except (*BROKEN, *_UNREADABLE) as error:
            self._damage("damaged", f"is damaged at byte {unpacker.tell():,}: {str(error)[:80]}")

    def _in_map(self, unpacker: Any) -> Iterator[Any]:
        for _ in range(unpacker.read_map_header()):
            if unpacker.unpack() != self.key:
                unpacker.skip()
                continue
            for _ in range(unpacker.read_array_header()):
                yield unpacker.unpack()
            return

    def _damage(self, code: str, what: str) -> None:
        text = f"{self.name} {what}; the {self.count} objects before it were read"
        self.findings.append(Finding("problem", self.stream, code, text, 1))

    def close(self) -> list[Finding]:
        """Return all that was found."""
        if self.unusable:
            text = f"{self.name}: {self.unusable} objects cannot be used and were left out, {self._first}"
            self.findings.append(Finding("warning", self.stream, "rows_skipped", text, self.unusable))
            self.unusable = 0
        return self.findings


def times_ns(
    file: Pldata, number: Floats, own_s: Floats, stamps: Floats | None
) -> tuple[NDArray[np.bool_], Ints]:
    """Return which objects have a time, and these times.

    Parameters
    ----------
    file : Pldata
        The file, already read; its findings grow.
    number : ndarray of float, shape (n,)
        Number of each usable object in the file.
    own_s : ndarray of float, shape (n,)
        The time that each object states, s.
    stamps : ndarray of float or None
        Times beside the file, one per object, s.

    Returns
    -------
    usable : ndarray of bool, shape (n,)
        Objects with a time.
    t_ns : ndarray of int64, shape (usable.sum(),)
        Times, ns.
    """
    own_s = np.where(usable_seconds(own_s), own_s, np.nan)
    if stamps is None:
        seconds = own_s
    else:
        row = number.astype(np.int64)
        beside = np.full(len(row), np.nan)
        there = row < len(stamps)
        beside[there] = np.where(usable_seconds(stamps), stamps, np.nan)[row[there]]
        both = np.isfinite(beside) & np.isfinite(own_s)
        apart_us = float(np.abs(beside[both] - own_s[both]).max(initial=0.0) * 1e6)
        fits = apart_us < 1.0
        text = f"times beside {file.name} and in its objects differ by at most {apart_us:.3f} us"
        file.findings.append(
            Finding("info" if fits else "warning", file.stream, "check_times", text, int(both.sum()))
        )
        if len(stamps) != file.count:
            text = f"{file.name} has {file.count} objects for {len(stamps)} times beside it"
            severity = "problem" if len(stamps) > file.count else "warning"
            lost = abs(len(stamps) - file.count)
            file.findings.append(Finding(severity, file.stream, "object_count", text, lost))  # type: ignore[arg-type]
        # With as many times as objects they belong together; else only what an object says itself is sure.
        first, second = (beside, own_s) if len(stamps) == file.count else (own_s, beside)
        seconds = np.where(np.isfinite(first), first, second)
    usable = usable_seconds(seconds)
    lost = int(np.count_nonzero(~usable))
    if lost:
        text = f"{file.name}: {lost} objects without a time were left out"
        file.findings.append(Finding("warning", file.stream, "rows_skipped", text, lost))
    return usable, seconds_to_ns(seconds[usable])


@dataclass(frozen=True, slots=True)
class GazeRows:
    """The gaze data of a file as columns, in the order of the file.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times.
    norm_x, norm_y, confidence : ndarray of float, shape (n,)
        Gaze from the bottom left corner, 1 = width or height of the image; 0 to 1.
    extra : dict of str to ndarray
        Columns for the gaze table: 3-D gaze, eyes, pupils, where there are any.
    """

    t_ns: Ints
    norm_x: Floats
    norm_y: Floats
    confidence: Floats
    extra: dict[str, NDArray[Any]]


def read_gaze(file: Pldata, stamps: Floats | None) -> GazeRows:
    """Read gaze data, 2d or 3d, one-eyed or two-eyed."""
    table = np.frombuffer(file.rows(_gaze_row, open_packed=True), np.float64).reshape(-1, 23)
    usable, t_ns = times_ns(file, table[:, 0], table[:, 1], stamps)
    columns = table[usable].T
    return GazeRows(
        t_ns, columns[3].copy(), columns[4].copy(), columns[2].copy(), gaze_extra(columns[5:22], columns[22])
    )


def gaze_extra(columns: Floats, eyes: Floats | Ints) -> dict[str, NDArray[Any]]:
    """Return the further columns of a gaze table, those without any value left out.

    Parameters
    ----------
    columns : ndarray of float, shape (17, n)
        3-D gaze, centre and normal of the right eye, of the left eye, diameter of the right and left pupil.
    eyes : ndarray of float or int, shape (n,)
        Place in `EYE_USED`.
    """
    names = [f"gaze3d_{axis}_mm" for axis in "xyz"]
    for side in ("right", "left"):
        names += [f"eye_{side}_{axis}_mm" for axis in "xyz"] + [f"gaze_{side}_{axis}" for axis in "xyz"]
    names += ["pupil_right_mm", "pupil_left_mm"]
    extra: dict[str, NDArray[Any]] = {
        name: values.copy() for name, values in zip(names, columns, strict=True) if np.isfinite(values).any()
    }
    if (eyes > 0).any():
        extra["eye_used"] = np.asarray(EYE_USED, dtype=object)[eyes.astype(np.int64)]
    return extra


def _gaze_row(datum: dict[Any, Any], number: int) -> bytes:
    """Return number, time, confidence, norm x, y, then what `gaze_extra` names, as 23 doubles."""
    norm_x, norm_y = datum["norm_pos"][:2]
    used, diameters = 0, [_NAN, _NAN]
    for pupil in datum.get("base_data") or datum.get("base") or ():
        eye, diameter = _eye_and_diameter(pupil)
        if eye in (0, 1):
            used |= 1 << eye
            if diameter:
                diameters[eye] = diameter
    if not used:
        topic = str(datum.get("topic", ""))
        used = ("0" in topic[-4:]) | ("1" in topic[-4:]) << 1
    none: Sequence[float] = _NONE3
    right = left = right_normal = left_normal = none
    if (centres := datum.get("eye_centers_3d")) is not None:
        normals = datum["gaze_normals_3d"]
        right, right_normal = _of_eye(centres, 0), _of_eye(normals, 0)
        left, left_normal = _of_eye(centres, 1), _of_eye(normals, 1)
    elif (centre := datum.get("eye_center_3d")) is not None:
        if used == 1:
            right, right_normal = centre, datum["gaze_normal_3d"]
        elif used == 2:
            left, left_normal = centre, datum["gaze_normal_3d"]
    point = datum.get("gaze_point_3d") or _NONE3
    time = datum.get("timestamp", _NAN)
    return _GAZE_ROW.pack(
        number, time, datum["confidence"], norm_x, norm_y,
        *point, *right, *right_normal, *left, *left_normal, *diameters, used,
    )  # fmt: skip


def _of_eye(values: dict[Any, Any], eye: int) -> Sequence[float]:
    """Return what belongs to an eye; keys are numbers, or since version 2 text."""
    found = values.get(eye)
    if found is None:
        found = values.get(str(eye))
    return _NONE3 if found is None else found
