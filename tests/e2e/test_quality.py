"""Quality, correction and comparison of detectors from the command line, on a study that runs in a second."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import gazestudy as gs
from gazestudy.cli.app import app
from tests.e2e.small_study import HEIGHT_PX, WIDTH_PX, write_picture, write_recording

FOCAL_PX = 500.0
STEPS = ("events", "mapping", "attention")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Two recordings of one poster by a calibrated camera; gaze rests on its middle, (119.5, 179.5)."""
    root = tmp_path_factory.mktemp("made")
    folder = root / "study"

    def run(*words: object) -> None:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == 0, result.output

    run("new", folder, "--name", "Quality")
    picture = write_picture(root / "1.png", 1)
    run("placement", "add", folder, "poster", picture, "--width-mm", 800, "--height-mm", 1200)
    matrix = [[FOCAL_PX, 0, (WIDTH_PX - 1) / 2], [0, FOCAL_PX, (HEIGHT_PX - 1) / 2], [0, 0, 1]]
    camera = {
        "camera_matrix": matrix,
        "distortion_coefficients": [0, 0, 0, 0],
        "resolution": [WIDTH_PX, HEIGHT_PX],
    }
    for number in (1, 2):
        recording = write_recording(root / f"walk-{number}", 1, n_frames=40 + number)
        columns = json.loads((recording / "columns.json").read_text(encoding="utf-8"))
        (recording / "camera.json").write_text(json.dumps(camera), encoding="utf-8")
        (recording / "columns.json").write_text(
            json.dumps(columns | {"camera": "camera.json"}), encoding="utf-8"
        )
        run("import", folder, recording, "--participant", f"P{number:02}")
    run("run", folder, "--method", "ivt")
    return root


@pytest.fixture
def study(made, tmp_path) -> Path:
    """A copy of that study."""
    shutil.copytree(made / "study", tmp_path / "การศึกษา")
    return tmp_path / "การศึกษา"


def write_targets(
    path: Path, rows: str, header: str = "recording,target,start_s,end_s,placement,x_ref_px,y_ref_px"
):
    path.write_text(f"{header}\n{rows}\n", encoding="utf-8")
    return path


def results(folder: Path, recording_id: str) -> dict[str, pd.DataFrame]:
    with gs.open_study(folder, read_only=True) as opened:
        found = [opened.current(recording_id, step) for step in STEPS]
        return {f"{one.step} {one.key} {name}": one.table(name) for one in found for name in one.files}


def keys(folder: Path, recording_id: str) -> dict[str, str]:
    with gs.open_study(folder, read_only=True) as opened:
        return {step: opened.current(recording_id, step).key for step in STEPS}


def sound(gazestudy, folder: Path) -> bool:
    return bool(json.loads(gazestudy("check", folder, "--json").out)["sound"])


def test_quality_of_a_study(study, tmp_path, gazestudy):
    text = gazestudy("quality", study)
    assert text.code == 0, text.err
    assert [line.split()[0] for line in text.out.splitlines()] == ["recording", "p01-1", "p02-1"]
    out = tmp_path / "out" / "quality.csv"
    found = json.loads(gazestudy("quality", study, "--json", "--out", out).out)
    first = found["quality"][0]
    assert (first["samples"], first["loss_share"], first["nominal_rate_hz"]) == (82, 0.0, 50.0)
    # gaze moves evenly by (1.5, 0.5) px from sample to sample, at 500 px per rad near the middle
    step_deg = np.degrees(np.hypot(1.5, 0.5) / FOCAL_PX)
    assert first["rms_s2s_deg"] == pytest.approx(step_deg, rel=0.1)
    assert first["rms_s2s_detrended_deg"] < 0.05 * step_deg
    assert len(pd.read_csv(out)) == 2
    windows = json.loads(gazestudy("quality", study, "--windows", "--window-s", 1, "--json").out)["quality"]
    assert [row["start_s"] for row in windows if row["recording_id"] == "p01-1"] == [0.0, 1.0]


def test_quality_of_one_recording_is_that_in_the_study(study, made, gazestudy):
    alone = json.loads(gazestudy("quality", made / "walk-1", "--json").out)["quality"][0]
    within = json.loads(gazestudy("quality", study, "--json").out)["quality"][0]
    assert {**alone, "recording_id": ""} == {**within, "recording_id": ""}


