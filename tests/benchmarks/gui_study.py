"""Studies for the benchmark of the desktop: a hundred short recordings, and one of sixty minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
import pandas as pd

from gazestudy.model import Camera, Clock, Recording, RecordingMeta, SourceFile, Stream, categorical
from gazestudy.model.tables import EVENT_KINDS, FRAME_KINDS, REASONS
from gazestudy.store import Study, create_study

SAMPLES = Path(__file__).resolve().parents[2] / "sample_sessions"
_S = 1_000_000_000


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


def gaze_table(seconds: int, rate_hz: int, width: int, height: int) -> pd.DataFrame:
    """Return gaze that rests and jumps, with blinks."""
    rng = np.random.default_rng(3)
    n = seconds * rate_hz
    where = np.repeat(rng.random((n // 60 + 1, 2)), 60, axis=0)[:n] * [width, height]
    valid = np.repeat(rng.random(n // 20 + 1) > 0.02, 20)[:n]
    reason = np.where(valid, "ok", "blink")
    xy = where + rng.normal(0, 3, (n, 2))
    xy[~valid] = np.nan
    return pd.DataFrame(
        {
            "t_ns": np.arange(n, dtype=np.int64) * (_S // rate_hz),
            "x_px": xy[:, 0],
            "y_px": xy[:, 1],
            "valid": valid,
            "reason": categorical(reason, REASONS),
            "confidence": np.where(valid, 1.0, 0.0),
            "part": 0,
        }
    )


def recording(number: int, folder: Path, *, seconds: int, rate_hz: int, video: Path | None) -> Recording:
    """Return a recording as an importer would."""
    width, height = 1920, 1080
    gaze = gaze_table(seconds, rate_hz, width, height)
    n = seconds * 30
    frames = pd.DataFrame(
        {
            "t_ns": (np.arange(n, dtype=np.int64) * _S) // 30,
            "kind": categorical(["real"] * n, FRAME_KINDS),
            "part": 0,
            "video": 0 if video else -1,
            "index": np.arange(n) if video else -1,
        }
    )
    return Recording(
        RecordingMeta(f"walk {number}", "Neon", "bench", 1, folder, 1_700_000_000 * _S + number),
        clock=Clock("unix_utc", 0, "bench", 0),
        camera=Camera(width, height, 1400.0, 1400.0, width / 2, height / 2, "opencv4", (0.0, 0.0, 0.0, 0.0)),
        videos=(video,) if video else (),
        loaders={"gaze": lambda: Stream(gaze), "frames": lambda: Stream(frames)},
        files=lambda: (SourceFile("gaze.csv", 100 + number, f"{number:064x}"),),
    )


def make_hundred(folder: Path, count: int = 100) -> None:
    """Make a study of many short recordings with results."""
    report = {
        "findings": [{"severity": "info", "stream": "gaze", "code": "x", "message": "y " * 60, "count": 1}]
        * 8
    }
    with create_study(folder, name="A hundred walks") as study:
        add_placements(study, 6)
        for number in range(count):
            one = recording(number, folder, seconds=2, rate_hz=200, video=None)
            stored = study.add_recording(one, participant_id=f"P{number // 2 + 1:02d}", report=report)
            write_results(study, stored.id, seconds=2)


def make_hour(folder: Path, video: Path, seconds: int = 3600) -> None:
    """Make a study of one long recording with results."""
    with create_study(folder, name="An hour") as study:
        add_placements(study, 6)
        one = recording(0, folder, seconds=seconds, rate_hz=200, video=video)
        stored = study.add_recording(one, participant_id="P01", copy_video=False)
        write_results(study, stored.id, seconds=seconds)


def add_placements(study: Study, count: int) -> None:
    """Add some of the sample placements."""
    for picture in sorted((SAMPLES / "placements").glob("*.jpg"))[:count]:
        study.add_placement(picture.stem, [picture], width_mm=1200.0, station="Siam")


def write_results(study: Study, name: str, *, seconds: int) -> None:
    """Store gaze events, a mapping and visits as the pipeline would."""
    rng = np.random.default_rng(9)
    places = [place.id for place in study.placements()]
    n = max(4, int(seconds * 3.3))
    onset = np.sort(rng.integers(0, seconds * _S, n)).astype(np.int64)
    events = pd.DataFrame(
        {
            "event_id": np.arange(n),
            "kind": categorical(np.where(np.arange(n) % 2 == 0, "fixation", "saccade"), EVENT_KINDS),
            "onset_ns": onset,
            "offset_ns": np.append(onset[1:] - 1, seconds * _S),
            "duration_ms": np.append(np.diff(onset), _S) / 1e6,
        }
    )
    frame = np.arange(0, seconds * 30, 2)
    h = {f"h{r}{c}": np.full(len(frame), float(r == c)) for r in range(3) for c in range(3)}
    mapping = pd.DataFrame(
        {
            "frame": frame,
            "t_ns": frame * _S // 30,
            "placement_id": [places[number // 90 % len(places)] for number in frame],
            "state": pd.Categorical(np.where(frame % 300 < 200, "mapped", "lost")),
            **h,
        }
    )
    visits = pd.DataFrame(
        {
            "placement_id": [places[k % len(places)] for k in range(n // 4)],
            "aoi_id": "",
            "visit": 0,
            "onset_ns": onset[: 4 * (n // 4) : 4],
            "offset_ns": onset[: 4 * (n // 4) : 4] + 300_000_000,
            "duration_ms": 300.0,
            "fixation_count": 1,
        }
    )
    samples = np.arange(0, seconds * 200, 4)
    mapped_gaze = pd.DataFrame(
        {"sample": samples, "placement_id": [places[k // 900 % len(places)] for k in samples]}
    )
    study.write_derived(name, "events", "a1", {"events": events}, provenance={})
    study.write_derived(name, "mapping", "a2", {"mapping": mapping}, provenance={})
    study.write_derived(
        name, "attention", "a3", {"visits": visits, "mapped_gaze": mapped_gaze}, provenance={}
    )


def resident_mb() -> float:
    """Return the memory this process holds now, MB; NaN where the system does not say."""
    if sys.platform.startswith("linux"):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * 4096 / 1e6
    return float("nan")
