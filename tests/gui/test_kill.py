"""`kill -9` while somebody edits: nothing that was committed is lost, and the study is sound."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.gui.conftest import ROOT

ROUNDS = 25
KINDS = {"undo", "redo", "add AOI", "move AOI", "remove AOI", "add placement", "remove placement", "width",
         "map", "answer", "segment", "rename"}  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_at_random_moments(imported, gazestudy):
    script = ROOT / "tests" / "gui" / "kill_rounds.py"
    done = subprocess.run(
        [sys.executable, str(script), str(imported), str(ROUNDS), "7"],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    killed = [one for one in rounds if not one["opening"]]
    assert len(killed) == ROUNDS
    assert len(rounds) > ROUNDS  # the others were killed before their first edit
    # all that was done is there, and the edit that was cut off is there whole or not at all
    assert [one["differs"] for one in rounds if not one["kept"]] == []
    assert [one["problems"] for one in rounds if not one["sound"]] == []
    assert [one["errors"] for one in rounds if one["errors"]] == []
    # they did edit, in every way, and were cut off in the middle of it
    assert sum(one["edits"] for one in killed) >= 2 * ROUNDS
    assert {kind for one in killed for kind in one["kinds"]} == KINDS
    assert sum(bool(one["unfinished"]) for one in killed) >= ROUNDS // 2
    assert gazestudy("check", imported, "--full", "--quiet").code == 0
