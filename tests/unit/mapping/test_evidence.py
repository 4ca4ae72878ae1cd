"""Evidence that it is the picture itself, from comparisons made by hand."""

import pickle

import numpy as np
import pytest

from gazestudy.mapping.appearance import GRID, Appearance
from gazestudy.mapping.evidence import Evidence

LETTERING = slice(2, 4), slice(3, 9)  # 12 of 256 cells, clear of all edges
EVERY = np.ones((GRID, GRID), dtype=bool)


def look(
    score: float,
    *,
    lettering: float | None = None,
    strokes: list[tuple[tuple[slice, slice], float]] | None = None,
    clear=EVERY,
    judged=EVERY,
) -> Appearance:
    """Return a frame in which all cells correlate so well with the artwork, and those of the lettering so.

    `strokes` says how well the strokes of parts correlate, where all others do by 0.95.
    """
    scores = np.full((GRID, GRID), score)
    if lettering is not None:
        scores[LETTERING] = lettering
    weight = np.where(judged, 30.0, 1.0)
    count = int(judged.sum())
    if strokes is None:
        return Appearance(1.0, count, EVERY, judged, scores, weight, clear)
    fine = np.full((GRID, GRID), 0.95)
    for part, value in strokes:
        fine[part] = value
    return Appearance(1.0, count, EVERY, judged, scores, weight, clear, judged, fine)


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


def test_other_letters_of_the_same_weight_are_told_by_their_strokes():
    evidence = gathered([look(0.97, lettering=0.9, strokes=[(LETTERING, 0.3)])] * 20)
    assert evidence.share_of_shades == 1.0
    assert evidence.share == pytest.approx(1 - 12 / 256)
    assert np.array_equal(np.argwhere(evidence.suspect), np.argwhere(_only(LETTERING)))
    assert evidence.shows(_only(LETTERING)) == 0.0 and evidence.shows(~_only(LETTERING)) == 1.0
    assert evidence.right_coverage == pytest.approx(1 - 12 / 256)


def test_blurred_strokes_say_nothing():
    everywhere = slice(None), slice(None)
    evidence = gathered([look(0.97, strokes=[(everywhere, 0.45), (LETTERING, 0.1)])] * 20)
    assert evidence.share == evidence.right_coverage == 1.0  # the shades alone


def test_of_a_line_of_words_and_little_else_no_word_is_another_in_half_the_frames():
    """One word of two is another; in frames from afar its strokes pass for right."""
    word = slice(7, 10), slice(4, 8)
    line = _only((slice(7, 10), slice(4, 12)))
    other, passes = look(0.97, strokes=[(word, 0.4)], judged=line), look(0.97, strokes=[], judged=line)
    assert gathered([other] * 10 + [passes] * 10).share == pytest.approx(0.5)
    assert gathered([other] * 4 + [passes] * 16).share == 1.0
    rich = [look(0.97, strokes=[(word, 0.4)])] * 10 + [look(0.97, strokes=[])] * 10
    assert gathered(rich).share == 1.0  # there somebody may have stood in front of it


def test_a_few_strokes_that_are_off_now_and_then_are_noise():
    part = slice(5, 6), slice(6, 10)
    looks = [look(0.97, strokes=[(part, 0.3)])] * 16 + [look(0.97, strokes=[])] * 4
    assert gathered(looks).share == 1.0


def test_a_small_mark_that_is_never_right_is_another_one():
    mark = slice(14, 15), slice(6, 9)
    right, wrong = look(0.97, strokes=[]), look(0.97, strokes=[(mark, 0.2)])
    assert gathered([wrong] * 20).other_mark
    assert not gathered([wrong] * 4).other_mark  # a passer-by, perhaps
    assert not gathered([wrong] * 40 + [right] * 4).other_mark


def test_a_faint_line_of_small_print_is_another_one():
    line = slice(14, 15), slice(2, 13)
    faint = look(0.97, strokes=[(line, 0.2)])
    faint.weight[line] = 11.0
    evidence = gathered([faint] * 20)
    assert evidence.share > 0.98 and evidence.other_mark
    assert not gathered([look(0.97, strokes=[])] * 20).other_mark


def test_on_a_picture_with_hardly_any_print_a_few_letters_are_another_word():
    letters = slice(7, 8), slice(8, 10)  # of two words on an empty picture
    little = np.zeros((GRID, GRID), dtype=bool)
    little[7:9, 3:13] = True
    assert gathered([look(0.97, strokes=[(letters, 0.2)], judged=little)] * 20).share < 0.95
    assert gathered([look(0.97, strokes=[], judged=little)] * 20).share == 1.0
    assert gathered([look(0.97, strokes=[(letters, 0.2)])] * 20).share == 1.0  # among much print it is noise


