"""Tracks of screens along which the picture is sure in part only."""

import numpy as np
import pytest

from gazestudy.mapping.appearance import GRID, Appearance
from gazestudy.mapping.evidence import Evidence
from gazestudy.mapping.references import Reference, prepare
from gazestudy.mapping.rows import RowWriter
from gazestudy.mapping.runs import sure_frames
from gazestudy.mapping.sightings import Sighting, Slot, Track

EVERY = np.ones((GRID, GRID), dtype=bool)
HEADLINE = slice(2, 5), slice(3, 12)
CORNERS = np.array([[10.0, 10.0], [69.0, 10.0], [69.0, 69.0], [10.0, 69.0]])


def seen(*, other: bool) -> Appearance:
    """Return a sharp frame of the picture, or of the next one of its campaign with another headline."""
    scores, strokes = np.full((GRID, GRID), 0.97), np.full((GRID, GRID), 0.95)
    if other:
        scores[HEADLINE], strokes[HEADLINE] = 0.6, 0.1
    weight = np.full((GRID, GRID), 30.0)
    return Appearance(1.0, GRID * GRID, EVERY, EVERY, scores, weight, EVERY, EVERY, strokes)


def spells(*right: bool) -> list[tuple[list[int], Evidence]]:
    result = []
    for number, one in enumerate(right):
        evidence = Evidence()
        for _ in range(6):
            evidence.add(seen(other=not one))
        result.append((list(range(6 * number, 6 * number + 6)), evidence))
    return result


def sure(given, frames=range(1000)) -> set[int]:
    return sure_frames(given, frames, lambda e: e.share > 0.9, lambda e: e.share > 0.975)


def test_a_long_run_is_sure_but_for_its_ends():
    assert sure(spells(False, False, True, True, True, True, False)) == set(range(16, 32))


def test_a_short_run_is_not_sure():
    assert sure(spells(True, True, False, True, True)) == set()


def test_spells_of_another_track_do_not_count():
    assert sure(spells(True, True, True, True), frames=range(12)) == set()
    assert sure(spells(True, True, True, True), frames=range(18)) == set(range(4, 14))


def test_a_run_that_seems_right_spell_by_spell_may_not_be():
    assert sure_frames(spells(True, True, True), range(18), lambda _: True, lambda _: False) == set()


@pytest.mark.parametrize("changes", [True, False])
def test_a_face_is_where_it_is_while_its_picture_changes(changes):
    """First a look-alike alone; then another one changes into the picture while it is followed."""
    picture = np.random.default_rng(1).integers(0, 255, (60, 60), dtype=np.uint8)
    artworks = prepare([Reference("screen", "known", picture, changes=changes)])
    writer = RowWriter(artworks, np.eye(3), max_jump_share=0.1, min_evidence=0.975, min_coverage=0.6)
    first, second = Track(0), Track(0)
    pose = np.array([[1.0, 0, 10], [0, 1, 10], [0, 0, 1]])
    shown = [(first, True)] * 30 + [(second, True)] * 120 + [(second, False)] * 30
    for frame, (track, other) in enumerate(shown):
        look = seen(other=other)
        track.evidence.add(look)
        writer.take(Slot(frame, frame, None, sightings=[Sighting(track, pose, CORNERS, look, 20, 0.1, 0.01)]))
    table = writer.finish({}).set_index("frame")
    states, names = table["state"].astype(str), table["creative_id"]
    assert (states.loc[:29] == "wrong_appearance").all()
    if not changes:  # a poster does not change: nobody knows what this is
        assert (states.loc[30:] != "mapped").all()
        return
    assert (states.loc[30:] == "mapped").all()
    assert (names.loc[30:149] == "").all() and (names.loc[154:175] == "known").all()
    assert np.isfinite(table.loc[30:, "h00"]).all() and table.loc[:29, "h00"].isna().all()
