"""Puts a report together: findings first, then every placement, then how it was done."""

from __future__ import annotations

from gazestudy.model.wording import counted
from gazestudy.report.evidence import Evidence
from gazestudy.report.field_part import field_section, placement_field_blocks
from gazestudy.report.gaze_part import overview_blocks, placement_gaze_blocks
from gazestudy.report.groups_part import groups_section
from gazestudy.report.memory_part import funnel_pictures, memory_section, placement_memory_blocks
from gazestudy.report.methods_part import methods_section, quality_section
from gazestudy.report.numbers import placement_numbers
from gazestudy.report.rules import QUESTIONS, study_findings
from gazestudy.report.strategy_part import placement_strategy_blocks, strategy_section
from gazestudy.report.structure import Block, Findings, Missing, Report, Section
from gazestudy.report.words import anchor


def build_report(evidence: Evidence, *, made_at: str, version: str, files: bool = False) -> Report:
    """Return the report of a study.

    Parameters
    ----------
    evidence : Evidence
        Results of the study.
    made_at : str
        When it is made, in words.
    version : str
        Of the program.
    files : bool
        Also make the drawings that are written as files only.

    Returns
    -------
    Report
        With a part that says so for everything that is missing.
    """
    numbers = {one.id: placement_numbers(evidence, one.id) for one in evidence.placements}
    findings = study_findings(evidence, numbers)
    chapter = Section(
        "findings",
        "Findings",
        sections=tuple(
            Section(f"findings-{topic}", QUESTIONS[topic], (Findings(found),))
            for topic in QUESTIONS
            if (found := tuple(one for one in findings if one.topic == topic))
        ),
        kind="chapter",
    )
    overview = Section("overview", "All placements", overview_blocks(evidence, numbers), kind="chapter")
    pages = tuple(
        Section(
            anchor(one.id),
            one.name or one.id,
            (
                *placement_gaze_blocks(evidence, one, numbers[one.id]),
                *placement_memory_blocks(evidence, one),
                *placement_field_blocks(evidence, one),
                *placement_strategy_blocks(evidence, one),
            ),
            kind="placement",
        )
        for one in evidence.placements
    )
    placements = Section("placements", "Placement by placement", _no_placements(evidence), pages, "chapter")
    sections = (
        chapter,
        overview,
        placements,
        groups_section(evidence),
        memory_section(evidence),
        field_section(evidence),
        strategy_section(evidence),
    )
    return Report(
        evidence.name,
        _subtitle(evidence),
        _facts(evidence),
        (*sections, quality_section(evidence), methods_section(evidence, version)),
        made_at,
        version,
        extra=funnel_pictures(evidence) if files else (),
    )


def _no_placements(evidence: Evidence) -> tuple[Block, ...]:
    if evidence.placements:
        return ()
    return (Missing("The study has no placements.", "There is nothing that could be looked at."),)


def _subtitle(evidence: Evidence) -> str:
    parts = [
        counted(len(evidence.placements), "placement"),
        counted(len(evidence.participants), "participant") + " with glasses",
    ]
    if evidence.field is not None:
        sessions = evidence.field.sessions
        parts.append(counted(int((sessions["role"] == "primary").sum()), "session") + " of observation")
    return " · ".join(parts)


def _facts(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    facts = [("Placements", str(len(evidence.placements)))]
    segments = evidence.participants["segment"].replace("", "no segment").value_counts(sort=False)
    words = ", ".join(f"{n} {name}" for name, n in segments.items())
    facts.append(
        ("Participants", f"{len(evidence.participants)}" + (f" ({words})" if len(segments) > 1 else ""))
    )
    minutes = float(evidence.recordings["minutes"].sum()) if len(evidence.recordings) else 0.0
    gaze = f"{minutes:.1f} minutes" if minutes >= 1 else f"{60 * minutes:.0f} seconds"
    facts.append(("Recordings", f"{len(evidence.recordings)}, {gaze} of gaze"))
    dayparts = [part for part in dict.fromkeys(evidence.recordings["daypart"]) if part]
    if dayparts:
        facts.append(("Dayparts recorded", ", ".join(dayparts)))
    if evidence.field is not None:
        sessions = evidence.field.sessions
        points, beside = sessions["point_id"].nunique(), int((sessions["role"] != "primary").sum())
        words = f"{counted(len(sessions) - beside, 'session')} at {counted(points, 'point')}"
        facts.append(("Observation", words + (f", {beside} counted by two" if beside else "")))
    return tuple(facts)