def test_cells_are_those_of_the_frames_that_tell():
    evidence = gathered([look(0.97)] * 3)
    assert evidence.cells == GRID * GRID and evidence.amount == pytest.approx(3 * evidence.clarity)
    other = gathered([look(0.5)])
    assert other.cells == 0.0
    evidence.merge(other)
    assert evidence.cells == GRID * GRID


@pytest.mark.parametrize(("rows", "suspected"), [(slice(6, 10), True), (slice(5, 12), False)])
def test_people_beside_are_higher_than_lettering(rows, suspected):
    part = rows, slice(1, 6)
    assert (gathered([look(0.97, strokes=[(part, 0.2)])] * 20).share < 0.96) == suspected


@pytest.mark.parametrize(("upside_down", "suspected"), [(False, True), (True, False)])
def test_lines_that_touch_are_no_higher_than_one_unless_they_stand_on_the_lower_edge(upside_down, suspected):
    title, below = (slice(0, 2), slice(0, 11)), (slice(2, 5), slice(0, 2))
    wrong = look(0.97, strokes=[(title, 0.2), (below, 0.2)])
    if upside_down:  # people and bags
        wrong.fine_scores[:] = wrong.fine_scores[::-1].copy()
    assert (gathered([wrong] * 20).share < 0.9) == suspected


def test_lettering_that_is_wrong_in_most_frames_is_not_read():
    """A screen that shows one variant after another has each part right for a while."""
    right, wrong = look(0.97, strokes=[]), look(0.97, lettering=0.5, strokes=[(LETTERING, 0.2)])
    evidence = gathered([wrong] * 14 + [right] * 6)
    assert evidence.share == 1.0
    assert evidence.share_read == pytest.approx(1 - 12 / 256 * 0.4**2, abs=1e-4)  # 0.3 of the frames, for 0.5
    assert gathered([wrong] * 20).share_read == pytest.approx(1 - 12 / 256)
    assert gathered([wrong] * 8 + [right] * 12).share_read == 1.0
    assert gathered([wrong] * 14).share_read == 1.0  # a passer-by, perhaps
    fine_print = look(0.97, strokes=[(LETTERING, 0.2)])  # from afar
    assert gathered([fine_print] * 14 + [right] * 6).share_read == 1.0


def test_a_plain_part_that_is_never_plain_makes_a_line_of_what_little_is_printed_there():
    line = _only((slice(7, 9), slice(4, 10)))
    judged = ~line
    judged[7, 4] = True
    wrong = look(0.97, strokes=[((7, 4), 0.2)], judged=judged, clear=~line)
    right = look(0.97, strokes=[], judged=judged)
    assert gathered([wrong] * 20).never_right == 12
    assert gathered([wrong] * 20).share == 1.0  # a single part with any contrast
    assert gathered([wrong] * 18 + [right] * 2).never_right == 0
    assert gathered([wrong] * 10).never_right == 0  # a passer-by, perhaps
    plain = look(0.97, strokes=[], judged=judged & ~line, clear=~line)
    assert gathered([plain] * 20).never_right == 0  # a reflection


def test_whoever_stands_in_front_all_the_time_is_no_line():
    person = _only((slice(8, 16), slice(4, 8)))
    hidden = look(0.97, strokes=[((slice(8, 16), slice(4, 8)), 0.2)], clear=~person)
    assert gathered([hidden] * 20).never_right == 0


def _only(part: tuple[slice, slice]) -> np.ndarray:
    flags = np.zeros((GRID, GRID), dtype=bool)
    flags[part] = True
    return flags


def test_packed_evidence_is_the_same_and_goes_on():
    looks = [look(0.97, strokes=[(LETTERING, 0.3)])] * 20
    evidence, packed = gathered(looks), gathered(looks)
    size = len(pickle.dumps(packed))
    packed.pack()
    assert len(pickle.dumps(packed)) < size / 5
    assert packed.share == evidence.share < 1.0
    assert np.array_equal(packed.suspect, evidence.suspect)
    for one in (evidence, packed):
        one.add(look(0.97))
        one.merge(gathered(looks))
    assert packed.amount == evidence.amount and packed.share == evidence.share
