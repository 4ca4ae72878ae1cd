"""Folders from the SD card of the Tobii Pro Glasses 2: real ones, and small ones written by the documented layout."""

import gzip
import json
import random
import re
import shutil
import struct
import zipfile

import numpy as np
import pandas as pd
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import GazestudyError, InputError, UnknownFormatError
from gazestudy.importers import find_recordings, read_recording
from gazestudy.importers.recordings.tobii.camera import TobiiCamera, reprojection
from gazestudy.importers.recordings.tobii.glasses2_tslv import camera_of
from gazestudy.importers.registry import ReadOptions

VALIDATOR = "tobii_g2_validator/recordings/t3ic6aq"
VIEWER = "tobii_g2_viewer_demo/projects/raoscyb/recordings/gzz7stc"
REAL = {
    VALIDATOR: "tobii_g2_validator/peer_glassesTools/g2_validator",
    VIEWER: "tobii_g2_viewer_demo/peer_glassesTools/g2_viewer_demo",
}


def findings(recording, code):
    return [finding for finding in recording.findings() if finding.code == code]


def lines_of(folder):
    with gzip.open(folder / "segments/1/livedata.json.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def xml_numbers(path, name):
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
    values = storage.getNode(name).mat()
    storage.release()
    return values


def packages(path):
    """Walk a TSLV file: yield type, status, payload."""
    data, place = gzip.decompress(path.read_bytes()), 0
    while place + 8 <= len(data):
        kind, status, length = struct.unpack_from("<hhi", data, place)
        yield kind, status, data[place + 8 : place + 8 + length]
        place += 8 + length + -length % 4


@pytest.mark.parametrize("name", REAL)
def test_every_row_as_the_peer_reads_it(samples, name):
    recording = read_recording(samples / name)
    gaze = recording.gaze
    peer = pd.read_csv(samples / REAL[name] / "gazeData.tsv", sep="\t")
    start = next(
        one["ts"] for one in lines_of(samples / name) if one.get("vts") == 0
    )  # the peer counts from there
    peer_ns = np.round(peer["timestamp"] * 1e6).astype(np.int64) + start * 1000
    # It keeps samples that the end of the recording cut in pieces.
    whole = np.isin(peer_ns, gaze["t_ns"])
    assert np.count_nonzero(~whole) == sum(one.count for one in findings(recording, "incomplete_ends"))
    peer = peer[whole]
    order = np.argsort(peer_ns[whole], kind="stable")
    peer = peer.iloc[order]
    np.testing.assert_array_equal(gaze["t_ns"], peer_ns[whole].to_numpy()[order])
    np.testing.assert_allclose(gaze["x_px"], peer["gaze_pos_vid_x"], atol=1e-6)
    np.testing.assert_allclose(gaze["y_px"], peer["gaze_pos_vid_y"], atol=1e-6)
    rotation = np.array(recording.meta.extra["camera_rotation"])
    position = np.array(recording.meta.extra["camera_position_mm"])
    np.testing.assert_allclose(rotation, xml_numbers(samples / REAL[name] / "calibration.xml", "rotation"))
    points = {
        "gaze3d_{}_mm": "gaze_pos_3d_{}",
        "eye_left_{}_mm": "gaze_ori_l_{}",
        "eye_right_{}_mm": "gaze_ori_r_{}",
    }
    for ours, theirs in points.items():
        camera = gaze[[ours.format(axis) for axis in "xyz"]].to_numpy()
        glasses = peer[[theirs.format(axis) for axis in "xyz"]].to_numpy()
        np.testing.assert_allclose(camera, glasses @ rotation.T + position, atol=1e-6)
    for eye in ("left", "right"):
        camera = gaze[[f"gaze_{eye}_{axis}" for axis in "xyz"]].to_numpy()
        glasses = peer[[f"gaze_dir_{eye[0]}_{axis}" for axis in "xyz"]].to_numpy()
        glasses = glasses / np.linalg.norm(glasses, axis=1, keepdims=True)
        np.testing.assert_allclose(camera, glasses @ rotation.T, atol=1e-5)
        np.testing.assert_array_equal(gaze[f"pupil_{eye}_mm"], peer[f"pup_diam_{eye[0]}"])
    invalid = peer["gaze_pos_vid_x"].isna().to_numpy()
    np.testing.assert_array_equal(gaze["reason"] == "no_data", invalid)
    print(
        f"{name}: {len(gaze)} rows, {np.count_nonzero(~whole)} of the peer cut off, {invalid.sum()} without gaze"
    )


@pytest.mark.parametrize("name", REAL)
def test_calibration_as_the_peer_reads_it(samples, name):
    camera = read_recording(samples / name).camera
    file = samples / REAL[name] / "calibration.xml"
    np.testing.assert_allclose(camera.matrix, xml_numbers(file, "cameraMatrix"), rtol=1e-7)
    np.testing.assert_allclose(camera.coefficients, np.ravel(xml_numbers(file, "distCoeff")), rtol=1e-6)
    assert (camera.width_px, camera.height_px) == (1920, 1080)


@pytest.mark.parametrize("name", REAL)
def test_against_the_binary_file_of_the_device(samples, name):
    """et.tslv.gz holds the same samples, in binary and with more digits."""
    times, points, counters, valid, now = [], [], [], [], None
    for kind, status, payload in packages(samples / name / "segments/1/et.tslv.gz"):
        if kind == 50:
            now = struct.unpack("<q", payload)[0]
        elif kind == 57:
            counter = struct.unpack("<q", payload)[0]
        elif kind == 112:
            times.append(now)
            counters.append(counter)
            points.append(struct.unpack("<2f", payload))
            valid.append(status == 0)
    gaze = read_recording(samples / name).gaze
    np.testing.assert_array_equal(gaze["t_ns"] // 1000, times)
    np.testing.assert_array_equal(gaze["gidx"], counters)
    np.testing.assert_array_equal(gaze["status"] == 0, valid)
    pixels = np.array(points)[valid] * (1920, 1080)
    apart = np.abs(gaze.loc[valid, ["x_px", "y_px"]].to_numpy() - pixels)
    assert (apart < np.array([1920, 1080]) * 0.00005 + 1e-3).all()  # four decimals in the JSON lines


@pytest.mark.parametrize("name", REAL)
def test_reprojection_of_the_device_s_own_numbers(samples, name):
    """The figure of the finding, from the raw lines and the peer's calibration through OpenCV alone."""
    file = samples / REAL[name] / "calibration.xml"
    packets = [one for one in lines_of(samples / name) if one["s"] == 0]
    flat = {one["gidx"]: one["gp"] for one in packets if "gp" in one}
    deep = {one["gidx"]: one["gp3"] for one in packets if "gp3" in one}
    both = sorted(flat.keys() & deep.keys())
    turn = cv2.Rodrigues(xml_numbers(file, "rotation"))[0]
    position = np.ravel(xml_numbers(file, "position")).astype(float)
    seen, _ = cv2.projectPoints(
        np.array([deep[one] for one in both]),
        turn,
        position,
        xml_numbers(file, "cameraMatrix"),
        xml_numbers(file, "distCoeff"),
    )
    apart = np.linalg.norm(seen[:, 0] - np.array([flat[one] for one in both]) * (1920, 1080), axis=1)
    assert np.percentile(apart, 95) < 0.1
    (found,) = findings(read_recording(samples / name), "reprojection")
    assert found.severity == "info"
    assert found.count == len(both)
    stated = [float(number) for number in re.findall(r"(\d\.\d+) px", found.message)]
    assert stated == pytest.approx([np.median(apart), np.percentile(apart, 95)], abs=0.002)


@pytest.mark.parametrize(
    ("name", "rows", "valid", "sync"),
    [(VALIDATOR, 965, 960, {"out": 9}), (VIEWER, 1424, 1331, {"out": 11, "in": 22})],
)
def test_counts_and_clock(samples, name, rows, valid, sync):
    recording = read_recording(samples / name)
    info = json.loads((samples / name / "recording.json").read_text(encoding="utf-8"))
    assert (len(recording.gaze), int((recording.gaze["status"] == 0).sum())) == (rows, valid)
    assert (info["rec_et_samples"], info["rec_et_valid_samples"]) == (rows, valid)
    assert {one.severity for one in findings(recording, "sample_count")} == {"info"}
    assert recording.stream("sync_port")["direction"].value_counts().to_dict() == sync
    raw = lines_of(samples / name)
    for stream, key, column in (
        ("imu", "gy", "gyro_{}_deg_s"),
        ("accelerometer", "ac", "acceleration_{}_m_s2"),
    ):
        wanted = sorted((one["ts"], *one[key]) for one in raw if key in one)
        table = recording.stream(stream)[["t_ns", *(column.format(axis) for axis in "xyz")]]
        np.testing.assert_array_equal(table["t_ns"] // 1000, [one[0] for one in wanted])
        np.testing.assert_allclose(table.iloc[:, 1:], [one[1:] for one in wanted])
    zero = next(one["ts"] for one in raw if one.get("vts") == 0)
    assert recording.clock.t0_scene_ns == zero * 1000
    assert recording.gaze["t_ns"].iloc[0] < recording.clock.t0_scene_ns  # kept, though before the video
    # The segment's own start has whole seconds only and is written a moment before the first picture.
    segment = json.loads((samples / name / "segments/1/segment.json").read_text(encoding="utf-8"))
    started = pd.Timestamp(segment["seg_t_start"]).value
    assert 0 <= recording.meta.start_unix_ns - started < 2.5e9
    assert recording.meta.extra["sampling_rate_hz"] == 50


def test_projects_list_their_recordings(samples):
    (found,) = find_recordings(samples / "tobii_g2_viewer_demo/projects/raoscyb")
    assert (found.importer, found.name, found.selection) == (
        "tobii-glasses2",
        "Recording011",
        "recordings/gzz7stc",
    )
    places = {one.importer: one for one in find_recordings(samples / "tobii_g2_validator")}
    assert places["tobii-glasses2"].name == "Recording020"


# Small recordings by the documented layout


def sample(number, ts, *, s=0, gp=(0.5, 0.25), gidx=True, leave_out=()):
    """Eight packets of one sample; the 3-D gaze is 1 m ahead."""
    head = {"ts": ts, "s": 0} | ({"gidx": number} if gidx else {})
    made = {}
    for eye, x in (("left", 32.0), ("right", -33.0)):
        made["pc", eye] = head | {"pc": [x, -23.0, -29.0], "eye": eye}
        made["pd", eye] = head | {"pd": 3.5, "eye": eye}
        made["gd", eye] = head | {"gd": [0.0, 0.0, 1.0], "eye": eye}
    made["gp"] = head | {"s": s, "l": 1234, "gp": list(gp) if s == 0 else [0.0, 0.0]}
    made["gp3"] = head | {"s": s, "gp3": [0.0, 0.0, 1000.0] if s == 0 else [0.0, 0.0, 0.0]}
    return [packet for key, packet in made.items() if key not in leave_out]


def text_of(packets):
    return "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in packets).encode()


def tslv(ts=1_000_000, unix_us=None, *, end=True, focal=1000.0, magic=b"TSLV1"):
    def package(kind, payload):
        return struct.pack("<hhi", kind, 0, len(payload)) + payload + b"\0" * (-len(payload) % 4)

    camera = struct.pack("<bbxx3f9f", 4, 0, 1, 2, 3, -1, 0, 0, 0, -1, 0, 0, 0, 1)
    camera += struct.pack(
        "<2ff2f3f3f2h", focal, focal, 0, 960, 540, 0.1, -0.2, 0.3, 0.01, 0.02, 0, 1920, 1080
    )
    data = (
        package(21332, magic) + package(50, struct.pack("<q", ts)) + package(2, b"ET") + package(300, camera)
    )
    if unix_us is not None:
        data += package(51, struct.pack("<q", unix_us) + b"+0000\0\0\1")
    return gzip.compress(data + (package(5, b"") if end else b""))


@pytest.fixture
def card(tmp_path):
    def write(segments, folder=None, *, heads=None, rec_info=None, **facts):
        folder = folder or tmp_path / "rec"
        for number, packets in enumerate(segments, start=1):
            inside = folder / f"segments/{number}"
            inside.mkdir(parents=True, exist_ok=True)
            data = packets if isinstance(packets, bytes) else text_of(packets)
            (inside / "livedata.json.gz").write_bytes(gzip.compress(data))
            (inside / "et.tslv.gz").write_bytes((heads or {}).get(number, tslv()))
        info = {
            "rec_id": "abc",
            "rec_info": rec_info or {"Name": "walk"},
            "rec_created": "2024-01-02T03:04:05+0000",
        }
        (folder / "recording.json").write_text(json.dumps(info | facts), encoding="utf-8")
        (folder / "participant.json").write_text('{"pa_info": {"Name": "Erika"}}', encoding="utf-8")
        return folder

    return write


def five(start=2_000_000, **more):
    return [packet for i in range(5) for packet in sample(10 + i, start + 20_000 * i, **more)]


VTS = {"ts": 2_010_000, "s": 0, "vts": 0}


def test_axes_of_the_camera(card):
    recording = read_recording(card([[*five(), VTS]]))
    first = recording.gaze.iloc[0]
    assert first[["x_px", "y_px"]].tolist() == [960.0, 270.0]
    assert first[["eye_left_x_mm", "eye_left_y_mm", "eye_left_z_mm"]].tolist() == [-31.0, 25.0, -26.0]
    assert first[["eye_right_x_mm", "gaze_left_z", "gaze3d_z_mm"]].tolist() == [34.0, 1.0, 1003.0]
    assert recording.camera.coefficients == pytest.approx((0.1, -0.2, 0.01, 0.02, 0.3))
    assert recording.meta.participant_label == "Erika"
    assert recording.meta.name == "walk"
    (found,) = findings(recording, "reprojection")
    assert found.severity == "warning"  # 0.5, 0.25 is not where this camera sees that point


def test_reprojection_tells_a_wrong_calibration():
    payload = struct.pack("<bbxx3f9f", 4, 0, 0, 0, 0, -0.9992, 0.04, 0, -0.04, -0.9992, 0, 0, 0, 1)
    payload += struct.pack("<2ff2f3f3f2h", 1000, 1000, 0, 960, 540, 0, 0, 0, 0, 0, 0, 1920, 1080)
    axes = camera_of(payload)
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-300, 300, (50, 2)), np.full(50, 1000.0)])
    seen = points @ axes.rotation.T
    x_px, y_px = seen[:, 0] + 960, seen[:, 1] + 540  # a pinhole at 1 m with 1000 px focal length
    (good,) = reprojection(axes.points(points), x_px, y_px, axes.camera)
    (wrong,) = reprojection(points @ axes.rotation, x_px, y_px, axes.camera)
    assert (good.severity, wrong.severity) == ("info", "warning")
    assert TobiiCamera.unknown().camera is None


