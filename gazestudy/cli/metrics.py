"""`gazestudy metrics`: attention metrics as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


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
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print a summary per placement and write the whole table."""
    from gazestudy.pipeline.metrics import for_screen, study_metrics, summary, write_csv
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    groups = [word.strip() for word in group_by.split(",") if word.strip()]
    with open_study(study, read_only=True) as opened:
        table = study_metrics(opened, creatives="creative" in groups)
    shown = summary(table, groups)
    if out is not None:
        write_csv(table, out)
    console.document(shown.to_dict(orient="records"))
    console.table(*for_screen(shown))
    if out is not None:
        console.say(f"one row per recording and {'creative' if 'creative' in groups else 'placement'}: {out}")
