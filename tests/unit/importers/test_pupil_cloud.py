"""Time-series exports of Pupil Cloud: real ones against another program's reading, and made-up ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import InputError, UnknownFormatError
from gazestudy.importers import find_recordings, read_recording

START_NS = 1_700_000_000_123_456_789
HEADER = "timestamp [ns],gaze x [px],gaze y [px]"


def reasons(recording):
    return recording.gaze["reason"].astype(str).tolist()


def codes(recording):
    return {finding.code for finding in recording.findings()}


def peer_times_ns(path: Path, start_ns: int) -> np.ndarray:
    """Return the peer's times (ms since the first frame, eight decimals) as exact ns."""
    text = pd.read_csv(path, sep="\t", usecols=["timestamp"], dtype=str)["timestamp"]
    whole, parts = zip(*(value.split(".") for value in text), strict=True)
    return np.array([int(a) * 10**6 + int(b[:6]) for a, b in zip(whole, parts, strict=True)]) + start_ns


def test_every_sample_equals_the_peer_and_no_reason_is_lost(samples):
    """All 3,385 rows: time within 1 us, pixels within 0.01 where both are valid; the peer's NaN have a reason."""
    folder = samples / "pupil_invisible_cloud"
    recording = read_recording(folder)
    gaze = recording.gaze
    peer_path = folder / "peer_glassesTools" / "invisible_cloud" / "gazeData.tsv"
    peer = pd.read_csv(peer_path, sep="\t")
    assert len(gaze) == len(peer) == 3385
    apart_ns = np.abs(gaze["t_ns"].to_numpy() - peer_times_ns(peer_path, recording.clock.t0_scene_ns))
    assert apart_ns.max() < 1000
    known = peer["gaze_pos_vid_x"].notna().to_numpy()
    apart_px = np.abs(
        gaze[["x_px", "y_px"]].to_numpy()[known]
        - peer[["gaze_pos_vid_x", "gaze_pos_vid_y"]].to_numpy()[known]
    )
    print(f"largest difference {apart_px.max():.6f} px, {apart_ns.max()} ns")
    assert apart_px.max() < 0.01
    assert gaze["valid"].to_numpy().tolist() == known.tolist()
    raw = pd.read_csv(folder / "gaze.csv")
    assert gaze["t_ns"].tolist() == raw["timestamp [ns]"].tolist()
    np.testing.assert_array_equal(gaze["x_px"], raw["gaze x [px]"])  # kept during blinks too
    assert (gaze["reason"] == "blink").tolist() == raw["blink id"].notna().tolist()
    assert (gaze["reason"] == "blink").sum() == 110


def test_real_frames_and_facts(samples):
    recording = read_recording(samples / "pupil_invisible_cloud")
    peer = pd.read_csv(
        samples / "pupil_invisible_cloud/peer_glassesTools/invisible_cloud/frameTimestamps.tsv", sep="\t"
    )
    frames = recording.frames
    first = frames["t_ns"].iloc[0]
    np.testing.assert_allclose((frames["t_ns"] - first) / 1e6, peer["timestamp"], atol=1e-3)
    filler = np.flatnonzero(frames["kind"] == "filler").tolist()
    assert filler == [*range(28), 515]  # 1.35 s at the start as the camera starts late, one at the end
    assert (recording.meta.device, recording.meta.participant_label) == ("Pupil Invisible", "mn")
    assert recording.meta.start_unix_ns == 1685088812484000000
    assert recording.clock.to_unix_ns(5) == 5
    assert recording.events["name"].tolist() == ["recording.begin", "recording.end"]
    assert recording.events["source"].tolist() == ["device", "device"]
    assert len(recording.imu) == 3201
    assert recording.imu["acceleration_x_g"].iloc[0] == -0.01825
    assert recording.vendor["fixations"]["start timestamp [ns]"].iloc[0] == 1685088813175076015
    assert {"check_angles", "check_fixations", "check_duration", "no_video"} <= codes(recording)
    assert "mn" not in str(recording.meta.extra)


