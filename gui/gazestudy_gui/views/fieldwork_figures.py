"""What observers counted: figures, agreement of observers, counts and rates on the plan of the station."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PyQt6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui import theme
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.helper import Question
from gazestudy_gui.phrases import column_title, error_text, told, value_name
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.file_edits import PutFile
from gazestudy_gui.views.plot_pane import PlotPane
from gazestudy_gui.views.table_view import TableWidget, heading
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    pass

PLAN, PLACES = "plan.png", "places.csv"
_DRAWS = 500
_SIZE_IN = (7.4, 3.6)
_BY = (("all together", ()), ("point", ("point_id",)), ("placement", ("placement_id",)),
       ("daypart", ("daypart",)), ("point and daypart", ("point_id", "daypart")))  # fmt: skip


class ComputedPage(QWidget):
    """Something that is computed when it is looked at, again when field logs change.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    thread_name = "fieldwork"

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._worker = Background(self.thread_name, self, helper=document.helper)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self._seen = WhenSeen(self, self.compute)
        self._seen.ask()

    def question(self) -> Question:
        """Return what the helper is asked, with the choices as they are now."""
        raise NotImplementedError

    def asked(self, what: str, **choices: Any) -> Question:
        """Return a question to a function of this module about the study."""
        return Question(f"{__name__}:{what}", {"study": str(self._document.path)} | choices)

    def show_result(self, result: Any) -> None:
        """Show what came out."""
        raise NotImplementedError

    def show_trouble(self, text: str) -> None:
        """Show why nothing came out."""
        raise NotImplementedError

    def show_waiting(self) -> None:
        """Say that it is being computed, where nothing is on show yet."""

    def forget(self) -> None:
        """Compute again when it is looked at."""
        self._seen.ask()

    def compute(self) -> None:
        """Compute; the newest wish wins."""
        self._seen.forget()
        self.show_waiting()
        self._worker.ask(self.question())

    def recolour(self) -> None:
        """Follow another colour scheme."""

    def shut_down(self) -> None:
        """End the thread."""
        self._worker.close()

    def _on_done(self, number: int, result: Any) -> None:
        if number == self._worker.newest:
            self.show_result(result)

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            text = error_text(error)
            if "no field logs" in str(error):
                text = tr(
                    "Nothing was observed yet. Log a session here, enter paper sheets, or import field logs."
                )
            self.show_trouble(text)


class FieldTablesPage(ComputedPage):
    """Tables with what is missing or doubtful below them; a hint in their place while there are none."""

    def show_waiting(self) -> None:
        """Say that it is being computed, where nothing is on show yet."""
        if self.stack.currentWidget() is self.hint:
            self.hint.setText(tr("Computing …"))

    def show_trouble(self, text: str) -> None:
        """Show why there are none."""
        self.hint.setText(text)
        self.stack.setCurrentWidget(self.hint)

    def show_words(self, lines: list[str]) -> None:
        """Show the tables, and what is to be said of them."""
        self.words.setPlainText("\n".join(f"• {one}" for one in lines))
        self.stack.setCurrentIndex(0)

    def put_together(self, line: QHBoxLayout, tables: QWidget) -> None:
        """Lay out choices, tables and words."""
        self.words = QPlainTextEdit(self)
        self.words.setReadOnly(True)
        self.words.setAccessibleName(tr("What is missing or doubtful"))
        split = QSplitter(Qt.Orientation.Vertical, self)
        for part, share in ((tables, 6), (self.words, 1)):
            split.addWidget(part)
            split.setStretchFactor(split.count() - 1, share)
        self.words.setMinimumHeight(3 * self.fontMetrics().height())
        self.hint = QLabel(tr("Computing …"), self)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(split)
        self.stack.addWidget(self.hint)
        self.stack.setCurrentWidget(self.hint)
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(self.stack, 1)


class FiguresPage(FieldTablesPage):
    """Rates and shares with numerator, denominator, rule and interval."""

    thread_name = "field figures"

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.by = QComboBox(self)
        self.by.setAccessibleName(tr("Groups"))
        for text, columns in _BY:
            self.by.addItem(tr(text), columns)
        self.by.currentIndexChanged.connect(lambda _index: self.compute())
        label = QLabel(tr("&Groups:"), self)
        label.setBuddy(self.by)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.by)
        line.addStretch(1)
        self.table = TableWidget(tr("Field figures"), self)
        self.put_together(line, self.table)

    def question(self) -> Question:
        """Return what the helper is asked."""
        return self.asked("figures_of", by=tuple(self.by.currentData()))

    def show_result(self, result: Any) -> None:
        """Show the figures."""
        table, lines = result
        self.table.set_frame(table, {str(name): heading(str(name)) for name in table.columns})
        self.show_words(
            [f"{value_name(about)}: {told(text)}" if about else told(text) for about, text in lines]
        )


