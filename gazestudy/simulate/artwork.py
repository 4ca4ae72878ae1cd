"""Advertisements drawn by code: photo-like pictures, posters with text, and nearly blank ones.

Every picture is uint8 BGR and comes from the generator alone. It is drawn at twice the size of the reference
image, so that a poster seen from nearby still has detail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
_Drawn = tuple[Image, Floats]  # picture and hot spots
ArtworkStyle = Literal["photo", "product", "geometric", "market", "plain", "flat", "dark", "text"]

OVERSAMPLING = 2
_FONT = cv2.FONT_HERSHEY_DUPLEX
_WORDS = (
    "slow",
    "morning",
    "fresh",
    "city",
    "north",
    "river",
    "bright",
    "home",
    "table",
    "weekend",
    "quiet",
    "sound",
    "early",
    "green",
    "open",
    "market",
    "light",
    "season",
    "garden",
    "train",
    "summer",
    "paper",
    "glass",
    "water",
    "stone",
    "evening",
    "bread",
    "coffee",
    "travel",
    "music",
    "story",
)


@dataclass(frozen=True, slots=True)
class Artwork:
    """A picture as it is printed.

    Attributes
    ----------
    reference : ndarray of uint8, shape (height, width, 3)
        The reference image, BGR.
    texture : ndarray of uint8, shape (2 * height, 2 * width, 3)
        The print, at twice that resolution; the reference is its 2 x 2 mean.
    hot_spots : ndarray of float, shape (n, 3)
        Where people look: x, y as shares of width and height, and weight (sum 1).
    """

    reference: Image
    texture: Image
    hot_spots: Floats


def draw_artwork(
    style: ArtworkStyle,
    *,
    width_px: int,
    height_px: int,
    headline: str,
    rng: np.random.Generator,
    motif_rng: np.random.Generator | None = None,
) -> Artwork:
    """Draw one advertisement.

    Parameters
    ----------
    style : {"photo", "product", "geometric", "market", "plain", "flat", "dark", "text"}
        Kind of picture; "plain" is nearly blank on purpose, "flat" has one colour and a logo, "dark" is a
        night scene of little contrast, "text" a notice without any picture.
    width_px, height_px : int
        Size of the reference image.
    headline : str
        Large text (ASCII).
    rng : Generator
        Decides all that is random.
    motif_rng : Generator, optional
        Decides the motif alone; two pictures with equal motif generators are variants of one campaign.

    Returns
    -------
    Artwork
        The picture.

    Examples
    --------
    >>> art = draw_artwork("plain", width_px=60, height_px=90, headline="HUSH", rng=np.random.default_rng(1))
    >>> art.reference.shape, art.texture.shape
    ((90, 60, 3), (180, 120, 3))
    """
    width, height = width_px * OVERSAMPLING, height_px * OVERSAMPLING
    texture, hot_spots = _STYLES[style](width, height, headline, rng, motif_rng or rng)
    reference = cv2.resize(texture, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return Artwork(np.asarray(reference, dtype=np.uint8), texture, hot_spots)


def value_noise(height: int, width: int, rng: np.random.Generator, *, cells: int, octaves: int) -> Floats:
    """Return smooth noise between 0 and 1: random grids of doubling fineness, smoothly enlarged and summed.

    Parameters
    ----------
    height, width : int
        Size, px.
    rng : Generator
        Source of randomness.
    cells : int
        Cells of the coarsest grid along the longer side.
    octaves : int
        How many grids; each has twice the cells and 0.6 times the weight of the one before.

    Returns
    -------
    ndarray of float64, shape (height, width)
        The noise.
    """
    total = np.zeros((height, width), dtype=np.float32)
    weight = 1.0
    longer = max(height, width)
    for octave in range(octaves):
        count = cells * 2**octave
        shape = (max(2, round(count * height / longer)) + 1, max(2, round(count * width / longer)) + 1)
        grid = rng.random(shape, dtype=np.float32)
        total += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        weight *= 0.6
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / (high - low), dtype=np.float64)


def random_colour(
    rng: np.random.Generator, *, saturation: float, value: float, hue: float | None = None
) -> tuple[int, int, int]:
    """Return a BGR colour of random hue (or `hue`, 0 to 1) with the given saturation and value (0 to 1)."""
    turn = rng.random() if hue is None else hue
    hsv = np.array([[[turn % 1.0 * 179, saturation * 255, value * 255]]], dtype=np.uint8)
    blue, green, red = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0]
    return int(blue), int(green), int(red)


def put_text(
    image: Image, text: str, *, x: float, y: float, width: float, height: float, colour: tuple[int, int, int]
) -> None:
    """Write one line of ASCII text into the box (px, in place), as large as fits."""
    (wide, tall), base = cv2.getTextSize(text, _FONT, 1.0, 2)
    scale = min(width / max(wide, 1), height / (tall + base))
    thick = max(1, round(2.2 * scale))
    origin = (round(x), round(y + (tall + base / 2) * scale))
    cv2.putText(image, text, origin, _FONT, scale, colour, thick, cv2.LINE_AA)


def _small_print(
    image: Image,
    box: tuple[float, float, float, float],
    rows: int,
    rng: np.random.Generator,
    colour: tuple[int, int, int],
) -> None:
    x, y, width, height = box
    for row in range(rows):
        words = " ".join(rng.choice(np.array(_WORDS), size=5))
        put_text(
            image,
            words,
            x=x,
            y=y + row * height / rows,
            width=width * rng.uniform(0.75, 1.0),
            height=0.8 * height / rows,
            colour=colour,
        )


def _gradient(width: int, height: int, top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Floats:
    share = np.linspace(0.0, 1.0, height)[:, None, None]
    return np.broadcast_to((1 - share) * np.array(top) + share * np.array(bottom), (height, width, 3)).copy()


def _landscape(width: int, height: int, rng: np.random.Generator) -> Image:
    """Draw a view: sky, ridges behind each other, grain everywhere."""
    hue = rng.random()
    picture = _gradient(
        width,
        height,
        random_colour(rng, saturation=0.55, value=0.85, hue=hue),
        random_colour(rng, saturation=0.2, value=1.0, hue=hue + 0.1),
    )
    clouds = value_noise(height, width, rng, cells=6, octaves=6)[..., None]
    picture += 90 * np.clip(clouds - 0.45, 0, 1)
    rows = np.arange(height)[:, None]
    for layer in range(5):
        ridge = value_noise(2, width, rng, cells=5 + 2 * layer, octaves=6)[0]
        level = height * (0.3 + 0.13 * layer - 0.18 * (ridge - 0.5))
        colour = np.array(random_colour(rng, saturation=0.5, value=0.75 - 0.11 * layer, hue=hue + 0.3))
        grain = 0.55 + 0.9 * value_noise(height, width, rng, cells=12 + 8 * layer, octaves=5)
        picture = np.where((rows > level)[..., None], colour * grain[..., None], picture)
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def _photo(
    width: int, height: int, headline: str, rng: np.random.Generator, motif: np.random.Generator
) -> _Drawn:
    picture = _landscape(width, height, motif)
    unit = min(width, height)
    top = rng.uniform(0.06, 0.12) * height
    put_text(
        picture, headline, x=0.07 * width, y=top, width=0.86 * width, height=0.17 * unit, colour=(255,) * 3
    )
    band = picture[round(0.83 * height) :]
    band[:] = (0.25 * band + 0.75 * np.array(random_colour(rng, saturation=0.7, value=0.45))).astype(np.uint8)
    _small_print(picture, (0.07 * width, 0.85 * height, 0.6 * width, 0.12 * height), 3, rng, (240, 240, 240))
    _logo(picture, 0.85 * width, 0.91 * height, 0.06 * unit, rng)
    return picture, np.array([[0.5, 0.13, 0.35], [0.45, 0.5, 0.4], [0.85, 0.9, 0.25]])


def _product(
    width: int, height: int, headline: str, rng: np.random.Generator, motif: np.random.Generator
) -> _Drawn:
    hue = motif.random()
    background = _gradient(
        width,
        height,
        random_colour(motif, saturation=0.75, value=0.9, hue=hue),
        random_colour(motif, saturation=0.5, value=0.5, hue=hue + 0.08),
    )
    background *= 0.8 + 0.4 * value_noise(height, width, motif, cells=20, octaves=6)[..., None]
    picture = np.asarray(np.clip(background, 0, 255), dtype=np.uint8)
    unit = min(width, height)
    for _ in range(140):  # drops, petals, crumbs
        centre = (int(motif.uniform(0, width)), int(motif.uniform(0.25, 0.85) * height))
        axes = (int(motif.uniform(0.01, 0.05) * unit), int(motif.uniform(0.01, 0.03) * unit))
        colour = random_colour(motif, saturation=0.5, value=motif.uniform(0.4, 1.0), hue=hue + 0.4)
        cv2.ellipse(picture, centre, axes, motif.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
    for place in np.linspace(0.25, 0.75, 1 if height > width else 3):
        _bottle(picture, place * width, 0.58 * height, 0.32 * unit, motif, hue)
    put_text(
        picture,
        headline,
        x=0.06 * width,
        y=0.05 * height,
        width=0.88 * width,
        height=0.16 * unit,
        colour=(250, 250, 250),
    )
    _small_print(picture, (0.06 * width, 0.9 * height, 0.55 * width, 0.08 * height), 2, rng, (245, 245, 245))
    _logo(picture, 0.88 * width, 0.92 * height, 0.05 * unit, rng)
    return picture, np.array([[0.5, 0.12, 0.3], [0.5, 0.55, 0.5], [0.88, 0.92, 0.2]])


def _bottle(picture: Image, x: float, y: float, size: float, rng: np.random.Generator, hue: float) -> None:
    half, tall = 0.34 * size, size
    outline = np.array(
        [
            (-0.3 * half, -tall),
            (0.3 * half, -tall),
            (0.3 * half, -0.55 * tall),
            (half, -0.3 * tall),
            (half, tall),
            (-half, tall),
            (-half, -0.3 * tall),
            (-0.3 * half, -0.55 * tall),
        ]
    )
    points = np.round(outline + np.array([x, y])).astype(np.int32)
    cv2.fillPoly(
        picture, [points], random_colour(rng, saturation=0.8, value=0.55, hue=hue + 0.5), cv2.LINE_AA
    )
    label = (round(x - half), round(y), round(2 * half), round(0.6 * tall))
    left, top, wide, high = label
    cv2.rectangle(picture, (left, top), (left + wide, top + high), (235, 240, 245), -1)
    put_text(
        picture,
        str(rng.choice(np.array(_WORDS))).upper(),
        x=left + 0.08 * wide,
        y=top + 0.1 * high,
        width=0.84 * wide,
        height=0.3 * high,
        colour=random_colour(rng, saturation=0.9, value=0.4, hue=hue),
    )
    _small_print(picture, (left + 0.1 * wide, top + 0.5 * high, 0.8 * wide, 0.4 * high), 4, rng, (60, 60, 60))
    shine = (round(x - 0.6 * half), round(y - 0.2 * tall))
    cv2.line(picture, shine, (shine[0], round(y + 0.9 * tall)), (255, 255, 255), max(1, round(0.06 * half)))


def _geometric(
    width: int, height: int, headline: str, rng: np.random.Generator, motif: np.random.Generator
) -> _Drawn:
    hue = motif.random()
    picture = np.full((height, width, 3), random_colour(motif, saturation=0.15, value=0.95), dtype=np.uint8)
    unit = min(width, height)
    for index in range(90):
        colour = random_colour(
            motif, saturation=0.8, value=motif.uniform(0.35, 1.0), hue=hue + 0.15 * motif.integers(4)
        )
        centre = np.array([motif.uniform(0, width), motif.uniform(0.2, 0.85) * height])
        radius = unit * motif.uniform(0.02, 0.13) * (1.2 if index < 20 else 0.6)
        if index % 3 == 0:
            cv2.circle(picture, tuple(int(value) for value in centre), int(radius), colour, -1, cv2.LINE_AA)
        else:
            angles = motif.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi, 3 + index % 3, endpoint=False)
            corners = centre + radius * np.column_stack([np.cos(angles), np.sin(angles)])
            cv2.fillPoly(picture, [np.round(corners).astype(np.int32)], colour, cv2.LINE_AA)
    grain = 0.88 + 0.24 * value_noise(height, width, motif, cells=60, octaves=4)[..., None]
    picture = np.asarray(np.clip(picture * grain, 0, 255), dtype=np.uint8)
    cv2.rectangle(picture, (0, 0), (width, round(0.19 * height)), (30, 26, 24), -1)
    put_text(
        picture,
        headline,
        x=0.05 * width,
        y=0.03 * height,
        width=0.9 * width,
        height=0.13 * height,
        colour=(250, 250, 250),
    )
    _small_print(picture, (0.06 * width, 0.88 * height, 0.7 * width, 0.1 * height), 3, rng, (40, 40, 40))
    _logo(picture, 0.9 * width, 0.93 * height, 0.045 * unit, rng)
    return picture, np.array([[0.5, 0.1, 0.35], [0.4, 0.5, 0.35], [0.65, 0.65, 0.3]])


def _market(
    width: int, height: int, headline: str, rng: np.random.Generator, motif: np.random.Generator
) -> _Drawn:
    """Draw a leaflet: a grid of small pictures with prices."""
    picture = np.full((height, width, 3), (235, 245, 250), dtype=np.uint8)
    columns = 3 if height > width else 6
    rows = max(2, round(columns * 0.75 * height / width))
    cell_w, cell_h = width / columns, 0.78 * height / rows
    for row in range(rows):
        for column in range(columns):
            x, y = int(column * cell_w + 0.06 * cell_w), int(0.2 * height + row * cell_h)
            wide, high = int(0.88 * cell_w), int(0.66 * cell_h)
            picture[y : y + high, x : x + wide] = _landscape(wide, high, motif)
            price = f"{rng.integers(1, 60)}.{rng.integers(10, 99)}"
            put_text(
                picture,
                price,
                x=x,
                y=y + high,
                width=0.5 * wide,
                height=0.28 * cell_h,
                colour=(30, 30, 200),
            )
            put_text(
                picture,
                str(rng.choice(np.array(_WORDS))),
                x=x + 0.55 * wide,
                y=y + high,
                width=0.45 * wide,
                height=0.2 * cell_h,
                colour=(50, 50, 50),
            )
    cv2.rectangle(
        picture, (0, 0), (width, round(0.17 * height)), random_colour(motif, saturation=0.9, value=0.7), -1
    )
    put_text(
        picture,
        headline,
        x=0.05 * width,
        y=0.025 * height,
        width=0.9 * width,
        height=0.12 * height,
        colour=(255,) * 3,
    )
    return picture, np.array([[0.4, 0.09, 0.3], [0.3, 0.4, 0.35], [0.7, 0.7, 0.35]])


def _plain(
    width: int, height: int, headline: str, rng: np.random.Generator, motif: np.random.Generator
) -> _Drawn:
    picture = np.asarray(
        _gradient(
            width,
            height,
            random_colour(motif, saturation=0.06, value=0.93),
            random_colour(motif, saturation=0.1, value=0.86),
        ),
        dtype=np.uint8,
    )
    unit = min(width, height)
    put_text(
        picture,
        headline,
        x=0.3 * width,
        y=0.46 * height,
        width=0.4 * width,
        height=0.12 * unit,
        colour=(90, 90, 90),
    )
    _logo(picture, 0.5 * width, 0.88 * height, 0.03 * unit, rng)
    return picture, np.array([[0.5, 0.48, 0.7], [0.5, 0.88, 0.3]])


def _flat(
    width: int, height: int, headline: str, rng: np.random.Generator, motif: np.random.Generator
) -> _Drawn:
    picture = np.full((height, width, 3), random_colour(motif, saturation=0.7, value=0.7), dtype=np.uint8)
    _logo(picture, 0.5 * width, 0.5 * height, 0.07 * min(width, height), rng)
    return picture, np.array([[0.5, 0.5, 1.0]])


def _dark(
    width: int, height: int, headline: str, rng: np.random.Generator, motif: np.random.Generator
) -> _Drawn:
    picture = np.asarray(8 + 0.14 * _landscape(width, height, motif), dtype=np.uint8)
    unit = min(width, height)
    put_text(
        picture,
        headline,
        x=0.1 * width,
        y=0.75 * height,
        width=0.5 * width,
        height=0.09 * unit,
        colour=(90, 90, 90),
    )
    return picture, np.array([[0.35, 0.78, 0.5], [0.5, 0.4, 0.5]])


def _text(
    width: int, height: int, headline: str, rng: np.random.Generator, motif: np.random.Generator
) -> _Drawn:
    picture = np.full((height, width, 3), random_colour(motif, saturation=0.08, value=0.97), dtype=np.uint8)
    ink = random_colour(motif, saturation=0.6, value=0.3)
    unit = min(width, height)
    put_text(
        picture, headline, x=0.08 * width, y=0.07 * height, width=0.84 * width, height=0.2 * unit, colour=ink
    )
    _small_print(picture, (0.08 * width, 0.4 * height, 0.84 * width, 0.5 * height), 9, rng, ink)
    return picture, np.array([[0.5, 0.12, 0.4], [0.4, 0.6, 0.6]])


def _logo(picture: Image, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    centre = (round(x), round(y))
    cv2.circle(picture, centre, round(radius), (250, 250, 250), -1, cv2.LINE_AA)
    spokes = int(rng.integers(3, 7))
    for turn in np.linspace(0, 2 * np.pi, spokes, endpoint=False):
        tip = (round(x + 0.7 * radius * np.cos(turn)), round(y + 0.7 * radius * np.sin(turn)))
        cv2.line(picture, centre, tip, (40, 30, 160), max(1, round(0.18 * radius)), cv2.LINE_AA)


_Draw = Callable[[int, int, str, np.random.Generator, np.random.Generator], _Drawn]
_STYLES: dict[str, _Draw] = {
    "photo": _photo,
    "product": _product,
    "geometric": _geometric,
    "market": _market,
    "plain": _plain,
    "flat": _flat,
    "dark": _dark,
    "text": _text,
}
