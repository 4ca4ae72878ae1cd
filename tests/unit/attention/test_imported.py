"""Mapped gaze of a vendor's program put into the place of ours, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.attention import corner_residuals, find_exposures, match_times
from gazestudy.model import Camera, Creative, Placement, categorical, provenance_of
from gazestudy.model.imported import WHOLE, ImportedMapping
from gazestudy.model.tables import FRAME_KINDS, MAPPING, REASONS
from gazestudy.pipeline.mapping_sources import OtherMappings, map_by_all

MS = 1_000_000
CAMERA = Camera(1280, 720, 900.0, 900.0, 639.5, 359.5)
A, B = (
    Placement(
        name, name, (Creative(f"{name}-1", name, name, "", "", 400, 600),), width_mm=800, height_mm=1200
    )
    for name in "ab"
)
CORNERS = [f"{corner}_{axis}_px" for corner in ("tl", "tr", "br", "bl") for axis in "xy"]


def frames(n=20):
    return pd.DataFrame(
        {
            "t_ns": np.arange(n, dtype=np.int64) * 40 * MS,
            "kind": categorical(["real"] * n, FRAME_KINDS),
            "part": 0,
            "video": 0,
            "index": np.arange(n),
        }
    )


def gaze(n=160, invalid=()):
    reason = np.array(["ok"] * n, dtype=object)
    reason[list(invalid)] = "blink"
    return pd.DataFrame(
        {
            "t_ns": np.arange(n, dtype=np.int64) * 5 * MS,
            "x_px": 300.0,
            "y_px": 200.0,
            "valid": reason == "ok",
            "reason": categorical(reason, REASONS),
            "confidence": np.nan,
            "part": 0,
        }
    )


def imported(placement_id, samples, x=0.25, y=0.5, *, quad=None, at=(), corners=WHOLE, late_ns=0):
    table = pd.DataFrame(
        {
            "t_ns": np.array(samples, dtype=np.int64) * 5 * MS + late_ns,
            "x_share": x,
            "y_share": y,
            "detected": True,
        }
    )
    positions = pd.DataFrame({"t_ns": np.array(at, dtype=np.int64) * 40 * MS})
    for number, name in enumerate(CORNERS):
        positions[name] = np.nan if quad is None else float(np.ravel(quad)[number])
    return ImportedMapping(placement_id, table, positions, corners)


def merged(*several, camera=CAMERA, gaze_table=None):
    """Mapping and mapped gaze of vendors' mappings alone."""
    table = gaze() if gaze_table is None else gaze_table
    found = map_by_all(table, frames(), MAPPING.empty(), [A, B], camera, OtherMappings(imported=several))
    return found.mapping, found.mapped_gaze


def test_times_belong_to_the_nearest_within_half_a_step():
    theirs = np.array([0, 10, 20, 40])
    assert match_times(np.array([-6, -5, 4, 5, 6, 24, 30, 45, 46]), theirs).tolist() == [
        -1, 0, 0, 1, 1, 2, -1, 3, -1,
    ]  # fmt: skip
    assert match_times(np.array([1, 2]), np.array([], dtype=np.int64)).tolist() == [-1, -1]


def test_positions_in_px_and_mm_of_valid_samples_only():
    _, mapped = merged(imported("a", range(10, 20)), gaze_table=gaze(invalid=[12, 13]))
    assert mapped["sample"].tolist() == [10, 11, 14, 15, 16, 17, 18, 19]
    assert mapped[["x_ref_px", "y_ref_px", "x_mm", "y_mm"]].iloc[0].tolist() == [99.5, 299.5, 200.0, 600.0]
    assert mapped["frame"].tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
    facts = provenance_of(mapped)["facts"]["imported"]["a"]
    assert (facts["samples_exact"], facts["samples_nearest"], facts["samples_on"]) == (10, 0, 8)


def test_a_little_later_is_the_same_sample():
    _, mapped = merged(imported("a", range(10, 20), late_ns=2 * MS))
    assert len(mapped) == 10
    assert provenance_of(mapped)["facts"]["imported"]["a"]["samples_nearest"] == 10


def test_corners_of_the_placement_in_the_picture():
    """A trapezium: its middle line and diagonals say where (0.5, 0.3) of the picture is on the placement."""
    corners = ((0.2, 0.0), (0.8, 0.0), (1.0, 1.0), (0.0, 1.0))
    # the diagonals of the trapezium meet at the middle of the placement: (0.5, 0.6 / 1.6)
    _, mapped = merged(imported("a", range(5), 0.5, 0.375, corners=corners))
    np.testing.assert_allclose(mapped[["x_ref_px", "y_ref_px"]], [[199.5, 299.5]] * 5, atol=1e-9)
    _, outside = merged(imported("a", range(5), 0.05, 0.1, corners=corners))
    assert len(outside) == 0


def test_a_sample_is_on_one_placement():
    _, mapped = merged(imported("a", range(20, 60)), imported("b", range(40, 80)))
    assert mapped["placement_id"].tolist() == ["a"] * 40 + ["b"] * 20
    assert provenance_of(mapped)["facts"]["imported"]["b"]["claimed_by_another"] == 20


def test_in_view_where_the_vendor_located_gaze():
    mapping, _ = merged(imported("a", [*range(16, 32), *range(80, 96)]))
    assert mapping["frame"].tolist() == [2, 3, 10, 11]
    found = find_exposures(mapping, frames(), [A, B], camera=CAMERA)
    assert found["duration_ms"].tolist() == [80.0, 80.0]
    assert found[["visible_share_mean", "width_deg_max", "distance_mm_min"]].isna().all(axis=None)
    assert len(find_exposures(mapping, frames(), [A, B], min_visible_share=0.1)) == 0


@pytest.mark.parametrize(("left", "share"), [(100, 1.0), (-200.5, 0.5), (1279.5 - 100, 0.25)])
def test_corners_in_the_scene_image(left, share):
    quad = np.array([[left, 50], [left + 400, 50], [left + 400, 650], [left, 650]])
    mapping, _ = merged(imported("a", range(40), quad=quad, at=range(3, 6)))
    assert mapping["frame"].tolist() == [3, 4, 5]
    assert mapping["visible_share"].tolist() == [share] * 3
    assert mapping["width_px"].tolist() == pytest.approx([400.0] * 3)
    seen = find_exposures(mapping, frames(), [A], camera=CAMERA)
    assert seen["distance_mm_min"].iloc[0] >= 900 * 800 / 400
    assert np.isnan(
        merged(imported("a", range(40), quad=quad, at=[3]), camera=None)[0]["visible_share"]
    ).all()


def test_frames_without_corners_are_not_in_view():
    quad = np.full((4, 2), np.nan)
    mapping, _ = merged(imported("a", range(40), quad=quad, at=range(3)))
    assert len(mapping) == 0


def test_corners_tell_where_positions_begin():
    quad = np.array([[100, 100], [500, 100], [500, 500], [100, 500]])
    both = corner_residuals(
        imported("a", range(100), 0.5, 0.25, quad=quad, at=range(20)), gaze(), frames(), CAMERA
    )
    np.testing.assert_allclose(both, [[0.5, 0.25, 0.5, 0.25]] * 100, atol=1e-9)
