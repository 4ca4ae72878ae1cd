"""Laying video times against gaze times, on clocks whose truth is known."""

import numpy as np
import pytest

from gazestudy.importers.recordings.alignment import align_video
from gazestudy.model import frame_on_show

MS = 1_000_000


def recording(rng, *, seconds, start_ns, drift=0.0, rate_hz=200.0, nearest=False):
    """Return video times, true frame times, gaze times and frame numbers as a device would write them."""
    true = np.cumsum(rng.uniform(30, 37, int(seconds * 30)) * MS).astype(np.int64)
    video = np.round(true / (1 + drift)).astype(np.int64)
    gaze = np.sort(rng.uniform(0, true[-1], int(seconds * rate_hz))).astype(np.int64)
    at = gaze + 16 * MS if nearest else gaze
    return video, true + start_ns, gaze + start_ns, frame_on_show(true, at)


@pytest.mark.parametrize("start_ns", [0, 92_458 * MS, 1_700_000_000_000_000_000, -5_000 * MS])
def test_start_is_found(start_ns):
    video, true, gaze, label = recording(np.random.default_rng(1), seconds=20, start_ns=start_ns)
    found, (finding,) = align_video(video, gaze, label, None)
    assert np.abs(found - true).max() < 2 * MS
    assert finding.severity == "info"


def test_some_wrong_numbers_do_no_harm():
    rng = np.random.default_rng(2)
    video, true, gaze, label = recording(rng, seconds=20, start_ns=0)
    wrong = rng.random(len(label)) < 0.01
    label[wrong] = rng.integers(0, len(video), wrong.sum())
    found, _ = align_video(video, gaze, label, None)
    assert np.median(np.abs(found - true)) < 20 * MS


def test_drift_of_the_clocks_is_taken_out():
    video, true, gaze, label = recording(np.random.default_rng(3), seconds=300, start_ns=7, drift=300e-6)
    found, (finding,) = align_video(video, gaze, label, None)
    assert np.abs(found - true).max() < 4 * MS  # 90 ms without
    assert "parts in a million" in finding.message


def test_nominal_video_times_are_replaced():
    """A container that says 30 fps throughout, while the camera paused for two seconds."""
    rng = np.random.default_rng(4)
    true = np.cumsum(np.where(np.arange(600) == 300, 2000, 33) * MS)
    video = np.arange(600) * 20 * MS
    gaze = np.arange(true[0], true[-1], 5 * MS) + rng.integers(0, MS, 1)
    found, (finding,) = align_video(video, gaze, frame_on_show(true, gaze), None)
    assert np.abs(found - true)[:-1].max() < 6 * MS  # the last frame has no sample
    assert finding.severity == "warning"


def test_numbers_beyond_the_video_are_counted():
    video, true, gaze, label = recording(np.random.default_rng(5), seconds=10, start_ns=0)
    found, findings = align_video(video[:200], gaze, label, None)
    assert [finding.code for finding in findings] == ["frame_labels", "alignment"]
    assert findings[0].count == np.count_nonzero(label >= 200)
    assert np.abs(found - true[:200]).max() < 3 * MS


def test_given_start_is_taken():
    found, _ = align_video(np.array([0, 40]), np.array([5]), np.array([0]), 1000)
    assert found.tolist() == [1000, 1040]


@pytest.mark.parametrize(
    ("gaze", "expected"), [([0, 50], [0, 40]), ([10**15, 10**15 + 50], [10**15, 10**15 + 40])]
)
def test_without_numbers_it_is_a_guess_and_says_so(gaze, expected):
    found, (finding,) = align_video(np.array([0, 40]), np.array(gaze), None, None)
    assert (found.tolist(), finding.severity) == (expected, "warning")
