"""Parts of a text file that are read as tables of their own."""

from __future__ import annotations

from pathlib import Path

from gazestudy.importers.sources import FolderSource


class TextPiece(FolderSource):
    """Text in memory, seen as the file it was taken from.

    Parameters
    ----------
    place : Path
        How to call the file in messages.
    data : bytes
        The text.
    """

    def __init__(self, place: Path, data: bytes) -> None:
        super().__init__(place.parent, only=place.name)
        self._place, self._data = place, data

    def read(self, name: str) -> bytes:
        """Return the text."""
        return self._data

    def place(self, name: str) -> Path:
        """Return how to call the file in messages."""
        return self._place
