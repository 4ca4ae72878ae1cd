"""Outlines of regions of a grid, along the edges of its cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Polygon = NDArray[np.float64]
_Edge = tuple[int, int, int, int]  # corner and direction: x, y, dx, dy


def outlines(cells: NDArray[np.bool_], *, cell_px: tuple[float, float]) -> tuple[Polygon, ...]:
    """Return the polygons around the cells that are set.

    Parameters
    ----------
    cells : ndarray of bool, shape (rows, columns)
        The region.
    cell_px : (float, float)
        Width and height of a cell, px.

    Returns
    -------
    tuple of ndarray of float64, shape (k, 2)
        x and y of the corners in px; pixel (0, 0) is the centre of the first pixel, so the grid begins at
        -0.5. Outer edges turn clockwise on the screen, those of holes the other way. Cells that touch at a
        corner only are apart.

    Examples
    --------
    >>> outlines(np.array([[True, True]]), cell_px=(10, 10))[0].tolist()
    [[-0.5, -0.5], [19.5, -0.5], [19.5, 9.5], [-0.5, 9.5]]
    """
    left = _edges(cells)
    polygons = []
    for start in sorted(left):
        if start not in left:
            continue
        ring, edge = [], start
        while edge in left:
            left.discard(edge)
            following = _next(edge, left, start)
            if following[2:] != edge[2:]:
                ring.append(following[:2])
            edge = following
        ring = ring[-1:] + ring[:-1]
        polygons.append(np.array(ring, dtype=np.float64) * cell_px - 0.5)
    return tuple(polygons)


def _edges(cells: NDArray[np.bool_]) -> set[_Edge]:
    """Return the edges between set and other cells, the set cell on their right."""
    inside = np.pad(cells, 1)
    here = inside[1:-1, 1:-1]
    edges: set[_Edge] = set()
    for beyond, corner, way in (
        (inside[:-2, 1:-1], (0, 0), (1, 0)),
        (inside[1:-1, 2:], (1, 0), (0, 1)),
        (inside[2:, 1:-1], (1, 1), (-1, 0)),
        (inside[1:-1, :-2], (0, 1), (0, -1)),
    ):
        rows, columns = np.nonzero(here & ~beyond)
        edges |= {
            (column + corner[0], row + corner[1], *way)
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        }
    return edges


def _next(edge: _Edge, left: set[_Edge], start: _Edge) -> _Edge:
    """Return the edge that follows, to the right where there is a choice: cells at a corner stay apart."""
    x, y, dx, dy = edge
    x, y = x + dx, y + dy
    for way in ((-dy, dx), (dx, dy), (dy, -dx)):
        following = (x, y, *way)
        if following in left or following == start:
            return following
    return start
