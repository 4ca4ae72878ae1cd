"""Recordings of Pupil Capture: real pldata, and folders written here by the documented layout."""

import json
import struct
from decimal import Decimal

import msgpack
import numpy as np
import pytest

import gazestudy.importers.recordings.pupil.core  # noqa: F401
from gazestudy._cv2 import cv2
from gazestudy.errors import InputError
from gazestudy.importers import ReadOptions, find_recordings, read_recording

from .pupil_core_makers import FISHEYE, MATRIX, POINTS, RADIAL, both, codes, one_eyed, write_pldata

# real files


def test_real_binocular_gaze_row_by_row(samples):
    """Every row against the numbers taken from the bytes by position, without our reader."""
    folder = samples / "pupil_core_pldata"
    recording = read_recording(folder, name="pupil_core_pldata")
    gaze = recording.gaze
    raw = (folder / "binocular_only_gaze.pldata").read_bytes()
    rows = []
    for piece in raw.split(b"\x92\xa4gaze")[1:]:

        def after(key: bytes, count: int, piece: bytes = piece) -> list[float]:
            at = piece.index(key) + len(key)
            at += 0 if piece[at] == 0xCB else 1  # the head of an array
            return [struct.unpack(">d", piece[at + 9 * n + 1 : at + 9 * n + 9])[0] for n in range(count)]

        rows.append(
            [*after(b"\xa8norm_pos", 2), *after(b"\xaaconfidence", 1), *after(b"\xadgaze_point_3d", 3)]
        )
    truth = np.array(rows)
    assert len(truth) == len(gaze) == 665
    columns = ["norm_x", "norm_y", "confidence", "gaze3d_x_mm", "gaze3d_y_mm", "gaze3d_z_mm"]
    assert np.array_equal(gaze[columns].to_numpy(), truth)
    seconds = np.load(folder / "binocular_only_gaze_timestamps.npy")
    exact = [int((Decimal(float(one)) * 10**9).to_integral_value()) for one in seconds]
    assert gaze["t_ns"].tolist() == exact
    assert set(gaze["eye_used"]) == {"both"}
    assert gaze["eye_right_x_mm"].mean() > 15 and gaze["eye_left_x_mm"].mean() < -15  # x is to the right
    assert gaze[["pupil_left_mm", "pupil_right_mm"]].median().between(4, 8).all()
    findings = codes(recording)
    assert findings["check_times"].severity == "info" and findings["check_times"].count == 665
    assert findings["pixels_unknown"].severity == "warning"
    assert gaze["x_px"].isna().all() and gaze["valid"].all()


def test_real_folder_holds_two_recordings(samples):
    found = find_recordings(samples / "pupil_core_pldata")
    assert [(one.importer, one.name, one.inner) for one in found] == [
        ("pupil-core", "pupil_core_pldata", ""),
        ("pupil-core", "t265_pri", "t265_test_recording"),
    ]
    assert "without gaze" in found[1].reason


