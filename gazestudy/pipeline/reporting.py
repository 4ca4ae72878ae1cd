"""The report of a study: gathers what there is, says what is missing, writes page, document and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy import __version__
from gazestudy.attention.cases import exposed_cases
from gazestudy.errors import ParameterError, StudyError
from gazestudy.heatmaps import HeatmapData
from gazestudy.model import Placement
from gazestudy.pipeline.field_results import SEED, study_log
from gazestudy.pipeline.heatmaps import heatmap_of
from gazestudy.pipeline.memory import study_memory, study_quotes
from gazestudy.pipeline.quality import quality_of_study
from gazestudy.pipeline.reporting_methods import method_facts
from gazestudy.pipeline.reporting_strategy import creative_evidence, strategy_evidence
from gazestudy.pipeline.results import attention_table
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.report import (
    Evidence,
    FieldEvidence,
    MemoryEvidence,
    Report,
    build_report,
    field_evidence,
    write_html,
    write_pdf,
)
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

FORMATS = {".html": "page", ".htm": "page", ".pdf": "document"}
"""Endings of files that a report can be written to."""

_NO_INTERVIEWS = "There are no interviews in this study."


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """What was written.

    Attributes
    ----------
    files : tuple of Path
        Page, document, figures.
    report : Report
        What is in it.
    notes : tuple of str
        What could not be shown as wished.
    """

    files: tuple[Path, ...]
    report: Report
    notes: tuple[str, ...] = ()


def write_report(
    study: Study,
    outs: Sequence[Path],
    *,
    figures: Path | None = None,
    made_at: datetime | None = None,
    progress: Progress = SILENT,
) -> WrittenReport:
    """Write the report of a study.

    Parameters
    ----------
    study : Study
        The study; what was run, imported and counted is in the report.
    outs : sequence of Path
        Files to write, .html or .pdf.
    figures : Path, optional
        Folder for every drawing as SVG and every picture as JPEG.
    made_at : datetime, optional
        When it is made, with its time zone; now where left out.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    WrittenReport

    Raises
    ------
    ParameterError
        If a file has another ending.
    """
    for out in outs:
        if out.suffix.lower() not in FORMATS:
            raise ParameterError("out", str(out), "a file that ends in .html or .pdf")
    moment = made_at or datetime.now().astimezone()
    evidence = gather(study, progress=progress)
    raise_if_cancelled(progress)
    progress.start("writing the report", len(outs) + 1)
    report = build_report(
        evidence, made_at=moment.isoformat(timespec="minutes"), version=__version__, files=figures is not None
    )
    progress.advance()
    files: list[Path] = []
    notes: list[str] = []
    for out in outs:
        out.parent.mkdir(parents=True, exist_ok=True)
        if FORMATS[out.suffix.lower()] == "page":
            write_bytes(out, write_html(report).encode("utf-8"))
        else:
            content, lost = write_pdf(report)
            write_bytes(out, content)
            notes += lost
        files.append(out)
        progress.advance()
    if figures is not None:
        files += _write_figures(report, figures)
    return WrittenReport(tuple(files), report, tuple(dict.fromkeys(notes)))


def gather(study: Study, *, progress: Progress = SILENT) -> Evidence:
    """Return all results of a study that a report may use.

    Parameters
    ----------
    study : Study
        The study.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    Evidence
        What is not there has its reason in `missing`.
    """
    missing: dict[str, str] = {}
    placements = study.placements()
    tables: dict[str, pd.DataFrame] = {}
    try:
        for name in ("metrics", "exposures", "visits", "mapped_fixations"):
            tables[name] = attention_table(study, name)
    except StudyError:
        missing["attention"] = (
            "Recordings are there, but they have not been analysed."
            if study.recordings()
            else "There are no recordings of glasses in this study."
        )
    images, heatmaps = _pictures(study, placements, tables.get("mapped_fixations"), progress)
    cases, memory = _memory(study, missing)
    quality = quality_of_study(study, progress=progress) if study.recordings() else None
    return Evidence(
        name=study.name,
        placements=placements,
        participants=_participants(study),
        recordings=_recordings(study, quality.table if quality is not None else None),
        cases=cases,
        group_cases=exposed_cases(tables["metrics"], ("segment", "daypart")) if tables else None,
        walkers=int(tables["metrics"]["participant_id"].nunique()) if tables else 0,
        visits=tables.get("visits"),
        images=images,
        heatmaps=heatmaps,
        quality=None if quality is None else quality.table,
        accuracy=None if quality is None else quality.accuracy,
        corrections={}
        if quality is None
        else {key: one.note or "turned" for key, one in quality.corrections.items()},
        field=_field(study, missing),
        memory=memory,
        strategy=strategy_evidence(study, missing),
        creative=creative_evidence(study),
        methods=method_facts(study, cases, heatmaps),
        missing=missing,
        seed=SEED,
    )


def _pictures(
    study: Study, placements: Sequence[Placement], fixations: pd.DataFrame | None, progress: Progress
) -> tuple[dict[str, NDArray[np.uint8]], dict[str, HeatmapData]]:
    images: dict[str, NDArray[np.uint8]] = {}
    heatmaps: dict[str, HeatmapData] = {}
    progress.start("heatmaps of placements", len(placements))
    for placement in placements:
        raise_if_cancelled(progress)
        if placement.creatives:
            image = study.placement_image(placement.creatives[0])
            images[placement.id] = np.ascontiguousarray(image[..., ::-1])
            if fixations is not None:
                heatmaps[placement.id] = heatmap_of(placement, fixations)
        progress.advance()
    return images, heatmaps


def _participants(study: Study) -> pd.DataFrame:
    used = {recording.participant_id for recording in study.recordings()}
    rows = [(one.id, one.segment) for one in study.participants() if one.id in used]
    return pd.DataFrame(rows, columns=["participant_id", "segment"], dtype="str")


def _recordings(study: Study, quality: pd.DataFrame | None) -> pd.DataFrame:
    lasting = (
        {} if quality is None else dict(zip(quality["recording_id"], quality["duration_s"], strict=True))
    )
    rows = []
    for one in study.recordings():
        report = study.report(one.id)
        findings = [item["message"] for item in report.get("findings", []) if item.get("severity") != "info"]
        minutes = float(lasting.get(one.id, 0.0)) / 60.0
        rows.append(
            (one.id, one.participant_id, one.daypart, one.device, one.importer, minutes, "; ".join(findings))
        )
    columns = ["recording_id", "participant_id", "daypart", "device", "importer", "minutes", "findings"]
    return pd.DataFrame(rows, columns=columns)


def _memory(study: Study, missing: dict[str, str]) -> tuple[pd.DataFrame | None, MemoryEvidence | None]:
    """Return attention beside memory; without interviews the cases hold attention only."""
    try:
        found = study_memory(study)
    except StudyError:
        if study.interviews().interviews.empty:
            missing["memory"] = _NO_INTERVIEWS
        return None, None
    joined = found.joined
    if found.interviews.interviews.empty:
        missing["memory"] = _NO_INTERVIEWS
        return joined.cases, None
    quotes = study_quotes(study, found)
    starts = {
        key: int(study.stream(key, "frames")["t_ns"].iloc[0])
        for key in sorted(set(quotes.loc[quotes["t_ns"] >= 0, "recording_id"]))
    }
    zero = quotes["recording_id"].map(starts).astype("float64")  # text where there is nothing to map
    clock_s = ((quotes["t_ns"] - zero) / 1e9).where(quotes["t_ns"] >= 0)
    quotes = quotes.assign(clock_s=clock_s)
    memory = MemoryEvidence(found.interviews, joined.trials, joined.never_in_view, quotes, joined.findings)
    return joined.cases, memory


def _field(study: Study, missing: dict[str, str]) -> FieldEvidence | None:
    try:
        log = study_log(study)
    except StudyError:
        missing["fieldwork"] = "There are no field logs in this study."
        return None
    return field_evidence(log, seed=SEED)


def _write_figures(report: Report, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for picture in report.pictures():
        if picture.svg:
            path, content = folder / f"{picture.name}.svg", picture.svg.encode("utf-8")
        else:
            path = folder / f"{picture.name}{'.png' if picture.mime == 'image/png' else '.jpg'}"
            content = picture.image
        write_bytes(path, content)
        files.append(path)
    return files
