"""What people say about mapping: key frames, answers about stretches of time, markers, the vendor's rank.

These are facts beside the data. They say who made them and when, are kept when results are made again, and
refer to times, not to the number of a fixation, so that they outlive another detection of fixations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Generic, Literal, Self, TypeVar, get_args

from gazestudy.errors import ParameterError

Fact = TypeVar("Fact")
Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
Points = tuple[tuple[float, float], ...]
Verdict = Literal["on", "off", "nowhere"]
VendorRank = Literal["instead", "after", "never"]

CORNERS: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
"""The corners of a picture, as shares of its sides."""

LengthUnit = Literal["mm", "px"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
VENDOR_RANKS: tuple[VendorRank, ...] = get_args(VendorRank)
"""The mapping of a vendor's program takes the place of the automatic one, fills what all others leave out, or
is not used."""


MOST_POINTS = 24
"""So many points a key frame may have; every four are compared."""

_SAME_SHARE, _THIN_SHARE = 0.01, 0.05
_THIN_PX = 6.0


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """Where four or more points of a placement lie in one frame, as a person clicked them.

    Attributes
    ----------
    recording_id : str
        Which recording.
    t_ns : int
        Time of the frame on the clock of the recording, ns.
    placement_id : str
        Which placement.
    corners_px : tuple of 4 or more (float, float)
        Where the points lie in the distorted scene image: the corners of the picture, clockwise from the one
        that is its top left one, or the points of `at_shares`. They may lie outside of the image.
    at_shares : tuple of as many (float, float)
        Which points of the picture these are, as shares of its sides from the top left: its corners, or
        others, in any order, where corners are out of sight or hidden.
    creative_id : str
        Which picture is on show; empty for the first one of the placement.
    copy : int
        Which of its copies.

    Raises
    ------
    ParameterError
        If the points of the picture cannot be seen like that from before it: for corners, if they are no
        convex quadrilateral, clockwise.

    Notes
    -----
    Whoever stands before a plane sees every triangle on it turn the same way round. `require_spread` says
    whether the points lie well enough to be used.
    """

    recording_id: str
    t_ns: int
    placement_id: str
    corners_px: Points
    creative_id: str = ""
    copy: int = 0
    at_shares: Points = CORNERS

    def __post_init__(self) -> None:
        corners, shares = self.corners_px, self.at_shares
        if not 4 <= len(shares) <= MOST_POINTS or not _finite(shares):
            raise ParameterError("at_shares", shares, f"4 to {MOST_POINTS} points of the picture")
        if len(corners) != len(shares) or any(len(corner) != 2 for corner in corners):
            what = "four corners, each x and y" if shares == CORNERS else "as many points as on the picture"
            raise ParameterError("corners_px", corners, what)
        if self.copy < 0:
            raise ParameterError("copy", self.copy, "0 or more")
        if not _finite(corners) or not self._turn_alike():
            if _finite(corners):
                self.require_spread()
            what = (
                "the top left, top right, bottom right and bottom left corner of the picture, in this order"
                if shares == CORNERS
                else "points that lie to each other as on the picture: compare the pairs, one is mixed up"
            )
            raise ParameterError("corners_px", corners, what)

    def require_spread(self) -> None:
        """Refuse points from which nobody can tell how the placement lies.

        Raises
        ------
        ParameterError
            If two points are the same, or there are no four of which no three lie nearly on a line.
        """
        for (one, here), (other, there) in combinations(enumerate(self.at_shares, start=1), 2):
            if math.dist(here, there) < _SAME_SHARE:
                said = f"{one} and {other}: the same point of the picture"
                raise ParameterError("points", said, "points of the picture apart from each other: move one")
        for where, points, least in (
            ("on the picture", self.at_shares, _THIN_SHARE),
            ("in the frame", self.corners_px, _THIN_PX),
        ):
            if _spread(points) < least:
                raise ParameterError(
                    "points",
                    f"nearly on a line {where}",
                    "four points of which no three lie on a line: move one, or add one far from it",
                )

    def _turn_alike(self) -> bool:
        """Return True if all triangles of clear points turn the same way on the picture and in the frame."""
        exact = len(self.at_shares) == 4
        for which in combinations(range(len(self.at_shares)), 3):
            on, seen = ([points[k] for k in which] for points in (self.at_shares, self.corners_px))
            clear = _height(on) >= _THIN_SHARE and _height(seen) >= _THIN_PX
            if (exact or clear) and not _turn(on) * _turn(seen) > 0:
                return False
        return True


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


def points_of(points: Any, name: str = "corners_px") -> Points:
    """Return four points or more as plain numbers.

    Parameters
    ----------
    points : array_like, shape (n, 2)
        The points.
    name : str, optional
        What to call them in an error.

    Returns
    -------
    tuple of (float, float)
        The same.

    Raises
    ------
    ParameterError
        If they are fewer than four.
    """
    found = tuple((float(x), float(y)) for x, y in points)
    if len(found) < 4:
        raise ParameterError(name, found, "four points or more, each x and y")
    return found


def _finite(points: Points) -> bool:
    return all(math.isfinite(value) for point in points for value in point)


def _turn(three: Sequence[tuple[float, float]]) -> float:
    """Return twice the area of a triangle, above 0 if it runs clockwise, with y downwards."""
    (ax, ay), (bx, by), (cx, cy) = three
    return (bx - ax) * (cy - by) - (by - ay) * (cx - bx)


def _height(three: Sequence[tuple[float, float]]) -> float:
    """Return the smallest height of a triangle: how far its points are from lying on a line."""
    longest = max(math.dist(here, there) for here, there in combinations(three, 2))
    return abs(_turn(three)) / longest if longest > 0 else 0.0


def _spread(points: Points) -> float:
    """Return how far the best four points are from three of them lying on a line."""
    return max(min(_height(three) for three in combinations(four, 3)) for four in combinations(points, 4))


def _clockwise(corners: Corners) -> bool:
    """Return True for a convex quadrilateral whose corners run clockwise, with y downwards."""
    if not all(math.isfinite(value) for corner in corners for value in corner):
        return False
    turns = []
    for here in range(4):
        turns.append(_turn([corners[(here + step) % 4] for step in range(3)]))
    return all(turn > 0 for turn in turns)
