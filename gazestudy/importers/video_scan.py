"""The frame-time table of one video file, made in one pass over its packets."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.video_decoding import (
    TROUBLE,
    FileTable,
    Reader,
    Stamp,
    open_video,
    trouble_text,
)
from gazestudy.importers.video_edits import UnusableEdits, present, read_edits, to_ns
from gazestudy.model import Finding

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_WITHOUT_PTS = ("avi", "h264", "hevc", "m4v", "mpegvideo")
"""Formats that do not state when pictures are shown; what the library makes up is wrong with B-frames."""

Int64s = NDArray[np.int64]

_one_at_a_time = Lock()


def scan(path: Path) -> FileTable:
    """Read the times of all pictures, and decode start and end to see whether they can be read.

    Raises
    ------
    InputError
        If the video cannot be opened or none of its pictures can be decoded.

    Notes
    -----
    Tables of the last few files are kept: an import asks for each several times, and an hour takes a second.
    """
    try:
        found = path.stat()
    except OSError:
        return _scan(path)  # which says what is wrong
    with _one_at_a_time:  # who comes second finds the table of the first
        return _kept(path.absolute(), found.st_size, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=4)
def _kept(path: Path, size: int, mtime_ns: int, inode: int) -> FileTable:
    table = _scan(path)
    for one in (table.stamps, table.keys, table.readable, table.shown, table.times_ns):
        one.flags.writeable = False
    return table


def _scan(path: Path) -> FileTable:
    container, stream = open_video(path)
    with container:
        notes: list[Finding] = []
        packets = _packets(container, stream, path, notes)
        stamp = _stamp(packets, container, stream)
        context, rate = stream.codec_context, stream.average_rate
        base, isobmff = Fraction(stream.time_base or 1), "mp4" in container.format.name
        announced = int(stream.frames) if isobmff else 0  # others count dropped pictures, too
        facts = (context.width, context.height, _is_full_range(context))
        origin_s = Fraction(0) if isobmff else _origin_s(container)
        reorders = bool(context.has_b_frames)
        track = int(stream.id)
    packets = packets.ordered(stamp)
    table = FileTable(
        path,
        packets.stamps(stamp),
        stamp,
        np.flatnonzero(packets.key).astype(np.int64),
        packets.whole,
        np.arange(len(packets), dtype=np.int64),
        np.zeros(len(packets), np.int64),
        *facts,
        (),
    )
    try:
        if stamp == "ordinal":
            table = _decoded_order(table) if reorders else table
            times_ns = _counted_times(table, packets, base, rate, notes)
            table = replace(table, times_ns=times_ns - times_ns[0])
        else:
            table = _presented(table, track if isobmff else None, base, origin_s, notes)
    except OverflowError as error:
        raise InputError(
            path, "the times of this video make no sense", found=str(error), advice="Copy it again"
        ) from error
    return _checked_by_decoding(replace(table, findings=tuple(notes)), announced)


class _Packets:
    """Times and flags of the packets that hold pictures."""

    def __init__(self, rows: list[tuple[int, int | None, int | None, bool, bool]]) -> None:
        self._rows = rows
        self.key = np.array([row[3] for row in rows], np.bool_)
        self.whole = np.array([row[4] for row in rows], np.bool_)

    def __len__(self) -> int:
        return len(self._rows)

    def usable(self, stamp: Stamp) -> bool:
        """Return True if every packet has a stamp of its own."""
        found = [row[_COLUMN[stamp]] for row in self._rows]
        return None not in found and len(set(found)) == len(found)

    def stamps(self, stamp: Stamp) -> Int64s:
        return np.array([row[_COLUMN[stamp]] for row in self._rows], np.int64)

    def ordered(self, stamp: Stamp) -> _Packets:
        return _Packets(sorted(self._rows, key=lambda row: row[_COLUMN[stamp]] or 0))


_COLUMN: dict[Stamp, int] = {"ordinal": 0, "pts": 1, "dts": 2}


def _packets(container: InputContainer, stream: VideoStream, path: Path, notes: list[Finding]) -> _Packets:
    rows = []
    try:
        for ordinal, packet in enumerate(container.demux(stream)):
            if packet.size:
                rows.append((ordinal, packet.pts, packet.dts, packet.is_keyframe, not packet.is_corrupt))
    except TROUBLE as error:
        text = f"{path.name}: reading stopped early ({trouble_text(error)})"
        notes.append(_finding("video_damaged", text, 0))
    if not rows:
        raise InputError(
            path, "this video holds no picture", advice="It is cut off; copy it again from the recorder"
        )
    return _Packets(rows)


def _stamp(packets: _Packets, container: InputContainer, stream: VideoStream) -> Stamp:
    """Choose what tells pictures apart."""
    if packets.usable("pts") and container.format.name not in _WITHOUT_PTS:
        return "pts"
    # Without reordering the time of decoding is that of presentation.
    return "dts" if packets.usable("dts") and not stream.codec_context.has_b_frames else "ordinal"


def _origin_s(container: InputContainer) -> Fraction:
    """Return where the times of a file start; in MP4 a late start means something, elsewhere it does not."""
    starts = [
        Fraction(stream.start_time) * Fraction(stream.time_base)
        for stream in container.streams
        if stream.start_time is not None and stream.time_base
    ]
    return min(starts, default=Fraction(0))


def _decoded_order(table: FileTable) -> FileTable:
    """Find out the order of presentation where no time states it: decode everything once."""
    with Reader(table, threaded=False) as reader:
        order = np.array([number for number, _ in reader.rest()], np.int64)
    lost = np.setdiff1d(np.arange(len(table.stamps)), order)
    # What does not decode stays in its place among the packets.
    order = np.insert(order, np.searchsorted(np.sort(order), lost), lost)
    key = np.zeros(len(table.stamps), np.bool_)
    key[table.keys] = True
    readable = table.readable & ~np.isin(np.arange(len(table.stamps)), lost)
    return replace(
        table,
        stamps=table.stamps[order],
        keys=np.flatnonzero(key[order]).astype(np.int64),
        readable=readable[order],
    )


def _counted_times(
    table: FileTable, packets: _Packets, base: Fraction, rate: Fraction | None, notes: list[Finding]
) -> Int64s:
    """Return times of pictures that have none: steady decoding times, or the frame rate."""
    if packets.usable("dts"):
        return to_ns(np.sort(packets.stamps("dts")), base, Fraction(0))
    if not rate:
        raise InputError(
            table.path, "this video has neither time stamps nor a frame rate", advice="Convert it to MP4"
        )
    text = f"{table.path.name} has no usable time stamps; {float(rate):g} per second assumed"
    notes.append(_finding("video_no_times", text, len(packets)))
    return to_ns(np.arange(len(packets), dtype=np.int64), 1 / Fraction(rate), Fraction(0))


def _presented(
    table: FileTable, track: int | None, base: Fraction, origin_s: Fraction, notes: list[Finding]
) -> FileTable:
    """Give the pictures their times and leave out those that an edit list hides."""
    shown, times_ns = table.shown, to_ns(table.stamps, base, -origin_s)
    try:
        edits = read_edits(table.path, track) if track is not None else ()
        if edits:
            shown, times_ns = present(table.stamps, edits, base)
    except UnusableEdits as error:
        text = f"{table.path.name}: the edit list is not used: {error}"
        notes.append(_finding("video_edits", text, 1))
    hidden = len(table.stamps) - len(np.unique(shown))
    if hidden:
        text = f"{table.path.name}: {hidden} pictures are cut off by the edit list and never shown"
        notes.append(Finding("info", "frames", "video_trimmed", text, hidden))
    return replace(table, shown=shown, times_ns=times_ns)


def _checked_by_decoding(table: FileTable, announced: int) -> FileTable:
    """Find pictures at the start and the end that do not decode.

    Recorders that lose power leave such packets behind, and some write a broken first one.
    """
    first, last, frame = _ends(table)
    notes = list(table.findings)
    count = last + 1
    lost = max(len(table.stamps), announced) - count
    if lost > 0:
        text = f"{table.path.name}: the last {lost} pictures cannot be read"
        notes.append(_finding("video_unreadable_end", text, lost))
    readable = table.readable[:count].copy()
    readable[:first] = False
    broken = int(np.count_nonzero(~readable))
    if broken:
        where = f"the first {first}" if broken == first else f"{broken}"
        text = f"{table.path.name}: {where} pictures cannot be read; their times are kept"
        notes.append(_finding("video_unreadable", text, broken))
    notes += _seen(table, frame)
    kept = table.shown < count
    return replace(
        table,
        stamps=table.stamps[:count],
        readable=readable,
        keys=table.keys[table.keys < count],
        shown=table.shown[kept],
        times_ns=table.times_ns[kept],
        width_px=frame.width,
        height_px=frame.height,
        findings=tuple(notes),
    )


def _ends(table: FileTable) -> tuple[int, int, av.VideoFrame]:
    """Return the first and the last picture that decodes, and the last one itself."""
    first, last, back = len(table.stamps), -1, 1
    final: av.VideoFrame | None = None
    # Without threads: an error then costs no neighbouring picture.
    with Reader(table, threaded=False) as reader:
        for number, _ in reader.rest():
            first = number
            break
        while last < 0:
            key = len(table.keys) - back
            reader.restart(key if key >= 0 and table.stamp != "ordinal" else -1)
            for number, frame in reader.rest():
                if number > last and table.readable[number]:
                    last, final = number, frame
            if key < 0:
                break
            back *= 2
    if final is None:
        raise InputError(
            table.path,
            "no picture of this video can be decoded",
            advice="It is damaged; copy it again from the recorder",
        )
    return min(first, last), last, final


def _seen(table: FileTable, frame: av.VideoFrame) -> list[Finding]:
    """Return what only a decoded picture tells."""
    notes, name = [], table.path.name
    if int(frame.rotation):
        text = (
            f"{name} asks players to turn it by {int(frame.rotation)} degrees; pictures are taken as stored"
        )
        notes.append(_finding("video_rotated", text, len(table.stamps)))
    if (frame.width, frame.height) != (table.width_px, table.height_px):
        text = (
            f"{name}: its header says {table.width_px}x{table.height_px}, its pictures are"
            f" {frame.width}x{frame.height}"
        )
        notes.append(_finding("video_size", text, len(table.stamps)))
    return notes


def _finding(code: str, message: str, count: int) -> Finding:
    return Finding("warning", "frames", code, message, count)


def _is_full_range(context: Any) -> bool | None:
    if str(context.pix_fmt).startswith(("yuvj", "gray", "rgb", "bgr")):
        return True
    return {0: None}.get(int(context.color_range), int(context.color_range) == _FULL_RANGE)
