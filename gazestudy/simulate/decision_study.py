"""A simulated study from attention to decision: people, placements, dayparts, observers, interviews, prices.

Tables only, and the truth of everything that the analysis estimates: passages, exposure, noticing, time to
the first look, dwell, memory, platform potential and cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.crowd_sight import BODY_HEIGHT_SD_M, BODY_RADIUS_M, visible_share
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.tables import METRICS
from gazestudy.simulate.decision_observers import observe
from gazestudy.simulate.remembering import Remembered, Remembering, logistic, remember

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Site:
    """A placement of the simulated study.

    Attributes
    ----------
    placement_id, group : str
        Its id, and the part of the station it hangs in.
    bottom_m, height_m, distance_m : float
        Lower edge and height of the face, and distance to those who pass, m.
    facing_share : float
        Share of those passing who walk towards it.
    looks_per_s : float
        Rate at which somebody who has it in view looks at it for the first time, per s.
    view_s : float
        Mean time in view, s.
    dwell_s : float
        Median dwell of those who look, s, before it is cut at the end of the time in view.
    brand : float
        Mean familiarity with its brand, 1 to 5.
    appeal : float
        How far its creative pleases, points of a scale.
    cost_per_day : float
        Its price.
    """

    placement_id: str
    group: str
    bottom_m: float
    height_m: float
    distance_m: float
    facing_share: float
    looks_per_s: float
    view_s: float
    dwell_s: float
    brand: float
    appeal: float
    cost_per_day: float


@dataclass(frozen=True, slots=True)
class Period:
    """A daypart of the simulated study.

    Attributes
    ----------
    name : str
        Its name.
    hour : int
        When sessions start, local time.
    minutes_per_day : float
        How long it lasts.
    density_m2 : float
        People per m².
    flow_per_min : float
        People who pass a placement of average flow, per minute.
    looks_factor, view_factor : float
        Factors on the rate of first looks and on the time in view.
    """

    name: str
    hour: int
    minutes_per_day: float
    density_m2: float
    flow_per_min: float
    looks_factor: float
    view_factor: float


def usual_sites() -> tuple[Site, ...]:
    """Return twelve placements that differ in all that matters."""
    sites = []
    for number in range(12):
        high = number % 3 == 2
        sites.append(
            Site(
                placement_id=f"face-{number + 1:02d}",
                group=("gates", "concourse", "platform")[number % 3],
                bottom_m=2.1 if high else 0.9 + 0.05 * (number % 4),
                height_m=1.2 + 0.2 * (number % 3),
                distance_m=3.0 + 0.4 * (number % 5),
                facing_share=0.55 + 0.05 * (number % 7),
                looks_per_s=0.06 + 0.022 * ((5 * number) % 12),
                view_s=4.0 + 0.5 * ((7 * number) % 12),
                dwell_s=0.7 + 0.09 * ((11 * number) % 12),
                brand=2.2 + 0.12 * ((3 * number) % 12),
                appeal=0.11 * ((7 * number + 2) % 12) - 0.6,
                cost_per_day=120.0 + 35.0 * ((5 * number + 3) % 12),
            )
        )
    return tuple(sites)


@dataclass(frozen=True, slots=True)
class DecisionStudy:
    """Everything that the simulated study depends on.

    Attributes
    ----------
    people : int
        Participants; each walks once in every daypart, and is interviewed after the last walk.
    sites : tuple of Site
        Placements.
    periods : tuple of Period
        Dayparts.
    person_looks_sd, person_dwell_sd : float
        Standard deviations over people of the logarithms of the rate of first looks and of the dwell.
    dwell_spread : float
        Standard deviation of the logarithm of dwell within a person.
    view_shape : float
        Shape of the gamma distribution of the time in view.
    sessions : int
        Sessions of observation per placement and daypart, each `session_min` long.
    session_min : float
        Length of a session, min.
    flow_shape : float
        Shape of the gamma distribution of flow over sessions.
    memory : Remembering
        How people remember.
    """

    people: int = 40
    sites: tuple[Site, ...] = field(default_factory=usual_sites)
    periods: tuple[Period, ...] = (
        Period("am_peak", 8, 180.0, 0.45, 28.0, 0.8, 0.8),
        Period("midday", 13, 420.0, 0.12, 11.0, 1.15, 1.2),
    )
    person_looks_sd: float = 0.5
    person_dwell_sd: float = 0.3
    dwell_spread: float = 0.6
    view_shape: float = 4.0
    sessions: int = 6
    session_min: float = 30.0
    flow_shape: float = 25.0
    memory: Remembering = field(default_factory=Remembering)

    def flow_per_min(self, site: int, period: Period) -> float:
        """Return people passing a placement per minute: they differ by place."""
        return period.flow_per_min * (0.7 + 0.06 * ((5 * site) % 11))

    def clear_share(self, site: Site, period: Period) -> float:
        """Return the part of a face that people leave free."""
        return float(
            visible_share(
                period.density_m2,
                bottom_m=site.bottom_m,
                height_m=site.height_m,
                distance_m=site.distance_m,
                radius_m=BODY_RADIUS_M,
                body_height_sd_m=BODY_HEIGHT_SD_M,
                free_m=2 * BODY_RADIUS_M,
            )
        )


@dataclass(frozen=True, slots=True)
class DecisionData:
    """What the simulated study brings home.

    Attributes
    ----------
    metrics : DataFrame
        Contract `METRICS` with segment and daypart: one row per participant, daypart and placement.
    log : FieldLog
        What observers counted; the point of each placement has its name.
    remembered : Remembered
        Interviews, and what was true of them.
    """

    metrics: pd.DataFrame
    log: FieldLog
    remembered: Remembered


def simulate_decision_study(study: DecisionStudy, *, rng: np.random.Generator) -> DecisionData:
    """Return the tables of one simulated study.

    Parameters
    ----------
    study : DecisionStudy
        What it depends on.
    rng : Generator
        Source of randomness.

    Examples
    --------
    >>> data = simulate_decision_study(DecisionStudy(people=4), rng=np.random.default_rng(1))
    >>> len(data.metrics), len(data.log.sessions)
    (96, 144)
    """
    walks = walks_of(study, study.people, rng)
    cases = merged_cases(walks)
    remembered = remember(
        cases,
        settings=replace(study.memory, appeal={site.placement_id: site.appeal for site in study.sites}),
        placements=[site.placement_id for site in study.sites],
        rng=rng,
    )
    return DecisionData(_metrics(walks), observe(study, rng=rng), remembered)


def merged_cases(walks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per participant and placement in view in any daypart, with what was looked in all."""
    seen = walks[walks["exposed"]]
    groups = seen.groupby(["participant_id", "placement_id"], sort=False)
    cases = groups.agg(
        fixated=("noticed", "any"),
        dwell_s=("dwell_s", "sum"),
        familiarity=("familiarity", "first"),
        prior_exposure=("prior_exposure", "first"),
        passages_per_month=("passages_per_month", "first"),
        segment=("segment", "first"),
        recording_id=("recording_id", "first"),
    )
    return cases.reset_index()


