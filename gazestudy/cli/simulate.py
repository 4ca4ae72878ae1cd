"""`gazestudy simulate`: a station with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet


def simulate(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same walk.")] = 1,
    participants: Annotated[int, typer.Option("--participants", min=1, help="How many people walk.")] = 1,
    duration_s: Annotated[float, typer.Option("--duration-s", min=2.0, help="Length of a walk.")] = 60.0,
    width_px: Annotated[int, typer.Option("--width-px", min=320, help="Scene video width.")] = 1280,
    height_px: Annotated[int, typer.Option("--height-px", min=240, help="Scene video height.")] = 720,
    layout: Annotated[
        list[str] | None,
        typer.Option("--layout", help="File layout of the recordings; several take turns. [default: four]"),
    ] = None,
    people: Annotated[int, typer.Option("--people", min=0, help="How many others walk about.")] = 30,
    many: Annotated[
        bool, typer.Option("--many", help="Fifty pictures drawn by lot, some of which hang nowhere.")
    ] = False,
    brightness: Annotated[
        float, typer.Option("--brightness", min=0.05, max=2.0, help="0.3 is a dark station.")
    ] = 1.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Render walks through a station: recordings as devices write them, placement pictures, the truth."""
    from gazestudy.pipeline.simulation import DEFAULT_LAYOUTS, simulate_sessions

    console = Console(as_json, quiet)
    with console.progress() as progress:
        folder = simulate_sessions(
            out,
            seed=seed,
            participants=participants,
            duration_s=duration_s,
            width_px=width_px,
            height_px=height_px,
            layouts=layout or DEFAULT_LAYOUTS,
            people=people,
            many=many,
            brightness=brightness,
            progress=progress,
        )
    console.document({"folder": str(folder)})
    console.say(f"recordings, placements and truth in {folder}")
