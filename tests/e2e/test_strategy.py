"""Strategy from the command line on recordings that were really run."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import gazestudy as gs
from tests.e2e.small_study import write_picture, write_recording

DOCUMENT = """\
schema: gazestudy-strategy/1
currency: THB
goal: {measure: attentive_seconds, budget: 500, period_days: 28, source: team}
dayparts: [{id: all day, minutes_per_day: 600, source: timetable}]
placements:
  - {id: poster-1, cost: 300, whole: true}
  - {id: poster-2, cost: 300, whole: true}
assumptions:
  - {term: passages_per_min, value: 20, low: 15, high: 27, source: ticket gates}
  - {term: exposed, value: 0.5, low: 0.3, high: 0.7, source: plan of the station, replaces: true}
  - {term: clear, value: 0.9, low: 0.8, high: 0.97, source: plan of the station, replaces: true}
creative: {brand_aois: [logo], words: {poster-1: 4, poster-2: 40}}
"""


@pytest.fixture
def empty_study(tmp_path, gazestudy) -> Path:
    """Two posters, nobody yet."""
    folder = tmp_path / "การศึกษา"
    assert gazestudy("new", folder).code == 0
    for seed in (1, 2):
        picture = write_picture(tmp_path / f"{seed}.png", seed)
        assert gazestudy("placement", "add", folder, f"poster-{seed}", picture).code == 0
    (folder / "strategy.yaml").write_text(DOCUMENT, encoding="utf-8")
    return folder


@pytest.fixture
def study(empty_study, tmp_path, gazestudy) -> Path:
    """Three people at poster 1 and one at poster 2; their gaze rests on the logo in the middle."""
    with gs.open_study(empty_study) as opened:
        opened.add_aoi("poster-1", "logo", [(80, 140), (160, 140), (160, 220), (80, 220)])
        opened.add_aoi("poster-1", "legal", [(0, 0), (60, 0), (60, 60), (0, 60)])
    for number, seed in enumerate((1, 1, 1, 2)):
        recording = write_recording(tmp_path / f"walk-{number}", seed, n_frames=38 + number)
        assert gazestudy("import", empty_study, recording, "--participant", f"P{number}").code == 0
    assert gazestudy("run", empty_study).code == 0
    return empty_study


def test_from_recordings_to_a_plan(study, tmp_path, gazestudy):
    terms = tmp_path / "terms.csv"
    result = gazestudy("strategy", "potential", study, "--terms", terms, "--json")
    assert result.code == 0, result.err
    table = pd.read_csv(terms).set_index(["placement_id", "term"])
    assert table.loc[("poster-1", "passages_per_min"), "source"] == "assumed"
    noticed = table.loc[("poster-1", "noticed")]
    assert (noticed["source"], noticed["numerator"], noticed["denominator"]) == ("gaze", 3, 3)
    answer = json.loads(result.out)
    rate = {
        row["placement_id"]: row
        for row in answer["potential"]
        if row["measure"] == "attentive_s_per_1000_passages" and row["daypart"] == "all"
    }
    dwell_s = table.loc[("poster-1", "dwell_s"), "value"]
    assert 1.2 < dwell_s < 1.8  # 38 to 40 frames of 40 ms
    assert rate["poster-1"]["value"] == pytest.approx(1000 * 0.5 * 0.9 * dwell_s)
    assert rate["poster-1"]["low"] < rate["poster-1"]["value"] < rate["poster-1"]["high"]
    assert any("too few behind it" in text for text in answer["conclusions"])

    plan = gazestudy("strategy", "budget", study, "--draws", 30, "--json")
    assert plan.code == 0, plan.err
    bought = {row["placement_id"]: row["share"] for row in json.loads(plan.out)["plan"]}
    assert sum(bought.values()) == 1
    creative_diagnosis(study, tmp_path, gazestudy)


def creative_diagnosis(study, tmp_path, gazestudy):
    """The same study: what was looked at on its creatives."""
    out = tmp_path / "creative"
    result = gazestudy("strategy", "creative", study, "--out", out, "--json")
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    with gs.open_study(study, read_only=True) as opened:
        names = {aoi.id: aoi.name for aoi in opened.aois()}
    caught = {names[row["aoi_id"]]: row for row in answer["aois"]}
    assert (caught["logo"]["caught"], caught["legal"]["caught"]) == (1.0, 0.0)
    assert caught["logo"]["glances"] == 3
    assert answer["brands"][0]["brand_seen"] == 1.0
    words = {row["placement_id"]: row for row in answer["words"]}
    assert words["poster-1"]["read_all"] == 1.0  # glances of 1.5 s, 4 words need 1.3 s
    assert words["poster-2"]["read_all"] == 0.0
    assert sorted(path.name for path in out.iterdir()) == ["aois.csv", "brands.csv", "words.csv"]
    assert "adult readers of English" in gazestudy("strategy", "creative", study).out


def test_mistakes_in_the_document_are_told_with_their_lines(empty_study, gazestudy):
    text = DOCUMENT.replace("whole: true", "whole: maybe").replace("budget: 500", "budget: -500")
    (empty_study / "strategy.yaml").write_text(text, encoding="utf-8")
    result = gazestudy("strategy", "budget", empty_study)
    assert result.code == 1
    assert "3 mistakes" in result.err
    assert "line 3: goal.budget: must be at least 0" in result.err
    assert "line 6: placements[0].whole" in result.err
