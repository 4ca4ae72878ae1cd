"""A placement from the scene video or a photograph: four corners, turned to the front, and checked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QPointF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PyQt6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.background import Background
from gazestudy_gui.ok_cancel import OkCancel
from gazestudy_gui.phrases import error_text, told
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.video_widget import VideoWidget
from gazestudy_gui.words import number_or_none, tr

_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class CornerWidget(VideoWidget):
    """A frame with four corners to drag.

    Parameters
    ----------
    image : QImage
        The frame.
    parent : QWidget, optional
        Owner.
    """

    moved = pyqtSignal()

    def __init__(self, image: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = image
        width, height = image.width(), image.height()
        self.corners = [
            QPointF(width * x, height * y) for x, y in ((0.35, 0.3), (0.65, 0.3), (0.65, 0.7), (0.35, 0.7))
        ]
        self._held, self._chosen = -1, 0
        self.setMouseTracking(True)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take hold of the nearest corner."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            at = self.to_scene(event.position())
            self._held = min(range(4), key=lambda k: (self.corners[k] - at).manhattanLength())
            self._chosen = self._held
            self._move(self._held, at)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move the corner."""
        if event is not None and self._held >= 0:
            self._move(self._held, self.to_scene(event.position()))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Choose a corner with its number, move it by a pixel with the arrow keys (ten with Shift)."""
        if event is None:
            return
        key = event.key()
        if Qt.Key.Key_1 <= key <= Qt.Key.Key_4:
            self._chosen = key - Qt.Key.Key_1
            self.update()
        elif key in _STEPS:
            step = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            dx, dy = _STEPS[Qt.Key(key)]
            self._move(self._chosen, self.corners[self._chosen] + QPointF(dx, dy) * step)
            self.moved.emit()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let it go."""
        self._held = -1
        self.moved.emit()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the frame and the corners with their numbers."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        target, em = self.target(), self.fontMetrics().height()
        scale = target.width() / self.image.width()
        points = [
            QPointF(target.x() + (p.x() + 0.5) * scale, target.y() + (p.y() + 0.5) * scale)
            for p in self.corners
        ]
        for colour, width in (("black", em / 4), ("#E69F00", em / 8)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawPolygon(QPolygonF(points))
        for number, point in enumerate(points, start=1):
            is_chosen = self.hasFocus() and number == self._chosen + 1
            painter.setPen(QPen(QColor("black"), 3 if is_chosen else 1))
            painter.setBrush(QColor("#F0E442" if is_chosen else "#E69F00"))
            painter.drawEllipse(point, em / 1.6 if is_chosen else em / 2, em / 1.6 if is_chosen else em / 2)
            painter.drawText(int(point.x() - em / 4), int(point.y() + em / 3), str(number))

    def _move(self, corner: int, at: QPointF) -> None:
        x = min(max(at.x(), -0.5), self.image.width() - 0.5)
        y = min(max(at.y(), -0.5), self.image.height() - 0.5)
        self.corners[corner] = QPointF(x, y)
        self.update()


class GrabDialog(QDialog):
    """Asks for the four corners, the name and the size.

    Parameters
    ----------
    source : Path
        The study folder, or a photograph.
    recording_id : str
        Whose frame; empty for a photograph.
    at_s : float
        When, s from the first frame.
    image : QImage
        The frame.
    parent : QWidget
        Above which window.
    """

    grabbed = pyqtSignal(object, str, object, object)
    """A picture file that may be moved away, name, width and height in mm or None."""

    def __init__(self, source: Path, recording_id: str, at_s: float, image: QImage, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Placement from this picture"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._source, self._recording_id, self._at_s = source, recording_id, at_s
        self._folder = tempfile.TemporaryDirectory(prefix="gazestudy-grab-")
        self._worker = Background("columns", self)
        self.picture = CornerWidget(image, self)
        hint = QLabel(
            tr(
                "Drag the corners onto those of the placement: 1 is its top left, then clockwise. With the"
                " keyboard: 1 to 4 and the arrow keys."
            ),
            self,
        )
        hint.setWordWrap(True)
        self.name = QLineEdit(self)
        self.width_mm, self.height_mm = QLineEdit(self), QLineEdit(self)
        for field in (self.width_mm, self.height_mm):
            field.setPlaceholderText(tr("if known"))
        self.preview, self.advice = QLabel(self), QLabel(tr("Looking at it …"), self)
        self.preview.setAccessibleName(tr("As it will be"))
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.advice.setWordWrap(True)
        form = QFormLayout()
        form.addRow(tr("&Name:"), self.name)
        form.addRow(tr("&Width, mm:"), self.width_mm)
        form.addRow(tr("&Height, mm:"), self.height_mm)
        self.buttons = OkCancel(self, self._take)
        column = QVBoxLayout(self)
        column.addWidget(hint)
        column.addWidget(self.picture, 1)
        em = self.fontMetrics().height()
        below, side = QHBoxLayout(), QVBoxLayout()
        self.preview.setFixedSize(16 * em, 14 * em)
        side.addLayout(form)
        side.addWidget(self.advice, 1)
        self.advice.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        below.addWidget(self.preview)
        below.addLayout(side, 1)
        column.addLayout(below)
        column.addWidget(self.buttons)
        self.resize(52 * em, 48 * em)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self.name.textChanged.connect(self._check)
        self.picture.moved.connect(self._look)
        for field in (self.width_mm, self.height_mm):
            field.editingFinished.connect(self._look)
        self._is_taking = False
        self._check()
        self._look()

    def done(self, code: int) -> None:
        """End the thread with the dialog."""
        self._worker.close()
        self._folder.cleanup()
        super().done(code)

    def _check(self) -> None:
        ok = self.buttons.ok
        ok.setEnabled(bool(self.name.text().strip()))

    def _look(self) -> None:
        """Show how it will be, and whether it can be mapped."""
        if self._is_taking:
            return
        try:
            aspect = self._aspect()
        except ValueError:
            return
        work = self._grabbing("preview.png", aspect)

        def look() -> Any:
            from gazestudy.pipeline.grabbing import check_pictures

            path, picture = work()
            return path, picture, check_pictures([path]).iloc[0].to_dict()

        self.advice.setText(tr("Looking at it …"))
        self._worker.ask(look)

    def _take(self) -> None:
        try:
            work = self._grabbing("grabbed.png", self._aspect())
        except ValueError as error:
            tell(self, error)
            return
        self._is_taking = True
        self._worker.ask(lambda: (*work(), None))

    def _aspect(self) -> float | None:
        width, height = number_or_none(self.width_mm.text()), number_or_none(self.height_mm.text())
        return width / height if width and height else None

    def _grabbing(self, name: str, aspect: float | None) -> Callable[[], tuple[Path, Any]]:
        """Return what turns the picture to the front and writes it to a file."""
        corners = [(point.x(), point.y()) for point in self.picture.corners]
        path = Path(self._folder.name) / name
        source, recording_id, at_s = self._source, self._recording_id, self._at_s

        def work() -> tuple[Path, Any]:
            from gazestudy.pipeline.grabbing import grab, write_picture

            taken = grab(source, recording=recording_id, at_s=at_s, quad_px=corners, aspect=aspect)
            path.unlink(missing_ok=True)
            write_picture(path, taken.picture)
            return path, taken.picture

        return work

    def _on_done(self, number: int, result: Any) -> None:
        path, picture, found = result
        if found is None:
            width, height = number_or_none(self.width_mm.text()), number_or_none(self.height_mm.text())
            self.grabbed.emit(path, self.name.text().strip(), width, height)
            self.accept()
        elif number == self._worker.newest:
            height, width = picture.shape[:2]
            image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
            self.preview.setPixmap(
                QPixmap.fromImage(image).scaled(
                    self.preview.size(),
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
            )
            self.advice.setText(suitability_text(found))

    def _on_failed(self, number: int, error: Exception) -> None:
        if self._is_taking:
            self._is_taking = False
            tell(self, error)
        elif number == self._worker.newest:
            self.preview.clear()
            self.advice.setText(f"✗ {error_text(error)}")


def suitability_text(found: Mapping[Any, Any]) -> str:
    """Return in words how well a picture can be mapped.

    Parameters
    ----------
    found : mapping
        A row of `gazestudy.pipeline.grabbing.check_pictures`.
    """
    words = {
        "well": "✓ " + tr("Can be mapped well"),
        "poorly": "! " + tr("Can be mapped poorly"),
        "hardly": "✗ " + tr("Can hardly be mapped"),
    }
    text = tr(
        "{verdict} ({points} key points, {width} × {height} px)",
        verdict=words.get(str(found["mappable"]), str(found["mappable"])),
        points=found["key_points"],
        width=found["width_px"],
        height=found["height_px"],
    )
    lines = [text]
    if found["look_alikes"]:
        lines.append(tr("Looks like: {names}", names=found["look_alikes"]))
    if found["advice"]:
        advice = told(str(found["advice"]))
        lines.append(advice[:1].upper() + advice[1:])
    return "\n".join(lines)