def test_status_keeps_its_code_and_never_its_value(card):
    packets = [
        *five(),
        *sample(20, 2_100_000, s=4),
        *sample(21, 2_120_000, gp=(1.2, 0.5)),
        *sample(22, 2_140_000),
    ]
    recording = read_recording(card([packets]))
    gaze = recording.gaze
    assert gaze["reason"].tolist() == ["ok"] * 5 + ["no_data", "out_of_image", "ok"]
    assert gaze["status"].tolist() == [0] * 5 + [4, 0, 0]
    assert np.isnan(gaze["x_px"].iloc[5])
    assert np.isnan(gaze["gaze3d_z_mm"].iloc[5])
    assert gaze["x_px"].iloc[6] == pytest.approx(1.2 * 1920)
    (found,) = findings(recording, "status")
    assert "1 x 4" in found.message


def test_one_eye_lost(card):
    packets = five()
    for packet in packets[3:6]:
        packet["s"] = 16
    gaze = read_recording(card([packets])).gaze
    assert gaze["eye_used"].tolist() == ["left"] + ["both"] * 4
    assert gaze["status_right"].tolist() == [16, 0, 0, 0, 0]
    assert gaze["valid"].all()


def test_old_firmware_groups_by_time(card):
    new = read_recording(card([five()])).gaze
    old = read_recording(card([five(gidx=False)])).gaze
    assert (old["gidx"] == -1).all()
    pd.testing.assert_frame_equal(old.drop(columns="gidx"), new.drop(columns="gidx"))


