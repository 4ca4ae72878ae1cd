"""Heatmaps with live filters; what is on screen is what is exported."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import StudyError
from gazestudy_gui.actions import ActionBook, ActionSpec
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.helper import Question
from gazestudy_gui.jobs import Order
from gazestudy_gui.phrases import error_text, told
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.views.heatmap_answers import Layers
from gazestudy_gui.views.heatmap_filters import HeatmapFilters
from gazestudy_gui.views.heatmap_picture import HeatmapPicture
from gazestudy_gui.views.plot_pane import nothing_yet
from gazestudy_gui.words import language, tr

_PAUSE_MS = 120
_SLOW_MS = 400
_FILES = "PNG (*.png);;SVG (*.svg);;NumPy (*.npz);;CSV (*.csv)"


class HeatmapsView(QWidget):
    """Filters on the left, the heatmap on the right.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._state = 0  # of the study
        self._has_values = False
        self._asked: Any = None  # the choice that is on show or on its way, whatever its opacity
        self._shown: Any = None
        self._worker = Background("heatmap", self, helper=document.helper)
        self._seen = WhenSeen(self, self._draw)
        self._soon, self._slow = QTimer(self), QTimer(self)
        for timer, pause_ms, does in (
            (self._soon, _PAUSE_MS, self._seen.ask),
            (self._slow, _SLOW_MS, lambda: self.note.setText(tr("Drawing …"))),
        ):
            timer.setSingleShot(True)
            timer.setInterval(pause_ms)
            timer.timeout.connect(does)
        self._build()
        self._worker.done.connect(self._on_drawn)
        self._worker.failed.connect(self._on_failed)
        self.filters.changed.connect(self._on_wish)
        document.changed.connect(self._on_changed)
        document.selected.connect(self._on_selected)
        self.refresh()

    def refresh(self) -> None:
        """Read placements again; fixations are read when the next heatmap is drawn."""
        self.filters.fill_placements(self._document.study.placements())
        self._state += 1
        self._has_values, self._asked, self._shown = False, None, None
        self._soon.start()

    def choice(self) -> Any:
        """Return what is wanted now, None if there is no placement."""
        return self.filters.choice()

    def export(self, path: Path) -> None:
        """Write the heatmap on show to a file; a job does it."""
        choice = self.choice()
        if choice is not None:
            arguments = {"study": str(self._document.path), "out": str(path), "choice": asdict(choice),
                         "language": language()}  # fmt: skip
            title = tr("Export heatmap {name}", name=path.name)
            self._document.submit(Order(title, "gazestudy_gui.tasks:export_heatmap", arguments))

    def export_all(self, folder: Path) -> None:
        """Write the heatmaps of all placements with the filters and style on show; a job does it."""
        choice = self.choice()
        if choice is not None:
            arguments = {
                "study": str(self._document.path),
                "out": str(folder),
                "choice": asdict(choice),
                "language": language(),
                "formats": ["png", "npz"],
            }
            title = tr("Export all heatmaps")
            self._document.submit(Order(title, "gazestudy_gui.tasks:export_all_heatmaps", arguments))

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands into the menus."""
        add, spec = book.add, ActionSpec
        add(
            spec("heatmap.export", "&Analyse", "Export this &heatmap …", "Ctrl+E", separated=True),
            self._ask_one,
        )
        add(spec("heatmap.export_all", "&Analyse", "Export &all heatmaps …", "Ctrl+Shift+E"), self._ask_all)

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.picture.update()

    def shut_down(self) -> None:
        """End the thread and the timers."""
        self._soon.stop()
        self._slow.stop()
        self._worker.close()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.picture = HeatmapPicture(self)
        self.note = QLabel("", self)
        self.note.setWordWrap(True)
        self.filters = HeatmapFilters(self)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.filters)
        em = self.fontMetrics().height()
        area.setMinimumWidth(self.filters.minimumSizeHint().width() + 2 * em)
        one, every = QPushButton(tr("E&xport …"), self), QPushButton(tr("Export a&ll …"), self)
        one.clicked.connect(lambda _checked=False: self._ask_one())
        every.clicked.connect(lambda _checked=False: self._ask_all())
        left, right = QWidget(self), QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area, 1)
        line = QHBoxLayout()
        line.addWidget(one)
        line.addWidget(every)
        column.addLayout(line)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture, 1)
        column.addWidget(self.note)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(2, 2, 2, 2)
        whole.addWidget(split)
        self.setFocusProxy(self.filters.which)

    def _on_wish(self) -> None:
        """Draw again; another opacity of what is drawn already is only painted."""
        choice = self.choice()
        if choice is None or _without_opacity(choice) != self._asked:
            self._soon.start()
            return
        self._soon.stop()
        if self._shown is not None and _without_opacity(self._shown) == self._asked:
            self._shown = choice
            self.picture.set_opacity(choice.opacity)

    def _draw(self) -> None:
        choice = self.choice()
        if choice is None:
            self._asked = self._shown = None
            self.picture.show_message(tr("No placement yet: Placements › Add placements from pictures."))
            return
        if _without_opacity(choice) == self._asked:
            return
        self._asked = _without_opacity(choice)
        arguments = {"study": str(self._document.path), "state": self._state, "choice": asdict(choice),
                     "language": language()}  # fmt: skip
        self._slow.start()
        self._worker.ask(Question("gazestudy_gui.views.heatmap_answers:layers", arguments))

    def _on_drawn(self, number: int, layers: Layers) -> None:
        if number != self._worker.newest:
            return
        self._slow.stop()
        if not self._has_values:
            self._has_values = True
            self.filters.fill_values(layers.values)
        self._shown = replace(self._asked, opacity=self.filters.opacity.value() / 100)
        self.picture.show_layers(layers.full, layers.bare, self._shown.opacity)
        self.note.setText("\n".join(map(told, layers.notes)))

    def _on_failed(self, number: int, error: Exception) -> None:
        if number != self._worker.newest:
            return
        self._slow.stop()
        self._asked = self._shown = None
        self.note.clear()
        text = error_text(error)
        if not self._has_values and isinstance(error, StudyError):
            text = nothing_yet(str(error))
        self.picture.show_message(text)

    def _on_changed(self, kind: str) -> None:
        if kind in ("placements", "results", "recordings", "participants"):
            self.refresh()

    def _on_selected(self, kind: str, item_id: str) -> None:
        index = self.filters.which.findData(item_id) if kind == "placement" else -1
        if index >= 0:
            self.filters.which.setCurrentIndex(index)

    def _ask_one(self) -> None:
        choice = self.choice()
        if choice is None:
            return
        name, kind = QFileDialog.getSaveFileName(
            self, tr("Export this heatmap"), f"{choice.placement_id}.png", _FILES
        )
        if name:
            path, suffix = Path(name), kind[kind.find("*") + 1 : -1]
            # a name may hold a point, such as 1.5 m
            self.export(path if f"(*{path.suffix.lower()})" in _FILES else Path(name + suffix))

    def _ask_all(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder for the heatmaps"))
        if folder:
            self.export_all(Path(folder))


def _without_opacity(choice: Any) -> Any:
    """Return all of a choice that is more than a mixture."""
    return replace(choice, opacity=1.0)
