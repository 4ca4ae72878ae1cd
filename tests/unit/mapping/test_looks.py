"""Where somebody looks in each frame."""

from __future__ import annotations

import numpy as np
import pytest

from gazestudy.geometry.cameras import undistort_px
from gazestudy.mapping.looks import Looks
from gazestudy.mapping.view import WorkingView
from gazestudy.model.camera import Camera

CAMERA = Camera(640, 480, 500.0, 500.0, 319.5, 239.5, "opencv5", (-0.2, 0.05, 0.0, 0.0, 0.0))


@pytest.mark.parametrize("camera", [None, CAMERA])
def test_it_is_the_median_of_the_gaze_in_view(camera):
    rng = np.random.default_rng(3)
    gaze = {frame: rng.uniform((40, 40), (600, 440), (1 + frame % 4, 2)) for frame in range(0, 1300, 3)}
    gaze[6] = np.vstack([gaze[6], [[-50.0, 100.0]]])  # one of the samples beside the image
    gaze[9] = np.array([[700.0, 100.0], [10.0, -30.0]])  # all of them
    view = WorkingView(640, 480, camera, working_width_px=320)
    looks = Looks(view, gaze)
    for frame in range(1300):
        found = looks.in_frame(frame)
        if frame % 3 or frame == 9:
            assert found is None
            continue
        inside = gaze[frame][gaze[frame][:, 0] > 0]
        flat = inside if camera is None else undistort_px(inside, camera)
        wanted = (np.median(flat, axis=0) - view.to_undistorted[:2, 2]) / np.diag(view.to_undistorted)[:2]
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_frames_may_be_left_out_and_gaze_may_be_missing():
    view = WorkingView(64, 48, None, working_width_px=64)
    looks = Looks(view, {n: np.array([[float(n % 50), 5.0]]) for n in range(2000)})
    assert [looks.in_frame(n) for n in (3, 1700, 1999, 5000)] == [(3.0, 5.0), (0.0, 5.0), (49.0, 5.0), None]
    assert Looks(view, {}).in_frame(0) is None
