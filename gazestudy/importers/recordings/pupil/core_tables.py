"""What Pupil Capture and Player write beside gaze: pupils, fixations, blinks, annotations, motion sensors.

Each table is described by its columns and where they lie in a datum. Angular velocities are rad/s and
accelerations m/s² there, as of a RealSense T265, whose quaternions are w, x, y, z.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.importers.recordings.pupil.core_pldata import Floats, Pldata, times_ns
from gazestudy.importers.streams import gap_findings, in_time_order
from gazestudy.model import Finding, Stream

Path = tuple[str | int, ...]

_NAN = float("nan")
_DEG_PER_RAD = 57.29577951308232


@dataclass(frozen=True, slots=True)
class Topic:
    """The columns of one kind of datum.

    Attributes
    ----------
    numbers : dict of str to tuple
        Column to the keys that lead to it; NaN where they lead nowhere.
    texts : dict of str to str
        Column to key.
    needs : str
        Key without which a datum is not what it should be.
    """

    numbers: dict[str, Path]
    texts: dict[str, str]
    needs: str


def _axes(pattern: str, key: str, axes: str = "xyz") -> dict[str, Path]:
    return {pattern.format(axis): (key, number) for number, axis in enumerate(axes)}


PUPIL = Topic(
    {
        "eye_id": ("id",),
        "confidence": ("confidence",),
        "norm_x": ("norm_pos", 0),
        "norm_y": ("norm_pos", 1),
        "diameter_px": ("diameter",),
        "diameter_mm": ("diameter_3d",),
        "model_confidence": ("model_confidence",),
        "ellipse_center_x_px": ("ellipse", "center", 0),
        "ellipse_center_y_px": ("ellipse", "center", 1),
        "ellipse_axis_a_px": ("ellipse", "axes", 0),
        "ellipse_axis_b_px": ("ellipse", "axes", 1),
        "ellipse_angle_deg": ("ellipse", "angle"),
        "theta_rad": ("theta",),
        "phi_rad": ("phi",),
    },
    {"method": "method"},
    "confidence",
)
FIXATION = Topic(
    {
        "fixation_id": ("id",),
        "duration_ms": ("duration",),
        "norm_x": ("norm_pos", 0),
        "norm_y": ("norm_pos", 1),
        "dispersion_deg": ("dispersion",),
        "confidence": ("confidence",),
        **_axes("gaze3d_{}_mm", "gaze_point_3d"),
    },
    {"method": "method"},
    "norm_pos",
)
BLINK = Topic({"confidence": ("confidence",)}, {"type": "type"}, "confidence")
NOTIFICATION = Topic({}, {"subject": "subject"}, "subject")
ANNOTATION = Topic({"duration_s": ("duration",)}, {"name": "label"}, "label")
GYRO = Topic(_axes("gyro_{}_deg_s", "angular_velocity"), {}, "angular_velocity")
ACCELEROMETER = Topic(_axes("acceleration_{}_m_s2", "linear_acceleration"), {}, "linear_acceleration")
ODOMETRY = Topic(
    {
        "tracker_confidence": ("tracker_confidence",),
        **_axes("position_{}_m", "position"),
        **_axes("quaternion_{}", "orientation", "wxyz"),
        **_axes("velocity_{}_m_s", "linear_velocity"),
        **_axes("gyro_{}_deg_s", "angular_velocity"),
        **_axes("acceleration_{}_m_s2", "linear_acceleration"),
    },
    {},
    "position",
)

TABLES: dict[str, tuple[str, Topic]] = {
    "pupil_positions": ("pupil.pldata", PUPIL),
    "pupil_positions_offline": ("offline_data/offline_pupil.pldata", PUPIL),
    "fixations": ("fixations.pldata", FIXATION),
    "fixations_offline": ("offline_data/fixations.pldata", FIXATION),
    "blinks": ("blinks.pldata", BLINK),
    "notifications": ("notify.pldata", NOTIFICATION),
    "imu": ("gyro.pldata", GYRO),
    "accelerometer": ("accel.pldata", ACCELEROMETER),
    "odometry": ("odometry.pldata", ODOMETRY),
}
"""Stream to its file and columns; annotations are apart, since Player writes a file of its own."""

_WHOLE = ("eye_id", "fixation_id", "tracker_confidence")


def read_topic(file: Pldata, topic: Topic, stamps: Floats | None) -> Stream:
    """Read a pldata file as a table in time order.

    Parameters
    ----------
    file : Pldata
        The file.
    topic : Topic
        Its columns.
    stamps : ndarray of float or None
        Times beside it, s.

    Returns
    -------
    Stream
        A column `t_ns`, then those of the topic; a number column without any value is left out unless it
        is a gyroscope's.
    """
    texts: dict[str, list[str]] = {name: [] for name in topic.texts}
    rows = np.frombuffer(file.rows(_packer(topic, texts)), np.float64).reshape(-1, 2 + len(topic.numbers))
    usable, t_ns = times_ns(file, rows[:, 0], rows[:, 1], stamps)
    table = pd.DataFrame({"t_ns": t_ns})
    for name, values in zip(topic.numbers, rows[usable].T[2:], strict=True):
        if topic is not GYRO and len(values) and not np.isfinite(values).any():
            continue
        with np.errstate(over="ignore"):
            scaled = values * _DEG_PER_RAD if name.endswith("_deg_s") else values
        table[name] = _whole(values) if name in _WHOLE else scaled.copy()
    for name, words in texts.items():
        table[name] = pd.Series(np.asarray(words, dtype=object)[usable], dtype="str")
    table, order = in_time_order(table, file.stream)
    gaps = gap_findings(table["t_ns"].to_numpy(), "imu") if topic is GYRO else []
    return Stream(table, (*file.close(), *_repeated_fixations(table, file), *order, *gaps))


def annotation_events(file: Pldata, stamps: Floats | None) -> Stream:
    """Read annotations as events."""
    stream = read_topic(file, ANNOTATION, stamps)
    table = stream.table
    table.insert(2, "source", pd.Series(["user"] * len(table), dtype="str"))
    return Stream(table[["t_ns", "name", *table.columns.difference(["t_ns", "name"])]], stream.findings)


def _packer(topic: Topic, texts: dict[str, list[str]]) -> Callable[[dict[Any, Any], int], bytes]:
    getters = [_getter(path) for path in topic.numbers.values()]
    form = struct.Struct(f"<{2 + len(getters)}d")

    def pack(datum: dict[Any, Any], number: int) -> bytes:
        datum[topic.needs]
        row = form.pack(number, datum.get("timestamp", _NAN), *[get(datum) for get in getters])
        for name, key in topic.texts.items():
            texts[name].append(str(datum.get(key, "")))
        return row

    return pack


def _getter(path: Path) -> Callable[[Any], Any]:
    """Return what follows the keys of a path, NaN where they lead nowhere."""
    key, *rest = path

    def direct(datum: Any) -> Any:
        value = datum.get(key)
        return _NAN if value is None else value

    def through(datum: Any) -> Any:
        try:
            datum = datum[key]
            for step in rest:
                datum = datum[step]
        except (KeyError, TypeError, IndexError):
            return _NAN
        return _NAN if datum is None else datum

    return through if rest else direct


def _whole(values: Floats) -> pd.Series:
    known = np.isfinite(values) & (np.abs(values) < 2**53)
    return pd.Series(np.where(known, values, -1.0).astype(np.int64))


def _repeated_fixations(table: pd.DataFrame, file: Pldata) -> list[Finding]:
    """Say so where one fixation has several rows: while it lasts, Capture writes it again and again."""
    if "fixation_id" not in table.columns or table["fixation_id"].is_unique:
        return []
    several = len(table) - table["fixation_id"].nunique()
    text = f"{len(table)} rows describe {len(table) - several} fixations: take the longest of each id"
    return [Finding("info", file.stream, "repeated_ids", text, several)]
