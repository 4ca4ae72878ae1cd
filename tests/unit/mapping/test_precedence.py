"""The order of the ways of mapping, worked by hand: every placement is a square that is easy to place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.mapping.appearance import GRID, pack
from gazestudy.mapping.precedence import (
    SOURCES,
    VendorLayer,
    combine_mappings,
    fixation_sources,
    map_by_precedence,
    rank,
)
from gazestudy.model import Creative, Placement, categorical, provenance_of
from gazestudy.model.manual import ManualAnswer
from gazestudy.model.tables import FRAME_KINDS, MAPPED_GAZE, MAPPING, MAPPING_STATES, REASONS

MS = 1_000_000
H = [f"h{row}{column}" for row in range(3) for column in range(3)]


def placement(name, copies=1):
    creative = Creative(f"{name}-1", name, name, "", "", 100, 100)
    return Placement(name, name, (creative,), width_mm=1000, height_mm=1000, copies=copies)


A, B, TWIN = placement("a"), placement("b"), placement("twin", copies=2)
PLACEMENTS = [A, B, TWIN]
FRAMES = pd.DataFrame(
    {
        "t_ns": np.arange(10, dtype=np.int64) * 40 * MS,
        "kind": categorical(["real"] * 10, FRAME_KINDS),
        "part": 0,
        "video": 0,
        "index": np.arange(10),
    }
)
N = 80


def gaze(x=150.0, y=150.0, invalid=()):
    reason = np.array(["ok"] * N, dtype=object)
    reason[list(invalid)] = "blink"
    return pd.DataFrame(
        {
            "t_ns": np.arange(N, dtype=np.int64) * 5 * MS,
            "x_px": np.full(N, x),
            "y_px": np.full(N, y),
            "valid": reason == "ok",
            "reason": categorical(reason, REASONS),
            "confidence": np.nan,
            "part": 0,
        }
    )


def rows(name, frames, left=100.0, top=100.0, *, state="mapped", copy=0, **extra):
    """A placement whose reference px are scene px from (left, top) on."""
    h = np.array([1, 0, left, 0, 1, top, 0, 0, 1.0])
    n = len(frames)
    table = pd.DataFrame(
        {
            "frame": np.array(frames, dtype=np.int64),
            "t_ns": np.array(frames, dtype=np.int64) * 40 * MS,
            "placement_id": pd.Series([name] * n, dtype="str"),
            "creative_id": pd.Series([f"{name}-1"] * n, dtype="str"),
            "copy": np.full(n, copy, dtype=np.int64),
            "state": categorical([state] * n, MAPPING_STATES),
            **{key: np.full(n, h[k] if state == "mapped" else np.nan) for k, key in enumerate(H)},
            "inliers": np.full(n, 20, dtype=np.int64),
            "confidence": 0.9,
            "visible_share": 1.0,
            "width_px": 100.0,
            "error_px": 0.5,
            **extra,
        }
    )
    return MAPPING.check(table)


def together(*parts):
    return pd.concat(parts, ignore_index=True).sort_values("frame", kind="stable", ignore_index=True)


def where(found):
    """Placement and source of each sample, "" for none."""
    result = [""] * N
    for row in found.mapped_gaze.itertuples():
        result[row.sample] = f"{row.placement_id} {row.source}"
    return result


def run(mappings, **given):
    return map_by_precedence(given.pop("gaze", gaze()), FRAMES, mappings, PLACEMENTS, None, **given)


def test_the_order_is_the_documented_one():
    assert SOURCES == ("manual", "key_frames", "markers", "automatic", "vendor")
    order = sorted(["vendor", "automatic", "markers", "manual", "key_frames"], key=rank)
    assert order == list(SOURCES)
    assert rank("markers") < rank("vendor", "instead") < rank("automatic")


def test_each_frame_takes_the_strongest_way():
    found = run(
        {
            "automatic": rows("a", range(10), left=90),
            "markers": rows("a", range(3, 10), left=95),
            "key_frames": rows("a", range(6, 10), left=100),
        }
    )
    assert where(found) == ["a automatic"] * 24 + ["a markers"] * 24 + ["a key_frames"] * 32
    assert found.mapping["source"].tolist() == ["automatic"] * 3 + ["markers"] * 3 + ["key_frames"] * 4
    x = found.mapped_gaze.set_index("sample")["x_ref_px"]
    assert (x[0], x[24], x[79]) == (60, 55, 50)
    # within the frame before a change the pose moves on towards the next one
    assert x[20] == pytest.approx(60 - 5 * 0.5)
    assert provenance_of(found.mapped_gaze)["facts"]["sources"] == {
        "automatic": 24,
        "markers": 24,
        "key_frames": 32,
    }


def test_a_stronger_way_keeps_weaker_ones_of_other_placements_from_its_place():
    found = run({"automatic": rows("b", range(10), left=110), "key_frames": rows("a", range(5))})
    assert where(found) == ["a key_frames"] * 40 + ["b automatic"] * 40
    assert found.mapping["placement_id"].tolist() == ["a"] * 5 + ["b"] * 5
    # beside each other both stay; where they still overlap, gaze belongs to the stronger one
    beside = rows("b", range(10), left=180, top=100, width_px=300.0)
    found = run({"automatic": beside, "key_frames": rows("a", range(5))}, gaze=gaze(x=190.0))
    assert where(found) == ["a key_frames"] * 40 + ["b automatic"] * 40
    assert len(found.mapping) == 15


def test_a_located_placement_is_not_put_elsewhere_by_a_weaker_way():
    found = run({"automatic": rows("a", range(10)), "markers": rows("a", range(10), left=300)})
    assert where(found) == [""] * N
    assert set(found.states) == {"off_placements"}


def test_prints_of_one_picture_are_told_apart_by_their_place():
    strong = rows("twin", range(4), left=100)
    weak = together(rows("twin", range(4), left=104), rows("twin", range(4), left=400, copy=1))
    both = combine_mappings({"key_frames": strong, "automatic": weak}, PLACEMENTS)
    assert both["source"].tolist() == ["key_frames", "automatic"] * 4
    assert both["copy"].tolist() == [0, 1] * 4
    other = rows("twin", range(4), left=400)  # weaker, and called copy 0 there
    both = combine_mappings({"key_frames": strong, "automatic": other}, PLACEMENTS)
    assert both["copy"].tolist() == [0, 1] * 4


def test_what_is_mapped_beats_what_is_refused():
    refused = rows("a", range(10), state="ambiguous")
    found = combine_mappings({"key_frames": refused, "automatic": rows("a", range(5))}, PLACEMENTS)
    assert found["state"].tolist() == ["mapped"] * 5 + ["ambiguous"] * 5
    found = combine_mappings({"key_frames": rows("a", range(5)), "automatic": refused}, PLACEMENTS)
    assert found["state"].tolist() == ["mapped"] * 5 + ["ambiguous"] * 5
    assert found["source"].tolist() == ["key_frames"] * 5 + ["automatic"] * 5


def test_markers_learn_who_stands_in_front_where_the_picture_agrees():
    hidden = np.zeros((GRID, GRID), dtype=bool)
    hidden[:, : GRID // 2 + 1] = True
    seen = rows("a", range(10), left=101, hidden=pack(hidden), visible_share=0.4)
    found = run({"automatic": seen, "markers": rows("a", range(5))})
    assert found.mapping["visible_share"].tolist() == [0.4] * 10
    assert set(found.states[:40]) == {"in_front"}
    far = run({"automatic": seen.assign(h02=130.0), "markers": rows("a", range(5))})
    assert set(far.states[:40]) == {"on_placement"}


def layer(name, samples, order="instead"):
    samples = np.array(samples, dtype=np.int64)
    table = pd.DataFrame(
        {
            "sample": samples,
            "t_ns": samples * 5 * MS,
            "placement_id": pd.Series([name] * len(samples), dtype="str"),
            "creative_id": pd.Series([f"{name}-1"] * len(samples), dtype="str"),
            "copy": 0,
            "frame": samples // 8,
            "x_ref_px": 10.0,
            "y_ref_px": 10.0,
            "x_mm": 100.0,
            "y_mm": 100.0,
        }
    )
    return VendorLayer(
        name, order, rows(name, sorted(set((samples // 8).tolist())), left=np.nan), MAPPED_GAZE.check(table)
    )


def test_a_vendor_stands_where_it_is_put():
    ours = {"automatic": rows("a", range(5, 10))}
    instead = run(ours, vendor=[layer("a", range(20, 60))])
    assert where(instead) == [""] * 20 + ["a vendor"] * 40 + [""] * 20
    after = run(ours, vendor=[layer("a", range(20, 60), "after")])
    assert where(after) == [""] * 20 + ["a vendor"] * 20 + ["a automatic"] * 40
    assert after.mapping["source"].tolist() == ["vendor"] * 3 + ["automatic"] * 5
    never = run(ours, vendor=[layer("a", range(20, 60), "never")])
    assert where(never) == [""] * 40 + ["a automatic"] * 40


def test_a_vendor_takes_samples_from_automatic_mapping_only():
    ours = {"automatic": rows("b", range(10)), "markers": rows("b", range(5))}
    found = run(ours, vendor=[layer("a", range(N))])
    assert where(found) == ["b markers"] * 40 + ["a vendor"] * 40
    assert provenance_of(found.mapped_gaze)["facts"]["imported"]["a"]["claimed_by_another"] == 40
    # where key frames have the placement, and gaze is not on it, the vendor is not asked
    elsewhere = {"key_frames": rows("a", range(5), left=300)}
    assert where(run(elsewhere, vendor=[layer("a", range(N))])) == [""] * 40 + ["a vendor"] * 40
    both = run({}, vendor=[layer("a", range(40)), layer("b", range(20, N))])
    assert where(both) == ["a vendor"] * 40 + ["b vendor"] * 40


def answer(first, last, verdict, name="", x=np.nan, y=np.nan, **more):
    return ManualAnswer("r", first * 5 * MS, last * 5 * MS, verdict, name, x, y, **more)


def test_what_a_person_says_beats_everything():
    found = run(
        {"key_frames": rows("a", range(10))},
        vendor=[layer("a", range(N))],
        answers=[answer(10, 20, "on", "b", 0.25, 1.0), answer(30, 40, "nowhere"), answer(50, 60, "off", "a")],
    )
    expected = ["a key_frames"] * N
    expected[10:20] = ["b manual"] * 10
    expected[30:40] = expected[50:60] = [""] * 10
    assert where(found) == expected
    at = found.mapped_gaze.set_index("sample").loc[10]
    assert (at["x_ref_px"], at["x_mm"], at["y_mm"], at["frame"]) == (24.5, 250.0, 1000.0, 1)
    assert -0.5 <= at["y_ref_px"] < 99.5
    assert found.states[30] == "off_placements"
    assert found.answered.nonzero()[0].tolist() == [*range(10, 20), *range(30, 40), *range(50, 60)]
    seen = found.mapping[found.mapping["placement_id"] == "b"]
    assert (seen["frame"].tolist(), seen["source"].tolist()) == ([1, 2], ["manual", "manual"])
    assert seen[H].isna().all(axis=None)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([("on", "b", 0.5, 0.5), ("nowhere",)], ""),
        ([("nowhere",), ("on", "b", 0.5, 0.5)], "b manual"),
        ([("on", "b", 0.5, 0.5), ("off", "b")], "a automatic"),
        ([("on", "b", 0.5, 0.5), ("off", "a")], "b manual"),
        ([("off", "a"), ("on", "a", 0.5, 0.5)], "a manual"),
        ([("off", "a"), ("off", "b")], ""),
        ([("nowhere",), ("off", "b")], ""),
    ],
)
def test_the_later_answer_counts(answers, expected):
    given = [answer(20, 30, *one) for one in answers]
    found = where(run({"automatic": rows("a", range(10))}, answers=given))
    assert found[20:30] == [expected] * 10
    assert found[:20] + found[30:] == ["a automatic"] * 70


def test_blinks_are_not_answered_and_a_clock_ends_before_its_end():
    found = run({}, answers=[answer(10, 13, "on", "a", 0, 0)], gaze=gaze(invalid=[11]))
    assert found.mapped_gaze["sample"].tolist() == [10, 12]
    assert found.mapped_gaze["x_ref_px"].tolist() == [-0.5, -0.5]


def test_fixations_say_which_way_most_of_them_came():
    found = run({"automatic": rows("a", range(10)), "markers": rows("a", range(4))})
    fixations = pd.DataFrame(
        {
            "onset_ns": np.array([0, 30, 20]) * 5 * MS,
            "offset_ns": np.array([20, 79, 40]) * 5 * MS,
            "placement_id": ["a", "a", "a"],
        }
    )
    assert fixation_sources(fixations, found.mapped_gaze)["source"].tolist() == [
        "markers",
        "automatic",
        "markers",
    ]
    assert len(fixation_sources(fixations[:0], found.mapped_gaze)) == 0


def test_nothing_at_all():
    found = run({})
    assert (len(found.mapping), len(found.mapped_gaze)) == (0, 0)
    assert "source" in found.mapped_gaze.columns
    assert set(found.states) == {"nothing_mapped"}


def tracked(shares, left=100.0, name="a"):
    """Rows of key frames: clicked in frame 0, tracked in the others, each with its expected error."""
    extra = {
        "corner_error_share": shares,
        "key_frame_ns": np.zeros(len(shares), dtype=np.int64),
        "fitted": 0.0,
    }
    return rows(name, range(len(shares)), left, **extra)


def test_what_was_tracked_gives_way_to_what_is_surer_but_the_click_itself_never_does():
    key_frames = tracked([0.02, 0.10, 0.001, 0.10], left=103.0)
    automatic = rows("a", range(4), 100.0, corner_error_share=0.005)
    both = combine_mappings({"key_frames": key_frames, "automatic": automatic}, PLACEMENTS)
    assert both["source"].tolist() == ["key_frames", "automatic", "key_frames", "automatic"]
    assert both["h02"].tolist() == [103.0, 100.0, 103.0, 100.0]
    assert len(both) == 4


def test_a_person_who_clicks_elsewhere_corrects_automatic_mapping():
    key_frames = tracked([0.02, 0.10, 0.10], left=112.0)  # 12 % of the width apart in the key frame too
    automatic = rows("a", range(3), 100.0, corner_error_share=0.005)
    both = combine_mappings({"key_frames": key_frames, "automatic": automatic}, PLACEMENTS)
    assert set(both["source"]) == {"key_frames"}
    # without automatic mapping in the key frame nobody contradicts it
    later = combine_mappings({"key_frames": key_frames, "automatic": automatic[1:]}, PLACEMENTS)
    assert later["source"].tolist() == ["key_frames", "automatic", "automatic"]


def test_what_was_tracked_elsewhere_never_gives_way():
    key_frames = tracked([0.02, 0.10], left=400.0)
    automatic = rows("a", [1], 100.0, corner_error_share=0.005)
    both = combine_mappings({"key_frames": key_frames, "automatic": automatic}, PLACEMENTS)
    assert set(both["source"]) == {"key_frames"}


def test_parts_are_hidden_where_a_surer_row_and_the_fit_from_a_key_frame_both_say_so():
    left, top = np.zeros((GRID, GRID), dtype=bool), np.zeros((GRID, GRID), dtype=bool)
    left[:, : GRID // 2], top[: GRID // 2] = True, True
    automatic = rows("a", [1, 2], corner_error_share=0.005, hidden=pack(left))
    fitted = {"fitted": [1.0, 1.0, 0.0], "hidden": [pack(top)] * 3}
    key_frames = tracked([0.02, 0.10, 0.10]).assign(**fitted)
    both = combine_mappings({"key_frames": key_frames, "automatic": automatic}, PLACEMENTS)
    assert both["source"].tolist() == ["key_frames", "automatic", "automatic"]
    # without a fit to the picture a key frame knows nothing of who stands in front
    assert both["hidden"].tolist() == [pack(top), pack(left & top), pack(left)]
