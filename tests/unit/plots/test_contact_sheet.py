from __future__ import annotations

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.plots.contact_sheet import Tile, draw_contact_sheet
from gazestudy.plots.heatmap import figure_bytes


def tile(number, *, points=((0.25, 0.5),)):
    picture = np.full((120, 80, 3), (40, 90, 200), np.uint8)
    seen = np.full((120, 80, 3), (200, 90, 40), np.uint8)
    at = np.array(points, dtype=float).reshape(-1, 2)
    lines = (
        "gate  doubt 0.50",
        "expected error 3 % of the width; only 50 % of the picture looks right; and more",
    )
    return Tile(f"p01-1, {number}.00 s", lines, 0.5, picture, seen, at, at)


def decoded(figure):
    return cv2.imdecode(np.frombuffer(figure_bytes(figure), np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(
        int
    )


def share_of(image, color):
    return float((np.abs(image - color).max(axis=2) < 12).mean())


def test_both_pictures_are_there_with_gaze_on_them():
    empty, marked = (decoded(draw_contact_sheet([tile(1, points=p)])) for p in ((), ((0.25, 0.5),)))
    blue, orange = share_of(empty, (40, 90, 200)), share_of(empty, (200, 90, 40))
    assert blue > 0.1
    assert orange == pytest.approx(blue, rel=0.05)
    assert share_of(marked, (255, 42, 109)) > share_of(empty, (255, 42, 109))
    # the left picture carries its mark a quarter from its left edge
    pink = np.argwhere(np.abs(marked - (255, 42, 109)).max(axis=2) < 12)[:, 1]
    inside = np.flatnonzero((np.abs(empty - (40, 90, 200)).max(axis=2) < 12).any(axis=0))
    left = pink[pink < inside.max()]
    assert (left.mean() - inside.min()) / np.ptp(inside) == pytest.approx(0.25, abs=0.03)


def test_more_fixations_make_more_rows():
    one, four = (
        decoded(draw_contact_sheet([tile(n) for n in range(count)], title="ชานชาลา")) for count in (1, 4)
    )
    assert four.shape[1] > one.shape[1]
    assert four.shape[0] > 1.5 * one.shape[0]
    assert figure_bytes(draw_contact_sheet([tile(1)])) == figure_bytes(draw_contact_sheet([tile(1)]))


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ParameterError, match="one or more"):
        draw_contact_sheet([])
