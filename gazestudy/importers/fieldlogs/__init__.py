"""Field logs from outside, read into the canonical tables of field observation."""

from gazestudy.importers.fieldlogs import (  # noqa: F401 - all formats register themselves
    boris,
    boris_tables,
    entry_sheets,
    gehl,
    kobo,
    odk,
    phone_page,
    plain_table,
)
from gazestudy.importers.fieldlogs.builder import LogBuilder
from gazestudy.importers.fieldlogs.mistakes import Cell, FieldLogError, Mistakes
from gazestudy.importers.fieldlogs.plan import FieldPlan, PlanItem, PlanRule
from gazestudy.importers.fieldlogs.registry import (
    FieldLogCandidate,
    FieldOptions,
    UnknownFieldLogError,
    fieldlog_importer,
    find_field_logs,
    list_fieldlog_importers,
    read_field_log,
)

__all__ = [
    "Cell",
    "FieldLogCandidate",
    "FieldLogError",
    "FieldOptions",
    "FieldPlan",
    "LogBuilder",
    "Mistakes",
    "PlanItem",
    "PlanRule",
    "UnknownFieldLogError",
    "fieldlog_importer",
    "find_field_logs",
    "list_fieldlog_importers",
    "read_field_log",
]
