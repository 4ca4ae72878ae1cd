import numpy as np
import pandas as pd
import pytest

from gazestudy.attention import (
    MetricParameters,
    add_viewing,
    attention_tables,
    find_exposures,
    viewing_geometry,
)
from gazestudy.errors import ParameterError
from gazestudy.model import Aoi, categorical, provenance_of
from gazestudy.model.tables import MAPPING_STATES, METRICS

from .table_makers import CAMERA, frames, gaze, mapped_fixations, mapped_gaze, mapping, placement

A, B, C = placement("a"), placement("b"), placement("c")
LOGO = Aoi("logo", "a", "Logo", ((0, 0), (100, 0), (100, 100), (0, 100)))
FACE = Aoi("face", "a", "Face", ((50, 50), (300, 50), (300, 300), (50, 300)))


def worked_example(**changed):
    return attention_tables("R1", "P1", **arguments(**changed)).metrics


def arguments(**changed):
    """One walk, worked by hand.

    Placement a: in view in frames 10-59 and 100-149 (0.4-2.4 s, 4.0-6.0 s), fixated at 0.8-1.0 s on logo and
    face, at 1.0-1.3 s on neither, at 4.2-4.5 s on the face. Placement b: in view in frames 0-24, never fixated.
    """
    rows = [(f, "a", 0, 0.5) for f in range(10, 60)] + [(f, "a", 0, 1.0) for f in range(100, 150)]
    rows += [(f, "b", 0, 0.25) for f in range(25)]
    samples = [(s, "a", 75, 75) for s in range(160, 200)] + [(s, "a", 390, 590) for s in range(200, 260)]
    samples += [(s, "a", 200, 200) for s in range(840, 900)]
    fixations = [(0, 800, 1000, "a", 75, 75), (1, 1000, 1300, "a", 390, 590), (2, 4200, 4500, "a", 200, 200)]
    tables = {
        "placements": [A, B, C],
        "aois": [LOGO, FACE],
        "frames": frames(),
        "mapping": mapping(rows),
        "gaze": gaze(),
        "mapped_gaze": mapped_gaze(samples),
        "mapped_fixations": mapped_fixations(fixations),
    }
    return {**tables, **changed}


def test_the_tables_behind_the_metrics_add_up_to_them():
    tables = attention_tables("R1", "P1", **arguments())
    exposed = tables.exposures.groupby("placement_id")["duration_ms"].sum()
    assert exposed["a"] == tables.metrics.iloc[0]["exposure_ms"]
    visits = tables.visits[(tables.visits["placement_id"] == "a") & (tables.visits["aoi_id"] == "")]
    assert visits["fixation_count"].tolist() == [2, 1]
    assert provenance_of(tables.visits) == provenance_of(tables.metrics)


def test_each_fixation_knows_how_large_its_placement_was():
    """A board whose pixels lie 1 mm apart at 2 m, then at 0.5 m, straight ahead of the camera."""
    at = {20: 2000.0, 60: 500.0}
    rows = []
    for frame, z_mm in at.items():
        h = CAMERA.matrix @ np.diag([1, 1, z_mm])
        rows.append(mapping([(frame, "a", 0, 1.0)], h / h[2, 2]))
    fixations = mapped_fixations(
        [(0, 100, 200, "b", 9, 9), (1, 700, 900, "a", 9, 9), (2, 2300, 2500, "a", 9, 9)]
    )
    seen = add_viewing(
        fixations, pd.concat(rows, ignore_index=True), [placement("a", width_mm=400.0), B], CAMERA
    )
    assert np.isnan(seen["width_deg"].iloc[0])
    for row, z_mm in zip((1, 2), at.values(), strict=True):
        left, right = np.array([-0.5, 299.5, z_mm]), np.array([399.5, 299.5, z_mm])
        angle = np.degrees(np.arccos(left @ right / np.linalg.norm(left) / np.linalg.norm(right)))
        assert seen["width_deg"].iloc[row] == pytest.approx(angle)
        assert seen["distance_mm"].iloc[row] == pytest.approx(np.linalg.norm([199.5, 299.5, z_mm]))


