"""`gazestudy check`: verify that a study is sound."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath


def check(
    study: StudyPath,
    full: Annotated[
        bool, typer.Option("--full", help="Also read scene videos to verify their hashes.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Verify hashes, links between tables, media and results; say what to do about what is wrong."""
    from gazestudy.pipeline.checking import check_study
    from gazestudy.store import is_sound

    console = Console(as_json, quiet)
    with console.progress() as progress:
        problems = check_study(study, full=full, progress=progress)
    sound = is_sound(problems)
    console.document({"sound": sound, "problems": [asdict(problem) for problem in problems]})
    for problem in problems:
        console.say(str(problem))
    console.say(f"{study} is sound" if sound else f"{study} is not sound")
    if not sound:
        raise typer.Exit(1)
