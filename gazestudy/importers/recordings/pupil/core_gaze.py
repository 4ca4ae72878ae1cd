"""Gaze of Pupil Core as a stream: pixels, reasons, angles, and whether 2-D and 3-D gaze agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.cameras import direction_to_deg, direction_to_px
from gazestudy.importers.recordings.pupil.core_pldata import Floats, GazeRows, Ints
from gazestudy.importers.recordings.pupil.core_world import World
from gazestudy.importers.streams import gaze_stream
from gazestudy.model import Camera, Finding, Stream

MIN_CONFIDENCE = 0.6
"""Samples with less are not to be used, says the vendor."""

_AGREES_PX = 0.5
_CHECKED_SAMPLES = 20_000
_NAN = float("nan")


def to_px(norm_x: NDArray[Any], norm_y: NDArray[Any], size_px: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return pixels of shares of width and height from the bottom left corner.

    Notes
    -----
    Pupil divides pixels of OpenCV (0 is the centre of the first one) by width and height.

    Examples
    --------
    >>> x_px, y_px = to_px(np.array([0.5]), np.array([0.75]), (1280, 720))
    >>> x_px.tolist(), y_px.tolist()
    ([640.0], [180.0])
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged file may hold any number
        return np.asarray(norm_x * size_px[0]), np.asarray((1.0 - norm_y) * size_px[1])


def core_gaze(
    rows: GazeRows,
    findings: list[Finding],
    *,
    world: World,
    min_confidence: float | None,
    blinks: tuple[Ints, Ints, Ints] | None = None,
) -> Stream:
    """Return the gaze stream of Pupil Core.

    Parameters
    ----------
    rows : GazeRows
        Gaze data.
    findings : list of Finding
        What was found while reading them.
    world : World
        Image size, camera and parts.
    min_confidence : float or None
        Samples with less are not valid; None: 0.6, as the vendor advises.
    blinks : tuple of ndarray, optional
        Start, end and id of blinks. A sample that has too little confidence and lies in one gets the reason
        "blink"; others in it stay valid, since the detector's blinks begin and end with good samples.
    """
    least = MIN_CONFIDENCE if min_confidence is None else min_confidence
    low = ~(rows.confidence >= least)
    extra: dict[str, NDArray[Any]] = {"norm_x": rows.norm_x, "norm_y": rows.norm_y, **rows.extra}
    reasons = {"low_confidence": low}
    if blinks is not None:
        extra["blink_id"] = _within(rows.t_ns, *blinks)
        reasons = {"blink": low & (extra["blink_id"] >= 0), "low_confidence": low}
    point = [extra.get(f"gaze3d_{axis}_mm") for axis in "xyz"]
    has_point = all(values is not None for values in point)
    if has_point and world.camera is None:
        with np.errstate(over="ignore", invalid="ignore"):
            angles = direction_to_deg(np.column_stack(point))  # type: ignore[arg-type]
        extra["azimuth_deg"], extra["elevation_deg"] = angles[:, 0].copy(), angles[:, 1].copy()
    size = world.size_px
    # Without a size the image is a unit square: whether gaze lies in it can be told all the same.
    x, y = to_px(rows.norm_x, rows.norm_y, size) if size else (rows.norm_x - 0.5, 0.5 - rows.norm_y)
    stream = gaze_stream(
        rows.t_ns, x, y, reasons=reasons, size_px=size or (1, 1), confidence=rows.confidence,
        part=world.part_of(rows.t_ns), extra=extra, findings=findings,
    )  # fmt: skip
    if size is None:
        return _without_px(stream, has_point)
    if has_point and world.camera is not None:
        return Stream(stream.table, (*stream.findings, *_check_projection(stream.table, world.camera)))
    return stream


def _without_px(stream: Stream, has_angles: bool) -> Stream:
    stream.table["x_px"] = stream.table["y_px"] = np.full(len(stream.table), _NAN)
    rest = "azimuth and elevation come from the 3-D gaze" if has_angles else "there are no angles either"
    text = (
        "the size of the scene image is not known: samples have shares of it (norm_x, norm_y) but no pixels;"
        f" {rest}. Give the scene video (--video) or a calibration of the camera (--camera)"
    )
    unknown = Finding("warning", "gaze", "pixels_unknown", text, len(stream.table))
    return Stream(stream.table, (*stream.findings, unknown))


def _check_projection(gaze: pd.DataFrame, camera: Camera) -> list[Finding]:
    """Compare 2-D gaze with 3-D gaze through the camera: Pupil made the one from the other."""
    known = gaze[(gaze["reason"] == "ok") & (gaze["gaze3d_z_mm"] > 0)]
    known = known.iloc[:: max(1, len(known) // _CHECKED_SAMPLES)]
    if len(known) == 0:
        return []
    with np.errstate(all="ignore"):
        seen = direction_to_px(known[[f"gaze3d_{axis}_mm" for axis in "xyz"]].to_numpy(np.float64), camera)
        off = np.hypot(*(seen - known[["x_px", "y_px"]].to_numpy()).T)
    off = off[np.isfinite(off)]
    if len(off) == 0:
        return []
    high = float(np.quantile(off, 0.95))
    text = (
        f"3-D gaze through the camera lies {high:.3f} px (95th percentile) from the 2-D gaze"
        f" ({len(off)} samples)"
    )
    severity = "info" if high <= _AGREES_PX else "warning"
    return [Finding(severity, "gaze", "check_projection", text, int((off > _AGREES_PX).sum()))]  # type: ignore[arg-type]


def _within(t_ns: Ints, start: Ints, end: Ints, number: Ints) -> Ints:
    """Return the id of the blink that each time lies in, -1 for none."""
    if len(start) == 0:
        return np.full(len(t_ns), -1, dtype=np.int64)
    row = np.searchsorted(start, t_ns, side="right") - 1
    inside = (row >= 0) & (t_ns <= end[np.maximum(row, 0)])
    return np.where(inside, number[np.maximum(row, 0)], -1).astype(np.int64)
