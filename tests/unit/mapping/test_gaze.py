from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.geometry.cameras import distort_px
from gazestudy.geometry.homographies import apply_homography
from gazestudy.mapping import SAMPLE_STATES, gaze_by_frame, map_fixations, map_gaze, unmapped_samples
from gazestudy.model.camera import Camera
from gazestudy.model.study import Creative, Placement
from gazestudy.model.tables import (
    EVENT_KINDS,
    FRAME_KINDS,
    MAPPED_FIXATIONS,
    MAPPED_GAZE,
    MAPPING,
    MAPPING_STATES,
    REASONS,
    categorical,
)

CAMERA = Camera(640, 360, 420.0, 420.0, 315.0, 182.0, "opencv5", (-0.28, 0.09, 0.0, 0.0, -0.01))


def placement(name: str, size=(100, 200), mm=(1000.0, 2000.0)) -> Placement:
    return Placement(
        name,
        name,
        (Creative(name + "-1", name, "", "", "", *size),),
        width_mm=mm and mm[0],
        height_mm=mm and mm[1],
    )


def frames_table(t_ns, kinds=None) -> pd.DataFrame:
    count = len(t_ns)
    return pd.DataFrame(
        {
            "t_ns": np.asarray(t_ns, dtype=np.int64),
            "kind": categorical(kinds or ["real"] * count, FRAME_KINDS),
            "part": 0,
            "video": 0,
            "index": np.arange(count),
        }
    )


def gaze_table(t_ns, points, valid=None) -> pd.DataFrame:
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    valid = np.ones(len(points), bool) if valid is None else np.asarray(valid)
    return pd.DataFrame(
        {
            "t_ns": np.asarray(t_ns, dtype=np.int64),
            "x_px": points[:, 0],
            "y_px": points[:, 1],
            "valid": valid,
            "reason": categorical(np.where(valid, "ok", "blink"), REASONS),
            "confidence": 1.0,
            "part": 0,
        }
    )


def mapping_table(rows) -> pd.DataFrame:
    """rows: (frame, placement, copy, homography or None, width_px, creative)"""
    out = []
    for frame, name, copy, h, width, creative in rows:
        values = np.full(9, np.nan) if h is None else (h / h[2, 2]).ravel()
        state = "lost" if h is None else "mapped"
        out.append((frame, frame * 40, name, creative, copy, state, *values, 50, 0.9, 0.9, float(width), 0.2))
    table = pd.DataFrame(out, columns=MAPPING.names)
    table["state"] = categorical(table["state"], MAPPING_STATES)
    return MAPPING.check(table)


def shifted(x: float, y: float, scale: float = 1.0) -> np.ndarray:
    return np.array([[scale, 0, x], [0, scale, y], [0, 0, 1.0]])


def test_a_sample_uses_the_frame_on_show_and_the_lens():
    tilted = np.array([[1.1, 0.05, 240], [0.02, 0.9, 60], [5e-4, 1e-4, 1.0]])
    mapping = mapping_table([(0, "a", 0, shifted(5000, 0), 100, "a-2"), (1, "a", 0, tilted, 100, "a-1")])
    wanted = np.array([[20.0, 30.0], [99.0, 199.0], [0.0, 0.0]])
    scene = distort_px(apply_homography(tilted, wanted), CAMERA)
    mapped, states = map_gaze(
        gaze_table([40, 60, 79], scene), frames_table([0, 40, 80]), mapping, [placement("a")], CAMERA
    )
    MAPPED_GAZE.check(mapped)
    np.testing.assert_allclose(mapped[["x_ref_px", "y_ref_px"]], wanted, atol=1e-6)
    np.testing.assert_allclose(mapped["x_mm"], (wanted[:, 0] + 0.5) * 10, atol=1e-5)
    assert mapped["frame"].tolist() == [1, 1, 1] and list(states) == ["on_placement"] * 3


def test_every_sample_has_a_state():
    mapping = mapping_table([(0, "a", 0, shifted(0, 0), 100, "a-1"), (1, "a", 0, None, 100, "a-1")])
    gaze = gaze_table(
        [-5, 0, 10, 20, 45, 85, 130],
        [[5, 5], [5, 5], [150, 5], [5, 5], [5, 5], [5, 5], [5, 5]],
        [1, 1, 1, 0, 1, 1, 1],
    ).astype({"valid": bool})
    frames = frames_table([0, 40, 80, 120], ["real", "real", "filler", "real"])
    mapped, states = map_gaze(gaze, frames, mapping, [placement("a", mm=None)], None)
    assert list(states) == [
        "no_frame", "on_placement", "off_placements", "invalid", "nothing_mapped", "no_frame", "nothing_mapped",
    ]  # fmt: skip
    assert set(states.categories) == set(SAMPLE_STATES)
    assert mapped["sample"].tolist() == [1] and mapped["x_mm"].isna().all()


