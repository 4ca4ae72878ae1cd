"""How long work reports progress and learns that it should stop.

The library, the command line and the desktop share this one protocol: the library calls it, a skin
implements it.
"""

from __future__ import annotations

from typing import Protocol

from gazestudy.errors import Cancelled


class Progress(Protocol):
    """What long work talks to."""

    def start(self, label: str, total: int | None) -> None:
        """Begin a piece of work with `total` units (None: unknown)."""

    def advance(self, count: int = 1) -> None:
        """Report `count` finished units."""

    @property
    def cancelled(self) -> bool:
        """True once the user asked to stop."""


class NoProgress:
    """Reports to nobody and never asks to stop."""

    def start(self, label: str, total: int | None) -> None:
        """Ignore the start."""

    def advance(self, count: int = 1) -> None:
        """Ignore the step."""

    @property
    def cancelled(self) -> bool:
        """Never."""
        return False


SILENT: Progress = NoProgress()


def raise_if_cancelled(progress: Progress) -> None:
    """Stop the work here if the user asked for it.

    Parameters
    ----------
    progress : Progress
        Who may have asked.

    Raises
    ------
    Cancelled
        If `progress.cancelled` is true.
    """
    if progress.cancelled:
        raise Cancelled
