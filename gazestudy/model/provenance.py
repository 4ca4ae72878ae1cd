"""Provenance: what a derived table was made by and from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

ATTRIBUTE = "provenance"


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a derived table came to be.

    Attributes
    ----------
    step : str
        Name of the step and its method, such as "events.ivt".
    version : int
        Version of the algorithm; a change of results raises it.
    parameters : dict
        Every parameter with its unit in the name.
    facts : dict
        What the step found out or decided (sampling rate, threshold source, share interpolated).
    """

    step: str
    version: int
    parameters: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "step": self.step,
            "version": self.version,
            "parameters": dict(self.parameters),
            "facts": dict(self.facts),
        }

    def attach(self, table: pd.DataFrame) -> pd.DataFrame:
        """Write the provenance into `table.attrs` and return the same table."""
        table.attrs[ATTRIBUTE] = self.to_dict()
        return table


def provenance_of(table: pd.DataFrame) -> dict[str, Any] | None:
    """Return the provenance dictionary of a table, or None."""
    found = table.attrs.get(ATTRIBUTE)
    return dict(found) if found is not None else None
