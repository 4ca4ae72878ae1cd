"""Heatmaps of two groups: who is permuted, what is outlined, what is refused."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy import stats as scipy_stats

from gazestudy.errors import ParameterError
from gazestudy.geometry.polygons import points_in_polygons
from gazestudy.heatmaps.comparison import compare_maps
from gazestudy.heatmaps.outlines import outlines
from gazestudy.heatmaps.permutation import TMaps, clusters, largest_masses
from gazestudy.heatmaps.person_maps import PersonMaps, person_maps

SIZE = (192, 108)
SPOTS = np.array([[40, 30], [130, 30], [90, 80]])


def looks(people, rng, *, moved=0.0, to=(165.0, 90.0), size=25):
    rows = []
    for person in people:
        spots = SPOTS[rng.choice(3, size, p=rng.dirichlet([4, 4, 4]))] + rng.normal(0, 10, (size, 2))
        away = rng.random(size) < moved
        spots[away] = np.array(to) + rng.normal(0, 6, (away.sum(), 2))
        rows += [(person, float(rng.gamma(4, 60)), *spot) for spot in spots]
    return pd.DataFrame(rows, columns=["participant_id", "duration_ms", "x_ref_px", "y_ref_px"])


def maps_of(table, label="", **options):
    return person_maps(table, SIZE, sigma_px=8, label=label, **options)


def raw_maps(values, people=None):
    people = people or [f"P{n}" for n in range(len(values))]
    return PersonMaps(tuple(people), np.asarray(values, dtype=np.float32), (20, 10), 5.0, 10, "dwell", "x")


def test_every_person_counts_the_same_however_long_they_looked():
    table = looks(["a", "b"], np.random.default_rng(0))
    longer = table.assign(duration_ms=np.where(table["participant_id"] == "a", 10, 1) * table["duration_ms"])
    found, again = maps_of(table), maps_of(longer)
    assert found.people == ("a", "b")
    assert found.maps.sum(axis=(1, 2)) == pytest.approx([1, 1], abs=1e-5)
    assert np.abs(found.maps - again.maps).max() < 1e-6
    assert found.cell_px == pytest.approx((4, 4))


def test_fixations_outside_the_picture_and_people_without_any_are_left_out():
    table = pd.DataFrame(
        [("a", 100.0, 50.0, 50.0), ("b", 100.0, -30.0, 50.0)],
        columns=["participant_id", "duration_ms", "x_ref_px", "y_ref_px"],
    )
    found = maps_of(table)
    assert found.people == ("a",) and found.n_fixations == 1
    assert maps_of(table.iloc[1:]).maps.shape == (0, 27, 48)
    with pytest.raises(ParameterError, match="half of the Gaussian"):
        maps_of(table, cell_px=5.0)
    with pytest.raises(ParameterError, match="or wider on this picture"):
        person_maps(table, (6000, 4000), sigma_px=3)


def test_t_equals_scipy_between_and_within():
    rng = np.random.default_rng(1)
    first, second = (rng.random((n, 60)).astype(np.float32) for n in (7, 9))
    test = TMaps.between(first, second)
    wanted = scipy_stats.ttest_ind(first, second, equal_var=False).statistic
    assert test.t(test.observed[None])[0] == pytest.approx(wanted, abs=1e-3)
    swapped = np.concatenate([second[:7], first, second[7:]])
    order = np.concatenate([np.zeros(7), np.ones(7), np.zeros(2)]).astype(np.float32)
    again = TMaps.between(swapped[:7], swapped[7:])
    assert again.t(order[None])[0] == pytest.approx(wanted, abs=1e-3)
    other = (first + rng.normal(0, 0.3, first.shape)).astype(np.float32)
    paired = TMaps.paired(first, other)
    signs = rng.choice(np.array([-1, 1], np.float32), 7)
    wanted = scipy_stats.ttest_1samp(signs[:, None] * (first - other), 0).statistic
    assert paired.t(signs[None])[0] == pytest.approx(wanted, abs=1e-3)


def test_few_people_have_all_arrangements_counted():
    rng = np.random.default_rng(2)
    a, b = rng.random((5, 4, 6)), rng.random((4, 4, 6))
    a[:, 1, 2] += 4.0
    found = compare_maps(
        raw_maps(a),
        raw_maps(b, list("abcd")),
        method="max_t",
        permutations=5000,
        rng=np.random.default_rng(0),
    )
    everybody = np.concatenate([a, b]).reshape(9, -1)
    largest = []
    for chosen in itertools.combinations(range(9), 5):
        rest = [n for n in range(9) if n not in chosen]
        t = scipy_stats.ttest_ind(everybody[list(chosen)], everybody[rest], equal_var=False).statistic
        largest.append(np.abs(t).max())
    assert found.exact and found.permutations == 125
    assert found.p_max_t == pytest.approx(np.mean(np.array(largest) >= largest[0] - 1e-3))
    assert found.p_max_t < 0.05 and (found.regions[0].more_in, found.regions[0].cells) == ("a", 1)
    assert found.regions[0].peak_px == pytest.approx((2.5 * 20 / 6 - 0.5, 1.5 * 2.5 - 0.5))


def test_random_arrangements_agree_with_all_of_them():
    rng = np.random.default_rng(3)
    a, b = raw_maps(rng.random((5, 6, 8))), raw_maps(rng.random((6, 6, 8)), list("abcdef"))
    exact = compare_maps(a, b, permutations=462, rng=rng)
    drawn = compare_maps(a, b, permutations=461, rng=rng)
    assert exact.exact and not drawn.exact
    assert drawn.p_cluster == pytest.approx(exact.p_cluster, abs=0.08)
    assert drawn.p_max_t == pytest.approx(exact.p_max_t, abs=0.08)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_clusters_equal_a_map_by_map_search(seed):
    rng = np.random.default_rng(seed)
    maps = ndimage.gaussian_filter(rng.normal(0, 6, (3, 9, 11)), (0, 1, 1)).astype(np.float32)
    wanted = []
    for t in maps:
        masses = [0.0]
        for side in (t > 2, t < -2):
            labels, count = ndimage.label(side)
            masses += [float(np.abs(t)[labels == number].sum()) for number in range(1, count + 1)]
        wanted.append(max(masses))
        found, mass = clusters(t, 2.0)
        assert np.array_equal(found > 0, np.abs(t) > 2)
        assert sorted(mass) == pytest.approx(sorted(masses[1:]), rel=1e-5)
    assert largest_masses(maps, 2.0) == pytest.approx(wanted, rel=1e-5)


def test_what_was_moved_is_outlined_where_it_was_moved_to():
    rng = np.random.default_rng(4)
    a = maps_of(looks([f"A{n}" for n in range(15)], rng), "stay")
    b = maps_of(looks([f"B{n}" for n in range(15)], rng, moved=0.3), "moved")
    found = compare_maps(a, b, permutations=500, rng=np.random.default_rng(0))
    region = found.regions[0]
    assert found.p_value == found.p_cluster < 0.01 and region.more_in == "b"
    assert region.share_b > region.share_a + 0.15
    assert np.hypot(*(np.array(region.peak_px) - (165, 90))) < 12
    assert points_in_polygons([(165, 90)], [region.polygons[0]])[0, 0]
    single = compare_maps(a, b, method="max_t", permutations=500, rng=np.random.default_rng(0))
    assert single.p_value == single.p_max_t and single.regions[0].more_in == "b"
    assert float((found.difference * 16).sum()) == pytest.approx(
        0, abs=1e-5
    )  # shares: more here is less there


def test_the_same_people_are_compared_with_themselves():
    rng = np.random.default_rng(5)
    names = [f"P{n}" for n in range(12)]
    a, b = maps_of(looks(names, rng)), maps_of(looks([*names[:10], "X"], rng, moved=0.3))
    found = compare_maps(a, b, permutations=600, rng=np.random.default_rng(0))
    assert (found.design, found.n_a, found.n_b) == ("within", 10, 10)
    assert any("3 people are in one group only" in doubt for doubt in found.doubts)
    assert found.regions[0].more_in == "b"
    with pytest.raises(ParameterError, match="10 are in both"):
        compare_maps(a, b, design="between", rng=rng)
    few = maps_of(looks([*names[:3], *[f"Y{n}" for n in range(8)]], rng))
    with pytest.raises(ParameterError, match="3 are in both"):
        compare_maps(a, few, rng=rng)


@pytest.mark.parametrize(
    ("n", "design", "enough"), [(3, None, False), (4, None, True), (5, "within", False), (6, "within", True)]
)
def test_too_few_people_are_said_to_be_too_few(n, design, enough):
    rng = np.random.default_rng(6)
    names = [f"A{k}" for k in range(n)]
    others = names if design else [f"B{k}" for k in range(n)]
    found = compare_maps(maps_of(looks(names, rng)), maps_of(looks(others, rng)), design=design, rng=rng)
    assert np.isfinite(found.p_value) == enough
    assert any("too few people" in doubt for doubt in found.doubts) != enough
    assert found.difference.shape == found.t.shape == (27, 48)


def test_groups_without_anybody_and_other_grids_are_refused():
    rng = np.random.default_rng(7)
    a = maps_of(looks(["a", "b"], rng))
    with pytest.raises(ParameterError, match="both groups"):
        compare_maps(a, maps_of(looks([], rng)), rng=rng)
    with pytest.raises(ParameterError, match="same grid"):
        compare_maps(a, person_maps(looks(["c"], rng), SIZE, sigma_px=12), rng=rng)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 0.8))
def test_outlines_enclose_exactly_the_cells(seed, density):
    cells = np.random.default_rng(seed).random((7, 9)) < density
    rings = outlines(cells, cell_px=(4.0, 3.0))
    areas = [
        0.5 * np.sum(ring[:, 0] * np.roll(ring[:, 1], -1) - np.roll(ring[:, 0], -1) * ring[:, 1])
        for ring in rings
    ]
    assert sum(areas) == pytest.approx(12.0 * np.count_nonzero(cells))  # holes turn the other way
    assert sum(area > 0 for area in areas) == ndimage.label(cells)[1]
    for ring in rings:
        steps = np.diff(np.vstack([ring, ring[:1]]), axis=0)
        assert np.all((steps == 0).sum(axis=1) == 1)  # along the grid
        assert np.all((steps[:, 0] == 0) != (np.roll(steps[:, 0], 1) == 0))  # every corner is a turn
