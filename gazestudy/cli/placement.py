"""`gazestudy placement …`: the ad faces of a study, their pictures, and what screens showed when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath, points_of
from gazestudy.cli.placement_facets import FacetBoxes, facets, facets_of, say_placement

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(help="The ad faces of a study.", no_args_is_help=True)
app.command("facets")(facets)


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
    strips: Annotated[
        int,
        typer.Option("--facets", min=0, help="It goes round a pillar: cut it into so many upright strips."),
    ] = 0,
    facet: FacetBoxes = None,
    joined: Annotated[
        bool,
        typer.Option(
            "--joined", help="The pictures are the flat parts of one, left to right, or where --facet says."
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add an ad face with the picture, or pictures, shown on it."""
    from gazestudy.pipeline.wraps import add_wrap, strips_of
    from gazestudy.store import open_study

    console, parts = Console(as_json, quiet), facets_of(facet)
    if strips and (parts or joined):
        raise typer.BadParameter("give --facets, --facet or --joined", param_hint="--facets")
    facts: dict[str, Any] = {
        "name": name or placement_id,
        "kind": "digital" if digital else "static",
        "width_mm": width_mm,
        "height_mm": height_mm,
        "copies": copies,
        "station": station,
    }
    with open_study(study) as opened:
        if joined:
            added = add_wrap(opened, placement_id, images, facets=parts, **facts)
        else:
            cut = strips_of(images[0], strips) if strips else parts
            added = opened.add_placement(placement_id, images, facets=cut, **facts)
    say_placement(console, added, "added")


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
                "facets": [str(facet) for facet in placement.facets],
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


@app.command("change")
def change(
    study: StudyPath,
    placement_id: Annotated[str, typer.Argument(metavar="ID", help="Which ad face.")],
    name: Annotated[str | None, typer.Option("--name", help="Name for people.")] = None,
    width_mm: Annotated[float | None, typer.Option("--width-mm", min=1.0, help="Physical width.")] = None,
    height_mm: Annotated[float | None, typer.Option("--height-mm", min=1.0, help="Physical height.")] = None,
    copies: Annotated[int | None, typer.Option("--copies", min=1, help="How often it hangs there.")] = None,
    station: Annotated[str | None, typer.Option("--station", help="Name of the station.")] = None,
    quiet: Quiet = False,
) -> None:
    """Correct what is known of an ad face."""
    from gazestudy.store import open_study

    given = {
        "name": name, "width_mm": width_mm, "height_mm": height_mm, "copies": copies, "station": station,
    }  # fmt: skip
    facts = {key: value for key, value in given.items() if value is not None}
    if not facts:
        raise typer.BadParameter("give what is to be changed, such as --width-mm", param_hint="ID")
    with open_study(study) as opened:
        opened.change_placement(placement_id, **facts)
    Console(quiet=quiet).say(f"changed {placement_id}")


