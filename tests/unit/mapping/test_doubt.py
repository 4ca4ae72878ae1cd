"""Reasons for doubt, one by one, in a recording where everything else is fine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.mapping.doubt import placement_quality, review_fixations
from gazestudy.mapping.gaze import SAMPLE_STATES
from gazestudy.model import Creative, Placement, categorical
from gazestudy.model.tables import EVENT_KINDS, FRAME_KINDS, MAPPING, MAPPING_STATES

MS = 1_000_000
A, B = (Placement(n, n, (Creative(f"{n}-1", n, n, "", "", 200, 300),)) for n in ("a", "b"))
N_FRAMES, N = 40, 320
FRAMES = pd.DataFrame(
    {
        "t_ns": np.arange(N_FRAMES, dtype=np.int64) * 40 * MS,
        "kind": categorical(["real"] * N_FRAMES, FRAME_KINDS),
        "part": 0,
        "video": 0,
        "index": np.arange(N_FRAMES),
    }
)
H = [f"h{row}{column}" for row in range(3) for column in range(3)]


def looks(*spans):
    return pd.DataFrame(
        {
            "event_id": range(len(spans)),
            "kind": categorical(["fixation"] * len(spans), EVENT_KINDS),
            "onset_ns": [5 * MS * first for first, _ in spans],
            "offset_ns": [5 * MS * last for _, last in spans],
            "duration_ms": [5.0 * (last - first) for first, last in spans],
            "first_sample": [first for first, _ in spans],
            "last_sample": [last - 1 for _, last in spans],
        }
    )


def rows(name="a", frames=range(N_FRAMES), state="mapped", **values):
    frames = list(frames)
    n = len(frames)
    given = {"corner_error_share": 0.002, "confidence": 0.95, "source": "automatic", **values}
    table = pd.DataFrame(
        {
            "frame": np.array(frames, dtype=np.int64),
            "t_ns": np.array(frames, dtype=np.int64) * 40 * MS,
            "placement_id": pd.Series([name] * n, dtype="str"),
            "creative_id": pd.Series([f"{name}-1"] * n, dtype="str"),
            "copy": np.zeros(n, dtype=np.int64),
            "state": categorical([state] * n, MAPPING_STATES),
            **dict(zip(H, np.eye(3).ravel().tolist(), strict=True)),
            "inliers": np.zeros(n, dtype=np.int64),
            "visible_share": 1.0,
            "width_px": 200.0,
            "error_px": 0.1,
            **given,
        }
    )
    return MAPPING.check(table)


def mapped(samples=range(N), name="a", x=100.0, y=150.0, source="automatic"):
    samples = np.array(list(samples), dtype=np.int64)
    return pd.DataFrame(
        {
            "sample": samples,
            "t_ns": samples * 5 * MS,
            "placement_id": pd.Series([name] * len(samples), dtype="str"),
            "x_ref_px": x,
            "y_ref_px": y,
            "source": source,
        }
    )


def on(event=0, name="a", x=100.0, y=150.0, on_share=1.0, source="automatic"):
    return pd.DataFrame(
        {
            "event_id": [event],
            "placement_id": [name],
            "copy": [0],
            "source": [source],
            "x_ref_px": [x],
            "y_ref_px": [y],
            "on_share": [on_share],
        }
    )


def review(
    fixation=None, mapping=None, *, gaze=None, others=None, states="on_placement", answered=(), at=(100, 150)
):
    """The row of one fixation of 200 ms in the middle."""
    said = np.zeros(N, dtype=bool)
    said[list(answered)] = True
    names = np.array([states] * N) if isinstance(states, str) else np.array(states)
    gaze = mapped() if gaze is None else gaze
    table = review_fixations(
        looks((160, 200)),
        on() if fixation is None else fixation,
        gaze,
        rows() if mapping is None else mapping,
        {"automatic": gaze, **(others or {})},
        categorical(names, SAMPLE_STATES),
        said,
        frames=FRAMES,
        frame_of=np.arange(N) // 8,
        flat_px=np.tile(np.array(at, dtype=float), (N, 1)),
        placements=[A, B],
    )
    assert len(table) == 1
    return table.iloc[0]


def test_nothing_to_doubt():
    row = review()
    assert (row["doubt"], row["reasons"], row["placement_id"], row["source"]) == (0.0, "", "a", "automatic")
    assert row["expected_error_share"] == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mapping": rows(corner_error_share=0.03)}, "expected error 3.0% of the width"),
        ({"mapping": rows(confidence=0.5)}, "only 50% of the picture looks right"),
        ({"fixation": on(on_share=0.6)}, "only 60% of its samples lie on it"),
        ({"fixation": on(x=0.0)}, "at the edge"),
        (
            {"mapping": pd.concat([rows(frames=range(20, 40)), rows("b", range(3))])},
            "not located in 33% of the frames around it",
        ),
        (
            {"others": {"markers": mapped(x=112.0)}},
            "automatic mapping and markers are 6.0% of the width apart",
        ),
        ({"others": {"key_frames": mapped(name="b")}}, "automatic mapping says a, key frames says b"),
        ({"states": ["in_front"] * 180 + ["on_placement"] * 140}, "somebody stands in front in 50% of it"),
    ],
)
def test_each_reason_is_said_and_raises_doubt(given, words):
    row = review(**given)
    assert words in row["reasons"]
    assert row["reasons"].count(";") == 0
    assert 0.1 < row["doubt"] < 1


def test_reasons_add_up_and_the_strongest_comes_first():
    one, other = review(fixation=on(on_share=0.9)), review(mapping=rows(confidence=0.45))
    both = review(fixation=on(on_share=0.9), mapping=rows(confidence=0.45))
    assert both["doubt"] == pytest.approx(1 - (1 - one["doubt"]) * (1 - other["doubt"]), abs=1e-3)
    assert both["reasons"] == f"{other['reasons']}; {one['reasons']}"


def test_an_answer_ends_doubt():
    row = review(fixation=on(on_share=0.5), answered=range(150, 185))
    assert (row["doubt"], row["reasons"], row["answered"]) == (0.0, "a person has answered it", True)
    assert not review(answered=range(190, 300))["answered"]


def test_why_nothing_was_mapped():
    nothing = {"fixation": on(event=9), "gaze": mapped([]), "states": "nothing_mapped"}
    assert review(mapping=rows(frames=[]), **nothing)["reasons"] == "no placement is located near it"
    refused = rows(frames=range(18, 28), state="ambiguous")
    assert review(mapping=refused, **nothing)["reasons"] == "a is ambiguous"
    around = rows(frames=[*range(10), *range(30, 40)])
    near, far = (review(mapping=around, at=at, **nothing) for at in ((100, 150), (900, 150)))
    assert near["reasons"] == "a is located before and after, not during it, and gaze is near it"
    assert "not near it" in far["reasons"]
    assert near["doubt"] > 0.5 > far["doubt"]
    assert near["placement_id"] == ""


def test_doubtful_fixations_come_first():
    table = review_fixations(
        looks((0, 40), (80, 120), (160, 200)),
        pd.concat([on(0), on(1, on_share=0.55), on(2, on_share=0.8)], ignore_index=True),
        mapped(),
        rows(),
        {"automatic": mapped()},
        categorical(["on_placement"] * N, SAMPLE_STATES),
        np.zeros(N, dtype=bool),
        frames=FRAMES,
        frame_of=np.arange(N) // 8,
        flat_px=np.zeros((N, 2)),
        placements=[A, B],
    )
    assert table["event_id"].tolist() == [1, 2, 0]


def test_quality_of_a_placement():
    mapping = pd.concat(
        [
            rows(frames=[*range(10), *range(20, 30)], corner_error_share=0.004),
            rows(frames=range(30, 35), state="ambiguous"),
            rows("b", range(5), source="key_frames"),
        ]
    ).sort_values("frame")
    by_source = {"automatic": mapped(range(80)), "markers": mapped(range(40, 80), x=104.0)}
    found = placement_quality(mapping, by_source, frames=FRAMES, placements=[A, B]).set_index("placement_id")
    a = found.loc["a"]
    assert (a["frames_in_view"], a["frames_mapped"], a["frames_ambiguous"]) == (35, 20, 5)
    assert a["mapped_share"] == pytest.approx(20 / 35)
    assert a["expected_error_share"] == pytest.approx(0.004)
    assert (a["disagreement_share"], a["samples_compared"], a["samples_elsewhere"]) == (0.02, 40, 0)
    assert found.loc["b", "sources"] == "key_frames 5"
    assert np.isnan(found.loc["b", "disagreement_share"])
