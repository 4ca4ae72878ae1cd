"""Plain tables by a column mapping."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import InputError, UnknownFormatError
from gazestudy.importers import (
    ColumnMapping,
    ReadOptions,
    Validity,
    find_recordings,
    load_columns,
    propose_columns,
    read_recording,
    save_columns,
)

MAPPING = {"time": "t", "time_unit": "ms", "x": "gx", "y": "gy", "xy_unit": "px"}


def codes(recording):
    return {finding.code for finding in recording.findings()}


@pytest.fixture
def folder(tmp_path, write_video):
    """100 Hz table and 25 fps video of 160 x 96, 2 s."""
    write_video(tmp_path / "scene.mp4", list(range(0, 2000, 40)))

    def write(table, columns=None, name="gaze.csv"):
        (tmp_path / name).write_text(table, encoding="utf-8")
        if columns is not None:
            (tmp_path / "columns.json").write_text(json.dumps(columns), encoding="utf-8")
        return tmp_path

    return write


def rows(count=200, sep=",", first_ms=0.0):
    return "".join(
        sep.join([f"{first_ms + 10 * i}", f"{i % 160}", f"{i % 96}", "0.9"]) + "\n" for i in range(count)
    )


def test_real_recording_imports_without_help(samples):
    """Every sample and frame of the peer's reading of the same files."""
    folder = samples / "generic_video_gaze_mobileGazeMapping"
    recording = read_recording(folder)
    peer = pd.read_csv(folder / "peer_glassesTools/generic/gazeData.tsv", sep="\t")
    gaze, frames = recording.gaze, recording.frames
    np.testing.assert_allclose(gaze[["x_px", "y_px"]], peer[["gaze_pos_vid_x", "gaze_pos_vid_y"]], atol=1e-9)
    np.testing.assert_allclose((gaze["t_ns"] - gaze["t_ns"].iloc[0]) / 1e6, peer["timestamp"], atol=1e-6)
    assert gaze["t_ns"].iloc[0] == 92_458_245_000
    assert (
        gaze["frame_label"].tolist()
        == pd.read_csv(folder / "gazeData_world.tsv", sep="\t")["frame_idx"].tolist()
    )
    peer_frames = pd.read_csv(folder / "peer_glassesTools/generic/frameTimestamps.tsv", sep="\t")["timestamp"]
    np.testing.assert_allclose((frames["t_ns"] - frames["t_ns"].iloc[0]) / 1e6, peer_frames, atol=1e-6)
    assert abs(frames["t_ns"].iloc[0] - gaze["t_ns"].iloc[0]) < 1_000_000
    assert {"columns_inferred", "alignment", "no_camera"} <= codes(recording)
    assert [file.path for file in recording.files] == ["gazeData_world.tsv", "worldCamera.mp4"]


@pytest.mark.parametrize(
    ("unit", "times", "expected"),
    [
        ("s", ["0.5", "0.51"], [500_000_000, 510_000_000]),
        ("ms", ["500", "510.25"], [500_000_000, 510_250_000]),
        ("us", ["500000", "510000.5"], [500_000_000, 510_000_500]),
        ("ns", ["1700000000123456789", "1700000000123456790"], [1700000000123456789, 1700000000123456790]),
    ],
)
def test_units_of_time(folder, unit, times, expected):
    table = "t,gx,gy\n" + "".join(f"{time},1,2\n" for time in times)
    recording = read_recording(folder(table, MAPPING | {"time_unit": unit}))
    assert recording.gaze["t_ns"].tolist() == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, (0.25, 0.75)),
        ({"xy_unit": "normalised", "video": "scene.mp4"}, (40.0, 72.0)),
        ({"xy_unit": "normalised", "origin": "bottom-left", "video": "scene.mp4"}, (40.0, 24.0)),
        ({"xy_unit": "normalised", "width_px": 1000, "height_px": 500}, (250.0, 375.0)),
        ({"origin": "bottom-left", "width_px": 1000, "height_px": 500}, (0.25, 499.25)),
    ],
)
def test_units_of_position(folder, change, expected):
    recording = read_recording(folder("t,gx,gy\n0,0.25,0.75\n", MAPPING | change))
    assert (recording.gaze["x_px"].iloc[0], recording.gaze["y_px"].iloc[0]) == expected


