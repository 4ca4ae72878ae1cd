"""Lens models: round trips up to the image border, and agreement with OpenCV, analysis and a vendor."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.cameras import (
    deg_to_direction,
    direction_to_deg,
    direction_to_px,
    distort_px,
    px_to_deg,
    px_to_direction,
    undistort_px,
)
from gazestudy.model import Camera

CAMERAS = {
    "pinhole": Camera(640, 480, 500.0, 510.0, 319.5, 239.5),
    "opencv4": Camera(1280, 720, 900.0, 905.0, 640.0, 355.0, "opencv4", (-0.25, 0.06, 0.001, -0.0005)),
    "opencv5": Camera(1920, 1080, 1150.0, 1150.0, 950.0, 545.0, "opencv5", (0.05, -0.15, 0.001, 0.0005, 0.05)),
    # Invisible and Neon, as the vendor calibrated them: strong barrel distortion over 80 to 100 degrees
    "invisible": Camera(
        1088, 1080, 758.4497, 757.7809, 527.8879, 533.5322, "opencv8",
        (-0.1247861, 0.0994213, 0.0004574, 0.0009418, 0.0170995, 0.2010797, 0.0104238, 0.062261),
    ),
    "neon": Camera(
        1600, 1200, 888.4111, 888.3595, 805.0976, 618.6383, "opencv8",
        (-0.130192, 0.1084963, 7.66e-05, -0.0001986, 3.54e-05, 0.1697334, 0.0521931, 0.0249344),
    ),
    "fisheye": Camera(1280, 720, 620.0, 620.0, 640.0, 360.0, "fisheye4", (-0.02, 0.005, -0.003, 0.0005)),
}  # fmt: skip


def border(camera: Camera) -> np.ndarray:
    """Return points along the very edge of the image."""
    x = np.linspace(-0.5, camera.width_px - 0.5, 41)
    y = np.linspace(-0.5, camera.height_px - 0.5, 31)
    top = np.column_stack([x, np.full_like(x, -0.5)])
    left = np.column_stack([np.full_like(y, -0.5), y])
    bottom, right = top + np.array([0, camera.height_px]), left + np.array([camera.width_px, 0])
    return within_reach(np.concatenate([top, bottom, left, right]), camera)


def within_reach(points: np.ndarray, camera: Camera) -> np.ndarray:
    """Leave out corners that no ray reaches: a fitted radial polynomial folds back at some angle."""
    if camera.model != "opencv8":
        return points
    k1, k2, _, _, k3, k4, k5, k6 = camera.coefficients
    r = np.linspace(0, 4, 4001)
    bent = r * (1 + k1 * r**2 + k2 * r**4 + k3 * r**6) / (1 + k4 * r**2 + k5 * r**4 + k6 * r**6)
    fold = bent[np.argmax(np.diff(bent) < 0)] if (np.diff(bent) < 0).any() else np.inf
    radius = np.hypot(
        (points[:, 0] - camera.cx_px) / camera.fx_px, (points[:, 1] - camera.cy_px) / camera.fy_px
    )
    return points[radius < 0.98 * fold]


@pytest.fixture(params=CAMERAS.values(), ids=CAMERAS.keys())
def camera(request):
    return request.param


def test_round_trip_at_the_border(camera):
    points = border(camera)
    np.testing.assert_allclose(distort_px(undistort_px(points, camera), camera), points, atol=1e-6)
    np.testing.assert_allclose(direction_to_px(px_to_direction(points, camera), camera), points, atol=1e-6)


def test_angles_and_back(camera):
    degrees = px_to_deg(border(camera), camera)
    back = direction_to_px(deg_to_direction(degrees), camera)
    np.testing.assert_allclose(back, border(camera), atol=1e-6)


def test_undistorted_agrees_with_opencv_iterated_to_the_end(camera):
    """Against OpenCV's own solver with a tight stop, where it has one."""
    if camera.model in ("none", "fisheye4"):
        pytest.skip("nothing to compare with")
    centre = np.array([camera.cx_px, camera.cy_px])
    points = centre + 0.8 * (border(camera) - centre)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-12)
    theirs = cv2.undistortPoints(
        points.reshape(-1, 1, 2), camera.matrix, np.array(camera.coefficients), P=camera.matrix, criteria=stop
    )
    np.testing.assert_allclose(undistort_px(points, camera), theirs.reshape(-1, 2), atol=1e-3)


