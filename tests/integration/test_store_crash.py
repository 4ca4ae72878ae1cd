"""A study survives a program that ends at any moment."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, event

from gazestudy._cv2 import cv2
from gazestudy.model import Clock, Recording, RecordingMeta, SourceFile, Stream
from gazestudy.model.tables import GAZE
from gazestudy.store import Study, check_study, create_study, is_sound, open_study

TABLE = pd.DataFrame({"onset_ns": np.arange(2000)})

WRITER = """
import sys, numpy as np, pandas as pd
from itertools import count
from pathlib import Path
from gazestudy._cv2 import cv2
from gazestudy.model import Clock, Recording, RecordingMeta, SourceFile, Stream
from gazestudy.model.tables import GAZE
from gazestudy.store import open_study

root, inputs, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
table = pd.DataFrame({"onset_ns": np.arange(2000)})
with open_study(root) as study:
    for number in count(seed * 100_000):
        print("writing", flush=True)
        blocks = np.random.default_rng(number).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        picture = inputs / f"picture-{number}.png"
        picture.write_bytes(cv2.imencode(".png", cv2.resize(blocks, (200, 150)))[1].tobytes())
        study.add_placement(f"p{number}", [picture])
        study.add_aoi(f"p{number}", "logo", [(0, 0), (9, 0), (9, 9)])
        added = study.add_recording(
            Recording(
                RecordingMeta("walk", "Neon", "test", 1, inputs, participant_label=f"Person {number}"),
                clock=Clock("unix_utc", 0),
                camera=None,
                videos=(inputs / "scene.mp4",),
                loaders={"gaze": lambda: Stream(GAZE.empty()), "more": lambda: Stream(table)},
                files=lambda: (SourceFile("a", 1, str(number)),),
            ),
            participant_id=f"P{number}",
        )
        for key in ("aa", "bb", "bb"):
            study.write_derived(added.id, "events.ivt", key, {"events": table}, provenance={})
        study.write_derived(None, "metrics", f"k{number}", {"metrics": table}, provenance={})
        if number % 2:
            study.remove_recording(added.id)
            study.remove_placement(f"p{number}")
        else:
            print(f"kept {added.id}", flush=True)
"""


def test_killed_writers_leave_a_sound_study(tmp_path: Path) -> None:
    root, inputs = tmp_path / "สถานี", tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "scene.mp4").write_bytes(np.random.default_rng(0).bytes(3_000_000))
    with create_study(root, name="x"):
        pass
    moments, promised = random.Random(7), set[str]()
    for turn in range(10):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), str(inputs), str(turn)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert writer.stdout is not None
        assert writer.stderr is not None
        said = writer.stdout.readline().decode()
        while turn % 2 and said and "kept" not in said:  # every other writer gets to keep something
            said += writer.stdout.readline().decode()
        time.sleep(moments.uniform(0.0, 0.4))
        writer.kill()
        with writer.stdout, writer.stderr:
            said += writer.stdout.read().decode()
            assert said.startswith("writing"), writer.stderr.read().decode()
            writer.wait()
        assert os.name == "nt" or writer.returncode == -signal.SIGKILL
        promised |= {line.split()[1] for line in said.splitlines() if line.startswith("kept ")}
        problems = check_study(root, full=True)
        assert is_sound(problems), [str(problem) for problem in problems]
        with open_study(root, read_only=True) as study:
            assert promised <= {recording.id for recording in study.recordings()}
    assert promised
    with open_study(root) as study:
        assert study.placements()
        for recording in study.recordings():
            assert len(study.stream(recording.id, "more")) == 2000
    assert check_study(root, full=True) == []


class Crash(BaseException):
    """Stands for the end of the program; from it on nothing happens on the disk any more."""


@contextmanager
def crashing_at(step: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the program end before its `step`-th change on the disk."""
    done = 0

    def before(original: Callable[..., object]) -> Callable[..., object]:
        def changed(*args: object, **kwargs: object) -> object:
            count()
            return original(*args, **kwargs)

        return changed

    def count(*_: object) -> None:
        nonlocal done
        done += 1
        if done >= step:
            raise Crash

    with patch.context() as inside:
        for name in ("fsync", "mkdir", "rename", "replace", "rmdir", "unlink"):
            inside.setattr(os, name, before(getattr(os, name)))
        inside.setattr(Path, "touch", before(Path.touch))
        event.listen(Engine, "commit", count)
        try:
            yield
        finally:
            event.remove(Engine, "commit", count)


