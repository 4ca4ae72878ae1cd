"""The working view of frames, whose memory is used again."""

import gc

import numpy as np
import pytest

from gazestudy.errors import ParameterError
from gazestudy.mapping.view import WorkingView, check_size
from gazestudy.model.camera import Camera

WIDTH, HEIGHT = 320, 240
LENS = Camera(WIDTH, HEIGHT, 250.0, 250.0, 159.5, 119.5, "opencv5", (-0.2, 0.05, 0.0, 0.0, 0.0))


def _frame(grey: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), grey, dtype=np.uint8)


@pytest.mark.parametrize("camera", [None, LENS], ids=["no lens", "lens"])
def test_what_is_held_of_a_frame_keeps_its_pixels_while_later_frames_come_and_go(camera):
    working = WorkingView(WIDTH, HEIGHT, camera, working_width_px=160)
    middle = np.array([40, 40]), np.array([80, 80])
    whole = working.view(_frame(50))
    small, part = working.view(_frame(90)).small[30:40, 30:40], working.view(_frame(130)).cut(*middle)
    for _ in range(5):
        gc.collect()
        later = working.view(_frame(200))
        assert (later.cut(*middle) == 200).all()
    assert (small == 90).all()
    assert (part == 130).all()
    assert (whole.cut(*middle) == 50).all()


def test_memory_of_frames_that_are_gone_is_filled_again():
    working = WorkingView(WIDTH, HEIGHT, LENS, working_width_px=160)
    places = {working.view(_frame(grey)).small.__array_interface__["data"][0] for grey in range(50)}
    assert len(places) <= 4


def test_frames_of_another_size_than_the_camera_has_are_refused_with_both_sizes():
    check_size(_frame(0), LENS)
    check_size(_frame(0)[:100], None)
    with pytest.raises(ParameterError, match="320 x 100") as refused:
        check_size(_frame(0)[:100], LENS)
    assert "320 x 240" in str(refused.value)
