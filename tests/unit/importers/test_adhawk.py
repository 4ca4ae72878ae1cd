"""AdHawk MindLink, written here as its documentation and readers describe it."""

import json

import numpy as np
import pytest

from gazestudy.errors import GazestudyError, InputError, UnknownFormatError
from gazestudy.importers import ReadOptions, find_recordings, list_importers, read_recording

GAZE_HEADER = (
    "Timestamp,UTC_Time,Frame_Index,Image_X,Image_Y,Gaze_X,Gaze_Y,Gaze_Z,Gaze_X_Left,Gaze_Y_Left,Gaze_Z_Left,"
    "Gaze_X_Right,Gaze_Y_Right,Gaze_Z_Right,Screen_X,Screen_Y"
)
PUPIL_HEADER = (
    "Timestamp,UTC_Time,Pupil_Pos_X_Left,Pupil_Pos_Y_Left,Pupil_Pos_Z_Left,"
    "Pupil_Pos_X_Right,Pupil_Pos_Y_Right,Pupil_Pos_Z_Right"
)


def codes(recording):
    return {finding.code: finding.severity for finding in recording.findings()}


@pytest.fixture
def mindlink(tmp_path, write_video):
    folder = tmp_path / "session 3"
    folder.mkdir()
    entries = [
        {"type": "gaze", "file_name": "gaze_data.csv", "attribute": {"start_time_ms": 150}},
        {"type": "pupil_position", "file_name": "pupil_position.csv", "attribute": {"start_time_ms": 150}},
        {"type": "video", "file_name": "video.mp4", "attribute": {"start_time_ms": 250}},
    ]
    info = {
        "manifest": {"recording_length_ms": 32, "entries": entries},
        "user_profile": {"name": "Erika Mustermann"},
    }
    (folder / "meta_data.json").write_text(json.dumps(info), encoding="utf-8")
    rows = [
        "100.000,2022-03-01T10:00:00.250Z,0,0.5,0.25,0.1,0.2,-1.5,0.0,0.6,-0.8,0.0,0.6,-0.8,0,0",
        "100.008,2022-03-01T10:00:00.258Z,0,nan,nan,,,,,,,,,,,",
        "100.016,2022-03-01T10:00:00.266Z,0,1.5,0.5,0.1,0.2,-1.5,0.0,0.6,-0.8,0.0,0.6,-0.8,0,0",
        "100.0321234567,2022-03-01T10:00:00.282Z,1,0.1,0.9,0.1,0.2,-1.5,0.0,0.6,-0.8,0.0,0.6,-0.8,0,0",
    ]
    (folder / "gaze_data.csv").write_text("\n".join([GAZE_HEADER, *rows]) + "\n", encoding="utf-8")
    pupils = ["100.000,x,-31,2,-10,31,2,-10", "100.010,x,-32,2,-10,32,2,-10", "100.016,x,-33,2,-10,33,2,-10"]
    (folder / "pupil_position.csv").write_text("\n".join([PUPIL_HEADER, *pupils]) + "\n", encoding="utf-8")
    write_video(folder / "video.mp4", [0, 33, 66], size=(1280, 720))
    return folder


def test_gaze(mindlink):
    recording = read_recording(mindlink)
    gaze = recording.gaze
    assert gaze["t_ns"].tolist() == [100_000_000_000, 100_008_000_000, 100_016_000_000, 100_032_123_457]
    assert gaze["reason"].tolist() == ["ok", "no_data", "out_of_image", "ok"]
    np.testing.assert_allclose(gaze["x_px"], [640, np.nan, 1920, 128])
    np.testing.assert_allclose(gaze["y_px"], [180, np.nan, 360, 648])
    turned = gaze[["glasses_gaze3d_x_mm", "glasses_gaze3d_y_mm", "glasses_gaze3d_z_mm"]].iloc[0]
    np.testing.assert_allclose(turned, [100, -200, 1500])
    assert gaze["glasses_gaze_left_z"].iloc[0] == pytest.approx(0.8)
    assert gaze["frame_label"].tolist() == [0, 0, 0, 1]
    assert recording.meta.participant_label == "Erika Mustermann"


