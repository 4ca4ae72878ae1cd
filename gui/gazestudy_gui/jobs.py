"""Long work in child processes: progress, log, cancel, and what became of it.

One job runs at a time, the others wait. A job is asked to stop first and ended five seconds later if it did
not.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from gazestudy_gui.words import tr
from gazestudy_gui.worker import work

_POLL_MS = 30
_PATIENCE_S = 5.0
_MESSAGES_A_TURN = 200

State = Literal["waiting", "running", "stopping", "done", "failed", "stopped"]
OVER: tuple[State, ...] = ("done", "failed", "stopped")


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to do.

    Attributes
    ----------
    title : str
        For people.
    function : str
        "module:name" of a function that takes the arguments and `progress`.
    arguments : mapping
        Plain values.
    """

    title: str
    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Job(QObject):
    """One piece of long work in a process of its own.

    Parameters
    ----------
    order : Order
        What to do.
    parent : QObject, optional
        Owner.
    """

    changed = pyqtSignal()
    said = pyqtSignal(str)
    over = pyqtSignal()

    def __init__(self, order: Order, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.order = order
        self.state: State = "waiting"
        self.label, self.total, self.count = "", None, 0
        self.log: list[str] = []
        self.result: Any = None
        self.error, self.details = "", ""
        self._deadline = 0.0
        self._process: multiprocessing.process.BaseProcess | None = None
        self._is_silent = False  # the pipe is closed, so the process is about to end
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    label: str
    total: int | None

    @property
    def is_over(self) -> bool:
        """True once nothing more will come."""
        return self.state in OVER

    def start(self) -> None:
        """Start the process."""
        context = multiprocessing.get_context("spawn")
        self._receiver, sender = context.Pipe(duplex=False)
        self._stop = context.Event()
        self._process = context.Process(
            target=work,
            args=(sender, self._stop, self.order.function, dict(self.order.arguments)),
            daemon=True,
        )
        self._process.start()
        sender.close()  # so that the end of the process is the end of the pipe
        self.state = "running"
        self._timer.start()
        self.changed.emit()

    def cancel(self) -> None:
        """Ask it to stop; a job that waits never starts."""
        if self.state == "waiting":
            self._finish("stopped")
        elif self.state == "running":
            self._stop.set()
            self._deadline = time.monotonic() + _PATIENCE_S
            self.state = "stopping"
            self.changed.emit()

    def close(self) -> None:
        """End it now and wait for that; for when the program ends."""
        if self._process is not None:
            self._stop.set()
            self._process.join(_PATIENCE_S)
            if self._process.is_alive():
                self._process.kill()
            self._process.join()
        if not self.is_over:
            self._finish("stopped")
        self._let_go()

    def _poll(self) -> None:
        if self.is_over or self._is_silent:
            self._look_for_end()
        else:
            self._hear()
        if self.state == "stopping" and time.monotonic() > self._deadline and self._process is not None:
            self._process.kill()

    def _hear(self) -> None:
        try:
            for _ in range(_MESSAGES_A_TURN):
                if not self._receiver.poll():
                    break
                self._take(self._receiver.recv())
                if self.is_over:
                    return
        except (EOFError, OSError):
            self._is_silent = True
            self._look_for_end()
            return
        self.changed.emit()

    def _take(self, message: tuple[Any, ...]) -> None:
        word = message[0]
        if word == "start":
            self.label, self.total, self.count = message[1], message[2], 0
        elif word == "at":
            self.count = message[1]
        elif word == "said":
            self.log.append(message[1])
            self.said.emit(message[1])
        elif word == "done":
            self.result = message[1]
            self._finish("done")
        elif word == "failed":
            self.error, self.details = message[1], message[2]
            self._finish("failed")
        elif word == "stopped":
            self._finish("stopped")

    def _look_for_end(self) -> None:
        """Let go of a process that has ended; waiting for that would keep the window from answering."""
        if self._process is None or self._process.exitcode is None:
            return
        if not self.is_over:
            self._ended(self._process.exitcode)
        self._let_go()

    def _ended(self, code: int) -> None:
        """Say how the process ended that closed its pipe without a last word."""
        if self.state == "stopping":
            self._finish("stopped")
            return
        self.error = tr(
            "The process ended by itself with code {code}. Finished steps are kept; start the job again.",
            code=code,
        )
        self._finish("failed")

    def _finish(self, state: State) -> None:
        """Say what became of it; the process may take a moment longer to end."""
        self.state = state
        if self.error:
            self.log.append(self.error)
        self.changed.emit()
        self.over.emit()

    def _let_go(self) -> None:
        self._timer.stop()
        if self._process is not None:
            self._receiver.close()
            self._process.join()
            self._process.close()
            self._process = None


class JobList(QObject):
    """The jobs of a study, in the order they were asked for."""

    added = pyqtSignal(object)
    over = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs: list[Job] = []

    def submit(self, order: Order) -> Job:
        """Run a job as soon as those before it are over."""
        job = Job(order, self)
        self.jobs.append(job)
        job.over.connect(lambda: self._on_over(job))
        self.added.emit(job)
        self._next()
        return job

    @property
    def running(self) -> Job | None:
        """The job that runs now."""
        return next((job for job in self.jobs if job.state in ("running", "stopping")), None)

    @property
    def is_busy(self) -> bool:
        """True while a job runs or waits."""
        return any(not job.is_over for job in self.jobs)

    def close(self) -> None:
        """End all jobs and wait for that."""
        for job in reversed(self.jobs):
            job.close()

    def _on_over(self, job: Job) -> None:
        self.over.emit(job)
        self._next()

    def _next(self) -> None:
        if self.running is None:
            waiting = next((job for job in self.jobs if job.state == "waiting"), None)
            if waiting is not None:
                waiting.start()
