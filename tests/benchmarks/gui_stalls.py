"""The longest time that a window does not answer, whatever it is doing."""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from PyQt6.QtCore import QTimer

if TYPE_CHECKING:
    from tests.benchmarks.bench_gui import Report

_TICK_MS = 5
_LATE_S = 0.06
PROMISED_MS = 100.0
HOUR = "p99-1"
"""The recording of an hour; here, so that who measures memory need not import what makes it."""


class Watch:
    """Ticks in the thread of the window and notes each time it was late.

    Attributes
    ----------
    rows : list of (float, float, float)
        Time, CPU time of this thread, and time it waited for a core, s, at each tick.

    Notes
    -----
    With `says_where` every stall of more than 60 ms is printed with what the threads were at: by a watchdog that
    needs no turn of the interpreter, so it sees also who keeps the interpreter for itself.
    """

    says_where = False

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+") if self.says_where else None  # noqa: SIM115
        self.rows: list[tuple[float, float, float]] = []
        self._timer = QTimer()
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.tick)

    def __enter__(self) -> Self:
        self.tick()
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.stop()
        self.tick()
        if self._file is not None:
            faulthandler.cancel_dump_traceback_later()
            self._file.seek(0)
            print(self._file.read(), end="")
            self._file.close()

    def tick(self) -> None:
        """Note the times."""
        self.rows.append((time.perf_counter(), time.thread_time(), waited_s()))
        if self._file is not None:
            faulthandler.dump_traceback_later(_LATE_S, file=self._file)

    def longest_ms(self) -> tuple[float, float, float]:
        """Return the longest time without a tick: by the wall clock, without waiting for a core, in CPU."""
        gaps = np.diff(np.array(self.rows), axis=0) * 1000
        wall, cpu, waited = gaps.T
        return float(wall.max()), float((wall - waited).max()), float(cpu.max())

    def report(self, name: str, report: Report, promised_ms: float = PROMISED_MS) -> None:
        """Print the longest stall; what the thread waited for a core is the load of the machine, not ours."""
        wall, own, cpu = self.longest_ms()
        report.say(f"stall: {name} (wall {wall:.0f}, CPU {cpu:.0f})", own, "ms", promised_ms)


def waited_s() -> float:
    """Return how long this thread has waited for a core while it had work; 0 where the system does not say."""
    try:
        words = Path(f"/proc/self/task/{os.getpid()}/schedstat").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    return int(words[1]) / 1e9


def resident_mb() -> float:
    """Return the memory this process holds now, MB; NaN where the system does not say."""
    if sys.platform.startswith("linux"):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * 4096 / 1e6
    return float("nan")
