"""Brings field logs from outside into a study, read with the protocol they were made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gazestudy.importers.fieldlogs import (
    FieldLogCandidate,
    FieldLogError,
    FieldOptions,
    FieldPlan,
    PlanItem,
    PlanRule,
    find_field_logs,
)
from gazestudy.importers.sources import Source
from gazestudy.model import SourceFile
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.recording import Finding
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.protocol import Protocol, is_mistyped, table_of
from gazestudy.store import FieldLogIntake, PrivateAnswer, Study

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ImportedFieldLog:
    """One field log that was read, and what became of it.

    Attributes
    ----------
    name, importer, reason : str
        The file or folder, who read it, and by what it was recognised.
    rows : dict of str to int
        Rows of its tables.
    findings : tuple of Finding
        What was wrong or doubtful.
    intake : FieldLogIntake
        Which sessions are new, changed, or known already.
    """

    name: str
    importer: str
    reason: str
    rows: dict[str, int]
    findings: tuple[Finding, ...]
    intake: FieldLogIntake

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "name": self.name,
            "importer": self.importer,
            "reason": self.reason,
            "rows": self.rows,
            "findings": [finding.to_dict() for finding in self.findings],
            "log": self.intake.log_id,
            "added": list(self.intake.added),
            "changed": list(self.intake.changed),
            "unchanged": list(self.intake.unchanged),
            "new_codes": len(self.intake.pseudonyms),
        }

    @property
    def outcome(self) -> str:
        """What became of its sessions, in words."""
        parts = [
            f"{len(some)} {words}"
            for some, words in (
                (self.intake.added, "new"),
                (self.intake.changed, "changed (a new version; the earlier one is kept)"),
                (self.intake.unchanged, "known already, nothing changed"),
            )
            if some
        ]
        return ", ".join(parts) or "no sessions"


def import_field_logs(
    study: Study,
    path: Path,
    *,
    protocol: Protocol | None = None,
    columns: Path | None = None,
    importer: str | None = None,
    tz: str = "",
    prefix: str = "",
    salvage: bool = False,
    replace_sessions: bool = False,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> list[ImportedFieldLog]:
    """Import every field log that lies at `path`.

    Parameters
    ----------
    study : Study
        Open for writing, or read-only for a dry run.
    path : Path
        A file, a zip, or a folder that is a log or holds several.
    protocol : Protocol, optional
        The document the log was made from: items, codes and rules are checked with it.
    columns : Path, optional
        Column mapping of a plain table.
    importer : str, optional
        Use this reader.
    tz : str, optional
        Time zone of times that do not say.
    prefix : str, optional
        Put before every session id.
    salvage : bool, optional
        Leave out entries that cannot be used; otherwise nothing is imported if there are some.
    replace_sessions : bool, optional
        Accept new versions of sessions with another observer or start.
    dry_run : bool, optional
        Change nothing.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    list of ImportedFieldLog
        One for each log.

    Raises
    ------
    FieldLogError
        With all entries that cannot be used, each with sheet, row and column; nothing was imported.
    InputError
        If a file cannot be read at all; nothing was imported.
    StudyError
        If sessions clash with others of the same id; logs before that one stay.
    """
    plan = FieldPlan() if protocol is None else plan_of(protocol)
    options = FieldOptions(plan=plan, columns=columns, tz=tz, prefix=prefix)
    options = replace(options, columns=options.mapping)
    candidates = find_field_logs(path, importer=importer, options=options)
    progress.start(f"reading {path.name}", len(candidates))
    read: list[tuple[FieldLogCandidate, FieldLog]] = []
    for candidate in candidates:
        raise_if_cancelled(progress)
        read.append((candidate, candidate.read(options)))
        progress.advance()
    problems = [one for _, log in read for one in log.findings if one.severity == "problem"]
    if problems and not (salvage or dry_run):
        raise FieldLogError(path, problems)
    provenance = _provenance(options, protocol)
    done = []
    for candidate, log in read:
        doubts = (*_unknown_placements(study, log), *_doubtful_sessions(log, protocol, prefix))
        log = replace(log, findings=(*log.findings, *doubts))  # noqa: PLW2901
        rows = {name: len(table) for name, table in log.tables().items() if len(table)}
        public, private = without_personal(log, plan)
        intake = study.add_field_log(
            public,
            name=candidate.name,
            importer=candidate.info.name,
            importer_version=candidate.info.version,
            sources=sources_of(candidate.source),
            provenance=provenance,
            private=private,
            replace=replace_sessions,
            dry_run=dry_run,
        )
        about = (candidate.name, candidate.info.name, candidate.reason)
        done.append(ImportedFieldLog(*about, rows, log.findings, intake))
    return done


def plan_of(protocol: Protocol) -> FieldPlan:
    """Return what a protocol says about the entries of a field log."""
    items: dict[str, PlanItem] = {}
    rules: list[PlanRule] = []
    for block in protocol.item_blocks():
        for item in block.items:
            codes = getattr(item, "choices", "")
            low = 0.0 if item.type == "count" else getattr(item, "min", None)
            low, high = (
                (1.0, float(item.points)) if item.type == "scale" else (low, getattr(item, "max", None))
            )
            items[item.id] = PlanItem(
                item.id,
                table_of(block),
                item.type,
                tuple(choice.code for choice in protocol.choices[codes]) if codes else (),
                low,
                high,
                getattr(block, "every_s", None),
                item.personal,
            )
        for line in block.rules:
            rule = line.rule()
            rules.append(PlanRule(line.check, rule.items, rule.holds))
    behaviours = [one for block in protocol.focal_blocks() for one in block.behaviours]
    return FieldPlan(
        protocol.id,
        protocol.version,
        items,
        frozenset(one.code for one in behaviours if one.type == "state"),
        frozenset(one.code for one in behaviours if one.type == "point"),
        tuple(rules),
    )


def without_personal(log: FieldLog, plan: FieldPlan) -> tuple[FieldLog, list[PrivateAnswer]]:
    """Return a log without answers that may tell who somebody is, and those answers.

    Parameters
    ----------
    log : FieldLog
        As it was read.
    plan : FieldPlan
        Says which items are personal.
    """
    personal = {name for name, item in plan.items.items() if item.personal}
    private: list[PrivateAnswer] = []
    if not personal:
        return log, private
    told = log.answers["item"].isin(list(personal))
    for row in log.answers[told].to_dict("records"):
        private.append(PrivateAnswer(row["session_id"], row["respondent_id"], row["item"], row["value"]))
    tables = {**log.tables(), "answers": log.answers[~told].reset_index(drop=True)}
    for table, column in (("sessions", "conditions_json"), ("audits", "details_json")):
        rows, kept = tables[table], []
        for session_id, text in rows[["session_id", column]].itertuples(index=False, name=None):
            values = json.loads(text)
            private += [
                PrivateAnswer(session_id, "", name, str(values.pop(name)))
                for name in sorted(personal & set(values))
            ]
            kept.append(json.dumps(values, ensure_ascii=False))
        tables[table] = rows.assign(**{column: kept}) if kept else rows
    return FieldLog(**tables, findings=log.findings), private


def _unknown_placements(study: Study, log: FieldLog) -> Sequence[Finding]:
    """Warn of placements that the study does not have: nothing could be joined with gaze."""
    known = {placement.id for placement in study.placements()}
    used = {
        name
        for table in log.tables().values()
        if "placement_id" in table
        for name in set(table["placement_id"])
    }
    unknown = sorted(used - known - {""})
    if not unknown:
        return []
    shown = ", ".join(unknown[:8]) + (" ..." if len(unknown) > 8 else "")
    text = (
        f"placements that the study does not have: {shown}; add them, or correct their ids, to join with gaze"
    )
    return [Finding("warning", "placements", "unknown_placement", text, len(unknown))]


def _doubtful_sessions(log: FieldLog, protocol: Protocol | None, prefix: str) -> Sequence[Finding]:
    """Warn of session ids whose check letter is wrong, and of logs made from another document."""
    found = []
    for name in log.sessions["session_id"]:
        if is_mistyped(name.removeprefix(prefix)):
            text = (
                f"session id {name!r} is mistyped: its last letter does not fit the others; compare the sheet"
            )
            found.append(Finding("warning", "sessions", "mistyped", text, 1))
    if protocol is not None:
        columns = log.sessions[["protocol_id", "protocol_version"]].drop_duplicates()
        for made_with, version in columns.itertuples(index=False, name=None):
            if (made_with or protocol.id, version or protocol.version) != (protocol.id, protocol.version):
                text = f"made with {made_with} {version}, checked with {protocol.id} {protocol.version}"
                found.append(Finding("warning", "sessions", "other_protocol", text, 1))
    return found


def _provenance(options: FieldOptions, protocol: Protocol | None) -> dict[str, Any]:
    mapping = options.mapping
    document = None
    if protocol is not None:
        text = json.dumps(protocol.to_dict(), ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        document = {"id": protocol.id, "version": protocol.version, "sha256": digest}
    return {
        "protocol": document,
        "columns": None if mapping is None else mapping.model_dump(mode="json"),
        "tz": options.tz,
        "prefix": options.prefix,
    }


def sources_of(source: Source) -> list[SourceFile]:
    """Return size and hash of what was read: of a zip as it came, else of every file."""
    path = source.path
    if not path.is_file():
        return list(source.hashes(source.all_names()))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return [SourceFile(path.name, path.stat().st_size, digest)]
