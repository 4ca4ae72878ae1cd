"""`gazestudy mapping`: what people say about mapping, and what it should be checked by."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath, points_of
from gazestudy.errors import ParameterError

if TYPE_CHECKING:
    from gazestudy.model.manual import Stored, VendorRank, Verdict
    from gazestudy.pipeline.mapping_manual import Unit
    from gazestudy.store import Study

app = typer.Typer(help="Correct mapping by hand, map by markers, and check it.", no_args_is_help=True)
key_frames = typer.Typer(help="Corners clicked on key frames; between them is tracked.", no_args_is_help=True)
answers = typer.Typer(help="Where gaze was, as a person says.", no_args_is_help=True)
markers = typer.Typer(help="ArUco and AprilTag markers beside placements.", no_args_is_help=True)
app.add_typer(key_frames, name="key-frame")
app.add_typer(answers, name="answer")
app.add_typer(markers, name="markers")

Recording = Annotated[str, typer.Argument(metavar="RECORDING", help="Which recording.")]
AtS = Annotated[float, typer.Option("--at-s", help="Seconds since the first scene frame.")]
By = Annotated[str | None, typer.Option("--by", help="Who says so; otherwise the user of this computer.")]
Note = Annotated[str, typer.Option("--note", help="Why, in words.")]
Picture = Annotated[str, typer.Option("--picture", help="Which picture of a screen; the first if not given.")]
Copy = Annotated[int, typer.Option("--copy", min=0, help="Which print, where it hangs more than once.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="From list.")]
OneRecording = Annotated[str | None, typer.Option("--recording", help="Only this recording.")]
OnePlacement = Annotated[str | None, typer.Option("--placement", help="Only this placement.")]


@key_frames.command("add")
def add_key_frame(
    study: StudyPath,
    recording: Recording,
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Which placement.")],
    corners: Annotated[
        str,
        typer.Argument(
            metavar="'X,Y X,Y X,Y X,Y'",
            help="Its corners in the scene image, px, clockwise from the top left corner of the picture;"
            " or other points, see --points.",
        ),
    ],
    at_s: AtS,
    points: Annotated[
        str | None,
        typer.Option(
            "--points",
            metavar="'X,Y X,Y X,Y X,Y'",
            help="Where corners are out of sight or hidden: four other points of the reference image or more,"
            " px, in the order of those in the scene image.",
        ),
    ] = None,
    picture: Picture = "",
    copy: Copy = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of corners there.")] = False,
    made_by: By = None,
    note: Note = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say where a placement is in one frame; give two or more for each time it is in view.

    The next run fits them to the picture where it can, and tracks the placement between and around them.
    """
    from gazestudy.pipeline.mapping_manual import add_key_frame as add
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        kept = add(
            opened,
            recording,
            placement,
            points_of(corners),
            at_s=at_s,
            points=points_of(points) if points is not None else None,
            creative_id=picture,
            copy=copy,
            made_by=made_by,
            note=note,
            replace=replace,
        )
        others = [
            one
            for one in opened.key_frames(recording)
            if (one.fact.placement_id, one.fact.copy) == (placement, copy)
        ]
    console.document(_document(kept))
    console.say(f"kept as key frame {kept.id}; gazestudy run {study} uses it")
    if len(others) == 1:
        console.warn("one key frame alone is not checked by another: click a second one while it is in view")


