"""What all parts of a study share: the folder, the database, the lock, and how ids are made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import ORMOption

from gazestudy.errors import ParameterError, StudyDamagedError, StudyError
from gazestudy.model.wording import in_short
from gazestudy.store.atomic import remove_folder
from gazestudy.store.database import Database
from gazestudy.store.lock import StudyLock, user_name
from gazestudy.store.schema import Base

if TYPE_CHECKING:
    from gazestudy.store.changes import Change

PLACEMENTS, RECORDINGS, DERIVED, EXPORTS = "placements", "recordings", "derived", "exports"
FIELDLOGS = "fieldlogs"

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SYSTEM_NAMES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


_MOST_NAMED = 20

_RowT = TypeVar("_RowT", bound=Base)


class StudyBase:
    """The folder, the database and the lock of an open study.

    Parameters
    ----------
    path : Path
        The study folder.
    database : Database
        Its database.
    lock : StudyLock or None
        Held while open for writing; None when read-only.
    """

    def __init__(self, path: Path, database: Database, lock: StudyLock | None) -> None:
        self._path, self._database, self._lock = path, database, lock
        self._change: Change | None = None  # what is done now, where edits are recorded

    @property
    def path(self) -> Path:
        """The study folder, absolute."""
        return self._path

    @property
    def read_only(self) -> bool:
        """True if nothing can be changed."""
        return self._database.read_only

    def _require_writing(self) -> None:
        """Refuse before any file is touched."""
        if self.read_only:
            raise StudyError(f"{self._path}: the study is open read-only; open it for writing first")

    def _discard(self, folder: Path) -> None:
        """Remove a folder that the database forgot; where edits are recorded it is kept aside."""
        if self._change is None:
            remove_folder(folder)
        else:
            from gazestudy.store.changes import keep_folder

            keep_folder(self._path, folder, self._change)

    def _row(
        self,
        session: Session,
        table: type[_RowT],
        key: str | int,
        what: str,
        options: Sequence[ORMOption] = (),
    ) -> _RowT:
        """Return the row of a key; where there is none, a StudyError names `what` there is."""
        row = session.get(table, key, options=options)
        if row is None:
            (ids,) = inspect(table).primary_key
            in_order = select(ids).order_by(inspect(table).columns.get("position", ids))
            there = in_short(session.scalars(in_order), _MOST_NAMED) or "none yet"
            raise StudyError(f"{self._path}: there is no {what} {key!r}; the study has {there}")
        return row

    def _inside(self, *parts: str) -> Path:
        """Return a folder of the study; a database from elsewhere cannot lead out of it."""
        path = self._path.joinpath(*parts)
        if not path.resolve().is_relative_to(self._path.resolve()):
            raise StudyDamagedError(
                f"{self._path}: {'/'.join(parts)} leads out of the study; run `gazestudy check`"
            )
        return path


def now_utc() -> str:
    """Return the time of a change, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def signed(made_by: str | None, note: str) -> dict[str, str]:
    """Return the columns of what a person says: who (None: the user of this account), when, and why."""
    return {"made_by": user_name() if made_by is None else made_by, "made_utc": now_utc(), "note": note}


def slug(text: str, otherwise: str) -> str:
    """Return `text` as a name that is safe for files on every system.

    Parameters
    ----------
    text : str
        A name in any script.
    otherwise : str
        Used when nothing of it can be kept.

    Returns
    -------
    str
        Lower-case ASCII letters, digits, "-" and "_".

    Examples
    --------
    >>> slug("Gare de l'Est, quai 2", "x"), slug("ชานชาลา", "placement")
    ('gare-de-l-est-quai-2', 'placement')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:48].rstrip("-_")
    return short if short and short not in _SYSTEM_NAMES else otherwise


def require_slug(label: str, value: str) -> str:
    """Return `value` if it is safe as a file name on every system.

    Raises
    ------
    ParameterError
        If it is not; suggests one that is.
    """
    if _SLUG.fullmatch(value) is None or value in _SYSTEM_NAMES:
        hint = slug(value, "")
        example = f"; for example {hint!r}" if hint else ""
        raise ParameterError(
            label, value, f"small letters a to z, digits, '-' and '_', at most 64, no spaces{example}"
        )
    return value


def require_name(label: str, value: str) -> str:
    """Return a name for people, in any script, without blanks around it and in one spelling (NFC).

    Raises
    ------
    ParameterError
        If it is empty, long, or has characters that no file name or table cell should have.
    """
    name = unicodedata.normalize("NFC", value.strip())
    if not name or len(name) > 120 or not name.isprintable() or set(name) & set('/\\:*?"<>|'):
        raise ParameterError(label, value, 'some printable text of at most 120 characters without /\\:*?"<>|')
    return name
