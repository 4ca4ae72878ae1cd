"""Derived results: folders of tables, found again by the key of what they were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from gazestudy.errors import ParameterError, StudyDamagedError, StudyError
from gazestudy.store.atomic import filled_folder, mark, publish, recording_of, remove_folder
from gazestudy.store.base import DERIVED, RECORDINGS, StudyBase, now_utc, require_slug, slug
from gazestudy.store.keys import jsonable
from gazestudy.store.parquet import TableFile, read_table, write_table
from gazestudy.store.schema import DerivedRow, RecordingRow

_ADVICE = "Delete its folder and run `gazestudy run` again: results are made anew"


@dataclass(frozen=True, slots=True)
class Derived:
    """A stored result.

    Attributes
    ----------
    recording_id : str or None
        Of which recording; None for the whole study.
    step, key : str
        What made it, and the key of what it was made from.
    path : Path
        Its folder, absolute.
    files : dict of str to TableFile
        Table name to file, relative to `path`.
    provenance : dict
        As given when it was written.
    created_utc : str
        When it was recorded.
    """

    recording_id: str | None
    step: str
    key: str
    path: Path
    files: dict[str, TableFile]
    provenance: dict[str, Any]
    created_utc: str

    def table(self, name: str, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one of its tables, or only some columns of it.

        Raises
        ------
        KeyError
            If the result has no such table; names those it has.
        StudyDamagedError
            If the file is missing or damaged.
        """
        if name not in self.files:
            raise KeyError(f"result {self.step!r} has no table {name!r}; it has {', '.join(self.files)}")
        file = self.files[name]
        return read_table(self.path / file.path, file.sha256, _ADVICE, columns=columns)


@dataclass(frozen=True, slots=True)
class WrittenResult:
    """Result files that are complete in a temporary folder and wait to be recorded (it can be pickled)."""

    recording_id: str | None
    step: str
    key: str
    path: Path
    files: dict[str, TableFile]


def write_result_files(
    study_path: Path, recording_id: str | None, step: str, key: str, tables: Mapping[str, pd.DataFrame]
) -> WrittenResult:
    """Write the files of a result without recording it; for worker processes, which have no lock.

    Parameters
    ----------
    study_path : Path
        The study folder.
    recording_id : str or None
        Of which recording; None for the whole study.
    step, key : str
        What made it, and its cache key.
    tables : mapping of str to DataFrame
        Its tables by name.

    Returns
    -------
    WrittenResult
        To hand to `Study.record_result` in the process that has the study open for writing.

    Raises
    ------
    StudyError
        If a table cannot be stored or the disk refuses.
    """
    folder = study_path / result_folder(recording_id, step, key)
    if recording_id is not None and not (study_path / RECORDINGS / recording_id).is_dir():
        raise StudyError(f"{study_path}: there is no recording {recording_id!r}")
    with filled_folder(folder) as filled:
        files = {
            name: write_table(table, filled, f"{slug(name, 'table')}-{number}.parquet")
            for number, (name, table) in enumerate(tables.items())
        }
    return WrittenResult(recording_id, step, key, filled, files)


def result_folder(recording_id: str | None, step: str, key: str) -> str:
    """Return the folder of a result, relative to the study, with "/".

    Raises
    ------
    ParameterError
        For a name that is not safe as a file name.
    """
    if not (key.isascii() and key.isalnum()):
        raise ParameterError("key", key, "letters and digits, as cache_key gives")
    for part in step.split("."):
        require_slug("step", part)
    if recording_id is None:
        return f"{DERIVED}/{step}-{key}"
    return f"{RECORDINGS}/{require_slug('recording id', recording_id)}/{DERIVED}/{step}-{key}"


