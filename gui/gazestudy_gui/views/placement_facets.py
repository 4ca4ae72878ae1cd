"""Which parts of a picture are flat where it goes round a pillar or a corner: folds to pull or to type."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError, ParameterError
from gazestudy.model import Facet, Placement
from gazestudy.model.facets import SMALLEST_PX, check_facets, strips
from gazestudy_gui import theme
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.ok_cancel import OkCancel
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.placement_edits import SetFacets
from gazestudy_gui.views.video_widget import VideoWidget
from gazestudy_gui.words import number_or_none, tr

Sides = list[float]
"""Left, top, right, bottom, reference px."""

_MEET_PX = 0.51
_REACH_EM = 0.6


class FoldCanvas(VideoWidget):
    """A picture with its flat parts; a fold is pulled by the mouse, with both parts that meet there.

    Parameters
    ----------
    image : QImage
        The picture.
    parent : QWidget
        Owner.
    """

    pulled = pyqtSignal()

    def __init__(self, image: QImage, parent: QWidget) -> None:
        super().__init__(parent)
        self.image = image
        self.parts: list[Sides] = []
        self._held: list[tuple[int, int]] = []  # part, and which of its sides
        self.setAccessibleName(tr("Flat parts of the picture"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keys it is the table

    def to_place(self, x: float, y: float) -> QPointF:
        """Return where a place of the picture is: 0 to its width and height."""
        target = self.target()
        scale = target.width() / self.image.width()
        return QPointF(target.x() + x * scale, target.y() + y * scale)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take hold of a fold."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._held = self._sides_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Pull it; show over what a fold could be taken."""
        if event is None:
            return
        if not self._held:
            near = self._sides_at(event.position())
            shapes = Qt.CursorShape
            across = shapes.SplitHCursor if near and near[0][1] % 2 == 0 else shapes.SplitVCursor
            self.setCursor(across if near else shapes.ArrowCursor)
            return
        target, side = self.target(), self._held[0][1]
        scale = target.width() / self.image.width()
        at = event.position()
        value = (at.x() - target.x()) / scale if side % 2 == 0 else (at.y() - target.y()) / scale
        low, high = 0.0, float(self.image.width() if side % 2 == 0 else self.image.height())
        for part, which in self._held:  # no part becomes too narrow
            opposite = self.parts[part][(which + 2) % 4]
            if which < 2:
                high = min(high, opposite - SMALLEST_PX)
            else:
                low = max(low, opposite + SMALLEST_PX)
        for part, which in self._held:
            self.parts[part][which] = round(min(max(value, low), high), 1)
        self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent | None) -> None:
        """Let it go."""
        if self._held:
            self._held = []
            self.pulled.emit()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the picture and its parts."""
        super().paintEvent(event)
        painter = QPainter(self)
        em = self.fontMetrics().height()
        for number, (left, top, right, bottom) in enumerate(self.parts):
            box = QRectF(self.to_place(left, top), self.to_place(right, bottom))
            painter.setPen(QPen(QColor("black"), em / 4))
            painter.drawRect(box)
            painter.setPen(QPen(theme.series(number), em / 8))
            painter.drawRect(box)
            mark = QRectF(box.center() - QPointF(em, em * 0.8), box.center() + QPointF(em, em * 0.8))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 170))
            painter.drawRoundedRect(mark, 4, 4)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor("white"))
            painter.drawText(mark, Qt.AlignmentFlag.AlignCenter, str(number + 1))

    def _sides_at(self, at: QPointF) -> list[tuple[int, int]]:
        """Return the sides that meet where the mouse is."""
        target, reach = self.target(), _REACH_EM * self.fontMetrics().height()
        scale = target.width() / self.image.width()
        x, y = (at.x() - target.x()) / scale, (at.y() - target.y()) / scale
        best: tuple[float, int, float] | None = None
        for left, top, right, bottom in self.parts:
            for side, value in enumerate((left, top, right, bottom)):
                inside = top <= y <= bottom if side % 2 == 0 else left <= x <= right
                away = abs((x if side % 2 == 0 else y) - value) * scale
                if inside and away <= reach and (best is None or away < best[0]):
                    best = (away, side % 2, value)
        if best is None:
            return []
        return [
            (part, side)
            for part, sides in enumerate(self.parts)
            for side, value in enumerate(sides)
            if side % 2 == best[1] and abs(value - best[2]) <= _MEET_PX
        ]


class FacetsDialog(QDialog):
    """Asks which parts of a placement are flat.

    Parameters
    ----------
    document : StudyDocument
        The study.
    placement : Placement
        Which one.
    image : QImage
        Its picture.
    parent : QWidget
        Above which window.
    """

    def __init__(self, document: StudyDocument, placement: Placement, image: QImage, parent: QWidget) -> None:
        super().__init__(parent)
        self._document, self._placement = document, placement
        self.setWindowTitle(tr("Flat parts of {name}", name=placement.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        hint = QLabel(
            tr(
                "A picture that goes round a pillar or a corner is not flat: say at which folds it bends."
                " For a round pillar cut it into upright strips, such as 12 for all of its round."
                " Pull the folds with the mouse, or type where they are."
            ),
            self,
        )
        hint.setWordWrap(True)
        self.canvas = FoldCanvas(image, self)
        self.canvas.setMinimumHeight(14 * self.fontMetrics().height())
        self.count = QSpinBox(self)
        self.count.setRange(2, max(2, int(placement.size_px[0] / SMALLEST_PX)))
        self.count.setAccessibleName(tr("Upright strips of equal width"))
        self.table = QTableWidget(0, 4, self)
        self.table.setAccessibleName(tr("Sides of the parts, px"))
        self.table.setHorizontalHeaderLabels([tr("Left"), tr("Top"), tr("Right"), tr("Bottom")])
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        head = self.table.horizontalHeader()
        assert head is not None
        head.setSectionResizeMode(head.ResizeMode.Stretch)
        self.state = QLabel("", self)
        self.state.setWordWrap(True)
        self.buttons = OkCancel(self, self._take)
        self._lay_out(hint)
        self.canvas.pulled.connect(self._fill)
        self.table.itemChanged.connect(self._on_typed)
        self.show_parts(placement.facets)

    def parts(self) -> tuple[Facet, ...]:
        """Return the parts as they are now.

        Raises
        ------
        ParameterError
            If one is too narrow or beyond the picture, or two share some of it.
        """
        found = tuple(Facet(*sides) for sides in self.canvas.parts)
        check_facets(found, self._placement.size_px)
        return found

    def show_parts(self, facets: tuple[Facet, ...]) -> None:
        """Show other parts; none: it is flat."""
        self.canvas.parts = [[one.left_px, one.top_px, one.right_px, one.bottom_px] for one in facets]
        self._fill()

    def cut(self) -> None:
        """Cut the picture into so many upright strips of equal width."""
        try:
            self.show_parts(strips(self._placement.size_px, self.count.value()))
        except ParameterError as error:
            tell(self, error)

    def add_part(self) -> None:
        """Add a part: what is free to the right of the last one, or else in the middle."""
        width, height = map(float, self._placement.size_px)
        right = max((sides[2] for sides in self.canvas.parts), default=0.0)
        left = right if width - right >= SMALLEST_PX else width / 4
        self.canvas.parts.append([left, 0.0, width if left == right else 3 * width / 4, height])
        self._fill()

    def remove_part(self) -> None:
        """Remove the chosen part, or the last one."""
        if self.canvas.parts:
            row = self.table.currentRow()
            del self.canvas.parts[row if 0 <= row < len(self.canvas.parts) else -1]
            self._fill()

    # ------------------------------------------------------------------ inside

    def _lay_out(self, hint: QLabel) -> None:
        label = QLabel(tr("&Strips of equal width:"), self)
        label.setBuddy(self.count)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.count)
        for text, does in (
            (tr("&Cut"), self.cut),
            (tr("&Add a part"), self.add_part),
            (tr("Remove the &part"), self.remove_part),
            (tr("All of it is &flat"), lambda: self.show_parts(())),
        ):
            button = QPushButton(text, self)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, does=does: does())
            line.addWidget(button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(hint)
        column.addWidget(self.canvas, 3)
        column.addLayout(line)
        column.addWidget(self.table, 2)
        column.addWidget(self.state)
        column.addWidget(self.buttons)
        em = self.fontMetrics().height()
        self.resize(46 * em, 44 * em)

    def _fill(self) -> None:
        """Show in numbers what is on the picture."""
        self.table.blockSignals(True)
        self.table.setRowCount(len(self.canvas.parts))
        for row, sides in enumerate(self.canvas.parts):
            for column, value in enumerate(sides):
                item = QTableWidgetItem(f"{value:g}")
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self.table.blockSignals(False)
        if len(self.canvas.parts) >= 2:
            self.count.setValue(len(self.canvas.parts))
        self._judge()

    def _on_typed(self, item: QTableWidgetItem) -> None:
        try:
            value = number_or_none(item.text())
        except ValueError:
            value = None
        if value is None:
            self._fill()  # as it was
            return
        self.canvas.parts[item.row()][item.column()] = value
        self._judge()

    def _judge(self) -> None:
        """Say what is wrong, or how much of the picture is in no part."""
        self.canvas.update()
        ok = self.buttons.ok
        try:
            parts = self.parts()
        except ParameterError as error:
            self.state.setText(f"✗ {error_text(error)}")
            ok.setEnabled(False)
            return
        ok.setEnabled(not self._document.read_only)
        width, height = self._placement.size_px
        covered = sum(one.size_px[0] * one.size_px[1] for one in parts) / (width * height)
        text = tr("{count} flat parts", count=len(parts)) if parts else tr("Flat as a whole")
        if parts and covered < 0.995:
            text += "  " + tr("! {share:.0%} of the picture is in no part: looks there are not mapped.",
                              share=1 - covered)  # fmt: skip
        self.state.setText(text)

    def _take(self) -> None:
        place = self._placement
        try:
            self._document.edit(SetFacets(place.id, place.name, self.parts()))
        except GazestudyError as error:
            tell(self, error, doing=tr("This was not changed"))
            return
        self.accept()
