"""Edit lists of MP4 and MOV files: which pictures are shown, and when.

An edit list can delay a track (an empty edit), cut off its start or end, and show pieces of it in any order.
Libraries apply it with liberties: a picture that a cut shows in part is dropped and all that follow are moved
forward. So the list is read here and applied exactly.

References
----------
ISO/IEC 14496-12, 8.6.6 (edit list box).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

_MAX_REPEATS = 10  # of all pictures; lists that show more than this are damaged
_HEADER = 8


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of an edit list.

    Attributes
    ----------
    duration_s : Fraction or None
        How long it lasts; None: to the end of the track.
    media_ticks : int
        Where it starts in the track, in ticks of its time base; -1 for an empty edit.
    still : bool
        True if one picture stands for the whole time.
    """

    duration_s: Fraction | None
    media_ticks: int
    still: bool = False


class UnusableEdits(Exception):
    """The edit list cannot be what the writer meant."""


def read_edits(path: Path, track_id: int) -> tuple[Edit, ...]:
    """Return the edit list of a track, empty if it has none.

    Parameters
    ----------
    path : Path
        An MP4 or MOV file.
    track_id : int
        Number of the track in the file.

    Raises
    ------
    UnusableEdits
        If the boxes of the file contradict each other.
    """
    try:
        with path.open("rb") as file:
            movie = _movie(file, path.stat().st_size)
        scale = _movie_scale(movie)
        for kind, trak in _boxes(movie):
            if kind == b"trak" and _track_id(trak) == track_id:
                for content in _all(trak, b"edts"):
                    for table in _all(content, b"elst"):
                        return _entries(table, scale)
    except (struct.error, OSError) as error:
        raise UnusableEdits(str(error)) from error
    return ()


def present(pts: Int64s, edits: Sequence[Edit], time_base: Fraction) -> tuple[Int64s, Int64s]:
    """Lay the pictures of a track on the time line of its file.

    Parameters
    ----------
    pts : ndarray of int64, shape (n,)
        Times of the pictures in the track, ascending, in ticks.
    edits : sequence of Edit
        The edit list; empty: all pictures are shown at their own times.
    time_base : Fraction
        Seconds per tick.

    Returns
    -------
    shown : ndarray of int64, shape (m,)
        Which picture of the track each shown picture is.
    times_ns : ndarray of int64, shape (m,)
        When it is shown, ns, exact to rounding half up.

    Raises
    ------
    UnusableEdits
        If no picture would be shown, or one of them again and again.

    Notes
    -----
    A picture that is on show where an edit starts is shown from the start of the edit on.

    Examples
    --------
    >>> cut = [Edit(Fraction(1, 2), -1), Edit(None, 50)]
    >>> shown, times_ns = present(np.array([0, 40, 80, 120]), cut, Fraction(1, 1000))
    >>> shown.tolist(), (times_ns // 1_000_000).tolist()
    ([1, 2, 3], [500, 530, 570])
    """
    if not edits:
        return np.arange(len(pts), dtype=np.int64), to_ns(pts, time_base, Fraction(0))
    shown: list[Int64s] = [np.zeros(0, np.int64)]
    times: list[Int64s] = [np.zeros(0, np.int64)]
    start_s, count = Fraction(0), 0
    for edit in edits:
        if edit.media_ticks >= 0:
            first = max(int(np.searchsorted(pts, edit.media_ticks, side="right")) - 1, 0)
            stop = len(pts) if edit.duration_s is None else _end(pts, edit, time_base)
            stop = min(stop, first + 1) if edit.still else stop
            count += max(stop - first, 0)
            if count > _MAX_REPEATS * len(pts) + 1:
                raise UnusableEdits(f"it shows {len(pts)} pictures more than {_MAX_REPEATS} times")
            inside = np.maximum(pts[first:stop] - edit.media_ticks, 0)
            shown.append(np.arange(first, max(stop, first), dtype=np.int64))
            times.append(to_ns(inside, time_base, start_s))
        start_s += edit.duration_s or 0
    if not count:
        raise UnusableEdits("it shows no picture")
    return np.concatenate(shown), np.concatenate(times)


def to_ns(ticks: Int64s, time_base: Fraction, start_s: Fraction) -> Int64s:
    """Return `start_s` plus `ticks` of `time_base` seconds in ns, rounded half up.

    Raises
    ------
    OverflowError
        If a time lies 292 years or more from zero.
    """
    factor, start = time_base * 10**9, start_s * 10**9
    common = factor.denominator * start.denominator
    by, plus = factor.numerator * start.denominator, start.numerator * factor.denominator
    # Python integers: ticks times 10^9 may leave int64.
    values = [(2 * (tick * by + plus) + common) // (2 * common) for tick in ticks.tolist()]
    return np.array(values, np.int64)


def _end(pts: Int64s, edit: Edit, time_base: Fraction) -> int:
    end = edit.media_ticks + -(-(edit.duration_s or Fraction(0)) // time_base)
    return int(np.searchsorted(pts, min(end, int(np.iinfo(np.int64).max)), side="left"))


def _movie(file: BinaryIO, size: int) -> bytes:
    """Return the content of the movie box; it may lie behind gigabytes of pictures."""
    at = 0
    while at + _HEADER <= size:
        file.seek(at)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:_HEADER])
        skip = _HEADER
        if length == 1:
            (length,), skip = struct.unpack(">Q", head[_HEADER:16]), 16
        length = size - at if length == 0 else length
        if length < skip:
            break
        if kind == b"moov":
            file.seek(at + skip)
            return file.read(min(length - skip, size - at - skip))
        at += length
    return b""


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _HEADER <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        skip = _HEADER
        if length == 1:
            (length,), skip = struct.unpack_from(">Q", content, at + _HEADER), 16
        length = len(content) - at if length == 0 else length
        if length < skip:
            return
        yield kind, content[at + skip : at + length]
        at += length


def _all(content: bytes, wanted: bytes) -> Iterator[bytes]:
    return (inside for kind, inside in _boxes(content) if kind == wanted)


def _movie_scale(movie: bytes) -> int:
    for header in _all(movie, b"mvhd"):
        (scale,) = struct.unpack_from(">I", header, 20 if header[:1] == b"\1" else 12)
        return int(scale)
    return 0


def _track_id(trak: bytes) -> int | None:
    for header in _all(trak, b"tkhd"):
        (number,) = struct.unpack_from(">I", header, 20 if header[:1] == b"\1" else 12)
        return int(number)
    return None


def _entries(table: bytes, movie_scale: int) -> tuple[Edit, ...]:
    version, count = struct.unpack_from(">B3xI", table)
    form = struct.Struct(">QqhH" if version == 1 else ">IihH")
    if _HEADER + count * form.size > len(table):
        raise UnusableEdits(f"{count} entries are announced, there is room for {len(table) // form.size}")
    rows = [form.unpack_from(table, _HEADER + number * form.size) for number in range(count)]
    if rows and not movie_scale:
        raise UnusableEdits("the file does not state its time scale")
    edits = []
    for number, (duration, media_ticks, rate, _) in enumerate(rows):
        # A last edit without duration runs to the end: written before the end was known.
        to_end = duration == 0 and number == len(rows) - 1 and media_ticks >= 0
        length = None if to_end else Fraction(duration, movie_scale)
        edits.append(Edit(length, media_ticks, still=rate == 0))
    return tuple(edits)
