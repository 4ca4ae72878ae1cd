"""The one place that imports cv2.

opencv-python sets two Qt environment variables on import, which point Qt programs started later at its own
Qt 5 plug-ins. They are put back as they were.
"""

from __future__ import annotations

import os

_NAMES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_before = {name: os.environ.get(name) for name in _NAMES}

import cv2  # noqa: E402, TID251

for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value

__all__ = ["cv2"]
