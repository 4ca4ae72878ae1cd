"""The study as one page and one document, both written from one structure of plain data."""

from gazestudy.report.build import build_report
from gazestudy.report.evidence import Evidence, FieldEvidence, MethodFacts
from gazestudy.report.html import write_html
from gazestudy.report.pdf import write_pdf
from gazestudy.report.structure import Report

__all__ = [
    "Evidence",
    "FieldEvidence",
    "MethodFacts",
    "Report",
    "build_report",
    "write_html",
    "write_pdf",
]
