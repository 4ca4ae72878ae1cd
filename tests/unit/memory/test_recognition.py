import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gazestudy.errors import ParameterError
from gazestudy.memory.recognition import (
    matched_foils,
    recognition_of_people,
    recognition_of_placements,
)
from gazestudy.model.interview import interview_table
from gazestudy.statistics.detection import recognition


def _trials(person: str, hits: int, targets: int, false_alarms: int, foils: int) -> pd.DataFrame:
    said = [1.0] * hits + [0.0] * (targets - hits) + [1.0] * false_alarms + [0.0] * (foils - false_alarms)
    return pd.DataFrame(
        {
            "participant_id": person,
            "stimulus": [f"t{k}" for k in range(targets)] + [f"f{k}" for k in range(foils)],
            "placement_id": [f"place-{k}" for k in range(targets)] + [""] * foils,
            "shown": ["target"] * targets + ["foil"] * foils,
            "said_yes": said,
            "confidence": np.nan,
        }
    )


def test_published_example() -> None:
    found = recognition_of_people(_trials("P1", 8, 10, 3, 10), rng=np.random.default_rng(0))
    (row,) = found.people.to_dict("records")
    golden = {"hit_rate": 0.7727, "false_alarm_rate": 0.3182, "d_prime": 1.2206, "criterion": -0.1375}
    for name, value in golden.items():
        assert round(row[name], 4) == value
    assert row["pr"] == pytest.approx(0.5)
    assert row["br"] == pytest.approx(0.3 / 0.5)
    assert found.table.set_index("measure").loc["d_prime", "pooled"] == pytest.approx(row["d_prime"])
    assert found.table["low"].isna().all()  # one person


def test_pooled_measures_are_those_of_the_sums() -> None:
    five = [(8, 10, 3, 10), (5, 10, 1, 10), (9, 9, 4, 8), (6, 10, 2, 10), (7, 10, 3, 10)]
    trials = pd.concat([_trials(f"P{number}", *counts) for number, counts in enumerate(five, start=1)])
    found = recognition_of_people(trials, rng=np.random.default_rng(0))
    alone = recognition(35, 49, 13, 48)
    table = found.table.set_index("measure")
    for name in table.index:
        assert table.loc[name, "pooled"] == pytest.approx(getattr(alone, name))
        assert table.loc[name, "low"] <= table.loc[name, "pooled"] <= table.loc[name, "high"]
    each = [recognition(*counts).d_prime for counts in five]
    assert table.loc["d_prime", "mean_over_people"] == pytest.approx(np.mean(each))
    t = stats.ttest_1samp(each, 0).confidence_interval()
    assert table.loc["d_prime", ["mean_low", "mean_high"]].tolist() == pytest.approx([t.low, t.high])


def test_targets_that_never_were_in_view_are_counted_apart() -> None:
    trials = _trials("P1", 8, 10, 3, 10)
    trials["in_view"] = [True] * 6 + [False] * 4 + [False] * 10
    found = recognition_of_people(trials, rng=np.random.default_rng(0))
    assert (found.hits, found.targets, found.foils) == (6, 6, 10)
    assert (found.left_out, found.yes_to_left_out) == (4, 2)


def test_people_without_foils_have_no_measure_and_are_said() -> None:
    trials = pd.concat([_trials("P1", 8, 10, 3, 10), _trials("P2", 5, 10, 0, 0)])
    found = recognition_of_people(trials, rng=np.random.default_rng(0))
    assert found.participants == 1
    assert np.isnan(found.people.set_index("participant_id").loc["P2", "d_prime"])
    assert any("1 people" in note for note in found.notes)
    with pytest.raises(ParameterError, match="targets and foils"):
        recognition_of_people(_trials("P2", 5, 10, 0, 0), rng=np.random.default_rng(0))


def test_true_recognition_is_hits_minus_false_alarms_of_matched_foils() -> None:
    trials = pd.concat([_trials(f"P{k}", 2, 2, 1, 2) for k in range(6)])
    table = recognition_of_placements(trials, matched={"place-0": ["f0"], "place-1": ["f1"]}).set_index(
        "placement_id"
    )
    assert table.loc["place-0", "true_recognition"] == 0.0  # everybody said yes to its foil as well
    assert table.loc["place-1", "true_recognition"] == 1.0
    both = recognition_of_placements(trials).set_index("placement_id")
    assert both.loc["place-0", "true_recognition"] == 0.5
    assert both["foils_are"].tolist() == ["all", "all"]


def test_foils_are_matched_by_category() -> None:
    stimuli = interview_table(
        "stimuli",
        [
            {"stimulus": "a", "shown": "target", "placement_id": "hall", "category": "tea"},
            {"stimulus": "b", "shown": "target", "placement_id": "lift", "category": "film"},
            {"stimulus": "c", "shown": "foil", "category": "tea"},
            {"stimulus": "d", "shown": "foil", "category": "tea"},
        ],
    )
    assert matched_foils(stimuli) == {"hall": ["c", "d"]}


def test_recovers_the_sensitivity_of_simulated_people() -> None:
    inside = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        criterion = rng.normal(0.5, 0.3, 25)
        hits, false = (rng.random((25, 12)) < stats.norm.sf(criterion - d)[:, None] for d in (1.2, 0.0))
        trials = pd.concat(
            _trials(f"P{k}", int(hits[k].sum()), 12, int(false[k].sum()), 12) for k in range(25)
        )
        row = recognition_of_people(trials, draws=300, rng=rng).table.set_index("measure").loc["pr"]
        population = np.random.default_rng(1).normal(0.5, 0.3, 200_000)
        expected = float((stats.norm.sf(population - 1.2) - stats.norm.sf(population)).mean())
        inside += row["low"] <= expected <= row["high"]
    assert inside >= stats.binom.ppf(0.005, 60, 0.93)
