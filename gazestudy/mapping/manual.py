"""What people say about stretches of time, put onto gaze samples.

An answer holds for all samples in its stretch, whichever fixation a detector makes of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.manual import ManualAnswer
from gazestudy.model.study import Placement
from gazestudy.model.tables import MAPPED_GAZE
from gazestudy.model.timing import frame_on_show

Bools = NDArray[np.bool_]


class Answered:
    """What a list of answers says about each gaze sample.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`.
    answers : sequence of ManualAnswer
        In the order they were given; where they overlap, the later one counts.

    Attributes
    ----------
    on : ndarray of int64, shape (n_samples,)
        Number of the answer that puts the sample on a placement, -1 for none; only valid samples.
    nowhere : ndarray of bool, shape (n_samples,)
        The sample is on no placement.
    """

    def __init__(self, gaze: pd.DataFrame, answers: Sequence[ManualAnswer]) -> None:
        self._answers, self._gaze = answers, gaze
        t_ns, valid = gaze["t_ns"].to_numpy(np.int64), gaze["valid"].to_numpy(bool)
        self.on = np.full(len(gaze), -1, dtype=np.int64)
        self.nowhere = np.zeros(len(gaze), dtype=bool)
        self._off: dict[str, Bools] = {}
        for number, answer in enumerate(answers):
            first, last = np.searchsorted(t_ns, [answer.start_ns, answer.end_ns], side="left")
            held = slice(int(first), int(last))
            self._take(number, answer, held)
        self.on[~valid] = -1

    def _take(self, number: int, answer: ManualAnswer, held: slice) -> None:
        if answer.verdict == "nowhere":
            self.on[held], self.nowhere[held] = -1, True
        elif answer.verdict == "on":
            self.on[held], self.nowhere[held] = number, False
            if answer.placement_id in self._off:
                self._off[answer.placement_id][held] = False
        else:
            off = self._off.setdefault(answer.placement_id, np.zeros(len(self.on), dtype=bool))
            off[held] = True
            for other, earlier in enumerate(self._answers[:number]):
                if earlier.placement_id == answer.placement_id:
                    part = self.on[held]
                    part[part == other] = -1

    @property
    def any(self) -> Bools:
        """Samples that a person has said something about, shape (n_samples,)."""
        said: Bools = (self.on >= 0) | self.nowhere
        for off in self._off.values():
            said |= off
        return said

    def refuses(self, mapped_gaze: pd.DataFrame) -> Bools:
        """Say which rows of mapped gaze (contract `MAPPED_GAZE`) the answers do not let stand."""
        samples = mapped_gaze["sample"].to_numpy(np.int64)
        names = mapped_gaze["placement_id"].to_numpy(dtype=str)
        refused: Bools = self.nowhere[samples] | (self.on[samples] >= 0)
        for placement_id, off in self._off.items():
            refused |= (names == placement_id) & off[samples]
        return refused

    def mapped_gaze(self, frames: pd.DataFrame, placements: Iterable[Placement]) -> pd.DataFrame:
        """Return the samples that people put on a placement.

        Parameters
        ----------
        frames : DataFrame
            Contract `FRAMES`.
        placements : iterable of Placement
            All that the answers name.

        Returns
        -------
        DataFrame
            Contract `MAPPED_GAZE`.
        """
        known = {placement.id: placement for placement in placements}
        usable = [
            number
            for number, answer in enumerate(self._answers)
            if answer.verdict == "on" and answer.placement_id in known
        ]
        samples = np.flatnonzero(np.isin(self.on, usable))
        given = [self._answers[number] for number in self.on[samples].tolist()]
        homes = [known[answer.placement_id] for answer in given]
        t_ns = self._gaze["t_ns"].to_numpy(np.int64)[samples]
        share = np.array([[a.x_share, a.y_share] for a in given], dtype=np.float64).reshape(-1, 2)
        size = np.array([home.size_px for home in homes], dtype=np.float64).reshape(-1, 2)
        size_mm = np.array(
            [[home.width_mm or np.nan, home.height_mm or np.nan] for home in homes], dtype=np.float64
        ).reshape(-1, 2)
        # the right and lower edge still belong to the picture for whoever clicks on them
        at_px = np.minimum(share * size - 0.5, size - 0.5 - 1e-6)
        pictures = [
            answer.creative_id or home.only_creative_id for answer, home in zip(given, homes, strict=True)
        ]
        table = pd.DataFrame(
            {
                "sample": samples.astype(np.int64),
                "t_ns": t_ns,
                "placement_id": pd.Series([home.id for home in homes], dtype="str"),
                "creative_id": pd.Series(pictures, dtype="str"),
                "copy": np.array([answer.copy for answer in given], dtype=np.int64),
                "frame": frame_on_show(frames["t_ns"].to_numpy(), t_ns).astype(np.int64),
                "x_ref_px": at_px[:, 0],
                "y_ref_px": at_px[:, 1],
                "x_mm": share[:, 0] * size_mm[:, 0],
                "y_mm": share[:, 1] * size_mm[:, 1],
            }
        )
        return MAPPED_GAZE.check(table)
