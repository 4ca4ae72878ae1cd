"""Edits of field logs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtGui import QUndoCommand

from gazestudy.store import Study
from gazestudy_gui.commands import Edit
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.views.file_edits import PutFile
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.model import SourceFile
    from gazestudy.model.fieldwork import FieldLog
    from gazestudy.protocol import Protocol

_SHEET_EDIT = 3  # what tells these edits from others that may become one


class KeepLog(Edit):
    """A session that was tapped or typed here becomes part of the study."""

    kinds = ("fieldwork",)

    def __init__(
        self, protocol: Protocol, log: FieldLog, *, source: str, sources: Sequence[SourceFile] = ()
    ) -> None:
        super().__init__(tr("keep session {name}", name=log.sessions["session_id"].iloc[0]))
        self._protocol, self._log, self._source, self._sources = protocol, log, source, list(sources)

    def apply(self, study: Study) -> Any:
        """Do it."""
        from gazestudy.pipeline.typed_logs import keep_log

        return keep_log(study, self._protocol, self._log, source=self._source, sources=self._sources)


class TypeSheet(PutFile):
    """Something else on the sheet that is being typed; letters of one field are one edit.

    Parameters
    ----------
    path : Path
        File of the draft.
    content : bytes
        What will be in it.
    field : str
        Where the letters go; empty where each edit is one of its own.
    text : str
        What it does, for the menu.
    turned : callable
        Called when it was taken back or done again.
    """

    def __init__(self, path: Path, content: bytes, field: str, text: str, turned: Callable[[], None]) -> None:
        super().__init__(path, content, text, ())
        self._field, self._turned = field, turned

    def _turn(self) -> None:
        super()._turn()
        self._turned()

    def id(self) -> int:
        """Return what tells edits that may become one."""
        return _SHEET_EDIT if self._field else -1

    def mergeWith(self, other: QUndoCommand | None) -> bool:
        """Become one with the next letters of the same field."""
        if not isinstance(other, TypeSheet) or self._field != other._field:
            return False
        self._after = other._after
        return True


class KeepSheet(KeepLog):
    """A sheet that was typed becomes part of the study, and the next one is begun.

    Parameters
    ----------
    protocol : Protocol
        What it was made with.
    log : FieldLog
        Its tables.
    draft : Path
        File of the sheet that was typed.
    rest : bytes
        What is in it for the next one.
    turned : callable
        Called when it was taken back or done again.
    """

    def __init__(
        self, protocol: Protocol, log: FieldLog, *, draft: Path, rest: bytes, turned: Callable[[], None]
    ) -> None:
        super().__init__(protocol, log, source="paper")
        self._next = TypeSheet(draft, rest, "", self.text(), turned)

    def do_first(self, document: StudyDocument) -> None:
        """Do it for the first time."""
        super().do_first(document)
        self._next.do_first(document)

    def redo(self) -> None:
        """Do it again; as called for the first time nothing is left to do."""
        super().redo()
        self._next.redo()

    def undo(self) -> None:
        """Take it back: what was typed is there again."""
        super().undo()
        self._next.undo()
