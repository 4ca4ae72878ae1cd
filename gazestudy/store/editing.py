"""Changing what is there already: names, sizes, corners, groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from gazestudy.errors import ParameterError, StudyError
from gazestudy.model.study import Aoi, Placement
from gazestudy.store.base import StudyBase, require_name
from gazestudy.store.placements import no_placement, placement_of, station_row
from gazestudy.store.schema import AoiRow, PlacementRow, RecordingRow, StudyRow

_FIELDS = ("name", "width_mm", "height_mm", "copies", "station")


class EditShelf(StudyBase):
    """Edits of what a study holds."""

    def rename(self, name: str) -> None:
        """Give the study another name.

        Raises
        ------
        ParameterError
            For a name that is empty or no text.
        """
        wanted = require_name("study name", name)
        with self._database.writing() as session:
            row = session.get(StudyRow, 1)
            if row is not None:
                row.name = wanted

    def change_placement(self, placement_id: str, **fields: Any) -> Placement:
        """Change facts of a placement; its pictures stay.

        Parameters
        ----------
        placement_id : str
            Which one.
        **fields
            Any of `name`, `width_mm`, `height_mm`, `copies` and `station`, as in `add_placement`.

        Returns
        -------
        Placement
            As it is now.

        Raises
        ------
        ParameterError
            For a fact that is not known, or a value that makes no sense.
        StudyError
            If there is no such placement.
        """
        for name in fields:
            if name not in _FIELDS:
                raise ParameterError("placement", name, "one of " + ", ".join(_FIELDS))
        with self._database.writing() as session:
            row = session.scalar(
                select(PlacementRow)
                .options(selectinload(PlacementRow.creatives), selectinload(PlacementRow.station))
                .where(PlacementRow.id == placement_id)
            )
            if row is None:
                raise no_placement(self._path, session, placement_id)
            placement = replace(placement_of(row), **fields)  # the model checks the numbers
            row.name = placement.name or placement_id
            row.width_mm, row.height_mm = placement.width_mm, placement.height_mm
            row.copies = placement.copies
            row.station = station_row(session, placement.station)
            return placement_of(row)

    def change_aoi(
        self, aoi_id: str, *, name: str | None = None, points_px: Iterable[tuple[float, float]] | None = None
    ) -> Aoi:
        """Change the name or the corners of an AOI.

        Parameters
        ----------
        aoi_id : str
            Which one.
        name : str, optional
            For people; None: as it is.
        points_px : iterable of (float, float), optional
            Corners in reference px; None: as they are.

        Returns
        -------
        Aoi
            As it is now.

        Raises
        ------
        ParameterError
            For fewer than three corners, or corners that are not numbers.
        StudyError
            If there is no such AOI.
        """
        with self._database.writing() as session:
            row = session.get(AoiRow, aoi_id)
            if row is None:
                raise StudyError(f"{self._path}: there is no AOI {aoi_id!r}")
            points = row.points_px if points_px is None else [[float(x), float(y)] for x, y in points_px]
            if not np.isfinite(np.array(points, dtype=np.float64)).all():
                raise ParameterError("AOI points", points, "finite numbers of pixels")
            aoi = Aoi(row.id, row.placement_id, name or row.name, tuple((x, y) for x, y in points))
            row.name, row.points_px = aoi.name, [list(point) for point in aoi.points_px]
        return aoi

    def set_daypart(self, recording_id: str, daypart: str) -> None:
        """Say when in the day a recording was made.

        Raises
        ------
        StudyError
            If there is no such recording.
        """
        with self._database.writing() as session:
            self._recording_to_edit(session, recording_id).daypart = daypart

    def _recording_to_edit(self, session: Session, recording_id: str) -> RecordingRow:
        row = session.get(RecordingRow, recording_id)
        if row is None:
            raise StudyError(f"{self._path}: there is no recording {recording_id!r}")
        return row