def test_a_correction_is_used_said_and_undone(study, tmp_path, gazestudy):
    """Asked to look at a point 40 px left of and 30 px below the middle, the wearer's gaze lay on the middle."""
    targets = write_targets(tmp_path / "targets.csv", "p01-1,point,0.1,1.5,poster,79.5,209.5")
    before, keys_before, other = results(study, "p01-1"), keys(study, "p01-1"), keys(study, "p02-1")
    accuracy = json.loads(gazestudy("quality", study, "--targets", targets, "--json").out)["accuracy"]
    angle_deg = np.degrees(50 / FOCAL_PX)
    assert accuracy[0]["offset_deg"] == pytest.approx(angle_deg, rel=0.06)
    assert accuracy[0]["azimuth_deg"] > 0 and accuracy[0]["elevation_deg"] > 0

    tried = gazestudy("correct", study, "p01-1", "--targets", targets, "--dry-run")
    assert tried.code == 0 and "nothing was kept" in tried.out
    assert sound(gazestudy, study)
    made = gazestudy("correct", study, "p01-1", "--targets", targets, "--by", "Anna", "--note", "gate")
    assert made.code == 0, made.err
    (listed,) = json.loads(gazestudy("correct", study, "--list", "--json").out)
    assert (listed["recording"], listed["made_by"], listed["note"]) == ("p01-1", "Anna", "gate")
    assert listed["correction"]["evidence"]["targets"][0]["after_deg"] < 0.1
    assert "Anna" in gazestudy("correct", study, "--list").out
    assert not sound(gazestudy, study)
    with gs.open_study(study, read_only=True) as opened:
        recorded = opened.stream("p01-1", "gaze")

    run = json.loads(gazestudy("run", study, "--method", "ivt", "--json").out)
    assert {(one["recording"], one["step"]) for one in run if one["made"]} == {
        ("p01-1", "events"),
        ("p01-1", "attention"),
    }
    assert sound(gazestudy, study)
    assert keys(study, "p01-1")["mapping"] == keys_before["mapping"]
    assert keys(study, "p02-1") == other
    with gs.open_study(study, read_only=True) as opened:
        attention, events = opened.current("p01-1", "attention"), opened.current("p01-1", "events")
        fixations = attention.table("mapped_fixations")
        np.testing.assert_allclose(
            fixations[["x_ref_px", "y_ref_px"]], [[79.5, 209.5]] * len(fixations), atol=3
        )
        assert events.provenance["facts"]["gaze_correction"]["kind"] == "offset"
        pd.testing.assert_frame_equal(opened.stream("p01-1", "gaze"), recorded)
    told = gazestudy("quality", study, "--targets", targets)
    assert "is corrected" in told.out
    after = json.loads(gazestudy("quality", study, "--targets", targets, "--json").out)
    assert after["accuracy"][0]["offset_deg"] < 0.1
    assert after["accuracy"][0]["as_recorded_deg"] == pytest.approx(accuracy[0]["offset_deg"])
    assert after["corrections"]["p01-1"]["made_by"] == "Anna"

    refused = gazestudy("correct", study, "p01-1", "--by-deg", "1,0")
    assert refused.code == 1 and "corrected already" in refused.err
    assert gazestudy("correct", study, "--remove", listed["id"]).code == 0
    assert not sound(gazestudy, study)
    assert gazestudy("run", study, "--method", "ivt").code == 0
    assert sound(gazestudy, study)
    again = results(study, "p01-1")
    assert list(again) == list(before)
    for name, table in before.items():
        pd.testing.assert_frame_equal(again[name], table)


def test_a_correction_by_hand_may_be_replaced(study, gazestudy):
    assert gazestudy("correct", study, "p02-1", "--by-deg", "1.5,-0.5").code == 0
    made = gazestudy("correct", study, "p02-1", "--by-deg", "0,2", "--replace", "--json")
    correction = json.loads(made.out)["correction"]
    assert (correction["azimuth_deg"], correction["elevation_deg"]) == ([0.0], [2.0])
    assert correction["evidence"] == {"by_hand": True}
    assert len(json.loads(gazestudy("correct", study, "--list", "--json").out)) == 1


