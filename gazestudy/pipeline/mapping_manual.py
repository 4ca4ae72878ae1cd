"""What people say about mapping, from the words they use: seconds, pixels and names."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from gazestudy.errors import InputError, ParameterError, StudyError
from gazestudy.model import Placement
from gazestudy.model.manual import (
    CORNERS,
    KeyFrame,
    ManualAnswer,
    Marker,
    MarkerLayout,
    Points,
    Stored,
    Verdict,
    corners_of,
    points_of,
)
from gazestudy.pipeline.mapping_sources import frame_at
from gazestudy.store import Study

Unit = Literal["px", "mm", "share"]


def start_ns(study: Study, recording_id: str) -> int:
    """Return the time from which people count seconds: that of the first scene frame.

    Raises
    ------
    StudyError
        If the recording has no scene video.
    """
    frames = study.stream(recording_id, "frames")
    if len(frames) == 0:
        raise StudyError(f"{study.path}: {recording_id!r} has no scene video, so there is nothing to map in")
    return int(frames["t_ns"].iloc[0])


def time_ns(study: Study, recording_id: str, seconds: float) -> int:
    """Return a time on the clock of a recording from seconds since its first scene frame."""
    return start_ns(study, recording_id) + round(seconds * 1e9)


def add_key_frame(
    study: Study,
    recording_id: str,
    placement_id: str,
    corners_px: Sequence[tuple[float, float]],
    *,
    at_s: float,
    points: Sequence[tuple[float, float]] | None = None,
    creative_id: str = "",
    copy: int = 0,
    made_by: str | None = None,
    note: str = "",
    replace: bool = False,
) -> Stored[KeyFrame]:
    """Keep where a person clicked the corners or other points of a placement, in the frame on show at a time.

    Parameters
    ----------
    study : Study
        Open for writing.
    recording_id, placement_id : str
        Which.
    corners_px : sequence of 4 or more (float, float)
        In the scene image: the corners, clockwise from the top left one of the picture, or `points`.
    at_s : float
        Seconds since the first scene frame.
    points : sequence of as many (float, float), optional
        Which points of the reference image these are, px, in any order; None: its corners.
    creative_id, copy
        As for `KeyFrame`.
    made_by, note, replace
        As for `Study.add_key_frame`.

    Returns
    -------
    Stored
        The key frame, at the time of the frame.

    Raises
    ------
    StudyError
        If there is no picture at that time, or something that is named.
    ParameterError
        If the points cannot be seen like that, are the same, or lie nearly on a line.
    """
    _, t_ns = frame_at(study, recording_id, time_ns(study, recording_id, at_s))
    at: Points = CORNERS
    if points is not None:
        home = study.placement(placement_id)
        at = points_of([_share(home, point, "px") for point in points], "points")
    here = points_of(corners_px)
    key_frame = KeyFrame(recording_id, t_ns, placement_id, here, creative_id, copy, at)
    return study.add_key_frame(key_frame, made_by=made_by, note=note, replace=replace)


def add_answer(
    study: Study,
    recording_id: str,
    verdict: Verdict,
    placement_id: str = "",
    *,
    at_s: float | None = None,
    until_s: float | None = None,
    point: tuple[float, float] | None = None,
    unit: Unit = "px",
    creative_id: str = "",
    copy: int = 0,
    made_by: str | None = None,
    note: str = "",
) -> Stored[ManualAnswer]:
    """Keep what a person says about a fixation, or about a stretch of time.

    Parameters
    ----------
    study : Study
        Open for writing.
    recording_id : str
        Which recording.
    verdict : {"on", "off", "nowhere"}
        As for `ManualAnswer`.
    placement_id : str, optional
        Which placement.
    at_s : float
        Seconds since the first scene frame: a time within the fixation, or the start of the stretch.
    until_s : float, optional
        End of the stretch. None: the fixation on at `at_s` is meant, and its times are kept, so that the
        answer holds whatever fixations are found later.
    point : (float, float), optional
        Where on the placement, for "on".
    unit : {"px", "mm", "share"}
        Of `point`: px of the reference image, mm from its top left corner, or shares of its sides.
    creative_id, copy, made_by, note
        As for `ManualAnswer` and `Study.add_answer`.

    Returns
    -------
    Stored
        The answer.

    Raises
    ------
    StudyError
        If there is no fixation at that time, or something that is named.
    ParameterError
        If the point is not on the placement, or its size in mm is not known.
    """
    if at_s is None:
        raise ParameterError("at_s", at_s, "seconds since the first scene frame")
    if until_s is None:
        begin, end = fixation_at(study, recording_id, at_s)
    else:
        begin, end = (time_ns(study, recording_id, seconds) for seconds in (at_s, until_s))
    share = math.nan, math.nan
    if verdict == "on":
        if point is None:
            raise ParameterError("point", point, "x and y on the placement")
        share = _share(study.placement(placement_id), point, unit)
    answer = ManualAnswer(recording_id, begin, end, verdict, placement_id, *share, creative_id, copy)
    return study.add_answer(answer, made_by=made_by, note=note)


def fixation_at(study: Study, recording_id: str, at_s: float) -> tuple[int, int]:
    """Return start and end of the fixation (or pursuit) at a time, ns.

    Raises
    ------
    StudyError
        If there is none, or no gaze events were found yet.
    """
    found = study.current(recording_id, "events")
    if found is None:
        raise StudyError(
            f"{study.path}: no fixations of {recording_id!r} yet: gazestudy run {study.path}, or give the end"
            " of the stretch too"
        )
    events = found.table("events")
    looks = events[events["kind"].isin(["fixation", "pursuit"])]
    at = time_ns(study, recording_id, at_s)
    on = looks[(looks["onset_ns"] <= at) & (looks["offset_ns"] >= at)]
    if len(on) == 0:
        after = (looks["onset_ns"].to_numpy(np.int64) - start_ns(study, recording_id)) / 1e9
        near = ", ".join(f"{value:.2f} s" for value in sorted(after[np.argsort(np.abs(after - at_s))[:3]]))
        raise StudyError(
            f"{study.path}: there is no fixation of {recording_id!r} at {at_s:g} s; fixations near it begin"
            f" at {near or 'no time at all'}"
        )
    return int(on["onset_ns"].iloc[0]), max(int(on["offset_ns"].iloc[0]), int(on["onset_ns"].iloc[0]) + 1)


def _share(placement: Placement, point: tuple[float, float], unit: Unit) -> tuple[float, float]:
    x, y = point
    width_px, height_px = placement.size_px
    if unit == "px":
        share = (x + 0.5) / width_px, (y + 0.5) / height_px
    elif unit == "mm":
        if placement.width_mm is None or placement.height_mm is None:
            raise ParameterError("unit", unit, f"px: the size of {placement.id!r} in mm is not known")
        share = x / placement.width_mm, y / placement.height_mm
    else:
        share = x, y
    if not all(0 <= value <= 1 for value in share):
        size = f"{width_px} x {height_px} px"
        raise ParameterError("point", f"{x:g}, {y:g} {unit}", f"a point on {placement.id!r} ({size})")
    return share


def read_markers(
    path: Path, placement_id: str, dictionary: str, unit: Literal["mm", "px"] = "mm"
) -> MarkerLayout:
    """Read the markers of a placement from a table.

    Parameters
    ----------
    path : Path
        CSV, UTF-8: `id`, `x`, `y`, `side` (top left corner and side of an upright marker), or `id` and
        `x1`, `y1` ... `x4`, `y4` (its corners, clockwise from the top left); from the top left corner of
        the placement to the right and downwards.
    placement_id : str
        Whose markers.
    dictionary : str
        Their family.
    unit : {"mm", "px"}
        Unit of the numbers.

    Returns
    -------
    MarkerLayout
        The markers.

    Raises
    ------
    InputError
        If it cannot be read, with all rows that are wrong.
    ParameterError
        For an unknown family, or a number that comes twice.
    """
    from gazestudy.mapping.markers import marker_families

    if dictionary not in marker_families():
        raise ParameterError("dictionary", dictionary, "one of " + ", ".join(sorted(marker_families())))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read: {error}", expected="a CSV table in UTF-8") from error
    reader = csv.DictReader(io.StringIO(text))
    names = [name.strip() for name in reader.fieldnames or ()]
    corners = [f"{axis}{k}" for k in range(1, 5) for axis in "xy"]
    if not ({"id", "x", "y", "side"} <= set(names) or {"id", *corners} <= set(names)):
        raise InputError(
            path,
            "columns are missing",
            place="line 1",
            expected="id, x, y, side, or id, x1, y1, x2, y2, x3, y3, x4, y4",
            found=", ".join(names) or "nothing",
        )
    markers, wrong = [], []
    for row in reader:
        values = {str(key).strip(): (value or "").strip() for key, value in row.items() if key}
        try:
            if "side" in names:
                x, y, side = (float(values[name]) for name in ("x", "y", "side"))
                markers.append(Marker.upright(int(values["id"]), x=x, y=y, side=side))
            else:
                points = [(float(values[f"x{k}"]), float(values[f"y{k}"])) for k in range(1, 5)]
                markers.append(Marker(int(values["id"]), corners_of(points, "corners")))
        except (KeyError, ValueError, ParameterError) as error:
            wrong.append(f"line {reader.line_num}: {error}")
    if wrong:
        raise InputError(path, f"{len(wrong)} rows cannot be used", place="; ".join(wrong[:5]))
    return MarkerLayout(placement_id, dictionary, tuple(markers), unit)
