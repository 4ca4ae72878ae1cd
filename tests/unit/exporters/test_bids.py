"""BIDS data sets: values come back from the files, and the official validator finds no error."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import InputError
from gazestudy.exporters.bids import BidsPlacement, BidsRecording, BidsStudy, labels_of, write_bids
from gazestudy.model.tables import EVENT_KINDS, GAZE, MAPPED_GAZE, REASONS, categorical

ZERO_NS = 1_790_000_000_123_456_789


def validator() -> str:
    """The official validator, beside the interpreter or on the path."""
    found = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    found = found or shutil.which("bids-validator-deno")
    if found is None:
        pytest.skip("the official BIDS validator is not installed (pip install bids-validator-deno)")
    return found


def issues(folder: Path) -> list[dict]:
    """What the validator says of every row of every file."""
    words = [validator(), str(folder), "--format", "json", "--max-rows", "-1"]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    return json.loads(done.stdout)["issues"]["issues"]


def made_gaze(n=400):
    rng = np.random.default_rng(2)
    t_ns = ZERO_NS + np.cumsum(rng.integers(4_900_000, 5_100_000, n)) - 4_950_000
    reason = np.array(["ok"] * n, dtype=object)
    reason[50:60], reason[70:80] = "blink", "no_data"
    x = rng.uniform(-5, 1600, n)
    x[70:80] = np.nan
    gaze = pd.DataFrame({"t_ns": t_ns, "x_px": x, "y_px": rng.uniform(0, 1200, n), "valid": reason == "ok"})
    gaze["reason"] = categorical(reason, REASONS)
    gaze["confidence"] = np.where(np.arange(n) % 2, 0.5, np.nan)
    gaze["part"] = (np.arange(n) >= 300).astype(np.int64)
    gaze["pupil_left_mm"] = rng.uniform(2, 6, n)
    return GAZE.check(gaze)


def made_mapped(gaze):
    rows = np.array([10, 11, 12, 12, 200])
    table = pd.DataFrame(
        {
            "sample": rows,
            "t_ns": gaze["t_ns"].to_numpy()[rows],
            "placement_id": ["hall-a", "hall-a", "hall-a", "=cmd", "=cmd"],
            "creative_id": "c1",
            "copy": [0, 0, 0, 1, -1],
            "frame": 3,
            "x_ref_px": [1.5, 2.5, 3.5, 9.0, 8.0],
            "y_ref_px": 4.25,
            "x_mm": [np.nan, np.nan, np.nan, 7.0, 7.0],
            "y_mm": np.nan,
        }
    )
    return MAPPED_GAZE.check(table.astype({"placement_id": "str", "creative_id": "str"}))


def made_events(gaze):
    t_ns = gaze["t_ns"].to_numpy()
    table = pd.DataFrame({"onset_ns": t_ns[[3, 50]], "offset_ns": t_ns[[40, 59]], "x_px": [5.0, np.nan]})
    return table.assign(
        y_px=6.0, kind=categorical(["fixation", "blink"], EVENT_KINDS), placement_id=["hall-a", ""]
    )


def made_study(tmp_path, **changes):
    gaze = made_gaze()
    t_ns = gaze["t_ns"].to_numpy()
    happened = pd.DataFrame(
        {
            "onset_ns": [t_ns[100], t_ns[0] - 2_000_000_001],
            "duration_ns": [0, 1_500_000_000],
            "trial_type": ["recording_event", "exposure"],
            "placement_id": ["", "hall-a"],
            "message": ['=HYPERLINK("x")\tnext\nline <script>alert(1)</script>', ""],
        }
    )
    labels = labels_of(["P-01", "สมชาย"])
    values = {
        "mapped_gaze": made_mapped(gaze),
        "gaze_events": made_events(gaze),
        "events": happened,
        **changes,
    }
    facts = ("Neon", 200.0, gaze, (1600, 1200))
    recordings = [
        BidsRecording(labels["P-01"], 1, "p01-1", *facts, **values),
        BidsRecording(labels["P-01"], 2, "p01-2", *facts, None, None, happened.iloc[:0]),
        BidsRecording(labels["สมชาย"], 1, "p02-1", *facts, **values),
    ]
    placements = [
        BidsPlacement("hall-a", "Sảnh <script>", (600, 400), (1200.0, None)),
        BidsPlacement("=cmd", "=x"),
    ]
    people = [(labels[one], one, segment) for one, segment in (("P-01", "regular"), ("สมชาย", ""))]
    study = BidsStudy("ga Bến Thành", "1.0", people, placements)
    return gaze, write_bids(study, recordings, tmp_path / "out")


def rows_of(path):
    """A file without a header, named by its sidecar."""
    about = json.loads(Path(str(path).replace(".tsv.gz", ".json")).read_text(encoding="utf-8"))
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return pd.read_csv(file, sep="\t", header=None, names=about["Columns"], na_values="n/a"), about


def test_official_validator_finds_no_error(tmp_path):
    made_study(tmp_path)
    found = issues(tmp_path / "out")
    assert [one for one in found if one.get("severity") == "error"] == []
    recommended = {"JSON_KEY_RECOMMENDED", "SIDECAR_KEY_RECOMMENDED"}  # what a study does not know
    assert {one["code"] for one in found} <= recommended | {"TOO_FEW_AUTHORS", "NO_AUTHORS"}


def test_official_validator_is_really_asked(tmp_path):
    made_study(tmp_path)
    sidecar = next((tmp_path / "out").rglob("*recording-scene_physio.json"))
    about = json.loads(sidecar.read_text(encoding="utf-8"))
    del about["RecordedEye"]
    sidecar.write_text(json.dumps(about), encoding="utf-8")
    assert any(one.get("severity") == "error" for one in issues(tmp_path / "out"))


def test_gaze_comes_back(tmp_path):
    gaze, _ = made_study(tmp_path)
    path = tmp_path / "out" / "sub-P01" / "beh" / "sub-P01_task-walk_run-1_recording-scene_physio.tsv.gz"
    table, about = rows_of(path)
    assert list(table.columns[:3]) == ["timestamp", "x_coordinate", "y_coordinate"]
    with gzip.open(path, "rt", encoding="utf-8") as file:
        stamps = [line.split("\t")[0] for line in file]
    back = [int(one.replace(".", "")) + about["TimeZeroNs"] for one in stamps]
    assert back == gaze["t_ns"].tolist()  # to the nanosecond
    np.testing.assert_allclose(table["x_coordinate"], gaze["x_px"], atol=5.1e-5)
    assert table["valid"].tolist() == gaze["valid"].astype(int).tolist()
    levels = {number: name.replace(" ", "_") for number, name in about["reason"]["Levels"].items()}
    assert [levels[str(one)] for one in table["reason"]] == gaze["reason"].astype(str).tolist()
    assert about["SampleCoordinateSystem"] == "custom" and about["SamplingFrequency"] == 200


def test_gaze_on_references_comes_back(tmp_path):
    gaze, lost = made_study(tmp_path)
    home = tmp_path / "out" / "sub-n2" / "beh"
    table, about = rows_of(home / "sub-n2_task-walk_run-1_recording-reference_physio.tsv.gz")
    assert len(table) == len(gaze)
    on = table[table["placement"] > 0]
    assert on.index.tolist() == [10, 11, 12, 200]
    assert [about["placement"]["Levels"][str(one)] for one in on["placement"]] == ["hall-a"] * 3 + ["=cmd"]
    assert on["x_coordinate"].tolist() == [1.5, 2.5, 3.5, 8.0]
    assert table.loc[table["placement"] == 0, "x_coordinate"].isna().all()
    assert lost["p02-1"] == ["1 samples that lie on a second placement or copy too: the first is kept"]
    assert lost["p01-2"] == ["gaze on reference images: the recording has no results yet"]


def test_events_come_back_in_order_and_harmless(tmp_path):
    made_study(tmp_path)
    home = tmp_path / "out" / "sub-P01" / "beh"
    table = pd.read_csv(home / "sub-P01_task-walk_run-1_events.tsv", sep="\t", quoting=3, dtype=str)
    assert table["onset"].iloc[0] == "-2.000000001" and table["duration"].iloc[0] == "1.500000000"
    assert table["message"].iloc[1].startswith("'=HYPERLINK") and "\n" not in table["message"].iloc[1]
    found, about = rows_of(home / "sub-P01_task-walk_run-1_recording-scene_physioevents.tsv.gz")
    assert found["trial_type"].tolist() == ["fixation", "blink"] and about["OnsetSource"] == "timestamp"
    assert found["placement"].fillna("").tolist() == ["hall-a", ""]
    people = pd.read_csv(tmp_path / "out" / "participants.tsv", sep="\t")
    assert people["participant_id"].tolist() == ["sub-P01", "sub-n2"]
    assert "<script>" not in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_videos_go_into_sourcedata(tmp_path):
    (tmp_path / "scene.mp4").write_bytes(b"video")
    made_study(tmp_path, videos=(tmp_path / "scene.mp4",))
    copied = sorted((tmp_path / "out" / "sourcedata").rglob("*.mp4"))
    assert [one.read_bytes() for one in copied] == [b"video"] * 2
    assert [one for one in issues(tmp_path / "out") if one.get("severity") == "error"] == []


def test_nothing_is_overwritten(tmp_path):
    made_study(tmp_path)
    with pytest.raises(InputError, match="already"):
        made_study(tmp_path)
