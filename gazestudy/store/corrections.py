"""Corrections of the gaze of recordings: facts beside the data, which stays as it is."""

from __future__ import annotations

from sqlalchemy import select

from gazestudy.errors import ParameterError, StudyDamagedError, StudyError
from gazestudy.model.correction import GazeCorrection, StoredCorrection
from gazestudy.store.base import StudyBase, signed
from gazestudy.store.keys import jsonable
from gazestudy.store.schema import GazeCorrectionRow, RecordingRow


class CorrectionShelf(StudyBase):
    """The gaze corrections of a study; a recording has one or none."""

    def add_correction(
        self,
        recording_id: str,
        correction: GazeCorrection,
        *,
        made_by: str | None = None,
        note: str = "",
        replace: bool = False,
    ) -> StoredCorrection:
        """Keep a correction.

        Parameters
        ----------
        recording_id : str
            Whose gaze.
        correction : GazeCorrection
            The fact, made from the gaze as it was recorded.
        made_by : str, optional
            Who made it; None: the user of this computer.
        note : str, optional
            For people.
        replace : bool, default False
            Take the place of the correction that the recording has.

        Returns
        -------
        StoredCorrection
            As the study keeps it.

        Raises
        ------
        StudyError
            If there is no such recording, or if it has a correction and `replace` is False.
        """
        self._require_writing()
        with self._database.writing() as session:
            self._row(session, RecordingRow, recording_id, "recording")
            present = session.scalar(
                select(GazeCorrectionRow).where(GazeCorrectionRow.recording_id == recording_id)
            )
            if present is not None and not replace:
                raise StudyError(
                    f"{self._path}: the gaze of {recording_id!r} is corrected already (number {present.id} by"
                    f" {present.made_by}, {present.made_utc}); remove that correction, or replace it"
                )
            if present is not None:
                session.delete(present)
                session.flush()
            row = GazeCorrectionRow(
                recording_id=recording_id,
                facts=jsonable(correction.to_dict()),
                **signed(made_by, note),
            )
            session.add(row)
            session.flush()
            return self._stored_correction(row)

    def corrections(self) -> tuple[StoredCorrection, ...]:
        """Return all corrections in the order they were made."""
        with self._database.reading() as session:
            rows = session.scalars(select(GazeCorrectionRow).order_by(GazeCorrectionRow.id))
            return tuple(self._stored_correction(row) for row in rows)

    def correction(self, recording_id: str) -> StoredCorrection | None:
        """Return the correction of a recording, None if its gaze is as recorded.

        Raises
        ------
        StudyDamagedError
            If it cannot be read.
        """
        with self._database.reading() as session:
            row = session.scalar(
                select(GazeCorrectionRow).where(GazeCorrectionRow.recording_id == recording_id)
            )
            return None if row is None else self._stored_correction(row)

    def remove_correction(self, correction_id: int) -> None:
        """Remove a correction: gaze is as recorded again.

        Raises
        ------
        StudyError
            If there is none of that number.
        """
        with self._database.writing() as session:
            session.delete(self._row(session, GazeCorrectionRow, correction_id, "correction"))

    def _stored_correction(self, row: GazeCorrectionRow) -> StoredCorrection:
        try:
            correction = GazeCorrection.from_dict(row.facts)
        except (KeyError, TypeError, ParameterError) as error:
            raise StudyDamagedError(
                f"{self._path}: correction {row.id} of {row.recording_id!r} cannot be read;"
                " remove it and make it again"
            ) from error
        return StoredCorrection(row.id, row.recording_id, correction, row.made_by, row.made_utc, row.note)
