"""Single people of a simulated day of observation: those followed, and those asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

FOCAL_STATES = ("walk", "stand_wait", "on_phone", "train_board")
"""States of a followed person; one at a time."""

FOCAL_POINT = "glance"

_MEAN_S = (12.0, 40.0, 25.0, 6.0)
_GLANCES_PER_S = 1 / 60


@dataclass(frozen=True, slots=True)
class FocalRecord:
    """What a followed person did.

    Attributes
    ----------
    states : list of (str, float, float)
        State, start and end since the start of the session, s, without overlap.
    points_s : list of float
        Glances.
    length_s : float
        Length of the session.
    """

    states: list[tuple[str, float, float]]
    points_s: list[float]
    length_s: float

    def noted(
        self,
        *,
        misses: float,
        timing_sd_s: float,
        misses_points: float,
        clock_ahead_s: float,
        rng: np.random.Generator,
    ) -> list[dict[str, object]]:
        """Return rows of the event table as an observer writes them.

        Parameters
        ----------
        misses, misses_points : float
            Shares of states and points not noted.
        timing_sd_s : float
            Scatter of times, s.
        clock_ahead_s : float
            How far the observer's session clock is ahead of the true one, s.
        rng : Generator
            Source of randomness.
        """
        rows: list[dict[str, object]] = []
        free_from = 0.0
        for code, start, end in self.states:
            if rng.random() < misses:
                continue
            begins = max(start + clock_ahead_s + rng.normal(0, timing_sd_s), free_from, 0.0)
            ends = min(end + clock_ahead_s + rng.normal(0, timing_sd_s), self.length_s)
            if ends - begins < 0.2:
                continue
            rows.append(_event(len(rows), code, "state", begins, ends))
            free_from = ends
        for moment in self.points_s:
            at = moment + clock_ahead_s + rng.normal(0, timing_sd_s)
            if rng.random() >= misses_points and 0 <= at <= self.length_s:
                rows.append(_event(len(rows), FOCAL_POINT, "point", at, float("nan")))
        return rows


def focal_events(length_s: float, *, rng: np.random.Generator) -> FocalRecord:
    """Return what followed people do in a session: states one after the other with gaps, and glances.

    Parameters
    ----------
    length_s : float
        Length of the session, s.
    rng : Generator
        Source of randomness.

    Examples
    --------
    >>> record = focal_events(600.0, rng=np.random.default_rng(0))
    >>> all(start < end for _, start, end in record.states)
    True
    """
    now, states = float(rng.exponential(5.0)), []
    while now < length_s:
        kind = int(rng.integers(len(FOCAL_STATES)))
        end = min(now + 1.0 + float(rng.exponential(_MEAN_S[kind])), length_s)
        states.append((FOCAL_STATES[kind], now, end))
        now = end + float(rng.exponential(6.0))
    points = np.sort(rng.uniform(0, length_s, rng.poisson(length_s * _GLANCES_PER_S)))
    return FocalRecord(states, points.tolist(), length_s)


def interview_answers(
    respondents: int, *, rate: float, habituation: float, placement_id: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Return rows of the answer table of people asked how often they pass and whether they noticed.

    Parameters
    ----------
    respondents : int
        How many.
    rate : float
        Chance to have noticed at one passage a month.
    habituation : float
        That chance at 20 passages a month as a ratio of it.
    placement_id : str
        What they were asked about.
    rng : Generator
        Source of randomness.
    """
    passages = rng.choice([0, 1, 2, 4, 8, 12, 20, 40], respondents)
    slope = np.log(habituation) / (np.log1p(20) - np.log1p(1))
    chance = np.clip(rate * np.exp(slope * (np.log1p(passages) - np.log1p(1))), 0, 1)
    noticed = rng.random(respondents) < chance
    people = [f"R{number:03d}" for number in range(1, respondents + 1)]
    often = {"item": "passages_per_month", "placement_id": "", "value": passages.astype(str)}
    seen = {"item": "noticed", "placement_id": placement_id, "value": np.where(noticed, "yes", "no")}
    tables = [pd.DataFrame({"respondent_id": people, **columns}) for columns in (often, seen)]
    return pd.concat(tables, ignore_index=True)


def _event(number: int, code: str, form: str, start_s: float, end_s: float) -> dict[str, object]:
    return {
        "event_id": number,
        "subject": "1",
        "code": code,
        "form": form,
        "t_s": start_s,
        "t_end_s": end_s,
        "closed_by": "observer" if form == "state" else "none",
    }
