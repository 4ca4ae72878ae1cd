"""One video file: its frame-time table, and a decoder that lands on exactly the picture asked for."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Self, cast

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.model import Finding

_LUMA_FIRST = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray")
_SEEK_AHEAD = 16  # pictures; nearer targets are reached sooner by decoding on than by seeking
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FileTable:
    """What one demultiplexing pass tells: one entry per picture, in presentation order."""

    path: Path
    pts: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    keys: NDArray[np.int64]  # picture numbers of key frames, ascending
    by_pts: bool  # False: time stamps are missing or repeated, pictures can only be counted
    width_px: int
    height_px: int
    full_range: bool | None
    findings: tuple[Finding, ...]


class Reader:
    """Decodes one file forward, and seeks where that is shorter."""

    def __init__(self, table: FileTable) -> None:
        self._table = table
        self._container, self._stream = open_video(table.path)
        self._number_of = {int(pts): number for number, pts in enumerate(table.pts)} if table.by_pts else {}
        self._counted = 0
        self._decoded = self._decode()
        self._next = 0  # pictures before this one have passed
        self._landed = len(table.pts)  # first picture that came out after the last seek
        self._held: tuple[int, av.VideoFrame] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._held = None
        self._decoded.close()
        self._container.close()

    def read(self, number: int) -> av.VideoFrame | None:
        """Return picture `number`, or None if it does not decode."""
        if self._held is not None and self._held[0] == number:
            return self._held[1]
        key = self._key_before(number) if number < self._next else self._key_ahead(number)
        if key is None:
            return self._forward(number)
        # A container may land behind the key frame that was asked for: then try earlier ones.
        back = 1
        while True:
            self.restart(key)
            frame = self._forward(number)
            if frame is not None or key < 0 or self._landed <= self._table.keys[key]:
                return frame
            key, back = (key - back if key >= back else -1), back * 2

    def _key_before(self, number: int) -> int:
        return int(np.searchsorted(self._table.keys, number, side="right")) - 1

    def _key_ahead(self, number: int) -> int | None:
        """Return the key frame to jump to, or None where decoding on is shorter."""
        if number - self._next < _SEEK_AHEAD or not self._table.by_pts:
            return None
        key = self._key_before(number)
        return key if key >= 0 and self._table.keys[key] > self._next else None

    def _forward(self, number: int) -> av.VideoFrame | None:
        if self._held is not None and self._held[0] >= number:
            return self._held[1] if self._held[0] == number else None
        for at, frame in self._decoded:
            self._landed = min(self._landed, at)
            if at >= number:
                self._held, self._next = (at, frame), at + 1
                return frame if at == number else None
        self._held, self._next = None, len(self._table.pts)
        return None

    def restart(self, key: int) -> None:
        """Go to a key frame, by its place among the key frames; -1: to the start of the file."""
        self._held, self._counted, self._next, self._landed = None, 0, 0, len(self._table.pts)
        if key < 0 or not self._table.by_pts:
            self.close()
            self._container, self._stream = open_video(self._table.path)
        else:
            self._next = int(self._table.keys[key])
            self._container.seek(int(self._table.pts[self._next]), stream=self._stream, backward=True)
        self._decoded = self._decode()

    def rest(self) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield all pictures from here on with their numbers."""
        yield from self._decoded

    def _decode(self) -> Generator[tuple[int, av.VideoFrame], None, None]:
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue  # the picture is missing from what is yielded; the caller notices by its number
            for frame in frames:
                number = self._number_of.get(frame.pts or 0) if self._table.by_pts else self._counted
                self._counted += 1
                if number is not None:
                    yield number, frame


