"""Pictures with little print along a wall of known pose, on drawn walls."""

from __future__ import annotations

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.mapping.along import Along
from gazestudy.mapping.references import Reference, prepare
from gazestudy.mapping.view import View
from gazestudy.mapping.walls import _CLEARLY_ALIKE

SIZE_MM = 1200.0, 1680.0
NEIGHBOUR_MM = np.array([600.0, 840.0])  # its centre; the wall is counted from its top left corner
AT_MM = np.array([1903.0, 57.0])
PX_PER_MM = 0.5  # of the drawn wall
LOW_MM = np.array([-2000.0, -1500.0])
WALL_MM = 8000, 5000


def poster(word: str) -> np.ndarray:
    """A line of words and a mark on a plain ground."""
    image = np.full((420, 300), 212, dtype=np.uint8)
    cv2.putText(image, word, (58, 205), cv2.FONT_HERSHEY_DUPLEX, 1.1, 60, 3, cv2.LINE_AA)
    cv2.circle(image, (150, 370), 11, 60, 3, cv2.LINE_AA)
    return image


def view(posters, *, near: float = 1.0, seed: int = 3) -> tuple[View, np.ndarray]:
    """Draw a wall seen at a slant; return the view, and mm on the wall to its px."""
    rng = np.random.default_rng(seed)
    width, height = (int(length * PX_PER_MM) for length in WALL_MM)
    wall = cv2.resize(rng.normal(130, 14, (50, 80)).astype(np.float32), (width, height))
    wall += rng.normal(0, 3, wall.shape).astype(np.float32)
    for image, at in posters:
        size = int(SIZE_MM[0] * PX_PER_MM), int(SIZE_MM[1] * PX_PER_MM)
        x, y = np.round((np.array(at) - LOW_MM) * PX_PER_MM).astype(int).tolist()
        wall[y : y + size[1], x : x + size[0]] = 0.7 * cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    to_wall = np.array([[PX_PER_MM, 0, 0], [0, PX_PER_MM, 0], [0, 0, 1.0]])
    to_wall[:2, 2] = -LOW_MM * PX_PER_MM - 0.5
    slant = np.array([[0.11, 0, 150.0], [0.008, 0.12, 180.0], [0.00006, 0, 1.0]])
    grown = np.array([[near, 0, 640 * (1 - near)], [0, near, 360 * (1 - near)], [0, 0, 1.0]])
    to_view = grown @ slant
    seen = cv2.warpPerspective(wall, to_view @ np.linalg.inv(to_wall), (1280, 720))
    seen = cv2.GaussianBlur(seen, (0, 0), 0.7) + rng.normal(0, 2, seen.shape)
    return View.plain(np.clip(seen, 0, 255).astype(np.uint8)), to_view


def along(*words: str) -> Along:
    references = [Reference(word, word, poster(word), size_mm=SIZE_MM) for word in words]
    return Along(prepare(references), 16.0)


def test_a_poster_with_little_print_is_found_along_the_wall():
    scene, to_view = view([(poster("HUSH"), AT_MM)])
    found = along("HUSH").find(scene, to_view, NEIGHBOUR_MM, 0)
    assert found is not None
    corner, look = found
    assert np.linalg.norm(corner - AT_MM) < 0.01 * SIZE_MM[0]
    assert look.confidence > 0.9


@pytest.mark.parametrize("at", [[], [(AT_MM)], [AT_MM, AT_MM + np.array([1700.0, 0])]])
def test_it_is_found_only_where_it_hangs_once(at):
    hung = [poster("HUSH") for _ in at] if len(at) != 1 else [np.full((420, 300), 212, dtype=np.uint8)]
    scene, to_view = view(list(zip(hung, at, strict=True)))
    assert along("HUSH").find(scene, to_view, NEIGHBOUR_MM, 0) is None


@pytest.mark.parametrize("off_mm", [(0.0, 0.0), (31.0, -22.0), (-38.0, 35.0)])
def test_it_is_shifted_to_where_its_print_is(off_mm):
    scene, to_view = view([(poster("HUSH"), AT_MM)], near=1.6)
    settled = along("HUSH").settled(scene, to_view, AT_MM + np.array(off_mm), 60.0, 0)
    assert settled is not None
    corner, error_mm, score = settled
    assert np.linalg.norm(corner - AT_MM) < 0.003 * SIZE_MM[0]
    assert error_mm < 0.005 * SIZE_MM[0]
    assert score >= _CLEARLY_ALIKE


def test_seen_large_enough_other_words_are_told_apart():
    scene, to_view = view([(poster("RIVA"), AT_MM)], near=1.6)
    other = along("HUSH").settled(scene, to_view, AT_MM, 60.0, 0)
    right = along("RIVA").settled(scene, to_view, AT_MM, 60.0, 0)
    assert right is not None
    assert right[2] >= _CLEARLY_ALIKE
    assert other is None or other[2] < _CLEARLY_ALIKE


def test_seen_small_it_says_nothing_of_other_words():
    scene, to_view = view([(poster("HUSH"), AT_MM)], near=0.45)
    settled = along("HUSH").settled(scene, to_view, AT_MM, 60.0, 0)
    assert settled is not None
    assert np.linalg.norm(settled[0] - AT_MM) < 0.01 * SIZE_MM[0]
    assert settled[2] == 0.0


def test_a_wall_out_of_view_is_not_searched():
    scene, to_view = view([(poster("HUSH"), AT_MM)])
    aside = np.array([[1, 0, 5000.0], [0, 1, 0], [0, 0, 1.0]])
    assert along("HUSH").find(scene, aside @ to_view, NEIGHBOUR_MM, 0) is None


def test_a_plain_picture_has_nothing_to_look_for():
    scene, to_view = view([(poster("HUSH"), AT_MM)])
    plain = Along(prepare([Reference("p", "p1", np.full((420, 300), 212, np.uint8), size_mm=SIZE_MM)]), 16.0)
    assert plain.find(scene, to_view, NEIGHBOUR_MM, 0) is None
    assert plain.settled(scene, to_view, AT_MM, 60.0, 0) is None
