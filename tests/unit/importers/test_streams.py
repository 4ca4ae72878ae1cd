"""Order, reasons, gaps and frame kinds."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.importers.recordings.pupil.filler import by_frame_times
from gazestudy.importers.streams import (
    frame_table,
    gap_findings,
    gaps,
    gaze_stream,
    in_time_order,
    outside_image,
)
from gazestudy.model.tables import FRAMES, GAZE

MS = 1_000_000


@pytest.mark.parametrize(
    ("steps_ms", "expected_ms"),
    [
        pytest.param([5] * 10, [], id="regular"),
        pytest.param([5] * 10 + [75], [], id="not-longer-than-75"),
        pytest.param([5] * 10 + [76], [76], id="just-longer"),
        pytest.param([40] * 10 + [110], [], id="three-slow-steps"),
        pytest.param([40] * 10 + [130, 40, 500], [130, 500], id="two"),
        pytest.param([], [], id="single-sample"),
    ],
)
def test_gaps(steps_ms, expected_ms):
    t_ns = np.cumsum([0, *steps_ms]) * MS
    assert (gaps(t_ns) / MS).tolist() == expected_ms
    assert len(gap_findings(t_ns, "gaze")) == (1 if expected_ms else 0)


def test_sorting_is_stable_and_reported():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"t_ns": rng.integers(0, 50, 200), "row": np.arange(200)})
    ordered, findings = in_time_order(table, "gaze")
    expected = sorted(zip(table["t_ns"], table["row"], strict=True))
    assert list(zip(ordered["t_ns"], ordered["row"], strict=True)) == expected
    assert findings[0].count == sum(b < a for a, b in zip(table["t_ns"][:-1], table["t_ns"][1:], strict=True))


def test_border_of_the_image_is_half_a_pixel_out():
    x = np.array([-0.5, -0.51, 99.5, 99.51, 50.0, np.nan])
    assert outside_image(x, np.full(6, 10.0), (100, 50)).tolist() == [False, True, False, True, False, False]
    assert not outside_image(x, x, None).any()


def test_gaze_keeps_its_contract_also_without_rows():
    none = np.zeros(0)
    stream = gaze_stream(none.astype(np.int64), none, none, reasons={}, size_px=(10, 10), findings=[])
    GAZE.check(stream.table)
    assert [finding.code for finding in stream.findings] == ["no_rows"]


def test_frames_without_a_picture_are_gaps_only_where_there_is_a_video():
    t_ns = np.array([0, 40, 80])
    index = np.array([0, 1, -1])
    with_video = FRAMES.check(frame_table(t_ns, video=np.array([0, 0, -1]), index=index))
    assert with_video["kind"].astype(str).tolist() == ["real", "real", "gap"]
    without = FRAMES.check(frame_table(t_ns, filler=np.array([True, False, False]), has_video=False))
    assert without["kind"].astype(str).tolist() == ["filler", "real", "real"]


@pytest.mark.parametrize(
    ("steps_ms", "expected"),
    [
        pytest.param([50, 50, 33, 34, 35, 33], "1110000", id="start"),
        pytest.param([33, 34, 35, 33, 50], "000001", id="end"),
        pytest.param([33, 34, 50, 50, 50, 34, 33, 31], "000111000", id="between"),
        pytest.param([33, 34, 50, 34, 33, 31], "0000000", id="one-by-chance"),
        pytest.param([33, 50.1, 49.9, 50.2, 34, 33], "0000000", id="camera-that-slows"),
        pytest.param([50] * 8, "000000000", id="camera-at-20-hz"),
        pytest.param([], "0", id="one-frame"),
    ],
)
def test_filler_by_frame_times(steps_ms, expected):
    t_ns = np.cumsum([0, *(round(step * MS) for step in steps_ms)]).astype(np.int64)
    assert "".join(str(int(one)) for one in by_frame_times(t_ns)) == expected