def test_clock_and_frames(mindlink):
    """The video starts 100 ms after gaze; gaze before it keeps its time."""
    recording = read_recording(mindlink)
    assert recording.frames["t_ns"].tolist() == [100_100_000_000, 100_133_000_000, 100_166_000_000]
    assert recording.clock.t0_scene_ns == 100_100_000_000
    start = 1646128800 * 10**9 + 250_000_000
    assert recording.meta.start_unix_ns == start
    assert recording.clock.to_unix_ns(100_000_000_000) == start


def test_pupil_positions_are_those_of_the_nearest_time(mindlink):
    recording = read_recording(mindlink)
    np.testing.assert_allclose(recording.gaze["glasses_eye_left_x_mm"], [-31, -32, -33, np.nan])
    np.testing.assert_allclose(recording.gaze["glasses_eye_left_z_mm"], [10, 10, 10, np.nan])
    found = next(one for one in recording.findings() if one.code == "pupil_position")
    assert (found.severity, found.count) == ("warning", 1)
    assert "2 of 4 at the very time" in found.message


def test_camera_is_marked_as_that_of_the_model(mindlink, tmp_path):
    recording = read_recording(mindlink)
    assert (recording.camera.source, recording.camera.model) == ("default", "opencv8")
    said = codes(recording)
    assert said["camera_default"] == "warning"
    assert said["documented_only"] == "warning"
    assert said["duration"] == "info"
    own = {"camera_matrix": [[900, 0, 640], [0, 900, 360], [0, 0, 1]], "dist_coefs": [0, 0, 0, 0, 0]}
    (tmp_path / "camera.json").write_text(json.dumps(own), encoding="utf-8")
    given = read_recording(mindlink, options=ReadOptions(camera=tmp_path / "camera.json"))
    assert (given.camera.source, given.camera.fx_px) == ("user", 900)


def test_it_is_listed_as_documented_only(mindlink):
    assert next(one for one in list_importers() if one.name == "adhawk").documented_only
    assert [one.importer for one in find_recordings(mindlink.parent)] == ["adhawk"]


def test_missing_and_broken_parts(mindlink):
    (mindlink / "pupil_position.csv").write_bytes(b"\x00\x01\x02")
    (mindlink / "video.mp4").unlink()
    recording = read_recording(mindlink)
    said = codes(recording)
    assert len(recording.gaze) == 4
    assert said["pupil_position_unusable"] == "problem"
    assert said["video_missing"] == "warning"
    assert said["no_video"] == "warning"
    (mindlink / "gaze_data.csv").unlink()
    with pytest.raises(InputError, match="gaze_data"):
        read_recording(mindlink)


@pytest.mark.parametrize(
    "info",
    [
        "{}",
        '{"manifest": 3}',
        '{"manifest": {"entries": [3, {"type": "gaze"}]}}',
        '{"manifest": {"entries": {}}}',
    ],
)
def test_other_metadata_is_refused(mindlink, info):
    (mindlink / "meta_data.json").write_text(info, encoding="utf-8")
    with pytest.raises(UnknownFormatError, match="manifest"):
        read_recording(mindlink)


def test_odd_starts_are_not_used(mindlink):
    info = json.loads((mindlink / "meta_data.json").read_text(encoding="utf-8"))
    info["manifest"]["entries"][2]["attribute"] = {"start_time_ms": 1e300}
    (mindlink / "meta_data.json").write_text(json.dumps(info), encoding="utf-8")
    recording = read_recording(mindlink)
    assert recording.frames["t_ns"].iloc[0] == 100_000_000_000
    assert recording.clock.t0_scene_ns is None


def test_random_damage_raises_only_our_own_errors(mindlink):
    (mindlink / "video.mp4").unlink()  # decoding it is slow
    rng = np.random.default_rng(6)
    for turn in range(120):
        path = mindlink / ("meta_data.json", "gaze_data.csv", "pupil_position.csv")[turn % 3]
        original = path.read_bytes()
        data = bytearray(original)
        for place in rng.integers(0, len(data), 1 + turn % 5):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(1, len(data))] if turn % 4 == 0 else data)
        try:
            read_recording(mindlink).findings()
        except GazestudyError as error:
            assert str(error)
        path.write_bytes(original)
