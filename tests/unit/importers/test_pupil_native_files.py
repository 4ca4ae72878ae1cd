"""Phone recordings in the vendor's layout written here: Invisible, several parts with video, damage."""

import json
import random
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from gazestudy.errors import GazestudyError, InputError, ParameterError, UnknownFormatError
from gazestudy.importers import ReadOptions, build_report, find_recordings, read_recording
from gazestudy.importers.recordings.pupil.native_files import BLINKS, EYE_STATE, FIXATIONS, PAIR
from gazestudy.importers.recordings.pupil.native_imu import packets

START_NS = 1_700_000_000_123_456_789
STEP_NS = 5_000_000
PART_NS = 10_000_000_000  # from the start of a part to that of the next
MATRIX = [[890.0, 0, 800.0], [0, 891.0, 600.0], [0, 0, 1]]
LENS = [-0.13, 0.11, 0.0, 0.0, 0.0, 0.17, 0.05, 0.025]
NEON_INFO = {
    "data_format_version": "2.5",
    "app_version": "2.9.31-prod",
    "module_serial_number": "1",
    "start_time": START_NS - 10**9,
    "duration": 30 * 10**9,
    "gaze_offset": [10.0, -5.0],
    "template_data": {"recording_name": "station", "data": {"q1": ["north", "wet"], "q2": "9:30"}},
}
INVISIBLE_INFO = {
    "data_format_version": "1.4",
    "glasses_serial_number": "abcde",
    "start_time": START_NS - 10**9,
    "duration": 30 * 10**9,
}


def codes(recording):
    return {finding.code for finding in recording.findings()}


def one(recording, code):
    return next(finding for finding in recording.findings() if finding.code == code)


def gaze_records(n, first=0):
    values = np.zeros(n, PAIR)
    values["x"], values["y"] = 500 + np.arange(first, first + n), 400.5
    return values


def neon_calibration():
    head = struct.pack("<B6s", 1, b"000001") + np.array(MATRIX).tobytes() + np.array(LENS).tobytes()
    data = head + np.eye(4).tobytes() + (np.eye(3).tobytes() + bytes(64) + np.eye(4).tobytes()) * 2
    return data + struct.pack("<I", zlib.crc32(data))


def invisible_calibration():
    return (
        b"rx7vp"
        + np.array([[760.0, 0, 540], [0, 761, 530], [0, 0, 1]]).tobytes()
        + np.array(LENS).tobytes()
        + np.eye(3).tobytes()
    )


def packet(t_ns, accel=(0.1, 0.2, 1.0), gyro=(1.5, 0.0, -2.0), turn=(1.0, 0.0, 0.0, 0.0)):
    """One protobuf packet as the phone writes it: fields that are zero are left out."""

    def varint(value):
        out = b""
        while value >= 128:
            out, value = out + bytes([value & 127 | 128]), value >> 7
        return out + bytes([value])

    def group(number, values, extra=b""):
        inner = b"".join(
            bytes([place << 3 | 5]) + struct.pack("<f", value)
            for place, value in enumerate(values, start=1)
            if value
        )
        return bytes([number << 3 | 2]) + varint(len(inner + extra)) + inner + extra

    body = b"\x08" + varint(t_ns) + group(2, accel) + group(3, gyro, b"\x20\x03") + group(4, turn)
    return struct.pack("<H", len(body)) + body


