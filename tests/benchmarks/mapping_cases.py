"""Single cases of the mapping benchmark: twins, a missing calibration, and a real clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mapping_clips import Clip
from mapping_judge import H, judge_samples, mapped_clip
from mapping_run import Bench, Figure, key_points, map_clip, references_in
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.importers import read_recording
from gazestudy.mapping import Reference, gaze_by_frame
from gazestudy.model.provenance import provenance_of
from gazestudy.pipeline.analysis import Pictures, Settings, locate

REAL = (
    Path(__file__).parents[2]
    / ".."
    / "shared"
    / "data"
    / "recordings"
    / "generic_video_gaze_mobileGazeMapping"
)
_NEAR_SHARE = 0.15


def twins(bench: Bench) -> list[Figure]:
    """Count swaps of placements that show the very same picture, frame by frame."""
    swapped = right = ambiguous = walks = 0
    refused = ""
    for clip in bench.twins:
        try:
            mapping = bench.mapped(clip).mapping
        except ParameterError as error:
            refused = str(error)
            mapping = map_clip(clip, references=_copies(clip))
        counts = _twin_rows(clip, mapping, as_copies=bool(refused))
        right, ambiguous = right + counts[0], ambiguous + counts[2]
        swapped += counts[1]
        walks += counts[1] > 0
    figures = [
        Figure(
            "twins",
            f"swapped in {len(bench.twins)} walks",
            f"{swapped} frames in {walks} walks; {right} frames right, {ambiguous} said to be ambiguous",
            "0",
            swapped == 0 and right + ambiguous > 0,
        )
    ]
    if refused:
        figures.append(
            Figure("twins", "two placements with one picture", f"refused, copies were judged: {refused}")
        )
    return figures


def _copies(clip: Clip) -> list[Reference]:
    """Return the references with each pair of twins as one placement that hangs twice."""
    return [
        replace(one, copies=2) if one.placement_id.startswith("twin") else one
        for one in references_in(clip)
        if not (one.placement_id.startswith("twin") and one.placement_id.endswith("b"))
    ]


def _twin_rows(clip: Clip, mapping: pd.DataFrame, *, as_copies: bool) -> tuple[int, int, int]:
    """Count rows of twins on the right one, on the other one, and ambiguous ones.

    Where a pair is one placement with copies, number 0 must be the one that hangs first along the corridor or
    was met first: for each pair, whichever of both ways of counting fits the walk better is taken. A print of
    which it is said that nobody knows which it is (number -1) is ambiguous.
    """
    rows = mapping[mapping["placement_id"].str.startswith("twin")]
    open_ = (rows["state"] == "ambiguous") | ((rows["state"] == "mapped") & (rows["copy"] < 0))
    rows = rows[(rows["state"] == "mapped") & ~open_]
    sizes = {placement.id: placement.size_px for placement in clip.placements}
    truth = clip.true_mapping[clip.true_mapping["placement_id"].str.startswith("twin")]
    by_frame = dict(list(truth.groupby("frame")))
    right = wrong = 0
    for pair, own in rows.groupby(rows["placement_id"].str[:-1]):
        agree = differ = nowhere = 0
        for row in own.itertuples():
            here = by_frame.get(row.frame)
            near = (
                "" if here is None else _nearest(row, here[here["placement_id"].str.startswith(pair)], sizes)
            )
            named = f"{pair}{'ab'[min(int(row.copy), 1)]}" if as_copies else str(row.placement_id)
            nowhere += near == ""
            agree += near == named
            differ += near not in ("", named)
        if as_copies:
            agree, differ = max(agree, differ), min(agree, differ)
        right, wrong = right + agree, wrong + differ + nowhere
    return right, wrong, int(open_.sum())


def _nearest(row: Any, truth: pd.DataFrame, sizes: dict[str, tuple[int, int]]) -> str:
    """Return the true placement whose middle is nearest to the mapped one's, if it is near at all."""
    best, least = "", _NEAR_SHARE * row.width_px
    for candidate in truth.itertuples():
        corners = corners_px(*sizes[candidate.placement_id])
        ours, true = (
            apply_homography(np.array([getattr(one, name) for name in H]).reshape(3, 3), corners).mean(axis=0)
            for one in (row, candidate)
        )
        off = float(np.linalg.norm(ours - true))
        if off < least:
            best, least = str(candidate.placement_id), off
    return best


def calibration(bench: Bench) -> list[Figure]:
    """Map without the lens calibration: is that said, and what does it cost?"""
    figures = []
    flagged = True
    for clip in bench.walks[1:3]:
        points = key_points(clip)
        with_lens = judge_samples(bench.mapped(clip), points)
        table = map_clip(clip, camera=None)
        without = judge_samples(mapped_clip(clip, table, None), points)
        made = provenance_of(table) or {}
        flagged = flagged and "none" in str(made.get("facts", {}).get("camera", ""))
        figures.append(
            Figure(
                "calibration", clip.label, f"with {_error(with_lens)}, without {_error(without)} % of width"
            )
        )
    figures.append(
        Figure("calibration", "said in the result", "yes" if flagged else "no", "flagged", flagged)
    )
    return figures


