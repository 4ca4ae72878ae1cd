"""Fitting the pose of a flat rectangle instead of a free homography.

Where the lens is known, a picture on a wall has six degrees of freedom, not eight. At oblique views this
keeps the corners in place where texture alone would let them float.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, jacobian
from gazestudy.mapping.alignment import Alignment
from gazestudy.mapping.references import Artwork

Floats = NDArray[np.float64]

_LOOSER = 1.2
_SLACK_PX = 0.08
_WORST_CONDITION = 1e14
# The rigid fit is taken if its residual is at most this much larger; else the picture is bent, the lens is
# not known well, or the proportions are not those of the picture.


@dataclass(frozen=True, slots=True, eq=False)
class RigidFit:
    """A pose of the artwork's rectangle.

    Attributes
    ----------
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.
    turn, shift : ndarray of float64, shape (3, 1)
        Rotation vector and translation of the plane in camera axes, in widths of the placement.
    residual_px : float
        Root mean square distance of one coordinate, working px.
    """

    homography: Floats
    turn: Floats
    shift: Floats
    residual_px: float


def rigid_fit(artwork: Artwork, fit: Alignment, matrix: Floats) -> RigidFit | None:
    """Fit the pose of the artwork's rectangle to the points of a free fit.

    Parameters
    ----------
    artwork : Artwork
        The artwork; its physical size gives the proportions, else the picture's pixels do.
    fit : Alignment
        Free fit.
    matrix : ndarray of float64, shape (3, 3)
        Camera matrix of the working view.

    Returns
    -------
    RigidFit or None
        None where the pose fits clearly worse than the free homography.
    """
    plane = artwork.to_plane
    solid = _on_plane(plane, fit.points)
    nothing = np.zeros(4)
    found, turns, shifts, _ = cv2.solvePnPGeneric(
        solid, fit.targets, matrix, nothing, flags=cv2.SOLVEPNP_IPPE
    )
    if not found:
        return None
    turn, shift = cv2.solvePnPRefineLM(solid, fit.targets, matrix, nothing, turns[0], shifts[0])
    rotation = cv2.Rodrigues(turn)[0]
    pose = matrix @ np.column_stack([rotation[:, 0], rotation[:, 1], np.asarray(shift).ravel()]) @ plane
    if not np.isfinite(pose).all() or pose[2, 2] <= 0:
        return None
    pose = np.asarray(pose / pose[2, 2], dtype=np.float64)
    residual = float(np.sqrt(np.mean((apply_homography(pose, fit.points) - fit.targets) ** 2)))
    if not residual <= _LOOSER * fit.residual_px + _SLACK_PX:
        return None
    return RigidFit(pose, np.asarray(turn, dtype=np.float64), np.asarray(shift, dtype=np.float64), residual)


def rigid_errors_px(
    artwork: Artwork, rigid: RigidFit, fitted_px: Floats, at_px: Floats, matrix: Floats, *, sigma_px: float
) -> Floats:
    """Return how far a pose is expected to put some points off.

    Parameters
    ----------
    artwork : Artwork
        The artwork.
    rigid : RigidFit
        Its pose.
    fitted_px : ndarray of float64, shape (n, 2)
        Points it was fitted to, art px.
    at_px : ndarray of float64, shape (m, 2)
        Points of interest, art px.
    matrix : ndarray of float64, shape (3, 3)
        Camera matrix of the working view.
    sigma_px : float
        Standard deviation of one coordinate of a fitted point, working px.

    Returns
    -------
    ndarray of float64, shape (m,)
        Root mean square distances, art px, as those of `expected_errors_px` of the homographies.
    """
    plane = apply_homography(artwork.to_plane, np.concatenate([at_px, fitted_px]))
    derivatives = _derivatives(
        plane, np.asarray(cv2.Rodrigues(rigid.turn)[0], dtype=np.float64), rigid.shift, matrix
    )
    count = len(at_px)
    design = derivatives[:, count:].reshape(-1, 6)
    scale = np.maximum(
        np.sqrt(np.einsum("ij,ij->j", design, design)), 1e-12
    )  # of like size: a fair condition
    design = design / scale
    values, axes = np.linalg.eigh(design.T @ design)
    if not values[0] > values[-1] / _WORST_CONDITION:
        return np.full(count, np.inf)
    back = np.linalg.inv(jacobian(rigid.homography, at_px))
    spread = (derivatives[:, :count].transpose(1, 0, 2) / scale) @ (axes / np.sqrt(values))
    return np.asarray(sigma_px * np.sqrt(((back @ spread) ** 2).sum(axis=(1, 2))))


def _derivatives(plane: Floats, rotation: Floats, shift: Floats, matrix: Floats) -> Floats:
    """Derive the image of points on the plane by small turns of the camera and shifts, shape (2, n, 6)."""
    turned = plane @ rotation[:, :2].T
    x, y, z = (turned + shift.ravel()).T
    result = np.empty((2, len(plane), 6))
    for axis in range(2):
        by = result[axis, :, 3:]
        by[:, 0], by[:, 1] = matrix[axis, 0] / z, matrix[axis, 1] / z
        by[:, 2] = -(matrix[axis, 0] * x + matrix[axis, 1] * y) / (z * z)
        for first, second, third in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):  # the cross product
            result[axis, :, first] = turned[:, second] * by[:, third] - turned[:, third] * by[:, second]
    return result


def _on_plane(plane: Floats, points: Floats) -> Floats:
    return np.column_stack([apply_homography(plane, points), np.zeros(len(points))])
