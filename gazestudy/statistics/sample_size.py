"""How many people or stations a study needs, with clustering, and what cannot be tested at all."""

from __future__ import annotations

import math

from gazestudy.errors import ParameterError


def design_effect(cluster_size: float, *, icc: float) -> float:
    """Return by how much clustering inflates the variance: 1 + (m − 1) ρ.

    Parameters
    ----------
    cluster_size : float
        Observations per person or session, m.
    icc : float
        Correlation of two observations of one cluster, ρ.

    Examples
    --------
    >>> round(design_effect(8, icc=0.1), 6)
    1.7
    """
    if cluster_size < 1 or not 0 <= icc <= 1:
        raise ParameterError("cluster_size, icc", (cluster_size, icc), "1 or more, and 0 to 1")
    return 1 + (cluster_size - 1) * icc


def size_for_two_shares(
    share_a: float, share_b: float, *, power: float = 0.8, level: float = 0.95, deff: float = 1.0
) -> float:
    """Return observations per group to tell two shares apart, two-sided, without continuity correction.

    Parameters
    ----------
    share_a, share_b : float
        Shares to be told apart, between 0 and 1.
    power : float
        Chance to find the difference if it is there.
    level : float
        1 minus the chance of a false alarm.
    deff : float
        Design effect.

    Returns
    -------
    float
        To be rounded up.

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, doi:10.1002/0471445428.

    Examples
    --------
    >>> round(size_for_two_shares(0.2, 0.3), 1)
    293.2
    """
    from scipy.stats import norm

    if share_a == share_b or not (0 < share_a < 1 and 0 < share_b < 1):
        raise ParameterError("shares", (share_a, share_b), "two different shares between 0 and 1")
    z_a, z_b = float(norm.ppf((1 + level) / 2)), float(norm.ppf(power))
    mean = (share_a + share_b) / 2
    root = z_a * math.sqrt(2 * mean * (1 - mean))
    root += z_b * math.sqrt(share_a * (1 - share_a) + share_b * (1 - share_b))
    return root**2 / (share_a - share_b) ** 2 * deff


def size_for_precision(share: float, *, half_width: float, level: float = 0.95, deff: float = 1.0) -> float:
    """Return observations for an interval of a share of about ± `half_width`: z² p(1 − p) / e² · deff.

    Examples
    --------
    >>> round(size_for_precision(0.2, half_width=0.05), 1)
    245.9
    """
    from scipy.stats import norm

    if not (0 < share < 1 and 0 < half_width < 1):
        raise ParameterError("share, half_width", (share, half_width), "between 0 and 1")
    return float(norm.ppf((1 + level) / 2)) ** 2 * share * (1 - share) / half_width**2 * deff


def smallest_p(n_test: int, n_control: int) -> float:
    """Return the smallest p-value, one-sided, that re-assigning whole stations can give.

    Parameters
    ----------
    n_test, n_control : int
        Stations in each arm.

    Returns
    -------
    float
        One over the number of ways to choose the test stations. Where it is above 0.05 no valid test exists.

    Examples
    --------
    >>> round(smallest_p(2, 2), 4), smallest_p(4, 4) < 0.05
    (0.1667, True)
    """
    if n_test < 1 or n_control < 1:
        raise ParameterError("stations", (n_test, n_control), "at least one in each arm")
    return 1 / math.comb(n_test + n_control, n_test)
