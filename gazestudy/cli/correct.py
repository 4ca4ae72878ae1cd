"""`gazestudy correct`: turn the gaze of a recording by what looks at known targets tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath
from gazestudy.errors import ParameterError

if TYPE_CHECKING:
    from gazestudy.model.correction import CorrectionKind, GazeCorrection, StoredCorrection
    from gazestudy.store import Study


def correct(
    study: StudyPath,
    recording: Annotated[
        str, typer.Argument(metavar="[RECORDING]", help="Whose gaze; not needed for --list and --remove.")
    ] = "",
    targets: Annotated[
        Path | None,
        typer.Option("--targets", help="CSV of points that were looked at; see gazestudy quality --targets."),
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", help="offset (the same all the time) or drift (changes evenly).")
    ] = "offset",
    by_deg: Annotated[
        str | None,
        typer.Option("--by-deg", metavar="RIGHT,UP", help="Turn by these degrees instead of by targets."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of the correction that is there.")
    ] = False,
    made_by: Annotated[
        str | None, typer.Option("--by", help="Who makes it; otherwise the user of this computer.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why, in words.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be kept.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show the corrections of the study.")] = False,
    remove: Annotated[
        int | None, typer.Option("--remove", metavar="NUMBER", help="Undo this correction.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Correct offset or drift of gaze; recorded data stay as they are, and --remove undoes it.

    Afterwards, `gazestudy run` makes gaze events and attention again from the corrected gaze.
    """
    from gazestudy.pipeline.look_targets import read_targets
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    if list_:
        with open_study(study, read_only=True) as opened:
            _list(console, opened)
        return
    if remove is not None:
        with open_study(study) as opened:
            opened.remove_correction(remove)
        console.document({"removed": remove})
        console.say(f"correction {remove} is removed; gazestudy run {study} makes results as before")
        return
    if not recording or (targets is None) == (by_deg is None):
        raise ParameterError("correct", recording, "a recording, and either --targets or --by-deg")
    wanted = read_targets(targets) if targets is not None else []
    with open_study(study, read_only=dry_run) as opened:
        found, troubles = _found(opened, recording, wanted, kind, by_deg)
        stored, elsewhere = None, list(opened.imported_placements(recording))
        if not dry_run:
            stored = opened.add_correction(recording, found, made_by=made_by, note=note, replace=replace)
    for trouble in troubles:
        console.warn(trouble)
    if elsewhere:
        console.warn(f"gaze that a vendor's program mapped stays as it is: {', '.join(elsewhere)}")
    console.document(_document(stored) if stored else found.to_dict())
    _show(console, recording, found)
    if stored is None:
        console.say("nothing was kept (--dry-run)")
    else:
        console.say(f"kept as correction {stored.id}; gazestudy run {study} uses it")


def _found(
    study: Study, recording: str, wanted: list[Any], kind: str, by_deg: str | None
) -> tuple[GazeCorrection, tuple[str, ...]]:
    from gazestudy.pipeline.correcting import correction_by_hand, correction_from_targets

    if kind not in ("offset", "drift"):
        raise ParameterError("--kind", kind, "offset or drift")
    if by_deg is None:
        return correction_from_targets(study, recording, wanted, cast("CorrectionKind", kind))
    if kind != "offset":
        raise ParameterError("--kind", kind, "offset, as --by-deg turns by the same amount all the time")
    words = by_deg.split(",")
    try:
        azimuth_deg, elevation_deg = (float(word) for word in words)
    except ValueError:
        raise ParameterError("--by-deg", by_deg, "two numbers, such as 1.5,-0.5") from None
    return correction_by_hand(study, recording, azimuth_deg, elevation_deg), ()


def _show(console: Console, recording: str, found: GazeCorrection) -> None:
    console.say(f"{recording}: {found.kind}, {_amounts(found)}")
    rows = found.evidence.get("targets", [])
    if not rows:
        return
    cells = [
        [
            row["target"],
            row["samples"],
            *(f"{row[name]:+.2f}" for name in ("azimuth_deg", "elevation_deg")),
            *(f"{row[name]:.2f}" for name in ("offset_deg", "after_deg")),
            "-" if row["without_it_deg"] is None else f"{row['without_it_deg']:.2f}",
        ]
        for row in rows
    ]
    console.table(["target", "samples", "right", "up", "offset deg", "after", "after, without it"], cells)


def _amounts(found: GazeCorrection) -> str:
    turns = [
        f"{azimuth:+.2f} deg right, {elevation:+.2f} deg up"
        for azimuth, elevation in zip(found.azimuth_deg, found.elevation_deg, strict=True)
    ]
    return " to ".join(turns)


def _list(console: Console, study: Study) -> None:
    found = study.corrections()
    console.document([_document(one) for one in found])
    if not found:
        console.say(f"no gaze is corrected: gazestudy correct {study.path} RECORDING --targets CSV")
        return
    rows = [
        [
            one.id,
            one.recording_id,
            one.correction.kind,
            _amounts(one.correction),
            len(one.correction.evidence.get("targets", ())),
            one.made_by,
            one.made_utc,
            one.note,
        ]
        for one in found
    ]
    console.table(["no.", "recording", "kind", "turn", "targets", "by", "when (UTC)", "note"], rows)


def _document(stored: StoredCorrection) -> dict[str, Any]:
    return {
        "id": stored.id,
        "recording": stored.recording_id,
        "made_by": stored.made_by,
        "made_utc": stored.made_utc,
        "note": stored.note,
        "correction": stored.correction.to_dict(),
    }
