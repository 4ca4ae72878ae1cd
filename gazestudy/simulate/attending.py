"""Simulated attention of many people to many placements, as metrics with known truth and without pictures.

For the analysis that follows after mapping: what was in view, for how long, whether it was fixated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model.tables import METRICS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Attending:
    """How simulated people meet and look at placements.

    Attributes
    ----------
    in_view_share : float
        Chance that a placement enters view in one walk.
    exposed_s, exposed_spread : float
        Median time in view in s, and the standard deviation of its logarithm.
    notice_odds : float
        Log-odds of a fixation at median time in view and brand familiarity 3.
    per_log_exposed, per_familiarity : float
        Added per unit of ln(time in view / median) and per point of familiarity above 3.
    placement_sd, person_sd : float
        Standard deviations of log-odds over placements and people.
    dwell_s, dwell_spread : float
        Median dwell of those who look, s, and the standard deviation of its logarithm; never longer than the
        time in view after the first fixation.
    crowded : mapping of str to float
        Share of a placement that is hidden, by daypart; log-odds of a fixation fall by twice this.
    """

    in_view_share: float = 0.8
    exposed_s: float = 6.0
    exposed_spread: float = 0.6
    notice_odds: float = 0.0
    per_log_exposed: float = 0.6
    per_familiarity: float = 0.2
    placement_sd: float = 0.7
    person_sd: float = 0.5
    dwell_s: float = 0.9
    dwell_spread: float = 0.7
    crowded: Mapping[str, float] = field(default_factory=lambda: {"midday": 0.1, "evening peak": 0.35})


def attend(
    participants: Sequence[str],
    placements: Sequence[str],
    *,
    settings: Attending | None = None,
    walks: int = 1,
    segments: Sequence[str] = ("regular", "visitor"),
    familiarity: NDArray[np.float64] | None = None,
    placement_odds: NDArray[np.float64] | None = None,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Let people walk past placements.

    Parameters
    ----------
    participants, placements : sequence of str
        Ids.
    settings : Attending, optional
        None: defaults.
    walks : int
        Recordings per participant, one daypart after the other; people begin in turn.
    segments : sequence of str
        Given to the participants in turn.
    familiarity : (participants, placements) array, optional
        Familiarity of each person with each brand, 1 to 5; None: drawn.
    placement_odds : (placements,) array, optional
        Log-odds of a fixation that each placement adds; None: drawn with `placement_sd`.
    rng : Generator
        Source of randomness.

    Returns
    -------
    DataFrame
        Contract `METRICS`, one row per recording and placement, with `segment`, `daypart`, `p_notice` (chance
        of a fixation given exposure, this person and this placement) and `familiarity`.

    Raises
    ------
    ParameterError
        If `walks` is below 1 or an array has another shape.
    """
    chosen = settings or Attending()
    if walks < 1:
        raise ParameterError("walks", walks, "1 or more")
    n, m = len(participants), len(placements)
    if familiarity is None:
        known = 2.8 + rng.normal(0, 0.7, m)[None, :] + rng.normal(0, 0.9, (n, m))
        familiarity = np.clip(np.round(known), 1, 5)
    if familiarity.shape != (n, m):
        raise ParameterError("familiarity", familiarity.shape, f"shape ({n}, {m})")
    if placement_odds is None:
        placement_odds = rng.normal(0, chosen.placement_sd, m)
    if placement_odds.shape != (m,):
        raise ParameterError("placement_odds", placement_odds.shape, f"shape ({m},)")
    dayparts = list(chosen.crowded)
    walk, person, place = (axis.ravel() for axis in np.indices((walks, n, m)))
    daypart = np.array(dayparts)[(person + walk) % len(dayparts)]
    hidden = np.array([chosen.crowded[str(name)] for name in daypart])
    size = len(walk)
    in_view = rng.random(size) < chosen.in_view_share
    exposed = np.exp(rng.normal(np.log(chosen.exposed_s), chosen.exposed_spread, size))
    odds = (
        chosen.notice_odds
        + chosen.per_log_exposed * np.log(exposed / chosen.exposed_s)
        + chosen.per_familiarity * (familiarity[person, place] - 3)
        + placement_odds[place]
        + rng.normal(0, chosen.person_sd, n)[person]
        - 2 * hidden
    )
    p_notice = 1 / (1 + np.exp(-odds))
    noticed = in_view & (rng.random(size) < p_notice)
    waited = rng.beta(1.2, 2.5, size) * exposed
    dwell = np.minimum(
        np.exp(rng.normal(np.log(chosen.dwell_s), chosen.dwell_spread, size)), exposed - waited
    )
    ids, names = np.array(participants, dtype=object), np.array(placements, dtype=object)
    keys = {
        "recording_id": [f"{ids[i]}-walk-{w + 1}" for i, w in zip(person, walk, strict=True)],
        "participant_id": ids[person],
        "placement_id": names[place],
        "aoi_id": [""] * size,
    }
    table = pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in keys.items()})
    table = table.assign(**_measured(in_view, exposed, noticed, waited, dwell, hidden, rng))
    METRICS.check(table)
    segment = np.array(segments, dtype=object)[person % len(segments)]
    return table.assign(
        segment=pd.Series(segment, dtype="str"),
        daypart=pd.Series(daypart, dtype="str"),
        p_notice=p_notice,
        familiarity=familiarity[person, place],
    )


