"""What unknown tables are taken for, why, and what is asked."""

import json

import numpy as np
import pytest

from gazestudy.errors import GazestudyError, InputError, ParameterError
from gazestudy.importers import Validity, load_columns, propose_columns, read_recording
from gazestudy.importers.registry import ReadOptions
from gazestudy.pipeline.columns import as_preset, preview, propose

N = 200


def table(header, *columns, sep=",", comment="", encoding="utf-8", decimal="."):
    lines = [sep.join(header)]
    lines += [sep.join(str(cell).replace(".", decimal) for cell in row) for row in zip(*columns, strict=True)]
    return (comment + "\n".join(lines) + "\n").encode(encoding)


def ms(step=8, start=1000):
    return [start + step * i for i in range(N)]


def walk(low, high, seed=0):
    return np.random.default_rng(seed).uniform(low, high, N).round(4).tolist()


@pytest.fixture
def propose_for(tmp_path):
    def run(data, name="p1.csv", **answers):
        (tmp_path / name).write_bytes(data)
        return propose_columns(tmp_path / name, answers)

    return run


def choice(proposal, field):
    return next(one for one in proposal.choices if one.field == field)


def open_fields(proposal):
    return {one.field for one in proposal.questions}


def test_table_without_video(propose_for):
    proposal = propose_for(
        table(["time_ms", "gaze x [px]", "gaze y [px]"], ms(), walk(0, 1280), walk(0, 720))
    )
    assert open_fields(proposal) == set()
    assert choice(proposal, "video").value is None
    assert choice(proposal, "time_unit").confidence == "high"
    assert proposal.mapping.xy_unit == "px" and proposal.mapping.time_unit == "ms"
    assert all(one.reason for one in proposal.choices)


def test_real_table(samples):
    """The table of mobileGazeMapping: nothing is open, and the preset reads it as the importer does."""
    folder = samples / "generic_video_gaze_mobileGazeMapping"
    proposal = propose_columns(folder)
    assert open_fields(proposal) == set()
    expected = {
        "table": "gazeData_world.tsv",
        "delimiter": "\t",
        "time": "timestamp",
        "time_unit": "ms",
        "x": "norm_pos_x",
        "xy_unit": "normalised",
        "origin": "top-left",
        "frame": "frame_idx",
        "frame_base": 0,
        "video": "worldCamera.mp4",
    }
    assert {field: choice(proposal, field).value for field in expected} == expected
    with_preset = read_recording(folder, options=ReadOptions(columns=as_preset(proposal)))
    assert with_preset.gaze.equals(read_recording(folder).gaze)
    single = read_recording(folder / "gazeData_world.tsv", options=ReadOptions(columns=as_preset(proposal)))
    assert len(single.frames) == 50


def test_lone_table_of_pupil_player(samples):
    """What a person has to say about it is asked: where y begins, and the size of the image."""
    proposal = propose_columns(samples / "pupil_core_player_export" / "gaze_positions.csv")
    assert open_fields(proposal) == {"origin", "width_px", "height_px"}
    assert choice(proposal, "origin").value == "bottom-left"
    assert choice(proposal, "time_unit").value == "s"


@pytest.mark.parametrize(
    ("header", "times", "unit", "confidence"),
    [
        pytest.param("time", ms(8), "ms", "medium", id="by-step"),
        pytest.param("time", [i * 0.008 for i in range(N)], "s", "medium", id="seconds"),
        pytest.param("time [us]", [i * 8000 for i in range(N)], "us", "high", id="said"),
        pytest.param("timestamp", [1_700_000_000 + i / 128 for i in range(N)], "s", "high", id="unix"),
        pytest.param(
            "timestamp",
            [1_700_000_000_123_456_789 + i * 5_000_000 for i in range(N)],
            "ns",
            "high",
            id="unix-ns",
        ),
        # a device that counts us since 40 minutes: as seconds these would be of the year 2046
        pytest.param("timestamp", [2_400_000_000 + 6230 * i for i in range(N)], "us", "medium", id="late-us"),
        pytest.param("time_ms", [i * 0.008 for i in range(N)], "ms", "low", id="name-contradicts"),
        pytest.param("t", list(range(N)), "ms", "low", id="sample-numbers"),
        pytest.param("t", [i * 0.4 for i in range(N)], None, "low", id="no-unit-fits"),
    ],
)
def test_time_unit(propose_for, header, times, unit, confidence):
    proposal = propose_for(table([header, "x", "y"], times, walk(0, 1280), walk(0, 720)))
    found = choice(proposal, "time_unit")
    assert (found.value, found.confidence) == (unit, confidence), found


