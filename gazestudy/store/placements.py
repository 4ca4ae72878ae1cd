"""Placements and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from gazestudy.errors import InputError, ParameterError, StudyDamagedError, StudyError
from gazestudy.model.facets import Facet, check_facets
from gazestudy.model.study import Creative, Placement, PlacementKind
from gazestudy.store.atomic import filled_folder, mark, publish, recording_of, write_bytes
from gazestudy.store.base import PLACEMENTS, StudyBase, require_slug
from gazestudy.store.pictures import SAME_CORRELATION, Picture, PictureFile, decode, load_picture, similarity
from gazestudy.store.schema import CreativeRow, PlacementRow, StationRow

_SUFFIXES = {".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".jp2", ".ppm", ".pgm"}
_LOADED = (selectinload(PlacementRow.creatives), selectinload(PlacementRow.station))


class PlacementShelf(StudyBase):
    """The placements of a study."""

    def placements(self) -> tuple[Placement, ...]:
        """Return all placements in the order they were added."""
        with self._database.reading() as session:
            rows = session.scalars(select(PlacementRow).options(*_LOADED).order_by(PlacementRow.position))
            return tuple(placement_of(row) for row in rows)

    def placement(self, placement_id: str) -> Placement:
        """Return one placement.

        Raises
        ------
        StudyError
            If there is none of that id; names those there are.
        """
        with self._database.reading() as session:
            return placement_of(self._row(session, PlacementRow, placement_id, "placement", _LOADED))

    def add_placement(
        self,
        placement_id: str,
        images: Sequence[Path],
        *,
        name: str = "",
        kind: PlacementKind = "static",
        width_mm: float | None = None,
        height_mm: float | None = None,
        copies: int = 1,
        station: str = "",
        facets: Sequence[Facet] = (),
    ) -> Placement:
        """Add a placement and copy its pictures into the study.

        Parameters
        ----------
        placement_id : str
            Small letters, digits, "-" and "_"; also the folder name.
        images : sequence of Path
            The pictures shown on it, at least one; the first defines reference px. They are checked before
            anything is written.
        name : str, optional
            For people, in any script; the id if empty.
        kind : {"static", "digital"}, optional
            Print or screen; only a screen shows several pictures.
        width_mm, height_mm : float, optional
            Physical size of the picture, None if not known.
        copies : int, optional
            How many times the same picture hangs in the station.
        station : str, optional
            Station name.
        facets : sequence of Facet, optional
            Flat parts of a picture that goes round a pillar or a corner, reference px.

        Returns
        -------
        Placement
            As the study keeps it.

        Raises
        ------
        ParameterError
            For an id, size or number that makes no sense.
        InputError
            For a file that is no usable picture, or shows the same as another one.
        StudyError
            If the id is taken, or the disk refuses.
        """
        self._require_writing()
        require_slug("placement id", placement_id)
        if kind not in ("static", "digital"):
            raise ParameterError("kind", kind, "static or digital")
        if not images:
            raise ParameterError(
                "images", list(images), f"at least one picture for placement {placement_id!r}"
            )
        if len(images) > 1 and kind == "static":
            raise ParameterError(
                "images", len(images), "one picture, or kind digital for a face that changes"
            )
        # The model checks the numbers.
        Placement(placement_id, name, (), kind, width_mm, height_mm, copies, station)
        pictures = [load_picture(Path(image)) for image in images]
        size_px = pictures[0].width_px, pictures[0].height_px
        check_facets(facets, size_px)
        with self._database.reading() as session:
            self._refuse_pictures(session, placement_id, pictures)
        folder = self._inside(PLACEMENTS, placement_id)
        names = [
            f"picture-{number}{picture_suffix(picture.source)}" for number, picture in enumerate(pictures, 1)
        ]
        with filled_folder(folder) as filled:
            for file_name, picture in zip(names, pictures, strict=True):
                write_bytes(filled / file_name, picture.content)
        publish(filled, folder)
        row = PlacementRow(
            id=placement_id,
            name=name or placement_id,
            kind=kind,
            width_mm=width_mm,
            height_mm=height_mm,
            copies=copies,
            facets=facet_shares(facets, size_px),
            creatives=[
                _creative_row(placement_id, number, file_name, picture)
                for number, (file_name, picture) in enumerate(zip(names, pictures, strict=True), 1)
            ],
        )
        with recording_of(folder), self._database.writing() as session:
            row.position = (session.scalar(select(func.max(PlacementRow.position))) or 0) + 1
            row.station = station_row(session, station)
            session.add(row)
        return placement_of(row)

    def remove_placement(self, placement_id: str) -> None:
        """Remove a placement, its pictures and its AOIs; results made with it are out of date then.

        Raises
        ------
        StudyError
            If there is none of that id.
        """
        self._require_writing()
        folder = self._inside(PLACEMENTS, placement_id)
        with self._database.writing() as session:
            row = self._row(session, PlacementRow, placement_id, "placement")
            mark(folder)
            session.delete(row)
        self._discard(folder)

    def placement_image(self, creative: Creative) -> Picture:
        """Return the picture of a creative.

        Parameters
        ----------
        creative : Creative
            One of `Placement.creatives`.

        Returns
        -------
        ndarray of uint8, shape (height_px, width_px, 3)
            Blue, green, red.

        Raises
        ------
        StudyDamagedError
            If the file is missing or no longer that picture.
        """
        path = self._path / creative.image
        advice = f"Remove placement {creative.placement_id!r} and add it again"
        try:
            image = decode(path.read_bytes())
        except OSError as error:
            raise StudyDamagedError(f"{path}: the picture is missing ({error.strerror}). {advice}") from error
        if image is None or image.shape[:2] != (creative.height_px, creative.width_px):
            raise StudyDamagedError(f"{path}: the picture is damaged or was replaced. {advice}")
        return image

    def _refuse_pictures(self, session: Session, placement_id: str, pictures: list[PictureFile]) -> None:
        if session.get(PlacementRow, placement_id) is not None:
            raise StudyError(
                f"{self._path}: the placement id {placement_id!r} is taken; choose another or remove it first"
            )
        seen = [(row.placement_id, row.thumbnail) for row in session.scalars(select(CreativeRow))]
        for picture in pictures:
            for other_id, thumbnail in seen:
                if similarity(picture.thumbnail, thumbnail) > SAME_CORRELATION:
                    raise same_picture(picture.source, placement_id, other_id)
            seen.append((placement_id, picture.thumbnail))


def same_picture(source: Path, placement_id: str, other_id: str) -> InputError:
    """Return the error for a picture that is there already."""
    if other_id == placement_id:
        return InputError(source, "this picture was given twice", advice="Give each picture once")
    return InputError(
        source,
        f"this is the same picture as that of placement {other_id!r}",
        advice="A picture that hangs more than once is one placement with copies, since gaze cannot tell them"
        f" apart: remove {other_id!r} and add it again with the number of copies",
    )


def facet_shares(facets: Sequence[Facet], size_px: tuple[int, int]) -> list[list[float]]:
    """Return facets as the store keeps them: so they fit when the picture is replaced by a larger one."""
    width, height = size_px
    return [
        [one.left_px / width, one.top_px / height, one.right_px / width, one.bottom_px / height]
        for one in facets
    ]


def placement_of(row: PlacementRow) -> Placement:
    """Return the placement a row describes."""
    width, height = (row.creatives[0].width_px, row.creatives[0].height_px) if row.creatives else (0, 0)
    return Placement(
        row.id,
        row.name,
        tuple(creative_of(creative) for creative in row.creatives),
        "digital" if row.kind == "digital" else "static",
        row.width_mm,
        row.height_mm,
        row.copies,
        row.station.name if row.station else "",
        tuple(
            Facet(*(round(v * side, 4) for v, side in zip(shares, (width, height) * 2, strict=True)))
            for shares in row.facets
        ),
    )


def creative_of(row: CreativeRow) -> Creative:
    """Return the picture a row describes."""
    return Creative(row.id, row.placement_id, row.name, row.image, row.sha256, row.width_px, row.height_px)


def _creative_row(placement_id: str, number: int, file_name: str, picture: PictureFile) -> CreativeRow:
    return CreativeRow(
        id=f"{placement_id}-{number}",
        placement_id=placement_id,
        position=number,
        name=picture.source.stem,
        image=f"{PLACEMENTS}/{placement_id}/{file_name}",
        sha256=picture.sha256,
        size_bytes=len(picture.content),
        width_px=picture.width_px,
        height_px=picture.height_px,
        thumbnail=picture.thumbnail,
    )


def station_row(session: Session, name: str) -> StationRow | None:
    """Get or make a station; None for no name."""
    if not name:
        return None
    return session.scalar(select(StationRow).where(StationRow.name == name)) or StationRow(name=name)


def picture_suffix(source: Path) -> str:
    """Return the ending of the file that keeps a picture."""
    suffix = source.suffix.lower()
    return suffix if suffix in _SUFFIXES else ".img"
