"""The protocol document: one text from which sheets, forms and projects are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, StringConstraints

from gazestudy.protocol.blocks import AnyItemBlock, Block, FocalBlock
from gazestudy.protocol.items import Choice, Name, Part
from gazestudy.protocol.texts import LanguageCode, LocalText, in_language

SCHEMA = "gazestudy-protocol/1"
"""What the field `schema` of a document says."""

Version = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Za-z][0-9A-Za-z.\-]{0,29}$")]


class Protocol(Part):
    """A protocol document.

    Attributes
    ----------
    schema_ : str
        `SCHEMA`; written as `schema` in a document.
    id, version : str
        Name and version; both are kept with every session.
    title, purpose : LocalText
        For people.
    languages : tuple of str
        Languages in which every text is given.
    default_language : str
        The one to begin with.
    length_s : int or None
        Planned length of a session; None where it depends (an interview, an audit).
    instructions : tuple of LocalText
        What to do, step by step.
    placements : tuple of Choice
        Placements in view, if the document is for one known point; else they are given at export.
    choices : dict of str to tuple of Choice
        Lists of answers by name.
    blocks : tuple of Block
        In the order in which they are met.

    Notes
    -----
    Pydantic checks the shape. `gazestudy.protocol.load_protocol` also checks what refers to what, and is the
    way to read a document.
    """

    schema_: Literal["gazestudy-protocol/1"] = Field(alias="schema")
    id: Name
    version: Version
    title: LocalText
    purpose: LocalText
    languages: tuple[LanguageCode, ...] = Field(min_length=1)
    default_language: LanguageCode
    length_s: StrictInt | None = Field(default=None, ge=60, le=86400)
    instructions: tuple[LocalText, ...] = ()
    placements: tuple[Choice, ...] = ()
    choices: dict[Name, Annotated[tuple[Choice, ...], Field(min_length=1)]] = Field(default_factory=dict)
    blocks: tuple[Block, ...] = Field(min_length=1)

    def text(self, text: dict[str, str] | None, language: str | None = None) -> str:
        """Return a text of the document in a language (None: the default language)."""
        return in_language(text, language or self.default_language, self.default_language)

    def item_blocks(self) -> Iterator[AnyItemBlock]:
        """Yield the blocks that hold items."""
        for block in self.blocks:
            if not isinstance(block, FocalBlock):
                yield block

    def focal_blocks(self) -> Iterator[FocalBlock]:
        """Yield the blocks that hold behaviours."""
        for block in self.blocks:
            if isinstance(block, FocalBlock):
                yield block

    def to_dict(self) -> dict[str, Any]:
        """Return the canonical form: plain data for JSON, without fields that are not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of protocol documents.

    Examples
    --------
    >>> json_schema()["$schema"]
    'https://json-schema.org/draft/2020-12/schema'
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        **Protocol.model_json_schema(by_alias=True),
    }
