"""Scene frames: the times that a device wrote, laid on the pictures of its videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.streams import frame_table, gap_findings, in_time_order
from gazestudy.importers.video import SceneVideo, picture_size
from gazestudy.model import Finding, Stream

Times = NDArray[np.int64]

NO_VIDEO = Finding(
    "warning",
    "frames",
    "no_video",
    "there is no scene video: gaze can be analysed, but not mapped onto placements",
)
NO_CAMERA = Finding(
    "warning",
    "camera",
    "no_camera",
    "there is no calibration of the scene camera, so no visual angles by it",
)


def usable_videos(
    paths: Sequence[Path], notes: list[Finding]
) -> tuple[tuple[Path, ...], tuple[int, int] | None]:
    """Return the videos and the size of their pictures; a broken first video is a finding, not an error.

    Parameters
    ----------
    paths : sequence of Path
        Video files in order; may be empty.
    notes : list of Finding
        Where a broken or a missing video is noted.

    Returns
    -------
    videos : tuple of Path
        The same paths, or none.
    size_px : tuple of int or None
        Width and height.
    """
    if not paths:
        notes.append(NO_VIDEO)
        return (), None
    try:
        return tuple(paths), picture_size(paths[0])
    except InputError as error:
        notes.append(Finding("problem", "frames", "video_unusable", str(error), 1))
        return (), None


def paired_frames(
    videos: Sequence[Path],
    times_ns: Sequence[Times],
    *,
    filler: NDArray[np.bool_] | None = None,
    findings: Sequence[Finding] = (),
) -> Stream:
    """Return the frames of a recording whose device wrote down when each picture was taken.

    Parameters
    ----------
    videos : sequence of Path
        Video files in order; empty: the recording came without them.
    times_ns : sequence of ndarray of int64
        Times of the pictures, ns: one array for each part of the recording. With as many videos as parts each
        part has its own video; otherwise the pictures of all videos are counted through.
    filler : ndarray of bool, optional
        Which frames (of all parts in order) are the vendor's filling.
    findings : sequence of Finding, optional
        What was found while reading the times; carried over.

    Returns
    -------
    Stream
        Table by the contract `FRAMES`, with `part` the number of the array. Where there are more times than
        pictures or the reverse, the first of both are paired and a finding says so.
    """
    t_ns = np.concatenate([np.zeros(0, np.int64), *times_ns])
    part = np.repeat(np.arange(len(times_ns), dtype=np.int64), [len(times) for times in times_ns])
    file, index = np.full(len(t_ns), -1, np.int64), np.full(len(t_ns), -1, np.int64)
    found = list(findings)
    if videos:
        with SceneVideo(videos) as video:
            pictures = video.table()
            found.extend(video.findings())
        own = len(videos) == len(times_ns)
        for number in range(len(times_ns) if own else 1):
            rows = np.flatnonzero(part == number) if own else np.arange(len(t_ns))
            these = pictures[pictures["video"] == number] if own else pictures
            count = min(len(rows), len(these))
            file[rows[:count]], index[rows[:count]] = these["video"][:count], these["index"][:count]
            if len(rows) != len(these):
                name = f"{videos[number].name}: " if own else ""
                text = (
                    f"{name}{len(these)} pictures for {len(rows)} frame times; the first {count} are paired"
                )
                lost = abs(len(rows) - len(these))
                found.append(Finding("warning", "frames", "frame_count", name + text, lost))
    table = frame_table(t_ns, filler=filler, video=file, index=index, part=part, has_video=bool(videos))
    frames, order = in_time_order(table, "frames")
    gaps = gap_findings(frames["t_ns"].to_numpy(), "frames", frames["part"].to_numpy())
    return Stream(frames, (*found, *order, *gaps))
