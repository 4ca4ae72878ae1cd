"""What a protocol says about the entries of a field log, in the words of the canonical tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gazestudy.model.fieldwork import ITEM_RULES


@dataclass(frozen=True, slots=True)
class PlanItem:
    """An item of a protocol.

    Attributes
    ----------
    name : str
        Its id.
    table : str
        The canonical table it fills, such as "interval_counts".
    type : str
        Kind of answer: count, integer, decimal, scale, text, choice, multi, bool, time, date, photo, audio.
    choices : tuple of str
        Allowed codes, empty where any answer will do.
    low, high : float or None
        Bounds of a number.
    every_s : float or None
        Rhythm of its block, s.
    personal : bool
        Whether the answer may tell who somebody is.
    """

    name: str
    table: str
    type: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    every_s: float | None = None
    personal: bool = False

    @property
    def numeric(self) -> bool:
        """Whether answers are numbers; a choice of numbers only counts as well."""
        if self.type == "choice":
            return bool(self.choices) and all(_is_number(code) for code in self.choices)
        return self.type in ("count", "integer", "decimal", "scale")


@dataclass(frozen=True, slots=True)
class PlanRule:
    """What must hold between numbers of one interval, scan or form.

    Attributes
    ----------
    text : str
        As written, such as "glanced <= passed".
    items : tuple of str
        The items it needs.
    holds : callable
        From values by item to whether it holds; None where it cannot be told.
    """

    text: str
    items: tuple[str, ...]
    holds: Callable[[Mapping[str, float | None]], bool | None]


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What is known beforehand about a field log.

    Attributes
    ----------
    protocol_id, protocol_version : str
        The document, empty if none was given.
    items : dict of str to PlanItem
        Its items by id, empty if none was given.
    states : frozenset of str
        Behaviours that last, by code.
    points : frozenset of str
        Behaviours that do not.
    rules : tuple of PlanRule
        Rules between numbers; without a protocol those that follow from the meaning of known items.
    """

    protocol_id: str = ""
    protocol_version: str = ""
    items: dict[str, PlanItem] = field(default_factory=dict)
    states: frozenset[str] = frozenset()
    points: frozenset[str] = frozenset()
    rules: tuple[PlanRule, ...] = field(default_factory=lambda: KNOWN_RULES)

    def table_of(self, item: str) -> str:
        """Return the table an item fills, empty where it is not known."""
        return self.items[item].table if item in self.items else ""

    @property
    def given(self) -> bool:
        """Whether there is a protocol."""
        return bool(self.items or self.states or self.points)


def _part_of(part: str, whole: str) -> PlanRule:
    def holds(values: Mapping[str, Any]) -> bool | None:
        a, b = values.get(part), values.get(whole)
        return None if a is None or b is None else bool(a <= b)

    return PlanRule(f"{part} <= {whole}", (part, whole), holds)


def _is_number(code: str) -> bool:
    try:
        float(code)
    except ValueError:
        return False
    return True


KNOWN_RULES: tuple[PlanRule, ...] = tuple(_part_of(part, whole) for part, whole in ITEM_RULES)
"""Rules that follow from the meaning of known items."""