def walks_of(study: DecisionStudy, people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return what happens to many people: one row per person, daypart and placement."""
    sites, periods = study.sites, study.periods
    person, period, place = (axis.ravel() for axis in np.indices((people, len(periods), len(sites))))
    size = len(person)

    def of_site(name: str) -> Floats:
        values: Floats = np.array([getattr(site, name) for site in sites], dtype=float)[place]
        return values

    def of_period(name: str) -> Floats:
        values: Floats = np.array([getattr(one, name) for one in periods], dtype=float)[period]
        return values

    clear = np.array([[study.clear_share(site, one) for site in sites] for one in periods])[period, place]
    exposed = rng.random(size) < of_site("facing_share") * clear
    keen = rng.normal(0, study.person_looks_sd, people)[person]
    slow = rng.normal(0, study.person_dwell_sd, people)[person]
    view_s = rng.gamma(study.view_shape, of_site("view_s") * of_period("view_factor") / study.view_shape)
    rate = of_site("looks_per_s") * of_period("looks_factor") * np.exp(keen)
    first_s = rng.exponential(1 / rate)
    noticed = exposed & (first_s < view_s)
    wanted = of_site("dwell_s") * np.exp(slow + rng.normal(0, study.dwell_spread, size))
    dwell_s = np.where(noticed, np.minimum(wanted, view_s - first_s), 0.0)
    monthly = np.maximum(np.round(np.exp(rng.normal(2.3, 1.0, people))), 0)
    brand = np.array([site.brand for site in sites])
    familiarity = np.clip(np.round(brand[None] + rng.normal(0, 0.9, (people, len(sites)))), 1, 5)
    prior = rng.random((people, len(sites))) < logistic(-1.8 + 0.5 * np.log1p(monthly))[:, None]
    names = np.array([f"P{number + 1:02d}" for number in range(people)], dtype=object)
    ids = np.array([site.placement_id for site in sites], dtype=object)
    parts = np.array([one.name for one in periods], dtype=object)
    return pd.DataFrame(
        {
            "recording_id": names[person] + "-" + parts[period],
            "participant_id": names[person],
            "placement_id": ids[place],
            "segment": np.where(monthly >= 10, "regular", "visitor")[person],
            "daypart": parts[period],
            "exposed": exposed,
            "noticed": noticed,
            "view_s": view_s,
            "first_s": first_s,
            "dwell_s": dwell_s,
            "familiarity": familiarity[person, place],
            "prior_exposure": prior[person, place].astype(float),
            "passages_per_month": monthly[person],
        }
    )


def _metrics(walks: pd.DataFrame) -> pd.DataFrame:
    exposed, noticed = walks["exposed"].to_numpy(), walks["noticed"].to_numpy()
    nan = np.full(len(walks), np.nan)
    dwell_ms = walks["dwell_s"].to_numpy() * 1000
    view_ms = np.where(exposed, walks["view_s"], 0.0) * 1000
    fixations = np.where(noticed, np.maximum(np.round(dwell_ms / 300), 1), 0).astype(np.int64)
    text = {name: walks[name].astype("str") for name in ("recording_id", "participant_id", "placement_id")}
    table = pd.DataFrame(
        {
            **text,
            "aoi_id": pd.Series([""] * len(walks), dtype="str"),
            "exposure_count": exposed.astype(np.int64),
            "exposure_ms": view_ms,
            "visible_share_mean": np.where(exposed, 1.0, nan),
            "width_deg_max": nan,
            "distance_mm_min": nan,
            "noticed": noticed,
            "time_to_first_fixation_ms": np.where(noticed, walks["first_s"] * 1000, nan),
            "exposure_to_first_fixation_ms": np.where(noticed, walks["first_s"] * 1000, nan),
            "censored_at_ms": np.where(noticed, nan, view_ms),
            "first_fixation_ms": np.where(noticed, np.minimum(dwell_ms, 300), nan),
            "fixation_count": fixations,
            "dwell_ms": dwell_ms,
            "gaze_ms": dwell_ms * 1.05,
            "visit_count": (fixations > 0).astype(np.int64),
            "revisit_count": np.zeros(len(walks), dtype=np.int64),
            "segment": walks["segment"].astype("str"),
            "daypart": walks["daypart"].astype("str"),
        }
    )
    return METRICS.check(table)


def site_costs(study: DecisionStudy, chosen: Sequence[str] | None = None) -> dict[str, float]:
    """Return the price per day of the placements, or of some of them."""
    wanted = None if chosen is None else set(chosen)
    return {
        site.placement_id: site.cost_per_day
        for site in study.sites
        if wanted is None or site.placement_id in wanted
    }
