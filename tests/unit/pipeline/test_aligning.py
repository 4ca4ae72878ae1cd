"""Recordings in a study whose clock is aligned with logs, interviews and each other, by library and command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from gazestudy.cli.app import app
from gazestudy.errors import GazestudyError, ParameterError, StudyError
from gazestudy.importers.time_marks import TimeMarks, read_time_marks
from gazestudy.model import Clock, Recording, RecordingMeta, SourceFile, Stream
from gazestudy.model.tables import FRAMES, GAZE
from gazestudy.pipeline.aligning import (
    AlignOptions,
    align_read,
    align_recording,
    from_other_clock,
    on_other_clock,
)
from gazestudy.store import Study, create_study

S = 1_000_000_000
START = 1_777_600_000 * S  # 2026-05-01 01:46:40 UTC
TRUE_S = np.array([5.0, 61.25, 200.5, 431.125, 1000.75])
NAMES = ["clap", "train arrives", "doors", "train leaves", "clap"]


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with create_study(tmp_path / "study", name="Clocks") as made:
        yield made


@pytest.fixture
def add(study: Study, tmp_path: Path) -> Callable[..., str]:
    def make(
        number: int, *, clock: Clock | None = None, pulses: np.ndarray | None = None, start: int = START
    ) -> str:
        events = pd.DataFrame(
            {
                "t_ns": start + np.rint(TRUE_S * S).astype(np.int64),
                "name": pd.Series(NAMES, dtype="str"),
                "source": pd.Series(["device"] * len(NAMES), dtype="str"),
            }
        )
        loaders: dict[str, Any] = {
            "gaze": lambda: Stream(GAZE.empty()),
            "frames": lambda: Stream(FRAMES.empty()),
            "events": lambda: Stream(events),
        }
        if pulses is not None:
            edges = np.concatenate([pulses, pulses + S // 10])
            port = pd.DataFrame(
                {
                    "t_ns": edges,
                    "direction": pd.Series(["out"] * len(edges), dtype="str"),
                    "value": np.repeat([1, 0], len(pulses)),
                }
            ).sort_values("t_ns", ignore_index=True)
            loaders["sync_port"] = lambda: Stream(port)
        recording = Recording(
            RecordingMeta(f"walk {number}", "test", "test", 1, tmp_path),
            clock=clock or Clock("unix_utc", 0, "test"),
            camera=None,
            videos=(),
            loaders=loaders,
            files=lambda: (SourceFile("gaze.csv", 1, f"{number:064x}"),),
        )
        return study.add_recording(recording, participant_id="P01").id

    return make


def log(path: Path, ahead_s: float, *, form: str = "iso", names: list[str] = NAMES) -> Path:
    """Write an observer's log whose clock is `ahead_s` before true time."""
    lines = ["Time,Event"]
    for at, name in zip(TRUE_S, names, strict=True):
        moment = datetime.fromtimestamp(START / S + at + ahead_s, UTC)
        lines.append(f"{moment.isoformat(sep=' ') if form == 'iso' else moment.strftime('%H:%M:%S')},{name}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_observers_log_by_events(study, add, tmp_path):
    one = add(1)
    before = study.stream(one, "events")
    marks = read_time_marks(log(tmp_path / "log.csv", 2.5))
    made = align_recording(study, one, target="observer", method="events", marks=marks)
    assert made.offset_ns / 1e9 == pytest.approx(2.5, abs=1e-3)
    assert made.evidence["target"]["sha256"]
    with pytest.raises(StudyError, match="not aligned with 'observer'"):
        on_other_clock(study, one, "observer", np.array([START]))
    study.add_alignment(one, "observer", made)
    there, uncertainty_ms = on_other_clock(study, one, "observer", np.array([START + 100 * S]))
    assert abs(int(there[0]) - (START + 102.5 * S)) / 1e6 <= uncertainty_ms[0]
    back, _ = from_other_clock(study, one, "observer", there)
    assert abs(int(back[0]) - (START + 100 * S)) <= 1
    assert study.stream(one, "events").equals(before)


def test_times_of_day_in_whole_seconds(study, add, tmp_path):
    one = add(1)
    marks = read_time_marks(log(tmp_path / "log.csv", -40.3, form="clock"))
    assert (marks.unit_ms, marks.is_unix) == (1000.0, False)
    made = align_recording(study, one, target="observer", method="events", marks=marks)
    midnight = START // (86_400 * S) * 86_400 * S
    found, uncertainty_ms = made.to_target(np.array([START]))
    assert abs(int(found[0]) - (START - midnight - 40.3 * S)) / 1e6 <= uncertainty_ms[0]
    assert 500 < uncertainty_ms[0] < 1500


def test_interview_with_marks_in_minutes_and_seconds(study, add, tmp_path):
    one = add(1)
    path = tmp_path / "interview.csv"
    path.write_text("at;what\n03:25;Train arrives\n05:44,25;doors\n\n12:00;thanks\n", encoding="utf-8")
    with pytest.raises(GazestudyError, match="mm:ss or hh:mm"):
        read_time_marks(path)
    marks = read_time_marks(path, unit="mm:ss")
    assert marks.t_ns.tolist() == [205 * S, 344_250_000_000, 720 * S]
    made = align_recording(study, one, target="interview P01", method="events", marks=marks)
    assert [pair["name"] for pair in made.evidence["pairs"]] == ["train arrives", "doors"]
    assert (START + 61.25 * S + made.offset_ns) / 1e9 == pytest.approx(205, abs=0.1)


def test_sync_port_against_a_logger(study, add, tmp_path):
    rng = np.random.default_rng(1)
    pulses = START + np.cumsum(rng.integers(2 * S, 9 * S, 80))
    one = add(1, pulses=pulses, clock=Clock("device_monotonic"))
    path = tmp_path / "logger.csv"
    target = (pulses[5:] - START) * (1 + 12e-6) + 7 * S + rng.normal(0, 1e5, 75)
    kept = np.sort(np.concatenate([target[rng.random(75) > 0.1], rng.uniform(0, 300e9, 6)]))
    path.write_text("timestamp [ms]\n" + "\n".join(f"{t / 1e6:.4f}" for t in kept) + "\n", encoding="utf-8")
    made = align_recording(study, one, target="logger", method="pulses", marks=read_time_marks(path))
    assert made.drift_ppm == pytest.approx(12, abs=1.0)
    found, uncertainty_ms = made.to_target(pulses)
    error_ms = np.abs(found - ((pulses - START) * (1 + 12e-6) + 7 * S)) / 1e6
    assert (error_ms <= uncertainty_ms).all()
    assert uncertainty_ms.max() < 1.0
    with pytest.raises(ParameterError, match="out"):
        align_recording(
            study, one, target="x", method="pulses", marks=TimeMarks(pulses, ("",) * 80),
            options=AlignOptions(source_pattern="in"),
        )  # fmt: skip


def test_two_recordings_by_their_events(study, add):
    one, two = add(1), add(2, start=500 * S)
    made = align_recording(study, one, target=two, method="events")
    assert made.offset_ns == 500 * S - START
    assert len(made.residuals_ms) == 5
    with pytest.raises(StudyError, match="no recording of this study"):
        align_recording(study, one, target="observer", method="events")
    with pytest.raises(ParameterError, match="another clock"):
        align_recording(study, one, target=one, method="events")
    with pytest.raises(StudyError, match="there is no recording"):
        align_recording(study, "P99-1", target=one, method="events")


def test_wall_clock_needs_what_it_rests_on(study, add):
    one = add(1)
    with pytest.raises(ParameterError, match="when the clock of the recording was last set"):
        align_recording(study, one, target="utc", method="wall-clock")
    options = AlignOptions(synchronised_unix_ns=START - 86_400 * S, drift_bound_ppm=1e6 / 86_400)
    made = align_recording(study, one, target="utc", method="wall-clock", options=options)
    t_ns, uncertainty_ms = made.to_target(np.array([START]))
    assert t_ns.tolist() == [START]
    assert uncertainty_ms[0] == pytest.approx(1100.0)
    two = add(2, clock=Clock("device_monotonic"))
    with pytest.raises(StudyError, match="does not tell the time of day"):
        align_recording(study, two, target="utc", method="wall-clock", options=options)
    with pytest.raises(ParameterError, match="time zone"):
        align_recording(
            study, one, target="log", method="wall-clock", marks=TimeMarks(np.array([0]), ("",)), options=options
        )  # fmt: skip


def run(*words: object) -> Any:
    result = CliRunner().invoke(app, ["align", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_command(study, add, tmp_path):
    one = add(1)
    study.close()
    table = log(tmp_path / "log.csv", 2.5)
    assert "no clock is aligned yet" in run(study.path, "--list")
    words = [study.path, one, "--to", "observer ๒", "--table", table, "--zone", "UTC"]
    assert "nothing was kept" in run(*words, "--dry-run")
    said = run(*words, "--by", "Anna", "--note", "claps")
    assert "offset 2.5000 s" in said
    assert "kept as alignment 1" in said
    (listed,) = json.loads(run(study.path, "--list", "--json"))
    assert (listed["target"], listed["made_by"], listed["note"]) == ("observer ๒", "Anna", "claps")
    assert listed["alignment"]["offset_ns"] == pytest.approx(2.5 * S, abs=1e6)
    shown = run(study.path, "--list")
    assert "observer ๒" in shown
    assert "2.5000" in shown
    run(study.path, "--remove", 1)
    moment = "2026-04-30T08:00+07:00"
    said = run(
        study.path,
        one,
        "--to",
        "utc",
        "--method",
        "wall-clock",
        "--drift",
        "1 s/day",
        "--synchronised",
        moment,
    )
    assert "clocks that were set" in said
    with pytest.raises(ParameterError, match="drift"):
        run(study.path, one, "--to", "utc", "--method", "wall-clock", "--drift", "fast")
    with pytest.raises(ParameterError, match="RECORDING and --to"):
        run(study.path, one)


def test_by_hand_keeps_what_was_said(study, add):
    name = add(1)
    with pytest.raises(ParameterError, match="how far it may be off"):
        align_recording(study, name, target="camera", method="by-hand", options=AlignOptions(offset_s=3.0))
    said = AlignOptions(offset_s=-3.25, uncertainty_ms=200.0, known_drift_ppm=20.0, drift_bound_ppm=5.0)
    found = align_recording(study, name, target="camera", method="by-hand", options=said)
    # the recording has no frames, so the offset holds at time 0 of its clock
    t_ns, within_ms = found.to_target(np.array([0, 1000 * S]))
    assert t_ns.tolist() == [-3_250_000_000, 1000 * S - 3_250_000_000 + 20_000_000]
    assert within_ms.tolist() == [200.0, 205.0]
    assert study.add_alignment(name, "camera", found).alignment == found


def test_before_it_is_imported_an_alignment_is_the_same(study, add, tmp_path):
    """What is previewed is what is kept."""
    clock = Clock("unix_utc", 0, "test")
    name = add(1, clock=clock)
    events = study.stream(name, "events")
    recording = Recording(
        RecordingMeta("walk", "test", "test", 1, tmp_path),
        clock=clock,
        camera=None,
        videos=(),
        loaders={
            "gaze": lambda: Stream(GAZE.empty()),
            "frames": lambda: Stream(FRAMES.empty()),
            "events": lambda: Stream(events),
        },
    )
    marks = TimeMarks(events["t_ns"].to_numpy() + 3 * S, tuple(events["name"]))
    wall = AlignOptions(synchronised_unix_ns=START - 3600 * S, drift_bound_ppm=10.0)
    for method, given, options in (
        ("events", marks, AlignOptions(source_pattern="train*", target_pattern="train*")),
        ("pulses", marks, AlignOptions()),
        ("wall-clock", None, wall),
        ("by-hand", None, AlignOptions(offset_s=1.5, uncertainty_ms=100.0)),
    ):
        kept = align_recording(study, name, target="x", method=method, marks=given, options=options)
        before = align_read(recording, method=method, marks=given, options=options)
        assert (before.offset_ns, before.reference_ns) == (kept.offset_ns, kept.reference_ns), method
        assert before.uncertainty_ms == kept.uncertainty_ms
    recording.clock = Clock("device_monotonic")
    with pytest.raises(StudyError, match="time of day"):
        align_read(recording, method="wall-clock", options=wall)
