"""How far the crowd hides a placement: the model fitted to what observers saw, and how well it fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError
from gazestudy.geometry.crowd_sight import (
    BODY_HEIGHT_M,
    BODY_HEIGHT_SD_M,
    BODY_RADIUS_M,
    EYE_HEIGHT_M,
    visible_share,
)
from gazestudy.model.fieldwork import FieldLog
from gazestudy.statistics.bootstrap import cluster_draws, percentile_limits

Floats = NDArray[np.float64]

_SMALLEST_M, _LARGEST_M = 0.02, 1.0
_GRID = 400


@dataclass(frozen=True, slots=True)
class FaceView:
    """A placement as the observer sees it.

    Attributes
    ----------
    bottom_m, height_m : float
        Lower edge above the floor and height of the face, m.
    distance_m : float
        From the observer to the face in plan, m.
    eye_m : float
        Height of the observer's eyes, m.
    body_height_m, body_height_sd_m : float
        Height of the people in between and its scatter, m.
    free_m : float
        Nobody is nearer to the observer than this, m; two body radii.
    """

    bottom_m: float
    height_m: float
    distance_m: float
    eye_m: float = EYE_HEIGHT_M
    body_height_m: float = BODY_HEIGHT_M
    body_height_sd_m: float = BODY_HEIGHT_SD_M
    free_m: float = 2 * BODY_RADIUS_M

    def blocked_share(self, density_m2: ArrayLike, *, radius_m: float) -> Floats:
        """Return the part of the face that the model expects to be hidden, shaped like the density."""
        clear = visible_share(
            density_m2,
            bottom_m=self.bottom_m,
            height_m=self.height_m,
            distance_m=self.distance_m,
            radius_m=radius_m,
            eye_m=self.eye_m,
            body_height_m=self.body_height_m,
            body_height_sd_m=self.body_height_sd_m,
            free_m=self.free_m,
        )
        return np.asarray(1 - clear, dtype=float)


@dataclass(frozen=True, slots=True)
class OcclusionFit:
    """The occlusion model fitted to observations.

    Attributes
    ----------
    radius_m, low_m, high_m : float
        Radius of a body that explains the blocking best, with its interval from a bootstrap over sessions.
    scans, sessions : int
        Observations behind it.
    placements : mapping of str to FaceView
        The faces, as they were assumed.
    observed : DataFrame
        One row per scan and placement: session_id, placement_id, density_m2, blocked_share, expected_share.
    bins : DataFrame
        The same in bins of density per placement: placement_id, density_m2, observed, low, high, expected,
        scans, sessions. Limits are from the bootstrap over sessions.
    mean_error : float
        Mean of observed minus expected blocked share.
    doubts : tuple of str
        Why the fit may not be trusted; empty where nothing speaks against it.
    """

    radius_m: float
    low_m: float
    high_m: float
    scans: int
    sessions: int
    placements: Mapping[str, FaceView]
    observed: pd.DataFrame
    bins: pd.DataFrame
    mean_error: float
    doubts: tuple[str, ...] = field(default=())


def face_views(audits: pd.DataFrame) -> dict[str, FaceView]:
    """Return how each audited placement is seen, those without height, lower edge or distance left out.

    Parameters
    ----------
    audits : DataFrame
        Keeps the contract `AUDITS`. Rows of one placement complete each other, the last known value counts;
        the distance is the median of what observers measured from where they stood (`face_distance_m` of the
        details) or else the usual distance to people who pass.
    """
    distances = audits["details_json"].map(_own_distance_m).astype("float64")
    known = audits.assign(own_distance_m=distances).groupby("placement_id")
    last = known[["height_m", "bottom_m", "reading_distance_m"]].last()
    last = last.assign(distance_m=known["own_distance_m"].median().fillna(last["reading_distance_m"]))
    usable = last[(last["height_m"] > 0) & (last["distance_m"] > 0) & last["bottom_m"].notna()]
    columns = usable[["bottom_m", "height_m", "distance_m"]]
    return {str(row[0]): FaceView(*map(float, row[1:])) for row in columns.itertuples()}


def _own_distance_m(details: str) -> float:
    try:
        return float(json.loads(details).get("face_distance_m", "nan"))
    except (AttributeError, TypeError, ValueError):
        return float("nan")


def blocking_observations(log: FieldLog) -> pd.DataFrame:
    """Return density and blocked share of every scan in which both were taken.

    Parameters
    ----------
    log : FieldLog
        Observation tables; only sessions of role primary count, two observers see the same crowd.

    Returns
    -------
    DataFrame
        session_id, scan_no, placement_id, density_m2, blocked_share.
    """
    area = log.sessions[log.sessions["role"] == "primary"].set_index("session_id")["counted_area_m2"]
    scans = log.scans[log.scans["value"].notna() & log.scans["session_id"].isin(area.index)]
    present = scans[(scans["item"] == "present") & (scans["placement_id"] == "")]
    density = present["value"] / present["session_id"].map(area).astype("float64")
    dense = present[["session_id", "scan_no"]].assign(density_m2=density)
    blocked = scans[scans["item"] == "blocked_percent"]
    seen = blocked[["session_id", "scan_no", "placement_id"]].assign(blocked_share=blocked["value"] / 100)
    joined: pd.DataFrame = seen.merge(dense, on=["session_id", "scan_no"], how="inner")
    known: pd.DataFrame = joined[np.isfinite(joined["density_m2"])]
    return known.reset_index(drop=True)


def fit_occlusion(
    observations: pd.DataFrame,
    views: Mapping[str, FaceView],
    *,
    draws: int = 1000,
    level: float = 0.95,
    bins: int = 6,
    rng: np.random.Generator,
) -> OcclusionFit:
    """Return the body radius that explains best how much of each face people hid.

    Parameters
    ----------
    observations : DataFrame
        From `blocking_observations`: session_id, placement_id, density_m2, blocked_share (0 to 1).
    views : mapping of str to FaceView
        Placement to geometry; placements without are left out and doubted.
    draws : int
        Bootstrap draws over sessions.
    level : float
        Confidence.
    bins : int
        Bins of density with about the same number of scans.
    rng : Generator
        Source of randomness.

    Returns
    -------
    OcclusionFit

    Raises
    ------
    ParameterError
        If no scan has people present and a placement of known geometry, or a share is not between 0 and 1.

    Notes
    -----
    Blocked share = 1 − mean over the face of exp(−2 r ρ L), with r chosen to maximise
    Σ y log μ + (1 − y) log(1 − μ), for which only the mean has to be right. The interval is t on the log
    scale with the standard error of a bootstrap over sessions.
    """
    known = observations[observations["placement_id"].isin(list(views))].reset_index(drop=True)
    y = known["blocked_share"].to_numpy(dtype=float)
    if not len(known) or not np.any(known["density_m2"] > 0):
        raise ParameterError("observations", len(known), "scans of people and blocking at audited placements")
    if np.any((y < 0) | (y > 1)):
        raise ParameterError("blocked_share", [y.min(), y.max()], "between 0 and 1")
    radii = np.geomspace(_SMALLEST_M, _LARGEST_M, _GRID)
    session, names = pd.factorize(known["session_id"])
    fits = _log_likelihood(known, y, views, radii)
    by_session = np.zeros((len(names), _GRID))
    np.add.at(by_session, session, fits)
    weights = cluster_draws(len(names), draws=draws, rng=rng)
    radius = float(_peak(by_session.sum(axis=0)[None], radii)[0])
    low, high = np.nan, np.nan
    if len(names) > 1:
        low, high = _limits(_peak(weights @ by_session, radii), radius, len(names), level)
    expected = _expected(known, views, radius)
    table = known.assign(expected_share=expected)
    used = {name: views[name] for name in sorted(set(known["placement_id"]))}
    binned = _binned(table, session, weights, bins, level)
    return OcclusionFit(
        radius,
        low,
        high,
        len(known),
        len(names),
        used,
        table,
        binned,
        float((y - expected).mean()),
        (*_doubts(observations, known, radius, low), *_misses(binned)),
    )


def _limits(drawn: Floats, radius: float, sessions: int, level: float) -> tuple[float, float]:
    """Return a t interval on the log scale; percentiles of few sessions would be too narrow."""
    from scipy.stats import t

    error = float(np.log(drawn).std()) * np.sqrt(sessions / (sessions - 1))
    wide = float(t.ppf((1 + level) / 2, sessions - 1)) * error
    return float(radius * np.exp(-wide)), float(radius * np.exp(wide))


def _expected(known: pd.DataFrame, views: Mapping[str, FaceView], radius_m: float) -> Floats:
    expected = np.empty(len(known))
    for name, rows in known.groupby("placement_id").indices.items():
        density = known["density_m2"].to_numpy()[rows]
        expected[rows] = views[str(name)].blocked_share(density, radius_m=radius_m)
    return expected


def _log_likelihood(
    known: pd.DataFrame, y: Floats, views: Mapping[str, FaceView], radii: Floats
) -> NDArray[np.float64]:
    """Return the quasi-likelihood of every row at every radius; r and density only matter as a product."""
    fits = np.empty((len(known), len(radii)))
    for name, rows in known.groupby("placement_id").indices.items():
        density = known["density_m2"].to_numpy()[rows]
        product = density[:, None] * radii[None, :]
        mu = np.clip(views[str(name)].blocked_share(product, radius_m=1.0), 1e-9, 1 - 1e-9)
        seen = y[rows][:, None]
        fits[rows] = seen * np.log(mu) + (1 - seen) * np.log(1 - mu)
        fits[rows[density == 0]] = 0.0  # nobody there: no information about bodies
    return fits


def _peak(curves: Floats, radii: Floats) -> Floats:
    """Return the radius at the top of each curve, by a parabola through the three points around it."""
    best = np.clip(curves.argmax(axis=1), 1, len(radii) - 2)
    rows = np.arange(len(curves))
    left, middle, right = curves[rows, best - 1], curves[rows, best], curves[rows, best + 1]
    bend = left - 2 * middle + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1), 0.0)
    step = np.log(radii[1] / radii[0])
    return np.asarray(radii[best] * np.exp(np.clip(shift, -1, 1) * step), dtype=float)


def _binned(
    table: pd.DataFrame, session: NDArray[np.intp], weights: Floats, bins: int, level: float
) -> pd.DataFrame:
    rows = []
    for name, where in table.groupby("placement_id").indices.items():
        part, at = table.iloc[where], session[where]
        number = min(bins, part["density_m2"].nunique())
        group = pd.qcut(part["density_m2"].rank(method="first"), number, labels=False).to_numpy()
        for bin_no in range(number):
            inside = group == bin_no
            sums = np.zeros((weights.shape[1], 2))
            np.add.at(
                sums, at[inside], np.column_stack([part["blocked_share"][inside], np.ones(inside.sum())])
            )
            drawn = weights @ sums
            with np.errstate(invalid="ignore"):
                low, high = percentile_limits(drawn[:, 0] / drawn[:, 1], level=level)
            several = np.count_nonzero(sums[:, 1]) > 1
            rows.append(
                {
                    "placement_id": name,
                    "density_m2": float(part["density_m2"][inside].mean()),
                    "observed": float(part["blocked_share"][inside].mean()),
                    "low": float(low) if several else np.nan,
                    "high": float(high) if several else np.nan,
                    "expected": float(part["expected_share"][inside].mean()),
                    "scans": int(inside.sum()),
                    "sessions": int(np.count_nonzero(sums[:, 1])),
                }
            )
    return pd.DataFrame(rows)


def _misses(bins: pd.DataFrame) -> tuple[str, ...]:
    """Return the placements whose observations the curve misses in most bins."""
    off = (bins["expected"] < bins["low"]) | (bins["expected"] > bins["high"])
    share = off.groupby(bins["placement_id"]).mean()
    return tuple(
        f"the curve misses most of what was seen at {name}: its height or distance may be wrong"
        for name in share.index[share > 0.5]
    )


def _doubts(
    observations: pd.DataFrame, known: pd.DataFrame, radius_m: float, low_m: float
) -> tuple[str, ...]:
    doubts = []
    strangers = sorted(set(observations["placement_id"]) - set(known["placement_id"]))
    if strangers:
        doubts.append(f"no height, lower edge or distance of {', '.join(map(str, strangers))}: left out")
    if np.isnan(low_m):
        doubts.append("one session: no interval")
    if not _SMALLEST_M * 1.05 < radius_m < _LARGEST_M * 0.95:
        doubts.append("the radius ran to the end of what was tried: the observations do not fit the model")
    elif not 0.12 <= radius_m <= 0.40:
        doubts.append(f"a radius of {radius_m:.2f} m is no body: distance, heights or density may be wrong")
    densest, thinnest = known["density_m2"].max(), known["density_m2"].min()
    if densest < 2 * thinnest:
        doubts.append("crowding hardly differed between scans: the curve rests on one density")
    empty = known[known["density_m2"] == 0]
    hidden = int((empty["blocked_share"] > 0).sum())
    if hidden:
        doubts.append(f"{hidden} scans with nobody present and a blocked face: something else hides it")
    return tuple(doubts)
