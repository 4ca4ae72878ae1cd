"""Protocol documents: what observers do, written once, rendered to paper, phone, BORIS and tables.

A document is YAML. `load_protocol` reads it and tells all its mistakes at once. Ids of its
items are the names in the tables of `gazestudy.model.fieldwork`; `canonical` says which.
"""

from __future__ import annotations

from gazestudy.protocol.blocks import (
    Behaviour,
    Block,
    FocalBlock,
    FormBlock,
    IntervalBlock,
    ItemBlock,
    LogBlock,
    PerAdBlock,
    RuleLine,
    ScanBlock,
)
from gazestudy.protocol.canonical import is_mistyped, is_per_placement, new_session_id, table_of
from gazestudy.protocol.document import SCHEMA, Protocol, json_schema
from gazestudy.protocol.items import Choice, Item, ItemBase
from gazestudy.protocol.load import (
    Template,
    find_document,
    find_warnings,
    list_templates,
    load_protocol,
    parse_protocol,
)
from gazestudy.protocol.rules import Rule
from gazestudy.protocol.source import Mistake, ProtocolError
from gazestudy.protocol.texts import LANGUAGE_NAMES, in_language

__all__ = [
    "LANGUAGE_NAMES",
    "SCHEMA",
    "Behaviour",
    "Block",
    "Choice",
    "FocalBlock",
    "FormBlock",
    "IntervalBlock",
    "Item",
    "ItemBase",
    "ItemBlock",
    "LogBlock",
    "Mistake",
    "PerAdBlock",
    "Protocol",
    "ProtocolError",
    "Rule",
    "RuleLine",
    "ScanBlock",
    "Template",
    "find_document",
    "find_warnings",
    "in_language",
    "is_mistyped",
    "is_per_placement",
    "json_schema",
    "list_templates",
    "load_protocol",
    "new_session_id",
    "parse_protocol",
    "table_of",
]
