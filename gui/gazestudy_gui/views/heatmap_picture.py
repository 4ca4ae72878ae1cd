"""Where a heatmap is shown: as large as fits, and never larger than it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QRect, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gazestudy_gui import theme
from gazestudy_gui.words import tr


class HeatmapPicture(QWidget):
    """An image, or words.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image, self.message = QImage(), ""
        self.setAccessibleName(tr("Heatmap"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        em = self.fontMetrics().height()
        self.setMinimumSize(12 * em, 8 * em)

    def show_pixels(self, pixels: NDArray[np.uint8]) -> None:
        """Show a picture: RGBA, shape (height, width, 4)."""
        height, width = pixels.shape[:2]
        kept = np.ascontiguousarray(pixels)
        image = QImage(kept.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
        self.image, self.message = image.copy(), ""
        self.update()

    def show_message(self, text: str) -> None:
        """Show words."""
        self.image, self.message = QImage(), text
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint it."""
        painter = QPainter(self)
        if self.image.isNull():
            painter.setPen(theme.foreground())
            em = self.fontMetrics().height()
            area = self.rect().adjusted(em, em, -em, -em)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        ratio = self.devicePixelRatioF()
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        if size.width() * ratio > self.image.width():
            size = self.image.size() / ratio
        left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        target = QRect(left, top, size.width(), size.height())
        # halving first keeps small letters legible
        shown = self.image
        if size.width() * ratio < 0.75 * shown.width():
            shown = shown.scaled(
                size * ratio, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        painter.drawImage(target, shown)
