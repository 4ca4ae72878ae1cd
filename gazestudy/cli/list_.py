"""`gazestudy list importers|fieldlogs|interviews|detectors|mappers`: what this installation can do."""

from __future__ import annotations

import typer

from gazestudy.cli.console import AsJson, Console, Quiet

app = typer.Typer(help="What this installation can do.", no_args_is_help=True)


@app.command("importers")
def importers(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the recording importers."""
    from gazestudy.importers import list_importers

    _show(
        Console(as_json, quiet),
        [
            {
                "name": item.name,
                "device": item.device,
                "documented only": "yes" if item.documented_only else "",
            }
            for item in list_importers()
        ],
    )


@app.command("fieldlogs")
def fieldlogs(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the readers of field logs."""
    from gazestudy.importers.fieldlogs import list_fieldlog_importers

    rows = [{"name": item.name, "reads": item.title} for item in list_fieldlog_importers()]
    _show(Console(as_json, quiet), rows)


@app.command("interviews")
def interviews(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the readers of interviews."""
    from gazestudy.importers.interviews import list_interview_importers

    rows = [{"name": item.name, "reads": item.title} for item in list_interview_importers()]
    _show(Console(as_json, quiet), rows)


@app.command("detectors")
def detectors(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the gaze event detectors and their parameters."""
    from gazestudy.events import list_detectors

    console = Console(as_json, quiet)
    found = list_detectors()
    console.document(
        [{"name": item.name, "what": item.summary, "parameters": item.describe()} for item in found]
    )
    for item in found:
        console.say(f"{item.name}: {item.summary}")
        rows = [
            [f"  {one['name']}", one["default"], one["meaning"], one["source"]] for one in item.describe()
        ]
        console.table(["  parameter", "default", "meaning", "source"], rows)


@app.command("mappers")
def mappers(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the ways to map gaze onto placements."""
    from gazestudy.mapping import list_mappers

    _show(Console(as_json, quiet), [{"name": item.name, "what": item.summary} for item in list_mappers()])


def _show(console: Console, rows: list[dict[str, str]]) -> None:
    console.document(rows)
    if rows:
        console.table(list(rows[0]), [list(row.values()) for row in rows])
