"""Fixations as Pupil Core's programs find them: largest pairwise angle, of limited duration.

References
----------
Pupil Labs. Pupil Core, Terminology and Fixation detector (documentation of Pupil Player 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy.events.ivt import window_samples, window_speed
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import Samples
from gazestudy.events.table import KIND_CODE, Detection, find_runs

_PLAYER = "Pupil Player 3"
FIXATION, SACCADE = KIND_CODE["fixation"], KIND_CODE["saccade"]
BLINK, LOSS = KIND_CODE["blink"], KIND_CODE["loss"]


@dataclass(frozen=True, slots=True)
class PupilCoreParameters:
    """Parameters of the dispersion detector of Pupil Core.

    Attributes
    ----------
    dispersion_deg : float
        Largest angle between any two samples of a fixation.
    min_fixation_ms, max_fixation_ms : float
        Shortest and longest time from its first to its last sample; longer ones are split.
    """

    dispersion_deg: float = parameter(
        1.5, "largest angle within a fixation", source=_PLAYER, low=0.01, high=30.0
    )
    min_fixation_ms: float = parameter(80.0, "shortest fixation", source=_PLAYER, low=1.0, high=2000.0)
    max_fixation_ms: float = parameter(
        220.0, "longest fixation; what lasts longer is split", source=_PLAYER, low=1.0, high=10000.0
    )

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("pupil_core", version=1, parameters=PupilCoreParameters)
def detect_pupil_core(samples: Samples, parameters: PupilCoreParameters) -> Detection:
    """Dispersion as in Pupil Core's programs: largest pairwise angle, fixations of 80 to 220 ms.

    Parameters
    ----------
    samples : Samples
        Gaze of one recording.
    parameters : PupilCoreParameters
        Thresholds.

    Returns
    -------
    Detection
        Fixations, saccades (all that is measured and no fixation), blinks and losses.

    Notes
    -----
    From the first sample that allows it, a fixation takes samples until the next would be too far from any of
    them or too late; where one ends differently, those after it may begin elsewhere. Lost samples inside do
    not end it, blinks do. Since long looks are split, counts and durations of these fixations do not compare
    with those of other detectors.
    """
    from gazestudy.events.kernels import call, dispersion

    usable = samples.measured
    position = np.where(usable, samples.position, 0.0)
    group = call(
        dispersion.pairwise_fixations,
        position,
        samples.t_ns,
        samples.part,
        usable,
        samples.blink,
        parameters.dispersion_deg,
        parameters.min_fixation_ms * 1e6,
        parameters.max_fixation_ms * 1e6,
    )
    code = np.where(usable, SACCADE, LOSS).astype(np.int8)
    code[samples.blink] = BLINK
    code[group >= 0] = FIXATION
    window = window_samples(20e6, samples.interval_ns)
    speed = window_speed(samples, position, usable, window, stretch_max=1.75)
    return Detection(find_runs(samples, code, group), position, usable, {}, speed)
