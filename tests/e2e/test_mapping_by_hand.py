"""Mapping corrected by hand, by markers and by rank, on the command line; checked, and undone."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gazestudy as gs
from gazestudy._cv2 import cv2
from tests.e2e.small_study import write_picture, write_recording


@pytest.fixture
def made(tmp_path, gazestudy):
    """A study whose video shows poster 1, sliding; the study thinks that it is poster 2, and knows poster 3."""
    path = tmp_path / "สถานี"
    assert gazestudy("new", path, "--name", "ชานชาลา").code == 0
    for seed in (2, 3):
        picture = write_picture(tmp_path / f"{seed}.png", seed)
        words = ("--width-mm", 800, "--height-mm", 1200)
        assert gazestudy("placement", "add", path, f"poster-{seed}", picture, *words).code == 0
    folder = write_recording(tmp_path / "walk", 1)
    assert gazestudy("import", path, folder, "--participant", "P01").code == 0
    assert gazestudy("run", path).code == 0
    return path


def corners(frame):
    left, top = 60 + 3 * frame - 0.5, 40 + frame - 0.5
    quad = [(left, top), (left + 240, top), (left + 240, top + 360), (left, top + 360)]
    return " ".join(f"{x:g},{y:g}" for x, y in quad)


def table(path, name):
    with gs.open_study(path, read_only=True) as study:
        return study.current("p01-1", "attention").table(name)


def run(gazestudy, path):
    done = gazestudy("run", path, "--json")
    assert done.code == 0, done.err
    return {step["step"]: step["made"] for step in json.loads(done.out)}


def test_from_the_first_click_to_the_last_undo(gazestudy, made):
    path = made
    assert len(table(path, "mapped_gaze")) == 0  # nobody knows what hangs there

    # two key frames: followed by what is seen, though the picture is another one
    for frame in (6, 36):
        words = ("p01-1", "poster-2", corners(frame), "--at-s", frame * 0.04 + 0.001, "--by", "Anna")
        done = gazestudy("mapping", "key-frame", "add", path, *words, "--json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["made_by"] == "Anna"
    assert run(gazestudy, path) == {"events": False, "mapping": False, "attention": True}
    gaze = table(path, "mapped_gaze")
    assert set(gaze["source"]) == {"key_frames"}
    assert len(gaze) >= 80
    # gaze follows the middle of the poster, 120 px from its left edge at the time of a frame
    assert np.abs(gaze["x_ref_px"] - 119.5).max() < 4
    assert np.abs(gaze["y_ref_px"] - 179.5).max() < 4
    assert run(gazestudy, path) == {"events": False, "mapping": False, "attention": False}

    assert gazestudy("check", path).code == 0

    # an answer beats them, for the fixation at that time
    words = ("p01-1", "--at-s", 0.8, "--placement", "poster-3", "--point", "400,300", "--unit", "mm")
    done = gazestudy("mapping", "answer", "add", path, *words)
    assert done.code == 0, done.err
    assert "kept as answer 1" in done.out
    assert run(gazestudy, path)["attention"]
    fixations = table(path, "mapped_fixations")
    manual = fixations[fixations["source"] == "manual"]
    assert manual["placement_id"].tolist() == ["poster-3"]
    assert manual[["x_mm", "y_mm"]].to_numpy().tolist() == [[400.0, 300.0]]
    assert table(path, "metrics").set_index("placement_id").loc["poster-3", "noticed"]

    # an answer outlives another detection of fixations
    assert gazestudy("run", path, "--set", "threshold_deg_s=60").code == 0
    fixations = table(path, "mapped_fixations")
    assert "manual" in set(fixations["source"])

    # and can be undone, one by one
    words = ("p01-1", "--at-s", 0.0, "--until-s", 2.0, "--nowhere")
    assert gazestudy("mapping", "answer", "add", path, *words).code == 0
    run(gazestudy, path)
    assert len(table(path, "mapped_gaze")) == 0
    listed = json.loads(gazestudy("mapping", "answer", "list", path, "--json").out)
    assert [(one["id"], one["verdict"]) for one in listed] == [(1, "on"), (2, "nowhere")]
    assert gazestudy("mapping", "answer", "remove", path, 2).code == 0
    run(gazestudy, path)
    assert {"manual", "key_frames"} == set(table(path, "mapped_gaze")["source"])

    # what is doubtful, and how it looks
    done = gazestudy("mapping", "review-list", path, "--csv", path / "exports" / "doubt.csv", "--json")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert answer["count"] >= 1
    assert {"doubt", "reasons", "start_s"} <= set(answer["fixations"][0])
    doubts = [one["doubt"] for one in answer["fixations"]]
    assert doubts == sorted(doubts, reverse=True)
    assert any("a person has answered it" in one["reasons"] for one in answer["fixations"])
    assert (path / "exports" / "doubt-placements.csv").exists()
    done = gazestudy("mapping", "review-list", path)
    assert "poster-2" in done.out
    done = gazestudy("mapping", "contact-sheet", path, "--out", path / "exports" / "sheets", "--json")
    assert done.code == 0, done.err
    written = json.loads(done.out)
    assert len(written) == 1
    sheet = cv2.imdecode(np.fromfile(written[0], dtype=np.uint8), cv2.IMREAD_COLOR)
    assert sheet is not None
    assert sheet.std() > 10

    listed = json.loads(gazestudy("mapping", "key-frame", "list", path, "--json").out)
    assert len(listed) == 2
    for one in listed:
        assert gazestudy("mapping", "key-frame", "remove", path, one["id"]).code == 0
    assert gazestudy("mapping", "answer", "remove", path, 1).code == 0
    run(gazestudy, path)
    assert len(table(path, "mapped_gaze")) == 0


WRONG = [
    (("key-frame", "add", "p01-1", "poster-2", "1,2 3,4", "--at-s", 0), "four points or more"),
    (
        ("key-frame", "add", "p01-1", "poster-2", corners(3), "--at-s", 0, "--points", "9,9 9,9 90,9 90,90"),
        "1 and 2: the same point of the picture",
    ),
    (("key-frame", "add", "p01-1", "poster-2", "a,b", "--at-s", 0), "pairs such as"),
    (("key-frame", "add", "p01-1", "poster-9", corners(3), "--at-s", 0), "no placement 'poster-9'"),
    (("key-frame", "add", "p01-1", "poster-2", corners(3), "--at-s", 99), "shows no picture then"),
    (("key-frame", "remove", 9), "no key frame 9"),
    (("answer", "add", "p01-1", "--at-s", 0.8), "exactly one"),
    (("answer", "add", "p01-1", "--at-s", 0.8, "--placement", "poster-2", "--point", "900,1"), "a point on"),
    (("answer", "add", "p01-1", "--at-s", 77, "--nowhere"), "no fixation of 'p01-1' at 77 s"),
    (("answer", "remove", 9), "no answer 9"),
    (("vendor", "always"), "one of instead, after, never"),
    (("markers", "remove", "poster-2"), "has no markers"),
    (("remove-import", "p01-1", "poster-2"), "no mapping of 'poster-2' was imported"),
    (("review-list", "--recording", "nobody"), "no recording 'nobody'"),
]


def test_what_cannot_be_is_said(gazestudy, made):
    for words, message in WRONG:
        # the study comes right after the command and, in groups, its subcommand
        at = 2 if words[0] in ("key-frame", "answer", "markers") else 1
        done = gazestudy("mapping", *words[:at], made, *words[at:])
        assert done.code == 1, words
        assert message in done.err, words
    markers_are_declared_and_taken_back(gazestudy, made, made.parent / "เครื่องหมาย.csv")


def markers_are_declared_and_taken_back(gazestudy, made, table_path):
    table_path.write_text("id,x,y,side\n3,-120,0,100\n7,820,0,100\n", encoding="utf-8")
    done = gazestudy("mapping", "markers", "set", made, "poster-2", table_path)
    assert done.code == 0, done.err
    listed = json.loads(gazestudy("mapping", "markers", "list", made, "--json").out)
    assert listed[0]["markers"][1]["corners"] == [[820, 0], [920, 0], [920, 100], [820, 100]]
    done = gazestudy("mapping", "markers", "look", made, "p01-1", "--at-s", 0.1)
    assert done.code == 0, done.err
    assert "no marker of apriltag_36h11" in done.out
    assert run(gazestudy, made)["attention"]
    assert gazestudy("mapping", "markers", "remove", made, "poster-2").code == 0
    table_path.write_text("id,x,y,side\n3,a,0,100\n7,820,0,-5\n", encoding="utf-8")
    done = gazestudy("mapping", "markers", "set", made, "poster-2", table_path)
    assert done.code == 1
    assert "2 rows cannot be used" in done.err
    done = gazestudy("mapping", "vendor", made, "after", "--placement", "poster-2", "--json")
    assert json.loads(done.out) == {"": "instead", "poster-2": "after"}
