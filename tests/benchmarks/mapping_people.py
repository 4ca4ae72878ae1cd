"""Gaze on people before placements, as much as one likes: what the eyes do does not change the pictures.

In every clip somebody before a placement is followed for 300 ms, again and again; the station says what really
lies there, and the mapping of the clip says what it is taken for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from mapping_clips import ClipPlan, simulated
from mapping_judge import Mapped
from numpy.typing import NDArray

from gazestudy.geometry.cameras import deg_to_direction, direction_to_deg, direction_to_px
from gazestudy.mapping import map_gaze
from gazestudy.simulate import Walk
from gazestudy.simulate.sight import hit_faces

Floats = NDArray[np.float64]

_EVERY_S, _LASTING_S, _SAMPLES = 0.2, 0.3, 20
_NEAR_M, _FAR_M = 1.2, 12.0


@dataclass(frozen=True, slots=True)
class Followed:
    """Looks at people before placements of the study that are mapped at the time, and those called so."""

    looks: int
    called: int
    points: int
    called_points: int


def follow_people(mapped: Mapped, plan: ClipPlan) -> Followed:
    """Follow people in a clip and count what is made of it.

    A look counts if at least half of its samples lie on somebody before one placement, and that was mapped in
    the frames of half of these; it is called so if at least half of those are said to be in front.
    """
    walk = simulated(plan)
    rng = np.random.default_rng([plan.seed, 4, plan.walk])
    starts = np.arange(0.3, plan.duration_s - 1.0, _EVERY_S)
    clip = mapped.clip
    rows = mapped.mapping[mapped.mapping["state"] == "mapped"]
    known = set(zip(rows["frame"], rows["placement_id"], strict=True))
    middles = starts + _LASTING_S / 2
    frame_s = walk.station_s(clip.frames["t_ns"].to_numpy())
    shown = np.searchsorted(frame_s, middles, side="right") - 1
    there = rows.groupby("frame")["placement_id"].agg(set)
    aims = [
        aim
        for time, frame in zip(middles.tolist(), shown.tolist(), strict=True)
        if frame in there.index and (aim := _aim(walk, time, there[frame], rng)) is not None
    ]
    if not aims:
        return Followed(0, 0, 0, 0)
    gaze, behind = _gaze(walk, aims, rng)
    _, states = map_gaze(gaze, clip.frames, mapped.mapping, clip.placements, clip.camera)
    frame = np.searchsorted(clip.frames["t_ns"].to_numpy(), gaze["t_ns"].to_numpy(), side="right") - 1
    table = pd.DataFrame({"look": gaze["look"], "behind": behind, "state": np.asarray(states, dtype=str)})
    table["mapped"] = [pair in known for pair in zip(frame.tolist(), behind, strict=True)]
    looks = called = points = called_points = 0
    for _, samples in table.groupby("look"):
        names = samples["behind"][samples["behind"] != ""].value_counts()
        if len(names) == 0 or 2 * int(names.iloc[0]) < len(samples):
            continue
        inside = samples[samples["behind"] == names.index[0]]
        posed = inside[inside["mapped"]]
        if 2 * len(posed) < len(inside):
            continue
        front = int((posed["state"] == "in_front").sum())
        looks, called = looks + 1, called + (2 * front >= len(posed))
        points, called_points = points + len(posed), called_points + front
    return Followed(looks, called, points, called_points)


def _aim(
    walk: Walk, time: float, located: set[str], rng: np.random.Generator
) -> tuple[float, int, float] | None:
    """Choose somebody before a located placement, and the height of a spot on head, trunk or thighs."""
    station, now = walk.station, np.array([time])
    eye, turn = (part[0] for part in walk.head.pose_at(now))
    heights = rng.uniform(0.45, 0.95, len(station.people)) * [one.height_m for one in station.people]
    spots = np.array([one.position_m(now)[0] for one in station.people])
    spots[:, 1] -= heights
    ways = spots - eye
    distance = np.linalg.norm(ways, axis=1)
    pixels = direction_to_px(ways @ turn.T, walk.camera)
    size = np.array([walk.camera.width_px, walk.camera.height_px])
    inside = ((pixels > 0) & (pixels < size - 1)).all(axis=1)  # NaN is outside
    rows = np.flatnonzero(inside & (ways @ turn[2] > 0) & (distance > _NEAR_M) & (distance < _FAR_M))
    eyes, times = np.broadcast_to(eye, (len(rows), 3)), np.full(len(rows), time)
    met = hit_faces(station, eyes, ways[rows], times, people=False).face
    rows = rows[[face >= 0 and station.faces[face].placement_id in located for face in met]]
    if len(rows) == 0:
        return None
    person = int(rng.choice(rows))
    return time - _LASTING_S / 2, person, float(heights[person])


def _gaze(
    walk: Walk, aims: list[tuple[float, int, float]], rng: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Return recorded gaze that follows people, and the placement behind whom each sample lies, or ""."""
    station = walk.station
    share = np.arange(_SAMPLES) / _SAMPLES
    t_s = np.concatenate([start + _LASTING_S * share for start, _, _ in aims])
    targets = np.concatenate(
        [
            station.people[person].position_m(start + _LASTING_S * share) - [0.0, height, 0.0]
            for start, person, height in aims
        ]
    )
    eyes, turns = walk.head.pose_at(t_s)
    angles = direction_to_deg(np.einsum("nij,nj->ni", turns, targets - eyes))
    angles += rng.normal(0, 0.12, angles.shape)
    local = deg_to_direction(angles)
    rays = np.einsum("nji,nj->ni", turns, local)
    pixels = direction_to_px(local, walk.camera)
    open_ = hit_faces(station, eyes, rays, t_s).face
    through = hit_faces(station, eyes, rays, t_s, people=False).face
    names = np.array([*(one.placement_id if one.in_study else "" for one in station.faces), ""], dtype=object)
    table = pd.DataFrame(
        {
            "t_ns": walk.start_ns + np.round(t_s * 1e9).astype(np.int64),
            "x_px": pixels[:, 0],
            "y_px": pixels[:, 1],
            "valid": np.isfinite(pixels).all(axis=1),
            "look": np.repeat(np.arange(len(aims)), _SAMPLES),
        }
    )
    order = np.argsort(table["t_ns"].to_numpy(), kind="stable")
    behind = np.where(open_ < 0, names[through], "")
    return table.iloc[order].reset_index(drop=True), behind[order]
