"""The real program in a process of its own: whatever goes wrong in it is shown once, and it lives on."""

from __future__ import annotations

import json
import subprocess
import sys

from gazestudy.store import check_study, is_sound, open_study
from tests.gui.conftest import ROOT

WORDS = {
    "in_a_slot": "ผิด in a slot",
    "in_an_action": "ผิด in an action",
    "an_error_for_people": "the disk is full. Make room",
    "in_a_qthread": "ผิด in a QThread",
    "in_the_pool": "ผิด in a QRunnable",
    "in_a_thread": "ผิด in a thread",
    "in_drawing": "ผิด in drawing",
    "in_a_model": "ผิด in a model",
    "in_a_view": "ผิด in a view",
    "in_a_job": "ลบ by nought",
    "a_job_killed": "code -9" if sys.platform != "win32" else "code",
}


def test_nothing_that_goes_wrong_ends_the_program(imported, tmp_path):
    script = ROOT / "tests" / "gui" / "faulty_program.py"
    done = subprocess.run(
        [sys.executable, str(script), str(imported)],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shown = json.loads(done.stdout.splitlines()[-1])["shown"]
    assert list(shown) == list(WORDS)
    for name, texts in shown.items():
        assert len(texts) == 1, (name, texts)
        assert WORDS[name] in texts[0], name
    log = (tmp_path / "gui.log").read_text(encoding="utf-8")
    assert all(word in log for name, word in WORDS.items() if name != "a_job_killed")
    assert "slip" in shown["in_a_slot"][0]  # where in the program
    assert "faulty_program" not in shown["an_error_for_people"][0]
    with open_study(imported) as study:
        assert study.name == "lives on"
    assert is_sound(check_study(imported, full=True))
