"""`gazestudy export`: the study for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


def export(
    study: StudyPath,
    to: Annotated[
        str,
        typer.Option("--format", "-f", "--to", help="csv, xlsx, bids, qdc, qdpx, cloud or glassestools."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file or folder to make.")],
    recording: Annotated[
        list[str] | None,
        typer.Option(
            "--recording", metavar="ID", help="bids, qdpx, cloud, glassestools: only this; repeatable."
        ),
    ] = None,
    personal: Annotated[
        bool,
        typer.Option(
            "--with-personal-data",
            "--with-names",
            help="Write names instead of pseudonyms, and the tables of personal data.",
        ),
    ] = False,
    video: Annotated[
        bool | None,
        typer.Option(
            "--video/--no-video",
            help="Copy the scene video. Usual for cloud and glassestools; qdpx: into the file; bids: into"
            " sourcedata. It shows bystanders.",
        ),
    ] = None,
    corrected: Annotated[
        bool,
        typer.Option(
            "--corrected",
            help="bids, cloud, glassestools: gaze with the study's correction instead of as recorded.",
        ),
    ] = False,
    fixations: Annotated[
        bool, typer.Option("--fixations", help="csv, xlsx: also every fixation on a placement.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the study in a format of other programs, by pseudonym, and say what that format cannot hold."""
    from gazestudy.model.wording import counted
    from gazestudy.pipeline.exporting import ExportOptions, export_study
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    options = ExportOptions(
        None if recording is None else tuple(recording), personal, video, corrected, fixations
    )
    with open_study(study, read_only=True) as opened, console.progress() as progress:
        done = export_study(opened, to, out, options=options, progress=progress)
    console.document(done.to_dict())
    for part in done.parts:
        console.say(f"{part.name}: {counted(part.rows, 'row')} in {part.path}")
        for text in part.lost:
            console.say(f"  not held: {text}")
    for text in done.lost:
        console.say(f"note: {text}")
    if not done.parts:
        console.say(f"no recordings yet: gazestudy import {study} RECORDING")
