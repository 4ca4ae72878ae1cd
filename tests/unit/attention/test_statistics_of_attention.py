"""First looks, dwell, the funnel, transitions and comparisons of cases."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gazestudy.attention.cases import exposed_cases
from gazestudy.attention.comparing import DECLARED, EXPLORATORY, Comparison, compare_declared, explore
from gazestudy.attention.dwelling import dwell_by_group
from gazestudy.attention.first_looks import (
    compare_first_looks,
    first_look_table,
    first_looks,
    looks_of_cases,
    looks_of_exposures,
    looks_of_recordings,
)
from gazestudy.attention.funnel import STEPS, attention_funnel, attention_funnels
from gazestudy.attention.models import looking_models
from gazestudy.attention.transitions import find_transitions
from gazestudy.errors import ParameterError
from gazestudy.model.provenance import provenance_of
from gazestudy.statistics.comparisons import benjamini_hochberg, holm
from gazestudy.statistics.intervals import share_interval

S = 1_000_000_000


def cases(rng, people=30, placements=8, effect=0.0):
    """Cases of two segments; members of "visitor" look more by `effect`, the last placement is never looked at."""
    rows = []
    for p in range(people):
        visitor = p % 2
        mood = rng.normal(0, 0.5)
        for a in range(placements):
            wait, stay = rng.exponential(4 * np.exp(-mood - effect * visitor)), rng.exponential(4)
            looked = wait < stay and a < placements - 1
            rows.append(
                {
                    "participant_id": f"P{p:02}",
                    "placement_id": f"ad{a}",
                    "segment": "visitor" if visitor else "regular",
                    "fixated": looked,
                    "dwell_s": float(rng.lognormal(0, 0.8)) if looked else 0.0,
                    "ttff_s": wait if looked else np.nan,
                    "censored_at_s": np.nan if looked else stay,
                    "recognised": float(rng.random() < (0.7 if looked else 0.3)),
                    "recalled_unaided": float(rng.random() < (0.4 if looked else 0.05)),
                    "comprehension": float(rng.integers(0, 3)) if looked else np.nan,
                }
            )
    return pd.DataFrame(rows)


# -- first looks


def test_exposures_without_a_look_are_censored_and_those_after_it_count_again():
    exposures = pd.DataFrame(
        {
            "recording_id": "r",
            "participant_id": "p",
            "placement_id": ["a", "a", "a", "b"],
            "onset_ns": np.array([0, 10, 20, 0]) * S,
            "offset_ns": np.array([4, 15, 30, 8]) * S,
        }
    )
    fixations = pd.DataFrame(
        {
            "recording_id": "r",
            "placement_id": ["a", "a", "a"],
            "onset_ns": np.array([12, 13, 19]) * S,
            "offset_ns": np.array([13, 14, 21]) * S,
            "duration_ms": [1000.0, 1000.0, 2000.0],
        }
    )
    looks = looks_of_exposures(exposures, fixations)
    assert looks["time_s"].tolist() == [4.0, 2.0, 0.0, 8.0]  # the third began before its exposure
    assert looks["looked"].tolist() == [False, True, True, False]


def test_recordings_and_cases_give_the_same_looks():
    metrics = pd.DataFrame(
        {
            "participant_id": ["p", "p", "p", "q"],
            "placement_id": ["a", "a", "b", "a"],
            "aoi_id": ["", "logo", "", ""],
            "segment": "s",
            "exposure_count": [1, 1, 2, 0],
            "exposure_to_first_fixation_ms": [1500.0, 2000.0, np.nan, np.nan],
            "censored_at_ms": [np.nan, np.nan, 4000.0, np.nan],
        }
    )
    looks = looks_of_recordings(metrics)
    assert looks[["time_s", "looked"]].to_numpy().tolist() == [[1.5, True], [4.0, False]]
    same = looks_of_cases(
        pd.DataFrame(
            {
                "participant_id": ["p", "p"],
                "placement_id": ["a", "b"],
                "ttff_s": [1.5, np.nan],
                "censored_at_s": [np.nan, 4.0],
            }
        )
    )
    assert same["time_s"].tolist() == looks["time_s"].tolist()
    with pytest.raises(ParameterError, match="every row in view"):
        looks_of_cases(same.assign(ttff_s=np.nan, censored_at_s=np.nan))


def test_groups_share_one_window_and_the_table_has_every_count():
    table = cases(np.random.default_rng(0), effect=1.0)
    found = first_looks(looks_of_cases(table), by=["segment"], rng=np.random.default_rng(1))
    shown = first_look_table(found).set_index("group")
    assert set(found) == {"regular", "visitor"}
    assert shown["until_s"].nunique() == 1
    assert (shown["n_looked"] + shown["n_censored"]).tolist() == shown["n_rows"].tolist() == [120, 120]
    assert shown.loc["visitor", "restricted_mean_s"] < shown.loc["regular", "restricted_mean_s"]
    assert (shown["restricted_mean_low_s"] < shown["restricted_mean_s"]).all()
    compared = compare_first_looks(
        *(looks_of_cases(table[table["segment"] == name]) for name in ("visitor", "regular")),
        rng=np.random.default_rng(2),
    )
    assert compared.high_s < 0 and compared.z > 0 and compared.p_value < 0.01
    assert (compared.participants_a, compared.participants_both) == (15, 0)
    with pytest.raises(ParameterError, match="at least one exposure"):
        first_looks(looks_of_cases(table).iloc[:0], rng=np.random.default_rng(3))


# -- dwell


def test_dwell_in_two_parts_multiplies_to_the_mean():
    table = cases(np.random.default_rng(4))
    found = dwell_by_group(table, ["placement_id"], rng=np.random.default_rng(5)).set_index("placement_id")
    looked = table[table["fixated"]]
    assert found.loc["ad0", "median_dwell_noticed_s"] == pytest.approx(
        looked.loc[looked["placement_id"] == "ad0", "dwell_s"].median()
    )
    mean_of_lookers = looked.groupby("placement_id")["dwell_s"].mean().reindex(found.index).fillna(0)
    assert (found["notice_rate"] * mean_of_lookers).tolist() == pytest.approx(found["mean_dwell_s"].tolist())
    nobody = found.loc["ad7"]
    assert (nobody["n_noticed"], nobody["notice_rate"], nobody["mean_dwell_s"]) == (0, 0, 0)
    assert np.isnan(nobody["median_dwell_noticed_s"]) and np.isnan(nobody["geometric_mean_dwell_noticed_s"])
    everybody = dwell_by_group(table, rng=np.random.default_rng(5)).iloc[0]
    assert everybody["mean_dwell_low_s"] < everybody["mean_dwell_s"] < everybody["mean_dwell_high_s"]
    assert (everybody["n_cases"], everybody["n_participants"]) == (240, 30)
    assert (
        "denominator"
        in provenance_of(dwell_by_group(table, rng=np.random.default_rng(5)))["facts"]["rules"]["n_cases"]
    )
    with pytest.raises(ParameterError, match="known for every case"):
        dwell_by_group(table.assign(dwell_s=np.nan), rng=np.random.default_rng(5))


# -- funnel


def trials(rng, people=30, foils=10, yes=0.3):
    rows = [(f"P{p:02}", "foil", float(rng.random() < yes)) for p in range(people) for _ in range(foils)]
    return pd.DataFrame(rows, columns=["participant_id", "shown", "said_yes"])


def test_funnel_has_every_step_with_its_own_denominator():
    table = cases(np.random.default_rng(6))
    found = attention_funnel(table, trials(np.random.default_rng(7)), look_s=1.0)
    steps = found.table.set_index("step")
    assert tuple(steps.index) == STEPS and (found.n_cases, found.n_participants) == (240, 30)
    assert (steps.loc["exposed", "numerator"], steps.loc["exposed", "denominator"]) == (240, 240)
    assert steps.loc["noticed", "numerator"] == table["fixated"].sum()
    assert steps.loc["looked", "numerator"] == (table["dwell_s"] >= 1).sum()
    assert steps.loc["looked", "previous_denominator"] == table["fixated"].sum()
    assert steps.loc["understood", "denominator"] == table["fixated"].sum()  # only they were asked
    assert steps.loc["understood", "not_asked"] == (~table["fixated"]).sum()
    assert steps.loc["intends", "denominator"] == 0 and np.isnan(steps.loc["intends", "value"])
    assert any(doubt.startswith("intends: nobody was asked") for doubt in found.doubts)
    assert any(doubt.startswith("understood: asked about fewer than half") for doubt in found.doubts) == (
        table["fixated"].mean() < 0.5
    )
    assert (steps["rung"] == "memory").sum() == 4


def test_false_alarms_are_taken_off_recognition():
    table = cases(np.random.default_rng(8))
    foils = trials(np.random.default_rng(9))
    found = attention_funnel(table, foils)
    row = found.table.set_index("step").loc["recognised"]
    hits, alarms = table["recognised"].mean(), foils["said_yes"].mean()
    assert row["value"] == pytest.approx(hits - alarms) and found.false_alarm_rate == pytest.approx(alarms)
    assert row["low"] < hits - alarms < row["high"]
    without = attention_funnel(table)
    assert without.table.set_index("step").loc["recognised", "value"] == pytest.approx(hits)
    assert any("not corrected" in doubt for doubt in without.doubts)
    guessing = attention_funnel(table.assign(recognised=0.0), foils).table.set_index("step").loc["recognised"]
    assert guessing["value"] == pytest.approx(-alarms)  # left below 0


def test_one_placement_has_plain_wilson_and_groups_their_own_funnels():
    table = cases(np.random.default_rng(10))
    found = attention_funnels(table, ["placement_id"])
    row = found["ad0"].table.set_index("step").loc["noticed"]
    assert (row["low"], row["high"]) == pytest.approx(share_interval(int(row["numerator"]), 30))
    assert len(found) == 8
    by_recall = [
        attention_funnel(table.assign(recalled_aided=1.0), recall=how)
        .table.set_index("step")
        .loc["recalled", "value"]
        for how in ("unaided", "aided", "either")
    ]
    assert by_recall[0] < by_recall[1] == by_recall[2] == 1
    for wrong in ({"recall": "any"}, {"look_s": 0}):
        with pytest.raises(ParameterError):
            attention_funnel(table, **wrong)
    with pytest.raises(ParameterError, match="entered somebody's view"):
        attention_funnel(table.iloc[:0])


# -- models


def _many_cases(rng, people=60, placements=8):
    who = np.repeat(np.arange(people), placements)
    often = rng.choice([0.0, 3.0, 31.0], people)[who]
    angle = rng.uniform(2, 20, len(who))
    mood = rng.normal(0, 0.5, people)[who]
    odds = np.exp(mood - 0.5 + 0.8 * np.log2(angle / 8) - 0.4 * np.log2((1 + often) / 4))
    looked = rng.random(len(who)) < odds / (1 + odds)
    return pd.DataFrame(
        {
            "participant_id": who.astype(str),
            "placement_id": np.tile([f"ad{k}" for k in range(placements)], people),
            "segment": np.where(often > 10, "regular", "visitor"),
            "daypart": "midday",
            "exposed_s": rng.uniform(1, 10, len(who)),
            "max_angle_deg": angle,
            "visible_share": 1.0,
            "passages_per_month": often,
            "fixated": looked,
            "dwell_s": np.where(
                looked, np.exp(mood + 0.3 * np.log2(angle / 8) + rng.normal(0, 0.4, len(who))), 0
            ),
        }
    )


def test_models_recover_what_goes_with_looking():
    table = _many_cases(np.random.default_rng(20))
    found = looking_models(table, terms=["angle", "passages", "time_in_view", "daypart", "blocked_10pct"])
    assert found.left_out == {"daypart": "the same in every case", "blocked_10pct": "the same in every case"}
    noticing = found.noticing.table.set_index("term")
    for term, truth in (("angle", 0.8), ("passages", -0.4), ("time_in_view", 0.0)):
        # averaged over people the effects are a little smaller than those of one person
        assert noticing.loc[term, "low"] < np.exp(0.95 * truth) < noticing.loc[term, "high"]
    dwelling = found.dwelling.table.set_index("term")
    assert dwelling.loc["angle", "low"] < np.exp(0.3) < dwelling.loc["angle", "high"]
    assert found.dwelling.n_cases == table["fixated"].sum()
    assert found.first_look is None  # these cases know no times
    doublings = np.log2(table["max_angle_deg"].to_numpy())
    drawn = np.random.default_rng(24).exponential(3 / np.exp(0.4 * doublings))
    waits = pd.Series(drawn, index=table.index)
    looked = waits < table["exposed_s"]
    timed = table.assign(
        fixated=looked, ttff_s=waits.where(looked), censored_at_s=table["exposed_s"].where(~looked)
    )
    early = looking_models(timed, terms=["angle", "time_in_view"]).first_look
    assert early.table["term"].tolist() == ["angle"] and early.n_cases == len(table)
    assert early.table["low"][0] < np.exp(0.4) < early.table["high"][0]
    shown = found.table
    assert shown["meaning"].tolist()[1].startswith("per doubling of the largest visual angle")
    assert not found.doubts
    fixed = looking_models(table, terms=["angle", "segment", "placement_id"]).noticing.table["term"].tolist()
    assert "segment: visitor, not regular" in fixed and len(fixed) == 1 + 1 + 1 + 7


def test_models_leave_out_what_is_not_known_and_refuse_too_few_people():
    table = _many_cases(np.random.default_rng(21))
    table.loc[table.index[:200], "max_angle_deg"] = np.nan
    found = looking_models(table.drop(columns="passages_per_month"))
    assert found.left_out["angle"] == "not known of 42% of the cases"
    assert found.left_out["passages"] == "not known of any case"
    with pytest.raises(ParameterError, match="fewer than there are people"):
        looking_models(_many_cases(np.random.default_rng(22), people=3), terms=["angle", "time_in_view"])
    with pytest.raises(ParameterError, match="differs between cases"):
        looking_models(table, terms=["daypart"])
    with pytest.raises(ParameterError, match="any of time_in_view"):
        looking_models(table, terms=["colour"])
    once = _many_cases(np.random.default_rng(23)).groupby("participant_id").head(1)
    assert any("no model" in doubt for doubt in looking_models(once, terms=["angle"]).doubts)


# -- transitions


def visits(rows):
    """Rows of (recording, placement, aoi, onset s, offset s, fixations)."""
    table = pd.DataFrame(
        rows, columns=["recording_id", "placement_id", "aoi_id", "on", "off", "fixation_count"]
    )
    return table.assign(
        participant_id="P" + table["recording_id"],
        onset_ns=(table["on"] * S).astype(np.int64),
        offset_ns=(table["off"] * S).astype(np.int64),
        duration_ms=(table["off"] - table["on"]) * 1000.0,
    )


WALKS = visits(
    [
        ("1", "a", "", 0, 1, 2),
        ("1", "b", "", 2, 3, 1),
        ("1", "a", "", 3.5, 4, 1),
        ("1", "c", "", 60, 61, 1),
        ("1", "b", "", 61.5, 62, 0),
        ("2", "a", "", 0, 1, 1),
        ("2", "b", "", 1, 2, 1),
        ("1", "a", "logo", 0, 0.4, 1),
        ("1", "a", "price", 0.3, 1, 1),
        ("1", "b", "logo", 2, 3, 1),
    ]
)


def test_transitions_between_placements_are_counted_by_recording_and_by_people():
    found = find_transitions(WALKS).set_index(["from_id", "to_id"])
    assert found["transitions"].to_dict() == {("a", "b"): 2, ("b", "a"): 1, ("a", "c"): 1}
    assert found.loc[("a", "b"), ["from_transitions", "n_participants", "from_participants"]].tolist() == [
        3,
        2,
        2,
    ]
    assert found.loc[("a", "b"), "probability"] == pytest.approx(2 / 3)
    assert found.loc[("a", "b"), "median_between_s"] == pytest.approx(0.5)
    assert (found["placement_id"] == "").all()
    near = find_transitions(WALKS, max_between_s=5)
    assert ("a", "c") not in set(zip(near["from_id"], near["to_id"], strict=True))
    with_all = find_transitions(WALKS, min_fixations=0)
    assert ("c", "b") in set(zip(with_all["from_id"], with_all["to_id"], strict=True))


def test_transitions_between_aois_stay_on_their_placement():
    found = find_transitions(WALKS, between="aois")
    assert found[["placement_id", "from_id", "to_id"]].to_numpy().tolist() == [["a", "logo", "price"]]
    assert found["median_between_s"].iloc[0] == 0  # they overlap
    assert find_transitions(WALKS.iloc[:0]).empty
    with pytest.raises(ParameterError, match="placements or aois"):
        find_transitions(WALKS, between="ads")


# -- comparisons


def test_declared_comparisons_have_holms_and_others_the_false_discovery_rate():
    rng = np.random.default_rng(11)
    table = cases(rng, people=60, effect=1.2)
    wanted = [
        Comparison("notice_rate", "segment", "visitor", "regular"),
        Comparison("mean_dwell_s", "segment", "visitor", "regular"),
        Comparison("median_dwell_noticed_s", "segment", "visitor", "regular"),
        Comparison("first_look_s", "segment", "visitor", "regular"),
        Comparison("recalled_unaided", "segment", "visitor", "regular", "ad0"),
        Comparison("notice_rate", "segment", "visitor", "nobody"),
    ]
    found = compare_declared(table, wanted, rng=rng)
    assert (found["family"] == DECLARED).all()
    assert found["p_adjusted"].to_numpy() == pytest.approx(holm(found["p_value"]), nan_ok=True)
    first = found.iloc[0]
    assert first["low"] > 0 and first["p_adjusted"] < 0.05 and first["participants_both"] == 0
    assert found.iloc[3]["high"] < 0  # they look sooner
    assert found.iloc[4]["n_a"] == 30 and "no cases" in found.iloc[5]["method"]
    by_chance = explore(
        table.assign(segment=[f"g{p}" for p in pd.factorize(table["participant_id"])[0] % 2 * 7]),
        "segment",
        rng=rng,
    )
    assert (by_chance["family"] == EXPLORATORY).all() and len(by_chance) == 2 * 9
    assert by_chance["p_adjusted"].to_numpy() == pytest.approx(
        benjamini_hochberg(by_chance["p_value"]), nan_ok=True
    )
    with pytest.raises(ParameterError, match="each of them once"):
        compare_declared(table, wanted[:1] * 2, rng=rng)
    with pytest.raises(ParameterError, match="daypart"):
        compare_declared(table, [Comparison("notice_rate", "daypart", "a", "b")], rng=rng)


def test_the_same_people_at_two_dayparts_are_paired():
    rng = np.random.default_rng(12)
    morning = cases(rng).assign(daypart="morning")
    evening = morning.assign(daypart="evening", dwell_s=morning["dwell_s"] * 1.3)
    both = pd.concat([morning, evening], ignore_index=True)
    found = explore(both, "daypart", measures=["mean_dwell_s"], per_placement=False, rng=rng).iloc[0]
    assert found["participants_both"] == 30 and "same in both" in found["method"]
    per_person = both.groupby(["daypart", "participant_id"])["dwell_s"].mean()
    wanted = stats.ttest_rel(per_person["morning"], per_person["evening"])
    assert found["p_value"] == pytest.approx(wanted.pvalue)


def test_cases_put_recordings_together_unless_they_are_compared():
    columns = [
        "recording_id",
        "participant_id",
        "placement_id",
        "aoi_id",
        "daypart",
        "exposure_count",
        "noticed",
        "dwell_ms",
    ]
    metrics = pd.DataFrame(
        [
            ("r1", "p", "a", "", "am", 1, True, 500.0),
            ("r2", "p", "a", "", "pm", 1, False, 0.0),
            ("r1", "p", "a", "logo", "am", 1, True, 100.0),
            ("r1", "p", "b", "", "am", 0, False, 0.0),
        ],
        columns=columns,
    ).assign(
        exposure_ms=1000.0, gaze_ms=0.0, time_to_first_fixation_ms=np.nan, fixation_count=1, visit_count=1
    )
    together = exposed_cases(metrics)
    assert together[["placement_id", "fixated", "dwell_s", "exposed_s"]].to_numpy().tolist() == [
        ["a", True, 0.5, 2.0]
    ]
    apart = exposed_cases(metrics, ["daypart"])
    assert apart["fixated"].tolist() == [True, False]
