"""What a test may leave behind: windows, timers, threads and processes."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import time
from multiprocessing import resource_tracker
from pathlib import Path

from PyQt6 import sip
from PyQt6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool, QTimer
from PyQt6.QtWidgets import QApplication

GRACE_S = 20.0
"""Something that was told to end may take this long."""


def settle() -> None:
    """Let everything go that waits for its turn to go."""
    for _ in range(5):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
    gc.collect()


def running(threads_before: set[threading.Thread], children_before: set[int]) -> dict[str, list[str]]:
    """Return what runs or is on show that did not before, by kind; kinds of which there is nothing are out."""
    found = {
        "windows": [f"{type(one).__name__} {one.objectName()}" for one in _windows()],
        "timers": [f"{type(one.parent()).__name__}, every {one.interval()} ms" for one in _timers()],
        "threads": [one.name for one in _threads(threads_before)],
        "Qt threads": _qt_threads(),
        "processes": _processes(children_before),
    }
    return {kind: ones for kind, ones in found.items() if ones}


def left_behind(threads_before: set[threading.Thread], children_before: set[int]) -> dict[str, list[str]]:
    """Return what is still there after a little patience."""
    end = time.monotonic() + GRACE_S
    settle()
    while (found := running(threads_before, children_before)) and time.monotonic() < end:
        if set(found) <= {"windows", "timers"}:  # these do not end by themselves
            break
        time.sleep(0.02)
        settle()
    return found


def children() -> set[int]:
    """Return the processes that this one started and that run still, where the system says so."""
    mine, found = os.getpid(), set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")
        except OSError:  # it ended just now
            continue
        state, parent = rest.split()[:2]
        if int(parent) == mine and state != "Z":
            found.add(int(name.split()[0]))
    return found


def _windows() -> list[object]:
    return [window for window in QApplication.topLevelWidgets() if window.isVisible()]


def _timers() -> list[QTimer]:
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, QTimer) and not sip.isdeleted(one) and one.isActive()
    ]


def _threads(before: set[threading.Thread]) -> list[threading.Thread]:
    # what Qt starts is only known to Python as a dummy, which stays when the thread is over
    return [
        one
        for one in threading.enumerate()
        if one not in before and not isinstance(one, threading._DummyThread)
    ]


def _qt_threads() -> list[str]:
    own = [
        type(one).__name__
        for one in gc.get_objects()
        if isinstance(one, QThread) and not sip.isdeleted(one) and one.isRunning()
        if one is not QThread.currentThread()
    ]
    pool = QThreadPool.globalInstance()
    return own + ["in the pool"] * (pool.activeThreadCount() if pool is not None else 0)


def _processes(before: set[int]) -> list[str]:
    known = {one.pid: one.name for one in multiprocessing.active_children()}
    tracker = resource_tracker._resource_tracker._pid  # of Python itself; lives as long as it does
    found = set(known) | (children() - before - {tracker})
    return [known.get(pid, str(pid)) for pid in sorted(found)]
