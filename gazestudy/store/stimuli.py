"""Pictures that are shown in recognition: targets that hung in the station, and foils that never did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gazestudy.errors import ParameterError, StudyError
from gazestudy.model.interview import interview_table
from gazestudy.store.atomic import write_bytes
from gazestudy.store.base import StudyBase, require_name, require_slug, signed
from gazestudy.store.pictures import load_picture
from gazestudy.store.schema import PlacementRow
from gazestudy.store.schema_interviews import StimulusRow

STIMULI_FOLDER = "stimuli"


class StimulusShelf(StudyBase):
    """The targets and foils of a study."""

    def stimuli(self) -> pd.DataFrame:
        """Return targets and foils in the order they were added; keeps `STIMULI`."""
        with self._database.reading() as session:
            return stimuli_of(session)

    def add_stimulus(
        self,
        stimulus: str,
        *,
        name: str = "",
        placement_id: str = "",
        brand: str = "",
        category: str = "",
        image: Path | None = None,
        made_by: str | None = None,
        note: str = "",
    ) -> None:
        """Add a picture: a target where a placement is named, else a foil.

        Parameters
        ----------
        stimulus : str
            Its id: small letters, digits, "-" and "_".
        name : str, optional
            What interviewers call it; the id if empty.
        placement_id : str, optional
            Where it hangs.
        brand, category : str, optional
            Brand, and category of product.
        image : Path, optional
            The picture, which is copied into the study. A target without one shows the first picture of its
            placement.
        made_by : str, optional
            Who adds it; None: the user of this computer.
        note : str, optional
            For people.

        Raises
        ------
        ParameterError
            If the id or name is not usable.
        InputError
            If the picture cannot be read.
        StudyError
            If the id is taken, or there is no such placement.
        """
        require_slug("stimulus", stimulus)
        self._require_writing()
        picture = None if image is None else load_picture(image)
        with self._database.writing() as session:
            if session.get(StimulusRow, stimulus) is not None:
                raise StudyError(f"{self._path}: there is a picture {stimulus!r} already; remove it first")
            placement = self._row(session, PlacementRow, placement_id, "placement") if placement_id else None
            row = StimulusRow(
                id=stimulus,
                position=(session.scalar(select(func.max(StimulusRow.position))) or 0) + 1,
                name=require_name("name", name or stimulus),
                shown="target" if placement_id else "foil",
                placement_id=placement_id,
                brand=brand.strip(),
                category=category.strip(),
                image="" if placement is None else placement.creatives[0].image,
                sha256="" if placement is None else placement.creatives[0].sha256,
                size_bytes=0 if placement is None else placement.creatives[0].size_bytes,
                **signed(made_by, note),
            )
            if image is not None and picture is not None:
                row.image = f"{STIMULI_FOLDER}/{stimulus}{image.suffix.lower()}"
                row.sha256, row.size_bytes = picture.sha256, len(picture.content)
                target = self._inside(row.image)
                target.parent.mkdir(exist_ok=True)
                write_bytes(target, picture.content)
            session.add(row)

    def remove_stimulus(self, stimulus: str) -> None:
        """Forget a target or foil; answers about it stay.

        Raises
        ------
        StudyError
            If there is none of that id.
        """
        self._require_writing()
        with self._database.writing() as session:
            row = self._row(session, StimulusRow, stimulus, "picture")
            image = row.image if row.image.startswith(f"{STIMULI_FOLDER}/") else ""
            session.delete(row)
        if image and self._change is None:  # where edits are recorded the picture may be wanted again
            self._inside(image).unlink(missing_ok=True)


def stimuli_of(session: Session) -> pd.DataFrame:
    """Return targets and foils as a table."""
    rows = session.scalars(select(StimulusRow).order_by(StimulusRow.position, StimulusRow.id))
    return interview_table(
        "stimuli",
        [
            {
                "stimulus": row.id, "name": row.name, "shown": row.shown, "placement_id": row.placement_id,
                "brand": row.brand, "category": row.category, "image": row.image,
            }
            for row in rows
        ],
    )  # fmt: skip


def put_stimuli(session: Session, table: pd.DataFrame, signature: Mapping[str, str]) -> int:
    """Add targets and foils of a table that are not there yet; returns how many.

    Raises
    ------
    StudyError
        If one is there as something else, or a target without a placement.
    """
    added = 0
    for values in table.to_dict("records"):
        if values["shown"] not in ("target", "foil") or (values["shown"] == "target") != bool(
            values["placement_id"]
        ):
            raise ParameterError("shown", values["shown"], "target with a placement_id, or foil without one")
        there = session.get(StimulusRow, values["stimulus"])
        if there is not None:
            if (there.shown, there.placement_id) != (values["shown"], values["placement_id"]):
                raise StudyError(
                    f"picture {there.id!r} is a {there.shown} {there.placement_id} in the study and a"
                    f" {values['shown']} {values['placement_id']} in the file; correct one of them"
                )
            continue
        placement = session.get(PlacementRow, values["placement_id"]) if values["placement_id"] else None
        picture = placement.creatives[0] if placement is not None and placement.creatives else None
        session.add(
            StimulusRow(
                id=values["stimulus"],
                position=(session.scalar(select(func.max(StimulusRow.position))) or 0) + 1,
                **{name: values[name] for name in ("name", "shown", "placement_id", "brand", "category")},
                image="" if picture is None else picture.image,
                sha256="" if picture is None else picture.sha256,
                size_bytes=0 if picture is None else picture.size_bytes,
                **signature,
            )
        )
        session.flush()
        added += 1
    return added
