"""Scene video: exact frame times, sequential luma pictures, exact random access.

A container states the presentation time of every picture. Those times are read once into a table; a picture
is then found by its time stamp and never by counting seconds, so variable frame rates and gaps do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import av.error
import numpy as np
import pandas as pd
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.model import Finding

_LUMA_FIRST = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray")
_SEEK_AHEAD = 16  # pictures; nearer targets are reached sooner by decoding on than by seeking
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _FileTable:
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


class SceneVideo:
    """The scene pictures of a recording, over one or several video files.

    Pictures are numbered from 0 in presentation order, through all files. Files are opened when first needed;
    the object can be sent to another process.

    Parameters
    ----------
    paths : sequence of Path
        Video files in order.

    Raises
    ------
    InputError
        On first use, if a file is missing, is no video or holds no readable picture.

    Notes
    -----
    Times are presentation times of the container, edit lists included (an empty edit at the start delays the
    first picture), converted to integer nanoseconds by exact integer arithmetic.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(Path(path) for path in paths)
        self._tables: tuple[_FileTable, ...] | None = None
        self._readers: dict[int, _Reader] = {}

    def __repr__(self) -> str:
        return f"<SceneVideo {', '.join(path.name for path in self.paths)}>"

    def __getstate__(self) -> dict[str, Any]:
        return {"paths": self.paths, "_tables": self._tables, "_readers": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close open files; the next access opens them again."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    @property
    def _files(self) -> tuple[_FileTable, ...]:
        if self._tables is None:
            self._tables = tuple(_scan(path) for path in self.paths)
        return self._tables

    def __len__(self) -> int:
        return sum(len(table.pts) for table in self._files)

    @property
    def times_ns(self) -> NDArray[np.int64]:
        """Presentation time of each picture within its own file, ns, shape (n,), int64."""
        return np.concatenate([np.zeros(0, np.int64), *(table.times_ns for table in self._files)])

    @property
    def width_px(self) -> int:
        """Width of the pictures (of the first file)."""
        return self._first.width_px

    @property
    def height_px(self) -> int:
        """Height of the pictures (of the first file)."""
        return self._first.height_px

    @property
    def full_range(self) -> bool | None:
        """True if luma runs from 0 to 255, False from 16 to 235, None if the file does not say."""
        return self._first.full_range

    @property
    def _first(self) -> _FileTable:
        if not self.paths:
            raise ParameterError("paths", self.paths, "at least one video file")
        return self._files[0]

    def table(self) -> pd.DataFrame:
        """Return one row per picture: `video`, `index` (in that file) and `t_ns` (within that file)."""
        parts = [
            pd.DataFrame(
                {
                    "video": np.full(len(table.pts), number, np.int64),
                    "index": np.arange(len(table.pts), dtype=np.int64),
                    "t_ns": table.times_ns,
                }
            )
            for number, table in enumerate(self._files)
        ]
        return pd.concat(parts, ignore_index=True)

    def numbers(self, frames: pd.DataFrame) -> NDArray[np.int64]:
        """Return the picture number of each row of a frames table.

        Parameters
        ----------
        frames : DataFrame
            A table with `video` and `index` columns (contract `FRAMES`).

        Returns
        -------
        ndarray of int64, shape (n_rows,)
            Picture number for `frame_at` and `frames`, -1 where the row has no picture.
        """
        starts = np.cumsum([0, *(len(table.pts) for table in self._files)])
        video, index = frames["video"].to_numpy(), frames["index"].to_numpy()
        known = (video >= 0) & (video < len(self.paths)) & (index >= 0)
        number = starts[np.where(known, video, 0)] + index
        return np.where(known & (number < starts[np.where(known, video + 1, 0)]), number, -1).astype(np.int64)

    def findings(self) -> tuple[Finding, ...]:
        """Return what was noticed about the files: unreadable ends, missing time stamps, differing sizes."""
        found = [finding for table in self._files for finding in table.findings]
        sizes = {(table.width_px, table.height_px) for table in self._files}
        if len(sizes) > 1:
            text = ", ".join(f"{width}x{height}" for width, height in sorted(sizes))
            found.append(
                Finding("warning", "frames", "video_sizes", f"the video files differ in size: {text}")
            )
        return tuple(found)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[tuple[int, Picture]]:
        """Yield pictures in order as luma.

        Parameters
        ----------
        start, stop : int, optional
            First picture number, and the one to stop before (None: the end).
        step : int, default 1
            Every how many pictures.

        Yields
        ------
        index : int
            Picture number.
        luma : ndarray of uint8, shape (height, width)
            A copy that belongs to the caller, in the range of the file (see `full_range`). Pictures that
            cannot be decoded are left out.
        """
        stop = len(self) if stop is None else min(stop, len(self))
        if start < 0 or step < 1:
            raise ParameterError("start, step", (start, step), "start >= 0 and step >= 1")
        first = 0
        for table in self._files:
            count = len(table.pts)
            wanted = range(start + max(0, -(-(first - start) // step)) * step, min(stop, first + count), step)
            if wanted:
                with _Reader(table) as reader:
                    for number in wanted:
                        frame = reader.read(number - first)
                        if frame is not None:
                            yield number, _luma(frame)
            first += count

    def frame_at(self, index: int, *, colour: bool = True) -> Picture:
        """Return exactly one picture.

        Parameters
        ----------
        index : int
            Picture number.
        colour : bool, default True
            RGB if true, else luma.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3) or (height, width)
            The picture.

        Raises
        ------
        ParameterError
            If there is no such picture.
        InputError
            If it cannot be decoded.
        """
        if not 0 <= index < len(self):
            raise ParameterError("index", index, f"a picture number from 0 to {len(self) - 1}")
        number, inside = 0, index
        while inside >= len(self._files[number].pts):
            inside -= len(self._files[number].pts)
            number += 1
        if number not in self._readers:
            self._readers[number] = _Reader(self._files[number])
        frame = self._readers[number].read(inside)
        if frame is None:
            raise InputError(
                self.paths[number],
                "a picture cannot be decoded",
                place=f"frame {inside}",
                advice="Copy the video again",
            )
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) if colour else _luma(frame)


class _Reader:
    """Decodes one file forward, and seeks where that is shorter."""

    def __init__(self, table: _FileTable) -> None:
        self._table = table
        self._container, self._stream = _open(table.path)
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
            self._restart(key)
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

    def _restart(self, key: int) -> None:
        self._held, self._counted, self._next, self._landed = None, 0, 0, len(self._table.pts)
        if key < 0 or not self._table.by_pts:
            self.close()
            self._container, self._stream = _open(self._table.path)
        else:
            self._next = int(self._table.keys[key])
            self._container.seek(int(self._table.pts[self._next]), stream=self._stream, backward=True)
        self._decoded = self._decode()

    def _decode(self) -> Any:
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


def _open(path: Path) -> tuple[InputContainer, VideoStream]:
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


def _scan(path: Path) -> _FileTable:
    container, stream = _open(path)
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
    table = _FileTable(path, pts, times_ns, keys, by_pts, *size, full_range, tuple(findings))
    return _checked_by_decoding(table, announced)


def _checked_by_decoding(table: _FileTable, announced: int) -> _FileTable:
    """Drop pictures at the end that do not decode: recorders that lose power leave such packets behind."""
    last, back, rotation = -1, 1, 0
    with _Reader(table) as reader:
        while last < 0:
            key = len(table.keys) - back
            reader._restart(key if key >= 0 and table.by_pts else -1)
            for number, frame in reader._decoded:
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
    return _FileTable(
        table.path,
        table.pts[:count],
        table.times_ns[:count],
        table.keys[table.keys < count],
        table.by_pts,
        table.width_px,
        table.height_px,
        table.full_range,
        tuple(notes),
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


def _luma(frame: av.VideoFrame) -> Picture:
    if frame.format.name not in _LUMA_FIRST:
        return np.asarray(frame.to_ndarray(format="gray"), np.uint8)
    plane = cast(Any, frame.planes[0])  # it has the buffer protocol, which its stubs do not tell
    # The first plane is luma as it is, so nothing needs converting; rows may be padded.
    flat = np.frombuffer(plane, np.uint8)[: plane.line_size * frame.height]
    luma: Picture = flat.reshape(frame.height, plane.line_size)[:, : frame.width].copy()
    return luma


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of a video from its header, without reading it.

    Parameters
    ----------
    path : Path
        Video file.

    Returns
    -------
    tuple of int
        Width and height, px.

    Raises
    ------
    InputError
        If it is missing or no video.
    """
    container, stream = _open(path)
    with container:
        return int(stream.codec_context.width), int(stream.codec_context.height)
