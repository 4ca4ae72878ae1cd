"""How much of the gaze that automatic mapping leaves out two clicked key frames per failed passage bring back.

`PYTHONPATH=. python tests/benchmarks/bench_key_frames.py [--seed N ...] [--duration-s S]`: walks are simulated,
mapped automatically, and every stretch in which gaze truly lies on a visible placement but is not mapped onto
it gets two key frames. Their corners come from the truth with 2 px of noise, as a person would click them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import apply_homography, quad_problem
from gazestudy.mapping import Reference, map_gaze
from gazestudy.mapping.key_frames import track_key_frames
from gazestudy.model import Camera, Placement
from gazestudy.model.manual import CORNERS, KeyFrame, corners_of

CLICK_SD_PX = 2.0
APART_S = 1.0
WRONG_SHARE = 0.05
_H = [f"h{row}{column}" for row in range(3) for column in range(3)]

Frames = Callable[[], Iterable[tuple[int, int, NDArray[np.uint8]]]]


@dataclass(frozen=True)
class Figures:
    """What key frames brought back on one walk.

    Attributes
    ----------
    left_out : int
        Valid samples that truly lie on a visible placement and that automatic mapping does not put onto it.
    mapped, right : int
        Those of them that key frames put onto it; and within 5 % of its width.
    passages, key_frames : int
        Stretches without a second of interruption, and the clicked frames.
    errors_percent : ndarray of float
        Distance from the true place, percent of the width, of the mapped samples.
    seconds : float
        CPU time of the tracking.
    detail : DataFrame
        One row per passage.
    """

    left_out: int
    mapped: int
    right: int
    passages: int
    key_frames: int
    errors_percent: NDArray[np.float64]
    seconds: float
    detail: pd.DataFrame

    def line(self) -> str:
        """Return the figures in words."""
        median, p95 = np.percentile(self.errors_percent, [50, 95]) if self.mapped else (np.nan, np.nan)
        return (
            f"left out by automatic mapping: {self.left_out} samples in {self.passages} passages; mapped after"
            f" {self.key_frames} key frames: {self.mapped} ({100 * self.mapped / max(self.left_out, 1):.1f} %),"
            f" within 5 % of the width: {self.right} ({100 * self.right / max(self.left_out, 1):.1f} %);"
            f" error median {median:.2f} %, 95th percentile {p95:.2f} %; {self.seconds:.1f} s CPU"
        )


def key_frame_figures(
    frames: Frames,
    references: Sequence[Reference],
    camera: Camera,
    *,
    gaze: pd.DataFrame,
    frame_table: pd.DataFrame,
    mapped_gaze: pd.DataFrame,
    true_gaze: pd.DataFrame,
    true_mapping: pd.DataFrame,
    placements: Sequence[Placement],
    rng: np.random.Generator,
    min_visible_share: float = 0.3,
) -> Figures:
    """Click key frames on what automatic mapping left out, and compare with the truth.

    Parameters
    ----------
    frames : callable
        Gives the frames anew: number, time in ns, luma.
    references, camera, gaze, frame_table, placements
        As for mapping.
    mapped_gaze : DataFrame
        What automatic mapping found.
    true_gaze, true_mapping : DataFrame
        Tables of `simulate.Truth` with `sample` and `frame` as in `gaze` and `frame_table`.
    rng : Generator
        For the noise of the clicks.
    min_visible_share : float
        A placement counts as visible from this share on.

    Returns
    -------
    Figures
        The figures.
    """
    true = true_gaze[true_gaze["placement_id"] != ""].dropna(subset=["placement_id"])
    shown = true_mapping.drop_duplicates(["frame", "placement_id", "copy"])
    true = true.merge(shown[["frame", "placement_id", "copy", "visible_share", "width_px"]], how="left")
    true = true[gaze["valid"].to_numpy()[true["sample"]] & (true["visible_share"] >= min_visible_share)]
    ours = mapped_gaze.set_index("sample")["placement_id"].reindex(true["sample"]).to_numpy()
    failed = true[ours != true["placement_id"].to_numpy()].sort_values("sample")
    clicks: list[KeyFrame] = []
    passage = np.zeros(len(failed), dtype=int)
    rows = []
    for (placement_id, copy), part in failed.groupby(["placement_id", "copy"]):
        breaks = np.diff(part["t_ns"].to_numpy()) > APART_S * 1e9
        number = np.concatenate([[0], np.cumsum(breaks)])
        for which in np.unique(number):
            own = part[number == which]
            truth = true_mapping[
                (true_mapping["placement_id"] == placement_id) & (true_mapping["copy"] == copy)
            ]
            made = _clicked(own, truth, camera, placements, rng)
            rows.append((placement_id, copy, len(own), own["t_ns"].iloc[0] / 1e9, len(made)))
            passage[failed.index.get_indexer(own.index)] = len(rows) - 1
            clicks += made
    started = time.process_time()
    table = track_key_frames(frames(), references, camera, _once(clicks))
    seconds = time.process_time() - started
    found, _ = map_gaze(gaze, frame_table, table, placements, camera)
    merged = failed.assign(passage=passage).merge(
        found[["sample", "placement_id", "x_ref_px", "y_ref_px"]],
        on=["sample", "placement_id"],
        how="left",
        suffixes=("_true", ""),
    )
    widths = merged["placement_id"].map({p.id: p.size_px[0] for p in placements})
    # at the sample's own time: the head turns on between frames, and mapping takes that into account
    merged["error"] = (
        100
        / widths
        * np.hypot(merged["x_ref_px"] - merged["x_ref_px_true"], merged["y_ref_px"] - merged["y_ref_px_true"])
    )
    merged["mapped"] = merged["x_ref_px"].notna()
    detail = pd.DataFrame(rows, columns=["placement", "copy", "samples", "start_s", "clicks"])
    groups = merged.groupby("passage")
    detail["mapped"] = groups["mapped"].sum().reindex(detail.index, fill_value=0)
    detail["error"] = groups["error"].median().reindex(detail.index)
    detail["width_px"] = groups["width_px"].median().reindex(detail.index)
    good = merged["mapped"] & ~(merged["error"] > 100 * WRONG_SHARE)
    errors = merged["error"].to_numpy()
    return Figures(
        len(merged),
        int(merged["mapped"].sum()),
        int(good.sum()),
        len(rows),
        len(_once(clicks)),
        errors[np.isfinite(errors)],
        seconds,
        detail,
    )


def _once(clicks: Sequence[KeyFrame]) -> list[KeyFrame]:
    """Return one click per frame and print."""
    return list({(c.t_ns, c.placement_id, c.copy): c for c in clicks}.values())


def _clicked(
    samples: pd.DataFrame,
    truth: pd.DataFrame,
    camera: Camera,
    placements: Sequence[Placement],
    rng: np.random.Generator,
) -> list[KeyFrame]:
    """Choose a clear frame early and one late in a passage, and click its corners."""
    first, last = samples["frame"].min(), samples["frame"].max()
    reach = max(6, (last - first) // 4)
    size = next(p.size_px for p in placements if p.id == samples["placement_id"].iloc[0])
    found = []
    for middle in (first, last):
        near = truth[(truth["frame"] - middle).abs() <= reach]
        found += _best(near, size, camera, rng) or _best(near, size, camera, rng, corners=False)
    return found


def _best(
    near: pd.DataFrame,
    size: tuple[int, int],
    camera: Camera,
    rng: np.random.Generator,
    *,
    corners: bool = True,
) -> list[KeyFrame]:
    """Click the clearest of some frames: its corners, or four other points that are in view."""
    best: tuple[float, KeyFrame] | None = None
    limit = np.array([camera.width_px, camera.height_px])
    flats, at = {}, {}
    for row in near.itertuples():
        truly = np.array([getattr(row, name) for name in _H]).reshape(3, 3)
        at[int(row.frame)] = np.array(CORNERS) if corners else _in_view(truly, size, camera)
        flats[int(row.frame)] = apply_homography(truly, at[int(row.frame)] * size - 0.5)
    for row in near.itertuples():
        flat = flats[int(row.frame)]
        if quad_problem(flat, min_side_px=10.0) is not None:
            continue
        points = distort_px(flat, camera)
        if not np.isfinite(points).all() or ((points < -0.05 * limit) | (points > 1.05 * limit)).any():
            continue
        after = flats.get(int(row.frame) + 1, flats.get(int(row.frame) - 1, flat))
        speed = float(np.median(np.linalg.norm(after - flat, axis=1)))
        score = row.visible_share - 0.02 * speed
        if best is None or score > best[0]:
            noisy = points + rng.normal(0, CLICK_SD_PX, (4, 2))
            key = KeyFrame(
                "walk",
                int(row.t_ns),
                row.placement_id,
                corners_of(noisy),
                copy=int(row.copy),
                creative_id=str(row.creative_id),
                at_shares=corners_of(at[int(row.frame)]),
            )
            best = score, key
    return [] if best is None else [best[1]]


def _in_view(truly: NDArray[np.float64], size: tuple[int, int], camera: Camera) -> NDArray[np.float64]:
    """Return four points of the picture, as shares, that make a large rectangle in the image."""
    ticks = (np.arange(24) + 0.5) / 24
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    limit = np.array([camera.width_px, camera.height_px]) - 1.0

    def shown(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
        flat = apply_homography(truly, shares * size - 0.5)
        scene = distort_px(flat, camera)
        inside = np.all((scene >= 0) & (scene <= limit), axis=1)
        back = np.full_like(scene, np.nan)
        back[inside] = undistort_px(scene[inside], camera)
        return inside & (np.abs(back - flat).max(axis=1) < 1.0)

    seen = grid[shown(grid)]
    if len(seen) < 4:
        return np.array(CORNERS)
    low, high = seen.min(axis=0), seen.max(axis=0)
    for _ in range(12):
        box = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
        if shown(box).all():
            return box
        middle = np.median(seen, axis=0)
        low, high = low + 0.1 * (middle - low), high + 0.1 * (middle - high)
    return np.array(CORNERS)


def _study_figures(folder: Path, temporary: Path, rng: np.random.Generator) -> list[Figures]:
    """Import a folder of simulated sessions, map it, and measure each recording."""
    from gazestudy.pipeline.analysis import Pictures, references_of
    from gazestudy.pipeline.demo import load_sessions
    from gazestudy.pipeline.run import run_study
    from gazestudy.store import create_study, open_study
    from tests.walk_truth import number_of

    path = temporary / f"study-{folder.name}"
    if not path.exists():
        with create_study(path, name=folder.name) as study:
            load_sessions(study, folder)
            run_study(study)
    found = []
    with open_study(path) as study:
        placements = study.placements()
        references = [
            reference
            for placement in placements
            for reference in references_of(placement, [study.placement_image(c) for c in placement.creatives])
        ]
        ids = {f"{p.id}-{n}": c.id for p in placements for n, c in enumerate(p.creatives, start=1)}
        people = pd.read_csv(folder / "participants.csv").set_index("participant")
        offsets = pd.read_csv(folder / "truth" / "clocks.csv").set_index("recording")["offset_ns"]
        for recording in study.recordings():
            name = str(people.loc[recording.participant_id, "recording"])
            gaze, frames = study.stream(recording.id, "gaze"), study.stream(recording.id, "frames")
            true_gaze = pd.read_csv(folder / "truth" / f"{name}-gaze.csv")
            true_mapping = pd.read_csv(folder / "truth" / f"{name}-homographies.csv")
            frame_ns = true_mapping.drop_duplicates("frame").set_index("frame")["t_ns"] + offsets[name]
            known = true_gaze["frame"].map(frame_ns).fillna(-1).astype("int64")
            true_gaze["frame"] = number_of(known, frames["t_ns"])
            true_mapping["frame"] = number_of(true_mapping["t_ns"] + offsets[name], frames["t_ns"])
            true_mapping = true_mapping[true_mapping["frame"] >= 0]
            true_mapping["t_ns"] = frames["t_ns"].to_numpy()[true_mapping["frame"]]
            true_mapping["creative_id"] = true_mapping["creative_id"].map(ids)
            true_gaze["sample"] = number_of(true_gaze["t_ns"] + offsets[name], gaze["t_ns"])
            camera = study.camera(recording.id)
            assert camera is not None
            found.append(
                key_frame_figures(
                    partial(Pictures, study.media(recording.id), frames),
                    references,
                    camera,
                    gaze=gaze,
                    frame_table=frames,
                    mapped_gaze=study.current(recording.id, "attention").table("mapped_gaze"),
                    true_gaze=true_gaze[(true_gaze["sample"] >= 0) & (true_gaze["frame"] >= 0)],
                    true_mapping=true_mapping,
                    placements=placements,
                    rng=rng,
                )
            )
    return found


def main() -> None:
    """Print the figures."""
    from gazestudy.pipeline.simulation import simulate_sessions

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--duration-s", type=float, default=20.0)
    parser.add_argument("--folder", type=Path, action="append", help="sessions that were simulated already")
    parser.add_argument("--keep", type=Path, help="where studies are kept for the next time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folders = given.folder or [
            simulate_sessions(
                Path(temporary) / f"walk-{seed}", seed=seed, participants=1, duration_s=given.duration_s
            )
            for seed in given.seed or (1,)
        ]
        figures = []
        for folder in folders:
            for one in _study_figures(folder, given.keep or Path(temporary), np.random.default_rng(5)):
                print(folder.name, one.line())
                print(one.detail.to_string(index=False))
                figures.append(one)
    left_out, mapped, right = (sum(getattr(f, n) for f in figures) for n in ("left_out", "mapped", "right"))
    print(
        f"all: {mapped} of {left_out} mapped ({100 * mapped / max(left_out, 1):.1f} %; asked: 90 %),"
        f" within 5 % of the width: {100 * right / max(left_out, 1):.1f} %"
    )
    raise SystemExit(0 if mapped >= 0.9 * left_out else 1)


if __name__ == "__main__":
    main()
