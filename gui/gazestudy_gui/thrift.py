"""Gives memory back after large tables were read, and keeps the search for garbage short.

A search through everything that lives takes a tenth of a second once the libraries are read, whichever thread
starts it, and nothing else runs meanwhile. Modules live as long as the program, so they are set aside.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Mapping

_ALL = 2
"""The oldest generation: a search in it goes through everything."""


def give_back() -> None:
    """Return what libraries keep for later; the tables of an hour leave more than a hundred MB behind."""
    if "pyarrow" in sys.modules:
        import pyarrow

        pyarrow.default_memory_pool().release_unused()
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        except (OSError, AttributeError):  # another C library
            return


class _Spare:
    """Called before each search; sets aside what lives when modules were read since the last time."""

    def __init__(self) -> None:
        self._modules = 0

    def __call__(self, phase: str, about: Mapping[str, int]) -> None:
        if phase == "start" and about["generation"] == _ALL and len(sys.modules) > self._modules:
            self.all()

    def all(self) -> None:
        """Set aside what lives now."""
        gc.freeze()
        self._modules = len(sys.modules)


_spare = _Spare()


def set_aside() -> None:
    """Search for garbage once, then spare what lives: now, and whenever modules were read since."""
    bring_back()
    gc.collect()
    _spare.all()
    gc.callbacks.append(_spare)


def bring_back() -> None:
    """End that: the next search goes through everything again, so that nothing is kept for ever."""
    if _spare in gc.callbacks:
        gc.callbacks.remove(_spare)
        gc.unfreeze()
