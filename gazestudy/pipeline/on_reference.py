"""Gaze on the picture of a placement, looked up by sample: for the small picture beside a scene video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazestudy.store import Study

Floats = NDArray[np.float64]

_TRAIL_NS = 300_000_000
_LINGER_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class OnPicture:
    """Gaze on a picture.

    Attributes
    ----------
    creative_id, name : str
        Which picture, and the name of its placement.
    path : Path
        Its file.
    size_px : (int, int)
        Width and height of the picture that points refer to.
    trail_px : ndarray of float64, shape (n, 2)
        Where gaze was on it in the last 0.3 s, the latest one last; empty if it was on it a moment ago.
    is_on : bool
        Gaze is on it now.
    """

    creative_id: str
    name: str
    path: Path
    size_px: tuple[int, int]
    trail_px: Floats
    is_on: bool


class OnReference:
    """Which picture gaze is on, and where.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        A recording; one whose attention was not measured yet has nothing.
    """

    def __init__(self, study: Study, recording_id: str) -> None:
        self._pictures = {
            creative.id: (place.name or place.id, study.path / creative.image, creative)
            for place in study.placements()
            for creative in place.creatives
        }
        self._t_ns = self._code = np.zeros(0, np.int64)
        self._px = np.zeros((0, 2))
        self._ids: tuple[str, ...] = ()
        derived = study.current(recording_id, "attention")
        if derived is not None:
            names = ("t_ns", "creative_id", "x_ref_px", "y_ref_px")
            table = derived.table("mapped_gaze", columns=names).sort_values("t_ns", kind="stable")
            creatives = table["creative_id"].astype("category").cat
            self._t_ns = table["t_ns"].to_numpy(np.int64)
            self._code = np.array(creatives.codes, np.int64)
            self._px = table[["x_ref_px", "y_ref_px"]].to_numpy(np.float64)
            self._ids = tuple(str(one) for one in creatives.categories)

    def at(self, t_ns: int, *, since_ns: int) -> OnPicture | None:
        """Return what gaze is on, or was on within the last second.

        Parameters
        ----------
        t_ns : int
            End of the picture of the scene, on the clock of the recording.
        since_ns : int
            Its start: gaze at no earlier time counts as now.

        Returns
        -------
        OnPicture or None
            None if gaze was on no picture.
        """
        last = int(np.searchsorted(self._t_ns, t_ns, side="right")) - 1
        if last < 0 or t_ns - self._t_ns[last] > _LINGER_NS:
            return None
        known = self._pictures.get(self._ids[self._code[last]])
        if known is None:  # it was removed since
            return None
        name, path, creative = known
        is_on = bool(self._t_ns[last] >= since_ns)
        first = int(np.searchsorted(self._t_ns, self._t_ns[last] - _TRAIL_NS)) if is_on else last + 1
        own = self._code[first : last + 1] == self._code[last]
        trail = self._px[first : last + 1][own]
        return OnPicture(creative.id, name, path, (creative.width_px, creative.height_px), trail, is_on)
