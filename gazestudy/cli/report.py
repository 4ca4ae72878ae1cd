"""`gazestudy report`: the study as one page or one document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


def report(
    study: StudyPath,
    out: Annotated[
        list[Path],
        typer.Option("--out", "-o", help="File to write, .html or .pdf; may be given several times."),
    ],
    figures: Annotated[
        Path | None, typer.Option("--figures", help="Folder for every figure as a file, drawings as SVG.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write what was found, placement by placement, with every denominator and what cannot be concluded."""
    from gazestudy.pipeline.reporting import write_report
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened, console.progress() as progress:
        written = write_report(opened, out, figures=figures, progress=progress)
    for note in written.notes:
        console.warn(note)
    findings = written.report.findings()
    console.document(
        {
            "files": [str(path) for path in written.files],
            "findings": [
                {"topic": one.topic, "strength": one.strength, "headline": one.headline, "detail": one.detail}
                for one in findings
            ],
        }
    )
    for one in findings:
        console.say(f"{one.strength:>9}  {one.headline}")
    for path in written.files[: len(out)]:
        console.say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    if figures is not None:
        console.say(f"{len(written.files) - len(out)} figures in {figures}")
