"""Changing the pictures of a placement: another one, one less, a better copy."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from gazestudy.errors import ParameterError
from gazestudy.model.study import Creative
from gazestudy.store.atomic import write_bytes
from gazestudy.store.base import PLACEMENTS, StudyBase
from gazestudy.store.pictures import SAME_CORRELATION, PictureFile, load_picture, similarity
from gazestudy.store.placements import creative_of, picture_suffix, same_picture
from gazestudy.store.schema import (
    AoiRow,
    CreativeRow,
    KeyFrameRow,
    ManualAnswerRow,
    PlacementRow,
    ShowingRow,
)
from gazestudy.store.schema_interviews import StimulusRow


class CreativeShelf(StudyBase):
    """The pictures of placements, one by one; results made with those before are out of date then."""

    def add_creative(self, placement_id: str, image: Path, *, name: str = "") -> Creative:
        """Add a picture to a screen.

        Parameters
        ----------
        placement_id : str
            Which one; printed faces show one picture.
        image : Path
            The picture.
        name : str, optional
            For people; empty: the name of the file.

        Returns
        -------
        Creative
            As the study keeps it.

        Raises
        ------
        ParameterError
            If the placement is no screen.
        InputError
            For a file that is no usable picture, or shows the same as another one.
        StudyError
            If there is no such placement, or the disk refuses.
        """
        self._require_writing()
        picture = load_picture(Path(image))
        with self._database.writing() as session:
            place = self._row(session, PlacementRow, placement_id, "placement")
            if place.kind != "digital":
                raise ParameterError(
                    "placement",
                    placement_id,
                    "a screen: a printed face shows one picture, which can be replaced",
                )
            self._refuse_same(session, placement_id, picture)
            number = 1 + max(int(one.id.rpartition("-")[2]) for one in place.creatives)
            row = CreativeRow(id=f"{placement_id}-{number}", placement_id=placement_id, position=number)
            self._put(row, picture, name)
            session.add(row)
            return creative_of(row)

    def replace_creative(self, creative_id: str, image: Path) -> Creative:
        """Put another file in place of a picture, such as a larger scan; what was said about it stays.

        Parameters
        ----------
        creative_id : str
            Which one.
        image : Path
            The new picture. AOIs keep their shares where it is the first one of its placement and has
            another size.

        Returns
        -------
        Creative
            As the study keeps it.

        Raises
        ------
        InputError
            For a file that is no usable picture, or shows the same as another placement.
        StudyError
            If there is no such picture, or the disk refuses.
        """
        self._require_writing()
        picture = load_picture(Path(image))
        with self._database.writing() as session:
            row = self._row(session, CreativeRow, creative_id, "picture")
            self._refuse_same(session, row.placement_id, picture, but=creative_id)
            before, size_px = row.image, (row.width_px, row.height_px)
            self._put(row, picture, row.name)
            first = session.get_one(PlacementRow, row.placement_id).creatives[0]
            if first is row:
                _scale_aois(session, row, size_px)
            for stimulus in session.scalars(select(StimulusRow).where(StimulusRow.image == before)):
                stimulus.image, stimulus.sha256, stimulus.size_bytes = row.image, row.sha256, row.size_bytes
            made = creative_of(row)
        self._forget_file(before)
        return made

    def remove_creative(self, creative_id: str) -> None:
        """Remove a picture of a screen, with the key frames and answers about it.

        Parameters
        ----------
        creative_id : str
            Which one.

        Raises
        ------
        ParameterError
            If it is the first one, whose pixels AOIs are drawn in, or a schedule shows it.
        StudyError
            If there is no such picture.
        """
        self._require_writing()
        with self._database.writing() as session:
            row = self._row(session, CreativeRow, creative_id, "picture")
            place = session.get_one(PlacementRow, row.placement_id)
            if place.creatives[0] is row:
                raise ParameterError(
                    "picture",
                    creative_id,
                    "another than the first, in whose pixels AOIs are drawn; replace it",
                )
            if session.scalar(select(exists().where(ShowingRow.creative_id == creative_id))):
                raise ParameterError(
                    "picture", creative_id, "one that the schedule does not show; change the schedule first"
                )
            for said in (KeyFrameRow, ManualAnswerRow):
                session.execute(delete(said).where(said.creative_id == creative_id))
            before = row.image
            place.creatives.remove(row)
        self._forget_file(before)

    def _put(self, row: CreativeRow, picture: PictureFile, name: str) -> None:
        """Write the file of a picture under a name that was never used, and describe it."""
        folder = self._inside(PLACEMENTS, row.placement_id)
        number = 1 + max((_number(path) for path in folder.glob("picture-*")), default=0)
        target = folder / f"picture-{number}{picture_suffix(picture.source)}"
        write_bytes(target, picture.content)
        row.name, row.image = name or picture.source.stem, target.relative_to(self._path).as_posix()
        row.sha256, row.size_bytes = picture.sha256, len(picture.content)
        row.width_px, row.height_px, row.thumbnail = picture.width_px, picture.height_px, picture.thumbnail

    def _forget_file(self, image: str) -> None:
        """Delete the file of a picture; where edits are recorded it may be wanted again."""
        if self._change is None:
            self._inside(image).unlink(missing_ok=True)

    def _refuse_same(self, session: Session, placement_id: str, picture: PictureFile, but: str = "") -> None:
        for row in session.scalars(select(CreativeRow).where(CreativeRow.id != but)):
            if similarity(picture.thumbnail, row.thumbnail) > SAME_CORRELATION:
                raise same_picture(picture.source, placement_id, row.placement_id)


def _scale_aois(session: Session, row: CreativeRow, before_px: tuple[int, int]) -> None:
    """Keep AOIs at the same shares of the picture; pixel (0, 0) is the middle of the first one."""
    if (row.width_px, row.height_px) == before_px:
        return
    across, down = row.width_px / before_px[0], row.height_px / before_px[1]
    for aoi in session.scalars(select(AoiRow).where(AoiRow.placement_id == row.placement_id)):
        aoi.points_px = [[(x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5] for x, y in aoi.points_px]


def _number(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0
