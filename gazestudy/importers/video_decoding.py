"""One video file: a decoder that lands on exactly the picture asked for."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, cast

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

TROUBLE = (av.error.FFmpegError, OSError, LookupError, ValueError)
"""What damaged files make the library raise."""

Picture = NDArray[np.uint8]
Stamp = Literal["pts", "dts", "ordinal"]
"""What identifies a picture: its presentation time; its decoding time, where that is the same; its place
among the packets of a file that states no times."""


@dataclass(frozen=True, slots=True)
class FileTable:
    """What is known of a file before its pictures are decoded.

    Attributes
    ----------
    path : Path
        The file.
    stamps : ndarray of int64, shape (n,)
        What identifies each picture of the file, in presentation order.
    stamp : {"pts", "dts", "ordinal"}
        What the stamps are.
    keys : ndarray of int64
        Numbers of the key pictures, ascending.
    readable : ndarray of bool, shape (n,)
        False for pictures that are known not to decode.
    shown : ndarray of int64, shape (m,)
        Which picture of the file each shown picture is; an edit list may leave out or repeat pictures.
    times_ns : ndarray of int64, shape (m,)
        When it is shown, ns.
    width_px, height_px : int
        Size of the pictures.
    full_range : bool or None
        Luma from 0 to 255, from 16 to 235, or not said.
    findings : tuple of Finding
        What was noticed.
    """

    path: Path
    stamps: NDArray[np.int64]
    stamp: Stamp
    keys: NDArray[np.int64]
    readable: NDArray[np.bool_]
    shown: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    width_px: int
    height_px: int
    full_range: bool | None
    findings: tuple[Finding, ...]


class Reader:
    """Decodes one file forward, and seeks where that is shorter.

    Pictures have the numbers of `FileTable.stamps`.
    """

    def __init__(self, table: FileTable, *, threaded: bool = True) -> None:
        self._table, self._threaded = table, threaded
        self._container, self._stream = open_video(table.path, threaded=threaded)
        self._by_stamp = np.argsort(table.stamps, kind="stable")
        self._sorted = table.stamps[self._by_stamp]  # a mapping of a day's frames would be large
        self._decoded = self._decode()
        self._next = 0  # pictures before this one have passed
        self._landed = len(table.stamps)  # first picture that came out after the last seek
        self._stumbled = False  # something since the last seek did not decode
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
        """Return picture `number`, or None if it does not decode or was predicted from one that is lost."""
        frame = self._read(number)
        if frame is None and self._threaded and self._stumbled and self._table.readable[number]:
            # Threads lose good pictures that were under way when another one failed.
            self._threaded = False
            self.restart(self._key_before(number))
            frame = self._read(number)
        return frame

    def _read(self, number: int) -> av.VideoFrame | None:
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
        if number - self._next < _SEEK_AHEAD or self._table.stamp == "ordinal":
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
        self._held, self._next = None, len(self._table.stamps)
        return None

    def restart(self, key: int) -> None:
        """Go to a key frame, by its place among the key frames; -1: to the start of the file."""
        self._held, self._next, self._landed = None, 0, len(self._table.stamps)
        self._stumbled = False
        self._decoded.close()
        if not self._seek(key):
            self._container.close()
            self._container, self._stream = open_video(self._table.path, threaded=self._threaded)
        self._decoded = self._decode()

    def _seek(self, key: int) -> bool:
        threaded = self._stream.thread_type.name != "NONE"
        if key < 0 or self._table.stamp == "ordinal" or threaded != self._threaded:
            return False
        self._next = int(self._table.keys[key])
        try:
            self._container.seek(int(self._table.stamps[self._next]), stream=self._stream, backward=True)
        except TROUBLE:
            self._next = 0
            return False
        return True

    def rest(self) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield all pictures from here on with their numbers."""
        yield from self._decoded

    def _decode(self) -> Generator[tuple[int, av.VideoFrame], None, None]:
        packets = stamped_packets(self._container, self._stream, self._table.stamp)
        doubtful: set[int | None] = set()  # made from a picture that is lost
        lost = False
        while True:
            try:
                stamp, packet = next(packets)
            except (StopIteration, *TROUBLE):
                return  # the table says what is lost where a file cannot be read to its end
            if packet.size:
                packet.pts = stamp
                lost = (lost and not packet.is_keyframe) or packet.is_corrupt
                if lost:
                    doubtful.add(stamp)
            try:
                frames = packet.decode()
            except TROUBLE:
                lost, frames = True, []
            if lost:
                self._stumbled = True
                if self._threaded:
                    return  # it is not known which packet failed; `read` tries again without threads
            for frame in frames:
                # Pictures without a stamp of their own cannot be told from others.
                number = None if frame.pts is None else self._number_of(frame.pts)
                if number is not None and frame.pts not in doubtful:
                    yield number, frame

    def _number_of(self, stamp: int) -> int | None:
        after = int(np.searchsorted(self._sorted, stamp, side="right"))
        return int(self._by_stamp[after - 1]) if after and self._sorted[after - 1] == stamp else None


def stamped_packets(
    container: InputContainer, stream: VideoStream, stamp: Stamp
) -> Iterator[tuple[int | None, Any]]:
    """Yield the packets of a file with their stamps, an empty one at the end to flush the decoder."""
    for ordinal, packet in enumerate(container.demux(stream)):
        yield {"pts": packet.pts, "dts": packet.dts, "ordinal": ordinal}[stamp], packet


def open_video(path: Path, *, threaded: bool = True) -> tuple[InputContainer, VideoStream]:
    """Open a video and choose its main picture stream; edit lists are not applied.

    Raises
    ------
    InputError
        If it is missing, cut off, or holds no pictures.
    """
    if not path.is_file():
        raise InputError(path, "there is no such video", advice="Put the scene video beside the recording")
    try:
        container = av.open(str(path), options={"ignore_editlist": "1"}, metadata_errors="replace")
    except TROUBLE as error:
        raise InputError(
            path,
            "this video cannot be opened",
            found=trouble_text(error),
            advice="It is cut off or no video; copy it again from the recorder",
        ) from error
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or cast(Any, stream).codec_context is None:
        container.close()
        raise InputError(
            path, "this file holds no video stream that can be decoded", advice="Choose the scene video"
        )
    stream.thread_type = "AUTO" if threaded else "NONE"
    return container, stream


def trouble_text(error: Exception) -> str:
    """Return what the library says about a file, without its name."""
    return str(getattr(error, "strerror", None) or error)


def luma_of(frame: av.VideoFrame) -> Picture:
    """Return the luma of a decoded picture as a copy, uint8, shape (height, width)."""
    if frame.format.name not in _LUMA_FIRST:
        return np.asarray(frame.to_ndarray(format="gray"), np.uint8)
    plane = cast(Any, frame.planes[0])  # it has the buffer protocol, which its stubs do not tell
    # The first plane is luma as it is, so nothing needs converting; rows may be padded.
    flat = np.frombuffer(plane, np.uint8)[: plane.line_size * frame.height]
    luma: Picture = flat.reshape(frame.height, plane.line_size)[:, : frame.width].copy()
    return luma
