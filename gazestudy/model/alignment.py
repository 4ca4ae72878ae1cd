"""Alignments: how the clock of a recording relates to another clock, with what is not known about it.

An alignment is a fact about two clocks. Stored times are never changed by it; whoever wants a time on the
other clock converts it and gets the uncertainty along with it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError

AlignmentMethod = Literal["events", "pulses", "wall-clock", "by-hand"]

CONFIDENCE = 0.95
"""Confidence of all uncertainties, unless stated otherwise."""


@dataclass(frozen=True, slots=True)
class DriftBound:
    """How much uncertainty grows with the time since a moment.

    Attributes
    ----------
    since_ns : int
        The moment, on the clock of the recording.
    ppm : float
        Microseconds per second by which the true rate may differ, to either side.
    """

    since_ns: int
    ppm: float


@dataclass(frozen=True, slots=True)
class ClockAlignment:
    """Where a time of one clock lies on another.

    Attributes
    ----------
    method : {"events", "pulses", "wall-clock", "by-hand"}
        What it rests on; "by-hand" is what a person said.
    reference_ns : int
        Time on the source clock at which the offset holds.
    offset_ns : int
        Target time minus source time at the reference.
    drift_ppm : float
        How much faster the target clock runs, microseconds per second.
    uncertainty_ms : float
        Half width of the interval for the offset at the reference.
    drift_bounds : tuple of DriftBound
        How the uncertainty grows away from the reference.
    statistical : bool
        True: the parts are independent errors and add as squares. False: they are limits and add as they are.
    bias_ms : float
        Largest error that all evidence may share (reading off a clock always late, times cut to whole
        seconds); added as it is.
    confidence : float
        Share of true times that the uncertainty covers.
    residuals_ms : tuple of float
        Target minus fitted time of each pair that was used.
    first_ns, last_ns : int
        First and last evidence, on the source clock; outside it is extrapolated.
    evidence : dict
        What it was made from: pairs, files, counts, parameters; JSON-ready.

    Examples
    --------
    >>> known = ClockAlignment("wall-clock", 0, 2_000_000_000, 0.0, 500.0, (DriftBound(0, 10.0),), False)
    >>> t_ns, uncertainty_ms = known.to_target(np.array([0, 3600]) * 10**9)
    >>> (t_ns // 10**9).tolist(), uncertainty_ms.tolist()
    ([2, 3602], [500.0, 536.0])
    """

    method: AlignmentMethod
    reference_ns: int
    offset_ns: int
    drift_ppm: float
    uncertainty_ms: float
    drift_bounds: tuple[DriftBound, ...] = ()
    statistical: bool = True
    bias_ms: float = 0.0
    confidence: float = CONFIDENCE
    residuals_ms: tuple[float, ...] = ()
    first_ns: int = 0
    last_ns: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("uncertainty_ms", "bias_ms"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ParameterError(name, value, "0 or more milliseconds")
        if not abs(self.drift_ppm) < 1e5:
            raise ParameterError("drift_ppm", self.drift_ppm, "a drift below 100000 ppm")

    def to_target(self, t_ns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return times of the source clock on the target clock.

        Parameters
        ----------
        t_ns : ndarray of int64, shape (n,)
            Times on the source clock, ns.

        Returns
        -------
        t_ns : ndarray of int64, shape (n,)
            Times on the target clock, ns.
        uncertainty_ms : ndarray of float, shape (n,)
            Half width of the interval at `confidence`.
        """
        since = np.asarray(t_ns, np.int64) - self.reference_ns
        drifted = np.rint(since * (self.drift_ppm * 1e-6)).astype(np.int64)
        return since + (self.reference_ns + self.offset_ns) + drifted, self.uncertainty_at(t_ns)

    def to_source(self, t_ns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return times of the target clock on the source clock; the reverse of `to_target`.

        Parameters
        ----------
        t_ns : ndarray of int64, shape (n,)
            Times on the target clock, ns.

        Returns
        -------
        t_ns : ndarray of int64, shape (n,)
            Times on the source clock, ns.
        uncertainty_ms : ndarray of float, shape (n,)
            Half width of the interval at `confidence`.
        """
        rate = self.drift_ppm * 1e-6
        since = np.asarray(t_ns, np.int64) - (self.reference_ns + self.offset_ns)
        # The difference is small and the rest stays whole, so nothing is lost by a float here.
        back = since - np.rint(since * (rate / (1.0 + rate))).astype(np.int64) + self.reference_ns
        return back, self.uncertainty_at(back)

    def uncertainty_at(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the half width of the interval, ms, at times of the source clock."""
        at = np.asarray(t_ns, np.int64)
        grown = [np.abs(at - bound.since_ns) * (bound.ppm * 1e-12) for bound in self.drift_bounds]
        parts = np.stack([np.full(at.shape, self.uncertainty_ms), *grown])
        total = np.sqrt((parts**2).sum(axis=0)) if self.statistical else parts.sum(axis=0)
        return np.asarray(total + self.bias_ms, np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        values = asdict(self)
        for name in ("drift_bounds", "residuals_ms"):
            values[name] = list(values[name])
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make an alignment from `to_dict`."""
        bounds = tuple(DriftBound(**bound) for bound in values["drift_bounds"])
        return cls(**{**values, "drift_bounds": bounds, "residuals_ms": tuple(values["residuals_ms"])})


@dataclass(frozen=True, slots=True)
class StoredAlignment:
    """An alignment as the study keeps it.

    Attributes
    ----------
    id : int
        Unique in the study.
    recording_id : str
        Whose clock is the source.
    target : str
        Name of the other clock, such as "observer-2", "interview-P01" or another recording.
    alignment : ClockAlignment
        The fact itself.
    made_by, made_utc : str
        Who made it and when.
    note : str
        For people.
    """

    id: int
    recording_id: str
    target: str
    alignment: ClockAlignment
    made_by: str
    made_utc: str
    note: str = ""