def open_video(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open a video and choose its main picture stream.

    Raises
    ------
    InputError
        If it is missing, cut off, or holds no pictures.
    """
    if not path.is_file():
        raise InputError(path, "there is no such video", advice="Put the scene video beside the recording")
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise InputError(
            path,
            "this video cannot be opened",
            found=str(error.strerror or error),
            advice="It is cut off or no video; copy it again from the recorder",
        ) from error
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        container.close()
        raise InputError(path, "this file holds no video stream", advice="Choose the scene video")
    stream.thread_type = "AUTO"
    return container, stream


def scan(path: Path) -> FileTable:
    """Read the times of all pictures from the packets, and decode the end to see whether it can be read.

    Raises
    ------
    InputError
        If the video cannot be opened or none of its pictures can be decoded.
    """
    container, stream = open_video(path)
    findings: list[Finding] = []
    rows: list[tuple[int | None, bool]] = []
    with container:
        try:
            rows.extend(
                (packet.pts, packet.is_keyframe)
                for packet in container.demux(stream)
                if packet.size and not packet.is_discard and not packet.is_corrupt
            )
        except av.error.FFmpegError as error:
            findings.append(
                _finding("video_damaged", f"{path.name}: reading stopped early ({error.strerror})", 0)
            )
        context, announced = stream.codec_context, int(stream.frames)
        size = (context.width, context.height)
        full_range = _is_full_range(context)
        base, rate = Fraction(stream.time_base or 1), stream.average_rate
        isobmff = "mp4" in container.format.name
        # Other containers start anywhere; in MP4 a late start is an empty edit and means something.
        origin = 0 if isobmff or container.start_time is None else int(container.start_time) * 1000
    if not rows:
        raise InputError(
            path, "this video holds no picture", advice="It is cut off; copy it again from the recorder"
        )
    stamps = [pts for pts, _ in rows if pts is not None]
    by_pts = len(stamps) == len(rows) == len(set(stamps))
    if by_pts:
        rows.sort(key=lambda row: row[0] or 0)
        pts = np.array([row[0] for row in rows], np.int64)
        # Python integers: pts times 10^9 may leave int64.
        times_ns = np.array(
            [_to_ns(value, base.numerator, base.denominator) for value in pts.tolist()], np.int64
        )
        times_ns -= origin
    else:
        pts = np.arange(len(rows), dtype=np.int64)
        if not rate:
            raise InputError(
                path, "this video has neither time stamps nor a frame rate", advice="Convert it to MP4"
            )
        times_ns = np.array(
            [_to_ns(value, rate.denominator, rate.numerator) for value in pts.tolist()], np.int64
        )
        findings.append(
            _finding(
                "video_no_times",
                f"{path.name} has no usable time stamps; {float(rate):g} per second assumed",
                len(pts),
            )
        )
    keys = np.flatnonzero([key for _, key in rows]).astype(np.int64)
    table = FileTable(path, pts, times_ns, keys, by_pts, *size, full_range, tuple(findings))
    return _checked_by_decoding(table, announced)


def _checked_by_decoding(table: FileTable, announced: int) -> FileTable:
    """Drop pictures at the end that do not decode: recorders that lose power leave such packets behind."""
    last, back, rotation = -1, 1, 0
    with Reader(table) as reader:
        while last < 0:
            key = len(table.keys) - back
            reader.restart(key if key >= 0 and table.by_pts else -1)
            for number, frame in reader.rest():
                last, rotation = max(last, number), int(frame.rotation)
            if key < 0:
                break
            back *= 2
    if last < 0:
        raise InputError(
            table.path,
            "no picture of this video can be decoded",
            advice="It is damaged; copy it again from the recorder",
        )
    count = last + 1
    notes = list(table.findings)
    lost = max(len(table.pts), announced if announced else 0) - count
    if lost > 0:
        text = f"{table.path.name}: the last {lost} pictures cannot be read"
        notes.append(_finding("video_unreadable_end", text, lost))
    if rotation:
        text = (
            f"{table.path.name} asks players to turn it by {rotation} degrees; pictures are taken as stored"
        )
        notes.append(_finding("video_rotated", text, count))
    return replace(
        table,
        pts=table.pts[:count],
        times_ns=table.times_ns[:count],
        keys=table.keys[table.keys < count],
        findings=tuple(notes),
    )


def _finding(code: str, message: str, count: int) -> Finding:
    return Finding("warning", "frames", code, message, count)


def _to_ns(value: int, numerator: int, denominator: int) -> int:
    """Return value * numerator / denominator seconds in ns, rounded half up."""
    return (2 * value * numerator * 10**9 + denominator) // (2 * denominator)


def _is_full_range(context: Any) -> bool | None:
    if str(context.pix_fmt).startswith(("yuvj", "gray", "rgb", "bgr")):
        return True
    return {0: None}.get(int(context.color_range), int(context.color_range) == _FULL_RANGE)


def luma_of(frame: av.VideoFrame) -> Picture:
    """Return the luma of a decoded picture as a copy, uint8, shape (height, width)."""
    if frame.format.name not in _LUMA_FIRST:
        return np.asarray(frame.to_ndarray(format="gray"), np.uint8)
    plane = cast(Any, frame.planes[0])  # it has the buffer protocol, which its stubs do not tell
    # The first plane is luma as it is, so nothing needs converting; rows may be padded.
    flat = np.frombuffer(plane, np.uint8)[: plane.line_size * frame.height]
    luma: Picture = flat.reshape(frame.height, plane.line_size)[:, : frame.width].copy()
    return luma
