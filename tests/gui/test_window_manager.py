"""The end-to-end test once more on a real X display with a window manager, where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.gui.conftest import ROOT

TOOLS = ("xvfb-run", "openbox")


@pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason="xvfb and openbox are not installed"
)
def test_the_program_runs_under_a_window_manager(tmp_path):
    test = f"{sys.executable} -m pytest -q -n 0 -p no:cacheprovider tests/gui/test_whole_study.py"
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [
            "xvfb-run",
            "-a",
            "-s",
            "-screen 0 1600x1000x24",
            "sh",
            "-c",
            f"openbox & sleep 1; {test}; code=$?; kill $!; exit $code",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=7200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
