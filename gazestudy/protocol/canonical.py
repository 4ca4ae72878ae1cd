"""The form that every filled sheet, form and page comes back in.

The tables are those of `gazestudy.model.fieldwork`; ids of items are the names in their `item` columns.

==============  ===================  =================================================================
block           table                one row for
==============  ===================  =================================================================
form            `sessions`           the session. Items called as a column fill it; others go to
                                     `conditions_json` as `{item: answer}`
form or per_ad  `answers`            each question: `item`, `value`
with `answers`
interval        `interval_counts`    each interval, item and placement: `interval_no` from 0,
                                     `start_s`, `end_s`
scan            `scans`              each instant, item and placement: `scan_no` from 0, `at_s`; a
                                     choice whose codes are all numbers goes to `value`, other choices
                                     go to `text`
focal           `events`             each point, or whole state, with modifiers as `{set: value}`
per_ad          `audits`             each placement. Items called as a column fill it; others go to
                                     `details_json`
log             `notes`              each note: the answers joined by ": ", codes first
==============  ===================  =================================================================

A choice in an interval is a condition of the interval and goes to `notes` as "item: code" at its start.
Photos and sounds go to `media` with the item that they answer. Yes and no are `yes` and `no`; several codes
are separated by a blank; times are `HH:MM`, dates `YYYY-MM-DD`; numbers have a point. An empty cell is "not
watched" and becomes no row; 0 is "watched, and it did not happen". Items that are `per_placement` have one
row for each placement, with its `placement_id`; the others have an empty `placement_id`. `started_at` and
`stopped_at` are asked by every target itself, whatever the document says.

Wide tables
-----------
Sheets that people fill in (CSV, XLSX) are wide: they have the key columns of their table (`WIDE_KEYS`), and
one column for each item instead of `item` and `value`. The name of the sheet or file is the name of the
table. A row whose first cell begins with "#" is for people.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from gazestudy.protocol.blocks import (
    Block,
    FocalBlock,
    FormBlock,
    IntervalBlock,
    LogBlock,
    PerAdBlock,
    ScanBlock,
)
from gazestudy.protocol.items import ItemBase

WIDE_KEYS: dict[str, tuple[str, ...]] = {
    "sessions": ("session_id", "protocol_id", "protocol_version", "started_at", "stopped_at", "tz"),
    "answers": ("session_id", "respondent_id", "placement_id"),
    "interval_counts": ("session_id", "interval_no", "start_s", "end_s", "placement_id"),
    "scans": ("session_id", "scan_no", "at_s", "placement_id"),
    "events": ("session_id", "subject", "code", "t_s", "t_end_s", "placement_id"),
    "audits": ("session_id", "placement_id"),
    "notes": ("session_id", "at_s", "placement_id"),
}
"""Key columns of the wide tables."""

CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXY"
"""Letters of session ids."""


def table_of(block: Block) -> str:
    """Return the name of the canonical table that a block fills.

    Examples
    --------
    >>> from gazestudy.protocol import load_protocol
    >>> [table_of(block) for block in load_protocol("station_point_observation").blocks][:4]
    ['sessions', 'audits', 'interval_counts', 'scans']
    """
    if isinstance(block, (FormBlock, PerAdBlock)) and block.answers:
        return "answers"
    tables: dict[type, str] = {
        FormBlock: "sessions",
        IntervalBlock: "interval_counts",
        ScanBlock: "scans",
        FocalBlock: "events",
        PerAdBlock: "audits",
        LogBlock: "notes",
    }
    return tables[type(block)]


def is_per_placement(item: ItemBase) -> bool:
    """Return whether an item is taken for each placement by itself."""
    return bool(getattr(item, "per_placement", False))


def new_session_id(choice: Callable[[str], str] = secrets.choice) -> str:
    """Return an id for a session that is not planned yet.

    Parameters
    ----------
    choice : callable, default secrets.choice
        Draws one letter; `rng.choice` of a seeded generator gives the same ids again.

    Returns
    -------
    str
        Eight letters and a check letter, such as `K7QF-3M9T-X`, without I, L, O, U and Z.

    Notes
    -----
    The check letter is sum(i x_i) mod 31: 31 is prime, so one wrong letter and two exchanged neighbours are
    always noticed.

    Examples
    --------
    >>> new_session_id(lambda letters: letters[7])
    '7777-7777-4'
    """
    body = "".join(choice(CODE_LETTERS) for _ in range(8))
    return f"{body[:4]}-{body[4:]}-{_check_letter(body)}"


def is_mistyped(session_id: str) -> bool:
    """Return whether an id looks like one of `new_session_id` but its check letter says no.

    Examples
    --------
    >>> is_mistyped("7777-7777-4"), is_mistyped("7777-7771-4"), is_mistyped("siam-p3-0800")
    (False, True, False)
    """
    body, letter = session_id[:-1].replace("-", "").upper(), session_id[-1:].upper()
    shaped = len(session_id) == 11 and session_id[4::5][:2] == "--" and len(body) == 8
    if not shaped or any(one not in CODE_LETTERS for one in body + letter):
        return False
    return _check_letter(body) != letter


def _check_letter(body: str) -> str:
    return CODE_LETTERS[
        sum((i + 1) * CODE_LETTERS.index(one) for i, one in enumerate(body)) % len(CODE_LETTERS)
    ]
