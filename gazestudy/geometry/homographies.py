"""Homographies: the map from one plane's pixels to another's, with its limits and its expected error.

Functions take one matrix, shape (3, 3), or one per point,
shape (n, 3, 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_NOWHERE = np.nan, np.nan


def apply_homography(homography: Floats, points_px: ArrayLike) -> Floats:
    """Map points through a homography.

    Parameters
    ----------
    homography : ndarray of float, shape (3, 3) or (n, 3, 3)
        One matrix for all points, or one per point.
    points_px : array_like of float, shape (n, 2)
        Points; NaN stays NaN.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Mapped points; NaN where the point lies on or behind the plane's horizon.

    Examples
    --------
    >>> apply_homography(np.diag([2.0, 3.0, 1.0]), [[1.0, 1.0], [4.0, 5.0]]).tolist()
    [[2.0, 3.0], [8.0, 15.0]]
    """
    points = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
    h = np.asarray(homography, dtype=np.float64)
    x, y = points[:, 0], points[:, 1]
    rows = h[..., 0] * x[:, None] + h[..., 1] * y[:, None] + h[..., 2]
    depth = rows[:, 2]
    ahead = depth > 1e-12
    safe = np.where(ahead, depth, 1.0)
    return np.where(ahead[:, None], rows[:, :2] / safe[:, None], np.nan)


def invert_homography(homography: Floats) -> Floats:
    """Return the inverse, not rescaled, so that points in front of the plane keep a positive depth.

    Parameters
    ----------
    homography : ndarray of float, shape (..., 3, 3)
        Regular matrices.

    Returns
    -------
    ndarray of float64, shape (..., 3, 3)
        The inverses; `apply_homography` gives NaN for points that the plane's picture cannot reach.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular.
    """
    inverse: Floats = np.linalg.inv(np.asarray(homography, dtype=np.float64))
    return inverse


def scaling(from_px: tuple[int, int], to_px: tuple[int, int]) -> Floats:
    """Return the homography between two sizes of the same picture.

    Parameters
    ----------
    from_px, to_px : (int, int)
        Width and height; pixel (0, 0) is the centre of the first pixel, so that edges meet edges.

    Returns
    -------
    ndarray of float64, shape (3, 3)
        Maps px of the first size to px of the second.

    Examples
    --------
    >>> apply_homography(scaling((10, 10), (20, 40)), [[-0.5, -0.5], [9.5, 9.5]]).tolist()
    [[-0.5, -0.5], [19.5, 39.5]]
    """
    sx, sy = to_px[0] / from_px[0], to_px[1] / from_px[1]
    return np.array([[sx, 0.0, (sx - 1) / 2], [0.0, sy, (sy - 1) / 2], [0.0, 0.0, 1.0]])


def corners_px(width_px: int, height_px: int) -> Floats:
    """Return the outer corners of a picture, clockwise from the top left, shape (4, 2).

    Parameters
    ----------
    width_px, height_px : int
        Size of the picture.

    Returns
    -------
    ndarray of float64, shape (4, 2)
        Corners; the first is (-0.5, -0.5).
    """
    right, bottom = width_px - 0.5, height_px - 0.5
    return np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])


def outline_px(homography: Floats, width_px: int, height_px: int) -> Floats:
    """Return the corners of a picture under a homography; NaN where one is beyond the horizon.

    Parameters
    ----------
    homography : ndarray of float, shape (3, 3)
        From px of the picture.
    width_px, height_px : int
        Size of the picture.

    Returns
    -------
    ndarray of float64, shape (4, 2)
        As `apply_homography` of `corners_px` gives them, five times as fast.

    Examples
    --------
    >>> outline_px(np.diag([2.0, 2.0, 1.0]), 3, 2).tolist()
    [[-1.0, -1.0], [5.0, -1.0], [5.0, 3.0], [-1.0, 3.0]]
    """
    (a, b, c), (d, e, f), (g, h, i) = homography.tolist()
    right, bottom = width_px - 0.5, height_px - 0.5
    corners = []
    for x, y in ((-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)):
        depth = g * x + h * y + i
        ahead = depth > 1e-12
        corners.append(((a * x + b * y + c) / depth, (d * x + e * y + f) / depth) if ahead else _NOWHERE)
    return np.array(corners)


def side_lengths(quad_px: Floats) -> Floats:
    """Return the lengths of the sides of a quadrilateral, starting with the one from corner 0 to 1.

    Parameters
    ----------
    quad_px : ndarray of float, shape (..., 4, 2)
        Corners in order.

    Returns
    -------
    ndarray of float64, shape (..., 4)
        Lengths, px.
    """
    steps = quad_px[..., [1, 2, 3, 0], :] - quad_px
    lengths: Floats = np.hypot(steps[..., 0], steps[..., 1])
    return lengths


def quad_problem(
    quad_px: Floats, *, min_side_px: float = 12.0, max_side_px: float = 20_000.0, max_ratio: float = 25.0
) -> str | None:
    """Say why a quadrilateral cannot be the picture of a flat rectangle that faces the camera.

    Parameters
    ----------
    quad_px : ndarray of float, shape (4, 2)
        Corners in the image, clockwise from the corner that is the top left of the rectangle.
    min_side_px, max_side_px : float
        Sides must lie between.
    max_ratio : float
        Largest ratio between opposite sides. A large placement that one walks close by reaches far out of the
        image, and its nearer edge may be twenty times as long as the farther one.

    Returns
    -------
    str or None
        The first problem found, or None.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [50.0, 0.0], [50.0, 50.0], [0.0, 50.0]])
    >>> quad_problem(square) is None
    True
    >>> quad_problem(square[::-1])
    'not convex or mirrored'
    """
    if not np.isfinite(quad_px).all():
        return "crosses the horizon"
    edges = quad_px[[1, 2, 3, 0]] - quad_px
    following = edges[[1, 2, 3, 0]]
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    if not (turns > 0).all():
        return "not convex or mirrored"
    sides = side_lengths(quad_px)
    if sides.min() < min_side_px:
        return "too small"
    if sides.max() > max_side_px:
        return "too large"
    if max(sides[0] / sides[2], sides[2] / sides[0], sides[1] / sides[3], sides[3] / sides[1]) > max_ratio:
        return "opposite sides differ too much"
    return None


def jacobian(homography: Floats, points_px: ArrayLike) -> Floats:
    """Return the derivative of the mapped point by the point.

    Parameters
    ----------
    homography : ndarray of float, shape (3, 3) or (n, 3, 3)
        One matrix for all points, or one per point.
    points_px : array_like of float, shape (n, 2)
        Where.

    Returns
    -------
    ndarray of float64, shape (n, 2, 2)
        Element [i, j] is d mapped_i / d point_j.
    """
    points = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
    h = np.broadcast_to(np.asarray(homography, dtype=np.float64), (len(points), 3, 3))
    depth = h[:, 2, 0] * points[:, 0] + h[:, 2, 1] * points[:, 1] + h[:, 2, 2]
    mapped = apply_homography(h, points)
    result: Floats = (h[:, :2, :2] - mapped[:, :, None] * h[:, None, 2, :2]) / depth[:, None, None]
    return result


def expected_errors_px(
    homography: Floats, fitted_px: Floats, at_px: ArrayLike, *, sigma_px: float
) -> tuple[Floats, Floats]:
    """Return how far a fitted homography is expected to be off at some points.

    Parameters
    ----------
    homography : ndarray of float, shape (3, 3)
        The fit, source px to target px.
    fitted_px : ndarray of float, shape (n, 2)
        Source points it was fitted to, at least four in general position.
    at_px : array_like of float, shape (m, 2)
        Source points of interest.
    sigma_px : float
        Standard deviation of one coordinate of a fitted target point, px.

    Returns
    -------
    target_px : ndarray of float64, shape (m,)
        Root mean square distance in the target; infinite where the points do not fix the homography.
    source_px : ndarray of float64, shape (m,)
        The same carried back into the source.

    Notes
    -----
    First-order propagation (Hartley and Zisserman 2004, Multiple View Geometry, section 5.2): with J the
    derivative of the n target points by the 8 parameters, C = sigma² (JᵀJ)⁻¹ is the covariance of the
    parameters and Jₚ C Jₚᵀ that of a predicted point. Independent errors are assumed; overlapping windows
    make real ones dependent, so take it as a lower bound that ranks well.
    """
    centre, spread = fitted_px.mean(axis=0), max(float(fitted_px.std()), 1e-9)
    normal = np.array([[spread, 0, centre[0]], [0, spread, centre[1]], [0, 0, 1.0]])
    h = homography @ normal
    h = h / h[2, 2]
    points = np.asarray(at_px, dtype=np.float64).reshape(-1, 2)
    design = _parameter_jacobian(h, (fitted_px - centre) / spread)
    at = (points - centre) / spread
    rows = _parameter_jacobian(h, at)
    back = np.linalg.inv(jacobian(h, at)).astype(np.float64) * spread
    return propagated_errors_px(design, rows, back, sigma_px=sigma_px)


def propagated_errors_px(
    design: Floats, rows: Floats, back: Floats, *, sigma_px: float
) -> tuple[Floats, Floats]:
    """Carry the error of fitted points to other points, through the parameters of the fit.

    Parameters
    ----------
    design : ndarray of float, shape (n, 2, k)
        Derivative of the n fitted target points by the k parameters.
    rows : ndarray of float, shape (m, 2, k)
        The same for the points of interest.
    back : ndarray of float, shape (m, 2, 2)
        Derivative of the source by the target at the points of interest.
    sigma_px : float
        Standard deviation of one coordinate of a fitted target point, px.

    Returns
    -------
    target_px, source_px : ndarray of float64, shape (m,)
        Root mean square distances; infinite where the fitted points do not fix the parameters.
    """
    stacked = design.reshape(-1, design.shape[-1])
    scale = np.maximum(
        np.linalg.norm(stacked, axis=0), 1e-12
    )  # parameters of like size, for a fair condition
    information = (stacked / scale).T @ (stacked / scale)
    if not np.linalg.cond(information) < 1e14:
        unknown = np.full(len(rows), np.inf)
        return unknown, unknown.copy()
    covariance = sigma_px**2 * np.linalg.inv(information)
    target = (rows / scale) @ covariance @ (rows / scale).transpose(0, 2, 1)
    source = back @ target @ back.transpose(0, 2, 1)
    return (
        np.sqrt(np.trace(target, axis1=1, axis2=2)),
        np.sqrt(np.trace(source, axis1=1, axis2=2)),
    )


def _parameter_jacobian(h: Floats, points: Floats) -> Floats:
    """Derive the mapped points by h00 .. h21, shape (n, 2, 8)."""
    mapped = apply_homography(h, points)
    depth = points @ h[2, :2] + h[2, 2]
    lifted = np.column_stack([points, np.ones(len(points))]) / depth[:, None]
    result = np.zeros((len(points), 2, 8))
    result[:, 0, 0:3] = lifted
    result[:, 1, 3:6] = lifted
    result[:, :, 6:8] = -mapped[:, :, None] * lifted[:, None, :2]
    return result
