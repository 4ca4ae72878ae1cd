"""A plain table with a video and the column mapping that explains it, as many laboratories have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.errors import InputError
from gazestudy.exporters.folders import write_json
from gazestudy.model import Recording, frame_on_show

TABLE, VIDEO = "gaze.tsv", "worldCamera.mp4"
_START_MS = 92_458.0  # such tables count from wherever the program started


def write(recording: Recording, events: pd.DataFrame, folder: Path) -> str:
    """Write the table, the calibration and the column mapping; return the name for the scene video.

    Parameters
    ----------
    recording : Recording
        The recording, with a camera (coordinates are shares of the image).
    events : DataFrame
        Not used: the layout has no place for gaze events.
    folder : Path
        An empty folder.

    Returns
    -------
    str
        File name of the scene video.

    Raises
    ------
    InputError
        If the recording has no camera.
    """
    camera, gaze = recording.camera, recording.gaze
    if camera is None:
        raise InputError(
            recording.meta.source,
            "the size of the scene image is not known",
            advice="The table gives gaze as shares of the image: add the camera's calibration",
        )
    frame_ns = recording.frames.loc[recording.frames["index"] >= 0, "t_ns"].to_numpy()
    t_ns = gaze["t_ns"].to_numpy()
    start_ns = int(min(times[0] for times in (t_ns, frame_ns) if len(times)))
    known = gaze["reason"].isin(["ok", "out_of_image"]).to_numpy()
    rows = zip(
        _START_MS + (t_ns - start_ns) / 1e6,
        np.maximum(frame_on_show(frame_ns, t_ns), 0),
        np.where(known, 1.0, 0.0),
        gaze["x_px"].to_numpy(dtype=np.float64) / camera.width_px,
        gaze["y_px"].to_numpy(dtype=np.float64) / camera.height_px,
        strict=True,
    )
    lines = ["timestamp\tframe_idx\tconfidence\tnorm_pos_x\tnorm_pos_y"]
    lines += [f"{t:.4f}\t{frame}\t{sure:.4f}\t{_share(x)}\t{_share(y)}" for t, frame, sure, x, y in rows]
    (folder / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    write_json(folder / "scene_camera.json", camera.to_dict())
    columns = {
        "table": TABLE,
        "time": "timestamp",
        "time_unit": "ms",
        "x": "norm_pos_x",
        "y": "norm_pos_y",
        "xy_unit": "normalised",
        "origin": "top-left",
        "validity": {"column": "confidence", "min": 0.6},
        "confidence": "confidence",
        "frame": "frame_idx",
        "video": VIDEO,
        "video_start": round(_START_MS + (int(frame_ns[0]) - start_ns) / 1e6, 6) if len(frame_ns) else None,
        "device": recording.meta.device,
        "camera": "scene_camera.json",
    }
    write_json(folder / "columns.json", {name: value for name, value in columns.items() if value is not None})
    return VIDEO


def _share(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.7f}"
