"""Project Aria: real MPS tables and a real VRS recording, against what projectaria-tools 2.3.0 says of them."""

import contextlib
import json
import shutil
import struct

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import GazestudyError, InputError, ParameterError, UnknownFormatError
from gazestudy.geometry.cameras import direction_to_px, px_to_deg
from gazestudy.importers import ReadOptions, find_recordings, read_candidate, read_recording
from gazestudy.importers.recordings.aria.camera import aria_camera
from gazestudy.importers.recordings.aria.vrs import read_vrs
from gazestudy.importers.sources import FolderSource

FOLDER = "meta_aria_mps"
REAL = f"{FOLDER}/aria_everyday_activities_test_data"
HEADER = "tracking_timestamp_us,yaw_rads_cpf,pitch_rads_cpf,depth_m,session_uid\n"

TABLES = {
    f"{REAL}/mps/eye_gaze/general_eye_gaze.csv": 4,
    f"{FOLDER}/gen2/mps_sample/eye_gaze/general_eye_gaze.csv": 5,
    f"{FOLDER}/gen2/mps_sample/eye_gaze/personalized_eye_gaze.csv": 5,
    f"{FOLDER}/mps_sample/eye_gaze/eyegaze.csv": 123,
    f"{FOLDER}/mps_sample/eye_gaze/generalized_eye_gaze.csv": 123,
    f"{FOLDER}/mps_sample/eye_gaze_vergence/generalized_gaze.csv": 123,
}
# Second rows, as projectaria-tools reads them: yaw and pitch (of the vergence table it combines both eyes).
SECOND_ROWS = {
    f"{REAL}/mps/eye_gaze/general_eye_gaze.csv": (-0.2056189924478531, -0.14999300241470337),
    f"{FOLDER}/gen2/mps_sample/eye_gaze/general_eye_gaze.csv": (0.0744028240442276, -0.36795565485954285),
    f"{FOLDER}/gen2/mps_sample/eye_gaze/personalized_eye_gaze.csv": (
        0.05254141241312027,
        -0.25020620226860046,
    ),
    f"{FOLDER}/mps_sample/eye_gaze/eyegaze.csv": (0.8917399644851685, 0.051263995468616486),
    f"{FOLDER}/mps_sample/eye_gaze/generalized_eye_gaze.csv": (0.8917399644851685, 0.051263995468616486),
    f"{FOLDER}/mps_sample/eye_gaze_vergence/generalized_gaze.csv": (0.7853015065193176, -0.01710202544927597),
}


def codes(recording):
    return {finding.code for finding in recording.findings()}


def yaw_pitch(gaze):
    """Turn azimuth and elevation back into the vendor's angles."""
    azimuth, elevation = np.radians(gaze[["azimuth_deg", "elevation_deg"]].to_numpy()).T
    return -azimuth, np.arctan(np.tan(elevation) / np.cos(azimuth))


def test_every_real_place_is_found_once(samples):
    found = find_recordings(samples / FOLDER)
    assert [(one.importer, one.inner) for one in found] == [
        ("aria", "aria_everyday_activities_test_data"),
        ("aria", "mps_sample/eye_gaze"),
        ("aria", "mps_sample/eye_gaze_vergence"),
        ("aria", "gen2/mps_sample/eye_gaze"),
    ]
    for one in found:
        assert len(read_candidate(one).gaze) > 3


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_every_real_table(samples, name):
    raw = pd.read_csv(samples / name)
    gaze = read_recording(samples / name).gaze
    assert len(gaze) == len(raw) == TABLES[name]
    np.testing.assert_array_equal(gaze["t_ns"], raw["tracking_timestamp_us"] * 1000)
    yaw, pitch = yaw_pitch(gaze)
    if "yaw_rads_cpf" in raw:
        np.testing.assert_allclose(yaw, raw["yaw_rads_cpf"], atol=1e-12)
    np.testing.assert_allclose(pitch, raw["pitch_rads_cpf"], atol=1e-12)
    np.testing.assert_allclose((yaw[1], pitch[1]), SECOND_ROWS[name], atol=2e-7)
    assert gaze["valid"].all()
    for column in raw.columns.drop(["tracking_timestamp_us", "session_uid"], errors="ignore"):
        np.testing.assert_array_equal(gaze[column], raw[column])


