"""Mapped gaze from vendors' programs: facts of a recording, kept beside its streams.

They are streams named `imported_mapping.<placement>.<table>`; the table "gaze" carries their provenance.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from sqlalchemy import select

from gazestudy.errors import StudyError
from gazestudy.model.imported import WHOLE, ImportedMapping
from gazestudy.model.provenance import ATTRIBUTE
from gazestudy.store.atomic import file_trouble
from gazestudy.store.base import RECORDINGS, now_utc
from gazestudy.store.intake import joined_hash
from gazestudy.store.keys import jsonable
from gazestudy.store.parquet import TableFile, write_table
from gazestudy.store.recordings import RecordingShelf
from gazestudy.store.schema import PlacementRow, StreamRow

PREFIX = "imported_mapping."
_TABLES = ("gaze", "positions", "fixations")


class ImportedMappingShelf(RecordingShelf):
    """The imported mappings of a study."""

    def add_imported_mapping(
        self,
        recording_id: str,
        mapping: ImportedMapping,
        *,
        fixations: pd.DataFrame | None = None,
    ) -> None:
        """Keep what a vendor's program says about one recording and placement.

        Parameters
        ----------
        recording_id : str
            Which recording.
        mapping : ImportedMapping
            The mapping; an earlier one of the same recording and placement is replaced.
        fixations : DataFrame, optional
            The vendor's own fixations, for comparison.

        Raises
        ------
        StudyError
            If there is no such recording, or the disk refuses; nothing is changed then.
        """
        self._require_writing()
        self.recording(recording_id)
        gaze = mapping.gaze.copy(deep=False)
        corners = [list(corner) for corner in mapping.corners]
        gaze.attrs = {
            ATTRIBUTE: jsonable(mapping.provenance),
            "corners": corners,
            "imported_utc": now_utc(),
        }
        tables = dict(zip(_TABLES, (gaze, mapping.positions, fixations), strict=True))
        token = secrets.token_hex(4)  # an earlier import keeps its files until this one is on record
        files = {
            name: write_table(
                table,
                self._inside(RECORDINGS, recording_id),
                f"streams/imported-{mapping.placement_id}-{name}-{token}.parquet",
            )
            for name, table in tables.items()
            if table is not None
        }
        with self._forgotten_on_error(recording_id, files), self._database.writing() as session:
            self._row(session, PlacementRow, mapping.placement_id, "placement")
            known = select(StreamRow).where(StreamRow.recording_id == recording_id)
            position = 1 + max((row.position for row in session.scalars(known)), default=-1)
            old = [row for row in session.scalars(known) if row.name.startswith(_stem(mapping.placement_id))]
            outdated = [row.path for row in old]
            for row in old:
                session.delete(row)
            session.flush()
            for number, (name, file) in enumerate(files.items()):
                session.add(
                    StreamRow(
                        recording_id=recording_id,
                        name=f"{_stem(mapping.placement_id)}{name}",
                        position=position + number,
                        path=f"{RECORDINGS}/{recording_id}/{file.path}",
                        sha256=file.sha256,
                        size_bytes=file.size_bytes,
                        rows=file.rows,
                    )
                )
        self._remove_files(outdated)

    def remove_imported_mapping(self, recording_id: str, placement_id: str) -> None:
        """Forget an imported mapping.

        Raises
        ------
        StudyError
            If there is none.
        """
        self._require_writing()
        with self._database.writing() as session:
            known = select(StreamRow).where(StreamRow.recording_id == recording_id)
            old = [row for row in session.scalars(known) if row.name.startswith(_stem(placement_id))]
            if not old:
                raise StudyError(
                    f"{self._path}: no mapping of {placement_id!r} was imported for {recording_id!r}"
                )
            outdated = [row.path for row in old]
            for row in old:
                session.delete(row)
        self._remove_files(outdated)

    def imported_placements(self, recording_id: str) -> dict[str, str]:
        """Return the placements of a recording that have an imported mapping, each with a hash of it.

        Placements that were removed from the study since are left out; no file is read.
        """
        with self._database.reading() as session:
            streams = self._recording_row(session, recording_id).streams
            placements = set(session.scalars(select(PlacementRow.id)))
            found: dict[str, list[str]] = {}
            for stream in streams:
                if stream.name.startswith(PREFIX):
                    placement_id, _, table = stream.name.removeprefix(PREFIX).rpartition(".")
                    if placement_id in placements:
                        found.setdefault(placement_id, []).append(f"{table} {stream.sha256}")
        return {name: joined_hash(sorted(lines)) for name, lines in found.items()}

    def imported_mapping(self, recording_id: str, placement_id: str) -> ImportedMapping:
        """Return an imported mapping.

        Raises
        ------
        StudyError
            If there is none.
        StudyDamagedError
            If its file is damaged.
        """
        gaze = self.stream(recording_id, f"{_stem(placement_id)}gaze")
        positions = self.stream(recording_id, f"{_stem(placement_id)}positions")
        attrs: dict[Any, Any] = gaze.attrs
        corners = tuple((float(x), float(y)) for x, y in attrs.get("corners", WHOLE))
        return ImportedMapping(placement_id, gaze, positions, corners, dict(attrs.get(ATTRIBUTE, {})))

    @contextmanager
    def _forgotten_on_error(self, recording_id: str, files: dict[str, TableFile]) -> Iterator[None]:
        """Take files away again that did not get on record."""
        try:
            yield
        except BaseException:
            self._remove_files([f"{RECORDINGS}/{recording_id}/{file.path}" for file in files.values()])
            raise

    def _remove_files(self, paths: list[str]) -> None:
        for path in paths:
            target = self._inside(path)
            with file_trouble("removing", target):
                target.unlink(missing_ok=True)


def _stem(placement_id: str) -> str:
    return f"{PREFIX}{placement_id}."
