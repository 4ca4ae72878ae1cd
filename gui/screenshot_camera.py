"""A camera for windows of the desktop: opens them, waits until they show something, takes their picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from screenshot_words import cut_words

RECORDING = "p01-1"
_SIZE, _SMALL = (1500, 980), (1180, 860)
ROW = 195
_LONG_S = 900.0

WINDOWS = {
    "start": "StartWindow",
    "new-study": "NewStudyDialog",
    "study": "StudyWindow",
    "placements-schedule": "ScheduleDialog",
    "placements-copy": "CopyDialog",
    "placements-grab": "GrabDialog",
    "placements-facets": "FacetsDialog",
    "placements-join": "JoinDialog",
    "dialog-backups": "BackupsDialog",
    "dialog-commands": "CommandList",
    "dialog-shortcuts": "ShortcutTable",
    "dialog-clock": "AlignDialog",
    "dialog-relink": "RelinkDialog",
    "import-1-choose": "ImportWizard",
    "import-8-report": "ImportReport",
}
"""On which picture each class of windows and dialogs is; docks are all views of the registry."""


class EnoughError(Exception):
    """The one picture that was wanted is there."""


class Camera:
    """One language, one colour scheme, one scale.

    Parameters
    ----------
    application : QApplication
        The program.
    folder : Path
        Where the pictures go.
    end : str
        How their names end.
    only : str
        Keep only pictures whose name begins so; several with commas.
    just_one : bool
        Stop at the picture that is called so; windows are smaller then.
    """

    def __init__(
        self, application: Any, folder: Path, end: str, *, only: str = "", just_one: bool = False
    ) -> None:
        self._application, self._folder, self._end = application, folder, end
        self._only = tuple(only.split(",")) if only else ()
        self._just_one = just_one
        self._size = _SMALL if just_one else _SIZE
        self.kept: set[str] = set()
        self.cut: dict[str, None] = {}

    @contextmanager
    def _window(self, desk: Any, study: Path | None, fresh: Path | None = None) -> Iterator[Any]:
        from gazestudy_gui import preferences

        preferences.settings().remove("study window")  # each begins with the docks as at first
        window = desk.open(study) if fresh is None else desk.make(fresh, "Autumn 2026")
        assert window is not None
        window.resize(*self._size)
        self._wait(0.5)
        try:
            yield window
        finally:
            window.close()
            self._wait(0.1)

    def _watch(self, window: Any) -> Any:
        window.view("tree").select("recording", RECORDING)
        player, timeline = window.view("player"), window.view("timeline")
        self._until(lambda: timeline.timeline is not None and not player.video.image.isNull())
        player.go_to_row(ROW)
        self._until(lambda: player.row == ROW)
        self._wait(1.0)
        return player

    def _settle(self, name: str, view: Any) -> None:
        if name == "placements":
            view.canvas.select(view.canvas.shapes[0].id)
        if name == "heatmaps":
            self._until(lambda: view._shown is not None and view._shown == view.choice())
        if name == "review":
            self._until(lambda: not view.scene.image.isNull())
        if name == "interviews":
            self._until(lambda: view.talks is not None and view.found.is_read)
        if name == "fieldwork":
            self._ready(view.page("figures"))
        if name == "results":
            self._until(lambda: view.tables.table.model.rowCount() > 0)
        self._wait(0.8)

    def _idle(self, view: Any) -> None:
        """Wait until nothing is read, computed or drawn for a view any more."""
        from gazestudy_gui.background import Background

        self._wait(0.4)
        self._until(lambda: not any(one.is_busy for one in view.findChildren(Background)))
        self._wait(0.4)

    def _ready(self, page: Any) -> None:
        """Wait until a page of the fieldwork shows something."""
        shown = getattr(page, "plot", None) if not hasattr(page, "tables") else None
        table = getattr(page, "table", None) or getattr(page, "tables", {}).get("counts")
        if table is not None:
            self._until(lambda: table.model.rowCount() > 0)
        elif shown is not None:
            self._until(lambda: not shown.image.isNull())
        self._wait(0.5)

    def _type(self, grid: Any) -> None:
        from PyQt6.QtWidgets import QTableWidgetItem

        for row in range(grid.rowCount()):
            for column in range(5):
                grid.setItem(row, column, QTableWidgetItem(str((7 * row + 3 * column) % 10)))
        grid.setItem(0, 2, QTableWidgetItem("twelve"))

    def _dialog(self, name: str, dialog: Any, seconds: float = 0.3) -> None:
        dialog.open()
        self._wait(seconds)
        self._keep(name, dialog)
        dialog.close()
        self._wait(0.05)

    def _popup(self, name: str, menu: Any) -> None:
        from PyQt6.QtCore import QPoint

        menu.popup(QPoint(10, 10))
        self._wait(0.1)
        self._keep(name, menu)
        menu.close()

    def _keep(self, name: str, widget: Any) -> None:
        wanted = WINDOWS.get(name, type(widget).__name__)
        if type(widget).__name__ != wanted:
            raise RuntimeError(f"{name} shows a {type(widget).__name__}, not a {wanted}")
        self.kept.add(name)
        if not self._only or name.startswith(self._only):
            widget.grab().save(str(self._folder / f"{name}-{self._end}"))
            self.cut.update({f"{name}: {one}": None for one in cut_words(widget)})
            if self._just_one and name in self._only:
                raise EnoughError

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._application.processEvents()
            time.sleep(0.005)

    def _until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + _LONG_S
        while not done():
            self._wait(0.02)
            if time.monotonic() > end:
                raise TimeoutError
