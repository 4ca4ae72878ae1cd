"""Printed sheets: what observers hold in their hand at a platform edge; everything is black on white."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gazestudy.protocol.blocks import IntervalBlock, ScanBlock
from gazestudy.protocol.canonical import new_session_id
from gazestudy.protocol.document import Protocol
from gazestudy.protocol.targets.registry import ExportOptions, protocol_target
from gazestudy.protocol.targets.words import WORDS, word


@protocol_target("pdf", "printed sheets", ".pdf")
def write_pdf(protocol: Protocol, out: Path, options: ExportOptions) -> list[str]:
    """Write one set of sheets for each session.

    Raises
    ------
    MissingFontError
        If no installed font can write the language; it says what to install.
    """
    from reportlab.lib.pagesizes import A4, LETTER, landscape
    from reportlab.pdfgen.canvas import Canvas

    from gazestudy.protocol.targets.pdf.blocks import draw_block, draw_instructions
    from gazestudy.protocol.targets.pdf.page import Sheet, draw_pages
    from gazestudy.protocol.targets.pdf.text import Typesetter

    sessions = options.sessions or (new_session_id(),)
    typesetter = Typesetter("".join(_all_texts(protocol, options, sessions)))
    size = A4 if options.paper == "A4" else LETTER
    if any(isinstance(block, (IntervalBlock, ScanBlock)) for block in protocol.blocks):
        size = landscape(size)
    sheets = []
    for session in sessions:
        sheet = Sheet(protocol, options, typesetter, session, size)
        sheet.new_page()
        draw_instructions(sheet)
        for block in protocol.blocks:
            draw_block(sheet, block)
        sheets.append(sheet)
    canvas = Canvas(str(out), pagesize=size, pageCompression=1, initialFontName=typesetter.base)
    canvas.setTitle(f"{protocol.text(protocol.title, options.language)} ({', '.join(sessions[:3])})")
    canvas.setAuthor("gazestudy")
    draw_pages(canvas, sheets)
    canvas.save()
    return _dropped(protocol, options)


def _all_texts(protocol: Protocol, options: ExportOptions, sessions: tuple[str, ...]) -> Iterator[str]:
    """Yield every text that will be written, so that fonts are complete before the first page."""
    yield from sessions
    yield from options.prefill.values()
    yield from (protocol.text(one.label, options.language) for one in options.placements)
    yield from (word(name, options.language, n=0, N=0, codes="") for name in WORDS)
    yield from _texts(protocol.to_dict(), protocol, options.language)


def _texts(data: Any, protocol: Protocol, language: str) -> Iterator[str]:
    if isinstance(data, dict):
        if data and set(data) <= set(protocol.languages):
            yield protocol.text(data, language)
        else:
            for value in data.values():
                yield from _texts(value, protocol, language)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value, protocol, language)
    elif isinstance(data, str):
        yield data


def _dropped(protocol: Protocol, options: ExportOptions) -> list[str]:
    dropped = []
    others = [language for language in protocol.languages if language != options.language]
    if others:
        dropped.append(f"texts in other languages ({', '.join(others)})")
    items = [item for block in protocol.item_blocks() for item in block.items]
    if any(item.type in ("photo", "audio") for item in items):
        dropped.append("pictures and sounds: the sheet asks for their number in the camera")
    if any(block.rules for block in protocol.item_blocks()):
        dropped.append("rules are printed, and checked on entry")
    if any(item.when is not None for item in items):
        dropped.append("conditions are printed, nothing is skipped by itself")
    return dropped
