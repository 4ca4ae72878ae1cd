"""Head motion from a gyroscope: its axes, scale, bias and delay, and how well it explains what is seen.

What the gyroscope is fitted to is either the rotation of the scene image, or, where there is none, the gaze
itself: while a person looks at something, the eyes turn against the head (vestibulo-ocular reflex), so
between saccades gaze in the head moves with p' = p x w.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.events.head_motion.rotation import carry, cross
from gazestudy.events.head_motion.table import AXES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GYRO = ("gyro_x_deg_s", "gyro_y_deg_s", "gyro_z_deg_s")

_PRIOR_DEG, _PRIOR_SCALE, _PRIOR_BIAS_DEG_S = 15.0, 0.1, 2.0
"""How far mounting, scale and bias of a gyroscope may plausibly be from what is documented."""
_DELAYS_S = np.arange(-0.09, 0.1501, 0.03)
_FINE_S = 0.01
_STEPS = 8
_SLOW_DEG_S = 150.0
_MOVING_DEG_S = 8.0
_LEAST_MOVING = 100
_LOSS_DEG_S = 10.0
_WORSE = 1.2
_SHARED = 0.1
"""Neighbouring samples share most of their error: so much of each counts as new."""
_TUNING = 2.0  # weights fall as 1 / (1 + (r / (2 s))^2)


@dataclass(frozen=True, slots=True)
class Observation:
    """What is seen of the head's rotation.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times.
    seen_deg_s : ndarray of float64, shape (3, n)
        Angular velocity of the camera, or velocity of gaze in the head where `directions` are given.
    directions : ndarray of float64, shape (3, n), or None
        Directions of gaze; None: the rotation itself is seen.
    """

    t_ns: Ints
    seen_deg_s: Floats
    directions: Floats | None = None

    def expected(self, head_deg_s: Floats) -> Floats:
        """Return what would be seen with the head turning so, shape (3, n)."""
        return head_deg_s if self.directions is None else cross(self.directions, head_deg_s)


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the gyroscope's readings to the rotation of the scene camera.

    Attributes
    ----------
    matrix : ndarray of float64, shape (3, 3)
        Rotation from the axes of the gyroscope to those of the camera, times the scale.
    bias_deg_s : ndarray of float64, shape (3,)
        What is added after it.
    delay_s : float
        The gyroscope's times are this much late.
    quality : float
        Share of what is seen while the head moves that the gyroscope explains, 0 to 1; NaN: not tested.
    contradicted : bool
        Compensation makes more movement than there was.
    """

    matrix: Floats
    bias_deg_s: Floats
    delay_s: float
    quality: float
    contradicted: bool = False

    @property
    def scale(self) -> float:
        """How much larger the rotation is than what the gyroscope says."""
        return float(np.cbrt(np.linalg.det(self.matrix)))

    def off_deg(self, axes: Floats) -> float:
        """Return the angle between the fitted and documented axes, deg."""
        turn = self.matrix / self.scale @ axes.T
        return float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1.0) / 2.0, -1.0, 1.0))))


def gyro_at(imu: pd.DataFrame, t_ns: Ints) -> Floats:
    """Return the readings of the gyroscope at given times, on straight lines, shape (3, n), NaN outside."""
    from gazestudy.events.head_motion.table import head_at

    return head_at(imu.rename(columns=dict(zip(GYRO, AXES, strict=True))), t_ns)


def calibrate(imu: pd.DataFrame, seen: Observation, axes: Floats, *, coarse: bool = False) -> Calibration:
    """Fit axes, scale, bias and delay of a gyroscope to what is seen of the head's rotation.

    Parameters
    ----------
    imu : DataFrame
        Contract `IMU`.
    seen : Observation
        What is seen.
    axes : ndarray of float64, shape (3, 3)
        Documented rotation from the gyroscope's axes to the camera's.
    coarse : bool, optional
        Try few delays and do not refine the best.

    Returns
    -------
    Calibration
        The documented values, untested, where the head hardly moves.

    Notes
    -----
    For each delay a small rotation, a scale and a bias are fitted by iteratively reweighted least squares
    with Cauchy weights, so that saccades and passers-by count little, and with a prior around what is
    documented (15 deg, 10 %, 2 deg/s), so that an axis that the recording does not excite stays where it was.
    The delay with the smallest robust residual wins; the parabola through its neighbours refines it.
    """
    untested = Calibration(axes, np.zeros(3), 0.0, float("nan"))
    usable = np.isfinite(seen.seen_deg_s).all(axis=0)
    if seen.directions is not None:
        usable &= np.sqrt(np.nansum(seen.seen_deg_s**2, axis=0)) < _SLOW_DEG_S
    seen = Observation(
        seen.t_ns[usable],
        seen.seen_deg_s[:, usable],
        None if seen.directions is None else seen.directions[:, usable],
    )
    grid = _DELAYS_S
    fits = {float(delay): _fit(imu, seen, axes, float(delay)) for delay in grid}
    best = min(fits, key=lambda delay: fits[delay][1])
    if not coarse and np.isfinite(fits[best][1]):
        near = [best - _FINE_S, best, best + _FINE_S]
        fits |= {delay: _fit(imu, seen, axes, delay) for delay in near if delay not in fits}
        best = min(near, key=lambda delay: fits[delay][1])
        around = [best - _FINE_S, best + _FINE_S]
        fits |= {delay: _fit(imu, seen, axes, delay) for delay in around if delay not in fits}
        low, middle, high = (fits[delay][1] for delay in (around[0], best, around[1]))
        bend = low - 2.0 * middle + high
        if np.isfinite(bend) and bend > 0:
            refined = best + _FINE_S * float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5))
            fits[refined] = _fit(imu, seen, axes, refined)
            best = refined
    fitted, loss = fits[best]
    return fitted if np.isfinite(loss) else untested


