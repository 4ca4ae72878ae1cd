"""Viewpointsystem VPS 19 and Lite, written here as their documentation and readers describe them."""

import numpy as np
import pytest

from gazestudy.errors import GazestudyError, UnknownFormatError
from gazestudy.importers import find_recordings, list_importers, read_recording

COMMENTS = [
    "# Viewpointsystem gaze data",
    "# format: 2",
    "# Recording start: 2021-06-01T08:00:00+00:00",
    "# user: none",
    '# system: {"glasses": "G-17", "%s": "U-4", "operating system": "3.1"}',
]
HEADER = (
    "GazeTimeStamp\tMediaTimeStamp\tMediaFrameIndex\tFrontTimeStamp\tGaze2dX\tGaze2dY\tPupilCenterLeftX"
    "\tGazeLeftX\tPupilDiaLeft\tPupilDiaRight"
)
ROWS = [
    "50.00\t0.1\t3\t50.01\t80.5\t40.25\t-30\t0.1\t3.1\t3.2",
    "NaN\t0.14\t4\t50.05\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN",
    "50.04\t0.14\t4\t50.05\t500\t40\t-30\t0.1\t3.1\t3.2",
    "50.08\t0.18\t5\t50.09\tNaN\tNaN\t-30\t0.1\t3.1\t3.2",
]


def codes(recording):
    return {finding.code: finding.severity for finding in recording.findings()}


def written(unit: str, rows: list[str] = ROWS) -> str:
    return "\n".join(["\n".join(COMMENTS) % unit, HEADER, *rows]) + "\n"


@pytest.fixture
def vps(tmp_path, write_video):
    (tmp_path / "walk.tsv").write_text(written("Smart Unit"), encoding="utf-8")
    write_video(tmp_path / "walk.mkv", [0, 40, 80])
    return tmp_path


def test_gaze(vps):
    recording = read_recording(vps)
    gaze = recording.gaze
    assert gaze["t_ns"].tolist() == [50_000_000_000, 50_040_000_000, 50_080_000_000]
    assert gaze["reason"].tolist() == ["ok", "out_of_image", "no_data"]
    assert gaze["x_px"].iloc[0] == 80.5
    assert gaze["frame_label"].tolist() == [3, 4, 5]
    np.testing.assert_allclose(gaze["pupil_left_mm"], 3.1)
    np.testing.assert_allclose(gaze["PupilCenterLeftX"], -30)
    said = codes(recording)
    assert said["rows_skipped"] == "warning"
    assert said["documented_only"] == "warning"
    assert recording.meta.extra["glasses"] == "G-17"
    assert recording.meta.start_unix_ns == 1622534400 * 10**9


def test_frames_are_on_the_clock_of_gaze(vps):
    """Front 50.01 s is media 0.1 s: the video starts at 49.91 s."""
    recording = read_recording(vps)
    assert recording.frames["t_ns"].tolist() == [49_910_000_000, 49_950_000_000, 49_990_000_000]
    assert codes(recording)["video_drift"] == "info"


def test_clocks_that_part_are_noticed(vps):
    rows = [*ROWS[:3], ROWS[3].replace("50.09", "50.19")]
    (vps / "walk.tsv").write_text(written("Smart Unit", rows), encoding="utf-8")
    found = next(one for one in read_recording(vps).findings() if one.code == "video_drift")
    assert (found.severity, found.count) == ("warning", 1)
    assert "100.0 ms" in found.message


@pytest.mark.parametrize(
    ("unit", "device"),
    [("Smart Unit", "Viewpointsystem VPS 19"), ("Lite Unit", "Viewpointsystem VPS Lite")],
    ids=["vps19", "lite"],
)
def test_both_devices(vps, unit, device):
    (vps / "walk.tsv").write_text(written(unit), encoding="utf-8")
    (vps / "walk.mkv").rename(vps / "walk.mp4")
    found = find_recordings(vps)
    assert [(one.importer, one.device) for one in found] == [("viewpointsystem", device)]
    assert len(read_recording(vps).frames) == 3


def test_several_in_one_folder(vps):
    (vps / "b.tsv").write_text(written("Lite Unit").replace("system:", "system"), encoding="utf-8")
    assert [one.name for one in find_recordings(vps)] == ["b", "walk"]
    recording = read_recording(vps, name="b")
    assert recording.meta.device == "Viewpointsystem VPS Lite"
    assert codes(recording)["no_video"] == "warning"


def test_other_tables_are_refused(vps):
    (vps / "walk.tsv").write_text(written("Other Unit"), encoding="utf-8")
    (vps / "walk.mkv").unlink()
    with pytest.raises(UnknownFormatError, match="Smart Unit"):
        read_recording(vps)


def test_without_times_of_the_video(vps):
    text = written("Smart Unit").replace("FrontTimeStamp", "Other")
    (vps / "walk.tsv").write_text(text, encoding="utf-8")
    recording = read_recording(vps)
    assert recording.frames["t_ns"].iloc[0] == 50_000_000_000
    assert codes(recording)["no_sync"] == "warning"
    (vps / "walk.tsv").write_text(written("Smart Unit", [ROWS[0].replace("50.01", "9e9")]), encoding="utf-8")
    assert codes(read_recording(vps))["no_sync"] == "problem"


def test_random_damage_raises_only_our_own_errors(vps):
    assert next(one for one in list_importers() if one.name == "viewpointsystem").documented_only
    rng, path = np.random.default_rng(8), vps / "walk.tsv"
    original = path.read_bytes()
    for turn in range(80):
        data = bytearray(original)
        for place in rng.integers(0, len(data), 1 + turn % 5):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(1, len(data))] if turn % 4 == 0 else data)
        try:
            read_recording(vps).findings()
        except GazestudyError as error:
            assert str(error)
