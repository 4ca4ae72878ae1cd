"""Tobii Pro Glasses 3: real tables, and small recording folders written by the documented layout."""

import gzip
import json
import re

import numpy as np
import pandas as pd
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import GazestudyError, InputError, UnknownFormatError
from gazestudy.importers import find_recordings, read_recording

REAL = "tobii_g3_eyedentify3d/calibration_1"
PEER = "tobii_g3_eyedentify3d/peer_glassesTools/g3/gazeData.tsv"


def findings(recording, code):
    return [finding for finding in recording.findings() if finding.code == code]


def lines_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def in_us(seconds):
    """Microseconds by decimal arithmetic."""
    whole, _, part = f"{seconds:.6f}".partition(".")
    return int(whole + part)


def test_every_row_as_the_peer_reads_it(samples):
    gaze = read_recording(samples / REAL).gaze
    peer = pd.read_csv(samples / PEER, sep="\t")
    assert len(gaze) == len(peer) == 6547
    np.testing.assert_array_equal(gaze["t_ns"], np.round(peer["timestamp"] * 1e3).astype(np.int64) * 1000)
    far = np.hypot(gaze["x_px"] - peer["gaze_pos_vid_x"], gaze["y_px"] - peer["gaze_pos_vid_y"])
    assert far.max() < 1e-6
    turn = np.array([-1.0, -1.0, 1.0])  # the nominal axes: there is no calibration
    for ours, theirs in {
        "gaze3d": "gaze_pos_3d",
        "eye_left": "gaze_ori_l",
        "eye_right": "gaze_ori_r",
    }.items():
        points = gaze[[f"{ours}_{axis}_mm" for axis in "xyz"]].to_numpy()
        np.testing.assert_allclose(points * turn, peer[[f"{theirs}_{axis}" for axis in "xyz"]], atol=1e-6)
    for eye in ("left", "right"):
        units = gaze[[f"gaze_{eye}_{axis}" for axis in "xyz"]].to_numpy()
        theirs = peer[[f"gaze_dir_{eye[0]}_{axis}" for axis in "xyz"]].to_numpy()
        np.testing.assert_allclose(
            units * turn, theirs / np.linalg.norm(theirs, axis=1, keepdims=True), atol=1e-8
        )
        np.testing.assert_allclose(gaze[f"pupil_{eye}_mm"], peer[f"pup_diam_{eye[0]}"], atol=1e-8)
    lost = peer["gaze_pos_vid_x"].isna().to_numpy()
    np.testing.assert_array_equal(gaze["reason"] == "no_data", lost)
    outside = ~peer["gaze_pos_vid_x"].between(-0.5, 1919.5) | ~peer["gaze_pos_vid_y"].between(-0.5, 1079.5)
    np.testing.assert_array_equal(gaze["reason"] == "out_of_image", outside & ~lost)
    print(f"{len(gaze)} rows, largest difference {far.max():.1e} px, 0 us; {lost.sum()} without gaze")