def test_lines_in_any_order(card):
    packets = five()
    straight = read_recording(card([packets])).gaze
    random.Random(2).shuffle(packets)
    pd.testing.assert_frame_equal(read_recording(card([packets])).gaze, straight)


def test_counter_that_begins_anew(card):
    packets = [packet for i in range(6) for packet in sample(i % 3, 2_000_000 + 200_000 * i)]
    recording = read_recording(card([packets]))
    assert recording.gaze["gidx"].tolist() == [0, 1, 2, 0, 1, 2]
    assert not findings(recording, "ambiguous_samples")


def test_ambiguous_samples_are_not_valid(card):
    packets = [*five(), sample(12, 2_040_000)[0]]  # the left pupil centre twice
    recording = read_recording(card([packets]))
    assert recording.gaze["reason"].tolist() == ["ok", "ok", "device_error", "ok", "ok"]
    assert findings(recording, "ambiguous_samples")[0].count == 1


def test_incomplete_samples(card):
    packets = [*sample(9, 1_980_000, leave_out=("gp", "gp3")), *five(), *sample(15, 2_100_000)[:3]]
    packets += sample(12, 2_040_000, leave_out=("gp",))
    kept = [packet for packet in packets if not (packet.get("gidx") == 12 and "gp" in packet)]
    unique = list({json.dumps(packet): packet for packet in kept}.values())
    recording = read_recording(card([unique]))
    assert recording.gaze["gidx"].tolist() == [10, 11, 12, 13, 14]
    assert recording.gaze["reason"].tolist() == ["ok", "ok", "no_data", "ok", "ok"]
    assert findings(recording, "incomplete_ends")[0].count == 2
    assert findings(recording, "incomplete_samples")[0].count == 1