@key_frames.command("list")
def list_key_frames(
    study: StudyPath, recording: OneRecording = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List the key frames."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = opened.key_frames(recording)
        starts = _starts(opened)
    console.document([_document(one) for one in found])
    if not found:
        console.say("no key frames")
        return
    rows = [
        [
            one.id,
            one.fact.recording_id,
            f"{(one.fact.t_ns - starts[one.fact.recording_id]) / 1e9:.3f}",
            one.fact.placement_id,
            one.fact.copy,
            " ".join(f"{x:g},{y:g}" for x, y in one.fact.corners_px),
            *_made(one),
        ]
        for one in found
    ]
    header = ["no.", "recording", "at s", "placement", "copy", "corners px", "by", "when (UTC)", "note"]
    console.table(header, rows)


@key_frames.command("remove")
def remove_key_frame(study: StudyPath, number: Number, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Forget one key frame."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        opened.remove_key_frame(number)
    console.document({"removed": number})
    console.say(f"key frame {number} is removed; gazestudy run {study} maps without it")


@answers.command("add")
def add_answer(
    study: StudyPath,
    recording: Recording,
    at_s: AtS,
    placement: Annotated[str, typer.Option("--placement", help="The placement that is meant.")] = "",
    point: Annotated[
        str | None, typer.Option("--point", metavar="X,Y", help="Gaze was here on the placement.")
    ] = None,
    unit: Annotated[
        str, typer.Option("--unit", help="Of the point: px of the reference image, mm, or share.")
    ] = "px",
    off: Annotated[bool, typer.Option("--off", help="Gaze was not on this placement.")] = False,
    nowhere: Annotated[bool, typer.Option("--nowhere", help="Gaze was on no placement.")] = False,
    until_s: Annotated[
        float | None,
        typer.Option("--until-s", help="End of a stretch of time; if not given, the fixation at --at-s."),
    ] = None,
    picture: Picture = "",
    copy: Copy = 0,
    made_by: By = None,
    note: Note = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say where gaze was during a fixation: it counts before all methods, and is kept when they run again."""
    from gazestudy.pipeline.mapping_manual import add_answer as add
    from gazestudy.store import open_study

    if sum((point is not None, off, nowhere)) != 1:
        raise ParameterError("answer", "--point, --off, --nowhere", "exactly one of them")
    verdict = "on" if point is not None else "off" if off else "nowhere"
    if unit not in ("px", "mm", "share"):
        raise ParameterError("--unit", unit, "px, mm or share")
    pairs = points_of(point) if point is not None else [(0.0, 0.0)]
    if len(pairs) != 1:
        raise ParameterError("--point", point, "one pair, such as 120,80")
    console = Console(as_json, quiet)
    with open_study(study) as opened:
        kept = add(
            opened,
            recording,
            cast("Verdict", verdict),
            placement,
            at_s=at_s,
            until_s=until_s,
            point=pairs[0],
            unit=cast("Unit", unit),
            creative_id=picture,
            copy=copy,
            made_by=made_by,
            note=note,
        )
        start = _starts(opened)[recording]
    console.document(_document(kept))
    console.say(f"kept as answer {kept.id}, for {_span(kept, start)}; gazestudy run {study} uses it")


@answers.command("list")
def list_answers(
    study: StudyPath, recording: OneRecording = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List the answers; where two overlap, the later one counts."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = opened.answers(recording)
        starts = _starts(opened)
    console.document([_document(one) for one in found])
    if not found:
        console.say("no answers")
        return
    rows = [
        [
            one.id,
            one.fact.recording_id,
            _span(one, starts[one.fact.recording_id]),
            one.fact.verdict,
            one.fact.placement_id or "-",
            f"{one.fact.x_share:.3f}, {one.fact.y_share:.3f}" if one.fact.verdict == "on" else "-",
            *_made(one),
        ]
        for one in found
    ]
    header = ["no.", "recording", "when", "gaze", "placement", "at (shares)", "by", "when (UTC)", "note"]
    console.table(header, rows)


@answers.command("remove")
def remove_answer(study: StudyPath, number: Number, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Undo one answer; what it had covered counts again."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        opened.remove_answer(number)
    console.document({"removed": number})
    console.say(f"answer {number} is removed; gazestudy run {study} maps without it")


@markers.command("set")
def set_markers(
    study: StudyPath,
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Whose markers.")],
    table: Annotated[
        Path,
        typer.Argument(
            metavar="CSV",
            help="id, x, y, side (top left corner and side), or id, x1, y1 ... x4, y4 (corners, clockwise),"
            " from the top left corner of the placement to the right and downwards.",
        ),
    ],
    family: Annotated[
        str, typer.Option("--family", help="Such as apriltag_36h11 or aruco_4x4_50.")
    ] = "apriltag_36h11",
    unit: Annotated[str, typer.Option("--unit", help="mm on the wall, or px of the reference image.")] = "mm",
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of its markers.")] = False,
    made_by: By = None,
    note: Note = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Declare the markers of a placement; the next run looks for them in every frame."""
    from gazestudy.pipeline.mapping_manual import read_markers
    from gazestudy.store import open_study

    if unit not in ("mm", "px"):
        raise ParameterError("--unit", unit, "mm or px")
    console = Console(as_json, quiet)
    layout = read_markers(table, placement, family, cast("Any", unit))
    with open_study(study) as opened:
        home = opened.placement(placement)
        if unit == "mm" and (home.width_mm is None or home.height_mm is None):
            raise ParameterError("--unit", unit, f"px: the size of {placement!r} in mm is not known")
        kept = opened.set_markers(layout, made_by=made_by, note=note, replace=replace)
    console.document({"placement": placement, **kept.fact.to_dict()})
    console.say(f"{len(layout.markers)} markers of {placement}; gazestudy run {study} looks for them")


@markers.command("list")
def list_markers(study: StudyPath, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the markers."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = opened.marker_layouts()
    console.document([{"placement": one.fact.placement_id, **one.fact.to_dict()} for one in found])
    rows = [
        [
            one.fact.placement_id,
            one.fact.dictionary,
            ", ".join(str(marker.id) for marker in one.fact.markers),
            one.fact.unit,
            *_made(one),
        ]
        for one in found
    ]
    if not rows:
        console.say("no markers")
        return
    console.table(["placement", "family", "numbers", "unit", "by", "when (UTC)", "note"], rows)


@markers.command("remove")
def remove_markers(
    study: StudyPath,
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Whose markers.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Forget the markers of a placement."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        opened.remove_markers(placement)
    console.document({"removed": placement})
    console.say(f"the markers of {placement} are removed; gazestudy run {study} maps without them")


@markers.command("look")
def look_for_markers(
    study: StudyPath,
    recording: Recording,
    at_s: AtS,
    family: Annotated[
        str, typer.Option("--family", help="Such as apriltag_36h11 or aruco_4x4_50.")
    ] = "apriltag_36h11",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show which markers are seen in one frame, and where."""
    from gazestudy.importers import SceneVideo
    from gazestudy.mapping.markers import find_markers
    from gazestudy.pipeline.mapping_manual import time_ns
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened, SceneVideo(opened.media(recording)) as video:
        frames = opened.stream(recording, "frames")
        luma = video.frame_at_time(time_ns(opened, recording, at_s), frames, colour=False)
    found = find_markers(luma, family)
    rows = [
        [number, " ".join(f"{x:.1f},{y:.1f}" for x, y in quad.tolist())]
        for number, quads in sorted(found.items())
        for quad in quads
    ]
    console.document([{"id": number, "corners_px": text} for number, text in rows])
    console.table(["number", "corners px"], rows)
    if not rows:
        console.say(f"no marker of {family} is seen at {at_s:g} s")


@app.command("vendor")
def vendor(
    study: StudyPath,
    rank: Annotated[
        str,
        typer.Argument(
            metavar="RANK", help="instead (of automatic mapping), after (where nothing else maps), or never."
        ),
    ],
    placement: Annotated[
        str, typer.Option("--placement", help="For this placement only; otherwise for the study.")
    ] = "",
    made_by: By = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Choose how imported mappings rank, in the study or for one placement."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        opened.set_vendor_rank(cast("VendorRank", rank), placement_id=placement, made_by=made_by)
        ranks = opened.vendor_ranks()
    console.document(ranks)
    for name, value in ranks.items():
        console.say(f"{name or 'all others'}: {value}")
    console.say(f"gazestudy run {study} uses it")


@app.command("remove-import")
def remove_import(
    study: StudyPath,
    recording: Recording,
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Which placement.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Remove a mapping that was imported from a vendor's program; the vendor's own files stay as they are."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study) as opened:
        opened.remove_imported_mapping(recording, placement)
    console.document({"removed": {"recording": recording, "placement": placement}})
    console.say(f"removed; gazestudy run {study} maps {placement} in {recording} without it")


@app.command("review-list")
def review_list(
    study: StudyPath,
    recording: OneRecording = None,
    placement: OnePlacement = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to print.")] = 20,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all of them, with all figures.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List fixations by doubt in their mapping, with the reasons; and how well each placement was mapped."""
    from gazestudy.pipeline.mapping_review import mapping_quality
    from gazestudy.pipeline.mapping_review import review_list as make
    from gazestudy.pipeline.metrics import write_csv
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened, console.progress() as progress:
        found = make(opened, recording=recording, placement=placement, progress=progress)
        quality = mapping_quality(opened, recording=recording, progress=progress)
    if placement is not None:
        quality = quality[quality["placement_id"] == placement]
    if csv is not None:
        write_csv(found, csv)
        write_csv(quality, csv.with_name(f"{csv.stem}-placements.csv"))
    console.document(
        {"fixations": _records(found.head(limit)), "placements": _records(quality), "count": len(found)}
    )
    rows = [
        [
            row["recording_id"],
            f"{row['start_s']:.2f}",
            f"{row['duration_ms']:.0f}",
            row["placement_id"] or "-",
            str(row["source"]).replace("_", " ") or "-",
            f"{row['doubt']:.2f}",
            row["reasons"] or "-",
        ]
        for row in _records(found.head(limit))
    ]
    console.table(["recording", "at s", "ms", "placement", "by", "doubt", "because"], rows)
    console.say(f"{min(limit, len(found))} of {len(found)} fixations\n")
    shown = [
        [
            row["recording_id"],
            row["placement_id"],
            f"{row['frames_mapped']} of {row['frames_in_view']}",
            f"{row['mapped_share']:.0%}",
            *(_percent(value) for value in (row["expected_error_share"], row["disagreement_share"])),
            str(row["sources"]).replace("_", " "),
        ]
        for row in _records(quality)
    ]
    header = ["recording", "placement", "frames mapped", "share", "expected error", "disagreement", "by"]
    console.table(header, shown)
    if csv is not None:
        console.say(f"written: {csv}, {csv.with_name(f'{csv.stem}-placements.csv')}")


@app.command("contact-sheet")
def contact_sheet(
    study: StudyPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the PNG files.")],
    recording: OneRecording = None,
    placement: OnePlacement = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many fixations.")] = 48,
    per_sheet: Annotated[int, typer.Option("--per-sheet", min=1, help="How many on a sheet.")] = 12,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Draw the most doubtful fixations: the picture beside the placement as it was seen, gaze on both."""
    from gazestudy.pipeline.mapping_review import contact_sheets
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened, console.progress() as progress:
        written = contact_sheets(
            opened,
            out,
            recording=recording,
            placement=placement,
            limit=limit,
            per_sheet=per_sheet,
            progress=progress,
        )
    console.document([str(path) for path in written])
    for path in written:
        console.say(f"written: {path}")
    if not written:
        console.say("no fixation to draw")


def _records(table: Any) -> list[dict[str, Any]]:
    return [
        {name: None if value != value else value for name, value in row.items()}  # noqa: PLR0124 - NaN is no JSON
        for row in table.to_dict(orient="records")
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _starts(study: Study) -> dict[str, int]:
    from gazestudy.errors import StudyError
    from gazestudy.pipeline.mapping_manual import start_ns

    found = {}
    for recording in study.recordings():
        try:
            found[recording.id] = start_ns(study, recording.id)
        except StudyError:
            found[recording.id] = 0
    return found


def _span(stored: Stored[Any], start_ns: int) -> str:
    begin, end = ((t_ns - start_ns) / 1e9 for t_ns in (stored.fact.start_ns, stored.fact.end_ns))
    return f"{begin:.3f} to {end:.3f} s"


def _made(stored: Stored[Any]) -> list[str]:
    return [stored.made_by, stored.made_utc, stored.note]


def _document(stored: Stored[Any]) -> dict[str, Any]:
    facts = {name: None if value != value else value for name, value in asdict(stored.fact).items()}  # noqa: PLR0124 - NaN is no JSON
    return {
        "id": stored.id,
        **facts,
        "made_by": stored.made_by,
        "made_utc": stored.made_utc,
        "note": stored.note,
    }
