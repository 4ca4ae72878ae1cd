"""Exports of BeGaze: a real event export against its own lines, and the documented layouts."""

from math import isclose, radians, tan

import numpy as np
import pytest

from gazestudy.errors import GazestudyError, InputError
from gazestudy.importers import ReadOptions, find_recordings, read_recording
from gazestudy.importers.recordings import table_keys

FOLDER = "smi_begaze_events_emdat"
FILE = "SMI/SMI_Sample_67_Events.txt"
TOP = "## [BeGaze]\n## Date:\t08.03.2023 09:25:20\n## [Run]\n## Subject:\tErika\n## Description:\tRun1\n"
COLUMNS = (
    "Time\tType\tTrial\tL Pupil Diameter [mm]\tR Pupil Diameter [mm]\tB POR X [px]\tB POR Y [px]\t"
    "L POR X [px]\tL POR Y [px]\tL EPOS X\tL GVEC Z\tFrame\tB Event Info\tStimulus\n"
)


def sample(time, x="100.50", y="50.25", pupil="3.10", trial="1", frame="00:00:01:00", info="Fixation"):
    return (
        f"{time}\tSMP\t{trial}\t{pupil}\t{pupil}\t{x}\t{y}\t{x}\t{y}\t1.5\t0.9\t{frame}\t{info}\tscene.avi\n"
    )


ROWS = (
    sample(10_000_000_123, frame="00:00:01:22"),
    sample(10_000_016_790, frame="00:00:01:23", info="Saccade"),
    "10000020000\tMSG\t1\t# Message: Exit, sign\n\n\n",
    sample(10_000_033_456, x="0.00", y="0.00", pupil="0.00", frame="00:00:02:00", info="-"),
    sample(10_000_050_123, x="0.00", y="0.00", pupil="0.00", frame="00:00:02:00", info="Blink"),
    sample(10_000_066_790, x="0.00", y="0.00", trial="2", frame="00:00:02:01"),
)


@pytest.fixture
def raw(tmp_path):
    def write(*rows, name="run-recording.txt", top=TOP, columns=COLUMNS, encoding="utf-8"):
        (tmp_path / name).write_text(top + columns + "".join(rows or ROWS), encoding=encoding, newline="\n")
        return tmp_path

    return write


def codes(recording):
    return {finding.code for finding in recording.findings()}


@pytest.fixture(scope="module")
def real(samples):
    return read_recording(samples / FOLDER)


@pytest.fixture(scope="module")
def lines(samples):
    return (samples / FOLDER / FILE).read_text(encoding="ascii").splitlines()


@pytest.mark.parametrize(
    ("stream", "kind", "columns"),
    [
        pytest.param(
            "fixations",
            "Fixation",
            {"x_px": 6, "y_px": 7, "dispersion_x_px": 8, "dispersion_y_px": 9, "pupil_size_y": 14},
            id="fixations",
        ),
        pytest.param(
            "saccades",
            "Saccade",
            {"start_x_px": 6, "end_y_px": 9, "amplitude_deg": 10, "peak_velocity_deg_s": 11},
            id="saccades",
        ),
        pytest.param("blinks", "Blink", {}, id="blinks"),
    ],
)
def test_every_real_event_is_that_of_its_line(real, lines, stream, kind, columns):
    table = real.stream(stream)
    cells = [line.split(",") for line in lines if line.startswith(f"{kind} ")]
    assert len(table) == len(cells) == {"Fixation": 10543, "Saccade": 10479, "Blink": 409}[kind]
    assert table["start_ns"].tolist() == [int(row[3]) * 1000 for row in cells]
    assert table["end_ns"].tolist() == [int(row[4]) * 1000 for row in cells]
    assert table["duration_ms"].tolist() == [int(row[5]) / 1000 for row in cells]
    assert table["eye"].tolist() == [{"L": "left", "R": "right"}[row[0][-1]] for row in cells]
    assert table["number"].tolist() == [int(row[2]) for row in cells]
    for ours, place in columns.items():
        assert table[ours].tolist() == [float(row[place]) for row in cells]
    print(f"{stream}: {len(table)} rows, largest difference 0 us, 0 px")


def test_real_event_export_has_no_gaze(real, lines):
    recording = real
    assert len(recording.gaze) == 0
    found = {one.code: one for one in recording.findings()}
    assert found["no_samples"].severity == "problem"
    assert found["check_durations"].severity == "info"
    said = [line.split(",", 4) for line in lines if line.startswith("UserEvent")]
    assert recording.events["t_ns"].tolist() == [int(row[3]) * 1000 for row in said]
    assert recording.events["name"].tolist() == [row[4].removeprefix("# Message: ") for row in said]
    assert len(said) == 416
    assert (recording.meta.name, recording.meta.participant_label) == ("Run67", "MT430PN56168")
    assert "MT430PN56168" not in str(recording.meta.extra)


