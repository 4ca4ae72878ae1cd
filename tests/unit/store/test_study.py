from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from gazestudy.errors import (
    ParameterError,
    StudyError,
    StudyExistsError,
    StudyLockedError,
    StudyNotFoundError,
)
from gazestudy.store import Study, check_study, create_study, open_study


def test_new_study_is_a_folder_that_explains_itself(tmp_path: Path) -> None:
    with create_study(tmp_path / "a" / "สถานี", name="Étude ชานชาลา") as study:
        assert study.name == "Étude ชานชาลา"
        assert study.path == tmp_path / "a" / "สถานี"
    assert sorted(entry.name for entry in (tmp_path / "a" / "สถานี").iterdir()) == [
        "README.txt",
        "backups",
        "derived",
        "exports",
        "placements",
        "recordings",
        "study.sqlite",
    ]
    assert "study.sqlite" in (tmp_path / "a" / "สถานี" / "README.txt").read_text(encoding="utf-8")


def test_study_is_opened_by_folder_or_database_file(study: Study) -> None:
    study.close()
    for path in (study.path, study.path / "study.sqlite", str(study.path)):
        with open_study(path) as again:
            assert again.path == study.path


def test_nothing_is_made_over_something(tmp_path: Path, study: Study) -> None:
    with pytest.raises(StudyExistsError, match="there is a study already"):
        create_study(study.path, name="x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").touch()
    with pytest.raises(StudyExistsError, match="there is something already"):
        create_study(tmp_path / "full", name="x")
    with pytest.raises(StudyExistsError):
        create_study(tmp_path / "full" / "thesis.docx", name="x")
    assert [entry.name for entry in (tmp_path / "full").iterdir()] == ["thesis.docx"]


def test_making_that_was_interrupted_can_be_repeated(tmp_path: Path) -> None:
    with create_study(tmp_path / "s", name="x"):
        pass
    (tmp_path / "s" / "study.sqlite").rename(tmp_path / "s" / "study.sqlite.0123abcd.tmp")
    with create_study(tmp_path / "s", name="y") as study:
        assert study.name == "y"
    assert check_study(tmp_path / "s") == []


def test_bad_name_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ParameterError):
        create_study(tmp_path / "s", name="  ")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("make", [pytest.param(False, id="missing"), pytest.param(True, id="empty folder")])
def test_no_study_says_how_to_make_one(tmp_path: Path, make: bool) -> None:
    if make:
        (tmp_path / "x").mkdir()
    with pytest.raises(StudyNotFoundError, match="gazestudy new"):
        open_study(tmp_path / "x")
    assert not make or not any((tmp_path / "x").iterdir())


def test_one_writes_others_read(study: Study) -> None:
    with pytest.raises(StudyLockedError, match=f"process {os.getpid()}"):
        open_study(study.path)
    with open_study(study.path, read_only=True) as reader:
        study.add_participant("P01")
        assert [person.id for person in reader.participants()] == ["P01"]
        with pytest.raises(StudyError, match="read-only"):
            reader.add_participant("P02")
    study.close()
    assert not (study.path / "study.lock").exists()
    with pytest.raises(StudyError, match="read-only"):
        study.add_participant("P02")


def test_error_in_the_block_gives_the_lock_back(study: Study) -> None:
    study.close()
    with pytest.raises(ZeroDivisionError), open_study(study.path):
        _ = 1 / 0
    with open_study(study.path):
        pass


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")
def test_folder_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    root = Path(tempfile.mkdtemp(dir="/tmp"))  # others must be able to reach it; tmp_path is closed to them
    try:
        root.chmod(0o755)
        with create_study(root / "s", name="x") as study:
            study.add_participant("P01")
        for folder, _, files in os.walk(root):
            Path(folder).chmod(0o555)
            for name in files:
                (Path(folder) / name).chmod(0o444)
        script = (
            "import os, sys; from gazestudy.store import *; from gazestudy.errors import StudyError\n"
            "check_study(sys.argv[1]) # imports all that is needed\n"
            "if os.getuid() == 0: os.setegid(65534); os.seteuid(65534)  # root may write everywhere\n"
            "with open_study(sys.argv[1], read_only=True) as study: print(len(study.participants()))\n"
            "print(check_study(sys.argv[1]))\n"
            "try: open_study(sys.argv[1])\n"
            "except StudyError as error: print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(root / "s")], capture_output=True, text=True, check=False
        )
        assert done.stdout.splitlines()[:2] == ["1", "[]"], done.stderr
        assert "permission denied" in done.stdout.splitlines()[2]
        assert "open the study read-only" in done.stdout.splitlines()[2]
    finally:
        for folder, _, _ in os.walk(root):
            Path(folder).chmod(0o755)
        shutil.rmtree(root)


def test_study_moves_as_a_whole(tmp_path: Path, study: Study, picture, recording) -> None:
    study.add_placement("north", [picture(1)])
    kept = study.add_recording(recording(1), participant_id="P01")
    study.close()
    study.path.rename(tmp_path / "elsewhere")
    with open_study(tmp_path / "elsewhere") as moved:
        assert moved.media(kept.id)[0].is_relative_to(tmp_path / "elsewhere")
        assert moved.placement_image(moved.placements()[0].creatives[0]).shape == (300, 400, 3)
        assert len(moved.stream(kept.id, "gaze")) == 50
    assert check_study(tmp_path / "elsewhere", full=True) == []


def test_no_stored_path_depends_on_the_system(study: Study, picture, recording) -> None:
    study.add_placement("north", [picture(1)])
    kept = study.add_recording(recording(1), participant_id="P01")
    study.write_derived(kept.id, "events.ivt", "ab12", {}, provenance={})
    with closing(sqlite3.connect(study.path / "study.sqlite")) as connection:
        query = (
            "SELECT path FROM stream UNION ALL SELECT path FROM media UNION ALL SELECT path FROM derived"
            " UNION ALL SELECT image FROM creative"
        )
        paths = [row[0] for row in connection.execute(query)]
    assert len(paths) == 6
    for path in paths:
        assert re.fullmatch(r"[a-z0-9._/-]+", path)
        assert (study.path / path).exists()


def test_what_is_not_there_is_told_with_what_is_and_long_lists_are_cut(study: Study) -> None:
    with pytest.raises(StudyError, match=r"no coding 'x'; the study has none yet$"):
        study.remove_coding("x")
    there = len(study.code_book())
    for number in range(20 - there + 3):
        study.add_code(f"code {number}", code_id=f"c{number}")
    with pytest.raises(StudyError, match=r"no code 'x'; the study has \w+, .*, c\d+ and 3 more$"):
        study.remove_code("x")
    with pytest.raises(StudyError, match=r"no answer 7; the study has none yet$"):
        study.remove_answers([7])