def test_names_are_those_of_folders(samples):
    found = find_recordings(samples / FOLDER)
    assert [one.name for one in found][1:] == ["mps_sample", "mps_sample vergence", "mps_sample"]
    for name in TABLES:
        expected = (
            "mps_sample vergence" if "vergence" in name else name.split("/")[-4 if REAL in name else -3]
        )
        assert read_recording(samples / name).meta.name == expected


def test_in_a_zip(samples, tmp_path):
    packed = shutil.make_archive(str(tmp_path / "walk"), "zip", samples / REAL)
    gaze = read_recording(packed).gaze
    np.testing.assert_array_equal(gaze["x_px"], read_recording(samples / REAL).gaze["x_px"])


def test_pixels_are_those_of_the_peer(samples):
    """The peer's pixels are those of the picture as stored; ours of the upright one."""
    gaze = read_recording(samples / REAL).gaze
    peer = json.loads(
        (samples / FOLDER / "peer_projectaria_tools_reprojection.json").read_text(encoding="utf-8")
    )
    stored = np.array([one["px"] for one in peer])
    upright = np.column_stack([1407 - stored[:, 1], stored[:, 0]])
    off = np.abs(gaze[["x_px", "y_px"]].to_numpy() - upright).max()
    print(f"{len(peer)} rows, largest difference {off:.2e} px")
    assert gaze["t_ns"].tolist() == [one["tracking_timestamp_us"] * 1000 for one in peer]
    assert off < 1e-4  # the peer calculates angles with 32 bits


def test_frames_are_those_of_the_peer(samples):
    recording = read_recording(samples / REAL)
    peer = json.loads((samples / REAL / "rgb_capture_timestamps_ns.json").read_text(encoding="utf-8"))
    assert recording.frames["t_ns"].tolist() == peer
    assert recording.clock.t0_scene_ns == peer[0]
    assert (recording.camera.width_px, recording.camera.height_px) == (1408, 1408)
    assert recording.meta.extra["device_serial"] == "1WM093701M1276"
    assert recording.meta.start_unix_ns == 1649265055 * 10**9
    assert {"no_video", "distance_assumed", "mps_status"} <= codes(recording)


def test_upright_camera_is_that_of_the_peer(samples):
    """As projectaria-tools turns the calibration, and as it puts the camera into the CPF."""
    vrs = read_vrs(FolderSource(samples / REAL), "recording.vrs")
    placed = aria_camera(json.loads(vrs.tags["calib_json"]), vrs.size_px)
    camera = placed.camera
    expected = [607.0129968791215, 703.9520708017025, 718.517934788257]
    np.testing.assert_allclose([camera.fx_px, camera.cx_px, camera.cy_px], expected, atol=1e-9)
    turned = [0.0007413905358394097, -0.0003672190538065101, -0.0001936268547567258]
    turned += [0.0002042473404798113, -0.0005839984838196491, -0.0002193412417918993]
    np.testing.assert_allclose(camera.coefficients[6:], turned, atol=1e-15)
    np.testing.assert_allclose(placed.position_m, [0.05693045, 0.00717792, 0.01266339], atol=2e-8)
    up = direction_to_px(np.array([[0.0, 0.0, 1.0], [0.0, 0.3, 1.0]]) @ placed.rotation.T, camera)
    assert up[1, 1] < up[0, 1]  # looking up moves gaze up in the upright picture
    full = aria_camera(json.loads(vrs.tags["calib_json"]), (2880, 2880)).camera
    assert (full.fx_px, full.cx_px) == pytest.approx((1214.025993758243, 2879 - 1438.595858396595))


def test_looking_left_is_left(samples):
    gaze, camera = read_recording(samples / REAL).gaze, read_recording(samples / REAL).camera
    by_camera = px_to_deg(gaze[["x_px", "y_px"]].to_numpy(), camera)
    assert (np.argsort(by_camera[:, 0]) == np.argsort(gaze["azimuth_deg"].to_numpy())).all()
    assert np.abs(by_camera[:, 0] - gaze["azimuth_deg"]).max() < 6  # camera 57 mm aside of a point 1 m away


