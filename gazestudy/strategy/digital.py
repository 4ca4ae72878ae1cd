"""Digital placements: what a loop of spots leaves of a passage, and how many people a spot meets."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError

Floats = NDArray[np.float64]

LEAST_ON_SCREEN_S = 1.0
"""A spot counts as met when it is on screen this long (Geopath's rule for digital opportunities)."""


def spot_opportunities(
    dwell_s: ArrayLike, *, spot_s: float, loop_s: float, least_s: float = LEAST_ON_SCREEN_S
) -> Floats:
    """Return how often somebody is expected to meet one given spot.

    Parameters
    ----------
    dwell_s : array
        Time for which the screen is in view (or looked at), s.
    spot_s, loop_s : float
        Length of the spot and of the loop, s; the spot is shown once in a loop.
    least_s : float
        Shortest time together that counts, s.

    Returns
    -------
    float array
        (D + S − 2 m) / L where D and S are m or more, else 0.

    Notes
    -----
    The person arrives at a random moment of the loop. An average over people is the mean of this over their
    times, not the value at their mean time.

    Examples
    --------
    >>> spot_opportunities([0.5, 20, 130], spot_s=10, loop_s=60).round(3).tolist()
    [0.0, 0.467, 2.3]
    """
    _check(spot_s, loop_s, least_s)
    time = np.asarray(dwell_s, dtype=float)
    if np.any(time < 0):
        raise ParameterError("dwell_s", dwell_s, "0 s or more")
    met = (time + spot_s - 2 * least_s) / loop_s
    return np.asarray(np.where((time >= least_s) & (spot_s >= least_s), met, 0.0), dtype=float)


def spot_chance(
    dwell_s: ArrayLike, *, spot_s: float, loop_s: float, least_s: float = LEAST_ON_SCREEN_S
) -> Floats:
    """Return the chance to meet one given spot for `least_s` or more: min(1, `spot_opportunities`).

    Examples
    --------
    >>> spot_chance([0.5, 20, 130], spot_s=10, loop_s=60).round(3).tolist()
    [0.0, 0.467, 1.0]
    """
    return np.minimum(spot_opportunities(dwell_s, spot_s=spot_s, loop_s=loop_s, least_s=least_s), 1.0)


def voice_share(*, spot_s: float, loop_s: float) -> float:
    """Return the part of all time on a screen that belongs to one spot: S / L.

    Of seconds looked at the screen at random moments, this part is expected to fall on the spot.

    Examples
    --------
    >>> voice_share(spot_s=10, loop_s=60)
    0.16666666666666666
    """
    _check(spot_s, loop_s, 0.0)
    return spot_s / loop_s


def mean_present(arrivals_per_s: ArrayLike, *, dwell_s: ArrayLike) -> Floats:
    """Return the mean number of people present: arrivals per second times mean dwell (Little's law).

    It is the average audience of a spot where `dwell_s` is the time in view.

    Examples
    --------
    >>> float(mean_present(0.5, dwell_s=20))
    10.0
    """
    rate, time = np.asarray(arrivals_per_s, dtype=float), np.asarray(dwell_s, dtype=float)
    if np.any(rate < 0) or np.any(time < 0):
        raise ParameterError("arrivals_per_s, dwell_s", (arrivals_per_s, dwell_s), "0 or more")
    return np.asarray(rate * time, dtype=float)


def _check(spot_s: float, loop_s: float, least_s: float) -> None:
    if not (0 < spot_s <= loop_s and least_s >= 0):
        raise ParameterError(
            "spot_s, loop_s", (spot_s, loop_s), "0 s < spot ≤ loop, and a least time of 0 or more"
        )
