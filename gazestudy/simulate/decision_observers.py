"""What observers of the simulated decision study write down: passages, facing, people present, blocking."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.fieldwork import FieldLog, field_table

if TYPE_CHECKING:
    from gazestudy.simulate.decision_study import DecisionStudy, Period, Site

_FIRST_DAY = datetime.fromisoformat("2026-11-16T00:00:00+07:00")
_INTERVAL_S = 300.0
_AREA_M2 = 40.0
_FACING_SPREAD = 150.0  # of a beta distribution over sessions; larger is more alike
_BLOCKED_SPREAD = 40.0


def observe(study: DecisionStudy, *, rng: np.random.Generator) -> FieldLog:
    """Return the field log of a simulated study.

    Parameters
    ----------
    study : DecisionStudy
        What is observed; the point of each placement has its name.
    rng : Generator
        Source of randomness.

    Returns
    -------
    FieldLog
        `sessions` sessions per placement and daypart on different days, each with interval counts and scans
        every five minutes; one audit per placement. Observers count without bias: what they miss is not part
        of this simulation.
    """
    sessions, counts, scans, audits = [], [], [], []
    for number, site in enumerate(study.sites):
        for period in study.periods:
            for day in range(study.sessions):
                label = f"{site.placement_id}-{period.name}-{day + 1}"
                sessions.append(_session(study, site, period, label, day))
                passed, facing, present, blocked = _hour(study, number, site, period, rng)
                counts.append(_long(label, site, {"passed": passed, "passed_facing": facing}))
                scans.append(_long(label, site, {"present": present, "blocked_percent": blocked}))
        audits.append(_audit(site, f"{site.placement_id}-{study.periods[0].name}-1"))
    tallies = pd.concat(counts, ignore_index=True)
    start = tallies["slot"] * _INTERVAL_S
    states = pd.concat(scans, ignore_index=True)
    return FieldLog(
        sessions=field_table("sessions", sessions),
        interval_counts=field_table(
            "interval_counts",
            tallies.assign(start_s=start, end_s=start + _INTERVAL_S, interval_no=tallies["slot"]).drop(
                columns="slot"
            ),
        ),
        scans=field_table(
            "scans",
            states.assign(scan_no=states["slot"], at_s=states["slot"] * _INTERVAL_S).drop(columns="slot"),
        ),
        audits=field_table("audits", audits),
    )


def _hour(
    study: DecisionStudy, number: int, site: Site, period: Period, rng: np.random.Generator
) -> tuple[NDArray[np.float64], ...]:
    slots = round(study.session_min * 60 / _INTERVAL_S)
    flow = study.flow_per_min(number, period) * rng.gamma(study.flow_shape, 1 / study.flow_shape)
    passed = rng.poisson(flow * _INTERVAL_S / 60, slots)
    share = rng.beta(site.facing_share * _FACING_SPREAD, (1 - site.facing_share) * _FACING_SPREAD)
    facing = rng.binomial(passed, share)
    present = rng.poisson(period.density_m2 * _AREA_M2, slots)
    hidden = 1 - study.clear_share(site, period)
    usual = rng.beta(hidden * _BLOCKED_SPREAD, (1 - hidden) * _BLOCKED_SPREAD)
    blocked = rng.beta(usual * 3 + 1e-9, (1 - usual) * 3 + 1e-9, slots)
    return passed.astype(float), facing.astype(float), present.astype(float), np.round(100 * blocked)


def _long(label: str, site: Site, values: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    size = len(next(iter(values.values())))
    of_point = {"passed", "present"}
    return pd.DataFrame(
        {
            "session_id": label,
            "slot": np.tile(np.arange(size), len(values)),
            "placement_id": np.repeat(
                ["" if name in of_point else site.placement_id for name in values], size
            ),
            "item": np.repeat(list(values), size),
            "value": np.concatenate(list(values.values())),
            "source": "simulated",
        }
    )


def _session(study: DecisionStudy, site: Site, period: Period, label: str, day: int) -> dict[str, object]:
    start = _FIRST_DAY + timedelta(days=day, hours=period.hour)
    return {
        "session_id": label,
        "study_id": "simulated",
        "protocol_id": "station_point_observation",
        "station_id": "riverside",
        "point_id": site.placement_id,
        "observer": ("A", "B", "C")[day % 3],
        "started_at": start.isoformat(),
        "stopped_at": (start + timedelta(minutes=study.session_min)).isoformat(),
        "tz": "Asia/Bangkok",
        "zone": site.group,
        "daypart": period.name,
        "counted_geometry": "line",
        "counted_length_m": 4.0,
        "counted_area_m2": _AREA_M2,
    }


def _audit(site: Site, session_id: str) -> dict[str, object]:
    return {
        "session_id": session_id,
        "placement_id": site.placement_id,
        "station_id": "riverside",
        "format": "6-sheet",
        "kind": "static",
        "width_m": 1.2,
        "height_m": site.height_m,
        "bottom_m": site.bottom_m,
        "reading_distance_m": site.distance_m,
        "orientation_deg": 45.0,
        "words": 7.0,
    }
