"""Straight edges around a flat face: looked for across its sides, and a pose fitted to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography
from gazestudy.mapping.view import View

Floats = NDArray[np.float64]

PROBE_PX = 4
_ALONG = np.linspace(0.04, 0.96, 28)
_STEP_PX = 0.5
_LEAST_STEP = 8.0  # grey levels across an edge
_ON_LINE_PX = 1.0
_LEAST_SHARE, _LEAST_POINTS = 0.45, 8  # of the probes across one side
_LEAST_SIDES = 4
_ROUNDS = 4
_HUBER_PX = 0.7
_NOISE_PX, _SHARED = 0.2, 2.0
# probes of one edge share their error: the straightness of the print, the lens, the blur


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge all around a face.

    Attributes
    ----------
    offset : float
        How far outside the picture, in widths of it.
    sign : {1, -1}
        1 where it is brighter outside.
    """

    offset: float
    sign: int


@dataclass(frozen=True, slots=True, eq=False)
class EdgePose:
    """A pose fitted to edges.

    Attributes
    ----------
    plane : ndarray of float64, shape (3, 3)
        Plane of the face, in its widths from the top left corner, to working px.
    points : int
        Probes that agree.
    support : float
        Their share of the probes inside the image.
    corner_error, centre_error : float
        Expected errors, widths of the face.
    """

    plane: Floats
    points: int
    support: float
    corner_error: float
    centre_error: float


class Seen:
    """The surroundings of a face in a frame.

    Parameters
    ----------
    view : View
        The frame.
    quad : ndarray of float64, shape (4, 2)
        Where the face is about, working px.
    margin_px : float
        How far around it is looked.
    """

    def __init__(self, view: View, quad: Floats, margin_px: float) -> None:
        part = view.around(quad, margin_px + PROBE_PX)
        image, self._low, _ = part.cut(
            quad * part.to_part[[0, 1], [0, 1]] + part.to_part[:2, 2], margin_px + PROBE_PX
        )
        self._image = image.astype(np.float32)  # of bytes, brightness would be rounded
        self._to_part, self._mask = part.to_part, part.mask

    def at(self, points: Floats) -> Floats:
        """Return the brightness at points of shape (..., 2), working px; NaN beyond the image."""
        here = points * self._to_part[[0, 1], [0, 1]] + self._to_part[:2, 2]
        local = (here - self._low).astype(np.float32)
        flat = local.reshape(1, -1, 2)
        values = cv2.remap(self._image, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR)
        height, width = self._image.shape
        inside = (local > 0).all(axis=-1) & (local[..., 0] < width - 1) & (local[..., 1] < height - 1)
        cells = np.clip(np.round(here), 0, np.array(self._mask.shape[::-1]) - 1).astype(np.int64)
        inside &= self._mask[cells[..., 1], cells[..., 0]] > 0
        return np.where(inside, np.asarray(values, dtype=np.float64).reshape(local.shape[:-1]), np.nan)

    def profiles(self, plane: Floats, height: float, offsets: Floats) -> Floats | None:
        """Return the median brightness at offsets outside each side, shape (4, n); None where not seen."""
        rows = []
        for side in range(4):
            lines = np.stack([_line(side, height, offset)[0] for offset in offsets])
            values = self.at(apply_homography(plane, lines.reshape(-1, 2)).reshape(lines.shape))
            seen = np.isfinite(values)
            if seen.mean() < 0.8 or not seen.any(axis=1).all():
                return None
            rows.append(np.nanmedian(values, axis=1))
        return np.stack(rows)


def _line(side: int, height: float, offset: float) -> tuple[Floats, Floats]:
    """Return probes along a side (top, right, bottom, left) shifted outwards, and the way outwards."""
    zero = np.zeros_like(_ALONG)
    if side % 2 == 0:
        y = -offset if side == 0 else height + offset
        return np.column_stack([_ALONG, zero + y]), np.array([0.0, -1.0 if side == 0 else 1.0])
    x = 1 + offset if side == 1 else -offset
    return np.column_stack([zero + x, height * _ALONG]), np.array([1.0 if side == 1 else -1.0, 0.0])