@pytest.fixture
def neon(tmp_path):
    """Write a small recording of a Neon with three parts; 20 samples and 5 frames each."""

    def write(folder="neon", parts=(1, 2, 10), info=None):
        where = tmp_path / folder
        where.mkdir()
        (where / "info.json").write_text(json.dumps(NEON_INFO | (info or {})), encoding="utf-8")
        (where / "wearer.json").write_text('{"name": " Erika Mustermann "}', encoding="utf-8")
        form = {"items": [{"id": "q1", "title": "Platform"}, {"id": "q2", "title": "Time"}]}
        (where / "template.json").write_text(json.dumps(form), encoding="utf-8")
        (where / "calibration.bin").write_bytes(neon_calibration())
        (where / "event.txt").write_text("recording.begin\nan event, üö\nrecording.end\n", encoding="utf-8")
        np.array([START_NS, START_NS + 5, START_NS + 9]).tofile(where / "event.time")
        for place, number in enumerate(parts):
            t_ns = START_NS + place * PART_NS + np.arange(20) * STEP_NS
            gaze_records(20, 100 * place).tofile(where / f"gaze ps{number}.raw")
            t_ns.tofile(where / f"gaze ps{number}.time")
            np.array([0] * 4 + [255] * 16, np.uint8).tofile(where / f"worn ps{number}.raw")
            frames = START_NS - 10_000_000 + place * PART_NS + np.arange(5) * 33_000_000
            frames.tofile(where / f"Neon Scene Camera v1 ps{number}.time")
            eyes = np.zeros(20, EYE_STATE)
            eyes["pupil_diameter_left_mm"] = 3.5
            eyes.tofile(where / f"eye_state ps{number}.raw")
            t_ns.tofile(where / f"eye_state ps{number}.time")
            blinks = np.array([(4, t_ns[8], t_ns[10])], BLINKS)
            blinks.tofile(where / f"blinks ps{number}.raw")
            t_ns[8:9].tofile(where / f"blinks ps{number}.time")
            events = np.zeros(2, FIXATIONS)
            events["event_type"], events["start_timestamp_ns"] = [1, 0], t_ns[[0, 10]]
            events["end_timestamp_ns"] = t_ns[[10, 19]]
            events["mean_gaze_x"], events["mean_gaze_y"] = 504.5 + 100 * place, 400.5
            events.tofile(where / f"fixations ps{number}.raw")
            t_ns[[0, 10]].tofile(where / f"fixations ps{number}.time")
            (where / f"extimu ps{number}.raw").write_bytes(b"".join(packet(int(t)) for t in t_ns))
        return where

    return write


@pytest.fixture
def invisible(tmp_path):
    """Write a small recording of an Invisible."""

    def write(folder="invisible"):
        where = tmp_path / folder
        where.mkdir()
        t_ns = START_NS + np.arange(20) * STEP_NS
        (where / "info.json").write_text(json.dumps(INVISIBLE_INFO), encoding="utf-8")
        (where / "calibration.bin").write_bytes(invisible_calibration())
        gaze_records(20).tofile(where / "gaze ps1.raw")
        t_ns.astype("<u8").tofile(where / "gaze ps1.time")
        np.arange(120, dtype="<f4").tofile(where / "extimu ps1.raw")
        t_ns.tofile(where / "extimu ps1.time")
        (START_NS + np.arange(5) * 33_000_000).tofile(where / "PI world v1 ps1.time")
        return where

    return write


def test_parts_are_in_the_order_of_their_numbers(neon):
    recording = read_recording(neon())
    gaze = recording.gaze
    assert gaze["part"].value_counts(sort=False).to_dict() == {0: 20, 1: 20, 2: 20}
    assert gaze["x_px"].tolist() == [500 + 100 * part + i for part in range(3) for i in range(20)]
    assert gaze["reason"].tolist() == (["not_worn"] * 4 + ["ok"] * 4 + ["blink"] * 2 + ["ok"] * 10) * 3
    assert gaze["worn_raw"].tolist() == ([0] * 4 + [255] * 16) * 3
    assert gaze["fixation_id"].tolist() == [n for part in range(3) for n in [part + 1] * 10 + [-1] * 10]
    assert (gaze["pupil_left_mm"] == 3.5).all()
    assert recording.frames["part"].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert recording.clock.t0_scene_ns == START_NS - 10_000_000
    fixations = recording.stream("fixations")
    assert fixations["x_px"].tolist() == [504.5, 604.5, 704.5]  # this app adds the offset itself
    assert one(recording, "check_fixations").severity == "info"
    assert len(recording.stream("saccades")) == 3
    assert recording.events["name"].tolist() == ["recording.begin", "an event, üö", "recording.end"]
    assert recording.stream("answers")["answer"].tolist() == ["north; wet", "9:30"]
    assert recording.stream("answers")["question"].tolist() == ["Platform", "Time"]
    assert recording.meta.participant_label == "Erika Mustermann"
    assert recording.meta.name == "station"
    assert "Erika" not in json.dumps(recording.meta.extra)


def test_older_apps_left_the_offset_out_of_fixations(neon):
    recording = read_recording(neon(info={"app_version": "2.9.30-prod"}))
    fixations = recording.stream("fixations")
    assert fixations["x_px"].tolist() == [514.5, 614.5, 714.5]
    assert fixations["y_px"].tolist() == [395.5] * 3
    assert one(recording, "check_fixations").severity == "warning"  # these samples do not need it


