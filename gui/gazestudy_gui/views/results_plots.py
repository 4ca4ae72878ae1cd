"""Funnel and time to the first look as figures that follow their choices."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.helper import Question
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.ticks import TickBox
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.plot_pane import ONE_AT_A_TIME, Draw, PlotPane, fitting_fonts, nothing_yet
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CURVES = 6
_GROUPS = (("all together", ()), ("placement", ("placement",)), ("segment", ("segment",)),
           ("daypart", ("daypart",)))  # fmt: skip


class FigurePage(QWidget):
    """A figure with its choices above it. Subclasses say what is computed and how it is drawn.

    Parameters
    ----------
    document : StudyDocument
        The study.
    name : str
        What it shows.
    parent : QWidget, optional
        Owner.
    """

    file_name = "figure"
    least_width_em = 24
    """Narrower than this, the figure is scrolled, in heights of a line."""

    def __init__(self, document: StudyDocument, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.data: dict[str, Any] = {}
        self._worker = Background(f"figure {self.file_name}", self, helper=document.helper)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self.group = QComboBox(self)
        self.group.setAccessibleName(tr("Groups"))
        for text, by in _GROUPS:
            self.group.addItem(tr(text), by)
        self.group.currentIndexChanged.connect(lambda _index: self.compute())
        self.one = QComboBox(self)
        self.one.setAccessibleName(tr("Which group"))
        self.one.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.one.hide()
        self.one.currentIndexChanged.connect(lambda _index: self.draw())
        self.plot = PlotPane(name, self, helper=document.helper)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self.area.setWidget(self.plot)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.line = QHBoxLayout()
        label = QLabel(tr("&Groups:"), self)
        label.setBuddy(self.group)
        for widget in (label, self.group, self.one):
            self.line.addWidget(widget)
        self.add_choices()
        self.line.addStretch(1)
        export = QPushButton(tr("Export …"), self)
        export.clicked.connect(self._ask_export)
        self.line.addWidget(export)
        column = QVBoxLayout(self)
        column.addLayout(self.line)
        column.addWidget(self.area, 1)
        self._seen = WhenSeen(self, self.compute)
        self._seen.ask()

    def add_choices(self) -> None:
        """Add choices of its own to `line`."""

    def question(self) -> Question:
        """Return what is asked with the choices as they are now; the answer is by group."""
        raise NotImplementedError

    def drawing(self, shown: dict[str, Any]) -> Draw:
        """Return what draws groups into a figure; the helper takes it, so it must be possible to send it."""
        raise NotImplementedError

    def rows(self, shown: dict[str, Any]) -> int:
        """Return for how many lines of text the figure needs room."""
        raise NotImplementedError

    def shown(self) -> dict[str, Any]:
        """Return the groups that are chosen."""
        name = self.one.currentData()
        return {name: self.data[name]} if name in self.data else dict(list(self.data.items())[:_CURVES])

    def forget(self) -> None:
        """Compute again when it is looked at: the study changed."""
        self._seen.ask()

    def compute(self) -> None:
        """Compute for the choices as they are now; the newest wish wins."""
        self._seen.forget()
        if not self.data:
            self.plot.show_message(tr("Computing …"))
        self._worker.ask(self.question())

    def asked(self, what: str, **choices: Any) -> Question:
        """Return a question about the groups that are chosen."""
        arguments = {"study": str(self._document.path), "by": tuple(self.group.currentData())} | choices
        return Question(f"gazestudy_gui.views.results_answers:{what}", arguments)

    def draw(self) -> None:
        """Draw what is chosen."""
        shown = self.shown()
        if not shown:
            return
        em = self.fontMetrics().height()
        self.plot.setMinimumHeight(self.rows(shown) * em)
        self.plot.setMinimumWidth(self.least_width_em * em)
        self.plot.show_figure(self.drawing(shown))

    def export(self, path: Path) -> None:
        """Write the figure on show, on white paper, as PNG, SVG or PDF."""
        from matplotlib.figure import Figure as Paper

        from gazestudy.pipeline.figure_files import write_figure

        shown = self.shown()
        if not shown:
            return
        height = max(3.5, 0.17 * self.rows(shown))
        figure = Paper(figsize=(8.0, height), dpi=200, facecolor="white", layout="constrained")
        try:
            with ONE_AT_A_TIME:
                self.drawing(shown)(figure)
                with fitting_fonts(figure):
                    write_figure(figure.axes[0], path)
        except (GazestudyError, OSError) as error:
            tell(self, error)

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.plot.recolour()

    def shut_down(self) -> None:
        """End the threads."""
        self._worker.close()
        self.plot.shut_down()

    def _on_done(self, number: int, data: dict[str, Any]) -> None:
        if number != self._worker.newest:
            return
        self.data = data
        current = self.one.currentData()
        self.one.blockSignals(True)
        self.one.clear()
        self.fill_groups()
        self.one.setCurrentIndex(max(0, self.one.findData(current)))
        self.one.setVisible(self.one.count() > 1)
        self.one.blockSignals(False)
        self.draw()

    def fill_groups(self) -> None:
        """Offer the groups one by one."""
        for name in self.data:
            self.one.addItem(name, name)

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            self.data = {}
            self.one.hide()
            self.plot.show_message(nothing_yet(str(error)))

    def _ask_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Export this figure"), f"{self.file_name}.png", "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)"
        )
        if name:
            self.export(Path(name))


class FunnelPage(FigurePage):
    """From exposure to intention.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    file_name = "funnel"
    least_width_em = 46

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(document, tr("Funnel from exposure to intention"), parent)

    def add_choices(self) -> None:
        """Add from when a case counts as looked at."""
        self.look = QDoubleSpinBox(self)
        self.look.setRange(0.1, 60)
        self.look.setSingleStep(0.5)
        self.look.setDecimals(1)
        self.look.setValue(2.0)
        self.look.setSuffix(" s")
        self.look.setAccessibleName(tr("Looked at from"))
        self.look.valueChanged.connect(lambda _value: self.compute())
        label = QLabel(tr("&Looked at from:"), self)
        label.setBuddy(self.look)
        self.line.addWidget(label)
        self.line.addWidget(self.look)

    def question(self) -> Question:
        """Return what is asked with the choices as they are now."""
        return self.asked("funnels", look_s=self.look.value())

    def shown(self) -> dict[str, Any]:
        """Return the funnel that is chosen."""
        name = self.one.currentData()
        return {name: self.data[name]} if name in self.data else {}

    def rows(self, shown: dict[str, Any]) -> int:
        """Return for how many lines of text the figure needs room."""
        return 5 + 2 * sum(len(one.table) for one in shown.values())

    def drawing(self, shown: dict[str, Any]) -> Draw:
        """Return what draws one funnel."""
        (funnel,) = shown.values()
        return partial(_draw_funnel, funnel)


