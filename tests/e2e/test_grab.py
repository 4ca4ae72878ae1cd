"""Reference pictures from the field: grabbed from a scene video, and checked before they are used."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from tests.e2e.small_study import write_picture, write_recording


@pytest.fixture
def walk(tmp_path):
    return write_recording(tmp_path / "walk", 1, n_frames=12)


def test_a_frame_then_its_corners(walk, tmp_path, gazestudy):
    whole = gazestudy("placement", "grab", walk, "--at", 0.2, "--out", tmp_path / "whole.png", "--json")
    assert whole.code == 0, whole.err
    scene = cv2.imread(str(tmp_path / "whole.png"))
    assert (scene.shape[1], scene.shape[0]) == (
        json.loads(whole.out)["width_px"],
        json.loads(whole.out)["height_px"],
    )
    words = (
        "--corners",
        "99.5,79.5 219.5,79.5 219.5,239.5 99.5,239.5",
        "--out",
        tmp_path / "ป้าย.png",
        "--json",
    )
    done = gazestudy("placement", "grab", walk, "--at", 0.2, *words)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["width_px"], told["height_px"]) == (120, 160)
    assert told["mappable"] in ("well", "poorly", "hardly") and "larger" in told["advice"]
    content = np.fromfile(tmp_path / "ป้าย.png", np.uint8)
    np.testing.assert_array_equal(cv2.imdecode(content, cv2.IMREAD_COLOR), scene[80:240, 100:220])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--at", 99), 1, "picture"),
        (("--corners", "1,2 3,4"), 2, "four corners"),
        (("--corners", "0,0 9999,0 9999,9 0,9"), 1, "points within"),
    ],
)
def test_what_cannot_be_grabbed_is_said(walk, tmp_path, gazestudy, words, code, said):
    done = gazestudy("placement", "grab", walk, "--out", tmp_path / "out.png", *words)
    assert done.code == code and said in done.err
    assert not (tmp_path / "out.png").exists()


def test_pictures_are_checked_before_the_day(tmp_path, gazestudy):
    pictures = [write_picture(tmp_path / f"{number}.png", number) for number in (1, 2)]
    done = gazestudy("placement", "check", *pictures, "--json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert [row["placement_id"] for row in rows] == ["1", "2"]
    assert all(row["key_points"] > 0 and row["look_alikes"] == "" for row in rows)
    assert gazestudy("placement", "check").code == 2
