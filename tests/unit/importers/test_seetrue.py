"""SeeTrue STONE, written here as its documentation and readers describe it."""

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import GazestudyError, UnknownFormatError
from gazestudy.importers import find_recordings, list_importers, read_recording

HEADER = (
    "Frame number ; Timestamp ; Scene picture number ; Gazepoint X ; Gazepoint Y ; Pupil area (left), sq mm ;"
    " Pupil area (right), sq mm ; Blink"
)
# Sample number, ms, picture: the rows lie out of order, and no sample names picture 13.
ROWS = [
    "1;1000;10;0.5;0.25;7.0686;0;0",
    "3;1020;11;0.5;1.5;7.0686;0;0",
    "2;1010;10;nan;nan;7.0686;0;1",
    "4;1040;12;0.25;0.5;7.0686;0;0",
    "5;1080;14;0.25;0.5;7.0686;0;0",
]


def codes(recording):
    return {finding.code: finding.severity for finding in recording.findings()}


@pytest.fixture
def stone(tmp_path):
    """Pictures 9 to 15 but for 12."""
    folder = tmp_path / "visitor"
    (folder / "ScenePics_1").mkdir(parents=True)
    (folder / "EyeData_1.csv").write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    for number in (9, 10, 11, 13, 14, 15):
        picture = np.full((480, 640, 3), number, np.uint8)
        cv2.imwrite(str(folder / f"ScenePics_1/frame_{number}.jpeg"), picture)
    return folder


def test_gaze(stone):
    recording = read_recording(stone)
    gaze = recording.gaze
    assert gaze["t_ns"].tolist() == [one * 1_000_000 for one in (1000, 1010, 1020, 1040, 1080)]
    assert gaze["reason"].tolist() == ["ok", "no_data", "out_of_image", "ok", "ok"]
    np.testing.assert_allclose(gaze["x_px"], [320, np.nan, 320, 160, 160])
    np.testing.assert_allclose(gaze["y_px"], [120, np.nan, 720, 240, 240])
    np.testing.assert_allclose(gaze["pupil_left_mm"], 3.0, atol=1e-4)  # pi * 1.5 mm squared is 7.0686
    assert gaze["frame_label"].tolist() == [10, 10, 11, 12, 14]
    assert gaze["Blink"].tolist() == [0, 1, 0, 0, 0]
    assert "not_monotonic" not in codes(recording)
    assert (recording.camera.source, recording.camera.cx_px) == ("default", 300)


def test_pictures_have_the_time_of_the_first_sample_that_names_them(stone):
    recording = read_recording(stone)
    frames = recording.frames
    assert frames["t_ns"].tolist() == [one * 1_000_000 for one in (980, 1000, 1020, 1040, 1060, 1080, 1100)]
    assert frames["kind"].tolist() == ["real", "real", "real", "gap", "real", "real", "real"]
    said = codes(recording)
    assert said["pictures_not_read"] == "warning"
    assert said["pictures_missing"] == "warning"
    assert said["times_interpolated"] == "info"
    assert said["documented_only"] == "warning"
    assert "no_video" not in said


def test_the_source_stays_as_it_was(stone):
    before = {path: path.read_bytes() for path in stone.rglob("*") if path.is_file()}
    recording = read_recording(stone)
    recording.findings()
    assert len(recording.files) == 7
    assert {path: path.read_bytes() for path in stone.rglob("*") if path.is_file()} == before


def test_the_video_of_the_pictures_is_preferred(stone, write_video):
    write_video(stone / "gazeVideo_1.mp4", [0, 50, 100, 150, 200, 250], size=(640, 480))
    recording = read_recording(stone)
    frames = recording.frames
    assert frames["t_ns"].tolist() == [one * 1_000_000 for one in (980, 1000, 1020, 1060, 1080, 1100)]
    assert frames["index"].tolist() == [0, 1, 2, 3, 4, 5]
    said = codes(recording)
    assert said["gaze_drawn"] == "info"
    assert "pictures_not_read" not in said
    assert "frame_count" not in said


def test_several_in_one_folder(stone, write_video):
    (stone / "EyeData_12.csv").write_text(f"{HEADER}\n{ROWS[0]}\n", encoding="utf-8")
    write_video(stone / "gazeVideo_12_a.mp4", [0], size=(640, 480))
    found = find_recordings(stone.parent)
    assert [(one.importer, one.name, one.selection) for one in found] == [
        ("seetrue", "visitor 1", "1"),
        ("seetrue", "visitor 12", "12"),
    ]
    assert read_recording(stone, name="1").videos == ()
    assert len(read_recording(stone, name="12").videos) == 1


def test_one_table_alone(stone):
    recording = read_recording(stone / "EyeData_1.csv")
    assert codes(recording)["no_video"] == "warning"
    assert recording.frames["kind"].tolist() == ["real"] * 5


def test_wild_picture_numbers_do_not_fill_the_memory(stone):
    rows = [*ROWS, "6;1100;99999999999;0.5;0.5;1;1;0", "7;1120;;0.5;0.5;1;1;0"]
    (stone / "EyeData_1.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    recording = read_recording(stone)
    assert len(recording.frames) == 8
    assert codes(recording)["picture_numbers"] == "warning"


def test_pictures_of_another_size_have_no_calibration(stone):
    for path in (stone / "ScenePics_1").iterdir():
        cv2.imwrite(str(path), np.zeros((240, 320, 3), np.uint8))
    recording = read_recording(stone)
    assert recording.camera is None
    assert recording.gaze["x_px"].iloc[0] == 160


def test_other_tables_are_refused(stone):
    (stone / "EyeData_1.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    with pytest.raises(UnknownFormatError, match="EyeData"):
        read_recording(stone)


def test_random_damage_raises_only_our_own_errors(stone):
    assert next(one for one in list_importers() if one.name == "seetrue").documented_only
    rng, path = np.random.default_rng(9), stone / "EyeData_1.csv"
    original = path.read_bytes()
    for turn in range(80):
        data = bytearray(original)
        for place in rng.integers(0, len(data), 1 + turn % 5):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(1, len(data))] if turn % 4 == 0 else data)
        try:
            read_recording(stone).findings()
        except GazestudyError as error:
            assert str(error)
