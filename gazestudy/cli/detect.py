"""`gazestudy detect`: a table of gaze in, gaze events out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, Settings, parse_settings


def detect(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE",
            help="CSV, TSV or Parquet with t_ns, valid and x_deg, y_deg (or x_px, y_px); or a recording.",
        ),
    ],
    method: Annotated[str, typer.Option("--method", help="Detector; see gazestudy list detectors.")] = "ivt",
    settings: Settings = None,
    camera: Annotated[
        Path | None,
        typer.Option("--camera", help="Scene camera calibration (JSON as Pupil Cloud writes it)."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file for the gaze events.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Detect fixations and saccades in one table."""
    from gazestudy.pipeline.detecting import detect_in_file, write_events

    console = Console(as_json, quiet)
    events = detect_in_file(table, method=method, camera_path=camera, parameters=parse_settings(settings))
    counts = {str(kind): int(n) for kind, n in events["kind"].value_counts(sort=False).items() if n}
    provenance = events.attrs["provenance"]
    if out is not None:
        write_events(events, out)
    console.document({"counts": counts, "provenance": provenance, "out": str(out) if out else None})
    console.say(", ".join(f"{n} {kind}" for kind, n in counts.items()) or "no gaze events")
    for name, value in provenance["parameters"].items():
        console.say(f"  {name} = {value}")
    if out is not None:
        console.say(f"events in {out}, parameters in {out.with_suffix('.json')}")