def test_times_of_day_are_asked_about(propose_for):
    times = [f"12:00:{i // 100:02d}.{i % 100:02d}" for i in range(N)]
    proposal = propose_for(table(["time", "x", "y"], times, walk(0, 1280), walk(0, 720)))
    assert "times of day ('12:00:00.00')" in choice(proposal, "time_unit").reason
    assert proposal.mapping is None


def test_time_that_goes_backwards_is_mentioned(propose_for):
    times = ms()
    times[50], times[51] = times[51], times[50]
    proposal = propose_for(table(["time_ms", "x", "y"], times, walk(0, 1280), walk(0, 720)))
    assert "go backwards 1 times" in choice(proposal, "time_unit").reason


def test_unnamed_time_is_proposed_but_asked(propose_for):
    proposal = propose_for(table(["when", "x", "y", "n"], ms(), walk(0, 1280), walk(0, 720), range(N)))
    assert choice(proposal, "time").value == "when" and choice(proposal, "time").alternatives == ("n",)
    assert open_fields(proposal) == {"time"}
    assert proposal.mapping is not None


@pytest.mark.parametrize(
    ("header", "low", "high", "unit", "confidence"),
    [
        pytest.param(("x", "y"), 0, 1280, "px", "medium", id="px"),
        pytest.param(("x", "y"), 0, 1, "normalised", "medium", id="shares"),
        pytest.param(("x_px", "y_px"), 0, 1, "px", "low", id="px-in-name-shares-in-numbers"),
        pytest.param(("x_norm", "y_norm"), 0, 900, "normalised", "low", id="norm-in-name-px-in-numbers"),
        pytest.param(("x", "y"), -20, 25, "px", "low", id="perhaps-degrees"),
        pytest.param(("gaze x [deg]", "gaze y [deg]"), -20, 25, None, "low", id="degrees"),
    ],
)
def test_position_unit(propose_for, header, low, high, unit, confidence):
    proposal = propose_for(table(["time_ms", *header], ms(), walk(low, high), walk(low, high, 1)))
    found = choice(proposal, "xy_unit")
    assert (found.value, found.confidence) == (unit, confidence), found


def test_percent_beside_a_large_video(propose_for, tmp_path, write_video):
    write_video(tmp_path / "scene.mp4", [0, 40, 80], size=(1280, 720))
    proposal = propose_for(table(["time_ms", "x", "y"], ms(), walk(0, 100), walk(0, 100, 1)))
    assert "percent" in choice(proposal, "xy_unit").reason and open_fields(proposal) == {"xy_unit"}


def test_shares_ask_for_origin_and_size(propose_for):
    data = table(["time_ms", "x_norm", "y_norm"], ms(), walk(0, 1), walk(0, 1, 1))
    assert open_fields(propose_for(data)) == {"origin", "width_px", "height_px"}
    told = propose_for(data, origin="bottom-left", width_px=1280, height_px=720)
    assert open_fields(told) == set()
    assert (told.mapping.origin, told.mapping.width_px) == ("bottom-left", 1280)


def test_which_pair_is_the_gaze(propose_for):
    header = ["time_ms", "GyroX", "GyroY", "GazePointX", "GazePointY", "PupilLeftX", "PupilLeftY"]
    columns = [walk(0, 1280, seed) for seed in range(6)]
    proposal = propose_for(table(header, ms(), *columns))
    assert (choice(proposal, "x").value, choice(proposal, "y").value) == ("GazePointX", "GazePointY")
    assert choice(proposal, "x").confidence == "medium"
    header = ["time_ms", "left_gaze_x", "left_gaze_y", "right_gaze_x", "right_gaze_y"]
    eyes = propose_for(table(header, ms(), *columns[:4]))
    assert {"x", "y"} <= open_fields(eyes)
    assert choice(eyes, "x").alternatives == ("right_gaze_x",)
    told = propose_for(table(header, ms(), *columns[:4]), x="right_gaze_x", y="right_gaze_y")
    assert open_fields(told) == set() and told.mapping.x == "right_gaze_x"


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("confidence", walk(0, 1), Validity(column="confidence", min=0.6)),
        ("confidence", walk(0, 100), None),
        ("valid", ["True", "False"] * 100, Validity(column="valid", equals=True)),
        ("validity", ["Valid", "Invalid"] * 100, Validity(column="validity", equals="Valid")),
        ("validity", [0, 4] * 100, None),
    ],
)
def test_validity(propose_for, name, cells, expected):
    proposal = propose_for(table(["time_ms", "x", "y", name], ms(), walk(0, 1280), walk(0, 720), cells))
    assert choice(proposal, "validity").value == expected
    assert open_fields(proposal) == ({"validity"} if expected is None else set())