def test_real_partial_export(samples):
    """Gaze, blinks and imu alone, newer names of the imu columns."""
    recording = read_recording(samples / "pupil_invisible_eyedentify3d" / "trampoline_02")
    raw = pd.read_csv(samples / "pupil_invisible_eyedentify3d/trampoline_02/gaze.csv")
    gaze = recording.gaze
    assert gaze["t_ns"].tolist() == raw["timestamp [ns]"].tolist()
    outside = (raw["gaze x [px]"] > 1087.5) | (raw["gaze y [px]"] > 1079.5) | (raw["gaze y [px]"] < -0.5)
    outside |= raw["gaze x [px]"] < -0.5
    expected = np.where(raw["blink id"].notna(), "blink", np.where(outside, "out_of_image", "ok"))
    assert reasons(recording) == expected.tolist()
    assert recording.meta.device == "Pupil Invisible"
    assert {"no_info", "device_inferred", "no_camera", "no_video", "no_frame_times"} <= codes(recording)
    assert (recording.camera, len(recording.frames)) == (None, 0)
    assert recording.imu["quaternion_w"].isna().all()


@pytest.mark.parametrize(
    ("cell", "worn"),
    [
        *[pytest.param(cell, True, id=cell) for cell in ("1", "1.0", "True", "TRUE", "255", "255.0", "-1")],
        *[pytest.param(cell, False, id=cell) for cell in ("0", "0.0", "False", "10")],
        pytest.param("", True, id="not-said"),
        pytest.param("maybe", True, id="nonsense"),
    ],
)
def test_worn_in_every_spelling(tmp_path, cloud, cell, worn):
    recording = read_recording(
        cloud(tmp_path, header=HEADER + ",worn,blink id", rows=[f"{START_NS},5,6,{cell},"])
    )
    assert reasons(recording) == ["ok" if worn else "not_worn"]
    assert ("worn_unknown" in codes(recording)) == (cell in ("", "maybe"))
    assert recording.gaze["x_px"].tolist() == [5.0]


def test_reasons_and_their_order(tmp_path, cloud):
    """Nothing at all comes before not worn, that before blink, that before outside."""
    rows = [
        "1,5,6,1,",
        "2,,6,0,3",
        "3,5,6,0,3",
        "4,-20,6,1,3",
        "5,-0.6,6,1,",
        "6,1087.4,1079.4,1,",
        "7,5,1079.6,1,",
    ]
    recording = read_recording(cloud(tmp_path, header=HEADER + ",worn,blink id", rows=rows))
    assert reasons(recording) == ["ok", "no_data", "not_worn", "blink", "out_of_image", "ok", "out_of_image"]
    assert recording.gaze["valid"].tolist() == [True, False, False, False, False, True, False]
    assert recording.gaze["x_px"].tolist()[3] == -20.0


def test_blinks_from_their_own_table(tmp_path, cloud):
    cloud(tmp_path, header=HEADER, rows=[f"{t},5,6" for t in range(100, 200, 10)])
    (tmp_path / "blinks.csv").write_text(
        "blink id,start timestamp [ns],end timestamp [ns]\n1,110,130\n2,165,180\n", encoding="utf-8"
    )
    recording = read_recording(tmp_path)
    assert [r == "blink" for r in reasons(recording)] == [
        110 <= t < 130 or 165 <= t < 180 for t in range(100, 200, 10)
    ]


def test_blinks_of_the_table_are_those_of_the_column(samples):
    folder = samples / "pupil_invisible_cloud"
    recording = read_recording(folder)
    t_ns = recording.gaze["t_ns"].to_numpy()
    blinks = pd.read_csv(folder / "blinks.csv")
    inside = np.zeros(len(t_ns), dtype=bool)
    for start, end in zip(blinks["start timestamp [ns]"], blinks["end timestamp [ns]"], strict=True):
        inside |= (t_ns >= start) & (t_ns < end)
    assert inside.any()
    assert (inside == (recording.gaze["blink_id"] >= 0)).all()


