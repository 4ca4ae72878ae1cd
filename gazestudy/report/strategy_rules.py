"""What potential, cost and creatives allow to say about what to do."""

from __future__ import annotations

from typing import Any, cast

from gazestudy.report.evidence import Evidence, StrategyEvidence
from gazestudy.report.strategy_part import cost_number
from gazestudy.report.structure import Finding
from gazestudy.report.words import listed, value_text

_FIRM = 0.9
_TOO_MUCH = "too many words"
_UNSEEN = "before the brand is seen"


def strategy_findings(evidence: Evidence) -> list[Finding]:
    """Return what to do, as far as the study allows.

    Parameters
    ----------
    evidence : Evidence
        Results of the study.

    Returns
    -------
    list of Finding
    """
    return [*_money(evidence), *_creatives(evidence)]


def _money(evidence: Evidence) -> list[Finding]:
    found = evidence.strategy
    if found is None:
        why = evidence.missing.get("strategy", "There is no strategy document in this study.")
        detail = (
            f"{why} Prices, hours and the worth of segments have to be written down before money is compared."
        )
        return [Finding("What to buy cannot be concluded.", detail, "open", "action")]
    if found.made_up:
        detail = "Lines of the template that are marked REPLACE have to be replaced by what somebody knows."
        headline = "What to buy cannot be concluded: the strategy document is not filled in."
        return [Finding(headline, detail, "open", "action")]
    return [*_plan(evidence, found), *_prices(evidence, found)]


def _plan(evidence: Evidence, found: StrategyEvidence) -> list[Finding]:
    if found.plan is None:
        why = found.plan_words[0] if found.plan_words else ""
        return [Finding("What to buy cannot be concluded.", f"{why[:1].upper()}{why[1:]}.", "open", "action")]
    rows = cast("list[dict[str, Any]]", found.plan.to_dict("records"))
    firm = [
        evidence.label(str(row["placement_id"]))
        for row in rows
        if row["share"] > 0 and row["bought_in"] >= _FIRM
    ]
    never = [evidence.label(str(row["placement_id"])) for row in rows if row["bought_in"] <= 1 - _FIRM]
    detail = " ".join(f"{text[:1].upper()}{text[1:]}." for text in found.plan_words[:2])
    if not firm:
        headline = (
            "No purchase is firm: which placements are best changes with the draw of the uncertain terms."
        )
        return [Finding(headline, detail, "open", "action")]
    headline = f"For the budget, buy {listed(firm)}: part of the best plan in 90 % of draws or more."
    if never:
        detail += f" In 10 % or fewer: {listed(never)}."
    return [Finding(headline, detail, "indicated", "action")]


def _prices(evidence: Evidence, found: StrategyEvidence) -> list[Finding]:
    """Return the cheapest and the dearest attention, where the intervals do not overlap."""
    keys = dict.fromkeys(str(key) for key in found.costs["placement_id"])
    numbers = {key: cost_number(found, key, "cost_per_1000_attentive_s") for key in keys}
    known = {key: one for key, one in numbers.items() if one is not None and one.known and one.has_interval}
    if len(known) < 2:
        return []
    cheap, dear = min(known, key=lambda key: known[key].value), max(known, key=lambda key: known[key].value)
    low, high = known[cheap], known[dear]
    detail = f"{value_text(low)} against {value_text(high)} per 1,000 attentive seconds."
    if low.high < high.low:
        headline = f"Attention costs least at {evidence.label(cheap)} and most at {evidence.label(dear)}."
        return [Finding(headline, detail, "clear", "action", (low, high))]
    headline = "Whether attention is cheaper at one placement than at another is not settled."
    return [Finding(headline, f"{detail} The intervals overlap.", "open", "action", (low, high))]


def _creatives(evidence: Evidence) -> list[Finding]:
    if evidence.creative is None:
        return []
    found = []
    for table, mark, words, advice in (
        (
            evidence.creative.brands,
            _UNSEEN,
            "most glances end before the brand is seen",
            "Move the brand to where the eye goes first.",
        ),
        (evidence.creative.words, _TOO_MUCH, "there are more words than a glance can read", "Cut the text."),
    ):
        rows = cast("list[dict[str, Any]]", table.to_dict("records"))
        for row in rows:
            if mark in str(row["verdict"]):
                key = str(row["placement_id"])
                headline = f"At {evidence.label(key)} {words}."
                verdict = str(row["verdict"])
                found.append(
                    Finding(
                        headline, f"{advice} {verdict[:1].upper()}{verdict[1:]}.", "clear", "action", (), key
                    )
                )
    return found
