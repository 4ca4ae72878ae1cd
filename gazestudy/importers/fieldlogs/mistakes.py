"""Mistakes in field logs: collected with sheet, row and column, and shown together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gazestudy.errors import InputError
from gazestudy.model.recording import Finding, Severity

SHOWN_OF_A_KIND = 20
"""How many mistakes of one kind are told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Where something stands in a file.

    Attributes
    ----------
    sheet : str
        Sheet, table or file.
    row : int
        Row as a spreadsheet counts, 1 is the header; 0 where it is about more than one row.
    column : str
        Column or key, may be empty.

    Examples
    --------
    >>> str(Cell("interval_counts", 14, "glanced")), str(Cell("sessions", 3))
    ('interval_counts, row 14, column glanced', 'sessions, row 3')
    """

    sheet: str
    row: int = 0
    column: str = ""

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row else ""
        return f"{self.sheet}{row}" + (f", column {self.column}" if self.column else "")

    def at(self, column: str) -> Cell:
        """Return another column of the same row."""
        return Cell(self.sheet, self.row, column)


class FieldLogError(InputError):
    """A field log holds mistakes; the message tells all of them.

    Parameters
    ----------
    path : Path or str
        The file.
    findings : iterable of Finding
        The mistakes.
    """

    def __init__(self, path: Path | str, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        count = sum(finding.count for finding in self.findings)
        lines = "".join(f"\n  {finding.message}" for finding in self.findings)
        super().__init__(
            path,
            f"{count} {'entry' if count == 1 else 'entries'} cannot be used:{lines}\n",
            advice="Correct them, or import the rest with --salvage",
        )


class Mistakes:
    """Collects findings; many of one kind become a few with their places and a count.

    Parameters
    ----------
    stream : str
        The file, for the findings.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self._kinds: dict[tuple[Severity, str], list[Finding]] = {}
        self._counts: dict[tuple[Severity, str], int] = {}

    def problem(self, code: str, where: Cell, text: str) -> None:
        """Note an entry that cannot be used."""
        self._add("problem", code, f"{where}: {text}")

    def warn(self, code: str, where: Cell | None, text: str) -> None:
        """Note something doubtful that is kept."""
        self._add("warning", code, f"{where}: {text}" if where else text)

    def tell(self, code: str, text: str, count: int = 0) -> None:
        """Note a fact."""
        self._add("info", code, text, count)

    def _add(self, severity: Severity, code: str, message: str, count: int = 1) -> None:
        kind = (severity, code)
        known = self._kinds.setdefault(kind, [])
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if len(known) < SHOWN_OF_A_KIND:
            known.append(Finding(severity, self.stream, code, message, count))

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found: problems first, then warnings, then facts."""
        found: list[Finding] = []
        for severity in ("problem", "warning", "info"):
            for (of, code), some in self._kinds.items():
                if of == severity:
                    found += some
                    rest = self._counts[of, code] - len(some)
                    if rest:
                        found.append(Finding(of, self.stream, code, f"and {rest} more of this kind", rest))
        return tuple(found)
