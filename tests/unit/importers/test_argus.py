"""Argus ETVision, written here as its documentation and readers describe it."""

import json

import numpy as np
import pytest

from gazestudy.errors import GazestudyError, InputError, UnknownFormatError
from gazestudy.importers import ReadOptions, find_recordings, list_importers, read_recording

FACTS = "ETVision: 2.1.0,Start_Recording: 2023-05-04T09:08:07.5+02:00,User: 4"
HEADER = (
    "start_of_record,horz_gaze_coord,vert_gaze_coord,left_pupil_diam,right_pupil_diam,"
    "verg_gaze_coord_x,left_gaze_dir_x,left_eye_location_x"
)
ROWS = [
    "0.0,100.5,50.25,3.5,3.6,1,2,3",
    "0.00555,0,0,0,0,,,",
    "0.01111,120,96,3.5,3.6,1,2,3",
    "0.01666,NaN,NaN,NaN,NaN,1,2,3",
]


def codes(recording):
    return {finding.code: finding.severity for finding in recording.findings()}


@pytest.fixture
def etvision(tmp_path, write_video):
    (tmp_path / "walk.csv").write_text("\n".join([FACTS, HEADER, *ROWS]) + "\n", encoding="utf-8")
    write_video(tmp_path / "film.mkv", [0, 40, 80]).rename(tmp_path / "walk_Scene.wmv")
    return tmp_path


def test_gaze(etvision):
    recording = read_recording(etvision)
    gaze = recording.gaze
    assert gaze["t_ns"].tolist() == [0, 5_550_000, 11_110_000, 16_660_000]
    assert gaze["reason"].tolist() == ["ok", "no_data", "out_of_image", "no_data"]
    np.testing.assert_allclose(gaze["x_px"], [100.5, np.nan, 120, np.nan])
    np.testing.assert_allclose(gaze["pupil_right_mm"], [3.6, 0, 3.6, np.nan])
    np.testing.assert_allclose(gaze["left_gaze_dir_x"], [2, np.nan, 2, 2])
    assert recording.meta.name == "walk"
    assert recording.meta.extra["ETVision"] == "2.1.0"
    said = codes(recording)
    assert said["zeros"] == "warning"
    assert said["documented_only"] == "warning"
    assert said["no_camera"] == "warning"


def test_clock_and_frames(etvision):
    recording = read_recording(etvision)
    assert recording.frames["t_ns"].tolist() == [0, 40_000_000, 80_000_000]
    assert recording.meta.start_unix_ns == 1683184087 * 10**9 + 500_000_000
    assert recording.clock.to_unix_ns(0) == recording.meta.start_unix_ns


def test_a_start_without_time_zone_is_no_wall_clock(etvision):
    text = (etvision / "walk.csv").read_text(encoding="utf-8").replace("+02:00", "")
    (etvision / "walk.csv").write_text(text, encoding="utf-8")
    recording = read_recording(etvision)
    assert recording.meta.start_unix_ns is None
    assert codes(recording)["start_without_zone"] == "info"


def test_pupils_that_are_no_mm_keep_their_name(etvision):
    text = (etvision / "walk.csv").read_text(encoding="utf-8").replace(",3.5,3.6,", ",35,36,")
    (etvision / "walk.csv").write_text(text, encoding="utf-8")
    recording = read_recording(etvision)
    assert recording.gaze["left_pupil_diam"].iloc[0] == 35
    assert codes(recording)["pupil_unit"] == "warning"


def test_several_in_one_folder_and_no_video(etvision):
    (etvision / "b.csv").write_text("\n".join([FACTS, HEADER, ROWS[0]]) + "\n", encoding="utf-8")
    found = find_recordings(etvision)
    assert [(one.importer, one.name, one.selection) for one in found] == [
        ("argus", "b", "b.csv"),
        ("argus", "walk", "walk.csv"),
    ]
    recording = read_recording(etvision, name="b")
    assert len(recording.gaze) == 1
    assert codes(recording)["no_video"] == "warning"
    assert len(recording.frames) == 0


def test_video_and_camera_from_elsewhere(etvision, tmp_path):
    own = {"camera_matrix": [[90, 0, 80], [0, 90, 48], [0, 0, 1]], "dist_coefs": [0, 0, 0, 0]}
    (tmp_path / "camera.json").write_text(json.dumps(own), encoding="utf-8")
    video = (etvision / "walk_Scene.wmv").rename(etvision / "other.wmv")
    recording = read_recording(etvision, options=ReadOptions(video=video, camera=tmp_path / "camera.json"))
    assert recording.videos == (video,)
    assert recording.camera.source == "user"
    broken = read_recording(etvision, options=ReadOptions(camera=tmp_path / "none.json"))
    assert codes(broken)["camera_unusable"] == "problem"


def test_other_tables_are_refused(tmp_path):
    (tmp_path / "table.csv").write_text(f"{HEADER}\n{ROWS[0]}\n", encoding="utf-8")
    with pytest.raises(UnknownFormatError, match="ETVision"):
        read_recording(tmp_path)


def test_a_table_without_gaze_says_which_column(etvision):
    (etvision / "walk.csv").write_text(f"{FACTS}\nstart_of_record,a\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="horz_gaze_coord"):
        _ = read_recording(etvision).gaze


def test_random_damage_raises_only_our_own_errors(etvision):
    assert next(one for one in list_importers() if one.name == "argus").documented_only
    rng, path = np.random.default_rng(7), etvision / "walk.csv"
    original = path.read_bytes()
    for turn in range(80):
        data = bytearray(original)
        for place in rng.integers(0, len(data), 1 + turn % 5):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(1, len(data))] if turn % 4 == 0 else data)
        try:
            read_recording(etvision).findings()
        except GazestudyError as error:
            assert str(error)
