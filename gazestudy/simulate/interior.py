"""Floors, walls, ceilings, pillars and the escalator of the simulated station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.simulate.artwork import put_text, value_noise
from gazestudy.simulate.surfaces import SQUARE, Floats, Image, Surface, Texture

CORRIDOR = (-2.0, 2.0, -4.0, 30.0, 3.0)  # x from, x to, z from, z to, height, m
HALL = (-5.0, 5.0, 30.0, 62.0, 4.6)
PILLARS_M = ((2.2, 36.0), (-2.2, 42.0), (2.2, 42.0), (-2.2, 48.0))
ESCALATOR = (2.4, 5.0, 50.0, 58.0)  # x from, x to, foot z, head z
_PX_PER_M = 170
_PANEL_M = 3.0


@dataclass(frozen=True, slots=True)
class Interior:
    """Surfaces of the rooms, and the group number of each free-standing thing (by z; -1.0: escalator)."""

    surfaces: tuple[Surface, ...]
    pillar_groups: dict[float, int]


def build_interior(rng: np.random.Generator) -> Interior:
    """Build the rooms and what stands in them; `rng` decides stains and tile colours only."""
    surfaces = [*_room(CORRIDOR, 0, rng), *_room(HALL, 1, rng), *_mouth(rng)]
    groups: dict[float, int] = {}
    marble = tuple(Texture(_pillar_face(rng)) for _ in range(2))
    for number, (x, z) in enumerate(PILLARS_M):
        if x > 0:
            groups[z] = number
        surfaces += _box(x, z, 0.4, HALL[4], marble[number % 2], number)
    groups[-1.0] = len(PILLARS_M)
    surfaces += _escalator(groups[-1.0], rng)
    return Interior(tuple(surfaces), groups)


def _vector(x: float, y: float, z: float) -> Floats:
    return np.array([x, y, z], dtype=np.float64)


def _room(
    room: tuple[float, float, float, float, float], cell: int, rng: np.random.Generator
) -> list[Surface]:
    """Return floor, ceiling and walls in panels; one end stays open: the way into the other room."""
    left, right, near, far, height = room
    width = right - left
    tint = ((214, 222, 224), (196, 214, 208))[cell]
    walls = [Texture(_tiles(_PANEL_M, height, tint, rng, extra)) for extra in ("", "", "vent", "sign")]
    floors = [Texture(_floor(width, _PANEL_M, rng)) for _ in range(2)]
    ceiling = Texture(_ceiling(width, _PANEL_M, rng))
    surfaces = []
    starts = np.arange(near, far, _PANEL_M)
    for number, start in enumerate(starts):
        deep = min(_PANEL_M, far - start)
        pick = number * 7 % 4 if number % 2 else 0
        shell = [
            (_vector(left, 0, start + deep), _vector(width, 0, 0), _vector(0, 0, -deep), floors[number % 2]),
            (_vector(left, -height, start), _vector(width, 0, 0), _vector(0, 0, deep), ceiling),
            (_vector(left, -height, start), _vector(0, 0, deep), _vector(0, height, 0), walls[pick]),
            (
                _vector(right, -height, start + deep),
                _vector(0, 0, -deep),
                _vector(0, height, 0),
                walls[3 - pick],
            ),
        ]
        surfaces += [
            Surface(origin, along, down, (texture,), cell=cell, strips=2)
            for origin, along, down, texture in shell
        ]
    if cell == 0:
        end = (_vector(right, -height, near), _vector(-width, 0, 0), _vector(0, height, 0))
    else:
        end = (_vector(left, -height, far), _vector(width, 0, 0), _vector(0, height, 0))
    texture = Texture(_tiles(width, height, tint, rng, "exit" if cell == 0 else ""))
    return [*surfaces, Surface(*end, (texture,), cell=cell, strips=3)]


def _mouth(rng: np.random.Generator) -> list[Surface]:
    """Return the hall's wall round the mouth of the corridor; it hides the hall from the corridor."""
    _, right, _, far, low = CORRIDOR
    _, outer, _, _, high = HALL
    side = Texture(_tiles(outer - right, high, (196, 214, 208), rng, ""))
    lintel = Texture(_tiles(2 * right, high - low, (150, 120, 60), rng, "name"))
    pieces = (
        (_vector(outer, -high, far), _vector(right - outer, 0, 0), _vector(0, high, 0), side),
        (_vector(-right, -high, far), _vector(right - outer, 0, 0), _vector(0, high, 0), side),
        (_vector(right, -high, far), _vector(-2 * right, 0, 0), _vector(0, high - low, 0), lintel),
    )
    return [
        Surface(origin, along, down, (texture,), cell=1, strips=2, opaque=True)
        for origin, along, down, texture in pieces
    ]


