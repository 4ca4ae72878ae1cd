"""A study run from the command line: only what changed, in several processes, and whatever interrupts it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import gazestudy as gs
from tests.e2e.small_study import write_picture, write_recording

PEOPLE = (("P01", "visitor"), ("P02", "regular"), ("P03", "visitor"))


@pytest.fixture
def study(tmp_path, gazestudy) -> Path:
    """Three recordings of two posters; the poster of seed 1 is met twice."""
    folder = tmp_path / "การศึกษา"
    assert gazestudy("new", folder, "--name", "การศึกษา").code == 0
    for seed in (1, 2):
        picture = write_picture(tmp_path / f"{seed}.png", seed)
        added = gazestudy(
            "placement", "add", folder, f"poster-{seed}", picture, "--width-mm", 800, "--height-mm", 1200
        )
        assert added.code == 0, added.err
    for number, ((person, segment), seed) in enumerate(zip(PEOPLE, (1, 2, 1), strict=True)):
        recording = write_recording(tmp_path / f"walk-{number}", seed, n_frames=40 + number)
        imported = gazestudy("import", folder, recording, "--participant", person, "--segment", segment)
        assert imported.code == 0, imported.err
    return folder


def made(result) -> set[tuple[str, str]]:
    assert result.code == 0, result.err
    return {(item["recording"], item["step"]) for item in json.loads(result.out) if item["made"]}


def test_only_what_changed_is_repeated(study, tmp_path, gazestudy):
    assert len(made(gazestudy("run", study, "--json"))) == 9
    assert made(gazestudy("run", study, "--json")) == set()
    assert "nothing changed" in gazestudy("run", study).out
    with gs.open_study(study) as opened:
        opened.add_aoi("poster-1", "headline", [(0.0, 0.0), (239.0, 0.0), (239.0, 90.0), (0.0, 90.0)])
    assert {step for _, step in made(gazestudy("run", study, "--json"))} == {"attention"}
    slower = made(gazestudy("run", study, "--json", "--set", "threshold_deg_s=60"))
    assert {step for _, step in slower} == {"events", "attention"}
    assert gazestudy("check", study).code == 0
    assert gazestudy("placement", "add", study, "third", write_picture(tmp_path / "3.png", 3)).code == 0
    stale = gazestudy("check", study, "--json")
    assert "out of date" in stale.out
    again = made(gazestudy("run", study, "--json", "--set", "threshold_deg_s=60"))
    assert {step for _, step in again} == {"mapping", "attention"}


def test_aois_of_one_label_are_one_group(study, gazestudy):
    """P01 and P03 look at the middle of poster 1, P02 at that of poster 2."""
    boxes = {"low": "100,150 140,150 140,180 100,180", "high": "100,180 140,180 140,220 100,220"}
    for name, points in boxes.items():
        made = gazestudy("aoi", "add", study, "poster-1", name, "--points", points, "--label", "logo")
        assert made.code == 0, made.err
    away = gazestudy("aoi", "add", study, "poster-2", "ราคา", "--points", "0,0 20,0 20,20", "--json")
    assert gazestudy("aoi", "change", study, json.loads(away.out)["id"], "--label", "logo").code == 0
    assert gazestudy("aoi", "copy", study, "poster-2", "poster-1").code == 0
    labels = [one["label"] for one in json.loads(gazestudy("aoi", "list", study, "--json").out)]
    assert labels == ["logo"] * 4
    assert gazestudy("aoi", "remove", study, "poster-1_aoi").code == 0
    assert gazestudy("run", study).code == 0
    found = gazestudy("metrics", study, "--group-by", "label", "--json")
    assert found.err == ""  # boxes that share an edge do not overlap
    (row,) = json.loads(found.out)
    assert (row["label"], row["n_exposed"], row["n_noticed"]) == ("logo", 3, 2)
    whole = json.loads(gazestudy("metrics", study, "--group-by", "placement", "--json").out)
    assert row["median_dwell_noticed_ms"] == pytest.approx(whole[0]["median_dwell_noticed_ms"])
    assert gazestudy("aoi", "change", study, "poster-1_low", "--points", "100,150 140,150 140,220").code == 0
    assert "count" in gazestudy("metrics", study, "--group-by", "label").err


def test_gaze_that_rests_on_a_poster_is_dwell_on_it(study, gazestudy):
    assert gazestudy("run", study).code == 0
    with gs.open_study(study, read_only=True) as opened:
        for recording, placement_id in zip(
            opened.recordings(), ("poster-1", "poster-2", "poster-1"), strict=True
        ):
            attention = opened.current(recording.id, "attention")
            metrics = attention.table("metrics").set_index("placement_id")
            assert metrics["noticed"].to_dict() == {p.id: p.id == placement_id for p in opened.placements()}
            row = metrics.loc[placement_id]
            length_ms = 40.0 * len(opened.stream(recording.id, "frames"))
            assert row["exposure_ms"] == pytest.approx(length_ms, abs=45)
            assert row["dwell_ms"] == pytest.approx(length_ms, abs=80)
            fixations = attention.table("mapped_fixations")
            np.testing.assert_allclose(
                fixations[["x_ref_px", "y_ref_px"]], [[119.5, 179.5]] * len(fixations), atol=0.7
            )
            np.testing.assert_allclose(fixations[["x_mm", "y_mm"]], [[400.0, 600.0]] * len(fixations), atol=3)


def test_several_processes_give_the_same_result(study, gazestudy):
    assert gazestudy("run", study, "--jobs", 2).code == 0
    with gs.open_study(study) as opened:
        one_by_one = opened.recordings()
        several = [opened.current(r.id, "mapping").table("mapping") for r in one_by_one]
        for recording in one_by_one:
            opened.remove_derived(recording.id, "mapping")
    assert gazestudy("run", study).code == 0
    with gs.open_study(study, read_only=True) as opened:
        for recording, table in zip(one_by_one, several, strict=True):
            alone = opened.current(recording.id, "mapping").table("mapping")
            np.testing.assert_allclose(alone[["h00", "h02", "h12"]], table[["h00", "h02", "h12"]], rtol=1e-9)


def test_batch_heatmaps_by_segment(study, tmp_path, gazestudy):
    assert gazestudy("run", study).code == 0
    out = tmp_path / "maps"
    words = [
        "--group-by",
        "placement,segment",
        "--format",
        "png,svg,npz,csv",
        "--fog",
        "--weight",
        "participant",
    ]
    exported = gazestudy("heatmap", study, "--out", out, *words, "--json")
    assert exported.code == 0, exported.err
    maps = {item["label"]: item for item in json.loads(exported.out)}
    assert set(maps) == {"poster-1, visitor", "poster-2, regular"}
    assert maps["poster-1, visitor"]["n_participants"] == 2
    assert {path.suffix for path in out.iterdir()} == {".png", ".svg", ".npz", ".csv"}
    numbers = np.load(out / "poster-1--visitor.npz")
    facts = json.loads(str(numbers["facts"]))
    assert facts["n_participants"] == 2
    y, x = np.unravel_index(numbers["density"].argmax(), numbers["density"].shape)
    assert np.hypot(x - 119.5, y - 179.5) < 3


def test_metrics_table(study, tmp_path, gazestudy):
    assert gazestudy("metrics", study).code == 1
    assert gazestudy("run", study).code == 0
    result = gazestudy(
        "metrics", study, "--out", tmp_path / "metrics.csv", "--group-by", "placement,segment", "--json"
    )
    assert result.code == 0, result.err
    rows = {(row["placement_id"], row["segment"]): row for row in json.loads(result.out)}
    assert rows["poster-1", "visitor"]["n_noticed"] == 2
    assert len((tmp_path / "metrics.csv").read_text(encoding="utf-8").splitlines()) == 1 + 3 * 2


def start(*words: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gazestudy", *[str(word) for word in words]]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def children(pid: int) -> list[int]:
    """Processes that `pid` started; only where the system lists them in /proc."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in listing.read_text(encoding="ascii").split()] if listing.exists() else []