def _error(samples: pd.DataFrame) -> str:
    on = samples[(samples["found"] == samples["true"]) & (samples["found"] != "")]["error_percent"]
    return f"median {on.median():.2f}, p95 {on.quantile(0.95):.2f} (n {len(on)})"


def real(bench: Bench) -> list[Figure]:
    """The real clip: all frames mapped, gaze beside that of a full-size SIFT frame by frame."""
    if not REAL.is_dir():
        return [Figure("real", "the real clip", "is not here")]
    recording = read_recording(REAL)
    frames, gaze = recording.stream("frames"), recording.stream("gaze")
    image = cv2.imdecode(
        np.frombuffer((REAL / "referenceImage.jpg").read_bytes(), np.uint8), cv2.IMREAD_COLOR
    )
    reference = Reference("painting", "painting", np.asarray(image, dtype=np.uint8))
    table = locate(recording.videos, frames, gaze, [reference], recording.camera, Settings())
    rows = table[table["state"] == "mapped"].drop_duplicates("frame").set_index("frame")
    count = int((frames["kind"] == "real").sum())
    differences, doubts, sheet = [], [], []
    looks = gaze_by_frame(gaze, frames)
    peer = _FullSift(reference)
    for frame, _, luma in Pictures(recording.videos, frames):
        if frame not in rows.index:
            continue
        ours = np.linalg.inv(rows.loc[frame, H].to_numpy(dtype=float).reshape(3, 3))
        sheet.append(_warped(luma, ours, reference))
        points, both = looks.get(frame), peer.homographies(luma)
        if points is None or both is None:
            continue
        a, b, c = (apply_homography(one, points) for one in (ours, *both))
        width, height = reference.size_px
        on = ((b >= 0) & (b < (width, height))).all(axis=1)
        differences += np.linalg.norm(a - b, axis=1)[on].tolist()
        doubts += np.linalg.norm(c - b, axis=1)[on].tolist()
    path = bench.folder / "real-contact-sheet.png"
    bench.folder.mkdir(parents=True, exist_ok=True)
    cv2.imencode(".png", _sheet(sheet))[1].tofile(path)
    far, doubts = np.array(differences or [np.inf]), doubts or [np.inf]
    return [
        Figure("real", "frames mapped", f"{len(rows)} of {count}", "all", len(rows) == count),
        Figure(
            "real",
            "gaze beside full-size SIFT, reference px",
            f"median {np.median(far):.2f}, p95 {np.percentile(far, 95):.2f}, largest {far.max():.2f}"
            f" (n {len(differences)})",
            "<= 3",
            bool(far.max() <= 3),
        ),
        Figure(
            "real",
            "that SIFT by RANSAC beside itself by MAGSAC",
            f"median {np.median(doubts):.2f}, p95 {np.percentile(doubts, 95):.2f}, largest {max(doubts):.2f}",
        ),
        Figure("real", "contact sheet", str(path)),
    ]


class _FullSift:
    """The picture found in one frame by full-size SIFT alone, all in pixels as they are.

    Judged by MAGSAC: when the same points come in another order, RANSAC moves gaze by up to 2.6 px on this
    clip, MAGSAC by up to .2 px.
    """

    def __init__(self, reference: Reference) -> None:
        self._sift: Any = cv2.SIFT.create()
        grey = cv2.cvtColor(reference.image, cv2.COLOR_BGR2GRAY)
        self._points, self._described = self._sift.detectAndCompute(grey, None)

    def homographies(self, luma: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the homography from scene px to reference px by MAGSAC and by RANSAC."""
        points, described = self._sift.detectAndCompute(luma, None)
        pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(described, self._described, 2)
        good = [a for a, b in pairs if a.distance < 0.7 * b.distance]
        if len(good) < 10:
            return None
        scene = np.array([points[match.queryIdx].pt for match in good])
        spots = np.array([self._points[match.trainIdx].pt for match in good])
        found = [cv2.findHomography(scene, spots, how, 3.0)[0] for how in (cv2.USAC_MAGSAC, cv2.RANSAC)]
        return None if any(one is None for one in found) else (np.asarray(found[0]), np.asarray(found[1]))


def _warped(luma: NDArray[np.uint8], matrix: NDArray[np.float64], reference: Reference) -> NDArray[np.uint8]:
    width, height = reference.size_px
    scale = 160 / width
    return np.asarray(
        cv2.warpPerspective(luma, np.diag([scale, scale, 1.0]) @ matrix, (160, round(scale * height)))
    )


def _sheet(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Lay pictures of one size out in rows of ten."""
    if not pictures:
        return np.zeros((10, 10), dtype=np.uint8)
    blank = np.zeros_like(pictures[0])
    filled = pictures + [blank] * (-len(pictures) % 10)
    return np.vstack([np.hstack(filled[at : at + 10]) for at in range(0, len(filled), 10)])