def test_packets_of_one_sample_with_other_times(card):
    packets = five()
    packets[0]["ts"] += 7
    recording = read_recording(card([packets]))
    assert len(recording.gaze) == 5
    assert recording.gaze["t_ns"].iloc[0] == 2_000_000_000
    assert findings(recording, "packet_times")[0].count == 1


def test_segments_and_a_clock_that_begins_anew(card, write_video):
    second = [*five(9_000_000), {"ts": 9_005_000, "s": 0, "vts": 5_000}]
    third = [*five(500_000), {"ts": 500_000, "s": 0, "vts": 0}]
    wall = 1_700_000_000 * 10**6
    heads = {
        1: tslv(1_000_000, wall),
        2: tslv(8_000_000, wall + 7_000_000),
        3: tslv(400_000, wall + 60_000_000),
    }
    folder = card([[*five(), VTS], second, third], heads=heads, rec_segments=3)
    write_video(folder / "segments/1/fullstream.mp4", [0, 40, 80])
    write_video(folder / "segments/3/fullstream.mp4", [80, 120])
    recording = read_recording(folder)
    gaze, shown = recording.gaze, recording.frames
    assert shown["kind"].tolist() == ["real"] * 3 + ["gap"] + ["real"] * 2  # nothing is on show between parts
    frames = shown[shown["kind"] == "real"]
    assert gaze["part"].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    # the third was switched on anew: 400 ms there is 60 s after 1 s here
    assert gaze["t_ns"].iloc[[0, 5, 10]].tolist() == [2_000_000_000, 9_000_000_000, 61_100_000_000 - 0]
    assert findings(recording, "clock_restarted")[0].severity == "warning"
    # the video of the third begins with an empty edit of 80 ms
    zero, third_zero = 2_010_000_000, 61_100_000_000
    wanted = [zero, zero + 40_000_000, zero + 80_000_000, third_zero + 80_000_000, third_zero + 120_000_000]
    assert frames["t_ns"].tolist() == wanted
    assert frames[["part", "video", "index"]].to_numpy().tolist() == [
        [0, 0, 0],
        [0, 0, 1],
        [0, 0, 2],
        [2, 1, 0],
        [2, 1, 1],
    ]
    assert len(recording.videos) == 2
    assert recording.clock.offset_to_unix_ns == wall * 1000 - 1_000_000_000
    assert recording.meta.start_unix_ns == wall * 1000 + 1_010_000_000


