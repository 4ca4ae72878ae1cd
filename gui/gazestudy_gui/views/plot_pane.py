"""A figure of the library in the colours of the window, drawn beside the window's own thread.

The figure is drawn for the size at hand, so text stays sharp and never too small. Settings of matplotlib are
global, so one figure is drawn at a time.
"""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QSize, Qt, QTimer
from PyQt6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gazestudy_gui import theme
from gazestudy_gui.background import Background
from gazestudy_gui.helper import Helper, Question
from gazestudy_gui.phrases import error_text, told, translate_figure
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.words import language, tr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[["Figure"], "Figure | None"]
Painted = tuple[bytes, int, int]

_DOTS_PER_INCH = 110.0
_PAUSE_MS = 120
_GREY = 0.16
_DARK = 0.45
_LONG = 0.6
_READABLE = 4.5  # black or white has at least 4.58 on any ground
ONE_AT_A_TIME = threading.Lock()
"""Held while anything is drawn."""


class PlotPane(QWidget):
    """Shows a figure, or words.

    Parameters
    ----------
    name : str
        What it shows, for people who listen.
    parent : QWidget, optional
        Owner. `shut_down` must be called before it goes.
    helper : Helper, optional
        Draws in its process what can be sent there; None: a thread draws.
    """

    def __init__(self, name: str, parent: QWidget | None = None, *, helper: Helper | None = None) -> None:
        super().__init__(parent)
        self._has_helper = helper is not None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        em = self.fontMetrics().height()
        self.setMinimumSize(14 * em, 8 * em)
        self.image, self.message = QImage(), ""
        self._draw: Draw | None = None
        self._asked: tuple[object, ...] = ()
        self._seen = WhenSeen(self, self._ask)
        self._worker = Background("plot", self, helper=helper)
        self._worker.done.connect(self._on_drawn)
        self._worker.failed.connect(self._on_failed)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PAUSE_MS)
        self._soon.timeout.connect(self.redraw)

    def show_figure(self, draw: Draw) -> None:
        """Show what a function draws into an empty figure, or the figure it returns; in another thread."""
        self._draw, self._asked = draw, ()
        self.redraw()

    def show_message(self, text: str) -> None:
        """Show words."""
        self._draw, self._asked, self.image, self.message = None, (), QImage(), text
        self.setAccessibleDescription(text)
        self.update()

    def redraw(self) -> None:
        """Draw again, for another size or other colours, once somebody looks."""
        self._seen.ask()

    def _ask(self) -> None:
        draw, size, ratio = self._draw, self.size(), self.devicePixelRatioF()
        if draw is None or size.isEmpty():
            return
        ink, paper = theme.foreground().name(), theme.background().name()
        code = language()
        asked = (draw, size, ratio, ink, paper, code)
        if asked == self._asked:  # it was only looked at again
            return
        self._asked = asked
        if self._has_helper:
            arguments = {"draw": draw, "size_px": (size.width(), size.height()), "ratio": ratio,
                         "ink": ink, "paper": paper, "language": code}  # fmt: skip
            self._worker.ask(Question("gazestudy_gui.views.plot_pane:painted", arguments))
        else:
            self._worker.ask(lambda: rendered(draw, size, ratio, ink=ink, paper=paper, language=code))

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.redraw()

    def shut_down(self) -> None:
        """End the thread and the timer."""
        self._soon.stop()
        self._worker.close()

    def showEvent(self, event: Any) -> None:
        """Draw when it is looked at."""
        super().showEvent(event)
        self._soon.start()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Draw for the new size, once it stays."""
        super().resizeEvent(event)
        self._soon.start()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.background())
        if self.image.isNull():
            painter.setPen(theme.foreground())
            area = self.rect().adjusted(20, 20, -20, -20)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
        else:
            wide, high = (round(one / self.image.devicePixelRatio()) for one in
                          (self.image.width(), self.image.height()))  # fmt: skip
            painter.drawImage((self.width() - wide) // 2, max(0, (self.height() - high) // 2), self.image)

    def _on_drawn(self, number: int, drawn: QImage | Painted) -> None:
        if number == self._worker.newest and self._draw is not None:
            self.image = drawn if isinstance(drawn, QImage) else to_image(drawn, self.devicePixelRatioF())
            self.message = ""
            self.update()

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            self.show_message(error_text(error))


def rendered(draw: Draw, size: QSize, ratio: float, *, ink: str, paper: str, language: str = "en") -> QImage:
    """Return a figure as a picture.

    Parameters
    ----------
    draw : callable
        Draws into an empty figure.
    size : QSize
        Size on the screen, in its own units.
    ratio : float
        Pixels of the picture per unit.
    ink, paper : str
        Colours of text and ground, #rrggbb.
    language : str
        Which the words are put into.
    """
    size_px = size.width(), size.height()
    return to_image(painted(draw, size_px, ratio, ink=ink, paper=paper, language=language), ratio)


def to_image(drawn: Painted, ratio: float) -> QImage:
    """Return pixels as an image that owns them, for a screen with so many of them per unit."""
    pixels, width, height = drawn
    image = QImage(pixels, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
    image.setDevicePixelRatio(ratio)
    return image


def painted(
    draw: Draw, size_px: tuple[int, int], ratio: float, *, ink: str, paper: str, language: str = "en"
) -> Painted:
    """Return a figure as pixels: bytes of RGBA, width and height; parameters as those of `rendered`."""
    import numpy as np

    with ONE_AT_A_TIME:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        dots = _DOTS_PER_INCH * ratio
        inches = (size_px[0] / _DOTS_PER_INCH, size_px[1] / _DOTS_PER_INCH)
        figure = Figure(figsize=inches, dpi=dots, facecolor="white", layout="constrained")
        canvas = FigureCanvasAgg(figure)
        own = draw(figure)
        if own is not None:  # with a shape of its own
            figure, canvas = own, FigureCanvasAgg(own)
            width_in, height_in = (float(one) for one in own.get_size_inches())
            own.set_dpi(dots / _DOTS_PER_INCH * min(size_px[0] / width_in, size_px[1] / height_in))
        translate_figure(figure, language)
        if not any(axes.images for axes in figure.axes):  # a plan or picture stays on its paper
            recolour(figure, ink=ink, paper=paper)
        with fitting_fonts(figure):
            _fit_words(figure)
            canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return pixels.tobytes(), int(pixels.shape[1]), int(pixels.shape[0])


def recolour(figure: Figure, *, ink: str, paper: str) -> None:
    """Turn the greys of a figure made for white paper into those between two colours.

    Colours proper keep their hue; on a dark ground, dark ones become lighter.

    Parameters
    ----------
    figure : Figure
        Drawn for white paper.
    ink, paper : str
        What black and white become, #rrggbb.
    """
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    def turned(colour: Any) -> Any:
        return turn(colour, ink=ink, paper=paper)

    figure.set_facecolor(turned("white"))
    for artist in figure.findobj():
        if isinstance(artist, Text):
            artist.set_color(_legible(turned(artist.get_color()), paper))
        elif isinstance(artist, Line2D):
            _recolour_line(artist, turned)
        elif isinstance(artist, Patch) and artist is not figure.patch:
            _recolour_patch(artist, turned)
        elif isinstance(artist, Collection) and artist.get_array() is None:
            artist.set_facecolor([turned(one) for one in artist.get_facecolor()])
            artist.set_edgecolor([turned(one) for one in artist.get_edgecolor()])


def turn(colour: Any, *, ink: str, paper: str) -> tuple[float, float, float, float]:
    """Return what a colour of a figure on white paper becomes; see `recolour`."""
    import numpy as np
    from matplotlib.colors import to_rgba

    dark, light = np.array(to_rgba(ink)[:3]), np.array(to_rgba(paper)[:3])
    rgba = np.array(to_rgba(colour))
    rgb = rgba[:3]
    if rgb.max() - rgb.min() <= _GREY:
        grey = float(rgb.mean())
        rgb = (1 - grey) * dark + grey * light
    elif dark.mean() > light.mean() and rgb.mean() < _DARK:
        rgb = rgb + (1 - rgb) * (_DARK - rgb.mean())
    return (float(rgb[0]), float(rgb[1]), float(rgb[2]), float(rgba[3]))


def _legible(colour: tuple[float, float, float, float], paper: str) -> tuple[float, float, float, float]:
    """Return a colour of words, brighter where its contrast to a dark ground is below 4.5 to 1 (WCAG 2.2)."""
    from matplotlib.colors import to_rgb

    ground, rgb = to_rgb(paper), colour[:3]
    if theme.contrast(ground, (1, 1, 1)) >= theme.contrast(ground, (0, 0, 0)):
        while theme.contrast(rgb, ground) < _READABLE:
            rgb = (0.9 * rgb[0] + 0.1, 0.9 * rgb[1] + 0.1, 0.9 * rgb[2] + 0.1)
    return (*rgb, colour[3])


def _recolour_line(line: Any, turned: Callable[[Any], Any]) -> None:
    line.set_color(turned(line.get_color()))
    for face in ("markerfacecolor", "markeredgecolor"):
        colour = getattr(line, f"get_{face}")()
        if not isinstance(colour, str) or colour not in ("none", "auto"):
            getattr(line, f"set_{face}")(turned(colour))


def _recolour_patch(patch: Any, turned: Callable[[Any], Any]) -> None:
    alpha, face, edge = patch.get_alpha(), patch.get_facecolor(), patch.get_edgecolor()
    if face[3]:  # what is not drawn stays so
        patch.set_facecolor(turned(face))
    if edge[3]:
        patch.set_edgecolor(turned(edge))
    patch.set_alpha(alpha)


def fitting_fonts(figure: Figure) -> Any:
    """Give every text of a figure fonts that have its letters; returns settings to draw in."""
    from matplotlib import rc_context
    from matplotlib.text import Text

    from gazestudy.plots import families_for

    for axes in figure.axes:  # labels of ticks are made when they are asked for
        axes.get_xticklabels()
        axes.get_yticklabels()
    texts = [artist for artist in figure.findobj(Text) if isinstance(artist, Text)]
    families = families_for("".join(sorted(set("".join(text.get_text() for text in texts)))))
    for text in texts:
        text.set_fontfamily(families)
    return rc_context({"font.family": families, "axes.unicode_minus": False})


def _fit_words(figure: Figure) -> None:
    """Break headings and labels of axes that are longer than the figure is wide."""
    width = figure.get_figwidth() * 72
    for axes in figure.axes:
        for text in (axes.xaxis.label, axes.title, getattr(axes, "_left_title", axes.title)):
            letters = max(12, int(width / (0.56 * float(text.get_fontsize()))))
            lines = text.get_text().split("\n")
            if any(len(line) > letters for line in lines):
                text.set_text("\n".join(part for line in lines for part in textwrap.wrap(line, letters)))
            if text is axes.xaxis.label and max(map(len, text.get_text().split("\n"))) > _LONG * letters:
                axes.set_xlabel(text.get_text(), loc="right")  # in the middle it would leave the paper


def nothing_yet(what: str) -> str:
    """Return words for results that are not there yet."""
    is_said = "no results yet" in what
    return tr("No results yet: Analyse › Run everything.") + (
        f"\n\n{told(what)}" if what and not is_said else ""
    )
