"""What is wrong in a document, in plain words: shape (pydantic) and what refers to what."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from gazestudy.protocol.document import SCHEMA, Protocol
from gazestudy.protocol.rules import Rule
from gazestudy.protocol.source import Place, Source

RESERVED = frozenset(
    {"session_id", "protocol_id", "protocol_version", "started_at", "stopped_at", "meta"}
    | {
        "interval_no",
        "scan_no",
        "start_s",
        "end_s",
        "at_s",
        "t_s",
        "t_end_s",
        "placement_id",
        "item",
        "value",
    }
    | {"text", "rule", "source", "event_id", "subject", "code", "form", "closed_by", "comment"}
    | {"modifiers_json", "respondent_id"}
)
"""Names that the canonical tables and the forms use themselves."""

_FORM_ENDINGS = ("_note", "_shown", "_which", "_not_watched")
_NOT_NUMBERS = {"text", "choice", "multi", "bool", "time", "date", "photo", "audio"}
_FIRST_WORDS = {
    "union_tag_not_found": "the field {discriminator} is missing: it says what kind this is",
    "missing": "is missing",
    "string_type": "must be text, in quotes if it looks like a number or like yes, no, on, off",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be fields, each with a name and a value",
    "model_type": "must be fields, each with a name and a value",
    "model_attributes_type": "must be fields, each with a name and a value",
    "tuple_type": "must be a list: one '-' for each entry",
    "string_too_short": "must not be empty",
    "too_short": "must have at least one entry",
}


def find_mistakes(source: Source) -> Protocol | None:
    """Check a document; mistakes are added to `source.mistakes`.

    Returns
    -------
    Protocol or None
        The document, None if its shape is wrong.
    """
    if not isinstance(source.data, dict):
        source.tell((), "a protocol begins with fields such as schema, id, version")
        return None
    protocol = None
    try:
        protocol = Protocol.model_validate(source.data)
    except ValidationError as error:
        tell_shape_mistakes(source, error, schema=SCHEMA, fields=_known_fields())
    for check in (_languages, _ids, _references, _behaviours, _rules):
        check(source)
    return protocol


def tell_shape_mistakes(source: Source, error: ValidationError, *, schema: str, fields: list[str]) -> None:
    """Note what pydantic found wrong in a document, in plain words and where it stands.

    Parameters
    ----------
    source : Source
        The document; its mistakes grow.
    error : ValidationError
        What pydantic said of its data.
    schema : str
        What its field `schema` must say.
    fields : list of str
        Fields that such documents have, to suggest one for a misspelt one.
    """
    for item in error.errors(include_url=False):
        if item["type"] == "too_short" and item["input"]:
            continue  # its entries are wrong, and told one by one
        place = _place(source, item["loc"])
        source.tell(place, _in_words(source, place, dict(item), schema, fields))


def _place(source: Source, loc: tuple[str | int, ...]) -> Place:
    """Return the place in the document: pydantic's also names the member of a union, and keys."""
    place: Place = ()
    data: Any = source.data
    for index, part in enumerate(loc):
        entry = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if entry or (isinstance(data, Mapping) and part in data):
            place, data = (*place, part), data[part]
        elif index == len(loc) - 1 and part != "[key]" and isinstance(data, Mapping):
            place = (*place, part)
    return place


