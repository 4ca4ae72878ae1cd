"""Compares what a mapper found in a simulated walk with the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.model import Placement

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]

WRONG_SHARE = 0.05
"""A mapped placement is wrong if a corner of it is off by more than this share of its width in the scene."""

_NARROWEST_PX = 26.0
"""Narrower placements are not judged: the written truth leaves out what is less than 24 px wide."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well one walk was mapped.

    Attributes
    ----------
    frames_mapped, frames_wrong : int
        Mapped rows (frame x placement), and those that lie on no true place of that placement.
    gaze_true, gaze_found : int
        Valid samples that truly lie on a visible placement, and those of them mapped onto that placement.
    gaze_true_good, gaze_found_good : int
        The same where the artwork has 500 key points or more and is 250 px wide or more.
    gaze_false : int
        Samples mapped onto a placement that they do not truly lie on.
    errors_percent : ndarray of float
        Distance of each found sample from its true place, in percent of the placement's width, with the true
        pose of the frame on show.
    errors_at_sample_percent : ndarray of float
        The same with the true pose at the very time of the sample.
    dwell : DataFrame
        placement_id, dwell_ms, true_ms, for every placement that has either.
    """

    frames_mapped: int
    frames_wrong: int
    gaze_true: int
    gaze_found: int
    gaze_true_good: int
    gaze_found_good: int
    gaze_false: int
    errors_percent: NDArray[np.float64]
    errors_at_sample_percent: NDArray[np.float64]
    dwell: pd.DataFrame

    @property
    def dwell_close(self) -> pd.Series:
        """True for each placement whose dwell is within 20 % or 300 ms of the truth."""
        off = (self.dwell["dwell_ms"] - self.dwell["true_ms"]).abs()
        return off <= np.maximum(300.0, 0.2 * self.dwell["true_ms"])

    def lines(self) -> list[str]:
        """Return the figures in words."""
        median, p95 = _median_p95(self.errors_percent)
        at_median, at_p95 = _median_p95(self.errors_at_sample_percent)
        return [
            f"mapped gaze error: median {median:.3f} %, 95th percentile {p95:.3f} % of placement width"
            f" (at the sample's own time {at_median:.3f} %, {at_p95:.3f} %)",
            f"wrongly mapped placement frames: {_share(self.frames_wrong, self.frames_mapped)}",
            f"gaze on placements mapped: {_share(self.gaze_found, self.gaze_true)};"
            f" good artwork: {_share(self.gaze_found_good, self.gaze_true_good)};"
            f" mapped but not truly on it: {self.gaze_false}",
            f"dwell within 20 % or 300 ms: {int(self.dwell_close.sum())} of {len(self.dwell)} pairs",
        ]


def score_walk(
    *,
    mapping: pd.DataFrame,
    mapped_gaze: pd.DataFrame,
    metrics: pd.DataFrame,
    valid: NDArray[np.bool_],
    true_mapping: pd.DataFrame,
    true_gaze: pd.DataFrame,
    true_dwell: pd.DataFrame,
    placements: Sequence[Placement],
    keypoints: Mapping[str, int],
    min_visible_share: float = 0.3,
) -> Score:
    """Compare mapping, gaze and dwell of one recording with the truth of its walk.

    Parameters
    ----------
    mapping, mapped_gaze, metrics : DataFrame
        What was found (contracts `MAPPING`, `MAPPED_GAZE`, `METRICS`).
    valid : ndarray of bool, shape (n_samples,)
        Which gaze samples the recording holds as valid.
    true_mapping, true_gaze, true_dwell : DataFrame
        Tables of `Truth`.
    placements : sequence of Placement
        The placements of the study.
    keypoints : mapping of str to int
        Creative id to key points of its artwork.
    min_visible_share : float, optional
        A placement counts as visible from this share on.

    Returns
    -------
    Score
        The figures.
    """
    widths = {placement.id: placement.size_px[0] for placement in placements}
    mapped = mapping[(mapping["state"] == "mapped") & (mapping["width_px"] >= _NARROWEST_PX)]
    wrong = _wrong_rows(mapped, true_mapping, placements)
    truth = true_gaze.set_index("sample").reindex(range(len(valid)))
    true_place = truth["placement_id"].fillna("").to_numpy(dtype=str)
    shown = true_mapping.set_index(["frame", "placement_id", "copy"])[["visible_share", "width_px"]]
    keys = pd.MultiIndex.from_arrays([truth["frame"], truth["placement_id"], truth["copy"]])
    seen = shown[~shown.index.duplicated()].reindex(keys)
    visible = (seen["visible_share"] >= min_visible_share).to_numpy()
    on_it = valid & (true_place != "") & visible
    points = np.array([keypoints.get(str(name), 0) for name in truth["creative_id"].fillna("")])
    good = on_it & (points >= 500) & (seen["width_px"] >= 250).to_numpy()
    found = np.full(len(valid), "", dtype=object)
    found[mapped_gaze["sample"]] = mapped_gaze["placement_id"].to_numpy()
    same = (found == true_place) & (found != "")
    hits = mapped_gaze[same[mapped_gaze["sample"]]]
    errors = [
        np.hypot(
            hits["x_ref_px"].to_numpy() - truth[x].to_numpy(dtype=np.float64)[hits["sample"]],
            hits["y_ref_px"].to_numpy() - truth[y].to_numpy(dtype=np.float64)[hits["sample"]],
        )
        / hits["placement_id"].map(widths).to_numpy(dtype=np.float64)
        * 100
        for x, y in (("x_frame_ref_px", "y_frame_ref_px"), ("x_ref_px", "y_ref_px"))
    ]
    return Score(
        len(mapped),
        int(wrong.sum()),
        int(on_it.sum()),
        int((on_it & same).sum()),
        int(good.sum()),
        int((good & same).sum()),
        int(((found != "") & ~same).sum()),
        errors[0][np.isfinite(errors[0])],
        errors[1][np.isfinite(errors[1])],
        _dwell(metrics, true_dwell),
    )


def _wrong_rows(
    mapped: pd.DataFrame, true_mapping: pd.DataFrame, placements: Sequence[Placement]
) -> NDArray[np.bool_]:
    """Say for each mapped row whether it lies on no true place of its placement."""
    wrong = np.ones(len(mapped), dtype=bool)
    numbered = mapped.assign(row=np.arange(len(mapped)))
    pairs = numbered.merge(true_mapping, on=["frame", "placement_id"], suffixes=("", "_true"))
    for placement in placements:
        chosen = pairs[pairs["placement_id"] == placement.id]
        if chosen.empty:
            continue
        width, height = placement.size_px
        corners = np.tile(corners_px(width, height), (len(chosen), 1))
        ours, true = (
            apply_homography(
                np.repeat(chosen[columns].to_numpy(dtype=float).reshape(-1, 3, 3), 4, axis=0), corners
            )
            for columns in (_H, [f"{name}_true" for name in _H])
        )
        off = np.linalg.norm(ours - true, axis=1).reshape(len(chosen), 4)
        off[np.isnan(true).any(axis=1).reshape(off.shape)] = 0.0  # a corner behind the camera says nothing
        near = np.nan_to_num(off, nan=np.inf).max(axis=1) <= WRONG_SHARE * chosen["width_px"].to_numpy()
        wrong[chosen["row"].to_numpy()[near]] = False
    return wrong


def _dwell(metrics: pd.DataFrame, true_dwell: pd.DataFrame) -> pd.DataFrame:
    ours = metrics[metrics["aoi_id"] == ""].set_index("placement_id")["dwell_ms"]
    true = true_dwell.set_index("placement_id")["dwell_ms"].rename("true_ms")
    both = pd.concat([ours, true], axis=1).fillna(0.0)
    return both[(both > 0).any(axis=1)].rename_axis("placement_id").reset_index()


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / max(whole, 1):.2f} %)"


def _median_p95(errors: NDArray[np.float64]) -> tuple[float, float]:
    if len(errors) == 0:
        return float("nan"), float("nan")
    return float(np.median(errors)), float(np.percentile(errors, 95))