def test_general_and_personalized(samples):
    folder = samples / FOLDER / "gen2/mps_sample/eye_gaze"
    assert (read_recording(folder).gaze["gaze_source"] == "personalized").all()
    general = read_recording(folder, options=ReadOptions(gaze_source="general")).gaze
    np.testing.assert_array_equal(
        general["yaw_rads_cpf"], pd.read_csv(folder / "general_eye_gaze.csv")["yaw_rads_cpf"]
    )
    with pytest.raises(ParameterError, match="gaze_source"):
        read_recording(folder, options=ReadOptions(gaze_source="vergence"))


def test_eyes_that_part_are_noticed(samples):
    """The sample of vergence gaze has the left eye turned further left than the right one."""
    found = read_recording(samples / FOLDER / "mps_sample/eye_gaze_vergence").findings()
    assert [(one.severity, one.code) for one in found if one.code == "eyes_part"] == [
        ("warning", "eyes_part")
    ]
    found = read_recording(samples / FOLDER / "gen2/mps_sample").findings()
    assert {one.severity for one in found if one.code == "eyes_part"} == {"info"}


@pytest.fixture
def recording(samples, tmp_path):
    """A copy of the real recording, to be changed."""
    folder = tmp_path / "walk"
    (folder / "mps/eye_gaze").mkdir(parents=True)
    shutil.copyfile(samples / REAL / "recording.vrs", folder / "recording.vrs")
    shutil.copyfile(
        samples / REAL / "mps/eye_gaze/general_eye_gaze.csv", folder / "mps/eye_gaze/general_eye_gaze.csv"
    )
    return folder


def test_missing_personalized_rows_are_filled_and_marked(recording):
    rows = ["86435306,0.1,0.2,2.0,a", "86535306,,,,a", "86635306,NaN,NaN,,a", "99000000,nan,0.1,,a"]
    path = recording / "mps/eye_gaze/personalized_eye_gaze.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    read = read_recording(recording)
    gaze = read.gaze
    assert gaze["gaze_source"].tolist() == ["personalized", "general", "general", "personalized"]
    assert gaze["reason"].tolist() == ["ok", "ok", "ok", "no_data"]
    np.testing.assert_allclose(gaze["yaw_rads_cpf"], [0.1, -0.205619, -0.095982, np.nan])
    assert next(one.count for one in read.findings() if one.code == "gaze_filled") == 2
    assert next(one.count for one in read.findings() if one.code == "distance_assumed") == 3
    assert np.linalg.norm(gaze[["gaze3d_x_mm", "gaze3d_y_mm", "gaze3d_z_mm"]].iloc[0]) == pytest.approx(
        2000, abs=60
    )
    unfilled = read_recording(recording, options=ReadOptions(gaze_source="personalized")).gaze
    assert unfilled["valid"].tolist() == [True, False, False, False]


def test_with_the_video_of_the_vendors_own_export(recording, write_video, tmp_path):
    """Half as large, and with the table of times that the export writes."""
    write_video(recording / "walk.mp4", [0, 50, 100], size=(704, 704))
    rows = ["0,0,86385246037", "50000000,50000000,86435217662", "100000000,100000000,86435217662"]
    header = "mp4_time_ns,relative_vrs_device_time_ns,vrs_device_time_ns"
    (recording / "mp4_to_vrs_time_ns.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    read, whole = (
        read_recording(recording),
        read_recording(recording, options=ReadOptions(video=tmp_path / "no.mp4")),
    )
    assert read.frames["t_ns"].tolist() == [86385246037, 86435217662, 86435217662]
    assert read.frames["index"].tolist() == [0, 1, 2]
    assert (read.camera.width_px, read.camera.height_px) == (704, 704)
    assert "video_unusable" in codes(whole)
    for axis in ("x_px", "y_px"):
        np.testing.assert_allclose(read.gaze[axis] + 0.5, (whole.gaze[axis] + 0.5) / 2, atol=1e-9)


def test_several_recordings_in_one_folder(recording):
    shutil.copyfile(recording / "recording.vrs", recording / "b.vrs")
    (recording / "mps_b_vrs/eye_gaze").mkdir(parents=True)
    shutil.copyfile(
        recording / "mps/eye_gaze/general_eye_gaze.csv", recording / "mps_b_vrs/eye_gaze/general_eye_gaze.csv"
    )
    found = find_recordings(recording)
    assert [(one.name, one.selection) for one in found] == [("b", "b.vrs"), ("walk", "")]
    assert [one.inner for one in found] == ["", "mps/eye_gaze"]
    assert read_candidate(found[0]).camera is not None
    assert read_candidate(found[1]).camera is None


