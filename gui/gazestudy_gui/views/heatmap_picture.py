"""Where a heatmap is shown: as large as fits, never larger than it is; opacity is a matter of painting."""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gazestudy_gui import theme
from gazestudy_gui.views.heatmap_answers import Pixels
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
        self._full, self._bare, self.message = QImage(), QImage(), ""
        self._opacity = 1.0
        self._scaled: dict[int, QImage] = {}
        self.setAccessibleName(tr("Heatmap"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        em = self.fontMetrics().height()
        self.setMinimumSize(12 * em, 8 * em)

    @property
    def image(self) -> QImage:
        """What is on show, in its own size; null for words."""
        whole = self._full.copy()
        if not self._bare.isNull():
            whole = self._bare.copy()
            painter = QPainter(whole)
            painter.setOpacity(self._opacity)
            painter.drawImage(0, 0, self._full)
            painter.end()
        return whole

    def show_layers(self, full: Pixels, bare: Pixels | None, opacity: float) -> None:
        """Show a picture: its colours at full strength, and without them (None: they are always full)."""
        self._full = _image(full)
        self._bare = QImage() if bare is None else _image(bare)
        self._opacity, self.message = opacity, ""
        self._scaled.clear()
        self.update()

    def set_opacity(self, opacity: float) -> None:
        """Mix again; nothing is computed for it."""
        if opacity != self._opacity:
            self._opacity = opacity
            self.update()

    def show_message(self, text: str) -> None:
        """Show words."""
        self._full, self._bare, self.message = QImage(), QImage(), text
        self._scaled.clear()
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint it."""
        painter = QPainter(self)
        if self._full.isNull():
            painter.setPen(theme.foreground())
            em = self.fontMetrics().height()
            area = self.rect().adjusted(em, em, -em, -em)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        ratio = self.devicePixelRatioF()
        size = self._full.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        if size.width() * ratio > self._full.width():
            size = self._full.size() / ratio
        left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        target = QRect(left, top, size.width(), size.height())
        if not self._bare.isNull():
            painter.drawImage(target, self._fitting(self._bare, size * ratio))
            painter.setOpacity(self._opacity)
        painter.drawImage(target, self._fitting(self._full, size * ratio))

    def _fitting(self, image: QImage, size: QSize) -> QImage:
        """Return an image for painting: made smaller first, where that keeps small letters legible."""
        if size.width() >= 0.75 * image.width():
            return image
        known = self._scaled.get(image.cacheKey())
        if known is None or known.size() != size:
            known = image.scaled(
                size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            self._scaled[image.cacheKey()] = known
        return known


def _image(pixels: Pixels) -> QImage:
    """Return an image that owns its pixels."""
    content, width, height = pixels
    opaque = QImage(content, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return opaque.convertToFormat(QImage.Format.Format_RGB32)
