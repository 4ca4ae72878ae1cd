"""Reference images: the pictures of the ad placements, made ready for finding and for comparing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.homographies import apply_homography, corners_px, scaling
from gazestudy.model.facets import WHOLE, Facet, whole

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

ART_LONG_SIDE_PX = 720
"""Pictures are reduced to this long side; a placement is hardly ever seen larger, and SIFT slows down."""

_TRACK_POINTS = 140
_MIN_SIDE_PX = 16
_SIZES = 24  # that are remembered of a picture: all of them would fill the memory in an hour


@dataclass(frozen=True, slots=True)
class Cut:
    """Where on the artwork of a placement a picture belongs.

    Attributes
    ----------
    number : int
        Number of the facet, from 0.
    facet : Facet
        The part of the artwork.
    whole_px : (int, int)
        Width and height of the whole artwork, reference px.
    """

    number: int
    facet: Facet
    whole_px: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One picture of one placement.

    Attributes
    ----------
    placement_id : str
        Which placement. Reference px are pixels of the first picture given for it.
    creative_id : str
        Which picture; a digital placement has several.
    image : ndarray of uint8, shape (height, width)
        Luma; a BGR picture may be given, of which luma is kept.
    copies : int
        How many times the placement may hang in view.
    size_mm : (float, float) or None
        Width and height of the picture on the wall.
    cut : Cut or None
        Which part of the artwork of the placement the picture is, where that is not flat as a whole.
    changes : bool
        The placement may show pictures that nobody gave; it does where several were given.

    Raises
    ------
    ParameterError
        If the image is not 8-bit luma or BGR, or is smaller than 16 px.
    """

    placement_id: str
    creative_id: str
    image: Bytes
    copies: int = 1
    size_mm: tuple[float, float] | None = None
    cut: Cut | None = None
    changes: bool = False

    def __post_init__(self) -> None:
        shape = self.image.shape
        flat = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
        if self.image.dtype != np.uint8 or not flat:
            raise ParameterError(
                f"image of {self.creative_id!r}", f"{self.image.dtype} {shape}", "8-bit luma or BGR"
            )
        if min(shape[:2]) < _MIN_SIDE_PX:
            raise ParameterError(
                f"image of {self.creative_id!r}", shape, f"at least {_MIN_SIDE_PX} px a side"
            )
        if self.copies < 1:
            raise ParameterError("copies", self.copies, "1 or more")
        object.__setattr__(self, "image", luma_of(self.image))

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.image.shape[1], self.image.shape[0]

    @property
    def facet(self) -> int:
        """Which facet of the placement it shows, `WHOLE` for all of it."""
        return WHOLE if self.cut is None else self.cut.number

    @property
    def face(self) -> tuple[str, int]:
        """What hangs somewhere as one flat piece: placement and facet."""
        return self.placement_id, self.facet


