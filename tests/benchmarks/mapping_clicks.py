"""What a person adds to automatic mapping: two clicked key frames for each passage that failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from mapping_clips import Clip
from mapping_judge import LEAST_AREA, LEAST_VISIBLE, H, judge_samples, mapped_clip, true_areas
from mapping_run import Bench, Figure, key_points, references_in
from numpy.typing import NDArray

from gazestudy.geometry.cameras import distort_px
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.mapping.key_frames import track_key_frames
from gazestudy.model.manual import KeyFrame
from gazestudy.pipeline.analysis import Pictures

CLICK_PX = 2.0
"""Standard deviation of a click, per coordinate."""
_LONGEST_GAP_FRAMES = 15
_OUTSIDE = 0.1  # people click corners that lie in the image, or hardly outside


def two_clicks(bench: Bench) -> list[Figure]:
    """Click two key frames for each failed passage and count what is then mapped of what was left."""
    left = found = close = keys = passages = 0
    for clip in bench.walks:
        points = key_points(clip)
        samples = judge_samples(bench.mapped(clip), points)
        missed = samples[samples["counts"] & (samples["found"] == "")]
        chosen = list(_key_frames(clip, missed))
        clicked = [key for pair in chosen for key in pair]
        passages, keys = passages + len(chosen), keys + len(clicked)
        left += len(missed)
        if not clicked:
            continue
        table = track_key_frames(
            Pictures([clip.video], clip.frames), references_in(clip), clip.camera, clicked
        )
        after = judge_samples(mapped_clip(clip, table, clip.camera), points).loc[missed.index]
        same = after["found"] == after["true"]
        found += int(same.sum())
        close += int((same & (after["error_percent"] <= 5.0)).sum())
    share = found / max(left, 1)
    return [
        Figure(
            "coverage",
            "of what is left, after two clicked key frames",
            f"{100 * share:.1f} % ({found} of {left}; {close} within 5 % of width; {keys} key frames for"
            f" {passages} passages)",
            ">= 90 %",
            share >= 0.9,
        )
    ]


def _key_frames(clip: Clip, missed: pd.DataFrame) -> Iterator[list[KeyFrame]]:
    """Yield for each failed passage the key frames that a person would click."""
    truth = clip.true_mapping.assign(area=true_areas(clip, clip.true_mapping))
    truth = truth[(truth["visible_share"] >= LEAST_VISIBLE) & (truth["area"] >= LEAST_AREA)]
    rng = np.random.default_rng(clip.plan.seed)
    for (placement, creative), group in missed.groupby(["true", "true_creative"]):
        rows = truth[(truth["placement_id"] == placement) & (truth["creative_id"] == creative)]
        frames = np.unique(group["frame"])
        for passage in np.split(frames, np.flatnonzero(np.diff(frames) > _LONGEST_GAP_FRAMES) + 1):
            near = rows[rows["frame"].between(passage[0], passage[-1])]
            pair = _two_of(clip, near, rng)
            if pair:
                yield pair


def _two_of(clip: Clip, rows: pd.DataFrame, rng: np.random.Generator) -> list[KeyFrame]:
    """Click an early and a late frame of a passage, among those that show the corners."""
    size = {placement.id: placement.size_px for placement in clip.placements}
    able = []
    limit = np.array([clip.camera.width_px, clip.camera.height_px])
    for row in rows[np.isfinite(rows["width_px"])].itertuples():
        matrix = np.array([getattr(row, name) for name in H]).reshape(3, 3)
        flat = apply_homography(matrix, corners_px(*size[row.placement_id]))
        corners = distort_px(flat, clip.camera)
        if ((corners > -_OUTSIDE * limit) & (corners < (1 + _OUTSIDE) * limit)).all():
            able.append((row, corners))
    if not able:
        return []
    picked = sorted({round(0.15 * (len(able) - 1)), round(0.85 * (len(able) - 1))})
    return [_click(*able[number], rng) for number in picked]


def _click(row: Any, corners: NDArray[np.float64], rng: np.random.Generator) -> KeyFrame:
    x, y = (corners + rng.normal(0, CLICK_PX, corners.shape)).T.tolist()
    clicked = ((x[0], y[0]), (x[1], y[1]), (x[2], y[2]), (x[3], y[3]))
    return KeyFrame("clip", int(row.t_ns), str(row.placement_id), clicked, creative_id=str(row.creative_id))
