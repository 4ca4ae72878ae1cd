"""Statistics of attention from the command line: eight people, two segments, one poster."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from gazestudy.cli import main
from tests.e2e.small_study import write_picture, write_recording

SEGMENTS = ("regular", "visitor")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Everybody looks at the same poster, four people of each segment."""
    home = tmp_path_factory.mktemp("statistics")
    folder = home / "étude"
    picture = write_picture(home / "poster.png", 1)
    words = [["new", folder, "--name", "étude"], ["placement", "add", folder, "poster", picture]]
    for number in range(8):
        recording = write_recording(home / f"walk-{number}", 1, n_frames=20 + number)
        person = ["--participant", f"P{number}", "--segment", SEGMENTS[number % 2]]
        words.append(["import", folder, recording, *person])
    for command in [*words, ["run", folder]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["gazestudy", *[str(word) for word in command], "--quiet"])
            try:
                main()
            except SystemExit as stop:
                assert not stop.code, command
    return folder


def rows(result) -> list[dict[str, object]]:
    assert result.code == 0, result.err
    return json.loads(result.out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_every_figure_has_its_denominator(study, tmp_path, gazestudy):
    (dwell,) = rows(gazestudy("metrics", study, "--show", "dwell", "--json"))
    assert (dwell["n_cases"], dwell["n_noticed"], dwell["n_participants"]) == (8, 8, 8)
    assert dwell["mean_dwell_low_s"] < dwell["mean_dwell_s"] < dwell["mean_dwell_high_s"]
    looks = rows(gazestudy("metrics", study, "--show", "first-looks", "--group-by", "segment", "--json"))
    assert [(row["group"], row["n_rows"], row["n_censored"]) for row in looks] == [
        ("regular", 4, 0),
        ("visitor", 4, 0),
    ]
    figure, table = tmp_path / "funnel.svg", tmp_path / "funnel.csv"
    shown = gazestudy(
        *("metrics", study, "--show", "funnel", "--group-by", "all", "--figure", figure, "--out", table)
    )
    assert shown.code == 0 and "noticed" in shown.out
    assert figure.read_bytes().startswith(b"<?xml") and "previous_denominator" in table.read_text("utf-8")
    assert rows(gazestudy("metrics", study, "--show", "transitions", "--json")) == []
    drawn = gazestudy("metrics", study, "--show", "first-looks", "--figure", tmp_path / "looks.png")
    assert drawn.code == 0 and (tmp_path / "looks.png").stat().st_size > 5000


def test_segments_are_compared_with_what_was_declared_apart(study, tmp_path, gazestudy):
    out = tmp_path / "compared.csv"
    declared = "mean_dwell_s:visitor,regular:poster"
    found = rows(gazestudy("compare", study, "--declared", declared, "--json", "--out", out))
    (first,) = found["declared"]
    assert first["difference"] == pytest.approx(0.04, abs=0.03)  # a frame more, on average
    assert {row["family"] for row in found["exploratory"]} == {"exploratory: Benjamini-Hochberg"}
    assert len(pd.read_csv(out)) == 1 + len(found["exploratory"])
    plain = gazestudy("compare", study, "--declared", declared)
    assert "Declared before" in plain.out and "not compared: 2, fewer than five people" in plain.out
    assert gazestudy("compare", study, "--by", "daypart").code == 1
    for wrong in ("dwell:visitor,regular", "mean_dwell_s:visitor", "mean_dwell_s:visitor,nobody"):
        refused = gazestudy("compare", study, "--declared", wrong)
        assert refused.code == 1 and "declared" in refused.err


def test_where_segments_differ_is_mapped(study, tmp_path, gazestudy):
    out = tmp_path / "maps"
    (item,) = rows(
        gazestudy("heatmap", study, "--difference", "segment=visitor,regular", "--out", out, "--json")
    )
    assert item["all_arrangements"] and item["permutations"] == 69
    assert (item["participants_a"], item["participants_b"]) == (4, 4)
    assert {Path(name).suffix for name in item["files"]} == {".png", ".npz"}
    assert (out / "differences.csv").is_file()
    refused = gazestudy("heatmap", study, "--difference", "segment=visitor,all", "--out", out)
    assert refused.code == 1 and "regular" in refused.err
    assert gazestudy("metrics", study, "--show", "everything").code == 1
