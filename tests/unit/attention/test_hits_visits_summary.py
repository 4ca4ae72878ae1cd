import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazestudy.attention import aoi_hits, find_visits, summarise
from gazestudy.errors import ParameterError
from gazestudy.geometry.polygons import points_in_polygons
from gazestudy.model import Aoi, provenance_of

MS = 1_000_000


def test_overlapping_aois_of_several_placements():
    rng = np.random.default_rng(0)
    mapped = pd.DataFrame(
        {
            "placement_id": rng.choice(["a", "b", "c"], 400),
            "x_ref_px": rng.uniform(0, 100, 400),
            "y_ref_px": rng.uniform(0, 100, 400),
        }
    )
    aois = [
        Aoi(f"{place}{k}", place, "", tuple(map(tuple, rng.uniform(0, 100, (3, 2)))))
        for k in range(4)
        for place in ("b", "a")
    ]
    found = aoi_hits(mapped, aois)
    wanted = [
        (row, aoi.id)
        for row, (place, x, y) in enumerate(mapped.itertuples(index=False))
        for aoi in aois
        if aoi.placement_id == place and points_in_polygons([(x, y)], [aoi.points_px])[0, 0]
    ]
    assert list(found.itertuples(index=False, name=None)) == wanted
    assert found["row"].duplicated().any()
    assert aoi_hits(mapped, []).empty and aoi_hits(mapped.iloc[:0], aois).empty


def on_it(samples, place="a", aoi=""):
    return pd.DataFrame({"sample": samples, "t_ns": np.array(samples, np.int64) * 5 * MS}).assign(
        placement_id=place, aoi_id=aoi
    )


def no_fixations(rows=()):
    table = pd.DataFrame(rows, columns=["event_id", "onset_ns", "offset_ns", "placement_id", "aoi_id"])
    return table.astype({"onset_ns": np.int64, "offset_ns": np.int64})


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 300), max_size=80), st.integers(0, 300), st.sampled_from([0, 50, 200]))
def test_visits_equal_a_walk_over_the_samples(samples, border, max_gap_ms):
    samples = sorted(samples)
    part = pd.Series((np.arange(301) >= border).astype(int))
    wanted = []
    for sample in samples:
        last = wanted[-1][-1] if wanted else None
        if last is not None and part[last] == part[sample] and (sample - last) * 5 <= max_gap_ms:
            wanted[-1].append(sample)
        else:
            wanted.append([sample])
    found = find_visits(on_it(samples), no_fixations(), part, max_gap_ms=max_gap_ms)
    assert found["onset_ns"].tolist() == [run[0] * 5 * MS for run in wanted]
    assert found["offset_ns"].tolist() == [run[-1] * 5 * MS for run in wanted]
    assert found["visit"].tolist() == list(range(len(wanted)))


def test_every_fixation_is_in_one_visit_of_its_own_target():
    gaze = pd.concat(
        [
            on_it(range(100, 140)),
            on_it(range(300, 340)),
            on_it(range(120, 130), aoi="x"),
            on_it(range(310, 330), place="b"),
        ]
    )
    rows = [
        (0, 505 * MS, 600 * MS, "a", ""),  # within the first visit
        (1, 690 * MS, 760 * MS, "a", ""),  # its middle lies 30 ms after it
        (2, 1380 * MS, 1520 * MS, "a", ""),  # begins before the second one
        (3, 600 * MS, 640 * MS, "a", "x"),
    ]
    found = find_visits(gaze, no_fixations(rows), pd.Series(np.zeros(400, int)))
    counts = found.set_index(["placement_id", "aoi_id", "visit"])["fixation_count"].to_dict()
    assert counts == {("a", "", 0): 2, ("a", "", 1): 1, ("a", "x", 0): 1, ("b", "", 0): 0}


# -- over participants


