"""Diminishing returns: what a part of a placement, or of a group of placements, brings of the whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError

Floats = NDArray[np.float64]

LINEAR = 0.5
"""Half brings half: no diminishing returns."""


def saturation(half_brings: float) -> float:
    """Return the constant k of the response curve from what half of it brings.

    Parameters
    ----------
    half_brings : float
        0.5 (half brings half) to below 1.

    Examples
    --------
    >>> round(saturation(2 / 3), 6)  # 2 ln 2
    1.386294
    """
    if not LINEAR <= half_brings < 1:
        raise ParameterError("half_brings", half_brings, "0.5 (half brings half) or more, and below 1")
    return float(2 * np.log(half_brings / (1 - half_brings)))


def response(share: ArrayLike, *, half_brings: float) -> Floats:
    """Return which part of the whole value a part of it brings.

    Parameters
    ----------
    share : array
        Part that is bought, 0 to 1.
    half_brings : float
        What half of it brings; an assumption, because one study sees one level of spending.

    Returns
    -------
    float array
        (1 − e^(−k s)) / (1 − e^(−k)), which is s where k is 0; 0 at 0, 1 at 1, slope falling by e^(−k).

    Notes
    -----
    The exponential saturation curve of media response: each further contact meets fewer people who have not
    been met. Attention itself is not discounted, only what another second of it is worth.

    References
    ----------
    Little (1979), doi:10.1287/opre.27.4.629 (shapes of advertising response).

    Examples
    --------
    >>> response([0, 0.5, 1], half_brings=0.7).round(6).tolist()
    [0.0, 0.7, 1.0]
    """
    s = np.asarray(share, dtype=float)
    if np.any((s < -1e-9) | (s > 1 + 1e-9)):
        raise ParameterError("share", share, "0 to 1")
    k = saturation(half_brings)
    return s.copy() if k < 1e-9 else np.asarray(np.expm1(-k * s) / np.expm1(-k), dtype=float)
