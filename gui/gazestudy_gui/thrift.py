"""Gives memory back to the system after large tables were read."""

from __future__ import annotations

import ctypes
import sys


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
