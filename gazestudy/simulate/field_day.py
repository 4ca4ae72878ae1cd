"""A simulated day of field observation with known truth: crowd, looking, observers who err, people asked.

Everybody in the crowd stands at a place; what is hidden is found by lines of sight through their bodies, not
by the formula that the analysis fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.crowd_sight import BODY_RADIUS_M, length_through_crowd_m
from gazestudy.model.fieldwork import FieldLog, field_table
from gazestudy.simulate.field_people import FOCAL_STATES, focal_events, interview_answers

Floats = NDArray[np.float64]
Rows = list[dict[str, object]]
Columns = dict[str, NDArray[Any]]

_FACE_COLUMNS, _FACE_ROWS = 5, 9


@dataclass(frozen=True, slots=True)
class Daypart:
    """Part of the day.

    Attributes
    ----------
    name : str
        Such as am_peak.
    hour : int
        When sessions of it start, local time.
    density_m2 : float
        Mean people per square metre.
    """

    name: str
    hour: int
    density_m2: float


@dataclass(frozen=True, slots=True)
class Observer:
    """How an observer errs.

    Attributes
    ----------
    code : str
        Code of the observer.
    misses_people : float
        Share of people who are not counted at all, whether they look or not.
    misses_glances, invents_glances : float
        Share of glances of counted people not noted, and of counted people without one noted as glancing.
    timing_sd_s : float
        Scatter of the times of events, s.
    misses_states : float
        Share of states of a focal person not noted.
    """

    code: str
    misses_people: float = 0.03
    misses_glances: float = 0.0
    invents_glances: float = 0.0
    timing_sd_s: float = 0.4
    misses_states: float = 0.04


@dataclass(frozen=True, slots=True)
class FieldDay:
    """Everything that a day of observation depends on.

    Attributes
    ----------
    points : tuple of str
        Where observers stand; one session per point and daypart.
    dayparts : tuple of Daypart
        Parts of the day.
    session_s, interval_s, scan_s : float
        Length of a session, of its intervals, and from scan to scan, s.
    width_m, depth_m : float
        Watched area: the face in the middle of one long side, the observer opposite at `depth_m`.
    line_m : float
        Effective width of the counted line.
    walking_share, walking_m_s : float
        Share of the crowd that walks across the line, and how fast.
    face_width_m, face_height_m, face_bottom_m : float
        The face of the placement.
    eye_m, body_height_m, body_height_sd_m, radius_m : float
        Eyes of observers; heights of people; radius of everybody.
    density_shape : float
        Shape of the gamma distribution of density over sessions; larger is more alike.
    notice_if_clear : float
        Chance that somebody who passes glances at a face that is not hidden.
    notice_correlation : float
        How alike people of one session are in that (correlation of two of them).
    phone_share, waiting_share, train_share : float
        Means over sessions of shares of those present.
    observers : tuple of Observer
        The first of them count in turn; each third session has another one beside.
    focal_pairs : int
        Sessions in which two observers follow the same people.
    respondents : int
        People who are asked at the point.
    habituation : float
        Remembered noticing at 20 passages a month, as a ratio of that at one.
    """

    points: tuple[str, ...] = ("gates", "stairs", "platform")
    dayparts: tuple[Daypart, ...] = (
        Daypart("am_peak", 8, 0.50),
        Daypart("midday", 12, 0.15),
        Daypart("pm_peak", 17, 0.65),
        Daypart("evening", 20, 0.20),
    )
    session_s: float = 3600.0
    interval_s: float = 300.0
    scan_s: float = 150.0
    width_m: float = 12.0
    depth_m: float = 5.0
    line_m: float = 4.0
    walking_share: float = 0.15
    walking_m_s: float = 1.1
    face_width_m: float = 1.2
    face_height_m: float = 1.8
    face_bottom_m: float = 0.9
    eye_m: float = 1.6
    body_height_m: float = 1.7
    body_height_sd_m: float = 0.07
    radius_m: float = 0.23
    density_shape: float = 12.0
    notice_if_clear: float = 0.25
    notice_correlation: float = 0.01
    phone_share: float = 0.40
    waiting_share: float = 0.60
    train_share: float = 0.12
    observers: tuple[Observer, ...] = (Observer("A"), Observer("B"), Observer("C"))
    focal_pairs: int = 6
    respondents: int = 60
    habituation: float = 0.6

    def flow_per_min(self, density_m2: float) -> float:
        """Return people who cross the line per minute at a density."""
        return density_m2 * self.walking_share * self.walking_m_s * self.line_m * 60


@dataclass(frozen=True, slots=True)
class FieldTruth:
    """What is true of a simulated day, in expectation.

    Attributes
    ----------
    figures : dict of str to float
        Names as in the analysis: notice_rate, flow_per_min, phone_share, waiting_share, train_looking_share,
        density_m2.
    by_daypart : DataFrame
        The same per daypart, indexed by its name.
    noted_notice_rate : float
        Notice rate as the first observer would note it without end: with missed and invented glances.
    radius_m : float
        Of bodies.
    habituation : float
        Ratio of remembered noticing at 20 and one passages a month.
    """

    figures: dict[str, float]
    by_daypart: pd.DataFrame
    noted_notice_rate: float
    radius_m: float
    habituation: float


def simulate_field_day(plan: FieldDay, *, rng: np.random.Generator) -> tuple[FieldLog, FieldTruth]:
    """Return what observers bring home from a day, and what was true.

    Parameters
    ----------
    plan : FieldDay
        What the day depends on.
    rng : Generator
        Source of randomness.

    Returns
    -------
    FieldLog
        Sessions of counts and scans (id "point-daypart", with "-second" for the observer beside), of focal
        follows ("focal-0" ...) and of interviews ("interviews"); one audit.
    FieldTruth

    Examples
    --------
    >>> log, truth = simulate_field_day(FieldDay(), rng=np.random.default_rng(1))
    >>> len(log.sessions[log.sessions["role"] == "primary"]), round(truth.figures["notice_rate"], 3)
    (19, 0.146)
    """
    sessions: Rows = []
    counts: list[tuple[str, Columns]] = []
    scans: list[tuple[str, Columns]] = []
    pairs: Rows = []
    number = 0
    for point in plan.points:
        for part in plan.dayparts:
            name = f"{point}-{part.name}"
            true = _true_session(plan, part, rng)
            seconds = number % 3 == 0
            for role in ("primary", "second")[: 1 + seconds]:
                shift = role == "second"
                observer = plan.observers[(number + shift) % len(plan.observers)]
                label = f"{name}-second" if shift else name
                sessions.append(_session_row(plan, label, point, part, observer, role))
                counts.append((label, _noted_counts(true, observer, rng)))
                scans.append((label, _noted_scans(true, observer, rng)))
            if seconds:
                pairs.append({"session_a": name, "session_b": f"{name}-second", "kind": "simultaneous"})
            number += 1
    events = _add_focal(plan, sessions, pairs, rng)
    answers = _add_interviews(plan, sessions, rng)
    log = FieldLog(
        sessions=field_table("sessions", sessions),
        interval_counts=_table("interval_counts", counts),
        scans=_table("scans", scans),
        events=events,
        audits=_audit(plan, str(sessions[0]["session_id"])),
        answers=answers,
        reliability_pairs=field_table("reliability_pairs", pairs),
    )
    return log, field_truth(plan)


def field_truth(plan: FieldDay) -> FieldTruth:
    """Return what is true of a plan: expected numerators over expected denominators.

    Notes
    -----
    With density gamma distributed over sessions, E ρ exp(−c ρ) = m (1 + c m / k)^−(k + 1), where c = 2 r L
    for a line of sight; walkers pass in proportion to density, so crowded sessions weigh more.
    """
    heights = plan.face_bottom_m + plan.face_height_m * (np.arange(200) + 0.5) / 200
    length = length_through_crowd_m(
        heights, distance_m=plan.depth_m, eye_m=plan.eye_m, body_height_m=plan.body_height_m
    )
    k = plan.density_shape
    rows = {}
    for part in plan.dayparts:
        m = part.density_m2
        clear = float(np.mean((1 + 2 * plan.radius_m * length * m / k) ** -(k + 1)))
        rows[part.name] = {
            "notice_rate": plan.notice_if_clear * clear,
            "flow_per_min": plan.flow_per_min(m),
            "phone_share": plan.phone_share,
            "waiting_share": plan.waiting_share,
            "train_looking_share": plan.train_share,
            "density_m2": m,
        }
    table = pd.DataFrame(rows).T
    figures = {str(name): float(table[name].mean()) for name in table}
    figures["notice_rate"] = float(np.average(table["notice_rate"], weights=table["density_m2"]))
    first, rate = plan.observers[0], figures["notice_rate"]
    noted = rate * (1 - first.misses_glances) + (1 - rate) * first.invents_glances
    return FieldTruth(figures, table, noted, plan.radius_m, plan.habituation)


@dataclass(frozen=True, slots=True)
class _TrueSession:
    passed: NDArray[np.int64]
    glanced: NDArray[np.int64]
    looked: NDArray[np.int64]
    stopped: NDArray[np.int64]
    present: NDArray[np.int64]
    states: dict[str, NDArray[np.int64]]
    blocked: Floats
    interval_s: float
    scan_s: float


def _true_session(plan: FieldDay, part: Daypart, rng: np.random.Generator) -> _TrueSession:
    intervals = round(plan.session_s / plan.interval_s)
    density = part.density_m2 * rng.gamma(plan.density_shape, 1 / plan.density_shape)
    passed = rng.poisson(plan.flow_per_min(density) * plan.interval_s / 60, intervals)
    spread = (1 - plan.notice_correlation) / plan.notice_correlation
    mean = plan.notice_if_clear
    inclined = rng.beta(mean * spread, (1 - mean) * spread)
    visible = _mean_visible(plan, density)
    glanced = rng.binomial(passed, inclined * visible)
    looked = rng.binomial(glanced, 0.25)
    scans = round(plan.session_s / plan.scan_s)
    present = rng.poisson(density * plan.width_m * plan.depth_m, scans)
    states = {}
    for name, share in (
        ("on_phone", plan.phone_share),
        ("waiting", plan.waiting_share),
        ("train_looking", plan.train_share),
    ):
        states[name] = rng.binomial(present, rng.beta(share * 60, (1 - share) * 60))
    blocked = np.array([blocked_share(plan, int(people), rng=rng) for people in present])
    stopped = rng.binomial(looked, 0.1)
    return _TrueSession(
        passed, glanced, looked, stopped, present, states, blocked, plan.interval_s, plan.scan_s
    )


def _mean_visible(plan: FieldDay, density: float) -> float:
    heights = plan.face_bottom_m + plan.face_height_m * (np.arange(200) + 0.5) / 200
    length = length_through_crowd_m(
        heights, distance_m=plan.depth_m, eye_m=plan.eye_m, body_height_m=plan.body_height_m
    )
    return float(np.exp(-2 * plan.radius_m * density * length).mean())


def blocked_share(plan: FieldDay, people: int, *, rng: np.random.Generator) -> float:
    """Return the part of the face hidden from the observer by people at random places in the area.

    Parameters
    ----------
    plan : FieldDay
        Area, face and bodies.
    people : int
        How many are present.
    rng : Generator
        Source of randomness.

    Returns
    -------
    float
        Share of 45 points of the face whose line of sight meets a body: an upright figure of twice the radius
        in width that faces the line, as tall as the person.
    """
    x = rng.uniform(-plan.width_m / 2, plan.width_m / 2, people)
    y = rng.uniform(0, plan.depth_m, people)
    tall = rng.normal(plan.body_height_m, plan.body_height_sd_m, people)
    away = np.hypot(x, y) > 2 * BODY_RADIUS_M  # nobody stands inside the observer
    x, y, tall = x[away], y[away], tall[away]
    across = plan.face_width_m * ((np.arange(_FACE_COLUMNS) + 0.5) / _FACE_COLUMNS - 0.5)
    height = plan.face_bottom_m + plan.face_height_m * (np.arange(_FACE_ROWS) + 0.5) / _FACE_ROWS
    length = np.hypot(across, plan.depth_m)[:, None]
    along = (x * across[:, None] + y * plan.depth_m) / length
    aside = np.abs(x * plan.depth_m - y * across[:, None]) / length
    meets = (aside < plan.radius_m) & (along > 0) & (along < length)
    over = plan.eye_m + (height - plan.eye_m)[:, None, None] * along / length  # height of the line there
    hidden = (meets & (over < tall)).any(axis=2)
    return float(hidden.mean())


def _noted_counts(true: _TrueSession, observer: Observer, rng: np.random.Generator) -> Columns:
    seen = 1 - observer.misses_people
    glanced_seen = rng.binomial(true.glanced, seen)
    others_seen = rng.binomial(true.passed - true.glanced, seen)
    noted = rng.binomial(glanced_seen, 1 - observer.misses_glances)
    looked = np.minimum(rng.binomial(true.looked, seen), noted)
    values = {
        "passed": glanced_seen + others_seen,
        "glanced": noted + rng.binomial(others_seen, observer.invents_glances),
        "looked_2s": looked,
        "stopped": np.minimum(true.stopped, looked),
    }
    slots = np.tile(np.arange(len(true.passed)), len(values))
    return {
        "interval_no": slots,
        "start_s": slots * true.interval_s,
        "end_s": (slots + 1) * true.interval_s,
        **_long(values, of_point=("passed",)),
    }


def _noted_scans(true: _TrueSession, observer: Observer, rng: np.random.Generator) -> Columns:
    kept = rng.binomial(true.present, 1 - observer.misses_people)
    values: dict[str, NDArray[Any]] = {"present": kept}
    for name, number in true.states.items():  # those missed are a random part of those present
        values[name] = rng.hypergeometric(number, true.present - number, kept)
    estimate = np.clip(true.blocked + rng.normal(0, 0.05, len(true.blocked)) * (true.blocked > 0), 0, 1)
    of_point = tuple(values)
    values["blocked_percent"] = np.round(estimate * 4) * 25
    slots = np.tile(np.arange(len(true.present)), len(values))
    return {"scan_no": slots, "at_s": slots * true.scan_s, **_long(values, of_point=of_point)}


def _long(values: dict[str, NDArray[Any]], *, of_point: tuple[str, ...]) -> Columns:
    """Return items one under the other."""
    size = len(next(iter(values.values())))
    places = ["" if name in of_point else PLACEMENT_ID for name in values]
    return {
        "placement_id": np.repeat(np.array(places, dtype=object), size),
        "item": np.repeat(np.array(list(values), dtype=object), size),
        "value": np.concatenate(list(values.values())).astype(float),
    }


def _table(name: str, parts: list[tuple[str, Columns]]) -> pd.DataFrame:
    """Return columns of several sessions as one table."""
    columns = {key: np.concatenate([part[key] for _, part in parts]) for key in parts[0][1]}
    ids = np.array([label for label, _ in parts], dtype=object)
    ids = np.repeat(ids, [len(part["item"]) for _, part in parts])
    return field_table(name, {"session_id": ids, "source": "simulated", **columns})


PLACEMENT_ID = "wall-6"
"""The placement of a simulated day."""

_STATION_ID = "riverside"
_DAY = datetime.fromisoformat("2026-11-20T00:00:00+07:00")


def _session_row(
    plan: FieldDay, label: str, point: str, part: Daypart, observer: Observer, role: str
) -> dict[str, object]:
    start = _DAY + timedelta(hours=part.hour, seconds=2.0 if role == "second" else 0.0)
    return {
        "session_id": label,
        "study_id": "simulated",
        "protocol_id": "station_point_observation",
        "station_id": _STATION_ID,
        "point_id": point,
        "observer": observer.code,
        "role": role,
        "planned_start": (_DAY + timedelta(hours=part.hour)).isoformat(),
        "started_at": start.isoformat(),
        "stopped_at": (start + timedelta(seconds=plan.session_s)).isoformat(),
        "tz": "Asia/Bangkok",
        "zone": "platform" if point == "platform" else "concourse",
        "daypart": part.name,
        "counted_geometry": "line",
        "counted_length_m": plan.line_m,
        "counted_area_m2": plan.width_m * plan.depth_m,
    }


def _other_session(
    plan: FieldDay, label: str, protocol: str, observer: Observer, role: str, *, hour: int
) -> dict[str, object]:
    row = _session_row(plan, label, plan.points[0], replace(plan.dayparts[0], hour=hour), observer, role)
    row |= {"protocol_id": protocol, "counted_geometry": "none", "counted_length_m": np.nan}
    return row | {"counted_area_m2": np.nan}


def _add_focal(plan: FieldDay, sessions: Rows, pairs: Rows, rng: np.random.Generator) -> pd.DataFrame:
    events: Rows = []
    for number in range(plan.focal_pairs):
        true = focal_events(plan.session_s, rng=rng)
        for role, observer in zip(("primary", "second"), plan.observers, strict=False):
            label = f"focal-{number}" + ("-second" if role == "second" else "")
            sessions.append(_other_session(plan, label, "focal_follow", observer, role, hour=9 + number % 12))
            shift = 2.0 if role == "second" else 0.0
            noted = true.noted(
                misses=observer.misses_states,
                timing_sd_s=observer.timing_sd_s,
                misses_points=observer.misses_glances,
                clock_ahead_s=-shift,
                rng=rng,
            )
            events += [{**row, "session_id": label, "placement_id": ""} for row in noted]
        pairs.append(
            {"session_a": f"focal-{number}", "session_b": f"focal-{number}-second", "kind": "simultaneous"}
        )
    return field_table("events", events) if events else FieldLog().events


def _add_interviews(plan: FieldDay, sessions: Rows, rng: np.random.Generator) -> pd.DataFrame:
    if plan.respondents == 0:
        return FieldLog().answers
    asker = plan.observers[0]
    row = _other_session(plan, "interviews", "intercept_interview", asker, "primary", hour=15)
    sessions.append(row)
    answers = interview_answers(
        plan.respondents, rate=0.4, habituation=plan.habituation, placement_id=PLACEMENT_ID, rng=rng
    )
    return field_table("answers", answers.assign(session_id="interviews"))


def _audit(plan: FieldDay, session_id: str) -> pd.DataFrame:
    row = {
        "session_id": session_id,
        "placement_id": PLACEMENT_ID,
        "station_id": _STATION_ID,
        "format": "6-sheet",
        "kind": "static",
        "width_m": plan.face_width_m,
        "height_m": plan.face_height_m,
        "bottom_m": plan.face_bottom_m,
        "reading_distance_m": plan.depth_m,
        "orientation_deg": 90.0,
        "words": 7.0,
    }
    return field_table("audits", [row])


__all__ = [
    "FOCAL_STATES",
    "PLACEMENT_ID",
    "Daypart",
    "FieldDay",
    "FieldTruth",
    "Observer",
    "blocked_share",
    "field_truth",
    "simulate_field_day",
]
