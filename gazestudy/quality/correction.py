"""Correction of offset and drift: gaze is turned on the sphere, by what looks at known targets tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import deg_to_direction, direction_to_deg, direction_to_px, px_to_direction
from gazestudy.model.camera import Camera
from gazestudy.model.correction import CorrectionKind, GazeCorrection
from gazestudy.model.tables import REASONS, categorical
from gazestudy.quality.accuracy import Accuracy, Centre, TargetLook, accuracy
from gazestudy.quality.sphere import Floats, mean_direction, seen_from

VERSION = 1

_STEPS = 20
_CONVERGED_DEG = 1e-9
_ANGLE_COLUMNS = (("x_deg", "y_deg"), ("azimuth_deg", "elevation_deg"))


def turn(directions: Floats, amounts_deg: Floats) -> Floats:
    """Turn directions.

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors: x right, y down, z ahead.
    amounts_deg : ndarray of float, shape (n, 2)
        How far what lies straight ahead is turned to the right, and up, along a great circle.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Unit vectors.

    Notes
    -----
    Rodrigues' formula about the axis (elevation, azimuth, 0): the rotation that brings straight ahead onto
    its new place without rolling.
    """
    axis = np.radians(np.column_stack([amounts_deg[:, 1], amounts_deg[:, 0], np.zeros(len(amounts_deg))]))
    angle = np.linalg.norm(axis, axis=1)
    safe = np.where(angle > 0, angle, 1.0)[:, None]
    unit = axis / safe
    sine, cosine = np.sin(angle)[:, None], np.cos(angle)[:, None]
    along = (unit * directions).sum(axis=1, keepdims=True)
    turned = directions * cosine + np.cross(unit, directions) * sine + unit * along * (1.0 - cosine)
    return np.asarray(turned, np.float64)


def correct_gaze(gaze: pd.DataFrame, camera: Camera | None, correction: GazeCorrection) -> pd.DataFrame:
    """Return the gaze of a recording, corrected.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`; it stays as it is.
    camera : Camera or None
        Scene camera; needed for positions in px.
    correction : GazeCorrection
        By how much.

    Returns
    -------
    DataFrame
        The same rows. Positions in px, `x_deg` and `y_deg`, and `azimuth_deg` and `elevation_deg` are turned;
        all other columns are as they were. Valid samples that now lie outside of the scene image become
        "out_of_image"; those that come into it become valid.

    Raises
    ------
    ParameterError
        If there are positions in px but no scene camera.
    """
    table = gaze.copy()
    amounts = correction.at(gaze["t_ns"].to_numpy(np.int64))
    for azimuth, elevation in _ANGLE_COLUMNS:
        if {azimuth, elevation} <= set(table.columns):
            degrees = table[[azimuth, elevation]].to_numpy(np.float64)
            turned = direction_to_deg(turn(deg_to_direction(degrees), amounts))
            table[azimuth], table[elevation] = turned[:, 0], turned[:, 1]
    if {"x_px", "y_px"} <= set(table.columns):
        if camera is None:
            raise ParameterError("camera", None, "a scene camera, to turn gaze in degrees")
        px = table[["x_px", "y_px"]].to_numpy(np.float64)
        moved = direction_to_px(turn(px_to_direction(px, camera), amounts), camera)
        table["x_px"], table["y_px"] = moved[:, 0], moved[:, 1]
        _revalidate(table, moved, camera)
    return table


def _revalidate(table: pd.DataFrame, px: Floats, camera: Camera) -> None:
    """Set valid and reason by whether a sample lies in the image now."""
    if "reason" not in table:
        return
    inside = (px >= -0.5).all(axis=1) & (px[:, 0] <= camera.width_px - 0.5)
    inside &= px[:, 1] <= camera.height_px - 0.5  # False where there is no position
    reason = table["reason"].astype(str).to_numpy(dtype=object)
    placed = np.isin(reason, ["ok", "out_of_image"])
    table["valid"] = np.where(placed, inside, table["valid"].to_numpy(bool))
    table["reason"] = categorical(np.where(placed, np.where(inside, "ok", "out_of_image"), reason), REASONS)


def fit_correction(
    looks: Sequence[TargetLook], kind: CorrectionKind = "offset", *, centre: Centre = "median"
) -> GazeCorrection:
    """Find the correction that brings looks onto their targets.

    Parameters
    ----------
    looks : sequence of TargetLook
        Each with at least one sample.
    kind : {"offset", "drift"}
        A constant turn, or one that changes evenly from the first to the last look.
    centre : {"mean", "median"}
        See `gazestudy.quality.accuracy`.

    Returns
    -------
    GazeCorrection
        The evidence holds, for each target, the offset before and after, and, where there are enough targets,
        `without_it_deg`: the offset that is left if the correction is made from the other targets only.

    Raises
    ------
    ParameterError
        If there are too few looks: one for an offset, two at different times for a drift.

    Notes
    -----
    Least squares over targets, each with the same weight, by Gauss-Newton steps on the sphere: offsets of the
    turned centre of gaze from each target (azimuth, elevation) are fitted by constants, or by straight lines
    in time, and taken off.
    """
    looks = sorted(looks, key=lambda look: look.middle_ns)
    if not looks or any(len(look.t_ns) == 0 for look in looks):
        raise ParameterError("targets", len(looks), "targets with gaze on them")
    if kind == "drift" and looks[0].middle_ns == looks[-1].middle_ns:
        raise ParameterError("targets", len(looks), "looks at two different times or more for a drift")
    before = [accuracy(look.gaze, look.target, centre=centre) for look in looks]
    pairs = [_Pair.of(look, one) for look, one in zip(looks, before, strict=True)]
    found = _fitted(pairs, kind)
    rows: list[dict[str, Any]] = []
    for k, (look, one) in enumerate(zip(looks, before, strict=True)):
        without = _fitted_without(pairs, k, kind)
        rows.append(
            {
                "target": look.name,
                "t_ns": look.middle_ns,
                "samples": one.samples,
                "azimuth_deg": one.azimuth_deg,
                "elevation_deg": one.elevation_deg,
                "offset_deg": one.offset_deg,
                "std_deg": one.std_deg,
                "after_deg": _left(look, found, centre),
                "without_it_deg": None if without is None else _left(look, without, centre),
            }
        )
    evidence: dict[str, Any] = {"version": VERSION, "centre": centre, "targets": rows}
    for name in ("offset_deg", "after_deg", "without_it_deg"):
        values = [float(row[name]) for row in rows if row[name] is not None]
        evidence[f"mean_{name}"] = float(np.mean(values)) if values else None
    return replace(found, evidence=evidence)


def _left(look: TargetLook, correction: GazeCorrection, centre: Centre) -> float:
    turned = turn(look.gaze, correction.at(look.t_ns))
    return accuracy(turned, look.target, centre=centre).offset_deg


@dataclass(frozen=True, slots=True)
class _Pair:
    """A look in short: where the target was, and where gaze was by its centre."""

    t_ns: int
    gaze: Floats
    target: Floats

    @classmethod
    def of(cls, look: TargetLook, found: Accuracy) -> _Pair:
        target = mean_direction(look.target)
        local = deg_to_direction(np.array([[found.azimuth_deg, found.elevation_deg]]))[0]
        back = seen_from(np.eye(3), target)  # its rows are the turned axes: the inverse of that turn
        return cls(look.middle_ns, back @ local, target)


def _fitted_without(pairs: Sequence[_Pair], k: int, kind: CorrectionKind) -> GazeCorrection | None:
    """Return the correction made from all looks but one; None if they are too few."""
    others = [pair for number, pair in enumerate(pairs) if number != k]
    if not others or (kind == "drift" and others[0].t_ns == others[-1].t_ns):
        return None
    return _fitted(others, kind)


def _fitted(pairs: Sequence[_Pair], kind: CorrectionKind) -> GazeCorrection:
    times = np.array([pair.t_ns for pair in pairs], dtype=np.int64)
    gaze, target = np.array([pair.gaze for pair in pairs]), np.array([pair.target for pair in pairs])
    ends = (int(times[0]),) if kind == "offset" else (int(times[0]), int(times[-1]))
    design = _design(times, ends)
    amounts = np.zeros((len(ends), 2))
    for _ in range(_STEPS):
        left = direction_to_deg(seen_from(turn(gaze, design @ amounts), target))
        step = np.linalg.lstsq(design, -left, rcond=None)[0]
        amounts = amounts + step
        if np.abs(step).max() < _CONVERGED_DEG:
            break
    return GazeCorrection(kind, ends, tuple(amounts[:, 0].tolist()), tuple(amounts[:, 1].tolist()))


def _design(times: NDArray[np.int64], ends: tuple[int, ...]) -> Floats:
    """Return the weights of the amounts at each time, shape (n, 1 or 2)."""
    if len(ends) == 1:
        return np.ones((len(times), 1))
    share = (times - ends[0]) / (ends[1] - ends[0])
    return np.column_stack([1.0 - share, share])