def _box(x: float, z: float, half: float, height: float, texture: Texture, group: int) -> list[Surface]:
    """Return the four sides of a square pillar."""
    corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    sides = []
    for start, stop in zip(corners, [*corners[1:], corners[0]], strict=True):
        origin = _vector(x + start[0], -height, z + start[1])
        along = _vector(stop[0] - start[0], 0, stop[1] - start[1])
        sides.append(
            Surface(
                origin,
                along,
                _vector(0, height, 0),
                (texture,),
                cell=1,
                group=group,
                layer=5,
                opaque=True,
                anchor_m=_vector(x, 0, z),
            )
        )
    return sides


def _escalator(group: int, rng: np.random.Generator) -> list[Surface]:
    left, right, foot, head = ESCALATOR
    rise = (head - foot) * np.tan(np.radians(30))
    slope = _vector(0, -rise, head - foot)
    steps = Texture(_steps(rng))
    panel = Texture(_tiles(4.0, 2.0, (150, 150, 155), rng, ""))
    triangle = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    rail = Texture(np.full((16, 16, 3), (40, 40, 44), dtype=np.uint8))
    shapes = (  # steps; side towards the hall; balustrade; handrail
        (_vector(left, -rise, head), _vector(right - left, 0, 0), -slope, steps, SQUARE),
        (_vector(left, -rise, head), _vector(0, 0, foot - head), _vector(0, rise, 0), panel, triangle),
        (_vector(left, -rise - 0.9, head), -slope, _vector(0, 0.9, 0), panel, SQUARE),
        (_vector(left, -rise - 1.0, head), -slope, _vector(0, 0.1, 0), rail, SQUARE),
    )
    return [
        Surface(
            origin,
            along,
            down,
            (texture,),
            cell=1,
            group=group,
            layer=4 + number,
            outline=outline,
            opaque=True,
            anchor_m=_vector((left + right) / 2, 0, (foot + head) / 2),
        )
        for number, (origin, along, down, texture, outline) in enumerate(shapes)
    ]


def _canvas(width_m: float, height_m: float) -> tuple[int, int]:
    return round(width_m * _PX_PER_M), round(height_m * _PX_PER_M)


