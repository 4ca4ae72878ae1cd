"""Flat textured surfaces: what a simulated station is made of.

World coordinates are metres: x to the right of the walking direction, y down (the floor is y = 0), z ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

SQUARE: Floats = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """A picture with smaller versions of it, shrunk by powers of two separately along x and y.

    Shrinking each axis by itself keeps a poster sharp along the wall's height when it is seen at a slant.

    Attributes
    ----------
    image : ndarray of uint8, shape (height, width, 3) or (height, width)
        Full size, BGR or luma.
    """

    image: Image
    _lumas: list[Texture] = field(default_factory=list, repr=False)
    _levels: dict[tuple[int, int], Image] = field(default_factory=dict, repr=False)

    def luma(self) -> Texture:
        """Return the same picture without colour."""
        if not self._lumas:
            grey = np.asarray(cv2.cvtColor(self.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
            self._lumas.append(Texture(grey))
        return self._lumas[0]

    def level(self, across: int, down: int) -> Image:
        """Return the picture shrunk by 2**across and 2**down; each pixel is a mean of what it covers."""
        key = (across, down)
        if key not in self._levels:
            height, width = self.image.shape[:2]
            size = (max(1, width >> across), max(1, height >> down))
            self._levels[key] = (
                self.image
                if key == (0, 0)
                else np.asarray(cv2.resize(self.image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            )
        return self._levels[key]


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A textured parallelogram, or the part of it inside an outline.

    Attributes
    ----------
    origin_m : ndarray of float, shape (3,)
        The corner where the texture's top-left corner lies, m.
    along_m, down_m : ndarray of float, shape (3,)
        From there along the texture's whole width and whole height, m.
    textures : tuple of Texture
        What is painted on it; a screen has several.
    cell : int
        Room of the station: 0 corridor, 1 hall.
    group : int
        -1 for walls and what hangs on them; else the free-standing object that it belongs to.
    layer : int
        Painting order inside its group: 0 first.
    outline : ndarray of float, shape (n, 2)
        Outline in shares of width and height.
    strips : int
        Pieces along the width that choose their own texture level.
    loop_s : float
        Seconds each texture is on show.
    opaque : bool
        Hides what is behind it (walls of the room itself do not: they are convex).
    anchor_m : ndarray of float, shape (3,)
        Where the free-standing object stands that it belongs to; decides what is painted first.
    """

    origin_m: Floats
    along_m: Floats
    down_m: Floats
    textures: tuple[Texture, ...]
    cell: int = 0
    group: int = -1
    layer: int = 0
    outline: Floats = field(default_factory=lambda: SQUARE)
    strips: int = 1
    loop_s: float = 0.0
    opaque: bool = False
    anchor_m: Floats = field(default_factory=lambda: np.zeros(3))

    @property
    def normal(self) -> Floats:
        """Unit vector towards the side from which the picture is not mirrored, shape (3,)."""
        normal = np.cross(self.down_m, self.along_m)
        return np.asarray(normal / np.linalg.norm(normal))

    def point_m(self, shares: Floats) -> Floats:
        """Return world points, shape (n, 3), of shares of width and height, shape (n, 2)."""
        return np.asarray(self.origin_m + shares[:, :1] * self.along_m + shares[:, 1:] * self.down_m)

    def on_show(self, t_s: float) -> int:
        """Return which texture is on show at a time."""
        return int(t_s // self.loop_s) % len(self.textures) if self.loop_s > 0 else 0


def inside_outline(shares: Floats, outline: Floats) -> NDArray[np.bool_]:
    """Tell which points lie inside a polygon (even-odd rule).

    Parameters
    ----------
    shares : ndarray of float, shape (n, 2)
        Points.
    outline : ndarray of float, shape (m, 2)
        Corners.

    Returns
    -------
    ndarray of bool, shape (n,)
        True inside.

    Examples
    --------
    >>> inside_outline(np.array([[0.5, 0.5], [1.5, 0.5]]), SQUARE).tolist()
    [True, False]
    """
    x, y = shares[:, :1], shares[:, 1:]
    ends, starts = outline, np.roll(outline, 1, axis=0)
    crosses = (ends[:, 1] > y) != (starts[:, 1] > y)
    rows, edges = np.nonzero(crosses)
    end, start = ends[edges], starts[edges]
    at = (start[:, 0] - end[:, 0]) * (y[rows, 0] - end[:, 1]) / (start[:, 1] - end[:, 1]) + end[:, 0]
    left = np.bincount(rows, weights=x[rows, 0] < at, minlength=len(shares))
    return np.asarray(left % 2 == 1)
