"""Packets of Neon's inertial sensor as the phone writes them: protobuf messages behind their lengths.

Each packet is a length (uint16) and a message of field 1 time (varint, ns), 2 acceleration (x, y, z),
3 angular velocity (x, y, z), 4 quaternion (w, x, y, z), the latter three messages of floats themselves. A
field that is zero is left out, so packets differ in length. All packets are decoded side by side, one field
of each at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazestudy.importers.recordings.pupil.native_files import IMU

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_GROUPS = {2: "accel_{}", 3: "gyro_{}", 4: "quaternion_{}"}
_VARINT, _FIXED64, _NESTED, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10
_MAX_FIELDS = 64


def packets(data: bytes) -> tuple[NDArray[np.void], int, int]:
    """Return the measurements in an extimu file.

    Parameters
    ----------
    data : bytes
        Content of one "extimu ps<n>.raw" of a Neon.

    Returns
    -------
    values : ndarray of records, shape (n,)
        Layout `IMU`; one row per packet that can be decoded.
    damaged : int
        Number of packets that cannot be decoded.
    rest : int
        Bytes at the end that are no whole packet.
    """
    starts, rest = _starts(data)
    raw = np.frombuffer(data, np.uint8)
    lengths = raw[starts - 2].astype(np.int64) + (raw[starts - 1].astype(np.int64) << 8)
    cursor = _Cursor(np.append(raw, np.zeros(8, np.uint8)), starts.copy(), starts + lengths)
    values = np.zeros(len(starts), IMU)
    group = np.zeros(len(starts), np.int64)
    group_end = np.zeros(len(starts), np.int64)
    for _ in range(_MAX_FIELDS):
        active = cursor.active()
        if not active.any():
            break
        group[active & (cursor.at >= group_end)] = 0
        tag = cursor.varint(active)
        number, wire = tag >> 3, tag & 7
        floats = active & (wire == _FIXED32)
        found = cursor.float32(floats)
        for key, name in _GROUPS.items():
            axes = "wxyz" if key == 4 else "xyz"
            for place, axis in enumerate(axes, start=1):
                rows = floats & (group == key) & (number == place)
                values[name.format(axis)][rows] = found[rows]
        ints = active & (wire == _VARINT)
        whole = cursor.varint(ints)
        rows = ints & (group == 0) & (number == 1)
        values["timestamp_ns"][rows] = whole[rows]
        nested = active & (wire == _NESTED)
        size = cursor.varint(nested)
        cursor.bad |= nested & ((size < 0) | (size > cursor.end - cursor.at))
        enter = nested & (group == 0) & np.isin(number, list(_GROUPS))
        group[enter], group_end[enter] = number[enter], (cursor.at + size)[enter]
        cursor.skip(nested & ~enter, size)
        cursor.skip(active & (wire == _FIXED64), np.full_like(size, 8))
        cursor.bad |= active & ~np.isin(wire, (_VARINT, _FIXED64, _NESTED, _FIXED32))
    cursor.bad |= cursor.at != cursor.end
    return values[~cursor.bad], int(cursor.bad.sum()), rest


class _Cursor:
    """A reading position in each packet."""

    def __init__(self, raw: Bytes, at: Ints, end: Ints) -> None:
        self.raw, self.at, self.end = raw, at, end
        self.bad: Bools = np.zeros(len(at), dtype=np.bool_)

    def active(self) -> Bools:
        return np.asarray(~self.bad & (self.at < self.end))

    def varint(self, rows: Bools) -> Ints:
        value: NDArray[np.uint64] = np.zeros(len(self.at), np.uint64)
        reading = rows & ~self.bad
        for number in range(_MAX_VARINT):
            if not reading.any():
                break
            self.bad |= reading & (self.at >= self.end)
            reading = reading & ~self.bad
            byte = self.raw[np.where(reading, self.at, 0)]
            shifted = (byte & np.uint8(127)).astype(np.uint64) << np.uint64(7 * number)
            value[reading] |= shifted[reading]
            self.at[reading] += 1
            reading = reading & (byte >= 128)
        self.bad |= reading
        return value.astype(np.int64)

    def float32(self, rows: Bools) -> NDArray[np.float32]:
        here = np.where(rows, self.at, 0)
        pieces = np.stack([self.raw[here + offset] for offset in range(4)], axis=1)
        self.skip(rows, np.full(len(rows), 4, np.int64))
        return np.ascontiguousarray(pieces).view("<f4").reshape(-1)

    def skip(self, rows: Bools, count: Ints) -> None:
        too_far = rows & ((count < 0) | (count > self.end - self.at))
        self.bad |= too_far
        moved = rows & ~too_far
        self.at[moved] += count[moved]


def _starts(data: bytes) -> tuple[Ints, int]:
    """Return where each whole packet starts behind its length, and the bytes left over."""
    starts, at, size = [], 0, len(data)
    while at + 2 <= size:
        following = at + 2 + data[at] + (data[at + 1] << 8)
        if following > size:
            break
        starts.append(at + 2)
        at = following
    return np.array(starts, np.int64), size - at