def test_real_motion_sensors(samples):
    folder = samples / "pupil_core_pldata" / "t265_test_recording"
    recording = read_recording(folder)
    assert recording.streams == ["frames", "imu", "accelerometer", "odometry"]
    assert len(recording.gaze) == 0 and codes(recording)["no_gaze"].severity == "warning"
    for name, file in (("imu", "gyro"), ("accelerometer", "accel"), ("odometry", "odometry")):
        seconds = np.load(folder / f"{file}_timestamps.npy")
        assert recording.stream(name)["t_ns"].tolist() == [
            round(Decimal(float(one)) * 10**9) for one in seconds
        ]
    assert len(recording.imu) == 5991 and len(recording.stream("odometry")) == 5850
    # The device turns as its orientation says: unit quaternions, their steps agree with the gyroscope.
    odometry = recording.stream("odometry")
    q = odometry[[f"quaternion_{axis}" for axis in "wxyz"]].to_numpy()
    assert np.allclose(np.linalg.norm(q, axis=1), 1, atol=1e-5)
    turned_deg = 2 * np.degrees(np.arccos(np.clip(np.abs((q[1:] * q[:-1]).sum(axis=1)), 0, 1)))
    speed = np.linalg.norm(odometry[[f"gyro_{axis}_deg_s" for axis in "xyz"]], axis=1)
    step_s = np.diff(odometry["t_ns"]) / 1e9
    assert turned_deg.sum() == pytest.approx((speed[1:] * step_s).sum(), rel=0.05)
    imu = np.linalg.norm(recording.imu[[f"gyro_{axis}_deg_s" for axis in "xyz"]], axis=1)
    assert np.median(imu) == pytest.approx(np.median(speed), rel=0.1)
    accelerations = recording.stream("accelerometer")[[f"acceleration_{axis}_m_s2" for axis in "xyz"]]
    assert np.median(np.linalg.norm(accelerations, axis=1)) == pytest.approx(9.81, abs=0.3)
    assert recording.clock.offset_to_unix_ns == pytest.approx(
        (1589968082.2171583 - 6869.891208312) * 1e9, abs=300
    )
    assert "User" not in json.dumps(dict(recording.meta.extra))


# a recording of Capture


def test_recording_of_capture(capture):
    folder = capture()
    recording = read_recording(folder)
    assert (recording.meta.importer, recording.meta.name, recording.meta.device) == (
        "pupil-core",
        "2020_06_11",
        "Pupil Core",
    )
    assert recording.meta.participant_label == "Erika" and "erika" not in json.dumps(
        dict(recording.meta.extra)
    )
    assert (
        recording.clock.base == "pupil_time"
        and recording.clock.offset_to_unix_ns == 1_599_999_900_500_000_000
    )
    assert recording.clock.t0_scene_ns == 100_000_000_000
    gaze, camera = recording.gaze, recording.camera
    assert (camera.model, camera.source, camera.width_px) == ("opencv5", "device", 160)
    pixels, _ = cv2.projectPoints(
        np.array(POINTS), np.zeros(3), np.zeros(3), np.array(MATRIX), np.array(RADIAL)
    )
    assert np.allclose(gaze[["x_px", "y_px"]], pixels[:, 0], atol=1e-9)
    assert gaze["t_ns"].tolist() == [100_000_000_000 + 10_000_000 * n for n in range(20)]
    assert gaze["pupil_right_mm"].eq(3.5).all() and gaze["pupil_left_mm"].eq(4.5).all()
    assert gaze["eye_right_x_mm"].eq(20).all() and gaze["gaze_left_z"].eq(0.98).all()
    assert recording.frames["index"].tolist() == [0, 1, 2, 3, 4]
    assert recording.frames["t_ns"].tolist() == [100_000_000_000 + 33_000_000 * n for n in range(5)]
    findings = codes(recording)
    assert findings["check_projection"].severity == "info"
    assert {file.path for file in recording.files} == {
        "info.player.json", "user_info.csv", "gaze.pldata", "gaze_timestamps.npy", "world_timestamps.npy",
        "world.intrinsics", "world.mp4",
    }  # fmt: skip


def test_keys_of_eyes_may_be_text_and_one_eye_may_be_missing(capture):
    folder = capture()
    data = [
        both(100.0, POINTS[0], keys=("0", "1")),
        one_eyed(100.01, 0, POINTS[1]),
        one_eyed(100.02, 1, POINTS[2]),
        {
            "topic": "gaze.2d.1.",
            "norm_pos": [0.5, 0.25],
            "confidence": 1.0,
            "timestamp": 100.03,
            "base_data": [],
        },
    ]
    write_pldata(folder / "gaze.pldata", "gaze", data)
    gaze = read_recording(folder).gaze
    assert gaze["eye_used"].tolist() == ["both", "right", "left", "left"]
    assert gaze["eye_left_x_mm"].tolist()[:1] == [-40] and gaze["eye_left_x_mm"].tolist()[2] == 1
    assert gaze["eye_right_x_mm"].isna().tolist() == [False, False, True, True]
    assert gaze.loc[3, ["x_px", "y_px"]].tolist() == [80.0, 72.0]
    assert gaze["gaze3d_x_mm"].isna().tolist() == [False, False, False, True]


