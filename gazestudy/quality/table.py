"""The quality of a recording in one table: one row for all of it, or one for each stretch of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.events.samples import prepare
from gazestudy.model.camera import Camera
from gazestudy.model.provenance import Provenance, provenance_of
from gazestudy.model.tables import Column, TableContract
from gazestudy.quality.loss import LOSSES, MISSING_INTERVALS, Sampling, loss_columns, sampling
from gazestudy.quality.precision import BCEA_SHARE, MIN_SAMPLES, PRECISION_COLUMNS, fixation_precision

Ints = NDArray[np.int64]

VERSION = 1

QUALITY = TableContract(
    "quality",
    (
        Column("window", "int", "0, 1, ... for stretches of time, -1 for the whole recording"),
        Column("start_s", "float", "start, s after the first sample"),
        Column("duration_s", "float", "time that samples cover, without the time between parts"),
        Column("nominal_rate_hz", "float", "1 / usual interval of the recording"),
        Column("effective_rate_hz", "float", "valid samples / duration"),
        Column("jitter_ms", "float", "standard deviation of the sampling interval, whole recording"),
        Column("samples", "int", "samples"),
        Column("expected", "int", "samples and those that never came"),
        Column("valid", "int", "valid samples"),
        Column("loss_share", "float", "1 - valid / expected"),
        *(Column(f"{reason}_share", "float", f"lost for: {reason}, of expected") for reason in LOSSES),
        Column("missing_share", "float", "never came, of expected"),
        Column("longest_gap_ms", "float", "longest time between valid samples that begins here"),
        Column("blinks", "int", "blinks that begin here"),
        Column("fixations", "int", "fixations (and pursuits) that precision was taken from"),
        *(
            Column(
                name,
                "float",
                f"median over fixations of {name.rsplit('_deg', 1)[0]}; NaN without angles",
            )
            for name in PRECISION_COLUMNS
        ),
    ),
    sorted_by="window",
)
"""One row for a recording, or one for each stretch of it. Angles are in degrees on the sphere."""


def quality_table(
    gaze: pd.DataFrame,
    *,
    camera: Camera | None = None,
    events: pd.DataFrame | None = None,
    window_s: float | None = None,
) -> pd.DataFrame:
    """Return loss, sampling and precision of a recording.

    Parameters
    ----------
    gaze : DataFrame
        As for `gazestudy.events.detect_events`.
    camera : Camera, optional
        Scene camera that turns px into angles; without any angles there is no precision.
    events : DataFrame, optional
        Gaze events found in this gaze (contract `GAZE_EVENTS`); without them there is no precision, and
        blinks are the runs of samples with the reason "blink".
    window_s : float, optional
        Length of stretches, s; None: one row for the whole recording. Stretches without a sample have no row.

    Returns
    -------
    DataFrame
        Contract `QUALITY`, with provenance.

    Raises
    ------
    ParameterError
        If `window_s` is not positive.
    TableError
        If the gaze table lacks columns.

    Examples
    --------
    >>> gaze = pd.DataFrame({"t_ns": np.arange(1000) * 10_000_000, "x_deg": 0.0, "y_deg": 0.0})
    >>> gaze["valid"] = gaze.index >= 100
    >>> quality_table(gaze, window_s=5)[["window", "loss_share", "effective_rate_hz"]].to_numpy().tolist()
    [[0.0, 0.2, 80.0], [1.0, 0.0, 100.0]]
    """
    if window_s is not None and not window_s > 0:
        raise ParameterError("window_s", window_s, "a positive number of seconds")
    samples = prepare(gaze, camera, pixels_will_do=True)
    t_ns, part = samples.t_ns, samples.part
    timing = sampling(t_ns, part)
    window, group, n = _windows(t_ns, window_s)
    duration_s = np.bincount(group, timing.covered_ns, minlength=n) / 1e9
    columns: dict[str, Any] = {
        "window": window,
        "start_s": np.maximum(window, 0) * float(window_s or 0.0),
        "duration_s": duration_s,
        "nominal_rate_hz": timing.rate_hz,
        "jitter_ms": timing.jitter_ms,
        **loss_columns(gaze, timing.missing, group, n),
        "longest_gap_ms": _longest_gaps(t_ns, part, gaze["valid"].to_numpy(bool), timing, group, n),
        "blinks": _blinks(gaze, part, events, group, n),
    }
    columns["effective_rate_hz"] = columns["valid"] / np.where(duration_s > 0, duration_s, np.nan)
    columns |= {"fixations": 0} | dict.fromkeys(PRECISION_COLUMNS, np.nan)
    table = pd.DataFrame(columns)[QUALITY.names]
    if events is not None and samples.angular:
        directions = samples.position[:3].T
        of_fixations = fixation_precision(directions, t_ns, samples.measured, events)
        table = _with_precision(table, of_fixations, t_ns, group)
    parameters = {
        "window_s": window_s,
        "missing_intervals": MISSING_INTERVALS,
        "min_samples": MIN_SAMPLES,
        "bcea_share": BCEA_SHARE,
    }
    facts = {**samples.facts, "fixations_by": None if events is None else provenance_of(events)}
    return Provenance("quality", VERSION, parameters, facts).attach(QUALITY.check(table))


def _windows(t_ns: Ints, window_s: float | None) -> tuple[Ints, Ints, int]:
    """Return the numbers of the windows that have samples, the row of each sample, and how many rows."""
    if window_s is None:
        return np.array([-1], dtype=np.int64), np.zeros(len(t_ns), dtype=np.int64), 1
    since = t_ns - (t_ns[0] if len(t_ns) else 0)
    window, group = np.unique(since // round(window_s * 1e9), return_inverse=True)
    return window.astype(np.int64), group.astype(np.int64), len(window)


def _longest_gaps(
    t_ns: Ints, part: Ints, valid: NDArray[np.bool_], timing: Sampling, group: Ints, n: int
) -> NDArray[np.float64]:
    """Return the longest time without a valid sample; the ends of parts bound it, too."""
    longest = np.zeros(n)
    if len(t_ns) == 0:
        return longest
    edge = np.diff(part, prepend=part[0] - 1, append=part[-1] + 1) != 0
    kept = np.flatnonzero(valid | edge[:-1] | edge[1:])
    if len(kept) < 2:
        return longest
    step = np.where(np.diff(part[kept]) == 0, np.diff(t_ns[kept]), 0)
    gap = step > MISSING_INTERVALS * timing.interval_ns
    np.maximum.at(longest, group[kept[:-1][gap]], step[gap] / 1e6)
    return longest


def _blinks(gaze: pd.DataFrame, part: Ints, events: pd.DataFrame | None, group: Ints, n: int) -> Ints:
    if events is not None:
        first = events.loc[events["kind"] == "blink", "first_sample"].to_numpy(np.int64)
    elif "reason" in gaze:
        shut = (gaze["reason"] == "blink").to_numpy(bool)
        before = np.append(False, shut[:-1]) & (np.diff(part, prepend=part[:1]) == 0)
        first = np.flatnonzero(shut & ~before)
    else:
        first = np.zeros(0, dtype=np.int64)
    return np.bincount(group[first], minlength=n).astype(np.int64)


def _with_precision(table: pd.DataFrame, found: pd.DataFrame, t_ns: Ints, group: Ints) -> pd.DataFrame:
    """Add medians over the fixations that begin in each row's stretch."""
    if len(found) == 0:
        return table
    sample = np.clip(np.searchsorted(t_ns, found["onset_ns"].to_numpy(np.int64)), 0, len(t_ns) - 1)
    by_row = found[list(PRECISION_COLUMNS)].groupby(group[sample])
    medians = by_row.median().reindex(table.index)
    counts = by_row.size().reindex(table.index, fill_value=0)
    return table.assign(
        fixations=counts.astype(np.int64), **{name: medians[name] for name in PRECISION_COLUMNS}
    )