def test_without_column_and_table_nothing_is_known_of_blinks(tmp_path, cloud):
    cloud(tmp_path, header=HEADER, rows=[f"{t},5,6" for t in range(100, 200, 10)])
    assert "no_blinks" in codes(read_recording(tmp_path))


@pytest.mark.parametrize("key", ["dist_coefs", "distortion_coefficients"])
def test_camera_in_both_spellings(tmp_path, cloud, key):
    camera = read_recording(cloud(tmp_path, camera_key=key)).camera
    assert (camera.model, camera.width_px, camera.height_px) == ("opencv8", 1088, 1080)
    assert camera.coefficients[:2] == (-0.12, 0.1)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"camera_matrix": [[1, 0], [0, 1]], "dist_coefs": []}', id="shape"),
        pytest.param(
            '{"camera_matrix": [[700,0,5],[0,700,5],[0,0,1]], "dist_coefs": [1,2,3]}', id="three-numbers"
        ),
        pytest.param('{"camera_matrix": [["a",0,5],[0,7,5],[0,0,1]], "dist_coefs": [1,2,3,4]}', id="words"),
        pytest.param(
            '{"camera_matrix": [[0,0,5],[0,0,5],[0,0,1]], "dist_coefs": [1,2,3,4]}', id="no-focal-length"
        ),
        pytest.param("{}", id="nothing"),
        pytest.param('{"camera_matrix": [[7', id="cut-off"),
    ],
)
def test_unusable_camera_is_reported_and_left_out(tmp_path, cloud, text):
    cloud(tmp_path)
    (tmp_path / "scene_camera.json").write_text(text, encoding="utf-8")
    recording = read_recording(tmp_path)
    assert recording.camera is None
    assert "camera_unusable" in codes(recording)


def test_gaze_that_contradicts_its_angles_is_noticed(tmp_path, cloud):
    rows = [f"{t},540,530,1,,,5.0,0.0" for t in range(10)]  # the optical axis is at 0, not at 5 deg
    recording = read_recording(
        cloud(tmp_path, header=HEADER + ",worn,fixation id,blink id,azimuth [deg],elevation [deg]", rows=rows)
    )
    (check,) = [finding for finding in recording.findings() if finding.code == "check_angles"]
    assert (check.severity, check.count) == ("warning", 10)
    assert "5.0000 deg" in check.message


def test_unsorted_gaze_is_sorted_and_counted(tmp_path, cloud):
    recording = read_recording(
        cloud(tmp_path, header=HEADER, rows=["30,3,3", "10,1,1", "20,2,2", "20,2.5,2"])
    )
    assert recording.gaze["t_ns"].tolist() == [10, 20, 20, 30]
    assert recording.gaze["x_px"].tolist() == [1, 2, 2.5, 3]
    assert {"not_monotonic", "repeated_times"} <= codes(recording)


def test_filler_is_told_by_the_pictures(tmp_path, cloud, write_video):
    """20 fps video with exact steps throughout: only the grey pictures are filler."""
    cloud(tmp_path, frame_steps_ms=[50.0] * 11)
    write_video(tmp_path / "0123abcd_0.0-1.000.mp4", [50 * i for i in range(12)], grey=(0, 1, 2, 11))
    frames = read_recording(tmp_path).frames
    assert (frames["kind"] == "filler").tolist() == [True] * 3 + [False] * 8 + [True]
    assert frames["index"].tolist() == list(range(12))


def test_exact_steps_with_content_are_real(tmp_path, cloud, write_video):
    cloud(tmp_path, frame_steps_ms=[50.0] * 4 + [33.1, 34.2, 33.9, 31.0, 30.5, 33.3])
    write_video(tmp_path / "0123abcd_0.0-1.000.mp4", [40 * i for i in range(11)])
    recording = read_recording(tmp_path)
    assert (recording.frames["kind"] == "real").all()
    assert "filler_refuted" in codes(recording)


