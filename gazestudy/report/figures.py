"""Pictures of the report: heatmaps as small images, drawings as SVG that follows the colours of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.report.structure import Picture
from gazestudy.report.words import anchor

INK, SOFT, LINE, PAPER = "#1a1a1a", "#5a5a5a", "#d0d0d0", "#ffffff"
ACCENT, WARM, PALE = "#2a6f97", "#c05a2b", "#cfe0ea"
_PAGE_COLOURS = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    "#d9d9d9": "var(--line)",
    ACCENT: "var(--accent)",
    WARM: "var(--warm)",
    PALE: "var(--pale)",
    PAPER: "var(--paper)",
}
"""Colours of drawings become those of the page, which are others in the dark."""

_TEXT_PT = 9.0
_PRINT_DPI = 220
_JPEG_QUALITY = 84


def photograph(
    name: str, image: NDArray[np.uint8], *, alt: str, caption: str, long_side_px: int = 820
) -> Picture:
    """Return an RGB image as a picture of moderate size.

    Parameters
    ----------
    name : str
        Name of the picture.
    image : ndarray of uint8, shape (height, width, 3)
        RGB.
    alt, caption : str
        What it shows; what stands below.
    long_side_px : int
        Longer side at most.

    Returns
    -------
    Picture
        As JPEG.
    """
    height, width = image.shape[:2]
    factor = min(long_side_px / max(width, height), 1.0)
    if factor < 1.0:
        width, height = max(round(width * factor), 1), max(round(height * factor), 1)
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    done, content = cv2.imencode(
        ".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not done:
        raise ValueError("the picture could not be written as JPEG")
    return Picture(name, alt, caption, image=content.tobytes(), width_px=width, height_px=height)


def drawing(
    name: str,
    draw: Callable[[Any], object],
    *,
    alt: str,
    caption: str,
    text: str = "",
    size_in: tuple[float, float] = (4.4, 2.9),
    wide: bool = False,
) -> Picture:
    """Return what a function draws on matplotlib axes as a picture for page, print and file.

    Parameters
    ----------
    name : str
        Name of the picture.
    draw : callable
        Takes the axes.
    alt, caption : str
        What it shows; what stands below.
    text : str
        All names in the drawing, so that fonts for their scripts are found.
    size_in : (float, float)
        Width and height in inches; small, so that letters stay readable on a phone.
    wide : bool
        Takes the whole width of the page.

    Returns
    -------
    Picture
        SVG with outlines, SVG with text for the page, and PNG for print.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(style(text)):
        figure = Figure(figsize=size_in, dpi=100, layout="constrained")
        draw(figure.subplots())
        return picture_of(name, figure, alt=alt, caption=caption, wide=wide)


def picture_of(name: str, figure: Any, *, alt: str, caption: str, wide: bool = False) -> Picture:
    """Return a matplotlib figure as a picture for page, print and file."""
    from matplotlib import rc_context

    written = {}
    for font in ("path", "none"):
        buffer = io.BytesIO()
        with rc_context({"svg.hashsalt": name, "svg.fonttype": font}):
            figure.savefig(
                buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=font == "none"
            )
        written[font] = buffer.getvalue().decode("utf-8")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_PRINT_DPI, metadata={"Software": None}, facecolor="white")
    width, height = (round(float(side) * _PRINT_DPI) for side in figure.get_size_inches())
    on_page = page_svg(written["none"], anchor(name))
    return Picture(name, alt, caption, written["path"], on_page, buffer.getvalue(), width, height, wide)


def style(text: str = "") -> dict[Any, Any]:
    """Return matplotlib settings of all drawings of a report."""
    from gazestudy.plots.fonts import families_for

    return {
        "font.family": families_for(text),
        "font.size": _TEXT_PT,
        "text.color": INK,
        "text.parse_math": False,
        "axes.unicode_minus": False,
        "axes.edgecolor": SOFT,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.labelcolor": SOFT,
        "axes.facecolor": "none",
        "figure.facecolor": PAPER,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": SOFT,
        "ytick.labelcolor": INK,
        "lines.solid_capstyle": "butt",
    }


def page_svg(document: str, name: str) -> str:
    """Return an SVG document as an element of a page: ids of its own, colours of the page, no declaration.

    Parameters
    ----------
    document : str
        SVG as matplotlib writes it.
    name : str
        Prefix of all ids.

    Returns
    -------
    str
        One `svg` element, hidden from screen readers: the figure around it says what it shows.
    """
    body = document[document.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(xlink:href|href)="#([^"]+)"', rf'href="#{name}-\2"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r'\s(xmlns:xlink|version)="[^"]*"', "", body, count=2)
    for colour, variable in _PAGE_COLOURS.items():
        body = body.replace(colour, variable)
    body = re.sub(r"font: ([0-9.]+)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(
        r'<svg [^>]*viewBox="([^"]+)"[^>]*>',
        r'<svg viewBox="\1" xmlns="http://www.w3.org/2000/svg" aria-hidden="true" focusable="false">',
        body,
        count=1,
    )
    return re.sub(r"\n\s*", "\n", body).strip()
