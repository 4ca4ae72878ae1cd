"""Strategy of a study on the disk: simulated counts and interviews in the store, simulated metrics beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import StudyError
from gazestudy.memory.join import join_memory
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.memory import MEMORY_CASES
from gazestudy.pipeline.memory import StudyMemory
from gazestudy.pipeline.reporting_strategy import strategy_evidence
from gazestudy.pipeline.strategy import potential as steps
from gazestudy.pipeline.strategy.budget import study_budget
from gazestudy.pipeline.strategy.document import parse_strategy
from gazestudy.pipeline.strategy.terms import StrategyTables, cases_of_metrics, placement_chains
from gazestudy.pipeline.strategy.what_if import study_what_if
from gazestudy.simulate.decision_study import DecisionStudy, simulate_decision_study
from gazestudy.simulate.decision_truth import decision_truth
from gazestudy.store import create_study, open_study
from gazestudy.strategy.potential import potential

SMALL = replace(DecisionStudy(), sites=DecisionStudy().sites[:4])


@pytest.fixture(scope="module")
def data():
    return simulate_decision_study(SMALL, rng=np.random.default_rng(11))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, data) -> Path:
    root = tmp_path_factory.mktemp("strategy")
    path = root / "การศึกษา"
    noise = np.random.default_rng(0).integers(0, 255, (60, 40, 3), dtype=np.uint8)
    with create_study(path, name="strategy") as study:
        for number, site in enumerate(SMALL.sites):
            picture = root / f"{number}.png"
            cv2.imencode(".png", np.roll(noise, number * 7, axis=0))[1].tofile(picture)
            study.add_placement(site.placement_id, [picture])
        study.add_field_log(
            data.log, name="simulated", importer="simulated", importer_version=1, sources=[], provenance={}
        )
        study.add_interviews(data.remembered.interviews)
    return path


@pytest.fixture
def study(folder, data, monkeypatch):
    """The study folder, with metrics as if its recordings had been run."""
    run(monkeypatch, data.metrics)
    return folder


def run(monkeypatch, metrics):
    """Make the recordings of all studies have these metrics; their exposures and fixations are not there."""

    def joined(study):
        talks = study.interviews()
        return StudyMemory(join_memory(metrics, talks), talks)

    monkeypatch.setattr(steps, "study_metrics", lambda study: metrics)
    monkeypatch.setattr(steps, "study_memory", joined)


def document(**changes) -> str:
    parts = {
        "goal": "{measure: attentive_seconds, budget: 12000, period_days: 28, half_brings: 0.6, source: team}",
        "dayparts": "".join(
            f"\n  - {{id: {one.name}, minutes_per_day: {one.minutes_per_day}, source: timetable}}"
            for one in SMALL.periods
        ),
        "placements": "".join(
            f"\n  - {{id: {site.placement_id}, cost: {site.cost_per_day * 28}, group: {site.group}}}"
            for site in SMALL.sites
        ),
        "trial": "{share_control: 0.2, share_test: 0.3, people_per_station: 60, between_sd: 0.04,"
        " test_stations: 2, control_stations: 2, source: pilot}",
        **changes,
    }
    body = "\n".join(f"{name}: {value}" for name, value in parts.items() if value)
    return "schema: gazestudy-strategy/1\ncurrency: THB\n" + body + "\n"


def written(tmp_path, **changes) -> Path:
    file = tmp_path / "plan.yaml"
    file.write_text(document(**changes), encoding="utf-8")
    return file


def test_potential_and_cost_of_a_study(study, tmp_path, gazestudy):
    out = {name: tmp_path / f"{name}.csv" for name in ("out", "terms", "costs")}
    words = [word for name, file in out.items() for word in (f"--{name}", file)]
    result = gazestudy("strategy", "potential", study, "-d", written(tmp_path), *words, "--json")
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    assert pd.read_csv(out["costs"])["unit"].str.startswith("THB per").all()
    terms = pd.read_csv(out["terms"])
    assert set(terms["source"]) == {"counted", "gaze", "remembered", "assumed"}
    assert (terms.loc[terms["source"] != "assumed", ["n", "denominator"]] > 0).all().all()
    truth = decision_truth(SMALL, people=10_000).days
    held = [
        row["low"] <= truth.loc[row["placement_id"], "attentive_s_per_day"] <= row["high"]
        for row in answer["potential"]
        if row["daypart"] == "all" and row["measure"] == "attentive_s_per_day"
    ]
    assert sum(held) >= 3
    assert any("hours here" in text for text in answer["conclusions"])
    assert any(
        text.startswith("face-03 has the largest attentive_s_per_day") for text in answer["conclusions"]
    )


def test_the_same_seed_gives_the_same_numbers(study, tmp_path, gazestudy):
    file = written(tmp_path)
    first, again, other = (
        gazestudy("strategy", "potential", study, "-d", file, "--seed", seed, "--json").out
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_texts_that_look_like_formulas_are_harmless_in_tables(study, tmp_path, gazestudy):
    line = '\n  - {term: passages_per_min, value: 9, source: "=HYPERLINK(1)", replaces: true}'
    out = tmp_path / "terms.csv"
    file = written(tmp_path, assumptions=line)
    assert gazestudy("strategy", "potential", study, "-d", file, "--terms", out, "-q").code == 0
    assert "'=HYPERLINK(1)" in out.read_text(encoding="utf-8")
    assert ",=HYPERLINK" not in out.read_text(encoding="utf-8")


def test_text_for_people_names_denominators_and_doubts(study, tmp_path, gazestudy):
    result = gazestudy("strategy", "potential", study, "-d", written(tmp_path))
    assert result.code == 0, result.err
    assert "THB per 1,000 attentive seconds" in result.out
    assert "6  sessions (" in result.out


def test_a_budget_buys_what_is_worth_it(study, tmp_path, gazestudy):
    result = gazestudy("strategy", "budget", study, "-d", written(tmp_path), "--draws", 40, "--json")
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    assert answer["cost"] <= 12_000.01
    assert answer["value"] <= answer["best_possible"] * (1 + 1e-9)
    assert 0 <= answer["same_choice"] <= 1
    assert any("assumed, not measured" in text for text in answer["conclusions"])
    text = gazestudy("strategy", "budget", study, "-d", written(tmp_path), "--draws", 20, "--budget", 0)
    assert text.code == 0
    assert "spends 0 of 0 THB" in text.out


def test_segments_are_weighted_and_thin_ones_say_so(study, tmp_path, data):
    two = [
        "\n  - {id: regular, value: 1, passage_share: 0.6, source: x}",
        "\n  - {id: visitor, value: 1, passage_share: 0.4, source: x}",
    ]
    with open_study(study, read_only=True) as opened:
        plain = study_budget(opened, document=written(tmp_path), draws=20)
        alike = study_budget(opened, document=written(tmp_path, segments="".join(two)), draws=20)
        dear = study_budget(
            opened,
            document=written(tmp_path, segments="".join(two).replace("value: 1", "value: 3")),
            draws=20,
        )
        thin = study_budget(
            opened,
            document=written(tmp_path, segments=two[0].replace("regular", "staff").replace("0.6", "1")),
            draws=20,
        )
    values = [result.plan.table["value_if_whole"].to_numpy() for result in (plain, alike, dear, thin)]
    assert values[1].sum() == pytest.approx(values[0].sum(), rel=0.2)  # other people, the same passages
    assert values[2] == pytest.approx(3 * values[1])
    assert values[3] == pytest.approx(values[0])
    assert any("segment staff: 0 participants" in finding.message for finding in thin.findings)


def test_placements_without_price_or_potential_are_left_out_with_reason(study, tmp_path):
    plans = "".join(f"\n  - {{id: {site.placement_id}}}" for site in SMALL.sites[:1]) + (
        "\n  - {id: face-02, cost: 5000}\n  - {id: face-03, cost: 5000, point: nowhere}"
    )
    with open_study(study, read_only=True) as opened:
        found = study_budget(opened, document=written(tmp_path, placements=plans), draws=20)
        assert found.left_out == {"face-01": "it has no price", "face-03": "its potential is not known"}
        assert found.plan.table["placement_id"].tolist() == ["face-02"]
        with pytest.raises(StudyError, match=r"face-01 \(it has no price\)"):
            study_budget(opened, document=written(tmp_path, placements="\n  - {id: face-01}"), draws=20)


def test_spots_of_a_screen(study, tmp_path, gazestudy, data):
    screen = "\n  - {id: face-02, spot_s: 10, loop_s: 60}\n  - {id: face-03}"
    words = ["-d", written(tmp_path, placements=screen), "--spot-s", 20, "--loop-s", 30]
    result = gazestudy("strategy", "spots", study, *words, "--json")
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    now, longer, shorter = answer["spots"]
    seen = data.metrics[(data.metrics["placement_id"] == "face-02") & (data.metrics["exposure_count"] > 0)]
    view_s = seen["exposure_ms"] / 1000
    assert now["voice"] == pytest.approx(1 / 6)
    assert now["exposures"] == len(seen)
    assert now["opportunities"] == pytest.approx(np.where(view_s >= 1, (view_s + 8) / 60, 0).mean())
    assert now["look"] < now["in_view"] < longer["in_view"]
    assert shorter["in_view"] > now["in_view"]
    audience = {row["daypart"]: row for row in answer["audience"]}
    peak = audience["am_peak"]
    assert peak["low"] < peak["average_audience"] < peak["high"]
    assert 0.2 < peak["average_audience"] < 3
    assert "placement_id" in gazestudy("strategy", "spots", study, *words).out
    assert "spot_s and loop_s" in gazestudy("strategy", "spots", study, "-d", written(tmp_path)).err


def test_what_if_a_placement_hung_higher(study, tmp_path, gazestudy):
    words = ["--bottom-m", 2.2, "--density-m2", 1.5, "-d", written(tmp_path)]
    result = gazestudy("strategy", "what-if", study, "face-01", *words, "--json")
    assert result.code == 0, result.err
    rows = pd.DataFrame(json.loads(result.out)["scenarios"])
    peak = rows[rows["daypart"] == "am_peak"].set_index("scenario")
    assert peak.loc["lower edge at 2.2 m", "ratio_to_now"] > 1.2
    assert peak.loc["1.5 people/m2", "ratio_to_now"] < 0.7
    assert peak.loc["now", "density_m2"] == pytest.approx(0.45, rel=0.1)
    rate = peak["attentive_s_per_1000_passages"]
    change = rate / rate["now"]
    assert change["1.5 people/m2"] == pytest.approx(peak.loc["1.5 people/m2", "ratio_to_now"])
    assert 1.2 < change["lower edge at 2.2 m"] <= peak.loc["lower edge at 2.2 m", "ratio_to_now"]
    assert (peak["attentive_s_per_1000_passages_low"] < rate).all()
    shown = gazestudy("strategy", "what-if", study, "face-01", *words)
    assert "clear view only" in shown.out
    assert gazestudy("strategy", "what-if", study, "nothing", *words).code == 1


def test_what_if_needs_geometry(study, tmp_path, monkeypatch):
    tables, findings = StrategyTables(FieldLog(), cases_of_metrics(no_metrics()), MEMORY_CASES.empty()), ()
    monkeypatch.setattr("gazestudy.pipeline.strategy.what_if.study_tables", lambda study: (tables, findings))
    with open_study(study, read_only=True) as opened:
        with pytest.raises(StudyError, match=r"bottom_m: 1\.0, height_m: 1\.5, distance_m: 5\.0; below"):
            study_what_if(opened, "face-01", bottoms_m=[2.0], document=written(tmp_path))
        usual = study_what_if(opened, "face-01", bottoms_m=[2.0], document=written(tmp_path), usual=True)
        assert set(usual.table["density_m2"]) == {0.5}
        told = [one.message for one in usual.findings if one.code == "stand_in"]
        assert len(told) == 4
        assert "5 m stands in (made up)" in told[2]
        given = "\n  - {id: face-01, bottom_m: 1, height_m: 1.2, distance_m: 4}"
        with pytest.raises(StudyError, match="term: density_m2"):
            study_what_if(opened, "face-01", document=written(tmp_path, placements=given))
        assumed = (
            "\n  - {term: density_m2, value: 0.8, source: me}\n  - {term: radius_m, value: 0.2, source: me}"
        )
        file = written(tmp_path, placements=given, assumptions=assumed)
        found = study_what_if(opened, "face-01", bottoms_m=[2.0], document=file)
    assert found.radius.value == 0.2
    assert set(found.table["density_m2"]) == {0.8}


def no_metrics() -> pd.DataFrame:
    columns = ["participant_id", "placement_id", "aoi_id", "daypart", "segment"]
    numbers = ["exposure_count", "noticed", "exposure_ms", "dwell_ms"]
    return pd.DataFrame(
        {**{name: pd.Series(dtype="str") for name in columns}, **{name: [] for name in numbers}}
    )


def test_a_trial_that_cannot_show_anything_says_so(study, tmp_path, gazestudy):
    result = gazestudy("strategy", "trial", study, "-d", written(tmp_path))
    assert result.code == 0, result.err
    assert "no valid test exists with 2 test and 2 control stations" in result.out
    assert (
        json.loads(gazestudy("strategy", "trial", study, "-d", written(tmp_path), "--json").out)["p_floor"]
        < 0.17
    )
    without = gazestudy("strategy", "trial", study, "-d", written(tmp_path, trial=""))
    assert without.code == 1
    assert "a section `trial`" in without.err


def test_the_effect_of_a_trial_from_its_table(study, tmp_path, gazestudy):
    file = tmp_path / "trial.csv"
    rows = [f"s{n},{'test' if n < 4 else 'control'},after,{30 if n < 4 else 20},100" for n in range(8)]
    file.write_text(
        "station_id,arm,period,numerator,denominator\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    result = gazestudy("strategy", "trial", study, "--results", file, "--json")
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    assert (answer["effect"], answer["p"]) == (pytest.approx(0.1), pytest.approx(2 / 70))
    assert gazestudy("strategy", "trial", study, "--results", file).code == 0
    file.write_text(file.read_text(encoding="utf-8").replace("20,100", "many,100"), encoding="utf-8")
    wrong = gazestudy("strategy", "trial", study, "--results", file)
    assert wrong.code == 1
    assert "row 6, 7, 8, 9" in wrong.err


def test_counts_without_blocking_are_no_exposure(data):
    log = replace(data.log, scans=data.log.scans[data.log.scans["item"] != "blocked_percent"])
    auto = placement_chains(parse_strategy(document()), tables_of(data, log=log))
    assert term(auto, "exposed").source == "gaze"
    forced = placement_chains(parse_strategy(document(exposed_from="counted")), tables_of(data, log=log))
    assert any("clear not known" in finding.message for finding in forced.findings)


def test_a_template_is_a_document(study, tmp_path, gazestudy):
    assert "begin with `gazestudy strategy template`" in gazestudy("strategy", "potential", study).err
    out = tmp_path / "deep" / "new.yaml"
    assert gazestudy("strategy", "template", study, "--out", out).code == 0
    strategy = parse_strategy(out.read_text(encoding="utf-8"))
    assert [plan.id for plan in strategy.placements] == [site.placement_id for site in SMALL.sites]
    assert [daypart.id for daypart in strategy.dayparts] == ["am_peak", "midday"]
    assert gazestudy("strategy", "potential", study, "-d", out, "--quiet").code == 0
    again = gazestudy("strategy", "template", study, "--out", out)
    assert again.code == 1
    assert "--overwrite" in again.err
    assert gazestudy("strategy", "template", study, "--out", out, "--overwrite").code == 0


def test_a_document_about_other_placements_is_refused(study, tmp_path, gazestudy):
    result = gazestudy(
        "strategy", "budget", study, "-d", written(tmp_path, placements="\n  - {id: wall, cost: 1}")
    )
    assert result.code == 1
    assert "'wall' is no placement of the study; known: face-01" in result.err


def tables_of(data, **changes) -> StrategyTables:
    memory = MEMORY_CASES.empty()
    return replace(StrategyTables(data.log, cases_of_metrics(data.metrics), memory), **changes)


def term(chains, name, placement="face-02", daypart="midday"):
    return next(one for one in chains.terms[placement, daypart] if one.name == name)


def test_exposure_comes_from_observers_or_from_glasses_never_both(data):
    counted = placement_chains(parse_strategy(document()), tables_of(data))
    assert (term(counted, "exposed").source, term(counted, "clear").source) == ("counted", "counted")
    gaze = placement_chains(parse_strategy(document(exposed_from="gaze")), tables_of(data))
    assert term(gaze, "exposed").source == "gaze"
    assert (term(gaze, "clear").value, term(gaze, "clear").shape) == (1.0, "fixed")
    values = [term(one, "exposed").value * term(one, "clear").value for one in (counted, gaze)]
    assert values[0] == pytest.approx(values[1], abs=0.2)


def test_assumptions_fill_holes_and_replace_only_when_told(data):
    lines = (
        "\n  - {term: passages_per_min, value: 99, source: me}\n  - {term: recalled, value: 0.2, source: me}"
    )
    chains = placement_chains(parse_strategy(document(assumptions=lines)), tables_of(data))
    assert term(chains, "passages_per_min").source == "counted"
    assert (term(chains, "recalled").value, term(chains, "recalled").source) == (0.2, "assumed")
    forced = document(assumptions=lines.replace("value: 99", "value: 99, replaces: true"))
    assert term(placement_chains(parse_strategy(forced), tables_of(data)), "passages_per_min").value == 99


def test_a_study_with_nothing_says_what_is_missing():
    tables = StrategyTables(FieldLog(), cases_of_metrics(no_metrics()), MEMORY_CASES.empty())
    chains = placement_chains(parse_strategy(document()), tables)
    found = potential(chains.terms, draws=10, rng=np.random.default_rng(0))
    assert found.table["value"].isna().all()
    assert {finding.code for finding in chains.findings} == {"missing_term"}
    assert any("nobody looked at any placement" in finding.message for finding in chains.findings)


def test_what_many_placements_lack_is_told_by_counts():
    names = [f"face-{n:02}" for n in range(1, 9)]
    placements = "".join(f"\n  - {{id: {name}}}" for name in names)
    tables = StrategyTables(FieldLog(), cases_of_metrics(no_metrics()), MEMORY_CASES.empty())
    strategy = parse_strategy(document(placements=placements))
    chains = placement_chains(strategy, tables)
    told = " 8, ".join(one.id for one in strategy.dayparts) + " 8 of 8 placements"
    assert all(finding.message.endswith(told) for finding in chains.findings)
    found = potential(chains.terms, draws=10, rng=np.random.default_rng(0))
    (nothing,) = (text for text in steps.conclusions(strategy, found) if text.startswith("nothing can be"))
    assert "of 8 placements (face-01, face-02, face-03 and 5 more)" in nothing
    assert nothing.endswith("passages_per_min, exposed, clear, noticed, dwell_s")


def test_the_report_has_the_potential_where_no_trial_is_planned(study, tmp_path):
    missing = {}
    document = study / "strategy.yaml"
    document.write_bytes(written(tmp_path, trial="").read_bytes())
    try:
        with open_study(study, read_only=True) as opened:
            found = strategy_evidence(opened, missing)
    finally:
        document.unlink()
    assert found is not None and len(found.potential) and not found.trial and not missing


def test_few_people_are_no_basis_for_a_decision(study, tmp_path, data, monkeypatch):
    few = data.metrics[data.metrics["participant_id"].isin(["P01", "P02", "P03"])]
    run(monkeypatch, few)
    with open_study(study, read_only=True) as opened:
        found = steps.study_potential(opened, document=written(tmp_path), draws=200)
    assert any(text.startswith(("too few", "nothing can be")) for text in found.conclusions)


def test_points_are_found_by_what_observers_noted_there(data):
    named = document(
        placements="\n  - {id: face-01, point: face-03}\n  - {id: face-02, observed_as: face-04}"
    )
    chains = placement_chains(parse_strategy(named), tables_of(data))
    plain = placement_chains(parse_strategy(document()), tables_of(data))
    for plan, counted in (("face-01", "face-03"), ("face-02", "face-04")):
        assert term(chains, "passages_per_min", plan).value == term(plain, "passages_per_min", counted).value
    lonely = placement_chains(
        parse_strategy(document(placements="\n  - {id: face-01, observed_as: nobody}")), tables_of(data)
    )
    assert any("no observer noted anything about face-01" in finding.message for finding in lonely.findings)


def test_screens_take_loop_and_spot_from_the_audit(data):
    audits = data.log.audits.assign(
        spot_s=np.where(data.log.audits["placement_id"] == "face-01", 10.0, np.nan), loop_s=60.0
    )
    chains = placement_chains(
        parse_strategy(document()), tables_of(data, log=replace(data.log, audits=audits))
    )
    assert term(chains, "voice", "face-01").value == pytest.approx(1 / 6)
    assert 0 < term(chains, "spot_met", "face-01").value < 0.4
    assert "voice" not in [one.name for one in chains.terms["face-02", "midday"]]
