"""Comparing a frame with an artwork: strokes apart from shades, and who stands in front."""

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.mapping.appearance import (
    HIDDEN_GRID,
    Appearance,
    appearance,
    hidden_in_both,
    hidden_parts,
    is_hidden,
    pack,
    unpack,
)
from gazestudy.mapping.references import Reference, prepare
from gazestudy.mapping.view import View

SIZE = 240, 240
LETTERING = slice(2, 4), slice(3, 17)  # cells of 12 px


def picture(words: str) -> np.ndarray:
    """Draw a soft motif with words on a band."""
    rng = np.random.default_rng(3)
    motif = cv2.resize(rng.integers(60, 200, (60, 60), dtype=np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
    motif = np.asarray(motif, dtype=np.uint8)
    motif[24:48] = 40
    for at, word in enumerate(words):
        cv2.putText(motif, word, (36 + 14 * at, 45), cv2.FONT_HERSHEY_DUPLEX, 0.7, 240, 2, cv2.LINE_AA)
    return motif


def seen(shown: np.ndarray, expected: np.ndarray) -> Appearance:
    """Compare a picture that fills the frame with an artwork."""
    [artwork] = prepare([Reference("a", "a1", expected)])
    view = View.plain(shown)
    corners = np.array([[0.0, 0.0], [239.0, 0.0], [239.0, 239.0], [0.0, 239.0]])
    return appearance(view.around(corners, 2), artwork, np.eye(3))


def test_the_picture_itself_has_its_strokes():
    look = seen(picture("RIVER MARKET"), picture("RIVER MARKET"))
    assert look.fine_scores is not None and look.fine_judged is not None
    assert look.fine_judged[LETTERING].mean() > 0.8
    assert look.fine_scores[look.fine_judged].min() > 0.98


def test_another_word_has_other_strokes():
    look = seen(picture("EARLY MARKET"), picture("RIVER MARKET"))
    assert look.fine_scores is not None and look.fine_judged is not None
    letters = np.zeros_like(look.fine_judged)
    letters[2:4, 3:8] = True
    assert np.median(look.fine_scores[letters & look.fine_judged]) < 0.7
    assert np.median(look.fine_scores[~letters & look.fine_judged]) > 0.98


def test_smeared_strokes_tell_nothing():
    shown = picture("RIVER MARKET")
    shown[24:48] = cv2.GaussianBlur(shown, (0, 0), 6.0)[24:48]
    look = seen(shown, picture("RIVER MARKET"))
    assert look.fine_judged is not None and look.fine_judged[LETTERING].mean() < 0.1
    assert look.fine_judged[6:].mean() > 0.5


def test_a_blurred_frame_shows_no_strokes():
    blurred = np.asarray(cv2.GaussianBlur(picture("RIVER MARKET"), (0, 0), 9.0), dtype=np.uint8)
    assert seen(blurred, picture("RIVER MARKET")).fine_judged is None


def with_somebody(shown: np.ndarray, *, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Put somebody of one brightness into a picture; say also where."""
    where = np.zeros(shown.shape, dtype=np.uint8)
    cv2.ellipse(where, (150, 190), (34, 90), 0, 0, 360, 1, -1)
    cv2.circle(where, (150, 84), 22, 1, -1)
    return np.where(where > 0, np.uint8(level), shown), where > 0


@pytest.mark.parametrize("ground", [230, 120])
def test_people_are_outlined_finely_before_a_flat_ground(ground):
    flat = np.full(SIZE, ground, dtype=np.uint8)
    flat[20:60, 20:220] = picture("RIVER MARKET")[20:60, 20:220]
    shown, there = with_somebody(flat, level=60)
    found = hidden_parts(seen(shown, flat), HIDDEN_GRID)
    truth = cv2.resize(there.astype(np.float32), (HIDDEN_GRID, HIDDEN_GRID), interpolation=cv2.INTER_AREA)
    assert found[truth > 0.9].mean() > 0.98
    assert found[truth < 0.1].mean() < 0.02


def test_somebody_as_bright_as_the_picture_is_seen_by_the_print_he_covers():
    motif = picture("RIVER MARKET")
    shown, there = with_somebody(motif, level=130)
    look = seen(shown, motif)
    found = hidden_parts(look, HIDDEN_GRID)
    truth = cv2.resize(there.astype(np.float32), (HIDDEN_GRID, HIDDEN_GRID), interpolation=cv2.INTER_AREA)
    assert found[truth > 0.9].mean() > 0.8
    assert found[truth < 0.1].mean() < 0.05
    assert look.visible_share == pytest.approx(1 - there.mean(), abs=0.05)


def test_a_dim_frame_hides_nothing():
    motif = picture("RIVER MARKET")
    dim = np.asarray(cv2.convertScaleAbs(motif, alpha=0.6, beta=12), dtype=np.uint8)
    look = seen(dim, motif)
    assert not hidden_parts(look, HIDDEN_GRID).any()
    assert look.visible_share == 1.0


@pytest.mark.parametrize("sides", [(16, 16), (32, 32), (16, 32)])
def test_points_are_looked_up_in_grids_of_any_size(sides):
    rng = np.random.default_rng(5)
    grids = [rng.random((side, side)) < 0.5 for side in sides]
    which, x, y = rng.integers(0, 2, 200), rng.random(200), rng.random(200)
    packed = np.array([pack(grids[n]) for n in which], dtype=object)
    expected = [grids[n][int(v * sides[n]), int(u * sides[n])] for n, u, v in zip(which, x, y, strict=True)]
    assert is_hidden(packed, x, y).tolist() == expected


def test_a_coarse_and_a_fine_grid_agree_on_the_fine_one():
    coarse, fine = np.zeros((16, 16), dtype=bool), np.zeros((32, 32), dtype=bool)
    coarse[4, 5], fine[8:20, 11:30] = True, True
    both = np.zeros((32, 32), dtype=bool)
    both[8:10, 11] = True
    assert (unpack(hidden_in_both(pack(coarse), pack(fine))) == both).all()
    assert (unpack(hidden_in_both(pack(fine), pack(coarse))) == both).all()
