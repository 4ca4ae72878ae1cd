"""`gazestudy import --dry-run`: what lies there and who would read it, without a study."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.e2e.small_study import write_recording

HEADER = "timestamp\tframe_idx\tgaze_pos_vid_x\tgaze_pos_vid_y\n"


@pytest.fixture
def stick(tmp_path) -> Path:
    """A memory stick: two recordings, and a folder of something else."""
    folder = tmp_path / "stick"
    write_recording(folder / "walk", 1, n_frames=5)
    (folder / "converted").mkdir()
    (folder / "converted" / "gazeData.tsv").write_text(HEADER + "1.5\t0\t10\t20\n", encoding="utf-8")
    (folder / "converted" / "recording_info.json").write_text('{"name": "converted"}', encoding="utf-8")
    (folder / "letters").mkdir()
    (folder / "letters" / "to_mum.txt").write_text("dear mum", encoding="utf-8")
    return folder


def test_every_recording_in_a_table_and_reasons_where_nothing_is_known(stick, gazestudy):
    result = gazestudy("import", "--dry-run", stick)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].split("  ")[0] == "path"
    assert [line.split()[0:2] for line in lines[1:3]] == [
        [str(stick / "converted"), "glassestools"],
        [str(stick / "walk"), "table"],
    ]
    # the stick itself is no recording either, but it holds some
    unknown = [line for line in lines if line.startswith("no recording in")]
    assert unknown == [f"no recording in {stick / 'letters'}"]
    assert any("there is no gaze.csv" in line and "(pupil-cloud" in line for line in lines)


def test_the_same_as_json(stick, gazestudy):
    result = gazestudy("import", "--dry-run", stick, "--json")
    document = json.loads(result.out)
    assert [(row["importer"], row["recording"], row["ambiguous"]) for row in document["recordings"]] == [
        ("glassestools", "converted", []),
        ("table", "walk", []),
    ]
    (unknown,) = document["unknown"]
    assert unknown["path"] == str(stick / "letters")
    assert unknown["reasons"]["pupil-cloud"] == "there is no gaze.csv"


def test_a_study_before_the_paths_is_left_alone(stick, tmp_path, gazestudy):
    study = tmp_path / "study"
    assert gazestudy("new", study).code == 0
    before = {path: path.stat().st_mtime_ns for path in study.rglob("*")}
    with_study = gazestudy("import", study, stick, "--dry-run")
    assert with_study.code == 0
    assert with_study.out == gazestudy("import", "--dry-run", stick).out
    assert {path: path.stat().st_mtime_ns for path in study.rglob("*")} == before


def test_several_importers_are_named(stick, gazestudy):
    (stick / "converted" / "gaze.csv").write_text(
        "timestamp [ns],gaze x [px],gaze y [px]\n1,2,3\n", encoding="utf-8"
    )
    result = gazestudy("import", "--dry-run", stick)
    assert result.code == 1
    expected = f"ambiguous: {stick / 'converted'} is known to glassestools, pupil-cloud; choose one with --importer NAME"
    assert expected in result.out.splitlines()
    assert gazestudy("import", "--dry-run", stick, "--importer", "pupil-cloud").code == 0


def test_nothing_known_and_unreadable_paths_fail_but_do_not_stop_the_rest(stick, tmp_path, gazestudy):
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("../../escaped.txt", "out")
    result = gazestudy("import", "--dry-run", bad, tmp_path / "gone", stick / "letters", stick / "walk")
    assert result.code == 1
    assert result.err == ""
    assert "outside of its folder" in result.out
    assert "there is no such file or folder" in result.out
    assert str(stick / "walk") in result.out
    assert gazestudy("import", "--dry-run", stick / "letters").code == 1


def test_a_study_without_a_recording_is_wrong_usage(stick, gazestudy):
    result = gazestudy("import", stick)
    assert result.code == 2
    assert "at least one recording" in " ".join(result.err.replace("│", " ").split())
