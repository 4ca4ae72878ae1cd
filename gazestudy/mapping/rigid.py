"""Fitting the pose of a flat rectangle instead of a free homography.

Where the lens is known, a picture on a wall has six degrees of freedom, not eight. At oblique views this
keeps the corners in place where texture alone would let them float.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography
from gazestudy.mapping.alignment import Alignment
from gazestudy.mapping.references import Artwork

Floats = NDArray[np.float64]

_LOOSER = 1.2
_SLACK_PX = 0.08
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
    from gazestudy.mapping.kernels.planes import inverse_derivatives, pose_derivatives, spread_errors

    rotation, shift = cv2.Rodrigues(rigid.turn)[0], rigid.shift.ravel()
    design, rows = (
        pose_derivatives(apply_homography(artwork.to_plane, points), rotation, shift, matrix)
        for points in (fitted_px, at_px)
    )
    back = inverse_derivatives(rigid.homography, at_px)
    return np.asarray(spread_errors(design, rows, back, sigma_px))


def _on_plane(plane: Floats, points: Floats) -> Floats:
    return np.column_stack([apply_homography(plane, points), np.zeros(len(points))])
