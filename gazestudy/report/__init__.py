"""The study as one page and one document, both written from one structure of plain data."""

from gazestudy.report.build import build_report
from gazestudy.report.evidence import (
    CreativeEvidence,
    Evidence,
    FieldEvidence,
    MemoryEvidence,
    MethodFacts,
    StrategyEvidence,
)
from gazestudy.report.field_part import field_evidence
from gazestudy.report.html import write_html
from gazestudy.report.pdf import write_pdf
from gazestudy.report.structure import Report

__all__ = [
    "CreativeEvidence",
    "Evidence",
    "FieldEvidence",
    "MemoryEvidence",
    "MethodFacts",
    "Report",
    "StrategyEvidence",
    "build_report",
    "field_evidence",
    "write_html",
    "write_pdf",
]
