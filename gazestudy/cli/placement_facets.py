"""`gazestudy placement facets`: which parts of an ad face round a pillar or a corner are flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath

if TYPE_CHECKING:
    from gazestudy.model import Facet, Placement

FacetBoxes = Annotated[
    list[str] | None,
    typer.Option(
        "--facet",
        metavar="BOX",
        help="A flat part of the picture: left,top,right,bottom in px; once for each.",
    ),
]


def facets(
    study: StudyPath,
    placement_id: Annotated[str, typer.Argument(metavar="ID", help="The placement.")],
    strips: Annotated[
        int, typer.Option("--strips", min=0, help="Round a pillar: so many upright strips of equal width.")
    ] = 0,
    facet: FacetBoxes = None,
    flat: Annotated[bool, typer.Option("--flat", help="It is flat as a whole.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say which parts of an ad face that goes round a pillar or a corner are flat."""
    from gazestudy.pipeline.wraps import change_facets
    from gazestudy.store import open_study

    if [strips > 0, bool(facet), flat].count(True) != 1:
        raise typer.BadParameter("give --strips, --facet or --flat", param_hint="--strips")
    console = Console(as_json, quiet)
    with open_study(study) as opened:
        changed = change_facets(opened, placement_id, count=strips, facets=facets_of(facet))
    say_placement(console, changed, "changed")


def facets_of(texts: list[str] | None) -> list[Facet]:
    """Return boxes as they are typed: left,top,right,bottom."""
    from gazestudy.model import Facet

    found = []
    for text in texts or []:
        try:
            left, top, right, bottom = (float(value) for value in text.split(","))
        except ValueError:
            raise typer.BadParameter(
                f"{text!r} is no box such as 0,0,900,700", param_hint="--facet"
            ) from None
        found.append(Facet(left, top, right, bottom))
    return found


def say_placement(console: Console, placement: Placement, verb: str) -> None:
    """Print a placement that was added or changed."""
    width_px, height_px = placement.size_px
    pictures = len(placement.creatives)
    boxes = [str(one) for one in placement.facets]
    console.document(
        {
            "id": placement.id,
            "width_px": width_px,
            "height_px": height_px,
            "pictures": pictures,
            "facets": boxes,
        }
    )
    parts = f", {len(boxes)} facets" if boxes else ""
    console.say(f"{verb} {placement.id}: {width_px} x {height_px} px, {pictures} picture(s){parts}")
