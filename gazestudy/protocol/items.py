"""Items: what an observer writes down, one model per kind of answer."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from gazestudy.protocol.texts import LocalText

Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""Lower-case name; it becomes a column, an XML element and a BORIS code."""
Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,39}$")]
"""Code of a choice or a placement: no blanks, so that several fit into one cell."""
Key = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9]$")]
Number = StrictInt | Annotated[float, Field(strict=True)]


class Part(BaseModel):
    """Base of everything in a protocol document: read-only, and no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Choice(Part):
    """One answer of a list."""

    code: Code
    label: LocalText
    definition: LocalText | None = None


class When(Part):
    """Ask only if another item of the same block has one of these answers (`yes`/`no` for bool)."""

    item: Name
    any_of: tuple[Code, ...] = Field(min_length=1)


class ItemBase(Part):
    """What all items have.

    Attributes
    ----------
    id : str
        Name in the canonical tables; unique in the document.
    label : LocalText
        Short, as on a button or in the first column of a sheet.
    definition : LocalText or None
        When it counts and when not, so that two observers decide alike.
    required : bool
        Whether a form may be closed without it.
    when : When or None
        Ask only then.
    personal : bool
        Whether the answer can tell who somebody is; such answers are kept apart.
    """

    numeric: ClassVar[bool] = False

    id: Name
    label: LocalText
    definition: LocalText | None = None
    required: StrictBool = False
    when: When | None = None
    personal: StrictBool = False


class CountItem(ItemBase):
    """A tally of events, from 0. `per_placement` gives one tally for each placement in view."""

    numeric: ClassVar[bool] = True
    type: Literal["count"]
    key: Key | None = None
    max: StrictInt | None = Field(default=None, ge=1)
    per_placement: StrictBool = False


class IntegerItem(ItemBase):
    """A whole number, such as people present."""

    numeric: ClassVar[bool] = True
    type: Literal["integer"]
    min: StrictInt | None = None
    max: StrictInt | None = None
    unit: str = ""
    per_placement: StrictBool = False


class DecimalItem(ItemBase):
    """A measured number with its unit."""

    numeric: ClassVar[bool] = True
    type: Literal["decimal"]
    min: Number | None = None
    max: Number | None = None
    unit: str = ""
    per_placement: StrictBool = False


class TextItem(ItemBase):
    """Words; `lines` says how much room a sheet gives."""

    type: Literal["text"]
    lines: StrictInt = Field(default=1, ge=1, le=30)


class ChoiceItem(ItemBase):
    """One answer of a list."""

    type: Literal["choice"]
    choices: Name
    per_placement: StrictBool = False


class MultiItem(ItemBase):
    """Any number of answers of a list."""

    type: Literal["multi"]
    choices: Name


class BoolItem(ItemBase):
    """Yes or no."""

    type: Literal["bool"]
    key: Key | None = None


class ScaleItem(ItemBase):
    """Points from 1 to `points` between two words."""

    numeric: ClassVar[bool] = True
    type: Literal["scale"]
    points: StrictInt = Field(default=5, ge=3, le=11)
    low: LocalText
    high: LocalText


class TimeItem(ItemBase):
    """A time of day."""

    type: Literal["time"]


class DateItem(ItemBase):
    """A date."""

    type: Literal["date"]


class PhotoItem(ItemBase):
    """A picture; never of faces of people."""

    type: Literal["photo"]


class AudioItem(ItemBase):
    """A spoken answer."""

    type: Literal["audio"]


Item = Annotated[
    CountItem
    | IntegerItem
    | DecimalItem
    | TextItem
    | ChoiceItem
    | MultiItem
    | BoolItem
    | ScaleItem
    | TimeItem
    | DateItem
    | PhotoItem
    | AudioItem,
    Field(discriminator="type"),
]
"""Any item; `type` says which."""