def fit_pose(
    seen: Seen, plane: Floats, height: float, edges: Sequence[Edge], matrix: Floats, *, reach_px: float
) -> EdgePose | None:
    """Fit the pose of a face to its edges.

    Parameters
    ----------
    seen : Seen
        The frame around it.
    plane : ndarray of float64, shape (3, 3)
        First guess, plane of the face in its widths to working px.
    height : float
        Of the face, in its widths.
    edges : sequence of Edge
        What to look for.
    matrix : ndarray of float64, shape (3, 3)
        Camera matrix of the working view.
    reach_px : float
        How far off the edges are looked for, working px.

    Returns
    -------
    EdgePose or None
        None where not all sides are borne out by straight edges.
    """
    found = seen_edges(seen, plane, height, edges, reach_px)
    if found is None:
        return None
    solid, places, normals, probes = found
    pose = _solved(plane, height, solid, places, normals, matrix)
    if pose is None:
        return None
    turn, shift, residuals, derivatives = pose
    good = np.abs(residuals) < 2 * _ON_LINE_PX
    if np.count_nonzero(good) < 0.8 * len(good):
        return None  # the edges do not belong to one rectangle of these proportions
    sigma = _SHARED * float(np.hypot(np.sqrt(np.mean(residuals[good] ** 2)), _NOISE_PX))
    information = derivatives[good].T @ derivatives[good]
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [1, height, 0], [0, height, 0], [0.5, height / 2, 0]])
    image, chain = cv2.projectPoints(corners, turn, shift, matrix, np.zeros(4))
    by = np.asarray(chain)[:, :6].reshape(5, 2, 6)
    try:
        covariance = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return None
    spread = np.einsum("nij,jk,nik->n", by, covariance, by)
    quad = np.asarray(image).reshape(-1, 2)
    width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    errors = sigma * np.sqrt(np.maximum(spread, 0.0)) / width
    rotation = np.asarray(cv2.Rodrigues(turn)[0])
    fitted = matrix @ np.column_stack([rotation[:, :2], np.asarray(shift).ravel()])
    return EdgePose(
        fitted / fitted[2, 2],
        int(np.count_nonzero(good)),
        min(1.0, np.count_nonzero(good) / probes),
        float(errors[:4].max()),
        float(errors[4]),
    )


def seen_edges(
    seen: Seen, plane: Floats, height: float, edges: Sequence[Edge], reach_px: float
) -> tuple[Floats, Floats, Floats, int] | None:
    """Find points on the edges.

    Returns
    -------
    tuple or None
        Points on the plane (n, 3), where they are seen (n, 2), directions across the edge (n, 2), and how
        many probes lie in the image. None where a side has no straight edge.
    """
    wide = np.arange(-reach_px - 2 * _STEP_PX, reach_px + 2 * _STEP_PX + 1e-6, _STEP_PX)
    across = wide[2:-2]
    parts, sides, probes = [], set(), 0
    for side in range(4):
        most = 0
        for edge in edges:
            solid, out = _line(side, height, edge.offset)
            base = apply_homography(plane, solid)
            along = base[-1] - base[0]
            if not np.isfinite(base).all() or not np.hypot(*along) > 1:
                continue
            normal = np.array([-along[1], along[0]]) / np.hypot(*along)
            outwards = apply_homography(plane, solid + 0.02 * out) - base
            normal = normal * np.sign(outwards.mean(axis=0) @ normal)
            values = seen.at(base[:, None] + wide[None, :, None] * normal)
            steps = edge.sign * (values[:, 4:] - values[:, :-4])  # brighter a px further out than further in
            usable: NDArray[np.bool_] = np.asarray(np.isfinite(steps).all(axis=1))
            most = max(most, int(usable.sum()))
            chosen, off = _on_a_line(steps, across, usable)
            if np.count_nonzero(chosen) < max(_LEAST_POINTS, _LEAST_SHARE * usable.sum()):
                continue
            sides.add(side)
            count = int(np.count_nonzero(chosen))
            parts.append(
                (
                    np.column_stack([solid[chosen], np.zeros(count)]),
                    base[chosen] + off[chosen, None] * normal,
                    np.broadcast_to(normal, (count, 2)),
                )
            )
        probes += most
    if len(sides) < _LEAST_SIDES:
        return None
    solid, places, normals = (np.concatenate(column) for column in zip(*parts, strict=True))
    return solid, places, normals, max(probes, 1)


