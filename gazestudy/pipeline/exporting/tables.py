"""The tables of a study as CSV or as a workbook."""

from __future__ import annotations

from pathlib import Path

from gazestudy.errors import StudyError
from gazestudy.exporters.tidy import TidyTable
from gazestudy.pipeline.exporting.options import ExportOptions, Part
from gazestudy.pipeline.exporting.pseudonyms import Pseudonyms, names_of
from gazestudy.pipeline.exporting.study_tables import study_tables
from gazestudy.progress import Progress
from gazestudy.store import Study


def write_csv(
    study: Study, out: Path, options: ExportOptions, progress: Progress
) -> tuple[list[Part], list[str]]:
    """Write the tables into a folder."""
    from gazestudy.exporters.csv_tables import write_csv_tables

    tables, lost = _gathered(study, options, progress)
    write_csv_tables(tables, out, notes=lost)
    return [Part(one.name, out / f"{one.name}.csv", len(one.table)) for one in tables], lost


def write_xlsx(
    study: Study, out: Path, options: ExportOptions, progress: Progress
) -> tuple[list[Part], list[str]]:
    """Write the tables as a workbook."""
    from gazestudy.exporters.xlsx_tables import write_xlsx_tables

    tables, lost = _gathered(study, options, progress)
    lost += write_xlsx_tables(tables, out, notes=lost)
    return [Part(one.name, out, len(one.table)) for one in tables], lost


def _gathered(study: Study, options: ExportOptions, progress: Progress) -> tuple[list[TidyTable], list[str]]:
    names = Pseudonyms({} if options.personal else names_of(study))
    tables, missing = study_tables(
        study, names=names, fixations=options.fixations, personal=options.personal, progress=progress
    )
    if not tables:
        raise StudyError(f"{study.path}: the study is empty; import recordings or field logs first")
    return tables, [*missing, *names.told(personal=options.personal)]
