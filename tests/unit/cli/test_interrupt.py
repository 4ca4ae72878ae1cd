"""Ctrl-C is never lost and never printed as trouble."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")

START = """
import os, signal
from gazestudy.cli.console import Console
from gazestudy.cli.interrupt import listen
from gazestudy.progress import raise_if_cancelled
listen()
class Falls:
    def __del__(self):
        {inside}
        for _ in range(10): pass
falls = Falls()
del falls
"""


def ended(inside: str, then: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", START.format(inside=inside) + then],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("quiet", [True, False])
def test_an_interrupt_inside_a_finaliser_stops_the_work_at_its_next_step(quiet):
    done = ended(
        "os.kill(os.getpid(), signal.SIGINT)",
        f"with Console(quiet={quiet}).progress() as progress:\n    raise_if_cancelled(progress)\n",
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("gazestudy.errors.Cancelled")
    assert "ignored" not in done.stderr


def test_other_trouble_inside_a_finaliser_is_still_printed():
    done = ended("raise RuntimeError('a fault of ours')", "print('went on')\n")
    assert done.stdout.strip() == "went on"
    assert "a fault of ours" in done.stderr
