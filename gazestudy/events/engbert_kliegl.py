"""Saccades and microsaccades by an elliptic threshold of the recording's own velocity noise.

References
----------
Engbert R., Kliegl R. (2003). Microsaccades uncover the orientation of covert attention.
doi:10.1016/S0042-6989(03)00084-1
Engbert R., Mergenthaler K. (2006). Microsaccades are triggered by low retinal image slip.
doi:10.1073/pnas.0509557103
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy.events.ivt import fill_gaps
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import HOLE_INTERVALS, Bools, Codes, Floats, Samples
from gazestudy.events.table import KIND_CODE, Detection, find_runs, join_runs

_ENGBERT = "Engbert & Kliegl 2003"
FIXATION, SACCADE = KIND_CODE["fixation"], KIND_CODE["saccade"]
BLINK, LOSS, UNCLASSIFIED = KIND_CODE["blink"], KIND_CODE["loss"], KIND_CODE["unclassified"]


@dataclass(frozen=True, slots=True)
class EngbertKlieglParameters:
    """Parameters of the detector of Engbert and Kliegl.

    Attributes
    ----------
    spread : float
        The threshold of each axis is this many median-based standard deviations of its velocity.
    min_saccade_samples : int
        A saccade is at least so many samples above the threshold.
    min_fixation_ms : float
        Shorter fixations become unclassified; 0: off.
    max_gap_ms : float
        Gaps shorter than this are filled linearly; 0: off.
    """

    spread: float = parameter(
        6.0, "standard deviations of velocity noise", source=_ENGBERT, low=0.5, high=50.0
    )
    min_saccade_samples: int = parameter(3, "shortest saccade", source=_ENGBERT, low=1, high=100)
    min_fixation_ms: float = parameter(
        0.0, "shorter fixations are unclassified", source=_ENGBERT, low=0.0, high=1000.0
    )
    max_gap_ms: float = parameter(0.0, "fill gaps shorter than this", source=_ENGBERT, low=0.0, high=1000.0)

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("engbert_kliegl", version=1, parameters=EngbertKlieglParameters, angles=False)
def detect_engbert_kliegl(samples: Samples, parameters: EngbertKlieglParameters) -> Detection:
    """Elliptic threshold of velocity noise (Engbert & Kliegl 2003), for 250 Hz and more and a still head.

    Parameters
    ----------
    samples : Samples
        Gaze of one recording.
    parameters : EngbertKlieglParameters
        Thresholds.

    Returns
    -------
    Detection
        Saccades, fixations (all else that is measured), blinks, losses and what cannot be told.

    Notes
    -----
    Velocity is taken over two samples to either side, v = (x[+2] + x[+1] - x[-1] - x[-2]) / (6 dt), to the
    right and upwards on the sphere; sigma^2 = median(v^2) - median(v)^2 for each axis over the recording; a
    sample is fast where (v_x / (spread sigma_x))^2 + (v_y / (spread sigma_y))^2 > 1. Exceedances of fewer
    samples are noise and stay with the fixation.

    Since sigma is that of the recording, what is added to a recording or cut off it can change events
    everywhere; losses and parts do not.
    """
    from gazestudy.events.kernels import call, components, velocity

    position, usable = fill_gaps(samples, max_gap_ns=parameters.max_gap_ms * 1e6)
    hole_ns = HOLE_INTERVALS * samples.interval_ns
    first, last = call(velocity.stretch_ends, samples.part, usable, samples.t_ns, hole_ns)
    where = (samples.t_ns, first, last, usable, samples.angular)
    moving: Floats = call(components.five_sample_velocity, position, *where)
    known = np.isfinite(moving[0])
    sigma = np.array([_sigma(axis[known]) for axis in moving])
    code = _classify(samples, usable, moving, known, parameters.spread * sigma)
    runs = find_runs(samples, code)
    new = runs.code.copy()
    new[(new == SACCADE) & (runs.last - runs.first + 1 < parameters.min_saccade_samples)] = FIXATION
    runs = join_runs(runs, new, samples.part)
    short = (runs.code == FIXATION) & (runs.offset_ns - runs.onset_ns < parameters.min_fixation_ms * 1e6)
    runs = join_runs(runs, np.where(short, UNCLASSIFIED, runs.code).astype(np.int8), samples.part)
    facts = {
        "sigma": [float(value) for value in sigma],
        "sigma_unit": f"{'deg' if samples.angular else 'px'}/s",
        "samples_interpolated": int(np.count_nonzero(usable & ~samples.measured)),
    }
    return Detection(runs, position, usable, facts, np.hypot(*moving))


def _sigma(velocity: Floats) -> float:
    if len(velocity) == 0:
        return float("nan")
    return float(np.sqrt(max(np.median(velocity**2) - np.median(velocity) ** 2, 0.0)))


def _classify(samples: Samples, usable: Bools, moving: Floats, known: Bools, threshold: Floats) -> Codes:
    limit = np.maximum(threshold, 1e-9)[:, None]  # gaze without any noise: whatever moves is fast
    fast = np.sum((moving / limit) ** 2, axis=0) > 1.0
    code = np.where(fast, SACCADE, FIXATION).astype(np.int8)
    code[~known] = UNCLASSIFIED
    code[~usable] = LOSS
    code[samples.blink] = BLINK
    return code
