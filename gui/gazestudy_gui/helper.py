"""A child process that computes for the views and keeps what it read between their questions.

Threads share the interpreter with the window: whatever computes in one takes turns with every click. So what
takes longer than a moment is asked of a child process, and the thread that asks only waits.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from gazestudy.errors import Cancelled, GazestudyError, StudyError
from gazestudy_gui.words import tr
from gazestudy_gui.worker import serve

_LOOK_S = 0.02
_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the helper.

    Attributes
    ----------
    function : str
        "module:name", called with the arguments.
    arguments : mapping
        Plain values, or what can be pickled.
    """

    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Helper:
    """One child process for one study; it starts with the first question. Questions wait for each other."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._owes_answer = False
        self._is_closed = False
        self._process: multiprocessing.process.BaseProcess | None = None
        self._line: Connection | None = None

    def answer(self, question: Question, *, given_up: Callable[[], bool] = lambda: False) -> Any:
        """Ask and wait for the answer; to be called in a thread.

        Parameters
        ----------
        question : Question
            What to compute.
        given_up : callable, optional
            True once nobody wants the answer any more.

        Raises
        ------
        Cancelled
            If nobody wants it any more.
        GazestudyError
            As the function raised it.
        RuntimeError
            If the function has a mistake or the process ended; a later question starts a new one.
        """
        while not self._turn.acquire(timeout=_LOOK_S):
            if self._is_over(given_up):
                raise Cancelled
        try:
            if self._is_over(given_up):
                raise Cancelled
            return self._asked(question, given_up)
        finally:
            self._turn.release()

    def drop(self) -> None:
        """End the process if it still computes what nobody wants; the next question starts another."""
        with self._turn:
            if self._owes_answer:
                self._end()

    def close(self) -> None:
        """End the process, whatever it does, and wait for that."""
        self._is_closed = True
        with self._turn:
            self._end()

    def _is_over(self, given_up: Callable[[], bool]) -> bool:
        return self._is_closed or given_up()

    def _asked(self, question: Question, given_up: Callable[[], bool]) -> Any:
        try:
            line = self._started()
            if self._owes_answer:  # to somebody who gave up
                self._received(line, given_up)
            line.send((question.function, dict(question.arguments)))
            self._owes_answer = True
            word, value = self._received(line, given_up)
        except (EOFError, OSError) as error:
            self._end()
            raise RuntimeError(tr("The process that computes ended by itself.")) from error
        if word == "done":
            return value
        if word == "stopped":
            raise Cancelled
        raise {"study": StudyError, "known": GazestudyError}.get(word, RuntimeError)(value)

    def _received(self, line: Connection, given_up: Callable[[], bool]) -> tuple[str, Any]:
        while not line.poll(_LOOK_S):
            if self._is_over(given_up):
                raise Cancelled
        word, value = line.recv()
        self._owes_answer = False
        return word, value

    def _started(self) -> Connection:
        if self._line is None:
            context = multiprocessing.get_context("spawn")
            self._line, other = context.Pipe()
            self._process = context.Process(target=serve, args=(other,), name="helper", daemon=True)
            self._process.start()
            other.close()  # so that the end of the process is the end of the line
        return self._line

    def _end(self) -> None:
        self._owes_answer = False
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is not None:
            self._process.terminate()
            self._process.join(_PATIENCE_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process.close()
            self._process = None
