"""`gazestudy export`: recordings for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


def export(
    study: StudyPath,
    to: Annotated[str, typer.Option("--to", help="Format: glassestools or pupil-cloud.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where a folder for each recording is made.")],
    recording: Annotated[
        list[str] | None, typer.Option("--recording", metavar="ID", help="Only this one; repeatable.")
    ] = None,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="Write names of participants instead of pseudonyms.")
    ] = False,
    video: Annotated[
        bool, typer.Option("--video/--no-video", help="Copy the scene video, or leave it out.")
    ] = True,
    corrected: Annotated[
        bool,
        typer.Option("--corrected", help="Write gaze with the study's correction instead of as recorded."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write recordings in the format of another program, and say what that format cannot hold."""
    from gazestudy.pipeline.exporting import export_study
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened, console.progress() as progress:
        done = export_study(
            opened,
            to,
            out,
            recordings=recording,
            names=with_names,
            copy_videos=video,
            corrected=corrected,
            progress=progress,
        )
    console.document([item.to_dict() for item in done])
    for item in done:
        console.say(f"{item.recording_id}: {item.samples} samples in {item.folder}")
        for text in item.lost:
            console.say(f"  not held: {text}")
    if not done:
        console.say(f"no recordings yet: gazestudy import {study} RECORDING")
