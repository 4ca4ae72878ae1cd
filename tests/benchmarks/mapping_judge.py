"""Compares mapped clips with the truth, sample by sample and row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from mapping_clips import Clip
from numpy.typing import NDArray

from gazestudy.geometry.cameras import undistort_px
from gazestudy.geometry.homographies import apply_homography, corners_px, invert_homography
from gazestudy.mapping import map_gaze
from gazestudy.model import Camera

H = [f"h{row}{column}" for row in range(3) for column in range(3)]

WRONG_PERCENT = 5.0
LEAST_VISIBLE, LEAST_AREA = 0.3, 0.004
"""Gaze counts where at least so much of the placement is visible, and it fills so much of the frame."""
GOOD_POINTS, GOOD_WIDTH_PX = 500, 250.0


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """A clip and what was found in it."""

    clip: Clip
    mapping: pd.DataFrame
    gaze: pd.DataFrame
    states: NDArray[np.str_]


def mapped_clip(clip: Clip, mapping: pd.DataFrame, camera: Camera | None) -> Mapped:
    """Put the clip's gaze through a mapping."""
    gaze, states = map_gaze(clip.gaze, clip.frames, mapping, clip.placements, camera)
    return Mapped(clip, mapping, gaze, np.asarray(states, dtype=str))


def judge_samples(mapped: Mapped, key_points: Mapping[str, int]) -> pd.DataFrame:
    """Return one row per valid gaze sample: the truth, what was found, and how far apart they are.

    Returns
    -------
    DataFrame
        sample, frame, true, true_creative, behind (placement behind a person who is looked at), counts (the
        truth is a visible placement of useful size with a picture that the study knows), good (500 key points
        or more and 250 px wide or more), found, found_creative, error_percent (of the placement's width, pose
        at the sample's own time; for samples that are truly on nothing, from where the mapped placement truly
        is), frame_error_percent (pose of the frame on show), wrong, state, reason (of the unmapped).
    """
    clip = mapped.clip
    truth = clip.true_gaze.reset_index(drop=True)
    table = pd.DataFrame(
        {
            "sample": truth["sample"],
            "frame": truth["frame"],
            "true": truth["placement_id"].fillna(""),
            "true_creative": truth["creative_id"].fillna(""),
            "behind": truth["behind_placement_id"],
            "state": mapped.states,
        }
    )
    seen = _true_rows(clip, truth)
    known = table["true_creative"].isin(list(clip.images))
    table["visible"] = (
        (table["true"] != "") & (seen["visible_share"] >= LEAST_VISIBLE) & (seen["area"] >= LEAST_AREA)
    )
    table["counts"] = table["visible"] & known
    points = table["true_creative"].map(key_points).fillna(0)
    table["good"] = table["counts"] & (points >= GOOD_POINTS) & (seen["width_px"] >= GOOD_WIDTH_PX)
    hits = mapped.gaze.set_index("sample").reindex(table["sample"]).reset_index()
    table["found"] = hits["placement_id"].fillna("")
    table["found_creative"] = hits["creative_id"].fillna("")
    widths = {placement.id: placement.size_px[0] for placement in clip.placements}
    width = table["found"].map(widths)
    position = hits[["x_ref_px", "y_ref_px"]].to_numpy(dtype=float)
    same = ((table["found"] == table["true"]) & (table["found"] != "")).to_numpy()
    off = np.linalg.norm(position - truth[["x_ref_px", "y_ref_px"]].to_numpy(dtype=float), axis=1)
    from_truth = np.linalg.norm(position - _on_true_place(clip, table), axis=1)
    table["error_percent"] = 100 * np.where(same, off, from_truth) / width
    by_frame = np.linalg.norm(
        _by_frame(mapped, table) - truth[["x_frame_ref_px", "y_frame_ref_px"]].to_numpy(dtype=float), axis=1
    )
    table["frame_error_percent"] = np.where(same, 100 * by_frame / width, np.nan)
    table["wrong"] = (table["found"] != "") & ~(table["error_percent"] <= WRONG_PERCENT)
    states = mapped.mapping.drop_duplicates(["frame", "placement_id"]).set_index(["frame", "placement_id"])
    rows = pd.MultiIndex.from_arrays([table["frame"], table["true"]])
    table["reason"] = states["state"].astype(str).reindex(rows).fillna("no candidate").to_numpy()
    return table[clip.gaze["valid"].to_numpy(dtype=bool)]