class SurvivalPage(FigurePage):
    """Who has not looked yet.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    file_name = "first-look"
    least_width_em = 40

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(document, tr("Time to the first look"), parent)

    def add_choices(self) -> None:
        """Add what a row is."""
        self.each = TickBox(tr("&each exposure by itself"), self)
        self.each.setToolTip(tr("Otherwise the times in view of a recording and placement are added up"))
        self.each.toggled.connect(lambda _on: self.compute())
        self.line.addWidget(self.each)

    def question(self) -> Question:
        """Return what is asked with the choices as they are now."""
        return self.asked("first_looks", per_exposure=self.each.isChecked())

    def fill_groups(self) -> None:
        """Offer all groups in one figure, then each by itself."""
        if len(self.data) > 1:
            text = tr("all in one figure")
            if len(self.data) > _CURVES:
                text = tr("the first {n} in one figure", n=_CURVES)
            self.one.addItem(text, None)
        super().fill_groups()

    def rows(self, shown: dict[str, Any]) -> int:
        """Return for how many lines of text the figure needs room."""
        return 15 + 2 * len(shown)

    def drawing(self, shown: dict[str, Any]) -> Draw:
        """Return what draws the curves."""
        return partial(_draw_survival, shown)


def _draw_funnel(funnel: Any, figure: Figure) -> None:
    from gazestudy.plots.funnel import draw_funnel

    draw_funnel(funnel, figure.add_subplot())


def _draw_survival(shown: dict[str, Any], figure: Figure) -> None:
    from gazestudy.plots.survival import draw_survival

    draw_survival(shown, figure.add_subplot())
