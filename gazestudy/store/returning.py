"""Going back to a dated copy of what people edited."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gazestudy.errors import StudyDamagedError
from gazestudy.store import database
from gazestudy.store.atomic import copy_file, file_trouble, rename, temporary_name
from gazestudy.store.lock import StudyLock
from gazestudy.store.study import find_study

_NAME = re.compile(r"study-(\d{8}T\d{12})Z-(.+)\.sqlite")
_BEFORE = "before-return"


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the database.

    Attributes
    ----------
    path : Path
        The file.
    made : datetime
        When, UTC.
    reason : str
        Why, as its name says: "daily", "manual", "before-return", "format-N".
    size_bytes : int
        Its length.
    """

    path: Path
    made: datetime
    reason: str
    size_bytes: int


def backups_of(path: Path | str) -> list[Backup]:
    """Return the backups of a study, the newest first.

    Raises
    ------
    StudyNotFoundError
        If there is no study.
    """
    found = []
    for file in (find_study(path) / database.BACKUPS).glob("*.sqlite"):
        if (match := _NAME.fullmatch(file.name)) is not None:
            made = datetime.strptime(match[1], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
            found.append(Backup(file, made, match[2], file.stat().st_size))
    return sorted(found, key=lambda one: one.made, reverse=True)


def return_to_backup(path: Path | str, backup: Path) -> Path:
    """Put a backup in the place of the database; what is there now is backed up first.

    Parameters
    ----------
    path : Path or str
        The study folder; nobody may have it open for writing.
    backup : Path
        One of its backups.

    Returns
    -------
    Path
        The copy of what was there before, to which one can return in the same way.

    Raises
    ------
    StudyLockedError
        If somebody has the study open for writing; says who.
    StudyDamagedError
        If the backup cannot be read. Nothing is changed then.

    Notes
    -----
    Recordings that came later are not listed any more, but their files stay. Recordings that were removed
    since are listed again without their files; checking the study names them.
    """
    root = find_study(path)
    lock = StudyLock(root)
    lock.acquire()
    try:
        _require_sound(backup)
        here = root / database.DATABASE_NAME
        kept = database.backup(here, _BEFORE)
        fresh = temporary_name(here)
        with file_trouble("copying", fresh):
            try:
                copy_file(backup, fresh)
                rename(fresh, here)
            finally:
                fresh.unlink(missing_ok=True)
        return kept
    finally:
        lock.release()


def _require_sound(backup: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{backup.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            said = connection.execute("PRAGMA quick_check").fetchone()[0]
            connection.execute("SELECT name FROM study").fetchone()
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise StudyDamagedError(f"{backup}: this backup cannot be read ({said}). Choose another one")
