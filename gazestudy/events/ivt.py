"""I-VT, the velocity threshold filter as published by Tobii.

References
----------
Olsen A. (2012). The Tobii I-VT Fixation Filter: algorithm description. Tobii Technology.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy.errors import ParameterError
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import HOLE_INTERVALS, Bools, Codes, Floats, Samples
from gazestudy.events.table import KIND_CODE, Detection, Runs, find_runs, join_runs

_OLSEN = "Olsen 2012"
FIXATION, SACCADE = KIND_CODE["fixation"], KIND_CODE["saccade"]
BLINK, LOSS, UNCLASSIFIED = KIND_CODE["blink"], KIND_CODE["loss"], KIND_CODE["unclassified"]


@dataclass(frozen=True, slots=True)
class IvtParameters:
    """Parameters of I-VT; the defaults are those of the white paper.

    Attributes
    ----------
    max_gap_ms : float
        Gaps shorter than this, from the last sample before to the first after, are filled linearly; 0: off.
    noise_reduction : {"off", "average", "median"}
        Moving filter over the positions.
    noise_window_samples : int
        Its length, odd; it shrinks symmetrically at gaps.
    window_ms : float
        Length of the velocity window.
    window_stretch_max : float
        A window that lasts longer than this many times its nominal length spans a hole: no velocity.
    threshold_deg_s : float
        Slower is fixation, otherwise saccade.
    threshold_px_s : float or None
        Threshold for data without angles, px/s.
    merge_gap_ms : float
        Fixations less than this apart may be merged; 0: off.
    merge_angle_deg : float
        ... if their centroids are at most this far apart.
    merge_distance_px : float or None
        The same for data without angles; None: no merging there.
    min_fixation_ms : float
        Shorter fixations become unclassified; 0: off.
    """

    max_gap_ms: float = parameter(75.0, "fill gaps shorter than this", source=_OLSEN, low=0.0, high=1000.0)
    noise_reduction: str = parameter(
        "off", "moving filter over the positions", source=_OLSEN, choices=("off", "average", "median")
    )
    noise_window_samples: int = parameter(
        3, "length of that filter, odd", source=_OLSEN, choices=tuple(range(3, 33, 2))
    )
    window_ms: float = parameter(20.0, "velocity window", source=_OLSEN, low=1.0, high=500.0)
    window_stretch_max: float = parameter(
        1.75,
        "no velocity from windows longer than this many times nominal",
        source="own: one lost sample at 50 Hz is refused, the 4 and 8 ms steps of Pupil Invisible are not",
        low=1.0,
        high=10.0,
    )
    threshold_deg_s: float = parameter(30.0, "slower is fixation", source=_OLSEN, low=0.1, high=1000.0)
    threshold_px_s: float | None = parameter(
        None, "threshold for data without angles", source="none: depends on the camera", low=0.1
    )
    merge_gap_ms: float = parameter(75.0, "merge fixations less apart", source=_OLSEN, low=0.0, high=1000.0)
    merge_angle_deg: float = parameter(
        0.5, "and with centroids at most this far apart", source=_OLSEN, low=0.0, high=20.0
    )
    merge_distance_px: float | None = parameter(
        None, "the same for data without angles", source="none: depends on the camera", low=0.0
    )
    min_fixation_ms: float = parameter(
        60.0, "shorter fixations are unclassified", source=_OLSEN, low=0.0, high=1000.0
    )

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("ivt", version=1, parameters=IvtParameters)
def detect_ivt(samples: Samples, parameters: IvtParameters) -> Detection:
    """Velocity threshold with gap fill-in, merge and discard, as published by Tobii (Olsen 2012).

    Parameters
    ----------
    samples : Samples
        Gaze of one recording.
    parameters : IvtParameters
        Thresholds.

    Returns
    -------
    Detection
        Fixations, saccades, blinks, losses and what cannot be told.

    Notes
    -----
    In this order: fill gaps, reduce noise, angular velocity between the first and the last sample of a window
    of round(window / interval) + 1 samples (at least two), threshold, merge neighbouring fixations by time
    and angle (each with all that was merged before it), discard short ones. An even window reaches one
    sample further back than forward.

    What the white paper leaves open: a blink reported by the device is never filled nor merged over. Samples
    between merged fixations belong to the fixation. A sample without velocity is unclassified. The filter was
    made for a still head; in a walking wearer's head frame, the eye turns against the head while it rests on
    something, which raises the velocity of fixations.
    """
    position, usable = fill_gaps(samples, max_gap_ns=parameters.max_gap_ms * 1e6)
    if parameters.noise_reduction != "off":
        half = parameters.noise_window_samples // 2
        position = reduce_noise(samples, position, usable, half, method=parameters.noise_reduction)
    window = window_samples(parameters.window_ms * 1e6, samples.interval_ns)
    speed = window_speed(samples, position, usable, window, stretch_max=parameters.window_stretch_max)
    merge_distance: float | None = parameters.merge_angle_deg
    if samples.angular:
        threshold = parameters.threshold_deg_s
    elif parameters.threshold_px_s is not None:
        threshold, merge_distance = parameters.threshold_px_s, parameters.merge_distance_px
    else:
        raise ParameterError("threshold_px_s", None, "a number of px/s, since the data have no angles")

    runs = find_runs(samples, classify_by_speed(samples, usable, speed, threshold))
    code = merge_and_discard(
        samples,
        position,
        usable,
        runs,
        merge_gap_ns=parameters.merge_gap_ms * 1e6,
        merge_distance=merge_distance,
        min_fixation_ns=parameters.min_fixation_ms * 1e6,
    )
    filled = int(np.count_nonzero(usable & ~samples.measured))
    facts = {
        "window_samples": window,
        "threshold": f"{threshold:g} {'deg' if samples.angular else 'px'}/s",
        "samples_interpolated": filled,
        "share_interpolated": filled / len(usable) if len(usable) else 0.0,
        "share_without_velocity": float(np.mean(np.isnan(speed))) if len(speed) else 0.0,
    }
    if not samples.angular:
        facts["warning"] = "thresholds in pixels: not comparable between cameras, nor over one image"
    return Detection(join_runs(runs, code, samples.part), position, usable, facts, speed)


def fill_gaps(samples: Samples, *, max_gap_ns: float) -> tuple[Floats, Bools]:
    """Fill short gaps on the straight line between their neighbours.

    Parameters
    ----------
    samples : Samples
        The samples.
    max_gap_ns : float
        Only gaps shorter than this are filled, from the last sample before to the first sample after.

    Returns
    -------
    position : ndarray of float64, shape (k, n)
        Positions; 0 where there is none. This is `samples.position` itself, which means nothing where nothing
        was measured: an hour of gaze is not copied.
    usable : ndarray of bool, shape (n,)
        Measured or filled.
    """
    from gazestudy.events.kernels import InPlace, call, velocity

    position = samples.position
    usable = call(
        velocity.fill_gaps,
        InPlace(position),
        samples.measured,
        samples.blink,
        samples.part,
        samples.t_ns,
        float(max_gap_ns),
        samples.angular,
    )
    return position, usable


def reduce_noise(samples: Samples, position: Floats, usable: Bools, half: int, *, method: str) -> Floats:
    """Smooth by a moving average or median whose window shrinks symmetrically at gaps.

    Parameters
    ----------
    samples : Samples
        The samples.
    position : ndarray of float64, shape (k, n)
        Positions.
    usable : ndarray of bool, shape (n,)
        Which samples have one.
    half : int
        The window is 2 half + 1 samples long.
    method : {"average", "median"}
        What is taken of the window.

    Returns
    -------
    ndarray of float64, shape (k, n)
        Smoothed positions.
    """
    from gazestudy.events.kernels import call, velocity

    hole_ns = HOLE_INTERVALS * samples.interval_ns
    first, last = call(velocity.stretch_ends, samples.part, usable, samples.t_ns, hole_ns)
    smooth: Floats = call(
        velocity.smooth, position, first, last, usable, half, method == "median", samples.angular
    )
    return smooth


def window_samples(window_ns: float, interval_ns: float) -> int:
    """Return how many samples the velocity window has: round(window / interval) + 1, at least two.

    Parameters
    ----------
    window_ns, interval_ns : float
        Length of the window and usual sampling interval.

    Returns
    -------
    int
        Number of samples.

    Examples
    --------
    >>> [window_samples(20e6, 1e9 / rate_hz) for rate_hz in (50, 100, 120, 200, 250, 500)]
    [2, 3, 3, 5, 6, 11]
    """
    return max(int(window_ns / interval_ns + 0.5) + 1, 2) if interval_ns > 0 else 2


def window_speed(
    samples: Samples, position: Floats, usable: Bools, window: int, *, stretch_max: float
) -> Floats:
    """Return the speed at each sample: first against last sample of the window around it.

    Parameters
    ----------
    samples : Samples
        The samples.
    position : ndarray of float64, shape (k, n)
        Positions.
    usable : ndarray of bool, shape (n,)
        Which samples have one.
    window : int
        Samples in the window; it begins window // 2 samples before the sample.
    stretch_max : float
        Longest allowed window as a multiple of its nominal duration.

    Returns
    -------
    ndarray of float64, shape (n,)
        deg/s, or px/s without angles; NaN where the window is not full.
    """
    from gazestudy.events.kernels import call, velocity

    speed: Floats = call(
        velocity.window_speed,
        position,
        samples.t_ns,
        samples.part,
        usable,
        window,
        HOLE_INTERVALS * samples.interval_ns,
        stretch_max * (window - 1) * samples.interval_ns,
        samples.angular,
    )
    return speed


def classify_by_speed(samples: Samples, usable: Bools, speed: Floats, threshold: float | Floats) -> Codes:
    """Return the class of each sample: fixation below the threshold, saccade from it on.

    Parameters
    ----------
    samples : Samples
        The samples.
    usable : ndarray of bool, shape (n,)
        Which samples have a position.
    speed : ndarray of float64, shape (n,)
        Their speed, NaN where unknown.
    threshold : float or ndarray of float64, shape (n,)
        In the unit of `speed`, for all samples or for each.

    Returns
    -------
    ndarray of int8, shape (n,)
        Positions in `EVENT_KINDS`; unclassified where there is a position but no speed.
    """
    from gazestudy.events.kernels import call, velocity

    code: Codes = call(
        velocity.threshold_codes,
        speed,
        usable,
        samples.blink,
        np.atleast_1d(np.asarray(threshold, dtype=np.float64)),
        FIXATION,
        SACCADE,
        BLINK,
        LOSS,
        UNCLASSIFIED,
    )
    return code


def merge_and_discard(
    samples: Samples,
    position: Floats,
    usable: Bools,
    runs: Runs,
    *,
    merge_gap_ns: float,
    merge_distance: float | None,
    min_fixation_ns: float,
) -> Codes:
    """Return the class of each run after merging neighbouring fixations and discarding short ones.

    Parameters
    ----------
    samples : Samples
        The samples.
    position : ndarray of float64, shape (k, n)
        Positions, 0 where not `usable`.
    usable : ndarray of bool, shape (n,)
        Which samples have one.
    runs : Runs
        Runs of one class each.
    merge_gap_ns : float
        Fixations less apart may be merged, each with all that was merged before it; 0: off.
    merge_distance : float or None
        ... if their centroids are at most this far apart, deg or px; None: off.
    min_fixation_ns : float
        Shorter fixations, after merging, become unclassified.

    Returns
    -------
    ndarray of int8, shape (m,)
        Classes; `join_runs` makes one event of what was merged.
    """
    from gazestudy.events.kernels import call
    from gazestudy.events.kernels import runs as kernels

    code = runs.code.copy()
    fixation = np.flatnonzero(code == FIXATION)
    if len(fixation) == 0:
        return code
    merged = np.zeros(len(fixation), dtype=bool)
    if merge_distance is not None and merge_gap_ns > 0:
        total, used, _ = call(kernels.sums, position, usable, usable, runs.first, runs.last)
        part = samples.part[runs.first]
        limits = (FIXATION, BLINK, float(merge_gap_ns), float(merge_distance), samples.angular)
        merged = call(kernels.merge, total, used, code, runs.onset_ns, runs.offset_ns, part, *limits)[
            fixation
        ]
    head = np.flatnonzero(~merged)
    tail = np.append(head[1:], len(fixation)) - 1
    start, end = fixation[head], fixation[tail]
    too_short = runs.offset_ns[end] - runs.onset_ns[start] < min_fixation_ns
    inside = np.zeros(len(code) + 1, dtype=np.int64)
    inside[start] += 1
    inside[end + 1] -= 1
    within = np.cumsum(inside)[:-1] > 0
    code[within] = np.repeat(np.where(too_short, UNCLASSIFIED, FIXATION), end - start + 1)
    return code
