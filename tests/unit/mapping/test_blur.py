from __future__ import annotations

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.mapping.alignment import align
from gazestudy.mapping.appearance import appearance
from gazestudy.mapping.blur import Shutter, smeared
from gazestudy.mapping.references import Reference, prepare
from gazestudy.mapping.view import View


def averaged_over(image: np.ndarray, path: np.ndarray, steps: int = 161) -> np.ndarray:
    """The slow way: the mean of the picture at many places along its path."""
    total = np.zeros(image.shape)
    for share in np.linspace(-0.5, 0.5, steps):
        move = np.array([[1, 0, share * path[0]], [0, 1, share * path[1]]])
        size = image.shape[1], image.shape[0]
        total += cv2.warpAffine(image.astype(np.float32), move, size, borderMode=cv2.BORDER_REFLECT_101)
    return total / steps


@pytest.mark.parametrize("path", [(14.0, 0.0), (-9.0, 6.5), (0.0, 21.0), (3.3, -2.2)])
def test_a_smear_is_the_mean_over_the_path(make_artwork, path):
    image = cv2.GaussianBlur(make_artwork(1), (0, 0), 1.5)
    difference = smeared(image, np.array(path)).astype(float) - averaged_over(image, np.array(path))
    inner = difference[30:-30, 30:-30]
    assert np.abs(inner).max() < 4 and np.abs(inner).mean() < 0.6
    assert np.abs(image.astype(float) - averaged_over(image, np.array(path)))[30:-30, 30:-30].max() > 15


def test_a_short_path_leaves_the_picture_alone(make_artwork):
    image = make_artwork(1)
    assert smeared(image, np.array([1.0, 1.0])) is image


def test_the_shutter_share_is_learnt():
    shutter = Shutter()
    tried: list[float] = []

    def fit(path: np.ndarray) -> tuple[str, int]:
        share = round(float(path[0]) / 100, 2)
        tried.append(share)
        return f"at {share}", 90 if share == 0.5 else 40

    found = {shutter.best(np.array([100.0, 0.0]), fit, 60) for _ in range(20)}
    assert found == {"at 0.5"} and len(set(tried)) > 3
    tried.clear()
    assert shutter.best(np.array([100.0, 0.0]), fit, 60) == "at 0.5" and tried == [0.5]


def test_where_hardly_anything_fits_all_shares_are_tried():
    shutter = Shutter()
    for _ in range(30):
        shutter.best(np.array([100.0, 0.0]), lambda path: ("usual", 90 if path[0] == 30.0 else 40), 60)
    dim = {70.0: ("open longer", 30), 30.0: (None, 0)}
    assert (
        shutter.best(np.array([100.0, 0.0]), lambda path: dim.get(path[0], ("hardly", 8)), 60)
        == "open longer"
    )
    assert shutter.best(np.array([100.0, 0.0]), lambda path: (None, 0), 60) is None


def test_a_slow_picture_is_fitted_once_and_sharp():
    paths = []

    def fit(path: np.ndarray) -> tuple[str, int]:
        paths.append(path.tolist())
        return "sharp", 3

    assert Shutter().best(np.array([5.0, 0.0]), fit, 60) == "sharp" and paths == [[0.0, 0.0]]


def test_a_picture_smeared_by_a_turn_of_the_head_is_found_where_it_was_in_mid_exposure(scene, make_artwork):
    image = make_artwork(3)
    work = prepare([Reference("a", "a1", image)])[0]
    truth = scene.pose(0.0, 2.4, 20, 1.2, (300, 420))
    shift = np.array([70.0, 4.0])
    open_share = 0.35
    frames = []
    for share in np.linspace(-0.5, 0.5, 25):
        move = np.array(
            [[1, 0, share * open_share * shift[0]], [0, 1, share * open_share * shift[1]], [0, 0, 1.0]]
        )
        frames.append(scene.draw([(image, move @ truth)], seed=len(frames)).astype(float))
    view = View.plain(np.mean(frames, axis=0).astype(np.uint8))
    off = np.array([[1, 0, 3.0], [0, 1, -2.0], [0, 0, 1.0]])
    start = off @ truth @ work.to_reference
    part = view.around(apply_homography(start, corners_px(*work.size_px)), 20)
    sharp = align(part, work, start)
    fit = align(part, work, start, path_px=open_share * shift)
    assert fit is not None
    assert sharp is None or len(fit.points) > 1.5 * len(sharp.points)
    corners = corners_px(*work.size_px)
    wanted = apply_homography(truth @ work.to_reference, corners)
    miss = np.linalg.norm(apply_homography(fit.homography, corners) - wanted, axis=1).max()
    assert miss < 0.02 * np.linalg.norm(wanted[1] - wanted[0])
    plain = appearance(part, work, fit.homography)
    blurred = appearance(part, work, fit.homography, open_share * shift)
    assert blurred.confidence >= plain.confidence
