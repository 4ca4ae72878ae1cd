"""Making and opening a study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from gazestudy.errors import StudyDamagedError, StudyExistsError, StudyNotFoundError
from gazestudy.store import database
from gazestudy.store.alignments import AlignmentShelf
from gazestudy.store.answering import AnsweringShelf
from gazestudy.store.aois import AoiShelf
from gazestudy.store.atomic import file_trouble, is_leftover, sweep, write_bytes
from gazestudy.store.base import DERIVED, EXPORTS, PLACEMENTS, RECORDINGS, require_name, require_slug
from gazestudy.store.changes import ChangeShelf
from gazestudy.store.corrections import CorrectionShelf
from gazestudy.store.creatives import CreativeShelf
from gazestudy.store.database import BACKUPS, DATABASE_NAME, Database
from gazestudy.store.editing import EditShelf
from gazestudy.store.fieldlogs import FieldLogShelf
from gazestudy.store.folders import known_folders
from gazestudy.store.imported import ImportedMappingShelf
from gazestudy.store.interviews import InterviewShelf
from gazestudy.store.listing import ListShelf
from gazestudy.store.lock import LOCK_NAME, StudyLock
from gazestudy.store.manual import ManualMappingShelf
from gazestudy.store.placements import PlacementShelf
from gazestudy.store.relinking import RelinkShelf
from gazestudy.store.results import ResultShelf
from gazestudy.store.schedules import ScheduleShelf
from gazestudy.store.schema import StudyRow

README_NAME = "README.txt"
FOLDERS = (RECORDINGS, PLACEMENTS, DERIVED, EXPORTS, BACKUPS)

_README = """\
This folder is a gazestudy study: wearable eye tracking for out-of-home advertising. Open it with gazestudy;
the folder can be copied, moved and backed up as a whole while it is not open. study.sqlite holds what
people edit, recordings/ the imported recordings with their results, placements/ the reference pictures,
fieldlogs/ what observers counted, stimuli/ pictures shown in interviews, derived/ results over all
recordings, exports/ what you exported, backups/ dated copies of study.sqlite. Results in the derived
folders are made again by "gazestudy run"; "gazestudy check" tells whether everything is in order. Names of
persons, if any were given, are in study.sqlite only, in tables of their own.
"""


class Study(
    PlacementShelf,
    CreativeShelf,
    AoiShelf,
    ImportedMappingShelf,
    RelinkShelf,
    ResultShelf,
    AlignmentShelf,
    CorrectionShelf,
    ManualMappingShelf,
    FieldLogShelf,
    ScheduleShelf,
    InterviewShelf,
    AnsweringShelf,
    ChangeShelf,
    EditShelf,
    ListShelf,
):
    """An open study; get one from `create_study` or `open_study` and use it in a `with` block.

    Every change is on the disk when the method returns, or did not happen.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Study {str(self.path)!r}{', read-only' if self.read_only else ''}>"

    @property
    def name(self) -> str:
        """Name of the study."""
        with self._database.reading() as session:
            row = session.get(StudyRow, 1)
        if row is None:
            raise StudyDamagedError(
                f"{self.path}: the study has no name; put a copy from {BACKUPS}/ in place"
            )
        return row.name

    @property
    def lock_token(self) -> str:
        """What a child process needs for `open_delegated`; empty where this study holds no lock."""
        return "" if self._lock is None else self._lock.token

    def backup(self, reason: str = "manual") -> Path:
        """Copy `study.sqlite` into backups/ under a name with the date and a reason; return the copy."""
        return database.backup(self.path / DATABASE_NAME, require_slug("reason", reason))

    def close(self) -> None:
        """Give the lock back; a closed study can no longer be changed."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
            self._database = Database(self._database.path, read_only=True)


def create_study(path: Path | str, *, name: str) -> Study:
    """Make a new study and open it for writing.

    Parameters
    ----------
    path : Path or str
        Its folder: new or empty.
    name : str
        Name of the study, in any script.

    Returns
    -------
    Study
        Open for writing.

    Raises
    ------
    StudyExistsError
        If something is in the folder.
    StudyError
        If the folder cannot be written.
    """
    root = Path(path).absolute()
    require_name("study name", name)
    if (root / DATABASE_NAME).exists():
        raise StudyExistsError(f"{root}: there is a study already; open it, or choose another folder")
    if root.is_file() or (root.is_dir() and not all(map(_is_of_unfinished_study, root.iterdir()))):
        raise StudyExistsError(f"{root}: there is something already; choose a new or empty folder")
    with file_trouble("making", root):
        root.mkdir(parents=True, exist_ok=True)
    with _locked(root) as lock:
        with file_trouble("making", root):
            for folder in FOLDERS:
                (root / folder).mkdir(exist_ok=True)
        write_bytes(root / README_NAME, _README.encode("utf-8"))
        database.create(root / DATABASE_NAME, name.strip())
        return _opened(root, lock)


def open_study(path: Path | str, *, read_only: bool = False) -> Study:
    """Open a study.

    Parameters
    ----------
    path : Path or str
        The study folder, or `study.sqlite` in it.
    read_only : bool, optional
        Needs no lock and works in a folder that cannot be written.

    Returns
    -------
    Study
        The open study; what an interrupted program left behind is cleared away when opened for writing.

    Raises
    ------
    StudyNotFoundError
        If there is no study.
    StudyVersionError
        If it was written by a newer program; names both versions.
    StudyLockedError
        If somebody else has it open for writing; names who.
    StudyDamagedError
        If the database is damaged.
    """
    root = find_study(path)
    if read_only:
        database.ensure_current(root / DATABASE_NAME, read_only=True)
        return Study(root, Database(root / DATABASE_NAME, read_only=True), None)
    with _locked(root) as lock:
        database.ensure_current(root / DATABASE_NAME, read_only=False)
        return _opened(root, lock)


def find_study(path: Path | str) -> Path:
    """Return the absolute folder of a study.

    Raises
    ------
    StudyNotFoundError
        If there is none.
    """
    root = Path(path).absolute()
    if root.name == DATABASE_NAME and root.is_file():
        root = root.parent
    if not root.exists():
        raise StudyNotFoundError(f"{root}: there is no such folder; make a study with `gazestudy new`")
    if not (root / DATABASE_NAME).is_file():
        raise StudyNotFoundError(
            f"{root}: there is no study in this folder (no {DATABASE_NAME}); make one with `gazestudy new`"
        )
    return root


@contextmanager
def _locked(root: Path) -> Iterator[StudyLock]:
    """Take the lock; it stays taken unless the block fails."""
    lock = StudyLock(root)
    lock.acquire()
    try:
        yield lock
    except BaseException:
        lock.release()
        raise


def _opened(root: Path, lock: StudyLock) -> Study:
    data = Database(root / DATABASE_NAME, read_only=False)
    with data.reading() as session:
        known = known_folders(session)
    sweep(root, known)
    return Study(root, data, lock)


def _is_of_unfinished_study(entry: Path) -> bool:
    if entry.name in FOLDERS:
        return entry.is_dir() and not any(entry.iterdir())
    return entry.name in (README_NAME, LOCK_NAME) or is_leftover(entry)
