"""Frames on show and sample durations, against a plain loop."""

from __future__ import annotations

import numpy as np

from gazestudy.model import frame_on_show, sample_durations_ns


def test_frame_on_show_equals_a_plain_loop():
    rng = np.random.default_rng(5)
    frames = np.cumsum(rng.integers(20, 60, 200))
    times = np.sort(rng.integers(-100, frames[-1] + 300, 2000))
    last = frames[-1] + 1.5 * np.median(np.diff(frames))
    expected = [
        -1 if t > last else max((i for i, f in enumerate(frames) if f <= t), default=-1) for t in times
    ]
    assert frame_on_show(frames, times).tolist() == expected


def test_without_frames_nothing_is_on_show():
    assert frame_on_show(np.array([], dtype=np.int64), np.array([1, 2])).tolist() == [-1, -1]


def test_one_frame_stays_on_show():
    assert frame_on_show(np.array([10]), np.array([9, 10, 10**12])).tolist() == [-1, 0, 0]


def test_durations_do_not_span_gaps_or_parts():
    t_ns = np.array([0, 10, 20, 500, 510, 520])
    part = np.array([0, 0, 0, 1, 1, 2])
    assert sample_durations_ns(t_ns, part).tolist() == [10, 10, 10, 10, 10, 10]
    assert sample_durations_ns(np.array([], dtype=np.int64)).tolist() == []
    assert sample_durations_ns(np.array([7])).tolist() == [0]
