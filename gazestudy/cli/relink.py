"""`gazestudy relink`: say where scene videos are that were moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


def relink(
    study: StudyPath,
    place: Annotated[
        Path | None,
        typer.Argument(metavar="[PLACE]", help="Folder they are in now, or one of them; none: only list."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find scene videos that were moved, by their content, and remember where they are: all at once."""
    from gazestudy.pipeline.relinking import find_moved
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=place is None) as opened:
        missing, found = opened.missing_media(), {}
        if place is not None and missing:
            with console.progress() as progress:
                found = find_moved(missing, place, progress=progress)
            opened.relink_media(found)
    rows = [
        {
            "recording": medium.recording_id,
            "video": medium.position,
            "was": str(medium.path),
            "is": str(found.get((medium.recording_id, medium.position), "")),
        }
        for medium in missing
    ]
    console.document(rows)
    for row in rows:
        console.say(f"{row['recording']}  {row['was']}  ->  {row['is'] or 'not found'}")
    left = len(missing) - len(found)
    console.say("all scene videos are in their places" if not left else f"{left} scene videos are missing")
    if left:
        raise typer.Exit(1)
