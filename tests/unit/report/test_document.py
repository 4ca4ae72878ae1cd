"""The printed document: texts of every script, contents with pages, nothing that a font cannot write."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from gazestudy.protocol.targets.pdf.fonts import unwritable
from gazestudy.report import write_pdf
from tests.unit.report.evidence_makers import (
    CHINESE,
    FORMULA,
    HOSTILE,
    THAI,
    VIETNAMESE,
    empty_evidence,
    placement,
    report_of,
    simulated_evidence,
)

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
needs_thai = pytest.mark.skipif(bool(unwritable(THAI)), reason="no Thai font is installed")


@pytest.fixture(scope="module")
def document(tmp_path_factory) -> Path:
    names = {
        "face-01": THAI,
        "face-02": VIETNAMESE,
        "face-03": CHINESE,
        "face-04": HOSTILE,
        "face-05": FORMULA,
    }
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    content, notes = write_pdf(report_of(simulated_evidence(people=8, names=names)))
    path.write_bytes(content)
    assert notes == []
    return path


def run(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


@needs_poppler
@needs_thai
def test_every_script_can_be_read_out_again(document):
    text = run("pdftotext", "-enc", "UTF-8", "-layout", document, "-")
    for written in (VIETNAMESE, CHINESE, HOSTILE):
        assert written in text
    assert text.count(THAI) >= 3  # contents, overview, its own page
    assert "\ufffd" not in text


@needs_poppler
def test_fonts_are_embedded(document):
    lines = run("pdffonts", document).splitlines()[2:]
    used = [line for line in lines if not line.startswith("Helvetica")]  # named by the library, never used
    assert used
    assert all(re.search(r"\byes yes yes\b", line) for line in used), lines


@needs_poppler
def test_contents_name_the_page_of_every_placement(document):
    pages = run("pdftotext", "-enc", "UTF-8", "-layout", document, "-").split("\f")[:-1]
    listed = re.findall(r"^\s*(Face face-\d+|Methods)\s+(\d+)\s*$", pages[0] + pages[1], flags=re.MULTILINE)
    assert len(listed) == 2  # the placement of six with its usual name, and the last chapter
    for title, page in listed:
        assert title in pages[int(page) - 1].split("\n\n")[0] or title in pages[int(page) - 1]
    assert f"{len(pages)} / {len(pages)}" in pages[-1]


@needs_poppler
def test_no_page_but_the_last_is_nearly_empty(document):
    pages = run("pdftotext", "-enc", "UTF-8", "-layout", document, "-").split("\f")[:-1]
    lines = [
        sum(bool(line.strip()) for line in page.splitlines()) - 1 for page in pages
    ]  # without the footer
    assert min(lines[:-1]) > 8, lines


@needs_poppler
def test_pages_are_a4(document):
    assert "595" in run("pdfinfo", document)
    assert "841" in run("pdfinfo", document)


def test_what_no_font_can_write_stands_as_its_code():
    strange = "\U0001f9ff \U000e0041 \u0001"
    content, notes = write_pdf(report_of(empty_evidence(placements=(placement("a", f"A{strange}"),))))
    assert content.startswith(b"%PDF")
    assert unwritable("\U0001f9ff") == set() or "U+1F9FF" in notes[0]


def test_equal_reports_make_equal_documents():
    report = report_of(empty_evidence(placements=(placement("a", THAI[:4]),)))
    assert write_pdf(report)[0] == write_pdf(replace(report))[0]


def test_very_long_names_and_words_find_room():
    names = ["x" * 400, "word " * 200, "ก" * 300]
    places = tuple(placement(f"p{n}", name) for n, name in enumerate(names))
    assert write_pdf(report_of(empty_evidence(placements=places)))[0].startswith(b"%PDF")
