"""The table of head motion, and its values at the times of gaze samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.tables import T_NS, Column, TableContract

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AXES = ("x_deg_s", "y_deg_s", "z_deg_s")

HEAD_MOTION = TableContract(
    "head motion",
    (
        T_NS,
        Column("x_deg_s", "float", "angular velocity of the scene camera about its x axis (right): nose up"),
        Column("y_deg_s", "float", "about its y axis (down): to the right"),
        Column("z_deg_s", "float", "about its z axis (ahead): clockwise for the wearer"),
    ),
    sorted_by="t_ns",
)
"""How the head turns in the world, on the clock of the gaze; NaN where it is not known.

The provenance says where it is from: facts `head_motion_from` ("gyroscope", "scene image") and `quality`
(0: useless, 1: exact)."""

_LONGEST_STEP_NS = 200_000_000
"""Over longer steps nothing is interpolated: a head turns and stops within them."""


def head_at(head: pd.DataFrame, t_ns: Ints) -> Floats:
    """Return the angular velocity of the head at given times, on straight lines between its rows.

    Parameters
    ----------
    head : DataFrame
        Contract `HEAD_MOTION`.
    t_ns : ndarray of int64, shape (n,)
        Times on the same clock.

    Returns
    -------
    ndarray of float64, shape (3, n)
        deg/s about x, y and z; NaN before the first row, after the last one, next to rows without a value,
        and within steps of more than 0.2 s.
    """
    HEAD_MOTION.check(head)
    result = np.full((3, len(t_ns)), np.nan)
    times = head["t_ns"].to_numpy(np.int64)
    if len(times) == 0:
        return result
    after = np.clip(np.searchsorted(times, t_ns, side="right"), 1, max(len(times) - 1, 1))
    after = np.minimum(after, len(times) - 1)
    before = np.maximum(after - 1, 0)
    inside = (t_ns >= times[0]) & (t_ns <= times[-1]) & (times[after] - times[before] <= _LONGEST_STEP_NS)
    # differences of whole nanoseconds first: floats hold no Unix time to the nanosecond
    since = (t_ns - times[before]).astype(np.float64)
    share = since / np.maximum(times[after] - times[before], 1)
    for row, name in enumerate(AXES):
        values = head[name].to_numpy(np.float64)
        between = values[before] + share * (values[after] - values[before])
        result[row] = np.where(inside, between, np.nan)
    return result
