"""Exports of Gazepoint Analysis, in the layout of its documentation."""

import numpy as np
import pytest

from gazestudy.errors import GazestudyError, InputError
from gazestudy.importers import ReadOptions, find_recordings, list_importers, read_recording

START = "2022/09/19 13:34:49.156"
HEADER = (
    f"MEDIA_ID,MEDIA_NAME,CNT,TIME({START}),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,"
    "BPOGX,BPOGY,BPOGV,CX,CY,CS,USER,LPV,RPV,BKID,BKDUR,LPMM,LPMMV,AOI,SACCADE_MAG,SACCADE_DIR,VID_FRAME,"
)
TICKS = 48_860_001_560


def row(
    number,
    *,
    media=0,
    time=None,
    x="0.50",
    y="0.25",
    valid=1,
    pupils=1,
    blink=0,
    length="0.0",
    user="",
    mm="3.1",
):
    time = number / 100 if time is None else time
    ticks = TICKS + number * 100_000
    return (
        f"{media},Slide{media},{number},{time:.5f},{ticks},0.4,0.3,0.0,0.1,1,1,{x},{y},{valid},0.1,0.2,0,{user},"
        f"{pupils},{pupils},{blink},{length},{mm},1,Ad A,0,0,{number // 2},"
    )


@pytest.fixture
def export(tmp_path):
    def write(*rows, name="User 1_all_gaze.csv", header=HEADER):
        (tmp_path / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return tmp_path

    return write


def codes(recording):
    return {finding.code for finding in recording.findings()}


def test_it_says_that_it_never_saw_a_real_export():
    assert next(one for one in list_importers() if one.name == "gazepoint").documented_only


def test_samples_and_reasons(export):
    rows = [
        row(0),
        row(1, valid=0),
        row(2, valid=0, pupils=0),
        row(3, valid=0, pupils=0, blink=7),
        row(4, length="0.02"),
        row(5, x="1.20"),
        row(6, user="start"),
    ]
    recording = read_recording(export(*rows))
    gaze = recording.gaze
    assert gaze["t_ns"].tolist() == [(TICKS + i * 100_000) * 100 for i in range(7)]
    reasons = ["ok", "device_error", "no_data", "blink", "ok", "out_of_image", "ok"]
    assert gaze["reason"].astype(str).tolist() == reasons
    assert (gaze["x_px"].iloc[0], gaze["y_px"].iloc[0]) == (960.0, 270.0)
    assert gaze["pupil_left_mm"].iloc[0] == 3.1
    assert gaze["frame_label"].tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert recording.events["name"].tolist() == ["media: Slide0", "start"]
    blinks = recording.vendor["blinks"]
    assert blinks["duration_ms"].tolist() == [20.0]
    assert blinks["start_ns"].tolist() == [(TICKS + 200_000) * 100]
    assert recording.meta.extra["start (local time)"] == START
    assert {"screen_size_assumed", "check_clock", "no_video"} <= codes(recording)
    assert "rows_skipped" not in codes(recording)


def test_time_restarts_with_each_picture_but_ticks_do_not(export):
    rows = [row(i, media=i // 3, time=(i % 3) / 100) for i in range(6)]
    gaze = read_recording(export(*rows)).gaze
    assert np.diff(gaze["t_ns"]).tolist() == [10_000_000] * 5
    assert gaze["part"].tolist() == [0, 0, 0, 1, 1, 1]
    without = HEADER.replace("TIMETICK(f=10000000)", "OTHER")
    recording = read_recording(export(*rows, header=without))
    assert recording.gaze["t_ns"].tolist() == [i * 10_000_000 for i in range(6)]
    assert "time_restarts" in codes(recording)


def test_gaze_and_fixations_are_one_recording(export):
    folder = export(row(0), row(1))
    fixation = row(12).replace(",0.4,0.3,0.0,0.1,1,1,", ",0.4,0.3,0.02,0.1,3,1,")
    export(fixation, name="User 1_fixations.csv")
    assert [one.name for one in find_recordings(folder)] == ["User 1"]
    recording = read_recording(folder)
    fixations = recording.vendor["fixations"].iloc[0]
    assert fixations["start_ns"] == (TICKS + 200_000) * 100
    assert fixations["end_ns"] == (TICKS + 1_200_000) * 100
    assert (fixations["number"], fixations["x_px"], fixations["y_px"]) == (3, 768.0, 324.0)
    assert (fixations["media"], fixations["aoi"]) == ("Slide0", "Ad A")
    assert len(recording.files) == 2


def test_fixations_alone(export):
    recording = read_recording(export(row(1), name="User 2_fixations.csv"))
    assert len(recording.gaze) == 0
    assert len(recording.vendor["fixations"]) == 1
    assert "no_samples" in codes(recording)


def test_several_users_and_a_persons_name(export):
    export(row(0), name="User 1_all_gaze.csv")
    folder = export(row(0), row(1), name="Erika Mustermann_all_gaze.csv")
    found = find_recordings(folder)
    assert [one.name for one in found] == [f"Gazepoint {START}", "User 1"]
    recording = read_recording(folder, name=found[0].name)
    assert recording.meta.participant_label == "Erika Mustermann"
    assert "Erika" not in recording.meta.name + str(recording.meta.extra)
    assert len(recording.gaze) == 2


def test_size_of_the_screen_from_its_video(export, write_video, tmp_path_factory):
    video = write_video(tmp_path_factory.mktemp("screen") / "screen.mp4", [0, 40])
    recording = read_recording(export(row(0)), options=ReadOptions(video=video))
    assert recording.gaze[["x_px", "y_px"]].to_numpy().tolist() == [[80.0, 24.0]]
    assert "screen_size_assumed" not in codes(recording)


def test_pupils_in_metres(export):
    recording = read_recording(export(row(0, mm="0.0031")))
    assert recording.gaze["pupil_left_mm"].tolist() == [3.1]
    assert "pupil_unit" in codes(recording)


def test_huge_numbers_do_no_harm(export):
    big = row(0).replace(str(TICKS), str(2**63 - 1)).replace(",0.0,3.1,", ",1e300,3.1,")
    folder = export(big, row(1).replace(",0.1,1,1,", ",1e300,1,1,"))
    read_recording(folder).findings()
    export(big.replace(",0.1,1,1,", ",1e300,1,1,"), name="User 1_fixations.csv")
    read_recording(folder).findings()


@pytest.mark.parametrize("header", ["TIME,X,Y", "FPOGX,FPOGY,CNT", "MEDIA_ID,TIME(1),FPOGX"])
def test_other_tables_are_refused(tmp_path, header):
    (tmp_path / "a.csv").write_text(header + "\n1,2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match="no importer"):
        find_recordings(tmp_path)


def test_damage_gives_only_own_errors(tmp_path):
    rng = np.random.default_rng(7)
    data = "\n".join([HEADER, *(row(i, media=i // 20) for i in range(60))]).encode()
    for number in range(30):
        changed = bytearray(data[: rng.integers(1, len(data))])
        for place in rng.integers(0, len(changed), 30):
            changed[place] = rng.integers(0, 256)
        name = ("User 1_fixations.csv", "User 1_all_gaze.csv")[number % 2]
        (tmp_path / name).write_bytes(changed)
        try:
            for one in find_recordings(tmp_path):
                read_recording(tmp_path, name=one.selection).findings()
        except GazestudyError:
            continue
