"""Lays the times of a scene video against the times of a gaze table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazestudy.model import Finding, frame_on_show

Times = NDArray[np.int64]

LATE_SHARE = 0.05  # share of frames whose label may be early by jitter
FITS_SHARE = 0.95
FITS_FRAMES = 1
DRIFT_FRAMES = 0.25  # smaller drifts of the two clocks are not worth a correction
MIN_QUARTER = 10


def align_video(
    video_ns: Times, gaze_ns: Times, label: Times | None, start_ns: int | None
) -> tuple[Times, list[Finding]]:
    """Return the times of the scene frames on the clock of the gaze table.

    Parameters
    ----------
    video_ns : ndarray of int64, shape (n_frames,)
        Times within the video, ns.
    gaze_ns : ndarray of int64, shape (n,)
        Times of gaze samples, ascending, ns.
    label : ndarray of int64, shape (n,), or None
        Frame number of each sample from 0, -1 where not said.
    start_ns : int or None
        Time of the table at which the video starts, where it is known.

    Returns
    -------
    t_ns : ndarray of int64, shape (n_frames,)
        Frame times, ns.
    findings : list of Finding
        How they were found and how well labels agree.

    Notes
    -----
    A sample with frame number f was taken at or after the onset of that frame, so the first sample of each
    frame bounds the start of the video from above: start <= t_first(f) - v(f). The tightest bounds are taken,
    their 5th percentile to let jitter pass, after a drift between the two clocks of more than a quarter of a
    frame was taken out (medians of the first and the last quarter). If then fewer than 95 % of the samples
    lie within one frame of their label, the times in the video are not the real ones; the first sample of
    each frame is taken as its onset instead, with straight lines between.
    """
    if start_ns is not None:
        text = "the start of the video was given"
        return video_ns + start_ns, [Finding("info", "frames", "alignment", text)]
    if len(video_ns) == 0 or len(gaze_ns) == 0:
        return video_ns, []
    if label is None:
        return _without_labels(video_ns, gaze_ns)
    usable = (label >= 0) & (label < len(video_ns))
    findings = []
    lost = int(np.count_nonzero(label >= len(video_ns)))
    if lost:
        text = f"{lost} samples name a frame that the video does not have (it has {len(video_ns)})"
        findings.append(Finding("warning", "frames", "frame_labels", text, lost))
    if not usable.any():
        t_ns, more = _without_labels(video_ns, gaze_ns)
        return t_ns, [*findings, *more]
    label, gaze_ns = label[usable], gaze_ns[usable]
    numbers, first = np.unique(label, return_index=True)
    t_ns, how = _by_clock(video_ns, numbers, gaze_ns[first])
    same, near = _agreement(t_ns, gaze_ns, label)
    severity = "info"
    if near < FITS_SHARE:
        t_ns = _by_labels(numbers, gaze_ns[first], video_ns)
        how = (
            f"the times in the video do not fit the frame numbers (only {near:.0%} of the samples within one"
            " frame); frame times were taken from the first sample of each frame"
        )
        severity = "warning"
        same, near = _agreement(t_ns, gaze_ns, label)
    text = f"{how}; {same:.1%} of the samples lie on the frame they name, {near:.1%} within one frame"
    return t_ns, [*findings, Finding(severity, "frames", "alignment", text, round((1 - near) * len(label)))]  # type: ignore[arg-type]


def _by_clock(video_ns: Times, numbers: Times, onset_ns: Times) -> tuple[Times, str]:
    """Return the times of the video shifted, and stretched where its clock runs differently."""
    apart = onset_ns - video_ns[numbers]
    stretch, quarter = 0.0, len(numbers) // 4
    if quarter >= MIN_QUARTER:
        span = float(np.median(video_ns[numbers[-quarter:]]) - np.median(video_ns[numbers[:quarter]]))
        drift = float(np.median(apart[-quarter:]) - np.median(apart[:quarter]))
        if abs(drift) > DRIFT_FRAMES * float(np.median(np.diff(video_ns))):
            stretch = drift / span
    stretched = video_ns + np.round(video_ns * stretch).astype(np.int64)
    start = int(np.quantile(onset_ns - stretched[numbers], LATE_SHARE, method="lower"))
    how = f"the video was aligned by the numbers of {len(numbers)} frames; it starts at {start / 1e9:.4f} s"
    if stretch:
        how += f" and its clock differs by {stretch * 1e6:.0f} parts in a million"
    return stretched + start, how


def _agreement(t_ns: Times, gaze_ns: Times, label: Times) -> tuple[float, float]:
    off = np.abs(frame_on_show(t_ns, gaze_ns) - label)
    return float(np.mean(off == 0)), float(np.mean(off <= FITS_FRAMES))


def _by_labels(numbers: Times, onset_ns: Times, video_ns: Times) -> Times:
    """Return frame times through the first sample of each frame; beyond them the video's own steps."""
    onset_ns = np.maximum.accumulate(onset_ns)
    every = np.arange(len(video_ns))
    base = int(onset_ns[0])
    t_ns = np.interp(every, numbers, (onset_ns - base).astype(np.float64)).round().astype(np.int64) + base
    before, after = every < numbers[0], every > numbers[-1]
    t_ns[before] = onset_ns[0] + video_ns[before] - video_ns[numbers[0]]
    t_ns[after] = onset_ns[-1] + video_ns[after] - video_ns[numbers[-1]]
    return t_ns


def _without_labels(video_ns: Times, gaze_ns: Times) -> tuple[Times, list[Finding]]:
    overlap = gaze_ns[-1] >= video_ns[0] and gaze_ns[0] <= video_ns[-1]
    if overlap:
        text = "the table has no frame numbers; its time zero is taken as the start of the video"
        return video_ns, [Finding("warning", "frames", "alignment", text)]
    text = "the table has no frame numbers; its first sample is taken as the start of the video"
    return video_ns + int(gaze_ns[0]), [Finding("warning", "frames", "alignment", text)]
