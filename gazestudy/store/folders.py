"""Which folders of a study its database knows."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from gazestudy.store.base import PLACEMENTS, RECORDINGS
from gazestudy.store.schema import DerivedRow, FieldLogRow, PlacementRow, RecordingRow


def known_folders(session: Session) -> set[str]:
    """Return the folders the database knows, relative to the study, with "/"."""
    return {
        *(f"{RECORDINGS}/{name}" for name in session.scalars(select(RecordingRow.id))),
        *(f"{PLACEMENTS}/{name}" for name in session.scalars(select(PlacementRow.id))),
        *session.scalars(select(FieldLogRow.path)),
        *session.scalars(select(DerivedRow.path)),
    }
