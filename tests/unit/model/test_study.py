"""Study classes refuse values that make no sense."""

from __future__ import annotations

import pytest

from gazestudy.errors import ParameterError
from gazestudy.model import Aoi, Camera, Clock, Creative, Placement


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Placement("a", "A", copies=0), id="no-copies"),
        pytest.param(lambda: Placement("a", "A", width_mm=-1.0), id="negative-size"),
        pytest.param(lambda: Placement("a", "A", height_mm=float("nan")), id="size-not-a-number"),
        pytest.param(lambda: Placement("a", "A").size_px, id="no-picture"),
        pytest.param(lambda: Aoi("x", "a", "X", ((0.0, 0.0), (1.0, 1.0))), id="two-corners"),
        pytest.param(lambda: Camera(640, 480, 0.0, 500.0, 320.0, 240.0), id="no-focal-length"),
        pytest.param(
            lambda: Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "opencv5", (0.1,)), id="coefficients"
        ),
        pytest.param(lambda: Camera(640, 480, 500.0, 500.0, 320.0, 240.0, "lens", ()), id="model"),  # type: ignore[arg-type]
    ],
)
def test_refused(make):
    with pytest.raises(ParameterError, match="expected"):
        make()


def test_size_is_that_of_the_first_creative():
    creatives = (
        Creative("c1", "a", "", "p/1.png", "", 300, 200),
        Creative("c2", "a", "", "p/2.png", "", 60, 40),
    )
    assert Placement("a", "A", creatives).size_px == (300, 200)


def test_round_trips():
    camera = Camera(640, 480, 500.0, 501.0, 320.0, 240.0, "opencv5", (0.1, 0.2, 0.0, 0.0, 0.3), "user")
    clock = Clock("unix_utc", 0, "info.json", 12)
    assert Camera.from_dict(camera.to_dict()) == camera
    assert Clock.from_dict(clock.to_dict()) == clock
    assert Clock("unknown").to_unix_ns(1) is None
