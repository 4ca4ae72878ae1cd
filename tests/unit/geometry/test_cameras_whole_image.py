"""Every lens model over the whole image, its border and corners; fisheye624 against Project Aria's own tools."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import (
    deg_to_direction,
    direction_to_px,
    distort_px,
    px_to_deg,
    px_to_direction,
    undistort_px,
)
from gazestudy.model import Camera

ARIA = Camera(
    1408, 1408, 607.0129968791215, 607.0129968791215, 718.517934788257, 703.0479291982975, "fisheye624",
    (
        0.4049855059199108, -0.4960655170834019, 0.2366889743579386, 0.9948191490966187, -1.573948083968366,
        0.6086728193625544, -0.0003672190538065101, -0.0007413905358394097, -0.0005839984838196491,
        -0.0002193412417918993, 0.0001936268547567258, -0.0002042473404798113,
    ),
)  # fmt: skip

# Directions and their pixels as projectaria-tools 2.3.0 projects them with the same parameters.
ARIA_TRUTH = [
    ((-0.037346145411, 0.009155658069, 0.999260446204), (695.828019101, 708.60981179)),
    ((-0.03961625103, -0.186973655053, 0.981565792482), (693.945343599, 587.166399177)),
    ((0.336294343158, 0.291927167101, 0.89536844029), (944.039488036, 898.856974914)),
    ((0.290464334003, 0.632033142826, 0.718445945804), (941.674226775, 1189.445466412)),
    ((0.056659968238, -0.839561234379, 0.540302305868), (765.57922091, -10.557791029)),
    ((-0.452674472693, -0.783106184986, 0.426415905905), (324.50986395, 22.835069861)),
    ((0.167932468803, 0.886741744949, 0.43068290387), (861.93441033, 1466.389022841)),
    ((0.900689242353, 0.373011840799, 0.222757840116), (2953.497859467, 1607.824498973)),
]

CAMERAS = {
    "pinhole": Camera(640, 480, 500.0, 510.0, 319.5, 239.5),
    "opencv4": Camera(1280, 720, 900.0, 905.0, 640.0, 355.0, "opencv4", (-0.12, 0.03, 0.001, -0.0005)),
    "opencv5": Camera(1920, 1080, 1150.0, 1150.0, 950.0, 545.0, "opencv5", (0.05, -0.15, 0.001, 0.0005, 0.05)),
    "opencv8": Camera(
        1280, 720, 900.0, 900.0, 640.0, 360.0, "opencv8",
        (-0.1248, 0.0994, 0.0005, 0.0009, 0.0171, 0.2011, 0.0104, 0.0623),
    ),
    "fisheye4": Camera(1280, 720, 620.0, 615.0, 640.0, 360.0, "fisheye4", (-0.02, 0.005, -0.003, 0.0005)),
    "fisheye4 beyond 90 degrees": Camera(
        1200, 1200, 300.0, 300.0, 600.0, 600.0, "fisheye4", (0.01, -0.002, 0.0003, 0.0)
    ),
    "fisheye624": ARIA,
}  # fmt: skip


@pytest.fixture(params=CAMERAS.values(), ids=CAMERAS.keys())
def camera(request):
    return request.param


def border_and_corners(camera: Camera) -> np.ndarray:
    x = np.linspace(-0.5, camera.width_px - 0.5, camera.width_px + 1)
    y = np.linspace(-0.5, camera.height_px - 0.5, camera.height_px + 1)
    sides = [(x, np.full_like(x, y[0])), (x, np.full_like(x, y[-1]))]
    sides += [(np.full_like(y, x[0]), y), (np.full_like(y, x[-1]), y)]
    return np.concatenate([np.column_stack(side) for side in sides])


def projected_by_hand(direction: np.ndarray, camera: Camera) -> tuple[float, float]:
    """The documented formula of fisheye624, number by number."""
    k, (p0, p1), (s0, s1, s2, s3) = camera.coefficients[:6], camera.coefficients[6:8], camera.coefficients[8:]
    x, y, z = direction
    theta, phi = math.acos(z / math.sqrt(x * x + y * y + z * z)), math.atan2(y, x)
    r = theta + sum(k[i] * theta ** (2 * i + 3) for i in range(6))
    a, b = r * math.cos(phi), r * math.sin(phi)
    q = a * a + b * b
    u = a + p0 * (2 * a * a + q) + 2 * p1 * a * b + s0 * q + s1 * q**2
    v = b + p1 * (2 * b * b + q) + 2 * p0 * a * b + s2 * q + s3 * q**2
    return camera.fx_px * u + camera.cx_px, camera.fy_px * v + camera.cy_px


def test_aria_as_its_own_tools_project_it():
    directions, px = (np.array(column) for column in zip(*ARIA_TRUTH, strict=True))
    np.testing.assert_allclose(direction_to_px(directions, ARIA), px, atol=1e-6)
    np.testing.assert_allclose(px_to_direction(px, ARIA), directions, atol=1e-9)


def test_aria_by_hand_all_along_the_border():
    directions = px_to_direction(border_and_corners(ARIA), ARIA)
    by_hand = np.array([projected_by_hand(direction, ARIA) for direction in directions])
    np.testing.assert_allclose(by_hand, border_and_corners(ARIA), atol=1e-8)


def test_fisheye4_as_opencv_has_it():
    camera = CAMERAS["fisheye4"]
    flat = np.random.default_rng(4).uniform(-2.0, 2.0, (500, 2))
    theirs = cv2.fisheye.distortPoints(
        flat.reshape(-1, 1, 2), camera.matrix, np.array(camera.coefficients)
    ).reshape(-1, 2)
    rays = np.column_stack([flat, np.ones(len(flat))])
    np.testing.assert_allclose(direction_to_px(rays, camera), theirs, atol=1e-9)
    pinhole = flat * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px)
    np.testing.assert_allclose(distort_px(pinhole, camera), theirs, atol=1e-9)
    np.testing.assert_allclose(undistort_px(theirs, camera), pinhole, atol=1e-7)


def test_every_border_pixel_there_and_back(camera):
    points = border_and_corners(camera)
    np.testing.assert_allclose(direction_to_px(px_to_direction(points, camera), camera), points, atol=1e-7)
    back = direction_to_px(deg_to_direction(px_to_deg(points, camera)), camera)
    np.testing.assert_allclose(back, points, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(CAMERAS)))
def test_any_pixel_there_and_back(seed, name):
    camera = CAMERAS[name]
    unit = np.random.default_rng(seed).uniform(0.0, 1.0, (400, 2))
    points = unit * (camera.width_px, camera.height_px) - 0.5
    directions = px_to_direction(points, camera)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(direction_to_px(directions, camera), points, atol=1e-7)
    np.testing.assert_allclose(
        px_to_direction(direction_to_px(directions, camera), camera), directions, atol=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(
    x=st.floats(-0.5, 1407.5),
    y=st.floats(-0.5, 1407.5),
    small=st.lists(st.floats(-2e-3, 2e-3), min_size=6, max_size=6),
)
def test_any_small_asymmetry_of_the_lens_is_undone(x, y, small):
    camera = Camera(1408, 1408, 607.0, 607.0, 718.5, 703.0, "fisheye624", (*ARIA.coefficients[:6], *small))
    point = np.array([[x, y]])
    np.testing.assert_allclose(direction_to_px(px_to_direction(point, camera), camera), point, atol=1e-7)


def test_the_optical_axis_is_exact(camera):
    axis = np.array([[0.0, 0.0, 1.0]])
    centre = np.array([[camera.cx_px, camera.cy_px]])
    np.testing.assert_array_equal(direction_to_px(axis, camera), centre)
    np.testing.assert_allclose(px_to_direction(centre, camera), axis, atol=1e-12)


def test_beyond_90_degrees_there_is_a_direction_but_no_flat_pixel():
    camera = CAMERAS["fisheye4 beyond 90 degrees"]
    corner = np.array([[-0.5, -0.5]])
    assert px_to_direction(corner, camera)[0, 2] < 0
    assert np.isnan(undistort_px(corner, camera)).all()


def test_a_lens_that_turns_back_gives_no_second_pixel():
    """r = theta - theta^3 / 3 grows up to 57.3 degrees (1 rad), where it is 2/3."""
    camera = Camera(800, 800, 300.0, 300.0, 399.5, 399.5, "fisheye4", (-1.0 / 3.0, 0.0, 0.0, 0.0))
    angles = np.array([0.99, 1.01, 2.0])
    seen = direction_to_px(np.column_stack([np.sin(angles), 0 * angles, np.cos(angles)]), camera)
    assert np.isfinite(seen).all(axis=1).tolist() == [True, False, False]
    assert np.isfinite(px_to_direction(np.array([[399.5 + 199.0, 399.5]]), camera)).all()
    assert np.isnan(px_to_direction(np.array([[399.5 + 201.0, 399.5]]), camera)).all()


def test_missing_points_stay_missing_and_none_is_fine():
    points = np.array([[np.nan, 5.0], [700.0, 700.0], [np.inf, 1.0]])
    assert np.isnan(px_to_deg(points, ARIA)).all(axis=1).tolist() == [True, False, True]
    assert px_to_direction(np.zeros((0, 2)), ARIA).shape == (0, 3)
    assert direction_to_px(np.zeros((0, 3)), ARIA).shape == (0, 2)


def test_twelve_coefficients_are_wanted():
    with pytest.raises(ParameterError, match="12 numbers"):
        Camera(1408, 1408, 607.0, 607.0, 718.0, 703.0, "fisheye624", (0.1, 0.2))
    assert Camera.from_dict(ARIA.to_dict()) == ARIA
