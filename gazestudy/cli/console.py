"""What commands share: options, printing, progress bars."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gazestudy.cli import interrupt
from gazestudy.errors import ParameterError
from gazestudy.progress import NoProgress, Progress

if TYPE_CHECKING:
    import pandas as pd

StudyPath = Annotated[Path, typer.Argument(metavar="STUDY", help="The study folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter; may be given several times."),
]


class Console:
    """Prints for people, or one JSON document for machines.

    Parameters
    ----------
    as_json, quiet : bool
        As given on the command line.
    """

    def __init__(self, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json, self.quiet = as_json, quiet

    def say(self, text: str = "") -> None:
        """Print a line for people."""
        if not (self.as_json or self.quiet):
            typer.echo(text)

    def warn(self, text: str) -> None:
        """Print a warning to the error stream."""
        if not self.quiet:
            typer.echo(f"warning: {text}", err=True)

    def document(self, data: Any) -> None:
        """Print `data` if JSON was asked for."""
        if self.as_json:
            typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table for people; columns are as wide as their widest cell on screen."""
        if self.as_json or self.quiet:
            return
        from rich.cells import cell_len

        cells = [[str(value) for value in row] for row in [header, *rows]]
        widths = [max(cell_len(row[i]) for row in cells) for i in range(len(header))]
        for row in cells:
            padded = [
                value + " " * (width - cell_len(value)) for value, width in zip(row, widths, strict=True)
            ]
            typer.echo("  ".join(padded).rstrip())

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show bars on the error stream while the block runs, if a person is watching."""
        if self.as_json or self.quiet or not sys.stderr.isatty():
            yield _NoBars()
            return
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        with RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=RichConsole(stderr=True),
            transient=True,
        ) as bars:
            yield _Bars(bars)


class _NoBars(NoProgress):
    """Shows nothing; stops at Ctrl-C."""

    @property
    def cancelled(self) -> bool:
        return interrupt.asked()


class _Bars(_NoBars):
    """One bar at a time on a rich display; stops at Ctrl-C."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._task: Any = None

    def start(self, label: str, total: int | None) -> None:
        if self._task is not None:
            self._display.remove_task(self._task)
        self._task = self._display.add_task(label, total=total)

    def advance(self, count: int = 1) -> None:
        if self._task is not None:
            self._display.advance(self._task, count)


def parse_settings(settings: Sequence[str] | None) -> dict[str, Any]:
    """Turn `NAME=VALUE` words into a dictionary; values are read as JSON where they are JSON.

    Parameters
    ----------
    settings : sequence of str or None
        As given on the command line.

    Returns
    -------
    dict
        Name to value.

    Raises
    ------
    ParameterError
        If a word has no "=".

    Examples
    --------
    >>> parse_settings(["threshold_deg_s=30", "noise_reduction=median", "gap_fill=false"])
    {'threshold_deg_s': 30, 'noise_reduction': 'median', 'gap_fill': False}
    """
    parsed: dict[str, Any] = {}
    for word in settings or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ParameterError("--set", word, "NAME=VALUE, such as threshold_deg_s=30")
        try:
            parsed[name] = json.loads(value)
        except json.JSONDecodeError:
            parsed[name] = value
    return parsed


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows for JSON; what is not known is null."""
    rows = table.astype("object").where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def short_value(value: object) -> str:
    """Return a cell for people: three digits, and "-" for what is not known."""
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.3g}"
    return str(value)


def _plain(value: Any) -> Any:
    """Make numpy values, paths and missing values readable for JSON."""
    if hasattr(value, "item"):
        return value.item()
    return str(value)


def points_of(text: str) -> list[tuple[float, float]]:
    """Return the points of a text such as '10,20 400,20'.

    Raises
    ------
    ParameterError
        If it holds something else.

    Examples
    --------
    >>> points_of("10,20 400.5,20")
    [(10.0, 20.0), (400.5, 20.0)]
    """
    try:
        pairs = [tuple(float(part) for part in pair.split(",")) for pair in text.split()]
        return [(x, y) for x, y in pairs]
    except ValueError as error:
        raise ParameterError("points", text, "pairs such as '10,20 400,20 400,600 10,600'") from error