class ResultShelf(StudyBase):
    """The derived results of a study."""

    def derived(self, recording_id: str | None, step: str, key: str) -> Derived | None:
        """Return a stored result, None if it is not there or its files are gone.

        Parameters
        ----------
        recording_id : str or None
            Of which recording; None for the whole study.
        step, key : str
            What made it, and its cache key.
        """
        return self._first_whole(recording_id, step, DerivedRow.key == key)

    def current(self, recording_id: str | None, step: str) -> Derived | None:
        """Return the newest stored result of a step, whatever it was made from; None if there is none."""
        return self._first_whole(recording_id, step)

    def derived_table(self, recording_id: str | None, step: str, key: str, name: str) -> pd.DataFrame:
        """Return one table of a stored result.

        Raises
        ------
        StudyError
            If there is no such result.
        StudyDamagedError
            If its file is damaged.
        """
        found = self.derived(recording_id, step, key)
        if found is None:
            place = f"recording {recording_id!r}" if recording_id else "the study"
            raise StudyError(
                f"{self._path}: there is no result {step}-{key} of {place}. Run `gazestudy run` again"
            )
        return found.table(name)

    def write_derived(
        self,
        recording_id: str | None,
        step: str,
        key: str,
        tables: Mapping[str, pd.DataFrame],
        *,
        provenance: Mapping[str, Any],
    ) -> Derived:
        """Store a result; older results of the same step (and recording) are removed.

        Parameters
        ----------
        recording_id : str or None
            Of which recording; None for the whole study.
        step : str
            What made it: slugs joined by ".".
        key : str
            Its cache key.
        tables : mapping of str to DataFrame
            Its tables by name.
        provenance : mapping
            How it came to be; JSON-ready.

        Returns
        -------
        Derived
            As the study keeps it.

        Raises
        ------
        StudyError
            If a table cannot be stored or the disk refuses; the older result is still there then.
        """
        self._require_writing()
        jsonable(provenance)  # complains before anything is written
        written = write_result_files(self._path, recording_id, step, key, tables)
        return self.record_result(written, provenance=provenance)

    def record_result(self, written: WrittenResult, *, provenance: Mapping[str, Any]) -> Derived:
        """Record a result whose files a worker wrote; older ones of the same step are removed.

        Parameters
        ----------
        written : WrittenResult
            From `write_result_files`.
        provenance : mapping
            How it came to be; JSON-ready.
        """
        self._require_writing()
        for name, file in written.files.items():
            if not _is_whole(written.path, file):
                raise StudyDamagedError(
                    f"{written.path}: table {name!r} is not there any more. Run `gazestudy run` again"
                )
        row = DerivedRow(
            recording_id=written.recording_id,
            step=written.step,
            key=written.key,
            path=result_folder(written.recording_id, written.step, written.key),
            files={name: asdict(file) for name, file in written.files.items()},
            provenance=jsonable(provenance),
            created_utc=now_utc(),
        )
        folder = self._inside(row.path)
        self._forget(written.recording_id, written.step, written.key)  # made again on demand
        publish(written.path, folder)
        with recording_of(folder), self._database.writing() as session:
            self._require_recording(session, written.recording_id)
            outdated = _forget_rows(session, written.recording_id, written.step)
            session.add(row)
            self._mark_all(outdated)
        self._remove_all(outdated)
        return self._derived(row)

    def remove_derived(self, recording_id: str | None, step: str) -> None:
        """Remove all results of a step; they can be made anew."""
        self._forget(recording_id, step, None)

    def _forget(self, recording_id: str | None, step: str, key: str | None) -> None:
        conditions = [] if key is None else [DerivedRow.key == key]
        with self._database.writing() as session:
            outdated = _forget_rows(session, recording_id, step, *conditions)
            self._mark_all(outdated)
        self._remove_all(outdated)

    def _mark_all(self, folders: list[str]) -> None:
        for folder in folders:
            mark(self._inside(folder))

    def _remove_all(self, folders: list[str]) -> None:
        for folder in folders:
            remove_folder(self._inside(folder))

    def _first_whole(
        self, recording_id: str | None, step: str, *conditions: ColumnElement[bool]
    ) -> Derived | None:
        query = _results(recording_id, step, *conditions).order_by(DerivedRow.id.desc())
        with self._database.reading() as session:
            for row in session.scalars(query):
                found = self._derived(row)
                if all(_is_whole(found.path, file) for file in found.files.values()):
                    return found
        return None

    def _derived(self, row: DerivedRow) -> Derived:
        return Derived(
            row.recording_id,
            row.step,
            row.key,
            self._inside(row.path),
            {name: TableFile(**values) for name, values in row.files.items()},
            dict(row.provenance),
            row.created_utc,
        )

    def _require_recording(self, session: Session, recording_id: str | None) -> None:
        if recording_id is not None:
            self._row(session, RecordingRow, recording_id, "recording")


def _results(recording_id: str | None, step: str, *conditions: ColumnElement[bool]) -> Select[DerivedRow]:
    return select(DerivedRow).where(
        DerivedRow.recording_id.is_not_distinct_from(recording_id), DerivedRow.step == step, *conditions
    )


def _forget_rows(
    session: Session, recording_id: str | None, step: str, *conditions: ColumnElement[bool]
) -> list[str]:
    rows = list(session.scalars(_results(recording_id, step, *conditions)))
    for row in rows:
        session.delete(row)
    session.flush()
    return [row.path for row in rows]


def _is_whole(folder: Path, file: TableFile) -> bool:
    try:
        return (folder / file.path).stat().st_size == file.size_bytes
    except OSError:
        return False
