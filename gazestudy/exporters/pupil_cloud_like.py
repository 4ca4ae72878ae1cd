"""Any recording as CSV tables like those of Pupil Cloud's "Timeseries Data", for programs that read those.

Times are UTC ns. Every sample has a row; samples that are invalid for a reason the tables cannot hold have no
coordinates, so that nobody takes them for valid ones. Nothing is made up: what is not known is left out.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.exporters.folders import write_json
from gazestudy.exporters.glassestools import PINHOLES, scene_times_ns
from gazestudy.exporters.tidy import safe_text
from gazestudy.geometry.cameras import px_to_deg
from gazestudy.model import Recording

HELD_REASONS = ("ok", "blink", "not_worn", "out_of_image")
"""Reasons that the tables can say: by blink id, by worn, by the coordinates themselves."""

IMU_COLUMNS = {
    **{f"gyro_{axis}_deg_s": f"gyro {axis} [deg/s]" for axis in "xyz"},
    **{f"acceleration_{axis}_g": f"acceleration {axis} [g]" for axis in "xyz"},
    **{f"{angle}_deg": f"{angle} [deg]" for angle in ("roll", "pitch", "yaw")},
    **{f"quaternion_{axis}": f"quaternion {axis}" for axis in "wxyz"},
}
PUPILS = {f"pupil_{side}_mm": f"pupil diameter {side} [mm]" for side in ("left", "right")}

_NAMESPACE = uuid.UUID("9b0b7d0e-5f0f-4d6d-8a53-0a0e6b9c8f11")
_SERIALS = {
    "Neon": ("module_serial_number", "frame_name"),
    "Pupil Invisible": ("glasses_serial_number", "scene_camera_serial_number"),
}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Floats = NDArray[np.float64]


def write(recording: Recording, events: pd.DataFrame, folder: Path) -> list[str]:
    """Write the tables.

    Parameters
    ----------
    recording : Recording
        The recording; its `meta.participant_label` is written as the wearer's name.
    events : DataFrame
        Gaze events (contract `GAZE_EVENTS`), for fixations.csv and saccades.csv; may be empty.
    folder : Path
        An empty folder.

    Returns
    -------
    list of str
        File name for each scene video.
    """
    return _Export(recording, events, folder).write()


def blink_numbers(gaze: pd.DataFrame) -> NDArray[np.int64]:
    """Return the number of the blink each sample is in, from 1, or 0; a run of blink samples is a blink."""
    blink = (gaze["reason"] == "blink").to_numpy()
    part = gaze["part"].to_numpy()
    starts = blink & ~(np.append(False, blink[:-1]) & (np.append(-1, part[:-1]) == part))
    return np.where(blink, np.cumsum(starts), 0).astype(np.int64)


class _Export:
    def __init__(self, recording: Recording, events: pd.DataFrame, folder: Path) -> None:
        self.recording, self.events, self.folder = recording, events, folder
        meta = recording.meta
        known = str(meta.extra.get("recording_id", "")).lower()
        self.id = known if _UUID.fullmatch(known) else str(uuid.uuid5(_NAMESPACE, meta.name))
        self.section = str(uuid.uuid5(_NAMESPACE, "section " + self.id))
        self.offset_ns = recording.clock.offset_to_unix_ns or 0
        self.frame_ns = scene_times_ns(recording) + self.offset_ns

    def write(self) -> list[str]:
        self._gaze()
        self._table("world_timestamps.csv", {"timestamp [ns]": self.frame_ns})
        self._gaze_events()
        markers = self.recording.events
        source = markers["source"].astype("str").replace({"device": "recording"})
        names = [safe_text(name) for name in markers["name"]]
        named = {"timestamp [ns]": markers["t_ns"] + self.offset_ns, "name": names, "type": source}
        self._table("events.csv", named, section=False)
        self._imu()
        self._pupils()
        self._info()
        self._camera()
        return self._video_names()

    def _gaze(self) -> None:
        gaze = self.recording.gaze
        pixels = gaze[["x_px", "y_px"]].to_numpy(dtype=np.float64, copy=True)
        pixels[~gaze["reason"].isin(HELD_REASONS).to_numpy()] = np.nan
        pixels = np.round(pixels, 3)
        blinks = blink_numbers(gaze)
        angles = self._angles(pixels)
        self._table(
            "gaze.csv",
            {
                "timestamp [ns]": gaze["t_ns"].to_numpy() + self.offset_ns,
                "gaze x [px]": _fixed(pixels[:, 0], 3),
                "gaze y [px]": _fixed(pixels[:, 1], 3),
                "worn": np.where(gaze["reason"] == "not_worn", "0.0", "1.0"),
                "fixation id": _numbers(self._fixation_numbers(len(gaze))),
                "blink id": _numbers(blinks),
                "azimuth [deg]": _fixed(angles[:, 0], 6),
                "elevation [deg]": _fixed(angles[:, 1], 6),
            },
        )
        inside = np.flatnonzero(blinks)
        _, first = np.unique(blinks[inside], return_index=True)
        last = np.append(first[1:], len(inside)) - 1 if len(first) else first
        t_ns = gaze["t_ns"].to_numpy()[inside]
        self._table("blinks.csv", self._times("blink", t_ns[first], t_ns[last]))

    def _angles(self, pixels: Floats) -> Floats:
        camera, gaze = self.recording.camera, self.recording.gaze
        if {"azimuth_deg", "elevation_deg"} <= set(gaze.columns):  # of the device itself
            angles = gaze[["azimuth_deg", "elevation_deg"]].to_numpy(dtype=np.float64)
            return np.where(np.isfinite(pixels), angles, np.nan)
        return np.full(pixels.shape, np.nan) if camera is None else px_to_deg(pixels, camera)

    def _fixations(self) -> pd.DataFrame:
        return self.events[self.events["kind"] == "fixation"]

    def _fixation_numbers(self, count: int) -> NDArray[np.int64]:
        numbers = np.zeros(count, dtype=np.int64)
        rows = self._fixations()
        for number, (first, last) in enumerate(
            zip(rows["first_sample"], rows["last_sample"], strict=True), 1
        ):
            numbers[first : last + 1] = number
        return numbers

    def _gaze_events(self) -> None:
        rows = self._fixations()
        if len(self.events) == 0:
            return
        fixations = self._times("fixation", rows["onset_ns"].to_numpy(), rows["offset_ns"].to_numpy())
        for column, name, digits in (
            ("x_px", "fixation x [px]", 3),
            ("y_px", "fixation y [px]", 3),
            ("x_deg", "azimuth [deg]", 6),
            ("y_deg", "elevation [deg]", 6),
        ):
            fixations[name] = _fixed(rows[column].to_numpy(np.float64), digits)
        self._table("fixations.csv", fixations)
        rows = self.events[self.events["kind"] == "saccade"]
        if len(rows):
            onset, offset = rows["onset_ns"].to_numpy(), rows["offset_ns"].to_numpy()
            self._table("saccades.csv", self._times("saccade", onset, offset))

    def _times(self, what: str, onset: NDArray[np.int64], offset: NDArray[np.int64]) -> dict[str, Any]:
        return {
            f"{what} id": np.arange(1, len(onset) + 1),
            "start timestamp [ns]": onset + self.offset_ns,
            "end timestamp [ns]": offset + self.offset_ns,
            "duration [ms]": (offset - onset) // 1_000_000,
        }

    def _imu(self) -> None:
        imu = self.recording.imu
        if len(imu) == 0:
            return
        columns: dict[str, Any] = {"timestamp [ns]": imu["t_ns"].to_numpy() + self.offset_ns}
        for column, name in IMU_COLUMNS.items():
            if column in imu.columns:
                columns[name] = imu[column].to_numpy()
        self._table("imu.csv", columns)

    def _pupils(self) -> None:
        gaze = self.recording.gaze
        columns = {name: gaze[column].to_numpy() for column, name in PUPILS.items() if column in gaze.columns}
        if columns:
            self._table("3d_eye_states.csv", {"timestamp [ns]": gaze["t_ns"] + self.offset_ns, **columns})

    def _info(self) -> None:
        meta, gaze_ns = self.recording.meta, self.recording.gaze["t_ns"].to_numpy()
        ends = [times[[0, -1]] for times in (gaze_ns + self.offset_ns, self.frame_ns) if len(times)]
        first = min((int(end[0]) for end in ends), default=0)
        start = meta.start_unix_ns if meta.start_unix_ns is not None else first
        values: dict[str, Any] = {
            "recording_id": self.id,
            "start_time": int(start),
            "duration": max((int(end[1]) for end in ends), default=int(start)) - int(start),
            "wearer_id": str(uuid.uuid5(_NAMESPACE, "wearer " + meta.participant_label)),
            "wearer_name": meta.participant_label,
            "template_data": {"recording_name": meta.name},
            "original_device": meta.device,
            "exported_by": "gazestudy",
        }
        for key in _SERIALS.get(meta.device, ()):
            values[key] = str(meta.extra.get(key, ""))
        write_json(self.folder / "info.json", values)

    def _camera(self) -> None:
        camera = self.recording.camera
        if camera is not None and camera.model in PINHOLES:
            padded = [*camera.coefficients, *[0.0] * (8 - len(camera.coefficients))]
            name = (
                "dist_coefs" if self.recording.meta.device == "Pupil Invisible" else "distortion_coefficients"
            )
            write_json(
                self.folder / "scene_camera.json", {"camera_matrix": camera.matrix.tolist(), name: [padded]}
            )

    def _video_names(self) -> list[str]:
        """Name scene videos as the Cloud does, by the seconds they cover."""
        frames = self.recording.frames
        start_ns = int(frames["t_ns"].iloc[0]) if len(frames) else 0
        names = []
        for number in range(len(self.recording.videos)):
            t_ns = frames.loc[frames["video"] == number, "t_ns"]
            begin, end = (int(t_ns.min()), int(t_ns.max())) if len(t_ns) else (start_ns, start_ns)
            names.append(f"{self.id[:8]}_{(begin - start_ns) / 1e9:.3f}-{(end - start_ns) / 1e9:.3f}.mp4")
        return names

    def _table(self, name: str, columns: dict[str, Any], *, section: bool = True) -> None:
        ids = {"section id": self.section} if section else {}
        table = pd.DataFrame(columns)
        for position, (column, value) in enumerate((ids | {"recording id": self.id}).items()):
            table.insert(position, column, value)
        table.to_csv(self.folder / name, index=False, encoding="utf-8", lineterminator="\n")


def _fixed(values: Floats, digits: int) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.{digits}f}" for value in values.tolist()]


def _numbers(values: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return numbers as text, nothing for 0."""
    return np.where(values > 0, values.astype(str), "").astype(object)
