"""Rules between numbers: a closed grammar, so that every target can write them in its own language."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
"""Comparisons a rule may use."""

_RULE = re.compile(r"^(?P<left>[^<>=]+)(?P<operator><=|>=|<|>|=)(?P<right>[^<>=]+)$")
_TERM = re.compile(r"\s*(?P<sign>[+-])\s*(?P<word>[a-z][a-z0-9_]*|\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Term:
    """An item or a number in a sum, with its sign.

    Attributes
    ----------
    sign : int
        1 or -1.
    item : str
        Name of the item, empty for a number.
    number : float
        The number, 0 for an item.
    """

    sign: int
    item: str = ""
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A comparison of two sums of items and numbers.

    Attributes
    ----------
    left, right : tuple of Term
        The sums.
    operator : str
        One of `OPERATORS`.

    Examples
    --------
    >>> rule = Rule.parse("glanced <= passed")
    >>> rule.items
    ('glanced', 'passed')
    >>> rule.holds({"glanced": 3, "passed": 40}), rule.holds({"glanced": 5, "passed": 4})
    (True, False)
    """

    left: tuple[Term, ...]
    operator: str
    right: tuple[Term, ...]

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read a rule such as `looked_2s + stopped <= glanced`.

        Raises
        ------
        ValueError
            If it is not two sums with a comparison between them; the message says so in plain words.
        """
        found = _RULE.match(text.strip())
        if found is None:
            raise ValueError(
                f"{text!r} is not a rule: write two sums with one of {' '.join(OPERATORS)} between them,"
                " such as 'glanced <= passed'"
            )
        return cls(_sum(found["left"], text), found["operator"], _sum(found["right"], text))

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the items, in the order in which they are written, each once."""
        return tuple(dict.fromkeys(term.item for term in (*self.left, *self.right) if term.item))

    def holds(self, values: Mapping[str, float | None]) -> bool | None:
        """Return whether the rule holds, None where a value is not known.

        Parameters
        ----------
        values : mapping of item to number
            Numbers of one interval, scan or form.
        """
        if any(values.get(name) is None for name in self.items):
            return None
        return OPERATORS[self.operator](_value(self.left, values), _value(self.right, values))

    def write(
        self,
        item: Callable[[str], str] = str,
        operators: Mapping[str, str] | None = None,
    ) -> str:
        """Return the rule as text in another language.

        Parameters
        ----------
        item : callable
            Gives the words for an item.
        operators : mapping, optional
            Words for operators, where they differ.

        Examples
        --------
        >>> Rule.parse("glanced <= passed").write(lambda name: "${" + name + "}")
        '${glanced} <= ${passed}'
        """
        sign = (operators or {}).get(self.operator, self.operator)
        return f"{_words(self.left, item)} {sign} {_words(self.right, item)}"


def _sum(text: str, rule: str) -> tuple[Term, ...]:
    rest = text.strip()
    rest = rest if rest.startswith(("+", "-")) else f"+{rest}"
    terms: list[Term] = []
    position = 0
    while position < len(rest):
        found = _TERM.match(rest, position)
        if found is None:
            raise ValueError(f"{rule!r} is not a rule: {text.strip()!r} is not a sum of items and numbers")
        word, sign = found["word"], 1 if found["sign"] == "+" else -1
        terms.append(Term(sign, number=float(word)) if word[0].isdigit() else Term(sign, item=word))
        position = found.end()
    return tuple(terms)


def _value(terms: tuple[Term, ...], values: Mapping[str, float | None]) -> float:
    return sum(term.sign * (float(values[term.item] or 0.0) if term.item else term.number) for term in terms)


def _words(terms: tuple[Term, ...], item: Callable[[str], str]) -> str:
    words = ""
    for index, term in enumerate(terms):
        sign = "-" if term.sign < 0 else "+"
        lead = ("" if sign == "+" else "-") if index == 0 else f" {sign} "
        words += lead + (item(term.item) if term.item else f"{term.number:g}")
    return words