@dataclass(slots=True, eq=False)
class Artwork:
    """A reference made ready: reduced luma, points worth tracking, and smaller versions on demand.

    Attributes
    ----------
    reference : Reference
        Where it comes from.
    luma : ndarray of uint8, shape (height, width)
        Reduced picture; its pixels are called art px.
    to_reference : ndarray of float64, shape (3, 3)
        Art px to reference px of the placement.
    whole_px : (int, int)
        Size of the placement's first picture: that of the whole artwork.
    points : ndarray of float32, shape (n, 2)
        Corners worth tracking, well spread, art px.
    """

    reference: Reference
    luma: Bytes
    to_reference: Floats
    whole_px: tuple[int, int]
    points: NDArray[np.float32]
    _reduced: Callable[[tuple[int, int]], Bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._reduced = lru_cache(maxsize=_SIZES)(partial(resized, self.luma))

    @property
    def to_plane(self) -> Floats:
        """Art px to the plane of the placement in widths of it, from its top left corner."""
        width, height = self.size_px
        shown = self.reference.size_mm or self.shown_px
        step_y = shown[1] / shown[0] / height
        return np.array([[1 / width, 0, 0.5 / width], [0, step_y, 0.5 * step_y], [0, 0, 1.0]])

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of `luma`."""
        return self.luma.shape[1], self.luma.shape[0]

    @property
    def shown_px(self) -> tuple[float, float]:
        """Width and height of the part of the placement it shows, reference px."""
        cut = self.reference.cut
        return (float(self.whole_px[0]), float(self.whole_px[1])) if cut is None else cut.facet.size_px

    @property
    def width_share(self) -> float:
        """Share of the placement's width that it shows."""
        return self.shown_px[0] / self.whole_px[0]

    @property
    def outline_px(self) -> Floats:
        """Corners of that part, reference px, shape (4, 2)."""
        return apply_homography(self.to_reference, corners_px(*self.size_px))

    def reduced(self, size_px: tuple[int, int]) -> Bytes:
        """Return the picture at another size, area-averaged; the last few sizes are remembered."""
        return self.luma if size_px == self.size_px else self._reduced(size_px)


def cut_apart(references: Sequence[Reference], facets: Sequence[Facet]) -> list[Reference]:
    """Cut the pictures of one placement into those of its facets.

    Parameters
    ----------
    references : sequence of Reference
        All pictures of the placement; the first one defines reference px.
    facets : sequence of Facet
        Its flat parts.

    Returns
    -------
    list of Reference
        All facets of the first picture, then those of the next.

    Notes
    -----
    On a pillar a strip is an arc, its picture a chord: up to 30 degrees of arc they differ by 1 % in width,
    and the pillar bulges by 3 % of the strip's width before it.
    """
    return [
        _part_of(reference, Cut(number, facet, references[0].size_px))
        for reference in references
        for number, facet in enumerate(facets)
    ]


def _part_of(reference: Reference, cut: Cut) -> Reference:
    width, height = reference.size_px
    shown = cut.facet.at_scale(width / cut.whole_px[0], height / cut.whole_px[1])
    left, top = round(shown.left_px), round(shown.top_px)
    right, bottom = min(width, round(shown.right_px)), min(height, round(shown.bottom_px))
    image = np.ascontiguousarray(reference.image[top:bottom, left:right])
    size_mm = None
    if reference.size_mm is not None:
        share = np.array(cut.facet.size_px) / cut.whole_px
        size_mm = reference.size_mm[0] * float(share[0]), reference.size_mm[1] * float(share[1])
    back = Facet(left, top, right, bottom).at_scale(cut.whole_px[0] / width, cut.whole_px[1] / height)
    return replace(reference, image=image, size_mm=size_mm, cut=replace(cut, facet=back))


def resized(image: Bytes, size_px: tuple[int, int], into: Bytes | None = None) -> Bytes:
    """Return `image` at another size without aliasing, in a picture of that size where one is given."""
    shrinks = size_px[0] < image.shape[1] or size_px[1] < image.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size_px, into, interpolation=method), dtype=np.uint8)


