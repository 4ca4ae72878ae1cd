"""`gazestudy heatmap`: export heatmaps of all placements at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


def heatmap(
    study: StudyPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write into.")],
    group_by: Annotated[
        str,
        typer.Option(
            "--group-by",
            help="One map for each: placement, and any of segment, daypart, participant, creative.",
        ),
    ] = "placement",
    formats: Annotated[str, typer.Option("--format", help="Any of png, svg, npz, csv.")] = "png,npz",
    weight: Annotated[
        str, typer.Option("--weight", help="dwell, count or participant (each participant counts the same).")
    ] = "dwell",
    kernel: Annotated[
        str,
        typer.Option(
            "--kernel", help="Full width at half maximum of the kernel, such as 2deg, 200mm or 40px."
        ),
    ] = "",
    fog: Annotated[bool, typer.Option("--fog", help="Also write fog maps.")] = False,
    difference: Annotated[
        str,
        typer.Option(
            "--difference",
            metavar="BY=A,B",
            help="Instead, where two segments or dayparts differ, such as segment=regular,visitor.",
        ),
    ] = "",
    permutations: Annotated[
        int, typer.Option("--permutations", help="Arrangements of people that a difference is tested with.")
    ] = 2000,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write attention heatmaps, with what they show written in the picture, and the numbers behind them."""
    from gazestudy.errors import ParameterError
    from gazestudy.model.wording import counted
    from gazestudy.pipeline.heatmaps import export_heatmaps
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    if difference:
        if fog or group_by != "placement":
            raise ParameterError("--difference", difference, "no --fog and no --group-by beside it")
        words = [word.strip() for word in formats.split(",") if word.strip()]
        _differences(console, study, out, difference, words, weight, kernel, permutations)
        return
    with open_study(study, read_only=True) as opened, console.progress() as progress:
        exported = export_heatmaps(
            opened,
            out,
            group_by=[word.strip() for word in group_by.split(",") if word.strip()],
            formats=[word.strip() for word in formats.split(",") if word.strip()],
            weight=weight,
            kernel=kernel,
            fog=fog,
            progress=progress,
        )
    console.document([item.to_dict() for item in exported])
    for note in sorted({note for item in exported for note in item.notes}):
        console.warn(note)
    console.table(
        ["heatmap", "participants", "fixations", "kernel"],
        [[item.label, item.n_participants, item.n_fixations, item.kernel] for item in exported],
    )
    console.say(f"{counted(sum(len(item.files) for item in exported), 'file')} in {out}")


def _differences(
    console: Console,
    path: Path,
    out: Path,
    groups: str,
    formats: list[str],
    weight: str,
    kernel: str,
    permutations: int,
) -> None:
    """Write and list maps of where two groups looked differently."""
    from gazestudy.model.wording import counted
    from gazestudy.pipeline.difference_maps import export_differences
    from gazestudy.store import open_study

    with open_study(path, read_only=True) as opened, console.progress() as progress:
        exported = export_differences(
            opened,
            out,
            groups=groups,
            formats=formats,
            weight=weight,
            kernel=kernel,
            permutations=permutations,
            progress=progress,
        )
    console.document([item.to_dict() for item in exported])
    rows = []
    for item in exported:
        found = item.comparison
        people = "-" if found is None else f"{found.n_a}, {found.n_b}"
        p_value = f"{item.p_adjusted:.3f}" if item.p_adjusted == item.p_adjusted else "-"
        regions = "-" if found is None else len(found.regions)
        rows.append([item.placement_id, people, p_value, regions, "; ".join(item.notes)])
    console.table(["placement", "people", "p (all placements)", "regions", "note"], rows)
    console.say(f"{counted(sum(len(item.files) for item in exported), 'file')} in {out}")
