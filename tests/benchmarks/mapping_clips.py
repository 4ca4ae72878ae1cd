"""Simulated clips for the mapping benchmark: rendered once, kept in a folder, with their truth beside them."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model import Camera, Placement
from gazestudy.simulate import (
    VISITOR,
    Habits,
    Station,
    Walk,
    build_station,
    neon_camera,
    plain_camera,
    simulate_walk,
)
from gazestudy.simulate.layout import MIXED, Mix, plan_layout

_KEPT = ("gaze", "frames")
_TRUTH = ("mapping", "gaze", "events", "dwell")
_DRAWING = 1  # raised when the simulator draws the same plan differently: kept clips are drawn again


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """What a clip shows; equal plans give equal clips."""

    name: str
    seed: int
    duration_s: float = 30.0
    width_px: int = 1280
    height_px: int = 720
    lens: str = "plain"  # or "neon"
    mix: Mix = MIXED
    people: int = 30
    habits: Habits = VISITOR
    start_m: float = 2.0
    brightness: float = 1.0
    noise_levels: float = 2.0
    exposure_ms: float = 9.0
    reference_long_px: int = 900
    foreign: tuple[str, ...] = ()  # what of the layout the study does not know
    walk: int = 0  # which walk through the same station

    @property
    def camera(self) -> Camera:
        make = {"plain": plain_camera, "neon": neon_camera}[self.lens]
        return make(self.width_px, self.height_px)


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A rendered clip: its file, what the glasses recorded, and the truth."""

    plan: ClipPlan
    video: Path
    camera: Camera
    placements: tuple[Placement, ...]
    images: dict[str, NDArray[np.uint8]]
    gaze: pd.DataFrame
    frames: pd.DataFrame
    true_mapping: pd.DataFrame
    true_gaze: pd.DataFrame
    true_events: pd.DataFrame
    true_dwell: pd.DataFrame

    @property
    def label(self) -> str:
        return f"{self.plan.name} (seed {self.plan.seed}, {self.camera.width_px}x{self.camera.height_px})"


def walk_plans(seed: int, *, quick: bool = False) -> list[ClipPlan]:
    """Return the clips for accuracy, coverage and occlusion: fifty references, all kinds of trouble."""
    quick_head = replace(VISITOR, glance_share=0.25, head_rad_s=9.0)
    plans = [
        ClipPlan("bright", seed, 24.0, 1920, 1080),
        ClipPlan("neon", seed + 1, 20.0, 1600, 1200, "neon", start_m=12.0),
        ClipPlan("small", seed + 2, 24.0, 1280, 720, "neon", start_m=26.0),
        ClipPlan(
            "dark",
            seed + 3,
            24.0,
            1920,
            1080,
            start_m=5.0,
            brightness=0.4,
            noise_levels=5.0,
            exposure_ms=20.0,
        ),
        ClipPlan("crowd", seed + 4, 24.0, 1280, 720, people=110, start_m=3.0),
        ClipPlan("turns", seed + 5, 24.0, 1920, 1080, start_m=8.0, habits=quick_head),
    ]
    return [replace(plan, duration_s=6.0) for plan in plans] if quick else plans


def stranger_plans(seed: int, *, quick: bool = False) -> list[ClipPlan]:
    """Return the clips for false identity: thirty references, of which none or two are on show now and then.

    Half of the advertisements in view are variants of campaigns in the study. In every second clip two screens
    show one picture of the study and two variants of it in turn.
    """
    screens = tuple(f"screen-{n + 1}" for n in range(4))
    plans = []
    for n in range(5):
        foreign = screens[::2] if n % 2 else screens
        mix = Mix(hung=0, poor=0, screens=4, absent=26 + len(foreign), distractors=26, loop_s=3.0)
        plans.append(
            ClipPlan(
                f"strangers-{n + 1}",
                seed + 10 + n,
                45.0,
                960,
                540,
                mix=mix,
                start_m=13.0 * n,
                foreign=foreign,
                reference_long_px=700,
            )
        )
    return [replace(plan, duration_s=10.0) for plan in plans[:2]] if quick else plans


def twin_plans(seed: int, *, quick: bool = False) -> list[ClipPlan]:
    """Return twenty short walks past two placements with the very same picture."""
    mix = Mix(hung=8, poor=2, screens=0, absent=2, distractors=2, twins=2)
    return [
        ClipPlan(
            f"twins-{n + 1:02d}",
            seed + 30 + n // 4,
            10.0,
            640,
            360,
            mix=mix,
            people=8,
            start_m=(3.0, 9.0, 15.0, 70.0)[n % 4],
            reference_long_px=450,
            walk=n,
        )
        for n in range(3 if quick else 20)
    ]


def passer_by_plans(seed: int, *, quick: bool = False) -> list[ClipPlan]:
    """Return short walks through crowds in which gaze often follows people who pass before placements."""
    habits = replace(VISITOR, placement_share=0.15, person_share=0.0, before_share=0.85, fixation_ms=120.0)
    mix = Mix(hung=26, poor=6, screens=2, absent=4, distractors=4)
    return [
        ClipPlan(
            f"passers-by-{n + 1}",
            seed + 60 + n // 4,
            10.0,
            960,
            540,
            mix=mix,
            people=110,
            habits=habits,
            start_m=(1.0, 3.5, 6.0, 8.5)[n % 4],
            reference_long_px=700,
            walk=n,
        )
        for n in range(1 if quick else 8)
    ]


