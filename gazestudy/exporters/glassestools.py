"""The common folder of glassesTools, glassesValidator and gazeMapper.

Times are milliseconds since the first scene frame; samples that are not valid are "nan", whatever the reason.
Eye positions, gaze directions, 3-D gaze and pupil diameters are written where the recording has them.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.exporters.folders import write_json
from gazestudy.model import Camera, Recording, frame_on_show

VIDEO = "worldCamera.mp4"
PINHOLES = ("none", "opencv4", "opencv5", "opencv8")
"""Camera models that the layout has a place for."""


def write(recording: Recording, events: pd.DataFrame, folder: Path) -> str:
    """Write the tables; return the name for the scene video.

    Parameters
    ----------
    recording : Recording
        The recording.
    events : DataFrame
        Not used: the layout has no place for gaze events.
    folder : Path
        An empty folder.

    Returns
    -------
    str
        File name of the scene video.
    """
    frame_ns, gaze = scene_times_ns(recording), recording.gaze
    start_ns = int(frame_ns[0]) if len(frame_ns) else int(gaze["t_ns"].iloc[0])
    t_ns, valid = gaze["t_ns"].to_numpy(), gaze["valid"].to_numpy()
    pixels = np.where(valid[:, None], gaze[["x_px", "y_px"]].to_numpy(dtype=np.float64), np.nan)
    rows = zip(t_ns - start_ns, frame_on_show(frame_ns, t_ns), pixels[:, 0], pixels[:, 1], strict=True)
    lines = [f"{_ms(time)}\t{frame}\t{x:.8f}\t{y:.8f}" for time, frame, x, y in rows]
    more = eye_columns(gaze)
    if more:
        values = gaze[list(more)].to_numpy(dtype=np.float64)
        lines = [
            line + "".join(f"\t{value:.8f}" for value in row) for line, row in zip(lines, values, strict=True)
        ]
    header = ["timestamp", "frame_idx", "gaze_pos_vid_x", "gaze_pos_vid_y", *more.values()]
    _write_lines(folder / "gazeData.tsv", "\t".join(header), lines)
    lines = [f"{number}\t{_ms(time - start_ns)}" for number, time in enumerate(frame_ns)]
    _write_lines(folder / "frameTimestamps.tsv", "frame_idx\ttimestamp", lines)
    meta = recording.meta
    ends = [int(times[-1]) for times in (t_ns, frame_ns) if len(times)]
    write_json(
        folder / "recording_info.json",
        {
            "name": meta.name,
            "source_directory": {"pathlib.Path": meta.name},
            "start_time": {"__Timestamp__": (meta.start_unix_ns or 0) // 10**9},
            "duration": (max(ends) - start_ns) / 1e6,
            "eye_tracker": "Generic",
            "eye_tracker_name": meta.device,
            "project": "",
            "participant": meta.participant_label,
            "firmware_version": "",
            "glasses_serial": "",
            "recording_unit_serial": "",
            "recording_software_version": "",
            "scene_camera_serial": "",
            "scene_video_file": VIDEO,
        },
    )
    if recording.camera is not None and recording.camera.model in PINHOLES:
        _write_calibration(recording.camera, folder / "calibration.xml")
    return VIDEO


def scene_times_ns(recording: Recording) -> NDArray[np.int64]:
    """Return the times of the frames that have a picture; of all where the video did not come along."""
    frames = recording.frames
    pictured = (frames["index"] >= 0).to_numpy()
    if not pictured.any():
        pictured = (frames["kind"] != "gap").to_numpy()
    return frames["t_ns"].to_numpy(dtype=np.int64)[pictured]


def eye_columns(gaze: pd.DataFrame) -> dict[str, str]:
    """Return the columns of eyes that a gaze table has, each with its name in glassesTools."""
    known = {"pupil_left_mm": "pup_diam_l", "pupil_right_mm": "pup_diam_r"}
    for axis in "xyz":
        known[f"gaze3d_{axis}_mm"] = known[f"gaze_pos_3d_{axis}_mm"] = f"gaze_pos_3d_{axis}"
        for eye, side in (("l", "left"), ("r", "right")):
            known[f"eye_{side}_{axis}_mm"] = known[f"gaze_ori_{eye}_{axis}_mm"] = f"gaze_ori_{eye}_{axis}"
            known[f"gaze_{side}_{axis}"] = known[f"gaze_dir_{eye}_{axis}"] = f"gaze_dir_{eye}_{axis}"
    found = {name: known[name] for name in gaze.columns if name in known}
    return found if len(set(found.values())) == len(found) else {}


def _ms(time_ns: int) -> str:
    """Return nanoseconds as milliseconds without going through floating point."""
    sign = "-" if time_ns < 0 else ""
    whole, rest = divmod(abs(int(time_ns)), 1_000_000)
    return f"{sign}{whole}.{rest:06d}00"


def _write_lines(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8", newline="\n")


def _write_calibration(camera: Camera, path: Path) -> None:
    """Write OpenCV's XML storage."""
    root = ET.Element("opencv_storage")
    matrices = {
        "cameraMatrix": ("d", camera.matrix),
        "distCoeff": ("d", np.array(camera.coefficients).reshape(-1, 1)),
        "resolution": ("i", np.array([[camera.width_px], [camera.height_px]])),
    }
    for name, (kind, values) in matrices.items():
        node = ET.SubElement(root, name, type_id="opencv-matrix")
        for tag, text in (("rows", values.shape[0]), ("cols", values.shape[1]), ("dt", kind)):
            ET.SubElement(node, tag).text = str(text)
        ET.SubElement(node, "data").text = " ".join(repr(value) for value in values.ravel().tolist())
    ET.indent(root)
    path.write_text(
        '<?xml version="1.0"?>\n' + ET.tostring(root, "unicode") + "\n", encoding="utf-8", newline="\n"
    )
