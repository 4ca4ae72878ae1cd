"""Pupil Cloud "Timeseries Data + Scene Video" of a Neon and of an Invisible.

Samples without coordinates are left out, as the devices never write one. Columns of which the recording knows
nothing stay empty.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.exporters.folders import write_json
from gazestudy.geometry.cameras import px_to_deg
from gazestudy.model import Camera, Recording

Floats = NDArray[np.float64]

_NAMESPACE = uuid.UUID("5b1b2a54-6c1e-4f0e-9d0b-6f6f0f2a7c11")
_SLOW = ("fixation", "pursuit")
_NEON_IMU = (
    *(f"acceleration {axis} [g]" for axis in "xyz"),
    *(f"{angle} [deg]" for angle in ("roll", "pitch", "yaw")),
    *(f"quaternion {axis}" for axis in "wxyz"),
)
_INVISIBLE_IMU = (
    *(f"acceleration {axis} [G]" for axis in "xyz"),
    *("roll", "pitch", "yaw"),
    *(f"rotation vector {axis}" for axis in "wxyz"),
)


def write_neon(recording: Recording, events: pd.DataFrame, folder: Path) -> str:
    """Write the tables of a Neon; return the name for the scene video.

    Parameters
    ----------
    recording : Recording
        The recording.
    events : DataFrame
        Gaze events (contract `GAZE_EVENTS`).
    folder : Path
        An empty folder.

    Returns
    -------
    str
        File name of the scene video.
    """
    export = _Export(recording, events, folder)
    export.common()
    export.saccades()
    export.imu(_NEON_IMU)
    export.info(
        {
            "data_format_version": "2.5",
            "app_version": "2.9.18-prod",
            "pipeline_version": "2.8.0",
            "firmware_version": [24, 8],
            "android_device_id": "0000000000000001",
            "android_device_name": "Neon Companion",
            "module_serial_number": "000001",
            "frame_name": "simulated",
            "gaze_frequency": 200,
            "gaze_mode": "binocular",
        }
    )
    export.camera("distortion_coefficients", {"serial_number": "000001"})
    return export.video_name


def write_invisible(recording: Recording, events: pd.DataFrame, folder: Path) -> str:
    """Write the tables of an Invisible; return the name for the scene video.

    Parameters
    ----------
    recording : Recording
        The recording.
    events : DataFrame
        Gaze events (contract `GAZE_EVENTS`).
    folder : Path
        An empty folder.

    Returns
    -------
    str
        File name of the scene video.
    """
    export = _Export(recording, events, folder)
    export.common()
    export.imu(_INVISIBLE_IMU)
    export.info(
        {
            "data_format_version": "1.4",
            "app_version": "1.4.30-prod",
            "pipeline_version": "1.10.0",
            "android_device_id": "0000000000000001",
            "android_device_name": "OnePlus 8T",
            "glasses_serial_number": "sim01",
            "scene_camera_serial_number": "sim01",
        }
    )
    export.camera("dist_coefs", {"serial_number": "sim01", "version": "v1"})
    return export.video_name


class _Export:
    def __init__(self, recording: Recording, events: pd.DataFrame, folder: Path) -> None:
        self.recording, self.events, self.folder = recording, events, folder
        self.id = str(uuid.uuid5(_NAMESPACE, recording.meta.name))
        self.section = str(uuid.uuid5(_NAMESPACE, "section " + recording.meta.name))
        frames = recording.frames
        self.frames = frames[frames["index"] >= 0]
        ends = [table["t_ns"].iloc[[0, -1]] for table in (recording.gaze, self.frames) if len(table)]
        self.start_ns = int(recording.meta.start_unix_ns or min(int(end.iloc[0]) for end in ends))
        self.stop_ns = max(int(end.iloc[1]) for end in ends)

    @property
    def video_name(self) -> str:
        return f"{self.id[:8]}_0.0-{(self.stop_ns - self.start_ns) / 1e9:.3f}.mp4"

    def common(self) -> None:
        """Write gaze, frame times, fixations, blinks and events."""
        slow = self.events[self.events["kind"].isin(_SLOW)]
        blinks = self.events[self.events["kind"] == "blink"]
        self._gaze(slow, blinks)
        self._write("world_timestamps.csv", {"timestamp [ns]": self.frames["t_ns"].to_numpy()})
        fixations = _times("fixation", slow)
        fixations |= {
            "fixation x [px]": _fixed(slow["x_px"], 3),
            "fixation y [px]": _fixed(slow["y_px"], 3),
            "azimuth [deg]": _fixed(slow["x_deg"], 6),
            "elevation [deg]": _fixed(slow["y_deg"], 6),
        }
        self._write("fixations.csv", fixations)
        self._write("blinks.csv", _times("blink", blinks))
        markers = self.recording.events
        self._write(
            "events.csv",
            {
                "timestamp [ns]": markers["t_ns"].to_numpy(),
                "name": markers["name"].to_numpy(),
                "type": markers["source"].astype("str").replace({"device": "recording"}).to_numpy(),
            },
            section=False,
        )

    def _gaze(self, slow: pd.DataFrame, blinks: pd.DataFrame) -> None:
        gaze = self.recording.gaze
        ids = {"fixation id": _ids(slow, len(gaze)), "blink id": _ids(blinks, len(gaze))}
        written = np.isfinite(gaze[["x_px", "y_px"]].to_numpy()).all(axis=1)
        pixels = np.round(gaze.loc[written, ["x_px", "y_px"]].to_numpy(dtype=np.float64), 3)
        angles = self._angles(pixels)
        columns: dict[str, Any] = {
            "timestamp [ns]": gaze.loc[written, "t_ns"].to_numpy(),
            "gaze x [px]": _fixed(pixels[:, 0], 3),
            "gaze y [px]": _fixed(pixels[:, 1], 3),
            "worn": np.where(gaze.loc[written, "reason"] == "not_worn", "0.0", "1.0"),
        }
        columns |= {name: values[written] for name, values in ids.items()}
        columns |= {"azimuth [deg]": _fixed(angles[:, 0], 6), "elevation [deg]": _fixed(angles[:, 1], 6)}
        self._write("gaze.csv", columns)

    def _angles(self, pixels: Floats) -> Floats:
        camera = self.recording.camera
        return np.full(pixels.shape, np.nan) if camera is None else px_to_deg(pixels, camera)

    def saccades(self) -> None:
        """Write saccades; amplitude is the angle between the fixations before and after."""
        kinds = self.events["kind"].to_numpy()
        rows = self.events[kinds == "saccade"]
        columns = _times("saccade", rows)
        columns["amplitude [deg]"] = _fixed(self._amplitudes(np.flatnonzero(kinds == "saccade")), 4)
        columns |= {"mean velocity [px/s]": [""] * len(rows), "peak velocity [px/s]": [""] * len(rows)}
        self._write("saccades.csv", columns)

    def _amplitudes(self, rows: NDArray[np.int64]) -> Floats:
        angles = np.radians(self.events[["x_deg", "y_deg"]].to_numpy(dtype=np.float64))
        before, after = angles[np.maximum(rows - 1, 0)], angles[np.minimum(rows + 1, len(angles) - 1)]
        cosine = np.sin(before[:, 1]) * np.sin(after[:, 1])
        cosine += np.cos(before[:, 1]) * np.cos(after[:, 1]) * np.cos(before[:, 0] - after[:, 0])
        return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))

    def imu(self, others: tuple[str, ...]) -> None:
        """Write the gyroscope; `others` are columns that stay empty."""
        imu = self.recording.imu
        columns: dict[str, Any] = {"timestamp [ns]": imu["t_ns"].to_numpy()}
        for axis in "xyz":
            columns[f"gyro {axis} [deg/s]"] = _fixed(imu[f"gyro_{axis}_deg_s"], 4)
        columns |= {name: [""] * len(imu) for name in others}
        self._write("imu.csv", columns)

    def info(self, device: dict[str, Any]) -> None:
        """Write info.json."""
        name = self.recording.meta.name
        values = {
            "recording_id": self.id,
            "start_time": self.start_ns,
            "duration": self.stop_ns - self.start_ns,
            "gaze_offset": [0.0, 0.0],
            "wearer_id": str(uuid.uuid5(_NAMESPACE, "wearer " + name)),
            "wearer_name": self.recording.meta.participant_label or name,
            "template_data": {"recording_name": name},
        }
        write_json(self.folder / "info.json", device | values)

    def camera(self, coefficients: str, others: dict[str, str]) -> None:
        """Write scene_camera.json, if the camera is known."""
        camera: Camera | None = self.recording.camera
        if camera is not None:
            padded = [*camera.coefficients, *[0.0] * (8 - len(camera.coefficients))]
            values: dict[str, Any] = {"camera_matrix": camera.matrix.tolist(), coefficients: [padded]}
            write_json(self.folder / "scene_camera.json", values | others)

    def _write(self, name: str, columns: dict[str, Any], *, section: bool = True) -> None:
        ids = {"section id": self.section} if section else {}
        table = pd.DataFrame(columns)
        for position, (column, value) in enumerate((ids | {"recording id": self.id}).items()):
            table.insert(position, column, value)
        table.to_csv(self.folder / name, index=False, encoding="utf-8", lineterminator="\n")


def _times(what: str, rows: pd.DataFrame) -> dict[str, Any]:
    onset, offset = rows["onset_ns"].to_numpy(), rows["offset_ns"].to_numpy()
    return {
        f"{what} id": np.arange(1, len(rows) + 1),
        "start timestamp [ns]": onset,
        "end timestamp [ns]": offset,
        "duration [ms]": (offset - onset) // 1_000_000,
    }


def _ids(rows: pd.DataFrame, count: int) -> NDArray[np.object_]:
    """Return the number of the event that each sample belongs to, as text; empty for none."""
    ids = np.full(count, "", dtype=object)
    for number, (first, last) in enumerate(zip(rows["first_sample"], rows["last_sample"], strict=True), 1):
        ids[first : last + 1] = str(number)
    return ids


def _fixed(values: Any, digits: int) -> list[str]:
    return [
        "" if np.isnan(value) else f"{value:.{digits}f}" for value in np.asarray(values, dtype=np.float64)
    ]