def _true_rows(clip: Clip, truth: pd.DataFrame) -> pd.DataFrame:
    """Return what the truth says of the placement that each sample lies on, in its frame."""
    rows = clip.true_mapping.drop_duplicates(["frame", "placement_id", "copy"])
    shown = rows.assign(area=true_areas(clip, rows)).set_index(["frame", "placement_id", "copy"])
    keys = pd.MultiIndex.from_arrays([truth["frame"], truth["placement_id"].fillna(""), truth["copy"]])
    return shown[["visible_share", "width_px", "area"]].reindex(keys).reset_index(drop=True)


def true_areas(clip: Clip, rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the visible part of each placement as a share of the frame."""
    sizes = {placement.id: placement.size_px for placement in clip.placements}
    corners = np.array([corners_px(*sizes[name]) for name in rows["placement_id"]]).reshape(-1, 2)
    matrices = rows[H].to_numpy(dtype=float).reshape(-1, 3, 3)
    x, y = np.moveaxis(apply_homography(np.repeat(matrices, 4, axis=0), corners).reshape(-1, 4, 2), 2, 0)
    areas = 0.5 * np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1))
    share = areas / (clip.camera.width_px * clip.camera.height_px)
    huge = ~np.isfinite(rows["width_px"].to_numpy(dtype=float))  # a corner is behind the camera
    return np.asarray(np.where(huge, 1.0, share) * rows["visible_share"].to_numpy(dtype=float))


def _on_true_place(clip: Clip, table: pd.DataFrame) -> NDArray[np.float64]:
    """Map each sample onto the placement that was found, with its true pose at the time of the sample.

    Between frames the position moves in proportion to time.
    """
    rows = clip.true_mapping.drop_duplicates(["frame", "placement_id"]).set_index(["frame", "placement_id"])
    here, there = (
        _apply(
            clip,
            table,
            rows[H]
            .reindex(pd.MultiIndex.from_arrays([table["frame"] + step, table["found"]]))
            .to_numpy(dtype=float),
            clip.camera,
        )
        for step in (0, 1)
    )
    frame_ns = clip.frames["t_ns"].to_numpy()
    frame = table["frame"].to_numpy().clip(0, len(frame_ns) - 2)
    since_ns = clip.gaze["t_ns"].to_numpy()[table["sample"]] - frame_ns[frame]
    share = (since_ns / (frame_ns[frame + 1] - frame_ns[frame])).clip(0.0, 1.0)[:, None]
    moved = here + share * (there - here)
    return np.where(np.isfinite(moved), moved, here)


def _by_frame(mapped: Mapped, table: pd.DataFrame) -> NDArray[np.float64]:
    """Map each sample with the pose that was found in the frame on show."""
    rows = mapped.mapping[mapped.mapping["state"] == "mapped"]
    names = ["frame", "placement_id", "creative_id", "copy"]
    rows = rows.drop_duplicates(names).set_index(names)
    hits = mapped.gaze.set_index("sample")[["creative_id", "copy"]].reindex(table["sample"])
    keys = pd.MultiIndex.from_arrays([table["frame"], table["found"], hits["creative_id"], hits["copy"]])
    return _apply(mapped.clip, table, rows[H].reindex(keys).to_numpy(dtype=float), mapped.clip.camera)


def _apply(
    clip: Clip, table: pd.DataFrame, homographies: NDArray[np.float64], camera: Camera | None
) -> NDArray[np.float64]:
    points = clip.gaze[["x_px", "y_px"]].to_numpy(dtype=float)[table["sample"]]
    result = np.full((len(table), 2), np.nan)
    use = np.flatnonzero(np.isfinite(homographies).all(axis=1) & np.isfinite(points).all(axis=1))
    flat = undistort_px(points[use], camera) if camera is not None else points[use]
    result[use] = apply_homography(invert_homography(homographies[use].reshape(-1, 3, 3)), flat)
    return result


def false_rows(mapped: Mapped) -> tuple[pd.DataFrame, int]:
    """Return the mapped rows that name a picture which is not there, and the number of frames without any.

    A row is false if its placement is not in the image at all, or if it names another picture than the one
    on show. Rows without a picture follow the frame of a screen whose content nobody knows. Frames without
    any hold no picture that the study knows; `none_there` of the table says so.
    """
    clip = mapped.clip
    truth = clip.true_mapping[clip.true_mapping["in_image_share"] > 0]
    holding = set(truth.loc[truth["creative_id"].isin(list(clip.images)), "frame"])
    real = np.flatnonzero((clip.frames["kind"] == "real").to_numpy())
    rows = mapped.mapping[mapped.mapping["state"] == "mapped"]
    shown = truth.groupby(["frame", "placement_id"])["creative_id"].agg(set)
    there = shown.reindex(pd.MultiIndex.from_arrays([rows["frame"], rows["placement_id"]]))
    names = rows["creative_id"].to_numpy(dtype=str)
    good = [
        isinstance(found, set) and (name == "" or name in found)
        for found, name in zip(there.to_numpy(dtype=object), names, strict=True)
    ]
    wrong = rows[~np.array(good, dtype=bool)]
    return wrong.assign(none_there=~wrong["frame"].isin(holding)), len(set(real.tolist()) - holding)


def visible_differences(mapped: Mapped) -> NDArray[np.float64]:
    """Return visible share found minus true, for each mapped row that lies on its true place."""
    rows = mapped.mapping[mapped.mapping["state"] == "mapped"]
    truth = mapped.clip.true_mapping.sort_values("visible_share", ascending=False)
    truth = truth.drop_duplicates(["frame", "placement_id"])
    pairs = rows.merge(truth, on=["frame", "placement_id"], suffixes=("", "_true"))
    return (pairs["visible_share"] - pairs["visible_share_true"]).to_numpy(dtype=float)


def passers_by(mapped: Mapped, samples: pd.DataFrame) -> tuple[int, int, int]:
    """Count fixations on people before a placement: called so, those that could be, and all.

    A true fixation or pursuit counts if at least half of its valid samples lie on somebody before the same
    placement; it could be called so if that placement was mapped in the frames of half of them, and is if at
    least half of those are said to be in front.
    """
    events = mapped.clip.true_events
    looks = events[events["kind"].isin(["fixation", "pursuit"]) & (events["behind_placement_id"] != "")]
    rows = mapped.mapping[mapped.mapping["state"] == "mapped"]
    known = set(zip(rows["frame"], rows["placement_id"], strict=True))
    by_sample = samples.set_index("sample")
    called = could = 0
    for look in looks.itertuples():
        inside = by_sample.loc[look.first_sample : look.last_sample]
        inside = inside[inside["behind"] == look.behind_placement_id]
        with_pose = inside[[(frame, look.behind_placement_id) in known for frame in inside["frame"]]]
        if len(inside) == 0 or 2 * len(with_pose) < len(inside):
            continue
        could += 1
        called += 2 * int((with_pose["state"] == "in_front").sum()) >= len(with_pose)
    return called, could, len(looks)


def called_hidden(mapped: Mapped, samples: pd.DataFrame) -> tuple[int, int]:
    """Count samples on visible placements that were mapped in that frame: called hidden, and all."""
    rows = mapped.mapping[mapped.mapping["state"] == "mapped"]
    known = set(zip(rows["frame"], rows["placement_id"], strict=True))
    on = samples[samples["visible"]]
    on = on[[pair in known for pair in zip(on["frame"], on["true"], strict=True)]]
    return int((on["state"] == "in_front").sum()), len(on)