def _placement(study: Study, inputs: Path) -> None:
    study.add_placement("new", [inputs / "new.png"])


def _no_placement(study: Study, _inputs: Path) -> None:
    study.remove_placement("old")


def _recording(study: Study, inputs: Path) -> None:
    study.add_recording(_source(inputs, "new"), participant_id="P02")


def _no_recording(study: Study, _inputs: Path) -> None:
    study.remove_recording("p01-1")


def _result(study: Study, _inputs: Path) -> None:
    study.write_derived("p01-1", "events.ivt", "bb", {"events": TABLE, "more": TABLE}, provenance={})


def _same_result(study: Study, _inputs: Path) -> None:
    study.write_derived("p01-1", "events.ivt", "aa", {"events": TABLE[:5]}, provenance={})


def _source(inputs: Path, sha256: str) -> Recording:
    return Recording(
        RecordingMeta("walk", "Neon", "test", 1, inputs, participant_label="Anna"),
        clock=Clock("unix_utc", 0),
        camera=None,
        videos=(inputs / "scene.mp4",),
        loaders={"gaze": lambda: Stream(GAZE.empty())},
        files=lambda: (SourceFile("a", 1, sha256),),
    )


def _contents(study: Study) -> tuple[object, ...]:
    result = study.current("p01-1", "events.ivt")
    return (
        study.placements(),
        study.recordings(),
        study.participants(),
        None if result is None else (result.key, len(result.table("events"))),
    )


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A folder with a closed study and its inputs."""
    inputs = tmp_path / "template" / "inputs"
    inputs.mkdir(parents=True)
    for seed, name in enumerate(["old", "new"]):
        blocks = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        (inputs / f"{name}.png").write_bytes(
            cv2.imencode(".png", cv2.resize(blocks, (200, 150)))[1].tobytes()
        )
    (inputs / "scene.mp4").write_bytes(b"video")
    with create_study(tmp_path / "template" / "study", name="x") as study:
        study.add_placement("old", [inputs / "old.png"])
        study.add_recording(_source(inputs, "old"), participant_id="P01")
        study.write_derived("p01-1", "events.ivt", "aa", {"events": TABLE}, provenance={})
    return tmp_path / "template"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_placement, id="add placement"),
        pytest.param(_no_placement, id="remove placement"),
        pytest.param(_recording, id="add recording"),
        pytest.param(_no_recording, id="remove recording"),
        pytest.param(_result, id="write result"),
        pytest.param(_same_result, id="write same result"),
    ],
)
def test_every_possible_end_leaves_before_or_after(
    tmp_path: Path,
    template: Path,
    change: Callable[[Study, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(template, whole)
    with open_study(whole / "study") as study:
        before = _contents(study)
        change(study, whole / "inputs")
        after = _contents(study)
    states = [before, after]
    if change is _same_result:  # the old result goes before the new one comes; it can be made again
        states.append((*before[:3], None))
    for step in range(1, 200):
        place = tmp_path / f"crash {step}"
        shutil.copytree(template, place)
        study = open_study(place / "study")
        try:
            with crashing_at(step, monkeypatch):
                change(study, place / "inputs")
        except Crash:
            (place / "study" / "study.lock").unlink()
        else:
            study.close()
            break
        problems = check_study(place / "study", full=True)
        assert is_sound(problems), (step, [str(problem) for problem in problems])
        with open_study(place / "study") as again:
            contents = _contents(again)
            assert contents in states, step
            if contents == before:
                change(again, place / "inputs")
                assert _contents(again) == after
        assert check_study(place / "study", full=True) == [], step
        shutil.rmtree(place)
    assert step > 5
