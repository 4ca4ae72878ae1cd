"""What the numbers allow to say: rules that make sentences, and say so where nothing can be concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gazestudy.model.wording import counted
from gazestudy.report.evidence import Evidence
from gazestudy.report.field_rules import crowd_findings, observed_findings
from gazestudy.report.groups_part import group_findings
from gazestudy.report.memory_rules import memory_findings
from gazestudy.report.numbers import overall_notice
from gazestudy.report.standing_out import SURE, standing_out
from gazestudy.report.strategy_rules import strategy_findings
from gazestudy.report.structure import Finding, Number, Strength
from gazestudy.report.words import FEW, listed, value_text
from gazestudy.statistics.intervals import share_interval

Numbers = Mapping[str, Mapping[str, Number]]

QUESTIONS = {
    "limits": "How far these data carry",
    "seen": "What is seen",
    "remembered": "What is remembered",
    "crowd": "What crowd and time of day do",
    "action": "What to do",
}
"""Topics of findings, in the order in which they are read."""

ENOUGH = 30
"""Participants per group that guidance for eye tracking with glasses asks for (30 to 40)."""

_NARROW = 0.3
"""A share with a narrower interval is called clear."""

_MOST_NAMED = 4


def study_findings(evidence: Evidence, numbers: Numbers) -> list[Finding]:
    """Return what can be said about the study, the most useful first within each topic.

    Parameters
    ----------
    evidence : Evidence
        Results of the study.
    numbers : mapping of str to mapping of str to Number
        By placement and name.

    Returns
    -------
    list of Finding
        In the order of `QUESTIONS`.
    """
    found = [
        *_limits(evidence, numbers),
        *_seen(evidence, numbers),
        *group_findings(evidence),
        *observed_findings(evidence),
        *memory_findings(evidence),
        *crowd_findings(evidence),
        *_actions(evidence),
        *strategy_findings(evidence),
    ]
    order = list(QUESTIONS)
    known = {one.id for one in evidence.placements} | {""}
    found = [one if one.placement_id in known else replace(one, placement_id="") for one in found]
    return sorted(found, key=lambda one: order.index(one.topic))


def _people(evidence: Evidence) -> int:
    return 0 if evidence.cases is None else evidence.walkers


def _reach(people: int) -> float:
    """Return half the width of the interval of a share of one half, in points."""
    low, high = share_interval(people // 2, people)
    return 50 * (high - low)


def _limits(evidence: Evidence, numbers: Numbers) -> list[Finding]:
    if evidence.cases is None:
        why = evidence.missing.get("attention", "No recording of this study has been analysed.")
        return [Finding("Nothing can be said about what people look at.", why, "open", "limits")]
    people = _people(evidence)
    most = max((one["in_view"].numerator for one in numbers.values() if "in_view" in one), default=0)
    usual = f"{ENOUGH} to 40 participants per group are usual for comparisons."
    if people < FEW or most < FEW:
        headline = f"How placements compare cannot be concluded from {counted(people, 'participant')}."
        detail = (
            f"Each placement came into view of at most {most:.0f} of them. The pages below show what these "
            f"people did; they do not stand for passengers. {usual}"
        )
        return [Finding(headline, detail, "open", "limits")]
    if people < ENOUGH:
        headline = f"{counted(people, 'participant')}: large differences show, small ones do not."
        detail = f"A share of one half is known to about ±{_reach(people):.0f} points. {usual}"
        return [Finding(headline, detail, "indicated", "limits")]
    return []


def _seen(evidence: Evidence, numbers: Numbers) -> list[Finding]:
    rates = {key: one["notice_rate"] for key, one in numbers.items() if "notice_rate" in one}
    if not rates:
        return []
    return [
        *_overall(evidence),
        *_extremes(evidence, rates),
        *_never_met(evidence, [key for key, rate in rates.items() if rate.n == 0]),
    ]


def _overall(evidence: Evidence) -> list[Finding]:
    overall = overall_notice(evidence)
    if overall is None or not overall.known:
        return []
    what = "A look is one fixation or more."
    if overall.n < FEW:
        headline = (
            f"A placement that came into view was looked at in {overall.numerator:.0f} of "
            f"{counted(round(overall.denominator), 'case')}, of {counted(overall.n, 'participant')}."
        )
        return [Finding(headline, f"{what} A rate for passengers is open.", "open", "seen", (overall,))]
    strength: Strength = "clear" if overall.high - overall.low < _NARROW else "indicated"
    headline = f"A placement that comes into view is looked at in {value_text(overall)} of cases."
    detail = (
        f"{what} {counted(overall.n, 'participant')} met several placements each; the interval allows for it."
    )
    return [Finding(headline, detail, strength, "seen", (overall,))]


def _never_met(evidence: Evidence, unmet: list[str]) -> list[Finding]:
    if not unmet:
        return []
    names = [evidence.label(key) for key in unmet[:_MOST_NAMED]]
    if len(unmet) > _MOST_NAMED:
        names.append(f"{len(unmet) - _MOST_NAMED} more")
    one = len(unmet) == 1
    headline = f"{listed(names)} {'was' if one else 'were'} never in view."
    detail = (
        f"None of {counted(_people(evidence), 'participant')} had {'it' if one else 'them'} in view: neither "
        f"that {'it is' if one else 'they are'} overlooked nor that {'it is' if one else 'they are'} seen "
        "can be said."
    )
    return [Finding(headline, detail, "open", "seen")]


def _extremes(evidence: Evidence, rates: Mapping[str, Number]) -> list[Finding]:
    """Return placements that stand out from all others together; or that none does."""
    assert evidence.cases is not None
    found = standing_out(evidence.cases, "fixated")
    if not found:
        return []
    sure = [one for one in found if one.p_adjusted < SURE][:_MOST_NAMED]
    if sure:
        return [
            Finding(
                f"{evidence.label(one.placement_id)} is looked at {'more' if one.difference > 0 else 'less'} "
                f"than the others: {value_text(rates[one.placement_id])}.",
                one.words,
                "clear",
                "seen",
                (rates[one.placement_id],),
                one.placement_id,
            )
            for one in sure
        ]
    known = [rates[one.placement_id] for one in found]
    best, worst = max(known, key=lambda one: one.value), min(known, key=lambda one: one.value)
    headline = "The data do not tell the placements apart in how often they are looked at."
    detail = "No placement differs from all others together, given how many are compared. Highest and lowest:"
    return [Finding(headline, detail, "open", "seen", (best, worst))]


def _actions(evidence: Evidence) -> list[Finding]:
    people = _people(evidence)
    if people >= ENOUGH:
        return []
    headline = f"Record more participants before moving money: {people} wore glasses."
    if not people:
        headline = "Record participants with glasses before moving money."
    detail = (
        f"With {ENOUGH} per group a notice rate of one half is known to about ±{_reach(ENOUGH):.0f} points. "
        "Decisions on single placements from fewer rest on chance."
    )
    return [Finding(headline, detail, "clear", "action")]
