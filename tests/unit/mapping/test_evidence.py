"""Evidence that it is the picture itself, from comparisons made by hand."""

import numpy as np
import pytest

from gazestudy.mapping.appearance import GRID, Appearance
from gazestudy.mapping.evidence import Evidence

LETTERING = slice(2, 4), slice(3, 9)  # 12 of 256 cells, clear of all edges
EVERY = np.ones((GRID, GRID), dtype=bool)


def look(score: float, *, lettering: float | None = None, clear=EVERY, judged=EVERY) -> Appearance:
    """Return a frame in which all cells correlate so well with the artwork, and those of the lettering so."""
    scores = np.full((GRID, GRID), score)
    if lettering is not None:
        scores[LETTERING] = lettering
    weight = np.where(judged, 30.0, 1.0)
    return Appearance(1.0, int(judged.sum()), EVERY, judged, scores, weight, clear)


def gathered(looks) -> Evidence:
    evidence = Evidence()
    for one in looks:
        evidence.add(one)
    return evidence


def test_the_picture_itself_is_beyond_doubt():
    evidence = gathered([look(0.97)] * 20)
    assert evidence.share == 1.0 and evidence.coverage == 1.0
    assert evidence.clarity == pytest.approx(0.7)


def test_another_lettering_is_noticed_although_it_correlates():
    """Dark bars and light backgrounds agree, so cells with other letters still correlate by 0.7."""
    assert gathered([look(0.97, lettering=0.7)] * 20).share == pytest.approx(1 - 12 / 256)


def test_blurred_frames_do_not_outvote_sharp_ones():
    blurred, sharp = look(0.8, lettering=0.7), look(0.97, lettering=0.7)
    assert gathered([blurred] * 60).share == 1.0  # on their own they say nothing against it
    assert gathered([blurred] * 60).clarity < 0.1  # nor for it
    assert gathered([blurred] * 60 + [sharp] * 20).share < 0.96


def test_a_passer_by_hides_lettering_for_a_while():
    assert gathered([look(0.97, lettering=0.1)] * 14 + [look(0.97)] * 6).share == 1.0


def test_too_blurred_or_too_small_frames_tell_nothing():
    evidence = gathered([look(0.5)] * 20)
    assert evidence.clarity == 0.0 and evidence.coverage == 0.0 and evidence.share == 1.0


def test_what_covers_plain_parts_below_as_well_is_in_front():
    """Lettering above a plain lower edge: covered together they are somebody; alone it is other lettering."""
    judged = EVERY.copy()
    judged[4:, 3:9] = False  # plain down to the lower edge
    covered = EVERY.copy()
    covered[2:, 3:9] = False
    assert gathered([look(0.97, lettering=0.2, judged=judged)] * 20).share < 0.96
    assert gathered([look(0.97, lettering=0.2, judged=judged, clear=covered)] * 20).share == 1.0


def test_evidence_of_two_tracks_adds_up():
    one, other = gathered([look(0.97)] * 5), gathered([look(0.97, lettering=0.5)] * 30)
    one.merge(other)
    both = gathered([look(0.97)] * 5 + [look(0.97, lettering=0.5)] * 30)
    assert one.share == both.share < 0.96
    assert one.clarity == both.clarity and one.coverage == both.coverage
