"""Scene videos with gaze and placements, from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gazestudy as gs
from gazestudy.importers.video import SceneVideo
from tests.e2e.small_study import HEIGHT_PX, WIDTH_PX, write_picture, write_recording

ORANGE = np.array([230, 159, 0])


@pytest.fixture
def study(tmp_path, gazestudy):
    folder = tmp_path / "Nghiên cứu"
    assert gazestudy("new", folder, "--name", "Overlay").code == 0
    picture = write_picture(tmp_path / "1.png", 1)
    assert gazestudy("placement", "add", folder, "poster", picture, "--name", "ป้ายโฆษณา").code == 0
    assert gazestudy("import", folder, write_recording(tmp_path / "walk", 1, n_frames=30)).code == 0
    assert gazestudy("run", folder, "--method", "ivt").code == 0
    return folder


def test_a_video_shows_gaze_where_it_is(study, tmp_path, gazestudy):
    done = gazestudy("overlay", study, "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    (told,) = json.loads(done.out)
    assert told["frames"] == 30 and told["notes"] == []
    with SceneVideo([tmp_path / "out" / "p01-1.mp4"]) as video:
        assert len(video) == 30
        assert (video.width_px, video.height_px) == (WIDTH_PX // 2 * 2, HEIGHT_PX // 2 * 2)
        assert np.ptp(np.diff(video.times_ns)) < 2_000
        picture = video.frame_at(15).astype(int)
    with gs.open_study(study, read_only=True) as opened:
        gaze, frames = opened.stream("p01-1", "gaze"), opened.stream("p01-1", "frames")
    shown = gaze[gaze["t_ns"] < frames["t_ns"].iloc[16]].iloc[-1]
    x, y = round(shown["x_px"]), round(shown["y_px"])
    assert np.abs(picture[y, x] - ORANGE).max() < 60  # its middle is filled during a fixation


def test_a_stretch_of_smaller_pictures(study, tmp_path, gazestudy):
    words = ("overlay", study, "--out", tmp_path / "out", "--from", 0.2, "--to", 0.5, "--height", 120)
    done = gazestudy(*words, "--show-faces")
    assert done.code == 0, done.err
    assert "faces not covered" in done.out
    with SceneVideo([tmp_path / "out" / "p01-1.mp4"]) as video:
        assert video.height_px == 120 and len(video) == pytest.approx(9, abs=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", 99), "within 0 to"),
        (("--recording", "nobody"), "nobody"),
        (("--height", 99999), "64 to"),
    ],
)
def test_what_cannot_be_drawn_is_said(study, tmp_path, gazestudy, words, said):
    done = gazestudy("overlay", study, "--out", tmp_path / "out", *words)
    assert done.code == 1 and said in done.err
    assert not list(tmp_path.glob("out/*"))


def test_a_video_is_not_overwritten(study, tmp_path, gazestudy):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "p01-1.mp4").write_bytes(b"mine")
    done = gazestudy("overlay", study, "--out", tmp_path / "out")
    assert done.code == 1 and "something is there already" in done.err
    assert (tmp_path / "out" / "p01-1.mp4").read_bytes() == b"mine"