def _in_words(source: Source, place: Place, error: dict[str, Any], schema: str, fields: list[str]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    found = _found(source, place, error.get("input"))
    if place and place[-1] == "schema" and kind != "missing":
        return f"must be {schema}, found {found}"
    if kind == "extra_forbidden":
        return "is not a field here" + _did_you_mean(str(place[-1]), fields)
    if kind in ("union_tag_invalid", "literal_error"):
        wanted = str(context.get("expected_tags") or context.get("expected"))
        value = error.get("input")
        tag = str(context.get("discriminator", "")).strip("'")
        if tag and isinstance(value, Mapping):
            value = value.get(tag)
            found = repr(value)
        words = [word.strip(" '") for word in wanted.replace(" or ", ", ").split(",")]
        subject = f"{tag} must be" if tag else "must be"
        return f"{subject} one of {', '.join(words)}; found {found}{_did_you_mean(str(value), words)}"
    bare = kind in ("missing", "union_tag_not_found", "string_too_short", "too_short")
    if kind == "string_pattern_mismatch":
        text = _pattern_words(str(context["pattern"]))
    elif kind in ("greater_than_equal", "less_than_equal"):
        text = (
            f"must be {'at least' if 'ge' in context else 'at most'} {context.get('ge', context.get('le'))}"
        )
    elif kind in _FIRST_WORDS:
        text = _FIRST_WORDS[kind].format(**{name: str(value).strip("'") for name, value in context.items()})
    else:
        text = f"{str(error['msg'])[:1].lower()}{str(error['msg'])[1:]}"
    return text if bare else f"{text}; found {found}"


def _found(source: Source, place: Place, value: object) -> str:
    bare = source.bare_words.get(place)
    if isinstance(value, bool) and bare is not None and bare.lower() not in ("true", "false"):
        return f'{bare}, which YAML reads as {str(value).lower()} (quote it: "{bare}")'
    if bare is not None:
        return f'{bare} (quote it for text: "{bare}")' if not isinstance(value, bool) else bare
    if isinstance(value, (Mapping, list)):
        return "a list" if isinstance(value, list) else "fields"
    return "nothing" if value is None else repr(value)


def _pattern_words(pattern: str) -> str:
    if pattern.startswith("^[a-z][a-z0-9_]"):
        return "must begin with a small letter and hold only a-z, 0-9 and _ (at most 40)"
    if pattern.startswith("^[a-z]{2,3}"):
        return "must be a language code such as en, th, vi, zh"
    if pattern == r"^[A-Za-z0-9]$":
        return "must be one letter or digit, in quotes"
    return "must hold only letters, digits, '.', '-' and '_', without blanks"


@lru_cache(maxsize=1)
def _known_fields() -> list[str]:
    """Return the fields that documents can have anywhere, for suggestions."""
    from gazestudy.protocol.document import json_schema

    names: set[str] = set()
    for definition in json_schema()["$defs"].values():
        names.update(definition.get("properties", {}))
    return sorted(names | {field.alias or name for name, field in Protocol.model_fields.items()})


def _did_you_mean(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near and near[0] != word else ""


# ---- what refers to what: on plain data, so that one wrong field does not hide the rest ----


def _blocks(source: Source) -> Iterator[tuple[Place, dict[str, Any]]]:
    yield from _mappings(source.data.get("blocks"), ("blocks",))


def _mappings(data: object, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
    for index, entry in enumerate(data if isinstance(data, list) else ()):
        if isinstance(entry, dict):
            yield (*place, index), entry


def _items(source: Source) -> Iterator[tuple[Place, dict[str, Any]]]:
    for place, block in _blocks(source):
        yield from _mappings(block.get("items"), (*place, "items"))


def _named(data: object, field: str) -> dict[str, dict[str, Any]]:
    """Return the entries of a list by one of their fields; those without a readable name are left out."""
    return {one[field]: one for _, one in _mappings(data, ()) if isinstance(one.get(field), str)}


def _languages(source: Source) -> None:
    wanted = source.data.get("languages")
    if not isinstance(wanted, list) or not all(isinstance(code, str) for code in wanted):
        return
    if source.data.get("default_language") not in wanted:
        source.tell(("default_language",), f"must be one of the languages: {', '.join(wanted)}")
    for index, code in enumerate(wanted):
        if code in wanted[:index]:
            source.tell(("languages", index), f"{code} is listed twice")
    _texts(source, source.data, (), wanted)


_TEXT_FIELDS = {"title", "purpose", "label", "definition", "instructions", "message", "low", "high"}


def _texts(source: Source, data: object, place: Place, wanted: list[str]) -> None:
    if isinstance(data, list):
        for index, entry in enumerate(data):
            _texts(source, entry, (*place, index), wanted)
    if not isinstance(data, dict):
        return
    names = [part for part in place if isinstance(part, str)]
    if names and names[-1] in _TEXT_FIELDS and all(isinstance(value, str) for value in data.values()):
        missing = [code for code in wanted if code not in data]
        extra = [code for code in data if code not in wanted]
        if missing:
            source.tell(place, f"no text in {', '.join(missing)}")
        if extra:
            source.tell(place, f"text in {', '.join(extra)}, which is not among the languages")
        return
    for name, entry in data.items():
        _texts(source, entry, (*place, name), wanted)


def _ids(source: Source) -> None:
    """Check that ids of blocks, items and behaviours are unique in the document."""
    seen: dict[str, Place] = {}
    for place, block in _blocks(source):
        _unique(source, seen, (*place, "id"), block.get("id"))
        for item_place, item in _mappings(block.get("items"), (*place, "items")):
            _unique(source, seen, (*item_place, "id"), item.get("id"))
        for part, name in (("behaviours", "code"), ("modifiers", "id")):
            for one_place, one in _mappings(block.get(part), (*place, part)):
                _unique(source, seen, (*one_place, name), one.get(name))
        keys: dict[str, Place] = {}
        for part in ("items", "behaviours"):
            for one_place, one in _mappings(block.get(part), (*place, part)):
                key = one.get("key")
                if isinstance(key, str) and key.lower() in keys:
                    line = source.mark(keys[key.lower()])[0]
                    source.tell((*one_place, "key"), f"key {key!r} is taken already, on line {line}")
                elif isinstance(key, str):
                    keys[key.lower()] = (*one_place, "key")
    lists = source.data.get("choices")
    named = lists.items() if isinstance(lists, dict) else ()
    for name, entries in [*named, (None, source.data.get("placements"))]:
        top: Place = ("placements",) if name is None else ("choices", name)
        codes: dict[str, Place] = {}
        for place, choice in _mappings(entries, top):
            _unique(source, codes, (*place, "code"), choice.get("code"))


def _unique(source: Source, seen: dict[str, Place], place: Place, name: object) -> None:
    if not isinstance(name, str):
        return
    if name in seen:
        source.tell(place, f"{name!r} is used already, on line {source.mark(seen[name])[0]}")
    else:
        seen[name] = place
    if place[-1] == "id" and ("__" in name or name.endswith(_FORM_ENDINGS)):
        source.tell(place, f"{name!r}: forms use '__' and the endings {', '.join(_FORM_ENDINGS)} themselves")
    if place[-1] == "id" and name in RESERVED:
        source.tell(place, f"{name!r} is a column of the tables that sheets are entered into: take another")


def _references(source: Source) -> None:
    """Check that lists of choices, and items of conditions, exist."""
    lists = source.data.get("choices")
    codes = {
        name: set(_named(entries, "code"))
        for name, entries in (lists.items() if isinstance(lists, dict) else ())
    }
    used: set[str] = set()
    for place, one in _with_choices(source):
        name = one.get("choices")
        if not isinstance(name, str):
            continue
        used.add(name)
        if name not in codes:
            hint = _did_you_mean(name, sorted(codes))
            source.tell((*place, "choices"), f"there is no list {name!r} under choices{hint}")
    for name in codes:
        if name not in used:
            source.tell(("choices", name), "no item uses this list")
    for place, block in _blocks(source):
        here: dict[str, dict[str, Any]] = {}
        for item_place, item in _mappings(block.get("items"), (*place, "items")):
            _condition(source, item_place, item.get("when"), here, codes)
            if isinstance(item.get("id"), str):
                here[item["id"]] = item
            low, high = item.get("min"), item.get("max")
            if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
                source.tell((*item_place, "min"), f"min {low} is more than max {high}")


def _with_choices(source: Source) -> Iterator[tuple[Place, dict[str, Any]]]:
    for place, block in _blocks(source):
        yield from _mappings(block.get("items"), (*place, "items"))
        yield from _mappings(block.get("modifiers"), (*place, "modifiers"))


def _condition(
    source: Source, place: Place, when: object, here: dict[str, dict[str, Any]], codes: dict[str, set[Any]]
) -> None:
    if not isinstance(when, dict) or not isinstance(when.get("item"), str):
        return
    other = here.get(when["item"])
    if other is None:
        hint = _did_you_mean(when["item"], sorted(here))
        source.tell((*place, "when", "item"), f"no item {when['item']!r} before this one in its block{hint}")
        return
    known = {"yes", "no"} if other.get("type") == "bool" else codes.get(str(other.get("choices")), set())
    if other.get("type") not in ("bool", "choice", "multi"):
        source.tell((*place, "when", "item"), f"{when['item']!r} is neither a choice nor yes/no")
        return
    wanted = when.get("any_of")
    for index, code in enumerate(wanted if isinstance(wanted, list) else ()):
        if isinstance(code, str) and code not in known:
            source.tell((*place, "when", "any_of", index), f"{code!r} is no answer of {when['item']!r}")


def _behaviours(source: Source) -> None:
    """Check that categories, modifier sets and exclusive groups of focal blocks exist and fit."""
    for place, block in _blocks(source):
        if block.get("kind") != "focal":
            continue
        categories = _named(block.get("categories"), "code")
        sets = _named(block.get("modifiers"), "id")
        behaviours = _named(block.get("behaviours"), "code")
        kinds = {code: one.get("type") for code, one in behaviours.items()}
        for one_place, one in _mappings(block.get("behaviours"), (*place, "behaviours")):
            if isinstance(one.get("category"), str) and one["category"] not in categories:
                source.tell((*one_place, "category"), f"there is no category {one['category']!r}")
            names = one.get("modifiers")
            for index, name in enumerate(names if isinstance(names, list) else ()):
                if isinstance(name, str) and name not in sets:
                    source.tell((*one_place, "modifiers", index), f"there is no modifier set {name!r}")
        _modifiers(source, place, block)
        _exclusive(source, (*place, "exclusive"), block.get("exclusive"), kinds)


def _modifiers(source: Source, place: Place, block: dict[str, Any]) -> None:
    for one_place, one in _mappings(block.get("modifiers"), (*place, "modifiers")):
        needs = one.get("type", "single") in ("single", "multi")
        if needs and "choices" not in one:
            source.tell(one_place, "choices is missing: which list the modifier takes its values from")
        if not needs and "choices" in one:
            source.tell((*one_place, "choices"), f"a modifier of type {one.get('type')} takes no list")


def _exclusive(source: Source, place: Place, groups: object, kinds: dict[Any, Any]) -> None:
    for index, group in enumerate(groups if isinstance(groups, list) else ()):
        for position, code in enumerate(group if isinstance(group, list) else ()):
            where = (*place, index, position)
            if isinstance(code, str) and code not in kinds:
                hint = _did_you_mean(code, _strings(kinds))
                source.tell(where, f"there is no behaviour {code!r}{hint}")
            elif isinstance(code, str) and kinds[code] == "point":
                source.tell(where, f"{code!r} is a point: only states last, and can exclude each other")


def _strings(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, dict) else []


def _rules(source: Source) -> None:
    """Check that rules can be read and speak of numbers of their own block."""
    for place, block in _blocks(source):
        kinds = _named(block.get("items"), "id")
        for rule_place, line in _mappings(block.get("rules"), (*place, "rules")):
            where = (*rule_place, "check")
            if not isinstance(line.get("check"), str):
                continue
            try:
                rule = Rule.parse(line["check"])
            except ValueError as error:
                source.tell(where, str(error))
                continue
            if not rule.items:
                source.tell(where, "the rule speaks of no item")
            for name in rule.items:
                if name not in kinds:
                    hint = _did_you_mean(name, _strings(kinds))
                    source.tell(where, f"there is no item {name!r} in this block{hint}")
                elif str(kinds[name].get("type")) in _NOT_NUMBERS:
                    source.tell(where, f"{name!r} is not a number")
