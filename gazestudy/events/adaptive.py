"""Saccades, settling, fixations and pursuit by thresholds that follow noise and motion of gaze.

References
----------
Nyström M., Holmqvist K. (2010). An adaptive algorithm for fixation, saccade, and glissade detection in
eyetracking data. doi:10.3758/BRM.42.1.188
Dar A. H., Wagner A. S., Hanke M. (2021). REMoDNaV: robust eye-movement classification for dynamic
stimulation. doi:10.3758/s13428-020-01428-x
Larsson L., Nyström M., Andersson R., Stridh M. (2015). Detection of fixations and smooth pursuit movements in
high-speed eye-tracking data. doi:10.1016/j.bspc.2014.12.008
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy.events.ivt import fill_gaps
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import HOLE_INTERVALS, Bools, Codes, Floats, Samples
from gazestudy.events.table import KIND_CODE, Detection, find_runs, join_runs

_OWN = "own: half of Lund2013 and GazeCom"
_NYSTROM = "Nyström & Holmqvist 2010"
FIXATION, SACCADE, PURSUIT = KIND_CODE["fixation"], KIND_CODE["saccade"], KIND_CODE["pursuit"]
BLINK, LOSS, UNCLASSIFIED = KIND_CODE["blink"], KIND_CODE["loss"], KIND_CODE["unclassified"]

_SLOW, _FAST, _SETTLING, _FLANK = 0, 1, 2, 3
_MEDIAN_POINTS = 20
"""Samples on either side that the local median takes at most; more would only cost time."""
_MAD_TO_SD = 0.6745


@dataclass(frozen=True, slots=True)
class AdaptiveParameters:
    """Parameters of the adaptive detector.

    Attributes
    ----------
    max_gap_ms : float
        Gaps shorter than this are filled linearly, except blinks; 0: off.
    velocity_ms : float
        Velocity is the slope of a line over this time; at least three samples.
    local_ms : float
        Local motion is the median velocity within this time to either side.
    peak_spread, peak_deg_s : float
        A saccade is faster than the local motion by this many standard deviations of noise, and by this much.
    edge_spread, edge_deg_s : float
        It begins and ends at so much, in the direction of its peak; it begins with the first step between two
        samples that is so fast, which the window of the velocity sees earlier.
    min_saccade_ms, min_saccade_deg : float
        Shorter or smaller ones are noise.
    settle_spread, settle_deg_s : float
        After a saccade the eye settles while it is faster than that.
    settle_ms : float
        ... for at most this long; 0: off.
    calm_ms : float
        ... and until it was slower for this long.
    settling : {"unclassified", "saccade"}
        What that is: a movement of its own (post-saccadic oscillation, glissade), or the end of the saccade.
    blink_ms : float
        Losses that last this long may be blinks or worse.
    flank_ms : float
        Saccades this near to such a loss belong to it (lids, half-covered pupils); 0: off.
    island_ms : float
        ... and slow phases that are this near and shorter than that.
    min_fixation_ms : float
        Shorter fixations are unclassified.
    drift_ms, drift_deg_s : float
        Gaze drifts where the slope of a line over so much time to either side exceeds this.
    min_pursuit_ms, min_pursuit_deg, pursuit_deg_s : float
        A pursuit lasts this long, goes this far, and, if it is a whole slow phase, is this fast on average.
    straightness : float
        Distance between its ends as share of its way.
    course_ms : float
        ... measured in steps of this length.
    rest_ms : float
        Slower drift of less than this within a pursuit, or at its ends, belongs to it.
    """

    max_gap_ms: float = parameter(20.0, "fill gaps shorter than this", source=_OWN, low=0.0, high=1000.0)
    velocity_ms: float = parameter(10.0, "velocity window", source=_OWN, low=1.0, high=200.0)
    local_ms: float = parameter(75.0, "local motion, to either side", source=_OWN, low=10.0, high=2000.0)
    peak_spread: float = parameter(8.0, "peaks above noise", source=_OWN, low=1.0, high=100.0)
    peak_deg_s: float = parameter(25.0, "peaks above local motion", source=_OWN, low=1.0, high=1000.0)
    edge_spread: float = parameter(3.0, "edges above noise", source=_NYSTROM, low=0.5, high=100.0)
    edge_deg_s: float = parameter(8.0, "edges above local motion", source=_OWN, low=0.5, high=1000.0)
    min_saccade_ms: float = parameter(4.0, "shortest saccade", source=_OWN, low=0.0, high=200.0)
    min_saccade_deg: float = parameter(0.3, "smallest saccade", source=_OWN, low=0.0, high=20.0)
    settle_spread: float = parameter(3.0, "settling above noise", source=_NYSTROM, low=0.5, high=100.0)
    settle_deg_s: float = parameter(5.0, "settling above local motion", source=_OWN, low=0.5, high=1000.0)
    settle_ms: float = parameter(30.0, "longest settling; 0: off", source=_OWN, low=0.0, high=200.0)
    calm_ms: float = parameter(8.0, "settled after this", source=_OWN, low=0.0, high=200.0)
    settling: str = parameter(
        "unclassified", "what settling is", source=_NYSTROM, choices=("unclassified", "saccade")
    )
    blink_ms: float = parameter(20.0, "losses that may be blinks", source=_OWN, low=0.0, high=1000.0)
    flank_ms: float = parameter(100.0, "saccades this near to a loss", source=_OWN, low=0.0, high=1000.0)
    island_ms: float = parameter(100.0, "slow phases near a loss", source=_OWN, low=0.0, high=1000.0)
    min_fixation_ms: float = parameter(40.0, "shortest fixation", source=_NYSTROM, low=0.0, high=1000.0)
    drift_ms: float = parameter(130.0, "drift window, to either side", source=_OWN, low=10.0, high=2000.0)
    drift_deg_s: float = parameter(2.0, "speed of drift", source="Dar et al. 2021", low=0.1, high=100.0)
    min_pursuit_ms: float = parameter(60.0, "shortest pursuit", source=_OWN, low=0.0, high=2000.0)
    min_pursuit_deg: float = parameter(1.0, "shortest way", source=_OWN, low=0.0, high=50.0)
    pursuit_deg_s: float = parameter(2.0, "slowest pursuit", source="Dar et al. 2021", low=0.0, high=100.0)
    straightness: float = parameter(0.7, "straightest is 1", source=_OWN, low=0.0, high=1.0)
    course_ms: float = parameter(40.0, "steps of the way", source=_OWN, low=1.0, high=1000.0)
    rest_ms: float = parameter(100.0, "rests that belong to pursuit", source=_OWN, low=0.0, high=2000.0)

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("adaptive", version=2, parameters=AdaptiveParameters)
def detect_adaptive(samples: Samples, parameters: AdaptiveParameters) -> Detection:
    """Adaptive velocity with settling and smooth pursuit, for a still head and 200 Hz or more.

    Parameters
    ----------
    samples : Samples
        Gaze of one recording with angles.
    parameters : AdaptiveParameters
        Thresholds.

    Returns
    -------
    Detection
        Fixations, saccades, pursuits, blinks, losses; what is unreliable near losses is unclassified, and so
        is the settling after saccades (post-saccadic oscillation, glissade) unless `settling` says otherwise.

    Notes
    -----
    The local motion (median velocity around each sample) is taken off the velocity, so that what remains is
    noise, saccades and settling, with pursuit as without. Noise is the median absolute deviation of that over
    the recording. A saccade ends when it no longer goes in its own direction: its rebound is not part of it.
    With a moving head, pursuit cannot be told from gaze that is kept on something at rest.

    Since noise is that of the whole recording, what is added to a recording or cut off it can move edges
    everywhere; with thresholds in deg/s that are above the noise, nothing reaches further than `local_ms`.
    """
    from gazestudy.events.kernels import InPlace, adaptive, call, velocity

    position, usable = fill_gaps(samples, max_gap_ns=parameters.max_gap_ms * 1e6)
    hole_ns = HOLE_INTERVALS * samples.interval_ns
    first, last = call(velocity.stretch_ends, samples.part, usable, samples.t_ns, hole_ns)
    half = _samples(parameters.velocity_ms / 2, samples.interval_ns)
    fitted: Floats = call(adaptive.slope_velocity, position, samples.t_ns, first, last, usable, half)
    reach = _samples(parameters.local_ms, samples.interval_ns, least=2)
    steps = (reach, max(reach // _MEDIAN_POINTS, 1), max(reach // 3, 1))
    moving = fitted - np.stack([call(adaptive.local_median, axis, first, last, *steps) for axis in fitted])
    noise = _noise_deg_s(moving)
    limits = [
        max(spread * noise, least)
        for spread, least in (
            (parameters.peak_spread, parameters.peak_deg_s),
            (parameters.edge_spread, parameters.edge_deg_s),
            (parameters.settle_spread, parameters.settle_deg_s),
        )
    ]
    least = (parameters.min_saccade_ms * 1e6, parameters.min_saccade_deg)
    settling = (parameters.settle_ms * 1e6, parameters.calm_ms * 1e6)
    seen = (moving, fitted - moving, position, half, samples.t_ns, first, last)
    state = call(adaptive.saccades, *seen, *limits, *least, *settling)
    if parameters.flank_ms > 0:
        state = state.copy()
        call(
            adaptive.mask_flanks,
            InPlace(state),
            usable,
            samples.part,
            samples.t_ns,
            parameters.blink_ms * 1e6,
            parameters.flank_ms * 1e6,
            parameters.island_ms * 1e6,
            _FLANK,
        )
    code = _classes(samples, position, usable, state, parameters)
    runs = find_runs(samples, code)
    short = (runs.code == FIXATION) & (runs.offset_ns - runs.onset_ns < parameters.min_fixation_ms * 1e6)
    runs = join_runs(runs, np.where(short, UNCLASSIFIED, runs.code).astype(np.int8), samples.part)
    facts = {
        "noise_deg_s": noise,
        "threshold_deg_s": dict(zip(("peak", "edge", "settling"), limits, strict=True)),
        "samples_interpolated": int(np.count_nonzero(usable & ~samples.measured)),
    }
    return Detection(runs, position, usable, facts, np.hypot(*fitted))


def _samples(milliseconds: float, interval_ns: float, *, least: int = 1) -> int:
    return max(int(milliseconds * 1e6 / interval_ns + 0.5), least) if interval_ns > 0 else least


def _noise_deg_s(moving: Floats) -> float:
    """Return the standard deviation of one component, from medians: saccades do not count."""
    known = moving[:, np.isfinite(moving[0])]
    if known.shape[1] == 0:
        return 0.0
    return float(np.sqrt(np.mean(np.median(np.abs(known), axis=1) ** 2)) / _MAD_TO_SD)


def _classes(
    samples: Samples, position: Floats, usable: Bools, state: Codes, parameters: AdaptiveParameters
) -> Codes:
    from gazestudy.events.kernels import adaptive, call, velocity

    slow = usable & (state == _SLOW)
    hole_ns = HOLE_INTERVALS * samples.interval_ns
    first, last = call(velocity.stretch_ends, samples.part, slow, samples.t_ns, hole_ns)
    half = _samples(parameters.drift_ms, samples.interval_ns)
    drift = np.hypot(*call(adaptive.slope_velocity, position, samples.t_ns, first, last, slow, half))
    follows = call(
        adaptive.pursuits,
        position,
        samples.t_ns,
        slow,
        first,
        last,
        drift,
        parameters.drift_deg_s,
        parameters.pursuit_deg_s,
        parameters.min_pursuit_deg,
        parameters.straightness,
        parameters.min_pursuit_ms * 1e6,
        parameters.rest_ms * 1e6,
        parameters.course_ms * 1e6,
    )
    code = np.where(follows, PURSUIT, FIXATION).astype(np.int8)
    code[state == _FAST] = SACCADE
    code[state == _SETTLING] = KIND_CODE[parameters.settling]
    code[state == _FLANK] = UNCLASSIFIED
    code[~usable] = LOSS
    code[samples.blink] = BLINK
    return code