def test_packets_with_fields_left_out(neon):
    imu = read_recording(neon()).imu
    assert imu["t_ns"].tolist()[:20] == (START_NS + np.arange(20) * STEP_NS).tolist()
    assert imu[["gyro_x_deg_s", "gyro_y_deg_s", "gyro_z_deg_s"]].iloc[7].tolist() == [1.5, 0.0, -2.0]
    assert imu["acceleration_z_g"].tolist() == [1.0] * 60
    assert imu[[f"quaternion_{axis}" for axis in "wxyz"]].iloc[0].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert imu["part"].tolist() == [0] * 20 + [1] * 20 + [2] * 20


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", (0, 0, 0), id="empty"),
        pytest.param(b"\x47", (0, 0, 1), id="one-byte"),
        pytest.param(packet(5)[:-3], (0, 0, len(packet(5)) - 3), id="cut-off"),
        pytest.param(packet(5) + b"\x03\x00\x08\xff\xff" + packet(6), (2, 1, 0), id="endless-number"),
        pytest.param(b"\x02\x00\x12\x7f" + packet(6), (1, 1, 0), id="message-too-long"),
        pytest.param(b"\x02\x00\x0b\x0b" + packet(6), (1, 1, 0), id="group"),
        pytest.param(b"\x0b\x00\x29" + b"\x01" * 8 + b"\x08\x05" + packet(6), (2, 0, 0), id="unknown-field"),
        pytest.param(b"\x00\x00" * 9, (9, 0, 0), id="nothing-inside"),
        pytest.param(b"\x0b\x00" + b"\x08" + b"\xff" * 10, (0, 1, 0), id="number-of-11-bytes"),
    ],
)
def test_damaged_packets(data, expected):
    values, damaged, rest = packets(data)
    assert (len(values), damaged, rest) == expected


def test_invisible(invisible):
    folder = invisible()
    (candidate,) = find_recordings(folder)
    assert (candidate.importer, candidate.device) == ("pupil-native", "Pupil Invisible")
    recording = read_recording(folder)
    assert (recording.camera.width_px, recording.camera.height_px) == (1088, 1080)
    assert (recording.camera.fx_px, recording.camera.fy_px, recording.camera.cx_px) == (760.0, 761.0, 540.0)
    assert recording.camera.coefficients == tuple(LENS)
    assert recording.imu["gyro_x_deg_s"].tolist() == list(range(0, 120, 6))
    assert recording.imu["acceleration_z_g"].tolist() == list(range(5, 120, 6))
    assert {"no_worn", "no_blinks"} <= codes(recording)  # unknown is not the same as worn, and is said
    assert recording.gaze["valid"].all()
    assert len(recording.frames) == 5


@pytest.mark.parametrize("present", [(1, 2, 10), (2,), (1, 10)])
def test_videos_of_parts(neon, write_video, present):
    folder = neon()
    for number in present:
        write_video(folder / f"Neon Scene Camera v1 ps{number}.mp4", [0, 33, 66, 99, 132])
    recording = read_recording(folder)
    frames = recording.frames
    with_picture = frames[frames["index"] >= 0]
    expected = [part for part, number in enumerate((1, 2, 10)) if number in present]
    assert with_picture["part"].tolist() == [part for part in expected for _ in range(5)]
    assert with_picture["index"].tolist() == [0, 1, 2, 3, 4] * len(present)
    assert with_picture["video"].tolist() == [place for place in range(len(present)) for _ in range(5)]
    assert (frames.loc[frames["index"] < 0, "kind"] == "gap").all()
    t_ns = START_NS - 10_000_000 + np.arange(5) * 33_000_000
    for part in range(3):
        times = frames.loc[frames["part"] == part, "t_ns"].tolist()
        assert set((t_ns + part * PART_NS).tolist()) <= set(times)
    assert ("video_missing" in codes(recording)) == (len(present) < 3)
    assert "no_video" not in codes(recording)


