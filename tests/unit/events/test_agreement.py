"""Agreement of two codings against counts made by hand and published examples."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazestudy.errors import ParameterError
from gazestudy.events.agreement import (
    Matches,
    compare_events,
    confusion,
    event_matches,
    kappa,
    match_events,
    runs_of,
    sample_f1,
    sample_kinds,
)

labels = st.lists(st.integers(0, 3), min_size=1, max_size=60)


def test_kappa_of_cohens_own_table():
    # Cohen 1960, worked example of 200 units in three categories; he gives kappa = .492.
    shares = np.array([[0.44, 0.05, 0.01], [0.07, 0.20, 0.03], [0.09, 0.05, 0.06]])
    assert kappa(shares) == pytest.approx(0.492, abs=5e-4)


def test_kappa_of_counts_made_by_hand():
    one, other = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    counts = confusion(one, other, 3)
    assert counts.tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    # 4 of 6 agree; chance (3*2 + 2*2 + 1*2) / 36 = 1/3
    assert kappa(counts) == pytest.approx((4 / 6 - 1 / 3) / (2 / 3))
    # class 0 against the rest: 5 of 6 agree; chance (3*2 + 3*4) / 36 = 1/2
    assert kappa(counts, [0]) == pytest.approx((5 / 6 - 1 / 2) / (1 / 2))
    assert sample_f1(counts, [0]) == pytest.approx(2 * 2 / (3 + 2))


def test_undefined_kappa_is_nan():
    assert np.isnan(kappa(np.array([[5, 0], [0, 0]])))
    assert np.isnan(kappa(np.zeros((2, 2))))
    assert np.isnan(sample_f1(np.array([[5, 0], [0, 0]]), [1]))
    assert np.isnan(Matches(0, 0, 0).f1)


@settings(deadline=None)
@given(labels)
def test_a_coding_agrees_with_itself(codes):
    codes = np.array(codes)
    counts = confusion(codes, codes, 4)
    assert kappa(counts) == pytest.approx(1.0) or len(set(codes.tolist())) == 1
    found = event_matches(codes == 1, codes == 1)
    assert found.n_matched == found.n_one == found.n_other


@settings(deadline=None)
@given(labels, st.randoms(use_true_random=False))
def test_kappa_and_matches_are_symmetric(codes, random):
    one = np.array(codes)
    other = np.array([random.randint(0, 3) for _ in codes])
    counts = confusion(one, other, 4)
    assert np.isclose(kappa(counts), kappa(counts.T), equal_nan=True)
    forth = match_events(runs_of(one == 1), runs_of(other == 1))
    back = match_events(runs_of(other == 1), runs_of(one == 1))
    assert forth.tolist() == back[:, ::-1].tolist()


def slow_matches(one, other, iou_min, by):
    """All pairs, best first: the definition without any shortcut."""
    pairs = []
    for i, (a, b) in enumerate(zip(*one, strict=True)):
        for j, (c, d) in enumerate(zip(*other, strict=True)):
            shared = min(b, d) - max(a, c)
            if shared > 0:
                iou = shared / (max(b, d) - min(a, c))
                if iou >= iou_min:
                    pairs.append((-(shared if by == "overlap" else iou), i, j))
    kept, used_i, used_j = [], set(), set()
    for _, i, j in sorted(pairs):
        if i not in used_i and j not in used_j:
            used_i.add(i)
            used_j.add(j)
            kept.append([i, j])
    return sorted(kept)


@settings(deadline=None)
@given(
    labels,
    st.randoms(use_true_random=False),
    st.sampled_from([0.0, 0.3, 0.5]),
    st.sampled_from(["overlap", "iou"]),
)
def test_matches_are_those_of_the_definition(codes, random, iou_min, by):
    one = runs_of(np.array(codes) < 2)
    other = runs_of(np.array([random.randint(0, 3) for _ in codes]) < 2)
    assert match_events(one, other, iou_min=iou_min, by=by).tolist() == slow_matches(one, other, iou_min, by)


def test_a_missed_saccade_costs_events_but_hardly_any_kappa():
    truth = np.ones(1000, dtype=bool)
    truth[::100] = False
    truth[500] = False
    merged = truth.copy()
    merged[500] = True
    assert kappa(confusion(truth, merged, 2)) > 0.9
    found = event_matches(truth, merged)
    assert (found.n_one, found.n_other, found.n_matched) == (10, 9, 9)
    assert (found + found).f1 == pytest.approx(36 / 38)


def test_events_do_not_cross_parts():
    yes, part = np.ones(4, dtype=bool), np.array([0, 0, 1, 1])
    assert [edge.tolist() for edge in runs_of(yes, part)] == [[0, 2], [2, 4]]
    assert event_matches(yes, yes, part=part).n_one == 2


def table(kinds, lengths, step_ms=10):
    last = np.cumsum(lengths) - 1
    first = last - np.array(lengths) + 1
    return pd.DataFrame(
        {
            "kind": kinds,
            "first_sample": first,
            "last_sample": last,
            "onset_ns": first * step_ms * 10**6,
            "offset_ns": (last + 1) * step_ms * 10**6,
            "duration_ms": np.array(lengths) * float(step_ms),
            "part": 0,
        }
    )


def test_tables_of_the_same_gaze():
    one = table(["fixation", "saccade", "fixation", "blink"], [10, 2, 20, 3])
    other = table(["fixation", "saccade", "pursuit", "blink"], [8, 4, 20, 3])
    found = compare_events(one, other, 35).set_index("kind")
    assert list(found.index) == ["fixation", "saccade", "pursuit", "blink", "slow", "all"]
    assert found.loc["fixation", ["n_one", "n_other", "n_matched"]].tolist() == [2, 1, 1]
    assert found.loc["fixation", "event_f1"] == pytest.approx(2 / 3)
    assert found.loc["fixation", ["onset_shift_ms", "offset_shift_ms"]].tolist() == [0.0, -20.0]
    assert found.loc["slow", ["n_one", "n_other", "n_matched"]].tolist() == [2, 2, 2]
    # slow: 28 of 30 and 28 agree, 33 of 35 samples in all
    chance = (30 * 28 + 5 * 7) / 35**2
    assert found.loc["slow", "kappa"] == pytest.approx((33 / 35 - chance) / (1 - chance))
    assert found.loc["blink", "kappa"] == 1.0
    assert found.loc["all", "n_matched"] == 3


def test_samples_without_an_event_are_unclassified():
    assert sample_kinds(table([], []), 2).tolist() == [5, 5]


@pytest.mark.parametrize(
    "call",
    [
        lambda: confusion(np.zeros(3), np.zeros(2), 2),
        lambda: confusion(np.array([0, 2]), np.array([0, 1]), 2),
        lambda: match_events((np.zeros(0), np.zeros(0)), (np.zeros(0), np.zeros(0)), by="luck"),
        lambda: match_events((np.zeros(0), np.zeros(0)), (np.zeros(0), np.zeros(0)), iou_min=2.0),
    ],
)
def test_wrong_input_is_named(call):
    with pytest.raises(ParameterError):
        call()
