from __future__ import annotations

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import (
    apply_homography,
    corners_px,
    expected_errors_px,
    invert_homography,
    jacobian,
    quad_problem,
    scaling,
    side_lengths,
)

H = np.array([[1.2, 0.1, 30.0], [-0.05, 0.9, 12.0], [4e-4, -2e-4, 1.0]])


def test_apply_agrees_with_opencv_and_keeps_nan():
    points = np.random.default_rng(0).uniform(0, 500, (50, 2))
    expected = cv2.perspectiveTransform(points.reshape(-1, 1, 2), H).reshape(-1, 2)
    np.testing.assert_allclose(apply_homography(H, points), expected, atol=1e-9)
    assert np.isnan(apply_homography(H, [[np.nan, 1.0]])).all()
    assert apply_homography(H, np.zeros((0, 2))).shape == (0, 2)


def test_one_matrix_per_point():
    matrices = np.stack([H, np.eye(3), np.diag([2.0, 2.0, 1.0])])
    points = np.array([[10.0, 20.0]] * 3)
    expected = np.vstack([apply_homography(m, p[None]) for m, p in zip(matrices, points, strict=True)])
    np.testing.assert_array_equal(apply_homography(matrices, points), expected)


def test_points_behind_the_horizon_are_nan_and_the_inverse_keeps_sides():
    steep = np.array([[1.0, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]])  # horizon at x = 100
    assert np.isfinite(apply_homography(steep, [[99.0, 0.0]])).all()
    assert np.isnan(apply_homography(steep, [[101.0, 0.0]])).all()
    there = apply_homography(steep, [[90.0, 5.0]])
    np.testing.assert_allclose(apply_homography(invert_homography(steep), there), [[90.0, 5.0]])
    np.testing.assert_allclose(
        invert_homography(np.stack([H, steep])) @ np.stack([H, steep]), [np.eye(3)] * 2, atol=1e-12
    )


def test_scaling_and_corners():
    np.testing.assert_allclose(
        apply_homography(scaling((30, 40), (90, 20)), corners_px(30, 40)), corners_px(90, 20)
    )
    np.testing.assert_allclose(side_lengths(corners_px(30, 40)), [30, 40, 30, 40])


@pytest.mark.parametrize(
    ("quad", "problem"),
    [
        ([[0, 0], [100, 5], [95, 80], [-3, 90]], None),
        ([[0, 0], [100, 0], [20, 20], [0, 100]], "not convex or mirrored"),
        ([[0, 0], [100, 100], [100, 0], [0, 100]], "not convex or mirrored"),
        ([[0, 0], [-100, 0], [-100, 100], [0, 100]], "not convex or mirrored"),
        ([[0, 0], [8, 0], [8, 100], [0, 100]], "too small"),
        ([[0, 0], [30000, 0], [30000, 30000], [0, 30000]], "too large"),
        ([[0, 0], [800, 0], [220, 100], [200, 100]], "opposite sides differ too much"),
        ([[0, 0], [np.nan, 0], [100, 100], [0, 100]], "crosses the horizon"),
    ],
)
def test_quad_problem(quad, problem):
    assert quad_problem(np.array(quad, dtype=float)) == problem


def test_jacobian_is_the_derivative():
    at, step = np.array([[120.0, 80.0], [10.0, 300.0]]), 1e-5
    numeric = np.stack(
        [(apply_homography(H, at + d) - apply_homography(H, at - d)) / (2 * step) for d in step * np.eye(2)],
        axis=2,
    )
    np.testing.assert_allclose(jacobian(H, at), numeric, rtol=1e-6)


def test_expected_errors_agree_with_a_monte_carlo_fit():
    rng = np.random.default_rng(1)
    source = rng.uniform(0, 300, (40, 2))
    target = apply_homography(H, source)
    at = np.array([[150.0, 150.0], [0.0, 0.0], [300.0, 300.0]])
    truth = apply_homography(H, at)
    misses, back = [], []
    for _ in range(400):
        fit, _ = cv2.findHomography(source, target + rng.normal(0, 0.5, target.shape), 0)
        misses.append(((apply_homography(fit, at) - truth) ** 2).sum(axis=1))
        back.append(((apply_homography(invert_homography(fit), truth) - at) ** 2).sum(axis=1))
    in_target, in_source = expected_errors_px(H, source, at, sigma_px=0.5)
    np.testing.assert_allclose(in_target, np.sqrt(np.mean(misses, axis=0)), rtol=0.12)
    np.testing.assert_allclose(in_source, np.sqrt(np.mean(back, axis=0)), rtol=0.12)


def test_expected_errors_are_infinite_where_points_lie_on_a_line():
    line = np.column_stack([np.linspace(0, 100, 20), np.full(20, 5.0)])
    target, source = expected_errors_px(np.eye(3), line, [[0.0, 0.0]], sigma_px=1.0)
    assert np.isinf(target).all() and np.isinf(source).all()
