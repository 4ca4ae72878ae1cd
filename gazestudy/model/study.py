"""What a study is made of, besides recordings: stations, placements, creatives, AOIs, participants.

A placement is a physical ad face. A creative is the picture shown on it. An AOI is a polygon on the
placement. All of them use reference pixels: pixels of the placement's first creative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gazestudy.errors import ParameterError
from gazestudy.model.facets import WHOLE, Facet, check_facets, whole

PlacementKind = Literal["static", "digital"]


@dataclass(frozen=True, slots=True)
class Creative:
    """A picture shown on a placement.

    Attributes
    ----------
    id : str
        Unique in the study.
    placement_id : str
        Where it is shown.
    name : str
        For people.
    image : str
        Path of the picture relative to the study folder, with "/".
    sha256 : str
        Hash of that file.
    width_px, height_px : int
        Size of the picture.
    """

    id: str
    placement_id: str
    name: str
    image: str
    sha256: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Aoi:
    """An area of interest: a polygon on a placement.

    Attributes
    ----------
    id : str
        Unique in the study.
    placement_id : str
        Which placement.
    name : str
        For people.
    points_px : tuple of (float, float)
        Corners in reference px, at least three, in order.
    label : str
        Word that AOIs of several placements share, such as "logo"; those of one label are a group. May be
        empty.
    """

    id: str
    placement_id: str
    name: str
    points_px: tuple[tuple[float, float], ...]
    label: str = ""

    def __post_init__(self) -> None:
        if len(self.points_px) < 3:
            raise ParameterError("AOI points", self.points_px, "at least three corners")


@dataclass(frozen=True, slots=True)
class Placement:
    """A physical ad face.

    Attributes
    ----------
    id : str
        Short unique name without spaces, such as "platform-2-north".
    name : str
        For people, in any script.
    creatives : tuple of Creative
        Pictures shown on it; the first defines reference px.
    kind : {"static", "digital"}
        Print or screen.
    width_mm, height_mm : float or None
        Physical size of the picture.
    copies : int
        How many times the same picture hangs in the station; copies cannot be told apart and are one
        placement.
    station : str
        Station name, may be empty.
    facets : tuple of Facet
        The flat parts of a picture that goes round a pillar or a corner; empty where all of it is flat. They
        share no part of the picture. Where such a picture hangs several times, gaze lies on the placement as
        usual, and which of the copies it was is left open (-1).
    """

    id: str
    name: str
    creatives: tuple[Creative, ...] = ()
    kind: PlacementKind = "static"
    width_mm: float | None = None
    height_mm: float | None = None
    copies: int = 1
    station: str = ""
    facets: tuple[Facet, ...] = ()

    def __post_init__(self) -> None:
        if self.creatives:
            check_facets(self.facets, self.size_px)
        if self.copies < 1:
            raise ParameterError("copies", self.copies, "1 or more")
        for label, value in (("width_mm", self.width_mm), ("height_mm", self.height_mm)):
            if value is not None and not value > 0:
                raise ParameterError(label, value, "a positive number of millimetres")

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the reference image."""
        if not self.creatives:
            raise ParameterError("creatives", (), f"at least one picture for placement {self.id!r}")
        return self.creatives[0].width_px, self.creatives[0].height_px

    def facet(self, number: int) -> Facet:
        """Return a facet by its number; `WHOLE`: all of the reference image."""
        return whole(self.size_px) if number == WHOLE else self.facets[number]

    @property
    def only_creative_id(self) -> str:
        """Id of its picture; empty where several take turns, so that one must be recognised."""
        return self.creatives[0].id if len(self.creatives) == 1 else ""


@dataclass(frozen=True, slots=True)
class Participant:
    """A person who wore the glasses, by pseudonym.

    Attributes
    ----------
    id : str
        Pseudonym, such as "P01".
    segment : str
        Group the person belongs to, such as "regular" or "visitor"; may be empty.
    notes : dict
        Other facts that do not identify the person.
    """

    id: str
    segment: str = ""
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StudyRecording:
    """A recording as the study keeps it.

    Attributes
    ----------
    id : str
        Unique in the study, also its folder name.
    name, device, importer : str
        As imported.
    participant_id : str
        Whose recording it is.
    sha256 : str
        Hash over all source files; the same recording is not imported twice.
    daypart : str
        When in the day, such as "morning peak"; may be empty.
    """

    id: str
    name: str
    device: str
    importer: str
    participant_id: str
    sha256: str
    daypart: str = ""
