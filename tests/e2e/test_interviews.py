"""`gazestudy interview` from an empty study to codes, by the command line alone."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gazestudy.cli.app import app
from gazestudy.resources import find

SAMPLES = find("sample_sessions")


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


def told(*words: object) -> Any:
    result = CliRunner().invoke(app, [*(str(word) for word in words), "--json"])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return json.loads(result.stdout)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    root = tmp_path / "study"
    run("new", root, "--name", "ตัวอย่าง", "-q")
    for name in ("hall-east", "hall-wrap", "pillar-poster", "corridor-six-sheet"):
        run("placement", "add", root, name, SAMPLES / "placements" / f"{name}.jpg", "-q")
    return root


def test_from_forms_to_codes(study: Path, tmp_path: Path) -> None:
    run("interview", "foils", study, "--add", "foil-tea", "--brand", "Cha", "--category", "tea", "--image",
        SAMPLES / "placements" / "escalator-panel.jpg", "-q")  # fmt: skip
    pictures = told("interview", "foils", study)
    assert [row["shown"] for row in pictures] == ["foil", "target", "target", "target", "target"]
    forms = told("interview", "template", study, "--out", tmp_path / "forms", "--participant", "P01",
                 "--participant", "P02", "--to", "xlsx")  # fmt: skip
    assert len(forms["forms"]) == 2
    assert "foils for 4 targets" in forms["doubts"][0]
    run("interview", "template", study, "--out", tmp_path / "forms", "--participant", "P01", "--participant",
        "P02", code=1)  # fmt: skip

    one = told("interview", "template", study, "--out", tmp_path / "t1", "--participant", "P01")
    assert [Path(path).name for path in one["forms"]] == ["t1.xlsx"]
    paper = told("interview", "template", study, "--out", tmp_path / "t1.pdf", "--participant", "P01")
    assert Path(paper["forms"][0]).read_bytes().startswith(b"%PDF")

    (tmp_path / "a.csv").write_text(
        "participant_id,language,ur_any,rec__hall-east,rec__foil-tea\n"
        "P01,th,ป้ายกาแฟใหญ่,ใช่,no\nP02,en,nothing,no,no\n",
        encoding="utf-8",
    )
    (tmp_path / "P01.txt").write_text("[00:02] ตรงนี้มองหาบันได\n[00:05] then coffee\n", encoding="utf-8")
    done = told("interview", "import", study, tmp_path / "a.csv", tmp_path / "P01.txt")
    assert [one["added"] for one in done["imports"]] == [["interview-P01", "interview-P02"], []]
    rows = told("interview", "list", study)
    assert [row["documents"] for row in rows["interviews"]] == [1, 0]
    assert "P01, ur_any: ป้าย«กาแฟ»ใหญ่" in run("interview", "search", study, "กาแฟ")

    run("interview", "codes", study, "--starter", "-q")
    marks = told("interview", "mark", study, "--code", "goal_search", "--coder", "A", "--document",
                 "interview-P01/P01", "--words", "มองหาบันได")  # fmt: skip
    assert marks[0]["words"] == "มองหาบันได"
    run("interview", "mark", study, "--code", "liked", "--coder", "A", "--document", "interview-P01/P01",
        "--words", "tea", code=1)  # fmt: skip
    for coder, what in (("A", "correct_ad"), ("B", "invented")):
        sheet = tmp_path / f"{coder}.csv"
        run("interview", "code", study, "--coder", coder, "--item", "ur_any", "--out", sheet, "-q")
        lines = sheet.read_text(encoding="utf-8-sig").splitlines()
        assert "correct_ad," not in lines[1].partition("correct_ad |")[0]
        filled = [line.replace(",,,correct_ad |", f",,{what},correct_ad |") for line in lines]
        sheet.write_text("\n".join(filled), encoding="utf-8")
        assert told("interview", "code", study, "--coder", coder, "--from", sheet)["added"] == 2
    assert told("interview", "agreement", study)["answers"][0]["agreed"] == 0
    run("interview", "export", study, "--out", tmp_path / "out", "-q")
    assert (tmp_path / "out" / "dictionary.csv").is_file()
    assert told("check", study)["sound"] is True


def test_the_question_bank_is_shown() -> None:
    rows = told("interview", "questions")
    assert rows[0]["item"] == "walk"
    assert rows[-1]["item"] == "rta"
    assert "unaided" in run("interview", "questions")


def test_mistakes_have_a_line_each_and_nothing_changes(study: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "participant_id,rec__hall-east,like__hall-east\nP01,perhaps,9\n", encoding="utf-8"
    )
    output = run("interview", "import", study, tmp_path / "a.csv", code=1)
    assert "a, row 2, column rec__hall-east: 'perhaps' is neither yes nor no" in output
    assert "a, row 2, column like__hall-east: 9 is none of the points 1 to 5" in output
    assert "2 entries cannot be used; nothing was imported" in output
    assert told("interview", "list", study)["interviews"] == []
    run("interview", "import", study, code=1)
    run("interview", "import", study, tmp_path / "none.csv", code=1)
    run("interview", "import", study, tmp_path / "a.csv", "--column", "nonsense", code=1)
    run("interview", "agreement", study, code=1)
    run("interview", "link", study, "interview-P01", "--recording", "none", code=1)
    run("interview", "remove", study, "interview-P01", code=1)


def test_the_sample_interviews_come_in_whole(study: Path) -> None:
    done = told("interview", "import", study, SAMPLES / "interviews")["imports"][0]
    assert len(done["added"]) == 4
    assert done["rows"]["interview_answers"] > 500
    assert len(done["documents"]) == 2
    assert done["codings"] == 12
    found = told("interview", "agreement", study)
    assert set(found) == {"answers", "differences", "texts"}


def test_the_sample_interviews_are_what_their_program_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = SAMPLES / "interviews"
    monkeypatch.setattr(sys, "argv", ["make.py", str(tmp_path)])
    runpy.run_path(str(made / "make.py"), run_name="__main__")
    for path in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        assert path.read_bytes() == (made / path.relative_to(tmp_path)).read_bytes(), path.name
    assert len(list(tmp_path.rglob("*.*"))) == 8
