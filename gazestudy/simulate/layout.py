"""What hangs in a station, and where: the fixed layout of the standard station, and layouts drawn by lot."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gazestudy.errors import ParameterError
from gazestudy.simulate.artwork import ArtworkStyle


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a face hangs: the wall, the middle of the picture along it, and the height of its middle."""

    wall: str
    z_m: float
    above_floor_m: float = 1.65
    x_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Format:
    """One advertisement, before it is drawn and hung.

    Attributes
    ----------
    id, name : str
        Of the placement.
    width_m, height_m : float
        Size of the picture.
    styles, headlines : tuple of str
        Kind and headline of each picture; a screen has several.
    spots : tuple of Spot
        Where it hangs; several are copies of one placement, none is a reference that is not in the station.
    motif : int or None
        Pictures with equal numbers are variants of one campaign: they share the motif, not the text.
    in_study : bool
        False for a distractor.
    loop_s : float
        Seconds each picture of a screen is on show.
    unknown : int
        So many of the last pictures of a screen are not known to the study.
    art : int or None
        Placements with equal numbers, styles, headlines and sizes show the very same picture.
    """

    id: str
    name: str
    width_m: float
    height_m: float
    styles: tuple[ArtworkStyle, ...]
    headlines: tuple[str, ...]
    spots: tuple[Spot, ...]
    motif: int | None = None
    in_study: bool = True
    loop_s: float = 0.0
    unknown: int = 0
    art: int | None = None


STANDARD = (
    Format(
        "corridor-six-sheet",
        "Áp phích hành lang",
        1.2,
        1.8,
        ("photo",),
        ("GO NORTH",),
        (Spot("west", 8.0),),
        motif=11,
    ),
    Format(
        "corridor-product",
        "โปสเตอร์ทางเดิน",
        1.2,
        1.8,
        ("product",),
        ("FRESH!",),
        (Spot("east", 10.0),),
    ),
    Format(
        "corridor-screen",
        "数字屏幕 1",
        0.9,
        1.6,
        ("geometric", "product", "photo"),
        ("SOUND", "SIP SLOW", "AWAY"),
        (Spot("west", 12.5),),
        loop_s=4.5,
    ),
    Format(
        "corridor-landscape",
        "Corridor landscape 3 x 1.5 m",
        3.0,
        1.5,
        ("market",),
        ("WEEKEND MARKET",),
        (Spot("east", 14.5),),
    ),
    Format(
        "corridor-twin",
        "ป้ายคู่ (two copies)",
        1.2,
        1.8,
        ("geometric",),
        ("OPEN 24",),
        (Spot("west", 17.5), Spot("east", 22.5)),
    ),
    Format(
        "corridor-blank",
        "Nearly blank six-sheet",
        1.2,
        1.8,
        ("plain",),
        ("hush.",),
        (Spot("west", 21.0),),
    ),
    Format(
        "corridor-return",
        "Biển quảng cáo chiều về",
        1.8,
        1.2,
        ("photo",),
        ("NIGHT TRAIN",),
        (Spot("west", 26.0),),
    ),
    Format(
        "hall-wrap",
        "大厅包墙广告",
        5.0,
        2.2,
        ("photo",),
        ("RIVERSIDE OPENS SPRING",),
        (Spot("hall west", 38.0, 1.9),),
    ),
    Format(
        "hall-east",
        "Hall landscape east",
        3.0,
        1.5,
        ("product",),
        ("COLD BREW",),
        (Spot("hall east", 37.0, 1.8),),
    ),
    Format(
        "pillar-poster",
        "Pillar poster",
        0.7,
        1.05,
        ("market",),
        ("OFFERS",),
        (Spot("pillar", 42.0, 1.6, 2.2),),
    ),
    Format(
        "escalator-banner",
        "Banner over the escalator",
        3.0,
        1.0,
        ("geometric",),
        ("MIND THE MUSIC",),
        (Spot("hall end", 61.98, 3.4, 2.9),),
    ),
    Format(
        "escalator-panel",
        "แผงบันไดเลื่อน",
        0.6,
        0.85,
        ("product",),
        ("TEA TIME",),
        (Spot("escalator", 52.8, 1.05),),
    ),
    Format(
        "distractor-variant",
        "",
        1.2,
        1.8,
        ("photo",),
        ("STAY SOUTH",),
        (Spot("east", 5.5),),
        motif=11,
        in_study=False,
    ),
    Format(
        "distractor-street",
        "",
        1.2,
        1.8,
        ("geometric",),
        ("BUY NOW",),
        (Spot("east", 18.5),),
        in_study=False,
    ),
    Format(
        "distractor-hall",
        "",
        2.4,
        1.2,
        ("product",),
        ("BIG SALE",),
        (Spot("hall west", 47.0, 1.8),),
        in_study=False,
    ),
)

