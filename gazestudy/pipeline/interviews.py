"""Brings interviews into a study: from files, and from answers that its field logs hold already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs import FieldLogError, FieldPlan, Mistakes
from gazestudy.importers.fieldlogs.grids import read_grids, records
from gazestudy.importers.interviews import (
    InterviewOptions,
    ReadInterviews,
    find_interviews,
    interviews_of_log,
)
from gazestudy.importers.interviews.qda_joining import joined_to
from gazestudy.importers.sources import FolderSource
from gazestudy.model import SourceFile
from gazestudy.model.interview import Interviews, join_interviews
from gazestudy.model.recording import Finding
from gazestudy.pipeline.exporting.answer_texts import with_answer_texts
from gazestudy.pipeline.fieldlogs import plan_of, sources_of
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.protocol import Protocol, load_protocol
from gazestudy.store import Study
from gazestudy.store.interviews import InterviewIntake, PersonalAnswer

PROTOCOL = "post_task_interview"
"""Protocol that interviews are read with where none is named."""


@dataclass(frozen=True, slots=True)
class ImportedInterviews:
    """What was read, and what became of it.

    Attributes
    ----------
    files : tuple of (str, str, str)
        Name of each file or folder, who read it, and by what it was recognised.
    rows : dict of str to int
        Rows of the tables.
    findings : tuple of Finding
        What was wrong or doubtful.
    intake : InterviewIntake
        Which interviews and texts are new, changed, or known already.
    """

    files: tuple[tuple[str, str, str], ...]
    rows: dict[str, int]
    findings: tuple[Finding, ...]
    intake: InterviewIntake

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        done = self.intake
        return {
            "files": [
                {"name": name, "importer": importer, "reason": why} for name, importer, why in self.files
            ],
            "rows": self.rows,
            "added": list(done.added),
            "changed": list(done.changed),
            "unchanged": list(done.unchanged),
            "documents": list(done.documents),
            "codes": {
                "added": done.codes.added,
                "changed": done.codes.changed,
                "unchanged": done.codes.unchanged,
                "lost": done.codes_lost,
            },
            "codings": done.codings,
            "stimuli": done.stimuli,
            "findings": [finding.to_dict() for finding in self.findings],
        }


def options_of(
    study: Study,
    *,
    protocol: Protocol | None = None,
    participant: str = "",
    interview: str = "",
    columns: Mapping[str, str] | None = None,
    pictures: Mapping[tuple[str, str], tuple[str, str]] | None = None,
    tz: str = "",
    prefix: str = "",
    encoding: str = "",
    coder: str = "",
) -> InterviewOptions:
    """Return what a study knows that helps to read interviews.

    Parameters
    ----------
    study : Study
        Its placements, participants, targets and foils.
    protocol : Protocol, optional
        What was asked; None: no more than the question bank.
    participant, interview, columns, pictures, tz, prefix, encoding, coder
        As in `InterviewOptions`.
    """
    return InterviewOptions(
        plan=FieldPlan() if protocol is None else plan_of(protocol),
        stimuli=study.stimuli(),
        placements=frozenset(placement.id for placement in study.placements()),
        participants=frozenset(person.id for person in study.participants()),
        participant=participant,
        interview=interview,
        columns=dict(columns or {}),
        pictures=dict(pictures or {}),
        tz=tz,
        prefix=prefix,
        encoding=encoding,
        coder=coder,
    )


def read_pictures(path: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """Return what each picture was for each person, from the `pictures.csv` that comes with interview forms.

    Raises
    ------
    InputError
        If it is no such table.
    """
    mistakes = Mistakes(path.name)
    if not path.is_file() or path.stat().st_size == 0:
        raise InputError(path, "there is no such file, or it is empty", advice="Check the path")
    (grid, *_) = read_grids(FolderSource(path, "", only=path.name), path.name)
    columns, rows = records(grid, mistakes)
    wanted = {"participant_id", "stimulus", "shown", "placement_id"}
    wrong = [row.where for row in rows if row.get("shown") not in ("target", "foil")]
    if not wanted <= set(columns) or wrong:
        found = str(wrong[0]) if wrong else ", ".join(columns)
        expected = f"{', '.join(sorted(wanted))}; shown is target or foil"
        raise InputError(path, "this is no list of pictures", expected=expected, found=found)
    return {
        (row.get("participant_id"), row.get("stimulus")): (row.get("shown"), row.get("placement_id"))
        for row in rows
    }


def import_interviews(
    study: Study,
    path: Path,
    *,
    options: InterviewOptions | None = None,
    importer: str | None = None,
    salvage: bool = False,
    replace_interviews: bool = False,
    dry_run: bool = False,
    made_by: str | None = None,
    progress: Progress = SILENT,
) -> ImportedInterviews:
    """Read the interviews at a path and keep them in a study, all or nothing.

    Parameters
    ----------
    study : Study
        Open for writing, also for a dry run.
    path : Path
        A file, a zip, an export folder, or a folder of files: tables, forms, notes, transcripts, subtitles.
    options : InterviewOptions, optional
        From `options_of`; None: those of the study with the usual protocol.
    importer : str, optional
        Name of the reader.
    salvage : bool, default False
        Leave out answers that cannot be used instead of refusing everything.
    replace_interviews : bool, default False
        Take the place of interviews and texts of the same id that say something else.
    dry_run : bool, default False
        Read, check and tell; change nothing.
    made_by : str, optional
        Who imports; None: the user of this computer.
    progress : Progress, optional
        Counts files, and may cancel.

    Raises
    ------
    FieldLogError
        With all answers that cannot be used, each with sheet, row and column; nothing was imported.
    InputError
        If a file cannot be read at all; nothing was imported.
    StudyError
        If interviews clash with others of the same id; nothing was imported.
    """
    chosen = options or options_of(study, protocol=load_protocol(PROTOCOL))
    candidates = find_interviews(path, importer=importer, options=chosen)
    progress.start(f"reading {path.name}", len(candidates))
    read: list[ReadInterviews] = []
    sources: list[SourceFile] = []
    for candidate in candidates:
        raise_if_cancelled(progress)
        found = candidate.read(chosen)
        if candidate.info.name == "refi_qda":  # codes and texts of the study come back under other ids
            known = study.interviews()
            made = with_answer_texts(known).documents.iloc[len(known.documents) :]
            found = replace(found, talks=joined_to(found.talks, known, made=made))
        read.append(found)
        told = found.talks.interviews["participant_id"]
        chosen = replace(chosen, participants=chosen.participants | set(told))  # for texts that come after
        sources += sources_of(candidate.source)
        progress.advance()
    files = tuple((one.name, one.info.name, one.reason) for one in candidates)
    return _keep(
        study, read, files, sources, path, salvage=salvage, replace_interviews=replace_interviews,
        dry_run=dry_run, made_by=made_by,
    )  # fmt: skip


def take_from_field_logs(
    study: Study, *, dry_run: bool = False, made_by: str | None = None
) -> ImportedInterviews | None:
    """Make interviews of answers that participants gave on forms that came in as field logs.

    Parameters
    ----------
    study : Study
        Open for writing.
    dry_run : bool, default False
        Tell and change nothing.
    made_by : str, optional
        Who does it; None: the user of this computer.

    Returns
    -------
    ImportedInterviews or None
        None where no field log holds an answer of a participant.
    """
    if not study.field_logs():
        return None
    log = study.field_log()
    options = options_of(study, protocol=load_protocol(PROTOCOL))
    found = interviews_of_log(replace(log, findings=()), options, "field logs", "field_log", only_known=True)
    if found.talks.interviews.empty:
        return None
    known = set(study.interviews().interviews["interview_id"])
    talks = found.talks.with_tables(
        **{
            name: table[~table["interview_id"].isin(list(known))].reset_index(drop=True)
            for name, table in found.talks.tables().items()
            if "interview_id" in table
        }
    )
    names = set(talks.documents["document_id"])
    marks = talks.transcript_marks
    talks = talks.with_tables(transcript_marks=marks[marks["document_id"].isin(list(names))])
    sources = [source for stored in study.field_logs() for source in stored.sources]
    files = tuple((stored.name, "field_log", "answers of participants") for stored in study.field_logs())
    return _keep(
        study, [ReadInterviews(talks, found.private)], files, sources, study.path, salvage=True,
        replace_interviews=False, dry_run=dry_run, made_by=made_by,
    )  # fmt: skip


def _keep(
    study: Study,
    read: list[ReadInterviews],
    files: tuple[tuple[str, str, str], ...],
    sources: list[SourceFile],
    path: Path,
    *,
    salvage: bool,
    replace_interviews: bool,
    dry_run: bool,
    made_by: str | None,
) -> ImportedInterviews:
    talks = _with_known_interviews(study, join_interviews([one.talks for one in read]))
    problems = [one for one in talks.findings if one.severity == "problem"]
    rows = {name: len(table) for name, table in talks.tables().items() if len(table)}
    if problems and not (salvage or dry_run):
        raise FieldLogError(path, problems)
    kept = set(talks.interviews["interview_id"])
    intake = study.add_interviews(
        talks,
        sources=sources,
        private=[PersonalAnswer(*told) for one in read for told in one.private if told[0] in kept],
        replace=replace_interviews,
        dry_run=dry_run,
        made_by=made_by,
    )
    return ImportedInterviews(files, rows, talks.findings, intake)


def _with_known_interviews(study: Study, talks: Interviews) -> Interviews:
    """Let a text without answers belong to the one interview that its participant has."""
    known = study.interviews().interviews
    said = set(talks.interview_answers["interview_id"])
    heads = talks.interviews
    full = pd.concat([known, heads[heads["interview_id"].isin(list(said))]], ignore_index=True)
    other: dict[str, str] = {}
    doubts: list[Finding] = []
    for name, person in heads[["interview_id", "participant_id"]].itertuples(index=False, name=None):
        own = sorted(set(full.loc[full["participant_id"] == person, "interview_id"]))
        if name in said or name in own:
            continue
        if len(own) == 1:
            other[name] = own[0]
        elif own:
            text = (
                f"{person!r} has several interviews ({', '.join(own)}); say to which the text belongs"
                " (--interview)"
            )
            doubts.append(Finding("problem", "documents", "several_interviews", text, 1))
    drop = set(other) | (set(known["interview_id"]) - said)
    documents = talks.documents
    names = {
        row["document_id"]: row["document_id"].replace(row["interview_id"], other[row["interview_id"]], 1)
        for row in documents.to_dict("records")
        if row["interview_id"] in other
    }
    marks, spans = talks.transcript_marks, talks.codings
    found = talks.with_tables(
        interviews=heads[~heads["interview_id"].isin(list(drop))].reset_index(drop=True),
        documents=documents.assign(
            interview_id=_replaced(documents["interview_id"], other),
            document_id=_replaced(documents["document_id"], names),
        ),
        transcript_marks=marks.assign(document_id=_replaced(marks["document_id"], names)),
        codings=spans.assign(document_id=_replaced(spans["document_id"], names)),
    )
    return replace(found, findings=(*found.findings, *doubts))


def _replaced(values: pd.Series, names: Mapping[str, str]) -> pd.Series:
    return pd.Series([names.get(one, one) for one in values], index=values.index, dtype="str")
