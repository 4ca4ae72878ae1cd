"""Changing what is there already: names, sizes, corners, groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import func, select

from gazestudy.errors import ParameterError
from gazestudy.model.study import Aoi, Placement
from gazestudy.store.aois import free_id, require_area, tidy_label
from gazestudy.store.base import StudyBase, require_name, slug
from gazestudy.store.placements import facet_shares, placement_of, station_row
from gazestudy.store.schema import AoiRow, PlacementRow, RecordingRow, StudyRow

_FIELDS = ("name", "width_mm", "height_mm", "copies", "station", "facets")


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
            Any of `name`, `width_mm`, `height_mm`, `copies`, `station` and `facets`, as in `add_placement`.

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
            row = self._row(session, PlacementRow, placement_id, "placement")
            placement = replace(placement_of(row), **fields)  # the model checks the numbers
            row.name = placement.name or placement_id
            row.width_mm, row.height_mm = placement.width_mm, placement.height_mm
            row.copies = placement.copies
            row.facets = facet_shares(placement.facets, placement.size_px)
            row.station = station_row(session, placement.station)
            return placement_of(row)

    def change_aoi(
        self,
        aoi_id: str,
        *,
        name: str | None = None,
        points_px: Iterable[tuple[float, float]] | None = None,
        label: str | None = None,
    ) -> Aoi:
        """Change the name, the corners or the label of an AOI.

        Parameters
        ----------
        aoi_id : str
            Which one.
        name : str, optional
            For people; None: as it is.
        points_px : iterable of (float, float), optional
            Corners in reference px; None: as they are.
        label : str, optional
            Word that groups AOIs, empty for none; None: as it is.

        Returns
        -------
        Aoi
            As it is now.

        Raises
        ------
        ParameterError
            For fewer than three corners, corners that are not numbers, lines that cross, or a label that is
            no plain text.
        StudyError
            If there is no such AOI.
        """
        with self._database.writing() as session:
            row = self._row(session, AoiRow, aoi_id, "AOI")
            points = row.points_px if points_px is None else [[float(x), float(y)] for x, y in points_px]
            if not np.isfinite(np.array(points, dtype=np.float64)).all():
                raise ParameterError("AOI points", points, "finite numbers of pixels")
            if points_px is not None:
                require_area(points)
            word = row.label if label is None else tidy_label(label)
            aoi = Aoi(row.id, row.placement_id, name or row.name, tuple((x, y) for x, y in points), word)
            row.name, row.points_px, row.label = aoi.name, [list(point) for point in aoi.points_px], aoi.label
        return aoi

    def copy_aois(self, source_id: str, target_id: str) -> tuple[Aoi, ...]:
        """Draw the AOIs of one placement on another too, at the same shares of its picture; all or none.

        Parameters
        ----------
        source_id, target_id : str
            From which placement to which.

        Returns
        -------
        tuple of Aoi
            The new ones.

        Raises
        ------
        StudyError
            If there is no such placement.
        """
        self._require_writing()
        with self._database.writing() as session:
            rows = [self._row(session, PlacementRow, name, "placement") for name in (source_id, target_id)]
            (width, height), (new_width, new_height) = (placement_of(row).size_px for row in rows)
            taken = set(session.scalars(select(AoiRow.id)))
            position = session.scalar(select(func.max(AoiRow.position))) or 0
            query = select(AoiRow).where(AoiRow.placement_id == source_id).order_by(AoiRow.position)
            made = []
            for number, old in enumerate(session.scalars(query).all(), start=1):
                # pixel (0, 0) is the middle of the first one, so the edges lie at -0.5
                points = tuple(
                    ((x + 0.5) * new_width / width - 0.5, (y + 0.5) * new_height / height - 0.5)
                    for x, y in old.points_px
                )
                wanted = free_id(f"{target_id}_{slug(old.name, 'aoi')}"[:56], taken)
                taken.add(wanted)
                made.append(Aoi(wanted, target_id, old.name, points, old.label))
                session.add(
                    AoiRow(
                        id=wanted,
                        placement_id=target_id,
                        position=position + number,
                        name=old.name,
                        points_px=[list(point) for point in points],
                        label=old.label,
                    )
                )
            return tuple(made)

    def set_daypart(self, recording_id: str, daypart: str) -> None:
        """Say when in the day a recording was made.

        Raises
        ------
        StudyError
            If there is no such recording.
        """
        with self._database.writing() as session:
            self._row(session, RecordingRow, recording_id, "recording").daypart = daypart
