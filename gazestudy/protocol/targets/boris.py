"""BORIS project: ethogram, modifiers and independent variables; the rest BORIS has no place for.

JSON, `project_format_version` "7.0", after the source of BORIS 9.12 (project_functions.py, config.py).
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from gazestudy.protocol.blocks import Behaviour, FocalBlock, FormBlock, ModifierSet
from gazestudy.protocol.document import Protocol
from gazestudy.protocol.items import Item
from gazestudy.protocol.targets.registry import ExportOptions, protocol_target

FORMAT_VERSION = "7.0"
_SINGLE, _MULTIPLE, _NUMERIC = 0, 1, 2
# far apart in lightness, so that plots can be told apart in grey
_COLOURS = ("#000000", "#e69f00", "#0072b2", "#999999", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#5d3a9b")


@protocol_target("boris", "BORIS project", ".boris")
def write_boris(protocol: Protocol, out: Path, options: ExportOptions) -> list[str]:
    """Write a project without observations.

    Notes
    -----
    BORIS quantises times to 1 ms and pairs starts and stops of a state by their order.
    """
    project, dropped = boris_project(protocol, options)
    out.write_text(json.dumps(project, ensure_ascii=False, indent=4), encoding="utf-8")
    return dropped


def boris_project(protocol: Protocol, options: ExportOptions) -> tuple[dict[str, Any], list[str]]:
    """Return the project as plain data, and what it cannot hold."""
    language = options.language
    behaviours, categories, dropped = _ethogram(protocol, options)
    project = {
        "time_format": "hh:mm:ss",
        "project_date": datetime.now().isoformat(timespec="seconds"),
        "project_name": f"{protocol.id} {protocol.version}",
        "project_description": _description(protocol, language),
        "project_format_version": FORMAT_VERSION,
        "subjects_conf": _subjects(protocol, {one["key"] for one in behaviours.values()}),
        "behaviors_conf": behaviours,
        "observations": {},
        "behavioral_categories": list(categories),
        "behavioral_categories_config": {
            str(number): {"name": name, "color": ""} for number, name in enumerate(categories)
        },
        "independent_variables": _variables(protocol, options),
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return project, dropped + _dropped(protocol, options)


def _description(protocol: Protocol, language: str) -> str:
    lines = [protocol.text(protocol.title, language), protocol.text(protocol.purpose, language)]
    lines += [protocol.text(text, language) for text in protocol.instructions]
    return "\n".join(lines)


def _ethogram(
    protocol: Protocol, options: ExportOptions
) -> tuple[dict[str, Any], dict[str, None], list[str]]:
    behaviours: dict[str, Any] = {}
    categories: dict[str, None] = {}
    dropped: list[str] = []
    keys: set[str] = set()
    for block in protocol.focal_blocks():
        titles = {one.code: one.code for one in block.categories}
        for one in block.behaviours:
            key = one.key
            if key.lower() in keys:
                key = ""
                dropped.append(f"key {one.key} of {one.code}: another block has it; choose one in BORIS")
            keys.add(key.lower())
            if one.category:
                categories[titles[one.category]] = None
            behaviours[str(len(behaviours))] = {
                "type": "State event" if one.type == "state" else "Point event",
                "key": key,
                "code": one.code,
                "description": _one_line(
                    f"{protocol.text(one.label, options.language)}: "
                    f"{protocol.text(one.definition, options.language)}"
                ),
                "color": _COLOURS[len(behaviours) % len(_COLOURS)],
                "category": titles.get(one.category or "", ""),
                "modifiers": _modifiers(protocol, block, one, options),
                "excluded": ",".join(_excluded(block, one.code)),
                "coding map": "",
            }
    return behaviours, categories, dropped


def _excluded(block: FocalBlock, code: str) -> list[str]:
    others = [other for group in block.exclusive if code in group for other in group if other != code]
    return list(dict.fromkeys(others))


def _modifiers(
    protocol: Protocol, block: FocalBlock, one: Behaviour, options: ExportOptions
) -> dict[str, Any]:
    sets = {modifier.id: modifier for modifier in block.modifiers}
    return {
        str(number): {
            "name": sets[name].id,
            "description": _one_line(protocol.text(sets[name].label, options.language)),
            "type": _kind(sets[name]),
            "ask at stop": False,
            "values": _values(protocol, sets[name], options),
        }
        for number, name in enumerate(one.modifiers)
    }


def _kind(modifier: ModifierSet) -> int:
    return {"multi": _MULTIPLE, "number": _NUMERIC}.get(modifier.type, _SINGLE)


def _values(protocol: Protocol, modifier: ModifierSet, options: ExportOptions) -> list[str]:
    if modifier.type == "placement":
        return [placement.code for placement in options.placements]
    if modifier.choices is None:
        return []
    return [choice.code for choice in protocol.choices[modifier.choices]]


def _subjects(protocol: Protocol, taken: set[str]) -> dict[str, Any]:
    """Return nine persons; a key that a behaviour has is left to it."""
    subjects: dict[str, Any] = {}
    if any(block.subject == "person" for block in protocol.focal_blocks()):
        for number in range(1, 10):
            subjects[str(number - 1)] = {
                "key": "" if str(number) in taken else str(number),
                "name": f"person {number}",
                "description": "followed person",
            }
    return subjects


def _variables(protocol: Protocol, options: ExportOptions) -> dict[str, Any]:
    variables = [
        {
            "label": "session_id",
            "description": "",
            "type": "text",
            "default value": options.sessions[0] if options.sessions else "",
            "possible values": "",
        },
        *({"label": name, "description": "explicit, ISO 8601", "type": "text", "default value": "",
           "possible values": ""} for name in ("started_at", "stopped_at")),
    ]  # fmt: skip
    for block in protocol.blocks:
        if isinstance(block, FormBlock):
            for item in block.items:
                kind, values = _variable_kind(protocol, item)
                variables.append(
                    {
                        "label": item.id,
                        "description": _one_line(protocol.text(item.label, options.language)),
                        "type": kind,
                        "default value": options.prefill.get(item.id, ""),
                        "possible values": values,
                    }
                )
    return {str(number): variable for number, variable in enumerate(variables)}


def _variable_kind(protocol: Protocol, item: Item) -> tuple[str, str]:
    if item.type == "choice":
        return "value from set", ",".join(choice.code for choice in protocol.choices[item.choices])
    if item.type == "bool":
        return "value from set", "yes,no"
    return ("numeric" if item.numeric else "text"), ""


def _one_line(text: str) -> str:
    return " ".join(text.split()).strip(": ")


def _dropped(protocol: Protocol, options: ExportOptions) -> list[str]:
    dropped = []
    for block in protocol.item_blocks():
        if block.kind in ("interval", "scan"):
            dropped.append(f"block {block.id}: BORIS counts no events per interval and has no denominators")
        elif block.kind == "per_ad":
            dropped.append(f"block {block.id}: BORIS keeps no records of placements")
        elif block.kind == "log":
            dropped.append(f"block {block.id}: write notes into the comments of events")
    if not any(protocol.focal_blocks()):
        dropped.append("the document has no focal block: the ethogram is empty")
    others = [one for one in protocol.languages if one != options.language]
    if others:
        dropped.append(f"texts in other languages ({', '.join(others)})")
    bounded = [
        item.id for block in protocol.blocks if isinstance(block, FormBlock) for item in block.items
        if item.numeric and item.type != "count"
    ]  # fmt: skip
    if bounded:
        dropped.append(f"bounds of numbers ({', '.join(bounded)})")
    several = [
        item.id for block in protocol.blocks if isinstance(block, FormBlock) for item in block.items
        if item.type == "multi"
    ]  # fmt: skip
    if several:
        dropped.append(f"lists of several answers ({', '.join(several)}): they are text")
    dropped.append("an explicit stop: BORIS takes the last event for the end; fill in started_at, stopped_at")
    placed = any(one.type == "placement" for block in protocol.focal_blocks() for one in block.modifiers)
    if placed and not options.placements:
        dropped.append("placements as modifier values: name them with --placement")
    return dropped
