"""Outlines of placements in the scene image."""

from __future__ import annotations

import numpy as np
import pytest

from gazestudy.geometry.cameras import distort_px
from gazestudy.geometry.polygons import area
from gazestudy.mapping import visible_outline
from gazestudy.model import Camera

CAMERA = Camera(640, 480, 400.0, 400.0, 319.5, 239.5, "opencv5", (-0.2, 0.05, 0.0, 0.0, 0.0))
SIZE, IMAGE = (100, 80), (640, 480)


def shifted(x: float, y: float) -> np.ndarray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (200, 100, 8000.0),
        (-50, 100, 4000.0),
        (-50, -40, 2000.0),
        (600, 440, 1600.0),
        (700, 100, 0.0),
        (-300, -300, 0.0),
    ],
)
def test_area_inside_the_image(x, y, expected):
    outline = visible_outline(shifted(x, y), SIZE, IMAGE, None)
    assert (area(outline) if len(outline) else 0.0) == pytest.approx(expected)


def test_a_lens_bends_the_edges():
    outline = visible_outline(shifted(20, 20), SIZE, IMAGE, CAMERA)
    corner = distort_px(np.array([[19.5, 19.5]]), CAMERA)
    assert np.linalg.norm(outline - corner, axis=1).min() < 1e-9
    assert area(outline) < 8000


def test_what_is_behind_the_camera_is_left_out():
    behind = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]])
    assert len(visible_outline(behind, SIZE, IMAGE, CAMERA)) == 0
