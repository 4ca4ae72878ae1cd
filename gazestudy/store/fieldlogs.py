"""Field logs: what observers counted, where they stood, and who they were by code.

Each import is a folder of tables that never changes. An observation session that comes again with other
entries gets a new version, which counts from then on; the earlier one stays. One that comes again unchanged
is not stored twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gazestudy.errors import StudyError
from gazestudy.model.fieldwork import FIELD_CONTRACTS, FieldLog, join_logs
from gazestudy.model.recording import Finding, SourceFile
from gazestudy.model.wording import in_short
from gazestudy.store.atomic import filled_folder, mark, publish, recording_of
from gazestudy.store.base import FIELDLOGS, StudyBase, now_utc, slug
from gazestudy.store.keys import jsonable
from gazestudy.store.parquet import read_table, write_table
from gazestudy.store.schema import (
    FieldLogRow,
    FieldPrivateRow,
    ObservationSessionRow,
    ObserverPrivateRow,
    ObserverRow,
    PointRow,
    StationRow,
)

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,15}")
"""What is taken for the code of an observer; anything else may be a name."""


_OF_SESSIONS = tuple(name for name in FIELD_CONTRACTS if name != "reliability_pairs")


@dataclass(frozen=True, slots=True)
class PrivateAnswer:
    """An answer that may tell who somebody is.

    Attributes
    ----------
    session_id, respondent_id, item, value : str
        Whose answer, to what, and what.
    """

    session_id: str
    respondent_id: str
    item: str
    value: str


@dataclass(frozen=True, slots=True)
class FieldLogIntake:
    """What became of an import.

    Attributes
    ----------
    log_id : str
        The stored log, empty where nothing was new.
    added, changed, unchanged : tuple of str
        Sessions that are new, that have a new version, and that were known already.
    pseudonyms : dict of str to str
        Codes given to observers who had written a name.
    """

    log_id: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    pseudonyms: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredFieldLog:
    """A field log of the study.

    Attributes
    ----------
    log_id, name : str
        Its id, and the file or folder it was read from.
    importer : str
        What read it.
    sources : tuple of SourceFile
        The files, with their hashes.
    provenance : dict
        Protocol, column mapping and options it was read with.
    findings : tuple of Finding
        What was doubtful.
    sessions : dict of str to int
        Its sessions with their versions.
    current : tuple of str
        Those whose newest version it holds.
    imported_utc : str
        When.
    """

    log_id: str
    name: str
    importer: str
    sources: tuple[SourceFile, ...]
    provenance: dict[str, Any]
    findings: tuple[Finding, ...]
    sessions: dict[str, int]
    current: tuple[str, ...]
    imported_utc: str


class FieldLogShelf(StudyBase):
    """The field logs of a study."""

    def add_field_log(
        self,
        log: FieldLog,
        *,
        name: str,
        importer: str,
        importer_version: int,
        sources: Sequence[SourceFile],
        provenance: Mapping[str, Any],
        private: Sequence[PrivateAnswer] = (),
        replace: bool = False,
        dry_run: bool = False,
    ) -> FieldLogIntake:
        """Keep a field log; sessions that did not change are not stored again.

        Parameters
        ----------
        log : FieldLog
            Its tables.
        name : str
            The file or folder it was read from.
        importer, importer_version
            What read it.
        sources : sequence of SourceFile
            The files, with their hashes.
        provenance : mapping
            Protocol, column mapping and options; JSON-ready.
        private : sequence of PrivateAnswer, optional
            Answers that go into a table of their own.
        replace : bool, default False
            Accept a new version of a session even if it has another observer, start or kind of file.
        dry_run : bool, default False
            Say what would happen and change nothing.

        Returns
        -------
        FieldLogIntake
            What became of each session.

        Raises
        ------
        StudyError
            If a session of the same id was another one (other observer, start or kind of file), or the disk
            refuses; nothing is changed then.
        """
        if not dry_run:
            self._require_writing()
        with self._database.reading() as session:
            log, pseudonyms = _with_codes(session, log)
            hashes = _hashes(log, private)
            known = _newest(session)
            if not replace:
                readers = {row.id: row.importer for row in session.scalars(select(FieldLogRow))}
                self._refuse_others(log, importer, known, readers)
        added = tuple(one for one in hashes if one not in known)
        changed = tuple(one for one in hashes if one in known and known[one].sha256 != hashes[one])
        unchanged = tuple(one for one in hashes if one not in {*added, *changed})
        if dry_run or not (added or changed):
            return FieldLogIntake("", added, changed, unchanged, pseudonyms)
        log_id = self._write(
            _only(log, {*added, *changed}), name, importer, importer_version, sources, provenance,
            private, hashes, pseudonyms,
        )  # fmt: skip
        return FieldLogIntake(log_id, added, changed, unchanged, pseudonyms)

    def field_log(self, log_id: str | None = None) -> FieldLog:
        """Return the newest version of all observation sessions, or one log as it was imported.

        Parameters
        ----------
        log_id : str, optional
            Which log.

        Raises
        ------
        StudyError
            If there is no such log.
        StudyDamagedError
            If a file is damaged.
        """
        with self._database.reading() as session:
            if log_id is not None:
                self._row(session, FieldLogRow, log_id, "field log")
            rows = list(session.scalars(select(FieldLogRow).order_by(FieldLogRow.position)))
            newest = {row.id for row in _newest(session).values()}
            wanted = [
                (row, {one.session_id for one in row.sessions if log_id is not None or one.id in newest})
                for row in rows
                if log_id in (None, row.id)
            ]
            logs = [_only(self._read(row), sessions) for row, sessions in wanted if sessions]
        joined = join_logs(logs)
        pairs = joined.reliability_pairs.drop_duplicates(ignore_index=True)
        return _replaced(joined, {"reliability_pairs": pairs})

    def field_logs(self) -> tuple[StoredFieldLog, ...]:
        """Return the field logs in the order they were imported."""
        with self._database.reading() as session:
            newest = {row.id for row in _newest(session).values()}
            rows = session.scalars(select(FieldLogRow).order_by(FieldLogRow.position))
            return tuple(_stored(row, newest) for row in rows)

    def remove_field_log(self, log_id: str) -> None:
        """Forget a field log; earlier versions of its sessions count again.

        Raises
        ------
        StudyError
            If there is none of that id.
        """
        self._require_writing()
        with self._database.writing() as session:
            row = self._row(session, FieldLogRow, log_id, "field log")
            folder = self._inside(row.path)
            mark(folder)
            session.delete(row)
        self._discard(folder)

    def points(self) -> dict[str, tuple[str, ...]]:
        """Return the points of observation by station."""
        query = select(StationRow.name, PointRow.name).join(PointRow).order_by(StationRow.name, PointRow.name)
        found: dict[str, tuple[str, ...]] = {}
        with self._database.reading() as session:
            for station, point in session.execute(query):
                found[station] = (*found.get(station, ()), point)
        return found

    def observers(self) -> tuple[str, ...]:
        """Return the codes of the observers."""
        with self._database.reading() as session:
            return tuple(session.scalars(select(ObserverRow.id).order_by(ObserverRow.id)))

    def observer_names(self) -> dict[str, str]:
        """Return the names of observers who wrote one instead of a code; personal data, for no export."""
        with self._database.reading() as session:
            rows = session.scalars(select(ObserverPrivateRow).order_by(ObserverPrivateRow.observer_id))
            return {row.observer_id: row.name for row in rows}

    def private_answers(self) -> tuple[PrivateAnswer, ...]:
        """Return answers that may tell who somebody is, of the newest versions; for no usual export."""
        with self._database.reading() as session:
            newest = _newest(session)
            return tuple(
                PrivateAnswer(row.session_id, one.respondent_id, one.item, one.value)
                for row in newest.values()
                for one in row.private
            )

    def _refuse_others(
        self,
        log: FieldLog,
        importer: str,
        known: Mapping[str, ObservationSessionRow],
        readers: Mapping[str, str],
    ) -> None:
        """Two files may use one id for different sessions; that is no new version."""
        other = []
        for name, observer, started in log.sessions[["session_id", "observer", "started_at"]].itertuples(
            index=False, name=None
        ):
            was = known.get(name)
            if was is None:
                continue
            there = (was.started_at, was.observer_id or "unknown", readers[was.field_log_id])
            now = (started, observer or "unknown", importer)
            if there != now:
                words = [f"observer {who}, {when}, read as {by}" for when, who, by in (there, now)]
                other.append(f"{name!r} (there: {words[0]}; now: {words[1]})")
        if other:
            raise StudyError(
                f"{self._path}: sessions of these ids are there, with another observer, start or kind of"
                f" file: {in_short(other, between='; ')}. If they are others, give them a prefix"
                " (--prefix); if this corrects them, say --replace"
            )

    def _write(
        self,
        log: FieldLog,
        name: str,
        importer: str,
        importer_version: int,
        sources: Sequence[SourceFile],
        provenance: Mapping[str, Any],
        private: Sequence[PrivateAnswer],
        hashes: Mapping[str, str],
        pseudonyms: Mapping[str, str],
    ) -> str:
        with self._database.reading() as session:
            position = (session.scalar(select(func.max(FieldLogRow.position))) or 0) + 1
        log_id = f"{slug(name.rpartition('.')[0] or name, 'log')}-{position:02d}"
        folder = self._inside(FIELDLOGS, log_id)
        with filled_folder(folder) as filled:
            files = {
                table: write_table(rows, filled, f"{table.replace('_', '-')}.parquet")
                for table, rows in log.tables().items()
                if len(rows)
            }
        publish(filled, folder)
        row = FieldLogRow(
            id=log_id,
            position=position,
            name=name,
            importer=importer,
            importer_version=importer_version,
            sources=[asdict(one) for one in sources],
            provenance=jsonable(provenance),
            findings=[finding.to_dict() for finding in log.findings],
            path=f"{FIELDLOGS}/{log_id}",
            files={table: asdict(file) for table, file in files.items()},
            imported_utc=now_utc(),
        )
        with recording_of(folder), self._database.writing() as session:
            for code, person in pseudonyms.items():
                session.merge(ObserverRow(id=code))
                session.flush()
                session.merge(ObserverPrivateRow(observer_id=code, name=person))
            newest = _newest(session)
            for one in log.sessions.to_dict("records"):
                row.sessions.append(_session_row(session, one, hashes, newest, private))
            session.add(row)
        return log_id

    def _read(self, row: FieldLogRow) -> FieldLog:
        advice = f"Restore it from a copy, or import {row.name} again"
        tables = {
            table: read_table(self._inside(row.path) / file["path"], file["sha256"], advice)
            for table, file in row.files.items()
        }
        return FieldLog(**tables, findings=_findings(row)).check(row.path)


def _session_row(
    session: Session,
    values: Mapping[Any, Any],
    hashes: Mapping[str, str],
    newest: Mapping[str, ObservationSessionRow],
    private: Sequence[PrivateAnswer],
) -> ObservationSessionRow:
    session_id = values["session_id"]
    earlier = newest.get(session_id)
    station = _station(session, values["station_id"] or ("" if not values["point_id"] else "unknown station"))
    observer = values["observer"]
    if observer:
        session.merge(ObserverRow(id=observer))
        session.flush()
    return ObservationSessionRow(
        session_id=session_id,
        version=1 if earlier is None else earlier.version + 1,
        station_id=None if station is None else station.id,
        point_id=None if station is None else _point(session, station, values["point_id"]),
        observer_id=observer or None,
        started_at=values["started_at"],
        stopped_at=values["stopped_at"],
        sha256=hashes[session_id],
        private=[
            FieldPrivateRow(respondent_id=one.respondent_id, item=one.item, value=one.value)
            for one in private
            if one.session_id == session_id
        ],
    )


def _station(session: Session, name: str) -> StationRow | None:
    if not name:
        return None
    row = session.scalar(select(StationRow).where(StationRow.name == name))
    if row is None:
        row = StationRow(name=name)
        session.add(row)
        session.flush()
    return row


def _point(session: Session, station: StationRow, name: str) -> int | None:
    if not name:
        return None
    row = session.scalar(select(PointRow).where(PointRow.station_id == station.id, PointRow.name == name))
    if row is None:
        row = PointRow(station_id=station.id, name=name)
        session.add(row)
        session.flush()
    return row.id


def _newest(session: Session) -> dict[str, ObservationSessionRow]:
    """Return the newest version of each session."""
    rows = session.scalars(select(ObservationSessionRow).order_by(ObservationSessionRow.version))
    return {row.session_id: row for row in rows}


def _with_codes(session: Session, log: FieldLog) -> tuple[FieldLog, dict[str, str]]:
    """Return the log with codes for observers who wrote something that may be a name, and those codes."""
    codes = codes_for_names(session, list(dict.fromkeys(log.sessions["observer"])))
    if not codes:
        return log, {}
    sessions = log.sessions.assign(observer=log.sessions["observer"].replace(codes).astype("str"))
    return _replaced(log, {"sessions": sessions}), {code: name for name, code in codes.items()}


def codes_for_names(session: Session, written: Sequence[str]) -> dict[str, str]:
    """Return codes for those who wrote something that may be a name; known names keep their code.

    Parameters
    ----------
    session : Session
        Of the study.
    written : sequence of str
        What observers or interviewers wrote as their code, each once.
    """
    names = [text for text in written if text and _CODE.fullmatch(text) is None]
    known = (
        {row.name: row.observer_id for row in session.scalars(select(ObserverPrivateRow))} if names else {}
    )
    taken = {*session.scalars(select(ObserverRow.id)), *written} if names else set()
    codes = {}
    for name in names:
        code, number = known.get(name, ""), 1
        while not code or (name not in known and code in taken):
            code, number = f"O{number:02d}", number + 1
        codes[name] = code
        taken.add(code)
    return codes


def _hashes(log: FieldLog, private: Sequence[PrivateAnswer]) -> dict[str, str]:
    """Return a hash of all entries of each session."""
    digests = {name: hashlib.sha256() for name in log.sessions["session_id"]}
    for table in _OF_SESSIONS:
        rows = getattr(log, table)[FIELD_CONTRACTS[table].names]
        at = FIELD_CONTRACTS[table].names.index("session_id")
        for row in rows.itertuples(index=False, name=None):
            digests[row[at]].update(repr((table, row)).encode())
    for pair in log.reliability_pairs.itertuples(index=False, name=None):
        for name in pair[:2]:
            if name in digests:
                digests[name].update(repr(pair).encode())
    for one in private:
        digests[one.session_id].update(repr(one).encode())
    return {name: digest.hexdigest() for name, digest in digests.items()}


def _only(log: FieldLog, sessions: set[str]) -> FieldLog:
    """Return the entries of some sessions."""
    tables = {
        name: rows[rows["session_id"].isin(list(sessions))].reset_index(drop=True)
        for name, rows in log.tables().items()
        if name != "reliability_pairs"
    }
    pairs = log.reliability_pairs
    either = pairs["session_a"].isin(list(sessions)) | pairs["session_b"].isin(list(sessions))
    return _replaced(log, {**tables, "reliability_pairs": pairs[either].reset_index(drop=True)})


def _replaced(log: FieldLog, tables: Mapping[str, pd.DataFrame]) -> FieldLog:
    return FieldLog(**{**log.tables(), **tables}, findings=log.findings)


def _findings(row: FieldLogRow) -> tuple[Finding, ...]:
    return tuple(Finding(**finding) for finding in row.findings)


def _stored(row: FieldLogRow, newest: set[int]) -> StoredFieldLog:
    return StoredFieldLog(
        row.id,
        row.name,
        row.importer,
        tuple(SourceFile(**one) for one in row.sources),
        dict(row.provenance),
        _findings(row),
        {one.session_id: one.version for one in row.sessions},
        tuple(one.session_id for one in row.sessions if one.id in newest),
        row.imported_utc,
    )
