"""A study that runs in a second: a poster that slides through a small video, and gaze that rests on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.exporters.video import write_video

WIDTH_PX, HEIGHT_PX = 640, 480


def poster(seed: int) -> np.ndarray:
    """A picture with structure at every scale."""
    rng = np.random.default_rng(seed)
    layers = [rng.integers(0, 255, (n, round(n * 2 / 3), 3), dtype=np.uint8) for n in (6, 18, 60)]
    large = [cv2.resize(layer, (240, 360), interpolation=cv2.INTER_CUBIC).astype(float) for layer in layers]
    return np.clip(0.5 * large[0] + 0.3 * large[1] + 0.2 * large[2], 0, 255).astype(np.uint8)


def write_picture(path: Path, seed: int) -> Path:
    cv2.imwrite(str(path), poster(seed))
    return path


def write_recording(
    folder: Path,
    *seeds: int,
    n_frames: int = 45,
    looks_px: Sequence[tuple[float, float]] = ((119.5, 179.5),),
) -> Path:
    """Write a table, its column mapping and a video in which a poster moves; gaze follows its middle.

    With several seeds the face shows one picture after the other, each for the same number of frames; with
    several looks gaze goes from one point of the poster to the next, each for the same number of frames.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seeds[0])
    wall = cv2.resize(rng.integers(90, 160, (24, 32, 3), dtype=np.uint8), (WIDTH_PX, HEIGHT_PX))
    frames, rows = [], []
    for number in range(n_frames):
        x, y = 60 + 3 * number, 40 + number
        picture = wall.copy()
        picture[y : y + 360, x : x + 240] = poster(seeds[number * len(seeds) // n_frames])
        frames.append(picture)
        across, down = looks_px[number * len(looks_px) // n_frames]
        rows += [
            f"{40 * number + 20 * half},{x + across + 1.5 * half},{y + down + 0.5 * half}" for half in (0, 1)
        ]
    write_video(folder / "scene.mp4", frames, np.arange(n_frames) * 40_000_000)
    (folder / "gaze.csv").write_text("time_ms,x,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    columns = {
        "table": "gaze.csv",
        "time": "time_ms",
        "time_unit": "ms",
        "x": "x",
        "y": "y",
        "xy_unit": "px",
        "video": "scene.mp4",
        "video_start": 0.0,
    }
    (folder / "columns.json").write_text(json.dumps(columns), encoding="utf-8")
    return folder
