"""Homographies and poses of a few points: too little work for arrays, too much for Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from gazestudy._kernels import kernel

_SINGULAR = 1e-13  # of a pivot beside 1


@kernel
def _column_lengths(design: Any) -> Any:
    squares = np.zeros(design.shape[1])
    for row in design:
        for column in range(len(squares)):
            squares[column] += row[column] * row[column]
    return np.maximum(np.sqrt(squares), 1e-12)


@kernel
def _information(design: Any, scale: Any) -> Any:
    """Return the lower half of the product of `design`, its columns divided by `scale`, with itself."""
    result = np.zeros((len(scale), len(scale)))
    for row in design:
        for one in range(len(scale)):
            value = row[one] / scale[one]
            for other in range(one + 1):
                result[one, other] += value * row[other] / scale[other]
    return result


@kernel
def _factor(matrix: Any) -> bool:
    """Replace the lower half of a matrix by its Cholesky factor; False if it is singular."""
    for one in range(len(matrix)):
        for other in range(one + 1):
            value = matrix[one, other]
            for inner in range(other):
                value -= matrix[one, inner] * matrix[other, inner]
            if one > other:
                matrix[one, other] = value / matrix[other, other]
            elif value > _SINGULAR:
                matrix[one, one] = np.sqrt(value)
            else:
                return False
    return True


@kernel
def spread_errors(design: Any, rows: Any, back: Any, sigma: float) -> Any:
    """Carry the error of fitted points through the parameters of a fit to other points.

    As `geometry.homographies.propagated_errors_px`, in one pass: `design` (2n, k), `rows` (2m, k), `back`
    (m, 2, 2); returns the distances in the source, shape (m,).
    """
    scale = _column_lengths(design)
    factor = _information(design, scale)
    result = np.full(len(back), np.inf)
    if not _factor(factor):
        return result
    solved = np.empty(len(scale))
    for point in range(len(back)):
        total = 0.0
        for axis in range(2):  # each coordinate in the source is a line of back @ rows
            across, down = back[point, axis, 0], back[point, axis, 1]
            for one in range(len(scale)):
                value = (across * rows[2 * point, one] + down * rows[2 * point + 1, one]) / scale[one]
                for inner in range(one):
                    value -= factor[one, inner] * solved[inner]
                solved[one] = value / factor[one, one]
                total += solved[one] * solved[one]
        result[point] = sigma * np.sqrt(total)
    return result


@kernel
def inverse_derivatives(homography: Any, points: Any) -> Any:
    """Return the derivative of the source by the target at some source points, shape (n, 2, 2)."""
    result = np.empty((len(points), 2, 2))
    for point in range(len(points)):
        x, y = points[point, 0], points[point, 1]
        depth = homography[2, 0] * x + homography[2, 1] * y + homography[2, 2]
        u = (homography[0, 0] * x + homography[0, 1] * y + homography[0, 2]) / depth
        v = (homography[1, 0] * x + homography[1, 1] * y + homography[1, 2]) / depth
        a = (homography[0, 0] - u * homography[2, 0]) / depth
        b = (homography[0, 1] - u * homography[2, 1]) / depth
        c = (homography[1, 0] - v * homography[2, 0]) / depth
        d = (homography[1, 1] - v * homography[2, 1]) / depth
        size = a * d - b * c
        result[point, 0, 0], result[point, 0, 1] = d / size, -b / size
        result[point, 1, 0], result[point, 1, 1] = -c / size, a / size
    return result


@kernel
def pose_derivatives(points: Any, rotation: Any, shift: Any, matrix: Any) -> Any:
    """Derive the image of points on a plane by a small turn and shift of the camera, shape (2n, 6)."""
    result = np.empty((2 * len(points), 6))
    for point in range(len(points)):
        p, q = points[point, 0], points[point, 1]
        turned = rotation[:, 0] * p + rotation[:, 1] * q
        x, y, z = turned[0] + shift[0], turned[1] + shift[1], turned[2] + shift[2]
        for axis in range(2):
            # d (m0 x + m1 y) / z, for a row of the camera matrix without its last element
            by_x, by_y = matrix[axis, 0] / z, matrix[axis, 1] / z
            by_z = -(matrix[axis, 0] * x + matrix[axis, 1] * y) / (z * z)
            row = 2 * point + axis
            result[row, 0] = by_z * turned[1] - by_y * turned[2]
            result[row, 1] = by_x * turned[2] - by_z * turned[0]
            result[row, 2] = by_y * turned[0] - by_x * turned[1]
            result[row, 3], result[row, 4], result[row, 5] = by_x, by_y, by_z
    return result


@kernel
def outline(homography: Any, width: float, height: float) -> Any:
    """Return the corners of a picture under a homography, shape (4, 2); NaN beyond the horizon."""
    quad = np.full((4, 2), np.nan)
    for corner in range(4):
        x = width - 0.5 if corner in (1, 2) else -0.5
        y = height - 0.5 if corner in (2, 3) else -0.5
        depth = homography[2, 0] * x + homography[2, 1] * y + homography[2, 2]
        if depth > 1e-12:
            quad[corner, 0] = (homography[0, 0] * x + homography[0, 1] * y + homography[0, 2]) / depth
            quad[corner, 1] = (homography[1, 0] * x + homography[1, 1] * y + homography[1, 2]) / depth
    return quad


@kernel
def in_sight(homography: Any, points: Any, mask: Any) -> Any:
    """Return the points whose images lie where the mask is set, and the images, shapes (n, 2)."""
    height, width = mask.shape
    source, images = np.empty((len(points), 2)), np.empty((len(points), 2))
    found = 0
    for point in range(len(points)):
        x, y = np.float64(points[point, 0]), np.float64(points[point, 1])
        depth = homography[2, 0] * x + homography[2, 1] * y + homography[2, 2]
        if not depth > 1e-12:
            continue
        u = (homography[0, 0] * x + homography[0, 1] * y + homography[0, 2]) / depth
        v = (homography[1, 0] * x + homography[1, 1] * y + homography[1, 2]) / depth
        if not (u > -0.5 and v > -0.5 and u < width - 0.5 and v < height - 0.5):
            continue
        if mask[int(np.rint(v)), int(np.rint(u))] == 0:
            continue
        source[found, 0], source[found, 1] = x, y
        images[found, 0], images[found, 1] = u, v
        found += 1
    return source[:found], images[:found]
