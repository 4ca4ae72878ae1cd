"""What a picture of a window shows, as numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QImage


def levels(image: QImage) -> NDArray[np.int64]:
    """Return the colours of a picture, red, green and blue, shape (height, width, 3)."""
    plain = image.convertToFormat(QImage.Format.Format_RGBA8888)
    content = plain.constBits().asstring(plain.sizeInBytes())  # a copy: the picture itself goes on return
    rows = np.frombuffer(content, np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : 4 * plain.width()].reshape(plain.height(), plain.width(), 4)[..., :3].astype(np.int64)
