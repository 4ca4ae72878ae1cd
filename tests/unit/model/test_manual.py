"""Points of key frames: what a person who stands before a placement can click, and what tells how it lies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gazestudy.errors import ParameterError
from gazestudy.model.manual import CORNERS, KeyFrame, points_of

SHARES = ((0.1, 0.2), (0.9, 0.1), (0.5, 0.4), (0.3, 0.9))  # the third lies between the others
SEEN = np.array([[400.0, 60.0, 100.0], [-20.0, 300.0, 80.0], [0.4, 0.1, 1.0]])


def seen(shares, matrix=SEEN):
    """Where points of the picture are seen: all of them before the camera."""
    lifted = np.column_stack([np.array(shares), np.ones(len(shares))]) @ matrix.T
    return points_of(lifted[:, :2] / lifted[:, 2:])


def key_frame(shares, points=None):
    return KeyFrame("r", 0, "gate", seen(shares) if points is None else points, at_shares=shares)


def test_any_four_points_in_any_order_make_a_key_frame():
    for order in itertools.permutations(SHARES):
        key_frame(order).require_spread()
    key_frame(CORNERS).require_spread()
    key_frame((*SHARES, (0.7, 0.7), (0.5, 0.9))).require_spread()


def test_points_that_nobody_sees_like_that_are_mixed_up():
    here = seen(SHARES)
    for one, other in itertools.combinations(range(4), 2):
        swapped = list(here)
        swapped[one], swapped[other] = here[other], here[one]
        with pytest.raises(ParameterError, match="one is mixed up"):
            key_frame(SHARES, tuple(swapped))
    with pytest.raises(ParameterError, match="one is mixed up"):  # from behind
        key_frame(SHARES, tuple((-x, y) for x, y in here))
    five = (*SHARES, (0.7, 0.7))
    with pytest.raises(ParameterError, match="one is mixed up"):
        key_frame(five, (*here[1:2], here[0], *here[2:], seen(five)[4]))


def test_the_same_point_twice_or_points_on_a_line_say_what_to_do():
    with pytest.raises(ParameterError, match=r"2 and 4: the same point of the picture.*move one"):
        key_frame((*SHARES[:3], SHARES[1]))
    line = ((0.1, 0.1), (0.5, 0.5), (0.9, 0.91), (0.9, 0.1))
    with pytest.raises(ParameterError, match=r"nearly on a line on the picture.*add one far from it"):
        key_frame(line).require_spread()
    key_frame((*line, (0.1, 0.9))).require_spread()  # which was done
    far = np.diag([0.04, 4.0, 1.0]) @ np.array([[400.0, 0, 0], [0, 400.0, 0], [0, 0, 1.0]])
    with pytest.raises(ParameterError, match="nearly on a line in the frame"):
        key_frame(SHARES, seen(SHARES, far)).require_spread()


def test_what_earlier_studies_hold_can_still_be_read():
    """Convex and clockwise, however thin: that was all that was asked."""
    thin = ((100.0, 50.0), (102.0, 50.5), (102.0, 300.0), (100.0, 301.0))
    assert KeyFrame("r", 0, "gate", thin).at_shares == CORNERS
    close = ((0.50, 0.50), (0.52, 0.50), (0.52, 0.51), (0.50, 0.51))
    assert KeyFrame("r", 0, "gate", thin, at_shares=close).corners_px == thin
    with pytest.raises(ParameterError, match="nearly on a line"):
        KeyFrame("r", 0, "gate", thin).require_spread()


@pytest.mark.parametrize(
    ("points", "shares"),
    [
        (((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)), SHARES[:3]),
        (((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)), SHARES),
        (((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (np.nan, 9.0)), SHARES),
        (((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)), (*SHARES[:3], (np.inf, 0.0))),
    ],
)
def test_too_few_or_no_points_are_refused(points, shares):
    with pytest.raises(ParameterError):
        KeyFrame("r", 0, "gate", points, at_shares=shares)


def test_a_key_frame_of_more_points_than_anybody_clicks_is_refused_at_once():
    spots = [(n / 30, (n * n % 31) / 31) for n in range(30)]
    with pytest.raises(ParameterError, match="4 to 24"):
        KeyFrame("r", 0, "p", tuple((600 * x, 800 * y) for x, y in spots), at_shares=tuple(spots))
