"""Fixtures for all tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings, which are not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real recordings are not on this machine ({SHARED_DATA})")
    return SHARED_DATA


class CommandResult(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def gazestudy(monkeypatch, capsys):
    """Run the command line in this process."""
    from gazestudy.cli import main

    def run(*words: object) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["gazestudy", *[str(word) for word in words]])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        captured = capsys.readouterr()
        return CommandResult(code, captured.out, captured.err)

    return run
