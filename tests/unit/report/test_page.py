"""The page: whole, self-contained, readable, and harmless whatever people wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pandas as pd
import pytest

from gazestudy.model.interview import interview_table
from gazestudy.report import write_html
from tests.unit.report.evidence_makers import (
    CHINESE,
    FORMULA,
    HOSTILE,
    THAI,
    VIETNAMESE,
    empty_evidence,
    memory_evidence,
    placement,
    report_of,
    simulated_evidence,
)
from tests.unit.report.page_reader import read_page


@pytest.fixture(scope="module")
def evidence():
    names = {
        "face-01": THAI,
        "face-02": VIETNAMESE,
        "face-03": CHINESE,
        "face-04": HOSTILE,
        "face-05": FORMULA,
    }
    made = simulated_evidence(people=12, names=names)
    assert made.memory is not None
    talks = made.memory.interviews
    said = talks.interview_answers.copy()
    about = said.index[said["item"] == "comp"]
    said.loc[about[:4], "value"] = [HOSTILE, FORMULA, "\x00\x1b[31m\u202e", "x" * 3000]
    note = interview_table(
        "documents", [{"document_id": "d1", "interview_id": "i", "text": f"{HOSTILE} {FORMULA}"}]
    )
    coding = interview_table(
        "codings",
        [
            {
                "coding_id": "c1",
                "code_id": "k",
                "document_id": "d1",
                "start_char": 0,
                "end_char": 20,
                "placement_id": "face-04",
            }
        ],
    )
    talks = replace(talks, interview_answers=said, documents=note, codings=coding)
    notes = pd.DataFrame(
        {
            "session_id": ["s"],
            "note_no": [0],
            "at_s": [60.0],
            "placement_id": [""],
            "text": [HOSTILE + FORMULA],
        }
    )
    assert made.field is not None
    joined = SimpleNamespace(trials=made.memory.trials, never_in_view=made.memory.never_in_view, findings=())
    return replace(
        made,
        name=f"Study {HOSTILE}",
        memory=memory_evidence(talks, joined),
        field=replace(made.field, notes=notes),
    )


@pytest.fixture(scope="module")
def report(evidence):
    return report_of(evidence)


@pytest.fixture(scope="module")
def html(report):
    return write_html(report)


@pytest.fixture(scope="module")
def page(html):
    return read_page(html)


def test_nesting_ids_and_anchors_are_whole(page):
    assert len(set(page.ids)) == len(page.ids)
    assert {anchor[1:] for anchor in page.anchors} <= set(page.ids)
    assert page.images_without_alt == 0


def test_headings_never_skip_a_level(page):
    levels = [int(tag[1]) for tag in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_nothing_comes_from_outside(page, html):
    assert all(address.startswith("data:image/") for address in page.addresses)
    outside = set(re.findall(r"[a-z]+://[^\s\"'<)]+", html)) - {"http://www.w3.org/2000/svg"}
    assert outside == set()
    assert "url(" not in html.replace("url(#", "")
    assert "@import" not in html


def test_nothing_runs(page):
    assert page.tags["script"] == page.tags["iframe"] == page.tags["object"] == page.tags["form"] == 0
    assert page.handlers == []


def test_what_people_wrote_is_shown_as_it_was_written(page):
    text = "".join(page.text)
    for written in (HOSTILE, FORMULA, THAI, VIETNAMESE, CHINESE):
        assert written.replace(" %", "\u00a0%") in text


def test_every_number_has_a_rung_people_and_a_denominator(report):
    numbers = report.numbers()
    assert len(numbers) > 100
    for one in numbers:
        assert one.of
        assert one.rung
        if one.known:
            assert one.n >= 1
            assert one.has_interval or one.method, one


def test_every_share_is_its_numerator_by_its_denominator_unless_corrected(report):
    for one in report.numbers():
        if one.unit == "share" and one.known and "foils" not in one.rule and "log-linear" not in one.rule:
            assert one.value == pytest.approx(one.numerator / one.denominator, abs=1e-9), one


def test_every_finding_says_how_sure_it_is_and_leads_somewhere(report, evidence):
    known = {one.id for one in evidence.placements}
    for one in report.findings():
        assert one.headline.endswith(".")
        assert one.strength in ("clear", "indicated", "open")
        assert one.placement_id in known | {""}


def test_every_placement_has_its_page_with_heatmap_funnel_curve_recall_and_quotes(report, evidence):
    pages = [one for one in report.all_sections() if one.kind == "placement"]
    assert len(pages) == len(evidence.placements)
    for one in pages:
        names = [type(block).__name__ for block in one.blocks]
        captions = [block.caption for block in one.blocks if type(block).__name__ == "Table"]
        assert "Pictures" in names
        assert captions[:2] == ["From view to intention", "Looked at, and remembered"]
        assert "What observers counted here" in captions


def test_a_study_without_anything_says_what_cannot_be_concluded():
    report = report_of(empty_evidence())
    page = read_page(write_html(report))
    text = " ".join("".join(page.text).split())
    for part in ("no placements", "no field logs", "no interviews", "no recording"):
        assert part in text.lower()
    assert text.count("cannot be concluded") >= 2
    assert all(one.strength == "open" or one.topic == "action" for one in report.findings())


def test_placements_without_recordings_keep_their_page():
    report = report_of(empty_evidence(placements=(placement("a b", "A"), placement("a-b", "B"))))
    page = read_page(write_html(report))
    assert len(set(page.ids)) == len(page.ids)
    assert sum(one.kind == "placement" for one in report.all_sections()) == 2


def test_from_four_people_nothing_is_concluded():
    report = report_of(simulated_evidence(people=4, sites=4))
    about_people = [one for one in report.findings() if one.topic in ("limits", "seen", "remembered")]
    assert about_people
    assert {one.strength for one in about_people} == {"open"}
    assert "cannot be concluded from 4 participants" in report.findings()[0].headline
    assert any("Record more participants" in one.headline for one in report.findings())


@pytest.mark.parametrize("without", ["view", "placements", "interviews", "foils"])
def test_whatever_is_missing_the_page_is_whole(evidence, without):
    assert evidence.cases is not None
    assert evidence.group_cases is not None
    thin = {
        "view": {"cases": evidence.cases.iloc[:0], "group_cases": evidence.group_cases.iloc[:0]},
        "placements": {"placements": (), "strategy": None},
        "interviews": {"memory": None},
        "foils": {
            "memory": replace(evidence.memory, trials=evidence.memory.trials.query("shown == 'target'"))
        },
    }[without]
    report = report_of(replace(evidence, **thin))
    page = read_page(write_html(report))
    assert {anchor[1:] for anchor in page.anchors} <= set(page.ids)
    assert "nan" not in " ".join(page.text).split()


def test_equal_evidence_makes_equal_pages(evidence, html):
    assert write_html(report_of(evidence)) == html
