"""The child process in which long work runs. Nothing of Qt is imported here.

Messages to the window are tuples of a word and plain values:
("start", label, total), ("at", count), ("said", text), ("done", result), ("failed", text, details),
("stopped",).
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

from gazestudy.errors import Cancelled, GazestudyError, StudyError
from gazestudy_gui.thrift import give_back

_SELDOM_S = 0.04
"""Between two messages about progress; more would keep the window busy."""


class WorkerProgress:
    """Tells the window how far the work is, and the work when the window wants it to stop.

    Parameters
    ----------
    connection : Connection
        To the window.
    stop : Event
        Set by the window.
    """

    def __init__(self, connection: Connection, stop: Event) -> None:
        self._connection, self._stop = connection, stop
        self._count, self._told = 0, 0.0

    def start(self, label: str, total: int | None) -> None:
        """Begin a piece of work."""
        self._count = 0
        self._connection.send(("start", label, total))

    def advance(self, count: int = 1) -> None:
        """Report finished units; told to the window now and then."""
        self._count += count
        now = time.monotonic()
        if now - self._told > _SELDOM_S:
            self._told = now
            self._connection.send(("at", self._count))

    def say(self, text: str) -> None:
        """Write a line into the log of the job."""
        self._connection.send(("said", text))

    @property
    def cancelled(self) -> bool:
        """True once the person asked to stop."""
        return self._stop.is_set()


def work(connection: Connection, stop: Event, function: str, arguments: Mapping[str, Any]) -> None:
    """Run a function by name and report how it went; the target of the process.

    Parameters
    ----------
    connection : Connection
        To the window.
    stop : Event
        Asks to stop.
    function : str
        "module:name", called with the arguments and `progress`.
    arguments : mapping
        Plain values.
    """
    _behave()
    progress = WorkerProgress(connection, stop)
    try:
        module, _, name = function.partition(":")
        result = getattr(importlib.import_module(module), name)(**arguments, progress=progress)
        connection.send(("done", result))
    except Cancelled:
        connection.send(("stopped",))
    except (BrokenPipeError, EOFError):
        return  # the window is gone
    except GazestudyError as error:
        connection.send(("failed", str(error), ""))
    except BaseException as error:  # whatever it was, the window is to show it
        connection.send(("failed", f"{type(error).__name__}: {error}", traceback.format_exc()))
    finally:
        connection.close()


def serve(line: Connection) -> None:
    """Answer questions one after the other until the window is gone; the target of the helper's process.

    Parameters
    ----------
    line : Connection
        Brings "module:name" and arguments; takes a word and what came out: "done" with a result; "stopped",
        "study", "known" or "mistake" with a text.
    """
    _stay_with_parent()
    while True:
        try:
            function, arguments = line.recv()
        except (EOFError, OSError):
            return
        try:
            module, _, name = function.partition(":")
            word, value = "done", getattr(importlib.import_module(module), name)(**arguments)
        except Cancelled as error:
            word, value = "stopped", str(error)
        except StudyError as error:
            word, value = "study", str(error)
        except GazestudyError as error:
            word, value = "known", str(error)
        except Exception as error:  # whatever it was, the window is to show it
            word, value = "mistake", f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        try:
            line.send((word, value))
        except OSError:
            return
        except Exception as error:  # it cannot be sent
            line.send(("mistake", f"{function}: {type(error).__name__}: {error}"))
        word, value, arguments = "", None, {}
        give_back()


def _stay_with_parent() -> None:
    """Ignore Ctrl-C, and end when the window is gone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _behave() -> None:
    """Leave the window room to work, ignore Ctrl-C, and end when the window is gone."""
    _stay_with_parent()
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(5)
    from gazestudy._cv2 import cv2

    cv2.setNumThreads(max(1, (os.cpu_count() or 2) - 1))


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
