"""`gazestudy placement add|list`: the ad faces of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath

app = typer.Typer(help="The ad faces of a study.", no_args_is_help=True)


@app.command("add")
def add(
    study: StudyPath,
    placement_id: Annotated[
        str, typer.Argument(metavar="ID", help="Short name: a-z, 0-9, - and _, such as platform-2-north.")
    ],
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="PICTURE...", help="Flat pictures shown on it; the first one carries heatmaps."
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="Name for people, in any script.")] = "",
    width_mm: Annotated[
        float | None, typer.Option("--width-mm", min=1.0, help="Physical width of the picture.")
    ] = None,
    height_mm: Annotated[
        float | None, typer.Option("--height-mm", min=1.0, help="Physical height of the picture.")
    ] = None,
    copies: Annotated[int, typer.Option("--copies", min=1, help="How often this picture hangs there.")] = 1,
    digital: Annotated[bool, typer.Option("--digital", help="A screen that changes its picture.")] = False,
    station: Annotated[str, typer.Option("--station", help="Name of the station.")] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add an ad face with the picture, or pictures, shown on it."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        added = opened.add_placement(
            placement_id,
            images,
            name=name or placement_id,
            kind="digital" if digital else "static",
            width_mm=width_mm,
            height_mm=height_mm,
            copies=copies,
            station=station,
        )
    width_px, height_px = added.size_px
    console.document({"id": added.id, "width_px": width_px, "height_px": height_px, "pictures": len(images)})
    console.say(f"added {added.id}: {width_px} x {height_px} px, {len(images)} picture(s)")


@app.command("list")
def list_placements(study: StudyPath, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the ad faces."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        placements = opened.placements()
    console.document(
        [
            {
                "id": placement.id,
                "name": placement.name,
                "kind": placement.kind,
                "width_mm": placement.width_mm,
                "height_mm": placement.height_mm,
                "copies": placement.copies,
                "station": placement.station,
                "pictures": [creative.image for creative in placement.creatives],
            }
            for placement in placements
        ]
    )
    rows = []
    for placement in placements:
        known = placement.width_mm is not None and placement.height_mm is not None
        size = f"{placement.width_mm:g} x {placement.height_mm:g}" if known else "not known"
        rows.append(
            [placement.id, placement.name, placement.kind, size, placement.copies, len(placement.creatives)]
        )
    if not placements:
        console.say(f"no placements yet: gazestudy placement add {study} ID PICTURE")
        return
    console.table(["id", "name", "kind", "size mm", "copies", "pictures"], rows)
