"""`gazestudy aoi add|list|change|copy|remove`: areas of interest on the ad faces of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath, points_of

if TYPE_CHECKING:
    from gazestudy.model import Aoi

app = typer.Typer(help="Areas of interest on ad faces.", no_args_is_help=True)

AoiId = Annotated[str, typer.Argument(metavar="AOI", help="Its id, as `gazestudy aoi list` shows it.")]
PlacementId = Annotated[str, typer.Argument(metavar="PLACEMENT", help="Id of the ad face.")]
Label = Annotated[
    str | None, typer.Option("--label", help='Word that groups AOIs, such as logo; "" takes it away.')
]
Points = Annotated[str, typer.Option("--points", help="Corners in px of the picture: 'x,y x,y x,y ...'.")]


@app.command("add")
def add(
    study: StudyPath,
    placement_id: PlacementId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name for people, in any script.")],
    points: Points,
    label: Label = None,
    aoi_id: Annotated[
        str | None, typer.Option("--id", help="Short name; made of the names if empty.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Draw an area on an ad face."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        made = opened.add_aoi(placement_id, name, points_of(points), label=label or "", aoi_id=aoi_id)
    console.document(_record(made))
    console.say(f"added {made.id}")


@app.command("list")
def list_aois(
    study: StudyPath,
    placement_id: Annotated[str | None, typer.Option("--placement", help="Only those of this one.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the areas."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        if placement_id is not None:
            opened.placement(placement_id)  # says which there are where it is none of them
        found = opened.aois(placement_id)
    console.document([_record(aoi) for aoi in found])
    if not found:
        console.say(f"no AOIs yet: gazestudy aoi add {study} PLACEMENT NAME --points 'x,y x,y x,y'")
        return
    console.table(
        ["id", "placement", "name", "label", "corners"],
        [[aoi.id, aoi.placement_id, aoi.name, aoi.label, len(aoi.points_px)] for aoi in found],
    )


@app.command("change")
def change(
    study: StudyPath,
    aoi_id: AoiId,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    label: Label = None,
    points: Points = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Give an area another name, label or corners."""
    from gazestudy.store import open_study

    if name is None and label is None and not points:
        raise typer.BadParameter("give --name, --label or --points", param_hint="AOI")
    console = Console(as_json, quiet)
    with open_study(study) as opened:
        made = opened.change_aoi(
            aoi_id, name=name, label=label, points_px=points_of(points) if points else None
        )
    console.document(_record(made))
    console.say(f"changed {made.id}")


@app.command("copy")
def copy(
    study: StudyPath,
    source: Annotated[str, typer.Argument(metavar="FROM", help="Ad face that has the areas.")],
    targets: Annotated[list[str], typer.Argument(metavar="TO...", help="Ad faces that get them too.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Draw the areas of one ad face on others too, at the same shares of their pictures."""
    from gazestudy.model.wording import counted
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        for name in targets:
            opened.placement(name)
        made = [aoi for name in targets for aoi in opened.copy_aois(source, name)]
    console.document([_record(aoi) for aoi in made])
    console.say(f"{counted(len(made), 'AOI')} drawn on {', '.join(targets)}")


@app.command("remove")
def remove(study: StudyPath, aoi_id: AoiId, quiet: Quiet = False) -> None:
    """Remove an area."""
    from gazestudy.store import open_study

    with open_study(study) as opened:
        opened.remove_aoi(aoi_id)
    Console(quiet=quiet).say(f"removed {aoi_id}")


def _record(aoi: Aoi) -> dict[str, object]:
    return {
        "id": aoi.id,
        "placement": aoi.placement_id,
        "name": aoi.name,
        "label": aoi.label,
        "points_px": [list(point) for point in aoi.points_px],
    }