def test_a_recording_without_gaze_says_what_to_do(recording):
    shutil.rmtree(recording / "mps")
    with pytest.raises(UnknownFormatError, match="let MPS make it"):
        read_recording(recording)


@pytest.mark.parametrize(
    ("status", "severity"), [("SUCCESS", "info"), ("FAILURE", "problem")], ids=["success", "failure"]
)
def test_what_mps_says_of_itself(recording, status, severity):
    said = {"GazeInference": {"status": status, "message": "no eyes"}, "version": "1.0"}
    (recording / "mps/eye_gaze/summary.json").write_text(json.dumps(said), encoding="utf-8")
    read = read_recording(recording)
    assert [one.severity for one in read.findings() if one.code == "mps_status"] == [severity]
    assert read.meta.extra["mps_version"] == "1.0"


def test_column_order_does_not_matter(tmp_path):
    rows = "depth_m,pitch_rads_cpf,tracking_timestamp_us,yaw_rads_cpf\n0,0.1,7,0.2\n,0.1,8,3.0\n"
    (tmp_path / "eyegaze.csv").write_text(rows, encoding="utf-8")
    read = read_recording(tmp_path)
    assert read.gaze["t_ns"].tolist() == [7000, 8000]
    assert read.gaze["azimuth_deg"].iloc[0] == pytest.approx(-np.degrees(0.2))
    assert read.gaze["reason"].tolist() == ["ok", "no_data"]
    assert "angles_impossible" in codes(read)


def replaced(data: bytes, start: int, new: bytes) -> bytes:
    return data[:start] + new + data[start + len(new) :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:90], id="description-cut"),
        pytest.param(lambda data: data[:34000], id="pictures-cut"),
        pytest.param(lambda data: replaced(data, 24, struct.pack("<q", 0)), id="no-index"),
        pytest.param(lambda data: replaced(data, 24, struct.pack("<q", -5)), id="index-before-the-start"),
        pytest.param(
            lambda data: replaced(data, 32, struct.pack("<q", 2**62)), id="description-beyond-the-end"
        ),
        pytest.param(lambda data: replaced(data, 20, struct.pack("<I", 2**32 - 1)), id="huge-headers"),
        pytest.param(lambda data: replaced(data, 112, struct.pack("<I", 2**32 - 1)), id="many-streams"),
        pytest.param(lambda data: replaced(data, 32685 + 32 + 58, b"\xff" * 4), id="many-records"),
        pytest.param(lambda data: replaced(data, 32685 + 32 + 62, b"\xff" * 40), id="index-not-zstd"),
        pytest.param(lambda data: data.replace(b"camera-rgb", b"camera-rgx"), id="no-scene-camera"),
        pytest.param(lambda data: data.replace(b"DVT-S", b"DVT-X"), id="other-glasses"),
    ],
)
def test_damaged_recordings_keep_their_gaze(recording, damage):
    path = recording / "recording.vrs"
    path.write_bytes(damage(path.read_bytes()))
    read = read_recording(recording)
    assert len(read.gaze) == 4
    assert read.gaze["valid"].all()
    assert {one.severity for one in read.findings()} & {"problem", "warning"}


def test_random_damage_raises_only_our_own_errors(recording):
    rng = np.random.default_rng(5)
    vrs, table = recording / "recording.vrs", recording / "mps/eye_gaze/general_eye_gaze.csv"
    original = {path: path.read_bytes() for path in (vrs, table)}
    for turn in range(60):
        path = table if turn % 3 == 0 else vrs
        data = bytearray(original[path])
        reach = len(data) if path == table else 46_000
        for place in rng.integers(0, reach, 1 + turn % 7):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(1, len(data))] if turn % 5 == 0 else data)
        with contextlib.suppress(GazestudyError):
            read_recording(recording).findings()
        path.write_bytes(original[path])


def test_a_table_without_gaze(tmp_path):
    (tmp_path / "general_eye_gaze.csv").write_text(HEADER, encoding="utf-8")
    assert "no_rows" in codes(read_recording(tmp_path))
    (tmp_path / "general_eye_gaze.csv").write_text(
        "tracking_timestamp_us,yaw_rads_cpf\n1,2\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="pitch"):
        _ = read_recording(tmp_path).gaze
