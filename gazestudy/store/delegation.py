"""Letting child processes of the program that has a study open write to it too."""

from __future__ import annotations

from pathlib import Path

from gazestudy.errors import StudyLockedError
from gazestudy.store.database import DATABASE_NAME, Database
from gazestudy.store.lock import LOCK_NAME, read_holder
from gazestudy.store.study import Study, find_study


def open_delegated(path: Path | str, token: str) -> Study:
    """Open a study for writing on behalf of the process that holds its lock.

    Each change is a transaction, so both may write; the lock stays with the one that took it.

    Parameters
    ----------
    path : Path or str
        The study folder.
    token : str
        `Study.lock_token` in the process that has it open.

    Returns
    -------
    Study
        Open for writing.

    Raises
    ------
    StudyNotFoundError
        If there is no study.
    StudyLockedError
        If the lock is not, or no longer, the one of that token.
    """
    root = find_study(path)
    holder = read_holder(root / LOCK_NAME)
    if holder is None or not token or holder.token != token:
        raise StudyLockedError(f"{root}: the program that asked for this no longer has the study open")
    return Study(root, Database(root / DATABASE_NAME, read_only=False), None)