def test_every_line_of_the_device(samples):
    recording = read_recording(samples / REAL)
    raw = lines_of(samples / REAL / "gazedata.gz")
    np.testing.assert_array_equal(recording.gaze["t_ns"], [in_us(one["timestamp"]) * 1000 for one in raw])
    used = [tuple(bool(one["data"].get(f"eye{eye}")) for eye in ("left", "right")) for one in raw]
    names = {(True, True): "both", (True, False): "left", (False, True): "right", (False, False): "none"}
    assert recording.gaze["eye_used"].tolist() == [names[one] for one in used]
    assert sum(one["data"] == {} for one in raw) == (recording.gaze["reason"] == "no_data").sum() == 412
    imu = [one for one in lines_of(samples / REAL / "imudata.gz") if one["type"] == "imu"]
    both = sorted((in_us(one["timestamp"]), one["data"]) for one in imu if "gyroscope" in one["data"])
    table = recording.imu
    np.testing.assert_array_equal(table["t_ns"] // 1000, [one[0] for one in both])
    np.testing.assert_array_equal(
        table[[f"gyro_{axis}_deg_s" for axis in "xyz"]], [one[1]["gyroscope"] for one in both]
    )
    np.testing.assert_array_equal(
        table[[f"acceleration_{axis}_m_s2" for axis in "xyz"]], [one[1]["accelerometer"] for one in both]
    )
    field = [one["data"]["magnetometer"] for one in imu if "magnetometer" in one["data"]]
    np.testing.assert_array_equal(recording.stream("magnetometer").iloc[:, 1:], field)
    port = recording.stream("sync_port")
    pulses = lines_of(samples / REAL / "eventdata.gz")
    assert port["value"].tolist() == [one["data"]["value"] for one in pulses]
    np.testing.assert_array_equal(port["t_ns"] // 1000, [in_us(one["timestamp"]) for one in pulses])
    assert len(recording.events) == 0


def test_tables_without_the_recording(samples, tmp_path):
    (found,) = find_recordings(samples / REAL)
    assert (found.importer, found.name) == ("tobii-glasses3", "calibration_1")
    alone = read_recording(samples / REAL / "gazedata.gz")
    pd.testing.assert_frame_equal(alone.gaze, read_recording(samples / REAL).gaze)
    (tmp_path / "renamed.gz").write_bytes((samples / REAL / "gazedata.gz").read_bytes())
    assert len(read_recording(tmp_path / "renamed.gz").gaze) == 6547
    assert {"no_info", "no_camera", "no_video", "image_size_usual"} <= {one.code for one in alone.findings()}
    assert alone.camera is None
    assert alone.clock.base == "recording_start"


# Small recordings by the documented layout

MATRIX = np.array([[920.0, 0, 950.0], [0, 921.0, 530.0], [0, 0, 1]])
LENS = np.array([-0.06, 0.07, -0.0002, 0.0004, -0.02])
TURN = cv2.Rodrigues(np.array([0.02, -0.01, 0.03]))[0] @ np.diag([-1.0, -1.0, 1.0])
SHIFT = np.array([0.5, -0.25, 1.0])


def facts(**changes):
    calibration = {
        "position": SHIFT.tolist(),
        "rotation": TURN.tolist(),
        "focal-length": [920.0, 921.0],
        "skew": 0,
        "principal-point": [950.0, 530.0],
        "radial-distortion": [-0.06, 0.07, -0.02],
        "tangential-distortion": [-0.0002, 0.0004],
        "resolution": [1920, 1080],
    }
    made = {
        "uuid": "b5b3",
        "name": "Line 4, platform",
        "version": 2,
        "duration": 1.0,
        "created": "2024-05-06T07:08:09.123456Z",
        "timezone": "Europe/Stockholm",
        "meta-folder": "meta",
        "scenecamera": {"file": "scenevideo.mp4", "camera-calibration": calibration, "gaze-overlay": False},
        "eyecameras": None,
        "gaze": {"file": "gazedata.gz", "samples": 40, "valid-samples": 39},
        "events": {"file": "eventdata.gz"},
        "imu": {"file": "imudata.gz"},
    }
    return made | changes


def gaze_lines():
    """Forty samples of points that the camera sees; the eighth is lost."""
    rng = np.random.default_rng(4)
    points = np.column_stack(
        [rng.uniform(-400, 400, 40), rng.uniform(-250, 250, 40), rng.uniform(800, 3000, 40)]
    )
    seen, _ = cv2.projectPoints(points, cv2.Rodrigues(TURN)[0], SHIFT, MATRIX, LENS)
    lines = []
    for number, (point, pixel) in enumerate(zip(points, seen[:, 0], strict=True)):
        eye = {"gazeorigin": [30.0, -20.0, -25.0], "gazedirection": [0, 0, 1], "pupildiameter": 3.25}
        gaze2d = [round(one, 4) for one in (pixel / (1920, 1080)).tolist()]
        data = {"gaze2d": gaze2d, "gaze3d": point.tolist(), "eyeleft": eye, "eyeright": {}}
        lines.append(
            {"type": "gaze", "timestamp": 3599.98 + number / 100, "data": {} if number == 7 else data}
        )
    return lines


def packed(lines):
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "wnbvd2a"
    (inside / "meta").mkdir(parents=True)
    (inside / "recording.g3").write_text(json.dumps(facts()), encoding="utf-8")
    (inside / "gazedata.gz").write_bytes(packed(gaze_lines()))
    (inside / "eventdata.gz").write_bytes(
        packed(
            [
                {"type": "event", "timestamp": 2.5, "data": {"tag": "train", "object": {"line": [4]}}},
                {"type": "syncport", "timestamp": 1.5, "data": {"direction": "in", "value": 1}},
                {"type": "event", "timestamp": 0.5, "data": {"tag": "start", "object": "x"}},
            ]
        )
    )
    (inside / "meta/participant").write_text('{"name": "Erika"}', encoding="utf-8")
    (inside / "meta/RuVersion").write_text("1.29.1+pie\n", encoding="utf-8")
    return inside


def test_recording_folder(folder, write_video):
    write_video(folder / "scenevideo.mp4", [80, 120, 160], size=(1920, 1080))
    recording = read_recording(folder)
    assert recording.meta.name == "Line 4, platform"
    assert recording.meta.participant_label == "Erika"
    assert recording.meta.extra["RuVersion"] == "1.29.1+pie"
    assert recording.meta.start_unix_ns == pd.Timestamp("2024-05-06T07:08:09.123456Z").value
    assert recording.clock.offset_to_unix_ns == recording.meta.start_unix_ns
    assert recording.frames["t_ns"].tolist() == [80_000_000, 120_000_000, 160_000_000]  # behind an empty edit
    np.testing.assert_allclose(recording.camera.matrix, MATRIX)
    np.testing.assert_allclose(recording.camera.coefficients, LENS)
    gaze = recording.gaze
    assert gaze["t_ns"].tolist() == [(359998 + number) * 10_000_000 for number in range(40)]
    assert gaze["reason"].tolist() == ["ok"] * 7 + ["no_data"] + ["ok"] * 32
    np.testing.assert_allclose(
        gaze[[f"eye_left_{axis}_mm" for axis in "xyz"]].iloc[0], TURN @ [30.0, -20.0, -25.0] + SHIFT
    )
    np.testing.assert_allclose(gaze[[f"gaze_left_{axis}" for axis in "xyz"]].iloc[0], TURN[:, 2])
    assert gaze["eye_used"].iloc[0] == "left"
    assert [one.severity for one in findings(recording, "sample_count")] == ["info", "info"]
    (found,) = findings(recording, "reprojection")
    assert found.severity == "info"
    assert float(re.findall(r"(\d\.\d+) px", found.message)[1]) < 0.11  # the four decimals of the 2-D gaze
    assert recording.events["name"].tolist() == ["start", "train"]
    assert recording.stream("sync_port")[["t_ns", "direction", "value"]].to_numpy().tolist() == [
        [1_500_000_000, "in", 1]
    ]
    assert {one.path for one in recording.files} >= {"recording.g3", "gazedata.gz", "meta/participant"}


def test_wrong_calibration_is_told(folder):
    made = facts()
    made["scenecamera"]["camera-calibration"]["rotation"] = TURN.T.tolist()
    made["scenecamera"]["gaze-overlay"] = True
    made["gaze"]["samples"] = 41
    (folder / "recording.g3").write_text(json.dumps(made), encoding="utf-8")
    recording = read_recording(folder)
    assert findings(recording, "reprojection")[0].severity == "warning"
    assert findings(recording, "gaze_overlay")
    assert [one.severity for one in findings(recording, "sample_count")] == ["warning", "info"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rotation", [[1, 0, 0], [0, 1, 0]]),
        ("rotation", [[9, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("focal-length", "wide"),
        ("resolution", [1920]),
        ("resolution", [1e300, 2]),
        ("radial-distortion", None),
        ("skew", [[]]),
        ("position", {"x": 1}),
    ],
)
def test_unusable_calibration(folder, key, value):
    made = facts()
    made["scenecamera"]["camera-calibration"][key] = value
    (folder / "recording.g3").write_text(json.dumps(made), encoding="utf-8")
    recording = read_recording(folder)
    assert recording.camera is None or key == "skew"
    assert len(recording.gaze) == 40
    assert {"no_camera", "camera_unusable"} <= {one.code for one in recording.findings()} or key == "skew"


def test_damaged_facts_do_not_stop_the_tables(folder):
    (folder / "recording.g3").write_text("{", encoding="utf-8")
    recording = read_recording(folder)
    assert findings(recording, "info_damaged")
    assert len(recording.gaze) == 40
    assert recording.meta.name == folder.name


def test_values_of_the_wrong_shape(folder):
    lines = gaze_lines()
    lines[0]["data"]["gaze2d"] = [0.5]
    lines[1]["data"]["eyeleft"] = None
    lines[2]["timestamp"] = None
    lines[3]["data"]["gaze3d"] = [1, None, 3]
    lines[4]["timestamp"] = 1e300
    lines[5] = {"type": "other", "timestamp": 1.0}
    lines[6]["timestamp"] = "soon"
    lines[8]["data"]["gaze2d"] = [float("nan"), 0.5]
    (folder / "gazedata.gz").write_bytes(packed(lines) + gzip.compress(b'{"type":"gaze","timest'))
    recording = read_recording(folder)
    assert findings(recording, "values_skipped")[0].count == 3
    assert findings(recording, "lines_skipped")[0].count == 1
    assert findings(recording, "truncated_line")
    assert len(recording.gaze) == 36
    assert recording.gaze["reason"].tolist()[:5] == ["no_data", "ok", "ok", "no_data", "no_data"]
    assert recording.gaze["eye_used"].tolist()[:3] == ["left", "none", "left"]


@pytest.mark.parametrize("name", ["gazedata.gz", "imudata.gz", "eventdata.gz"])
def test_a_file_that_cannot_be_unpacked(folder, name):
    (folder / name).write_bytes(b"no gzip")
    recording = read_recording(folder)
    assert findings(recording, "truncated_file")
    assert len(recording.gaze) == (0 if name == "gazedata.gz" else 40)


def test_gaze_that_was_not_copied(folder):
    (folder / "gazedata.gz").unlink()
    recording = read_recording(folder)
    with pytest.raises(InputError, match=r"gazedata\.gz: this file is missing"):
        _ = recording.gaze
    assert len(recording.events) == 2


def test_gzip_bomb(folder):
    (folder / "gazedata.gz").write_bytes(gzip.compress(b"\n" * 150_000_000, 9))
    recording = read_recording(folder)
    with pytest.raises(InputError, match="not plausible"):
        _ = recording.gaze


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("gazedata.gz", b"", "no gaze of a Tobii"),
        ("gazedata.gz", gzip.compress(b'{"ts":1,"s":0}\n'), "no gaze of a Tobii"),
        ("recording.g3", b"{}", "names neither gaze"),
    ],
    ids=["empty", "other lines", "no streams"],
)
def test_other_folders_are_refused(tmp_path, name, content, problem):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnknownFormatError, match=problem):
        read_recording(tmp_path)


def test_damaged_copies_never_break_out(samples, folder):
    rng = np.random.default_rng(9)
    original = {
        name: (folder / name).read_bytes() for name in ("recording.g3", "gazedata.gz", "eventdata.gz")
    }
    original["imudata.gz"] = (samples / REAL / "imudata.gz").read_bytes()[:20_000]
    plain = gzip.decompress((samples / REAL / "gazedata.gz").read_bytes())[:30_000]
    for turn in range(60):
        for name, content in original.items():
            (folder / name).write_bytes(content)
        name = list(original)[turn % 4]
        inside = turn % 8 == 1
        data = bytearray(plain if inside else original[name])
        for place in rng.integers(0, len(data), rng.integers(1, 6)):
            data[place] = rng.integers(0, 256)
        data = data[: rng.integers(0, len(data))] if turn % 3 == 0 else data
        (folder / name).write_bytes(gzip.compress(data, 1) if inside else bytes(data))
        try:
            read_recording(folder).findings()
        except GazestudyError:
            continue
