"""Sampling rules: what each one measures, how wrong it is, and where it must not be used."""

from __future__ import annotations

import numpy as np

from gazestudy.errors import ParameterError
from gazestudy.model.fieldwork import ITEMS, SAMPLING_RULES

RULE_WORDS: dict[str, str] = {
    "event_count": "every event of the interval counted",
    "instantaneous": "states at one instant (scan)",
    "focal": "one person followed without a break",
    "one_zero": "whether it happened at all in the interval (one-zero): over-estimates",
    "whole_interval": "whether it lasted all of the interval: under-estimates",
}
"""What stands beside every figure."""


def expected_share(
    rule: str, share: float, *, interval_s: float, mean_bout_s: float, mean_gap_s: float
) -> float:
    """Return what a sampling rule reports on average for a behaviour that is on for a share of the time.

    Parameters
    ----------
    rule : {"instantaneous", "one_zero", "whole_interval"}
        Sampling rule.
    share : float
        True share of time, 0 to 1.
    interval_s : float
        Length of an interval, s.
    mean_bout_s, mean_gap_s : float
        Mean duration of the behaviour and of the time between, s, exponentially distributed.

    Returns
    -------
    float
        p; 1 − (1 − p) exp(−T / gap); p exp(−T / bout).

    References
    ----------
    Altmann (1974), doi:10.1163/156853974X00534, for the rules; the formulas follow from the exponential law.

    Examples
    --------
    Glances of 2 s once a minute:

    >>> round(expected_share("one_zero", 2 / 62, interval_s=15, mean_bout_s=2, mean_gap_s=60), 3)
    0.246
    """
    if not (0 <= share <= 1 and interval_s >= 0 and mean_bout_s > 0 and mean_gap_s > 0):
        raise ParameterError(
            "share and times", (share, interval_s, mean_bout_s, mean_gap_s), "a share, times"
        )
    if rule == "instantaneous":
        return share
    if rule == "one_zero":
        return float(1 - (1 - share) * np.exp(-interval_s / mean_gap_s))
    if rule == "whole_interval":
        return float(share * np.exp(-interval_s / mean_bout_s))
    raise ParameterError("rule", rule, "instantaneous, one_zero or whole_interval")


def refusal(item: str, rule: str, *, interval_s: float | None = None) -> str:
    """Return why an item must not be taken by a rule, or an empty text where it may.

    Parameters
    ----------
    item : str
        Item of a protocol or log; items that are not known count as looking if their name begins with "look"
        or "glanc".
    rule : str
        One of `SAMPLING_RULES`.
    interval_s : float, optional
        Length of the interval, for the example in the reason.

    Examples
    --------
    >>> refusal("glanced", "event_count")
    ''
    >>> refusal("glanced", "one_zero", interval_s=300)[:42]
    'one-zero sampling is not used for looking:'
    """
    if rule not in SAMPLING_RULES:
        raise ParameterError("rule", rule, ", ".join(SAMPLING_RULES))
    known = ITEMS.get(item)
    looking = known.looking if known else item.startswith(("look", "glanc"))
    if not looking or rule in ("event_count", "instantaneous", "focal"):
        return ""
    if rule == "whole_interval":
        return "whole-interval sampling is not used for looking: glances are shorter than any interval"
    length = interval_s or 15.0
    shown = expected_share("one_zero", 2 / 62, interval_s=length, mean_bout_s=2, mean_gap_s=60)
    return (
        "one-zero sampling is not used for looking: the figure grows with the length of the interval "
        f"(glances of 2 s once a minute are 3 % of the time, and {shown:.0%} of intervals of {length:g} s). "
        "Count every glance instead"
    )