@app.command("picture")
def picture(
    study: StudyPath,
    placement_id: Annotated[str, typer.Argument(metavar="ID", help="Which ad face.")],
    image: Annotated[
        Path | None, typer.Argument(metavar="PICTURE", help="One more picture of a screen.")
    ] = None,
    replace: Annotated[
        str, typer.Option("--replace", metavar="NAME", help="Put the picture in place of this one.")
    ] = "",
    remove: Annotated[
        str, typer.Option("--remove", metavar="NAME", help="Remove this picture of a screen.")
    ] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add, replace or remove one picture of an ad face; NAME is its id or name."""
    from gazestudy.errors import ParameterError
    from gazestudy.store import open_study

    if (image is None) == (not remove) or (replace and remove):
        raise typer.BadParameter(
            "give a picture, with or without --replace, or --remove", param_hint="PICTURE"
        )
    console = Console(as_json, quiet)
    with open_study(study) as opened:
        place = opened.placement(placement_id)
        wanted = replace or remove
        known = {key: one.id for one in place.creatives for key in (one.name, one.id)}
        if wanted and wanted not in known:
            raise ParameterError("picture", wanted, "one of " + ", ".join(known))
        if image is None:
            opened.remove_creative(known[wanted])
        elif replace:
            opened.replace_creative(known[wanted], image)
        else:
            opened.add_creative(placement_id, image)
        place = opened.placement(placement_id)
    console.document({"id": place.id, "pictures": [one.image for one in place.creatives]})
    console.say(f"{place.id}: {', '.join(one.name for one in place.creatives)}")


@app.command("grab")
def grab_picture(
    source: Annotated[
        Path,
        typer.Argument(help="A study (with --recording), a recording, a video, or a photograph."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG to write.")],
    recording: Annotated[str, typer.Option("--recording", metavar="ID", help="Recording of a study.")] = "",
    name: Annotated[
        str | None, typer.Option("--name", help="Which recording, where a folder or file holds several.")
    ] = None,
    at_s: Annotated[float, typer.Option("--at", min=0, help="When, s from the first frame.")] = 0.0,
    corners: Annotated[
        str,
        typer.Option(
            help="Corners of the picture in the frame, clockwise from its top left: 'x,y x,y x,y x,y'."
            " Without them the whole frame is written, to read them from."
        ),
    ] = "",
    width_mm: Annotated[float | None, typer.Option("--width-mm", min=1.0, help="True width.")] = None,
    height_mm: Annotated[float | None, typer.Option("--height-mm", min=1.0, help="True height.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Take a reference picture from a scene: one frame, turned to the front by four corners."""
    from gazestudy.pipeline.grabbing import check_pictures, grab, write_picture

    console = Console(as_json, quiet)
    known = width_mm is not None and height_mm is not None
    taken = grab(
        source,
        recording=recording,
        name=name,
        at_s=at_s,
        quad_px=_corners(corners) if corners else None,
        aspect=(width_mm or 1) / (height_mm or 1) if known else None,
    )
    write_picture(out, taken.picture)
    height_px, width_px = taken.picture.shape[:2]
    found = {"picture": str(out), "width_px": width_px, "height_px": height_px, "t_s": taken.t_s}
    if not corners:
        console.document(found)
        console.say(f"{out}: the whole frame, {width_px} x {height_px} px; now give --corners")
        return
    table = check_pictures([out])
    console.document(found | table.to_dict("records")[0])
    console.say(f"{out}: {width_px} x {height_px} px")
    _show(table, console)


@app.command("check")
def check_mappable(
    pictures: Annotated[
        list[Path] | None, typer.Argument(metavar="PICTURE...", help="Picture files.", show_default=False)
    ] = None,
    study: Annotated[
        Path | None, typer.Option("--study", help="Look at the placements of this study together with them.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say which pictures can be mapped without markers, and which may be taken for one another."""
    from gazestudy.pipeline.grabbing import check_pictures
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    if study is None:
        if not pictures:
            raise typer.BadParameter("give pictures, or a study by --study", param_hint="PICTURE")
        table = check_pictures(pictures)
    else:
        with open_study(study, read_only=True) as opened:
            table = check_pictures(pictures or [], opened)
    console.document(table.to_dict("records"))
    _show(table, console)


@app.command("schedule")
def schedule(
    study: StudyPath,
    placement_id: Annotated[str, typer.Argument(metavar="ID", help="The digital placement.")],
    log: Annotated[
        Path | None, typer.Argument(metavar="LOG", help="What the player wrote: start, end, content (CSV).")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--tz", help="Time zone of times without one, such as Asia/Bangkok.")
    ] = None,
    loop: Annotated[
        str, typer.Option("--loop", help="Instead of a log: 'spring.jpg=10, -=50'; - is for others.")
    ] = "",
    start: Annotated[str, typer.Option("--from", help="When a loop began, with date and zone.")] = "",
    end: Annotated[str, typer.Option("--to", help="When it ended.")] = "",
    clock: Annotated[
        str, typer.Option("--clock", help="The player's clock, as named by `gazestudy align`.")
    ] = "",
    within_s: Annotated[
        float, typer.Option("--within", min=0, help="How far the player's clock may be off, s.")
    ] = 2.0,
    remove: Annotated[bool, typer.Option("--remove", help="Forget the schedule.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what a screen showed and when; pictures that are recognised are compared with it."""
    from gazestudy.pipeline.schedules import schedule_from_log, schedule_from_loop
    from gazestudy.store import open_study

    if [log is not None, bool(loop), remove].count(True) != 1:
        raise typer.BadParameter("give a log, --loop, or --remove", param_hint="LOG")
    spots = _spots(loop) if loop else []
    if loop and not (start and end):
        raise typer.BadParameter("a loop needs --from and --to", param_hint="--loop")
    console = Console(as_json, quiet)
    with open_study(study) as opened:
        if remove:
            opened.remove_schedule(placement_id)
            console.document({"placement": placement_id, "showings": 0})
            console.say(f"{placement_id} has no schedule any more")
            return
        others: tuple[str, ...] = ()
        if log is not None:
            read = schedule_from_log(
                opened, placement_id, log, zone=zone, clock=clock, uncertainty_s=within_s
            )
            count, others = len(read.showings), read.others
        else:
            count = schedule_from_loop(
                opened,
                placement_id,
                spots,
                start=start,
                end=end,
                clock=clock,
                uncertainty_s=within_s,
            )
    console.document({"placement": placement_id, "showings": count, "of_others": list(others)})
    console.say(f"{placement_id}: {count} showings")
    if others:
        console.say(f"  counted as pictures of others: {', '.join(others)}")


def _spots(text: str) -> list[tuple[str, float]]:
    """Return the spots of a loop: name and seconds."""
    spots = []
    for part in text.split(","):
        name, _, seconds = part.rpartition("=")
        try:
            spots.append((name.strip(), float(seconds)))
        except ValueError:
            name = ""
        if not name.strip():
            raise typer.BadParameter(
                f"{part.strip()!r} is no spot such as spring.jpg=10", param_hint="--loop"
            )
    return spots


def _show(table: pd.DataFrame, console: Console) -> None:
    columns = ["creative_id", "width_px", "height_px", "key_points", "mappable", "look_alikes", "advice"]
    names = ["picture", "width px", "height px", "key points", "mappable", "look-alikes", "advice"]
    console.table(names, table[columns].to_numpy().tolist())


def _corners(text: str) -> list[tuple[float, float]]:
    found = points_of(text)
    if len(found) != 4:
        raise typer.BadParameter("give four corners 'x,y x,y x,y x,y'", param_hint="--corners")
    return found
