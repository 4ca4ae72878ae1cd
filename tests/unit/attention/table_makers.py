"""Small tables of one recording, written by hand."""

import numpy as np
import pandas as pd

from gazestudy.model import Camera, Creative, Placement, categorical
from gazestudy.model.tables import (
    FRAME_KINDS,
    MAPPED_FIXATIONS,
    MAPPED_GAZE,
    MAPPING,
    MAPPING_STATES,
    REASONS,
)

MS = 1_000_000
CAMERA = Camera(1280, 720, 900.0, 900.0, 639.5, 359.5)


def placement(name, width_px=400, height_px=600, **more):
    return Placement(
        name,
        name.title(),
        (Creative(f"{name}-1", name, name, f"{name}.png", "", width_px, height_px),),
        **more,
    )


def frames(n=250, rate_hz=25, part=None):
    return pd.DataFrame(
        {
            "t_ns": np.arange(n, dtype=np.int64) * round(1e9 / rate_hz),
            "kind": categorical(["real"] * n, FRAME_KINDS),
            "part": np.zeros(n, np.int64) if part is None else part,
            "video": np.zeros(n, np.int64),
            "index": np.arange(n, dtype=np.int64),
        }
    )


def gaze(n=2000, rate_hz=200, part=None):
    return pd.DataFrame(
        {
            "t_ns": np.arange(n, dtype=np.int64) * round(1e9 / rate_hz),
            "x_px": 0.0,
            "y_px": 0.0,
            "valid": True,
            "reason": categorical(["ok"] * n, REASONS),
            "confidence": np.nan,
            "part": np.zeros(n, np.int64) if part is None else part,
        }
    )


def mapping(rows, h=None):
    """Rows of (frame, placement, copy, visible share)."""
    h = np.eye(3) if h is None else h
    table = pd.DataFrame(rows, columns=["frame", "placement_id", "copy", "visible_share"])
    table = table.astype(
        {"frame": np.int64, "copy": np.int64, "visible_share": np.float64, "placement_id": "str"}
    )
    for i in range(3):
        for j in range(3):
            table[f"h{i}{j}"] = float(h[i, j])
    table["t_ns"] = table["frame"] * 40 * MS
    table["state"] = categorical(["mapped"] * len(table), MAPPING_STATES)
    table["creative_id"] = table["placement_id"] + "-1"
    table["inliers"], table["confidence"], table["width_px"], table["error_px"] = 50, 0.9, 100.0, 1.0
    return MAPPING.check(table.sort_values("frame", kind="stable", ignore_index=True))


def mapped_gaze(rows):
    """Rows of (sample, placement, x, y)."""
    table = pd.DataFrame(rows, columns=["sample", "placement_id", "x_ref_px", "y_ref_px"])
    table = table.astype({"sample": np.int64, "placement_id": "str", "x_ref_px": float, "y_ref_px": float})
    table["t_ns"] = table["sample"] * 5 * MS
    table["creative_id"] = table["placement_id"] + "-1"
    table["copy"], table["frame"] = 0, table["t_ns"] // (40 * MS)
    table["x_mm"] = table["y_mm"] = np.nan
    return MAPPED_GAZE.check(table)


def mapped_fixations(rows):
    """Rows of (event, onset ms, offset ms, placement, x, y)."""
    table = pd.DataFrame(
        rows, columns=["event_id", "onset_ns", "offset_ns", "placement_id", "x_ref_px", "y_ref_px"]
    )
    table = table.astype({"event_id": np.int64, "placement_id": "str", "x_ref_px": float, "y_ref_px": float})
    table["onset_ns"] = (table["onset_ns"] * MS).astype(np.int64)
    table["offset_ns"] = (table["offset_ns"] * MS).astype(np.int64)
    table["duration_ms"] = (table["offset_ns"] - table["onset_ns"]) / 1e6
    table["creative_id"] = table["placement_id"] + "-1"
    table["copy"], table["on_share"] = 0, 1.0
    table["x_mm"] = table["y_mm"] = np.nan
    return MAPPED_FIXATIONS.check(table)
