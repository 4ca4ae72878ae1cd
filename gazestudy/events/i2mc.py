"""I2MC: fixations by two-means clustering of moving windows, robust against noise and loss.

References
----------
Hessels R. S., Niehorster D. C., Kemner C., Hooge I. T. C. (2017). Noise-robust fixation detection in eye
movement data: identification by two-means clustering (I2MC). doi:10.3758/s13428-016-0822-1
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from gazestudy.events.ivt import window_samples, window_speed
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import HOLE_INTERVALS, Bools, Floats, Ints, Samples
from gazestudy.events.steffen import fill_by_curves
from gazestudy.events.table import KIND_CODE, Detection, find_runs
from gazestudy.geometry.cameras import deg_to_direction, direction_to_deg

_I2MC = "Hessels et al. 2017"
_LOW = "Niehorster et al. 2025, glassesTools, for glasses"
FIXATION, SACCADE = KIND_CODE["fixation"], KIND_CODE["saccade"]
BLINK, LOSS, UNCLASSIFIED = KIND_CODE["blink"], KIND_CODE["loss"], KIND_CODE["unclassified"]

_RIPPLE_DB = 0.05
_VERSIONS = {"none": (), "2,3": (2, 3), "2,5": (2, 5), "2,3,5": (2, 3, 5), "2,5,10": (2, 5, 10)}


@dataclass(frozen=True, slots=True)
class I2mcParameters:
    """Parameters of I2MC; distances in deg for data with angles, in px for data without.

    Attributes
    ----------
    max_gap_ms : float
        Gaps up to this long are filled by monotonic curves.
    gap_edge_samples : int
        ... if so many samples are there on either side.
    max_gap_distance_deg, max_gap_distance_px : float
        ... and if they are at most this far apart.
    window_ms, step_ms : float
        Length of the window that is clustered, and how far it moves each time.
    thinning : {"auto", "2,5,10", "2,3,5", "2,5", "2,3", "none"}
        Factors by which each window is also thinned out; "auto" chooses by the sampling rate.
    filter_order : int or None
        Order of the low-pass filter before thinning, 0: no filter; None: by the sampling rate.
    cutoff_spread : float
        Weights below the mean plus this many standard deviations are fixation.
    edge_spread : float
        Fixations begin and end within this many median deviations of their median.
    merge_ms, merge_distance_deg, merge_distance_px : float
        Fixations less apart in time and place are one.
    min_fixation_ms : float
        Shorter fixations are unclassified.
    """

    max_gap_ms: float = parameter(100.0, "fill gaps up to this", source=_I2MC, low=0.0, high=1000.0)
    gap_edge_samples: int = parameter(2, "samples needed beside a gap", source=_I2MC, low=2, high=50)
    max_gap_distance_deg: float = parameter(
        12.7,
        "largest step over a gap",
        source=_I2MC + ": .2 sqrt(2) of a screen of 45 deg",
        low=0.1,
        high=180.0,
    )
    max_gap_distance_px: float = parameter(
        543.0580079512685, "the same in px", source=_I2MC + ": .2 sqrt(2) of 1920 px", low=1.0
    )
    window_ms: float = parameter(200.0, "window that is clustered", source=_I2MC, low=20.0, high=2000.0)
    step_ms: float = parameter(20.0, "step of the window", source=_I2MC, low=0.0, high=1000.0)
    thinning: str = parameter(
        "auto", "factors of thinning", source=f"{_I2MC}; below 150 Hz {_LOW}", choices=("auto", *_VERSIONS)
    )
    filter_order: int | None = parameter(
        None, "low-pass filter before thinning", source="8: " + _I2MC, low=0, high=10
    )
    cutoff_spread: float = parameter(2.0, "weights of fixations are below", source=_I2MC, low=0.1, high=10.0)
    edge_spread: float = parameter(3.0, "ends of fixations are within", source=_I2MC, low=0.1, high=20.0)
    merge_ms: float = parameter(30.0, "merge fixations less apart", source=_I2MC, low=0.0, high=1000.0)
    merge_distance_deg: float = parameter(
        0.7,
        "and less far from another",
        source=_I2MC + ": 30 px on a 23 inch screen at 65 cm",
        low=0.0,
        high=20.0,
    )
    merge_distance_px: float = parameter(30.0, "the same in px", source=_I2MC, low=0.0)
    min_fixation_ms: float = parameter(40.0, "shortest fixation", source=_I2MC, low=0.0, high=1000.0)

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("i2mc", version=1, parameters=I2mcParameters, angles=False)
def detect_i2mc(samples: Samples, parameters: I2mcParameters) -> Detection:
    """Two-means clustering of moving windows (Hessels et al. 2017), robust against noise; for a still head.

    Parameters
    ----------
    samples : Samples
        Gaze of one recording, with both eyes where the table has them.
    parameters : I2mcParameters
        Thresholds.

    Returns
    -------
    Detection
        Fixations, saccades (what is measured between them), blinks, losses and fixations that are too short.

    Notes
    -----
    Each window is split into two clusters, as it is and thinned out; a change of cluster weighs one over
    the number of changes in the window. A sample's weight is its mean over windows, versions and eyes. The
    low-pass filters run forward and back, which is linear in the samples of a window, so all versions of a
    window are one product with a matrix that is made once.

    The published program starts its clusters at random; here they start at the first sample of the window and
    the one furthest from it, so that the same data give the same fixations.

    Windows are laid from the first sample of each stretch on, and the limit for weights is their mean and
    standard deviation over the recording: what is added to a recording or cut off it can change fixations
    everywhere, and so can samples that are lost.
    """
    xy = direction_to_deg(samples.position[:3].T).T if samples.angular else samples.position[:2]
    xy = np.where(samples.measured, xy, np.nan)
    rate_hz = _nominal_rate_hz(samples.interval_ns)
    stretches = _stretches(samples)
    weight = np.full(len(samples.t_ns), np.nan)
    filled, lost = xy.copy(), ~samples.measured
    for piece in stretches:
        eyes = [xy[:, piece]] if samples.eyes is None else list(samples.eyes[:, :, piece])
        weight[piece] = _weights(eyes, rate_hz, parameters, angular=samples.angular)
        filled[:, piece], lost[piece] = _fill(xy[:, piece], rate_hz, parameters, angular=samples.angular)
    code, group = _find(samples, stretches, weight, filled, parameters)
    position, usable = _positions(samples, filled, lost)
    code[~usable & (code != FIXATION)] = LOSS
    code[samples.blink] = BLINK
    speed = window_speed(
        samples, position, usable, window_samples(20e6, samples.interval_ns), stretch_max=1.75
    )
    facts = {
        "eyes": 1 if samples.eyes is None else 2,
        "thinning": list(_thinning(parameters, rate_hz)[0]),
        "filter_order": _thinning(parameters, rate_hz)[1],
        "samples_interpolated": int(np.count_nonzero(usable & ~samples.measured)),
    }
    return Detection(find_runs(samples, code, group), position, usable, facts, speed)


def _nominal_rate_hz(interval_ns: float) -> float:
    """Return the sampling rate, as a whole number where it is one but for the jitter of the clock."""
    if interval_ns <= 0:
        return 0.0
    rate_hz = 1e9 / interval_ns
    return float(round(rate_hz)) if abs(rate_hz - round(rate_hz)) < 0.005 * rate_hz else rate_hz


def _stretches(samples: Samples) -> list[slice]:
    """Return pieces without a change of part and without a hole in time."""
    breaks = np.diff(samples.part) != 0
    breaks |= np.diff(samples.t_ns) > HOLE_INTERVALS * samples.interval_ns
    edges = (
        np.concatenate(([0], np.flatnonzero(breaks) + 1, [len(samples.t_ns)])) if len(samples.t_ns) else [0]
    )
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def _fill(xy: Floats, rate_hz: float, parameters: I2mcParameters, *, angular: bool) -> tuple[Floats, Bools]:
    return fill_by_curves(
        xy,
        np.isnan(xy[0]) & np.isnan(xy[1]),
        longest=round(parameters.max_gap_ms / 1e3 * rate_hz),
        edge=parameters.gap_edge_samples,
        max_distance=parameters.max_gap_distance_deg if angular else parameters.max_gap_distance_px,
    )


def _thinning(parameters: I2mcParameters, rate_hz: float) -> tuple[tuple[int, ...], int]:
    """Return factors and order of the filter; windows of slow trackers are too short for the usual ones."""
    factors, order = _VERSIONS.get(parameters.thinning, (2, 5, 10)), 8
    if rate_hz < 150:
        order = 7 if rate_hz >= 110 else 0
        if parameters.thinning == "auto":
            factors = (2, 3, 5) if rate_hz >= 110 else (2, 5) if rate_hz % 5 == 0 and rate_hz % 3 else (2, 3)
    order = order if parameters.filter_order is None else parameters.filter_order
    width = int(parameters.window_ms / 1e3 * rate_hz + 1e-6)
    return factors, order if width >= 3 * order + 1 else 0


def _weights(eyes: list[Floats], rate_hz: float, parameters: I2mcParameters, *, angular: bool) -> Floats:
    from gazestudy.events.kernels import call, two_means

    width = int(parameters.window_ms / 1e3 * rate_hz + 1e-6)
    step = max(int(parameters.step_ms / 1e3 * rate_hz + 1e-6), 1)
    n = eyes[0].shape[1]
    total, known = np.zeros(n), np.zeros(n)
    if width < 2 or n <= width:
        return np.full(n, np.nan)
    factors, order = _thinning(parameters, rate_hz)
    filters, rows = _filters(width, factors, order)
    for eye in eyes:
        xy, missing = _fill(eye, rate_hz, parameters, angular=angular)
        sizes = (width, step, filters, rows, np.array(factors, dtype=np.int64))
        weight = call(two_means.weights, *xy, missing, *sizes)
        found = np.isfinite(weight)
        total[found] += weight[found]
        known[found] += 1
    return np.where(known > 0, total / np.maximum(known, 1), np.nan)


@lru_cache(maxsize=16)
def _filters(width: int, factors: tuple[int, ...], order: int) -> tuple[Floats, Ints]:
    """Return the matrix that makes all thinned-out versions of a window, and where each begins."""
    parts, begins = [np.zeros((0, width))], [0]
    for factor in factors:
        kept = np.arange(width - 1, -1, -factor)[::-1]
        whole = np.eye(width)
        if order > 0:
            from scipy.signal import cheby1, filtfilt

            b, a = cheby1(order, _RIPPLE_DB, 0.8 / factor)
            whole = filtfilt(b, a, whole, axis=0, padlen=3 * order)
        parts.append(whole[kept])
        begins.append(begins[-1] + len(kept))
    return np.ascontiguousarray(np.concatenate(parts).T), np.array(begins, dtype=np.int64)


def _find(
    samples: Samples, stretches: list[slice], weight: Floats, xy: Floats, parameters: I2mcParameters
) -> tuple[np.ndarray, Ints]:
    from gazestudy.events.kernels import call, two_means

    n = len(weight)
    code, group = np.full(n, SACCADE, dtype=np.int8), np.full(n, -1, dtype=np.int64)
    known = weight[np.isfinite(weight)]
    if len(known) < 2:
        code[:] = UNCLASSIFIED
        return code, group
    cutoff = float(known.mean() + parameters.cutoff_spread * known.std(ddof=1))
    merge = parameters.merge_distance_deg if samples.angular else parameters.merge_distance_px
    limits = (
        cutoff,
        parameters.edge_spread,
        merge,
        parameters.merge_ms * 1e6,
        parameters.min_fixation_ms * 1e6,
    )
    found = 0
    for piece in stretches:
        where = (weight[piece], *xy[:, piece], ~samples.measured[piece], samples.t_ns[piece])
        first, last = call(two_means.fixations, *where, *limits)
        slow = weight[piece] < cutoff
        code[piece][slow | np.isnan(weight[piece])] = UNCLASSIFIED
        for begin, end in zip(first.tolist(), last.tolist(), strict=True):
            code[piece][begin : end + 1], group[piece][begin : end + 1] = FIXATION, found
            found += 1
    return code, group


def _positions(samples: Samples, xy: Floats, lost: Bools) -> tuple[Floats, Bools]:
    usable = ~lost
    position = np.where(samples.measured, samples.position, 0.0)
    added = usable & ~samples.measured
    if samples.angular:
        position[:3, added] = deg_to_direction(xy[:, added].T).T
    else:
        position[:2, added] = xy[:, added]
    return position, usable
