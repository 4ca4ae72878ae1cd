"""What observers' counts allow to say: who passes when, what crowds hide, who looks at a phone."""

from __future__ import annotations

from collections.abc import Mapping

from gazestudy.model.wording import counted
from gazestudy.report.evidence import Evidence, FieldEvidence
from gazestudy.report.numbers import field_numbers
from gazestudy.report.structure import Finding, Number, Strength
from gazestudy.report.words import value_text

_FEW_SESSIONS = 3
_NARROW = 0.3
_SURE = 0.05

_DAYPARTS = {"am_peak": "the morning peak", "pm_peak": "the evening peak", "evening": "the evening"}


def observed_findings(evidence: Evidence) -> list[Finding]:
    """Return what observers saw of people's looking.

    Parameters
    ----------
    evidence : Evidence
        Results of the study.

    Returns
    -------
    list of Finding
        None where nobody observed.
    """
    if evidence.field is None:
        return []
    glanced = field_numbers(evidence.field.whole.figures.table).get("notice_rate")
    if glanced is None:
        return []
    headline = f"Observers saw {value_text(glanced)} of those who passed glance at a placement."
    detail = (
        f"{counted(glanced.n, 'session')}. Observers see turned heads, glasses record fixations: the two are "
        "different measures and are not averaged."
    )
    return [Finding(headline, detail, strength_of(glanced), "seen", (glanced,))]


def crowd_findings(evidence: Evidence) -> list[Finding]:
    """Return what crowd and time of day do.

    Parameters
    ----------
    evidence : Evidence
        Results of the study.

    Returns
    -------
    list of Finding
        None where nobody observed.
    """
    field = evidence.field
    if field is None:
        return []
    whole = field_numbers(field.whole.figures.table)
    found = [*_dayparts(field), *_blocking(evidence, field, whole)]
    phone = whole.get("phone_share")
    if phone is not None:
        headline = f"{value_text(phone)} of the people present had their eyes on a phone."
        detail = f"Scans of {counted(phone.n, 'session')}."
        found.append(Finding(headline, detail, strength_of(phone), "crowd", (phone,)))
    return found


def strength_of(number: Number) -> Strength:
    """Return how sure a figure over sessions is.

    Examples
    --------
    >>> strength_of(Number("Rate", 0.2, "share", "attention", 8, "passed", 0.15, 0.26))
    'clear'
    >>> strength_of(Number("Rate", 0.2, "share", "attention", 2, "passed"))
    'open'
    """
    if number.n < _FEW_SESSIONS or not number.has_interval:
        return "open"
    if number.unit == "share":
        return "clear" if number.high - number.low < _NARROW else "indicated"
    return "clear" if number.high < 2 * max(number.low, 1e-9) else "indicated"


def daypart_words(daypart: str) -> str:
    """Return a daypart as it stands in a sentence.

    Examples
    --------
    >>> daypart_words("am_peak"), daypart_words("late_night")
    ('the morning peak', 'late night')
    """
    return _DAYPARTS.get(daypart, daypart.replace("_", " "))


def _dayparts(field: FieldEvidence) -> list[Finding]:
    flows = field.by_daypart[field.by_daypart["figure"] == "flow_per_min"]
    known = {
        str(part): numbers["flow_per_min"]
        for part in flows["daypart"]
        if "flow_per_min" in (numbers := field_numbers(flows, daypart=str(part)))
    }
    if len(known) < 2:
        return []
    busy = max(known, key=lambda part: known[part].value)
    calm = min(known, key=lambda part: known[part].value)
    table = field.comparisons.get("flow_per_min")
    apart = False
    if table is not None:
        rows = table[table["group_a"].isin([busy, calm]) & table["group_b"].isin([busy, calm])]
        apart = bool((rows["p_adjusted"] < _SURE).any())
    sessions = counted(known[busy].n + known[calm].n, "session")
    values = f"{value_text(known[busy])} against {value_text(known[calm])}"
    both = (known[busy], known[calm])
    if apart:
        headline = f"Most people pass in {daypart_words(busy)}, fewest in {daypart_words(calm)}: {values}."
        detail = f"{sessions}; the difference holds after adjusting for all pairs of dayparts."
        return [Finding(headline, detail, "clear", "crowd", both)]
    headline = (
        f"Whether more people pass in {daypart_words(busy)} than in {daypart_words(calm)} is not settled."
    )
    detail = f"Counted were {values}, but in {sessions} only, and sessions differ as much as dayparts."
    return [Finding(headline, detail, "open", "crowd", both)]


def _blocking(evidence: Evidence, field: FieldEvidence, whole: Mapping[str, Number]) -> list[Finding]:
    blocked, density = whole.get("blocked_share"), whole.get("density_m2")
    if blocked is None:
        return []
    headline = f"People in front hide {value_text(blocked)} of a placement on average."
    detail = f"Scans of {counted(blocked.n, 'session')}."
    fit = field.whole.occlusion
    if fit is not None and not fit.doubts:
        detail += (
            f" Blocking follows crowding as a model of bodies between eye and face expects, with a body "
            f"radius of {fit.radius_m:.2f} m ({fit.low_m:.2f} to {fit.high_m:.2f}, "
            f"{counted(fit.scans, 'scan')})."
        )
    elif fit is not None:
        placements = [name for name in fit.placements if any(f"at {name}:" in doubt for doubt in fit.doubts)]
        where = f" at {', '.join(evidence.label(name) for name in placements)}" if placements else ""
        detail += (
            f" A model of bodies between eye and face does not fit{where}, so how blocking grows with the "
            "crowd is open: heights and distances of the audit may be wrong."
        )
    numbers = (blocked,) if density is None else (blocked, density)
    return [Finding(headline, detail, strength_of(blocked), "crowd", numbers)]
