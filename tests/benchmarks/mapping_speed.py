"""Speed and memory of mapping, from file to stored table, beside decoding the same file alone.

Each measurement runs in a fresh process of its own, whose memory (with that of its own children) is watched
from outside.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

import numpy as np
from mapping_clips import Clip, load_clip, looped
from mapping_judge import GOOD_POINTS, true_areas
from mapping_run import Bench, Figure, key_points, map_clip, references_in

from gazestudy.mapping.feature_index import FeatureIndex
from gazestudy.mapping.references import Reference, prepare
from gazestudy.pipeline.analysis import Pictures
from gazestudy.pipeline.picture_features import PictureFeatures

DECODING_FPS = 267.0
"""Frames of 1080p a second that two free cores decode: what the asked figures were set beside."""

FULL_FPS, GUIDED_FPS, REFERENCES_RATIO, MEMORY_MB = 50.0, 85.0, 1.2, 800.0
FULL_CPU, GUIDED_CPU = 6.3, 3.5
"""CPU beside that of decoding, which counts where other programs keep the cores busy: 7 at 45 frames a second
and 4 at 75, in proportion."""
_FREE_LOAD = 1.0
_FEATURES = "features"  # folder of what a study keeps of its pictures


def speed(bench: Bench, minutes: Sequence[float]) -> list[Figure]:
    """Measure speed on one minute, the cost of references, and memory at several lengths."""
    clip = bench.walks[0]
    length = 0.25 if bench.quick else 1.0
    inside = partial(_inside, clip=clip, folder=bench.folder)
    load = _load()
    index = inside(_describe, minutes=length)
    posters = _most_and_least_seen(clip)
    for poster in posters:
        inside(_describe, minutes=length, kept=poster, strangers=49)
    decode = inside(_decode, minutes=length)
    full = inside(_map, minutes=length, search="frame")
    guided = inside(_map, minutes=length, search="gaze")
    again = inside(_decode, minutes=length)
    floor = {name: (decode[name] + again[name]) / 2 for name in ("wall_s", "cpu_s", "frames")}
    decoding = floor["frames"] / floor["wall_s"]
    figures = [
        Figure(
            "speed",
            "decoding alone, 1080p",
            f"{decoding:.0f} fps, {1000 * floor['cpu_s'] / floor['frames']:.1f} ms CPU a frame",
        )
    ]
    if load > _FREE_LOAD:
        text = f"{load:.0f} other processes were running: seconds say little, CPU counts"
        figures.append(Figure("speed", "busy machine", text))
    count = len(references_in(clip))
    each = 1000 * index["cpu_s"] / count
    text = f"{each:.0f} ms CPU, once in a study: the runs below are those of its later recordings"
    figures.append(Figure("speed", "features of a reference", text, "<= 250 ms", each <= 250))
    for what, run, fps, most in (
        ("full frame", full, FULL_FPS, FULL_CPU),
        ("guided by gaze", guided, GUIDED_FPS, GUIDED_CPU),
    ):
        ratio, cpu = run["wall_s"] / floor["wall_s"], run["cpu_s"] / floor["cpu_s"]
        measured = (
            f"{run['frames'] / run['wall_s']:.1f} fps, {ratio:.1f} x decoding: {DECODING_FPS / ratio:.1f} fps"
            f" where decoding runs at {DECODING_FPS:.0f}; CPU {cpu:.1f} x,"
            f" {1000 * run['cpu_s'] / run['frames']:.0f} ms a frame"
        )
        asked = f">= {fps:.0f} fps there" if load <= _FREE_LOAD else f"CPU <= {most} x"
        held = DECODING_FPS / ratio >= fps if load <= _FREE_LOAD else cpu <= most
        figures.append(Figure("speed", f"{what}, {count} references", measured, asked, held))
    figures += _references(inside, length, full, posters)
    figures.append(_memory(f"{length:g} minutes, whole frames", full))
    runs = (
        (each, guided if each == length else inside(_map, minutes=each, search="gaze")) for each in minutes
    )
    return figures + [_memory(f"{each:g} minutes, by gaze", run) for each, run in runs]


def _references(
    inside: Callable[..., dict[str, float]],
    minutes: float,
    every: dict[str, float],
    posters: tuple[str, str],
) -> list[Figure]:
    """Compare one reference with itself among 49 that are not in the station, and with all of the study's.

    The one is seen more than any other, as those of a study are, or never: then nothing is followed, and all
    the work is looking for it.
    """
    one, among = (
        [
            inside(_map, minutes=minutes, search="frame", kept=name, strangers=strangers)["cpu_s"]
            for name in posters
        ]
        for strangers in (0, 49)
    )
    seen, unseen = (many / alone for many, alone in zip(among, one, strict=True))
    return [
        Figure(
            "speed",
            "50 references beside the one in sight, CPU",
            f"{seen:.2f} x",
            f"<= {REFERENCES_RATIO}",
            seen <= REFERENCES_RATIO,
        ),
        Figure("speed", "the same where none is ever in sight", f"{unseen:.2f} x"),
        Figure(
            "speed",
            "50 references, 28 of them in sight, beside one",
            f"{every['cpu_s'] / one[0]:.2f} x",
        ),
    ]


def _memory(what: str, run: dict[str, float]) -> Figure:
    megabytes = run["peak_mb"]
    return Figure(
        "speed",
        f"memory, {what}",
        f"{megabytes:.0f} MB ({run['frames'] / run['wall_s']:.1f} fps)",
        f"< {MEMORY_MB:.0f} MB",
        megabytes < MEMORY_MB,
    )


def _inside(work: Callable[..., int], *, clip: Clip, folder: Path, **options: object) -> dict[str, float]:
    """Run `work` in a process of its own; return frames, wall_s, cpu_s and peak_mb."""
    context = get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_child, args=(far, work, clip.plan, folder, options))
    process.start()
    peak = 0.0
    while process.is_alive() and not near.poll(0.2):
        peak = max(peak, _tree_mb(process.pid or 0))
    result = dict(near.recv())
    process.join()
    return result | {"peak_mb": max(peak, result["own_mb"])}


def _child(far: Connection, work: Callable[..., int], plan: object, folder: Path, options: dict) -> None:
    clip = load_clip(plan, folder)
    run = partial(work, clip, folder, **options)
    before, start = os.times(), time.perf_counter()
    frames = run()
    wall, after = time.perf_counter() - start, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    far.send({"frames": frames, "wall_s": wall, "cpu_s": cpu, "own_mb": _own_peak_mb()})


def _decode(clip: Clip, folder: Path, *, minutes: float) -> int:
    video, frames, _ = looped(clip, folder, minutes=minutes)
    return sum(1 for _ in Pictures([video], frames))


def _map(
    clip: Clip,
    folder: Path,
    *,
    minutes: float,
    search: Literal["frame", "gaze"],
    kept: str | None = None,
    strangers: int = 0,
) -> int:
    video, frames, gaze = looped(clip, folder, minutes=minutes)
    references = _pictures(clip, kept, strangers)
    clip.images.clear()  # the pictures as they were drawn are the benchmark's own
    table = map_clip(
        clip,
        references=references,
        search=search,
        video=video,
        frames=frames,
        gaze=gaze,
        known=PictureFeatures(folder / _FEATURES),
    )
    with tempfile.TemporaryDirectory() as place:
        table.to_parquet(Path(place) / "mapping.parquet")
    return len(frames)


def _describe(
    clip: Clip, folder: Path, *, minutes: float, kept: str | None = None, strangers: int = 0
) -> int:
    """Find the features of all pictures anew, as for the first recording of a study."""
    known = PictureFeatures(folder / _FEATURES)
    for key in list(known):
        if kept is None:
            del known[key]
    references = _pictures(clip, kept, strangers)
    FeatureIndex(prepare(references), known)
    return len(references)


def _pictures(clip: Clip, kept: str | None, strangers: int) -> list[Reference]:
    """Return all pictures of the clip's study, or one of them and so many that are not in the station."""
    references = references_in(clip)
    if kept is None:
        return references
    absent = [one for one in references if one.placement_id.startswith("absent")]
    absent += [replace(one, image=_other(one.image, n)) for n, one in enumerate(references)]
    renamed = [
        replace(one, placement_id=f"other-{n}", creative_id=f"other-{n}")
        for n, one in enumerate(absent[:strangers])
    ]
    return [*(one for one in references if one.placement_id == kept), *renamed]


