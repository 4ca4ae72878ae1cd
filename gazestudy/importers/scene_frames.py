"""Scene frames: the times that a device wrote, laid on the pictures of its videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.streams import GAP_INTERVALS, GAP_NS, frame_table, gap_findings, in_time_order
from gazestudy.importers.video import SceneVideo, picture_size
from gazestudy.model import Finding, Stream, categorical
from gazestudy.model.tables import FRAME_KINDS

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
        pictures or the reverse, the first of both are paired and a finding says so. Times without a readable
        picture are gaps; so is one more row at the start of each hole and at the end of each part but the
        last, so that nothing later is taken for seen on the picture before it.

    Notes
    -----
    Devices write one time per picture in the file. Where that many are in the file but an edit list hides
    some, the times are paired with all of them, and those of hidden pictures are gaps.
    """
    t_ns = np.concatenate([np.zeros(0, np.int64), *times_ns])
    part = np.repeat(np.arange(len(times_ns), dtype=np.int64), [len(times) for times in times_ns])
    file, index = np.full(len(t_ns), -1, np.int64), np.full(len(t_ns), -1, np.int64)
    found = list(findings)
    if videos:
        with SceneVideo(videos) as video:
            pictures = video.table()
            encoded = [video.encoded(number) for number in range(len(videos))]
            found.extend(video.findings())
        own = len(videos) == len(times_ns)
        for number in range(len(times_ns) if own else 1):
            rows = np.flatnonzero(part == number) if own else np.arange(len(t_ns))
            these = _pictures_for(len(rows), pictures, [number] if own else range(len(videos)), encoded)
            count = min(len(rows), len(these))
            readable = these["readable"].to_numpy(bool)[:count]
            for column, wanted in ((file, "video"), (index, "index")):
                column[rows[:count]] = np.where(readable, these[wanted].to_numpy()[:count], -1)
            if len(rows) != len(these):
                name = f"{videos[number].name}: " if own else ""
                text = (
                    f"{name}{len(these)} pictures for {len(rows)} frame times; the first {count} are paired"
                )
                lost = abs(len(rows) - len(these))
                found.append(Finding("warning", "frames", "frame_count", name + text, lost))
    table = frame_table(t_ns, filler=filler, video=file, index=index, part=part, has_video=bool(videos))
    return frame_stream(table, found, has_video=bool(videos))


def frame_stream(table: pd.DataFrame, findings: Sequence[Finding], *, has_video: bool = True) -> Stream:
    """Return frames as a stream: in time order, with what was found, and with rows where holes start.

    Parameters
    ----------
    table : DataFrame
        Contract `FRAMES`, in any order.
    findings : sequence of Finding
        What was found before; carried over.
    has_video : bool, default True
        False: there is no picture at all, so a hole is nothing to mark.
    """
    frames, order = in_time_order(table, "frames")
    gaps = gap_findings(frames["t_ns"].to_numpy(), "frames", frames["part"].to_numpy())
    return Stream(with_holes(frames) if has_video else frames, (*findings, *order, *gaps))


def _pictures_for(
    count: int, pictures: pd.DataFrame, videos: Sequence[int], encoded: Sequence[NDArray[np.int64]]
) -> pd.DataFrame:
    """Return the pictures of some videos; with those that edit lists hide, if there are `count` then."""
    shown = pictures[pictures["video"].isin(videos)]
    if len(shown) == count or sum(len(encoded[number]) for number in videos) != count:
        return shown
    rows = pd.DataFrame(
        {
            "video": np.repeat(np.array(videos, np.int64), [len(encoded[number]) for number in videos]),
            "index": np.concatenate([encoded[number] for number in videos]),
        }
    )
    known = shown[["video", "index", "readable"]]
    paired = rows.merge(known, "left", on=["video", "index"])
    return paired.assign(readable=paired["readable"].eq(True))


def with_holes(frames: pd.DataFrame) -> pd.DataFrame:
    """Return a frames table with a row of kind "gap" where a hole starts.

    Parameters
    ----------
    frames : DataFrame
        Contract `FRAMES`.

    Returns
    -------
    DataFrame
        One row more, one usual interval after the frame before it, for each step longer than 75 ms and than
        three usual (median) steps, and for each end of a part that another one follows.
    """
    t_ns, part = frames["t_ns"].to_numpy(), frames["part"].to_numpy()
    steps = np.diff(t_ns)
    if len(steps) == 0:
        return frames
    same = np.diff(part) == 0
    usual = int(np.median(steps[same])) if same.any() else int(steps.min())
    limit = np.where(same, max(GAP_NS, GAP_INTERVALS * usual), usual)
    opens = (steps > limit) & (frames["kind"] != "gap").to_numpy(bool)[:-1]
    before = np.flatnonzero(opens)
    holes = frames.iloc[before].assign(t_ns=t_ns[before] + usual, kind="gap", video=-1, index=-1)
    whole = pd.concat([frames.assign(kind=frames["kind"].astype(str)), holes], ignore_index=True)
    whole = whole.assign(kind=categorical(whole["kind"], FRAME_KINDS))
    return whole.sort_values("t_ns", kind="stable", ignore_index=True)
