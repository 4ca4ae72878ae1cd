"""Faces are covered: one public photograph, pasted small into moving pictures."""

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.faces import FaceFinder, FaceParameters, cover_faces, hide

SIZE = (640, 360)


@pytest.fixture(scope="module")
def face():
    """The head of Eileen Collins (NASA, public domain), as scikit-image ships it; about 120 of 190 px are face."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut()[30:270, 130:320])


def wall(seed=0):
    noise = np.random.default_rng(seed).integers(60, 180, (SIZE[1], SIZE[0] + 400, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 5)


def with_face(face, x, y, height_px, background, shift=0):
    picture = np.ascontiguousarray(background[:, 200 + shift : 200 + shift + SIZE[0]])
    width_px = round(height_px * face.shape[1] / face.shape[0])
    small = cv2.resize(face, (width_px, height_px), interpolation=cv2.INTER_AREA)
    left = x - shift
    picture[y : y + height_px, left : left + width_px] = small
    return picture, (
        left + 0.25 * width_px,
        y + 0.25 * height_px,
        left + 0.75 * width_px,
        y + 0.7 * height_px,
    )


def inside(boxes, part):
    x, y = (part[0] + part[2]) / 2, (part[1] + part[3]) / 2
    return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in boxes)


@pytest.mark.parametrize("height_px", [50, 60, 80, 160])
def test_small_faces_are_found(face, height_px):
    """A head of 50 px has a face of about 25 px."""
    finder, background, rng = FaceFinder(), wall(), np.random.default_rng(height_px)
    found = []
    for _ in range(20):
        x, y = int(rng.integers(0, SIZE[0] - height_px)), int(rng.integers(0, SIZE[1] - height_px))
        picture, part = with_face(face, x, y, height_px, background)
        found.append(inside(finder.find(picture), part))
    assert np.mean(found) >= 0.95


def test_a_wall_has_no_face():
    assert not any(
        len(FaceFinder().find(np.ascontiguousarray(wall(seed)[:, : SIZE[0]]))) for seed in range(5)
    )


def test_faces_stay_covered_while_the_head_turns(face):
    """Eight px from picture to picture: 24 deg/s at 30 Hz and 10 px per degree."""
    background = wall()
    made = [with_face(face, 300, 120, 90, background, shift=8 * number) for number in range(-20, 20)]
    boxes = [boxes for _, boxes in cover_faces(picture.copy() for picture, _ in made)]
    assert len(boxes) == len(made)
    assert all(inside(one, part) for one, (_, part) in zip(boxes, made, strict=True))


def test_a_face_that_is_found_once_is_covered_before_and_after(face):
    class Once(FaceFinder):
        def __init__(self):
            super().__init__(FaceParameters(every=4))
            self.calls = 0

        def find(self, picture):
            self.calls += 1
            return super().find(picture) if self.calls == 2 else np.zeros((0, 4))

    pictures = [with_face(face, 300, 120, 90, wall())[0] for _ in range(12)]
    covered = [len(boxes) > 0 for _, boxes in cover_faces(pictures, finder=Once())]
    assert covered == [True] * 8 + [False] * 4


def test_what_is_covered_cannot_be_known_again(face):
    picture, part = with_face(face, 200, 60, 200, wall())
    boxes = FaceFinder().find(picture)
    assert inside(boxes, part)
    left, top, right, bottom = (round(value) for value in part)
    before = picture[top:bottom, left:right].astype(float)
    hide(picture, boxes)
    assert not inside(FaceFinder(FaceParameters(threshold=0.15)).find(picture), part)
    detail = [
        np.abs(np.diff(one, axis=1)).mean() for one in (before, picture[top:bottom, left:right].astype(float))
    ]
    assert detail[1] < 0.2 * detail[0]


def test_one_picture_and_none(face):
    picture, part = with_face(face, 200, 60, 200, wall())
    ((_, boxes),) = cover_faces([picture])
    assert inside(boxes, part)
    assert list(cover_faces([])) == []


@pytest.mark.parametrize("wrong", [{"every": 0}, {"threshold": 0.0}, {"threshold": 1.0}, {"width_px": 10}])
def test_parameters_are_checked(wrong):
    with pytest.raises(ParameterError):
        FaceParameters(**wrong)
