"""Whether it is the picture itself that was followed, or a look-alike of the same campaign.

Two pictures of one campaign share the motif and differ in a part, mostly the lettering. Whoever walks by
hides parts of a picture as well. What tells them apart: a look-alike differs in the same part all the time
while its surroundings are seen well, and that part does not reach in from below or from a side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.mapping.appearance import GRID, Appearance, nearest_cells

Floats = NDArray[np.float64]

_LEAST_CONTRAST = 10.0  # grey levels; fainter print drowns in noise now and then
_LEAST_SIGHT = 0.6  # correlation that most of the picture reaches; else the frame is too blurred to tell
_SIGHT_QUANTILE = 0.6  # people may hide the rest
_FEW_CELLS = 4
_LOSS, _LEAST_LOSS = 3.0, 0.12  # a cell fails that loses so much more correlation than most do
_SEEN_RIGHT = 0.25
_EDGE_SHARE = 0.15
_UPRIGHT_ROWS = 4
_FOOT_SHARE = 0.5
_TELLING_CELLS = 20  # a picture seen in fewer cells shows no lettering
_ALL_CELLS = 100  # in so many it shows as well as ever
_LARGEST_LOSS = 0.4  # where such a loss would pass for right, a frame tells nothing
_LEAST_SAY = 0.05
_EDGE = np.ones((GRID, GRID), dtype=bool)
_EDGE[:-1, 1:-1] = False  # nobody hangs from above


class Evidence:
    """Remembers, over the frames of a track, where on the picture the frame ever looked right.

    Each cell of the picture should look right in a fair share of the frames in which it can be judged. What
    is right depends on the frame: blur lowers the correlation of all cells, another lettering that of its own
    cells alone. Cells of high contrast count more, faint ones not at all; so do sharp frames in which the
    picture is seen large, for others would show a look-alike as right.
    """

    def __init__(self) -> None:
        shape = GRID, GRID
        self._judged, self._right, self._weight = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._plain, self._clear = np.zeros(shape), np.zeros(shape)
        self._contrast = np.zeros(shape)
        self.clarity = 0.0
        """How much the best frame could tell: 0 where it was too blurred or small, 0.7 for the sharpest."""

    def add(self, look: Appearance) -> None:
        """Take one frame into account, if it is sharp enough to tell anything."""
        rows, columns = look.judged.shape
        at = np.ix_(nearest_cells(rows), nearest_cells(columns))
        np.maximum(self._contrast, look.weight[at], out=self._contrast)  # of the whole picture
        telling = look.judged & (look.weight >= _LEAST_CONTRAST)
        if rows * columns < _TELLING_CELLS or np.count_nonzero(telling) < _FEW_CELLS:
            return
        sight = float(np.quantile(look.scores[telling], _SIGHT_QUANTILE))
        if sight < _LEAST_SIGHT:
            return
        loss = max(_LEAST_LOSS, _LOSS * (1.0 - sight))
        say = max(_LEAST_SAY, 1.0 - loss / _LARGEST_LOSS) * min(1.0, rows * columns / _ALL_CELLS)
        right = telling & (1.0 - look.scores <= loss)
        plain = look.in_image & ~telling
        self.clarity = max(self.clarity, say)
        self._judged += say * telling[at]
        self._right += say * right[at]
        self._weight += say * np.where(telling, look.weight, 0.0)[at]
        self._plain += say * plain[at]
        self._clear += say * (plain & look.clear)[at]

    def merge(self, other: Evidence) -> None:
        """Take the frames of another track of the same print into account."""
        self.clarity = max(self.clarity, other.clarity)
        self._judged += other._judged
        self._right += other._right
        self._weight += other._weight
        self._plain += other._plain
        self._clear += other._clear
        np.maximum(self._contrast, other._contrast, out=self._contrast)

    @property
    def coverage(self) -> float:
        """Share of the picture, by contrast, that was seen large enough to tell it from a look-alike."""
        contrast = np.where(self._contrast >= _LEAST_CONTRAST, self._contrast, 0.0)
        total = contrast.sum()
        return float(contrast[self._judged > 0].sum() / total) if total > 0 else 0.0

    @property
    def share(self) -> float:
        """Share of the picture, by contrast, that no look-alike is suspected in.

        1 where nothing was seen well enough to suspect anything.

        Suspect are cells that looked right in less than a quarter of the frames, unless they belong to a
        patch that somebody or something may cover: one of which 15 % lies on the lower edge, one as high as
        wide of which 15 % lies on an edge to the side, or one that stands on the lower edge as people do.
        Plain parts that are not as bright as they should be belong to such a patch, too; around another
        lettering they are.
        """
        total = self._weight.sum()
        if total <= 0:
            return 1.0
        textured = (self._judged > 0) & (self._judged >= self._plain)
        doubtful = np.where(
            textured,
            self._right < _SEEN_RIGHT * self._judged,
            self._clear < _SEEN_RIGHT * self._plain,
        )
        count, labels = cv2.connectedComponents(doubtful.astype(np.uint8), connectivity=4)
        suspect = doubtful & textured & ~_covered(np.asarray(labels), count)[labels]
        return 1.0 - float(self._weight[suspect].sum() / total)


def _covered(patches: NDArray[np.generic], count: int) -> NDArray[np.bool_]:
    """Say which patches may be covered by somebody or something in front."""
    sizes = np.bincount(patches.ravel(), minlength=count)
    at_edge = np.bincount(patches[_EDGE], minlength=count)
    foot = np.bincount(patches[-1], minlength=count)
    rows, columns = (
        np.array([np.any(patches == number, axis=axis).sum() for number in range(count)]) for axis in (1, 0)
    )
    from_below = foot >= _EDGE_SHARE * sizes
    from_side = (at_edge >= _EDGE_SHARE * sizes) & (rows >= columns)
    width = sizes / np.maximum(rows, 1)
    stands = (rows >= _UPRIGHT_ROWS) & (rows > width) & (foot >= _FOOT_SHARE * width)
    covered: NDArray[np.bool_] = from_below | from_side | stands
    return covered
