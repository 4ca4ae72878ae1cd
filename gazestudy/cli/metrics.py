"""`gazestudy metrics`: attention metrics as a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.store import Study


def metrics(
    study: StudyPath,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV file, one row per recording and placement."),
    ] = None,
    group_by: Annotated[
        str,
        typer.Option("--group-by", help="Summary by placement and segment, daypart, aoi, creative."),
    ] = "placement",
    show: Annotated[
        str,
        typer.Option(
            "--show",
            help="notice, dwell, first-looks, first-looks-per-exposure, transitions or aoi-transitions.",
        ),
    ] = "notice",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print a summary per placement and write the whole table.

    With --show, the figures are dwell in two parts, the time to the first fixation as survival, or from
    where to where the gaze went, and --out gets these instead.
    """
    from gazestudy.pipeline.metrics import for_screen, study_metrics, summary, write_csv
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    groups = [word.strip() for word in group_by.split(",") if word.strip()]
    if show != "notice":
        _figures(console, study, show, groups, out)
        return
    with open_study(study, read_only=True) as opened:
        table = study_metrics(opened, creatives="creative" in groups)
    shown = summary(table, groups)
    if out is not None:
        write_csv(table, out)
    console.document(shown.to_dict(orient="records"))
    console.table(*for_screen(shown))
    if out is not None:
        console.say(f"one row per recording and {'creative' if 'creative' in groups else 'placement'}: {out}")


def _figures(console: Console, path: Path, show: str, groups: list[str], out: Path | None) -> None:
    """Print and write figures that are more than counts and medians."""
    from gazestudy.errors import ParameterError
    from gazestudy.pipeline import attention_figures as figures
    from gazestudy.pipeline.metrics import rounded, write_csv
    from gazestudy.store import open_study

    known: dict[str, Callable[[Study], pd.DataFrame]] = {
        "dwell": lambda study: figures.study_dwell(study, groups),
        "first-looks": lambda study: figures.study_first_look_table(study, groups),
        "first-looks-per-exposure": lambda study: figures.study_first_look_table(
            study, groups, per_exposure=True
        ),
        "transitions": figures.study_transitions,
        "aoi-transitions": lambda study: figures.study_transitions(study, between="aois"),
    }
    if show not in known:
        raise ParameterError("show", show, "notice, " + ", ".join(known))
    with open_study(path, read_only=True) as opened:
        table = known[show](opened)
    if out is not None:
        write_csv(table, out)
    console.document(table.to_dict(orient="records"))
    hidden = [name for name in ("method", "rule") if name in table]
    console.table(*rounded(table.drop(columns=hidden)))
    if out is not None:
        console.say(f"with the rule or method of every row: {out}" if hidden else f"the same table: {out}")