def _most_and_least_seen(clip: Clip) -> tuple[str, str]:
    """Return the posters with a rich picture of which most and least is seen, added up over the frames."""
    rows, points = clip.true_mapping, key_points(clip)
    areas = rows.assign(area=true_areas(clip, rows)).groupby("placement_id")["area"].sum()
    rich = [
        one.placement_id
        for one in references_in(clip)
        if one.placement_id.startswith("poster") and points[one.creative_id] >= GOOD_POINTS
    ]
    order = sorted(rich, key=lambda name: areas.get(name, 0.0))
    return order[-1], order[0]


def _other(image: np.ndarray, seed: int) -> np.ndarray:
    """Return a picture with as much detail that shows something else: its tiles in another order."""
    height, width = (side // 4 for side in image.shape[:2])
    tiles = [
        image[y * height : (y + 1) * height, x * width : (x + 1) * width] for y in range(4) for x in range(4)
    ]
    order = np.random.default_rng(seed).permutation(16)
    rows = [np.hstack([tiles[n][::-1] for n in order[at : at + 4]]) for at in range(0, 16, 4)]
    return np.ascontiguousarray(np.vstack(rows))


def _load() -> float:
    """Return how many processes have been running in the last minute (0 where the system does not say)."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _own_peak_mb() -> float:
    """Return the largest memory this process ever had; NaN where the system does not say."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if os.uname().sysname == "Linux" else peak / 1024**2


def _tree_mb(pid: int) -> float:
    """Return the memory of a process and all its children (Linux; elsewhere 0)."""
    page, total = 4096, 0.0
    try:
        total = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * page / 1024**2
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            total += sum(_tree_mb(int(child)) for child in children.read_text(encoding="ascii").split())
    except OSError:
        return total
    return total
