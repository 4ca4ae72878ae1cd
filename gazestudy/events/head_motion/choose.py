"""The best account of the head's motion that a recording allows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.events.head_motion.devices import all_axes, device_axes
from gazestudy.events.head_motion.gyroscope import (
    GYRO,
    Calibration,
    Observation,
    calibrate,
    robust_loss,
)
from gazestudy.events.head_motion.table import AXES, HEAD_MOTION
from gazestudy.model.provenance import Provenance, provenance_of

Floats = NDArray[np.float64]

VERSION = 1

_LEAST_ROWS = 50
_MOST_OBSERVED = 12_000
_WINDOW_NS = 30e6
_UNTESTED, _ASSUMED = 0.5, 0.2
"""Quality of axes that are documented, and of axes that are assumed, where nothing could test them."""
_USELESS = 0.02
_ONLY_ASSUMED_MIN = 0.25


def head_motion(
    *,
    t_ns: NDArray[np.int64],
    directions: Floats | None,
    imu: pd.DataFrame | None = None,
    device: str = "",
    scene: pd.DataFrame | None = None,
    scene_whole: bool = True,
) -> pd.DataFrame:
    """Return how the head turns: from the gyroscope, else from the scene image, else not at all.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times of the gaze samples.
    directions : ndarray of float64, shape (3, n), or None
        Directions of gaze in the camera's frame, NaN where there is none; what the gyroscope is fitted to
        where there is no scene image.
    imu : DataFrame, optional
        Contract `IMU`.
    device : str, optional
        Name of the device, which tells how its gyroscope is mounted.
    scene : DataFrame, optional
        Rotation seen in the scene image, from `scene_rotation`.
    scene_whole : bool, optional
        False: it covers excerpts only, to fit the gyroscope to.

    Returns
    -------
    DataFrame
        Contract `HEAD_MOTION`, empty where nothing is known. The facts of its provenance: `head_motion_from`
        ("gyroscope", "scene image" or "nothing"), `head_motion_quality` (0 to 1), and for a gyroscope its
        axes, what they were fitted to, delay, scale, bias, and the angle between fitted and documented axes.
    """
    reasons: list[str] = []
    if imu is not None and has_gyroscope(imu):
        imu = imu[_complete(imu)]  # some devices put readings of other sensors between those of the gyroscope
        seen, fitted_to = _observation(t_ns, directions, scene)
        table = _from_gyroscope(imu, device, seen, fitted_to, reasons)
        if table is not None:
            return table
    else:
        reasons.append("no gyroscope")
    if scene is not None and scene_whole and np.isfinite(scene[AXES[0]]).sum() > _LEAST_ROWS:
        facts = {"head_motion_from": "scene image", "head_motion_quality": _scene_quality(scene)}
        facts |= (provenance_of(scene) or {}).get("facts", {})
        if reasons != ["no gyroscope"]:
            facts["head_motion_note"] = "; ".join(reasons)
        kept = scene[["t_ns", *AXES]].copy()
        return Provenance("head_motion", VERSION, {}, facts).attach(HEAD_MOTION.check(kept))
    reasons.append("no rotation from the scene image")
    facts = {
        "head_motion_from": "nothing",
        "head_motion_quality": 0.0,
        "head_motion_note": "; ".join(reasons),
    }
    return Provenance("head_motion", VERSION, {}, facts).attach(HEAD_MOTION.empty())


def gaze_velocity(t_ns: NDArray[np.int64], directions: Floats) -> Observation:
    """Return how fast gaze moves in the head, over 30 ms, where it was measured all the time.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times.
    directions : ndarray of float64, shape (3, n)
        Unit vectors, NaN where there is none.

    Returns
    -------
    Observation
        Velocities and the directions they belong to, at most 12,000, evenly taken.
    """
    n = len(t_ns)
    steps = np.diff(t_ns)
    interval = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    half = max(int(0.5 * _WINDOW_NS / interval + 0.25), 1) if interval > 0 else 1
    middle = np.arange(half, n - half)
    holes = np.concatenate(([0], np.cumsum(~np.isfinite(directions).all(axis=0))))
    good = holes[middle + half + 1] == holes[middle - half]
    elapsed = (t_ns[middle + half] - t_ns[middle - half]).astype(np.float64)
    good &= (elapsed > 0) & (elapsed < 1.75 * 2 * half * interval)
    middle, elapsed = middle[good], elapsed[good]
    stride = max(len(middle) // _MOST_OBSERVED, 1)
    middle, elapsed = middle[::stride], elapsed[::stride]
    moved = directions[:, middle + half] - directions[:, middle - half]
    times = t_ns[middle - half] + np.round(elapsed / 2).astype(np.int64)
    return Observation(times, np.degrees(moved) / (elapsed * 1e-9), directions[:, middle])


def has_gyroscope(imu: pd.DataFrame) -> bool:
    """Return True if a table of the contract `IMU` holds enough readings of a gyroscope to use them."""
    return int(np.count_nonzero(_complete(imu))) >= _LEAST_ROWS


def _complete(imu: pd.DataFrame) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(imu[list(GYRO)].to_numpy(np.float64)).all(axis=1))


def _observation(
    t_ns: NDArray[np.int64], directions: Floats | None, scene: pd.DataFrame | None
) -> tuple[Observation | None, str]:
    if scene is not None and len(scene) >= _LEAST_ROWS:
        rows = scene.iloc[:: max(len(scene) // _MOST_OBSERVED, 1)]
        seen = rows[list(AXES)].to_numpy(np.float64).T
        return Observation(rows["t_ns"].to_numpy(np.int64), seen), "scene image"
    if directions is not None and len(t_ns) >= _LEAST_ROWS:
        return gaze_velocity(t_ns, directions), "gaze"
    return None, "nothing"


def _from_gyroscope(
    imu: pd.DataFrame, device: str, seen: Observation | None, fitted_to: str, reasons: list[str]
) -> pd.DataFrame | None:
    axes, source, documented = device_axes(device)
    fit = Calibration(axes, np.zeros(3), 0.0, float("nan"))
    if seen is not None and documented:
        fit = calibrate(imu, seen, axes)
    elif seen is not None:
        axes, fit = _best_axes(imu, seen, axes, fitted_to)
        source = f"not documented: fitted to the {fitted_to}"
    tested = np.isfinite(fit.quality)
    if tested and fit.quality < _USELESS and fit.contradicted:
        reasons.append(f"the gyroscope does not fit the {fitted_to}")
        return None
    quality = fit.quality if tested else (_UNTESTED if documented else _ASSUMED)
    facts: dict[str, Any] = {
        "head_motion_from": "gyroscope",
        "head_motion_quality": round(float(quality), 3),
        "gyroscope_axes": source,
        "gyroscope_fitted_to": fitted_to if tested else "nothing: the head hardly moves",
        "gyroscope_delay_ms": round(1000.0 * fit.delay_s, 1),
        "gyroscope_scale": round(fit.scale, 3),
        "gyroscope_off_deg": round(fit.off_deg(axes), 1),
        "gyroscope_bias_deg_s": [round(float(value), 2) for value in fit.bias_deg_s],
    }
    gyro = imu[list(GYRO)].to_numpy(np.float64).T
    head = fit.matrix @ gyro + fit.bias_deg_s[:, None]
    times = imu["t_ns"].to_numpy(np.int64) - round(fit.delay_s * 1e9)
    table = pd.DataFrame({"t_ns": times} | {name: head[row] for row, name in enumerate(AXES)})
    return Provenance("head_motion", VERSION, {}, facts).attach(HEAD_MOTION.check(table))


def _best_axes(
    imu: pd.DataFrame, seen: Observation, assumed: Floats, fitted_to: str
) -> tuple[Floats, Calibration]:
    """Return the square mounting that explains most, if it explains enough."""
    best, least = calibrate(imu, seen, assumed), np.inf
    chosen = assumed
    for axes in all_axes():
        fit = calibrate(imu, seen, axes, coarse=True)
        loss = robust_loss(imu, seen, fit)
        # looking straight ahead hardly tells how the gyroscope is turned about the line of sight
        if np.array_equal(axes, assumed):
            loss -= 0.01
        if np.isfinite(fit.quality) and loss < least:
            chosen, best, least = axes, fit, loss
    if best.quality < _ONLY_ASSUMED_MIN:
        return assumed, calibrate(imu, seen, assumed)
    return chosen, calibrate(imu, seen, chosen)


def _scene_quality(scene: pd.DataFrame) -> float:
    known = np.isfinite(scene[AXES[0]].to_numpy(np.float64))
    inliers = scene["inlier_share"].to_numpy(np.float64)
    return round(float(np.mean(np.where(known, inliers, 0.0))), 3) if len(scene) else 0.0
