"""Polygons in the plane: hits of many points at once, area, convexity, clipping to a rectangle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CHUNK = 1 << 15  # points handled at once: their coordinates stay in the processor's cache


def points_in_polygons(points: ArrayLike, polygons: Sequence[ArrayLike]) -> Bools:
    """Say which points lie in which polygons.

    Parameters
    ----------
    points : array_like of float, shape (n, 2)
        Points; a point with NaN is in no polygon.
    polygons : sequence of array_like, each of shape (k, 2)
        Corners in either order; the last is joined with the first. Polygons may overlap: each is answered for
        itself.

    Returns
    -------
    ndarray of bool, shape (n, m)
        Hits.

    Raises
    ------
    ParameterError
        If a polygon has fewer than three corners or corners that are not finite.

    Notes
    -----
    A ray to the right is counted for crossings with the edges (even-odd rule; Shimrat 1962, doi
    10.1145/368637.368653). A point exactly on an edge belongs to the side of larger x, or of larger y on a
    horizontal edge: of polygons that share an edge exactly one claims it. In an image (y downwards), left and
    top edges are inside, right and bottom edges outside.

    Examples
    --------
    >>> square = [(0, 0), (2, 0), (2, 2), (0, 2)]
    >>> triangle = [(1, 1), (4, 1), (1, 4)]
    >>> points_in_polygons([(0.5, 0.5), (1.5, 1.5), (0, 1), (2, 1), (9, 9)], [square, triangle]).tolist()
    [[True, False], [True, True], [True, False], [False, True], [False, False]]
    """
    where = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    x, y = np.ascontiguousarray(where[:, 0]), np.ascontiguousarray(where[:, 1])
    shapes = [_edges(polygon) for polygon in polygons]
    hits = np.zeros((len(shapes), len(x)), dtype=bool)
    for start in range(0, len(x), _CHUNK):
        stop = min(start + _CHUNK, len(x))
        part_x, part_y = x[start:stop], y[start:stop]
        for row, edges in zip(hits, shapes, strict=True):
            _hit(part_x, part_y, edges, row[start:stop])
    return hits.T


def _edges(polygon: ArrayLike) -> Floats:
    """Return edges as rows x1, y1, x2, y2, slope dx/dy with y1 < y2; level edges are never crossed."""
    corners = _corners(polygon)
    following = np.roll(corners, -1, axis=0)
    upward = corners[:, 1] < following[:, 1]
    low = np.where(upward[:, None], corners, following)
    high = np.where(upward[:, None], following, corners)
    level = low[:, 1] == high[:, 1]
    low, high = low[~level], high[~level]
    slope = (high[:, 0] - low[:, 0]) / (high[:, 1] - low[:, 1])
    return np.column_stack([low, high, slope])


def _corners(polygon: ArrayLike) -> Floats:
    corners = np.asarray(polygon, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3 or not np.isfinite(corners).all():
        raise ParameterError("polygon", polygon, "at least three corners (x, y) with finite coordinates")
    return corners


def _hit(x: Floats, y: Floats, edges: Floats, out: Bools) -> None:
    if len(edges) == 0:
        return
    left, right = edges[:, [0, 2]].min(), edges[:, [0, 2]].max()
    near = (x >= left) & (x <= right)
    near &= y >= edges[:, 1].min()
    near &= y < edges[:, 3].max()
    candidates = np.flatnonzero(near)
    if len(candidates) == 0:
        return
    x, y = x[candidates], y[candidates]
    inside = np.zeros(len(candidates), dtype=bool)
    for x1, y1, _, y2, slope in edges.tolist():
        inside ^= (y >= y1) & (y < y2) & (x >= x1 + (y - y1) * slope)
    out[candidates] = inside


def area(polygon: ArrayLike) -> float:
    """Return the area of a polygon, positive for either order of corners (shoelace formula).

    Parameters
    ----------
    polygon : array_like of float, shape (k, 2)
        Corners.

    Returns
    -------
    float
        Area in squared units of the corners.

    Examples
    --------
    >>> area([(0, 0), (3, 0), (3, 2), (0, 2)])
    6.0
    """
    corners = _corners(polygon)
    x, y = (corners - corners[0]).T  # near the origin, so that far polygons lose no digits
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2.0)


def crosses_itself(polygon: ArrayLike) -> bool:
    """Return True if two sides of a polygon cross each other; that they touch is no crossing.

    Such a polygon has no area that a person would recognise: by the even-odd rule parts of it are outside,
    and by the shoelace formula parts of it cancel.

    Parameters
    ----------
    polygon : array_like of float, shape (k, 2)
        Corners.

    Examples
    --------
    >>> crosses_itself([(0, 0), (3, 0), (3, 2), (0, 2)]), crosses_itself([(0, 0), (3, 2), (3, 0), (0, 2)])
    (False, True)
    """
    start = _corners(polygon)
    along = np.roll(start, -1, axis=0) - start

    def turns(points: Floats) -> Floats:
        """Return on which side of each edge (rows) each point (columns) is."""
        away = points[None] - start[:, None]
        return np.asarray(along[:, None, 0] * away[..., 1] - along[:, None, 1] * away[..., 0])

    apart = turns(start) * turns(start + along) < 0  # the ends of one edge are on both sides of the other
    return bool((apart & apart.T).any())


def clip_to_rectangle(polygon: ArrayLike, *, left: float, top: float, right: float, bottom: float) -> Floats:
    """Return the part of a polygon inside a rectangle.

    Parameters
    ----------
    polygon : array_like of float, shape (k, 2)
        Corners.
    left, top, right, bottom : float
        The rectangle, left < right and top < bottom, in units of the corners.

    Returns
    -------
    ndarray of float64, shape (j, 2)
        Corners in the same order, j = 0 if nothing is inside. A polygon that is not convex and falls apart
        stays one, joined along the rectangle's sides; its area is right.

    References
    ----------
    Sutherland & Hodgman (1974), doi 10.1145/360767.360802.

    Examples
    --------
    >>> area(clip_to_rectangle([(-1, -1), (1, -1), (1, 1), (-1, 1)], left=0, top=0, right=5, bottom=5))
    1.0
    """
    corners = _corners(polygon)
    for axis, limit, sign in ((0, left, 1.0), (0, right, -1.0), (1, top, 1.0), (1, bottom, -1.0)):
        corners = _clip_half(corners, axis, limit, sign)
        if len(corners) == 0:
            return np.zeros((0, 2))
    return corners


def _clip_half(corners: Floats, axis: int, limit: float, sign: float) -> Floats:
    """Keep the side of the line coordinate = limit where sign * (coordinate - limit) >= 0."""
    following = np.roll(corners, -1, axis=0)
    here = sign * (corners[:, axis] - limit)
    there = sign * (following[:, axis] - limit)
    crossing = (here >= 0) != (there >= 0)
    share = here / np.where(crossing, here - there, 1.0)
    met = corners + share[:, None] * (following - corners)
    met[:, axis] = limit
    pieces = np.stack([corners, met], axis=1).reshape(-1, 2)
    keep = np.stack([here >= 0, crossing], axis=1).reshape(-1)
    kept: Floats = pieces[keep]
    return kept
