"""Checks across the entries of a field log: rules between numbers, and times inside sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gazestudy.importers.fieldlogs.mistakes import Cell, Mistakes
from gazestudy.importers.fieldlogs.plan import FieldPlan

SLACK_S = 60.0
"""How far an entry may lie outside of its session before it is doubtful."""

_SLICES = {"interval_counts": ("interval_no", "interval"), "scans": ("scan_no", "scan")}

Rows = Mapping[str, list[dict[str, Any]]]
Places = Mapping[str, list[Cell]]


def check_rules(rows: Rows, places: Places, plan: FieldPlan, mistakes: Mistakes) -> None:
    """Warn of numbers of one interval or scan that break a rule, such as more glanced than passed.

    Parameters
    ----------
    rows, places : mapping
        Entries by table, and where they stand.
    plan : FieldPlan
        The rules.
    mistakes : Mistakes
        Hears of breaches. The numbers are kept: which of the two is wrong cannot be told.
    """
    for table, (number, word) in _SLICES.items():
        slices: dict[tuple[str, int], dict[str, dict[str, tuple[float, Cell]]]] = {}
        for row, where in zip(rows[table], places[table], strict=True):
            if row.get("value") is not None:
                of_slice = slices.setdefault((row["session_id"], row[number]), {})
                of_slice.setdefault(row["placement_id"], {})[row["item"]] = (row["value"], where)
        for (session_id, index), placements in slices.items():
            whole = placements.get("", {})
            told: set[tuple[str, Cell]] = set()
            for placement, own in placements.items():
                values = {**whole, **own}
                for rule in plan.rules:
                    if placement and not set(rule.items) & set(own):
                        continue  # about the whole point: told there
                    if rule.holds({item: value for item, (value, _) in values.items()}) is not False:
                        continue
                    where = next(values[item][1] for item in (*rule.items,) if item in own or not placement)
                    if (rule.text, where) in told:
                        continue
                    told.add((rule.text, where))
                    numbers = ", ".join(f"{item} {values[item][0]:g}" for item in rule.items)
                    of = f" of {placement}" if placement else ""
                    text = (
                        f"{rule.text} does not hold in {word} {index} of session {session_id}{of}: {numbers}"
                    )
                    mistakes.warn("rule", where, text)


def check_times(
    rows: Rows, places: Places, spans: Mapping[str, tuple[datetime, datetime]], mistakes: Mistakes
) -> None:
    """Warn of entries outside of their session; the last interval ends with the session at the latest.

    Parameters
    ----------
    rows, places : mapping
        Entries by table, and where they stand.
    spans : mapping of str to (datetime, datetime)
        Start and stop of the sessions.
    mistakes : Mistakes
        Hears of what is doubtful.
    """
    lengths = {name: (stop - start).total_seconds() for name, (start, stop) in spans.items()}
    clipped: set[str] = set()
    for row in rows["interval_counts"]:
        length = lengths[row["session_id"]]
        if row["start_s"] < length < row["end_s"]:
            row["end_s"] = length
            clipped.add(row["session_id"])
    for name in sorted(clipped):
        text = f"session {name}: its last interval ends when the session stopped, {lengths[name]:g} s"
        mistakes.tell("last_interval", text, 1)
    for table, column in (("interval_counts", "start_s"), ("scans", "at_s"), ("events", "t_s")):
        told: set[tuple[str, float]] = set()
        for row, where in zip(rows[table], places[table], strict=True):
            at_s, length = row[column], lengths[row["session_id"]]
            if -SLACK_S <= at_s <= length + SLACK_S or (row["session_id"], at_s) in told:
                continue
            told.add((row["session_id"], at_s))
            text = f"{at_s:g} s is outside of session {row['session_id']}, which lasted {length:g} s"
            mistakes.warn("outside_session", where, text)
