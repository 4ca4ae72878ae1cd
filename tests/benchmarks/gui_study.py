"""Studies for the benchmark of the desktop: a hundred short recordings, and one of sixty minutes."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pandas as pd

from gazestudy.model import Clock, Recording, RecordingMeta, SourceFile, Stream, categorical
from gazestudy.model.interview import Interviews
from gazestudy.model.tables import FRAME_KINDS, REASONS
from gazestudy.pipeline.demo import load_sessions
from gazestudy.pipeline.run import run_study
from gazestudy.pipeline.strategy.document import write_template
from gazestudy.store import Study, create_study, open_study
from tests.benchmarks.gui_stalls import HOUR

SAMPLES = Path(__file__).resolve().parents[2] / "sample_sessions"
_S = 1_000_000_000
TURN_S, FRAMES_A_TURN = 12, 360
"""What of a sample walk is used again and again."""
GEOMETRY = "bottom_m: 1.0\n    height_m: 1.2\n    distance_m: 4.0"
ASSUMPTIONS = "assumptions:\n" + "".join(
    f"  - {{term: {name}, value: {value}, low: {low}, high: {high}, source: benchmark, replaces: true}}\n"
    for name, value, low, high in (
        ("passages_per_min", 30.0, 24.0, 36.0),
        ("exposed", 0.6, 0.5, 0.7),
        ("clear", 0.7, 0.6, 0.8),
        ("noticed", 0.4, 0.3, 0.5),
        ("dwell_s", 1.2, 1.0, 1.5),
        ("density_m2", 0.6, 0.5, 0.7),
    )
)


def write_clip(path: Path, *, seconds: int, width: int, height: int, rate: int = 30) -> None:
    """Write a clip of something that moves, a key frame every two seconds."""
    rng = np.random.default_rng(5)
    wall = rng.integers(0, 255, (height // 8, width // 4, 3), dtype=np.uint8)
    wall = np.repeat(np.repeat(wall, 8, axis=0), 8, axis=1)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.gop_size = 2 * rate
        for number in range(seconds * rate):
            left = 4 * number % (wall.shape[1] - width)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(wall[:height, left : left + width]))
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def repeat_clip(source: Path, target: Path, times: int) -> None:
    """Write a clip many times one after the other, without encoding it again."""
    with av.open(str(source)) as reader:
        packets = [packet for packet in reader.demux(video=0) if packet.size]
        stream = reader.streams.video[0]
        length = round(stream.frames / stream.average_rate / stream.time_base)
        with av.open(str(target), "w") as out:
            made = out.add_stream_from_template(stream)
            for turn in range(times):
                for packet in packets:
                    copy = av.Packet(bytes(packet))
                    copy.time_base = packet.time_base
                    copy.pts, copy.dts = packet.pts + turn * length, packet.dts + turn * length
                    copy.duration, copy.is_keyframe, copy.stream = packet.duration, packet.is_keyframe, made
                    out.mux(copy)


def make_sample(folder: Path) -> None:
    """Make the sample study, run it, and give it a strategy document; takes a minute."""
    with create_study(folder, name="Sample") as study:
        load_sessions(study, SAMPLES)
        run_study(study)
        file = write_template(study)
        text = file.read_text(encoding="utf-8").replace("    cost:", f"    {GEOMETRY}\n    cost:")
        file.write_text(text + ASSUMPTIONS, encoding="utf-8")


def make_bare(folder: Path) -> None:
    """Make a study with one recording, p01-1, of two seconds and without a video."""
    n = 400
    t_ns = np.arange(n, dtype=np.int64) * (_S // 200)
    reason = categorical(["ok"] * n, REASONS)
    gaze = {
        "t_ns": t_ns,
        "x_px": 100.0,
        "y_px": 100.0,
        "valid": True,
        "reason": reason,
        "confidence": 1.0,
        "part": 0,
    }
    kind = categorical(["real"] * 60, FRAME_KINDS)
    frames = {
        "t_ns": np.arange(60, dtype=np.int64) * _S // 30,
        "kind": kind,
        "part": 0,
        "video": -1,
        "index": -1,
    }
    tables = {"gaze": pd.DataFrame(gaze), "frames": pd.DataFrame(frames)}
    with create_study(folder, name="Bare") as study:
        one = Recording(
            RecordingMeta("walk", "Neon", "bench", 1, folder, 1_700_000_000 * _S),
            clock=Clock("unix_utc", 0, "bench", 0),
            camera=None,
            videos=(),
            loaders={name: (lambda table=table: Stream(table)) for name, table in tables.items()},
            files=lambda: (SourceFile("gaze.csv", 100, f"{1:064x}"),),
        )
        study.add_recording(one, participant_id="P01")


def make_hundred(sample: Path, folder: Path, *, count: int = 100, times: int = 20) -> None:
    """Make a study of many walks of four minutes with everything: copies of the sample, people and answers."""
    shutil.copytree(sample, folder)
    with open_study(folder) as study:
        known = study.recordings()
        for number in range(len(known), count):
            like = known[number % len(known)]
            person = f"P{number + 1:03d}"
            segment = next(one.segment for one in study.participants() if one.id == like.participant_id)
            stored = study.add_recording(
                _longer(study, like.id, times, (), number), participant_id=person, segment=segment, daypart=like.daypart,
                copy_video=False, report=study.report(like.id),
            )  # fmt: skip
            for step in ("events", "mapping", "attention"):
                result = study.current(like.id, step)
                assert result is not None
                tables = {name: _repeated(result.table(name), like.id, study, times) for name in result.files}
                for table in tables.values():
                    for column, value in (("recording_id", stored.id), ("participant_id", person)):
                        if column in table:
                            table[column] = value
                study.write_derived(stored.id, step, result.key, tables, provenance=result.provenance)
        study.add_interviews(_interviews(study.interviews(), count))


def make_hour(sample: Path, folder: Path, video: Path, *, seconds: int = 3600) -> None:
    """Make a study with one long recording, `HOUR`: a walk of the sample again and again, with results."""
    shutil.copytree(sample, folder)
    with open_study(folder) as study:
        like = study.recordings()[0]
        times = round(seconds / TURN_S)
        stored = study.add_recording(
            _longer(study, like.id, times, (video,), 999),
            participant_id=HOUR.partition("-")[0].upper(),
            copy_video=False,
        )
        assert stored.id == HOUR
        for step in ("events", "mapping", "attention"):
            result = study.current(like.id, step)
            assert result is not None
            tables = {name: _repeated(result.table(name), like.id, study, times) for name in result.files}
            study.write_derived(stored.id, step, result.key, tables, provenance=result.provenance)


def _longer(study: Study, name: str, times: int, videos: tuple[Path, ...], number: int) -> Recording:
    """Return a recording of so many turns of another one."""
    gaze = _repeated(_inside(study.stream(name, "gaze"), study, name), name, study, times)
    n = times * FRAMES_A_TURN
    frames = pd.DataFrame(
        {
            "t_ns": (np.arange(n, dtype=np.int64) * _S) // 30,
            "kind": categorical(["real"] * n, FRAME_KINDS),
            "part": 0,
            "video": 0 if videos else -1,
            "index": np.arange(n) if videos else -1,
        }
    )
    return _recording(study, name, {"gaze": gaze, "frames": frames}, videos, number)


def _recording(
    study: Study, name: str, tables: dict[str, pd.DataFrame], videos: tuple[Path, ...], number: int
) -> Recording:
    meta = RecordingMeta(f"walk {number}", "Neon", "bench", 1, study.path, 1_700_000_000 * _S + number)
    return Recording(
        meta,
        clock=Clock("unix_utc", 0, "bench", 0),
        camera=study.camera(name),
        videos=videos,
        loaders={stream: (lambda table=table: Stream(table)) for stream, table in tables.items()},
        files=lambda: (SourceFile("gaze.csv", 100 + number, f"{number:064x}"),),
    )


def _inside(table: pd.DataFrame, study: Study, name: str) -> pd.DataFrame:
    """Return the samples of one turn."""
    start = int(study.stream(name, "frames")["t_ns"].iloc[0])
    t_ns = table["t_ns"] - start
    return table[(t_ns >= 0) & (t_ns < TURN_S * _S)].reset_index(drop=True)


def _repeated(table: pd.DataFrame, name: str, study: Study, times: int) -> pd.DataFrame:
    """Return a table again and again: times, frames, samples and numbers go on; sums stay as they are."""
    if not {"onset_ns", "t_ns"} & set(table.columns):
        return table.copy()
    start = int(study.stream(name, "frames")["t_ns"].iloc[0])
    gaze = study.stream(name, "gaze")["t_ns"].to_numpy()
    before = int((gaze < start).sum())
    samples = len(_inside(study.stream(name, "gaze"), study, name))
    steps = {"frame": FRAMES_A_TURN, "sample": samples, "first_sample": samples, "last_sample": samples}
    parts = []
    for turn in range(times):
        part = table.copy()
        for column in part.columns:
            if column in ("t_ns", "onset_ns", "offset_ns"):
                part[column] = part[column] - start + round(turn * TURN_S * _S)
            elif column in steps:
                first = 0 if column == "frame" else before
                part[column] = part[column] - first + turn * steps[column]
            elif column in ("event_id", "exposure", "visit"):
                part[column] = part[column] + turn * (int(table[column].max()) + 1 if len(table) else 0)
        for column, most in (("first_sample", samples), ("sample", samples), ("frame", FRAMES_A_TURN)):
            if column in part:
                low = turn * steps[column]
                part = part[(part[column] >= low) & (part[column] < low + most)]
        if "last_sample" in part:
            part["last_sample"] = part["last_sample"].clip(upper=(turn + 1) * samples - 1)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _interviews(known: Interviews, count: int) -> Interviews:
    """Return the interviews of further people, who say what the first ones said."""
    people = sorted(known.interviews["participant_id"])
    tables: dict[str, list[pd.DataFrame]] = {"interviews": [], "interview_answers": [], "answer_codes": []}
    for number in range(len(people), count):
        like, person = people[number % len(people)], f"P{number + 1:03d}"
        heads = known.interviews[known.interviews["participant_id"] == like]
        for name, parts in tables.items():
            table = getattr(known, name)
            part = table[table["interview_id"].isin(heads["interview_id"])].copy()
            part["interview_id"] = f"interview-{person}"
            if "participant_id" in part:
                part["participant_id"] = person
            parts.append(part)
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    return Interviews(**joined, code_book=known.code_book, stimuli=known.stimuli)