def test_a_broken_video_does_not_take_the_others_along(neon, write_video):
    folder = neon()
    for number in (1, 2, 10):
        write_video(folder / f"Neon Scene Camera v1 ps{number}.mp4", [0, 33, 66, 99, 132])
    (folder / "Neon Scene Camera v1 ps2.mp4").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    recording = read_recording(folder)
    assert [path.name[-8:] for path in recording.videos] == [" ps1.mp4", "ps10.mp4"]
    assert {"video_unusable", "video_missing"} <= codes(recording)
    assert (recording.frames.loc[recording.frames["part"] == 1, "kind"] == "gap").all()


def test_video_and_calibration_from_elsewhere(neon, write_video, tmp_path):
    folder = neon(parts=(1,))
    (folder / "calibration.bin").unlink()
    video = write_video(tmp_path / "elsewhere.mp4", [0, 33, 66, 99, 132])
    calibration = tmp_path / "camera.json"
    given = {"camera_matrix": MATRIX, "dist_coefs": LENS, "resolution": [1600, 1200]}
    calibration.write_text(json.dumps(given), encoding="utf-8")
    recording = read_recording(folder, options=ReadOptions(video=video, camera=calibration))
    assert recording.videos == (video,)
    assert recording.frames["index"].tolist()[:5] == [0, 1, 2, 3, 4]
    assert (recording.camera.source, recording.camera.fy_px) == ("user", 891.0)


@pytest.mark.parametrize("kind", ["missing", "cut off", "wrong sum", "nan"])
def test_without_a_calibration_the_usual_one_is_taken_and_said(neon, kind):
    folder = neon()
    file = folder / "calibration.bin"
    data = bytearray(file.read_bytes())
    if kind == "missing":
        file.unlink()
    elif kind == "cut off":
        file.write_bytes(data[:200])
    elif kind == "wrong sum":
        data[50] ^= 1
        file.write_bytes(data)
    else:
        data[7:15] = struct.pack("<d", np.nan)
        file.write_bytes(bytes(data[:-4]) + struct.pack("<I", zlib.crc32(data[:-4])))
    recording = read_recording(folder)
    assert recording.camera.source == "default"
    assert recording.camera.fx_px == pytest.approx(890, abs=5)
    assert ("camera_unusable" in codes(recording)) == (kind != "missing")
    assert "camera_default" in codes(recording)


def test_gaze_of_200_hz_needs_both_files(neon):
    folder = neon()
    gaze_records(61).tofile(folder / "gaze_200hz.raw")
    assert len(read_recording(folder).gaze) == 60
    with pytest.raises(InputError, match="200 Hz is asked for"):
        _ = read_recording(folder, options=ReadOptions(gaze_source="200hz")).gaze
    with pytest.raises(ParameterError, match="gaze_source"):
        read_recording(folder, options=ReadOptions(gaze_source="left"))


def test_gaze_of_200_hz_gets_its_parts(neon):
    folder = neon()
    # Each part begins 2 samples earlier than while recording; one time lies in the hole behind part 0.
    t_ns = np.concatenate([START_NS + part * PART_NS + np.arange(-2, 20) * STEP_NS for part in range(3)])
    t_ns = np.sort(np.append(t_ns, START_NS + 3 * 10**9))
    gaze_records(len(t_ns)).tofile(folder / "gaze_200hz.raw")
    t_ns.tofile(folder / "gaze_200hz.time")
    recording = read_recording(folder)
    assert recording.gaze["part"].value_counts(sort=False).to_dict() == {0: 23, 1: 22, 2: 22}
    # No worn_200hz: the states while recording count, unknown before the first of them.
    assert recording.gaze["worn_raw"].tolist()[:7] == [-1, -1, 0, 0, 0, 0, 255]
    assert one(recording, "worn_unknown").count == 2
    np.full(len(t_ns), 255, np.uint8).tofile(folder / "worn_200hz.raw")
    assert (read_recording(folder).gaze["worn_raw"] == 255).all()


def test_a_shorter_200_hz_file_is_not_taken(neon):
    folder = neon()
    gaze_records(10).tofile(folder / "gaze_200hz.raw")
    (START_NS + np.arange(10) * STEP_NS).tofile(folder / "gaze_200hz.time")
    recording = read_recording(folder)
    assert len(recording.gaze) == 60
    assert one(recording, "gaze_200hz_short").count == 50


