"""`kill -9` while somebody edits: nothing that was committed is lost, and the study is sound."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.gui.conftest import ROOT

ROUNDS = 25


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_at_random_moments(imported):
    script = ROOT / "tests" / "gui" / "kill_rounds.py"
    done = subprocess.run(
        [sys.executable, str(script), str(imported), str(ROUNDS), "7"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rounds) == ROUNDS
    assert [one["lost"] for one in rounds] == [[]] * ROUNDS
    assert [one["problems"] for one in rounds if not one["sound"]] == []
    # an edit in the middle of its undo: the second placement is there, or its removal was the last thing
    assert all(len(one["placements"]) in (1, 2) for one in rounds)
    assert sum(one["edits"] for one in rounds) >= ROUNDS  # they did edit
