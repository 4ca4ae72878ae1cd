"""Bars of the timeline go to the painter in one piece, and look as if each had been painted alone."""

from __future__ import annotations

import numpy as np
import pytest
from gazestudy_gui.timeline.items import _rects
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QImage, QPainter


@pytest.mark.parametrize("count", [0, 1, 40])
def test_rectangles_in_one_piece_are_those_painted_one_by_one(qapp, count):
    sides = np.random.default_rng(2).uniform(1, 40, (4, count))
    pictures = []
    for wanted in (_rects(*sides), [QRectF(*one) for one in sides.T.tolist()]):
        picture = QImage(90, 90, QImage.Format.Format_RGB32)
        picture.fill(Qt.GlobalColor.white)
        painter = QPainter(picture)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.red)
        painter.drawRects(*wanted if isinstance(wanted, list) else (wanted,)) if count else None
        painter.end()
        pictures.append(picture)
    assert pictures[0] == pictures[1]
    white = QImage(90, 90, QImage.Format.Format_RGB32)
    white.fill(Qt.GlobalColor.white)
    assert (pictures[0] != white) == bool(count)
