from __future__ import annotations

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.mapping import PlanarParameters, Reference, map_frames
from gazestudy.mapping.appearance import Appearance
from gazestudy.mapping.evidence import Evidence
from gazestudy.mapping.references import prepare
from gazestudy.mapping.sightings import Sighting, Slot, Track, TrackingLimits
from gazestudy.mapping.view import View
from gazestudy.mapping.walls import Relation, Walls

SIZE = 300, 420
WIDTH_M = 1.2
HEIGHT_M = WIDTH_M * SIZE[1] / SIZE[0]
BESIDE_M = 1.7
QUICK = PlanarParameters(keyframe_interval=2)


def nearly_blank() -> np.ndarray:
    """A plain poster with a word in the middle: too little to be found by itself."""
    image = np.full((SIZE[1], SIZE[0]), 215, dtype=np.uint8)
    cv2.putText(image, "hush.", (95, 215), cv2.FONT_HERSHEY_DUPLEX, 1.3, 70, 3, cv2.LINE_AA)
    return image


def beside(h: np.ndarray, metres: float = BESIDE_M) -> np.ndarray:
    """The pose of a picture of the same size that hangs so far to the right on the same wall."""
    return h @ np.array([[1, 0, metres / WIDTH_M * SIZE[0]], [0, 1, 0], [0, 0, 1.0]])


def references(texture: np.ndarray, size_mm: tuple[float, float] | None = (1200, 1680)) -> list[Reference]:
    blank = Reference("blank", "blank-1", nearly_blank(), size_mm=size_mm)
    return [Reference("motif", "motif-1", texture, size_mm=size_mm), blank]


def mapped_blank(table):
    return table[(table["placement_id"] == "blank") & (table["state"] == "mapped")]


def error_share(row, truth: np.ndarray) -> float:
    found = np.array([getattr(row, f"h{i}{j}") for i in range(3) for j in range(3)]).reshape(3, 3)
    corners = corners_px(*SIZE)
    wanted = apply_homography(truth, corners)
    miss = np.linalg.norm(apply_homography(found, corners) - wanted, axis=1).max()
    return float(miss / np.linalg.norm(wanted[1] - wanted[0]))


@pytest.fixture
def walk(scene, make_artwork):
    texture = make_artwork(21)
    poses = [scene.pose(-1.0 + 0.01 * i, 3.0 - 0.02 * i, 12, WIDTH_M, SIZE) for i in range(14)]
    return texture, poses


def frames(scene, texture, poses, blanks):
    drawn = [
        scene.draw([(nearly_blank(), b)] * (b is not None) + [(texture, a)], seed=i)
        for i, (a, b) in enumerate(zip(poses, blanks, strict=True))
    ]
    return [(number, number * 33_333_333, frame) for number, frame in enumerate(drawn)]


def test_a_nearly_blank_poster_is_placed_by_its_neighbour(scene, walk):
    texture, poses = walk
    truth = [beside(h) for h in poses]
    table = map_frames(
        frames(scene, texture, poses, truth), references(texture), scene.camera, parameters=QUICK
    )
    placed = mapped_blank(table)
    assert len(placed) >= 12
    assert (placed["beside"] == "motif").all()
    assert max(error_share(row, truth[row.frame]) for row in placed.itertuples()) < 0.02
    assert (placed["corner_error_share"] <= QUICK.max_corner_error_share).all()


def placed(artwork: int, x_px: float) -> tuple[Relation, Sighting]:
    """A picture that has been seen at a spot again and again, and where that is in a frame."""
    every = np.ones((4, 4), dtype=bool)
    look = Appearance(1.0, 16, every, every, np.ones((4, 4)), np.full((4, 4), 20.0), every)
    quad = np.array([[0, 0], [100, 0], [100, 150], [0, 150.0]]) + np.array([x_px, 0])
    relation = Relation(track=Track(artwork), looks=10, right=10)
    return relation, Sighting(relation.track, np.eye(3), quad, look, 20, 0.1, 0.01, beside="motif")


