"""The tables beside gaze and frames in a phone recording of Pupil."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.importers.recordings.pupil.native_files import (
    BLINKS,
    EYE_STATE,
    EYE_STATE_LIDS,
    FIXATIONS,
    IMU,
    INVISIBLE,
    INVISIBLE_IMU,
    Parts,
    Records,
    Rows,
    doubles,
    layout_of,
    paired_count,
    plausible,
    read_records,
    read_times,
)
from gazestudy.importers.recordings.pupil.native_imu import packets
from gazestudy.importers.streams import gap_findings, in_time_order
from gazestudy.model import Finding, Stream

_FIXATION, _SACCADE = 1, 0
_SACCADE_COLUMNS = {
    "amplitude_pixels": "amplitude_px",
    "amplitude_angle_deg": "amplitude_deg",
    "mean_velocity": "velocity_mean_px_s",
    "max_velocity": "velocity_max_px_s",
}
_IMU_COLUMNS = {"gyro": "gyro_{}_deg_s", "accel": "acceleration_{}_g", "quaternion": "quaternion_{}"}


def read_imu(parts: Parts, device: str) -> Stream:
    """Return the inertial measurements: of "imu", else of "extimu", which older apps write alone."""
    findings: list[Finding] = []
    if parts.has("imu"):
        layout = layout_of(parts.source, "imu", IMU, findings, "imu")
        rows = _timed_records(parts, "imu", layout, findings, "imu")
    elif device == INVISIBLE:
        rows = parts.rows("extimu", INVISIBLE_IMU, findings, "imu")
    else:
        rows = _packets(parts, findings)
    values: dict[str, NDArray[Any]] = {"t_ns": rows.t_ns, "part": rows.part}
    names = rows.values.dtype.names or ()
    for sensor, column in _IMU_COLUMNS.items():
        for axis in "wxyz":
            if f"{sensor}_{axis}" in names:
                values[column.format(axis)] = doubles(rows.values[f"{sensor}_{axis}"])
    table, order = in_time_order(pd.DataFrame(values), "imu")
    gaps = gap_findings(table["t_ns"].to_numpy(), "imu", table["part"].to_numpy())
    return Stream(table, (*findings, *order, *gaps))


def read_events(parts: Parts) -> Stream:
    """Return the events that were written into the recording."""
    findings: list[Finding] = []
    t_ns = read_times(parts.source, "event.time", findings, "events")
    text = parts.source.read("event.txt").decode("utf-8", "replace")
    if broken := text.count("\ufffd"):
        message = "event.txt is not UTF-8; some letters were replaced"
        findings.append(Finding("warning", "events", "encoding", message, broken))
    names = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    count = min(len(names), len(t_ns))
    if len(names) != len(t_ns):
        message = (
            f"{len(names)} names for {len(t_ns)} times (a name with a line break?); the first {count} are"
            " paired, and names may belong to other events"
        )
        apart = abs(len(names) - len(t_ns))
        findings.append(Finding("problem", "events", "event_names", message, apart))
    values = pd.DataFrame({"t_ns": t_ns[:count], "name": names[:count], "source": "device"})
    values = values[plausible(t_ns[:count], "event.time", findings, "events")].reset_index(drop=True)
    table, order = in_time_order(values.astype({"name": "str", "source": "str"}), "events")
    return Stream(table, (*findings, *order))


def read_gaze_events(parts: Parts, offset_px: NDArray[np.float64]) -> tuple[Stream, Stream]:
    """Return the app's fixations and saccades.

    Parameters
    ----------
    parts : Parts
        The files.
    offset_px : ndarray of float, shape (2,)
        What is added to the centres of fixations.

    Returns
    -------
    fixations, saccades : Stream
        `start_ns` (first sample), `end_ns` (the sample behind the last), `duration_ms`, start and end point;
        fixations with their centre, saccades with amplitude and velocity.
    """
    findings: list[Finding] = []
    layout = layout_of(parts.source, "fixations", FIXATIONS, findings, "fixations")
    rows = _timed_records(parts, "fixations", layout, findings, "fixations")
    kind = rows.values["event_type"]
    unknown = int(np.count_nonzero((kind != _FIXATION) & (kind != _SACCADE)))
    if unknown:
        text = f"{unknown} events are neither fixation nor saccade; they were left out"
        findings.append(Finding("warning", "fixations", "event_type_unknown", text, unknown))
    fixations, values = _intervals(rows, kind == _FIXATION, "fixation_id", findings)
    for number, axis in enumerate("xy"):
        fixations[f"{axis}_px"] = doubles(values[f"mean_gaze_{axis}"]) + offset_px[number]
    _add_ends(fixations, values)
    saccades, values = _intervals(rows, kind == _SACCADE, "saccade_id", findings)
    _add_ends(saccades, values)
    for name, column in _SACCADE_COLUMNS.items():
        saccades[column] = doubles(values[name])
    return Stream(fixations, tuple(findings)), Stream(saccades)


def read_blinks(parts: Parts) -> Stream:
    """Return the app's blinks."""
    findings: list[Finding] = []
    layout = layout_of(parts.source, "blinks", BLINKS, findings, "blinks")
    rows = _timed_records(parts, "blinks", layout, findings, "blinks")
    table, values = _intervals(rows, np.ones(len(rows.t_ns), dtype=np.bool_), "blink_id", findings)
    table["event_type"] = values["event_type"].astype(np.int64)
    return Stream(table, tuple(findings))


