"""Speed of the importers, beside named peers in the same run.

Run: python tests/benchmarks/bench_importers.py
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd

from gazestudy._cv2 import cv2
from gazestudy.importers import SceneVideo, find_recordings, read_recording

START_NS = 1_700_000_000_123_456_789
REPEATS = 3


def best_s(work: Callable[[], object]) -> float:
    """Return the shortest of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def write_hour(folder: Path) -> Path:
    """Write an hour of gaze at 200 Hz as Pupil Cloud does (about 110 MB)."""
    count, rng = 720_000, np.random.default_rng(0)
    pd.DataFrame(
        {
            "section id": "f04c7b44-5076-4f28-a28d-7b7863f63221",
            "recording id": "b2345e8e-d5d9-49fe-a6bc-2a04432a24e5",
            "timestamp [ns]": START_NS + np.arange(count) * 5_000_000,
            "gaze x [px]": rng.uniform(0, 1600, count).round(3),
            "gaze y [px]": rng.uniform(0, 1200, count).round(3),
            "worn": 1.0,
            "fixation id": "",
            "blink id": "",
            "azimuth [deg]": rng.normal(size=count),
            "elevation [deg]": rng.normal(size=count),
        }
    ).to_csv(folder / "gaze.csv", index=False)
    (folder / "info.json").write_text(json.dumps({"data_format_version": "2.3"}), encoding="utf-8")
    return folder


def write_video(path: Path, count: int = 300) -> Path:
    """Write a 1280x720 video of moving noise."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 255, (900, 1700), np.uint8), (0, 0), 3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(count):
            picture = np.ascontiguousarray(texture[number // 2 :][:720, number:][:, :1280])
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number * 33, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def bench_tables(folder: Path) -> None:
    """One hour of gaze against pandas reading the same table without exactness or reasons."""
    write_hour(folder)
    find_s = best_s(lambda: find_recordings(folder))
    ours_s = best_s(lambda: read_recording(folder).gaze)
    pandas_s = best_s(lambda: pd.read_csv(folder / "gaze.csv", low_memory=False))
    print(f"recognise the folder          {find_s * 1e3:8.1f} ms  (promised: 50)")
    print(
        f"1 h of gaze at 200 Hz         {ours_s:8.2f} s   (promised: 3; pandas.read_csv alone {pandas_s:.2f} s)"
    )


def bench_video(path: Path) -> None:
    """Luma of every picture and random access, against PyAV's conversion and OpenCV."""

    def ours() -> None:
        with SceneVideo([path]) as video:
            for _ in video.frames():
                pass

    def pyav_gray() -> None:
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                frame.to_ndarray(format="gray")

    def opencv() -> None:
        capture = cv2.VideoCapture(str(path))
        while True:
            good, frame = capture.read()
            if not good:
                break
            cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        capture.release()

    write_video(path)
    ours_s, gray_s, opencv_s = best_s(ours), best_s(pyav_gray), best_s(opencv)
    print(
        f"luma of 300 pictures 1280x720 {ours_s:8.2f} s   (PyAV gray {gray_s:.2f} s, OpenCV {opencv_s:.2f} s)"
    )
    with SceneVideo([path]) as video:
        table_s = best_s(lambda: len(SceneVideo([path])))
        order = np.random.default_rng(1).integers(0, len(video), 30).tolist()
        seek_s = best_s(lambda: [video.frame_at(index, colour=False) for index in order])
    print(f"frame-time table              {table_s * 1e3:8.1f} ms")
    print(f"random access                 {seek_s / len(order) * 1e3:8.1f} ms a picture")


def main() -> None:
    """Run all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hour").mkdir()
        bench_tables(folder / "hour")
        bench_video(folder / "scene.mp4")


if __name__ == "__main__":
    main()