def test_edges_of_the_picture():
    mapping = mapping_table([(0, "a", 0, shifted(0, 0), 100, "a-1")])
    points = [[-0.49, -0.49], [-0.51, 0], [99.49, 199.49], [99.51, 0], [0, 199.51]]
    mapped, _ = map_gaze(gaze_table([0] * 5, points), frames_table([0]), mapping, [placement("a")], None)
    assert mapped["sample"].tolist() == [0, 2]


def test_where_placements_overlap_the_larger_wins():
    rows = [(0, "far", 0, shifted(0, 0), 100, "far-1"), (0, "near", 0, shifted(20, 20, 3), 300, "near-1")]
    mapped, _ = map_gaze(
        gaze_table([0, 0], [[50, 50], [5, 5]]), frames_table([0]), mapping_table(rows),
        [placement("far"), placement("near")], None,
    )  # fmt: skip
    assert mapped["placement_id"].tolist() == ["near", "far"]


def at_time(before, now, later, last, share):
    """Catmull-Rom; it bends evenly where a frame around is missing, not at all without both."""
    if later is None:
        step = share * (0 if before is None else now - before)  # goes on as it came
        return now + step if np.hypot(*np.broadcast_to(step, 2)) <= 5.0 else np.full(2, np.nan)
    if before is None:
        before = 2 * now - later if last is None else 3 * now - 3 * later + last
    if last is None:
        last = 3 * later - 3 * now + before
    basis = [[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]
    return 0.5 * share ** np.arange(4) @ basis @ [before, now, later, last]


def test_agrees_with_one_sample_at_a_time():
    rng = np.random.default_rng(3)
    rows, homographies = [], {}
    for frame in range(20):
        for number, name in enumerate("abc"):
            if rng.random() < 0.7:
                h = shifted(250 * number + rng.uniform(0, 40), rng.uniform(0, 40), rng.uniform(0.5, 2))
                rows.append((frame, name, 0, h, 100 * h[0, 0], name + "-1"))
                homographies[frame, name] = h
    t = np.sort(rng.integers(0, 20 * 40, 600))
    points = rng.uniform(0, 700, (600, 2))
    mapped, _ = map_gaze(
        gaze_table(t, points),
        frames_table(np.arange(20) * 40),
        mapping_table(rows),
        [placement(n) for n in "abc"],
        None,
    )

    def place(frame, name, point):
        h = homographies.get((frame, name))
        if h is None:
            return None
        x, y, w = np.linalg.inv(h) @ [*point, 1]
        return np.array([x / w, y / w])

    expected = []
    for sample, (when, point) in enumerate(zip(t, points, strict=True)):
        best = None
        for name in "abc":
            before, now, later, last = (place(when // 40 + step, name, point) for step in (-1, 0, 1, 2))
            if now is None:
                continue
            x, y = at_time(before, now, later, last, (when % 40) / 40)
            size = homographies[when // 40, name][0, 0]
            if -0.5 <= x < 99.5 and -0.5 <= y < 199.5 and (best is None or size > best[0]):
                best = (size, name, x, y)
        if best:
            expected.append((sample, *best[1:]))
    assert mapped["sample"].tolist() == [e[0] for e in expected]
    assert mapped["placement_id"].tolist() == [e[1] for e in expected]
    np.testing.assert_allclose(mapped["x_ref_px"], [e[2] for e in expected], atol=1e-9)


def test_a_turning_head_does_not_carry_gaze_along():
    turning = [(frame, "a", 0, shifted(10.0 * frame, 0.0), 100, "a-1") for frame in range(3)]
    points = [
        [50.0 + when / 4, 20.0] for when in range(0, 80, 5)
    ]  # steady in the world: moves with the poster
    mapped, _ = map_gaze(
        gaze_table(range(0, 80, 5), points),
        frames_table([0, 40, 80]),
        mapping_table(turning),
        [placement("a")],
        None,
    )
    np.testing.assert_allclose(mapped["x_ref_px"], 50.0, atol=1e-9)


def test_a_nodding_head_is_followed_along_a_curve():
    at = lambda ms: 8.0 * np.sin(ms / 60.0)  # noqa: E731
    nodding = [(frame, "a", 0, shifted(0.0, at(40 * frame)), 100, "a-1") for frame in range(8)]
    times = np.arange(80, 200, 5)
    points = np.column_stack([np.full(len(times), 50.0), 90.0 + at(times)])
    mapped, _ = map_gaze(
        gaze_table(times, points),
        frames_table(40 * np.arange(8)),
        mapping_table(nodding),
        [placement("a")],
        None,
    )
    straight = at(times) - np.interp(times, 40 * np.arange(8), at(40 * np.arange(8)))
    assert np.abs(mapped["y_ref_px"] - 90.0).max() < 0.35 * np.abs(straight).max()


@pytest.mark.parametrize(("step_px", "mapped_until_ms"), [(4.0, 40), (12.0, 16)])
def test_in_the_last_frame_it_goes_on_as_it_came_until_nobody_knows(step_px, mapped_until_ms):
    turning = [(frame, "a", 0, shifted(step_px * frame, 0.0), 100, "a-1") for frame in range(2)]
    times = range(40, 80, 4)
    points = [[50.0 + step_px * when / 40, 20.0] for when in times]
    mapped, states = map_gaze(
        gaze_table(times, points), frames_table([0, 40, 80]), mapping_table(turning), [placement("a")], None
    )
    assert len(mapped) == sum(when - 40 <= mapped_until_ms for when in times)
    np.testing.assert_allclose(mapped["x_ref_px"], 50.0, atol=1e-9)
    assert set(states) <= {"on_placement", "nothing_mapped"}


def test_nothing_moves_between_frames_that_are_far_apart_or_of_other_pictures():
    rows = [(0, "a", 0, shifted(0, 0), 100, "a-1"), (1, "a", 0, shifted(10, 0), 100, "a-2")]
    for frame_ms, table in (([0, 40, 80], rows), ([0, 900, 940, 980], [rows[0], (1, *rows[1][1:5], "a-1")])):
        mapped, _ = map_gaze(
            gaze_table([20], [[50.0, 20.0]]),
            frames_table(frame_ms),
            mapping_table(table),
            [placement("a")],
            None,
        )
        assert mapped["x_ref_px"].tolist() == [50.0]


def test_empty_tables():
    empty_map = MAPPING.empty()
    mapped, states = map_gaze(gaze_table([0], [[1, 1]]), frames_table([0]), empty_map, [], None)
    assert mapped.empty and list(states) == ["nothing_mapped"]
    mapped, states = map_gaze(gaze_table([], []), frames_table([]), empty_map, [], None)
    assert mapped.empty and len(states) == 0
    assert map_fixations(events([]), gaze_table([], []), mapped, []).empty


def events(spans, kinds=None) -> pd.DataFrame:
    count = len(spans)
    first = np.array([s[0] for s in spans], dtype=np.int64)
    last = np.array([s[1] for s in spans], dtype=np.int64)
    return pd.DataFrame(
        {
            "event_id": np.arange(count) + 7,
            "kind": categorical(kinds or ["fixation"] * count, EVENT_KINDS),
            "onset_ns": first * 10,
            "offset_ns": last * 10 + 10,
            "duration_ms": (last - first + 1) * 1e-5,
            "first_sample": first,
            "last_sample": last,
        }
    )


@pytest.mark.parametrize(("on", "taken"), [(4, False), (5, True)])
def test_a_fixation_belongs_where_half_its_valid_samples_are(on, taken):
    points = [[x, 10] for x in (1, 2, 3, 4, 50)][:on] + [[500, 10]] * (10 - on)
    valid = [True] * 10 + [False] * 4  # invalid samples do not count
    gaze = gaze_table(np.arange(14), points + [[np.nan, np.nan]] * 4, valid)
    mapped, _ = map_gaze(
        gaze,
        frames_table([0]),
        mapping_table([(0, "a", 0, shifted(0, 0), 100, "a-1")]),
        [placement("a")],
        None,
    )
    table = map_fixations(events([(0, 13)]), gaze, mapped, [placement("a")])
    MAPPED_FIXATIONS.check(table)
    assert len(table) == taken
    if taken:
        row = table.iloc[0]
        assert (row["event_id"], row["x_ref_px"], row["y_ref_px"], row["on_share"]) == (7, 3.0, 10.0, 0.5)
        assert row["x_mm"] == pytest.approx(35.0)


def test_fixations_take_the_placement_with_most_samples_and_saccades_none():
    a, b = [10, 10], [310, 10]
    gaze = gaze_table(np.arange(14), [a] * 3 + [b] * 4 + [a] * 4 + [b] * 3)
    rows = [(0, "a", 0, shifted(0, 0), 100, "a-1"), (0, "b", 0, shifted(300, 0), 100, "b-1")]
    known = [placement("a"), placement("b")]
    mapped, _ = map_gaze(gaze, frames_table([0]), mapping_table(rows), known, None)
    table = map_fixations(
        events([(0, 6), (7, 10), (11, 13)], ["fixation", "saccade", "fixation"]), gaze, mapped, known
    )
    assert table["placement_id"].tolist() == ["b", "b"] and table["event_id"].tolist() == [7, 9]
    assert table["on_share"].tolist() == [4 / 7, 1.0]


@pytest.mark.parametrize(("pictured", "taken"), [(4, True), (2, False)])
def test_samples_without_a_picture_say_nothing_unless_they_are_nearly_all(pictured, taken):
    times = list(range(pictured)) + [100 + i for i in range(10 - pictured)]  # the camera pauses from 40 on
    gaze = gaze_table(times, [[10, 10]] * 10)
    frames = frames_table([0, 40], ["real", "gap"])
    mapping = mapping_table([(0, "a", 0, shifted(0, 0), 100, "a-1")])
    mapped, states = map_gaze(gaze, frames, mapping, [placement("a")], None)
    assert (states == "no_frame").sum() == 10 - pictured
    known = [placement("a")]
    assert len(map_fixations(events([(0, 9)]), gaze, mapped, known, states=states)) == taken
    assert map_fixations(events([(0, 9)]), gaze, mapped, known).empty


def test_a_switch_of_picture_does_not_split_a_fixation():
    gaze = gaze_table([0, 1, 2, 40, 41, 42, 43, 44], [[10, 10]] * 4 + [[400, 10]] * 4)
    rows = [(0, "a", 0, shifted(0, 0), 100, "one"), (1, "a", 0, shifted(0, 0), 100, "two")]
    mapped, _ = map_gaze(gaze, frames_table([0, 40]), mapping_table(rows), [placement("a")], None)
    table = map_fixations(events([(0, 7)]), gaze, mapped, [placement("a")])
    assert table["creative_id"].tolist() == ["one"] and table["on_share"].tolist() == [0.5]


def test_gaze_by_frame_keeps_valid_gaze_of_each_frame():
    gaze = gaze_table(
        [-5, 0, 10, 20, 45, 300], [[i, i] for i in range(6)], np.array([1, 1, 0, 1, 1, 1], dtype=bool)
    )
    found = gaze_by_frame(gaze, frames_table([0, 40, 80]))
    assert {k: v.tolist() for k, v in found.items()} == {0: [[1, 1], [3, 3]], 1: [[4, 4]]}
    assert 2 not in found and found.get(-1) is None and len(found) == 2
    assert gaze_by_frame(gaze_table([], []), frames_table([0])) == {}


def test_every_unmapped_sample_has_its_reason():
    mapping = mapping_table([(0, "a", 0, shifted(0, 0), 100, "a-1"), (1, "a", 0, None, 100, "a-1")])
    gaze = gaze_table([0, 5, 45, 50, 95], [[150, 5], [5, 5], [5, 5], [5, 5], [5, 5]], [1, 1, 1, 0, 1])
    gaze = gaze.astype({"valid": bool})
    frames = frames_table([0, 40, 80])
    _, states = map_gaze(gaze, frames, mapping, [placement("a")], None)
    why = unmapped_samples(gaze, frames, mapping, states)
    assert why["sample"].tolist() == [0, 2, 4] and why["frame"].tolist() == [0, 1, 2]
    assert why["state"].tolist() == ["off_placements", "nothing_mapped", "nothing_mapped"]
    assert why["refused"].tolist() == ["", "a: lost", ""]


def test_the_expected_error_of_a_sample_grows_from_the_centre_to_the_corners():
    mapping = mapping_table([(0, "a", 0, shifted(0, 0), 100, "a-1")]).assign(corner_error_share=0.02)
    points = [[49.5, 99.5], [99.4, 199.4], [0, 99.5]]
    mapped, _ = map_gaze(gaze_table([0, 1, 2], points), frames_table([0]), mapping, [placement("a")], None)
    half_way = np.sqrt(0.2**2 + (2.0**2 - 0.2**2) / 2)
    np.testing.assert_allclose(mapped["error_px"], [0.2, 2.0, half_way], atol=0.03)
