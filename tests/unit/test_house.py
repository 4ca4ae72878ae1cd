"""Rules of the house that no linter knows."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "gazestudy").rglob("*.py"))


def test_no_highgui():
    pattern = re.compile(r"\bcv2\.(imshow|namedWindow|waitKey)\b")
    assert [str(path) for path in SOURCES if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_version_is_the_same_everywhere():
    import tomllib

    import gazestudy

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == gazestudy.__version__


def test_readme_names_every_command():
    from typer.main import get_command

    from gazestudy.cli.app import app

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert [name for name in commands if f"gazestudy {name}" not in readme] == []


def test_constraints_hold_names_and_versions_only():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+", line)] == []


def test_files_stay_small():
    long = {
        path.name: n for path in SOURCES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 600
    }
    assert long == {}
