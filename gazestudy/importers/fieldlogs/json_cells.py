"""JSON objects inside cells."""

from __future__ import annotations

import json
from typing import Any

from gazestudy.importers.fieldlogs.mistakes import Cell, Mistakes


def object_in(text: str, where: Cell, mistakes: Mistakes) -> dict[str, Any]:
    """Return the JSON object in a cell, {} where it is empty or damaged (which is a problem)."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        mistakes.problem("no_json", where, f"{text[:40]!r} is no JSON object")
        return {}
    return {str(name): value for name, value in found.items()}
