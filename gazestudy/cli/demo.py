"""`gazestudy demo`: the whole main job on the sample study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Study folder to make or continue.")] = Path(
        "gazestudy-demo"
    ),
    sessions: Annotated[
        Path | None,
        typer.Option(
            "--sessions", help="Folder of sessions, as gazestudy simulate writes it; the sample by default."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Recordings mapped at the same time.")] = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a study of the sample sessions: import, detect, map, measure, heatmaps, report."""
    from gazestudy.model.wording import counted
    from gazestudy.pipeline.demo import run_demo
    from gazestudy.pipeline.metrics import for_screen

    console = Console(as_json, quiet)
    with console.progress() as progress:
        result = run_demo(folder, sessions=sessions, jobs=jobs, say=console.say, progress=progress)
    console.document(result.to_dict())
    console.say()
    console.table(*for_screen(result.summary))
    console.say()
    console.say(f"heatmaps of {counted(result.n_placements, 'placement')}: {result.heatmaps}")
    console.say(f"metrics: {result.metrics}")
    console.say(f"the report: {result.report} (and report.pdf beside it)")
    console.say(f"the study, for any other command: {result.study}")