_WALLS_M = {"west": (2.0, 29.4), "east": (2.0, 29.4), "hall west": (31.5, 61.0), "hall east": (31.5, 49.0)}
_LEAST_GAP_M, _LOOSE_M = 0.3, 0.2
_SHAPES = (  # width, height, weight
    (1.2, 1.8, 0.5),
    (0.594, 0.841, 0.12),
    (1.8, 1.2, 0.14),
    (3.0, 1.5, 0.18),
    (5.0, 2.2, 0.06),
)
_SCREEN_M = (0.9, 1.6)
_RICH: tuple[ArtworkStyle, ...] = ("photo", "product", "geometric", "market")
_POOR: tuple[ArtworkStyle, ...] = ("plain", "flat", "dark", "text")
_FIRST = ("GO", "FRESH", "OPEN", "NEW", "SLOW", "CITY", "NIGHT", "RIVER", "GREEN", "EARLY", "HOME")
_SECOND = ("NORTH", "DAYS", "24", "MARKET", "SOUND", "TRAIN", "GARDEN", "COFFEE", "SALE", "SUN")


@dataclass(frozen=True, slots=True)
class Mix:
    """How many advertisements of each kind a layout has.

    Attributes
    ----------
    hung : int
        Pictures of the study that hang in the station.
    poor : int
        How many of these are nearly blank, flat, dark, or text alone.
    screens : int
        Screens with three pictures each; every second one shows two that the study does not know.
    absent : int
        References of the study that are nowhere in the station; two thirds of them share the motif of
        something that hangs there.
    distractors : int
        Advertisements that are not in the study; half of them share the motif of a reference.
    twins : int
        Pairs of placements in the corridor that show the very same picture, on top of `hung`.
    loop_s : float
        Seconds each picture of a screen is on show.
    """

    hung: int = 24
    poor: int = 8
    screens: int = 4
    absent: int = 18
    distractors: int = 8
    twins: int = 0
    loop_s: float = 4.0

    @property
    def references(self) -> int:
        """How many pictures the study has."""
        return self.hung + 3 * self.screens - 2 * (self.screens // 2) + self.absent + 2 * self.twins


MIXED = Mix()
"""Fifty references, 28 of them on 28 faces of the station, beside eight distractors."""


def plan_layout(rng: np.random.Generator, mix: Mix = MIXED) -> tuple[Format, ...]:
    """Draw a layout by lot.

    Parameters
    ----------
    rng : Generator
        Decides kinds, sizes and places.
    mix : Mix, optional
        How many of what.

    Returns
    -------
    tuple of Format
        What to hang, for `build_station`.

    Raises
    ------
    ParameterError
        If the walls are too short for so much.

    Examples
    --------
    >>> mix = Mix(hung=5, poor=1, screens=1, absent=2, distractors=3)
    >>> layout = plan_layout(np.random.default_rng(1), mix)
    >>> [len(layout), sum(len(item.styles) - item.unknown for item in layout if item.in_study)]
    [11, 10]
    """
    study = _study_items(rng, mix)
    others = [_distractor(rng, number, study) for number in range(mix.distractors)]
    twins = [twin for number in range(mix.twins) for twin in _twins(rng, number)]
    hung = [*twins, *(item for item in study if not item.id.startswith("absent")), *others]
    spots = dict(zip((item.id for item in hung), _hang_all(rng, hung), strict=True))
    everything = [*twins, *study, *others]
    return tuple(replace(item, spots=(spots[item.id],)) if item.id in spots else item for item in everything)


def _study_items(rng: np.random.Generator, mix: Mix) -> list[Format]:
    items = []
    for number in range(mix.hung):
        style = _POOR[number % len(_POOR)] if number < mix.poor else _RICH[number % len(_RICH)]
        items.append(_item(rng, f"poster-{number + 1:02d}", style, motif=100 + number))
    for number in range(mix.screens):
        unknown = 2 if number % 2 else 0
        styles = tuple(_RICH[(number + step) % len(_RICH)] for step in range(3))
        headlines = tuple(_headline(rng) for _ in styles)
        name = f"screen-{number + 1}"
        width, height = _SCREEN_M
        # all its pictures are of one campaign when some are unknown: the hardest case for recognition
        motif = 200 + number if unknown else None
        styles = (styles[0],) * 3 if unknown else styles
        items.append(
            Format(
                name, name, width, height, styles, headlines, (), motif, loop_s=mix.loop_s, unknown=unknown
            )
        )
    shown = list(items)
    for number in range(mix.absent):
        name = f"absent-{number + 1:02d}"
        if shown and number % 3:
            items.append(_variant(rng, name, shown[(7 * number) % len(shown)]))
        else:
            items.append(_item(rng, name, _RICH[number % len(_RICH)], motif=300 + number))
    return items


def _distractor(rng: np.random.Generator, number: int, items: list[Format]) -> Format:
    name = f"distractor-{number + 1:02d}"
    related = [item for item in items if item.motif is not None]
    if related and number % 2 == 0:
        item = _variant(rng, name, related[(5 * number) % len(related)])
    else:
        item = _item(rng, name, _RICH[number % len(_RICH)], motif=400 + number)
    return replace(item, in_study=False)


def _twins(rng: np.random.Generator, number: int) -> tuple[Format, Format]:
    one = _item(rng, f"twin-{number + 1}a", _RICH[number % len(_RICH)], motif=500 + number, size=(1.2, 1.8))
    one = replace(one, art=number)
    return one, replace(one, id=f"twin-{number + 1}b", name=f"twin-{number + 1}b")


def _item(
    rng: np.random.Generator,
    name: str,
    style: ArtworkStyle,
    *,
    motif: int,
    size: tuple[float, float] | None = None,
) -> Format:
    weights = np.array([shape[2] for shape in _SHAPES])
    width, height, _ = _SHAPES[int(rng.choice(len(_SHAPES), p=weights / weights.sum()))]
    if size is not None:
        width, height = size
    return Format(name, name, width, height, (style,), (_headline(rng),), (), motif)


def _variant(rng: np.random.Generator, name: str, of: Format) -> Format:
    """Return another picture of the same campaign and size: the same motif below another text."""
    return Format(name, name, of.width_m, of.height_m, of.styles[:1], (_headline(rng),), (), of.motif)


def _headline(rng: np.random.Generator) -> str:
    return f"{rng.choice(np.array(_FIRST))} {rng.choice(np.array(_SECOND))}"


def _hang_all(rng: np.random.Generator, items: list[Format]) -> list[Spot]:
    """Hang everything on the walls, in random order, where there is most room; twins in the corridor."""
    room = {wall: stop - start for wall, (start, stop) in _WALLS_M.items()}
    rows: dict[str, list[int]] = {wall: [] for wall in _WALLS_M}
    order = sorted(range(len(items)), key=lambda n: (items[n].art is None, -items[n].width_m))
    for number in order:
        need = items[number].width_m + _LEAST_GAP_M
        walls = ("west", "east") if items[number].art is not None else tuple(_WALLS_M)
        wall = max(walls, key=lambda name: room[name] / (_WALLS_M[name][1] - _WALLS_M[name][0]))
        if room[wall] < need:
            wall = max(walls, key=lambda name: room[name])
        if room[wall] < need:
            raise ParameterError("mix", len(items), "fewer advertisements: the walls are full")
        room[wall] -= need
        rows[wall].append(number)
    spots: dict[int, Spot] = {}
    for wall, numbers in rows.items():
        mixed = [numbers[n] for n in rng.permutation(len(numbers))]
        slack = room[wall] * rng.dirichlet(np.full(len(mixed) + 1, 2.0))
        at = _WALLS_M[wall][0]
        for number, gap in zip(mixed, slack, strict=False):
            width = items[number].width_m
            at += gap + 0.5 * _LEAST_GAP_M
            middle = 1.65 + float(rng.uniform(-_LOOSE_M, _LOOSE_M)) * (items[number].height_m < 2)
            spots[number] = Spot(wall, at + 0.5 * width, middle)
            at += width + 0.5 * _LEAST_GAP_M
    return [spots[number] for number in range(len(items))]
