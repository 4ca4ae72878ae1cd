"""What the jobs of the results view do: functions for a child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gazestudy.store import open_study
from gazestudy_gui.tasks import Telling


def write_reports(study: str, *, outs: list[str], progress: Telling) -> dict[str, Any]:
    """Write the report of a study as page, document, or both."""
    from gazestudy.pipeline.reporting import write_report

    with open_study(study, read_only=True) as opened:
        written = write_report(opened, [Path(out) for out in outs], progress=progress)
    for note in written.notes:
        progress.say(note)
    for file in written.files:
        progress.say(str(file))
    return {"files": [str(file) for file in written.files]}


def export(
    study: str, *, to: str, out: str, options: dict[str, Any] | None = None, progress: Telling
) -> dict[str, Any]:
    """Write a study in the format of another program."""
    from gazestudy.pipeline.exporting import ExportOptions, export_study

    with open_study(study, read_only=True) as opened:
        done = export_study(
            opened, to, Path(out), options=ExportOptions(**(options or {})), progress=progress
        )
    for part in done.parts:
        progress.say(f"{part.name}: {part.rows}")
        for lost in part.lost:
            progress.say(f"  {lost}")
    for lost in done.lost:
        progress.say(lost)
    return {"path": str(done.path), "parts": len(done.parts)}