def test_times_through_double_precision_are_restored(neon):
    folder = neon()
    exact = np.concatenate([np.fromfile(folder / f"gaze ps{n}.time", "<i8") for n in (1, 2, 10)])
    gaze_records(60).tofile(folder / "gaze_200hz.raw")
    exact.astype(np.float64).astype(np.int64).tofile(folder / "gaze_200hz.time")
    recording = read_recording(folder)
    assert recording.gaze["t_ns"].tolist() == exact.tolist()
    assert one(recording, "times_rounded").count == 60


def test_lengths_that_differ(neon):
    folder = neon()
    (folder / "worn ps1.raw").write_bytes(b"\xff" * 19)
    (folder / "worn ps2.raw").write_bytes(b"\xff" * 20 + b"\n")
    (folder / "gaze ps10.raw").write_bytes((folder / "gaze ps10.raw").read_bytes()[:-12])
    recording = read_recording(folder)
    assert len(recording.gaze) == 58
    assert recording.gaze["worn_raw"].tolist()[18:21] == [255, -1, 255]
    messages = [found.message for found in recording.findings() if found.code == "length_mismatch"]
    assert any("line feed" in message for message in messages)
    assert any("18 records for 20 times; the first 18 are used" in message for message in messages)
    assert "4 bytes left out (18 whole records)" in one(recording, "truncated_record").message


def test_missing_times(neon):
    folder = neon()
    (folder / "gaze ps2.time").unlink()
    recording = read_recording(folder)
    assert recording.gaze["part"].unique().tolist() == [0, 2]
    assert "gaze ps2.raw" in one(recording, "times_missing").message
    for number in (1, 10):
        (folder / f"gaze ps{number}.time").unlink()
    with pytest.raises(InputError, match="there is no gaze that can be read"):
        _ = read_recording(folder).gaze
    assert len(read_recording(folder).frames) == 15


def test_impossible_times_are_left_out(neon):
    folder = neon()
    t_ns = np.fromfile(folder / "gaze ps1.time", "<i8")
    t_ns[[3, 7]] = [0, 2**63 - 1]
    t_ns.tofile(folder / "gaze ps1.time")
    frames = np.fromfile(folder / "Neon Scene Camera v1 ps1.time", "<i8")
    frames[2] = -1
    frames.tofile(folder / "Neon Scene Camera v1 ps1.time")
    recording = read_recording(folder)
    assert len(recording.gaze) == 58
    assert len(recording.frames) == 15  # pictures keep their places
    assert recording.frames["t_ns"].iloc[2] == frames[1]
    assert sum(found.code == "times_implausible" for found in recording.findings()) == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"__import__('os')", id="code"),
        pytest.param(b'[("x", "float32"), ("y", "object")]', id="object"),
        pytest.param(b'[("x", "float32"), ("x", "float32"), ("y", "float32")]', id="twice"),
        pytest.param(b'[("u", "float32")]', id="others"),
        pytest.param(b"\xff\xfe\x00[", id="bytes"),
    ],
)
def test_unusable_layout(neon, text):
    folder = neon()
    (folder / "gaze.dtype").write_bytes(text)
    recording = read_recording(folder)
    assert len(recording.gaze) == 60
    assert "layout_unusable" in codes(recording)


def test_a_layout_with_more_fields_is_followed(neon):
    folder = neon(parts=(1,))
    (folder / "gaze.dtype").write_text(
        "[\n('y', 'float32'),\n('x', 'float32'),\n('c','uint8'),\n]", encoding="utf-8"
    )
    values = np.zeros(20, [("y", "<f4"), ("x", "<f4"), ("c", "u1")])
    values["x"], values["y"] = 7, 8
    values.tofile(folder / "gaze ps1.raw")
    recording = read_recording(folder)
    assert recording.gaze["x_px"].tolist() == [7.0] * 20
    assert "layout_unusable" not in codes(recording)


def test_event_names_with_line_breaks(neon):
    folder = neon()
    (folder / "event.txt").write_text("recording.begin\ntwo\nlines\nrecording.end\n", encoding="utf-8")
    recording = read_recording(folder)
    assert len(recording.events) == 3
    assert one(recording, "event_names").severity == "problem"


