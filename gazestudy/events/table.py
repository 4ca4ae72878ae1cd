"""From one class per sample to a table of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.events.samples import HOLE_INTERVALS, Bools, Codes, Floats, Ints, Samples
from gazestudy.geometry.cameras import direction_to_deg
from gazestudy.model.tables import EVENT_KINDS, GAZE_EVENTS

MOVEMENT_COLUMNS = ("amplitude_deg", "peak_velocity_deg_s", "direction_deg")
"""Beyond the contract; see `event_table`."""

KIND_CODE = {kind: code for code, kind in enumerate(EVENT_KINDS)}


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of samples of one class that together cover every sample.

    Attributes
    ----------
    first, last : ndarray of int64, shape (m,)
        First and last sample, inclusive.
    code : ndarray of int8, shape (m,)
        Class, as position in `EVENT_KINDS`.
    onset_ns, offset_ns : ndarray of int64, shape (m,)
        Start and end.
    """

    first: Ints
    last: Ints
    code: Codes
    onset_ns: Ints
    offset_ns: Ints


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector returns.

    Attributes
    ----------
    runs : Runs
        The events.
    position : ndarray of float64, shape (k, n)
        Positions as the detector used them (gaps filled, noise reduced); 0 where not `usable`.
    usable : ndarray of bool, shape (n,)
        Samples that have a position.
    facts : dict
        For the provenance.
    speed : ndarray of float64, shape (n,), or None
        Speed as the detector used it, deg/s (px/s without angles), NaN where there is none.
    columns : dict of str to ndarray, shape (m,)
        Further columns of the event table.
    """

    runs: Runs
    position: Floats
    usable: Bools
    facts: dict[str, Any] = field(default_factory=dict)
    speed: Floats | None = None
    columns: dict[str, Any] = field(default_factory=dict)


def find_runs(samples: Samples, code: Codes, group: Ints | None = None) -> Runs:
    """Return the runs of equal class; a run never crosses parts.

    Parameters
    ----------
    samples : Samples
        The samples.
    code : ndarray of int8, shape (n,)
        Class of each sample.
    group : ndarray of int64, shape (n,), optional
        Samples of one class but different groups are different runs, such as fixations that touch.

    Returns
    -------
    Runs
        The runs in order.

    Notes
    -----
    An event ends half way between its last sample and the first sample of the next (Olsen 2012). Next to a
    hole or at the end of a part it ends at its own last sample, since nothing is known beyond.
    """
    from gazestudy.events.kernels import call
    from gazestudy.events.kernels import runs as kernels

    if len(code) == 0:
        none = np.zeros(0, dtype=np.int64)
        return Runs(none, none, none.astype(np.int8), none, none)
    hole_ns = HOLE_INTERVALS * samples.interval_ns
    first, last, kind, onset, offset = call(
        kernels.find, code, samples.part if group is None else group, samples.part, samples.t_ns, hole_ns
    )
    return Runs(first, last, kind, onset, offset)


def join_runs(runs: Runs, code: Codes, part: Ints) -> Runs:
    """Give runs new classes and join neighbours that now have the same one.

    Parameters
    ----------
    runs : Runs
        The runs.
    code : ndarray, shape (m,)
        New class of each run.
    part : ndarray of int64, shape (n,)
        Part of each sample.

    Returns
    -------
    Runs
        Fewer runs that cover the same samples.
    """
    if len(code) == 0:
        return runs
    differs = (np.diff(code) != 0) | (np.diff(part[runs.first]) != 0)
    start = np.concatenate(([0], np.flatnonzero(differs) + 1))
    end = np.concatenate((start[1:] - 1, [len(code) - 1]))
    return Runs(runs.first[start], runs.last[end], code[start], runs.onset_ns[start], runs.offset_ns[end])


def event_table(samples: Samples, found: Detection) -> pd.DataFrame:
    """Return the events with their centroid and dispersion.

    Parameters
    ----------
    samples : Samples
        The samples.
    found : Detection
        What the detector found in them.

    Returns
    -------
    DataFrame
        Table that keeps the contract `GAZE_EVENTS`.

    Notes
    -----
    The centroid is the mean unit vector of the usable samples; with R its length before it is scaled to one,
    the root mean square chord from the samples to it is sqrt(2 (1 - R)), which is given as the angle that
    has this chord.

    `amplitude_deg` is the angle between the first and the last position of the event, for saccades between
    the last sample before and the first after it; `direction_deg` is where it goes, 0 to the right, 90 up,
    -180 to 180; `peak_velocity_deg_s` is the highest speed the detector saw in it.
    """
    from gazestudy.events.kernels import call
    from gazestudy.events.kernels import runs as kernels

    runs = found.runs
    m = len(runs.first)
    if m == 0:
        return empty_events()
    total, used, kept = call(
        kernels.sums, found.position, found.usable, samples.measured, runs.first, runs.last
    )
    mean = total / np.where(used > 0, used, np.nan)
    degrees, dispersion = np.full((m, 2), np.nan), np.full(m, np.nan)
    moved = (np.full(m, np.nan),) * 3
    if samples.angular:
        length = np.sqrt(np.sum(mean[:3] ** 2, axis=0))
        degrees = direction_to_deg(mean[:3].T)
        chord = np.sqrt(np.maximum(2.0 * (1.0 - length), 0.0))
        dispersion = 2.0 * np.degrees(np.arcsin(np.minimum(chord / 2.0, 1.0)))
        moved = _movement(samples, found)
    px = mean[-2:] if samples.pixels else np.full((2, m), np.nan)
    return pd.DataFrame(
        {
            "event_id": np.arange(m, dtype=np.int64),
            "kind": pd.Categorical.from_codes(runs.code, categories=pd.Index(EVENT_KINDS)),
            "onset_ns": runs.onset_ns,
            "offset_ns": runs.offset_ns,
            "duration_ms": (runs.offset_ns - runs.onset_ns) / 1e6,
            "first_sample": runs.first,
            "last_sample": runs.last,
            "n_samples": kept,
            "x_px": px[0],
            "y_px": px[1],
            "x_deg": degrees[:, 0],
            "y_deg": degrees[:, 1],
            "dispersion_deg": dispersion,
            "part": samples.part[runs.first],
            **dict(zip(MOVEMENT_COLUMNS, moved, strict=True)),
            **found.columns,
        }
    )


def _movement(samples: Samples, found: Detection) -> tuple[Floats, Floats, Floats]:
    from gazestudy.events.kernels import call
    from gazestudy.events.kernels import runs as kernels

    runs = found.runs
    hole_ns = HOLE_INTERVALS * samples.interval_ns
    speed = found.speed if found.speed is not None else np.full(len(samples.t_ns), np.nan)
    reach = runs.code == KIND_CODE["saccade"]
    where = (found.position, found.usable, samples.part, samples.t_ns, hole_ns)
    amplitude, direction, peak = call(kernels.movement, *where, runs.first, runs.last, reach, speed)
    return amplitude, peak, direction


def empty_events() -> pd.DataFrame:
    """Return an event table without rows."""
    return GAZE_EVENTS.empty().assign(**{name: np.zeros(0) for name in MOVEMENT_COLUMNS})
