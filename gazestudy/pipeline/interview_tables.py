"""Interviews as tables for people: exports, sheets for coders, what a search finds, how coders agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.errors import InputError, ParameterError, StudyError
from gazestudy.exporters.csv_tables import write_csv_tables
from gazestudy.exporters.tidy import TidyTable, plain_text
from gazestudy.exporters.xlsx_tables import write_xlsx_tables
from gazestudy.importers.fieldlogs import FieldLogError, Mistakes
from gazestudy.importers.fieldlogs.grids import read_grids, records
from gazestudy.importers.sources import FolderSource
from gazestudy.memory.coding_agreement import answer_agreement, coding_agreement, disagreements
from gazestudy.memory.text_search import find_words, search_interviews, words_of
from gazestudy.model.interview import INTERVIEW_CONTRACTS, QUESTION_BANK, Interviews, interview_table
from gazestudy.model.tables import Column
from gazestudy.pipeline.exporting.pseudonyms import Pseudonyms, names_of
from gazestudy.pipeline.mapping_manual import start_ns
from gazestudy.store import Study
from gazestudy.store.coding import CODES_OF_ITEMS, CodedAnswers

SEED = 20260101
SHEET_COLUMNS = (
    *("interview_id", "item", "answer_no", "stimulus", "value", "placement_id", "code", "allowed_codes"),
)
"""Columns of a sheet for a coder; `placement_id` and `code` are filled in."""

_MEANINGS = {
    "interviews": "an interview with a participant",
    "interview_answers": "an answer, as it was said",
    "answer_codes": "what a coder makes of an answer",
    "code_book": "a code",
    "codings": "a code on a span of text or a stretch of time",
    "documents": "a text: notes, a transcript",
    "transcript_marks": "the time at a place of a transcript",
    "stimuli": "a picture that is shown in recognition",
}
_MORE = (
    Column("made_by", "str", "who entered it"),
    Column("made_utc", "str", "when it was entered, ISO 8601, UTC"),
)


def export_interviews(study: Study, out: Path, *, form: str = "csv") -> tuple[dict[str, int], list[str]]:
    """Write the tables of interviews, without anything that tells who somebody is.

    Parameters
    ----------
    study : Study
        The study.
    out : Path
        A new folder for CSV, a file for XLSX.
    form : {"csv", "xlsx"}
        What to write.

    Returns
    -------
    tuple of (dict of str to int, list of str)
        Rows of each table, and what was left out or cut, in words.

    Raises
    ------
    ParameterError
        For another form.
    InputError
        If something is there already.

    Notes
    -----
    Names that the study knows are replaced in every text by pseudonyms; positions in documents that change in
    length then would be wrong, which is told.
    """
    if form not in ("csv", "xlsx"):
        raise ParameterError("format", form, "csv or xlsx")
    names = Pseudonyms(names_of(study))
    talks = study.interviews()
    told: list[str] = []
    tables = []
    for name, table in talks.tables().items():
        plain = names.table(table)
        if name == "documents":
            moved = [
                str(row["name"])
                for row, was in zip(plain.to_dict("records"), table["text"], strict=True)
                if len(str(row["text"])) != len(was)
            ]
            if moved:
                told.append(f"names were taken out of {', '.join(moved)}: positions behind them have moved")
        meaning = _MEANINGS[name]
        tables.append(TidyTable(name, meaning, plain, (*INTERVIEW_CONTRACTS[name].columns, *_MORE)))
    told += names.told(personal=False)
    if form == "csv":
        write_csv_tables(tables, out, notes=told)
    else:
        told += write_xlsx_tables(tables, out, notes=told)
    return {one.name: len(one.table) for one in tables}, told


def coding_sheet(
    study: Study, coder: str, *, items: Sequence[str] = (), open_only: bool = False
) -> pd.DataFrame:
    """Return the answers for a coder to code, with this coder's codes and nobody else's.

    Parameters
    ----------
    study : Study
        The study.
    coder : str
        Code of the coder.
    items : sequence of str, optional
        Questions; empty: those whose answers are coded by the question bank.
    open_only : bool, default False
        Leave out what this coder has coded already.

    Returns
    -------
    DataFrame
        Columns `SHEET_COLUMNS`, in an order that is the same for all coders.

    Raises
    ------
    ParameterError
        If the coder has no name.
    """
    if not coder.strip():
        raise ParameterError("coder", coder, "a code such as A")
    talks = study.interviews()
    wanted = list(items) or list(CODES_OF_ITEMS)
    answers = talks.interview_answers[talks.interview_answers["item"].isin(wanted)]
    keys = ["interview_id", "item", "answer_no", "stimulus"]
    own = talks.answer_codes[talks.answer_codes["coder"] == coder][[*keys, "placement_id", "code"]]
    sheet = answers[[*keys, "value"]].merge(own, on=keys, how="left")
    for name in ("placement_id", "code"):
        sheet[name] = sheet[name].astype("object").fillna("")
    sheet["allowed_codes"] = [" | ".join(CODES_OF_ITEMS.get(item, ())) for item in sheet["item"]]
    if open_only:
        sheet = sheet[sheet["code"] == ""]
    return sheet[list(SHEET_COLUMNS)].reset_index(drop=True)


def take_coding_sheet(study: Study, path: Path, coder: str, *, made_by: str | None = None) -> CodedAnswers:
    """Keep the codes that a coder wrote into a sheet; empty ones are left as they are.

    Parameters
    ----------
    study : Study
        Open for writing.
    path : Path
        CSV or XLSX with at least interview_id, item and code.
    coder : str
        Code of the coder.
    made_by : str, optional
        Who brings it in; None: the user of this computer.

    Raises
    ------
    InputError
        If it is no such sheet.
    FieldLogError
        With every row whose answer number is none.
    TableError
        With every row that cannot be used; nothing was changed.
    """
    if not coder.strip():
        raise ParameterError("coder", coder, "a code such as A")
    if not path.is_file() or path.stat().st_size == 0:
        raise InputError(path, "there is no such file, or it is empty", advice="Check the path")
    mistakes = Mistakes(path.name)
    rows: list[dict[str, Any]] = []
    for grid in read_grids(FolderSource(path, "", only=path.name), path.name):
        columns, found = records(grid, mistakes)
        if not {"interview_id", "item", "code"} <= set(columns):
            continue
        for record in found:
            cells = {name: plain_text(record.get(name)) for name in SHEET_COLUMNS}
            number = cells["answer_no"] or "0"
            if not number.isdecimal():
                mistakes.problem("no_number", record.at("answer_no"), f"{number[:40]!r} is no number")
            elif cells["code"]:
                values = {
                    name: cells[name] for name in ("interview_id", "item", "stimulus", "placement_id", "code")
                }
                rows.append({**values, "answer_no": int(number), "coder": coder})
    problems = [one for one in mistakes.findings() if one.severity == "problem"]
    if problems:
        raise FieldLogError(path, problems)
    if not rows:
        raise InputError(path, "no code is filled in", expected="columns interview_id, item, answer_no, code")
    return study.code_answers(interview_table("answer_codes", rows), made_by=made_by)


def coders_agree(
    study: Study, coder_a: str = "", coder_b: str = "", *, seed: int = SEED, level: float = 0.95
) -> dict[str, pd.DataFrame]:
    """Return how well two coders agree, on answers, texts and times.

    Parameters
    ----------
    study : Study
        The study.
    coder_a, coder_b : str, optional
        The two; the two who coded most if empty.
    seed : int
        Of the bootstrap.
    level : float
        Confidence.

    Returns
    -------
    dict of str to DataFrame
        `answers`, `texts`, `times` (as in `gazestudy.memory.coding_agreement`; a table is left out where one
        of the two coded nothing of its kind), and `differences`.

    Raises
    ------
    ParameterError
        If there are not two coders.
    """
    talks = study.interviews()
    rng = np.random.default_rng(seed)
    coder_a, coder_b = _two_coders(talks, coder_a, coder_b)
    found: dict[str, pd.DataFrame] = {}
    if {coder_a, coder_b} <= set(talks.answer_codes["coder"]):
        found["answers"] = answer_agreement(talks.answer_codes, coder_a, coder_b, level=level, rng=rng)
        found["differences"] = disagreements(talks.answer_codes, coder_a, coder_b)
    lengths = dict(zip(talks.documents["document_id"], talks.documents["text"].str.len(), strict=True))
    spans = {}
    for recording in study.recordings():
        if recording.id in set(talks.codings["recording_id"]):
            frames = study.stream(recording.id, "frames")["t_ns"]
            spans[recording.id] = (int(frames.iloc[0]), int(frames.iloc[-1]))
    for name, of, whole in (("texts", "document_id", lengths), ("times", "recording_id", spans)):
        own = talks.codings[talks.codings[of] != ""]
        if {coder_a, coder_b} <= set(own["coder"]):
            found[name] = coding_agreement(own, whole, coder_a, coder_b, of=of, level=level, rng=rng)
    return found


def _two_coders(talks: Interviews, coder_a: str, coder_b: str) -> tuple[str, str]:
    counts = pd.concat([talks.answer_codes["coder"], talks.codings["coder"]]).value_counts()
    known = sorted(counts.index, key=lambda name: (-counts[name], name))
    chosen = [coder for coder in (coder_a, coder_b) if coder]
    chosen += [coder for coder in known if coder not in chosen]
    if len(chosen) < 2:
        raise ParameterError("coders", ", ".join(known) or "nobody", "two coders who coded the same")
    return chosen[0], chosen[1]


def search_study(study: Study, query: str, *, items: Sequence[str] = ()) -> pd.DataFrame:
    """Return where words are in the answers and texts of a study; see `search_interviews`."""
    talks = study.interviews()
    chosen = list(items) or None
    return search_interviews(
        query, talks.interview_answers, talks.documents, talks.transcript_marks, items=chosen
    )


def interview_overview(study: Study) -> pd.DataFrame:
    """Return one row per interview: participant, language, when, minutes after the walk, answers, texts.

    Returns
    -------
    DataFrame
        interview_id, participant_id, recording_id, language, started_at, after_walk_s (NaN if not known),
        answers, pictures (asked about in recognition), documents, coded (answers that somebody coded),
        to_code (answers whose question is to be coded).
    """
    talks = study.interviews()
    answers, codes = talks.interview_answers, talks.answer_codes
    counts = answers["interview_id"].value_counts()
    pictures = answers[answers["item"] == "rec"]["interview_id"].value_counts()
    to_code = answers[answers["item"].isin(list(CODES_OF_ITEMS))]["interview_id"].value_counts()
    coded = codes.drop_duplicates(["interview_id", "item", "answer_no", "stimulus"])[
        "interview_id"
    ].value_counts()
    texts = talks.documents["interview_id"].value_counts()
    heads = talks.interviews[["interview_id", "participant_id", "recording_id", "language", "started_at"]]
    ids = heads["interview_id"]
    started = pd.to_datetime(talks.interviews["started_at"], errors="coerce", utc=True, format="ISO8601")
    ended = pd.to_datetime(talks.interviews["walk_ended_at"], errors="coerce", utc=True, format="ISO8601")
    return heads.assign(
        after_walk_s=(started - ended).dt.total_seconds(),
        **{
            name: ids.map(values).fillna(0).astype("int64")
            for name, values in (
                ("answers", counts), ("pictures", pictures), ("documents", texts), ("coded", coded),
                ("to_code", to_code),
            )
        },
    )  # fmt: skip


def question_bank_table() -> pd.DataFrame:
    """Return the question bank: item, stage, kind of answer, what it is about, points, codes, meaning."""
    rows = [
        (one.item, one.stage, one.kind, one.about, one.points, " | ".join(one.choices), one.meaning)
        for one in QUESTION_BANK.values()
    ]
    return pd.DataFrame(rows, columns=["item", "stage", "kind", "about", "points", "codes", "meaning"])


def mark_words(
    study: Study,
    code_id: str,
    coder: str,
    document_id: str,
    words: str,
    *,
    placement_id: str = "",
    memo: str = "",
) -> str:
    """Put a code on words of a text, which must be there once.

    Parameters
    ----------
    study : Study
        Open for writing.
    code_id, coder, document_id : str
        Which code, who gives it, and on which text.
    words : str
        A piece of the text, long enough to be there only once; capital letters do not matter.
    placement_id, memo : str, optional
        As in `Study.add_coding`.

    Returns
    -------
    str
        Id of the coding.

    Raises
    ------
    StudyError
        If there is no such text, or the words are not in it exactly once.
    """
    documents = study.interviews().documents
    own = documents[documents["document_id"] == document_id]
    if own.empty:
        known = ", ".join(documents["document_id"]) or "none yet"
        raise StudyError(f"{study.path}: there is no document {document_id!r}; the study has {known}")
    folded = words_of('"' + words.replace('"', " ") + '"')
    places = find_words(str(own["text"].iloc[0]), folded)
    if len(places) != 1:
        times = "is not" if not places else f"is {len(places)} times"
        raise StudyError(
            f"{study.path}: {words!r} {times} in {document_id!r}; give words that are there once"
        )
    start, end = places[0]
    return study.add_coding(
        code_id, coder, document_id=document_id, start_char=start, end_char=end, placement_id=placement_id,
        memo=memo,
    )  # fmt: skip


def mark_time(
    study: Study,
    code_id: str,
    coder: str,
    recording_id: str,
    *,
    from_s: float,
    to_s: float,
    placement_id: str = "",
    memo: str = "",
) -> str:
    """Put a code on a stretch of a recording.

    Parameters
    ----------
    study : Study
        Open for writing.
    code_id, coder, recording_id : str
        Which code, who gives it, and on which recording.
    from_s, to_s : float
        Seconds of the scene video.
    placement_id, memo : str, optional
        As in `Study.add_coding`.

    Returns
    -------
    str
        Id of the coding.

    Raises
    ------
    ParameterError
        If the stretch is none.
    StudyError
        If there is no such recording or code.
    """
    if not 0 <= from_s <= to_s < 1e6:
        raise ParameterError("from, to", (from_s, to_s), "seconds of the video, the end not before the start")
    zero = start_ns(study, recording_id)
    return study.add_coding(
        code_id, coder, recording_id=recording_id, start_ns=zero + round(from_s * 1e9),
        end_ns=zero + round(to_s * 1e9), placement_id=placement_id, memo=memo,
    )  # fmt: skip
