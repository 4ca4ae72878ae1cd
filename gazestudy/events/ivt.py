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
from gazestudy.events.samples import HOLE_INTERVALS, Bools, Codes, Floats, Ints, Samples
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

    runs = find_runs(samples, _classify(samples, usable, speed, threshold))
    code = _merge_and_discard(samples, position, usable, runs, parameters, merge_distance)
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
    return Detection(join_runs(runs, code, samples.part), position, usable, facts)


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
        Positions; 0 where there is none.
    usable : ndarray of bool, shape (n,)
        Measured or filled.
    """
    measured = samples.measured
    usable = measured.copy()
    edge = np.diff(measured.astype(np.int8))
    first = np.flatnonzero(edge == -1) + 1  # gaps at either end of the table have only one neighbour
    after = np.flatnonzero(edge == 1) + 1
    if len(after) and (len(first) == 0 or after[0] < first[0]):
        after = after[1:]
    first = first[: len(after)]
    before = first - 1
    blinks = np.concatenate(([0], np.cumsum(samples.blink)))
    short = samples.t_ns[after] - samples.t_ns[before] < max_gap_ns
    short &= (samples.part[after] == samples.part[before]) & (blinks[after] == blinks[first])
    before, after, first = before[short], after[short], first[short]

    position = np.where(measured, samples.position, 0.0)
    length = after - first
    start = np.cumsum(length) - length
    inside = np.arange(int(length.sum())) + np.repeat(first - start, length)
    left, right = np.repeat(before, length), np.repeat(after, length)
    whole = (samples.t_ns[right] - samples.t_ns[left]).astype(np.float64)
    share = (samples.t_ns[inside] - samples.t_ns[left]) / np.where(whole > 0, whole, 1.0)
    position[:, inside] = position[:, left] * (1.0 - share) + position[:, right] * share
    usable[inside] = True
    if samples.angular:
        position[:3, inside] /= np.sqrt(np.sum(position[:3, inside] ** 2, axis=0))
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
    n = len(usable)
    block = _blocks(samples, usable)
    reach = np.zeros(n, dtype=np.int64)  # how far a symmetric window stays within its block
    for step in range(1, half + 1):
        same = np.zeros(n, dtype=bool)
        same[step : n - step] = (block[2 * step :] == block[: n - 2 * step])[: max(n - 2 * step, 0)]
        reach[same] = step
    result = position.copy()
    combine = np.mean if method == "average" else np.median
    for step in range(1, half + 1):
        centre = np.flatnonzero(usable & (reach == step))
        window = centre[:, None] + np.arange(-step, step + 1)
        smooth = combine(position[:, window], axis=2)
        if samples.angular:
            smooth[:3] /= np.sqrt(np.sum(smooth[:3] ** 2, axis=0))
        result[:, centre] = smooth
    return result


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
    n = len(usable)
    speed = np.full(n, np.nan)
    count = n - window + 1
    if count <= 0:
        return speed
    coordinates = position[samples.coordinates]
    squared = np.zeros(count)
    for row in coordinates:
        difference = row[window - 1 :] - row[:count]
        difference *= difference
        squared += difference
    distance = np.sqrt(squared, out=squared)
    if samples.angular:
        distance = np.degrees(2.0 * np.arcsin(np.minimum(distance * 0.5, 1.0)))
    elapsed = samples.t_ns[window - 1 :] - samples.t_ns[:count]
    block = _blocks(samples, usable)
    full = usable[:count] & (block[window - 1 :] == block[:count])
    full &= (elapsed > 0) & (elapsed <= stretch_max * (window - 1) * samples.interval_ns)
    middle = speed[window // 2 : window // 2 + count]
    np.divide(distance, elapsed * 1e-9, out=middle, where=full)
    return speed


def _blocks(samples: Samples, usable: Bools) -> Ints:
    """Give each sample the number of its stretch: no change of part or usability in it, and no hole."""
    breaks = (np.diff(samples.part) != 0) | (usable[1:] != usable[:-1])
    breaks |= np.diff(samples.t_ns) > HOLE_INTERVALS * samples.interval_ns
    return np.concatenate(([0], np.cumsum(breaks))) if len(usable) else np.zeros(0, dtype=np.int64)


def _classify(samples: Samples, usable: Bools, speed: Floats, threshold: float) -> Codes:
    code = np.full(len(usable), UNCLASSIFIED, dtype=np.int8)
    code[speed < threshold] = FIXATION
    code[speed >= threshold] = SACCADE
    code[~usable] = LOSS
    code[samples.blink] = BLINK
    return code


def _merge_and_discard(
    samples: Samples,
    position: Floats,
    usable: Bools,
    runs: Runs,
    parameters: IvtParameters,
    merge_distance: float | None,
) -> Codes:
    """Return the class of each run after merging neighbouring fixations and discarding short ones."""
    code = runs.code.copy()
    fixation = np.flatnonzero(code == FIXATION)
    if len(fixation) == 0:
        return code
    merged = np.zeros(len(fixation), dtype=bool)
    if merge_distance is not None and parameters.merge_gap_ms > 0:
        near = _near_in_time(samples, runs, fixation, parameters.merge_gap_ms * 1e6)
        sums = np.add.reduceat(position[samples.coordinates], runs.first, axis=1)
        counts = np.add.reduceat(usable, runs.first, dtype=np.int64)
        merged = merge_chain(sums, counts, fixation, near, merge_distance, angular=samples.angular)
    head = np.flatnonzero(~merged)
    tail = np.append(head[1:], len(fixation)) - 1
    start, end = fixation[head], fixation[tail]
    too_short = runs.offset_ns[end] - runs.onset_ns[start] < parameters.min_fixation_ms * 1e6
    inside = np.zeros(len(code) + 1, dtype=np.int64)
    inside[start] += 1
    inside[end + 1] -= 1
    within = np.cumsum(inside)[:-1] > 0
    code[within] = np.repeat(np.where(too_short, UNCLASSIFIED, FIXATION), end - start + 1)
    return code


def _near_in_time(samples: Samples, runs: Runs, fixation: Ints, max_gap_ns: float) -> Bools:
    """Say for each fixation whether the one before is near, in the same part, without a blink between."""
    blinks = np.cumsum(runs.code == BLINK)
    part = samples.part[runs.first]
    before, after = fixation[:-1], fixation[1:]
    near = np.zeros(len(fixation), dtype=bool)
    near[1:] = runs.onset_ns[after] - runs.offset_ns[before] < max_gap_ns
    near[1:] &= (part[after] == part[before]) & (blinks[after] == blinks[before])
    return near


def merge_chain(
    sums: Floats, counts: Ints, fixation: Ints, near: Bools, max_distance: float, *, angular: bool
) -> Bools:
    """Say for each fixation whether it is merged with the one before it.

    Parameters
    ----------
    sums : ndarray of float64, shape (2 or 3, m)
        Summed positions of each run.
    counts : ndarray of int64, shape (m,)
        Usable samples of each run.
    fixation : ndarray of int64, shape (f,)
        Which runs are fixations.
    near : ndarray of bool, shape (f,)
        Which fixations are near the one before in time.
    max_distance : float
        Largest distance of the centroids, deg or px.
    angular : bool
        Whether positions are unit vectors.

    Returns
    -------
    ndarray of bool, shape (f,)
        True where merged into the fixation before.

    Notes
    -----
    Merging is sequential: a fixation is compared with all that was merged before it, so each decision depends
    on earlier ones only. All decisions are made at once from the last guess of the earlier ones, until
    nothing changes; that is the sequential result, as the first k decisions are right after k rounds, and
    takes as many rounds as chains of revised decisions are long (a handful), not one per fixation.
    """
    total = np.concatenate((np.zeros((len(sums), 1)), np.cumsum(sums, axis=1)), axis=1)
    number = np.concatenate(([0], np.cumsum(counts)))
    own = sums[:, fixation] / counts[fixation]
    order = np.arange(len(fixation))
    merged = np.zeros(len(fixation), dtype=bool)
    while True:
        head = np.maximum.accumulate(np.where(merged, 0, order))[:-1]
        start, end = fixation[head], fixation[:-1] + 1
        grown = (total[:, end] - total[:, start]) / (number[end] - number[start])
        revised = near.copy()
        revised[1:] &= _distance(grown, own[:, 1:], angular=angular) <= max_distance
        if np.array_equal(revised, merged):
            return merged
        merged = revised


def _distance(one: Floats, other: Floats, *, angular: bool) -> Floats:
    if not angular:
        separation: Floats = np.hypot(*(one - other))
        return separation
    one = one / np.sqrt(np.sum(one**2, axis=0))
    other = other / np.sqrt(np.sum(other**2, axis=0))
    chord = np.sqrt(np.sum((one - other) ** 2, axis=0))
    angle: Floats = np.degrees(2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)))
    return angle
