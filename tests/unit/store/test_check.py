from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest

from gazestudy.model import Recording
from gazestudy.store import Problem, Study, check_study, is_sound, open_study, write_result_files
from gazestudy.store.atomic import MARK, temporary_name
from gazestudy.store.lock import LOCK_NAME, read_holder

TABLE = pd.DataFrame({"onset_ns": range(100)})


@pytest.fixture
def full_study(study: Study, picture: Callable[..., Path], recording: Callable[..., Recording]) -> Study:
    """A study with one of everything, open."""
    study.add_placement("north", [picture(1)])
    study.add_recording(recording(1), participant_id="P01")
    study.write_derived("p01-1", "events.ivt", "aa", {"events": TABLE}, provenance={})
    study.write_derived(None, "metrics", "bb", {"metrics": TABLE}, provenance={})
    return study


@pytest.fixture
def root(full_study: Study) -> Path:
    full_study.close()
    return full_study.path


def the_only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, problems
    assert "\n" not in str(problems[0])
    assert problems[0].advice
    return problems[0]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def test_sound_study_gives_an_empty_list_and_is_not_touched(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert check_study(root, full=True) == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


FILES = [
    pytest.param("recordings/p01-1/streams/gaze.parquet", "problem", "import it again", id="stream"),
    pytest.param("recordings/p01-1/media/scene-0.mp4", "problem", "Put the video back", id="video"),
    pytest.param("placements/north/picture-1.png", "problem", "add it again", id="picture"),
    pytest.param(
        "recordings/p01-1/derived/events.ivt-aa/events-0.parquet", "warning", "gazestudy run", id="result"
    ),
    pytest.param("derived/metrics-bb/metrics-0.parquet", "warning", "gazestudy run", id="study result"),
]


@pytest.mark.parametrize(("where", "severity", "advice"), FILES)
@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param(Path.unlink, "is missing", id="deleted"),
        pytest.param(lambda path: os.truncate(path, 100), "cut off", id="truncated"),
        pytest.param(flip, "other content", id="flipped"),
    ],
)
def test_lost_and_damaged_files(
    root: Path, where: str, severity: str, advice: str, change: Callable[[Path], object], text: str
) -> None:
    change(root / where)
    found = the_only(check_study(root, full=True))
    assert (found.severity, found.where) == (severity, where)
    assert text in found.message
    assert advice in found.advice
    assert not is_sound([found])


def test_video_content_is_read_only_on_request(root: Path) -> None:
    flip(root / "recordings/p01-1/media/scene-0.mp4")
    assert check_study(root) == []
    assert "other content" in the_only(check_study(root, full=True)).message


def test_advice_for_a_damaged_result_works(root: Path) -> None:
    folder = root / "derived/metrics-bb"
    flip(folder / "metrics-0.parquet")
    assert "Delete the folder derived/metrics-bb" in the_only(check_study(root)).advice
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with open_study(root) as study:
        assert study.derived(None, "metrics", "bb") is None
        study.write_derived(None, "metrics", "bb", {"metrics": TABLE}, provenance={})
    assert check_study(root) == []


@pytest.mark.parametrize("make", [pytest.param(False, id="missing"), pytest.param(True, id="other folder")])
def test_no_study(tmp_path: Path, make: bool) -> None:
    if make:
        (tmp_path / "x").mkdir()
    (found,) = check_study(tmp_path / "x")
    assert found.severity == "problem"
    assert "gazestudy new" in found.message


@pytest.mark.parametrize("size", [0, 50, 5_000, 30_000])
def test_truncated_database(root: Path, size: int) -> None:
    os.truncate(root / "study.sqlite", size)
    problems = check_study(root)
    assert problems
    assert not is_sound(problems)
    assert all(found.where == "study.sqlite" and "backups/" in str(found) for found in problems)


def test_rows_that_point_nowhere(root: Path) -> None:
    with closing(sqlite3.connect(root / "study.sqlite")) as connection:
        connection.execute("DELETE FROM participant")
        connection.commit()
    found = the_only(check_study(root))
    assert "1 rows of recording point nowhere" in found.message


def test_newer_and_older_formats(root: Path) -> None:
    for number in ("9999", "0000"):
        with closing(sqlite3.connect(root / "study.sqlite")) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (number,))
            connection.commit()
        (found,) = check_study(root)
        assert found.severity == "warning"
        assert f"study format {int(number)}" in found.message


def test_folders_without_record(root: Path) -> None:
    (root / "recordings/old-1/derived/x-aa").mkdir(parents=True)
    (root / "recordings/p01-1/derived/x-aa").mkdir()
    (root / "derived/x-aa").mkdir()
    (root / "placements/old").mkdir()
    found = {problem.where: problem.severity for problem in check_study(root)}
    assert found == {
        "recordings/old-1": "warning",
        "recordings/old-1/derived/x-aa": "info",
        "recordings/p01-1/derived/x-aa": "info",
        "derived/x-aa": "info",
        "placements/old": "warning",
    }


def test_leftovers_are_no_problem_and_the_next_opening_clears_them(root: Path) -> None:
    write_result_files(root, "p01-1", "mapping.planar", "cc", {"t": TABLE})
    temporary_name(root / "exports" / "heatmap.png").touch()
    (root / "placements/new").mkdir()
    (root / "placements/new" / MARK).touch()
    (root / "placements/north" / MARK).touch()
    problems = check_study(root)
    assert len(problems) == 4
    assert is_sound(problems)
    with open_study(root) as study:
        assert [placement.id for placement in study.placements()] == ["north"]
    assert check_study(root) == []


def test_lock_of_the_dead_and_of_the_living(full_study: Study) -> None:
    found = the_only(check_study(full_study.path))
    assert found.severity == "info"
    assert "open for writing by" in found.message
    path = full_study.path / LOCK_NAME
    holder = read_holder(path)
    assert holder is not None
    path.write_text(json.dumps(asdict(replace(holder, process_start="another boot"))), encoding="utf-8")
    found = the_only(check_study(full_study.path))
    assert found.severity == "info"
    assert "no longer runs" in found.message


def test_results_out_of_date(root: Path) -> None:
    keys = {("p01-1", "events.ivt"): "aa", (None, "metrics"): "bb"}
    assert check_study(root, expected_keys=lambda _study: keys) == []
    changed = {("p01-1", "events.ivt"): "zz", (None, "metrics"): "bb", (None, "heatmaps"): "cc"}
    stale, missing = check_study(root, expected_keys=lambda _study: changed)
    assert "out of date" in stale.message
    assert "not run yet" in missing.message
    assert "gazestudy run" in stale.advice
    assert "gazestudy run" in missing.advice