@pytest.mark.parametrize(
    ("rule", "cells", "expected"),
    [
        pytest.param({"min": 0.6}, ["0.6", "0.59", "", "x"], ["ok", *["low_confidence"] * 3], id="least"),
        pytest.param(
            {"equals": 1}, ["1", "1.0", "0", ""], ["ok", "ok", "device_error", "device_error"], id="number"
        ),
        pytest.param(
            {"equals": "Valid"}, ["Valid", "valid", "", "1"], ["ok", *["device_error"] * 3], id="word"
        ),
        pytest.param(
            {"equals": True},
            ["True", "1", "false", "0"],
            ["ok", "ok", "device_error", "device_error"],
            id="flag",
        ),
    ],
)
def test_rules_of_validity(folder, rule, cells, expected):
    table = "t,gx,gy,c\n" + "".join(f"{10 * i},1,2,{cell}\n" for i, cell in enumerate(cells))
    recording = read_recording(folder(table, MAPPING | {"validity": {"column": "c", **rule}}))
    assert recording.gaze["reason"].astype(str).tolist() == expected


def test_mapping_given_beside_a_single_table(folder, tmp_path):
    here = folder("t,gx,gy,c\n" + rows(), name="p1.csv")
    mapping = ColumnMapping(
        **MAPPING, video="scene.mp4", confidence="c", validity=Validity(column="c", min=0.95)
    )
    recording = read_recording(here / "p1.csv", options=ReadOptions(columns=mapping))
    assert len(recording.frames) == 50
    assert recording.gaze["confidence"].eq(0.9).all()
    assert recording.gaze["reason"].eq("low_confidence").all()
    save_columns(mapping, tmp_path / "preset.json")
    assert load_columns(tmp_path / "preset.json") == mapping
    assert (
        read_recording(here, options=ReadOptions(columns=tmp_path / "preset.json")).meta.importer == "table"
    )


def test_german_table(folder):
    table = "t;gx;gy\n0,5;1,25;2\n10,5;2,5;3\n"
    recording = read_recording(folder(table, MAPPING))
    assert recording.gaze["t_ns"].tolist() == [500_000, 10_500_000]
    assert recording.gaze["x_px"].tolist() == [1.25, 2.5]


def test_lines_before_the_header_are_skipped(folder):
    recording = read_recording(
        folder("# made by X\n# 2026\nt,gx,gy\n0,1,2\n", MAPPING | {"skip_rows": 2, "table": "gaze.csv"})
    )
    assert len(recording.gaze) == 1