def test_a_walk_worked_by_hand():
    table = worked_example()
    METRICS.check(table)
    assert list(zip(table["placement_id"], table["aoi_id"], strict=True)) == [
        ("a", ""), ("a", "logo"), ("a", "face"), ("b", ""), ("c", ""),
    ]  # fmt: skip
    whole, logo, face, b, c = (row for _, row in table.iterrows())
    assert whole["exposure_count"] == 2 and whole["exposure_ms"] == pytest.approx(4000)
    assert whole["visible_share_mean"] == pytest.approx(0.75)
    assert whole["fixation_count"] == 3 and whole["dwell_ms"] == pytest.approx(800)
    assert whole["time_to_first_fixation_ms"] == pytest.approx(400)
    assert whole["first_fixation_ms"] == pytest.approx(200)
    assert whole["gaze_ms"] == pytest.approx(160 * 5)
    assert (whole["visit_count"], whole["revisit_count"]) == (2, 1)
    assert bool(whole["noticed"]) and np.isnan(whole["censored_at_ms"])

    assert (logo["fixation_count"], logo["visit_count"], logo["revisit_count"]) == (1, 1, 0)
    assert logo["gaze_ms"] == pytest.approx(200) and logo["dwell_ms"] == pytest.approx(200)
    assert face["fixation_count"] == 2 and face["dwell_ms"] == pytest.approx(500)
    assert face["visit_count"] == 2

    assert not b["noticed"] and b["exposure_count"] == 1 and b["exposure_ms"] == pytest.approx(1000)
    assert np.isnan(b["time_to_first_fixation_ms"]) and b["censored_at_ms"] == pytest.approx(1000)
    assert b["dwell_ms"] == 0 and np.isnan(b["first_fixation_ms"])
    assert (
        c["exposure_count"] == 0 and not c["noticed"] and c["exposure_ms"] == 0 and c["censored_at_ms"] == 0
    )
    assert provenance_of(table)["facts"]["rules"]["noticed"]


def test_time_in_view_before_the_first_fixation_leaves_out_time_out_of_view():
    late = mapped_fixations([(0, 4200, 4500, "a", 200, 200)])
    row = worked_example(mapped_fixations=late).iloc[0]
    assert row["time_to_first_fixation_ms"] == pytest.approx(3800)
    assert row["exposure_to_first_fixation_ms"] == pytest.approx(2000 + 200)


def test_times_of_the_year_2026_in_nanoseconds_lose_no_digit():
    start = 1_795_300_000_123_456_789
    tables = {
        "frames": frames().assign(t_ns=lambda t: t["t_ns"] + start),
        "mapping": mapping([(f, "a", 0, 1.0) for f in range(10, 60)]).assign(
            t_ns=lambda t: t["t_ns"] + start
        ),
        "gaze": gaze().assign(t_ns=lambda t: t["t_ns"] + start),
        "mapped_gaze": mapped_gaze([(s, "a", 75, 75) for s in range(160, 200)]).assign(
            t_ns=lambda t: t["t_ns"] + start
        ),
        "mapped_fixations": mapped_fixations([(0, 800, 1000, "a", 75, 75)]),
    }
    for column in ("onset_ns", "offset_ns"):
        tables["mapped_fixations"][column] += start
    row = worked_example(**tables).iloc[0]
    assert row["time_to_first_fixation_ms"] == 400.0 and row["exposure_to_first_fixation_ms"] == 400.0


def test_a_fixation_that_began_before_the_placement_was_located_took_no_time():
    early = mapped_fixations([(0, 350, 600, "a", 200, 200)])
    assert worked_example(mapped_fixations=early).iloc[0]["time_to_first_fixation_ms"] == 0


def test_copies_in_view_at_once_are_one_exposure_with_the_best_view():
    rows = [(f, "a", 0, 0.2) for f in range(10, 30)] + [(f, "a", 1, 0.9) for f in range(20, 40)]
    table = find_exposures(mapping(rows), frames(), [A])
    assert len(table) == 1
    assert table["duration_ms"].iloc[0] == pytest.approx(30 * 40)
    assert table["visible_share_mean"].iloc[0] == pytest.approx((10 * 0.2 + 20 * 0.9) / 30)


@pytest.mark.parametrize(("hole", "count"), [(4, 1), (5, 1), (6, 2)])
def test_holes_up_to_the_limit_are_bridged(hole, count):
    rows = [(f, "a", 0, 1.0) for f in range(10)] + [(f, "a", 0, 1.0) for f in range(10 + hole, 20 + hole)]
    assert len(find_exposures(mapping(rows), frames(), [A], max_hole_ms=200)) == count


def test_exposures_do_not_cross_parts():
    part = np.repeat([0, 1], 125)
    table = find_exposures(mapping([(f, "a", 0, 1.0) for f in range(120, 130)]), frames(part=part), [A])
    assert table["duration_ms"].tolist() == [200.0, 200.0]


def test_minimum_share_and_duration_take_gaze_along():
    """What does not count as exposure cannot be noticed in it either."""
    table = worked_example(parameters=MetricParameters(min_visible_share=0.8))
    whole = table.iloc[0]
    assert whole["exposure_count"] == 1 and whole["fixation_count"] == 1
    assert whole["time_to_first_fixation_ms"] == pytest.approx(200)
    assert provenance_of(table)["facts"]["fixations_outside_exposures"] == 2
    table = worked_example(parameters=MetricParameters(min_exposure_ms=3000))
    assert table["exposure_count"].sum() == 0 and not table["noticed"].any()


