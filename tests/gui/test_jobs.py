"""Jobs run in processes of their own, tell how far they are, and can be stopped."""

from __future__ import annotations

import multiprocessing.util
import os
import signal
import time
from pathlib import Path

import pytest
from gazestudy_gui.job_dock import JobDock
from gazestudy_gui.jobs import Job, JobList, Order

from gazestudy.errors import Cancelled, StudyDamagedError
from gazestudy.progress import raise_if_cancelled

HERE = "tests.gui.test_jobs"


def count(total, *, progress):
    progress.start("counting", total)
    for number in range(total):
        raise_if_cancelled(progress)
        progress.advance()
        progress.say(f"line {number}")
    return {"pid": os.getpid(), "total": total}


def endless(*, progress):
    progress.start("waiting", None)
    while not progress.cancelled:
        time.sleep(0.005)
    raise Cancelled


def stubborn(*, progress):
    progress.start("not listening", None)
    time.sleep(60)


def lingering(*, progress):
    """Come to its end, and let the process live on until somebody makes a file."""

    def linger():
        while not Path(os.environ["GAZESTUDY_LINGER"]).exists():
            time.sleep(0.005)

    multiprocessing.util.Finalize(None, linger, exitpriority=100)
    return {"pid": os.getpid()}


def broken(*, progress):
    raise ZeroDivisionError("ลบ by nought")


def unlucky(*, progress):
    raise StudyDamagedError("study.sqlite: it is damaged. Put a copy in its place")


@pytest.fixture
def run(qtbot):
    jobs = []

    def start(name: str, **arguments) -> Job:
        job = Job(Order(name, f"{HERE}:{name}", arguments))
        jobs.append(job)
        return job

    yield start
    for job in jobs:
        job.close()


def finish(qtbot, job, timeout=20_000):
    with qtbot.waitSignal(job.over, timeout=timeout):
        if job.state == "waiting":
            job.start()


def test_a_job_runs_elsewhere_and_brings_its_result(run, qtbot):
    job = run("count", total=5)
    finish(qtbot, job)
    assert job.state == "done"
    assert job.result["total"] == 5
    assert job.result["pid"] != os.getpid()
    assert job.log == [f"line {number}" for number in range(5)]


def test_the_window_does_not_wait_for_the_end_of_a_process(run, qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("GAZESTUDY_LINGER", str(tmp_path / "end"))
    job = run("lingering")
    finish(qtbot, job)
    assert job.state == "done"
    assert job._process.is_alive()  # and yet everybody knows what came out
    (tmp_path / "end").touch()
    qtbot.waitUntil(lambda: job._process is None)


def test_a_job_that_listens_stops_by_itself(run, qtbot, monkeypatch):
    monkeypatch.setattr("gazestudy_gui.jobs._PATIENCE_S", 3600)  # nobody ends it
    job = run("endless")
    job.start()
    qtbot.waitUntil(lambda: job.label == "waiting", timeout=20_000)
    with qtbot.waitSignal(job.over, timeout=60_000):
        job.cancel()
    assert job.state == "stopped"


def test_a_job_that_does_not_listen_is_ended(run, qtbot, monkeypatch):
    monkeypatch.setattr("gazestudy_gui.jobs._PATIENCE_S", 0.3)
    job = run("stubborn")
    job.start()
    qtbot.waitUntil(lambda: job.label == "not listening", timeout=20_000)
    with qtbot.waitSignal(job.over, timeout=10_000):
        job.cancel()
    assert job.state == "stopped"


def test_a_mistake_arrives_with_its_trace(run, qtbot):
    job = run("broken")
    finish(qtbot, job)
    assert job.state == "failed"
    assert "ลบ by nought" in job.error
    assert "ZeroDivisionError" in job.details


def test_an_error_for_people_arrives_in_plain_words(run, qtbot):
    job = run("unlucky")
    finish(qtbot, job)
    assert job.error.startswith("study.sqlite: it is damaged")
    assert job.details == ""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_process_is_told(run, qtbot):
    job = run("endless")
    job.start()
    qtbot.waitUntil(lambda: job.label == "waiting", timeout=20_000)
    with qtbot.waitSignal(job.over, timeout=5_000):
        os.kill(job._process.pid, signal.SIGKILL)
    assert job.state == "failed"
    assert "-9" in job.error


def test_one_at_a_time_in_order(qtbot):
    jobs = JobList()
    first = jobs.submit(Order("a", f"{HERE}:count", {"total": 2}))
    second = jobs.submit(Order("b", f"{HERE}:count", {"total": 2}))
    third = jobs.submit(Order("c", f"{HERE}:endless"))
    assert [job.state for job in jobs.jobs] == ["running", "waiting", "waiting"]
    third.cancel()
    qtbot.waitUntil(lambda: not jobs.is_busy, timeout=30_000)
    assert [first.state, second.state, third.state] == ["done", "done", "stopped"]
    assert first.result["pid"] != second.result["pid"]
    jobs.close()  # a process may take a moment to end after its last word


def test_closing_ends_what_runs(qtbot):
    jobs = JobList()
    running = jobs.submit(Order("a", f"{HERE}:endless"))
    waiting = jobs.submit(Order("b", f"{HERE}:endless"))
    qtbot.waitUntil(lambda: running.label == "waiting", timeout=20_000)
    jobs.close()
    assert [running.state, waiting.state] == ["stopped", "stopped"]


def test_the_dock_shows_it_and_stops_it(document, qtbot):
    dock = JobDock(document)
    qtbot.addWidget(dock)
    job = document.submit(Order("Counting ดู", f"{HERE}:count", {"total": 3}))
    qtbot.waitUntil(lambda: job.is_over, timeout=20_000)
    assert "Counting ดู" in dock.list.item(0).text()
    assert "done" in dock.list.item(0).text()
    assert "line 2" in dock.log.toPlainText()
    other = document.submit(Order("Endless", f"{HERE}:endless"))
    qtbot.waitUntil(lambda: other.label == "waiting", timeout=20_000)
    assert dock.cancel.isEnabled()
    dock.cancel.click()
    qtbot.waitUntil(lambda: other.is_over, timeout=5_000)
    assert "stopped" in dock.list.item(1).text()


def test_a_job_writes_to_the_study_that_is_open(document, qtbot):
    job = document.submit(
        Order("run", "gazestudy_gui.tasks:run_recordings", document.writing()), changes=("results",)
    )
    changed = []
    document.changed.connect(changed.append)
    qtbot.waitUntil(lambda: job.is_over, timeout=90_000)
    assert job.state == "done", job.error + job.details
    assert job.result["made"] == 3
    assert changed == ["results"]
    assert document.study.current("p01-1", "attention") is not None
