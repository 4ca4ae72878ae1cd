"""`gazestudy import-mapping`: gaze that a vendor's program has mapped already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath
from gazestudy.errors import ParameterError


def import_mapping(
    study: StudyPath,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Enrichment of Pupil Cloud: its folder or zip.")
    ],
    placement: Annotated[
        str, typer.Option("--placement", help="The placement that the picture or surface is.")
    ],
    recording: Annotated[
        list[str] | None,
        typer.Option(
            "--recording",
            metavar="ID[=VENDOR_ID]",
            help="Recording of the study it belongs to; found by itself where the recording knows its id.",
        ),
    ] = None,
    corners: Annotated[
        str,
        typer.Option(
            "--corners",
            metavar="'X,Y X,Y X,Y X,Y'",
            help="Where the placement is in the vendor's picture (px; shares of a surface), clockwise from"
            " the top left; the whole picture if not given.",
        ),
    ] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Import mapped gaze (Marker Mapper, Reference Image Mapper); run uses it in place of our own mapping.

    Follows the vendor's documentation; what it says is checked against the recording where that can be done.
    """
    from gazestudy.pipeline.mapped_gaze import import_mapping as do_import
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    chosen = dict(_pair(word) for word in recording or ())
    with open_study(study) as opened, console.progress() as progress:
        done, left_out = do_import(
            opened,
            folder,
            placement,
            recordings=chosen or None,
            corners=_corners(corners),
            progress=progress,
        )
    console.document({"imported": [item.to_dict() for item in done], "left_out": left_out})
    for item in done:
        console.say(
            f"{item.recording_id}: {item.samples} mapped samples, {item.on_placement} on {item.placement_id};"
            f" {item.exact} of our samples have the same time"
        )
        for finding in item.findings:
            if finding.severity == "info":
                console.say(f"  {finding.message}")
            else:
                console.warn(f"{item.recording_id}: {finding.message}")
    if left_out:
        console.say(f"not in this study: {', '.join(left_out)}")
    console.say(f"used from now on; our own mapping is kept: gazestudy run {study}")


def _pair(word: str) -> tuple[str, str]:
    name, _, vendor_id = word.partition("=")
    return name, vendor_id


def _corners(text: str) -> list[tuple[float, float]] | None:
    if not text.strip():
        return None
    try:
        pairs = [tuple(float(part) for part in pair.split(",")) for pair in text.split()]
        return [(x, y) for x, y in pairs]
    except ValueError as error:
        raise ParameterError("--corners", text, "four pairs such as '10,20 400,20 400,600 10,600'") from error
