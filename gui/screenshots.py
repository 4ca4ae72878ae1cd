"""Pictures of every window and dock: light and dark, English and Thai, at 100 % and 200 %.

    python gui/screenshots.py FOLDER [--study STUDY] [--only NAME]

Without a study the sample study is made first, which takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent))
_RECORDING, _PLACEMENT = "p01-1", "pillar-poster"
_SIZE = (1500, 980)


def main() -> None:
    """Make all pictures, one process for each scale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--study", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--scale", type=int, default=0)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    study = given.study or given.folder / "study"
    if not (study / "study.sqlite").is_file():
        from gazestudy.pipeline.demo import run_demo

        run_demo(study)
    if given.scale:
        with tempfile.TemporaryDirectory(prefix="gazestudy-pictures-") as temporary:
            picture_all(given.folder, study, Path(temporary), given.scale, given.only)
        return
    for scale in (100, 200):
        words = [sys.executable, __file__, str(given.folder), "--study", str(study), "--only", given.only]
        environment = {**os.environ, "QT_SCALE_FACTOR": str(scale / 100)}
        subprocess.run([*words, "--scale", str(scale)], check=True, env=environment)


def picture_all(folder: Path, study: Path, temporary: Path, scale: int, only: str) -> None:
    """Make the pictures of one scale."""
    from gazestudy_gui import preferences, theme
    from gazestudy_gui.words import set_language
    from PyQt6.QtCore import QSettings
    from PyQt6.QtWidgets import QApplication

    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(temporary / "settings"))
    application = QApplication([])
    application.setStyle("Fusion")
    copy = temporary / "study"
    shutil.copytree(study, copy)
    add_aois(copy)
    for scheme in ("light", "dark"):
        theme.set_scheme("dark" if scheme == "dark" else "light")
        for language in ("en", "th"):
            set_language(language)
            preferences.settings().clear()
            for path in (copy, temporary / "gone" / "autumn 2025"):
                preferences.remember_study(path)

            def keep(name: str, widget: Any, end: str = f"{language}-{scheme}-{scale}") -> None:
                if only in name:
                    widget.grab().save(str(folder / f"{name}-{end}.png"))

            Pictures(application, keep).take(copy)


def add_aois(study: Path) -> None:
    """Draw two AOIs, so that there is something to see."""
    from gazestudy.store import open_study

    with open_study(study) as opened:
        width, height = opened.placement(_PLACEMENT).size_px
        box = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.35), (0.1, 0.35)]
        opened.add_aoi(_PLACEMENT, "Headline", [(x * width, y * height) for x, y in box])
        slope = [(0.2, 0.6), (0.8, 0.55), (0.7, 0.9), (0.25, 0.85)]
        opened.add_aoi(_PLACEMENT, "สินค้า", [(x * width, y * height) for x, y in slope])


class Pictures:
    """Goes through all windows.

    Parameters
    ----------
    application : QApplication
        The program.
    keep : callable
        Takes a name and a widget.
    """

    def __init__(self, application: Any, keep: Callable[[str, Any], None]) -> None:
        self._application, self._keep = application, keep

    def take(self, study: Path) -> None:
        """Open everything once."""
        from gazestudy_gui.app import Desk

        desk = Desk(self._application)
        start = desk.show_start()
        self._wait(0.2)
        self._keep("start", start)
        self._dialogs_of_start(start)
        window = desk.open(study)
        assert window is not None
        window.resize(*_SIZE)
        self._wait(0.4)
        window.view("tree").select("recording", _RECORDING)  # type: ignore[attr-defined]
        player, timeline = window.view("player"), window.view("timeline")
        self._until(lambda: timeline.timeline is not None and not player.video.image.isNull())  # type: ignore[attr-defined]
        player.go_to_row(195)  # type: ignore[attr-defined]
        self._until(lambda: player.row == 195)  # type: ignore[attr-defined]
        self._wait(0.5)
        self._keep("study", window)
        self._views(window)
        self._dialogs(window)
        desk.close()
        self._wait(0.1)

    def _views(self, window: Any) -> None:
        from gazestudy_gui.views.registry import VIEWS

        window.view("tree").select("placement", _PLACEMENT)
        for spec in VIEWS:
            view = window.show_view(spec.id)
            if spec.id == "placements":
                view.canvas.select(view.canvas.shapes[0].id)
            if spec.id == "heatmaps":
                self._until(lambda view=view: not view.picture.image.isNull())  # type: ignore[misc]
            if spec.id == "review":
                self._until(lambda view=view: not view.scene.image.isNull())  # type: ignore[misc]
            self._wait(0.8)
            self._keep(f"dock-{spec.id}", view)
            if spec.area == "main":
                self._keep(f"study-{spec.id}", window)

    def _dialogs_of_start(self, start: Any) -> None:
        from gazestudy_gui.start_window import NewStudyDialog

        dialog = NewStudyDialog(start)
        dialog.name.setText("สยาม 2026")
        dialog.open()
        self._wait(0.1)
        self._keep("new-study", dialog)
        dialog.close()

    def _dialogs(self, window: Any) -> None:
        from gazestudy_gui.command_list import CommandList, ShortcutTable
        from gazestudy_gui.trouble import message_for
        from gazestudy_gui.views.aoi_copy import CopyDialog
        from gazestudy_gui.views.placement_schedule import ScheduleDialog
        from gazestudy_gui.wizard.window import ImportWizard

        from gazestudy import resources
        from gazestudy.errors import InputError

        places = window.document.study.placements()
        screen = next(one for one in places if one.kind == "digital")
        for name, dialog in (
            ("schedule", ScheduleDialog(window.document, screen, window)),
            ("copy-aois", CopyDialog(places[0], places[1:], window)),
            ("commands", CommandList(window.book, window)),
            ("shortcuts", ShortcutTable(window.book, window)),
            (
                "error",
                message_for(window, InputError("gaze.csv", "a column is missing", advice="Export it again")),
            ),
            ("mistake", message_for(window, ZeroDivisionError("division by zero"))),
        ):
            dialog.open()
            self._wait(0.1)
            self._keep(name, dialog)
            dialog.close()
            dialog.deleteLater()
        wizard = ImportWizard(window.document, [resources.find("sample_sessions") / "recordings"], window)
        wizard.open()
        self._until(wizard.found.isComplete)
        for number, page in enumerate(("found", "people", "clocks", "summary"), start=1):
            self._wait(0.3)
            self._keep(f"import-{number}-{page}", wizard)
            wizard.next()
        wizard.reject()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._application.processEvents()
            time.sleep(0.005)

    def _until(self, done: Callable[[], bool], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            self._wait(0.02)
            if time.monotonic() > end:
                raise TimeoutError


if __name__ == "__main__":
    main()