def test_one_of_several_recordings_is_chosen_by_name(made, tmp_path, gazestudy):
    for name in ("walk-1", "walk-2"):
        shutil.copytree(made / name, tmp_path / "stick" / name)
    several = gazestudy("quality", tmp_path / "stick")
    assert several.code == 1 and "--name" in several.err and "walk-2" in several.err
    for words in (("quality",), ("detect", "--method", "ivt"), ("detect", "--compare", "ivt,idt")):
        done = gazestudy(words[0], tmp_path / "stick", "--name", "walk-2", *words[1:])
        assert done.code == 0, done.err


def test_an_export_is_as_recorded_unless_asked(study, tmp_path, gazestudy):
    assert gazestudy("correct", study, "p02-1", "--by-deg", "1.5,0").code == 0
    x_px = {}
    for name, words in (("plain", ()), ("moved", ("--corrected",))):
        where = ("--out", tmp_path / name, "--recording", "p02-1", "--no-video")
        done = gazestudy("export", study, "--to", "glassestools", *where, *words)
        assert done.code == 0, done.err
        assert ("as recorded" in done.out) == (name == "plain")
        table = pd.read_csv(tmp_path / name / "p02-1" / "gazeData.tsv", sep="\t")
        x_px[name] = table["gaze_pos_vid_x"].to_numpy()
    shift_px = np.nanmedian(x_px["moved"] - x_px["plain"])
    assert abs(shift_px) == pytest.approx(FOCAL_PX * np.tan(np.radians(1.5)), rel=0.2)


def test_what_cannot_be_corrected_is_said(study, gazestudy):
    for words, said in (
        (("p01-1",), "either --targets or --by-deg"),
        (("p01-1", "--by-deg", "1"), "two numbers"),
        (("p01-1", "--by-deg", "1,2", "--kind", "drift"), "offset"),
        (("p01-1", "--by-deg", "1,2", "--kind", "wobble"), "offset or drift"),
        (("p01-1", "--by-deg", "80,0"), "at most 45"),
        (("nobody", "--by-deg", "1,2"), "nobody"),
        (("--remove", "7"), "no correction 7"),
    ):
        result = gazestudy("correct", study, *words)
        assert result.code == 1
        assert said in result.err
    assert json.loads(gazestudy("correct", study, "--list", "--json").out) == []


def test_tables_of_targets_that_cannot_be_used_are_named(study, tmp_path, gazestudy):
    path = tmp_path / "targets.csv"
    for rows, header, said in (
        ("a,0,1", "target,start_s,end_s", "where the targets are"),
        ("a,2,1,0,0", "target,start_s,end_s,x_deg,y_deg", "row 1: start_s must be before end_s"),
        ("a,0,1,,", "target,start_s,end_s,x_deg,y_deg", "row 1: a point"),
        ("a,0,1,poster,1,1", "target,start_s,end_s,placement,x_deg,y_deg", "row 1: a point"),
        ("a,0,1,0,0", "target,start_s,end_s,x_deg,y_deg", "the recording of each target"),
        ("x,a,0,1,0,0", "recording,target,start_s,end_s,x_deg,y_deg", "one of p01-1, p02-1"),
        ("p01-1,a,7,8,0,0", "recording,target,start_s,end_s,x_deg,y_deg", "too little gaze"),
    ):
        result = gazestudy("correct", study, "p01-1", "--targets", write_targets(path, rows, header))
        assert result.code == 1, rows
        assert said in result.err