def test_raw_samples(raw):
    recording = read_recording(raw())
    gaze = recording.gaze
    assert gaze["t_ns"].tolist()[:2] == [10_000_000_123_000, 10_000_016_790_000]
    # 0, 0 is a place where there is a pupil, and means nothing where there is none
    assert gaze["reason"].astype(str).tolist() == ["ok", "ok", "no_data", "blink", "ok"]
    assert gaze["x_px"].tolist()[:2] == [100.5, 100.5]
    assert gaze["frame_label"].tolist() == [0, 1, 2, 2, 3]
    assert gaze["part"].tolist() == [0, 0, 0, 0, 1]
    assert gaze["pupil_left_mm"].tolist()[0] == 3.1
    assert gaze["smi_gaze_left_z"].tolist()[0] == 0.9
    assert recording.events[["t_ns", "name"]].to_numpy().tolist() == [[10_000_020_000_000, "Exit, sign"]]
    assert (recording.meta.name, recording.meta.participant_label) == ("Run1", "Erika")
    assert recording.meta.device == "SMI Eye Tracking Glasses"
    assert {"zeros_missing", "no_video", "no_camera"} <= codes(recording)
    assert not {"rows_skipped", "truncated_line"} & codes(recording)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_encodings(raw, encoding):
    recording = read_recording(raw(*ROWS, f"{10_000_070_000}\tMSG\t1\t# Message: Größe\n", encoding=encoding))
    assert len(recording.gaze) == 5
    assert recording.events["name"].tolist()[-1] == "Größe"


def test_eyes_without_a_binocular_point(raw):
    columns = "Time\tType\tTrial\tL POR X [px]\tL POR Y [px]\tR POR X [px]\tR POR Y [px]\n"
    rows = ["1000\tSMP\t1\t10\t20\t30\t40\n", "2000\tSMP\t1\t-\t-\t30\t40\n"]
    top = TOP + "## Calibration Area:\t25\t50\n"
    recording = read_recording(raw(*rows, top=top, columns=columns))
    assert recording.gaze["x_px"].tolist() == [20.0, 30.0]
    assert recording.gaze["reason"].astype(str).tolist() == ["ok", "out_of_image"]
    assert {"mean_of_eyes", "size_inferred"} <= codes(recording)
    left = read_recording(raw(*rows, top=top, columns=columns), options=ReadOptions(gaze_source="left"))
    assert left.gaze["valid"].tolist() == [True, False]


def test_samples_and_events_of_one_run_are_one_recording(raw):
    event = (
        "[BeGaze]\nSubject:\tErika\nDescription:\tRun1\n\nTable Header for Fixations:\n"
        "Event Type,Trial,Number,Start,End,Duration,Location X,Location Y\n\n"
        "Fixation B,1,1,10000000123,10000016790,16667,1.5,2.5\n"
        "UserEvent,1,1,10000000500,# Message: a, b\n"
    )
    folder = raw()
    (folder / "run-events.txt").write_text(event, encoding="utf-8")
    assert len(find_recordings(folder)) == 1
    recording = read_recording(folder)
    assert len(recording.gaze) == 5
    assert recording.vendor["fixations"][["eye", "x_px"]].to_numpy().tolist() == [["both", 1.5]]
    assert recording.events["name"].tolist() == ["a, b"]
    assert len(recording.files) == 2
    (folder / "run-events.txt").write_text(event.replace("Run1", "Run2"), encoding="utf-8")
    assert [one.name for one in find_recordings(folder)] == ["Run2", "Run1"]


