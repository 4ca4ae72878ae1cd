"""Heatmaps."""

from __future__ import annotations

from PyQt6.QtWidgets import QLabel

from gazestudy_gui.document import StudyDocument


class HeatmapsView(QLabel):
    """Not there yet."""

    def __init__(self, document: StudyDocument) -> None:
        super().__init__("…")
