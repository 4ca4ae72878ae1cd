"""The code book and the coded texts and videos of a study for programs of qualitative analysis."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gazestudy.errors import StudyError
from gazestudy.exporters.refi_qda import (
    MAX_INTERNAL_BYTES,
    QdaCase,
    QdaProject,
    QdaVideo,
    relative_url,
    write_code_book,
    write_project,
)
from gazestudy.model.interview import Interviews
from gazestudy.pipeline.exporting.answer_texts import with_answer_texts
from gazestudy.pipeline.exporting.options import ExportOptions, Part
from gazestudy.pipeline.exporting.pseudonyms import Pseudonyms, interviews_without_names, names_of
from gazestudy.pipeline.interview_moments import only_recordings
from gazestudy.progress import Progress, raise_if_cancelled
from gazestudy.store import Study

VARIABLES = {
    "segment": ("Text", "group of the participant"),
    "daypart": ("Text", "dayparts of the recordings, joined by +"),
    "familiarity": ("Float", "mean of the answers to 'fam' (how well a brand is known, 1 to 5)"),
    "passages_per_month": ("Float", "passages through this station a month, as answered"),
}
"""Variables of a case: type and meaning."""


def write_qdc(
    study: Study, out: Path, options: ExportOptions, progress: Progress
) -> tuple[list[Part], list[str]]:
    """Write the code book of a study."""
    names = Pseudonyms({} if options.personal else names_of(study))
    book = names.table(study.interviews().code_book)
    if book.empty:
        raise StudyError(f"{study.path}: the code book is empty; add codes first (gazestudy interview codes)")
    write_code_book(book, out, name=names.text(study.name), origin=_origin())
    return [Part("code_book", out, len(book))], names.told(personal=options.personal)


def write_qdpx(
    study: Study, out: Path, options: ExportOptions, progress: Progress
) -> tuple[list[Part], list[str]]:
    """Write code book, texts, codings, scene videos and participants of a study as a project."""
    raise_if_cancelled(progress)
    names = Pseudonyms({} if options.personal else names_of(study))
    talks = study.interviews()
    told = with_answer_texts(talks)
    clean = interviews_without_names(told, names)
    videos, lost = _videos(study, out, options, names)
    project = QdaProject(
        name=names.text(study.name),
        origin=_origin(),
        code_book=clean.code_book,
        codings=clean.codings,
        documents=clean.documents,
        transcript_marks=clean.transcript_marks,
        interviews=_talks(study, clean, names),
        cases=_cases(study, talks, names, options),
        variables=VARIABLES,
        placements={names.identifier(one.id): names.text(one.name) for one in study.placements()},
        videos=videos,
        base_path=str(out.resolve().parent) if options.personal else "",
    )
    lost += write_project(project, out)
    counts = {
        "code_book": len(project.code_book),
        "documents": len(clean.documents),
        "codings": len(clean.codings),
        "videos": len(videos),
        "cases": len(project.cases),
    }
    texts, coded = len(told.documents) - len(talks.documents), len(told.codings) - len(talks.codings)
    given = len(talks.answer_codes[talks.answer_codes["code"] != ""])
    if texts or coded:
        lost.append(
            f"answers in own words are {texts} texts, with {coded} of {given} codes of answers on them;"
            " other answers: csv, xlsx"
        )
    return [Part(name, out, count) for name, count in counts.items()], [
        *lost,
        *names.told(personal=options.personal),
    ]


def _talks(study: Study, clean: Interviews, names: Pseudonyms) -> dict[str, tuple[str, str]]:
    """Return participant and recording of each interview; the only one of a person where none is named."""
    walks = {names.identifier(key): names.identifier(one) for key, one in only_recordings(study).items()}
    return {
        row["interview_id"]: (
            row["participant_id"],
            row["recording_id"] or walks.get(row["participant_id"], ""),
        )
        for row in clean.interviews.to_dict("records")
    }


def _origin() -> str:
    from gazestudy import __version__

    return f"gazestudy {__version__}"


def _videos(
    study: Study, out: Path, options: ExportOptions, names: Pseudonyms
) -> tuple[list[QdaVideo], list[str]]:
    found: list[QdaVideo] = []
    lost: list[str] = []
    for recording in options.chosen(study):
        frames = study.stream(recording.id, "frames")
        for number, video in enumerate(study.media(recording.id)):
            t_ns = frames.loc[frames["video"] == number, "t_ns"]
            path = relative_url(video, out.resolve().parent)
            if options.video:
                if video.stat().st_size <= MAX_INTERNAL_BYTES:
                    path = "internal"
                else:
                    lost.append(f"{video.name} of {recording.id} is larger than 2 GiB: it stays outside")
            why = ""
            if path is None:
                why = "it is on another drive"
            elif t_ns.empty:
                why = "none of its pictures has a time"
            elif names.identifier(path) != path:
                why = "a name is in its path; export into the exports folder of the study"
            if path is None or why:
                lost.append(f"video {video.name} of {names.identifier(recording.id)}: {why}")
                continue
            who = (names.identifier(recording.id), names.identifier(recording.participant_id))
            found.append(QdaVideo(*who, number, int(t_ns.min()), int(t_ns.max()), video, path))
    if found and not options.video:
        lost.append("scene videos stay where they are; the project refers to them from its own folder")
    return found, lost


def _cases(study: Study, talks: Interviews, names: Pseudonyms, options: ExportOptions) -> list[QdaCase]:
    answers = talks.interview_answers
    recordings = study.recordings()
    cases = []
    for person in study.participants():
        dayparts = [one.daypart for one in recordings if one.participant_id == person.id and one.daypart]
        values: dict[str, str | float] = {}
        if person.segment:
            values["segment"] = names.text(person.segment)
        if dayparts:
            values["daypart"] = names.text("+".join(dict.fromkeys(dayparts)))
        mine = answers[answers["participant_id"] == person.id]
        for name, item in (("familiarity", "fam"), ("passages_per_month", "passages_per_month")):
            numbers = pd.to_numeric(mine.loc[mine["item"] == item, "value"], errors="coerce").dropna()
            if len(numbers):
                values[name] = float(numbers.mean())
        name = study.personal_data(person.id).name if options.personal else ""
        cases.append(QdaCase(names.identifier(person.id), f"name: {name}" if name else "", values))
    return cases
