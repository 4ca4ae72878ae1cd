"""I-DT, the dispersion threshold, in one pass over the samples.

References
----------
Salvucci D. D., Goldberg J. H. (2000). Identifying fixations and saccades in eye-tracking protocols.
doi:10.1145/355017.355028
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy.errors import ParameterError
from gazestudy.events.ivt import fill_gaps, window_samples, window_speed
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import HOLE_INTERVALS, Bools, Floats, Ints, Samples
from gazestudy.events.table import KIND_CODE, Detection, find_runs
from gazestudy.geometry.cameras import direction_to_deg

_SALVUCCI = "Salvucci & Goldberg 2000"
FIXATION, SACCADE = KIND_CODE["fixation"], KIND_CODE["saccade"]
BLINK, LOSS, UNCLASSIFIED = KIND_CODE["blink"], KIND_CODE["loss"], KIND_CODE["unclassified"]


@dataclass(frozen=True, slots=True)
class IdtParameters:
    """Parameters of I-DT.

    Attributes
    ----------
    dispersion_deg : float
        Largest extent of a fixation: its width plus its height.
    dispersion_px : float or None
        The same for data without angles.
    min_fixation_ms : float
        Shortest time from the first to the last sample of a fixation.
    max_gap_ms : float
        Gaps shorter than this are filled linearly; 0: off.
    """

    dispersion_deg: float = parameter(
        1.0, "largest width plus height of a fixation", source=_SALVUCCI, low=0.01, high=30.0
    )
    dispersion_px: float | None = parameter(
        None, "the same for data without angles", source="none: depends on the camera", low=0.01
    )
    min_fixation_ms: float = parameter(100.0, "shortest fixation", source=_SALVUCCI, low=1.0, high=1000.0)
    max_gap_ms: float = parameter(
        75.0, "fill gaps shorter than this", source="Olsen 2012, as for I-VT", low=0.0, high=1000.0
    )

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("idt", version=1, parameters=IdtParameters)
def detect_idt(samples: Samples, parameters: IdtParameters) -> Detection:
    """Dispersion threshold (Salvucci & Goldberg 2000), for gaze on a plane or of a still head.

    Parameters
    ----------
    samples : Samples
        Gaze of one recording.
    parameters : IdtParameters
        Thresholds.

    Returns
    -------
    Detection
        Fixations, saccades (all that is measured and no fixation), blinks and losses.

    Raises
    ------
    ParameterError
        If the data have no angles and no `dispersion_px` is given.

    Notes
    -----
    A fixation begins at the first sample from which `min_fixation_ms` of samples have a dispersion (largest
    minus smallest x plus largest minus smallest y) within the limit; it goes on while they do. x and y are
    azimuth and elevation, so the limit is narrower than it says far above or below the horizon. Nothing goes
    on over a hole. Where a loss ends a fixation early, those after it may begin elsewhere. Gaze of people who
    walk drifts through the limit while it rests in the world.
    """
    position, usable = fill_gaps(samples, max_gap_ns=parameters.max_gap_ms * 1e6)
    limit: float | None = parameters.dispersion_deg if samples.angular else parameters.dispersion_px
    if limit is None:
        raise ParameterError("dispersion_px", None, "a number of px, since the data have no angles")
    group = _windows(samples, position, usable, limit, parameters.min_fixation_ms * 1e6)
    code = np.where(group >= 0, FIXATION, SACCADE).astype(np.int8)
    code[~usable] = LOSS
    code[samples.blink] = BLINK
    window = window_samples(20e6, samples.interval_ns)
    speed = window_speed(samples, position, usable, window, stretch_max=1.75)
    facts = {"samples_interpolated": int(np.count_nonzero(usable & ~samples.measured))}
    return Detection(find_runs(samples, code, group), position, usable, facts, speed)


def _windows(samples: Samples, position: Floats, usable: Bools, limit: float, least_ns: float) -> Ints:
    from gazestudy.events.kernels import call, dispersion, velocity

    hole_ns = HOLE_INTERVALS * samples.interval_ns
    _, last = call(velocity.stretch_ends, samples.part, usable, samples.t_ns, hole_ns)
    x, y = direction_to_deg(position[:3].T).T if samples.angular else position[:2]
    where = (samples.t_ns, last, usable)
    group: Ints = call(dispersion.range_fixations, x, y, *where, float(limit), float(least_ns))
    return group
