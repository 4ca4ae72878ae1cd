"""One field of a column mapping as it was found out, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One field of a column mapping as it was found out.

    Attributes
    ----------
    field : str
        Which field of `ColumnMapping`.
    value : object
        What is proposed; None for none.
    confidence : {"high", "medium", "low"}
        Said by the table, or very likely, or a question that a person has to answer.
    reason : str
        What it rests on.
    alternatives : tuple
        What else it may be.
    """

    field: str
    value: Any
    confidence: Confidence
    reason: str
    alternatives: tuple[Any, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        value = self.value.model_dump(exclude_none=True) if hasattr(self.value, "model_dump") else self.value
        return {
            "field": self.field,
            "value": value,
            "confidence": self.confidence,
            "reason": self.reason,
            "alternatives": list(self.alternatives),
        }
