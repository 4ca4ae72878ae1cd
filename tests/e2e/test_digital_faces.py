"""A screen that changes its picture: each spot has its own attention, and the player's log is compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gazestudy.model import provenance_of
from gazestudy.model.alignment import ClockAlignment
from gazestudy.store import open_study

from .small_study import write_picture, write_recording

START_NS = 1_777_597_200 * 10**9  # 2026-05-01T08:00:00+07:00
LOG = """start,end,content
2026-05-01 08:00:00.000,2026-05-01 08:00:00.600,spot-1.png
2026-05-01 08:00:00.600,2026-05-01 08:00:01.200,spot-2.png
2026-05-01 08:00:01.200,2026-05-01 08:00:01.800,lottery
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Spots 1 and 2 are ours and the third is not; each is on for 15 frames, 0.6 s."""
    from typer.testing import CliRunner

    from gazestudy.cli.app import app

    folder = tmp_path_factory.mktemp("digital")
    path, runner = folder / "study", CliRunner()
    pictures = [write_picture(folder / f"spot-{seed}.png", seed) for seed in (1, 2)]
    source = write_recording(folder / "walk", 1, 2, 3)
    (folder / "log.csv").write_text(LOG, encoding="utf-8")
    for words in (
        ["new", path, "--name", "Screen"],
        ["placement", "add", path, "screen", *pictures, "--digital"],
        ["import", path, source, "--participant", "P01", "--columns", source / "columns.json"],
        ["run", path],
    ):
        result = runner.invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return path


def align(path: Path) -> str:
    """The player's clock, by an event that both noted; ten ms uncertain."""
    with open_study(path) as opened:
        recording = opened.recordings()[0].id
        if not opened.alignments(recording, "player"):
            first_ns = int(opened.stream(recording, "frames")["t_ns"].iloc[0])
            known = ClockAlignment("events", first_ns, START_NS - first_ns, 0.0, 10.0)
            opened.add_alignment(recording, "player", known)
    return recording


def test_each_spot_has_its_own_row(study, gazestudy):
    result = gazestudy("metrics", study, "--group-by", "placement,creative", "--json")
    assert result.code == 0, result.err
    rows = {row["creative_id"]: row for row in json.loads(result.out)}
    assert len(rows) == 2
    for row in rows.values():
        assert row["n_exposed"] == 1 and row["median_exposure_ms"] == pytest.approx(600, abs=90)
        assert row["median_gaze_ms"] == pytest.approx(600, abs=90)
    # gaze never left the screen: one long fixation, and it belongs to one of them
    assert sorted(row["n_noticed"] for row in rows.values()) == [0, 1]


def test_the_players_log_is_compared_with_what_was_recognised(study, gazestudy):
    recording = align(study)
    result = gazestudy(
        "placement", "schedule", study, "screen", study.parent / "log.csv",
        "--tz", "Asia/Bangkok", "--clock", "player", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert json.loads(result.out) == {"placement": "screen", "showings": 3, "of_others": ["lottery"]}
    assert gazestudy("run", study).code == 0
    with open_study(study, read_only=True) as opened:
        table = opened.current(recording, "attention").table("mapped_gaze")
    found = provenance_of(table)["facts"]["schedule"]["screen"]
    assert found["frames_agree"] >= 26 and found["frames_differ"] == 0
    assert set(table["creative_id"]) <= {"screen-1", "screen-2", ""}


def test_a_clock_that_is_off_is_seen(study, gazestudy):
    recording = align(study)
    swapped = LOG.replace("spot-1", "spot-x").replace("spot-2", "spot-1").replace("spot-x", "spot-2")
    (study.parent / "late.csv").write_text(swapped, encoding="utf-8")
    words = ("placement", "schedule", study, "screen", study.parent / "late.csv")
    assert gazestudy(*words, "--tz", "Asia/Bangkok", "--clock", "player").code == 0
    assert gazestudy("run", study).code == 0
    with open_study(study, read_only=True) as opened:
        table = opened.current(recording, "attention").table("mapped_gaze")
    found = provenance_of(table)["facts"]["schedule"]["screen"]
    assert found["frames_differ"] > 20 and found["frames_agree"] == 0


def test_a_loop_by_hand_and_its_end(study, gazestudy):
    words = ("placement", "schedule", study, "screen")
    when = ("--from", "2026-05-01T08:00:00+07:00", "--to", "2026-05-01T09:00:00+07:00")
    result = gazestudy(*words, "--loop", "spot-1=10, spot-2=10, -=40", *when, "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["showings"] == 180
    assert gazestudy(*words, "--remove").code == 0
    assert "no schedule" in gazestudy(*words, "--remove").err


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ([], 2, "give a log"),
        (["--loop", "spot-1=10"], 2, "--from"),
        (["--loop", "spot-1"], 2, "is no spot"),
        (["--loop", "spot-9=10", "--from", "2026-05-01T08:00Z", "--to", "2026-05-01T09:00Z"], 1, "spot-9"),
        (["--loop", "spot-1=10", "--from", "eight", "--to", "nine"], 1, "eight"),
        (["nowhere.csv"], 1, "no such log"),
    ],
)
def test_what_cannot_be_is_refused(study, gazestudy, more, code, words):
    result = gazestudy("placement", "schedule", study, "screen", *more)
    assert result.code == code and words in result.err


def test_pictures_of_a_screen_are_changed_one_by_one(tmp_path, gazestudy):
    path = tmp_path / "study"
    assert gazestudy("new", path, "--name", "Pictures").code == 0
    spots = [write_picture(tmp_path / f"spot-{seed}.png", seed) for seed in (1, 2, 3, 4)]
    assert gazestudy("placement", "add", path, "screen", spots[0], "--digital").code == 0
    assert gazestudy("placement", "picture", path, "screen", spots[1]).code == 0
    assert gazestudy("placement", "picture", path, "screen", spots[2], "--replace", "spot-1").code == 0
    assert gazestudy("placement", "picture", path, "screen", "--remove", "screen-2").code == 0
    assert gazestudy("placement", "change", path, "screen", "--width-mm", 800, "--station", "สยาม").code == 0
    (screen,) = json.loads(gazestudy("placement", "list", path, "--json").out)
    assert screen["pictures"] == ["placements/screen/picture-3.png"]
    assert (screen["width_mm"], screen["station"], screen["name"]) == (800, "สยาม", "screen")
    wrong = gazestudy("placement", "picture", path, "screen", spots[3], "--replace", "winter")
    assert wrong.code != 0
    assert "spot-1" in wrong.err
    assert gazestudy("check", path).code == 0
