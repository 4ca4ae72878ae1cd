"""Ctrl-C that is never lost.

Python raises KeyboardInterrupt wherever it happens to be. Inside a callback of a C library (a compiler's
cache, a finaliser) nobody can catch it: it is printed as ignored, and the work would go on. So it is noted as
well, and whoever reports progress sees the note.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

_asked = threading.Event()


def listen() -> None:
    """Note Ctrl-C from now on, besides raising KeyboardInterrupt."""
    signal.signal(signal.SIGINT, _note)
    sys.unraisablehook = _report


def asked() -> bool:
    """Return whether Ctrl-C was pressed."""
    return _asked.is_set()


def _note(number: int, frame: FrameType | None) -> None:
    _asked.set()
    raise KeyboardInterrupt


def _report(trouble: sys.UnraisableHookArgs) -> None:
    if not issubclass(trouble.exc_type, KeyboardInterrupt):  # that one is noted, and so not lost
        sys.__unraisablehook__(trouble)
