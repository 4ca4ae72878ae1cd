"""What people say about mapping: key frames, answers about stretches of time, markers, the vendor's rank.

These are facts beside the data. They say who made them and when, are kept when results are made again, and
refer to times, not to the number of a fixation, so that they outlive another detection of fixations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Generic, Literal, Self, TypeVar, get_args

from gazestudy.errors import ParameterError

Fact = TypeVar("Fact")
Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
Verdict = Literal["on", "off", "nowhere"]
VendorRank = Literal["instead", "after", "never"]

CORNERS: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
"""The corners of a picture, as shares of its sides."""

LengthUnit = Literal["mm", "px"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
VENDOR_RANKS: tuple[VendorRank, ...] = get_args(VendorRank)
"""The mapping of a vendor's program takes the place of the automatic one, fills what all others leave out, or
is not used."""


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """The four corners of a placement in one frame, as a person clicked them.

    Attributes
    ----------
    recording_id : str
        Which recording.
    t_ns : int
        Time of the frame on the clock of the recording, ns.
    placement_id : str
        Which placement.
    corners_px : tuple of 4 (float, float)
        Where the corners of the picture lie in the distorted scene image, clockwise from the corner that is
        the top left one of the picture; they may lie outside of the image.
    at_shares : tuple of 4 (float, float)
        Which points of the picture these are, as shares of its sides from the top left: its corners, or four
        others where a placement is so near that its corners are out of sight.
    creative_id : str
        Which picture is on show; empty for the first one of the placement.
    copy : int
        Which of its copies.

    Raises
    ------
    ParameterError
        If the corners are not those of a convex quadrilateral, clockwise.
    """

    recording_id: str
    t_ns: int
    placement_id: str
    corners_px: Corners
    creative_id: str = ""
    copy: int = 0
    at_shares: Corners = CORNERS

    def __post_init__(self) -> None:
        if len(self.at_shares) != 4 or not _clockwise(self.at_shares):
            raise ParameterError("at_shares", self.at_shares, "four points of the picture, clockwise")
        if len(self.corners_px) != 4 or any(len(corner) != 2 for corner in self.corners_px):
            raise ParameterError("corners_px", self.corners_px, "four corners, each x and y")
        if self.copy < 0:
            raise ParameterError("copy", self.copy, "0 or more")
        if not _clockwise(self.corners_px):
            raise ParameterError(
                "corners_px",
                self.corners_px,
                "the top left, top right, bottom right and bottom left corner of the picture, in this order",
            )


@dataclass(frozen=True, slots=True)
class ManualAnswer:
    """Where gaze was during a stretch of time, as a person says.

    Attributes
    ----------
    recording_id : str
        Which recording.
    start_ns, end_ns : int
        The stretch on the clock of the recording, ns; the end does not belong to it.
    verdict : {"on", "off", "nowhere"}
        Gaze is at a point of a placement; it is not on this placement, whatever the methods say; it is on
        nobody's placement.
    placement_id : str
        Which placement; empty for "nowhere".
    x_share, y_share : float
        The point, as shares of width and height of the picture from its top left corner; NaN if not "on".
    creative_id : str
        Which picture is on show; empty for the first one of the placement.
    copy : int
        Which of its copies.

    Raises
    ------
    ParameterError
        If these do not fit together.
    """

    recording_id: str
    start_ns: int
    end_ns: int
    verdict: Verdict
    placement_id: str = ""
    x_share: float = math.nan
    y_share: float = math.nan
    creative_id: str = ""
    copy: int = 0

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ParameterError("verdict", self.verdict, "one of " + ", ".join(VERDICTS))
        if not self.end_ns > self.start_ns:
            raise ParameterError("end_ns", self.end_ns, f"later than the start, {self.start_ns}")
        if bool(self.placement_id) == (self.verdict == "nowhere"):
            raise ParameterError(
                "placement_id", self.placement_id, "a placement, and none for gaze that is on no placement"
            )
        point = self.x_share, self.y_share
        if self.verdict == "on" and not all(0 <= share <= 1 for share in point):
            raise ParameterError("x_share, y_share", point, "a point on the picture: shares from 0 to 1")
        if self.copy < 0:
            raise ParameterError("copy", self.copy, "0 or more")


@dataclass(frozen=True, slots=True)
class Marker:
    """A printed marker beside or on a placement.

    Attributes
    ----------
    id : int
        Its number in the dictionary.
    corners : tuple of 4 (float, float)
        Its outer corners (of the black square), from the corner that is top left when the marker is upright,
        clockwise; to the right of and below the top left corner of the placement, in the unit of the layout.

    Raises
    ------
    ParameterError
        If the number is negative or the corners are no convex quadrilateral, clockwise.
    """

    id: int
    corners: Corners

    def __post_init__(self) -> None:
        if self.id < 0:
            raise ParameterError("id", self.id, "0 or more")
        if len(self.corners) != 4 or not _clockwise(self.corners):
            raise ParameterError(
                f"corners of marker {self.id}",
                self.corners,
                "its top left, top right, bottom right and bottom left corner, in this order",
            )

    @classmethod
    def upright(cls, marker_id: int, *, x: float, y: float, side: float) -> Self:
        """Return a marker that hangs upright, by its top left corner and its side."""
        if not side > 0:
            raise ParameterError(f"side of marker {marker_id}", side, "above 0")
        right, bottom = x + side, y + side
        return cls(marker_id, ((x, y), (right, y), (right, bottom), (x, bottom)))


@dataclass(frozen=True, slots=True)
class MarkerLayout:
    """The markers of one placement.

    Attributes
    ----------
    placement_id : str
        Which placement.
    dictionary : str
        Family of the markers, such as "apriltag_36h11" or "aruco_4x4_50".
    markers : tuple of Marker
        At least one, each number once.
    unit : {"mm", "px"}
        Unit of their corners: on the wall, or on the reference image (0 is the edge of the picture).

    Raises
    ------
    ParameterError
        If there is none, a number comes twice, or the unit is another one.
    """

    placement_id: str
    dictionary: str
    markers: tuple[Marker, ...]
    unit: LengthUnit = "mm"

    def __post_init__(self) -> None:
        ids = [marker.id for marker in self.markers]
        if not ids or len(set(ids)) < len(ids):
            raise ParameterError("markers", ids, "one marker or more, each number once")
        if self.unit not in get_args(LengthUnit):
            raise ParameterError("unit", self.unit, "mm or px")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "dictionary": self.dictionary,
            "unit": self.unit,
            "markers": [
                {"id": m.id, "corners": [list(corner) for corner in m.corners]} for m in self.markers
            ],
        }

    @classmethod
    def from_dict(cls, placement_id: str, values: dict[str, Any]) -> Self:
        """Make a layout from `to_dict`."""
        markers = tuple(
            Marker(int(one["id"]), corners_of(one["corners"], "corners")) for one in values["markers"]
        )
        return cls(placement_id, str(values["dictionary"]), markers, values["unit"])


@dataclass(frozen=True, slots=True)
class Stored(Generic[Fact]):
    """A fact as the study keeps it.

    Attributes
    ----------
    id : int
        Its number, unique in the study among facts of its kind.
    fact : KeyFrame, ManualAnswer, MarkerLayout or (str, str)
        The fact itself.
    made_by, made_utc : str
        Who made it and when.
    note : str
        For people.
    """

    id: int
    fact: Fact
    made_by: str
    made_utc: str
    note: str = ""


def corners_of(points: Any, name: str = "corners_px") -> Corners:
    """Return four points as plain numbers.

    Parameters
    ----------
    points : array_like, shape (4, 2)
        The points.
    name : str, optional
        What to call them in an error.

    Returns
    -------
    tuple of 4 (float, float)
        The same.

    Raises
    ------
    ParameterError
        If they are not four points.
    """
    found = [(float(x), float(y)) for x, y in points]
    if len(found) != 4:
        raise ParameterError(name, found, "four corners, each x and y")
    return found[0], found[1], found[2], found[3]


def _clockwise(corners: Corners) -> bool:
    """Return True for a convex quadrilateral whose corners run clockwise, with y downwards."""
    if not all(math.isfinite(value) for corner in corners for value in corner):
        return False
    turns = []
    for here in range(4):
        (ax, ay), (bx, by), (cx, cy) = (corners[(here + step) % 4] for step in range(3))
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    return all(turn > 0 for turn in turns)
