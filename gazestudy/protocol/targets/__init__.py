"""What a protocol document becomes: one module for each target, registered by its decorator."""

from __future__ import annotations

from gazestudy.protocol.targets import boris, csv_sheets, pdf, phone, xlsform, xlsx_sheets
from gazestudy.protocol.targets.registry import (
    TARGETS,
    Exported,
    ExportOptions,
    Target,
    export_protocol,
    protocol_target,
    target_path,
)

__all__ = [
    "TARGETS",
    "ExportOptions",
    "Exported",
    "Target",
    "boris",
    "csv_sheets",
    "export_protocol",
    "pdf",
    "phone",
    "protocol_target",
    "target_path",
    "xlsform",
    "xlsx_sheets",
]
