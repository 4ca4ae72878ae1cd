"""Edits of small files of a study, such as documents that people write: whole or not at all, with undo."""

from __future__ import annotations

from pathlib import Path

from gazestudy.errors import GazestudyError
from gazestudy_gui.commands import Edit
from gazestudy_gui.document import Kind, StudyDocument


class PutFile(Edit):
    """Another content of a file of the study.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes
        What will be in it.
    text : str
        What it does, for the menu.
    kinds : tuple of Kind
        What it changes.
    """

    def __init__(self, path: Path, content: bytes, text: str, kinds: tuple[Kind, ...]) -> None:
        super().__init__(text)
        self.kinds = kinds
        self._path, self._after = path, content
        self._before: bytes | None = None

    @property
    def changed_something(self) -> bool:
        """True if there is something to take back."""
        return self._before != self._after

    def do_first(self, document: StudyDocument) -> None:
        """Do it for the first time."""
        self._document = document
        self._before = self._path.read_bytes() if self._path.exists() else None
        if self.changed_something:
            self._put(self._after)
        self._is_done = True
        document.announce(self.kinds)

    def _turn(self) -> None:
        document = self._document
        assert document is not None
        try:
            self._put(self._before if self._is_done else self._after)
        except (GazestudyError, OSError) as error:
            self.setObsolete(True)
            document.trouble.emit(error)
            return
        self._is_done = not self._is_done
        document.announce(self.kinds)

    def _put(self, content: bytes | None) -> None:
        from gazestudy.store.atomic import write_bytes

        if content is None:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(self._path, content)
