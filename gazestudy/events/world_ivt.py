"""Velocity threshold on gaze in the world: the head's turning is taken out first.

While somebody walks, the eyes turn against the head to stay on what they look at. Gaze that rests in the
world then moves in the head and in the scene image, at 100 deg/s and more in a turn of the head. With the
head's rotation undone on the sphere such looks are slow again, and small saccades stand out.

References
----------
Drews M., Dierkes K. (2024). Strategies for enhancing automatic fixation detection in head-mounted eye
tracking. Behavior Research Methods. doi:10.3758/s13428-024-02360-0
Olsen A. (2012). The Tobii I-VT Fixation Filter: algorithm description. Tobii Technology.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gazestudy.errors import ParameterError
from gazestudy.events.head_motion.gaze import RAYLEIGH_MEDIAN, GazeInWorld
from gazestudy.events.ivt import fill_gaps
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import Bools, Codes, Floats, Ints, Samples
from gazestudy.events.table import KIND_CODE, Detection, Runs, find_runs, join_runs

FIXATION, SACCADE, PURSUIT = KIND_CODE["fixation"], KIND_CODE["saccade"], KIND_CODE["pursuit"]
BLINK, LOSS, UNCLASSIFIED = KIND_CODE["blink"], KIND_CODE["loss"], KIND_CODE["unclassified"]

_WALKS = "own: simulated walks, seeds 1 to 4"
_OLSEN = "Olsen 2012"
_DREWS = "Drews & Dierkes 2024, the idea"
_END_MS = 20.0
"""Of the samples in so much time at either end of a slow phase the mean says where it starts and ends."""
_NOISE_ROOM = 2.5
"""Positions are averaged over more samples until noise asks for at most so many times the threshold."""
_AVERAGE_MAX_MS = 64.0


@dataclass(frozen=True, slots=True)
class WorldIvtParameters:
    """Parameters of the velocity threshold on gaze in the world.

    Attributes
    ----------
    max_gap_ms : float
        Gaps shorter than this are filled linearly, except blinks; 0: off.
    average_ms : float
        Positions in the world are averaged over this time, whole samples to either side; 0: off.
    window_ms : float
        Length of the velocity window; at least three samples, so that it lies around its sample.
    threshold_deg_s : float
        Slower, in the world, is a look (fixation or pursuit).
    head_gain : float
        The threshold rises by this times the root mean square of the head's speed.
    head_window_ms : float
        Time over which that mean is taken.
    drift_gain : float
        ... and by this times the median speed of gaze in the world around the sample.
    drift_window_ms : float
        Time over which that median is taken.
    noise_gain : float
        The threshold is at least so many standard deviations of the speed that noise of the positions makes.
    unknown_head_deg_s : float
        Threshold where the head's motion is not known.
    flank_share, flank_deg_s : float
        A saccade begins and ends where its speed is this share of its peak, or `flank_deg_s` if that is less.
    merge_gap_ms : float
        Looks less than this apart may be merged; 0: off.
    merge_angle_deg : float
        ... if gaze in the world moved at most this far from the end of the one to the start of the other.
    min_fixation_ms : float
        Shorter looks become unclassified; 0: off.
    pursuit_deg_s : float or None
        Looks that drift through the world faster than this on average are pursuits; None: all are fixations.
    """

    max_gap_ms: float = parameter(75.0, "fill gaps shorter than this", source=_OLSEN, low=0.0, high=1000.0)
    average_ms: float = parameter(
        20.0, "average positions in the world over this time", source=_WALKS, low=0.0, high=200.0
    )
    window_ms: float = parameter(20.0, "velocity window", source=_OLSEN, low=1.0, high=500.0)
    threshold_deg_s: float = parameter(
        30.0, "slower in the world is a look", source=_OLSEN, low=0.1, high=1000.0
    )
    head_gain: float = parameter(
        0.3, "raise the threshold by this share of the head's speed", source=_DREWS, low=0.0, high=10.0
    )
    head_window_ms: float = parameter(
        205.0, "time over which the head's speed is taken", source=_DREWS, low=0.0, high=5000.0
    )
    drift_gain: float = parameter(
        1.0, "raise the threshold by this share of the usual speed", source=_WALKS, low=0.0, high=10.0
    )
    drift_window_ms: float = parameter(
        400.0, "time over which that speed is taken", source=_WALKS, low=0.0, high=5000.0
    )
    noise_gain: float = parameter(
        3.5, "threshold at least this many standard deviations of noise", source=_WALKS, low=0.0, high=20.0
    )
    unknown_head_deg_s: float = parameter(
        60.0, "threshold where the head's motion is not known", source=_WALKS, low=0.1
    )
    flank_share: float = parameter(
        0.4, "a saccade ends at this share of its peak speed", source=_WALKS, low=0.0, high=0.9
    )
    flank_deg_s: float = parameter(
        70.0, "or at this speed if that is less", source=_WALKS, low=0.0, high=1000.0
    )
    merge_gap_ms: float = parameter(75.0, "merge looks less apart", source=_OLSEN, low=0.0, high=1000.0)
    merge_angle_deg: float = parameter(
        0.5, "and with at most this far between end and start", source=_WALKS, low=0.0, high=20.0
    )
    min_fixation_ms: float = parameter(
        60.0, "shorter looks are unclassified", source=_OLSEN, low=0.0, high=1000.0
    )
    pursuit_deg_s: float | None = parameter(
        None, "faster drift through the world is pursuit", source="none: walking past is drift, too", low=0.1
    )

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("world_ivt", version=3, parameters=WorldIvtParameters, uses_head=True)
def detect_world_ivt(samples: Samples, parameters: WorldIvtParameters) -> Detection:
    """Velocity threshold on gaze in the world, without the turning of the head; for people who walk.

    Parameters
    ----------
    samples : Samples
        Gaze of one recording with angles, and with the head's motion where it is known.
    parameters : WorldIvtParameters
        Thresholds.

    Returns
    -------
    Detection
        Fixations (and pursuits), saccades, blinks, losses and what cannot be told. Further columns:
        `head_speed_deg_s`, mean speed of the head during the event; `drift_deg_s`, how fast gaze moved
        through the world from its start to its end; amplitude, direction and peak velocity are in the world.

    Raises
    ------
    ParameterError
        If the data have no angles.

    Notes
    -----
    In this order: fill gaps; take out the head's rotation p' = p x w (p direction of gaze, w angular velocity
    of the camera) within each window by Rodrigues' formula; average positions; speed from the first to the
    last average of a window; threshold; trim the flanks of saccades, which averaging and window have widened;
    merge looks between which gaze in the world did not move; discard short ones.

    Noise of the positions is measured (median second difference). Where it asks for more than 2.5 times the
    threshold, positions are averaged over more samples. A gap longer than `max_gap_ms` and a blink always end
    an event and are never saccades. A fixation is a look at something at rest or moving, unless
    `pursuit_deg_s` is given: to somebody who walks past it, a poster at rest drifts like a moving target,
    by 34 deg/s at 2 m and 1.2 m/s.

    Noise is that of the recording: what is added to a recording or cut off it can change events everywhere,
    unless `noise_gain` and `drift_gain` are 0.
    """
    if not samples.angular:
        raise ParameterError("method", "world_ivt", "another detector: these data have no angles")
    position, usable = fill_gaps(samples, max_gap_ns=parameters.max_gap_ms * 1e6)
    gaze = GazeInWorld.of(samples, position, usable)
    window = 2 * max(_reach(parameters.window_ms, samples.interval_ns), 1) + 1
    noise_deg = gaze.noise_deg()
    half, noise_speed = _averaging(gaze, window, noise_deg, parameters)
    speed = gaze.averaged(half).speed(window)
    limit = _threshold(gaze, speed, noise_speed, parameters)
    code = _classify(samples, usable, speed, limit, parameters)
    runs, group = _looks(samples, gaze, code, parameters)
    facts: dict[str, Any] = {
        "frame_of_reference": "world" if gaze.known.any() else "head",
        "window_samples": window,
        "averaged_samples": 2 * half + 1,
        "noise_deg": noise_deg,
        "threshold": f"{np.median(limit) if len(limit) else parameters.threshold_deg_s:.0f} deg/s (median)",
        "share_with_head_motion": float(gaze.known.mean()) if len(usable) else 0.0,
        "samples_interpolated": int(np.count_nonzero(usable & ~samples.measured)),
        "share_without_velocity": float(np.mean(np.isnan(speed))) if len(speed) else 0.0,
    }
    if not gaze.known.any():
        facts["warning"] = "the head's motion is not known: looks are lost while the head turns"
    runs = join_runs(runs, runs.code, group)
    columns = gaze.measures(runs.first, runs.last, runs.code == SACCADE, _END_MS * 1e6) if len(usable) else {}
    return Detection(runs, position, usable, facts, speed, columns)


def _averaging(
    gaze: GazeInWorld, window: int, noise_deg: float, parameters: WorldIvtParameters
) -> tuple[int, float]:
    """Return over how many samples to either side positions are averaged, and the speed that noise makes."""
    half = _reach(parameters.average_ms, gaze.interval_ns)
    enough = _NOISE_ROOM * parameters.threshold_deg_s / max(parameters.noise_gain, 1e-9)
    while parameters.average_ms > 0 and gaze.noise_speed(noise_deg, half, window) > enough:
        if (2 * half + 3) * gaze.interval_ns > _AVERAGE_MAX_MS * 1e6:
            break
        half += 1
    return half, gaze.noise_speed(noise_deg, half, window)


def _reach(length_ms: float, interval_ns: float) -> int:
    """Return how many whole intervals half of a length has; one that jitter has made a little long counts."""
    return int(0.5e6 * length_ms / interval_ns + 0.25) if interval_ns > 0 else 0


def _threshold(
    gaze: GazeInWorld, speed: Floats, noise_speed: float, parameters: WorldIvtParameters
) -> Floats:
    """Return the threshold at each sample, deg/s."""
    least = parameters.noise_gain * noise_speed
    head = gaze.head_rms_deg_s(parameters.head_window_ms * 1e6)
    known = max(parameters.threshold_deg_s, least) + parameters.head_gain * np.nan_to_num(head)
    unknown = max(parameters.unknown_head_deg_s, parameters.threshold_deg_s, least)
    # a gaze at rest has a speed too, that of the noise: its median is that of a Rayleigh distribution
    drift = gaze.usual(speed, parameters.drift_window_ms * 1e6) - RAYLEIGH_MEDIAN * noise_speed
    limit: Floats = np.where(gaze.known, known, unknown) + parameters.drift_gain * np.maximum(drift, 0.0)
    return limit


def _classify(
    samples: Samples, usable: Bools, speed: Floats, limit: Floats, parameters: WorldIvtParameters
) -> Codes:
    code = np.full(len(usable), UNCLASSIFIED, dtype=np.int8)
    code[speed < limit] = FIXATION
    fast = speed >= limit
    code[fast] = FIXATION
    code[_without_flanks(fast, speed, parameters)] = SACCADE
    code[~usable] = LOSS
    code[samples.blink] = BLINK
    return code


def _without_flanks(fast: Bools, speed: Floats, parameters: WorldIvtParameters) -> Bools:
    """Return each run of fast samples from where it first reaches its flank speed to where it last does."""
    edge = np.flatnonzero(np.diff(np.concatenate(([False], fast, [False])).astype(np.int8)))
    first, after = edge[::2], edge[1::2]
    if len(first) == 0:
        return fast
    length = after - first
    inside, start = np.flatnonzero(fast), np.cumsum(length) - length
    peak = np.maximum.reduceat(speed[inside], start)
    flank = np.repeat(np.minimum(parameters.flank_share * peak, parameters.flank_deg_s), length)
    reached = speed[inside] >= flank
    low = np.minimum.reduceat(np.where(reached, inside, len(fast)), start)
    high = np.maximum.reduceat(np.where(reached, inside, -1), start)
    kept = np.zeros(len(fast), dtype=bool)
    kept[inside] = (inside >= np.repeat(low, length)) & (inside <= np.repeat(high, length))
    return kept


def _looks(
    samples: Samples, gaze: GazeInWorld, code: Codes, parameters: WorldIvtParameters
) -> tuple[Runs, Ints]:
    """Merge and discard looks; return the runs with their classes and, per sample, what may not be joined."""
    runs = find_runs(gaze.by_segment(samples), code)
    look = np.flatnonzero(runs.code == FIXATION)
    new_code, chained = runs.code.copy(), np.zeros(len(runs.code), dtype=bool)
    if len(look):
        merged = _merged(samples, gaze, runs, look, parameters)
        head = np.flatnonzero(~merged)
        tail = np.append(head[1:], len(look)) - 1
        start, end = look[head], look[tail]
        kind = np.full(len(head), FIXATION, dtype=np.int8)
        if parameters.pursuit_deg_s is not None:
            drift = gaze.drift_deg_s(runs.first[start], runs.last[end], _END_MS * 1e6)
            kind[drift > parameters.pursuit_deg_s] = PURSUIT
        lasting = runs.offset_ns[end] - runs.onset_ns[start]
        kind[lasting < parameters.min_fixation_ms * 1e6] = UNCLASSIFIED
        number = np.zeros(len(new_code) + 1, dtype=np.int64)
        np.add.at(number, start, 1)
        np.add.at(number, end + 1, -1)
        within = np.cumsum(number)[:-1] > 0
        new_code[within] = np.repeat(kind, end - start + 1)
        chained[within] = True
        chained[start] = False
    apart = np.zeros(len(runs.code), dtype=bool)
    apart[1:] = (gaze.segment[runs.first[1:]] != gaze.segment[runs.last[:-1]]) & ~chained[1:]
    group = np.repeat(np.cumsum(apart), runs.last - runs.first + 1)
    return Runs(runs.first, runs.last, new_code, runs.onset_ns, runs.offset_ns), group


def _merged(
    samples: Samples, gaze: GazeInWorld, runs: Runs, look: Ints, parameters: WorldIvtParameters
) -> Bools:
    """Say for each look whether it goes on with the one before: soon, without a blink, at the same place."""
    merged = np.zeros(len(look), dtype=bool)
    if parameters.merge_gap_ms <= 0 or len(look) < 2:
        return merged
    before, after = look[:-1], look[1:]
    blinks = np.cumsum(runs.code == BLINK)
    near = runs.onset_ns[after] - runs.offset_ns[before] < parameters.merge_gap_ms * 1e6
    near &= (samples.part[runs.first[after]] == samples.part[runs.first[before]]) & (
        blinks[after] == blinks[before]
    )
    rows = np.flatnonzero(near)
    moved = gaze.moved_deg(
        (runs.first[before[rows]], runs.last[before[rows]]),
        (runs.first[after[rows]], runs.last[after[rows]]),
        _END_MS * 1e6,
    )
    merged[1:][rows] = moved <= parameters.merge_angle_deg
    return merged
