from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from gazestudy.errors import StudyLockedError
from gazestudy.store import lock as lock_module
from gazestudy.store.lock import LOCK_NAME, LockHolder, StudyLock, process_start, read_holder


def held_by(**changes: object) -> LockHolder:
    mine = LockHolder(
        socket.gethostname(), "พิม", os.getpid(), process_start(os.getpid()), "2022-11-22T08:00:00+00:00", "t"
    )
    return replace(mine, **changes)  # type: ignore[arg-type]


def write(root: Path, holder: LockHolder) -> None:
    (root / LOCK_NAME).write_text(json.dumps(asdict(holder)), encoding="utf-8")


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_second_is_told_who_has_it(tmp_path: Path) -> None:
    first = StudyLock(tmp_path)
    first.acquire()
    with pytest.raises(StudyLockedError) as caught:
        StudyLock(tmp_path).acquire()
    assert f"process {os.getpid()}" in str(caught.value)
    assert socket.gethostname() in str(caught.value)
    first.release()
    StudyLock(tmp_path).acquire()


def test_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    write(tmp_path, held_by(process_id=dead_process()))
    StudyLock(tmp_path).acquire()
    holder = read_holder(tmp_path / LOCK_NAME)
    assert holder is not None
    assert holder.process_id == os.getpid()
    assert [entry.name for entry in tmp_path.iterdir()] == [LOCK_NAME]


@pytest.mark.skipif(not process_start(os.getpid()), reason="this system does not tell when a process started")
def test_process_number_used_again_is_no_living_owner(tmp_path: Path) -> None:
    write(tmp_path, held_by(process_start="another boot 12345"))
    StudyLock(tmp_path).acquire()


def test_living_process_keeps_its_lock(tmp_path: Path) -> None:
    write(tmp_path, held_by())
    with pytest.raises(StudyLockedError, match="พิม"):
        StudyLock(tmp_path).acquire()


def test_other_computer_keeps_its_lock_and_advice_is_given(tmp_path: Path) -> None:
    write(tmp_path, held_by(host="lab-pc-7", process_id=dead_process()))
    with pytest.raises(StudyLockedError, match=r"lab-pc-7.*delete study\.lock"):
        StudyLock(tmp_path).acquire()


@pytest.mark.parametrize(
    "content", [pytest.param("", id="empty"), pytest.param("{", id="cut"), pytest.param("[1]", id="other")]
)
def test_unreadable_lock_is_taken_over_after_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(lock_module, "_UNREADABLE_WAIT_S", 0.05)
    (tmp_path / LOCK_NAME).write_text(content, encoding="utf-8")
    StudyLock(tmp_path).acquire()


def test_release_leaves_the_lock_of_another(tmp_path: Path) -> None:
    lock = StudyLock(tmp_path)
    lock.acquire()
    write(tmp_path, held_by(token="other"))
    lock.release()
    assert (tmp_path / LOCK_NAME).exists()


def test_of_many_that_find_a_stale_lock_one_gets_it(tmp_path: Path) -> None:
    stale = held_by(process_id=dead_process())
    for _ in range(20):
        write(tmp_path, stale)
        won: list[int] = []
        start = threading.Barrier(4)

        def compete(number: int, start: threading.Barrier = start, won: list[int] = won) -> None:
            start.wait()
            try:
                StudyLock(tmp_path).acquire()
            except StudyLockedError:
                return
            won.append(number)

        threads = [threading.Thread(target=compete, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
