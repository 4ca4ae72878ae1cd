"""Comparing a frame with an artwork: strokes apart from shades."""

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.mapping.appearance import Appearance, appearance
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