def test_a_refused_mapping_is_no_exposure():
    rows = mapping([(f, "a", 0, 1.0) for f in range(10)])
    rows["state"] = categorical(["too_small"] * 10, MAPPING_STATES)
    assert len(find_exposures(rows, frames(), [A])) == 0


def test_short_pauses_do_not_end_a_visit_but_parts_do():
    samples = [(s, "a", 10, 10) for s in [*range(100, 140), *range(170, 200)]]  # 150 ms pause
    fixations = mapped_fixations([(0, 500, 690, "a", 10, 10), (1, 860, 990, "a", 10, 10)])
    changed = {"mapped_gaze": mapped_gaze(samples), "mapped_fixations": fixations}
    assert worked_example(**changed).iloc[0]["visit_count"] == 1
    assert (
        worked_example(**changed, parameters=MetricParameters(max_pause_ms=100)).iloc[0]["visit_count"] == 2
    )
    assert (
        worked_example(**changed, gaze=gaze(part=np.repeat([0, 1], [150, 1850]))).iloc[0]["visit_count"] == 2
    )


def test_gaze_without_a_fixation_is_no_visit_and_not_noticed():
    table = worked_example(mapped_fixations=mapped_fixations([]))
    assert table.iloc[0]["gaze_ms"] == pytest.approx(800)
    assert table.iloc[0]["visit_count"] == 0 and not table.iloc[0]["noticed"]
    assert provenance_of(table)["facts"]["visits_without_fixation"] > 0


def test_fixations_too_short_to_count_are_no_looks_in_any_column():
    """Of the three looks that of 200 ms, which is the only one on the logo, falls away."""
    table = worked_example(parameters=MetricParameters(min_fixation_ms=250))
    whole, logo = table.iloc[0], table.iloc[1]
    assert whole["fixation_count"] == 2 and whole["dwell_ms"] == pytest.approx(600)
    assert whole["time_to_first_fixation_ms"] == pytest.approx(600)
    assert not logo["noticed"] and logo["dwell_ms"] == 0 and logo["visit_count"] == 0
    assert provenance_of(table)["facts"]["fixations_too_short"] == 1
    brief = mapped_fixations([(0, 800, 899, "a", 75, 75)])
    assert not worked_example(mapped_fixations=brief)["noticed"].any()


def test_empty_tables_give_a_row_per_placement():
    table = worked_example(
        mapping=mapping([]), mapped_gaze=mapped_gaze([]), mapped_fixations=mapped_fixations([])
    )
    METRICS.check(table)
    assert len(table) == 5 and table["exposure_count"].sum() == 0


def test_visual_angle_and_distance_of_a_placed_board():
    """A 1.2 x 1.8 m board with known pose; angle and distance from its corners in space."""
    board = placement("a", width_mm=1200.0, height_mm=1800.0)
    turn = np.radians(50)
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    centre = np.array([800.0, -300.0, 4000.0])
    corner = centre - rotation @ np.array([600.0, 900.0, 0.0])  # outer corner of the picture
    to_mm = np.array([[3.0, 0, 1.5], [0, 3.0, 1.5], [0, 0, 1.0]])  # 3 mm per px; px 0 is 1.5 mm from the edge
    h = CAMERA.matrix @ np.column_stack([rotation[:, 0], rotation[:, 1], corner]) @ to_mm
    seen = viewing_geometry(mapping([(0, "a", 0, 1.0)], h / h[2, 2]), board, CAMERA).iloc[0]
    left, right = centre - 600 * rotation[:, 0], centre + 600 * rotation[:, 0]
    angle = np.degrees(np.arccos(left @ right / np.linalg.norm(left) / np.linalg.norm(right)))
    assert seen["width_deg"] == pytest.approx(angle, abs=1e-9)
    assert seen["distance_mm"] == pytest.approx(np.linalg.norm(centre), rel=1e-9)
    without_size = viewing_geometry(mapping([(0, "a", 0, 1.0)], h / h[2, 2]), placement("a"), CAMERA).iloc[0]
    assert without_size["width_deg"] == pytest.approx(angle) and np.isnan(without_size["distance_mm"])


@pytest.mark.parametrize("name", ["max_hole_ms", "min_exposure_ms", "max_pause_ms", "min_visible_share"])
def test_bad_parameters_are_named(name):
    with pytest.raises(ParameterError, match=name):
        MetricParameters(**{name: -1.0})


def test_an_aoi_of_an_unknown_placement_is_refused():
    with pytest.raises(ParameterError, match="nowhere"):
        worked_example(aois=[Aoi("x", "nowhere", "X", ((0, 0), (1, 0), (1, 1)))])
