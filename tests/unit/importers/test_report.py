"""The report after an import."""

import json

import pytest

from gazestudy.importers import build_report, read_recording

HEADER = "timestamp [ns],gaze x [px],gaze y [px],worn,blink id"


@pytest.fixture
def report(tmp_path, cloud):
    """100 Hz, one gap of 200 ms, one step back, three lost samples."""
    times = [0, 10, 20, 30, 230, 240, 250, 260, 255, 270, 280]
    cells = ["5,5,1,"] * len(times)
    cells[1], cells[2], cells[3] = "5,5,0,", "5,5,1,1", ",,1,"
    rows = [f"{time * 1_000_000},{cell}" for time, cell in zip(times, cells, strict=True)]
    return build_report(read_recording(cloud(tmp_path, header=HEADER, rows=[*rows, "x,1,1,1,"])))


def test_numbers(report):
    gaze = report.streams[0]
    assert (gaze.name, gaze.rows, gaze.gap_count, gaze.longest_gap_ms, gaze.not_monotonic) == (
        "gaze",
        11,
        1,
        200.0,
        1,
    )
    assert gaze.median_rate_hz == 100.0
    assert gaze.effective_rate_hz == pytest.approx(10 / 0.28, abs=1e-3)
    assert gaze.duration_s == 0.28
    assert (report.valid_samples, report.gaze_samples) == (8, 11)
    assert report.valid_share == 8 / 11
    lost = {reason: count for reason, count in report.reasons.items() if count and reason != "ok"}
    assert lost == {"not_worn": 1, "blink": 1, "no_data": 1}
    assert report.frame_kinds == {"real": 5, "filler": 0, "gap": 0}
    assert {finding.code for finding in report.skipped} >= {"rows_skipped", "file_missing"}
    assert [finding.code for finding in report.checks] == ["check_duration"]
    assert report.problems == ()


def test_dictionary_is_json(report):
    values = json.loads(json.dumps(report.to_dict()))
    assert values["streams"][0]["rows"] == 11
    assert values["reasons"]["blink"] == 1
    assert len(values["findings"]) == len(report.findings)


def test_text_names_everything(report):
    text = str(report)
    assert "walk (Pupil Invisible), read by pupil-cloud 1" in text
    assert (
        "gaze: 11 rows over 0.28 s, 100.0 Hz median, 35.7 Hz effective, 1 gap (longest 200 ms), 1 step back"
        in text
    )
    assert "valid 8 of 11 samples (72.7%); lost: blink 1, not worn 1, no data 1" in text
    assert "frames: real 5" in text
    for finding in report.findings:
        assert finding.message in text
    order = [
        line.split(":")[0].strip()
        for line in text.splitlines()
        if line.strip().startswith(("warning:", "info:"))
    ]
    assert order == sorted(order, reverse=True)  # warnings before mere facts


def test_empty_recording(tmp_path, cloud):
    report = build_report(read_recording(cloud(tmp_path, rows=[])))
    assert report.valid_share is None
    assert [finding.code for finding in report.problems] == ["no_rows"]
    assert "gaze: 0 rows" in str(report)
