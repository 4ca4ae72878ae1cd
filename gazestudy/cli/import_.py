"""`gazestudy import`: bring recordings into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


def import_recordings(
    study: StudyPath,
    paths: Annotated[
        list[Path], typer.Argument(metavar="RECORDING...", help="Recording folders, zips or tables.")
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
