"""Whatever is wrong with the input: one clear line, exit code 1, and the study as it was."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.e2e.small_study import write_picture, write_recording


def snapshot(study: Path) -> dict[str, str]:
    files = (path for path in study.rglob("*") if path.is_file())
    return {
        path.relative_to(study).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


@pytest.fixture
def study(tmp_path, gazestudy) -> Path:
    folder = tmp_path / "study"
    assert gazestudy("new", folder).code == 0
    assert (
        gazestudy("placement", "add", folder, "poster", write_picture(tmp_path / "poster.png", 1)).code == 0
    )
    return folder


@pytest.fixture
def recording(tmp_path) -> Path:
    return write_recording(tmp_path / "walk", 1, n_frames=20)


def missing_video(tmp_path: Path, recording: Path) -> list[object]:
    (recording / "scene.mp4").unlink()
    return ["import", recording]


def truncated_csv(tmp_path: Path, recording: Path) -> list[object]:
    text = (recording / "gaze.csv").read_text(encoding="utf-8")
    (recording / "gaze.csv").write_text(text[: text.rindex(",")], encoding="utf-8")
    return ["import", recording]


def wrong_header(tmp_path: Path, recording: Path) -> list[object]:
    text = (recording / "gaze.csv").read_text(encoding="utf-8")
    (recording / "gaze.csv").write_text(text.replace("time_ms", "zeit"), encoding="utf-8")
    return ["import", recording]


def climbing_zip(tmp_path: Path, recording: Path) -> list[object]:
    path = tmp_path / "walk.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for member in recording.iterdir():
            archive.write(member, f"walk/{member.name}")
        archive.writestr("../../escaped.txt", "out")
    return ["import", path]


def empty_folder(tmp_path: Path, recording: Path) -> list[object]:
    (tmp_path / "nothing").mkdir()
    return ["import", tmp_path / "nothing"]


def no_such_folder(tmp_path: Path, recording: Path) -> list[object]:
    return ["import", tmp_path / "elsewhere"]


def truncated_video(tmp_path: Path, recording: Path) -> list[object]:
    data = (recording / "scene.mp4").read_bytes()
    (recording / "scene.mp4").write_bytes(data[: len(data) // 3])
    return ["import", recording]


def same_picture_twice(tmp_path: Path, recording: Path) -> list[object]:
    shutil.copy(tmp_path / "poster.png", tmp_path / "again.png")
    return ["placement", "add", "again", tmp_path / "again.png"]


def picture_that_is_none(tmp_path: Path, recording: Path) -> list[object]:
    (tmp_path / "text.png").write_text("not a picture", encoding="utf-8")
    return ["placement", "add", "text", tmp_path / "text.png"]


CASES = [
    (missing_video, "scene.mp4"),
    (truncated_csv, "cut off"),
    (wrong_header, "time_ms"),
    (climbing_zip, "../../escaped.txt"),
    (empty_folder, "nothing"),
    (no_such_folder, "elsewhere"),
    (truncated_video, "scene.mp4"),
    (same_picture_twice, "poster"),
    (picture_that_is_none, "text.png"),
]


@pytest.mark.parametrize(("spoil", "words"), CASES, ids=[case[0].__name__ for case in CASES])
def test_one_clear_line_and_nothing_changed(spoil, words, study, recording, tmp_path, gazestudy):
    command = spoil(tmp_path, recording)
    before = snapshot(study)
    where = 2 if command[0] == "placement" else 1
    result = gazestudy(*command[:where], study, *command[where:])
    assert result.code == 1
    assert len(result.err.strip().splitlines()) == 1, result.err
    assert words in result.err
    assert result.out == ""
    assert snapshot(study) == before
    assert not (tmp_path.parent / "escaped.txt").exists()
    assert gazestudy("check", study).code == 0


def test_a_cut_off_table_can_be_salvaged(study, recording, tmp_path, gazestudy):
    truncated_csv(tmp_path, recording)
    result = gazestudy("import", study, recording, "--salvage")
    assert result.code == 0, result.err
    assert "cut off" in result.out


def test_the_unspoilt_recording_imports(study, recording, gazestudy):
    assert gazestudy("import", study, recording).code == 0
    again = gazestudy("import", study, recording)
    assert again.code == 1
    assert "in the study already" in again.err


def test_a_video_that_went_away_is_named_by_run_and_check(study, recording, gazestudy):
    assert gazestudy("import", study, recording).code == 0
    next((study / "recordings").rglob("*.mp4")).unlink()
    ran = gazestudy("run", study)
    assert (ran.code, len(ran.err.strip().splitlines())) == (1, 1)
    checked = gazestudy("check", study)
    assert checked.code == 1
    assert ".mp4" in ran.err
    assert ".mp4" in checked.out


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["run", "STUDY", "--set", "threshold_deg_s"], id="setting-without-value"),
        pytest.param(["run", "STUDY", "--set", "speed=3"], id="unknown-setting"),
        pytest.param(["run", "STUDY", "--method", "magic"], id="unknown-method"),
        pytest.param(["heatmap", "STUDY", "--out", "maps", "--format", "gif"], id="unknown-format"),
        pytest.param(["heatmap", "STUDY", "--out", "maps", "--kernel", "2 ells"], id="unknown-unit"),
        pytest.param(["metrics", "STUDY", "--group-by", "shoe"], id="unknown-group"),
        pytest.param(["metrics", "NOWHERE"], id="no-study"),
    ],
)
def test_wrong_words_are_named(words, study, recording, gazestudy, tmp_path):
    assert gazestudy("import", study, recording).code == 0
    assert gazestudy("run", study).code == 0
    places = {"STUDY": study, "NOWHERE": tmp_path / "nowhere", "maps": tmp_path / "maps"}
    result = gazestudy(*[places.get(word, word) for word in words])
    assert (result.code, len(result.err.strip().splitlines())) == (1, 1)


def test_wrong_usage_exits_with_2(gazestudy):
    assert gazestudy("run").code == 2
    assert gazestudy("fly").code == 2