def _on_a_line(steps: Floats, across: Floats, usable: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Floats]:
    """Choose the probes whose strongest edges lie on one straight line, and how far off each is."""
    best = np.where(usable[:, None], np.nan_to_num(steps), 0.0)
    at = best.argmax(axis=1)
    rows = np.arange(len(best))
    strong = usable & (best[rows, at] >= _LEAST_STEP)
    inner = np.clip(at, 1, len(across) - 2)
    left, here, right = best[rows, inner - 1], best[rows, inner], best[rows, inner + 1]
    bend = left - 2 * here + right
    finer = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    off = across[inner] + np.clip(finer, -1, 1) * (across[1] - across[0])
    points = np.flatnonzero(strong)
    if len(points) < 2:
        return np.zeros(len(steps), dtype=bool), off
    one, other = np.triu_indices(len(points), 4)
    if len(one) == 0:
        return np.zeros(len(steps), dtype=bool), off
    x, y = _ALONG[points], off[points]
    slope = (y[other] - y[one]) / (x[other] - x[one])
    misses = np.abs(y[None] - y[one][:, None] - slope[:, None] * (x[None] - x[one][:, None]))
    misses[np.abs(slope) > across[-1] - across[0]] = np.inf
    line = int(np.minimum(misses, _ON_LINE_PX).sum(axis=1).argmin())
    chosen = np.zeros(len(steps), dtype=bool)
    chosen[points[misses[line] < _ON_LINE_PX]] = True
    return chosen, off


def _solved(
    plane: Floats, height: float, solid: Floats, places: Floats, normals: Floats, matrix: Floats
) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Move the pose until the edges lie where they are seen: turn, shift, residuals and their derivatives."""
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [1, height, 0], [0, height, 0]])
    image = apply_homography(plane, corners[:, :2])
    good, turn, shift = cv2.solvePnP(corners, image, matrix, np.zeros(4), flags=cv2.SOLVEPNP_IPPE)
    if not good:
        return None
    pose = np.concatenate([np.asarray(turn).ravel(), np.asarray(shift).ravel()]).astype(np.float64)
    residuals, derivatives = _residuals(pose, solid, places, normals, matrix)
    for _ in range(_ROUNDS):
        weights = _HUBER_PX / np.maximum(np.abs(residuals), _HUBER_PX)
        weighted = derivatives * weights[:, None]
        try:
            pose = pose - np.linalg.solve(weighted.T @ derivatives, weighted.T @ residuals)
        except np.linalg.LinAlgError:
            return None
        residuals, derivatives = _residuals(pose, solid, places, normals, matrix)
    if not np.isfinite(residuals).all() or pose[5] <= 0:
        return None
    return pose[:3], pose[3:], residuals, derivatives


def _residuals(
    pose: Floats, solid: Floats, places: Floats, normals: Floats, matrix: Floats
) -> tuple[Floats, Floats]:
    """Return how far the edges lie from where they are seen, across them, px, and the derivatives."""
    image, chain = cv2.projectPoints(solid, pose[:3], pose[3:], matrix, np.zeros(4))
    off = np.asarray(image).reshape(-1, 2) - places
    by = np.asarray(chain)[:, :6].reshape(-1, 2, 6)
    return np.einsum("ni,ni->n", off, normals), np.einsum("nij,ni->nj", by, normals)
