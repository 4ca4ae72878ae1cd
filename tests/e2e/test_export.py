"""Recordings of a study for other programs: every sample comes back, and what cannot be held is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gazestudy as gs
from gazestudy.importers import read_recording
from gazestudy.model import Camera, Clock, Recording, RecordingMeta, SourceFile, Stream, categorical
from gazestudy.model.tables import FRAME_KINDS, REASONS
from tests.e2e.small_study import write_recording

START_NS = 1_700_000_000_000_000_007
NAME = "Erika Mustermann"
CAMERA = Camera(640, 480, 500.0, 500.0, 319.5, 239.5, "opencv5", (-0.1, 0.02, 0.001, 0.002, 0.003))
IMU = (
    *(f"gyro_{axis}_deg_s" for axis in "xyz"),
    *(f"acceleration_{axis}_g" for axis in "xyz"),
    *("roll_deg", "pitch_deg", "yaw_deg"),
    *(f"quaternion_{axis}" for axis in "wxyz"),
)


def made_up(device="Neon", offset_ns=0, **changes):
    """A recording in which every reason occurs, two blinks follow each other closely, and nothing is round."""
    rng = np.random.default_rng(3)
    n = 2000
    t_ns = START_NS - offset_ns + np.cumsum(rng.integers(4_900_000, 5_100_000, n))
    reason = np.array(["ok"] * n, dtype=object)
    for number, name in enumerate(REASONS[1:]):
        reason[100 + 200 * number : 140 + 200 * number] = name
    reason[150:170] = "blink"
    x, y = rng.uniform(0, 639, n), rng.uniform(0, 479, n)
    x[reason == "out_of_image"] += 1700  # beyond the 1600 px of a Neon
    x[reason == "no_data"] = np.nan
    x[155] = np.nan
    gaze = pd.DataFrame(
        {
            "t_ns": t_ns,
            "x_px": x,
            "y_px": y,
            "valid": reason == "ok",
            "reason": categorical(reason, REASONS),
            "confidence": np.nan,
            "part": 0,
            "pupil_left_mm": rng.uniform(2, 6, n),
            "pupil_right_mm": rng.uniform(2, 6, n),
        }
    )
    frame_ns = np.arange(t_ns[0] - 30_000_000, t_ns[-1], 33_366_667)
    frames = pd.DataFrame(
        {
            "t_ns": frame_ns,
            "kind": categorical(["real"] * len(frame_ns), FRAME_KINDS),
            "part": 0,
            "video": -1,
            "index": -1,
        }
    )
    imu = pd.DataFrame({"t_ns": t_ns[::2], **{name: rng.normal(size=n // 2) for name in IMU}})
    events = pd.DataFrame(
        {
            "t_ns": t_ns[[5, 900]],
            "name": ["recording.begin", f"{NAME}, platform"],
            "source": ["device", "user"],
        }
    ).astype({"name": "str", "source": "str"})
    tables = {"gaze": gaze, "frames": frames, "imu": imu, "events": events}
    values = {
        "clock": Clock("device_monotonic", offset_ns, "test"),
        "camera": CAMERA,
        "videos": (),
        "loaders": {name: (lambda table=table: Stream(table)) for name, table in tables.items()},
        "files": lambda: (SourceFile("x", 1, f"{device} {offset_ns}".encode().hex().rjust(64, "0")),),
        **changes,
    }
    extra = {"recording_id": "0f0e0d0c-1111-2222-3333-444455556666", "wearer": NAME}
    meta = RecordingMeta(f"walk of {NAME}", device, "test", 1, Path("x"), START_NS, NAME, extra)
    return Recording(meta, **values)


@pytest.fixture
def study(tmp_path):
    with gs.create_study(tmp_path / "study", name="s") as opened:
        opened.add_recording(made_up(offset_ns=1_234), participant_id="P01")
    return tmp_path / "study"


def export(gazestudy, study, to, out, *words):
    result = gazestudy("export", study, "--to", to, "--out", out, "--json", *words)
    assert result.code == 0, result.err
    return json.loads(result.out)["parts"]


def test_pupil_cloud_comes_back(study, tmp_path, gazestudy):
    done = export(gazestudy, study, "pupil-cloud", tmp_path / "out")
    assert [item["rows"] for item in done] == [2000]
    whole, read = made_up(offset_ns=1_234), read_recording(tmp_path / "out" / "p01-1")
    ours, theirs = whole.gaze, read.gaze
    np.testing.assert_array_equal(theirs["t_ns"], ours["t_ns"] + 1_234)
    reasons = ours["reason"].astype(str).replace({"low_confidence": "no_data", "device_error": "no_data"})
    reasons[155] = "no_data"  # of a blink without coordinates
    assert theirs["reason"].astype(str).tolist() == reasons.tolist()
    assert theirs["valid"].tolist() == ours["valid"].tolist()
    kept = ours["reason"].isin(["ok", "blink", "not_worn", "out_of_image"]).to_numpy().copy()
    kept[155] = False
    np.testing.assert_allclose(
        theirs.loc[kept, ["x_px", "y_px"]], ours.loc[kept, ["x_px", "y_px"]], atol=0.000_51, rtol=0
    )
    assert theirs.loc[~kept, "x_px"].isna().all()
    for column in IMU:
        np.testing.assert_array_equal(read.imu[column], whole.imu[column])
    np.testing.assert_array_equal(read.frames["t_ns"], whole.frames["t_ns"] + 1_234)
    np.testing.assert_array_equal(read.events["t_ns"], whole.events["t_ns"] + 1_234)
    assert read.events["name"].tolist() == ["recording.begin", "P01, platform"]
    assert read.events["source"].tolist() == ["device", "user"]
    np.testing.assert_array_equal(
        read.stream("eye_states")["pupil diameter left [mm]"], whole.gaze["pupil_left_mm"]
    )
    assert read.meta.device == "Neon" and read.meta.start_unix_ns == START_NS
    assert read.meta.extra["recording_id"] == "0f0e0d0c-1111-2222-3333-444455556666"
    np.testing.assert_allclose(read.camera.matrix, CAMERA.matrix)
    assert read.camera.coefficients[:5] == CAMERA.coefficients
    lost = "\n".join(done[0]["lost"])
    assert "40 samples are low_confidence" in lost and "40 samples are device_error" in lost
    assert "1 samples without coordinates are blink" in lost
    blinks = pd.read_csv(tmp_path / "out" / "p01-1" / "blinks.csv")
    t_ns = ours["t_ns"].to_numpy() + 1_234
    assert blinks["start timestamp [ns]"].tolist() == [t_ns[100], t_ns[150]]
    assert blinks["end timestamp [ns]"].tolist() == [t_ns[139], t_ns[169]]
    assert not [finding for finding in read.findings() if finding.severity == "problem"]


def test_glassestools_comes_back(study, tmp_path, gazestudy):
    done = export(gazestudy, study, "glassestools", tmp_path / "out")
    whole, read = made_up(offset_ns=1_234), read_recording(tmp_path / "out" / "p01-1")
    ours, theirs = whole.gaze, read.gaze
    zero = int(whole.frames["t_ns"].iloc[0])
    np.testing.assert_array_equal(theirs["t_ns"], ours["t_ns"] - zero)
    assert theirs["valid"].tolist() == ours["valid"].tolist()
    valid = ours["valid"].to_numpy()
    np.testing.assert_allclose(
        theirs.loc[valid, ["x_px", "y_px"]], ours.loc[valid, ["x_px", "y_px"]], atol=1e-8, rtol=0
    )
    np.testing.assert_allclose(theirs["pupil_left_mm"], ours["pupil_left_mm"], atol=1e-8, rtol=0)
    np.testing.assert_array_equal(read.frames["t_ns"], whole.frames["t_ns"] - zero)
    assert read.camera.coefficients == CAMERA.coefficients
    lost = "\n".join(done[0]["lost"])
    assert f"which was at {zero} ns" in lost
    assert "why 260 samples are not valid" in lost and "60 blink" in lost
    assert "whole tables: imu, events" in lost


@pytest.mark.parametrize("to", ["glassestools", "pupil-cloud"])
def test_names_only_when_asked(study, tmp_path, gazestudy, to):
    export(gazestudy, study, to, tmp_path / "out")
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    text = "".join(path.read_text(encoding="utf-8") + path.name for path in files)
    assert "Erika" not in text and "Mustermann" not in text and "P01" in text
    export(gazestudy, study, to, tmp_path / "named", "--with-names")
    assert read_recording(tmp_path / "named" / "p01-1").meta.participant_label == NAME
    with gs.open_study(study, read_only=True) as opened:
        assert opened.personal_data("P01").name == NAME


def test_what_is_lost_is_printed(study, tmp_path, gazestudy):
    said = gazestudy("export", study, "--to", "glassestools", "--out", tmp_path / "o").out
    assert "p01-1: 2,000 rows" in said and said.count("not held:") >= 3


def test_nothing_is_overwritten(study, tmp_path, gazestudy):
    (tmp_path / "out" / "p01-1").mkdir(parents=True)
    (tmp_path / "out" / "p01-1" / "mine.txt").write_text("x", encoding="utf-8")
    refused = gazestudy("export", study, "--to", "pupil-cloud", "--out", tmp_path / "out")
    assert refused.code == 1 and "something is there already" in refused.err
    assert gazestudy("export", study, "--to", "spss", "--out", tmp_path / "o").code == 1
    gone = gazestudy("export", study, "--to", "glassestools", "--out", tmp_path / "o", "--recording", "p9-1")
    assert gone.code == 1 and "no recording 'p9-1'" in gone.err
    assert not (tmp_path / "o").exists()


def test_lens_and_clock_that_the_format_has_no_place_for(tmp_path, gazestudy):
    fisheye = Camera(640, 480, 500.0, 500.0, 319.5, 239.5, "fisheye4", (0.1, 0.0, 0.0, 0.0))
    with gs.create_study(tmp_path / "study", name="s") as opened:
        changes = {"camera": fisheye, "clock": Clock("recording_start")}
        opened.add_recording(made_up("Other", 5, **changes), participant_id="P01")
    for to in ("glassestools", "pupil-cloud"):
        done = export(gazestudy, tmp_path / "study", to, tmp_path / to)
        assert any("lens model 'fisheye4'" in text for text in done[0]["lost"])
        read = read_recording(tmp_path / to / "p01-1")
        assert read.camera is None and len(read.gaze) == 2000
    assert any("the clock is recording_start" in text for text in done[0]["lost"])
    assert any("outside of the image" in text for text in done[0]["lost"])


def test_video_goes_along_unchanged(tmp_path, gazestudy):
    folder = write_recording(tmp_path / "walk", 1)
    assert gazestudy("new", tmp_path / "study", "--name", "s").code == 0
    assert gazestudy("import", tmp_path / "study", folder).code == 0
    assert gazestudy("run", tmp_path / "study").code == 0
    video = (folder / "scene.mp4").read_bytes()
    ours = read_recording(folder)
    for to in ("glassestools", "pupil-cloud"):
        export(gazestudy, tmp_path / "study", to, tmp_path / to)
        copied = list((tmp_path / to / "p01-1").glob("*.mp4"))
        assert [path.read_bytes() for path in copied] == [video]
        read = read_recording(tmp_path / to / "p01-1")
        assert len(read.frames) == len(ours.frames)
        steps = [np.diff(one.frames["t_ns"].to_numpy()) for one in (ours, read)]
        np.testing.assert_array_equal(*steps)
        np.testing.assert_allclose(read.gaze[["x_px", "y_px"]], ours.gaze[["x_px", "y_px"]], atol=0.001)
    # the gaze rests on the poster all the time: one fixation, whose number every sample but the first has
    assert pd.read_csv(tmp_path / "pupil-cloud" / "p01-1" / "gaze.csv")["fixation id"][1:].eq(1).all()
    done = export(gazestudy, tmp_path / "study", "glassestools", tmp_path / "bare", "--no-video")
    assert "the scene video was left out, as asked" in done[0]["lost"]
    assert not list((tmp_path / "bare").rglob("*.mp4"))


def test_real_recording_against_its_own_file_and_another_tool(shared_data, tmp_path, gazestudy):
    """Rows of the vendor's gaze.csv, and of what glassesTools makes of it, one by one."""
    source = shared_data / "recordings" / "pupil_invisible_cloud"
    assert gazestudy("new", tmp_path / "study", "--name", "s").code == 0
    assert gazestudy("import", tmp_path / "study", source).code == 0
    export(gazestudy, tmp_path / "study", "pupil-cloud", tmp_path / "cloud")
    export(gazestudy, tmp_path / "study", "glassestools", tmp_path / "tools")
    vendor, ours = (pd.read_csv(folder / "gaze.csv") for folder in (source, tmp_path / "cloud" / "p01-1"))
    assert len(ours) == len(vendor) == 3385
    assert ours["recording id"].tolist() == vendor["recording id"].tolist()
    for column in ("azimuth [deg]", "elevation [deg]"):
        np.testing.assert_allclose(ours[column], vendor[column], atol=6e-7, rtol=0)
    for column in ("timestamp [ns]", "gaze x [px]", "gaze y [px]", "worn"):
        np.testing.assert_array_equal(ours[column], vendor[column], err_msg=column)
    assert ours["blink id"].isna().tolist() == vendor["blink id"].isna().tolist()
    frames = [pd.read_csv(f / "world_timestamps.csv") for f in (source, tmp_path / "cloud" / "p01-1")]
    assert frames[0]["timestamp [ns]"].tolist() == frames[1]["timestamp [ns]"].tolist()
    peer = pd.read_csv(source / "peer_glassesTools" / "invisible_cloud" / "gazeData.tsv", sep="\t")
    made = pd.read_csv(tmp_path / "tools" / "p01-1" / "gazeData.tsv", sep="\t")
    columns = ["timestamp", "gaze_pos_vid_x", "gaze_pos_vid_y"]
    pd.testing.assert_frame_equal(made[columns], peer[columns], rtol=0, atol=1e-8)
    # the peer takes the nearest frame, here it is the one on show: the same or the one before
    assert set(peer["frame_idx"] - made["frame_idx"]) == {0, 1}