@pytest.mark.parametrize(("pictures", "kinds"), [(3, ["real"] * 3 + ["gap"] * 2), (7, ["real"] * 5)])
def test_video_of_another_length(tmp_path, cloud, write_video, pictures, kinds):
    cloud(tmp_path)
    write_video(tmp_path / "0123abcd_0.0-1.000.mp4", [33 * i for i in range(pictures)])
    recording = read_recording(tmp_path)
    assert recording.frames["kind"].astype(str).tolist() == kinds
    assert "frame_count" in codes(recording)


def test_size_of_the_image_is_that_of_the_video(tmp_path, cloud, write_video):
    cloud(tmp_path)
    write_video(tmp_path / "0123abcd_0.0-1.000.mp4", [33 * i for i in range(5)], size=(320, 240))
    recording = read_recording(tmp_path)
    assert (recording.camera.width_px, recording.camera.height_px) == (320, 240)
    assert set(reasons(recording)) == {"out_of_image"}


def test_unusable_video_is_reported_and_left_out(tmp_path, cloud):
    cloud(tmp_path)
    (tmp_path / "0123abcd_0.0-1.000.mp4").write_bytes(b"cut off")
    recording = read_recording(tmp_path)
    assert recording.videos == ()
    assert {"video_unusable", "no_video"} <= codes(recording)
    assert len(recording.gaze) == 20
    assert (recording.frames["kind"] == "real").all()


def test_frame_times_from_the_video_alone(tmp_path, cloud, write_video):
    cloud(tmp_path)
    (tmp_path / "world_timestamps.csv").unlink()
    write_video(tmp_path / "0123abcd_0.0-1.000.mp4", [0, 40, 70])
    recording = read_recording(tmp_path)
    start = START_NS - 100_000_000
    assert ((recording.frames["t_ns"] - start) / 1e6).tolist() == pytest.approx([0, 40, 70], abs=0.1)
    assert "frame_times_from_video" in codes(recording)


@pytest.mark.parametrize(
    "header",
    [
        "section id,recording id,timestamp [ns],gaze detected on surface,gaze position on surface x [normalized],"
        "gaze position on surface y [normalized],fixation id",
        "section id,recording id,timestamp [ns],gaze detected in reference image,"
        "gaze position in reference image x [px],gaze position in reference image y [px],fixation id",
    ],
    ids=["surface", "reference-image"],
)
def test_enrichments_are_refused_with_the_way_out(tmp_path, cloud, header):
    cloud(tmp_path, header=header, rows=["s,r,1,true,0.5,0.5,1"])
    with pytest.raises(UnknownFormatError) as caught:
        read_recording(tmp_path)
    assert "enrichment" in caught.value.refusals["pupil-cloud"]
    assert "Timeseries Data" in caught.value.refusals["pupil-cloud"]


@pytest.mark.parametrize(
    ("info", "device"),
    [
        ({"data_format_version": "2.3", "glasses_serial_number": None, "module_serial_number": "x"}, "Neon"),
        ({"data_format_version": "1.4"}, "Pupil Invisible"),
    ],
)
def test_devices(tmp_path, cloud, info, device):
    assert read_recording(cloud(tmp_path, info=info)).meta.device == device


def test_table_of_two_recordings_is_refused(tmp_path, cloud):
    cloud(tmp_path, header="recording id," + HEADER, rows=["a,1,5,5", "b,2,5,5"])
    with pytest.raises(InputError, match="mixes several recordings"):
        _ = read_recording(tmp_path).gaze


