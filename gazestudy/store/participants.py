"""Participants by pseudonym, and their personal data in a table apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gazestudy.errors import StudyError
from gazestudy.model.study import Participant
from gazestudy.store.base import StudyBase, require_name
from gazestudy.store.keys import jsonable
from gazestudy.store.schema import ParticipantPrivateRow, ParticipantRow


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What identifies a person; it is in no export.

    Attributes
    ----------
    name : str
        Real name, or the name the device had for the person.
    details : dict
        Whatever else was noted.
    """

    name: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class ParticipantShelf(StudyBase):
    """The participants of a study."""

    def participants(self) -> tuple[Participant, ...]:
        """Return all participants, by pseudonym."""
        with self._database.reading() as session:
            rows = session.scalars(select(ParticipantRow).order_by(ParticipantRow.id))
            return tuple(Participant(row.id, row.segment, dict(row.notes)) for row in rows)

    def add_participant(
        self, participant_id: str, *, segment: str = "", notes: Mapping[str, str] | None = None
    ) -> Participant:
        """Add a participant, or complete one that is there.

        Parameters
        ----------
        participant_id : str
            Pseudonym, in any script.
        segment : str, optional
            Group the person belongs to; fills in an empty one.
        notes : mapping of str to str, optional
            Other facts that do not identify the person; added to those there are.

        Returns
        -------
        Participant
            As the study keeps it.

        Raises
        ------
        StudyError
            If the participant is in another segment already.
        """
        self._require_writing()
        with self._database.writing() as session:
            row = self._participant(session, participant_id, segment)
            row.notes = {**row.notes, **(notes or {})}
            return Participant(row.id, row.segment, dict(row.notes))

    def set_segment(self, participant_id: str, segment: str) -> None:
        """Put a participant into another segment.

        Raises
        ------
        StudyError
            If there is no such participant.
        """
        with self._database.writing() as session:
            self._known_participant(session, participant_id).segment = segment

    def set_personal_data(self, participant_id: str, data: PersonalData) -> None:
        """Replace the personal data of a participant; an empty one deletes it.

        Raises
        ------
        StudyError
            If there is no such participant.
        """
        with self._database.writing() as session:
            person = self._known_participant(session, participant_id).id
            row = session.get(ParticipantPrivateRow, person)
            if row is not None:
                session.delete(row)
                session.flush()
            if data != PersonalData():
                session.add(
                    ParticipantPrivateRow(
                        participant_id=person, name=data.name, details=jsonable(data.details)
                    )
                )

    def personal_data(self, participant_id: str) -> PersonalData:
        """Return the personal data of a participant, empty if there is none."""
        with self._database.reading() as session:
            row = session.get(ParticipantPrivateRow, require_name("participant id", participant_id))
            return PersonalData() if row is None else PersonalData(row.name, dict(row.details))

    def _participant(self, session: Session, participant_id: str, segment: str) -> ParticipantRow:
        """Get or make a participant."""
        name = require_name("participant id", participant_id)
        row = session.get(ParticipantRow, name)
        if row is None:
            row = ParticipantRow(id=name, segment=segment, notes={})
            session.add(row)
        elif segment and not row.segment:
            row.segment = segment
        self._refuse_segment(row, segment)
        return row

    def _refuse_segment(self, row: ParticipantRow | None, segment: str) -> None:
        if row is not None and segment and row.segment and segment != row.segment:
            raise StudyError(
                f"{self._path}: participant {row.id!r} is in segment {row.segment!r}, not {segment!r};"
                " leave the segment out or change it first"
            )

    def _known_participant(self, session: Session, participant_id: str) -> ParticipantRow:
        return self._row(
            session, ParticipantRow, require_name("participant id", participant_id), "participant"
        )


def note_device_label(session: Session, participant_id: str, label: str) -> None:
    """Keep the name a device had for a person with the personal data; never lose an earlier one."""
    row = session.get(ParticipantPrivateRow, participant_id)
    if row is None:
        session.add(ParticipantPrivateRow(participant_id=participant_id, name=label, details={}))
    elif not row.name:
        row.name = label
    elif label != row.name:
        labels = [*row.details.get("device_labels", []), label]
        row.details = {**row.details, "device_labels": sorted(set(labels))}
