"""Everything a study knows as tidy tables, with what their columns mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from gazestudy.errors import StudyError
from gazestudy.exporters.tidy import TidyTable
from gazestudy.model import tables as contracts
from gazestudy.model.fieldwork import FIELD_CONTRACTS
from gazestudy.model.interview import INTERVIEW_CONTRACTS
from gazestudy.model.memory import MEMORY_CASES, RECOGNITION_TRIALS
from gazestudy.model.provenance import provenance_of
from gazestudy.model.schedule import SHOWINGS
from gazestudy.model.tables import Column, TableContract
from gazestudy.pipeline.exporting.contracts import (
    AOIS,
    CREATIVES,
    FACTS,
    OBSERVER_NAMES,
    PARTICIPANTS,
    PERSONAL,
    PERSONAL_ANSWERS,
    PLACEMENT,
    PLACEMENTS,
    PRIVATE_ANSWERS,
    RECORDINGS,
    SHARED_COLUMNS,
)
from gazestudy.pipeline.exporting.pseudonyms import Pseudonyms, interviews_without_names
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study

_ATTENTION: dict[str, tuple[TableContract, str]] = {
    "metrics": (contracts.METRICS, "attention of one recording to one placement or AOI"),
    "creatives": (
        contracts.CREATIVE_METRICS,
        "attention of one recording to one picture of a changing placement",
    ),
    "exposures": (contracts.EXPOSURES, "a time in which a placement was in view"),
    "visits": (contracts.VISITS, "a run of gaze on a placement or AOI"),
    "mapped_fixations": (contracts.MAPPED_FIXATIONS, "a fixation on a placement"),
}
_TALKS = {
    "interviews": "an interview with a participant",
    "interview_answers": "an answer",
    "answer_codes": "what a coder makes of an answer",
    "code_book": "a code",
    "codings": "a code on a span of text or a stretch of time",
    "documents": "a text",
    "transcript_marks": "a time in a transcript",
    "stimuli": "a picture, brand or category asked about",
}
_SIGNED = ("made_by",)
"""Names of users of computers: personal data."""

_FIELD = {
    "sessions": "an observation session",
    "interval_counts": "a count of one item in one interval",
    "scans": "a state at one instant",
    "events": "an event of a followed person or place",
    "audits": "an audited placement",
    "notes": "a note of an observer",
    "answers": "an answer of a person asked at the point",
    "media": "a file that an observer took",
    "reliability_pairs": "two sessions that can be compared",
}


def study_tables(
    study: Study,
    *,
    names: Pseudonyms,
    fixations: bool = False,
    personal: bool = False,
    progress: Progress = SILENT,
) -> tuple[list[TidyTable], list[str]]:
    """Return the tables of a study that have rows, and what is not there.

    Parameters
    ----------
    study : Study
        The study.
    names : Pseudonyms
        Takes names out of texts.
    fixations : bool, default False
        Also every fixation on a placement.
    personal : bool, default False
        Also the tables of personal data.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    tables : list of TidyTable
        Metrics first; field logs as `field_...`.
    missing : list of str
        What a reader may look for in vain, in words.
    """
    groups = [_attention(study, fixations), _entered(study), _quality(study), _fieldwork(study)]
    groups += [_talks(study, names), _memory(study)]
    if personal:
        groups.append(_personal(study))
    progress.start("tables of the study", len(groups))
    tables, missing = [], []
    for group in groups:
        raise_if_cancelled(progress)
        for one in group:
            if isinstance(one, str):
                missing.append(one)
            elif len(one.table):
                tables.append(one if personal else _without_names(one, names))
        progress.advance()
    return tables, missing


def _without_names(one: TidyTable, names: Pseudonyms) -> TidyTable:
    made_by = _json(_unsigned(names.value(json.loads(one.made_by)))) if one.made_by else ""
    table = names.table(one.table.drop(columns=[name for name in _SIGNED if name in one.table]))
    return TidyTable(one.name, one.meaning, table, one.columns, one.rules, made_by)


def _unsigned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unsigned(item) for key, item in value.items() if key not in _SIGNED}
    return [_unsigned(item) for item in value] if isinstance(value, list) else value


Group = Iterator[TidyTable | str]


def _attention(study: Study, fixations: bool) -> Group:
    from gazestudy.pipeline.metrics import study_metrics
    from gazestudy.pipeline.results import attention_table

    try:
        metrics = study_metrics(study)
    except StudyError:
        yield "no attention metrics: the study was not run yet (gazestudy run)"
        return
    found = [study.current(recording.id, "attention") for recording in study.recordings()]
    without = sum(one is None for one in found)
    if without:
        yield f"{without} of {len(found)} recordings have no results yet (gazestudy run)"
    provenance = next((one.provenance for one in found if one is not None), {})
    rules = {str(key): str(text) for key, text in provenance.get("facts", {}).get("rules", {}).items()}
    made_by = _json(provenance)
    for name, (contract, meaning) in _ATTENTION.items():
        wanted = name != "mapped_fixations" or fixations
        if not wanted or not all(name in one.files for one in found if one is not None):
            continue
        table = metrics if name == "metrics" else attention_table(study, name)
        known = rules if name in ("metrics", "creatives") else {}
        called = "creative_metrics" if name == "creatives" else name
        yield _tidy(called, meaning, table, contract, rules=known, made_by=made_by)


def _entered(study: Study) -> Group:
    """Yield what people entered: participants, recordings, placements, AOIs."""
    people = study.participants()
    rows: list[tuple[Any, ...]] = [(one.id, one.segment) for one in people]
    yield _made(PARTICIPANTS, "a participant", rows)
    rows = [(one.id, key, str(value)) for one in people for key, value in one.notes.items()]
    yield _made(FACTS, "a fact about a participant", rows)
    segments = {one.id: one.segment for one in people}
    rows = [_recording(study, one, segments[one.participant_id]) for one in study.recordings()]
    yield _made(RECORDINGS, "a recording", rows)
    placements = study.placements()
    rows = [
        (
            *(one.id, one.name, one.kind, one.width_mm, one.height_mm, one.copies, one.station),
            *(one.size_px if one.creatives else (None, None)),
            " ".join(str(facet) for facet in one.facets),
        )
        for one in placements
    ]
    yield _made(PLACEMENTS, "a placement", rows)
    rows = [
        (one.id, one.placement_id, one.name, one.image, one.width_px, one.height_px)
        for placement in placements
        for one in placement.creatives
    ]
    yield _made(CREATIVES, "a picture shown on a placement", rows)
    yield from _schedules(study)
    rows = [
        (one.id, one.placement_id, one.name, " ".join(f"{x:g},{y:g}" for x, y in one.points_px), one.label)
        for one in study.aois()
    ]
    yield _made(AOIS, "an AOI", rows)


def _schedules(study: Study) -> Group:
    """Yield what digital placements showed, and when."""
    found = [(one.id, study.schedule(one.id)) for one in study.placements()]
    tables = [
        plan.showings.assign(placement_id=key, clock=plan.clock) for key, plan in found if plan is not None
    ]
    if tables:
        extra = (Column("clock", "str", "clock of the player, empty for wall clock"),)
        table = pd.concat(tables, ignore_index=True)
        columns = (PLACEMENT, *SHOWINGS.columns, *extra)
        ordered = table[[one.name for one in columns]]
        yield TidyTable("showings", "a picture on show on a placement", ordered, columns)


def _recording(study: Study, one: Any, segment: str) -> tuple[Any, ...]:
    t_ns = study.stream(one.id, "gaze")["t_ns"].to_numpy()
    camera, start = study.camera(one.id), study.meta(one.id).get("start_unix_ns")
    begin = "" if start is None else pd.Timestamp(int(start), tz="UTC").isoformat()
    return (
        *(one.id, one.participant_id, segment, one.daypart, one.name, one.device, one.importer),
        *(study.clock(one.id).base, begin, int(t_ns[0]) if len(t_ns) else 0),
        *((int(t_ns[-1]) - int(t_ns[0])) / 1e9 if len(t_ns) else float("nan"), len(t_ns)),
        len(study.stream(one.id, "frames")),
        *((None, None) if camera is None else (camera.width_px, camera.height_px)),
        study.correction(one.id) is not None,
    )


def _quality(study: Study) -> Group:
    from gazestudy.pipeline.quality import quality_of_study
    from gazestudy.quality.table import QUALITY

    if not study.recordings():
        return
    found = quality_of_study(study)
    made_by = _json(found.table.attrs.get("provenance_by_recording", {}))
    yield _tidy("quality", "the data quality of a recording", found.table, QUALITY, made_by=made_by)


def _fieldwork(study: Study) -> Group:
    if not study.field_logs():
        return
    for name, table in study.field_log().tables().items():
        yield _tidy(f"field_{name}", _FIELD[name], table, FIELD_CONTRACTS[name])


def _talks(study: Study, names: Pseudonyms) -> Group:
    """Yield the tables of interviews; positions in texts are those of the texts without names."""
    for name, table in interviews_without_names(study.interviews(), names).tables().items():
        yield _tidy(name, _TALKS[name], table, INTERVIEW_CONTRACTS[name])


def _memory(study: Study) -> Group:
    """Yield attention beside what people said, where there are both."""
    from gazestudy.pipeline.memory import study_memory

    ran = any(study.current(one.id, "attention") is not None for one in study.recordings())
    if not ran or study.interviews().interview_answers.empty:
        return
    joined = study_memory(study).joined
    provenance = provenance_of(joined.cases) or {}
    facts = provenance.get("facts", {})
    rules = {**facts.get("rules", {}), **facts.get("answer_rules", {})}
    meaning = "a participant and a placement that entered view: attention and memory"
    made_by = _json(provenance)
    yield _tidy("memory_cases", meaning, joined.cases, MEMORY_CASES, rules=rules, made_by=made_by)
    meaning = "a picture shown to a participant"
    yield _tidy("recognition_trials", meaning, joined.trials, RECOGNITION_TRIALS, made_by=made_by)
    for finding in joined.findings:
        if finding.severity != "info":
            yield f"memory_cases: {finding.message}"


def coded_moments(study: Study, recording_id: str) -> pd.DataFrame:
    """Return the codings that lie on the time of a recording.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    DataFrame
        `start_ns`, `end_ns`, `code` (its name), `placement_id`, `memo`, in order of time.
    """
    talks = study.interviews()
    codes = dict(zip(talks.code_book["code_id"], talks.code_book["name"], strict=True))
    rows = talks.codings[(talks.codings["recording_id"] == recording_id) & (talks.codings["start_ns"] >= 0)]
    rows = rows.assign(code=[codes.get(one, one) for one in rows["code_id"]])
    return rows[["start_ns", "end_ns", "code", "placement_id", "memo"]].sort_values("start_ns", kind="stable")


def _personal(study: Study) -> Group:
    data = [(one.id, study.personal_data(one.id)) for one in study.participants()]
    rows: list[tuple[Any, ...]] = [
        (person, one.name, _json(one.details)) for person, one in data if one.name or one.details
    ]
    yield _made(PERSONAL, "personal data of a participant", rows)
    yield _made(OBSERVER_NAMES, "the name of an observer", list(study.observer_names().items()))
    rows = [(one.session_id, one.respondent_id, one.item, one.value) for one in study.private_answers()]
    yield _made(PRIVATE_ANSWERS, "an answer that may tell who somebody is", rows)
    rows = [(one.interview_id, one.item, one.value) for one in study.personal_answers()]
    yield _made(PERSONAL_ANSWERS, "an answer of an interview that may tell who somebody is", rows)


def _made(contract: TableContract, meaning: str, rows: list[tuple[Any, ...]]) -> TidyTable:
    """Return rows as a table of a contract."""
    if not rows:
        return TidyTable(contract.name, meaning, contract.empty(), contract.columns)
    table = pd.DataFrame(rows, columns=contract.names)
    dtypes = {"str": "str", "float": "float64", "int": "int64", "bool": "bool"}
    table = table.astype({one.name: dtypes[one.dtype] for one in contract.columns if one.dtype in dtypes})
    for one in contract.columns:
        if one.dtype == "category":
            table[one.name] = contracts.categorical(table[one.name], one.categories)
    return TidyTable(contract.name, meaning, contract.check(table), contract.columns)


def _tidy(
    name: str,
    meaning: str,
    table: pd.DataFrame,
    contract: TableContract | None,
    *,
    rules: Mapping[str, str] | None = None,
    made_by: str = "",
) -> TidyTable:
    """Return a table with ids first and its columns described."""
    known = {} if contract is None else {one.name: one for one in contract.columns}
    columns = {**SHARED_COLUMNS, **known}
    first = [key for key in ("recording_id", "participant_id", "segment", "daypart") if key in table]
    rest = [key for key in table.columns if key not in first]
    ordered = table[[*first, *rest]] if contract is not contracts.METRICS else table
    return TidyTable(name, meaning, ordered, tuple(columns.values()), rules or {}, made_by)


def _json(value: Any) -> str:
    return "" if not value else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
