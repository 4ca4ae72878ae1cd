"""Events of the device or its own program, as they stand in the gaze table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.events.ivt import window_samples, window_speed
from gazestudy.events.registry import check_parameters, detector, parameter
from gazestudy.events.samples import VENDOR_COLUMNS, Codes, Ints, Samples
from gazestudy.events.table import KIND_CODE, Detection, find_runs

FIXATION, SACCADE = KIND_CODE["fixation"], KIND_CODE["saccade"]
BLINK, LOSS, UNCLASSIFIED = KIND_CODE["blink"], KIND_CODE["loss"], KIND_CODE["unclassified"]

_WORDS = {"fixation": FIXATION, "saccade": SACCADE, "smooth pursuit": KIND_CODE["pursuit"], "blink": BLINK}
"""Words of vendors, in small letters; what means that nothing was found stays loss or unclassified."""


@dataclass(frozen=True, slots=True)
class VendorParameters:
    """Parameters of passing on the vendor's events.

    Attributes
    ----------
    between : {"unclassified", "saccade"}
        What measured samples are that the vendor gives no class.
    """

    between: str = parameter(
        "unclassified",
        "measured samples without a class",
        source="own: Neon's documentation calls them saccades, but blinks make some of them",
        choices=("unclassified", "saccade"),
    )

    def __post_init__(self) -> None:
        check_parameters(self)


@detector("vendor", version=1, parameters=VendorParameters, angles=False)
def detect_vendor(samples: Samples, parameters: VendorParameters) -> Detection:
    """Events of the device or its own program, passed on unchanged.

    Parameters
    ----------
    samples : Samples
        Gaze of one recording, from a table with a column `eye_movement_type`, `fixation_id`, `saccade_id` or
        `blink_id`.
    parameters : VendorParameters
        How to name the rest.

    Returns
    -------
    Detection
        The vendor's events on its samples, blinks and losses.

    Raises
    ------
    ParameterError
        If the table has no such column.

    Notes
    -----
    Fixations that touch stay apart where they have numbers. Onset and offset are half way to the next sample
    outside, and may differ from the vendor's by half a sample.
    """
    if not samples.vendor:
        columns = ", ".join(VENDOR_COLUMNS)
        raise ParameterError("method", "vendor", f"a gaze table with one of {columns}; or another method")
    usable = samples.measured
    position = np.where(usable, samples.position, 0.0)
    code = np.where(usable, KIND_CODE[parameters.between], LOSS).astype(np.int8)
    group = np.zeros(len(code), dtype=np.int64)
    for name, values in samples.vendor.items():
        if name == "eye_movement_type":
            _by_name(code, values)
        else:
            _by_number(code, group, values, KIND_CODE[name.removesuffix("_id")])
    code[samples.blink] = BLINK
    window = window_samples(20e6, samples.interval_ns)
    speed = window_speed(samples, position, usable, window, stretch_max=1.75)
    facts = {"events_from": "the vendor: " + ", ".join(samples.vendor)}
    return Detection(find_runs(samples, code, group), position, usable, facts, speed)


def _by_name(code: Codes, values: NDArray[Any]) -> None:
    names, index = np.unique(values.astype(str), return_inverse=True)
    codes = np.array([_WORDS.get(name.strip().lower(), -1) for name in names], dtype=np.int8)[index]
    code[codes >= 0] = codes[codes >= 0]


def _by_number(code: Codes, group: Ints, values: NDArray[Any], kind: int) -> None:
    numbers = np.where(np.isfinite(values.astype(np.float64)), values, -1).astype(np.int64)
    given = numbers >= 0
    code[given], group[given] = kind, numbers[given]