@pytest.mark.parametrize(
    ("file", "content", "stream"),
    [
        pytest.param("imu.csv", b"timestamp [ns],gyro\n1,2\n", "imu", id="imu-header"),
        pytest.param("events.csv", b"", "events", id="events-empty"),
        pytest.param("world_timestamps.csv", b"a,b\n1,2\n", "frames", id="frames-header"),
        pytest.param("fixations.csv", b"\x00" * 100, "fixations", id="fixations-zeros"),
    ],
)
def test_a_broken_stream_leaves_the_others(tmp_path, cloud, file, content, stream):
    cloud(tmp_path)
    (tmp_path / file).write_bytes(content)
    recording = read_recording(tmp_path)
    assert len(recording.gaze) == 20
    with pytest.raises(InputError, match=file) as caught:
        recording.stream(stream)
    assert "\n" not in str(caught.value)


BAD_GAZE = [
    pytest.param(b"", "empty", id="empty"),
    pytest.param(b"\x89PNG\r\n" + bytes(100), "column", id="picture"),
    pytest.param(b"time,x,y\n1,2,3\n", r"column.*'timestamp \[ns\]'", id="wrong-header"),
    pytest.param(bytes(4096), "empty", id="zeros"),
]


@pytest.mark.parametrize(("content", "error"), BAD_GAZE)
def test_bad_gaze_beside_its_facts_is_a_broken_recording(tmp_path, cloud, content, error):
    """It is found, so that a batch does not pass over it in silence, and reading it says what is wrong."""
    cloud(tmp_path)
    (tmp_path / "gaze.csv").write_bytes(content)
    assert [found.name for found in find_recordings(tmp_path)] == ["walk"]
    with pytest.raises(InputError, match=error) as caught:
        read_recording(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("content", "error"), BAD_GAZE)
def test_bad_gaze_alone_is_refused_with_a_reason(tmp_path, content, error):
    (tmp_path / "gaze.csv").write_bytes(content)
    with pytest.raises(InputError, match=error) as caught:
        read_recording(tmp_path)
    assert "\n" not in str(caught.value)


def test_damaged_facts_do_not_stop_the_rest(tmp_path, cloud):
    cloud(tmp_path)
    (tmp_path / "info.json").write_bytes(b'{"start_time": 17')
    recording = read_recording(tmp_path)
    assert "info_damaged" in codes(recording)
    assert len(recording.gaze) == 20


def test_pictures_that_do_not_keep_the_frame_times_are_noticed(tmp_path, cloud, write_video):
    cloud(tmp_path, frame_steps_ms=[33.1] * 9)
    write_video(tmp_path / "0123abcd_0.0-1.000.mp4", [33 * i + (200 if i > 4 else 0) for i in range(10)])
    (check,) = [one for one in read_recording(tmp_path).findings() if one.code == "check_video_times"]
    assert (check.severity, check.count) == ("warning", 5)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_gaze_in_other_encodings(tmp_path, cloud, encoding):
    cloud(tmp_path)
    text = (tmp_path / "gaze.csv").read_text(encoding="utf-8")
    (tmp_path / "gaze.csv").write_bytes(text.encode(encoding))
    recording = read_recording(tmp_path)
    assert recording.gaze["t_ns"].tolist() == [START_NS + 5_000_000 * i for i in range(20)]


def test_cut_off_gaze_keeps_what_is_whole(tmp_path, cloud):
    cloud(tmp_path)
    data = (tmp_path / "gaze.csv").read_bytes()
    (tmp_path / "gaze.csv").write_bytes(data[:-25])
    recording = read_recording(tmp_path)
    assert len(recording.gaze) == 19
    assert "truncated_line" in codes(recording)


def test_header_without_rows(tmp_path, cloud):
    recording = read_recording(cloud(tmp_path, rows=[]))
    assert len(recording.gaze) == 0
    assert "no_rows" in codes(recording)


def test_long_recordings_read_exactly(tmp_path, cloud):
    """Six minutes at 200 Hz."""
    n = 72_000
    t_ns = START_NS + np.arange(n, dtype=np.int64) * 5_000_000
    rows = [f"s,r,{stamp},500.125,400.5,1.0,,,7.7005,-8.6175" for stamp in t_ns.tolist()]
    np.testing.assert_array_equal(read_recording(cloud(tmp_path, rows=rows)).gaze["t_ns"], t_ns)
