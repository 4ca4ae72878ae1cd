"""Edits that can be taken back: what changed in the database, and the folders that came or went."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from gazestudy.errors import StudyError
from gazestudy.store.atomic import file_trouble, mark, rename, settle
from gazestudy.store.base import PLACEMENTS, StudyBase
from gazestudy.store.database import BACKUPS
from gazestudy.store.folders import known_folders
from gazestudy.store.schema import CreativeRow
from gazestudy.store.schema_interviews import StimulusRow

REMOVED = f"{BACKUPS}/removed"
"""Where folders lie that an edit removed and that may come back."""


@dataclass(slots=True)
class Change:
    """What an edit did, for `Study.revert`.

    Attributes
    ----------
    statements : list of str
        SQL that takes it back, in order.
    removed : dict of str to str
        Folders that went, and where they are kept; both relative to the study, with "/".
    """

    statements: list[str] = field(default_factory=list)
    removed: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.statements)


class ChangeShelf(StudyBase):
    """Recording and taking back of edits."""

    @contextmanager
    def recorded(self) -> Iterator[Change]:
        """Write down what the block changes.

        Yields
        ------
        Change
            Complete when the block ends; empty if it changed nothing.

        Raises
        ------
        StudyError
            If edits are being recorded already, or the study is read-only.

        Examples
        --------
        >>> import tempfile
        >>> from gazestudy.store import create_study
        >>> with tempfile.TemporaryDirectory() as folder, create_study(folder, name="x") as study:
        ...     with study.recorded() as change:
        ...         _ = study.add_participant("P01")
        ...     opposite = study.revert(change)
        ...     [study.participants(), len(opposite.statements)]
        [(), 1]
        """
        self._require_writing()
        if self._change is not None:
            raise StudyError(f"{self._path}: one edit is being recorded already")
        change = Change()
        self._change = change
        self._database.undo_statements = change.statements
        try:
            yield change
        finally:
            self._change = None
            self._database.undo_statements = None

    def revert(self, change: Change) -> Change:
        """Take an edit back in one transaction.

        Parameters
        ----------
        change : Change
            From `recorded` or `revert`; it can be used once.

        Returns
        -------
        Change
            The opposite: reverting it does the edit again.

        Raises
        ------
        StudyError
            If what it touched was changed in the meantime; nothing is changed then.
        """
        self._require_writing()
        for kept in change.removed.values():
            if not self._inside(kept).is_dir():
                raise StudyError(f"{self._path}: {kept} is gone, so this cannot be taken back")
        with self.recorded() as opposite:
            returned = self._bring_back(change)
            gone: list[Path] = []
            try:
                self._run(change, gone)
            except BaseException:
                for folder, place in returned.items():
                    rename(folder, place)
                for folder in gone:
                    settle(folder)
                raise
            for folder in returned:
                settle(folder)
            for folder in gone:
                self._discard(folder)
        return opposite

    def forget_changes(self) -> None:
        """Delete what is kept for taking edits back; changes recorded before cannot be reverted then."""
        if self.read_only:
            return
        shutil.rmtree(self._path / REMOVED, ignore_errors=True)
        with self._database.reading() as session:
            known = {*session.scalars(select(CreativeRow.image)), *session.scalars(select(StimulusRow.image))}
        for path in self._path.glob(f"{PLACEMENTS}/*/picture-*"):
            if path.relative_to(self._path).as_posix() not in known:
                with contextlib.suppress(OSError):  # in use on Windows: the next time
                    path.unlink()

    def _bring_back(self, change: Change) -> dict[Path, Path]:
        returned: dict[Path, Path] = {}
        for name, kept in change.removed.items():
            folder, place = self._inside(name), self._inside(kept)
            mark(place)
            with file_trouble("bringing back", folder):
                folder.parent.mkdir(parents=True, exist_ok=True)
                rename(place, folder)
            returned[folder] = place
        return returned

    def _run(self, change: Change, gone: list[Path]) -> None:
        """Run the statements; folders that the database forgets are marked before it does, and listed."""
        try:
            with self._database.writing() as session:
                before = known_folders(session)
                connection = session.connection()
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
                for statement in change.statements:
                    if connection.exec_driver_sql(statement).rowcount != 1:
                        raise self._outdated()
                for name in sorted(before - known_folders(session)):
                    folder = self._inside(name)
                    if not any(above in gone for above in folder.parents):
                        mark(folder)
                        gone.append(folder)
        except IntegrityError as error:
            raise self._outdated() from error

    def _outdated(self) -> StudyError:
        return StudyError(
            f"{self._path}: this cannot be taken back, since it was changed again from elsewhere"
        )


def keep_folder(root: Path, folder: Path, change: Change) -> None:
    """Put a folder the database forgot where `Study.revert` finds it."""
    if not folder.is_dir():
        return
    kept = root / REMOVED / f"{secrets.token_hex(6)}"
    with file_trouble("removing", folder):
        kept.parent.mkdir(parents=True, exist_ok=True)
        rename(folder, kept)
    settle(kept)
    change.removed[folder.relative_to(root).as_posix()] = kept.relative_to(root).as_posix()
