"""Is a study sound? Says what is wrong and what to do about it; changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from gazestudy.errors import StudyError, StudyNotFoundError, StudyVersionError
from gazestudy.model.recording import Severity
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store.atomic import MARK, hash_file, is_leftover, leftovers
from gazestudy.store.base import DERIVED, FIELDLOGS, PLACEMENTS, RECORDINGS
from gazestudy.store.check_interviews import interview_trouble
from gazestudy.store.database import BACKUPS, DATABASE_NAME, database_trouble, ensure_current
from gazestudy.store.folders import known_folders
from gazestudy.store.lock import LOCK_NAME, read_holder
from gazestudy.store.recordings import media_path
from gazestudy.store.schema import CreativeRow, DerivedRow, FieldLogRow, MediaRow, StreamRow
from gazestudy.store.schema_interviews import StimulusRow
from gazestudy.store.study import Study, find_study, open_study

ExpectedKeys = Callable[[Study], Mapping[tuple[str | None, str], str]]
"""Gives, for a study, the key that each (recording or None, step) would have if it were run now."""

_RUN = "Run `gazestudy run` again"
_RESTORE = f"Put the newest copy from {BACKUPS}/ in its place, or import again into a new study"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be.

    Attributes
    ----------
    severity : {"info", "warning", "problem"}
        Nothing to worry about (the next opening clears it away), something that can be made again, something
        lost or damaged.
    where : str
        File or folder, relative to the study, or the study itself.
    message : str
        What was found.
    advice : str
        What to do.
    """

    severity: Severity
    where: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message}" + (f". {self.advice}" if self.advice else "")


def is_sound(problems: Iterable[Problem]) -> bool:
    """Return True if nothing worse than "info" was found."""
    return all(problem.severity == "info" for problem in problems)


def check_study(
    path: Path | str,
    *,
    full: bool = False,
    expected_keys: ExpectedKeys | None = None,
    progress: Progress = SILENT,
) -> list[Problem]:
    """Check a study; it may be read-only, locked or damaged.

    Parameters
    ----------
    path : Path or str
        The study folder.
    full : bool, optional
        Read the scene videos too; otherwise they are compared by size. All other files are always read.
    expected_keys : callable, optional
        Tells which results are out of date.
    progress : Progress, optional
        Counts files, and may cancel.

    Returns
    -------
    list of Problem
        Empty if all is well; see `is_sound` for what merely awaits clearing away.
    """
    try:
        root = find_study(path)
    except StudyNotFoundError as error:
        return [Problem("problem", str(path), str(error))]
    problems, busy = _lock_state(root)
    try:
        problems += _database_state(root / DATABASE_NAME)
        ensure_current(root / DATABASE_NAME, read_only=True)
        with open_study(root, read_only=True) as study:
            with study._database.reading() as session:
                files, known = _files(session, root), known_folders(session)
            problems += _file_states(files, full=full, progress=progress)
            problems += [Problem(*trouble) for trouble in interview_trouble(study)]
            if expected_keys is not None:
                problems += _stale_results(study, expected_keys)
    except StudyVersionError as error:
        return [*problems, Problem("warning", DATABASE_NAME, str(error))]
    except StudyError as error:
        return [*problems, Problem("problem", DATABASE_NAME, str(error))]
    return problems + ([] if busy else _strays(root, known))


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    where: str
    size_bytes: int
    sha256: str
    what: str
    severity: Severity
    advice: str
    is_video: bool = False


def _lock_state(root: Path) -> tuple[list[Problem], bool]:
    """Return what the lock says, and whether somebody is writing right now."""
    path = root / LOCK_NAME
    if not path.exists():
        return [], False
    holder = read_holder(path)
    if holder is not None and not holder.is_dead():
        message = f"the study is open for writing by {holder}"
        return [
            Problem("info", LOCK_NAME, message, "Check again when it is closed for the whole answer")
        ], True
    message = "a program that no longer runs left its lock" + (f" ({holder})" if holder else "")
    return [Problem("info", LOCK_NAME, message, "The next opening takes it over")], False


def _database_state(path: Path) -> list[Problem]:
    with database_trouble(path), closing(sqlite3.connect(path, timeout=30)) as connection:
        answers = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    problems = []
    if answers != ["ok"]:
        problems.append(Problem("problem", DATABASE_NAME, f"it is damaged: {'; '.join(answers)}", _RESTORE))
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        problems.append(
            Problem("problem", DATABASE_NAME, f"{len(broken)} rows of {tables} point nowhere", _RESTORE)
        )
    return problems