def test_scene_video_beside_and_camera_file(raw, write_video):
    folder = raw()
    write_video(folder / "run-export.avi", [0, 40, 80, 120])
    settings = {
        "DeviceSerialNumber": "1234",
        "SceneCamFOV": "60",
        "SceneCamWidth": "160",
        "SceneCamHeight": "96",
        "SceneCamSensorOffsetX": "2.5",
        "SceneCamSensorOffsetY": "-1",
        "SceneCamRadialDistortion": "-0.1\t0.02\t0.003",
        "SceneCamTangentialDistortion": "0.001\t0.002",
    }
    text = "## [MiiSimulation]\n" + "".join(f"## {key}={value}\n" for key, value in settings.items())
    (folder / "codec1.bin").write_text(text, encoding="utf-8")
    recording = read_recording(folder)
    camera = recording.camera
    assert isclose(camera.fx_px, 80 / tan(radians(30)))
    assert (camera.cx_px, camera.cy_px) == (82.5, 47.0)
    assert camera.coefficients == (-0.1, 0.02, 0.001, 0.002, 0.003)
    assert recording.frames["index"].tolist() == [0, 1, 2, 3]
    assert {"alignment", "alignment_unsure"} <= codes(recording)
    (folder / "codec1.bin").write_text(text.replace("=60", "=x"), encoding="utf-8")
    assert "camera_unusable" in codes(read_recording(folder))
    elsewhere = ReadOptions(video=folder / "none.avi")
    assert "video_unusable" in codes(read_recording(folder, options=elsewhere))


def test_table_of_raw_samples_of_many(tmp_path, monkeypatch):
    header = (
        "RecordingTime [ms]\tTrial\tStimulus\tParticipant\tCategory Binocular\tPupil Diameter Left [mm]\t"
        "Point of Regard Binocular X [px]\tPoint of Regard Binocular Y [px]\tAOI Name Binocular\n"
    )
    rows = [
        f"{i * 16},{i % 10}\tT1\tscene.avi\t{person}\t{kind}\t3,1\t{x}\t7,5\t-\n"
        for person in ("P1", "P2")
        for i, (kind, x) in enumerate([("Visual Intake", "5,25"), ("Blink", "-"), ("-", "-")])
    ]
    (tmp_path / "metrics.txt").write_text(header + "".join(rows), encoding="utf-8")
    found = find_recordings(tmp_path)
    assert len(found) == 2
    recording = read_recording(tmp_path, name=found[1].selection)
    assert recording.meta.participant_label == "P2"
    assert recording.gaze["reason"].astype(str).tolist() == ["ok", "blink", "no_data"]
    assert recording.gaze["t_ns"].tolist() == [0, 16_100_000, 32_200_000]
    assert recording.gaze["x_px"].tolist()[0] == 5.25
    monkeypatch.setattr(table_keys, "_WHOLE_BYTES", 1)
    assert len(find_recordings(tmp_path)) == 2


def test_table_of_events_of_many(tmp_path):
    header = (
        "Event Start Trial Time [ms],Event End Trial Time [ms],Stimulus,Participant,Trial,Category,AOI Name\n"
    )
    rows = [
        f"{start},{start + 100},Map_A,{person},{trial},{kind},Region_1\n"
        for person in ("P1", "P2")
        for trial in ("T1", "T2")
        for start, kind in ((0.5, "Fixation"), (100, "Saccade"), (200, "Visual Intake"), (300, "User Event"))
    ]
    (tmp_path / "events.csv").write_text(header + "".join(rows), encoding="utf-8")
    found = find_recordings(tmp_path)
    assert [one.name for one in found] == ["T1 Map_A", "T2 Map_A"] * 2
    recording = read_recording(tmp_path, name=found[2].selection)
    fixations = recording.vendor["fixations"]
    assert fixations["start_ns"].tolist() == [500_000, 200_000_000]
    assert fixations["aoi"].tolist() == ["Region_1", "Region_1"]
    assert len(recording.vendor["saccades"]) == len(recording.vendor["other_events"]) == 1
    assert "no_samples" in codes(recording)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Time\tType\tTrial\ta\n1\tSMP\t1\t2\n", id="no-gaze"),
        pytest.param("Event Start Trial Time [ms],a\n1,2\n", id="half"),
        pytest.param("RecordingTime [ms]\tx\n1\t2\n", id="no-point"),
    ],
)
def test_other_tables_are_refused(tmp_path, text):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no importer"):
        find_recordings(tmp_path)


@pytest.mark.parametrize("kind", ["raw", "events"])
def test_damage_gives_only_own_errors(samples, tmp_path, kind):
    rng = np.random.default_rng(7)
    data = (TOP + COLUMNS + "".join(ROWS) * 20).encode()
    if kind == "events":
        data = (samples / FOLDER / FILE).read_bytes()[:20_000]
    for _ in range(30):
        changed = bytearray(data[: rng.integers(1, len(data))])
        for place in rng.integers(0, len(changed), 30):
            changed[place] = rng.integers(0, 256)
        (tmp_path / "a.txt").write_bytes(changed)
        try:
            for one in find_recordings(tmp_path):
                read_recording(tmp_path, name=one.selection).findings()
        except GazestudyError:
            continue