def test_projection_by_hand():
    """The rational model written out, on a point with all terms at work."""
    camera = CAMERAS["neon"]
    k1, k2, p1, p2, k3, k4, k5, k6 = camera.coefficients
    x, y = 0.4, -0.3
    r2 = x * x + y * y
    radial = (1 + k1 * r2 + k2 * r2**2 + k3 * r2**3) / (1 + k4 * r2 + k5 * r2**2 + k6 * r2**3)
    bent_x = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    bent_y = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    expected = [[camera.fx_px * bent_x + camera.cx_px, camera.fy_px * bent_y + camera.cy_px]]
    np.testing.assert_allclose(direction_to_px(np.array([[x, y, 1.0]]), camera), expected, atol=1e-9)


def test_pinhole_angles_by_hand():
    camera = CAMERAS["pinhole"]
    points = np.array([[319.5, 239.5], [819.5, 239.5], [319.5, 239.5 - 510.0]])
    np.testing.assert_allclose(px_to_deg(points, camera), [[0, 0], [45, 0], [0, 45]], atol=1e-12)


def test_directions_are_unit_vectors_and_signs_are_right(camera):
    right_and_up = np.array([[camera.cx_px + 100, camera.cy_px - 100]])
    direction = px_to_direction(right_and_up, camera)
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    assert direction[0, 0] > 0 > direction[0, 1]
    assert (px_to_deg(right_and_up, camera) > 0).all()


def test_missing_points_stay_missing(camera):
    points = np.array([[np.nan, 5.0], [300.0, 300.0]])
    assert np.isnan(undistort_px(points, camera)[0]).any()
    assert np.isnan(px_to_deg(points, camera)).all(axis=1).tolist() == [True, False]
    assert undistort_px(np.full((3, 2), np.nan), camera).shape == (3, 2)
    assert px_to_deg(np.zeros((0, 2)), camera).shape == (0, 2)


def test_behind_the_camera_there_is_no_pixel(camera):
    assert np.isnan(direction_to_px(np.array([[0.0, 0.0, -1.0]]), camera)).all()


@pytest.mark.parametrize(("azimuth", "elevation"), [(0, 0), (30, 0), (0, -40), (-60, 35), (120, 10)])
def test_degrees_of_directions(azimuth, elevation):
    direction = deg_to_direction(np.array([[azimuth, elevation]]))
    np.testing.assert_allclose(direction_to_deg(direction), [[azimuth, elevation]], atol=1e-10)


def test_angles_are_those_of_the_vendor():
    """3,385 gaze samples of an Invisible: its azimuth and elevation from its pixels and calibration."""
    folder = Path(__file__).parents[3] / "../shared/data/recordings/pupil_invisible_cloud"
    if not folder.is_dir():
        pytest.skip("the shared sample recordings are not here")
    values = json.loads((folder / "scene_camera.json").read_text(encoding="utf-8"))
    camera = Camera.from_matrix(
        np.array(values["camera_matrix"]),
        width_px=1088,
        height_px=1080,
        model="opencv8",
        coefficients=tuple(np.ravel(values["dist_coefs"])),
    )
    gaze = pd.read_csv(folder / "gaze.csv")
    ours = px_to_deg(gaze[["gaze x [px]", "gaze y [px]"]].to_numpy(), camera)
    off = np.abs(ours - gaze[["azimuth [deg]", "elevation [deg]"]].to_numpy())
    print(f"largest difference {off.max():.6f} deg")
    assert off.max() < 0.01


def test_a_pixel_that_no_direction_reaches_is_missing_not_wild():
    beyond_the_fold = Camera(1600, 1200, 300.0, 300.0, 799.5, 599.5, "opencv5", (-0.3, 0.0, 0.0, 0.0, 0.0))
    assert np.isnan(undistort_px(np.array([[0.0, 0.0]]), beyond_the_fold)).all()
    assert np.isfinite(undistort_px(np.array([[700.0, 500.0]]), beyond_the_fold)).all()
