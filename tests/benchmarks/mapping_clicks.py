"""What a person adds to automatic mapping: two clicked key frames for each passage that failed.

The person goes through a failed passage and takes, in either half of it, a sharp frame that shows much of the
placement: one with all four corners in sight, and these are clicked; else one in which four points of the picture,
well apart, can be recognised. Where a half shows neither, or there is but a frame or two, they look half a second
around. A passage in which nothing can be clicked stays lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from mapping_clips import Clip, simulated
from mapping_judge import LEAST_AREA, LEAST_VISIBLE, H, judge_samples, mapped_clip, true_areas
from mapping_run import Bench, Figure, key_points, references_in
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import apply_homography, corners_px, invert_homography
from gazestudy.importers import SceneVideo
from gazestudy.mapping.key_frames import track_key_frames
from gazestudy.model.manual import KeyFrame
from gazestudy.pipeline.analysis import Pictures
from gazestudy.pipeline.mapping_sources import OtherMappings, map_by_all
from gazestudy.simulate import Walk
from gazestudy.simulate.sight import hidden

Floats = NDArray[np.float64]

CLICK_PX = 2.0
"""Standard deviation of a click, per coordinate, in the frame and on the picture beside it."""
_LONGEST_GAP_FRAMES = 15
_NEARLY_BEST = 0.1  # of the placement in sight: among such frames the sharpest is taken
_TRIES = 12  # frames of one half that are looked at for details
_APART_S = 0.2
_DETAILS, _KNOWN_AGAIN, _PATCH_PX, _LEAST_CONTRAST = 400, 0.6, 10, 2.5
_FEW = 14
_EDGE_PX = 4.0
_SKETCH_PX = 90  # pictures of the station's plan that is asked for what hides what


def two_clicks(bench: Bench) -> list[Figure]:
    """Click two key frames for each failed passage and count what is then mapped of what was left."""
    left = found = close = keys = passages = lost = wrong = 0
    for clip in bench.walks:
        points = key_points(clip)
        before = judge_samples(bench.mapped(clip), points)
        missed = before[before["counts"] & (before["found"] == "")]
        done = click_clip(clip, missed)
        clicked = [key for passage in done for key in passage.clicked]
        passages, keys = passages + len(done), keys + len(clicked)
        lost += sum(passage.samples for passage in done if not passage.clicked)
        left += len(missed)
        if not clicked:
            continue
        after = judge_after(bench, clip, clicked)
        same = (after["found"] == after["true"]).loc[missed.index]
        found += int(same.sum())
        close += int((same & (after["error_percent"] <= 5.0).loc[missed.index]).sum())
        wrong += int((after["wrong"] & ~before["wrong"]).sum())
    share = found / max(left, 1)
    return [
        Figure(
            "coverage",
            "of what is left, after two clicked key frames",
            f"{100 * share:.1f} % ({found} of {left}; {close} within 5 % of width; {keys} key frames for"
            f" {passages} passages; {lost} samples where nothing can be clicked; {wrong} newly wrong)",
            ">= 90 %",
            share >= 0.9,
        )
    ]


def judge_after(bench: Bench, clip: Clip, clicked: Sequence[KeyFrame]) -> pd.DataFrame:
    """Return the samples of a clip, judged after key frames were followed, as `judge_samples` does."""
    automatic = bench.mapped(clip)
    table = track_key_frames(Pictures([clip.video], clip.frames), references_in(clip), clip.camera, clicked)
    others = OtherMappings(key_frames=table)
    both = map_by_all(clip.gaze, clip.frames, automatic.mapping, clip.placements, clip.camera, others)
    mapped = replace(
        mapped_clip(clip, table, clip.camera),
        mapping=both.mapping,
        gaze=both.mapped_gaze,
        states=np.asarray(both.states, dtype=str),
    )
    return judge_samples(mapped, key_points(clip))


@dataclass(frozen=True, slots=True)
class Passage:
    """A failed passage, and what was clicked in it."""

    placement_id: str
    frames: tuple[int, int]
    samples: int
    clicked: tuple[KeyFrame, ...]


def click_clip(clip: Clip, missed: pd.DataFrame) -> list[Passage]:
    """Click two key frames for each passage of missed samples."""
    if len(missed) == 0:
        return []
    with SceneVideo([clip.video]) as video:
        person = _Person(clip, video)
        return list(person.passages(missed))


class _Person:
    """Sees the frames of a clip and clicks."""

    def __init__(self, clip: Clip, video: SceneVideo) -> None:
        self._clip, self._video = clip, video
        # the same station and walk with sketches for pictures: only what hides what is asked of it
        self._walk: Walk = simulated(replace(clip.plan, reference_long_px=_SKETCH_PX))
        self._rng = np.random.default_rng(clip.plan.seed)
        self._size = {placement.id: placement.size_px for placement in clip.placements}
        self._limit = np.array([clip.camera.width_px, clip.camera.height_px])
        truth = clip.true_mapping.assign(area=true_areas(clip, clip.true_mapping))
        self._truth = truth[(truth["visible_share"] >= LEAST_VISIBLE) & (truth["area"] >= LEAST_AREA)]

    def passages(self, missed: pd.DataFrame) -> Iterator[Passage]:
        copies = self._clip.true_gaze.set_index("sample")["copy"].reindex(missed["sample"]).to_numpy()
        for (placement, creative, copy), group in missed.assign(copy=copies).groupby(
            ["true", "true_creative", "copy"]
        ):
            rows = self._truth[
                (self._truth["placement_id"] == placement)
                & (self._truth["creative_id"] == creative)
                & (self._truth["copy"] == copy)
            ]
            frames = np.unique(group["frame"])
            for part in np.split(frames, np.flatnonzero(np.diff(frames) > _LONGEST_GAP_FRAMES) + 1):
                first, last = int(part[0]), int(part[-1])
                count = int(group["frame"].between(first, last).sum())
                yield Passage(str(placement), (first, last), count, self._two_of(rows, first, last))

    def _two_of(self, rows: pd.DataFrame, first: int, last: int) -> tuple[KeyFrame, ...]:
        """Click an early and a late frame of a passage, or of what lies half a second around."""
        middle = (first + last) / 2
        keys: list[KeyFrame | None] = []
        for early in (True, False):
            half = rows[(rows["frame"] <= middle) if early else (rows["frame"] > middle)]
            around = half[half["frame"].between(first - _LONGEST_GAP_FRAMES, last + _LONGEST_GAP_FRAMES)]
            keys.append(self._click(half[half["frame"].between(first, last)]) or self._click(around))
        clicked = tuple(key for key in keys if key is not None)
        if len(clicked) == 1:  # one half shows nothing: a second frame of the other
            away = (rows["t_ns"] - clicked[0].t_ns).abs() > _APART_S * 1e9
            near = rows["frame"].between(first - _LONGEST_GAP_FRAMES, last + _LONGEST_GAP_FRAMES)
            other = self._click(rows[near & away])
            clicked = clicked if other is None else (*clicked, other)
        return clicked

    def _click(self, half: pd.DataFrame) -> KeyFrame | None:
        """Click the best frame of a half, None where nothing can be clicked."""
        ordered = self._best(half)
        for row in ordered:
            key = self._corners(row)
            if key is not None:
                return key
        for row in ordered[:: max(1, len(ordered) // _TRIES)]:
            key = self._details(row)
            if key is not None:
                return key
        return None

    def _best(self, rows: pd.DataFrame) -> list[Any]:
        """Return frames of a half, those first that show most, and of about as good ones the sharpest."""
        if len(rows) == 0:
            return []
        matrices = rows[H].to_numpy(dtype=float).reshape(-1, 3, 3)
        centre = np.array([self._limit / 2] * len(rows))
        there = apply_homography(invert_homography(matrices), centre)
        moved = apply_homography(np.roll(matrices, -1, axis=0), there) - centre
        moved[-1] = moved[-2] if len(rows) > 1 else 0.0
        speed = np.nan_to_num(np.linalg.norm(moved, axis=1), nan=1e3)
        level = np.floor((rows["visible_share"].max() - rows["visible_share"]) / _NEARLY_BEST)
        order = np.lexsort([speed, level.to_numpy()])
        return list(rows.iloc[order].itertuples())

    def _corners(self, row: Any) -> KeyFrame | None:
        """Click four corners, if all are in the frame and nothing stands before them."""
        size = self._size[row.placement_id]
        seen = self._seen(row, corners_px(*size))
        inside = self._inside(seen, 0.0)
        if not inside.all() or self._hidden(row, np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])).any():
            return None
        return self._key(row, seen, None)

    def _details(self, row: Any) -> KeyFrame | None:
        """Click four details that can be recognised, as far apart as they lie."""
        size = np.array(self._size[row.placement_id])
        art = self._clip.images.get(row.creative_id)
        if art is None:
            return None
        art = art if art.ndim == 2 else cv2.cvtColor(art, cv2.COLOR_BGR2GRAY)
        points = _art_details(art)
        at_size = (points + 0.5) * size / art.shape[1::-1] - 0.5
        seen = self._seen(row, at_size)
        keep = self._inside(seen, _EDGE_PX)
        keep[keep] &= ~self._hidden(row, (at_size[keep] + 0.5) / size)
        frame = np.asarray(self._video.frame_at(self._number(row.frame), colour=False), dtype=np.uint8)
        likeness = self._likeness(frame, art, row, seen[keep])
        points, seen = at_size[keep][likeness >= _KNOWN_AGAIN], seen[keep][likeness >= _KNOWN_AGAIN]
        corners = corners_px(*self._size[row.placement_id])
        ends = self._seen(row, corners)
        free = self._inside(ends, 0.0)
        free[free] &= ~self._hidden(row, (corners[free] + 0.5) / size)
        points, seen = np.vstack([corners[free], points]), np.vstack([ends[free], seen])
        chosen = _well_apart(seen, points / size)
        return None if chosen is None else self._key(row, seen[chosen], points[chosen])

    def _key(self, row: Any, seen: Floats, points: Floats | None) -> KeyFrame | None:
        noise = self._rng.normal(0, CLICK_PX, (2, len(seen), 2))
        clicked = tuple((float(x), float(y)) for x, y in seen + noise[0])
        facts = ("clip", int(row.t_ns), str(row.placement_id), clicked, str(row.creative_id), int(row.copy))
        try:
            if points is None:
                key = KeyFrame(*facts)
            else:
                shares = np.clip((points + noise[1] + 0.5) / self._size[row.placement_id], 0, 1)
                key = KeyFrame(*facts, tuple((float(x), float(y)) for x, y in shares))
            key.require_spread()
        except ParameterError:
            return None  # the program says so, and the person looks for another frame
        return key

    def _number(self, frame: int) -> int:
        return int(self._clip.frames["index"].to_numpy()[frame])

    def _seen(self, row: Any, points: Floats) -> Floats:
        matrix = np.array([getattr(row, name) for name in H]).reshape(3, 3)
        flat = apply_homography(matrix, points)
        seen = np.full_like(flat, np.nan)
        near = np.abs(flat - self._limit / 2).max(axis=1) < 2.0 * self._limit.max()  # NaN is not
        seen[near] = distort_px(flat[near], self._clip.camera)
        return seen

    def _inside(self, seen: Floats, margin_px: float) -> NDArray[np.bool_]:
        return np.asarray(((seen > margin_px) & (seen < self._limit - 1 - margin_px)).all(axis=1))

    def _hidden(self, row: Any, shares: Floats) -> NDArray[np.bool_]:
        station = self._walk.station
        face = next(
            one for one in station.faces if (one.placement_id, one.copy) == (row.placement_id, row.copy)
        )
        times = np.full(len(shares), float(self._walk.station_s(np.array([row.t_ns]))[0]))
        eyes, _ = self._walk.head.pose_at(times[:1])
        surface = station.surfaces[face.surface]
        inwards = 0.5 + 0.998 * (shares - 0.5)
        return hidden(station, np.repeat(eyes, len(shares), axis=0), surface.point_m(inwards), times)

    def _likeness(self, frame: NDArray[np.uint8], art: NDArray[np.uint8], row: Any, seen: Floats) -> Floats:
        """Return how much the frame around each point looks as the picture does there, 0 where it is plain."""
        matrix = np.array([getattr(row, name) for name in H]).reshape(3, 3)
        scale = np.array(art.shape[1::-1]) / self._size[row.placement_id]
        steps = np.arange(-_PATCH_PX, _PATCH_PX + 1.0)
        grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        result = np.zeros(len(seen))
        for number, point in enumerate(seen):
            at = point + grid
            own = apply_homography(invert_homography(matrix), undistort_px(at, self._clip.camera))
            own = (own + 0.5) * scale - 0.5
            if not np.isfinite(own).all():
                continue
            ours, theirs = (
                cv2.remap(image, *(np.float32(part).reshape(1, -1) for part in where.T), cv2.INTER_LINEAR)
                .ravel()
                .astype(np.float64)
                for image, where in ((frame, at), (art, own))
            )
            if ours.std() >= _LEAST_CONTRAST and theirs.std() > 0:
                result[number] = np.corrcoef(ours, theirs)[0, 1]
        return result


def _art_details(art: NDArray[np.uint8]) -> Floats:
    smooth = cv2.GaussianBlur(art, (0, 0), 2.0)
    found = cv2.goodFeaturesToTrack(smooth, _DETAILS, 0.01, 12.0)
    return np.zeros((0, 2)) if found is None else np.asarray(found, dtype=np.float64).reshape(-1, 2)


def _well_apart(seen: Floats, shares: Floats) -> NDArray[np.int64] | None:
    """Choose four points of which no three lie nearly on a line, as far from that as there are."""
    if len(seen) < 4:
        return None
    few = [int(np.argmax(np.linalg.norm(seen - seen.mean(axis=0), axis=1)))]
    away = np.full(len(seen), np.inf)
    while len(few) < min(_FEW, len(seen)):
        away = np.minimum(away, np.linalg.norm(seen - seen[few[-1]], axis=1))
        few.append(int(np.argmax(away)))
    fours = np.array(list(combinations(few, 4)))
    least = np.full(len(fours), np.inf)
    for points in (seen / 1000.0, shares):
        for three in combinations(range(4), 3):
            a, b, c = (points[fours[:, k]] for k in three)
            area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
            least = np.minimum(least, area)
    best = int(np.argmax(least))
    return fours[best] if least[best] > 0 else None
