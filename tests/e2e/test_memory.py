"""Gaze and memory from the command line, on a stored study whose people, attention and interviews are simulated."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from gazestudy.cli.app import app
from gazestudy.memory.in_view import cases_in_view
from gazestudy.memory.two_by_two import two_by_two
from gazestudy.model import Clock, Recording, RecordingMeta, SourceFile, Stream, categorical
from gazestudy.model.tables import EXPOSURES, FRAME_KINDS, MAPPED_FIXATIONS, REASONS, VISITS
from gazestudy.simulate.attending import attend, walk_past
from gazestudy.simulate.remembering import Remembering, remember
from gazestudy.simulate.replay_talk import talk_over_replay
from gazestudy.store import create_study
from tests.e2e.small_study import write_picture

PLACES = ("hall", "lift", "stairs", "platform", "gate", "exit")
PEOPLE = tuple(f"P{k:02d}" for k in range(1, 25))


@dataclass(frozen=True)
class Made:
    path: Path
    empty: Path
    truth: pd.DataFrame
    cases: pd.DataFrame
    foils: pd.DataFrame


def _recording(name: str, folder: Path, length_s: float) -> Recording:
    t_ns = np.arange(int(length_s) + 2, dtype=np.int64) * 1_000_000_000
    n = len(t_ns)
    gaze = pd.DataFrame(
        {
            "t_ns": t_ns,
            "x_px": 1.0,
            "y_px": 1.0,
            "valid": True,
            "reason": categorical(["ok"] * n, REASONS),
            "confidence": np.nan,
            "part": 0,
        }
    )
    frames = pd.DataFrame(
        {
            "t_ns": t_ns,
            "kind": categorical(["real"] * n, FRAME_KINDS),
            "part": 0,
            "video": 0,
            "index": np.arange(n),
        }
    )
    folder.mkdir(parents=True)
    video = folder / "scene.mp4"
    video.write_bytes(name.encode())
    meta = RecordingMeta(name, "Simulated", "test", 1, folder, participant_label="")
    return Recording(
        meta,
        clock=Clock("recording", 0, "test", None),
        camera=None,
        videos=(video,),
        loaders={"gaze": lambda: Stream(gaze), "frames": lambda: Stream(frames)},
        files=lambda: (SourceFile("gaze.csv", 1, name.encode().hex().rjust(64, "0")),),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("memory")
    rng = np.random.default_rng(7)
    metrics = attend(PEOPLE, PLACES, rng=rng)
    walked = walk_past(metrics)
    cases = cases_in_view(metrics, exposures=walked.exposures, fixations=walked.fixations)
    known = remember(cases, settings=Remembering(interviewed_share=0.8), placements=PLACES, rng=rng)
    middle = (walked.exposures["onset_ns"] + walked.exposures["offset_ns"]) / 2e9
    keys = zip(walked.exposures["participant_id"], walked.exposures["placement_id"], strict=True)
    talks = talk_over_replay(
        known.interviews, cases, dict(zip(keys, middle, strict=True)), length_s=walked.length_s, rng=rng
    )
    path = root / "study"
    with create_study(path, name="Memory") as study:
        for k, place in enumerate(PLACES):
            study.add_placement(place, [write_picture(root / f"{k}.png", k)], width_mm=800, height_mm=1200)
        for name, own in metrics.groupby("recording_id"):
            stored = study.add_recording(
                _recording(str(name), root / str(name), walked.length_s),
                participant_id=own["participant_id"].iloc[0],
                segment=own["segment"].iloc[0],
                daypart=own["daypart"].iloc[0],
            )
            talks.interviews.loc[talks.interviews["recording_id"] == name, "recording_id"] = stored.id
            tables = {"metrics": own.reset_index(drop=True).assign(recording_id=stored.id)}
            contracts = {"exposures": EXPOSURES, "mapped_fixations": MAPPED_FIXATIONS, "visits": VISITS}
            every = {
                "exposures": walked.exposures,
                "mapped_fixations": walked.fixations,
                "visits": walked.visits,
            }
            for kind, table in every.items():
                mine = table[table["recording_id"] == name].sort_values("onset_ns", kind="stable")
                tables[kind] = contracts[kind].check(mine[contracts[kind].names].reset_index(drop=True))
            study.write_derived(stored.id, "attention", "aa", tables, provenance={})
    empty = root / "without interviews"
    import shutil

    shutil.copytree(path, empty)
    from gazestudy.store import open_study

    with open_study(path) as study:
        study.add_interviews(talks)
    return Made(path, empty, known.cases, cases, known.foils)


Run = Callable[..., str]


@pytest.fixture
def run() -> Run:
    def command(*words: object, fails: bool = False) -> str:
        result = CliRunner().invoke(app, ["memory", *(str(word) for word in words)])
        assert (result.exit_code != 0) == fails, result.output
        return (
            f"{result.output}{result.exception}"
            if fails
            else result.stdout
            if "--json" in words
            else result.output
        )

    return command


def _asked(made: Made) -> pd.DataFrame:
    keys = ["participant_id", "placement_id"]
    columns = [*keys, "recalled_unaided", "recognised"]
    return made.cases.merge(made.truth[columns], on=keys)


def test_cases_are_those_of_the_simulation(made: Made, run: Run, tmp_path: Path) -> None:
    out, left = tmp_path / "cases.csv", tmp_path / "left.csv"
    found = json.loads(run("cases", made.path, "--json", "--out", out, "--unjoined", left))
    assert len(found["cases"]) == len(made.cases) == len(pd.read_csv(out))
    table = pd.DataFrame(found["cases"]).set_index(["participant_id", "placement_id"])
    asked = _asked(made).set_index(["participant_id", "placement_id"])
    assert (table.loc[asked.index, "recalled_unaided"].astype(float) == asked["recalled_unaided"]).all()
    assert np.allclose(table.loc[asked.index, "dwell_s"], asked["dwell_s"])
    silent = set(PEOPLE) - set(made.truth["participant_id"])
    codes = {finding["code"]: finding["count"] for finding in found["findings"]}
    assert codes["participant_without_interview"] == len(silent) > 0
    assert len(pd.read_csv(left)) == len(found["unjoined"])
    assert found["provenance"]["parameters"]["min_fixation_ms"] == 100.0
    text = run("cases", made.path)
    assert f"{len(made.cases)} cases" in text and "participant_without_interview" in text


def test_larger_limits_leave_fewer_cases(made: Made, run: Run) -> None:
    found = json.loads(run("cases", made.path, "--min-exposed-s", 6, "--min-fixation-ms", 350, "--json"))
    assert len(found["cases"]) == int((made.cases["exposed_s"] >= 6).sum())
    assert sum(row["fixated"] for row in found["cases"]) < int(made.cases["fixated"].sum())


def test_four_cells_are_counted_from_the_truth(made: Made, run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "cells.png"
    found = json.loads(
        run("two-by-two", made.path, "--json", "--figure", picture, "--memory", "recalled_unaided")
    )
    (row,) = found["tables"]
    asked = _asked(made)
    expected = two_by_two(asked, rng=np.random.default_rng(0))
    assert [row[cell] for cell in "abcd"] == [expected.a, expected.b, expected.c, expected.d]
    assert row["not_asked"] == len(made.cases) - len(asked)
    assert picture.stat().st_size > 5000
    text = run(
        "two-by-two", made.path, "--by", "placement", "--memory", "recognised", "--figure", tmp_path / "p.svg"
    )
    assert all(place in text for place in PLACES)
    assert "remembered without a fixation" in text
    assert "--figure" in run("two-by-two", made.path, "--figure", tmp_path / "p.bmp", fails=True)


def test_recognition_counts_only_what_was_in_view(made: Made, run: Run, tmp_path: Path) -> None:
    out, places = tmp_path / "people.csv", tmp_path / "places.csv"
    found = json.loads(run("recognition", made.path, "--json", "--out", out, "--placements", places))
    asked = _asked(made)
    assert (found["hits"], found["targets"]) == (int(asked["recognised"].sum()), len(asked))
    assert (found["false_alarms"], found["foils"]) == (int(made.foils["said_yes"].sum()), len(made.foils))
    assert found["targets_never_in_view"] == len(made.truth) - len(asked)
    assert len(pd.read_csv(out)) == made.truth["participant_id"].nunique()
    assert set(pd.read_csv(places)["foils_are"]) == {"matched"}
    assert "d_prime" in run("recognition", made.path)


def test_model_has_background_and_says_its_doubts(made: Made, run: Run, tmp_path: Path) -> None:
    found = json.loads(
        run("model", made.path, "--memory", "recognised", "--json", "--figure", tmp_path / "m.pdf")
    )
    terms = {row["term"] for row in found["terms"]}
    assert {"familiarity", "prior_exposure", "fixated"} <= terms | set(found["left_out_terms"])
    assert found["adjusted_for_background"] and found["doubts"]
    text = run("model", made.path, "--memory", "recognised")
    assert "odds ratio" in text and "warning: " in text


def test_themes_are_exploratory(made: Made, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "themes.csv"
    text = run("themes", made.path, "--out", out)
    table = pd.read_csv(out)
    assert "exploratory" in text
    assert {"liked", "crowd_blocks", "ur_any: correct_ad"} <= set(table["theme"])
    assert (table["p_adjusted"].dropna() >= table.loc[table["p_adjusted"].notna(), "p_value"] - 1e-12).all()
    one = json.loads(run("themes", made.path, "--coder", "B", "--json"))["themes"]
    assert {row["theme"] for row in one} <= set(table["theme"])


def test_quotes_have_their_moment(made: Made, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "quotes.csv"
    found = json.loads(run("quotes", made.path, "--json", "--out", out))["quotes"]
    said = [row for row in found if row["t_from"] == "time mark"]
    walks = pd.DataFrame(made.cases)
    assert len(said) > 20
    for row in said:
        if row["placement_from"] == "coder" and row["near"]:
            own = walks[
                (walks["participant_id"] == row["participant_id"])
                & (walks["placement_id"] == row["placement_id"])
            ]
            assert (
                abs(row["gap_s"]) <= float(own["exposed_s"].iloc[0]) + 1
            )  # marks are in the middle of the exposure
    assert len(pd.read_csv(out)) == len(found)
    only = run("quotes", made.path, "--placement", "hall")
    assert "hall" in only and "stairs" not in only
    document = next(row["document_id"] for row in said)
    late = json.loads(run("quotes", made.path, "--media-start", f"{document}=100000", "--json"))["quotes"]
    assert all(row["t_ns"] == -1 for row in late if row["document_id"] == document)
    assert "DOCUMENT=SECONDS" in run("quotes", made.path, "--media-start", "x", fails=True)
    assert "no document 'x'" in run("quotes", made.path, "--media-start", "x=1", fails=True)


@pytest.mark.parametrize("command", ["two-by-two", "recognition", "model", "themes", "quotes"])
def test_without_interviews_it_is_said_how_they_come_in(made: Made, run: Run, command: str) -> None:
    assert "gazestudy interview import" in run(command, made.empty, fails=True)


def test_cases_without_interviews_hold_attention_alone(made: Made, run: Run) -> None:
    found = json.loads(run("cases", made.empty, "--json"))
    assert len(found["cases"]) == len(made.cases)
    assert all(row["recalled_unaided"] is None for row in found["cases"])