def test_times_that_go_backwards_are_sorted_and_counted(capture):
    folder = capture()
    order = [0, 2, 1, 3, 5, 4, 6]
    write_pldata(folder / "gaze.pldata", "gaze", [both(100 + 0.01 * n, POINTS[n]) for n in order])
    recording = read_recording(folder)
    assert recording.gaze["gaze3d_x_mm"].tolist() == [POINTS[n][0] for n in range(7)]
    assert codes(recording)["not_monotonic"].count == 2


def test_low_confidence_is_kept_with_its_reason(capture):
    folder = capture()
    levels = [0.0, 0.59, 0.6, 1.0, float("nan")]
    write_pldata(
        folder / "gaze.pldata", "gaze", [both(100 + n, POINTS[n], confidence=c) for n, c in enumerate(levels)]
    )
    gaze = read_recording(folder).gaze
    assert gaze["reason"].tolist() == ["low_confidence", "low_confidence", "ok", "ok", "low_confidence"]
    assert gaze["x_px"].notna().all()
    gaze = read_recording(folder, options=ReadOptions(min_confidence=0.0)).gaze
    assert gaze["valid"].tolist() == [True, True, True, True, False]


def test_missing_times_are_taken_from_the_objects(capture):
    folder = capture()
    expected = read_recording(folder).gaze
    (folder / "gaze_timestamps.npy").unlink()
    recording = read_recording(folder)
    assert recording.gaze.equals(expected)
    assert codes(recording)["no_times_file"].severity == "info"


def test_cut_off_in_the_last_object(capture):
    folder = capture()
    data = (folder / "gaze.pldata").read_bytes()
    (folder / "gaze.pldata").write_bytes(data[:-7])
    recording = read_recording(folder)
    assert len(recording.gaze) == 19
    findings = codes(recording)
    assert findings["truncated"].severity == "problem" and "19 objects" in findings["truncated"].message
    assert findings["object_count"].count == 1


def test_one_broken_object_costs_one_sample(capture):
    folder = capture()
    data = (folder / "gaze.pldata").read_bytes()
    assert data.count(b"norm_pos") == 20
    (folder / "gaze.pldata").write_bytes(data.replace(b"norm_pos", b"norm\xffpos", 1))
    recording = read_recording(folder)
    assert len(recording.gaze) == 19 and recording.gaze["t_ns"].iloc[0] == 100_010_000_000
    assert codes(recording)["rows_skipped"].count == 1


def test_virtual_frames_of_the_lookup_are_gaps(capture):
    folder = capture()
    times = np.array([100.0, 100.033, 101.0, 102.0, 103.0, 103.033, 103.066])
    np.save(folder / "world_timestamps.npy", times[[0, 1, 4, 5, 6]])
    kind = [("container_idx", "<i8"), ("container_frame_idx", "<i8"), ("timestamp", "<f8"), ("pts", "<i8")]
    lookup = np.zeros(7, dtype=kind)
    lookup["container_idx"] = [0, 0, -1, -1, 0, 0, 0]
    lookup["container_frame_idx"] = [0, 1, 12345, 2**40, 2, 3, 4]
    lookup["timestamp"] = times
    np.save(folder / "world_lookup.npy", lookup)
    recording = read_recording(folder)
    frames = recording.frames
    assert frames["kind"].tolist() == ["real", "real", "gap", "gap", "real", "real", "real"]
    assert frames["index"].tolist() == [0, 1, -1, -1, 2, 3, 4]
    findings = codes(recording)
    assert findings["virtual_frames"].count == 2 and findings["check_lookup"].severity == "info"
    assert "the longest 2.97 s" in findings["gaps"].message or findings["gaps"].count == 1
    # a lookup of other times is left aside
    np.save(folder / "world_timestamps.npy", times[[0, 1, 4, 5, 6]] + 1)
    recording = read_recording(folder)
    assert (recording.frames["kind"] == "real").sum() == 5
    assert codes(recording)["check_lookup"].severity == "warning"


