"""The report as a printed document, A4, with contents, page numbers and fonts for every script."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gazestudy.report.pdf.text import plain_text
from gazestudy.report.structure import RUNGS, STRENGTHS, Report

if TYPE_CHECKING:
    from gazestudy.report.pdf.flow import Writer


def write_pdf(report: Report) -> tuple[bytes, list[str]]:
    """Return a report as a PDF document.

    Parameters
    ----------
    report : Report
        What to print.

    Returns
    -------
    content : bytes
        The document; equal reports give equal bytes.
    notes : list of str
        Characters that no installed font can write; they stand as their code points.
    """
    from gazestudy.protocol.targets.pdf.fonts import unwritable
    from gazestudy.protocol.targets.pdf.text import Typesetter
    from gazestudy.report.pdf.flow import Writer

    text = plain_text("".join(_texts(report)))
    lost = unwritable(text)
    writer = Writer(Typesetter("".join(sorted(set(text) - lost))), frozenset(lost))
    pages: dict[str, int] = {}
    content, found = _set(report, writer, pages, total=0)
    for _ in range(3):  # the contents know the pages only when all is set
        if found[0] == pages:
            break
        pages = found[0]
        content, found = _set(report, writer, pages, total=found[1])
    notes = []
    if lost:
        shown = ", ".join(f"U+{ord(letter):04X}" for letter in sorted(lost)[:12])
        notes.append(
            f"no installed font can write {len(lost)} characters, which stand as their codes: {shown}"
        )
    return content, notes


def _set(
    report: Report, writer: Writer, pages: dict[str, int], *, total: int
) -> tuple[bytes, tuple[dict[str, int], int]]:
    """Set all pages; returns the document, where every section is, and the number of pages."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    from gazestudy.report.pdf.blocks import chapter_flowables, cover_flowables
    from gazestudy.report.pdf.flow import MARGIN, footer

    found: dict[str, int] = {}
    buffer = io.BytesIO()
    width, height = A4
    document = BaseDocTemplate(
        buffer, pagesize=A4, title=report.title, author=f"gazestudy {report.version}", lang=report.language,
        invariant=1, pageCompression=1, initialFontName=writer.type.base,
    )  # fmt: skip
    frame = Frame(
        MARGIN, MARGIN + 18, width - 2 * MARGIN, height - 2 * MARGIN - 18, 0, 0, 0, 0, showBoundary=0
    )

    def draw_footer(canvas: Any, page: Any) -> None:
        footer(canvas, writer, report, page.page, total)

    document.addPageTemplates([PageTemplate("page", [frame], onPage=draw_footer)])
    writer.found = found
    story = [*cover_flowables(report, writer, pages)]
    for number, chapter in enumerate(report.sections):
        story += chapter_flowables(chapter, writer, first=number == 0)
    document.build(story)
    return buffer.getvalue(), (found, int(document.page))


def _texts(data: Any) -> Iterator[str]:
    """Yield every text of a report, so that fonts are complete before the first page."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, (tuple, list)):
        for one in data:
            yield from _texts(one)
    elif hasattr(data, "__dataclass_fields__"):
        for name in data.__dataclass_fields__:
            if name not in ("svg", "page_svg", "image", "extra"):
                yield from _texts(getattr(data, name))
    if isinstance(data, Report):
        yield from (*RUNGS, *RUNGS.values(), *STRENGTHS.values(), "Contents–−·°²±×•●○◐ ")


__all__ = ["write_pdf"]