@pytest.mark.parametrize(("apart_px", "kept", "open_"), [(10, [], [1, 2]), (120, [1, 2], [])])
def test_two_pictures_that_seem_to_hang_at_one_spot_are_ambiguous(monkeypatch, apart_px, kept, open_):
    walls = Walls([], np.eye(3), TrackingLimits(0.4, 8, 16.0, 0.025))
    found = [[placed(1, 0.0)], [placed(2, apart_px)]]
    monkeypatch.setattr(Walls, "_candidates", lambda self, slot, relations: iter(found))
    slot = Slot(0, 0, View.plain(np.zeros((20, 20), np.uint8)))
    walls.place(slot)
    assert [s.track.artwork for s in slot.sightings] == kept
    assert [(r.artwork, r.state) for r in slot.refused] == [(number, "ambiguous") for number in open_]


@pytest.mark.parametrize(("shares", "kept"), [((0.95, 0.6), [1]), ((0.95, 0.9), []), ((0.7, 0.3), [])])
def test_of_two_pictures_at_one_spot_the_one_that_is_all_right_counts(monkeypatch, shares, kept):
    class Known(Evidence):
        right_coverage = 0.0
        shows_strokes = True

    found = [placed(1, 0.0), placed(2, 10.0)]
    for (_, sighting), share in zip(found, shares, strict=True):
        sighting.track.evidence = type("Seen", (Known,), {"right_coverage": share})()
    monkeypatch.setattr(Walls, "_candidates", lambda self, slot, relations: iter([[one] for one in found]))
    slot = Slot(0, 0, View.plain(np.zeros((20, 20), np.uint8)))
    Walls([], np.eye(3), TrackingLimits(0.4, 8, 16.0, 0.025)).place(slot)
    assert [s.track.artwork for s in slot.sightings] == kept
    assert [r.artwork for r in slot.refused] == [number for number in (1, 2) if number not in kept]


def test_without_sizes_nothing_is_placed(scene, walk):
    texture, poses = walk
    truth = [beside(h) for h in poses]
    sequence = frames(scene, texture, poses, truth)
    assert mapped_blank(map_frames(sequence, references(texture, None), scene.camera, parameters=QUICK)).empty


def test_a_poster_that_is_not_there_is_not_placed(scene, walk):
    texture, poses = walk
    sequence = frames(scene, texture, poses, [None] * len(poses))
    assert mapped_blank(map_frames(sequence, references(texture), scene.camera, parameters=QUICK)).empty


def test_a_poster_that_moves_along_the_wall_is_not_placed(scene, walk):
    texture, poses = walk
    wandering = [beside(h, 1.4 + 0.12 * i) for i, h in enumerate(poses)]
    sequence = frames(scene, texture, poses, wandering)
    table = map_frames(sequence, references(texture), scene.camera, parameters=QUICK)
    wrong = [row for row in mapped_blank(table).itertuples() if error_share(row, wandering[row.frame]) > 0.05]
    assert not wrong


def voted(relation: Relation, corner_mm: tuple[float, float], frames: range) -> None:
    spots = np.array([[0, 0], [290, 10], [150, 400.0]])
    for frame in frames:
        relation.add(frame, np.tile(corner_mm, (3, 1)), spots, np.full(3, 2.0))


def test_where_it_turns_out_to_hang_elsewhere_it_is_proven_anew():
    [blank] = prepare([references(nearly_blank())[1]])
    relation = Relation(track=Track(0), alike=[0.91, 0.92, 0.95])
    voted(relation, (1700.0, 0.0), range(4))
    relation.settle(blank)
    relation.looks = relation.right = 9
    assert relation.proven
    voted(relation, (1710.0, 0.0), range(4, 8))
    relation.settle(blank)
    assert relation.proven
    voted(relation, (2400.0, 0.0), range(8, 30))
    relation.settle(blank)
    assert relation.offset_mm is not None
    assert relation.offset_mm[0] == pytest.approx(2400.0, abs=1.0)
    assert not relation.proven


@pytest.mark.parametrize(
    ("scores", "proven"), [([0.95, 0.96], False), ([0.95, 0.8, 0.91, 0.96], True), ([0.89] * 9, False)]
)
def test_a_picture_with_little_print_counts_once_its_print_was_seen_clearly(scores, proven):
    relation = Relation(track=Track(0), looks=9, right=9, alike=[])
    for score in scores:
        relation.correlated(score)
    assert relation.proven == proven
