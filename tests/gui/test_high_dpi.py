"""At 200 % everything is there twice as fine: nothing is cut off, and no size is written in pixels."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.gui.conftest import ROOT

PROGRAM = """
import sys
from pathlib import Path
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QApplication, QAbstractButton, QLabel

def main():
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, sys.argv[2])
    from gazestudy_gui.app import Desk
    from gazestudy_gui.views.registry import VIEWS
    app = QApplication([])
    app.setStyle("Fusion")
    desk = Desk(app)
    window = desk.open(Path(sys.argv[1]))
    window.resize(1500, 980)
    assert window.devicePixelRatio() == 2.0, window.devicePixelRatio()
    for spec in VIEWS:
        window.show_view(spec.id)
        app.processEvents()
        for button in window.views[spec.id].findChildren(QAbstractButton):
            if button.isVisible() and button.text() and button.width() < button.minimumSizeHint().width():
                raise SystemExit(f"{spec.id}: {button.text()!r} is cut off")
    picture = window.grab()
    assert picture.devicePixelRatio() == 2.0
    assert (picture.width(), picture.height()) == (2 * window.width(), 2 * window.height())
    window.close()
    desk.close()
    print("whole")

if __name__ == "__main__":
    main()
"""


def test_every_dock_at_twice_the_scale(imported, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program), str(imported), str(tmp_path / "settings")],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "2", "GAZESTUDY_TEST": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "whole" in done.stdout
