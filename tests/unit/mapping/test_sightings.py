"""Which of two pictures at one place is on show there."""

import numpy as np
import pytest

from gazestudy.geometry.homographies import corners_px
from gazestudy.mapping.appearance import GRID, Appearance
from gazestudy.mapping.evidence import Evidence
from gazestudy.mapping.sightings import Sighting, Track, is_surer

EVERY = np.ones((GRID, GRID), dtype=bool)


def look(confidence: float, *, headline: float = 0.97) -> Appearance:
    scores = np.full((GRID, GRID), 0.97)
    scores[2:4, 3:9] = headline
    return Appearance(confidence, GRID * GRID, EVERY, EVERY, scores, np.full((GRID, GRID), 30.0), EVERY)


def sighting(confidence: float, *, frames: int, headline: float = 0.97) -> Sighting:
    """A picture in a blurred frame, that was seen in others with its headline or with that of another one."""
    evidence = Evidence()
    for _ in range(frames):
        evidence.add(look(1.0, headline=headline))
    quad = corners_px(100, 100)
    return Sighting(Track(0, evidence=evidence), np.eye(3), quad, look(confidence), 20, 0.1, 0.01)


def test_in_a_blurred_frame_what_looked_right_before_is_still_there():
    right, variant = sighting(0.8, frames=10), sighting(0.9, frames=10, headline=0.5)
    assert is_surer(right, variant, changes=False)
    assert not is_surer(variant, right, changes=False)


@pytest.mark.parametrize(
    ("frames", "headline", "changes"), [(2, 0.97, False), (10, 0.5, False), (10, 0.97, True)]
)
def test_else_what_looks_better_in_this_one(frames, headline, changes):
    """Seen too rarely; both wrong; or a screen, on which the next picture may have come on."""
    one, variant = sighting(0.8, frames=frames, headline=headline), sighting(0.9, frames=10, headline=0.5)
    assert is_surer(variant, one, changes=changes)
    assert not is_surer(one, variant, changes=changes)
