"""Tables of observers, glasses and interviews -> terms of the platform potential."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.strategy.digital import LEAST_ON_SCREEN_S, spot_chance, voice_share
from gazestudy.strategy.terms import Term, fixed_term, ratio_term, share_term

CASE_COLUMNS = ("participant_id", "placement_id", "daypart", "exposed", "fixated", "dwell_s")
"""What a table of cases must have: one row per passage of a participant, exposed or not.

`recalled` (0, 1, NaN where not asked) is used where it is there.
"""

FEW_LOOKS = 5
"""With fewer people who looked, the length of a look is taken from more of the study."""


def check_cases(cases: pd.DataFrame) -> pd.DataFrame:
    """Return cases unchanged if they have `CASE_COLUMNS`.

    Raises
    ------
    ParameterError
        If a column is missing, or somebody fixated what was not in view.
    """
    missing = [name for name in CASE_COLUMNS if name not in cases]
    if missing:
        raise ParameterError("cases", missing, "a table with " + ", ".join(CASE_COLUMNS))
    wrong = cases["fixated"].astype(bool) & ~cases["exposed"].astype(bool)
    if wrong.any():
        raise ParameterError("cases", int(wrong.sum()), "no case that is fixated but was never in view")
    return cases


def flow_term(sums: pd.DataFrame, *, level: float = 0.95) -> Term:
    """Return people passing per minute.

    Parameters
    ----------
    sums : DataFrame
        Indexed by session_id: part (people), whole (minutes watched).
    level : float
        Confidence.
    """
    return ratio_term(
        "passages_per_min",
        sums["part"],
        sums["whole"],
        clusters=_session_keys(sums),
        unit="people/min",
        source="counted",
        rule="people who crossed the counted line per minute watched",
        n_of="sessions",
        level=level,
    )


def facing_term(sums: pd.DataFrame, *, level: float = 0.95) -> Term:
    """Return the share of passages towards the face: part (passed_facing), whole (passed) per session."""
    return share_term(
        "exposed",
        sums["part"],
        sums["whole"],
        clusters=_session_keys(sums),
        source="counted",
        rule="of those passing, walked towards the face; taken as having it before them",
        n_of="sessions",
        level=level,
    )


def clear_term(sums: pd.DataFrame, *, level: float = 0.95) -> Term:
    """Return the share of the face that people leave free: part (blocked share summed), whole (scans)."""
    return share_term(
        "clear",
        sums["whole"] - sums["part"],
        sums["whole"],
        clusters=_session_keys(sums),
        source="counted",
        rule="1 minus the part of the face hidden by people, mean over scans from the observer's place",
        n_of="sessions",
        level=level,
    )


CONTAINED = fixed_term(
    "clear",
    1.0,
    unit="share",
    source="gaze",
    rule="contained in exposed: in view of the glasses means not hidden",
)
"""Clear view where exposure is taken from the glasses."""


def exposed_term(cases: pd.DataFrame, *, level: float = 0.95) -> Term:
    """Return the share of passages of participants with the placement in view."""
    sums = _by_person(cases, cases["exposed"].astype(float), np.ones(len(cases)))
    return share_term(
        "exposed",
        sums["part"],
        sums["whole"],
        clusters=_person_keys(sums),
        source="gaze",
        rule="of participants' passages, the placement was in view of the scene camera",
        n_of="people",
        level=level,
    )


def noticed_term(cases: pd.DataFrame, *, level: float = 0.95) -> Term:
    """Return the share of exposures with at least one fixation."""
    seen = cases[cases["exposed"].astype(bool)]
    sums = _by_person(seen, seen["fixated"].astype(float), np.ones(len(seen)))
    return share_term(
        "noticed",
        sums["part"],
        sums["whole"],
        clusters=_person_keys(sums),
        source="gaze",
        rule="of passages with the placement in view, at least one fixation on it",
        n_of="people",
        level=level,
    )


def view_term(cases: pd.DataFrame, *, level: float = 0.95) -> Term:
    """Return seconds in view per passage with the placement in view (`exposed_s`)."""
    seen = cases[cases["exposed"].astype(bool)]
    sums = _by_person(seen, seen["exposed_s"].astype(float), np.ones(len(seen)))
    return ratio_term(
        "view_s",
        sums["part"],
        sums["whole"],
        clusters=_person_keys(sums),
        unit="s",
        source="gaze",
        rule="time in view per passage with the placement in view",
        n_of="people",
        level=level,
    )


def dwell_term(groups: Sequence[tuple[str, pd.DataFrame]], *, level: float = 0.95) -> Term:
    """Return seconds looked per passage with a look.

    Parameters
    ----------
    groups : sequence of (str, DataFrame)
        Cases from the narrowest group to the widest, each with its name. The first with `FEW_LOOKS` people
        who looked is taken, else the last with any; the rule says which.
    level : float
        Confidence.
    """
    for number, (name, cases) in enumerate(groups):
        looked = cases[cases["fixated"].astype(bool)]
        enough = looked["participant_id"].nunique() >= FEW_LOOKS
        if not (enough or number == len(groups) - 1):
            continue
        sums = _by_person(looked, looked["dwell_s"].astype(float), np.ones(len(looked)))
        wider = "" if number == 0 else f"; fewer than {FEW_LOOKS} people looked here, taken from {name}"
        return ratio_term(
            "dwell_s",
            sums["part"],
            sums["whole"],
            clusters=_person_keys(sums),
            unit="s",
            source="gaze",
            rule="summed duration of fixations per passage with a look" + wider,
            n_of="people",
            level=level,
        )
    raise ParameterError("groups", groups, "at least one group of cases")


def recalled_term(cases: pd.DataFrame, *, level: float = 0.95) -> Term | None:
    """Return the share of exposures that were recalled; None where nobody was asked."""
    if "recalled" not in cases:
        return None
    asked = cases[cases["exposed"].astype(bool) & cases["recalled"].notna()]
    if asked.empty:
        return None
    sums = _by_person(asked, asked["recalled"].astype(float), np.ones(len(asked)))
    return share_term(
        "recalled",
        sums["part"],
        sums["whole"],
        clusters=_person_keys(sums),
        source="remembered",
        rule="of participants who had it in view on any of their walks, named without help afterwards",
        n_of="people",
        level=level,
    )


def spot_terms(cases: pd.DataFrame, *, spot_s: float, loop_s: float, level: float = 0.95) -> list[Term]:
    """Return what one spot gets of a screen: of the seconds, of the opportunities, of the looks.

    Parameters
    ----------
    cases : DataFrame
        Cases at the placement; with `exposed_s` (time in view) also the opportunities are known.
    spot_s, loop_s : float
        Spot and loop, s.
    level : float
        Confidence.

    Returns
    -------
    list of Term
        `voice` (S / L of the seconds), `spot_in_view` (chance that somebody who has the screen in view meets
        the spot for 1 s or more) and `spot_met` (chance that a look does). Both are means over the times that
        were measured. A look is shorter than the time in view: taking the time in view for looks would
        overstate how many look at the spot.
    """
    voice = fixed_term(
        "voice",
        voice_share(spot_s=spot_s, loop_s=loop_s),
        unit="share",
        source="modelled",
        rule=f"spot of {spot_s:g} s in a loop of {loop_s:g} s",
    )
    terms = [voice]
    ways = [("spot_met", "fixated", "dwell_s", "look")]
    if "exposed_s" in cases:
        ways.insert(0, ("spot_in_view", "exposed", "exposed_s", "time in view"))
    for name, which, column, word in ways:
        own = cases[cases[which].astype(bool)]
        met = spot_chance(own[column].to_numpy(dtype=float), spot_s=spot_s, loop_s=loop_s)
        sums = _by_person(own, met, np.ones(len(own)))
        rule = f"chance that a {word} meets the spot for {LEAST_ON_SCREEN_S:g} s: (D + S − 2 m) / L, mean"
        terms.append(
            share_term(
                name,
                sums["part"],
                sums["whole"],
                clusters=_person_keys(sums),
                source="gaze",
                rule=rule,
                n_of="people",
                level=level,
            )
        )
    return terms


def _by_person(cases: pd.DataFrame, part: object, whole: object) -> pd.DataFrame:
    table = pd.DataFrame(
        {"part": np.asarray(part, dtype=float), "whole": np.asarray(whole, dtype=float)},
        index=cases["participant_id"].astype(str),
    )
    return table.groupby(level=0, sort=True).sum()


def _person_keys(sums: pd.DataFrame) -> list[str]:
    return [f"person {name}" for name in sums.index]


def _session_keys(sums: pd.DataFrame) -> list[str]:
    return [f"session {name}" for name in sums.index]
