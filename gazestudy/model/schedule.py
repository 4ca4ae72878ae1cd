"""What a digital placement showed, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model.tables import Column, TableContract

SHOWINGS = TableContract(
    "showings",
    (
        Column("creative_id", "str", "picture on show, empty for the pictures of others"),
        Column("start_unix_ns", "int", "from when"),
        Column("end_unix_ns", "int", "until when"),
    ),
    sorted_by="start_unix_ns",
)
"""One row per showing. Times in between are not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """What one placement showed, on the clock of its player.

    Attributes
    ----------
    placement_id : str
        Which placement.
    showings : DataFrame
        Contract `SHOWINGS`; showings do not overlap.
    clock : str
        Name of the player's clock, to which recordings may have been aligned; empty: no such alignment is
        asked for, and recordings that know their wall clock are used with it.
    uncertainty_ms : float
        How far the player's clock may be from the wall clock of a recording, to either side; not used where
        an alignment says it better.

    Raises
    ------
    ParameterError
        If showings overlap or end before they start.
    """

    placement_id: str
    showings: pd.DataFrame = field(default_factory=SHOWINGS.empty)
    clock: str = ""
    uncertainty_ms: float = 2000.0

    def __post_init__(self) -> None:
        if not self.uncertainty_ms >= 0:
            raise ParameterError("uncertainty_ms", self.uncertainty_ms, "0 or more milliseconds")
        table = SHOWINGS.check(self.showings, self.placement_id)
        start, end = _times(table)
        wrong = np.flatnonzero(end <= start)
        if len(wrong):
            raise ParameterError("showings", f"row {wrong[0] + 1}", "an end after the start")
        wrong = np.flatnonzero(start[1:] < end[:-1])
        if len(wrong):
            raise ParameterError(
                "showings", f"rows {wrong[0] + 1} and {wrong[0] + 2}", "one picture at a time; they overlap"
            )

    def on_show(
        self, t_unix_ns: NDArray[np.int64], uncertainty_ms: NDArray[np.float64] | float | None = None
    ) -> NDArray[np.object_]:
        """Return what was on show.

        Parameters
        ----------
        t_unix_ns : ndarray of int64, shape (n,)
            Times on the player's clock.
        uncertainty_ms : float or ndarray, shape (n,), optional
            Half width of their uncertainty; None: that of the schedule.

        Returns
        -------
        ndarray of object, shape (n,)
            Id of the creative, "" for a picture of others, None where it is not known: outside all showings,
            or where the picture may have changed within the uncertainty.

        Examples
        --------
        >>> spots = loop([("spring", 10.0), ("", 20.0)], start_unix_ns=0, end_unix_ns=60 * 10**9)
        >>> known = Schedule("screen", spots, uncertainty_ms=1000.0)
        >>> known.on_show(np.array([5, 9, 12, 35, 99]) * 10**9 + 500_000_000).tolist()
        ['spring', None, '', 'spring', None]
        """
        around = self.uncertainty_ms if uncertainty_ms is None else uncertainty_ms
        at = np.asarray(t_unix_ns, np.int64)
        reach = np.broadcast_to(np.rint(np.asarray(around, np.float64) * 1e6).astype(np.int64), at.shape)
        first, last = self._showing(at - reach), self._showing(at + reach)
        names = np.array([*self.showings["creative_id"], None], dtype=object)
        stretch = np.append(self._stretches(), -1)
        return np.asarray(names[np.where((first >= 0) & (stretch[first] == stretch[last]), first, -1)])

    def _showing(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row on show, -1 for none."""
        start, end = _times(self.showings)
        row = np.searchsorted(start, at, side="right") - 1
        return np.where((row >= 0) & (at < np.append(end, 0)[row]), row, -1)

    def _stretches(self) -> NDArray[np.int64]:
        """Give showings of one picture without a pause between them the same number."""
        names = self.showings["creative_id"].to_numpy(dtype=object)
        start, end = _times(self.showings)
        return np.cumsum(np.append(True, (names[1:] != names[:-1]) | (start[1:] > end[:-1]))[: len(names)])


def _times(table: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return table["start_unix_ns"].to_numpy(np.int64), table["end_unix_ns"].to_numpy(np.int64)


def loop(spots: Sequence[tuple[str, float]], *, start_unix_ns: int, end_unix_ns: int) -> pd.DataFrame:
    """Return the showings of a loop that repeats without pause.

    Parameters
    ----------
    spots : sequence of (str, float)
        Creative id ("" for the pictures of others) and seconds, in order.
    start_unix_ns, end_unix_ns : int
        When the first spot of a loop starts, and when it all ends; the last loop may be cut off.

    Returns
    -------
    DataFrame
        Contract `SHOWINGS`.

    Raises
    ------
    ParameterError
        If a spot is not longer than 0 s, or it ends before it starts.

    Examples
    --------
    >>> len(loop([("a", 10.0), ("", 50.0)], start_unix_ns=0, end_unix_ns=3600 * 10**9))
    120
    """
    lengths = np.array([round(seconds * 1e9) for _, seconds in spots], dtype=np.int64)
    if len(lengths) == 0 or (lengths <= 0).any():
        raise ParameterError("spots", list(spots), "spots of more than 0 s")
    if end_unix_ns <= start_unix_ns:
        raise ParameterError("end_unix_ns", end_unix_ns, f"an end after the start {start_unix_ns}")
    rounds = -(-(end_unix_ns - start_unix_ns) // int(lengths.sum()))
    ends = start_unix_ns + np.cumsum(np.tile(lengths, rounds))
    starts = np.append(start_unix_ns, ends[:-1])
    keep = starts < end_unix_ns
    table = pd.DataFrame(
        {
            "creative_id": pd.Series([name for name, _ in spots] * rounds, dtype="str"),
            "start_unix_ns": starts,
            "end_unix_ns": np.minimum(ends, end_unix_ns),
        }
    )
    return SHOWINGS.check(table[keep])
