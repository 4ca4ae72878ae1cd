"""Slow and fast phases by a threshold that follows the noise of the recording.

References
----------
Hooge I., Camps G. (2013). Scan path entropy and arrow plots. doi:10.3389/fpsyg.2013.00996
Hessels R. S., van Doorn A. J., Benjamins J. S., Holleman G. A., Hooge I. T. C. (2020). Task-related gaze
control in human crowd navigation. doi:10.3758/s13414-019-01952-9
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy.events.ivt import classify_by_speed, fill_gaps
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import HOLE_INTERVALS, Bools, Floats, Samples
from gazestudy.events.table import KIND_CODE, Detection, find_runs, join_runs

_HOOGE = "Hooge & Camps 2013"
FIXATION, SACCADE = KIND_CODE["fixation"], KIND_CODE["saccade"]


@dataclass(frozen=True, slots=True)
class SlowPhaseParameters:
    """Parameters of the slow phase detector; the defaults are those of Hooge & Camps.

    Attributes
    ----------
    spread : float
        The threshold is the mean plus this many standard deviations of the speeds below it.
    start_deg_s : float
        First threshold of the iteration (px/s without angles).
    max_iterations : int
        The iteration ends when the threshold rounds to the same whole number twice, or after this many.
    window_s : float
        Length of the moving window the threshold is found in; 0: one threshold for the recording.
    window_step_ms : float
        How far the window moves each time; 0: by one sample. A sample takes the mean of all its windows.
    min_slow_ms : float
        Only what lasts longer, from its first to its last sample, is a slow phase.
    max_gap_ms : float
        Gaps shorter than this are filled linearly; 0: off.
    """

    spread: float = parameter(4.0, "standard deviations above the mean", source=_HOOGE, low=0.5, high=20.0)
    start_deg_s: float = parameter(5000.0, "first threshold", source=_HOOGE, low=1.0)
    max_iterations: int = parameter(200, "most iterations", source=_HOOGE, low=1, high=10000)
    window_s: float = parameter(0.0, "moving window; 0: whole recording", source=_HOOGE, low=0.0, high=3600.0)
    window_step_ms: float = parameter(
        0.0, "step of that window; 0: one sample", source="Hessels et al. 2020", low=0.0, high=60000.0
    )
    min_slow_ms: float = parameter(60.0, "slow phases last longer", source=_HOOGE, low=0.0, high=1000.0)
    max_gap_ms: float = parameter(0.0, "fill gaps shorter than this", source=_HOOGE, low=0.0, high=1000.0)

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("slow_phase", version=1, parameters=SlowPhaseParameters, angles=False)
def detect_slow_phase(samples: Samples, parameters: SlowPhaseParameters) -> Detection:
    """Slow and fast phases by an adaptive threshold (Hooge & Camps 2013; Hessels et al. 2020).

    Parameters
    ----------
    samples : Samples
        Gaze of one recording.
    parameters : SlowPhaseParameters
        Thresholds.

    Returns
    -------
    Detection
        Slow phases as fixations, fast phases as saccades, blinks, losses and what cannot be told.

    Notes
    -----
    A slow phase is a time in which the eye does not jump: fixation, pursuit or following alike. Speed is the
    length of the mean of the velocities from the last and to the next sample. Slow phases that are too short
    belong to the fast phase around them. With a window, thresholds of all windows that hold a sample are
    averaged; windows without speeds do not count.

    The threshold is that of the recording or of the windows around a sample: what is added to a recording or
    cut off it can change events everywhere, or as far away as a window is long.
    """
    position, usable = fill_gaps(samples, max_gap_ns=parameters.max_gap_ms * 1e6)
    speed = _speed(samples, position, usable)
    threshold = _thresholds(samples, speed, parameters)
    code = classify_by_speed(samples, usable, speed, threshold)
    runs = find_runs(samples, code)
    new = runs.code.copy()
    lasts = samples.t_ns[runs.last] - samples.t_ns[runs.first] if len(new) else np.zeros(0)
    new[(new == FIXATION) & (lasts <= parameters.min_slow_ms * 1e6)] = SACCADE
    known = threshold[np.isfinite(threshold)]
    facts = {
        "threshold_median": float(np.median(known)) if len(known) else None,
        "threshold_unit": f"{'deg' if samples.angular else 'px'}/s",
        "fixation_means": "slow phase",
        "samples_interpolated": int(np.count_nonzero(usable & ~samples.measured)),
    }
    return Detection(join_runs(runs, new, samples.part), position, usable, facts, speed)


def _speed(samples: Samples, position: Floats, usable: Bools) -> Floats:
    from gazestudy.events.kernels import call, slow_phase, velocity

    hole_ns = HOLE_INTERVALS * samples.interval_ns
    first, last = call(velocity.stretch_ends, samples.part, usable, samples.t_ns, hole_ns)
    where = (samples.t_ns, first, last, usable, samples.angular)
    speed: Floats = call(slow_phase.neighbour_speed, position, *where)
    return speed


def _thresholds(samples: Samples, speed: Floats, parameters: SlowPhaseParameters) -> Floats:
    """Return the threshold for each sample, NaN where there are no speeds."""
    from gazestudy.events.kernels import call, slow_phase

    n, interval_ns = len(speed), samples.interval_ns
    if n == 0 or interval_ns <= 0:
        return np.full(n, np.nan)
    width = round(parameters.window_s * 1e9 / interval_ns) if parameters.window_s > 0 else n
    step = max(round(parameters.window_step_ms * 1e6 / interval_ns), 1)
    iteration = (parameters.spread, parameters.start_deg_s, parameters.max_iterations)
    order = np.argsort(speed, kind="stable")
    result: Floats = call(slow_phase.moving_threshold, speed, order, max(width, 2), step, *iteration)
    return result
