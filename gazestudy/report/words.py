"""Numbers in words: as many digits as they deserve, never without what they were divided by."""

from __future__ import annotations

import math
import re

from gazestudy.report.structure import Number

FEW = 5
"""Fewer people than this: a share is shown, nothing is concluded from it."""

_SINGULAR = re.compile(r"^(participant|session|interview|case)s\b")


def digits(value: float, unit: str = "") -> str:
    """Return a number with few digits.

    Examples
    --------
    >>> digits(0.6667, "share"), digits(1.8342), digits(12345.6), digits(-0.034), digits(float("nan"))
    ('67 %', '1.8', '12,346', '−0.034', '–')
    """
    if not math.isfinite(value):
        return "–"
    return _rounded(value, unit).replace("-", "−")


def signed(share: float) -> str:
    """Return a difference of shares in points with its sign.

    Examples
    --------
    >>> signed(0.123), signed(-0.04)
    ('+12', '−4')
    """
    return f"{100 * share:+.0f}".replace("-", "−")


def _rounded(value: float, unit: str) -> str:
    if unit == "share":
        percent = 100 * value
        return f"{percent:.1f} %" if 0 < abs(percent) < 0.95 else f"{percent:.0f} %"
    if unit == "points":
        return f"{value:.0f}"
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.1f}" if size >= 1 else f"{value:.2g}"


def value_text(number: Number) -> str:
    """Return the value with its unit, "not known" where there is none.

    Examples
    --------
    >>> value_text(Number("Dwell", 1.83, "s", "attention", 8, "participants"))
    '1.8 s'
    """
    if not number.known:
        return "not known"
    text = digits(number.value, number.unit)
    return text if number.unit in ("share", "") else f"{text} {number.unit}"


def interval_text(number: Number, *, percent: bool = False) -> str:
    """Return the interval in words, empty where there is none.

    Examples
    --------
    >>> interval_text(Number("Rate", 0.5, "share", "attention", 8, "people", low=0.2, high=0.8))
    '20 to 80 %'
    """
    if not number.has_interval:
        return ""
    low, high = digits(number.low, number.unit), digits(number.high, number.unit)
    if math.isinf(number.high):
        return f"{low} or more, without upper limit"
    words = f"{low.removesuffix(' %')} to {high}" if number.unit == "share" else f"{low} to {high}"
    return f"{number.level:.0%}".replace("%", " % interval ") + words if percent else words


def base_text(number: Number) -> str:
    """Return what it was divided by, in words.

    Examples
    --------
    >>> base_text(Number("Rate", 0.5, "share", "attention", 8, "people", numerator=4, denominator=8))
    '4 of 8 people'
    >>> base_text(Number("Median", 1.5, "s", "attention", 8, "people"))
    'n = 8 people'
    >>> base_text(Number("Median", 1.5, "s", "attention", 1, "participants asked"))
    'n = 1 participant asked'
    """
    if number.unit == "share" and math.isfinite(number.numerator) and math.isfinite(number.denominator):
        return f"{digits(number.numerator)} of {digits(number.denominator)} {number.of}"
    of = _SINGULAR.sub(r"\1", number.of) if number.n == 1 else number.of
    return f"n = {number.n:,} {of}"


def listed(words: list[str], *, last: str = "and") -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def anchor(placement_id: str) -> str:
    """Return the anchor of a placement's page: letters, digits and hyphens, one for each id.

    Examples
    --------
    >>> anchor("hall-east"), anchor("hall east")
    ('placement-hall-east', 'placement-hall_20_east')
    """
    plain = (
        one if one.isascii() and (one.isalnum() or one == "-") else f"_{ord(one):x}_" for one in placement_id
    )
    return "placement-" + "".join(plain)