def luma_of(image: Bytes) -> Bytes:
    """Return the luma of a luma or BGR image."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def prepare(references: Sequence[Reference]) -> list[Artwork]:
    """Make references ready for mapping.

    Parameters
    ----------
    references : sequence of Reference
        All pictures of all placements; the first of a placement defines its reference px.

    Returns
    -------
    list of Artwork
        In the same order.

    Raises
    ------
    ParameterError
        If a creative is named twice, or two placements show the same picture and so cannot be told apart.
    """
    first: dict[str, tuple[int, int]] = {}
    names: set[tuple[str, int]] = set()
    pictures: dict[bytes, Reference] = {}
    artworks = []
    for reference in references:
        name = reference.creative_id, reference.facet
        if name in names:
            raise ParameterError("creative_id", reference.creative_id, "each creative once")
        names.add(name)
        given = reference.size_px if reference.cut is None else reference.cut.whole_px
        whole_px = first.setdefault(reference.placement_id, given)
        luma = reference.image
        picture = hashlib.sha256(luma.tobytes()).digest()
        twin = pictures.setdefault(repr(luma.shape).encode() + picture, reference)
        artwork = _artwork(reference, luma, whole_px)
        plain = reference.cut is not None and len(artwork.points) == 0  # cannot be taken for anything
        if twin.face != reference.face and not plain:
            _refuse_twins(twin, reference)
        artworks.append(artwork)
    return artworks


def _refuse_twins(one: Reference, other: Reference) -> None:
    if one.placement_id != other.placement_id:
        raise ParameterError(
            "references",
            f"{one.placement_id} and {other.placement_id}",
            "different pictures; a picture that hangs more than once is one placement with copies",
        )
    if one.creative_id == other.creative_id:
        raise ParameterError(
            "facets",
            f"{one.facet + 1} and {other.facet + 1} of {one.placement_id}",
            "different pictures; a motif that repeats around a pillar is one placement with copies",
        )


def _artwork(reference: Reference, luma: Bytes, whole_px: tuple[int, int]) -> Artwork:
    width, height = reference.size_px
    factor = min(1.0, ART_LONG_SIDE_PX / max(width, height))
    size = max(8, round(width * factor)), max(8, round(height * factor))
    reduced = np.ascontiguousarray(luma) if size == (width, height) else resized(luma, size)
    facet = whole(whole_px) if reference.cut is None else reference.cut.facet
    (left, top), (across, down) = (facet.left_px, facet.top_px), facet.size_px
    step_x, step_y = across / size[0], down / size[1]  # edges meet edges
    to_reference = np.array(
        [[step_x, 0, left + (step_x - 1) / 2], [0, step_y, top + (step_y - 1) / 2], [0, 0, 1.0]]
    )
    return Artwork(reference, reduced, to_reference, whole_px, _points_worth_tracking(reduced))


def _points_worth_tracking(luma: Bytes) -> NDArray[np.float32]:
    """Corners that stay corners when the picture is seen small: found on a reduced, smoothed picture."""
    height, width = luma.shape
    factor = min(1.0, 300.0 / max(width, height))
    size = max(8, round(width * factor)), max(8, round(height * factor))
    small = cv2.GaussianBlur(resized(luma, size), (0, 0), 1.2)
    spacing = max(4.0, float(np.sqrt(size[0] * size[1] / _TRACK_POINTS) * 0.6))
    found: Any = cv2.goodFeaturesToTrack(small, _TRACK_POINTS, 0.004, spacing, blockSize=7)
    if found is None:
        return np.zeros((0, 2), dtype=np.float32)
    scale = scaling(size, (width, height))
    points = found.reshape(-1, 2) * scale[[0, 1], [0, 1]] + scale[:2, 2]
    return np.asarray(points, dtype=np.float32)


def texture_report(references: Sequence[Reference]) -> pd.DataFrame:
    """Say how well each picture can be found without markers.

    Parameters
    ----------
    references : sequence of Reference
        The pictures.

    Returns
    -------
    DataFrame
        `placement_id`, `creative_id` (with the number of the facet where it is one, such as "wrap-1 [3]"),
        `width_px`, `height_px`, `key_points` (SIFT key points on the picture reduced to 720 px) and
        `mappable`: "well" (500 or more), "poorly" (60 or more), "hardly". The classes follow the recall
        measured on simulated walks.
    """
    sift = cv2.SIFT.create()
    rows = []
    for artwork in prepare(references):
        count = len(sift.detect(artwork.luma, None))
        reference = artwork.reference
        grade = "well" if count >= 500 else "poorly" if count >= 60 else "hardly"
        shown = (
            reference.creative_id
            if reference.cut is None
            else f"{reference.creative_id} [{reference.facet + 1}]"
        )
        rows.append((reference.placement_id, shown, *reference.size_px, count, grade))
    columns = ["placement_id", "creative_id", "width_px", "height_px", "key_points", "mappable"]
    return pd.DataFrame(rows, columns=columns)
