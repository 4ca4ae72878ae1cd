"""The main job on a folder of sessions: from placements and recordings to metrics, heatmaps and report."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gazestudy import resources
from gazestudy.errors import InputError
from gazestudy.pipeline.analysis import Settings
from gazestudy.pipeline.field_results import draw_map, field_summary
from gazestudy.pipeline.fieldlogs import import_field_logs
from gazestudy.pipeline.heatmaps import export_heatmaps
from gazestudy.pipeline.importing import import_path
from gazestudy.pipeline.interviews import import_interviews
from gazestudy.pipeline.metrics import study_metrics, summary, write_csv
from gazestudy.pipeline.reporting import write_report
from gazestudy.pipeline.run import run_study
from gazestudy.progress import SILENT, Progress
from gazestudy.store import Study, create_study, open_study


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Where the results are.

    Attributes
    ----------
    study, heatmaps, metrics, report : Path
        Study folder, folder of heatmaps, table of metrics, report as a page (as PDF beside it).
    n_placements : int
        Placements with a heatmap.
    summary : DataFrame
        Metrics per placement.
    """

    study: Path
    heatmaps: Path
    metrics: Path
    report: Path
    n_placements: int
    summary: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "study": str(self.study),
            "heatmaps": str(self.heatmaps),
            "metrics": str(self.metrics),
            "report": str(self.report),
            "n_placements": self.n_placements,
            "summary": self.summary.to_dict(orient="records"),
        }


def run_demo(
    folder: Path,
    *,
    sessions: Path | None = None,
    jobs: int = 1,
    say: Callable[[str], None] = lambda text: None,
    progress: Progress = SILENT,
) -> DemoResult:
    """Make, or continue, a study of a folder of sessions and write its metrics, heatmaps and report.

    Parameters
    ----------
    folder : Path
        The study folder.
    sessions : Path, optional
        Folder with `placements.csv`, `participants.csv`, `placements/` and `recordings/`, and `fieldlogs/`
        if observers were there, and `interviews/` if participants were asked; None: the sample study.
    jobs : int, optional
        Recordings mapped at the same time.
    say : callable, optional
        Told in words what happens.
    progress : Progress, optional
        Who is told how far it is.

    Returns
    -------
    DemoResult
        Where the results are.

    Raises
    ------
    InputError
        If the sessions folder is not complete.
    StudyError
        If `folder` holds something else.
    """
    source = sessions or resources.find("sample_sessions")
    if (folder / "study.sqlite").exists():
        study = open_study(folder)
        say(f"continuing the study in {folder}")
    else:
        study = create_study(folder, name=f"Sample study ({source.name})")
        say(f"made a study in {folder}")
    with study:
        load_sessions(study, source, say=say, progress=progress)
        say("detecting gaze events, mapping gaze onto placements, measuring attention ...")
        outcomes = run_study(study, Settings(), jobs=jobs, progress=progress)
        made = sum(outcome.made for outcome in outcomes)
        say(f"{made} results made" if made else "nothing changed: all results are up to date")
        table = study_metrics(study)
        metrics_path = folder / "exports" / "metrics.csv"
        write_csv(table, metrics_path)
        heatmaps = folder / "exports" / "heatmaps"
        exported = export_heatmaps(study, heatmaps, fog=True, progress=progress)
        if study.field_logs():
            say(_export_fieldwork(study, source / "fieldlogs", folder / "exports"))
        say("writing the report ...")
        page = folder / "exports" / "report.html"
        written = write_report(study, [page, page.with_suffix(".pdf")], progress=progress)
        for note in written.notes:
            say(note)
    return DemoResult(folder, heatmaps, metrics_path, page, len(exported), summary(table, ["placement"]))


def load_sessions(
    study: Study, source: Path, *, say: Callable[[str], None] = lambda text: None, progress: Progress = SILENT
) -> None:
    """Add the placements and import the recordings of a sessions folder that the study does not have yet.

    Parameters
    ----------
    study : Study
        Open for writing.
    source : Path
        The sessions folder.
    say : callable, optional
        Told in words what happens.
    progress : Progress, optional
        Who is told how far it is.

    Raises
    ------
    InputError
        If a listed file is missing or a list is not readable.
    """
    known = {placement.id for placement in study.placements()}
    for row in _rows(
        source / "placements.csv", ("id", "name", "kind", "width_mm", "height_mm", "copies", "images")
    ):
        if row["id"] in known:
            continue
        study.add_placement(
            row["id"],
            [source / "placements" / name for name in row["images"].split(";")],
            name=row["name"],
            kind="digital" if row["kind"] == "digital" else "static",
            width_mm=float(row["width_mm"]) if row["width_mm"] else None,
            height_mm=float(row["height_mm"]) if row["height_mm"] else None,
            copies=int(row["copies"] or 1),
            station=row.get("station", ""),
        )
        say(f"placement {row['id']}: {row['name']}")
    present = {recording.participant_id for recording in study.recordings()}
    for row in _rows(source / "participants.csv", ("recording", "participant", "segment")):
        if row["participant"] in present:
            continue
        for item in import_path(
            study,
            source / "recordings" / row["recording"],
            participant_id=row["participant"],
            segment=row["segment"],
            daypart=row.get("daypart", ""),
            progress=progress,
        ):
            say(f"recording {item.recording.id}: {item.text.splitlines()[0]}")
    if (source / "fieldlogs").is_dir():
        for log in import_field_logs(study, source / "fieldlogs", progress=progress):
            say(f"field log {log.name}: {log.outcome}")
    if (source / "interviews").is_dir() and study.interviews().interviews.empty:
        done = import_interviews(study, source / "interviews", progress=progress).intake
        say(f"interviews: {len(done.added)} new, with {len(done.documents)} texts")


def _export_fieldwork(study: Study, logs: Path, out: Path) -> str:
    """Write what observers counted as a table, and on the plan where there is one; returns where."""
    table = out / "field_figures.csv"
    write_csv(field_summary(study, by=("point_id",)).figures.table, table)
    if not (logs / "plan.png").is_file():
        return f"what observers counted: {table}"
    draw_map(study, logs / "plan.png", logs / "places.csv", out / "station_plan.png")
    return f"what observers counted: {table}, {out / 'station_plan.png'}"


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    path,
                    "columns are missing",
                    place="header",
                    expected=", ".join(columns),
                    found=", ".join(reader.fieldnames or ()) or "nothing",
                )
            yield from reader
    except OSError as error:
        raise InputError(
            path, f"cannot be read: {error.strerror}", advice="Is this a sessions folder?"
        ) from error