@pytest.mark.parametrize(
    ("frames", "base", "confidence"),
    [
        ([i // 4 for i in range(N)], 0, "high"),
        ([1 + i // 4 for i in range(N)], 1, "medium"),
        ([90 + i // 4 for i in range(N)], 0, "medium"),
    ],
)
def test_frame_numbers(propose_for, frames, base, confidence):
    proposal = propose_for(table(["time_ms", "x", "y", "frame"], ms(), walk(0, 1280), walk(0, 720), frames))
    found = choice(proposal, "frame_base")
    assert (found.value, found.confidence) == (base, confidence)
    jumping = propose_for(table(["time_ms", "x", "y", "frame"], ms(), walk(0, 9), walk(0, 9), frames[::-1]))
    assert "frame" in open_fields(jumping)


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"sep": ";", "decimal": ","}, "decimal", ","),
        ({"sep": "\t"}, "delimiter", "\t"),
        ({"sep": "|"}, "delimiter", "|"),
        ({"comment": "# recorded by X\n# 2026-03-02, morning\n\n"}, "skip_rows", 3),
        ({"comment": "Subject: 7\nDevice: Y\n"}, "skip_rows", 2),
        ({"encoding": "utf-16"}, "encoding", "utf-16"),
        ({"encoding": "utf-8-sig"}, "encoding", "utf-8-sig"),
    ],
)
def test_how_it_is_written(propose_for, tmp_path, change, field, value):
    data = table(["time_ms", "x", "y"], ms(), walk(0, 1280), walk(0, 720), **change)
    proposal = propose_for(data)
    assert choice(proposal, field).value == value
    assert open_fields(proposal) == set()
    read = read_recording(tmp_path / "p1.csv", options=ReadOptions(columns=as_preset(proposal)))
    assert read.gaze["t_ns"].tolist() == [1_000_000 * t for t in ms()]
    np.testing.assert_array_equal(read.gaze["x_px"], walk(0, 1280))


def test_other_letters_than_utf8(propose_for):
    data = table(["time_ms", "x", "y", "größe"], ms(), walk(0, 1280), walk(0, 720), ms(), encoding="cp1252")
    found = choice(propose_for(data), "encoding")
    assert (found.value, found.confidence) == ("cp1252", "medium") and "cp874" in found.alternatives


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (["1,234"] * N, "mark between thousands"),
        (["1.234,5"] * N, "cannot be read"),
        (["1,5", "2.5"] * (N // 2), "both"),
    ],
)
def test_marks_that_may_be_two_things(propose_for, cells, problem):
    proposal = propose_for(table(["time_ms", "x", "y"], ms(), cells, cells, sep=";"))
    assert problem in choice(proposal, "decimal").reason
    assert "decimal" in open_fields(proposal)


def test_comma_as_delimiter_and_as_decimal_mark(propose_for):
    lines = ["time,x,y", *(f"{i},5,{i},25,{i},75" for i in range(N))]
    proposal = propose_for(("\n".join(lines) + "\n").encode())
    assert proposal.questions and proposal.mapping is None


def test_table_without_a_header(propose_for):
    data = b"".join(b"%d,%d,%d\n" % (8 * i, i, i) for i in range(N))
    proposal = propose_for(data)
    assert "header" in open_fields(proposal) and proposal.mapping is None


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"\x89PNG\r\n\x1a\n\0\0", b"\n\n\n"])
def test_no_table(propose_for, data):
    with pytest.raises(InputError):
        propose_for(data)


