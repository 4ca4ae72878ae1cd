"""The desktop: start, opening, timeline, stepping, seeking, stalls of the window, memory.

    QT_QPA_PLATFORM=offscreen python tests/benchmarks/bench_gui.py [FOLDER] [--only PART,...] [--where]

Prints each figure beside what is promised; exit code 1 where one falls short. The studies are made in FOLDER
and used again; that takes some minutes the first time. Parts: start, opening, timeline, memory, steps, mapping,
helper, hundred, hour. `--where` prints what the threads were at whenever the window did not answer.

CPU time is that of the process with all its threads; of stalls the first figure leaves out what the thread
waited for a core, which is the load of the machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QEvent, QObject, QTimer

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "gui")]

_START = """
import time
began = time.time()
from PyQt6.QtCore import QSettings
QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, {settings!r})
from PyQt6.QtWidgets import QApplication
from gazestudy_gui.app import Desk, prepare
application = QApplication([])
prepare(application)
desk = Desk(application)
window = desk.open(__import__("pathlib").Path({study!r})) if {study!r} else desk.show_start()
while not window.isVisible():
    application.processEvents()
for _ in range(10):
    application.processEvents()
window.grab()
print(time.process_time(), time.time() - began)
desk.close()
"""


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QObject) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:
        """Count."""
        if event is not None and event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        self.count += 1


Cost = tuple[float, float]
"""CPU time of all threads and time by the clock, s."""


class Report:
    """Figures beside what is promised."""

    def __init__(self) -> None:
        self.short = 0

    def say(self, name: str, value: float, unit: str, promised: float) -> None:
        """Print one figure."""
        ok = value <= promised
        self.short += not ok
        mark = "" if ok else "   <-- falls short"
        print(f"{name:<58} {value:8.1f} {unit:<3} (promised: under {promised:g}){mark}", flush=True)

    def must(self, name: str, ok: bool) -> None:
        """Print what must be so for the other figures to count."""
        self.short += not ok
        print(f"{name:<58} {'yes' if ok else 'no   <-- falls short'}", flush=True)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--only", default="")
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--memory", action="store_true", help="used by itself")
    given = parser.parse_args()
    if given.memory:
        hold_an_hour(given.folder)
        return
    from tests.benchmarks.gui_stalls import Watch

    Watch.says_where = given.where
    with tempfile.TemporaryDirectory(prefix="gazestudy-bench-") as temporary:
        folder = given.folder or Path(temporary)
        make(folder)
        sys.exit(1 if measure(folder, set(filter(None, given.only.split(",")))) else 0)


def make(folder: Path) -> None:
    """Make the studies that are not there from before."""
    from tests.benchmarks import gui_study

    folder.mkdir(parents=True, exist_ok=True)
    clip, hour = folder / "clip.mp4", folder / "hour.mp4"
    if not hour.exists():
        gui_study.write_clip(clip, seconds=60, width=1920, height=1080)
        gui_study.repeat_clip(clip, hour, 60)
    for name, make_one in (
        ("sample", gui_study.make_sample),
        ("hundred", lambda at: gui_study.make_hundred(folder / "sample", at)),
        ("hour", lambda at: gui_study.make_hour(folder / "sample", at, hour)),
    ):
        if not (folder / name / "study.sqlite").exists():
            make_one(folder / name)


def measure(folder: Path, only: set[str]) -> int:
    """Measure, and return how many figures fall short; `only` names parts, empty for all."""
    from PyQt6.QtCore import QSettings, qInstallMessageHandler
    from PyQt6.QtWidgets import QApplication

    from tests.benchmarks import bench_gui_stalls

    report = Report()
    say_load()
    qInstallMessageHandler(lambda _kind, _where, _text: None)  # what "offscreen" cannot do
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder / "settings"))
    application = QApplication([])
    application.setStyle("Fusion")
    parts: dict[str, Callable[[], None]] = {
        "start": lambda: starting(folder, report),
        "opening": lambda: opening(application, folder / "hundred", report),
        "timeline": lambda: hour_long(application, folder / "hour", report),
        "memory": lambda: remember(folder, report),
        "steps": lambda: stepping(application, folder / "hour.mp4", report),
        "mapping": lambda: stall(application, folder, report),
        "helper": lambda: bench_gui_stalls.helper(application, report),
        "hundred": lambda: bench_gui_stalls.hundred(application, folder / "hundred", report),
        "hour": lambda: bench_gui_stalls.hour(application, folder / "hour", report),
    }
    for name, does in parts.items():
        if not only or name in only:
            does()
    say_load()
    return report.short


def starting(folder: Path, report: Report) -> None:
    """Measure the start of the program."""
    cpu, wall = started(folder, "")
    report.say(f"start to usable start window, CPU (wall {wall:.1f} s)", cpu, "s", 2.0)
    cpu, wall = started(folder, str(folder / "hundred"))
    report.say(f"start with a study of 100 recordings, CPU (wall {wall:.1f} s)", cpu, "s", 3.0)


def started(folder: Path, study: str) -> tuple[float, float]:
    """Return CPU and wall time from nothing to a painted window, the best of three."""
    code = _START.format(settings=str(folder / "settings"), study=study)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'gui'}"}
    best = (1e9, 1e9)
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        cpu, wall = map(float, done.stdout.split())
        best = min(best, (cpu, wall))
    return best


def opening(application: object, study: Path, report: Report) -> None:
    """Measure opening a study in a program that runs."""
    from gazestudy_gui.app import Desk

    desk = Desk(application)  # type: ignore[arg-type]
    desk.open(study)
    desk.close()
    best = 1e9
    for _ in range(3):
        began = time.process_time()
        window = desk.open(study)
        assert window is not None
        spin(application, 0.0)
        window.grab()
        best = min(best, time.process_time() - began)
        desk.close()
        spin(application, 0.1)
    report.say("opening a study of 100 recordings, CPU", best, "s", 1.0)


def hour_long(application: object, study: Path, report: Report) -> None:
    """Measure the timeline of an hour."""
    from gazestudy_gui.app import Desk

    from tests.benchmarks.gui_stalls import HOUR

    desk = Desk(application)  # type: ignore[arg-type]
    window = desk.open(study)
    assert window is not None
    window.resize(1500, 1000)
    player, timeline = window.view("player"), window.view("timeline")
    began = time.perf_counter()
    window.view("tree").select("recording", HOUR)  # type: ignore[attr-defined]
    until(application, lambda: timeline.timeline is not None and not player.video.image.isNull())  # type: ignore[attr-defined]
    print(f"{'an hour is on show after':<58} {time.perf_counter() - began:8.1f} s")
    paints = Paints(timeline.canvas.viewport())  # type: ignore[attr-defined]

    def frame(left: float, right: float) -> float:
        """Return what a frame costs: from the wish to what is painted, once."""
        began, before = time.process_time(), paints.count
        timeline.set_range(left, right)  # type: ignore[attr-defined]
        until(application, lambda: paints.count > before)
        return time.process_time() - began

    for name, width in (("the whole hour", 3600.0), ("ten minutes", 600.0), ("a minute", 60.0)):
        times = []
        for step in range(60):
            left = (3600 - width) * step / 60 if width < 3600 else (step + 1) * 0.5
            times.append(frame(left, left + width))
        report.say(f"timeline of 60 min, 8 rows: pan over {name}, 95th pct, CPU", pct(times), "ms", 33.0)
    times = []
    for step in range(60):
        width = 3600 * 0.9**step
        times.append(frame(1800 - width / 2, 1800 + width / 2))
    report.say("timeline of 60 min, 8 rows: zoom, 95th pct, CPU", pct(times), "ms", 33.0)
    desk.close()
    spin(application, 0.2)


def remember(folder: Path, report: Report) -> None:
    """Measure the memory of a program that has an hour open, its video and its timeline on show."""
    words = [sys.executable, str(Path(__file__)), str(folder), "--memory"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    report.say(
        "memory, 60 minutes at 1080p open, 200 pictures shown", float(done.stdout.split()[-1]), "MB", 600.0
    )


def hold_an_hour(folder: Path) -> None:
    """Open an hour, show pictures, print the memory; in a process of its own."""
    from gazestudy_gui.app import Desk
    from PyQt6.QtCore import QSettings
    from PyQt6.QtWidgets import QApplication

    from tests.benchmarks.gui_stalls import HOUR, resident_mb

    own = tempfile.mkdtemp(prefix="gazestudy-bench-")  # the docks that are there at first
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, own)
    application = QApplication([])
    desk = Desk(application)
    window = desk.open(folder / "hour")
    assert window is not None
    window.resize(1500, 1000)
    player, timeline = window.view("player"), window.view("timeline")
    window.view("tree").select("recording", HOUR)  # type: ignore[attr-defined]
    until(application, lambda: timeline.timeline is not None and not player.video.image.isNull())  # type: ignore[attr-defined]
    for row in range(1000, 1200):
        player.go_to_row(row)  # type: ignore[attr-defined]
        until(application, lambda row=row: player.row == row)  # type: ignore[attr-defined,misc]
    print(resident_mb())
    desk.close()


def stepping(application: object, video: Path, report: Report) -> None:
    """Measure single steps on and back, and random seeks."""
    from gazestudy_gui.video import FrameSource

    from gazestudy.importers import SceneVideo

    scene = SceneVideo([video])
    source = FrameSource(scene)
    got: list[int] = []
    source.ready.connect(lambda number, _image: got.append(number))

    def fetch(number: int) -> Cost:
        got.clear()
        began = time.process_time(), time.perf_counter()
        source.ask(number)
        until(application, lambda: got == [number])
        return time.process_time() - began[0], time.perf_counter() - began[1]

    fetch(5000)
    on = [paced(application, fetch, 5000 + step) for step in range(1, 150)]
    back = [paced(application, fetch, 5150 - step) for step in range(1, 150)]
    rng = np.random.default_rng(1)
    seeks = [fetch(int(number)) for number in rng.integers(0, len(scene), 40)]
    for name, costs, promised_ms in (
        ("single-frame step on", on, 50.0),
        ("single-frame step back", back, 50.0),
        ("random seek", seeks, 300.0),
    ):
        cpu, wall = (pct(list(column)) for column in zip(*costs, strict=True))
        # without other work it takes no longer than all threads together, nor than it took beside that work
        what = f"{name} at 1080p, 95th pct (wall {wall:.0f}, CPU {cpu:.0f})"
        report.say(what, min(cpu, wall), "ms", promised_ms)
    source.close()


def stall(application: object, folder: Path, report: Report) -> None:
    """Measure the longest time the window does not answer while a mapping job runs and the video plays."""
    import shutil

    from gazestudy_gui.app import Desk

    from gazestudy.pipeline.demo import load_sessions
    from gazestudy.store import create_study
    from tests.benchmarks.gui_stalls import Watch

    study = folder / "mapping"
    shutil.rmtree(study, ignore_errors=True)
    with create_study(study, name="x") as made:
        load_sessions(made, ROOT / "sample_sessions")
    desk = Desk(application)  # type: ignore[arg-type]
    window = desk.open(study)
    assert window is not None
    window.view("tree").select("recording", "p01-1")  # type: ignore[attr-defined]
    player = window.view("player")
    until(application, lambda: not player.video.image.isNull())  # type: ignore[attr-defined]
    player.play()  # type: ignore[attr-defined]
    with Watch() as watch:
        window.run_everything()
        job = window.document.jobs.jobs[0]
        began = time.perf_counter()
        until(application, lambda: job.is_over or time.perf_counter() - began > 40, 600)
    print(f"{'mapping job beside a playing video':<58} {job.state} {job.error}")
    watch.report("mapping job, video plays", report)
    job.cancel()
    until(application, lambda: job.is_over)
    desk.close()
    spin(application, 0.2)


def say_load() -> None:
    """Print how busy the machine is with other work: figures by the wall clock are worse then."""
    if hasattr(os, "getloadavg"):
        print(f"{'load of the machine, one minute':<58} {os.getloadavg()[0]:8.1f}")


def paced(application: object, fetch: Callable[[int], Cost], number: int) -> Cost:
    """Fetch at the pace of a key that is held down: 25 a second."""
    spent = fetch(number)
    spin(application, max(0.0, 0.04 - spent[1]))
    return spent


def spin(application: object, seconds: float) -> None:
    """Let the program run for a while."""
    until_s = time.perf_counter() + seconds
    while True:
        application.processEvents()  # type: ignore[attr-defined]
        if time.perf_counter() >= until_s:
            return
        time.sleep(0.001)


def until(application: object, done: Callable[[], bool], seconds: float = 600.0) -> None:
    """Let the program run until something is so."""
    end = time.perf_counter() + seconds
    while not done():
        application.processEvents()  # type: ignore[attr-defined]
        if time.perf_counter() > end:
            raise TimeoutError
        time.sleep(0.0005)


def pct(times_s: list[float]) -> float:
    """Return the 95th percentile in ms."""
    return float(np.percentile(times_s, 95)) * 1000


if __name__ == "__main__":
    main()
