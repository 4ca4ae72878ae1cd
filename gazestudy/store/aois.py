"""Areas of interest on placements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import func, select

from gazestudy.errors import ParameterError, StudyError
from gazestudy.geometry.polygons import area, crosses_itself
from gazestudy.model.study import Aoi
from gazestudy.store.base import StudyBase, require_name, require_slug, slug
from gazestudy.store.schema import AoiRow, PlacementRow


class AoiShelf(StudyBase):
    """The areas of interest of a study."""

    def aois(self, placement_id: str | None = None) -> tuple[Aoi, ...]:
        """Return AOIs in the order they were added.

        Parameters
        ----------
        placement_id : str, optional
            Only those of this placement.
        """
        query = select(AoiRow).order_by(AoiRow.position)
        if placement_id is not None:
            query = query.where(AoiRow.placement_id == placement_id)
        with self._database.reading() as session:
            return tuple(_aoi(row) for row in session.scalars(query))

    def add_aoi(
        self,
        placement_id: str,
        name: str,
        points_px: Iterable[tuple[float, float]],
        *,
        label: str = "",
        aoi_id: str | None = None,
    ) -> Aoi:
        """Add an area of interest.

        Parameters
        ----------
        placement_id : str
            Which placement.
        name : str
            For people.
        points_px : iterable of (float, float)
            Corners in reference px, at least three, in order.
        label : str, optional
            Word that groups AOIs, also of different placements; empty for none.
        aoi_id : str, optional
            Id; made of placement and name if None.

        Returns
        -------
        Aoi
            As the study keeps it.

        Raises
        ------
        ParameterError
            For fewer than three corners, or corners that are not numbers, lines that cross or enclose
            nothing, or a label that is no plain text.
        StudyError
            If the placement is not there or the id is taken.
        """
        self._require_writing()
        points = tuple((float(x), float(y)) for x, y in points_px)
        if not np.isfinite(np.array(points)).all():
            raise ParameterError("AOI points", points, "finite numbers of pixels")
        with self._database.writing() as session:
            self._row(session, PlacementRow, placement_id, "placement")
            require_area(points)
            taken = set(session.scalars(select(AoiRow.id)))
            wanted = aoi_id or free_id(f"{placement_id}_{slug(name, 'aoi')}"[:56], taken)
            if wanted in taken:
                raise StudyError(f"{self._path}: the AOI id {wanted!r} is taken; choose another")
            aoi = Aoi(require_slug("AOI id", wanted), placement_id, name or wanted, points, tidy_label(label))
            session.add(
                AoiRow(
                    id=aoi.id,
                    placement_id=placement_id,
                    position=(session.scalar(select(func.max(AoiRow.position))) or 0) + 1,
                    name=aoi.name,
                    points_px=[list(point) for point in points],
                    label=aoi.label,
                )
            )
        return aoi

    def remove_aoi(self, aoi_id: str) -> None:
        """Remove an area of interest.

        Raises
        ------
        StudyError
            If there is none of that id.
        """
        with self._database.writing() as session:
            session.delete(self._row(session, AoiRow, aoi_id, "AOI"))


def _aoi(row: AoiRow) -> Aoi:
    points = tuple((float(x), float(y)) for x, y in row.points_px)
    return Aoi(row.id, row.placement_id, row.name, points, row.label)


def require_area(points: Sequence[Sequence[float]]) -> None:
    """Refuse corners whose lines cross each other or enclose nothing: what is inside would be unclear.

    Raises
    ------
    ParameterError
        If so.
    """
    if len(points) >= 3 and (crosses_itself(points) or area(points) == 0):
        raise ParameterError(
            "AOI points", f"{len(points)} corners", "lines around an area that do not cross each other"
        )


def tidy_label(label: str) -> str:
    """Return a label in one spelling, so that equal ones are one group; empty stays empty."""
    return require_name("AOI label", label) if label.strip() else ""


def free_id(wanted: str, taken: set[str]) -> str:
    """Return an id that nobody has, with a number behind it if need be."""
    number, candidate = 2, wanted
    while candidate in taken:
        candidate, number = f"{wanted}-{number}", number + 1
    return candidate
