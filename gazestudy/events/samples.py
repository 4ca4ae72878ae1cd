"""Gaze samples as detectors want them: unit vectors (or pixels), what is usable and what is a blink."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError, TableError
from gazestudy.events.head_motion.table import head_at
from gazestudy.geometry.cameras import px_to_direction
from gazestudy.model.camera import Camera
from gazestudy.model.provenance import provenance_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]

HOLE_INTERVALS = 3.0
"""A step in time of more than this many usual intervals is a hole: nothing is assumed about its inside."""

VENDOR_COLUMNS = ("eye_movement_type", "fixation_id", "saccade_id", "blink_id")
"""Columns of gaze tables with events of the device or its program: a name, or a number, negative for none."""

EYE_COLUMNS = ("left_x", "left_y", "right_x", "right_y")
"""Columns of gaze tables with the gaze of each eye; their names go on with `_deg` or `_px`."""

_FIRST_SAMPLES = 100  # the white paper takes the sampling interval from the first 100 samples
_OUTLYING_STEP = 5.0  # steps beyond this many medians are holes in the recording, not its interval


@dataclass(frozen=True, slots=True)
class Samples:
    """Gaze samples of one recording, ready for a detector.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times, never decreasing.
    part : ndarray of int64, shape (n,)
        Part of the recording.
    measured : ndarray of bool, shape (n,)
        Valid and with a position.
    blink : ndarray of bool, shape (n,)
        Not measured because of a blink.
    position : ndarray of float64, shape (k, n)
        Unit vectors in rows 0-2 where `angular`; the last two rows are pixels where `pixels`. Meaningless,
        and free to be overwritten, where nothing was measured.
    angular, pixels : bool
        What `position` holds.
    interval_ns : float
        Usual sampling interval, 0 for fewer than two samples.
    facts : dict
        For the provenance.
    head_deg_s : ndarray of float64, shape (3, n), or None
        Angular velocity of the scene camera about its axes x (right), y (down), z (ahead) at each sample,
        deg/s by the right-hand rule, NaN where not known; None: no head motion was given. The direction p of
        something at rest in the world moves through the camera's frame with p' = p x head.
    eyes : ndarray of float64, shape (2, 2, n), or None
        Gaze of the left and the right eye, x and y, in deg or px as the columns of `EYE_COLUMNS` have it.
    vendor : dict of str to ndarray, shape (n,)
        What the device or its program says about each sample: those of `VENDOR_COLUMNS` that there are.
    """

    t_ns: Ints
    part: Ints
    measured: Bools
    blink: Bools
    position: Floats
    angular: bool
    pixels: bool
    interval_ns: float
    facts: dict[str, Any] = field(default_factory=dict)
    head_deg_s: Floats | None = None
    eyes: Floats | None = None
    vendor: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def coordinates(self) -> slice:
        """Rows of `position` that distances are measured in."""
        return slice(0, 3) if self.angular else slice(0, 2)


def prepare(
    gaze: pd.DataFrame, camera: Camera | None, *, pixels_will_do: bool, head: pd.DataFrame | None = None
) -> Samples:
    """Return the samples of a gaze table.

    Parameters
    ----------
    gaze : DataFrame
        With `t_ns`, `valid` and positions in deg or px; `part` and `reason` where there are any.
    camera : Camera or None
        Turns px into directions.
    pixels_will_do : bool
        Whether the caller can work without angles.
    head : DataFrame, optional
        Head motion, contract `HEAD_MOTION`.

    Returns
    -------
    Samples
        The samples.

    Raises
    ------
    TableError
        If columns are missing, of the wrong type, or times go backwards.
    ParameterError
        If there are no angles and no way to get them.
    """
    _check(gaze)
    t_ns = gaze["t_ns"].to_numpy(np.int64)
    part = gaze["part"].to_numpy(np.int64) if "part" in gaze else _one_part(len(gaze))
    px = _rows(gaze, "x_px", "y_px") if {"x_px", "y_px"} <= set(gaze.columns) else None
    directions, source = _directions(gaze, px, camera)
    if directions is None and not pixels_will_do:
        raise ParameterError(
            "camera",
            None,
            "a scene camera, or columns x_deg and y_deg, to get angles from; "
            "or an explicit threshold_px_s to work in pixels",
        )
    given = [rows for rows in (directions, px) if rows is not None]
    position = given[0] if len(given) == 1 else np.concatenate(given)
    valid = gaze["valid"].to_numpy(bool)
    measured = np.isfinite(given[0][0])
    for row in given[0][1:]:
        measured &= np.isfinite(row)
    measured &= valid
    has_reason = "reason" in gaze
    blink = (gaze["reason"] == "blink").to_numpy(bool) & ~measured if has_reason else np.zeros_like(valid)
    interval_ns = usual_interval_ns(t_ns, part)
    facts = {
        "sampling_rate_hz": 1e9 / interval_ns if interval_ns > 0 else None,
        "samples": len(gaze),
        "share_valid": float(valid.mean()) if len(gaze) else 0.0,
        "valid_without_position": int(np.count_nonzero(valid & ~measured)),
        "frame_of_reference": "head",
        "unit": "deg" if directions is not None else "px",
        "angles_from": source,
        "blinks_from": "column reason" if has_reason else "none: the table has no column reason",
    }
    head_deg_s = None if head is None else head_at(head, t_ns)
    if head is not None:
        facts |= (provenance_of(head) or {}).get("facts", {})
    angular, pixels = directions is not None, px is not None
    vendor = {name: gaze[name].to_numpy() for name in VENDOR_COLUMNS if name in gaze}
    eyes = _eyes(gaze, "_deg" if angular else "_px")
    return Samples(
        t_ns, part, measured, blink, position, angular, pixels, interval_ns, facts, head_deg_s, eyes, vendor
    )


def usual_interval_ns(t_ns: Ints, part: Ints) -> float:
    """Return the mean sampling interval of the first 100 samples, holes left out.

    Parameters
    ----------
    t_ns, part : ndarray of int64, shape (n,)
        Times and parts.

    Returns
    -------
    float
        Interval in ns, 0 where there is none.

    Notes
    -----
    The mean and not the median, since devices that switch between two intervals (4 and 8 ms) exist.

    Examples
    --------
    >>> usual_interval_ns(np.array([0, 4, 12, 16, 24, 1000]) * 1_000_000, np.zeros(6, dtype=np.int64)) / 1e6
    6.0
    """
    steps = np.diff(t_ns[:_FIRST_SAMPLES])
    steps = steps[(steps > 0) & (np.diff(part[:_FIRST_SAMPLES]) == 0)]
    if len(steps) == 0:
        return 0.0
    return float(steps[steps <= _OUTLYING_STEP * np.median(steps)].mean())


def _check(gaze: pd.DataFrame) -> None:
    columns, breaches = set(gaze.columns), []
    if "t_ns" not in columns:
        breaches.append("column 't_ns' is missing (int64 nanoseconds)")
    elif gaze["t_ns"].dtype.kind not in "iu":
        breaches.append(f"column 't_ns' must be whole nanoseconds, found {gaze['t_ns'].dtype}")
    if "valid" not in columns:
        breaches.append("column 'valid' is missing (whether a sample may be used)")
    elif gaze["valid"].dtype.kind != "b":
        breaches.append(f"column 'valid' must be bool, found {gaze['valid'].dtype}")
    pairs = ({"x_deg", "y_deg"}, {"azimuth_deg", "elevation_deg"}, {"x_px", "y_px"})
    if not any(pair <= columns for pair in pairs):
        breaches.append("columns 'x_deg', 'y_deg' or 'x_px', 'y_px' are missing (gaze positions)")
    breaches += [
        f"column {name!r} must be a number, found {gaze[name].dtype}"
        for name in sorted(set().union(*pairs) & columns)
        if gaze[name].dtype.kind not in "iuf"
    ]
    if not breaches:
        t_ns = gaze["t_ns"].to_numpy(np.int64)
        backwards = int(np.count_nonzero(t_ns[1:] < t_ns[:-1]))
        if backwards:
            breaches.append(f"'t_ns' goes backwards {backwards} times; sort the table by time")
    if breaches:
        raise TableError("gaze", breaches)


def _directions(gaze: pd.DataFrame, px: Floats | None, camera: Camera | None) -> tuple[Floats | None, str]:
    if {"x_deg", "y_deg"} <= set(gaze.columns):
        return _unit_rows(_column(gaze, "x_deg"), _column(gaze, "y_deg")), "columns x_deg, y_deg"
    if camera is not None and px is not None:
        directions = np.ascontiguousarray(px_to_direction(px.T, camera).T)
        return directions, f"scene camera ({camera.source} calibration, {camera.model})"
    if {"azimuth_deg", "elevation_deg"} <= set(gaze.columns):
        azimuth, elevation = _column(gaze, "azimuth_deg"), _column(gaze, "elevation_deg")
        return _unit_rows(azimuth, elevation), "columns azimuth_deg, elevation_deg"
    return None, "none: pixels only"


def _rows(gaze: pd.DataFrame, x: str, y: str) -> Floats:
    return np.stack([_column(gaze, x), _column(gaze, y)])


@lru_cache(maxsize=1)
def _one_part(n: int) -> Ints:
    """Return zeros that are kept: fresh memory costs more time than what is done with it."""
    part = np.zeros(n, dtype=np.int64)
    part.flags.writeable = False
    return part


def _eyes(gaze: pd.DataFrame, unit: str) -> Floats | None:
    names = [name + unit for name in EYE_COLUMNS]
    if not set(names) <= set(gaze.columns):
        return None
    return np.stack([_column(gaze, name) for name in names]).reshape(2, 2, len(gaze))


def _column(gaze: pd.DataFrame, name: str) -> Floats:
    return gaze[name].to_numpy(np.float64)


def _unit_rows(azimuth_deg: Floats, elevation_deg: Floats) -> Floats:
    """Return what `deg_to_direction` does, by rows and in one pass."""
    from gazestudy.events.kernels import angles, call

    rows: Floats = call(angles.unit_rows, azimuth_deg, elevation_deg)
    return rows
