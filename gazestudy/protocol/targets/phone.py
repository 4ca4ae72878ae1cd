"""A page for the phone: one HTML file that counts offline and keeps every tap.

The page is put together from the parts in `phone_page/`: plain JavaScript without a library, which loads
nothing. `journal.js` writes what happens to the disk of the phone, entry by entry, before it is shown;
`session.js` folds the entries into a session, so that a reload or a killed browser loses nothing; `tables.js`
turns a session into the tables of `gazestudy.model.fieldwork`.

What the page exports
---------------------
JSON, one file for each session::

    format       "gazestudy-phone-log/1"
    protocol     id and version of the document
    exported_at  ISO 8601 with offset
    complete     false where the session was still running; `stopped_at` is then the time of the export
    tables       canonical tables by name, each a list of rows; a column that is not given is empty
    personal     answers of items that are `personal`; never part of a table
    journal      every entry: session, n (0, 1, ...), t (ms since 1970), kind, and what the kind needs.
                 {"kind": "undo", "of": n} takes back entry n; no entry is ever changed or removed

CSV, one file for each session: a header, then one row for each row of a canonical table. The first column
is `table`; the others are the columns of all tables, empty where they do not belong to the row. The header
ends with the name of the format and, where the session was still running, the word `unfinished`.

Taps are counted in the interval in which they happen, by the clock of the phone. An interval in which an
item was switched off gives no row for it; what was tapped in it before is kept as a note. Time in which the
page was closed or asleep for more than 20 s is a note and, if the document does not ask for `paused_s`, part
of it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from gazestudy.model.fieldwork import FIELD_CONTRACTS
from gazestudy.protocol.blocks import FormBlock
from gazestudy.protocol.canonical import CODE_LETTERS
from gazestudy.protocol.document import Protocol
from gazestudy.protocol.rules import Rule, Term
from gazestudy.protocol.targets.phone_words import page_words
from gazestudy.protocol.targets.registry import ExportOptions, protocol_target
from gazestudy.protocol.texts import LANGUAGE_NAMES

PHONE_FORMAT = "gazestudy-phone-log/1"
"""What the field `format` of an exported log says."""

_SCRIPTS = ("start", "journal", "session", "tables", "widgets", "screens", "run_screen", "app")
_DEFAULT_LENGTH_S = 3600


@protocol_target("html", "page for the phone, works offline", ".html")
def write_phone_page(protocol: Protocol, out: Path, options: ExportOptions) -> list[str]:
    """Write the page: one file, without anything from the network."""
    out.write_text(phone_page(protocol, options), encoding="utf-8", newline="\n")
    return _dropped(protocol)


def phone_page(protocol: Protocol, options: ExportOptions) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    protocol : Protocol
        The document; all of its languages are in the page.
    options : ExportOptions
        Language to begin with, session ids, placements, length and known answers.

    Returns
    -------
    str
        HTML with script, style and document in it. Its content security policy allows this script alone,
        and no connection. Texts of the document are data and never become markup.
    """
    style = _part("page.css")
    script = '(() => {\n"use strict";\n' + "\n".join(_part(f"{name}.js") for name in _SCRIPTS) + "})();\n"
    data = json.dumps(_data(protocol, options), ensure_ascii=False, separators=(",", ":"))
    parts = {
        "LANGUAGE": html.escape(options.language),
        "TITLE": html.escape(protocol.text(protocol.title, options.language)),
        "SCRIPT_HASH": _hash(script),
        "STYLE_HASH": _hash(style),
        "STYLE": style,
        "DATA": data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
        "SCRIPT": script,
    }
    page = _part("page.html").split("@@")
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(page))


def _part(name: str) -> str:
    return files("gazestudy.protocol.targets").joinpath("phone_page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(protocol: Protocol, options: ExportOptions) -> dict[str, Any]:
    document = protocol.to_dict()
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    open_end = protocol.length_s is None and options.length_s == _DEFAULT_LENGTH_S
    return {
        "format": PHONE_FORMAT,
        "document": f"{protocol.id}-{protocol.version}-{hashlib.sha256(text.encode()).hexdigest()[:12]}",
        "protocol": document,
        "language": options.language,
        "language_names": {code: LANGUAGE_NAMES.get(code, code) for code in protocol.languages},
        "words": page_words(protocol.languages),
        "sessions": list(options.sessions),
        "placements": [{"code": one.code, "label": one.label} for one in options.placements],
        "length_s": None if open_end else options.length_s,
        "prefill": dict(options.prefill),
        "rules": {
            block.id: [_rule(line.rule(), line.message) for line in block.rules]
            for block in protocol.item_blocks()
        },
        "columns": {
            name: [column.name for column in contract.columns]
            for name, contract in FIELD_CONTRACTS.items()
            if name != "reliability_pairs"
        },
        "letters": CODE_LETTERS,
    }


def _rule(rule: Rule, message: dict[str, str]) -> dict[str, Any]:
    def terms(side: tuple[Term, ...]) -> list[list[Any]]:
        return [[term.sign, term.item, term.number] for term in side]

    return {
        "left": terms(rule.left),
        "operator": rule.operator,
        "right": terms(rule.right),
        "items": rule.items,
        "message": message,
    }


def _dropped(protocol: Protocol) -> list[str]:
    items = [item for block in protocol.item_blocks() for item in block.items]
    dropped = []
    if any(item.type in ("photo", "audio") for item in items):
        dropped.append("pictures and sounds: the observer types the number of the picture or recording")
    if any(block.rules for block in protocol.blocks if isinstance(block, FormBlock)):
        dropped.append("rules of forms: they are checked on import")
    if any(getattr(item, "key", None) for item in items) or any(True for _ in protocol.focal_blocks()):
        dropped.append("keys: a phone has none")
    if any(item.personal for item in items):
        dropped.append("personal answers in the CSV: they are in the JSON, apart from the tables")
    return dropped