def metrics(rows):
    """Rows of (recording, participant, placement, aoi, exposures, fixations, dwell)."""
    columns = [
        "recording_id",
        "participant_id",
        "placement_id",
        "aoi_id",
        "exposure_count",
        "fixation_count",
        "dwell_ms",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table["noticed"] = table["fixation_count"] > 0
    table["exposure_ms"] = table["exposure_count"] * 1000.0
    table["gaze_ms"] = table["dwell_ms"] * 1.1
    table["visit_count"] = table["noticed"].astype(int)
    table["time_to_first_fixation_ms"] = np.where(table["noticed"], 300.0 + table["dwell_ms"], np.nan)
    return table


STUDY = metrics(
    [
        ("R1", "P1", "a", "", 2, 3, 600.0),
        ("R1", "P1", "a", "logo", 2, 1, 100.0),
        ("R2", "P2", "a", "", 1, 0, 0.0),
        ("R2", "P2", "a", "logo", 1, 0, 0.0),
        ("R3", "P3", "a", "", 0, 0, 0.0),
        ("R3", "P3", "a", "logo", 0, 0, 0.0),
        ("R4", "P1", "a", "", 1, 0, 0.0),  # a second walk of P1
        ("R4", "P1", "a", "logo", 1, 0, 0.0),
        ("R1", "P1", "b", "", 1, 1, 200.0),
        ("R2", "P2", "b", "", 1, 1, 400.0),
        ("R3", "P3", "b", "", 0, 0, 0.0),
    ]
)


def test_the_denominator_is_who_was_exposed_and_nobody_counts_twice():
    table = summarise(STUDY).set_index(["placement_id", "aoi_id"])
    a = table.loc[("a", "")]
    assert (a["n_participants"], a["n_exposed"], a["n_noticed"]) == (3, 2, 1)
    assert a["notice_rate"] == 0.5 and a["median_dwell_ms"] == 300 and a["median_dwell_noticed_ms"] == 600
    assert a["median_exposure_ms"] == 2000  # P1: 3 s over two walks, P2: 1 s
    assert a["median_time_to_first_fixation_ms"] == 900
    assert table.loc[("a", "logo"), "median_dwell_noticed_ms"] == 100
    assert table.loc[("b", ""), "n_noticed"] == 2
    assert "denominator" in provenance_of(table)["facts"]["rules"]["n_exposed"]


def test_groups_without_aoi_count_whole_placements():
    table = summarise(
        STUDY.assign(segment=np.where(STUDY["participant_id"] == "P1", "regular", "visitor")), by=["segment"]
    )
    regular = table.set_index("segment").loc["regular"]
    assert (regular["n_participants"], regular["n_exposed"], regular["n_noticed"]) == (1, 2, 2)


def test_a_placement_that_nobody_met_has_no_rate():
    table = summarise(metrics([("R1", "P1", "c", "", 0, 0, 0.0)]))
    assert table["n_exposed"].iloc[0] == 0
    assert (
        table[["notice_rate", "notice_rate_low", "notice_rate_high", "median_dwell_ms"]].isna().all(axis=None)
    )


def test_unknown_group_is_named():
    with pytest.raises(ParameterError, match="daypart"):
        summarise(STUDY, by=["daypart"])


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (1, 30), (17, 40), (0, 1)])
def test_one_case_each_has_the_wilson_interval_of_scipy(k, n):
    from scipy.stats import binomtest

    table = summarise(metrics([(f"R{i}", f"P{i}", "a", "", 1, int(i < k), 100.0) for i in range(n)])).iloc[0]
    wanted = binomtest(k, n).proportion_ci(method="wilson")
    assert table["notice_rate_low"] == pytest.approx(wanted.low, abs=1e-12)
    assert table["notice_rate_high"] == pytest.approx(wanted.high, abs=1e-12)
    assert table["notice_rate_method"] == "Wilson, one each"


def test_people_who_meet_several_placements_widen_the_interval():
    rows = [(f"R{p}", f"P{p}", f"ad{a}", "", 1, int(p < 5), 0.0) for p in range(20) for a in range(6)]
    table = metrics(rows).assign(segment="all")
    found = summarise(table, by=["segment"]).iloc[0]
    assert (found["n_noticed"], found["n_exposed"]) == (30, 120)
    assert found["notice_rate_method"] == "Wilson, effective n, t"
    # everybody noticed all or nothing: 20 observations, not 120
    assert found["notice_rate_low"] < 0.11 and found["notice_rate_high"] > 0.47
