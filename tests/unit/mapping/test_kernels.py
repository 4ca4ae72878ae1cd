"""Compiled loops beside the same in arrays."""

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px, jacobian, propagated_errors_px
from gazestudy.mapping.kernels import light, planes

POSE = np.array([[0.9, 0.1, 40.0], [-0.1, 1.1, 30.0], [1e-4, 2e-4, 1.0]])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_best_line_goes_through_most_points(rng):
    x = rng.uniform(0, 200, 60)
    y = 0.8 * x + 12
    y[:15] = rng.uniform(0, 255, 15)
    assert light.best_line(x, y) == pytest.approx((0.8, 12))


def test_cells_are_compared_as_in_arrays(rng):
    expected, found = (rng.integers(0, 255, (36, 48)).astype(np.uint8) for _ in range(2))
    found = (expected // 2 + found // 4).astype(np.uint8)
    cells = light.compare_cells(expected, found, 3, 4, 12)
    for row in range(3):
        for column in range(4):
            part = np.s_[12 * row : 12 * row + 12, 12 * column : 12 * column + 12]
            a, b = found[part].astype(float), expected[part].astype(float)
            wanted = np.corrcoef(a.ravel(), b.ravel())[0, 1], b.std(), b.mean(), a.mean(), a.std()
            assert cells[:, row, column] == pytest.approx(wanted)


def test_flat_cells_correlate_with_nothing():
    flat = np.full((12, 12), 90, dtype=np.uint8)
    assert light.compare_cells(flat, flat, 1, 1, 12)[:, 0, 0].tolist() == [0, 0, 90, 90, 0]


def test_light_is_compared_around_points(rng):
    drawn = rng.integers(20, 200, (60, 80)).astype(np.uint8)
    real = rng.integers(20, 200, (60, 80)).astype(np.uint8)
    points = np.vstack([rng.uniform(-3, 83, (50, 2)), [[0, 0], [79, 59], [79.4, -0.4]]])
    columns, rows = np.clip(np.round(points).astype(int), 0, [79, 59]).T
    here, there = (cv2.blur(image, (9, 9))[rows, columns].astype(float) for image in (drawn, real))
    assert light.light_between(drawn, real, points, 4) == pytest.approx(
        light.best_line(here, there), abs=0.05
    )


def test_outline_and_points_in_sight(rng):
    assert planes.outline(POSE, 300, 200) == pytest.approx(apply_homography(POSE, corners_px(300, 200)))
    beyond = POSE.copy()
    beyond[2] = -0.01, 0, 1
    assert np.isnan(planes.outline(beyond, 300, 200)).any(axis=1).tolist() == [False, True, True, False]
    points = rng.uniform(-20, 320, (400, 2)).astype(np.float32)
    mask = (rng.random((150, 200)) > 0.3).astype(np.uint8)
    source, images = planes.in_sight(POSE, points, mask)
    wanted = apply_homography(POSE, points)
    good = [
        -0.5 < x < 199.5 and -0.5 < y < 149.5 and mask[round(y), round(x)] > 0 for x, y in wanted.tolist()
    ]
    assert (source == points[good]).all() and images == pytest.approx(wanted[good])


def test_errors_of_a_pose_do_not_depend_on_its_parameters(rng):
    """The derivative by a turn about the camera's axes and that by a rotation vector say the same."""
    matrix = np.array([[900.0, 0, 640], [0, 880, 360], [0, 0, 1]])
    turn, shift = np.array([0.2, 0.7, -0.1]), np.array([0.3, -0.2, 3.0])
    rotation = cv2.Rodrigues(turn)[0]
    fitted, at = rng.uniform(0, 1, (30, 2)), rng.uniform(0, 1, (5, 2))
    plane_to_image = matrix @ np.column_stack([rotation[:, 0], rotation[:, 1], shift])

    def by_vector(points):
        solid = np.column_stack([points, np.zeros(len(points))])
        return cv2.projectPoints(solid, turn, shift, matrix, np.zeros(4))[1][:, :6].reshape(-1, 2, 6)

    back = np.linalg.inv(jacobian(plane_to_image, at))
    _, wanted = propagated_errors_px(by_vector(fitted), by_vector(at), back, sigma_px=0.4)
    design, rows = (planes.pose_derivatives(points, rotation, shift, matrix) for points in (fitted, at))
    assert planes.inverse_derivatives(plane_to_image, at) == pytest.approx(back)
    assert planes.spread_errors(design, rows, back, 0.4) == pytest.approx(wanted, rel=1e-6)
    flat = planes.pose_derivatives(fitted[:2], rotation, shift, matrix)
    assert np.isinf(planes.spread_errors(flat, rows, back, 0.4)).all()
