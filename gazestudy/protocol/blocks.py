"""Blocks: groups of items that are written down at the same moments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from gazestudy.protocol.items import Item, Key, Name, Part
from gazestudy.protocol.rules import Rule
from gazestudy.protocol.texts import LocalText


class RuleLine(Part):
    """What must hold between numbers of one block, such as `glanced <= passed`."""

    check: str = Field(min_length=3)
    message: LocalText

    def rule(self) -> Rule:
        """Return the check, parsed."""
        return Rule.parse(self.check)


class BlockBase(Part):
    """What all blocks have.

    Attributes
    ----------
    id : str
        Unique in the document.
    title : LocalText
        Heading.
    instructions : LocalText or None
        What to do, said once above the block.
    """

    id: Name
    title: LocalText
    instructions: LocalText | None = None


class ItemBlock(BlockBase):
    """A block of items with rules between them."""

    items: tuple[Item, ...] = Field(min_length=1)
    rules: tuple[RuleLine, ...] = ()


class FormBlock(ItemBlock):
    """Filled once: at the start of the session, or at its end."""

    kind: Literal["form"]
    at: Literal["start", "end"] = "start"
    answers: StrictBool = False
    """True where a person is asked: the items are answers of a respondent, not conditions of the session."""


class IntervalBlock(ItemBlock):
    """Filled once for every slice of the session; counts start again from 0."""

    kind: Literal["interval"]
    every_s: StrictInt = Field(ge=10, le=7200)


class ScanBlock(ItemBlock):
    """Filled once for every instant: what is the case at that moment, nothing before and after."""

    kind: Literal["scan"]
    every_s: StrictInt = Field(ge=10, le=7200)


class PerAdBlock(ItemBlock):
    """Filled once for every placement."""

    kind: Literal["per_ad"]
    answers: StrictBool = False
    """True where a person is asked about each placement: the items are answers, not facts about the face."""


class LogBlock(ItemBlock):
    """Free rows, each with its time."""

    kind: Literal["log"]


class ModifierSet(Part):
    """What is noted together with a behaviour, such as which placement."""

    id: Name
    label: LocalText
    type: Literal["single", "multi", "number", "placement"] = "single"
    choices: Name | None = None


class Behaviour(Part):
    """A thing that a followed person, or a place, does."""

    code: Name
    label: LocalText
    definition: LocalText | None = None
    type: Literal["point", "state"]
    key: Key
    category: Name | None = None
    modifiers: tuple[Name, ...] = ()


class Category(Part):
    """A group of behaviours."""

    code: Name
    label: LocalText


class FocalBlock(BlockBase):
    """One person, or one place, watched without a break: a stream of events."""

    kind: Literal["focal"]
    subject: Literal["person", "place"] = "person"
    categories: tuple[Category, ...] = ()
    modifiers: tuple[ModifierSet, ...] = ()
    behaviours: tuple[Behaviour, ...] = Field(min_length=1)
    exclusive: tuple[tuple[Name, ...], ...] = ()
    """Groups of states of which one at most holds at a time: the start of one ends the others."""


AnyItemBlock = FormBlock | IntervalBlock | ScanBlock | PerAdBlock | LogBlock
"""Any block of items."""

Block = Annotated[
    FormBlock | IntervalBlock | ScanBlock | PerAdBlock | LogBlock | FocalBlock,
    Field(discriminator="kind"),
]
"""Any block; `kind` says which."""
