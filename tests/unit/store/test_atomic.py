from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gazestudy.errors import StudyError
from gazestudy.store.atomic import (
    MARK,
    filled_folder,
    leftovers,
    publish,
    recording_of,
    sweep,
    temporary_name,
    write_bytes,
)


def test_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "ไฟล์.bin"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        pytest.param(errno.ENOSPC, "disk is full", id="full"),
        pytest.param(errno.EACCES, "permission denied", id="permission"),
        pytest.param(errno.EROFS, "read-only", id="read-only"),
        pytest.param(errno.EIO, os.strerror(errno.EIO), id="other"),
    ],
)
def test_failed_write_keeps_the_old_file_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")

    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StudyError, match=text) as caught:
        write_bytes(path, b"new")
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_failed_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), filled_folder(tmp_path / "result") as filled:
        (filled / "half").write_bytes(b"x")
        raise ValueError("stop")
    assert list(tmp_path.iterdir()) == []


def test_published_folder_stays_marked_until_it_is_recorded(tmp_path: Path) -> None:
    target = tmp_path / "place" / "result"
    with filled_folder(target) as filled:
        (filled / "file").write_bytes(b"x")
    assert not target.exists()
    publish(filled, target)
    assert (target / MARK).exists()
    with recording_of(target):
        pass
    assert [entry.name for entry in target.iterdir()] == ["file"]


def test_published_folder_goes_if_recording_fails(tmp_path: Path) -> None:
    target = tmp_path / "result"
    with filled_folder(target) as filled:
        pass
    publish(filled, target)
    with pytest.raises(ValueError, match="no"), recording_of(target):
        raise ValueError("no")
    assert list(tmp_path.iterdir()) == []


def test_sweep_follows_the_database_and_spares_files_of_others(tmp_path: Path) -> None:
    temporary_name(tmp_path / "file").write_bytes(b"")
    (tmp_path / (temporary_name(tmp_path / "study.sqlite").name + "-journal")).write_bytes(b"")
    (temporary_name(tmp_path / "folder") / "inner").mkdir(parents=True)
    for name in ("known", "unknown"):
        (tmp_path / name).mkdir()
        (tmp_path / name / MARK).touch()
        (tmp_path / name / "data").touch()
    (tmp_path / "notes.tmp").touch()
    (tmp_path / "free").mkdir()
    assert len(leftovers(tmp_path)) == 5
    assert sweep(tmp_path, {"known"}) == 5
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["free", "known", "notes.tmp"]
    assert [entry.name for entry in (tmp_path / "known").iterdir()] == ["data"]