def robust_loss(imu: pd.DataFrame, seen: Observation, fit: Calibration) -> float:
    """Return how far what is seen is from what a calibration says, as a mean of log(1 + (r / 10 deg/s)^2)."""
    gyro = gyro_at(imu, seen.t_ns + round(fit.delay_s * 1e9))
    residual = seen.seen_deg_s - seen.expected(fit.matrix @ gyro + fit.bias_deg_s[:, None])
    square = np.sum(residual**2, axis=0)
    square = square[np.isfinite(square)]
    return float(np.mean(np.log1p(square / _LOSS_DEG_S**2))) if len(square) else float("inf")


def _fit(imu: pd.DataFrame, seen: Observation, axes: Floats, delay_s: float) -> tuple[Calibration, float]:
    """Return the calibration at one delay and its loss, NaN where too little is seen."""
    gyro = gyro_at(imu, seen.t_ns + round(delay_s * 1e9))
    rows = np.isfinite(gyro).all(axis=0)
    untested = Calibration(axes, np.zeros(3), delay_s, float("nan"))
    moving = rows & (np.sqrt(np.nansum(gyro**2, axis=0)) > _MOVING_DEG_S)
    if np.count_nonzero(moving) < _LEAST_MOVING:
        return untested, float("inf")
    part = Observation(
        seen.t_ns[rows],
        seen.seen_deg_s[:, rows],
        None if seen.directions is None else seen.directions[:, rows],
    )
    gyro, moving = gyro[:, rows], moving[rows]
    fit, base = np.zeros(7), axes @ gyro
    for _ in range(_STEPS):
        residual = part.seen_deg_s - part.expected(_head(fit, base))
        weight = _weights(residual)
        fit = fit + _step(part, fit, base, residual, weight)
    length = np.sqrt(np.sum((part.seen_deg_s - part.expected(_head(fit, base))) ** 2, axis=0))
    loss = float(np.mean(np.log1p((length / _LOSS_DEG_S) ** 2)))
    before = float(np.median(np.sum(part.seen_deg_s[:, moving] ** 2, axis=0)))
    after = float(np.median(length[moving] ** 2))
    quality = float(np.clip(1.0 - after / before, 0.0, 1.0)) if before > 0 else 0.0
    matrix = (1.0 + fit[3]) * rotation_matrix(fit[:3]) @ axes
    return Calibration(matrix, fit[4:], delay_s, quality, after > _WORSE * before), loss


def _head(fit: Floats, base_deg_s: Floats) -> Floats:
    """Return the rotation of the camera by a fit: rotation vector, rad, scale - 1, bias, deg/s."""
    turned: Floats = (1.0 + fit[3]) * rotation_matrix(fit[:3]) @ base_deg_s + fit[4:, None]
    return turned


def _weights(residual: Floats) -> Floats:
    square = np.sum(residual**2, axis=0)
    weight: Floats = 1.0 / (1.0 + square / max(_TUNING**2 * float(np.median(square)), 1e-9))
    return weight


def _step(seen: Observation, fit: Floats, base_deg_s: Floats, residual: Floats, weight: Floats) -> Floats:
    """Return the Gauss-Newton step of a fit."""
    head = (1.0 + fit[3]) * rotation_matrix(fit[:3]) @ base_deg_s
    ones = np.ones(head.shape[1])
    columns = [cross(np.outer(axis, ones), head) for axis in np.eye(3)]
    columns += [head, *(np.outer(axis, ones) for axis in np.eye(3))]
    jacobian = np.stack([seen.expected(column) for column in columns])
    spread = max(float(np.median(np.sum(residual**2, axis=0))), 1e-6) / _SHARED
    normal = np.einsum("ian,jan,n->ij", jacobian, jacobian, weight, optimize=True) / spread
    wanted = np.einsum("ian,an,n->i", jacobian, residual, weight, optimize=True) / spread
    prior = 1.0 / np.array([np.radians(_PRIOR_DEG)] * 3 + [_PRIOR_SCALE] + [_PRIOR_BIAS_DEG_S] * 3) ** 2
    step: Floats = np.linalg.solve(normal + np.diag(prior), wanted - prior * fit)
    return step


def rotation_matrix(vector_rad: Floats) -> Floats:
    """Return the rotation matrix of a rotation vector, shape (3, 3).

    Examples
    --------
    >>> rotation_matrix(np.array([0.0, 0.0, np.pi / 2])).round(6).tolist()
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    columns = [carry(axis[:, None], -vector_rad[:, None])[:, 0] for axis in np.eye(3)]
    return np.stack(columns, axis=1) + 0.0
