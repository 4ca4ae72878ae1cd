"""Corrections of gaze: a fact about a recording, beside its data, which stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError

CorrectionKind = Literal["offset", "drift"]

LARGEST_DEG = 45.0
"""A larger correction is a mistake: it is half of what a scene camera shows."""


@dataclass(frozen=True, slots=True)
class GazeCorrection:
    """By how much gaze of a recording is turned, and why.

    Attributes
    ----------
    kind : {"offset", "drift"}
        The same amount all the time, or one that changes evenly between the first and the last evidence.
    t_ns : tuple of int, length 1 or 2
        When the amounts hold, on the clock of the recording. Between them they change evenly; before the
        first and after the last they stay.
    azimuth_deg, elevation_deg : tuple of float
        How far gaze that looks straight ahead is turned to the right, and up.
    evidence : dict
        What it rests on: targets with their offsets before and after, method, parameters; JSON-ready.

    Examples
    --------
    >>> drifting = GazeCorrection("drift", (0, 60_000_000_000), (0.0, 2.0), (1.0, 1.0))
    >>> drifting.at(np.array([30, 90]) * 10**9).tolist()
    [[1.0, 1.0], [2.0, 1.0]]
    """

    kind: CorrectionKind
    t_ns: tuple[int, ...]
    azimuth_deg: tuple[float, ...]
    elevation_deg: tuple[float, ...]
    evidence: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = {"offset": 1, "drift": 2}.get(self.kind)
        if wanted is None:
            raise ParameterError("kind", self.kind, "offset or drift")
        lengths = {len(self.t_ns), len(self.azimuth_deg), len(self.elevation_deg)}
        if lengths != {wanted} or list(self.t_ns) != sorted(set(self.t_ns)):
            raise ParameterError("t_ns", self.t_ns, f"{wanted} ascending times with one amount each")
        for name in ("azimuth_deg", "elevation_deg"):
            values = getattr(self, name)
            if not all(np.isfinite(value) and abs(value) <= LARGEST_DEG for value in values):
                raise ParameterError(name, values, f"at most {LARGEST_DEG:g} degrees to either side")

    def at(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return azimuth and elevation of the correction at times of the recording, deg, shape (n, 2)."""
        since = (np.asarray(t_ns, np.int64) - self.t_ns[0]).astype(np.float64)
        knots = [float(t - self.t_ns[0]) for t in self.t_ns]
        return np.column_stack(
            [np.interp(since, knots, values) for values in (self.azimuth_deg, self.elevation_deg)]
        )

    def amounts(self) -> dict[str, Any]:
        """Return what changes gaze, without the evidence; JSON-ready."""
        return {
            "kind": self.kind,
            "t_ns": list(self.t_ns),
            "azimuth_deg": list(self.azimuth_deg),
            "elevation_deg": list(self.elevation_deg),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {**self.amounts(), "evidence": self.evidence}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a correction from `to_dict`."""
        numbers = {name: tuple(values[name]) for name in ("t_ns", "azimuth_deg", "elevation_deg")}
        return cls(kind=values["kind"], evidence=values["evidence"], **numbers)


@dataclass(frozen=True, slots=True)
class StoredCorrection:
    """A correction as the study keeps it.

    Attributes
    ----------
    id : int
        Unique in the study.
    recording_id : str
        Whose gaze.
    correction : GazeCorrection
        The fact itself.
    made_by, made_utc : str
        Who made it and when.
    note : str
        For people.
    """

    id: int
    recording_id: str
    correction: GazeCorrection
    made_by: str
    made_utc: str
    note: str = ""