class AgreementPage(FieldTablesPage):
    """How well two observers agree who watched the same."""

    thread_name = "field agreement"

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.tolerance = QDoubleSpinBox(self)
        self.tolerance.setRange(0.1, 60)
        self.tolerance.setValue(2.0)
        self.tolerance.setSuffix(" s")
        self.tolerance.setAccessibleName(tr("Same event within"))
        self.tolerance.valueChanged.connect(lambda _value: self.compute())
        label = QLabel(tr("&Same event within:"), self)
        label.setBuddy(self.tolerance)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.tolerance)
        line.addStretch(1)
        self.tables = {
            name: TableWidget(title, self)
            for name, title in (
                ("counts", tr("Counts")), ("coefficients", tr("Coefficients")),
                ("prevalence", tr("Prevalence")),
                ("events", tr("Events")), ("pairs", tr("Sessions compared")),
            )
        }  # fmt: skip
        self.tabs = QTabWidget(self)
        for table in self.tables.values():
            self.tabs.addTab(table, table.name)
        self._found: Any = None
        self.item = QComboBox(self)
        self.item.setAccessibleName(tr("What was counted"))
        self.item.currentIndexChanged.connect(lambda _index: self._draw())
        self.plot = PlotPane(tr("Differences of two observers"), self, helper=document.helper)
        picture = QWidget(self)
        inside = QVBoxLayout(picture)
        inside.addWidget(self.item, 0, Qt.AlignmentFlag.AlignLeft)
        self.plot.setMinimumHeight(17 * self.fontMetrics().height())
        area = QScrollArea(picture)
        area.setWidgetResizable(True)
        area.setWidget(self.plot)
        inside.addWidget(area, 1)
        self.tabs.addTab(picture, tr("Differences"))
        self.put_together(line, self.tabs)

    def question(self) -> Question:
        """Return what the helper is asked."""
        return self.asked("agreement_of", tolerance_s=self.tolerance.value())

    def show_result(self, result: Any) -> None:
        """Show the tables."""
        for name, table in self.tables.items():
            frame = getattr(result, name)
            titles = {str(one): heading(str(one)) for one in frame.columns}
            table.set_frame(frame, titles, words=("name", "code"))
        self._found = result
        current = self.item.currentData()
        self.item.blockSignals(True)
        self.item.clear()
        for row in result.counts.to_dict("records"):
            self.item.addItem(
                f"{value_name(str(row['item']))} ({value_name(str(row['about']))})",
                (str(row["item"]), str(row["about"])),
            )
        self.item.setCurrentIndex(max(0, self.item.findData(current)))
        self.item.blockSignals(False)
        self._draw()
        lines = [told(one.message) for one in result.findings]
        lines.append(
            tr("Read kappa beside the prevalence: where nearly nothing happens, chance agreement is high.")
        )
        self.show_words(lines)

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.plot.recolour()

    def shut_down(self) -> None:
        """End the threads."""
        super().shut_down()
        self.plot.shut_down()

    def _draw(self) -> None:
        found, chosen = self._found, self.item.currentData()
        if found is None or chosen is None:
            self.plot.show_message(tr("Nobody counted the same twice."))
            return

        self.plot.show_figure(partial(_draw_differences, found, *chosen))


def figures_of(study: str, *, by: tuple[str, ...]) -> tuple[Any, list[tuple[str, str]]]:
    """Return figures, and what is missing or doubtful with what it is about; for the helper."""
    from gazestudy.pipeline.field_results import field_summary
    from gazestudy.store import open_study

    with open_study(study, read_only=True) as opened:
        found = field_summary(opened, by=by)
    return found.figures.table, [*found.missing.items(), *(("", one.message) for one in found.findings)]


def agreement_of(study: str, *, tolerance_s: float) -> Any:
    """Return how well observers agree; for the helper."""
    from gazestudy.pipeline.field_results import field_agreement
    from gazestudy.store import open_study

    with open_study(study, read_only=True) as opened:
        return field_agreement(opened, tolerance_s=tolerance_s, draws=_DRAWS)


