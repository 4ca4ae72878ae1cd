"""`gazestudy report` on a study made from the command line, with names that would break a page."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.e2e.small_study import write_picture, write_recording
from tests.unit.report.page_reader import read_page

HOSTILE = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x","y")'


@pytest.fixture
def study(tmp_path, gazestudy) -> Path:
    """Two recordings of one poster, another that nobody met, and a note of an observer."""
    folder = tmp_path / "study"
    assert gazestudy("new", folder, "--name", "=2+3 study").code == 0
    for seed, name in ((1, f"{FORMULA} {HOSTILE}"), (2, "ป้าย Bến Thành 广告")):
        picture = write_picture(folder.parent / f"{seed}.png", seed)
        added = gazestudy(
            "placement", "add", folder, f"poster-{seed}", picture, "--name", name, "--width-mm", 800
        )
        assert added.code == 0, added.err
    for number in (1, 2):
        recording = write_recording(folder.parent / f"walk-{number}", 1, n_frames=30 + number)
        imported = gazestudy(
            "import", folder, recording, "--participant", f"P0{number}", "--daypart", f"=part {number}"
        )
        assert imported.code == 0, imported.err
    return folder


def test_page_document_and_figures(study, gazestudy, tmp_path):
    page, document, figures = tmp_path / "r.html", tmp_path / "r.pdf", tmp_path / "figures"
    early = gazestudy("report", study, "--out", page)
    assert early.code == 0, early.err
    assert "Nothing can be said about what people look at." in early.out
    assert gazestudy("run", study).code == 0
    made = gazestudy("report", study, "--out", page, "--out", document, "--figures", figures, "--json")
    assert made.code == 0, made.err
    facts = json.loads(made.out)
    assert facts["files"][:2] == [str(page), str(document)]
    assert {"topic", "strength", "headline", "detail"} == set(facts["findings"][0])
    text = "".join(read_page(page.read_text(encoding="utf-8")).text)
    for written in (HOSTILE, FORMULA, "=2+3 study", "ป้าย Bến Thành 广告", "2 participants"):
        assert written in text
    assert document.read_bytes().startswith(b"%PDF")
    drawings = sorted(figures.glob("*.svg"))
    assert {"notice-rates.svg", "poster-1-first-looks.svg", "all-funnel.svg", "poster-1-funnel.svg"} <= {
        path.name for path in drawings
    }
    for path in drawings:
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not root.findall(".//{http://www.w3.org/2000/svg}text")  # outlines: no font is needed
    assert (figures / "poster-1-heatmap.jpg").read_bytes().startswith(b"\xff\xd8")


def test_other_endings_are_refused(gazestudy, tmp_path):
    assert gazestudy("new", tmp_path / "study").code == 0
    for name in ("r.docx", "r"):
        made = gazestudy("report", tmp_path / "study", "--out", tmp_path / name)
        assert made.code == 1
        assert ".html or .pdf" in made.err
        assert not (tmp_path / name).exists()


def test_a_strategy_document_that_is_wrong_or_not_filled_in_is_told(gazestudy, tmp_path):
    study, page = tmp_path / "study", tmp_path / "r.html"
    assert gazestudy("new", study).code == 0
    picture = write_picture(tmp_path / "1.png", 1)
    assert gazestudy("placement", "add", study, "poster", picture).code == 0
    (study / "strategy.yaml").write_text("schema: gazestudy-strategy/1\ncurrency: 7\n", encoding="utf-8")
    made = gazestudy("report", study, "--out", page)
    assert made.code == 0, made.err
    assert "The strategy document cannot be used" in page.read_text(encoding="utf-8")
    assert gazestudy("strategy", "template", study, "--overwrite").code == 0
    assert "the strategy document is not filled in" in gazestudy("report", study, "--out", page).out