def read_eye_states(parts: Parts) -> Stream:
    """Return pupils, eyeballs, optical axes and eyelids in the frame of the scene camera."""
    findings: list[Finding] = []
    fallback = EYE_STATE
    sizes = [
        (parts.source.size_bytes(files["raw"]), parts.source.size_bytes(files["time"]) // 8)
        for files in parts.files["eye_state"].values()
        if {"raw", "time"} <= set(files)
    ]
    # Apps that have eyelids append them; without a .dtype file the size of a record tells.
    if sizes and all(raw >= EYE_STATE_LIDS.itemsize * times for raw, times in sizes):
        fallback = EYE_STATE_LIDS
    layout = layout_of(parts.source, "eye_state", fallback, findings, "eye_states")
    rows = parts.rows("eye_state", layout, findings, "eye_states", clock="gaze")
    values: dict[str, NDArray[Any]] = {"t_ns": rows.t_ns, "part": rows.part}
    for name in rows.values.dtype.names or ():
        values[_eye_column(name)] = doubles(rows.values[name])
    table, order = in_time_order(pd.DataFrame(values), "eye_states")
    return Stream(table, (*findings, *order))


def answers(template: dict[str, Any], info: dict[str, Any]) -> Stream | None:
    """Return the form that was filled in on the phone, one row per question; None without a form."""
    given, items = info.get("template_data"), template.get("items")
    data = given.get("data") if isinstance(given, dict) else None
    if not isinstance(data, dict) or not data:
        return None
    titles = {
        str(one.get("id")): str(one.get("title", ""))
        for one in (items if isinstance(items, list) else [])
        if isinstance(one, dict)
    }
    rows = [
        (
            str(key),
            titles.get(str(key), ""),
            "; ".join(str(one) for one in (answer if isinstance(answer, list) else [answer])),
        )
        for key, answer in data.items()
    ]
    return Stream(pd.DataFrame(rows, columns=["question_id", "question", "answer"]).astype("str"))


def event_at(t_ns: NDArray[np.int64], events: pd.DataFrame, column: str) -> NDArray[np.int64]:
    """Return the number of the event that each time lies in, -1 for none.

    The sample at the end of an event is the first that is no longer in it, as in exports of the vendor.
    """
    if len(events) == 0:
        return np.full(len(t_ns), -1, np.int64)
    events = events.sort_values("start_ns", kind="stable")
    last = np.searchsorted(events["start_ns"].to_numpy(), t_ns, side="right") - 1
    place = np.maximum(last, 0)
    inside = (last >= 0) & (t_ns < events["end_ns"].to_numpy()[place])
    return np.where(inside, events[column].to_numpy()[place], -1).astype(np.int64)


def eye_columns(t_ns: NDArray[np.int64], eyes: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Return pupil diameters and eyeballs at exactly these times, NaN where there is no such row."""
    times = eyes["t_ns"].to_numpy()
    if len(times) == 0:
        return {}
    place = np.minimum(np.searchsorted(times, t_ns), len(times) - 1)
    same = times[place] == t_ns
    wanted = [f"pupil_{eye}_mm" for eye in ("left", "right")]
    wanted += [f"eye_{eye}_{axis}_mm" for eye in ("left", "right") for axis in "xyz"]
    return {
        name: np.where(same, eyes[name].to_numpy()[place], np.nan) for name in wanted if name in eyes.columns
    }


def _eye_column(name: str) -> str:
    """Return the name with its unit: "eyeball_center_left_x" is eye_left_x_mm.

    Examples
    --------
    >>> _eye_column("eyeball_center_left_x"), _eye_column("eyelid_angle_top_left")
    ('eye_left_x_mm', 'eyelid_angle_top_left_rad')
    """
    if name.startswith("eyeball_center_"):
        return f"eye_{name.removeprefix('eyeball_center_')}_mm"
    if name.startswith("eyelid_angle_"):
        return f"{name}_rad"
    return name.replace("pupil_diameter_", "pupil_")


def _intervals(
    rows: Rows, chosen: NDArray[np.bool_], number: str, findings: list[Finding]
) -> tuple[pd.DataFrame, Records]:
    start, end = (rows.values[f"{name}_timestamp_ns"] for name in ("start", "end"))
    possible = (
        plausible(start.astype(np.int64), number, [], "")
        & plausible(end.astype(np.int64), number, [], "")
        & (end >= start)
    )
    lost = int(np.count_nonzero(chosen & ~possible))
    if lost:
        text = f"{lost} events have times that cannot be; they were left out"
        findings.append(Finding("problem", number.replace("_id", "s"), "times_implausible", text, lost))
    values = rows.values[chosen & possible]
    table = pd.DataFrame(
        {
            number: np.arange(1, len(values) + 1, dtype=np.int64),
            "start_ns": values["start_timestamp_ns"].astype(np.int64),
            "end_ns": values["end_timestamp_ns"].astype(np.int64),
        }
    )
    table["duration_ms"] = (table["end_ns"] - table["start_ns"]) / 1e6
    table["part"] = rows.part[chosen & possible]
    return table, values


def _add_ends(table: pd.DataFrame, values: Records) -> None:
    for point in ("start", "end"):
        for axis in "xy":
            table[f"{point}_{axis}_px"] = doubles(values[f"{point}_gaze_{axis}"])


def _timed_records(
    parts: Parts, sensor: str, layout: np.dtype[Any], findings: list[Finding], stream: str
) -> Rows:
    """Read records that carry their own times; the .time files say the same and are only counted."""
    pieces = []
    for number, files in sorted(parts.files[sensor].items()):
        if "raw" in files:
            values = read_records(parts.source, files["raw"], layout, findings, stream)
            pieces.append((parts.numbers.index(number), values))
            times = parts.times(sensor, number, findings, stream)
            if times is not None:
                count = paired_count(files["raw"], len(values), len(times), findings, stream)
                pieces[-1] = (pieces[-1][0], values[:count])
    return _joined(sensor, pieces, layout, findings, stream)


def _packets(parts: Parts, findings: list[Finding]) -> Rows:
    pieces = []
    for number, files in sorted(parts.files["extimu"].items()):
        if "raw" not in files:
            continue
        values, damaged, rest = packets(parts.source.read(files["raw"]))
        pieces.append((parts.numbers.index(number), values))
        if damaged or rest:
            text = (
                f"{files['raw']}: {damaged} packets cannot be decoded, {rest} bytes at the end are no packet"
            )
            findings.append(Finding("problem", "imu", "packets_damaged", text, damaged + (rest > 0)))
    return _joined("extimu", pieces, IMU, findings, "imu")


def _joined(
    sensor: str,
    pieces: list[tuple[int, Records]],
    layout: np.dtype[Any],
    findings: list[Finding],
    stream: str,
) -> Rows:
    values = np.concatenate([np.zeros(0, layout), *(values for _, values in pieces)])
    part = np.repeat(np.array([part for part, _ in pieces], np.int64), [len(values) for _, values in pieces])
    column = "timestamp_ns" if "timestamp_ns" in (layout.names or ()) else "start_timestamp_ns"
    t_ns = values[column].astype(np.int64)
    keep = plausible(t_ns, sensor, findings, stream)
    return Rows(t_ns[keep], part[keep], values[keep])
