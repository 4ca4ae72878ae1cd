"""What an export can be told, and what came out of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gazestudy.model import StudyRecording
from gazestudy.store import Study


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What an export can be told.

    Attributes
    ----------
    recordings : tuple of str or None
        Only these recordings; None: all.
    personal : bool
        With personal data: names instead of pseudonyms, and tables of personal data.
    video : bool or None
        Copy scene videos along; None: as is usual for the format.
    corrected : bool
        Gaze with the study's correction of offset and drift, instead of as recorded.
    fixations : bool
        Tables also of every single fixation on a placement.
    """

    recordings: tuple[str, ...] | None = None
    personal: bool = False
    video: bool | None = None
    corrected: bool = False
    fixations: bool = False

    def given(self) -> list[str]:
        """Return the options that not every format takes and that were given."""
        said = {
            "recordings": self.recordings is not None,
            "video": self.video is not None,
            "corrected": self.corrected,
            "fixations": self.fixations,
        }
        return [name for name, is_given in said.items() if is_given]

    def chosen(self, study: Study) -> list[StudyRecording]:
        """Return the recordings that were chosen.

        Raises
        ------
        StudyError
            If there is no such recording.
        """
        if self.recordings is None:
            return list(study.recordings())
        return [study.recording(name) for name in self.recordings]


@dataclass(frozen=True, slots=True)
class Part:
    """One table, recording or other part that was written.

    Attributes
    ----------
    name : str
        Which.
    path : Path
        Where it is.
    rows : int
        How many rows, samples or entries it has.
    lost : tuple of str
        What the format cannot hold of it, in words.
    """

    name: str
    path: Path
    rows: int
    lost: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {"name": self.name, "path": str(self.path), "rows": self.rows, "lost": list(self.lost)}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    format : str
        In which format.
    path : Path
        The file or folder.
    parts : tuple of Part
        What is in it.
    lost : tuple of str
        What of the study as a whole is not in it, and what a reader has to know.
    """

    format: str
    path: Path
    parts: tuple[Part, ...]
    lost: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "format": self.format,
            "path": str(self.path),
            "parts": [part.to_dict() for part in self.parts],
            "lost": list(self.lost),
        }
