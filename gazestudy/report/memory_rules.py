"""What gaze and interviews together allow to say: how much of what is seen is remembered, and of what."""

from __future__ import annotations

import math

import numpy as np

from gazestudy.memory.two_by_two import two_by_two
from gazestudy.model.wording import counted
from gazestudy.report.evidence import Evidence
from gazestudy.report.numbers import number_of, share
from gazestudy.report.standing_out import SURE, standing_out
from gazestudy.report.structure import Finding
from gazestudy.report.words import FEW, digits, value_text

_MOST_NAMED = 3
_KINDS = {"recalled_unaided": "recalled without a cue", "recognised": "recognised"}


def memory_findings(evidence: Evidence) -> list[Finding]:
    """Return what can be said of memory; without interviews, that nothing can.

    Parameters
    ----------
    evidence : Evidence
        Results of the study.

    Returns
    -------
    list of Finding
    """
    if evidence.memory is None:
        why = evidence.missing.get("memory", "There are no interviews in this study.")
        detail = f"{why} Looking is not remembering: neither stands for the other."
        return [Finding("Nothing can be said about what is remembered.", detail, "open", "remembered")]
    if evidence.cases is None:
        return []
    found = []
    for column, words in _KINDS.items():
        if column in evidence.cases and evidence.cases[column].notna().any():
            found += _kept(evidence, column, words)
    if "recalled_unaided" in evidence.cases:
        found += _standing_out(evidence)
    return found


def _kept(evidence: Evidence, column: str, words: str) -> list[Finding]:
    assert evidence.cases is not None
    found = two_by_two(evidence.cases, column, rng=np.random.default_rng(evidence.seed))
    if found.n == 0:
        return []
    if_looked = number_of(
        f"{words.capitalize()}, looked at", found.remembered_if_fixated, "memory", "looked at"
    )
    if_not = number_of(
        f"{words.capitalize()}, not looked at", found.remembered_if_not, "memory", "not looked at"
    )
    numbers = tuple(one for one in (if_looked, if_not) if one.known)
    hidden = (
        f"{found.c} of {found.a + found.c} were {words} without a look: seen from the corner of the eye, "
        "known before, or guessed."
        if found.c
        else ""
    )
    if column == "recognised":
        hidden = f"{_false_alarms(evidence)} {hidden}".strip()
    difference = found.risk_difference
    if found.participants < FEW:
        headline = (
            f"A placement that was looked at was {words} in {found.a} of "
            f"{counted(found.a + found.b, 'case')}, of {counted(found.participants, 'participant')}."
        )
        detail = f"Too few people for a rate. {hidden}".strip()
        return [Finding(headline, detail, "open", "remembered", numbers)]
    if math.isfinite(difference.low) and difference.low > 0:
        headline = (
            f"What is looked at is {words} more often: {value_text(if_looked)} against {value_text(if_not)}."
        )
        detail = f"{100 * difference.difference:.0f} points ({100 * difference.low:.0f} to "
        detail += (
            f"{100 * difference.high:.0f}). Familiar brands are looked at and remembered more, so this is no "
        )
        detail += f"effect of looking alone. {hidden}"
        return [Finding(headline, detail, "clear", "remembered", numbers)]
    headline = f"Whether looking goes with being {words} is not settled."
    detail = f"The difference to what was not looked at may be 0. {hidden}".strip()
    return [Finding(headline, detail, "open", "remembered", numbers)]


def _false_alarms(evidence: Evidence) -> str:
    """Return how many pictures that never hung here got a yes as well."""
    assert evidence.memory is not None
    trials = evidence.memory.trials
    foils = trials[(trials["shown"] == "foil") & trials["said_yes"].notna()]
    if foils.empty:
        return "No pictures were shown that never hung here: how much of it is guessing is open."
    yes = int(foils["said_yes"].sum())
    share_of = f"{digits(yes / len(foils), 'share')} got a yes too ({yes} of {len(foils)})"
    return f"Of pictures that never hung here {share_of}."


def _standing_out(evidence: Evidence) -> list[Finding]:
    """Return placements recalled clearly more, or less, than all others together."""
    assert evidence.cases is not None
    found = []
    for one in standing_out(evidence.cases, "recalled_unaided"):
        if one.p_adjusted >= SURE:
            continue
        rows = evidence.cases[evidence.cases["placement_id"] == one.placement_id]["recalled_unaided"].dropna()
        number = share(
            "Recalled unaided",
            int(rows.sum()),
            len(rows),
            "participants asked in whose view it came",
            "memory",
        )
        more = "more" if one.difference > 0 else "less"
        headline = (
            f"{evidence.label(one.placement_id)} is recalled {more} than the others: {value_text(number)}."
        )
        found.append(Finding(headline, one.words, "clear", "remembered", (number,), one.placement_id))
    return found[:_MOST_NAMED]