def test_detectors_compared_in_a_study(study, tmp_path, gazestudy):
    out = tmp_path / "out" / "multiverse.csv"
    words = "ivt,ivt:threshold_deg_s=1:max_gap_ms=75,idt"
    keys_before = keys(study, "p01-1")
    text = gazestudy("detect", study, "--compare", words)
    assert text.code == 0, text.err
    found = json.loads(gazestudy("detect", study, "--compare", words, "--out", out, "--json").out)
    counts = {(row["detector"], row["kind"]): row["n"] for row in found["counts"]}
    assert counts["ivt", "fixation"] == 2, "one look in each recording"
    strict = "ivt:threshold_deg_s=1:max_gap_ms=75"
    assert (strict, "fixation") not in counts, "gaze moves by 9 deg/s in the image"
    placement = {row["detector"]: row for row in found["by_placement"]}
    assert (placement["ivt"]["exposed"], placement["ivt"]["noticed"]) == (2, 2)
    assert placement[strict]["noticed"] == 0 and placement[strict]["dwell_ms"] == 0
    assert placement["ivt"]["same_decision"] == 0.0
    assert placement["ivt"]["gaze_ms"] == placement[strict]["gaze_ms"]
    with gs.open_study(study, read_only=True) as opened:
        metrics = opened.current("p01-1", "attention").table("metrics").set_index("placement_id")
    multiverse = pd.read_csv(out)
    assert len(multiverse) == 2 * 1 * 3
    own = multiverse[(multiverse["recording_id"] == "p01-1") & (multiverse["detector"] == "ivt")].iloc[0]
    assert own["dwell_ms"] == pytest.approx(metrics.loc["poster", "dwell_ms"])
    agreement = pd.read_csv(out.with_name("multiverse-agreement.csv"))
    assert len(agreement.groupby(["one", "other"])) == 3
    assert pd.read_csv(out.with_name("multiverse-counts.csv"))["n"].sum() == sum(counts.values())
    parameters = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    assert parameters["p01-1"][strict]["parameters"]["threshold_deg_s"] == 1
    assert keys(study, "p01-1") == keys_before


def test_a_study_that_was_not_run_still_compares_events(tmp_path, gazestudy):
    folder = tmp_path / "study"
    assert gazestudy("new", folder, "--name", "New").code == 0
    empty = gazestudy("detect", folder, "--compare", "ivt,idt")
    assert empty.code == 1 and "no recordings yet" in empty.err
    assert "no recordings yet" in gazestudy("quality", folder).out
    recording = write_recording(tmp_path / "walk", 1)
    assert gazestudy("import", folder, recording, "--participant", "P01").code == 0
    result = gazestudy("detect", folder, "--compare", "ivt,ivt:threshold_px_s=20")
    assert result.code == 0, result.err
    assert "not mapped" in result.err
    row = json.loads(gazestudy("quality", folder, "--json").out)["quality"][0]
    assert row["loss_share"] == 0.0 and row["rms_s2s_deg"] is None, "without a camera there are no degrees"
    refused = gazestudy("correct", folder, "p01-1", "--by-deg", "1,1")
    assert refused.code == 1 and "no calibration" in refused.err


def test_detectors_compared_on_a_table(tmp_path, gazestudy):
    at = np.repeat(np.random.default_rng(3).uniform(-10, 10, (20, 2)), 30, axis=0)
    gaze = pd.DataFrame(
        {"t_ns": np.arange(600) * 10_000_000, "valid": True, "x_deg": at[:, 0], "y_deg": at[:, 1]}
    )
    gaze.to_csv(tmp_path / "gaze.csv", index=False)
    out = tmp_path / "agreement.csv"
    result = gazestudy(
        "detect", tmp_path / "gaze.csv", "--compare", "ivt, ivt:min_fixation_ms=0", "--out", out
    )
    assert result.code == 0, result.err
    table = pd.read_csv(out).set_index("kind")
    assert table.loc["fixation", ["n_one", "n_other"]].tolist() == [20, 20]
    assert table.loc["fixation", "event_f1"] == 1.0
    assert table.loc[["fixation", "saccade", "all"], "kappa"].tolist() == [1.0, 1.0, 1.0]


def test_comparisons_that_cannot_be_made(study, gazestudy):
    for words, said in (
        (("--compare", "ivt"), "two detectors or more"),
        (("--compare", "ivt,ivt"), "each once"),
        (("--compare", "ivt,nothing"), "one of"),
        (("--compare", "ivt,idt", "--method", "ivt"), "no --method"),
        (("--compare", "ivt,idt:speed"), "DETECTOR:NAME=VALUE"),
        (("--compare", "ivt,ivt:threshold_deg_s=-1"), "0.1 to 1000"),
        (("--compare", "ivt,ivt:speed=1"), "a parameter of 'ivt'"),
        ((), "for a study, gazestudy run or --compare"),
    ):
        result = gazestudy("detect", study, *words)
        assert result.code == 1
        assert said in result.err