def test_camera_of_the_user(folder, tmp_path):
    camera = {
        "camera_matrix": [[100, 0, 80], [0, 100, 48], [0, 0, 1]],
        "distortion_coefficients": [0.1, 0, 0, 0, 0],
    }
    (tmp_path / "camera.json").write_text(json.dumps(camera), encoding="utf-8")
    recording = read_recording(
        folder("t,gx,gy\n0,1,2\n", MAPPING | {"camera": "camera.json", "video": "scene.mp4"})
    )
    assert (recording.camera.source, recording.camera.model, recording.camera.width_px) == (
        "user",
        "opencv5",
        160,
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param(
            "timestamp,x_px,y_px\n" + rows().replace(",0.9", ""),
            {"time_unit": "ms", "xy_unit": "px"},
            id="step",
        ),
        pytest.param(
            "time [s],gaze x,gaze y\n0.0,1,2\n0.005,1,2\n", {"time_unit": "s"}, id="unit-in-the-name"
        ),
        pytest.param("timestamp_us,x,y\n0,1,2\n10000,1,2\n", {"time_unit": "us"}, id="unit-after-underscore"),
        pytest.param(
            "t,x,y,frame\n0,1,2,1\n10,1,2,1\n", {"frame": "frame", "frame_base": 1}, id="frames-from-one"
        ),
        pytest.param("t;x;y;confidence\n0;1;2;1\n10;1;2;1\n", {"confidence": "confidence"}, id="confidence"),
    ],
)
def test_proposals(folder, table, expected):
    mapping = propose_columns(folder(table)).mapping
    assert {name: getattr(mapping, name) for name in expected} == expected
    assert mapping.video == "scene.mp4"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        pytest.param(
            "timestamp,norm_pos_x,norm_pos_y\n0,0.5,0.5\n10,0.5,0.5\n",
            "from the top or from the bottom",
            id="origin",
        ),
        pytest.param("when,x,y\n0,1,2\n", "named like a time", id="no-time"),
        pytest.param("t,a,b\n0,1,2\n", "named like a gaze position", id="no-position"),
        pytest.param("t,x,y\n0,1,2\n0,1,2\n", "never increase", id="time-stands-still"),
        pytest.param("t,x,y\n0,1,2\n0.3,1,2\n", "unit of 't' cannot be told", id="odd-step"),
    ],
)
def test_no_proposal_where_there_is_doubt(folder, table, problem):
    here = folder(table)
    assert any(re.search(problem, question.reason) for question in propose_columns(here).questions)
    with pytest.raises(UnknownFormatError, match=problem):
        read_recording(here)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        pytest.param(b"{", "no JSON", id="damaged"),
        pytest.param(b"[]", "file: ", id="list"),
        pytest.param(
            json.dumps(MAPPING | {"colour": 1}).encode(), "colour: Extra inputs", id="unknown-field"
        ),
        pytest.param(
            json.dumps(MAPPING | {"time_unit": "h"}).encode(), "time_unit: Input should be", id="unit"
        ),
        pytest.param(
            json.dumps(MAPPING | {"validity": {"column": "c"}}).encode(),
            "either 'min' or 'equals'",
            id="no-rule",
        ),
        pytest.param(b'{"time": "t"}', "x: Field required", id="missing-field"),
    ],
)
def test_bad_mapping(tmp_path, columns, problem):
    (tmp_path / "m.json").write_bytes(columns)
    with pytest.raises(InputError, match=problem):
        load_columns(tmp_path / "m.json")


def test_missing_mapping(tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        load_columns(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"video": "other.mp4"}, "the video 'other.mp4'.*is not there", id="video"),
        pytest.param({"table": "other.csv"}, "the table 'other.csv'.*is not there", id="table"),
        pytest.param({"camera": "../camera.json"}, "is not there", id="outside"),
    ],
)
def test_mapping_that_names_missing_files(folder, change, problem):
    with pytest.raises(UnknownFormatError, match=problem):
        find_recordings(folder("t,gx,gy\n0,1,2\n", MAPPING | change))


def test_mapping_that_names_missing_columns(folder):
    recording = read_recording(folder("time,x,y\n0,1,2\n", MAPPING))
    with pytest.raises(InputError, match=r"expected 't', found 'time', 'x', 'y'"):
        _ = recording.gaze


def test_normalised_without_a_size(folder):
    with pytest.raises(InputError, match="need the size of the scene image"):
        read_recording(folder("t,gx,gy\n0,1,2\n", MAPPING | {"xy_unit": "normalised"}))


def test_normalised_with_a_damaged_video(folder, tmp_path):
    here = folder("t,gx,gy\n0,1,2\n", MAPPING | {"xy_unit": "normalised", "video": "cut.mp4"})
    (tmp_path / "cut.mp4").write_bytes(b"cut")
    with pytest.raises(InputError, match=r"cut\.mp4: this video cannot be opened"):
        read_recording(here)


def test_damaged_video_is_reported(folder, tmp_path):
    here = folder("t,gx,gy\n" + rows(), MAPPING | {"video": "cut.mp4"})
    (tmp_path / "cut.mp4").write_bytes(b"cut")
    recording = read_recording(here)
    assert {"video_unusable", "no_video"} <= codes(recording)
    assert len(recording.frames) == 0
