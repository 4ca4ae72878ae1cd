"""Alignments of the clocks of recordings with other clocks: facts beside the data, which stays as it is."""

from __future__ import annotations

from sqlalchemy import select

from gazestudy.errors import ParameterError, StudyDamagedError, StudyError
from gazestudy.model.alignment import ClockAlignment, StoredAlignment
from gazestudy.store.base import StudyBase, require_name, signed
from gazestudy.store.keys import jsonable
from gazestudy.store.schema import ClockAlignmentRow, RecordingRow


class AlignmentShelf(StudyBase):
    """The clock alignments of a study."""

    def add_alignment(
        self,
        recording_id: str,
        target: str,
        alignment: ClockAlignment,
        *,
        made_by: str | None = None,
        note: str = "",
    ) -> StoredAlignment:
        """Keep an alignment; earlier ones of the same clocks stay.

        Parameters
        ----------
        recording_id : str
            Whose clock is the source.
        target : str
            Name of the other clock, in any script.
        alignment : ClockAlignment
            The fact.
        made_by : str, optional
            Who made it; None: the user of this computer.
        note : str, optional
            For people.

        Returns
        -------
        StoredAlignment
            As the study keeps it.

        Raises
        ------
        StudyError
            If there is no such recording.
        """
        self._require_writing()
        name = require_name("target", target)
        with self._database.writing() as session:
            self._row(session, RecordingRow, recording_id, "recording")
            row = ClockAlignmentRow(
                recording_id=recording_id,
                target=name,
                facts=jsonable(alignment.to_dict()),
                **signed(made_by, note),
            )
            session.add(row)
            session.flush()
            return self._stored(row)

    def alignments(
        self, recording_id: str | None = None, target: str | None = None
    ) -> tuple[StoredAlignment, ...]:
        """Return alignments in the order they were made.

        Parameters
        ----------
        recording_id, target : str, optional
            Only those of this recording, or to this clock.
        """
        query = select(ClockAlignmentRow).order_by(ClockAlignmentRow.id)
        if recording_id is not None:
            query = query.where(ClockAlignmentRow.recording_id == recording_id)
        if target is not None:
            query = query.where(ClockAlignmentRow.target == require_name("target", target))
        with self._database.reading() as session:
            return tuple(self._stored(row) for row in session.scalars(query))

    def alignment(self, recording_id: str, target: str) -> StoredAlignment:
        """Return the one alignment of a recording with another clock.

        Raises
        ------
        StudyError
            If there is none, or more than one: which of them is right is not decided silently.
        """
        found = self.alignments(recording_id, target)
        if len(found) == 1:
            return found[0]
        if not found:
            known = ", ".join(sorted({one.target for one in self.alignments(recording_id)})) or "none yet"
            raise StudyError(
                f"{self._path}: the clock of {recording_id!r} is not aligned with {target!r};"
                f" aligned with it: {known}"
            )
        numbers = ", ".join(str(one.id) for one in found)
        raise StudyError(
            f"{self._path}: {recording_id!r} and {target!r} have {len(found)} alignments (numbers {numbers});"
            " remove all but one"
        )

    def remove_alignment(self, alignment_id: int) -> None:
        """Remove an alignment.

        Raises
        ------
        StudyError
            If there is none of that number.
        """
        with self._database.writing() as session:
            session.delete(self._row(session, ClockAlignmentRow, alignment_id, "alignment"))

    def _stored(self, row: ClockAlignmentRow) -> StoredAlignment:
        try:
            alignment = ClockAlignment.from_dict(row.facts)
        except (KeyError, TypeError, ParameterError) as error:
            raise StudyDamagedError(
                f"{self._path}: alignment {row.id} of {row.recording_id!r} cannot be read;"
                " remove it and make it again"
            ) from error
        return StoredAlignment(
            row.id, row.recording_id, row.target, alignment, row.made_by, row.made_utc, row.note
        )
