"""Exports of Tobii Pro Lab: a real excerpt against its own lines, and the layouts it does not show."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import GazestudyError, InputError
from gazestudy.importers import ReadOptions, find_recordings, read_recording
from gazestudy.importers.recordings import table_keys
from gazestudy.importers.recordings.tobii import pro_lab_rows
from gazestudy.importers.recordings.tobii.pro_lab_columns import parse_header

FOLDER = "tobii_prolab_tsv_gazeplotter"
FILE = "testMobileTsvData.tsv"

NEW = (
    "Recording timestamp [{us}s]",
    "Sensor",
    "Participant name",
    "Recording name",
    "Recording date UTC",
    "Recording start time UTC",
    "Recording duration [ms]",
    "Recording media width [px]",
    "Recording media height [px]",
    "Event",
    "Event value",
    "Gaze point X [MCS px]",
    "Gaze point Y [MCS px]",
    "Gaze point 3D X [HUCS mm]",
    "Gaze direction left Y [HUCS norm]",
    "Pupil position right Z [HUCS mm]",
    "Pupil diameter left [mm]",
    "Validity left",
    "Validity right",
    "Eye movement type",
    "Eye movement event duration [ms]",
    "Eye movement type index",
    "Fixation point X [MCS px]",
    "Fixation point Y [MCS px]",
    "Gyro X [°/s]",
    "Gyro Y [°/s]",
    "Gyro Z [°/s]",
    "Accelerometer X [m/s²]",
    "Accelerometer Y [m/s²]",
    "Accelerometer Z [m/s²]",
    "Mapped gaze data X [wall [1]]",
    "Mapped gaze data Y [wall [1]]",
    "AOI hit [wall [1] - Ad - left]",
)
EYE = {
    "Sensor": "Eye Tracker",
    "Gaze point X [MCS px]": "100.5",
    "Gaze point Y [MCS px]": "200.25",
    "Gaze point 3D X [HUCS mm]": "12.5",
    "Gaze direction left Y [HUCS norm]": "0.25",
    "Pupil position right Z [HUCS mm]": "-30.5",
    "Pupil diameter left [mm]": "3.125",
    "Validity left": "Valid",
    "Validity right": "Valid",
    "Eye movement type": "Fixation",
    "Eye movement event duration [ms]": "40",
    "Eye movement type index": "1",
    "Fixation point X [MCS px]": "100",
    "Fixation point Y [MCS px]": "200",
}
PERSON = {
    "Participant name": "Erika",
    "Recording name": "Rec 1",
    "Recording date UTC": "2024-03-01",
    "Recording start time UTC": "10:11:12.345",
    "Recording duration [ms]": "60000",
    "Recording media width [px]": "1920",
    "Recording media height [px]": "1080",
}


@pytest.fixture
def export(tmp_path):
    def write(rows, *, name="export.tsv", header=NEW, micro="μ", decimal=".", encoding="utf-8-sig"):
        names = [one.format(us=micro) if "{us}" in one else one for one in header]
        lines = ["\t".join(names)]
        for stamp, cells in rows:
            values = {**PERSON, **cells}
            texts = [str(stamp), *(values.get(one, "") for one in names[1:])]
            if decimal != ".":
                texts = [
                    one.replace(".", decimal) if one.replace(".", "").strip("-").isdigit() else one
                    for one in texts
                ]
            lines.append("\t".join(texts))
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding=encoding)
        return tmp_path

    return write


def codes(recording):
    return {finding.code for finding in recording.findings()}


@pytest.fixture(scope="module")
def lines(samples):
    """Rows of the real excerpt that have as many cells as the header."""
    with (samples / FOLDER / FILE).open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream, delimiter="\t")
    return [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]


def test_real_rows_are_those_of_the_eye_tracker(samples, lines):
    recording = read_recording(samples / FOLDER)
    theirs = [row for row in lines if row["Sensor"] == "Eye Tracker"]
    assert recording.gaze["t_ns"].tolist() == [int(row["Recording timestamp"]) * 1000 for row in theirs]
    assert len(theirs) == 27
    assert (recording.gaze["reason"] == "no_data").all()
    found = {one.code: one for one in recording.findings()}
    assert found["no_gaze_columns"].severity == "problem"
    assert found["rows_skipped"].count == 2  # the excerpt has two lines with a cell too few
    assert found["check_duration"].severity == "info"
    assert {"start_time_damaged", "no_values"} <= set(found)
    assert (recording.meta.name, recording.meta.participant_label) == ("Recording 16", "Y1")
    assert recording.meta.device == "Tobii Pro Glasses"
    print(f"{len(theirs)} rows of the eye tracker, largest difference 0 ns")


def test_real_events_movements_and_hits(samples, lines):
    recording = read_recording(samples / FOLDER)
    said = [(int(row["Recording timestamp"]) * 1000, row["Event"]) for row in lines if row["Event"]]
    assert list(zip(recording.events["t_ns"], recording.events["name"], strict=True)) == said
    assert said[0][1] == "geostul_snap IntervalStart"
    movements = recording.vendor["eye_movements"]
    assert movements[["kind", "index", "duration_ms", "x_px", "y_px"]].to_numpy().tolist() == [
        ["Fixation", 1681, 922.0, 962.0, 647.0]
    ]
    mapped = recording.vendor["mapped_movements"]
    assert mapped[["snapshot", "index", "x_px", "y_px"]].to_numpy().tolist() == [
        ["geostul_snap", 1, 1213.0, 735.0]
    ]
    hits = recording.vendor["aoi_hits"]
    assert hits["aoi"].nunique() == 6
    for aoi, runs in hits.groupby("aoi"):
        states = [row[f"AOI hit [geostul_snap - {aoi}]"] for row in lines if row["Sensor"] == "Eye Tracker"]
        assert runs["samples"].sum() == len(states) == 27
        assert runs.loc[runs["state"] == "hit", "samples"].sum() == states.count("1")
    assert hits.loc[hits["state"] == "hit", "aoi"].tolist() == ["Kameny"]


@pytest.mark.parametrize("micro", ["μ", "µ", "Î¼", "Âµ"])
def test_newer_header(export, micro):
    rows = [
        (0, {"Event": "RecordingStart"}),
        (1000, EYE),
        (1500, {"Sensor": "Gyroscope", "Gyro X [°/s]": "1.5", "Gyro Y [°/s]": "2", "Gyro Z [°/s]": "3"}),
        (
            1500,
            {"Sensor": "Accelerometer", "Accelerometer X [m/s²]": "9.80665", "Eye movement type": "Fixation"},
        ),
        (21000, EYE | {"Mapped gaze data X [wall [1]]": "7", "Mapped gaze data Y [wall [1]]": "8"}),
        (30000, {"Event": "sign seen", "Event value": "Exit 3"}),
        (
            41000,
            EYE
            | {
                "Validity left": "Invalid",
                "Validity right": "Invalid",
                "AOI hit [wall [1] - Ad - left]": "1",
            },
        ),
        (
            61000,
            EYE
            | {
                "Gaze point X [MCS px]": "",
                "Gaze point Y [MCS px]": "",
                "AOI hit [wall [1] - Ad - left]": "0",
            },
        ),
        (81000, EYE | {"Gaze point X [MCS px]": "2000", "Eye movement type index": "2"}),
    ]
    recording = read_recording(export(rows, micro=micro))
    gaze = recording.gaze
    assert gaze["t_ns"].tolist() == [10**6, 21 * 10**6, 41 * 10**6, 61 * 10**6, 81 * 10**6]
    assert gaze["reason"].astype(str).tolist() == ["ok", "ok", "device_error", "no_data", "out_of_image"]
    first = gaze.iloc[0]
    assert (first["x_px"], first["y_px"], first["pupil_left_mm"]) == (100.5, 200.25, 3.125)
    # x points left and y up in Tobii's frame, z forward in both
    assert (first["gaze3d_x_mm"], first["gaze_left_y"], first["eye_right_z_mm"]) == (-12.5, -0.25, -30.5)
    assert recording.events["name"].tolist() == ["RecordingStart", "sign seen"]
    assert recording.events["source"].tolist() == ["device", "user"]
    assert recording.events["value"].tolist() == ["", "Exit 3"]
    assert recording.imu[["gyro_x_deg_s", "acceleration_x_g"]].to_numpy().tolist() == [[1.5, 1.0]]
    assert recording.vendor["eye_movements"]["index"].tolist() == [1, 2]
    assert recording.vendor["mapped_gaze"][["snapshot", "x_px"]].to_numpy().tolist() == [["wall [1]", 7.0]]
    assert recording.vendor["aoi_hits"]["state"].tolist() == ["inactive", "hit", "no_hit", "inactive"]
    assert recording.vendor["aoi_hits"]["aoi"].unique().tolist() == ["Ad - left"]
    start = pd.Timestamp("2024-03-01T10:11:12.345Z").value
    assert (recording.meta.start_unix_ns, recording.clock.to_unix_ns(0)) == (start, start)
    assert "check_fixations" in codes(recording)
    assert "Erika" not in str(recording.meta.extra)


def test_decimal_comma_far_from_the_start(export):
    whole = EYE | {key: "1" for key, value in EYE.items() if value.replace(".", "").isdigit()}
    rows = [(i * 20.0, whole) for i in range(40)] + [(800.5, EYE)]
    header = ("Recording timestamp [ms]", *NEW[1:])
    gaze = read_recording(export(rows, header=header, decimal=",")).gaze
    assert gaze["t_ns"].iloc[-1] == 800_500_000
    assert gaze["x_px"].iloc[-1] == 100.5


def test_several_recordings_in_one_file(export):
    rows = [(i * 20_000, EYE) for i in range(5)]
    rows += [(i * 20_000, EYE | {"Participant name": "Max", "Recording name": "Rec 2"}) for i in range(3)]
    rows += [(i * 20_000, EYE | {"Participant name": "Max"}) for i in range(2)]
    folder = export(rows)
    found = find_recordings(folder)
    assert [one.name for one in found] == ["Rec 1", "Rec 2", "Rec 1"]
    assert len({one.selection for one in found}) == 3
    assert not any("Max" in one.selection for one in found)  # it is printed
    counts = [len(read_recording(folder, name=one.selection).gaze) for one in found]
    assert counts == [5, 3, 2]
    recording = read_recording(folder, name="Rec 2")
    assert recording.meta.participant_label == "Max"
    assert "other_recordings" in codes(recording)


def test_large_files_are_looked_at_in_places(export, monkeypatch):
    rows = [(i * 20_000, EYE | {"Recording name": f"Rec {i // 300}"}) for i in range(1200)]
    folder = export(rows)
    whole = [one.name for one in find_recordings(folder)]
    gaze = read_recording(folder, name="Rec 2").gaze
    monkeypatch.setattr(table_keys, "_WHOLE_BYTES", 1)
    monkeypatch.setattr(pro_lab_rows, "_PIECE_BYTES", 10_000)
    assert [one.name for one in find_recordings(folder)] == whole == ["Rec 0", "Rec 1", "Rec 2", "Rec 3"]
    pd.testing.assert_frame_equal(read_recording(folder, name="Rec 2").gaze, gaze)


def test_older_header_with_ms_and_codes(export):
    header = (
        "Recording timestamp",
        "Sensor",
        "Gaze point X",
        "Gaze point Y",
        "Validity left",
        "Validity right",
    )
    rows = [
        (
            20 * i,
            {
                "Sensor": "Eye tracker",
                "Gaze point X": "5",
                "Gaze point Y": "6",
                "Validity left": code,
                "Validity right": "4",
            },
        )
        for i, code in enumerate("01234")
    ]
    recording = read_recording(export(rows, header=header))
    assert recording.gaze["t_ns"].tolist() == [0, 20 * 10**6, 40 * 10**6, 60 * 10**6, 80 * 10**6]
    assert recording.gaze["valid"].tolist() == [True, True, False, False, False]
    assert "unit_inferred" in codes(recording)
    assert recording.meta.name == "export"


def test_screen_export(export):
    header = (
        "Recording timestamp [ms]",
        "Participant name",
        "Recording resolution width [px]",
        "Recording resolution height [px]",
        "Event",
        "Gaze point X [DACS px]",
        "Gaze point Y [DACS px]",
    )
    size = {"Recording resolution width [px]": "1280", "Recording resolution height [px]": "720"}
    rows = [
        (1, {"Event": "x"} | size),
        (2, {"Gaze point X [DACS px]": "1300", "Gaze point Y [DACS px]": "1"} | size),
    ]
    recording = read_recording(export(rows, header=header))
    assert recording.meta.device == "Tobii (Pro Lab)"
    assert recording.gaze["reason"].astype(str).tolist() == ["out_of_image"]


def test_shares_of_the_image_need_its_size(export, write_video):
    header = ("Recording timestamp [ms]", "Sensor", "Gaze point X (MCSnorm)", "Gaze point Y (MCSnorm)")
    rows = [(1, {"Sensor": "Eye Tracker", "Gaze point X (MCSnorm)": "0.5", "Gaze point Y (MCSnorm)": "0.25"})]
    folder = export(rows, header=header)
    assert "no_gaze_columns" in codes(read_recording(folder))
    video = write_video(folder.parent / f"{folder.name}.mp4", [0, 40, 80])
    recording = read_recording(folder, options=ReadOptions(video=video))
    assert recording.gaze[["x_px", "y_px"]].to_numpy().tolist() == [[80.0, 24.0]]


def test_scene_video_and_camera_from_elsewhere(export, write_video, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    camera = elsewhere / "camera.json"
    calibration = {"camera_matrix": [[100, 0, 80], [0, 100, 48], [0, 0, 1]], "dist_coefs": [0, 0, 0, 0, 0]}
    camera.write_text(json.dumps(calibration), encoding="utf-8")
    video = write_video(elsewhere / "scene.mp4", [0, 40, 80])
    folder = export([(1000, EYE)])
    recording = read_recording(folder, options=ReadOptions(video=video, camera=camera))
    assert recording.frames["t_ns"].tolist() == [0, 40 * 10**6, 80 * 10**6]
    assert (recording.camera.width_px, recording.camera.source) == (160, "user")
    assert "frame_times_from_video" in codes(recording)
    assert not {"no_video", "no_camera"} & codes(recording)
    with pytest.raises(InputError, match="calibration"):
        read_recording(folder, options=ReadOptions(camera=elsewhere / "none.json"))
    write_video(folder / "Rec 1.mp4", [0, 40])
    assert len(read_recording(folder).frames) == 2


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("timestamp\tgaze_pos_vid_x", id="other"),
        pytest.param("Recording timestamp", id="time-alone"),
        pytest.param("Recording timestampX [ms]\tSensor", id="near-miss"),
    ],
)
def test_other_tables_are_refused(tmp_path, header):
    (tmp_path / "a.tsv").write_text(header + "\n1\t2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no importer"):
        find_recordings(tmp_path)


def test_header_without_rows(export):
    recording = read_recording(export([]))
    assert len(recording.gaze) == 0
    assert "no_rows" in codes(recording)


def test_names_of_columns():
    columns = parse_header(
        ["Mapped fixation X [wall] [MCS px]", "AOI hit [Ad]", "Gaze point X", "Gaze point X (MCSnorm)"]
    )
    assert columns.snapshots == {"wall": {"mapped fixation x": "Mapped fixation X [wall] [MCS px]"}}
    assert columns.aois == [("", "Ad", "AOI hit [Ad]")]
    assert columns.find("gaze point x", units=("mcs norm",)) == "Gaze point X (MCSnorm)"


def test_damage_gives_only_own_errors(samples, tmp_path):
    rng = np.random.default_rng(7)
    data = (samples / FOLDER / FILE).read_bytes()
    for _ in range(30):
        changed = bytearray(data[: rng.integers(1, len(data))])
        for place in rng.integers(0, len(changed), 30):
            changed[place] = rng.integers(0, 256)
        (tmp_path / "a.tsv").write_bytes(changed)
        try:
            for one in find_recordings(tmp_path):
                read_recording(tmp_path, name=one.selection).findings()
        except GazestudyError:
            continue