def test_folder_with_several_tables(tmp_path):
    (tmp_path / "events.csv").write_text("name,start,stop\na,1,2\n", encoding="utf-8")
    (tmp_path / "gaze.csv").write_bytes(table(["time_ms", "x", "y"], ms(), walk(0, 99), walk(0, 99)))
    proposal = propose_columns(tmp_path)
    assert (choice(proposal, "table").value, choice(proposal, "table").confidence) == ("gaze.csv", "medium")
    (tmp_path / "gaze2.csv").write_bytes((tmp_path / "gaze.csv").read_bytes())
    assert "table" in open_fields(propose_columns(tmp_path))
    assert "table" not in open_fields(propose_columns(tmp_path, {"table": "gaze2.csv"}))


def test_several_videos(propose_for, tmp_path):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"")
    data = table(["time_ms", "x", "y"], ms(), walk(0, 999), walk(0, 999))
    assert open_fields(propose_for(data)) == {"video"}
    (tmp_path / "p1.mp4").write_bytes(b"")
    assert choice(propose_for(data), "video").value == "p1.mp4"


@pytest.mark.parametrize("answers", [{"colour": 1}, {"time_unit": "h"}, {"origin": "middle"}])
def test_answers_without_sense(propose_for, answers):
    with pytest.raises(ParameterError):
        propose_for(table(["time_ms", "x", "y"], ms(), walk(0, 99), walk(0, 99)), **answers)


def test_one_preset_for_many_tables(tmp_path):
    """Saved from the first table, it reads the others of its kind, whatever they and their videos are called."""
    first = tmp_path / "p1"
    first.mkdir()
    data = table(["time_ms", "x_norm", "y_norm"], ms(), walk(0, 1), walk(0, 1, 1), sep=";", decimal=",")
    (first / "p1.csv").write_bytes(data)
    out = tmp_path / "lab.json"
    with pytest.raises(InputError, match=r"questions are open.*origin.*--set"):
        propose(first, out=out)
    assert not out.exists()
    propose(first, {"origin": "bottom-left", "width_px": 1000, "height_px": 500}, out=out)
    saved = load_columns(out)
    assert saved.table is None and "table" not in json.loads(out.read_text(encoding="utf-8"))
    second = tmp_path / "person two"
    second.mkdir()
    integers = table(["time_ms", "x_norm", "y_norm"], ms(), [0] * N, [1] * N, sep=";")
    (second / "other name.csv").write_bytes(integers)
    (second / "another.csv").write_bytes(data)
    seen = preview(out, second / "other name.csv", rows=2)
    assert seen.rows["y_px"].tolist() == [-500.0 + 0.0 + 500.0] * 2 and seen.samples == N
    assert preview(out, second / "another.csv").rows["x_px"].iloc[0] == pytest.approx(1000 * walk(0, 1)[0])
    with pytest.raises(InputError, match="names no table and there are 2"):
        preview(out, second)


def test_preview_shows_what_is_odd(tmp_path):
    (tmp_path / "p.csv").write_bytes(table(["t", "x", "y"], ms(), walk(0, 1), walk(0, 1)))
    for unit, code in (("s", "odd_rate"), ("ms", "small_range")):
        preset = {"time": "t", "time_unit": unit, "x": "x", "y": "y", "xy_unit": "px"}
        (tmp_path / "m.json").write_text(json.dumps(preset), encoding="utf-8")
        seen = preview(tmp_path / "m.json", tmp_path / "p.csv")
        assert code in {finding.code for finding in seen.findings}
    assert seen.rate_hz == pytest.approx(125.0)
    assert json.dumps(seen.to_dict())


def test_only_own_errors_whatever_the_bytes(tmp_path):
    rng = np.random.default_rng(5)
    header = ["time_ms", "x", "y", "frame", "confidence"]
    whole = table(header, ms(), walk(0, 1280), walk(0, 720), range(N), walk(0, 1))[:4000]
    for _ in range(300):
        data = bytearray(whole)
        kind = rng.integers(3)
        if kind == 0:
            data = data[: rng.integers(len(data))]
        elif kind == 1:
            for place in rng.integers(0, len(data), 5):
                data[place] = rng.integers(256)
        else:
            place = int(rng.integers(60))
            data[place:place] = rng.choice([b",", b";", b"\n", b'"', b"\t", b"\xff\xfe", b"1e999", b"\r"])
        (tmp_path / "p.csv").write_bytes(bytes(data))
        try:
            proposal = propose_columns(tmp_path / "p.csv")
            if proposal.mapping is not None:
                preview(as_preset(proposal), tmp_path / "p.csv")
        except GazestudyError:
            continue