def _files(session: Session, root: Path) -> list[_File]:
    files = [
        _File(
            root / row.path,
            row.path,
            row.size_bytes,
            row.sha256,
            f"stream {row.name!r} of recording {row.recording_id!r}",
            "problem",
            f"Restore the file from a copy, or remove recording {row.recording_id!r} and import it again",
        )
        for row in session.scalars(select(StreamRow))
    ]
    files += [_medium(row, root) for row in session.scalars(select(MediaRow))]
    files += [
        _File(
            root / row.image,
            row.image,
            row.size_bytes,
            row.sha256,
            f"the picture of placement {row.placement_id!r}",
            "problem",
            f"Restore the file from a copy, or remove placement {row.placement_id!r} and add it again",
        )
        for row in session.scalars(select(CreativeRow))
    ]
    files += [
        _File(
            root / row.image,
            row.image,
            row.size_bytes,
            row.sha256,
            f"the picture {row.id!r} of recognition",
            "warning",
            f"Restore the file from a copy, or remove the picture {row.id!r} and add it again",
        )
        for row in session.scalars(select(StimulusRow).where(StimulusRow.image != ""))
        if row.placement_id == ""
    ]
    for log in session.scalars(select(FieldLogRow)):
        files += _log_files(log, root)
    for result in session.scalars(select(DerivedRow)):
        files += _result_files(result, root)
    return files


def _medium(row: MediaRow, root: Path) -> _File:
    what = f"the scene video of recording {row.recording_id!r}"
    advice = f"Put the video back, or remove recording {row.recording_id!r} and import it again"
    path = media_path(root, row)
    return _File(path, row.path, row.size_bytes, row.sha256, what, "problem", advice, is_video=True)


def _log_files(row: FieldLogRow, root: Path) -> Iterator[_File]:
    what, advice = f"field log {row.id!r}", f"Restore the file from a copy, or import {row.name} again"
    for file in row.files.values():
        where = f"{row.path}/{file['path']}"
        yield _File(root / where, where, file["size_bytes"], file["sha256"], what, "problem", advice)


def _result_files(row: DerivedRow, root: Path) -> Iterator[_File]:
    what = f"result {row.step!r} of " + (
        f"recording {row.recording_id!r}" if row.recording_id else "the study"
    )
    for file in row.files.values():
        where = f"{row.path}/{file['path']}"
        advice = f"Delete the folder {row.path} and run `gazestudy run` again: the result is made anew"
        yield _File(root / where, where, file["size_bytes"], file["sha256"], what, "warning", advice)


def _file_states(files: Sequence[_File], *, full: bool, progress: Progress) -> Iterator[Problem]:
    progress.start("checking files", len(files))
    for file in files:
        raise_if_cancelled(progress)
        message = _file_state(file, full=full)
        if message:
            yield Problem(file.severity, file.where, f"{file.what} {message}", file.advice)
        progress.advance()


def _file_state(file: _File, *, full: bool) -> str:
    try:
        size = file.path.stat().st_size
        if size != file.size_bytes:
            return f"has {size} bytes, recorded are {file.size_bytes}: it was cut off or changed"
        if (full or not file.is_video) and hash_file(file.path) != file.sha256:
            return "has other content than recorded: it was damaged or changed"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return ""


def _stale_results(study: Study, expected_keys: ExpectedKeys) -> Iterator[Problem]:
    for (recording_id, step), key in expected_keys(study).items():
        found = study.current(recording_id, step)
        place = f"{RECORDINGS}/{recording_id}" if recording_id else DERIVED
        if found is None:
            yield Problem("warning", place, f"step {step!r} was not run yet", _RUN)
        elif found.key != key:
            message = f"the result of step {step!r} is out of date: inputs or parameters changed since"
            yield Problem("warning", place, message, _RUN)


def _strays(root: Path, known: set[str]) -> list[Problem]:
    """Return leftovers of an interrupted program, and folders that the database does not know."""
    problems = [
        Problem(
            "info",
            path.relative_to(root).as_posix(),
            "an interrupted program left this behind",
            "The next opening clears it away",
        )
        for path in leftovers(root)
    ]
    for folder in _data_folders(root):
        where = folder.relative_to(root).as_posix()
        if where in known or (folder / MARK).exists():
            continue
        primary = DERIVED not in Path(where).parts
        problems.append(
            Problem(
                "warning" if primary else "info",
                where,
                "the study does not know this folder",
                f"If {DATABASE_NAME} was put back from an older copy, import it again; else delete the folder"
                if primary
                else "It is not used; delete it",
            )
        )
    return problems


def _data_folders(root: Path) -> Iterator[Path]:
    places = [root / name for name in (RECORDINGS, PLACEMENTS, FIELDLOGS, DERIVED)]
    places += [*root.glob(f"{RECORDINGS}/*/{DERIVED}")]
    for place in places:
        if place.is_dir():
            yield from (
                entry for entry in sorted(place.iterdir()) if entry.is_dir() and not is_leftover(entry)
            )
