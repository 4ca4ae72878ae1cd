"""Interviews from outside, read into the canonical tables of interviews."""

from gazestudy.importers.interviews import (  # noqa: F401 - all formats register themselves, tables first
    forms,
    refi_qda,
    subtitles,
    tables,
    transcripts,
)  # isort: skip
from gazestudy.importers.interviews.builder import InterviewBuilder, InterviewOptions, ReadInterviews
from gazestudy.importers.interviews.forms import interviews_of_log
from gazestudy.importers.interviews.registry import (
    InterviewCandidate,
    UnknownInterviewError,
    find_interviews,
    interview_importer,
    list_interview_importers,
    read_interviews,
)

__all__ = [
    "InterviewBuilder",
    "InterviewCandidate",
    "InterviewOptions",
    "ReadInterviews",
    "UnknownInterviewError",
    "find_interviews",
    "interview_importer",
    "interviews_of_log",
    "list_interview_importers",
    "read_interviews",
]
