"""Followed people: for how long each was in view, whether and when they looked, how long they stayed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.sessions import session_seconds
from gazestudy.model.fieldwork import FieldLog
from gazestudy.statistics.intervals import Estimate, clustered_share
from gazestudy.statistics.survival import SurvivalCurve, kaplan_meier

ENTER, LEAVE, LOST = "enter_view", "exit_view", "lost_sight"
LOOKS = ("glance", "look")
"""Codes of the protocol `focal_follow`."""


@dataclass(frozen=True, slots=True)
class FollowedLooking:
    """Noticing by people who were followed through the view of a placement.

    Attributes
    ----------
    people : DataFrame
        One row per session and person: session_id, subject, enter_s, leave_s, in_view_s, seen_to_end (left on
        their own, not out of sight or at the end of the session), noticed, looks, first_look_s (since they
        entered, NaN where never), look_s (time in looks that lasted).
    notice : Estimate
        People who looked at least once, of those followed; clusters are sessions.
    first_look : SurvivalCurve
        Share who have not looked yet by time in view, s; who left or was lost without a look is censored.
    """

    people: pd.DataFrame
    notice: Estimate
    first_look: SurvivalCurve


def followed_looking(log: FieldLog, *, placement_id: str = "", level: float = 0.95) -> FollowedLooking:
    """Return who of the followed people looked, and after how long.

    Parameters
    ----------
    log : FieldLog
        Observation tables with events of the protocol `focal_follow`; only sessions of role primary count.
    placement_id : str
        Only looks at this placement; at any where empty.
    level : float
        Confidence.

    Returns
    -------
    FollowedLooking

    Raises
    ------
    ParameterError
        If nobody was followed from entering the view.

    Notes
    -----
    People are taken from `enter_view` to `exit_view`, `lost_sight` or the end of the session, whichever comes
    first. Limits of the curve take people as independent.
    """
    times = session_seconds(log.sessions[log.sessions["role"] == "primary"])
    lengths = times["length_s"].to_dict()
    events = log.events[log.events["session_id"].isin(times.index) & (log.events["subject"] != "")]
    rows = []
    for (session, subject), part in events.groupby(["session_id", "subject"], sort=True):
        entered = part.loc[part["code"] == ENTER, "t_s"]
        if len(entered):
            end_s = float(lengths[session])
            rows.append({"session_id": session, "subject": subject, **_person(part, placement_id, end_s)})
    if not rows:
        raise ParameterError("events", len(events), f"people with the code {ENTER!r}")
    people = pd.DataFrame(rows)
    by_session = people.groupby("session_id")["noticed"].agg(["sum", "count"])
    waited = people["first_look_s"].fillna(people["in_view_s"])
    return FollowedLooking(
        people,
        clustered_share(by_session["sum"], by_session["count"], level=level),
        kaplan_meier(waited, people["noticed"], level=level),
    )


def stay_curve(log: FieldLog, *, code: str = "in_area", level: float = 0.95) -> SurvivalCurve:
    """Return the share of people still there by time since they came, such as in an area or a queue.

    Parameters
    ----------
    log : FieldLog
        Observation tables; only sessions of role primary count.
    code : str
        State whose bouts are stays, such as in_area, queueing or doors_open of `dwell_and_queue`.
    level : float
        Confidence; people are taken as independent.

    Returns
    -------
    SurvivalCurve
        In s. Stays that only the end of the session ended are censored: dropping them would lose the long
        ones.

    Raises
    ------
    ParameterError
        If there is no such stay.
    """
    primary = log.sessions.loc[log.sessions["role"] == "primary", "session_id"]
    events = log.events[log.events["session_id"].isin(primary) & (log.events["code"] == code)]
    stays = events[(events["form"] == "state") & events["t_end_s"].notna()]
    if stays.empty:
        raise ParameterError("code", code, "a state with at least one bout")
    return kaplan_meier(stays["t_end_s"] - stays["t_s"], stays["closed_by"] != "session_end", level=level)


def _person(part: pd.DataFrame, placement_id: str, end_s: float) -> dict[str, object]:
    enter = float(part.loc[part["code"] == ENTER, "t_s"].min())
    ends = part[part["code"].isin([LEAVE, LOST]) & (part["t_s"] >= enter)].sort_values("t_s")
    leave = min(float(ends["t_s"].iloc[0]) if len(ends) else end_s, end_s)
    looks = part[part["code"].isin(LOOKS) & (part["t_s"] >= enter) & (part["t_s"] <= leave)]
    if placement_id:
        looks = looks[looks["placement_id"] == placement_id]
    lasted = (np.minimum(looks["t_end_s"], leave) - looks["t_s"]).fillna(0.0)
    return {
        "enter_s": enter,
        "leave_s": leave,
        "in_view_s": leave - enter,
        "seen_to_end": bool(len(ends) and ends["code"].iloc[0] == LEAVE),
        "noticed": bool(len(looks)),
        "looks": len(looks),
        "first_look_s": float(looks["t_s"].min()) - enter if len(looks) else float("nan"),
        "look_s": float(lasted.sum()),
    }
