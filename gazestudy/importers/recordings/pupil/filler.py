"""Finds the grey pictures that Pupil Cloud and Neon Player put into the scene video.

Where the camera delivered nothing (before it starts, after it stops, between parts) Cloud adds grey pictures
exactly 50 ms apart, Neon Player 1/30 s apart. Frame times alone can tell the former; the pictures tell both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Finding

CLOUD_STEP_NS = 50_000_000
STEP_TOLERANCE_NS = 1_000  # Cloud's steps are exact; those of a camera jitter by tenths of milliseconds
MIN_RUN = 2  # steps in the middle of a recording: a single one may be chance
OWN_RATE_SHARE = 0.9  # a camera that runs at 20 Hz itself has nothing but such steps
FLAT_LEVELS = 1.5  # standard deviation of a picture without content; sensor noise alone is more
MAX_SEARCH = 3000

Bools = NDArray[np.bool_]


def find(t_ns: NDArray[np.int64], video: SceneVideo | None, n_pictures: int) -> tuple[Bools, list[Finding]]:
    """Return which frames are filler.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Frame times, ns.
    video : SceneVideo or None
        The pictures, where the video is there.
    n_pictures : int
        How many frames have a picture.

    Returns
    -------
    filler : ndarray of bool, shape (n,)
        True for filler.
    findings : list of Finding
        Their number and how they were told.
    """
    by_time = by_frame_times(t_ns)
    if video is None:
        told = "by their steps of exactly 50 ms; there is no video to confirm it"
        return by_time, _findings(by_time, told)
    filler = _confirmed(by_time[:n_pictures], video)
    filler = np.append(filler, np.zeros(len(t_ns) - n_pictures, dtype=np.bool_))
    found = _findings(filler, "by pictures without content")
    refuted = int(np.count_nonzero(by_time & ~filler))
    if refuted:
        text = f"{refuted} frames are exactly 50 ms apart but have content; they are real"
        found.append(Finding("info", "frames", "filler_refuted", text, refuted))
    return filler, found


def by_frame_times(t_ns: NDArray[np.int64]) -> Bools:
    """Return which frames look like filler of the Cloud by their times.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Frame times, ns.

    Returns
    -------
    ndarray of bool, shape (n,)
        True for frames in a run of steps of exactly 50 ms: from the first frame on, up to the last one, or of
        at least two steps between (there the first frame of the run is the last real one).

    Examples
    --------
    >>> t_ns = np.cumsum([0, 50, 50, 31, 34, 33, 35, 29, 32, 33, 50]) * 1_000_000
    >>> by_frame_times(t_ns).astype(int).tolist()
    [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    filler = np.zeros(len(t_ns), dtype=np.bool_)
    exact = np.abs(np.diff(t_ns) - CLOUD_STEP_NS) <= STEP_TOLERANCE_NS
    if len(exact) == 0 or exact.mean() > OWN_RATE_SHARE:
        return filler
    edges = np.flatnonzero(np.diff(np.concatenate([[False], exact, [False]]).astype(np.int8)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if start == 0:
            filler[: stop + 1] = True
        elif stop - start >= MIN_RUN or stop == len(exact):
            filler[start + 1 : stop + 1] = True
    return filler


def _confirmed(suspected: Bools, video: SceneVideo) -> Bools:
    """Keep suspected frames without content; find runs at the start and the end also without suspicion."""
    filler = np.zeros(len(suspected), dtype=np.bool_)
    for index, luma in video.frames(0, min(len(filler), MAX_SEARCH)):
        if not _is_flat(luma):
            break
        filler[index] = True
    for index in range(len(filler) - 1, max(len(filler) - 1 - MAX_SEARCH, -1), -1):
        if filler[index] or not _is_filler(video, index):
            break
        filler[index] = True
    for index in np.flatnonzero(suspected & ~filler).tolist():
        filler[index] = _is_filler(video, index)
    return filler


def _is_filler(video: SceneVideo, index: int) -> bool:
    try:
        return _is_flat(video.frame_at(index, colour=False))
    except InputError:
        return False  # a picture that cannot be decoded is a gap, found as such when frames are paired


def _is_flat(luma: NDArray[np.uint8]) -> bool:
    return float(luma[::4, ::4].std()) < FLAT_LEVELS


def _findings(filler: Bools, told: str) -> list[Finding]:
    count = int(filler.sum())
    if count == 0:
        return []
    text = f"{count} of {len(filler)} frames are filler of the vendor without a picture, told {told}"
    return [Finding("info", "frames", "filler", text, count)]
