"""`gazestudy overlay`: scene videos with gaze and placements drawn onto them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


def overlay(
    study: StudyPath,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder to write into; one MP4 for each recording.")
    ],
    recording: Annotated[
        list[str] | None, typer.Option("--recording", metavar="ID", help="Only this one; repeatable.")
    ] = None,
    start_s: Annotated[float, typer.Option("--from", min=0, help="Start, s from the first picture.")] = 0.0,
    end_s: Annotated[float | None, typer.Option("--to", help="End, s from the first picture.")] = None,
    faces: Annotated[
        bool, typer.Option("--blur-faces/--show-faces", help="Make faces of bystanders unrecognisable.")
    ] = True,
    face_interval: Annotated[
        int, typer.Option("--face-interval", min=1, help="Pictures from one search for faces to the next.")
    ] = 5,
    height_px: Annotated[
        int | None, typer.Option("--height", help="Height of the pictures, px; as recorded if not given.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write scene videos with gaze, placements and gaze events; without sound, faces made unrecognisable."""
    from gazestudy.pipeline.overlay import export_overlay
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    done = []
    with open_study(study, read_only=True) as opened, console.progress() as progress:
        for name in recording or [one.id for one in opened.recordings()]:
            opened.recording(name)
            out.mkdir(parents=True, exist_ok=True)
            done.append(
                export_overlay(
                    opened,
                    name,
                    out / f"{name}.mp4",
                    start_s=start_s,
                    end_s=end_s,
                    blur_faces=faces,
                    face_interval=face_interval,
                    height_px=height_px,
                    progress=progress,
                )
            )
    console.document([one.to_dict() for one in done])
    for one in done:
        covered = f", faces covered in {one.face_frames}" if faces else ", faces not covered"
        console.say(f"{one.file}: {one.frames} pictures{covered}")
        for note in one.notes:
            console.warn(f"{one.recording_id}: {note}")
    if not done:
        console.say(f"no recordings yet: gazestudy import {study} RECORDING")
