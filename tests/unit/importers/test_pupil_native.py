"""Real phone recordings of Neon, against what the vendor's library and glassesTools read from them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.geometry.cameras import px_to_deg
from gazestudy.importers import ReadOptions, build_report, find_recordings, read_recording
from gazestudy.importers.recordings.pupil.native_files import IMU, INVISIBLE_IMU
from gazestudy.importers.recordings.pupil.native_imu import packets

FMT25 = ["demo_recording", "multi_part"]
ALL = [f"pupil_neon_native/{name}" for name in FMT25] + [f"pupil_neon_native_fmt2_3/{name}" for name in FMT25]


def codes(recording):
    return {finding.code for finding in recording.findings()}


def one(recording, code):
    return next(finding for finding in recording.findings() if finding.code == code)


def peer(samples, name, table):
    folder = samples / "pupil_neon_native" / "peer_pl-neon-recording" / name
    return pd.read_csv(folder / f"{table}.csv", dtype={"timestamp [ns]": "int64"})


@pytest.fixture(scope="module")
def recordings(samples):
    """Every real recording, read once."""
    return {name: read_recording(samples / name) for name in ALL}


@pytest.fixture(scope="module", params=FMT25)
def pair(request, samples, recordings):
    """One recording of format 2.5, and a reader of what the vendor's library says of it."""
    return recordings[f"pupil_neon_native/{request.param}"], lambda table: peer(samples, request.param, table)


def test_each_is_found_as_what_it_is(samples):
    for name in ALL:
        found = find_recordings(samples / name)
        assert [(candidate.importer, candidate.device) for candidate in found] == [("pupil-native", "Neon")]
        assert "1 part" in found[0].reason or "3 parts" in found[0].reason


def test_gaze_equals_the_vendors_library(pair):
    recording, answer = pair
    gaze, theirs = recording.gaze, answer("gaze")
    np.testing.assert_array_equal(gaze["t_ns"], theirs["timestamp [ns]"])
    # They print float32 with 8 digits, so that 1e-4 px is the last of them.
    np.testing.assert_allclose(gaze["x_px"], theirs["gaze x [px]"], atol=1e-4, rtol=0)
    np.testing.assert_allclose(gaze["y_px"], theirs["gaze y [px]"], atol=1e-4, rtol=0)
    np.testing.assert_array_equal(gaze["worn_raw"], theirs["worn"])
    np.testing.assert_array_equal(gaze["blink_id"], theirs["blink id"].fillna(-1))
    np.testing.assert_array_equal(gaze["fixation_id"], theirs["fixation id"].fillna(-1))
    angles = px_to_deg(gaze[["x_px", "y_px"]].to_numpy(), recording.camera)
    np.testing.assert_allclose(angles, theirs[["azimuth [deg]", "elevation [deg]"]], atol=2e-3, rtol=0)


def test_reasons(recordings):
    demo, multi = (recordings[name].gaze for name in ALL[:2])
    assert demo["reason"].value_counts()[lambda n: n > 0].to_dict() == {"ok": 1690, "blink": 98}
    assert multi["reason"].value_counts()[lambda n: n > 0].to_dict() == {"ok": 3958, "not_worn": 242}
    # The app repeats one point or goes on as usual: the samples alone would not tell.
    points = multi.loc[multi["reason"] == "not_worn", ["x_px", "y_px"]]
    assert (np.abs(points - [835.83, 934.60]) < 0.2).all(axis=1).sum() == 92
    assert points.notna().all(axis=None)


def test_frames_imu_and_events_equal_the_vendors_library(pair):
    recording, answer = pair
    np.testing.assert_array_equal(recording.frames["t_ns"], answer("world_timestamps")["timestamp [ns]"])
    theirs = answer("imu")
    np.testing.assert_array_equal(recording.imu["t_ns"], theirs["timestamp [ns]"])
    columns = {f"gyro_{axis}_deg_s": f"gyro {axis} [deg/s]" for axis in "xyz"}
    columns |= {f"acceleration_{axis}_g": f"acceleration {axis} [g]" for axis in "xyz"}
    columns |= {f"quaternion_{axis}": f"quaternion {axis}" for axis in "wxyz"}
    for ours, name in columns.items():
        np.testing.assert_allclose(recording.imu[ours], theirs[name], rtol=1e-6, atol=1e-9)
    events = answer("events")
    np.testing.assert_array_equal(recording.events["t_ns"], events["timestamp [ns]"])
    assert recording.events["name"].tolist() == events["name"].tolist()


