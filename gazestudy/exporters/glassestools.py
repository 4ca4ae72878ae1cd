"""The common folder of glassesTools, glassesValidator and gazeMapper.

Times are milliseconds since the first scene frame; samples that are not valid are "nan", whatever the reason.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.exporters.folders import write_json
from gazestudy.model import Camera, Recording, frame_on_show

VIDEO = "worldCamera.mp4"


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
    frames = recording.frames[recording.frames["index"] >= 0]
    frame_ns, gaze = frames["t_ns"].to_numpy(), recording.gaze
    start_ns = int(frame_ns[0]) if len(frame_ns) else int(gaze["t_ns"].iloc[0])
    t_ns, valid = gaze["t_ns"].to_numpy(), gaze["valid"].to_numpy()
    pixels = np.where(valid[:, None], gaze[["x_px", "y_px"]].to_numpy(dtype=np.float64), np.nan)
    rows = zip(t_ns - start_ns, frame_on_show(frame_ns, t_ns), pixels[:, 0], pixels[:, 1], strict=True)
    lines = [f"{_ms(time)}\t{frame}\t{x:.8f}\t{y:.8f}" for time, frame, x, y in rows]
    _write_lines(folder / "gazeData.tsv", "timestamp\tframe_idx\tgaze_pos_vid_x\tgaze_pos_vid_y", lines)
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
    if recording.camera is not None:
        _write_calibration(recording.camera, folder / "calibration.xml")
    return VIDEO


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
