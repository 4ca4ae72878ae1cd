"""How it was done: data quality, every parameter, versions and provenance."""

from __future__ import annotations

import math
from typing import Any, cast

from gazestudy.report.evidence import Evidence
from gazestudy.report.structure import (
    RUNGS,
    STRENGTHS,
    Block,
    Cell,
    Facts,
    Missing,
    Paragraph,
    Section,
    Table,
)
from gazestudy.report.words import digits

_QUALITY: tuple[tuple[str, str, str], ...] = (
    ("duration_s", "Length", "s"),
    ("nominal_rate_hz", "Rate", "Hz"),
    ("expected", "Samples due", ""),
    ("loss_share", "Lost", "share"),
    ("blink_share", "Blinks", "share"),
    ("missing_share", "Never came", "share"),
    ("longest_gap_ms", "Longest gap", "ms"),
    ("fixations", "Fixations", ""),
    ("rms_s2s_deg", "RMS-S2S", "°"),
    ("std_detrended_deg", "STD", "°"),
)
"""Column of the quality table, its head, its unit; those of any loss are shares of the samples due."""


def quality_section(evidence: Evidence) -> Section:
    """Return the chapter on how good the recordings are."""
    blocks: list[Block] = []
    table = evidence.quality
    if table is None or table.empty:
        blocks.append(
            Missing("There is no recording in this study.", "How far gaze can be trusted cannot be said.")
        )
        return Section("quality", "Data quality", tuple(blocks), kind="chapter")
    names = {row["recording_id"]: row for row in _records(evidence.recordings)}
    rows: list[tuple[Cell, ...]] = []
    for row in _records(table):
        about = names.get(row["recording_id"], {})
        known = [_cell(row.get(column), unit) for column, _, unit in _QUALITY]
        rows.append(
            (str(row["recording_id"]), str(about.get("device", "")), *known, _corrected(evidence, row))
        )
    heads = tuple(f"{head}, {unit}" if unit not in ("", "share") else head for _, head, unit in _QUALITY)
    blocks.append(
        Table(
            "Recordings",
            ("Recording", "Device", *heads, "Correction"),
            tuple(rows),
            note="Losses are shares of the samples due at the usual rate, those that never came included. "
            "RMS-S2S and STD (trend removed) are medians over fixations: how much gaze scatters while it "
            "rests. They say nothing about accuracy.",
        )
    )
    if evidence.accuracy is None or evidence.accuracy.empty:
        blocks.append(
            Missing(
                "Nobody was asked to look at known targets.",
                "How far gaze lies beside what people really looked at cannot be told from these recordings. "
                "A look near the edge of a placement may belong to its neighbour.",
                "gazestudy quality STUDY --targets targets.csv",
            )
        )
    doubts = [
        (str(row["recording_id"]), str(row["findings"]), "")
        for row in _records(evidence.recordings)
        if str(row.get("findings", ""))
    ]
    if doubts:
        pairs = tuple((name, text) for name, text, _ in doubts)
        blocks.append(Facts("What was found while importing", pairs, folded=True))
    return Section("quality", "Data quality", tuple(blocks), kind="chapter")


def methods_section(evidence: Evidence, version: str) -> Section:
    """Return the chapter on methods: rungs, rules, every parameter, provenance."""
    blocks: list[Block] = [
        Paragraph(
            "Every share stands with its numerator and denominator, every number with those it rests on and "
            "its 95 % interval. Where one person meets several placements, or one session gives many counts, "
            "the interval is over people or sessions."
        ),
        Facts("The ladder: what kind of number it is", tuple(RUNGS.items())),
        Facts("How sure a finding is", tuple((f"{name}", text) for name, text in STRENGTHS.items())),
        Facts(
            "Intervals",
            (
                ("Share, one observation each", "Wilson score interval (doi 10.1080/01621459.1927.10502953)"),
                (
                    "Share over people who meet several placements, or over sessions",
                    "Wilson with the effective number of observations and t; ratio estimator of the variance",
                ),
                (
                    "Means and medians over people",
                    f"percentile bootstrap over people, 2000 draws, seed {evidence.seed}",
                ),
                ("Counts per minute, densities", "ratio of sums, t on the log scale, sessions as clusters"),
            ),
        ),
        Facts("Software", (("gazestudy", version), *_versions())),
    ]
    blocks += [Facts(one.title, one.pairs, folded=True) for one in evidence.methods]
    return Section("methods", "Methods", tuple(blocks), kind="chapter")


def _versions() -> tuple[tuple[str, str], ...]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = [("Python", platform.python_version())]
    for name in ("numpy", "scipy", "pandas", "opencv-python", "statsmodels", "matplotlib"):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def _corrected(evidence: Evidence, row: dict[str, Any]) -> str:
    return evidence.corrections.get(str(row["recording_id"]), "none")


def _cell(value: Any, unit: str) -> str:
    if value is None or not math.isfinite(float(value)):
        return "–"
    return digits(float(value), "share" if unit == "share" else "")


def _records(table: Any) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", table.to_dict(orient="records"))
