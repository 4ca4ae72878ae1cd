"""`gazestudy columns propose|check`: plain tables that nobody explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, Settings, parse_settings

app = typer.Typer(help="Column mappings of plain gaze tables.", no_args_is_help=True)

_MARKS = {"high": "sure", "medium": "likely", "low": "OPEN"}


@app.command("propose")
def propose(
    path: Annotated[Path, typer.Argument(metavar="TABLE|FOLDER", help="A table of gaze, or its folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Save as a preset, such as columns.json.")
    ] = None,
    settings: Settings = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Propose what the columns of a table mean, with reasons, and list the questions that remain.

    Answer questions with --set, such as --set origin=bottom-left or --set width_px=1280.
    """
    from gazestudy.pipeline import columns

    console = Console(as_json, quiet)
    proposal = columns.propose(path, parse_settings(settings), out=out)
    mapping = proposal.mapping
    console.document(
        {
            "mapping": mapping.model_dump(exclude_defaults=True) if mapping is not None else None,
            "choices": [choice.to_dict() for choice in proposal.choices],
            "questions": [choice.to_dict() for choice in proposal.questions],
        }
    )
    rows = [
        [choice.field, _short(choice.to_dict()["value"]), _MARKS[choice.confidence], choice.reason]
        for choice in proposal.choices
    ]
    console.table(["field", "value", "", "because"], rows)
    if proposal.questions:
        console.say(f"\n{len(proposal.questions)} open:")
    for choice in proposal.questions:
        others = [_short(value) for value in (choice.value, *choice.alternatives) if value is not None]
        choose = " or ".join(f"--set {choice.field}={value}" for value in others)
        console.say(f"  {choice.field}: {choice.reason}" + (f" ({choose})" if choose else ""))
    if out is not None:
        console.say(f"saved: {out}; try it with gazestudy columns check {out} {path}")


@app.command("check")
def check(
    preset: Annotated[Path, typer.Argument(metavar="PRESET", help="Saved column mapping (JSON).")],
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table of gaze, or its folder.")],
    rows: Annotated[int, typer.Option("--rows", min=0, help="How many samples to show.")] = 10,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the first samples of a table as a preset reads them; nothing is stored."""
    from gazestudy.pipeline import columns

    console = Console(as_json, quiet)
    seen = columns.preview(preset, path, rows=rows)
    console.document(seen.to_dict())
    shown = [
        [f"{row.t_s:.6f}", f"{row.x_px:.2f}", f"{row.y_px:.2f}", "yes" if row.valid else "no", row.reason]
        for row in seen.rows.itertuples()
    ]
    console.table(["t s", "x px", "y px", "valid", "reason"], shown)
    counts = ", ".join(f"{count} {name}" for name, count in seen.reasons.items())
    console.say(f"{seen.samples} samples in {seen.duration_s:.3f} s, {seen.rate_hz:.1f} Hz: {counts}")
    console.say(f"{seen.frames} scene frames")
    for finding in seen.findings:
        if finding.severity != "info":
            console.warn(finding.message)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return "-" if value is None else repr(value) if value in ("\t", " ") else str(value)
