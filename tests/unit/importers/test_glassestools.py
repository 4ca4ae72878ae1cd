"""Folders of glassesTools, as its own version 1.24.0 wrote them."""

import shutil

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import InputError, UnknownFormatError
from gazestudy.importers import read_recording

HEADER = "timestamp\tframe_idx\tgaze_pos_vid_x\tgaze_pos_vid_y\n"
REAL = [
    "pupil_neon_native/peer_glassesTools/neon_multi_part",
    "tobii_g2_validator/peer_glassesTools/g2_validator",
    "pupil_invisible_cloud/peer_glassesTools/invisible_cloud",
    "generic_video_gaze_mobileGazeMapping/peer_glassesTools/generic",
]


def codes(recording):
    return {finding.code for finding in recording.findings()}


@pytest.mark.parametrize("name", REAL)
def test_real_folders(samples, name):
    folder = samples / name
    raw = pd.read_csv(folder / "gazeData.tsv", sep="\t")
    recording = read_recording(folder)
    gaze = recording.gaze
    np.testing.assert_array_equal(gaze["t_ns"], np.round(raw["timestamp"] * 1e6).astype(np.int64))
    np.testing.assert_array_equal(gaze["x_px"], raw["gaze_pos_vid_x"])
    assert (gaze["reason"] == "no_data").tolist() == raw["gaze_pos_vid_x"].isna().tolist()
    assert len(recording.frames) == len(pd.read_csv(folder / "frameTimestamps.tsv", sep="\t"))
    assert (recording.frames["kind"] == "real").all()
    if "pup_diam_l" in raw:
        np.testing.assert_array_equal(gaze["pupil_left_mm"], raw["pup_diam_l"])


def test_calibration_and_facts(samples):
    recording = read_recording(samples / REAL[1])
    camera = recording.camera
    assert (camera.width_px, camera.height_px, camera.model) == (1920, 1080, "opencv5")
    assert recording.meta.device == "Tobii Glasses 2"
    assert recording.meta.start_unix_ns == 1685089948 * 10**9
    assert recording.gaze["t_ns"].iloc[0] < 0  # gaze before the first frame is kept
    neon = read_recording(samples / REAL[0])
    assert neon.camera.fx_px == pytest.approx(888.411132)
    assert len(neon.camera.coefficients) == 8


def test_with_its_video(samples, tmp_path):
    folder = samples / "generic_video_gaze_mobileGazeMapping"
    for file in (folder / "peer_glassesTools/generic").iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    shutil.copyfile(folder / "worldCamera.mp4", tmp_path / "worldCamera.mp4")
    recording = read_recording(tmp_path)
    assert recording.frames["index"].tolist() == list(range(50))
    assert "reason_unknown" not in codes(recording)


@pytest.fixture
def small(tmp_path):
    (tmp_path / "gazeData.tsv").write_text(HEADER + "0.5\t0\t1\t2\n5.5\t0\t\t\n", encoding="utf-8")
    (tmp_path / "frameTimestamps.tsv").write_text("frame_idx\ttimestamp\n0\t0\n1\t40\n", encoding="utf-8")
    return tmp_path


def test_missing_parts_are_named(small):
    recording = read_recording(small)
    assert {"no_camera", "no_video", "reason_unknown", "image_size"} <= codes(recording)
    assert recording.meta.name == small.name


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        pytest.param("gazeData.tsv", b"", "has no column 'timestamp'", id="empty"),
        pytest.param("gazeData.tsv", b"time\tx\ty\n1\t2\t3\n", "has no column 'timestamp'", id="header"),
    ],
)
def test_broken_folders_are_refused(small, file, content, problem):
    (small / file).write_bytes(content)
    with pytest.raises(UnknownFormatError, match=problem):
        read_recording(small)


def test_damaged_facts_do_not_stop_the_rest(small):
    (small / "recording_info.json").write_bytes(b"{")
    recording = read_recording(small)
    assert "info_damaged" in codes(recording)
    assert len(recording.gaze) == 2


def test_cut_off_table(small):
    (small / "gazeData.tsv").write_text(HEADER + "0.5\t0\t1\t2\n5.5\t0\t7", encoding="utf-8")
    recording = read_recording(small)
    assert len(recording.gaze) == 1
    assert "truncated_line" in codes(recording)


def test_broken_frame_times(small):
    (small / "frameTimestamps.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    recording = read_recording(small)
    assert len(recording.gaze) == 2
    with pytest.raises(InputError, match=r"frameTimestamps\.tsv"):
        _ = recording.frames


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<opencv_storage></opencv_storage>", id="nothing-inside"),
        pytest.param(
            b"<opencv_storage><cameraMatrix><data>1 2 x</data></cameraMatrix></opencv_storage>", id="words"
        ),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "c">]><opencv_storage>&b;</opencv_storage>', id="entities"),
    ],
)
def test_unusable_calibration(small, content):
    (small / "calibration.xml").write_bytes(content)
    recording = read_recording(small)
    assert recording.camera is None
    assert "camera_unusable" in codes(recording)
