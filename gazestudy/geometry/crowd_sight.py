"""Lines of sight through a crowd: how likely a point of a placement is not hidden by anybody."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError

Floats = NDArray[np.float64]

BODY_RADIUS_M = 0.23
"""Half the shoulder width of an adult, an assumption to start from; fit it to what observers saw."""

BODY_HEIGHT_M = 1.70
BODY_HEIGHT_SD_M = 0.07
EYE_HEIGHT_M = 1.60

# equally likely, mean 0, scatter close to 1; not by scipy, which what only passes results on can spare
_STANDARD_HEIGHTS = np.array([NormalDist().inv_cdf((number + 0.5) / 21) for number in range(21)])


def length_through_crowd_m(
    target_m: ArrayLike,
    *,
    distance_m: ArrayLike,
    eye_m: float = EYE_HEIGHT_M,
    body_height_m: float = BODY_HEIGHT_M,
    body_height_sd_m: float = 0.0,
    free_m: float = 0.0,
) -> Floats:
    """Return how much of a line of sight, in plan, runs below the heads of the crowd.

    Parameters
    ----------
    target_m : array
        Height of the point looked at above the floor, m.
    distance_m : array
        Distance in plan, m; broadcast against `target_m`.
    eye_m : float
        Height of the eye, m.
    body_height_m : float
        Height of everybody in the crowd, or its mean, m.
    body_height_sd_m : float
        Scatter of heights, m; the mean over people is returned, which is what counts in a random crowd.
    free_m : float
        Nobody is nearer to the eye than this, m: two bodies need room.

    Returns
    -------
    float array
        All of the distance where eye and target are below the heads, none where both are above, and the share
        of the line below them otherwise: D (H − h) / (z − h) for an eye at h < H and a target at z > H.

    Examples
    --------
    >>> length_through_crowd_m([1.6, 2.2], distance_m=5.0).round(3).tolist()
    [5.0, 0.833]
    """
    z, d = np.broadcast_arrays(np.asarray(target_m, dtype=float), np.asarray(distance_m, dtype=float))
    if not (np.isfinite(z).all() and np.all(d >= 0)):
        raise ParameterError("distance_m", distance_m, "finite heights and distances of 0 or more")
    if body_height_sd_m > 0:
        heights = body_height_m + body_height_sd_m * _STANDARD_HEIGHTS
        each = [
            length_through_crowd_m(z, distance_m=d, eye_m=eye_m, body_height_m=height, free_m=free_m)
            for height in heights
        ]
        return np.asarray(np.mean(each, axis=0), dtype=float)
    below_eye, below_target = eye_m <= body_height_m, z <= body_height_m
    rise = np.abs(z - eye_m)
    lower = np.minimum(z, eye_m)
    part = np.divide(body_height_m - lower, rise, out=np.zeros_like(z), where=rise > 0)
    share = np.where(below_target & below_eye, 1.0, np.where(below_target | below_eye, part, 0.0))
    begins = 0.0 if below_eye else (1 - share) * d
    ends = share * d if below_eye else d
    return np.asarray(np.maximum(ends - np.maximum(begins, free_m), 0.0), dtype=float)


def clear_probability(
    target_m: ArrayLike,
    *,
    distance_m: ArrayLike,
    density_m2: ArrayLike,
    radius_m: float = BODY_RADIUS_M,
    eye_m: float = EYE_HEIGHT_M,
    body_height_m: float = BODY_HEIGHT_M,
    body_height_sd_m: float = 0.0,
    free_m: float = 0.0,
) -> Floats:
    """Return the chance that nobody stands in a line of sight.

    Parameters
    ----------
    target_m, distance_m, eye_m, body_height_m, body_height_sd_m, free_m
        As for `length_through_crowd_m`.
    density_m2 : array
        People per square metre; broadcast.
    radius_m : float
        Radius of a body seen from above, m.

    Returns
    -------
    float array
        exp(−2 r ρ L), 0 to 1.

    Notes
    -----
    People stand at random, independently of each other (a Poisson process), each a cylinder. Queues, lanes
    and people who keep their distance are not random; the fit to observed blocking says how far that matters.

    References
    ----------
    Gapeyenko et al. (2016), arXiv:1604.04743, specialised to eyes and placements.

    Examples
    --------
    >>> clear_probability([1.6, 2.2], distance_m=5, density_m2=1.0).round(2).tolist()
    [0.1, 0.68]
    """
    length = length_through_crowd_m(
        target_m,
        distance_m=distance_m,
        eye_m=eye_m,
        body_height_m=body_height_m,
        body_height_sd_m=body_height_sd_m,
        free_m=free_m,
    )
    density = np.asarray(density_m2, dtype=float)
    if radius_m < 0 or np.any(density < 0):
        raise ParameterError("radius_m, density_m2", (radius_m, density_m2), "0 or more")
    return np.asarray(np.exp(-2 * radius_m * density * length), dtype=float)


def visible_share(
    density_m2: ArrayLike,
    *,
    bottom_m: float,
    height_m: float,
    distance_m: float,
    radius_m: float = BODY_RADIUS_M,
    eye_m: float = EYE_HEIGHT_M,
    body_height_m: float = BODY_HEIGHT_M,
    body_height_sd_m: float = 0.0,
    free_m: float = 0.0,
    rows: int = 25,
) -> Floats:
    """Return the part of a placement that is expected not to be hidden by people.

    Parameters
    ----------
    density_m2 : array
        People per square metre.
    bottom_m, height_m : float
        Lower edge above the floor and height of the face, m.
    distance_m : float
        Distance in plan between the eye and the face, m.
    radius_m, eye_m, body_height_m, body_height_sd_m, free_m : float
        As for `clear_probability`.
    rows : int
        Heights at which the face is sampled.

    Returns
    -------
    float array
        Shaped like `density_m2`; 1 minus it is the blocked share that observers estimate.

    Examples
    --------
    >>> visible_share([0.0, 1.0], bottom_m=1.0, height_m=1.5, distance_m=5).round(2).tolist()
    [1.0, 0.35]
    """
    if height_m <= 0 or rows < 1:
        raise ParameterError("height_m, rows", (height_m, rows), "above 0")
    heights = bottom_m + height_m * (np.arange(rows) + 0.5) / rows
    density = np.asarray(density_m2, dtype=float)
    clear = clear_probability(
        heights,
        distance_m=distance_m,
        density_m2=density[..., None],
        radius_m=radius_m,
        eye_m=eye_m,
        body_height_m=body_height_m,
        body_height_sd_m=body_height_sd_m,
        free_m=free_m,
    )
    return np.asarray(clear.mean(axis=-1), dtype=float)
