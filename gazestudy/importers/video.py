"""Scene video: exact frame times, sequential luma pictures, exact random access.

A container states the presentation time of every picture. Those times are read once into a table; a picture
is then found by its time stamp and never by counting seconds, so variable frame rates and gaps do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd
from av import VideoFrame
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.video_decoding import FileTable, Picture, Reader, luma_of, open_video
from gazestudy.importers.video_scan import scan
from gazestudy.model import Finding, frame_on_show


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
    first picture, a cut at the start makes the picture on show there the first), converted to integer
    nanoseconds by exact integer arithmetic. `encoded` tells which pictures an edit list hides.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(Path(path) for path in paths)
        self._tables: tuple[FileTable, ...] | None = None
        self._readers: dict[int, Reader] = {}

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
    def _files(self) -> tuple[FileTable, ...]:
        if self._tables is None:
            self._tables = tuple(scan(path) for path in self.paths)
        return self._tables

    def __len__(self) -> int:
        return sum(len(table.shown) for table in self._files)

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
    def _first(self) -> FileTable:
        if not self.paths:
            raise ParameterError("paths", self.paths, "at least one video file")
        return self._files[0]

    def table(self) -> pd.DataFrame:
        """Return one row per picture.

        Returns
        -------
        DataFrame
            `video`, `index` (in that file), `t_ns` (within that file), and `readable`, which is False for
            pictures that are known not to decode.
        """
        parts = [
            pd.DataFrame(
                {
                    "video": np.full(len(table.shown), number, np.int64),
                    "index": np.arange(len(table.shown), dtype=np.int64),
                    "t_ns": table.times_ns,
                    "readable": table.readable[table.shown],
                }
            )
            for number, table in enumerate(self._files)
        ]
        return pd.concat(parts, ignore_index=True)

    def encoded(self, video: int) -> NDArray[np.int64]:
        """Return the pictures that one file holds, also those that its edit list hides.

        Parameters
        ----------
        video : int
            Number of the file.

        Returns
        -------
        ndarray of int64, shape (n,)
            For each picture in the file, in order of its time, its `index` in `table`, or -1 if hidden.
        """
        table = self._files[video]
        index = np.full(len(table.stamps), -1, np.int64)
        # The first showing counts where a picture is shown again.
        index[table.shown[::-1]] = np.arange(len(table.shown), dtype=np.int64)[::-1]
        return index

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
        starts = np.cumsum([0, *(len(table.shown) for table in self._files)])
        video, index = frames["video"].to_numpy(), frames["index"].to_numpy()
        known = (video >= 0) & (video < len(self.paths)) & (index >= 0)
        number = starts[np.where(known, video, 0)] + index
        return np.where(known & (number < starts[np.where(known, video + 1, 0)]), number, -1).astype(np.int64)

    def numbers_at(self, t_ns: NDArray[np.int64], frames: pd.DataFrame | None = None) -> NDArray[np.int64]:
        """Return the number of the picture on show at each time.

        Parameters
        ----------
        t_ns : ndarray of int64, shape (n,)
            Times, ns: on the clock of `frames`, or within the file if there is no such table.
        frames : DataFrame, optional
            Frames of the recording (contract `FRAMES`). Several files need it, since each starts anew.

        Returns
        -------
        ndarray of int64, shape (n,)
            Picture number for `frame_at` and `frames`, -1 where no picture is on show: before the first
            frame, in a gap, between parts, after the end.
        """
        if frames is None:
            if len(self.paths) > 1:
                expected = "the frames table of the recording: its video files each start at a time zero"
                raise ParameterError("frames", None, expected)
            order = np.argsort(self.times_ns, kind="stable")
            on_show = frame_on_show(self.times_ns[order], t_ns)
            return np.where(on_show >= 0, order[on_show], -1).astype(np.int64)
        picture = np.append(self.numbers(frames), -1)
        picture[:-1][(frames["kind"] == "gap").to_numpy(bool)] = -1
        found = np.full(len(t_ns), -1, np.int64)
        for part in np.unique(frames["part"].to_numpy()):
            rows = np.flatnonzero((frames["part"] == part).to_numpy(bool))
            on_show = frame_on_show(frames["t_ns"].to_numpy()[rows], t_ns)
            inside = on_show >= 0
            found[inside] = picture[rows[on_show[inside]]]
        return found

    def frame_at_time(self, t_ns: int, frames: pd.DataFrame | None = None, *, colour: bool = True) -> Picture:
        """Return exactly the picture on show at a time.

        Parameters
        ----------
        t_ns : int
            Time, ns: on the clock of `frames`, or within the file if there is no such table.
        frames : DataFrame, optional
            Frames of the recording (contract `FRAMES`).
        colour : bool, default True
            RGB if true, else luma.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3) or (height, width)
            The picture.

        Raises
        ------
        ParameterError
            If no picture is on show at that time.
        InputError
            If it cannot be decoded.
        """
        number = int(self.numbers_at(np.array([t_ns], np.int64), frames)[0])
        if number < 0:
            raise ParameterError("t_ns", t_ns, "a time at which a picture of the video is on show")
        return self.frame_at(number, colour=colour)

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
            count = len(table.shown)
            wanted = range(start + max(0, -(-(first - start) // step)) * step, min(stop, first + count), step)
            if wanted:
                with Reader(table) as reader:
                    for number in wanted:
                        frame = reader.read(int(table.shown[number - first]))
                        if frame is not None:
                            yield number, luma_of(frame)
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
        frame = self.decoded(index)
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) if colour else luma_of(frame)

    def decoded(self, index: int) -> VideoFrame:
        """Return one picture as the decoder gives it, which takes half the memory of colours.

        Parameters
        ----------
        index : int
            Picture number.

        Returns
        -------
        av.VideoFrame
            The picture; `to_ndarray` converts it.

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
        while inside >= len(self._files[number].shown):
            inside -= len(self._files[number].shown)
            number += 1
        if number not in self._readers:
            self._readers[number] = Reader(self._files[number])
        frame = self._readers[number].read(int(self._files[number].shown[inside]))
        if frame is None:
            raise InputError(
                self.paths[number],
                "a picture cannot be decoded",
                place=f"frame {inside}",
                advice="Copy the video again",
            )
        return frame


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
    container, stream = open_video(path)
    with container:
        width, height = int(stream.codec_context.width), int(stream.codec_context.height)
    if width <= 0 or height <= 0:
        raise InputError(
            path,
            "this video does not say how large its pictures are",
            found=f"{width} x {height}",
            advice="It is damaged; copy it again from the recorder",
        )
    return width, height
