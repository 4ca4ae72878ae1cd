"""What the helper answers about fieldwork."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gazestudy.protocol import Protocol


def sheet(protocol: Protocol, *, out: Path, language: str) -> bytes:
    """Return the paper sheet of a protocol as a PDF, drawn by way of a file."""
    from gazestudy.protocol.targets import export_protocol

    export_protocol(protocol, "pdf", out, language=language, overwrite=True)
    return out.read_bytes()
