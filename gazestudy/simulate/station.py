"""A metro station with advertisements: a corridor that opens into a hall with pillars and an escalator.

The corridor runs from z = -4 m to 30 m (4 m wide), the hall from 30 m to 62 m (10 m wide). The walk goes up
the right-hand side, turns round in the hall, and comes back on the other side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gazestudy.model import Creative, Placement
from gazestudy.simulate.artwork import draw_artwork
from gazestudy.simulate.crowd import Person, make_crowd
from gazestudy.simulate.interior import ESCALATOR, build_interior
from gazestudy.simulate.layout import STANDARD, Format, Spot
from gazestudy.simulate.surfaces import Floats, Image, Surface, Texture

STATION_NAME = "Riverside"
_SAME_ART = 1_000_000


@dataclass(frozen=True, slots=True)
class Face:
    """One advertisement hanging in the station.

    Attributes
    ----------
    placement_id : str
        Which placement; distractors have names of their own, starting with "distractor".
    copy : int
        0, 1, ... where the same picture hangs more than once.
    surface : int
        Number of its surface in the station.
    in_study : bool
        False for a distractor.
    creative_ids : tuple of str
        What it shows, in the order of the surface's textures.
    size_px : (int, int)
        Width and height of its reference image.
    """

    placement_id: str
    copy: int
    surface: int
    in_study: bool
    creative_ids: tuple[str, ...]
    size_px: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """The station: everything that does not depend on who walks through it.

    Attributes
    ----------
    placements : tuple of Placement
        What is in the study.
    images : mapping of str to ndarray of uint8, shape (height, width, 3)
        Reference image of each creative of the study, BGR.
    surfaces : tuple of Surface
        All that stands still.
    faces : tuple of Face
        Where advertisements hang, distractors included.
    hot_spots : mapping of str to ndarray, shape (n, 3)
        For each creative (distractors included): x and y share and weight of the spots that draw the eye.
    people : tuple of Person
        The crowd.
    """

    placements: tuple[Placement, ...]
    images: MappingProxyType[str, NDArray[np.uint8]]
    surfaces: tuple[Surface, ...]
    faces: tuple[Face, ...]
    hot_spots: MappingProxyType[str, Floats]
    people: tuple[Person, ...]


def build_station(
    rng: np.random.Generator,
    *,
    reference_long_px: int = 900,
    people: int = 30,
    layout: Sequence[Format] = STANDARD,
) -> Station:
    """Build the station: rooms, advertisements and crowd.

    Parameters
    ----------
    rng : Generator
        Decides artwork and crowd.
    reference_long_px : int, optional
        Longer side of each reference image, px.
    people : int, optional
        How many people walk about.
    layout : sequence of Format, optional
        What hangs where; `gazestudy.simulate.layout.plan_layout` draws one by lot.

    Returns
    -------
    Station
        With the standard layout twelve placements in the study (one of them hangs twice, one is a screen with
        three creatives, one is nearly blank) and three advertisements that are not in the study.
    """
    seeds = rng.integers(0, 2**63, size=4)
    interior = build_interior(np.random.default_rng(seeds[0]))
    surfaces: list[Surface] = list(interior.surfaces)
    faces: list[Face] = []
    placements: list[Placement] = []
    images: dict[str, Image] = {}
    hot_spots: dict[str, Floats] = {}
    frame = Texture(np.full((8, 8, 3), (58, 54, 50), dtype=np.uint8))
    for number, item in enumerate(layout):
        art = number if item.art is None else _SAME_ART + item.art
        creatives, textures = _print_creatives(
            item, int(seeds[1]) + art, int(seeds[2]), reference_long_px, images, hot_spots
        )
        for copy, spot in enumerate(item.spots):
            border, poster = _hang(item, spot, frame, textures, interior.pillar_groups)
            faces.append(
                Face(
                    item.id,
                    copy,
                    len(surfaces) + 1,
                    item.in_study,
                    tuple(creative.id for creative in creatives),
                    (creatives[0].width_px, creatives[0].height_px),
                )
            )
            surfaces += [border, poster]
        if item.in_study:
            known = creatives[: len(creatives) - item.unknown]
            placements.append(
                Placement(
                    id=item.id,
                    name=item.name,
                    creatives=known,
                    kind="digital" if item.loop_s else "static",
                    width_mm=1000 * item.width_m,
                    height_mm=1000 * item.height_m,
                    copies=max(1, len(item.spots)),
                    station=STATION_NAME,
                )
            )
    in_study = {creative.id for placement in placements for creative in placement.creatives}
    return Station(
        placements=tuple(placements),
        images=MappingProxyType({name: image for name, image in images.items() if name in in_study}),
        surfaces=tuple(surfaces),
        faces=tuple(faces),
        hot_spots=MappingProxyType(hot_spots),
        people=make_crowd(np.random.default_rng(seeds[3]), people),
    )


def _print_creatives(
    item: Format,
    seed: int,
    campaign_seed: int,
    long_px: int,
    images: dict[str, Image],
    hot_spots: dict[str, Floats],
) -> tuple[tuple[Creative, ...], tuple[Texture, ...]]:
    longer = max(item.width_m, item.height_m)
    width_px, height_px = (
        round(long_px * item.width_m / longer),
        round(long_px * item.height_m / longer),
    )
    creatives, textures = [], []
    for index, (style, headline) in enumerate(zip(item.styles, item.headlines, strict=True)):
        name = f"{item.id}-{index + 1}"
        file_name = item.id if index == 0 else f"{item.id}--{index + 1}"
        motif = None if item.motif is None else np.random.default_rng([campaign_seed, item.motif])
        art = draw_artwork(
            style,
            width_px=width_px,
            height_px=height_px,
            headline=headline,
            rng=np.random.default_rng([seed, index]),
            motif_rng=motif,
        )
        images[name], hot_spots[name] = art.reference, art.hot_spots
        textures.append(Texture(art.texture))
        creatives.append(
            Creative(
                id=name,
                placement_id=item.id,
                name=headline,
                image=f"placements/{file_name}.png",
                sha256=hashlib.sha256(art.reference.tobytes()).hexdigest(),
                width_px=width_px,
                height_px=height_px,
            )
        )
    return tuple(creatives), tuple(textures)


# Where a wall is and which way a picture on it runs: x, unit vector along the picture.
_WALLS = {
    "west": (-2.0, (0.0, 0.0, 1.0)),
    "east": (2.0, (0.0, 0.0, -1.0)),
    "hall west": (-5.0, (0.0, 0.0, 1.0)),
    "hall east": (5.0, (0.0, 0.0, -1.0)),
}
_GAP_M = 0.04  # a picture hangs this far before its wall
_BORDER_M = 0.06
_SLOPE_COS = 0.8660254037844386
_DOWN_THE_SLOPE = np.array([0.0, 0.5, -_SLOPE_COS])  # the escalator rises by 30 degrees


def _hang(
    item: Format,
    spot: Spot,
    frame: Texture,
    textures: tuple[Texture, ...],
    pillar_groups: dict[float, int],
) -> tuple[Surface, Surface]:
    """Return the frame round a picture and the picture itself."""
    down = np.array([0.0, 1.0, 0.0])
    cell, group, layer = (0 if spot.z_m < 30 else 1), -1, 2
    anchor = np.zeros(3)
    if spot.wall in _WALLS:
        x, direction = _WALLS[spot.wall]
        along = np.array(direction)
        middle = np.array([x - np.sign(x) * _GAP_M, -spot.above_floor_m, spot.z_m])
    elif spot.wall == "escalator":  # on the side of the escalator, parallel to its steps
        along, down = _DOWN_THE_SLOPE, np.array([0.0, _SLOPE_COS, 0.5])
        middle = np.array([ESCALATOR[0] - _GAP_M, -spot.above_floor_m, spot.z_m])
        group, layer = pillar_groups[-1.0], 10
        anchor = np.array([0.5 * (ESCALATOR[0] + ESCALATOR[1]), 0.0, 0.5 * (ESCALATOR[2] + ESCALATOR[3])])
    elif spot.wall == "pillar":
        along = np.array([1.0, 0.0, 0.0])
        middle = np.array([spot.x_m, -spot.above_floor_m, spot.z_m - 0.4 - _GAP_M])
        group, layer = pillar_groups[spot.z_m], 10
        anchor = np.array([spot.x_m, 0.0, spot.z_m])
    else:  # the end wall of the hall
        along = np.array([1.0, 0.0, 0.0])
        middle = np.array([spot.x_m, -spot.above_floor_m, spot.z_m])
    corner = middle - 0.5 * item.width_m * along - 0.5 * item.height_m * down
    border = Surface(
        origin_m=corner - _BORDER_M * (along + down),
        along_m=(item.width_m + 2 * _BORDER_M) * along,
        down_m=(item.height_m + 2 * _BORDER_M) * down,
        textures=(frame,),
        cell=cell,
        group=group,
        layer=layer,
        anchor_m=anchor,
    )
    poster = Surface(
        origin_m=corner,
        along_m=item.width_m * along,
        down_m=item.height_m * down,
        textures=textures,
        cell=cell,
        group=group,
        layer=layer + 1,
        strips=max(1, round(item.width_m / 0.6)),
        loop_s=item.loop_s,
        anchor_m=anchor,
    )
    return border, poster
