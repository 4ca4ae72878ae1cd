"""Self-checks on exports of Pupil: what the files say twice has to agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.cameras import px_to_deg
from gazestudy.importers.text_tables import TextTable
from gazestudy.model import Camera, Finding

AGREES_DEG = 0.05  # azimuth and elevation are given to more digits; the pixels are rounded to 0.001
AGREES_PX = 5.0
AGREES_MS = 20.0
USUAL_LATE_S = (-0.1, 5.0)  # sensors start up to 2.5 s after the recording
CHECKED_SAMPLES = 20_000  # an hour has forty times as many, which would take longer than reading it


def angles(gaze: pd.DataFrame, camera: Camera | None) -> list[Finding]:
    """Compare azimuth and elevation with the pixels through the camera, on up to 40,000 samples.

    Parameters
    ----------
    gaze : DataFrame
        Gaze table, with `azimuth_deg` and `elevation_deg` if the file has them.
    camera : Camera or None
        Scene camera.

    Returns
    -------
    list of Finding
        "check_angles", a warning where they differ by more than 0.05 deg; nothing without both.
    """
    if camera is None or not {"azimuth_deg", "elevation_deg"} <= set(gaze.columns):
        return []
    known = gaze[gaze["reason"] == "ok"]
    known = known.iloc[:: max(1, len(known) // CHECKED_SAMPLES)]
    given = known[["azimuth_deg", "elevation_deg"]].to_numpy()
    off = np.abs(px_to_deg(known[["x_px", "y_px"]].to_numpy(), camera) - given).max(axis=1, initial=0.0)
    off = off[np.isfinite(off)]
    if len(off) == 0:
        return []
    text = (
        "gaze in px through the camera differs from azimuth and elevation by at most"
        f" {off.max():.4f} deg ({len(off)} samples)"
    )
    return [_finding(off.max() <= AGREES_DEG, "gaze", "check_angles", text, int((off > AGREES_DEG).sum()))]


def duration(t_ns: NDArray[np.int64], start_ns: Any, duration_ns: Any) -> list[Finding]:
    """Compare the times of the samples with the start and duration that the recording states."""
    if not isinstance(start_ns, int) or not isinstance(duration_ns, int) or len(t_ns) == 0:
        return []
    if max(abs(start_ns), abs(duration_ns)) >= 2**63:
        return []  # no times
    head_s, tail_s = (int(t_ns.min()) - start_ns) / 1e9, (start_ns + duration_ns - int(t_ns.max())) / 1e9
    text = (
        f"gaze starts {head_s:.2f} s after the recording does and ends {tail_s:.2f} s before its end"
        f" ({duration_ns / 1e9:.2f} s)"
    )
    low, high = USUAL_LATE_S
    return [_finding(low <= head_s < high and low <= tail_s < high, "gaze", "check_duration", text, 0)]


def video_times(t_ns: NDArray[np.int64], video_ns: NDArray[np.int64]) -> list[Finding]:
    """Compare frame times with the times in the video: a picture that is missing shifts all that follow."""
    if len(t_ns) < 2:
        return []
    apart_ms = np.abs((t_ns - t_ns[0]) - (video_ns - video_ns[0])) / 1e6
    usual_ms = float(np.median(np.diff(t_ns))) / 1e6
    text = f"frame times and times in the video differ by at most {apart_ms.max():.1f} ms"
    count = int(np.count_nonzero(apart_ms > usual_ms))
    return [_finding(apart_ms.max() <= max(usual_ms, AGREES_MS), "frames", "check_video_times", text, count)]


def fixation_centres(table: TextTable, gaze: pd.DataFrame) -> list[Finding]:
    """Compare the vendor's fixation centres with the mean of the samples that name the fixation.

    Parameters
    ----------
    table : TextTable
        fixations.csv.
    gaze : DataFrame
        Gaze table, with `fixation_id` if the file has it.

    Returns
    -------
    list of Finding
        "check_fixations", a warning where the median difference is above 5 px; nothing without ids.
    """
    names = [table.find(one) for one in ("fixation id", "fixation x [px]", "fixation y [px]")]
    if len(table) == 0 or "fixation_id" not in gaze.columns or any(one is None for one in names):
        return []
    number, x_name, y_name = (str(one) for one in names)
    given = pd.DataFrame(
        {"x_px": table.floats(x_name), "y_px": table.floats(y_name)}, index=table.ints(number)
    )
    means = gaze[gaze["fixation_id"] >= 0].groupby("fixation_id")[["x_px", "y_px"]].mean()
    both = given.join(means.add_suffix("_mean"), how="inner")
    apart = both[["x_px", "y_px"]].to_numpy() - both[["x_px_mean", "y_px_mean"]].to_numpy()
    off = np.hypot(apart[:, 0], apart[:, 1])
    off = off[np.isfinite(off)]
    text = f"{len(both)} of {len(given)} fixations have samples"
    if len(off):
        text += (
            "; their centres differ from the mean of the samples by"
            f" {np.median(off):.2f} px (median), {off.max():.2f} px (most)"
        )
    agrees = len(off) > 0 and bool(np.median(off) <= AGREES_PX)
    return [_finding(agrees, "fixations", "check_fixations", text, len(given) - len(both))]


def _finding(agrees: bool, stream: str, code: str, text: str, count: int) -> Finding:
    return Finding("info" if agrees else "warning", stream, code, text, count)
