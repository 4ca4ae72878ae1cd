"""Recordings of hours in the layouts of devices, from a simulated walk that is repeated."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd

from gazestudy.exporters import LAYOUTS
from gazestudy.model import Recording, Stream
from gazestudy.model.tables import GAZE_EVENTS
from gazestudy.simulate import build_station, plain_camera, simulate_walk

FPS_HZ = 25
_WALK_S = 60
_CAMERA_PX = (1920, 1080)


def write_hours(folder: Path, layout: str, hours: float) -> Path:
    """Write a recording of so many hours at 200 Hz, with a dull scene video of the right frame times."""
    folder.mkdir(parents=True)
    recording = _repeated(hours)
    name = LAYOUTS[layout].write(recording, GAZE_EVENTS.empty(), folder)
    write_tiny_video(folder / name, len(recording.frames), _CAMERA_PX)
    return folder


def write_tiny_video(path: Path, count: int, size: tuple[int, int] = (64, 36)) -> Path:
    """Write so many dull pictures at `FPS_HZ`; the packets of two seconds are repeated."""
    grey = np.linspace(60, 180, size[0] * size[1]).astype(np.uint8).reshape(size[::-1])
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS_HZ)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.gop_size = 2 * FPS_HZ
        stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        packets = []
        for number in range(2 * FPS_HZ):
            frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS_HZ)
            packets += [(bytes(one), one.is_keyframe) for one in stream.encode(frame)]
        packets += [(bytes(one), one.is_keyframe) for one in stream.encode(None)]
        for number in range(count):
            data, is_key = packets[number % len(packets)]
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, FPS_HZ)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, is_key
            container.mux(packet)
    return path


def _repeated(hours: float) -> Recording:
    station = build_station(np.random.default_rng(5), reference_long_px=120, people=3)
    walk = simulate_walk(
        station,
        rng=np.random.default_rng(6),
        duration_s=_WALK_S,
        fps_hz=FPS_HZ,
        gaze_hz=200.0,
        camera=plain_camera(*_CAMERA_PX),
        imu_axes="camera",
    )
    short = walk.recording("a long walk")
    rounds = max(1, round(hours * 3600 / _WALK_S))
    tables = {name: _table(short.stream(name), rounds) for name in ("gaze", "imu")}
    rng, count = np.random.default_rng(7), len(tables["gaze"])
    for side in ("left", "right"):
        tables["gaze"][f"pupil_{side}_mm"] = rng.normal(3.5, 0.3, count)
    first, frames = short.frames.iloc[:1], rounds * _WALK_S * FPS_HZ
    tables["frames"] = first.loc[first.index.repeat(frames)].reset_index(drop=True)
    tables["frames"]["t_ns"] += np.arange(frames) * (10**9 // FPS_HZ)
    tables["frames"]["index"] = np.arange(frames)
    return Recording(
        short.meta,
        clock=short.clock,
        camera=short.camera,
        videos=(),
        loaders={name: lambda table=table: Stream(table) for name, table in tables.items()},
    )


def _table(table: pd.DataFrame, rounds: int) -> pd.DataFrame:
    long = pd.concat([table] * rounds, ignore_index=True)
    long["t_ns"] += np.repeat(np.arange(rounds), len(table)) * _WALK_S * 10**9
    return long
