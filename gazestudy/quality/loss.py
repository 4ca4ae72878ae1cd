"""Loss: which samples could not be used, and why; and how regular sampling was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.tables import REASONS

Ints = NDArray[np.int64]

MISSING_INTERVALS = 1.75
"""A longer step in time, in usual intervals, means samples that never came. Pupil Invisible's 200 Hz come as
steps of 4 and 8 ms, which is 1.6 usual intervals; one lost sample is 2."""

_OUTLYING_STEP = 5.0

LOSSES = tuple(reason for reason in REASONS if reason != "ok")
"""Reasons that a sample was lost for, besides "missing": it never came."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a recording was sampled.

    Attributes
    ----------
    interval_ns : float
        Usual interval; 0 for fewer than two samples.
    jitter_ms : float
        Standard deviation of the intervals, those with missing samples left out.
    missing : ndarray of int64, shape (n,)
        How many samples never came right after each sample.
    covered_ns : ndarray of int64, shape (n,)
        How long each sample stands for, until the next one of its part, whatever is missing in between; the
        usual interval at the end of a part.
    """

    interval_ns: float
    jitter_ms: float
    missing: Ints
    covered_ns: Ints

    @property
    def rate_hz(self) -> float:
        """Nominal rate; NaN where it cannot be told."""
        return 1e9 / self.interval_ns if self.interval_ns > 0 else float("nan")


def sampling(t_ns: Ints, part: Ints) -> Sampling:
    """Return how a recording was sampled.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Ascending times.
    part : ndarray of int64, shape (n,)
        Parts; nothing is missing between them.

    Returns
    -------
    Sampling
        Usual interval, jitter and missing samples.

    Notes
    -----
    The usual interval is the mean of the steps within parts, those with missing samples left out: devices
    that switch between 4 and 8 ms have 6 ms. Where a fifth of all samples or more is lost one by one, such
    steps cannot be told from those of a device like that, and count as regular.

    Examples
    --------
    >>> found = sampling(np.array([0, 10, 20, 50, 60]) * 1_000_000, np.zeros(5, dtype=np.int64))
    >>> found.rate_hz, found.missing.tolist()
    (100.0, [0, 0, 2, 0, 0])
    """
    n = len(t_ns)
    step = np.diff(t_ns)
    inside = (np.diff(part) == 0) & (step > 0)
    steps = step[inside]
    missing = np.zeros(n, dtype=np.int64)
    if len(steps) == 0:
        return Sampling(0.0, float("nan"), missing, np.zeros(n, dtype=np.int64))
    regular = steps[steps <= _OUTLYING_STEP * np.median(steps)]
    while (regular > MISSING_INTERVALS * regular.mean()).any():
        regular = regular[regular <= MISSING_INTERVALS * regular.mean()]
    interval_ns = float(regular.mean())
    long = inside & (step > MISSING_INTERVALS * interval_ns)
    missing[:-1][long] = np.maximum(np.rint(step[long] / interval_ns).astype(np.int64) - 1, 1)
    covered = np.full(n, round(interval_ns), dtype=np.int64)
    same = np.diff(part) == 0
    covered[:-1][same] = step[same]
    return Sampling(interval_ns, float(regular.std()) / 1e6, missing, covered)


def loss_columns(
    gaze: pd.DataFrame, missing: Ints, group: Ints, n_groups: int
) -> dict[str, NDArray[np.generic]]:
    """Return counts and shares of lost samples by reason, for groups of samples.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`; without a column `reason`, invalid samples are "no_data".
    missing : ndarray of int64, shape (n,)
        Samples that never came after each.
    group : ndarray of int64, shape (n,)
        Group of each sample, 0 to `n_groups` - 1.
    n_groups : int
        Number of groups.

    Returns
    -------
    dict of str to ndarray, shape (n_groups,)
        `samples`, `expected` (with those that never came), `valid`, `loss_share` (1 - valid / expected), and
        `<reason>_share` of the expected samples for each of `LOSSES` and "missing"; they add up to
        `loss_share`.
    """
    valid = gaze["valid"].to_numpy(bool)
    samples = np.bincount(group, minlength=n_groups)
    absent = np.bincount(group, missing, minlength=n_groups).astype(np.int64)
    expected = samples + absent
    whole = np.where(expected > 0, expected, 1).astype(np.float64)
    good = np.bincount(group[valid], minlength=n_groups)
    columns: dict[str, NDArray[np.generic]] = {"samples": samples, "expected": expected, "valid": good}
    columns["loss_share"] = np.where(expected > 0, (expected - good) / whole, np.nan)
    for reason in LOSSES:
        lost = ~valid & _because(gaze, reason)
        columns[f"{reason}_share"] = np.bincount(group[lost], minlength=n_groups) / whole
    columns["missing_share"] = absent / whole
    return columns


def _because(gaze: pd.DataFrame, reason: str) -> NDArray[np.bool_]:
    if "reason" not in gaze:
        return np.full(len(gaze), reason == "no_data")
    given = gaze["reason"].astype(str).to_numpy()
    # An invalid sample whose reason says "ok" still has to be somewhere.
    return np.asarray((given == reason) | ((given == "ok") & (reason == "no_data")), np.bool_)
