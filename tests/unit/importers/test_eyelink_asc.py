"""Files of edf2asc: real ones against two other programs' reading, and the layouts they do not show."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import GazestudyError, InputError
from gazestudy.importers import ReadOptions, find_recordings, read_recording

FOLDER = "eyelink_asc_pymovements"
ROWS = {
    "eyelink_binocular_example": 368,
    "eyelink_monocular_2khz_example": 16,
    "eyelink_monocular_example": 16,
    "eyelink_monocular_no_dummy_example": 297,
}
HEADER = "** CONVERTED FROM a.edf using edfapi 4.2\n** EYELINK II CL v5.50 Jun 16 2022 (EyeLink 1000 Plus)\n"
SCREEN = "MSG\t100 GAZE_COORDS 0.00 0.00 1919.00 1079.00\n"


def block(start, rows, eyes="LEFT", kind="GAZE", rate="1000.00", more="", end=True):
    lines = [
        f"START\t{start} \t{eyes}\tSAMPLES\tEVENTS",
        f"SAMPLES\t{kind}\t{eyes}\tRATE\t{rate}\tTRACKING\tCR\tFILTER\t2{more}",
        *rows,
    ]
    return (
        "\n".join(lines) + "\n" + (f"END\t{start + 10} \tSAMPLES\tEVENTS\tRES\t 1.0\t 1.0\n" if end else "")
    )


@pytest.fixture
def asc(tmp_path):
    def write(*parts, name="one.asc", header=HEADER + SCREEN):
        (tmp_path / name).write_text(header + "".join(parts), encoding="utf-8")
        return tmp_path

    return write


def codes(recording):
    return {finding.code for finding in recording.findings()}


def test_every_file_of_a_folder_is_a_recording(samples):
    found = find_recordings(samples / FOLDER)
    assert {one.importer for one in found} == {"eyelink-asc"}
    assert [one.name for one in found] == sorted(ROWS)
    assert {one.device for one in found} == {"EyeLink Portable Duo", "EyeLink 1000 Plus"}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_sample_equals_pymovements(samples, name):
    gaze = read_recording(samples / FOLDER, name=name).gaze
    peer = pd.read_csv(samples / FOLDER / "peer_pymovements" / f"{name}.csv")
    assert len(gaze) == len(peer) == ROWS[name]
    np.testing.assert_array_equal(gaze["t_ns"], (peer["time"] * 2).astype("int64") * 500_000)
    pairs = {"pixel_0": "x_left_px", "pixel_1": "y_left_px"}
    if "pixel_2" in peer:
        pairs |= {"pixel_2": "x_right_px", "pixel_3": "y_right_px", "pupil_0": "pupil_left"}
        pairs |= {"pupil_1": "pupil_right"}
    else:
        pairs |= {"pupil": "pupil_left"}
    for theirs, ours in pairs.items():
        np.testing.assert_array_equal(gaze[ours], peer[theirs])
    print(f"{name}: {len(gaze)} rows, {len(pairs)} columns, largest difference 0 us, 0 px")


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"eyelink_monocular_no_dummy_example"}))
def test_every_sample_equals_mne(samples, name):
    """mne closes gaps: its times are row numbers over the rate, so only rows without a gap have equal times."""
    gaze = read_recording(samples / FOLDER, name=name).gaze
    peer = pd.read_csv(samples / FOLDER / "peer_mne" / f"{name}.csv")
    assert len(gaze) == len(peer) == ROWS[name]
    for column in peer.columns[1:]:
        kind, _, eye = column.partition("_")
        ours = {"xpos": f"x_{eye}_px", "ypos": f"y_{eye}_px", "pupil": f"pupil_{eye}", "DIN": "input"}[kind]
        known = gaze[ours].notna()
        np.testing.assert_array_equal(gaze.loc[known, ours], peer.loc[known, column])
    since = (gaze["t_ns"] - gaze["t_ns"].iloc[0]) / 1e9
    step = peer["time"].iloc[1]
    rows = np.arange(len(peer))
    np.testing.assert_allclose(peer["time"], rows * step, atol=1e-9)
    same = np.isclose(since, peer["time"], atol=1e-9)
    # Up to the first gap (the whole binocular file) the times are the same.
    first_gap = np.flatnonzero(np.diff(since) > 1.5 * step)
    until = int(first_gap[0]) + 1 if len(first_gap) else len(since)
    assert same[:until].all()
    assert not same[until:].any()
    assert until == (368 if "binocular" in name else 2)


def test_every_event_equals_mne(samples):
    recording = read_recording(samples / FOLDER, name="eyelink_binocular_example")
    peer = pd.read_csv(samples / FOLDER / "peer_mne" / "eyelink_binocular_example_annotations.csv")
    onset = pd.to_datetime(peer["onset"]) - pd.Timestamp("2023-07-05 13:13:12")
    peer["t_ns"] = onset.dt.total_seconds().mul(1e3).round().astype("int64") * 10**6 + 1408660 * 10**6
    compared = 0
    for kind, called in (("fixations", "fixation"), ("saccades", "saccade"), ("blinks", "BAD_blink")):
        ours = recording.vendor[kind].sort_values(["start_ns", "eye"])
        theirs = peer[peer["description"] == called]
        assert ours["start_ns"].tolist() == theirs["t_ns"].tolist()
        assert (ours["duration_ms"] / 1e3).tolist() == theirs["duration"].tolist()
        assert all(eye in names for eye, names in zip(ours["eye"], theirs["ch_names"], strict=True))
        compared += len(theirs)
    messages = peer[peer["ch_names"] == "()"]
    ours = recording.events[recording.events["name"].isin(messages["description"])]
    assert ours["t_ns"].tolist() == messages["t_ns"].tolist()
    assert compared + len(messages) == len(peer) == 13


@pytest.mark.parametrize(
    ("name", "count"), [("eyelink_monocular_2khz_example", 7), ("eyelink_monocular_example", 9)]
)
def test_events_that_mne_keeps_of_files_with_gaps(samples, name, count):
    """mne closes the gaps, so that these files last 8 and 16 ms, and cuts off all events after that."""
    recording = read_recording(samples / FOLDER, name=name)
    peer = pd.read_csv(samples / FOLDER / "peer_mne" / f"{name}_annotations.csv")
    since = pd.to_datetime(peer["onset"]) - pd.Timestamp("2023-03-08 09:25:20")
    # Onsets are written in whole ms from the first sample, which at 2000 Hz is at half a ms.
    first = recording.gaze["t_ns"].iloc[0]
    theirs = since.dt.total_seconds() * 1e9 + first
    events = recording.events[["t_ns", "name"]].to_numpy().tolist()
    fixations = [[start, "fixation"] for start in recording.vendor["fixations"]["start_ns"]]
    for time_ns, called in zip(theirs, peer["description"], strict=True):
        apart = [abs(ours - time_ns) for ours, text in events + fixations if text == called]
        assert min(apart) <= 500_000
    assert len(peer) == count


def test_real_events_of_the_file_without_end(samples):
    """The file that mne refuses: its events as written in its lines."""
    recording = read_recording(samples / FOLDER, name="eyelink_monocular_no_dummy_example")
    assert "no_end" in codes(recording)
    fixations = recording.vendor["fixations"]
    assert fixations["x_px"].tolist() == [868.5, 708.1]
    assert fixations["end_ns"].tolist() == [647899 * 10**6, 648251 * 10**6]
    assert recording.vendor["saccades"]["amplitude_deg"].tolist() == [2.3e6, 2.5]
    assert "ENCODING TEST ÄÖÜ" in recording.events["name"].tolist()
    assert recording.vendor["validations"]["error_mean_deg"].tolist() == [0.27]
    reasons = recording.gaze["reason"].value_counts()
    assert (reasons["ok"], reasons["blink"], reasons["no_data"]) == (228, 68, 1)
    assert recording.vendor["inputs"]["value"].tolist() == [127.0] * 8


def test_real_2000_hz_events(samples):
    recording = read_recording(samples / FOLDER, name="eyelink_monocular_2khz_example")
    assert recording.vendor["fixations"]["duration_ms"].tolist() == [132.5, 44.5]
    assert 2091681500000 in recording.events["t_ns"].tolist()


def test_whole_ms_at_2000_hz_come_in_pairs(asc):
    rows = [f"{1000 + i // 2}\t  {i}.0\t  5.0\t  900.0\t..." for i in range(6)]
    gaze = read_recording(asc(block(1000, rows, rate="2000.00"))).gaze
    assert gaze["t_ns"].tolist() == [10**9 + i * 500_000 for i in range(6)]


def test_blocks_are_parts_and_the_eye_may_switch(asc):
    left = block(1000, [f"{1000 + i}\t  10.0\t  20.0\t  900.0\t..." for i in range(3)])
    right = block(5000, [f"{5000 + i}\t  30.0\t  40.0\t  800.0\t..." for i in range(2)], eyes="RIGHT")
    row = "9000\t  1.0\t  2.0\t  900.0\t  3.0\t  6.0\t  700.0\t....."
    both = block(9000, [row, "9001\t   .\t   .\t    0.0\t  3.0\t  6.0\t  700.0\t....."], eyes="LEFT\tRIGHT")
    recording = read_recording(asc(left, right, both))
    gaze = recording.gaze
    assert gaze["part"].tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert gaze["x_px"].tolist() == [10, 10, 10, 30, 30, 2, 3]
    assert gaze["valid"].all()
    assert gaze["x_right_px"].isna().tolist() == [True] * 3 + [False] * 4
    assert {"eyes_switch", "mean_of_eyes", "parts", "check_rate"} <= codes(recording)
    one = read_recording(asc(left, right, both), options=ReadOptions(gaze_source="left"))
    assert one.gaze["x_px"].fillna(-1).tolist() == [10, 10, 10, -1, -1, 1, -1]
    assert "eye_missing" in codes(one)
    with pytest.raises(InputError, match="gaze source"):
        read_recording(asc(left), options=ReadOptions(gaze_source="nose"))


def test_blink_of_one_eye_leaves_the_other(asc):
    rows = [f"{1000 + i}\t  10.0\t  20.0\t  900.0\t  30.0\t  40.0\t  700.0\t....." for i in range(4)]
    rows += ["SBLINK L 1001", "EBLINK L 1001\t1002\t2"]
    gaze = read_recording(asc(block(1000, rows, eyes="LEFT\tRIGHT"))).gaze
    assert gaze["x_px"].tolist() == [20, 30, 30, 20]
    assert gaze["valid"].all()
    rows += ["EBLINK R 1002\t1003\t2"]
    gaze = read_recording(asc(block(1000, rows, eyes="LEFT\tRIGHT"))).gaze
    assert gaze["reason"].astype(str).tolist() == ["ok", "ok", "blink", "ok"]


def test_announced_columns_may_be_absent(asc):
    rows = [f"{1000 + i}\t  10.0\t  20.0\t  900.0\t  0.0\t..." for i in range(3)]
    recording = read_recording(asc(block(1000, rows, more="\tINPUT\tHTARGET")))
    assert recording.gaze["x_px"].tolist() == [10, 10, 10]
    assert recording.gaze["input"].tolist() == [0, 0, 0]
    assert "columns_differ" in codes(recording)


def test_velocity_resolution_and_target(asc):
    row = "1000\t  10.0\t  20.0\t  900.0\t  1.5\t  -2.5\t  30.1\t  31.2\t...\t  100.0\t  200.0\t  510.0\t............."
    gaze = read_recording(asc(block(1000, [row], more="\tVEL\tRES\tHTARGET"))).gaze
    assert gaze["target_distance"].tolist() == [510.0]
    assert gaze["velocity_y_left"].tolist() == [-2.5]
    assert gaze["resolution_x_px_deg"].tolist() == [30.1]


def test_samples_without_a_start_line(asc):
    rows = "".join(f"{1000 + i}\t  10.0\t  20.0\t  900.0\t...\n" for i in range(3))
    recording = read_recording(asc("MSG\t999 RECCFG CR 1000 2 1 R\n", rows))
    assert recording.gaze["x_right_px"].tolist() == [10, 10, 10]
    assert {"no_start", "no_end"} <= codes(recording)


def test_href_gives_angles_but_no_pixels(asc):
    rows = ["1000\t  0.0\t  15000.0\t  900.0\t...", "1001\t  15000.0\t  0.0\t  900.0\t..."]
    recording = read_recording(asc(block(1000, rows, kind="HREF")))
    assert recording.gaze["azimuth_deg"].tolist() == [0.0, 45.0]
    assert recording.gaze["elevation_deg"].tolist() == [-45.0, 0.0]
    assert not recording.gaze["valid"].any()
    assert "no_pixels" in codes(recording)


@pytest.mark.parametrize(
    ("corners", "valid"),
    [
        pytest.param("0 0 1919 1079", [True, False], id="last-pixel"),
        pytest.param("0.00 0.00 1920.00 1080.00", [True, False], id="size"),
        pytest.param("-960 -540 959 539", [False, False], id="centred"),
    ],
)
def test_screen(asc, corners, valid):
    rows = ["1000\t  1919.0\t  0.0\t  900.0\t...", "1001\t  1920.0\t  0.0\t  900.0\t..."]
    message = f"MSG\t100 DISPLAY_COORDS {corners}\n"
    recording = read_recording(asc(message, block(1000, rows), header=HEADER))
    assert recording.gaze["valid"].tolist() == valid
    assert ("screen_moved" in codes(recording)) == corners.startswith("-")


def test_cut_off_and_garbage(asc):
    rows = ["1000\t  10.0\t  20.0\t  900.0\t...", "1001\t  x1.0\t  20.0\t  900.0\t...", "1002\t  10.0"]
    folder = asc(block(1000, rows, end=False).rstrip("\n"), "")
    recording = read_recording(folder)
    assert recording.gaze["reason"].astype(str).tolist() == ["ok", "no_data"]
    assert {"truncated_line", "cells_unreadable", "no_end"} <= codes(recording)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("ncols 4\nnrows 3\nxllcorner 0\n1 2 3 4\n", id="grid"),
        pytest.param("-----BEGIN PGP SIGNATURE-----\nabc\n", id="signature"),
    ],
)
def test_other_asc_files_are_refused(tmp_path, content):
    (tmp_path / "other.asc").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="no importer"):
        find_recordings(tmp_path)


def test_damage_gives_only_own_errors(samples, tmp_path):
    rng = np.random.default_rng(7)
    data = (samples / FOLDER / "eyelink_binocular_example.asc").read_bytes()
    for _ in range(30):
        changed = bytearray(data[: rng.integers(1, len(data))])
        for place in rng.integers(0, len(changed), 30):
            changed[place] = rng.integers(0, 256)
        (tmp_path / "a.asc").write_bytes(changed)
        try:
            read_recording(tmp_path).findings()
        except GazestudyError:
            continue