def test_several_world_parts(capture, write_video):
    folder = capture()
    write_video(folder / "world_001.mp4", [0, 33, 66])
    write_video(folder / "world_010.mp4", [0, 33])
    np.save(folder / "world_timestamps.npy", 100 + 0.033 * np.arange(10))
    recording = read_recording(folder)
    assert [path.name for path in recording.videos] == ["world.mp4", "world_001.mp4", "world_010.mp4"]
    assert recording.frames["video"].tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]
    assert recording.frames["index"].tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 0, 1]


def test_parts_with_times_of_their_own(capture, write_video):
    folder = capture()
    write_video(folder / "world_001.mp4", [0, 33, 66])
    np.save(folder / "world_timestamps.npy", 100 + 0.033 * np.arange(4))
    np.save(folder / "world_001_timestamps.npy", 100.1 + 0.02 * np.arange(3))
    recording = read_recording(folder)
    assert recording.frames["part"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert recording.gaze["part"].tolist() == [0] * 10 + [1] * 10
    assert codes(recording)["frame_count"].count == 1


def test_more_times_than_pictures(capture):
    folder = capture()
    np.save(folder / "world_timestamps.npy", 100 + 0.033 * np.arange(7))
    recording = read_recording(folder)
    assert recording.frames["index"].tolist() == [0, 1, 2, 3, 4, -1, -1]
    assert codes(recording)["frame_count"].count == 2


def test_fisheye_and_several_resolutions(capture):
    folder = capture()
    intrinsics = {
        "version": 1,
        "(1280, 720)": {
            "camera_matrix": [[829.3510515270362, 0, 660], [0, 800, 373], [0, 0, 1]],
            "dist_coefs": RADIAL, "resolution": [1280, 720], "cam_type": "radial",
        },
        "(160, 96)": {
            "camera_matrix": MATRIX, "dist_coefs": FISHEYE, "resolution": [160, 96], "cam_type": "fisheye",
        },
    }  # fmt: skip
    (folder / "world.intrinsics").write_bytes(msgpack.packb(intrinsics))
    camera = read_recording(folder).camera
    assert (camera.model, camera.coefficients, camera.fx_px) == ("fisheye4", (-0.1, 0.04, -0.03, 0.01), 800)
    # without its own video nothing says which of the two it was
    (folder / "world.mp4").unlink()
    recording = read_recording(folder)
    assert recording.camera is None and "pixels_unknown" in codes(recording)


def test_size_from_intrinsics_without_a_video(capture):
    folder = capture(video=False)
    recording = read_recording(folder)
    assert recording.videos == () and recording.camera is not None
    assert recording.gaze["x_px"].notna().all() and len(recording.frames) == 5
    assert set(recording.frames["kind"]) == {"real"}


def test_shipped_intrinsics_are_called_default(capture):
    folder = capture()
    matrix = [[829.3510515270362, 0.0, 79.0], *MATRIX[1:]]
    entry = {"camera_matrix": matrix, "dist_coefs": RADIAL, "resolution": [160, 96], "cam_type": "radial"}
    (folder / "world.intrinsics").write_bytes(msgpack.packb({"version": 1, "(160, 96)": entry}))
    recording = read_recording(folder)
    assert recording.camera.source == "default"
    assert codes(recording)["camera_default"].severity == "warning"
    assert codes(recording)["check_projection"].severity == "warning"  # the gaze was made by another camera


def test_offline_mappings_are_sources_of_their_own(capture):
    folder = capture()
    uuid = "0f3c9a52-6f1b-4d27-9d1c-8a31f6b0c1de"
    mapped = folder / "offline_data" / "gaze-mappings" / f"Default_Gaze_Mapper-{uuid}.pldata"
    write_pldata(mapped, "gaze", [both(100.5 + 0.01 * n, POINTS[n]) for n in range(3)])
    recording = read_recording(folder)
    assert len(recording.gaze) == 20 and codes(recording)["gaze_sources"].count == 1
    for name in ("Default_Gaze_Mapper", f"Default_Gaze_Mapper-{uuid}"):
        recording = read_recording(folder, options=ReadOptions(gaze_source=name))
        assert recording.gaze["t_ns"].tolist()[0] == 100_500_000_000
        assert codes(recording)["gaze_source"].severity == "info"
    with pytest.raises(InputError, match=r"no gaze source 'other'.*'recorded', 'Default_Gaze_Mapper-0f3c"):
        read_recording(folder, options=ReadOptions(gaze_source="other"))
    (folder / "gaze.pldata").unlink()  # Pupil Mobile records no gaze
    recording = read_recording(folder)
    assert len(recording.gaze) == 3 and codes(recording)["gaze_source"].severity == "warning"


def test_annotations_pupils_fixations_and_notifications(capture):
    folder = capture()
    note = {"topic": "annotation", "label": "train comes", "timestamp": 100.1, "duration": 0.5}
    write_pldata(folder / "annotation.pldata", "annotation", [note])
    edited = {"topic": "annotation", "label": "train leaves", "timestamp": 100.2, "duration": 0.0}
    write_pldata(folder / "annotation_player.pldata", "annotation", [note, edited])
    eye = {
        "id": 1, "confidence": 0.7, "norm_pos": [0.4, 0.6], "diameter": 30.5, "diameter_3d": 3.1, "method": "3d c++",
        "ellipse": {"center": [1.0, 2.0], "axes": [3.0, 4.0], "angle": 5.0},
    }  # fmt: skip
    write_pldata(folder / "pupil.pldata", "pupil.1", [eye | {"timestamp": t} for t in (100.02, 100.01)])
    fixation = {
        "id": 7,
        "norm_pos": [0.1, 0.2],
        "duration": 150.0,
        "dispersion": 1.1,
        "confidence": 1.0,
        "method": "gaze",
    }
    write_pldata(
        folder / "fixations.pldata", "fixations", [fixation | {"timestamp": t} for t in (100.0, 100.1)]
    )
    write_pldata(folder / "notify.pldata", "notify.x", [{"subject": "recording.started", "timestamp": 99.9}])
    recording = read_recording(folder)
    assert recording.events[["t_ns", "name", "source"]].values.tolist() == [
        [100_100_000_000, "train comes", "user"],
        [100_200_000_000, "train leaves", "user"],
    ]
    pupils = recording.stream("pupil_positions")
    assert pupils["t_ns"].tolist() == [100_010_000_000, 100_020_000_000]
    assert pupils.loc[0, ["eye_id", "diameter_mm", "ellipse_axis_b_px", "method"]].tolist() == [
        1,
        3.1,
        4.0,
        "3d c++",
    ]
    assert recording.stream("fixations")["duration_ms"].tolist() == [150, 150]
    assert codes(recording)["repeated_ids"].count == 1
    assert recording.stream("notifications")["subject"].tolist() == ["recording.started"]


def test_broken_table_does_not_cost_the_gaze(capture):
    folder = capture()
    (folder / "pupil.pldata").write_bytes(b"\xc1garbage")
    recording = read_recording(folder)
    assert len(recording.gaze) == 20 and len(recording.stream("pupil_positions")) == 0
    assert codes(recording)["damaged"].stream == "pupil_positions"
