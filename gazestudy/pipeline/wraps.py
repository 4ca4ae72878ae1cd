"""Pictures of placements that go round a pillar or a corner: joined from several, or cut into flat parts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.model import Facet, Placement
from gazestudy.model.facets import check_facets, strips
from gazestudy.pipeline.grabbing import write_picture
from gazestudy.store import Study
from gazestudy.store.pictures import decode, load_picture

Picture = NDArray[np.uint8]


def joined_picture(
    pictures: Sequence[Path], facets: Sequence[Facet] = ()
) -> tuple[Picture, tuple[Facet, ...]]:
    """Put the pictures of the flat parts of a wrap together to one flat picture.

    Parameters
    ----------
    pictures : sequence of Path
        One picture for each part, seen from the front (`placement grab` makes them); from left to right
        where `facets` is empty.
    facets : sequence of Facet, optional
        Where each belongs, px of the whole; without them all get the height of the tallest and stand side by
        side. What no part covers is grey.

    Returns
    -------
    picture : ndarray of uint8, shape (height, width, 3)
        Red, green, blue.
    facets : tuple of Facet
        The place of each.

    Raises
    ------
    InputError
        For a file that is no usable picture.
    ParameterError
        If there are more or fewer facets than pictures, or they overlap.
    """
    images = []
    for path in pictures:
        image = decode(load_picture(path).content)
        assert image is not None  # it was just checked
        images.append(image)
    places = tuple(facets) or _side_by_side([(image.shape[1], image.shape[0]) for image in images])
    if len(places) != len(images):
        raise ParameterError("facets", len(places), f"one for each of the {len(images)} pictures")
    size = max(round(one.right_px) for one in places), max(round(one.bottom_px) for one in places)
    check_facets(places, size)
    whole = np.full((size[1], size[0], 3), 128, dtype=np.uint8)
    for image, place in zip(images, places, strict=True):
        left, top, right, bottom = (
            round(v) for v in (place.left_px, place.top_px, place.right_px, place.bottom_px)
        )
        smaller = right - left < image.shape[1] or bottom - top < image.shape[0]
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        whole[top:bottom, left:right] = cv2.resize(image, (right - left, bottom - top), interpolation=method)
    return np.ascontiguousarray(whole[..., ::-1]), places


def _side_by_side(sizes: Sequence[tuple[int, int]]) -> tuple[Facet, ...]:
    height = max(one[1] for one in sizes)
    edges = np.cumsum([0] + [round(width * height / own) for width, own in sizes]).tolist()
    return tuple(Facet(float(left), 0.0, float(right), float(height)) for left, right in pairwise(edges))


def add_wrap(
    study: Study, placement_id: str, pictures: Sequence[Path], *, facets: Sequence[Facet] = (), **facts: Any
) -> Placement:
    """Add a placement whose flat parts were photographed one by one.

    Parameters
    ----------
    study : Study
        Open for writing.
    placement_id : str
        Its id.
    pictures, facets
        As for `joined_picture`.
    **facts
        As for `Study.add_placement`.

    Returns
    -------
    Placement
        As the study keeps it: with one flat picture.

    Raises
    ------
    InputError, ParameterError, StudyError
        As `joined_picture` and `Study.add_placement`.
    """
    whole, places = joined_picture(pictures, facets)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{placement_id}.png"
        write_picture(file, whole)
        return study.add_placement(placement_id, [file], facets=places, **facts)


def change_facets(
    study: Study, placement_id: str, *, count: int = 0, facets: Sequence[Facet] = ()
) -> Placement:
    """Say anew which parts of a placement are flat.

    Parameters
    ----------
    study : Study
        Open for writing.
    placement_id : str
        Which placement.
    count : int
        So many upright strips of equal width; 0: as `facets` says.
    facets : sequence of Facet
        The parts, reference px; empty: it is flat as a whole.

    Returns
    -------
    Placement
        As it is now; its mapping is out of date.

    Raises
    ------
    ParameterError
        For strips too narrow, or facets that overlap or reach beyond the picture.
    StudyError
        If there is no such placement.
    """
    size_px = study.placement(placement_id).size_px
    return study.change_placement(placement_id, facets=strips(size_px, count) if count else tuple(facets))


def strips_of(picture: Path, count: int) -> tuple[Facet, ...]:
    """Return the upright strips of a picture file.

    Raises
    ------
    InputError
        If it is no usable picture.
    ParameterError
        For strips too narrow.
    """
    loaded = load_picture(picture)
    return strips((loaded.width_px, loaded.height_px), count)
