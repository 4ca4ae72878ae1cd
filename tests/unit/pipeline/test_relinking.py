"""Videos that were moved are found by what they are, all at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gazestudy.cli.app import app
from gazestudy.errors import Cancelled, InputError, StudyError
from gazestudy.pipeline.importing import import_path
from gazestudy.pipeline.relinking import find_moved
from gazestudy.progress import SILENT
from gazestudy.store import check_study, create_study, is_sound, open_study

SESSIONS = Path(__file__).resolve().parents[3] / "sample_sessions" / "recordings"
NAMES = ("p01-pupil-cloud-neon", "p02-pupil-cloud-invisible")


@pytest.fixture
def moved(tmp_path):
    """A study that refers to two videos, whose folder then went elsewhere."""
    for name in NAMES:
        shutil.copytree(SESSIONS / name, tmp_path / "disk D" / "วิดีโอ" / name)
    with create_study(tmp_path / "study", name="Siam") as study:
        for number, name in enumerate(NAMES, 1):
            import_path(
                study, tmp_path / "disk D" / "วิดีโอ" / name, participant_id=f"P0{number}", copy_video=False
            )
        assert study.missing_media() == ()
    shutil.move(tmp_path / "disk D", tmp_path / "disk E")
    return tmp_path / "study"


def test_those_that_are_missing_are_known(moved):
    with open_study(moved, read_only=True) as study:
        missing = study.missing_media()
    assert [(one.recording_id, one.position) for one in missing] == [("p01-1", 0), ("p02-1", 0)]
    assert {one.path.suffix for one in missing} == {".mp4"}


def test_pointing_at_a_folder_finds_all(moved):
    (moved.parent / "disk E" / "other.mp4").write_bytes(b"another")
    with open_study(moved) as study:
        found = find_moved(study.missing_media(), moved.parent / "disk E")
        assert len(found) == 2
        study.relink_media(found)
        assert study.missing_media() == ()
        assert all(study.media(name)[0].is_file() for name in ("p01-1", "p02-1"))
    assert is_sound(check_study(moved, full=True))


def test_pointing_at_one_finds_its_siblings(moved):
    one = next((moved.parent / "disk E" / "วิดีโอ" / NAMES[0]).glob("*.mp4"))
    with open_study(moved, read_only=True) as study:
        found = find_moved(study.missing_media(), one)
    assert sorted(found) == [("p01-1", 0), ("p02-1", 0)]


def test_one_that_was_renamed_is_found_and_another_of_its_name_is_not_taken(moved):
    folder = moved.parent / "disk E" / "วิดีโอ" / NAMES[0]
    video = next(folder.glob("*.mp4"))
    content = video.read_bytes()
    video.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # same name and length, other content
    (folder / "scene again.mp4").write_bytes(content)
    with open_study(moved) as study:
        found = find_moved(study.missing_media(), folder)
        assert [path.name for path in found.values()] == ["scene again.mp4"]
        with pytest.raises(StudyError, match="not the scene video"):
            study.relink_media({("p01-1", 0): folder / "gaze.csv"})
        assert len(study.missing_media()) == 2


def test_relinking_can_be_taken_back(moved):
    with open_study(moved) as study:
        before = study.missing_media()
        with study.recorded() as change:
            study.relink_media(find_moved(before, moved.parent / "disk E"))
        study.revert(change)
        assert study.missing_media() == before


def test_a_place_that_is_none_and_a_wish_to_stop(moved):
    class Stopping(type(SILENT)):
        @property
        def cancelled(self):
            return True

    with open_study(moved, read_only=True) as study:
        missing = study.missing_media()
    with pytest.raises(InputError, match="no such"):
        find_moved(missing, moved / "nowhere")
    with pytest.raises(Cancelled):
        find_moved(missing, moved.parent, progress=Stopping())


def test_the_command_lists_and_repairs(moved):
    runner = CliRunner()
    listed = runner.invoke(app, ["relink", str(moved), "--json"])
    assert listed.exit_code == 1
    assert [row["is"] for row in json.loads(listed.stdout)] == ["", ""]
    done = runner.invoke(app, ["relink", str(moved), str(moved.parent / "disk E")])
    assert done.exit_code == 0, done.output
    assert "all scene videos are in their places" in done.output