def has_plan(study: str) -> bool:
    """Return True if a plan with places is there; for the helper."""
    return (Path(study) / PLAN).exists() and (Path(study) / PLACES).exists()


def _draw_differences(found: Any, item: str, about: str, _figure: Any) -> Any:
    from gazestudy.plots.fieldwork import draw_bland_altman

    return draw_bland_altman(found, item, about=about, size_in=_SIZE_IN)


def _draw_plan(study: str, colour: str, size: str | None, _figure: Any) -> Any:
    from gazestudy.pipeline.field_results import map_figure
    from gazestudy.store import open_study

    plan, places = Path(study) / PLAN, Path(study) / PLACES
    with open_study(study, read_only=True) as opened:
        return map_figure(opened, plan, places, colour=colour, size=size)[0]


class PlanCanvas(QWidget):
    """The plan, on which places are put by clicking.

    Parameters
    ----------
    page : PlanPage
        Which is told.
    """

    def __init__(self, page: PlanPage) -> None:
        super().__init__(page)
        self._page = page
        self.image = QImage()
        self.setAccessibleName(tr("Plan of the station"))

    def to_widget(self, x_px: float, y_px: float) -> QPointF:
        """Return where a pixel of the plan is."""
        scale, left, top = self._fit()
        return QPointF(left + (x_px + 0.5) * scale, top + (y_px + 0.5) * scale)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint the plan with the places."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.background())
        if self.image.isNull():
            return
        scale, left, top = self._fit()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        across, down = self.image.width() * scale, self.image.height() * scale
        painter.drawImage(QRectF(left, top, across, down), self.image)
        em = self.fontMetrics().height()
        for name, (x, y) in self._page.places.items():
            at = self.to_widget(x, y)
            chosen = name == self._page.which.currentData()
            painter.setPen(QPen(theme.series(1 if chosen else 0), 3 if chosen else 2))
            painter.drawEllipse(at, em / 2, em / 2)
            painter.drawText(at + QPointF(em * 0.7, em * 0.3), name)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Put the chosen place where it was clicked."""
        if event is None or self.image.isNull():
            return
        scale, left, top = self._fit()
        x, y = (event.position().x() - left) / scale - 0.5, (event.position().y() - top) / scale - 0.5
        if 0 <= x < self.image.width() and 0 <= y < self.image.height():
            self._page.put(round(x, 1), round(y, 1))

    def _fit(self) -> tuple[float, float, float]:
        wide, high = max(1, self.image.width()), max(1, self.image.height())
        scale = min(self.width() / wide, self.height() / high)
        return scale, (self.width() - wide * scale) / 2, (self.height() - high * scale) / 2


class PlanPage(ComputedPage):
    """Counts and rates where they were taken."""

    thread_name = "field plan"

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.places: dict[str, tuple[float, float]] = {}
        self.colour, self.discs = QComboBox(self), QComboBox(self)
        self.plot = PlotPane(tr("Counts and rates on the plan"), self, helper=document.helper)
        self.canvas = PlanCanvas(self)
        self.which = QComboBox(self)
        self._build()
        self._load()

    def use_plan(self, picture: Path) -> None:
        """Take a picture as the plan of the station."""
        image = QImage(str(picture))
        if image.isNull():
            self.show_trouble(tr("{name} is no picture that can be read.", name=picture.name))
            return
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")
        content = bytes(data.data())
        self._edit(PutFile(self._document.path / PLAN, content, tr("plan of the station"), ("fieldwork",)))

    def put(self, x_px: float, y_px: float) -> None:
        """Put the chosen place somewhere on the plan."""
        name = str(self.which.currentData() or "")
        if not name or self._document.read_only:
            return
        places = {**self.places, name: (x_px, y_px)}
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["point_id", "name", "x_px", "y_px"])
        writer.writerows([one, one, x, y] for one, (x, y) in places.items())
        content = text.getvalue().encode("utf-8")
        title = tr("put point {name} on the plan", name=name)
        self._edit(PutFile(self._document.path / PLACES, content, title, ("fieldwork",)))

    def question(self) -> Question:
        """Return what the helper is asked: whether there is something to draw."""
        return self.asked("has_plan")

    def show_result(self, result: Any) -> None:
        """Draw the figures."""
        plan = self._document.path / PLAN
        if not plan.exists():
            self.show_trouble(
                tr("No plan yet. Choose a picture of the floor plan, then put the points on it.")
            )
            return
        if not result or not self.places:
            self.show_trouble(
                tr("Now put the points on the plan: choose Put points, a point, and click on the plan.")
            )
            return
        colour, size = str(self.colour.currentData()), self.discs.currentData()

        self.plot.show_figure(partial(_draw_plan, str(self._document.path), colour, size))

    def show_trouble(self, text: str) -> None:
        """Show words in place of the plan."""
        self.plot.show_message(text)

    def forget(self) -> None:
        """Read the plan again."""
        self._load()
        super().forget()

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.plot.recolour()
        self.canvas.update()

    def shut_down(self) -> None:
        """End the threads."""
        super().shut_down()
        self.plot.shut_down()

    def _build(self) -> None:
        from gazestudy.pipeline.field_results import figure_names

        self.discs.addItem(tr("all the same"), None)
        for name in figure_names():
            self.colour.addItem(column_title(name), name)
            self.discs.addItem(column_title(name), name)
        self.colour.setCurrentIndex(max(0, self.colour.findData("notice_rate")))
        self.discs.setCurrentIndex(max(0, self.discs.findData("flow_per_min")))
        line = QHBoxLayout()
        for text, box in ((tr("&Colour:"), self.colour), (tr("&Size:"), self.discs)):
            label = QLabel(text, self)
            label.setBuddy(box)
            box.setAccessibleName(text.replace("&", "").rstrip(":"))
            box.currentIndexChanged.connect(lambda _index: self.compute())
            line.addWidget(label)
            line.addWidget(box)
        line.addStretch(1)
        self.placing = QPushButton(tr("&Put points"), self)
        self.placing.setCheckable(True)
        self.placing.setEnabled(not self._document.read_only)
        self.which.setAccessibleName(tr("Point"))
        self.which.currentIndexChanged.connect(lambda _index: self.canvas.update())
        self.which.hide()
        choose = QPushButton(tr("Choose p&lan …"), self)
        choose.setEnabled(not self._document.read_only)
        choose.clicked.connect(self._ask_plan)
        export = QPushButton(tr("Export …"), self)
        export.clicked.connect(self._ask_export)
        for widget in (self.which, self.placing, choose, export):
            line.addWidget(widget)
        self.plot.setMinimumHeight(26 * self.fontMetrics().height())
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self.area.setWidget(self.plot)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.area)
        self.stack.addWidget(self.canvas)
        self.placing.toggled.connect(self._on_placing)
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(self.stack, 1)

    def _on_placing(self, on: bool) -> None:
        self.stack.setCurrentWidget(self.canvas if on else self.area)
        self.which.setVisible(on)
        if not on:
            self.compute()

    def _load(self) -> None:
        from gazestudy.pipeline.field_results import read_places

        plan, places = self._document.path / PLAN, self._document.path / PLACES
        self.canvas.image = QImage(str(plan)) if plan.exists() else QImage()
        self.places = {}
        if places.exists():
            try:
                table, place = read_places(places)
                self.places = {
                    str(row[place]): (float(row["x_px"]), float(row["y_px"]))
                    for row in table.to_dict("records")
                }
            except GazestudyError as error:
                self.show_trouble(error_text(error))
        points = [point for some in self._document.study.points().values() for point in some]
        current = self.which.currentData()
        self.which.blockSignals(True)
        self.which.clear()
        for point in dict.fromkeys([*points, *self.places]):
            self.which.addItem(tr("Point {name}", name=point), point)
        self.which.setCurrentIndex(max(0, self.which.findData(current)))
        self.which.blockSignals(False)
        self.canvas.update()

    def _edit(self, command: PutFile) -> None:
        try:
            self._document.edit(command)
        except (GazestudyError, OSError) as error:
            tell(self, error)

    def _ask_plan(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, tr("Plan of the station"), "", tr("Pictures (*.png *.jpg *.jpeg *.tif *.bmp)")
        )
        if name:
            self.use_plan(Path(name))

    def _ask_export(self) -> None:
        from gazestudy.pipeline.field_results import draw_map

        name, _ = QFileDialog.getSaveFileName(
            self, tr("Export the plan"), "station-plan.png", "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)"
        )
        if not name:
            return
        folder = self._document.path
        try:
            draw_map(self._document.study, folder / PLAN, folder / PLACES, Path(name),
                     colour=str(self.colour.currentData()), size=self.discs.currentData())  # fmt: skip
        except GazestudyError as error:
            tell(self, error)
