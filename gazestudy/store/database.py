"""`study.sqlite`: opening, transactions, formats, backups.

The rollback journal and full flushing are kept (no WAL), since studies live on network shares. Alembic is
imported only when a study is made or migrated: opening one takes milliseconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from gazestudy.errors import StudyDamagedError, StudyError, StudyLockedError, StudyVersionError
from gazestudy.store import change_log, schema
from gazestudy.store.atomic import file_trouble, rename, temporary_name

DATABASE_NAME = "study.sqlite"
BACKUPS = "backups"
MIGRATIONS = Path(__file__).parent / "migrations"

_BUSY_S = 30.0
_RESTORE = f"Put the newest copy from {BACKUPS}/ in its place, or import again into a new study"


class Database:
    """The database of one study.

    Every access is a session of its own on a connection of its own, so that no file handle stays open and
    threads do not share one.

    Parameters
    ----------
    path : Path
        The database file; it must exist.
    read_only : bool
        Refuse every change.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path, self.read_only = path, read_only
        self._engine = _engine(path, read_only=read_only)
        self.undo_statements: list[str] | None = None
        """Where to add, at its start, what takes each transaction back; None: nobody wants to know."""

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the study."""
        with database_trouble(self.path), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that is one transaction: on the disk when the block ends, or nothing of it."""
        if self.read_only:
            raise StudyError(f"{self.path.parent}: the study is open read-only; open it for writing first")
        with (
            database_trouble(self.path),
            Session(self._engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            log = self.undo_statements
            if log is None:
                yield session
                return
            change_log.watch(session.connection())
            yield session
            session.flush()
            undo = change_log.written_down(session.connection())
        log[:0] = undo


@contextmanager
def database_trouble(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into the errors of this program."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        original = error.orig if isinstance(error, DatabaseError) else error
        raise _translated(path, str(original), error) from error


def _translated(path: Path, text: str, error: Exception) -> StudyError:
    known: list[tuple[str, type[StudyError], str]] = [
        ("disk is full", StudyError, "the disk is full; free some space and try again"),
        ("readonly database", StudyError, "it cannot be written; check permissions or open it read-only"),
        ("unable to open", StudyError, "it cannot be opened; check that it is there and who may read it"),
        (
            "database is locked",
            StudyLockedError,
            "another program is writing to it; try again when it is done",
        ),
        ("disk I/O error", StudyError, "the disk reported an error; check the disk or the network share"),
        ("not a database", StudyDamagedError, f"it is damaged. {_RESTORE}"),
        ("malformed", StudyDamagedError, f"it is damaged. {_RESTORE}"),
        ("no such table", StudyDamagedError, f"it is not the database of a study. {_RESTORE}"),
        ("no such column", StudyDamagedError, f"its tables are not as they should be. {_RESTORE}"),
    ]
    for piece, kind, advice in known:
        if piece in text:
            return kind(f"{path}: {advice}")
    raise error


def create(path: Path, name: str) -> None:
    """Make the database of a new study; it appears under `path` when it is complete.

    Parameters
    ----------
    path : Path
        Where; must not exist.
    name : str
        Name of the study.
    """
    temporary = temporary_name(path)
    with file_trouble("writing", path), database_trouble(path):
        try:
            upgrade(temporary)
            with Database(temporary, read_only=False).writing() as session:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                session.add(schema.StudyRow(id=1, name=name, created_utc=now, app_version=program_version()))
            rename(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def program_version() -> str:
    """Return the version of the installed program."""
    return version("gazestudy")


def format_of(path: Path) -> tuple[int, str]:
    """Return the format number of a study and the version of the program that wrote it.

    Raises
    ------
    StudyDamagedError
        If the file is no database of a study.
    """
    with database_trouble(path), closing(_connect(path)) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        try:
            program = connection.execute("SELECT app_version FROM study").fetchone()
        except sqlite3.OperationalError:  # a later format may keep it elsewhere
            program = None
    if found is None or not str(found[0]).isdigit():
        raise StudyDamagedError(f"{path}: it does not say which format it has. {_RESTORE}")
    return int(found[0]), str(program[0]) if program else "of unknown version"


def ensure_current(path: Path, *, read_only: bool) -> None:
    """Refuse a newer study; back up and migrate an older one.

    Parameters
    ----------
    path : Path
        The database.
    read_only : bool
        An older study cannot be migrated then and is refused too.

    Raises
    ------
    StudyVersionError
        If the study has another format and cannot be brought to this one; names both versions.
    """
    found, program = format_of(path)
    if found == schema.SCHEMA_VERSION:
        return
    ours = f"this is gazestudy {program_version()} (study format {schema.SCHEMA_VERSION})"
    theirs = f"{path.parent}: the study was written by gazestudy {program} (study format {found}); {ours}"
    if found > schema.SCHEMA_VERSION:
        raise StudyVersionError(f"{theirs}. Install the newer gazestudy to open it")
    if read_only:
        raise StudyVersionError(f"{theirs}. Open it once for writing: it is backed up and brought up to date")
    backup(path, f"format-{found}")
    upgrade(path)


def upgrade(path: Path) -> None:
    """Bring a database to the present format, in one transaction."""
    from alembic.config import Config  # slow to import and seldom needed
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(MIGRATIONS)
    # A table that is rebuilt must not take its children along: keys are off here and checked at the end.
    engine = _engine(path, read_only=False, foreign_keys=False)
    with (
        database_trouble(path),
        engine.begin() as connection,
        EnvironmentContext(
            Config(),
            script,
            fn=lambda revision, _context: script._upgrade_revs("head", revision),
        ) as environment,
    ):
        environment.configure(connection=connection)
        environment.run_migrations()
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise StudyDamagedError(
                f"{path}: {len(broken)} rows point nowhere, first in table {broken[0][0]!r};"
                f" nothing was changed. {_RESTORE}"
            )
        connection.exec_driver_sql("UPDATE study SET app_version = ?", (program_version(),))


def backup(path: Path, reason: str) -> Path:
    """Copy the database into the backups of the study.

    Parameters
    ----------
    path : Path
        The database.
    reason : str
        Short word for the file name.

    Returns
    -------
    Path
        The copy, named by date and reason.
    """
    folder = path.parent / BACKUPS
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = folder / f"study-{stamp}-{reason}.sqlite"
    with file_trouble("backing up", target), database_trouble(path):
        folder.mkdir(exist_ok=True)
        temporary = temporary_name(target)
        try:
            with closing(_connect(path)) as connection:
                connection.execute("VACUUM INTO ?", (str(temporary),))
            rename(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    return target


def _connect(path: Path) -> sqlite3.Connection:
    # SQLite itself falls back to reading where the file is write-protected, and undoes an interrupted
    # transaction where it can; so this suits reading and writing.
    return sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)


def _engine(path: Path, *, read_only: bool, foreign_keys: bool = True) -> Engine:
    engine = create_engine("sqlite://", creator=lambda: _connect(path), poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA synchronous = FULL")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = DELETE")

    @event.listens_for(engine, "begin")
    def _begin(connection: object) -> None:
        # The driver's own BEGIN leaves out table changes; IMMEDIATE waits for other writers here, not later.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")  # type: ignore[attr-defined]

    return engine
