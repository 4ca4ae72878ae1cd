"""Where somebody looks in each frame of the working view."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.mapping.alignment import inside
from gazestudy.mapping.view import WorkingView

_BLOCK = 500  # frames: undoing the lens costs as much for one point as for thousands


class Looks:
    """The middle of the gaze in each frame, asked for in order of frames.

    Parameters
    ----------
    view : WorkingView
        The working view.
    gaze_px : mapping of int to ndarray of float, shape (n, 2)
        Frame number to points in the distorted scene image, px.
    """

    def __init__(self, view: WorkingView, gaze_px: Mapping[int, NDArray[np.float64]]) -> None:
        self._view, self._gaze = view, gaze_px
        self._frames = np.sort(np.fromiter(gaze_px, dtype=np.int64, count=len(gaze_px)))
        self._next = 0
        self._known: dict[int, tuple[float, float]] = {}

    def in_frame(self, frame: int) -> tuple[float, float] | None:
        """Return it for a frame not before the last one asked for, working px; None where none is in view."""
        while self._next < len(self._frames) and self._frames[self._next] <= frame:
            block = self._frames[self._next : self._next + _BLOCK]
            self._next += len(block)
            self._known = self._middles(block)
        return self._known.get(frame)

    def _middles(self, frames: NDArray[np.int64]) -> dict[int, tuple[float, float]]:
        gaze = [self._gaze[frame] for frame in frames.tolist()]
        points = self._view.points(np.concatenate(gaze))
        seen = inside(points, self._view.mask)
        owners = np.repeat(frames, [len(each) for each in gaze])
        middles = pd.DataFrame(points[seen]).groupby(owners[seen]).median()
        return dict(zip(middles.index.tolist(), middles.itertuples(index=False, name=None), strict=True))
