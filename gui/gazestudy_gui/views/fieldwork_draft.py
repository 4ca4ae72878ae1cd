"""The sheet that is being typed: on the disk with every entry, until it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Place = tuple[int, str, str]
"""Column (from 0), item and placement of an entry."""

_FORMAT = "gazestudy-sheet-draft/1"
_FILE = Path("live") / "sheet.json"


def draft_file(study: Path) -> Path:
    """Return the file of a study in which the sheet lies that is being typed."""
    return study / _FILE


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed of a sheet.

    Attributes
    ----------
    protocol : str
        Which protocol, as `ProtocolBox.key` calls it.
    name : str
        Id of the session.
    started, stopped : str
        Date and time on the sheet, ISO 8601 without a zone.
    placements : tuple of str
        Ids of the placements in view.
    answers : mapping of str to str
        The head of the sheet.
    cells : mapping of str to mapping of Place to str
        Entries by block; also those that are not on show, such as of intervals after another stop.
    notes : str
        One on each line.
    """

    protocol: str
    name: str
    started: str
    stopped: str
    placements: tuple[str, ...]
    answers: Mapping[str, str]
    cells: Mapping[str, Mapping[Place, str]] = field(default_factory=dict)
    notes: str = ""

    def content(self) -> bytes:
        """Return it as a file; the same draft is always the same file."""
        cells = {
            block: [[*place, text] for place, text in sorted(entries.items())]
            for block, entries in sorted(self.cells.items())
            if entries
        }
        kept = {"format": _FORMAT, **asdict(self), "cells": cells}
        return json.dumps(kept, ensure_ascii=False, sort_keys=True, indent=0).encode("utf-8")

    @classmethod
    def read(cls, content: bytes) -> Draft | None:
        """Return the draft of a file; None where it is none."""
        try:
            kept: dict[str, Any] = json.loads(content)
            if kept.pop("format") != _FORMAT:
                return None
            cells = {
                str(block): {
                    (int(column), str(item), str(place)): str(text) for column, item, place, text in one
                }
                for block, one in kept.pop("cells").items()
            }
            return cls(**{**kept, "placements": tuple(kept["placements"])}, cells=cells)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def difference(before: Draft, after: Draft) -> str:
    """Return what is different: cells, head, notes, or the name of a field; empty where nothing is.

    Fields into which letters are typed have a name of their own for each, so that the letters of one word
    become one edit.
    """
    for name in ("protocol", "name", "started", "stopped", "placements", "notes"):
        if getattr(before, name) != getattr(after, name):
            return name
    for item in {*before.answers, *after.answers}:
        if before.answers.get(item) != after.answers.get(item):
            return f"head {item}"
    return "cells" if before.content() != after.content() else ""
