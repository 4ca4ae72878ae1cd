"""`gazestudy gui`: the desktop application."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def gui(
    study: Annotated[
        Path | None, typer.Argument(metavar="STUDY", help="Study to open; the start window if not given.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only look: needs no lock and changes nothing.")
    ] = False,
    language: Annotated[
        str, typer.Option("--language", help="en or th; as chosen in the application if not given.")
    ] = "",
) -> None:
    """Open the desktop application."""
    from gazestudy_gui.app import run_application

    raise typer.Exit(run_application(study, read_only=read_only, language=language))