def wait_until_gone(pids: list[int]) -> None:
    """No worker may outlive a killed parent."""
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, f"still running: {pids}"
        time.sleep(0.05)


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_random_moments_a_study_stays_sound_and_completes(study, gazestudy, jobs):
    rng = random.Random(jobs)
    began = time.monotonic()
    with start("run", study, "--jobs", jobs) as whole:
        assert whole.wait() == 0
    duration_s = time.monotonic() - began
    for _ in range(5):  # for each number of jobs: ten in all
        with gs.open_study(study) as opened:
            for recording in opened.recordings():
                for step in ("events", "mapping", "attention"):
                    opened.remove_derived(recording.id, step)
        with start("run", study, "--jobs", jobs) as process:
            time.sleep(rng.uniform(0.2, 1.0) * duration_s)
            workers = children(process.pid)
            process.kill()
        wait_until_gone(workers)
        checked = gazestudy("check", study)
        assert checked.code == 0, checked.out
        assert gazestudy("run", study).code == 0
        assert gazestudy("check", study).out.strip().endswith("is sound")
        assert made(gazestudy("run", study, "--json")) == set()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize("after_s", [0.7, 1.5, 3.0])
def test_ctrl_c_ends_with_130_and_leaves_nothing_half_written(study, gazestudy, after_s):
    with start("run", study, "--jobs", 2) as process:
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    # 0: it was quicker; killed: the interpreter itself had not begun
    assert process.returncode in (0, 130, -signal.SIGINT), err
    assert b"Traceback" not in err
    assert gazestudy("check", study).code == 0
    assert gazestudy("run", study).code == 0


def test_a_second_writer_is_told_who_has_the_study(study, gazestudy):
    with gs.open_study(study):
        second = gazestudy("run", study)
    assert second.code == 1
    assert "process" in second.err
