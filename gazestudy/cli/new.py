"""`gazestudy new`: make an empty study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet


def new(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder to make.")],
    name: Annotated[str, typer.Option("--name", help="Name of the study, in any script.")] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make an empty study folder."""
    from gazestudy.store import create_study

    console = Console(as_json, quiet)
    with create_study(study, name=name or study.name):
        pass
    console.document({"study": str(study)})
    console.say(f"made {study}")
    console.say(f"next: gazestudy placement add {study} ID PICTURE, then gazestudy import {study} RECORDING")