def test_gaze_on_a_video_of_another_size(card, write_video):
    folder = card([[*five(), VTS]])
    write_video(folder / "segments/1/fullstream.mp4", [0, 40], size=(960, 540))
    recording = read_recording(folder)
    assert recording.gaze["x_px"].iloc[0] == 480.0
    assert (recording.camera.width_px, recording.camera.fx_px) == (960, 500.0)
    assert findings(recording, "image_size_differs")


def test_video_and_calibration_from_elsewhere(card, write_video, tmp_path):
    folder = card([[*five(), VTS]], heads={1: b""})
    video = write_video(tmp_path / "copy.mp4", [0, 40])
    values = {"camera_matrix": [[900, 0, 960], [0, 900, 540], [0, 0, 1]], "dist_coefs": [0, 0, 0, 0, 0]}
    (tmp_path / "camera.json").write_text(json.dumps(values), encoding="utf-8")
    recording = read_recording(folder, options=ReadOptions(video=video, camera=tmp_path / "camera.json"))
    assert len(recording.frames) == 2
    assert (recording.camera.source, recording.camera.fx_px) == ("user", 900.0)
    (tmp_path / "camera.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="calibration"):
        read_recording(folder, options=ReadOptions(camera=tmp_path / "camera.json"))


def test_sync_ports_and_events(card):
    packets = [
        *five(),
        {"ts": 2_030_000, "s": 0, "dir": "in", "sig": 1},
        {"ts": 2_001_000, "s": 0, "dir": "out", "sig": 1},
        {"ts": 2_050_000, "s": 0, "ets": 17, "type": "JsonEvent", "tag": '{"bus": "arrives"}'},
    ]
    recording = read_recording(card([packets]))
    port = recording.stream("sync_port")
    assert port[["t_ns", "direction", "value"]].to_numpy().tolist() == [
        [2_001_000_000, "out", 1],
        [2_030_000_000, "in", 1],
    ]
    assert recording.events["name"].tolist() == ['{"bus": "arrives"}']
    assert recording.events["t_ns"].tolist() == [2_050_000_000]


@pytest.mark.parametrize(
    ("head", "codes"),
    [
        pytest.param(tslv(end=False), set(), id="power-lost"),
        pytest.param(tslv(focal=float("nan")), {"no_camera", "camera_unusable"}, id="not-a-number"),
        pytest.param(tslv(focal=-5.0), {"no_camera", "camera_unusable"}, id="negative"),
        pytest.param(tslv(magic=b"XXXXX"), {"no_camera", "camera_unusable"}, id="other-file"),
        pytest.param(gzip.compress(gzip.decompress(tslv())[:120]), {"no_camera"}, id="cut-in-calibration"),
        pytest.param(b"", {"no_camera", "camera_unusable"}, id="empty"),
    ],
)
def test_binary_files(card, head, codes):
    recording = read_recording(card([five()], heads={1: head}))
    found = {one.code for one in recording.findings() if one.stream == "camera"}
    assert found == codes
    assert len(recording.gaze) == 5
    assert (recording.camera is None) == ("no_camera" in found)


def test_damaged_lines(card):
    data = text_of([*five(), VTS])
    lines = data.splitlines(keepends=True)
    lines[3] = b'{"ts":2000000,"s":0,"gidx":10,"pc":[1.0,2.0\n'
    lines[9] = b'{"ts":2020000,"s":0,"gidx":11,"pd":\x00\xff3.5,"eye":"left"}\n'
    lines.insert(20, b'{"ts":2040000,"s":0,"gidx":12,"gp":[0.5]}\n')
    recording = read_recording(card([b"".join(lines) + b'{"ts":2090000,"s":0,"gi']))
    assert findings(recording, "lines_skipped")[0].count == 2
    assert "(lines 4, 10)" in findings(recording, "lines_skipped")[0].message
    assert findings(recording, "packets_skipped")[0].count == 1
    assert findings(recording, "truncated_line")[0].severity == "problem"
    assert len(recording.gaze) == 4  # the first sample lost a packet and is cut off at its end


def test_file_cut_off_in_the_card(card, samples):
    folder = card([five()])
    packed = (samples / VALIDATOR / "segments/1/livedata.json.gz").read_bytes()
    (folder / "segments/1/livedata.json.gz").write_bytes(packed[: len(packed) // 2])
    recording = read_recording(folder)
    assert 300 < len(recording.gaze) < 600
    assert findings(recording, "truncated_file")


def test_more_broken_lines_than_one_believes(card):
    recording = read_recording(card([text_of(five()) + b"{broken\n" * 5000]))
    with pytest.raises(InputError, match="more than 1000 lines are broken"):
        _ = recording.gaze


def test_times_that_do_not_fit(card):
    odd = [
        {"ts": 2**63 - 1, "s": 0, "ac": [1, 2, 3]},
        {"ts": -(2**63), "s": 0, "ac": [1, 2, 3]},
        {"s": 0, "sig": 1},
    ]
    recording = read_recording(card([[*five(), *odd]]))
    assert len(recording.stream("accelerometer")) == 0
    assert findings(recording, "packets_skipped")[0].count == 3


def test_projects_in_a_zip(card, tmp_path):
    project = tmp_path / "card/projects/xyz"
    card([five()], project / "recordings/one", rec_info={"name": "first"})
    card([five()], project / "recordings/two", rec_info={"Name": "second"})
    (project / "recordings/empty").mkdir()
    (project / "project.json").write_text("{}", encoding="utf-8")
    shutil.make_archive(str(tmp_path / "card"), "zip", tmp_path / "card")
    for path in (tmp_path / "card", tmp_path / "card.zip", project):
        assert [one.name for one in find_recordings(path)] == ["first", "second"]
        assert len(read_recording(path, name="second").gaze) == 5
    assert zipfile.is_zipfile(tmp_path / "card.zip")


def test_a_segment_alone(card):
    recording = read_recording(card([five()]) / "segments/1")
    assert len(recording.gaze) == 5
    assert findings(recording, "file_missing")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b", gzip.compress(b'{"type":"gaze"}'), gzip.compress(b"ts")],
    ids=["empty", "cut", "no times", "no table"],  # a gzip file holds the time it was made
)
def test_other_folders_are_refused(tmp_path, content):
    (tmp_path / "segments/1").mkdir(parents=True)
    (tmp_path / "segments/1/livedata.json.gz").write_bytes(content)
    (tmp_path / "recording.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UnknownFormatError, match="packets of a Tobii"):
        read_recording(tmp_path)


def test_damaged_copies_never_break_out(samples, tmp_path):
    rng = np.random.default_rng(7)
    names = [
        "recording.json",
        "segments/1/livedata.json.gz",
        "segments/1/et.tslv.gz",
        "segments/1/segment.json",
    ]
    original = {name: (samples / VALIDATOR / name).read_bytes() for name in names}
    plain = gzip.decompress(original[names[1]])[:20_000]
    folder = tmp_path / "rec"
    (folder / "segments/1").mkdir(parents=True)
    for turn in range(60):
        for name in names:
            (folder / name).write_bytes(original[name])
        (folder / names[1]).write_bytes(gzip.compress(plain, 1))
        name = names[turn % len(names)]
        data = bytearray(plain if turn % 8 == 1 else (folder / name).read_bytes())
        for place in rng.integers(0, len(data), rng.integers(1, 6)):
            data[place] = rng.integers(0, 256)
        data = data[: rng.integers(0, len(data))] if turn % 3 == 0 else data
        (folder / name).write_bytes(gzip.compress(data, 1) if turn % 8 == 1 else bytes(data))
        try:
            recording = read_recording(folder)
            recording.findings()
        except GazestudyError:
            continue
