"""Recognition with foils as signal detection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Recognition:
    """How well shown creatives are told from foils.

    Attributes
    ----------
    hit_rate, false_alarm_rate : float
        Corrected rates: (hits + ½) / (targets + 1), and likewise for foils.
    d_prime : float
        Sensitivity, z(hit rate) − z(false alarm rate); 0 is guessing.
    criterion : float
        −(z(hit rate) + z(false alarm rate)) / 2; below 0 leans to saying yes.
    pr, br : float
        Two-high-threshold discrimination and bias from uncorrected rates: Pr = H − F, Br = F / (1 − Pr); Br
        is NaN where Pr is 1.
    """

    hit_rate: float
    false_alarm_rate: float
    d_prime: float
    criterion: float
    pr: float
    br: float


def recognition(hits: int, targets: int, false_alarms: int, foils: int) -> Recognition:
    """Return signal detection measures of a recognition test.

    Parameters
    ----------
    hits, targets : int
        "Yes" to creatives that were shown, of how many.
    false_alarms, foils : int
        "Yes" to creatives that were never shown, of how many.

    Raises
    ------
    ParameterError
        If there are no targets or no foils, or a count does not fit.

    References
    ----------
    Hautus (1995), doi:10.3758/BF03203619; Snodgrass and Corwin (1988), doi:10.1037/0096-3445.117.1.34.

    Examples
    --------
    >>> found = recognition(8, 10, 3, 10)
    >>> round(found.d_prime, 4), round(found.criterion, 4)
    (1.2206, -0.1375)
    """
    for name, count, n in (("hits", hits, targets), ("false alarms", false_alarms, foils)):
        if n < 1 or not 0 <= count <= n:
            raise ParameterError(name, count, f"0 to {n}, of at least one")
    return Recognition(
        *(float(values[0]) for values in recognition_arrays([hits], [targets], [false_alarms], [foils]))
    )


def recognition_arrays(
    hits: ArrayLike, targets: ArrayLike, false_alarms: ArrayLike, foils: ArrayLike
) -> tuple[NDArray[np.float64], ...]:
    """Return the measures of `Recognition` for many people or draws at once.

    Parameters
    ----------
    hits, targets, false_alarms, foils : (n,) arrays
        Counts, as for `recognition`.

    Returns
    -------
    tuple of (n,) float arrays
        In the order of the attributes of `Recognition`; NaN where there are no targets or no foils.

    Examples
    --------
    >>> [round(float(values[0]), 4) for values in recognition_arrays([8], [10], [3], [10])]
    [0.7727, 0.3182, 1.2206, -0.1375, 0.5, 0.6]
    """
    from scipy.stats import norm

    yes, n, false, m = (np.asarray(x, dtype=float) for x in (hits, targets, false_alarms, foils))
    n, m = np.where(n > 0, n, np.nan), np.where(m > 0, m, np.nan)
    h, f = (yes + 0.5) / (n + 1), (false + 0.5) / (m + 1)
    z_h, z_f = norm.ppf(h), norm.ppf(f)
    both = np.isfinite(n + m)
    pr = yes / n - false / m
    br = np.divide(false / m, 1 - pr, out=np.full(pr.shape, np.nan), where=pr < 1)
    values = (h, f, z_h - z_f, -(z_h + z_f) / 2, pr, br)
    return tuple(np.where(both, value, np.nan) for value in values)
