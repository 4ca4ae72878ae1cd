"""Which gaze samples of a phone recording are taken: those computed on the phone, or the 200 Hz ones.

The phone writes one file per part while it records, at the rate it can keep up with. Later gaze may be
computed for every picture of the eye cameras: gaze_200hz, one file over all parts. It is taken where both its
samples and its times are there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.recordings.pupil.native_files import (
    PAIR,
    Parts,
    Rows,
    doubles,
    layout_of,
    paired_count,
    plausible,
    read_records,
    read_times,
)
from gazestudy.importers.sources import Source
from gazestudy.model import Finding

Times = NDArray[np.int64]

WHOLE = ("gaze_200hz.raw", "gaze_200hz.time")
WORN_FROM = 128  # the app writes 0 and 255
_FLOAT_STEP_NS = 256  # of times of today that went through double precision
_LINE_FEED = 10


@dataclass
class GazeSamples:
    """Gaze as the files have it.

    Attributes
    ----------
    t_ns, part : ndarray of int64, shape (n,)
        Times, ns, and parts.
    x_px, y_px : ndarray of float, shape (n,)
        Gaze in the scene image.
    worn : ndarray of bool, shape (n,)
        False where the app says that the glasses were not worn.
    worn_raw : ndarray of int64, shape (n,), or None
        Its own number for that, -1 where it says nothing; None without such files.
    findings : list of Finding
        What was noticed.
    """

    t_ns: Times
    part: Times
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    worn: NDArray[np.bool_]
    worn_raw: Times | None
    findings: list[Finding] = field(default_factory=list)


def read_samples(source: Source, parts: Parts, wanted: str) -> GazeSamples:
    """Read the gaze of a recording.

    Parameters
    ----------
    source : Source
        The recording folder.
    parts : Parts
        Its files.
    wanted : {"", "200hz", "realtime"}
        Which gaze; "" takes that of 200 Hz if it is complete.

    Returns
    -------
    GazeSamples
        In the order of the files.

    Raises
    ------
    InputError
        If neither can be read.
    """
    findings: list[Finding] = []
    layout = layout_of(source, "gaze", PAIR, findings, "gaze")
    live = _live_rows(parts, layout, findings)
    whole = None
    if wanted != "realtime" and all(source.has(name) for name in WHOLE):
        whole = _whole_rows(source, parts, live, layout, findings)
    elif wanted == "200hz":
        raise InputError(source.place(WHOLE[0]), "gaze of 200 Hz is asked for, but is not here")
    n_live = 0 if live is None else len(live.t_ns)
    if whole is not None and wanted != "200hz" and len(whole.t_ns) < n_live:
        text = (
            f"gaze_200hz has {len(whole.t_ns)} samples, fewer than the {n_live} of the parts, which are taken"
        )
        findings.append(Finding("warning", "gaze", "gaze_200hz_short", text, n_live - len(whole.t_ns)))
        whole = None
    rows = whole if whole is not None else live
    if rows is None:
        name = WHOLE[0] if source.has(WHOLE[0]) else "gaze ps1.raw"
        raise InputError(
            source.place(name),
            "there is no gaze that can be read",
            expected="'gaze ps1.raw' with 'gaze ps1.time', or gaze_200hz.raw with gaze_200hz.time",
            advice="Copy the whole folder from the phone again",
        )
    text = f"gaze_200hz, computed after recording ({n_live} samples were computed while recording)"
    findings.append(
        Finding("info", "gaze", "gaze_source", f"taken: {text if whole is not None else 'gaze ps*'}")
    )
    raw = _worn(source, parts, rows, live, findings, whole=whole is not None)
    return GazeSamples(
        rows.t_ns,
        rows.part,
        doubles(rows.values["x"]),
        doubles(rows.values["y"]),
        np.ones(len(rows.t_ns), dtype=np.bool_) if raw is None else (raw < 0) | (raw >= WORN_FROM),
        raw,
        findings,
    )


def part_at(parts: Parts, live: Rows | None, t_ns: Times) -> Times:
    """Return the part of each time: parts meet in the middle of the time without data between them."""
    spans: dict[int, list[int]] = {}
    sensors = [parts.scene or "", "imu", "extimu", "eye_state"]
    times = [
        (number, parts.times(sensor, number, [], "gaze"))
        for sensor in sensors
        for number in parts.files.get(sensor, {})
    ]
    ends = [(parts.numbers.index(number), found) for number, found in times if found is not None]
    if live is not None:
        ends += [(part, live.t_ns[live.part == part]) for part in np.unique(live.part).tolist()]
    for part, found in ends:
        known = found[plausible(found, "", [], "")]
        if len(known):
            low, high = spans.get(part, [int(known.min()), int(known.max())])
            spans[part] = [min(low, int(known.min())), max(high, int(known.max()))]
    ordered = sorted(spans)
    borders = [(spans[before][1] + spans[after][0]) // 2 for before, after in pairwise(ordered)]
    if not ordered or borders != sorted(borders):
        return np.zeros(len(t_ns), np.int64)
    return np.array(ordered, np.int64)[np.searchsorted(np.array(borders, np.int64), t_ns, side="right")]


def _live_rows(parts: Parts, layout: np.dtype[np.void], findings: list[Finding]) -> Rows | None:
    if not parts.has("gaze"):
        return None
    try:
        return parts.rows("gaze", layout, findings, "gaze")
    except InputError as error:
        findings.append(Finding("problem", "gaze", "parts_unusable", str(error), 1))
        return None


def _whole_rows(
    source: Source, parts: Parts, live: Rows | None, layout: np.dtype[np.void], findings: list[Finding]
) -> Rows:
    values = read_records(source, WHOLE[0], layout, findings, "gaze")
    t_ns = read_times(source, WHOLE[1], findings, "gaze")
    count = paired_count(WHOLE[0], len(values), len(t_ns), findings, "gaze")
    t_ns, values = t_ns[:count], values[:count]
    keep = plausible(t_ns, "gaze_200hz", findings, "gaze")
    t_ns, values = t_ns[keep], values[keep]
    if live is not None:
        t_ns = _exact_times(t_ns, live.t_ns, findings)
    return Rows(t_ns, part_at(parts, live, t_ns), values)


def _exact_times(t_ns: Times, exact: Times, findings: list[Finding]) -> Times:
    """Undo double precision: put the exact time of the part for a multiple of 256 ns beside it."""
    exact = np.unique(exact)
    if len(exact) == 0:
        return t_ns
    after = np.minimum(np.searchsorted(exact, t_ns), len(exact) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(
        np.abs(exact[after] - t_ns) < np.abs(exact[before] - t_ns), exact[after], exact[before]
    )
    off = np.abs(nearest - t_ns)
    rounded = (off > 0) & (off <= _FLOAT_STEP_NS // 2) & (t_ns % _FLOAT_STEP_NS == 0)
    count = int(np.count_nonzero(rounded))
    if count == 0:
        return t_ns
    text = (
        f"{count} times of gaze_200hz were rounded to {_FLOAT_STEP_NS} ns by their writer; the exact ones of"
        f" the parts are taken (at most {int(off[rounded].max())} ns apart)"
    )
    findings.append(Finding("info", "gaze", "times_rounded", text, count))
    return np.where(rounded, nearest, t_ns)


def _worn(
    source: Source, parts: Parts, rows: Rows, live: Rows | None, findings: list[Finding], *, whole: bool
) -> Times | None:
    """Return the app's number for worn at each sample, -1 where it says nothing; None without files."""
    states: list[Times] = []
    names: list[tuple[str, int]] = []
    if whole and source.has("worn_200hz.raw"):
        names = [("worn_200hz.raw", source.size_bytes(WHOLE[0]) // PAIR.itemsize)]
    elif live is not None:
        files = parts.files.get("worn", {})
        names = [
            (files.get(number, {}).get("raw", ""), int(np.count_nonzero(live.part == part)))
            for part, number in enumerate(parts.numbers)
        ]
    if not any(name for name, _ in names):
        text = "no file says whether the glasses were worn; they are taken as worn throughout"
        findings.append(Finding("warning", "gaze", "no_worn", text))
        return None
    for name, count in names:
        states.append(_states(source, name, count, findings))
    found = np.concatenate(states).astype(np.int64)
    if names[0][0] != "worn_200hz.raw" and whole and live is not None:
        last = np.searchsorted(live.t_ns, rows.t_ns, side="right") - 1
        known = last >= 0
        found = np.where(known, _padded(found, len(live.t_ns))[np.maximum(last, 0)], -1)
    found = _padded(found, len(rows.t_ns))
    unknown = int(np.count_nonzero(found < 0))
    if unknown:
        text = f"{unknown} samples do not say whether the glasses were worn; taken as worn"
        findings.append(Finding("warning", "gaze", "worn_unknown", text, unknown))
    return found


def _states(source: Source, name: str, count: int, findings: list[Finding]) -> Times:
    if not name:
        return np.full(count, -1, np.int64)
    found = np.frombuffer(source.read(name), np.uint8).astype(np.int64)
    if len(found) == count + 1 and found[-1] == _LINE_FEED:
        text = f"{name} has a line feed behind its last byte; some program took it for text"
        findings.append(Finding("info", "gaze", "length_mismatch", text, 1))
    else:
        paired_count(name, len(found), count, findings, "gaze")
    return _padded(found, count)


def _padded(states: Times, count: int) -> Times:
    return np.append(states[:count], np.full(max(count - len(states), 0), -1, np.int64))
