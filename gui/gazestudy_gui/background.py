"""Small work beside the window: one thread of its own, and of several wishes the newest one wins."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from gazestudy_gui.helper import Helper, Question
from gazestudy_gui.thrift import give_back

_TURN = threading.Lock()
_SWITCH_S = 0.0005
"""After so long a thread hands the interpreter over to the window, which needs it many times a paint."""


class Background(QObject):
    """Runs functions in one thread; a wish that was not begun is dropped when a newer one comes.

    Parameters
    ----------
    name : str
        Of the thread.
    parent : QObject, optional
        Owner. `close` must be called before it goes.
    in_turn : bool, optional
        Wait for others that do the same: two readers of large tables would take twice the memory.
    helper : Helper, optional
        Who answers questions; not needed where only functions are asked for.
    """

    done = pyqtSignal(int, object)
    """Number of the wish, and what came out."""
    failed = pyqtSignal(int, object)
    """Number of the wish, and the exception."""
    _arrived = pyqtSignal(bool, int, object)

    def __init__(
        self,
        name: str,
        parent: QObject | None = None,
        *,
        in_turn: bool = False,
        helper: Helper | None = None,
    ) -> None:
        super().__init__(parent)
        self._helper = helper
        self._turn: AbstractContextManager[object] = _TURN if in_turn else nullcontext()
        self._wake = threading.Condition()
        self._wish: tuple[int, Callable[[], Any] | Question] | None = None
        self._number = 0
        self._is_closing = self._is_at_work = False
        self._thread: threading.Thread | None = None
        self._name = name
        self._arrived.connect(self._deliver)

    def ask(self, work: Callable[[], Any] | Question) -> int:
        """Run a function in the thread as soon as it is free, or have the helper answer a question.

        Parameters
        ----------
        work : callable or Question
            What to do; its result comes with `done`. What a newer wish has overtaken is not waited for.

        Returns
        -------
        int
            Number of this wish.
        """
        with self._wake:
            if self._thread is None:
                sys.setswitchinterval(_SWITCH_S)
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._number += 1
            self._wish = (self._number, work)
            self._wake.notify()
            return self._number

    @property
    def newest(self) -> int:
        """Number of the newest wish."""
        return self._number

    @property
    def is_busy(self) -> bool:
        """True while a wish waits or runs."""
        return self._is_at_work or self._wish is not None

    def close(self) -> None:
        """End the thread and wait for that."""
        with self._wake:
            self._is_closing = True
            self._wish = None
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._wish is None and not self._is_closing:
                    self._wake.wait()
                if self._is_closing:
                    return
                assert self._wish is not None
                number, work = self._wish
                self._wish, self._is_at_work = None, True
            try:
                with self._turn:
                    result = self._answer(number, work) if isinstance(work, Question) else work()
            except Exception as error:  # it belongs to whoever asked
                self._arrived.emit(False, number, error)
            else:
                give_back()
                self._arrived.emit(True, number, result)
                del result
            self._is_at_work = False

    def _answer(self, number: int, question: Question) -> Any:
        assert self._helper is not None
        return self._helper.answer(question, given_up=lambda: self._is_closing or number != self._number)

    def _deliver(self, is_done: bool, number: int, value: object) -> None:
        """Tell it in the window's own thread, unless nobody is there any more."""
        if not self._is_closing:
            (self.done if is_done else self.failed).emit(number, value)
