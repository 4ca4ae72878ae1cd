"""Finding pictures in one frame."""

from __future__ import annotations

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.mapping.detection import Detector
from gazestudy.mapping.feature_index import FeatureIndex
from gazestudy.mapping.references import Reference, prepare
from gazestudy.mapping.view import View
from tests.unit.mapping.conftest import artwork

TO_SCENE = np.array([[0.6, 0.05, 220.0], [0.02, 0.6, 60.0], [1e-4, 0.0, 1.0]])


def _faint(seed: int) -> np.ndarray:
    """A picture of soft shades: print of which a dark frame shows little contrast, in grey levels."""
    return np.asarray(128 + 0.6 * (artwork(seed).astype(float) - 128), dtype=np.uint8)


@pytest.mark.parametrize("light", [1.0, 0.35, 0.2])
def test_a_picture_is_found_in_dark_frames_too(light: float) -> None:
    picture = _faint(1)
    scene = np.full((360, 640), 220, np.uint8)
    cv2.warpPerspective(picture, TO_SCENE, (640, 360), dst=scene, borderMode=cv2.BORDER_TRANSPARENT)
    noise = np.random.default_rng(2).normal(0, 1.0, scene.shape)
    frame = np.clip(np.rint(light * scene + noise), 0, 255).astype(np.uint8)
    others = [Reference(f"p{n}", f"c{n}", _faint(n)) for n in range(3)]
    artworks = prepare(others)
    detector = Detector(
        artworks,
        FeatureIndex(artworks),
        np.full(frame.shape, 255, np.uint8),
        search_width_px=640,
        ratio=0.8,
        min_matches=7,
        min_confidence=0.6,
        min_cells=8,
        min_side_px=16,
    )
    search = detector.search(View.plain(frame))
    assert [one.artwork for one in search.found] == [1]
    corner = search.found[0].alignment.homography[:2, 2]
    np.testing.assert_allclose(corner, TO_SCENE[:2, 2], atol=1.0)