def _measured(
    in_view: NDArray[np.bool_],
    exposed: Floats,
    noticed: NDArray[np.bool_],
    waited: Floats,
    dwell: Floats,
    hidden: Floats,
    rng: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    """Return the measured columns of the metrics; times in s."""
    size, nan = len(in_view), np.full(len(in_view), np.nan)
    fixations = np.maximum(np.round(dwell / 0.3), 1)
    visits = np.where(noticed, np.maximum(np.round(fixations / 3), 1), 0).astype(np.int64)
    exposures = np.where(in_view, 1 + rng.poisson(0.4, size), 0)
    share = np.clip(1 - hidden + rng.normal(0, 0.08, size), 0.05, 1)
    return {
        "exposure_count": exposures,
        "exposure_ms": np.where(in_view, exposed * 1000, 0.0),
        "visible_share_mean": np.where(in_view, share, nan),
        "width_deg_max": np.where(in_view, np.exp(rng.normal(np.log(12), 0.5, size)), nan),
        "distance_mm_min": np.where(in_view, np.exp(rng.normal(np.log(4000), 0.4, size)), nan),
        "noticed": noticed,
        "time_to_first_fixation_ms": np.where(noticed, waited * 1000, nan),
        "exposure_to_first_fixation_ms": np.where(noticed, waited * 1000, nan),
        "censored_at_ms": np.where(noticed, nan, np.where(in_view, exposed * 1000, 0.0)),
        "first_fixation_ms": np.where(noticed, np.minimum(dwell, 0.25) * 1000, nan),
        "fixation_count": np.where(noticed, fixations, 0).astype(np.int64),
        "dwell_ms": np.where(noticed, dwell * 1000, 0.0),
        "gaze_ms": np.where(noticed, dwell * 1050, 0.0),
        "visit_count": visits,
        "revisit_count": np.maximum(visits - 1, 0),
    }


@dataclass(frozen=True, slots=True)
class Walked:
    """Simulated walks as events in time; each recording begins at 0 ns.

    Attributes
    ----------
    exposures, fixations, visits : DataFrame
        Contracts `EXPOSURES`, `MAPPED_FIXATIONS` and `VISITS`, with `recording_id`, `participant_id`,
        `segment` and `daypart`. One exposure and at most one visit per recording and placement.
    length_s : float
        Length of the longest walk, s.
    """

    exposures: pd.DataFrame
    fixations: pd.DataFrame
    visits: pd.DataFrame
    length_s: float


def walk_past(metrics: pd.DataFrame, *, pause_s: float = 2.0) -> Walked:
    """Lay simulated attention out in time: placements pass one after the other.

    Parameters
    ----------
    metrics : DataFrame
        From `attend`.
    pause_s : float
        Time between two placements, s.

    Returns
    -------
    Walked
        With the times in view, dwell and first fixations of the metrics.
    """
    seen = metrics[metrics["exposure_count"] > 0].reset_index(drop=True)
    lasting = seen["exposure_ms"].to_numpy(float) / 1000 + pause_s
    ends = pd.Series(lasting).groupby(seen["recording_id"]).cumsum().to_numpy()
    onset = ((ends - lasting) * 1e9).astype(np.int64)
    who = {name: seen[name] for name in ("recording_id", "participant_id", "segment", "daypart")}
    exposures = pd.DataFrame(
        {
            "placement_id": seen["placement_id"],
            "exposure": 0,
            "onset_ns": onset,
            "offset_ns": onset + (seen["exposure_ms"].to_numpy(float) * 1e6).astype(np.int64),
            "duration_ms": seen["exposure_ms"],
            "visible_share_mean": seen["visible_share_mean"],
            "width_deg_max": seen["width_deg_max"],
            "distance_mm_min": seen["distance_mm_min"],
            **who,
        }
    )
    looked = np.flatnonzero(seen["noticed"].to_numpy())
    count = seen["fixation_count"].to_numpy(np.int64)[looked]
    row = np.repeat(looked, count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    lasts = (seen["dwell_ms"] / seen["fixation_count"].where(seen["fixation_count"] > 0)).to_numpy(float)
    first = onset + (seen["exposure_to_first_fixation_ms"].fillna(0.0).to_numpy(float) * 1e6).astype(np.int64)
    begin = first[row] + (place * lasts[row] * 1e6).astype(np.int64)
    mine = seen.loc[row, ["placement_id", *who]].reset_index(drop=True)
    fixations = mine.assign(
        event_id=np.arange(len(row)),
        onset_ns=begin,
        offset_ns=begin + (lasts[row] * 1e6).astype(np.int64),
        duration_ms=lasts[row],
        creative_id="",
        copy=0,
        x_ref_px=np.nan,
        y_ref_px=np.nan,
        x_mm=np.nan,
        y_mm=np.nan,
        on_share=1.0,
    )
    own = seen.loc[looked, ["placement_id", *who]].reset_index(drop=True)
    dwell_ms = seen["dwell_ms"].to_numpy(float)[looked]
    visits = own.assign(
        aoi_id="",
        visit=0,
        onset_ns=first[looked],
        offset_ns=first[looked] + (dwell_ms * 1e6).astype(np.int64),
        duration_ms=dwell_ms,
        fixation_count=count,
    )
    return Walked(exposures, fixations, visits, float(ends.max(initial=0.0)))
