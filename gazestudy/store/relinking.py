"""Scene videos that are not where the study has them: which they are, and where they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from gazestudy.errors import StudyError
from gazestudy.store.base import StudyBase
from gazestudy.store.intake import stored_place
from gazestudy.store.recordings import media_path
from gazestudy.store.schema import MediaRow


@dataclass(frozen=True, slots=True)
class Medium:
    """A scene video as the study knows it.

    Attributes
    ----------
    recording_id : str
        Of which recording.
    position : int
        Which of its videos, from 0.
    path : Path
        Where it was, absolute.
    size_bytes : int
        Its length.
    sha256 : str
        Its content.
    """

    recording_id: str
    position: int
    path: Path
    size_bytes: int
    sha256: str


class RelinkShelf(StudyBase):
    """Where the scene videos of a study are."""

    def missing_media(self) -> tuple[Medium, ...]:
        """Return the scene videos that are not where they were; only their places are looked at."""
        with self._database.reading() as session:
            rows = session.scalars(select(MediaRow).order_by(MediaRow.recording_id, MediaRow.position))
            known = tuple(
                Medium(
                    row.recording_id, row.position, media_path(self._path, row), row.size_bytes, row.sha256
                )
                for row in rows
            )
        return tuple(medium for medium in known if not medium.path.is_file())

    def relink_media(self, places: Mapping[tuple[str, int], Path]) -> None:
        """Say where scene videos are now.

        Parameters
        ----------
        places : mapping of (str, int) to Path
            Recording and number of the video to the file, whose content is the same as before. That it is,
            `gazestudy.pipeline.relinking.find_moved` has compared; here only lengths are.

        Raises
        ------
        StudyError
            If there is no such video, or a file is not there or has another length. Nothing is changed then.
        """
        self._require_writing()
        with self._database.writing() as session:
            for (recording_id, position), place in places.items():
                row = session.get(MediaRow, (recording_id, position))
                if row is None:
                    raise StudyError(f"{self._path}: recording {recording_id!r} has no video {position}")
                if not place.is_file() or place.stat().st_size != row.size_bytes:
                    raise StudyError(
                        f"{place}: this is not the scene video of recording {recording_id!r}, which has"
                        f" {row.size_bytes} bytes"
                    )
                row.path, row.external = stored_place(place, self._path)
