"""XLSForm for ODK Collect and KoboCollect: native counters, all languages, rules as constraints.

Layout that comes back, beside the items: `session_id`, `protocol_id`, `protocol_version`, `started_at`,
`stopped_at` at the top; every form, interval and scan is a group called as its block. Scans and intervals of
the same rhythm share one repeat, `rounds` (`rounds_600` for a second rhythm of 600 s), so that an observer
stays on one path; a group has `interval_no`, `start_s`, `end_s`, `opened_at`, or `scan_no`, `at_s`. Repeats
of `per_ad` and `log` blocks are called as their block, with `placement_id` or `at_s`. An item that is taken
for each placement is called `item__placement`. `<block>_not_watched` lists counts whose 0 is no result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gazestudy.protocol.blocks import (
    Block,
    FocalBlock,
    FormBlock,
    IntervalBlock,
    ItemBlock,
    LogBlock,
    PerAdBlock,
    ScanBlock,
)
from gazestudy.protocol.canonical import is_per_placement
from gazestudy.protocol.document import Protocol
from gazestudy.protocol.items import Choice, Item
from gazestudy.protocol.rules import Rule
from gazestudy.protocol.targets.registry import ExportOptions, protocol_target
from gazestudy.protocol.targets.words import word, words_in
from gazestudy.protocol.texts import LANGUAGE_NAMES

_TYPES = {
    "count": "integer",
    "integer": "integer",
    "decimal": "decimal",
    "text": "text",
    "scale": "integer",
    "time": "time",
    "date": "date",
    "photo": "image",
    "audio": "audio",
}
_YES_NO = "bool_yes_no"
Row = dict[str, str]


@dataclass(slots=True)
class _Form:
    """The rows of a workbook while it grows."""

    protocol: Protocol
    options: ExportOptions
    survey: list[Row] = field(default_factory=list)
    lists: dict[str, list[tuple[str, dict[str, str]]]] = field(default_factory=dict)

    def add(self, kind: str, name: str = "", **columns: str) -> None:
        self.survey.append({"type": kind, "name": name, **columns})

    def texts(self, column: str, text: dict[str, str] | None) -> Row:
        """Return one column for each language."""
        if not text:
            return {}
        fallback = self.protocol.text(text)
        return {
            f"{column}::{_language(code)}": _plain(text.get(code, fallback))
            for code in self.protocol.languages
        }

    def words(self, column: str, name: str) -> Row:
        return self.texts(column, words_in(name, self.protocol.languages))


@protocol_target("xlsform", "XLSForm for ODK Collect and KoboCollect", ".xlsx")
def write_xlsform(protocol: Protocol, out: Path, options: ExportOptions) -> list[str]:
    """Write the workbook (sheets survey, choices, settings)."""
    form = _Form(protocol, options)
    _opening(form)
    done: set[str] = set()
    for block in protocol.blocks:
        if block.id not in done:
            done |= _block(form, block)
    closing = [index for index, row in enumerate(form.survey) if row.get("_end")]
    end = closing[0] if closing else len(form.survey)
    form.survey[end:end] = _stop(form)
    _save(form, out)
    return _dropped(protocol, options)


def _opening(form: _Form) -> None:
    protocol = form.protocol
    form.add("start", "start")
    form.add("end", "end")
    form.add("audit", "audit")
    default = form.options.sessions[0] if form.options.sessions else "uuid()"
    form.add(
        "text",
        "session_id",
        required="true",
        default=default,
        **form.words("label", "session"),
        **form.words("hint", "session_hint"),
    )
    if protocol.instructions:
        form.add("begin_group", "how_to", appearance="field-list", **form.words("label", "instructions"))
        for number, text in enumerate(protocol.instructions, start=1):
            form.add("note", f"how_to_{number}", **form.texts("label", text))
        form.add("end_group")
    form.add("calculate", "protocol_id", calculation=f"'{protocol.id}'")
    form.add("calculate", "protocol_version", calculation=f"'{protocol.version}'")
    form.add("dateTime", "started_at", required="true", default="now()", **form.words("label", "started"))
    per_placement = any(is_per_placement(item) for block in protocol.item_blocks() for item in block.items)
    if per_placement and not form.options.placements:
        form.add("text", "placement_id", **form.words("label", "placement"))


def _stop(form: _Form) -> list[Row]:
    held, form.survey = form.survey, []
    form.add(
        "dateTime",
        "stopped_at",
        required="true",
        constraint=". >= ${started_at}",
        **form.words("label", "stopped"),
        **form.words("hint", "stopped_hint"),
        **form.words("constraint_message", "before_start"),
    )
    rows, form.survey = form.survey, held
    return rows


def _block(form: _Form, block: Block) -> set[str]:
    """Add a block; returns the ids of the blocks that were added."""
    if isinstance(block, FocalBlock):
        return {block.id}
    if isinstance(block, (IntervalBlock, ScanBlock)):
        return _rounds(form, block)
    if isinstance(block, FormBlock):
        start = len(form.survey)
        form.add("begin_group", block.id, appearance="field-list", **form.texts("label", block.title))
        if block.answers:
            form.add("text", "respondent_id", **form.words("label", "respondent"))
        _note(form, block)
        _items(form, block, ())
        form.add("end_group")
        if block.at == "end":
            form.survey[start]["_end"] = "yes"
        return {block.id}
    _repeat(form, block)
    return {block.id}


def _rounds(form: _Form, first: IntervalBlock | ScanBlock) -> set[str]:
    """Put scans and intervals of one rhythm into one repeat, scans first."""
    together = [
        block
        for block in form.protocol.blocks
        if isinstance(block, (IntervalBlock, ScanBlock)) and block.every_s == first.every_s
    ]
    together.sort(key=lambda block: isinstance(block, IntervalBlock))
    earlier = {row["name"] for row in form.survey}
    name = "rounds" if "rounds" not in earlier else f"rounds_{first.every_s}"
    form.add("begin_repeat", name, **form.words("label", "round"))
    for block in together:
        form.add("begin_group", block.id, appearance="field-list", **form.texts("label", block.title))
        number = "position(../..) - 1"
        if isinstance(block, IntervalBlock):
            form.add("calculate", "interval_no", calculation=number)
            form.add("calculate", "start_s", calculation=f"(position(../..) - 1) * {block.every_s}")
            form.add("calculate", "end_s", calculation=f"position(../..) * {block.every_s}")
            form.add("calculate", "opened_at", calculation="once(now())")
        else:
            form.add("calculate", "scan_no", calculation=number)
            form.add("calculate", "at_s", calculation=_SINCE_START)
        _note(form, block)
        _items(form, block, form.options.placements)
        _not_watched(form, block)
        form.add("end_group")
    form.add("end_repeat")
    return {block.id for block in together}


_SINCE_START = "once(round((decimal-date-time(now()) - decimal-date-time(${started_at})) * 86400, 1))"


def _not_watched(form: _Form, block: ItemBlock) -> None:
    counts = [item for item in block.items if item.type == "count"]
    if not counts:
        return
    name = f"{block.id}_not_watched"
    form.lists[name] = [(item.id, item.label) for item in counts]
    form.add(
        f"select_multiple {name}",
        name,
        **form.words("label", "not_watched"),
        **form.words("hint", "not_watched_hint"),
    )


def _repeat(form: _Form, block: PerAdBlock | LogBlock) -> None:
    placements = form.options.placements if isinstance(block, PerAdBlock) else ()
    count = {"repeat_count": str(len(placements))} if placements else {}
    form.add("begin_repeat", block.id, **form.texts("label", block.title), **count)
    form.add("begin_group", f"{block.id}_row", appearance="field-list", **form.texts("label", block.title))
    if isinstance(block, LogBlock):
        form.add("calculate", "at_s", calculation=_SINCE_START)
    elif placements:
        chosen = "''"
        for number in range(len(placements), 0, -1):
            chosen = f"if(position(../..) = {number}, '{placements[number - 1].code}', {chosen})"
        form.add("calculate", "placement_id", calculation=chosen)
        shown = {
            language: f"{text}: ${{{block.id}_shown}}"
            for language, text in words_in("placement", form.protocol.languages).items()
        }
        form.add("calculate", f"{block.id}_shown", calculation=chosen)
        form.add("note", f"{block.id}_which", **form.texts("label", shown))
    else:
        form.add("text", "placement_id", required="true", **form.words("label", "placement"))
    _note(form, block)
    _items(form, block, ())
    form.add("end_group")
    form.add("end_repeat")


def _note(form: _Form, block: ItemBlock) -> None:
    if block.instructions:
        form.add("note", f"{block.id}_note", **form.texts("label", block.instructions))


def _items(form: _Form, block: ItemBlock, placements: Iterable[Choice]) -> None:
    """Add the items: those of the whole point first, then those of each placement."""
    known = list(placements)
    own = [item for item in block.items if is_per_placement(item) and known]
    names = [item.id for item in block.items if item not in own]
    for item in block.items:
        if item not in own:
            _item(form, block, item, item.id, names, {})
    for placement in known if own else ():
        renamed = {item.id: f"{item.id}__{placement.code}" for item in own}
        order = [*names, *renamed.values()]
        for item in own:
            _item(form, block, item, renamed[item.id], order, renamed, placement)


def _item(
    form: _Form,
    block: ItemBlock,
    item: Item,
    name: str,
    order: list[str],
    renamed: dict[str, str],
    placement: Choice | None = None,
) -> None:
    label = dict(item.label)
    unit = getattr(item, "unit", "")
    if item.type == "scale":
        label = {
            code: f"{text} (1 = {form.protocol.text(item.low, code)}, "
            f"{item.points} = {form.protocol.text(item.high, code)})"
            for code, text in label.items()
        }
    elif unit:
        label = {code: f"{text} ({unit})" for code, text in label.items()}
    if placement is not None:
        label = {code: f"{form.protocol.text(placement.label, code)}: {text}" for code, text in label.items()}
    row: Row = {**form.texts("label", label), **form.texts("hint", item.definition)}
    row.update(_appearance(item))
    if item.required:
        row["required"] = "true"
    if item.when is not None:
        row["relevant"] = _relevant(block, item, renamed)
    if not placement and item.id in form.options.prefill:
        row["default"] = form.options.prefill[item.id]
    row.update(_constraint(form, block, item, name, order, renamed))
    form.add(_type(form, item), name, **row)


def _type(form: _Form, item: Item) -> str:
    if item.type in ("choice", "multi"):
        entries = form.protocol.choices[item.choices]
        form.lists[item.choices] = [(one.code, one.label) for one in entries]
        return f"select_{'one' if item.type == 'choice' else 'multiple'} {item.choices}"
    if item.type == "bool":
        languages = form.protocol.languages
        form.lists[_YES_NO] = [("yes", words_in("yes", languages)), ("no", words_in("no", languages))]
        return f"select_one {_YES_NO}"
    if item.type == "scale":
        return "range"
    return _TYPES[item.type]


def _appearance(item: Item) -> Row:
    if item.type == "count":
        return {"appearance": "counter", "default": "0"}
    if item.type == "scale":
        return {"parameters": f"start=1 end={item.points} step=1"}
    if item.type == "photo":
        return {"parameters": "max-pixels=2048"}
    if item.type == "text" and item.lines > 1:
        return {"appearance": "multiline"}
    if item.type in ("choice", "bool"):
        return {"appearance": "columns-pack"}
    return {}


def _relevant(block: ItemBlock, item: Item, renamed: dict[str, str]) -> str:
    assert item.when is not None
    other = next(one for one in block.items if one.id == item.when.item)
    name = renamed.get(other.id, other.id)
    if other.type == "multi":
        return " or ".join(f"selected(${{{name}}}, '{code}')" for code in item.when.any_of)
    return " or ".join(f"${{{name}}} = '{code}'" for code in item.when.any_of)


def _constraint(
    form: _Form, block: ItemBlock, item: Item, name: str, order: list[str], renamed: dict[str, str]
) -> Row:
    """Return bounds, and every rule whose last item in the form is this one."""
    conditions = []
    messages: list[dict[str, str]] = []
    low = 0 if item.type == "count" else getattr(item, "min", None)
    high = getattr(item, "max", None)
    for sign, bound, words in ((">=", low, "at_least"), ("<=", high, "at_most")):
        if bound is not None and item.type != "scale":
            conditions.append(f". {sign} {bound}")
            messages.append({code: word(words, code, n=f"{bound:g}") for code in form.protocol.languages})
    for line in block.rules:
        rule = line.rule()
        names = [renamed.get(one, one) for one in rule.items]
        if name in names and all(one in order for one in names) and max(names, key=order.index) == name:
            conditions.append(_xpath(rule, name, renamed))
            messages.append(line.message)
    if not conditions:
        return {}
    told = {
        code: "; ".join(form.protocol.text(message, code) for message in messages)
        for code in form.protocol.languages
    }
    return {"constraint": " and ".join(conditions), **form.texts("constraint_message", told)}


def _xpath(rule: Rule, name: str, renamed: dict[str, str]) -> str:
    """Write a rule for the question `name`; it holds where another number is not known."""

    def write(item: str) -> str:
        called = renamed.get(item, item)
        return "." if called == name else f"${{{called}}}"

    others = [renamed.get(one, one) for one in rule.items if renamed.get(one, one) != name]
    unknown = [f"${{{one}}} = ''" for one in others]
    return f"({' or '.join([*unknown, rule.write(write)])})"


def _language(code: str) -> str:
    return f"{LANGUAGE_NAMES.get(code, code)} ({code})"


def _plain(text: str) -> str:
    """Return a text without what forms take for a reference or for markup."""
    return " ".join(text.replace("<", "＜").split())


def _save(form: _Form, out: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    languages = [_language(code) for code in form.protocol.languages]
    fixed = ["required", "relevant", "constraint", "calculation", "default", "appearance", "parameters"]
    columns = [
        "type",
        "name",
        *(f"label::{one}" for one in languages),
        *(f"hint::{one}" for one in languages),
    ]
    columns += [*fixed, "repeat_count", *(f"constraint_message::{one}" for one in languages)]
    used = {column for row in form.survey for column, value in row.items() if value}
    columns = [column for column in columns if column in used]
    survey = book.create_sheet("survey")
    survey.append(columns)
    for row in form.survey:
        survey.append([row.get(column, "") or None for column in columns])
    choices = book.create_sheet("choices")
    choices.append(["list_name", "name", *(f"label::{one}" for one in languages)])
    for name, entries in form.lists.items():
        for code, label in entries:
            texts = form.texts("label", label)
            choices.append([name, code, *(texts[f"label::{one}"] for one in languages)])
    settings = book.create_sheet("settings")
    settings.append(["form_title", "form_id", "version", "default_language"])
    title = form.protocol.text(form.protocol.title, form.options.language)
    settings.append([title, form.protocol.id, form.protocol.version, _language(form.options.language)])
    for page in book.worksheets:
        page.freeze_panes = "A2"
        for cell in page[1]:
            cell.font = Font(bold=True)
    book.save(out)


def _dropped(protocol: Protocol, options: ExportOptions) -> list[str]:
    dropped = []
    for block in protocol.focal_blocks():
        names = ", ".join(one.code for one in block.behaviours)
        dropped.append(f"block {block.id}: a stream of events ({names}); use BORIS, the phone page or paper")
    kinds = {block.kind for block in protocol.blocks}
    if kinds & {"interval", "scan"}:
        dropped.append("the clock of intervals and scans: the form does not ring; use a timer beside it")
    items = [item for block in protocol.item_blocks() for item in block.items]
    if any(getattr(item, "key", None) for item in items):
        dropped.append("keys")
    if any(choice.definition for one in protocol.choices.values() for choice in one):
        dropped.append("definitions of single answers")
    if len(options.sessions) > 1:
        dropped.append(
            f"session ids after the first ({len(options.sessions) - 1}): a form is for any session"
        )
    if any(is_per_placement(item) for item in items) and not options.placements:
        dropped.append("more than one placement in a session: name them with --placement")
    return dropped
