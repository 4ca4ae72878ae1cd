"""Edits of field logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gazestudy.store import Study
from gazestudy_gui.commands import Edit
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.model import SourceFile
    from gazestudy.model.fieldwork import FieldLog
    from gazestudy.protocol import Protocol


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
