"""Precision: how much gaze scatters while it rests, in degrees on the sphere.

Precision only means something within a look. All measures here are taken within single fixations, never
across missing samples, and the figure of a recording is the median over its fixations.

References
----------
Holmqvist K., Nystroem M., Mulvey F. (2012). Eye tracker data quality: what it is and how to measure it.
ETRA 2012. doi:10.1145/2168556.2168563
Niehorster D. C. et al. (2026). The fundamentals of eye tracking, part 7. Behavior Research Methods.
doi:10.3758/s13428-026-03039-4
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.quality.sphere import Floats, angle_deg, mean_direction, tangent_deg

MIN_SAMPLES = 5
"""Fixations with fewer measured samples tell no precision."""

BCEA_SHARE = 0.68
"""Share of gaze within the ellipse."""

PRECISION_COLUMNS = (
    "rms_s2s_deg",
    "std_deg",
    "bcea_deg2",
    "rms_s2s_detrended_deg",
    "std_detrended_deg",
    "bcea_detrended_deg2",
)
"""See `fixation_precision`."""


def rms_s2s_deg(directions: Floats) -> float:
    """Return the root mean square of the angles between successive samples.

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors of one look; NaN where a sample is missing.

    Returns
    -------
    float
        deg; NaN where no two successive samples are there.

    Notes
    -----
    sqrt(mean(theta^2)) with theta the angle between samples i and i + 1 (Holmqvist et al. 2012). Pairs with a
    missing sample are left out, not bridged.
    """
    step = angle_deg(directions[1:], directions[:-1])
    step = step[np.isfinite(step)]
    return float(np.sqrt(np.mean(step**2))) if len(step) else float("nan")


def std_deg(directions: Floats) -> float:
    """Return the standard deviation of gaze around its mean direction.

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors of one look; NaN where a sample is missing.

    Returns
    -------
    float
        deg; NaN for none.

    Notes
    -----
    sqrt(var(x) + var(y)) on the plane that touches the sphere at the mean direction, with n as denominator.
    """
    flat = _flat(directions)
    return float(np.sqrt(flat.var(axis=0).sum())) if len(flat) else float("nan")


def bcea_deg2(directions: Floats, *, share: float = BCEA_SHARE) -> float:
    """Return the area of the ellipse that holds a share of gaze (bivariate contour ellipse area).

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors of one look; NaN where a sample is missing.
    share : float
        Share of a bivariate normal distribution within, above 0 and below 1.

    Returns
    -------
    float
        Square degrees; NaN for fewer than two samples.

    Notes
    -----
    2 k pi s_x s_y sqrt(1 - rho^2) with k = -ln(1 - share), n - 1 as denominator of both deviations.
    """
    if not 0.0 < share < 1.0:
        raise ParameterError("share", share, "a share above 0 and below 1")
    flat = _flat(directions)
    if len(flat) < 2:
        return float("nan")
    determinant = float(np.linalg.det(np.cov(flat.T)))
    return float(-2.0 * np.log(1.0 - share) * np.pi * np.sqrt(max(determinant, 0.0)))


def _flat(directions: Floats) -> Floats:
    kept = directions[np.isfinite(directions).all(axis=1)]
    return tangent_deg(kept, mean_direction(kept)) if len(kept) else np.zeros((0, 2))


def fixation_precision(
    directions: Floats, t_ns: NDArray[np.int64], measured: NDArray[np.bool_], events: pd.DataFrame
) -> pd.DataFrame:
    """Return the precision within each fixation (and pursuit).

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors of gaze.
    t_ns : ndarray of int64, shape (n,)
        Times.
    measured : ndarray of bool, shape (n,)
        Samples with a direction that was measured; filled ones do not count.
    events : DataFrame
        Contract `GAZE_EVENTS`, made from these samples.

    Returns
    -------
    DataFrame
        One row for each fixation or pursuit with at least `MIN_SAMPLES` measured samples: event_id, onset_ns,
        n_samples, and `PRECISION_COLUMNS` (deg, square degrees).

    Notes
    -----
    While a wearer walks, the eyes turn against the head during a look: gaze then drifts through the head's
    frame, and RMS-S2S, STD and BCEA hold this drift besides the scatter of the tracker. The columns
    `*_detrended` are those of the residuals from a straight drift at constant speed within the fixation; with
    a resting head both are close.
    """
    chosen = events[events["kind"].isin(["fixation", "pursuit"])]
    sample, event = _samples_of(chosen, measured)
    n = np.bincount(event, minlength=len(chosen)).astype(np.float64)
    enough = n >= MIN_SAMPLES
    chosen, n, sample, event = _only(chosen, n, sample, event, enough)
    if len(chosen) == 0:
        return pd.DataFrame(
            {
                "event_id": np.zeros(0, np.int64),
                "onset_ns": np.zeros(0, np.int64),
                "n_samples": np.zeros(0, np.int64),
            }
            | {name: np.zeros(0) for name in PRECISION_COLUMNS}
        )

    groups = _Groups(event, n)
    toward = groups.mean(directions[sample])
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    flat = tangent_deg(directions[sample], toward[event])
    flat -= groups.mean(flat)[event]
    time_s = (t_ns[sample] - chosen["onset_ns"].to_numpy(np.int64)[event]) / 1e9
    time_s -= groups.mean(time_s[:, None])[event, 0]
    spread = groups.mean(time_s[:, None] ** 2)[:, 0]
    slope = groups.mean(time_s[:, None] * flat) / np.where(spread > 0, spread, 1.0)[:, None]
    level = flat - slope[event] * time_s[:, None]

    pair = (np.diff(event) == 0) & (np.diff(sample) == 1)
    step = angle_deg(directions[sample[1:][pair]], directions[sample[:-1][pair]])
    step_level = np.linalg.norm(level[1:][pair] - level[:-1][pair], axis=1)
    values: dict[str, NDArray[np.float64]] = {}
    for suffix, steps, points in (("", step, flat), ("_detrended", step_level, level)):
        values[f"rms_s2s{suffix}_deg"] = _rms(steps, event[1:][pair], len(chosen))
        values[f"std{suffix}_deg"] = np.sqrt(groups.mean(points**2).sum(axis=1))
        values[f"bcea{suffix}_deg2"] = groups.bcea(points)
    head = chosen[["event_id", "onset_ns"]].reset_index(drop=True)
    return head.assign(n_samples=n.astype(np.int64), **{name: values[name] for name in PRECISION_COLUMNS})


class _Groups:
    """Sums over samples of the same fixation."""

    def __init__(self, event: NDArray[np.int64], n: Floats) -> None:
        self._event, self._n = event, n

    def mean(self, values: Floats) -> Floats:
        """Return the means of columns, shape (m, k)."""
        return np.column_stack(
            [np.bincount(self._event, column, minlength=len(self._n)) / self._n for column in values.T]
        )

    def bcea(self, points: Floats) -> Floats:
        """Return the ellipse area of centred points."""
        (xx, yy), xy = self.mean(points**2).T, self.mean((points[:, 0] * points[:, 1])[:, None])[:, 0]
        unbiased = self._n / (self._n - 1.0)
        area: Floats = (
            -2.0 * np.log(1.0 - BCEA_SHARE) * np.pi * unbiased * np.sqrt(np.maximum(xx * yy - xy**2, 0.0))
        )
        return area


def _rms(step: Floats, event: NDArray[np.int64], m: int) -> Floats:
    count = np.bincount(event, minlength=m)
    total = np.bincount(event, step**2, minlength=m)
    return np.asarray(np.sqrt(total / np.where(count > 0, count, np.nan)), np.float64)


def _samples_of(
    events: pd.DataFrame, measured: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the measured samples of all events, and the row of the event of each."""
    first, last = events["first_sample"].to_numpy(np.int64), events["last_sample"].to_numpy(np.int64)
    length = last - first + 1
    event = np.repeat(np.arange(len(events)), length)
    sample = np.arange(int(length.sum())) + np.repeat(first - (np.cumsum(length) - length), length)
    kept = measured[sample]
    return sample[kept], event[kept]


def _only(
    events: pd.DataFrame,
    n: Floats,
    sample: NDArray[np.int64],
    event: NDArray[np.int64],
    enough: NDArray[np.bool_],
) -> tuple[pd.DataFrame, Floats, NDArray[np.int64], NDArray[np.int64]]:
    kept = enough[event] if len(event) else np.zeros(0, dtype=bool)
    renumbered = np.cumsum(enough) - 1
    return events[enough], n[enough], sample[kept], renumbered[event[kept]]