def test_eye_states_equal_the_vendors_library(pair):
    recording, answer = pair
    ours, theirs = recording.stream("eye_states"), answer("3d_eye_states")
    np.testing.assert_array_equal(ours["t_ns"], theirs["timestamp [ns]"])
    for column in theirs.columns[2:]:
        name = column.replace("eyeball center", "eye").replace("pupil diameter", "pupil")
        name = name.replace(" [", "_").replace("]", "").replace(" ", "_")
        np.testing.assert_allclose(ours[name], theirs[column], rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(recording.gaze["pupil_left_mm"], ours["pupil_left_mm"])
    np.testing.assert_array_equal(recording.gaze["eye_right_z_mm"], ours["eye_right_z_mm"])


def test_events_of_gaze_equal_the_vendors_library(pair):
    recording, answer = pair
    for name, table in (("fixations", "fixation"), ("saccades", "saccade"), ("blinks", "blink")):
        ours, theirs = recording.stream(name), answer(name)
        np.testing.assert_array_equal(ours[f"{table}_id"], theirs[f"{table} id"])
        np.testing.assert_array_equal(ours["start_ns"], theirs["start timestamp [ns]"])
        np.testing.assert_array_equal(ours["end_ns"], theirs["end timestamp [ns]"])
        np.testing.assert_allclose(ours["duration_ms"], theirs["duration [ms]"].astype(float), atol=1e-3)
    ours, theirs = recording.stream("saccades"), answer("saccades")
    np.testing.assert_allclose(ours["amplitude_deg"], theirs["amplitude [deg]"], rtol=1e-6)
    np.testing.assert_allclose(ours["velocity_max_px_s"], theirs["peak velocity [px/s]"], rtol=1e-6)


def test_fixation_centres_carry_the_offset_in_both_axes(pair):
    """The vendor's library subtracts the vertical offset where it has to be added."""
    recording, answer = pair
    ours, theirs = recording.stream("fixations"), answer("fixations")
    offset = recording.meta.extra["gaze_offset"]
    np.testing.assert_allclose(ours["x_px"], theirs["fixation x [px]"], atol=2e-4)
    np.testing.assert_allclose(ours["y_px"] - 2 * offset[1], theirs["fixation y [px]"], atol=2e-4)
    check = one(recording, "check_fixations")
    assert check.severity == "info"
    assert f"{len(ours)} of {len(ours)} have samples" in check.message
    gaze = recording.gaze[recording.gaze["fixation_id"] > 0]
    means = gaze.groupby("fixation_id")[["x_px", "y_px"]].mean()
    apart = ours.set_index("fixation_id")[["x_px", "y_px"]] - means
    assert np.median(np.abs(apart["y_px"])) < 1.0  # it would be 13 px (demo) and 54 px (multi) by theirs


def test_equals_glassestools(samples, pair):
    recording, _ = pair
    name = "neon_demo_recording" if len(recording.gaze) == 1788 else "neon_multi_part"
    theirs = pd.read_csv(
        samples / "pupil_neon_native" / "peer_glassesTools" / name / "gazeData.tsv", sep="\t"
    )
    gaze, first_ns = recording.gaze, recording.clock.t0_scene_ns
    apart_us = np.abs((gaze["t_ns"] - first_ns) / 1e3 - theirs["timestamp"] * 1e3)
    assert apart_us.max() < 0.6  # they write whole microseconds
    given = theirs["gaze_pos_vid_x"].notna()
    # They make NaN of blinks and of glasses that are not worn.
    assert given.tolist() == gaze["reason"].isin(["ok", "out_of_image"]).tolist()
    for ours, column in (("x_px", "gaze_pos_vid_x"), ("y_px", "gaze_pos_vid_y")):
        np.testing.assert_allclose(gaze.loc[given, ours], theirs.loc[given, column], atol=1e-4)
    eyes = recording.stream("eye_states")
    for side in ("left", "right"):
        ours = eyes[[f"optical_axis_{side}_{axis}" for axis in "xyz"]]
        columns = [f"gaze_dir_{side[0]}_{axis}" for axis in "xyz"]
        np.testing.assert_allclose(ours[given], theirs.loc[given, columns], atol=1e-6)
    frames = pd.read_csv(
        samples / "pupil_neon_native" / "peer_glassesTools" / name / "frameTimestamps.tsv", sep="\t"
    )
    apart_us = np.abs((recording.frames["t_ns"] - first_ns) / 1e3 - frames["timestamp"] * 1e3)
    assert apart_us.max() < 0.6


@pytest.mark.parametrize("name", ALL[:2])
def test_one_eye_plus_offset_gives_the_recorded_gaze(recordings, name):
    recording = recordings[name]
    check = one(recording, "check_monocular")
    assert check.severity == "info"
    assert check.count == 0  # every sample within 0.001 px
    assert float(check.message.split("off by ")[1].split(" px")[0]) < 0.001
    # What the smoothing leaves has no direction: a wrong offset or lens model would.
    both = recording.stream("gaze_right").merge(recording.gaze[["t_ns", "x_px", "y_px"]], on="t_ns")
    assert len(both) == len(recording.gaze)
    bias = both[["x_px_y", "y_px_y"]].to_numpy() - both[["x_px_x", "y_px_x"]].to_numpy()
    assert np.abs(np.median(bias, axis=0)).max() < 0.004


@pytest.mark.parametrize("wrong", [(0.0, 0.0), (27.237305, -6.635742), (27.3, 6.635742)])
def test_a_wrong_offset_is_noticed(samples, tmp_path, wrong):
    copy(samples / ALL[0], tmp_path)
    text = (tmp_path / "info.json").read_text(encoding="utf-8")
    new = text.replace("[27.237305,6.635742]", str(list(wrong)))
    assert new != text
    (tmp_path / "info.json").write_text(new, encoding="utf-8")
    assert one(read_recording(tmp_path), "check_monocular").severity == "warning"


@pytest.mark.parametrize("name", ALL[2:])
def test_no_gaze_of_one_eye_in_format_2_3(recordings, name):
    assert one(recordings[name], "monocular_empty").count == len(recordings[name].stream("gaze_right"))
    assert "check_monocular" not in codes(recordings[name])


def test_calibration_equals_the_vendors_library(samples, pair):
    recording, _ = pair
    camera = recording.camera
    theirs = read_recording(
        samples / "pupil_neon_native/peer_pl-neon-recording/multi_part", importer="pupil-cloud"
    ).camera
    assert camera == theirs
    assert (camera.width_px, camera.height_px, camera.source) == (1600, 1200, "device")


@pytest.mark.parametrize("name", ALL)
def test_two_files_of_the_inertial_sensor_agree(samples, name):
    """Protobuf packets against their own .time file and (format 2.5) against the plain records."""
    for file in sorted((samples / name).glob("extimu ps*.raw")):
        values, damaged, rest = packets(file.read_bytes())
        assert (damaged, rest) == (0, 0)
        np.testing.assert_array_equal(values["timestamp_ns"], np.fromfile(file.with_suffix(".time"), "<i8"))
        plain = Path(str(file).replace("extimu", "imu"))
        if plain.is_file():
            np.testing.assert_array_equal(values, np.fromfile(plain, IMU))
        length = sum(values[f"quaternion_{axis}"].astype(float) ** 2 for axis in "wxyz")
        np.testing.assert_allclose(length, 1.0, atol=1e-3)


def test_parts(recordings):
    for name in (ALL[1], ALL[3]):
        recording = recordings[name]
        folder = Path(recording.meta.source)
        for number in range(3):
            for stream, file in (("gaze", "gaze"), ("frames", "Neon Scene Camera v1"), ("imu", "extimu")):
                times = np.fromfile(folder / f"{file} ps{number + 1}.time", "<i8")
                table = recording.stream(stream)
                np.testing.assert_array_equal(table.loc[table["part"] == number, "t_ns"], times)
        assert one(recording, "parts").count == 3
    multi = recordings[ALL[1]]
    assert "9.88 s in part 2" in one(multi, "late_start").message
    assert [len(multi.frames[multi.frames["part"] == number]) for number in range(3)] == [142, 244, 542]
    for name in ("eye_states", "fixations", "saccades", "blinks", "gaze_right"):
        assert set(multi.stream(name)["part"]) <= {0, 1, 2}
    assert multi.stream("fixations")["part"].value_counts(sort=False).tolist() == [14, 27, 20]


def test_format_2_3(samples, recordings):
    demo, multi = (recordings[name] for name in ALL[2:])
    folder = samples / ALL[2]
    np.testing.assert_array_equal(demo.gaze["t_ns"], np.fromfile(folder / "gaze_200hz.time", "<i8"))
    raw = np.fromfile(folder / "gaze_200hz.raw", "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(demo.gaze[["x_px", "y_px"]].to_numpy(np.float32), raw)
    assert demo.gaze["worn_raw"].tolist() == [255] * 1951
    assert demo.gaze["pupil_left_mm"].notna().sum() == 1754  # eye states as computed while recording
    assert one(multi, "times_rounded").count == 2552
    stated = np.fromfile(samples / ALL[3] / "gaze_200hz.time", "<i8")
    assert np.abs(multi.gaze["t_ns"] - stated).max() <= 128
    assert multi.gaze["pupil_left_mm"].notna().all()
    for recording in (demo, multi):
        assert "no_blinks" in codes(recording)
        assert "line feed" in one(recording, "length_mismatch").message
        eyes = recording.stream("eye_states")
        assert eyes["eye_left_x_mm"].median() == pytest.approx(-31, abs=3)
        assert eyes["eye_right_x_mm"].median() == pytest.approx(32, abs=3)
        axis = eyes[[f"optical_axis_left_{one}" for one in "xyz"]].to_numpy()
        np.testing.assert_allclose(np.linalg.norm(axis, axis=1), 1.0, atol=1e-4)


def test_realtime_gaze_can_be_asked_for(samples):
    folder = samples / ALL[2]
    recording = read_recording(folder, options=ReadOptions(gaze_source="realtime"))
    np.testing.assert_array_equal(recording.gaze["t_ns"], np.fromfile(folder / "gaze ps1.time", "<i8"))


def test_what_the_files_say_of_themselves(recordings):
    states = {name: recordings[name].stream("manifest")["state"].value_counts().to_dict() for name in ALL}
    assert states[ALL[0]] == {"same": 32, "missing": 4}
    assert states[ALL[1]] == {"same": 68, "missing": 10, "differs": 2}
    manifest = recordings[ALL[2]].stream("manifest").set_index("name")
    assert manifest.loc["worn ps1.raw", ["size_bytes", "found_bytes"]].tolist() == [1754, 1755]
    for name in ALL:
        assert {"no_video", "check_manifest", "gaze_source"} <= codes(recordings[name])
        assert (recordings[name].frames["kind"] == "real").all()
        assert recordings[name].meta.device == "Neon"
        assert not build_report(recordings[name]).problems
    assert recordings[ALL[0]].stream("answers")["question"].tolist() == ["Notes"]
    assert recordings[ALL[0]].meta.participant_label
    assert recordings[ALL[0]].meta.start_unix_ns == 1760676788219000000


def test_hashes_cover_what_was_read(recordings):
    names = {file.path for file in recordings[ALL[1]].files}
    assert {"gaze ps3.raw", "gaze_200hz.time", "calibration.bin", "eye_state.dtype", "imu ps2.raw"} <= names
    assert "manifest.json.crc" not in names


def test_layouts():
    assert (IMU.itemsize, INVISIBLE_IMU.itemsize) == (48, 24)


def copy(folder, target):
    target.mkdir(exist_ok=True)
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target