def test_manifest(neon):
    folder = neon()
    listed = []
    for file in sorted(folder.iterdir()):
        data = file.read_bytes()
        listed.append({"name": file.name, "size": len(data), "crc": f"{zlib.crc32(data):x}"})
    listed += [{"name": "gaze ps11.raw", "size": 8, "crc": "0"}, {"name": "broken"}, 5]
    (folder / "manifest.json").write_text(json.dumps(listed), encoding="utf-8")
    data = bytearray((folder / "gaze ps1.raw").read_bytes())
    data[3] ^= 1
    (folder / "gaze ps1.raw").write_bytes(data)
    recording = read_recording(folder)
    states = recording.stream("manifest").set_index("name")["state"]
    assert states[states != "same"].to_dict() == {"gaze ps1.raw": "differs", "gaze ps11.raw": "missing"}
    assert (one(recording, "check_manifest").severity, one(recording, "check_manifest").count) == (
        "warning",
        2,
    )
    assert one(recording, "manifest_damaged").count == 2


def test_a_damaged_info_does_not_stop_the_rest(neon):
    folder = neon()
    (folder / "info.json").write_bytes(b"{")
    recording = read_recording(folder)
    assert recording.meta.device == "Neon"  # by the name of the scene camera
    assert "info_damaged" in codes(recording)
    assert len(recording.gaze) == 60


@pytest.mark.parametrize("offset", ["x", [1], None, [1, "b"], [1e300, 2]])
def test_unusable_offset(neon, offset):
    recording = read_recording(neon(info={"gaze_offset": offset}))
    assert "offset_unusable" in codes(recording)
    assert len(recording.gaze) == 60


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"gaze": False}, "without gaze", id="no-gaze"),
        pytest.param({"info.invisible.json": "{}"}, "that Pupil Player has opened", id="player-invisible"),
        pytest.param({"info.neon.json": "{}"}, "of Neon that Pupil Player has opened", id="player-neon"),
        pytest.param(
            {"info.player.json": '{"recording_software_name": "Pupil Invisible"}'},
            "of Pupil Invisible that Pupil Player has opened",
            id="player-software",
        ),
        pytest.param(
            {"info.player.json": '{"recording_software_name": "Pupil Capture"}'},
            "not one of a phone",
            id="core",
        ),
    ],
)
def test_refusals(neon, change, reason):
    folder = neon()
    for name, content in change.items():
        if name == "gaze":
            for file in folder.glob("gaze ps*"):
                file.unlink()
        else:
            (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(UnknownFormatError) as caught:
        read_recording(folder, importer="pupil-native")
    assert reason in caught.value.refusals["pupil-native"]


def test_in_a_zip(neon, tmp_path):
    folder = neon()
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder.parent, folder.name)
    recording = read_recording(archive)
    assert len(recording.gaze) == 60
    assert recording.camera.source == "device"


def test_any_file_may_be_missing(neon):
    folder = neon()
    for file in sorted(folder.iterdir()):
        data = file.read_bytes()
        file.unlink()
        recording = read_recording(folder)
        if not file.name.startswith("eye_state"):
            assert str(build_report(recording))
        assert len(recording.gaze) == (40 if file.name.startswith("gaze") else 60)
        file.write_bytes(data)


def test_the_source_is_left_alone(neon):
    folder = neon()
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert str(build_report(read_recording(folder)))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def damage(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    kind = rng.randrange(6)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + rng.choice([b"\0" * 8, b"\xff" * 8, b"[", b"\n", b"\x7f" * 16]) + data[at:]
    if kind == 2:
        return data[:at] + rng.randbytes(len(data) - at)
    if kind == 3:
        return data[at:] + data[:at]
    broken = bytearray(data)
    for _ in range(rng.choice([1, 5, 50])):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    return bytes(broken)


def test_damaged_folders_end_in_one_clear_line(neon, invisible):
    folders = [neon(parts=(1, 2)), invisible()]
    read = 0
    for seed in range(120):
        rng = random.Random(seed)
        folder = folders[seed % 2]
        saved: dict[Path, bytes] = {}
        for _ in range(rng.choice([1, 2, 4])):
            file = rng.choice(sorted(folder.iterdir()))
            saved.setdefault(file, file.read_bytes())
            file.write_bytes(damage(file.read_bytes() or b" ", rng))
        try:
            assert str(build_report(read_recording(folder, importer="pupil-native")))
            read += 1
        except GazestudyError as error:
            assert "\n" not in str(error)
        for file, data in saved.items():
            file.write_bytes(data)
    assert read > 60