def make_clips(plans: Sequence[ClipPlan], folder: Path, *, workers: int = 2) -> list[Clip]:
    """Render what is not there yet, several clips at once, and load all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [plan for plan in plans if not _place(plan, folder).exists()]
    if missing:
        print(f"rendering {len(missing)} clips into {folder}", file=sys.stderr)
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            # neighbours in the list share a station: the same process draws them
            for name in pool.map(partial(_render, folder=folder), missing, chunksize=_chunk(missing)):
                print(f"  {name}", file=sys.stderr)
    return [load_clip(plan, folder) for plan in plans]


def _chunk(plans: Sequence[ClipPlan]) -> int:
    """Return how many neighbouring plans share a station."""
    return max(1, len(plans) // len({plan.seed for plan in plans}))


def load_clip(plan: ClipPlan, folder: Path) -> Clip:
    """Load a rendered clip."""
    place = _place(plan, folder)
    with (place / "clip.pickle").open("rb") as stream:
        parts = pickle.load(stream)
    parts["placements"] = tuple(_as_known_today(placement) for placement in parts["placements"])
    return Clip(plan, place / "walk.mp4", plan.camera, **parts)


def _as_known_today(kept: Placement) -> Placement:
    """Return a placement that was kept when placements had fewer attributes."""
    return Placement(**{one.name: getattr(kept, one.name) for one in fields(kept) if hasattr(kept, one.name)})


def _place(plan: ClipPlan, folder: Path) -> Path:
    """Return the folder of a clip, named by its plan."""
    text = repr(plan).replace(", before_share=0.0", "")  # a habit that came later: kept clips stay
    digest = hashlib.sha256(f"{_DRAWING} {text}".encode()).hexdigest()
    return folder / f"{plan.name}-{plan.seed}-{digest[:12]}"


@lru_cache(maxsize=1)
def _station(plan: ClipPlan) -> Station:
    layout = [
        replace(item, in_study=item.in_study and item.id not in plan.foreign)
        for item in plan_layout(np.random.default_rng([plan.seed, 0]), plan.mix)
    ]
    return build_station(
        np.random.default_rng([plan.seed, 1]),
        layout=layout,
        people=plan.people,
        reference_long_px=plan.reference_long_px,
    )


def simulated(plan: ClipPlan) -> Walk:
    """Return the walk of a plan, not drawn."""
    # the station does not depend on who walks where
    alike = replace(plan, name="", walk=0, start_m=0.0, duration_s=0.0, width_px=0, height_px=0)
    return simulate_walk(
        _station(alike),
        rng=np.random.default_rng([plan.seed, 2, plan.walk] if plan.walk else [plan.seed, 2]),
        duration_s=plan.duration_s,
        camera=plan.camera,
        habits=plan.habits,
        start_m=plan.start_m,
        brightness=plan.brightness,
        noise_levels=plan.noise_levels,
        exposure_ms=plan.exposure_ms,
    )


def _render(plan: ClipPlan, folder: Path) -> str:
    from gazestudy._cv2 import cv2

    cv2.setNumThreads(1)
    walk = simulated(plan)
    station = walk.station
    place = _place(plan, folder)
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    write_video(draft / "walk.mp4", walk.frames(luma=True), (plan.width_px, plan.height_px))
    parts = {
        "placements": station.placements,
        "images": {name: np.asarray(image) for name, image in station.images.items()},
        **{name: walk.recording_tables[name] for name in _KEPT},
        **{f"true_{name}": getattr(walk.truth, name) for name in _TRUTH},
    }
    with (draft / "clip.pickle").open("wb") as stream:
        pickle.dump(parts, stream)
    draft.rename(place)
    return place.name


def write_video(path: Path, lumas: Iterable[NDArray[np.uint8]], size_px: tuple[int, int]) -> None:
    """Write grey pictures as H.264 at 30 frames a second; mapping reads the luma alone."""
    video_range = np.round(16 + np.arange(256) * 219 / 255).astype(np.uint8)
    grey = np.full((size_px[1] // 2, size_px[0]), 128, dtype=np.uint8)
    with av.open(str(path), "w") as container:
        options = {"crf": "23", "preset": "veryfast", "threads": "1"}
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = *size_px, "yuv420p"
        for luma in lumas:
            planes = np.vstack([video_range[luma], grey])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode())


def looped(clip: Clip, folder: Path, *, minutes: float) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
    """Return video, frames and gaze of a long recording: the clip again and again, without re-encoding."""
    repeats = max(1, round(60 * minutes / clip.plan.duration_s))
    path = folder / f"{clip.video.parent.name}-x{repeats}.mp4"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}.mp4")
        _repeat_packets(clip.video, draft, repeats)
        draft.rename(path)
    period_ns = round(clip.plan.duration_s * 1e9) + 40_000_000
    count = len(clip.frames)
    frames = pd.concat([_later(clip.frames, n * period_ns, n * count) for n in range(repeats)])
    gaze = pd.concat([_later(clip.gaze, n * period_ns, 0) for n in range(repeats)])
    return path, frames.reset_index(drop=True), gaze.reset_index(drop=True)


def _later(table: pd.DataFrame, shift_ns: int, frames: int) -> pd.DataFrame:
    moved = table.assign(t_ns=table["t_ns"] + shift_ns)
    return moved.assign(index=moved["index"] + frames) if "index" in moved else moved


def _repeat_packets(source: Path, path: Path, repeats: int) -> None:
    with av.open(str(path), "w") as out:
        stream, shift = None, 0
        for _ in range(repeats):
            with av.open(str(source)) as container:
                if stream is None:
                    stream = out.add_stream_from_template(container.streams.video[0])
                last = shift
                for packet in container.demux(video=0):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    last = max(last, packet.pts + (packet.duration or 0))
                    packet.stream = stream
                    out.mux(packet)
                shift = last
