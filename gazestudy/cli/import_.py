"""`gazestudy import`: bring recordings into a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gazestudy.cli.console import AsJson, Console, Quiet

if TYPE_CHECKING:
    from gazestudy.importers import Place, ReadOptions

_SEVERAL = 2  # the study and a recording


def import_recordings(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="STUDY RECORDING...",
            help="The study folder, then recording folders, zips or tables; no study with --dry-run.",
            show_default=False,
        ),
    ],
    participant: Annotated[
        str, typer.Option("--participant", "-p", help="Pseudonym; the next free one if not given.")
    ] = "",
    segment: Annotated[str, typer.Option("--segment", help="Group of the participant.")] = "",
    daypart: Annotated[str, typer.Option("--daypart", help="When in the day, such as 'morning peak'.")] = "",
    importer: Annotated[
        str, typer.Option("--importer", help="Importer to use; see gazestudy list importers.")
    ] = "",
    columns: Annotated[
        Path | None, typer.Option("--columns", help="Saved column mapping of a plain table (JSON).")
    ] = None,
    gaze_source: Annotated[
        str,
        typer.Option("--gaze-source", help="Which gaze stream, where there are several."),
    ] = "",
    min_confidence: Annotated[
        float | None,
        typer.Option("--min-confidence", min=0.0, max=1.0, help="Least confidence of a valid sample."),
    ] = None,
    video: Annotated[
        Path | None, typer.Option("--video", help="Scene video, for exports that come without it.")
    ] = None,
    camera: Annotated[
        Path | None, typer.Option("--camera", help="Calibration of the scene camera (JSON).")
    ] = None,
    copy_video: Annotated[
        bool, typer.Option("--copy/--link", help="Copy the scene video into the study, or refer to it.")
    ] = True,
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Import what can be read of damaged recordings too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what lies there and who would read it.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring recordings in, each with a report of what was checked, skipped and found wrong."""
    from gazestudy.importers import ReadOptions
    from gazestudy.pipeline.importing import import_path
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    options = ReadOptions(
        columns=columns, gaze_source=gaze_source, min_confidence=min_confidence, video=video, camera=camera
    )
    if dry_run:
        _show_what_lies_there(paths, importer, options, console)
        return
    if len(paths) < _SEVERAL:
        raise typer.BadParameter("give the study folder and at least one recording", param_hint="RECORDING")
    study, *paths = paths
    done = []
    with open_study(study) as opened, console.progress() as progress:
        for path in paths:
            done += import_path(
                opened,
                path,
                participant_id=participant,
                segment=segment,
                daypart=daypart,
                importer=importer or None,
                options=options,
                copy_video=copy_video,
                salvage=salvage,
                progress=progress,
            )
    console.document(
        [
            {
                "recording": item.recording.id,
                "participant": item.recording.participant_id,
                "report": item.report,
            }
            for item in done
        ]
    )
    for item in done:
        console.say(f"imported {item.recording.id} (participant {item.recording.participant_id})")
        console.say(item.text)


def _holds_one_of(folder: str, found: Sequence[str]) -> bool:
    """Say whether a recording was found below a folder: then the folder itself need not be one."""
    prefix = f"{folder}/" if folder else ""
    return any(inner != folder and inner.startswith(prefix) for inner in found)


def _show_what_lies_there(
    paths: Sequence[Path], importer: str, options: ReadOptions, console: Console
) -> None:
    """Print what would be imported and by whom; exit code 1 unless each path holds only clear cases."""
    from gazestudy.errors import InputError
    from gazestudy.importers import survey_places
    from gazestudy.store.database import DATABASE_NAME

    recordings: list[dict[str, Any]] = []
    unknown: list[dict[str, Any]] = []
    clear = True
    for path in [path for path in paths if not (path / DATABASE_NAME).is_file()]:
        try:
            places = list(survey_places(path, importer=importer or None, options=options))
        except InputError as error:
            unknown.append({"path": str(path), "error": str(error), "reasons": {}})
            clear = False
            continue
        recordings += [row for place in places for row in _rows_of(place)]
        found = [place.inner for place in places if place.candidates]
        unknown += [
            _nothing_at(place)
            for place in places
            if not place.candidates and (place.error or not _holds_one_of(place.inner, found))
        ]
        clear = clear and any(place.candidates for place in places)
        clear = clear and not any(place.error or len(place.importers) > 1 for place in places)
    console.document({"recordings": recordings, "unknown": unknown})
    if recordings:
        header = ["path", "importer", "device", "recording", "recognised by"]
        console.table(header, [[_path_of(row), *list(row.values())[2:6]] for row in recordings])
    _say_ambiguities(recordings, console)
    for place in unknown:
        console.say(f"\nno recording in {place['path']}")
        if place["error"]:
            console.say(f"  {place['error']}")
        for reason, names in _by_reason(place["reasons"]).items():
            console.say(f"  {reason} ({', '.join(names)})")
    if not clear:
        raise typer.Exit(1)


def _rows_of(place: Place) -> list[dict[str, Any]]:
    return [
        {
            "path": str(one.path / one.inner),
            "selection": one.selection,
            "importer": one.importer,
            "device": one.device,
            "recording": one.name,
            "recognised by": one.reason,
            "ambiguous": place.importers if len(place.importers) > 1 else [],
        }
        for one in place.candidates
    ]


def _nothing_at(place: Place) -> dict[str, Any]:
    error = "" if place.error is None else str(place.error)
    return {"path": str(place.path / place.inner), "error": error, "reasons": place.refusals}


def _path_of(row: dict[str, Any]) -> str:
    return f"{row['path']} ({row['selection']})" if row["selection"] else row["path"]


def _say_ambiguities(recordings: Sequence[dict[str, Any]], console: Console) -> None:
    for path, names in {row["path"]: row["ambiguous"] for row in recordings if row["ambiguous"]}.items():
        console.say(f"\nambiguous: {path} is known to {', '.join(names)}; choose one with --importer NAME")


def _by_reason(refusals: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, reason in refusals.items():
        found.setdefault(reason, []).append(name)
    return found