def _tiles(
    width_m: float, height_m: float, colour: tuple[int, int, int], rng: np.random.Generator, extra: str
) -> Image:
    """Paint a tiled wall: grout, tiles of uneven brightness, stains, a dark skirting and a line of colour."""
    width, height = _canvas(width_m, height_m)
    wide, high = max(1, round(width_m / 0.3)), max(1, round(height_m / 0.15))
    tones = rng.normal(1.0, 0.035, (high, wide)).astype(np.float32)
    shade = cv2.resize(tones, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.float64)
    shade *= 0.9 + 0.18 * value_noise(height, width, rng, cells=4, octaves=6)
    shade *= np.linspace(1.06, 0.82, height)[:, None]
    picture = shade[..., None] * np.array(colour)
    for row in range(high + 1):
        picture[max(0, row * height // high - 1) : row * height // high + 1] *= 0.72
    for column in range(wide + 1):
        picture[:, max(0, column * width // wide - 1) : column * width // wide + 1] *= 0.72
    picture[round(-0.18 * _PX_PER_M) :] *= 0.4
    band = slice(round(0.42 * _PX_PER_M), round(0.52 * _PX_PER_M))
    picture[band] = 0.5 * picture[band] + 0.5 * np.array((140, 90, 30))
    image = np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)
    _fixture(image, extra)
    return image


def _fixture(image: Image, extra: str) -> None:
    """Add a ventilation grille, a direction sign, an exit sign or the station's name."""
    height, width = image.shape[:2]
    if extra == "vent":
        x, y = round(0.35 * width), round(0.06 * height)
        for slot in range(9):
            top = y + slot * round(0.012 * height)
            cv2.rectangle(
                image,
                (x, top),
                (x + round(0.3 * width), top + max(1, round(0.006 * height))),
                (60, 60, 60),
                -1,
            )
    elif extra:
        text = {"sign": "Platform 2  ->", "exit": "EXIT B", "name": "RIVERSIDE"}[extra]
        top, tall = round(0.05 * height), round((0.4 if extra == "name" else 0.09) * height)
        left, wide = round(0.3 * width), round(0.4 * width)
        cv2.rectangle(image, (left, top), (left + wide, top + tall), (110, 60, 20), -1)
        put_text(
            image,
            text,
            x=left + 0.06 * wide,
            y=top + 0.15 * tall,
            width=0.88 * wide,
            height=0.7 * tall,
            colour=(250, 250, 250),
        )


def _floor(width_m: float, depth_m: float, rng: np.random.Generator) -> Image:
    width, height = _canvas(width_m, depth_m)
    speckle = rng.normal(0, 9, (height // 2, width // 2, 1)).astype(np.float32)
    picture = np.full((height, width, 3), (118, 124, 128), dtype=np.float64)
    picture += cv2.resize(speckle, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
    picture *= (0.85 + 0.3 * value_noise(height, width, rng, cells=5, octaves=5))[..., None]
    slab = round(0.6 * _PX_PER_M)
    picture[::slab] *= 0.7
    picture[:, ::slab] *= 0.7
    middle, half = width // 2, round(0.15 * _PX_PER_M)
    picture[:, middle - half : middle + half] = (60, 170, 205)  # guiding strip
    picture[:: round(0.05 * _PX_PER_M), middle - half : middle + half] *= 0.8
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def _ceiling(width_m: float, depth_m: float, rng: np.random.Generator) -> Image:
    width, height = _canvas(width_m, depth_m)
    picture = np.full((height, width, 3), (150, 152, 152), dtype=np.float64)
    picture *= (0.9 + 0.2 * value_noise(height, width, rng, cells=6, octaves=5))[..., None]
    panel = round(0.6 * _PX_PER_M)
    picture[::panel] *= 0.75
    picture[:, ::panel] *= 0.75
    long, half = slice(round(0.15 * height), round(0.85 * height)), round(0.09 * _PX_PER_M)
    for share in (0.3, 0.7):
        middle = round(share * width)
        picture[long, middle - 3 * half : middle + 3 * half] += 45
        picture[long, middle - half : middle + half] = 255
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def _pillar_face(rng: np.random.Generator) -> Image:
    width, height = _canvas(0.8, HALL[4])
    veins = np.abs(value_noise(height, width, rng, cells=14, octaves=6) - 0.5)
    picture = (150 + 90 * np.clip(veins * 5, 0, 1))[..., None] * np.array((0.95, 1.0, 1.02))
    picture[:, :4] *= 0.6
    picture[:, -4:] *= 0.6
    picture[round(-0.2 * _PX_PER_M) :] *= 0.45
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def _steps(rng: np.random.Generator) -> Image:
    image: Image = np.full((900, 340, 3), (92, 92, 96), dtype=np.uint8)
    for row in range(0, 900, 36):
        image[row : row + 18] = (130, 130, 134)
        image[row : row + 3] = (60, 190, 220)
    lines = rng.integers(-12, 12, (1, 340, 1))
    image = np.asarray(np.clip(image.astype(np.int16) + lines, 0, 255), dtype=np.uint8)
    image[:, 150:190] = (70, 74, 80)  # wall between the two flights
    image[:, :14] = (40, 40, 44)
    image[:, -14:] = (40, 40, 44)
    return image
