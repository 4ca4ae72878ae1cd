"""Tables of observers, glasses and interviews -> terms of the platform potential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gazestudy.errors import ParameterError
from gazestudy.strategy.digital import LEAST_ON_SCREEN_S, spot_chance, voice_share
from gazestudy.strategy.terms import Source, Term, fixed_term, ratio_term, share_term

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


@dataclass(frozen=True, slots=True)
class Measure:
    """How a term is measured.

    Attributes
    ----------
    term : str
        Name of the term.
    unit : str
        "share" for part of a whole; else the ratio of two sums has this unit.
    source : {"counted", "gaze", "remembered"}
        Who measured it.
    rule : str
        How, in words.
    part : str
        Column of cases that is averaged; empty for counts of observers.
    among : str
        Column of cases that must be true, empty for all.
    """

    term: str
    unit: str
    source: Source
    rule: str
    part: str = ""
    among: str = ""


COUNTED: dict[str, Measure] = {
    "flow_per_min": Measure(
        "passages_per_min",
        "people/min",
        "counted",
        "people who crossed the counted line per minute watched",
    ),
    "facing_share": Measure(
        "exposed",
        "share",
        "counted",
        "of those passing, walked towards the face; taken as having it before them",
    ),
    "blocked_share": Measure(
        "clear",
        "share",
        "counted",
        "1 minus the part of the face hidden by people, mean over scans from the observer's place",
    ),
}
"""Terms from observers, by the figure of fieldwork that they are made from."""

OF_CASES: dict[str, Measure] = {
    one.term: one
    for one in (
        Measure(
            "exposed",
            "share",
            "gaze",
            "of participants' passages, the placement was in view of the scene camera",
            "exposed",
        ),
        Measure(
            "noticed",
            "share",
            "gaze",
            "of passages with the placement in view, at least one fixation on it",
            "fixated",
            "exposed",
        ),
        Measure(
            "view_s",
            "s",
            "gaze",
            "time in view per passage with the placement in view",
            "exposed_s",
            "exposed",
        ),
        Measure(
            "dwell_s",
            "s",
            "gaze",
            "summed duration of fixations per passage with a look",
            "dwell_s",
            "fixated",
        ),
        Measure(
            "recalled",
            "share",
            "remembered",
            "of participants who had it in view on any of their walks, named without help afterwards",
            "recalled",
            "exposed",
        ),
    )
}
"""Terms from people with glasses and interviews, by their name."""

CONTAINED = fixed_term(
    "clear",
    1.0,
    unit="share",
    source="gaze",
    rule="contained in exposed: in view of the glasses means not hidden",
)
"""Clear view where exposure is taken from the glasses."""


def counted_term(figure: str, sums: pd.DataFrame, *, level: float = 0.95) -> Term:
    """Return a term that observers counted.

    Parameters
    ----------
    figure : str
        One of `COUNTED`.
    sums : DataFrame
        Indexed by session_id: part (people, or blocked shares summed) and whole (minutes, people or scans).
    level : float
        Confidence.
    """
    part, whole = sums["part"], sums["whole"]
    keys = [f"session {name}" for name in sums.index]
    free = whole - part if figure == "blocked_share" else part
    return _made(COUNTED[figure], free, whole, keys, "sessions", level)


def case_term(term: str, cases: pd.DataFrame, *, level: float = 0.95) -> Term | None:
    """Return a term that participants give; None where there is no case to take it from.

    Parameters
    ----------
    term : str
        One of `OF_CASES`.
    cases : DataFrame
        `CASE_COLUMNS`; also `exposed_s` for `view_s` and `recalled` for `recalled`.
    level : float
        Confidence.
    """
    measure = OF_CASES[term]
    if measure.part not in cases:
        return None
    among = cases[cases[measure.among].astype(bool)] if measure.among else cases
    rows = among[among[measure.part].notna()]
    return None if rows.empty else _of_people(measure, rows, rows[measure.part], level)


def dwell_term(groups: Sequence[tuple[str, pd.DataFrame]], *, level: float = 0.95) -> Term | None:
    """Return seconds looked per passage with a look; None where nobody looked.

    Parameters
    ----------
    groups : sequence of (str, DataFrame)
        Cases from the narrowest group to the widest, each with its name. The first with `FEW_LOOKS` people
        who looked is taken, else the last; the rule says which.
    level : float
        Confidence.
    """
    chosen = next(
        (
            number
            for number, (_, cases) in enumerate(groups)
            if cases.loc[cases["fixated"].astype(bool), "participant_id"].nunique() >= FEW_LOOKS
        ),
        len(groups) - 1,
    )
    name, cases = groups[chosen]
    term = case_term("dwell_s", cases, level=level)
    if term is None or chosen == 0:
        return term
    wider = f"; fewer than {FEW_LOOKS} people looked here, taken from {name}"
    return replace(term, rule=term.rule + wider)


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
        rule = f"chance that a {word} meets the spot for {LEAST_ON_SCREEN_S:g} s: (D + S − 2 m) / L, mean"
        terms.append(_of_people(Measure(name, "share", "gaze", rule), own, met, level))
    return terms


def _of_people(measure: Measure, cases: pd.DataFrame, values: ArrayLike, level: float) -> Term:
    """Return the mean of one value per case, with the participants as clusters."""
    people = cases["participant_id"].astype(str).to_numpy()
    sums = pd.DataFrame({"part": np.asarray(values, dtype=float), "whole": 1.0}, index=people)
    sums = sums.groupby(level=0, sort=True).sum()
    keys = [f"person {name}" for name in sums.index]
    return _made(measure, sums["part"], sums["whole"], keys, "people", level)


def _made(
    measure: Measure, part: ArrayLike, whole: ArrayLike, clusters: list[str], n_of: str, level: float
) -> Term:
    name, unit, source, rule = measure.term, measure.unit, measure.source, measure.rule
    if unit == "share":
        return share_term(
            name, part, whole, clusters=clusters, source=source, rule=rule, n_of=n_of, level=level
        )
    return ratio_term(
        name, part, whole, clusters=clusters, unit=unit, source=source, rule=rule, n_of=n_of, level=level
    )
